-- MergeLoserInsert finds records whose key another record of the run has too. The one that the
-- source changed last is used; of equals, the first. Within a file an id must be unique; in
-- several files the same record may stand in an older version, or twice the same. Of some objects the
-- mapping says that their records are repeated: the same, or so that the first counts.
-- name: MergeLoserInsert :execrows
INSERT INTO rye_import.merge_losers (run_no, rec, object_no, legacy_id, file_no, line, verdict, winner)
SELECT @run_no::int, d.rec, d.object_no, d.legacy_id, d.file_no, d.line,
    CASE
        WHEN d.object_no = ANY (@first_nos::int[]) OR d.object_no = ANY (@same_nos::int[]) AND d.content_hash = d.winner_hash THEN 'repeated'
        WHEN d.file_no = d.winner_file THEN 'duplicate_id'
        WHEN d.version < d.winner_version THEN 'older_version'
        WHEN d.content_hash = d.winner_hash THEN 'same_record'
        ELSE 'duplicate_id'
    END, d.winner
FROM (
    SELECT s.rec, s.object_no, s.legacy_id, s.file_no, s.line, s.version, s.content_hash,
        row_number() OVER w AS n,
        first_value(s.rec) OVER w AS winner, first_value(s.file_no) OVER w AS winner_file,
        first_value(s.version) OVER w AS winner_version, first_value(s.content_hash) OVER w AS winner_hash
    FROM rye_import.staging_records s
    JOIN (
        SELECT object_no, legacy_id FROM rye_import.staging_records
        WHERE run_no = @run_no::int AND rec > 0
        GROUP BY object_no, legacy_id HAVING count(*) > 1
    ) twice USING (object_no, legacy_id)
    WHERE s.run_no = @run_no::int AND s.rec > 0
    WINDOW w AS (PARTITION BY s.object_no, s.legacy_id ORDER BY s.version DESC NULLS LAST, s.rec)
) d
WHERE d.n > 1;

-- MergeLoserCount counts the losing duplicates.
-- name: MergeLoserCount :many
SELECT o.object, l.verdict, count(*) AS records
FROM rye_import.merge_losers l
JOIN rye_import.objects o ON o.object_no = l.object_no
WHERE l.run_no = @run_no
GROUP BY 1, 2
ORDER BY 1, 2;

-- MergeLoserReject rejects the duplicates that contradict the record which is used instead.
-- name: MergeLoserReject :execrows
INSERT INTO rye_import.rejects (run_no, file_no, rec, line, object, legacy_id, column_name, value, code, reason, stage)
SELECT l.run_no, l.file_no, l.rec, l.line, o.object, l.legacy_id, k.column_name, l.legacy_id, l.verdict,
    format('the id stands in %s, line %s, too; that record is used', f.path, w.line), 'load'
FROM rye_import.merge_losers l
JOIN rye_import.objects o ON o.object_no = l.object_no
JOIN rye_import.staging_records w ON w.run_no = l.run_no AND w.rec = l.winner
JOIN rye_import.files f ON f.file_no = w.file_no
LEFT JOIN (
    SELECT unnest(@objects::text[]) AS object, unnest(@key_columns::text[]) AS column_name
) k ON k.object = o.object
WHERE l.run_no = @run_no AND l.verdict = 'duplicate_id';

-- MergeLoserDeleteStaged takes losing duplicates out of the staged keys.
-- name: MergeLoserDeleteStaged :execrows
DELETE FROM rye_import.staging_records s USING rye_import.merge_losers l
WHERE s.run_no = @run_no AND l.run_no = s.run_no AND l.rec = s.rec;
