package schema_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"
)

// must runs a statement that gives one value.
func must[T any](t *testing.T, q querier, sql string, args ...any) T {
	t.Helper()
	v, err := scalar[T](context.Background(), q, sql, args...)
	require.NoError(t, err, sql)
	return v
}

func execute(t *testing.T, pool *pgxpool.Pool, sql string, args ...any) {
	t.Helper()
	_, err := pool.Exec(context.Background(), sql, args...)
	require.NoError(t, err, sql)
}

// TestCalls makes the calls that the conventions show.
func TestCalls(t *testing.T) {
	t.Parallel()
	ctx := context.Background()

	t.Run("agents may insert but never change", func(t *testing.T) {
		t.Parallel()
		pool := open(t)
		id, err := node(ctx, pool, "person", "Ada", "{}")
		require.NoError(t, err)
		err = as(ctx, pool, "bot", "", "agent:scout", func(tx pgx.Tx) error {
			if _, err := node(ctx, tx, "person", "Found", "{}"); err != nil {
				return err
			}
			tag, err := tx.Exec(ctx, "UPDATE nodes SET label = 'changed' WHERE id = $1", id)
			if err == nil && tag.RowsAffected() != 0 {
				err = fmt.Errorf("an agent changed %d nodes", tag.RowsAffected())
			}
			return err
		})
		require.NoError(t, err)
	})

	t.Run("assertions are append-only", func(t *testing.T) {
		t.Parallel()
		pool := open(t)
		id, err := node(ctx, pool, "person", "Ada", "{}")
		require.NoError(t, err)
		fact := must[uuid.UUID](t, pool, `INSERT INTO assertions (assertion_type, subject_node_id, claim) VALUES ('sentiment', $1, '{"stance": "warm"}') RETURNING id`, id)
		_, err = pool.Exec(ctx, `UPDATE assertions SET claim = '{}' WHERE id = $1`, fact)
		require.NoError(t, wantState(err, "RY007"))
		_, err = pool.Exec(ctx, `INSERT INTO assertions (assertion_type, subject_node_id, claim) VALUES ('sentiment', $1, '{}')`, id)
		require.NoError(t, wantState(err, "23505"), "two current facts of a kind")
		next := must[uuid.UUID](t, pool, `SELECT supersede_assertion(p_old_assertion_id := $1, p_new_assertion_type := 'sentiment',
			p_new_subject_node_id := $2, p_new_subject_edge_id := NULL, p_new_claim := '{"stance": "cold"}',
			p_new_source_event_id := NULL, p_new_confidence := 0.5)`, fact, id)
		require.Equal(t, next, must[uuid.UUID](t, pool, "SELECT superseded_by FROM assertions WHERE id = $1", fact))
		require.Equal(t, "cold", must[string](t, pool, "SELECT claim->>'stance' FROM current_assertions WHERE subject_node_id = $1", id))
		_, err = scalar[uuid.UUID](ctx, pool, "SELECT supersede_assertion(p_old_assertion_id := $1, p_new_claim := '{}')", fact)
		require.NoError(t, wantState(err, "RY005"))
	})

	t.Run("codes are looked up by indexes", func(t *testing.T) {
		t.Parallel()
		pool := open(t)
		execute(t, pool, `INSERT INTO nodes (node_type, label, properties, external_id, external_source)
			SELECT 'opportunity', 'Deal ' || n, jsonb_build_object('code', format_crm_code('OPP', '2403', n)), format_crm_code('OPP', '2403', n), 'internal'
			FROM generate_series(1, 20000) n`)
		execute(t, pool, "ANALYZE nodes")
		for _, sql := range []string{
			`SELECT * FROM nodes WHERE properties @> '{"code": "OPP-2403-0042"}'`,
			`SELECT * FROM nodes WHERE node_type = 'opportunity' AND properties->>'code' LIKE 'OPP-2403-004%'`,
			`SELECT * FROM nodes WHERE external_source = 'internal' AND external_id = 'OPP-2403-0042' AND archived_at IS NULL`,
			`SELECT * FROM nodes WHERE label ILIKE '%deal 1999%'`,
		} {
			require.NotContains(t, plan(t, pool, sql), "Seq Scan", sql)
		}
		require.Equal(t, 10, must[int](t, pool, `SELECT count(*) FROM nodes WHERE node_type = 'opportunity' AND properties->>'code' LIKE 'OPP-2403-004%' AND length(properties->>'code') = 13`))
	})

	t.Run("create and advance a deal", func(t *testing.T) {
		t.Parallel()
		pool := open(t)
		require.NoError(t, pipeline(ctx, pool))
		owner, err := node(ctx, pool, "person", "Olga", "{}")
		require.NoError(t, err)
		id := must[uuid.UUID](t, pool, `SELECT create_opportunity('Big one', 'PL-SALES', $1, '{"region": "EU"}')`, owner)
		require.Regexp(t, `^OPP-\d{4}-0001$`, must[string](t, pool, "SELECT properties->>'code' FROM nodes WHERE id = $1", id))
		require.Equal(t, "prospecting", must[string](t, pool, "SELECT claim->>'stage' FROM current_assertions WHERE subject_node_id = $1 AND assertion_type = 'deal_stage'", id))
		must[uuid.UUID](t, pool, "SELECT advance_deal_stage($1, 'negotiation', 'Proposal accepted, entering terms discussion')", id)
		require.JSONEq(t, `{"stage": "negotiation", "pipeline": "PL-SALES", "moved_from": "prospecting", "reason": "Proposal accepted, entering terms discussion"}`,
			must[string](t, pool, "SELECT claim::text FROM current_assertions WHERE subject_node_id = $1 AND assertion_type = 'deal_stage'", id))
		_, err = scalar[uuid.UUID](ctx, pool, "SELECT advance_deal_stage($1, 'negotiation')", id)
		require.NoError(t, wantState(err, "RY005"))
		execute(t, pool, "UPDATE nodes SET archived_at = now() WHERE id = $1", id)
		_, err = scalar[uuid.UUID](ctx, pool, "SELECT advance_deal_stage($1, 'closed_won')", id)
		require.NoError(t, wantState(err, "RY003"))
		_, err = scalar[uuid.UUID](ctx, pool, "SELECT advance_deal_stage($1, 'closed_won')", owner)
		require.NoError(t, wantState(err, "RY006"))
		_, err = scalar[uuid.UUID](ctx, pool, "SELECT create_opportunity('x', 'PL-SALES', $1)", uuid.New())
		require.NoError(t, wantState(err, "RY006"))
	})

	t.Run("cross-domain query", func(t *testing.T) {
		t.Parallel()
		pool := open(t)
		id, err := deal(ctx, pool, "Deal")
		require.NoError(t, err)
		execute(t, pool, `WITH con AS (INSERT INTO nodes (node_type, label) VALUES ('person', 'Ada') RETURNING id),
			tick AS (INSERT INTO nodes (node_type, label) VALUES ('ticket', 'It is broken') RETURNING id),
			pc AS (INSERT INTO edges (edge_type, source_id, target_id) SELECT 'primary_contact', $1, id FROM con),
			filed AS (INSERT INTO edges (edge_type, source_id, target_id) SELECT 'filed', con.id, tick.id FROM con, tick)
			INSERT INTO assertions (assertion_type, subject_node_id, claim) SELECT 'ticket_status', id, '{"status": "open"}' FROM tick`, id)
		require.Equal(t, "Ada It is broken open", must[string](t, pool, `
SELECT con.label || ' ' || ticket.label || ' ' || (ticket_stg.claim->>'status')
FROM nodes opp
JOIN edges pc ON pc.source_id = opp.id
AND pc.edge_type IN ('primary_contact', 'secondary_contact')
AND pc.archived_at IS NULL
JOIN nodes con ON con.id = pc.target_id
JOIN edges filed ON filed.source_id = con.id
AND filed.edge_type = 'filed'
AND filed.archived_at IS NULL
JOIN nodes ticket ON ticket.id = filed.target_id AND ticket.node_type = 'ticket'
LEFT JOIN current_assertions ticket_stg
ON ticket_stg.subject_node_id = ticket.id AND ticket_stg.assertion_type = 'ticket_status'
WHERE opp.node_type = 'opportunity' AND opp.archived_at IS NULL
AND (ticket_stg.claim->>'status' NOT IN ('resolved', 'closed')
OR ticket_stg.claim->>'status' IS NULL)`))
	})

	t.Run("events are immutable", func(t *testing.T) {
		t.Parallel()
		pool := open(t)
		id := must[uuid.UUID](t, pool, "SELECT record_event('note', 'hello')")
		_, err := pool.Exec(ctx, "UPDATE events SET summary = 'x' WHERE id = $1", id)
		require.NoError(t, wantState(err, "RY007"))
	})

	t.Run("grants of the conventions", func(t *testing.T) {
		t.Parallel()
		pool := open(t)
		secret := `{"classification": "confidential", "teams": ["sales"]}`
		opp, err := node(ctx, pool, "opportunity", "Deal", secret)
		require.NoError(t, err)
		person, err := node(ctx, pool, "person", "Ada", secret)
		require.NoError(t, err)
		execute(t, pool, `INSERT INTO assertions (assertion_type, subject_node_id, claim) VALUES
			('deal_value', $1, '{"amount": 5}'), ('deal_stage', $1, '{"stage": "x"}')`, opp)
		execute(t, pool, `INSERT INTO access_grants (grantee, grant_type, resource_type, access_level, scope) VALUES
			('sales', 'team', 'node', 'write', '{"node_type": "opportunity", "teams": ["sales"]}')`)
		execute(t, pool, `INSERT INTO access_grants (grantee, grant_type, resource_type, access_level, scope) VALUES
			('support', 'team', 'node', 'read', '{"node_type": "person"}')`)
		execute(t, pool, `INSERT INTO access_grants (grantee, grant_type, resource_type, access_level, scope) VALUES
			('finance', 'team', 'assertion', 'read', '{"assertion_type": "deal_value"}')`)
		sees := func(teams string) (n, facts, changed int) {
			require.NoError(t, as(ctx, pool, "u", teams, "team_member", func(tx pgx.Tx) (err error) {
				if n, err = scalar[int](ctx, tx, "SELECT count(*) FROM nodes"); err != nil {
					return err
				}
				if facts, err = scalar[int](ctx, tx, "SELECT count(*) FROM assertions"); err != nil {
					return err
				}
				tag, err := tx.Exec(ctx, "UPDATE nodes SET label = label || '!' WHERE id = ANY ($1)", []uuid.UUID{opp, person})
				changed = int(tag.RowsAffected())
				return err
			}))
			return n, facts, changed
		}
		for _, c := range []struct {
			teams                string
			nodes, facts, change int
		}{
			{"finance", 0, 1, 0},
			{"nobody", 0, 0, 0},
			{"sales", 2, 2, 2},
			{"support", 1, 0, 0},
		} {
			n, facts, changed := sees(c.teams)
			require.Equal(t, c.nodes, n, "%s: nodes seen", c.teams)
			require.Equal(t, c.facts, facts, "%s: facts seen", c.teams)
			require.Equal(t, c.change, changed, "%s: nodes changed", c.teams)
		}
	})

	t.Run("link a record", func(t *testing.T) {
		t.Parallel()
		pool := open(t)
		const link = "SELECT link_record('salesforce', 'Contact', '0037R00000M7ZjlQAF', 'person', $1, $2::jsonb, 'text')"
		id := must[uuid.UUID](t, pool, link, "Ada", `{"email": "ada@example.com", "title": "Countess"}`)
		require.Equal(t, id, must[uuid.UUID](t, pool, link, "Ada L.", `{"title": "Engineer"}`))
		require.JSONEq(t, `{"email": "ada@example.com", "title": "Engineer"}`, must[string](t, pool, "SELECT properties::text FROM nodes WHERE id = $1", id))
	})

	t.Run("merge nodes", func(t *testing.T) {
		t.Parallel()
		pool := open(t)
		ids := make([]uuid.UUID, 3)
		for i, label := range []string{"Ada", "Ada Lovelace", "Engines"} {
			var err error
			ids[i], err = node(ctx, pool, "person", label, "{}")
			require.NoError(t, err)
		}
		twin, ada, org := ids[0], ids[1], ids[2]
		execute(t, pool, "INSERT INTO edges (edge_type, source_id, target_id) VALUES ('employs', $1, $2), ('employs', $1, $3), ('referral', $2, $3)", org, twin, ada)
		execute(t, pool, `INSERT INTO assertions (assertion_type, subject_node_id, claim) VALUES
			('sentiment', $1, '{"stance": "warm"}'), ('lead_score', $1, '{"score": 1}'), ('lead_score', $2, '{"score": 2}')`, twin, ada)
		execute(t, pool, "INSERT INTO node_source_map (node_id, source_schema, source_table, source_id) VALUES ($1, 'crm', 'Contact', '1'), ($2, 'crm', 'Contact', '2')", twin, ada)
		event := must[uuid.UUID](t, pool, "SELECT record_event('note', 'both', '{}', ARRAY[$1, $2]::uuid[], ARRAY['contact', 'contact'])", twin, ada)
		execute(t, pool, "SELECT merge_nodes($1, $2, 'user:jane')", twin, ada)
		require.Equal(t, 1, must[int](t, pool, "SELECT count(*) FROM edges WHERE archived_at IS NULL"), "one employment, no edge to itself")
		require.Equal(t, 2, must[int](t, pool, "SELECT count(*) FROM node_source_map WHERE node_id = $1", ada))
		require.Equal(t, 2, must[int](t, pool, "SELECT count(*) FROM current_assertions WHERE subject_node_id = $1", ada))
		require.Equal(t, "2", must[string](t, pool, "SELECT claim->>'score' FROM current_assertions WHERE subject_node_id = $1 AND assertion_type = 'lead_score'", ada))
		require.Equal(t, 0, must[int](t, pool, "SELECT count(*) FROM current_assertions WHERE subject_node_id = $1", twin))
		require.Equal(t, 1, must[int](t, pool, "SELECT count(*) FROM event_participants WHERE event_id = $1", event))
		require.True(t, must[bool](t, pool, "SELECT archived_at IS NOT NULL FROM nodes WHERE id = $1", twin))
		_, err := scalar[any](ctx, pool, "SELECT merge_nodes($1, $2)", twin, ada)
		require.NoError(t, wantState(err, "RY003"))
	})

	t.Run("properties are redacted by role", func(t *testing.T) {
		t.Parallel()
		pool := open(t)
		execute(t, pool, `INSERT INTO field_classifications (node_type, field_path, classification) VALUES
			('person', 'properties.salary', 'restricted'), ('person', 'address.street', 'internal')`)
		const properties = `{"name": "Ada", "salary": 5, "address": {"street": "1 Main St", "city": "Brno"}}`
		for role, want := range map[string]string{
			"":            `{"name": "Ada", "address": {"city": "Brno"}}`,
			"admin":       properties,
			"team_member": `{"name": "Ada", "address": {"street": "1 Main St", "city": "Brno"}}`,
		} {
			require.NoError(t, as(ctx, pool, "u", "", role, func(tx pgx.Tx) error {
				got, err := scalar[string](ctx, tx, "SELECT redact_properties($1::jsonb, 'person')::text", properties)
				require.JSONEq(t, want, got, "role %q", role)
				return err
			}))
		}
	})

	t.Run("teams need a classification", func(t *testing.T) {
		t.Parallel()
		_, err := node(ctx, open(t), "org", "x", `{"teams": ["sales"]}`)
		require.NoError(t, wantState(err, "RY007"))
	})

	t.Run("the catalog counts by type", func(t *testing.T) {
		t.Parallel()
		pool := open(t)
		_, err := deal(ctx, pool, "Deal")
		require.NoError(t, err)
		require.Equal(t, "1", must[string](t, pool, "SELECT rye_catalog()->'node_types'->>'opportunity'"))
		require.Equal(t, "1", must[string](t, pool, "SELECT rye_catalog()->'edge_types'->>'pipeline_member'"))
		require.Equal(t, "2", must[string](t, pool, "SELECT rye_catalog()->'totals'->>'nodes'"))
	})

	t.Run("views refresh beside their readers", func(t *testing.T) {
		t.Parallel()
		pool := open(t)
		id, err := deal(ctx, pool, "Deal")
		require.NoError(t, err)
		execute(t, pool, "SELECT refresh_crm_views()")
		execute(t, pool, "REFRESH MATERIALIZED VIEW CONCURRENTLY opportunities_active")
		execute(t, pool, "REFRESH MATERIALIZED VIEW CONCURRENTLY contacts_directory")
		require.Equal(t, id, must[uuid.UUID](t, pool, "SELECT node_id FROM opportunities_active"))
		execute(t, pool, "SELECT advance_deal_stage($1, 'closed_lost')", id)
		execute(t, pool, "SELECT refresh_crm_views()")
		require.Equal(t, 0, must[int](t, pool, "SELECT count(*) FROM opportunities_active"))
	})
}

func plan(t *testing.T, pool *pgxpool.Pool, sql string) string {
	t.Helper()
	rows, err := pool.Query(context.Background(), "EXPLAIN "+sql)
	require.NoError(t, err)
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	return strings.Join(lines, "\n")
}

// TestCodesUnderConcurrency draws codes from many sessions at once: none repeats, none is left out.
func TestCodesUnderConcurrency(t *testing.T) {
	t.Parallel()
	pool := open(t)
	const callers, each = 8, 50
	codes := make(chan string, callers*each)
	errs := make(chan error, callers)
	for range callers {
		go func() {
			for range each {
				code, err := scalar[string](context.Background(), pool, "SELECT generate_crm_code('CON')")
				if err != nil {
					errs <- err
					return
				}
				codes <- code
			}
			errs <- nil
		}()
	}
	for range callers {
		require.NoError(t, <-errs)
	}
	close(codes)
	seen := make(map[string]bool)
	for code := range codes {
		require.False(t, seen[code], "%s repeats", code)
		seen[code] = true
	}
	require.Len(t, seen, callers*each)
	// The month may turn while the test runs; the counters tell how far each went.
	require.Equal(t, callers*each, must[int](t, pool, "SELECT sum(next_val - 1)::int FROM crm_code_counters"))
}
