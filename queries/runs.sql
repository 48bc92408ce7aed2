-- RunList gives the latest runs, newest first.
-- name: RunList :many
SELECT run_no, run_id, source, crm, command, status, full_export, mapping, started_at, finished_at, error, summary
FROM rye_import.runs
ORDER BY run_no DESC
LIMIT @max_rows;

-- RunGetByPrefix finds runs by the beginning of their id, or by their number.
-- name: RunGetByPrefix :many
SELECT run_no, run_id, source, crm, command, status, full_export, mapping, started_at, finished_at, error, summary
FROM rye_import.runs
WHERE starts_with(run_id::text, @prefix::text) OR run_no::text = @prefix::text
ORDER BY run_no DESC
LIMIT 10;
