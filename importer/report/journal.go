package report

import (
	"fmt"
	"io"
	"slices"
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
	SettledBy                    int32 // the run that could use it; 0 while it is open
}

// SettlementRow counts the rejects of an object in a run, and what has come of them since.
type SettlementRow struct {
	Object                        string
	Read, Rejected, Settled, Open int64
}

// WriteSettlement shows what became of the rejects of a run since: by object, and by the runs that could
// use them.
func WriteSettlement(w io.Writer, rows []SettlementRow, by []Returned, opts TextOptions) {
	if len(rows) == 0 {
		return
	}
	p := &printer{w: w, opts: opts}
	t := p.table("What became of the rejects since", "object", ">read", ">not rejected", ">rejected", ">settled", ">open")
	var open int64
	for _, r := range rows {
		t.AppendRow(table.Row{r.Object, figure(r.Read), figure(max(0, r.Read-r.Rejected)), figure(r.Rejected), figure(r.Settled), p.bad(r.Open)})
		open += r.Open
	}
	t.Render()
	for _, b := range by {
		p.linef("Run %d settled %s of them.", b.Run, Thousands(b.Settled))
	}
	if open == 0 {
		p.linef("%s", p.paint("The balance of the run is closed: no reject is open.", text.FgGreen))
	} else {
		p.linef("%s open: repair the rows and run their file, or wait for the night in which they are right.", count(open, "reject is", "rejects are"))
	}
}

// count is a number of things.
func count(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return Thousands(n) + " " + many
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
	header := []string{"file", ">line", "object", "column", "code", "reason"}
	came := slices.ContainsFunc(rows, func(r RejectRow) bool { return r.SettledBy > 0 })
	if came {
		header = append(header, "since")
	}
	t := p.table("The first rejects", header...)
	for _, r := range rows {
		row := table.Row{r.Path, r.Line, r.Object, r.Column, r.Code, r.Reason}
		switch {
		case r.SettledBy > 0:
			row = append(row, fmt.Sprintf("settled by run %d", r.SettledBy))
		case came:
			row = append(row, "open")
		}
		t.AppendRow(row)
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
