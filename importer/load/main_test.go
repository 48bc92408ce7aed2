package load

import (
	"context"
	"crypto/md5" //nolint:gosec // any 128 bits will do
	"encoding/json"
	"log/slog"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/projectrye/rye-import/importer/graph"
	"github.com/projectrye/rye-import/internal/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

var (
	began   = time.Date(2024, 10, 6, 2, 0, 0, 0, time.UTC)
	january = time.Date(2024, 1, 15, 8, 0, 0, 0, time.UTC)
)

// begun opens a run of a source.
func begun(t *testing.T, pool *pgxpool.Pool, source string) *Run {
	t.Helper()
	run, err := Begin(t.Context(), pool, config(source))
	require.NoError(t, err)
	t.Cleanup(run.unlock)
	return run
}

func config(source string) Config {
	return Config{
		Source: source, CRM: "test", Command: "run", Mapping: "test/1", Full: true, StartedAt: began, IDType: "text",
		Objects:    []string{"Account", "Contact", "Opportunity", "Pipeline"},
		KeyColumns: map[string]string{"Contact": "Contact Id"}, Logger: slog.New(slog.DiscardHandler),
	}
}

// file notes a file in the journal of a run.
func file(t *testing.T, run *Run, path string) int32 {
	t.Helper()
	no, err := run.AddFile(t.Context(), File{Path: path, Object: "Contact", Format: "csv", Encoding: "utf-8", SHA256: "00ff", Bytes: 7})
	require.NoError(t, err)
	return no
}

// batch is what records become; the number of a record is its place in the run.
type batch struct{ graph.Batch }

// add makes a node of a record. Its hash is that of its key and its label.
func (b *batch) add(rec int64, object, id, nodeType, prefix, label string) *graph.Record {
	properties, err := json.Marshal(map[string]string{"name": label})
	if err != nil {
		panic(err)
	}
	b.Records = append(b.Records, graph.Record{
		Rec: rec, Kind: graph.KindNode, Object: object, ID: id, Hash: md5.Sum([]byte(object + id + label)), CreatedAt: january, Line: int32(rec) + 1, //nolint:gosec // see above
	})
	b.Nodes = append(b.Nodes, graph.Node{Rec: rec, Type: nodeType, Label: label, CodePrefix: prefix, Properties: properties})
	return &b.Records[len(b.Records)-1]
}

func (b *batch) person(rec int64, id, label string) *graph.Record {
	return b.add(rec, "Contact", id, "person", "CON", label)
}

func (b *batch) org(rec int64, id, label string) *graph.Record {
	return b.add(rec, "Account", id, "org", "ORG", label)
}

// employs links a person to an account.
func (b *batch) employs(rec int64, account string) {
	b.Links = append(b.Links, graph.Link{Rec: rec, Slot: "AccountId", EdgeType: "employs", Source: graph.Ref{Object: "Account", ID: account}})
}

// deal makes an opportunity with an amount, which is a fact too.
func (b *batch) deal(rec int64, id, amount, currency string) {
	b.add(rec, "Opportunity", id, "opportunity", "OPP", "Deal "+id+" of "+amount).Money = &graph.Money{Amount: amount, Currency: currency}
	b.Facts = append(b.Facts, graph.Fact{
		Rec: rec, Slot: "Amount", Type: "deal_value", Key: "default", Claim: []byte(`{"amount": ` + amount + `, "currency": "` + currency + `"}`), AssertedAt: january,
	})
}

func people(labels ...string) *batch {
	b := &batch{}
	for i, label := range labels {
		b.person(int64(i)+1, label[:1], label)
	}
	return b
}

func staged(t *testing.T, run *Run, no int32, b *batch) Staged {
	t.Helper()
	s, err := run.Stage(t.Context(), no, &b.Batch)
	require.NoError(t, err)
	return s
}

// content with whatever came of the merge.
func content(context.Context, *Outcome, *Ledger) (Settlement, error) {
	return Settlement{Summary: json.RawMessage(`{"status": "done"}`), Line: "Import of test"}, nil
}

// imported is a whole run of one file.
func imported(t *testing.T, pool *pgxpool.Pool, b *batch, opts MergeOptions) *Outcome {
	t.Helper()
	run := begun(t, pool, "crm")
	s := staged(t, run, file(t, run, "Contact.csv"), b)
	opts.Settle, opts.UnchangedLinks = content, s.Links
	out, err := run.Merge(t.Context(), opts)
	require.NoError(t, err)
	require.NoError(t, run.Close(t.Context()))
	return out
}

func value[T any](t *testing.T, pool *pgxpool.Pool, sql string, args ...any) T {
	t.Helper()
	var v T
	require.NoError(t, pool.QueryRow(t.Context(), sql, args...).Scan(&v), sql)
	return v
}

func values(t *testing.T, pool *pgxpool.Pool, sql string, args ...any) []string {
	t.Helper()
	rows, err := pool.Query(t.Context(), sql, args...)
	require.NoError(t, err, sql)
	list, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err, sql)
	return list
}

func execute(t *testing.T, pool *pgxpool.Pool, sql string, args ...any) {
	t.Helper()
	_, err := pool.Exec(t.Context(), sql, args...)
	require.NoError(t, err, sql)
}

// graphSize counts everything that a run writes for others to see.
func graphSize(t *testing.T, pool *pgxpool.Pool) int {
	t.Helper()
	return value[int](t, pool, `SELECT (SELECT count(*) FROM rye.nodes) + (SELECT count(*) FROM rye.edges) + (SELECT count(*) FROM rye.events)
		+ (SELECT count(*) FROM rye.assertions) + (SELECT count(*) FROM rye.event_participants) + (SELECT count(*) FROM rye.artifacts)
		+ (SELECT count(*) FROM rye.node_source_map) + (SELECT count(*) FROM rye_import.records) + (SELECT count(*) FROM rye_import.deferred)`)
}

// leftovers counts what an ended run must not leave behind: staged rows, and code numbers that are held
// or have not gone back to their counter.
func leftovers(t *testing.T, pool *pgxpool.Pool) string {
	t.Helper()
	return value[string](t, pool, `SELECT concat_ws(' ', (SELECT count(*) FROM rye_import.staging_records) + (SELECT count(*) FROM rye_import.staging_unchanged), (SELECT count(*) FROM rye_import.staging_nodes),
		(SELECT count(*) FROM rye_import.staging_links), (SELECT count(*) FROM rye_import.staging_facts), (SELECT count(*) FROM rye_import.code_blocks),
		(SELECT count(*) FROM rye.crm_code_counters c WHERE c.next_val <> 1 + (
			SELECT count(*) FROM rye.nodes WHERE properties->>'code' LIKE c.prefix || '-' || c.year_month || '-%')))`)
}

const nothingLeft = "0 0 0 0 0 0"
