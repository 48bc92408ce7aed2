-- +goose Up
-- +goose StatementBegin
-- What runs change and what people change, kept so that a run can be taken back and so that people win.
-- Triggers write it, which forget nothing: not what merge_nodes moves, nor what another program edits. A
-- transaction that says rye_import.run = N works for run N; all others are people.

-- The run is there, for its transaction holds it: it is not looked up again for each node.
CREATE TABLE rye_import.created_nodes (
    run_no  int NOT NULL,
    node_id uuid NOT NULL
);
COMMENT ON TABLE rye_import.created_nodes IS 'The nodes that a run made. What else it made tells by its time of creation, which is that of the run.';

-- Nor is it for each image, of which an undo writes as many as rows; and the numbers of a plan are counted on only while one is made.
CREATE TABLE rye_import.images (
    image_no bigint NOT NULL DEFAULT CASE WHEN coalesce(current_setting('rye_import.plan', true), '') = ''
        THEN nextval('rye_import.image_numbers') ELSE rye_import.next_number('rye_import.image_numbers') END PRIMARY KEY,
    run_no   int NOT NULL,
    relation text NOT NULL,
    row_id   uuid,
    row_key  text NOT NULL,
    before   jsonb,
    after    jsonb
);
COMMENT ON TABLE rye_import.images IS 'Rows that a run changed or took away, other than changed nodes: whole, before and after.';
COMMENT ON COLUMN rye_import.images.row_id IS 'The id of the row, where it has one.';
COMMENT ON COLUMN rye_import.images.row_key IS 'What names the row in its table.';
COMMENT ON COLUMN rye_import.images.before IS 'Null if the row is one that the run of an undo has put in.';
COMMENT ON COLUMN rye_import.images.after IS 'Null if the run took the row away.';
CREATE INDEX images_run ON rye_import.images (run_no, relation);

CREATE TABLE rye_import.kept_codes (
    object_no int NOT NULL,
    legacy_id text COLLATE "C" NOT NULL,
    code      text NOT NULL,
    run_no    int NOT NULL,
    PRIMARY KEY (object_no, legacy_id)
);
COMMENT ON TABLE rye_import.kept_codes IS 'The codes of records whose nodes an undo took away: one record, one code, also when it comes again.';

CREATE TABLE rye_import.edits (
    subject_id uuid NOT NULL,
    field      text NOT NULL,
    base       jsonb,
    edited_by  text NOT NULL,
    edited_at  timestamptz NOT NULL,
    PRIMARY KEY (subject_id, field)
);
COMMENT ON TABLE rye_import.edits IS 'What people changed in imported nodes and edges since the importer last wrote it.';
COMMENT ON COLUMN rye_import.edits.field IS 'label, archived_at, effective_to, or properties.KEY; facts.TYPE.KEY for a fact of a person that the source has come to say too: it counts as the source''s.';
COMMENT ON COLUMN rye_import.edits.base IS 'What the importer had left there; null if nothing.';

-- What becomes of a field that a person may have edited (p_edited) and of which a source says p_incoming:
-- agreed: the graph holds it; kept: the source says what it said before; conflict; applied: the source wins,
-- because it is asked to or because the edit was taken back; overtaken: something else came of it.
CREATE FUNCTION rye_import.verdict(p_edited boolean, p_base jsonb, p_held jsonb, p_incoming jsonb, p_prefer text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE
        WHEN p_held IS NOT DISTINCT FROM p_incoming THEN 'agreed'
        WHEN p_edited AND p_incoming IS NOT DISTINCT FROM p_base THEN 'kept'
        WHEN p_edited AND p_prefer = 'source' THEN 'applied'
        WHEN p_edited THEN 'conflict'
        WHEN p_held IS NOT DISTINCT FROM p_base THEN 'applied'
        ELSE 'overtaken'
    END
$$;

-- Its numbers are those of deferred, so that what either stages again never has the number of the other.
CREATE TABLE rye_import.conflicts (
    conflict_no  bigint NOT NULL DEFAULT rye_import.next_number('rye_import.deferred_numbers') PRIMARY KEY,
    object_no    int NOT NULL REFERENCES rye_import.objects,
    legacy_id    text COLLATE "C" NOT NULL,
    subject_id   uuid NOT NULL,
    kind         text NOT NULL CHECK (kind IN ('label', 'archived', 'property', 'fact', 'link')),
    field        text NOT NULL,
    base         jsonb,
    held         jsonb,
    incoming     jsonb,
    staged       jsonb,
    edited_by    text,
    edited_at    timestamptz,
    state        text NOT NULL CHECK (state IN ('open', 'accepted')),
    first_run_no int NOT NULL,
    run_no       int NOT NULL,
    file_no      int NOT NULL,
    line         int NOT NULL,
    UNIQUE (object_no, legacy_id, subject_id, field)
);
COMMENT ON TABLE rye_import.conflicts IS 'What a source says and the graph does not hold, since a person has changed it there.';
COMMENT ON COLUMN rye_import.conflicts.subject_id IS 'The node, or the edge of a link.';
COMMENT ON COLUMN rye_import.conflicts.field IS 'As in edits; facts.TYPE.KEY for a fact.';
COMMENT ON COLUMN rye_import.conflicts.base IS 'What the source said before; null if nothing.';
COMMENT ON COLUMN rye_import.conflicts.held IS 'What the graph held when a run last looked.';
COMMENT ON COLUMN rye_import.conflicts.staged IS 'A fact as the record says it, to be staged again.';
COMMENT ON COLUMN rye_import.conflicts.state IS 'accepted: the value of the graph stays, and nobody is told, until the source says something else.';
COMMENT ON COLUMN rye_import.conflicts.run_no IS 'The last run for which anything was new about it.';
CREATE INDEX conflicts_subject ON rye_import.conflicts (subject_id, field);

-- The current facts that people recorded, for a run to look at beside its own: none after a first import.
CREATE INDEX IF NOT EXISTS assertions_personal ON rye.assertions (subject_node_id, assertion_type, assertion_key)
    WHERE superseded_at IS NULL AND subject_edge_id IS NULL AND NOT attrs ? 'import';

-- The run that the transaction works for; null if it works for none.
CREATE FUNCTION rye_import.current_run() RETURNS int LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT nullif(current_setting('rye_import.run', true), '')::int
$$;

-- The fields of a row that may be edited, under their names.
CREATE FUNCTION rye_import.fields(p_row jsonb) RETURNS TABLE (field text, value jsonb) LANGUAGE sql IMMUTABLE AS $$
    SELECT k.key, nullif(k.value, 'null') FROM jsonb_each(p_row) AS k (key, value)
    WHERE k.key IN ('label', 'archived_at', 'effective_to')
    UNION ALL
    SELECT 'properties.' || k.key, k.value FROM jsonb_each(p_row -> 'properties') AS k (key, value)
$$;

-- Notes that a person changed fields of an imported row. Who puts back what the importer had left has changed
-- nothing.
CREATE FUNCTION rye_import.note_edit(p_subject_id uuid, p_before jsonb, p_after jsonb) RETURNS void LANGUAGE plpgsql
SET search_path = rye_import, pg_temp AS $$
BEGIN
    INSERT INTO edits AS e (subject_id, field, base, edited_by, edited_at)
    SELECT p_subject_id, coalesce(b.field, a.field), b.value, coalesce(rye.session_user_id(), session_user), now()
    FROM fields(p_before) b
    FULL JOIN fields(p_after) a USING (field)
    WHERE b.value IS DISTINCT FROM a.value
    ON CONFLICT (subject_id, field) DO UPDATE SET edited_by = excluded.edited_by, edited_at = excluded.edited_at;
    DELETE FROM edits e
    WHERE e.subject_id = p_subject_id
        AND e.base IS NOT DISTINCT FROM (SELECT a.value FROM fields(p_after) a WHERE a.field = e.field);
END
$$;

-- One row of merge_nodes is looked up for each that changes, in a table of which nothing is known to the planner.
CREATE FUNCTION rye_import.note_node_change() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = rye_import, pg_temp SET enable_seqscan = off SET timezone = 'UTC' AS $$
DECLARE
    v_run int := current_run();
BEGIN
    IF v_run IS NOT NULL THEN
        INSERT INTO changes (run_no, node_id, file_no, line, before, after)
        SELECT v_run, OLD.id, m.file_no, m.line,
            jsonb_strip_nulls(jsonb_build_object(
                'label', CASE WHEN OLD.label IS DISTINCT FROM NEW.label THEN OLD.label END,
                'archived_at', CASE WHEN OLD.archived_at IS DISTINCT FROM NEW.archived_at THEN OLD.archived_at END))
                || coalesce((
                    SELECT jsonb_build_object('properties', jsonb_object_agg(k.key, k.value))
                    FROM jsonb_each(OLD.properties) AS k (key, value)
                    WHERE NEW.properties -> k.key IS DISTINCT FROM k.value
                    HAVING count(*) > 0), '{}'),
            jsonb_strip_nulls(jsonb_build_object(
                'label', CASE WHEN OLD.label IS DISTINCT FROM NEW.label THEN NEW.label END,
                'archived', CASE WHEN (OLD.archived_at IS NULL) <> (NEW.archived_at IS NULL) THEN NEW.archived_at IS NOT NULL END))
                || coalesce((
                    SELECT jsonb_build_object('properties', jsonb_object_agg(d.key, d.value))
                    FROM (
                        SELECT k.key, k.value FROM jsonb_each(NEW.properties) AS k (key, value)
                        WHERE OLD.properties -> k.key IS DISTINCT FROM k.value
                        UNION ALL
                        SELECT k.key, NULL FROM jsonb_object_keys(OLD.properties) AS k (key) WHERE NOT NEW.properties ? k.key
                    ) d
                    HAVING count(*) > 0), '{}')
        FROM (VALUES (1)) one (n)
        LEFT JOIN merge_nodes m ON m.run_no = v_run AND m.node_id = OLD.id;
    ELSIF coalesce(current_setting('rye.merging', true), '') = ''
        AND EXISTS (SELECT FROM rye.node_source_map m WHERE m.node_id = OLD.id) THEN
        PERFORM note_edit(OLD.id, to_jsonb(OLD), to_jsonb(NEW));
    END IF;
    RETURN NULL;
END
$$;
CREATE OR REPLACE TRIGGER nodes_note_change AFTER UPDATE ON rye.nodes
    FOR EACH ROW WHEN ((OLD.label, OLD.properties, OLD.archived_at) IS DISTINCT FROM (NEW.label, NEW.properties, NEW.archived_at))
    EXECUTE FUNCTION rye_import.note_node_change();

-- What names a row in its table.
CREATE FUNCTION rye_import.row_key(p_row jsonb) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT coalesce(p_row ->> 'id', concat_ws(chr(31), p_row ->> 'source_schema', p_row ->> 'source_table', p_row ->> 'source_id',
        p_row ->> 'deferred_no', p_row ->> 'conflict_no', p_row ->> 'object_no', p_row ->> 'legacy_id', p_row ->> 'lookup_no', p_row ->> 'name_key',
        p_row ->> 'name', p_row ->> 'derived', p_row ->> 'subject_id', p_row ->> 'field'))
$$;

CREATE FUNCTION rye_import.note_image() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = rye_import, pg_temp AS $$
DECLARE
    v_before jsonb := to_jsonb(OLD);
BEGIN
    INSERT INTO images (run_no, relation, row_id, row_key, before, after)
    VALUES (current_run(), TG_TABLE_NAME, (v_before ->> 'id')::uuid, row_key(v_before), v_before, to_jsonb(NEW));
    RETURN NULL;
END
$$;

-- Times are compared as they are written, hence in one zone.
CREATE FUNCTION rye_import.note_edge_edit() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = rye_import, pg_temp SET timezone = 'UTC' AS $$
BEGIN
    IF coalesce(current_setting('rye.merging', true), '') = '' THEN
        PERFORM note_edit(OLD.id, to_jsonb(OLD), to_jsonb(NEW));
    END IF;
    RETURN NULL;
END
$$;
CREATE OR REPLACE TRIGGER edges_note_edit AFTER UPDATE ON rye.edges
    FOR EACH ROW WHEN (coalesce(current_setting('rye_import.run', true), '') = '' AND OLD.attrs ? 'import'
        AND (OLD.properties, OLD.effective_to, OLD.archived_at) IS DISTINCT FROM (NEW.properties, NEW.effective_to, NEW.archived_at))
    EXECUTE FUNCTION rye_import.note_edge_edit();

-- Who merges two nodes does not edit the survivor. It takes the properties that it lacks, and their edits too;
-- the conflicts follow the records. An undo puts them back where they were.
CREATE FUNCTION rye_import.move_edits() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = rye_import, pg_temp AS $$
BEGIN
    UPDATE edits e SET subject_id = NEW.node_id
    WHERE e.subject_id = OLD.node_id AND e.field LIKE 'properties.%'
        AND NOT EXISTS (SELECT FROM rye.nodes n WHERE n.id = NEW.node_id AND n.properties ? substr(e.field, 12))
        AND NOT EXISTS (SELECT FROM edits k WHERE k.subject_id = NEW.node_id AND k.field = e.field);
    UPDATE conflicts c SET subject_id = NEW.node_id
    WHERE c.subject_id = OLD.node_id
        AND NOT EXISTS (
            SELECT FROM conflicts k
            WHERE k.object_no = c.object_no AND k.legacy_id = c.legacy_id AND k.subject_id = NEW.node_id AND k.field = c.field);
    RETURN NULL;
END
$$;
CREATE OR REPLACE TRIGGER node_source_map_move_edits AFTER UPDATE ON rye.node_source_map
    FOR EACH ROW WHEN (OLD.node_id <> NEW.node_id
        AND (coalesce(current_setting('rye_import.run', true), '') = '' OR coalesce(current_setting('rye.merging', true), '') <> ''))
    EXECUTE FUNCTION rye_import.move_edits();

CREATE FUNCTION rye_import.note_images_deleted() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = rye_import, pg_temp AS $$
BEGIN
    IF current_run() IS NOT NULL THEN
        INSERT INTO images (run_no, relation, row_id, row_key, before)
        SELECT current_run(), TG_TABLE_NAME, (r.image ->> 'id')::uuid, row_key(r.image), r.image
        FROM (SELECT to_jsonb(g) AS image FROM gone g) r;
    END IF;
    RETURN NULL;
END
$$;
DO $triggers$
DECLARE
    v_table regclass;
BEGIN
    FOREACH v_table IN ARRAY ARRAY['rye.nodes', 'rye.edges', 'rye.events', 'rye.event_participants', 'rye.assertions', 'rye.artifacts',
        'rye.node_source_map', 'rye.node_merges', 'rye_import.records', 'rye_import.deferred', 'rye_import.names',
        'rye_import.edits', 'rye_import.conflicts']::regclass[]
    LOOP
        IF v_table <> 'rye.nodes'::regclass THEN
            EXECUTE format($sql$CREATE OR REPLACE TRIGGER note_image AFTER UPDATE ON %s
                FOR EACH ROW WHEN (coalesce(current_setting('rye_import.run', true), '') <> '' AND OLD.* IS DISTINCT FROM NEW.*)
                EXECUTE FUNCTION rye_import.note_image()$sql$, v_table);
        END IF;
        EXECUTE format($sql$CREATE OR REPLACE TRIGGER note_images_deleted AFTER DELETE ON %s REFERENCING OLD TABLE AS gone
            FOR EACH STATEMENT EXECUTE FUNCTION rye_import.note_images_deleted()$sql$, v_table);
    END LOOP;
END
$triggers$;

-- What a run has changed in the end, of rows and of the fields of nodes: what it changes twice counts once.
CREATE VIEW rye_import.net_images AS
    SELECT i.run_no, i.relation, i.row_key,
        (array_agg(i.before ORDER BY i.image_no))[1] AS before, (array_agg(i.after ORDER BY i.image_no DESC))[1] AS after
    FROM rye_import.images i
    GROUP BY i.run_no, i.relation, i.row_key;
COMMENT ON VIEW rye_import.net_images IS 'Before is null for a row that the run put in, after for one that it took away.';

CREATE VIEW rye_import.net_fields AS
    SELECT c.run_no, c.node_id, k.field,
        nullif((array_agg(k.before ORDER BY c.change_no))[1], 'null') AS before,
        nullif((array_agg(k.after ORDER BY c.change_no DESC))[1], 'null') AS after
    FROM rye_import.changes c
    CROSS JOIN LATERAL (
        SELECT 'label'::text AS field, c.before -> 'label' AS before, c.after -> 'label' AS after WHERE c.before ? 'label' OR c.after ? 'label'
        UNION ALL
        SELECT 'archived', c.before -> 'archived_at', c.after -> 'archived' WHERE c.after ? 'archived'
        UNION ALL
        SELECT 'properties.' || p.key, c.before -> 'properties' -> p.key, c.after -> 'properties' -> p.key
        FROM jsonb_object_keys(c.after -> 'properties') AS p (key)
    ) AS k
    GROUP BY c.run_no, c.node_id, k.field;
COMMENT ON VIEW rye_import.net_fields IS 'Null is what was not there. Of archived, before is the time and after whether.';

-- Puts the rows of a table back that a run took away, where what they hang on is there, and notes that the
-- current run has put them in.
CREATE FUNCTION rye_import.put_back(p_undone int, p_relation text) RETURNS bigint LANGUAGE plpgsql
SET search_path = rye_import, pg_temp AS $$
DECLARE
    v_rows bigint;
BEGIN
    IF p_relation = 'nodes' THEN
        WITH put AS (
            INSERT INTO rye.nodes SELECT p.*
            FROM net_images i CROSS JOIN LATERAL jsonb_populate_record(NULL::rye.nodes, i.before) p
            WHERE i.run_no = p_undone AND i.relation = 'nodes' AND i.before IS NOT NULL AND i.after IS NULL
                -- Not if its record has come again meanwhile, as another node.
                AND NOT EXISTS (
                    SELECT FROM images c JOIN rye.node_source_map m
                        ON m.source_schema = c.before ->> 'source_schema' AND m.source_table = c.before ->> 'source_table'
                        AND m.source_id = c.before ->> 'source_id'
                    WHERE c.run_no = p_undone AND c.relation = 'node_source_map' AND (c.before ->> 'node_id')::uuid = p.id)
            ON CONFLICT DO NOTHING RETURNING *
        )
        INSERT INTO images (run_no, relation, row_id, row_key, after)
        SELECT current_run(), 'nodes', (r.image ->> 'id')::uuid, row_key(r.image), r.image FROM (SELECT to_jsonb(p) AS image FROM put p) r;
    ELSIF p_relation = 'events' THEN
        WITH put AS (
            INSERT INTO rye.events SELECT p.*
            FROM net_images i CROSS JOIN LATERAL jsonb_populate_record(NULL::rye.events, i.before) p
            WHERE i.run_no = p_undone AND i.relation = 'events' AND i.before IS NOT NULL AND i.after IS NULL
                AND (p.actor_node_id IS NULL OR EXISTS (SELECT FROM rye.nodes n WHERE n.id = p.actor_node_id))
            ON CONFLICT DO NOTHING RETURNING *
        )
        INSERT INTO images (run_no, relation, row_id, row_key, after)
        SELECT current_run(), 'events', (r.image ->> 'id')::uuid, row_key(r.image), r.image FROM (SELECT to_jsonb(p) AS image FROM put p) r;
    ELSIF p_relation = 'edges' THEN
        WITH put AS (
            INSERT INTO rye.edges SELECT p.*
            FROM net_images i CROSS JOIN LATERAL jsonb_populate_record(NULL::rye.edges, i.before) p
            WHERE i.run_no = p_undone AND i.relation = 'edges' AND i.before IS NOT NULL AND i.after IS NULL
                AND EXISTS (SELECT FROM rye.nodes n WHERE n.id = p.source_id)
                AND EXISTS (SELECT FROM rye.nodes n WHERE n.id = p.target_id)
            ON CONFLICT DO NOTHING RETURNING *
        )
        INSERT INTO images (run_no, relation, row_id, row_key, after)
        SELECT current_run(), 'edges', (r.image ->> 'id')::uuid, row_key(r.image), r.image FROM (SELECT to_jsonb(p) AS image FROM put p) r;
    ELSIF p_relation = 'assertions' THEN
        WITH put AS (
            INSERT INTO rye.assertions SELECT p.*
            FROM net_images i CROSS JOIN LATERAL jsonb_populate_record(NULL::rye.assertions, i.before) p
            WHERE i.run_no = p_undone AND i.relation = 'assertions' AND i.before IS NOT NULL
                AND (i.after IS NULL OR i.after -> 'attrs' -> 'undo' ? 'undone')
                AND EXISTS (SELECT FROM rye.nodes n WHERE n.id = p.subject_node_id)
                AND (p.source_event_id IS NULL OR EXISTS (SELECT FROM rye.events e WHERE e.id = p.source_event_id))
                AND NOT EXISTS (SELECT FROM merge_undo u WHERE u.run_no = current_run() AND u.relation = 'chains' AND u.id = p.subject_node_id
                    AND u.reason = p.assertion_type || '/' || p.assertion_key)
            ON CONFLICT DO NOTHING RETURNING *
        )
        INSERT INTO images (run_no, relation, row_id, row_key, after)
        SELECT current_run(), 'assertions', (r.image ->> 'id')::uuid, row_key(r.image), r.image FROM (SELECT to_jsonb(p) AS image FROM put p) r;
    ELSIF p_relation = 'event_participants' THEN
        WITH put AS (
            INSERT INTO rye.event_participants SELECT p.*
            FROM net_images i CROSS JOIN LATERAL jsonb_populate_record(NULL::rye.event_participants, i.before) p
            WHERE i.run_no = p_undone AND i.relation = 'event_participants' AND i.before IS NOT NULL AND i.after IS NULL
                AND EXISTS (SELECT FROM rye.nodes n WHERE n.id = p.node_id)
                AND EXISTS (SELECT FROM rye.events e WHERE e.id = p.event_id)
            ON CONFLICT DO NOTHING RETURNING *
        )
        INSERT INTO images (run_no, relation, row_id, row_key, after)
        SELECT current_run(), 'event_participants', (r.image ->> 'id')::uuid, row_key(r.image), r.image FROM (SELECT to_jsonb(p) AS image FROM put p) r;
    ELSIF p_relation = 'artifacts' THEN
        WITH put AS (
            INSERT INTO rye.artifacts SELECT p.*
            FROM net_images i CROSS JOIN LATERAL jsonb_populate_record(NULL::rye.artifacts, i.before) p
            WHERE i.run_no = p_undone AND i.relation = 'artifacts' AND i.before IS NOT NULL AND i.after IS NULL
            ON CONFLICT DO NOTHING RETURNING *
        )
        INSERT INTO images (run_no, relation, row_id, row_key, after)
        SELECT current_run(), 'artifacts', (r.image ->> 'id')::uuid, row_key(r.image), r.image FROM (SELECT to_jsonb(p) AS image FROM put p) r;
    ELSIF p_relation = 'node_source_map' THEN
        WITH put AS (
            INSERT INTO rye.node_source_map SELECT p.*
            FROM net_images i CROSS JOIN LATERAL jsonb_populate_record(NULL::rye.node_source_map, i.before) p
            WHERE i.run_no = p_undone AND i.relation = 'node_source_map' AND i.before IS NOT NULL AND i.after IS NULL
                AND EXISTS (SELECT FROM rye.nodes n WHERE n.id = p.node_id)
            ON CONFLICT DO NOTHING RETURNING *
        )
        INSERT INTO images (run_no, relation, row_id, row_key, after)
        SELECT current_run(), 'node_source_map', (r.image ->> 'id')::uuid, row_key(r.image), r.image FROM (SELECT to_jsonb(p) AS image FROM put p) r;
    ELSIF p_relation = 'node_merges' THEN
        WITH put AS (
            INSERT INTO rye.node_merges SELECT p.*
            FROM net_images i CROSS JOIN LATERAL jsonb_populate_record(NULL::rye.node_merges, i.before) p
            WHERE i.run_no = p_undone AND i.relation = 'node_merges' AND i.before IS NOT NULL AND i.after IS NULL
                AND EXISTS (SELECT FROM rye.nodes n WHERE n.id = p.duplicate_id)
                AND EXISTS (SELECT FROM rye.nodes n WHERE n.id = p.canonical_id)
            ON CONFLICT DO NOTHING RETURNING *
        )
        INSERT INTO images (run_no, relation, row_id, row_key, after)
        SELECT current_run(), 'node_merges', (r.image ->> 'id')::uuid, row_key(r.image), r.image FROM (SELECT to_jsonb(p) AS image FROM put p) r;
    ELSIF p_relation = 'records' THEN
        WITH put AS (
            INSERT INTO rye_import.records SELECT p.*
            FROM net_images i CROSS JOIN LATERAL jsonb_populate_record(NULL::rye_import.records, i.before) p
            WHERE i.run_no = p_undone AND i.relation = 'records' AND i.before IS NOT NULL AND i.after IS NULL
            ON CONFLICT DO NOTHING RETURNING *
        )
        INSERT INTO images (run_no, relation, row_id, row_key, after)
        SELECT current_run(), 'records', (r.image ->> 'id')::uuid, row_key(r.image), r.image FROM (SELECT to_jsonb(p) AS image FROM put p) r;
    ELSIF p_relation = 'deferred' THEN
        WITH put AS (
            INSERT INTO rye_import.deferred SELECT p.*
            FROM net_images i CROSS JOIN LATERAL jsonb_populate_record(NULL::rye_import.deferred, i.before) p
            WHERE i.run_no = p_undone AND i.relation = 'deferred' AND i.before IS NOT NULL AND i.after IS NULL
                AND NOT EXISTS (
                    SELECT FROM records r WHERE r.object_no = p.object_no AND r.legacy_id = p.legacy_id AND r.run_no > p_undone AND r.run_no <> current_run())
            ON CONFLICT DO NOTHING RETURNING *
        )
        INSERT INTO images (run_no, relation, row_id, row_key, after)
        SELECT current_run(), 'deferred', (r.image ->> 'id')::uuid, row_key(r.image), r.image FROM (SELECT to_jsonb(p) AS image FROM put p) r;
    ELSIF p_relation = 'names' THEN
        WITH put AS (
            INSERT INTO rye_import.names SELECT p.*
            FROM net_images i CROSS JOIN LATERAL jsonb_populate_record(NULL::rye_import.names, i.before) p
            WHERE i.run_no = p_undone AND i.relation = 'names' AND i.before IS NOT NULL AND i.after IS NULL
                AND NOT EXISTS (
                    SELECT FROM records r WHERE r.object_no = p.object_no AND r.legacy_id = p.legacy_id AND r.run_no > p_undone AND r.run_no <> current_run())
            ON CONFLICT DO NOTHING RETURNING *
        )
        INSERT INTO images (run_no, relation, row_id, row_key, after)
        SELECT current_run(), 'names', (r.image ->> 'id')::uuid, row_key(r.image), r.image FROM (SELECT to_jsonb(p) AS image FROM put p) r;
    ELSIF p_relation = 'edits' THEN
        WITH put AS (
            INSERT INTO rye_import.edits SELECT p.*
            FROM net_images i CROSS JOIN LATERAL jsonb_populate_record(NULL::rye_import.edits, i.before) p
            WHERE i.run_no = p_undone AND i.relation = 'edits' AND i.before IS NOT NULL AND i.after IS NULL
            ON CONFLICT DO NOTHING RETURNING *
        )
        INSERT INTO images (run_no, relation, row_key, after)
        SELECT current_run(), 'edits', row_key(r.image), r.image FROM (SELECT to_jsonb(p) AS image FROM put p) r;
    ELSIF p_relation = 'conflicts' THEN
        WITH put AS (
            INSERT INTO rye_import.conflicts SELECT p.*
            FROM net_images i CROSS JOIN LATERAL jsonb_populate_record(NULL::rye_import.conflicts, i.before) p
            WHERE i.run_no = p_undone AND i.relation = 'conflicts' AND i.before IS NOT NULL AND i.after IS NULL
            ON CONFLICT DO NOTHING RETURNING *
        )
        INSERT INTO images (run_no, relation, row_key, after)
        SELECT current_run(), 'conflicts', row_key(r.image), r.image FROM (SELECT to_jsonb(p) AS image FROM put p) r;
    END IF;
    GET DIAGNOSTICS v_rows = ROW_COUNT;
    RETURN v_rows;
END
$$;

-- Foreign keys ask these of every node, event and fact that is taken away.
CREATE INDEX IF NOT EXISTS events_actor ON rye.events (actor_node_id) WHERE actor_node_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS assertions_successor ON rye.assertions (superseded_by) WHERE superseded_by IS NOT NULL;
CREATE INDEX IF NOT EXISTS assertions_event ON rye.assertions (source_event_id) WHERE source_event_id IS NOT NULL;

DO $grants$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'rye_loader') THEN
        GRANT SELECT, INSERT, UPDATE, DELETE ON rye_import.created_nodes, rye_import.images, rye_import.edits, rye_import.conflicts, rye_import.kept_codes TO rye_loader;
        GRANT SELECT ON rye_import.net_images, rye_import.net_fields TO rye_loader;
    END IF;
END
$grants$;
-- +goose StatementEnd
