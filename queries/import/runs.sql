-- RunInsert begins the journal of a run and gives the number that its provenance carries.
-- name: RunInsert :one
INSERT INTO rye_import.runs (run_id, source, crm, command, status, full_export, mapping, started_at, undoes)
VALUES (@run_id, @source, @crm, @command, 'running', @full_export, @mapping, @started_at, sqlc.narg('undoes'))
RETURNING run_no;

-- RunFinish closes the journal of a run.
-- name: RunFinish :exec
UPDATE rye_import.runs
SET status = @status::text, finished_at = @finished_at, merged_at = CASE WHEN @status::text = 'done' THEN now() END, event_id = sqlc.narg('event_id'), error = sqlc.narg('error'),
    summary = sqlc.narg('summary')
WHERE run_no = @run_no;

-- RunMarkCrashed closes the runs of a source that ended without a word. The caller holds the
-- source's lock, so that none of them can be alive.
-- name: RunMarkCrashed :many
UPDATE rye_import.runs
SET status = 'crashed', finished_at = now(), error = 'the run ended without a word'
WHERE source = @source AND status = 'running'
RETURNING run_no;

-- RunCountOthers counts the runs of other sources that are under way.
-- name: RunCountOthers :one
SELECT count(*) FROM rye_import.runs WHERE status = 'running' AND run_no <> @run_no;

-- RunGetStatus gives the status of a run. It waits for the transaction that closes its journal.
-- name: RunGetStatus :one
SELECT status FROM rye_import.runs WHERE run_no = @run_no FOR UPDATE;

-- RunSetUndone notes which run has taken a run back.
-- name: RunSetUndone :exec
UPDATE rye_import.runs SET undone_by = sqlc.narg('undone_by')::int WHERE run_no = @run_no::int;

-- RunGetForUndo gives what an undo must know of a run. It waits for a run that is about to undo it.
-- name: RunGetForUndo :one
SELECT run_id, status, merged_at, undoes, undone_by, pruned_at FROM rye_import.runs WHERE run_no = @run_no FOR UPDATE;
