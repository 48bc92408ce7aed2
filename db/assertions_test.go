package db_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/projectrye/rye-import/db"
)

func assertionID(a db.Assertion) uuid.UUID { return a.ID }

func idsOf(ns ...int) []uuid.UUID {
	ids := make([]uuid.UUID, len(ns))
	for i, n := range ns {
		ids[i] = id(n)
	}
	return ids
}

func TestAssertionGet(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, c := range []struct {
		viewer       viewer
		value, stage bool
	}{{salesman, true, true}, {auditor, true, true}, {agent, true, true}, {admin, true, true}, {finance, true, false}, {support, false, false}, {nobody, false, false}} {
		w.as(c.viewer, func(ctx context.Context, q *db.Queries) {
			for factType, sees := range map[string]bool{"deal_value": c.value, "deal_stage": c.stage} {
				n := map[string]int{"deal_value": 0x304, "deal_stage": 0x302}[factType]
				byID, err := q.AssertionGet(ctx, id(n))
				current, currentErr := q.AssertionGetCurrent(ctx, db.AssertionGetCurrentParams{NodeID: kettles, AssertionType: factType})
				if !sees {
					require.ErrorIs(t, err, pgx.ErrNoRows)
					require.ErrorIs(t, currentErr, pgx.ErrNoRows)
					continue
				}
				require.NoError(t, err)
				require.NoError(t, currentErr)
				require.Equal(t, byID, current)
				require.Equal(t, []any{factType, "default", kettles}, []any{byID.AssertionType, byID.AssertionKey, *byID.SubjectNodeID})
				require.Nil(t, byID.SubjectEdgeID)
			}
		})
	}
	w.as(nobody, func(ctx context.Context, q *db.Queries) {
		keyed, err := q.AssertionGetCurrent(ctx, db.AssertionGetCurrentParams{NodeID: ada, AssertionType: "do_not_contact", AssertionKey: "phone"})
		require.NoError(t, err)
		require.JSONEq(t, `{"reason": "asked"}`, string(keyed.Claim))
		_, err = q.AssertionGetCurrent(ctx, db.AssertionGetCurrentParams{NodeID: ada, AssertionType: "do_not_contact"})
		require.ErrorIs(t, err, pgx.ErrNoRows)
	})
	w.as(salesman, func(ctx context.Context, q *db.Queries) {
		old, err := q.AssertionGet(ctx, id(0x303))
		require.NoError(t, err)
		require.Equal(t, id(0x304), *old.SupersededBy)
		require.True(t, moment(t, "2024-02-12T10:00:00Z").Equal(*old.SupersededAt))
		require.True(t, decimal.RequireFromString("0.5").Equal(*old.Confidence))
		require.Nil(t, old.SourceEventID)
	})
}

func TestAssertionLists(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := context.Background()
	// Two facts of one type and key: about the deal, and about the deal as it stands on an edge. And a
	// fact without confidence.
	_, err := w.owner.Exec(ctx, `INSERT INTO rye.assertions (id, assertion_type, subject_node_id, subject_edge_id, claim, asserted_at) VALUES
		($1, 'deal_value', $3, $4, '{}', '2024-02-03Z'), ($2, 'lead_score', $3, NULL, '{}', '2024-02-03Z')`, id(0x3f1), id(0x3f2), kettles, id(0x111))
	require.NoError(t, err)
	current := func(ctx context.Context, q *db.Queries, types ...string) []uuid.UUID {
		return keysInPages(t, assertionID, func(last *db.Assertion, most int32) ([]db.Assertion, error) {
			p := db.AssertionListCurrentParams{NodeID: kettles, AssertionTypes: types, MaxRows: most}
			if last != nil {
				p.AfterType, p.AfterKey, p.AfterID = &last.AssertionType, &last.AssertionKey, &last.ID
			}
			return q.AssertionListCurrent(ctx, p)
		})
	}
	byNodes := func(ctx context.Context, q *db.Queries, types ...string) []uuid.UUID {
		return keysInPages(t, assertionID, func(last *db.Assertion, most int32) ([]db.Assertion, error) {
			p := db.AssertionListCurrentByNodesParams{NodeIDs: []uuid.UUID{tanks, ada, kettles}, AssertionTypes: types, MaxRows: most}
			if last != nil {
				p.AfterNodeID, p.AfterType, p.AfterKey, p.AfterID = last.SubjectNodeID, &last.AssertionType, &last.AssertionKey, &last.ID
			}
			return q.AssertionListCurrentByNodes(ctx, p)
		})
	}
	history := func(ctx context.Context, q *db.Queries) []uuid.UUID {
		return keysInPages(t, assertionID, func(last *db.Assertion, most int32) ([]db.Assertion, error) {
			p := db.AssertionListHistoryParams{NodeID: kettles, AssertionType: "deal_value", MaxRows: most}
			if last != nil {
				p.BeforeAssertedAt, p.BeforeSupersededAt, p.BeforeID = &last.AssertedAt, last.SupersededAt, &last.ID
			}
			return q.AssertionListHistory(ctx, p)
		})
	}
	believed := func(ctx context.Context, q *db.Queries, at string, types ...string) []uuid.UUID {
		return keysInPages(t, assertionID, func(last *db.Assertion, most int32) ([]db.Assertion, error) {
			p := db.AssertionListBelievedParams{NodeID: kettles, At: moment(t, at), AssertionTypes: types, MaxRows: most}
			if last != nil {
				p.AfterType, p.AfterKey, p.AfterID = &last.AssertionType, &last.AssertionKey, &last.ID
			}
			return q.AssertionListBelieved(ctx, p)
		})
	}
	byNode := func(ctx context.Context, q *db.Queries, types ...string) []uuid.UUID {
		return keysInPages(t, assertionID, func(last *db.Assertion, most int32) ([]db.Assertion, error) {
			p := db.AssertionListByNodeParams{NodeID: kettles, AssertionTypes: types, MaxRows: most}
			if last != nil {
				p.AfterType, p.AfterKey, p.AfterID = &last.AssertionType, &last.AssertionKey, &last.ID
				p.AfterSupersededAt, p.AfterAssertedAt = last.SupersededAt, &last.AssertedAt
			}
			return q.AssertionListByNode(ctx, p)
		})
	}
	for _, c := range []struct {
		name                                       string
		viewer                                     viewer
		current, byNodes, history, believed, whole []uuid.UUID
	}{
		{
			"the team", salesman, idsOf(0x302, 0x304, 0x3f1, 0x3f2, 0x305),
			idsOf(0x331, 0x332, 0x302, 0x304, 0x3f1, 0x3f2, 0x305, 0x311, 0x312),
			idsOf(0x304, 0x303), idsOf(0x301, 0x303, 0x3f1, 0x3f2), idsOf(0x302, 0x301, 0x3f1, 0x304, 0x303, 0x3f2, 0x305),
		},
		{"finance", finance, idsOf(0x304, 0x3f1), idsOf(0x331, 0x332, 0x304, 0x3f1, 0x311, 0x312), idsOf(0x304, 0x303), idsOf(0x303, 0x3f1), idsOf(0x3f1, 0x304, 0x303)},
		{"nobody", nobody, idsOf(), idsOf(0x331, 0x332, 0x311, 0x312), idsOf(), idsOf(), idsOf()},
		{"support", support, idsOf(), idsOf(0x331, 0x332, 0x311, 0x312), idsOf(), idsOf(), idsOf()},
	} {
		w.as(c.viewer, func(ctx context.Context, q *db.Queries) {
			require.Equal(t, c.current, current(ctx, q), c.name)
			require.Equal(t, c.byNodes, byNodes(ctx, q), c.name)
			require.Equal(t, c.history, history(ctx, q), c.name)
			require.Equal(t, c.believed, believed(ctx, q, "2024-02-05T00:00:00Z"), c.name)
			require.ElementsMatch(t, c.whole, byNode(ctx, q), c.name)
		})
	}
	w.as(salesman, func(ctx context.Context, q *db.Queries) {
		require.Equal(t, idsOf(0x302, 0x3f2), current(ctx, q, "deal_stage", "lead_score"))
		require.Equal(t, idsOf(0x332, 0x302, 0x311), byNodes(ctx, q, "deal_stage", "do_not_contact"))
		require.Equal(t, idsOf(0x302, 0x301), byNode(ctx, q, "deal_stage"))
		// What begins at a time is believed then, what ends at it is not any more.
		require.Equal(t, idsOf(0x302), believed(ctx, q, "2024-02-10T10:00:00Z", "deal_stage"))
		require.Equal(t, idsOf(0x301), believed(ctx, q, "2024-02-10T09:59:59Z", "deal_stage"))
		require.Empty(t, believed(ctx, q, "2024-01-31T00:00:00Z"))
	})
}

func TestAssertionWrites(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	score := []byte(`{"score": 7}`)
	for _, c := range []struct {
		name              string
		viewer            viewer
		record, supersede string // SQLSTATE
	}{
		{"the team", salesman, "", ""},
		{"admin of the team", admin, "", ""},
		{"an agent records but never changes", agent, "", "RY006"},
		{"one who may read", auditor, "42501", "RY006"},
		{"finance reads values", finance, "42501", "RY006"},
		{"another team", support, "42501", "RY006"},
		{"nobody", nobody, "42501", "RY006"},
	} {
		w.Run(c.name, func(t *testing.T) {
			w.as(c.viewer, func(ctx context.Context, q *db.Queries) {
				_, err := q.AssertionRecord(ctx, db.AssertionRecordParams{AssertionType: "lead_score", SubjectNodeID: &kettles, Claim: score})
				requireState(t, c.record, err)
			})
			w.as(c.viewer, func(ctx context.Context, q *db.Queries) {
				_, err := q.AssertionSupersede(ctx, db.AssertionSupersedeParams{ID: id(0x304), Claim: score})
				requireState(t, c.supersede, err)
			})
		})
	}
	w.as(salesman, func(ctx context.Context, q *db.Queries) {
		since, half := moment(t, "2024-03-01T00:00:00Z"), decimal.RequireFromString("0.5")
		var made []uuid.UUID
		keep := func(_ int, fact uuid.UUID, err error) {
			require.NoError(t, err)
			made = append(made, fact)
		}
		event, edge := id(0x202), id(0x111)
		q.AssertionRecordMany(ctx, []db.AssertionRecordManyParams{
			{AssertionType: "lead_score", SubjectNodeID: &kettles, Claim: score, Confidence: &half, SourceEventID: &event, EffectiveAt: &since, Attrs: []byte(`{"a": 1}`)},
			{AssertionType: "lead_score", AssertionKey: "fit", SubjectNodeID: &kettles, Claim: score},
			{AssertionType: "strength", SubjectEdgeID: &edge, Claim: score},
		}).QueryRow(keep)
		require.Len(t, made, 3)
		a, err := q.AssertionGet(ctx, made[0])
		require.NoError(t, err)
		require.Equal(t, []any{"lead_score", "default", kettles, event}, []any{a.AssertionType, a.AssertionKey, *a.SubjectNodeID, *a.SourceEventID})
		require.JSONEq(t, string(score), string(a.Claim))
		require.True(t, since.Equal(*a.EffectiveAt))
		require.True(t, half.Equal(*a.Confidence))
		require.JSONEq(t, `{"a": 1}`, string(a.Attrs))
		b, err := q.AssertionGet(ctx, made[1])
		require.NoError(t, err)
		require.Equal(t, "fit", b.AssertionKey)
		require.Nil(t, b.Confidence)
		require.WithinDuration(t, time.Now(), *b.EffectiveAt, time.Minute)
		onEdge, err := q.AssertionGet(ctx, made[2])
		require.NoError(t, err)
		require.Nil(t, onEdge.SubjectNodeID)
		require.Equal(t, edge, *onEdge.SubjectEdgeID)

		var next []uuid.UUID
		q.AssertionSupersedeMany(ctx, []db.AssertionSupersedeManyParams{
			{ID: made[0], Claim: []byte(`{"score": 8}`)}, {ID: made[1], Claim: []byte(`{"score": 9}`), Confidence: &half},
		}).QueryRow(func(_ int, fact uuid.UUID, err error) {
			require.NoError(t, err)
			next = append(next, fact)
		})
		a, err = q.AssertionGet(ctx, made[0])
		require.NoError(t, err)
		require.Equal(t, next[0], *a.SupersededBy)
		a, err = q.AssertionGet(ctx, next[0])
		require.NoError(t, err)
		require.True(t, half.Equal(*a.Confidence), "it is as sure as the old one")
		latest, err := q.AssertionSupersede(ctx, db.AssertionSupersedeParams{ID: next[0], Claim: []byte(`{"score": 10}`), EffectiveAt: &since})
		require.NoError(t, err)
		// All in one transaction, at one time: the one that holds comes first.
		all, err := q.AssertionListHistory(ctx, db.AssertionListHistoryParams{NodeID: kettles, AssertionType: "lead_score", MaxRows: 9})
		require.NoError(t, err)
		require.Len(t, all, 3)
		require.Equal(t, latest, all[0].ID)
	})
	for i, c := range []struct {
		want string
		do   func(ctx context.Context, q *db.Queries) error
	}{
		{"RY005", func(ctx context.Context, q *db.Queries) error {
			_, err := q.AssertionRecord(ctx, db.AssertionRecordParams{AssertionType: "deal_value", SubjectNodeID: &kettles, Claim: score})
			return err
		}},
		{"RY005", func(ctx context.Context, q *db.Queries) error {
			_, err := q.AssertionSupersede(ctx, db.AssertionSupersedeParams{ID: id(0x303), Claim: score})
			return err
		}},
		{"RY006", func(ctx context.Context, q *db.Queries) error {
			_, err := q.AssertionSupersede(ctx, db.AssertionSupersedeParams{ID: id(0x3ff), Claim: score})
			return err
		}},
		{"RY007", func(ctx context.Context, q *db.Queries) error {
			_, err := q.AssertionSupersede(ctx, db.AssertionSupersedeParams{ID: id(0x304)})
			return err
		}},
		{"23514", func(ctx context.Context, q *db.Queries) error { // about nothing
			_, err := q.AssertionRecord(ctx, db.AssertionRecordParams{AssertionType: "x", Claim: score})
			return err
		}},
	} {
		w.Run(fmt.Sprint(i, c.want), func(t *testing.T) {
			w.as(salesman, func(ctx context.Context, q *db.Queries) { requireState(t, c.want, c.do(ctx, q)) })
		})
	}
}
