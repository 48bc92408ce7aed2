-- DeferredDeleteRestaged forgets what was deferred for records that say everything anew in this run, or
-- were merged into others.
-- name: DeferredDeleteRestaged :execrows
WITH gone AS (
    DELETE FROM rye_import.deferred d USING rye_import.staging_records s
    WHERE s.run_no = @run_no::int AND s.changed AND d.object_no = s.object_no AND d.legacy_id = s.legacy_id
    RETURNING d.object_no, d.legacy_id, d.kind, d.slot, d.ref1_object_no, d.ref1_id, d.ref2_object_no, d.ref2_id, d.deferred_at
)
INSERT INTO rye_import.merge_deferred (run_no, object_no, legacy_id, kind, slot, ref1_object_no, ref1_id, ref2_object_no, ref2_id, deferred_at)
SELECT @run_no::int, g.object_no, g.legacy_id, g.kind, g.slot, g.ref1_object_no, g.ref1_id, g.ref2_object_no, g.ref2_id, g.deferred_at
FROM gone g;

-- DeferredListArrivedSame gives the nodes of records that wait for a record of this run which is the
-- same entity.
-- name: DeferredListArrivedSame :many
SELECT d.deferred_no, s.rec, m.node_id
FROM rye_import.deferred d
JOIN rye_import.objects o ON o.object_no = d.object_no
JOIN rye.node_source_map m ON m.source_schema = o.source AND m.source_table = o.object AND m.source_id = d.legacy_id COLLATE "default"
JOIN rye_import.staging_records s
    ON s.run_no = @run_no AND s.object_no = d.ref1_object_no AND s.legacy_id = d.ref1_id AND s.kind = 'node' AND s.changed
    AND NOT s.existing
WHERE d.kind = 'same' AND o.source = @source
ORDER BY d.deferred_no;

-- DeferredListArrivedGone gives the merged-away records that wait for their survivor, which has come
-- in this run or stands in the graph.
-- name: DeferredListArrivedGone :many
SELECT d.deferred_no, o.object, d.legacy_id, coalesce(s.id, m.node_id)::uuid AS node_id
FROM rye_import.deferred d
JOIN rye_import.objects o ON o.object_no = d.object_no
JOIN rye_import.objects t ON t.object_no = d.ref1_object_no
LEFT JOIN rye_import.staging_records s
    ON s.run_no = @run_no AND s.object_no = d.ref1_object_no AND s.legacy_id = d.ref1_id AND s.kind = 'node' AND s.changed
LEFT JOIN rye.node_source_map m ON m.source_schema = t.source AND m.source_table = t.object AND m.source_id = d.ref1_id COLLATE "default"
LEFT JOIN rye.node_source_map own ON own.source_schema = o.source AND own.source_table = o.object AND own.source_id = d.legacy_id COLLATE "default"
WHERE d.kind = 'same' AND o.source = @source AND own.node_id IS NULL AND coalesce(s.id, m.node_id) IS NOT NULL
ORDER BY d.deferred_no;

-- DeferredCarry stages a carrier for everything deferred whose missing ends have all arrived: in this
-- run, in an earlier one, or as the one node that a name fits. An event may be the first end alone.
-- The crosswalk is asked by its whole key, whatever the planner thinks of it, and that compares by the
-- default collation.
-- name: DeferredCarry :execrows
WITH asked AS (
    SELECT DISTINCT x.object_no, x.ref
    FROM rye_import.deferred_references x
    JOIN rye_import.deferred d ON d.deferred_no = x.deferred_no
    JOIN rye_import.objects o ON o.object_no = d.object_no
    WHERE o.source = @source AND x.ref IS NOT NULL
), here AS (
    SELECT a.object_no, a.ref
    FROM asked a
    JOIN rye_import.staging_records s ON s.object_no = a.object_no AND s.legacy_id = a.ref
    WHERE s.run_no = @run_no::int AND s.changed
    UNION ALL
    SELECT a.object_no, a.ref
    FROM asked a
    JOIN rye_import.objects t ON t.object_no = a.object_no
    CROSS JOIN LATERAL (
        SELECT FROM rye.node_source_map m
        WHERE m.source_schema = @source AND m.source_table = t.object AND m.source_id = a.ref COLLATE "default"
        OFFSET 0
    ) m
    UNION ALL
    SELECT a.object_no, a.ref
    FROM asked a
    JOIN rye_import.merge_names n ON n.lookup_no = a.object_no AND n.name_key = rye_import.name_key(a.ref)
    WHERE n.run_no = @run_no::int AND n.candidates = 1
    UNION ALL
    SELECT 0, a.ref
    FROM asked a
    JOIN rye_import.staging_records s ON s.legacy_id = a.ref
    WHERE a.object_no IS NULL AND s.run_no = @run_no::int AND s.changed
    UNION ALL
    SELECT 0, a.ref
    FROM asked a
    JOIN rye.node_source_map m ON m.source_id = a.ref
    WHERE a.object_no IS NULL AND m.source_schema = @source
)
INSERT INTO rye_import.staging_records (run_no, rec, object_no, legacy_id, kind, id, content_hash, changed, deleted, existing, alias, file_no, line)
SELECT @run_no::int, -d.deferred_no, d.object_no, d.legacy_id, 'carrier',
    coalesce(
        (SELECT own.node_id FROM rye.node_source_map own
         WHERE own.source_schema = o.source AND own.source_table = o.object AND own.source_id = d.legacy_id COLLATE "default"),
        (SELECT r.target_id FROM rye_import.records r WHERE r.object_no = d.object_no AND r.legacy_id = d.legacy_id),
        gen_random_uuid()),
    '00000000-0000-0000-0000-000000000000', true, false, true, false, d.file_no, d.line
FROM rye_import.deferred d
JOIN rye_import.objects o ON o.object_no = d.object_no
WHERE o.source = @source AND d.kind <> 'same'
    AND (d.ref1_id IS NULL
        OR (coalesce(d.ref1_object_no, 0), d.ref1_id) IN (SELECT h.object_no, h.ref FROM here h)
        OR EXISTS (
            SELECT FROM rye_import.records e
            WHERE e.object_no = d.ref1_object_no AND e.legacy_id = d.ref1_id AND e.target_id IS NOT NULL))
    AND (d.ref2_id IS NULL
        OR (coalesce(d.ref2_object_no, 0), d.ref2_id) IN (SELECT h.object_no, h.ref FROM here h));

-- DeferredDeleteCarried forgets what carriers have taken up.
-- name: DeferredDeleteCarried :execrows
WITH gone AS (
    DELETE FROM rye_import.deferred d USING rye_import.staging_records s
    WHERE s.run_no = @run_no::int AND s.kind = 'carrier' AND s.rec = -d.deferred_no
    RETURNING d.object_no, d.legacy_id, d.kind, d.slot, d.ref1_object_no, d.ref1_id, d.ref2_object_no, d.ref2_id, d.deferred_at
)
INSERT INTO rye_import.merge_deferred (run_no, object_no, legacy_id, kind, slot, ref1_object_no, ref1_id, ref2_object_no, ref2_id, deferred_at)
SELECT @run_no::int, g.object_no, g.legacy_id, g.kind, g.slot, g.ref1_object_no, g.ref1_id, g.ref2_object_no, g.ref2_id, g.deferred_at
FROM gone g;

-- DeferredKeepAge lets what is deferred anew wait since it was deferred first.
-- name: DeferredKeepAge :execrows
UPDATE rye_import.deferred d
SET deferred_at = k.deferred_at
FROM rye_import.merge_deferred k
WHERE k.run_no = @run_no AND d.run_no = k.run_no AND d.object_no = k.object_no AND d.legacy_id = k.legacy_id AND d.kind = k.kind AND d.slot = k.slot
    AND (d.ref1_object_no, d.ref1_id, d.ref2_object_no, d.ref2_id) IS NOT DISTINCT FROM (k.ref1_object_no, k.ref1_id, k.ref2_object_no, k.ref2_id);

-- DeferredDeleteMany forgets single ones.
-- name: DeferredDeleteMany :exec
DELETE FROM rye_import.deferred WHERE deferred_no = ANY (@deferred_nos::bigint[]);

-- DeferredInsertSame keeps that a record is the same entity as one that has not arrived.
-- name: DeferredInsertSame :exec
INSERT INTO rye_import.deferred (object_no, legacy_id, kind, slot, ref1_object_no, ref1_id, payload, run_no, file_no, line)
SELECT s.object_no, s.legacy_id, 'same', 'same', s.same_object_no, s.same_id, '{}', s.run_no, s.file_no, s.line
FROM rye_import.staging_records s
WHERE s.run_no = @run_no AND s.rec = ANY (@recs::bigint[]);

-- DeferredInsertLinks keeps the links of the run that lack an end; those of deleted records have ended.
-- name: DeferredInsertLinks :execrows
INSERT INTO rye_import.deferred (object_no, legacy_id, kind, slot, ref1_object_no, ref1_id, ref2_object_no, ref2_id, payload, run_no, file_no, line)
SELECT s.object_no, s.legacy_id, 'link', l.slot, l.source_object_no, l.source_ref, l.target_object_no, l.target_ref,
    jsonb_strip_nulls(jsonb_build_object('type', l.edge_type, 'rank', l.rank, 'properties', l.properties,
        'from', m.effective_from, 'to', m.effective_to, 'end_known', l.end_known)),
    s.run_no, s.file_no, s.line
FROM rye_import.merge_edges m
JOIN rye_import.staging_links l ON l.run_no = m.run_no AND l.id = m.id
JOIN rye_import.staging_records s ON s.run_no = m.run_no AND s.rec = m.rec
WHERE m.run_no = @run_no AND m.outcome = 'deferred'
ORDER BY m.rec, l.slot;

-- DeferredInsertParticipants keeps the participants of the run whose event or node has not arrived.
-- name: DeferredInsertParticipants :execrows
INSERT INTO rye_import.deferred (object_no, legacy_id, kind, slot, ref1_object_no, ref1_id, ref2_object_no, ref2_id, payload, run_no, file_no, line)
SELECT s.object_no, s.legacy_id, 'participant', p.slot, p.event_object_no, p.event_ref, p.node_object_no, p.node_ref,
    jsonb_strip_nulls(jsonb_build_object('role', p.role, 'properties', p.properties)),
    s.run_no, s.file_no, s.line
FROM rye_import.merge_participants m
JOIN rye_import.staging_participants p ON p.run_no = m.run_no AND p.id = m.id
JOIN rye_import.staging_records s ON s.run_no = m.run_no AND s.rec = m.rec
WHERE m.run_no = @run_no AND m.outcome = 'deferred'
ORDER BY m.rec, p.slot;

-- DeferredInsertFacts keeps the facts of the run whose subject has not arrived.
-- name: DeferredInsertFacts :execrows
INSERT INTO rye_import.deferred (object_no, legacy_id, kind, slot, ref1_object_no, ref1_id, payload, run_no, file_no, line)
SELECT s.object_no, s.legacy_id, 'fact', f.slot, f.subject_object_no, f.subject_ref,
    jsonb_strip_nulls(jsonb_build_object('type', f.assertion_type, 'key', f.assertion_key, 'claim', f.claim,
        'at', f.asserted_at, 'history', f.history)),
    s.run_no, s.file_no, s.line
FROM rye_import.staging_facts f
JOIN rye_import.staging_records s ON s.run_no = f.run_no AND s.rec = f.rec
LEFT JOIN rye_import.staging_records t
    ON t.run_no = f.run_no AND t.object_no = f.subject_object_no AND t.legacy_id = f.subject_ref AND t.kind = 'node' AND t.changed
LEFT JOIN rye_import.merge_keys k ON k.run_no = f.run_no AND k.object_no = f.subject_object_no AND k.legacy_id = f.subject_ref
WHERE f.run_no = @run_no AND f.subject_ref IS NOT NULL AND t.rec IS NULL AND k.node_id IS NULL
ORDER BY f.rec, f.slot;

-- DeferredCountLinks counts the deferred links of the source that belong to records which the run
-- met and found unchanged, and those that it carried for records which it did not meet, by type.
-- name: DeferredCountLinks :many
SELECT CASE d.kind WHEN 'participant' THEN 'participant' ELSE (d.payload ->> 'type') END::text AS edge_type, count(*) AS links
FROM rye_import.deferred d
JOIN rye_import.staging_records s
    ON s.run_no = @run_no AND s.object_no = d.object_no AND s.legacy_id = d.legacy_id AND s.rec > 0 AND NOT s.changed
WHERE d.kind IN ('link', 'participant') AND d.run_no <> @run_no
GROUP BY 1
ORDER BY 1;

-- DeferredExistsNamed reports whether anything of the source waits for a record by its name.
-- name: DeferredExistsNamed :one
SELECT EXISTS (
    SELECT FROM rye_import.deferred_references x WHERE x.object_no = ANY (@lookup_nos::int[])
) AS found;

-- DeferredListNames gives the names by which the source still waits for records, those that fit several
-- before those that fit none, and of each those first that most wait for; and how many such names
-- there are in all.
-- name: DeferredListNames :many
SELECT o.object AS lookup, n.lookup_no, n.name_key, n.candidates,
    ((array_agg(x.ref ORDER BY x.deferred_no))[1])::text AS name, count(*) AS links, count(*) OVER () AS names
FROM rye_import.deferred_references x
JOIN rye_import.merge_names n
    ON n.run_no = @run_no AND n.lookup_no = x.object_no AND n.name_key = rye_import.name_key(x.ref) AND n.candidates <> 1
JOIN rye_import.objects o ON o.object_no = x.object_no
WHERE x.object_no = ANY (@lookup_nos::int[])
GROUP BY o.object, n.lookup_no, n.name_key, n.candidates
ORDER BY n.candidates > 1 DESC, count(*) DESC, o.object, n.name_key
LIMIT @max_rows;

-- DeferredSummary counts everything that a source waits for, by kind, link and the object that has
-- not arrived (empty if it may be any), with the day since when.
-- name: DeferredSummary :many
WITH waiting AS (
    SELECT o.object, d.kind, d.slot, d.deferred_at,
        CASE WHEN d.ref1_id IS NOT NULL AND e1.target_id IS NULL AND n1.run_no IS NULL AND NOT EXISTS (
                SELECT FROM rye.node_source_map m
                WHERE m.source_schema = o.source AND m.source_table = t1.object AND m.source_id = d.ref1_id COLLATE "default")
            THEN t1.object ELSE t2.object END AS waits_for
    FROM rye_import.deferred d
    JOIN rye_import.objects o ON o.object_no = d.object_no
    LEFT JOIN rye_import.objects t1 ON t1.object_no = d.ref1_object_no
    LEFT JOIN rye_import.objects t2 ON t2.object_no = d.ref2_object_no
    LEFT JOIN rye_import.records e1 ON e1.object_no = d.ref1_object_no AND e1.legacy_id = d.ref1_id
    LEFT JOIN rye_import.merge_names n1
        ON n1.run_no = @run_no AND n1.lookup_no = d.ref1_object_no AND n1.name_key = rye_import.name_key(d.ref1_id) AND n1.candidates = 1
    WHERE o.source = @source
)
SELECT w.object, w.kind, w.slot, coalesce(w.waits_for, '')::text AS waits_for, count(*) AS waiting,
    min(w.deferred_at)::timestamptz AS since
FROM waiting w
GROUP BY 1, 2, 3, 4
ORDER BY count(*) DESC, 1, 2, 3, 4
LIMIT 100;
