-- StagingStageListSeen gives the stages of each pipeline as the deals of the run show them: with the
-- probability that most of them have. A stage without a pipeline (the zero id) is defined for all of
-- the source. An order or a probability of -1 is none. The legacy id is what deals name a defined stage
-- by, or empty.
-- name: StagingStageListSeen :many
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
