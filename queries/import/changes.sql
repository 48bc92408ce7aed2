-- ChangeInsertStaged journals what NodeUpdateStaged is about to change: the fields that will
-- differ, before and after.
-- name: ChangeInsertStaged :execrows
INSERT INTO rye_import.changes (run_no, node_id, file_no, line, before, after)
SELECT @run_no::int, c.node_id, c.file_no, c.line,
    jsonb_strip_nulls(jsonb_build_object(
        'label', CASE WHEN c.label IS NOT NULL THEN n.label END,
        'archived_at', CASE WHEN c.archive IS NOT NULL THEN n.archived_at END,
        'properties', (
            SELECT jsonb_object_agg(k.key, n.properties -> k.key)
            FROM jsonb_each(c.properties) AS k (key, value)
            WHERE n.properties -> k.key IS DISTINCT FROM k.value AND n.properties ? k.key))),
    jsonb_strip_nulls(jsonb_build_object(
        'label', c.label,
        'archived', c.archive,
        'properties', (
            SELECT jsonb_object_agg(k.key, k.value)
            FROM jsonb_each(c.properties) AS k (key, value)
            WHERE n.properties -> k.key IS DISTINCT FROM k.value)))
FROM rye_import.merge_nodes c
JOIN rye.nodes n ON n.id = c.node_id
WHERE c.run_no = @run_no::int;
