-- +goose Up
-- +goose StatementBegin
-- Pages that an index leads to are mostly in memory, and the views need no more than half of the pages of their tables.
ALTER FUNCTION rye.refresh_crm_view(text) SET random_page_cost = 1.1;
-- +goose StatementEnd
