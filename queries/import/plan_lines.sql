-- PlanLineCopyFrom copies lines of records that are not used.
-- name: PlanLineCopyFrom :copyfrom
INSERT INTO rye_import.plan_lines (run_no, rec, object, legacy_id, action, reason, file_no, line)
VALUES (@run_no, @rec, @object, @legacy_id, @action, @reason, @file_no, @line);

-- PlanLineInsertStaged makes lines of the records of the run, with what becomes of them as StagingRecordOutcomes
-- counts it; so it has to come before the records are noted. Those that others name stand in no line of the export.
-- name: PlanLineInsertStaged :execrows
INSERT INTO rye_import.plan_lines (run_no, rec, object_no, object, legacy_id, node_id, action, reason, file_no, line)
SELECT s.run_no, s.rec, s.object_no, o.object, s.legacy_id, CASE WHEN s.changed THEN CASE WHEN s.kind = 'node' THEN s.id END ELSE m.node_id END,
    CASE
        WHEN NOT s.changed AND e.rec IS NULL THEN 'unchanged'
        WHEN NOT s.changed THEN 'updated'
        WHEN s.deleted AND (NOT s.existing OR e.rec IS NOT NULL AND r.archived IS NULL) THEN 'archived'
        WHEN NOT s.existing THEN 'created'
        WHEN e.rec IS NOT NULL THEN 'updated'
        ELSE 'unchanged'
    END,
    CASE WHEN s.rec < 0 THEN 'merged into ' || k.object || ' ' || s.same_id END,
    CASE WHEN s.rec >= 0 THEN s.file_no END, CASE WHEN s.rec >= 0 THEN s.line END
FROM rye_import.staging_records s
JOIN rye_import.objects o ON o.object_no = s.object_no
LEFT JOIN rye_import.objects k ON k.object_no = s.same_object_no
LEFT JOIN (SELECT DISTINCT run_no, rec FROM rye_import.merge_effects) e ON e.run_no = s.run_no AND e.rec = s.rec
LEFT JOIN rye_import.records r ON r.object_no = s.object_no AND r.legacy_id = s.legacy_id
LEFT JOIN rye.node_source_map m
    ON NOT s.changed AND s.kind = 'node' AND m.source_schema = @source AND m.source_table = o.object AND m.source_id = s.legacy_id COLLATE "default"
WHERE s.run_no = @run_no AND s.kind <> 'carrier' AND (s.changed OR e.rec IS NOT NULL OR @unchanged::boolean);

-- PlanLineInsertRejects makes lines of the rejected records.
-- name: PlanLineInsertRejects :execrows
INSERT INTO rye_import.plan_lines (run_no, rec, object, legacy_id, action, reject, file_no, line)
SELECT j.run_no, j.rec, j.object, coalesce(j.legacy_id, ''), 'rejected',
    jsonb_build_object('code', j.code, 'reason', j.reason, 'column', coalesce(j.column_name, ''), 'value', coalesce(j.value, ''), 'stage', j.stage),
    j.file_no, j.line
FROM rye_import.rejects j
WHERE j.run_no = @run_no;

-- PlanLineInsertLosers makes lines of the records in whose place another one with their key is used.
-- name: PlanLineInsertLosers :execrows
INSERT INTO rye_import.plan_lines (run_no, rec, object, legacy_id, action, reason, file_no, line)
SELECT l.run_no, l.rec, o.object, l.legacy_id, 'filtered', l.verdict, l.file_no, l.line
FROM rye_import.merge_losers l
JOIN rye_import.objects o ON o.object_no = l.object_no
WHERE l.run_no = @run_no AND l.verdict <> 'duplicate_id';

-- PlanLineInsertMissing makes lines of the records that are archived since the export lacks them.
-- name: PlanLineInsertMissing :execrows
INSERT INTO rye_import.plan_lines (run_no, rec, object_no, object, legacy_id, node_id, action, reason)
SELECT @run_no::int, row_number() OVER (ORDER BY o.object, r.legacy_id) + @first_rec::bigint, r.object_no, o.object, r.legacy_id, m.node_id, 'archived',
    'missing from the export'
FROM rye_import.records r
JOIN rye_import.objects o ON o.object_no = r.object_no
LEFT JOIN rye.node_source_map m ON m.source_schema = o.source AND m.source_table = o.object AND m.source_id = r.legacy_id COLLATE "default"
WHERE r.run_no = @run_no::int AND r.archived = 'missing';

-- PlanLineInsertNodes makes lines of the nodes that change and are those of no line yet: the pipeline that gets
-- another stage, the duplicate that is folded into another one.
-- name: PlanLineInsertNodes :execrows
WITH touched AS (
    SELECT c.node_id, bool_or(c.after @> '{"archived": true}') AS archived
    FROM rye_import.changes c
    WHERE c.run_no = @run_no::int
        AND NOT EXISTS (SELECT FROM rye_import.plan_lines l WHERE l.run_no = c.run_no AND l.node_id = c.node_id)
    GROUP BY c.node_id
), keyed AS (
    SELECT DISTINCT ON (t.node_id) t.node_id, t.archived, o.object_no, m.source_table, m.source_id,
        CASE WHEN d.duplicate_id IS NOT NULL THEN 'merged into ' || coalesce(k.properties ->> 'code', k.label, k.id::text) END AS reason
    FROM touched t
    LEFT JOIN rye.node_source_map m ON m.node_id = t.node_id AND m.source_schema = @source::text
    LEFT JOIN rye_import.objects o ON o.source = @source::text AND o.object = m.source_table
    LEFT JOIN rye.node_merges d ON d.duplicate_id = t.node_id
    LEFT JOIN rye.nodes k ON k.id = d.canonical_id
    ORDER BY t.node_id, m.source_table, m.source_id
)
INSERT INTO rye_import.plan_lines (run_no, rec, object_no, object, legacy_id, node_id, action, reason)
SELECT @run_no::int, row_number() OVER (ORDER BY k.source_table, k.source_id, k.node_id) + @first_rec::bigint, k.object_no, coalesce(k.source_table, ''),
    coalesce(k.source_id, ''), k.node_id, CASE WHEN k.archived THEN 'archived' ELSE 'updated' END, k.reason
FROM keyed k;

-- PlanLineInsertOthers makes lines of the records whose links change and that have no line yet: those that had
-- waited for another one, and those whose edges end with a node that is archived.
-- name: PlanLineInsertOthers :execrows
WITH touched AS (
    SELECT s.object_no, s.legacy_id
    FROM rye_import.staging_records s
    WHERE s.run_no = @run_no::int AND s.kind = 'carrier'
    UNION
    SELECT o.object_no, substring(x.record FROM position('/' IN x.record) + 1)
    FROM (
        SELECT i.before -> 'attrs' -> 'import' ->> 'record' AS record
        FROM rye_import.images i
        WHERE i.run_no = @run_no::int AND i.relation = 'edges'
    ) x
    JOIN rye_import.objects o ON o.source = @source::text AND o.object = split_part(x.record, '/', 1)
)
INSERT INTO rye_import.plan_lines (run_no, rec, object_no, object, legacy_id, node_id, action)
SELECT @run_no::int, row_number() OVER (ORDER BY o.object, t.legacy_id) + @first_rec::bigint, t.object_no, o.object, t.legacy_id, m.node_id, 'updated'
FROM touched t
JOIN rye_import.objects o ON o.object_no = t.object_no
LEFT JOIN rye.node_source_map m ON m.source_schema = o.source AND m.source_table = o.object AND m.source_id = t.legacy_id COLLATE "default"
WHERE NOT EXISTS (
    SELECT FROM rye_import.plan_lines l
    WHERE l.run_no = @run_no::int AND l.object_no = t.object_no AND l.legacy_id = t.legacy_id);

-- PlanLineList gives the lines after one of them in their order, with their nodes as the run would leave them.
-- name: PlanLineList :many
SELECT l.rec, l.object, l.legacy_id, l.action, coalesce(l.reason, '')::text AS reason, l.reject, coalesce(f.path, '')::text AS path,
    coalesce(l.line, 0)::int AS line, coalesce(n.node_type, '')::text AS node_type, coalesce(n.properties ->> 'code', '')::text AS code,
    coalesce(n.label, '')::text AS label, CASE WHEN l.action = 'created' THEN n.properties END::jsonb AS properties
FROM rye_import.plan_lines l
LEFT JOIN rye_import.files f ON f.file_no = l.file_no
LEFT JOIN rye.nodes n ON n.id = l.node_id
WHERE l.run_no = @run_no AND l.rec > @after_rec
ORDER BY l.rec
LIMIT @max_rows;
