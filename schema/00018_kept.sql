-- +goose Up
-- +goose StatementBegin
ALTER TABLE rye_import.files ADD COLUMN IF NOT EXISTS tally jsonb;
COMMENT ON COLUMN rye_import.files.tally IS 'What a run that is done has counted in the file, and what it read it by: the next run that finds the same file may go by that and leave it alone.';
-- +goose StatementEnd
