package load

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/projectrye/rye-import/internal/pgtest"
)

// catalog is everything that is postponed, as the catalogs have it.
func catalog(t *testing.T, pool *pgxpool.Pool) []string {
	t.Helper()
	return values(t, pool, `SELECT pg_get_indexdef(i.indexrelid) || ' valid ' || i.indisvalid FROM pg_index i
			WHERE i.indrelid::regclass::text ~ '^rye\.'
		UNION ALL SELECT k.conrelid::regclass || ' ' || k.conname || ' ' || pg_get_constraintdef(k.oid) || ' valid ' || k.convalidated FROM pg_constraint k
			WHERE k.connamespace = 'rye'::regnamespace
		ORDER BY 1`)
}

// crowd is as many people as make it worth while to postpone indexes, each with an employer.
func crowd() *batch {
	b := &batch{}
	b.org(1, "acme", "Acme")
	for i := int64(2); i <= postponeFrom; i++ {
		b.person(i, fmt.Sprint("p", i), fmt.Sprint("Person ", i))
		b.employs(i, "acme")
	}
	return b
}

// merged is a run up to its commit.
func merged(t *testing.T, pool *pgxpool.Pool, b *batch) *Run {
	t.Helper()
	run := begun(t, pool, "crm")
	staged(t, run, file(t, run, "Contact.csv"), b)
	_, err := run.Merge(t.Context(), MergeOptions{Settle: content})
	require.NoError(t, err)
	return run
}

func left(t *testing.T, pool *pgxpool.Pool) int {
	t.Helper()
	return value[int](t, pool, "SELECT count(*) FROM rye_import.postponed")
}

// TestPostpone imports into an empty graph, and looks at what holds before and after the rest is made.
func TestPostpone(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	before := catalog(t, pool)
	run := merged(t, pool, crowd())
	require.NotZero(t, left(t, pool))
	require.NotEqual(t, before, catalog(t, pool))
	require.Equal(t, postponeFrom, value[int](t, pool, "SELECT count(*) FROM rye.nodes"))

	// Keys, unique indexes and foreign keys hold for all that anybody writes from now on.
	for constraint, sql := range map[string]string{
		"edges_target_id_fkey": "INSERT INTO rye.edges (edge_type, source_id, target_id) SELECT 'employs', id, gen_random_uuid() FROM rye.nodes LIMIT 1",
		"nodes_external_key":   "INSERT INTO rye.nodes (node_type, external_source, external_id) SELECT 'org', external_source, external_id FROM rye.nodes LIMIT 1",
		"nodes_pkey":           "INSERT INTO rye.nodes (id, node_type) SELECT id, 'org' FROM rye.nodes LIMIT 1",
		"assertions_current": `INSERT INTO rye.assertions (assertion_type, subject_node_id, claim) SELECT 'likes', n.id, '{}'
			FROM (SELECT id FROM rye.nodes LIMIT 1) n, generate_series(1, 2)`,
	} {
		_, err := pool.Exec(t.Context(), sql)
		require.ErrorContains(t, err, constraint)
	}

	require.NoError(t, restore(t.Context(), pool, pool, pool))
	require.Zero(t, left(t, pool))
	require.Equal(t, before, catalog(t, pool))
	require.NoError(t, run.Close(t.Context()))
}

// TestPostpone_Killed comes after a run that was killed between its commit and the rest.
func TestPostpone_Killed(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	before := catalog(t, pool)
	killed := merged(t, pool, crowd())
	waiting := left(t, pool)
	require.NotZero(t, waiting)
	killed.unlock()

	cfg := config("crm")
	cfg.Plan = true
	plan, err := Begin(t.Context(), pool, cfg)
	require.NoError(t, err)
	require.Equal(t, waiting, left(t, pool), "a plan makes nothing")
	plan.unlock()

	next := begun(t, pool, "another")
	require.Zero(t, left(t, pool))
	require.Equal(t, before, catalog(t, pool))
	require.NoError(t, next.Close(t.Context()))
}

// TestPostpone_Plan proves that a plan puts everything back.
func TestPostpone_Plan(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	before := catalog(t, pool)
	cfg := config("crm")
	cfg.Plan = true
	plan, err := Begin(t.Context(), pool, cfg)
	require.NoError(t, err)
	t.Cleanup(plan.unlock)
	staged(t, plan, file(t, plan, "Contact.csv"), crowd())
	out, err := plan.Merge(t.Context(), MergeOptions{Settle: content})
	require.NoError(t, err)
	require.Equal(t, int64(postponeFrom), out.Nodes.Created)
	require.True(t, plan.Postponed)
	require.NoError(t, plan.Close(t.Context()))
	require.Equal(t, before, catalog(t, pool))
	require.Zero(t, left(t, pool))
	require.Zero(t, value[int](t, pool, "SELECT count(*) FROM rye.nodes"))
}

// TestPostpone_Failed proves that a merge that fails leaves everything where it was.
func TestPostpone_Failed(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	before := catalog(t, pool)
	run := begun(t, pool, "crm")
	staged(t, run, file(t, run, "Contact.csv"), crowd())
	failed := errors.New("the balance is wrong")
	_, err := run.Merge(t.Context(), MergeOptions{Settle: func(context.Context, *Outcome, *Ledger) (Settlement, error) { return Settlement{}, failed }})
	require.ErrorIs(t, err, failed)
	require.NoError(t, restore(t.Context(), pool))
	require.Equal(t, before, catalog(t, pool))
	require.Zero(t, left(t, pool))
	require.Zero(t, value[int](t, pool, "SELECT count(*) FROM rye.nodes"))
}

// TestPostpone_Refused tells why the indexes stay.
func TestPostpone_Refused(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	before := catalog(t, pool)
	refused := func(sessions int) string {
		tx, err := pool.Begin(t.Context())
		require.NoError(t, err)
		defer tx.Rollback(t.Context())
		var reason string
		require.NoError(t, tx.QueryRow(t.Context(), "SELECT coalesce(rye_import.postpone_indexes($1), '')", sessions).Scan(&reason))
		return reason
	}
	const anyone = 1000
	require.Empty(t, refused(anyone))
	require.Contains(t, refused(0), "others are connected")

	reader, err := pool.Begin(t.Context())
	require.NoError(t, err)
	_, err = reader.Exec(t.Context(), "SELECT FROM rye.edges")
	require.NoError(t, err)
	require.Equal(t, "others use the graph", refused(anyone))
	require.NoError(t, reader.Rollback(t.Context()))

	execute(t, pool, "ALTER FUNCTION rye_import.postpone_indexes OWNER TO rye_app")
	require.Contains(t, refused(anyone), "does not own")
	require.Equal(t, before, catalog(t, pool))
}

// TestPostpone_Standing comes into a graph that holds something already: it stays, and what is much keeps its indexes.
func TestPostpone_Standing(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	before := catalog(t, pool)
	execute(t, pool, "INSERT INTO rye.nodes (node_type, label) SELECT 'org', 'Org ' || n FROM generate_series(1, $1::int) n", postponeFrom/10)
	run := merged(t, pool, crowd())
	require.True(t, run.Postponed)
	require.Equal(t, postponeFrom/10+postponeFrom, value[int](t, pool, "SELECT count(*) FROM rye.nodes"))
	require.NoError(t, restore(t.Context(), pool, pool))
	require.Equal(t, before, catalog(t, pool))
	require.NoError(t, run.Close(t.Context()))

	b := crowd()
	for i := range b.Records {
		b.Records[i].ID = "x" + b.Records[i].ID
	}
	cfg := config("another")
	next, err := Begin(t.Context(), pool, cfg)
	require.NoError(t, err)
	t.Cleanup(next.unlock)
	staged(t, next, file(t, next, "Contact.csv"), b)
	_, err = next.Merge(t.Context(), MergeOptions{Settle: content})
	require.NoError(t, err)
	require.False(t, next.Postponed)
	require.NoError(t, next.Close(t.Context()))
}
