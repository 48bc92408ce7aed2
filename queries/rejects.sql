-- RejectListByRun gives rejected records of a run, in the order of its files.
-- name: RejectListByRun :many
SELECT r.object, f.path, r.line, r.legacy_id, r.column_name, r.code, r.reason, r.stage
FROM rye_import.rejects r
JOIN rye_import.files f USING (file_no)
WHERE r.run_no = @run_no
ORDER BY r.rec
LIMIT @max_rows;
