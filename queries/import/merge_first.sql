-- What a source says that says its first word. Nothing of it stands in the graph, so that staging alone tells what becomes
-- of it; and these statements read no table that the transaction which fills the graph may hold from all others.

-- MergeKeyInsert notes which node each record is going to be.
-- name: MergeKeyInsert :execrows
INSERT INTO rye_import.merge_keys (run_no, object_no, legacy_id, node_id)
SELECT s.run_no, s.object_no, s.legacy_id, s.id
FROM rye_import.staging_records s
LEFT JOIN rye_import.staging_nodes n ON n.run_no = s.run_no AND n.rec = s.rec
WHERE s.run_no = @run_no AND s.kind = 'node' AND s.changed AND (s.alias OR n.rec IS NOT NULL);

-- NodeSourceMapInsertFirst ties the records of the run to their nodes.
-- name: NodeSourceMapInsertFirst :execrows
INSERT INTO rye.node_source_map (node_id, source_schema, source_table, source_id, source_id_type)
SELECT k.node_id, o.source, o.object, k.legacy_id, @id_type::text
FROM rye_import.merge_keys k
JOIN rye_import.objects o ON o.object_no = k.object_no
WHERE k.run_no = @run_no;

-- MergeEdgeInsertFirst resolves both ends of the staged links. Of several links that mean the same edge, the one of the
-- lowest rank makes it. References to any object of the source are asked for only if there are some.
-- name: MergeEdgeInsertFirst :execrows
WITH loose AS MATERIALIZED (
    SELECT d.ref, k.node_id
    FROM (
        SELECT l.source_ref AS ref FROM rye_import.staging_links l
        WHERE l.run_no = @run_no AND l.source_object_no IS NULL AND l.source_ref IS NOT NULL
        UNION
        SELECT l.target_ref FROM rye_import.staging_links l
        WHERE l.run_no = @run_no AND l.target_object_no IS NULL AND l.target_ref IS NOT NULL
    ) d
    JOIN rye_import.merge_keys k ON k.run_no = @run_no AND k.legacy_id = d.ref
    WHERE @loose::boolean
), resolved AS (
    SELECT l.rec, l.id, l.slot, l.rank, l.edge_type, l.properties, l.effective_from, l.end_known,
        CASE WHEN o.deleted THEN coalesce(l.effective_to, o.version, @started_at::timestamptz) ELSE l.effective_to END AS effective_to,
        CASE WHEN l.source_ref IS NULL THEN o.id ELSE coalesce(sk.node_id, sl.node_id) END AS source_id,
        CASE WHEN l.target_ref IS NULL THEN o.id ELSE coalesce(tk.node_id, tl.node_id) END AS target_id,
        o.file_no, o.line, o.object_no, o.legacy_id
    FROM rye_import.staging_links l
    JOIN rye_import.staging_records o ON o.run_no = l.run_no AND o.rec = l.rec
    LEFT JOIN rye_import.merge_keys sk
        ON sk.run_no = @run_no AND sk.object_no = l.source_object_no AND sk.legacy_id = l.source_ref
    LEFT JOIN rye_import.merge_keys tk
        ON tk.run_no = @run_no AND tk.object_no = l.target_object_no AND tk.legacy_id = l.target_ref
    LEFT JOIN loose sl ON @loose::boolean AND l.source_object_no IS NULL AND sl.ref = l.source_ref
    LEFT JOIN loose tl ON @loose::boolean AND l.target_object_no IS NULL AND tl.ref = l.target_ref
    WHERE l.run_no = @run_no
), ranked AS (
    SELECT r.*, row_number() OVER (
        PARTITION BY r.source_id, r.target_id, r.edge_type, r.effective_to IS NULL, CASE WHEN r.effective_to IS NULL THEN NULL ELSE r.rec END
        ORDER BY r.rank, r.rec, r.slot) AS n
    FROM resolved r
)
INSERT INTO rye_import.merge_edges (run_no, rec, id, slot, rank, edge_type, source_id, target_id, properties, effective_from, effective_to, end_known,
    outcome, attrs)
SELECT @run_no, r.rec, r.id, r.slot, r.rank, r.edge_type, r.source_id, r.target_id, r.properties, r.effective_from, r.effective_to, r.end_known,
    CASE
        WHEN r.source_id IS NULL OR r.target_id IS NULL THEN 'deferred'
        WHEN r.source_id = r.target_id THEN 'self'
        WHEN r.n > 1 THEN 'twin'
        WHEN r.effective_to IS NOT NULL THEN 'ended'
        ELSE 'new'
    END,
    rye_import.origin(@run_no, r.file_no, r.line, b.object, r.legacy_id, r.slot, NULL)
FROM ranked r
JOIN rye_import.objects b ON b.object_no = r.object_no;

-- MergeDealInsertFirst finds the pipeline of each deal that has staged facts about its stage: the one that it is linked to.
-- name: MergeDealInsertFirst :execrows
WITH deals AS (
    SELECT DISTINCT CASE WHEN f.subject_ref IS NULL THEN o.id ELSE k.node_id END AS deal_id
    FROM rye_import.staging_facts f
    JOIN rye_import.staging_records o ON o.run_no = f.run_no AND o.rec = f.rec
    LEFT JOIN rye_import.merge_keys k
        ON k.run_no = @run_no AND k.object_no = f.subject_object_no AND k.legacy_id = f.subject_ref
    WHERE f.run_no = @run_no AND f.assertion_type = 'deal_stage'
), linked AS (
    SELECT DISTINCT ON (x.deal_id) x.deal_id, x.pipeline_id
    FROM (
        SELECT CASE WHEN l.source_ref IS NULL THEN o.id ELSE sk.node_id END AS deal_id,
            CASE WHEN l.target_ref IS NULL THEN o.id ELSE tk.node_id END AS pipeline_id, l.rank, l.rec
        FROM rye_import.staging_links l
        JOIN rye_import.staging_records o ON o.run_no = l.run_no AND o.rec = l.rec
        LEFT JOIN rye_import.merge_keys sk
            ON sk.run_no = @run_no AND sk.legacy_id = l.source_ref AND sk.object_no = coalesce(l.source_object_no, sk.object_no)
        LEFT JOIN rye_import.merge_keys tk
            ON tk.run_no = @run_no AND tk.legacy_id = l.target_ref AND tk.object_no = coalesce(l.target_object_no, tk.object_no)
        WHERE l.run_no = @run_no AND l.edge_type = 'pipeline_member'
    ) x
    WHERE x.pipeline_id <> x.deal_id
    ORDER BY x.deal_id, x.rank, x.rec
)
INSERT INTO rye_import.merge_deals (run_no, deal_id, pipeline_id)
SELECT @run_no, d.deal_id, l.pipeline_id
FROM deals d
JOIN linked l ON l.deal_id = d.deal_id;

-- StagingStageListFirst gives the stages of each pipeline as StagingStageListSeen does.
-- name: StagingStageListFirst :many
SELECT coalesce(k.node_id, '00000000-0000-0000-0000-000000000000')::uuid AS pipeline_id, st.label, coalesce(st.legacy_id, '')::text AS legacy_id,
    min(st.stage_key)::text AS stage_key,
    coalesce(bool_or(st.closed AND st.won), false)::boolean AS won,
    coalesce(bool_or(st.closed AND NOT st.won), false)::boolean AS lost,
    coalesce(min(st.sort_order), -1)::float8 AS sort_order,
    coalesce((array_agg(st.probability ORDER BY st.seen DESC, st.probability) FILTER (WHERE st.probability IS NOT NULL))[1], -1)::float8
        AS probability
FROM (
    SELECT d.pipeline_object_no, d.pipeline_ref, d.legacy_id, d.label, d.stage_key, d.closed, d.won, d.sort_order, d.probability, sum(d.seen) AS seen
    FROM rye_import.staging_stages d
    WHERE d.run_no = @run_no
    GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9
) st
LEFT JOIN rye_import.merge_keys k
    ON k.run_no = @run_no AND k.object_no = st.pipeline_object_no AND k.legacy_id = st.pipeline_ref
GROUP BY 1, 2, 3
ORDER BY 1, 2, 3;

-- MergeDealListLabelsFirst gives the stages that facts of the run name, in their pipelines.
-- name: MergeDealListLabelsFirst :many
WITH said AS (
    SELECT DISTINCT d.pipeline_id, f.claim ->> 'label' AS label, f.claim ->> 'stage' AS stage, f.claim ->> 'before' AS before,
        f.claim ->> 'before_stage' AS before_stage
    FROM rye_import.staging_facts f
    JOIN rye_import.staging_records o ON o.run_no = f.run_no AND o.rec = f.rec
    LEFT JOIN rye_import.merge_keys k
        ON k.run_no = @run_no AND k.object_no = f.subject_object_no AND k.legacy_id = f.subject_ref
    JOIN rye_import.merge_deals d
        ON d.run_no = f.run_no AND d.deal_id = CASE WHEN f.subject_ref IS NULL THEN o.id ELSE k.node_id END
    WHERE f.run_no = @run_no AND f.assertion_type = 'deal_stage'
)
SELECT s.pipeline_id, v.label::text AS label, min(v.stage_key)::text AS stage_key
FROM said s
CROSS JOIN LATERAL (VALUES (s.label, s.stage), (s.before, s.before_stage)) v (label, stage_key)
WHERE v.label IS NOT NULL
GROUP BY 1, 2
ORDER BY 1, 2;

-- StagingNodeListPipelinesFirst gives staged pipelines with their stages.
-- name: StagingNodeListPipelinesFirst :many
SELECT s.rec, s.id, (coalesce(n.fill, '{}') || n.properties)::jsonb AS properties
FROM rye_import.staging_records s
JOIN rye_import.staging_nodes n ON n.run_no = s.run_no AND n.rec = s.rec
WHERE s.run_no = @run_no AND s.id = ANY (@ids::uuid[]) AND s.kind = 'node' AND s.changed AND NOT s.alias
ORDER BY s.id;

-- MergeFactInsertFirst builds the chains of facts: what is staged about a subject in the order of time, facts about the
-- present last. One that says what the one before it says is left out; each learns what it follows and what
-- follows it. The first stage of a deal follows the one that its source names, if it names one.
-- name: MergeFactInsertFirst :execrows
WITH staged AS (
    SELECT f.rec, f.id, f.slot, f.assertion_type, f.assertion_key, NOT f.history AS present,
        CASE WHEN f.subject_ref IS NULL THEN o.id ELSE k.node_id END AS subject_id,
        CASE WHEN f.assertion_type = 'deal_stage'
            THEN jsonb_strip_nulls(jsonb_build_object('stage', coalesce(ms.stage_key, f.claim ->> 'stage'), 'pipeline', ms.code,
                'label', CASE WHEN ms.keep_label THEN f.claim ->> 'label' END))
            ELSE f.claim END AS claim,
        CASE WHEN f.assertion_type = 'deal_stage' THEN coalesce(mb.stage_key, f.claim ->> 'before_stage') END AS before_stage,
        coalesce(f.asserted_at, o.version, o.created_at, @started_at::timestamptz) AS asserted_at,
        CASE WHEN f.history AND o.kind = 'event' THEN o.id END AS event_id,
        o.file_no, o.line, o.object_no, o.legacy_id
    FROM rye_import.staging_facts f
    JOIN rye_import.staging_records o ON o.run_no = f.run_no AND o.rec = f.rec
    LEFT JOIN rye_import.merge_keys k
        ON k.run_no = @run_no AND k.object_no = f.subject_object_no AND k.legacy_id = f.subject_ref
    LEFT JOIN rye_import.merge_deals d
        ON f.assertion_type = 'deal_stage' AND d.run_no = f.run_no
        AND d.deal_id = CASE WHEN f.subject_ref IS NULL THEN o.id ELSE k.node_id END
    LEFT JOIN rye_import.merge_stages ms
        ON ms.run_no = f.run_no AND ms.pipeline_id = d.pipeline_id AND ms.label = f.claim ->> 'label'
    LEFT JOIN rye_import.merge_stages mb
        ON mb.run_no = f.run_no AND mb.pipeline_id = d.pipeline_id AND mb.label = f.claim ->> 'before'
    WHERE f.run_no = @run_no AND f.claim IS NOT NULL
), ordered AS (
    SELECT s.*, lag(s.claim) OVER w AS claim_before, max(s.asserted_at) OVER w AS latest
    FROM staged s
    WHERE s.subject_id IS NOT NULL
    WINDOW w AS (PARTITION BY s.subject_id, s.assertion_type, s.assertion_key ORDER BY s.present, s.asserted_at, s.rec, s.id)
), kept AS (
    SELECT o.*, CASE WHEN o.present THEN o.latest ELSE o.asserted_at END AS said_at
    FROM ordered o
    WHERE CASE WHEN o.assertion_type = 'deal_stage' THEN o.claim - 'label' IS DISTINCT FROM o.claim_before - 'label'
        ELSE o.claim IS DISTINCT FROM o.claim_before END
), linked AS (
    SELECT k.*, CASE WHEN k.assertion_type = 'deal_stage' THEN coalesce(lag(k.claim ->> 'stage') OVER w, k.before_stage) END AS prev_stage,
        lead(k.id) OVER w AS next_id, lead(k.said_at) OVER w AS next_at
    FROM kept k
    WINDOW w AS (PARTITION BY k.subject_id, k.assertion_type, k.assertion_key ORDER BY k.present, k.asserted_at, k.rec, k.id)
)
INSERT INTO rye_import.merge_facts (run_no, rec, id, slot, subject_id, assertion_type, assertion_key, claim, asserted_at, event_id,
    recorded, stands, prev_stage, next_id, next_at, attrs)
SELECT @run_no, l.rec, l.id, l.slot, l.subject_id, l.assertion_type, l.assertion_key, l.claim, l.said_at,
    CASE WHEN l.event_id IS NOT NULL THEN l.event_id WHEN l.prev_stage IS NOT NULL THEN gen_random_uuid() END,
    l.event_id IS NOT NULL, false, l.prev_stage, l.next_id, l.next_at,
    rye_import.origin(@run_no, l.file_no, l.line, b.object, l.legacy_id, l.slot, @started_at::timestamptz)
FROM linked l
JOIN rye_import.objects b ON b.object_no = l.object_no;

-- MergeParticipantInsertFirst resolves the staged participants. References to any object of the source are asked for only if
-- there are some.
-- name: MergeParticipantInsertFirst :execrows
WITH events AS MATERIALIZED (
    SELECT ev.object_no, ev.legacy_id, ev.id
    FROM rye_import.staging_records ev
    WHERE ev.run_no = @run_no AND ev.kind = 'event' AND ev.changed AND NOT ev.deleted
        AND EXISTS (SELECT FROM rye_import.staging_participants p WHERE p.run_no = @run_no AND p.event_ref IS NOT NULL)
), loose AS MATERIALIZED (
    SELECT d.ref, k.node_id
    FROM (
        SELECT DISTINCT p.node_ref AS ref FROM rye_import.staging_participants p
        WHERE p.run_no = @run_no AND p.node_object_no IS NULL
    ) d
    JOIN rye_import.merge_keys k ON k.run_no = @run_no AND k.legacy_id = d.ref
    WHERE @loose::boolean
), resolved AS (
    SELECT p.rec, p.id, p.role, p.properties,
        CASE WHEN p.event_ref IS NULL THEN CASE WHEN o.kind = 'event' THEN o.id END ELSE ev.id END AS event_id,
        coalesce(k.node_id, nl.node_id) AS node_id
    FROM rye_import.staging_participants p
    JOIN rye_import.staging_records o ON o.run_no = p.run_no AND o.rec = p.rec
    LEFT JOIN events ev ON ev.object_no = p.event_object_no AND ev.legacy_id = p.event_ref
    LEFT JOIN rye_import.merge_keys k
        ON k.run_no = @run_no AND k.object_no = p.node_object_no AND k.legacy_id = p.node_ref
    LEFT JOIN loose nl ON @loose::boolean AND p.node_object_no IS NULL AND nl.ref = p.node_ref
    WHERE p.run_no = @run_no
), ranked AS (
    SELECT r.*, row_number() OVER (PARTITION BY r.event_id, r.node_id, r.role ORDER BY r.properties IS NULL, r.rec, r.id) AS n
    FROM resolved r
)
INSERT INTO rye_import.merge_participants (run_no, rec, id, event_id, node_id, role, properties, outcome)
SELECT @run_no, r.rec, r.id, r.event_id, r.node_id, r.role, r.properties,
    CASE
        WHEN r.event_id IS NULL OR r.node_id IS NULL THEN 'deferred'
        WHEN r.n > 1 THEN 'twin'
        ELSE 'new'
    END
FROM ranked r;

-- EventInsertFirst makes the events of the run, as EventInsertStaged does: those of records that tell of stages of deals, which wait
-- for the chains of facts, or the others.
-- name: EventInsertFirst :execrows
INSERT INTO rye.events (id, event_type, occurred_at, summary, properties, actor_node_id, actor_system, attrs)
SELECT s.id,
    CASE WHEN f.rec IS NOT NULL THEN 'stage_change' ELSE e.event_type END,
    e.occurred_at,
    CASE WHEN f.rec IS NOT NULL THEN format('Stage: %s -> %s', coalesce(f.prev_stage, 'none'), f.claim ->> 'stage') ELSE e.summary END,
    CASE WHEN f.rec IS NOT NULL
        THEN e.properties || jsonb_build_object('from_stage', f.prev_stage, 'to_stage', f.claim -> 'stage')
        ELSE e.properties END,
    a.node_id, 'import:' || @source::text,
    rye_import.origin(s.run_no, s.file_no, s.line, o.object, s.legacy_id, NULL, NULL)
FROM rye_import.staging_events e
JOIN rye_import.staging_records s ON s.run_no = e.run_no AND s.rec = e.rec
JOIN rye_import.objects o ON o.object_no = s.object_no
LEFT JOIN rye_import.merge_keys a
    ON a.run_no = @run_no AND a.object_no = e.actor_object_no AND a.legacy_id = e.actor_ref
LEFT JOIN rye_import.merge_facts f
    ON @stages::boolean AND f.run_no = e.run_no AND f.rec = e.rec AND f.assertion_type = 'deal_stage' AND f.recorded
WHERE e.run_no = @run_no AND @stages::boolean = (e.rec IN (
    SELECT h.rec FROM rye_import.staging_facts h WHERE h.run_no = @run_no AND h.assertion_type = 'deal_stage' AND h.history));

-- MergeFirstDelete takes back what was resolved, for a merge that begins anew.
-- name: MergeFirstDelete :exec
WITH
    d1 AS (DELETE FROM rye_import.merge_edges WHERE run_no = @run_no::int),
    d2 AS (DELETE FROM rye_import.merge_deals WHERE run_no = @run_no::int),
    d3 AS (DELETE FROM rye_import.merge_stages WHERE run_no = @run_no::int),
    d4 AS (DELETE FROM rye_import.merge_facts WHERE run_no = @run_no::int),
    d5 AS (DELETE FROM rye_import.merge_participants WHERE run_no = @run_no::int)
SELECT 1;
