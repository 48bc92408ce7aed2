package load

import (
	"context"
	"crypto/md5" //nolint:gosec // of the size that is needed; nothing depends on it
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/projectrye/rye-import/importer/graph"
	"github.com/projectrye/rye-import/internal/pgtest"
)

// said is a batch with one person of whom the source says these properties under each blank policy.
func said(properties, fill string, clear ...string) *batch {
	b := people("Ada")
	b.Records[0].Hash = md5.Sum([]byte(properties + fill + string(rune(len(clear))))) //nolint:gosec // see above
	b.Nodes[0].Properties, b.Nodes[0].Clear = []byte(properties), clear
	if fill != "" {
		b.Nodes[0].Fill = []byte(fill)
	}
	return b
}

func adas(t *testing.T, pool *pgxpool.Pool) string {
	t.Helper()
	return value[string](t, pool, "SELECT (properties - 'code')::text FROM rye.nodes WHERE label = 'Ada'")
}

func TestContested_BlankPolicies(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		first *batch
		edit  string
		then  *batch
		want  string
		open  int64
		taken string // with the source preferred
	}{
		"a blank clears what a person changed": {
			first: said(`{"phone": "1"}`, ""), edit: `properties || '{"phone": "2"}'`, then: said(`{}`, "", "phone"),
			want: `{"phone": "2"}`, open: 1, taken: `{}`,
		},
		"a blank that is none keeps": {
			first: said(`{"phone": "1"}`, ""), edit: `properties || '{"phone": "2"}'`, then: said(`{"fax": "3"}`, ""),
			want: `{"fax": "3", "phone": "2"}`, taken: `{"fax": "3", "phone": "2"}`,
		},
		"a blank clears what a person added": {
			first: said(`{}`, "", "phone"), edit: `properties || '{"phone": "2"}'`, then: said(`{"fax": "3"}`, "", "phone"),
			want: `{"fax": "3", "phone": "2"}`, taken: `{"fax": "3", "phone": "2"}`,
		},
		"fill only finds what a person changed": {
			first: said(`{}`, `{"phone": "1"}`), edit: `properties || '{"phone": "2"}'`, then: said(`{}`, `{"phone": "3"}`),
			want: `{"phone": "2"}`, taken: `{"phone": "2"}`,
		},
		"fill only says again what a person took away": {
			first: said(`{}`, `{"phone": "1"}`), edit: `properties - 'phone'`, then: said(`{"fax": "3"}`, `{"phone": "1"}`),
			want: `{"fax": "3"}`, taken: `{"fax": "3"}`,
		},
		"fill only says something else than a person took away": {
			first: said(`{}`, `{"phone": "1"}`), edit: `properties - 'phone'`, then: said(`{}`, `{"phone": "3"}`),
			want: `{}`, open: 1, taken: `{"phone": "3"}`,
		},
		"a null": {
			first: said(`{"phone": "1"}`, ""), edit: `properties || '{"phone": null}'`, then: said(`{"phone": "2"}`, ""),
			want: `{"phone": null}`, open: 1, taken: `{"phone": "2"}`,
		},
		"a value of another type": {
			first: said(`{"phone": 1}`, ""), edit: `properties || '{"phone": {"home": [2]}}'`, then: said(`{"phone": 1.50}`, ""),
			want: `{"phone": {"home": [2]}}`, open: 1, taken: `{"phone": 1.50}`,
		},
		"the same number, written otherwise": {
			first: said(`{"phone": 1}`, ""), edit: `properties || '{"phone": 2.0}'`, then: said(`{"phone": 2}`, ""),
			want: `{"phone": 2.0}`, taken: `{"phone": 2.0}`,
		},
		"a new key that a person has made too": {
			first: said(`{}`, ""), edit: `properties || '{"phone": "2"}'`, then: said(`{"phone": "3"}`, ""),
			want: `{"phone": "2"}`, open: 1, taken: `{"phone": "3"}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pool := pgtest.New(t)
			imported(t, pool, tc.first, MergeOptions{})
			execute(t, pool, "UPDATE rye.nodes SET properties = "+tc.edit)
			out := imported(t, pool, tc.then, MergeOptions{})
			require.JSONEq(t, tc.want, adas(t, pool))
			require.Equal(t, tc.open, out.Contested)
			size := graphSize(t, pool)
			out = imported(t, pool, tc.then, MergeOptions{})
			require.False(t, out.Changed(), "the same again")
			require.Equal(t, tc.open, out.Contested)
			require.Equal(t, size, graphSize(t, pool))
			out = imported(t, pool, tc.then, MergeOptions{Prefer: PreferSource})
			require.JSONEq(t, tc.taken, adas(t, pool))
			require.Zero(t, out.Contested)
			require.Equal(t, Records{Updated: tc.open, Unchanged: 1 - tc.open}, out.Objects["Contact"])
			require.Equal(t, nothingLeft, leftovers(t, pool))
			require.Zero(t, value[int](t, pool, "SELECT count(*) FROM rye_import.merge_contested"))
		})
	}
}

// TestContested_Shared has two records share a node of which a person has edited one property: a conflict
// of one record lets nothing come back that the other has said since.
func TestContested_Shared(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	b := people("Ada", "Bob")
	b.Records[1].Same = graph.Ref{Object: "Contact", ID: "A"}
	b.Nodes[0].Properties, b.Nodes[1].Properties = []byte(`{"phone": "1", "city": "Brno"}`), []byte(`{}`)
	imported(t, pool, b, MergeOptions{})
	execute(t, pool, `UPDATE rye.nodes SET properties = properties || '{"phone": "2"}' WHERE label = 'Ada'`)
	b.Nodes[0].Properties, b.Records[0].Hash = []byte(`{"phone": "3", "city": "Brno"}`), md5.Sum([]byte("x")) //nolint:gosec // see above
	out := imported(t, pool, b, MergeOptions{})
	require.Equal(t, int64(1), out.Contested)
	// Another tool, which is a person to the importer, and then the source, change the city.
	execute(t, pool, `UPDATE rye.nodes SET properties = properties || '{"city": "Wien"}' WHERE label = 'Ada'`)
	out = imported(t, pool, b, MergeOptions{Prefer: PreferSource})
	require.Equal(t, Nodes{Updated: 1}, out.Nodes)
	require.JSONEq(t, `{"phone": "3", "city": "Wien"}`, adas(t, pool), "the phone alone was in conflict")
}

// dealOf is a batch with one deal whose value the source says.
func dealOf(amount string) *batch {
	b := &batch{}
	b.deal(1, "d1", amount, "EUR")
	b.Facts[0].AssertedAt = time.Time{}
	return b
}

func amounts(t *testing.T, pool *pgxpool.Pool) []string {
	t.Helper()
	return values(t, pool, "SELECT claim->>'amount' FROM rye.assertions WHERE assertion_type = 'deal_value' ORDER BY created_at, superseded_at NULLS LAST")
}

// TestContested_AdoptedFact has facts that another tool recorded before the first run: the source wins. Those
// that a person records where the source has said nothing, win.
func TestContested_AdoptedFact(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	execute(t, pool, `WITH n AS (INSERT INTO rye.nodes (node_type, label, properties) VALUES ('opportunity', 'Old', '{}') RETURNING id),
		m AS (INSERT INTO rye.node_source_map (node_id, source_schema, source_table, source_id) SELECT id, 'crm', 'Opportunity', 'd1' FROM n)
		INSERT INTO rye.assertions (assertion_type, subject_node_id, claim, asserted_at, created_at) SELECT 'deal_value', id, '{"amount": 5, "currency": "EUR"}', '2020-01-01', '2020-01-01' FROM n`)
	out := imported(t, pool, dealOf("6"), MergeOptions{})
	require.Zero(t, out.Contested)
	require.Equal(t, []string{"5", "6"}, amounts(t, pool))

	other := pgtest.New(t)
	b := dealOf("1")
	b.Facts, b.Records[0].Money = nil, nil
	imported(t, other, b, MergeOptions{})
	execute(t, other, `INSERT INTO rye.assertions (assertion_type, subject_node_id, claim) SELECT 'deal_value', id, '{"amount": 5, "currency": "EUR"}' FROM rye.nodes`)
	out = imported(t, other, dealOf("6"), MergeOptions{})
	require.Equal(t, int64(1), out.Contested)
	require.Equal(t, []string{"5"}, amounts(t, other))
	require.Equal(t, []Sum{{Currency: "EUR", Source: "6", Graph: "5", SourceApplied: "0", GraphApplied: "0"}}, out.Sums)
	out = imported(t, other, dealOf("6"), MergeOptions{Prefer: PreferSource})
	require.Zero(t, out.Contested)
	require.Equal(t, []string{"5", "6"}, amounts(t, other))
}

// TestContested_Withdrawn has the source take a fact back that a person has changed.
func TestContested_Withdrawn(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	imported(t, pool, dealOf("6"), MergeOptions{})
	execute(t, pool, `SELECT rye.supersede_assertion(id, p_new_claim => '{"amount": 7, "currency": "EUR"}') FROM rye.assertions`)
	gone := dealOf("0")
	gone.Facts[0].Claim, gone.Records[0].Money = nil, nil
	out := imported(t, pool, gone, MergeOptions{})
	require.Equal(t, int64(1), out.Contested)
	require.Equal(t, 1, value[int](t, pool, "SELECT count(*) FROM rye.assertions WHERE superseded_at IS NULL"))
	out = imported(t, pool, gone, MergeOptions{Prefer: PreferSource})
	require.Zero(t, out.Contested)
	require.Zero(t, value[int](t, pool, "SELECT count(*) FROM rye.assertions WHERE superseded_at IS NULL"))
	out = imported(t, pool, gone, MergeOptions{})
	require.False(t, out.Changed())
}

// TestContested_List bounds what is listed, and says where each conflict comes from.
func TestContested_List(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	many := func(suffix string) *batch {
		b := &batch{}
		for i := range int64(60) {
			id := "c" + string(rune('A'+i))
			b.person(i+1, id, id+suffix)
		}
		return b
	}
	imported(t, pool, many("1"), MergeOptions{})
	execute(t, pool, "UPDATE rye.nodes SET label = label || ' edited'")
	out := imported(t, pool, many("2"), MergeOptions{})
	require.Equal(t, int64(60), out.Contested)
	require.Len(t, out.Conflicts, 50)
	c := out.Conflicts[0]
	require.NotNil(t, c.EditedAt)
	require.Equal(t, Conflict{
		Object: "Contact", LegacyID: "cA", Code: "CON-2401-0001", Kind: "label", Field: "label", File: "Contact.csv", Line: 2,
		EditedBy: c.EditedBy, EditedAt: c.EditedAt, RunNo: 2,
	}, c)
}

// TestContested_Undone has the merge fail: edits and conflicts are as before.
func TestContested_Undone(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	imported(t, pool, said(`{"phone": "1"}`, ""), MergeOptions{})
	execute(t, pool, `UPDATE rye.nodes SET properties = properties || '{"phone": "2"}'`)
	run := begun(t, pool, "crm")
	s := staged(t, run, file(t, run, "Contact.csv"), said(`{"phone": "3"}`, ""))
	_, err := run.Merge(t.Context(), MergeOptions{
		UnchangedLinks: s.Links, Prefer: PreferSource,
		Settle: func(context.Context, *Outcome, *Ledger) (Settlement, error) { return Settlement{}, ErrSourceLocked },
	})
	require.ErrorIs(t, err, ErrSourceLocked)
	require.NoError(t, run.End(t.Context(), "failed", err, nil))
	require.JSONEq(t, `{"phone": "2"}`, adas(t, pool))
	require.Equal(t, 1, value[int](t, pool, "SELECT count(*) FROM rye_import.edits"))
	require.Zero(t, value[int](t, pool, "SELECT count(*) FROM rye_import.conflicts"))
}
