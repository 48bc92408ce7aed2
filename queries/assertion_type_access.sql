-- AssertionTypeAccessSet says which roles alone may read or write (operation) a type of fact, in place of
-- what was said before. Only the role admin may.
-- name: AssertionTypeAccessSet :exec
INSERT INTO rye.assertion_type_access (assertion_type, operation, allowed_roles)
VALUES (@assertion_type, @operation, @allowed_roles::text[])
ON CONFLICT (assertion_type, operation) DO UPDATE SET allowed_roles = excluded.allowed_roles;

-- AssertionTypeAccessDelete opens a type of fact to all roles again. It reports 0 rows when it was open, or
-- when the session is not that of an admin.
-- name: AssertionTypeAccessDelete :execrows
DELETE FROM rye.assertion_type_access WHERE assertion_type = @assertion_type AND operation = @operation;

-- AssertionTypeAccessList gives the gated types of fact, by type and operation. The next page begins after
-- the assertion_type and operation of the last row.
-- name: AssertionTypeAccessList :many
SELECT assertion_type, operation, allowed_roles
FROM rye.assertion_type_access
WHERE (assertion_type, operation) > (
    coalesce(sqlc.narg('after_assertion_type')::text, ''), coalesce(sqlc.narg('after_operation')::text, ''))
ORDER BY assertion_type, operation
LIMIT @max_rows;
