package importer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/projectrye/rye-import/importer/decode"
	"github.com/projectrye/rye-import/importer/profile"
	"github.com/projectrye/rye-import/importer/report"
	"github.com/projectrye/rye-import/importer/source"
)

// Inspect tells what an export holds and what would become of it: it maps every record and keeps none.
// It needs no database. Of each id, reference and name it keeps a hash, some 10 to 20 bytes, to tell which lead
// nowhere.
func Inspect(ctx context.Context, set *source.Set, cfg Config) (*report.Inspection, error) {
	cfg = cfg.withDefaults()
	files, err := survey(ctx, set.Files, cfg)
	if err != nil {
		return nil, err
	}
	ranked, err := rankMappings(files, cfg)
	if err != nil {
		return nil, err
	}
	m := ranked[0].mapping
	files = alongside(files, m)
	out := &report.Inspection{
		CRM: m.Name, Mapping: m.Version(), Detected: detection(ranked), Files: make([]report.InspectedFile, len(files)),
		Objects: make(map[string]*report.InspectedObject), Rejects: report.Counts{},
	}
	for _, s := range set.Skipped {
		out.Skipped = append(out.Skipped, report.Skipped{Path: s.Path, Reason: s.Reason})
	}
	trials := make([]*trial, len(files))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(cfg.Workers)
	for i, f := range files {
		g.Go(func() error {
			trials[i] = newTrial(f, m, cfg)
			inspected, err := inspect(ctx, trials[i])
			if err != nil {
				return inFile(f.file, err)
			}
			out.Files[i] = *inspected
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	all := newReferences()
	for i, t := range trials {
		for name, o := range t.objects {
			if out.Objects[name] == nil {
				out.Objects[name] = &report.InspectedObject{}
			}
			out.Objects[name].Add(o)
		}
		addCounts(out.Rejects, t.rejects)
		all.join(t.refs)
		trials[i] = nil
	}
	out.Links = all.settle(m)
	for name, o := range out.Objects {
		o.Duplicates = all.duplicates(name)
	}
	return out, nil
}

// detection tells how sure it is that a mapping is the right one, by what the next best would know.
func detection(ranked []standing) report.Detection {
	d := report.Detection{CRM: ranked[0].mapping.Name, Files: ranked[0].files, Columns: ranked[0].columns}
	if len(ranked) > 1 {
		d.RunnerUp = &report.RunnerUp{CRM: ranked[1].mapping.Name, Files: ranked[1].files, Columns: ranked[1].columns}
	}
	return d
}

// inspect reads a file, tells what is in its columns, and what would become of its records.
func inspect(ctx context.Context, t *trial) (*report.InspectedFile, error) {
	f, p := t.file, t.file.profile
	out := &report.InspectedFile{
		Path: f.file.Path, Object: f.object, Evidence: f.note, Format: string(p.Format), Encoding: p.Encoding,
		SHA256: p.SHA256, Bytes: p.Bytes, Rejects: t.rejects,
	}
	if f.typed {
		out.Object = strings.Join(p.Types, ", ")
	}
	if p.Delimiter != 0 {
		out.Delimiter = string(p.Delimiter)
	}
	if !f.hasRecords() {
		return out, nil
	}
	open, err := t.settleFormats(ctx)
	if err != nil {
		return nil, err
	}
	for _, u := range open {
		out.Undecided = append(out.Undecided, u.Error())
	}
	profiles := make(profiles)
	columns, err := walk(ctx, f, t.cfg, func(rec decode.Record, bad *decode.RecordError) error {
		out.Records++
		if bad != nil {
			out.Bad++
			t.bad(bad)
			return nil
		}
		kind := ""
		if f.isChild(rec.Type) {
			kind = rec.Type
		}
		profiles.add(kind, rec)
		return t.record(rec)
	})
	if err != nil {
		return nil, err
	}
	for object := range t.refs.keys {
		out.Duplicates += t.refs.duplicates(object)
	}
	out.Columns = t.columns(f.object, columns[""], profiles[""])
	done := make(map[string]bool)
	for _, c := range f.children {
		if done[c.Type] || profiles[c.Type] == nil {
			continue
		}
		done[c.Type] = true
		object := c.Type
		if t.mapping.Objects[object] == nil {
			object = ""
		}
		for _, column := range t.columns(object, columns[c.Type], profiles[c.Type]) {
			column.Name = c.Type + ": " + column.Name
			out.Columns = append(out.Columns, column)
		}
	}
	return out, nil
}

// walk hands out the records of a file, good and bad, and gives the columns that it was found to have: of
// the records of each child's type, and under "" of all others.
func walk(ctx context.Context, f *surveyed, cfg Config, each func(decode.Record, *decode.RecordError) error) (map[string][]string, error) {
	rc, err := f.file.Open()
	if err != nil {
		return nil, err
	}
	r, err := decode.NewReader(rc, f.profile, f.options(cfg))
	if err != nil {
		return nil, errors.Join(err, rc.Close())
	}
	defer r.Close()
	for ctx.Err() == nil {
		rec, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		var bad *decode.RecordError
		if err != nil && !errors.As(err, &bad) {
			return nil, err
		}
		if err := each(rec, bad); err != nil {
			return nil, err
		}
	}
	columns := map[string][]string{"": r.Columns("")}
	for _, c := range f.children {
		columns[c.Type] = r.Columns(c.Type)
	}
	return columns, ctx.Err()
}

// profiles are those of the columns of a file, by the type of child.
type profiles map[string]*profiled

type profiled struct {
	header  *decode.Header
	names   map[string]int
	places  []int // of the header's columns
	columns []*profile.Column
}

func (p profiles) add(kind string, rec decode.Record) {
	k := p[kind]
	if k == nil {
		k = &profiled{names: make(map[string]int)}
		p[kind] = k
	}
	if k.header != rec.Header {
		k.header = rec.Header
		k.places = k.places[:0]
		before := k.columns
		for _, name := range rec.Header.Names {
			i, known := k.names[name]
			if !known {
				// Another file may write it otherwise; in one header these are two.
				i = slices.IndexFunc(before, func(c *profile.Column) bool { return strings.EqualFold(c.Name, name) })
				if i < 0 || slices.Contains(k.places, i) || slices.Contains(rec.Header.Names, k.columns[i].Name) {
					i = len(k.columns)
					k.columns = append(k.columns, profile.NewColumn(name))
				}
				k.names[name] = i
			}
			k.places = append(k.places, i)
		}
	}
	for i, cell := range rec.Cells {
		if cell != "" {
			k.columns[k.places[i]].Add(cell)
		}
	}
}

// columns tells what is in each column of an object, which is "" if the mapping has no use for it, and
// what becomes of it.
func (t *trial) columns(object string, header []string, seen *profiled) []report.Column {
	uses := make([][]string, len(header))
	kept := make([]string, len(header))
	if object != "" && len(header) > 0 {
		plan, err := t.mapping.Compile(object, header, settings(t.cfg, t.file))
		if err == nil {
			uses, kept = plan.Uses(), plan.Kept()
		} else {
			uses[0] = []string{fmt.Sprint(err)}
		}
	}
	out := make([]report.Column, len(header))
	for i, name := range header {
		column := report.Column{Name: name, Uses: uses[i], KeptAs: kept[i]}
		if len(uses[i]) == 0 && uses[i] != nil {
			column.Uses = []string{"condition"}
		}
		if seen != nil && i < len(seen.columns) {
			c := seen.columns[i]
			g := c.Guess()
			column.Filled, column.Type, column.Format, column.Misfits = c.Filled, string(g.Kind), g.Format(), g.Misfits
			column.Distinct, column.DistinctOver = c.Distinct()
			column.Samples = slices.Clone(c.Masked)
			if t.cfg.ShowValues {
				column.Samples = c.Samples
			}
		}
		out[i] = column
	}
	return out
}
