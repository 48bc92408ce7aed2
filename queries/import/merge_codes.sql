-- MergeCodeInsert gives the new nodes their codes from the blocks that the run has reserved, in the
-- order of creation in the source, then of object and id; so the same export always gives the
-- same codes. A block serves the nodes from its first to its last position in the month.
-- name: MergeCodeInsert :execrows
WITH blocks AS (
    SELECT unnest(@prefixes::text[]) AS prefix, unnest(@year_months::text[]) AS year_month,
        unnest(@first_positions::bigint[]) AS first_position, unnest(@last_positions::bigint[]) AS last_position,
        unnest(@first_vals::bigint[]) AS first_val
), numbered AS (
    SELECT c.rec, c.prefix, c.year_month,
        row_number() OVER (PARTITION BY c.prefix, c.year_month ORDER BY c.created_at, c.object, c.legacy_id) AS position
    FROM (
        SELECT n.rec, n.code_prefix AS prefix, o.object, s.legacy_id,
            coalesce(s.created_at, s.version, @fallback::timestamptz) AS created_at,
            to_char(coalesce(s.created_at, s.version, @fallback::timestamptz) AT TIME ZONE 'UTC', 'YYMM') AS year_month
        FROM rye_import.staging_nodes n
        JOIN rye_import.staging_records s ON s.run_no = n.run_no AND s.rec = n.rec
        JOIN rye_import.objects o ON o.object_no = s.object_no
        WHERE n.run_no = @run_no::int AND n.code_prefix IS NOT NULL AND n.code_prefix <> 'PL' AND NOT s.existing AND NOT s.alias
            AND NOT EXISTS (SELECT FROM rye_import.merge_codes g WHERE g.run_no = n.run_no AND g.rec = n.rec)
    ) c
)
INSERT INTO rye_import.merge_codes (run_no, rec, code)
SELECT @run_no::int, n.rec, rye.format_crm_code(n.prefix, n.year_month, b.first_val + n.position - b.first_position)
FROM numbered n
JOIN blocks b ON b.prefix = n.prefix AND b.year_month = n.year_month
    AND n.position BETWEEN b.first_position AND b.last_position;

-- MergeCodeInsertKept gives records that come again after an undo the codes that they had.
-- name: MergeCodeInsertKept :execrows
INSERT INTO rye_import.merge_codes (run_no, rec, code)
SELECT DISTINCT ON (k.code) @run_no::int, s.rec, k.code
FROM rye_import.kept_codes k
JOIN rye_import.staging_records s ON s.run_no = @run_no::int AND s.object_no = k.object_no AND s.legacy_id = k.legacy_id AND s.kind = 'node' AND s.changed
JOIN rye_import.staging_nodes n ON n.run_no = s.run_no AND n.rec = s.rec
WHERE NOT s.existing AND NOT s.alias AND starts_with(k.code, n.code_prefix || '-'
    || to_char(coalesce(s.created_at, s.version, @fallback::timestamptz) AT TIME ZONE 'UTC', 'YYMM') || '-')
    AND NOT EXISTS (SELECT FROM rye.nodes x WHERE x.external_source = 'internal' AND x.external_id = k.code AND x.archived_at IS NULL)
ORDER BY k.code, s.rec;

-- MergeCodeForgetKept forgets the codes that records have again.
-- name: MergeCodeForgetKept :exec
DELETE FROM rye_import.kept_codes k USING rye_import.merge_codes m WHERE m.run_no = @run_no AND k.code = m.code;

-- MergeCodeInsertMany gives single nodes codes that were made elsewhere.
-- name: MergeCodeInsertMany :exec
INSERT INTO rye_import.merge_codes (run_no, rec, code)
SELECT @run_no::int, unnest(@recs::bigint[]), unnest(@codes::text[]);

-- MergeCodeRanges gives the first and the last code that the run gave, by object and prefix.
-- name: MergeCodeRanges :many
SELECT o.object, split_part(m.code, '-', 1)::text AS prefix, count(*) AS codes,
    coalesce(min(m.code) FILTER (WHERE length(m.code) <= 13), min(m.code))::text AS first_code,
    coalesce(max(m.code) FILTER (WHERE length(m.code) > 13), max(m.code))::text AS last_code
FROM rye_import.merge_codes m
JOIN rye_import.staging_records s ON s.run_no = m.run_no AND s.rec = m.rec
JOIN rye_import.objects o ON o.object_no = s.object_no
WHERE m.run_no = @run_no AND m.rec > 0
GROUP BY 1, 2
ORDER BY 1, count(*) DESC, 2;
