-- The statements on which the server spent most time, in one database. Those of the importer begin with
-- their name; those that are no statement of a client are checks of foreign keys, and in functions.
SELECT coalesce(substring(s.query FROM '^-- name: (\w+)'), '`' || left(regexp_replace(s.query, '\s+', ' ', 'g'), 100) || '`') AS statement,
    s.toplevel, s.calls, s.rows, s.total_exec_time / 1000 AS seconds, s.wal_bytes::bigint AS wal,
    s.shared_blks_hit + s.shared_blks_read AS pages, s.temp_blks_written AS spilled
FROM pg_stat_statements s
JOIN pg_database d ON d.oid = s.dbid
WHERE d.datname = $1
ORDER BY s.total_exec_time DESC
LIMIT 25;
