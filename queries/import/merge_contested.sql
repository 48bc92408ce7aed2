-- MergeContestedInsertNodes finds what the run says of fields of nodes that people have edited.
-- name: MergeContestedInsertNodes :execrows
INSERT INTO rye_import.merge_contested (run_no, rec, object_no, legacy_id, subject_id, kind, field, base, held, incoming,
    edited_by, edited_at, file_no, line, verdict)
SELECT c.run_no, c.rec, s.object_no, s.legacy_id, c.node_id, f.kind, e.field, f.base, f.held, f.incoming,
    e.edited_by, e.edited_at, c.file_no, c.line, rye_import.verdict(true, f.base, f.held, f.incoming, @prefer::text)
FROM rye_import.merge_nodes c
JOIN rye_import.staging_records s ON s.run_no = c.run_no AND s.rec = c.rec
JOIN rye_import.edits e ON e.subject_id = c.node_id
JOIN rye.nodes n ON n.id = c.node_id
CROSS JOIN LATERAL (
    SELECT 'label' AS kind, e.base, to_jsonb(n.label) AS held, c.said -> 'label' AS incoming
    WHERE e.field = 'label' AND c.said -> 'label' <> 'null'
    UNION ALL
    SELECT 'archived', to_jsonb(e.base IS NOT NULL), to_jsonb(n.archived_at IS NOT NULL), c.said -> 'archived'
    WHERE e.field = 'archived_at' AND c.said -> 'archived' <> 'null'
    UNION ALL
    SELECT 'property', nullif(e.base, 'null'), nullif(n.properties -> substr(e.field, 12), 'null'),
        nullif(c.said -> 'properties' -> substr(e.field, 12), 'null')
    WHERE e.field LIKE 'properties.%' AND c.said -> 'properties' ? substr(e.field, 12)
) f
WHERE c.run_no = @run_no::int AND c.said IS NOT NULL;

-- MergeContestedInsertStanding takes up the conflicts of nodes and edges whose records the run does not
-- stage, of several about one field the last.
-- name: MergeContestedInsertStanding :execrows
WITH standing AS (
    SELECT DISTINCT ON (c.subject_id, c.field) c.object_no, c.legacy_id, c.subject_id, c.kind, c.field, c.base, c.incoming, c.state,
        c.file_no, c.line, s.rec
    FROM rye_import.conflicts c
    JOIN rye_import.objects o ON o.object_no = c.object_no
    LEFT JOIN rye_import.staging_records s
        ON s.run_no = @run_no::int AND s.object_no = c.object_no AND s.legacy_id = c.legacy_id AND s.rec > 0
    WHERE o.source = @source AND c.kind <> 'fact' AND (c.kind = 'link') = @links::boolean AND s.changed IS DISTINCT FROM true
        AND NOT EXISTS (
            SELECT FROM rye_import.merge_contested k WHERE k.run_no = @run_no::int AND k.subject_id = c.subject_id AND k.field = c.field)
    ORDER BY c.subject_id, c.field, c.run_no DESC, c.conflict_no DESC
)
INSERT INTO rye_import.merge_contested (run_no, rec, object_no, legacy_id, subject_id, kind, field, base, held, incoming,
    edited_by, edited_at, file_no, line, verdict)
SELECT @run_no::int, d.rec, d.object_no, d.legacy_id, d.subject_id, d.kind, d.field, d.base, f.held, d.incoming,
    e.edited_by, e.edited_at, d.file_no, d.line,
    rye_import.verdict(e.field IS NOT NULL, d.base, f.held, d.incoming, CASE d.state WHEN 'open' THEN @prefer::text END)
FROM standing d
LEFT JOIN rye_import.edits e ON e.subject_id = d.subject_id AND e.field = d.field
CROSS JOIN LATERAL (
    SELECT CASE d.kind WHEN 'label' THEN to_jsonb(n.label) WHEN 'archived' THEN to_jsonb(n.archived_at IS NOT NULL)
        ELSE nullif(n.properties -> substr(d.field, 12), 'null') END AS held
    FROM rye.nodes n WHERE d.kind <> 'link' AND n.id = d.subject_id
    UNION ALL
    SELECT CASE d.field WHEN 'effective_to' THEN to_jsonb(g.effective_to) ELSE nullif(g.properties -> substr(d.field, 12), 'null') END
    FROM rye.edges g WHERE d.kind = 'link' AND g.id = d.subject_id
) f;

-- MergeContestedInsertEdges finds what the run says of fields of edges that people have edited. That a
-- link has ended, without a word on when, is what the importer knew.
-- name: MergeContestedInsertEdges :execrows
INSERT INTO rye_import.merge_contested (run_no, rec, object_no, legacy_id, subject_id, kind, field, base, held, incoming,
    edited_by, edited_at, file_no, line, verdict)
SELECT m.run_no, m.rec, s.object_no, s.legacy_id, m.id, 'link', e.field, f.base, f.held, f.incoming,
    e.edited_by, e.edited_at, s.file_no, s.line, rye_import.verdict(true, f.base, f.held, f.incoming, @prefer::text)
FROM rye_import.merge_edges m
JOIN rye_import.staging_records s ON s.run_no = m.run_no AND s.rec = m.rec
JOIN rye_import.edits e ON e.subject_id = m.id
JOIN rye.edges g ON g.id = m.id
CROSS JOIN LATERAL (
    SELECT nullif(e.base, 'null') AS base, nullif(g.properties -> substr(e.field, 12), 'null') AS held,
        nullif(m.properties -> substr(e.field, 12), 'null') AS incoming
    WHERE e.field LIKE 'properties.%' AND m.properties ? substr(e.field, 12)
    UNION ALL
    SELECT b.base, to_jsonb(g.effective_to), CASE WHEN m.end_known OR b.base IS NULL THEN to_jsonb(m.effective_to) ELSE b.base END
    FROM (SELECT to_jsonb((e.base #>> '{}')::timestamptz) AS base) b
    WHERE e.field = 'effective_to' AND m.effective_to IS NOT NULL
) f
WHERE m.run_no = @run_no::int AND m.outcome IN ('present', 'closing');

-- MergeContestedInsertFacts finds the staged facts that come after one of a person about the same, and
-- which of them is the last. A person's fact is one that no run recorded, made since the first run of
-- the record if the importer had recorded none, and saying something else than that. Facts of conflicts
-- that stand are staged too.
-- name: MergeContestedInsertFacts :execrows
WITH staged AS (
    SELECT f.rec, f.id, f.assertion_type, f.assertion_key, f.history, o.object_no, o.legacy_id, o.file_no, o.line, c.conflict_no, c.state,
        CASE WHEN f.subject_ref IS NULL THEN o.id ELSE coalesce(t.id, m.node_id) END AS subject_id,
        CASE WHEN f.assertion_type = 'deal_stage' AND f.claim IS NOT NULL
            THEN jsonb_strip_nulls(jsonb_build_object('stage', coalesce(ms.stage_key, f.claim ->> 'stage'), 'pipeline', ms.code))
            ELSE f.claim END AS said,
        coalesce(f.asserted_at, o.version, o.created_at, @started_at::timestamptz) AS asserted_at,
        jsonb_build_object('type', f.assertion_type, 'key', f.assertion_key, 'slot', f.slot, 'claim', f.claim, 'at', f.asserted_at) AS staged
    FROM rye_import.staging_facts f
    JOIN rye_import.staging_records o ON o.run_no = f.run_no AND o.rec = f.rec
    LEFT JOIN rye_import.conflicts c ON o.kind = 'carrier' AND c.conflict_no = -o.rec
    LEFT JOIN rye_import.staging_records t
        ON t.run_no = f.run_no AND t.object_no = f.subject_object_no AND t.legacy_id = f.subject_ref AND t.kind = 'node' AND t.changed
    LEFT JOIN rye_import.merge_keys m
        ON m.run_no = f.run_no AND m.object_no = f.subject_object_no AND m.legacy_id = f.subject_ref
    LEFT JOIN rye_import.merge_deals d
        ON f.assertion_type = 'deal_stage' AND d.run_no = f.run_no
        AND d.deal_id = CASE WHEN f.subject_ref IS NULL THEN o.id ELSE coalesce(t.id, m.node_id) END
    LEFT JOIN rye_import.merge_stages ms
        ON ms.run_no = f.run_no AND ms.pipeline_id = d.pipeline_id AND ms.label = f.claim ->> 'label'
    WHERE f.run_no = @run_no::int
        AND CASE WHEN f.subject_ref IS NULL THEN o.existing ELSE coalesce(t.existing, true) END
), beside AS (
    SELECT s.*, true AS personal, a.claim, a.source_event_id, a.created_at AS edited_at
    FROM staged s
    JOIN rye.assertions a
        ON a.subject_node_id = s.subject_id AND a.assertion_type = s.assertion_type AND a.assertion_key = s.assertion_key
        AND a.subject_edge_id IS NULL AND a.superseded_at IS NULL AND NOT a.attrs ? 'import'
    WHERE NOT s.history OR s.asserted_at >= a.asserted_at
    UNION ALL
    SELECT s.*, false, a.claim, a.source_event_id, a.created_at
    FROM staged s
    LEFT JOIN rye.assertions a
        ON a.subject_node_id = s.subject_id AND a.assertion_type = s.assertion_type AND a.assertion_key = s.assertion_key
        AND a.subject_edge_id IS NULL AND a.superseded_at IS NULL
    WHERE s.conflict_no IS NOT NULL AND (a.id IS NULL OR a.attrs ? 'import')
), disputed AS (
    SELECT b.*,
        CASE b.assertion_type WHEN 'deal_stage' THEN b.claim - '{moved_from,reason,label}'::text[] ELSE b.claim END AS held,
        coalesce(v.actor_system, 'unknown') AS edited_by,
        row_number() OVER w = 1 AS last, array_agg(b.id) OVER (PARTITION BY b.subject_id, b.assertion_type, b.assertion_key) AS fact_ids
    FROM beside b
    LEFT JOIN rye.events v ON v.id = b.source_event_id
    WINDOW w AS (PARTITION BY b.subject_id, b.assertion_type, b.assertion_key
        ORDER BY b.history, b.conflict_no NULLS FIRST, b.asserted_at DESC, b.rec DESC, b.id DESC)
), judged AS (
    SELECT d.*, 'facts.' || d.assertion_type || '.' || d.assertion_key AS field, r.base, r.said_before,
        d.personal AND d.held IS DISTINCT FROM r.base
            AND (r.said_before OR d.edited_at > coalesce(u.merged_at, '-infinity') AND k.object_no IS NOT NULL) AS edited
    FROM disputed d
    LEFT JOIN rye_import.records k ON k.object_no = d.object_no AND k.legacy_id = d.legacy_id
    LEFT JOIN rye_import.runs u ON u.run_no = k.first_run_no
    -- What the source has said last: what it agreed to, what a conflict knows, the last fact that it made.
    LEFT JOIN LATERAL (
        SELECT b.base, true AS said_before
        FROM (
            SELECT 1 AS rank, NULL::timestamptz AS until, e.edited_at AS at, e.base FROM rye_import.edits e
            WHERE e.subject_id = d.subject_id AND e.field = 'facts.' || d.assertion_type || '.' || d.assertion_key
            UNION ALL
            SELECT 2, NULL, c.edited_at, c.base FROM rye_import.conflicts c
            WHERE c.subject_id = d.subject_id AND c.field = 'facts.' || d.assertion_type || '.' || d.assertion_key
            UNION ALL
            SELECT 3, x.superseded_at, x.asserted_at,
                CASE x.assertion_type WHEN 'deal_stage' THEN x.claim - '{moved_from,reason,label}'::text[] ELSE x.claim END
            FROM rye.assertions x
            WHERE x.subject_node_id = d.subject_id AND x.assertion_type = d.assertion_type AND x.assertion_key = d.assertion_key
                AND x.subject_edge_id IS NULL AND x.attrs ? 'import' AND NOT coalesce(x.attrs -> 'undo' ? 'undone', false)
        ) b
        ORDER BY b.rank, b.until DESC NULLS FIRST, b.at DESC
        LIMIT 1
    ) r ON true
    WHERE d.last
)
INSERT INTO rye_import.merge_contested (run_no, rec, object_no, legacy_id, subject_id, kind, field, base, held, incoming, staged, fact_ids,
    edited_by, edited_at, file_no, line, verdict)
SELECT @run_no::int, CASE WHEN j.conflict_no IS NULL THEN j.rec ELSE t.rec END, j.object_no, j.legacy_id, j.subject_id, 'fact', j.field,
    j.base, j.held, j.said, j.staged, j.fact_ids, CASE WHEN j.personal THEN j.edited_by END, j.edited_at, j.file_no, j.line,
    rye_import.verdict(coalesce(j.edited, false), j.base, j.held, j.said, CASE WHEN coalesce(j.state, 'open') = 'open' THEN @prefer::text END)
FROM judged j
LEFT JOIN rye_import.staging_records t
    ON j.conflict_no IS NOT NULL AND t.run_no = @run_no::int AND t.object_no = j.object_no AND t.legacy_id = j.legacy_id AND t.rec > 0
WHERE coalesce(j.edited, false) OR j.conflict_no IS NOT NULL;

-- MergeContestedSetEnded takes links for present whose edge a person has ended or archived, unless the
-- record has said something else since and says this anew.
-- name: MergeContestedSetEnded :execrows
UPDATE rye_import.merge_edges m
SET outcome = 'present', id = e.id, end_known = false
FROM rye_import.staging_records s
JOIN rye_import.objects o ON o.object_no = s.object_no
JOIN rye_import.records r ON r.object_no = s.object_no AND r.legacy_id = s.legacy_id
JOIN rye_import.runs u ON u.run_no = r.first_run_no
JOIN rye.edges e ON e.attrs ? 'import'
JOIN rye_import.edits x ON x.subject_id = e.id AND x.field IN ('effective_to', 'archived_at') AND x.base IS NULL
WHERE m.run_no = @run_no AND m.outcome = 'new' AND s.run_no = m.run_no AND s.rec = m.rec AND s.existing AND x.edited_at > u.started_at
    AND e.source_id = m.source_id AND e.edge_type = m.edge_type AND e.target_id = m.target_id
    AND NOT EXISTS (
        SELECT FROM rye.edges l
        WHERE (l.source_id = m.source_id OR l.target_id = m.target_id) AND l.id <> e.id AND l.edge_type = m.edge_type
            AND l.attrs -> 'import' ->> 'record' = o.object || '/' || s.legacy_id AND l.attrs -> 'import' ->> 'column' = m.slot
            AND (l.created_at > x.edited_at OR l.effective_to IS NULL AND l.archived_at IS NULL)
            AND NOT EXISTS (
                SELECT FROM rye_import.merge_edges p WHERE p.run_no = m.run_no AND p.rec = m.rec AND p.outcome = 'present' AND p.id = l.id));

-- MergeContestedSettleEdges takes out of links what their edges keep as people have made it.
-- name: MergeContestedSettleEdges :execrows
UPDATE rye_import.merge_edges m
SET properties = m.properties - k.keys,
    end_known = m.end_known AND NOT k.ended,
    outcome = CASE WHEN k.ended THEN 'present' ELSE m.outcome END
FROM (
    SELECT c.subject_id, c.rec, bool_or(c.field = 'effective_to') AS ended, array_agg(substr(c.field, 12)) AS keys
    FROM rye_import.merge_contested c
    WHERE c.run_no = @run_no::int AND c.kind = 'link' AND c.verdict IN ('kept', 'conflict')
    GROUP BY c.subject_id, c.rec
) k
WHERE m.run_no = @run_no::int AND m.outcome IN ('present', 'closing') AND m.id = k.subject_id AND m.rec = k.rec;

-- MergeContestedInsertSettled makes rows for the nodes that the run changes by conflicts alone.
-- name: MergeContestedInsertSettled :execrows
INSERT INTO rye_import.merge_nodes (run_no, rec, node_id, properties, file_no, line)
SELECT DISTINCT ON (k.subject_id) k.run_no, coalesce(k.rec, 0), k.subject_id, '{}', k.file_no, k.line
FROM rye_import.merge_contested k
WHERE k.run_no = @run_no AND k.verdict = 'applied' AND k.kind IN ('label', 'archived', 'property')
    AND NOT EXISTS (SELECT FROM rye_import.merge_nodes c WHERE c.run_no = k.run_no AND c.node_id = k.subject_id)
ORDER BY k.subject_id, k.rec, k.field;

-- MergeContestedSettleNodes takes out of merge_nodes what the nodes keep, and puts in what conflicts that
-- stand apply.
-- name: MergeContestedSettleNodes :execrows
UPDATE rye_import.merge_nodes c
SET label = CASE WHEN t.keeps_label THEN NULL ELSE coalesce(t.label, c.label) END,
    archive = CASE WHEN t.keeps_archived THEN NULL ELSE coalesce(t.archive, c.archive) END,
    properties = (c.properties - t.kept) || t.applied
FROM (
    SELECT k.subject_id,
        bool_or(k.kind = 'label' AND k.verdict <> 'applied') AS keeps_label,
        max(k.incoming #>> '{}') FILTER (WHERE k.kind = 'label' AND k.verdict = 'applied') AS label,
        bool_or(k.kind = 'archived' AND k.verdict <> 'applied') AS keeps_archived,
        bool_or(k.incoming = 'true') FILTER (WHERE k.kind = 'archived' AND k.verdict = 'applied') AS archive,
        coalesce(array_agg(substr(k.field, 12)) FILTER (WHERE k.kind = 'property' AND k.verdict <> 'applied'), '{}') AS kept,
        coalesce(jsonb_object_agg(substr(k.field, 12), k.incoming) FILTER (WHERE k.kind = 'property' AND k.verdict = 'applied'), '{}') AS applied
    FROM rye_import.merge_contested k
    WHERE k.run_no = @run_no::int AND k.kind IN ('label', 'archived', 'property')
    GROUP BY k.subject_id
) t
WHERE c.run_no = @run_no::int AND c.node_id = t.subject_id;

-- MergeContestedDeleteIdle drops the rows of merge_nodes that change nothing.
-- name: MergeContestedDeleteIdle :execrows
DELETE FROM rye_import.merge_nodes c
WHERE c.run_no = @run_no AND c.label IS NULL AND c.properties = '{}' AND c.archive IS NULL;

-- MergeContestedDeleteFacts drops the staged facts that come after a fact which a person made and which
-- stays.
-- name: MergeContestedDeleteFacts :execrows
DELETE FROM rye_import.staging_facts f USING rye_import.merge_contested k
WHERE f.run_no = @run_no AND k.run_no = f.run_no AND k.kind = 'fact' AND k.verdict <> 'applied' AND f.id = ANY (k.fact_ids);

-- MergeContestedInsertEffects notes what conflicts that stand did for records whose content the run did
-- not stage.
-- name: MergeContestedInsertEffects :execrows
INSERT INTO rye_import.merge_effects (run_no, rec, effect)
SELECT DISTINCT k.run_no, k.rec, 'conflict'
FROM rye_import.merge_contested k
JOIN rye_import.staging_records s ON s.run_no = k.run_no AND s.rec = k.rec
WHERE k.run_no = @run_no AND k.verdict = 'applied' AND NOT s.changed;

-- MergeContestedDeleteEdits forgets the edits that are no more: the source has come to say the same, or
-- has won.
-- name: MergeContestedDeleteEdits :execrows
DELETE FROM rye_import.edits e USING rye_import.merge_contested k
WHERE k.run_no = @run_no AND k.verdict IN ('agreed', 'applied') AND e.subject_id = k.subject_id AND e.field = k.field;

-- MergeContestedInsertAgreed notes the facts of people that the source has come to say too, and that the run
-- has noted them.
-- name: MergeContestedInsertAgreed :execrows
WITH agreed AS (
    INSERT INTO rye_import.edits (subject_id, field, base, edited_by, edited_at)
    SELECT k.subject_id, k.field, k.held, k.edited_by, k.edited_at
    FROM rye_import.merge_contested k
    WHERE k.run_no = @run_no::int AND k.kind = 'fact' AND k.verdict = 'agreed' AND k.edited_by IS NOT NULL AND k.held IS NOT NULL
    RETURNING subject_id, field, base, edited_by, edited_at
)
INSERT INTO rye_import.images (run_no, relation, row_key, after)
SELECT @run_no::int, 'edits', rye_import.row_key(to_jsonb(a)), to_jsonb(a) FROM agreed a;
