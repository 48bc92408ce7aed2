-- ObjectEnsureMany makes sure that objects of a source have numbers.
-- name: ObjectEnsureMany :exec
INSERT INTO rye_import.objects (source, object)
SELECT @source::text, o FROM unnest(@objects::text[]) AS o
ORDER BY o
ON CONFLICT (source, object) DO NOTHING;

-- ObjectList gives the objects of a source and their numbers.
-- name: ObjectList :many
SELECT object_no, object FROM rye_import.objects WHERE source = @source ORDER BY object;
