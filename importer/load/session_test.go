package load

import (
	"context"
	"errors"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/projectrye/rye-import/internal/importdb"
	"github.com/projectrye/rye-import/internal/pgtest"
)

// planning begins a plan of a source.
func planning(t *testing.T, pool *pgxpool.Pool, source string) *Run {
	t.Helper()
	cfg := config(source)
	cfg.Plan = true
	run, err := Begin(t.Context(), pool, cfg)
	require.NoError(t, err)
	t.Cleanup(run.unlock)
	return run
}

// sequences gives the numbers that the sequences have given last.
func sequences(t *testing.T, pool *pgxpool.Pool) []string {
	t.Helper()
	return values(t, pool, "SELECT sequencename || ' ' || coalesce(last_value, 0) FROM pg_sequences WHERE schemaname = 'rye_import' ORDER BY 1")
}

// TestPlan does all that a run does, and nothing of it stays.
func TestPlan(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	imported(t, pool, people("Ada"), MergeOptions{})
	size, numbers := graphSize(t, pool), sequences(t, pool)

	run := planning(t, pool, "crm")
	require.GreaterOrEqual(t, run.Number, int32(firstPlanNumber))
	require.True(t, run.Known)
	b := people("Ada", "Bob")
	b.employs(2, "A")
	s := staged(t, run, file(t, run, "Contact.csv"), b)
	require.Equal(t, int64(1), s.Unchanged)
	out, err := run.Merge(t.Context(), MergeOptions{Settle: content, UnchangedLinks: s.Links})
	require.NoError(t, err)
	require.Equal(t, int64(1), out.Nodes.Created)
	require.Equal(t, int64(1), out.Links["employs"].Deferred)
	require.Equal(t, "CON-2401-0002", out.Codes[0].First)
	require.NoError(t, run.Close(t.Context()))

	require.Equal(t, size, graphSize(t, pool))
	require.Equal(t, numbers, sequences(t, pool))
	require.Equal(t, nothingLeft, leftovers(t, pool))
	begun(t, pool, "crm")
}

// TestPlan_Failed stops a plan in its merge: what was rejected can still be read, and nothing stays.
func TestPlan_Failed(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	run := planning(t, pool, "crm")
	no := file(t, run, "Contact.csv")
	staged(t, run, no, people("Ada"))
	require.NoError(t, run.Reject(t.Context(), no, []Reject{{Rec: 9, Line: 10, Object: "Contact", Code: "invalid_date", Reason: "odd", Stage: "map"}}))
	stop := errors.New("stopped")
	_, err := run.Merge(t.Context(), MergeOptions{Details: true, Settle: func(context.Context, *Outcome, *Ledger) (Settlement, error) {
		return Settlement{}, stop
	}})
	require.ErrorIs(t, err, stop)
	counts, err := run.Ledger().Counts(t.Context())
	require.NoError(t, err)
	require.Equal(t, map[string]int64{"invalid_date": 1}, counts)
	var told []string
	require.NoError(t, run.Details(t.Context(), func(d *Detail) error {
		told = append(told, d.Action+" "+d.File)
		return nil
	}))
	require.Equal(t, []string{"rejected Contact.csv"}, told)
	require.NoError(t, run.End(t.Context(), "stopped", err, nil))
	require.Zero(t, graphSize(t, pool))
	require.Zero(t, value[int](t, pool, "SELECT count(*) FROM rye_import.runs"))
}

// TestPlan_Worker calls a worker off: the others of the plan can go on.
func TestPlan_Worker(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	run := planning(t, pool, "crm")
	no := file(t, run, "Contact.csv")
	ctx, cancel := context.WithCancel(t.Context())
	err := run.db.change(ctx, func(ctx context.Context, q *importdb.Queries) error {
		cancel()
		_, err := q.StagingRecordCount(ctx, run.Number)
		return err
	})
	require.NoError(t, err, "it is not cut off in the middle")
	_, err = run.Stage(ctx, no, &people("Ada").Batch)
	require.ErrorIs(t, err, context.Canceled)
	staged(t, run, no, people("Ada"))
}

// TestPlan_Locks keeps runs that end from emptying what the plan has staged, whatever tables staging has.
func TestPlan_Locks(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	planning(t, pool, "crm")
	require.Equal(t,
		values(t, pool, "SELECT tablename::text FROM pg_tables WHERE schemaname = 'rye_import' AND tablename ~ '^(staging|merge)_' ORDER BY 1"),
		values(t, pool, `SELECT DISTINCT c.relname::text FROM pg_locks l JOIN pg_class c ON c.oid = l.relation JOIN pg_database d ON d.oid = l.database
			WHERE d.datname = current_database() AND l.mode = 'RowExclusiveLock' AND c.relkind = 'r' AND c.relname ~ '^(staging|merge)_' ORDER BY 1`),
		"StagingLock takes them all")
	require.Equal(t,
		values(t, pool, "SELECT tablename::text FROM pg_tables WHERE schemaname = 'rye_import' AND tablename ~ '^(staging|merge)_' ORDER BY 1"),
		values(t, pool, `SELECT m[1] FROM pg_proc, regexp_matches(prosrc, '''((?:staging|merge)_\w+)''', 'g') m
			WHERE oid = 'rye_import.empty_staging'::regproc ORDER BY 1`),
		"and StagingTruncate empties them all")

	// A run of another source ends meanwhile, and finds its own way.
	run := begun(t, pool, "other")
	staged(t, run, file(t, run, "Contact.csv"), people("Ada"))
	_, err := run.Merge(t.Context(), MergeOptions{Settle: content})
	require.NoError(t, err)
	require.NoError(t, run.Close(t.Context()))
}

// TestForesee foretells the numbers that a run gets, and takes none.
func TestForesee(t *testing.T) {
	t.Parallel()
	code := func(t *testing.T, pool *pgxpool.Pool, code string) {
		t.Helper()
		execute(t, pool, "INSERT INTO rye.nodes (node_type, properties) VALUES ('person', jsonb_build_object('code', $1::text))", code)
	}
	hold := func(t *testing.T, r *Run, n int32) {
		t.Helper()
		reserved(t, r, "CON", month, n)
	}
	for name, tc := range map[string]struct {
		do   func(t *testing.T, pool *pgxpool.Pool)
		n    int32
		want []block
	}{
		"nothing yet":         {do: func(*testing.T, *pgxpool.Pool) {}, n: 3, want: []block{{1, 3}}},
		"used by hand":        {do: func(t *testing.T, pool *pgxpool.Pool) { code(t, pool, "CON-2401-0041") }, n: 2, want: []block{{42, 43}}},
		"held by another run": {do: func(t *testing.T, pool *pgxpool.Pool) { hold(t, begun(t, pool, "a"), 3) }, n: 2, want: []block{{4, 5}}},
		"free ones": {do: func(t *testing.T, pool *pgxpool.Pool) {
			a, b := begun(t, pool, "a"), begun(t, pool, "b")
			hold(t, a, 3)
			hold(t, b, 2)
			require.NoError(t, a.End(t.Context(), "failed", errors.New("failed"), nil))
		}, n: 5, want: []block{{1, 3}, {6, 7}}},
		"fewer than are free": {do: func(t *testing.T, pool *pgxpool.Pool) {
			a, b := begun(t, pool, "a"), begun(t, pool, "b")
			hold(t, a, 3)
			hold(t, b, 2)
			require.NoError(t, a.End(t.Context(), "failed", errors.New("failed"), nil))
		}, n: 2, want: []block{{1, 2}}},
		"held by a crashed run": {do: func(t *testing.T, pool *pgxpool.Pool) {
			a, crashed := begun(t, pool, "a"), begun(t, pool, "crm")
			hold(t, crashed, 2)
			hold(t, a, 2)
			hold(t, crashed, 4)
			crashed.unlock()
		}, n: 3, want: []block{{1, 2}, {5, 5}}},
		"held by a crashed run, and used": {do: func(t *testing.T, pool *pgxpool.Pool) {
			crashed := begun(t, pool, "crm")
			hold(t, crashed, 4)
			code(t, pool, "CON-2401-0002")
			crashed.unlock()
		}, n: 3, want: []block{{3, 5}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pool := pgtest.New(t)
			tc.do(t, pool)
			state := func() []string {
				return append(values(t, pool, "SELECT b::text FROM rye_import.code_blocks b ORDER BY 1"),
					values(t, pool, "SELECT c::text FROM rye.crm_code_counters c ORDER BY 1")...)
			}
			before := state()
			plan := planning(t, pool, "crm")
			of := series{"CON", month}
			got, err := plan.plan.foresee(t.Context(), []need{{of, tc.n}}, false)
			require.NoError(t, err)
			require.Equal(t, tc.want, got[of])
			require.NoError(t, plan.Close(t.Context()))
			require.Equal(t, before, state())
			require.Equal(t, tc.want, reserved(t, begun(t, pool, "crm"), "CON", month, tc.n), "as the run does it")
		})
	}
}

func TestFingerprint(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	imported(t, pool, people("Ada", "Bob"), MergeOptions{})
	read := func() Fingerprint {
		t.Helper()
		f, err := readFingerprint(t.Context(), importdb.New(pool))
		require.NoError(t, err)
		return f
	}
	before := read()
	require.Empty(t, before.changes(read()))
	require.NoError(t, Fingerprint(nil).expect(t.Context(), importdb.New(pool)))

	// A run that fails gives back what it held.
	run := begun(t, pool, "crm")
	reserved(t, run, "CON", month, 5)
	require.Empty(t, before.changes(read()), "codes that are held")
	require.NoError(t, run.End(t.Context(), "failed", errors.New("failed"), nil))
	require.Empty(t, before.changes(read()))

	execute(t, pool, "UPDATE rye.nodes SET label = label WHERE label = 'Ada'")
	require.Equal(t, []string{"rye.nodes (2 rows, but not the same)"}, before.changes(read()))
	execute(t, pool, "DELETE FROM rye_import.records WHERE legacy_id = 'B'")
	require.Equal(t, []string{"rye.nodes (2 rows, but not the same)", "rye_import.records (2 rows then, 1 now)"}, before.changes(read()))
	cfg := config("crm")
	cfg.Expected = before
	_, err := Begin(t.Context(), pool, cfg)
	var changed *GraphChangedError
	require.ErrorAs(t, err, &changed)
	require.Len(t, changed.Changes, 2)
	begun(t, pool, "crm")
}
