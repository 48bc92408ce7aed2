-- EventParticipantInsertStaged makes the participants of the run.
-- name: EventParticipantInsertStaged :execrows
INSERT INTO rye.event_participants (id, event_id, node_id, role, properties)
SELECT m.id, m.event_id, m.node_id, m.role, coalesce(m.properties, '{}')
FROM rye_import.merge_participants m
WHERE m.run_no = @run_no AND m.outcome = 'new';

-- EventParticipantInsertMoves makes the deal the subject of the moves that have no history record.
-- name: EventParticipantInsertMoves :execrows
INSERT INTO rye.event_participants (event_id, node_id, role)
SELECT f.event_id, f.subject_id, 'subject'
FROM rye_import.merge_facts f
WHERE f.run_no = @run_no AND f.event_id IS NOT NULL AND NOT f.recorded AND NOT f.stands;
