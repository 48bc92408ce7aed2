-- SettledInsertReturned notes the rejects that came back in a reject file and that the run could use.
-- name: SettledInsertReturned :execrows
INSERT INTO rye_import.settled (run_no, rec, by_run_no)
SELECT DISTINCT o.root_run_no, o.root_rec, o.run_no
FROM rye_import.staging_origins o
WHERE o.run_no = @run_no AND o.root_run_no IS NOT NULL
    AND NOT EXISTS (SELECT FROM rye_import.rejects j WHERE j.run_no = o.run_no AND j.rec = o.rec)
    AND NOT EXISTS (
        SELECT FROM rye_import.settled s JOIN rye_import.runs b ON b.run_no = s.by_run_no AND b.status = 'done' AND b.undone_by IS NULL
        WHERE s.run_no = o.root_run_no AND s.rec = o.root_rec);

-- SettledInsertMet notes the open rejects of earlier runs whose record the run could use under the same
-- id, from whatever file. Of records that stand twice one is always used; that they do no more is told by
-- a full export alone.
-- name: SettledInsertMet :execrows
INSERT INTO rye_import.settled (run_no, rec, by_run_no)
SELECT DISTINCT e.root_run_no, e.root_rec, s.run_no
FROM rye_import.runs n
JOIN rye_import.reject_states e ON e.run_no = n.run_no AND e.by_run_no IS NULL
JOIN rye_import.objects o ON o.source = n.source AND o.object = e.object
JOIN rye_import.staging_records s ON s.run_no = @run_no AND s.object_no = o.object_no AND s.legacy_id = e.legacy_id AND s.rec > 0
WHERE n.source = @source AND n.status = 'done' AND n.run_no < @run_no
    AND (e.code <> 'duplicate_id' OR @full_export::boolean)
    AND NOT EXISTS (
        SELECT FROM rye_import.rejects j
        WHERE j.run_no = @run_no AND j.object = e.object AND j.legacy_id = e.legacy_id)
ON CONFLICT (run_no, rec, by_run_no) DO NOTHING;

-- SettledListByRun gives the runs of which rejects came back in a run: how many of them it could use, how
-- many it rejected again, and how many are still open.
-- name: SettledListByRun :many
WITH roots AS (
    SELECT s.run_no, s.rec, true AS used FROM rye_import.settled s WHERE s.by_run_no = @run_no::int
    UNION ALL
    SELECT j.root_run_no, j.root_rec, false FROM rye_import.rejects j WHERE j.run_no = @run_no::int AND j.root_run_no IS NOT NULL
)
SELECT n.run_no, n.run_id,
    (SELECT count(*) FROM roots r WHERE r.run_no = n.run_no AND r.used) AS settled,
    (SELECT count(*) FROM roots r WHERE r.run_no = n.run_no AND NOT r.used) AS again,
    (SELECT count(*) FROM rye_import.reject_states e
     WHERE e.run_no = n.run_no AND e.by_run_no IS NULL
         AND NOT EXISTS (SELECT FROM roots r WHERE r.used AND r.run_no = e.root_run_no AND r.rec = e.root_rec)) AS open
FROM rye_import.runs n
WHERE n.run_no IN (SELECT r.run_no FROM roots r)
ORDER BY n.run_no;

-- SettledCountByObject counts the rejects of a run and those of them that later runs settled, by object.
-- name: SettledCountByObject :many
SELECT e.object, count(*) AS rejected, count(e.by_run_no) AS settled
FROM rye_import.reject_states e
WHERE e.run_no = @run_no
GROUP BY e.object
ORDER BY e.object;

-- SettledCountBy counts the rejects of a run that each later run settled.
-- name: SettledCountBy :many
SELECT b.run_no, b.run_id, b.finished_at, count(*) AS settled
FROM rye_import.reject_states e
JOIN rye_import.runs b ON b.run_no = e.by_run_no
WHERE e.run_no = @run_no
GROUP BY b.run_no, b.run_id, b.finished_at
ORDER BY b.run_no;

-- SettledListByRecord gives the run that settled each of some rejects of a run; 0 for those that are open.
-- name: SettledListByRecord :many
SELECT e.rec, coalesce(e.by_run_no, 0)::int AS by_run_no
FROM rye_import.reject_states e
WHERE e.run_no = @run_no AND e.rec = ANY (@recs::bigint[])
ORDER BY e.rec;
