-- StagingEventDeleteLosers drops the events of losing duplicates.
-- name: StagingEventDeleteLosers :exec
DELETE FROM rye_import.staging_events p USING rye_import.merge_losers l
WHERE p.run_no = @run_no AND l.run_no = p.run_no AND l.rec = p.rec;

-- StagingEventResolve puts the records that names fit into the place of these, as actors of events.
-- name: StagingEventResolve :execrows
UPDATE rye_import.staging_events x
SET actor_object_no = n.object_no, actor_ref = n.legacy_id
FROM rye_import.merge_names n
WHERE x.run_no = @run_no AND n.run_no = x.run_no AND n.candidates = 1
    AND n.lookup_no = x.actor_object_no AND n.name_key = rye_import.name_key(x.actor_ref);
