package importer_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/projectrye/rye-import/importer"
	"github.com/projectrye/rye-import/importer/source"
	"github.com/projectrye/rye-import/internal/graphdump"
	"github.com/projectrye/rye-import/internal/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// fixture is the folder of the invented export.
const fixture = "../fixtures/salesforce"

func find(t *testing.T, paths ...string) *source.Set {
	t.Helper()
	set, err := source.Find(t.Context(), paths, source.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, set.Close()) })
	return set
}

// config has small batches, so that there are many of them.
func config(t *testing.T) importer.Config {
	t.Helper()
	return importer.Config{Workers: 2, BatchSize: 20, RejectsDir: filepath.Join(t.TempDir(), "rejects"), Now: clock()}
}

var started = time.Date(2024, 10, 6, 2, 0, 0, 0, time.UTC)

// clock is one that goes on by a second whenever somebody looks.
func clock() func() time.Time {
	now := started.Add(-time.Second)
	return func() time.Time {
		now = now.Add(time.Second)
		return now
	}
}

// write makes a file of an export and gives its path.
func write(t *testing.T, name string, lines ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, []byte(strings.Join(lines, "\n")+"\n"), 0o600))
	return path
}

func value[T any](t *testing.T, pool *pgxpool.Pool, sql string, args ...any) T {
	t.Helper()
	var v T
	require.NoError(t, pool.QueryRow(context.Background(), sql, args...).Scan(&v), sql)
	return v
}

func execute(t *testing.T, pool *pgxpool.Pool, sql string, args ...any) {
	t.Helper()
	_, err := pool.Exec(t.Context(), sql, args...)
	require.NoError(t, err, sql)
}

func dump(t *testing.T, pool *pgxpool.Pool) string {
	t.Helper()
	text, err := graphdump.Dump(t.Context(), pool)
	require.NoError(t, err)
	return text
}

// requireNothing looks for what a run that has not committed must not leave: anything in the graph, rows
// in staging, code numbers that are held or drawn, and the lock of the source.
func requireNothing(t *testing.T, pool *pgxpool.Pool) {
	t.Helper()
	require.Equal(t, "0 0 0 0 0 0", value[string](t, pool, `SELECT concat_ws(' ',
		(SELECT count(*) FROM rye.nodes) + (SELECT count(*) FROM rye.edges) + (SELECT count(*) FROM rye.events) + (SELECT count(*) FROM rye.assertions)
			+ (SELECT count(*) FROM rye.node_source_map) + (SELECT count(*) FROM rye.artifacts),
		(SELECT count(*) FROM rye_import.records) + (SELECT count(*) FROM rye_import.deferred),
		(SELECT count(*) FROM rye_import.staging_records) + (SELECT count(*) FROM rye_import.staging_unchanged) + (SELECT count(*) FROM rye_import.staging_links) + (SELECT count(*) FROM rye_import.staging_facts),
		(SELECT count(*) FROM rye_import.code_blocks), (SELECT count(*) FROM rye.crm_code_counters WHERE next_val > 1),
		(SELECT count(*) FROM rye_import.runs WHERE status = 'running'))`))
	require.True(t, value[bool](t, pool, "SELECT pg_try_advisory_xact_lock(hashtextextended('rye_import:salesforce', 0))"), "the source is locked")
}

// trigger does something at a statement of the generated queries, or at a copy into a table.
type trigger struct {
	at string // name of the query, or of the table
	do func()

	mu   sync.Mutex
	left int // how often it is let pass
}

// triggered opens a pool whose connections pull a trigger.
func triggered(t *testing.T, databaseURL string, tr *trigger) *pgxpool.Pool {
	t.Helper()
	cfg, err := pgxpool.ParseConfig(databaseURL)
	require.NoError(t, err)
	cfg.MaxConns = 8
	cfg.ConnConfig.Tracer = tr
	pool, err := pgxpool.NewWithConfig(t.Context(), cfg)
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	return pool
}

func (tr *trigger) met(what string) {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	if what != tr.at {
		return
	}
	if tr.left--; tr.left < 0 {
		tr.do()
	}
}

func (tr *trigger) TraceQueryStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceQueryStartData) context.Context {
	if rest, ok := strings.CutPrefix(data.SQL, "-- name: "); ok {
		name, _, _ := strings.Cut(rest, " ")
		tr.met(name)
	}
	return ctx
}

func (tr *trigger) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

func (tr *trigger) TraceCopyFromStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceCopyFromStartData) context.Context {
	tr.met(data.TableName[len(data.TableName)-1])
	return ctx
}

func (tr *trigger) TraceCopyFromEnd(context.Context, *pgx.Conn, pgx.TraceCopyFromEndData) {}
