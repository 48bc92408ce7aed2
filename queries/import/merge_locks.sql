-- MergeLockInsert finds the nodes that stand in the graph and that the run touches, as far as they are
-- not found yet: those of its records, those that its records refer to, and those at the other ends of
-- edges that it may end or move. Whoever changes the graph through its functions holds the nodes
-- first; so who holds these has to himself all that the merge reads and then writes.
-- name: MergeLockInsert :execrows
WITH own AS (
    SELECT s.rec, s.id, s.kind, s.deleted, s.object_no, s.legacy_id, o.object || '/' || s.legacy_id AS record
    FROM rye_import.staging_records s
    JOIN rye_import.objects o ON o.object_no = s.object_no
    WHERE s.run_no = @run_no::int AND s.changed AND s.existing
), missing AS (
    SELECT r.object_no, r.legacy_id, r.target_id
    FROM rye_import.records r
    JOIN rye_import.objects o ON o.object_no = r.object_no
    WHERE r.object_no = ANY (@archive_nos::int[]) AND r.archived IS NULL
        AND NOT EXISTS (
            SELECT FROM rye_import.staging_records s
            WHERE s.run_no = @run_no::int AND s.object_no = r.object_no AND s.legacy_id = r.legacy_id AND s.rec > 0)
        AND NOT EXISTS (
            SELECT FROM rye_import.staging_unchanged u
            WHERE u.run_no = @run_no::int AND u.object_no = r.object_no AND u.legacy_id = r.legacy_id)
        AND NOT EXISTS (
            SELECT FROM rye_import.rejects j
            WHERE j.run_no = @run_no::int AND j.object = o.object AND j.legacy_id = r.legacy_id)
), said (use, strength, object_no, ref) AS (
    SELECT 'record', 3, w.object_no, w.legacy_id FROM own w WHERE w.kind = 'node'
    UNION ALL
    SELECT 'record', 3, s.same_object_no, s.same_id FROM rye_import.staging_records s
    WHERE s.run_no = @run_no::int AND s.changed AND s.kind = 'node'
    UNION ALL
    SELECT 'missing', 3, g.object_no, g.legacy_id FROM missing g
    UNION ALL
    -- One end decides who makes an edge; the other has to stay.
    SELECT 'end', 3, l.source_object_no, l.source_ref FROM rye_import.staging_links l WHERE l.run_no = @run_no::int
    UNION ALL
    SELECT 'end', CASE l.edge_type WHEN 'pipeline_member' THEN 2 ELSE 1 END, l.target_object_no, l.target_ref
    FROM rye_import.staging_links l WHERE l.run_no = @run_no::int
    UNION ALL
    SELECT CASE f.assertion_type WHEN 'deal_stage' THEN 'deal' ELSE 'subject' END, 3, f.subject_object_no, f.subject_ref
    FROM rye_import.staging_facts f WHERE f.run_no = @run_no::int
    UNION ALL
    SELECT 'participant', 1, p.node_object_no, p.node_ref FROM rye_import.staging_participants p WHERE p.run_no = @run_no::int
    UNION ALL
    SELECT 'actor', 1, e.actor_object_no, e.actor_ref FROM rye_import.staging_events e WHERE e.run_no = @run_no::int
    UNION ALL
    -- Stages are staged of unchanged records too, but then the list has them.
    SELECT 'pipeline', 2, t.pipeline_object_no, t.pipeline_ref FROM rye_import.staging_stages t
    WHERE t.run_no = @run_no::int
        AND EXISTS (SELECT FROM rye_import.staging_records s WHERE s.run_no = @run_no::int AND s.changed)
), named AS (
    SELECT g.use, g.strength, m.node_id
    FROM (SELECT DISTINCT d.use, d.strength, d.object_no, d.ref FROM said d WHERE d.ref IS NOT NULL) g
    JOIN rye_import.objects o ON o.object_no = g.object_no
    JOIN rye.node_source_map m ON m.source_schema = @source AND m.source_table = o.object AND m.source_id = g.ref COLLATE "default"
    UNION ALL
    SELECT g.use, g.strength, m.node_id
    FROM (SELECT DISTINCT d.use, d.strength, d.ref FROM said d WHERE d.object_no IS NULL AND d.ref IS NOT NULL) g
    JOIN rye.node_source_map m ON m.source_schema = @source AND m.source_id = g.ref
), deals AS (
    SELECT w.id FROM own w
    JOIN rye_import.staging_facts f ON f.run_no = @run_no::int AND f.rec = w.rec AND f.assertion_type = 'deal_stage' AND f.subject_ref IS NULL
    UNION
    SELECT n.node_id FROM named n WHERE n.use = 'deal'
), leaving AS (
    -- All edges of these may end or move.
    SELECT w.id FROM own w WHERE w.kind = 'node' AND w.deleted
    UNION
    SELECT n.node_id FROM named n WHERE n.use = 'missing'
    UNION
    SELECT unnest(@folded_ids::uuid[])
), edges AS (
    SELECT e.source_id, e.target_id
    FROM own w
    JOIN rye.edges e ON e.source_id = w.id
    WHERE w.kind = 'node' AND e.effective_to IS NULL AND e.archived_at IS NULL AND e.attrs -> 'import' ->> 'record' = w.record
    UNION ALL
    SELECT e.source_id, e.target_id
    FROM own w
    JOIN rye.edges e ON e.target_id = w.id
    WHERE w.kind = 'node' AND e.effective_to IS NULL AND e.archived_at IS NULL AND e.attrs -> 'import' ->> 'record' = w.record
    UNION ALL
    SELECT e.source_id, e.target_id FROM leaving v JOIN rye.edges e ON e.source_id = v.id WHERE e.archived_at IS NULL
    UNION ALL
    SELECT e.source_id, e.target_id FROM leaving v JOIN rye.edges e ON e.target_id = v.id WHERE e.archived_at IS NULL
    UNION ALL
    SELECT e.source_id, e.target_id
    FROM own w
    JOIN rye_import.records r ON r.object_no = w.object_no AND r.legacy_id = w.legacy_id
    JOIN rye.edges e ON e.id = r.target_id
    WHERE w.kind = 'edge'
    UNION ALL
    SELECT e.source_id, e.target_id FROM missing g JOIN rye.edges e ON e.id = g.target_id
), touched (node_id, strength) AS (
    SELECT w.id, 3 FROM own w WHERE w.kind IN ('node', 'carrier')
    UNION ALL
    SELECT n.node_id, n.strength FROM named n
    UNION ALL
    SELECT unnest(@folded_ids::uuid[]), 3
    UNION ALL
    -- What conflicts with an edit may be written after all.
    SELECT c.subject_id, 3 FROM rye_import.conflicts c JOIN rye_import.objects o USING (object_no) WHERE o.source = @source AND c.kind <> 'link'
    UNION ALL
    SELECT x.node_id, 1
    FROM rye_import.conflicts c
    JOIN rye_import.objects o USING (object_no)
    JOIN rye.edges e ON e.id = c.subject_id
    CROSS JOIN LATERAL (SELECT e.source_id AS node_id UNION ALL SELECT e.target_id) x
    WHERE o.source = @source AND c.kind = 'link'
    UNION ALL
    SELECT e.target_id, 2 FROM deals d JOIN rye.edges e ON e.source_id = d.id
    WHERE e.edge_type = 'pipeline_member' AND e.archived_at IS NULL
    UNION ALL
    SELECT e.source_id, 1 FROM edges e
    UNION ALL
    SELECT e.target_id, 1 FROM edges e
), weighed (node_id, strength, held) AS (
    SELECT t.node_id, t.strength, 0 FROM touched t
    UNION ALL
    SELECT k.node_id, 0, k.strength FROM rye_import.merge_locks k WHERE k.run_no = @run_no::int
)
INSERT INTO rye_import.merge_locks (run_no, node_id, strength)
SELECT @run_no::int, t.node_id, max(t.strength)
FROM weighed t
GROUP BY t.node_id
HAVING max(t.strength) > max(t.held);

-- MergeLockTake locks the nodes found, each as strongly as it has to be, in the order of their ids: two
-- that lock nodes wait for each other, and never in a circle. The nodes are locked one after another
-- as the list gives them, since none of the inner queries can be joined in another way.
-- name: MergeLockTake :one
SELECT count(writes.id) + count(changes.id) + count(keeps.id) AS nodes
FROM (
    SELECT k.node_id, max(k.strength) AS strength
    FROM rye_import.merge_locks k
    WHERE k.run_no = @run_no
    GROUP BY k.node_id
    ORDER BY k.node_id
    OFFSET 0
) k
LEFT JOIN LATERAL (
    SELECT n.id FROM rye.nodes n WHERE n.id = k.node_id AND k.strength = 3 FOR UPDATE
) writes ON true
LEFT JOIN LATERAL (
    SELECT n.id FROM rye.nodes n WHERE n.id = k.node_id AND k.strength = 2 FOR NO KEY UPDATE
) changes ON true
LEFT JOIN LATERAL (
    SELECT n.id FROM rye.nodes n WHERE n.id = k.node_id AND k.strength = 1 FOR KEY SHARE
) keeps ON true;

-- MergeLockMoment tells one moment of the database from another, if anybody has changed anything between them: the transactions
-- that are over, and those that are not.
-- name: MergeLockMoment :one
SELECT pg_current_snapshot()::text AS moment;
