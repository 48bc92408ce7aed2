-- StagingRecordCopyFrom copies the keys of a batch into staging.
-- name: StagingRecordCopyFrom :copyfrom
INSERT INTO rye_import.staging_records (run_no, rec, object_no, legacy_id, kind, id, content_hash, changed, deleted, existing, alias,
    version, created_at, file_no, line, same_object_no, same_id, amount, currency, stage)
VALUES (@run_no, @rec, @object_no, @legacy_id, @kind, @id, @content_hash, @changed, @deleted, @existing, @alias,
    @version, @created_at, @file_no, @line, @same_object_no, @same_id, @amount, @currency, @stage);

-- StagingRecordCount counts what a run has staged, for comparison with what was copied.
-- name: StagingRecordCount :one
SELECT count(*) AS records, count(*) FILTER (WHERE changed) AS changed
FROM rye_import.staging_records WHERE run_no = @run_no;

-- StagingRecordExistsChanged reports whether a run has staged the content of any record, or what had waited for others.
-- name: StagingRecordExistsChanged :one
SELECT EXISTS (SELECT FROM rye_import.staging_records s WHERE s.run_no = @run_no AND s.changed) AS found;

-- StagingRecordMatchNodes gives staged nodes the ids of those that the crosswalk names.
-- name: StagingRecordMatchNodes :execrows
UPDATE rye_import.staging_records s
SET id = m.node_id, existing = true
FROM rye_import.objects o, rye.node_source_map m
WHERE s.run_no = @run_no AND s.kind = 'node' AND s.changed AND o.object_no = s.object_no
    AND m.source_schema = @source AND m.source_table = o.object AND m.source_id = s.legacy_id COLLATE "default";

-- StagingRecordMatchOthers marks the staged events, links and participations that are known.
-- name: StagingRecordMatchOthers :execrows
UPDATE rye_import.staging_records s
SET existing = true
FROM rye_import.records r
WHERE s.run_no = @run_no AND s.kind <> 'node' AND s.changed
    AND r.object_no = s.object_no AND r.legacy_id = s.legacy_id;

-- StagingRecordListAliases gives the staged records that are the same entity as another one, with
-- the node that each stands for so far and, at the end of the chain of such records, the one that
-- it should share. A null root has not arrived.
-- name: StagingRecordListAliases :many
WITH RECURSIVE chain AS (
    SELECT s.rec, s.same_object_no AS object_no, s.same_id AS legacy_id, 1 AS depth
    FROM rye_import.staging_records s
    WHERE s.run_no = @run_no AND s.kind = 'node' AND s.changed AND s.same_id IS NOT NULL
    UNION ALL
    SELECT c.rec, t.same_object_no, t.same_id, c.depth + 1
    FROM chain c
    JOIN rye_import.staging_records t
        ON t.run_no = @run_no AND t.object_no = c.object_no AND t.legacy_id = c.legacy_id AND t.same_id IS NOT NULL
    WHERE c.depth < 50
), ends AS (
    SELECT DISTINCT ON (rec) rec, object_no, legacy_id FROM chain ORDER BY rec, depth DESC
)
SELECT s.rec, s.id, s.existing, s.deleted, e.object_no::int AS root_object_no, e.legacy_id::text AS root_legacy_id,
    t.rec AS root_rec, t.id AS root_id, coalesce(t.existing, false)::boolean AS root_existing, m.node_id AS mapped_id
FROM ends e
JOIN rye_import.staging_records s ON s.run_no = @run_no AND s.rec = e.rec
LEFT JOIN rye_import.staging_records t
    ON t.run_no = @run_no AND t.object_no = e.object_no AND t.legacy_id = e.legacy_id AND t.kind = 'node' AND t.changed
    AND t.rec <> s.rec
LEFT JOIN rye_import.objects o ON o.object_no = e.object_no
LEFT JOIN rye.node_source_map m
    ON m.source_schema = @source AND m.source_table = o.object AND m.source_id = e.legacy_id COLLATE "default"
ORDER BY s.rec;

-- StagingRecordSetAliases lets records share the nodes of others.
-- name: StagingRecordSetAliases :execrows
WITH given AS (
    SELECT unnest(@recs::bigint[]) AS rec, unnest(@ids::uuid[]) AS id, unnest(@existing::boolean[]) AS existing
)
UPDATE rye_import.staging_records s
SET id = g.id, existing = g.existing, alias = true
FROM given g
WHERE s.run_no = @run_no AND s.rec = g.rec;

-- StagingRecordJoinNodes gives records the nodes that stand for them already under another key.
-- name: StagingRecordJoinNodes :execrows
WITH given AS (
    SELECT unnest(@recs::bigint[]) AS rec, unnest(@ids::uuid[]) AS id
)
UPDATE rye_import.staging_records s
SET id = g.id, existing = true
FROM given g
WHERE s.run_no = @run_no AND s.rec = g.rec;

-- StagingRecordListMissingPipelines gives the pipelines that deals name and nothing defines.
-- name: StagingRecordListMissingPipelines :many
SELECT DISTINCT st.pipeline_object_no::int AS object_no, st.pipeline_ref::text AS legacy_id
FROM rye_import.staging_stages st
JOIN rye_import.objects o ON o.object_no = st.pipeline_object_no
LEFT JOIN rye_import.staging_records s
    ON s.run_no = st.run_no AND s.object_no = st.pipeline_object_no AND s.legacy_id = st.pipeline_ref
    AND s.kind = 'node' AND s.changed
LEFT JOIN rye.node_source_map m
    ON m.source_schema = @source AND m.source_table = o.object AND m.source_id = st.pipeline_ref COLLATE "default"
WHERE st.run_no = @run_no AND s.rec IS NULL AND m.node_id IS NULL
ORDER BY 1, 2;

-- StagingRecordSums adds up the amounts that the records of the run state, and what the graph holds
-- of the same records, by currency and stage. Under applied stand only the records whose content
-- the run applied, each to a node of its own: what stands in the graph for others may have been
-- edited there, what a person recorded stays, and of records that share a node the last one has the word. What is held is looked
-- up deal by deal: the planner, which takes the run for larger than the graph, would read all that the graph holds.
-- name: StagingRecordSums :many
WITH deals AS (
    SELECT s.rec, s.changed, s.amount, coalesce(s.currency, '') AS currency, s.stage, m.node_id,
        coalesce(m.node_id IN (
            SELECT k.subject_id FROM rye_import.merge_contested k
            WHERE k.run_no = @run_no AND k.field = 'facts.deal_value.default' AND k.verdict <> 'applied'), false) AS contested,
        count(*) OVER (PARTITION BY m.node_id) AS sharing
    FROM rye_import.staging_records s
    JOIN rye_import.objects o ON o.object_no = s.object_no
    LEFT JOIN rye.node_source_map m
        ON m.source_schema = @source AND m.source_table = o.object AND m.source_id = s.legacy_id COLLATE "default"
    WHERE s.run_no = @run_no AND s.amount IS NOT NULL AND s.rec > 0
), valued AS (
    SELECT x.*, coalesce(ms.stage_key, x.stage, '') AS stage_key, rye.jsonb_number(v.claim -> 'amount') AS held
    FROM deals x
    LEFT JOIN LATERAL (
        SELECT a.claim
        FROM rye.assertions a
        WHERE a.subject_node_id = x.node_id AND a.assertion_type = 'deal_value' AND a.assertion_key = 'default'
            AND a.subject_edge_id IS NULL AND a.superseded_at IS NULL
            AND coalesce(a.claim ->> 'currency', '') = x.currency
        OFFSET 0
    ) v ON true
    LEFT JOIN rye_import.merge_deals d ON d.run_no = @run_no AND d.deal_id = x.node_id
    LEFT JOIN rye_import.merge_stages ms ON ms.run_no = @run_no AND ms.pipeline_id = d.pipeline_id AND ms.label = x.stage
)
SELECT currency::text AS currency, stage_key::text AS stage,
    sum(amount)::text AS source,
    coalesce(sum(held), 0)::text AS graph,
    coalesce(sum(amount) FILTER (WHERE changed AND sharing = 1 AND NOT contested), 0)::text AS source_applied,
    coalesce(sum(held) FILTER (WHERE changed AND sharing = 1 AND NOT contested), 0)::text AS graph_applied
FROM valued
GROUP BY 1, 2
ORDER BY 1, 2;

-- StagingRecordOutcomes tells what became of the records of the run, by object. Of the deleted ones alone it is asked what
-- they were, one by one, for they are few among those that are known.
-- name: StagingRecordOutcomes :many
SELECT o.object,
    count(*) FILTER (WHERE s.changed AND NOT s.existing AND NOT s.deleted) AS created,
    count(*) FILTER (WHERE s.changed AND s.deleted
        AND (NOT s.existing OR e.rec IS NOT NULL AND r.living)) AS archived,
    count(*) FILTER (WHERE s.changed AND s.existing AND e.rec IS NOT NULL
        AND NOT (s.deleted AND r.living) OR NOT s.changed AND e.rec IS NOT NULL) AS updated,
    count(*) FILTER (WHERE (NOT s.changed OR s.existing) AND e.rec IS NULL) AS unchanged
FROM rye_import.staging_records s
JOIN rye_import.objects o ON o.object_no = s.object_no
LEFT JOIN (SELECT DISTINCT run_no, rec FROM rye_import.merge_effects) e ON e.run_no = s.run_no AND e.rec = s.rec
CROSS JOIN LATERAL (
    SELECT CASE WHEN s.deleted THEN (
        SELECT r.archived FROM rye_import.records r WHERE r.object_no = s.object_no AND r.legacy_id = s.legacy_id) IS NULL END AS living
) r
WHERE s.run_no = @run_no AND s.kind <> 'carrier' AND s.rec > 0
GROUP BY o.object
ORDER BY o.object;

-- StagingRecordCountCarried counts the carried links of records that the run met and found
-- unchanged, by type.
-- name: StagingRecordCountCarried :many
SELECT x.edge_type::text AS edge_type, count(*) AS links
FROM (
    SELECT m.rec, m.edge_type FROM rye_import.merge_edges m WHERE m.run_no = @run_no AND m.rec < 0
    UNION ALL
    SELECT p.rec, 'participant' FROM rye_import.merge_participants p WHERE p.run_no = @run_no AND p.rec < 0
) x
JOIN rye_import.staging_records c ON c.run_no = @run_no AND c.rec = x.rec
JOIN rye_import.staging_records s
    ON s.run_no = @run_no AND s.object_no = c.object_no AND s.legacy_id = c.legacy_id AND s.rec > 0 AND NOT s.changed
GROUP BY 1
ORDER BY 1;

-- StagingRecordInsertDerived stages the records that references make: those whose key is neither in the
-- run nor in the crosswalk. Each was created when the first record was that refers to it. They are
-- numbered from first_rec on.
-- name: StagingRecordInsertDerived :execrows
WITH made AS (
    SELECT DISTINCT n.object_no, n.legacy_id
    FROM rye_import.merge_names n
    JOIN rye_import.objects o ON o.object_no = n.object_no
    WHERE n.run_no = @run_no::int AND n.derived
        AND NOT EXISTS (
            SELECT FROM rye_import.staging_records s
            WHERE s.run_no = n.run_no AND s.object_no = n.object_no AND s.legacy_id = n.legacy_id AND s.kind = 'node' AND s.changed)
        AND NOT EXISTS (
            SELECT FROM rye.node_source_map m
            WHERE m.source_schema = o.source AND m.source_table = o.object AND m.source_id = n.legacy_id COLLATE "default")
), referring AS (
    SELECT n.object_no, n.legacy_id, min(s.created_at) AS created_at
    FROM rye_import.staging_references x
    JOIN rye_import.merge_names n
        ON n.run_no = x.run_no AND n.derived AND n.lookup_no = x.object_no AND n.name_key = rye_import.name_key(x.ref)
    JOIN rye_import.staging_records s ON s.run_no = x.run_no AND s.rec = x.rec
    WHERE x.run_no = @run_no::int
    GROUP BY 1, 2
)
INSERT INTO rye_import.staging_records (run_no, rec, object_no, legacy_id, kind, id, content_hash, changed, deleted, existing, alias,
    created_at, file_no, line)
SELECT @run_no::int, row_number() OVER (ORDER BY m.object_no, m.legacy_id) - 1 + @first_rec::bigint, m.object_no, m.legacy_id, 'node',
    gen_random_uuid(), '00000000-0000-0000-0000-000000000000', true, false, false, false, r.created_at, 0, 0
FROM made m
LEFT JOIN referring r ON r.object_no = m.object_no AND r.legacy_id = m.legacy_id;

-- StagingRecordSetTwins lets records of the run that others name as merged into them say it
-- themselves. Of several survivors the lowest counts.
-- name: StagingRecordSetTwins :execrows
WITH named AS (
    SELECT DISTINCT ON (t.object_no, t.legacy_id) t.object_no, t.legacy_id, s.object_no AS same_object_no, s.legacy_id AS same_id
    FROM rye_import.staging_twins t
    JOIN rye_import.staging_records s ON s.run_no = t.run_no AND s.rec = t.rec
    WHERE t.run_no = @run_no
    ORDER BY t.object_no, t.legacy_id, s.object_no, s.legacy_id
)
UPDATE rye_import.staging_records d
SET same_object_no = n.same_object_no, same_id = n.same_id
FROM named n
WHERE d.run_no = @run_no AND d.kind = 'node' AND d.changed AND d.same_id IS NULL
    AND d.object_no = n.object_no AND d.legacy_id = n.legacy_id;

-- StagingRecordInsertTwins stages the other records that records of the run name as merged into them:
-- dead ones, which are nothing but their ids. They are numbered from first_rec on.
-- name: StagingRecordInsertTwins :execrows
WITH named AS (
    SELECT DISTINCT ON (t.object_no, t.legacy_id) t.object_no, t.legacy_id, s.object_no AS same_object_no, s.legacy_id AS same_id,
        s.version, s.file_no, s.line
    FROM rye_import.staging_twins t
    JOIN rye_import.staging_records s ON s.run_no = t.run_no AND s.rec = t.rec
    WHERE t.run_no = @run_no::int AND NOT EXISTS (
        SELECT FROM rye_import.staging_records d
        WHERE d.run_no = t.run_no AND d.object_no = t.object_no AND d.legacy_id = t.legacy_id AND d.kind = 'node' AND d.changed)
    ORDER BY t.object_no, t.legacy_id, s.object_no, s.legacy_id
)
INSERT INTO rye_import.staging_records (run_no, rec, object_no, legacy_id, kind, id, content_hash, changed, deleted, existing, alias,
    version, file_no, line, same_object_no, same_id)
SELECT @run_no::int, row_number() OVER (ORDER BY n.object_no, n.legacy_id) - 1 + @first_rec::bigint, n.object_no, n.legacy_id, 'node',
    coalesce(m.node_id, gen_random_uuid()), '00000000-0000-0000-0000-000000000000', true, true, m.node_id IS NOT NULL, false,
    n.version, n.file_no, n.line, n.same_object_no, n.same_id
FROM named n
JOIN rye_import.objects o ON o.object_no = n.object_no
LEFT JOIN rye.node_source_map m
    ON m.source_schema = o.source AND m.source_table = o.object AND m.source_id = n.legacy_id COLLATE "default";

-- StagingRecordInsertEclipsed stages the records that references alone made and whose name one living
-- record of the run now has itself: they are the same. A name that several living nodes have tells
-- nothing. They are numbered from first_rec on.
-- name: StagingRecordInsertEclipsed :execrows
WITH claims AS (
    SELECT k.object_no, k.legacy_id, s.rec, coalesce(s.id, m.node_id) AS node_id, x.object_no AS same_object_no, x.legacy_id AS same_id
    FROM rye_import.names k
    JOIN rye_import.names x ON x.lookup_no = k.lookup_no AND x.name_key = k.name_key AND NOT x.derived
    JOIN rye_import.objects o ON o.object_no = x.object_no
    LEFT JOIN rye_import.staging_records s
        ON s.run_no = @run_no::int AND s.object_no = x.object_no AND s.legacy_id = x.legacy_id AND s.kind = 'node' AND s.changed
    LEFT JOIN rye_import.records r ON r.object_no = x.object_no AND r.legacy_id = x.legacy_id
    LEFT JOIN rye.node_source_map m
        ON m.source_schema = o.source AND m.source_table = o.object AND m.source_id = x.legacy_id COLLATE "default"
    WHERE k.derived AND k.lookup_no = ANY (@lookup_nos::int[]) AND NOT (x.object_no = k.object_no AND x.legacy_id = k.legacy_id)
        AND CASE WHEN s.rec IS NULL THEN r.archived IS NULL ELSE EXISTS (
            SELECT FROM rye_import.staging_names n
            WHERE n.run_no = s.run_no AND n.rec = s.rec AND n.lookup_no = x.lookup_no AND rye_import.name_key(n.name) = x.name_key) END
), eclipsed AS (
    SELECT c.object_no, c.legacy_id, (array_agg(c.same_object_no ORDER BY c.rec))[1] AS same_object_no, (array_agg(c.same_id ORDER BY c.rec))[1] AS same_id
    FROM claims c
    GROUP BY 1, 2
    HAVING count(DISTINCT c.node_id) = 1 AND bool_or(c.rec IS NOT NULL)
)
INSERT INTO rye_import.staging_records (run_no, rec, object_no, legacy_id, kind, id, content_hash, changed, deleted, existing, alias,
    version, file_no, line, same_object_no, same_id)
SELECT @run_no::int, row_number() OVER (ORDER BY e.object_no, e.legacy_id) - 1 + @first_rec::bigint, e.object_no, e.legacy_id, 'node',
    m.node_id, '00000000-0000-0000-0000-000000000000', true, true, true, false, s.version, s.file_no, s.line, e.same_object_no, e.same_id
FROM eclipsed e
JOIN rye_import.objects o ON o.object_no = e.object_no
JOIN rye.node_source_map m
    ON m.source_schema = o.source AND m.source_table = o.object AND m.source_id = e.legacy_id COLLATE "default"
JOIN rye.nodes d ON d.id = m.node_id AND d.archived_at IS NULL
JOIN rye_import.staging_records s
    ON s.run_no = @run_no::int AND s.object_no = e.same_object_no AND s.legacy_id = e.same_id AND s.kind = 'node' AND s.changed
WHERE NOT EXISTS (
    SELECT FROM rye_import.staging_records d
    WHERE d.run_no = @run_no::int AND d.object_no = e.object_no AND d.legacy_id = e.legacy_id);
