package db_test

import (
	"context"
	"encoding/json"
	"reflect"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/projectrye/rye-import/db"
)

// TestClaims writes and reads each claim, as JSON and through the database.
func TestClaims(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	confidence := 0.8
	for name, c := range map[string]struct {
		claim any
		text  string
	}{
		"deal_stage": {
			db.DealStageClaim{Stage: db.StageClosedWon, Pipeline: "PL-SALES", MovedFrom: db.StageProposal, Reason: "signed", Label: "Won!"},
			`{"stage": "closed_won", "pipeline": "PL-SALES", "moved_from": "proposal", "reason": "signed", "label": "Won!"}`,
		},
		"deal_stage, the first": {db.DealStageClaim{Stage: "new", Pipeline: "PL"}, `{"stage": "new", "pipeline": "PL"}`},
		"deal_value": {
			db.DealValueClaim{Amount: decimal.RequireFromString("1250.55"), Currency: "EUR", Basis: "Offer"},
			`{"amount": 1250.55, "currency": "EUR", "basis": "Offer"}`,
		},
		"deal_value, to the last digit": {
			db.DealValueClaim{Amount: decimal.RequireFromString("-12345678901234567890.123456789")},
			`{"amount": -12345678901234567890.123456789}`,
		},
		"deal_value, huge":       {db.DealValueClaim{Amount: decimal.New(3, 25)}, `{"amount": 30000000000000000000000000}`},
		"deal_value, nothing":    {db.DealValueClaim{Currency: "CZK"}, `{"amount": 0, "currency": "CZK"}`},
		"win_probability":        {db.WinProbabilityClaim{Probability: 0.4, Basis: "guess"}, `{"probability": 0.4, "basis": "guess"}`},
		"win_probability, none":  {db.WinProbabilityClaim{}, `{"probability": 0}`},
		"sentiment":              {db.SentimentClaim{Stance: "warm", Confidence: &confidence, Notes: "likes kettles"}, `{"stance": "warm", "confidence": 0.8, "notes": "likes kettles"}`},
		"contact_info":           {db.ContactInfoClaim{Phone: "1", Email: "a@b.example", PreferredContact: "phone"}, `{"phone": "1", "email": "a@b.example", "preferred_contact": "phone"}`},
		"contact_info, at home":  {db.ContactInfoClaim{Address: json.RawMessage(`{"city":"Brno"}`)}, `{"address": {"city": "Brno"}}`},
		"contact_info, in words": {db.ContactInfoClaim{Address: json.RawMessage(`"Brno"`)}, `{"address": "Brno"}`},
		"do_not_contact":         {db.DoNotContactClaim{Reason: "asked", SetBy: "user:eve", Expires: "2030-01-31"}, `{"reason": "asked", "set_by": "user:eve", "expires": "2030-01-31"}`},
		"lead_score":             {db.LeadScoreClaim{Score: decimal.RequireFromString("87.5"), Model: "pardot", Factors: json.RawMessage(`["title"]`)}, `{"score": 87.5, "model": "pardot", "factors": ["title"]}`},
	} {
		written, err := json.Marshal(c.claim)
		require.NoError(t, err, name)
		numbers := func(text []byte) (v any) { // JSONEq compares numbers as floats
			var out map[string]json.RawMessage
			require.NoError(t, json.Unmarshal(text, &out), name)
			return string(out["amount"]) + string(out["score"])
		}
		require.JSONEq(t, c.text, string(written), name)
		require.Equal(t, numbers([]byte(c.text)), numbers(written), name)

		var stored []byte
		require.NoError(t, w.owner.QueryRow(context.Background(), "SELECT $1::jsonb", json.RawMessage(written)).Scan(&stored))
		for _, text := range [][]byte{[]byte(c.text), written, stored} {
			read := reflect.New(reflect.TypeOf(c.claim))
			require.NoError(t, json.Unmarshal(text, read.Interface()), name)
			again, err := json.Marshal(read.Interface())
			require.NoError(t, err, name)
			require.JSONEq(t, string(written), string(again), name)
			require.Equal(t, numbers(written), numbers(again), name)
		}
	}

	// What others write: texts for numbers, nulls, more than is named here.
	var value db.DealValueClaim
	require.NoError(t, json.Unmarshal([]byte(`{"amount": "2000.10", "currency": null, "colour": "red"}`), &value))
	require.Equal(t, "2000.1", value.Amount.String())
	require.Empty(t, value.Currency)
	require.Error(t, json.Unmarshal([]byte(`{"amount": "a lot"}`), &value))
	// Other decimals of the program are written as before.
	text, err := json.Marshal(map[string]any{"claim": db.DealValueClaim{Amount: decimal.New(5, 0)}, "other": decimal.New(5, 0)})
	require.NoError(t, err)
	require.Equal(t, `{"claim":{"amount":5},"other":"5"}`, string(text))
}

// TestNames checks the constants against what the functions and views of the schema look for.
func TestNames(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := context.Background()
	require.NoError(t, pgx.BeginFunc(ctx, w.owner, func(tx pgx.Tx) error {
		one := func(sql string, args ...any) (v string) {
			require.NoError(t, tx.QueryRow(ctx, sql, args...).Scan(&v), sql)
			return v
		}
		deal := one("SELECT rye.create_opportunity('Deal', 'PL-SALES', $1)::text", eve)
		require.Equal(t, db.NodeOpportunity+" "+db.SourceInternal+" "+db.CodeOpportunity,
			one("SELECT node_type || ' ' || external_source || ' ' || split_part(external_id, '-', 1) FROM rye.nodes WHERE id = $1", deal))
		require.Equal(t, db.EdgeAssignedTo+db.AssignedOwner+" "+db.EdgePipelineMember,
			one("SELECT string_agg(edge_type || coalesce(properties ->> 'role', ''), ' ' ORDER BY edge_type) FROM rye.edges WHERE source_id = $1", deal))
		one("SELECT rye.advance_deal_stage($1, $2, 'because')::text", deal, db.StageClosedWon)
		require.Equal(t, db.EventStageChange+" "+db.RoleSubject,
			one("SELECT e.event_type || ' ' || p.role FROM rye.events e JOIN rye.event_participants p ON p.event_id = e.id WHERE p.node_id = $1", deal))
		var claim db.DealStageClaim
		require.NoError(t, json.Unmarshal([]byte(one("SELECT claim::text FROM rye.current_assertions WHERE subject_node_id = $1 AND assertion_type = $2 AND assertion_key = $3",
			deal, db.AssertionDealStage, db.KeyDefault)), &claim))
		require.Equal(t, db.DealStageClaim{Stage: db.StageClosedWon, Pipeline: "PL-SALES", MovedFrom: db.StageProspecting, Reason: "because"}, claim)
		require.Equal(t, "0", one("SELECT count(*)::text FROM rye.opportunities_active_secure WHERE node_id = $1", deal))

		_, err := tx.Exec(ctx, "SELECT rye.merge_nodes($1, $2)", adaTwin, ada)
		require.NoError(t, err)
		require.Equal(t, db.RoleCanonical+" "+db.RoleDuplicate,
			one("SELECT string_agg(p.role, ' ' ORDER BY p.role) FROM rye.events e JOIN rye.event_participants p ON p.event_id = e.id WHERE e.event_type = $1", db.EventNodeMerge))
		one("SELECT rye.record_event($1, 'x', '{}', ARRAY[$2::uuid])::text", db.EventNote, bob)
		require.Equal(t, db.RoleParticipant, one("SELECT p.role FROM rye.events e JOIN rye.event_participants p ON p.event_id = e.id WHERE e.event_type = $1 AND p.node_id = $2", db.EventNote, bob))

		for _, level := range []string{db.AccessRead, db.AccessWrite, db.AccessAdmin} {
			_, err := tx.Exec(ctx, "SELECT set_config('app.current_user_id', 'user:x', true)")
			require.NoError(t, err)
			require.Equal(t, "true", one("SELECT rye.grant_applies($1, 'user:x', $2, $3)::text", db.GrantUser, db.AccessAdmin, level))
			require.Equal(t, map[bool]string{true: "true", false: "false"}[level == db.AccessRead],
				one("SELECT rye.grant_applies($1, 'user:x', $2, $3)::text", db.GrantUser, db.AccessRead, level))
		}
		for role, classes := range map[string][]string{
			db.SessionAdmin:       {db.ClassPublic, db.ClassInternal, db.ClassConfidential, db.ClassRestricted},
			db.SessionDealManager: {db.ClassPublic, db.ClassInternal, db.ClassConfidential},
			db.SessionTeamLead:    {db.ClassPublic, db.ClassInternal, db.ClassConfidential},
			db.SessionTeamMember:  {db.ClassPublic, db.ClassInternal},
		} {
			var got []string
			require.NoError(t, tx.QueryRow(ctx, "SELECT classifications FROM rye.role_classification_access WHERE role_name = $1", role).Scan(&got))
			require.Equal(t, classes, got, role)
		}
		return nil
	}))
}
