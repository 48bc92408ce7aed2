-- RoleClassificationAccessSet says which classifications of properties a role sees, in place of what was said
-- before. Only the role admin may.
-- name: RoleClassificationAccessSet :exec
INSERT INTO rye.role_classification_access (role_name, classifications)
VALUES (@role_name, @classifications::text[])
ON CONFLICT (role_name) DO UPDATE SET classifications = excluded.classifications;

-- RoleClassificationAccessDelete lets a role see public properties alone, as one does that nothing is said
-- of. It reports 0 rows when nothing was, or when the session is not that of an admin.
-- name: RoleClassificationAccessDelete :execrows
DELETE FROM rye.role_classification_access WHERE role_name = @role_name;

-- RoleClassificationAccessList gives what roles see, by role. The next page begins after the role_name of the
-- last row.
-- name: RoleClassificationAccessList :many
SELECT role_name, classifications
FROM rye.role_classification_access
WHERE role_name > coalesce(sqlc.narg('after_role_name')::text, '')
ORDER BY role_name
LIMIT @max_rows;
