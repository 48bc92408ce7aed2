package report

import (
	"io"
	"time"

	"github.com/jedib0t/go-pretty/v6/text"
)

// Pruned says what was taken away of the journal, or would be.
type Pruned struct {
	DryRun   bool      `json:"dry_run"`
	Before   time.Time `json:"before"`  // runs that ended before
	Runs     int64     `json:"runs"`    // whose details went
	Rejects  int64     `json:"rejects"` // rows of the journal
	Changes  int64     `json:"changes"` // fields as they were before, and which are told by later changes
	Staging  int64     `json:"staging"` // crashed runs whose leftovers went
	Folders  []string  `json:"folders"` // of reject files
	Warnings []string  `json:"warnings,omitempty"`
}

// WritePruned shows what was pruned.
func WritePruned(w io.Writer, r *Pruned, opts TextOptions) {
	p := &printer{w: w, opts: opts}
	verb := "Pruned"
	if r.DryRun {
		verb = "Would prune"
	}
	p.linef("%s the details of %s runs that ended before %s: %s rejects, %s changes of fields, %s folders of reject files; leftovers of %s crashed runs.",
		verb, Thousands(r.Runs), r.Before.UTC().Format("2006-01-02 15:04Z"), Thousands(r.Rejects), Thousands(r.Changes), Thousands(int64(len(r.Folders))),
		Thousands(r.Staging))
	for _, warning := range r.Warnings {
		p.linef("%s", p.paint("! ", text.FgYellow)+warning)
	}
}
