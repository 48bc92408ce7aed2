package importer

import (
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/projectrye/rye-import/importer/load"
	"github.com/projectrye/rye-import/importer/report"
)

func TestMoney(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"0": "0.00", "5": "5.00", "5.5": "5.50", "-0.3": "-0.30", "1.2300": "1.23", "1e3": "1000.00", "0.001": "0.001",
		"123456789012345678901234567890.12345678901234567890": "123456789012345678901234567890.1234567890123456789",
		"nonsense": "0.00", // which a database does not write
	} {
		require.Equal(t, want, money(decimal(in)), in)
	}
	sum := new(big.Rat)
	for range 10 {
		sum.Add(sum, decimal("0.1"))
	}
	require.Equal(t, "1.00", money(sum), "which ten floats do not make")
}

func TestFillSums(t *testing.T) {
	t.Parallel()
	r := &runner{summary: report.NewSummary("run", time.Time{})}
	r.fillSums(&load.Outcome{})
	require.Empty(t, r.summary.Sums, "without amounts there is nothing to say")
	r.fillSums(&load.Outcome{Sums: []load.Sum{
		{Currency: "EUR", Stage: "new", Source: "90071992547409930.01", Graph: "90071992547409930.02"},
		{Currency: "EUR", Stage: "offer", Source: "0.1", Graph: "0.2"},
		{Currency: "EUR", Source: "-0.11", Graph: "-0.22"},
		{Stage: "new", Source: "7", Graph: "7"},
	}})
	require.Equal(t, map[string]map[string]report.Sum{
		"deal_value": {"EUR": {Source: "90071992547409930.00", Graph: "90071992547409930.00"}, "unknown": {Source: "7.00", Graph: "7.00"}},
		"deal_value_by_stage": {
			"EUR new": {Source: "90071992547409930.01", Graph: "90071992547409930.02"}, "EUR offer": {Source: "0.10", Graph: "0.20"},
			"EUR ": {Source: "-0.11", Graph: "-0.22"}, "unknown new": {Source: "7.00", Graph: "7.00"},
		},
	}, r.summary.Sums)
}

// TestImbalance has each way in which a run may not account for something.
func TestImbalance(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name   string
		change func(r *runner, o *load.Outcome)
		want   []string
	}{
		{name: "Balanced", change: func(*runner, *load.Outcome) {}},
		{
			name: "RecordLost",
			change: func(_ *runner, o *load.Outcome) {
				o.Objects["Contact"] = load.Records{Created: 1, Updated: 2, Unchanged: 3, Archived: 3}
			},
			want: []string{"Contact: 21 records read, 20 accounted for"},
		},
		{
			name:   "RecordTwice",
			change: func(r *runner, _ *load.Outcome) { r.tally.objects["Contact"].filtered["not active"]++ },
			want:   []string{"Contact: 21 records read, 22 accounted for"},
		},
		{
			name:   "RejectNotCounted",
			change: func(r *runner, _ *load.Outcome) { r.tally.objects["Contact"].rejected-- },
			want:   []string{"Contact: 21 records read, 20 accounted for"},
		},
		{
			name:   "LoserNotCounted",
			change: func(_ *runner, o *load.Outcome) { o.Losers = o.Losers[:2] },
			want:   []string{"Contact: 21 records read, 20 accounted for"},
		},
		{
			name:   "RecordFromNowhere",
			change: func(_ *runner, o *load.Outcome) { o.Objects["Account"] = load.Records{Created: 1} },
			want:   []string{"Account: the database counts records that were not read"},
		},
		{
			name: "LinkWithoutOutcome",
			change: func(_ *runner, o *load.Outcome) {
				o.Links["employs"] = load.Links{Found: 5, Unchanged: 1, Closed: 1, Deferred: 1, Rejected: 1, Carried: 1}
			},
			want: []string{"link employs: 5 found, 4 accounted for"},
		},
		{
			name:   "LinkNotStaged",
			change: func(r *runner, _ *load.Outcome) { r.tally.found["employs"]++ },
			want:   []string{"link employs: 6 found in the export, 5 in staging"},
		},
		{
			name:   "LinkCarriedTwice",
			change: func(r *runner, _ *load.Outcome) { r.tally.unchanged["employs"]-- },
			want:   []string{"link employs: 4 found in the export, 5 in staging"},
		},
		{
			name:   "KindOfLinkNotStaged",
			change: func(r *runner, _ *load.Outcome) { r.tally.found["owned_by"], r.tally.found["none"] = 2, 0 },
			want:   []string{"link owned_by: 2 found in the export, none in staging"},
		},
		{
			name: "Amount", // a cent among more than a float can tell apart
			change: func(_ *runner, o *load.Outcome) {
				o.Sums[0].SourceApplied, o.Sums[0].GraphApplied = "90071992547409930.01", "90071992547409930.02"
			},
			want: []string{"deal_value EUR new: 90071992547409930.01 in the export, 90071992547409930.02 in the graph"},
		},
		{name: "AmountSpelled", change: func(_ *runner, o *load.Outcome) { o.Sums[0].GraphApplied = "1000.1000" }},
		{name: "AmountEditedInTheGraph", change: func(_ *runner, o *load.Outcome) { o.Sums[0].Graph = "5" }},
		{
			name: "All",
			change: func(r *runner, o *load.Outcome) {
				r.tally.objects["Contact"].read++
				r.tally.found["employs"]++
				o.Sums[0].GraphApplied = "0"
			},
			want: []string{
				"Contact: 22 records read, 21 accounted for", "link employs: 6 found in the export, 5 in staging",
				"deal_value EUR new: 1000.10 in the export, 0.00 in the graph",
			},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			r := &runner{tally: newTally(), summary: report.NewSummary("run", time.Time{})}
			o := &load.Outcome{
				Objects: map[string]load.Records{"Contact": {Created: 1, Updated: 2, Unchanged: 3, Archived: 4}},
				Links:   map[string]load.Links{"employs": {Found: 5, Linked: 1, Unchanged: 1, Closed: 1, Deferred: 1, Rejected: 1, Carried: 1}},
				Sums:    []load.Sum{{Currency: "EUR", Stage: "new", Source: "1000.1", Graph: "1000.1", SourceApplied: "1000.1", GraphApplied: "1000.1"}},
				Losers: []load.Losers{
					{Object: "Contact", Verdict: load.VerdictDuplicate, Count: 1},
					{Object: "Contact", Verdict: load.VerdictOlder, Count: 1},
					{Object: "Contact", Verdict: load.VerdictSame, Count: 1},
				},
			}
			contacts := r.tally.object("Contact")
			contacts.read, contacts.rejected, contacts.filtered = 21, 5, map[string]int64{"not active": 3}
			r.tally.found["employs"], r.tally.unchanged["employs"] = 3, 1
			tc.change(r, o)
			r.fillObjects(o)
			require.Equal(t, tc.want, r.imbalance(o))
		})
	}
}

func TestFillObjects(t *testing.T) {
	t.Parallel()
	r := &runner{tally: newTally(), summary: report.NewSummary("run", time.Time{})}
	c := r.tally.object("Contact")
	c.read, c.rejected, c.spent, c.filtered = 9, 1, 1500*time.Millisecond, map[string]int64{"not active": 2}
	r.tally.object("Case").unmapped = true
	o := &load.Outcome{
		Objects: map[string]load.Records{"Contact": {Created: 1, Archived: 1}}, Missing: map[string]int64{"Account": 4},
		Codes: []load.CodeRange{
			{Object: "Contact", First: "CON-2401-0001", Last: "CON-2401-0002"}, {Object: "Contact", First: "ORG-2401-0001", Last: "ORG-2401-0001"},
		},
		Losers: []load.Losers{
			{Object: "Contact", Verdict: load.VerdictDuplicate, Count: 1},
			{Object: "Contact", Verdict: load.VerdictOlder, Count: 2},
			{Object: "Contact", Verdict: load.VerdictSame, Count: 1},
			{Object: "Lead", Verdict: load.VerdictSame, Count: 1},
		},
		Waiting: []load.Waiting{
			{Object: "Contact", Kind: "link", Slot: "AccountId", WaitsFor: "Account", Count: 2},
			{Object: "Contact", Kind: "fact", Count: 1},
			{Object: "Quote", Kind: "link", Count: 1}, // of an earlier run
		},
	}
	r.fillObjects(o)
	r.fillDeferred(o)
	require.Equal(t, map[string]report.Object{
		"Contact": {
			Read: 9, Created: 1, Archived: 1, Rejected: 2, Filtered: 5, Deferred: 3, Seconds: 1.5,
			Codes: "CON-2401-0001 … CON-2401-0002, ORG-2401-0001",
			Filters: report.Counts{
				"not active": 2, "an older version of a record that is in the export too": 2, "the same record stands in another file": 1,
			},
		},
		"Case": {Unmapped: true}, "Account": {Missing: 4},
		"Lead": {Filtered: 1, Filters: report.Counts{"the same record stands in another file": 1}},
	}, r.summary.Objects)
	require.Len(t, r.summary.Deferred, 3)
}

func TestFillNames(t *testing.T) {
	t.Parallel()
	r := &runner{summary: report.NewSummary("run", time.Time{})}
	r.fillNames(&load.Outcome{})
	require.Empty(t, r.summary.Names)
	r.fillNames(&load.Outcome{NamesTotal: 7, Names: []load.NameOutcome{
		{Lookup: "Account.name", Name: "Acme", Links: 3, Candidates: []load.Candidate{{Object: "Account", LegacyID: "a1", Code: "ORG-2401-0001", Label: "ACME"}}},
		{Lookup: "User.name", Name: "Adda", Links: 2, Suggestion: "Ada"},
	}})
	require.Equal(t, int64(7), r.summary.NamesTotal)
	require.Equal(t, []report.Name{
		{Lookup: "Account.name", Name: "Acme", State: "ambiguous", Links: 3, Candidates: []report.Candidate{{Object: "Account", ID: "a1", Code: "ORG-2401-0001", Label: "ACME"}}},
		{Lookup: "User.name", Name: "Adda", State: "unknown", Links: 2, Suggestion: "Ada"},
	}, r.summary.Names)
}

func TestLimit(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		limit    Limit
		n, total int64
		want     bool
		text     string
	}{
		{Limit{}, 0, 10, false, "0"},
		{Limit{}, 1, 10, true, "0"},
		{Limit{Count: 5}, 5, 10, false, "5"},
		{Limit{Count: 5}, 6, 10, true, "5"},
		{Limit{IsShare: true}, 0, 0, false, "0%"},
		{Limit{IsShare: true}, 1, 1_000_000, true, "0%"},
		{Limit{Percent: 12.5, IsShare: true, Count: 1}, 125, 1000, false, "12.5%"},
		{Limit{Percent: 12.5, IsShare: true}, 126, 1000, true, "12.5%"},
		{Limit{Percent: 100, IsShare: true}, 7, 7, false, "100%"},
	} {
		require.Equal(t, tc.want, tc.limit.exceeded(tc.n, tc.total), "%d of %d, %s", tc.n, tc.total, tc.limit)
		require.Equal(t, tc.text, tc.limit.String())
	}
}

func TestConfig_Defaults(t *testing.T) {
	t.Parallel()
	c := Config{}.withDefaults()
	require.Equal(t, DefaultBatchSize, c.BatchSize)
	require.Equal(t, DefaultMaxArchive, c.MaxArchive)
	require.Equal(t, []string{"run", "rejects"}, []string{c.Command, c.RejectsDir})
	require.GreaterOrEqual(t, c.Workers, 2)
	require.NotNil(t, c.Logger)
	require.NotNil(t, c.Now)
	c.Progress(Progress{})

	require.Zero(t, Config{MaxArchive: -1}.withDefaults().MaxArchive, "none may be archived")
	given := Config{BatchSize: 1, Command: "demo", MaxArchive: 5, RejectsDir: "x", Workers: 1}
	got := given.withDefaults()
	require.Equal(t, []any{1, "demo", 5.0, "x", 1}, []any{got.BatchSize, got.Command, got.MaxArchive, got.RejectsDir, got.Workers})
}

func TestErrors(t *testing.T) {
	t.Parallel()
	few := &NoExportError{Files: strings.Split("a b c d e", " ")}
	require.True(t, strings.HasSuffix(few.Error(), "imported: a; b; c; d; e"))
	many := &NoExportError{Files: strings.Split("a b c d e f g", " ")}
	require.True(t, strings.HasSuffix(many.Error(), "imported: a; b; c; d; e; and 2 more"))
	require.Len(t, many.Files, 7)
	many.Tables = true
	require.True(t, strings.HasSuffix(many.Error(), "and 2 more; a mapping for such tables is drafted by rye-import mapping init"))
	require.EqualError(t, &RejectGuardError{Rejected: 2, Read: 10, Limit: Limit{Count: 1}},
		"2 of 10 records are rejected, more than --max-rejects 1 allows; nothing was changed")
	require.ErrorContains(t, &RejectGuardError{Path: "rejects/1"}, "; they are in rejects/1")
	require.ErrorContains(t, &UnbalancedError{Where: []string{"a", "b"}}, "nothing was changed: a; b; please report this")

	require.True(t, IsUncertain(&load.UncertainError{}))
	require.False(t, IsUncertain(ErrSourceLocked))
	require.True(t, IsGuard(&load.MissingGuardError{}))
	require.True(t, IsGuard(&RejectGuardError{}))
	require.False(t, IsGuard(&UnbalancedError{}))
	require.False(t, IsGuard(nil))
}
