package mapping

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/projectrye/rye-import/importer/decode"
	"github.com/projectrye/rye-import/importer/graph"
)

// TestZoho maps the invented exports of Zoho CRM.
func TestZoho(t *testing.T) {
	t.Parallel()
	zohoGoldens(t, "zoho")
}

// zohoGoldens maps each invented export of a CRM, and compares what becomes of it with its golden. Of all
// built-in mappings the CRM's own must be the one that knows most of it.
func zohoGoldens(t *testing.T, crm string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("..", "..", "fixtures", crm, "*.*"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	mappings := make(map[string]*Mapping)
	for _, name := range Names() {
		mappings[name], err = Builtin(name)
		require.NoError(t, err)
	}
	m := mappings[crm]
	for _, file := range files {
		name := filepath.Base(file)
		if filepath.Ext(name) == ".md" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			profile, records := zohoRead(t, file)
			look := Look{Header: profile.Header, Types: profile.Types}
			for _, rec := range records {
				look.Sample = append(look.Sample, rec.Cells[:len(profile.Header)])
			}
			found := m.Detect(look)
			require.NotEmpty(t, found.Object, found.Evidence)
			for other, rival := range mappings {
				if v := rival.Detect(look); other != crm && v.Object != "" {
					require.Greater(t, found.Known, v.Known, "%s takes it for %s", other, v.Object)
				}
			}

			var out strings.Builder
			for _, object := range append([]string{found.Object}, found.Beside...) {
				zohoMap(t, &out, m, object, profile, records)
			}
			golden(t, filepath.Join(crm, name+".golden"), out.String())
		})
	}
}

// zohoRead reads all records of a file.
func zohoRead(t *testing.T, file string) (*decode.Profile, []decode.Record) {
	t.Helper()
	open := func() (io.ReadCloser, error) { return os.Open(file) }
	profile, err := decode.Scan(context.Background(), open, decode.Options{})
	require.NoError(t, err)
	rc, err := open()
	require.NoError(t, err)
	reader, err := decode.NewReader(rc, profile, decode.Options{})
	require.NoError(t, err)
	defer func() { require.NoError(t, reader.Close()) }()
	var records []decode.Record
	for {
		rec, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return profile, records
		}
		require.NoError(t, err)
		kept := rec
		kept.Cells = append([]string(nil), rec.Cells...)
		records = append(records, kept)
	}
}

// zohoMap maps the records as one object, as a run does: with what the columns show of their formats.
func zohoMap(t *testing.T, out *strings.Builder, m *Mapping, object string, profile *decode.Profile, records []decode.Record) {
	t.Helper()
	settings := Settings{Plain: profile.Format != decode.FormatCSV, Formats: Formats{}}
	plan, err := m.Compile(object, profile.Header, settings)
	require.NoError(t, err)
	for _, column := range plan.Formatted() {
		evidence := NewEvidence(column)
		for _, rec := range records {
			evidence.Add(rec.Cells[column.Place], rec.Line)
		}
		format, err := evidence.Decide()
		require.NoError(t, err)
		settings.Formats[column.Column] = format
	}
	plan, err = m.Compile(object, profile.Header, settings)
	require.NoError(t, err)

	fmt.Fprintf(out, "as %s\n", object)
	for i, uses := range plan.Uses() {
		if len(uses) == 1 && strings.HasPrefix(uses[0], keptAs) {
			fmt.Fprintf(out, "%s is %s\n", profile.Header[i], uses[0])
		}
	}
	mapper, batch := plan.NewMapper(), &graph.Batch{}
	for i, rec := range records {
		out.WriteByte('\n')
		skipped, err := mapper.Map(batch, int64(i+1), rec.Line, rec.Cells[:len(profile.Header)])
		var fe *FieldError
		switch {
		case errors.As(err, &fe):
			fmt.Fprintf(out, "rejected %s: %s: %v\n", fe.ID, fe.Code, err)
		case err != nil:
			require.NoError(t, err)
		case skipped != "":
			fmt.Fprintf(out, "left out: %s\n", skipped)
		default:
			render(t, out, batch, int64(i+1))
			for _, n := range batch.Names {
				if n.Rec == int64(i+1) {
					fmt.Fprintf(out, "  %s %q\n", n.Lookup, n.Name)
				}
			}
		}
	}
	out.WriteString(stages(batch))
}
