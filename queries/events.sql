-- EventGet gives an event. There is no row when it does not exist, or when the session sees none of its
-- participants.
-- name: EventGet :one
SELECT id, event_type, occurred_at, recorded_at, summary, properties, actor_node_id, actor_system, attrs, created_at
FROM rye.events
WHERE id = @id;

-- EventListByIDs gives events by their ids, newest first. Those that do not exist, or that the session
-- does not see, are left out.
-- name: EventListByIDs :many
SELECT id, event_type, occurred_at, recorded_at, summary, properties, actor_node_id, actor_system, attrs, created_at
FROM rye.events
WHERE id = ANY (@ids::uuid[])
ORDER BY occurred_at DESC, id DESC
LIMIT @max_rows;

-- EventListByNode gives the timeline of a node: the events that it took part in, newest first, each once
-- with all the roles that the node had in it. No event types mean all of them; since (inclusive) and
-- until (exclusive) may be null. The next page begins before the occurred_at and id of the last row.
-- name: EventListByNode :many
SELECT e.id, e.event_type, e.occurred_at, e.recorded_at, e.summary, e.properties, e.actor_node_id, e.actor_system,
    ARRAY(
        SELECT r.role FROM rye.event_participants r
        WHERE r.event_id = e.id AND r.node_id = @node_id::uuid ORDER BY r.role
    )::text[] AS roles
FROM rye.events e
WHERE e.id IN (SELECT p.event_id FROM rye.event_participants p WHERE p.node_id = @node_id::uuid)
    AND (coalesce(cardinality(@event_types::text[]), 0) = 0 OR e.event_type = ANY (@event_types::text[]))
    AND e.occurred_at >= CASE WHEN sqlc.narg('since')::timestamptz IS NULL THEN '-infinity' ELSE sqlc.narg('since')::timestamptz END
    AND e.occurred_at < CASE WHEN sqlc.narg('until')::timestamptz IS NULL THEN 'infinity' ELSE sqlc.narg('until')::timestamptz END
    AND (e.occurred_at, e.id) < (
        CASE WHEN sqlc.narg('before_at')::timestamptz IS NULL THEN 'infinity' ELSE sqlc.narg('before_at')::timestamptz END,
        CASE WHEN sqlc.narg('before_id')::uuid IS NULL THEN 'ffffffff-ffff-ffff-ffff-ffffffffffff' ELSE sqlc.narg('before_id')::uuid END)
ORDER BY e.occurred_at DESC, e.id DESC
LIMIT @max_rows;

-- EventListByNodes gives the latest events of each of many nodes, at most per_node of each: in the order
-- of the node ids, the newest first. No event types mean all of them.
-- name: EventListByNodes :many
SELECT g.node_id::uuid AS node_id, t.id, t.event_type, t.occurred_at, t.recorded_at, t.summary, t.properties,
    t.actor_node_id, t.actor_system,
    ARRAY(
        SELECT r.role FROM rye.event_participants r
        WHERE r.event_id = t.id AND r.node_id = g.node_id ORDER BY r.role
    )::text[] AS roles
FROM (SELECT DISTINCT unnest(@node_ids::uuid[]) AS node_id) g
CROSS JOIN LATERAL (
    SELECT e.id, e.event_type, e.occurred_at, e.recorded_at, e.summary, e.properties, e.actor_node_id, e.actor_system
    FROM rye.events e
    WHERE e.id IN (SELECT p.event_id FROM rye.event_participants p WHERE p.node_id = g.node_id)
        AND (coalesce(cardinality(@event_types::text[]), 0) = 0 OR e.event_type = ANY (@event_types::text[]))
    ORDER BY e.occurred_at DESC, e.id DESC
    LIMIT @per_node::int
) t
ORDER BY g.node_id, t.occurred_at DESC, t.id DESC
LIMIT @max_rows;

-- EventListByType gives the events of a type, newest first. Since (inclusive) and until (exclusive) may be
-- null. The next page begins before the occurred_at and id of the last row.
-- name: EventListByType :many
SELECT id, event_type, occurred_at, recorded_at, summary, properties, actor_node_id, actor_system, attrs, created_at
FROM rye.events
WHERE event_type = @event_type
    AND occurred_at >= CASE WHEN sqlc.narg('since')::timestamptz IS NULL THEN '-infinity' ELSE sqlc.narg('since')::timestamptz END
    AND occurred_at < CASE WHEN sqlc.narg('until')::timestamptz IS NULL THEN 'infinity' ELSE sqlc.narg('until')::timestamptz END
    AND (occurred_at, id) < (
        CASE WHEN sqlc.narg('before_at')::timestamptz IS NULL THEN 'infinity' ELSE sqlc.narg('before_at')::timestamptz END,
        CASE WHEN sqlc.narg('before_id')::uuid IS NULL THEN 'ffffffff-ffff-ffff-ffff-ffffffffffff' ELSE sqlc.narg('before_id')::uuid END)
ORDER BY occurred_at DESC, id DESC
LIMIT @max_rows;

-- EventRecord records an event and gives its id. Each participant has the role that stands at its place
-- in the other list, or is a participant; the actor is the user of the session and the time now, unless
-- given. More roles than participants, or a participant that is null, are refused with RY007.
-- name: EventRecord :one
SELECT rye.record_event(@event_type::text, sqlc.narg('summary')::text, sqlc.narg('properties')::jsonb,
    @participant_ids::uuid[], @participant_roles::text[], sqlc.narg('actor')::text,
    sqlc.narg('occurred_at')::timestamptz)::uuid AS id;

-- ActivityLog logs an activity of the CRM (an email, a call, a meeting, a note) and gives the id of its
-- event. Roles, actor and time are as in EventRecord.
-- name: ActivityLog :one
SELECT rye.log_crm_activity(@event_type::text, sqlc.narg('summary')::text, sqlc.narg('properties')::jsonb,
    sqlc.narg('actor')::text, @participant_ids::uuid[], @participant_roles::text[],
    sqlc.narg('occurred_at')::timestamptz)::uuid AS id;

-- ActivityLogMany logs many activities in one round trip, and gives the id of each. When one is refused, so
-- are all.
-- name: ActivityLogMany :batchone
SELECT rye.log_crm_activity(@event_type::text, sqlc.narg('summary')::text, sqlc.narg('properties')::jsonb,
    sqlc.narg('actor')::text, @participant_ids::uuid[], @participant_roles::text[],
    sqlc.narg('occurred_at')::timestamptz)::uuid AS id;
