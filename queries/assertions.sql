-- AssertionGet gives a fact by its id, whether it is current or superseded.
-- name: AssertionGet :one
SELECT a.id, a.assertion_type, a.assertion_key, a.subject_node_id, a.subject_edge_id, a.claim, a.asserted_at, a.effective_at,
    a.superseded_at, a.superseded_by, a.source_event_id, a.confidence, a.attrs, a.created_at
FROM rye.assertions a
WHERE a.id = @id;

-- AssertionGetCurrent gives the current fact of a type and key about a node. A blank key is the key of
-- facts that have one value, "default".
-- name: AssertionGetCurrent :one
SELECT a.id, a.assertion_type, a.assertion_key, a.subject_node_id, a.subject_edge_id, a.claim, a.asserted_at, a.effective_at,
    a.superseded_at, a.superseded_by, a.source_event_id, a.confidence, a.attrs, a.created_at
FROM rye.assertions a
WHERE a.subject_node_id = @node_id::uuid AND a.assertion_type = @assertion_type
    AND a.assertion_key = coalesce(nullif(@assertion_key::text, ''), 'default')
    AND a.subject_edge_id IS NULL AND a.superseded_at IS NULL;

-- AssertionListCurrent gives the current facts about a node, by type and key. No types stand for all.
-- The next page begins after the last row's AssertionType, AssertionKey and ID.
-- name: AssertionListCurrent :many
SELECT a.id, a.assertion_type, a.assertion_key, a.subject_node_id, a.subject_edge_id, a.claim, a.asserted_at, a.effective_at,
    a.superseded_at, a.superseded_by, a.source_event_id, a.confidence, a.attrs, a.created_at
FROM rye.assertions a
WHERE a.subject_node_id = @node_id::uuid AND a.superseded_at IS NULL
    AND (coalesce(cardinality(@assertion_types::text[]), 0) = 0 OR a.assertion_type = ANY (@assertion_types::text[]))
    AND (a.assertion_type, a.assertion_key, a.id) > (coalesce(sqlc.narg('after_type')::text, ''),
        coalesce(sqlc.narg('after_key')::text, ''), coalesce(sqlc.narg('after_id')::uuid, '00000000-0000-0000-0000-000000000000'))
ORDER BY a.assertion_type, a.assertion_key, a.id
LIMIT @max_rows;

-- AssertionListCurrentByNodes gives the current facts about many nodes, by node, type and key. No types
-- stand for all. The next page begins after the last row's SubjectNodeID, AssertionType, AssertionKey
-- and ID.
-- name: AssertionListCurrentByNodes :many
SELECT a.id, a.assertion_type, a.assertion_key, a.subject_node_id, a.subject_edge_id, a.claim, a.asserted_at, a.effective_at,
    a.superseded_at, a.superseded_by, a.source_event_id, a.confidence, a.attrs, a.created_at
FROM rye.assertions a
WHERE a.subject_node_id = ANY (@node_ids::uuid[]) AND a.superseded_at IS NULL
    AND (coalesce(cardinality(@assertion_types::text[]), 0) = 0 OR a.assertion_type = ANY (@assertion_types::text[]))
    AND (a.subject_node_id, a.assertion_type, a.assertion_key, a.id) > (
        coalesce(sqlc.narg('after_node_id')::uuid, '00000000-0000-0000-0000-000000000000'),
        coalesce(sqlc.narg('after_type')::text, ''), coalesce(sqlc.narg('after_key')::text, ''),
        coalesce(sqlc.narg('after_id')::uuid, '00000000-0000-0000-0000-000000000000'))
ORDER BY a.subject_node_id, a.assertion_type, a.assertion_key, a.id
LIMIT @max_rows;

-- AssertionListHistory gives what one fact about a node said over time, newest first. A blank key is
-- "default". The next page begins before the last row's AssertedAt, SupersededAt and ID.
-- name: AssertionListHistory :many
SELECT a.id, a.assertion_type, a.assertion_key, a.subject_node_id, a.subject_edge_id, a.claim, a.asserted_at, a.effective_at,
    a.superseded_at, a.superseded_by, a.source_event_id, a.confidence, a.attrs, a.created_at
FROM rye.assertions a
WHERE a.subject_node_id = @node_id::uuid AND a.assertion_type = @assertion_type
    AND a.assertion_key = coalesce(nullif(@assertion_key::text, ''), 'default') AND a.subject_edge_id IS NULL
    -- Of two that were recorded in one transaction, the one that holds is the newer.
    AND (a.asserted_at, coalesce(a.superseded_at, 'infinity'), a.id) < (
        coalesce(sqlc.narg('before_asserted_at')::timestamptz, 'infinity'),
        coalesce(sqlc.narg('before_superseded_at')::timestamptz, 'infinity'),
        coalesce(sqlc.narg('before_id')::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff'))
ORDER BY a.asserted_at DESC, coalesce(a.superseded_at, 'infinity') DESC, a.id DESC
LIMIT @max_rows;

-- AssertionListBelieved gives the facts about a node that were on record at a time, whatever was learnt
-- since, by type and key. No types stand for all. The next page begins after the last row's
-- AssertionType, AssertionKey and ID.
-- name: AssertionListBelieved :many
SELECT a.id, a.assertion_type, a.assertion_key, a.subject_node_id, a.subject_edge_id, a.claim, a.asserted_at, a.effective_at,
    a.superseded_at, a.superseded_by, a.source_event_id, a.confidence, a.attrs, a.created_at
FROM rye.assertions a
WHERE a.subject_node_id = @node_id::uuid AND a.asserted_at <= @at::timestamptz
    AND (a.superseded_at IS NULL OR a.superseded_at > @at::timestamptz)
    AND (coalesce(cardinality(@assertion_types::text[]), 0) = 0 OR a.assertion_type = ANY (@assertion_types::text[]))
    AND (a.assertion_type, a.assertion_key, a.id) > (coalesce(sqlc.narg('after_type')::text, ''),
        coalesce(sqlc.narg('after_key')::text, ''), coalesce(sqlc.narg('after_id')::uuid, '00000000-0000-0000-0000-000000000000'))
ORDER BY a.assertion_type, a.assertion_key, a.id
LIMIT @max_rows;

-- AssertionListByNode gives the facts about a node with their history: by type and key, and of each the
-- current one first, then the latest. No types stand for all. The next page begins after the last row's
-- AssertionType, AssertionKey, SupersededAt, AssertedAt and ID.
-- name: AssertionListByNode :many
SELECT a.id, a.assertion_type, a.assertion_key, a.subject_node_id, a.subject_edge_id, a.claim, a.asserted_at, a.effective_at,
    a.superseded_at, a.superseded_by, a.source_event_id, a.confidence, a.attrs, a.created_at
FROM rye.assertions a
WHERE a.subject_node_id = @node_id::uuid
    AND (coalesce(cardinality(@assertion_types::text[]), 0) = 0 OR a.assertion_type = ANY (@assertion_types::text[]))
    AND (sqlc.narg('after_id')::uuid IS NULL
        OR (a.assertion_type, a.assertion_key) > (sqlc.narg('after_type')::text, sqlc.narg('after_key')::text)
        OR (a.assertion_type = sqlc.narg('after_type')::text AND a.assertion_key = sqlc.narg('after_key')::text
            AND (coalesce(a.superseded_at, 'infinity'), a.asserted_at, a.id) < (
                coalesce(sqlc.narg('after_superseded_at')::timestamptz, 'infinity'),
                sqlc.narg('after_asserted_at')::timestamptz, sqlc.narg('after_id')::uuid)))
ORDER BY a.assertion_type, a.assertion_key, coalesce(a.superseded_at, 'infinity') DESC, a.asserted_at DESC, a.id DESC
LIMIT @max_rows;

-- AssertionRecord records a first fact about a node, an edge or both, and gives its id. A blank key is
-- "default"; a null EffectiveAt is now. The error is RY005 if there is a current fact of that subject,
-- type and key: then it is AssertionSupersede that is wanted.
-- name: AssertionRecord :one
SELECT rye.supersede_assertion(
    p_old_assertion_id := NULL,
    p_new_assertion_type := @assertion_type::text,
    p_new_subject_node_id := sqlc.narg('subject_node_id')::uuid,
    p_new_subject_edge_id := sqlc.narg('subject_edge_id')::uuid,
    p_new_claim := @claim::jsonb,
    p_new_source_event_id := sqlc.narg('source_event_id')::uuid,
    p_new_confidence := sqlc.narg('confidence')::numeric,
    p_new_assertion_key := nullif(@assertion_key::text, ''),
    p_new_effective_at := sqlc.narg('effective_at')::timestamptz,
    p_new_attrs := sqlc.narg('attrs')::jsonb)::uuid AS id;

-- AssertionRecordMany is AssertionRecord for many facts, in one round trip.
-- name: AssertionRecordMany :batchone
SELECT rye.supersede_assertion(
    p_old_assertion_id := NULL,
    p_new_assertion_type := @assertion_type::text,
    p_new_subject_node_id := sqlc.narg('subject_node_id')::uuid,
    p_new_subject_edge_id := sqlc.narg('subject_edge_id')::uuid,
    p_new_claim := @claim::jsonb,
    p_new_source_event_id := sqlc.narg('source_event_id')::uuid,
    p_new_confidence := sqlc.narg('confidence')::numeric,
    p_new_assertion_key := nullif(@assertion_key::text, ''),
    p_new_effective_at := sqlc.narg('effective_at')::timestamptz,
    p_new_attrs := sqlc.narg('attrs')::jsonb)::uuid AS id;

-- AssertionSupersede replaces a current fact by a new claim about the same, and gives the id of the new
-- fact. A null EffectiveAt is now; a null Confidence is that of the old fact. The errors are RY005 if
-- another has superseded it, RY006 if there is no such fact that the session may change.
-- name: AssertionSupersede :one
SELECT rye.supersede_assertion(
    p_old_assertion_id := @id::uuid,
    p_new_claim := @claim::jsonb,
    p_new_source_event_id := sqlc.narg('source_event_id')::uuid,
    p_new_confidence := sqlc.narg('confidence')::numeric,
    p_new_effective_at := sqlc.narg('effective_at')::timestamptz,
    p_new_attrs := sqlc.narg('attrs')::jsonb)::uuid AS id;

-- AssertionSupersedeMany is AssertionSupersede for many facts, in one round trip.
-- name: AssertionSupersedeMany :batchone
SELECT rye.supersede_assertion(
    p_old_assertion_id := @id::uuid,
    p_new_claim := @claim::jsonb,
    p_new_source_event_id := sqlc.narg('source_event_id')::uuid,
    p_new_confidence := sqlc.narg('confidence')::numeric,
    p_new_effective_at := sqlc.narg('effective_at')::timestamptz,
    p_new_attrs := sqlc.narg('attrs')::jsonb)::uuid AS id;
