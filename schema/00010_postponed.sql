-- +goose Up
-- +goose StatementBegin
-- The first import into an empty graph comes before what makes it slow: its foreign keys and secondary indexes are
-- taken off in the transaction of its merge, and made after it, several at once. What is still to be made is
-- noted in that transaction too, so that a crash in between costs nothing but time: the next run makes the rest.
-- Until then foreign keys hold for everything that is written (they are NOT VALID, and only the rows of the run are unchecked).
CREATE TABLE IF NOT EXISTS rye_import.postponed (
    item_no   int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name      text NOT NULL,
    statement text NOT NULL,
    at_once   boolean NOT NULL
);
COMMENT ON TABLE rye_import.postponed IS 'Indexes and foreign keys of the graph that a first import took off and that are still to be made or checked.';
COMMENT ON COLUMN rye_import.postponed.at_once IS 'Whether it belongs into the transaction that took it off: a unique index, or a foreign key that new rows must fit.';

-- postpone_indexes takes the foreign keys and secondary indexes of the graph off, and gives null; or it leaves all as it is, and
-- gives the reason. It does so if no other session is connected (p_sessions is how many the run has itself), and if the owner
-- of this function owns the tables.
-- Keys stay: statements of the merge ask them. So does an index with anything to it that its definition does not say.
CREATE OR REPLACE FUNCTION rye_import.postpone_indexes(p_sessions int) RETURNS text LANGUAGE plpgsql
SECURITY DEFINER SET search_path = rye_import, pg_temp AS $$
DECLARE
    c_tables constant regclass[] := ARRAY['rye.nodes', 'rye.edges', 'rye.events', 'rye.event_participants', 'rye.assertions',
        'rye.node_source_map']::regclass[];
    v_found text;
    v_item record;
BEGIN
    IF EXISTS (SELECT FROM pg_class c WHERE c.oid = ANY (c_tables) AND NOT pg_has_role(c.relowner, 'USAGE')) THEN
        RETURN 'the owner of rye_import does not own the tables of the graph';
    END IF;
    SELECT coalesce(string_agg(DISTINCT nullif(s.application_name, ''), ', ') FILTER (WHERE s.application_name <> current_setting('application_name')),
        'sessions without a name of their own')
    INTO v_found
    FROM (
        SELECT a.application_name, count(*) OVER () AS sessions
        FROM pg_stat_activity a
        WHERE a.datname = current_database() AND coalesce(a.backend_type, 'client backend') = 'client backend'
    ) s
    WHERE s.sessions > p_sessions
    HAVING count(*) > 0;
    IF v_found IS NOT NULL THEN
        RETURN 'others are connected to the database: ' || v_found;
    END IF;
    BEGIN
        SET LOCAL lock_timeout = '2s';
        LOCK TABLE rye.nodes, rye.edges, rye.events, rye.event_participants, rye.assertions, rye.node_source_map, records, created_nodes
            IN ACCESS EXCLUSIVE MODE;
        SET LOCAL lock_timeout TO DEFAULT;
    EXCEPTION WHEN lock_not_available THEN
        RETURN 'others use the graph';
    END;

    -- Those that take longest come first, so that in the end nobody waits for one alone.
    FOR v_item IN
        SELECT format('index %I on %s', c.relname, i.indrelid::regclass) AS name, pg_get_indexdef(c.oid) AS statement, i.indisunique AS at_once,
            format('DROP INDEX %s', c.oid::regclass) AS off
        FROM pg_index i
        JOIN pg_class c ON c.oid = i.indexrelid
        JOIN pg_am m ON m.oid = c.relam
        WHERE i.indrelid = ANY (c_tables) AND i.indisvalid AND NOT i.indisprimary AND NOT i.indisreplident AND NOT i.indisclustered
            AND c.reltablespace = 0 AND obj_description(c.oid, 'pg_class') IS NULL
            AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = c.oid)
            AND NOT EXISTS (SELECT FROM pg_attribute t WHERE t.attrelid = c.oid AND t.attstattarget <> -1)
            AND c.relname <> 'node_source_map_pkey'
        ORDER BY m.amname <> 'gin', array_position(c_tables, i.indrelid::regclass), c.relname
    LOOP
        INSERT INTO postponed (name, statement, at_once) VALUES (v_item.name, v_item.statement, v_item.at_once);
        EXECUTE v_item.off;
    END LOOP;
    FOR v_item IN
        SELECT k.conrelid::regclass AS relation, k.conname, pg_get_constraintdef(k.oid) AS definition
        FROM pg_constraint k
        WHERE k.contype = 'f' AND k.convalidated AND k.conrelid = ANY (c_tables) AND NOT k.condeferrable
            AND obj_description(k.oid, 'pg_constraint') IS NULL
        ORDER BY k.conname, k.conrelid
    LOOP
        INSERT INTO postponed (name, statement, at_once)
        VALUES (format('foreign key %I of %s', v_item.conname, v_item.relation),
            format('ALTER TABLE %s ADD CONSTRAINT %I %s NOT VALID', v_item.relation, v_item.conname, v_item.definition), true),
            (format('foreign key %I of %s', v_item.conname, v_item.relation),
            format('ALTER TABLE %s VALIDATE CONSTRAINT %I', v_item.relation, v_item.conname), false);
        EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', v_item.relation, v_item.conname);
    END LOOP;

    -- Under wal_level minimal, what comes into a file that the transaction has made needs no log. Tables of no page hold no row,
    -- of whomever. Another tool's table may refer to one of them; then they stay as they are.
    IF pg_relation_size('rye_import.records') = 0 AND pg_relation_size('rye_import.created_nodes') = 0 THEN
        TRUNCATE records, created_nodes;
    END IF;
    IF (SELECT bool_and(pg_relation_size(t) = 0) FROM unnest(c_tables || '{rye.artifacts, rye.node_merges}'::regclass[]) t) THEN
        BEGIN
            TRUNCATE rye.nodes, rye.edges, rye.events, rye.event_participants, rye.assertions, rye.node_source_map, rye.artifacts, rye.node_merges;
        EXCEPTION WHEN feature_not_supported THEN NULL;
        END;
    END IF;
    RETURN NULL;
END
$$;

-- restore_postponed makes one thing that was postponed, of those that belong into the transaction of the merge or of the
-- others, and gives its name; null if there is none that nobody else is making.
CREATE OR REPLACE FUNCTION rye_import.restore_postponed(p_at_once boolean) RETURNS text LANGUAGE plpgsql
SECURITY DEFINER SET search_path = rye_import, pg_temp AS $$
DECLARE
    v_item postponed;
BEGIN
    SELECT * INTO v_item FROM postponed WHERE at_once = p_at_once ORDER BY item_no LIMIT 1 FOR UPDATE SKIP LOCKED;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    EXECUTE v_item.statement;
    DELETE FROM postponed WHERE item_no = v_item.item_no;
    RETURN v_item.name;
END
$$;

-- analyze_graph tells the planner what a merge has brought into a graph of which it knows nothing: what its own joins ask, and
-- roughly. Statistics of all columns and of the expressions in indexes take ten times as long; autovacuum brings them.
CREATE OR REPLACE FUNCTION rye_import.analyze_graph() RETURNS void LANGUAGE plpgsql
SECURITY DEFINER SET search_path = rye_import, pg_temp SET default_statistics_target = 10 AS $$
BEGIN
    ANALYZE rye.nodes (id, node_type, archived_at), rye.edges (edge_type, source_id, target_id, effective_to, archived_at),
        rye.assertions (subject_node_id, assertion_type, assertion_key, superseded_at), rye.events (id, event_type),
        rye.event_participants (event_id, node_id, role), rye.node_source_map (node_id, source_schema, source_table, source_id);
END
$$;

REVOKE EXECUTE ON FUNCTION rye_import.analyze_graph(), rye_import.postpone_indexes(int), rye_import.restore_postponed(boolean) FROM PUBLIC;
DO $definer$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'rye_loader') THEN
        GRANT SELECT ON rye_import.postponed TO rye_loader;
        GRANT EXECUTE ON FUNCTION rye_import.analyze_graph(), rye_import.postpone_indexes(int), rye_import.restore_postponed(boolean) TO rye_loader;
    END IF;
END
$definer$;
-- +goose StatementEnd
