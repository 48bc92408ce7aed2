-- ProvenanceGetNode tells from where a node has what it says: the record that it stands for, of those the one
-- that changed last, and the run, file and line that brought it as it is; first_run_no is the run that made
-- it. There is no row for a node that no import brought. The node may be archived.
-- name: ProvenanceGetNode :one
SELECT m.node_id, c.run_no, r.run_id, r.source, r.mapping, r.started_at, c.first_run_no,
    f.path, f.sha256, c.line, m.source_table AS object, m.source_id AS legacy_id
FROM rye.node_source_map m
JOIN rye.nodes n ON n.id = m.node_id
JOIN rye_import.objects o ON o.source = m.source_schema AND o.object = m.source_table
JOIN rye_import.records c ON c.object_no = o.object_no AND c.legacy_id = m.source_id
JOIN rye_import.runs r ON r.run_no = c.run_no
LEFT JOIN rye_import.files f ON f.file_no = c.file_no
WHERE m.node_id = @node_id::uuid
ORDER BY c.run_no DESC, m.source_table, m.source_id
LIMIT 1;

-- ProvenanceListByNodes tells from where many nodes have what they say, a row for each record that they stand
-- for: in the order of the node ids, the record that changed last first.
-- name: ProvenanceListByNodes :many
SELECT m.node_id, c.run_no, r.run_id, r.source, r.mapping, r.started_at, c.first_run_no,
    f.path, f.sha256, c.line, m.source_table AS object, m.source_id AS legacy_id
FROM rye.node_source_map m
JOIN rye.nodes n ON n.id = m.node_id
JOIN rye_import.objects o ON o.source = m.source_schema AND o.object = m.source_table
JOIN rye_import.records c ON c.object_no = o.object_no AND c.legacy_id = m.source_id
JOIN rye_import.runs r ON r.run_no = c.run_no
LEFT JOIN rye_import.files f ON f.file_no = c.file_no
WHERE m.node_id = ANY (@node_ids::uuid[])
ORDER BY m.node_id, c.run_no DESC, m.source_table, m.source_id
LIMIT @max_rows;

-- ProvenanceGetEdge tells which run, file, line, record and column an edge comes from. There is no row for
-- one that no import brought.
-- name: ProvenanceGetEdge :one
WITH said AS (
    SELECT x.id AS edge_id, rye_import.journal_number(x.attrs -> 'import' -> 'line')::int AS line,
        split_part(x.attrs -> 'import' ->> 'record', '/', 1)::text AS object,
        substring(x.attrs -> 'import' ->> 'record' FROM '/(.*)$')::text AS legacy_id,
        (x.attrs -> 'import' ->> 'column')::text AS column_name
    FROM rye.edges x
    WHERE x.id = @id
)
SELECT e.id AS edge_id, r.run_no, r.run_id, r.source, r.mapping, r.started_at,
    f.path, f.sha256, said.line, said.object, said.legacy_id, said.column_name
FROM rye.edges e
JOIN rye_import.runs r ON r.run_no = rye_import.journal_number(e.attrs -> 'import' -> 'run')
LEFT JOIN rye_import.files f ON f.run_no = r.run_no AND f.file_no = rye_import.journal_number(e.attrs -> 'import' -> 'file')
LEFT JOIN said ON said.edge_id = e.id
WHERE e.id = @id;

-- ProvenanceListByEdges is ProvenanceGetEdge for many, in the order of their ids.
-- name: ProvenanceListByEdges :many
WITH said AS (
    SELECT x.id AS edge_id, rye_import.journal_number(x.attrs -> 'import' -> 'line')::int AS line,
        split_part(x.attrs -> 'import' ->> 'record', '/', 1)::text AS object,
        substring(x.attrs -> 'import' ->> 'record' FROM '/(.*)$')::text AS legacy_id,
        (x.attrs -> 'import' ->> 'column')::text AS column_name
    FROM rye.edges x
    WHERE x.id = ANY (@ids::uuid[])
)
SELECT e.id AS edge_id, r.run_no, r.run_id, r.source, r.mapping, r.started_at,
    f.path, f.sha256, said.line, said.object, said.legacy_id, said.column_name
FROM rye.edges e
JOIN rye_import.runs r ON r.run_no = rye_import.journal_number(e.attrs -> 'import' -> 'run')
LEFT JOIN rye_import.files f ON f.run_no = r.run_no AND f.file_no = rye_import.journal_number(e.attrs -> 'import' -> 'file')
LEFT JOIN said ON said.edge_id = e.id
WHERE e.id = ANY (@ids::uuid[])
ORDER BY e.id
LIMIT @max_rows;

-- ProvenanceGetAssertion tells which run, file, line, record and column a fact comes from. There is no row for
-- one that no import brought.
-- name: ProvenanceGetAssertion :one
WITH said AS (
    SELECT x.id AS assertion_id, rye_import.journal_number(x.attrs -> 'import' -> 'line')::int AS line,
        split_part(x.attrs -> 'import' ->> 'record', '/', 1)::text AS object,
        substring(x.attrs -> 'import' ->> 'record' FROM '/(.*)$')::text AS legacy_id,
        (x.attrs -> 'import' ->> 'column')::text AS column_name
    FROM rye.assertions x
    WHERE x.id = @id
)
SELECT a.id AS assertion_id, r.run_no, r.run_id, r.source, r.mapping, r.started_at,
    f.path, f.sha256, said.line, said.object, said.legacy_id, said.column_name
FROM rye.assertions a
JOIN rye_import.runs r ON r.run_no = rye_import.journal_number(a.attrs -> 'import' -> 'run')
LEFT JOIN rye_import.files f ON f.run_no = r.run_no AND f.file_no = rye_import.journal_number(a.attrs -> 'import' -> 'file')
LEFT JOIN said ON said.assertion_id = a.id
WHERE a.id = @id;

-- ProvenanceListByAssertions is ProvenanceGetAssertion for many, in the order of their ids.
-- name: ProvenanceListByAssertions :many
WITH said AS (
    SELECT x.id AS assertion_id, rye_import.journal_number(x.attrs -> 'import' -> 'line')::int AS line,
        split_part(x.attrs -> 'import' ->> 'record', '/', 1)::text AS object,
        substring(x.attrs -> 'import' ->> 'record' FROM '/(.*)$')::text AS legacy_id,
        (x.attrs -> 'import' ->> 'column')::text AS column_name
    FROM rye.assertions x
    WHERE x.id = ANY (@ids::uuid[])
)
SELECT a.id AS assertion_id, r.run_no, r.run_id, r.source, r.mapping, r.started_at,
    f.path, f.sha256, said.line, said.object, said.legacy_id, said.column_name
FROM rye.assertions a
JOIN rye_import.runs r ON r.run_no = rye_import.journal_number(a.attrs -> 'import' -> 'run')
LEFT JOIN rye_import.files f ON f.run_no = r.run_no AND f.file_no = rye_import.journal_number(a.attrs -> 'import' -> 'file')
LEFT JOIN said ON said.assertion_id = a.id
WHERE a.id = ANY (@ids::uuid[])
ORDER BY a.id
LIMIT @max_rows;

-- ProvenanceGetEvent tells which run, file, line, record and column an event comes from. There is no row for
-- one that no import brought. The import_run event of a run
-- has no record, line or file.
-- name: ProvenanceGetEvent :one
WITH said AS (
    SELECT x.id AS event_id, rye_import.journal_number(x.attrs -> 'import' -> 'line')::int AS line,
        split_part(x.attrs -> 'import' ->> 'record', '/', 1)::text AS object,
        substring(x.attrs -> 'import' ->> 'record' FROM '/(.*)$')::text AS legacy_id,
        (x.attrs -> 'import' ->> 'column')::text AS column_name
    FROM rye.events x
    WHERE x.id = @id
)
SELECT v.id AS event_id, r.run_no, r.run_id, r.source, r.mapping, r.started_at,
    f.path, f.sha256, said.line, said.object, said.legacy_id, said.column_name
FROM rye.events v
JOIN rye_import.runs r ON r.run_no = rye_import.journal_number(v.attrs -> 'import' -> 'run')
LEFT JOIN rye_import.files f ON f.run_no = r.run_no AND f.file_no = rye_import.journal_number(v.attrs -> 'import' -> 'file')
LEFT JOIN said ON said.event_id = v.id
WHERE v.id = @id;

-- ProvenanceListByEvents is ProvenanceGetEvent for many, in the order of their ids.
-- name: ProvenanceListByEvents :many
WITH said AS (
    SELECT x.id AS event_id, rye_import.journal_number(x.attrs -> 'import' -> 'line')::int AS line,
        split_part(x.attrs -> 'import' ->> 'record', '/', 1)::text AS object,
        substring(x.attrs -> 'import' ->> 'record' FROM '/(.*)$')::text AS legacy_id,
        (x.attrs -> 'import' ->> 'column')::text AS column_name
    FROM rye.events x
    WHERE x.id = ANY (@ids::uuid[])
)
SELECT v.id AS event_id, r.run_no, r.run_id, r.source, r.mapping, r.started_at,
    f.path, f.sha256, said.line, said.object, said.legacy_id, said.column_name
FROM rye.events v
JOIN rye_import.runs r ON r.run_no = rye_import.journal_number(v.attrs -> 'import' -> 'run')
LEFT JOIN rye_import.files f ON f.run_no = r.run_no AND f.file_no = rye_import.journal_number(v.attrs -> 'import' -> 'file')
LEFT JOIN said ON said.event_id = v.id
WHERE v.id = ANY (@ids::uuid[])
ORDER BY v.id
LIMIT @max_rows;
