-- AccessGrantCreate grants a user, role or team (grant_type) access to nodes, edges, events or assertions
-- (resource_type): read, write or admin. Every key of the scope must hold, a list holds when one of its
-- values does, and a key that the resource does not have grants nothing. Only the role admin may.
-- name: AccessGrantCreate :one
INSERT INTO rye.access_grants (grantee, grant_type, resource_type, access_level, scope)
VALUES (@grantee, @grant_type, @resource_type, @access_level, @scope::jsonb)
RETURNING id;

-- AccessGrantRevoke ends a grant and keeps it on record. It reports 0 rows when there is no such active
-- grant, or when the session is not that of an admin.
-- name: AccessGrantRevoke :execrows
UPDATE rye.access_grants SET active = false WHERE id = @id AND active;

-- AccessGrantList gives grants by grantee: to an admin all of them, to others their own. A null grantee or
-- grant type means all; revoked ones are among them when asked for. The next page begins after the grantee
-- and id of the last row.
-- name: AccessGrantList :many
SELECT id, grantee, grant_type, resource_type, access_level, scope, active, created_at
FROM rye.access_grants
WHERE (sqlc.narg('grantee')::text IS NULL OR grantee = sqlc.narg('grantee')::text)
    AND (sqlc.narg('grant_type')::text IS NULL OR grant_type = sqlc.narg('grant_type')::text)
    AND (active OR @with_revoked::boolean)
    AND (grantee, id) > (
        coalesce(sqlc.narg('after_grantee')::text, ''),
        coalesce(sqlc.narg('after_id')::uuid, '00000000-0000-0000-0000-000000000000'))
ORDER BY grantee, id
LIMIT @max_rows;
