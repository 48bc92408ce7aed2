-- StagingFactDeleteLosers drops the facts of losing duplicates.
-- name: StagingFactDeleteLosers :exec
DELETE FROM rye_import.staging_facts p USING rye_import.merge_losers l
WHERE p.run_no = @run_no AND l.run_no = p.run_no AND l.rec = p.rec;

-- StagingFactInsertDeferred stages the facts of carriers again.
-- name: StagingFactInsertDeferred :execrows
INSERT INTO rye_import.staging_facts (run_no, rec, id, slot, subject_object_no, subject_ref, assertion_type, assertion_key, claim, asserted_at, history)
SELECT s.run_no, s.rec, gen_random_uuid(), d.slot, d.ref1_object_no, d.ref1_id,
    (d.payload ->> 'type')::text, (d.payload ->> 'key')::text, d.payload -> 'claim', (d.payload ->> 'at')::timestamptz,
    (d.payload ->> 'history')::boolean
FROM rye_import.deferred d
JOIN rye_import.staging_records s ON s.run_no = @run_no AND s.rec = -d.deferred_no
WHERE d.kind = 'fact';

-- StagingFactResolve puts the records that names fit into the place of these, as subjects of facts.
-- name: StagingFactResolve :execrows
UPDATE rye_import.staging_facts x
SET subject_object_no = n.object_no, subject_ref = n.legacy_id
FROM rye_import.merge_names n
WHERE x.run_no = @run_no AND n.run_no = x.run_no AND n.candidates = 1
    AND n.lookup_no = x.subject_object_no AND n.name_key = rye_import.name_key(x.subject_ref);
