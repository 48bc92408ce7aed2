-- FileInsert notes a file that a run reads and gives the number that its provenance carries.
-- name: FileInsert :one
INSERT INTO rye_import.files (run_no, path, object, format, encoding, sha256, bytes)
VALUES (@run_no, @path, @object, @format, @encoding, @sha256, @bytes)
RETURNING file_no;

-- FileListByRun gives the files of a run in the order in which it read them.
-- name: FileListByRun :many
SELECT file_no, path, object, format, encoding, sha256, bytes
FROM rye_import.files
WHERE run_no = @run_no
ORDER BY file_no;
