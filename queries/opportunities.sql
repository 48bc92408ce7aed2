-- OpportunityCreate makes a deal in the first stage of a pipeline, with its code, and gives its id. Its
-- owner may be null. With teams it is classified internal, so that only they see it. The errors are RY001
-- if there is no such pipeline, RY006 if there is no such owner.
-- name: OpportunityCreate :one
SELECT rye.create_opportunity(@name::text, @pipeline_code::text, sqlc.narg('assigned_to_id')::uuid,
    sqlc.narg('properties')::jsonb, @teams::text[])::uuid AS id;

-- OpportunityAdvance moves a deal to another stage of its pipeline, with an event of it, and gives the id
-- of the new fact. A null actor is the user of the session. The errors are RY002 if the pipeline has no
-- such stage, RY003 if the deal is archived, RY004 if the session may not change it, RY005 if it is in
-- that stage already or another moved it meanwhile, RY006 if there is no such deal.
-- name: OpportunityAdvance :one
SELECT rye.advance_deal_stage(@opportunity_id::uuid, @stage::text, sqlc.narg('reason')::text, sqlc.narg('actor')::text)::uuid AS id;

-- OpportunityAdvanceMany is OpportunityAdvance for many deals, in one round trip.
-- name: OpportunityAdvanceMany :batchone
SELECT rye.advance_deal_stage(@opportunity_id::uuid, @stage::text, sqlc.narg('reason')::text, sqlc.narg('actor')::text)::uuid AS id;

-- OpportunityListContacts gives the people of a deal on the customer's side at a time (null: now): the
-- primary contact first, then by name.
-- name: OpportunityListContacts :many
SELECT e.id AS edge_id, (e.edge_type = 'primary_contact')::boolean AS is_primary, n.id AS person_id, n.label AS name,
    code.code, role.role, email.email, phone.phone, e.effective_from AS since, e.effective_to AS until
FROM rye.edges e
JOIN rye.nodes n ON n.id = e.target_id
CROSS JOIN LATERAL jsonb_extract_path_text(n.properties, 'code') AS code
CROSS JOIN LATERAL jsonb_extract_path_text(e.properties, 'role') AS role
CROSS JOIN LATERAL jsonb_extract_path_text(n.properties, 'email') AS email
CROSS JOIN LATERAL jsonb_extract_path_text(n.properties, 'phone') AS phone
WHERE e.source_id = @opportunity_id AND e.edge_type IN ('primary_contact', 'secondary_contact')
    AND (e.effective_from IS NULL OR e.effective_from <= coalesce(sqlc.narg('at')::timestamptz, now()))
    AND (e.effective_to IS NULL OR e.effective_to > coalesce(sqlc.narg('at')::timestamptz, now()))
    AND (e.archived_at IS NULL OR e.archived_at > coalesce(sqlc.narg('at')::timestamptz, now()))
    AND (n.archived_at IS NULL OR n.archived_at > coalesce(sqlc.narg('at')::timestamptz, now()))
ORDER BY e.edge_type <> 'primary_contact', n.label, e.id
LIMIT @max_rows;

-- OpportunityListOwners gives the people who work on a deal at a time (null: now): its owner first, then
-- its backups, of each the latest first.
-- name: OpportunityListOwners :many
SELECT e.id AS edge_id, role.role, n.id AS person_id, n.label AS name, code.code, email.email,
    e.effective_from AS since, e.effective_to AS until
FROM rye.edges e
JOIN rye.nodes n ON n.id = e.target_id
CROSS JOIN LATERAL jsonb_extract_path_text(e.properties, 'role') AS role
CROSS JOIN LATERAL jsonb_extract_path_text(n.properties, 'code') AS code
CROSS JOIN LATERAL jsonb_extract_path_text(n.properties, 'email') AS email
WHERE e.source_id = @opportunity_id AND e.edge_type = 'assigned_to'
    AND (e.effective_from IS NULL OR e.effective_from <= coalesce(sqlc.narg('at')::timestamptz, now()))
    AND (e.effective_to IS NULL OR e.effective_to > coalesce(sqlc.narg('at')::timestamptz, now()))
    AND (e.archived_at IS NULL OR e.archived_at > coalesce(sqlc.narg('at')::timestamptz, now()))
    AND (n.archived_at IS NULL OR n.archived_at > coalesce(sqlc.narg('at')::timestamptz, now()))
ORDER BY (role.role = 'owner') IS NOT TRUE, e.effective_from DESC NULLS LAST, e.id
LIMIT @max_rows;

-- OpportunityGetOwner gives the owner of a deal at a time (null: now); of several, the latest.
-- name: OpportunityGetOwner :one
SELECT e.id AS edge_id, n.id AS person_id, n.label AS name, code.code, email.email,
    e.effective_from AS since, e.effective_to AS until
FROM rye.edges e
JOIN rye.nodes n ON n.id = e.target_id
CROSS JOIN LATERAL jsonb_extract_path_text(n.properties, 'code') AS code
CROSS JOIN LATERAL jsonb_extract_path_text(n.properties, 'email') AS email
WHERE e.source_id = @opportunity_id AND e.edge_type = 'assigned_to' AND e.properties ->> 'role' = 'owner'
    AND (e.effective_from IS NULL OR e.effective_from <= coalesce(sqlc.narg('at')::timestamptz, now()))
    AND (e.effective_to IS NULL OR e.effective_to > coalesce(sqlc.narg('at')::timestamptz, now()))
    AND (e.archived_at IS NULL OR e.archived_at > coalesce(sqlc.narg('at')::timestamptz, now()))
    AND (n.archived_at IS NULL OR n.archived_at > coalesce(sqlc.narg('at')::timestamptz, now()))
ORDER BY e.effective_from DESC NULLS LAST, e.id
LIMIT 1;

-- OpportunityListStages gives the stages that a deal has been in, the first one first, with the label that
-- the pipeline has for it; LeftAt is null in the present one. The next page begins after the last row's
-- EnteredAt, LeftAt and ID.
-- name: OpportunityListStages :many
SELECT a.id, stage.stage, (
        SELECT stage_label.stage_label FROM rye.nodes pn
        CROSS JOIN LATERAL jsonb_array_elements(
            CASE jsonb_typeof(pn.properties -> 'stages') WHEN 'array' THEN pn.properties -> 'stages' ELSE '[]' END) AS ps (stage)
        CROSS JOIN LATERAL jsonb_extract_path_text(ps.stage, 'label') AS stage_label
        WHERE pn.node_type = 'pipeline' AND pn.archived_at IS NULL AND pn.properties ->> 'code' = pipeline.pipeline
            AND ps.stage ->> 'key' = stage.stage
        ORDER BY pn.id LIMIT 1
    ) AS stage_label,
    pipeline.pipeline, coalesce(a.effective_at, a.asserted_at) AS entered_at, a.superseded_at AS left_at,
    moved_from.moved_from, reason.reason, a.source_event_id AS event_id
FROM rye.assertions a
CROSS JOIN LATERAL jsonb_extract_path_text(a.claim, 'stage') AS stage
CROSS JOIN LATERAL jsonb_extract_path_text(a.claim, 'pipeline') AS pipeline
CROSS JOIN LATERAL jsonb_extract_path_text(a.claim, 'moved_from') AS moved_from
CROSS JOIN LATERAL jsonb_extract_path_text(a.claim, 'reason') AS reason
WHERE a.subject_node_id = @opportunity_id::uuid AND a.assertion_type = 'deal_stage' AND a.assertion_key = 'default'
    AND a.subject_edge_id IS NULL
    AND (sqlc.narg('after_id')::uuid IS NULL
        OR (coalesce(a.effective_at, a.asserted_at), coalesce(a.superseded_at, 'infinity'), a.id) > (
            sqlc.narg('after_entered_at')::timestamptz, coalesce(sqlc.narg('after_left_at')::timestamptz, 'infinity'),
            sqlc.narg('after_id')::uuid))
ORDER BY coalesce(a.effective_at, a.asserted_at), coalesce(a.superseded_at, 'infinity'), a.id
LIMIT @max_rows;

-- OpportunityListValues gives what a deal was thought to be worth, the first value first; Until is null
-- for the present one, Amount for one that is no number. A blank key is "default". The next page begins
-- after the last row's Since, Until and ID.
-- name: OpportunityListValues :many
SELECT a.id, amount.amount, currency.currency, basis.basis, coalesce(a.effective_at, a.asserted_at) AS since,
    a.superseded_at AS until, a.source_event_id AS event_id
FROM rye.assertions a
CROSS JOIN LATERAL rye.jsonb_number(a.claim -> 'amount') AS amount
CROSS JOIN LATERAL jsonb_extract_path_text(a.claim, 'currency') AS currency
CROSS JOIN LATERAL jsonb_extract_path_text(a.claim, 'basis') AS basis
WHERE a.subject_node_id = @opportunity_id::uuid AND a.assertion_type = 'deal_value'
    AND a.assertion_key = coalesce(nullif(@assertion_key::text, ''), 'default') AND a.subject_edge_id IS NULL
    AND (sqlc.narg('after_id')::uuid IS NULL
        OR (coalesce(a.effective_at, a.asserted_at), coalesce(a.superseded_at, 'infinity'), a.id) > (
            sqlc.narg('after_since')::timestamptz, coalesce(sqlc.narg('after_until')::timestamptz, 'infinity'),
            sqlc.narg('after_id')::uuid))
ORDER BY coalesce(a.effective_at, a.asserted_at), coalesce(a.superseded_at, 'infinity'), a.id
LIMIT @max_rows;

-- OpportunityListTickets gives the open tickets that contacts of deals under way have filed, with contact
-- and deal, by ticket id; a ticket comes once for each deal. A ticket without a status is open. The next
-- page begins after the last row's TicketID, ContactEdgeID and FiledEdgeID.
-- name: OpportunityListTickets :many
SELECT t.id AS ticket_id, t.label AS ticket_title, ticket_code.ticket_code, status.status AS ticket_status,
    x.contact_id, x.contact_name, x.opportunity_id, x.opportunity_name, opportunity_code.opportunity_code,
    x.contact_edge_id, x.filed_edge_id
FROM rye.nodes t
LEFT JOIN rye.assertions ts ON ts.subject_node_id = t.id AND ts.subject_edge_id IS NULL
    AND ts.assertion_type = 'ticket_status' AND ts.assertion_key = 'default' AND ts.superseded_at IS NULL
-- Ticket by ticket, so that a page looks no further than it reaches.
CROSS JOIN LATERAL (
    SELECT c.id AS contact_id, c.label AS contact_name, o.id AS opportunity_id, o.label AS opportunity_name,
        o.properties AS opportunity_properties, ce.id AS contact_edge_id, fe.id AS filed_edge_id
    FROM rye.edges fe
    JOIN rye.nodes c ON c.id = fe.source_id AND c.archived_at IS NULL
    JOIN rye.edges ce ON ce.target_id = c.id AND ce.edge_type IN ('primary_contact', 'secondary_contact')
        AND ce.archived_at IS NULL AND (ce.effective_to IS NULL OR ce.effective_to > now())
    JOIN rye.nodes o ON o.id = ce.source_id AND o.node_type = 'opportunity' AND o.archived_at IS NULL
    WHERE fe.target_id = t.id AND fe.edge_type = 'filed' AND fe.archived_at IS NULL
        AND NOT EXISTS (
            SELECT FROM rye.assertions ds
            WHERE ds.subject_node_id = o.id AND ds.subject_edge_id IS NULL AND ds.assertion_type = 'deal_stage'
                AND ds.assertion_key = 'default' AND ds.superseded_at IS NULL
                AND ds.claim ->> 'stage' IN ('closed_won', 'closed_lost', 'dead'))
        AND (t.id, ce.id, fe.id) > (coalesce(sqlc.narg('after_ticket_id')::uuid, '00000000-0000-0000-0000-000000000000'),
            coalesce(sqlc.narg('after_contact_edge_id')::uuid, '00000000-0000-0000-0000-000000000000'),
            coalesce(sqlc.narg('after_filed_edge_id')::uuid, '00000000-0000-0000-0000-000000000000'))
    ORDER BY ce.id, fe.id
    LIMIT @max_rows
) x
CROSS JOIN LATERAL jsonb_extract_path_text(t.properties, 'code') AS ticket_code
CROSS JOIN LATERAL jsonb_extract_path_text(ts.claim, 'status') AS status
CROSS JOIN LATERAL jsonb_extract_path_text(x.opportunity_properties, 'code') AS opportunity_code
WHERE t.node_type = 'ticket' AND t.archived_at IS NULL
    AND (status.status IS NULL OR status.status NOT IN ('resolved', 'closed'))
    AND t.id >= coalesce(sqlc.narg('after_ticket_id')::uuid, '00000000-0000-0000-0000-000000000000')
ORDER BY t.id, x.contact_edge_id, x.filed_edge_id
LIMIT @max_rows;

-- OpportunityListTicketsByDeal gives the open tickets that the contacts of one deal have filed, under way
-- or not, in the same shape and order, so for one deal a page begins after the same three ids.
-- name: OpportunityListTicketsByDeal :many
SELECT t.id AS ticket_id, t.label AS ticket_title, ticket_code.ticket_code, status.status AS ticket_status,
    c.id AS contact_id, c.label AS contact_name, ce.id AS contact_edge_id, fe.id AS filed_edge_id
FROM rye.edges ce
JOIN rye.nodes c ON c.id = ce.target_id AND c.archived_at IS NULL
JOIN rye.edges fe ON fe.source_id = c.id AND fe.edge_type = 'filed' AND fe.archived_at IS NULL
JOIN rye.nodes t ON t.id = fe.target_id AND t.node_type = 'ticket' AND t.archived_at IS NULL
LEFT JOIN rye.assertions ts ON ts.subject_node_id = t.id AND ts.subject_edge_id IS NULL
    AND ts.assertion_type = 'ticket_status' AND ts.assertion_key = 'default' AND ts.superseded_at IS NULL
CROSS JOIN LATERAL jsonb_extract_path_text(t.properties, 'code') AS ticket_code
CROSS JOIN LATERAL jsonb_extract_path_text(ts.claim, 'status') AS status
WHERE ce.source_id = @opportunity_id AND ce.edge_type IN ('primary_contact', 'secondary_contact')
    AND ce.archived_at IS NULL AND (ce.effective_to IS NULL OR ce.effective_to > now())
    AND (status.status IS NULL OR status.status NOT IN ('resolved', 'closed'))
    AND (t.id, ce.id, fe.id) > (coalesce(sqlc.narg('after_ticket_id')::uuid, '00000000-0000-0000-0000-000000000000'),
        coalesce(sqlc.narg('after_contact_edge_id')::uuid, '00000000-0000-0000-0000-000000000000'),
        coalesce(sqlc.narg('after_filed_edge_id')::uuid, '00000000-0000-0000-0000-000000000000'))
ORDER BY t.id, ce.id, fe.id
LIMIT @max_rows;
