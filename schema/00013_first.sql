-- +goose Up
-- +goose StatementBegin
-- What a first import of a source says is resolved from staging alone, beside the transaction that fills the graph.

-- As narrow as it is, it is asked by every step, and the planner knows its size.
CREATE UNLOGGED TABLE IF NOT EXISTS rye_import.merge_keys (
    run_no    int NOT NULL,
    object_no int NOT NULL,
    legacy_id text COLLATE "C" NOT NULL,
    node_id   uuid NOT NULL
);
COMMENT ON TABLE rye_import.merge_keys IS 'The crosswalk as a first import will leave it: the nodes of its records.';

ALTER TABLE rye_import.merge_edges ADD COLUMN IF NOT EXISTS attrs jsonb;
COMMENT ON COLUMN rye_import.merge_edges.attrs IS 'What the edge carries, if the link makes one.';
ALTER TABLE rye_import.merge_facts ADD COLUMN IF NOT EXISTS attrs jsonb;
COMMENT ON COLUMN rye_import.merge_facts.attrs IS 'What the assertion carries; null for one that stands.';

CREATE OR REPLACE FUNCTION rye_import.analyze_merge(p_step text) RETURNS void LANGUAGE plpgsql
SECURITY DEFINER SET search_path = rye_import, pg_temp SET default_statistics_target = 10 AS $$
BEGIN
    CASE p_step
        WHEN 'records' THEN
            ANALYZE staging_records (run_no, rec, object_no, legacy_id, kind, id, changed, deleted, existing, alias, same_object_no, same_id, amount);
        WHEN 'keys' THEN
            ANALYZE merge_keys;
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
COMMENT ON FUNCTION rye_import.analyze_merge IS 'After a step of the merge (records, keys, nodes, edges, deals, facts): what it has filled.';

CREATE OR REPLACE FUNCTION rye_import.empty_staging() RETURNS void LANGUAGE plpgsql
SET search_path = rye_import, pg_temp AS $$
DECLARE
    v_table regclass;
BEGIN
    FOREACH v_table IN ARRAY ARRAY[
        'staging_records', 'staging_unchanged', 'staging_nodes', 'staging_names', 'staging_twins', 'staging_links',
        'staging_facts', 'staging_events', 'staging_participants', 'staging_stages', 'staging_origins',
        'merge_losers', 'merge_keys', 'merge_names', 'merge_codes', 'merge_nodes', 'merge_contested', 'merge_locks',
        'merge_effects', 'merge_edges', 'merge_participants', 'merge_deferred', 'merge_deals', 'merge_stages',
        'merge_facts', 'merge_undo'
    ]::regclass[] LOOP
        IF pg_relation_size(v_table) > 0 THEN
            EXECUTE format('TRUNCATE %s', v_table);
        END IF;
    END LOOP;
END
$$;

DO $grants$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'rye_loader') THEN
        GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE ON rye_import.merge_keys TO rye_loader;
    END IF;
END
$grants$;
-- +goose StatementEnd
