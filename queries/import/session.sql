-- SessionTrySourceLock takes the lock of a source for this session: one run per source at a time.
-- It reports whether it got it, and never waits.
-- name: SessionTrySourceLock :one
SELECT pg_try_advisory_lock(hashtextextended('rye_import:' || @source::text, 0))::boolean AS locked;

-- SessionStay keeps the session of the source's lock from being ended for doing nothing: it does nothing
-- while the run works in other sessions.
-- name: SessionStay :exec
SELECT set_config('idle_session_timeout', '0', false);

-- SessionSourceUnlock gives the lock of a source back. It reports whether this session held it.
-- name: SessionSourceUnlock :one
SELECT pg_advisory_unlock(hashtextextended('rye_import:' || @source::text, 0))::boolean AS unlocked;

-- SessionBeginPlan gives the transaction numbers of its own, above last, in the place of those of sequences.
-- name: SessionBeginPlan :exec
SELECT set_config('rye_import.plan', @last::text, true);

-- SessionTuneStaging sets up a transaction that copies a batch into staging. Its commit need not
-- wait for the disk: a crash in between fails the run, and the next one stages anew.
-- name: SessionTuneStaging :exec
SELECT set_config('synchronous_commit', 'off', true);

-- SessionTuneLookup sets up a transaction that looks a few thousand keys up among many: by the index,
-- each one. The planner, which thinks of disks, would rather read the whole table for every batch.
-- name: SessionTuneLookup :exec
SELECT set_config('enable_hashjoin', 'off', true), set_config('enable_mergejoin', 'off', true),
    set_config('enable_seqscan', 'off', true), set_config('jit', 'off', true);

-- SessionTuneHashes sets up a transaction that gets the hashes of all records of a source: memory for them, 16 bytes
-- each. Else the server would sort the records, only to group them.
-- name: SessionTuneHashes :exec
SELECT set_config('work_mem', '64MB', true), set_config('jit', 'off', true);

-- SessionTuneMerge sets up the merge's transaction: memory for its hash tables and sorts, and no
-- just-in-time compilation, which takes longer than the statements it would speed up. Pages that an index leads to
-- are mostly in memory, and so are hash tables, beside which nothing is worth sorting for a join. A cache in front of lookups that differ row by row is emptied for each row, all of it. It is idle while
-- codes are drawn beside it and reject files written, and not forgotten. What it writes from now on is the run's.
-- name: SessionTuneMerge :exec
SELECT set_config('work_mem', @work_mem::text, true), set_config('jit', 'off', true),
    set_config('random_page_cost', '1.1', true), set_config('enable_memoize', 'off', true), set_config('enable_mergejoin', 'off', true),
    set_config('idle_in_transaction_session_timeout', '0', true), set_config('rye_import.run', @run_no::text, true);

-- SessionTuneRestore sets up a transaction that makes an index or checks a foreign key, while others beside it do the
-- same: memory for one sort, and none of the server's helpers. Its commit need not wait for the disk: what is lost
-- in a crash is noted as still to be made.
-- name: SessionTuneRestore :exec
SELECT set_config('maintenance_work_mem', '256MB', true), set_config('max_parallel_maintenance_workers', '0', true),
    set_config('work_mem', '256MB', true), set_config('jit', 'off', true), set_config('synchronous_commit', 'off', true),
    set_config('statement_timeout', '0', true);

-- SessionTuneFirst sets up the merge of a source that says its first word, most of which is new. Where a plan, or a
-- run that failed, has been the first to write, the planner may take the tables of the graph for empty, and join what
-- is then in them row by row with everything staged.
-- name: SessionTuneFirst :exec
SELECT set_config('enable_nestloop', 'off', true);

-- SessionInfo tells who the session is and whether row-level security applies to it.
-- name: SessionInfo :one
SELECT current_user::text AS role_name,
    row_security_active('rye.nodes')::boolean AS row_security,
    current_setting('server_version_num')::int AS server_version,
    coalesce(current_setting('app.current_role', true), '')::text AS app_role;

-- SessionBoundWaits bounds how long this transaction waits for a lock.
-- name: SessionBoundWaits :exec
SELECT set_config('lock_timeout', @at_most::text, true);

-- SessionLockPipelineCodes lets one run at a time name pipelines, until its transaction ends: two that
-- name one alike would take the same code.
-- name: SessionLockPipelineCodes :exec
SELECT pg_advisory_xact_lock(hashtextextended('rye_import.pipeline_codes', 0));
