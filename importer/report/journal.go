package report

import (
	"fmt"
	"io"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
)

// JournalRow is a run in a list of runs.
type JournalRow struct {
	Number                             int32
	ID, Source, Command, Status, Error string
	StartedAt                          time.Time
	FinishedAt                         *time.Time
	UndoneBy                           *int32
}

// RejectRow is a rejected record in a list of them.
type RejectRow struct {
	Path                         string
	Line                         int
	Object, Column, Code, Reason string
}

// WriteJournal shows runs.
func WriteJournal(w io.Writer, rows []JournalRow, opts TextOptions) {
	p := &printer{w: w, opts: opts}
	if len(rows) == 0 {
		p.linef("There are no runs yet. Begin with: rye-import run PATH")
		return
	}
	t := p.table("", ">run", "id", "source", "command", "status", "started", "took", "error")
	for _, r := range rows {
		took := ""
		if r.FinishedAt != nil {
			took = round(r.FinishedAt.Sub(r.StartedAt)).String()
		}
		status := r.Status
		switch {
		case status != "done":
			status = p.paint(status, text.FgRed)
		case r.UndoneBy != nil:
			status = fmt.Sprintf("undone by %d", *r.UndoneBy)
		}
		t.AppendRow(table.Row{r.Number, short(r.ID), r.Source, r.Command, status, r.StartedAt.Format("2006-01-02 15:04:05Z"), took, clip(r.Error, 80)})
	}
	t.Render()
}

// WriteRejects shows rejected records.
func WriteRejects(w io.Writer, rows []RejectRow, opts TextOptions) {
	if len(rows) == 0 {
		return
	}
	p := &printer{w: w, opts: opts}
	t := p.table("The first rejects", "file", ">line", "object", "column", "code", "reason")
	for _, r := range rows {
		t.AppendRow(table.Row{r.Path, r.Line, r.Object, r.Column, r.Code, r.Reason})
	}
	t.Render()
}

func clip(s string, most int) string {
	runes := []rune(s)
	if len(runes) <= most {
		return s
	}
	return string(runes[:most]) + "…"
}
