-- PlanPartInsertChanges adds what changes in nodes to the line of the record that says it, or else of one of the
-- node's.
-- name: PlanPartInsertChanges :execrows
INSERT INTO rye_import.plan_parts (run_no, rec, part, n, detail)
SELECT c.run_no, coalesce(m.rec, l.rec), 10, c.change_no, jsonb_build_object('before', c.before, 'after', c.after)
FROM rye_import.changes c
LEFT JOIN rye_import.merge_nodes m ON m.run_no = c.run_no AND m.node_id = c.node_id
LEFT JOIN (
    SELECT p.node_id, min(p.rec) AS rec FROM rye_import.plan_lines p WHERE p.run_no = @run_no GROUP BY p.node_id
) l ON l.node_id = c.node_id
WHERE c.run_no = @run_no AND coalesce(m.rec, l.rec) IS NOT NULL;

-- PlanPartInsertOpened adds the new edges.
-- name: PlanPartInsertOpened :execrows
INSERT INTO rye_import.plan_parts (run_no, rec, part, n, detail)
SELECT l.run_no, l.rec, 20, row_number() OVER (PARTITION BY l.rec ORDER BY m.edge_type, m.slot, m.rank, x.from, x.to),
    jsonb_build_object('type', m.edge_type, 'action', 'opened', 'from', x.from, 'to', x.to, 'since', e.effective_from, 'until', e.effective_to,
        'new', e.properties)
FROM rye_import.merge_edges m
JOIN rye.edges e ON e.id = m.id
JOIN rye_import.staging_records s ON s.run_no = m.run_no AND s.rec = m.rec
JOIN rye_import.plan_lines l ON l.run_no = s.run_no AND l.object_no = s.object_no AND l.legacy_id = s.legacy_id
JOIN rye.nodes a ON a.id = m.source_id
JOIN rye.nodes b ON b.id = m.target_id
CROSS JOIN LATERAL (
    SELECT coalesce(a.properties ->> 'code', a.label, a.id::text) AS "from", coalesce(b.properties ->> 'code', b.label, b.id::text) AS "to"
) x
WHERE m.run_no = @run_no AND m.outcome IN ('new', 'ended');

-- PlanPartInsertEdges adds the edges that end or otherwise change, to the line of the record that made them.
-- name: PlanPartInsertEdges :execrows
INSERT INTO rye_import.plan_parts (run_no, rec, part, n, detail)
SELECT l.run_no, l.rec, 21,
    row_number() OVER (PARTITION BY l.rec ORDER BY i.before ->> 'edge_type', i.before ->> 'effective_from', a.properties ->> 'code', b.properties ->> 'code',
        i.image_no),
    jsonb_build_object('type', i.before ->> 'edge_type',
        'action', CASE WHEN i.before ->> 'effective_to' IS NULL AND i.after ->> 'effective_to' IS NOT NULL THEN 'closed' ELSE 'updated' END,
        'from', coalesce(a.properties ->> 'code', a.label, a.id::text), 'to', coalesce(b.properties ->> 'code', b.label, b.id::text),
        'since', i.after -> 'effective_from', 'until', i.after -> 'effective_to')
    || CASE WHEN i.before -> 'properties' = i.after -> 'properties' THEN '{}'
        ELSE jsonb_build_object('old', i.before -> 'properties', 'new', i.after -> 'properties') END
FROM rye_import.images i
JOIN rye_import.objects o ON o.source = @source AND o.object = split_part(i.before -> 'attrs' -> 'import' ->> 'record', '/', 1)
JOIN rye_import.plan_lines l
    ON l.run_no = i.run_no AND l.object_no = o.object_no AND l.legacy_id = substring(i.before -> 'attrs' -> 'import' ->> 'record' FROM length(o.object) + 2)
JOIN rye.nodes a ON a.id = (i.after ->> 'source_id')::uuid
JOIN rye.nodes b ON b.id = (i.after ->> 'target_id')::uuid
WHERE i.run_no = @run_no AND i.relation = 'edges' AND i.after IS NOT NULL;

-- PlanPartInsertSelf adds the links of records with themselves, which are rejected.
-- name: PlanPartInsertSelf :execrows
INSERT INTO rye_import.plan_parts (run_no, rec, part, n, detail)
SELECT l.run_no, l.rec, 23, row_number() OVER (PARTITION BY l.rec ORDER BY m.edge_type, m.slot, m.rank),
    jsonb_build_object('type', m.edge_type, 'action', 'rejected')
FROM rye_import.merge_edges m
JOIN rye_import.staging_records s ON s.run_no = m.run_no AND s.rec = m.rec
JOIN rye_import.plan_lines l ON l.run_no = s.run_no AND l.object_no = s.object_no AND l.legacy_id = s.legacy_id
WHERE m.run_no = @run_no AND m.outcome = 'self';

-- PlanPartInsertParticipants adds the new participants of events.
-- name: PlanPartInsertParticipants :execrows
INSERT INTO rye_import.plan_parts (run_no, rec, part, n, detail)
SELECT l.run_no, l.rec, 30, row_number() OVER (PARTITION BY l.rec ORDER BY m.role, x.to),
    jsonb_build_object('type', 'participant', 'action', 'opened', 'role', m.role, 'to', x.to)
FROM rye_import.merge_participants m
JOIN rye_import.staging_records s ON s.run_no = m.run_no AND s.rec = m.rec
JOIN rye_import.plan_lines l ON l.run_no = s.run_no AND l.object_no = s.object_no AND l.legacy_id = s.legacy_id
JOIN rye.nodes b ON b.id = m.node_id
CROSS JOIN LATERAL (SELECT coalesce(b.properties ->> 'code', b.label, b.id::text) AS "to") x
WHERE m.run_no = @run_no AND m.outcome = 'new';

-- PlanPartInsertDeferred adds the links, participants and facts that wait for another record.
-- name: PlanPartInsertDeferred :execrows
INSERT INTO rye_import.plan_parts (run_no, rec, part, n, detail)
SELECT l.run_no, l.rec, CASE WHEN d.kind = 'fact' THEN 42 ELSE 24 END, d.deferred_no,
    jsonb_build_object('action', 'deferred', 'type', coalesce(d.payload ->> 'type', d.kind), 'role', coalesce(d.payload ->> 'role', ''),
        'key', coalesce(d.payload ->> 'key', ''),
        'from', CASE WHEN d.kind = 'link' THEN coalesce(coalesce(a.object || ' ', '') || d.ref1_id, n.properties ->> 'code', n.label, '') ELSE '' END,
        'to', CASE WHEN d.kind <> 'fact' THEN coalesce(coalesce(b.object || ' ', '') || d.ref2_id, n.properties ->> 'code', n.label, '') ELSE '' END,
        'about', CASE WHEN d.kind = 'fact' THEN coalesce(a.object || ' ', '') || coalesce(d.ref1_id, '') ELSE '' END,
        'new', CASE WHEN d.kind = 'fact' THEN d.payload -> 'claim' ELSE d.payload -> 'properties' END)
FROM rye_import.deferred d
JOIN rye_import.plan_lines l ON l.run_no = d.run_no AND l.object_no = d.object_no AND l.legacy_id = d.legacy_id
LEFT JOIN rye_import.objects a ON a.object_no = d.ref1_object_no
LEFT JOIN rye_import.objects b ON b.object_no = d.ref2_object_no
LEFT JOIN rye.nodes n ON n.id = l.node_id
WHERE d.run_no = @run_no AND d.kind <> 'same';

-- PlanPartInsertFacts adds the facts that are recorded, each with the one that it follows.
-- name: PlanPartInsertFacts :execrows
INSERT INTO rye_import.plan_parts (run_no, rec, part, n, detail)
SELECT l.run_no, l.rec, 40, row_number() OVER (PARTITION BY l.rec ORDER BY a.assertion_type, a.assertion_key, a.asserted_at, a.id),
    jsonb_build_object('type', a.assertion_type, 'key', a.assertion_key, 'action', 'recorded',
        'about', CASE WHEN l.node_id IS DISTINCT FROM n.id THEN coalesce(n.properties ->> 'code', n.label, n.id::text) ELSE '' END,
        'old', p.claim, 'new', a.claim, 'at', a.asserted_at, 'until', a.superseded_at)
FROM rye_import.merge_facts f
JOIN rye.assertions a ON a.id = f.id
JOIN rye_import.staging_records s ON s.run_no = f.run_no AND s.rec = f.rec
JOIN rye_import.plan_lines l ON l.run_no = s.run_no AND l.object_no = s.object_no AND l.legacy_id = s.legacy_id
JOIN rye.nodes n ON n.id = f.subject_id
LEFT JOIN rye_import.merge_facts p ON p.run_no = f.run_no AND p.next_id = f.id
WHERE f.run_no = @run_no AND NOT f.stands AND f.claim IS NOT NULL;

-- PlanPartInsertWithdrawn adds the facts that end and that none follows.
-- name: PlanPartInsertWithdrawn :execrows
INSERT INTO rye_import.plan_parts (run_no, rec, part, n, detail)
SELECT l.run_no, l.rec, 41, row_number() OVER (PARTITION BY l.rec ORDER BY f.assertion_type, f.assertion_key),
    jsonb_build_object('type', f.assertion_type, 'key', f.assertion_key, 'action', 'withdrawn', 'old', p.claim, 'at', p.next_at,
        'about', CASE WHEN l.node_id IS DISTINCT FROM n.id THEN coalesce(n.properties ->> 'code', n.label, n.id::text) ELSE '' END)
FROM rye_import.merge_facts f
JOIN rye_import.merge_facts p
    ON p.run_no = f.run_no AND p.subject_id = f.subject_id AND p.assertion_type = f.assertion_type AND p.assertion_key = f.assertion_key
    AND p.stands AND p.next_at IS NOT NULL AND p.next_id IS NULL
JOIN rye_import.staging_records s ON s.run_no = f.run_no AND s.rec = f.rec
JOIN rye_import.plan_lines l ON l.run_no = s.run_no AND l.object_no = s.object_no AND l.legacy_id = s.legacy_id
JOIN rye.nodes n ON n.id = f.subject_id
WHERE f.run_no = @run_no AND NOT f.stands AND f.claim IS NULL;

-- PlanPartInsertEvents adds the events of records.
-- name: PlanPartInsertEvents :execrows
INSERT INTO rye_import.plan_parts (run_no, rec, part, n, detail)
SELECT l.run_no, l.rec, 50, 1,
    jsonb_build_object('type', v.event_type, 'at', v.occurred_at, 'summary', coalesce(v.summary, ''))
FROM rye_import.staging_events e
JOIN rye_import.staging_records s ON s.run_no = e.run_no AND s.rec = e.rec
JOIN rye_import.plan_lines l ON l.run_no = s.run_no AND l.object_no = s.object_no AND l.legacy_id = s.legacy_id
JOIN rye.events v ON v.id = s.id
WHERE e.run_no = @run_no;

-- PlanPartInsertMoves adds the moves of deals that only the difference tells.
-- name: PlanPartInsertMoves :execrows
INSERT INTO rye_import.plan_parts (run_no, rec, part, n, detail)
SELECT l.run_no, l.rec, 51, row_number() OVER (PARTITION BY l.rec ORDER BY v.occurred_at, v.summary),
    jsonb_build_object('type', v.event_type, 'at', v.occurred_at, 'summary', coalesce(v.summary, ''))
FROM rye_import.merge_facts f
JOIN rye.events v ON v.id = f.event_id
JOIN rye_import.staging_records s ON s.run_no = f.run_no AND s.rec = f.rec
JOIN rye_import.plan_lines l ON l.run_no = s.run_no AND l.object_no = s.object_no AND l.legacy_id = s.legacy_id
WHERE f.run_no = @run_no AND NOT f.recorded AND NOT f.stands;

-- PlanPartInsertMoved adds the deals to such moves.
-- name: PlanPartInsertMoved :execrows
INSERT INTO rye_import.plan_parts (run_no, rec, part, n, detail)
SELECT l.run_no, l.rec, 31, row_number() OVER (PARTITION BY l.rec ORDER BY f.asserted_at, f.id),
    jsonb_build_object('type', 'participant', 'action', 'opened', 'role', 'subject', 'to', coalesce(b.properties ->> 'code', b.label, b.id::text))
FROM rye_import.merge_facts f
JOIN rye.nodes b ON b.id = f.subject_id
JOIN rye_import.staging_records s ON s.run_no = f.run_no AND s.rec = f.rec
JOIN rye_import.plan_lines l ON l.run_no = s.run_no AND l.object_no = s.object_no AND l.legacy_id = s.legacy_id
WHERE f.run_no = @run_no AND f.event_id IS NOT NULL AND NOT f.recorded AND NOT f.stands;

-- PlanPartInsertConflicts adds what people have changed and the records say otherwise.
-- name: PlanPartInsertConflicts :execrows
INSERT INTO rye_import.plan_parts (run_no, rec, part, n, detail)
SELECT l.run_no, l.rec, 60, row_number() OVER (PARTITION BY l.rec ORDER BY c.kind, c.field),
    jsonb_build_object('field', c.field, 'graph', c.held, 'incoming', c.incoming)
FROM rye_import.merge_contested c
JOIN rye_import.plan_lines l ON l.run_no = c.run_no AND l.object_no = c.object_no AND l.legacy_id = c.legacy_id
WHERE c.run_no = @run_no AND c.verdict = 'conflict';

-- PlanPartList gives the parts of a range of lines, in their order.
-- name: PlanPartList :many
SELECT p.rec, p.part, p.detail
FROM rye_import.plan_parts p
WHERE p.run_no = @run_no AND p.rec BETWEEN @first_rec::bigint AND @last_rec::bigint
ORDER BY p.rec, p.part, p.n;
