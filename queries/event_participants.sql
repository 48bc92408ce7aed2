-- EventListParticipants gives who took part in one or many events, and as what: by event, node and role.
-- Nodes that are archived are among them; those that the session does not see are not. The next page
-- begins after the event_id, node_id and role of the last row.
-- name: EventListParticipants :many
WITH said AS (
    SELECT c.id AS node_id, (c.properties ->> 'code')::text AS code FROM rye.nodes c
)
SELECT p.event_id, p.node_id, p.role, p.properties, n.node_type, n.label, said.code, n.archived_at
FROM rye.event_participants p
JOIN rye.nodes n ON n.id = p.node_id
LEFT JOIN said ON said.node_id = n.id
WHERE p.event_id = ANY (@event_ids::uuid[])
    -- NOT <= and not >, so that the index is asked for the events, and not for all that comes after.
    AND NOT (p.event_id, p.node_id, p.role) <= (
        CASE WHEN sqlc.narg('after_event_id')::uuid IS NULL THEN '00000000-0000-0000-0000-000000000000' ELSE sqlc.narg('after_event_id')::uuid END,
        CASE WHEN sqlc.narg('after_node_id')::uuid IS NULL THEN '00000000-0000-0000-0000-000000000000' ELSE sqlc.narg('after_node_id')::uuid END,
        CASE WHEN sqlc.narg('after_role')::text IS NULL THEN '' ELSE sqlc.narg('after_role')::text END)
ORDER BY p.event_id, p.node_id, p.role
LIMIT @max_rows;
