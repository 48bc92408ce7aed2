-- CodeGenerate draws the next code of a prefix in this month (UTC), such as OPP-2403-0042. A code
-- that was drawn and not used is gone. Error: RY007 without a prefix.
-- name: CodeGenerate :one
SELECT rye.generate_crm_code(@prefix::text)::text AS code;

-- CodeGenerateMany draws as many codes of a prefix as are asked for.
-- name: CodeGenerateMany :many
SELECT rye.generate_crm_code(@prefix::text)::text AS code
FROM generate_series(1, @max_rows::int)
LIMIT @max_rows::int;
