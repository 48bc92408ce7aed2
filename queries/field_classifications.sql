-- FieldClassificationSet says how sensitive a property of a node type is (public, internal, confidential,
-- restricted), in place of what was said before. The path is the name of a property, or a dotted path into
-- one. Only the role admin may.
-- name: FieldClassificationSet :exec
INSERT INTO rye.field_classifications (node_type, field_path, classification, min_role)
VALUES (@node_type, @field_path, @classification, sqlc.narg('min_role'))
ON CONFLICT (node_type, field_path) DO UPDATE
    SET classification = excluded.classification, min_role = excluded.min_role;

-- FieldClassificationDelete makes a property plain again. It reports 0 rows when it was, or when the session
-- is not that of an admin.
-- name: FieldClassificationDelete :execrows
DELETE FROM rye.field_classifications WHERE node_type = @node_type AND field_path = @field_path;

-- FieldClassificationList gives the classified properties by node type and path; a null node type means all.
-- The next page begins after the node_type and field_path of the last row.
-- name: FieldClassificationList :many
SELECT node_type, field_path, classification, min_role
FROM rye.field_classifications
WHERE (sqlc.narg('node_type')::text IS NULL OR node_type = sqlc.narg('node_type')::text)
    AND (node_type, field_path) > (
        coalesce(sqlc.narg('after_node_type')::text, ''), coalesce(sqlc.narg('after_field_path')::text, ''))
ORDER BY node_type, field_path
LIMIT @max_rows;
