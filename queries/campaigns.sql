-- CampaignListResponses gives the people whom a campaign went to, with what is known of their response, in
-- a stable order. HasResponded null stands for all, else for those who have or have not. A date without
-- a time is its midnight in UTC. The next page begins after the last row's EdgeID.
-- name: CampaignListResponses :many
SELECT e.id AS edge_id, n.id AS person_id, n.label AS name, code.code, email.email, channel.channel,
    sent_at.sent_at, responded_at.responded_at,
    (coalesce(e.properties -> 'has_responded' = 'true', false) OR responded_at.responded_at IS NOT NULL)::boolean AS has_responded
FROM rye.edges e
JOIN rye.nodes n ON n.id = e.target_id
CROSS JOIN LATERAL jsonb_extract_path_text(n.properties, 'code') AS code
CROSS JOIN LATERAL jsonb_extract_path_text(n.properties, 'email') AS email
CROSS JOIN LATERAL jsonb_extract_path_text(e.properties, 'channel') AS channel
CROSS JOIN LATERAL rye.jsonb_timestamp(e.properties -> 'sent_at') AS sent_at
CROSS JOIN LATERAL rye.jsonb_timestamp(e.properties -> 'responded_at') AS responded_at
WHERE e.source_id = @campaign_id AND e.edge_type = 'campaign_target' AND e.archived_at IS NULL AND n.archived_at IS NULL
    AND (sqlc.narg('has_responded')::boolean IS NULL
        OR (coalesce(e.properties -> 'has_responded' = 'true', false) OR responded_at.responded_at IS NOT NULL) = sqlc.narg('has_responded')::boolean)
    AND e.id > coalesce(sqlc.narg('after_id')::uuid, '00000000-0000-0000-0000-000000000000')
ORDER BY e.id
LIMIT @max_rows;

-- CampaignCountResponses counts the people whom a campaign went to, those of them with a time of sending,
-- and those who have responded.
-- name: CampaignCountResponses :one
SELECT count(*) AS targets, count(sent_at.sent_at) AS sent,
    count(*) FILTER (WHERE e.properties -> 'has_responded' = 'true' OR responded_at.responded_at IS NOT NULL) AS responded
FROM rye.edges e
JOIN rye.nodes n ON n.id = e.target_id
CROSS JOIN LATERAL rye.jsonb_timestamp(e.properties -> 'sent_at') AS sent_at
CROSS JOIN LATERAL rye.jsonb_timestamp(e.properties -> 'responded_at') AS responded_at
WHERE e.source_id = @campaign_id AND e.edge_type = 'campaign_target' AND e.archived_at IS NULL AND n.archived_at IS NULL;
