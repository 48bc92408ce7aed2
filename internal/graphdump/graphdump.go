// Package graphdump writes a whole graph as text in which ids are replaced by codes and load times
// are left out, so that two graphs can be compared line by line. It is for tests only.
package graphdump

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// sections are what is dumped: a query that gives one line a row. A node is named by its code. Runs
// and files are numbered in the order in which they came, which is not the same in two databases; so
// provenance is reduced to record, line and column.
var sections = []struct{ title, query string }{
	{"nodes", `
		SELECT concat_ws(' | ', properties->>'code', node_type, label, (properties - 'code')::text, nullif(attrs, '{}')::text,
			-- A pipeline that no record defines is created when it is first needed.
			CASE WHEN node_type <> 'pipeline' THEN to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') END, CASE WHEN archived_at IS NOT NULL THEN 'archived' END,
			nullif(external_source, 'internal') || ' ' || external_id)
		FROM rye.nodes`},
	{"crosswalk", `
		SELECT concat_ws(' | ', m.source_schema, m.source_table, m.source_id, n.properties->>'code')
		FROM rye.node_source_map m JOIN rye.nodes n ON n.id = m.node_id`},
	{"edges", `
		SELECT concat_ws(' | ', e.edge_type, s.properties->>'code' || ' -> ' || (t.properties->>'code'), nullif(e.properties, '{}')::text,
			'from ' || to_char(e.effective_from AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS'),
			'to ' || to_char(e.effective_to AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS'),
			CASE WHEN e.archived_at IS NOT NULL THEN 'archived' END,
			concat_ws(':', e.attrs->'import'->>'record', e.attrs->'import'->>'line', e.attrs->'import'->>'column'))
		FROM rye.edges e JOIN rye.nodes s ON s.id = e.source_id JOIN rye.nodes t ON t.id = e.target_id`},
	// What an undo has asserted anew stands for what it restores; what it has undone is shown no more.
	{"assertions", `
		SELECT concat_ws(' | ', n.properties->>'code', a.assertion_type || '/' || a.assertion_key, a.claim::text,
			to_char(CASE WHEN a.attrs ? 'undo' THEN a.effective_at ELSE a.asserted_at END AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS'),
			CASE WHEN a.superseded_at IS NULL THEN 'current'
				ELSE 'until ' || to_char(a.superseded_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') || coalesce(' by ' || b.claim::text, '') END,
			'event ' || e.event_type || ' ' || (e.attrs->'import'->>'record'),
			concat_ws(':', a.attrs->'import'->>'record', a.attrs->'import'->>'line', a.attrs->'import'->>'column'))
		FROM rye.assertions a JOIN rye.nodes n ON n.id = a.subject_node_id
		LEFT JOIN rye.assertions b ON b.id = a.superseded_by
		LEFT JOIN rye.events e ON e.id = a.source_event_id
		WHERE NOT coalesce(a.attrs->'undo' ? 'undone', false) AND coalesce(b.attrs->'undo'->>'restores', '') <> a.id::text`},
	{"events", `
		SELECT concat_ws(' | ', e.event_type, to_char(e.occurred_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS'), e.summary, e.properties::text,
			'actor ' || (a.properties->>'code'),
			(SELECT string_agg(p.role || ' ' || (n.properties->>'code') || coalesce(' ' || nullif(p.properties, '{}')::text, ''), ', '
					ORDER BY p.role, n.properties->>'code')
				FROM rye.event_participants p JOIN rye.nodes n ON n.id = p.node_id WHERE p.event_id = e.id),
			concat_ws(':', e.attrs->'import'->>'record', e.attrs->'import'->>'line', e.attrs->'import'->>'column'))
		FROM rye.events e LEFT JOIN rye.nodes a ON a.id = e.actor_node_id
		WHERE e.event_type <> 'import_run'`},
	{"merges", `
		SELECT concat_ws(' | ', d.properties->>'code', c.properties->>'code', m.merged_by)
		FROM rye.node_merges m JOIN rye.nodes d ON d.id = m.duplicate_id JOIN rye.nodes c ON c.id = m.canonical_id`},
	{"counters", `
		SELECT concat_ws(' | ', prefix, year_month, next_val) FROM rye.crm_code_counters`},
	{"waiting", `
		SELECT concat_ws(' | ', o.source, o.object || '/' || d.legacy_id, d.kind, d.slot, d.payload::text, coalesce(d.ref1_id, '-'), coalesce(d.ref2_id, '-'))
		FROM rye_import.deferred d JOIN rye_import.objects o USING (object_no)`},
}

// Dump writes the graph.
func Dump(ctx context.Context, pool *pgxpool.Pool) (string, error) {
	var b strings.Builder
	for _, s := range sections {
		rows, err := pool.Query(ctx, s.query)
		if err != nil {
			return "", fmt.Errorf("dumping %s: %w", s.title, err)
		}
		lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			return "", fmt.Errorf("dumping %s: %w", s.title, err)
		}
		slices.Sort(lines)
		fmt.Fprintf(&b, "== %s (%d)\n", s.title, len(lines))
		for _, l := range lines {
			b.WriteString(strings.ReplaceAll(l, "\n", `\n`))
			b.WriteByte('\n')
		}
	}
	return b.String(), nil
}
