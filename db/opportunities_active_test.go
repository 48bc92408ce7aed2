package db_test

import (
	"context"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/projectrye/rye-import/db"
)

func TestOpportunityActive(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.more()
	type filter struct {
		pipeline, stage *string
		owner           *uuid.UUID
	}
	materialized := func(ctx context.Context, q *db.Queries, f filter) []uuid.UUID {
		return keysInPages(t, func(r db.OpportunitiesActive) uuid.UUID { return r.NodeID }, func(last *db.OpportunitiesActive, most int32) ([]db.OpportunitiesActive, error) {
			p := db.OpportunityActiveListParams{Pipeline: f.pipeline, Stage: f.stage, AssignedToID: f.owner, MaxRows: most}
			if last != nil {
				p.BeforeAt, p.BeforeID = &last.CreatedAt, &last.NodeID
			}
			return q.OpportunityActiveList(ctx, p)
		})
	}
	secure := func(ctx context.Context, q *db.Queries, f filter) []uuid.UUID {
		return keysInPages(t, func(r db.OpportunitiesActiveSecure) uuid.UUID { return r.NodeID }, func(last *db.OpportunitiesActiveSecure, most int32) ([]db.OpportunitiesActiveSecure, error) {
			p := db.OpportunityActiveSecureListParams{Pipeline: f.pipeline, Stage: f.stage, AssignedToID: f.owner, MaxRows: most}
			if last != nil {
				p.BeforeAt, p.BeforeID = &last.CreatedAt, &last.NodeID
			}
			return q.OpportunityActiveSecureList(ctx, p)
		})
	}
	for _, c := range []struct {
		filter             filter
		all, sales, others []uuid.UUID
	}{
		{filter{}, []uuid.UUID{tanks, bare, kettles}, []uuid.UUID{tanks, bare, kettles}, []uuid.UUID{tanks, bare}},
		{filter{pipeline: new("PL-SALES")}, []uuid.UUID{tanks, kettles}, []uuid.UUID{tanks, kettles}, []uuid.UUID{tanks}},
		{filter{stage: new("proposal")}, []uuid.UUID{kettles}, []uuid.UUID{kettles}, []uuid.UUID{}},
		{filter{owner: &eve}, []uuid.UUID{tanks, kettles}, []uuid.UUID{tanks, kettles}, []uuid.UUID{tanks}},
		{filter{owner: &bob}, []uuid.UUID{}, []uuid.UUID{}, []uuid.UUID{}},
		{filter{new("PL-SALES"), new("proposal"), &eve}, []uuid.UUID{kettles}, []uuid.UUID{kettles}, []uuid.UUID{}},
	} {
		w.asOwner(func(ctx context.Context, q *db.Queries) { require.Equal(t, c.all, materialized(ctx, q, c.filter)) })
		w.as(salesman, func(ctx context.Context, q *db.Queries) { require.Equal(t, c.sales, secure(ctx, q, c.filter)) })
		for _, v := range []viewer{support, nobody, finance} {
			w.as(v, func(ctx context.Context, q *db.Queries) { require.Equal(t, c.others, secure(ctx, q, c.filter)) })
		}
	}

	want := db.OpportunitiesActive{
		NodeID: kettles, Label: new("Acme kettles"), Code: new("OPP-2402-0001"), Name: new("Acme kettles"), EstimatedValue: amount("1000"),
		Teams: []string{"sales"}, Stage: new("proposal"), Pipeline: new("PL-SALES"), StageSince: new(moment(t, "2024-02-10T10:00:00Z")),
		CurrentValue: amount("1250.50"), Currency: new("EUR"), WinProbability: new(0.4), PrimaryContactName: new("Ada Lovelace"),
		PrimaryContactID: &ada, AssignedToName: new("Eve Seller"), AssignedToID: &eve, CreatedAt: moment(t, "2024-02-01T08:00:00Z"),
	}
	nothing := db.OpportunitiesActive{NodeID: bare, Teams: []string{}, CreatedAt: want.CreatedAt}
	w.asOwner(func(ctx context.Context, q *db.Queries) {
		for deal, want := range map[uuid.UUID]db.OpportunitiesActive{kettles: want, bare: nothing} {
			got, err := q.OpportunityActiveGet(ctx, deal)
			require.NoError(t, err)
			require.Equal(t, want, got)
		}
		_, err := q.OpportunityActiveGet(ctx, cellar)
		require.ErrorIs(t, err, pgx.ErrNoRows)
	})
	w.as(auditor, func(ctx context.Context, q *db.Queries) {
		for deal, want := range map[uuid.UUID]db.OpportunitiesActive{kettles: want, bare: nothing} {
			got, err := q.OpportunityActiveSecureGet(ctx, deal)
			require.NoError(t, err)
			require.Equal(t, db.OpportunitiesActiveSecure(want), got)
		}
		_, err := q.OpportunityActiveSecureGet(ctx, cellar)
		require.ErrorIs(t, err, pgx.ErrNoRows)
	})
	w.as(support, func(ctx context.Context, q *db.Queries) {
		_, err := q.OpportunityActiveSecureGet(ctx, kettles)
		require.ErrorIs(t, err, pgx.ErrNoRows)
	})
}

// TestMaterializedViews keeps applications from what knows no row-level security.
func TestMaterializedViews(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for name, read := range map[string]func(ctx context.Context, q *db.Queries) error{
		"OpportunityActiveList": func(ctx context.Context, q *db.Queries) error {
			_, err := q.OpportunityActiveList(ctx, db.OpportunityActiveListParams{})
			return err
		},
		"OpportunityActiveListByStage": func(ctx context.Context, q *db.Queries) error {
			_, err := q.OpportunityActiveListByStage(ctx, 1)
			return err
		},
		"OpportunityActiveGet": func(ctx context.Context, q *db.Queries) error {
			_, err := q.OpportunityActiveGet(ctx, tanks)
			return err
		},
		"OpportunityActiveFunnel": func(ctx context.Context, q *db.Queries) error {
			_, err := q.OpportunityActiveFunnel(ctx, 1)
			return err
		},
		"OpportunityListQuiet": func(ctx context.Context, q *db.Queries) error {
			_, err := q.OpportunityListQuiet(ctx, db.OpportunityListQuietParams{})
			return err
		},
		"ContactDirectoryList": func(ctx context.Context, q *db.Queries) error {
			_, err := q.ContactDirectoryList(ctx, db.ContactDirectoryListParams{})
			return err
		},
		"ContactDirectoryGet": func(ctx context.Context, q *db.Queries) error { _, err := q.ContactDirectoryGet(ctx, ada); return err },
	} {
		w.Run(name, func(t *testing.T) {
			w.as(admin, func(ctx context.Context, q *db.Queries) { requireState(t, "42501", read(ctx, q)) })
		})
	}
}

func TestOpportunityFunnel(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.more()
	// A pipeline of the same code that went does not double the sums.
	_, err := w.owner.Exec(context.Background(), `
		INSERT INTO rye.nodes (node_type, label, properties, archived_at) VALUES ('pipeline', 'Old', '{"code": "PL-SALES", "stages": [{"key": "proposal", "label": "Old"}]}', now());
		INSERT INTO rye.nodes (id, node_type, created_at) VALUES ('00000000-0000-4000-8000-0000000000f1', 'opportunity', now());
		INSERT INTO rye.assertions (assertion_type, subject_node_id, claim) VALUES
			('deal_stage', '00000000-0000-4000-8000-0000000000f1', '{"stage": "proposal", "pipeline": "PL-SALES"}'),
			('deal_value', '00000000-0000-4000-8000-0000000000f1', '{"amount": 300000000000000000.01, "currency": "EUR"}');
		REFRESH MATERIALIZED VIEW rye.opportunities_active`)
	require.NoError(t, err)
	row := func(stage, label, currency string, deals int64, total, weighted string) db.OpportunityActiveFunnelRow {
		return db.OpportunityActiveFunnelRow{
			Pipeline: new("PL-SALES"), PipelineLabel: new("Sales Pipeline"), Stage: &stage, StageLabel: &label, Currency: &currency,
			Deals: deals, Total: decimal.RequireFromString(total), Weighted: decimal.RequireFromString(weighted),
		}
	}
	nothing := db.OpportunityActiveFunnelRow{Deals: 1, Total: decimal.Zero, Weighted: decimal.Zero}
	all := []db.OpportunityActiveFunnelRow{
		row("prospecting", "Prospecting", "USD", 1, "2000", "0"), row("proposal", "Proposal", "EUR", 2, "300000000000001250.51", "500.2"), nothing,
	}
	others := []db.OpportunityActiveFunnelRow{all[0], row("proposal", "Proposal", "EUR", 1, "300000000000000000.01", "0"), nothing}
	same := func(want, got []db.OpportunityActiveFunnelRow) {
		t.Helper()
		require.Len(t, got, len(want))
		for i := range got {
			require.True(t, want[i].Total.Equal(got[i].Total), got[i].Total)
			require.True(t, want[i].Weighted.Equal(got[i].Weighted), got[i].Weighted)
			got[i].Total, got[i].Weighted = want[i].Total, want[i].Weighted
		}
		require.Equal(t, want, got)
	}
	w.asOwner(func(ctx context.Context, q *db.Queries) {
		got, err := q.OpportunityActiveFunnel(ctx, 9)
		require.NoError(t, err)
		same(all, got)
		some, err := q.OpportunityActiveFunnel(ctx, 1)
		require.NoError(t, err)
		same(all[:1], some)
	})
	for _, c := range []struct {
		viewer viewer
		want   []db.OpportunityActiveFunnelRow
	}{{salesman, all}, {admin, all}, {support, others}, {nobody, others}, {finance, others}} {
		w.as(c.viewer, func(ctx context.Context, q *db.Queries) {
			rows, err := q.OpportunityFunnel(ctx, 9)
			require.NoError(t, err)
			got := make([]db.OpportunityActiveFunnelRow, len(rows))
			for i, r := range rows {
				got[i] = db.OpportunityActiveFunnelRow(r)
			}
			same(c.want, got)
		})
	}
	w.asOwner(func(ctx context.Context, q *db.Queries) {
		board, err := q.OpportunityActiveListByStage(ctx, 9)
		require.NoError(t, err)
		require.Equal(t, []uuid.UUID{tanks, id(0xf1), kettles, bare}, []uuid.UUID{board[0].NodeID, board[1].NodeID, board[2].NodeID, board[3].NodeID})
		require.Equal(t, []string{"Sales Pipeline", "Prospecting"}, []string{*board[0].PipelineLabel, *board[0].StageLabel})
		require.Nil(t, board[3].PipelineLabel)
		require.Nil(t, board[3].StageLabel)
	})
}

func TestOpportunityListQuiet(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.more()
	list := func(since string) (deals []uuid.UUID) {
		w.asOwner(func(ctx context.Context, q *db.Queries) {
			deals = keysInPages(t, func(r db.OpportunityListQuietRow) uuid.UUID { return r.NodeID }, func(last *db.OpportunityListQuietRow, most int32) ([]db.OpportunityListQuietRow, error) {
				p := db.OpportunityListQuietParams{Since: moment(t, since), MaxRows: most}
				if last != nil {
					p.AfterQuietSince, p.AfterID = &last.QuietSince, &last.NodeID
				}
				return q.OpportunityListQuiet(ctx, p)
			})
		})
		return deals
	}
	// The call of the 11th was the last event of the kettles; the other two never had one.
	require.Equal(t, []uuid.UUID{bare, tanks, kettles}, list("2024-02-12T00:00:00Z"))
	require.Equal(t, []uuid.UUID{bare, tanks}, list("2024-02-11T10:00:00Z"))
	require.Equal(t, []uuid.UUID{bare}, list("2024-02-02T00:00:00Z"))
	require.Empty(t, list("2024-02-01T00:00:00Z"))
	w.asOwner(func(ctx context.Context, q *db.Queries) {
		rows, err := q.OpportunityListQuiet(ctx, db.OpportunityListQuietParams{Since: moment(t, "2024-03-01T00:00:00Z"), MaxRows: 9})
		require.NoError(t, err)
		called := moment(t, "2024-02-11T10:00:00Z")
		require.Equal(t, db.OpportunityListQuietRow{
			NodeID: kettles, Code: new("OPP-2402-0001"), Label: new("Acme kettles"), Stage: new("proposal"), Pipeline: new("PL-SALES"),
			CurrentValue: amount("1250.50"), Currency: new("EUR"), AssignedToID: &eve, AssignedToName: new("Eve Seller"),
			QuietSince: called, LastEventAt: &called,
		}, rows[2])
		require.Equal(t, db.OpportunityListQuietRow{NodeID: bare, QuietSince: moment(t, "2024-02-01T08:00:00Z")}, rows[0])
	})
}

// TestOpportunityActiveSecureListQuiet: each viewer is told of the deals and the events that they see.
func TestOpportunityActiveSecureListQuiet(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.more()
	for _, tc := range []struct {
		viewer viewer
		want   []uuid.UUID
	}{
		{salesman, []uuid.UUID{bare, tanks, kettles}},
		{support, []uuid.UUID{bare, tanks}},
		{nobody, []uuid.UUID{bare, tanks}},
	} {
		w.as(tc.viewer, func(ctx context.Context, q *db.Queries) {
			got := keysInPages(t, func(r db.OpportunityActiveSecureListQuietRow) uuid.UUID { return r.NodeID },
				func(last *db.OpportunityActiveSecureListQuietRow, most int32) ([]db.OpportunityActiveSecureListQuietRow, error) {
					p := db.OpportunityActiveSecureListQuietParams{Since: moment(t, "2024-02-12T00:00:00Z"), MaxRows: most}
					if last != nil {
						p.AfterQuietSince, p.AfterID = &last.QuietSince, &last.NodeID
					}
					return q.OpportunityActiveSecureListQuiet(ctx, p)
				})
			require.Equal(t, tc.want, got, tc.viewer.UserID)
		})
	}
	w.as(salesman, func(ctx context.Context, q *db.Queries) {
		rows, err := q.OpportunityActiveSecureListQuiet(ctx, db.OpportunityActiveSecureListQuietParams{Since: moment(t, "2024-03-01T00:00:00Z"), MaxRows: 9})
		require.NoError(t, err)
		called := moment(t, "2024-02-11T10:00:00Z")
		require.Equal(t, &called, rows[2].LastEventAt)
		require.Equal(t, called, rows[2].QuietSince)
		require.Equal(t, amount("1250.50"), rows[2].CurrentValue)
	})
}
