-- CreatedNodeInsertStaged notes the nodes that NodeInsertStaged makes.
-- name: CreatedNodeInsertStaged :execrows
INSERT INTO rye_import.created_nodes (run_no, node_id)
SELECT s.run_no, s.id
FROM rye_import.staging_nodes n
JOIN rye_import.staging_records s ON s.run_no = n.run_no AND s.rec = n.rec
WHERE n.run_no = @run_no AND NOT s.existing AND NOT s.alias;
