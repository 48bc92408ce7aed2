-- FileInsert notes a file that a run reads and gives the number that its provenance carries.
-- name: FileInsert :one
INSERT INTO rye_import.files (run_no, path, object, format, encoding, sha256, bytes)
VALUES (@run_no, @path, @object, @format, @encoding, @sha256, @bytes)
RETURNING file_no;

-- FileSetTallies notes what was counted in files of a run.
-- name: FileSetTallies :exec
UPDATE rye_import.files f
SET tally = t.tally
FROM (SELECT unnest(@file_nos::int[]) AS file_no, unnest(@tallies::jsonb[]) AS tally) t
WHERE f.file_no = t.file_no AND f.run_no = @run_no::int;

-- FileListLast gives the files of the last run of a source that is done, with what was counted in them, if that was a run of a full
-- export. A run that takes another one back is one too, and has no files.
-- name: FileListLast :many
SELECT n.run_no, f.object, f.format, f.encoding, f.sha256, f.tally
FROM rye_import.runs n
JOIN rye_import.files f ON f.run_no = n.run_no
WHERE n.full_export AND n.run_no = (SELECT max(l.run_no) FROM rye_import.runs l WHERE l.source = @source AND l.status = 'done')
ORDER BY f.file_no;
