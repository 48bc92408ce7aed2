-- OpportunityActiveList gives the deals that are under way, ordered by pipeline, then by the place of
-- their stage in it, then by value.
-- name: OpportunityActiveList :many
SELECT o.node_id, coalesce(o.code, '')::text AS code, coalesce(o.label, '')::text AS label,
    coalesce(p.label, o.pipeline, '')::text AS pipeline, coalesce(s.stage ->> 'label', o.stage, '')::text AS stage,
    coalesce(o.current_value::text, '')::text AS current_value, coalesce(o.currency, '')::text AS currency,
    coalesce(o.assigned_to_name, '')::text AS assigned_to, coalesce(o.primary_contact_name, '')::text AS primary_contact
FROM rye.opportunities_active o
LEFT JOIN rye.nodes p ON p.node_type = 'pipeline' AND p.properties ->> 'code' = o.pipeline
LEFT JOIN LATERAL (
    SELECT e.stage FROM jsonb_array_elements(p.properties -> 'stages') AS e (stage) WHERE e.stage ->> 'key' = o.stage LIMIT 1
) s ON true
ORDER BY p.label, rye.jsonb_number(s.stage -> 'order') NULLS LAST, o.current_value DESC NULLS LAST, o.code
LIMIT @max_rows;

-- OpportunityActiveFunnel counts and sums the deals that are under way, by pipeline and stage in
-- their order, and by currency.
-- name: OpportunityActiveFunnel :many
SELECT coalesce(p.label, o.pipeline, '')::text AS pipeline, coalesce(s.stage ->> 'label', o.stage, '')::text AS stage,
    coalesce(o.currency, '')::text AS currency, count(*) AS deals,
    coalesce(sum(o.current_value), 0)::text AS total,
    coalesce(sum(o.current_value * o.win_probability::numeric), 0)::text AS weighted
FROM rye.opportunities_active o
LEFT JOIN rye.nodes p ON p.node_type = 'pipeline' AND p.properties ->> 'code' = o.pipeline
LEFT JOIN LATERAL (
    SELECT e.stage FROM jsonb_array_elements(p.properties -> 'stages') AS e (stage) WHERE e.stage ->> 'key' = o.stage LIMIT 1
) s ON true
GROUP BY 1, 2, 3, rye.jsonb_number(s.stage -> 'order')
ORDER BY 1, rye.jsonb_number(s.stage -> 'order') NULLS LAST, 2, 3
LIMIT @max_rows;
