-- The specification's view, as printed.
DROP MATERIALIZED VIEW contacts_directory;
CREATE MATERIALIZED VIEW contacts_directory AS
SELECT
n.id AS node_id,
n.label,
org.label AS organization,
org.id AS org_id
FROM nodes n
LEFT JOIN LATERAL (
SELECT o.id, o.label
FROM edges emp ON emp.target_id = n.id
AND emp.edge_type = 'employs'
AND emp.archived_at IS NULL
AND emp.effective_to IS NULL
JOIN nodes o ON o.id = emp.source_id
LIMIT 1
) org ON true
WHERE n.node_type = 'person'
AND n.archived_at IS NULL;
