package db_test

import (
	"context"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/projectrye/rye-import/db"
)

func TestPipelines(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	bare, odd, hidden, gone := id(0x2a1), id(0x2a2), id(0x2a3), id(0x2a4)
	w.exec(`INSERT INTO rye.nodes (id, node_type, label, properties, attrs, archived_at) VALUES
		($1, 'pipeline', NULL, '{}', '{}', NULL),
		($2, 'pipeline', 'Odd', '{"code": "PL-ODD", "description": "x", "stages": [{"key": "b", "order": "2", "probability": 0.25, "terminal": "no"},
			{"key": "a", "label": "A", "order": 1.5, "probability": "0.1"}, 7, {"label": "no key"}, {"key": "z", "probability": "?", "terminal": true}]}', '{}', NULL),
		($3, 'pipeline', 'Hidden', '{"code": "PL-HIDDEN", "stages": "none"}', '{"classification": "internal", "teams": ["support"]}', NULL),
		($4, 'pipeline', 'Gone', '{"code": "PL-GONE", "stages": [{"key": "a"}]}', '{}', '2024-01-01Z')`, bare, odd, hidden, gone)

	for name, tc := range map[string]struct {
		viewer
		want []uuid.UUID
	}{
		"support":  {support, []uuid.UUID{bare, hidden, odd, pipeline}},
		"salesman": {salesman, []uuid.UUID{bare, odd, pipeline}},
		"agent":    {agent, []uuid.UUID{bare, odd, pipeline}},
		"nobody":   {nobody, []uuid.UUID{bare, odd, pipeline}},
	} {
		w.as(tc.viewer, func(ctx context.Context, q *db.Queries) {
			rows, err := q.PipelineList(ctx, db.PipelineListParams{MaxRows: 10})
			require.NoError(t, err)
			require.Equal(t, tc.want, pick(rows, func(r db.PipelineListRow) uuid.UUID { return r.ID }), name)
			require.Equal(t, rows, paged(t, func(last *db.PipelineListRow) ([]db.PipelineListRow, error) {
				p := db.PipelineListParams{MaxRows: 1}
				if last != nil {
					p.AfterCode, p.AfterID = last.Code, &last.ID
				}
				return q.PipelineList(ctx, p)
			}), name)
			require.Nil(t, rows[0].Code)
			require.Nil(t, rows[0].Label)
			require.Nil(t, rows[0].Name)
			require.Nil(t, rows[0].Description)
			require.Nil(t, rows[0].DefaultStage)
			for code, seen := range map[string]bool{"PL-SALES": true, "PL-HIDDEN": name == "support", "PL-GONE": false, "CON-2401-0001": false, "": false} {
				got, err := q.PipelineGetByCode(ctx, code)
				if !seen {
					require.ErrorIs(t, err, pgx.ErrNoRows, "%s: %s", name, code)
					continue
				}
				require.NoError(t, err)
				require.Equal(t, code, *got.Code)
			}
		})
	}
	w.as(nobody, func(ctx context.Context, q *db.Queries) {
		sales, err := q.PipelineGetByCode(ctx, "PL-SALES")
		require.NoError(t, err)
		require.Equal(t, []string{"Sales Pipeline", "Sales Pipeline", "prospecting"}, []string{*sales.Label, *sales.Name, *sales.DefaultStage})
		require.Nil(t, sales.Description)
		rows, err := q.PipelineListStages(ctx, db.PipelineListStagesParams{PipelineIDs: []uuid.UUID{odd, hidden, pipeline, bare, gone, kettles}, MaxRows: 100})
		require.NoError(t, err)
		require.Equal(t, []db.PipelineListStagesRow{
			{PipelineID: pipeline, Key: "prospecting", Label: "Prospecting", StageOrder: ptr(1.0)},
			{PipelineID: pipeline, Key: "proposal", Label: "Proposal", StageOrder: ptr(2.0)},
			{PipelineID: pipeline, Key: "closed_won", Label: "Closed Won", StageOrder: ptr(3.0), Terminal: true},
			{PipelineID: pipeline, Key: "closed_lost", Label: "Closed Lost", StageOrder: ptr(4.0), Terminal: true},
			{PipelineID: odd, Key: "a", Label: "A", StageOrder: ptr(1.5), Probability: ptr(0.1)},
			{PipelineID: odd, Key: "b", Label: "b", StageOrder: ptr(2.0), Probability: ptr(0.25)},
			{PipelineID: odd, Key: "z", Label: "z", Terminal: true},
		}, rows)
	})
}
