-- FingerprintList gives for each table that a run reads and writes how many rows it has and a sum that changes
-- with every row which is put in, changed or taken away. Of codes, the sum is how many have been drawn and
-- are not free again.
-- name: FingerprintList :many
SELECT 'rye.nodes'::text AS relation, count(*) AS row_count, coalesce(sum(t.xmin::text::bigint), 0)::text AS stamp FROM rye.nodes t
UNION ALL
SELECT 'rye.edges', count(*), coalesce(sum(t.xmin::text::bigint), 0)::text FROM rye.edges t
UNION ALL
SELECT 'rye.events', count(*), coalesce(sum(t.xmin::text::bigint), 0)::text FROM rye.events t
UNION ALL
SELECT 'rye.event_participants', count(*), coalesce(sum(t.xmin::text::bigint), 0)::text FROM rye.event_participants t
UNION ALL
SELECT 'rye.assertions', count(*), coalesce(sum(t.xmin::text::bigint), 0)::text FROM rye.assertions t
UNION ALL
SELECT 'rye.node_source_map', count(*), coalesce(sum(t.xmin::text::bigint), 0)::text FROM rye.node_source_map t
UNION ALL
SELECT 'rye.node_merges', count(*), coalesce(sum(t.xmin::text::bigint), 0)::text FROM rye.node_merges t
UNION ALL
SELECT 'rye_import.records', count(*), coalesce(sum(t.xmin::text::bigint), 0)::text FROM rye_import.records t
UNION ALL
SELECT 'rye_import.deferred', count(*), coalesce(sum(t.xmin::text::bigint), 0)::text FROM rye_import.deferred t
UNION ALL
SELECT 'rye_import.names', count(*), coalesce(sum(t.xmin::text::bigint), 0)::text FROM rye_import.names t
UNION ALL
SELECT 'rye_import.edits', count(*), coalesce(sum(t.xmin::text::bigint), 0)::text FROM rye_import.edits t
UNION ALL
SELECT 'rye.crm_code_counters', 0,
    (coalesce((SELECT sum(c.next_val - 1) FROM rye.crm_code_counters c), 0)
        - coalesce((SELECT sum(b.last_val - b.first_val + 1) FROM rye_import.code_blocks b), 0))::text
ORDER BY 1;
