-- StagingEventCopyFrom copies the events of a batch into staging.
-- name: StagingEventCopyFrom :copyfrom
INSERT INTO rye_import.staging_events (run_no, rec, event_type, occurred_at, summary, properties, actor_object_no, actor_ref)
VALUES (@run_no, @rec, @event_type, @occurred_at, @summary, @properties, @actor_object_no, @actor_ref);

-- StagingEventDeleteLosers drops the events of losing duplicates.
-- name: StagingEventDeleteLosers :exec
DELETE FROM rye_import.staging_events p USING rye_import.merge_losers l
WHERE p.run_no = @run_no AND l.run_no = p.run_no AND l.rec = p.rec;
