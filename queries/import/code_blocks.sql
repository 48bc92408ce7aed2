-- CodeBlockReserve draws numbers from the counters of prefixes and months, and notes them as held by a
-- run. A counter moves past every code that is in use, also past those that came in by another
-- way. What is in use is looked up before the first counter is locked, and the counters are locked in order, for this short
-- transaction alone, so that nobody who creates codes meanwhile waits for the run.
-- name: CodeBlockReserve :many
WITH wanted AS (
    SELECT unnest(@prefixes::text[]) AS prefix, unnest(@year_months::text[]) AS year_month, unnest(@codes::int[]) AS codes
), drawn AS (
    INSERT INTO rye.crm_code_counters AS c (prefix, year_month, next_val)
    SELECT w.prefix, w.year_month, rye_import.last_code_number(w.prefix, w.year_month) + 1 + w.codes
    FROM wanted w
    ORDER BY w.prefix, w.year_month
    ON CONFLICT (prefix, year_month) DO UPDATE
        SET next_val = greatest(c.next_val + (SELECT w.codes FROM wanted w WHERE w.prefix = c.prefix AND w.year_month = c.year_month), excluded.next_val)
    RETURNING c.prefix, c.year_month, c.next_val
)
INSERT INTO rye_import.code_blocks (prefix, year_month, first_val, last_val, run_no)
SELECT d.prefix, d.year_month, d.next_val - w.codes, d.next_val - 1, @run_no::int
FROM drawn d
JOIN wanted w ON w.prefix = d.prefix AND w.year_month = d.year_month
RETURNING prefix, year_month, first_val, last_val;

-- CodeBlockListFree gives the free numbers of prefixes and months, lowest first, and locks them.
-- name: CodeBlockListFree :many
SELECT b.block_no, b.prefix, b.year_month, b.first_val, b.last_val
FROM rye_import.code_blocks b
WHERE b.run_no IS NULL AND (b.prefix, b.year_month) IN (SELECT unnest(@prefixes::text[]), unnest(@year_months::text[]))
ORDER BY b.prefix, b.year_month, b.first_val
FOR UPDATE OF b SKIP LOCKED;

-- CodeBlockListFreeAfter gives the numbers of a prefix and month that are free once some runs have been cleaned
-- up after, lowest first. It locks nothing.
-- name: CodeBlockListFreeAfter :many
SELECT first_val, last_val
FROM rye_import.code_blocks
WHERE prefix = @prefix AND year_month = @year_month AND (run_no IS NULL OR run_no = ANY (@run_nos::int[]))
ORDER BY first_val;

-- CodeCounterPeek gives the next number of a prefix and month as its counter has it, and the last one that a
-- node carries. It locks nothing.
-- name: CodeCounterPeek :one
SELECT coalesce((
        SELECT c.next_val FROM rye.crm_code_counters c WHERE c.prefix = @prefix::text AND c.year_month = @year_month::text), 1)::int AS next_val,
    rye_import.last_code_number(@prefix::text, @year_month::text)::int AS last_used;

-- CodeBlockTake lets a run hold the numbers of free blocks, of each up to one of them.
-- name: CodeBlockTake :exec
UPDATE rye_import.code_blocks b
SET run_no = @run_no::int, last_val = t.last_val
FROM (SELECT unnest(@block_nos::bigint[]) AS block_no, unnest(@last_vals::int[]) AS last_val) t
WHERE b.block_no = t.block_no;

-- CodeBlockInsertFree leaves numbers free, what is left of blocks that were taken in part.
-- name: CodeBlockInsertFree :exec
INSERT INTO rye_import.code_blocks (prefix, year_month, first_val, last_val)
SELECT unnest(@prefixes::text[]), unnest(@year_months::text[]), unnest(@first_vals::int[]), unnest(@last_vals::int[]);

-- CodeBlockDeleteUsed forgets the blocks of a run whose nodes carry the numbers now. It belongs into
-- the transaction that makes the nodes.
-- name: CodeBlockDeleteUsed :exec
DELETE FROM rye_import.code_blocks WHERE run_no = @run_no::int;

-- CodeBlockBegin says, until the transaction ends, that it draws numbers for a run.
-- name: CodeBlockBegin :exec
SELECT pg_advisory_xact_lock_shared(hashtextextended('rye_import.code_blocks', @run_no::int));

-- CodeBlockAwait waits for whatever still draws numbers for a run: a commit may be under way of which the
-- run, which was interrupted, has not heard.
-- name: CodeBlockAwait :exec
SELECT pg_advisory_xact_lock(hashtextextended('rye_import.code_blocks', @run_no::int));

-- CodeBlockRelease frees the numbers that runs hold and no longer need.
-- name: CodeBlockRelease :execrows
UPDATE rye_import.code_blocks SET run_no = NULL WHERE run_no = ANY (@run_nos::int[]);

-- CodeBlockRewind gives the free numbers at the end of a month back to its counter, so that the
-- next code follows the last one in use. It gives back one block for each month; call it until it
-- gives back none.
-- name: CodeBlockRewind :execrows
WITH last AS (
    SELECT b.block_no, b.prefix, b.year_month, b.first_val
    FROM rye_import.code_blocks b
    JOIN rye.crm_code_counters c ON c.prefix = b.prefix AND c.year_month = b.year_month AND c.next_val = b.last_val + 1
    WHERE b.run_no IS NULL
    ORDER BY b.prefix, b.year_month
    FOR UPDATE
), rewound AS (
    UPDATE rye.crm_code_counters c
    SET next_val = last.first_val
    FROM last
    WHERE c.prefix = last.prefix AND c.year_month = last.year_month
)
DELETE FROM rye_import.code_blocks b USING last WHERE b.block_no = last.block_no;

-- CodeBlockListEnded gives the runs of a source that have ended and hold numbers still: the server went away between
-- the two.
-- name: CodeBlockListEnded :many
SELECT DISTINCT r.run_no
FROM rye_import.code_blocks b
JOIN rye_import.runs r ON r.run_no = b.run_no
WHERE r.source = @source AND r.status <> 'running'
ORDER BY r.run_no;
