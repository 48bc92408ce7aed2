-- VerifyListNodes gives nodes, with how many records of the source and of others each is, and whether
-- another node was folded into it.
-- name: VerifyListNodes :many
WITH tied AS (
    -- The source is no condition here: the planner would rather read all of its crosswalk for each node.
    SELECT m.node_id, count(*) FILTER (WHERE m.source_schema = @source) AS records, count(*) FILTER (WHERE m.source_schema <> @source) AS others
    FROM rye.node_source_map m
    WHERE m.node_id = ANY (@ids::uuid[])
    GROUP BY m.node_id
)
SELECT n.id, n.node_type, n.label, n.external_id, n.properties, n.created_at, n.archived_at,
    coalesce(t.records, 0)::bigint AS records, coalesce(t.others, 0)::bigint AS others,
    (n.id IN (SELECT g.canonical_id FROM rye.node_merges g))::boolean AS merged
FROM rye.nodes n
LEFT JOIN tied t ON t.node_id = n.id
WHERE n.id = ANY (@ids::uuid[]);

-- VerifyListArchived tells which of some nodes are archived.
-- name: VerifyListArchived :many
SELECT n.id FROM rye.nodes n WHERE n.id = ANY (@ids::uuid[]) AND n.archived_at IS NOT NULL;

-- VerifyListCodeTwins tells which of some codes more than one node has.
-- name: VerifyListCodeTwins :many
SELECT (n.properties ->> 'code')::text AS code
FROM rye.nodes n
WHERE n.properties ->> 'code' = ANY (@codes::text[])
GROUP BY 1
HAVING count(*) > 1;
