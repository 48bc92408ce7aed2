package report

import (
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
)

// ConflictValues is a conflict with its values: what the source said before, what the graph holds, and what
// the source says now; each is null where there is nothing. The graph's is that of the last run.
type ConflictValues struct {
	Conflict
	Source   string          `json:"source"`
	State    string          `json:"state"` // open or accepted
	Base     json.RawMessage `json:"base"`
	Graph    json.RawMessage `json:"graph"`
	Incoming json.RawMessage `json:"incoming"`
	LastRun  int32           `json:"last_run"` // the number of the last run for which it was news
}

// WriteConflicts shows conflicts with their values.
func WriteConflicts(w io.Writer, list []ConflictValues, opts TextOptions) {
	p := &printer{w: w, opts: opts}
	if len(list) == 0 {
		p.linef("There are no conflicts: what people have changed, the sources have not changed since.")
		return
	}
	t := p.table("", "record", "code", "what", "the source said", "the graph says", "the source says", "changed by", "on", "state")
	for _, c := range list {
		on := ""
		if c.EditedAt != nil {
			on = c.EditedAt.UTC().Format(time.DateOnly)
		}
		t.AppendRow(table.Row{
			fmt.Sprintf("%s:%s:%s", c.Source, c.Object, c.ID), c.Code, c.Field, clip(shown(c.Base), nameWidth), clip(shown(c.Graph), nameWidth), clip(shown(c.Incoming), nameWidth),
			clip(c.EditedBy, nameWidth), on, c.State,
		})
	}
	t.Render()
	p.linef("run --prefer source writes what the source says, run --prefer graph keeps what the graph says for good.")
}
