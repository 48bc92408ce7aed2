package db_test

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/projectrye/rye-import/db"
)

func TestNodeSecureGet(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, err := w.owner.Exec(context.Background(), `INSERT INTO rye.field_classifications (node_type, field_path, classification) VALUES ('person', 'phone', 'internal'), ('person', 'email', 'restricted')`)
	require.NoError(t, err)
	for v, want := range map[*viewer][]bool{&nobody: {false, false}, &agent: {false, false}, &salesman: {true, false}, &admin: {true, true}} {
		w.as(*v, func(ctx context.Context, q *db.Queries) {
			n, err := q.NodeSecureGet(ctx, ada)
			require.NoError(t, err)
			got := map[string]any{}
			require.NoError(t, json.Unmarshal(n.Properties, &got))
			_, phone := got["phone"]
			_, email := got["email"]
			require.Equal(t, want, []bool{phone, email})
			require.Equal(t, "Ada", got["first_name"])
		})
	}
}

func TestNodeContextGet(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for v, want := range map[*viewer][]int{&salesman: {4, 0, 3}, &auditor: {4, 0, 3}} {
		w.as(*v, func(ctx context.Context, q *db.Queries) {
			n, err := q.NodeContextGet(ctx, kettles)
			require.NoError(t, err)
			got := []int{}
			for _, list := range []json.RawMessage{n.OutboundEdges, n.InboundEdges, n.CurrentAssertions} {
				var rows []map[string]any
				require.NoError(t, json.Unmarshal(list, &rows))
				got = append(got, len(rows))
			}
			require.Equal(t, want, got)
		})
	}
}

func TestCatalogGet(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for v, want := range map[*viewer]int{&nobody: 4, &support: 5, &salesman: 4} {
		w.as(*v, func(ctx context.Context, q *db.Queries) {
			raw, err := q.CatalogGet(ctx)
			require.NoError(t, err)
			var got struct {
				NodeTypes map[string]int `json:"node_types"`
			}
			require.NoError(t, json.Unmarshal(raw, &got))
			require.Equal(t, want, got.NodeTypes["person"])
		})
	}
}

func TestCodeGenerate(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, v := range []viewer{nobody, agent} {
		w.as(v, func(ctx context.Context, q *db.Queries) {
			code, err := q.CodeGenerate(ctx, "TST")
			require.NoError(t, err)
			require.Regexp(t, `^TST-\d{4}-0001$`, code)
			codes, err := q.CodeGenerateMany(ctx, db.CodeGenerateManyParams{Prefix: "TST", MaxRows: 3})
			require.NoError(t, err)
			require.Len(t, codes, 3)
			require.Regexp(t, `-0004$`, codes[2])
			_, err = q.CodeGenerate(ctx, "")
			require.Equal(t, "RY007", sqlState(err))
		})
	}
}
