-- PruneListRuns gives the runs whose details may go: those that ended before a time and were not pruned, but
-- not the newest of each source that is done, which the next run is compared with.
-- name: PruneListRuns :many
SELECT r.run_no, r.run_id, coalesce(r.summary -> 'rejects' ->> 'path', '')::text AS rejects_path
FROM rye_import.runs r
WHERE r.status <> 'running' AND r.pruned_at IS NULL AND coalesce(r.finished_at, r.started_at) < @before::timestamptz
    AND r.run_no IS DISTINCT FROM (
        SELECT max(n.run_no) FROM rye_import.runs n
        WHERE n.source = r.source AND n.status = 'done')
ORDER BY r.run_no;

-- PruneLockRun locks a run that is to be pruned, unless somebody is at it: it gives no row then.
-- name: PruneLockRun :many
SELECT run_no FROM rye_import.runs WHERE run_no = @run_no AND pruned_at IS NULL FOR UPDATE SKIP LOCKED;

-- PruneCountRejects counts what PruneDeleteRejects would take away.
-- name: PruneCountRejects :one
SELECT count(*) FROM rye_import.rejects WHERE run_no = ANY (@run_nos::int[]);

-- PruneDeleteRejects forgets the rejects of a run, and with them the values of their cells.
-- name: PruneDeleteRejects :execrows
DELETE FROM rye_import.rejects WHERE run_no = @run_no;

-- PruneDeleteImages forgets the rows that a run has changed or taken away, and by which it could be undone.
-- name: PruneDeleteImages :execrows
DELETE FROM rye_import.images WHERE run_no = @run_no;

-- PruneDeleteCreated forgets which nodes a run has made.
-- name: PruneDeleteCreated :execrows
DELETE FROM rye_import.created_nodes WHERE run_no = @run_no;

-- PruneMarkRun notes that the details of a run are gone. Of its summary, the names that fitted no record go
-- too, and where its reject files were.
-- name: PruneMarkRun :exec
UPDATE rye_import.runs
SET pruned_at = now(), summary = summary - 'names' #- '{rejects,path}'
WHERE run_no = @run_no;

-- PruneCountChanges counts what PruneDeleteChanges would take away.
-- name: PruneCountChanges :one
SELECT count(*)
FROM rye_import.changes c
JOIN rye_import.runs r ON r.run_no = c.run_no
WHERE r.status <> 'running' AND coalesce(r.finished_at, r.started_at) < @before::timestamptz
    AND NOT EXISTS (
        SELECT FROM rye_import.change_fields(c.before, c.after) AS f (field)
        WHERE f.field NOT IN (
            SELECT rye_import.change_fields(l.before, l.after)
            FROM rye_import.changes l
            WHERE l.node_id = c.node_id AND l.run_no > c.run_no));

-- PruneDeleteChanges forgets the changes of old runs of which every field was changed again since. What is
-- left is the last change of each field, however old: a trace goes on telling where what stands comes from.
-- name: PruneDeleteChanges :execrows
DELETE FROM rye_import.changes c
USING rye_import.runs r
WHERE r.run_no = c.run_no AND r.status <> 'running' AND coalesce(r.finished_at, r.started_at) < @before::timestamptz
    AND NOT EXISTS (
        SELECT FROM rye_import.change_fields(c.before, c.after) AS f (field)
        WHERE f.field NOT IN (
            SELECT rye_import.change_fields(l.before, l.after)
            FROM rye_import.changes l
            WHERE l.node_id = c.node_id AND l.run_no > c.run_no));

-- PruneListUnfinished gives the runs without an end: they are under way, or have crashed.
-- name: PruneListUnfinished :many
SELECT run_no, source FROM rye_import.runs WHERE status = 'running' ORDER BY source, run_no;

-- PruneListStaged gives the runs that are over and have rows in staging all the same.
-- name: PruneListStaged :many
SELECT DISTINCT s.run_no
FROM (SELECT run_no FROM rye_import.staging_records UNION ALL SELECT run_no FROM rye_import.staging_unchanged) s
JOIN rye_import.runs r ON r.run_no = s.run_no
WHERE r.status <> 'running'
ORDER BY s.run_no;
