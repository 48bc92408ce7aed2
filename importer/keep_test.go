package importer

import (
	"cmp"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/projectrye/rye-import/importer/decode"
	"github.com/projectrye/rye-import/importer/load"
	"github.com/projectrye/rye-import/importer/mapping"
	"github.com/projectrye/rye-import/importer/source"
)

// TestKeep tells which files need not be read, of files that are written as "object:checksum", those of the last run with the objects of
// which they had records, and what else is said of them.
func TestKeep(t *testing.T) {
	t.Parallel()
	m, err := mapping.Builtin("salesforce")
	require.NoError(t, err)
	for name, tc := range map[string]struct {
		last    []string
		now     []string
		open    []string
		reading string // default "same"
		want    []string
	}{
		"first run":         {now: []string{"Account:1"}},
		"same":              {last: []string{"Account:1", "Contact:2"}, now: []string{"Account:1", "Contact:2"}, want: []string{"Account:1", "Contact:2"}},
		"other order":       {last: []string{"Account:1", "Contact:2"}, now: []string{"Contact:2", "Account:1"}, want: []string{"Contact:2", "Account:1"}},
		"changed":           {last: []string{"Account:1", "Contact:2"}, now: []string{"Account:1", "Contact:3"}, want: []string{"Account:1"}},
		"new object":        {last: []string{"Account:1"}, now: []string{"Account:1", "Contact:3"}, want: []string{"Account:1"}},
		"object gone":       {last: []string{"Account:1", "Contact:2"}, now: []string{"Account:1"}, want: []string{"Account:1"}},
		"one of two":        {last: []string{"Account:1", "Account:2", "Contact:3"}, now: []string{"Account:1", "Account:4", "Contact:3"}, want: []string{"Contact:3"}},
		"one more":          {last: []string{"Account:1", "Contact:3"}, now: []string{"Account:1", "Account:2", "Contact:3"}, want: []string{"Contact:3"}},
		"one less":          {last: []string{"Account:1", "Account:2", "Contact:3"}, now: []string{"Account:1", "Contact:3"}, want: []string{"Contact:3"}},
		"twice":             {last: []string{"Account:1", "Account:1"}, now: []string{"Account:1", "Account:1"}, want: []string{"Account:1", "Account:1"}},
		"twice now":         {last: []string{"Account:1"}, now: []string{"Account:1", "Account:1"}},
		"once now":          {last: []string{"Account:1", "Account:1"}, now: []string{"Account:1"}},
		"asked":             {last: []string{"Account:1", "Contact:2"}, now: []string{"Account:1", "Contact:2"}, open: []string{"Contact"}, want: []string{"Account:1"}},
		"not settled":       {last: []string{"Account:1", "Contact:2 unsettled"}, now: []string{"Account:1", "Contact:2"}, want: []string{"Account:1"}},
		"one not settled":   {last: []string{"Account:1", "Account:2 unsettled"}, now: []string{"Account:1", "Account:2"}},
		"read otherwise":    {last: []string{"Account:1"}, now: []string{"Account:1"}, reading: "other"},
		"read by who knows": {last: []string{"Account:1"}, now: []string{"Account:1"}, reading: "-"},
		"not counted":       {last: []string{"Account:1", "Contact:2 uncounted"}, now: []string{"Account:1", "Contact:2"}},
		"counted otherwise": {last: []string{"Account:1", "Contact:2 other"}, now: []string{"Account:1", "Contact:2"}},
		"other encoding":    {last: []string{"Account:1 latin"}, now: []string{"Account:1"}},
		"within others": {
			last: []string{"Account:1+Contact", "Contact:2", "Lead:3"}, now: []string{"Account:1", "Contact:4", "Lead:3"}, want: []string{"Lead:3"},
		},
		"others within": {
			last: []string{"Account:1+Contact", "Contact:2", "Lead:3"}, now: []string{"Account:4", "Contact:2", "Lead:3"}, want: []string{"Lead:3"},
		},
		"within what is new": {
			last: []string{"Contact:2", "Lead:3"}, now: []string{"Contact:2", "Account:1+Contact", "Lead:3"}, want: []string{"Lead:3"},
		},
		"one opens another": {
			last: []string{"Account:1+Contact", "Contact:2+Lead", "Lead:3+Task", "Task:4", "Note:5"},
			now:  []string{"Task:6", "Lead:3", "Contact:2", "Account:1", "Note:5"}, want: []string{"Note:5"},
		},
		"of many types":         {last: []string{"Account:1", "typed:2"}, now: []string{"Account:1", "typed:3"}},
		"the same of many type": {last: []string{"Account:1", "typed:2+Contact"}, now: []string{"Account:1", "typed:2"}, want: []string{"Account:1", "typed:2"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var last []load.LastFile
			for _, l := range tc.last {
				spec, say, _ := strings.Cut(l, " ")
				object, rest, _ := strings.Cut(spec, ":")
				sum, others, _ := strings.Cut(rest, "+")
				tally := fileTally{Reading: "same", Settled: say != "unsettled", Objects: map[string]objectFileTally{object: {Read: 1}}}
				for _, other := range strings.Fields(others) {
					tally.Objects[other] = objectFileTally{Read: 2}
				}
				text, err := json.Marshal(tally)
				require.NoError(t, err)
				file := load.LastFile{Run: 7, Object: object, Format: "csv", Encoding: "utf-8", SHA256: sum, Tally: text}
				switch say {
				case "uncounted":
					file.Tally = nil
				case "other":
					file.Tally = []byte("[1]")
				case "latin":
					file.Encoding = "iso-8859-1"
				}
				last = append(last, file)
			}
			var files []*stagedFile
			for _, n := range tc.now {
				object, rest, _ := strings.Cut(n, ":")
				sum, others, _ := strings.Cut(rest, "+")
				s := &surveyed{
					file: &source.File{Path: n}, record: object, object: object,
					profile: &decode.Profile{Format: decode.FormatCSV, Encoding: "utf-8", SHA256: sum},
				}
				if object == "typed" {
					s.typed, s.object, s.looks = true, "", object
				}
				for _, other := range strings.Fields(others) {
					s.children = append(s.children, decode.Child{Type: other})
				}
				files = append(files, &stagedFile{surveyed: s})
			}
			open := make(map[string]bool)
			for _, o := range tc.open {
				open[o] = true
			}
			by := cmp.Or(tc.reading, "same")
			if by == "-" {
				by = ""
			}
			keep(files, last, by, open, m)
			var got []string
			for _, f := range files {
				if f.kept != nil {
					got = append(got, f.file.Path)
					require.Equal(t, int32(7), f.kept.run)
				}
			}
			require.Equal(t, tc.want, got)
		})
	}
}

// TestMergedByOthers finds the objects of which others tell that they are dead.
func TestMergedByOthers(t *testing.T) {
	t.Parallel()
	of := func(object string) *mapping.Ref { return &mapping.Ref{Objects: []string{object}} }
	m := &mapping.Mapping{Objects: map[string]*mapping.Object{
		"Company": {Merged: of("Company")}, "Companies": {Of: "Company", Merged: of("Companies")}, "Contact": {}, "Person": {Merged: of("Contact")},
	}}
	require.Equal(t, []string{"Contact"}, mergedByOthers(m))
}

// TestReading tells apart what a file may be read by.
func TestReading(t *testing.T) {
	t.Parallel()
	salesforce, err := mapping.Builtin("salesforce")
	require.NoError(t, err)
	hubspot, err := mapping.Builtin("hubspot")
	require.NoError(t, err)
	plain := reading(Config{}, salesforce, "UTC")
	require.NotEmpty(t, plain)
	require.Equal(t, plain, reading(Config{Workers: 7, BatchSize: 3, Prefer: PreferSource, MaxArchive: 5, Source: "x"}, salesforce, "UTC"))
	seen := map[string]bool{plain: true, reading(Config{}, hubspot, "UTC"): true, reading(Config{}, salesforce, "Europe/Prague"): true}
	for _, cfg := range []Config{
		{DateOrder: mapping.DateOrderDMY},
		{DateOrder: mapping.DateOrderMDY},
		{Decimal: mapping.DecimalComma},
		{ArchiveMissing: true},
		{AllowMissingColumns: []string{"Contact.Phone"}},
		{Decode: decode.Options{Encoding: "latin1"}},
		{Decode: decode.Options{Delimiter: ';'}},
		{Decode: decode.Options{Children: []decode.Child{{Column: "a", Type: "b"}}}},
	} {
		seen[reading(cfg, salesforce, "UTC")] = true
	}
	require.Len(t, seen, 11)
}
