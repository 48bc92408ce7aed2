-- NodeGet gives a node by its id, an archived one too.
-- name: NodeGet :one
SELECT id, node_type, label, external_id, external_source, properties, attrs, created_at, updated_at, archived_at
FROM rye.nodes
WHERE id = @id;

-- NodeListByIDs gives nodes by their ids, archived ones too, ordered by id.
-- name: NodeListByIDs :many
SELECT id, node_type, label, external_id, external_source, properties, attrs, created_at, updated_at, archived_at
FROM rye.nodes
WHERE id = ANY (@ids::uuid[])
ORDER BY id
LIMIT @max_rows;

-- NodeGetByCode gives a node by its code, an archived one if none that lives has it.
-- name: NodeGetByCode :one
SELECT n.id, n.node_type, n.label, n.external_id, n.external_source, n.properties, n.attrs, n.created_at, n.updated_at, n.archived_at
FROM rye.find_nodes_by_code(ARRAY[@code::text]) AS f (node_id)
JOIN rye.nodes n ON n.id = f.node_id
ORDER BY n.archived_at DESC NULLS FIRST, n.id
LIMIT 1;

-- NodeListByCodes gives the nodes that have one of the codes, ordered by code and id.
-- name: NodeListByCodes :many
SELECT sqlc.embed(n), (n.properties ->> 'code')::text AS code
FROM rye.find_nodes_by_code(@codes::text[]) AS f (node_id)
JOIN rye.nodes n ON n.id = f.node_id
WHERE n.archived_at IS NULL
ORDER BY (n.properties ->> 'code') COLLATE "C", n.id
LIMIT @max_rows;

-- NodeListByCodePrefix gives the nodes whose code begins with a text, such as OPP-2403-, ordered by
-- code and id. The text is taken as it stands: % and _ are signs like others. The next page begins
-- after the code and the id of the last row.
-- name: NodeListByCodePrefix :many
SELECT sqlc.embed(n), (n.properties ->> 'code')::text AS code
FROM rye.find_nodes_by_code_prefix(@prefix::text, sqlc.narg('after_code')::text,
    coalesce(sqlc.narg('after_id')::uuid, '00000000-0000-0000-0000-000000000000'), @max_rows::int) AS f (node_id)
JOIN rye.nodes n ON n.id = f.node_id
ORDER BY (n.properties ->> 'code') COLLATE "C", n.id
LIMIT @max_rows::int;

-- NodeGetByExternalID gives the living node that an external system knows by an id. The source of
-- codes that this graph made is internal.
-- name: NodeGetByExternalID :one
SELECT id, node_type, label, external_id, external_source, properties, attrs, created_at, updated_at, archived_at
FROM rye.nodes
WHERE external_source = @external_source::text AND external_id = @external_id::text AND archived_at IS NULL;

-- NodeGetBySourceRecord gives the node that a record of a source stands for, by the name of the
-- source, the object and the id there; an archived node too.
-- name: NodeGetBySourceRecord :one
SELECT n.id, n.node_type, n.label, n.external_id, n.external_source, n.properties, n.attrs, n.created_at, n.updated_at, n.archived_at
FROM rye.node_source_map m
JOIN rye.nodes n ON n.id = m.node_id
WHERE m.source_schema = @source AND m.source_table = @object AND m.source_id = @source_id;

-- NodeListByType gives the nodes of a type, the newest first. The next page begins before the
-- created_at and the id of the last row.
-- name: NodeListByType :many
SELECT n.id, n.node_type, n.label, n.external_id, n.external_source, n.properties, n.attrs, n.created_at, n.updated_at, n.archived_at
FROM rye.nodes n
WHERE n.node_type = @node_type AND n.archived_at IS NULL
    AND (n.created_at, n.id) < (
        CASE WHEN sqlc.narg('before_at')::timestamptz IS NULL THEN 'infinity' ELSE sqlc.narg('before_at')::timestamptz END,
        CASE WHEN sqlc.narg('before_id')::uuid IS NULL THEN 'ffffffff-ffff-ffff-ffff-ffffffffffff' ELSE sqlc.narg('before_id')::uuid END)
ORDER BY n.created_at DESC, n.id DESC
LIMIT @max_rows;

-- NodeListByProperties gives the nodes whose properties contain a JSON object, such as
-- {"industry": "Brewing"}, ordered by id; an empty object finds none. Without a type, those of all
-- types.
-- name: NodeListByProperties :many
SELECT n.id, n.node_type, n.label, n.external_id, n.external_source, n.properties, n.attrs, n.created_at, n.updated_at, n.archived_at
FROM rye.find_nodes_by_properties(@contains::jsonb, sqlc.narg('node_type')::text, sqlc.narg('after_id')::uuid, @max_rows::int) AS f (node_id)
JOIN rye.nodes n ON n.id = f.node_id
ORDER BY n.id
LIMIT @max_rows::int;

-- NodeSearchByName gives the nodes whose label is like a name, the most alike first, with how alike
-- they are from 0 to 1; min_similarity 0 stands for 0.3. No types means all. The next page begins
-- before the similarity and the id of the last row, and searches anew: ask for few pages.
-- name: NodeSearchByName :many
SELECT sqlc.embed(n), f.similarity::double precision AS similarity
FROM rye.find_nodes_by_label(@name::text, @node_types::text[], coalesce(nullif(@min_similarity::double precision, 0), 0.3),
    sqlc.narg('before_similarity')::double precision,
    coalesce(sqlc.narg('before_id')::uuid, '00000000-0000-0000-0000-000000000000'), @max_rows::int) AS f (node_id, similarity)
JOIN rye.nodes n ON n.id = f.node_id
ORDER BY f.similarity DESC, n.id DESC
LIMIT @max_rows::int;

-- NodeListByEmail gives the nodes that have an e-mail address, in whatever case, ordered by id.
-- name: NodeListByEmail :many
SELECT sqlc.embed(n), (n.properties ->> 'email')::text AS email
FROM rye.find_nodes_by_email(ARRAY[@email::text], sqlc.narg('after_id')::uuid, @max_rows::int) AS f (node_id)
JOIN rye.nodes n ON n.id = f.node_id
ORDER BY n.id
LIMIT @max_rows::int;

-- NodeListByEmails gives the nodes that have one of the e-mail addresses, in whatever case, ordered
-- by id, with the address as the node has it.
-- name: NodeListByEmails :many
SELECT sqlc.embed(n), (n.properties ->> 'email')::text AS email
FROM rye.find_nodes_by_email(@emails::text[], sqlc.narg('after_id')::uuid, @max_rows::int) AS f (node_id)
JOIN rye.nodes n ON n.id = f.node_id
ORDER BY n.id
LIMIT @max_rows::int;

-- NodeListByEmailDomain gives the nodes with an e-mail address of a domain (acme.example, without @
-- and without its subdomains), ordered by the address as read from its end, then id. The next page
-- begins after the email and the id of the last row.
-- name: NodeListByEmailDomain :many
SELECT sqlc.embed(n), (n.properties ->> 'email')::text AS email
FROM rye.find_nodes_by_email_domain(@domain::text, sqlc.narg('after_email')::text,
    coalesce(sqlc.narg('after_id')::uuid, '00000000-0000-0000-0000-000000000000'), @max_rows::int) AS f (node_id)
JOIN rye.nodes n ON n.id = f.node_id
ORDER BY rye.email_key(n.properties ->> 'email') COLLATE "C", n.id
LIMIT @max_rows::int;

-- NodeListByPhone gives the nodes that have a telephone number, ordered by id. Only the digits
-- count, and a leading 00 is a +; a number without the code of its country is another number.
-- name: NodeListByPhone :many
SELECT sqlc.embed(n), (n.properties ->> 'phone')::text AS phone
FROM rye.find_nodes_by_phone(ARRAY[@phone::text], sqlc.narg('after_id')::uuid, @max_rows::int) AS f (node_id)
JOIN rye.nodes n ON n.id = f.node_id
ORDER BY n.id
LIMIT @max_rows::int;

-- NodeListByPhones gives the nodes that have one of the telephone numbers, as NodeListByPhone.
-- name: NodeListByPhones :many
SELECT sqlc.embed(n), (n.properties ->> 'phone')::text AS phone
FROM rye.find_nodes_by_phone(@phones::text[], sqlc.narg('after_id')::uuid, @max_rows::int) AS f (node_id)
JOIN rye.nodes n ON n.id = f.node_id
ORDER BY n.id
LIMIT @max_rows::int;

-- NodeListByWebsites gives the nodes whose website is on the same host as one of those given,
-- ordered by id. Scheme, www., path and case do not count: acme.example is enough.
-- name: NodeListByWebsites :many
SELECT sqlc.embed(n), (n.properties ->> 'website')::text AS website
FROM rye.find_nodes_by_website(@websites::text[], sqlc.narg('after_id')::uuid, @max_rows::int) AS f (node_id)
JOIN rye.nodes n ON n.id = f.node_id
ORDER BY n.id
LIMIT @max_rows::int;

-- NodeListNeighbors gives the nodes that can be reached from one over at most max_hops edges that
-- held at a time, in both directions, the nearest first: each once, with its distance, the type of
-- the edge by which it was first reached, whether that edge points to it, and the node that it was
-- reached from. No types means all. It ends at max_rows.
-- name: NodeListNeighbors :many
SELECT sqlc.embed(n), f.hops::int AS hops, f.edge_type::text AS edge_type, f.outbound::boolean AS outbound, f.from_id::uuid AS from_id
FROM rye.node_neighbors(@node_id::uuid, @max_hops::int, @edge_types::text[], @at::timestamptz, @max_rows::int)
    AS f (node_id, hops, edge_type, outbound, from_id)
JOIN rye.nodes n ON n.id = f.node_id
ORDER BY f.hops, f.edge_type, n.id
LIMIT @max_rows::int;

-- NodeListDuplicates gives the nodes of the same type that may be the same person or organization:
-- those with the same e-mail address, the same telephone number, or a label that is more than 0.6
-- alike. With each, why (email, label, phone), and a score from 0 to 1, the likeliest first. The next
-- page begins before the score and the id of the last row. Archived nodes have no duplicates.
-- name: NodeListDuplicates :many
WITH me AS (
    SELECT m.id, m.node_type, m.label, m.properties ->> 'email' AS email, m.properties ->> 'phone' AS phone
    FROM rye.nodes m
    WHERE m.id = @node_id AND m.archived_at IS NULL
), hits AS (
    SELECT fe.node_id, 'email' AS reason, 0.9::double precision AS weight
    FROM me CROSS JOIN LATERAL rye.find_nodes_by_email(ARRAY[me.email], NULL, 1000) AS fe (node_id)
    UNION ALL
    SELECT fp.node_id, 'phone', 0.6
    FROM me CROSS JOIN LATERAL rye.find_nodes_by_phone(ARRAY[me.phone], NULL, 1000) AS fp (node_id)
    UNION ALL
    SELECT fl.node_id, 'label', fl.similarity / 2
    FROM me CROSS JOIN LATERAL rye.find_nodes_by_label(me.label, ARRAY[me.node_type], 0.6, NULL, NULL, 1000) AS fl (node_id, similarity)
    WHERE fl.similarity > 0.6
), scored AS (
    SELECT h.node_id, array_agg(h.reason ORDER BY h.reason) AS reasons,
        1 - (1 - coalesce(max(h.weight) FILTER (WHERE h.reason = 'email'), 0))
            * (1 - coalesce(max(h.weight) FILTER (WHERE h.reason = 'phone'), 0))
            * (1 - coalesce(max(h.weight) FILTER (WHERE h.reason = 'label'), 0)) AS score
    FROM hits h
    GROUP BY h.node_id
)
SELECT sqlc.embed(n), s.reasons::text[] AS reasons, s.score::double precision AS score
FROM scored s
JOIN rye.nodes n ON n.id = s.node_id
JOIN me k ON k.node_type = n.node_type AND k.id <> n.id
WHERE (s.score, n.id) < (coalesce(sqlc.narg('before_score')::double precision, 'infinity'), coalesce(sqlc.narg('before_id')::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff'))
ORDER BY s.score DESC, n.id DESC
LIMIT @max_rows;

-- NodeCreate makes a node and gives its id, which is new unless the caller brings one. Teams and
-- classification go to attrs; a code, from CodeGenerate, to the properties under "code" and to
-- external_id with the source internal. Null properties or attrs are an empty object.
-- name: NodeCreate :one
WITH made AS MATERIALIZED (
    SELECT coalesce(sqlc.narg('id')::uuid, gen_random_uuid()) AS id
), added AS (
    INSERT INTO rye.nodes (id, node_type, label, external_id, external_source, properties, attrs)
    SELECT m.id, @node_type::text, sqlc.narg('label')::text, sqlc.narg('external_id')::text, sqlc.narg('external_source')::text,
        coalesce(sqlc.narg('properties')::jsonb, '{}'), coalesce(sqlc.narg('attrs')::jsonb, '{}')
    FROM made m
)
SELECT made.id::uuid AS id FROM made;

-- NodeCreateMany makes nodes in one round trip, each as NodeCreate does.
-- name: NodeCreateMany :batchone
WITH made AS MATERIALIZED (
    SELECT coalesce(sqlc.narg('id')::uuid, gen_random_uuid()) AS id
), added AS (
    INSERT INTO rye.nodes (id, node_type, label, external_id, external_source, properties, attrs)
    SELECT m.id, @node_type::text, sqlc.narg('label')::text, sqlc.narg('external_id')::text, sqlc.narg('external_source')::text,
        coalesce(sqlc.narg('properties')::jsonb, '{}'), coalesce(sqlc.narg('attrs')::jsonb, '{}')
    FROM made m
)
SELECT made.id::uuid AS id FROM made;

-- NodeSetProperties merges a JSON object into the properties of a living node: keys that it does not
-- name stay. A null label stays as it was. It gives the node as it is now, and no row where the
-- session may not change it or what is given is no object.
-- name: NodeSetProperties :one
UPDATE rye.nodes
SET properties = properties || @properties::jsonb, label = coalesce(sqlc.narg('label')::text, label)
WHERE id = @id AND archived_at IS NULL AND jsonb_typeof(@properties::jsonb) = 'object'
RETURNING id, node_type, label, external_id, external_source, properties, attrs, created_at, updated_at, archived_at;

-- NodeArchive archives living nodes (the graph deletes none) and gives how many those were that the
-- session may change.
-- name: NodeArchive :execrows
UPDATE rye.nodes SET archived_at = now() WHERE id = ANY (@ids::uuid[]) AND archived_at IS NULL;

-- NodeRestore brings archived nodes back and gives how many those were that the session may change.
-- A node that was merged into another stays archived.
-- name: NodeRestore :execrows
UPDATE rye.nodes SET archived_at = NULL
WHERE id = ANY (@ids::uuid[]) AND archived_at IS NOT NULL
    AND NOT EXISTS (SELECT FROM rye.node_merges m WHERE m.duplicate_id = rye.nodes.id);

-- NodeMerge folds a duplicate into the canonical node: edges, facts, participations, artifacts and
-- records of sources move over, the duplicate is archived. A null merged_by is the user of the
-- session. Errors: RY003 archived, RY004 not permitted, RY006 not seen, RY007 the same node.
-- name: NodeMerge :exec
SELECT rye.merge_nodes(@duplicate_id::uuid, @canonical_id::uuid, coalesce(sqlc.narg('merged_by')::text, rye.session_user_id(), 'system'));

-- NodeLink ties a record of a source to a node and gives the node's id: it makes the node, or merges
-- the properties into the one that the record has already. Error: RY004 not permitted.
-- name: NodeLink :one
SELECT rye.link_record(@source::text, @object::text, @source_id::text, @node_type::text, sqlc.narg('label')::text,
    sqlc.narg('properties')::jsonb)::uuid AS node_id;

-- NodeLinkMany ties records to nodes in one round trip, each as NodeLink does.
-- name: NodeLinkMany :batchone
SELECT rye.link_record(@source::text, @object::text, @source_id::text, @node_type::text, sqlc.narg('label')::text,
    sqlc.narg('properties')::jsonb)::uuid AS node_id;
