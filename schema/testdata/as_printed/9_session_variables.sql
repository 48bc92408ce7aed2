-- A variable that was reset taken for one that is set.
CREATE OR REPLACE FUNCTION session_user_id() RETURNS text LANGUAGE sql STABLE AS $$
    SELECT current_setting('app.current_user_id', true)
$$;
CREATE OR REPLACE FUNCTION session_role() RETURNS text LANGUAGE sql STABLE AS $$
    SELECT current_setting('app.current_role', true)
$$;
CREATE OR REPLACE FUNCTION session_teams() RETURNS text[] LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN current_setting('app.current_teams', true) IS NULL THEN '{}'::text[]
        ELSE regexp_split_to_array(current_setting('app.current_teams', true), ',') END
$$;
CREATE OR REPLACE FUNCTION grant_applies(p_grant_type text, p_grantee text, p_access_level text, p_wanted text)
RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT p_grantee = current_setting('app.current_user_id', true)
        OR p_grantee = current_setting('app.current_role', true)
$$;
