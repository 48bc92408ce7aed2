-- CatalogGet gives how many nodes, edges, events and facts of each type the session sees, as JSON. It
-- counts all of them: ask now and then, not with every request.
-- name: CatalogGet :one
SELECT rye.rye_catalog()::jsonb AS catalog;
