-- NodeMergeListInto gives what was merged into a node, the latest first. The next page begins before
-- the merged_at and the id of the last row.
-- name: NodeMergeListInto :many
SELECT id, duplicate_id, canonical_id, merged_at, merged_by, confidence, properties
FROM rye.node_merges
WHERE canonical_id = @canonical_id
    AND (merged_at, id) < (coalesce(sqlc.narg('before_at')::timestamptz, 'infinity'), coalesce(sqlc.narg('before_id')::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff'))
ORDER BY merged_at DESC, id DESC
LIMIT @max_rows;

-- NodeMergeListFrom gives where nodes went when they were merged into others, ordered by the node
-- that went, the latest first.
-- name: NodeMergeListFrom :many
SELECT id, duplicate_id, canonical_id, merged_at, merged_by, confidence, properties
FROM rye.node_merges
WHERE duplicate_id = ANY (@duplicate_ids::uuid[])
ORDER BY duplicate_id, merged_at DESC, id DESC
LIMIT @max_rows;

-- NodeMergeGetSurvivor gives the id of the living node that a merged node ended up in, over however
-- many merges; no row if it was not merged, or into what the session does not see.
-- name: NodeMergeGetSurvivor :one
WITH RECURSIVE went AS (
    SELECT g.canonical_id AS node_id FROM rye.node_merges g WHERE g.duplicate_id = @node_id
    UNION
    SELECT m.canonical_id FROM went w JOIN rye.node_merges m ON m.duplicate_id = w.node_id
)
SELECT n.id
FROM went t
CROSS JOIN LATERAL (
    -- OFFSET 0, so that each is looked up by its id: the server guesses that there are many.
    SELECT s.id FROM rye.nodes s WHERE s.id = t.node_id AND s.archived_at IS NULL OFFSET 0
) n
ORDER BY n.id
LIMIT 1;
