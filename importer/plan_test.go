package importer_test

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/projectrye/rye-import/importer"
	"github.com/projectrye/rye-import/importer/load"
	"github.com/projectrye/rye-import/importer/report"
	"github.com/projectrye/rye-import/internal/pgtest"
)

// everything changes with every row of every table, and with every sequence.
func everything(t *testing.T, pool *pgxpool.Pool) string {
	t.Helper()
	var b strings.Builder
	rows, err := pool.Query(t.Context(), `SELECT schemaname, tablename FROM pg_tables WHERE schemaname IN ('rye', 'rye_import') ORDER BY 1, 2`)
	require.NoError(t, err)
	tables, err := pgx.CollectRows(rows, pgx.RowToStructByPos[struct{ Schema, Name string }])
	require.NoError(t, err)
	require.Greater(t, len(tables), 30)
	for _, table := range tables {
		b.WriteString(table.Name + " " + value[string](t, pool, "SELECT coalesce(md5(string_agg(ctid::text || xmin::text || t.*::text, ',' ORDER BY ctid)), '-') FROM "+
			pgx.Identifier{table.Schema, table.Name}.Sanitize()+" t") + "\n")
	}
	return b.String() + value[string](t, pool, "SELECT string_agg(s.sequencename || ' ' || coalesce(s.last_value, 0), ', ' ORDER BY 1) FROM pg_sequences s")
}

// TestPlan_Cancelled cancels a plan wherever it has got to: nothing has changed, and the source is free.
func TestPlan_Cancelled(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		at     string
		passes int
	}{
		{at: "SessionBeginPlan"},
		{at: "FingerprintList"},
		{at: "FileInsert", passes: 3},
		{at: "staging_records", passes: 5},
		{at: "rejects"},
		{at: "StagingAnalyze"},
		{at: "CodeCounterPeek", passes: 2},
		{at: "EdgeInsertStaged"},
		{at: "RejectCountByRun"},
		{at: "RunFinish"},
		{at: "PlanPartList"},
	} {
		t.Run(tc.at, func(t *testing.T) {
			t.Parallel()
			url := pgtest.Clone(t)
			pool := pgtest.Connect(t, url)
			before := everything(t, pool)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			im := importer.New(triggered(t, url, &trigger{at: tc.at, left: tc.passes, do: cancel}))
			s, p, err := im.Plan(ctx, find(t, fixture), config(t), importer.PlanOptions{Save: true, Details: func(*report.Detail) error { return nil }})
			require.ErrorIs(t, err, context.Canceled)
			require.Error(t, ctx.Err(), "%s was met", tc.at)
			require.Nil(t, p)
			require.Equal(t, "interrupted", s.Status)
			require.Equal(t, before, everything(t, pool))
			requireNothing(t, pool)
		})
	}
}

// TestPlan_Beside works in the graph while a plan merges: nobody who creates a code waits for it, and runs of the
// source are told that it is held.
func TestPlan_Beside(t *testing.T) {
	t.Parallel()
	url := pgtest.Clone(t)
	pool := pgtest.Connect(t, url)
	var done int
	tr := &trigger{at: "EdgeInsertStaged", do: func() {
		done++
		ctx := context.Background()
		tx, err := pool.Begin(ctx)
		require.NoError(t, err)
		for _, sql := range []string{
			"SET LOCAL lock_timeout = '5s'",
			`INSERT INTO rye.nodes (node_type, external_id, external_source, properties)
				SELECT 'org', c.code, 'internal', jsonb_build_object('code', c.code) FROM rye.draw_crm_code('ORG', '2401') AS c (code)`,
		} {
			_, err = tx.Exec(ctx, sql)
			require.NoError(t, err)
		}
		require.NoError(t, tx.Commit(ctx))
		_, err = importer.New(pool).Run(ctx, find(t, fixture), config(t))
		require.ErrorIs(t, err, importer.ErrSourceLocked)
	}}
	s, _, err := importer.New(triggered(t, url, tr)).Plan(t.Context(), find(t, fixture), config(t), importer.PlanOptions{})
	require.NoError(t, err)
	require.Equal(t, report.StatusPlanned, s.Status)
	require.Equal(t, 1, done)
	require.Equal(t, "ORG-2401-0001", value[string](t, pool, "SELECT properties->>'code' FROM rye.nodes"))
}

// TestRun_PlanOvertaken changes the graph while a run of a plan stages, and the result of a plan: the run commits
// neither.
func TestRun_PlanOvertaken(t *testing.T) {
	t.Parallel()
	url := pgtest.Clone(t)
	pool := pgtest.Connect(t, url)
	im := importer.New(pool)
	_, plan, err := im.Plan(t.Context(), find(t, fixture), config(t), importer.PlanOptions{Save: true})
	require.NoError(t, err)
	var b bytes.Buffer
	require.NoError(t, json.NewEncoder(&b).Encode(plan))
	text := b.String()
	read := func() *importer.Plan {
		t.Helper()
		p, err := importer.ReadPlan(strings.NewReader(text))
		require.NoError(t, err)
		return p
	}

	cfg := config(t)
	cfg.Plan = read()
	tr := &trigger{at: "StagingAnalyze", do: func() {
		_, err := pool.Exec(context.Background(), "INSERT INTO rye.nodes (node_type) VALUES ('other')")
		require.NoError(t, err)
	}}
	s, err := importer.New(triggered(t, url, tr)).Run(t.Context(), find(t, fixture), cfg)
	var changed *load.GraphChangedError
	require.ErrorAs(t, err, &changed)
	require.True(t, importer.IsGuard(err))
	require.Equal(t, []string{"rye.nodes (0 rows then, 1 now)"}, changed.Changes)
	require.Equal(t, "stopped", s.Status)
	require.Equal(t, 1, value[int](t, pool, "SELECT count(*) FROM rye.nodes"))
	execute(t, pool, "DELETE FROM rye.nodes WHERE node_type = 'other'")

	cfg = config(t)
	cfg.Plan = read()
	o := cfg.Plan.Summary.Objects["Contact"]
	o.Created++
	cfg.Plan.Summary.Objects["Contact"] = o
	_, err = im.Run(t.Context(), find(t, fixture), cfg)
	var other *importer.PlanChangedError
	require.ErrorAs(t, err, &other)
	require.Len(t, other.Changes, 1)
	require.Contains(t, other.Changes[0], "object Contact: planned {")
	require.Zero(t, value[int](t, pool, "SELECT count(*) FROM rye.nodes"))

	cfg = config(t)
	cfg.Plan = read()
	_, err = im.Run(t.Context(), find(t, fixture), cfg)
	require.NoError(t, err)
}
