-- ArtifactCreate keeps a document of a node, of an event, or of both, and gives its id. Content and attrs
-- may be null for an empty object. One without a node is visible to all.
-- name: ArtifactCreate :one
INSERT INTO rye.artifacts (artifact_type, source_node_id, source_event_id, content, location, related_node_ids, attrs)
VALUES (@artifact_type, sqlc.narg('source_node_id')::uuid, sqlc.narg('source_event_id')::uuid,
    coalesce(sqlc.narg('content')::jsonb, '{}'), sqlc.narg('location')::jsonb, @related_node_ids::uuid[],
    coalesce(sqlc.narg('attrs')::jsonb, '{}'))
RETURNING id;

-- ArtifactGet gives an artifact.
-- name: ArtifactGet :one
SELECT id, artifact_type, source_event_id, source_node_id, content, location, related_node_ids, attrs, created_at
FROM rye.artifacts
WHERE id = @id;

-- ArtifactListByNode gives the artifacts of a node, newest first. Those that only name it among their
-- related nodes are left out. No types mean all of them. The next page begins before the created_at and id
-- of the last row.
-- name: ArtifactListByNode :many
SELECT id, artifact_type, source_event_id, source_node_id, content, location, related_node_ids, attrs, created_at
FROM rye.artifacts
WHERE source_node_id = @node_id::uuid
    AND (coalesce(cardinality(@artifact_types::text[]), 0) = 0 OR artifact_type = ANY (@artifact_types::text[]))
    AND (created_at, id) < (
        CASE WHEN sqlc.narg('before_at')::timestamptz IS NULL THEN 'infinity' ELSE sqlc.narg('before_at')::timestamptz END,
        CASE WHEN sqlc.narg('before_id')::uuid IS NULL THEN 'ffffffff-ffff-ffff-ffff-ffffffffffff' ELSE sqlc.narg('before_id')::uuid END)
ORDER BY created_at DESC, id DESC
LIMIT @max_rows;

-- ArtifactListByEvent gives the artifacts of an event, newest first: of an import_run, the files that it
-- read. No types mean all of them. The next page begins before the created_at and id of the last row.
-- name: ArtifactListByEvent :many
SELECT id, artifact_type, source_event_id, source_node_id, content, location, related_node_ids, attrs, created_at
FROM rye.artifacts
WHERE source_event_id = @event_id::uuid
    AND (coalesce(cardinality(@artifact_types::text[]), 0) = 0 OR artifact_type = ANY (@artifact_types::text[]))
    AND (created_at, id) < (
        CASE WHEN sqlc.narg('before_at')::timestamptz IS NULL THEN 'infinity' ELSE sqlc.narg('before_at')::timestamptz END,
        CASE WHEN sqlc.narg('before_id')::uuid IS NULL THEN 'ffffffff-ffff-ffff-ffff-ffffffffffff' ELSE sqlc.narg('before_id')::uuid END)
ORDER BY created_at DESC, id DESC
LIMIT @max_rows;
