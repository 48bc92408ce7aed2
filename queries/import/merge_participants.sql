-- MergeParticipantInsert resolves the staged participants: their events among the run's own, their nodes by their keys. References
-- to any object of the source are asked for only if there may be some.
-- name: MergeParticipantInsert :execrows
WITH events AS MATERIALIZED (
    SELECT d.event_object_no, d.event_ref, ev.id AS event_id
    FROM (
        SELECT DISTINCT p.event_object_no, p.event_ref FROM rye_import.staging_participants p
        WHERE p.run_no = @run_no AND p.event_ref IS NOT NULL
    ) d
    JOIN rye_import.staging_records ev
        ON ev.run_no = @run_no AND ev.object_no = d.event_object_no AND ev.legacy_id = d.event_ref AND ev.kind = 'event'
        AND ev.changed AND NOT ev.deleted
), loose AS MATERIALIZED (
    SELECT d.ref, k.node_id
    FROM (
        SELECT DISTINCT p.node_ref AS ref FROM rye_import.staging_participants p
        WHERE p.run_no = @run_no AND p.node_object_no IS NULL
    ) d
    JOIN rye_import.merge_keys k ON k.run_no = @run_no AND k.legacy_id = d.ref
    WHERE @loose::boolean
), resolved AS (
    SELECT p.rec, p.id, p.role, p.properties,
        CASE WHEN p.event_ref IS NULL THEN CASE WHEN o.kind IN ('event', 'carrier') THEN o.id END ELSE ev.event_id END AS event_id,
        coalesce(k.node_id, nl.node_id) AS node_id
    FROM rye_import.staging_participants p
    JOIN rye_import.staging_records o ON o.run_no = p.run_no AND o.rec = p.rec
    LEFT JOIN events ev ON ev.event_object_no = p.event_object_no AND ev.event_ref = p.event_ref
    LEFT JOIN rye_import.merge_keys k
        ON k.run_no = @run_no AND k.object_no = p.node_object_no AND k.legacy_id = p.node_ref
    LEFT JOIN loose nl ON @loose::boolean AND p.node_object_no IS NULL AND nl.ref = p.node_ref
    WHERE p.run_no = @run_no
)
INSERT INTO rye_import.merge_participants (run_no, rec, id, event_id, node_id, role, properties, outcome)
SELECT @run_no, r.rec, r.id, r.event_id, r.node_id, r.role, r.properties,
    CASE WHEN r.event_id IS NULL OR r.node_id IS NULL THEN 'deferred' ELSE 'new' END
FROM resolved r;

-- MergeParticipantSetKnown gives participants the events of records that earlier runs have met.
-- name: MergeParticipantSetKnown :execrows
UPDATE rye_import.merge_participants m
SET event_id = r.target_id, outcome = CASE WHEN m.node_id IS NULL THEN 'deferred' ELSE 'new' END
FROM rye_import.staging_participants p
JOIN rye_import.records r ON r.object_no = p.event_object_no AND r.legacy_id = p.event_ref
WHERE m.run_no = @run_no AND m.event_id IS NULL AND p.run_no = m.run_no AND p.id = m.id AND r.target_id IS NOT NULL;

-- MergeParticipantSetTwins marks participants that are named more than once in one role of one event.
-- name: MergeParticipantSetTwins :execrows
WITH repeated AS (
    SELECT m.event_id, m.node_id, m.role
    FROM rye_import.merge_participants m
    WHERE m.run_no = @run_no AND m.outcome = 'new'
    GROUP BY 1, 2, 3
    HAVING count(*) > 1
), ranked AS (
    SELECT m.id, row_number() OVER (PARTITION BY r.event_id, r.node_id, r.role ORDER BY m.properties IS NULL, m.rec, m.id) AS place
    FROM repeated r
    JOIN rye_import.merge_participants m ON m.run_no = @run_no AND m.event_id = r.event_id AND m.node_id = r.node_id AND m.role = r.role
)
UPDATE rye_import.merge_participants m
SET outcome = 'twin'
FROM ranked
WHERE m.run_no = @run_no AND m.id = ranked.id AND ranked.place > 1;

-- MergeParticipantSetPresent marks participants that stand in the graph already.
-- name: MergeParticipantSetPresent :execrows
UPDATE rye_import.merge_participants m
SET outcome = 'present'
FROM rye.event_participants p
WHERE m.run_no = @run_no AND m.outcome = 'new'
    AND p.event_id = m.event_id AND p.node_id = m.node_id AND p.role = m.role;

-- MergeParticipantOutcomes counts what became of the participants.
-- name: MergeParticipantOutcomes :one
SELECT count(*) AS found,
    count(*) FILTER (WHERE outcome = 'new') AS linked,
    count(*) FILTER (WHERE outcome IN ('present', 'twin')) AS unchanged,
    count(*) FILTER (WHERE outcome = 'deferred') AS deferred,
    count(*) FILTER (WHERE rec < 0) AS carried
FROM rye_import.merge_participants
WHERE run_no = @run_no;
