package modeltest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"
)

// observer reads the graph as lines that name no id of the database. A node is called by the record that it
// was first known by, also when it has lost that record to another node.
type observer struct {
	pool  *pgxpool.Pool
	names map[uuid.UUID]string
}

func newObserver(pool *pgxpool.Pool) *observer {
	return &observer{pool: pool, names: make(map[uuid.UUID]string)}
}

// node gives the id of the node that a record is, if there is one.
func (o *observer) node(t *testing.T, k key) (uuid.UUID, bool) {
	t.Helper()
	var id uuid.UUID
	err := o.pool.QueryRow(t.Context(), "SELECT node_id FROM rye.node_source_map WHERE source_table = $1 AND source_id = $2", k.object, k.id).Scan(&id)
	if errors.Is(err, pgx.ErrNoRows) {
		return id, false
	}
	require.NoError(t, err)
	return id, true
}

const day = "'YYYY-MM-DD HH24:MI:SS'"

// detail is what the lines hold beside what a model can know.
type detail struct {
	codes bool // whole, not the month alone
	books bool // times that the clock of the database gave, where rows come from, and the importer's own books
}

// until writes the end of something. Ends that the clock of the database gives are years after all others.
func (d detail) until(column string) string {
	exact := "coalesce(to_char(" + column + " AT TIME ZONE 'UTC', " + day + "), 'now')"
	if d.books {
		return exact
	}
	return "CASE WHEN " + column + " > '2026-01-01' THEN 'the clock' ELSE " + exact + " END"
}

// archived writes whether something is archived.
func (d detail) archived() string {
	if d.books {
		return "'archived ' || archived_at"
	}
	return "CASE WHEN archived_at IS NOT NULL THEN 'archived' END"
}

// sections are what is read: lines in which nodes stand as <id>. A fact that an undo has restored stands for the one that it
// restores, and what is undone is left out, as is what was restored and superseded again at once, if the other leads elsewhere.
func (d detail) sections() []string {
	code := "CASE node_type WHEN 'pipeline' THEN properties->>'code' ELSE left(properties->>'code', 8) END"
	if d.codes {
		code = "properties->>'code'"
	}
	origin := "NULL"
	if d.books {
		origin = "nullif(attrs, '{}')::text"
	}
	all := []string{
		`SELECT concat_ws(' | ', 'node <' || id || '>', node_type, label, ` + code + `, (properties - 'code' - 'stages' - 'default_stage')::text,
			(SELECT string_agg(s->>'key', ' ' ORDER BY s->>'key') FROM jsonb_array_elements(properties->'stages') s),
			CASE WHEN node_type <> 'pipeline' THEN to_char(created_at AT TIME ZONE 'UTC', ` + day + `) END,
			` + d.archived() + `)
		FROM rye.nodes`,
		`SELECT 'key ' || source_table || '/' || source_id || ' is <' || node_id || '>' FROM rye.node_source_map`,
		`SELECT concat_ws(' | ', 'edge ' || edge_type || ' <' || source_id || '> -> <' || target_id || '>', nullif(properties, '{}')::text,
			coalesce(to_char(effective_from AT TIME ZONE 'UTC', ` + day + `), '?') || ' to ' || ` + d.until("effective_to") + `,
			` + d.archived() + `, ` + origin + `)
		FROM rye.edges WHERE archived_at IS NULL`, // those that a merge has folded lie where they lay then
		`SELECT concat_ws(' | ', 'fact ' || a.assertion_type || '/' || a.assertion_key || ' of <' || a.subject_node_id || '>', a.claim::text,
			to_char(CASE WHEN a.attrs ? 'undo' THEN a.effective_at ELSE a.asserted_at END AT TIME ZONE 'UTC', ` + day + `) || ' to ' || ` + d.until("a.superseded_at") + `,
			'by ' || b.claim::text)
		FROM rye.assertions a LEFT JOIN rye.assertions b ON b.id = a.superseded_by
		LEFT JOIN rye.assertions o ON o.id::text = a.attrs->'undo'->>'restores'
		WHERE NOT coalesce(a.attrs->'undo' ? 'undone', false) AND coalesce(b.attrs->'undo'->>'restores', '') <> a.id::text
			AND NOT coalesce(a.superseded_at <= a.asserted_at AND o.superseded_by <> a.id, false)`,
		`SELECT concat_ws(' | ', 'event ' || e.event_type || ' ' || (e.attrs->'import'->>'record'), to_char(e.occurred_at AT TIME ZONE 'UTC', ` + day + `), e.properties::text,
			(SELECT string_agg(p.role || ' <' || p.node_id || '>', ', ' ORDER BY p.role) FROM rye.event_participants p WHERE p.event_id = e.id))
		FROM rye.events e WHERE e.event_type NOT IN ('import_run', 'node_merge')`,
		`SELECT 'wait ' || o.object || '/' || d.legacy_id || ' ' || d.kind || ' ' || d.slot
		FROM rye_import.deferred d JOIN rye_import.objects o USING (object_no)`,
	}
	if d.books {
		all = append(all,
			`SELECT concat_ws(' | ', 'record ' || o.object || '/' || r.legacy_id, r.content_hash, r.archived, r.first_run_no, r.run_no, r.file_no, r.line, r.target_id IS NULL)
			FROM rye_import.records r JOIN rye_import.objects o USING (object_no)`,
			`SELECT concat_ws(' | ', 'name ' || o.object || '/' || k.legacy_id, k.lookup_no, k.name_key, k.name, k.derived)
			FROM rye_import.names k JOIN rye_import.objects o USING (object_no)`,
			`SELECT concat_ws(' | ', 'waiting ' || o.object || '/' || d.legacy_id, d.kind, d.slot, coalesce(d.ref1_id, '-'), coalesce(d.ref2_id, '-'), d.payload, d.run_no, d.file_no, d.line)
			FROM rye_import.deferred d JOIN rye_import.objects o USING (object_no)`,
			`SELECT 'merge <' || duplicate_id || '> into <' || canonical_id || '>' FROM rye.node_merges`,
			`SELECT concat_ws(' | ', 'edit of <' || subject_id || '>', field, base) FROM rye_import.edits`)
	}
	return all
}

// lines reads the whole graph, sorted.
func (o *observer) lines(t *testing.T, d detail) []string {
	t.Helper()
	ctx := t.Context()
	rows, err := o.pool.Query(ctx, `SELECT node_id, min(source_table || '/' || source_id COLLATE "C") FROM rye.node_source_map GROUP BY node_id`)
	require.NoError(t, err)
	var id uuid.UUID
	var name string
	_, err = pgx.ForEachRow(rows, []any{&id, &name}, func() error {
		if _, ok := o.names[id]; !ok {
			o.names[id] = name
		}
		return nil
	})
	require.NoError(t, err)
	known := make([]string, 0, 2*len(o.names))
	for id, name := range o.names {
		known = append(known, "<"+id.String()+">", name)
	}
	replacer := strings.NewReplacer(known...)
	var all []string
	for _, sql := range d.sections() {
		rows, err := o.pool.Query(ctx, sql)
		require.NoError(t, err)
		lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
		require.NoError(t, err)
		for _, l := range lines {
			all = append(all, replacer.Replace(l))
		}
	}
	slices.Sort(all)
	return all
}

// fingerprint tells whether any row of the graph was touched.
func (o *observer) fingerprint(t *testing.T) string {
	t.Helper()
	rows, err := o.pool.Query(t.Context(), "SELECT tablename::text FROM pg_tables WHERE schemaname = 'rye' ORDER BY 1")
	require.NoError(t, err)
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	var b strings.Builder
	for _, table := range tables {
		var sum string
		require.NoError(t, o.pool.QueryRow(t.Context(), "SELECT coalesce(md5(string_agg(ctid::text || xmin::text || xmax::text, ',' ORDER BY ctid)), '-') FROM "+
			pgx.Identifier{"rye", table}.Sanitize()).Scan(&sum))
		fmt.Fprintln(&b, table, sum)
	}
	return b.String()
}
