-- EdgeInsertStaged makes the new edges of the run, and those that the source says have ended.
-- name: EdgeInsertStaged :execrows
INSERT INTO rye.edges (id, edge_type, source_id, target_id, properties, effective_from, effective_to, attrs)
SELECT m.id, m.edge_type, m.source_id, m.target_id, coalesce(m.properties, '{}'), m.effective_from, m.effective_to,
    rye_import.origin(s.run_no, s.file_no, s.line, o.object, s.legacy_id, m.slot, NULL)
FROM rye_import.merge_edges m
JOIN rye_import.staging_records s ON s.run_no = m.run_no AND s.rec = m.rec
JOIN rye_import.objects o ON o.object_no = s.object_no
WHERE m.run_no = @run_no AND m.outcome IN ('new', 'ended');

-- EdgeCloseReplaced ends the edges that known records made before and that they say otherwise now:
-- another employer, another owner, a link that has ended, of which they may say something new too. What a name meant
-- before it came to fit several stays, and what a person has opened again. Another source may have a record of the same name
-- that shares the node. It begins with the records of the run and looks their edges up once, whatever they say; the planner, which
-- cannot know how many of them a record made itself, takes it that half of them are, due to coalesce. Without it, it takes it that hardly any are, and
-- compares them with all links of the run, one with one.
-- name: EdgeCloseReplaced :many
WITH own AS MATERIALIZED (
    SELECT s.rec, s.id AS owner_id, s.kind, o.object || '/' || s.legacy_id AS record, r.target_id AS link_id, s.version, d.slots, d.ends
    FROM (
        SELECT g.rec, array_agg(g.slot) AS slots, array_agg(g.ended_at) AS ends
        FROM (
            SELECT m.rec, m.slot, min(m.effective_to) AS ended_at
            FROM rye_import.merge_edges m
            WHERE m.run_no = @run_no
            GROUP BY m.rec, m.slot
        ) g
        GROUP BY g.rec
    ) d
    JOIN rye_import.staging_records s ON s.run_no = @run_no AND s.rec = d.rec AND s.existing AND s.kind <> 'carrier'
    JOIN rye_import.objects o ON o.object_no = s.object_no
    LEFT JOIN rye_import.records r ON r.object_no = s.object_no AND r.legacy_id = s.legacy_id
), near AS (
    SELECT w.*, e.id, e.attrs FROM own w
    JOIN rye.edges e ON e.source_id = w.owner_id
    WHERE w.kind = 'node' AND e.effective_to IS NULL AND e.archived_at IS NULL
    UNION ALL
    SELECT w.*, e.id, e.attrs FROM own w
    JOIN rye.edges e ON e.target_id = w.owner_id
    WHERE w.kind = 'node' AND e.effective_to IS NULL AND e.archived_at IS NULL
    UNION ALL
    SELECT w.*, e.id, e.attrs FROM own w
    JOIN rye.edges e ON e.id = w.link_id
    WHERE e.effective_to IS NULL AND e.archived_at IS NULL
), standing AS MATERIALIZED (
    SELECT n.rec, n.id, x.slot, coalesce(n.ends[array_position(n.slots, x.slot)], n.version, @started_at::timestamptz) AS ended_at
    FROM near n
    CROSS JOIN LATERAL (SELECT n.attrs -> 'import' ->> 'column' AS slot) x
    WHERE coalesce(n.attrs -> 'import' ->> 'record' = n.record, false) AND coalesce(x.slot = ANY (n.slots), false)
        AND coalesce((
            SELECT u.source FROM rye_import.runs u
            WHERE u.run_no = rye_import.journal_number(n.attrs -> 'import' -> 'run')), @source::text) = @source::text
), unclear AS (
    SELECT d.rec, d.slot
    FROM rye_import.merge_names n
    JOIN rye_import.staging_links l ON l.run_no = n.run_no AND l.source_object_no = n.lookup_no AND rye_import.name_key(l.source_ref) = n.name_key
    JOIN rye_import.merge_edges d ON d.run_no = l.run_no AND d.id = l.id AND d.outcome = 'deferred'
    WHERE n.run_no = @run_no AND n.candidates > 1
    UNION ALL
    SELECT d.rec, d.slot
    FROM rye_import.merge_names n
    JOIN rye_import.staging_links l ON l.run_no = n.run_no AND l.target_object_no = n.lookup_no AND rye_import.name_key(l.target_ref) = n.name_key
    JOIN rye_import.merge_edges d ON d.run_no = l.run_no AND d.id = l.id AND d.outcome = 'deferred'
    WHERE n.run_no = @run_no AND n.candidates > 1
), replaced AS MATERIALIZED (
    SELECT t.rec, t.id, t.ended_at
    FROM standing t
    WHERE NOT EXISTS (
            SELECT FROM rye_import.merge_edges k
            WHERE k.run_no = @run_no AND k.outcome = 'present' AND k.id = t.id)
        AND NOT EXISTS (
            SELECT FROM rye_import.edits x
            WHERE x.subject_id = t.id AND x.field = 'effective_to' AND x.base IS NOT NULL)
        AND NOT EXISTS (SELECT FROM unclear d WHERE d.rec = t.rec AND d.slot = t.slot)
), closing AS (
    SELECT k.id, rye_import.jsonb_merge(k.properties - 'entered_at' ORDER BY k.rank DESC, k.rec DESC) AS properties
    FROM rye_import.merge_edges k
    WHERE k.run_no = @run_no AND k.outcome = 'closing' AND k.properties IS NOT NULL
    GROUP BY k.id
), closed AS (
    UPDATE rye.edges e
    SET effective_to = greatest(t.ended_at, e.effective_from), properties = e.properties || coalesce(c.properties, '{}')
    FROM replaced t
    LEFT JOIN closing c ON c.id = t.id
    WHERE e.id = t.id AND e.effective_to IS NULL AND e.archived_at IS NULL
    RETURNING t.rec, e.edge_type
)
SELECT rec, edge_type FROM closed ORDER BY rec, edge_type;

-- EdgeCloseArchived ends the edges of nodes that this run has archived, and notes it: they open again
-- when the node comes back. All records are searched for missing ones only if there may be some.
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
        JOIN rye.node_source_map m ON m.source_schema = o.source AND m.source_table = o.object AND m.source_id = r.legacy_id COLLATE "default"
        WHERE @missing::boolean AND r.run_no = @run_no AND r.archived = 'missing')
)
UPDATE rye.edges e
SET effective_to = greatest(archived.archived_at, e.effective_from),
    attrs = e.attrs || jsonb_build_object('ended_with_node', @run_no::int)
FROM archived
WHERE (e.source_id = archived.id OR e.target_id = archived.id) AND e.effective_to IS NULL AND e.archived_at IS NULL;

-- EdgeCloseMissing ends the edges of link records that were missing from a full export.
-- name: EdgeCloseMissing :execrows
UPDATE rye.edges e
SET effective_to = greatest(now(), e.effective_from)
FROM rye_import.records r
WHERE r.run_no = @run_no AND r.archived = 'missing' AND e.id = r.target_id AND e.attrs ? 'import'
    AND e.effective_to IS NULL AND e.archived_at IS NULL;

-- EdgeUpdatePresent gives edges that stand the properties that known records say of them now, the end that
-- the source says, where they have ended, and the beginning, where the record that made them says another
-- one now. An edge that came with a change of its record began with the change. One that a person made since the
-- record came takes what it lacks. When a deal came into its pipeline stays.
-- name: EdgeUpdatePresent :many
WITH said AS (
    SELECT m.id, m.rec, m.end_known, m.effective_from, m.effective_to, c.corrected,
        CASE WHEN r.object_no IS NULL OR k.attrs ? 'import' OR k.created_at <= u.merged_at THEN k.properties || x.properties
             ELSE x.properties || k.properties END AS properties
    FROM rye_import.merge_edges m
    JOIN rye.edges k ON k.id = m.id
    JOIN rye_import.staging_records s ON s.run_no = m.run_no AND s.rec = m.rec
    JOIN rye_import.objects o ON o.object_no = s.object_no
    LEFT JOIN rye_import.records r ON r.object_no = s.object_no AND r.legacy_id = s.legacy_id
    LEFT JOIN rye_import.runs u ON u.run_no = r.first_run_no
    CROSS JOIN LATERAL (
        SELECT coalesce(m.outcome = 'present' AND s.kind <> 'carrier' AND k.effective_from <> m.effective_from
            AND (k.effective_to IS NULL OR m.effective_from <= coalesce(m.effective_to, k.effective_to))
            AND k.attrs -> 'import' ->> 'record' = o.object || '/' || s.legacy_id AND k.attrs -> 'import' ->> 'column' = m.slot
            AND rye_import.journal_number(k.attrs -> 'import' -> 'run') = r.first_run_no, false) AS corrected
    ) c
    CROSS JOIN LATERAL (
        SELECT coalesce(m.properties, '{}') - CASE WHEN k.properties ? 'entered_at' AND NOT c.corrected THEN 'entered_at' ELSE '' END AS properties
    ) x
    WHERE m.run_no = @run_no::int AND m.outcome IN ('present', 'closing')
), updated AS (
    UPDATE rye.edges e
    SET properties = m.properties,
        effective_from = CASE WHEN m.corrected THEN m.effective_from ELSE e.effective_from END,
        effective_to = CASE WHEN m.end_known AND e.effective_to IS NOT NULL THEN m.effective_to ELSE e.effective_to END
    FROM said m
    WHERE e.id = m.id AND (m.properties <> e.properties OR m.end_known AND e.effective_to <> m.effective_to OR m.corrected)
    RETURNING m.rec
)
SELECT rec FROM updated ORDER BY rec;

-- EdgeCloseDead ends what records said of themselves that have died into others in this run: the survivor
-- says what holds now. What others said of them stays with the survivor.
-- name: EdgeCloseDead :execrows
WITH dead AS (
    SELECT s.id, o.object || '/' || s.legacy_id AS record, coalesce(s.version, @started_at::timestamptz) AS died_at
    FROM rye_import.staging_records s
    JOIN rye_import.objects o ON o.object_no = s.object_no
    WHERE s.run_no = @run_no::int AND s.rec = ANY (@recs::bigint[])
)
UPDATE rye.edges e
SET effective_to = greatest(dead.died_at, e.effective_from)
FROM dead
WHERE (e.source_id = dead.id OR e.target_id = dead.id) AND e.effective_to IS NULL AND e.archived_at IS NULL
    AND e.attrs -> 'import' ->> 'record' = dead.record AND NOT EXISTS (
        SELECT FROM rye_import.merge_edges m WHERE m.run_no = @run_no::int AND m.id = e.id AND m.outcome = 'present');

-- EdgeReopenReturned opens the edges again that ended because a node was archived which this run brings
-- back: those whose record has said nothing since, and of several between two nodes the last. What the records of the run
-- say is an edge of its own.
-- name: EdgeReopenReturned :execrows
WITH ended AS (
    SELECT e.id, e.edge_type, e.source_id, e.target_id, e.effective_to,
        e.attrs -> 'import' ->> 'record' AS record, rye_import.journal_number(e.attrs -> 'import' -> 'run') AS made_no,
        rye_import.journal_number(e.attrs -> 'ended_with_node') AS ended_no
    FROM rye_import.merge_nodes c
    JOIN rye.edges e ON e.source_id = c.node_id OR e.target_id = c.node_id
    JOIN rye.nodes s ON s.id = e.source_id AND s.archived_at IS NULL
    JOIN rye.nodes t ON t.id = e.target_id AND t.archived_at IS NULL
    WHERE c.run_no = @run_no::int AND NOT c.archive AND e.attrs ? 'ended_with_node' AND e.effective_to IS NOT NULL AND e.archived_at IS NULL
), said AS (
    SELECT x.id
    FROM ended x
    JOIN rye_import.runs u ON u.run_no = x.made_no
    JOIN rye_import.objects o ON o.source = u.source AND o.object = split_part(x.record, '/', 1)
    JOIN rye_import.records r ON r.object_no = o.object_no AND r.legacy_id = substr(x.record, length(o.object) + 2)
    WHERE r.archived IS NULL AND r.run_no <= x.ended_no AND NOT EXISTS (
        SELECT FROM rye_import.staging_records s
        WHERE s.run_no = @run_no::int AND s.object_no = r.object_no AND s.legacy_id = r.legacy_id AND s.changed AND s.kind <> 'carrier')
), last AS (
    SELECT DISTINCT ON (x.edge_type, x.source_id, x.target_id) x.id, x.edge_type, x.source_id, x.target_id
    FROM ended x
    WHERE x.record IS NULL OR x.id IN (SELECT said.id FROM said)
    ORDER BY x.edge_type, x.source_id, x.target_id, x.effective_to DESC, x.id
)
UPDATE rye.edges e
SET effective_to = NULL, attrs = e.attrs - 'ended_with_node'
FROM last x
WHERE e.id = x.id
    AND NOT EXISTS (
        SELECT FROM rye.edges k
        WHERE k.source_id = x.source_id AND k.edge_type = x.edge_type AND k.target_id = x.target_id
            AND k.effective_to IS NULL AND k.archived_at IS NULL);

-- EdgeUpdateContested gives edges what conflicts that stand apply to them.
-- name: EdgeUpdateContested :execrows
UPDATE rye.edges e
SET properties = (e.properties || k.applied) - k.cleared,
    effective_to = coalesce(k.effective_to, e.effective_to)
FROM (
    SELECT c.subject_id,
        coalesce(jsonb_object_agg(substr(c.field, 12), c.incoming) FILTER (WHERE c.field <> 'effective_to' AND c.incoming IS NOT NULL), '{}') AS applied,
        coalesce(array_agg(substr(c.field, 12)) FILTER (WHERE c.field <> 'effective_to' AND c.incoming IS NULL), '{}') AS cleared,
        max((c.incoming #>> '{}')::timestamptz) FILTER (WHERE c.field = 'effective_to') AS effective_to
    FROM rye_import.merge_contested c
    LEFT JOIN rye_import.staging_records s ON s.run_no = c.run_no AND s.rec = c.rec
    WHERE c.run_no = @run_no::int AND c.kind = 'link' AND c.verdict = 'applied' AND s.changed IS DISTINCT FROM true
    GROUP BY c.subject_id
) k
WHERE e.id = k.subject_id;

-- EdgeLockPresent locks the edges that the run may change, in the order of their ids, before it looks at what people
-- have changed in them.
-- name: EdgeLockPresent :one
SELECT count(*) FROM (
    SELECT e.id FROM rye.edges e
    WHERE e.id IN (
        SELECT m.id FROM rye_import.merge_edges m
        JOIN rye.edges k ON k.id = m.id
        WHERE m.run_no = @run_no AND (m.outcome = 'closing' OR m.outcome = 'present'
            AND (k.properties || coalesce(m.properties, '{}') <> k.properties OR m.end_known AND k.effective_to IS DISTINCT FROM m.effective_to)))
    ORDER BY e.id
    FOR UPDATE
) locked;
