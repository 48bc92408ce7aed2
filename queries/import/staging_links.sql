-- StagingLinkDeleteLosers drops the links of losing duplicates and counts them by type: rejected ones, and
-- those that another record of the run says too, or says better.
-- name: StagingLinkDeleteLosers :many
WITH gone AS (
    DELETE FROM rye_import.staging_links p USING rye_import.merge_losers l
    WHERE p.run_no = @run_no AND l.run_no = p.run_no AND l.rec = p.rec
    RETURNING p.edge_type, p.rec
)
SELECT g.edge_type, count(*) AS links, count(*) FILTER (WHERE l.verdict = 'duplicate_id') AS rejected
FROM gone g JOIN rye_import.merge_losers l ON l.run_no = @run_no AND l.rec = g.rec
GROUP BY g.edge_type ORDER BY g.edge_type;

-- StagingLinkInsertDeferred stages the links of carriers again.
-- name: StagingLinkInsertDeferred :execrows
INSERT INTO rye_import.staging_links (run_no, rec, id, slot, rank, edge_type, source_object_no, source_ref, target_object_no, target_ref,
    properties, effective_from, effective_to, end_known)
SELECT s.run_no, s.rec, gen_random_uuid(), d.slot, (d.payload ->> 'rank')::smallint, (d.payload ->> 'type')::text,
    d.ref1_object_no, d.ref1_id, d.ref2_object_no, d.ref2_id,
    nullif(d.payload -> 'properties', 'null'::jsonb), (d.payload ->> 'from')::timestamptz, (d.payload ->> 'to')::timestamptz,
    (d.payload ->> 'end_known')::boolean
FROM rye_import.deferred d
JOIN rye_import.staging_records s ON s.run_no = @run_no AND s.rec = -d.deferred_no
WHERE d.kind = 'link';

-- StagingLinkResolveSources puts the records that names fit into the place of these, as sources of links.
-- name: StagingLinkResolveSources :execrows
UPDATE rye_import.staging_links x
SET source_object_no = n.object_no, source_ref = n.legacy_id
FROM rye_import.merge_names n
WHERE x.run_no = @run_no AND n.run_no = x.run_no AND n.candidates = 1
    AND n.lookup_no = x.source_object_no AND n.name_key = rye_import.name_key(x.source_ref);

-- StagingLinkResolveTargets puts the records that names fit into the place of these, as targets of links.
-- name: StagingLinkResolveTargets :execrows
UPDATE rye_import.staging_links x
SET target_object_no = n.object_no, target_ref = n.legacy_id
FROM rye_import.merge_names n
WHERE x.run_no = @run_no AND n.run_no = x.run_no AND n.candidates = 1
    AND n.lookup_no = x.target_object_no AND n.name_key = rye_import.name_key(x.target_ref);
