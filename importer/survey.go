package importer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"path"
	"slices"
	"strings"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"github.com/projectrye/rye-import/importer/decode"
	"github.com/projectrye/rye-import/importer/mapping"
	"github.com/projectrye/rye-import/importer/source"
)

// sampleSize is how many records of a file are looked at to tell what it is.
const sampleSize = 200

// surveyed is a file and what a look at it tells.
type surveyed struct {
	file    *source.File
	profile *decode.Profile
	sample  [][]string // cells as wide as the header of the profile
	object  string     // of the mapping; empty if it is none, or if each record tells its own
	record  string     // the object whose records these are
	beside  []string   // other objects that the same rows are
	known   int        // columns that the object has a use for
	formats mapping.Formats
	typed   bool   // each record tells its own type
	looks   string // the object that it seems to be, where the mapping has none
	note    string // by what it was told, or why it is none

	children []decode.Child // records within its records
}

// options says how the file is read.
func (s *surveyed) options(cfg Config) decode.Options {
	opts := cfg.Decode
	opts.Children = s.children
	return opts
}

// isChild reports whether records of a type are those within the file's own.
func (s *surveyed) isChild(kind string) bool {
	return slices.ContainsFunc(s.children, func(c decode.Child) bool { return c.Type == kind })
}

// labelOf is the name under which the records of a type are counted.
func (s *surveyed) labelOf(kind string) string {
	if kind != "" && (s.typed || s.isChild(kind)) {
		return kind
	}
	return s.label()
}

// mapped reports whether the file has records that the mapping has a use for.
func (s *surveyed) mapped() bool { return s.object != "" || s.typed }

// label is the name under which the records of a file are counted. Where nothing else tells what an
// unmapped file is, that is the file's own name.
func (s *surveyed) label() string {
	switch {
	case s.object != "":
		return s.record
	case s.looks != "":
		return s.looks
	}
	base := path.Base(s.file.Path)
	if name := strings.TrimSuffix(base, path.Ext(base)); name != "" {
		return name
	}
	return base
}

// survey looks at all files: format, encoding, checksum, and a sample of records. Files are looked
// at concurrently; the result is in their order.
func survey(ctx context.Context, files []*source.File, cfg Config) ([]*surveyed, error) {
	out := make([]*surveyed, len(files))
	var total int64
	for _, f := range files {
		total += max(f.Size, 0)
	}
	progress := newThrottle(cfg.Progress, Progress{Phase: "survey", Total: total})
	var done atomic.Int64
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(cfg.Workers)
	for i, f := range files {
		g.Go(func() error {
			s, err := look(ctx, f, cfg)
			if err != nil {
				return err
			}
			out[i] = s
			progress.report(func(p *Progress) { p.Bytes = done.Add(s.profile.Bytes) })
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	return out, nil
}

// prepare finds out what the files are, the mapping that knows them, and how they write their values: all
// that must be known before records are mapped.
func prepare(ctx context.Context, set *source.Set, cfg Config) ([]*surveyed, *mapping.Mapping, error) {
	files, err := survey(ctx, set.Files, cfg)
	if err != nil {
		return nil, nil, err
	}
	m, err := chooseMapping(files, cfg)
	if err != nil {
		return nil, nil, err
	}
	files = alongside(files, m)
	return files, m, findFormats(ctx, files, m, cfg)
}

func look(ctx context.Context, f *source.File, cfg Config) (*surveyed, error) {
	p, err := decode.Scan(ctx, f.Open, cfg.Decode)
	if err != nil {
		return nil, inFile(f, err)
	}
	s := &surveyed{file: f, profile: p, children: cfg.Decode.Children}
	switch p.Format {
	case decode.FormatCSV, decode.FormatJSON, decode.FormatNDJSON:
	case decode.FormatPlan:
		s.note = "a plan of sf data tree, which holds no records"
		return s, nil
	case decode.FormatEmpty:
		s.note = "the file is empty"
		return s, nil
	default:
		s.note = p.Reason
		return s, nil
	}
	rc, err := f.Open()
	if err != nil {
		return nil, inFile(f, err)
	}
	opts := cfg.Decode
	opts.Children = nil // what the file is, is told by its records as they are
	r, err := decode.NewReader(rc, p, opts)
	if err != nil {
		return nil, errors.Join(inFile(f, err), rc.Close())
	}
	defer r.Close()
	for len(s.sample) < sampleSize {
		rec, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		var bad *decode.RecordError
		if errors.As(err, &bad) {
			if bad.Line > 10*sampleSize {
				break
			}
			continue
		}
		if err != nil {
			break // reading the whole file will say what is wrong with it
		}
		if len(rec.Cells) >= len(p.Header) {
			s.sample = append(s.sample, rec.Cells[:len(p.Header)])
		} else {
			cells := make([]string, len(p.Header))
			copy(cells, rec.Cells)
			s.sample = append(s.sample, cells)
		}
	}
	return s, nil
}

// tell finds out which object of a mapping each file is, and counts those that are one.
func tell(files []*surveyed, m *mapping.Mapping) (known int) {
	for _, s := range files {
		s.object, s.record, s.typed, s.looks, s.beside, s.known = "", "", false, "", nil, 0
		switch s.profile.Format {
		case decode.FormatCSV, decode.FormatJSON, decode.FormatNDJSON:
		default:
			continue
		}
		if len(s.profile.Types) > 1 {
			s.note = "its records state their types"
			for _, kind := range s.profile.Types {
				if object := m.ObjectOfType(kind); object != "" {
					s.typed = true
					s.children = append(s.children, childrenOf(m, kind, object, nil)...)
				}
			}
			if s.typed {
				known++
			}
			continue
		}
		v := m.Detect(mapping.Look{Header: s.profile.Header, Types: s.profile.Types, Sample: s.sample})
		s.record = m.RecordObject(v.Object)
		if within := childrenOf(m, "", v.Object, nil); within != nil {
			s.children = within
		}
		s.object, s.looks, s.note, s.beside, s.known = v.Object, v.Looks, v.Evidence, v.Beside, v.Known
		if s.object != "" {
			known++
		}
	}
	return known
}

// childrenOf lists the records that stand within those of an object, and within these. The file's own
// records are of no type, the others of their object.
func childrenOf(m *mapping.Mapping, kind, object string, above []string) []decode.Child {
	var all []decode.Child
	o := m.Objects[object]
	if o == nil || slices.Contains(above, object) {
		return nil
	}
	for _, column := range slices.Sorted(maps.Keys(o.Children)) {
		c := o.Children[column]
		key := c.Key
		if key == "" {
			key = "id"
		}
		all = append(all, decode.Child{Of: kind, Column: column, Type: c.Object, Parent: c.Parent, Key: key})
		for _, inner := range childrenOf(m, c.Object, c.Object, append(above, object)) {
			if !slices.Contains(all, inner) {
				all = append(all, inner)
			}
		}
	}
	return all
}

// chooseMapping takes the mapping of the configuration, else the built-in one that knows most of the
// files.
func chooseMapping(files []*surveyed, cfg Config) (*mapping.Mapping, error) {
	var candidates []*mapping.Mapping
	switch {
	case cfg.Mapping != nil:
		candidates = append(candidates, cfg.Mapping)
	default:
		names := mapping.Names()
		if cfg.CRM != "" && cfg.CRM != "auto" {
			names = []string{cfg.CRM}
		}
		for _, name := range names {
			m, err := mapping.Builtin(name)
			if err != nil {
				return nil, err
			}
			candidates = append(candidates, m)
		}
	}
	best, rival := choose(files, candidates)
	if rival != nil {
		return nil, &AmbiguousCRMError{CRMs: []string{best.Name, rival.Name}}
	}
	if tell(files, best) == 0 {
		e := &NoExportError{}
		for _, s := range files {
			e.Files = append(e.Files, fmt.Sprintf("%s: %s", s.file.Path, s.note))
		}
		return nil, e
	}
	return best, nil
}

// choose takes the mapping that knows most of the files, and of several the one that has a use for most
// of their columns. Where two know the same there is a rival, and nobody can say which is meant.
func choose(files []*surveyed, candidates []*mapping.Mapping) (best, rival *mapping.Mapping) {
	best = candidates[0]
	mostFiles, mostColumns := -1, -1
	for _, m := range candidates {
		n, columns := tell(files, m), 0
		for _, f := range files {
			columns += f.known
		}
		switch {
		case n > mostFiles || n == mostFiles && columns > mostColumns:
			best, rival, mostFiles, mostColumns = m, nil, n, columns
		case n == mostFiles && columns == mostColumns && n > 0:
			rival = m
		}
	}
	return best, rival
}

// alongside adds a file once more for each other object that its rows are.
func alongside(files []*surveyed, m *mapping.Mapping) []*surveyed {
	var all []*surveyed
	for _, f := range files {
		all = append(all, f)
		for _, object := range f.beside {
			twin := *f
			twin.object, twin.record, twin.beside, twin.typed = object, m.RecordObject(object), nil, false
			twin.children = childrenOf(m, "", object, nil)
			twin.note = "its rows are " + object + " too"
			all = append(all, &twin)
		}
	}
	return all
}

// inFile names the file in an error that does not.
func inFile(f *source.File, err error) error {
	var own *source.Error
	if errors.As(err, &own) || errors.Is(err, context.Canceled) {
		return err
	}
	return fmt.Errorf("%s: %w", f.Path, err)
}
