-- StagingTwinCopyFrom copies into staging which records were merged into those of a batch.
-- name: StagingTwinCopyFrom :copyfrom
INSERT INTO rye_import.staging_twins (run_no, rec, object_no, legacy_id)
VALUES (@run_no, @rec, @object_no, @legacy_id);

-- StagingTwinExists reports whether records of the run name others that were merged into them.
-- name: StagingTwinExists :one
SELECT EXISTS (SELECT FROM rye_import.staging_twins t WHERE t.run_no = @run_no) AS found;
