-- RunInsert begins the journal of a run and gives the number that its provenance carries.
-- name: RunInsert :one
INSERT INTO rye_import.runs (run_id, source, crm, command, status, full_export, mapping, started_at)
VALUES (@run_id, @source, @crm, @command, 'running', @full_export, @mapping, @started_at)
RETURNING run_no;

-- RunFinish closes the journal of a run.
-- name: RunFinish :exec
UPDATE rye_import.runs
SET status = @status, finished_at = @finished_at, event_id = sqlc.narg('event_id'), error = sqlc.narg('error'),
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

-- RunGetStatus gives the status of a run. It waits for the transaction that closes its journal, and nobody
-- else closes it before the end of this one.
-- name: RunGetStatus :one
SELECT status FROM rye_import.runs WHERE run_no = @run_no FOR UPDATE;
