-- VerifyListEdges gives the edges of some types between pairs of nodes, the ended ones too, and those that a
-- person has archived. They are looked up by their source: thousands may have one target, such as the owner of all deals.
-- name: VerifyListEdges :many
SELECT e.id, e.edge_type, e.source_id, e.target_id, e.properties, e.effective_from, e.effective_to,
    coalesce(e.attrs -> 'import' ->> 'record', '')::text AS record, coalesce(e.attrs -> 'import' ->> 'column', '')::text AS slot,
    coalesce(rye_import.journal_number(e.attrs -> 'import' -> 'run'), 0)::int AS run_no, (e.archived_at IS NOT NULL)::boolean AS archived,
    (NOT e.attrs ? 'import')::boolean AS personal, e.created_at
FROM (
    SELECT DISTINCT k.edge_type, k.source_id, k.target_id
    FROM (
        SELECT unnest(@edge_types::text[]) AS edge_type, unnest(@sources::uuid[]) AS source_id, unnest(@targets::uuid[]) AS target_id
    ) k
) g
CROSS JOIN LATERAL (
    SELECT x.id, x.edge_type, x.source_id, x.target_id, x.properties, x.effective_from, x.effective_to, x.attrs, x.archived_at, x.created_at
    FROM rye.edges x
    WHERE x.source_id = g.source_id AND x.edge_type = g.edge_type
        AND (x.archived_at IS NULL OR EXISTS (SELECT FROM rye_import.edits d WHERE d.subject_id = x.id AND d.field = 'archived_at'))
    OFFSET 0
) e
WHERE e.target_id = g.target_id
ORDER BY e.id;

-- VerifyListEdgesByTarget is VerifyListEdges for edges that are looked up by their target: thousands may have
-- one source, such as a campaign.
-- name: VerifyListEdgesByTarget :many
SELECT e.id, e.edge_type, e.source_id, e.target_id, e.properties, e.effective_from, e.effective_to,
    coalesce(e.attrs -> 'import' ->> 'record', '')::text AS record, coalesce(e.attrs -> 'import' ->> 'column', '')::text AS slot,
    coalesce(rye_import.journal_number(e.attrs -> 'import' -> 'run'), 0)::int AS run_no, (e.archived_at IS NOT NULL)::boolean AS archived,
    (NOT e.attrs ? 'import')::boolean AS personal, e.created_at
FROM (
    SELECT DISTINCT k.edge_type, k.source_id, k.target_id
    FROM (
        SELECT unnest(@edge_types::text[]) AS edge_type, unnest(@sources::uuid[]) AS source_id, unnest(@targets::uuid[]) AS target_id
    ) k
) g
CROSS JOIN LATERAL (
    SELECT x.id, x.edge_type, x.source_id, x.target_id, x.properties, x.effective_from, x.effective_to, x.attrs, x.archived_at, x.created_at
    FROM rye.edges x
    WHERE x.target_id = g.target_id AND x.edge_type = g.edge_type
        AND (x.archived_at IS NULL OR EXISTS (SELECT FROM rye_import.edits d WHERE d.subject_id = x.id AND d.field = 'archived_at'))
    OFFSET 0
) e
WHERE e.source_id = g.source_id
ORDER BY e.id;

-- VerifyListEdgesSaid gives the current edges that a record's link once made from or to the record's own
-- node, by the position of the record and link in the given lists.
-- name: VerifyListEdgesSaid :many
WITH given AS (
    SELECT unnest(@node_ids::uuid[]) AS node_id, unnest(@edge_types::text[]) AS edge_type, unnest(@records::text[]) AS record,
        unnest(@slots::text[]) AS slot, generate_series(1, cardinality(@slots::text[])) AS position
)
SELECT g.position::int AS position, e.id
FROM given g
JOIN rye.edges e ON e.source_id = g.node_id AND e.edge_type = g.edge_type
WHERE e.effective_to IS NULL AND e.archived_at IS NULL
    AND e.attrs -> 'import' ->> 'record' = g.record AND e.attrs -> 'import' ->> 'column' = g.slot
UNION
SELECT g.position::int, e.id
FROM given g
JOIN rye.edges e ON e.target_id = g.node_id AND e.edge_type = g.edge_type
WHERE e.effective_to IS NULL AND e.archived_at IS NULL
    AND e.attrs -> 'import' ->> 'record' = g.record AND e.attrs -> 'import' ->> 'column' = g.slot;

-- VerifyListPipelines gives the pipelines that deals are in or have been in.
-- name: VerifyListPipelines :many
SELECT DISTINCT e.source_id AS deal_id, e.target_id AS pipeline_id
FROM rye.edges e
WHERE e.source_id = ANY (@ids::uuid[]) AND e.edge_type = 'pipeline_member' AND e.archived_at IS NULL;
