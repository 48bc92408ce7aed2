-- NodeSecureGet gives a node by its id, an archived one too, without the properties that the
-- session's role may not see.
-- name: NodeSecureGet :one
SELECT id, node_type, label, external_id, external_source, properties, attrs, created_at, updated_at, archived_at
FROM rye.nodes_secure
WHERE id = @id;

-- NodeSecureListByIDs gives nodes as NodeSecureGet does, ordered by id.
-- name: NodeSecureListByIDs :many
SELECT id, node_type, label, external_id, external_source, properties, attrs, created_at, updated_at, archived_at
FROM rye.nodes_secure
WHERE id = ANY (@ids::uuid[])
ORDER BY id
LIMIT @max_rows;
