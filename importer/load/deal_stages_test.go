package load

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/projectrye/rye-import/internal/pgtest"
)

func number64(f float64) *float64 { return &f }

// line shows a stage list on one line.
func line(list []pipelineStage) string {
	parts := make([]string, len(list))
	for i, s := range list {
		parts[i] = fmt.Sprintf("%d %s=%s", s.Order, s.Key, s.Label)
		if len(s.Labels) > 0 {
			parts[i] += "/" + strings.Join(s.Labels, "/")
		}
		if len(s.IDs) > 0 {
			parts[i] += "#" + strings.Join(s.IDs, "#")
		}
		if s.Terminal {
			parts[i] += "!"
		}
	}
	return strings.Join(parts, ", ")
}

func keys(labels []labelKey) string {
	parts := make([]string, len(labels))
	for i, l := range labels {
		parts[i] = l.label + ">" + l.key
		if l.keep {
			parts[i] += "+"
		}
	}
	return strings.Join(parts, ", ")
}

func TestMergeStages(t *testing.T) {
	t.Parallel()
	standing := []pipelineStage{
		{Key: "closed_won", Label: "Closed Won", Order: 3, Terminal: true}, // not in their order, as a person may leave them
		{Key: "new", Label: "New", Order: 1}, {Key: "offer", Label: "Offer", Order: 2},
	}
	for _, tc := range []struct {
		name     string
		standing []pipelineStage
		seen     []seenStage
		want     string
		labels   string
	}{
		{name: "Nothing"},
		{
			// Nothing says which stages end a deal but their labels.
			name: "EndsLast",
			seen: []seenStage{
				{label: "Closed Lost", key: "closed_lost", probability: number64(0)},
				{label: "Prospecting", key: "prospecting", probability: number64(10)},
				{label: "Closed Won", key: "closed_won", probability: number64(100)},
				{label: "Negotiation", key: "negotiation", probability: number64(60)},
			},
			want:   "1 prospecting=Prospecting, 2 negotiation=Negotiation, 3 closed_won=Closed Won!, 4 closed_lost=Closed Lost!",
			labels: "Closed Lost>closed_lost, Closed Won>closed_won, Negotiation>negotiation, Prospecting>prospecting",
		},
		{
			name: "ByProbability",
			seen: []seenStage{
				{label: "Lost", key: "lost", lost: true, probability: number64(0)},
				{label: "Won", key: "won", won: true, probability: number64(100)},
				{label: "Offer", key: "offer", probability: number64(60)},
				{label: "New", key: "new", probability: number64(10)},
			},
			want:   "1 new=New, 2 offer=Offer, 3 closed_won=Won!, 4 closed_lost=Lost!",
			labels: "Lost>closed_lost, New>new, Offer>offer, Won>closed_won",
		},
		{
			name: "TheSourcesOrderFirst", // then by probability, and then those of which nothing is known, by label
			seen: []seenStage{
				{label: "B", key: "b"},
				{label: "A", key: "a"},
				{label: "P", key: "p", probability: number64(1)},
				{label: "Two", key: "two", order: number64(2), probability: number64(5)},
				{label: "One", key: "one", order: number64(1), probability: number64(90)},
			},
			want:   "1 one=One, 2 two=Two, 3 p=P, 4 a=A, 5 b=B",
			labels: "A>a, B>b, One>one, P>p, Two>two",
		},
		{
			name: "NoneIsNew", standing: standing, seen: []seenStage{{label: "Offer", key: "offer", order: number64(0)}},
			want: "1 new=New, 2 offer=Offer, 3 closed_won=Closed Won!", labels: "Closed Won>closed_won, New>new, Offer>offer",
		},
		{
			name: "NewOnesAmongThoseThatStand", standing: standing,
			seen: []seenStage{
				{label: "Lost", key: "lost", lost: true},
				{label: "Contract", key: "contract", probability: number64(90)},
				{label: "Demo", key: "demo", probability: number64(20)},
			},
			want:   "1 new=New, 2 offer=Offer, 3 demo=Demo, 4 contract=Contract, 5 closed_won=Closed Won!, 6 closed_lost=Lost!",
			labels: "Closed Won>closed_won, Contract>contract, Demo>demo, Lost>closed_lost, New>new, Offer>offer",
		},
		{
			name: "SeveralLabelsOfOneKey", standing: standing,
			seen: []seenStage{
				{label: "Gewonnen", key: "gewonnen", won: true},
				{label: "offer", key: "offer"},
				{label: "Lost", key: "lost", lost: true},
				{label: "Dropped", key: "dropped", lost: true},
			},
			want: "1 new=New, 2 offer=Offer/Offer/offer, 3 closed_won=Closed Won/Closed Won/Gewonnen!, 4 closed_lost=Dropped/Dropped/Lost!",
			labels: "Closed Won>closed_won, Dropped>closed_lost, Gewonnen>closed_won+, Lost>closed_lost+, " +
				"New>new, Offer>offer, offer>offer+",
		},
		{
			name: "OpenOneEndsDealsNow", standing: standing, seen: []seenStage{{label: "Offer", key: "offer", won: true}},
			want:   "1 new=New, 2 offer=Offer, 3 closed_won=Closed Won/Closed Won/Offer!",
			labels: "Closed Won>closed_won, New>new, Offer>closed_won+",
		},
		{
			name: "TerminalOneStays", standing: standing, seen: []seenStage{{label: "Closed Won", key: "closed_won", lost: true}},
			want: "1 new=New, 2 offer=Offer, 3 closed_won=Closed Won!", labels: "Closed Won>closed_won, New>new, Offer>offer",
		},
		{
			// Deals name their stages by ids, which the definitions give names.
			name: "DealsNameIDs",
			seen: []seenStage{
				{label: "7", key: "7"},
				{label: "9", key: "9"},
				{id: "7", label: "Offer made", key: "offer_made", order: number64(2)},
				{id: "8", label: "Called", key: "called", order: number64(1)},
				{id: "9", label: "Gewonnen", key: "closed_won", won: true},
			},
			want:   "1 called=Called#8, 2 offer_made=Offer made#7, 3 closed_won=Gewonnen#9!",
			labels: "7>offer_made, 8>called, 9>closed_won, Called>called, Gewonnen>closed_won, Offer made>offer_made",
		},
		{
			// The definitions come in a later run: the keys stay, the names do not.
			name: "DefinedLater", standing: []pipelineStage{{Key: "7", Label: "7", Order: 1}},
			seen:   []seenStage{{id: "7", label: "Offer made", key: "offer_made"}, {label: "7", key: "7"}},
			want:   "1 7=Offer made#7",
			labels: "7>7, Offer made>7",
		},
		{
			// The definitions came in an earlier run.
			name: "DefinedBefore", standing: []pipelineStage{{Key: "offer_made", Label: "Offer made", IDs: []string{"7"}, Order: 1}},
			seen:   []seenStage{{label: "7", key: "7"}},
			want:   "1 offer_made=Offer made#7",
			labels: "7>offer_made, Offer made>offer_made",
		},
		{
			name: "HistoryNamesWhatDealsShow", // the two know different things of the same label
			seen: []seenStage{
				{label: "New", key: "new"},
				{label: "Won", key: "won"},
				{label: "Won", key: "won", won: true},
				{label: "New", key: "new", probability: number64(10)},
			},
			want: "1 new=New, 2 closed_won=Won!", labels: "New>new, Won>closed_won",
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			before := line(tc.standing)
			list, labels := mergeStages(tc.standing, tc.seen)
			require.Equal(t, tc.want, line(list))
			require.Equal(t, tc.labels, keys(labels))
			require.Equal(t, before, line(tc.standing), "what was handed in is as before")

			again, sameLabels := mergeStages(list, tc.seen)
			require.Equal(t, line(list), line(again), "the same run again changes nothing")
			require.Equal(t, keys(labels), keys(sameLabels))

			backwards := slices.Clone(tc.seen)
			slices.Reverse(backwards)
			other, _ := mergeStages(tc.standing, backwards)
			require.Equal(t, line(list), line(other), "whichever worker was faster")
		})
	}
}

func TestMergeStages_Probability(t *testing.T) {
	t.Parallel()
	list, _ := mergeStages(nil, []seenStage{{label: "New", key: "new", probability: number64(12.5)}, {label: "None", key: "none"}})
	require.Equal(t, 0.125, *list[0].Probability)
	require.Nil(t, list[1].Probability)
}

// TestParseStages keeps what others have written into a stage.
func TestParseStages(t *testing.T) {
	t.Parallel()
	const text = `{"key": "offer", "label": "Offer", "labels": ["Offer", "Quote"], "order": 2, "terminal": true, "probability": 0.5,
		"color": {"r": 1}, "limit": 9007199254740993}`
	list, err := parseStages([]byte(`{"name": "Sales", "stages": [` + text + `, {"key": "new"}]}`))
	require.NoError(t, err)
	require.Equal(t, "2 offer=Offer/Offer/Quote!, 0 new=", line(list))
	back, err := json.Marshal(list[0])
	require.NoError(t, err)
	require.JSONEq(t, text, string(back))
	require.Contains(t, string(back), "9007199254740993", "not by way of a float")
	back, err = json.Marshal(list[1])
	require.NoError(t, err)
	require.JSONEq(t, `{"key": "new", "label": "", "order": 0}`, string(back))

	for _, none := range []string{`{}`, `{"stages": null}`, `{"stages": []}`} {
		list, err := parseStages([]byte(none))
		require.NoError(t, err, none)
		require.Empty(t, list)
	}
	for text, want := range map[string]string{
		`{"stages": {}}`: "its stages are no list", `{"stages": ["offer"]}`: "stage 1 is malformed",
		`{"stages": [{"key": "new"}, {"order": "first"}]}`: "stage 2 is malformed", `[]`: "its stages are no list",
	} {
		_, err := parseStages([]byte(text))
		require.ErrorContains(t, err, want, text)
	}
}

func TestStageProperties(t *testing.T) {
	t.Parallel()
	for want, list := range map[string][]pipelineStage{
		`{"stages": []}`: {},
		`{"stages": [{"key": "closed_won", "label": "W", "order": 1, "terminal": true}]}`:                                                             {{Key: "closed_won", Label: "W", Order: 1, Terminal: true}},
		`{"stages": [{"key": "closed_won", "label": "", "order": 1, "terminal": true}, {"key": "a", "label": "", "order": 2}], "default_stage": "a"}`: {{Key: "closed_won", Order: 1, Terminal: true}, {Key: "a", Order: 2}},
	} {
		properties, err := stageProperties(list)
		require.NoError(t, err)
		require.JSONEq(t, want, string(properties))
	}
}

// TestAnalyzeDeals has the planner learn how many deals a run has before their stages are looked up: it would take the run
// for one without deals where the last that it knows of was another.
func TestAnalyzeDeals(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	for run := 1; run <= 2; run++ {
		execute(t, pool, "INSERT INTO rye_import.merge_deals SELECT $1, gen_random_uuid(), gen_random_uuid() FROM generate_series(1, 300)", run)
		execute(t, pool, "SELECT rye_import.analyze_merge('deals')")
		require.Equal(t, run*300, value[int](t, pool, "SELECT reltuples::int FROM pg_class WHERE oid = 'rye_import.merge_deals'::regclass"))
	}
}
