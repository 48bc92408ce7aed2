-- ConflictExists reports whether a source has conflicts.
-- name: ConflictExists :one
SELECT EXISTS (
    SELECT FROM rye_import.conflicts c JOIN rye_import.objects o USING (object_no) WHERE o.source = @source
) AS found;

-- ConflictCarry stages a carrier for every conflict about a fact whose record the run does not stage.
-- name: ConflictCarry :execrows
INSERT INTO rye_import.staging_records (run_no, rec, object_no, legacy_id, kind, id, content_hash, changed, deleted, existing, alias, file_no, line)
SELECT @run_no::int, -c.conflict_no, c.object_no, c.legacy_id, 'carrier', c.subject_id,
    '00000000-0000-0000-0000-000000000000', true, false, true, false, c.file_no, c.line
FROM rye_import.conflicts c
JOIN rye_import.objects o ON o.object_no = c.object_no
WHERE o.source = @source AND c.kind = 'fact'
    AND NOT EXISTS (
        SELECT FROM rye_import.staging_records s
        WHERE s.run_no = @run_no::int AND s.object_no = c.object_no AND s.legacy_id = c.legacy_id AND s.rec > 0 AND s.changed);

-- ConflictStageFacts stages the facts of these carriers.
-- name: ConflictStageFacts :execrows
INSERT INTO rye_import.staging_facts (run_no, rec, id, slot, assertion_type, assertion_key, claim, asserted_at, history)
SELECT s.run_no, s.rec, gen_random_uuid(), c.staged ->> 'slot', c.staged ->> 'type', c.staged ->> 'key',
    nullif(c.staged -> 'claim', 'null'), (c.staged ->> 'at')::timestamptz, false
FROM rye_import.conflicts c
JOIN rye_import.staging_records s ON s.run_no = @run_no AND s.rec = -c.conflict_no AND s.kind = 'carrier';

-- ConflictDeleteSettled forgets the conflicts that the run has settled.
-- name: ConflictDeleteSettled :execrows
DELETE FROM rye_import.conflicts c USING rye_import.merge_contested k
WHERE k.run_no = @run_no AND k.subject_id = c.subject_id AND k.field = c.field
    AND (k.verdict IN ('agreed', 'applied', 'overtaken')
        OR k.verdict = 'kept' AND k.object_no = c.object_no AND k.legacy_id = c.legacy_id);

-- ConflictDeleteUnsaid forgets the conflicts of which their records, staged anew, say nothing.
-- name: ConflictDeleteUnsaid :execrows
DELETE FROM rye_import.conflicts c USING rye_import.staging_records s
WHERE s.run_no = @run_no AND s.object_no = c.object_no AND s.legacy_id = c.legacy_id AND s.rec > 0 AND s.changed
    AND NOT EXISTS (
        SELECT FROM rye_import.merge_contested k
        WHERE k.run_no = @run_no AND k.subject_id = c.subject_id AND k.field = c.field
            AND k.object_no = c.object_no AND k.legacy_id = c.legacy_id);

-- ConflictUpsertStaged keeps the conflicts of the run. One that is accepted stays so while the source says
-- the same.
-- name: ConflictUpsertStaged :execrows
INSERT INTO rye_import.conflicts AS c (object_no, legacy_id, subject_id, kind, field, base, held, incoming, staged, edited_by, edited_at,
    state, first_run_no, run_no, file_no, line)
SELECT k.object_no, k.legacy_id, k.subject_id, k.kind, k.field, k.base, k.held, k.incoming, k.staged, k.edited_by, k.edited_at,
    CASE @prefer::text WHEN 'graph' THEN 'accepted' ELSE 'open' END, k.run_no, k.run_no, k.file_no, k.line
FROM rye_import.merge_contested k
WHERE k.run_no = @run_no::int AND k.verdict = 'conflict'
ORDER BY k.file_no, k.line, k.object_no, k.legacy_id, k.field
ON CONFLICT (object_no, legacy_id, subject_id, field) DO UPDATE
SET base = excluded.base, held = excluded.held, incoming = excluded.incoming, staged = excluded.staged, run_no = excluded.run_no,
    edited_by = excluded.edited_by, edited_at = excluded.edited_at, file_no = excluded.file_no, line = excluded.line,
    state = CASE WHEN c.state = 'accepted' AND c.incoming IS NOT DISTINCT FROM excluded.incoming THEN 'accepted' ELSE excluded.state END
WHERE (c.base, c.held, c.incoming, c.edited_at) IS DISTINCT FROM (excluded.base, excluded.held, excluded.incoming, excluded.edited_at)
    OR c.state = 'open' AND excluded.state = 'accepted';

-- ConflictCountOpen counts the open conflicts of a source.
-- name: ConflictCountOpen :one
SELECT count(*) FROM rye_import.conflicts c JOIN rye_import.objects o USING (object_no) WHERE o.source = @source AND c.state = 'open';

-- ConflictListOpen gives open conflicts of a source, the oldest first, without values.
-- name: ConflictListOpen :many
SELECT o.object, c.legacy_id, coalesce(n.properties ->> 'code', '')::text AS code, c.kind, c.field,
    coalesce(f.path, '')::text AS path, c.line, coalesce(c.edited_by, '')::text AS edited_by, c.edited_at, c.first_run_no
FROM rye_import.conflicts c
JOIN rye_import.objects o ON o.object_no = c.object_no
LEFT JOIN rye_import.files f ON f.file_no = c.file_no
LEFT JOIN rye.edges e ON c.kind = 'link' AND e.id = c.subject_id
LEFT JOIN rye.node_source_map m
    ON m.source_schema = o.source AND m.source_table = o.object AND m.source_id = c.legacy_id COLLATE "default"
LEFT JOIN rye.nodes n ON n.id = CASE WHEN c.kind = 'link' THEN coalesce(m.node_id, e.source_id) ELSE c.subject_id END
WHERE o.source = @source AND c.state = 'open'
ORDER BY c.conflict_no
LIMIT @max_rows;
