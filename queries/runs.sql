-- RunGet gives a run by its id.
-- name: RunGet :one
SELECT run_no, run_id, source, crm, command, status, full_export, mapping, started_at, finished_at, merged_at, event_id, undoes, undone_by, pruned_at, error, summary
FROM rye_import.runs
WHERE run_id = @run_id;

-- RunGetLatest gives the latest run of a source. A null status means any; 'done' gives the last that
-- changed the graph, or would have.
-- name: RunGetLatest :one
SELECT run_no, run_id, source, crm, command, status, full_export, mapping, started_at, finished_at, merged_at, event_id, undoes, undone_by, pruned_at, error, summary
FROM rye_import.runs
WHERE source = @source AND (sqlc.narg('status')::text IS NULL OR status = sqlc.narg('status')::text)
ORDER BY run_no DESC
LIMIT 1;

-- RunList gives runs, newest first; a null source means all. The next page begins before the run_no of the
-- last row.
-- name: RunList :many
SELECT run_no, run_id, source, crm, command, status, full_export, mapping, started_at, finished_at, merged_at, event_id, undoes, undone_by, pruned_at, error, summary
FROM rye_import.runs
WHERE (sqlc.narg('source')::text IS NULL OR source = sqlc.narg('source')::text)
    AND run_no < coalesce(sqlc.narg('before_run_no')::int, 2147483647)
ORDER BY run_no DESC
LIMIT @max_rows;

-- RunListByPrefix finds runs by the beginning of their id, or by their number: the ten newest.
-- name: RunListByPrefix :many
SELECT run_no, run_id, source, crm, command, status, full_export, mapping, started_at, finished_at, merged_at, event_id, undoes, undone_by, pruned_at, error, summary
FROM rye_import.runs
WHERE starts_with(run_id::text, @prefix::text) OR run_no::text = @prefix::text
ORDER BY run_no DESC
LIMIT 10;
