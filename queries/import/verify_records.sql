-- VerifyExportSnapshot gives the id of what the transaction reads, for others to read the same.
-- name: VerifyExportSnapshot :one
SELECT pg_export_snapshot()::text AS snapshot;

-- VerifyCountHidden counts the nodes of the crosswalk that this session does not see.
-- name: VerifyCountHidden :one
SELECT count(*) AS hidden
FROM rye.node_source_map m
WHERE m.source_schema = @source AND NOT EXISTS (SELECT FROM rye.nodes n WHERE n.id = m.node_id);

-- VerifyListKeys gives the nodes of records, by the position of each in the given lists, beginning with 1.
-- name: VerifyListKeys :many
SELECT g.position::int AS position, m.node_id, m.synced_at
FROM (
    SELECT unnest(@objects::text[]) AS object, unnest(@legacy_ids::text[]) AS legacy_id,
        generate_series(1, cardinality(@objects::text[])) AS position
) g
JOIN rye.node_source_map m ON m.source_schema = @source AND m.source_table = g.object AND m.source_id = g.legacy_id;

-- VerifyListKeysOfAny gives the nodes of ids whose object is not known, by position.
-- name: VerifyListKeysOfAny :many
SELECT g.position::int AS position, m.node_id, m.synced_at
FROM (
    SELECT unnest(@legacy_ids::text[]) AS legacy_id, generate_series(1, cardinality(@legacy_ids::text[])) AS position
) g
JOIN rye.node_source_map m ON m.source_schema = @source AND m.source_id = g.legacy_id
ORDER BY g.position, m.source_table;

-- VerifyListNames tells, by position, how many living nodes each name fits, and one of them. Records that
-- only references have made count where there are no others.
-- name: VerifyListNames :many
WITH given AS (
    SELECT unnest(@lookups::text[]) AS lookup, unnest(@names::text[]) AS name,
        generate_series(1, cardinality(@lookups::text[])) AS position
), fitting AS (
    SELECT g.position, m.node_id, k.derived, bool_and(k.derived) OVER (PARTITION BY g.position) AS only_derived
    FROM given g
    JOIN rye_import.objects l ON l.source = @source AND l.object = g.lookup
    JOIN rye_import.names k ON k.lookup_no = l.object_no AND k.name_key = rye_import.name_key(g.name)
    JOIN rye_import.objects o ON o.object_no = k.object_no
    JOIN rye.node_source_map m
        ON m.source_schema = @source AND m.source_table = o.object AND m.source_id = k.legacy_id COLLATE "default"
    JOIN rye.nodes n ON n.id = m.node_id
    LEFT JOIN rye_import.records r ON r.object_no = k.object_no AND r.legacy_id = k.legacy_id
    WHERE r.archived IS NULL AND (n.archived_at IS NULL OR k.derived)
)
SELECT f.position::int AS position, count(DISTINCT f.node_id) AS candidates, ((array_agg(f.node_id))[1])::uuid AS node_id
FROM fitting f
WHERE f.only_derived OR NOT f.derived
GROUP BY f.position;

-- VerifyListRecords gives what the journal knows of records, by position.
-- name: VerifyListRecords :many
SELECT g.position::int AS position, r.target_id, r.first_run_no, r.archived
FROM (
    SELECT unnest(@objects::text[]) AS object, unnest(@legacy_ids::text[]) AS legacy_id,
        generate_series(1, cardinality(@objects::text[])) AS position
) g
JOIN rye_import.objects o ON o.source = @source AND o.object = g.object
JOIN rye_import.records r ON r.object_no = o.object_no AND r.legacy_id = g.legacy_id;

-- VerifyListDeferred gives what waits for other records, by the position of the record that says it. An
-- object that a reference does not name is empty. Of a link between two names, one of which fits, the record
-- of that one waits with the other name: the nodes tell which they are.
-- name: VerifyListDeferred :many
SELECT g.position::int AS position, d.kind, d.slot, coalesce(t1.object, '')::text AS object1, coalesce(d.ref1_id, '')::text AS ref1,
    coalesce(t2.object, '')::text AS object2, coalesce(d.ref2_id, '')::text AS ref2,
    m1.node_id AS node1_id, m2.node_id AS node2_id
FROM (
    SELECT unnest(@objects::text[]) AS object, unnest(@legacy_ids::text[]) AS legacy_id,
        generate_series(1, cardinality(@objects::text[])) AS position
) g
JOIN rye_import.objects o ON o.source = @source AND o.object = g.object
JOIN rye_import.deferred d ON d.object_no = o.object_no AND d.legacy_id = g.legacy_id
LEFT JOIN rye_import.objects t1 ON t1.object_no = d.ref1_object_no
LEFT JOIN rye_import.objects t2 ON t2.object_no = d.ref2_object_no
LEFT JOIN rye.node_source_map m1
    ON m1.source_schema = @source AND m1.source_table = t1.object AND m1.source_id = d.ref1_id COLLATE "default"
LEFT JOIN rye.node_source_map m2
    ON m2.source_schema = @source AND m2.source_table = t2.object AND m2.source_id = d.ref2_id COLLATE "default";

-- VerifyPageCrosswalk gives the living records that the crosswalk has of some objects, but those that only
-- references have made. The next page begins after the last row's SourceTable and SourceID.
-- name: VerifyPageCrosswalk :many
SELECT m.source_table, m.source_id
FROM rye.node_source_map m
JOIN rye.nodes n ON n.id = m.node_id AND n.archived_at IS NULL
LEFT JOIN rye_import.objects o ON o.source = m.source_schema AND o.object = m.source_table
LEFT JOIN rye_import.records r ON r.object_no = o.object_no AND r.legacy_id = m.source_id COLLATE "C"
WHERE m.source_schema = @source AND m.source_table = ANY (@objects::text[])
    AND (m.source_table, m.source_id) > (@after_object::text, @after_id::text)
    AND r.archived IS NULL
    AND NOT EXISTS (
        SELECT FROM rye_import.names k
        WHERE k.object_no = o.object_no AND k.legacy_id = m.source_id COLLATE "C" AND k.derived)
ORDER BY m.source_table, m.source_id
LIMIT @max_rows;
