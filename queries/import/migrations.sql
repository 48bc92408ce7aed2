-- MigrationTableExists reports whether any migration was ever applied to the database.
-- name: MigrationTableExists :one
SELECT (to_regclass('rye_import.migrations') IS NOT NULL)::boolean AS found;

-- MigrationListApplied gives the versions of the migrations that are applied.
-- name: MigrationListApplied :many
SELECT version_id FROM rye_import.migrations WHERE is_applied ORDER BY version_id;
