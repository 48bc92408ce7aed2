-- PostponedStanding counts what stands in the graph, up to some rows of each table.
-- name: PostponedStanding :one
SELECT (SELECT count(*) FROM (SELECT n.id FROM rye.nodes n LIMIT @most::int) n)
    + (SELECT count(*) FROM (SELECT e.id FROM rye.edges e LIMIT @most::int) e)
    + (SELECT count(*) FROM (SELECT v.id FROM rye.events v LIMIT @most::int) v)
    + (SELECT count(*) FROM (SELECT a.id FROM rye.assertions a LIMIT @most::int) a) AS stand;

-- PostponedBegin takes the foreign keys and secondary indexes of the graph off until the rows of a first import are in.
-- It gives the reason if it does not.
-- name: PostponedBegin :one
SELECT coalesce(rye_import.postpone_indexes(@sessions::int), '')::text AS refused;

-- PostponedRestore makes one of the things that were taken off and gives its name, which is empty if nothing is left that
-- nobody else is making.
-- name: PostponedRestore :one
SELECT coalesce(rye_import.restore_postponed(@at_once::boolean), '')::text AS name;

-- PostponedCount counts what is still to be made.
-- name: PostponedCount :one
SELECT count(*) AS items FROM rye_import.postponed;

-- PostponedAnalyze tells the planner what the merge has brought into an empty graph.
-- name: PostponedAnalyze :exec
SELECT rye_import.analyze_graph();
