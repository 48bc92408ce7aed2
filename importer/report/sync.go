package report

import (
	"io"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
)

// StatusSkipped is that of a source whose optional files have not come.
const StatusSkipped = "skipped"

// Sync is the result of the runs of several sources. Its JSON form is that of sync --output json.
type Sync struct {
	Command    string    `json:"command"`
	Status     string    `json:"status"`    // of the worst run
	ExitCode   int       `json:"exit_code"` // of the worst run
	StartedAt  time.Time `json:"started_at"`
	FinishedAt time.Time `json:"finished_at"`
	Seconds    float64   `json:"seconds"`
	Runs       []SyncRun `json:"runs"`
	Pruned     *Pruned   `json:"pruned,omitempty"`
	Warnings   []string  `json:"warnings,omitempty"`
}

// SyncRun is a run among those of a sync.
type SyncRun struct {
	*Summary
	Outcome  string `json:"outcome"` // what the exit code says, in a word
	ExitCode int    `json:"exit_code"`
}

// WriteHeading shows where the run of a source begins.
func WriteHeading(w io.Writer, source string, number, of int, opts TextOptions) {
	p := &printer{w: w, opts: opts}
	if number > 1 {
		p.linef("")
	}
	p.linef("%s", p.paint("== "+source+" ==", text.Bold)+"  source "+Thousands(int64(number))+" of "+Thousands(int64(of)))
}

// WriteSync shows the table that closes a sync.
func WriteSync(w io.Writer, s *Sync, opts TextOptions) {
	p := &printer{w: w, opts: opts}
	t := p.table("Sources", "source", "outcome", ">exit code", ">records", ">created", ">updated", ">unchanged", ">archived", ">rejected", ">took", "why")
	for _, r := range s.Runs {
		color := text.FgRed
		if r.ExitCode == 0 {
			color = text.FgGreen
		}
		n := r.Records()
		took := round(time.Duration(r.Seconds * float64(time.Second))).String()
		t.AppendRow(table.Row{
			r.Source, p.paint(r.Outcome, color), r.ExitCode, Thousands(n.Read), Thousands(n.Created), Thousands(n.Updated), Thousands(n.Unchanged),
			Thousands(n.Archived + n.Missing), Thousands(n.Rejected), took, clip(r.Error, 80),
		})
	}
	t.Render()
	if s.Pruned != nil {
		p.linef("")
		WritePruned(w, s.Pruned, opts)
	}
	for _, warning := range s.Warnings {
		p.linef("%s", p.paint("! ", text.FgYellow)+warning)
	}
}
