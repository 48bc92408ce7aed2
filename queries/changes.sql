-- ChangeListByNode gives what runs changed in a node that stood already, newest first: the label, properties
-- and archived_at that differ, before and after. The next page begins before the run_no of the last row.
-- name: ChangeListByNode :many
SELECT c.run_no, r.run_id, r.source, r.mapping, r.started_at, f.path, c.line, c.before, c.after
FROM rye_import.changes c
JOIN rye.nodes n ON n.id = c.node_id
JOIN rye_import.runs r ON r.run_no = c.run_no
LEFT JOIN rye_import.files f ON f.file_no = c.file_no
WHERE c.node_id = @node_id AND c.run_no < coalesce(sqlc.narg('before_run_no')::int, 2147483647)
ORDER BY c.run_no DESC, c.change_no DESC
LIMIT @max_rows;
