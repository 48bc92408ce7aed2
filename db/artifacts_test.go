package db_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/projectrye/rye-import/db"
)

func TestArtifactList(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	offer, plan, scan, loose := id(0x501), id(0x502), id(0x503), id(0x504)
	w.exec(`INSERT INTO rye.artifacts (id, artifact_type, source_node_id, source_event_id, content, location, related_node_ids, created_at) VALUES
		($1, 'document', $5, $6, '{"title": "Offer"}', '{"path": "offer.pdf"}', ARRAY[$7]::uuid[], '2024-02-12Z'),
		($2, 'drawing', $5, NULL, '{}', NULL, NULL, '2024-02-12Z'),
		($3, 'document', $7, $6, '{}', NULL, '{}', '2024-02-13Z'),
		($4, 'source_file', NULL, $6, '{}', NULL, NULL, '2024-02-14Z')`, offer, plan, scan, loose, kettles, mailed, ada)
	ids := func(rows []db.Artifact) []uuid.UUID {
		return pick(rows, func(r db.Artifact) uuid.UUID { return r.ID })
	}
	for name, tc := range map[string]struct {
		viewer
		node, event []uuid.UUID
	}{
		"salesman": {salesman, []uuid.UUID{plan, offer}, []uuid.UUID{loose, scan, offer}},
		"agent":    {agent, []uuid.UUID{plan, offer}, []uuid.UUID{loose, scan, offer}},
		"auditor":  {auditor, []uuid.UUID{plan, offer}, []uuid.UUID{loose, scan, offer}},
		"support":  {support, []uuid.UUID{}, []uuid.UUID{loose, scan}},
		"nobody":   {nobody, []uuid.UUID{}, []uuid.UUID{loose, scan}},
	} {
		w.as(tc.viewer, func(ctx context.Context, q *db.Queries) {
			byNode := db.ArtifactListByNodeParams{NodeID: kettles, MaxRows: 10}
			rows, err := q.ArtifactListByNode(ctx, byNode)
			require.NoError(t, err)
			require.Equal(t, tc.node, ids(rows), name)
			byNode.MaxRows = 1
			require.Equal(t, rows, paged(t, func(last *db.Artifact) ([]db.Artifact, error) {
				if last != nil {
					byNode.BeforeAt, byNode.BeforeID = &last.CreatedAt, &last.ID
				}
				return q.ArtifactListByNode(ctx, byNode)
			}), name)
			byEvent := db.ArtifactListByEventParams{EventID: mailed, MaxRows: 10}
			rows, err = q.ArtifactListByEvent(ctx, byEvent)
			require.NoError(t, err)
			require.Equal(t, tc.event, ids(rows), name)
			byEvent.MaxRows = 1
			require.Equal(t, rows, paged(t, func(last *db.Artifact) ([]db.Artifact, error) {
				if last != nil {
					byEvent.BeforeAt, byEvent.BeforeID = &last.CreatedAt, &last.ID
				}
				return q.ArtifactListByEvent(ctx, byEvent)
			}), name)
			_, err = q.ArtifactGet(ctx, plan)
			require.Equal(t, len(tc.node) == 0, errors.Is(err, pgx.ErrNoRows), name)
		})
	}
	w.as(salesman, func(ctx context.Context, q *db.Queries) {
		rows, err := q.ArtifactListByNode(ctx, db.ArtifactListByNodeParams{NodeID: kettles, ArtifactTypes: []string{"document"}, MaxRows: 10})
		require.NoError(t, err)
		require.Equal(t, []uuid.UUID{offer}, ids(rows))
		require.JSONEq(t, `{"title": "Offer"}`, string(rows[0].Content))
		require.JSONEq(t, `{"path": "offer.pdf"}`, string(rows[0].Location))
		require.Equal(t, []uuid.UUID{ada}, rows[0].RelatedNodeIDs)
		require.Equal(t, mailed, *rows[0].SourceEventID)
		rows, err = q.ArtifactListByEvent(ctx, db.ArtifactListByEventParams{EventID: mailed, ArtifactTypes: []string{"source_file"}, MaxRows: 10})
		require.NoError(t, err)
		require.Equal(t, []uuid.UUID{loose}, ids(rows))
		require.Nil(t, rows[0].SourceNodeID)
		require.Nil(t, rows[0].Location)
		require.Empty(t, rows[0].RelatedNodeIDs)
	})
}

func TestArtifactCreate(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	offer := db.ArtifactCreateParams{
		ArtifactType: "document", SourceNodeID: &kettles, SourceEventID: &mailed, Content: json.RawMessage(`{"title": "Offer"}`),
		Location: json.RawMessage(`{"path": "offer.pdf"}`), RelatedNodeIDs: []uuid.UUID{ada, acme}, Attrs: json.RawMessage(`{"tag": 1}`),
	}
	for name, tc := range map[string]struct {
		viewer
		p     db.ArtifactCreateParams
		state string
	}{
		"salesman":           {salesman, offer, ""},
		"agent":              {agent, offer, ""},
		"support":            {support, offer, "42501"},
		"nobody":             {nobody, offer, "42501"},
		"nothing but a type": {nobody, db.ArtifactCreateParams{ArtifactType: "note"}, ""},
	} {
		w.as(tc.viewer, func(ctx context.Context, q *db.Queries) {
			made, err := q.ArtifactCreate(ctx, tc.p)
			require.Equal(t, tc.state, sqlState(err), name)
			if tc.state != "" {
				return
			}
			require.NoError(t, err)
			got, err := q.ArtifactGet(ctx, made)
			require.NoError(t, err)
			require.Equal(t, []any{tc.p.ArtifactType, tc.p.SourceNodeID, tc.p.SourceEventID}, []any{got.ArtifactType, got.SourceNodeID, got.SourceEventID})
			require.Equal(t, tc.p.RelatedNodeIDs, got.RelatedNodeIDs)
			if tc.p.Content == nil {
				require.JSONEq(t, `{}`, string(got.Content))
				require.JSONEq(t, `{}`, string(got.Attrs))
				require.Nil(t, got.Location)
				return
			}
			require.JSONEq(t, string(tc.p.Content), string(got.Content))
			require.JSONEq(t, string(tc.p.Location), string(got.Location))
			require.JSONEq(t, string(tc.p.Attrs), string(got.Attrs))
		})
	}
}
