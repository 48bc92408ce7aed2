-- EdgeListByNode gives the edges of a node in both directions, those that hold first.
-- name: EdgeListByNode :many
SELECT e.id, e.edge_type, (e.source_id = @node_id)::boolean AS outbound, o.id AS other_id, o.node_type AS other_type,
    coalesce(o.label, '')::text AS other_label, coalesce(o.properties ->> 'code', '')::text AS other_code,
    e.properties, e.effective_from, e.effective_to, e.attrs
FROM rye.edges e
JOIN rye.nodes o ON o.id = CASE WHEN e.source_id = @node_id THEN e.target_id ELSE e.source_id END
WHERE (e.source_id = @node_id OR e.target_id = @node_id) AND e.archived_at IS NULL
ORDER BY e.effective_to IS NOT NULL, e.edge_type, o.label, e.id
LIMIT @max_rows;
