package report

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

func TestWriteInspection(t *testing.T) {
	t.Parallel()
	in := &Inspection{
		CRM: "salesforce", Mapping: "salesforce/1/0123456789abcdef",
		Detected: Detection{CRM: "salesforce", Files: 2, Columns: 41, RunnerUp: &RunnerUp{CRM: "ledger", Files: 1, Columns: 2}},
		Files: []InspectedFile{
			{
				Path: "Contact.csv", Object: "Contact", Evidence: "columns Id, LastName", Format: "csv", Encoding: "windows-1252", Delimiter: ";",
				SHA256: "00ff", Bytes: 1 << 20, Records: 3_000, Bad: 2, Duplicates: 1, Rejects: Counts{"ragged_row": 2, "invalid_date": 1},
				Undecided: []string{`Contact.csv: column "Birthdate": no cell decides the order of day and month of its dates; say --date-order mdy or --date-order dmy`},
				Columns: []Column{
					{Name: "Id", Filled: 2_998, Distinct: 2_997, Type: "text", Samples: []string{"999X", "999XX"}, Uses: []string{"key"}},
					{Name: "LastName", Filled: 1, Distinct: 1, Type: "text", Samples: []string{"Xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"}, Uses: []string{"label", "property last_name"}},
					{Name: "Birthdate", Filled: 3_000, Distinct: 10_000, DistinctOver: true, Type: "date", Format: "day and month in either order", Misfits: 1, Samples: []string{"99/99/9999"}, Uses: []string{"property birthdate"}},
					{Name: "Fax", Type: "empty"},
					{Name: "Level__c", Filled: 3_000, Distinct: 3, Type: "number", Samples: []string{"9"}, Uses: []string{"kept as Level__c"}, KeptAs: "Level__c"},
				},
			},
			{Path: "Case.csv", Evidence: "no mapping for this object", Format: "csv", Encoding: "utf-8", Records: 8},
			{Path: "Task.csv", Object: "Task", Evidence: "columns Id, WhoId", Format: "csv", Encoding: "utf-8"},
		},
		Objects: map[string]*InspectedObject{
			"Case":    {Read: 8, Unmapped: true},
			"Contact": {Read: 3_000, Rejected: 3, Filtered: 1, Duplicates: 1, Filters: Counts{"of no use": 1}, Nodes: Counts{"person": 2_996}, Edges: Counts{"employs": 2_000, "reports_to": 3}, Facts: Counts{"contact_info": 1}},
			"Task":    {Read: 1, Events: Counts{"note": 1}},
		},
		Links: []InspectedLink{
			{Object: "Contact", Link: "reports_to", Column: "ReportsToId", References: 3, Orphans: 1},
			{Object: "Contact", Link: "employs", Column: "Account Name", ByName: true, References: 2_000, Ambiguous: 2, Made: 7},
		},
		Rejects: Counts{"ragged_row": 2, "invalid_date": 1},
		Skipped: []Skipped{{Path: "logo.png", Reason: "a picture"}},
	}
	var text, doc bytes.Buffer
	WriteInspection(&text, in, TextOptions{})
	golden(t, "inspection.txt", text.String())
	for line := range strings.Lines(text.String()) {
		require.LessOrEqual(t, utf8.RuneCountInString(strings.TrimRight(line, " \n")), 100, line)
	}
	require.NoError(t, WriteJSON(&doc, in))
	golden(t, "inspection.json", doc.String())
}

func TestWriteLint(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	WriteLint(&out, &Lint{
		File: "mine.yaml", Errors: []LintError{{Line: 12, Text: "objects.Contact.key: is missing"}, {Text: "mapping: the name is missing"}},
		Examples: LintExamples{Total: 2, Failures: []LintExample{
			{Example: 2, Line: 40, Object: "Contact", Differences: []LintDifference{{What: "properties.email", Want: `"a@example.com"`}, {What: "label", Want: "Ada", Got: "Eve"}}},
			{Example: 3, Object: "Lead", Differences: []LintDifference{{What: "rejected", Got: "missing_id"}}},
		}},
	}, TextOptions{})
	for _, l := range []*Lint{
		{File: "mine.yaml", Mapping: "mine/1/00ff", OK: true},
		{File: "mine.yaml", Mapping: "mine/1/00ff", OK: true, Examples: LintExamples{Total: 1}},
		{
			File: "salesforce", Mapping: "salesforce/1/00ff", OK: true, Examples: LintExamples{Total: 4},
			Files: []LintedFile{
				{
					Path: "Contact.csv", Object: "Contact", Evidence: "columns Id, LastName", Records: 3_000,
					Undecided: []string{`Contact.csv: column "Birthdate": no cell decides the order of day and month of its dates; say --date-order mdy or --date-order dmy`},
					Unused:    []LintColumn{{Name: "Level__c", Filled: 1_500}, {Name: "Colour__c"}},
					Lacks:     strings.Split(strings.Repeat("A column that is not there|", 8)+"Another", "|"),
					Unfilled:  []LintProperty{{Type: "person", Property: "first_name", Nodes: 1_200}},
					Unknown:   []LintValue{{Column: "Rating", Value: "Xxxxxx", Records: 3}},
					Rejects:   []LintReject{{Code: "invalid_date", Column: "Birthdate", Reason: "is not a date that exists (YYYY-MM-DD)", Records: 7, Line: 84}},
				},
				{Path: "Case.csv", Evidence: "no mapping for this object", Records: 1},
			},
			Skipped: []Skipped{{Path: "logo.png", Reason: "a picture"}},
		},
	} {
		out.WriteByte('\n')
		WriteLint(&out, l, TextOptions{})
	}
	WriteMappings(&out, []MappingRow{
		{Name: "salesforce", Title: "Salesforce", Version: 1, Objects: strings.Split(strings.Repeat("Account,", 20)+"Task", ",")}, {Name: "ledger", Title: "Ledger", Version: 12},
	}, TextOptions{})
	golden(t, "lint.txt", out.String())
	for line := range strings.Lines(out.String()) {
		require.LessOrEqual(t, utf8.RuneCountInString(strings.TrimRight(line, " \n")), 100, line)
	}
}

func TestWriteJournal(t *testing.T) {
	t.Parallel()
	done := started.Add(83 * time.Second)
	var out bytes.Buffer
	WriteJournal(&out, []JournalRow{
		{Number: 12, ID: runID, Source: "salesforce", Command: "run", Status: "running", StartedAt: started},
		{Number: 11, ID: "0192", Source: "second", Command: "demo", Status: "failed", StartedAt: started, FinishedAt: &done, Error: strings.Repeat("ž", 81)},
		{Number: 9, ID: runID, Source: "salesforce", Command: "run", Status: "done", StartedAt: started, FinishedAt: &done},
	}, TextOptions{})
	WriteRejects(&out, []RejectRow{
		{Path: "Contact.csv", Line: 84, Object: "Contact", Column: "Birthdate", Code: "invalid_date", Reason: "there is no such day"},
		{Path: "Task.csv", Line: 1_064, Object: "Task", Code: "ragged_row", Reason: "three cells short"},
	}, TextOptions{})
	golden(t, "journal.txt", out.String())

	out.Reset()
	WriteJournal(&out, nil, TextOptions{})
	require.Contains(t, out.String(), "rye-import run PATH")
	out.Reset()
	WriteRejects(&out, nil, TextOptions{})
	require.Empty(t, out.String())
}

func TestWriteConflicts(t *testing.T) {
	t.Parallel()
	edited := time.Date(2024, 10, 4, 23, 0, 0, 0, time.FixedZone("", -3600))
	var out strings.Builder
	WriteConflicts(&out, []ConflictValues{
		{
			Source: "salesforce", State: "open", Base: json.RawMessage(`"Analyst"`), Graph: json.RawMessage(`"Countess"`), Incoming: json.RawMessage(`"Programmer"`),
			Conflict: Conflict{Object: "Contact", ID: "c1", Code: "CON-2401-0001", Field: "properties.title", EditedBy: "mia", EditedAt: &edited},
		},
		{
			Source: "salesforce", State: "accepted", Incoming: json.RawMessage(`{"stage": "` + strings.Repeat("x", 50) + `"}`),
			Conflict: Conflict{Object: "Opportunity", ID: "d1", Field: "facts.deal_stage.default"},
		},
	}, TextOptions{})
	golden(t, "conflicts.txt", out.String())

	out.Reset()
	WriteConflicts(&out, nil, TextOptions{})
	require.Contains(t, out.String(), "There are no conflicts")
}

func TestWriteGraph(t *testing.T) {
	t.Parallel()
	later := started.AddDate(0, 1, 0)
	var out bytes.Buffer
	WriteFunnel(&out, []FunnelRow{
		{Pipeline: "Equipment", Stage: "Prospecting", Currency: "EUR", Deals: 12, Total: "1234567.5", Weighted: "123456.7500"},
		{Pipeline: "Equipment", Stage: "Prospecting", Deals: 1, Total: "0", Weighted: "0"},
	}, TextOptions{})
	WriteDeals(&out, []DealRow{
		{Code: "OPP-2401-0001", Label: strings.Repeat("Very long deal ", 4), Pipeline: "Equipment", Stage: "Prospecting", Value: "1000000", Currency: "EUR", Owner: "Eve Seller", Contact: "Ada Lovelace"},
		{Code: "OPP-2401-0002", Label: "Nobody's"},
	}, TextOptions{})
	WriteRecord(&out, &RecordView{
		Code: "OPP-2401-0001", Type: "opportunity", Label: `The "engine"`, CreatedAt: started.In(time.FixedZone("", -3*3600)),
		Properties: json.RawMessage(`{"code": "OPP-2401-0001", "name": "hidden", "b": {"x":
			1}, "a": "` + strings.Repeat("y", 90) + `"}`),
		Sources: []string{"salesforce:Opportunity:0067R00000AAAAAQA5", "second:Opportunity:1"},
		Edges: []EdgeView{
			{Type: "owned_by", Outbound: true, OtherType: "person", OtherLabel: "Eve Seller", OtherCode: "CON-2301-0001", From: &started, To: &later},
			{Type: "mentions", OtherType: "note", OtherLabel: "A note"},
		},
		Facts: []FactView{
			{Type: "deal_stage", Key: "default", Claim: json.RawMessage(`{"stage": "prospecting"}`), AssertedAt: started, SupersededAt: &later},
			{Type: "deal_value", Key: "net", Claim: json.RawMessage(`{"amount": "` + strings.Repeat("9", 120) + `"}`), AssertedAt: later},
		},
		Events: []EventView{{Type: "call", Summary: strings.Repeat("Talked ", 12), Role: "subject", OccurredAt: later}},
	}, TextOptions{})
	golden(t, "graph.txt", out.String())

	out.Reset()
	WriteRecord(&out, &RecordView{Code: "X", Properties: json.RawMessage(`[]`), CreatedAt: started}, TextOptions{Color: true})
	require.Contains(t, out.String(), "\x1b[")
}

// TestWriteText_Repairs shows how columns have changed, why records were rejected with what settles it, and what came
// back.
func TestWriteText_Repairs(t *testing.T) {
	t.Parallel()
	s := NewSummary("run", started)
	s.RunID, s.Source, s.Status, s.Balanced = runID, "salesforce", "done", true
	s.Objects = map[string]Object{"Contact": {Read: 1_300, Created: 66, Rejected: 1_234}}
	s.Drift = []Drift{
		{Object: "Contact", Column: "Hat__c", Change: DriftNew, KeptAs: "Hat__c"},
		{Object: "Contact", Column: "Phone", Change: DriftGone, Uses: []string{"property phone", "fact contact_info phone"}},
		{Object: "Contact", Column: "Shoe_Size__c", Change: DriftGone, KeptAs: "Shoe_Size__c"},
		{Object: "Contact", Column: "Fax", Change: DriftBack},
		{Object: "Contact", Column: "Title", Change: DriftGone, Known: true},
	}
	s.Rejects = Rejects{
		Path: "rejects/x", ByCode: Counts{"invalid_date": 1_200, "missing_required": 30, "ragged_row": 4}, Known: 2,
		Groups: []RejectGroup{
			{Code: "invalid_date", Object: "Contact", Column: "Birthdate", Shape: "99/99/9999", Reason: "is a date whose order of day and month is unknown", Records: 1_200, File: "Contact.csv", Line: 7, Settle: Settle{Flag: "--date-order dmy", Text: "the day stands first"}},
			{Code: "missing_required", Object: "Contact", Column: "LastName", Reason: "the column is mandatory and blank", Records: 30, File: "Contact.csv", Line: 9, Settle: Settle{Mapping: `objects: {Contact: {cells: {LastName: {default: "(unknown)"}}}}`, Extends: "salesforce", Text: "the records are used"}},
			{Code: "ragged_row", Object: "Contact", Reason: "the row has 3 cells, the header has 4", Records: 4, File: "Contact.csv", Line: 11, Settle: Settle{Text: "repair the rows"}},
		},
		Returned: []Returned{{Run: 3, RunID: runID, Settled: 1_000, Again: 2, Open: 7}},
	}
	var out bytes.Buffer
	WriteText(&out, s, TextOptions{})
	WriteRejects(&out, []RejectRow{
		{Path: "Contact.csv", Line: 7, Object: "Contact", Column: "Birthdate", Code: "invalid_date", Reason: "no date", SettledBy: 4},
		{Path: "Contact.csv", Line: 11, Object: "Contact", Code: "ragged_row", Reason: "a cell short"},
	}, TextOptions{})
	WriteSettlement(&out, []SettlementRow{{Object: "Contact", Read: 1_300, Rejected: 1_234, Settled: 1_233, Open: 1}}, []Returned{{Run: 4, Settled: 1_233}}, TextOptions{})
	WriteSettlement(&out, []SettlementRow{{Object: "Contact", Read: 2, Rejected: 1, Settled: 1}}, nil, TextOptions{})
	golden(t, "repairs.txt", out.String())

	out.Reset()
	WriteSettlement(&out, nil, nil, TextOptions{})
	require.Empty(t, out.String())
}
