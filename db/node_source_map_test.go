package db_test

import (
	"context"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/projectrye/rye-import/db"
)

// TestNodeSourceMap reads the crosswalk, which everybody sees whole.
func TestNodeSourceMap(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, err := w.owner.Exec(context.Background(), `INSERT INTO rye.node_source_map (node_id, source_schema, source_table, source_id, source_id_type, synced_at)
		VALUES ($1, 'hubspot', 'contact', '7', NULL, NULL), ($1, 'salesforce', 'Contact', '003B', 'salesforce', now())`, ada)
	require.NoError(t, err)
	record := func(m db.NodeSourceMap) string { return m.SourceSchema + ":" + m.SourceTable + ":" + m.SourceID }
	for _, v := range []viewer{nobody, salesman, agent} {
		w.as(v, func(ctx context.Context, q *db.Queries) {
			m, err := q.NodeSourceMapGet(ctx, db.NodeSourceMapGetParams{Source: "salesforce", Object: "Opportunity", SourceID: "006A"})
			require.NoError(t, err)
			require.Equal(t, kettles, m.NodeID)
			require.NotNil(t, m.SyncedAt)
			require.Equal(t, "text", *m.SourceIDType)
			m, err = q.NodeSourceMapGet(ctx, db.NodeSourceMapGetParams{Source: "hubspot", Object: "contact", SourceID: "7"})
			require.NoError(t, err)
			require.Nil(t, m.SyncedAt)
			require.Nil(t, m.SourceIDType)
			_, err = q.NodeSourceMapGet(ctx, db.NodeSourceMapGetParams{Source: "salesforce", Object: "Lead", SourceID: "006A"})
			require.ErrorIs(t, err, pgx.ErrNoRows)

			rows, err := q.NodeSourceMapListByRecords(ctx, db.NodeSourceMapListByRecordsParams{Source: "salesforce", Object: "Contact", SourceIDs: []string{"003B", "x", "003A"}, MaxRows: 10})
			require.NoError(t, err)
			require.Equal(t, []string{"salesforce:Contact:003A", "salesforce:Contact:003B"}, pick(rows, record))

			of := []string{"hubspot:contact:7", "salesforce:Contact:003A", "salesforce:Contact:003B", "salesforce:Lead:00QA"}
			rows = inPages(t, func(last *db.NodeSourceMap, most int32) ([]db.NodeSourceMap, error) {
				arg := db.NodeSourceMapListByNodeParams{NodeID: ada, MaxRows: most}
				if last != nil {
					arg.AfterSchema, arg.AfterTable, arg.AfterSourceID = &last.SourceSchema, &last.SourceTable, &last.SourceID
				}
				return q.NodeSourceMapListByNode(ctx, arg)
			})
			require.Equal(t, of, pick(rows, record))
			rows = inPages(t, func(last *db.NodeSourceMap, most int32) ([]db.NodeSourceMap, error) {
				arg := db.NodeSourceMapListByNodesParams{NodeIDs: []uuid.UUID{ada, acme, bob}, MaxRows: most}
				if last != nil {
					arg.AfterNodeID, arg.AfterSchema, arg.AfterTable, arg.AfterSourceID = &last.NodeID, &last.SourceSchema, &last.SourceTable, &last.SourceID
				}
				return q.NodeSourceMapListByNodes(ctx, arg)
			})
			require.Equal(t, append([]string{"salesforce:Account:001A"}, of...), pick(rows, record))
			rows = inPages(t, func(last *db.NodeSourceMap, most int32) ([]db.NodeSourceMap, error) {
				arg := db.NodeSourceMapListBySourceParams{Source: "salesforce", MaxRows: most}
				if last != nil {
					arg.AfterTable, arg.AfterSourceID = &last.SourceTable, &last.SourceID
				}
				return q.NodeSourceMapListBySource(ctx, arg)
			})
			require.Equal(t, []string{
				"salesforce:Account:001A", "salesforce:Contact:003A", "salesforce:Contact:003B", "salesforce:Lead:00QA", "salesforce:Opportunity:006A",
			}, pick(rows, record))
			rows = inPages(t, func(last *db.NodeSourceMap, most int32) ([]db.NodeSourceMap, error) {
				arg := db.NodeSourceMapListByObjectParams{Source: "salesforce", Object: "Contact", MaxRows: most}
				if last != nil {
					arg.AfterSourceID = &last.SourceID
				}
				return q.NodeSourceMapListByObject(ctx, arg)
			})
			require.Equal(t, of[1:3], pick(rows, record))
		})
	}
}
