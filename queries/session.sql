-- SessionSetContext says on whose behalf a transaction acts: the user, the teams and the role that
-- row-level security looks at. It holds until the transaction ends, so that a pooled connection does
-- not carry it on; outside of a transaction it does nothing. A blank user or role, or no teams,
-- stands for nobody. A team that is blank or has a comma in it, and control characters, are refused
-- with RY007.
-- name: SessionSetContext :exec
SELECT rye.set_session_context(@user_id::text, @teams::text[], @role::text);

-- SessionGetContext tells on whose behalf the session acts, and as which role of the database.
-- name: SessionGetContext :one
SELECT coalesce(rye.session_user_id(), '')::text AS user_id,
    rye.session_teams()::text[] AS teams,
    coalesce(rye.session_role(), '')::text AS role,
    rye.session_is_agent() AS is_agent,
    current_user::text AS database_role,
    row_security_active('rye.nodes')::boolean AS row_security;
