-- HeaderListLatest gives the columns of the objects of a source, as the last run that had the object and is done
-- left them.
-- name: HeaderListLatest :many
SELECT DISTINCT ON (h.object) h.object, h.run_no, h.columns, h.always, h.gone
FROM rye_import.headers h
JOIN rye_import.runs n ON n.run_no = h.run_no
WHERE n.source = @source AND n.status = 'done' AND n.undone_by IS NULL
ORDER BY h.object, h.run_no DESC;

-- HeaderInsert notes the columns of an object.
-- name: HeaderInsert :exec
INSERT INTO rye_import.headers (run_no, object, columns, always, gone)
VALUES (@run_no, @object, @columns, @always, @gone);
