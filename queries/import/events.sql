-- EventInsertStaged makes the events of the run. A history record that moves a deal to another stage is a stage_change, which the
-- chains of facts tell. An event is immutable: a record that changed gives a new one, which says what it revises.
-- name: EventInsertStaged :execrows
INSERT INTO rye.events (id, event_type, occurred_at, summary, properties, actor_node_id, actor_system, attrs)
SELECT s.id,
    CASE WHEN f.rec IS NOT NULL THEN 'stage_change' ELSE e.event_type END,
    e.occurred_at,
    CASE WHEN f.rec IS NOT NULL THEN format('Stage: %s -> %s', coalesce(f.prev_stage, 'none'), f.claim ->> 'stage') ELSE e.summary END,
    CASE WHEN f.rec IS NOT NULL
        THEN e.properties || jsonb_build_object('from_stage', f.prev_stage, 'to_stage', f.claim -> 'stage')
        ELSE e.properties END,
    a.node_id, 'import:' || @source::text,
    CASE WHEN r.target_id IS NULL THEN rye_import.origin(s.run_no, s.file_no, s.line, o.object, s.legacy_id, NULL, NULL)
        ELSE jsonb_build_object('import', rye_import.provenance(s.run_no, s.file_no, s.line, o.object, s.legacy_id, NULL)
            || jsonb_build_object('revises', r.target_id)) END
FROM rye_import.staging_events e
JOIN rye_import.staging_records s ON s.run_no = e.run_no AND s.rec = e.rec
JOIN rye_import.objects o ON o.object_no = s.object_no
LEFT JOIN rye_import.merge_keys a
    ON a.run_no = @run_no AND a.object_no = e.actor_object_no AND a.legacy_id = e.actor_ref
LEFT JOIN rye_import.records r ON @known::boolean AND s.existing AND r.object_no = s.object_no AND r.legacy_id = s.legacy_id
LEFT JOIN rye_import.merge_facts f
    ON f.run_no = e.run_no AND f.rec = e.rec AND f.assertion_type = 'deal_stage' AND f.recorded AND NOT f.stands
WHERE e.run_no = @run_no;

-- EventInsertMoves makes a stage_change for each move of a deal that only the difference tells.
-- name: EventInsertMoves :execrows
INSERT INTO rye.events (id, event_type, occurred_at, summary, properties, actor_system, attrs)
SELECT f.event_id, 'stage_change', f.asserted_at, format('Stage: %s -> %s', f.prev_stage, f.claim ->> 'stage'),
    jsonb_build_object('from_stage', f.prev_stage, 'to_stage', f.claim -> 'stage'), 'import:' || @source::text,
    jsonb_build_object('import', rye_import.provenance(s.run_no, s.file_no, s.line, o.object, s.legacy_id, f.slot))
FROM rye_import.merge_facts f
JOIN rye_import.staging_records s ON s.run_no = f.run_no AND s.rec = f.rec
JOIN rye_import.objects o ON o.object_no = s.object_no
WHERE f.run_no = @run_no AND f.event_id IS NOT NULL AND NOT f.recorded AND NOT f.stands;

-- EventInsertRun notes in the graph that the run took place.
-- name: EventInsertRun :exec
INSERT INTO rye.events (id, event_type, occurred_at, summary, properties, actor_system, attrs)
VALUES (@id, 'import_run', @occurred_at, @summary, @properties, 'import:' || @source::text, @attrs);
