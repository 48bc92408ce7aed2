-- Facts: how to reach people, what they forbid, and the chains of the deals, of which a link is made
-- wherever the value moves.
INSERT INTO rye.assertions (assertion_type, assertion_key, subject_node_id, claim, asserted_at, effective_at, confidence)
SELECT f.assertion_type, f.assertion_key, i.node_id, jsonb_strip_nulls(f.claim), f.at, f.at, 1.0
FROM (
    SELECT 'contact_info' AS assertion_type, 'default' AS assertion_key, id,
        jsonb_build_object('phone', coalesce(phone, mobilephone), 'email', lower(email),
            'address', jsonb_build_object('city', mailingcity, 'country', mailingcountry)) AS claim,
        lastmodifieddate::timestamptz AS at
    FROM expert.contact
    UNION ALL
    SELECT 'contact_info', 'default', id,
        jsonb_build_object('phone', phone, 'email', lower(email), 'address', jsonb_build_object('city', city, 'country', country)),
        lastmodifieddate::timestamptz
    FROM expert.lead
    WHERE expert.ref(convertedcontactid) IS NULL
    UNION ALL
    SELECT 'contact_info', 'default', id, jsonb_build_object('phone', phone, 'email', lower(email)), lastmodifieddate::timestamptz
    FROM expert."user"
    UNION ALL
    SELECT 'do_not_contact', 'email', id, jsonb_build_object('reason', 'opted out of e-mail', 'set_by', 'salesforce'), lastmodifieddate::timestamptz
    FROM expert.contact
    WHERE hasoptedoutofemail = '1'
    UNION ALL
    SELECT 'do_not_contact', 'email', id, jsonb_build_object('reason', 'opted out of e-mail', 'set_by', 'salesforce'), lastmodifieddate::timestamptz
    FROM expert.lead
    WHERE hasoptedoutofemail = '1' AND expert.ref(convertedcontactid) IS NULL
    UNION ALL
    SELECT 'do_not_contact', 'phone', id, jsonb_build_object('reason', 'do not call', 'set_by', 'salesforce'), lastmodifieddate::timestamptz
    FROM expert.contact
    WHERE donotcall = '1'
) f
JOIN expert.ids i ON i.id = f.id;

INSERT INTO rye.assertions (id, assertion_type, subject_node_id, claim, asserted_at, effective_at, superseded_at, superseded_by,
    source_event_id, confidence)
SELECT l.assertion_id, l.assertion_type, l.node_id,
    CASE WHEN l.assertion_type = 'deal_stage' AND l.before IS NOT NULL
        THEN l.claim || jsonb_build_object('moved_from', l.before ->> 'stage') ELSE l.claim END,
    l.at, l.at,
    lead(l.at) OVER chain, lead(l.assertion_id) OVER chain, l.event_id, 1.0
FROM (
    SELECT gen_random_uuid() AS assertion_id, v.*
    FROM (
        SELECT f.assertion_type, i.node_id, h.id, h.createddate::timestamptz AS at, e.event_id, f.claim,
            lag(f.claim) OVER (PARTITION BY i.node_id, f.assertion_type ORDER BY h.createddate, h.id) AS before
        FROM expert.opportunityhistory h
        JOIN expert.ids i ON i.id = h.opportunityid
        JOIN expert.happened e ON e.id = h.id
        JOIN expert.opportunity o ON o.id = h.opportunityid
        JOIN expert.recordtype r ON left(r.id, 15) = left(o.recordtypeid, 15)
        JOIN expert.ids p ON p.id = r.id
        JOIN rye.nodes n ON n.id = p.node_id
        CROSS JOIN LATERAL (VALUES
            ('deal_stage', jsonb_build_object('stage', expert.stage_key(h.stagename), 'pipeline', n.properties ->> 'code')),
            ('deal_value', CASE WHEN h.amount IS NOT NULL THEN
                jsonb_build_object('basis', 'Amount', 'amount', h.amount::numeric, 'currency', h.currencyisocode) END),
            ('win_probability', CASE WHEN h.probability IS NOT NULL THEN
                jsonb_build_object('basis', 'Probability', 'probability', h.probability::numeric / 100) END)
        ) f (assertion_type, claim)
        WHERE f.claim IS NOT NULL
    ) v
    WHERE v.before IS DISTINCT FROM v.claim
) l
WINDOW chain AS (PARTITION BY l.node_id, l.assertion_type ORDER BY l.at, l.id);

SELECT rye.refresh_crm_views();
