-- ViewsRefresh refreshes the materialized views of the CRM layer, beside their readers.
-- name: ViewsRefresh :exec
SELECT rye.refresh_crm_views();
