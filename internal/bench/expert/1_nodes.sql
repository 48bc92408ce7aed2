-- What a careful engineer writes by hand to bring the raw files of schema expert into a rye graph, once:
-- no journal, no provenance, no second run. The files are copied as they are, blank cells as null.
SET work_mem = '256MB';

-- A weekly export writes a null lookup as an id of zeros.
CREATE FUNCTION expert.ref(text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT nullif($1, '000000000000000AAA')
$$;

CREATE FUNCTION expert.stage_key(text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT btrim(regexp_replace(lower($1), '[^a-z0-9]+', '_', 'g'), '_')
$$;

CREATE UNLOGGED TABLE expert.found AS
SELECT gen_random_uuid() AS node_id, 'Account' AS object, a.id, 'org' AS node_type, 'ORG' AS prefix, a.name AS label,
    a.createddate::timestamptz AS created_at,
    jsonb_build_object(
        'name', a.name, 'type', a.type, 'industry', a.industry, 'website', a.website, 'phone', a.phone,
        'annual_revenue', a.annualrevenue::numeric, 'employees', a.numberofemployees::int, 'description', a.description,
        'source', a.accountsource, 'currency', a.currencyisocode, 'Segment__c', a.segment__c, 'created_by_id', a.createdbyid,
        'address', jsonb_build_object('street', a.billingstreet, 'city', a.billingcity, 'postal_code', a.billingpostalcode,
            'country', a.billingcountry)) AS properties
FROM expert.account a
UNION ALL
SELECT gen_random_uuid(), 'Contact', c.id, 'person', 'CON', concat_ws(' ', c.firstname, c.lastname), c.createddate::timestamptz,
    jsonb_build_object(
        'first_name', c.firstname, 'last_name', c.lastname, 'salutation', c.salutation, 'email', lower(c.email),
        'phone', coalesce(c.phone, c.mobilephone), 'mobile_phone', c.mobilephone, 'title', c.title, 'department', c.department,
        'source', c.leadsource, 'Languages__c', c.languages__c, 'created_by_id', c.createdbyid,
        'address', jsonb_build_object('city', c.mailingcity, 'country', c.mailingcountry))
FROM expert.contact c
UNION ALL
-- A converted lead is the person that its contact is, and adds to it below.
SELECT gen_random_uuid(), 'Lead', l.id, 'person', 'CON', concat_ws(' ', l.firstname, l.lastname), l.createddate::timestamptz,
    jsonb_build_object(
        'first_name', l.firstname, 'last_name', l.lastname, 'email', lower(l.email), 'phone', l.phone, 'title', l.title,
        'company', l.company, 'rating', l.rating, 'source', l.leadsource, 'lead_status', l.status, 'converted', false,
        'created_by_id', l.createdbyid, 'address', jsonb_build_object('city', l.city, 'country', l.country))
FROM expert.lead l
WHERE expert.ref(l.convertedcontactid) IS NULL
UNION ALL
SELECT gen_random_uuid(), 'User', u.id, 'person', 'CON', concat_ws(' ', u.firstname, u.lastname), u.createddate::timestamptz,
    jsonb_build_object(
        'first_name', u.firstname, 'last_name', u.lastname, 'username', u.username, 'email', lower(u.email), 'phone', u.phone,
        'title', u.title, 'department', u.department, 'company', u.companyname, 'active', u.isactive = '1',
        'time_zone', u.timezonesidkey, 'team_member', true,
        'address', jsonb_build_object('city', u.city, 'country', u.country))
FROM expert."user" u
UNION ALL
SELECT gen_random_uuid(), 'Opportunity', o.id, 'opportunity', 'OPP', o.name, o.createddate::timestamptz,
    jsonb_build_object(
        'name', o.name, 'description', o.description, 'estimated_value', o.amount::numeric,
        'expected_revenue', o.expectedrevenue::numeric, 'currency', o.currencyisocode, 'close_date', o.closedate::date,
        'type', o.type, 'next_step', o.nextstep, 'forecast_category', o.forecastcategoryname,
        'forecast_category_code', o.forecastcategory, 'record_type_id', o.recordtypeid, 'created_by_id', o.createdbyid)
FROM expert.opportunity o
UNION ALL
SELECT gen_random_uuid(), 'Campaign', c.id, 'campaign', 'CMP', c.name, c.createddate::timestamptz,
    jsonb_build_object(
        'name', c.name, 'campaign_type', c.type, 'status', c.status, 'description', c.description, 'active', c.isactive = '1',
        'start_date', c.startdate::date, 'end_date', c.enddate::date, 'budget', c.budgetedcost::numeric,
        'number_sent', c.numbersent::int, 'currency', c.currencyisocode, 'created_by_id', c.createdbyid)
FROM expert.campaign c
UNION ALL
SELECT gen_random_uuid(), 'BusinessProcess', b.id, 'pipeline', 'PL', b.name, b.createddate::timestamptz,
    jsonb_build_object(
        'name', r.name, 'developer_name', r.developername, 'active', r.isactive = '1', 'stages', s.stages,
        'default_stage', s.first)
FROM expert.businessprocess b
JOIN expert.recordtype r ON r.businessprocessid = b.id
CROSS JOIN (
    SELECT jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
            'key', expert.stage_key(masterlabel), 'label', masterlabel, 'order', sortorder::int,
            'probability', defaultprobability::numeric / 100, 'terminal', CASE WHEN isclosed = '1' THEN true END))
            ORDER BY sortorder::int) AS stages,
        (array_agg(expert.stage_key(masterlabel) ORDER BY sortorder::int))[1] AS first
    FROM expert.opportunitystage
) s;

-- Which record is which node, for the ends of everything.
CREATE UNLOGGED TABLE expert.ids (id text PRIMARY KEY, node_id uuid NOT NULL, object text NOT NULL);
INSERT INTO expert.ids (id, node_id, object)
SELECT id, node_id, object FROM expert.found;
INSERT INTO expert.ids (id, node_id, object)
SELECT l.id, i.node_id, 'Lead' FROM expert.lead l JOIN expert.ids i ON i.id = l.convertedcontactid
UNION ALL
SELECT r.id, i.node_id, 'RecordType' FROM expert.recordtype r JOIN expert.ids i ON i.id = r.businessprocessid;
ANALYZE expert.ids;

INSERT INTO rye.nodes (id, node_type, label, external_id, external_source, properties, created_at)
SELECT f.node_id, f.node_type, f.label, f.code, 'internal',
    jsonb_strip_nulls(f.properties || coalesce(l.properties, '{}')) || jsonb_build_object('code', f.code), f.created_at
FROM (
    SELECT f.*,
        CASE WHEN f.prefix = 'PL' THEN 'PL-' || upper(regexp_replace(f.label, '[^A-Za-z0-9]+', '-', 'g'))
             ELSE rye.format_crm_code(f.prefix, to_char(f.created_at, 'YYMM'),
                row_number() OVER (PARTITION BY f.prefix, to_char(f.created_at, 'YYMM') ORDER BY f.created_at, f.id))
        END AS code
    FROM expert.found f
) f
LEFT JOIN (
    SELECT l.convertedcontactid AS id, jsonb_build_object('company', l.company, 'rating', l.rating, 'lead_status', l.status,
        'converted', true, 'converted_at', l.converteddate::date, 'lead_opted_out_of_email', l.hasoptedoutofemail = '1') AS properties
    FROM expert.lead l
    WHERE expert.ref(l.convertedcontactid) IS NOT NULL
) l ON l.id = f.id;

INSERT INTO rye.crm_code_counters (prefix, year_month, next_val)
SELECT prefix, to_char(created_at, 'YYMM'), count(*) + 1 FROM expert.found WHERE prefix <> 'PL' GROUP BY 1, 2;

INSERT INTO rye.node_source_map (node_id, source_schema, source_table, source_id, source_id_type)
SELECT node_id, 'salesforce', object, id, 'salesforce' FROM expert.ids;
