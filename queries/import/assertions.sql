-- AssertionInsertStaged makes the facts of the run, the superseded ones of a history among them, and tells the standing facts
-- that they follow. These step back before the others come, which is why the others ask how many they were: there is one current
-- fact of a kind at any moment.
-- name: AssertionInsertStaged :one
WITH stepped AS (
    UPDATE rye.assertions a
    SET superseded_at = greatest(f.next_at, a.asserted_at), superseded_by = coalesce(f.successor_id, a.superseded_by)
    FROM (
        SELECT m.id, m.next_at, s.superseded_at, n.id AS successor_id
        FROM rye_import.merge_facts m
        JOIN rye_import.merge_standing s ON s.run_no = m.run_no AND s.id = m.id
        LEFT JOIN rye_import.merge_facts n ON n.run_no = m.run_no AND n.id = m.next_id AND NOT n.stands
        WHERE m.run_no = @run_no AND m.stands AND m.next_at IS NOT NULL AND (s.superseded_at IS NULL OR n.id IS NOT NULL)
    ) f
    WHERE a.id = f.id
    RETURNING f.superseded_at IS NULL AS current
), made AS (
    INSERT INTO rye.assertions (id, assertion_type, assertion_key, subject_node_id, claim, asserted_at, effective_at,
        superseded_at, superseded_by, source_event_id, confidence, attrs)
    SELECT f.id, f.assertion_type, f.assertion_key, f.subject_id,
        CASE WHEN f.prev_stage IS NULL THEN f.claim ELSE f.claim || jsonb_build_object('moved_from', f.prev_stage) END,
        f.asserted_at, f.asserted_at, CASE WHEN f.next_at IS NOT NULL THEN greatest(f.next_at, f.asserted_at) END, f.next_id, f.event_id, 1.0, f.attrs
    FROM rye_import.merge_facts f
    WHERE f.run_no = @run_no AND NOT f.stands AND f.claim IS NOT NULL AND (SELECT count(*) FROM stepped) IS NOT NULL
    RETURNING 1
)
SELECT (SELECT count(*) FROM stepped k WHERE k.current) AS superseded, (SELECT count(*) FROM made) AS created;

-- AssertionForgetAgreed forgets which facts of people the source agreed to, where the run has recorded
-- facts of its own since.
-- name: AssertionForgetAgreed :execrows
DELETE FROM rye_import.edits e USING rye_import.merge_facts f
WHERE f.run_no = @run_no AND NOT f.stands AND f.next_id IS NULL AND e.subject_id = f.subject_id
    AND e.field = 'facts.' || f.assertion_type || '.' || f.assertion_key;
