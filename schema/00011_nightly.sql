-- +goose Up
-- +goose StatementBegin
-- What a run costs that changes little.

-- As before, and deals: their stages are looked up before the facts are there.
CREATE OR REPLACE FUNCTION rye_import.analyze_merge(p_step text) RETURNS void LANGUAGE plpgsql
SECURITY DEFINER SET search_path = rye_import, pg_temp SET default_statistics_target = 10 AS $$
BEGIN
    CASE p_step
        WHEN 'records' THEN
            ANALYZE staging_records (run_no, rec, object_no, legacy_id, kind, id, changed, deleted, existing, alias, same_object_no, same_id, amount);
        WHEN 'nodes' THEN
            ANALYZE merge_nodes (run_no, rec, node_id);
        WHEN 'edges' THEN
            ANALYZE merge_edges (run_no, rec, id, slot, edge_type, source_id, target_id, effective_to, outcome);
        WHEN 'deals' THEN
            ANALYZE merge_deals;
        WHEN 'facts' THEN
            ANALYZE merge_deals, merge_stages,
                merge_facts (run_no, rec, id, subject_id, assertion_type, assertion_key, event_id, recorded, stands, next_id, next_at);
    END CASE;
END
$$;
COMMENT ON FUNCTION rye_import.analyze_merge IS 'After a step of the merge (records, nodes, edges, deals, facts): what it has filled.';

-- As before, and without workers: a worker has to find its way to every page of the graph anew, which costs more than it takes off,
-- and the two views have a processor each.
CREATE OR REPLACE FUNCTION rye.refresh_crm_view(p_view text) RETURNS void LANGUAGE plpgsql
SECURITY DEFINER SET search_path = rye, pg_temp SET default_statistics_target = 10 SET work_mem = '64MB' SET max_parallel_workers_per_gather = 0 AS $$
BEGIN
    -- Two callers that have both looked at an empty view could not both lock it.
    PERFORM pg_advisory_xact_lock(hashtextextended('rye.refresh_crm_view ' || p_view, 0));
    CASE p_view
        WHEN 'opportunities_active' THEN
            IF EXISTS (SELECT FROM opportunities_active) THEN
                REFRESH MATERIALIZED VIEW CONCURRENTLY opportunities_active;
            ELSE
                REFRESH MATERIALIZED VIEW opportunities_active;
            END IF;
        WHEN 'contacts_directory' THEN
            IF EXISTS (SELECT FROM contacts_directory) THEN
                REFRESH MATERIALIZED VIEW CONCURRENTLY contacts_directory;
            ELSE
                REFRESH MATERIALIZED VIEW contacts_directory;
            END IF;
    END CASE;
END
$$;
-- +goose StatementEnd
