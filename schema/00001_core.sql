-- +goose Up
-- +goose StatementBegin
-- The core model: six tables of the graph and their supporting tables. Every statement is
-- repeatable, so that a rye schema made by another tool is adopted as it stands.
CREATE SCHEMA IF NOT EXISTS rye;

-- What stands already must be the core model.
DO $adopt$
DECLARE
    v_wrong text;
BEGIN
    WITH expected (table_name, column_name, data_type) AS (
        VALUES
        ('nodes', 'id', 'uuid'), ('nodes', 'node_type', 'text'), ('nodes', 'label', 'text'),
        ('nodes', 'external_id', 'text'), ('nodes', 'external_source', 'text'),
        ('nodes', 'properties', 'jsonb'), ('nodes', 'attrs', 'jsonb'),
        ('nodes', 'created_at', 'timestamp with time zone'), ('nodes', 'updated_at', 'timestamp with time zone'),
        ('nodes', 'archived_at', 'timestamp with time zone'),
        ('edges', 'id', 'uuid'), ('edges', 'edge_type', 'text'), ('edges', 'source_id', 'uuid'),
        ('edges', 'target_id', 'uuid'), ('edges', 'properties', 'jsonb'),
        ('edges', 'effective_from', 'timestamp with time zone'), ('edges', 'effective_to', 'timestamp with time zone'),
        ('edges', 'weight', 'numeric'), ('edges', 'attrs', 'jsonb'),
        ('edges', 'created_at', 'timestamp with time zone'), ('edges', 'archived_at', 'timestamp with time zone'),
        ('events', 'id', 'uuid'), ('events', 'event_type', 'text'), ('events', 'occurred_at', 'timestamp with time zone'),
        ('events', 'recorded_at', 'timestamp with time zone'), ('events', 'summary', 'text'),
        ('events', 'properties', 'jsonb'), ('events', 'actor_node_id', 'uuid'), ('events', 'actor_system', 'text'),
        ('events', 'attrs', 'jsonb'), ('events', 'created_at', 'timestamp with time zone'),
        ('event_participants', 'id', 'uuid'), ('event_participants', 'event_id', 'uuid'),
        ('event_participants', 'node_id', 'uuid'), ('event_participants', 'role', 'text'),
        ('event_participants', 'properties', 'jsonb'), ('event_participants', 'created_at', 'timestamp with time zone'),
        ('assertions', 'id', 'uuid'), ('assertions', 'assertion_type', 'text'), ('assertions', 'assertion_key', 'text'),
        ('assertions', 'subject_node_id', 'uuid'), ('assertions', 'subject_edge_id', 'uuid'), ('assertions', 'claim', 'jsonb'),
        ('assertions', 'asserted_at', 'timestamp with time zone'), ('assertions', 'effective_at', 'timestamp with time zone'),
        ('assertions', 'superseded_at', 'timestamp with time zone'), ('assertions', 'superseded_by', 'uuid'),
        ('assertions', 'source_event_id', 'uuid'), ('assertions', 'confidence', 'numeric'), ('assertions', 'attrs', 'jsonb'),
        ('assertions', 'created_at', 'timestamp with time zone'),
        ('artifacts', 'id', 'uuid'), ('artifacts', 'artifact_type', 'text'), ('artifacts', 'source_event_id', 'uuid'),
        ('artifacts', 'source_node_id', 'uuid'), ('artifacts', 'content', 'jsonb'), ('artifacts', 'location', 'jsonb'),
        ('artifacts', 'related_node_ids', 'ARRAY'), ('artifacts', 'attrs', 'jsonb'),
        ('artifacts', 'created_at', 'timestamp with time zone'),
        ('node_source_map', 'node_id', 'uuid'), ('node_source_map', 'source_schema', 'text'),
        ('node_source_map', 'source_table', 'text'), ('node_source_map', 'source_id', 'text'),
        ('node_source_map', 'source_id_type', 'text'), ('node_source_map', 'synced_at', 'timestamp with time zone'),
        ('node_merges', 'duplicate_id', 'uuid'), ('node_merges', 'canonical_id', 'uuid'),
        ('node_merges', 'merged_at', 'timestamp with time zone'), ('node_merges', 'merged_by', 'text'),
        ('node_merges', 'confidence', 'numeric'), ('node_merges', 'properties', 'jsonb'),
        ('crm_code_counters', 'prefix', 'text'), ('crm_code_counters', 'year_month', 'text'),
        ('crm_code_counters', 'next_val', 'integer'),
        ('access_grants', 'grantee', 'text'), ('access_grants', 'grant_type', 'text'),
        ('access_grants', 'resource_type', 'text'), ('access_grants', 'access_level', 'text'),
        ('access_grants', 'scope', 'jsonb'), ('access_grants', 'active', 'boolean'),
        ('field_classifications', 'node_type', 'text'), ('field_classifications', 'field_path', 'text'),
        ('field_classifications', 'classification', 'text'),
        ('assertion_type_access', 'assertion_type', 'text'), ('assertion_type_access', 'operation', 'text'),
        ('assertion_type_access', 'allowed_roles', 'ARRAY'),
        ('role_classification_access', 'role_name', 'text'), ('role_classification_access', 'classifications', 'ARRAY')
    )
    SELECT string_agg(
        format('%s.%s %s', e.table_name, e.column_name,
            CASE WHEN c.column_name IS NULL THEN 'is missing'
                 ELSE format('is %s, expected %s', c.data_type, e.data_type) END),
        '; ' ORDER BY e.table_name, e.column_name)
    INTO v_wrong
    FROM expected e
    JOIN information_schema.tables t ON t.table_schema = 'rye' AND t.table_name = e.table_name
    LEFT JOIN information_schema.columns c
        ON c.table_schema = 'rye' AND c.table_name = e.table_name AND c.column_name = e.column_name
    WHERE c.data_type IS DISTINCT FROM e.data_type;

    IF v_wrong IS NOT NULL THEN
        RAISE EXCEPTION 'the rye schema of this database is not the core model: %', v_wrong
            USING HINT = 'Bring these columns to the core model, or import into a database without a rye schema.';
    END IF;
END
$adopt$;

CREATE TABLE IF NOT EXISTS rye.nodes (
    id              uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    node_type       text NOT NULL,
    label           text,
    external_id     text,
    external_source text,
    properties      jsonb NOT NULL DEFAULT '{}',
    attrs           jsonb NOT NULL DEFAULT '{}',
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now(),
    archived_at     timestamptz
);
COMMENT ON TABLE rye.nodes IS 'A person, org, opportunity or any other entity of the graph.';
COMMENT ON COLUMN rye.nodes.properties IS 'Domain data; an imported node carries its code here.';
COMMENT ON COLUMN rye.nodes.attrs IS 'System metadata: teams, classification, tags.';
COMMENT ON COLUMN rye.nodes.archived_at IS 'When the node was soft-deleted; null while it lives.';

CREATE TABLE IF NOT EXISTS rye.edges (
    id             uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    edge_type      text NOT NULL,
    source_id      uuid NOT NULL REFERENCES rye.nodes (id),
    target_id      uuid NOT NULL REFERENCES rye.nodes (id),
    properties     jsonb NOT NULL DEFAULT '{}',
    effective_from timestamptz,
    effective_to   timestamptz,
    weight         numeric DEFAULT 1.0,
    attrs          jsonb NOT NULL DEFAULT '{}',
    created_at     timestamptz NOT NULL DEFAULT now(),
    archived_at    timestamptz
);
COMMENT ON TABLE rye.edges IS 'A typed, directed relationship between two nodes.';
COMMENT ON COLUMN rye.edges.effective_to IS 'When the relationship ended; null while it holds.';

CREATE TABLE IF NOT EXISTS rye.events (
    id            uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    event_type    text NOT NULL,
    occurred_at   timestamptz NOT NULL,
    recorded_at   timestamptz NOT NULL DEFAULT now(),
    summary       text,
    properties    jsonb NOT NULL DEFAULT '{}',
    actor_node_id uuid REFERENCES rye.nodes (id),
    actor_system  text,
    attrs         jsonb NOT NULL DEFAULT '{}',
    created_at    timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE rye.events IS 'Something that happened; immutable.';
COMMENT ON COLUMN rye.events.occurred_at IS 'When it happened.';
COMMENT ON COLUMN rye.events.recorded_at IS 'When the graph learned of it.';

CREATE TABLE IF NOT EXISTS rye.event_participants (
    id         uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    event_id   uuid NOT NULL REFERENCES rye.events (id),
    node_id    uuid NOT NULL REFERENCES rye.nodes (id),
    role       text NOT NULL,
    properties jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (event_id, node_id, role)
);
COMMENT ON TABLE rye.event_participants IS 'A node that took part in an event, and as what.';

CREATE TABLE IF NOT EXISTS rye.assertions (
    id              uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    assertion_type  text NOT NULL,
    assertion_key   text NOT NULL DEFAULT 'default',
    subject_node_id uuid REFERENCES rye.nodes (id),
    subject_edge_id uuid REFERENCES rye.edges (id),
    claim           jsonb NOT NULL,
    asserted_at     timestamptz NOT NULL DEFAULT now(),
    effective_at    timestamptz,
    superseded_at   timestamptz,
    superseded_by   uuid REFERENCES rye.assertions (id),
    source_event_id uuid REFERENCES rye.events (id),
    confidence      numeric CHECK (confidence BETWEEN 0 AND 1),
    attrs           jsonb NOT NULL DEFAULT '{}',
    created_at      timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT assertions_have_a_subject CHECK (subject_node_id IS NOT NULL OR subject_edge_id IS NOT NULL)
);
COMMENT ON TABLE rye.assertions IS 'A fact with a history; append-only, a change supersedes.';
COMMENT ON COLUMN rye.assertions.asserted_at IS 'When the fact was recorded where it comes from.';
COMMENT ON COLUMN rye.assertions.effective_at IS 'When the fact became true.';
COMMENT ON COLUMN rye.assertions.superseded_at IS 'When the fact was replaced or withdrawn; null while it is current.';

CREATE TABLE IF NOT EXISTS rye.artifacts (
    id               uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    artifact_type    text NOT NULL,
    source_event_id  uuid REFERENCES rye.events (id),
    source_node_id   uuid REFERENCES rye.nodes (id),
    content          jsonb NOT NULL DEFAULT '{}',
    location         jsonb,
    related_node_ids uuid[],
    attrs            jsonb NOT NULL DEFAULT '{}',
    created_at       timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE rye.artifacts IS 'A document, or a file that was imported.';

CREATE TABLE IF NOT EXISTS rye.node_source_map (
    node_id        uuid NOT NULL REFERENCES rye.nodes (id),
    source_schema  text NOT NULL,
    source_table   text NOT NULL,
    source_id      text NOT NULL,
    source_id_type text DEFAULT 'text',
    synced_at      timestamptz DEFAULT now(),
    PRIMARY KEY (source_schema, source_table, source_id)
);
COMMENT ON TABLE rye.node_source_map IS 'The crosswalk: one row of a source names one node; one node may hold many rows.';

CREATE TABLE IF NOT EXISTS rye.node_merges (
    id           uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    duplicate_id uuid NOT NULL REFERENCES rye.nodes (id),
    canonical_id uuid NOT NULL REFERENCES rye.nodes (id),
    merged_at    timestamptz NOT NULL DEFAULT now(),
    merged_by    text,
    confidence   numeric,
    properties   jsonb NOT NULL DEFAULT '{}'
);
COMMENT ON TABLE rye.node_merges IS 'Which node was folded into which, when and by whom.';

CREATE TABLE IF NOT EXISTS rye.crm_code_counters (
    prefix     text NOT NULL,
    year_month text NOT NULL,
    next_val   int NOT NULL DEFAULT 1,
    PRIMARY KEY (prefix, year_month)
);
COMMENT ON TABLE rye.crm_code_counters IS 'The next free number of a code prefix in a month (YYMM).';

CREATE TABLE IF NOT EXISTS rye.access_grants (
    id            uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    grantee       text NOT NULL,
    grant_type    text NOT NULL,
    resource_type text NOT NULL,
    access_level  text NOT NULL,
    scope         jsonb NOT NULL DEFAULT '{}',
    active        boolean NOT NULL DEFAULT true,
    created_at    timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE rye.access_grants IS 'Access beyond the team rule. Every key of scope must hold; an unknown key grants nothing.';

CREATE TABLE IF NOT EXISTS rye.field_classifications (
    id             uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    node_type      text NOT NULL,
    field_path     text NOT NULL,
    classification text NOT NULL,
    min_role       text,
    UNIQUE (node_type, field_path)
);
COMMENT ON TABLE rye.field_classifications IS 'How sensitive a property of a node type is.';

CREATE TABLE IF NOT EXISTS rye.assertion_type_access (
    id             uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    assertion_type text NOT NULL,
    operation      text NOT NULL CHECK (operation IN ('read', 'write')),
    allowed_roles  text[] NOT NULL,
    UNIQUE (assertion_type, operation)
);
COMMENT ON TABLE rye.assertion_type_access IS 'Which roles may read or write a gated assertion type.';

CREATE TABLE IF NOT EXISTS rye.role_classification_access (
    role_name       text PRIMARY KEY,
    classifications text[] NOT NULL
);
COMMENT ON TABLE rye.role_classification_access IS 'Which classifications a role sees.';

-- An adopted crosswalk may lack the key that says: one source row, one node.
CREATE UNIQUE INDEX IF NOT EXISTS node_source_map_pkey
    ON rye.node_source_map (source_schema, source_table, source_id);

-- Indexes. docs/architecture.md says what each one serves and what it was measured to cost.
CREATE UNIQUE INDEX IF NOT EXISTS nodes_external_key ON rye.nodes (external_source, external_id)
    WHERE external_id IS NOT NULL AND archived_at IS NULL;
CREATE INDEX IF NOT EXISTS nodes_type_created ON rye.nodes (node_type, created_at);
CREATE INDEX IF NOT EXISTS nodes_code ON rye.nodes ((properties ->> 'code') text_pattern_ops);
CREATE INDEX IF NOT EXISTS nodes_properties ON rye.nodes USING gin (properties jsonb_path_ops);
CREATE INDEX IF NOT EXISTS nodes_label ON rye.nodes USING gin (label gin_trgm_ops);

CREATE INDEX IF NOT EXISTS edges_source ON rye.edges (source_id, edge_type);
CREATE INDEX IF NOT EXISTS edges_target ON rye.edges (target_id, edge_type);

CREATE INDEX IF NOT EXISTS events_occurred ON rye.events (occurred_at);
CREATE INDEX IF NOT EXISTS events_type ON rye.events (event_type, occurred_at);
CREATE INDEX IF NOT EXISTS event_participants_node ON rye.event_participants (node_id);

CREATE UNIQUE INDEX IF NOT EXISTS assertions_current
    ON rye.assertions (subject_node_id, assertion_type, assertion_key, subject_edge_id) NULLS NOT DISTINCT
    WHERE superseded_at IS NULL;
CREATE INDEX IF NOT EXISTS assertions_subject ON rye.assertions (subject_node_id, assertion_type, asserted_at);
CREATE INDEX IF NOT EXISTS assertions_edge ON rye.assertions (subject_edge_id) WHERE subject_edge_id IS NOT NULL;

CREATE INDEX IF NOT EXISTS node_source_map_node ON rye.node_source_map (node_id);
CREATE INDEX IF NOT EXISTS node_merges_duplicate ON rye.node_merges (duplicate_id);
CREATE INDEX IF NOT EXISTS artifacts_event ON rye.artifacts (source_event_id);
CREATE INDEX IF NOT EXISTS artifacts_node ON rye.artifacts (source_node_id);
CREATE INDEX IF NOT EXISTS access_grants_grantee ON rye.access_grants (grantee, resource_type) WHERE active;
-- +goose StatementEnd
