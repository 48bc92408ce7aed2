-- MergeStandingInsert keeps aside what stands about the subjects of the staged facts. The current fact is the last, whatever the
-- clocks were by which the others were told. What an undo has restored and the same export has superseded again at once was
-- never valid for itself.
-- name: MergeStandingInsert :execrows
WITH subjects AS (
    SELECT DISTINCT CASE WHEN f.subject_ref IS NULL THEN o.id ELSE k.node_id END AS node_id, f.assertion_type, f.assertion_key
    FROM rye_import.staging_facts f
    JOIN rye_import.staging_records o ON o.run_no = f.run_no AND o.rec = f.rec
    LEFT JOIN rye_import.merge_keys k
        ON k.run_no = @run_no AND k.object_no = f.subject_object_no AND k.legacy_id = f.subject_ref
    WHERE f.run_no = @run_no AND (f.subject_ref IS NOT NULL OR o.existing)
)
INSERT INTO rye_import.merge_standing (run_no, id, subject_id, assertion_type, assertion_key, claim, asserted_at, superseded_at, superseded_by,
    created_at, placed_at)
SELECT @run_no, a.id, a.subject_node_id, a.assertion_type, a.assertion_key, a.claim, a.asserted_at, a.superseded_at, a.superseded_by,
    a.created_at,
    CASE WHEN a.superseded_at IS NULL
        THEN max(a.asserted_at) OVER (PARTITION BY a.subject_node_id, a.assertion_type, a.assertion_key)
        ELSE a.asserted_at END
FROM subjects s
JOIN rye.assertions a
    ON a.subject_node_id = s.node_id AND a.assertion_type = s.assertion_type AND a.assertion_key = s.assertion_key
    AND a.subject_edge_id IS NULL AND NOT coalesce(a.attrs -> 'undo' ? 'undone', false)
    AND NOT coalesce(a.attrs -> 'undo' ? 'restores' AND a.superseded_at <= a.asserted_at, false);

-- MergeFactInsert builds the chains of facts. What is staged about a subject and what stands about it already are
-- put in the order of time: of those that stand since one time the one that has ended first, staged facts about
-- the present last. The one that is current comes after all that stand: a clock of the source may be ahead of
-- that by which a person recorded it. A staged fact that says what the one before it says is left out; each learns what it follows
-- and what follows it. The first stage of a deal follows the one that its source names, if it names one.
-- name: MergeFactInsert :execrows
WITH staged AS (
    SELECT f.rec, f.id, f.slot, f.assertion_type, f.assertion_key, NOT f.history AS present,
        CASE WHEN f.subject_ref IS NULL THEN o.id ELSE k.node_id END AS subject_id,
        CASE WHEN f.assertion_type = 'deal_stage' AND f.claim IS NOT NULL
            THEN jsonb_strip_nulls(jsonb_build_object('stage', coalesce(ms.stage_key, f.claim ->> 'stage'), 'pipeline', ms.code,
                'label', CASE WHEN ms.keep_label THEN f.claim ->> 'label' END))
            ELSE f.claim END AS claim,
        CASE WHEN f.assertion_type = 'deal_stage' THEN coalesce(mb.stage_key, f.claim ->> 'before_stage') END AS before_stage,
        coalesce(f.asserted_at, o.version, o.created_at, @started_at::timestamptz) AS asserted_at,
        CASE WHEN f.history AND o.kind IN ('event', 'carrier') THEN o.id END AS event_id,
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
    WHERE f.run_no = @run_no
), everything AS (
    SELECT s.rec, s.id, s.slot, s.subject_id, s.assertion_type, s.assertion_key, s.claim, s.before_stage, s.asserted_at, s.event_id,
        s.present, false AS stands, NULL::timestamptz AS superseded_at, NULL::timestamptz AS created_at, s.asserted_at AS placed_at,
        s.file_no, s.line, s.object_no, s.legacy_id
    FROM staged s
    WHERE s.subject_id IS NOT NULL
    UNION ALL
    SELECT NULL, a.id, NULL, a.subject_id, a.assertion_type, a.assertion_key, a.claim, NULL, a.asserted_at, NULL,
        false, true, a.superseded_at, a.created_at, a.placed_at, NULL, NULL, NULL, NULL
    FROM rye_import.merge_standing a
    WHERE a.run_no = @run_no
    UNION ALL
    -- Where a fact was withdrawn, nothing holds: who says it again says something new.
    SELECT NULL, NULL, NULL, a.subject_id, a.assertion_type, a.assertion_key, NULL, NULL, a.superseded_at, NULL,
        false, true, a.superseded_at, a.created_at, a.superseded_at, NULL, NULL, NULL, NULL
    FROM rye_import.merge_standing a
    WHERE a.run_no = @run_no AND a.superseded_at IS NOT NULL AND a.superseded_by IS NULL
), compared AS (
    SELECT e.*,
        CASE WHEN e.assertion_type = 'deal_stage' THEN e.claim - '{moved_from,reason,label}'::text[] ELSE e.claim END AS said
    FROM everything e
), ordered AS (
    SELECT c.*, lag(c.said) OVER w AS said_before, max(c.asserted_at) OVER w AS latest
    FROM compared c
    WINDOW w AS (PARTITION BY c.subject_id, c.assertion_type, c.assertion_key
        ORDER BY c.present, c.placed_at, c.stands DESC, c.superseded_at NULLS LAST, c.created_at, c.rec, c.id)
), kept AS (
    SELECT o.*, CASE WHEN o.present THEN o.latest ELSE o.asserted_at END AS said_at
    FROM ordered o
    WHERE o.stands OR o.said IS DISTINCT FROM o.said_before
), linked AS (
    SELECT k.*, CASE WHEN k.assertion_type = 'deal_stage' THEN coalesce(lag(k.claim ->> 'stage') OVER w, k.before_stage) END AS prev_stage,
        lead(k.id) OVER w AS following, lead(k.claim) OVER w AS following_claim, lead(k.said_at) OVER w AS following_at
    FROM kept k
    WINDOW w AS (PARTITION BY k.subject_id, k.assertion_type, k.assertion_key
        ORDER BY k.present, k.placed_at, k.stands DESC, k.superseded_at NULLS LAST, k.created_at, k.rec, k.id)
)
INSERT INTO rye_import.merge_facts (run_no, rec, id, slot, subject_id, assertion_type, assertion_key, claim, asserted_at, event_id,
    recorded, stands, prev_stage, next_id, next_at, attrs)
SELECT @run_no, l.rec, l.id, l.slot, l.subject_id, l.assertion_type, l.assertion_key, l.claim, l.said_at,
    CASE WHEN l.event_id IS NOT NULL THEN l.event_id
         WHEN NOT l.stands AND l.prev_stage IS NOT NULL AND l.claim IS NOT NULL THEN gen_random_uuid() END,
    l.event_id IS NOT NULL, l.stands, l.prev_stage,
    CASE WHEN l.following_claim IS NOT NULL THEN l.following END, l.following_at,
    CASE WHEN NOT l.stands THEN rye_import.origin(@run_no, l.file_no, l.line, b.object, l.legacy_id, l.slot, @started_at::timestamptz) END
FROM linked l
LEFT JOIN rye_import.objects b ON b.object_no = l.object_no
WHERE l.id IS NOT NULL;
