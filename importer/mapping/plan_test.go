package mapping

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/projectrye/rye-import/importer/graph"
)

// mapCells maps one record of the built-in mapping, given as "Column: cell" each.
func mapCells(t testing.TB, object string, cells ...string) (*graph.Batch, string, error) {
	t.Helper()
	header, row := make([]string, len(cells)), make([]string, len(cells))
	for i, c := range cells {
		var ok bool
		header[i], row[i], ok = strings.Cut(c, ": ")
		require.True(t, ok, c)
	}
	return mapRow(t, salesforce(t), object, header, row...)
}

func rendered(t testing.TB, b *graph.Batch) string {
	t.Helper()
	var w strings.Builder
	render(t, &w, b, 1)
	return w.String() + stages(b)
}

func TestMap_Rejects(t *testing.T) {
	t.Parallel()

	for _, tc := range []struct {
		name   string
		object string
		cells  string
		want   FieldError
	}{
		{"ID", "Contact", "Id: |LastName: Ruud", FieldError{Column: "Id", Code: CodeMissingID, Reason: "the id is blank"}},
		{
			"Required", "Contact", "Id: a|LastName:  |Email: x",
			FieldError{ID: "a", Column: "LastName", Code: CodeMissingRequired, Reason: "the column is mandatory and blank"},
		},
		{
			"RequiredOneOfTwo", "CampaignMember", "Id: a|CampaignId: c|ContactId: |LeadId: ",
			FieldError{ID: "a", Column: "ContactId", Code: CodeMissingRequired, Reason: "the column is mandatory and blank"},
		},
		{
			"RequiredOfNormalID", "Contact", "Id: 0035g00000InGA1|LastName: ",
			FieldError{ID: "0035g00000InGA1AAN", Column: "LastName", Code: CodeMissingRequired, Reason: "the column is mandatory and blank"},
		},
		{"Deleted", "Contact", "Id: a|LastName: b|IsDeleted: perhaps", FieldError{ID: "a", Column: "IsDeleted", Value: "perhaps", Code: CodeInvalidBool, Reason: errBool.Error()}},
		{"Created", "Contact", "Id: a|LastName: b|CreatedDate: soon", FieldError{ID: "a", Column: "CreatedDate", Value: "soon", Code: CodeInvalidDate, Reason: errTime.Error()}},
		{"Changed", "Contact", "Id: a|LastName: b|SystemModstamp: soon", FieldError{ID: "a", Column: "SystemModstamp", Value: "soon", Code: CodeInvalidDate, Reason: errTime.Error()}},
		{"Property", "Account", "Id: a|Name: b|AnnualRevenue: 1,00", FieldError{ID: "a", Column: "AnnualRevenue", Value: "1,00", Code: CodeInvalidNumber, Reason: errNumber.Error()}},
		{"ValueAsItStands", "Account", "Id: a|Name: b|AnnualRevenue:  x ", FieldError{ID: "a", Column: "AnnualRevenue", Value: " x ", Code: CodeInvalidNumber, Reason: errNumber.Error()}},
		{"Condition", "Contact", "Id: a|LastName: b|HasOptedOutOfEmail: opted out", FieldError{ID: "a", Column: "HasOptedOutOfEmail", Value: "opted out", Code: CodeInvalidBool, Reason: errBool.Error()}},
		{"Choice", "OpportunityContactRole", "Id: a|OpportunityId: b|ContactId: c|IsPrimary: on", FieldError{ID: "a", Column: "IsPrimary", Value: "on", Code: CodeInvalidBool, Reason: errBool.Error()}},
		{
			"RequiredColumn", "Opportunity", "Id: a|StageName: b|Amount: 5",
			FieldError{ID: "a", Column: "Name", Code: CodeMissingRequired, Reason: "the column is mandatory and the file does not have it"},
		},
		{"StageProbabilityInfinite", "OpportunityStage", "Id: a|MasterLabel: b|IsClosed: 0|IsWon: 0|DefaultProbability: Infinity", FieldError{ID: "a", Column: "DefaultProbability", Value: "Infinity", Code: CodeInvalidNumber, Reason: errNumber.Error()}},
		{"StageProbabilityHex", "OpportunityStage", "Id: a|MasterLabel: b|IsClosed: 0|IsWon: 0|DefaultProbability: 0x1p-2", FieldError{ID: "a", Column: "DefaultProbability", Value: "0x1p-2", Code: CodeInvalidNumber, Reason: errNumber.Error()}},
		{"StageProbabilityOver", "OpportunityStage", "Id: a|MasterLabel: b|IsClosed: 0|IsWon: 0|DefaultProbability: 101", FieldError{ID: "a", Column: "DefaultProbability", Value: "101", Code: CodeOutOfRange, Reason: errPercent.Error()}},
		{"StageOrderNaN", "OpportunityStage", "Id: a|MasterLabel: b|IsClosed: 0|IsWon: 0|SortOrder: NaN", FieldError{ID: "a", Column: "SortOrder", Value: "NaN", Code: CodeInvalidNumber, Reason: errNumber.Error()}},
		{"Claim", "Lead", "Id: a|LastName: b|pi__score__c: high", FieldError{ID: "a", Column: "pi__score__c", Value: "high", Code: CodeInvalidNumber, Reason: errNumber.Error()}},
		{
			"Percent", "Opportunity", "Id: a|Name: b|StageName: c|Probability: 101",
			FieldError{ID: "a", Column: "Probability", Value: "101", Code: CodeOutOfRange, Reason: errPercent.Error()},
		},
		{"Closed", "Opportunity", "Id: a|Name: b|StageName: c|IsClosed: perhaps", FieldError{ID: "a", Column: "IsClosed", Value: "perhaps", Code: CodeInvalidBool, Reason: errBool.Error()}},
		{"Won", "Opportunity", "Id: a|Name: b|StageName: c|IsWon: perhaps", FieldError{ID: "a", Column: "IsWon", Value: "perhaps", Code: CodeInvalidBool, Reason: errBool.Error()}},
		{"StageOrder", "Opportunity", "Id: a|Name: b|StageName: c|StageSortOrder: first", FieldError{ID: "a", Column: "StageSortOrder", Value: "first", Code: CodeInvalidNumber, Reason: errNumber.Error()}},
		{"StageTime", "Opportunity", "Id: a|Name: b|StageName: c|LastStageChangeDate: x", FieldError{ID: "a", Column: "LastStageChangeDate", Value: "x", Code: CodeInvalidDate, Reason: errTime.Error()}},
		{"StageProbability", "OpportunityStage", "Id: a|MasterLabel: b|IsClosed: 0|IsWon: 0|DefaultProbability: 10 %", FieldError{ID: "a", Column: "DefaultProbability", Value: "10 %", Code: CodeInvalidNumber, Reason: errNumber.Error()}},
		{"EventTime", "Task", "Id: a|Subject: b|Status: c|ActivityDate: x", FieldError{ID: "a", Column: "ActivityDate", Value: "x", Code: CodeInvalidDate, Reason: errTime.Error()}},
		{"EventWithoutTime", "Task", "Id: a|Subject: b|Status: c|ActivityDate: ", FieldError{ID: "a", Column: "ActivityDate", Code: CodeMissingRequired, Reason: "an event needs a time"}},
		{"EventProperty", "Event", "Id: a|Subject: b|CreatedDate: 2024-01-01|IsPrivate: x", FieldError{ID: "a", Column: "IsPrivate", Value: "x", Code: CodeInvalidBool, Reason: errBool.Error()}},
		{
			"EdgeEnd", "OpportunityContactRole", "Id: a|OpportunityId: b|ContactId: 000000000000000AAA",
			FieldError{ID: "a", Code: CodeMissingRequired, Reason: "a link needs both its ends"},
		},
		{"EdgeProperty", "CampaignMember", "Id: a|CampaignId: b|LeadId: c|HasResponded: x", FieldError{ID: "a", Column: "HasResponded", Value: "x", Code: CodeInvalidBool, Reason: errBool.Error()}},
		{"EdgeUntil", "AccountContactRelation", "Id: a|AccountId: b|ContactId: c|EndDate: x", FieldError{ID: "a", Column: "EndDate", Value: "x", Code: CodeInvalidDate, Reason: errTime.Error()}},
		{"EdgeSince", "AccountContactRelation", "Id: a|AccountId: b|ContactId: c|StartDate: x", FieldError{ID: "a", Column: "StartDate", Value: "x", Code: CodeInvalidDate, Reason: errTime.Error()}},
		{
			"ParticipantEnd", "TaskRelation", "Id: a|TaskId: b|RelationId: null",
			FieldError{ID: "a", Code: CodeMissingRequired, Reason: "a participation needs its event and its participant"},
		},
		{"ParticipantProperty", "EventRelation", "Id: a|EventId: b|RelationId: c|RespondedDate: x", FieldError{ID: "a", Column: "RespondedDate", Value: "x", Code: CodeInvalidDate, Reason: errTime.Error()}},
		{"LinkSince", "Lead", "Id: a|LastName: b|ConvertedAccountId: c|ConvertedDate: x", FieldError{ID: "a", Column: "ConvertedDate", Value: "x", Code: CodeInvalidDate, Reason: errDate.Error()}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()

			b, skipped, err := mapCells(t, tc.object, strings.Split(tc.cells, "|")...)
			require.Empty(t, skipped)
			require.Equal(t, &tc.want, err)
			require.Zero(t, len(b.Records)+len(b.Nodes)+len(b.Links)+len(b.Facts)+len(b.Events)+len(b.Participants)+len(b.Stages))
		})
	}
}

// manyBytes is at least what a batch keeps in one piece.
const manyBytes = 64 << 10

// TestMap_Batch maps good and bad records into one batch: the bad ones leave no trace, and what was
// mapped before does not change under the ones after it.
func TestMap_Batch(t *testing.T) {
	t.Parallel()

	plan, err := salesforce(t).Compile("Opportunity", []string{"Id", "Name", "StageName", "AccountId", "Amount", "Probability"}, Settings{})
	require.NoError(t, err)
	m := plan.NewMapper()
	b := &graph.Batch{}
	long := strings.Repeat("long ", manyBytes/5)
	for i, cells := range [][]string{
		{"a", "A", "Open", "x", "1", "10"},
		{"b", "B", "Open", "x", "1", "1000"}, // fails at the last of all facts
		{"c", long, "Open", "x", "2", "10"},
		{"", "D", "Open", "x", "2", "10"},
		{"e", "E", "Won", "", "", ""},
	} {
		_, err := m.Map(b, int64(i+1), 10*i, cells)
		require.Equal(t, i%2 == 1, err != nil)
	}

	one := func(rec int64, line int, cells ...string) (string, *graph.Batch) {
		single := &graph.Batch{}
		_, err := plan.NewMapper().Map(single, rec, line, cells)
		require.NoError(t, err)
		var w strings.Builder
		render(t, &w, single, rec)
		return w.String(), single
	}
	require.Len(t, b.Records, 3)
	require.Len(t, b.Nodes, 3)
	require.Len(t, b.Stages, 3)
	for i, cells := range [][]string{
		0: {"a", "A", "Open", "x", "1", "10"},
		2: {"c", long, "Open", "x", "2", "10"},
		4: {"e", "E", "Won", "", "", ""},
	} {
		if cells == nil {
			continue
		}
		want, single := one(int64(i+1), 10*i, cells...)
		var got strings.Builder
		render(t, &got, b, int64(i+1))
		require.Equal(t, want, got.String())
		require.Equal(t, single.Records[0], b.Records[i/2])
		require.Equal(t, single.Stages[0], b.Stages[i/2])
	}
}

// TestMap_LargeBatch fills several blocks of a batch: no value is written over.
func TestMap_LargeBatch(t *testing.T) {
	t.Parallel()

	plan, err := salesforce(t).Compile("Territory2", []string{"Id", "Name"}, Settings{})
	require.NoError(t, err)
	m := plan.NewMapper()
	b := &graph.Batch{}
	filler := strings.Repeat("x", 1000)
	const records = 4 * manyBytes / 1000
	for i := range records {
		_, err := m.Map(b, int64(i), i, []string{"a", fmt.Sprintf("%d %s", i, filler)})
		require.NoError(t, err)
	}
	require.Len(t, b.Nodes, records)
	for i, n := range b.Nodes {
		require.Equal(t, fmt.Sprintf(`{"name":"%d %s"}`, i, filler), string(n.Properties))
		require.Equal(t, len(n.Properties), cap(n.Properties), "appending to one would write into the next")
	}
}

// TestMap_Reset maps batch after batch into the same room, as a run does: what one has left is not in the next.
func TestMap_Reset(t *testing.T) {
	t.Parallel()

	plan, err := salesforce(t).Compile("Opportunity", []string{"Id", "Name", "StageName", "AccountId", "Amount"}, Settings{})
	require.NoError(t, err)
	m := plan.NewMapper()
	b := &graph.Batch{}
	for i, stage := range []string{"Id. Decision Makers", "Won", strings.Repeat("A long stage ", 20), "Won", "Id. Decision Makers"} {
		b.Reset()
		for rec := range int64(300) {
			cells := []string{fmt.Sprint("o", i, rec), fmt.Sprint(stage, rec), stage, "x", fmt.Sprint(rec)}
			_, err := m.Map(b, rec, 1, cells)
			require.NoError(t, err)
		}
		for rec := range int64(300) {
			single := &graph.Batch{}
			_, err := plan.NewMapper().Map(single, rec, 1, []string{fmt.Sprint("o", i, rec), fmt.Sprint(stage, rec), stage, "x", fmt.Sprint(rec)})
			require.NoError(t, err)
			var want, got strings.Builder
			render(t, &want, single, rec)
			render(t, &got, b, rec)
			require.Equal(t, want.String(), got.String())
			require.Equal(t, StageKey(stage, nil, nil), b.Stages[rec].Key)
		}
	}
}

func TestMap_Line(t *testing.T) {
	t.Parallel()

	plan, err := salesforce(t).Compile("Territory2", []string{"Id", "Name"}, Settings{})
	require.NoError(t, err)
	b := &graph.Batch{}
	for i, line := range []int{7, 1<<31 - 1, 1 << 31} {
		_, err := plan.NewMapper().Map(b, int64(i), line, []string{"a", "b"})
		require.NoError(t, err)
	}
	require.Equal(t, []int32{7, 1<<31 - 1, 1<<31 - 1}, []int32{b.Records[0].Line, b.Records[1].Line, b.Records[2].Line})
}

func TestMap_Skips(t *testing.T) {
	t.Parallel()

	for cells, want := range map[string]string{
		"Id: a|MasterLabel: b|IsClosed: 0|IsWon: 0|IsActive: 0":     "the stage is not in use",
		"Id: a|MasterLabel: b|IsClosed: 0|IsWon: 0|IsActive: FALSE": "the stage is not in use",
		"Id: a|MasterLabel: b|IsClosed: 0|IsWon: 0|IsActive: 1":     "",
		"Id: a|MasterLabel: b|IsClosed: 0|IsWon: 0|IsActive: ":      "",
		"Id: a|MasterLabel: b|IsClosed: 0|IsWon: 0":                 "",
	} {
		b, skipped, err := mapCells(t, "OpportunityStage", strings.Split(cells, "|")...)
		require.NoError(t, err)
		require.Equal(t, want, skipped)
		if want != "" {
			require.Empty(t, b.Records)
			require.Empty(t, b.Stages)
		}
	}
}

func TestMap_Same(t *testing.T) {
	t.Parallel()

	for _, tc := range []struct {
		name, object, cells string
		same                graph.Ref
		deleted, node       bool
	}{
		{"Merged", "Account", "Id: a|MasterRecordId: b|Name: ", graph.Ref{Object: "Account", ID: "b"}, true, false},
		{"NotMerged", "Account", "Id: a|MasterRecordId: 000000000000000AAA|Name: c", graph.Ref{}, false, true},
		{"MergedWithItself", "Account", "Id: 0015g00000KeLp1|MasterRecordId: 0015g00000KeLp1AAF|Name: c", graph.Ref{}, false, true},
		{"Converted", "Lead", "Id: a|LastName: b|ConvertedContactId: c", graph.Ref{Object: "Contact", ID: "c"}, false, true},
		{"ConvertedWithSameID", "Lead", "Id: a|LastName: b|ConvertedContactId: a", graph.Ref{Object: "Contact", ID: "a"}, false, true},
		{"MergedBeforeConverted", "Lead", "Id: a|LastName: b|MasterRecordId: m|ConvertedContactId: c", graph.Ref{Object: "Lead", ID: "m"}, true, false},
		{"PersonAccount", "Contact", "Id: a|LastName: b|AccountId: c|IsPersonAccount: 1", graph.Ref{Object: "Account", ID: "c"}, false, true},
		{"NoPersonAccount", "Contact", "Id: a|LastName: b|AccountId: c|IsPersonAccount: 0", graph.Ref{}, false, true},
		{"Deleted", "Contact", "Id: a|LastName: b|IsDeleted: 1", graph.Ref{}, true, true},
		{"DeletedByNothing", "Contact", "Id: a|LastName: b|IsDeleted: ", graph.Ref{}, false, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()

			b, _, err := mapCells(t, tc.object, strings.Split(tc.cells, "|")...)
			require.NoError(t, err)
			require.Equal(t, tc.same, b.Records[0].Same)
			require.Equal(t, tc.deleted, b.Records[0].Deleted)
			require.Equal(t, tc.node, len(b.Nodes) == 1)
		})
	}
}

// TestMap_PersonAccount: the employer of such a contact would be the person.
func TestMap_PersonAccount(t *testing.T) {
	t.Parallel()

	b, _, err := mapCells(t, "Contact", "Id: a", "LastName: b", "AccountId: c", "IsPersonAccount: 1")
	require.NoError(t, err)
	require.Empty(t, b.Links)
	b, _, err = mapCells(t, "Contact", "Id: a", "LastName: b", "AccountId: c", "IsPersonAccount: 0")
	require.NoError(t, err)
	require.Equal(t, []graph.Link{{Rec: 1, Slot: "AccountId", EdgeType: "employs", Source: graph.Ref{Object: "Account", ID: "c"}}}, b.Links)
}

func TestMap_Edge(t *testing.T) {
	t.Parallel()

	const base = "Id: a|AccountId: b|ContactId: c|LastModifiedDate: 2024-02-02|"
	for _, tc := range []struct{ name, cells, since, until string }{
		{"Open", base + "IsActive: 1|StartDate: 2024-01-01", "2024-01-01T00:00:00Z", ""},
		{"Ended", base + "IsActive: 1|EndDate: 2024-01-31", "", "2024-01-31T00:00:00Z"},
		{"EndedSomeTime", base + "IsActive: 0|StartDate: 2024-01-01", "2024-01-01T00:00:00Z", "2024-02-02T00:00:00Z"},
		{"EndedThen", base + "IsActive: 0|EndDate: 2024-01-31", "", "2024-01-31T00:00:00Z"},
		{"Deleted", base + "IsDeleted: 1", "", "2024-02-02T00:00:00Z"},
		{"DeletedUnknown", "Id: a|AccountId: b|ContactId: c|IsDeleted: 1|StartDate: 2024-01-01", "2024-01-01T00:00:00Z", "2024-01-01T00:00:00Z"},
		{"SinceCreated", base + "CreatedDate: 2023-01-01|StartDate: ", "2023-01-01T00:00:00Z", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()

			b, _, err := mapCells(t, "AccountContactRelation", strings.Split(tc.cells, "|")...)
			require.NoError(t, err)
			require.Len(t, b.Links, 1)
			require.Equal(t, tc.since, stamp(b.Links[0].EffectiveFrom))
			require.Equal(t, tc.until, stamp(b.Links[0].EffectiveTo))
			require.Equal(t, int16(1), b.Links[0].Rank, "the contact's own employer goes before it")
		})
	}
}

// TestMap_DeletedEvent: an event cannot be archived, so nothing is made of a deleted one, nor of a
// deleted participation.
func TestMap_DeletedEvent(t *testing.T) {
	t.Parallel()

	for object, cells := range map[string]string{
		"OpportunityHistory": "Id: a|OpportunityId: b|StageName: c|Amount: 5|Probability: 10|CreatedDate: 2024-01-01|IsDeleted: 1",
		"Task":               "Id: a|Subject: b|Status: c|WhoId: d|CreatedDate: 2024-01-01|IsDeleted: 1",
		"TaskRelation":       "Id: a|TaskId: b|RelationId: c|IsDeleted: 1",
	} {
		b, skipped, err := mapCells(t, object, strings.Split(cells, "|")...)
		require.NoError(t, err)
		require.Empty(t, skipped)
		require.Len(t, b.Records, 1)
		require.True(t, b.Records[0].Deleted)
		require.Zero(t, len(b.Nodes)+len(b.Links)+len(b.Facts)+len(b.Events)+len(b.Participants)+len(b.Stages), object)
	}
}

// TestMap_Withdraw tells an opt-out that was taken back from one that nothing is said of.
func TestMap_Withdraw(t *testing.T) {
	t.Parallel()

	for cells, want := range map[string]string{
		"Id: a|LastName: b|HasOptedOutOfEmail: 1":    "fact",
		"Id: a|LastName: b|HasOptedOutOfEmail: true": "fact",
		"Id: a|LastName: b|HasOptedOutOfEmail: 0":    "withdraw",
		"Id: a|LastName: b|HasOptedOutOfEmail: No":   "withdraw",
		"Id: a|LastName: b|HasOptedOutOfEmail: ":     "",
		"Id: a|LastName: b|HasOptedOutOfEmail: NULL": "",
		"Id: a|LastName: b":                          "",
	} {
		b, _, err := mapCells(t, "Contact", strings.Split(cells, "|")...)
		require.NoError(t, err)
		got := ""
		for _, f := range b.Facts {
			require.Equal(t, "do_not_contact", f.Type)
			require.Equal(t, "email", f.Key)
			if got = "fact"; f.Claim == nil {
				got = "withdraw"
			}
		}
		require.Equal(t, want, got, cells)
	}
}

func TestMap_Conditions(t *testing.T) {
	t.Parallel()

	for _, tc := range []struct {
		when string
		cell string
		want bool
	}{
		{`{}`, "", true},
		{`{"true": [V]}`, "1", true},
		{`{"true": [V]}`, "0", false},
		{`{"true": [V]}`, "", false},
		{`{"true": [X]}`, "1", false},
		{`{"false": [V]}`, "0", true},
		{`{"false": [V]}`, "", true},
		{`{"false": [X]}`, "1", true},
		{`{"false": [V]}`, "1", false},
		{`{present: [V]}`, "a", true},
		{`{present: [V]}`, "0", true},
		{`{present: [V]}`, " ", false},
		{`{present: [V]}`, "000000000000000AAA", false},
		{`{present: [X]}`, "a", false},
		{`{blank: [V]}`, "", true},
		{`{blank: [V]}`, "000000000000000AAA", true},
		{`{blank: [X]}`, "a", true},
		{`{blank: [V]}`, "a", false},
		{`{equals: {V: [a, b]}}`, " B ", true},
		{`{equals: {V: [a, b]}}`, "c", false},
		{`{equals: {V: [""]}}`, "", true},
		{`{equals: {X: [a]}}`, "a", false},
		{`{not_equals: {V: [a, b]}}`, "c", true},
		{`{not_equals: {V: [a, b]}}`, "A", false},
		{`{not_equals: {X: [a]}}`, "a", true},
		{`{present: [V], not_equals: {V: [a]}}`, "", false},
		{`{present: [V], not_equals: {V: [a]}}`, "a", false},
		{`{present: [V], not_equals: {V: [a]}}`, "b", true},
	} {
		t.Run(tc.when+tc.cell, func(t *testing.T) {
			t.Parallel()

			m := parse(t, `
mapping: x
ids: {none: ["000000000000000AAA"]}
objects:
  A:
    recognise: {all: [Id]}
    key: [Id]
    node:
      choose: [{when: `+tc.when+`, type: person, code: CON, label: V}]
      type: org
`)
			b, _, err := mapRow(t, m, "A", []string{"Id", "V"}, "1", tc.cell)
			require.NoError(t, err)
			require.Equal(t, tc.want, b.Nodes[0].Type == "person")
		})
	}
}

func TestStageKey(t *testing.T) {
	t.Parallel()

	yes, no := true, false
	for _, tc := range []struct {
		label       string
		closed, won *bool
		want        string
	}{
		{"Negotiation/Review", nil, nil, "negotiation_review"},
		{"  Id. Decision - Makers! ", nil, nil, "id_decision_makers"},
		{"Návrh č. 2", nil, nil, "návrh_č_2"},
		{"提案", nil, nil, "提案"},
		{"e\u0301tape", nil, nil, "e\u0301tape"},
		{"100%", nil, nil, "100"},
		{"***", nil, nil, "stage"},
		{"", nil, nil, "stage"},
		// By the label, where the CRM says nothing.
		{"Closed Won", nil, nil, StageWon},
		{"CLOSED-LOST", nil, nil, StageLost},
		{"Won", nil, nil, StageWon},
		{"closedwon", nil, nil, StageWon},
		{"lost", nil, nil, StageLost},
		{"closedlost", nil, nil, StageLost},
		{"Won Back", nil, nil, "won_back"},
		// By what it says, in any language.
		{"Gewonnen", &yes, &yes, StageWon},
		{"Perdu", &yes, &no, StageLost},
		{"Won", &no, &no, "won"},
		{"Won", &no, nil, "won"},
		{"Lost", &yes, &yes, StageWon},
		{"Won", &yes, nil, StageWon},
		{"Closed Won", &no, &no, "open_closed_won"},
		{"Closed Lost", &no, nil, "open_closed_lost"},
	} {
		require.Equal(t, tc.want, StageKey(tc.label, tc.closed, tc.won), tc.label)
	}
}

func TestMap_Stage(t *testing.T) {
	t.Parallel()

	for _, tc := range []struct{ name, object, cells, want string }{
		{
			"Open", "Opportunity", "Id: a|Name: b|StageName: Proposal|IsClosed: 0|IsWon: 0|Probability: 50",
			`stage "Proposal" proposal, of RecordType/default, probability 50, closed false, won false`,
		},
		// Some tools write 1 and nothing.
		{"ClosedIsBlank", "Opportunity", "Id: a|Name: b|StageName: Won|IsClosed: |IsWon: ", `stage "Won" won, of RecordType/default, closed false, won false`},
		{"ClosedIsMissing", "Opportunity", "Id: a|Name: b|StageName: Won", `stage "Won" closed_won, of RecordType/default`},
		{"RecordType", "Opportunity", "Id: a|Name: b|StageName: c|RecordTypeId: 0125g00000ReTy1", `stage "c" c, of RecordType/0125g00000ReTy1AAF`},
		{"History", "OpportunityHistory", "Id: a|OpportunityId: b|CreatedDate: 2024-01-01|StageName: c", ""},
		{"Defined", "OpportunityStage", "Id: a|MasterLabel: c|IsClosed: 1|IsWon: 0|SortOrder: 3.5", `stage "c" closed_lost, order 3.5, closed true, won false`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()

			b, _, err := mapCells(t, tc.object, strings.Split(tc.cells, "|")...)
			require.NoError(t, err)
			require.Equal(t, tc.want, strings.TrimSpace(stages(b)))
		})
	}

	t.Run("NoStageInHistory", func(t *testing.T) {
		t.Parallel()

		b, _, err := mapCells(t, "OpportunityHistory", "Id: a", "OpportunityId: b", "CreatedDate: 2024-01-01", "StageName: ", "Amount: 5")
		require.NoError(t, err)
		require.Len(t, b.Facts, 1)
		require.Equal(t, "deal_value", b.Facts[0].Type)
	})
	t.Run("SameStageBefore", func(t *testing.T) {
		t.Parallel()

		b, _, err := mapCells(t, "OpportunityHistory", "Id: a", "OpportunityId: b", "CreatedDate: 2024-01-01", "StageName: c", "FromOpportunityStageName: c")
		require.NoError(t, err)
		require.Equal(t, `{"stage":"c","label":"c"}`, string(b.Facts[0].Claim))
	})
	t.Run("HistoryOfNothing", func(t *testing.T) {
		t.Parallel()

		b, _, err := mapCells(t, "OpportunityHistory", "Id: a", "OpportunityId: null", "CreatedDate: 2024-01-01", "StageName: c", "Amount: 5")
		require.NoError(t, err)
		require.Empty(t, b.Facts)
	})
}

func TestMap_Money(t *testing.T) {
	t.Parallel()

	for _, tc := range []struct {
		cells string
		want  *graph.Money
	}{
		{"Id: a|Name: b|StageName: Open|Amount: 00500.10|CurrencyIsoCode: eur", &graph.Money{Amount: "500.1", Currency: "EUR", Stage: "Open"}},
		{"Id: a|Name: b|StageName: Open|Amount: 0", &graph.Money{Amount: "0", Stage: "Open"}},
		{"Id: a|Name: b|StageName: Open|Amount: |CurrencyIsoCode: EUR", nil},
		{"Id: a|Name: b|StageName: Open|Amount: N/A|CurrencyIsoCode: EUR", nil},
		{"Id: a|Name: b|StageName: Open|CurrencyIsoCode: EUR", nil},
	} {
		b, _, err := mapCells(t, "Opportunity", strings.Split(tc.cells, "|")...)
		require.NoError(t, err)
		require.Equal(t, tc.want, b.Records[0].Money, tc.cells)
		if tc.want == nil {
			for _, f := range b.Facts {
				require.NotEqual(t, "deal_value", f.Type, "currency and basis alone are no value")
			}
		}
	}
}

// TestMap_Spelling: another spelling of the same record is the same record.
func TestMap_Spelling(t *testing.T) {
	t.Parallel()

	want, _, err := mapCells(t, "Opportunity",
		"Id: 0065g00000DeAL1AAN", "Name: Slot", "StageName: Open", "AccountId: 0015g00000KeLp1AAF", "Amount: 500", "CloseDate: 2024-02-29", "IsPrivate: 0",
		"CurrencyIsoCode: EUR", "ContactId: ", "CreatedDate: 2023-11-06 09:12:00", "LastModifiedDate: 2024-01-09 10:00:00", "Level__c: a", "Zone__c: b", "Fiscal: 2024 1")
	require.NoError(t, err)
	for name, cells := range map[string]string{
		"DataLoader": "ID: 0065g00000DeAL1AAN|NAME: Slot|STAGENAME: Open|ACCOUNTID: 0015g00000KeLp1AAF|AMOUNT: 500.0|CLOSEDATE: 2024-02-29|ISPRIVATE: false|" +
			"CURRENCYISOCODE: EUR|CONTACTID: |CREATEDDATE: 2023-11-06T09:12:00.000Z|LASTMODIFIEDDATE: 2024-01-09T10:00:00.000Z|Level__c: a|Zone__c: b|STATUS: Item Created|ERROR: ",
		"ShortIDs": "Id: 0065g00000DeAL1|Name: Slot|StageName: Open|AccountId: 0015g00000KeLp1|Amount: +5e2|CloseDate: 2024-02-29 00:00:00|IsPrivate: No|" +
			"CurrencyIsoCode: eur|ContactId: 000000000000000AAA|CreatedDate: 2023-11-06T10:12:00+0100|Level__c: a|Zone__c: b",
		"OtherOrder": "Zone__c: b|Level__c:  a |LastModifiedDate: 2024-09-09|CreatedDate: 2023-11-06 09:12|IsPrivate: FALSE|CurrencyIsoCode: EUR|" +
			"CloseDate: 2024-02-29T00:00:00Z|Amount: 500.00|AccountId: 0015g00000KeLp1AAF|StageName: Open |Name: Slot|Id: 0065g00000DeAL1AAN|New__c: ",
		"Warehouse": "id: 0065g00000DeAL1AAN|name: Slot|stage_name: Open|account_id: 0015g00000KeLp1AAF|amount: 500|close_date: 2024-02-29|is_private: false|" +
			"currency_iso_code: EUR|created_date: 2023-11-06 09:12:00+00|Level__c: a|Zone__c: b|_fivetran_synced: 2024-05-05",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			got, _, err := mapCells(t, "Opportunity", strings.Split(cells, "|")...)
			require.NoError(t, err)
			require.Equal(t, string(want.Nodes[0].Properties), string(got.Nodes[0].Properties))
			require.Equal(t, want.Records[0].Hash, got.Records[0].Hash)
		})
	}
}

// TestMap_Hash changes one cell after another.
func TestMap_Hash(t *testing.T) {
	t.Parallel()

	for _, tc := range []struct {
		object, cells string
		changes       []string // give another hash
		same          []string // do not
	}{
		{
			object: "Contact",
			cells:  "Id: a|LastName: b|AccountId: c|Email: d|HasOptedOutOfEmail: 1|IsDeleted: 0|CreatedDate: 2024-01-01|LastModifiedDate: 2024-02-02|SystemModstamp: 2024-02-02|Level__c: e",
			changes: []string{
				"Id: b", "LastName: c", "AccountId: d", "AccountId: ", "Email: e", "HasOptedOutOfEmail: 0", "IsDeleted: 1", "CreatedDate: 2024-01-02", "Level__c: f", "Level__c: ",
			},
			same: []string{"LastModifiedDate: 2024-03-03", "SystemModstamp: 2024-03-03", "Email: d ", "IsDeleted: false"},
		},
		{
			object:  "Opportunity",
			cells:   "Id: a|Name: b|StageName: c|Amount: 5|Probability: 10|RecordTypeId: d|CreatedDate: 2024-01-01|LastModifiedDate: 2024-02-02|HasOpenActivity: 0",
			changes: []string{"Name: c", "StageName: d", "Amount: 6", "Probability: 20", "RecordTypeId: ", "Amount: "},
			same:    []string{"LastModifiedDate: 2024-03-03", "HasOpenActivity: 1", "Amount: 5.00"},
		},
		{
			object:  "Task",
			cells:   "Id: a|Subject: b|Status: c|WhoId: d|OwnerId: e|TaskSubtype: Call|ActivityDate: 2024-01-01",
			changes: []string{"Subject: c", "Status: d", "WhoId: e", "WhoId: ", "OwnerId: f", "TaskSubtype: Email", "ActivityDate: 2024-01-02"},
		},
		{
			object:  "AccountContactRelation",
			cells:   "Id: a|AccountId: b|ContactId: c|Roles: d|IsDirect: 0|IsActive: 0|StartDate: 2024-01-01|LastModifiedDate: 2024-02-02",
			changes: []string{"AccountId: c", "ContactId: d", "Roles: e", "IsDirect: 1", "IsActive: 1", "StartDate: 2024-01-02"},
			same:    []string{"LastModifiedDate: 2024-03-03"},
		},
		{
			object:  "AccountContactRelation",
			cells:   "Id: a|AccountId: b|ContactId: c|IsActive: 0|EndDate: 2024-01-31|LastModifiedDate: 2024-02-02",
			changes: []string{"EndDate: 2025-01-31", "EndDate: "},
			same:    []string{"LastModifiedDate: 2024-03-03", "IsActive: 1"},
		},
		{
			object:  "AccountContactRelation",
			cells:   "Id: a|AccountId: b|ContactId: c|IsActive: 0|EndDate: |LastModifiedDate: 2024-02-02",
			changes: []string{"IsActive: 1"},
			same:    []string{"LastModifiedDate: 2024-03-03"},
		},
		{
			object:  "EventRelation",
			cells:   "Id: a|EventId: b|RelationId: c|IsWhat: 0|IsInvitee: 0|Response: d",
			changes: []string{"EventId: c", "RelationId: d", "IsWhat: 1", "IsInvitee: 1", "Response: e"},
		},
		{
			object:  "OpportunityHistory",
			cells:   "Id: a|OpportunityId: b|StageName: c|Amount: 5|CreatedDate: 2024-01-01|SystemModstamp: 2024-02-02",
			changes: []string{"OpportunityId: c", "StageName: d", "Amount: 6", "CreatedDate: 2024-01-02"},
			same:    []string{"SystemModstamp: 2024-03-03"},
		},
		{
			object:  "OpportunityStage",
			cells:   "Id: a|MasterLabel: b|IsClosed: 0|IsWon: 0|SortOrder: 1|Description: d",
			changes: []string{"MasterLabel: c", "IsClosed: 1"},
			// Every run reads all stages anew; the order alone needs no other hash.
			same: []string{"SortOrder: 2", "Description: e"},
		},
	} {
		t.Run(tc.object, func(t *testing.T) {
			t.Parallel()

			hash := func(change string) [16]byte {
				cells := strings.Split(tc.cells, "|")
				if column, _, ok := strings.Cut(change, ": "); ok {
					i := slices.IndexFunc(cells, func(c string) bool { return strings.HasPrefix(c, column+": ") })
					require.GreaterOrEqual(t, i, 0, column)
					cells[i] = change
				}
				b, _, err := mapCells(t, tc.object, cells...)
				require.NoError(t, err)
				return b.Records[0].Hash
			}
			seen := map[[16]byte]string{hash(""): "the record"}
			for _, change := range tc.changes {
				h := hash(change)
				require.NotContains(t, seen, h, "%s is like %s", change, seen[h])
				seen[h] = change
			}
			for _, change := range tc.same {
				require.Equal(t, "the record", seen[hash(change)], change)
			}
		})
	}
}

// TestMap_HashFraming: what ends one text and begins the next does not run together.
func TestMap_HashFraming(t *testing.T) {
	t.Parallel()

	m := parse(t, objectA+"    same: [{as: {object: A, id: S}}]\n    node: {type: org, label: L, properties: {p: P}}\n")
	seen := make(map[[16]byte]string)
	for _, cells := range []string{
		"1||a|b", "1||ab|", "1|||ab",
		"1A2|3||", "1|2A3||", // id, object of the same, its id
		"1|2norgx|x|", "1|2|xnorgx|", // its id, the node
	} {
		c := strings.Split(cells, "|")
		b, _, err := mapRow(t, m, "A", []string{"Id", "S", "L", "P"}, c...)
		require.NoError(t, err)
		require.NotContains(t, seen, b.Records[0].Hash, "%s is like %s", cells, seen[b.Records[0].Hash])
		seen[b.Records[0].Hash] = cells
	}
}

// TestPlan_Concurrent maps with one plan from several goroutines, for the race detector.
func TestPlan_Concurrent(t *testing.T) {
	t.Parallel()

	header, rows := readRecords(t, "Contact")
	plan, err := salesforce(t).Compile("Contact", header, Settings{})
	require.NoError(t, err)
	out := make([]string, 4)
	var wg sync.WaitGroup
	for i := range out {
		wg.Go(func() {
			m := plan.NewMapper()
			for range 20 {
				b := &graph.Batch{}
				if _, err := m.Map(b, 1, 2, rows[0]); err == nil {
					out[i] = string(b.Nodes[0].Properties) + fmt.Sprint(b.Records[0].Hash)
				}
			}
		})
	}
	wg.Wait()
	require.NotEmpty(t, out[0])
	for _, o := range out {
		require.Equal(t, out[0], o)
	}
}

func TestUses(t *testing.T) {
	t.Parallel()

	m := parse(t, `
mapping: x
others: [P, U]
drop: {Stamp: technical}
objects:
  A:
    recognise: {all: [Id]}
    aliases: {Name: [Title], Owner: [Boss, Owner Name]}
    key: [Id]
    deleted: Gone
    created: [Made]
    changed: [Saved, Stamp]
    require: [Name|Other]
    same: [{as: {object: A, id: Master}}]
    node: {type: org, label: Name, properties: {name: Name, extra: {first: [X, Y]}, size: {column: Size, as: number}}}
    links: [{type: owned_by, to: {object: A, id: Owner}}]
    facts: [{type: score, claim: {score: Score}}]
    stage: {label: Stage, closed: Closed, won: Won, order: Order, probability: Chance, pipeline: {object: P, id: Pipe}, before: Before}
    drop: {Photo: not ours}
`)
	header := []string{
		"ID", "Title", "owner name", "Gone", "Made", "Saved", "Stamp", "Master", "Y", "size", "Score", "Stage", "Closed", "Won", "Order", "Chance", "Pipe", "Before", "Photo",
		"Zone__c", "zone__c", "code", "name (source)", "extra", "Other",
	}
	plan, err := m.Compile("A", header, Settings{})
	require.NoError(t, err)
	require.True(t, plan.HasKey())
	got := make(map[string]string)
	for i, uses := range plan.Uses() {
		got[header[i]] = strings.Join(uses, ", ")
	}
	require.Equal(t, map[string]string{
		"ID": "id", "Title": "label, property name", "owner name": "link owned_by", "Gone": "marks deleted records",
		"Made": "when it was created", "Saved": "when it was last changed", "Stamp": "when it was last changed, dropped: technical",
		"Master": "is the same as", "Y": "property extra", "size": "property size", "Score": "fact score score",
		"Stage": "fact deal_stage", "Closed": "stage is closed", "Won": "stage is won", "Order": "order of the stage",
		"Chance": "probability of the stage", "Pipe": "link pipeline_member", "Before": "stage before in fact deal_stage",
		"Photo": "dropped: not ours", "Zone__c": "kept as Zone__c", "zone__c": "kept as zone__c",
		// Not over the graph's own, nor over what another column fills.
		"code": "kept as code (source)", "extra": "kept as extra (source)", "name (source)": "kept as name (source)",
		"Other": "",
	}, got)
}

// TestColumns_Spelling: the spelling closest to the canonical one wins.
func TestColumns_Spelling(t *testing.T) {
	t.Parallel()

	m := parse(t, objectA+"    aliases: {Zone__c: [Area, Region]}\n    node: {type: org, properties: {zone: Zone__c}}\n")
	for header, want := range map[string]string{
		"Id,Zone__c,zone_c,Area": `{"zone":"1","Area":"3","zone_c":"2"}`,
		"Id,Area,ZONE__C,x":      `{"zone":"2","Area":"1","x":"3"}`,
		"Id,Region,zone_c,Area":  `{"zone":"3","Region":"1","zone_c":"2"}`,
		"Id,x,zone_c,y":          `{"zone":"2","x":"1","y":"3"}`,
		"Id, Zone__c ,Zone_c,y":  `{"zone":"1","Zone_c":"2","y":"3"}`,
	} {
		b, _, err := mapRow(t, m, "A", strings.Split(header, ","), "0", "1", "2", "3")
		require.NoError(t, err)
		require.Equal(t, want, string(b.Nodes[0].Properties), header)
	}
}

// decides are the columns of the weekly export that only decide what a record becomes.
var decides = []string{
	"Account.IsPersonAccount", "AccountContactRelation.IsActive", "AccountContactRelation.IsDirect", "Contact.IsPersonAccount",
	"EventRelation.IsInvitee", "EventRelation.IsWhat", "OpportunityContactRole.IsPrimary", "TaskRelation.IsWhat",
}

// TestNothingIsLost fills one column after another of the weekly export: its cell must show in what
// the record becomes, or the mapping must say that it is dropped.
func TestNothingIsLost(t *testing.T) {
	t.Parallel()

	m := salesforce(t)
	for object, o := range m.Objects {
		t.Run(object, func(t *testing.T) {
			t.Parallel()

			header := fixtureHeader(t, object)
			if o.Stage == nil || !o.Stage.Define {
				header = append(header, "Unknown__c")
			}
			plan, err := m.Compile(object, header, Settings{})
			require.NoError(t, err)
			result := func(column, cell string, more map[string]string) (string, bool) {
				cells := make([]string, len(header))
				for i, name := range header {
					if cells[i] = least[name]; more[name] != "" {
						cells[i] = strings.TrimSpace(more[name])
					}
					if name == column {
						cells[i] = cell
					}
				}
				b := &graph.Batch{}
				skipped, err := plan.NewMapper().Map(b, 1, 2, cells)
				return rendered(t, b) + skipped, err == nil
			}
			for i, column := range header {
				dropped := slices.ContainsFunc(plan.Uses()[i], func(use string) bool { return strings.HasPrefix(use, "dropped: ") })
				if dropped || o.Deleted != nil && slices.Contains(o.Deleted.True, column) || slices.Contains(decides, object+"."+column) {
					continue
				}
				shown := false
				for _, more := range []map[string]string{nil, {"IsPersonAccount": "1"}, {"ContactId": " "}} {
					seen := make(map[string]bool)
					for _, cell := range []string{"", "0015g00000KeLp1AAF", "1", "77", "2021-12-31", "2021-12-30"} {
						if out, ok := result(column, cell, more); ok {
							seen[out] = true
						}
					}
					shown = shown || len(seen) > 1
				}
				require.True(t, shown, "%s: %v", column, plan.Uses()[i])
			}
		})
	}
}

// least is what records need, and what conditions ask so that all of a record is used.
var least = map[string]string{
	"Id": "a", "Name": "b", "LastName": "b", "StageName": "b", "MasterLabel": "b", "Field": "StageName", "Subject": "b", "Status": "b",
	"CreatedDate": "2020-01-01", "AccountId": "c", "ContactId": "d", "OpportunityId": "e", "CampaignId": "f", "TaskId": "g", "EventId": "g",
	"RelationId": "h", "SobjectType": "Opportunity", "TableEnumOrId": "Opportunity", "Amount": "1",
}

// TestUnknownColumns lists the standard columns of the weekly export that the mapping does not know.
// A name that is misspelt in the mapping shows up here.
func TestUnknownColumns(t *testing.T) {
	t.Parallel()

	m := salesforce(t)
	var unknown []string
	for _, object := range sortedKeys(m.Objects) {
		header := fixtureHeader(t, object)
		plan, err := m.Compile(object, header, Settings{})
		require.NoError(t, err)
		for i, uses := range plan.Uses() {
			if strings.HasPrefix(strings.Join(uses, ""), "kept as ") && !strings.HasSuffix(header[i], "__c") {
				unknown = append(unknown, object+"."+header[i])
			}
		}
	}
	golden(t, "unknown.golden", strings.Join(unknown, "\n")+"\n")
}

// TestProperties_Keys: a property stands once in its object.
func TestProperties_Keys(t *testing.T) {
	t.Parallel()

	m := salesforce(t)
	for object := range m.Objects {
		header, rows := readRecords(t, object)
		header = append(header, "code", "name", "title", "Code", "email")
		plan, err := m.Compile(object, header, Settings{})
		require.NoError(t, err)
		b := &graph.Batch{}
		for i, row := range rows {
			_, _ = plan.NewMapper().Map(b, int64(i), i, append(row, "1", "2", "3", "4", "5"))
		}
		require.NotEmpty(t, b.Records)
		for _, n := range b.Nodes {
			uniqueKeys(t, n.Properties)
			require.NotContains(t, string(n.Properties), `"code":`)
		}
		for _, e := range b.Events {
			uniqueKeys(t, e.Properties)
		}
	}
}

func uniqueKeys(t testing.TB, text []byte) {
	t.Helper()
	dec := json.NewDecoder(strings.NewReader(string(text)))
	_, err := dec.Token()
	require.NoError(t, err)
	seen := make(map[string]bool)
	for dec.More() {
		key, err := dec.Token()
		require.NoError(t, err)
		require.False(t, seen[key.(string)], "%s stands twice in %s", key, text)
		seen[key.(string)] = true
		var value json.RawMessage
		require.NoError(t, dec.Decode(&value))
	}
}
