-- PostponedBegin takes the foreign keys and secondary indexes of the graph off until the rows of a first import are in.
-- It gives the reason if it does not.
-- name: PostponedBegin :one
SELECT coalesce(rye_import.postpone_indexes(@records::bigint, @sessions::int), '')::text AS refused;

-- PostponedRestore makes one of the things that were taken off and gives its name, which is empty if nothing is left that
-- nobody else is making.
-- name: PostponedRestore :one
SELECT coalesce(rye_import.restore_postponed(@at_once::boolean), '')::text AS name;

-- PostponedCount counts what is still to be made.
-- name: PostponedCount :one
SELECT count(*) AS items FROM rye_import.postponed;
