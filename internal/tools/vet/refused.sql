-- What the rules of sqlc.yaml refuse. run compares with the file refused.

-- name: DeleteAll :exec
DELETE FROM rye.edges;

-- name: DeleteAllLower :execrows
delete
from rye.edges e;

-- name: DeleteUsing :exec
DELETE FROM rye.edges e USING rye.nodes n;

-- name: UpdateAll :exec
UPDATE rye.nodes SET label = @label;

-- name: UpdateWhereInComment :exec
UPDATE rye.nodes -- where there is none
SET label = @label /* WHERE
  id = 1 */;

-- name: UpdateWhereInString :exec
UPDATE rye.nodes SET label = 'nowhere (or WHERE' || "label";

-- name: UpdateWhereInWord :exec
UPDATE rye.nodes SET label = somewhere.label FROM rye.nodes somewhere;

-- name: UpdateWhereInSubselect :exec
UPDATE rye.nodes SET label = (SELECT coalesce(n.label, (SELECT p.label FROM rye.nodes p WHERE p.id = @id)) FROM rye.nodes n WHERE n.id = @id);

-- name: UpdateAfterCTE :exec
WITH n AS (SELECT id FROM rye.nodes WHERE label = @label)
UPDATE rye.edges SET source_id = n.id FROM n;

-- name: UpdateInCTE :one
WITH u AS (
    -- all of them
    UPDATE rye.edges SET archived_at = now() RETURNING id
)
SELECT count(*) FROM u WHERE id = @id::uuid;

-- name: UpdateSecond :exec
WITH u AS (
    UPDATE rye.edges d SET archived_at = now() WHERE d.id = @id RETURNING d.id
), v AS (
    DELETE FROM rye.event_participants RETURNING id
)
SELECT 1 FROM u, v;

-- name: ListAll :many
SELECT id FROM rye.nodes;

-- name: ListLateral :many
SELECT n.id, e.edge_type
FROM rye.nodes n
LEFT JOIN LATERAL (SELECT x.edge_type FROM rye.edges x WHERE x.source_id = n.id LIMIT 1) e ON true;

-- name: ListCTE :many
WITH few AS (SELECT id FROM rye.nodes LIMIT 1)
SELECT e.id FROM rye.edges e, few;

-- name: ListWriteInCTE :many
WITH u AS (UPDATE rye.edges d SET archived_at = now() WHERE d.id = @id RETURNING d.id)
SELECT n.id FROM rye.nodes n, u;

-- name: ListLimitInComment :many
SELECT id
FROM rye.nodes -- LIMIT 10
/* LIMIT 10 */;

-- name: ListLimitInLastComment :many
SELECT id FROM rye.nodes -- LIMIT 10
;

-- name: ListLimitInString :many
SELECT id FROM rye.nodes WHERE label = 'LIMIT 10';

-- name: ListLimitAll :many
SELECT id FROM rye.nodes LIMIT ALL;

-- name: ListLimitNull :many
SELECT id FROM rye.nodes LIMIT NULL;
