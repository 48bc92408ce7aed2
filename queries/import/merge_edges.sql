-- MergeEdgeInsert resolves both ends of the staged links: of those of deals to their pipelines, or of the others. References to
-- any object of the source are asked for only if there may be some.
-- name: MergeEdgeInsert :execrows
WITH loose AS MATERIALIZED (
    SELECT d.ref, k.node_id
    FROM (
        SELECT l.source_ref AS ref FROM rye_import.staging_links l
        WHERE l.run_no = @run_no AND l.source_object_no IS NULL AND l.source_ref IS NOT NULL
        UNION
        SELECT l.target_ref FROM rye_import.staging_links l
        WHERE l.run_no = @run_no AND l.target_object_no IS NULL AND l.target_ref IS NOT NULL
    ) d
    JOIN rye_import.merge_keys k ON k.run_no = @run_no AND k.legacy_id = d.ref
    WHERE @loose::boolean
), resolved AS (
    SELECT l.rec, l.id, l.slot, l.rank, l.edge_type, l.properties, l.effective_from, l.end_known,
        CASE WHEN o.deleted THEN coalesce(l.effective_to, o.version, @started_at::timestamptz) ELSE l.effective_to END AS effective_to,
        CASE WHEN l.source_ref IS NULL THEN o.id ELSE coalesce(sk.node_id, sl.node_id) END AS source_id,
        CASE WHEN l.target_ref IS NULL THEN o.id ELSE coalesce(tk.node_id, tl.node_id) END AS target_id,
        o.file_no, o.line, o.object_no, o.legacy_id
    FROM rye_import.staging_links l
    JOIN rye_import.staging_records o ON o.run_no = l.run_no AND o.rec = l.rec
    LEFT JOIN rye_import.merge_keys sk
        ON sk.run_no = @run_no AND sk.object_no = l.source_object_no AND sk.legacy_id = l.source_ref
    LEFT JOIN rye_import.merge_keys tk
        ON tk.run_no = @run_no AND tk.object_no = l.target_object_no AND tk.legacy_id = l.target_ref
    LEFT JOIN loose sl ON @loose::boolean AND l.source_object_no IS NULL AND sl.ref = l.source_ref
    LEFT JOIN loose tl ON @loose::boolean AND l.target_object_no IS NULL AND tl.ref = l.target_ref
    WHERE l.run_no = @run_no AND (l.edge_type = 'pipeline_member') = @pipelines::boolean
)
INSERT INTO rye_import.merge_edges (run_no, rec, id, slot, rank, edge_type, source_id, target_id, properties, effective_from, effective_to, end_known,
    outcome, attrs)
SELECT @run_no, r.rec, r.id, r.slot, r.rank, r.edge_type, r.source_id, r.target_id, r.properties, r.effective_from, r.effective_to, r.end_known,
    CASE
        WHEN r.source_id IS NULL OR r.target_id IS NULL THEN 'deferred'
        WHEN r.source_id = r.target_id THEN 'self'
        WHEN r.effective_to IS NOT NULL THEN 'ended'
        ELSE 'new'
    END,
    rye_import.origin(@run_no, r.file_no, r.line, b.object, r.legacy_id, r.slot, NULL)
FROM resolved r
JOIN rye_import.objects b ON b.object_no = r.object_no;

-- MergeEdgeSetTwins marks links that mean the same edge as another one: the one of the lowest rank makes it. They are few, so
-- that nothing but what tells them is put in order.
-- name: MergeEdgeSetTwins :execrows
WITH repeated AS (
    SELECT m.source_id, m.target_id, m.edge_type, m.effective_to IS NULL AS lasts, CASE WHEN m.effective_to IS NOT NULL THEN m.rec END AS ended_rec
    FROM rye_import.merge_edges m
    WHERE m.run_no = @run_no AND m.outcome IN ('new', 'ended')
    GROUP BY 1, 2, 3, 4, 5
    HAVING count(*) > 1
), ranked AS (
    SELECT m.id, row_number() OVER (PARTITION BY r.source_id, r.target_id, r.edge_type, r.lasts, r.ended_rec ORDER BY m.rank, m.rec, m.slot) AS place
    FROM repeated r
    JOIN rye_import.merge_edges m
        ON m.run_no = @run_no AND m.source_id = r.source_id AND m.target_id = r.target_id AND m.edge_type = r.edge_type
        AND (m.effective_to IS NULL) = r.lasts AND (r.lasts OR m.rec = r.ended_rec)
)
UPDATE rye_import.merge_edges m
SET outcome = 'twin'
FROM ranked
WHERE m.run_no = @run_no AND m.id = ranked.id AND ranked.place > 1;

-- MergeEdgeFoldTwins lets the edge that several links mean take the properties of all of them.
-- name: MergeEdgeFoldTwins :execrows
WITH twins AS (
    SELECT m.edge_type, m.source_id, m.target_id,
        rye_import.jsonb_merge(m.properties ORDER BY m.rank DESC, m.rec DESC) FILTER (WHERE m.properties IS NOT NULL) AS properties
    FROM rye_import.merge_edges m
    WHERE m.run_no = @run_no AND m.outcome = 'twin' AND m.effective_to IS NULL
    GROUP BY m.edge_type, m.source_id, m.target_id
)
UPDATE rye_import.merge_edges m
SET properties = coalesce(twins.properties, '{}') || coalesce(m.properties, '{}')
FROM twins
WHERE m.run_no = @run_no AND m.outcome = 'new'
    AND m.edge_type = twins.edge_type AND m.source_id = twins.source_id AND m.target_id = twins.target_id
    AND twins.properties IS NOT NULL;

-- MergeEdgeSetPresent marks links whose edge stands in the graph already.
-- name: MergeEdgeSetPresent :execrows
WITH found AS MATERIALIZED (
    SELECT m.id AS link_id, e.id
    FROM rye_import.merge_edges m
    CROSS JOIN LATERAL rye_import.edges_between(m.source_id, m.edge_type, m.target_id) e
    WHERE m.run_no = @run_no AND m.outcome = 'new' AND e.effective_to IS NULL AND e.archived_at IS NULL
)
UPDATE rye_import.merge_edges m
SET outcome = 'present', id = f.id
FROM found f
WHERE m.run_no = @run_no AND m.id = f.link_id;

-- MergeEdgeSetEnded marks links that say the end of an edge which an earlier run made of the same
-- record: a closing one ends it now, for a present one an earlier run did. Of several periods it is the one
-- that lasts, or the last.
-- name: MergeEdgeSetEnded :execrows
UPDATE rye_import.merge_edges m
SET outcome = CASE WHEN p.effective_to IS NULL THEN 'closing' ELSE 'present' END, id = p.id
FROM (
    SELECT DISTINCT ON (l.id) l.id AS link_id, e.id, e.effective_to
    FROM rye_import.merge_edges l
    JOIN rye_import.staging_records s ON s.run_no = l.run_no AND s.rec = l.rec AND s.existing
    JOIN rye_import.objects o ON o.object_no = s.object_no
    CROSS JOIN LATERAL rye_import.edges_between(l.source_id, l.edge_type, l.target_id) e
    WHERE l.run_no = @run_no AND l.outcome = 'ended' AND e.archived_at IS NULL
        AND e.attrs -> 'import' ->> 'record' = o.object || '/' || s.legacy_id AND e.attrs -> 'import' ->> 'column' = l.slot
        AND NOT EXISTS (
            SELECT FROM rye_import.runs u
            WHERE u.run_no = rye_import.journal_number(e.attrs -> 'import' -> 'run') AND u.source <> o.source)
    ORDER BY l.id, e.effective_to DESC NULLS FIRST, e.effective_from DESC NULLS LAST, e.id
) p
WHERE m.run_no = @run_no AND m.id = p.link_id;

-- MergeEdgeSetReplacing lets new edges of known records begin when the record changed, if the record
-- had another edge in their place before: a new employer is not one since the record was created, also if
-- it has yet to come, or if the record was deleted at once.
-- name: MergeEdgeSetReplacing :execrows
UPDATE rye_import.merge_edges m
SET effective_from = greatest(m.effective_from, coalesce(s.version, @started_at::timestamptz)),
    properties = CASE WHEN m.properties ? 'entered_at'
        THEN m.properties || jsonb_build_object('entered_at',
            to_char(greatest(m.effective_from, coalesce(s.version, @started_at::timestamptz)) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'))
        ELSE m.properties END
FROM rye_import.staging_records s
JOIN rye_import.objects o ON o.object_no = s.object_no
LEFT JOIN rye_import.records r ON r.object_no = s.object_no AND r.legacy_id = s.legacy_id
WHERE m.run_no = @run_no AND (m.outcome IN ('new', 'deferred') OR m.outcome = 'ended' AND s.deleted)
    AND s.run_no = m.run_no AND s.rec = m.rec AND s.existing AND s.kind <> 'carrier'
    AND (
        EXISTS (
            SELECT FROM rye.edges e
            WHERE s.kind = 'node' AND e.source_id = s.id AND e.edge_type = m.edge_type
                AND e.attrs -> 'import' ->> 'record' = o.object || '/' || s.legacy_id AND e.attrs -> 'import' ->> 'column' = m.slot)
        OR EXISTS (
            SELECT FROM rye.edges e
            WHERE s.kind = 'node' AND e.target_id = s.id AND e.edge_type = m.edge_type
                AND e.attrs -> 'import' ->> 'record' = o.object || '/' || s.legacy_id AND e.attrs -> 'import' ->> 'column' = m.slot)
        OR EXISTS (SELECT FROM rye.edges e WHERE e.id = r.target_id)
    );

-- MergeEdgeOutcomes counts what became of the links, by type.
-- name: MergeEdgeOutcomes :many
SELECT m.edge_type,
    count(*) AS found,
    count(*) FILTER (WHERE m.outcome = 'new') AS linked,
    count(*) FILTER (WHERE m.outcome IN ('present', 'twin')) AS unchanged,
    count(*) FILTER (WHERE m.outcome IN ('ended', 'closing')) AS closed,
    count(*) FILTER (WHERE m.outcome = 'deferred') AS deferred,
    count(*) FILTER (WHERE m.outcome = 'self') AS rejected,
    count(*) FILTER (WHERE m.rec < 0) AS carried
FROM rye_import.merge_edges m
WHERE m.run_no = @run_no
GROUP BY m.edge_type
ORDER BY m.edge_type;
