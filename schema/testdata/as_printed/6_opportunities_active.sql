-- The specification's view, as printed.
DROP MATERIALIZED VIEW opportunities_active;
CREATE MATERIALIZED VIEW opportunities_active AS
SELECT
n.id AS node_id,
n.label,
n.properties->>'code' AS code,
stg.claim->>'stage' AS stage,
val.claim->>'amount' AS current_value,
pc.label AS primary_contact_name,
pc.id AS primary_contact_id,
owner.label AS assigned_to_name,
owner.id AS assigned_to_id
FROM nodes n
LEFT JOIN current_assertions stg
ON stg.subject_node_id = n.id AND stg.assertion_type = 'deal_stage'
LEFT JOIN current_assertions val
ON val.subject_node_id = n.id AND val.assertion_type = 'deal_value'
LEFT JOIN LATERAL (
SELECT pc_n.id, pc_n.label
FROM edges pc_e
JOIN nodes pc_n ON pc_n.id = pc_e.target_id
WHERE pc_e.source_id = n.id
AND pc_e.edge_type = 'primary_contact'
AND pc_e.archived_at IS NULL
ORDER BY pc_e.created_at
LIMIT 1
) pc ON true
LEFT JOIN LATERAL (
SELECT own_n.id, own_n.label
FROM edges own_e
JOIN nodes own_n ON own_n.id = own_e.target_id
WHERE own_e.source_id = n.id
AND own_e.edge_type = 'assigned_to'
AND own_e.properties->>'role' = 'owner'
AND own_e.archived_at IS NULL
AND own_e.effective_to IS NULL
ORDER BY own_e.effective_from DESC
LIMIT 1
) owner ON true
WHERE n.node_type = 'opportunity'
AND n.archived_at IS NULL
AND (stg.claim->>'stage' IS NULL
OR stg.claim->>'stage' NOT IN ('closed_won', 'closed_lost', 'dead'));
CREATE UNIQUE INDEX idx_oa_node ON opportunities_active (node_id);
CREATE OR REPLACE FUNCTION refresh_crm_views() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    REFRESH MATERIALIZED VIEW opportunities_active;
END
$$;
