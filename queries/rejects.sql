-- RejectListByRun gives rejected records of a run, in the order of its files. The next page begins after the
-- rec of the last row, the number of the record in the run.
-- name: RejectListByRun :many
SELECT r.rec, r.object, f.path, r.line, r.legacy_id, r.column_name, r.value, r.code, r.reason, r.stage
FROM rye_import.rejects r
JOIN rye_import.files f USING (file_no)
WHERE r.run_no = @run_no AND r.rec > coalesce(sqlc.narg('after_rec')::bigint, -1)
ORDER BY r.rec
LIMIT @max_rows;

-- RejectCountByCode counts the rejected records of a run by code, the most frequent first.
-- name: RejectCountByCode :many
SELECT code, count(*) AS records
FROM rye_import.rejects
WHERE run_no = @run_no
GROUP BY code
ORDER BY count(*) DESC, code
LIMIT @max_rows;
