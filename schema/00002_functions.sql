-- +goose Up
-- +goose StatementBegin
-- Functions and triggers of the core model. Each function fixes its search_path, so that a
-- caller's path decides nothing; errors carry SQLSTATE RYnnn for callers to branch on:
--   RY001 unknown pipeline      RY002 unknown stage        RY003 archived node
--   RY004 not permitted         RY005 already superseded   RY006 no such node or fact
--   RY007 arguments do not fit
-- What a caller needs of RY001 and RY002 stands in their DETAIL as JSON; message and hint are for people.

-- The session context. A variable that was set and reset reads as '', not null.
CREATE OR REPLACE FUNCTION rye.session_user_id() RETURNS text LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT nullif(current_setting('app.current_user_id', true), '')
$$;
CREATE OR REPLACE FUNCTION rye.session_role() RETURNS text LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT nullif(current_setting('app.current_role', true), '')
$$;
CREATE OR REPLACE FUNCTION rye.session_teams() RETURNS text[] LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT coalesce(regexp_split_to_array(nullif(btrim(current_setting('app.current_teams', true)), ''), '\s*,\s*'), '{}')
$$;
CREATE OR REPLACE FUNCTION rye.session_is_agent() RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT coalesce(current_setting('app.current_role', true) LIKE 'agent:%', false)
$$;

-- Sets the context that row-level security looks at, until the transaction ends. The teams are kept in
-- one text, parted by commas: a name with a comma in it would come out as two teams, and one with a
-- blank around it as another. So what session_teams() will read must be what was given.
CREATE OR REPLACE FUNCTION rye.set_session_context(p_user_id text, p_teams text[], p_role text)
RETURNS void LANGUAGE plpgsql SET search_path = rye, pg_temp AS $$
DECLARE
    v_control constant text := '[\u0001-\u001f\u007f-\u009f]';
    v_team text;
BEGIN
    IF p_user_id ~ v_control THEN
        RAISE EXCEPTION 'the user % has a control character in it', to_json(p_user_id) USING ERRCODE = 'RY007';
    END IF;
    -- " agent:bot" would not be taken for an agent.
    IF p_role ~ v_control OR p_role ~ '^\s' OR p_role ~ '\s$' THEN
        RAISE EXCEPTION 'the role % has a control character in it, or a blank around it', to_json(p_role)
            USING ERRCODE = 'RY007';
    END IF;
    FOREACH v_team IN ARRAY coalesce(p_teams, '{}') LOOP
        IF coalesce(v_team, '') !~ '\S' THEN
            RAISE EXCEPTION 'a team without a name' USING ERRCODE = 'RY007';
        END IF;
        IF v_team ~ v_control OR v_team ~ '^\s' OR v_team ~ '\s$' OR v_team ~ ',' THEN
            RAISE EXCEPTION 'the team % has a comma or a control character in it, or a blank around it', to_json(v_team)
                USING ERRCODE = 'RY007', HINT = 'Give each team as an element of its own.';
        END IF;
    END LOOP;

    PERFORM set_config('app.current_user_id', coalesce(p_user_id, ''), true),
        set_config('app.current_teams', array_to_string(coalesce(p_teams, '{}'), ','), true),
        set_config('app.current_role', coalesce(p_role, ''), true);
    IF session_teams() IS DISTINCT FROM coalesce(p_teams, '{}') THEN
        RAISE EXCEPTION 'the teams % would be read as %', to_json(p_teams), to_json(session_teams()) USING ERRCODE = 'RY007';
    END IF;
END
$$;

CREATE OR REPLACE FUNCTION rye.touch_updated_at() RETURNS trigger LANGUAGE plpgsql
SET search_path = rye, pg_temp AS $$
BEGIN
    NEW.updated_at := now();
    RETURN NEW;
END
$$;
DROP TRIGGER IF EXISTS nodes_touch ON rye.nodes;
CREATE TRIGGER nodes_touch BEFORE UPDATE ON rye.nodes
    FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION rye.touch_updated_at();

-- Teams without a classification would protect nothing: an unclassified node is visible to all.
-- The condition stands in the trigger and not in the function, so that the many nodes without
-- teams cost no call.
CREATE OR REPLACE FUNCTION rye.refuse_unclassified_teams() RETURNS trigger LANGUAGE plpgsql
SET search_path = rye, pg_temp AS $$
BEGIN
    RAISE EXCEPTION 'a node with teams must carry a classification'
        USING ERRCODE = 'RY007', HINT = 'Set attrs.classification, for example to "internal".';
END
$$;
DROP TRIGGER IF EXISTS nodes_classified ON rye.nodes;
CREATE TRIGGER nodes_classified BEFORE INSERT OR UPDATE ON rye.nodes
    FOR EACH ROW WHEN (
        jsonb_typeof(NEW.attrs -> 'teams') = 'array'
        AND NEW.attrs -> 'teams' <> '[]'::jsonb
        AND nullif(NEW.attrs ->> 'classification', '') IS NULL)
    EXECUTE FUNCTION rye.refuse_unclassified_teams();

CREATE OR REPLACE FUNCTION rye.assertions_append_only() RETURNS trigger LANGUAGE plpgsql
SET search_path = rye, pg_temp AS $$
BEGIN
    RAISE EXCEPTION 'assertions are append-only: only superseded_at and superseded_by may change'
        USING ERRCODE = 'RY007', HINT = 'Record a new fact with supersede_assertion().';
END
$$;
DROP TRIGGER IF EXISTS assertions_append_only ON rye.assertions;
CREATE TRIGGER assertions_append_only BEFORE UPDATE ON rye.assertions
    FOR EACH ROW WHEN (
        (OLD.id, OLD.assertion_type, OLD.assertion_key, OLD.subject_node_id, OLD.subject_edge_id, OLD.claim,
         OLD.asserted_at, OLD.effective_at, OLD.source_event_id, OLD.confidence, OLD.attrs, OLD.created_at)
        IS DISTINCT FROM
        (NEW.id, NEW.assertion_type, NEW.assertion_key, NEW.subject_node_id, NEW.subject_edge_id, NEW.claim,
         NEW.asserted_at, NEW.effective_at, NEW.source_event_id, NEW.confidence, NEW.attrs, NEW.created_at))
    EXECUTE FUNCTION rye.assertions_append_only();

CREATE OR REPLACE FUNCTION rye.events_immutable() RETURNS trigger LANGUAGE plpgsql
SET search_path = rye, pg_temp AS $$
BEGIN
    RAISE EXCEPTION 'events are immutable'
        USING ERRCODE = 'RY007', HINT = 'Record a new event with record_event().';
END
$$;
DROP TRIGGER IF EXISTS events_immutable ON rye.events;
CREATE TRIGGER events_immutable BEFORE UPDATE ON rye.events
    FOR EACH ROW EXECUTE FUNCTION rye.events_immutable();

-- A code widens past 9999 (lpad alone would cut the fifth digit off and repeat the first thousand).
CREATE OR REPLACE FUNCTION rye.format_crm_code(p_prefix text, p_year_month text, p_number bigint)
RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT p_prefix || '-' || p_year_month || '-'
        || CASE WHEN p_number < 10000 THEN lpad(p_number::text, 4, '0') ELSE p_number::text END
$$;

-- The next code of a prefix in a month (YYMM). A caller waits here for whoever draws from the same
-- month, until that transaction ends; then none is left out, even where one rolls back.
CREATE OR REPLACE FUNCTION rye.draw_crm_code(p_prefix text, p_year_month text) RETURNS text LANGUAGE plpgsql
SET search_path = rye, pg_temp AS $$
DECLARE
    v_number int;
    v_code text;
BEGIN
    IF coalesce(p_prefix, '') = '' THEN
        RAISE EXCEPTION 'a code needs a prefix' USING ERRCODE = 'RY007';
    END IF;
    LOOP
        INSERT INTO crm_code_counters AS c (prefix, year_month, next_val)
        VALUES (p_prefix, p_year_month, 2)
        ON CONFLICT (prefix, year_month) DO UPDATE SET next_val = c.next_val + 1
        RETURNING c.next_val - 1 INTO v_number;
        v_code := format_crm_code(p_prefix, p_year_month, v_number);
        -- A code that came in by another way than the counter is passed over, never repeated.
        EXIT WHEN NOT EXISTS (SELECT FROM nodes WHERE properties ->> 'code' = v_code);
    END LOOP;
    RETURN v_code;
END
$$;

-- Every caller may draw a code of this month, also one that may not write the counters; hence
-- SECURITY DEFINER.
CREATE OR REPLACE FUNCTION rye.generate_crm_code(p_prefix text) RETURNS text LANGUAGE sql
SECURITY DEFINER SET search_path = rye, pg_temp AS $$
    SELECT draw_crm_code(p_prefix, to_char(now() AT TIME ZONE 'UTC', 'YYMM'))
$$;

CREATE OR REPLACE FUNCTION rye.record_event(
    p_event_type text,
    p_summary text DEFAULT NULL,
    p_properties jsonb DEFAULT '{}',
    p_participant_ids uuid[] DEFAULT '{}',
    p_participant_roles text[] DEFAULT '{}',
    p_actor text DEFAULT NULL,
    p_occurred_at timestamptz DEFAULT now()
) RETURNS uuid LANGUAGE plpgsql
SET search_path = rye, pg_temp AS $$
DECLARE
    -- Made here and not by RETURNING: an event without participants is visible to nobody yet.
    v_event_id uuid := gen_random_uuid();
BEGIN
    IF coalesce(cardinality(p_participant_roles), 0) > coalesce(cardinality(p_participant_ids), 0) THEN
        RAISE EXCEPTION '% participant roles for % participants',
            cardinality(p_participant_roles), coalesce(cardinality(p_participant_ids), 0) USING ERRCODE = 'RY007';
    END IF;
    IF array_position(p_participant_ids, NULL) IS NOT NULL THEN
        RAISE EXCEPTION 'participant % is null', array_position(p_participant_ids, NULL) USING ERRCODE = 'RY007';
    END IF;

    INSERT INTO events (id, event_type, occurred_at, summary, properties, actor_system)
    VALUES (v_event_id, p_event_type, coalesce(p_occurred_at, now()), p_summary, coalesce(p_properties, '{}'),
            coalesce(p_actor, session_user_id()));

    -- A participant without a role of its own is a participant. In id order, as merge_nodes locks them:
    -- a participation holds its node until the transaction ends.
    INSERT INTO event_participants (event_id, node_id, role)
    SELECT v_event_id, p.node_id, coalesce(p_participant_roles[p.n], 'participant')
    FROM unnest(p_participant_ids) WITH ORDINALITY AS p (node_id, n)
    ORDER BY p.node_id, p.n
    ON CONFLICT (event_id, node_id, role) DO NOTHING;

    RETURN v_event_id;
END
$$;

CREATE OR REPLACE FUNCTION rye.supersede_assertion(
    p_old_assertion_id uuid,
    p_new_assertion_type text DEFAULT NULL,
    p_new_subject_node_id uuid DEFAULT NULL,
    p_new_subject_edge_id uuid DEFAULT NULL,
    p_new_claim jsonb DEFAULT NULL,
    p_new_source_event_id uuid DEFAULT NULL,
    p_new_confidence numeric DEFAULT NULL,
    p_new_assertion_key text DEFAULT NULL,
    p_new_effective_at timestamptz DEFAULT NULL,
    p_new_attrs jsonb DEFAULT NULL
) RETURNS uuid LANGUAGE plpgsql
SET search_path = rye, pg_temp AS $$
DECLARE
    v_old assertions;
    v_new_id uuid := gen_random_uuid();
BEGIN
    IF p_new_claim IS NULL THEN
        RAISE EXCEPTION 'a fact needs a claim' USING ERRCODE = 'RY007';
    END IF;

    -- The subject before the fact, as advance_deal_stage and merge_nodes do: the new fact holds it
    -- anyhow, and the other way round two callers could wait for each other.
    PERFORM 1 FROM nodes
    WHERE id = coalesce((SELECT subject_node_id FROM assertions WHERE id = p_old_assertion_id), p_new_subject_node_id)
    FOR KEY SHARE;
    -- It may have waited for a merge. A fact of the duplicate would be found by nobody, and stay when the survivor's move on.
    IF p_old_assertion_id IS NULL AND EXISTS (
        SELECT FROM node_merges m JOIN nodes n ON n.id = m.duplicate_id
        WHERE m.duplicate_id = p_new_subject_node_id AND n.archived_at IS NOT NULL)
    THEN
        RAISE EXCEPTION 'node % was merged into another', p_new_subject_node_id
            USING ERRCODE = 'RY003', HINT = 'rye.node_merges says into which: record the fact of that one.';
    END IF;
    IF p_old_assertion_id IS NOT NULL THEN
        SELECT * INTO v_old FROM assertions WHERE id = p_old_assertion_id FOR UPDATE;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'no assertion % that this session may change', p_old_assertion_id USING ERRCODE = 'RY006';
        END IF;
        IF v_old.superseded_at IS NOT NULL THEN
            RAISE EXCEPTION 'assertion % is already superseded by %', p_old_assertion_id, v_old.superseded_by
                USING ERRCODE = 'RY005', HINT = 'Read the current fact again and decide anew.';
        END IF;
        IF coalesce(p_new_assertion_type, v_old.assertion_type) <> v_old.assertion_type
            OR coalesce(p_new_assertion_key, v_old.assertion_key) <> v_old.assertion_key
            OR (p_new_subject_node_id IS NOT NULL AND p_new_subject_node_id IS DISTINCT FROM v_old.subject_node_id)
            OR (p_new_subject_edge_id IS NOT NULL AND p_new_subject_edge_id IS DISTINCT FROM v_old.subject_edge_id)
        THEN
            RAISE EXCEPTION 'a fact is superseded by one of the same subject, type and key' USING ERRCODE = 'RY007';
        END IF;
        -- First the old one steps back (the unique index allows one current fact), then the new
        -- one comes, then the old one learns its successor.
        UPDATE assertions SET superseded_at = greatest(now(), asserted_at) WHERE id = p_old_assertion_id;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'this session may not supersede assertion %', p_old_assertion_id USING ERRCODE = 'RY004';
        END IF;
    END IF;

    INSERT INTO assertions (id, assertion_type, assertion_key, subject_node_id, subject_edge_id, claim,
        effective_at, source_event_id, confidence, attrs)
    VALUES (v_new_id,
        coalesce(p_new_assertion_type, v_old.assertion_type),
        coalesce(p_new_assertion_key, v_old.assertion_key, 'default'),
        coalesce(p_new_subject_node_id, v_old.subject_node_id),
        coalesce(p_new_subject_edge_id, v_old.subject_edge_id),
        p_new_claim,
        coalesce(p_new_effective_at, now()),
        p_new_source_event_id,
        coalesce(p_new_confidence, v_old.confidence),
        coalesce(p_new_attrs, '{}'));

    UPDATE assertions SET superseded_by = v_new_id WHERE id = p_old_assertion_id;
    RETURN v_new_id;
EXCEPTION
    WHEN unique_violation THEN
        RAISE EXCEPTION 'another % fact became current meanwhile', coalesce(p_new_assertion_type, v_old.assertion_type)
            USING ERRCODE = 'RY005', HINT = 'Read the current fact again and decide anew.';
END
$$;

-- Folds a duplicate into the canonical node: edges, facts, participations, artifacts and the
-- crosswalk move over, so that a later import of the duplicate's record lands on the survivor.
CREATE OR REPLACE FUNCTION rye.merge_nodes(
    p_duplicate_id uuid,
    p_canonical_id uuid,
    p_merged_by text DEFAULT 'system'
) RETURNS void LANGUAGE plpgsql
SET search_path = rye, pg_temp AS $$
DECLARE
    v_duplicate nodes;
    v_canonical nodes;
    v_fact assertions;
    v_current uuid;
    v_artifacts uuid[];
BEGIN
    IF p_duplicate_id = p_canonical_id THEN
        RAISE EXCEPTION 'a node cannot be merged into itself' USING ERRCODE = 'RY007';
    END IF;
    -- In id order, so that two callers that merge the same pair cannot deadlock.
    PERFORM 1 FROM nodes WHERE id IN (p_duplicate_id, p_canonical_id) ORDER BY id FOR UPDATE;
    SELECT * INTO v_duplicate FROM nodes WHERE id = p_duplicate_id;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'no node % that this session sees', p_duplicate_id USING ERRCODE = 'RY006';
    END IF;
    SELECT * INTO v_canonical FROM nodes WHERE id = p_canonical_id;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'no node % that this session sees', p_canonical_id USING ERRCODE = 'RY006';
    END IF;
    IF v_duplicate.archived_at IS NOT NULL THEN
        RAISE EXCEPTION 'node % is archived', p_duplicate_id USING ERRCODE = 'RY003';
    END IF;
    IF v_canonical.archived_at IS NOT NULL THEN
        RAISE EXCEPTION 'node % is archived', p_canonical_id USING ERRCODE = 'RY003';
    END IF;

    -- What moves is edited by nobody; see rye_import.edits.
    PERFORM set_config('rye.merging', 'on', true);
    INSERT INTO node_merges (duplicate_id, canonical_id, merged_by, properties)
    VALUES (p_duplicate_id, p_canonical_id, p_merged_by,
        jsonb_build_object('label', v_duplicate.label, 'code', v_duplicate.properties -> 'code'));
    PERFORM record_event('node_merge', format('%s merged into %s', v_duplicate.label, v_canonical.label), '{}',
        ARRAY[p_canonical_id, p_duplicate_id], ARRAY['canonical', 'duplicate'], p_merged_by);

    -- In id order too, because the node at the other end may be merged at the same time.
    PERFORM 1 FROM edges WHERE (source_id = p_duplicate_id OR target_id = p_duplicate_id) AND archived_at IS NULL
    ORDER BY id FOR UPDATE;
    -- An edge between the two, or one that the survivor holds already, ends here.
    UPDATE edges e SET archived_at = now()
    WHERE e.archived_at IS NULL
        AND ((e.source_id = p_duplicate_id AND e.target_id = p_canonical_id)
            OR (e.source_id = p_canonical_id AND e.target_id = p_duplicate_id)
            OR (p_duplicate_id IN (e.source_id, e.target_id) AND e.effective_to IS NULL AND EXISTS (
                SELECT FROM edges k
                WHERE k.edge_type = e.edge_type AND k.archived_at IS NULL AND k.effective_to IS NULL
                    AND k.source_id = CASE e.source_id WHEN p_duplicate_id THEN p_canonical_id ELSE e.source_id END
                    AND k.target_id = CASE e.target_id WHEN p_duplicate_id THEN p_canonical_id ELSE e.target_id END)));
    UPDATE edges SET source_id = p_canonical_id WHERE source_id = p_duplicate_id AND archived_at IS NULL;
    UPDATE edges SET target_id = p_canonical_id WHERE target_id = p_duplicate_id AND archived_at IS NULL;

    -- A fact is append-only, its subject included: what the survivor lacks is asserted anew.
    FOR v_fact IN SELECT * FROM assertions WHERE subject_node_id = p_duplicate_id AND superseded_at IS NULL LOOP
        SELECT id INTO v_current FROM assertions
        WHERE subject_node_id = p_canonical_id AND subject_edge_id IS NOT DISTINCT FROM v_fact.subject_edge_id
            AND assertion_type = v_fact.assertion_type
            AND assertion_key = v_fact.assertion_key AND superseded_at IS NULL;
        IF NOT FOUND THEN
            INSERT INTO assertions (assertion_type, assertion_key, subject_node_id, subject_edge_id, claim,
                asserted_at, effective_at, source_event_id, confidence, attrs)
            VALUES (v_fact.assertion_type, v_fact.assertion_key, p_canonical_id, v_fact.subject_edge_id, v_fact.claim,
                v_fact.asserted_at, v_fact.effective_at, v_fact.source_event_id, v_fact.confidence, v_fact.attrs)
            RETURNING id INTO v_current;
        END IF;
        UPDATE assertions SET superseded_at = greatest(now(), asserted_at), superseded_by = v_current
        WHERE id = v_fact.id;
    END LOOP;

    DELETE FROM event_participants d
    WHERE d.node_id = p_duplicate_id AND d.role <> 'duplicate' AND EXISTS (
        SELECT FROM event_participants k
        WHERE k.event_id = d.event_id AND k.node_id = p_canonical_id AND k.role = d.role);
    UPDATE event_participants SET node_id = p_canonical_id WHERE node_id = p_duplicate_id AND role <> 'duplicate';

    v_artifacts := ARRAY(
        SELECT id FROM artifacts WHERE source_node_id = p_duplicate_id OR p_duplicate_id = ANY (related_node_ids)
        ORDER BY id FOR UPDATE);
    UPDATE artifacts SET
        source_node_id = CASE source_node_id WHEN p_duplicate_id THEN p_canonical_id ELSE source_node_id END,
        related_node_ids = array_replace(related_node_ids, p_duplicate_id, p_canonical_id)
    WHERE id = ANY (v_artifacts);

    UPDATE node_source_map SET node_id = p_canonical_id WHERE node_id = p_duplicate_id;

    UPDATE nodes SET properties = v_duplicate.properties || properties WHERE id = p_canonical_id;
    UPDATE nodes SET archived_at = now() WHERE id = p_duplicate_id;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'this session may not merge node %', p_duplicate_id USING ERRCODE = 'RY004';
    END IF;
    PERFORM set_config('rye.merging', '', true);
END
$$;

-- Ties one row of a source to a node: makes the node, or merges the properties into the one that
-- the crosswalk names.
CREATE OR REPLACE FUNCTION rye.link_record(
    p_source_schema text,
    p_source_table text,
    p_source_id text,
    p_node_type text,
    p_label text,
    p_properties jsonb DEFAULT '{}',
    p_source_id_type text DEFAULT 'text'
) RETURNS uuid LANGUAGE plpgsql
SET search_path = rye, pg_temp AS $$
DECLARE
    v_node_id uuid;
BEGIN
    -- Two callers with the same row wait for each other, so that it never makes two nodes.
    PERFORM pg_advisory_xact_lock(hashtextextended(
        'rye.link_record:' || p_source_schema || ':' || p_source_table || ':' || p_source_id, 0));

    -- The node may be merged into another while this caller waits for it; then the record is the other's.
    LOOP
        SELECT node_id INTO v_node_id FROM node_source_map
        WHERE source_schema = p_source_schema AND source_table = p_source_table AND source_id = p_source_id;
        EXIT WHEN NOT FOUND;
        PERFORM 1 FROM nodes WHERE id = v_node_id FOR NO KEY UPDATE;
        EXIT WHEN EXISTS (
            SELECT FROM node_source_map
            WHERE source_schema = p_source_schema AND source_table = p_source_table AND source_id = p_source_id
                AND node_id = v_node_id);
    END LOOP;
    IF v_node_id IS NOT NULL THEN
        UPDATE nodes SET properties = properties || coalesce(p_properties, '{}'), label = coalesce(p_label, label)
        WHERE id = v_node_id;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'record % of %.% names node %, which this session may not change',
                p_source_id, p_source_schema, p_source_table, v_node_id USING ERRCODE = 'RY004';
        END IF;
        UPDATE node_source_map SET synced_at = now()
        WHERE source_schema = p_source_schema AND source_table = p_source_table AND source_id = p_source_id;
        RETURN v_node_id;
    END IF;

    v_node_id := gen_random_uuid();
    INSERT INTO nodes (id, node_type, label, properties)
    VALUES (v_node_id, p_node_type, p_label, coalesce(p_properties, '{}'));
    INSERT INTO node_source_map (node_id, source_schema, source_table, source_id, source_id_type)
    VALUES (v_node_id, p_source_schema, p_source_table, p_source_id, p_source_id_type);
    RETURN v_node_id;
END
$$;

-- What this graph holds, as the session sees it.
CREATE OR REPLACE FUNCTION rye.rye_catalog() RETURNS jsonb LANGUAGE sql STABLE
SET search_path = rye, pg_temp AS $$
    SELECT jsonb_build_object(
        'node_types', (SELECT coalesce(jsonb_object_agg(t, n), '{}')
            FROM (SELECT node_type AS t, count(*) AS n FROM nodes WHERE archived_at IS NULL GROUP BY 1) x),
        'edge_types', (SELECT coalesce(jsonb_object_agg(t, n), '{}')
            FROM (SELECT edge_type AS t, count(*) AS n FROM edges WHERE archived_at IS NULL GROUP BY 1) x),
        'event_types', (SELECT coalesce(jsonb_object_agg(t, n), '{}')
            FROM (SELECT event_type AS t, count(*) AS n FROM events GROUP BY 1) x),
        'assertion_types', (SELECT coalesce(jsonb_object_agg(t, n), '{}')
            FROM (SELECT assertion_type AS t, count(*) AS n FROM assertions WHERE superseded_at IS NULL GROUP BY 1) x),
        'artifact_types', (SELECT coalesce(jsonb_object_agg(t, n), '{}')
            FROM (SELECT artifact_type AS t, count(*) AS n FROM artifacts GROUP BY 1) x),
        'sources', (SELECT coalesce(jsonb_object_agg(t, n), '{}')
            FROM (SELECT source_schema AS t, count(*) AS n FROM node_source_map GROUP BY 1) x),
        'totals', jsonb_build_object(
            'nodes', (SELECT count(*) FROM nodes WHERE archived_at IS NULL),
            'nodes_archived', (SELECT count(*) FROM nodes WHERE archived_at IS NOT NULL),
            'edges', (SELECT count(*) FROM edges WHERE archived_at IS NULL),
            'events', (SELECT count(*) FROM events),
            'assertions', (SELECT count(*) FROM assertions),
            'artifacts', (SELECT count(*) FROM artifacts)))
$$;
-- +goose StatementEnd
