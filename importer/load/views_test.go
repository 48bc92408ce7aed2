package load

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/projectrye/rye-import/internal/pgtest"
)

// TestRefreshViews_Alike compares the materialized views with the views of the same rows that look each node up: of
// several employers, owners, contacts and facts of a kind both show the same one.
func TestRefreshViews_Alike(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	alike := func() {
		t.Helper()
		require.NoError(t, RefreshViews(t.Context(), pool))
		for _, view := range []string{"opportunities_active", "contacts_directory"} {
			require.NotZero(t, value[int](t, pool, "SELECT count(*) FROM rye."+view))
			require.Zero(t, value[int](t, pool, `SELECT count(*) FROM (
				(SELECT * FROM rye.`+view+` EXCEPT ALL SELECT * FROM rye.`+view+`_secure) UNION ALL
				(SELECT * FROM rye.`+view+`_secure EXCEPT ALL SELECT * FROM rye.`+view+`)) x`), view)
		}
	}

	execute(t, pool, `INSERT INTO rye.nodes (node_type, label, properties, attrs, archived_at)
		SELECT (ARRAY['person', 'org', 'opportunity'])[1 + i % 3], 'N' || i, jsonb_build_object('code', 'X-' || i, 'estimated_value', i, 'last_name', 'L' || i),
			CASE WHEN i % 5 = 0 THEN '{"teams": ["a", "b"], "classification": "internal"}' ELSE '{}' END::jsonb, CASE WHEN i % 7 = 0 THEN now() END
		FROM generate_series(1, 90) i`)
	execute(t, pool, `WITH n AS (SELECT id, node_type, row_number() OVER (PARTITION BY node_type ORDER BY label) AS i FROM rye.nodes)
		INSERT INTO rye.edges (edge_type, source_id, target_id, properties, effective_from, effective_to, archived_at)
		SELECT k.edge_type, s.id, t.id, CASE WHEN (s.i + t.i) % 4 = 0 THEN '{}' ELSE '{"role": "owner"}' END::jsonb,
			CASE WHEN t.i % 3 > 0 THEN timestamptz '2024-01-01' + (s.i % 4) * interval '1 day' END,
			CASE WHEN (s.i + t.i) % 5 = 0 THEN timestamptz '2024-06-01' END, CASE WHEN (s.i + t.i) % 6 = 0 THEN now() END
		FROM (VALUES ('employs', 'org', 'person'), ('primary_contact', 'opportunity', 'person'), ('assigned_to', 'opportunity', 'person')) k (edge_type, source, target)
		JOIN n s ON s.node_type = k.source
		JOIN n t ON t.node_type = k.target AND (s.i * 3 + t.i) % 8 = 0`)
	execute(t, pool, `WITH n AS (SELECT id, node_type, row_number() OVER (PARTITION BY node_type ORDER BY label) AS i FROM rye.nodes)
		INSERT INTO rye.assertions (assertion_type, assertion_key, subject_node_id, claim, asserted_at, superseded_at)
		SELECT k.assertion_type, a.key, n.id, jsonb_build_object('stage', CASE WHEN n.i % 4 = 0 THEN 'closed_won' ELSE 'open' END, 'pipeline', a.key,
				'amount', n.i, 'currency', 'EUR', 'probability', 0.5, 'key', a.key),
			timestamptz '2024-01-01' + (n.i % 3) * interval '1 day', CASE WHEN (n.i + length(a.key)) % 3 = 0 THEN timestamptz '2024-03-01' END
		FROM (VALUES ('deal_stage', 'opportunity'), ('deal_value', 'opportunity'), ('win_probability', 'opportunity'), ('contact_info', 'person'),
			('sentiment', 'person')) k (assertion_type, node_type)
		JOIN n ON n.node_type = k.node_type
		CROSS JOIN (VALUES ('default'), ('home'), ('work')) a (key)
		WHERE (n.i + length(a.key)) % 5 > 0`)
	alike() // fills them

	execute(t, pool, "UPDATE rye.edges SET effective_to = now() WHERE effective_to IS NULL AND edge_type <> 'employs'")
	execute(t, pool, "UPDATE rye.nodes SET archived_at = now() WHERE label LIKE '%4'")
	execute(t, pool, "UPDATE rye.assertions SET superseded_at = now() WHERE superseded_at IS NULL AND assertion_key = 'home'")
	alike() // refreshes them beside their readers
}
