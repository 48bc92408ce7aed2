-- MergeEffectInsert notes what the run did to the graph for records that were known before.
-- name: MergeEffectInsert :execrows
INSERT INTO rye_import.merge_effects (run_no, rec, effect)
SELECT s.run_no, s.rec, 'node'
FROM rye_import.merge_nodes c
JOIN rye_import.staging_records s ON s.run_no = c.run_no AND s.id = c.node_id AND s.kind = 'node' AND s.changed AND s.existing
WHERE c.run_no = @run_no
UNION ALL
SELECT m.run_no, m.rec, 'edge'
FROM rye_import.merge_edges m
JOIN rye_import.staging_records s ON s.run_no = m.run_no AND s.rec = m.rec AND s.existing
WHERE m.run_no = @run_no AND m.outcome IN ('new', 'ended', 'closing')
UNION ALL
SELECT m.run_no, m.rec, 'participant'
FROM rye_import.merge_participants m
JOIN rye_import.staging_records s ON s.run_no = m.run_no AND s.rec = m.rec AND s.existing
WHERE m.run_no = @run_no AND m.outcome = 'new'
UNION ALL
SELECT f.run_no, f.rec, 'fact'
FROM rye_import.merge_facts f
JOIN rye_import.staging_records s ON s.run_no = f.run_no AND s.rec = f.rec AND s.existing
WHERE f.run_no = @run_no AND NOT f.stands AND (f.claim IS NOT NULL OR EXISTS (
    SELECT FROM rye_import.merge_facts p
    WHERE p.run_no = f.run_no AND p.stands AND p.subject_id = f.subject_id
        AND p.assertion_type = f.assertion_type AND p.assertion_key = f.assertion_key))
UNION ALL
SELECT e.run_no, e.rec, 'event'
FROM rye_import.staging_events e
JOIN rye_import.staging_records s ON s.run_no = e.run_no AND s.rec = e.rec AND s.existing
WHERE e.run_no = @run_no;

-- MergeEffectInsertMany notes effects on single records.
-- name: MergeEffectInsertMany :exec
INSERT INTO rye_import.merge_effects (run_no, rec, effect)
SELECT @run_no::int, unnest(@recs::bigint[]), @effect::text;
