-- EdgeInsertStaged makes the new edges of the run, and those that the source says have ended.
-- name: EdgeInsertStaged :execrows
INSERT INTO rye.edges (id, edge_type, source_id, target_id, properties, effective_from, effective_to, attrs)
SELECT m.id, m.edge_type, m.source_id, m.target_id, coalesce(m.properties, '{}'), m.effective_from, m.effective_to,
    jsonb_build_object('import', rye_import.provenance(s.run_no, s.file_no, s.line, o.object, s.legacy_id, m.slot))
FROM rye_import.merge_edges m
JOIN rye_import.staging_records s ON s.run_no = m.run_no AND s.rec = m.rec
JOIN rye_import.objects o ON o.object_no = s.object_no
WHERE m.run_no = @run_no AND m.outcome IN ('new', 'ended');

-- EdgeCloseReplaced ends the edges that known records made before and that they say otherwise now:
-- another employer, another owner, a link that has ended. What a name meant before it came to fit several
-- stays.
-- name: EdgeCloseReplaced :many
WITH said AS (
    SELECT m.rec, m.slot, s.id AS owner_id, s.kind, o.object || '/' || s.legacy_id AS record, r.target_id AS link_id,
        coalesce(min(m.effective_to), max(s.version), @started_at::timestamptz) AS ended_at
    FROM rye_import.merge_edges m
    JOIN rye_import.staging_records s ON s.run_no = m.run_no AND s.rec = m.rec AND s.existing AND s.kind <> 'carrier'
    JOIN rye_import.objects o ON o.object_no = s.object_no
    LEFT JOIN rye_import.records r ON r.object_no = s.object_no AND r.legacy_id = s.legacy_id
    WHERE m.run_no = @run_no
    GROUP BY 1, 2, 3, 4, 5, 6
), closed AS (
    UPDATE rye.edges e
    SET effective_to = greatest(said.ended_at, e.effective_from)
    FROM said
    WHERE e.effective_to IS NULL AND e.archived_at IS NULL
        AND ((said.kind = 'node' AND (e.source_id = said.owner_id OR e.target_id = said.owner_id)) OR e.id = said.link_id)
        AND e.attrs -> 'import' ->> 'record' = said.record AND e.attrs -> 'import' ->> 'column' = said.slot
        AND NOT EXISTS (
            SELECT FROM rye_import.merge_edges k
            WHERE k.run_no = @run_no AND k.outcome = 'present' AND k.id = e.id)
        AND NOT EXISTS (
            SELECT FROM rye_import.merge_edges d
            JOIN rye_import.staging_links l ON l.run_no = d.run_no AND l.id = d.id
            JOIN rye_import.merge_names n
                ON n.run_no = d.run_no AND n.candidates > 1
                AND (n.lookup_no = l.source_object_no AND n.name_key = rye_import.name_key(l.source_ref)
                    OR n.lookup_no = l.target_object_no AND n.name_key = rye_import.name_key(l.target_ref))
            WHERE d.run_no = @run_no AND d.rec = said.rec AND d.slot = said.slot AND d.outcome = 'deferred')
    RETURNING said.rec, e.edge_type
)
SELECT rec, edge_type FROM closed ORDER BY rec, edge_type;

-- EdgeCloseArchived ends the edges of nodes that this run has archived.
-- name: EdgeCloseArchived :execrows
WITH archived AS (
    SELECT n.id, n.archived_at FROM rye.nodes n
    WHERE n.archived_at IS NOT NULL AND n.id IN (
        SELECT c.node_id FROM rye_import.merge_nodes c WHERE c.run_no = @run_no AND c.archive
        UNION ALL
        SELECT s.id FROM rye_import.staging_records s
        WHERE s.run_no = @run_no AND s.kind = 'node' AND s.changed AND s.deleted AND NOT s.existing AND NOT s.alias
        UNION ALL
        SELECT m.node_id FROM rye_import.records r
        JOIN rye_import.objects o ON o.object_no = r.object_no
        JOIN rye.node_source_map m ON m.source_schema = o.source AND m.source_table = o.object AND m.source_id = r.legacy_id
        WHERE r.run_no = @run_no AND r.archived = 'missing')
)
UPDATE rye.edges e
SET effective_to = greatest(archived.archived_at, e.effective_from)
FROM archived
WHERE (e.source_id = archived.id OR e.target_id = archived.id) AND e.effective_to IS NULL AND e.archived_at IS NULL;

-- EdgeCloseMissing ends the edges of link records that were missing from a full export.
-- name: EdgeCloseMissing :execrows
UPDATE rye.edges e
SET effective_to = greatest(now(), e.effective_from)
FROM rye_import.records r
WHERE r.run_no = @run_no AND r.archived = 'missing' AND e.id = r.target_id
    AND e.effective_to IS NULL AND e.archived_at IS NULL;

-- EdgeUpdatePresent gives edges that stand the properties that known records say of them now, and the
-- end that the source says, where they have ended. When a deal came into its pipeline stays.
-- name: EdgeUpdatePresent :many
WITH said AS (
    SELECT m.rec, m.id, m.end_known, m.effective_to,
        coalesce(m.properties, '{}') - CASE WHEN e.properties ? 'entered_at' THEN 'entered_at' ELSE '' END AS properties
    FROM rye_import.merge_edges m
    JOIN rye.edges e ON e.id = m.id
    WHERE m.run_no = @run_no AND m.outcome IN ('present', 'closing')
), updated AS (
    UPDATE rye.edges e
    SET properties = e.properties || m.properties,
        effective_to = CASE WHEN m.end_known AND e.effective_to IS NOT NULL THEN m.effective_to ELSE e.effective_to END
    FROM said m
    WHERE e.id = m.id
        AND (e.properties || m.properties <> e.properties OR m.end_known AND e.effective_to <> m.effective_to)
    RETURNING m.rec
)
SELECT rec FROM updated ORDER BY rec;
