-- EventListByNode gives the latest events that a node took part in.
-- name: EventListByNode :many
SELECT e.id, e.event_type, e.occurred_at, coalesce(e.summary, '')::text AS summary, p.role
FROM rye.event_participants p
JOIN rye.events e ON e.id = p.event_id
WHERE p.node_id = @node_id
ORDER BY e.occurred_at DESC, e.id
LIMIT @max_rows;
