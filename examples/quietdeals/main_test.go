package main

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/projectrye/rye-import/internal/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

var today = time.Date(2024, time.March, 12, 20, 0, 0, 0, time.UTC)

// A deal of nobody's, without a value; and one of another seller, who had a meeting the other day.
const moreSQL = `
	INSERT INTO rye.nodes (id, node_type, label, properties, created_at) VALUES
		('00000000-0000-4000-8000-000000000034', 'opportunity', 'Globex vats', '{"code": "OPP-2402-0003"}', '2024-02-11 08:00Z'),
		('00000000-0000-4000-8000-000000000035', 'opportunity', 'Acme hoses', '{"code": "OPP-2402-0004"}', '2024-02-01 08:00Z');
	INSERT INTO rye.edges (edge_type, source_id, target_id, properties) VALUES
		('assigned_to', '00000000-0000-4000-8000-000000000035', '00000000-0000-4000-8000-000000000012', '{"role": "owner"}');
	INSERT INTO rye.events (id, event_type, occurred_at) VALUES
		('00000000-0000-4000-8000-000000000205', 'meeting', '2024-03-10 10:00Z');
	INSERT INTO rye.event_participants (event_id, node_id, role) VALUES
		('00000000-0000-4000-8000-000000000205', '00000000-0000-4000-8000-000000000035', 'attendee');
	REFRESH MATERIALIZED VIEW rye.opportunities_active`

// newGraph gives the URLs of the same graph for its owner, who sees all, and for a member of a role.
func newGraph(t *testing.T, role string) (ownerURL, memberURL string, owner *pgxpool.Pool) {
	t.Helper()
	ctx := context.Background()
	ownerURL = pgtest.Clone(t)
	owner = pgtest.Connect(t, ownerURL)
	world, err := os.ReadFile("../../db/testdata/world.sql")
	require.NoError(t, err)
	for _, sql := range []string{string(world), moreSQL} {
		_, err := owner.Exec(ctx, sql)
		require.NoError(t, err)
	}
	login := pgtest.Role(t, owner, "NOSUPERUSER NOBYPASSRLS")
	if role != "" {
		_, err = owner.Exec(ctx, "GRANT "+pgx.Identifier{role}.Sanitize()+" TO "+pgx.Identifier{login}.Sanitize())
		require.NoError(t, err)
	}
	return ownerURL, pgtest.AsRole(t, ownerURL, login), owner
}

func quietdeals(t *testing.T, url string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs strings.Builder
	getenv := func(name string) string { return map[string]string{"DATABASE_URL": url}[name] }
	code = run(t.Context(), args, getenv, today, &out, &errs)
	return code, out.String(), errs.String()
}

// all is what who sees all is told.
const all = `3 deals without any event for 30 days, 2024-03-12

Eve Seller: 2 deals, 1250.50 EUR + 2000.00 USD
  OPP-2402-0002  Globex tanks  prospecting  2000.00 USD  last event never       quiet for 39 days
  OPP-2402-0001  Acme kettles  proposal     1250.50 EUR  last event 2024-02-11  quiet for 30 days

Nobody: 1 deal, no value known
  OPP-2402-0003  Globex vats  -  -  last event never  quiet for 30 days
`

// public is what remains for others than sales.
const public = `1 deal without any event for 35 days, 2024-03-12

Eve Seller: 1 deal, 2000.00 USD
  OPP-2402-0002  Globex tanks  prospecting  2000.00 USD  last event never  quiet for 39 days
`

func TestReport(t *testing.T) {
	t.Parallel()
	ownerURL, memberURL, owner := newGraph(t, "rye_app")
	for _, c := range []struct {
		name, url string
		args      []string
		want      string
	}{
		{"all", ownerURL, nil, all},
		{"as the team sees it", memberURL, []string{"-user", "user:eve", "-teams", "sales"}, all},
		{"as others see it", memberURL, []string{"-user", "user:sam", "-teams", "support,desk", "-days", "35"}, public},
		{"as nobody sees it", memberURL, []string{"-days", "35"}, public},
		{"nothing", ownerURL, []string{"-days", "365"}, "0 deals without any event for 365 days, 2024-03-12\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			code, stdout, stderr := quietdeals(t, c.url, c.args...)
			require.Empty(t, stderr)
			require.Equal(t, c.want, stdout)
			require.Equal(t, exitDone, code)
		})
	}
	t.Run("over many pages", func(t *testing.T) {
		_, err := owner.Exec(context.Background(), `
			INSERT INTO rye.nodes (node_type, label, created_at) SELECT 'opportunity', 'Deal ' || i, '2023-01-01Z' FROM generate_series(1, 1200) AS i;
			REFRESH MATERIALIZED VIEW rye.opportunities_active`)
		require.NoError(t, err)
		for _, c := range []struct {
			url  string
			args []string
		}{{ownerURL, nil}, {memberURL, []string{"-user", "user:eve", "-teams", "sales"}}} {
			code, stdout, stderr := quietdeals(t, c.url, c.args...)
			require.Equal(t, exitDone, code, stderr)
			require.True(t, strings.HasPrefix(stdout, "1203 deals "), stdout)
			require.Equal(t, 1200, strings.Count(stdout, "  Deal "))
		}
	})
}

func TestFailures(t *testing.T) {
	t.Parallel()
	ownerURL, memberURL, _ := newGraph(t, "")
	for _, c := range []struct {
		name, url string
		args      []string
		code      int
		stderr    string
	}{
		{"no database", "", nil, exitUsage, "DATABASE_URL is not set"},
		{"no days", ownerURL, []string{"-days", "0"}, exitUsage, "-days is 1 or more"},
		{"days that are none", ownerURL, []string{"-days", "x"}, exitUsage, "invalid value"},
		{"teams of nobody", ownerURL, []string{"-teams", "sales"}, exitUsage, "-teams are those of a -user"},
		{"an argument", ownerURL, []string{"x"}, exitUsage, "no other arguments"},
		{"help", "", []string{"-help"}, exitDone, "-days"},
		{"a database that is none", "postgres://localhost:1/x", nil, exitFailed, "quietdeals: "},
		{"a user for a role that sees all", ownerURL, []string{"-user", "user:eve"}, exitFailed, "connect as a member of rye_app"},
		{"a role that may nothing", memberURL, nil, exitFailed, "connect as a member of rye_app or rye_loader: "},
	} {
		t.Run(c.name, func(t *testing.T) {
			code, stdout, stderr := quietdeals(t, c.url, c.args...)
			require.Equal(t, c.code, code)
			require.Empty(t, stdout)
			require.Contains(t, stderr, c.stderr)
		})
	}
}
