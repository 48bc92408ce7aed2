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

func TestPipedrive(t *testing.T) {
	t.Parallel()
	pipedriveExport(t, "pipedrive")
}

// pipedriveExport maps the invented export of a CRM, each file by itself. Every file has to be told from
// those of all other CRMs.
func pipedriveExport(t *testing.T, crm string) {
	t.Helper()
	m, err := Builtin(crm)
	require.NoError(t, err)
	files, err := filepath.Glob(filepath.Join("../../fixtures", crm, "*.*[nv]"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, path := range files {
		t.Run(filepath.Base(path), func(t *testing.T) {
			t.Parallel()

			whole := pipedriveRead(t, path, nil)
			v := m.Detect(whole.look)
			require.NotEmpty(t, v.Object, v.Evidence)
			for _, name := range Names() {
				if name == crm {
					continue
				}
				other, err := Builtin(name)
				require.NoError(t, err)
				taken := other.Detect(whole.look)
				require.True(t, taken.Object == "" || taken.Known < v.Known, "%s has a use for %d columns as %s, and %s for %d as %s",
					name, taken.Known, taken.Object, crm, v.Known, v.Object)
			}
			var out strings.Builder
			for _, object := range append([]string{v.Object}, v.Beside...) {
				fmt.Fprintf(&out, "# %s\n", object)
				pipedriveMap(t, &out, m, object, pipedriveRead(t, path, pipedriveChildren(m, "", object)))
			}
			golden(t, filepath.Join(crm, filepath.Base(path)+".golden"), out.String())
		})
	}
}

// pipedriveFile is a file that was read to its end.
type pipedriveFile struct {
	look    Look
	format  decode.Format
	records []decode.Record
	columns func(kind string) []string
}

func pipedriveRead(t *testing.T, path string, children []decode.Child) pipedriveFile {
	t.Helper()
	open := func() (io.ReadCloser, error) { return os.Open(path) }
	p, err := decode.Scan(context.Background(), open, decode.Options{})
	require.NoError(t, err)
	rc, err := open()
	require.NoError(t, err)
	r, err := decode.NewReader(rc, p, decode.Options{Children: children})
	require.NoError(t, err)
	defer r.Close()
	f := pipedriveFile{look: Look{Header: p.Header, Types: p.Types}, format: p.Format, columns: r.Columns}
	for {
		rec, err := r.Read()
		if errors.Is(err, io.EOF) {
			return f
		}
		require.NoError(t, err)
		f.records = append(f.records, rec)
		f.look.Sample = append(f.look.Sample, pipedriveCells(rec, p.Header))
	}
}

// pipedriveCells are the cells of a record for all columns of its file, those too that came later.
func pipedriveCells(rec decode.Record, header []string) []string {
	return append(slices.Clone(rec.Cells), make([]string, max(0, len(header)-len(rec.Cells)))...)
}

// pipedriveChildren lists the records that stand within those of an object.
func pipedriveChildren(m *Mapping, kind, object string) []decode.Child {
	var all []decode.Child
	for _, column := range sortedKeys(m.Objects[object].Children) {
		c := m.Objects[object].Children[column]
		all = append(all, decode.Child{Of: kind, Column: column, Type: c.Object, Parent: c.Parent, Key: first(c.Key, "id")})
		all = append(all, pipedriveChildren(m, c.Object, c.Object)...)
	}
	return all
}

// pipedriveMap maps the records of a file as a run does, and writes what they become.
func pipedriveMap(t *testing.T, out *strings.Builder, m *Mapping, object string, f pipedriveFile) {
	t.Helper()
	mappers := make(map[string]*Mapper)
	batch := &graph.Batch{}
	for i, record := range f.records {
		header := f.columns(record.Type)
		name := first(record.Type, object)
		if mappers[name] == nil {
			settings := Settings{Plain: f.format != decode.FormatCSV}
			plan, err := m.Compile(name, header, settings)
			require.NoError(t, err)
			if !settings.Plain {
				settings.Formats = pipedriveFormats(t, plan, f.records)
				plan, err = m.Compile(name, header, settings)
				require.NoError(t, err)
			}
			mappers[name] = plan.NewMapper()
		}
		rec := int64(i + 1)
		skipped, err := mappers[name].Map(batch, rec, record.Line, pipedriveCells(record, header))
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
					fmt.Fprintf(out, "  %s %q\n", n.Lookup, n.Name)
				}
			}
		}
		out.WriteByte('\n')
	}
	out.WriteString(stages(batch))
	for _, s := range batch.Stages {
		if s.ID != "" {
			fmt.Fprintf(out, "stage %q is %s\n", s.Label, s.ID)
		}
	}
}

// pipedriveFormats finds out what the columns show of their format.
func pipedriveFormats(t *testing.T, plan *Plan, records []decode.Record) Formats {
	t.Helper()
	formats := make(Formats)
	for _, c := range plan.Formatted() {
		e := NewEvidence(c)
		for _, rec := range records {
			e.Add(rec.Cells[c.Place], rec.Line)
		}
		format, err := e.Decide()
		require.NoError(t, err)
		formats[c.Column] = format
	}
	return formats
}
