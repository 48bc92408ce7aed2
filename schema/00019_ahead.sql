-- +goose Up
-- +goose StatementBegin
-- One session reads for both views: the other finds the pages in memory then, and its way to many of them at once.
DROP FUNCTION IF EXISTS rye.read_ahead_crm_view(text);

-- What a scan reads of a table larger than a quarter of shared_buffers, PostgreSQL does not keep.
CREATE OR REPLACE FUNCTION rye.read_ahead_crm_views() RETURNS boolean LANGUAGE plpgsql
SECURITY DEFINER SET search_path = rye, pg_temp
SET enable_indexscan = off SET enable_indexonlyscan = off SET enable_bitmapscan = off SET max_parallel_workers_per_gather = 0
SET lock_timeout = '100ms' AS $$
BEGIN
    IF (SELECT max(pg_relation_size(t)) > pg_size_bytes(current_setting('shared_buffers')) / 4
        FROM unnest(ARRAY['nodes', 'edges', 'assertions', 'opportunities_active', 'contacts_directory']::regclass[]) t) THEN
        RETURN false;
    END IF;
    PERFORM count(*) FROM nodes;
    PERFORM count(*) FROM edges;
    PERFORM count(*) FROM assertions;
    PERFORM count(*) FROM opportunities_active;
    PERFORM count(*) FROM contacts_directory;
    RETURN true;
END
$$;
COMMENT ON FUNCTION rye.read_ahead_crm_views IS
    'Brings what the materialized views are made of, and what they hold, into memory and before this session, which can refresh them faster then. Whether it did: not if it would not stay there.';

REVOKE EXECUTE ON FUNCTION rye.read_ahead_crm_views() FROM PUBLIC;
DO $grants$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'rye_loader') THEN
        GRANT EXECUTE ON FUNCTION rye.read_ahead_crm_views() TO rye_loader;
    END IF;
END
$grants$;
-- +goose StatementEnd
