-- VerifyGetLastRun gives the time at which the last run of the source ended, in year 1 if there was none.
-- name: VerifyGetLastRun :one
SELECT coalesce(max(finished_at), '0001-01-01 00:00:00Z')::timestamptz AS finished_at FROM rye_import.runs WHERE source = @source AND status = 'done';

-- VerifyListEdits gives the fields of some nodes and edges that people had edited when the last run came,
-- which has kept them therefore.
-- name: VerifyListEdits :many
SELECT e.subject_id, e.field
FROM rye_import.edits e
WHERE e.subject_id = ANY (@ids::uuid[]) AND e.edited_at < @last_run::timestamptz;
