-- NodeSourceMapGet gives the node of a record of a source, by the name of the source, the object and
-- the id there. The crosswalk names nodes that the session may not see.
-- name: NodeSourceMapGet :one
SELECT node_id, source_schema, source_table, source_id, source_id_type, synced_at
FROM rye.node_source_map
WHERE source_schema = @source AND source_table = @object AND source_id = @source_id;

-- NodeSourceMapListByRecords gives the nodes of records of one object of a source, ordered by the id
-- there. A record that is not in the graph has no row.
-- name: NodeSourceMapListByRecords :many
SELECT node_id, source_schema, source_table, source_id, source_id_type, synced_at
FROM rye.node_source_map
WHERE source_schema = @source AND source_table = @object AND source_id = ANY (@source_ids::text[])
ORDER BY source_id
LIMIT @max_rows;

-- NodeSourceMapListByNode gives the records of sources that a node stands for, ordered by source,
-- object and id. The next page begins after those of the last row.
-- name: NodeSourceMapListByNode :many
SELECT node_id, source_schema, source_table, source_id, source_id_type, synced_at
FROM rye.node_source_map
WHERE node_id = @node_id
    AND (source_schema, source_table, source_id) > (coalesce(sqlc.narg('after_schema')::text, ''),
        coalesce(sqlc.narg('after_table')::text, ''), coalesce(sqlc.narg('after_source_id')::text, ''))
ORDER BY source_schema, source_table, source_id
LIMIT @max_rows;

-- NodeSourceMapListByNodes gives the records of sources that nodes stand for, ordered by node,
-- source, object and id. The next page begins after those of the last row.
-- name: NodeSourceMapListByNodes :many
SELECT node_id, source_schema, source_table, source_id, source_id_type, synced_at
FROM rye.node_source_map
WHERE node_id = ANY (@node_ids::uuid[])
    AND (node_id, source_schema, source_table, source_id) > (
        coalesce(sqlc.narg('after_node_id')::uuid, '00000000-0000-0000-0000-000000000000'), coalesce(sqlc.narg('after_schema')::text, ''),
        coalesce(sqlc.narg('after_table')::text, ''), coalesce(sqlc.narg('after_source_id')::text, ''))
ORDER BY node_id, source_schema, source_table, source_id
LIMIT @max_rows;

-- NodeSourceMapListBySource gives all records of a source, ordered by object and id. The next page
-- begins after those of the last row.
-- name: NodeSourceMapListBySource :many
SELECT node_id, source_schema, source_table, source_id, source_id_type, synced_at
FROM rye.node_source_map
WHERE source_schema = @source
    AND (source_table, source_id) > (coalesce(sqlc.narg('after_table')::text, ''), coalesce(sqlc.narg('after_source_id')::text, ''))
ORDER BY source_table, source_id
LIMIT @max_rows;

-- NodeSourceMapListByObject gives all records of one object of a source, ordered by id. The next page
-- begins after the source_id of the last row.
-- name: NodeSourceMapListByObject :many
SELECT node_id, source_schema, source_table, source_id, source_id_type, synced_at
FROM rye.node_source_map
WHERE source_schema = @source AND source_table = @object
    AND source_id > coalesce(sqlc.narg('after_source_id')::text, '')
ORDER BY source_id
LIMIT @max_rows;
