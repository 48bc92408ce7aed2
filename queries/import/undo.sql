-- UndoGather notes what the run that is taken back has put into the graph: its nodes, and whatever has the time of
-- its transaction as the time of creation. A fact that an undo has restored counts as one of the run that it is from.
-- name: UndoGather :execrows
INSERT INTO rye_import.merge_undo (run_no, relation, id)
SELECT @run_no::int, 'nodes', n.id FROM rye_import.created_nodes c JOIN rye.nodes n ON n.id = c.node_id WHERE c.run_no = @undone::int
UNION ALL
SELECT @run_no::int, 'edges', e.id FROM rye.edges e WHERE e.created_at = @merged_at::timestamptz
UNION ALL
SELECT @run_no::int, 'events', v.id FROM rye.events v WHERE v.created_at = @merged_at::timestamptz AND v.event_type <> 'import_run'
UNION ALL
SELECT @run_no::int, 'event_participants', p.id FROM rye.event_participants p WHERE p.created_at = @merged_at::timestamptz
UNION ALL
SELECT @run_no::int, 'node_merges', g.id FROM rye.node_merges g WHERE g.merged_at = @merged_at::timestamptz
UNION ALL
SELECT @run_no::int, 'assertions', a.id FROM rye.assertions a
WHERE a.created_at = @merged_at::timestamptz AND NOT coalesce(a.attrs -> 'undo' ? 'undone', false)
    OR a.attrs -> 'undo' ? 'restores' AND a.superseded_at IS NULL AND rye_import.journal_number(a.attrs -> 'import' -> 'run') = @undone::int;

-- UndoGatherJournaled notes what the run of an undo has put into the graph.
-- name: UndoGatherJournaled :execrows
INSERT INTO rye_import.merge_undo (run_no, relation, id)
SELECT @run_no::int, i.relation, i.row_key::uuid
FROM rye_import.net_images i
WHERE i.run_no = @undone::int AND i.before IS NULL AND i.after IS NOT NULL
    AND i.relation IN ('nodes', 'edges', 'events', 'event_participants', 'node_merges', 'assertions');

-- UndoAnalyze tells the planner how much there is to take back.
-- name: UndoAnalyze :exec
SELECT rye_import.analyze_undo();

-- UndoLockNodes locks the nodes that the undo takes away or changes, in the order of their ids.
-- name: UndoLockNodes :one
SELECT count(*) FROM (
    SELECT n.id FROM rye.nodes n
    WHERE n.id IN (
        SELECT u.id FROM rye_import.merge_undo u WHERE u.run_no = @run_no::int AND u.relation = 'nodes'
        UNION
        SELECT c.node_id FROM rye_import.changes c WHERE c.run_no = @undone::int)
    ORDER BY n.id
    FOR UPDATE
) locked;

-- UndoKeepChanged keeps the nodes and edges that a person or a later run has changed.
-- name: UndoKeepChanged :execrows
UPDATE rye_import.merge_undo u
SET fate = 'kept', reason = w.reason
FROM (
    SELECT e.subject_id AS id, min('edited by ' || e.edited_by) AS reason FROM rye_import.edits e GROUP BY e.subject_id
    UNION ALL
    SELECT c.node_id, min('changed by run ' || r.run_no)
    FROM rye_import.changes c JOIN rye_import.runs r ON r.run_no = c.run_no
    WHERE c.run_no > @undone::int AND c.run_no <> @run_no::int AND r.undoes IS NULL AND r.undone_by IS NULL
    GROUP BY c.node_id
    UNION ALL
    SELECT i.row_id, min('changed by run ' || r.run_no)
    FROM rye_import.images i JOIN rye_import.runs r ON r.run_no = i.run_no
    WHERE i.relation = 'edges' AND i.run_no > @undone::int AND i.run_no <> @run_no::int AND r.undoes IS NULL AND r.undone_by IS NULL
    GROUP BY i.row_id
) w
WHERE u.run_no = @run_no::int AND u.relation IN ('nodes', 'edges') AND u.id = w.id;

-- UndoKeepEdges keeps the edges of which others have said something.
-- name: UndoKeepEdges :execrows
UPDATE rye_import.merge_undo u
SET fate = 'kept', reason = 'a fact is about it'
WHERE u.run_no = @run_no AND u.relation = 'edges' AND u.fate IS NULL AND u.id IN (
    SELECT a.subject_edge_id FROM rye.assertions a
    LEFT JOIN rye_import.merge_undo f ON f.run_no = @run_no AND f.relation = 'assertions' AND f.id = a.id
    WHERE a.subject_edge_id IS NOT NULL AND f.id IS NULL);

-- UndoKeepEvents keeps the events to which others have added something.
-- name: UndoKeepEvents :execrows
UPDATE rye_import.merge_undo u
SET fate = 'kept', reason = 'something was added to it'
WHERE u.run_no = @run_no AND u.relation = 'events' AND u.id IN (
    SELECT p.event_id FROM rye.event_participants p
    LEFT JOIN rye_import.merge_undo f ON f.run_no = @run_no AND f.relation = 'event_participants' AND f.id = p.id
    WHERE f.id IS NULL
    UNION ALL
    SELECT a.source_event_id FROM rye.assertions a
    LEFT JOIN rye_import.merge_undo f ON f.run_no = @run_no AND f.relation = 'assertions' AND f.id = a.id
    WHERE a.source_event_id IS NOT NULL AND f.id IS NULL AND NOT coalesce(a.attrs -> 'undo' ? 'undone', false)
    UNION ALL
    SELECT t.source_event_id FROM rye.artifacts t WHERE t.source_event_id IS NOT NULL);

-- UndoKeepParticipants keeps the participants of the events that stay.
-- name: UndoKeepParticipants :execrows
UPDATE rye_import.merge_undo u
SET fate = 'stays'
FROM rye.event_participants p
JOIN rye_import.merge_undo v ON v.run_no = @run_no AND v.relation = 'events' AND v.id = p.event_id AND v.fate IS NOT NULL
WHERE u.run_no = @run_no AND u.relation = 'event_participants' AND u.id = p.id;

-- UndoArchiveNodes archives the nodes, instead of taking them away, on which others depend.
-- name: UndoArchiveNodes :execrows
UPDATE rye_import.merge_undo u
SET fate = 'archived', reason = w.reason
FROM (
    SELECT d.id, min(d.reason) AS reason
    FROM (
        SELECT e.source_id AS id, 'an edge leads to it' AS reason FROM rye.edges e
        LEFT JOIN rye_import.merge_undo f ON f.run_no = @run_no AND f.relation = 'edges' AND f.id = e.id
        WHERE f.id IS NULL OR f.fate IS NOT NULL
        UNION ALL
        SELECT e.target_id, 'an edge leads to it' FROM rye.edges e
        LEFT JOIN rye_import.merge_undo f ON f.run_no = @run_no AND f.relation = 'edges' AND f.id = e.id
        WHERE f.id IS NULL OR f.fate IS NOT NULL
        UNION ALL
        SELECT a.subject_node_id, 'a fact is about it' FROM rye.assertions a
        LEFT JOIN rye_import.merge_undo f ON f.run_no = @run_no AND f.relation = 'assertions' AND f.id = a.id
        WHERE f.id IS NULL AND NOT coalesce(a.attrs ? 'undo', false)
        UNION ALL
        SELECT p.node_id, 'it took part in an event' FROM rye.event_participants p
        LEFT JOIN rye_import.merge_undo f ON f.run_no = @run_no AND f.relation = 'event_participants' AND f.id = p.id
        WHERE f.id IS NULL OR f.fate IS NOT NULL
        UNION ALL
        SELECT v.actor_node_id, 'it took part in an event' FROM rye.events v
        LEFT JOIN rye_import.merge_undo f ON f.run_no = @run_no AND f.relation = 'events' AND f.id = v.id
        WHERE v.actor_node_id IS NOT NULL AND (f.id IS NULL OR f.fate IS NOT NULL)
        UNION ALL
        SELECT t.source_node_id, 'it has a document' FROM rye.artifacts t WHERE t.source_node_id IS NOT NULL
        UNION ALL
        SELECT g.duplicate_id, 'it was merged' FROM rye.node_merges g
        LEFT JOIN rye_import.merge_undo f ON f.run_no = @run_no AND f.relation = 'node_merges' AND f.id = g.id
        WHERE f.id IS NULL
        UNION ALL
        SELECT g.canonical_id, 'it was merged' FROM rye.node_merges g
        LEFT JOIN rye_import.merge_undo f ON f.run_no = @run_no AND f.relation = 'node_merges' AND f.id = g.id
        WHERE f.id IS NULL
        UNION ALL
        SELECT m.node_id, 'another record is this node' FROM rye.node_source_map m
        LEFT JOIN rye_import.objects o ON o.source = m.source_schema AND o.object = m.source_table
        LEFT JOIN rye_import.records r ON r.object_no = o.object_no AND r.legacy_id = m.source_id
        WHERE m.source_schema <> @source::text OR r.first_run_no > @undone::int
    ) d
    JOIN rye_import.merge_undo n ON n.run_no = @run_no AND n.relation = 'nodes' AND n.id = d.id
    GROUP BY d.id
) w
WHERE u.run_no = @run_no AND u.relation = 'nodes' AND u.fate IS NULL AND u.id = w.id;

-- UndoKeepChains notes the chains of facts about standing nodes that others have continued since: these stay.
-- name: UndoKeepChains :execrows
INSERT INTO rye_import.merge_undo (run_no, relation, id, fate, reason)
SELECT DISTINCT @run_no::int, 'chains', a.subject_node_id, 'kept', a.assertion_type || '/' || a.assertion_key
FROM rye_import.merge_undo u
JOIN rye.assertions f ON f.id = u.id
JOIN rye.assertions a
    ON a.subject_node_id = f.subject_node_id AND a.assertion_type = f.assertion_type AND a.assertion_key = f.assertion_key
LEFT JOIN rye_import.merge_undo k ON k.run_no = @run_no::int AND k.relation = 'assertions' AND k.id = a.id
WHERE u.run_no = @run_no::int AND u.relation = 'assertions' AND k.id IS NULL AND a.created_at > @since::timestamptz
    AND NOT a.attrs ? 'undo';

-- UndoKeepFacts keeps the facts of such chains, and those about nodes of the run that stay.
-- name: UndoKeepFacts :execrows
UPDATE rye_import.merge_undo u
SET fate = CASE WHEN n.id IS NULL THEN 'kept' ELSE 'stays' END, reason = CASE WHEN n.id IS NULL THEN 'another fact follows it' END
FROM rye.assertions a
LEFT JOIN rye_import.merge_undo n ON n.run_no = @run_no AND n.relation = 'nodes' AND n.id = a.subject_node_id AND n.fate IS NOT NULL
LEFT JOIN rye_import.merge_undo c
    ON c.run_no = @run_no AND c.relation = 'chains' AND c.id = a.subject_node_id AND c.reason = a.assertion_type || '/' || a.assertion_key
WHERE u.run_no = @run_no AND u.relation = 'assertions' AND u.fate IS NULL AND u.id = a.id AND (n.id IS NOT NULL OR c.id IS NOT NULL);

-- UndoKeepFactEvents keeps the events of the facts that stay.
-- name: UndoKeepFactEvents :execrows
UPDATE rye_import.merge_undo u
SET fate = 'stays'
FROM rye.assertions a
JOIN rye_import.merge_undo f ON f.run_no = @run_no AND f.relation = 'assertions' AND f.id = a.id AND f.fate IS NOT NULL
WHERE u.run_no = @run_no AND u.relation = 'events' AND u.id = a.source_event_id AND u.fate IS NULL;

-- UndoPutBack puts the rows of a table back that the run took away.
-- name: UndoPutBack :one
SELECT rye_import.put_back(@undone::int, @relation::text)::bigint AS rows;

-- UndoKeepFields notes the fields of standing nodes that are no longer as the run left them: they stay.
-- name: UndoKeepFields :execrows
INSERT INTO rye_import.merge_undo (run_no, relation, id, fate, reason)
SELECT @run_no::int, 'fields', f.node_id, 'kept', f.field
FROM rye_import.net_fields f
JOIN rye.nodes n ON n.id = f.node_id
LEFT JOIN rye_import.merge_undo u ON u.run_no = @run_no::int AND u.relation = 'nodes' AND u.id = f.node_id
WHERE f.run_no = @undone::int AND u.id IS NULL AND f.before IS DISTINCT FROM f.after
    AND f.after IS DISTINCT FROM CASE
        WHEN f.field = 'label' THEN to_jsonb(n.label)
        WHEN f.field = 'archived' THEN to_jsonb(n.archived_at IS NOT NULL)
        ELSE n.properties -> substring(f.field FROM 12) END;

-- UndoNodes gives standing nodes the values back that they had before the run.
-- name: UndoNodes :execrows
UPDATE rye.nodes n
SET label = CASE WHEN b.has_label THEN b.label ELSE n.label END,
    archived_at = CASE WHEN b.has_archived THEN b.archived_at ELSE n.archived_at END,
    properties = (n.properties - b.removed) || b.properties
FROM (
    SELECT f.node_id,
        coalesce(bool_or(f.field = 'label'), false) AS has_label,
        max(f.before #>> '{}') FILTER (WHERE f.field = 'label') AS label,
        coalesce(bool_or(f.field = 'archived'), false) AS has_archived,
        max((f.before #>> '{}')::timestamptz) FILTER (WHERE f.field = 'archived') AS archived_at,
        coalesce(array_agg(substring(f.field FROM 12)) FILTER (WHERE f.field LIKE 'properties.%' AND f.before IS NULL), '{}') AS removed,
        coalesce(jsonb_object_agg(substring(f.field FROM 12), f.before)
            FILTER (WHERE f.field LIKE 'properties.%' AND f.before IS NOT NULL), '{}') AS properties
    FROM rye_import.net_fields f
    LEFT JOIN rye_import.merge_undo u
        ON u.run_no = @run_no::int AND u.id = f.node_id AND (u.relation = 'nodes' OR u.relation = 'fields' AND u.reason = f.field)
    WHERE f.run_no = @undone::int AND u.id IS NULL AND f.before IS DISTINCT FROM f.after
    GROUP BY f.node_id
) b
WHERE n.id = b.node_id;

-- UndoEditBases lets the edits that stay be edits of what stood before the run.
-- name: UndoEditBases :execrows
UPDATE rye_import.edits e
SET base = f.before
FROM rye_import.net_fields f
JOIN rye_import.merge_undo u ON u.run_no = @run_no::int AND u.relation = 'fields' AND u.id = f.node_id AND u.reason = f.field
WHERE f.run_no = @undone::int AND f.field <> 'archived' AND e.subject_id = f.node_id AND e.field = f.field
    AND e.base IS NOT DISTINCT FROM f.after;

-- UndoEdges gives standing edges back what they were before the run: those that it ended are open again. What is
-- no longer as the run left it stays.
-- name: UndoEdges :execrows
UPDATE rye.edges e
SET effective_from = CASE WHEN to_jsonb(e) -> 'effective_from' = i.after -> 'effective_from' THEN (i.before ->> 'effective_from')::timestamptz ELSE e.effective_from END,
    effective_to = CASE WHEN to_jsonb(e) -> 'effective_to' = i.after -> 'effective_to' THEN (i.before ->> 'effective_to')::timestamptz ELSE e.effective_to END,
    archived_at = CASE WHEN to_jsonb(e) -> 'archived_at' = i.after -> 'archived_at' THEN (i.before ->> 'archived_at')::timestamptz ELSE e.archived_at END,
    source_id = CASE WHEN e.source_id = (i.after ->> 'source_id')::uuid THEN (i.before ->> 'source_id')::uuid ELSE e.source_id END,
    target_id = CASE WHEN e.target_id = (i.after ->> 'target_id')::uuid THEN (i.before ->> 'target_id')::uuid ELSE e.target_id END,
    properties = CASE WHEN e.properties = i.after -> 'properties' THEN i.before -> 'properties' ELSE e.properties END,
    attrs = CASE WHEN e.attrs = i.after -> 'attrs' THEN i.before -> 'attrs' ELSE e.attrs END
FROM rye_import.net_images i
WHERE i.run_no = @undone AND i.relation = 'edges' AND i.before IS NOT NULL AND i.after IS NOT NULL AND i.before <> i.after
    AND e.id = i.row_key::uuid
    AND EXISTS (SELECT FROM rye.nodes n WHERE n.id = (i.before ->> 'source_id')::uuid)
    AND EXISTS (SELECT FROM rye.nodes n WHERE n.id = (i.before ->> 'target_id')::uuid)
    AND NOT EXISTS (SELECT FROM rye_import.merge_undo u WHERE u.run_no = @run_no AND u.relation = 'edges' AND u.id = e.id);

-- UndoKeepEdgeFields notes the standing edges that are no longer as the run left them.
-- name: UndoKeepEdgeFields :execrows
INSERT INTO rye_import.merge_undo (run_no, relation, id, fate, reason)
SELECT @run_no::int, 'edge', e.id, 'kept', 'changed since'
FROM rye_import.net_images i
JOIN rye.edges e ON e.id = i.row_key::uuid
WHERE i.run_no = @undone::int AND i.relation = 'edges' AND i.before IS NOT NULL AND i.after IS NOT NULL AND i.before <> i.after
    AND to_jsonb(e) <> i.after
    AND NOT EXISTS (SELECT FROM rye_import.merge_undo u WHERE u.run_no = @run_no::int AND u.relation = 'edges' AND u.id = e.id);

-- UndoArtifacts gives documents back to the nodes that they belonged to.
-- name: UndoArtifacts :execrows
UPDATE rye.artifacts t
SET source_node_id = (i.before ->> 'source_node_id')::uuid,
    related_node_ids = CASE WHEN i.before -> 'related_node_ids' = 'null' THEN NULL
        ELSE ARRAY(SELECT x.id::uuid FROM jsonb_array_elements_text(i.before -> 'related_node_ids') AS x (id)) END
FROM rye_import.net_images i
WHERE i.run_no = @undone AND i.relation = 'artifacts' AND i.before IS NOT NULL AND i.after IS NOT NULL AND t.id = i.row_key::uuid
    AND to_jsonb(t) = i.after;

-- UndoFactsStepBack lets the run's facts about standing nodes be current no longer, and lets nothing that stays name them as its
-- successor. Those about the run's own nodes are deleted as they are.
-- name: UndoFactsStepBack :execrows
UPDATE rye.assertions a
SET superseded_at = coalesce(a.superseded_at, a.asserted_at),
    superseded_by = CASE WHEN a.superseded_by IN (
        SELECT u.id FROM rye_import.merge_undo u WHERE u.run_no = @run_no AND u.relation = 'assertions' AND u.fate IS NULL)
        THEN NULL ELSE a.superseded_by END
WHERE (a.id IN (SELECT u.id FROM rye_import.merge_undo u WHERE u.run_no = @run_no AND u.relation = 'assertions' AND u.fate IS NULL)
        AND (a.superseded_at IS NULL OR a.superseded_by IS NOT NULL)
        OR a.superseded_by IN (SELECT u.id FROM rye_import.merge_undo u WHERE u.run_no = @run_no AND u.relation = 'assertions' AND u.fate IS NULL))
    AND NOT (
        a.id IN (SELECT u.id FROM rye_import.merge_undo u WHERE u.run_no = @run_no AND u.relation = 'assertions' AND u.fate IS NULL)
        AND coalesce(a.subject_node_id IN (SELECT n.id FROM rye_import.merge_undo n WHERE n.run_no = @run_no AND n.relation = 'nodes'), false));

-- UndoFactsRestoreHistory gives facts of the past their end back, between which the run had put others.
-- name: UndoFactsRestoreHistory :execrows
UPDATE rye.assertions a
SET superseded_at = (i.before ->> 'superseded_at')::timestamptz, superseded_by = (i.before ->> 'superseded_by')::uuid
FROM rye_import.net_images i
WHERE i.run_no = @undone AND i.relation = 'assertions' AND i.before IS NOT NULL AND i.after IS NOT NULL AND a.id = i.row_key::uuid
    AND (i.before ->> 'superseded_at' IS NOT NULL OR @journaled::boolean)
    AND NOT coalesce(a.attrs -> 'undo' ? 'undone', false)
    AND NOT EXISTS (SELECT FROM rye_import.merge_undo u WHERE u.run_no = @run_no AND u.relation = 'assertions' AND u.id = a.id)
    AND NOT EXISTS (
        SELECT FROM rye_import.merge_undo c
        WHERE c.run_no = @run_no AND c.relation = 'chains' AND c.id = a.subject_node_id AND c.reason = a.assertion_type || '/' || a.assertion_key);

-- UndoFactsReopen lets facts be current again that were asserted anew of another node when theirs was merged into it:
-- nothing else was said in their place.
-- name: UndoFactsReopen :execrows
UPDATE rye.assertions a
SET superseded_at = NULL, superseded_by = NULL
FROM rye_import.net_images i
JOIN rye.assertions f ON f.id = (i.after ->> 'superseded_by')::uuid
WHERE i.run_no = @undone AND i.relation = 'assertions' AND i.before IS NOT NULL AND a.id = i.row_key::uuid
    AND i.before ->> 'superseded_at' IS NULL AND i.after ->> 'superseded_at' IS NOT NULL AND f.subject_node_id <> a.subject_node_id
    AND NOT EXISTS (SELECT FROM rye_import.merge_undo u WHERE u.run_no = @run_no AND u.relation = 'assertions' AND u.id = a.id)
    AND NOT EXISTS (
        SELECT FROM rye_import.merge_undo c
        WHERE c.run_no = @run_no AND c.relation = 'chains' AND c.id = a.subject_node_id AND c.reason = a.assertion_type || '/' || a.assertion_key)
    AND NOT EXISTS (
        SELECT FROM rye.assertions c
        WHERE c.subject_node_id = a.subject_node_id AND c.subject_edge_id IS NOT DISTINCT FROM a.subject_edge_id
            AND c.assertion_type = a.assertion_type AND c.assertion_key = a.assertion_key AND c.superseded_at IS NULL);

-- UndoFactsRestoreCurrent asserts anew what was current before the run superseded it. It holds since the run's own fact did.
-- name: UndoFactsRestoreCurrent :execrows
WITH stood AS (
    SELECT a.*, gen_random_uuid() AS new_id
    FROM rye_import.net_images i
    JOIN rye.assertions a ON a.id = i.row_key::uuid
    WHERE i.run_no = @undone::int AND i.relation = 'assertions' AND i.before IS NOT NULL AND i.after IS NOT NULL
        AND i.before ->> 'superseded_at' IS NULL AND i.after ->> 'superseded_at' IS NOT NULL
        AND NOT EXISTS (SELECT FROM rye_import.merge_undo u WHERE u.run_no = @run_no::int AND u.relation = 'assertions' AND u.id = a.id)
        AND NOT EXISTS (
            SELECT FROM rye_import.merge_undo c
            WHERE c.run_no = @run_no::int AND c.relation = 'chains' AND c.id = a.subject_node_id AND c.reason = a.assertion_type || '/' || a.assertion_key)
        AND NOT EXISTS (
            SELECT FROM rye.assertions c
            WHERE c.subject_node_id = a.subject_node_id AND c.subject_edge_id IS NOT DISTINCT FROM a.subject_edge_id
                AND c.assertion_type = a.assertion_type AND c.assertion_key = a.assertion_key AND c.superseded_at IS NULL)
), restored AS (
    INSERT INTO rye.assertions (id, assertion_type, assertion_key, subject_node_id, subject_edge_id, claim, asserted_at, effective_at,
        source_event_id, confidence, attrs)
    SELECT s.new_id, s.assertion_type, s.assertion_key, s.subject_node_id, s.subject_edge_id, s.claim, greatest(s.superseded_at, s.asserted_at), s.effective_at,
        s.source_event_id, s.confidence, s.attrs || jsonb_build_object('undo', jsonb_build_object('run', @run_no::int, 'restores', s.id))
    FROM stood s
    RETURNING *
), noted AS (
    INSERT INTO rye_import.images (run_no, relation, row_id, row_key, after)
    SELECT @run_no::int, 'assertions', r.id, r.id::text, to_jsonb(r) FROM restored r
)
UPDATE rye.assertions a SET superseded_by = s.new_id FROM stood s WHERE a.id = s.id;

-- UndoFactsMark leaves the run's facts about standing nodes where they are, as what was asserted once, marked as
-- undone and without the event that goes. An assertion cannot be changed: it is taken out and put in again.
-- name: UndoFactsMark :execrows
WITH gone AS (
    DELETE FROM rye.assertions a
    USING rye_import.merge_undo u
    WHERE u.run_no = @run_no::int AND u.relation = 'assertions' AND u.fate IS NULL AND a.id = u.id
        AND NOT EXISTS (SELECT FROM rye_import.merge_undo n WHERE n.run_no = @run_no::int AND n.relation = 'nodes' AND n.id = a.subject_node_id)
    RETURNING a.*
)
INSERT INTO rye.assertions (id, assertion_type, assertion_key, subject_node_id, subject_edge_id, claim, asserted_at, effective_at,
    superseded_at, confidence, attrs, created_at)
SELECT g.id, g.assertion_type, g.assertion_key, g.subject_node_id,
    CASE WHEN EXISTS (SELECT FROM rye_import.merge_undo e WHERE e.run_no = @run_no::int AND e.relation = 'edges' AND e.fate IS NULL AND e.id = g.subject_edge_id)
        THEN NULL ELSE g.subject_edge_id END,
    g.claim, g.asserted_at, g.effective_at, g.asserted_at, g.confidence,
    g.attrs || jsonb_build_object('undo', jsonb_build_object('run', @run_no::int, 'undone', true)), g.created_at
FROM gone g;

-- UndoFactsNoteMarked notes that the undo has put in what UndoFactsMark marks. It is a statement of its own, since what
-- that takes out is noted at its end.
-- name: UndoFactsNoteMarked :execrows
INSERT INTO rye_import.images (run_no, relation, row_id, row_key, after)
SELECT @run_no::int, 'assertions', a.id, a.id::text, to_jsonb(a)
FROM rye_import.merge_undo u
JOIN rye.assertions a ON a.id = u.id
WHERE u.run_no = @run_no::int AND u.relation = 'assertions' AND u.fate IS NULL AND coalesce(a.attrs -> 'undo' ? 'undone', false);

-- UndoFactsDelete takes the run's facts away: those about nodes that go, and those that an undo has restored.
-- name: UndoFactsDelete :execrows
DELETE FROM rye.assertions a
USING rye_import.merge_undo u
WHERE u.run_no = @run_no AND u.relation = 'assertions' AND u.fate IS NULL AND a.id = u.id
    AND (@journaled::boolean
        OR EXISTS (SELECT FROM rye_import.merge_undo n WHERE n.run_no = @run_no AND n.relation = 'nodes' AND n.id = a.subject_node_id));

-- UndoFactsUnmark takes out what an undo has marked as undone, so that it can be put back as it was.
-- name: UndoFactsUnmark :execrows
DELETE FROM rye.assertions a
USING rye_import.net_images i
WHERE i.run_no = @undone AND i.relation = 'assertions' AND i.before IS NOT NULL AND i.after IS NOT NULL AND a.id = i.row_key::uuid
    AND a.attrs -> 'undo' ? 'undone'
    AND NOT EXISTS (
        SELECT FROM rye_import.merge_undo c
        WHERE c.run_no = @run_no AND c.relation = 'chains' AND c.id = a.subject_node_id AND c.reason = a.assertion_type || '/' || a.assertion_key);

-- UndoCrosswalkRestore gives records back the nodes that they were before the run merged these.
-- name: UndoCrosswalkRestore :execrows
UPDATE rye.node_source_map m
SET node_id = (i.before ->> 'node_id')::uuid
FROM rye_import.net_images i
WHERE i.run_no = @undone AND i.relation = 'node_source_map' AND i.before IS NOT NULL AND i.after IS NOT NULL
    AND m.source_schema = i.before ->> 'source_schema' AND m.source_table = i.before ->> 'source_table' AND m.source_id = i.before ->> 'source_id'
    AND m.node_id = (i.after ->> 'node_id')::uuid;

-- UndoCodesKeep keeps the codes of the nodes that go for their records.
-- name: UndoCodesKeep :execrows
INSERT INTO rye_import.kept_codes (object_no, legacy_id, code, run_no)
SELECT o.object_no, m.source_id, n.properties ->> 'code', @run_no::int
FROM rye_import.merge_undo u
JOIN rye.nodes n ON n.id = u.id AND n.external_source = 'internal' AND n.properties ->> 'code' = n.external_id
JOIN rye.node_source_map m ON m.node_id = u.id
JOIN rye_import.objects o ON o.source = m.source_schema AND o.object = m.source_table
WHERE u.run_no = @run_no::int AND u.relation = 'nodes' AND u.fate IS NULL AND n.node_type <> 'pipeline'
ON CONFLICT (object_no, legacy_id) DO UPDATE SET code = excluded.code, run_no = excluded.run_no;

-- UndoCodesForget forgets the codes that nodes carry again.
-- name: UndoCodesForget :execrows
DELETE FROM rye_import.kept_codes k
USING rye_import.objects o, rye.node_source_map m
WHERE k.run_no = @undone AND o.object_no = k.object_no
    AND m.source_schema = o.source AND m.source_table = o.object AND m.source_id = k.legacy_id COLLATE "default";

-- UndoCrosswalkDelete takes the keys of nodes that go away, and those that the run gave to standing nodes; not of
-- records that a later run has met changed.
-- name: UndoCrosswalkDelete :execrows
DELETE FROM rye.node_source_map m
WHERE m.node_id IN (SELECT u.id FROM rye_import.merge_undo u WHERE u.run_no = @run_no AND u.relation = 'nodes' AND u.fate IS NULL)
    OR m.source_schema = @source::text AND m.synced_at = @merged_at::timestamptz
    AND m.node_id NOT IN (SELECT u.id FROM rye_import.merge_undo u WHERE u.run_no = @run_no AND u.relation = 'nodes')
    AND NOT EXISTS (
        SELECT FROM rye_import.objects o JOIN rye_import.records r ON r.object_no = o.object_no
        WHERE o.source = m.source_schema AND o.object = m.source_table AND r.legacy_id = m.source_id
            AND (r.run_no > @undone::int OR r.first_run_no <> @undone::int))
    OR EXISTS (
        SELECT FROM rye_import.net_images i
        WHERE i.run_no = @undone::int AND i.relation = 'node_source_map' AND i.before IS NULL AND i.after = to_jsonb(m));

-- UndoParticipantsRestore gives participations back to the nodes that they were of.
-- name: UndoParticipantsRestore :execrows
UPDATE rye.event_participants p
SET node_id = (i.before ->> 'node_id')::uuid
FROM rye_import.net_images i
WHERE i.run_no = @undone AND i.relation = 'event_participants' AND i.before IS NOT NULL AND i.after IS NOT NULL
    AND p.id = i.row_key::uuid AND to_jsonb(p) = i.after
    AND EXISTS (SELECT FROM rye.nodes n WHERE n.id = (i.before ->> 'node_id')::uuid);

-- UndoParticipantsDelete takes the run's participants away, and all of the events that go.
-- name: UndoParticipantsDelete :execrows
DELETE FROM rye.event_participants p
WHERE p.id IN (SELECT u.id FROM rye_import.merge_undo u WHERE u.run_no = @run_no AND u.relation = 'event_participants' AND u.fate IS NULL);

-- UndoMergesDelete forgets the merges that the run made.
-- name: UndoMergesDelete :execrows
DELETE FROM rye.node_merges g
WHERE g.id IN (SELECT u.id FROM rye_import.merge_undo u WHERE u.run_no = @run_no AND u.relation = 'node_merges' AND u.fate IS NULL);

-- UndoEventsDelete takes the run's events away.
-- name: UndoEventsDelete :execrows
DELETE FROM rye.events e
WHERE e.id IN (SELECT u.id FROM rye_import.merge_undo u WHERE u.run_no = @run_no AND u.relation = 'events' AND u.fate IS NULL);

-- UndoEdgesDelete takes the run's edges away.
-- name: UndoEdgesDelete :execrows
DELETE FROM rye.edges e
WHERE e.id IN (SELECT u.id FROM rye_import.merge_undo u WHERE u.run_no = @run_no AND u.relation = 'edges' AND u.fate IS NULL);

-- UndoNodesDelete takes the run's nodes away.
-- name: UndoNodesDelete :execrows
DELETE FROM rye.nodes n
WHERE n.id IN (SELECT u.id FROM rye_import.merge_undo u WHERE u.run_no = @run_no AND u.relation = 'nodes' AND u.fate IS NULL);

-- UndoNodesArchive archives the run's nodes on which others depend.
-- name: UndoNodesArchive :execrows
UPDATE rye.nodes n
SET archived_at = now()
WHERE n.archived_at IS NULL
    AND n.id IN (SELECT u.id FROM rye_import.merge_undo u WHERE u.run_no = @run_no AND u.relation = 'nodes' AND u.fate = 'archived');

-- UndoRecordsDelete forgets the records that the run met first and of which nothing is left.
-- name: UndoRecordsDelete :execrows
DELETE FROM rye_import.records r
USING rye_import.objects o
WHERE o.object_no = r.object_no AND o.source = @source AND r.first_run_no = @undone::int
    AND NOT EXISTS (
        SELECT FROM rye.node_source_map m
        WHERE m.source_schema = o.source AND m.source_table = o.object AND m.source_id = r.legacy_id COLLATE "default")
    AND (r.target_id IS NULL OR NOT EXISTS (SELECT FROM rye.events e WHERE e.id = r.target_id)
        AND NOT EXISTS (SELECT FROM rye.edges e WHERE e.id = r.target_id)
        AND NOT EXISTS (SELECT FROM rye.event_participants p WHERE p.id = r.target_id));

-- UndoRecordsDeleteJournaled forgets the records that the run of an undo has put back.
-- name: UndoRecordsDeleteJournaled :execrows
DELETE FROM rye_import.records r
USING rye_import.net_images i
WHERE i.run_no = @undone AND i.relation = 'records' AND i.before IS NULL AND i.after IS NOT NULL
    AND r.object_no = (i.after ->> 'object_no')::int AND r.legacy_id = i.after ->> 'legacy_id' AND to_jsonb(r) = i.after;

-- UndoRecordsReset lets the records of archived nodes come back when they are met again, and those of nodes that stay
-- say again what went.
-- name: UndoRecordsReset :execrows
UPDATE rye_import.records r
SET archived = CASE WHEN u.fate = 'archived' THEN 'undone' ELSE r.archived END, content_hash = '00000000-0000-0000-0000-000000000000'
FROM rye_import.merge_undo u
JOIN rye.node_source_map m ON m.node_id = u.id
JOIN rye_import.objects o ON o.source = m.source_schema AND o.object = m.source_table
WHERE u.run_no = @run_no AND u.relation = 'nodes' AND u.fate IS NOT NULL
    AND r.object_no = o.object_no AND r.legacy_id = m.source_id COLLATE "C" AND (r.first_run_no = @undone::int OR u.fate = 'kept');

-- UndoRecords lets records be what they were before the run, unless a later one has met them changed.
-- name: UndoRecords :execrows
UPDATE rye_import.records r
SET content_hash = (i.before ->> 'content_hash')::uuid, target_id = (i.before ->> 'target_id')::uuid, archived = i.before ->> 'archived',
    run_no = (i.before ->> 'run_no')::int, file_no = (i.before ->> 'file_no')::int, line = (i.before ->> 'line')::int
FROM rye_import.net_images i
WHERE i.run_no = @undone AND i.relation = 'records' AND i.before IS NOT NULL AND i.after IS NOT NULL
    AND r.object_no = (i.before ->> 'object_no')::int AND r.legacy_id = i.before ->> 'legacy_id' AND to_jsonb(r) = i.after;

-- UndoDeferredDelete forgets what the run left waiting.
-- name: UndoDeferredDelete :execrows
DELETE FROM rye_import.deferred d
USING rye_import.objects o
WHERE o.object_no = d.object_no AND o.source = @source AND (d.run_no = @undone::int OR @journaled::boolean AND EXISTS (
    SELECT FROM rye_import.net_images i
    WHERE i.run_no = @undone::int AND i.relation = 'deferred' AND i.before IS NULL AND (i.after ->> 'deferred_no')::bigint = d.deferred_no));

-- UndoNamesDelete forgets the names that records took in the run, or that it put back as the run of an undo; not those
-- of records that a later run has met changed, or whose nodes stay.
-- name: UndoNamesDelete :execrows
DELETE FROM rye_import.names k
WHERE k.run_no = @undone::int
    AND NOT EXISTS (
        SELECT FROM rye_import.records r WHERE r.object_no = k.object_no AND r.legacy_id = k.legacy_id AND r.run_no >= @undone::int)
    AND NOT EXISTS (
        SELECT FROM rye_import.objects o
        JOIN rye.node_source_map m
            ON m.source_schema = o.source AND m.source_table = o.object AND m.source_id = k.legacy_id COLLATE "default"
        JOIN rye_import.merge_undo u ON u.run_no = @run_no::int AND u.relation = 'nodes' AND u.id = m.node_id AND u.fate IS NOT NULL
        WHERE o.object_no = k.object_no)
    OR EXISTS (
        SELECT FROM rye_import.net_images i
        WHERE i.run_no = @undone::int AND i.relation = 'names' AND i.before IS NULL AND i.after = to_jsonb(k));

-- UndoCounts counts what became of the run's rows.
-- name: UndoCounts :many
SELECT relation, coalesce(fate, 'gone')::text AS fate, count(*) AS rows
FROM rye_import.merge_undo
WHERE run_no = @run_no
GROUP BY 1, 2
ORDER BY 1, 2;

-- UndoListKept gives what the undo left, and why.
-- name: UndoListKept :many
SELECT u.relation, u.fate::text AS fate, coalesce(u.reason, '')::text AS reason,
    coalesce(n.properties ->> 'code', s.properties ->> 'code', '')::text AS code,
    coalesce(n.label, s.label, v.summary, '')::text AS label,
    coalesce(e.edge_type, v.event_type, a.assertion_type, '')::text AS kind
FROM rye_import.merge_undo u
LEFT JOIN rye.nodes n ON u.relation IN ('nodes', 'fields', 'chains') AND n.id = u.id
LEFT JOIN rye.edges e ON u.relation IN ('edges', 'edge') AND e.id = u.id
LEFT JOIN rye.events v ON u.relation = 'events' AND v.id = u.id
LEFT JOIN rye.assertions a ON u.relation = 'assertions' AND a.id = u.id
LEFT JOIN rye.nodes s ON s.id = coalesce(e.source_id, a.subject_node_id)
WHERE u.run_no = @run_no AND u.fate IN ('kept', 'archived') AND u.relation <> 'assertions'
ORDER BY u.relation, 4, 5, 3
LIMIT @max_rows;

-- UndoConflictsDelete forgets the conflicts that the run met first, or that it put back as the run of an undo.
-- name: UndoConflictsDelete :execrows
DELETE FROM rye_import.conflicts c
WHERE c.first_run_no = @undone
    OR rye_import.row_key(to_jsonb(c)) IN (
        SELECT i.row_key FROM rye_import.net_images i
        WHERE i.run_no = @undone AND i.relation = 'conflicts' AND i.before IS NULL AND i.after IS NOT NULL);

-- UndoConflicts lets conflicts be what they were before the run, where they are as it left them.
-- name: UndoConflicts :execrows
UPDATE rye_import.conflicts c
SET subject_id = b.subject_id, base = b.base, held = b.held, incoming = b.incoming, staged = b.staged, edited_by = b.edited_by,
    edited_at = b.edited_at, state = b.state, run_no = b.run_no, file_no = b.file_no, line = b.line
FROM rye_import.net_images i
CROSS JOIN LATERAL jsonb_populate_record(NULL::rye_import.conflicts, i.before) b
WHERE i.run_no = @undone AND i.relation = 'conflicts' AND i.before IS NOT NULL AND i.after IS NOT NULL
    AND i.row_key = rye_import.row_key(to_jsonb(c)) AND i.after = to_jsonb(c)
    AND NOT EXISTS (
        SELECT FROM rye_import.conflicts k
        WHERE k.conflict_no <> c.conflict_no AND k.object_no = b.object_no AND k.legacy_id = b.legacy_id AND k.subject_id = b.subject_id AND k.field = b.field);

-- UndoEdits lets edits be what they were before the run, where they are as it left them: of the node whose they were
-- before a merge.
-- name: UndoEdits :execrows
UPDATE rye_import.edits e
SET subject_id = b.subject_id, base = b.base
FROM rye_import.net_images i
CROSS JOIN LATERAL jsonb_populate_record(NULL::rye_import.edits, i.before) b
WHERE i.run_no = @undone AND i.relation = 'edits' AND i.before IS NOT NULL AND i.after IS NOT NULL AND i.after = to_jsonb(e)
    AND (b.subject_id = e.subject_id OR NOT EXISTS (
        SELECT FROM rye_import.edits k WHERE k.subject_id = b.subject_id AND k.field = b.field));

-- UndoEditsDelete forgets the edits that the run noted or put back, where they are as it left them.
-- name: UndoEditsDelete :execrows
DELETE FROM rye_import.edits e
USING rye_import.net_images i
WHERE i.run_no = @undone AND i.relation = 'edits' AND i.before IS NULL AND i.after IS NOT NULL
    AND i.row_key = rye_import.row_key(to_jsonb(e)) AND i.after = to_jsonb(e);
