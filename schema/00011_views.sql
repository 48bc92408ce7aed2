-- +goose Up
-- +goose StatementBegin
-- A worker has to find its way to every page of the graph anew, which costs more than it takes off, and the two views have a
-- processor each.
ALTER FUNCTION rye.refresh_crm_view(text) SET max_parallel_workers_per_gather = 0;
-- +goose StatementEnd
