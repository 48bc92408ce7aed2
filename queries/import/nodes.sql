-- NodeInsertStaged makes the new nodes of the run. Those of a plan keep out of the way of who makes a node of
-- the same code meanwhile, and would wait for it.
-- name: NodeInsertStaged :execrows
INSERT INTO rye.nodes (id, node_type, label, external_id, external_source, properties, created_at, archived_at)
SELECT s.id, n.node_type, n.label, c.code,
    CASE WHEN c.code IS NOT NULL
        THEN CASE coalesce(current_setting('rye_import.plan', true), '') WHEN '' THEN 'internal' ELSE 'plan ' || n.run_no END END,
    CASE WHEN n.fill IS NULL AND c.code IS NULL THEN n.properties
         ELSE coalesce(n.fill, '{}') || n.properties || CASE WHEN c.code IS NULL THEN '{}' ELSE jsonb_build_object('code', c.code) END END,
    coalesce(s.created_at, s.version, @started_at::timestamptz),
    CASE WHEN s.deleted THEN coalesce(s.version, @started_at::timestamptz) END
FROM rye_import.staging_nodes n
JOIN rye_import.staging_records s ON s.run_no = n.run_no AND s.rec = n.rec
LEFT JOIN rye_import.merge_codes c ON c.run_no = n.run_no AND c.rec = n.rec
WHERE n.run_no = @run_no AND NOT s.existing AND NOT s.alias;

-- NodeUpdateStaged applies merge_nodes: properties are merged, nulls take properties away, and keys that
-- the source does not know stay.
-- name: NodeUpdateStaged :execrows
UPDATE rye.nodes n
SET label = coalesce(c.label, n.label),
    properties = (n.properties || c.properties) - coalesce(c.cleared, '{}'),
    archived_at = CASE c.archive WHEN true THEN now() WHEN false THEN NULL ELSE n.archived_at END
FROM (
    SELECT m.*, (SELECT array_agg(k.key) FROM jsonb_each(m.properties) AS k (key, value) WHERE k.value = 'null') AS cleared
    FROM rye_import.merge_nodes m
    WHERE m.run_no = @run_no
) c
WHERE n.id = c.node_id;

-- NodeArchiveMissing archives the nodes whose records were missing from a full export, unless
-- another living record stands for them.
-- name: NodeArchiveMissing :execrows
UPDATE rye.nodes n
SET archived_at = now()
WHERE n.archived_at IS NULL AND n.id IN (
    SELECT m.node_id
    FROM rye_import.records r
    JOIN rye_import.objects o ON o.object_no = r.object_no
    JOIN rye.node_source_map m ON m.source_schema = o.source AND m.source_table = o.object AND m.source_id = r.legacy_id COLLATE "default"
    WHERE r.run_no = @run_no AND r.archived = 'missing' AND NOT EXISTS (
        SELECT FROM rye.node_source_map m2
        JOIN rye_import.objects o2 ON o2.source = m2.source_schema AND o2.object = m2.source_table
        JOIN rye_import.records r2 ON r2.object_no = o2.object_no AND r2.legacy_id = m2.source_id AND r2.archived IS NULL
        WHERE m2.node_id = m.node_id));

-- NodeListPipelines gives pipelines with their stages.
-- name: NodeListPipelines :many
SELECT id, coalesce(properties ->> 'code', '')::text AS code, coalesce(label, '')::text AS label, properties
FROM rye.nodes
WHERE id = ANY (@ids::uuid[])
ORDER BY id;

-- NodeListPipelineCodes gives the codes that pipelines have, whatever their source.
-- name: NodeListPipelineCodes :many
SELECT (properties ->> 'code')::text AS code
FROM rye.nodes
WHERE properties ->> 'code' LIKE 'PL-%';

-- NodeSetStages writes the stages of pipelines that are as they were read. The merge of a source that says its first word joins
-- by hashes, and would read all nodes to find these few: hence their ids once more.
-- name: NodeSetStages :execrows
WITH given AS (
    SELECT unnest(@ids::uuid[]) AS id, unnest(@properties::jsonb[]) AS properties, unnest(@read::jsonb[]) AS read
)
UPDATE rye.nodes n
SET properties = n.properties || g.properties
FROM given g
WHERE n.id = ANY (@ids::uuid[]) AND n.id = g.id AND n.properties = g.read AND n.properties || g.properties <> n.properties;

-- NodeCountHidden counts the nodes of the crosswalk that this session does not see.
-- name: NodeCountHidden :one
SELECT count(*) AS hidden
FROM rye.node_source_map m
LEFT JOIN rye.nodes n ON n.id = m.node_id
WHERE m.source_schema = @source AND n.id IS NULL;

-- NodeMergeMany folds nodes into others, one after another, and counts those that were alive.
-- name: NodeMergeMany :one
SELECT count(*) AS archived
FROM (
    SELECT rye_import.fold_node(g.duplicate_id, g.canonical_id, @merged_by::text) AS lived
    FROM (
        SELECT unnest(@duplicate_ids::uuid[]) AS duplicate_id, unnest(@canonical_ids::uuid[]) AS canonical_id
    ) g
    JOIN rye.nodes d ON d.id = g.duplicate_id
    JOIN rye.nodes c ON c.id = g.canonical_id
) f
WHERE f.lived;
