-- NodeGetByCode gives a node by its code.
-- name: NodeGetByCode :one
SELECT id, node_type, coalesce(label, '')::text AS label, properties, created_at, updated_at, archived_at
FROM rye.nodes
WHERE properties ->> 'code' = @code::text
ORDER BY archived_at NULLS FIRST
LIMIT 1;
