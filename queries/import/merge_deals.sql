-- MergeDealInsert finds the pipeline of each deal that has staged facts about its stage: the one
-- that it is linked to now, else the one that it stands in.
-- name: MergeDealInsert :execrows
WITH deals AS (
    SELECT DISTINCT CASE WHEN f.subject_ref IS NULL THEN o.id ELSE sm.node_id END AS deal_id
    FROM rye_import.staging_facts f
    JOIN rye_import.staging_records o ON o.run_no = f.run_no AND o.rec = f.rec
    LEFT JOIN rye_import.objects so ON so.object_no = f.subject_object_no
    LEFT JOIN rye.node_source_map sm
        ON sm.source_schema = @source AND sm.source_table = so.object AND sm.source_id = f.subject_ref COLLATE "default"
    WHERE f.run_no = @run_no AND f.assertion_type = 'deal_stage'
), linked AS (
    SELECT DISTINCT ON (m.source_id) m.source_id AS deal_id, m.target_id AS pipeline_id
    FROM rye_import.merge_edges m
    WHERE m.run_no = @run_no AND m.edge_type = 'pipeline_member' AND m.outcome IN ('new', 'present', 'ended', 'closing')
    ORDER BY m.source_id, m.rank, m.rec
), standing AS (
    SELECT DISTINCT ON (e.source_id) e.source_id AS deal_id, e.target_id AS pipeline_id
    FROM deals d
    JOIN rye.edges e ON e.source_id = d.deal_id AND e.edge_type = 'pipeline_member' AND e.archived_at IS NULL
    ORDER BY e.source_id, e.effective_to IS NULL DESC, e.effective_from DESC NULLS LAST, e.effective_to DESC, e.created_at DESC, e.id
)
INSERT INTO rye_import.merge_deals (run_no, deal_id, pipeline_id)
SELECT @run_no, d.deal_id, coalesce(l.pipeline_id, s.pipeline_id)
FROM deals d
LEFT JOIN linked l ON l.deal_id = d.deal_id
LEFT JOIN standing s ON s.deal_id = d.deal_id
WHERE coalesce(l.pipeline_id, s.pipeline_id) IS NOT NULL;

-- MergeDealListPipelines gives the pipelines of the run's deals.
-- name: MergeDealListPipelines :many
SELECT DISTINCT pipeline_id FROM rye_import.merge_deals WHERE run_no = @run_no ORDER BY pipeline_id;

-- MergeDealListLabels gives the stages that facts of the run name, in their pipelines.
-- name: MergeDealListLabels :many
WITH said AS (
    SELECT DISTINCT d.pipeline_id, f.claim ->> 'label' AS label, f.claim ->> 'stage' AS stage, f.claim ->> 'before' AS before,
        f.claim ->> 'before_stage' AS before_stage
    FROM rye_import.staging_facts f
    JOIN rye_import.staging_records o ON o.run_no = f.run_no AND o.rec = f.rec
    LEFT JOIN rye_import.objects so ON so.object_no = f.subject_object_no
    LEFT JOIN rye.node_source_map m
        ON m.source_schema = @source AND m.source_table = so.object AND m.source_id = f.subject_ref COLLATE "default"
    JOIN rye_import.merge_deals d
        ON d.run_no = f.run_no AND d.deal_id = CASE WHEN f.subject_ref IS NULL THEN o.id ELSE m.node_id END
    WHERE f.run_no = @run_no AND f.assertion_type = 'deal_stage'
)
SELECT s.pipeline_id, v.label::text AS label, min(v.stage_key)::text AS stage_key
FROM said s
CROSS JOIN LATERAL (VALUES (s.label, s.stage), (s.before, s.before_stage)) v (label, stage_key)
WHERE v.label IS NOT NULL
GROUP BY 1, 2
ORDER BY 1, 2;
