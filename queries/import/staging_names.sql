-- StagingNameDeleteLosers drops the names of losing duplicates.
-- name: StagingNameDeleteLosers :exec
DELETE FROM rye_import.staging_names p USING rye_import.merge_losers l
WHERE p.run_no = @run_no AND l.run_no = p.run_no AND l.rec = p.rec;
