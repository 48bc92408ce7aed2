-- ObjectEnsureMany makes sure that objects of a source have numbers.
-- name: ObjectEnsureMany :exec
INSERT INTO rye_import.objects (source, object)
SELECT @source::text, o FROM unnest(@objects::text[]) AS o
ORDER BY o
ON CONFLICT (source, object) DO NOTHING;

-- ObjectList gives the objects of a source and their numbers.
-- name: ObjectList :many
SELECT object_no, object FROM rye_import.objects WHERE source = @source ORDER BY object;

-- ObjectListAsked names the objects of a source of whose records a run has something to ask, also where they are as they were: something
-- of them waits, people have changed what they say, or references alone made them.
-- name: ObjectListAsked :many
SELECT o.object
FROM rye_import.objects o
WHERE o.source = @source AND (
    EXISTS (SELECT FROM rye_import.deferred d WHERE d.object_no = o.object_no)
    OR EXISTS (SELECT FROM rye_import.conflicts c WHERE c.object_no = o.object_no)
    OR EXISTS (SELECT FROM rye_import.names k WHERE k.object_no = o.object_no AND k.derived))
ORDER BY o.object;
