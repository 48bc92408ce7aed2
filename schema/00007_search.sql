-- +goose Up
-- +goose StatementBegin
-- What finding a node needs: keys under which an e-mail address, a telephone number and a website
-- compare, their indexes, and functions that use indexes under row-level security too.

-- An address without case, read from its end: the addresses of a domain then stand side by side, so
-- that one index finds an address and a domain.
CREATE OR REPLACE FUNCTION rye.email_key(p_email text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT reverse(lower(btrim(p_email)))
$$;
-- The digits of a number. 00 and + before the code of a country are the same.
CREATE OR REPLACE FUNCTION rye.phone_digits(p_phone text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT nullif(regexp_replace(regexp_replace(p_phone, '[^0-9]', '', 'g'), '^00', ''), '')
$$;
-- The host of a website, without www.
CREATE OR REPLACE FUNCTION rye.website_domain(p_website text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT substring(lower(p_website) FROM '^\s*(?:[a-z]+://)?(?:www\.)?([^/:?#\s]+)')
$$;

-- The indexes hold no node without the property. Their condition is the plain property, not the key,
-- so that a node that is written has its key computed once.
CREATE INDEX IF NOT EXISTS nodes_email ON rye.nodes ((rye.email_key(properties ->> 'email')) COLLATE "C")
    WHERE properties ->> 'email' IS NOT NULL AND archived_at IS NULL;
CREATE INDEX IF NOT EXISTS nodes_phone ON rye.nodes ((rye.phone_digits(properties ->> 'phone')) COLLATE "C")
    WHERE properties ->> 'phone' IS NOT NULL AND archived_at IS NULL;
CREATE INDEX IF NOT EXISTS nodes_website ON rye.nodes ((rye.website_domain(properties ->> 'website')) COLLATE "C")
    WHERE properties ->> 'website' IS NOT NULL AND archived_at IS NULL;
CREATE INDEX IF NOT EXISTS node_merges_canonical ON rye.node_merges (canonical_id);

-- Under row-level security PostgreSQL looks at a row's policy before it calls an operator that is not
-- leakproof, and those of jsonb and pg_trgm are not: no index on properties or on the label would
-- serve, every lookup would read all nodes. The functions below run as their owner, who passes by
-- row-level security if the server lets it, and hand out only what the session may see. Where the
-- owner does not pass by it, they are as right, and slow. They do without sequential scans, because
-- how many rows fit is guessed badly for keys that the planner has seen no statistics of.

-- Whether the role of the session passes by row-level security. Inside of a SECURITY DEFINER function
-- current_user is its owner; what SET ROLE said, else who logged in, is the session's.
CREATE OR REPLACE FUNCTION rye.session_sees_all() RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce((
        SELECT r.rolsuper OR r.rolbypassrls FROM pg_roles r
        WHERE r.rolname = coalesce(nullif(nullif(current_setting('role', true), 'none'), ''), session_user)), false)
$$;
-- The rule of nodes_select. What does not depend on the node is handed in, so that it is asked once
-- a query.
CREATE OR REPLACE FUNCTION rye.node_readable(p_id uuid, p_node_type text, p_attrs jsonb, p_sees_all boolean, p_teams text[])
RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT p_sees_all
        OR coalesce(p_attrs ->> 'classification', 'public') = 'public'
        OR p_attrs -> 'teams' ?| p_teams
        OR rye.node_granted('read', p_id, p_node_type, p_attrs)
$$;

-- Archived ones too.
CREATE OR REPLACE FUNCTION rye.find_nodes_by_code(p_codes text[])
RETURNS TABLE (node_id uuid) LANGUAGE sql STABLE ROWS 20
SECURITY DEFINER SET search_path = rye, pg_temp SET enable_seqscan = off AS $$
    SELECT n.id FROM nodes n
    WHERE n.properties ->> 'code' = ANY (p_codes)
        AND node_readable(n.id, n.node_type, n.attrs, (SELECT session_sees_all()), (SELECT session_teams()))
$$;

-- In the order of bytes, which is that of the index. The prefix is a range and no pattern.
CREATE OR REPLACE FUNCTION rye.find_nodes_by_code_prefix(p_prefix text, p_after_code text, p_after_id uuid, p_max_rows int)
RETURNS TABLE (node_id uuid) LANGUAGE sql STABLE ROWS 20
SECURITY DEFINER SET search_path = rye, pg_temp SET enable_seqscan = off AS $$
    SELECT n.id FROM nodes n
    WHERE (n.properties ->> 'code') ~>=~ CASE WHEN p_after_code ~>~ p_prefix THEN p_after_code ELSE p_prefix END
        AND (n.properties ->> 'code') ~<~ (p_prefix || chr(1114111))
        AND (p_after_code IS NULL OR (n.properties ->> 'code') ~>~ p_after_code
            OR (n.properties ->> 'code' = p_after_code AND n.id > p_after_id))
        AND n.archived_at IS NULL
        AND node_readable(n.id, n.node_type, n.attrs, (SELECT session_sees_all()), (SELECT session_teams()))
    ORDER BY n.properties ->> 'code' USING ~<~, n.id
    LIMIT p_max_rows
$$;

-- The candidates are gathered by the index first: walking the nodes in the order of their ids in the
-- hope of the first few that fit could read them all.
CREATE OR REPLACE FUNCTION rye.find_nodes_by_properties(p_contains jsonb, p_node_type text, p_after_id uuid, p_max_rows int)
RETURNS TABLE (node_id uuid) LANGUAGE sql STABLE ROWS 20
SECURITY DEFINER SET search_path = rye, pg_temp SET enable_seqscan = off AS $$
    WITH fits AS MATERIALIZED (
        SELECT n.id, n.node_type, n.attrs FROM nodes n
        WHERE n.properties @> p_contains AND p_contains <> '{}'
            AND (p_node_type IS NULL OR n.node_type = p_node_type)
            AND n.archived_at IS NULL
    )
    SELECT f.id FROM fits f
    WHERE (p_after_id IS NULL OR f.id > p_after_id)
        AND node_readable(f.id, f.node_type, f.attrs, (SELECT session_sees_all()), (SELECT session_teams()))
    ORDER BY f.id
    LIMIT p_max_rows
$$;

CREATE OR REPLACE FUNCTION rye.find_nodes_by_email(p_emails text[], p_after_id uuid, p_max_rows int)
RETURNS TABLE (node_id uuid) LANGUAGE sql STABLE ROWS 20
SECURITY DEFINER SET search_path = rye, pg_temp SET enable_seqscan = off AS $$
    WITH fits AS MATERIALIZED (
        SELECT n.id, n.node_type, n.attrs FROM nodes n
        WHERE n.properties ->> 'email' IS NOT NULL
            AND email_key(n.properties ->> 'email') COLLATE "C" = ANY (ARRAY(SELECT email_key(g.email) FROM unnest(p_emails) AS g (email)))
            AND n.archived_at IS NULL
    )
    SELECT f.id FROM fits f
    WHERE (p_after_id IS NULL OR f.id > p_after_id)
        AND node_readable(f.id, f.node_type, f.attrs, (SELECT session_sees_all()), (SELECT session_teams()))
    ORDER BY f.id
    LIMIT p_max_rows
$$;

-- In the order of email_key. A is the sign after @.
CREATE OR REPLACE FUNCTION rye.find_nodes_by_email_domain(p_domain text, p_after_email text, p_after_id uuid, p_max_rows int)
RETURNS TABLE (node_id uuid) LANGUAGE sql STABLE ROWS 20
SECURITY DEFINER SET search_path = rye, pg_temp SET enable_seqscan = off AS $$
    SELECT n.id FROM nodes n
    WHERE n.properties ->> 'email' IS NOT NULL
        AND email_key(n.properties ->> 'email') COLLATE "C" >= greatest((email_key(p_domain) || '@') COLLATE "C", email_key(p_after_email) COLLATE "C")
        AND email_key(n.properties ->> 'email') COLLATE "C" < (email_key(p_domain) || 'A') COLLATE "C"
        AND (p_after_email IS NULL OR (email_key(n.properties ->> 'email') COLLATE "C", n.id) > (email_key(p_after_email) COLLATE "C", p_after_id))
        AND n.archived_at IS NULL
        AND node_readable(n.id, n.node_type, n.attrs, (SELECT session_sees_all()), (SELECT session_teams()))
    ORDER BY email_key(n.properties ->> 'email') COLLATE "C", n.id
    LIMIT p_max_rows
$$;

CREATE OR REPLACE FUNCTION rye.find_nodes_by_phone(p_phones text[], p_after_id uuid, p_max_rows int)
RETURNS TABLE (node_id uuid) LANGUAGE sql STABLE ROWS 20
SECURITY DEFINER SET search_path = rye, pg_temp SET enable_seqscan = off AS $$
    WITH fits AS MATERIALIZED (
        SELECT n.id, n.node_type, n.attrs FROM nodes n
        WHERE n.properties ->> 'phone' IS NOT NULL
            AND phone_digits(n.properties ->> 'phone') COLLATE "C" = ANY (ARRAY(SELECT phone_digits(g.phone) FROM unnest(p_phones) AS g (phone)))
            AND n.archived_at IS NULL
    )
    SELECT f.id FROM fits f
    WHERE (p_after_id IS NULL OR f.id > p_after_id)
        AND node_readable(f.id, f.node_type, f.attrs, (SELECT session_sees_all()), (SELECT session_teams()))
    ORDER BY f.id
    LIMIT p_max_rows
$$;

CREATE OR REPLACE FUNCTION rye.find_nodes_by_website(p_websites text[], p_after_id uuid, p_max_rows int)
RETURNS TABLE (node_id uuid) LANGUAGE sql STABLE ROWS 20
SECURITY DEFINER SET search_path = rye, pg_temp SET enable_seqscan = off AS $$
    WITH fits AS MATERIALIZED (
        SELECT n.id, n.node_type, n.attrs FROM nodes n
        WHERE n.properties ->> 'website' IS NOT NULL
            AND website_domain(n.properties ->> 'website') COLLATE "C" = ANY (ARRAY(SELECT website_domain(g.website) FROM unnest(p_websites) AS g (website)))
            AND n.archived_at IS NULL
    )
    SELECT f.id FROM fits f
    WHERE (p_after_id IS NULL OR f.id > p_after_id)
        AND node_readable(f.id, f.node_type, f.attrs, (SELECT session_sees_all()), (SELECT session_teams()))
    ORDER BY f.id
    LIMIT p_max_rows
$$;

-- The best first. The threshold is set for the call alone, so that the index sorts out what is below
-- it, whatever the session's own is.
CREATE OR REPLACE FUNCTION rye.find_nodes_by_label(p_label text, p_node_types text[], p_min_similarity double precision,
    p_before_similarity double precision, p_before_id uuid, p_max_rows int)
RETURNS TABLE (node_id uuid, similarity double precision) LANGUAGE plpgsql STABLE ROWS 20
SECURITY DEFINER SET search_path = rye, public, pg_temp SET enable_seqscan = off SET pg_trgm.similarity_threshold = 0.3 AS $$
BEGIN
    PERFORM set_config('pg_trgm.similarity_threshold', least(greatest(p_min_similarity, 0.05), 1)::text, true);
    RETURN QUERY
    WITH fits AS MATERIALIZED (
        SELECT n.id, n.node_type, n.attrs, similarity(n.label, p_label)::double precision AS alike
        FROM nodes n
        WHERE n.label % p_label
            AND (coalesce(cardinality(p_node_types), 0) = 0 OR n.node_type = ANY (p_node_types))
            AND n.archived_at IS NULL
    )
    SELECT f.id, f.alike FROM fits f
    WHERE (p_before_similarity IS NULL OR (f.alike, f.id) < (p_before_similarity, p_before_id))
        AND node_readable(f.id, f.node_type, f.attrs, (SELECT session_sees_all()), (SELECT session_teams()))
    ORDER BY f.alike DESC, f.id DESC
    LIMIT p_max_rows;
END
$$;
-- pg_trgm may stand in another schema than public.
DO $trgm$
BEGIN
    EXECUTE format('ALTER FUNCTION rye.find_nodes_by_label(text, text[], double precision, double precision, uuid, int)
        SET search_path = rye, %I, pg_temp', (
        SELECT s.nspname FROM pg_extension e JOIN pg_namespace s ON s.oid = e.extnamespace WHERE e.extname = 'pg_trgm'));
END
$trgm$;

-- Breadth first, as of a time, as the session sees it. What was seen is kept once and not once a
-- path: a circle ends, and a hub is walked once. How many edges a ring has is guessed as badly as above.
CREATE OR REPLACE FUNCTION rye.node_neighbors(p_node_id uuid, p_max_hops int, p_edge_types text[], p_at timestamptz, p_max_rows int)
RETURNS TABLE (node_id uuid, hops int, edge_type text, outbound boolean, from_id uuid) LANGUAGE plpgsql STABLE ROWS 100
SET search_path = rye, pg_temp SET enable_seqscan = off AS $$
DECLARE
    v_seen uuid[] := ARRAY[p_node_id];
    v_ring uuid[];
    v_types text[];
    v_outbound boolean[];
    v_from uuid[];
    v_hop int := 0;
BEGIN
    SELECT array_agg(n.id) INTO v_ring FROM nodes n WHERE n.id = p_node_id;
    WHILE v_ring IS NOT NULL AND v_hop < p_max_hops AND cardinality(v_seen) <= p_max_rows LOOP
        v_hop := v_hop + 1;
        WITH steps AS (
            SELECT e.target_id AS to_id, e.edge_type AS type, true AS out, e.source_id AS of_id, e.id
            FROM edges e
            WHERE e.source_id = ANY (v_ring) AND (coalesce(cardinality(p_edge_types), 0) = 0 OR e.edge_type = ANY (p_edge_types))
                AND (e.effective_from IS NULL OR e.effective_from <= p_at)
                AND (e.effective_to IS NULL OR e.effective_to > p_at)
                AND (e.archived_at IS NULL OR e.archived_at > p_at)
            UNION ALL
            SELECT e.source_id, e.edge_type, false, e.target_id, e.id
            FROM edges e
            WHERE e.target_id = ANY (v_ring) AND (coalesce(cardinality(p_edge_types), 0) = 0 OR e.edge_type = ANY (p_edge_types))
                AND (e.effective_from IS NULL OR e.effective_from <= p_at)
                AND (e.effective_to IS NULL OR e.effective_to > p_at)
                AND (e.archived_at IS NULL OR e.archived_at > p_at)
        ), firsts AS (
            SELECT DISTINCT ON (s.to_id) s.to_id, s.type, s.out, s.of_id
            FROM steps s
            JOIN nodes n ON n.id = s.to_id AND (n.archived_at IS NULL OR n.archived_at > p_at)
            WHERE s.to_id <> ALL (v_seen)
            ORDER BY s.to_id, s.type, s.out DESC, s.id
        ), ring AS (
            SELECT f.to_id, f.type, f.out, f.of_id FROM firsts f
            ORDER BY f.type, f.to_id
            LIMIT p_max_rows - cardinality(v_seen) + 1
        )
        SELECT array_agg(r.to_id), array_agg(r.type), array_agg(r.out), array_agg(r.of_id)
        INTO v_ring, v_types, v_outbound, v_from
        FROM ring r;
        v_seen := v_seen || v_ring;
        RETURN QUERY SELECT g.n, v_hop, g.t, g.o, g.f FROM unnest(v_ring, v_types, v_outbound, v_from) AS g (n, t, o, f);
    END LOOP;
END
$$;
-- +goose StatementEnd
