-- MergeKeyInsertStaged notes which node each record of a source is going to be that says its first word. Nothing that its
-- records refer to stands anywhere but among them.
-- name: MergeKeyInsertStaged :execrows
INSERT INTO rye_import.merge_keys (run_no, object_no, legacy_id, node_id)
SELECT s.run_no, s.object_no, s.legacy_id, s.id
FROM rye_import.staging_records s
LEFT JOIN rye_import.staging_nodes n ON n.run_no = s.run_no AND n.rec = s.rec
WHERE s.run_no = @run_no AND s.kind = 'node' AND s.changed AND (s.alias OR n.rec IS NOT NULL);

-- MergeKeyInsertReferred notes the nodes of the keys that a later run refers to, once for all that asks. The crosswalk has the new
-- nodes of the run by then, so that the order of files means nothing. A reference to any object of the source may mean
-- a record that another tool has linked, of an object that no run has met.
-- name: MergeKeyInsertReferred :execrows
WITH said (object_no, ref) AS (
    SELECT l.source_object_no, l.source_ref FROM rye_import.staging_links l WHERE l.run_no = @run_no::int
    UNION
    SELECT l.target_object_no, l.target_ref FROM rye_import.staging_links l WHERE l.run_no = @run_no::int
    UNION
    SELECT f.subject_object_no, f.subject_ref FROM rye_import.staging_facts f WHERE f.run_no = @run_no::int
    UNION
    SELECT p.node_object_no, p.node_ref FROM rye_import.staging_participants p WHERE p.run_no = @run_no::int
    UNION
    SELECT e.actor_object_no, e.actor_ref FROM rye_import.staging_events e WHERE e.run_no = @run_no::int
    UNION
    SELECT t.pipeline_object_no, t.pipeline_ref FROM rye_import.staging_stages t WHERE t.run_no = @run_no::int
)
INSERT INTO rye_import.merge_keys (run_no, object_no, legacy_id, node_id)
SELECT @run_no::int, o.object_no, m.source_id, m.node_id
FROM said d
JOIN rye_import.objects o ON o.object_no = d.object_no
JOIN rye.node_source_map m ON m.source_schema = @source AND m.source_table = o.object AND m.source_id = d.ref COLLATE "default"
UNION
SELECT @run_no::int, coalesce(o.object_no, 0), m.source_id, m.node_id
FROM said d
JOIN rye.node_source_map m ON m.source_schema = @source AND m.source_id = d.ref
LEFT JOIN rye_import.objects o ON o.source = m.source_schema AND o.object = m.source_table
WHERE d.object_no IS NULL;
