package report

import (
	"fmt"
	"io"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
)

// Undo is the result of taking a run back. Its JSON form is the contract of runs undo --output json.
type Undo struct {
	RunID      string    `json:"run_id"` // of the undo, which is a run of its own
	Number     int32     `json:"number"`
	Source     string    `json:"source"`
	Command    string    `json:"command"`
	Status     string    `json:"status"`
	Undoes     UndoneRun `json:"undoes"`
	StartedAt  time.Time `json:"started_at"`
	FinishedAt time.Time `json:"finished_at"`
	Seconds    float64   `json:"seconds"`
	Graph      UndoGraph `json:"graph"`
	Records    Reversed  `json:"records"` // in the books of the importer
	Kept       []Kept    `json:"kept"`    // what stays, and why; the first of them
	KeptTotal  int64     `json:"kept_total"`
	Phases     []Phase   `json:"phases,omitempty"`
	Warnings   []string  `json:"warnings,omitempty"`
	Error      string    `json:"error,omitempty"`
}

// UndoneRun is the run that was taken back.
type UndoneRun struct {
	RunID     string    `json:"run_id"`
	Number    int32     `json:"number"`
	Command   string    `json:"command"`
	StartedAt time.Time `json:"started_at"`
}

// UndoGraph is what an undo did to the graph.
type UndoGraph struct {
	Nodes      Reversed `json:"nodes"`
	Edges      Reversed `json:"edges"`
	Assertions Reversed `json:"assertions"`
	Events     Reversed `json:"events"`
}

// Reversed counts rows.
type Reversed struct {
	Gone     int64 `json:"gone"`     // that the run had put in
	Archived int64 `json:"archived"` // instead, since others depend on them
	PutBack  int64 `json:"put_back"` // that the run had taken away
	Restored int64 `json:"restored"` // that have again what they had before the run
	Kept     int64 `json:"kept"`     // that were changed since
}

// Kept is something that an undo left in the graph.
type Kept struct {
	What     string `json:"what"` // node, field, edge, event or fact
	Code     string `json:"code,omitempty"`
	Label    string `json:"label,omitempty"`
	Kind     string `json:"kind,omitempty"`
	Archived bool   `json:"archived,omitempty"`
	Reason   string `json:"reason"`
}

// WriteUndo shows the result of an undo.
func WriteUndo(w io.Writer, u *Undo, opts TextOptions) {
	p := &printer{w: w, opts: opts}
	p.linef("%s  run %d of %s, begun %s, is taken back by run %d in %s", p.paint("Undone", text.Bold), u.Undoes.Number, u.Source,
		u.Undoes.StartedAt.Format("2006-01-02 15:04:05Z"), u.Number, round(u.FinishedAt.Sub(u.StartedAt)))
	t := p.table("", "", ">gone", ">archived", ">put back", ">restored", ">kept")
	for _, r := range []struct {
		name string
		n    Reversed
	}{{"nodes", u.Graph.Nodes}, {"edges", u.Graph.Edges}, {"facts", u.Graph.Assertions}, {"events", u.Graph.Events}} {
		t.AppendRow(table.Row{r.name, r.n.Gone, r.n.Archived, r.n.PutBack, r.n.Restored, r.n.Kept})
	}
	t.Render()
	if len(u.Kept) > 0 {
		of := p.table("What stays", "what", "of", "why")
		for _, k := range u.Kept {
			why := k.Reason
			switch {
			case k.Archived:
				why = "archived: " + why
			case k.What == "field" || k.What == "fact":
				why += " was changed since"
			}
			what := k.What
			if k.Kind != "" {
				what += " " + k.Kind
			}
			of.AppendRow(table.Row{what, clip(fmt.Sprint(k.Code, " ", k.Label), 60), why})
		}
		of.Render()
		if more := u.KeptTotal - int64(len(u.Kept)); more > 0 {
			p.linef("  and %d more", more)
		}
	}
	for _, warning := range u.Warnings {
		p.linef("  %s %s", p.paint("!", text.FgYellow), warning)
	}
	p.linef("To have the run again: rye-import runs undo %d", u.Number)
}
