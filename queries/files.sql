-- FileListByRun gives the files of a run in the order in which it read them; bytes is their size. The next
-- page begins after the file_no of the last row.
-- name: FileListByRun :many
SELECT file_no, path, object, format, encoding, sha256, bytes
FROM rye_import.files
WHERE run_no = @run_no AND file_no > coalesce(sqlc.narg('after_file_no')::int, 0)
ORDER BY file_no
LIMIT @max_rows;
