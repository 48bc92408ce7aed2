-- VerifyListEvents gives events, with the one that each revises.
-- name: VerifyListEvents :many
SELECT e.id, e.event_type, e.occurred_at, e.summary, e.properties, e.actor_node_id, e.created_at,
    coalesce(e.attrs -> 'import' ->> 'record', '')::text AS record, coalesce(e.attrs -> 'import' ->> 'revises', '')::text AS revises
FROM rye.events e
WHERE e.id = ANY (@ids::uuid[]);

-- VerifyListParticipants gives the participants of events.
-- name: VerifyListParticipants :many
SELECT p.event_id, p.node_id, p.role, p.properties
FROM rye.event_participants p
WHERE p.event_id = ANY (@ids::uuid[]);
