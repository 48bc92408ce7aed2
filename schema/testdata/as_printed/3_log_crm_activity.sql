-- The specification's function, as printed.
DROP FUNCTION log_crm_activity;
CREATE FUNCTION log_crm_activity(
p_event_type text,
p_summary text,
p_properties jsonb,
p_actor text,
p_participant_ids uuid[],
p_participant_roles text[],
p_occurred_at timestamptz DEFAULT now()
) RETURNS uuid AS $$
DECLARE
v_event_id uuid;
i int;
BEGIN
INSERT INTO events (event_type, occurred_at, summary, properties, actor_system)
VALUES (p_event_type, p_occurred_at, p_summary, p_properties, p_actor)
RETURNING id INTO v_event_id;
FOR i IN 1..array_length(p_participant_ids, 1) LOOP
INSERT INTO event_participants (event_id, node_id, role)
VALUES (v_event_id, p_participant_ids[i], p_participant_roles[i])
ON CONFLICT (event_id, node_id, role) DO NOTHING;
END LOOP;
RETURN v_event_id;
END;
$$ LANGUAGE plpgsql;
