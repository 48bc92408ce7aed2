-- RecordExists reports whether the source has been imported before.
-- name: RecordExists :one
SELECT EXISTS (
    SELECT FROM rye_import.records r JOIN rye_import.objects o USING (object_no) WHERE o.source = @source
) AS found;

-- RecordListHashes gives the hashes of what records were when last used, of no more than some: one behind the other, some
-- thousands a row, and apart those of deleted ones. Records that the importer archived for another reason are not among them: who
-- meets them has them come back.
-- name: RecordListHashes :many
SELECT r.deleted, string_agg(uuid_send(r.content_hash), ''::bytea)::bytea AS hashes
FROM (
    SELECT r.object_no, r.line, r.content_hash, (r.archived IS NOT NULL)::boolean AS deleted
    FROM rye_import.records r
    WHERE r.object_no = ANY (@object_nos::int[]) AND (r.archived IS NULL OR r.archived = 'deleted')
    LIMIT @max_rows
) r
GROUP BY r.object_no, r.line / 4096, r.deleted;

-- RecordListUnchanged tells which of some records are as they were when last used: the position of
-- each in the given lists, beginning with 1. Records that the importer archived are not among
-- them, since they have come back.
-- name: RecordListUnchanged :many
WITH given AS (
    SELECT unnest(@object_nos::int[]) AS object_no, unnest(@legacy_ids::text[]) AS legacy_id,
        unnest(@hashes::bytea[]) AS content_hash, unnest(@deleted::boolean[]) AS deleted,
        generate_series(1, cardinality(@object_nos::int[])) AS position
)
SELECT g.position::int AS position
FROM given g
JOIN rye_import.records r
    ON r.object_no = g.object_no AND r.legacy_id = g.legacy_id AND uuid_send(r.content_hash) = g.content_hash
WHERE r.archived IS NULL OR (r.archived = 'deleted' AND g.deleted);

-- RecordInsertStaged notes the records that are new to the source: those that are links, or the others, which can be noted
-- before the ends of links are known.
-- name: RecordInsertStaged :execrows
INSERT INTO rye_import.records (object_no, legacy_id, content_hash, target_id, archived, first_run_no, run_no, file_no, line)
SELECT s.object_no, s.legacy_id, s.content_hash,
    CASE s.kind
        WHEN 'event' THEN CASE WHEN e.rec IS NOT NULL THEN s.id END
        WHEN 'edge' THEN m.id
        WHEN 'participant' THEN s.id
    END,
    CASE WHEN s.deleted THEN 'deleted' END, s.run_no, s.run_no, s.file_no, s.line
FROM rye_import.staging_records s
LEFT JOIN rye_import.staging_events e ON s.kind = 'event' AND e.run_no = s.run_no AND e.rec = s.rec
LEFT JOIN rye_import.merge_edges m
    ON @links::boolean AND m.run_no = s.run_no AND m.rec = s.rec AND m.slot = 'record'
    AND m.outcome IN ('new', 'ended', 'closing', 'present', 'twin')
WHERE s.run_no = @run_no AND s.changed AND s.rec > 0 AND (s.kind = 'edge') = @links::boolean AND NOT EXISTS (
    SELECT FROM rye_import.records r WHERE @known::boolean AND r.object_no = s.object_no AND r.legacy_id = s.legacy_id);

-- RecordUpdateStaged notes what the known records that changed are now.
-- name: RecordUpdateStaged :execrows
UPDATE rye_import.records r
SET content_hash = s.content_hash,
    archived = CASE WHEN s.deleted THEN 'deleted' END,
    run_no = s.run_no, file_no = s.file_no, line = s.line,
    target_id = CASE s.kind
        WHEN 'event' THEN coalesce((SELECT e.id FROM rye.events e WHERE e.id = s.id), r.target_id)
        WHEN 'edge' THEN coalesce((
            SELECT m.id FROM rye_import.merge_edges m
            WHERE m.run_no = s.run_no AND m.rec = s.rec AND m.outcome IN ('new', 'ended', 'closing', 'present', 'twin')), r.target_id)
        ELSE r.target_id END
FROM rye_import.staging_records s
WHERE s.run_no = @run_no AND s.changed AND s.rec > 0 AND r.run_no <> s.run_no
    AND r.object_no = s.object_no AND r.legacy_id = s.legacy_id;

-- RecordArchiveTwins notes that records are dead which others name as merged into them, and that the
-- export does not have.
-- name: RecordArchiveTwins :execrows
UPDATE rye_import.records r
SET archived = 'deleted', run_no = s.run_no, file_no = s.file_no, line = s.line
FROM rye_import.staging_records s
WHERE s.run_no = @run_no AND s.rec BETWEEN @first_rec::bigint AND @last_rec::bigint
    AND r.object_no = s.object_no AND r.legacy_id = s.legacy_id AND r.archived IS NULL AND NOT EXISTS (
        SELECT FROM rye_import.staging_records m
        WHERE m.run_no = s.run_no AND m.object_no = s.object_no AND m.legacy_id = s.legacy_id AND m.rec > 0);

-- RecordUpdateCarried ties a link record to the edge that its deferred link has become at last.
-- name: RecordUpdateCarried :execrows
UPDATE rye_import.records r
SET target_id = m.id
FROM rye_import.staging_records s
JOIN rye_import.merge_edges m ON m.run_no = s.run_no AND m.rec = s.rec AND m.slot = 'record'
    AND m.outcome IN ('new', 'ended', 'closing', 'present', 'twin')
WHERE s.run_no = @run_no AND s.kind = 'carrier' AND r.object_no = s.object_no AND r.legacy_id = s.legacy_id;

-- RecordCountMissing counts the living records of some objects, and those of them that this run did
-- not meet; one that it rejected is not missing. Of others it is known that it would have met all.
-- name: RecordCountMissing :one
SELECT count(*) AS total,
    count(*) FILTER (WHERE r.object_no = ANY (@object_nos::int[]) AND NOT EXISTS (
        SELECT FROM rye_import.staging_records s
        WHERE s.run_no = @run_no AND s.object_no = r.object_no AND s.legacy_id = r.legacy_id AND s.rec > 0)
        AND NOT EXISTS (
        SELECT FROM rye_import.staging_unchanged u
        WHERE u.run_no = @run_no AND u.object_no = r.object_no AND u.legacy_id = r.legacy_id)
        AND NOT EXISTS (
        SELECT FROM rye_import.rejects j
        WHERE j.run_no = @run_no AND j.object = o.object AND j.legacy_id = r.legacy_id)) AS missing
FROM rye_import.records r
JOIN rye_import.objects o USING (object_no)
WHERE r.object_no = ANY (@object_nos::int[] || @kept_nos::int[]) AND r.archived IS NULL;

-- RecordArchiveMissing marks the living records of some objects that this run did not meet, and
-- counts them by object.
-- name: RecordArchiveMissing :many
WITH missing AS (
    UPDATE rye_import.records r
    SET archived = 'missing', run_no = @run_no::int
    FROM rye_import.objects o
    WHERE r.object_no = ANY (@object_nos::int[]) AND r.archived IS NULL AND o.object_no = r.object_no
        AND NOT EXISTS (
            SELECT FROM rye_import.staging_records s
            WHERE s.run_no = @run_no::int AND s.object_no = r.object_no AND s.legacy_id = r.legacy_id AND s.rec > 0)
        AND NOT EXISTS (
            SELECT FROM rye_import.staging_unchanged u
            WHERE u.run_no = @run_no::int AND u.object_no = r.object_no AND u.legacy_id = r.legacy_id)
        AND NOT EXISTS (
            SELECT FROM rye_import.rejects j
            WHERE j.run_no = @run_no::int AND j.object = o.object AND j.legacy_id = r.legacy_id)
    RETURNING o.object
)
SELECT m.object, count(*) AS records FROM missing m GROUP BY m.object ORDER BY m.object;
