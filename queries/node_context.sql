-- NodeContextGet gives a living node with the edges that hold, in both directions, and its current
-- facts, each as a JSON array.
-- name: NodeContextGet :one
SELECT node_id, node_type, label, properties, outbound_edges::jsonb AS outbound_edges,
    inbound_edges::jsonb AS inbound_edges, current_assertions::jsonb AS current_assertions
FROM rye.node_context
WHERE node_id = @node_id;

-- NodeContextListByIDs gives living nodes as NodeContextGet does, ordered by id.
-- name: NodeContextListByIDs :many
SELECT node_id, node_type, label, properties, outbound_edges::jsonb AS outbound_edges,
    inbound_edges::jsonb AS inbound_edges, current_assertions::jsonb AS current_assertions
FROM rye.node_context
WHERE node_id = ANY (@node_ids::uuid[])
ORDER BY node_id
LIMIT @max_rows;
