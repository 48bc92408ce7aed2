package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
)

// Lint is what there is to say of a mapping and of how it fits an export. Its JSON form is the contract of
// mapping lint --output json.
type Lint struct {
	File     string       `json:"file"`
	Mapping  string       `json:"mapping,omitempty"` // its version; empty if it cannot be read
	OK       bool         `json:"ok"`                // it has no errors, and its examples give what they say
	Errors   []LintError  `json:"errors,omitempty"`
	Examples LintExamples `json:"examples"`
	Files    []LintedFile `json:"files,omitempty"`
	Skipped  []Skipped    `json:"skipped,omitempty"`
}

// LintError is something in a mapping that makes no sense.
type LintError struct {
	Line int    `json:"line,omitempty"` // of the mapping; 0 if it is not known
	Text string `json:"text"`
}

// LintExamples is what became of the examples of a mapping.
type LintExamples struct {
	Total    int           `json:"total"`
	Failures []LintExample `json:"failures,omitempty"`
}

// LintExample is an example that gives something else than it says.
type LintExample struct {
	Example     int              `json:"example"` // its place, from 1
	Line        int              `json:"line,omitempty"`
	Object      string           `json:"object"`
	Differences []LintDifference `json:"differences"`
}

// LintDifference is what an example should give and what it gives.
type LintDifference struct {
	What string `json:"what"`
	Want string `json:"want"`
	Got  string `json:"got"`
}

// LintedFile is how a mapping fits a file.
type LintedFile struct {
	Path      string         `json:"path"`
	Object    string         `json:"object"`   // empty if it is none of the mapping
	Evidence  string         `json:"evidence"` // by what the object was told, or why it is none
	Records   int64          `json:"records"`
	Undecided []string       `json:"undecided,omitempty"` // columns of which a run would have to be told how they are written
	Unused    []LintColumn   `json:"unused,omitempty"`    // kept under their own names
	Lacks     []string       `json:"lacks,omitempty"`     // columns that the mapping names and the file has not
	Unfilled  []LintProperty `json:"unfilled,omitempty"`  // required properties that nodes do not have
	Unknown   []LintValue    `json:"unknown,omitempty"`   // values that a value map does not know
	Rejects   []LintReject   `json:"rejects,omitempty"`
}

// LintColumn is a column that nothing maps.
type LintColumn struct {
	Name   string `json:"name"`
	Filled int64  `json:"filled"` // records with a value
}

// LintProperty is a property that the conventions require of a type of nodes.
type LintProperty struct {
	Type     string `json:"type"`
	Property string `json:"property"`
	Nodes    int64  `json:"nodes"` // that do not have it
}

// LintValue is a value that the value map of its column does not know.
type LintValue struct {
	Column  string `json:"column"`
	Value   string `json:"value"` // masked unless values were asked for
	Records int64  `json:"records"`
}

// LintReject is a reason for which records are rejected.
type LintReject struct {
	Code    string `json:"code"`
	Column  string `json:"column,omitempty"`
	Reason  string `json:"reason"`
	Records int64  `json:"records"`
	Line    int    `json:"line"` // of the first
}

// WriteLint shows what there is to say of a mapping.
func WriteLint(w io.Writer, l *Lint, opts TextOptions) {
	p := &printer{w: w, opts: opts}
	for _, e := range l.Errors {
		where := l.File
		if e.Line > 0 {
			where = fmt.Sprintf("%s:%d", l.File, e.Line)
		}
		p.linef("%s %s: %s", p.paint("error", text.Bold, text.FgRed), where, strings.TrimRight(e.Text, "\n"))
	}
	for _, f := range l.Examples.Failures {
		where := l.File
		if f.Line > 0 {
			where = fmt.Sprintf("%s:%d", l.File, f.Line)
		}
		p.linef("%s %s: example %d (%s) gives something else", p.paint("error", text.Bold, text.FgRed), where, f.Example, f.Object)
		for _, d := range f.Differences {
			p.linef("  %s", d.What)
			p.linef("    %s", p.paint("- "+orNothing(d.Want), text.FgRed))
			p.linef("    %s", p.paint("+ "+orNothing(d.Got), text.FgGreen))
		}
	}
	switch {
	case !l.OK:
	case l.Examples.Total == 0:
		p.linef("%s  %s; it has no examples", p.paint("✓ "+l.File, text.Bold, text.FgGreen), l.Mapping)
	default:
		p.linef("%s  %s; its %s", p.paint("✓ "+l.File, text.Bold, text.FgGreen), l.Mapping, give(l.Examples.Total))
	}
	for i := range l.Files {
		p.linted(&l.Files[i])
	}
	for _, s := range l.Skipped {
		p.linef("\n%s: not read: %s", s.Path, s.Reason)
	}
}

func give(examples int) string {
	if examples == 1 {
		return "example gives what it says"
	}
	return fmt.Sprintf("%d examples give what they say", examples)
}

func orNothing(s string) string {
	if s == "" {
		return "nothing"
	}
	return s
}

func (p *printer) linted(f *LintedFile) {
	object := f.Object
	if object == "" {
		object = "no object"
	}
	p.linef("\n%s  %s, %s (%s)", p.paint(f.Path, text.Bold), object, plural(int(f.Records), "record"), f.Evidence)
	for _, u := range f.Undecided {
		p.linef("%s %s", p.paint("Undecided:", text.FgYellow), text.WrapSoft(u, lineWidth-11))
	}
	if len(f.Unused) > 0 {
		t := p.table("Columns that nothing maps; they are kept under their own names", "column", ">filled")
		for _, c := range f.Unused {
			t.AppendRow(table.Row{c.Name, fmt.Sprintf("%d %%", c.Filled*100/max(f.Records, 1))})
		}
		t.Render()
	}
	if len(f.Lacks) > 0 {
		p.linef("\n%s", p.paint("Columns that the mapping names and the file has not", text.Bold))
		p.linef("%s", wrapped(strings.Join(f.Lacks, ", "), lineWidth))
	}
	if len(f.Unfilled) > 0 {
		t := p.table("Required properties that are not filled", "type", "property", ">nodes")
		for _, u := range f.Unfilled {
			t.AppendRow(table.Row{u.Type, u.Property, p.bad(u.Nodes)})
		}
		t.Render()
	}
	if len(f.Unknown) > 0 {
		t := p.table("Values that the map of their column does not know (--show-values shows them)", "column", "value", ">records")
		p.widths(t, 36, 44, 0)
		for _, u := range f.Unknown {
			t.AppendRow(table.Row{u.Column, oneLine(u.Value), figure(u.Records)})
		}
		t.Render()
	}
	if len(f.Rejects) > 0 {
		t := p.table("A run would reject", "code", "column", ">records", ">first line", "reason")
		p.widths(t, 17, 22, 0, 0, 30)
		for _, r := range f.Rejects {
			t.AppendRow(table.Row{r.Code, r.Column, p.bad(r.Records), fmt.Sprint(r.Line), r.Reason})
		}
		t.Render()
	}
}

// MappingRow is a mapping in a list of them.
type MappingRow struct {
	Name    string   `json:"name"`
	Title   string   `json:"title"`
	Version int      `json:"version"`
	Objects []string `json:"objects"`
}

// WriteMappings lists mappings.
func WriteMappings(w io.Writer, rows []MappingRow, opts TextOptions) {
	p := &printer{w: w, opts: opts}
	t := p.table("", "name", "title", ">version", "objects")
	t.SetColumnConfigs([]table.ColumnConfig{
		{Number: 3, Align: text.AlignRight, AlignHeader: text.AlignRight}, {Number: 4, WidthMax: 60, WidthMaxEnforcer: wrapped},
	})
	for _, r := range rows {
		t.AppendRow(table.Row{r.Name, r.Title, fmt.Sprint(r.Version), strings.Join(r.Objects, ", ")})
	}
	t.Render()
}
