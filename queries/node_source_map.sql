-- NodeSourceMapListByNode gives the records of sources that a node stands for.
-- name: NodeSourceMapListByNode :many
SELECT source_schema, source_table, source_id, synced_at
FROM rye.node_source_map
WHERE node_id = @node_id
ORDER BY source_schema, source_table, source_id
LIMIT @max_rows;
