package report

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
)

// Inspection is what is in an export, and what a run would make of it. Its JSON form is the contract of
// inspect --output json.
type Inspection struct {
	CRM      string                      `json:"crm"`
	Mapping  string                      `json:"mapping"`
	Detected Detection                   `json:"detected"`
	Files    []InspectedFile             `json:"files"`
	Objects  map[string]*InspectedObject `json:"objects"`
	Links    []InspectedLink             `json:"links"`
	Rejects  Counts                      `json:"rejects"` // by code
	Skipped  []Skipped                   `json:"skipped,omitempty"`
}

// Detection is by what the CRM was told.
type Detection struct {
	CRM      string    `json:"crm"`
	Files    int       `json:"files"`               // of which the mapping knows what they are
	Columns  int       `json:"columns"`             // of these, for which it has a use
	RunnerUp *RunnerUp `json:"runner_up,omitempty"` // what the next best mapping knows, where there was a choice
}

// RunnerUp is what a mapping knows of an export that another one knows better.
type RunnerUp struct {
	CRM     string `json:"crm"`
	Files   int    `json:"files"`
	Columns int    `json:"columns"`
}

// InspectedFile is a file and what it holds.
type InspectedFile struct {
	Path       string   `json:"path"`
	Object     string   `json:"object"`   // empty if it is none of the mapping
	Evidence   string   `json:"evidence"` // by what the object was told, or why it is none
	Format     string   `json:"format"`
	Encoding   string   `json:"encoding"`
	Delimiter  string   `json:"delimiter,omitempty"`
	SHA256     string   `json:"sha256"`
	Bytes      int64    `json:"bytes"`
	Records    int64    `json:"records"`
	Bad        int64    `json:"bad"`                 // records that cannot be decoded
	Duplicates int64    `json:"duplicates"`          // records whose id an earlier record of the file has
	Rejects    Counts   `json:"rejects"`             // records that a run would reject, by code
	Undecided  []string `json:"undecided,omitempty"` // columns of which a run would have to be told how dates or numbers are written
	Columns    []Column `json:"columns,omitempty"`
}

// Column is a column of a file.
type Column struct {
	Name         string   `json:"name"`
	Filled       int64    `json:"filled"`        // records with a value
	Distinct     int      `json:"distinct"`      // values
	DistinctOver bool     `json:"distinct_over"` // there are more values than that
	Type         string   `json:"type"`          // what the values look like
	Format       string   `json:"format,omitempty"`
	Misfits      int64    `json:"misfits,omitempty"` // values that do not look like it
	Samples      []string `json:"samples,omitempty"` // masked unless values were asked for
	Uses         []string `json:"uses"`              // what becomes of it
	KeptAs       string   `json:"kept_as,omitempty"` // the property that it is kept as because nothing maps it
}

// InspectedObject is what would become of the records of an object.
type InspectedObject struct {
	Read       int64  `json:"read"`
	Rejected   int64  `json:"rejected"`
	Filtered   int64  `json:"filtered"`
	Duplicates int64  `json:"duplicates"` // records whose id another record of the export has
	Unmapped   bool   `json:"unmapped,omitempty"`
	Filters    Counts `json:"filters,omitempty"` // by reason
	Nodes      Counts `json:"nodes,omitempty"`   // by type
	Edges      Counts `json:"edges,omitempty"`   // by type
	Facts      Counts `json:"facts,omitempty"`   // by type
	Events     Counts `json:"events,omitempty"`  // by type
}

// Add adds what became of other records of the object. Duplicates are not added: they are told of all
// records together.
func (o *InspectedObject) Add(other *InspectedObject) {
	o.Read += other.Read
	o.Rejected += other.Rejected
	o.Filtered += other.Filtered
	o.Unmapped = o.Unmapped || other.Unmapped
	for _, c := range []struct{ to, from *Counts }{
		{&o.Filters, &other.Filters}, {&o.Nodes, &other.Nodes}, {&o.Edges, &other.Edges}, {&o.Facts, &other.Facts}, {&o.Events, &other.Events},
	} {
		for what, n := range *c.from {
			if *c.to == nil {
				*c.to = Counts{}
			}
			(*c.to)[what] += n
		}
	}
}

// InspectedLink is what a link of an object's records leads to, within the export.
type InspectedLink struct {
	Object     string `json:"object"`
	Link       string `json:"link"`
	Column     string `json:"column,omitempty"`
	ByName     bool   `json:"by_name"`
	References int64  `json:"references"`
	Orphans    int64  `json:"orphans"`   // lead to no record of the export
	Ambiguous  int64  `json:"ambiguous"` // names that fit several records
	Made       int64  `json:"made"`      // lead to what the run makes of them, as pipelines
}

// WriteInspection shows an inspection as tables of at most 100 columns.
func WriteInspection(w io.Writer, in *Inspection, opts TextOptions) {
	p := &printer{w: w, opts: opts}
	p.linef("%s  mapping %s", p.paint(in.CRM, text.Bold), in.Mapping)
	p.linef("%s", detected(in.Detected))
	t := p.table("Files", "file", "object", ">records", ">bad", ">doubles", "encoding", "told by")
	p.widths(t, 24, 16, 0, 0, 0, 12, 19)
	for _, f := range in.Files {
		object := f.Object
		if object == "" {
			object = "-"
		}
		t.AppendRow(table.Row{f.Path, object, figure(f.Records), p.bad(f.Bad), p.bad(f.Duplicates), f.Encoding, f.Evidence})
	}
	t.Render()
	for _, f := range in.Files {
		if f.Object != "" && f.Records > 0 {
			p.inspected(f)
		}
	}
	p.becomes(in)
	p.leads(in.Links)
	if len(in.Rejects) > 0 {
		t := p.table("A run would reject", "code", ">records")
		for _, code := range sortedCounts(in.Rejects) {
			t.AppendRow(table.Row{code, p.bad(in.Rejects[code])})
		}
		t.Render()
	}
	for _, f := range in.Files {
		for _, u := range f.Undecided {
			p.linef("\n%s %s", p.paint("Undecided:", text.Bold, text.FgYellow), text.WrapSoft(u, lineWidth-11))
		}
	}
	if len(in.Skipped) > 0 {
		p.linef("\n%s", p.paint("Not read", text.Bold))
		for _, s := range in.Skipped {
			p.linef("  %s: %s", s.Path, s.Reason)
		}
	}
}

// lineWidth is how wide tables may be.
const lineWidth = 100

// widths wraps the cells of the columns of a table; 0 leaves one as it is.
func (p *printer) widths(t table.Writer, most ...int) {
	configs := make([]table.ColumnConfig, 0, len(most))
	for i, n := range most {
		c := table.ColumnConfig{Number: i + 1, WidthMax: n, WidthMaxEnforcer: wrapped}
		if n == 0 { // figures
			c.Align, c.AlignHeader = text.AlignRight, text.AlignRight
		}
		configs = append(configs, c)
	}
	t.SetColumnConfigs(configs)
}

// wrapped breaks each line of a text that is too long for a column.
func wrapped(s string, most int) string {
	lines := strings.Split(s, "\n")
	for i, line := range lines {
		lines[i] = text.WrapSoft(line, most)
	}
	return strings.Join(lines, "\n")
}

// detected says by what the CRM was told.
func detected(d Detection) string {
	s := fmt.Sprintf("Told by %s and %s that it has a use for.", plural(d.Files, "file"), plural(d.Columns, "column"))
	if r := d.RunnerUp; r != nil {
		s += fmt.Sprintf(" Next best: %s, with %s and %s.", r.CRM, plural(r.Files, "file"), plural(r.Columns, "column"))
	}
	return s
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%s %ss", Thousands(int64(n)), what)
}

// inspected shows the columns of a file: those that the mapping has a use for, and apart from them those
// that are kept as they are.
func (p *printer) inspected(f InspectedFile) {
	var mapped, kept []Column
	empty := 0
	for _, c := range f.Columns {
		switch {
		case c.Filled == 0:
			empty++
		case c.KeptAs != "":
			kept = append(kept, c)
		default:
			mapped = append(mapped, c)
		}
	}
	p.columns(fmt.Sprintf("%s (%s)", f.Path, f.Object), "becomes", mapped, f.Records, func(c Column) string { return strings.Join(c.Uses, "\n") })
	if len(kept) > 0 {
		p.columns(fmt.Sprintf("%s: nothing maps these, they are kept", f.Path), "kept as", kept, f.Records, func(c Column) string { return c.KeptAs })
	}
	if empty > 0 {
		p.linef("  and %s without any value", plural(empty, "column"))
	}
}

func (p *printer) columns(title, becomes string, columns []Column, records int64, use func(Column) string) {
	t := p.table(title, "column", ">filled", ">distinct", "looks like", "sample", becomes)
	p.widths(t, 19, 0, 0, 14, 18, 21)
	for _, c := range columns {
		distinct := Thousands(int64(c.Distinct))
		if c.DistinctOver {
			distinct = "> " + distinct
		}
		kind := c.Type
		if c.Format != "" {
			kind += ", " + c.Format
		}
		if c.Misfits > 0 {
			kind += fmt.Sprintf(", %s not", Thousands(c.Misfits))
		}
		sample := ""
		if len(c.Samples) > 0 {
			sample = c.Samples[0]
		}
		t.AppendRow(table.Row{c.Name, fmt.Sprintf("%d %%", c.Filled*100/records), distinct, kind, oneLine(sample), use(c)})
	}
	t.Render()
}

// oneLine is a text that a table can show.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// becomes shows what a run would make of the records.
func (p *printer) becomes(in *Inspection) {
	if len(in.Objects) == 0 {
		return
	}
	t := p.table("What a run would make of the records", "object", ">read", ">rejected", ">left out", ">doubles", "becomes")
	p.widths(t, 24, 0, 0, 0, 0, 38)
	for _, name := range slices.Sorted(maps.Keys(in.Objects)) {
		o := in.Objects[name]
		var parts []string
		for _, c := range []Counts{o.Nodes, o.Events, o.Edges, o.Facts} {
			for _, what := range sortedCounts(c) {
				parts = append(parts, Thousands(c[what])+" "+what)
			}
		}
		if o.Unmapped {
			parts = []string{"nothing: no mapping for this object"}
		}
		t.AppendRow(table.Row{name, figure(o.Read), p.bad(o.Rejected), figure(o.Filtered), p.bad(o.Duplicates), strings.Join(parts, ", ")})
	}
	t.Render()
}

// leads shows where references lead.
func (p *printer) leads(links []InspectedLink) {
	if len(links) == 0 {
		return
	}
	t := p.table("References, and those that lead to no record of the export", "object", "link", "column", ">found", ">orphans", ">ambiguous", ">made")
	p.widths(t, 20, 20, 20, 0, 0, 0, 0)
	for _, l := range slices.SortedFunc(slices.Values(links), func(a, b InspectedLink) int {
		return cmp.Or(cmp.Compare(a.Object, b.Object), cmp.Compare(a.Link, b.Link), cmp.Compare(a.Column, b.Column))
	}) {
		link := l.Link
		if l.ByName {
			link += " by name"
		}
		t.AppendRow(table.Row{l.Object, link, l.Column, figure(l.References), p.bad(l.Orphans), p.bad(l.Ambiguous), figure(l.Made)})
	}
	t.Render()
}
