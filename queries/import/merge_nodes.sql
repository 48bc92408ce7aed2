-- MergeNodeInsert finds what the run changes in nodes that stand. Records that share the node of
-- another one fill only what it lacks, unless they are all that came. A null takes a property away. A node is archived when its
-- last living record is deleted, and comes back when a record that the importer archived does. Of a node
-- that people have edited it notes all that the run says.
-- name: MergeNodeInsert :execrows
WITH said AS (
    SELECT s.id AS node_id, max(s.rec) AS rec, bool_and(s.alias) AS only_aliases,
        rye_import.jsonb_merge(n.properties ORDER BY s.alias DESC, s.rec) FILTER (WHERE n.rec IS NOT NULL) AS properties,
        rye_import.jsonb_merge(n.fill ORDER BY s.alias DESC, s.rec) FILTER (WHERE n.fill IS NOT NULL) AS fill,
        rye_import.jsonb_merge(c.blanks ORDER BY s.rec) FILTER (WHERE NOT s.alias) AS blanks,
        (array_agg(n.label ORDER BY s.alias, s.rec DESC) FILTER (WHERE n.label IS NOT NULL AND NOT s.alias))[1] AS label,
        bool_and(s.deleted) AS deleted, bool_or(NOT s.deleted) AS lives, bool_or(r.legacy_id IS NOT NULL AND NOT s.deleted) AS known,
        (array_agg(s.file_no ORDER BY s.rec DESC))[1] AS file_no, (array_agg(s.line ORDER BY s.rec DESC))[1] AS line
    FROM rye_import.staging_records s
    LEFT JOIN rye_import.staging_nodes n ON n.run_no = s.run_no AND n.rec = s.rec
    LEFT JOIN LATERAL (
        SELECT jsonb_object_agg(k.key, NULL) AS blanks FROM unnest(n.clear) AS k (key)
    ) c ON n.clear IS NOT NULL
    LEFT JOIN rye_import.records r ON r.object_no = s.object_no AND r.legacy_id = s.legacy_id
    WHERE s.run_no = @run_no::int AND s.kind = 'node' AND s.changed AND s.existing
    GROUP BY s.id
), changed AS (
    SELECT d.rec, d.node_id, d.file_no, d.line,
        CASE WHEN d.label IS DISTINCT FROM n.label THEN d.label END AS label,
        (SELECT coalesce(jsonb_object_agg(k.key, k.value), '{}')
         FROM jsonb_each(coalesce(d.blanks, '{}') || coalesce(d.fill, '{}') || coalesce(d.properties, '{}')) AS k (key, value)
         WHERE CASE WHEN k.value = 'null' THEN n.properties ? k.key
                    WHEN d.only_aliases OR NOT coalesce(d.properties, '{}') ? k.key THEN NOT n.properties ? k.key
                    ELSE n.properties -> k.key IS DISTINCT FROM k.value END) AS properties,
        CASE
            WHEN n.archived_at IS NULL AND g.gone THEN true
            WHEN n.archived_at IS NOT NULL AND d.lives AND d.node_id IN (
                SELECT t.id FROM rye_import.staging_records t
                JOIN rye_import.records r ON r.object_no = t.object_no AND r.legacy_id = t.legacy_id AND r.archived IS NOT NULL
                WHERE t.run_no = @run_no::int AND t.kind = 'node' AND t.changed AND NOT t.deleted) THEN false
            -- A new record has taken the node over of one that the importer archived.
            WHEN n.archived_at IS NOT NULL AND d.lives AND NOT d.known AND EXISTS (
                SELECT FROM rye.node_source_map m
                JOIN rye_import.objects o ON o.source = m.source_schema AND o.object = m.source_table
                JOIN rye_import.records r ON r.object_no = o.object_no AND r.legacy_id = m.source_id AND r.archived IS NOT NULL
                WHERE m.node_id = d.node_id) THEN false
        END AS archive,
        CASE WHEN EXISTS (SELECT FROM rye_import.edits e WHERE e.subject_id = d.node_id) THEN jsonb_build_object(
            'label', d.label,
            'archived', CASE WHEN d.lives THEN false WHEN g.gone THEN true END,
            'properties', (
                SELECT coalesce(jsonb_object_agg(k.key, k.value), '{}')
                FROM jsonb_each(coalesce(d.blanks, '{}') || coalesce(d.fill, '{}') || coalesce(d.properties, '{}')) AS k (key, value)
                WHERE k.value = 'null' OR NOT n.properties ? k.key OR NOT d.only_aliases AND coalesce(d.properties, '{}') ? k.key)) END AS said
    FROM said d
    JOIN rye.nodes n ON n.id = d.node_id
    LEFT JOIN LATERAL (
        SELECT true AS gone
        WHERE d.deleted AND NOT d.only_aliases AND NOT EXISTS (
            SELECT FROM rye.node_source_map m
            JOIN rye_import.objects o ON o.source = m.source_schema AND o.object = m.source_table
            JOIN rye_import.records r ON r.object_no = o.object_no AND r.legacy_id = m.source_id AND r.archived IS NULL
            WHERE m.node_id = d.node_id AND (r.object_no, r.legacy_id) NOT IN (
                SELECT t.object_no, t.legacy_id FROM rye_import.staging_records t
                WHERE t.run_no = @run_no::int AND t.changed AND t.deleted))
    ) g ON true
)
INSERT INTO rye_import.merge_nodes (run_no, rec, node_id, label, properties, archive, said, file_no, line)
SELECT @run_no::int, c.rec, c.node_id, c.label, c.properties, c.archive, c.said, c.file_no, c.line
FROM changed c
WHERE c.label IS NOT NULL OR c.properties <> '{}' OR c.archive IS NOT NULL OR c.said IS NOT NULL;

-- MergeNodeCounts counts the changes of nodes.
-- name: MergeNodeCounts :one
SELECT count(*) FILTER (WHERE archive IS DISTINCT FROM true) AS updated, count(*) FILTER (WHERE archive) AS archived
FROM rye_import.merge_nodes
WHERE run_no = @run_no;
