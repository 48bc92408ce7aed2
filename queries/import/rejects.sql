-- RejectCopyFrom stores rejected records in bulk.
-- name: RejectCopyFrom :copyfrom
INSERT INTO rye_import.rejects (run_no, file_no, rec, line, object, legacy_id, column_name, value, code, reason, stage)
VALUES (@run_no, @file_no, @rec, @line, @object, @legacy_id, @column_name, @value, @code, @reason, @stage);

-- RejectListByFile gives the rejected records of a file of a run in the order of the file, after one
-- of them.
-- name: RejectListByFile :many
SELECT rec, line, object, coalesce(column_name, '')::text AS column_name, coalesce(value, '')::text AS value, code, reason, stage
FROM rye_import.rejects
WHERE run_no = @run_no AND file_no = @file_no AND rec > @after_rec
ORDER BY rec
LIMIT @max_rows;

-- RejectCountByRun counts the rejected records of a run by code.
-- name: RejectCountByRun :many
SELECT code, count(*) AS records
FROM rye_import.rejects
WHERE run_no = @run_no
GROUP BY code
ORDER BY count(*) DESC, code;

-- RejectCountKnown counts those rejected records of a run that an earlier run of the source, which
-- has committed, rejected for the same reason.
-- name: RejectCountKnown :one
SELECT count(*)
FROM rye_import.rejects r
WHERE r.run_no = @run_no
  AND EXISTS (
      SELECT FROM rye_import.rejects e
      JOIN rye_import.runs n ON n.run_no = e.run_no
      WHERE n.source = @source AND n.status = 'done' AND e.run_no < @run_no
        AND e.object = r.object AND e.code = r.code
        AND coalesce(e.legacy_id, '') = coalesce(r.legacy_id, '')
        AND coalesce(e.column_name, '') = coalesce(r.column_name, '')
        AND coalesce(e.value, '') = coalesce(r.value, '')
  );

-- RejectCountFiles counts the rejected records of a run by file and object.
-- name: RejectCountFiles :many
SELECT file_no, object, count(*) AS records
FROM rye_import.rejects
WHERE run_no = @run_no
GROUP BY file_no, object
ORDER BY file_no, object;

-- RejectListUnidentified gives the objects of which a run rejected records without knowing their id.
-- name: RejectListUnidentified :many
SELECT object, count(*) AS records
FROM rye_import.rejects
WHERE run_no = @run_no AND legacy_id IS NULL
GROUP BY object
ORDER BY object;

-- RejectSetRoots ties the rejects of a run to what they were before, where they came from a reject file.
-- name: RejectSetRoots :execrows
UPDATE rye_import.rejects j
SET root_run_no = o.root_run_no, root_rec = o.root_rec
FROM rye_import.staging_origins o
WHERE j.run_no = @run_no AND o.run_no = j.run_no AND o.rec = j.rec AND o.root_run_no IS NOT NULL;

-- RejectGroup groups the rejects of a run by cause: what the mapping rejected by its reason and by how the value
-- is written too. Of each group it gives the first record, the least and the greatest value, and the largest
-- first and second numbers of values that are dates such as 3/4/2024.
-- name: RejectGroup :many
WITH grouped AS (
    SELECT j.object, j.file_no, j.code, j.stage, coalesce(j.column_name, '') AS column_name,
        CASE WHEN j.stage = 'map' AND j.value IS NOT NULL THEN rye_import.value_shape(j.value) ELSE '' END AS shape,
        count(*) AS records, min(j.rec) AS first_rec, coalesce(min(j.value), '') AS least, coalesce(max(j.value), '') AS greatest,
        coalesce(max(substring(j.value FROM '^\s*([0-9]{1,2})[/.-]')::int), 0) AS first_number,
        coalesce(max(substring(j.value FROM '^\s*[0-9]{1,2}[/.-]([0-9]{1,2})[/.-]')::int), 0) AS second_number
    FROM rye_import.rejects j
    WHERE j.run_no = @run_no
    GROUP BY 1, 2, 3, 4, 5, 6, CASE WHEN j.stage = 'map' THEN j.reason END
)
SELECT g.object, g.file_no, g.code, g.stage, g.column_name::text AS column_name, g.shape::text AS shape, g.records,
    g.least::text AS least, g.greatest::text AS greatest, g.first_number::int AS first_number, g.second_number::int AS second_number,
    g.first_rec::bigint AS first_rec, j.line, j.reason
FROM grouped g
JOIN rye_import.rejects j ON j.run_no = @run_no AND j.rec = g.first_rec
ORDER BY g.records DESC, g.first_rec
LIMIT @max_rows;
