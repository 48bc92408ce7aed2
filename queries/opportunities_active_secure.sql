-- OpportunityActiveSecureList gives the deals under way that the session sees, newest first, as they are
-- now. A null filter lets all pass; Pipeline and Stage are the keys, not the labels. The next
-- page begins before the last row's CreatedAt and NodeID.
-- name: OpportunityActiveSecureList :many
SELECT o.node_id, o.label, o.code, o.name, o.estimated_value, o.teams, o.stage, o.pipeline, o.stage_since, o.current_value,
    o.currency, o.win_probability, o.primary_contact_name, o.primary_contact_id, o.assigned_to_name, o.assigned_to_id,
    o.created_at
FROM rye.opportunities_active_secure o
WHERE (
    -- coalesce, so that half are expected to pass where the filters are not known: expecting few, the
    -- server takes a plan for any arguments to be cheap, which reads all deals for a page.
    coalesce(sqlc.narg('pipeline')::text IS NULL, true) OR o.pipeline = sqlc.narg('pipeline')::text)
    AND (coalesce(sqlc.narg('stage')::text IS NULL, true) OR o.stage = sqlc.narg('stage')::text)
    -- The view would look up the owner of every deal; the edges of the owner name few.
    AND (sqlc.narg('assigned_to_id')::uuid IS NULL OR (o.assigned_to_id = sqlc.narg('assigned_to_id')::uuid
        AND o.node_id = ANY (ARRAY(
            SELECT oe.source_id FROM rye.edges oe
            WHERE oe.target_id = sqlc.narg('assigned_to_id')::uuid AND oe.edge_type = 'assigned_to'
                AND oe.archived_at IS NULL AND oe.effective_to IS NULL))))
    AND (o.created_at, o.node_id) < (coalesce(sqlc.narg('before_at')::timestamptz, 'infinity'),
        coalesce(sqlc.narg('before_id')::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff'))
ORDER BY o.created_at DESC, o.node_id DESC
LIMIT @max_rows;

-- OpportunityActiveSecureGet gives a deal that is under way.
-- name: OpportunityActiveSecureGet :one
SELECT o.node_id, o.label, o.code, o.name, o.estimated_value, o.teams, o.stage, o.pipeline, o.stage_since, o.current_value,
    o.currency, o.win_probability, o.primary_contact_name, o.primary_contact_id, o.assigned_to_name, o.assigned_to_id,
    o.created_at
FROM rye.opportunities_active_secure o
WHERE o.node_id = @node_id;

-- OpportunityFunnel counts and sums the deals under way that the session sees, by pipeline, stage in its
-- order, and currency. Weighted is the sum of value times probability; a deal without one of them counts
-- as nothing there.
-- name: OpportunityFunnel :many
WITH sums AS (
    SELECT f.pipeline, f.stage, f.currency, count(*) AS deals, coalesce(sum(f.current_value), 0)::numeric AS total,
        coalesce(sum(f.current_value * f.win_probability::numeric), 0)::numeric AS weighted
    FROM rye.opportunities_active_secure f
    GROUP BY f.pipeline, f.stage, f.currency
)
SELECT s.pipeline, p.label AS pipeline_label, s.stage, stage_label.stage_label, s.currency, s.deals, s.total, s.weighted
FROM sums s
LEFT JOIN LATERAL (
    SELECT pn.label, pn.properties FROM rye.nodes pn
    WHERE pn.node_type = 'pipeline' AND pn.archived_at IS NULL AND pn.properties ->> 'code' = s.pipeline
    ORDER BY pn.id LIMIT 1
) p ON true
LEFT JOIN LATERAL (
    SELECT ps.stage FROM jsonb_array_elements(
        CASE jsonb_typeof(p.properties -> 'stages') WHEN 'array' THEN p.properties -> 'stages' ELSE '[]' END) AS ps (stage)
    WHERE ps.stage ->> 'key' = s.stage LIMIT 1
) st ON true
CROSS JOIN LATERAL jsonb_extract_path_text(st.stage, 'label') AS stage_label
ORDER BY coalesce(p.label, s.pipeline), s.pipeline, rye.jsonb_number(st.stage -> 'order') NULLS LAST, s.stage, s.currency NULLS FIRST
LIMIT @max_rows;

-- OpportunityActiveSecureListQuiet gives the deals under way that the session sees and that no event which
-- it sees was about since a time, those that are quiet the longest first, with their last event; one that
-- never had any counts from its creation. The next page begins after the last row's QuietSince and NodeID.
-- name: OpportunityActiveSecureListQuiet :many
SELECT q.node_id, q.code, q.label, q.stage, q.pipeline, q.current_value, q.currency, q.assigned_to_id, q.assigned_to_name,
    q.quiet_since, q.last_event_at
FROM (
    SELECT o.node_id, o.code, o.label, o.stage, o.pipeline, o.current_value, o.currency, o.assigned_to_id,
        o.assigned_to_name, coalesce(le.last_event_at, o.created_at) AS quiet_since, le.last_event_at
    FROM rye.opportunities_active_secure o
    -- Deal by deal, by index.
    LEFT JOIN LATERAL (
        SELECT e.occurred_at AS last_event_at FROM rye.event_participants ep LEFT JOIN rye.events e ON e.id = ep.event_id
        WHERE ep.node_id = o.node_id ORDER BY e.occurred_at DESC NULLS LAST LIMIT 1
    ) le ON true
    WHERE o.created_at < @since::timestamptz
) q
WHERE q.quiet_since < @since::timestamptz
    AND (q.quiet_since, q.node_id) > (coalesce(sqlc.narg('after_quiet_since')::timestamptz, '-infinity'),
        coalesce(sqlc.narg('after_id')::uuid, '00000000-0000-0000-0000-000000000000'))
ORDER BY q.quiet_since, q.node_id
LIMIT @max_rows;
