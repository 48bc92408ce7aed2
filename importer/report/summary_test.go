package report

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write the golden files anew")

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(path, []byte(got), 0o644))
		return
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err, "go test ./importer/report -update writes it")
	require.Equal(t, string(want), got)
}

var started = time.Date(2024, 10, 6, 2, 0, 0, 0, time.UTC)

const runID = "0192600c-9f00-7abc-8def-0123456789ab"

// full is a summary in which every field says something.
func full() *Summary {
	s := NewSummary("run", started)
	s.RunID, s.Source, s.CRM, s.Status = runID, "salesforce", "salesforce", "done"
	s.FinishedAt, s.Seconds, s.Balanced = started.Add(90*time.Second), 90, true
	s.Files = []File{
		{Path: "Contact.csv", Object: "Contact", SHA256: "00ff", Encoding: "utf-8", Format: "csv", Records: 1_234_567},
		{Path: "Case.csv", Format: "csv", Encoding: "iso-8859-1", SHA256: "01ff", Records: 8, SameAsRun: 41, Note: "no mapping for this object"},
		{Path: "Empty.csv", Format: "empty", Encoding: "utf-8", SHA256: "02ff", Note: "the file is empty"},
	}
	s.Skipped = []Skipped{{Path: "logo.png", Reason: "a picture <PNG>"}}
	s.Objects = map[string]Object{
		"Contact": {
			Read: 1_234_567, Created: 1_234_000, Updated: 500, Unchanged: 50, Archived: 10, Rejected: 4, Filtered: 3, Missing: 1_001, Deferred: 2,
			Codes: "CON-2401-0001 … CON-2409-12345", Filters: Counts{"not active": 1, "an older version": 2}, Seconds: 61.04,
		},
		"Account": {Read: 2, Created: 2, Codes: "ORG-2401-0001 … ORG-2401-0002", Seconds: 0.0004},
		"Case":    {Read: 8, Filtered: 8, Filters: Counts{"no mapping for this object": 8}, Unmapped: true},
	}
	s.Links = map[string]Link{
		"employs":  {Found: 15, Linked: 1, Unchanged: 2, Closed: 3, Deferred: 4, Rejected: 5},
		"owned_by": {Found: 1_000, Linked: 1_000},
	}
	s.Graph = Graph{
		Nodes: GraphNodes{Created: 1_234_002, Updated: 500, Archived: 1_011}, Edges: GraphEdges{Created: 1_001, Updated: 6, Closed: 3},
		Assertions: GraphAssertions{Created: 12, Superseded: 7}, Events: GraphEvents{Created: 5, Participants: 9},
	}
	s.Sums = map[string]map[string]Sum{
		"deal_value": {
			"EUR": {Source: "1234567890123.45", Graph: "1234567890123.45"},
			"JPY": {Source: "-1000.00", Graph: "-1000.00"},
		},
		"deal_value_by_stage": {"EUR prospecting": {Source: "1234567890123.45", Graph: "1234567890123.45"}},
	}
	s.Rejects = Rejects{Path: "rejects of Eve's/" + runID, ByCode: Counts{"invalid_date": 1, "duplicate_id": 3}, Known: 2}
	s.Deferred = []Deferred{
		{Object: "Contact", Kind: "link", Link: "AccountId", WaitsFor: "Account", Count: 1_500, Since: started},
		{Object: "Task", Kind: "participant", Link: "WhoId", Count: 1, Since: started.AddDate(0, 0, -7)},
	}
	edited := started.AddDate(0, 0, -2)
	s.Conflicts = Conflicts{Total: 12, Open: []Conflict{
		{Object: "Contact", ID: "c1", Code: "CON-2401-0001", Kind: "property", Field: "properties.title", File: "Contact.csv", Line: 2, EditedBy: "mia", EditedAt: &edited, Run: 6},
		{Object: "Opportunity", ID: "d1", Kind: "fact", Field: "facts.deal_stage.default", EditedBy: "unknown", Run: 7},
	}}
	s.Names = []Name{
		{Lookup: "Account.name", Name: "Acme", State: NameAmbiguous, Links: 1_200, Candidates: []Candidate{
			{Object: "Account", ID: "a1", Code: "ORG-2401-0001", Label: "Acme"}, {Object: "Account", ID: "a2", Label: "ACME"},
		}},
		{Lookup: "Account,Contact.name", Name: "Globbex", State: NameUnknown, Links: 2, Suggestion: "Globex"},
		{Lookup: "Account.name", Name: strings.Repeat("Ž", 41), State: NameUnknown, Links: 1},
	}
	s.NamesTotal = 3
	s.TimeZone, s.Mapping = "UTC", "salesforce/1/0123456789abcdef"
	s.Warnings = []string{"Contact: 2 rejected rows do not tell their id"}
	s.Phases = []Phase{{Name: "survey", Seconds: 0.25}, {Name: "stage", Seconds: 59.94}, {Name: "links", Seconds: 3_725}}
	return s
}

func TestWriteJSON(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	require.NoError(t, WriteJSON(&out, full()))
	golden(t, "summary.json", out.String())
	dec := json.NewDecoder(&out)
	dec.DisallowUnknownFields()
	var back Summary
	require.NoError(t, dec.Decode(&back))
	require.Equal(t, full(), &back)
}

// TestWriteJSON_Failed is what a run says of which nothing is known: who reads it finds every list
// and object, none of them null.
func TestWriteJSON_Failed(t *testing.T) {
	t.Parallel()
	s := NewSummary("demo", started.In(time.FixedZone("CET", 3600)))
	s.Error, s.Imbalance = "Contact.csv: \"malformed\" & cut", []string{"Contact: 2 records read, 1 accounted for"}
	var out bytes.Buffer
	require.NoError(t, WriteJSON(&out, s))
	require.NotContains(t, out.String(), "null")
	golden(t, "failed.json", out.String())
}

func TestWriteText(t *testing.T) {
	t.Parallel()
	manyKinds := NewSummary("run", started)
	manyKinds.Source, manyKinds.RunID = "salesforce", runID
	for _, o := range []string{"A", "B", "C", "D", "E", "F", "G", "H", "I", "J"} {
		manyKinds.Deferred = append(manyKinds.Deferred, Deferred{Object: o, Link: "OwnerId", WaitsFor: "User", Count: 1, Since: started})
		manyKinds.Skipped = append(manyKinds.Skipped, Skipped{Path: o + ".png", Reason: "a picture"}, Skipped{Path: o + ".pdf", Reason: "a document"})
	}
	for i := range 12 {
		manyKinds.Names = append(manyKinds.Names, Name{Lookup: "User.name", Name: fmt.Sprint("Ada ", i), State: NameUnknown, Links: 1})
	}
	manyKinds.NamesTotal = 1_010
	manyKinds.Objects["A"] = Object{Read: 10, Created: 10}
	nothing := NewSummary("run", started)
	nothing.Source, nothing.RunID, nothing.Seconds = "sales force", runID, 0.25
	nothing.Objects["Contact"] = Object{Read: 3, Unchanged: 3}
	none := NewSummary("run", started)
	none.Source, none.RunID = "salesforce", "short"
	for _, tc := range []struct {
		name    string
		summary *Summary
		opts    TextOptions
	}{
		{name: "summary", summary: full()},
		{name: "summary_color", summary: full(), opts: TextOptions{Color: true}},
		{name: "unchanged", summary: nothing},
		{name: "no_records", summary: none},
		{name: "many_kinds", summary: manyKinds},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			WriteText(&out, tc.summary, tc.opts)
			require.Equal(t, tc.opts.Color, strings.Contains(out.String(), "\x1b["))
			golden(t, tc.name+".txt", out.String())
		})
	}
}

func TestRejects_Total(t *testing.T) {
	t.Parallel()
	require.Equal(t, int64(4), full().Rejects.Total())
	require.Zero(t, Rejects{}.Total())
}

func TestThousands(t *testing.T) {
	t.Parallel()
	for n, want := range map[int64]string{
		0: "0", 7: "7", 999: "999", 1_000: "1,000", 12_345: "12,345", 999_999: "999,999", 1_000_000: "1,000,000",
		-1: "-1", -999: "-999", -1_000: "-1,000", math.MaxInt64: "9,223,372,036,854,775,807",
	} {
		require.Equal(t, want, Thousands(n))
	}
}

// TestDecimal has amounts that no float holds.
func TestDecimal(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"0": "0", "0.10": "0.10", "999.5": "999.5", "1000": "1,000", "-999.99": "-999.99", "-1000.00": "-1,000.00",
		"123456789012345678901234567890.12345678901234567890": "123,456,789,012,345,678,901,234,567,890.12345678901234567890",
	} {
		require.Equal(t, want, Decimal(in))
	}
	for in, want := range map[string]string{
		"": "", "5": "5.00", "5.5": "5.50", "1234.56": "1,234.56", "-1234567.8": "-1,234,567.80", "1.50000000": "1.50",
	} {
		require.Equal(t, want, twoDecimals(in))
	}
}

func TestAge(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	for in, want := range map[time.Duration]string{
		-time.Second: "today", 0: "today", day - 1: "today", day: "1 day", 2*day - 1: "1 day", 2 * day: "2 days", 1_000 * day: "1,000 days",
	} {
		require.Equal(t, want, age(in), in)
	}
}

func TestRound(t *testing.T) {
	t.Parallel()
	for in, want := range map[time.Duration]string{
		1_499 * time.Microsecond: "1ms", 999 * time.Millisecond: "999ms", 1_449 * time.Millisecond: "1.4s",
		time.Minute + 499*time.Millisecond: "1m0s", time.Hour + 1_500*time.Millisecond: "1h0m2s",
	} {
		require.Equal(t, want, round(in).String())
	}
	require.Equal(t, "·", seconds(0))
	require.Equal(t, "1ms", seconds(0.0004), "it took some time")
	require.Equal(t, "1ms", seconds(0.0005))
}

func TestQuoted(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"rejects/0192-a_b.csv": "rejects/0192-a_b.csv", "my rejects": "'my rejects'", "Eve's": `'Eve'\''s'`,
		"$(date)": "'$(date)'", "a\nb": "'a\nb'", "žluť": "'žluť'",
	} {
		require.Equal(t, want, quoted(in))
	}
}

func TestClip(t *testing.T) {
	t.Parallel()
	require.Equal(t, "žlu", clip("žlu", 3))
	require.Equal(t, "žlu…", clip("žluť", 3), "letters are counted and not bytes")
	require.Empty(t, clip("", 0))
}

// TestWriteText_Same counts files that were not read, of which one whose rows are of several objects is one.
func TestWriteText_Same(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		files []File
		want  string
	}{
		"all read": {files: []File{{Path: "a.csv"}, {Path: "b.csv"}}},
		"some":     {files: []File{{Path: "a.csv", SameAsRun: 7}, {Path: "b.csv"}}, want: "1 of 2 files: the same as in run 7, and not read again."},
		"twice":    {files: []File{{Path: "a.csv", SameAsRun: 7}, {Path: "a.csv", SameAsRun: 7}}, want: "1 of 1 file: the same as in run 7, and not read again."},
		"in part":  {files: []File{{Path: "a.csv", SameAsRun: 7}, {Path: "a.csv"}}},
	} {
		s := NewSummary("run", started)
		s.Files = tc.files
		var out bytes.Buffer
		WriteText(&out, s, TextOptions{})
		if tc.want == "" {
			require.NotContains(t, out.String(), "not read again", name)
		} else {
			require.Contains(t, out.String(), tc.want, name)
		}
	}
}
