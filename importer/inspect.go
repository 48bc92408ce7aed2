package importer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/projectrye/rye-import/importer/decode"
	"github.com/projectrye/rye-import/importer/mapping"
	"github.com/projectrye/rye-import/importer/report"
	"github.com/projectrye/rye-import/importer/source"
)

// Inspect tells what an export holds and what would become of it. It reads every record and needs no
// database.
func Inspect(ctx context.Context, set *source.Set, cfg Config) (*report.Inspection, error) {
	cfg = cfg.withDefaults()
	files, err := survey(ctx, set.Files, cfg)
	if err != nil {
		return nil, err
	}
	m, err := chooseMapping(files, cfg)
	if err != nil {
		return nil, err
	}
	out := &report.Inspection{CRM: m.Name, Mapping: m.Version(), Files: make([]report.InspectedFile, len(files))}
	for _, s := range set.Skipped {
		out.Skipped = append(out.Skipped, report.Skipped{Path: s.Path, Reason: s.Reason})
	}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(cfg.Workers)
	for i, f := range files {
		g.Go(func() error {
			inspected, err := inspect(ctx, f, m, cfg)
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
	return out, nil
}

// inspect counts the records of a file and how many cells of each column are filled.
func inspect(ctx context.Context, f *surveyed, m *mapping.Mapping, cfg Config) (*report.InspectedFile, error) {
	p := f.profile
	out := &report.InspectedFile{
		Path: f.file.Path, Object: f.object, Evidence: f.note, Format: string(p.Format), Encoding: p.Encoding,
		SHA256: p.SHA256, Bytes: p.Bytes,
	}
	if f.typed {
		out.Object = strings.Join(p.Types, ", ")
	}
	if p.Delimiter != 0 {
		out.Delimiter = string(p.Delimiter)
	}
	switch p.Format {
	case decode.FormatCSV, decode.FormatJSON, decode.FormatNDJSON:
	default:
		return out, nil
	}
	rc, err := f.file.Open()
	if err != nil {
		return nil, err
	}
	r, err := decode.NewReader(rc, p, f.options(cfg))
	if err != nil {
		return nil, errors.Join(err, rc.Close())
	}
	defer r.Close()
	filled := make(map[string]map[string]int64) // by type of child and column
	for ctx.Err() == nil {
		rec, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		var bad *decode.RecordError
		if errors.As(err, &bad) {
			out.Records++
			out.Bad++
			continue
		}
		if err != nil {
			return nil, err
		}
		out.Records++
		kind := ""
		if f.isChild(rec.Type) {
			kind = rec.Type
		}
		if filled[kind] == nil {
			filled[kind] = make(map[string]int64)
		}
		for i, cell := range rec.Cells {
			if cell != "" {
				filled[kind][rec.Header.Names[i]]++
			}
		}
	}
	out.Columns = columns(f.object, m, r.Columns(""), filled[""], settings(cfg, f))
	done := make(map[string]bool)
	for _, c := range f.children {
		if done[c.Type] || filled[c.Type] == nil {
			continue
		}
		done[c.Type] = true
		object := c.Type
		if m.Objects[object] == nil {
			object = ""
		}
		for _, column := range columns(object, m, r.Columns(c.Type), filled[c.Type], settings(cfg, f)) {
			column.Name = c.Type + ": " + column.Name
			out.Columns = append(out.Columns, column)
		}
	}
	return out, ctx.Err()
}

// columns tells what becomes of each column of an object, which is "" if the mapping has no use for it.
func columns(object string, m *mapping.Mapping, header []string, filled map[string]int64, with mapping.Settings) []report.Column {
	uses := make([][]string, len(header))
	if object != "" {
		plan, err := m.Compile(object, header, with)
		if err == nil {
			uses = plan.Uses()
		} else if len(uses) > 0 {
			uses[0] = []string{fmt.Sprint(err)}
		}
	}
	out := make([]report.Column, len(header))
	for i, name := range header {
		out[i] = report.Column{Name: name, Filled: filled[name], Uses: uses[i]}
		if len(uses[i]) == 0 && uses[i] != nil {
			out[i].Uses = []string{"condition"}
		}
	}
	return out
}
