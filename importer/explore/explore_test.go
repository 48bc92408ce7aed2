package explore_test

import (
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/projectrye/rye-import/importer/explore"
	"github.com/projectrye/rye-import/internal/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

var march = time.Date(2024, 3, 1, 8, 0, 0, 0, time.UTC)

func execute(t *testing.T, pool *pgxpool.Pool, sql string, args ...any) {
	t.Helper()
	_, err := pool.Exec(t.Context(), sql, args...)
	require.NoError(t, err, sql)
}

// node makes a node and gives its id.
func node(t *testing.T, pool *pgxpool.Pool, nodeType, code, label, properties string) string {
	t.Helper()
	var id string
	require.NoError(t, pool.QueryRow(t.Context(), `INSERT INTO rye.nodes (node_type, label, properties, created_at)
		VALUES ($1, $2, $3::jsonb || jsonb_build_object('code', $4::text), $5) RETURNING id`, nodeType, label, properties, code, march).Scan(&id))
	return id
}

func edge(t *testing.T, pool *pgxpool.Pool, edgeType, from, to, properties string, ended *time.Time) {
	t.Helper()
	execute(t, pool, "INSERT INTO rye.edges (edge_type, source_id, target_id, properties, effective_from, effective_to) VALUES ($1, $2, $3, $4, $5, $6)",
		edgeType, from, to, properties, march, ended)
}

func fact(t *testing.T, pool *pgxpool.Pool, subject, factType, claim string) {
	t.Helper()
	execute(t, pool, "INSERT INTO rye.assertions (assertion_type, subject_node_id, claim, asserted_at) VALUES ($1, $2, $3, $4)", factType, subject, claim, march)
}

// deals makes a pipeline with deals in two stages and two currencies. The stages do not stand in the
// order of their names.
func deals(t *testing.T, pool *pgxpool.Pool) {
	t.Helper()
	node(t, pool, "pipeline", "PL-SALES", "Sales", `{"stages": [
		{"key": "new", "label": "Zero contact", "order": 1}, {"key": "offer", "label": "An offer", "order": 2}, {"key": "closed_won", "label": "Won", "order": 3}]}`)
	eve, ada := node(t, pool, "person", "CON-1", "Eve Seller", "{}"), node(t, pool, "person", "CON-2", "Ada Lovelace", "{}")
	for _, d := range []struct{ code, stage, value, probability string }{
		{"OPP-1", "offer", `{"amount": 1000.25, "currency": "EUR"}`, "0.5"},
		{"OPP-2", "new", `{"amount": 10, "currency": "EUR"}`, "0.1"},
		{"OPP-3", "new", `{"amount": 300000000000000000.01, "currency": "EUR"}`, "0.1"},
		{"OPP-4", "new", `{"amount": 7, "currency": "JPY"}`, "0.1"},
		{"OPP-5", "new", "", ""},
		{"OPP-6", "closed_won", `{"amount": 99, "currency": "EUR"}`, "1"},
		{"OPP-7", "unheard_of", "", ""},
	} {
		id := node(t, pool, "opportunity", d.code, "Deal "+d.code, "{}")
		fact(t, pool, id, "deal_stage", `{"pipeline": "PL-SALES", "stage": "`+d.stage+`"}`)
		if d.value != "" {
			fact(t, pool, id, "deal_value", d.value)
			fact(t, pool, id, "win_probability", `{"probability": `+d.probability+`}`)
		}
		if d.code == "OPP-1" {
			edge(t, pool, "assigned_to", id, eve, `{"role": "owner"}`, nil)
			edge(t, pool, "primary_contact", id, ada, "{}", nil)
		}
	}
	execute(t, pool, "REFRESH MATERIALIZED VIEW rye.opportunities_active")
}

func TestDeals(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	none, err := explore.Deals(t.Context(), pool, 10)
	require.NoError(t, err)
	require.Empty(t, none)
	deals(t, pool)
	all, err := explore.Deals(t.Context(), pool, 10)
	require.NoError(t, err)
	// By the order of the stages, then by value; a stage that the pipeline does not know comes last.
	require.Equal(t, []explore.Deal{
		{Code: "OPP-3", Label: "Deal OPP-3", Pipeline: "Sales", Stage: "Zero contact", Value: "300000000000000000.01", Currency: "EUR"},
		{Code: "OPP-2", Label: "Deal OPP-2", Pipeline: "Sales", Stage: "Zero contact", Value: "10", Currency: "EUR"},
		{Code: "OPP-4", Label: "Deal OPP-4", Pipeline: "Sales", Stage: "Zero contact", Value: "7", Currency: "JPY"},
		{Code: "OPP-5", Label: "Deal OPP-5", Pipeline: "Sales", Stage: "Zero contact"},
		{Code: "OPP-1", Label: "Deal OPP-1", Pipeline: "Sales", Stage: "An offer", Value: "1000.25", Currency: "EUR", Owner: "Eve Seller", Contact: "Ada Lovelace"},
		{Code: "OPP-7", Label: "Deal OPP-7", Pipeline: "Sales", Stage: "unheard_of"},
	}, all)
	some, err := explore.Deals(t.Context(), pool, 2)
	require.NoError(t, err)
	require.Equal(t, all[:2], some)
}

func TestFunnel(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	deals(t, pool)
	sums, err := explore.Funnel(t.Context(), pool)
	require.NoError(t, err)
	require.Len(t, sums, 5, "what is won is not under way")
	for i, want := range []struct {
		explore.StageSum
		weighted string
	}{
		{explore.StageSum{Stage: "Zero contact", Deals: 1, Total: "0"}, "0"},
		{explore.StageSum{Stage: "Zero contact", Currency: "EUR", Deals: 2, Total: "300000000000000010.01"}, "30000000000000001.001"},
		{explore.StageSum{Stage: "Zero contact", Currency: "JPY", Deals: 1, Total: "7"}, "0.7"},
		{explore.StageSum{Stage: "An offer", Currency: "EUR", Deals: 1, Total: "1000.25"}, "500.125"},
		{explore.StageSum{Stage: "unheard_of", Deals: 1, Total: "0"}, "0"},
	} {
		want.Pipeline, want.Weighted = "Sales", want.weighted
		require.Equal(t, want.StageSum, sums[i])
	}
}

func TestGet(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	april := march.AddDate(0, 1, 0)
	ada := node(t, pool, "person", "CON-2402-0001", "Ada Lovelace", `{"title": "Analyst"}`)
	acme := node(t, pool, "org", "ORG-1", "Acme", "{}")
	globex := node(t, pool, "org", "ORG-2", "Globex", "{}")
	note := node(t, pool, "note", "NOTE-1", "A note", "{}")
	execute(t, pool, "UPDATE rye.nodes SET label = NULL, properties = '{}' WHERE id = $1", note)
	edge(t, pool, "employs", globex, ada, "{}", &april)
	edge(t, pool, "employs", acme, ada, "{}", nil)
	edge(t, pool, "wrote", ada, note, "{}", nil)
	edge(t, pool, "archived", ada, note, "{}", nil)
	execute(t, pool, "UPDATE rye.edges SET archived_at = now() WHERE edge_type = 'archived'")
	fact(t, pool, ada, "contact_info", `{"email": "ada@example.com"}`)
	execute(t, pool, `INSERT INTO rye.assertions (assertion_type, assertion_key, subject_node_id, claim, asserted_at, superseded_at)
		VALUES ('contact_info', 'default', $1, '{"email": "old@example.com"}', $2, $3)`, ada, march.AddDate(0, -1, 0), march)
	execute(t, pool, `WITH e AS (INSERT INTO rye.events (event_type, occurred_at, summary) VALUES ('call', $2, 'Talked'), ('email', $3, NULL) RETURNING id)
		INSERT INTO rye.event_participants (event_id, node_id, role) SELECT id, $1, 'subject' FROM e`, ada, march, april)
	execute(t, pool, `INSERT INTO rye.node_source_map (node_id, source_schema, source_table, source_id, source_id_type)
		VALUES ($1, 'salesforce', 'Lead', '00Q1', 'text'), ($1, 'salesforce', 'Contact', '0031', 'text')`, ada)

	r, err := explore.Get(t.Context(), pool, "CON-2402-0001")
	require.NoError(t, err)
	require.Equal(t, ada, r.ID.String())
	require.Equal(t, []string{"CON-2402-0001", "person", "Ada Lovelace"}, []string{r.Code, r.Type, r.Label})
	require.JSONEq(t, `{"code": "CON-2402-0001", "title": "Analyst"}`, string(r.Properties))
	require.True(t, march.Equal(r.CreatedAt))
	require.Equal(t, []string{"salesforce:Contact:0031", "salesforce:Lead:00Q1"}, r.Sources)

	require.Len(t, r.Edges, 3, "without the one that is archived")
	for i, want := range []explore.Edge{
		{Type: "employs", OtherType: "org", OtherLabel: "Acme", OtherCode: "ORG-1"},
		{Type: "wrote", Outbound: true, OtherType: "note"},
		{Type: "employs", OtherType: "org", OtherLabel: "Globex", OtherCode: "ORG-2"},
	} {
		got := r.Edges[i]
		require.True(t, march.Equal(*got.From))
		require.Equal(t, i == 2, got.To != nil, "what has ended comes last")
		got.From, got.To = nil, nil
		require.Equal(t, want, got)
	}
	require.Len(t, r.Facts, 2)
	require.JSONEq(t, `{"email": "ada@example.com"}`, string(r.Facts[0].Claim), "what holds comes first")
	require.Nil(t, r.Facts[0].SupersededAt)
	require.True(t, march.Equal(*r.Facts[1].SupersededAt))
	require.Len(t, r.Events, 2)
	require.Equal(t, []string{"email", "", "subject"}, []string{r.Events[0].Type, r.Events[0].Summary, r.Events[0].Role}, "the latest comes first")
	require.True(t, march.Equal(r.Events[1].OccurredAt))

	bare, err := explore.Get(t.Context(), pool, "ORG-1")
	require.NoError(t, err)
	require.True(t, bare.Edges[0].Outbound)
	require.Empty(t, bare.Sources)
	require.Empty(t, bare.Facts)
	require.Empty(t, bare.Events)
}

// TestGet_Archived gives the living node of a code that an archived one has too.
func TestGet_Archived(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	node(t, pool, "person", "CON-1", "Dead", "{}")
	execute(t, pool, "UPDATE rye.nodes SET archived_at = now()")
	r, err := explore.Get(t.Context(), pool, "CON-1")
	require.NoError(t, err)
	require.Equal(t, "Dead", r.Label)
	node(t, pool, "person", "CON-1", "Alive", "{}")
	r, err = explore.Get(t.Context(), pool, "CON-1")
	require.NoError(t, err)
	require.Equal(t, "Alive", r.Label)
}

// TestGet_Bounded reads of a record on which much hangs what fits before the eyes.
func TestGet_Bounded(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	hub := node(t, pool, "org", "ORG-1", "Acme", "{}")
	execute(t, pool, `WITH n AS (INSERT INTO rye.nodes (node_type, label) SELECT 'person', 'Person ' || i FROM generate_series(1, 150) i RETURNING id)
		INSERT INTO rye.edges (edge_type, source_id, target_id) SELECT 'employs', $1, id FROM n`, hub)
	r, err := explore.Get(t.Context(), pool, "ORG-1")
	require.NoError(t, err)
	require.Len(t, r.Edges, 100)
}

func TestErrors(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	_, err := explore.Get(t.Context(), pool, "CON-2401-0001")
	require.ErrorIs(t, err, explore.ErrNotFound)
	require.ErrorContains(t, err, "CON-2401-0001")

	empty := pgtest.Connect(t, pgtest.Empty(t))
	_, err = explore.Get(t.Context(), empty, "CON-1")
	require.ErrorContains(t, err, "reading CON-1")
	require.NotErrorIs(t, err, explore.ErrNotFound)
	_, err = explore.Deals(t.Context(), empty, 1)
	require.ErrorContains(t, err, "reading deals")
	_, err = explore.Funnel(t.Context(), empty)
	require.ErrorContains(t, err, "reading the funnel")

	// Each part that cannot be read is named.
	node(t, pool, "person", "CON-1", "Ada", "{}")
	for _, broken := range []struct{ table, want string }{
		{"events", "the events of CON-1"}, {"assertions", "the facts about CON-1"}, {"edges", "the edges of CON-1"}, {"node_source_map", "the sources of CON-1"},
	} {
		execute(t, pool, "ALTER TABLE rye."+broken.table+" RENAME TO "+broken.table+"_away")
		_, err = explore.Get(t.Context(), pool, "CON-1")
		require.ErrorContains(t, err, broken.want)
	}
}
