-- History rows, tasks, meetings and notes, and who took part in them. A history row is told apart by whether
-- its stage moved; its facts point at the event.
CREATE UNLOGGED TABLE expert.happened AS
SELECT gen_random_uuid() AS event_id, h.id,
    CASE WHEN moved.stage THEN 'stage_change' ELSE 'deal_change' END AS event_type,
    h.createddate::timestamptz AS occurred_at,
    CASE WHEN moved.stage
        THEN 'Stage: ' || coalesce(expert.stage_key(h.previous), 'none') || ' -> ' || expert.stage_key(h.stagename)
        ELSE 'Stage: ' || h.stagename END AS summary,
    jsonb_build_object(
        'stage', h.stagename, 'previous_stage', h.fromopportunitystagename, 'amount', h.amount::numeric,
        'previous_amount', h.prevamount::numeric, 'expected_revenue', h.expectedrevenue::numeric, 'currency', h.currencyisocode,
        'close_date', h.closedate::date, 'previous_close_date', h.prevclosedate::date, 'probability', h.probability::numeric / 100,
        'forecast_category', h.forecastcategory, 'previous_forecast_category', h.fromforecastcategory,
        'valid_through', to_char(h.validthroughdate::timestamp, 'YYYY-MM-DD"T"HH24:MI:SS"Z"'))
        || CASE WHEN moved.stage THEN jsonb_build_object('from_stage', expert.stage_key(h.previous), 'to_stage', expert.stage_key(h.stagename))
                ELSE '{}' END AS properties,
    h.createdbyid AS actor, h.opportunityid AS regarding, NULL::text AS contact, NULL::text AS account, NULL::text AS owner
FROM (
    SELECT h.*, lag(h.stagename) OVER (PARTITION BY h.opportunityid ORDER BY h.createddate, h.id) AS previous
    FROM expert.opportunityhistory h
) h
CROSS JOIN LATERAL (SELECT h.previous IS DISTINCT FROM h.stagename AS stage) moved
UNION ALL
SELECT gen_random_uuid(), t.id,
    CASE t.tasksubtype WHEN 'Call' THEN 'phone_call' WHEN 'Email' THEN 'email' ELSE 'task' END,
    coalesce(t.completeddatetime, t.activitydate, t.createddate)::timestamptz, t.subject,
    jsonb_build_object(
        'subject', t.subject, 'description', t.description, 'status', t.status, 'priority', t.priority, 'type', t.type,
        'subtype', t.tasksubtype, 'closed', t.isclosed = '1', 'due_date', t.activitydate::date,
        'completed_at', to_char(t.completeddatetime::timestamp, 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
        'duration', t.calldurationinseconds::int, 'call_type', t.calltype, 'direction', lower(t.calltype), 'outcome', t.calldisposition,
        'body', CASE WHEN t.tasksubtype = 'Email' THEN t.description END),
    t.ownerid, t.whatid, t.whoid, t.accountid, t.ownerid
FROM expert.task t
UNION ALL
SELECT gen_random_uuid(), e.id, 'meeting', coalesce(e.activitydatetime, e.activitydate)::timestamptz, e.subject,
    jsonb_build_object(
        'subject', e.subject, 'description', e.description, 'location', e.location, 'duration', e.durationinminutes::int * 60,
        'type', e.type, 'subtype', e.eventsubtype, 'all_day', e.isalldayevent = '1', 'show_as', e.showas, 'date', e.activitydate::date,
        'starts_at', to_char(e.activitydatetime::timestamp, 'YYYY-MM-DD"T"HH24:MI:SS"Z"')),
    e.ownerid, e.whatid, e.whoid, e.accountid, e.ownerid
FROM expert.event e
UNION ALL
SELECT gen_random_uuid(), n.id, 'note', n.createddate::timestamptz, n.title,
    jsonb_build_object('title', n.title, 'body', n.body, 'category', 'note', 'private', n.isprivate = '1', 'AccountId', n.accountid),
    n.ownerid, n.parentid, NULL, NULL, n.ownerid
FROM expert.note n;
ANALYZE expert.happened;

INSERT INTO rye.events (id, event_type, occurred_at, summary, properties, actor_node_id, actor_system)
SELECT h.event_id, h.event_type, h.occurred_at, h.summary, jsonb_strip_nulls(h.properties), a.node_id, 'import:salesforce'
FROM expert.happened h
LEFT JOIN expert.ids a ON a.id = h.actor;

INSERT INTO rye.event_participants (event_id, node_id, role)
SELECT DISTINCT h.event_id, i.node_id, p.role
FROM expert.happened h
CROSS JOIN LATERAL (VALUES
    (h.contact, 'contact'),
    (h.regarding, CASE WHEN h.event_type IN ('stage_change', 'deal_change') THEN 'subject' ELSE 'regarding' END),
    (h.account, 'account'),
    (h.owner, 'owner')
) p (id, role)
JOIN expert.ids i ON i.id = p.id;
