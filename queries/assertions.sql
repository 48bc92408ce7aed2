-- AssertionListByNode gives the facts about a node, with their history: by type and key, the latest
-- first.
-- name: AssertionListByNode :many
SELECT id, assertion_type, assertion_key, claim, asserted_at, superseded_at, attrs
FROM rye.assertions
WHERE subject_node_id = @node_id::uuid
ORDER BY assertion_type, assertion_key, superseded_at NULLS FIRST, asserted_at DESC, id
LIMIT @max_rows;
