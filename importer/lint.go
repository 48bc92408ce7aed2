package importer

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"

	"github.com/projectrye/rye-import/importer/decode"
	"github.com/projectrye/rye-import/importer/graph"
	"github.com/projectrye/rye-import/importer/mapping"
	"github.com/projectrye/rye-import/importer/profile"
	"github.com/projectrye/rye-import/importer/report"
	"github.com/projectrye/rye-import/importer/source"
)

// requiredProperties are those that the conventions of the graph require of its nodes and that a mapping
// has to give. The importer gives codes, and pipelines their stages.
var requiredProperties = map[string][]string{
	"person":      {"first_name", "last_name"},
	"org":         {"name"},
	"opportunity": {"name"},
	"pipeline":    {"name"},
	"territory":   {"name"},
	"campaign":    {"name", "campaign_type"},
}

// maxUnknown is how many values of a column are told that a value map does not know.
const maxUnknown = 20

// Lint tells how a mapping fits an export, and whether the examples of the mapping give what they say. It
// maps every record and keeps none; without a set there are the examples alone.
func Lint(ctx context.Context, m *mapping.Mapping, set *source.Set, cfg Config) (*report.Lint, error) {
	cfg = cfg.withDefaults()
	out := &report.Lint{Mapping: m.Version(), Examples: report.LintExamples{Total: len(m.Examples)}}
	for _, f := range m.CheckExamples() {
		e := report.LintExample{Example: f.Example + 1, Line: f.Line, Object: f.Object}
		for _, d := range f.Differences {
			e.Differences = append(e.Differences, report.LintDifference{What: d.What, Want: d.Want, Got: d.Got})
		}
		out.Examples.Failures = append(out.Examples.Failures, e)
	}
	out.OK = len(out.Examples.Failures) == 0
	if set == nil {
		return out, nil
	}
	for _, s := range set.Skipped {
		out.Skipped = append(out.Skipped, report.Skipped{Path: s.Path, Reason: s.Reason})
	}
	files, err := survey(ctx, set.Files, cfg)
	if err != nil {
		return nil, err
	}
	tell(files, m)
	for _, f := range alongside(files, m) {
		linted, err := lint(ctx, newTrial(f, m, cfg))
		if err != nil {
			return nil, inFile(f.file, err)
		}
		out.Files = append(out.Files, *linted)
	}
	return out, nil
}

// linting gathers what there is to say of a file.
type linting struct {
	unfilled map[[2]string]int64              // by type and property
	unknown  map[string]map[string]int64      // by column and value
	rejects  map[[2]string]*report.LintReject // by code and column
}

func lint(ctx context.Context, t *trial) (*report.LintedFile, error) {
	f := t.file
	out := &report.LintedFile{Path: f.file.Path, Object: f.object, Evidence: f.note}
	if !f.hasRecords() || !f.mapped() {
		return out, nil
	}
	open, err := t.settleFormats(ctx)
	if err != nil {
		return nil, err
	}
	for _, u := range open {
		out.Undecided = append(out.Undecided, u.Error())
	}
	l := &linting{
		unfilled: make(map[[2]string]int64), unknown: make(map[string]map[string]int64), rejects: make(map[[2]string]*report.LintReject),
	}
	t.mapped = l.mapped
	filled := make(map[string][]int64) // by type of child
	columns, err := walk(ctx, f, t.cfg, func(rec decode.Record, bad *decode.RecordError) error {
		out.Records++
		if bad != nil {
			t.bad(bad)
			l.reject(bad.Code, bad.Column, bad.Reason, bad.Line)
			return nil
		}
		kind := ""
		if f.isChild(rec.Type) {
			kind = rec.Type
		}
		for len(filled[kind]) < len(rec.Cells) {
			filled[kind] = append(filled[kind], 0)
		}
		for i, cell := range rec.Cells {
			if cell != "" {
				filled[kind][i]++
			}
		}
		return t.record(rec)
	})
	if err != nil {
		return nil, err
	}
	if err := t.lintColumns(out, "", f.object, columns[""], filled[""]); err != nil {
		return nil, err
	}
	for _, c := range f.children {
		if t.mapping.Objects[c.Type] != nil && filled[c.Type] != nil {
			if err := t.lintColumns(out, c.Type+": ", c.Type, columns[c.Type], filled[c.Type]); err != nil {
				return nil, err
			}
		}
	}
	l.into(out, t.cfg.ShowValues)
	return out, nil
}

// lintColumns tells which columns nothing maps, and which ones are not there.
func (t *trial) lintColumns(out *report.LintedFile, prefix, object string, header []string, filled []int64) error {
	if object == "" || len(header) == 0 {
		return nil
	}
	plan, err := t.mapping.Compile(object, header, settings(t.cfg, t.file))
	if err != nil {
		return err
	}
	for i, kept := range plan.Kept() {
		if kept != "" {
			c := report.LintColumn{Name: prefix + header[i]}
			if i < len(filled) {
				c.Filled = filled[i]
			}
			out.Unused = append(out.Unused, c)
		}
	}
	for _, name := range plan.Lacks() {
		out.Lacks = append(out.Lacks, prefix+name)
	}
	return nil
}

// mapped looks at a record that has been mapped or rejected.
func (l *linting) mapped(_ string, m *mapping.Mapper, rec decode.Record, b *graph.Batch, rejected *mapping.FieldError) {
	m.Unknown(rec.Cells, func(column, text string) {
		if l.unknown[column] == nil {
			l.unknown[column] = make(map[string]int64)
		}
		if values := l.unknown[column]; len(values) < profile.MaxDistinct || values[text] > 0 {
			values[text]++
		}
	})
	if rejected != nil {
		l.reject(rejected.Code, rejected.Column, rejected.Reason, rec.Line)
		return
	}
	if len(b.Records) > 0 && b.Records[0].Deleted {
		return
	}
	for i := range b.Nodes {
		l.node(&b.Nodes[i])
	}
}

func (l *linting) node(n *graph.Node) {
	wanted := requiredProperties[n.Type]
	if len(wanted) == 0 {
		return
	}
	has := make(map[string]any)
	for _, text := range [][]byte{n.Properties, n.Fill} {
		if text == nil {
			continue
		}
		if json.Unmarshal(text, &has) != nil {
			return // unreachable: the mapper made it
		}
	}
	for _, name := range wanted {
		if has[name] == nil {
			l.unfilled[[2]string{n.Type, name}]++
		}
	}
}

func (l *linting) reject(code, column, reason string, line int) {
	at := [2]string{code, column}
	r := l.rejects[at]
	if r == nil {
		r = &report.LintReject{Code: code, Column: column, Reason: reason, Line: line}
		l.rejects[at] = r
	}
	r.Records++
}

// into puts what was gathered in order, the most frequent first.
func (l *linting) into(out *report.LintedFile, showValues bool) {
	for at, n := range l.unfilled {
		out.Unfilled = append(out.Unfilled, report.LintProperty{Type: at[0], Property: at[1], Nodes: n})
	}
	slices.SortFunc(out.Unfilled, func(a, b report.LintProperty) int {
		return cmp.Or(cmp.Compare(a.Type, b.Type), cmp.Compare(a.Property, b.Property))
	})
	for column, values := range l.unknown {
		list := make([]report.LintValue, 0, len(values))
		for text, n := range values {
			list = append(list, report.LintValue{Column: column, Value: text, Records: n})
		}
		slices.SortFunc(list, func(a, b report.LintValue) int {
			return cmp.Or(cmp.Compare(b.Records, a.Records), cmp.Compare(a.Value, b.Value))
		})
		list = list[:min(maxUnknown, len(list))]
		if !showValues {
			for i := range list {
				list[i].Value = profile.Mask(list[i].Value)
			}
		}
		out.Unknown = append(out.Unknown, list...)
	}
	slices.SortStableFunc(out.Unknown, func(a, b report.LintValue) int { return cmp.Compare(a.Column, b.Column) })
	for _, r := range l.rejects {
		out.Rejects = append(out.Rejects, *r)
	}
	slices.SortFunc(out.Rejects, func(a, b report.LintReject) int {
		return cmp.Or(cmp.Compare(b.Records, a.Records), cmp.Compare(a.Code, b.Code), cmp.Compare(a.Column, b.Column))
	})
}
