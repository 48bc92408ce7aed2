package db_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/projectrye/rye-import/db"
	"github.com/projectrye/rye-import/importer"
	"github.com/projectrye/rye-import/importer/source"
	"github.com/projectrye/rye-import/internal/exportgen"
	"github.com/projectrye/rye-import/internal/pgtest"
)

// The size of the graph on which plans are read and queries are timed, in records of an export; 26
// records make 10 nodes and 27 edges. make bench-queries sets it.
const scaleRecordsEnv = "RYE_SCALE_RECORDS"

// core are the tables that must never be read from one end to the other.
var core = []string{"nodes", "edges", "events", "event_participants", "assertions", "artifacts", "node_source_map"}

// scale is a graph that the importer has made of a generated export, and keys of some of what is in it.
type scale struct {
	owner *pgxpool.Pool // bypasses row-level security
	app   *pgxpool.Pool // under it
	keys  keys
	nodes int
}

// newScale makes the graph.
func newScale(tb testing.TB, records int) *scale {
	tb.Helper()
	ctx := context.Background()
	url := pgtest.Clone(tb)
	owner := traced(tb, url)
	export := tb.TempDir()
	_, err := exportgen.Write(export, exportgen.Options{Records: records})
	require.NoError(tb, err)
	set, err := source.Find(ctx, []string{export}, source.Options{})
	require.NoError(tb, err)
	_, err = importer.New(owner).Run(ctx, set, importer.Config{RejectsDir: tb.TempDir()})
	require.NoError(tb, err)
	require.NoError(tb, set.Close())
	// As autovacuum would, sooner or later.
	_, err = owner.Exec(ctx, "VACUUM ANALYZE")
	require.NoError(tb, err)

	login := pgtest.Role(tb, owner, "NOSUPERUSER NOCREATEROLE NOBYPASSRLS")
	for _, role := range []string{"rye_app", "rye_loader"} {
		_, err = owner.Exec(ctx, "GRANT "+role+" TO "+pgx.Identifier{login}.Sanitize())
		require.NoError(tb, err)
	}
	s := &scale{owner: owner, app: traced(tb, pgtest.AsRole(tb, url, login))}
	require.NoError(tb, owner.QueryRow(ctx, "SELECT count(*) FROM rye.nodes").Scan(&s.nodes))
	s.keys = sampleKeys(tb, owner)
	return s
}

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

func traced(tb testing.TB, url string) *pgxpool.Pool {
	tb.Helper()
	config, err := pgxpool.ParseConfig(url)
	require.NoError(tb, err)
	config.ConnConfig.Tracer = spy{}
	pool, err := pgxpool.NewWithConfig(context.Background(), config)
	require.NoError(tb, err)
	tb.Cleanup(pool.Close)
	return pool
}

// TestCallsAreComplete: a query that is added must be timed and its plan be read, or be named among
// those that write.
func TestCallsAreComplete(t *testing.T) {
	t.Parallel()
	var missing []string
	queries := reflect.TypeFor[*db.Queries]()
	for i := range queries.NumMethod() {
		name := queries.Method(i).Name
		_, reads := calls[name]
		if name != "WithTx" && !reads && !slices.Contains(writes, name) {
			missing = append(missing, name)
		}
	}
	require.Empty(t, missing, "neither in calls nor in writes")
	for name := range calls {
		_, ok := queries.MethodByName(name)
		require.True(t, ok, "no query %s", name)
	}
}

// TestPlans reads the plan of every query that reads, with the arguments of the call and with none
// known beforehand, for a session that sees all and for one under row-level security.
func TestPlans(t *testing.T) {
	t.Parallel()
	records := 20_000
	if n, err := strconv.Atoi(os.Getenv(scaleRecordsEnv)); err == nil {
		records = n
	}
	s := newScale(t, records)
	for session, pool := range map[string]*pgxpool.Pool{"all": s.owner, "row security": s.app} {
		for name, call := range calls {
			t.Run(session+"/"+name, func(t *testing.T) {
				t.Parallel()
				var sent statement
				ctx := context.WithValue(context.Background(), spyKey{}, &sent)
				require.NoError(t, ignoreMissing(call(ctx, db.New(pool), &s.keys)))
				require.NotEmpty(t, sent.sql)
				for kind, plan := range plans(t, pool, sent) {
					for _, table := range sequential(plan) {
						if why, ok := mayScan[name]; !ok {
							text, err := json.MarshalIndent(plan, "", " ")
							require.NoError(t, err)
							t.Errorf("%s (%s plan) reads all of %s:\n%s", name, kind, table, text)
						} else {
							require.NotEmpty(t, why)
						}
					}
				}
			})
		}
	}
}

func ignoreMissing(err error) error {
	if err == pgx.ErrNoRows { //nolint:errorlint // as the generated code returns it
		return nil
	}
	return err
}

type planNode struct {
	NodeType     string     `json:"Node Type"`
	RelationName string     `json:"Relation Name,omitempty"`
	Schema       string     `json:"Schema,omitempty"`
	IndexName    string     `json:"Index Name,omitempty"`
	Rows         float64    `json:"Plan Rows"`
	Cost         float64    `json:"Total Cost"`
	Filter       string     `json:"Filter,omitempty"`
	Plans        []planNode `json:"Plans,omitempty"`
}

// plans gives the plan for the arguments, and the one that is made without knowing them, which the
// server turns to after some executions.
func plans(t *testing.T, pool *pgxpool.Pool, s statement) map[string]planNode {
	t.Helper()
	ctx := context.Background()
	out := make(map[string]planNode)
	read := func(kind string, row pgx.Row) {
		var text []byte
		require.NoError(t, row.Scan(&text), "%s\n%s", kind, s.sql)
		var explained []struct{ Plan planNode }
		require.NoError(t, json.Unmarshal(text, &explained))
		out[kind] = explained[0].Plan
	}
	err := pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
		read("custom", tx.QueryRow(ctx, "EXPLAIN (FORMAT JSON, VERBOSE) "+s.sql, s.args...))
		if len(s.args) == 0 {
			return nil
		}
		if _, err := tx.Exec(ctx, "SET LOCAL plan_cache_mode = force_generic_plan"); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, "PREPARE asked AS "+s.sql); err != nil {
			return err
		}
		nulls := strings.TrimSuffix(strings.Repeat("NULL, ", parameters(s.sql)), ", ")
		read("generic", tx.QueryRow(ctx, "EXPLAIN (FORMAT JSON, VERBOSE) EXECUTE asked ("+nulls+")"))
		_, err := tx.Exec(ctx, "DEALLOCATE asked")
		return err
	})
	require.NoError(t, err)
	return out
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

// BenchmarkQueries times every query that reads, alone and under row-level security. make
// bench-queries runs it on small and large graphs.
func BenchmarkQueries(b *testing.B) {
	records, err := strconv.Atoi(os.Getenv(scaleRecordsEnv))
	if err != nil {
		b.Skipf("set %s to the number of records of the export that the graph is made of", scaleRecordsEnv)
	}
	s := newScale(b, records)
	b.Logf("%d nodes", s.nodes)
	names := make([]string, 0, len(calls))
	for name := range calls {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		for _, session := range []struct {
			name string
			pool *pgxpool.Pool
		}{{"all", s.owner}, {"rls", s.app}} {
			b.Run(name+"/"+session.name, func(b *testing.B) {
				q := db.New(session.pool)
				for b.Loop() {
					if err := ignoreMissing(calls[name](context.Background(), q, &s.keys)); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

// keys name things that are there.
type keys struct {
	person, org, deal, campaign, user        uuid.UUID
	personCode, dealCode, email, phone, name string
	source, legacyID                         string
	runID                                    uuid.UUID
	fact, edge, event                        uuid.UUID
	at                                       time.Time
}

func sampleKeys(tb testing.TB, pool *pgxpool.Pool) keys {
	tb.Helper()
	k := keys{source: "salesforce", at: time.Date(2023, 6, 1, 0, 0, 0, 0, time.UTC)}
	scan := func(sql string, to ...any) {
		require.NoError(tb, pool.QueryRow(context.Background(), sql).Scan(to...), sql)
	}
	scan(`SELECT m.node_id, n.properties ->> 'code', n.properties ->> 'email', coalesce(n.properties ->> 'phone', '+1 555 0100'), n.label, m.source_id
		FROM rye.node_source_map m JOIN rye.nodes n ON n.id = m.node_id
		WHERE m.source_table = 'Contact' AND n.properties ->> 'email' IS NOT NULL ORDER BY m.source_id OFFSET 100 LIMIT 1`,
		&k.person, &k.personCode, &k.email, &k.phone, &k.name, &k.legacyID)
	scan(`SELECT e.source_id, e.target_id FROM rye.edges e WHERE e.edge_type = 'targets' ORDER BY e.id OFFSET 50 LIMIT 1`, &k.deal, &k.org)
	scan(fmt.Sprintf(`SELECT properties ->> 'code' FROM rye.nodes WHERE id = '%s'`, k.deal), &k.dealCode)
	scan(`SELECT id FROM rye.nodes WHERE node_type = 'campaign' ORDER BY id LIMIT 1`, &k.campaign)
	scan(`SELECT target_id FROM rye.edges WHERE edge_type = 'assigned_to' ORDER BY id LIMIT 1`, &k.user)
	scan(`SELECT run_id FROM rye_import.runs`, &k.runID)
	scan(fmt.Sprintf(`SELECT id FROM rye.assertions WHERE subject_node_id = '%s' LIMIT 1`, k.deal), &k.fact)
	scan(fmt.Sprintf(`SELECT id FROM rye.edges WHERE source_id = '%s' LIMIT 1`, k.deal), &k.edge)
	scan(`SELECT event_id FROM rye.event_participants ORDER BY event_id LIMIT 1`, &k.event)
	return k
}
