-- AssertionCloseStaged lets the standing facts step back that the run's facts follow, before these
-- come: there is one current fact of a kind at any moment.
-- name: AssertionCloseStaged :execrows
UPDATE rye.assertions a
SET superseded_at = greatest(f.next_at, a.asserted_at)
FROM rye_import.merge_facts f
WHERE f.run_no = @run_no AND f.stands AND a.id = f.id AND a.superseded_at IS NULL AND f.next_at IS NOT NULL;

-- AssertionInsertStaged makes the facts of the run, the superseded ones of a history among them.
-- name: AssertionInsertStaged :execrows
INSERT INTO rye.assertions (id, assertion_type, assertion_key, subject_node_id, claim, asserted_at, effective_at,
    superseded_at, superseded_by, source_event_id, confidence, attrs)
SELECT f.id, f.assertion_type, f.assertion_key, f.subject_id,
    CASE WHEN f.prev_stage IS NULL THEN f.claim ELSE f.claim || jsonb_build_object('moved_from', f.prev_stage) END,
    f.asserted_at, f.asserted_at, CASE WHEN f.next_at IS NOT NULL THEN greatest(f.next_at, f.asserted_at) END, f.next_id, f.event_id, 1.0,
    rye_import.origin(s.run_no, s.file_no, s.line, o.object, s.legacy_id, f.slot, @started_at::timestamptz)
FROM rye_import.merge_facts f
JOIN rye_import.staging_records s ON s.run_no = f.run_no AND s.rec = f.rec
JOIN rye_import.objects o ON o.object_no = s.object_no
WHERE f.run_no = @run_no AND NOT f.stands AND f.claim IS NOT NULL;

-- AssertionSetSuccessors tells the standing facts what follows them now.
-- name: AssertionSetSuccessors :execrows
UPDATE rye.assertions a
SET superseded_at = greatest(f.next_at, a.asserted_at), superseded_by = f.next_id
FROM rye_import.merge_facts f
WHERE f.run_no = @run_no AND f.stands AND a.id = f.id AND f.next_at IS NOT NULL
    AND EXISTS (
        SELECT FROM rye_import.merge_facts n WHERE n.run_no = f.run_no AND n.id = f.next_id AND NOT n.stands);

-- AssertionForgetAgreed forgets which facts of people the source agreed to, where the run has recorded
-- facts of its own since.
-- name: AssertionForgetAgreed :execrows
DELETE FROM rye_import.edits e USING rye_import.merge_facts f
WHERE f.run_no = @run_no AND NOT f.stands AND f.next_id IS NULL AND e.subject_id = f.subject_id
    AND e.field = 'facts.' || f.assertion_type || '.' || f.assertion_key;
