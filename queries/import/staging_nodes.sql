-- StagingNodeCopyFrom copies the nodes of a batch into staging.
-- name: StagingNodeCopyFrom :copyfrom
INSERT INTO rye_import.staging_nodes (run_no, rec, node_type, label, code_prefix, properties, fill, clear)
VALUES (@run_no, @rec, @node_type, @label, @code_prefix, @properties, @fill, @clear);

-- StagingNodeDeleteLosers drops what losing duplicates say.
-- name: StagingNodeDeleteLosers :exec
DELETE FROM rye_import.staging_nodes p USING rye_import.merge_losers l
WHERE p.run_no = @run_no AND l.run_no = p.run_no AND l.rec = p.rec;

-- StagingNodeFoldAliases lets the node of a record that others share take what these say beyond it.
-- name: StagingNodeFoldAliases :execrows
WITH said AS (
    SELECT s.id, rye_import.jsonb_merge(n.properties ORDER BY n.rec) AS properties
    FROM rye_import.staging_records s
    JOIN rye_import.staging_nodes n ON n.run_no = s.run_no AND n.rec = s.rec
    WHERE s.run_no = @run_no AND s.alias
    GROUP BY s.id
)
UPDATE rye_import.staging_nodes n
SET properties = said.properties || n.properties
FROM said
JOIN rye_import.staging_records c ON c.run_no = @run_no AND c.kind = 'node' AND c.changed AND NOT c.alias AND c.id = said.id
WHERE n.run_no = @run_no AND n.rec = c.rec;

-- StagingNodeListPipelines gives the staged pipelines that are new, as they are going to be but for the codes that their names give.
-- name: StagingNodeListPipelines :many
SELECT s.rec, s.id, n.label, (coalesce(n.fill, '{}') || n.properties)::jsonb AS properties
FROM rye_import.staging_nodes n
JOIN rye_import.staging_records s ON s.run_no = n.run_no AND s.rec = n.rec
JOIN rye_import.objects o ON o.object_no = s.object_no
WHERE n.run_no = @run_no AND n.code_prefix = 'PL' AND NOT s.existing AND NOT s.alias
ORDER BY n.label, o.object, s.legacy_id;

-- StagingNodeCountCodes counts the new nodes that need a code, by prefix and month of their creation
-- in the source.
-- name: StagingNodeCountCodes :many
SELECT n.code_prefix::text AS prefix,
    to_char(coalesce(s.created_at, s.version, @fallback::timestamptz) AT TIME ZONE 'UTC', 'YYMM')::text AS year_month,
    count(*) AS nodes
FROM rye_import.staging_nodes n
JOIN rye_import.staging_records s ON s.run_no = n.run_no AND s.rec = n.rec
WHERE n.run_no = @run_no AND n.code_prefix IS NOT NULL AND n.code_prefix <> 'PL' AND NOT s.existing AND NOT s.alias
    AND NOT EXISTS (SELECT FROM rye_import.merge_codes g WHERE g.run_no = n.run_no AND g.rec = n.rec)
GROUP BY 1, 2
ORDER BY 1, 2;

-- StagingNodeInsertDerived stages the nodes of the records that references make. A person's last name
-- is the last word.
-- name: StagingNodeInsertDerived :execrows
WITH made AS (
    SELECT unnest(@object_nos::int[]) AS object_no, unnest(@node_types::text[]) AS node_type, unnest(@code_prefixes::text[]) AS code_prefix
)
INSERT INTO rye_import.staging_nodes (run_no, rec, node_type, label, code_prefix, properties)
SELECT s.run_no, s.rec, m.node_type, s.legacy_id, nullif(m.code_prefix, ''),
    CASE m.node_type
        WHEN 'person' THEN jsonb_strip_nulls(jsonb_build_object(
            'first_name', substring(s.legacy_id FROM '^(.*\S)\s+\S+$'), 'last_name', substring(s.legacy_id FROM '\S+$')))
        ELSE jsonb_build_object('name', s.legacy_id)
    END
FROM rye_import.staging_records s
JOIN made m ON m.object_no = s.object_no
WHERE s.run_no = @run_no AND s.rec BETWEEN @first_rec::bigint AND @last_rec::bigint;
