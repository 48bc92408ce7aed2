-- NodeSourceMapExists reports whether any record of a source is tied to a node.
-- name: NodeSourceMapExists :one
SELECT EXISTS (SELECT FROM rye.node_source_map WHERE source_schema = @source) AS found;

-- NodeSourceMapInsertStaged ties the new records of the run to their nodes. Of a fresh source none can have been tied; if somebody has
-- meanwhile, the key of the table tells.
-- name: NodeSourceMapInsertStaged :execrows
INSERT INTO rye.node_source_map (node_id, source_schema, source_table, source_id, source_id_type)
SELECT s.id, o.source, o.object, s.legacy_id, @id_type::text
FROM rye_import.staging_records s
JOIN rye_import.objects o ON o.object_no = s.object_no
LEFT JOIN rye_import.staging_nodes n ON n.run_no = s.run_no AND n.rec = s.rec
WHERE s.run_no = @run_no AND s.kind = 'node' AND s.changed AND (s.alias OR NOT s.existing AND n.rec IS NOT NULL)
    AND (@fresh::boolean OR NOT EXISTS (
        SELECT FROM rye.node_source_map m
        WHERE m.source_schema = @source AND m.source_table = o.object AND m.source_id = s.legacy_id));

-- NodeSourceMapJoin ties a record that came later to the node that a record which is the same
-- entity has already.
-- name: NodeSourceMapJoin :execrows
INSERT INTO rye.node_source_map (node_id, source_schema, source_table, source_id, source_id_type)
SELECT s.id, o.source, o.object, s.legacy_id, @id_type::text
FROM rye_import.staging_records s
JOIN rye_import.objects o ON o.object_no = s.object_no
WHERE s.run_no = @run_no AND s.rec = ANY (@recs::bigint[])
ON CONFLICT (source_schema, source_table, source_id) DO NOTHING;

-- NodeSourceMapInsertMany ties single records to nodes.
-- name: NodeSourceMapInsertMany :exec
INSERT INTO rye.node_source_map (node_id, source_schema, source_table, source_id, source_id_type)
SELECT unnest(@node_ids::uuid[]), @source_schema::text, unnest(@objects::text[]), unnest(@legacy_ids::text[]), @id_type::text
ON CONFLICT (source_schema, source_table, source_id) DO NOTHING;
