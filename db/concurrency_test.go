package db_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/projectrye/rye-import/db"
)

// These tests are not parallel to each other: each takes most connections of a server by itself.
const (
	callers  = 100
	sessions = 40 // of the callers at a time
)

// crowd gives a connection for each of many callers at once, on behalf of a viewer.
func (w *world) crowd(v viewer) db.Conn {
	w.Helper()
	cfg := w.app.Config()
	cfg.MaxConns = sessions
	cfg.AfterConnect = func(ctx context.Context, c *pgx.Conn) error {
		_, err := c.Exec(ctx, `SELECT set_config('app.current_user_id', $1, false),
			set_config('app.current_teams', array_to_string($2::text[], ','), false), set_config('app.current_role', $3, false)`,
			v.UserID, v.Teams, v.Role)
		return err
	}
	pool, err := pgxpool.NewWithConfig(context.Background(), cfg)
	require.NoError(w, err)
	w.Cleanup(pool.Close)
	return db.WithErrors(pool)
}

// rush has many callers call while somebody holds the nodes, lets them go when as many as there are
// sessions wait, and gives what each got.
func (w *world) rush(n int, held []uuid.UUID, call func(ctx context.Context, i int) error) []error {
	w.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	tx, err := w.owner.Begin(ctx)
	require.NoError(w, err)
	defer tx.Rollback(ctx)
	_, err = tx.Exec(ctx, "SELECT FROM rye.nodes WHERE id = ANY ($1) ORDER BY id FOR UPDATE", held)
	require.NoError(w, err)

	errs := make([]error, n)
	var wg sync.WaitGroup
	for i := range errs {
		wg.Go(func() { errs[i] = call(ctx, i) })
	}
	if len(held) > 0 {
		require.Eventually(w, func() bool {
			return value[int](w, "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'") >= min(n, sessions)
		}, 30*time.Second, 5*time.Millisecond, "the callers do not come to wait")
	}
	require.NoError(w, tx.Rollback(ctx))
	wg.Wait()
	return errs
}

// requireOneWinner checks that one caller got what it wanted and gives its number; all others got one
// of the errors.
func requireOneWinner(t *testing.T, errs []error, others ...error) int {
	t.Helper()
	winner := -1
	for i, err := range errs {
		if err == nil {
			require.Equal(t, -1, winner, "a second winner")
			winner = i
			continue
		}
		require.True(t, slices.ContainsFunc(others, func(other error) bool { return errors.Is(err, other) }), "%v", err)
	}
	require.NotEqual(t, -1, winner, "nobody won: %v", errs[0])
	return winner
}

func value[T any](w *world, sql string, args ...any) T {
	w.Helper()
	var v T
	require.NoError(w, w.owner.QueryRow(context.Background(), sql, args...).Scan(&v), sql)
	return v
}

// errSerialization is what repeatable reads get where read committed ones look again.
var errSerialization = errors.New("could not serialize")

func serialization(err error) error {
	pgErr := new(pgconn.PgError)
	if errors.As(err, &pgErr) && pgErr.Code == "40001" {
		return errSerialization
	}
	return err
}

func TestConcurrentAdvance(t *testing.T) {
	stages := []string{"closed_won", "closed_lost", "prospecting"}
	for name, c := range map[string]struct {
		callers   int
		isolation pgx.TxIsoLevel
		stage     func(i int) string
		before    string // what was done to the deal
	}{
		"to one stage": {callers, pgx.ReadCommitted, func(int) string { return "closed_won" }, ""},
		// Whoever comes after the winner has seen what the winner did, and may go on from there.
		"to several stages":           {sessions, pgx.ReadCommitted, func(i int) string { return stages[i%3] }, ""},
		"to several, repeatable read": {sessions, pgx.RepeatableRead, func(i int) string { return stages[i%3] }, ""},
		"from no stage":               {callers, pgx.ReadCommitted, func(int) string { return "proposal" }, "DELETE FROM rye.assertions WHERE subject_node_id = $1"},
		"from none, repeatable read":  {callers, pgx.RepeatableRead, func(int) string { return "proposal" }, "DELETE FROM rye.assertions WHERE subject_node_id = $1"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			if c.before != "" {
				_, err := w.owner.Exec(context.Background(), c.before, kettles)
				require.NoError(t, err)
			}
			const facts = "SELECT count(*) FROM rye.assertions WHERE subject_node_id = $1 AND assertion_type = 'deal_stage'"
			const events = "SELECT count(*) FROM rye.events e JOIN rye.event_participants p ON p.event_id = e.id AND p.node_id = $1 AND p.role = 'subject' WHERE e.event_type = 'stage_change'"
			factsBefore, eventsBefore := value[int](w, facts, kettles), value[int](w, events, kettles)
			conn := w.crowd(salesman)
			got := make([]uuid.UUID, c.callers)
			errs := w.rush(c.callers, []uuid.UUID{kettles}, func(ctx context.Context, i int) error {
				return serialization(pgx.BeginTxFunc(ctx, conn, pgx.TxOptions{IsoLevel: c.isolation}, func(tx pgx.Tx) error {
					return tx.QueryRow(ctx, "SELECT rye.advance_deal_stage($1, $2, 'rush')", kettles, c.stage(i)).Scan(&got[i])
				}))
			})
			others := []error{db.ErrSuperseded}
			if c.isolation != pgx.ReadCommitted {
				others = append(others, errSerialization)
			}
			winner := requireOneWinner(t, errs, others...)

			const current = "SELECT id FROM rye.assertions WHERE subject_node_id = $1 AND assertion_type = 'deal_stage' AND superseded_at IS NULL"
			require.Equal(t, got[winner], value[uuid.UUID](w, current, kettles))
			require.Equal(t, c.stage(winner), value[string](w, "SELECT claim ->> 'stage' FROM rye.assertions WHERE id = $1", got[winner]))
			require.Equal(t, factsBefore+1, value[int](w, facts, kettles))
			require.Equal(t, eventsBefore+1, value[int](w, events, kettles))
			require.Equal(t, "rush", value[string](w, "SELECT e.properties ->> 'reason' FROM rye.assertions a JOIN rye.events e ON e.id = a.source_event_id WHERE a.id = $1", got[winner]))
			// From the first fact on, each names the next, up to the current one.
			require.Equal(t, factsBefore+1, value[int](w, `WITH RECURSIVE chain AS (
					SELECT $1::uuid AS id
					UNION ALL
					SELECT a.id FROM rye.assertions a JOIN chain c ON a.superseded_by = c.id)
				SELECT count(*) FROM chain`, got[winner]))
		})
	}
}

func TestConcurrentCodes(t *testing.T) {
	t.Run("across the end of a month", func(t *testing.T) {
		w := newWorld(t)
		ctx := context.Background()
		_, err := w.owner.Exec(ctx, `INSERT INTO rye.nodes (node_type, properties) VALUES ('opportunity', '{"code": "OPP-2401-0007"}'), ('opportunity', '{"code": "OPP-2402-10001"}')`)
		require.NoError(t, err)
		_, err = w.owner.Exec(ctx, `INSERT INTO rye.crm_code_counters (prefix, year_month, next_val) VALUES ('OPP', '2402', 9990)`)
		require.NoError(t, err)
		cfg := w.owner.Config()
		cfg.MaxConns = sessions
		pool, err := pgxpool.NewWithConfig(ctx, cfg)
		require.NoError(t, err)
		defer pool.Close()
		codes := make([][]string, callers)
		errs := w.rush(callers, nil, func(ctx context.Context, i int) error {
			for n := range 6 {
				// The month turns while the callers draw; some end on the one side, some on the other.
				month := "2401"
				if n+i%4 > 4 {
					month = "2402"
				}
				err := pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
					var code string
					if err := tx.QueryRow(ctx, "SELECT rye.draw_crm_code('OPP', $1)", month).Scan(&code); err != nil {
						return err
					}
					if n%3 == 2 {
						return errRollback // its code is drawn again by another
					}
					_, err := tx.Exec(ctx, "INSERT INTO rye.nodes (node_type, properties) VALUES ('opportunity', jsonb_build_object('code', $1::text))", code)
					codes[i] = append(codes[i], code)
					return err
				})
				if err != nil && !errors.Is(err, errRollback) {
					return err
				}
			}
			return nil
		})
		require.NoError(t, errors.Join(errs...))
		got := map[string]bool{}
		for _, code := range slices.Concat(codes...) {
			require.False(t, got[code], "%s repeats", code)
			got[code] = true
		}
		next := map[string]int{}
		for month, first := range map[string]int{"2401": 1, "2402": 9990} {
			next[month] = value[int](w, "SELECT next_val FROM rye.crm_code_counters WHERE prefix = 'OPP' AND year_month = $1", month)
			require.Greater(t, next[month], first+20, "both months are drawn from")
			for n := first; n < next[month]; n++ {
				code := fmt.Sprintf("OPP-%s-%04d", month, n)
				require.NotEqual(t, code == "OPP-2401-0007" || code == "OPP-2402-10001", got[code], "%s: %t", code, got[code])
			}
		}
		require.Len(t, got, next["2401"]-1-1+next["2402"]-9990-1)
	})

	t.Run("of new deals", func(t *testing.T) {
		w := newWorld(t)
		conn := w.crowd(salesman)
		errs := w.rush(callers, nil, func(ctx context.Context, i int) error {
			return conn.QueryRow(ctx, "SELECT rye.create_opportunity('Deal ' || $1::int, 'PL-SALES', $2, '{}', '{sales}')", i, eve).Scan(new(uuid.UUID))
		})
		require.NoError(t, errors.Join(errs...))
		// The month may turn meanwhile; each begins with 1.
		require.Equal(t, callers, value[int](w, "SELECT sum(next_val - 1)::int FROM rye.crm_code_counters WHERE prefix = 'OPP'"))
		require.Equal(t, callers, value[int](w, `SELECT count(DISTINCT n.properties ->> 'code') FROM rye.nodes n JOIN rye.crm_code_counters c
			ON n.properties ->> 'code' LIKE 'OPP-' || c.year_month || '-%' AND split_part(n.properties ->> 'code', '-', 3)::int < c.next_val WHERE n.label LIKE 'Deal %'`))
	})

	t.Run("of a month of one's own choice", func(t *testing.T) {
		w := newWorld(t)
		requireKind(t, w.try(salesman, func(tx pgx.Tx) error {
			_, err := tx.Exec(context.Background(), "SELECT rye.draw_crm_code('OPP', '9912')")
			return err
		}), db.ErrNotPermitted)
	})
}

func TestConcurrentMerge(t *testing.T) {
	t.Run("of one pair, from both sides", func(t *testing.T) {
		w := newWorld(t)
		conn := w.crowd(salesman)
		living := value[int](w, "SELECT count(*) FROM rye.edges WHERE archived_at IS NULL")
		errs := w.rush(callers, []uuid.UUID{ada, adaTwin}, func(ctx context.Context, i int) error {
			pair := []uuid.UUID{ada, adaTwin}
			if i%2 == 1 {
				slices.Reverse(pair)
			}
			_, err := conn.Exec(ctx, "SELECT rye.merge_nodes($1, $2, 'user:eve')", pair[0], pair[1])
			return err
		})
		duplicate, canonical := ada, adaTwin
		if requireOneWinner(t, errs, db.ErrArchived)%2 == 1 {
			duplicate, canonical = canonical, duplicate
		}
		require.Equal(t, 1, value[int](w, "SELECT count(*) FROM rye.node_merges WHERE duplicate_id = $1 AND canonical_id = $2", duplicate, canonical))
		require.Equal(t, 1, value[int](w, "SELECT count(*) FROM rye.node_merges"))
		require.Equal(t, []uuid.UUID{duplicate}, value[[]uuid.UUID](w, "SELECT array_agg(id) FROM rye.nodes WHERE archived_at IS NOT NULL"))
		require.Equal(t, living, value[int](w, "SELECT count(*) FROM rye.edges WHERE archived_at IS NULL"))
		require.Zero(t, value[int](w, "SELECT count(*) FROM rye.edges WHERE archived_at IS NULL AND $1 IN (source_id, target_id)", duplicate))
		require.Equal(t, 2, value[int](w, "SELECT count(*) FROM rye.current_assertions WHERE subject_node_id = $1", canonical))
		require.Zero(t, value[int](w, "SELECT count(*) FROM rye.current_assertions WHERE subject_node_id = $1", duplicate))
		require.Zero(t, value[int](w, "SELECT count(*) FROM rye.node_source_map WHERE node_id = $1", duplicate))
		require.Equal(t, 1, value[int](w, "SELECT count(*) FROM rye.events WHERE event_type = 'node_merge'"))
	})

	t.Run("of pairs that know each other", func(t *testing.T) {
		w := newWorld(t)
		ctx := context.Background()
		conn := w.crowd(salesman)
		const pairs = 24
		// Each duplicate knows each other one, some on one side and some on the other.
		_, err := w.owner.Exec(ctx, `INSERT INTO rye.nodes (id, node_type, label)
			SELECT ('00000000-0000-4000-9000-' || lpad(n::text, 12, '0'))::uuid, 'person', 'P' || n FROM generate_series(1, 2 * $1::int) n`, pairs)
		require.NoError(t, err)
		_, err = w.owner.Exec(ctx, `INSERT INTO rye.edges (edge_type, source_id, target_id)
			SELECT 'referral', a.id, b.id FROM rye.nodes a JOIN rye.nodes b ON a.id <> b.id
			WHERE a.label ~ '^P\d+$' AND b.label ~ '^P\d+$' AND substr(a.label, 2)::int <= $1 AND substr(b.label, 2)::int <= $1
			ORDER BY random()`, pairs)
		require.NoError(t, err)
		_, err = w.owner.Exec(ctx, `INSERT INTO rye.artifacts (artifact_type, related_node_ids)
			SELECT 'file', array_agg(id ORDER BY id) FROM rye.nodes, generate_series(1, 20) k WHERE label ~ '^P\d+$' GROUP BY k`)
		require.NoError(t, err)
		errs := w.rush(pairs, nil, func(ctx context.Context, i int) error {
			node := func(n int) string { return fmt.Sprintf("00000000-0000-4000-9000-%012d", n) }
			_, err := conn.Exec(ctx, "SELECT rye.merge_nodes($1, $2)", node(i+1), node(pairs+i+1))
			return err
		})
		require.NoError(t, errors.Join(errs...))
		require.Equal(t, pairs*(pairs-1), value[int](w, `SELECT count(*) FROM rye.edges e JOIN rye.nodes a ON a.id = e.source_id JOIN rye.nodes b ON b.id = e.target_id
			WHERE e.archived_at IS NULL AND a.archived_at IS NULL AND b.archived_at IS NULL AND a.label ~ '^P\d+$'`))
		require.Zero(t, value[int](w, `SELECT count(*) FROM rye.artifacts f JOIN rye.nodes n ON n.id = ANY (f.related_node_ids) WHERE n.archived_at IS NOT NULL`))
	})

	t.Run("while facts about the pair change", func(t *testing.T) {
		w := newWorld(t)
		conn := w.crowd(salesman)
		const keys = sessions - 1
		_, err := w.owner.Exec(context.Background(), `INSERT INTO rye.assertions (id, assertion_type, assertion_key, subject_node_id, claim)
			SELECT ('00000000-0000-4000-9000-' || lpad(n::text, 12, '0'))::uuid, 'do_not_contact', 'k' || n, $1, '{}' FROM generate_series(1, $2::int) n`, ada, keys)
		require.NoError(t, err)
		errs := w.rush(sessions, []uuid.UUID{ada}, func(ctx context.Context, i int) error {
			if i == 0 {
				_, err := conn.Exec(ctx, "SELECT rye.merge_nodes($1, $2)", ada, adaTwin)
				return err
			}
			_, err := conn.Exec(ctx, `SELECT rye.supersede_assertion(p_old_assertion_id := $1, p_new_claim := '{"changed": true}')`, fmt.Sprintf("00000000-0000-4000-9000-%012d", i))
			if errors.Is(err, db.ErrSuperseded) {
				return nil // by the merge
			}
			return err
		})
		require.NoError(t, errors.Join(errs...))
		require.Equal(t, keys, value[int](w, "SELECT count(*) FROM rye.current_assertions WHERE subject_node_id = $1 AND assertion_key ~ '^k'", adaTwin))
		require.Zero(t, value[int](w, "SELECT count(*) FROM rye.current_assertions WHERE subject_node_id = $1", ada))
	})

	t.Run("while the pair meets", func(t *testing.T) {
		w := newWorld(t)
		conn := w.crowd(salesman)
		errs := w.rush(sessions, []uuid.UUID{ada, adaTwin}, func(ctx context.Context, i int) error {
			if i == sessions/2 {
				_, err := conn.Exec(ctx, "SELECT rye.merge_nodes($1, $2)", ada, adaTwin)
				return err
			}
			pair := []uuid.UUID{ada, adaTwin}
			if i%2 == 1 {
				slices.Reverse(pair)
			}
			_, err := conn.Exec(ctx, "SELECT rye.record_event('meeting', 'Both', '{}', $1)", pair)
			return err
		})
		require.NoError(t, errors.Join(errs...))
	})
}

func TestConcurrentSupersede(t *testing.T) {
	for name, c := range map[string]struct {
		isolation pgx.TxIsoLevel
		sql       string
		old       any
		facts     int // of its kind, afterwards
	}{
		"one fact": {
			pgx.ReadCommitted, "SELECT rye.supersede_assertion(p_old_assertion_id := $1, p_new_claim := jsonb_build_object('amount', $2::int))",
			id(0x304), 3,
		},
		"one fact, repeatable read": {
			pgx.RepeatableRead, "SELECT rye.supersede_assertion(p_old_assertion_id := $1, p_new_claim := jsonb_build_object('amount', $2::int))",
			id(0x304), 3,
		},
		"the first of its kind": {
			pgx.ReadCommitted, `SELECT rye.supersede_assertion(p_old_assertion_id := NULL, p_new_assertion_type := 'deal_value', p_new_assertion_key := 'arr',
				p_new_subject_node_id := $1, p_new_claim := jsonb_build_object('amount', $2::int))`, kettles, 3,
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			conn := w.crowd(salesman)
			got := make([]uuid.UUID, callers)
			errs := w.rush(callers, []uuid.UUID{kettles}, func(ctx context.Context, i int) error {
				return serialization(pgx.BeginTxFunc(ctx, conn, pgx.TxOptions{IsoLevel: c.isolation}, func(tx pgx.Tx) error {
					return tx.QueryRow(ctx, c.sql, c.old, i).Scan(&got[i])
				}))
			})
			others := []error{db.ErrSuperseded}
			if c.isolation != pgx.ReadCommitted {
				others = append(others, errSerialization)
			}
			winner := requireOneWinner(t, errs, others...)
			require.Equal(t, winner, value[int](w, "SELECT (claim ->> 'amount')::int FROM rye.current_assertions WHERE id = $1", got[winner]))
			require.Equal(t, c.facts, value[int](w, "SELECT count(*) FROM rye.assertions WHERE subject_node_id = $1 AND assertion_type = 'deal_value'", kettles))
			if old := id(0x304); c.old == old {
				require.Equal(t, got[winner], value[uuid.UUID](w, "SELECT superseded_by FROM rye.assertions WHERE id = $1", old))
			}
		})
	}
}
