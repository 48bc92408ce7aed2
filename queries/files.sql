-- FileListByRun gives the files of a run in the order in which it read them.
-- name: FileListByRun :many
SELECT file_no, path, object, format, encoding, sha256, bytes
FROM rye_import.files
WHERE run_no = @run_no
ORDER BY file_no;
