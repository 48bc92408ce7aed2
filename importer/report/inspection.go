package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
)

// Inspection is what is in an export.
type Inspection struct {
	CRM     string          `json:"crm"`
	Mapping string          `json:"mapping"`
	Files   []InspectedFile `json:"files"`
	Skipped []Skipped       `json:"skipped,omitempty"`
}

// InspectedFile is a file and what it holds.
type InspectedFile struct {
	Path      string   `json:"path"`
	Object    string   `json:"object"`   // empty if it is none of the mapping
	Evidence  string   `json:"evidence"` // by what the object was told, or why it is none
	Format    string   `json:"format"`
	Encoding  string   `json:"encoding"`
	Delimiter string   `json:"delimiter,omitempty"`
	SHA256    string   `json:"sha256"`
	Bytes     int64    `json:"bytes"`
	Records   int64    `json:"records"`
	Bad       int64    `json:"bad"` // records that cannot be decoded
	Columns   []Column `json:"columns,omitempty"`
}

// Column is a column of a file.
type Column struct {
	Name   string   `json:"name"`
	Filled int64    `json:"filled"` // records with a value
	Uses   []string `json:"uses"`   // what becomes of it
}

// WriteInspection shows an inspection as tables.
func WriteInspection(w io.Writer, in *Inspection, opts TextOptions) {
	p := &printer{w: w, opts: opts}
	p.linef("%s  mapping %s", p.paint(in.CRM, text.Bold), in.Mapping)
	t := p.table("Files", "file", "object", ">records", ">bad", "encoding", "told by")
	for _, f := range in.Files {
		object := f.Object
		if object == "" {
			object = "-"
		}
		t.AppendRow(table.Row{f.Path, object, figure(f.Records), p.bad(f.Bad), f.Encoding, f.Evidence})
	}
	t.Render()
	for _, f := range in.Files {
		if f.Object == "" || f.Records == 0 {
			continue
		}
		t := p.table(fmt.Sprintf("%s (%s)", f.Path, f.Object), "column", ">filled", "becomes")
		empty := 0
		for _, c := range f.Columns {
			if c.Filled == 0 {
				empty++
				continue
			}
			t.AppendRow(table.Row{c.Name, fmt.Sprintf("%d %%", c.Filled*100/f.Records), strings.Join(c.Uses, "; ")})
		}
		t.Render()
		if empty > 0 {
			p.linef("  and %d columns without any value", empty)
		}
	}
	if len(in.Skipped) > 0 {
		p.linef("\n%s", p.paint("Not read", text.Bold))
		for _, s := range in.Skipped {
			p.linef("  %s: %s", s.Path, s.Reason)
		}
	}
}
