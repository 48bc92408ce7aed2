-- StagingUnchangedCount counts the records that a run has met and found unchanged, by object.
-- name: StagingUnchangedCount :many
SELECT o.object, count(*) AS records
FROM rye_import.staging_unchanged u
JOIN rye_import.objects o ON o.object_no = u.object_no
WHERE u.run_no = @run_no
GROUP BY 1
ORDER BY 1;

-- StagingUnchangedMove moves unchanged records to the others of which the merge has something to ask, and counts them by
-- object: those whose key another record of the run has too, of unchanged ones only if it is known that there are such;
-- those of which something waits, is rejected, is in conflict, is made by references alone, is merged into others, or comes
-- from a reject file; or all of them.
-- name: StagingUnchangedMove :many
WITH asked AS (
    SELECT s.object_no, s.legacy_id FROM rye_import.staging_records s WHERE s.run_no = @run_no::int AND s.rec > 0
    UNION
    SELECT u.object_no, u.legacy_id
    FROM rye_import.staging_unchanged u
    WHERE u.run_no = @run_no::int AND @repeated::boolean
    GROUP BY 1, 2
    HAVING count(*) > 1
    UNION
    SELECT d.object_no, d.legacy_id
    FROM rye_import.deferred d JOIN rye_import.objects o ON o.object_no = d.object_no
    WHERE o.source = @source::text
    UNION
    SELECT c.object_no, c.legacy_id
    FROM rye_import.conflicts c JOIN rye_import.objects o ON o.object_no = c.object_no
    WHERE o.source = @source::text
    UNION
    SELECT k.object_no, k.legacy_id
    FROM rye_import.names k JOIN rye_import.objects o ON o.object_no = k.object_no
    WHERE o.source = @source::text AND k.derived
    UNION
    SELECT t.object_no, t.legacy_id FROM rye_import.staging_twins t WHERE t.run_no = @run_no::int
    UNION
    SELECT o.object_no, e.legacy_id
    FROM rye_import.runs n
    JOIN rye_import.reject_states e ON e.run_no = n.run_no AND e.by_run_no IS NULL
    JOIN rye_import.objects o ON o.source = n.source AND o.object = e.object
    WHERE n.source = @source::text AND n.status = 'done' AND n.run_no < @run_no::int AND e.legacy_id IS NOT NULL
), moved AS (
    DELETE FROM rye_import.staging_unchanged u
    WHERE u.run_no = @run_no::int
        AND (@everything::boolean
            OR (u.object_no, u.legacy_id) IN (SELECT a.object_no, a.legacy_id FROM asked a)
            OR u.rec IN (SELECT o.rec FROM rye_import.staging_origins o WHERE o.run_no = @run_no::int))
    RETURNING u.rec, u.object_no, u.legacy_id, u.kind, u.deleted, u.version, u.file_no, u.line
), staged AS (
    INSERT INTO rye_import.staging_records (run_no, rec, object_no, legacy_id, kind, id, content_hash, changed, deleted, existing, alias,
        version, file_no, line)
    SELECT @run_no::int, m.rec, m.object_no, m.legacy_id, m.kind, gen_random_uuid(), r.content_hash, false, m.deleted, false, false,
        m.version, m.file_no, m.line
    FROM moved m
    JOIN rye_import.records r ON r.object_no = m.object_no AND r.legacy_id = m.legacy_id
    RETURNING object_no
)
SELECT o.object, count(*) AS records
FROM staged s
JOIN rye_import.objects o ON o.object_no = s.object_no
GROUP BY 1
ORDER BY 1;
