-- +goose Up
-- +goose StatementBegin
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

-- What attrs carry anybody may have written: a number of the journal that is none reads as null.
CREATE OR REPLACE FUNCTION rye_import.journal_number(p_value jsonb) RETURNS int LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN jsonb_typeof(p_value) = 'number' AND p_value::numeric BETWEEN 0 AND 2147483647 THEN p_value::int END
$$;
-- +goose StatementEnd
