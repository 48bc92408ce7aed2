package db_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/projectrye/rye-import/db"
)

func TestCampaignResponses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.more()
	_, err := w.owner.Exec(context.Background(), `INSERT INTO rye.edges (id, edge_type, source_id, target_id, properties) VALUES
		($1, 'campaign_target', $3, $4, '{"sent_at": "2024-02-30", "responded_at": "soon", "has_responded": "true"}'),
		($2, 'campaign_target', $3, $5, '{"has_responded": true, "sent_at": 1}')`, id(0x1f1), id(0x1f2), fair, blank, sue)
	require.NoError(t, err)
	list := func(ctx context.Context, q *db.Queries, responded *bool) []uuid.UUID {
		return keysInPages(t, func(r db.CampaignListResponsesRow) uuid.UUID { return r.PersonID }, func(last *db.CampaignListResponsesRow, most int32) ([]db.CampaignListResponsesRow, error) {
			p := db.CampaignListResponsesParams{CampaignID: fair, HasResponded: responded, MaxRows: most}
			if last != nil {
				p.AfterID = &last.EdgeID
			}
			return q.CampaignListResponses(ctx, p)
		})
	}
	for _, c := range []struct {
		viewer       viewer
		all, yes, no []uuid.UUID
	}{
		{support, []uuid.UUID{ada, bob, blank, sue}, []uuid.UUID{ada, sue}, []uuid.UUID{bob, blank}},
		{helpdesk, []uuid.UUID{ada, bob, blank, sue}, []uuid.UUID{ada, sue}, []uuid.UUID{bob, blank}},
		{salesman, []uuid.UUID{ada, bob, blank}, []uuid.UUID{ada}, []uuid.UUID{bob, blank}},
		{nobody, []uuid.UUID{ada, bob, blank}, []uuid.UUID{ada}, []uuid.UUID{bob, blank}},
	} {
		w.as(c.viewer, func(ctx context.Context, q *db.Queries) {
			require.Equal(t, c.all, list(ctx, q, nil))
			require.Equal(t, c.yes, list(ctx, q, new(true)))
			require.Equal(t, c.no, list(ctx, q, new(false)))
			n, err := q.CampaignCountResponses(ctx, fair)
			require.NoError(t, err)
			require.Equal(t, db.CampaignCountResponsesRow{Targets: int64(len(c.all)), Sent: 2, Responded: int64(len(c.yes))}, n)
		})
	}
	w.as(nobody, func(ctx context.Context, q *db.Queries) {
		rows, err := q.CampaignListResponses(ctx, db.CampaignListResponsesParams{CampaignID: fair, MaxRows: 9})
		require.NoError(t, err)
		require.Equal(t, db.CampaignListResponsesRow{
			EdgeID: id(0x141), PersonID: ada, Name: new("Ada Lovelace"), Code: new("CON-2401-0001"), Email: new("Ada@Acme.example"), Channel: new("email"),
			SentAt: new(moment(t, "2024-03-02T08:00:00Z")), RespondedAt: new(moment(t, "2024-03-05T00:00:00Z")), HasResponded: true,
		}, rows[0])
		require.Equal(t, db.CampaignListResponsesRow{EdgeID: id(0x1f1), PersonID: blank}, rows[2])
		n, err := q.CampaignCountResponses(ctx, acme)
		require.NoError(t, err)
		require.Zero(t, n)
	})
}

// TestJSONTimestamp reads moments of JSON, in UTC whatever the zone of the session.
func TestJSONTimestamp(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := context.Background()
	tx, err := w.owner.Begin(ctx)
	require.NoError(t, err)
	defer tx.Rollback(ctx)
	_, err = tx.Exec(ctx, "SET LOCAL timezone = 'Asia/Tokyo'")
	require.NoError(t, err)
	for claim, want := range map[string]string{
		`"2024-03-05"`: "2024-03-05T00:00:00Z", `"2024-03-05T10:00:00Z"`: "2024-03-05T10:00:00Z", `"2024-03-05 10:00:00.5+02:00"`: "2024-03-05T08:00:00.5Z",
		`"2024-03-05T10:00"`: "2024-03-05T10:00:00Z", `" 2024-03-05 "`: "2024-03-05T00:00:00Z",
		`"2024-02-30"`: "", `"2024-03-05T25:00"`: "", `"2024-03-05 10:00 Mars/Base"`: "", `"now"`: "", `"tomorrow"`: "", `"infinity"`: "", `""`: "",
		`20240305`: "", `null`: "", `{}`: "", `["2024-03-05"]`: "", `true`: "",
	} {
		var got *time.Time
		require.NoError(t, tx.QueryRow(ctx, "SELECT rye.jsonb_timestamp($1::jsonb)", claim).Scan(&got), claim)
		if want == "" {
			require.Nil(t, got, claim)
			continue
		}
		require.NotNil(t, got, claim)
		require.True(t, moment(t, want).Equal(*got), "%s: %s", claim, got)
	}
}
