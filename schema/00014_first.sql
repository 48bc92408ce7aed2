-- +goose Up
-- +goose StatementBegin
-- What a first import of a source says is resolved from staging alone, beside the transaction that fills the graph.

-- The crosswalk as the run will leave it for its new records.
CREATE OR REPLACE VIEW rye_import.staging_keys AS
    SELECT s.run_no, s.object_no, s.legacy_id, s.id AS node_id
    FROM rye_import.staging_records s
    WHERE s.kind = 'node' AND s.changed AND (s.alias OR NOT s.existing AND EXISTS (
        SELECT FROM rye_import.staging_nodes n WHERE n.run_no = s.run_no AND n.rec = s.rec));
COMMENT ON VIEW rye_import.staging_keys IS 'The nodes of the records of a run that the crosswalk does not know yet.';

ALTER TABLE rye_import.merge_edges ADD COLUMN IF NOT EXISTS attrs jsonb;
COMMENT ON COLUMN rye_import.merge_edges.attrs IS 'What the edge carries, if the link makes one.';
ALTER TABLE rye_import.merge_facts ADD COLUMN IF NOT EXISTS attrs jsonb;
COMMENT ON COLUMN rye_import.merge_facts.attrs IS 'What the assertion carries; null for one that stands.';

DO $grants$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'rye_loader') THEN
        GRANT SELECT ON rye_import.staging_keys TO rye_loader;
    END IF;
END
$grants$;
-- +goose StatementEnd
