-- FileInsert notes a file that a run reads and gives the number that its provenance carries.
-- name: FileInsert :one
INSERT INTO rye_import.files (run_no, path, object, format, encoding, sha256, bytes)
VALUES (@run_no, @path, @object, @format, @encoding, @sha256, @bytes)
RETURNING file_no;
