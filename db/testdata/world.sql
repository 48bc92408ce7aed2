-- A small company, seen by two teams. Acme and its people are open to all; the deal with it belongs to
-- sales; a case of support, and the person who filed it, belong to support.
INSERT INTO rye.nodes (id, node_type, label, properties, attrs, external_id, external_source, created_at) VALUES
    ('00000000-0000-4000-8000-000000000001', 'org', 'Acme Brewing', '{"name": "Acme Brewing", "code": "ORG-2401-0001", "website": "https://www.acme.example", "phone": "+420 555 100 100"}', '{}', 'ORG-2401-0001', 'internal', '2024-01-01 08:00Z'),
    ('00000000-0000-4000-8000-000000000002', 'org', 'Globex Dairy', '{"name": "Globex Dairy", "code": "ORG-2401-0002"}', '{}', 'ORG-2401-0002', 'internal', '2024-01-02 08:00Z'),
    ('00000000-0000-4000-8000-000000000011', 'person', 'Ada Lovelace', '{"first_name": "Ada", "last_name": "Lovelace", "email": "Ada@Acme.example", "phone": "+420 555 200 001", "code": "CON-2401-0001"}', '{}', 'CON-2401-0001', 'internal', '2024-01-03 08:00Z'),
    ('00000000-0000-4000-8000-000000000012', 'person', 'Bob Babbage', '{"first_name": "Bob", "last_name": "Babbage", "email": "bob@globex.example", "code": "CON-2401-0002"}', '{}', 'CON-2401-0002', 'internal', '2024-01-04 08:00Z'),
    ('00000000-0000-4000-8000-000000000013', 'person', 'Eve Seller', '{"first_name": "Eve", "last_name": "Seller", "email": "eve@corp.example", "code": "CON-2401-0003", "team_member": true}', '{}', 'CON-2401-0003', 'internal', '2024-01-05 08:00Z'),
    ('00000000-0000-4000-8000-000000000014', 'person', 'Sue Secret', '{"first_name": "Sue", "last_name": "Secret", "email": "sue@acme.example", "code": "CON-2401-0004"}', '{"classification": "internal", "teams": ["support"]}', 'CON-2401-0004', 'internal', '2024-01-06 08:00Z'),
    ('00000000-0000-4000-8000-000000000015', 'person', 'A. Lovelace', '{"first_name": "Ada", "last_name": "Lovelace", "email": "ada@acme.example", "code": "CON-2401-0005"}', '{}', 'CON-2401-0005', 'internal', '2024-01-07 08:00Z'),
    ('00000000-0000-4000-8000-000000000021', 'pipeline', 'Sales Pipeline', '{"name": "Sales Pipeline", "code": "PL-SALES", "default_stage": "prospecting", "stages": [{"key": "prospecting", "label": "Prospecting", "order": 1}, {"key": "proposal", "label": "Proposal", "order": 2}, {"key": "closed_won", "label": "Closed Won", "order": 3, "terminal": true}, {"key": "closed_lost", "label": "Closed Lost", "order": 4, "terminal": true}]}', '{}', 'PL-SALES', 'internal', '2024-01-01 08:00Z'),
    ('00000000-0000-4000-8000-000000000031', 'opportunity', 'Acme kettles', '{"name": "Acme kettles", "code": "OPP-2402-0001", "estimated_value": 1000}', '{"classification": "internal", "teams": ["sales"]}', 'OPP-2402-0001', 'internal', '2024-02-01 08:00Z'),
    ('00000000-0000-4000-8000-000000000032', 'opportunity', 'Globex tanks', '{"name": "Globex tanks", "code": "OPP-2402-0002"}', '{}', 'OPP-2402-0002', 'internal', '2024-02-02 08:00Z'),
    ('00000000-0000-4000-8000-000000000033', 'opportunity', 'Acme cellar', '{"name": "Acme cellar", "code": "OPP-2312-0001"}', '{}', 'OPP-2312-0001', 'internal', '2023-12-02 08:00Z'),
    ('00000000-0000-4000-8000-000000000041', 'campaign', 'Spring fair', '{"name": "Spring fair", "campaign_type": "event", "code": "CMP-2403-0001"}', '{}', 'CMP-2403-0001', 'internal', '2024-03-01 08:00Z'),
    ('00000000-0000-4000-8000-000000000051', 'ticket', 'Kettle leaks', '{"code": "TIC-2404-0001"}', '{"classification": "internal", "teams": ["support"]}', NULL, NULL, '2024-04-01 08:00Z');

INSERT INTO rye.edges (id, edge_type, source_id, target_id, properties, effective_from, effective_to) VALUES
    ('00000000-0000-4000-8000-000000000101', 'employs', '00000000-0000-4000-8000-000000000001', '00000000-0000-4000-8000-000000000011', '{"title": "Brewer"}', '2024-01-03Z', NULL),
    ('00000000-0000-4000-8000-000000000102', 'employs', '00000000-0000-4000-8000-000000000002', '00000000-0000-4000-8000-000000000012', '{"title": "Buyer"}', '2024-01-04Z', NULL),
    ('00000000-0000-4000-8000-000000000103', 'employs', '00000000-0000-4000-8000-000000000001', '00000000-0000-4000-8000-000000000012', '{"title": "Apprentice"}', '2020-01-01Z', '2023-06-30Z'),
    ('00000000-0000-4000-8000-000000000104', 'employs', '00000000-0000-4000-8000-000000000001', '00000000-0000-4000-8000-000000000014', '{}', '2024-01-06Z', NULL),
    ('00000000-0000-4000-8000-000000000111', 'targets', '00000000-0000-4000-8000-000000000031', '00000000-0000-4000-8000-000000000001', '{}', '2024-02-01Z', NULL),
    ('00000000-0000-4000-8000-000000000112', 'pipeline_member', '00000000-0000-4000-8000-000000000031', '00000000-0000-4000-8000-000000000021', '{}', '2024-02-01Z', NULL),
    ('00000000-0000-4000-8000-000000000113', 'assigned_to', '00000000-0000-4000-8000-000000000031', '00000000-0000-4000-8000-000000000013', '{"role": "owner"}', '2024-02-01Z', NULL),
    ('00000000-0000-4000-8000-000000000114', 'primary_contact', '00000000-0000-4000-8000-000000000031', '00000000-0000-4000-8000-000000000011', '{"role": "Decision Maker"}', '2024-02-01Z', NULL),
    ('00000000-0000-4000-8000-000000000115', 'secondary_contact', '00000000-0000-4000-8000-000000000031', '00000000-0000-4000-8000-000000000014', '{"role": "Engineer"}', '2024-02-01Z', NULL),
    ('00000000-0000-4000-8000-000000000121', 'targets', '00000000-0000-4000-8000-000000000032', '00000000-0000-4000-8000-000000000002', '{}', '2024-02-02Z', NULL),
    ('00000000-0000-4000-8000-000000000122', 'pipeline_member', '00000000-0000-4000-8000-000000000032', '00000000-0000-4000-8000-000000000021', '{}', '2024-02-02Z', NULL),
    ('00000000-0000-4000-8000-000000000123', 'primary_contact', '00000000-0000-4000-8000-000000000032', '00000000-0000-4000-8000-000000000012', '{}', '2024-02-02Z', NULL),
    ('00000000-0000-4000-8000-000000000124', 'assigned_to', '00000000-0000-4000-8000-000000000032', '00000000-0000-4000-8000-000000000013', '{"role": "owner"}', '2024-02-02Z', NULL),
    ('00000000-0000-4000-8000-000000000131', 'pipeline_member', '00000000-0000-4000-8000-000000000033', '00000000-0000-4000-8000-000000000021', '{}', '2023-12-02Z', NULL),
    ('00000000-0000-4000-8000-000000000141', 'campaign_target', '00000000-0000-4000-8000-000000000041', '00000000-0000-4000-8000-000000000011', '{"channel": "email", "sent_at": "2024-03-02T08:00:00Z", "responded_at": "2024-03-05", "has_responded": true}', '2024-03-02Z', NULL),
    ('00000000-0000-4000-8000-000000000142', 'campaign_target', '00000000-0000-4000-8000-000000000041', '00000000-0000-4000-8000-000000000012', '{"channel": "email", "sent_at": "2024-03-02T08:00:00Z"}', '2024-03-02Z', NULL),
    ('00000000-0000-4000-8000-000000000151', 'filed', '00000000-0000-4000-8000-000000000014', '00000000-0000-4000-8000-000000000051', '{}', '2024-04-01Z', NULL),
    ('00000000-0000-4000-8000-000000000152', 'referral', '00000000-0000-4000-8000-000000000012', '00000000-0000-4000-8000-000000000011', '{"context": "fair"}', '2024-03-03Z', NULL);

INSERT INTO rye.events (id, event_type, occurred_at, summary, properties, actor_system) VALUES
    ('00000000-0000-4000-8000-000000000201', 'stage_change', '2024-02-10 10:00Z', 'Stage: prospecting -> proposal', '{"from_stage": "prospecting", "to_stage": "proposal"}', 'user:eve'),
    ('00000000-0000-4000-8000-000000000202', 'phone_call', '2024-02-11 10:00Z', 'Kettle sizes', '{"duration": 600, "direction": "outbound"}', 'user:eve'),
    ('00000000-0000-4000-8000-000000000203', 'email', '2024-02-12 10:00Z', 'Offer', '{"direction": "outbound"}', 'user:eve'),
    ('00000000-0000-4000-8000-000000000204', 'note', '2024-04-02 10:00Z', 'Only for support', '{"body": "Angry"}', 'user:sam');
INSERT INTO rye.event_participants (event_id, node_id, role) VALUES
    ('00000000-0000-4000-8000-000000000201', '00000000-0000-4000-8000-000000000031', 'subject'),
    ('00000000-0000-4000-8000-000000000202', '00000000-0000-4000-8000-000000000031', 'regarding'),
    ('00000000-0000-4000-8000-000000000202', '00000000-0000-4000-8000-000000000011', 'contact'),
    ('00000000-0000-4000-8000-000000000203', '00000000-0000-4000-8000-000000000011', 'recipient'),
    ('00000000-0000-4000-8000-000000000204', '00000000-0000-4000-8000-000000000014', 'subject');

INSERT INTO rye.assertions (id, assertion_type, assertion_key, subject_node_id, claim, asserted_at, effective_at, superseded_at, superseded_by, source_event_id, confidence) VALUES
    ('00000000-0000-4000-8000-000000000302', 'deal_stage', 'default', '00000000-0000-4000-8000-000000000031', '{"stage": "proposal", "pipeline": "PL-SALES", "moved_from": "prospecting"}', '2024-02-10 10:00Z', '2024-02-10 10:00Z', NULL, NULL, '00000000-0000-4000-8000-000000000201', 1),
    ('00000000-0000-4000-8000-000000000301', 'deal_stage', 'default', '00000000-0000-4000-8000-000000000031', '{"stage": "prospecting", "pipeline": "PL-SALES"}', '2024-02-01 08:00Z', '2024-02-01 08:00Z', '2024-02-10 10:00Z', '00000000-0000-4000-8000-000000000302', NULL, 1),
    ('00000000-0000-4000-8000-000000000304', 'deal_value', 'default', '00000000-0000-4000-8000-000000000031', '{"amount": 1250.50, "currency": "EUR", "basis": "Offer"}', '2024-02-12 10:00Z', '2024-02-12 10:00Z', NULL, NULL, NULL, 1),
    ('00000000-0000-4000-8000-000000000303', 'deal_value', 'default', '00000000-0000-4000-8000-000000000031', '{"amount": 1000, "currency": "EUR", "basis": "Guess"}', '2024-02-01 08:00Z', '2024-02-01 08:00Z', '2024-02-12 10:00Z', '00000000-0000-4000-8000-000000000304', NULL, 0.5),
    ('00000000-0000-4000-8000-000000000305', 'win_probability', 'default', '00000000-0000-4000-8000-000000000031', '{"probability": 0.4}', '2024-02-10 10:00Z', '2024-02-10 10:00Z', NULL, NULL, NULL, 1),
    ('00000000-0000-4000-8000-000000000311', 'deal_stage', 'default', '00000000-0000-4000-8000-000000000032', '{"stage": "prospecting", "pipeline": "PL-SALES"}', '2024-02-02 08:00Z', '2024-02-02 08:00Z', NULL, NULL, NULL, 1),
    ('00000000-0000-4000-8000-000000000312', 'deal_value', 'default', '00000000-0000-4000-8000-000000000032', '{"amount": "2000", "currency": "USD"}', '2024-02-02 08:00Z', '2024-02-02 08:00Z', NULL, NULL, NULL, 1),
    ('00000000-0000-4000-8000-000000000321', 'deal_stage', 'default', '00000000-0000-4000-8000-000000000033', '{"stage": "closed_won", "pipeline": "PL-SALES"}', '2023-12-20 08:00Z', '2023-12-20 08:00Z', NULL, NULL, NULL, 1),
    ('00000000-0000-4000-8000-000000000331', 'contact_info', 'default', '00000000-0000-4000-8000-000000000011', '{"email": "Ada@Acme.example", "phone": "+420 555 200 001"}', '2024-01-03 08:00Z', '2024-01-03 08:00Z', NULL, NULL, NULL, 1),
    ('00000000-0000-4000-8000-000000000332', 'do_not_contact', 'phone', '00000000-0000-4000-8000-000000000011', '{"reason": "asked"}', '2024-03-03 08:00Z', '2024-03-03 08:00Z', NULL, NULL, NULL, 1),
    ('00000000-0000-4000-8000-000000000333', 'sentiment', 'default', '00000000-0000-4000-8000-000000000014', '{"stance": "angry"}', '2024-04-02 08:00Z', '2024-04-02 08:00Z', NULL, NULL, NULL, 0.8),
    ('00000000-0000-4000-8000-000000000334', 'ticket_status', 'default', '00000000-0000-4000-8000-000000000051', '{"status": "open"}', '2024-04-01 08:00Z', '2024-04-01 08:00Z', NULL, NULL, NULL, 1);

INSERT INTO rye.node_source_map (node_id, source_schema, source_table, source_id) VALUES
    ('00000000-0000-4000-8000-000000000001', 'salesforce', 'Account', '001A'),
    ('00000000-0000-4000-8000-000000000011', 'salesforce', 'Contact', '003A'),
    ('00000000-0000-4000-8000-000000000011', 'salesforce', 'Lead', '00QA'),
    ('00000000-0000-4000-8000-000000000031', 'salesforce', 'Opportunity', '006A');

-- Section 7.2 of the conventions: finance sees all deal values, whoever owns the deal; and somebody is
-- granted a single node.
INSERT INTO rye.access_grants (id, grantee, grant_type, resource_type, access_level, scope) VALUES
    ('00000000-0000-4000-8000-000000000401', 'sales', 'team', 'node', 'write', '{"node_type": "opportunity", "teams": ["sales"]}'),
    ('00000000-0000-4000-8000-000000000402', 'helpdesk', 'team', 'node', 'read', '{"node_type": "person"}'),
    ('00000000-0000-4000-8000-000000000403', 'finance', 'team', 'assertion', 'read', '{"assertion_type": "deal_value"}'),
    ('00000000-0000-4000-8000-000000000404', 'auditor', 'role', 'node', 'read', '{"node_id": "00000000-0000-4000-8000-000000000031"}');
REFRESH MATERIALIZED VIEW rye.opportunities_active;
REFRESH MATERIALIZED VIEW rye.contacts_directory;
