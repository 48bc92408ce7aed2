-- StagingParticipantDeleteLosers drops the participants of losing duplicates and counts them, as links are.
-- name: StagingParticipantDeleteLosers :one
WITH gone AS (
    DELETE FROM rye_import.staging_participants p USING rye_import.merge_losers l
    WHERE p.run_no = @run_no AND l.run_no = p.run_no AND l.rec = p.rec
    RETURNING p.rec
)
SELECT count(*) AS links, count(*) FILTER (WHERE l.verdict = 'duplicate_id') AS rejected
FROM gone g JOIN rye_import.merge_losers l ON l.run_no = @run_no AND l.rec = g.rec;

-- StagingParticipantInsertDeferred stages the participants of carriers again.
-- name: StagingParticipantInsertDeferred :execrows
INSERT INTO rye_import.staging_participants (run_no, rec, id, slot, role, event_object_no, event_ref, node_object_no, node_ref, properties)
SELECT s.run_no, s.rec, gen_random_uuid(), d.slot, (d.payload ->> 'role')::text, d.ref1_object_no, d.ref1_id, d.ref2_object_no, d.ref2_id,
    nullif(d.payload -> 'properties', 'null'::jsonb)
FROM rye_import.deferred d
JOIN rye_import.staging_records s ON s.run_no = @run_no AND s.rec = -d.deferred_no
WHERE d.kind = 'participant' AND d.ref2_id IS NOT NULL;

-- StagingParticipantResolve puts the records that names fit into the place of these, as participants of events.
-- name: StagingParticipantResolve :execrows
UPDATE rye_import.staging_participants x
SET node_object_no = n.object_no, node_ref = n.legacy_id
FROM rye_import.merge_names n
WHERE x.run_no = @run_no AND n.run_no = x.run_no AND n.candidates = 1
    AND n.lookup_no = x.node_object_no AND n.name_key = rye_import.name_key(x.node_ref);
