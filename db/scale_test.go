package db_test

import (
	"context"
	_ "embed"
	"encoding/json"
	"maps"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/projectrye/rye-import/db"
	"github.com/projectrye/rye-import/importer"
	"github.com/projectrye/rye-import/importer/source"
	"github.com/projectrye/rye-import/internal/exportgen"
	"github.com/projectrye/rye-import/internal/pgtest"
)

// The size of the graph on which plans are read and queries are timed, in records of an export: 26
// records make 10 nodes and 27 edges. Or the URL of a database that holds such a graph already. make
// bench-queries sets the one, and the other if it is told to.
const (
	scaleRecordsEnv  = "RYE_SCALE_RECORDS"
	scaleDatabaseEnv = "RYE_SCALE_DATABASE_URL"
)

// core are the tables that must never be read from one end to the other.
var core = []string{"nodes", "edges", "events", "event_participants", "assertions", "artifacts", "node_source_map"}

// scale is a graph that the importer has made of a generated export, and keys of some of what is in it.
type scale struct {
	sessions map[string]*pgxpool.Pool
	keys     keys
	nodes    int
	refresh  time.Duration // of the materialized views, beside their readers
}

// newScale makes the graph.
func newScale(tb testing.TB, records int) *scale {
	tb.Helper()
	ctx := context.Background()
	url := os.Getenv(scaleDatabaseEnv)
	if url == "" {
		url = pgtest.Clone(tb)
	}
	owner := traced(tb, url, nobody)
	var furnished bool
	require.NoError(tb, owner.QueryRow(ctx, "SELECT EXISTS (SELECT FROM rye.nodes WHERE node_type = 'ticket')").Scan(&furnished))
	if !furnished {
		importExport(tb, owner, records)
		_, err := owner.Exec(ctx, furnishSQL)
		require.NoError(tb, err)
		// As autovacuum would, sooner or later.
		_, err = owner.Exec(ctx, "VACUUM ANALYZE")
		require.NoError(tb, err)
	}
	s := &scale{keys: sampleKeys(tb, owner)}
	require.NoError(tb, owner.QueryRow(ctx, "SELECT count(*) FROM rye.nodes").Scan(&s.nodes))
	begin := time.Now()
	require.NoError(tb, db.New(owner).ViewsRefresh(ctx))
	s.refresh = time.Since(begin)

	// rye_loader's rights on the journal and on the materialized views, without its BYPASSRLS, which
	// members do not inherit.
	login := pgtest.Role(tb, owner, "NOSUPERUSER NOCREATEROLE NOBYPASSRLS")
	_, err := owner.Exec(ctx, "GRANT rye_app, rye_loader TO "+pgx.Identifier{login}.Sanitize())
	require.NoError(tb, err)
	s.sessions = map[string]*pgxpool.Pool{
		"alone": owner,
		"rls":   traced(tb, pgtest.AsRole(tb, url, login), salesman),
	}
	return s
}

// importExport fills a database, unless a run has done so before.
func importExport(tb testing.TB, owner *pgxpool.Pool, records int) {
	tb.Helper()
	ctx := context.Background()
	if runs, err := db.New(owner).RunList(ctx, db.RunListParams{MaxRows: 1}); err != nil || len(runs) > 0 {
		require.NoError(tb, err)
		return
	}
	export := tb.TempDir()
	_, err := exportgen.Write(export, exportgen.Options{Records: records})
	require.NoError(tb, err)
	set, err := source.Find(ctx, []string{export}, source.Options{})
	require.NoError(tb, err)
	_, err = importer.New(owner).Run(ctx, set, importer.Config{RejectsDir: tb.TempDir()})
	require.NoError(tb, err)
	require.NoError(tb, set.Close())
}

// furnishSQL adds what the export has not: of people and deals a tenth that sales alone sees and a
// tenth that support alone sees, grants, tickets, documents and merges.
//
//go:embed testdata/furnish.sql
var furnishSQL string

// statement is what a generated method sent to the server.
type statement struct {
	sql  string
	args []any
}

// spy notes the last statement of a connection under the context's key.
type spy struct{}

type spyKey struct{}

func (spy) TraceQueryStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceQueryStartData) context.Context {
	if to, ok := ctx.Value(spyKey{}).(*statement); ok {
		to.sql, to.args = data.SQL, data.Args
	}
	return ctx
}

func (spy) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// traced opens a pool whose sessions act on behalf of a viewer.
func traced(tb testing.TB, url string, v viewer) *pgxpool.Pool {
	tb.Helper()
	config, err := pgxpool.ParseConfig(url)
	require.NoError(tb, err)
	config.ConnConfig.Tracer = spy{}
	config.ConnConfig.RuntimeParams["app.current_user_id"] = v.UserID
	config.ConnConfig.RuntimeParams["app.current_teams"] = strings.Join(v.Teams, ",")
	config.ConnConfig.RuntimeParams["app.current_role"] = v.Role
	pool, err := pgxpool.NewWithConfig(context.Background(), config)
	require.NoError(tb, err)
	tb.Cleanup(pool.Close)
	return pool
}

// TestCallsAreComplete: a query that is added must be timed and its plan be read, or be named among
// those that write.
func TestCallsAreComplete(t *testing.T) {
	t.Parallel()
	called := make(map[string]bool)
	for name := range callsOf(context.Background(), nil, nil) {
		name, _, _ = strings.Cut(name, " (")
		called[name] = true
	}
	queries := reflect.TypeFor[*db.Queries]()
	for i := range queries.NumMethod() {
		if name := queries.Method(i).Name; name != "WithTx" {
			require.NotEqual(t, called[name], slices.Contains(writes, name), "%s is to be called, or among writes", name)
			delete(called, name)
		}
	}
	require.Empty(t, called, "no such query")
	for name := range mayScan {
		require.Contains(t, callsOf(context.Background(), nil, nil), name)
	}
}

// TestPlans looks for reads of whole core tables: in the plan of every query that reads, and in what
// the server counted while the query ran, functions that it calls included; with a plan that is made
// for the arguments and with one that is made for any; for a session that sees all and for one under
// row-level security.
func TestPlans(t *testing.T) {
	t.Parallel()
	// Large enough that an index is the shorter way to the edges of a hub.
	records := 80_000
	if n, err := strconv.Atoi(os.Getenv(scaleRecordsEnv)); err == nil {
		records = n
	}
	s := newScale(t, records)
	for session, pool := range s.sessions {
		for name := range callsOf(context.Background(), nil, nil) {
			t.Run(session+"/"+name, func(t *testing.T) {
				t.Parallel()
				found, dear := s.scans(t, pool, name, "force_custom_plan")
				// The server turns to the plan for any arguments if it expects that to be no dearer than
				// planning anew, which it reckons at 100 at most.
				if tables, cost := s.scans(t, pool, name, "force_generic_plan"); cost < dear+100 {
					found = append(found, tables...)
				}
				if mayScan[name] == "" {
					require.Empty(t, found)
				}
			})
		}
	}
}

// scans gives the core tables that a query reads from one end to the other, and the cost of its plan.
func (s *scale) scans(t *testing.T, pool *pgxpool.Pool, name, mode string) ([]string, float64) {
	t.Helper()
	var cost float64
	var sent statement
	ctx := context.WithValue(context.Background(), spyKey{}, &sent)
	var out []string
	err := pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "SET LOCAL plan_cache_mode = "+mode); err != nil {
			return err
		}
		before, err := counts(tx)
		if err != nil {
			return err
		}
		if err := ignoreMissing(callsOf(ctx, db.New(tx), &s.keys)[name]()); err != nil {
			return err
		}
		asked := sent
		after, err := counts(tx)
		if err != nil {
			return err
		}
		for _, table := range core {
			n, rows := after[table].scans-before[table].scans, after[table].fetched-before[table].fetched
			// Half of a table by an index is no less.
			if n > 0 || rows > after[table].rows/2 {
				t.Logf("%s: %d scans of %s, and %.0f of its %.0f rows by indexes, were counted", mode, n, table, rows, after[table].rows)
				out = append(out, table)
			}
		}
		text, top, err := plan(tx, asked, mode)
		if err != nil {
			return err
		}
		out, cost = append(out, sequential(top)...), top.Cost
		if len(out) > 0 && mayScan[name] == "" {
			t.Logf("%s: %s", mode, text)
		}
		return nil
	})
	require.NoError(t, err)
	return out, cost
}

// count is how often a session has read a table from one end to the other, how many rows it has fetched
// from it by indexes, and how many there are.
type count struct {
	scans         int
	fetched, rows float64
}

func counts(tx pgx.Tx) (map[string]count, error) {
	rows, err := tx.Query(context.Background(), `
		SELECT s.relname, s.seq_scan, coalesce(s.idx_tup_fetch, 0)::float8, c.reltuples::float8
		FROM pg_stat_xact_user_tables s JOIN pg_class c ON c.oid = s.relid WHERE s.schemaname = 'rye'`)
	if err != nil {
		return nil, err
	}
	out := make(map[string]count)
	var table string
	var n count
	_, err = pgx.ForEachRow(rows, []any{&table, &n.scans, &n.fetched, &n.rows}, func() error {
		out[table] = n
		return nil
	})
	return out, err
}

func ignoreMissing(err error) error {
	if err == pgx.ErrNoRows { //nolint:errorlint // as the generated code returns it
		return nil
	}
	return err
}

type planNode struct {
	NodeType     string     `json:"Node Type"`
	RelationName string     `json:"Relation Name"`
	Schema       string     `json:"Schema"`
	Cost         float64    `json:"Total Cost"`
	Plans        []planNode `json:"Plans"`
}

// plan gives the plan of a statement, as text and as far as it matters here.
func plan(tx pgx.Tx, s statement, mode string) (string, planNode, error) {
	ctx := context.Background()
	explain, args := "EXPLAIN (FORMAT JSON, VERBOSE) "+s.sql, s.args
	n := parameters(s.sql)
	prepared := mode == "force_generic_plan" && n > 0
	if prepared {
		if _, err := tx.Exec(ctx, "PREPARE asked AS "+s.sql); err != nil {
			return "", planNode{}, err
		}
		explain, args = "EXPLAIN (FORMAT JSON, VERBOSE) EXECUTE asked ("+strings.TrimSuffix(strings.Repeat("NULL, ", n), ", ")+")", nil
	}
	var text string
	if err := tx.QueryRow(ctx, explain, args...).Scan(&text); err != nil {
		return "", planNode{}, err
	}
	// What was prepared is the session's, and not the transaction's.
	if prepared {
		if _, err := tx.Exec(ctx, "DEALLOCATE asked"); err != nil {
			return "", planNode{}, err
		}
	}
	var explained []struct{ Plan planNode }
	if err := json.Unmarshal([]byte(text), &explained); err != nil {
		return "", planNode{}, err
	}
	return text, explained[0].Plan, nil
}

// parameters counts the parameters of a statement.
func parameters(sql string) int {
	most := 0
	for _, m := range regexp.MustCompile(`\$(\d+)`).FindAllStringSubmatch(sql, -1) {
		n, _ := strconv.Atoi(m[1])
		most = max(most, n)
	}
	return most
}

// sequential gives the core tables that a plan reads from one end to the other.
func sequential(p planNode) []string {
	var out []string
	if strings.HasSuffix(p.NodeType, "Seq Scan") && p.Schema == "rye" && slices.Contains(core, p.RelationName) {
		out = append(out, p.RelationName)
	}
	for _, inner := range p.Plans {
		out = append(out, sequential(inner)...)
	}
	return out
}

// BenchmarkQueries times every query that reads, alone and under row-level security, and reports the median:
// of twenty calls, or of fewer if they take long, whatever -benchtime says. make bench-queries runs it on a
// small and on a large graph.
func BenchmarkQueries(b *testing.B) {
	const most, longest = 20, 5 * time.Second
	records, err := strconv.Atoi(os.Getenv(scaleRecordsEnv))
	if err != nil {
		b.Skipf("set %s to the number of records of the export that the graph is made of", scaleRecordsEnv)
	}
	s := newScale(b, records)
	b.Run("Nodes", func(b *testing.B) { b.ReportMetric(float64(s.nodes), "nodes") })
	b.Run("ViewsRefresh", func(b *testing.B) { b.ReportMetric(float64(s.refresh), "ns/op") })
	for _, name := range slices.Sorted(maps.Keys(callsOf(context.Background(), nil, nil))) {
		for session, pool := range s.sessions {
			b.Run(name+"/"+session, func(b *testing.B) {
				call := callsOf(context.Background(), db.New(pool), &s.keys)[name]
				var took []time.Duration
				for begin := time.Now(); len(took) < most && time.Since(begin) < longest; {
					asked := time.Now()
					if err := ignoreMissing(call()); err != nil {
						b.Fatal(err)
					}
					took = append(took, time.Since(asked))
				}
				// The first call of a connection reads the catalog, and prepares the statement.
				slices.Sort(took)
				b.ReportMetric(float64(took[len(took)/2]), "median-ns")
			})
		}
	}
}
