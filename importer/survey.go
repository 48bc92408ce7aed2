package importer

import (
	"cmp"
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

	given    []decode.Child // records within records that the configuration names
	children []decode.Child // records within its records

	gone map[string][]string // by object of the mapping: columns that its records have no more
}

// options says how the file is read.
func (s *surveyed) options(cfg Config) decode.Options {
	opts := decodeOptions(s.file, cfg)
	opts.Children = s.children
	return opts
}

// decodeOptions says how a file is read before anything is known of its records. What the configuration
// says of the form of CSV is not said of workbooks.
func decodeOptions(f *source.File, cfg Config) decode.Options {
	opts := cfg.Decode
	if f.Sheet {
		opts.Encoding, opts.Delimiter, opts.Quote = "utf-8", ',', '"'
	}
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

// objectOf gives the object of the file's records of a type, or "" if the mapping has no use for them.
func (s *surveyed) objectOf(m *mapping.Mapping, kind string) string {
	if !s.typed && !s.isChild(kind) {
		return s.object
	}
	return m.ObjectOfType(kind)
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
	p, err := decode.Scan(ctx, f.Open, decodeOptions(f, cfg))
	if err != nil {
		return nil, inFile(f, err)
	}
	s := &surveyed{file: f, profile: p, given: cfg.Decode.Children, children: cfg.Decode.Children}
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
	opts := decodeOptions(f, cfg)
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
		s.children = s.given // and none that another mapping has named
		switch s.profile.Format {
		case decode.FormatCSV, decode.FormatJSON, decode.FormatNDJSON:
		default:
			continue
		}
		if len(s.profile.Types) > 1 {
			s.typed, s.note = true, "its records state their types"
			// Other CRMs have objects of these names too. Their columns tell.
			mapped := 0
			for _, kind := range s.profile.Types {
				if v := m.Detect(mapping.Look{Header: s.profile.Header, Types: []string{kind}}); v.Object != "" {
					mapped, s.known = 1, max(s.known, v.Known)
					s.children = append(s.children, childrenOf(m, kind, v.Object, nil)...)
				}
			}
			known += mapped
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
// files. Of the built-in ones only those are read that may be it.
func chooseMapping(files []*surveyed, cfg Config) (*mapping.Mapping, error) {
	names := candidatesOf(cfg)
	if len(names) < 2 {
		ranked, err := rankMappings(files, cfg)
		if err != nil {
			return nil, err
		}
		return ranked[0].mapping, nil
	}
	sketches, err := mapping.Sketches()
	if err != nil {
		return nil, err
	}
	most := make(map[string]int, len(sketches)) // files that each may know
	top := 0
	for i := range sketches {
		for _, f := range files {
			if f.mayBeOf(&sketches[i]) {
				most[sketches[i].Name]++
			}
		}
		top = max(top, most[sketches[i].Name])
	}
	atLeast := func(n int) []string {
		return slices.DeleteFunc(slices.Clone(names), func(name string) bool { return most[name] < n })
	}
	ranked, err := standings(files, cfg, atLeast(top))
	if err != nil {
		return nil, err
	}
	if known := ranked[0].files; known < top {
		// Others may know as many. If nobody knows any, all are asked why.
		if ranked, err = standings(files, cfg, atLeast(known)); err != nil {
			return nil, err
		}
	}
	if err := judge(files, ranked); err != nil {
		return nil, err
	}
	return ranked[0].mapping, nil
}

// mayBeOf reports whether a mapping may know a file, as tell finds out.
func (s *surveyed) mayBeOf(sketch *mapping.Sketch) bool {
	switch p := s.profile; {
	case p.Format != decode.FormatCSV && p.Format != decode.FormatJSON && p.Format != decode.FormatNDJSON:
		return false
	case len(p.Types) > 1:
		return slices.ContainsFunc(p.Types, func(kind string) bool {
			return sketch.MayKnow(mapping.Look{Header: p.Header, Types: []string{kind}})
		})
	default:
		return sketch.MayKnow(mapping.Look{Header: p.Header, Types: p.Types})
	}
}

// standing is how much of an export a mapping knows.
type standing struct {
	mapping        *mapping.Mapping
	files, columns int
}

// candidatesOf names the built-in mappings among which the configuration leaves the choice.
func candidatesOf(cfg Config) []string {
	switch {
	case cfg.Mapping != nil:
		return nil
	case cfg.CRM != "" && cfg.CRM != "auto":
		return []string{cfg.CRM}
	}
	return mapping.Names()
}

// rankMappings puts the mapping that knows most of the files first, and tells what each file is by it.
func rankMappings(files []*surveyed, cfg Config) ([]standing, error) {
	ranked, err := standings(files, cfg, candidatesOf(cfg))
	if err != nil {
		return nil, err
	}
	return ranked, judge(files, ranked)
}

// standings ranks the mapping of the configuration, or built-in ones of these names.
func standings(files []*surveyed, cfg Config, names []string) ([]standing, error) {
	if cfg.Mapping != nil {
		return rank(files, []*mapping.Mapping{cfg.Mapping}), nil
	}
	candidates := make([]*mapping.Mapping, len(names))
	var g errgroup.Group
	for i, name := range names {
		g.Go(func() (err error) {
			candidates[i], err = mapping.Builtin(name)
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	return rank(files, candidates), nil
}

// judge tells what each file is by the first of some mappings, if that one alone is it.
func judge(files []*surveyed, ranked []standing) error {
	if rival := rivalOf(ranked); rival != nil {
		return &AmbiguousCRMError{CRMs: []string{ranked[0].mapping.Name, rival.Name}}
	}
	m := ranked[0].mapping
	if known := tell(files, m); known > 0 && (len(ranked) == 1 || known > stageLists(files, m)) {
		return nil
	}
	e := &NoExportError{}
	for _, s := range files {
		if s.object != "" {
			stages := fmt.Sprintf("%s: it may be the stages of %s, but nothing else here is; --crm %s takes it for them", s.file.Path, m.Title, m.Name)
			e.Files = slices.Insert(e.Files, 0, stages)
			continue
		}
		e.Files = append(e.Files, fmt.Sprintf("%s: %s", s.file.Path, s.note))
		e.Tables = e.Tables || s.hasRecords()
	}
	return e
}

// stageLists counts the files that do nothing but define stages for a mapping. Such lists are much the same in every CRM, and tell none.
func stageLists(files []*surveyed, m *mapping.Mapping) (lists int) {
	for _, s := range files {
		if o := m.Objects[s.object]; o != nil && o.Stage != nil && o.Stage.Define {
			lists++
		}
	}
	return lists
}

// rank orders mappings by how many of the files they know, and where these are as many by how many of
// the columns they have a use for.
func rank(files []*surveyed, candidates []*mapping.Mapping) []standing {
	ranked := make([]standing, 0, len(candidates))
	for _, m := range candidates {
		st := standing{mapping: m, files: tell(files, m)}
		for _, f := range files {
			st.columns += f.known
		}
		ranked = append(ranked, st)
	}
	slices.SortStableFunc(ranked, func(a, b standing) int {
		return cmp.Or(cmp.Compare(b.files, a.files), cmp.Compare(b.columns, a.columns))
	})
	return ranked
}

// rivalOf gives the mapping that knows just as much as the first: nobody can say then which is meant.
func rivalOf(ranked []standing) *mapping.Mapping {
	if len(ranked) > 1 && ranked[0].files > 0 && ranked[0].files == ranked[1].files && ranked[0].columns == ranked[1].columns {
		return ranked[1].mapping
	}
	return nil
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
