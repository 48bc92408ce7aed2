-- +goose Up
-- +goose StatementBegin
-- What a scan reads of a table larger than a quarter of shared_buffers, PostgreSQL does not keep.
CREATE OR REPLACE FUNCTION rye.read_ahead_crm_view(p_view text) RETURNS boolean LANGUAGE plpgsql
SECURITY DEFINER SET search_path = rye, pg_temp
SET random_page_cost = 1.1 SET enable_indexonlyscan = off SET max_parallel_workers_per_gather = 0 SET lock_timeout = '100ms' AS $$
BEGIN
    IF (SELECT max(pg_relation_size(t)) > pg_size_bytes(current_setting('shared_buffers')) / 4
        FROM unnest(ARRAY['nodes', 'edges', 'assertions', p_view]::regclass[]) t) THEN
        RETURN false;
    END IF;
    PERFORM count(*) FROM nodes;
    PERFORM count(*) FROM edges;
    CASE p_view
        WHEN 'opportunities_active' THEN
            PERFORM count(*) FROM assertions a
            WHERE a.assertion_type IN ('deal_stage', 'deal_value', 'win_probability') AND a.subject_edge_id IS NULL AND a.superseded_at IS NULL;
            PERFORM count(*) FROM opportunities_active;
        WHEN 'contacts_directory' THEN
            PERFORM count(*) FROM assertions a
            WHERE a.assertion_type IN ('contact_info', 'sentiment') AND a.subject_edge_id IS NULL AND a.superseded_at IS NULL;
            PERFORM count(*) FROM contacts_directory;
    END CASE;
    RETURN true;
END
$$;
COMMENT ON FUNCTION rye.read_ahead_crm_view IS
    'Brings what a materialized view is made of, and what it holds, into memory and before this session, which can refresh it faster then. Whether it did: not if it would not stay there.';

REVOKE EXECUTE ON FUNCTION rye.read_ahead_crm_view(text) FROM PUBLIC;
DO $grants$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'rye_loader') THEN
        GRANT EXECUTE ON FUNCTION rye.read_ahead_crm_view(text) TO rye_loader;
    END IF;
END
$grants$;
-- +goose StatementEnd
