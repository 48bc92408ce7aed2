-- EdgeGet gives an edge by its id, an archived one too.
-- name: EdgeGet :one
SELECT e.id, e.edge_type, e.source_id, e.target_id, e.properties, e.effective_from, e.effective_to, e.weight,
    e.attrs, e.created_at, e.archived_at
FROM rye.edges e
WHERE e.id = @id;

-- EdgeListByNode gives the edges of a node in both directions, those without an end first, then by type;
-- an edge from the node to itself comes once. No types stand for all, a null At for any time. The next
-- page begins after the last row's Ended, EdgeType and ID.
-- name: EdgeListByNode :many
SELECT e.id, e.edge_type, (e.source_id = @node_id)::boolean AS outbound, o.id AS other_id, o.node_type AS other_type,
    o.label AS other_label, other_code.other_code,
    e.properties, e.effective_from, e.effective_to, (e.effective_to IS NOT NULL)::boolean AS ended, e.attrs
FROM rye.edges e
CROSS JOIN LATERAL (
    -- OFFSET 0, so that the other ends of a hub's edges are looked up one by one, and not all nodes read.
    SELECT n.id, n.node_type, n.label, n.properties, n.archived_at FROM rye.nodes n
    WHERE n.id = CASE WHEN e.source_id = @node_id THEN e.target_id ELSE e.source_id END
    OFFSET 0
) o
CROSS JOIN LATERAL jsonb_extract_path_text(o.properties, 'code') AS other_code
WHERE (e.source_id = @node_id OR e.target_id = @node_id)
    AND (coalesce(cardinality(@edge_types::text[]), 0) = 0 OR e.edge_type = ANY (@edge_types::text[]))
    AND (e.archived_at IS NULL OR e.archived_at > sqlc.narg('at')::timestamptz)
    AND (o.archived_at IS NULL OR o.archived_at > sqlc.narg('at')::timestamptz)
    AND (sqlc.narg('at')::timestamptz IS NULL
        OR ((e.effective_from IS NULL OR e.effective_from <= sqlc.narg('at')::timestamptz)
            AND (e.effective_to IS NULL OR e.effective_to > sqlc.narg('at')::timestamptz)))
    AND (e.effective_to IS NOT NULL, e.edge_type, e.id) > (coalesce(sqlc.narg('after_ended')::boolean, false),
        coalesce(sqlc.narg('after_type')::text, ''), coalesce(sqlc.narg('after_id')::uuid, '00000000-0000-0000-0000-000000000000'))
ORDER BY e.effective_to IS NOT NULL, e.edge_type, e.id
LIMIT @max_rows;

-- EdgeListByNodes gives the edges of many nodes in both directions, each with the node that it was asked
-- for, by node and edge id; an edge between two of the nodes comes for each. No types stand for all, a
-- null At for any time. The next page begins after the last row's NodeID and ID.
-- name: EdgeListByNodes :many
SELECT u.node_id, u.id, u.edge_type, u.outbound, o.id AS other_id, o.node_type AS other_type, o.label AS other_label,
    other_code.other_code, u.properties, u.effective_from, u.effective_to, u.attrs
FROM (
    SELECT se.source_id AS node_id, true AS outbound, se.target_id AS far_id, se.id, se.edge_type, se.properties,
        se.effective_from, se.effective_to, se.attrs, se.archived_at
    FROM rye.edges se
    WHERE se.source_id = ANY (@node_ids::uuid[])
    UNION ALL
    SELECT te.target_id, false, te.source_id, te.id, te.edge_type, te.properties,
        te.effective_from, te.effective_to, te.attrs, te.archived_at
    FROM rye.edges te
    WHERE te.target_id = ANY (@node_ids::uuid[]) AND te.source_id <> te.target_id
) u
JOIN rye.nodes o ON o.id = u.far_id
CROSS JOIN LATERAL jsonb_extract_path_text(o.properties, 'code') AS other_code
WHERE (coalesce(cardinality(@edge_types::text[]), 0) = 0 OR u.edge_type = ANY (@edge_types::text[]))
    AND (u.archived_at IS NULL OR u.archived_at > sqlc.narg('at')::timestamptz)
    AND (o.archived_at IS NULL OR o.archived_at > sqlc.narg('at')::timestamptz)
    AND (sqlc.narg('at')::timestamptz IS NULL
        OR ((u.effective_from IS NULL OR u.effective_from <= sqlc.narg('at')::timestamptz)
            AND (u.effective_to IS NULL OR u.effective_to > sqlc.narg('at')::timestamptz)))
    AND (u.node_id, u.id) > (coalesce(sqlc.narg('after_node_id')::uuid, '00000000-0000-0000-0000-000000000000'),
        coalesce(sqlc.narg('after_id')::uuid, '00000000-0000-0000-0000-000000000000'))
ORDER BY u.node_id, u.id
LIMIT @max_rows;

-- EdgeCreate ties two nodes that the session sees, and gives the id of the edge. Without EffectiveFrom it
-- is not known since when it holds, without EffectiveTo it holds. A null Weight is 1.
-- name: EdgeCreate :one
INSERT INTO rye.edges (edge_type, source_id, target_id, properties, effective_from, effective_to, weight, attrs)
VALUES (@edge_type, @source_id, @target_id, coalesce(sqlc.narg('properties')::jsonb, '{}'), sqlc.narg('effective_from'),
    sqlc.narg('effective_to'), coalesce(sqlc.narg('weight')::numeric, 1.0), coalesce(sqlc.narg('attrs')::jsonb, '{}'))
RETURNING id;

-- EdgeCreateMany is EdgeCreate for many edges, in one round trip.
-- name: EdgeCreateMany :batchone
INSERT INTO rye.edges (edge_type, source_id, target_id, properties, effective_from, effective_to, weight, attrs)
VALUES (@edge_type, @source_id, @target_id, coalesce(sqlc.narg('properties')::jsonb, '{}'), sqlc.narg('effective_from'),
    sqlc.narg('effective_to'), coalesce(sqlc.narg('weight')::numeric, 1.0), coalesce(sqlc.narg('attrs')::jsonb, '{}'))
RETURNING id;

-- EdgeEnd says when an edge ended: a person left, an owner changed. It stays for the history. An edge that
-- ended before is left as it is; one that had not begun ends when it begins. It gives how many edges it
-- changed: none, if there is no such edge that the session may change.
-- name: EdgeEnd :execrows
UPDATE rye.edges
SET effective_to = greatest(@effective_to::timestamptz, effective_from)
WHERE id = @id AND archived_at IS NULL AND (effective_to IS NULL OR effective_to > @effective_to::timestamptz);

-- EdgeArchive takes back an edge that should not have been; for one that no longer holds there is EdgeEnd.
-- It gives how many edges it changed.
-- name: EdgeArchive :execrows
UPDATE rye.edges
SET archived_at = now()
WHERE id = @id AND archived_at IS NULL;

-- EdgeListEmployers gives the employers of a person at a time (null: now), the latest first; one without
-- a beginning comes last. The next page begins before the last row's Since and EdgeID.
-- name: EdgeListEmployers :many
SELECT e.id AS edge_id, o.id AS org_id, o.label AS org_name, org_code.org_code, title.title, department.department,
    e.effective_from AS since, e.effective_to AS until
FROM rye.edges e
JOIN rye.nodes o ON o.id = e.source_id
CROSS JOIN LATERAL jsonb_extract_path_text(o.properties, 'code') AS org_code
CROSS JOIN LATERAL jsonb_extract_path_text(e.properties, 'title') AS title
CROSS JOIN LATERAL jsonb_extract_path_text(e.properties, 'department') AS department
WHERE e.target_id = @person_id AND e.edge_type = 'employs'
    AND (e.effective_from IS NULL OR e.effective_from <= coalesce(sqlc.narg('at')::timestamptz, now()))
    AND (e.effective_to IS NULL OR e.effective_to > coalesce(sqlc.narg('at')::timestamptz, now()))
    AND (e.archived_at IS NULL OR e.archived_at > coalesce(sqlc.narg('at')::timestamptz, now()))
    AND (o.archived_at IS NULL OR o.archived_at > coalesce(sqlc.narg('at')::timestamptz, now()))
    AND (coalesce(e.effective_from, '-infinity'), e.id) < (
        CASE WHEN sqlc.narg('before_id')::uuid IS NULL THEN 'infinity' ELSE coalesce(sqlc.narg('before_since')::timestamptz, '-infinity') END,
        coalesce(sqlc.narg('before_id')::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff'))
ORDER BY coalesce(e.effective_from, '-infinity') DESC, e.id DESC
LIMIT @max_rows;

-- EdgeListPeople gives the people whom an org employs at a time (null: now), by name. The next page
-- begins after the last row's Name (blank if null) and EdgeID.
-- name: EdgeListPeople :many
SELECT e.id AS edge_id, n.id AS person_id, n.label AS name, code.code, email.email, phone.phone, title.title,
    department.department, e.effective_from AS since, e.effective_to AS until
FROM rye.edges e
JOIN rye.nodes n ON n.id = e.target_id
CROSS JOIN LATERAL jsonb_extract_path_text(n.properties, 'code') AS code
CROSS JOIN LATERAL jsonb_extract_path_text(n.properties, 'email') AS email
CROSS JOIN LATERAL jsonb_extract_path_text(n.properties, 'phone') AS phone
CROSS JOIN LATERAL jsonb_extract_path_text(e.properties, 'title') AS title
CROSS JOIN LATERAL jsonb_extract_path_text(e.properties, 'department') AS department
WHERE e.source_id = @org_id AND e.edge_type = 'employs'
    AND (e.effective_from IS NULL OR e.effective_from <= coalesce(sqlc.narg('at')::timestamptz, now()))
    AND (e.effective_to IS NULL OR e.effective_to > coalesce(sqlc.narg('at')::timestamptz, now()))
    AND (e.archived_at IS NULL OR e.archived_at > coalesce(sqlc.narg('at')::timestamptz, now()))
    AND (n.archived_at IS NULL OR n.archived_at > coalesce(sqlc.narg('at')::timestamptz, now()))
    AND (coalesce(n.label, ''), e.id) > (coalesce(sqlc.narg('after_name')::text, ''),
        coalesce(sqlc.narg('after_id')::uuid, '00000000-0000-0000-0000-000000000000'))
ORDER BY coalesce(n.label, ''), e.id
LIMIT @max_rows;
