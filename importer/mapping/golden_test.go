package mapping

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/projectrye/rye-import/importer/graph"
)

var update = flag.Bool("update", false, "write the golden files anew")

// salesforce is the built-in mapping.
func salesforce(t testing.TB) *Mapping {
	t.Helper()
	return builtinNamed(t, "salesforce")
}

// readRecords reads the records of an object from testdata: a line for each cell, a blank line
// between records. Their header is all names in the order of their first appearance.
func readRecords(t testing.TB, object string) (header []string, rows [][]string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", object+".txt"))
	require.NoError(t, err)
	var records []map[string]string
	for part := range strings.SplitSeq(strings.TrimSpace(string(text)), "\n\n") {
		record := make(map[string]string)
		for line := range strings.SplitSeq(part, "\n") {
			name, cell, ok := strings.Cut(line, ":")
			require.True(t, ok, line)
			require.NotContains(t, record, name)
			record[name] = strings.ReplaceAll(strings.TrimPrefix(cell, " "), `\n`, "\n")
			if !slices.Contains(header, name) {
				header = append(header, name)
			}
		}
		records = append(records, record)
	}
	for _, record := range records {
		row := make([]string, len(header))
		for i, name := range header {
			row[i] = record[name]
		}
		rows = append(rows, row)
	}
	return header, rows
}

// TestGolden maps a few records of each object of the built-in mapping.
func TestGolden(t *testing.T) {
	t.Parallel()

	m := salesforce(t)
	for name := range m.Objects {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			header, rows := readRecords(t, name)
			require.Equal(t, name, m.Detect(Look{Header: header, Sample: rows}).Object)
			plan, err := m.Compile(name, header, Settings{})
			require.NoError(t, err)

			var out strings.Builder
			mapper := plan.NewMapper()
			batch := &graph.Batch{}
			for i, cells := range rows {
				rec := int64(i + 1)
				skipped, err := mapper.Map(batch, rec, i+2, cells)
				var fe *FieldError
				switch {
				case errors.As(err, &fe):
					fmt.Fprintf(&out, "rejected %s: %s: %v\n", fe.ID, fe.Code, err)
				case err != nil:
					require.NoError(t, err)
				case skipped != "":
					fmt.Fprintf(&out, "left out: %s\n", skipped)
				default:
					render(t, &out, batch, rec)
				}
				if i < len(rows)-1 {
					out.WriteByte('\n')
				}
			}
			out.WriteString(stages(batch))
			golden(t, name+".golden", out.String())
		})
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(got), 0o644))
		return
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err, "go test ./importer/mapping -update writes it")
	require.Equal(t, string(want), got)
}

// render writes what one record of a batch became.
func render(t testing.TB, w *strings.Builder, b *graph.Batch, rec int64) {
	t.Helper()
	for i := range b.Records {
		r := &b.Records[i]
		if r.Rec != rec {
			continue
		}
		fmt.Fprintf(w, "%s %s/%s", r.Kind, r.Object, r.ID)
		field(w, "created", stamp(r.CreatedAt))
		field(w, "changed", stamp(r.Version))
		if r.Deleted {
			w.WriteString(", deleted")
		}
		field(w, "same as", key(r.Same))
		if m := r.Money; m != nil {
			fmt.Fprintf(w, ", money %s %s in %s", m.Amount, m.Currency, m.Stage)
		}
		w.WriteByte('\n')
	}
	for i := range b.Nodes {
		if n := &b.Nodes[i]; n.Rec == rec {
			fmt.Fprintf(w, "  node %s %q", n.Type, n.Label)
			field(w, "code", n.CodePrefix)
			entries(t, w, n.Properties)
		}
	}
	for i := range b.Twins {
		if b.Twins[i].Rec == rec {
			fmt.Fprintf(w, "  merged %s\n", key(b.Twins[i].Ref))
		}
	}
	for i := range b.Events {
		if e := &b.Events[i]; e.Rec == rec {
			fmt.Fprintf(w, "  event %s %q at %s", e.Type, e.Summary, stamp(e.OccurredAt))
			field(w, "by", key(e.Actor))
			entries(t, w, e.Properties)
		}
	}
	for i := range b.Participants {
		if p := &b.Participants[i]; p.Rec == rec {
			fmt.Fprintf(w, "  participant %s: %s in %s (%s)", p.Role, key(p.Node), end(p.Event), p.Slot)
			entries(t, w, p.Properties)
		}
	}
	for i := range b.Links {
		if l := &b.Links[i]; l.Rec == rec {
			fmt.Fprintf(w, "  link %s: %s -> %s (%s)", l.EdgeType, end(l.Source), end(l.Target), l.Slot)
			field(w, "since", stamp(l.EffectiveFrom))
			field(w, "until", stamp(l.EffectiveTo))
			if l.Rank != 0 {
				fmt.Fprintf(w, ", rank %d", l.Rank)
			}
			entries(t, w, l.Properties)
		}
	}
	for i := range b.Facts {
		if f := &b.Facts[i]; f.Rec == rec {
			verb := "fact"
			if f.Claim == nil {
				verb = "withdraw"
			}
			fmt.Fprintf(w, "  %s %s/%s of %s (%s)", verb, f.Type, f.Key, end(f.Subject), f.Slot)
			field(w, "asserted", stamp(f.AssertedAt))
			if f.History {
				w.WriteString(", history")
			}
			entries(t, w, f.Claim)
		}
	}
}

// stages writes the stages of a batch; they carry no record.
func stages(b *graph.Batch) string {
	var w strings.Builder
	for _, s := range b.Stages {
		fmt.Fprintf(&w, "stage %q %s", s.Label, s.Key)
		field(&w, "of", key(s.Pipeline))
		for _, n := range []struct {
			what string
			v    *float64
		}{{"order", s.Order}, {"probability", s.Probability}} {
			if n.v != nil {
				fmt.Fprintf(&w, ", %s %v", n.what, *n.v)
			}
		}
		for _, f := range []struct {
			what string
			v    *bool
		}{{"closed", s.Closed}, {"won", s.Won}} {
			if f.v != nil {
				fmt.Fprintf(&w, ", %s %v", f.what, *f.v)
			}
		}
		w.WriteByte('\n')
	}
	return w.String()
}

func field(w *strings.Builder, name, value string) {
	if value != "" {
		fmt.Fprintf(w, ", %s %s", name, value)
	}
}

// entries writes a JSON object with a line for each of its entries.
func entries(t testing.TB, w *strings.Builder, text []byte) {
	t.Helper()
	w.WriteByte('\n')
	if text == nil {
		return
	}
	dec := json.NewDecoder(strings.NewReader(string(text)))
	_, err := dec.Token()
	require.NoError(t, err)
	for dec.More() {
		name, err := dec.Token()
		require.NoError(t, err)
		var value json.RawMessage
		require.NoError(t, dec.Decode(&value))
		fmt.Fprintf(w, "    %s: %s\n", name, value)
	}
}

func stamp(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return at.Format(time.RFC3339Nano)
}

func key(r graph.Ref) string {
	switch {
	case r.IsZero():
		return ""
	case r.Object == "":
		return "any/" + r.ID
	}
	return r.Object + "/" + r.ID
}

func end(r graph.Ref) string {
	if r.IsZero() {
		return "itself"
	}
	return key(r)
}
