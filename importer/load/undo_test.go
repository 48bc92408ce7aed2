package load

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/projectrye/rye-import/importer/graph"
	"github.com/projectrye/rye-import/internal/pgtest"
)

// undone takes a run back.
func undone(t *testing.T, pool *pgxpool.Pool, run int) *Undone {
	t.Helper()
	u, err := Undo(t.Context(), pool, fmt.Sprint(run), config("crm"), UndoOptions{Settle: func(*Undone) (Settlement, error) {
		return Settlement{Summary: json.RawMessage(`{}`), Line: "undone"}, nil
	}})
	require.NoError(t, err)
	return u
}

// TestUndo_Names undoes a change of a record that keeps its name, one of the spelling of a name, and that undo.
func TestUndo_Names(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	companies := func(change byte, globex string) {
		b := &batch{}
		b.company(1, "a1", "Acme")
		b.company(2, "a2", globex)
		for i := range b.Records {
			b.Records[i].Hash[0] += change
		}
		b.run(t, pool, namesConfig("crm"), MergeOptions{})
	}
	companies(0, "Globex")
	before := keptNames(t, pool)
	companies(1, "GLOBEX")
	after := keptNames(t, pool)
	require.NotEqual(t, before, after)
	for i, run := range []int{2, 3, 2} {
		undone(t, pool, run)
		require.Equal(t, [][]string{before, after}[i%2], keptNames(t, pool))
	}
	b := &batch{}
	b.member(1, "p1", accountName, "Acme")
	require.Equal(t, map[string]Links{"employs": {Found: 1, Linked: 1}}, b.run(t, pool, namesConfig("crm"), MergeOptions{}).Links)
}

// TestUndo_Merge undoes the merge of two records: what people have edited of each is theirs again, and the
// facts of the dead one hold since they did.
func TestUndo_Merge(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	said := func() *batch {
		b := people("Ada", "Bob")
		for i := range b.Records {
			b.Facts = append(b.Facts, graph.Fact{
				Rec: int64(i) + 1, Slot: "Score", Type: "lead_score", Key: fmt.Sprint("of ", i), Claim: []byte(`{"score": 1}`), AssertedAt: january,
			})
		}
		return b
	}
	imported(t, pool, said(), MergeOptions{})
	execute(t, pool, `UPDATE rye.nodes SET properties = properties || jsonb_build_object('nickname of ' || label, 'Dot')`)
	look := func() []string {
		t.Helper()
		return values(t, pool, `SELECT n.label || ': edit of ' || e.field FROM rye_import.edits e JOIN rye.nodes n ON n.id = e.subject_id
			UNION ALL
			SELECT concat_ws(' ', n.label || ': fact', a.assertion_key, a.asserted_at, a.superseded_at IS NULL)
			FROM rye.assertions a JOIN rye.nodes n ON n.id = a.subject_node_id WHERE NOT a.attrs ? 'undo'
			UNION ALL
			SELECT n.label || ': record ' || m.source_id FROM rye.node_source_map m JOIN rye.nodes n ON n.id = m.node_id
			ORDER BY 1`)
	}
	before := look()
	dead := people("Ada")
	dead.Records[0].Hash[0]++
	dead.Twins = []graph.Twin{{Rec: 1, Ref: graph.Ref{Object: "Contact", ID: "B"}}}
	imported(t, pool, dead, MergeOptions{})
	after := look()
	require.Contains(t, after, "Ada: record B")
	require.Contains(t, after, "Ada: edit of properties.nickname of Bob")
	for i, run := range []int{2, 3, 2} {
		require.Zero(t, undone(t, pool, run).KeptTotal)
		require.Equal(t, [][]string{before, after}[i%2], look())
	}
	_, err := Undo(t.Context(), pool, "4", config("crm"), UndoOptions{})
	require.EqualError(t, err, "run 4 cannot be undone: it has brought run 2 back; to take that run back again: rye-import runs undo 2")
}
