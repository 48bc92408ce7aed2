package report

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
)

// TextOptions say how a result is shown to people.
type TextOptions struct {
	Color   bool
	Settled bool     // whatever the run rejected has come back since
	Next    []string // the command that does what was planned; of a plan only
}

// WriteText shows a summary as tables.
func WriteText(w io.Writer, s *Summary, opts TextOptions) {
	p := &printer{w: w, opts: opts}
	p.head(s)
	p.objects(s)
	p.links(s)
	p.sums(s)
	p.waiting(s)
	p.names(s)
	p.conflicts(s)
	p.files(s)
	p.fields(s)
	p.drift(s)
	p.returned(s)
	p.rejects(s)
	p.next(s)
}

type printer struct {
	w    io.Writer
	opts TextOptions
}

func (p *printer) linef(format string, args ...any) { fmt.Fprintf(p.w, format+"\n", args...) }

func (p *printer) paint(s string, colors ...text.Color) string {
	if !p.opts.Color {
		return s
	}
	return text.Colors(colors).Sprint(s)
}

// table makes an empty table in the one style that all of them have.
func (p *printer) table(title string, header ...string) table.Writer {
	t := table.NewWriter()
	t.SetOutputMirror(p.w)
	style := table.StyleLight
	style.Options = table.OptionsNoBordersAndSeparators
	style.Options.SeparateHeader = true
	style.Format.Header = text.FormatDefault
	style.Format.Footer = text.FormatDefault
	if p.opts.Color {
		style.Color.Header = text.Colors{text.Bold}
	}
	t.SetStyle(style)
	if title != "" {
		fmt.Fprintln(p.w)
		fmt.Fprintln(p.w, p.paint(title, text.Bold))
	}
	row := make(table.Row, len(header))
	configs := make([]table.ColumnConfig, 0, len(header))
	for i, h := range header {
		row[i] = strings.TrimPrefix(h, ">")
		if strings.HasPrefix(h, ">") { // figures stand on the right
			configs = append(configs, table.ColumnConfig{Number: i + 1, Align: text.AlignRight, AlignHeader: text.AlignRight, AlignFooter: text.AlignRight})
		}
	}
	t.AppendHeader(row)
	t.SetColumnConfigs(configs)
	return t
}

func (p *printer) head(s *Summary) {
	var read, changed int64
	for _, o := range s.Objects {
		read += o.Read
		changed += o.Created + o.Updated + o.Archived
	}
	elapsed := time.Duration(s.Seconds * float64(time.Second))
	rate := ""
	if s.Seconds > 0 {
		rate = fmt.Sprintf(" (%s records/s)", Thousands(int64(float64(read)/s.Seconds)))
	}
	p.linef("%s  %s records in %s%s", p.paint("✓ "+s.Source, text.Bold, text.FgGreen), Thousands(read), round(elapsed), rate)
	if s.Status == StatusPlanned {
		p.linef("  %s", p.paint("This is a plan: nothing was written, and no code is used up.", text.Bold))
	}
	switch {
	case read == 0:
		p.linef("  There are no records in these files.")
	case s.Status == StatusPlanned && changed == 0 && s.Graph == (Graph{}):
		p.linef("  A run would write nothing: nothing has changed since the last one.")
	case s.Status == StatusPlanned:
		p.linef("  A run would write: %s", graphLine(s.Graph))
	case changed == 0 && s.Graph == (Graph{}):
		p.linef("  Nothing has changed since the last run; nothing was written.")
	default:
		p.linef("  In the graph: %s", graphLine(s.Graph))
	}
	if s.Status == StatusPlanned {
		p.linef("  It balances: every record, link and amount is accounted for.")
		return
	}
	p.linef("  It balances: every record, link and amount is accounted for. Run %s", s.RunID)
}

// fields says which fields of nodes a plan would change.
func (p *printer) fields(s *Summary) {
	if len(s.Fields) == 0 {
		return
	}
	const shown = 5
	t := p.table("Fields that would change", "object", "field", ">nodes")
	for _, object := range slices.Sorted(maps.Keys(s.Fields)) {
		counts := s.Fields[object]
		for i, field := range sortedCounts(counts) {
			if i == shown {
				t.AppendRow(table.Row{object, fmt.Sprintf("… and %d more fields", len(counts)-shown), ""})
				break
			}
			t.AppendRow(table.Row{object, clip(strings.TrimPrefix(field, "properties."), nameWidth), figure(counts[field])})
		}
	}
	t.Render()
}

// graphLine says what was written, leaving out what was not.
func graphLine(g Graph) string {
	var parts []string
	add := func(n int64, what string) {
		if n > 0 {
			parts = append(parts, Thousands(n)+" "+what)
		}
	}
	add(g.Nodes.Created, "nodes created")
	add(g.Nodes.Updated, "nodes updated")
	add(g.Nodes.Archived, "nodes archived")
	add(g.Edges.Created, "edges created")
	add(g.Edges.Updated, "edges updated")
	add(g.Edges.Closed, "edges closed")
	add(g.Assertions.Created, "facts recorded")
	add(g.Assertions.Superseded, "facts superseded")
	add(g.Events.Created, "events")
	add(g.Events.Participants, "participants")
	if len(parts) == 0 {
		return "nothing new"
	}
	return strings.Join(parts, ", ")
}

// column is one figure of the rows of a table. One that is nought in all rows is left out, unless it
// is worth saying.
type column[T any] struct {
	title  string
	of     func(T) int64
	always bool
	show   func(int64) string
}

// counted keeps the columns that say something, and gives the header of the table behind a first
// column.
func counted[T any](first string, rows []T, columns []column[T]) (header []string, kept []column[T]) {
	header = []string{first}
	for _, c := range columns {
		if c.always || slices.ContainsFunc(rows, func(row T) bool { return c.of(row) != 0 }) {
			header, kept = append(header, ">"+c.title), append(kept, c)
		}
	}
	return header, kept
}

// cells gives the figures of a row behind its name.
func cells[T any](name string, row T, columns []column[T]) table.Row {
	out := make(table.Row, 0, len(columns)+3)
	out = append(out, name)
	for _, c := range columns {
		out = append(out, c.show(c.of(row)))
	}
	return out
}

func (p *printer) objects(s *Summary) {
	var names []string
	var rows []Object
	for _, name := range slices.Sorted(maps.Keys(s.Objects)) {
		if o := s.Objects[name]; !o.Unmapped {
			names, rows = append(names, name), append(rows, o)
		}
	}
	header, columns := counted("object", rows, []column[Object]{
		{"read", func(o Object) int64 { return o.Read }, true, figure},
		{"created", func(o Object) int64 { return o.Created }, true, figure},
		{"updated", func(o Object) int64 { return o.Updated }, false, figure},
		{"unchanged", func(o Object) int64 { return o.Unchanged }, false, figure},
		{"archived", func(o Object) int64 { return o.Archived }, false, figure},
		{"rejected", func(o Object) int64 { return o.Rejected }, true, p.bad},
		{"filtered", func(o Object) int64 { return o.Filtered }, false, figure},
		{"deferred", func(o Object) int64 { return o.Deferred }, true, figure},
	})
	t := p.table("Records", append(header, ">time", "codes")...)
	footer := make(table.Row, 0, len(columns)+3)
	footer = append(footer, "")
	for _, c := range columns {
		var total int64
		for _, o := range rows {
			total += c.of(o)
		}
		footer = append(footer, figure(total))
	}
	var spent float64
	for i, o := range rows {
		t.AppendRow(append(cells(names[i], o, columns), seconds(o.Seconds), o.Codes))
		spent += o.Seconds
	}
	t.AppendFooter(append(footer, seconds(spent), ""))
	t.Render()
	p.phases(s)
	p.filtered(s)
	p.missing(s)
}

// phases says where the time went.
func (p *printer) phases(s *Summary) {
	parts := make([]string, 0, len(s.Phases))
	for _, ph := range s.Phases {
		parts = append(parts, ph.Name+" "+seconds(ph.Seconds))
	}
	p.linef("Time is that of the workers. The whole run: %s", strings.Join(parts, ", "))
}

// filtered says why records were left out, and which objects the mapping has no use for.
func (p *printer) filtered(s *Summary) {
	var lines []string
	for _, name := range slices.Sorted(maps.Keys(s.Objects)) {
		o := s.Objects[name]
		for _, reason := range sortedCounts(o.Filters) {
			lines = append(lines, fmt.Sprintf("  %s %s: %s", Thousands(o.Filters[reason]), name, reason))
		}
	}
	if len(lines) > 0 {
		p.linef("\n%s", p.paint("Left out", text.Bold))
		for _, l := range lines {
			p.linef("%s", l)
		}
	}
}

// missing says what was archived since it was not in the export.
func (p *printer) missing(s *Summary) {
	for _, name := range slices.Sorted(maps.Keys(s.Objects)) {
		if n := s.Objects[name].Missing; n > 0 {
			fate := "they were archived"
			if s.Status == StatusPlanned {
				fate = "they would be archived"
			}
			p.linef("\n%s of %s are missing from the export; %s.", Thousands(n), name, fate)
		}
	}
}

func (p *printer) links(s *Summary) {
	if len(s.Links) == 0 {
		return
	}
	names := slices.Sorted(maps.Keys(s.Links))
	rows := make([]Link, len(names))
	for i, name := range names {
		rows[i] = s.Links[name]
	}
	header, columns := counted("link", rows, []column[Link]{
		{"found", func(l Link) int64 { return l.Found }, true, figure},
		{"linked", func(l Link) int64 { return l.Linked }, true, figure},
		{"unchanged", func(l Link) int64 { return l.Unchanged }, false, figure},
		{"closed", func(l Link) int64 { return l.Closed }, false, figure},
		{"deferred", func(l Link) int64 { return l.Deferred }, true, figure},
		{"rejected", func(l Link) int64 { return l.Rejected }, false, figure},
	})
	t := p.table("Links", header...)
	for i, l := range rows {
		t.AppendRow(cells(names[i], l, columns))
	}
	t.Render()
}

func (p *printer) sums(s *Summary) {
	sums := s.Sums["deal_value"]
	if len(sums) == 0 {
		return
	}
	t := p.table("Deal values", "currency", ">in the export", ">in the graph")
	for _, name := range slices.Sorted(maps.Keys(sums)) {
		t.AppendRow(table.Row{name, Decimal(sums[name].Source), Decimal(sums[name].Graph)})
	}
	t.Render()
}

func (p *printer) waiting(s *Summary) {
	if len(s.Deferred) == 0 {
		return
	}
	const shown = 8
	t := p.table("Waiting for records that have not arrived; they join by themselves when these come", "object", "link", "waits for", ">count", "since")
	for i, d := range s.Deferred {
		if i == shown {
			t.AppendRow(table.Row{fmt.Sprintf("… and %d more kinds", len(s.Deferred)-shown), "", "", "", ""})
			break
		}
		waits := d.WaitsFor
		if waits == "" {
			waits = "any object"
		}
		t.AppendRow(table.Row{d.Object, d.Link, waits, figure(d.Count), d.Since.Format(time.DateOnly) + ", " + age(s.StartedAt.Sub(d.Since))})
	}
	t.Render()
}

// age is a time span in days, as people say it.
func age(d time.Duration) string {
	switch days := int64(d / (24 * time.Hour)); {
	case days <= 0:
		return "today"
	case days == 1:
		return "1 day"
	default:
		return Thousands(days) + " days"
	}
}

// nameWidth is how much of a name is shown, in letters.
const nameWidth = 40

// names says which names link nothing, and what could be meant.
func (p *printer) names(s *Summary) {
	if len(s.Names) == 0 {
		return
	}
	const shown = 10
	t := p.table("Names that fit several records or none, so that no link was made by them", "name", "in", ">count", "fits")
	for i, n := range s.Names {
		if i == shown {
			break
		}
		t.AppendRow(table.Row{clip(n.Name, nameWidth), n.Lookup, figure(n.Links), fits(n)})
	}
	t.Render()
	if more := max(s.NamesTotal, int64(len(s.Names))) - shown; more > 0 {
		p.linef("… and %s more; --output json lists %d", Thousands(more), len(s.Names))
	}
}

// conflicts says which values people have changed that the source says otherwise now.
func (p *printer) conflicts(s *Summary) {
	if s.Conflicts.Total == 0 {
		return
	}
	const shown = 10
	t := p.table("People have changed these in the graph, and the source says something else now; the graph's values stay",
		"record", "code", "what", "where", "changed by", "on")
	for i, c := range s.Conflicts.Open {
		if i == shown {
			break
		}
		on := ""
		if c.EditedAt != nil {
			on = c.EditedAt.UTC().Format(time.DateOnly)
		}
		where := ""
		if c.File != "" {
			where = fmt.Sprintf("%s:%d", c.File, c.Line)
		}
		t.AppendRow(table.Row{c.Object + " " + c.ID, c.Code, c.Field, where, clip(c.EditedBy, nameWidth), on})
	}
	t.Render()
	if more := s.Conflicts.Total - int64(min(shown, len(s.Conflicts.Open))); more > 0 {
		p.linef("… and %s more", Thousands(more))
	}
	p.linef("rye-import conflicts shows the values; run --prefer source writes those of the source, --prefer graph keeps those of the graph for good.")
}

// fits says what a name could mean.
func fits(n Name) string {
	if n.State == NameUnknown {
		if n.Suggestion == "" {
			return "no record"
		}
		return fmt.Sprintf("no record; is it %q?", clip(n.Suggestion, nameWidth))
	}
	parts := make([]string, len(n.Candidates))
	for i, c := range n.Candidates {
		parts[i] = cmp.Or(c.Code, c.Object+" "+c.ID)
	}
	return strings.Join(parts, ", ")
}

func (p *printer) files(s *Summary) {
	var lines []string
	for _, f := range s.Files {
		if f.Object == "" && f.Note != "" && f.Records == 0 {
			lines = append(lines, fmt.Sprintf("  %s: %s", f.Path, f.Note))
		}
	}
	for _, f := range s.Skipped {
		lines = append(lines, fmt.Sprintf("  %s: %s", f.Path, f.Reason))
	}
	const shown = 10
	if len(lines) > 0 {
		p.linef("\n%s", p.paint("Files without records", text.Bold))
		for i, l := range lines {
			if i == shown {
				p.linef("  … and %d more", len(lines)-shown)
				break
			}
			p.linef("%s", l)
		}
	}
	p.same(s)
	for _, warning := range s.Warnings {
		p.linef("\n%s %s", p.paint("Note:", text.Bold, text.FgYellow), warning)
	}
	if s.TimeZone != "" {
		p.linef("\nTimes that state no zone were taken as %s.", s.TimeZone)
	}
}

// same says how many files were not read, for they are those of the run before. A file whose rows are of several objects is one.
func (p *printer) same(s *Summary) {
	all, read := make(map[string]bool), make(map[string]bool)
	run := int32(0)
	for _, f := range s.Files {
		all[f.Path] = true
		if run = max(run, f.SameAsRun); f.SameAsRun == 0 {
			read[f.Path] = true
		}
	}
	if same := len(all) - len(read); same > 0 {
		p.linef("\n%d of %s: the same as in run %d, and not read again.", same, plural(len(all), "file"), run)
	}
}

// drift says which columns came and went since the last run.
func (p *printer) drift(s *Summary) {
	var news []Drift
	for _, d := range s.Drift {
		if !d.Known {
			news = append(news, d)
		}
	}
	if len(news) == 0 {
		return
	}
	const shown = 12
	t := p.table("Drift: columns that are not as the last run had them", "object", "column", "")
	p.widths(t, 20, 24, 52)
	for i, d := range news {
		if i == shown {
			break
		}
		t.AppendRow(table.Row{d.Object, d.Column, d.says()})
	}
	t.Render()
	if more := len(news) - shown; more > 0 {
		p.linef("… and %d more; --output json lists all", more)
	}
}

// says tells what a change of a column means.
func (d Drift) says() string {
	switch {
	case d.Change == DriftNew:
		return "new; nothing maps it, it is kept as " + d.KeptAs
	case d.Change == DriftBack:
		return "back; it was gone"
	case d.KeptAs != "":
		return "gone; nothing maps it, values of " + d.KeptAs + " stay"
	}
	return "gone; what was made of it stays: " + strings.Join(d.Uses, ", ")
}

// returned says which rejects of earlier runs came back.
func (p *printer) returned(s *Summary) {
	if len(s.Rejects.Returned) == 0 {
		return
	}
	t := p.table("Rejects of earlier runs that came back", ">run", ">settled", ">rejected again", ">still open")
	for _, r := range s.Rejects.Returned {
		t.AppendRow(table.Row{r.Run, figure(r.Settled), p.bad(r.Again), p.bad(r.Open)})
	}
	t.Render()
}

func (p *printer) rejects(s *Summary) {
	if s.Rejects.Total() == 0 {
		return
	}
	if len(s.Rejects.Groups) > 0 {
		p.groups(s)
		return
	}
	t := p.table("Rejected", "code", ">records")
	for _, code := range sortedCounts(s.Rejects.ByCode) {
		t.AppendRow(table.Row{code, p.bad(s.Rejects.ByCode[code])})
	}
	t.Render()
	p.known(s)
}

func (p *printer) known(s *Summary) {
	if n := s.Rejects.Known; n > 0 {
		p.linef("%s of them: an earlier run rejected them for the same reason.", Thousands(n))
	}
}

// groups says why records were rejected, and what settles each cause.
func (p *printer) groups(s *Summary) {
	const shown = 10
	p.linef("\n%s", p.paint("Rejected", text.Bold))
	var rest int64
	for i, g := range s.Rejects.Groups {
		if i >= shown {
			rest += g.Records
			continue
		}
		what := g.Object
		if g.Column != "" {
			what += "." + g.Column
		}
		shape := ""
		if g.Shape != "" {
			shape = ", written as " + g.Shape
		}
		p.linef("  %s  %s %s%s", p.bad(g.Records), p.paint(g.Code, text.Bold), what, shape)
		p.wrap("     ", fmt.Sprintf("%s; first in %s, line %d", g.Reason, g.File, g.Line))
		switch {
		case g.Settle.Flag != "":
			p.linef("     → %s", p.paint(g.Settle.Flag, text.FgGreen))
			p.wrap("       ", g.Settle.Text)
		case g.Settle.Mapping != "":
			p.linef("     → %s", p.paint(g.Settle.Mapping, text.FgGreen))
			p.wrap("       ", g.Settle.Text)
		default:
			p.wrap("     → ", g.Settle.Text)
		}
	}
	if rest > 0 {
		p.linef("  … and %s of other causes; --output json lists them", Thousands(rest))
	}
	for _, g := range s.Rejects.Groups {
		if g.Settle.Extends != "" && g.Settle.Mapping != "" {
			p.linef("  Such lines go into a file for --mapping, below  extends: %s  and joined under one  objects:", g.Settle.Extends)
			break
		}
	}
	p.known(s)
}

// wrap shows a text in lines that are not too long, the first behind a beginning and the others below it.
func (p *printer) wrap(begin, s string) {
	indent := strings.Repeat(" ", len([]rune(begin)))
	for i, line := range strings.Split(text.WrapSoft(s, lineWidth-len(indent)), "\n") {
		if i > 0 {
			begin = indent
		}
		p.linef("%s%s", begin, strings.TrimSpace(line))
	}
}

func (p *printer) next(s *Summary) {
	p.linef("\n%s", p.paint("What next", text.Bold))
	if s.Status == StatusPlanned {
		words := make([]string, len(p.opts.Next))
		for i, w := range p.opts.Next {
			words[i] = quoted(w)
		}
		p.linef("  See every record, with values:  rye-import plan --details …")
		p.linef("  Do it:  rye-import %s", strings.Join(words, " "))
		return
	}
	if n := s.Rejects.Total(); n > 0 && !p.opts.Settled {
		p.linef("  Repair the rows in %s", s.Rejects.Path)
		p.linef("  and load them:  rye-import run --source %s %s", quoted(s.Source), quoted(s.Rejects.Path))
	}
	p.linef("  Look at the run:  rye-import runs show %s", short(s.RunID))
	p.linef("  Look at the graph:  rye-import db psql")
}

// bad is a figure that somebody should look at.
func (p *printer) bad(n int64) string {
	if n == 0 {
		return figure(n)
	}
	return p.paint(Thousands(n), text.FgRed)
}

// figure is a number in a table, where a nought says less than a point.
func figure(n int64) string {
	if n == 0 {
		return "·"
	}
	return Thousands(n)
}

// Thousands writes a number as people read it.
func Thousands(n int64) string {
	if n < 0 {
		return "-" + Thousands(-n)
	}
	return group(fmt.Sprint(n))
}

// Decimal writes a decimal number as people read it.
func Decimal(s string) string {
	sign := ""
	if rest, ok := strings.CutPrefix(s, "-"); ok {
		sign, s = "-", rest
	}
	whole, fraction, has := strings.Cut(s, ".")
	whole = sign + group(whole)
	if !has {
		return whole
	}
	return whole + "." + fraction
}

func group(digits string) string {
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// seconds shows a time, of which any takes a millisecond at least.
func seconds(s float64) string {
	if s <= 0 {
		return "·"
	}
	return max(round(time.Duration(s*float64(time.Second))), time.Millisecond).String()
}

func round(d time.Duration) time.Duration {
	switch {
	case d < time.Second:
		return d.Round(time.Millisecond)
	case d < time.Minute:
		return d.Round(100 * time.Millisecond)
	}
	return d.Round(time.Second)
}

// short is as much of a run's id as tells it from others.
func short(id string) string {
	if len(id) > 18 {
		return id[:18]
	}
	return id
}

// quoted makes a path fit to be pasted into a shell.
func quoted(path string) string {
	for _, r := range path {
		if (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("/._-", r) {
			return "'" + strings.ReplaceAll(path, "'", `'\''`) + "'"
		}
	}
	return path
}

// sortedCounts puts the largest count first.
func sortedCounts(m Counts) []string {
	return slices.SortedFunc(maps.Keys(m), func(a, b string) int {
		return cmp.Or(cmp.Compare(m[b], m[a]), cmp.Compare(a, b))
	})
}
