package mapping

import (
	"bytes"
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

// TestHubSpot maps the fixtures of HubSpot and of Twenty as they would be mapped if the CRM were not
// known.
func TestHubSpot(t *testing.T) {
	t.Parallel()
	all := hubspotMappings(t)
	for _, crm := range []string{"hubspot", "twenty"} {
		t.Run(crm, func(t *testing.T) {
			t.Parallel()
			files, err := os.ReadDir(filepath.Join("..", "..", "fixtures", crm))
			require.NoError(t, err)
			require.NotEmpty(t, files)
			for _, f := range files {
				t.Run(f.Name(), func(t *testing.T) {
					t.Parallel()
					text, err := os.ReadFile(filepath.Join("..", "..", "fixtures", crm, f.Name()))
					require.NoError(t, err)
					golden(t, filepath.Join(crm, f.Name()+".golden"), hubspotGolden(t, all, crm, text))
				})
			}
		})
	}
}

// TestHubSpot_Foreign leaves exports of Salesforce to its mapping, though columns are called the same.
func TestHubSpot_Foreign(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(filepath.Join("..", "..", "fixtures", "salesforce", "*.csv"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	all := hubspotMappings(t)
	for _, path := range files {
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		look := hubspotLook(t, text)
		for _, m := range all {
			if m.Name == "hubspot" || m.Name == "twenty" {
				require.Empty(t, m.Detect(look).Object, "%s, by %s", path, m.Name)
			}
		}
	}
}

// hubspotMappings are all that are built in.
func hubspotMappings(t *testing.T) []*Mapping {
	t.Helper()
	var all []*Mapping
	for _, name := range Names() {
		m, err := Builtin(name)
		require.NoError(t, err)
		all = append(all, m)
	}
	return all
}

// hubspotPlan is what records are mapped by.
type hubspotPlan struct {
	object string
	header *decode.Header
}

// hubspotGolden reads a file of a CRM and writes what becomes of it.
func hubspotGolden(t *testing.T, all []*Mapping, crm string, text []byte) string {
	t.Helper()
	m, object := hubspotDetect(t, all, hubspotLook(t, text))
	require.Equal(t, crm, m.Name, "what it is found to be")

	profile := hubspotScan(t, text)
	children := hubspotChildren(m, "", object)
	for _, kind := range profile.Types {
		children = append(children, hubspotChildren(m, kind, m.ObjectOfType(kind))...)
	}
	records, err := hubspotRecords(t, text, profile, children)
	require.NoError(t, err)
	settings := Settings{Plain: profile.Format != decode.FormatCSV}
	if !settings.Plain {
		settings.Formats = hubspotFormats(t, m, object, records)
	}
	var out strings.Builder
	fmt.Fprintf(&out, "%s of %s\n", object, m.Name)
	batch := &graph.Batch{}
	mappers := make(map[hubspotPlan]*Mapper)
	for i, rec := range records {
		out.WriteByte('\n')
		of := object
		if rec.Type != "" {
			of = m.ObjectOfType(rec.Type)
		}
		by := hubspotPlan{of, rec.Header}
		if mappers[by] == nil {
			plan, err := m.Compile(of, rec.Header.Names, settings)
			require.NoError(t, err)
			mappers[by] = plan.NewMapper()
			if i == 0 {
				hubspotDropped(&out, plan)
			}
		}
		skipped, err := mappers[by].Map(batch, int64(i+1), rec.Line, rec.Cells)
		var fe *FieldError
		switch {
		case errors.As(err, &fe):
			fmt.Fprintf(&out, "rejected %s: %s: %v\n", fe.ID, fe.Code, err)
		case err != nil:
			require.NoError(t, err)
		case skipped != "":
			fmt.Fprintf(&out, "left out: %s\n", skipped)
		default:
			render(t, &out, batch, int64(i+1))
			for _, n := range batch.Names {
				if n.Rec == int64(i+1) {
					fmt.Fprintf(&out, "  answers to %s %q\n", n.Lookup, n.Name)
				}
			}
		}
	}
	out.WriteString(stages(batch))
	return out.String()
}

func hubspotScan(t *testing.T, text []byte) *decode.Profile {
	t.Helper()
	open := func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(text)), nil }
	profile, err := decode.Scan(t.Context(), open, decode.Options{})
	require.NoError(t, err)
	return profile
}

// hubspotLook is what a file shows of itself.
func hubspotLook(t *testing.T, text []byte) Look {
	t.Helper()
	profile := hubspotScan(t, text)
	look := Look{Header: profile.Header, Types: profile.Types}
	records, err := hubspotRecords(t, text, profile, nil)
	var bad *decode.RecordError // Salesforce's fixtures have some
	require.True(t, err == nil || errors.As(err, &bad), err)
	for _, rec := range records {
		cells := make([]string, len(profile.Header))
		copy(cells, rec.Cells)
		look.Sample = append(look.Sample, cells)
	}
	return look
}

// hubspotDropped lists the columns that are left out.
func hubspotDropped(out *strings.Builder, p *Plan) {
	var dropped []string
	for i, uses := range p.Uses() {
		if len(uses) == 1 && strings.HasPrefix(uses[0], "dropped: ") {
			dropped = append(dropped, p.Header[i])
		}
	}
	if dropped != nil {
		slices.Sort(dropped)
		fmt.Fprintf(out, "left out columns: %s\n\n", strings.Join(dropped, ", "))
	}
}

// hubspotDetect asks all built-in mappings what a file is. One of them has a use for most columns.
func hubspotDetect(t *testing.T, all []*Mapping, look Look) (best *Mapping, object string) {
	t.Helper()
	most, tied := 0, ""
	for _, m := range all {
		v := m.Detect(look)
		if len(look.Types) > 1 { // as a capture has them
			for _, kind := range look.Types {
				if one := m.Detect(Look{Header: look.Header, Types: []string{kind}}); one.Known > v.Known {
					v = one
				}
			}
		}
		switch {
		case v.Object == "":
		case v.Known > most:
			best, object, most, tied = m, v.Object, v.Known, ""
		case v.Known == most:
			tied = m.Name
		}
	}
	require.NotNil(t, best, "no mapping knows %v", look.Header)
	require.Empty(t, tied, "knows as much as %s", best.Name)
	return best, object
}

// hubspotRecords reads the records of a file, to its end or to the first that is bad.
func hubspotRecords(t *testing.T, text []byte, p *decode.Profile, children []decode.Child) ([]decode.Record, error) {
	t.Helper()
	r, err := decode.NewReader(io.NopCloser(bytes.NewReader(text)), p, decode.Options{Children: children})
	require.NoError(t, err)
	var all []decode.Record
	for {
		rec, err := r.Read()
		if errors.Is(err, io.EOF) {
			return all, r.Close()
		}
		if err != nil {
			return all, errors.Join(err, r.Close())
		}
		all = append(all, rec)
	}
}

// hubspotChildren lists the records that stand within those of an object.
func hubspotChildren(m *Mapping, kind, object string) []decode.Child {
	var all []decode.Child
	for _, column := range sortedKeys(m.Objects[object].Children) {
		c := m.Objects[object].Children[column]
		key := c.Key
		if key == "" {
			key = "id"
		}
		all = append(all, decode.Child{Of: kind, Column: column, Type: c.Object, Parent: c.Parent, Key: key})
		all = append(all, hubspotChildren(m, c.Object, c.Object)...)
	}
	return all
}

// hubspotFormats finds out how the dates and numbers of a CSV file are written.
func hubspotFormats(t *testing.T, m *Mapping, object string, records []decode.Record) Formats {
	t.Helper()
	plan, err := m.Compile(object, records[0].Header.Names, Settings{})
	require.NoError(t, err)
	formats := make(Formats)
	for _, column := range plan.Formatted() {
		e := NewEvidence(column)
		for _, rec := range records {
			e.Add(rec.Cells[column.Place], rec.Line)
		}
		formats[column.Column], err = e.Decide()
		require.NoError(t, err)
	}
	return formats
}
