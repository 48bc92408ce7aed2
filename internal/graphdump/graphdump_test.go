package graphdump_test

import (
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/projectrye/rye-import/internal/graphdump"
	"github.com/projectrye/rye-import/internal/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

func execute(t *testing.T, pool *pgxpool.Pool, sql string) {
	t.Helper()
	_, err := pool.Exec(t.Context(), sql)
	require.NoError(t, err, sql)
}

func dump(t *testing.T, pool *pgxpool.Pool) string {
	t.Helper()
	text, err := graphdump.Dump(t.Context(), pool)
	require.NoError(t, err)
	return text
}

// fill makes a small graph with one of everything. Its ids and load times are those of the moment.
const fill = `
	INSERT INTO rye.nodes (node_type, label, properties, created_at) VALUES
		('org', 'Acme', '{"code": "ORG-1"}', '2024-01-02 08:00Z'), ('person', E'Ada\nLovelace', '{"code": "CON-1", "b": 1, "a": 2}', '2024-01-03 08:00Z');
	INSERT INTO rye.node_source_map (node_id, source_schema, source_table, source_id, source_id_type)
		SELECT id, 'salesforce', 'Contact', '0031', 'text' FROM rye.nodes WHERE node_type = 'person';
	INSERT INTO rye.edges (edge_type, source_id, target_id, effective_from, attrs)
		SELECT 'employs', o.id, p.id, '2024-02-01Z', '{"import": {"run": 7, "file": 9, "line": 3, "record": "Contact/0031", "column": "AccountId"}}'
		FROM rye.nodes o, rye.nodes p WHERE o.node_type = 'org' AND p.node_type = 'person';
	INSERT INTO rye.assertions (assertion_type, subject_node_id, claim, asserted_at)
		SELECT 'contact_info', id, '{"email": "ada@example.com"}', '2024-02-01Z' FROM rye.nodes WHERE node_type = 'person';
	WITH e AS (INSERT INTO rye.events (event_type, occurred_at, summary) VALUES ('call', '2024-03-01Z', 'Talked'), ('import_run', now(), 'Import') RETURNING id, event_type)
		INSERT INTO rye.event_participants (event_id, node_id, role) SELECT e.id, n.id, 'subject' FROM e, rye.nodes n WHERE e.event_type = 'call';
	INSERT INTO rye.crm_code_counters VALUES ('CON', '2401', 2);
	INSERT INTO rye_import.objects (source, object) VALUES ('salesforce', 'Contact');
	INSERT INTO rye_import.deferred (object_no, legacy_id, kind, slot, ref2_id, payload, run_no, file_no, line)
		SELECT object_no, '0031', 'link', 'ReportsToId', '0032', '{"type": "reports_to"}', 1, 1, 1 FROM rye_import.objects`

const want = `== nodes (2)
CON-1 | person | Ada\nLovelace | {"a": 2, "b": 1} | 2024-01-03 08:00:00
ORG-1 | org | Acme | {} | 2024-01-02 08:00:00
== crosswalk (1)
salesforce | Contact | 0031 | CON-1
== edges (1)
employs | ORG-1 -> CON-1 | from 2024-02-01 00:00:00 | Contact/0031:3:AccountId
== assertions (1)
CON-1 | contact_info/default | {"email": "ada@example.com"} | 2024-02-01 00:00:00 | current | 
== events (1)
call | 2024-03-01 00:00:00 | Talked | {} | subject CON-1, subject ORG-1 | 
== merges (0)
== counters (1)
CON | 2401 | 2
== waiting (1)
salesforce | Contact/0031 | link | ReportsToId | {"type": "reports_to"} | - | 0032
`

// TestDump has two graphs that were made apart: they look the same, whatever their ids.
func TestDump(t *testing.T) {
	t.Parallel()
	first, second := pgtest.New(t), pgtest.New(t)
	execute(t, first, fill)
	execute(t, second, "SET timezone = 'Asia/Tokyo'; "+fill)
	require.Equal(t, want, dump(t, first))
	require.Equal(t, want, dump(t, second))
}

// TestDump_Shows changes one thing after another, each of which must be seen.
func TestDump_Shows(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	execute(t, pool, fill)
	for _, change := range []string{
		"UPDATE rye.nodes SET label = 'Acme Corp.' WHERE label = 'Acme'",
		`UPDATE rye.nodes SET properties = properties || '{"a": 3}' WHERE node_type = 'person'`,
		`UPDATE rye.nodes SET attrs = '{"classification": "internal"}' WHERE node_type = 'org'`,
		"UPDATE rye.nodes SET created_at = '2024-01-02 09:00Z' WHERE node_type = 'org'",
		"UPDATE rye.nodes SET archived_at = now() WHERE node_type = 'org'",
		"UPDATE rye.node_source_map SET source_id = '0033'",
		"UPDATE rye.edges SET effective_to = '2024-05-01Z'",
		`UPDATE rye.edges SET properties = '{"role": "ceo"}'`,
		"UPDATE rye.edges SET archived_at = now()",
		"UPDATE rye.edges SET source_id = target_id, target_id = source_id",
		"UPDATE rye.assertions SET superseded_at = '2024-05-01Z'",
		`INSERT INTO rye.assertions (assertion_type, subject_node_id, claim, asserted_at) SELECT assertion_type, subject_node_id, '{}', '2024-05-01Z' FROM rye.assertions`,
		"UPDATE rye.assertions SET superseded_by = (SELECT id FROM rye.assertions WHERE superseded_at IS NULL) WHERE superseded_at IS NOT NULL",
		"UPDATE rye.event_participants SET role = 'actor' WHERE node_id = (SELECT id FROM rye.nodes WHERE node_type = 'org')",
		"INSERT INTO rye.events (event_type, occurred_at) VALUES ('email', '2024-03-01Z')",
		"UPDATE rye.nodes SET external_source = 'helpdesk', external_id = '42' WHERE node_type = 'org'",
		"INSERT INTO rye.node_merges (duplicate_id, canonical_id) SELECT min(id::text)::uuid, max(id::text)::uuid FROM rye.nodes",
		"UPDATE rye.crm_code_counters SET next_val = 3",
		"UPDATE rye_import.deferred SET ref2_id = '0034'",
		"DELETE FROM rye_import.deferred",
	} {
		before := dump(t, pool)
		execute(t, pool, change)
		require.NotEqual(t, before, dump(t, pool), change)
	}
	// What is not the graph, but how it came about, is left out.
	before := dump(t, pool)
	execute(t, pool, `UPDATE rye.edges SET attrs = jsonb_set(attrs, '{import,run}', '8')`)
	execute(t, pool, "DELETE FROM rye.events WHERE event_type = 'import_run'")
	require.Equal(t, before, dump(t, pool))
}

func TestDump_Empty(t *testing.T) {
	t.Parallel()
	text := dump(t, pgtest.New(t))
	require.Equal(t, 8, strings.Count(text, " (0)\n"), text)
	_, err := graphdump.Dump(t.Context(), pgtest.Connect(t, pgtest.Empty(t)))
	require.ErrorContains(t, err, "dumping nodes")
}
