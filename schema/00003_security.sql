-- +goose Up
-- +goose StatementBegin
-- Row-level security. Authorization is by session variables (app.current_user_id,
-- app.current_teams, app.current_role), set with SET LOCAL per transaction. Nodes anchor
-- visibility: whoever cannot see a node sees neither its edges nor its facts and events.

-- Whether a grant is for this session, and whether it reaches the level asked for.
CREATE OR REPLACE FUNCTION rye.grant_applies(p_grant_type text, p_grantee text, p_access_level text, p_wanted text)
RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT coalesce(CASE p_grant_type
            WHEN 'user' THEN p_grantee = nullif(current_setting('app.current_user_id', true), '')
            WHEN 'role' THEN p_grantee = nullif(current_setting('app.current_role', true), '')
            WHEN 'team' THEN p_grantee = ANY (rye.session_teams())
        END, false)
        AND coalesce(array_position(ARRAY['read', 'write', 'admin'], p_access_level)
            >= array_position(ARRAY['read', 'write', 'admin'], p_wanted), false)
$$;

-- Whether some grant of this session covers a resource that has these properties. A scope is a
-- conjunction: each of its keys must be a key of p_resource and hold there; a scope value may be
-- one text or a list, of which one must hold. A key that the resource lacks grants nothing.
CREATE OR REPLACE FUNCTION rye.granted(p_resource_type text, p_level text, p_resource jsonb)
RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE SET search_path = rye, pg_temp AS $$
    SELECT EXISTS (
        SELECT FROM access_grants g
        WHERE g.active AND g.resource_type = p_resource_type
            AND grant_applies(g.grant_type, g.grantee, g.access_level, p_level)
            AND jsonb_typeof(g.scope) = 'object'
            AND NOT EXISTS (
                SELECT FROM jsonb_each(g.scope) AS s (key, wanted)
                WHERE (CASE WHEN jsonb_typeof(s.wanted) = 'array'
                            THEN EXISTS (SELECT FROM jsonb_array_elements(s.wanted) AS w (item)
                                         WHERE p_resource -> s.key @> w.item)
                            ELSE p_resource -> s.key @> s.wanted END) IS NOT TRUE))
$$;

CREATE OR REPLACE FUNCTION rye.node_granted(p_level text, p_id uuid, p_node_type text, p_attrs jsonb)
RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT rye.granted('node', p_level, jsonb_strip_nulls(jsonb_build_object(
        'node_id', p_id, 'node_type', p_node_type,
        'classification', p_attrs -> 'classification', 'teams', p_attrs -> 'teams')))
$$;

-- Whether this session may change a node, and so the facts and edges that hang on it.
CREATE OR REPLACE FUNCTION rye.node_writable(p_id uuid)
RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE SET search_path = rye, pg_temp AS $$
    SELECT EXISTS (
        SELECT FROM nodes n
        WHERE n.id = p_id AND (
            coalesce(n.attrs ->> 'classification', 'public') = 'public'
            OR n.attrs -> 'teams' ?| session_teams()
            OR node_granted('write', n.id, n.node_type, n.attrs)))
$$;

-- The gated types of fact that this session's role may not read or write. A list and not a
-- yes-or-no per type, so that a policy asks once a query.
CREATE OR REPLACE FUNCTION rye.refused_assertion_types(p_operation text)
RETURNS text[] LANGUAGE sql STABLE PARALLEL SAFE SET search_path = rye, pg_temp AS $$
    SELECT coalesce(array_agg(a.assertion_type), '{}')
    FROM assertion_type_access a
    WHERE a.operation = p_operation AND (session_role() = ANY (a.allowed_roles)) IS NOT TRUE
$$;

-- Takes out the properties whose classification the session's role does not see. A field_path is
-- a property name, or a dotted path into one, with or without a leading "properties.".
CREATE OR REPLACE FUNCTION rye.redact_properties(p_properties jsonb, p_node_type text)
RETURNS jsonb LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = rye, pg_temp AS $$
DECLARE
    v_seen text[] := coalesce(
        (SELECT classifications FROM role_classification_access WHERE role_name = session_role()), ARRAY['public']);
    v_path text;
BEGIN
    FOR v_path IN
        SELECT field_path FROM field_classifications
        WHERE node_type = p_node_type AND NOT classification = ANY (v_seen)
    LOOP
        p_properties := p_properties #- string_to_array(regexp_replace(v_path, '^properties\.', ''), '.');
    END LOOP;
    RETURN p_properties;
END
$$;

-- The tables of an adopted schema may be under row-level security already.
DO $$ BEGIN PERFORM set_config('app.current_role', 'admin', true); END $$;
INSERT INTO rye.role_classification_access (role_name, classifications) VALUES
    ('admin', '{public,internal,confidential,restricted}'),
    ('deal_manager', '{public,internal,confidential}'),
    ('team_lead', '{public,internal,confidential}'),
    ('team_member', '{public,internal}')
ON CONFLICT (role_name) DO NOTHING;

DO $rls$
DECLARE
    v_table text;
    v_policy record;
BEGIN
    FOREACH v_table IN ARRAY ARRAY[
        'nodes', 'edges', 'events', 'event_participants', 'assertions', 'artifacts',
        'node_source_map', 'node_merges', 'crm_code_counters', 'access_grants',
        'field_classifications', 'assertion_type_access', 'role_classification_access']
    LOOP
        EXECUTE format('ALTER TABLE rye.%I ENABLE ROW LEVEL SECURITY', v_table);
        EXECUTE format('ALTER TABLE rye.%I FORCE ROW LEVEL SECURITY', v_table);
        -- The policies below are the only ones: policies add up, so that one left over from an
        -- adopted schema would open what these close.
        FOR v_policy IN SELECT policyname FROM pg_policies WHERE schemaname = 'rye' AND tablename = v_table LOOP
            EXECUTE format('DROP POLICY %I ON rye.%I', v_policy.policyname, v_table);
        END LOOP;
    END LOOP;
END
$rls$;

-- The settings are wrapped in sub-selects, so that they are read once a query and not once a row.
CREATE POLICY nodes_select ON rye.nodes FOR SELECT USING (
    coalesce(attrs ->> 'classification', 'public') = 'public'
    OR attrs -> 'teams' ?| (SELECT rye.session_teams())
    OR rye.node_granted('read', id, node_type, attrs));
CREATE POLICY nodes_insert ON rye.nodes FOR INSERT WITH CHECK (true);
CREATE POLICY nodes_update ON rye.nodes FOR UPDATE USING (
    NOT (SELECT rye.session_is_agent()) AND (
        coalesce(attrs ->> 'classification', 'public') = 'public'
        OR attrs -> 'teams' ?| (SELECT rye.session_teams())
        OR rye.node_granted('write', id, node_type, attrs)));
CREATE POLICY nodes_delete ON rye.nodes FOR DELETE USING (
    NOT (SELECT rye.session_is_agent()) AND (
        coalesce(attrs ->> 'classification', 'public') = 'public'
        OR attrs -> 'teams' ?| (SELECT rye.session_teams())
        OR rye.node_granted('write', id, node_type, attrs)));

-- OFFSET 0 changes nothing but the plan: without it, where many edges are in question (of a campaign,
-- of a large org), all nodes are read to see of which the session sees both ends; with it, the two
-- are looked up by their ids. So it is in the other policies that ask for a row of another table.
CREATE POLICY edges_select ON rye.edges FOR SELECT USING (
    (EXISTS (SELECT FROM rye.nodes n WHERE n.id = source_id OFFSET 0)
        AND EXISTS (SELECT FROM rye.nodes n WHERE n.id = target_id OFFSET 0))
    OR rye.granted('edge', 'read', jsonb_build_object(
        'edge_id', id, 'edge_type', edge_type, 'source_id', source_id, 'target_id', target_id)));
CREATE POLICY edges_insert ON rye.edges FOR INSERT WITH CHECK (
    EXISTS (SELECT FROM rye.nodes n WHERE n.id = source_id)
    AND EXISTS (SELECT FROM rye.nodes n WHERE n.id = target_id));
CREATE POLICY edges_update ON rye.edges FOR UPDATE USING (
    NOT (SELECT rye.session_is_agent()) AND (rye.node_writable(source_id) OR rye.node_writable(target_id)));
CREATE POLICY edges_delete ON rye.edges FOR DELETE USING (
    NOT (SELECT rye.session_is_agent()) AND (rye.node_writable(source_id) OR rye.node_writable(target_id)));

CREATE POLICY events_select ON rye.events FOR SELECT USING (
    (SELECT rye.session_role()) = 'admin'
    OR EXISTS (SELECT FROM rye.event_participants p WHERE p.event_id = events.id OFFSET 0)
    OR rye.granted('event', 'read', jsonb_build_object('event_id', events.id, 'event_type', events.event_type)));
CREATE POLICY events_insert ON rye.events FOR INSERT WITH CHECK (true);
CREATE POLICY events_delete ON rye.events FOR DELETE USING (
    NOT (SELECT rye.session_is_agent()) AND (SELECT rye.session_role()) = 'admin');

CREATE POLICY event_participants_select ON rye.event_participants FOR SELECT USING (
    EXISTS (SELECT FROM rye.nodes n WHERE n.id = node_id OFFSET 0));
CREATE POLICY event_participants_insert ON rye.event_participants FOR INSERT WITH CHECK (
    EXISTS (SELECT FROM rye.nodes n WHERE n.id = node_id));
CREATE POLICY event_participants_update ON rye.event_participants FOR UPDATE USING (
    NOT (SELECT rye.session_is_agent()) AND EXISTS (SELECT FROM rye.nodes n WHERE n.id = node_id));
CREATE POLICY event_participants_delete ON rye.event_participants FOR DELETE USING (
    NOT (SELECT rye.session_is_agent()) AND EXISTS (SELECT FROM rye.nodes n WHERE n.id = node_id));

-- A fact is seen with its subject, or by a grant on its own type (finance sees all deal values).
CREATE POLICY assertions_select ON rye.assertions FOR SELECT USING (
    ((subject_node_id IS NULL OR EXISTS (SELECT FROM rye.nodes n WHERE n.id = subject_node_id OFFSET 0))
        AND (subject_edge_id IS NULL OR EXISTS (SELECT FROM rye.edges e WHERE e.id = subject_edge_id OFFSET 0))
        AND assertion_type <> ALL ((SELECT rye.refused_assertion_types('read'))::text[]))
    OR rye.granted('assertion', 'read', jsonb_strip_nulls(jsonb_build_object(
        'assertion_id', id, 'assertion_type', assertion_type, 'assertion_key', assertion_key,
        'node_id', subject_node_id, 'edge_id', subject_edge_id))));
CREATE POLICY assertions_insert ON rye.assertions FOR INSERT WITH CHECK (
    (subject_node_id IS NULL OR rye.node_writable(subject_node_id))
    AND (subject_edge_id IS NULL OR EXISTS (SELECT FROM rye.edges e WHERE e.id = subject_edge_id))
    AND assertion_type <> ALL ((SELECT rye.refused_assertion_types('write'))::text[]));
CREATE POLICY assertions_update ON rye.assertions FOR UPDATE USING (
    NOT (SELECT rye.session_is_agent())
    AND (subject_node_id IS NULL OR rye.node_writable(subject_node_id))
    AND (subject_edge_id IS NULL OR EXISTS (SELECT FROM rye.edges e WHERE e.id = subject_edge_id))
    AND assertion_type <> ALL ((SELECT rye.refused_assertion_types('write'))::text[]));

CREATE POLICY artifacts_select ON rye.artifacts FOR SELECT USING (
    source_node_id IS NULL OR EXISTS (SELECT FROM rye.nodes n WHERE n.id = source_node_id OFFSET 0));
CREATE POLICY artifacts_insert ON rye.artifacts FOR INSERT WITH CHECK (
    source_node_id IS NULL OR EXISTS (SELECT FROM rye.nodes n WHERE n.id = source_node_id));
CREATE POLICY artifacts_update ON rye.artifacts FOR UPDATE USING (
    NOT (SELECT rye.session_is_agent()) AND (source_node_id IS NULL OR rye.node_writable(source_node_id)));
CREATE POLICY artifacts_delete ON rye.artifacts FOR DELETE USING (
    NOT (SELECT rye.session_is_agent()) AND (source_node_id IS NULL OR rye.node_writable(source_node_id)));

-- The crosswalk holds ids and nothing else. It is seen whole, because a loader that does not see
-- every node must notice so, and would make twins otherwise.
CREATE POLICY node_source_map_select ON rye.node_source_map FOR SELECT USING (true);
CREATE POLICY node_source_map_insert ON rye.node_source_map FOR INSERT WITH CHECK (
    EXISTS (SELECT FROM rye.nodes n WHERE n.id = node_id));
CREATE POLICY node_source_map_update ON rye.node_source_map FOR UPDATE USING (
    NOT (SELECT rye.session_is_agent()) AND rye.node_writable(node_id));
CREATE POLICY node_source_map_delete ON rye.node_source_map FOR DELETE USING (
    NOT (SELECT rye.session_is_agent()) AND rye.node_writable(node_id));

CREATE POLICY node_merges_select ON rye.node_merges FOR SELECT USING (
    EXISTS (SELECT FROM rye.nodes n WHERE n.id = canonical_id));
CREATE POLICY node_merges_insert ON rye.node_merges FOR INSERT WITH CHECK (
    NOT (SELECT rye.session_is_agent()) AND rye.node_writable(canonical_id));

-- Counters hold no data; who may touch them is decided by table grants.
CREATE POLICY crm_code_counters_all ON rye.crm_code_counters FOR ALL USING (true);

-- A session sees the grants that are its own; only an admin writes them.
CREATE POLICY access_grants_select ON rye.access_grants FOR SELECT USING (
    rye.grant_applies(grant_type, grantee, access_level, 'read') OR (SELECT rye.session_role()) = 'admin');
CREATE POLICY access_grants_write ON rye.access_grants FOR ALL USING ((SELECT rye.session_role()) = 'admin');

CREATE POLICY field_classifications_select ON rye.field_classifications FOR SELECT USING (true);
CREATE POLICY field_classifications_write ON rye.field_classifications FOR ALL USING ((SELECT rye.session_role()) = 'admin');
CREATE POLICY assertion_type_access_select ON rye.assertion_type_access FOR SELECT USING (true);
CREATE POLICY assertion_type_access_write ON rye.assertion_type_access FOR ALL USING ((SELECT rye.session_role()) = 'admin');
CREATE POLICY role_classification_access_select ON rye.role_classification_access FOR SELECT USING (true);
CREATE POLICY role_classification_access_write ON rye.role_classification_access FOR ALL USING ((SELECT rye.session_role()) = 'admin');

-- Views
CREATE OR REPLACE VIEW rye.current_assertions WITH (security_invoker = true) AS
SELECT id, assertion_type, assertion_key, subject_node_id, subject_edge_id, claim, asserted_at, effective_at,
    superseded_at, superseded_by, source_event_id, confidence, attrs, created_at
FROM rye.assertions
WHERE superseded_at IS NULL;

CREATE OR REPLACE VIEW rye.node_context WITH (security_invoker = true) AS
SELECT
    n.id AS node_id,
    n.node_type,
    n.label,
    n.properties,
    coalesce((SELECT jsonb_agg(jsonb_build_object('edge_id', e.id, 'edge_type', e.edge_type, 'target_id', e.target_id,
            'target_label', t.label, 'properties', e.properties) ORDER BY e.edge_type, e.id)
        FROM rye.edges e JOIN rye.nodes t ON t.id = e.target_id
        WHERE e.source_id = n.id AND e.archived_at IS NULL AND e.effective_to IS NULL), '[]') AS outbound_edges,
    coalesce((SELECT jsonb_agg(jsonb_build_object('edge_id', e.id, 'edge_type', e.edge_type, 'source_id', e.source_id,
            'source_label', s.label, 'properties', e.properties) ORDER BY e.edge_type, e.id)
        FROM rye.edges e JOIN rye.nodes s ON s.id = e.source_id
        WHERE e.target_id = n.id AND e.archived_at IS NULL AND e.effective_to IS NULL), '[]') AS inbound_edges,
    coalesce((SELECT jsonb_agg(jsonb_build_object('assertion_id', a.id, 'assertion_type', a.assertion_type,
            'assertion_key', a.assertion_key, 'claim', a.claim, 'asserted_at', a.asserted_at,
            'confidence', a.confidence) ORDER BY a.assertion_type, a.assertion_key)
        FROM rye.assertions a
        WHERE a.subject_node_id = n.id AND a.superseded_at IS NULL), '[]') AS current_assertions
FROM rye.nodes n
WHERE n.archived_at IS NULL;

CREATE OR REPLACE VIEW rye.nodes_secure WITH (security_invoker = true) AS
SELECT id, node_type, label, external_id, external_source,
    rye.redact_properties(properties, node_type) AS properties,
    attrs, created_at, updated_at, archived_at
FROM rye.nodes;
-- +goose StatementEnd
