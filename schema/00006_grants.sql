-- +goose Up
-- +goose StatementBegin
-- Two roles, made where the migrating role may make them: rye_loader runs imports and, where the
-- server allows it, passes by row-level security; rye_app serves applications, always under it.
-- BYPASSRLS is not inherited by members: a loader logs in and does SET ROLE rye_loader.
DO $roles$
BEGIN
    BEGIN
        CREATE ROLE rye_loader NOLOGIN;
    EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
              WHEN insufficient_privilege THEN RAISE NOTICE 'role rye_loader is not made: this role may not create roles';
    END;
    BEGIN
        CREATE ROLE rye_app NOLOGIN;
    EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
              WHEN insufficient_privilege THEN RAISE NOTICE 'role rye_app is not made: this role may not create roles';
    END;
    BEGIN
        IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'rye_loader' AND NOT rolbypassrls) THEN
            ALTER ROLE rye_loader BYPASSRLS;
        END IF;
    EXCEPTION WHEN insufficient_privilege THEN
        RAISE NOTICE 'rye_loader stays under row-level security: this role may not set BYPASSRLS';
    END;

    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'rye_loader') THEN
        GRANT USAGE ON SCHEMA rye, rye_import TO rye_loader;
        GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA rye TO rye_loader;
        GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE ON ALL TABLES IN SCHEMA rye_import TO rye_loader;
        GRANT USAGE ON ALL SEQUENCES IN SCHEMA rye_import TO rye_loader;
    END IF;
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'rye_app') THEN
        GRANT USAGE ON SCHEMA rye TO rye_app;
        GRANT SELECT, INSERT, UPDATE ON rye.nodes, rye.edges, rye.assertions, rye.artifacts, rye.node_source_map TO rye_app;
        GRANT SELECT, INSERT ON rye.events, rye.node_merges TO rye_app;
        GRANT SELECT, INSERT, UPDATE, DELETE ON rye.event_participants TO rye_app;
        GRANT SELECT, INSERT, UPDATE, DELETE ON rye.access_grants, rye.field_classifications,
            rye.assertion_type_access, rye.role_classification_access TO rye_app;
        GRANT SELECT ON rye.current_assertions, rye.node_context, rye.nodes_secure,
            rye.opportunities_active_secure, rye.contacts_directory_secure TO rye_app;
    END IF;
END
$roles$;
-- A materialized view knows no row-level security; it is for trusted roles only.
REVOKE ALL ON rye.opportunities_active, rye.contacts_directory FROM PUBLIC;
REVOKE EXECUTE ON FUNCTION rye.prepare_crm_views(), rye.refresh_crm_view(text), rye.refresh_crm_views() FROM PUBLIC;
REVOKE EXECUTE ON FUNCTION rye.draw_crm_code(text, text) FROM PUBLIC;
REVOKE EXECUTE ON FUNCTION rye_import.analyze_staging(), rye_import.analyze_merge(text), rye_import.analyze_names(), rye_import.analyze_undo() FROM PUBLIC;
DO $definer$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'rye_loader') THEN
        GRANT EXECUTE ON FUNCTION rye.prepare_crm_views(), rye.refresh_crm_view(text), rye.refresh_crm_views() TO rye_loader;
        GRANT EXECUTE ON FUNCTION rye_import.analyze_staging(), rye_import.analyze_merge(text), rye_import.analyze_names(), rye_import.analyze_undo() TO rye_loader;
    END IF;
END
$definer$;
-- +goose StatementEnd
