-- NameDeleteRestaged forgets the names that changed records of the run no longer have. A name that a
-- reference has made the key of a record stays, when the record itself comes.
-- name: NameDeleteRestaged :execrows
DELETE FROM rye_import.names k USING rye_import.staging_records s
WHERE s.run_no = @run_no AND s.kind = 'node' AND s.changed AND k.object_no = s.object_no AND k.legacy_id = s.legacy_id
    AND (s.deleted OR NOT k.derived AND NOT EXISTS (
        SELECT FROM rye_import.staging_names n
        WHERE n.run_no = s.run_no AND n.rec = s.rec AND n.lookup_no = k.lookup_no AND n.name = k.name));

-- NameInsertStaged keeps the names that changed records of the run have now.
-- name: NameInsertStaged :execrows
INSERT INTO rye_import.names (lookup_no, name_key, name, object_no, legacy_id, derived, run_no)
SELECT DISTINCT n.lookup_no, rye_import.name_key(n.name), n.name, s.object_no, s.legacy_id, false, n.run_no
FROM rye_import.staging_names n
JOIN rye_import.staging_records s ON s.run_no = n.run_no AND s.rec = n.rec
WHERE n.run_no = @run_no AND s.kind = 'node' AND s.changed AND NOT s.deleted AND NOT EXISTS (
    SELECT FROM rye_import.names k
    WHERE k.object_no = s.object_no AND k.legacy_id = s.legacy_id AND k.lookup_no = n.lookup_no AND k.name = n.name AND NOT k.derived);

-- NameInsertDerived keeps the names of the records that references have made.
-- name: NameInsertDerived :execrows
INSERT INTO rye_import.names (lookup_no, name_key, name, object_no, legacy_id, derived, run_no)
SELECT n.lookup_no, n.name_key, n.name, n.object_no, n.legacy_id, true, n.run_no
FROM rye_import.merge_names n
WHERE n.run_no = @run_no AND n.derived AND NOT EXISTS (
    SELECT FROM rye_import.names k
    WHERE k.object_no = n.object_no AND k.legacy_id = n.legacy_id AND k.lookup_no = n.lookup_no AND k.name_key = n.name_key);

-- NameListCandidates gives the nodes that have a name, by the lowest record of each: at most so many a
-- name, of those that references could mean. The crosswalk's index compares by the default collation.
-- name: NameListCandidates :many
WITH asked AS (
    SELECT unnest(@lookup_nos::int[]) AS lookup_no, unnest(@name_keys::text[]) AS name_key,
        generate_series(1, cardinality(@lookup_nos::int[])) AS position
), fitting AS (
    SELECT DISTINCT ON (a.position, m.node_id) a.position, m.node_id, o.object, k.legacy_id, k.derived
    FROM asked a
    JOIN rye_import.names k ON k.lookup_no = a.lookup_no AND k.name_key = a.name_key
    JOIN rye_import.objects o ON o.object_no = k.object_no
    JOIN rye.node_source_map m
        ON m.source_schema = o.source AND m.source_table = o.object AND m.source_id = k.legacy_id COLLATE "default"
    LEFT JOIN rye_import.records r ON r.object_no = k.object_no AND r.legacy_id = k.legacy_id
    WHERE r.archived IS NULL
    ORDER BY a.position, m.node_id, k.derived, o.object, k.legacy_id
), ranked AS (
    SELECT f.position, f.object, f.legacy_id, f.derived, n.label, n.properties ->> 'code' AS code,
        bool_and(f.derived) OVER (PARTITION BY f.position) AS only_derived,
        row_number() OVER (PARTITION BY f.position ORDER BY f.derived, f.object, f.legacy_id) AS place
    FROM fitting f
    JOIN rye.nodes n ON n.id = f.node_id
    WHERE n.archived_at IS NULL OR f.derived
)
SELECT r.position::int AS position, r.object, r.legacy_id, coalesce(r.code, '')::text AS code, coalesce(r.label, '')::text AS label
FROM ranked r
WHERE r.place <= @max_rows::int AND (r.only_derived OR NOT r.derived)
ORDER BY r.position, r.place;

-- NameSuggest gives, for names that fit none, the kept name that each is most like: empty if it is like
-- none.
-- name: NameSuggest :many
SELECT coalesce(rye_import.similar_name(a.lookup_no, a.name), '')::text AS suggestion
FROM (
    SELECT unnest(@lookup_nos::int[]) AS lookup_no, unnest(@names::text[]) AS name,
        generate_series(1, cardinality(@lookup_nos::int[])) AS position
) a
ORDER BY a.position;
