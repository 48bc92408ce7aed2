-- StagingOriginCopyFrom stages where rows of reject files stood first.
-- name: StagingOriginCopyFrom :copyfrom
INSERT INTO rye_import.staging_origins (run_no, rec, object, run_id, path, line)
VALUES (@run_no, @rec, @object, @run_id, @path, @line);

-- StagingOriginMatch finds the reject that each row of a reject file was: by the file and the line, which
-- stay when an id is repaired; where several records stood on the line, by the id too. A row that does
-- not say by which run it was rejected is taken for the last one.
-- name: StagingOriginMatch :execrows
WITH candidates AS (
    SELECT o.rec, j.run_no, j.legacy_id = s.legacy_id AS same_id,
        coalesce(j.root_run_no, j.run_no) AS root_run_no, coalesce(j.root_rec, j.rec) AS root_rec,
        rank() OVER (PARTITION BY o.rec ORDER BY j.run_no DESC) AS place,
        count(*) OVER (PARTITION BY o.rec, j.run_no) AS on_line
    FROM rye_import.staging_origins o
    JOIN rye_import.files f ON f.path = o.path AND f.run_no < o.run_no
    JOIN rye_import.runs n ON n.run_no = f.run_no AND n.source = @source
    JOIN rye_import.rejects j ON j.run_no = n.run_no AND j.file_no = f.file_no AND j.line = o.line AND j.object = o.object
    LEFT JOIN rye_import.staging_records s ON s.run_no = o.run_no AND s.rec = o.rec
    WHERE o.run_no = @run_no AND (o.run_id = '' OR n.run_id::text = o.run_id)
)
UPDATE rye_import.staging_origins o
SET root_run_no = c.root_run_no, root_rec = c.root_rec
FROM candidates c
WHERE o.run_no = @run_no AND o.rec = c.rec AND c.place = 1 AND (c.on_line = 1 OR c.same_id);
