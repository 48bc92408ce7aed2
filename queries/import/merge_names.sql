-- MergeNameInsert notes the names that references of the run and deferred ones use, each as the
-- first of them writes it; those that wait come before those of the run.
-- name: MergeNameInsert :execrows
WITH spelled AS (
    SELECT x.object_no AS lookup_no, x.ref AS name, min(x.rec) AS rec
    FROM rye_import.staging_references x
    WHERE x.run_no = @run_no::int AND x.object_no = ANY (@lookup_nos::int[]) AND x.ref IS NOT NULL
    GROUP BY 1, 2
    UNION ALL
    SELECT x.object_no, x.ref, min(-x.deferred_no)
    FROM rye_import.deferred_references x
    WHERE x.object_no = ANY (@lookup_nos::int[]) AND x.ref IS NOT NULL
    GROUP BY 1, 2
), keyed AS (
    SELECT s.lookup_no, s.name, s.rec, rye_import.name_key(s.name) AS name_key FROM spelled s
)
INSERT INTO rye_import.merge_names (run_no, lookup_no, name_key, name, rec, candidates, derived)
SELECT DISTINCT ON (k.lookup_no, k.name_key) @run_no::int, k.lookup_no, k.name_key, k.name, k.rec, 0, false
FROM keyed k
ORDER BY k.lookup_no, k.name_key, k.rec, k.name;

-- MergeNameSetCandidates counts the living nodes whose records answer to each name; records that only
-- references have made count where there are no others. Of the records of the one node that a name
-- fits, the lowest stands for it. Names of records that the run is about to archive as missing fit
-- no more. The crosswalk's index compares by the default collation.
-- name: MergeNameSetCandidates :execrows
WITH fitting AS (
    SELECT w.lookup_no, w.name_key, k.object_no, k.legacy_id, k.derived, coalesce(s.id, m.node_id) AS node_id,
        bool_and(k.derived) OVER (PARTITION BY w.lookup_no, w.name_key) AS only_derived
    FROM rye_import.merge_names w
    JOIN rye_import.names k ON k.lookup_no = w.lookup_no AND k.name_key = w.name_key
    JOIN rye_import.objects o ON o.object_no = k.object_no
    LEFT JOIN rye_import.staging_records s
        ON s.run_no = @run_no::int AND s.object_no = k.object_no AND s.legacy_id = k.legacy_id AND s.kind = 'node' AND s.changed
    LEFT JOIN rye_import.records r ON r.object_no = k.object_no AND r.legacy_id = k.legacy_id
    LEFT JOIN rye.node_source_map m
        ON m.source_schema = @source AND m.source_table = o.object AND m.source_id = k.legacy_id COLLATE "default"
    LEFT JOIN rye.nodes n ON n.id = coalesce(s.id, m.node_id)
    WHERE w.run_no = @run_no::int AND coalesce(s.id, m.node_id) IS NOT NULL
        -- Somebody may have archived the node; one that the importer archived comes back with its record.
        AND (n.archived_at IS NULL OR k.derived OR s.rec IS NOT NULL AND r.archived IS NOT NULL)
        AND (s.rec IS NOT NULL OR r.archived IS NULL)
        AND NOT (k.object_no = ANY (@archive_nos::int[]) AND r.object_no IS NOT NULL
            AND NOT EXISTS (
                SELECT FROM rye_import.staging_records t
                WHERE t.run_no = @run_no::int AND t.object_no = k.object_no AND t.legacy_id = k.legacy_id)
            AND NOT EXISTS (
                SELECT FROM rye_import.staging_unchanged u
                WHERE u.run_no = @run_no::int AND u.object_no = k.object_no AND u.legacy_id = k.legacy_id)
            AND NOT EXISTS (
                SELECT FROM rye_import.rejects j
                WHERE j.run_no = @run_no::int AND j.object = o.object AND j.legacy_id = k.legacy_id))
), counted AS (
    SELECT f.lookup_no, f.name_key, count(DISTINCT f.node_id) AS candidates,
        (array_agg(f.object_no ORDER BY f.object_no, f.legacy_id))[1] AS object_no,
        (array_agg(f.legacy_id ORDER BY f.object_no, f.legacy_id))[1] AS legacy_id
    FROM fitting f
    WHERE f.only_derived OR NOT f.derived
    GROUP BY 1, 2
)
UPDATE rye_import.merge_names n
SET candidates = c.candidates,
    object_no = CASE WHEN c.candidates = 1 THEN c.object_no END, legacy_id = CASE WHEN c.candidates = 1 THEN c.legacy_id END
FROM counted c
WHERE n.run_no = @run_no::int AND n.lookup_no = c.lookup_no AND n.name_key = c.name_key;

-- MergeNameSetDerived lets names that fit nothing stand for records of their own, where the lookup says
-- so: one for all spellings, and for all lookups that make records of the same object. A name that
-- is too long for a key makes none.
-- name: MergeNameSetDerived :execrows
WITH asked AS (
    SELECT unnest(@lookup_nos::int[]) AS lookup_no, unnest(@object_nos::int[]) AS object_no
), missing AS (
    SELECT n.lookup_no, n.name_key, a.object_no,
        first_value(n.name) OVER (PARTITION BY a.object_no, n.name_key ORDER BY n.rec, n.name, n.lookup_no) AS name
    FROM rye_import.merge_names n
    JOIN asked a ON a.lookup_no = n.lookup_no
    WHERE n.run_no = @run_no::int AND n.candidates = 0 AND octet_length(n.name) BETWEEN 1 AND @max_bytes::int
), standing AS (
    SELECT k.object_no, k.name_key, min(k.legacy_id) AS legacy_id
    FROM rye_import.names k
    WHERE k.derived AND k.lookup_no = ANY (@lookup_nos::int[])
    GROUP BY 1, 2
)
UPDATE rye_import.merge_names n
SET candidates = 1, derived = true, object_no = x.object_no, legacy_id = coalesce(st.legacy_id, x.name)
FROM missing x
LEFT JOIN standing st ON st.object_no = x.object_no AND st.name_key = x.name_key
WHERE n.run_no = @run_no::int AND n.lookup_no = x.lookup_no AND n.name_key = x.name_key;
