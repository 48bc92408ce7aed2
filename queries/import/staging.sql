-- StagingTruncate empties staging at once. It is for a run that is alone: it would take the rows of
-- every other.
-- name: StagingTruncate :exec
SELECT rye_import.empty_staging();

-- StagingLock keeps StagingTruncate away until the transaction ends. It takes the locks in the order of
-- rye_import.empty_staging.
-- name: StagingLock :exec
LOCK TABLE rye_import.staging_records, rye_import.staging_unchanged, rye_import.staging_nodes, rye_import.staging_names, rye_import.staging_twins,
    rye_import.staging_links, rye_import.staging_facts, rye_import.staging_events, rye_import.staging_participants,
    rye_import.staging_stages, rye_import.staging_origins, rye_import.merge_losers, rye_import.merge_keys, rye_import.merge_names,
    rye_import.merge_codes, rye_import.merge_nodes, rye_import.merge_contested, rye_import.merge_locks, rye_import.merge_effects,
    rye_import.merge_edges, rye_import.merge_participants, rye_import.merge_deferred, rye_import.merge_deals,
    rye_import.merge_stages, rye_import.merge_standing, rye_import.merge_facts, rye_import.merge_undo IN ROW EXCLUSIVE MODE;

-- StagingDeleteRuns takes the rows of runs that are over out of staging.
-- name: StagingDeleteRuns :exec
WITH
    d1 AS (DELETE FROM rye_import.staging_records WHERE run_no = ANY (@run_nos::int[])),
    d2 AS (DELETE FROM rye_import.staging_nodes WHERE run_no = ANY (@run_nos::int[])),
    d3 AS (DELETE FROM rye_import.staging_names WHERE run_no = ANY (@run_nos::int[])),
    d4 AS (DELETE FROM rye_import.staging_twins WHERE run_no = ANY (@run_nos::int[])),
    d5 AS (DELETE FROM rye_import.staging_links WHERE run_no = ANY (@run_nos::int[])),
    d6 AS (DELETE FROM rye_import.staging_facts WHERE run_no = ANY (@run_nos::int[])),
    d7 AS (DELETE FROM rye_import.staging_events WHERE run_no = ANY (@run_nos::int[])),
    d8 AS (DELETE FROM rye_import.staging_participants WHERE run_no = ANY (@run_nos::int[])),
    d9 AS (DELETE FROM rye_import.staging_stages WHERE run_no = ANY (@run_nos::int[])),
    d10 AS (DELETE FROM rye_import.staging_origins WHERE run_no = ANY (@run_nos::int[])),
    d11 AS (DELETE FROM rye_import.merge_losers WHERE run_no = ANY (@run_nos::int[])),
    d12 AS (DELETE FROM rye_import.merge_names WHERE run_no = ANY (@run_nos::int[])),
    d13 AS (DELETE FROM rye_import.merge_codes WHERE run_no = ANY (@run_nos::int[])),
    d14 AS (DELETE FROM rye_import.merge_nodes WHERE run_no = ANY (@run_nos::int[])),
    d15 AS (DELETE FROM rye_import.merge_contested WHERE run_no = ANY (@run_nos::int[])),
    d16 AS (DELETE FROM rye_import.merge_locks WHERE run_no = ANY (@run_nos::int[])),
    d17 AS (DELETE FROM rye_import.merge_effects WHERE run_no = ANY (@run_nos::int[])),
    d18 AS (DELETE FROM rye_import.merge_edges WHERE run_no = ANY (@run_nos::int[])),
    d19 AS (DELETE FROM rye_import.merge_participants WHERE run_no = ANY (@run_nos::int[])),
    d20 AS (DELETE FROM rye_import.merge_deferred WHERE run_no = ANY (@run_nos::int[])),
    d21 AS (DELETE FROM rye_import.merge_deals WHERE run_no = ANY (@run_nos::int[])),
    d22 AS (DELETE FROM rye_import.merge_stages WHERE run_no = ANY (@run_nos::int[])),
    d23 AS (DELETE FROM rye_import.merge_facts WHERE run_no = ANY (@run_nos::int[])),
    d24 AS (DELETE FROM rye_import.merge_undo WHERE run_no = ANY (@run_nos::int[])),
    d25 AS (DELETE FROM rye_import.staging_unchanged WHERE run_no = ANY (@run_nos::int[])),
    d26 AS (DELETE FROM rye_import.merge_keys WHERE run_no = ANY (@run_nos::int[])),
    d27 AS (DELETE FROM rye_import.merge_standing WHERE run_no = ANY (@run_nos::int[]))
SELECT 1;

-- StagingSetLockTimeout bounds how long StagingTruncate waits for others.
-- name: StagingSetLockTimeout :exec
SELECT set_config('lock_timeout', '2s', true);

-- StagingAnalyze tells the planner what has been staged.
-- name: StagingAnalyze :exec
SELECT rye_import.analyze_staging();

-- StagingAnalyzeMerge tells the planner what a step of the merge has resolved: records, keys, nodes, edges, deals or facts.
-- name: StagingAnalyzeMerge :exec
SELECT rye_import.analyze_merge(@step::text);

-- StagingAnalyzeNames tells the planner which names there are and which are asked for.
-- name: StagingAnalyzeNames :exec
SELECT rye_import.analyze_names();

-- MergeResolvedDelete takes back what was resolved in transactions of its own, for a merge that begins anew.
-- name: MergeResolvedDelete :exec
WITH
    d1 AS (DELETE FROM rye_import.merge_edges WHERE run_no = @run_no::int),
    d2 AS (DELETE FROM rye_import.merge_deals WHERE run_no = @run_no::int),
    d3 AS (DELETE FROM rye_import.merge_stages WHERE run_no = @run_no::int),
    d4 AS (DELETE FROM rye_import.merge_facts WHERE run_no = @run_no::int),
    d5 AS (DELETE FROM rye_import.merge_participants WHERE run_no = @run_no::int)
SELECT 1;
