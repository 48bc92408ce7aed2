-- MergeDealInsert finds the deals that have staged facts about their stage, and the pipeline that the run links each to.
-- name: MergeDealInsert :execrows
WITH deals AS (
    SELECT DISTINCT CASE WHEN f.subject_ref IS NULL THEN o.id ELSE k.node_id END AS deal_id
    FROM rye_import.staging_facts f
    JOIN rye_import.staging_records o ON o.run_no = f.run_no AND o.rec = f.rec
    LEFT JOIN rye_import.merge_keys k
        ON k.run_no = @run_no AND k.object_no = f.subject_object_no AND k.legacy_id = f.subject_ref
    WHERE f.run_no = @run_no AND f.assertion_type = 'deal_stage'
), linked AS (
    SELECT DISTINCT ON (m.source_id) m.source_id AS deal_id, m.target_id AS pipeline_id
    FROM rye_import.merge_edges m
    WHERE m.run_no = @run_no AND m.edge_type = 'pipeline_member' AND m.outcome IN ('new', 'present', 'ended', 'closing')
    ORDER BY m.source_id, m.rank, m.rec
)
INSERT INTO rye_import.merge_deals (run_no, deal_id, pipeline_id)
SELECT @run_no, d.deal_id, l.pipeline_id
FROM deals d
LEFT JOIN linked l ON l.deal_id = d.deal_id
WHERE d.deal_id IS NOT NULL;

-- MergeDealSetStanding gives the deals that the run links to no pipeline the one that they stand in.
-- name: MergeDealSetStanding :execrows
UPDATE rye_import.merge_deals d
SET pipeline_id = s.pipeline_id
FROM (
    SELECT DISTINCT ON (e.source_id) e.source_id AS deal_id, e.target_id AS pipeline_id
    FROM rye_import.merge_deals m
    JOIN rye.edges e ON e.source_id = m.deal_id AND e.edge_type = 'pipeline_member' AND e.archived_at IS NULL
    WHERE m.run_no = @run_no AND m.pipeline_id IS NULL
    ORDER BY e.source_id, e.effective_to IS NULL DESC, e.effective_from DESC NULLS LAST, e.effective_to DESC, e.created_at DESC, e.id
) s
WHERE d.run_no = @run_no AND d.deal_id = s.deal_id;

-- MergeDealListPipelines gives the pipelines of the run's deals.
-- name: MergeDealListPipelines :many
SELECT DISTINCT d.pipeline_id::uuid AS pipeline_id
FROM rye_import.merge_deals d
WHERE d.run_no = @run_no AND d.pipeline_id IS NOT NULL
ORDER BY 1;

-- MergeDealListLabels gives the stages that facts of the run name, in their pipelines.
-- name: MergeDealListLabels :many
WITH said AS (
    SELECT DISTINCT d.pipeline_id::uuid AS pipeline_id, f.claim ->> 'label' AS label, f.claim ->> 'stage' AS stage, f.claim ->> 'before' AS before,
        f.claim ->> 'before_stage' AS before_stage
    FROM rye_import.staging_facts f
    JOIN rye_import.staging_records o ON o.run_no = f.run_no AND o.rec = f.rec
    LEFT JOIN rye_import.merge_keys k
        ON k.run_no = @run_no AND k.object_no = f.subject_object_no AND k.legacy_id = f.subject_ref
    JOIN rye_import.merge_deals d
        ON d.run_no = f.run_no AND d.deal_id = CASE WHEN f.subject_ref IS NULL THEN o.id ELSE k.node_id END
    WHERE f.run_no = @run_no AND f.assertion_type = 'deal_stage' AND d.pipeline_id IS NOT NULL
)
SELECT s.pipeline_id, v.label::text AS label, min(v.stage_key)::text AS stage_key
FROM said s
CROSS JOIN LATERAL (VALUES (s.label, s.stage), (s.before, s.before_stage)) v (label, stage_key)
WHERE v.label IS NOT NULL
GROUP BY 1, 2
ORDER BY 1, 2;
