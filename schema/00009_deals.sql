-- +goose Up
-- +goose StatementBegin
-- What the queries on deals, campaigns and the directory of contacts need.

-- A moment in a claim or a property: a JSON text with a date, or a date and a time; without a zone it
-- is UTC, whatever the session's zone. What is no moment reads as null, so that one odd value cannot
-- break a list.
CREATE OR REPLACE FUNCTION rye.jsonb_timestamp(p_value jsonb) RETURNS timestamptz LANGUAGE plpgsql STABLE
SET timezone = 'UTC' SET datestyle = 'ISO, YMD' AS $$
BEGIN
    -- The pattern keeps out "now" and "tomorrow", and spares most odd values the subtransaction.
    IF jsonb_typeof(p_value) = 'string' AND p_value #>> '{}' ~ '^\s*\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}|\s*$)' THEN
        RETURN (p_value #>> '{}')::timestamptz;
    END IF;
    RETURN NULL;
EXCEPTION WHEN data_exception THEN
    RETURN NULL;
END
$$;

-- The tickets in the order of their ids, for the query across domains: without it, a page reads all
-- nodes or all deals. Empty where there are no tickets.
CREATE INDEX IF NOT EXISTS nodes_tickets ON rye.nodes (id) WHERE node_type = 'ticket' AND archived_at IS NULL;

-- The people of a campaign in the order of their edges: a campaign may have reached a hundred thousand,
-- and a page should not sort them all.
CREATE INDEX IF NOT EXISTS edges_campaign_target ON rye.edges (source_id, id)
    WHERE edge_type = 'campaign_target' AND archived_at IS NULL;

-- People by name, for the row-secure directory, which reads the nodes themselves.
CREATE INDEX IF NOT EXISTS nodes_person_name
    ON rye.nodes ((coalesce(properties ->> 'last_name', '')), (coalesce(properties ->> 'first_name', '')), id)
    WHERE node_type = 'person' AND archived_at IS NULL;

-- The same order in the materialized directory. idx_cd_name cannot give it: some have no name, and a
-- page cannot begin after a null.
CREATE INDEX IF NOT EXISTS contacts_directory_order
    ON rye.contacts_directory ((coalesce(last_name, '')), (coalesce(first_name, '')), node_id);
-- The first letters of a last name, in any case.
CREATE INDEX IF NOT EXISTS contacts_directory_letters
    ON rye.contacts_directory ((lower(coalesce(last_name, ''))) text_pattern_ops);

-- The deals under way, newest first.
CREATE INDEX IF NOT EXISTS opportunities_active_created ON rye.opportunities_active (created_at, node_id);
-- +goose StatementEnd
