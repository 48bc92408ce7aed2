-- ContactDirectorySecureList gives the people that the session sees by last name, first name and id, as
-- they are now. A null OrgID stands for any employer; Letters are the first letters of the last name in
-- any case, blank for any. The next page begins after the last row's LastName, FirstName (blank if null) and NodeID.
-- name: ContactDirectorySecureList :many
SELECT d.node_id, d.label, d.code, d.first_name, d.last_name, d.email, d.phone, d.title, d.organization, d.org_id,
    d.current_contact_info, d.current_sentiment, d.created_at
FROM rye.contacts_directory_secure d
WHERE (sqlc.narg('org_id')::uuid IS NULL OR (d.org_id = sqlc.narg('org_id')::uuid
        -- The view would look up the employer of every person; the edges of the org name few.
        AND d.node_id = ANY (ARRAY(
            SELECT oe.target_id FROM rye.edges oe
            WHERE oe.source_id = sqlc.narg('org_id')::uuid AND oe.edge_type = 'employs'
                AND oe.archived_at IS NULL AND oe.effective_to IS NULL))))
    AND (
        -- coalesce, so that half are expected to pass where the letters are not known: expecting few, the
        -- server takes a plan for any arguments to be cheap, which reads all people for a page.
        coalesce(@letters::text = '', true) OR starts_with(lower(coalesce(d.last_name, '')), lower(@letters::text)))
    AND (coalesce(d.last_name, ''), coalesce(d.first_name, ''), d.node_id) > (coalesce(sqlc.narg('after_last_name')::text, ''),
        coalesce(sqlc.narg('after_first_name')::text, ''), coalesce(sqlc.narg('after_id')::uuid, '00000000-0000-0000-0000-000000000000'))
ORDER BY coalesce(d.last_name, ''), coalesce(d.first_name, ''), d.node_id
LIMIT @max_rows;

-- ContactDirectorySecureGet gives a person by the id of the node.
-- name: ContactDirectorySecureGet :one
SELECT d.node_id, d.label, d.code, d.first_name, d.last_name, d.email, d.phone, d.title, d.organization, d.org_id,
    d.current_contact_info, d.current_sentiment, d.created_at
FROM rye.contacts_directory_secure d
WHERE d.node_id = @node_id;
