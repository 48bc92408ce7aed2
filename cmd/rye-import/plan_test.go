package main

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/projectrye/rye-import/importer/mapping"
	"github.com/projectrye/rye-import/importer/report"
	"github.com/projectrye/rye-import/internal/pgtest"
)

// everything changes with every row of every table, and with every sequence.
func everything(t *testing.T, pool *pgxpool.Pool) string {
	t.Helper()
	var b strings.Builder
	for _, table := range values(t, pool, `SELECT schemaname || '.' || tablename FROM pg_tables
		WHERE schemaname IN ('rye', 'rye_import', 'public') ORDER BY 1`) {
		schema, name, _ := strings.Cut(table, ".")
		b.WriteString(table + " " + value[string](t, pool,
			"SELECT coalesce(md5(string_agg(ctid::text || xmin::text || t.*::text, ',' ORDER BY ctid)), '-') FROM "+
				pgx.Identifier{schema, name}.Sanitize()+" t") + "\n")
	}
	sequences := values(t, pool, `SELECT schemaname || '.' || sequencename || ' ' || coalesce(last_value, 0) FROM pg_sequences
		WHERE schemaname IN ('rye', 'rye_import', 'public') ORDER BY 1`)
	require.Greater(t, len(sequences), 5)
	return b.String() + strings.Join(sequences, "\n")
}

// plannedOf makes a plan and proves that it has changed nothing.
func plannedOf(t *testing.T, databaseURL string, wantCode int, args ...string) *report.Summary {
	t.Helper()
	pool := pgtest.Connect(t, databaseURL)
	before := everything(t, pool)
	rejects := filepath.Join(t.TempDir(), "rejects")
	args = append([]string{"--database-url", databaseURL, "plan", "--output", "json", "--progress", "none", "--rejects", rejects}, args...)
	r := command(t, "", args...)
	require.Equal(t, wantCode, r.code, "%s\n%s", r.stderr, r.stdout)
	require.Equal(t, before, everything(t, pool), "the plan has changed something")
	require.NoDirExists(t, rejects)
	requireNoLocks(t, pool)
	return summary(t, r.stdout)
}

// requireNoLocks proves that the session of a plan is gone.
func requireNoLocks(t *testing.T, pool *pgxpool.Pool) {
	t.Helper()
	require.Zero(t, value[int](t, pool, `SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database
		WHERE d.datname = current_database() AND l.locktype = 'advisory'`))
}

// sameResult compares what a plan said with what the run did.
func sameResult(t *testing.T, plan, run *report.Summary) {
	t.Helper()
	require.Equal(t, "plan", plan.Command)
	require.Equal(t, report.StatusPlanned, plan.Status)
	require.Equal(t, "done", run.Status)
	for _, s := range []*report.Summary{plan, run} {
		for name, o := range s.Objects {
			o.Seconds = 0
			s.Objects[name] = o
		}
		for i := range s.Deferred {
			s.Deferred[i].Since = s.StartedAt
		}
	}
	for i := range plan.Deferred {
		plan.Deferred[i].Since = run.StartedAt
	}
	require.Equal(t, plan.Objects, run.Objects)
	require.Equal(t, plan.Links, run.Links)
	require.Equal(t, plan.Graph, run.Graph)
	require.Equal(t, plan.Sums, run.Sums)
	require.Equal(t, plan.Deferred, run.Deferred)
	require.Equal(t, plan.Names, run.Names)
	require.Equal(t, plan.NamesTotal, run.NamesTotal)
	require.Equal(t, plan.Rejects.ByCode, run.Rejects.ByCode)
	require.Equal(t, plan.Rejects.Known, run.Rejects.Known)
	require.Equal(t, plan.Files, run.Files)
	require.Equal(t, plan.Mapping, run.Mapping)
	require.Equal(t, plan.Warnings, run.Warnings)
	require.True(t, plan.Balanced)
	require.Empty(t, plan.RunID, "a plan is no run")
	require.Empty(t, plan.Rejects.Path)
}

// TestPlanFixture plans each step of the life of the invented export, and runs it.
func TestPlanFixture(t *testing.T) {
	t.Parallel()
	url := pgtest.Clone(t)
	first := plannedOf(t, url, exitRejects, fixture)
	sameResult(t, first, imported(t, url, exitRejects, fixture))
	require.Contains(t, first.Objects["Account"].Codes, "ORG-")

	again := plannedOf(t, url, exitDone, fixture)
	require.Zero(t, again.Graph)
	sameResult(t, again, imported(t, url, exitDone, fixture))
}

// TestPlanCRMs plans the exports of all CRMs, and runs them.
func TestPlanCRMs(t *testing.T) {
	t.Parallel()
	for _, crm := range mapping.Names() {
		if crm == "salesforce" {
			continue // see TestPlanFixture
		}
		t.Run(crm, func(t *testing.T) {
			t.Parallel()
			url := pgtest.Clone(t)
			args := []string{"--date-order", "mdy", "--decimal", "point", filepath.Join(fixture, "..", crm)}
			r := command(t, "", append([]string{"--database-url", url, "plan", "--output", "json", "--progress", "none"}, args...)...)
			require.Contains(t, []int{exitDone, exitRejects}, r.code, r.stderr)
			plan := plannedOf(t, url, r.code, append([]string{"--workers", "3", "--batch-size", "7"}, args...)...)
			require.NotZero(t, plan.Graph.Nodes.Created)
			sameResult(t, plan, imported(t, url, r.code, args...))
			sameResult(t, plannedOf(t, url, exitDone, args...), imported(t, url, exitDone, args...))
		})
	}
}
