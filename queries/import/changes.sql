-- CreatedNodeInsertStaged notes the nodes that NodeInsertStaged makes.
-- name: CreatedNodeInsertStaged :execrows
INSERT INTO rye_import.created_nodes (run_no, node_id)
SELECT s.run_no, s.id
FROM rye_import.staging_nodes n
JOIN rye_import.staging_records s ON s.run_no = n.run_no AND s.rec = n.rec
WHERE n.run_no = @run_no AND NOT s.existing AND NOT s.alias;

-- ChangeCountFields counts the standing nodes in which a run changes a field, by the object that the change comes from.
-- name: ChangeCountFields :many
WITH fields AS (
    SELECT c.node_id, k.field
    FROM rye_import.changes c
    CROSS JOIN LATERAL (
        SELECT 'label' AS field WHERE c.before ? 'label' OR c.after ? 'label'
        UNION ALL
        SELECT 'archived' WHERE c.after ? 'archived'
        UNION ALL
        SELECT 'properties.' || p.key
        FROM jsonb_object_keys(coalesce(nullif(c.before -> 'properties', 'null'), '{}') || coalesce(nullif(c.after -> 'properties', 'null'), '{}')) AS p (key)
    ) k
    WHERE c.run_no = @run_no
        AND NOT EXISTS (SELECT FROM rye_import.created_nodes n WHERE n.run_no = c.run_no AND n.node_id = c.node_id)
), objects AS (
    SELECT n.node_id, coalesce(max(o.object), (
            SELECT min(m.source_table) FROM rye.node_source_map m WHERE m.node_id = n.node_id AND m.source_schema = @source), '') AS object
    FROM (SELECT DISTINCT f.node_id FROM fields f) n
    LEFT JOIN rye_import.merge_nodes c ON c.run_no = @run_no AND c.node_id = n.node_id
    LEFT JOIN rye_import.staging_records s ON s.run_no = @run_no AND s.rec = c.rec
    LEFT JOIN rye_import.objects o ON o.object_no = s.object_no
    GROUP BY n.node_id
)
SELECT o.object::text AS object, f.field::text AS field, count(DISTINCT f.node_id) AS nodes
FROM fields f
JOIN objects o ON o.node_id = f.node_id
GROUP BY 1, 2
ORDER BY 1, 3 DESC, 2;
