-- PipelineGetByCode gives a pipeline by its code.
-- name: PipelineGetByCode :one
WITH said AS (
    SELECT p.id AS pipeline_id, (p.properties ->> 'code')::text AS code, (p.properties ->> 'name')::text AS name,
        (p.properties ->> 'description')::text AS description, (p.properties ->> 'default_stage')::text AS default_stage
    FROM rye.nodes p
    WHERE p.node_type = 'pipeline'
)
SELECT n.id, n.label, said.code, said.name, said.description, said.default_stage, n.properties, n.created_at, n.updated_at
FROM rye.nodes n
LEFT JOIN said ON said.pipeline_id = n.id
WHERE n.properties ->> 'code' = @code::text AND n.node_type = 'pipeline' AND n.archived_at IS NULL
ORDER BY n.created_at, n.id
LIMIT 1;

-- PipelineList gives the pipelines by code. The next page begins after the code and id of the last row.
-- name: PipelineList :many
WITH said AS (
    SELECT p.id AS pipeline_id, (p.properties ->> 'code')::text AS code, (p.properties ->> 'name')::text AS name,
        (p.properties ->> 'description')::text AS description, (p.properties ->> 'default_stage')::text AS default_stage
    FROM rye.nodes p
    WHERE p.node_type = 'pipeline'
)
SELECT n.id, n.label, said.code, said.name, said.description, said.default_stage, n.properties, n.created_at, n.updated_at
FROM rye.nodes n
LEFT JOIN said ON said.pipeline_id = n.id
WHERE n.node_type = 'pipeline' AND n.archived_at IS NULL
    AND (coalesce(n.properties ->> 'code', ''), n.id) > (
        coalesce(sqlc.narg('after_code')::text, ''),
        coalesce(sqlc.narg('after_id')::uuid, '00000000-0000-0000-0000-000000000000'))
ORDER BY coalesce(n.properties ->> 'code', ''), n.id
LIMIT @max_rows;

-- PipelineListStages gives the stages of one or many pipelines, in the order of the pipeline ids and then of
-- the stages. A stage without a label has its key for one; a terminal stage ends a deal; the probability is
-- that of winning, 0 to 1, or null where the pipeline does not say.
-- name: PipelineListStages :many
WITH said AS (
    SELECT p.id AS pipeline_id, x.position, rye.jsonb_number(x.stage -> 'order')::double precision AS stage_order,
        rye.jsonb_number(x.stage -> 'probability')::double precision AS probability
    FROM rye.nodes p
    CROSS JOIN LATERAL jsonb_array_elements(
        CASE jsonb_typeof(p.properties -> 'stages') WHEN 'array' THEN p.properties -> 'stages' ELSE '[]' END)
        WITH ORDINALITY AS x (stage, position)
    WHERE p.id = ANY (@pipeline_ids::uuid[])
)
SELECT n.id AS pipeline_id, (s.stage ->> 'key')::text AS key, coalesce(s.stage ->> 'label', s.stage ->> 'key')::text AS label,
    said.stage_order, (coalesce(s.stage ->> 'terminal', '') = 'true')::boolean AS terminal, said.probability
FROM rye.nodes n
CROSS JOIN LATERAL jsonb_array_elements(
    CASE jsonb_typeof(n.properties -> 'stages') WHEN 'array' THEN n.properties -> 'stages' ELSE '[]' END)
    WITH ORDINALITY AS s (stage, position)
LEFT JOIN said ON said.pipeline_id = n.id AND said.position = s.position
WHERE n.id = ANY (@pipeline_ids::uuid[]) AND n.node_type = 'pipeline' AND n.archived_at IS NULL
    AND s.stage ->> 'key' IS NOT NULL
ORDER BY n.id, said.stage_order NULLS LAST, s.position
LIMIT @max_rows;
