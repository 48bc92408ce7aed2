-- What a generated export has not, in proportion to it.
UPDATE rye.nodes
SET attrs = attrs || CASE get_byte(decode(md5(id::text), 'hex'), 15) % 10
    WHEN 0 THEN '{"classification": "internal", "teams": ["sales"]}'::jsonb
    ELSE '{"classification": "internal", "teams": ["support"]}' END
WHERE node_type IN ('person', 'opportunity') AND get_byte(decode(md5(id::text), 'hex'), 15) % 10 < 2;

INSERT INTO rye.access_grants (grantee, grant_type, resource_type, access_level, scope) VALUES
    ('sales', 'team', 'assertion', 'read', '{"assertion_type": "deal_value"}'),
    ('user:eve', 'user', 'node', 'write', '{"node_type": "opportunity", "classification": "restricted"}'),
    ('helpdesk', 'team', 'node', 'read', '{"node_type": "person"}');
INSERT INTO rye.field_classifications (node_type, field_path, classification) VALUES
    ('person', 'phone', 'confidential'), ('person', 'email', 'internal');

-- Of the people who are contacts of deals, every tenth has filed a ticket.
CREATE TEMPORARY TABLE filed AS
SELECT c.target_id AS person_id, gen_random_uuid() AS ticket_id, row_number() OVER (ORDER BY c.target_id) AS n
FROM (SELECT DISTINCT target_id FROM rye.edges WHERE edge_type = 'primary_contact') c
WHERE get_byte(decode(md5(c.target_id::text), 'hex'), 14) % 10 = 0;
INSERT INTO rye.nodes (id, node_type, label, properties)
SELECT ticket_id, 'ticket', 'Ticket ' || n, jsonb_build_object('code', 'TKT-2306-' || lpad(n::text, 6, '0')) FROM filed;
INSERT INTO rye.edges (edge_type, source_id, target_id) SELECT 'filed', person_id, ticket_id FROM filed;
INSERT INTO rye.assertions (assertion_type, subject_node_id, claim)
SELECT 'ticket_status', ticket_id, CASE WHEN n % 2 = 0 THEN '{"status": "open"}'::jsonb ELSE '{"status": "closed"}' END FROM filed;
INSERT INTO rye.artifacts (artifact_type, source_node_id, content)
SELECT 'document', f.person_id, jsonb_build_object('page', p) FROM filed f CROSS JOIN generate_series(1, 5) AS p;
DROP TABLE filed;

-- Every hundredth person came of a merge.
INSERT INTO rye.node_merges (duplicate_id, canonical_id, merged_by)
SELECT m.duplicate_id, m.id, 'user:eve'
FROM (SELECT n.id, lag(n.id) OVER (ORDER BY n.id) AS duplicate_id FROM rye.nodes n WHERE n.node_type = 'person') m
WHERE m.duplicate_id IS NOT NULL AND get_byte(decode(md5(m.id::text), 'hex'), 13) % 100 = 0;
