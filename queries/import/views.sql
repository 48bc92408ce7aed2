-- ViewsPrepare tells the planner what is in the graph, if the materialized views of the CRM layer are empty.
-- name: ViewsPrepare :exec
SELECT rye.prepare_crm_views();

-- ViewRefresh refreshes one of the materialized views of the CRM layer, beside its readers.
-- name: ViewRefresh :exec
SELECT rye.refresh_crm_view(@view::text);

-- ViewsReadAhead brings what the materialized views are made of into memory and before the session. It tells whether it did: not if it
-- would not stay there.
-- name: ViewsReadAhead :one
SELECT rye.read_ahead_crm_views();
