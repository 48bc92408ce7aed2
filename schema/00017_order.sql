-- +goose Up
-- +goose StatementBegin
-- The tables come in the order in which staging is filled and emptied. Else a run that analyzes them and one that empties them could
-- each hold what the other waits for.
CREATE OR REPLACE FUNCTION rye_import.analyze_staging() RETURNS void LANGUAGE plpgsql
SECURITY DEFINER SET search_path = rye_import, pg_temp SET default_statistics_target = 2 AS $$
BEGIN
    ANALYZE staging_records (run_no, rec, object_no, legacy_id, kind, id, changed, deleted, existing, alias, same_object_no, same_id, amount),
        staging_unchanged (run_no, object_no, legacy_id),
        staging_nodes (run_no, rec, code_prefix), staging_names (run_no, rec, lookup_no, name), staging_twins,
        staging_links (run_no, rec, id, source_object_no, source_ref, target_object_no, target_ref),
        staging_facts (run_no, rec, subject_object_no, subject_ref, assertion_type, assertion_key),
        staging_events (run_no, rec, actor_object_no, actor_ref),
        staging_participants (run_no, rec, event_object_no, event_ref, node_object_no, node_ref), staging_stages;
END
$$;
-- +goose StatementEnd
