package main

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/projectrye/rye-import/importer/report"
	"github.com/projectrye/rye-import/internal/pgtest"
)

// undone takes a run back.
func undone(t *testing.T, databaseURL, id string) *report.Undo {
	t.Helper()
	r := command(t, "", "--database-url", databaseURL, "runs", "undo", "--output", "json", id)
	require.Equal(t, exitDone, r.code, "%s\n%s", r.stderr, r.stdout)
	var u report.Undo
	dec := json.NewDecoder(strings.NewReader(r.stdout))
	dec.DisallowUnknownFields()
	require.NoError(t, dec.Decode(&u), r.stdout)
	return &u
}

// state is the graph and the importer's books without numbers of runs. Counters of codes are not of it: an undo
// keeps the codes for their records.
func state(t *testing.T, pool *pgxpool.Pool) string {
	t.Helper()
	graph := dump(t, pool)
	before, after, _ := strings.Cut(graph, "== counters")
	_, after, _ = strings.Cut(after, "== waiting")
	books := values(t, pool, `
		SELECT concat_ws(' ', o.source, o.object, r.legacy_id, r.content_hash, r.archived, r.line) FROM rye_import.records r JOIN rye_import.objects o USING (object_no)
		UNION ALL
		SELECT concat_ws(' ', 'name', o.object, k.name, x.object, k.legacy_id, k.derived) FROM rye_import.names k
		JOIN rye_import.objects o ON o.object_no = k.lookup_no JOIN rye_import.objects x ON x.object_no = k.object_no
		ORDER BY 1`)
	return ownTime.ReplaceAllString(before+after+strings.Join(books, "\n"), "now")
}

// ownTime is a time that a run gives, and no export.
var ownTime = regexp.MustCompile(`20(2[6-9]|[3-9]\d)-\d\d-\d\d \d\d:\d\d:\d\d`)

// TestUndo_Kept takes a first import back with which people and a later run have gone on.
func TestUndo_Kept(t *testing.T) {
	t.Parallel()
	url := pgtest.Clone(t)
	n := &nightly{company: newCompany(), t: t, url: url, pool: pgtest.Connect(t, url)}
	first := imported(t, url, exitDone, n.write(t))
	codes := map[string]string{}
	for _, id := range []string{acme, globex, ada, bob, eve, fay, deal} {
		codes[id] = n.node(id, "properties->>'code'")
	}
	// A person changes Ada, another writes to Bob, and a run moves Globex.
	execute(t, n.pool, "UPDATE rye.nodes SET properties = properties || '{\"title\": \"Countess\"}' WHERE properties->>'code' = $1", codes[ada])
	execute(t, n.pool, "SELECT rye.record_event('note', 'Call him', '{}', ARRAY[(SELECT id FROM rye.nodes WHERE properties->>'code' = $1)], ARRAY['subject'])", codes[bob])
	n.change(t, "Account", globex, "2024-05-01 08:00:00", "Wien", "Graz")
	imported(t, url, exitDone, n.write(t))
	verification(t, url, exitDone, n.write(t))

	u := undone(t, url, first.RunID)
	require.Equal(t, int64(3), u.KeptTotal)
	require.Equal(t, []report.Kept{
		{What: "node", Code: codes[ada], Label: "Ada Lovelace", Reason: "edited by rye"},
		{What: "node", Code: codes[bob], Label: "Bob Babbage", Archived: true, Reason: "it took part in an event"},
		{What: "node", Code: codes[globex], Label: "Globex", Reason: "changed by run 2"},
	}, u.Kept)
	require.Equal(t, report.Reversed{Gone: 5, Archived: 1, Kept: 2}, u.Graph.Nodes, "Acme, Eve, Fay, the deal and its pipeline are gone")
	require.Equal(t, []string{"Ada Lovelace", "Bob Babbage archived", "Globex"}, values(t, n.pool,
		"SELECT label || CASE WHEN archived_at IS NULL THEN '' ELSE ' archived' END FROM rye.nodes ORDER BY label"))
	require.Zero(t, value[int](t, n.pool, "SELECT count(*) FROM rye.edges"))
	require.Equal(t, "Countess", n.node(ada, "properties->>'title'"))

	// The export again: the same nodes and codes, and what a person has written is still there.
	imported(t, url, exitDone, n.write(t))
	for id, code := range codes {
		require.Equal(t, code, n.node(id, "properties->>'code'"), id)
		require.Empty(t, n.node(id, "n.archived_at"), id)
	}
	require.Equal(t, []string{"Acme -> Ada Lovelace 2024-02-01"}, n.edges("employs", ada))
	require.Equal(t, []string{"Acme -> Bob Babbage 2024-02-02"}, n.edges("employs", bob))
	require.Equal(t, "Graz", n.node(globex, "properties->'address'->>'city'"))
	require.Equal(t, 1, value[int](t, n.pool, "SELECT count(*) FROM rye.events WHERE summary = 'Call him'"))
}

// TestUndo_Edited takes a nightly run back of which a person has changed some of what it wrote.
func TestUndo_Edited(t *testing.T) {
	t.Parallel()
	n := newNightly(t)
	n.change(t, "Contact", ada, "2024-05-01 08:00:00", "Analyst", "Countess", "ada@example.com", "ada@lovelace.example")
	n.change(t, "Contact", bob, "2024-05-01 08:00:00", acme, globex)
	n.change(t, "Opportunity", deal, "2024-05-01 08:00:00", "Prospecting", "Negotiation", "1000.00", "1250.50")
	s := imported(t, n.url, exitDone, n.write(t))
	execute(t, n.pool, "UPDATE rye.nodes SET properties = properties || '{\"title\": \"Dame\"}' WHERE label = 'Ada Lovelace'")
	execute(t, n.pool, `SELECT rye.supersede_assertion(a.id, p_new_claim => '{"amount": 9, "currency": "EUR"}')
		FROM rye.assertions a WHERE a.assertion_type = 'deal_value' AND a.superseded_at IS NULL`)

	u := undone(t, n.url, s.RunID)
	require.Equal(t, []report.Kept{
		{What: "fact", Code: n.node(deal, "properties->>'code'"), Label: "Engine", Reason: "deal_value/default"},
		{What: "field", Code: n.node(ada, "properties->>'code'"), Label: "Ada Lovelace", Reason: "properties.title"},
	}, u.Kept)
	require.Equal(t, "Dame", n.node(ada, "properties->>'title'"), "what a person wrote stays")
	require.Equal(t, "ada@example.com", n.node(ada, "properties->>'email'"), "the rest is as before")
	require.Equal(t, []string{"Acme -> Bob Babbage 2024-02-02"}, n.edges("employs", bob), "the closed edge is open again")
	require.Equal(t, []string{`{"stage": "prospecting"} 2024-03-01`}, n.facts("deal_stage", deal))
	values := n.facts("deal_value", deal)
	require.Contains(t, values[len(values)-1], `{"amount": 9, "currency": "EUR"}`)

	// Facts are append-only: what was asserted is there, and the old claim is asserted anew.
	require.Equal(t, 3, value[int](t, n.pool, "SELECT count(*) FROM rye.assertions WHERE assertion_type = 'deal_stage'"))
	require.Equal(t, 1, value[int](t, n.pool, "SELECT count(*) FROM rye.assertions WHERE assertion_type = 'deal_stage' AND superseded_at IS NULL"))
	require.Zero(t, value[int](t, n.pool, "SELECT count(*) FROM rye.events WHERE event_type = 'stage_change'"))
	require.Equal(t, 1, value[int](t, n.pool, "SELECT count(*) FROM rye.events WHERE event_type = 'import_run' AND properties->>'run_id' = $1", s.RunID),
		"that it took place stays true")
}

// TestUndo_Older takes a run back that is not the last one.
func TestUndo_Older(t *testing.T) {
	t.Parallel()
	n := newNightly(t)
	n.change(t, "Contact", ada, "2024-05-01 08:00:00", "Analyst", "Countess")
	n.change(t, "Contact", bob, "2024-05-01 08:00:00", "Engineer", "Inventor")
	middle := imported(t, n.url, exitDone, n.write(t))
	n.change(t, "Contact", bob, "2024-06-01 08:00:00", "Inventor", "Professor")
	last := imported(t, n.url, exitDone, n.write(t))
	u := undone(t, n.url, middle.RunID)
	require.Equal(t, []report.Kept{
		{What: "edge", Code: n.node(acme, "properties->>'code'"), Label: "Acme", Kind: "employs", Reason: "changed since"},
		{What: "field", Code: n.node(bob, "properties->>'code'"), Label: "Bob Babbage", Reason: "properties.title"},
	}, u.Kept, "his title stands in both")
	require.Equal(t, "Analyst", n.node(ada, "properties->>'title'"))
	require.Equal(t, "Professor", n.node(bob, "properties->>'title'"))
	s := imported(t, n.url, exitDone, n.write(t))
	require.Equal(t, report.GraphNodes{Updated: 1}, s.Graph.Nodes)
	require.Equal(t, "Countess", n.node(ada, "properties->>'title'"))
	undone(t, n.url, last.RunID)
	require.Equal(t, "Inventor", n.node(bob, "properties->>'title'"))
}

func TestUndo_Refused(t *testing.T) {
	t.Parallel()
	n := newNightly(t)
	n.change(t, "Contact", ada, "2024-05-01 08:00:00", "Analyst", "Countess")
	s := imported(t, n.url, exitDone, n.write(t))
	undo := func(id string) result { return command(t, "", "--database-url", n.url, "runs", "undo", id) }

	r := undo("nothing")
	require.Equal(t, exitFailed, r.code)
	require.Contains(t, r.stderr, `no run has the id or number "nothing"`)
	require.Equal(t, exitUsage, command(t, "", "--database-url", n.url, "runs", "undo").code)

	before := fingerprint(t, n.pool)
	execute(t, n.pool, "UPDATE rye_import.runs SET pruned_at = '2024-09-01' WHERE run_id::text = $1", s.RunID)
	r = undo(s.RunID)
	require.Equal(t, exitFailed, r.code)
	require.Contains(t, r.stderr, "kept until 2024-09-01 only")
	execute(t, n.pool, "UPDATE rye_import.runs SET pruned_at = NULL WHERE run_id::text = $1", s.RunID)
	require.Equal(t, before, fingerprint(t, n.pool))

	lock, err := n.pool.Acquire(t.Context())
	require.NoError(t, err)
	_, err = lock.Exec(t.Context(), "SELECT pg_advisory_lock(hashtextextended('rye_import:salesforce', 0))")
	require.NoError(t, err)
	require.Equal(t, exitLocked, undo(s.RunID).code)
	require.NoError(t, lock.Conn().Close(t.Context()))
	lock.Release()

	r = undo(s.RunID)
	require.Equal(t, exitDone, r.code, r.stderr)
	require.Contains(t, r.stdout, "Undone")
	r = undo(s.RunID)
	require.Equal(t, exitFailed, r.code)
	require.Contains(t, r.stderr, "has taken it back already")
	list := command(t, "", "--database-url", n.url, "runs", "list")
	require.Contains(t, list.stdout, "undone by")
}
