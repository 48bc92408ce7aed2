-- What the rules of sqlc.yaml let pass.

-- name: SoundDelete :exec
DELETE FROM rye.edges e
USING rye.nodes n -- both
where n.id = e.source_id AND n.id = @id;

-- name: SoundUpdate :exec
/* all that
   there is of it */
UPDATE rye.nodes t SET label = (SELECT n.label FROM rye.nodes n LIMIT 1), properties = '{"where (": 1}'
WHERE t.id = @id AND t.label <> all (ARRAY['a)', ((((((lower((@label::text)))))))::text)]);

-- name: SoundUpdateInCTE :one
WITH u AS (
    UPDATE rye.edges d SET archived_at = now() -- (update
    WHERE d.id = @id
    RETURNING d.id
)
SELECT count(*) FROM u;

-- name: SoundUpdateAfterCTE :execrows
WITH n AS (SELECT id FROM rye.nodes)
UPDATE rye.edges e SET source_id = n.id FROM n WHERE e.id = @id;

-- name: SoundUpsert :exec
INSERT INTO rye.crm_code_counters AS c (prefix, year_month) VALUES ('(update', ') delete from')
ON CONFLICT (prefix, year_month) DO UPDATE SET next_val = c.next_val + 1;

-- name: SoundLock :one
SELECT id, updated_at FROM rye.nodes WHERE id = @id FOR NO KEY UPDATE;

-- name: SoundList :many
SELECT id FROM rye.nodes ORDER BY id LIMIT @max_rows;

-- name: SoundListLower :many
select id from rye.nodes where label is null
limit least(@max_rows::int, 1000) -- no more
;

-- name: SoundListLock :many
SELECT id FROM rye.nodes LIMIT 10 FOR UPDATE SKIP LOCKED;

-- name: SoundListWritten :many
UPDATE rye.nodes SET label = @label WHERE id = ANY (@ids::uuid[]) RETURNING id;

-- name: SoundListWrittenAfterCTE :many
WITH n AS (SELECT id FROM rye.nodes LIMIT 1)
INSERT INTO rye.edges (edge_type, source_id, target_id) SELECT 'x', id, id FROM n RETURNING id;

-- A caller has too many of what it hands in, not of what it gets. Such a list says so and why.
-- @sqlc-vet-disable list-needs-limit
-- name: SoundListExcused :many
SELECT unnest(@ids::uuid[])::uuid AS id;
