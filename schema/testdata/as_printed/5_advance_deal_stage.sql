-- The specification's function, as printed.
DROP FUNCTION advance_deal_stage;
CREATE FUNCTION advance_deal_stage(
p_opp_id uuid,
p_new_stage text,
p_reason text DEFAULT NULL,
p_actor text DEFAULT NULL
) RETURNS uuid AS $$
DECLARE
v_old_assertion_id uuid;
v_old_stage text;
v_pipeline text;
v_new_assertion_id uuid;
v_event_id uuid;
BEGIN
SELECT id, claim->>'stage', claim->>'pipeline'
INTO v_old_assertion_id, v_old_stage, v_pipeline
FROM current_assertions
WHERE subject_node_id = p_opp_id AND assertion_type = 'deal_stage';
INSERT INTO events (event_type, occurred_at, summary, properties, actor_system)
VALUES (
'stage_change', now(),
format('Stage: %s -> %s', v_old_stage, p_new_stage),
jsonb_build_object('from_stage', v_old_stage, 'to_stage', p_new_stage, 'reason', p_reason),
coalesce(p_actor, current_setting('app.current_user_id', true))
)
RETURNING id INTO v_event_id;
INSERT INTO event_participants (event_id, node_id, role)
VALUES (v_event_id, p_opp_id, 'subject');
v_new_assertion_id := supersede_assertion(
p_old_assertion_id := v_old_assertion_id,
p_new_assertion_type := 'deal_stage',
p_new_subject_node_id := p_opp_id,
p_new_subject_edge_id := NULL,
p_new_claim := jsonb_build_object(
'stage', p_new_stage, 'pipeline', v_pipeline,
'moved_from', v_old_stage, 'reason', p_reason),
p_new_source_event_id := v_event_id,
p_new_confidence := 1.0
);
RETURN v_new_assertion_id;
END;
$$ LANGUAGE plpgsql;
