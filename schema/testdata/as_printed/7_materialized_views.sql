-- The materialized view as the read model of everybody.
GRANT SELECT ON opportunities_active TO rye_app;
DROP VIEW opportunities_active_secure CASCADE;
CREATE MATERIALIZED VIEW opportunities_active AS
SELECT n.id AS node_id, n.properties->>'code' AS code FROM nodes n WHERE n.node_type = 'opportunity' AND n.archived_at IS NULL;
CREATE VIEW opportunities_active_secure AS SELECT * FROM opportunities_active;
GRANT SELECT ON opportunities_active_secure TO rye_app;
