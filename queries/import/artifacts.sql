-- ArtifactInsertFiles notes in the graph the files that the run has read.
-- name: ArtifactInsertFiles :execrows
INSERT INTO rye.artifacts (artifact_type, source_event_id, content, location, attrs)
SELECT 'source_file', @event_id::uuid,
    jsonb_build_object('name', f.path, 'object', f.object, 'sha256', f.sha256, 'size', f.bytes, 'encoding', f.encoding,
        'rows', g.records),
    jsonb_build_object('path', f.path),
    jsonb_build_object('import', jsonb_build_object('run', f.run_no, 'file', f.file_no))
FROM rye_import.files f
JOIN (
    SELECT unnest(@file_nos::int[]) AS file_no, unnest(@records::bigint[]) AS records
) g USING (file_no)
WHERE f.run_no = @run_no
ORDER BY f.file_no;
