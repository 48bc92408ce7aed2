package mapping

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/projectrye/rye-import/importer/decode"
	"github.com/projectrye/rye-import/importer/graph"
)

// crmFile is a fixture as a run reads it.
type crmFile struct {
	profile *decode.Profile
	sample  [][]string
	text    []byte
}

// builtins are the built-in mappings. Each is parsed once, since they are many and tests are more.
var builtins = sync.OnceValues(func() (map[string]*Mapping, error) {
	all := make(map[string]*Mapping)
	for _, name := range Names() {
		m, err := Builtin(name)
		if err != nil {
			return nil, err
		}
		all[name] = m
	}
	return all, nil
})

func builtinNamed(t testing.TB, name string) *Mapping {
	t.Helper()
	all, err := builtins()
	require.NoError(t, err)
	return all[name]
}

// TestCRMs maps the invented exports of each CRM, and finds each file to be one of this CRM and of no
// other.
func TestCRMs(t *testing.T) {
	t.Parallel()

	for _, crm := range Names() {
		if crm == "salesforce" {
			continue // see TestGolden
		}
		t.Run(crm, func(t *testing.T) {
			t.Parallel()
			crmGoldens(t, crm)
		})
	}
}

// TestCRMs_Salesforce leaves the exports of Salesforce to its mapping, though others call columns the same.
func TestCRMs_Salesforce(t *testing.T) {
	t.Parallel()

	files, err := filepath.Glob(filepath.Join("..", "..", "fixtures", "salesforce", "*.csv"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, path := range files {
		if f := readCRMFile(t, path); builtinNamed(t, "salesforce").Detect(f.look()).Object != "" {
			require.Equal(t, "salesforce", f.detect(t), path)
		}
	}
}

// crmGoldens maps each fixture of a CRM and compares what it becomes with its golden.
func crmGoldens(t *testing.T, crm string) {
	t.Helper()
	m := builtinNamed(t, crm)
	folder := filepath.Join("..", "..", "fixtures", crm)
	entries, err := os.ReadDir(folder)
	require.NoError(t, err)
	require.NotEmpty(t, entries)
	for _, e := range entries {
		if e.IsDir() || filepath.Ext(e.Name()) == ".md" {
			continue
		}
		t.Run(e.Name(), func(t *testing.T) {
			t.Parallel()

			f := readCRMFile(t, filepath.Join(folder, e.Name()))
			require.Equal(t, crm, f.detect(t), "detection among all built-in mappings")
			out := f.mapped(t, m)
			golden(t, filepath.Join(crm, e.Name()+".golden"), out)
		})
	}
}

func readCRMFile(t *testing.T, path string) *crmFile {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	f := &crmFile{text: text}
	f.profile, err = decode.Scan(context.Background(), func() (io.ReadCloser, error) { return f.open(), nil }, decode.Options{})
	require.NoError(t, err)
	f.sample, _ = f.read(t, nil, func(*decode.Header, decode.Record) {})
	return f
}

func (f *crmFile) look() Look {
	return Look{Header: f.profile.Header, Types: f.profile.Types, Sample: f.sample}
}

func (f *crmFile) open() io.ReadCloser { return io.NopCloser(bytes.NewReader(f.text)) }

// read reads the records of the file, and calls a function with each.
func (f *crmFile) read(t *testing.T, children []decode.Child, each func(*decode.Header, decode.Record)) (cells [][]string, columns func(string) []string) {
	t.Helper()
	r, err := decode.NewReader(f.open(), f.profile, decode.Options{Children: children})
	require.NoError(t, err)
	defer r.Close()
	for {
		rec, err := r.Read()
		if errors.Is(err, io.EOF) {
			return cells, r.Columns
		}
		var bad *decode.RecordError
		if errors.As(err, &bad) {
			continue
		}
		require.NoError(t, err)
		row := make([]string, max(len(f.profile.Header), len(rec.Cells)))
		copy(row, rec.Cells)
		cells = append(cells, row[:len(f.profile.Header)])
		each(rec.Header, rec)
	}
}

// tell says what the file is. Where its records state several types, each is one of these.
func (f *crmFile) tell(m *Mapping) Verdict {
	if len(f.profile.Types) < 2 {
		return m.Detect(f.look())
	}
	all := Verdict{Evidence: "types of records"}
	for _, kind := range f.profile.Types {
		if v := m.Detect(Look{Header: f.profile.Header, Types: []string{kind}}); v.Object != "" {
			all.Object, all.Known = "several", max(all.Known, v.Known)
		}
	}
	return all
}

// detect gives the built-in mapping that knows the file, and the most of its columns.
func (f *crmFile) detect(t *testing.T) string {
	t.Helper()
	best, most := "", -1
	for _, name := range Names() {
		v := f.tell(builtinNamed(t, name))
		switch {
		case v.Object == "":
		case v.Known > most:
			best, most = name, v.Known
		case v.Known == most:
			best += " or " + name
		}
	}
	return best
}

// mapped is what the records of the file become.
func (f *crmFile) mapped(t *testing.T, m *Mapping) string {
	t.Helper()
	v := f.tell(m)
	require.NotEmpty(t, v.Object, v.Evidence)
	var out strings.Builder
	for _, object := range append([]string{v.Object}, v.Beside...) {
		fmt.Fprintf(&out, "# %s, told by %s\n", object, v.Evidence)
		f.mapAs(t, m, object, &out)
	}
	return out.String()
}

// mapAs maps the records of the file as those of an object, and of the objects within it.
func (f *crmFile) mapAs(t *testing.T, m *Mapping, object string, out *strings.Builder) {
	t.Helper()
	objectOf := func(kind string) string {
		if kind == "" || len(f.profile.Types) < 2 && m.Objects[kind] == nil {
			return object
		}
		return m.ObjectOfType(kind)
	}
	var children []decode.Child
	for _, kind := range f.profile.Types {
		if o := m.ObjectOfType(kind); o != "" {
			children = append(children, crmChildren(m, kind, o)...)
		}
	}
	if len(f.profile.Types) < 2 {
		children = crmChildren(m, "", object)
	}
	seen := make(map[string]bool)
	_, columns := f.read(t, children, func(_ *decode.Header, r decode.Record) { seen[r.Type] = true })
	mappers := make(map[string]*Mapper)
	batch := &graph.Batch{}
	settings := Settings{Plain: f.profile.Format != decode.FormatCSV}
	plans := make(map[string]*Plan)
	for kind := range seen {
		plan, err := m.Compile(objectOf(kind), columns(kind), settings)
		require.NoError(t, err)
		plans[kind] = plan
	}
	if !settings.Plain {
		settings.Formats = f.formats(t, children, plans)
	}
	for kind, plan := range plans {
		plan, err := m.Compile(objectOf(kind), plan.Header, settings)
		require.NoError(t, err)
		plans[kind], mappers[kind] = plan, plan.NewMapper()
	}
	rec := int64(0)
	f.read(t, children, func(_ *decode.Header, r decode.Record) {
		rec++
		cells := make([]string, len(plans[r.Type].Header))
		copy(cells, r.Cells)
		out.WriteByte('\n')
		names := len(batch.Names)
		skipped, err := mappers[r.Type].Map(batch, rec, r.Line, cells)
		var fe *FieldError
		switch {
		case errors.As(err, &fe):
			fmt.Fprintf(out, "rejected %s: %s: %v\n", fe.ID, fe.Code, err)
		case err != nil:
			require.NoError(t, err)
		case skipped != "":
			fmt.Fprintf(out, "left out: %s\n", skipped)
		default:
			render(t, out, batch, rec)
			for _, n := range batch.Names[names:] {
				fmt.Fprintf(out, "  called %q in %s\n", n.Name, n.Lookup)
			}
		}
	})
	if s := stages(batch); s != "" {
		out.WriteByte('\n')
		out.WriteString(s)
	}
	for _, s := range batch.Stages {
		if s.ID != "" {
			fmt.Fprintf(out, "stage id %s is %q\n", s.ID, s.Label)
		}
	}
	out.WriteString("\ncolumns\n")
	for _, kind := range slices.Sorted(maps.Keys(plans)) {
		for i, uses := range plans[kind].Uses() {
			fmt.Fprintf(out, "  %s%s: %s\n", strings.TrimPrefix(kind+" ", " "), plans[kind].Header[i], strings.Join(uses, ", "))
		}
	}
}

// formats finds out how the columns of a CSV file are written, as a run does.
func (f *crmFile) formats(t *testing.T, children []decode.Child, plans map[string]*Plan) Formats {
	t.Helper()
	found := make(Formats)
	for kind, plan := range plans {
		for _, column := range plan.Formatted() {
			e := NewEvidence(column)
			f.read(t, children, func(_ *decode.Header, r decode.Record) {
				if r.Type == kind && column.Place < len(r.Cells) {
					e.Add(r.Cells[column.Place], r.Line)
				}
			})
			format, err := e.Decide()
			require.NoError(t, err)
			found[column.Column] = format
		}
	}
	return found
}

// crmChildren lists the records within those of an object, one level deep.
func crmChildren(m *Mapping, kind, object string) []decode.Child {
	var all []decode.Child
	for _, column := range slices.Sorted(maps.Keys(m.Objects[object].Children)) {
		c := m.Objects[object].Children[column]
		key := c.Key
		if key == "" {
			key = "id"
		}
		all = append(all, decode.Child{Of: kind, Column: column, Type: c.Object, Parent: c.Parent, Key: key})
	}
	return all
}
