package schema_test

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/projectrye/rye-import/internal/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// asPrinted is the specification's own SQL, in the places where it needs care.
//
//go:embed testdata/as_printed
var asPrinted embed.FS

// TestCare checks each place where the specification's SQL needs care twice: on the schema, which
// must pass, and with the SQL as printed in its place, which must not. So each check is known to
// tell the two apart.
func TestCare(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name  string
		check func(context.Context, *pgxpool.Pool) error
	}{
		{"1_contacts_directory", checkContactsDirectory},
		{"2_codes", checkCodesWiden},
		{"3_log_crm_activity", checkLogActivity},
		{"4_create_opportunity", checkCreateOpportunity},
		{"5_advance_deal_stage", checkAdvanceStage},
		{"6_opportunities_active", checkOpportunitiesActive},
		{"7_materialized_views", checkReadModelsAreSecure},
		{"8_access_grants", checkScopeIsConjunction},
		{"9_session_variables", checkResetVariables},
	}
	for _, tc := range cases {
		t.Run(tc.name+"/ours", func(t *testing.T) {
			t.Parallel()
			require.NoError(t, tc.check(context.Background(), open(t)))
		})
		t.Run(tc.name+"/as_printed", func(t *testing.T) {
			t.Parallel()
			ctx := context.Background()
			pool := open(t)
			text, err := asPrinted.ReadFile("testdata/as_printed/" + tc.name + ".sql")
			require.NoError(t, err)
			if _, err := pool.Exec(ctx, string(text)); err == nil {
				err := tc.check(ctx, pool)
				t.Log(err)
				require.Error(t, err, "the check does not notice the SQL as printed")
			}
		})
	}
}

// open gives a pool whose sessions read the schema as applications do.
func open(t *testing.T) *pgxpool.Pool {
	t.Helper()
	cfg, err := pgxpool.ParseConfig(pgtest.Clone(t))
	require.NoError(t, err)
	cfg.ConnConfig.RuntimeParams["search_path"] = "rye, public"
	cfg.MaxConns = 8
	pool, err := pgxpool.NewWithConfig(context.Background(), cfg)
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	return pool
}

// as runs something as the application role, in a session context.
func as(ctx context.Context, pool *pgxpool.Pool, user, teams, role string, do func(pgx.Tx) error) error {
	return pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "SET LOCAL ROLE rye_app"); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `SELECT set_config('app.current_user_id', $1, true),
			set_config('app.current_teams', $2, true), set_config('app.current_role', $3, true)`, user, teams, role)
		if err != nil {
			return err
		}
		return do(tx)
	})
}

func state(err error) string {
	var pgErr *pgconn.PgError
	if errors.As(err, &pgErr) {
		return pgErr.Code
	}
	return ""
}

// wantState checks that something failed with a SQLSTATE.
func wantState(err error, want string) error {
	if got := state(err); got != want {
		return fmt.Errorf("SQLSTATE %q, want %q (%w)", got, want, errors.Join(errors.New("got"), err))
	}
	return nil
}

type querier interface {
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

func scalar[T any](ctx context.Context, q querier, sql string, args ...any) (T, error) {
	var v T
	err := q.QueryRow(ctx, sql, args...).Scan(&v)
	return v, err
}

func node(ctx context.Context, q querier, nodeType, label, attrs string) (uuid.UUID, error) {
	return scalar[uuid.UUID](ctx, q, `INSERT INTO nodes (node_type, label, properties, attrs)
		VALUES ($1, $2, jsonb_build_object('name', $2::text), $3::jsonb) RETURNING id`, nodeType, label, attrs)
}

// pipeline is the definition of the specification's section 4.1.
func pipeline(ctx context.Context, pool *pgxpool.Pool) error {
	_, err := pool.Exec(ctx, `INSERT INTO nodes (node_type, label, properties) VALUES (
'pipeline', 'Sales Pipeline',
'{
"name": "Sales Pipeline",
"code": "PL-SALES",
"stages": [
{"key": "prospecting", "label": "Prospecting", "order": 1},
{"key": "qualification", "label": "Qualification", "order": 2},
{"key": "proposal", "label": "Proposal", "order": 3},
{"key": "negotiation", "label": "Negotiation", "order": 4},
{"key": "closed_won", "label": "Closed Won", "order": 5, "terminal": true},
{"key": "closed_lost", "label": "Closed Lost", "order": 6, "terminal": true}
],
"default_stage": "prospecting"
}'
)`)
	return err
}

func deal(ctx context.Context, pool *pgxpool.Pool, name string) (uuid.UUID, error) {
	if err := pipeline(ctx, pool); err != nil {
		return uuid.Nil, err
	}
	return scalar[uuid.UUID](ctx, pool, "SELECT create_opportunity($1, 'PL-SALES', NULL)", name)
}

func checkContactsDirectory(ctx context.Context, pool *pgxpool.Pool) error {
	person, err := node(ctx, pool, "person", "Ada", "{}")
	if err != nil {
		return err
	}
	org, err := node(ctx, pool, "org", "Engines", "{}")
	if err != nil {
		return err
	}
	if _, err := pool.Exec(ctx, "INSERT INTO edges (edge_type, source_id, target_id) VALUES ('employs', $1, $2)", org, person); err != nil {
		return err
	}
	if _, err := pool.Exec(ctx, "REFRESH MATERIALIZED VIEW contacts_directory"); err != nil {
		return err
	}
	got, err := scalar[string](ctx, pool, "SELECT organization FROM contacts_directory WHERE node_id = $1", person)
	if err != nil {
		return err
	}
	if got != "Engines" {
		return fmt.Errorf("organization %q", got)
	}
	return nil
}

func checkCodesWiden(ctx context.Context, pool *pgxpool.Pool) error {
	thousandth := ""
	for _, next := range []int{1000, 9999, 10000} {
		_, err := pool.Exec(ctx, `INSERT INTO crm_code_counters (prefix, year_month, next_val)
			VALUES ('CON', to_char(now() AT TIME ZONE 'UTC', 'YYMM'), $1)
			ON CONFLICT (prefix, year_month) DO UPDATE SET next_val = $1`, next)
		if err != nil {
			return err
		}
		code, err := scalar[string](ctx, pool, "SELECT generate_crm_code('CON')")
		if err != nil {
			return err
		}
		if want := fmt.Sprintf("%04d", next); code[len("CON-2401-"):] != want {
			return fmt.Errorf("code %s, want it to end in %s", code, want)
		}
		if code == thousandth {
			return fmt.Errorf("code %s repeats", code)
		}
		thousandth = code
	}
	return nil
}

func checkLogActivity(ctx context.Context, pool *pgxpool.Pool) error {
	a, err := node(ctx, pool, "person", "Ada", "{}")
	if err != nil {
		return err
	}
	b, err := node(ctx, pool, "person", "Bob", "{}")
	if err != nil {
		return err
	}
	const log = "SELECT log_crm_activity('note', 'hello', '{}', 'user:jane', $1, $2)"
	if _, err := scalar[uuid.UUID](ctx, pool, log, []uuid.UUID{}, []string{}); err != nil {
		return fmt.Errorf("no participants: %w", err)
	}
	event, err := scalar[uuid.UUID](ctx, pool, log, []uuid.UUID{a, b, a}, []string{"host"})
	if err != nil {
		return fmt.Errorf("fewer roles than participants: %w", err)
	}
	roles, err := scalar[[]string](ctx, pool, "SELECT array_agg(role ORDER BY role) FROM event_participants WHERE event_id = $1", event)
	if err != nil {
		return err
	}
	if want := "[host participant participant]"; fmt.Sprint(roles) != want {
		return fmt.Errorf("roles %v, want %s", roles, want)
	}
	_, err = scalar[uuid.UUID](ctx, pool, log, []uuid.UUID{a}, []string{"host", "guest"})
	return wantState(err, "RY007")
}

func checkCreateOpportunity(ctx context.Context, pool *pgxpool.Pool) error {
	if err := pipeline(ctx, pool); err != nil {
		return err
	}
	_, err := scalar[uuid.UUID](ctx, pool, "SELECT create_opportunity('Deal', 'PL-NONE', NULL)")
	if err := wantState(err, "RY001"); err != nil {
		return err
	}
	id, err := scalar[uuid.UUID](ctx, pool, `SELECT create_opportunity('Deal', 'PL-SALES', NULL, '{}', '{sales}')`)
	if err != nil {
		return fmt.Errorf("with teams: %w", err)
	}
	visible := func(teams string) (n int, err error) {
		err = as(ctx, pool, "u", teams, "team_member", func(tx pgx.Tx) error {
			n, err = scalar[int](ctx, tx, "SELECT count(*) FROM nodes WHERE id = $1", id)
			return err
		})
		return n, err
	}
	if n, err := visible("sales"); err != nil || n != 1 {
		return fmt.Errorf("the team sees %d of its deals (%w)", n, err)
	}
	if n, err := visible("support"); err != nil || n != 0 {
		return fmt.Errorf("another team sees %d of them (%w)", n, err)
	}
	return nil
}

func checkAdvanceStage(ctx context.Context, pool *pgxpool.Pool) error {
	id, err := deal(ctx, pool, "Deal")
	if err != nil {
		return err
	}
	const advance = "SELECT advance_deal_stage($1, $2, 'because')"
	_, err = scalar[uuid.UUID](ctx, pool, advance, id, "no_such_stage")
	if err := wantState(err, "RY002"); err != nil {
		return fmt.Errorf("unknown stage: %w", err)
	}

	// Two callers that decided on the same stage: one wins, the other is told.
	errs := make([]error, 2)
	var wg sync.WaitGroup
	for i := range errs {
		wg.Go(func() { _, errs[i] = scalar[uuid.UUID](ctx, pool, advance, id, "negotiation") })
	}
	wg.Wait()
	if (errs[0] == nil) == (errs[1] == nil) {
		return fmt.Errorf("two callers: %w", errors.Join(errors.New("not exactly one won"), errs[0], errs[1]))
	}
	if err := wantState(errors.Join(errs...), "RY005"); err != nil {
		return fmt.Errorf("the loser: %w", err)
	}
	n, err := scalar[int](ctx, pool, "SELECT count(*) FROM events WHERE event_type = 'stage_change'")
	if err != nil || n != 1 {
		return fmt.Errorf("%d stage changes (%w)", n, err)
	}

	// A deal without a stage is in the pipeline that it is a member of.
	bare, err := node(ctx, pool, "opportunity", "Bare", "{}")
	if err != nil {
		return err
	}
	_, err = pool.Exec(ctx, `INSERT INTO edges (edge_type, source_id, target_id)
		SELECT 'pipeline_member', $1, id FROM nodes WHERE node_type = 'pipeline'`, bare)
	if err != nil {
		return err
	}
	if _, err := scalar[uuid.UUID](ctx, pool, advance, bare, "proposal"); err != nil {
		return fmt.Errorf("a deal without a stage: %w", err)
	}
	return nil
}

func checkOpportunitiesActive(ctx context.Context, pool *pgxpool.Pool) error {
	id, err := deal(ctx, pool, "Deal")
	if err != nil {
		return err
	}
	for _, key := range []string{"arr", "default", "one_off"} {
		_, err := pool.Exec(ctx, `INSERT INTO assertions (assertion_type, assertion_key, subject_node_id, claim)
			VALUES ('deal_value', $2, $1, jsonb_build_object('amount', length($2::text)))`, id, key)
		if err != nil {
			return err
		}
	}
	// The first contact and the owner without a date are archived or older than they look.
	for _, e := range []struct{ edge, label, archived, from string }{
		{"primary_contact", "Gone", "2024-01-01", "2020-01-01"},
		{"primary_contact", "Here", "", "2021-01-01"},
		{"assigned_to", "Undated", "", ""},
		{"assigned_to", "Owner", "", "2022-01-01"},
	} {
		_, err := pool.Exec(ctx, `WITH person AS (
				INSERT INTO nodes (node_type, label, archived_at) VALUES ('person', $2, nullif($3, '')::timestamptz) RETURNING id)
			INSERT INTO edges (edge_type, source_id, target_id, properties, effective_from, created_at)
			SELECT $1, $5, id, '{"role": "owner"}', nullif($4, '')::timestamptz, coalesce(nullif($4, ''), '2019-01-01')::timestamptz FROM person`,
			e.edge, e.label, e.archived, e.from, id)
		if err != nil {
			return err
		}
	}
	if _, err := pool.Exec(ctx, "SELECT refresh_crm_views()"); err != nil {
		return fmt.Errorf("several keys of a type: %w", err)
	}
	var value, contact, owner string
	err = pool.QueryRow(ctx, "SELECT current_value::text, primary_contact_name, assigned_to_name FROM opportunities_active WHERE node_id = $1", id).
		Scan(&value, &contact, &owner)
	if err != nil {
		return err
	}
	if got := value + " " + contact + " " + owner; got != "7 Here Owner" {
		return fmt.Errorf("shows %q, want the default value, the living contact and the dated owner", got)
	}
	return nil
}

func checkReadModelsAreSecure(ctx context.Context, pool *pgxpool.Pool) error {
	if err := pipeline(ctx, pool); err != nil {
		return err
	}
	if _, err := scalar[uuid.UUID](ctx, pool, "SELECT create_opportunity('Secret', 'PL-SALES', NULL, '{}', '{sales}')"); err != nil {
		return err
	}
	if _, err := pool.Exec(ctx, "REFRESH MATERIALIZED VIEW opportunities_active"); err != nil {
		return err
	}
	err := as(ctx, pool, "u", "support", "team_member", func(tx pgx.Tx) error {
		n, err := scalar[int](ctx, tx, "SELECT count(*) FROM opportunities_active_secure")
		if err == nil && n != 0 {
			err = fmt.Errorf("another team sees %d deals", n)
		}
		return err
	})
	if err != nil {
		return err
	}
	err = as(ctx, pool, "u", "support", "team_member", func(tx pgx.Tx) error {
		_, err := scalar[int](ctx, tx, "SELECT count(*) FROM opportunities_active")
		return err
	})
	if err := wantState(err, "42501"); err != nil {
		return fmt.Errorf("the materialized view: %w", err)
	}
	return as(ctx, pool, "u", "sales", "team_member", func(tx pgx.Tx) error {
		n, err := scalar[int](ctx, tx, "SELECT count(*) FROM opportunities_active_secure")
		if err == nil && n != 1 {
			err = fmt.Errorf("the team sees %d deals", n)
		}
		return err
	})
}

func checkScopeIsConjunction(ctx context.Context, pool *pgxpool.Pool) error {
	for _, n := range []struct{ kind, attrs string }{
		{"opportunity", `{"classification": "internal", "teams": ["sales"]}`},
		{"opportunity", `{"classification": "internal", "teams": ["legal"]}`},
		{"person", `{"classification": "internal", "teams": ["sales"]}`},
	} {
		if _, err := node(ctx, pool, n.kind, "x", n.attrs); err != nil {
			return err
		}
	}
	_, err := pool.Exec(ctx, `INSERT INTO access_grants (grantee, grant_type, resource_type, access_level, scope) VALUES
		('partners', 'team', 'node', 'read', '{"node_type": "opportunity", "teams": ["sales"]}'),
		('auditors', 'team', 'node', 'read', '{"node_type": "opportunity", "colour": "red"}')`)
	if err != nil {
		return err
	}
	for team, want := range map[string]int{"partners": 1, "auditors": 0} {
		err := as(ctx, pool, "u", team, "team_member", func(tx pgx.Tx) error {
			n, err := scalar[int](ctx, tx, "SELECT count(*) FROM nodes")
			if err == nil && n != want {
				err = fmt.Errorf("%s see %d nodes, want %d", team, n, want)
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func checkResetVariables(ctx context.Context, pool *pgxpool.Pool) error {
	_, err := pool.Exec(ctx, `INSERT INTO access_grants (grantee, grant_type, resource_type, access_level, scope)
		VALUES ('', 'user', 'node', 'read', '{"node_type": "person"}'), ('', 'role', 'node', 'read', '{"node_type": "person"}'),
			('', 'team', 'node', 'read', '{"node_type": "person"}')`)
	if err != nil {
		return err
	}
	if _, err := node(ctx, pool, "person", "x", `{"classification": "internal", "teams": ["", "sales"]}`); err != nil {
		return err
	}
	conn, err := pool.Acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	// Set and reset: the variables read as '' from here on.
	for _, sql := range []string{
		`SET "app.current_user_id" = 'jane'`, `SET "app.current_teams" = 'sales'`, `SET "app.current_role" = 'admin'`,
		`RESET "app.current_user_id"`, `RESET "app.current_teams"`, `RESET "app.current_role"`, "SET ROLE rye_app",
	} {
		if _, err := conn.Exec(ctx, sql); err != nil {
			return err
		}
	}
	defer conn.Exec(ctx, "RESET ROLE")
	n, err := scalar[int](ctx, conn, "SELECT count(*) FROM nodes")
	if err != nil {
		return err
	}
	if n != 0 {
		return fmt.Errorf("nobody sees %d nodes", n)
	}
	event, err := scalar[uuid.UUID](ctx, conn, "SELECT record_event('note', 'x')")
	if err != nil {
		return err
	}
	if _, err := conn.Exec(ctx, "RESET ROLE"); err != nil {
		return err
	}
	actor, err := scalar[*string](ctx, conn, "SELECT actor_system FROM events WHERE id = $1", event)
	if err != nil {
		return err
	}
	if actor != nil {
		return fmt.Errorf("the actor is %q and not null", *actor)
	}
	return nil
}
