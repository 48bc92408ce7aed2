-- StagingTwinExists reports whether records of the run name others that were merged into them.
-- name: StagingTwinExists :one
SELECT EXISTS (SELECT FROM rye_import.staging_twins t WHERE t.run_no = @run_no) AS found;
