-- ConflictList gives the values that sources say and the graph does not hold, since people have changed them there,
-- of nodes that the session sees, the oldest first; a null source or state means all. Base is what the source said before, held what the graph had when a run
-- last looked, incoming what the source says now; the next run --prefer source writes the incoming values of the open ones. The
-- next page begins after the conflict_no of the last row.
-- name: ConflictList :many
SELECT c.conflict_no, o.source, o.object, c.legacy_id, n.id AS node_id, coalesce(n.properties ->> 'code', '')::text AS code, c.kind, c.field,
    c.base, c.held, c.incoming, c.state, c.edited_by, c.edited_at, c.first_run_no, c.run_no, f.path, c.line
FROM rye_import.conflicts c
JOIN rye_import.objects o ON o.object_no = c.object_no
LEFT JOIN rye_import.files f ON f.file_no = c.file_no
LEFT JOIN rye.edges e ON c.kind = 'link' AND e.id = c.subject_id
LEFT JOIN rye.node_source_map m
    ON c.kind = 'link' AND m.source_schema = o.source AND m.source_table = o.object AND m.source_id = c.legacy_id COLLATE "default"
CROSS JOIN LATERAL (
    SELECT k.id, k.properties FROM rye.nodes k
    WHERE k.id = CASE WHEN c.kind <> 'link' THEN c.subject_id WHEN m.node_id IS NOT NULL THEN m.node_id ELSE e.source_id END
    OFFSET 0
) n
WHERE (sqlc.narg('source')::text IS NULL OR o.source = sqlc.narg('source')::text)
    AND (sqlc.narg('state')::text IS NULL OR c.state = sqlc.narg('state')::text)
    AND c.conflict_no > coalesce(sqlc.narg('after_conflict_no')::bigint, 0)
ORDER BY c.conflict_no
LIMIT @max_rows;

-- ConflictListByNode gives the conflicts of a node and of its edges, the oldest first, as ConflictList does.
-- name: ConflictListByNode :many
SELECT c.conflict_no, o.source, o.object, c.legacy_id, c.kind, c.subject_id, c.field, c.base, c.held, c.incoming, c.state,
    c.edited_by, c.edited_at, c.first_run_no, c.run_no, f.path, c.line
FROM rye_import.conflicts c
JOIN rye_import.objects o ON o.object_no = c.object_no
LEFT JOIN rye_import.files f ON f.file_no = c.file_no
WHERE c.subject_id IN (
        SELECT @node_id::uuid
        UNION ALL SELECT e.id FROM rye.edges e WHERE e.source_id = @node_id::uuid
        UNION ALL SELECT e.id FROM rye.edges e WHERE e.target_id = @node_id::uuid)
    AND c.conflict_no > coalesce(sqlc.narg('after_conflict_no')::bigint, 0)
ORDER BY c.conflict_no
LIMIT @max_rows;
