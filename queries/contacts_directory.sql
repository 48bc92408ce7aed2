-- ContactDirectoryList gives people by last name, first name and id, as of the last refresh of the
-- materialized view; it is for roles that may see all. A null OrgID stands for any employer; Letters are
-- the first letters of the last name in any case, blank for any. The next page begins after the last
-- row's LastName, FirstName (blank if null) and NodeID.
-- name: ContactDirectoryList :many
SELECT d.node_id, d.label, d.code, d.first_name, d.last_name, d.email, d.phone, d.title, d.organization, d.org_id,
    d.current_contact_info, d.current_sentiment, d.created_at
FROM rye.contacts_directory d
WHERE (sqlc.narg('org_id')::uuid IS NULL OR d.org_id = sqlc.narg('org_id')::uuid)
    AND lower(coalesce(d.last_name, '')) ~>=~ lower(@letters::text)
    AND lower(coalesce(d.last_name, '')) ~<~ (lower(@letters::text) || chr(1114111))
    AND (coalesce(d.last_name, ''), coalesce(d.first_name, ''), d.node_id) > (coalesce(sqlc.narg('after_last_name')::text, ''),
        coalesce(sqlc.narg('after_first_name')::text, ''), coalesce(sqlc.narg('after_id')::uuid, '00000000-0000-0000-0000-000000000000'))
ORDER BY coalesce(d.last_name, ''), coalesce(d.first_name, ''), d.node_id
LIMIT @max_rows;

-- ContactDirectoryGet gives a person by the id of the node.
-- name: ContactDirectoryGet :one
SELECT d.node_id, d.label, d.code, d.first_name, d.last_name, d.email, d.phone, d.title, d.organization, d.org_id,
    d.current_contact_info, d.current_sentiment, d.created_at
FROM rye.contacts_directory d
WHERE d.node_id = @node_id;
