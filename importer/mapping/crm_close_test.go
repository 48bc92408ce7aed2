package mapping

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/projectrye/rye-import/importer/decode"
	"github.com/projectrye/rye-import/importer/graph"
)

// TestClose maps the invented exports of Close, each file by itself, and has every one told from those
// of all other CRMs.
func TestClose(t *testing.T) {
	t.Parallel()

	files, err := filepath.Glob("../../fixtures/close/*")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, path := range files {
		t.Run(filepath.Base(path), func(t *testing.T) {
			t.Parallel()
			closeGolden(t, path)
		})
	}
}

// closeFile is a decoded file.
type closeFile struct {
	profile *decode.Profile
	records []decode.Record
	columns func(kind string) []string
}

// closeRead reads a file whole.
func closeRead(t *testing.T, path string, children []decode.Child) closeFile {
	t.Helper()
	open := func() (io.ReadCloser, error) { return os.Open(path) }
	p, err := decode.Scan(context.Background(), open, decode.Options{})
	require.NoError(t, err)
	f, err := open()
	require.NoError(t, err)
	r, err := decode.NewReader(f, p, decode.Options{Children: children})
	require.NoError(t, err)
	defer func() { require.NoError(t, r.Close()) }()
	out := closeFile{profile: p, columns: r.Columns}
	for {
		rec, err := r.Read()
		if errors.Is(err, io.EOF) {
			return out
		}
		require.NoError(t, err)
		out.records = append(out.records, rec)
	}
}

// closeLook is what a file shows of itself.
func closeLook(f closeFile) Look {
	look := Look{Header: f.profile.Header, Types: f.profile.Types}
	for _, rec := range f.records {
		look.Sample = append(look.Sample, closeCells(rec.Cells, len(look.Header)))
	}
	return look
}

// closeCells gives a record the cells of columns that came after it.
func closeCells(cells []string, width int) []string {
	return append(slices.Clone(cells), make([]string, max(0, width-len(cells)))...)
}

// closeChildren lists the records within those of an object.
func closeChildren(m *Mapping, kind, object string) []decode.Child {
	var all []decode.Child
	for _, column := range sortedKeys(m.Objects[object].Children) {
		c := m.Objects[object].Children[column]
		all = append(all, decode.Child{Of: kind, Column: column, Type: c.Object, Parent: c.Parent, Key: first(c.Key, "id")})
		all = append(all, closeChildren(m, c.Object, c.Object)...)
	}
	return all
}

func closeGolden(t *testing.T, path string) {
	t.Helper()
	m, err := Builtin("close")
	require.NoError(t, err)
	plain := closeRead(t, path, nil)
	look := closeLook(plain)
	verdict := m.Detect(look)
	require.NotEmpty(t, verdict.Object, verdict.Evidence)
	for _, name := range Names() {
		if name != "close" {
			other, err := Builtin(name)
			require.NoError(t, err)
			v := other.Detect(look)
			require.True(t, v.Object == "" || v.Known < verdict.Known, "%s takes it for %s", name, v.Object)
		}
	}

	var out strings.Builder
	for _, object := range append([]string{verdict.Object}, verdict.Beside...) {
		fmt.Fprintf(&out, "# %s\n", object)
		closeMap(t, &out, m, closeRead(t, path, closeChildren(m, "", object)), object)
	}
	golden(t, filepath.Join("close", filepath.Base(path)+".golden"), out.String())
}

// closeMap maps the records of a file, those within others too.
func closeMap(t *testing.T, out *strings.Builder, m *Mapping, f closeFile, object string) {
	t.Helper()
	mappers := make(map[string]*Mapper)
	batch := &graph.Batch{}
	for i, record := range f.records {
		header := f.columns(record.Type)
		if mappers[record.Type] == nil {
			plan, err := m.Compile(first(record.Type, object), header, closeSettings(t, m, f, object))
			require.NoError(t, err)
			mappers[record.Type] = plan.NewMapper()
		}
		rec := int64(i + 1)
		skipped, err := mappers[record.Type].Map(batch, rec, record.Line, closeCells(record.Cells, len(header)))
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
			for _, n := range batch.Names {
				if n.Rec == rec {
					fmt.Fprintf(out, "  called %q in %s\n", n.Name, n.Lookup)
				}
			}
		}
		out.WriteByte('\n')
	}
	out.WriteString(stages(batch))
}

// closeSettings are those of a run: JSON is plain, and the columns of CSV show their formats.
func closeSettings(t *testing.T, m *Mapping, f closeFile, object string) Settings {
	t.Helper()
	s := Settings{Plain: f.profile.Format != decode.FormatCSV, Formats: make(Formats)}
	if s.Plain {
		return s
	}
	plan, err := m.Compile(object, f.profile.Header, s)
	require.NoError(t, err)
	for _, column := range plan.Formatted() {
		e := NewEvidence(column)
		for _, record := range f.records {
			e.Add(record.Cells[column.Place], record.Line)
		}
		format, err := e.Decide()
		require.NoError(t, err)
		s.Formats[column.Column] = format
	}
	return s
}
