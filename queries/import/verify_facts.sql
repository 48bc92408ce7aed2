-- VerifyListFacts gives all that facts of some kinds have ever said about nodes, in the order of time. Of
-- the event behind a fact it tells what the importer itself made: the time of a move that no record tells. What an undo has
-- restored is true since before it was asserted anew.
-- name: VerifyListFacts :many
SELECT a.id, a.assertion_type, a.assertion_key, a.subject_node_id, a.claim, a.asserted_at, a.effective_at, a.superseded_at, a.superseded_by,
    (a.attrs ? 'undo')::boolean AS restored,
    coalesce(a.attrs -> 'import' ->> 'record', '')::text AS record,
    coalesce(rye_import.journal_number(a.attrs -> 'import' -> 'run'), 0)::int AS run_no,
    (NOT a.attrs ? 'import')::boolean AS personal, a.created_at,
    v.occurred_at AS moved_at, coalesce(v.properties ->> 'to_stage', '')::text AS moved_to,
    EXISTS (
        SELECT FROM rye.event_participants p WHERE p.event_id = v.id AND p.node_id = a.subject_node_id AND p.role = 'subject'
    ) AS moved
FROM (
    SELECT DISTINCT k.node_id, k.assertion_type, k.assertion_key
    FROM (
        SELECT unnest(@node_ids::uuid[]) AS node_id, unnest(@assertion_types::text[]) AS assertion_type, unnest(@assertion_keys::text[]) AS assertion_key
    ) k
) g
JOIN rye.assertions a
    ON a.subject_node_id = g.node_id AND a.assertion_type = g.assertion_type AND a.assertion_key = g.assertion_key AND a.subject_edge_id IS NULL
    AND NOT coalesce(a.attrs -> 'undo' ? 'undone', false)
LEFT JOIN rye.events v
    ON v.id = a.source_event_id AND v.event_type = 'stage_change' AND v.attrs -> 'import' ->> 'column' IS NOT NULL
    AND v.attrs -> 'import' ->> 'record' = a.attrs -> 'import' ->> 'record'
ORDER BY a.subject_node_id, a.assertion_type, a.assertion_key, a.asserted_at, a.superseded_at NULLS LAST, a.id;
