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
-- +goose StatementEnd
