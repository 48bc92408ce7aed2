-- A scope of which any key may hold.
DROP POLICY nodes_select ON nodes;
CREATE POLICY nodes_select ON nodes FOR SELECT USING (
    attrs->>'classification' = 'public'
    OR attrs->>'classification' IS NULL
    OR EXISTS (
        SELECT 1 FROM access_grants ag
        WHERE ag.active = true AND ag.resource_type = 'node'
            AND ag.grantee = ANY (string_to_array(current_setting('app.current_teams', true), ','))
            AND (ag.scope->>'node_id' = nodes.id::text
                OR ag.scope->>'node_type' = nodes.node_type
                OR ag.scope->>'classification' = nodes.attrs->>'classification')));
