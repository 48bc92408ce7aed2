package load

import (
	"context"
	"crypto/md5" //nolint:gosec // of the size that is needed; nothing depends on it
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/projectrye/rye-import/importer/graph"
	"github.com/projectrye/rye-import/internal/pgtest"
)

func TestMerge(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	b := people("Ada", "Bob")
	b.org(3, "o1", "Acme")
	b.employs(1, "o1")
	b.employs(2, "o2")
	b.deal(4, "d1", "1000.10", "EUR")

	run := begun(t, pool, "crm")
	require.False(t, run.Known)
	no := file(t, run, "Contact.csv")
	s := staged(t, run, no, b)
	var phases []string
	out, err := run.Merge(t.Context(), MergeOptions{
		UnchangedLinks: s.Links, FileRecords: map[int32]int64{no: 4}, Settle: content,
		Progress: func(phase string) { phases = append(phases, phase) },
	})
	require.NoError(t, err)
	require.Equal(t, "running", value[string](t, pool, "SELECT status FROM rye_import.runs WHERE run_no <> $1 UNION ALL SELECT 'running'", run.Number))
	require.NoError(t, run.Close(t.Context()))

	require.True(t, out.Changed())
	require.Equal(t, map[string]Records{"Contact": {Created: 2}, "Account": {Created: 1}, "Opportunity": {Created: 1}}, out.Objects)
	require.Equal(t, map[string]Links{"employs": {Found: 2, Linked: 1, Deferred: 1}}, out.Links)
	require.Equal(t, Nodes{Created: 4}, out.Nodes)
	require.Equal(t, Edges{Created: 1}, out.Edges)
	require.Equal(t, Assertions{Created: 1}, out.Assertions)
	require.Equal(t, []Sum{{Currency: "EUR", Source: "1000.10", Graph: "1000.10", SourceApplied: "1000.10", GraphApplied: "1000.10"}}, out.Sums)
	require.Equal(t, []CodeRange{
		{Object: "Account", First: "ORG-2401-0001", Last: "ORG-2401-0001", Count: 1},
		{Object: "Contact", First: "CON-2401-0001", Last: "CON-2401-0002", Count: 2},
		{Object: "Opportunity", First: "OPP-2401-0001", Last: "OPP-2401-0001", Count: 1},
	}, out.Codes)
	require.Len(t, out.Waiting, 1)
	require.Equal(t, Waiting{Object: "Contact", Kind: "link", Slot: "AccountId", WaitsFor: "Account", Count: 1, Since: out.Waiting[0].Since}, out.Waiting[0])
	require.Equal(t, []string{"keys", "nodes", "facts", "links", "records", "check"}, phases)
	require.Len(t, out.Phases, len(phases))

	require.Equal(t, nothingLeft, leftovers(t, pool))
	require.Equal(t, "done", value[string](t, pool, "SELECT status FROM rye_import.runs"))
	require.Equal(t, "Import of test", value[string](t, pool, "SELECT e.summary FROM rye.events e JOIN rye_import.runs r ON r.event_id = e.id WHERE e.event_type = 'import_run'"))
	require.Equal(t, 1, value[int](t, pool, "SELECT count(*) FROM rye.artifacts"), "it stands for the file")
	require.Equal(t, "Acme Ada", value[string](t, pool, "SELECT s.label || ' ' || t.label FROM rye.edges e JOIN rye.nodes s ON s.id = e.source_id JOIN rye.nodes t ON t.id = e.target_id"))

	size := graphSize(t, pool)
	again := imported(t, pool, b, MergeOptions{})
	require.False(t, again.Changed())
	require.Equal(t, map[string]Records{"Contact": {Unchanged: 2}, "Account": {Unchanged: 1}, "Opportunity": {Unchanged: 1}}, again.Objects)
	require.Equal(t, map[string]Links{"employs": {Found: 2, Unchanged: 1, Deferred: 1}}, again.Links)
	require.Equal(t, size, graphSize(t, pool))

	// The other account arrives alone: Bob's link has waited for it.
	late := &batch{}
	late.org(1, "o2", "Globex")
	carried := imported(t, pool, late, MergeOptions{})
	require.Equal(t, map[string]Links{"employs": {Found: 1, Linked: 1, Carried: 1}}, carried.Links)
	require.Empty(t, carried.Waiting)
	require.Equal(t, Edges{Created: 1}, carried.Edges)
}

// TestMerge_LostRows has staging lose something between the copies and the merge, as a server does
// that crashes and empties a table: the run says so and changes nothing.
func TestMerge_LostRows(t *testing.T) {
	t.Parallel()
	const discard = `CREATE FUNCTION public.discard() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
		CREATE TRIGGER discard BEFORE INSERT ON rye_import.staging_records FOR EACH ROW WHEN (NEW.legacy_id = 'B') EXECUTE FUNCTION public.discard()`
	for name, tc := range map[string]struct {
		before, after string
		found         int64
	}{
		"a row":                  {after: "DELETE FROM rye_import.staging_records WHERE legacy_id = 'A'", found: 2},
		"all rows":               {after: "TRUNCATE rye_import.staging_records", found: 0},
		"a row too many":         {after: "INSERT INTO rye_import.staging_records SELECT * FROM rye_import.staging_records WHERE legacy_id = 'A'", found: 4},
		"that a row has content": {after: "UPDATE rye_import.staging_records SET changed = false WHERE legacy_id = 'A'", found: 3},
		"a row while it copies":  {before: discard, found: 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pool := pgtest.New(t)
			run := begun(t, pool, "crm")
			if tc.before != "" {
				execute(t, pool, tc.before)
			}
			staged(t, run, file(t, run, "Contact.csv"), people("Ada", "Bob", "Cid"))
			if tc.after != "" {
				execute(t, pool, tc.after)
			}
			_, err := run.Merge(t.Context(), MergeOptions{Settle: func(context.Context, *Outcome, *Ledger) (Settlement, error) {
				return Settlement{}, errors.New("it came to settling")
			}})
			var lost *LostRowsError
			require.ErrorAs(t, err, &lost)
			require.Equal(t, &LostRowsError{Copied: 3, Found: tc.found}, lost)
			require.ErrorContains(t, err, "merging (keys)")
			require.NoError(t, run.End(t.Context(), "failed", err, nil))
			require.Zero(t, graphSize(t, pool))
			require.Equal(t, nothingLeft, leftovers(t, pool))
			require.Contains(t, value[string](t, pool, "SELECT error FROM rye_import.runs WHERE status = 'failed'"), "staging holds")
		})
	}
}

// TestMerge_LostKeys has staging lose the key of a record that has not changed: archiving what is missing
// would take it for one that is gone.
func TestMerge_LostKeys(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	imported(t, pool, people("Ada", "Bob", "Cid"), MergeOptions{})
	run := begun(t, pool, "crm")
	require.Equal(t, int64(3), staged(t, run, file(t, run, "Contact.csv"), people("Ada", "Bob", "Cid")).Unchanged)
	execute(t, pool, "DELETE FROM rye_import.staging_unchanged WHERE legacy_id = 'B'")
	_, err := run.Merge(t.Context(), MergeOptions{ArchiveMissing: []string{"Contact"}, MaxArchive: 100, Settle: content})
	var lost *LostRowsError
	require.ErrorAs(t, err, &lost)
	require.Equal(t, &LostRowsError{Copied: 3, Found: 2}, lost)
	require.NoError(t, run.End(t.Context(), "failed", err, nil))
	require.Zero(t, value[int](t, pool, "SELECT count(*) FROM rye.nodes WHERE archived_at IS NOT NULL"))
}

// TestMerge_Unbalanced has the caller refuse what the merge has made: all of it is taken back, the code
// numbers too.
func TestMerge_Unbalanced(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	// Something in the database changes amounts on their way.
	execute(t, pool, `CREATE FUNCTION public.round() RETURNS trigger LANGUAGE plpgsql AS $$
		BEGIN NEW.claim := jsonb_set(NEW.claim, '{amount}', to_jsonb(round((NEW.claim->>'amount')::numeric))); RETURN NEW; END $$;
		CREATE TRIGGER round BEFORE INSERT ON rye.assertions FOR EACH ROW WHEN (NEW.assertion_type = 'deal_value') EXECUTE FUNCTION public.round()`)
	run := begun(t, pool, "crm")
	no := file(t, run, "Opportunity.csv")
	b := people("Ada", "Bob")
	b.Records[1].ID = "A" // one id twice in a file
	b.deal(3, "d1", "1000.25", "EUR")
	staged(t, run, no, b)

	refused := errors.New("it does not balance")
	var held int
	var counts map[string]int64
	_, err := run.Merge(t.Context(), MergeOptions{Settle: func(ctx context.Context, o *Outcome, rejects *Ledger) (Settlement, error) {
		require.Equal(t, Nodes{Created: 2}, o.Nodes)
		require.Equal(t, []Sum{{Currency: "EUR", Source: "1000.25", Graph: "1000", SourceApplied: "1000.25", GraphApplied: "1000"}}, o.Sums)
		require.Zero(t, graphSize(t, pool), "nobody else sees it yet")
		held = value[int](t, pool, "SELECT count(*) FROM rye_import.code_blocks WHERE run_no = $1", run.Number)
		var err error
		counts, err = rejects.Counts(ctx)
		require.NoError(t, err)
		return Settlement{}, refused
	}})
	require.ErrorIs(t, err, refused)
	require.ErrorContains(t, err, "merging (check)")
	require.Equal(t, 2, held, "of people and of deals")
	require.Equal(t, map[string]int64{"duplicate_id": 1}, counts)
	require.Zero(t, graphSize(t, pool))
	require.Equal(t, 2, value[int](t, pool, "SELECT count(*) FROM rye_import.code_blocks WHERE run_no = $1", run.Number))
	counts, err = run.Ledger().Counts(t.Context())
	require.NoError(t, err)
	require.Empty(t, counts, "what the merge rejected is undone with it")

	require.NoError(t, run.End(t.Context(), "failed", refused, json.RawMessage(`{"balanced": false}`)))
	require.Equal(t, nothingLeft, leftovers(t, pool))
	require.Equal(t, 1, value[int](t, pool, "SELECT min(next_val) FROM rye.crm_code_counters"))
	require.Equal(t, "failed it does not balance false", value[string](t, pool,
		"SELECT concat_ws(' ', status, error, summary->>'balanced') FROM rye_import.runs WHERE finished_at IS NOT NULL AND event_id IS NULL"))

	// Without what stood in the way, the same run goes through, and its codes begin with the first.
	execute(t, pool, "DROP TRIGGER round ON rye.assertions")
	out := imported(t, pool, b, MergeOptions{})
	require.Equal(t, "CON-2401-0001", out.Codes[0].First)
}

// TestMerge_Cancelled cancels when all is done but the commit.
func TestMerge_Cancelled(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	run := begun(t, pool, "crm")
	staged(t, run, file(t, run, "Contact.csv"), people("Ada"))
	ctx, cancel := context.WithCancel(t.Context())
	_, err := run.Merge(ctx, MergeOptions{Settle: func(context.Context, *Outcome, *Ledger) (Settlement, error) {
		cancel()
		return Settlement{Summary: json.RawMessage(`{}`)}, nil
	}})
	require.ErrorIs(t, err, context.Canceled)
	require.NoError(t, run.End(ctx, "interrupted", err, nil), "a cancelled context is no reason to leave things behind")
	require.Zero(t, graphSize(t, pool))
	require.Equal(t, nothingLeft, leftovers(t, pool))
	require.Equal(t, "interrupted", value[string](t, pool, "SELECT status FROM rye_import.runs"))
}

// TestMerge_Sums has amounts that no float can add up.
func TestMerge_Sums(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	b := &batch{}
	for i, amount := range []string{"0.1", "0.2", "90071992547409930.000000001", "-0.3"} {
		b.deal(int64(i)+1, "d"+amount, amount, "EUR")
	}
	b.deal(5, "j", "7", "JPY")
	b.deal(6, "n", "5", "")
	out := imported(t, pool, b, MergeOptions{})
	sum := func(currency, amount string) Sum {
		return Sum{Currency: currency, Source: amount, Graph: amount, SourceApplied: amount, GraphApplied: amount}
	}
	require.Len(t, out.Sums, 3)
	require.Equal(t, sum("EUR", "90071992547409930.000000001"), out.Sums[1])
	require.Equal(t, sum("JPY", "7"), out.Sums[2])
	require.Equal(t, "5", out.Sums[0].Source)
}

func TestMerge_ArchiveMissing(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		max     float64
		objects []string
		stopped bool
		missing map[string]int64
	}{
		"too many":          {max: 24.9, objects: []string{"Contact"}, stopped: true},
		"none may be":       {max: 0, objects: []string{"Contact"}, stopped: true},
		"just as many":      {max: 25, objects: []string{"Contact"}, missing: map[string]int64{"Contact": 1}},
		"of another object": {max: 0, objects: []string{"Account"}},
		"not asked for":     {max: 100},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pool := pgtest.New(t)
			all := people("Ada", "Bob", "Cid", "Dan")
			all.org(5, "o1", "Acme")
			imported(t, pool, all, MergeOptions{})
			size := graphSize(t, pool)

			rest := people("Ada", "Bob", "Cid")
			rest.org(4, "o1", "Acme")
			run := begun(t, pool, "crm")
			staged(t, run, file(t, run, "Contact.csv"), rest)
			out, err := run.Merge(t.Context(), MergeOptions{ArchiveMissing: tc.objects, MaxArchive: tc.max, Settle: content})
			archived := "SELECT count(*) FROM rye.nodes WHERE archived_at IS NOT NULL"
			if tc.stopped {
				var guard *MissingGuardError
				require.ErrorAs(t, err, &guard)
				require.Equal(t, &MissingGuardError{Missing: 1, Total: 4, MaxPercent: tc.max}, guard)
				require.NoError(t, run.End(t.Context(), "stopped", err, nil))
				require.Zero(t, value[int](t, pool, archived))
				require.Equal(t, size, graphSize(t, pool))
				return
			}
			require.NoError(t, err)
			require.NoError(t, run.Close(t.Context()))
			require.Equal(t, tc.missing, out.Missing)
			require.Equal(t, len(tc.missing), value[int](t, pool, archived+" AND label = 'Dan'"))
			require.Equal(t, len(tc.missing), value[int](t, pool, archived))
		})
	}

	t.Run("unknown object", func(t *testing.T) {
		t.Parallel()
		pool := pgtest.New(t)
		imported(t, pool, people("Ada"), MergeOptions{})
		run := begun(t, pool, "crm")
		_, err := run.Merge(t.Context(), MergeOptions{ArchiveMissing: []string{"Nonsense"}, Settle: content})
		require.ErrorContains(t, err, `"Nonsense"`)
	})
}

// TestMerge_Duplicates has records whose key another record has too, in one file and in two.
func TestMerge_Duplicates(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	run := begun(t, pool, "crm")
	first, second := file(t, run, "Contact.csv"), file(t, run, "b/Contact.csv")
	b := people("Ada", "Bob", "Cid")
	b.Records[0].Version, b.Records[1].Version = january, january
	b.org(4, "o1", "Acme")
	b.employs(1, "o1")
	b.person(5, "C", "Cid, another").Line = 9 // in the same file
	b.employs(5, "o1")
	staged(t, run, first, b)
	c := &batch{}
	c.person(6, "A", "Ada, newer").Version = january.Add(time.Hour)
	c.person(7, "B", "Bob").Version = january
	staged(t, run, second, c)
	require.NoError(t, run.Reject(t.Context(), second, []Reject{{
		Rec: 8, Line: 4, Object: "Contact", Column: "LastName", Value: "\x00\xff", Code: "ragged_row", Reason: "too short", Stage: "decode",
	}}))
	require.NoError(t, run.Reject(t.Context(), second, nil))

	out, err := run.Merge(t.Context(), MergeOptions{Settle: func(ctx context.Context, o *Outcome, l *Ledger) (Settlement, error) {
		require.Equal(t, []Losers{
			{Object: "Contact", Verdict: VerdictDuplicate, Count: 1},
			{Object: "Contact", Verdict: VerdictOlder, Count: 1},
			{Object: "Contact", Verdict: VerdictSame, Count: 1},
		}, o.Losers)
		counts, err := l.Counts(ctx)
		require.NoError(t, err)
		require.Equal(t, map[string]int64{"duplicate_id": 1, "ragged_row": 1}, counts)
		files, err := l.Files(ctx)
		require.NoError(t, err)
		require.Equal(t, []RejectedFile{{first, "Contact", 1}, {second, "Contact", 1}}, files)
		unidentified, err := l.Unidentified(ctx)
		require.NoError(t, err)
		require.Equal(t, map[string]int64{"Contact": 1}, unidentified)
		page, err := l.Page(ctx, first, 0)
		require.NoError(t, err)
		require.Equal(t, []Reject{{
			Rec: 5, Line: 9, Object: "Contact", Column: "Contact Id", Value: "C", Code: "duplicate_id",
			Reason: "the id stands in Contact.csv, line 4, too; that record is used", Stage: "load",
		}}, page)
		page, err = l.Page(ctx, first, 5)
		require.NoError(t, err)
		require.Empty(t, page)
		page, err = l.Page(ctx, second, 0)
		require.NoError(t, err)
		require.Equal(t, "\ufffd", page[0].Value, "fit for the database")
		return content(ctx, o, l)
	}})
	require.NoError(t, err)
	require.NoError(t, run.Close(t.Context()))
	// The link of the older Ada went with her, and that of the second Cid.
	require.Equal(t, Links{Found: 2, Unchanged: 1, Rejected: 1}, out.Links["employs"])
	require.Equal(t, []string{"Acme", "Ada, newer", "Bob", "Cid"}, values(t, pool, "SELECT label FROM rye.nodes ORDER BY 1"))
}

// TestMerge_Aliases lets two records share a node, also when the one that they share arrives later.
func TestMerge_Aliases(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	b := people("Ada", "Bob", "Cid")
	b.Records[0].Same = graph.Ref{Object: "Contact", ID: "B"}
	b.Records[2].Same = graph.Ref{Object: "Contact", ID: "D"}
	out := imported(t, pool, b, MergeOptions{})
	require.Equal(t, Nodes{Created: 2}, out.Nodes)
	owner := func(id string) string {
		t.Helper()
		return value[string](t, pool, "SELECT n.properties->>'code' FROM rye.node_source_map m JOIN rye.nodes n ON n.id = m.node_id WHERE m.source_id = $1", id)
	}
	require.Equal(t, owner("B"), owner("A"))
	require.NotEqual(t, owner("B"), owner("C"))

	late := &batch{}
	late.person(1, "D", "Dan")
	cid := owner("C")
	out = imported(t, pool, late, MergeOptions{})
	require.Equal(t, cid, owner("D"), "Dan is whom Cid has waited for")
	require.Equal(t, Nodes{Updated: 1}, out.Nodes)
	require.Zero(t, value[int](t, pool, "SELECT count(*) FROM rye_import.deferred"))
}

// TestMerge_TwoNodesBecomeOne learns of two records whose nodes stand that they are the same.
func TestMerge_TwoNodesBecomeOne(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	imported(t, pool, people("Ada", "Bob"), MergeOptions{})
	same := &batch{}
	rec := same.person(1, "A", "Ada, that is Bob")
	rec.Same = graph.Ref{Object: "Contact", ID: "B"}
	out := imported(t, pool, same, MergeOptions{})
	require.Equal(t, int64(1), out.Nodes.Archived)
	require.Equal(t, []string{"A Bob", "B Bob"}, values(t, pool, `SELECT m.source_id || ' ' || n.label
		FROM rye.node_source_map m JOIN rye.nodes n ON n.id = m.node_id WHERE n.archived_at IS NULL ORDER BY 1`))
	require.Equal(t, "import:crm", value[string](t, pool, "SELECT merged_by FROM rye.node_merges"))
}

// TestMerge_Gone has a record that was merged away in the source before its survivor came.
func TestMerge_Gone(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	gone := &batch{Batch: graph.Batch{Records: []graph.Record{{
		Rec: 1, Kind: graph.KindNode, Object: "Contact", ID: "A", Deleted: true, Same: graph.Ref{Object: "Contact", ID: "B"}, Line: 2,
	}}}}
	imported(t, pool, gone, MergeOptions{})
	require.Zero(t, value[int](t, pool, "SELECT count(*) FROM rye.nodes"))
	late := &batch{}
	late.person(1, "B", "Bob")
	imported(t, pool, late, MergeOptions{})
	require.Equal(t, []string{"A", "B"}, values(t, pool,
		"SELECT m.source_id FROM rye.node_source_map m JOIN rye.nodes n ON n.id = m.node_id WHERE n.label = 'Bob' ORDER BY 1"))
	require.Zero(t, value[int](t, pool, "SELECT count(*) FROM rye_import.deferred"))
}

// TestMerge_Twins has survivors name the records that were merged into them: of nodes that stand, of
// nodes that come in the same run, and of records that never come.
func TestMerge_Twins(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	b := people("Ada", "Bob", "Cid", "Dan")
	b.org(5, "acme", "Acme")
	for i := range 4 {
		b.Links = append(b.Links, graph.Link{Rec: int64(i) + 1, Slot: "AccountId", EdgeType: "employs", Source: graph.Ref{Object: "Account", ID: "later"}})
	}
	imported(t, pool, b, MergeOptions{})
	keys := func() []string {
		t.Helper()
		return values(t, pool, `SELECT n.label || ' ' || (n.properties->>'code') || ': ' || string_agg(m.source_id, ' ' ORDER BY m.source_id)
			FROM rye.node_source_map m JOIN rye.nodes n ON n.id = m.node_id
			WHERE m.source_table = 'Contact' AND n.archived_at IS NULL GROUP BY n.id ORDER BY 1`)
	}
	next := &batch{}
	next.person(1, "A", "Ada, also Bob")
	next.person(2, "N", "Nan, also Cid and Dan")
	next.person(3, "Z", "Zoe, who is Yan")
	next.person(4, "Y", "Yan")
	next.Twins = []graph.Twin{
		{Rec: 1, Ref: graph.Ref{Object: "Contact", ID: "B"}},
		{Rec: 1, Ref: graph.Ref{Object: "Contact", ID: "never"}},
		{Rec: 2, Ref: graph.Ref{Object: "Contact", ID: "C"}},
		{Rec: 2, Ref: graph.Ref{Object: "Contact", ID: "D"}},
		{Rec: 3, Ref: graph.Ref{Object: "Contact", ID: "Y"}},
	}
	out := imported(t, pool, next, MergeOptions{})
	require.Equal(t, map[string]Records{"Contact": {Created: 2, Updated: 2}}, out.Objects, "the dead have not been read")
	require.Equal(t, []string{
		"Ada, also Bob CON-2401-0001: A B never", "Nan, also Cid and Dan CON-2401-0003: C D N", "Zoe, who is Yan CON-2401-0005: Y Z",
	}, keys())
	require.Equal(t, Nodes{Created: 1, Updated: 2, Archived: 2}, out.Nodes)
	require.Equal(t, []string{"A", "N", "Y", "Z"}, values(t, pool, "SELECT legacy_id FROM rye_import.records WHERE object_no = (SELECT object_no FROM rye_import.objects WHERE object = 'Contact') AND archived IS NULL ORDER BY 1"))
	require.Zero(t, value[int](t, pool, "SELECT count(*) FROM rye_import.deferred"), "who waited said everything anew, or is dead")
	require.Zero(t, value[int](t, pool, "SELECT count(*) FROM rye_import.staging_twins"))
	require.False(t, imported(t, pool, next, MergeOptions{}).Changed())

	// What still names a dead one is linked to its survivor, and one that comes after all is it.
	last := &batch{}
	last.person(1, "never", "Ada, also Bob")
	last.org(2, "late", "Late")
	last.Links = append(last.Links, graph.Link{Rec: 2, Slot: "Boss", EdgeType: "employs", Target: graph.Ref{Object: "Contact", ID: "B"}})
	imported(t, pool, last, MergeOptions{})
	require.Len(t, keys(), 3)
	require.Equal(t, []string{"Late Ada, also Bob"}, values(t, pool, `SELECT s.label || ' ' || t.label FROM rye.edges e
		JOIN rye.nodes s ON s.id = e.source_id JOIN rye.nodes t ON t.id = e.target_id WHERE e.edge_type = 'employs'`))
}

// TestMerge_Corrected corrects when an edge began, which one that came with a change does not take; what
// waits has waited since it first did, whatever else its record says.
func TestMerge_Corrected(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	story := func(label, account string, since time.Time, version time.Time) *Outcome {
		b := &batch{}
		b.person(1, "A", label).Version = version
		b.org(2, "acme", "Acme")
		b.org(3, "globex", "Globex")
		b.employs(1, account)
		b.Links[0].EffectiveFrom = since
		b.Links = append(b.Links, graph.Link{Rec: 1, Slot: "Boss", EdgeType: "reports_to", Target: graph.Ref{Object: "Contact", ID: "never"}})
		return imported(t, pool, b, MergeOptions{})
	}
	begins := func() []string {
		t.Helper()
		return values(t, pool, `SELECT s.label || ' ' || to_char(e.effective_from AT TIME ZONE 'UTC', 'YYYY-MM-DD') FROM rye.edges e
			JOIN rye.nodes s ON s.id = e.source_id WHERE e.edge_type = 'employs' ORDER BY 1`)
	}
	story("Ada", "acme", january, january)
	require.Equal(t, []string{"Acme 2024-01-15"}, begins())
	execute(t, pool, "UPDATE rye_import.deferred SET deferred_at = '2024-02-01Z'")
	out := story("Ada II", "acme", january.AddDate(0, -1, 0), january.AddDate(0, 2, 0))
	require.Equal(t, Edges{Updated: 1}, out.Edges)
	require.Equal(t, []string{"Acme 2023-12-15"}, begins())
	story("Ada III", "globex", january, january.AddDate(0, 3, 0))
	story("Ada IV", "globex", january.AddDate(0, -1, 0), january.AddDate(0, 4, 0))
	require.Equal(t, []string{"Acme 2023-12-15", "Globex 2024-04-15"}, begins())
	require.Equal(t, "2024-02-01", value[string](t, pool, "SELECT to_char(deferred_at AT TIME ZONE 'UTC', 'YYYY-MM-DD') FROM rye_import.deferred"))
}

// TestMerge_TwinArchived merges records away whose nodes were archived before.
func TestMerge_TwinArchived(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	imported(t, pool, people("Ada", "Bob", "Cid"), MergeOptions{})
	dead := &batch{}
	dead.person(1, "B", "Bob").Deleted = true
	dead.person(2, "C", "Cid").Deleted = true
	for i := range dead.Records {
		dead.Records[i].Hash[0]++
	}
	require.Equal(t, Nodes{Archived: 2}, imported(t, pool, dead, MergeOptions{}).Nodes)
	next := &batch{}
	next.person(1, "A", "Ada, also Bob")
	next.person(2, "N", "Nan, also Cid")
	next.Twins = []graph.Twin{{Rec: 1, Ref: graph.Ref{Object: "Contact", ID: "B"}}, {Rec: 2, Ref: graph.Ref{Object: "Contact", ID: "C"}}}
	out := imported(t, pool, next, MergeOptions{})
	require.Equal(t, Nodes{Updated: 2}, out.Nodes)
	require.Equal(t, []string{"Ada, also Bob: A B", "Nan, also Cid: C N"}, values(t, pool, `SELECT n.label || ': ' || string_agg(m.source_id, ' ' ORDER BY m.source_id)
		FROM rye.node_source_map m JOIN rye.nodes n ON n.id = m.node_id WHERE n.archived_at IS NULL GROUP BY n.id ORDER BY 1`))
}

// TestMerge_Events has participants in events, one of whom comes later.
func TestMerge_Events(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	b := people("Ada")
	b.Records = append(b.Records, graph.Record{Rec: 2, Kind: graph.KindEvent, Object: "Opportunity", ID: "e1", Line: 3})
	b.Events = []graph.Event{{Rec: 2, Type: "call", OccurredAt: january, Summary: "Talked", Properties: []byte(`{}`), Actor: graph.Ref{Object: "Contact", ID: "A"}}}
	for _, id := range []string{"A", "B"} {
		b.Participants = append(b.Participants, graph.Participant{Rec: 2, Slot: "Who" + id, Role: "subject", Node: graph.Ref{Object: "Contact", ID: id}})
	}
	out := imported(t, pool, b, MergeOptions{})
	require.Equal(t, Events{Created: 1, Participants: 1}, out.Events)
	require.Equal(t, Links{Found: 2, Linked: 1, Deferred: 1}, out.Links[ParticipantLink])
	again := imported(t, pool, b, MergeOptions{})
	require.False(t, again.Changed())
	require.Equal(t, Links{Found: 2, Unchanged: 1, Deferred: 1}, again.Links[ParticipantLink])

	// Of two calls under one id the later one is rejected, and so is who took part in it.
	twice := people("Ada", "Bob")
	twice.Records = append(twice.Records, b.Records[1], b.Records[1])
	twice.Records[2].Rec, twice.Records[3].Rec = 3, 4
	twice.Participants = []graph.Participant{{Rec: 4, Slot: "WhoA", Role: "subject", Node: graph.Ref{Object: "Contact", ID: "A"}}}
	twice.Records[3].Hash[0]++
	out = imported(t, pool, twice, MergeOptions{})
	require.Equal(t, Links{Found: 2, Linked: 1, Rejected: 1, Carried: 1}, out.Links[ParticipantLink])
	require.Equal(t, []string{"Ada", "Bob"}, values(t, pool, `SELECT n.label FROM rye.event_participants p JOIN rye.events e ON e.id = p.event_id
		JOIN rye.nodes n ON n.id = p.node_id WHERE e.event_type = 'call' ORDER BY 1`))
}

// TestMerge_Pipelines makes pipelines that deals name and nothing defines, and keeps their stages up to
// date.
func TestMerge_Pipelines(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	execute(t, pool, `INSERT INTO rye.nodes (node_type, label, properties) VALUES ('pipeline', 'By hand', '{"code": "PL-SALES"}')`)
	yes, no := true, false
	deals := func(stage string, closed *bool) *batch {
		b := &batch{}
		for i, pipeline := range []string{"default", "rt1"} {
			rec, ref := int64(i)+1, graph.Ref{Object: "Pipeline", ID: pipeline}
			b.add(rec, "Opportunity", "d-"+pipeline, "opportunity", "OPP", "Deal in "+stage)
			b.Facts = append(b.Facts, graph.Fact{Rec: rec, Slot: "Stage", Type: "deal_stage", Key: "default", Claim: []byte(`{"stage": "` + stage + `", "label": "` + stage + `!"}`), AssertedAt: january})
			b.Links = append(b.Links, graph.Link{Rec: rec, Slot: "pipeline", EdgeType: "pipeline_member", Target: ref})
			b.Stages = append(b.Stages, graph.Stage{Pipeline: ref, Label: stage + "!", Key: stage, Closed: closed, Won: closed})
		}
		return b
	}
	first := deals("new", &no)
	order, half := 1.0, 50.0
	first.Stages = append(first.Stages, graph.Stage{Label: "Offer", Key: "offer", Order: &order, Probability: &half}) // defined for all
	out := imported(t, pool, first, MergeOptions{})
	require.Equal(t, Nodes{Created: 4}, out.Nodes)
	require.Equal(t, Records{Created: 2}, out.Objects["Opportunity"])
	require.Empty(t, out.Objects["Pipeline"], "no record has become a pipeline")

	pipelines := func() []string {
		t.Helper()
		return values(t, pool, `SELECT concat_ws(' ', properties->>'code', label, properties->>'default_stage',
				(SELECT string_agg(concat_ws('=', s->>'order', s->>'key', s->>'probability'), ',' ORDER BY n) FROM jsonb_array_elements(properties->'stages') WITH ORDINALITY e (s, n)))
			FROM rye.nodes WHERE node_type = 'pipeline' AND label <> 'By hand' ORDER BY 1`)
	}
	require.Equal(t, []string{
		"PL-PIPELINE-RT1 Pipeline rt1 offer 1=offer=0.5,2=new", "PL-SALES-2 Sales Pipeline offer 1=offer=0.5,2=new",
	}, pipelines())

	out = imported(t, pool, deals("signed", &yes), MergeOptions{})
	require.Equal(t, Assertions{Created: 2, Superseded: 2}, out.Assertions)
	require.Equal(t, []string{
		"PL-PIPELINE-RT1 Pipeline rt1 offer 1=offer=0.5,2=new,3=closed_won", "PL-SALES-2 Sales Pipeline offer 1=offer=0.5,2=new,3=closed_won",
	}, pipelines())
	require.Equal(t, []string{"closed_won PL-PIPELINE-RT1 new", "closed_won PL-SALES-2 new"}, values(t, pool, `
		SELECT concat_ws(' ', claim->>'stage', claim->>'pipeline', claim->>'moved_from') FROM rye.assertions
		WHERE assertion_type = 'deal_stage' AND superseded_at IS NULL ORDER BY 1`))

	// Its definition fills in the pipeline that was made for want of one.
	definition := &batch{}
	definition.add(1, "Pipeline", "rt1", "pipeline", "PL", "Service")
	out = imported(t, pool, definition, MergeOptions{})
	require.Equal(t, Nodes{Updated: 1}, out.Nodes)
	require.Equal(t, "PL-PIPELINE-RT1 Service offer 1=offer=0.5,2=new,3=closed_won", pipelines()[0])

	// Somebody has put something else in the place of the stages.
	execute(t, pool, `UPDATE rye.nodes SET properties = properties || '{"stages": "none"}' WHERE label = 'Service'`)
	run := begun(t, pool, "crm")
	staged(t, run, file(t, run, "Opportunity.csv"), deals("new", &no))
	_, err := run.Merge(t.Context(), MergeOptions{Settle: content})
	require.ErrorContains(t, err, "pipeline PL-PIPELINE-RT1: its stages are no list")
}

// TestMerge_Empty merges nothing: there is no event for it.
func TestMerge_Empty(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	out := imported(t, pool, &batch{}, MergeOptions{})
	require.False(t, out.Changed())
	require.Zero(t, graphSize(t, pool))
	require.Equal(t, "done", value[string](t, pool, "SELECT status FROM rye_import.runs"))
}

// TestCommitted asks what came of a commit that was not answered.
func TestCommitted(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	run := begun(t, pool, "crm")
	cause := errors.New("the connection broke")
	require.Equal(t, cause, run.committed(t.Context(), cause), "the run is not done")
	execute(t, pool, "UPDATE rye_import.runs SET status = 'done'")
	require.NoError(t, run.committed(t.Context(), cause))

	other, err := pgxpool.New(t.Context(), pool.Config().ConnString())
	require.NoError(t, err)
	other.Close()
	asked := &Run{Number: run.Number, cfg: run.cfg, pool: other}
	err = asked.committed(t.Context(), cause)
	var uncertain *UncertainError
	require.ErrorAs(t, err, &uncertain)
	require.ErrorIs(t, err, cause)
}

// TestMerge_Blanks takes properties away that went blank, and sets others only where nothing stands.
func TestMerge_Blanks(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	properties := func() string {
		return value[string](t, pool, "SELECT (properties - 'code')::text FROM rye.nodes WHERE node_type = 'person'")
	}
	say := func(version, properties, fill string, clears ...string) *Outcome {
		b := &batch{}
		b.person(1, "A", "Ada").Hash = md5.Sum([]byte(version)) //nolint:gosec // see above
		b.Nodes[0].Properties, b.Nodes[0].Clear = []byte(properties), clears
		if fill != "" {
			b.Nodes[0].Fill = []byte(fill)
		}
		return imported(t, pool, b, MergeOptions{})
	}

	say("1", `{"email": "ada@example.com", "fax": "1"}`, `{"source": "fair"}`, "phone")
	require.JSONEq(t, `{"email": "ada@example.com", "fax": "1", "source": "fair"}`, properties())

	out := say("2", `{"email": "ada@example.com"}`, `{"source": "web", "region": "north"}`, "fax", "phone")
	require.Equal(t, Nodes{Updated: 1}, out.Nodes)
	require.JSONEq(t, `{"email": "ada@example.com", "source": "fair", "region": "north"}`, properties())
	require.JSONEq(t, `{"properties": {"fax": "1"}}`, value[string](t, pool, "SELECT before::text FROM rye_import.changes"))
	require.JSONEq(t, `{"properties": {"fax": null, "region": "north"}}`, value[string](t, pool, "SELECT after::text FROM rye_import.changes"))

	out = say("3", `{"email": "ada@example.com"}`, `{"source": "web"}`, "fax")
	require.Equal(t, Nodes{}, out.Nodes, "nothing is left to take away or to fill")
	require.Equal(t, Records{Unchanged: 1}, out.Objects["Contact"])
}

// TestMerge_Returns has somebody come back together with what a deal has waited for: the deal has not spoken, so its other edges
// open again.
func TestMerge_Returns(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	b := people("Ada")
	b.deal(2, "1", "100", "EUR")
	b.Links = []graph.Link{
		{Rec: 2, Slot: "ContactId", EdgeType: "primary_contact", Target: graph.Ref{Object: "Contact", ID: "A"}},
		{Rec: 2, Slot: "AccountId", EdgeType: "targets", Target: graph.Ref{Object: "Account", ID: "late"}},
	}
	imported(t, pool, b, MergeOptions{})
	gone := people("Ada")
	gone.Records[0].Hash[0]++
	gone.Records[0].Deleted = true
	imported(t, pool, gone, MergeOptions{})
	standing := "SELECT edge_type FROM rye.edges WHERE effective_to IS NULL ORDER BY 1"
	require.Empty(t, values(t, pool, standing))
	back := people("Ada")
	back.org(2, "late", "Late")
	out := imported(t, pool, back, MergeOptions{})
	require.Equal(t, Edges{Created: 1, Updated: 1}, out.Edges)
	require.Equal(t, []string{"primary_contact", "targets"}, values(t, pool, standing))
}

// TestMerge_LastWords has a deal move to another pipeline, change, and be deleted: it has entered the pipeline when it moved, and what
// it says of its links at last is kept.
func TestMerge_LastWords(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	pipelines := &batch{}
	for i, id := range []string{"old", "new"} {
		pipelines.add(int64(i)+1, "Pipeline", id, "pipeline", "", id)
	}
	imported(t, pool, pipelines, MergeOptions{})
	tell := func(label, pipeline, role string, version time.Time, deleted bool) []string {
		t.Helper()
		b := &batch{}
		r := b.add(1, "Opportunity", "1", "opportunity", "OPP", label)
		r.Version, r.Deleted = version, deleted
		b.Links = []graph.Link{{
			Rec: 1, Slot: "pipeline", EdgeType: "pipeline_member", Target: graph.Ref{Object: "Pipeline", ID: pipeline}, EffectiveFrom: january,
			Properties: []byte(`{"role": "` + role + `", "entered_at": "` + january.Format(time.RFC3339) + `"}`),
		}}
		imported(t, pool, b, MergeOptions{})
		return values(t, pool, `SELECT concat_ws(' ', n.label, e.properties ->> 'role', left(e.properties ->> 'entered_at', 10), to_char(e.effective_to AT TIME ZONE 'UTC', 'YYYY-MM-DD'))
			FROM rye.edges e JOIN rye.nodes n ON n.id = e.target_id ORDER BY e.effective_from, 1`)
	}
	moved, next := january.AddDate(0, 1, 0), january.AddDate(0, 2, 0)
	tell("Loom", "old", "a", january, false)
	require.Equal(t, []string{"old a 2024-01-15 2024-02-15", "new a 2024-02-15"}, tell("Loom II", "new", "a", moved, false))
	require.Equal(t, []string{"old a 2024-01-15 2024-02-15", "new b 2024-02-15"}, tell("Loom III", "new", "b", next, false))
	require.Equal(t, []string{"old a 2024-01-15 2024-02-15", "new c 2024-02-15 2024-04-15"}, tell("Loom IV", "new", "c", next.AddDate(0, 1, 0), true))
}

// TestEdgesBetween looks edges up between nodes of which the source, the target, or both have many.
func TestEdgesBetween(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	execute(t, pool, "INSERT INTO rye.nodes (node_type, label) SELECT 'org', 'hub ' || i FROM generate_series(1, 2) i")
	execute(t, pool, "INSERT INTO rye.nodes (node_type, label) SELECT 'person', 'p' || i FROM generate_series(1, 40) i")
	execute(t, pool, `INSERT INTO rye.edges (edge_type, source_id, target_id)
		SELECT 'leads', h.id, n.id FROM rye.nodes h JOIN rye.nodes n ON n.id <> h.id WHERE h.label = 'hub 1'
		UNION ALL
		SELECT 'leads', n.id, h.id FROM rye.nodes h JOIN rye.nodes n ON n.id <> h.id AND n.label <> 'hub 1' WHERE h.label = 'hub 2'
		UNION ALL
		SELECT 'follows', h.id, n.id FROM rye.nodes h JOIN rye.nodes n ON n.label = 'p7' WHERE h.label = 'hub 1'`)
	require.Equal(t, 81, value[int](t, pool, "SELECT count(*) FROM rye.edges WHERE edge_type = 'leads'"))
	require.Zero(t, value[int](t, pool, `SELECT count(*) FROM rye.nodes s CROSS JOIN rye.nodes t
		WHERE ARRAY(SELECT e.id FROM rye_import.edges_between(s.id, 'leads', t.id) e ORDER BY e.id)
			<> ARRAY(SELECT e.id FROM rye.edges e WHERE e.source_id = s.id AND e.target_id = t.id AND e.edge_type = 'leads' ORDER BY e.id)`))
}

// TestOrigin has attrs hold what provenance gives, whatever a legacy id, an object or a column is called.
func TestOrigin(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	for _, text := range []string{
		"001", "", `a "quoted" one`, `back\slash`, `\u0041`, "two\nlines\r\nand\ttabs", "\x01\x1f\x7f", "Žluťoučký 東京 🐎", "a/b", "'; --", `{"run": 1}`,
	} {
		for _, slot := range []*string{nil, &text} {
			for _, loaded := range []*time.Time{nil, &january} {
				var same bool
				require.NoError(t, pool.QueryRow(t.Context(), `SELECT rye_import.origin(1, 2, 3, $1, $1, $2, $3) = jsonb_build_object('import', rye_import.provenance(1, 2, 3, $1, $1, $2)
					|| CASE WHEN $3::timestamptz IS NULL THEN '{}' ELSE jsonb_build_object('loaded_at', $3::timestamptz) END)`, text, slot, loaded).Scan(&same))
				require.True(t, same, "%q", text)
			}
		}
	}
}
