-- +goose Up
-- +goose StatementBegin
-- A first and a later run resolve what they say by the same statements: these ask tables of the merge alone, which a later run
-- fills with what the graph knows.
COMMENT ON TABLE rye_import.merge_keys IS 'The crosswalk as the run will leave it: the nodes of its own records, or of all those that it refers to.';

ALTER TABLE rye_import.merge_deals ALTER COLUMN pipeline_id DROP NOT NULL;
COMMENT ON TABLE rye_import.merge_deals IS 'The pipeline, if any, of each deal that has staged facts about its stage.';

CREATE UNLOGGED TABLE IF NOT EXISTS rye_import.merge_standing (
    run_no         int NOT NULL,
    id             uuid NOT NULL,
    subject_id     uuid NOT NULL,
    assertion_type text NOT NULL,
    assertion_key  text NOT NULL,
    claim          jsonb NOT NULL,
    asserted_at    timestamptz NOT NULL,
    superseded_at  timestamptz,
    superseded_by  uuid,
    created_at     timestamptz NOT NULL,
    placed_at      timestamptz NOT NULL
);
COMMENT ON TABLE rye_import.merge_standing IS 'Facts that stand about the subjects of staged ones.';
COMMENT ON COLUMN rye_import.merge_standing.placed_at IS 'When it is said to have been asserted in the order of its chain: the current one last.';

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
        'merge_standing', 'merge_facts', 'merge_undo'
    ]::regclass[] LOOP
        IF pg_relation_size(v_table) > 0 THEN
            EXECUTE format('TRUNCATE %s', v_table);
        END IF;
    END LOOP;
END
$$;

-- What a merge has to know of staging, some hundred rows tell; each of their pages has to be found first, while nothing else is done.
ALTER FUNCTION rye_import.analyze_staging() SET default_statistics_target = 2;
ALTER FUNCTION rye_import.analyze_merge(text) SET default_statistics_target = 2;

DO $grants$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'rye_loader') THEN
        GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE ON rye_import.merge_standing TO rye_loader;
    END IF;
END
$grants$;
-- +goose StatementEnd
