-- The edges, with both ends looked up. What two records say is one edge.
INSERT INTO rye.edges (id, edge_type, source_id, target_id, properties, effective_from, effective_to)
SELECT DISTINCT ON (l.edge_type, s.node_id, t.node_id, l.effective_to)
    gen_random_uuid(), l.edge_type, s.node_id, t.node_id, jsonb_strip_nulls(coalesce(l.properties, '{}')), l.effective_from, l.effective_to
FROM (
    SELECT 'owned_by' AS edge_type, id AS source, ownerid AS target, NULL::jsonb AS properties,
        createddate::timestamptz AS effective_from, NULL::timestamptz AS effective_to
    FROM expert.account
    UNION ALL
    SELECT 'owned_by', id, ownerid, NULL, createddate::timestamptz, NULL FROM expert.contact
    UNION ALL
    SELECT 'owned_by', id, ownerid, NULL, createddate::timestamptz, NULL FROM expert.lead
    UNION ALL
    SELECT 'owned_by', id, ownerid, NULL, createddate::timestamptz, NULL FROM expert.campaign
    UNION ALL
    SELECT 'subsidiary_of', id, parentid, NULL, createddate::timestamptz, NULL FROM expert.account
    UNION ALL
    SELECT 'part_of', id, parentid, NULL, createddate::timestamptz, NULL FROM expert.campaign
    UNION ALL
    SELECT 'employs', accountid, id, jsonb_build_object('title', title, 'department', department), createddate::timestamptz, NULL
    FROM expert.contact
    UNION ALL
    SELECT 'reports_to', id, reportstoid, NULL, createddate::timestamptz, NULL FROM expert.contact
    UNION ALL
    SELECT 'reports_to', id, managerid, NULL, createddate::timestamptz, NULL FROM expert."user"
    UNION ALL
    SELECT 'affiliated_with', id, convertedaccountid, jsonb_build_object('relationship', 'converted lead'), converteddate::timestamptz, NULL
    FROM expert.lead
    UNION ALL
    SELECT 'converted_from', convertedopportunityid, id, NULL, converteddate::timestamptz, NULL FROM expert.lead
    UNION ALL
    SELECT 'affiliated_with', contactid, accountid, jsonb_build_object('relationship', roles, 'CurrencyIsoCode', currencyisocode),
        coalesce(startdate, createddate)::timestamptz,
        CASE WHEN isactive = '0' THEN coalesce(enddate, lastmodifieddate)::timestamptz END
    FROM expert.accountcontactrelation
    WHERE isdirect = '0'
    UNION ALL
    SELECT 'targets', id, accountid, NULL, createddate::timestamptz, NULL FROM expert.opportunity
    UNION ALL
    SELECT 'assigned_to', id, ownerid, jsonb_build_object('role', 'owner'), createddate::timestamptz, NULL FROM expert.opportunity
    UNION ALL
    SELECT 'sourced_from', id, campaignid, NULL, createddate::timestamptz, NULL FROM expert.opportunity
    UNION ALL
    SELECT 'pipeline_member', o.id, r.id,
        jsonb_build_object('entered_at', to_char(coalesce(o.laststagechangedate, o.createddate)::timestamp, 'YYYY-MM-DD"T"HH24:MI:SS"Z"')),
        coalesce(o.laststagechangedate, o.createddate)::timestamptz, NULL
    FROM expert.opportunity o
    JOIN expert.recordtype r ON left(r.id, 15) = left(o.recordtypeid, 15)
    UNION ALL
    SELECT CASE WHEN isprimary = '1' THEN 'primary_contact' ELSE 'secondary_contact' END, opportunityid, contactid,
        jsonb_build_object('role', role), createddate::timestamptz, NULL
    FROM expert.opportunitycontactrole
    UNION ALL
    SELECT 'campaign_target', campaignid, coalesce(expert.ref(contactid), leadid),
        jsonb_build_object('status', status, 'has_responded', hasresponded = '1',
            'sent_at', to_char(createddate::timestamp, 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), 'responded_at', firstrespondeddate::date),
        createddate::timestamptz, NULL
    FROM expert.campaignmember
) l
JOIN expert.ids s ON s.id = l.source
JOIN expert.ids t ON t.id = l.target
WHERE s.node_id <> t.node_id
ORDER BY l.edge_type, s.node_id, t.node_id, l.effective_to, l.effective_from;
