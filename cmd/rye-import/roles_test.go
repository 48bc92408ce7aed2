package main

import (
	"context"
	"net/url"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/projectrye/rye-import/internal/pgtest"
	"github.com/projectrye/rye-import/schema"
)

// TestRole_Owner loads as the owner of the database, who has no other right on the server.
func TestRole_Owner(t *testing.T) {
	t.Parallel()
	super := pgtest.Clone(t)
	imported(t, super, exitRejects, fixture)

	databaseURL := pgtest.Empty(t)
	admin := pgtest.Connect(t, databaseURL)
	owner := pgtest.Role(t, admin, "NOSUPERUSER NOCREATEROLE NOBYPASSRLS")
	pgtest.GiveTo(t, admin, owner)
	asOwner := pgtest.AsRole(t, databaseURL, owner)
	imported(t, asOwner, exitRejects, fixture)
	require.Equal(t, dump(t, pgtest.Connect(t, super)), dump(t, admin))
	s := imported(t, asOwner, exitDone, fixture)
	require.Zero(t, s.Graph)
}

// TestRole_Loader loads as a member of rye_loader: with its BYPASSRLS after SET ROLE, and without,
// under row-level security.
func TestRole_Loader(t *testing.T) {
	t.Parallel()
	for name, becomes := range map[string]bool{"set role": true, "under row-level security": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			databaseURL := pgtest.Clone(t)
			admin := pgtest.Connect(t, databaseURL)
			etl := pgtest.Role(t, admin, "NOSUPERUSER NOCREATEROLE NOBYPASSRLS")
			execute(t, admin, "GRANT rye_loader TO "+pgx.Identifier{etl}.Sanitize())
			if becomes {
				execute(t, admin, "ALTER ROLE "+pgx.Identifier{etl}.Sanitize()+" SET role = 'rye_loader'")
			}
			asETL := pgtest.AsRole(t, databaseURL, etl)
			plan := command(t, "", "--database-url", asETL, "plan", "--details", "--progress", "none", fixture)
			require.Equal(t, exitRejects, plan.code, plan.stderr)
			require.Zero(t, value[int](t, admin, "SELECT count(*) FROM rye.nodes"))
			s := imported(t, asETL, exitRejects, fixture)
			require.True(t, s.Balanced)
			require.Empty(t, warningsBut(s.Warnings, "README"))
			super := pgtest.Clone(t)
			imported(t, super, exitRejects, fixture)
			require.Equal(t, dump(t, pgtest.Connect(t, super)), dump(t, admin))
			require.Equal(t, value[int](t, admin, "SELECT count(*) FROM rye.contacts_directory"), 105, "the views were refreshed")

			// Somebody closes a record to everybody but a team.
			execute(t, admin, `UPDATE rye.nodes SET attrs = attrs || '{"classification": "confidential", "teams": ["legal"]}'
				WHERE id = (SELECT node_id FROM rye.node_source_map WHERE source_table = 'Account' ORDER BY source_id LIMIT 1)`)
			if becomes {
				again := imported(t, asETL, exitDone, fixture)
				require.Zero(t, again.Graph)
				return
			}
			before := fingerprint(t, admin)
			hidden := imported(t, asETL, exitFailed, fixture)
			require.Contains(t, hidden.Error, "1 nodes")
			require.Contains(t, hidden.Error, "rye_loader")
			require.Equal(t, before, fingerprint(t, admin), "what it does not see it would make a second time")
			// A session that says that it belongs to the team sees it.
			again := imported(t, withOptions(t, asETL, "-c app.current_teams=legal"), exitDone, fixture)
			require.Zero(t, again.Graph)
		})
	}
}

func warningsBut(warnings []string, but string) []string {
	var out []string
	for _, w := range warnings {
		if !strings.Contains(w, but) {
			out = append(out, w)
		}
	}
	return out
}

func withOptions(t *testing.T, databaseURL, options string) string {
	t.Helper()
	u, err := url.Parse(databaseURL)
	require.NoError(t, err)
	q := u.Query()
	q.Set("options", options)
	u.RawQuery = strings.ReplaceAll(q.Encode(), "+", "%20")
	return u.String()
}

// TestRole_App may read the graph, and may not import into it.
func TestRole_App(t *testing.T) {
	t.Parallel()
	databaseURL := pgtest.Clone(t)
	admin := pgtest.Connect(t, databaseURL)
	app := pgtest.Role(t, admin, "NOSUPERUSER NOCREATEROLE NOBYPASSRLS")
	execute(t, admin, "GRANT rye_app TO "+pgx.Identifier{app}.Sanitize())
	imported(t, databaseURL, exitRejects, fixture)
	conn, err := pgx.Connect(context.Background(), pgtest.AsRole(t, databaseURL, app))
	require.NoError(t, err)
	defer conn.Close(context.Background())
	var people int
	require.NoError(t, conn.QueryRow(context.Background(), "SELECT count(*) FROM rye.contacts_directory_secure").Scan(&people))
	require.Equal(t, 105, people)
	s := imported(t, pgtest.AsRole(t, databaseURL, app), exitFailed, fixture)
	require.Contains(t, s.Error, "permission denied")
	require.Contains(t, s.Error, "rye_loader")
}

// TestExistingSchema imports into a database in which somebody else has made the rye schema and
// works with it.
func TestExistingSchema(t *testing.T) {
	t.Parallel()
	databaseURL := pgtest.Empty(t)
	pool := pgtest.Connect(t, databaseURL)
	for _, file := range []string{"00001_core.sql", "00002_functions.sql", "00003_security.sql", "00004_crm.sql"} {
		text, err := schema.Migrations.ReadFile(file)
		require.NoError(t, err)
		up, _, _ := strings.Cut(string(text), "-- +goose Down")
		execute(t, pool, "CREATE SCHEMA IF NOT EXISTS rye; CREATE EXTENSION IF NOT EXISTS pg_trgm; CREATE EXTENSION IF NOT EXISTS btree_gin")
		execute(t, pool, up)
	}
	execute(t, pool, `
		WITH t AS (INSERT INTO rye.nodes (node_type, label, properties) VALUES ('ticket', 'Printer on fire', '{"code": "TKT-1"}') RETURNING id),
			p AS (INSERT INTO rye.nodes (node_type, label, properties)
				VALUES ('person', 'Radka', jsonb_build_object('code', rye.generate_crm_code('CON'))) RETURNING id)
		INSERT INTO rye.edges (edge_type, source_id, target_id) SELECT 'reported_by', t.id, p.id FROM t, p`)
	before := values(t, pool, "SELECT n::text FROM rye.nodes n ORDER BY 1")
	edges := values(t, pool, "SELECT e::text FROM rye.edges e ORDER BY 1")

	imported(t, databaseURL, exitRejects, fixture)
	require.Equal(t, before, values(t, pool, "SELECT n::text FROM rye.nodes n WHERE n.id NOT IN (SELECT node_id FROM rye.node_source_map) ORDER BY 1"))
	require.Equal(t, edges, values(t, pool, "SELECT e::text FROM rye.edges e WHERE e.edge_type = 'reported_by' ORDER BY 1"))
	require.Equal(t, 212, value[int](t, pool, "SELECT count(*) FROM rye.nodes"))
	require.Equal(t, 1, value[int](t, pool, "SELECT max(n) FROM (SELECT count(*) AS n FROM rye.nodes GROUP BY properties->>'code') c"), "no code twice")
	s := imported(t, databaseURL, exitDone, fixture)
	require.Zero(t, s.Graph)
}
