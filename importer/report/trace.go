package report

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
)

// Trace tells where one node comes from. Its JSON form is the contract of trace --output json.
type Trace struct {
	Command    string           `json:"command"`
	Asked      string           `json:"asked"`
	Node       TracedNode       `json:"node"`
	Records    []TracedRecord   `json:"records"` // that the node is, the one that changed last first
	Properties []TracedProperty `json:"properties"`
	Links      []TracedLink     `json:"links"`
	Facts      []TracedFact     `json:"facts"` // of each type and key the current one first, then the latest
	Notes      []string         `json:"notes,omitempty"`
}

// Origin is where something was read. What is not known is left out.
type Origin struct {
	Run     int32     `json:"run"`
	RunID   string    `json:"run_id,omitempty"`
	At      time.Time `json:"at,omitzero"` // when the run began
	File    string    `json:"file,omitempty"`
	Line    int32     `json:"line,omitempty"`
	Mapping string    `json:"mapping,omitempty"` // and its version
}

// TracedNode is the node itself.
type TracedNode struct {
	ID         string     `json:"id"`
	Type       string     `json:"type"`
	Code       string     `json:"code"`
	Label      string     `json:"label"`
	CreatedAt  time.Time  `json:"created_at"`
	ArchivedAt *time.Time `json:"archived_at,omitempty"`
}

// TracedRecord is a record that a node is, with where it stood when it last changed.
type TracedRecord struct {
	Source   string `json:"source"`
	Object   string `json:"object"`
	ID       string `json:"id"`
	FirstRun int32  `json:"first_run"` // the run that brought it
	Origin
}

// TracedProperty is a property, or the label.
type TracedProperty struct {
	Name    string          `json:"name"`
	Value   json.RawMessage `json:"value"` // null if it is gone
	Record  string          `json:"record,omitempty"`
	Columns []string        `json:"columns,omitempty"` // that the mapping makes it of
	Origin  *Origin         `json:"origin,omitempty"`  // null if no import set it
	Earlier []EarlierValue  `json:"earlier,omitempty"` // newest first
}

// EarlierValue is what a property was until a run changed it.
type EarlierValue struct {
	Value json.RawMessage `json:"value"` // null if there was none
	Until Origin          `json:"until"`
}

// TracedLink is an edge of the node.
type TracedLink struct {
	Type          string          `json:"type"`
	Outbound      bool            `json:"outbound"`
	OtherID       string          `json:"other_id"`
	OtherType     string          `json:"other_type"`
	OtherCode     string          `json:"other_code,omitempty"`
	OtherLabel    string          `json:"other_label,omitempty"`
	Properties    json.RawMessage `json:"properties"`
	EffectiveFrom *time.Time      `json:"effective_from"`
	EffectiveTo   *time.Time      `json:"effective_to"`
	Record        string          `json:"record,omitempty"`
	Column        string          `json:"column,omitempty"`
	Origin        *Origin         `json:"origin,omitempty"`
}

// TracedFact is an assertion about the node, current or superseded.
type TracedFact struct {
	Type         string          `json:"type"`
	Key          string          `json:"key"`
	Claim        json.RawMessage `json:"claim"`
	AssertedAt   time.Time       `json:"asserted_at"`
	SupersededAt *time.Time      `json:"superseded_at"`
	Record       string          `json:"record,omitempty"`
	Column       string          `json:"column,omitempty"`
	Origin       *Origin         `json:"origin,omitempty"`
}

// where tells an origin in a cell.
func (o *Origin) where() string {
	switch {
	case o == nil:
		return "no import"
	case o.File == "":
		return fmt.Sprintf("run %d", o.Run)
	}
	return fmt.Sprintf("run %d, %s:%d", o.Run, o.File, o.Line)
}

// WriteTrace shows a trace as tables.
func WriteTrace(w io.Writer, t *Trace, opts TextOptions) {
	p := &printer{w: w, opts: opts}
	n := t.Node
	p.linef("%s  %s %s", p.paint(strings.TrimSpace(n.Code+" "+n.Label), text.Bold), n.Type, n.ID)
	p.linef("  Created %s%s", day(&n.CreatedAt), archived(n.ArchivedAt))
	if len(t.Records) == 0 {
		p.linef("  No import brought it.")
	} else {
		of := p.table("Records", "record", "as it is since", "new in", "mapping")
		for _, r := range t.Records {
			of.AppendRow(table.Row{r.Source + ":" + r.Object + ":" + r.ID, r.where(), fmt.Sprintf("run %d", r.FirstRun), r.Mapping})
		}
		of.Render()
	}
	if len(t.Properties) > 0 {
		of := p.table("Properties", "property", "value", "since", "columns")
		for _, pr := range t.Properties {
			of.AppendRow(table.Row{pr.Name, shown(pr.Value), pr.Origin.where(), strings.Join(pr.Columns, ", ")})
			for _, e := range pr.Earlier {
				of.AppendRow(table.Row{"", shown(e.Value), "until " + e.Until.where(), ""})
			}
		}
		of.Render()
	}
	if len(t.Facts) > 0 {
		of := p.table("Facts", "fact", "claim", "from", "until", "of", "where")
		for _, f := range t.Facts {
			of.AppendRow(table.Row{f.Type + " " + f.Key, shown(f.Claim), day(&f.AssertedAt), day(f.SupersededAt), strings.TrimSpace(f.Record + " " + f.Column), f.Origin.where()})
		}
		of.Render()
	}
	if len(t.Links) > 0 {
		of := p.table("Links", "link", "other end", "from", "until", "of", "where")
		for _, l := range t.Links {
			direction := "<- "
			if l.Outbound {
				direction = "-> "
			}
			of.AppendRow(table.Row{l.Type, direction + strings.TrimSpace(l.OtherCode+" "+l.OtherLabel), day(l.EffectiveFrom), day(l.EffectiveTo), strings.TrimSpace(l.Record + " " + l.Column), l.Origin.where()})
		}
		of.Render()
	}
	for _, note := range t.Notes {
		p.linef("%s %s", p.paint("!", text.FgYellow), note)
	}
}

func day(t *time.Time) string {
	if t == nil || t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.DateOnly)
}

func archived(at *time.Time) string {
	if at == nil {
		return ""
	}
	return ", archived " + day(at)
}

// shown is a JSON value in a cell: a text as it is, others as JSON.
func shown(value json.RawMessage) string {
	var s string
	switch {
	case value == nil:
		return "-"
	case json.Unmarshal(value, &s) == nil:
		return s
	}
	return string(value)
}
