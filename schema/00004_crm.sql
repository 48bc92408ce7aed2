-- +goose Up
-- +goose StatementBegin
-- The CRM layer: its functions, and its read models as materialized views for trusted roles and
-- as row-secure views of the same shape for everyone else.

-- Numbers of a claim or a property, which may be JSON numbers or texts that hold one. A text
-- that is no number reads as null, so that one odd value cannot break a refresh.
CREATE OR REPLACE FUNCTION rye.jsonb_number(p_value jsonb) RETURNS numeric LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE
        WHEN jsonb_typeof(p_value) = 'number' THEN (p_value #>> '{}')::numeric
        WHEN jsonb_typeof(p_value) = 'string' AND p_value #>> '{}' ~ '^\s*[-+]?(\d+\.?\d*|\.\d+)\s*$'
            THEN (p_value #>> '{}')::numeric
    END
$$;

-- The stages of a pipeline in their order.
CREATE OR REPLACE FUNCTION rye.pipeline_stages(p_properties jsonb) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT coalesce(array_agg(s.stage ->> 'key' ORDER BY rye.jsonb_number(s.stage -> 'order') NULLS LAST, s.n), '{}')
    FROM jsonb_array_elements(
        CASE jsonb_typeof(p_properties -> 'stages') WHEN 'array' THEN p_properties -> 'stages' ELSE '[]' END)
        WITH ORDINALITY AS s (stage, n)
$$;

-- The codes of the pipelines that the session sees, for telling what there is.
CREATE OR REPLACE FUNCTION rye.pipeline_codes() RETURNS text[] LANGUAGE sql STABLE
SET search_path = rye, pg_temp AS $$
    SELECT coalesce(array_agg(properties ->> 'code' ORDER BY properties ->> 'code'), '{}')
    FROM nodes WHERE node_type = 'pipeline' AND archived_at IS NULL AND properties ->> 'code' IS NOT NULL
$$;

CREATE OR REPLACE FUNCTION rye.create_opportunity(
    p_name text,
    p_pipeline_code text,
    p_assigned_to_id uuid DEFAULT NULL,
    p_properties jsonb DEFAULT '{}',
    p_teams text[] DEFAULT '{}'
) RETURNS uuid LANGUAGE plpgsql
SET search_path = rye, pg_temp AS $$
DECLARE
    v_id uuid := gen_random_uuid();
    v_code text;
    v_pipeline nodes;
    v_stage text;
BEGIN
    SELECT * INTO v_pipeline FROM nodes
    WHERE node_type = 'pipeline' AND properties ->> 'code' = p_pipeline_code AND archived_at IS NULL;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'unknown pipeline %', coalesce(quote_literal(p_pipeline_code), 'null')
            USING ERRCODE = 'RY001', HINT = 'Pipelines: ' || coalesce(nullif(array_to_string(pipeline_codes(), ', '), ''), 'none') || '.',
                DETAIL = jsonb_build_object('pipeline', p_pipeline_code, 'pipelines', pipeline_codes());
    END IF;
    IF p_assigned_to_id IS NOT NULL THEN
        PERFORM 1 FROM nodes WHERE id = p_assigned_to_id AND archived_at IS NULL;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'no node % to assign to', p_assigned_to_id USING ERRCODE = 'RY006';
        END IF;
    END IF;

    v_code := generate_crm_code('OPP');
    v_stage := coalesce(v_pipeline.properties ->> 'default_stage', (pipeline_stages(v_pipeline.properties))[1]);

    INSERT INTO nodes (id, node_type, label, properties, attrs, external_id, external_source)
    VALUES (v_id, 'opportunity', p_name,
        coalesce(p_properties, '{}') || jsonb_build_object('name', p_name, 'code', v_code),
        -- Without a classification the node would be visible to all, its teams notwithstanding.
        CASE WHEN cardinality(p_teams) > 0
             THEN jsonb_build_object('teams', to_jsonb(p_teams), 'classification', 'internal') ELSE '{}' END,
        v_code, 'internal');
    INSERT INTO assertions (assertion_type, subject_node_id, claim, effective_at, confidence)
    VALUES ('deal_stage', v_id, jsonb_build_object('stage', v_stage, 'pipeline', p_pipeline_code), now(), 1.0);
    INSERT INTO edges (edge_type, source_id, target_id, properties, effective_from)
    VALUES ('pipeline_member', v_id, v_pipeline.id, jsonb_build_object('entered_at', now()), now());
    IF p_assigned_to_id IS NOT NULL THEN
        INSERT INTO edges (edge_type, source_id, target_id, properties, effective_from)
        VALUES ('assigned_to', v_id, p_assigned_to_id, '{"role": "owner"}', now());
    END IF;
    RETURN v_id;
END
$$;

CREATE OR REPLACE FUNCTION rye.advance_deal_stage(
    p_opp_id uuid,
    p_new_stage text,
    p_reason text DEFAULT NULL,
    p_actor text DEFAULT NULL
) RETURNS uuid LANGUAGE plpgsql
SET search_path = rye, pg_temp AS $$
DECLARE
    v_deal nodes;
    v_seen uuid;
    v_old assertions;
    v_old_stage text;
    v_pipeline text;
    v_stages text[];
    v_event_id uuid;
BEGIN
    -- What the caller decided on. Another caller may change it while this one waits for the lock;
    -- then the other has won.
    SELECT id INTO v_seen FROM assertions
    WHERE subject_node_id = p_opp_id AND subject_edge_id IS NULL
        AND assertion_type = 'deal_stage' AND assertion_key = 'default' AND superseded_at IS NULL;

    SELECT * INTO v_deal FROM nodes WHERE id = p_opp_id;
    IF NOT FOUND OR v_deal.node_type <> 'opportunity' THEN
        RAISE EXCEPTION 'no opportunity % that this session sees', p_opp_id USING ERRCODE = 'RY006';
    END IF;
    SELECT * INTO v_deal FROM nodes WHERE id = p_opp_id FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'this session may not change opportunity %', p_opp_id USING ERRCODE = 'RY004';
    END IF;
    IF v_deal.archived_at IS NOT NULL THEN
        RAISE EXCEPTION 'opportunity % is archived', coalesce(v_deal.properties ->> 'code', p_opp_id::text)
            USING ERRCODE = 'RY003';
    END IF;

    SELECT * INTO v_old FROM assertions
    WHERE subject_node_id = p_opp_id AND subject_edge_id IS NULL
        AND assertion_type = 'deal_stage' AND assertion_key = 'default' AND superseded_at IS NULL;
    v_old_stage := v_old.claim ->> 'stage';
    IF v_old.id IS DISTINCT FROM v_seen OR v_old_stage = p_new_stage THEN
        RAISE EXCEPTION 'opportunity % is in stage % already', coalesce(v_deal.properties ->> 'code', p_opp_id::text), v_old_stage
            USING ERRCODE = 'RY005', HINT = 'Read the current stage again and decide anew.';
    END IF;

    -- A deal without a stage is in the pipeline that it is a member of.
    v_pipeline := coalesce(v_old.claim ->> 'pipeline', (
        SELECT p.properties ->> 'code' FROM edges e JOIN nodes p ON p.id = e.target_id
        WHERE e.source_id = p_opp_id AND e.edge_type = 'pipeline_member'
            AND e.archived_at IS NULL AND e.effective_to IS NULL AND p.archived_at IS NULL
        ORDER BY e.effective_from DESC NULLS LAST, e.id LIMIT 1));
    SELECT pipeline_stages(properties) INTO v_stages FROM nodes
    WHERE node_type = 'pipeline' AND properties ->> 'code' = v_pipeline AND archived_at IS NULL;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'opportunity % is in no known pipeline (%)',
            coalesce(v_deal.properties ->> 'code', p_opp_id::text), coalesce(quote_literal(v_pipeline), 'none')
            USING ERRCODE = 'RY001', HINT = 'Pipelines: ' || coalesce(nullif(array_to_string(pipeline_codes(), ', '), ''), 'none') || '.',
                DETAIL = jsonb_build_object('pipeline', v_pipeline, 'pipelines', pipeline_codes());
    END IF;
    IF (p_new_stage = ANY (v_stages)) IS NOT TRUE THEN
        RAISE EXCEPTION 'pipeline % has no stage %', v_pipeline, coalesce(quote_literal(p_new_stage), 'null')
            USING ERRCODE = 'RY002', HINT = 'Stages: ' || array_to_string(v_stages, ', ') || '.',
                DETAIL = jsonb_build_object('pipeline', v_pipeline, 'stage', p_new_stage, 'stages', v_stages);
    END IF;

    v_event_id := record_event('stage_change',
        format('Stage: %s -> %s', coalesce(v_old_stage, 'none'), p_new_stage),
        jsonb_build_object('from_stage', v_old_stage, 'to_stage', p_new_stage, 'reason', p_reason),
        ARRAY[p_opp_id], ARRAY['subject'], p_actor);
    RETURN supersede_assertion(
        p_old_assertion_id := v_old.id,
        p_new_assertion_type := 'deal_stage',
        p_new_subject_node_id := p_opp_id,
        p_new_subject_edge_id := NULL,
        p_new_claim := jsonb_build_object(
            'stage', p_new_stage, 'pipeline', v_pipeline, 'moved_from', v_old_stage, 'reason', p_reason),
        p_new_source_event_id := v_event_id,
        p_new_confidence := 1.0);
END
$$;

CREATE OR REPLACE FUNCTION rye.log_crm_activity(
    p_event_type text,
    p_summary text,
    p_properties jsonb,
    p_actor text,
    p_participant_ids uuid[],
    p_participant_roles text[] DEFAULT '{}',
    p_occurred_at timestamptz DEFAULT now()
) RETURNS uuid LANGUAGE sql
SET search_path = rye, pg_temp AS $$
    SELECT record_event(p_event_type, p_summary, p_properties, p_participant_ids, p_participant_roles, p_actor, p_occurred_at)
$$;

-- Where a type of fact has several keys, the views show one: the default key, else the latest.
CREATE OR REPLACE VIEW rye.opportunities_active_secure WITH (security_invoker = true) AS
SELECT
    n.id AS node_id,
    n.label,
    n.properties ->> 'code' AS code,
    n.properties ->> 'name' AS name,
    rye.jsonb_number(n.properties -> 'estimated_value') AS estimated_value,
    CASE jsonb_typeof(n.attrs -> 'teams') WHEN 'array'
        THEN ARRAY(SELECT jsonb_array_elements_text(n.attrs -> 'teams')) ELSE '{}' END AS teams,
    stg.claim ->> 'stage' AS stage,
    stg.claim ->> 'pipeline' AS pipeline,
    stg.asserted_at AS stage_since,
    rye.jsonb_number(val.claim -> 'amount') AS current_value,
    val.claim ->> 'currency' AS currency,
    rye.jsonb_number(wp.claim -> 'probability')::double precision AS win_probability,
    pc.label AS primary_contact_name,
    pc.id AS primary_contact_id,
    owner.label AS assigned_to_name,
    owner.id AS assigned_to_id,
    n.created_at
FROM rye.nodes n
LEFT JOIN LATERAL (
    SELECT a.claim, a.asserted_at FROM rye.assertions a
    WHERE a.subject_node_id = n.id AND a.subject_edge_id IS NULL AND a.assertion_type = 'deal_stage' AND a.superseded_at IS NULL
    ORDER BY (a.assertion_key = 'default') DESC, a.asserted_at DESC, a.id LIMIT 1) stg ON true
LEFT JOIN LATERAL (
    SELECT a.claim FROM rye.assertions a
    WHERE a.subject_node_id = n.id AND a.subject_edge_id IS NULL AND a.assertion_type = 'deal_value' AND a.superseded_at IS NULL
    ORDER BY (a.assertion_key = 'default') DESC, a.asserted_at DESC, a.id LIMIT 1) val ON true
LEFT JOIN LATERAL (
    SELECT a.claim FROM rye.assertions a
    WHERE a.subject_node_id = n.id AND a.subject_edge_id IS NULL AND a.assertion_type = 'win_probability' AND a.superseded_at IS NULL
    ORDER BY (a.assertion_key = 'default') DESC, a.asserted_at DESC, a.id LIMIT 1) wp ON true
LEFT JOIN LATERAL (
    SELECT p.id, p.label FROM rye.edges e JOIN rye.nodes p ON p.id = e.target_id
    WHERE e.source_id = n.id AND e.edge_type = 'primary_contact'
        AND e.archived_at IS NULL AND e.effective_to IS NULL AND p.archived_at IS NULL
    ORDER BY e.created_at, e.id LIMIT 1) pc ON true
LEFT JOIN LATERAL (
    SELECT p.id, p.label FROM rye.edges e JOIN rye.nodes p ON p.id = e.target_id
    WHERE e.source_id = n.id AND e.edge_type = 'assigned_to' AND e.properties ->> 'role' = 'owner'
        AND e.archived_at IS NULL AND e.effective_to IS NULL AND p.archived_at IS NULL
    ORDER BY e.effective_from DESC NULLS LAST, e.id LIMIT 1) owner ON true
WHERE n.node_type = 'opportunity'
    AND n.archived_at IS NULL
    -- Put so, the planner takes it that half of the deals are under way, and reads no more of them than a
    -- page needs; without coalesce, with IS NULL OR, it takes it that hardly any are, and reads all.
    AND coalesce(stg.claim ->> 'stage' NOT IN ('closed_won', 'closed_lost', 'dead'), true);

CREATE OR REPLACE VIEW rye.contacts_directory_secure WITH (security_invoker = true) AS
SELECT
    n.id AS node_id,
    n.label,
    n.properties ->> 'code' AS code,
    n.properties ->> 'first_name' AS first_name,
    n.properties ->> 'last_name' AS last_name,
    n.properties ->> 'email' AS email,
    n.properties ->> 'phone' AS phone,
    n.properties ->> 'title' AS title,
    org.label AS organization,
    org.id AS org_id,
    ci.claim AS current_contact_info,
    sent.claim AS current_sentiment,
    n.created_at
FROM rye.nodes n
LEFT JOIN LATERAL (
    SELECT o.id, o.label FROM rye.edges e JOIN rye.nodes o ON o.id = e.source_id
    WHERE e.target_id = n.id AND e.edge_type = 'employs'
        AND e.archived_at IS NULL AND e.effective_to IS NULL AND o.archived_at IS NULL
    ORDER BY e.effective_from DESC NULLS LAST, e.id LIMIT 1) org ON true
LEFT JOIN LATERAL (
    SELECT a.claim FROM rye.assertions a
    WHERE a.subject_node_id = n.id AND a.subject_edge_id IS NULL AND a.assertion_type = 'contact_info' AND a.superseded_at IS NULL
    ORDER BY (a.assertion_key = 'default') DESC, a.asserted_at DESC, a.id LIMIT 1) ci ON true
LEFT JOIN LATERAL (
    SELECT a.claim FROM rye.assertions a
    WHERE a.subject_node_id = n.id AND a.subject_edge_id IS NULL AND a.assertion_type = 'sentiment' AND a.superseded_at IS NULL
    ORDER BY (a.assertion_key = 'default') DESC, a.asserted_at DESC, a.id LIMIT 1) sent ON true
WHERE n.node_type = 'person' AND n.archived_at IS NULL;

-- The materialized views hold the same rows, of all nodes at once: each kind of fact and of edge is read once and joined, which takes half
-- the time of looking them up node by node, as the views above do for those who read a page.
CREATE MATERIALIZED VIEW IF NOT EXISTS rye.opportunities_active AS
SELECT
    n.id AS node_id,
    n.label,
    n.properties ->> 'code' AS code,
    n.properties ->> 'name' AS name,
    rye.jsonb_number(n.properties -> 'estimated_value') AS estimated_value,
    CASE jsonb_typeof(n.attrs -> 'teams') WHEN 'array'
        THEN ARRAY(SELECT jsonb_array_elements_text(n.attrs -> 'teams')) ELSE '{}' END AS teams,
    stg.claim ->> 'stage' AS stage,
    stg.claim ->> 'pipeline' AS pipeline,
    stg.asserted_at AS stage_since,
    rye.jsonb_number(val.claim -> 'amount') AS current_value,
    val.claim ->> 'currency' AS currency,
    rye.jsonb_number(wp.claim -> 'probability')::double precision AS win_probability,
    pc.label AS primary_contact_name,
    pc.id AS primary_contact_id,
    owner.label AS assigned_to_name,
    owner.id AS assigned_to_id,
    n.created_at
FROM rye.nodes n
LEFT JOIN (
    SELECT DISTINCT ON (a.subject_node_id) a.subject_node_id, a.claim, a.asserted_at FROM rye.assertions a
    WHERE a.subject_edge_id IS NULL AND a.assertion_type = 'deal_stage' AND a.superseded_at IS NULL
    ORDER BY a.subject_node_id, (a.assertion_key = 'default') DESC, a.asserted_at DESC, a.id) stg ON stg.subject_node_id = n.id
LEFT JOIN (
    SELECT DISTINCT ON (a.subject_node_id) a.subject_node_id, a.claim FROM rye.assertions a
    WHERE a.subject_edge_id IS NULL AND a.assertion_type = 'deal_value' AND a.superseded_at IS NULL
    ORDER BY a.subject_node_id, (a.assertion_key = 'default') DESC, a.asserted_at DESC, a.id) val ON val.subject_node_id = n.id
LEFT JOIN (
    SELECT DISTINCT ON (a.subject_node_id) a.subject_node_id, a.claim FROM rye.assertions a
    WHERE a.subject_edge_id IS NULL AND a.assertion_type = 'win_probability' AND a.superseded_at IS NULL
    ORDER BY a.subject_node_id, (a.assertion_key = 'default') DESC, a.asserted_at DESC, a.id) wp ON wp.subject_node_id = n.id
LEFT JOIN (
    SELECT DISTINCT ON (e.source_id) e.source_id, p.id, p.label FROM rye.edges e JOIN rye.nodes p ON p.id = e.target_id
    WHERE e.edge_type = 'primary_contact' AND e.archived_at IS NULL AND e.effective_to IS NULL AND p.archived_at IS NULL
    ORDER BY e.source_id, e.created_at, e.id) pc ON pc.source_id = n.id
LEFT JOIN (
    SELECT DISTINCT ON (e.source_id) e.source_id, p.id, p.label FROM rye.edges e JOIN rye.nodes p ON p.id = e.target_id
    WHERE e.edge_type = 'assigned_to' AND e.properties ->> 'role' = 'owner'
        AND e.archived_at IS NULL AND e.effective_to IS NULL AND p.archived_at IS NULL
    ORDER BY e.source_id, e.effective_from DESC NULLS LAST, e.id) owner ON owner.source_id = n.id
WHERE n.node_type = 'opportunity'
    AND n.archived_at IS NULL
    AND coalesce(stg.claim ->> 'stage' NOT IN ('closed_won', 'closed_lost', 'dead'), true);
CREATE UNIQUE INDEX IF NOT EXISTS idx_oa_node ON rye.opportunities_active (node_id);
CREATE INDEX IF NOT EXISTS idx_oa_code ON rye.opportunities_active (code);
CREATE INDEX IF NOT EXISTS idx_oa_stage ON rye.opportunities_active (stage);
CREATE INDEX IF NOT EXISTS idx_oa_owner ON rye.opportunities_active (assigned_to_id);

CREATE MATERIALIZED VIEW IF NOT EXISTS rye.contacts_directory AS
SELECT
    n.id AS node_id,
    n.label,
    n.properties ->> 'code' AS code,
    n.properties ->> 'first_name' AS first_name,
    n.properties ->> 'last_name' AS last_name,
    n.properties ->> 'email' AS email,
    n.properties ->> 'phone' AS phone,
    n.properties ->> 'title' AS title,
    org.label AS organization,
    org.id AS org_id,
    ci.claim AS current_contact_info,
    sent.claim AS current_sentiment,
    n.created_at
FROM rye.nodes n
LEFT JOIN (
    SELECT DISTINCT ON (e.target_id) e.target_id, o.id, o.label FROM rye.edges e JOIN rye.nodes o ON o.id = e.source_id
    WHERE e.edge_type = 'employs' AND e.archived_at IS NULL AND e.effective_to IS NULL AND o.archived_at IS NULL
    ORDER BY e.target_id, e.effective_from DESC NULLS LAST, e.id) org ON org.target_id = n.id
LEFT JOIN (
    SELECT DISTINCT ON (a.subject_node_id) a.subject_node_id, a.claim FROM rye.assertions a
    WHERE a.subject_edge_id IS NULL AND a.assertion_type = 'contact_info' AND a.superseded_at IS NULL
    ORDER BY a.subject_node_id, (a.assertion_key = 'default') DESC, a.asserted_at DESC, a.id) ci ON ci.subject_node_id = n.id
LEFT JOIN (
    SELECT DISTINCT ON (a.subject_node_id) a.subject_node_id, a.claim FROM rye.assertions a
    WHERE a.subject_edge_id IS NULL AND a.assertion_type = 'sentiment' AND a.superseded_at IS NULL
    ORDER BY a.subject_node_id, (a.assertion_key = 'default') DESC, a.asserted_at DESC, a.id) sent ON sent.subject_node_id = n.id
WHERE n.node_type = 'person' AND n.archived_at IS NULL;
CREATE UNIQUE INDEX IF NOT EXISTS idx_cd_node ON rye.contacts_directory (node_id);
CREATE INDEX IF NOT EXISTS idx_cd_code ON rye.contacts_directory (code);
CREATE INDEX IF NOT EXISTS idx_cd_name ON rye.contacts_directory (last_name, first_name);
CREATE INDEX IF NOT EXISTS idx_cd_org ON rye.contacts_directory (org_id);

-- Only an owner may refresh, and the loader is none; hence SECURITY DEFINER. After a plan, or a load that failed, the
-- planner may take tables for empty that have just been filled, so that they are looked at before empty views are filled; what it has to
-- know a small sample tells.
CREATE OR REPLACE FUNCTION rye.prepare_crm_views() RETURNS void LANGUAGE plpgsql
SECURITY DEFINER SET search_path = rye, pg_temp SET default_statistics_target = 10 AS $$
BEGIN
    IF EXISTS (SELECT FROM pg_class c WHERE c.oid IN ('nodes'::regclass, 'edges'::regclass, 'assertions'::regclass) AND c.reltuples <= 0) THEN
        ANALYZE nodes (id, node_type, archived_at), edges (source_id, target_id, edge_type, effective_to, archived_at),
            assertions (subject_node_id, subject_edge_id, assertion_type, assertion_key, superseded_at);
    END IF;
END
$$;

-- A view that is empty is filled plainly, which is faster and disturbs no reader; one that has rows is refreshed
-- beside its readers. The two may be refreshed at the same time.
CREATE OR REPLACE FUNCTION rye.refresh_crm_view(p_view text) RETURNS void LANGUAGE plpgsql
SECURITY DEFINER SET search_path = rye, pg_temp SET default_statistics_target = 10 SET work_mem = '64MB' AS $$
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

CREATE OR REPLACE FUNCTION rye.refresh_crm_views() RETURNS void LANGUAGE sql
SET search_path = rye, pg_temp AS $$
    SELECT prepare_crm_views();
    SELECT refresh_crm_view('opportunities_active');
    SELECT refresh_crm_view('contacts_directory');
$$;
-- +goose StatementEnd
