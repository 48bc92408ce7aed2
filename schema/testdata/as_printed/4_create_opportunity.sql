-- The specification's function, as printed.
DROP FUNCTION create_opportunity;
CREATE FUNCTION create_opportunity(
p_name text,
p_pipeline_code text,
p_assigned_to_id uuid,
p_properties jsonb DEFAULT '{}',
p_teams text[] DEFAULT '{}'
) RETURNS uuid AS $$
DECLARE
v_opp_id uuid;
v_code text;
v_pipeline_id uuid;
v_default_stage text;
BEGIN
v_code := generate_crm_code('OPP');
SELECT id, properties->>'default_stage'
INTO v_pipeline_id, v_default_stage
FROM nodes
WHERE node_type = 'pipeline' AND properties->>'code' = p_pipeline_code;
INSERT INTO nodes (node_type, label, properties, attrs, external_id, external_source)
VALUES (
'opportunity', p_name,
p_properties || jsonb_build_object('name', p_name, 'code', v_code),
jsonb_build_object('teams', to_jsonb(p_teams)),
v_code, 'internal'
)
RETURNING id INTO v_opp_id;
INSERT INTO assertions (assertion_type, subject_node_id, claim, confidence)
VALUES ('deal_stage', v_opp_id,
jsonb_build_object('stage', v_default_stage, 'pipeline', p_pipeline_code), 1.0);
INSERT INTO edges (edge_type, source_id, target_id, properties)
VALUES ('pipeline_member', v_opp_id, v_pipeline_id,
jsonb_build_object('entered_at', now()));
IF p_assigned_to_id IS NOT NULL THEN
INSERT INTO edges (edge_type, source_id, target_id, properties, effective_from)
VALUES ('assigned_to', v_opp_id, p_assigned_to_id, '{"role": "owner"}', now());
END IF;
RETURN v_opp_id;
END;
$$ LANGUAGE plpgsql;
