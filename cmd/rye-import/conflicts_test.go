package main

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/projectrye/rye-import/importer/report"
)

// edit changes the node of a record as a person does, whose name the session says.
func (n *nightly) edit(id, set string) {
	n.t.Helper()
	execute(n.t, n.pool, "UPDATE rye.nodes n SET "+set+" FROM rye.node_source_map m WHERE m.node_id = n.id AND m.source_id = $1", id)
}

// conflicts gives those that stand: what the source said before, what the graph holds, what the source says.
func (n *nightly) conflicts() []string {
	n.t.Helper()
	return values(n.t, n.pool, `SELECT concat_ws(' ', state, field, coalesce(base::text, '-'), coalesce(held::text, '-'), coalesce(incoming::text, '-'))
		FROM rye_import.conflicts ORDER BY field, conflict_no`)
}

func TestEdits_Property(t *testing.T) {
	t.Parallel()
	n := newNightly(t)
	n.edit(ada, `properties = properties || '{"title": "Countess", "email": "a@example.com"}'`)
	n.change(t, "Contact", ada, "2024-05-01 08:00:00", "Analyst", "Programmer")
	s := n.run()
	require.Equal(t, "Countess", n.node(ada, "properties->>'title'"), "the person wins")
	require.Equal(t, "a@example.com", n.node(ada, "properties->>'email'"), "the source has not changed it")
	require.Equal(t, int64(1), s.Conflicts.Total)
	c := s.Conflicts.Open[0]
	require.Equal(t, report.Conflict{
		Object: "Contact", ID: ada, Code: n.node(ada, "properties->>'code'"), Kind: "property", Field: "properties.title", File: c.File, Line: 2,
		EditedBy: c.EditedBy, EditedAt: c.EditedAt, Run: c.Run,
	}, c)
	require.NotEmpty(t, c.EditedBy)
	require.Contains(t, c.File, "Contact.csv")
	require.Equal(t, []string{`open properties.title "Analyst" "Countess" "Programmer"`}, n.conflicts())

	r := command(t, "", "--database-url", n.url, "conflicts")
	require.Equal(t, exitDone, r.code, r.stderr)
	for _, part := range []string{"salesforce:Contact:" + ada, "properties.title", "Analyst", "Countess", "Programmer", "open"} {
		require.Contains(t, r.stdout, part)
	}
	r = command(t, "", "--database-url", n.url, "conflicts", "--source", "salesforce", "--output", "json")
	var list []report.ConflictValues
	require.NoError(t, json.Unmarshal([]byte(r.stdout), &list))
	require.Len(t, list, 1)
	require.Equal(t, []string{`"Analyst"`, `"Countess"`, `"Programmer"`}, []string{string(list[0].Base), string(list[0].Graph), string(list[0].Incoming)})
	c.Run = list[0].Run // the helper has undone the run and had it again
	require.Equal(t, c, list[0].Conflict)
	r = command(t, "", "--database-url", n.url, "conflicts", "--source", "hubspot", "--output", "json")
	require.Equal(t, "[]\n", r.stdout)

	// What is told of it elsewhere has no values.
	text := command(t, "", "--database-url", n.url, "run", "--progress", "none", "--log-level", "debug", "--rejects", t.TempDir(), n.write(t))
	require.Contains(t, text.stdout, "properties.title")
	for _, secret := range []string{"Countess", "Programmer"} {
		require.NotContains(t, text.stdout+text.stderr, secret)
	}

	// Another night, another value.
	n.change(t, "Contact", ada, "2024-05-02 08:00:00", "Programmer", "Director")
	s = n.run()
	require.Zero(t, s.Graph.Nodes)
	require.Equal(t, []string{`open properties.title "Analyst" "Countess" "Director"`}, n.conflicts())

	// The source goes back: there is no conflict any more, and the person's value stays.
	n.change(t, "Contact", ada, "2024-05-03 08:00:00", "Director", "Analyst")
	s = n.run()
	require.Zero(t, s.Conflicts.Total)
	require.Empty(t, n.conflicts())
	require.Equal(t, "Countess", n.node(ada, "properties->>'title'"))

	// The source comes to say the same: the edit is the source's from now on.
	n.change(t, "Contact", ada, "2024-05-04 08:00:00", "Analyst", "Countess")
	n.run()
	n.change(t, "Contact", ada, "2024-05-05 08:00:00", "Countess", "Analyst")
	s = n.run()
	require.Zero(t, s.Conflicts.Total)
	require.Equal(t, "Analyst", n.node(ada, "properties->>'title'"))
}

func TestEdits_Prefer(t *testing.T) {
	t.Parallel()
	n := newNightly(t)
	n.edit(ada, `properties = properties || '{"title": "Countess"}', label = 'Lady Lovelace'`)
	n.edit(bob, `properties = properties - 'email'`)
	n.change(t, "Contact", ada, "2024-05-01 08:00:00", "Analyst", "Programmer", "|Lovelace|", "|Byron|")
	n.change(t, "Contact", bob, "2024-05-01 08:00:00", "bob@", "bob.b@")
	s := n.run()
	require.Equal(t, int64(3), s.Conflicts.Total)
	require.Equal(t, []string{
		`open label "Ada Lovelace" "Lady Lovelace" "Ada Byron"`,
		`open properties.email "bob@example.com" - "bob.b@example.com"`,
		`open properties.title "Analyst" "Countess" "Programmer"`,
	}, n.conflicts())

	// Accepted, they are told no more, and a decision for the source is about the others.
	s = n.run("--prefer", "graph")
	require.Zero(t, s.Graph)
	require.Zero(t, s.Conflicts.Total)
	n.change(t, "Contact", ada, "2024-05-02 08:00:00", "|Byron|", "|King|")
	s = n.run()
	require.Equal(t, int64(1), s.Conflicts.Total)
	require.Equal(t, "label", s.Conflicts.Open[0].Field)
	s = n.run("--prefer", "source")
	require.Equal(t, report.GraphNodes{Updated: 1}, s.Graph.Nodes, "of the very same export")
	require.Equal(t, int64(1), s.Objects["Contact"].Updated)
	require.Equal(t, "Ada King", n.node(ada, "n.label"))
	require.Equal(t, "Countess", n.node(ada, "properties->>'title'"))
	require.Equal(t, []string{
		`accepted properties.email "bob@example.com" - "bob.b@example.com"`, `accepted properties.title "Analyst" "Countess" "Programmer"`,
	}, n.conflicts())

	// Yet another value is a conflict again.
	n.change(t, "Contact", bob, "2024-05-03 08:00:00", "bob.b@", "babbage@")
	s = n.run()
	require.Equal(t, int64(1), s.Conflicts.Total)
	// In a delta that does not have the record, the decision holds too.
	dir := t.TempDir()
	write(t, dir, "Contact.csv", csvFile(n.company["Contact"][0], n.company["Contact"][1]))
	imported(t, n.url, exitDone, "--delta", "--prefer", "source", dir)
	require.Equal(t, "babbage@example.com", n.node(bob, "properties->>'email'"))
	s = n.run()
	require.Zero(t, s.Graph)

	// With the source preferred from the start, there is no conflict.
	n.edit(bob, `properties = properties || '{"email": "b@example.com"}'`)
	n.change(t, "Contact", bob, "2024-05-04 08:00:00", "babbage@", "bb@")
	s = n.run("--prefer", "source")
	require.Zero(t, s.Conflicts.Total)
	require.Equal(t, "bb@example.com", n.node(bob, "properties->>'email'"))
}

// TestEdits_TakenBack has the cause of a conflict go in the graph: the person puts the source's value in, or
// the one that was there before.
func TestEdits_TakenBack(t *testing.T) {
	t.Parallel()
	n := newNightly(t)
	for _, id := range []string{ada, bob} {
		n.edit(id, `properties = properties || '{"title": "Boss"}'`)
	}
	n.change(t, "Contact", ada, "2024-05-01 08:00:00", "Analyst", "Programmer")
	n.change(t, "Contact", bob, "2024-05-01 08:00:00", "Engineer", "Inventor")
	s := n.run()
	require.Equal(t, int64(2), s.Conflicts.Total)
	n.edit(ada, `properties = properties || '{"title": "Programmer"}'`)
	n.edit(bob, `properties = properties || '{"title": "Engineer"}'`)
	s = n.run()
	require.Zero(t, s.Conflicts.Total)
	require.Equal(t, "Programmer", n.node(ada, "properties->>'title'"))
	require.Equal(t, "Inventor", n.node(bob, "properties->>'title'"), "nobody's edit is in the way any more")
	require.Equal(t, report.GraphNodes{Updated: 1}, s.Graph.Nodes)
	require.Zero(t, value[int](t, n.pool, "SELECT count(*) FROM rye_import.edits"))
}

func TestEdits_Archived(t *testing.T) {
	t.Parallel()
	n := newNightly(t)
	// A person archives who lives on in the source, and brings back who was deleted there.
	n.edit(ada, "archived_at = now()")
	n.change(t, "Contact", bob, "2024-05-01 08:00:00", "|0|", "|1|")
	n.run()
	require.NotEmpty(t, n.node(ada, "n.archived_at"))
	n.edit(bob, "archived_at = NULL")
	n.change(t, "Contact", ada, "2024-05-02 08:00:00", "Analyst", "Programmer")
	n.change(t, "Contact", bob, "2024-05-02 08:00:00", "Engineer", "Inventor")
	s := n.run()
	require.NotEmpty(t, n.node(ada, "n.archived_at"))
	require.Empty(t, n.node(bob, "n.archived_at"))
	require.Equal(t, "Inventor", n.node(bob, "properties->>'title'"))
	require.Zero(t, s.Conflicts.Total, "the source has not changed it")
	// It returns in the source, and is deleted again: what the person did is no edit any more.
	n.change(t, "Contact", bob, "2024-05-03 08:00:00", "|1|", "|0|")
	n.run()
	n.change(t, "Contact", bob, "2024-05-04 08:00:00", "|0|", "|1|")
	n.run()
	require.NotEmpty(t, n.node(bob, "n.archived_at"))
}

// move moves the deal as a person does.
func (n *nightly) move(stage string) {
	n.t.Helper()
	execute(n.t, n.pool, "SELECT rye.advance_deal_stage((SELECT node_id FROM rye.node_source_map WHERE source_id = $1), $2, 'a call', 'mia')", deal, stage)
}

func TestEdits_Facts(t *testing.T) {
	t.Parallel()
	n := newNightly(t)
	n.change(t, "Opportunity", deal, "2024-04-01 08:00:00", "Prospecting", "Qualification")
	n.run()
	n.change(t, "Opportunity", deal, "2024-04-02 08:00:00", "Qualification", "Prospecting")
	n.run()
	n.move("qualification")
	execute(t, n.pool, `SELECT rye.supersede_assertion(a.id, p_new_claim => '{"amount": 7, "currency": "EUR"}') FROM rye.assertions a
		WHERE a.assertion_type = 'deal_value' AND a.superseded_at IS NULL`)
	// The source says something else of the stage, and has not changed the value.
	n.change(t, "Opportunity", deal, "2024-05-01 08:00:00", "Prospecting", "Negotiation", "Engine", "Engine II")
	s := n.run()
	require.Equal(t, "qualification", value[string](t, n.pool, "SELECT claim->>'stage' FROM rye.assertions WHERE assertion_type = 'deal_stage' AND superseded_at IS NULL"))
	require.Equal(t, "7", value[string](t, n.pool, "SELECT claim->>'amount' FROM rye.assertions WHERE assertion_type = 'deal_value' AND superseded_at IS NULL"))
	require.Equal(t, int64(1), s.Conflicts.Total)
	require.Equal(t, "facts.deal_stage.default", s.Conflicts.Open[0].Field)
	require.Equal(t, n.node(deal, "properties->>'code'"), s.Conflicts.Open[0].Code)
	require.Equal(t, 3, value[int](t, n.pool, "SELECT count(*) FROM rye.events WHERE event_type = 'stage_change'"), "a stage that is kept aside moves nothing")
	// The deal changes otherwise: the sums stand beside what a person has set.
	n.change(t, "Opportunity", deal, "2024-05-02 08:00:00", "1000.00", "1100.00")
	s = n.run()
	require.Equal(t, int64(2), s.Conflicts.Total)
	require.Equal(t, report.Sum{Source: "1100.00", Graph: "7.00"}, s.Sums["deal_value"]["EUR"])

	s = n.run("--prefer", "source")
	require.Zero(t, s.Conflicts.Total)
	require.Equal(t, report.GraphAssertions{Created: 2, Superseded: 2}, s.Graph.Assertions)
	require.Equal(t, int64(1), s.Objects["Opportunity"].Updated)
	facts := n.facts("deal_stage", deal)
	require.Contains(t, facts[len(facts)-1], `{"stage": "negotiation", "moved_from": "qualification"}`)
	require.Equal(t, "1100.00", s.Sums["deal_value"]["EUR"].Graph)
	require.Equal(t, 4, value[int](t, n.pool, "SELECT count(*) FROM rye.events WHERE event_type = 'stage_change'"))

	// From now on the source moves the deal again; where both say the same, the person's fact counts as its own.
	n.change(t, "Opportunity", deal, "2030-05-03 08:00:00", "Negotiation", "Proposal")
	n.run()
	n.move("qualification")
	n.change(t, "Opportunity", deal, "2031-05-04 08:00:00", "Proposal", "Qualification")
	s = n.run()
	require.Zero(t, s.Graph.Assertions)
	n.change(t, "Opportunity", deal, "2032-05-05 08:00:00", "Qualification", "Negotiation")
	s = n.run()
	require.Zero(t, s.Conflicts.Total)
	require.Equal(t, report.GraphAssertions{Created: 1, Superseded: 1}, s.Graph.Assertions)
	require.Zero(t, value[int](t, n.pool, "SELECT count(*) FROM rye_import.edits"))
}

// editEdge changes the edges of a type from or to the node of a record.
func (n *nightly) editEdge(edgeType, id, set string) {
	n.t.Helper()
	execute(n.t, n.pool, "UPDATE rye.edges e SET "+set+` FROM rye.node_source_map m
		WHERE m.node_id IN (e.source_id, e.target_id) AND m.source_id = $1 AND e.edge_type = $2`, id, edgeType)
}

// TestEdits_LinkEnded has a person end links, in two ways, that the source goes on to say.
func TestEdits_LinkEnded(t *testing.T) {
	t.Parallel()
	n := newNightly(t)
	n.editEdge("employs", ada, "effective_to = '2024-04-01'")
	n.editEdge("employs", bob, "archived_at = '2024-04-01'")
	n.change(t, "Contact", ada, "2024-05-01 08:00:00", "ada@", "al@")
	n.change(t, "Contact", bob, "2024-05-01 08:00:00", "bob@", "bb@")
	s := n.run()
	require.Equal(t, report.Link{Found: 2, Unchanged: 2}, s.Links["employs"])
	require.Zero(t, s.Graph.Edges)
	require.Zero(t, s.Conflicts.Total)
	require.Equal(t, []string{"Acme -> Ada Lovelace 2024-02-01 to 2024-04-01"}, n.edges("employs", ada))

	// Another employer is news, and so is the first one again.
	n.change(t, "Contact", ada, "2024-06-01 08:00:00", acme, globex)
	n.run()
	n.change(t, "Contact", ada, "2024-07-01 08:00:00", globex, acme)
	n.run()
	require.Equal(t, []string{
		"Acme -> Ada Lovelace 2024-02-01 to 2024-04-01", "Globex -> Ada Lovelace 2024-06-01 to 2024-07-01", "Acme -> Ada Lovelace 2024-07-01",
	}, n.edges("employs", ada))

	// What the source has ended and a person has opened again, stays open.
	n.editEdge("employs", ada, "effective_to = CASE WHEN e.source_id = (SELECT node_id FROM rye.node_source_map WHERE source_id = '"+globex+"') THEN NULL ELSE e.effective_to END")
	n.change(t, "Contact", ada, "2024-08-01 08:00:00", "al@", "ada@")
	n.run()
	require.Contains(t, n.edges("employs", ada), "Globex -> Ada Lovelace 2024-06-01")
}

// TestEdits_LinkProperties has people edit an imported edge, and make one of their own.
func TestEdits_LinkProperties(t *testing.T) {
	t.Parallel()
	n := newNightly(t)
	n.editEdge("employs", ada, `properties = e.properties || '{"title": "Countess", "desk": 7}'`)
	n.change(t, "Contact", ada, "2024-05-01 08:00:00", "Analyst", "Programmer")
	s := n.run()
	require.Equal(t, []string{`open properties.title "Analyst" "Countess" "Programmer"`}, n.conflicts())
	require.Equal(t, "link", s.Conflicts.Open[0].Kind)
	require.Equal(t, n.node(ada, "properties->>'code'"), s.Conflicts.Open[0].Code)
	require.Equal(t, report.GraphEdges{}, s.Graph.Edges)
	s = n.run("--prefer", "source")
	require.Equal(t, report.GraphEdges{Updated: 1}, s.Graph.Edges)
	require.Equal(t, int64(1), s.Objects["Contact"].Updated)
	require.Equal(t, `{"desk": 7, "title": "Programmer"}`, value[string](t, n.pool,
		"SELECT (properties - 'start_date')::text FROM rye.edges WHERE edge_type = 'employs' AND properties ? 'desk'"))

	// Of a person's own edge the source fills what is missing, and neither changes nor ends it.
	execute(t, n.pool, `INSERT INTO rye.edges (edge_type, source_id, target_id, properties, effective_from)
		SELECT 'employs', a.node_id, b.node_id, '{"title": "Patron"}', '2024-01-01' FROM rye.node_source_map a, rye.node_source_map b
		WHERE a.source_id = $1 AND b.source_id = $2`, globex, bob)
	n.change(t, "Contact", bob, "2024-06-01 08:00:00", acme, globex)
	n.run()
	require.Equal(t, []string{"Globex -> Bob Babbage 2024-01-01", "Acme -> Bob Babbage 2024-02-02 to 2024-06-01"}, n.edges("employs", bob))
	require.Equal(t, "Patron", value[string](t, n.pool, "SELECT properties->>'title' FROM rye.edges WHERE NOT attrs ? 'import'"))
	n.change(t, "Contact", bob, "2024-07-01 08:00:00", globex, acme)
	n.run()
	require.Contains(t, n.edges("employs", bob), "Globex -> Bob Babbage 2024-01-01")
}

// TestEdits_LinkEndCorrected has source and person disagree on the day on which a relation ended.
func TestEdits_LinkEndCorrected(t *testing.T) {
	t.Parallel()
	n := newNightly(t)
	const relation = "07k7R00000AAAAAQA5"
	n.company["AccountContactRelation"] = []string{
		"Id|IsDeleted|AccountId|ContactId|IsDirect|IsActive|Roles|StartDate|EndDate|CreatedDate|LastModifiedDate",
		relation + "|0|" + globex + "|" + ada + "|0|0|Adviser|2024-02-10|2024-04-01|2024-02-10 08:00:00|2024-02-10 08:00:00",
	}
	n.run()
	n.editEdge("affiliated_with", ada, "effective_to = '2024-04-15'")
	n.change(t, "AccountContactRelation", relation, "2024-05-01 08:00:00", "Adviser", "Auditor")
	s := n.run()
	require.Zero(t, s.Conflicts.Total)
	n.change(t, "AccountContactRelation", relation, "2024-05-02 08:00:00", "2024-04-01", "2024-04-20")
	s = n.run()
	require.Equal(t, int64(1), s.Conflicts.Total)
	require.Equal(t, "effective_to", s.Conflicts.Open[0].Field)
	require.Equal(t, []string{"Ada Lovelace -> Globex 2024-02-10 to 2024-04-15"}, n.edges("affiliated_with", ada))
	s = n.run("--prefer", "source")
	require.Zero(t, s.Conflicts.Total)
	require.Equal(t, []string{"Ada Lovelace -> Globex 2024-02-10 to 2024-04-20"}, n.edges("affiliated_with", ada))
}

// TestEdits_History brings history that is older than a person's fact, and some that is newer.
func TestEdits_History(t *testing.T) {
	t.Parallel()
	n := newNightly(t)
	n.change(t, "Opportunity", deal, "2024-04-01 08:00:00", "Prospecting", "Qualification")
	n.run()
	n.change(t, "Opportunity", deal, "2024-04-02 08:00:00", "Qualification", "Prospecting")
	n.run()
	n.move("qualification")
	n.company["OpportunityHistory"] = []string{
		"Id|OpportunityId|StageName|Amount|CurrencyIsoCode|Probability|CloseDate|CreatedById|CreatedDate|SystemModstamp",
		"0087R00000AAAAAQA5|" + deal + "|Negotiation|1000.00|EUR|10|2024-12-31|" + eve + "|2024-03-15 08:00:00|2024-03-15 08:00:00",
		"0087R00000BBBBBQA5|" + deal + "|Proposal|1000.00|EUR|10|2024-12-31|" + eve + "|2040-04-01 08:00:00|2040-04-01 08:00:00",
	}
	s := n.run()
	stages := values(t, n.pool, "SELECT claim->>'stage' FROM rye.assertions WHERE assertion_type = 'deal_stage' AND NOT attrs ? 'undo' ORDER BY asserted_at")
	require.Equal(t, []string{"prospecting", "negotiation", "qualification", "prospecting", "qualification"}, stages, "the older takes its place")
	require.Equal(t, int64(1), s.Conflicts.Total)
	require.Equal(t, "OpportunityHistory", s.Conflicts.Open[0].Object)
	events := value[int](t, n.pool, "SELECT count(*) FROM rye.events")
	s = imported(t, n.url, exitDone, "--prefer", "source", n.write(t))
	require.Zero(t, s.Conflicts.Total)
	require.Equal(t, "proposal", value[string](t, n.pool, "SELECT claim->>'stage' FROM rye.assertions WHERE assertion_type = 'deal_stage' AND superseded_at IS NULL"))
	require.Equal(t, events+2, value[int](t, n.pool, "SELECT count(*) FROM rye.events"), "the move, and the run")
}

// TestEdits_MergedInGraph has edits follow who is merged into another.
func TestEdits_MergedInGraph(t *testing.T) {
	t.Parallel()
	n := newNightly(t)
	n.edit(bob, `properties = properties || '{"title": "Boss", "nickname": "Bobby"}'`)
	execute(t, n.pool, "UPDATE rye.nodes SET properties = properties - 'email' WHERE id = (SELECT node_id FROM rye.node_source_map WHERE source_id = $1)", ada)
	execute(t, n.pool, `SELECT rye.merge_nodes(
		(SELECT node_id FROM rye.node_source_map WHERE source_id = '`+bob+`'), (SELECT node_id FROM rye.node_source_map WHERE source_id = '`+ada+`'))`)
	require.Equal(t, "Analyst", n.node(bob, "properties->>'title'"), "the survivor's")
	require.ElementsMatch(t, []string{"properties.email", "properties.nickname"}, values(t, n.pool,
		"SELECT field FROM rye_import.edits e JOIN rye.node_source_map m ON m.node_id = e.subject_id AND m.source_id = $1", ada))
	// The title was never edited in the survivor: the source goes on to say it.
	n.change(t, "Contact", ada, "2024-05-01 08:00:00", "Analyst", "Programmer")
	s := imported(t, n.url, exitDone, n.write(t))
	require.Zero(t, s.Conflicts.Total)
	require.Equal(t, "Programmer", n.node(ada, "properties->>'title'"))
}

// TestEdits_SecondSource has another source bring the same people: what a person has edited is safe from it
// too.
func TestEdits_SecondSource(t *testing.T) {
	t.Parallel()
	n := newNightly(t)
	n.edit(ada, `properties = properties || '{"title": "Countess"}'`)
	execute(t, n.pool, `INSERT INTO rye.node_source_map (node_id, source_schema, source_table, source_id)
		SELECT node_id, 'other', source_table, source_id FROM rye.node_source_map WHERE source_id = $1`, ada)
	n.change(t, "Contact", ada, "2024-05-01 08:00:00", "Analyst", "Programmer", "ada@", "al@")
	s := imported(t, n.url, exitDone, "--source", "other", n.write(t))
	require.Equal(t, int64(1), s.Conflicts.Total)
	require.Equal(t, "Countess", n.node(ada, "properties->>'title'"))
	require.Equal(t, "al@example.com", n.node(ada, "properties->>'email'"))
	before := fingerprint(t, n.pool)
	s = imported(t, n.url, exitDone, "--source", "other", n.write(t))
	require.Zero(t, s.Graph)
	require.Equal(t, before, fingerprint(t, n.pool))
	s = imported(t, n.url, exitDone, "--source", "other", "--prefer", "source", n.write(t))
	require.Equal(t, "Programmer", n.node(ada, "properties->>'title'"))
	require.Zero(t, s.Conflicts.Total)
}

// TestEdits_Undo takes runs back that kept what people had changed, and one that did not: the next run decides
// as it would have before.
func TestEdits_Undo(t *testing.T) {
	t.Parallel()
	n := newNightly(t)
	undo := func() {
		t.Helper()
		r := command(t, "", "--database-url", n.url, "runs", "undo", value[string](t, n.pool,
			"SELECT run_id::text FROM rye_import.runs WHERE status = 'done' ORDER BY run_no DESC LIMIT 1"))
		require.Equal(t, exitDone, r.code, r.stderr+r.stdout)
	}
	n.edit(ada, `properties = properties || '{"title": "Countess"}'`)
	execute(t, n.pool, `SELECT rye.supersede_assertion(a.id, p_new_claim => '{"amount": 7, "currency": "EUR"}') FROM rye.assertions a
		WHERE a.assertion_type = 'deal_value' AND a.superseded_at IS NULL`)
	n.change(t, "Contact", ada, "2024-05-01 08:00:00", "Analyst", "Programmer")
	n.change(t, "Opportunity", deal, "2024-05-01 08:00:00", "1000.00", "1100.00")
	dir := n.write(t)
	imported(t, n.url, exitDone, dir)
	first := n.conflicts()
	require.Len(t, first, 2)
	undo()
	require.Empty(t, n.conflicts(), "the run that met them is gone")
	imported(t, n.url, exitDone, dir)
	require.Equal(t, first, n.conflicts())

	edits := values(t, n.pool, "SELECT field || base FROM rye_import.edits ORDER BY 1")
	imported(t, n.url, exitDone, "--prefer", "source", dir)
	require.Equal(t, "Programmer", n.node(ada, "properties->>'title'"))
	undo()
	require.Equal(t, "Countess", n.node(ada, "properties->>'title'"))
	require.Equal(t, first, n.conflicts())
	require.Equal(t, edits, values(t, n.pool, "SELECT field || base FROM rye_import.edits ORDER BY 1"))
	s := imported(t, n.url, exitDone, dir)
	require.Zero(t, s.Graph)
	require.Equal(t, int64(2), s.Conflicts.Total)
	imported(t, n.url, exitDone, "--prefer", "source", dir)
	require.Equal(t, "1100", value[string](t, n.pool, "SELECT claim->>'amount' FROM rye.assertions WHERE assertion_type = 'deal_value' AND superseded_at IS NULL"))
	require.Empty(t, n.conflicts())
}
