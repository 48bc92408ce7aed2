package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/projectrye/rye-import/importer/report"
	"github.com/projectrye/rye-import/internal/pgtest"
)

// The records of a small company, by object: a header, and rows by their id.
type company map[string][]string

const (
	acme   = "0017R00000AAAAAQA5"
	globex = "0017R00000BBBBBQA5"
	ada    = "0037R00000AAAAAQA5"
	bob    = "0037R00000BBBBBQA5"
	eve    = "0057R00000AAAAAQA5" // sales person
	fay    = "0057R00000BBBBBQA5" // sales person
	deal   = "0067R00000AAAAAQA5"
	lead   = "00Q7R00000AAAAAUA5"
)

func newCompany() company {
	return company{
		"Account": {
			"Id|IsDeleted|MasterRecordId|Name|BillingCity|Phone|OwnerId|CreatedDate|LastModifiedDate",
			acme + "|0||Acme|Brno|+420 1|" + eve + "|2024-01-02 08:00:00|2024-01-02 08:00:00",
			globex + "|0||Globex|Wien|+43 1|" + eve + "|2024-01-03 08:00:00|2024-01-03 08:00:00",
		},
		"Contact": {
			"Id|IsDeleted|AccountId|FirstName|LastName|Email|Title|OwnerId|CreatedDate|LastModifiedDate",
			ada + "|0|" + acme + "|Ada|Lovelace|ada@example.com|Analyst|" + eve + "|2024-02-01 08:00:00|2024-02-01 08:00:00",
			bob + "|0|" + acme + "|Bob|Babbage|bob@example.com|Engineer|" + eve + "|2024-02-02 08:00:00|2024-02-02 08:00:00",
		},
		"User": {
			"Id|Username|LastName|FirstName|Email|IsActive|CreatedDate|LastModifiedDate",
			eve + "|eve@corp.example|Seller|Eve|eve@corp.example|1|2023-01-01 08:00:00|2023-01-01 08:00:00",
			fay + "|fay@corp.example|Seller|Fay|fay@corp.example|1|2023-01-02 08:00:00|2023-01-02 08:00:00",
		},
		"Opportunity": {
			"Id|IsDeleted|AccountId|Name|StageName|Amount|CurrencyIsoCode|Probability|IsClosed|IsWon|CloseDate|OwnerId|CreatedDate|LastModifiedDate",
			deal + "|0|" + acme + "|Engine|Prospecting|1000.00|EUR|10|0|0|2024-12-31|" + eve + "|2024-03-01 08:00:00|2024-03-01 08:00:00",
		},
	}
}

// change replaces text in the row of a record, and moves its time of change on.
func (c company) change(t *testing.T, object, id, changed string, oldnew ...string) {
	t.Helper()
	for i, row := range c[object] {
		if !strings.HasPrefix(row, id) {
			continue
		}
		for j := 0; j < len(oldnew); j += 2 {
			require.Contains(t, row, oldnew[j])
			row = strings.Replace(row, oldnew[j], oldnew[j+1], 1)
		}
		if cut := strings.LastIndex(row, "|"); changed != "" {
			row = row[:cut+1] + changed
		}
		c[object][i] = row
		return
	}
	t.Fatalf("no %s %s", object, id)
}

// drop takes a record out.
func (c company) drop(object, id string) {
	var rows []string
	for _, row := range c[object] {
		if !strings.HasPrefix(row, id) {
			rows = append(rows, row)
		}
	}
	c[object] = rows
}

func (c company) write(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for object, rows := range c {
		write(t, dir, object+".csv", csvFile(rows...))
	}
	return dir
}

// nightly is a company whose export is imported again and again.
type nightly struct {
	company
	t    *testing.T
	url  string
	pool *pgxpool.Pool
}

func newNightly(t *testing.T) *nightly {
	t.Helper()
	url := pgtest.Clone(t)
	n := &nightly{company: newCompany(), t: t, url: url, pool: pgtest.Connect(t, url)}
	s := n.run()
	require.Equal(t, int64(8), s.Graph.Nodes.Created, "two orgs, two contacts, two users, a deal and the pipeline that it is in")
	return n
}

// run imports the company as it is now, checks the balance, that a second run is a no-op, and that the run can be undone
// and had again.
func (n *nightly) run(args ...string) *report.Summary {
	n.t.Helper()
	return n.runFrom(n.write(n.t), args...)
}

func (n *nightly) runFrom(path string, args ...string) *report.Summary {
	n.t.Helper()
	earlier := state(n.t, n.pool)
	plan := plannedOf(n.t, n.url, exitDone, append(args, path)...)
	s := imported(n.t, n.url, exitDone, append(args, path)...)
	sameResult(n.t, plan, s)
	require.True(n.t, s.Balanced)
	if later := state(n.t, n.pool); later != earlier {
		u := undone(n.t, n.url, s.RunID)
		require.Empty(n.t, u.Kept)
		require.Equal(n.t, earlier, state(n.t, n.pool), "as before the run")
		u = undone(n.t, n.url, u.RunID)
		require.Empty(n.t, u.Kept)
		require.Equal(n.t, later, state(n.t, n.pool), "as after the run")
	}
	before := fingerprint(n.t, n.pool)
	again := imported(n.t, n.url, exitDone, append(args, path)...)
	require.Zero(n.t, again.Graph)
	require.Equal(n.t, before, fingerprint(n.t, n.pool), "the same run again touches nothing")
	verification(n.t, n.url, exitDone, append(args, path)...)
	return s
}

// edges lists the edges of a type from or to the node of a record: other end, begin, end.
func (n *nightly) edges(edgeType, id string) []string {
	n.t.Helper()
	return values(n.t, n.pool, `
		SELECT s.label || ' -> ' || t.label || ' ' || coalesce(to_char(e.effective_from AT TIME ZONE 'UTC', 'YYYY-MM-DD'), '?')
			|| coalesce(' to ' || to_char(e.effective_to AT TIME ZONE 'UTC', 'YYYY-MM-DD'), '')
		FROM rye.node_source_map m
		JOIN rye.edges e ON m.node_id IN (e.source_id, e.target_id)
		JOIN rye.nodes s ON s.id = e.source_id
		JOIN rye.nodes t ON t.id = e.target_id
		WHERE m.source_id = $1 AND e.edge_type = $2
		ORDER BY e.effective_from, e.effective_to NULLS LAST, t.label`, id, edgeType)
}

// facts lists what was ever said of a record, oldest first, without what was undone.
func (n *nightly) facts(factType, id string) []string {
	n.t.Helper()
	return values(n.t, n.pool, `
		SELECT (a.claim - 'pipeline' - 'basis')::text
			|| to_char(CASE WHEN a.attrs ? 'undo' THEN a.effective_at ELSE a.asserted_at END AT TIME ZONE 'UTC', ' YYYY-MM-DD')
			|| CASE WHEN a.superseded_at IS NULL THEN '' ELSE to_char(a.superseded_at AT TIME ZONE 'UTC', '" until "YYYY-MM-DD')
				|| CASE WHEN a.superseded_by IS NULL THEN '' ELSE ' by another' END END
		FROM rye.node_source_map m JOIN rye.assertions a ON a.subject_node_id = m.node_id
		LEFT JOIN rye.assertions b ON b.id = a.superseded_by
		WHERE m.source_id = $1 AND a.assertion_type = $2
			AND NOT coalesce(a.attrs->'undo' ? 'undone', false) AND coalesce(b.attrs->'undo'->>'restores', '') <> a.id::text
		ORDER BY a.asserted_at, a.superseded_at NULLS LAST`, id, factType)
}

func (n *nightly) node(id, column string) string {
	n.t.Helper()
	return value[string](n.t, n.pool, "SELECT coalesce(("+column+")::text, '') FROM rye.nodes n JOIN rye.node_source_map m ON m.node_id = n.id WHERE m.source_id = $1", id)
}

func TestSync_Properties(t *testing.T) {
	t.Parallel()
	n := newNightly(t)
	code := n.node(acme, "properties->>'code'")
	created := n.node(acme, "n.created_at")
	// Somebody has added a property and an edge of their own.
	execute(t, n.pool, "UPDATE rye.nodes SET properties = properties || '{\"tier\": \"gold\"}' WHERE properties->>'code' = '"+code+"'")
	n.change(t, "Account", acme, "2024-05-01 08:00:00", "Acme", "Acme Corp.", "Brno", "Praha")
	s := n.run()
	require.Equal(t, report.Object{Read: 2, Updated: 1, Unchanged: 1, Seconds: s.Objects["Account"].Seconds}, s.Objects["Account"])
	require.Equal(t, report.GraphNodes{Updated: 1}, s.Graph.Nodes)
	require.Equal(t, code, n.node(acme, "properties->>'code'"))
	require.Equal(t, "Acme Corp.", n.node(acme, "n.label"))
	require.Equal(t, "Praha", n.node(acme, "properties->'address'->>'city'"))
	require.Equal(t, "gold", n.node(acme, "properties->>'tier'"))
	require.Equal(t, created, n.node(acme, "n.created_at"))

	// The journal says what changed, and nothing else.
	n.change(t, "Account", acme, "2024-05-02 08:00:00", "Praha", "Ostrava")
	n.run()
	require.JSONEq(t, `{"properties": {"address": {"city": "Praha"}}}`,
		value[string](t, n.pool, "SELECT before::text FROM rye_import.changes ORDER BY run_no DESC LIMIT 1"))
}

func TestSync_Links(t *testing.T) {
	t.Parallel()
	n := newNightly(t)
	require.Equal(t, []string{"Acme -> Ada Lovelace 2024-02-01"}, n.edges("employs", ada))
	n.change(t, "Contact", ada, "2024-05-01 09:00:00", acme, globex, eve, fay)
	s := n.run()
	require.Equal(t, []string{"Acme -> Ada Lovelace 2024-02-01 to 2024-05-01", "Globex -> Ada Lovelace 2024-05-01"}, n.edges("employs", ada))
	require.Equal(t, []string{"Ada Lovelace -> Eve Seller 2024-02-01 to 2024-05-01", "Ada Lovelace -> Fay Seller 2024-05-01"}, n.edges("owned_by", ada))
	require.Equal(t, report.GraphEdges{Created: 2, Closed: 2}, s.Graph.Edges)

	// Back to the first employer: a third period, not the first one opened again.
	n.change(t, "Contact", ada, "2024-06-01 09:00:00", globex, acme)
	n.run()
	require.Equal(t, []string{
		"Acme -> Ada Lovelace 2024-02-01 to 2024-05-01", "Globex -> Ada Lovelace 2024-05-01 to 2024-06-01", "Acme -> Ada Lovelace 2024-06-01",
	}, n.edges("employs", ada))

	// A blank cell says nothing.
	n.change(t, "Contact", ada, "2024-07-01 09:00:00", acme, "")
	n.run()
	require.Equal(t, "Acme -> Ada Lovelace 2024-06-01", n.edges("employs", ada)[2])
	require.Len(t, n.edges("employs", ada), 3)
}

func TestSync_Deal(t *testing.T) {
	t.Parallel()
	n := newNightly(t)
	require.Equal(t, []string{`{"stage": "prospecting"} 2024-03-01`}, n.facts("deal_stage", deal))
	n.change(t, "Opportunity", deal, "2024-05-01 08:00:00", "Prospecting", "Negotiation", "1000.00", "1250.50", "|10|", "|60|", eve, fay)
	s := n.run()
	require.Equal(t, []string{
		`{"stage": "prospecting"} 2024-03-01 until 2024-05-01 by another`,
		`{"stage": "negotiation", "moved_from": "prospecting"} 2024-05-01`,
	}, n.facts("deal_stage", deal))
	require.Equal(t, []string{
		`{"amount": 1000, "currency": "EUR"} 2024-03-01 until 2024-05-01 by another`, `{"amount": 1250.5, "currency": "EUR"} 2024-05-01`,
	}, n.facts("deal_value", deal))
	require.Len(t, n.facts("win_probability", deal), 2)
	require.Equal(t, []string{"Engine -> Eve Seller 2024-03-01 to 2024-05-01", "Engine -> Fay Seller 2024-05-01"}, n.edges("assigned_to", deal))
	require.Equal(t, []string{"prospecting negotiation"}, values(t, n.pool,
		"SELECT concat_ws(' ', properties->>'from_stage', properties->>'to_stage') FROM rye.events WHERE event_type = 'stage_change'"))
	require.Equal(t, report.GraphAssertions{Created: 3, Superseded: 3}, s.Graph.Assertions)
	require.Equal(t, "1250.50", s.Sums["deal_value"]["EUR"].Graph)
	require.Contains(t, n.node(deal, "(SELECT p.properties->'stages' FROM rye.edges e JOIN rye.nodes p ON p.id = e.target_id WHERE e.source_id = n.id AND e.edge_type = 'pipeline_member')"),
		`"negotiation"`)

	// The history arrives late, with a stage between the two: it takes its place in the chain.
	n.company["OpportunityHistory"] = []string{
		"Id|OpportunityId|StageName|Amount|CurrencyIsoCode|Probability|CloseDate|CreatedById|CreatedDate|SystemModstamp",
		"0087R00000AAAAAQA5|" + deal + "|Prospecting|1000.00|EUR|10|2024-12-31|" + eve + "|2024-03-01 08:00:00|2024-03-01 08:00:00",
		"0087R00000BBBBBQA5|" + deal + "|Qualification|1000.00|EUR|20|2024-12-31|" + eve + "|2024-04-01 08:00:00|2024-04-01 08:00:00",
		"0087R00000CCCCCQA5|" + deal + "|Negotiation|1250.50|EUR|60|2024-12-31|" + fay + "|2024-05-01 08:00:00|2024-05-01 08:00:00",
	}
	n.run()
	require.Equal(t, []string{
		`{"stage": "prospecting"} 2024-03-01 until 2024-04-01 by another`,
		`{"stage": "qualification", "moved_from": "prospecting"} 2024-04-01 until 2024-05-01 by another`,
	}, n.facts("deal_stage", deal)[:2])
	require.Equal(t, 1, value[int](t, n.pool, "SELECT count(*) FROM rye.assertions WHERE assertion_type = 'deal_stage' AND superseded_at IS NULL"))

	// Won: the stage that ends it.
	n.change(t, "Opportunity", deal, "2024-08-01 08:00:00", "Negotiation", "Closed Won", "|60|0|0|", "|100|1|1|")
	n.run()
	facts := n.facts("deal_stage", deal)
	require.Equal(t, `{"stage": "closed_won", "moved_from": "negotiation"} 2024-08-01`, facts[len(facts)-1])
	require.Zero(t, value[int](t, n.pool, "SELECT count(*) FROM rye.opportunities_active"))
}

func TestSync_DeleteAndReturn(t *testing.T) {
	t.Parallel()
	n := newNightly(t)
	code := n.node(bob, "properties->>'code'")
	n.change(t, "Contact", bob, "2024-05-01 08:00:00", "|0|", "|1|")
	s := n.run()
	require.Equal(t, int64(1), s.Objects["Contact"].Archived)
	require.Equal(t, report.GraphNodes{Archived: 1}, s.Graph.Nodes)
	require.NotEmpty(t, n.node(bob, "n.archived_at"))
	require.Equal(t, []string{"Acme -> Bob Babbage 2024-02-02 to 2024-05-01"}, n.edges("employs", bob))

	n.change(t, "Contact", bob, "2024-06-01 08:00:00", "|1|", "|0|", "Engineer", "Inventor")
	s = n.run()
	require.Equal(t, int64(1), s.Objects["Contact"].Updated)
	require.Empty(t, n.node(bob, "n.archived_at"))
	require.Equal(t, code, n.node(bob, "properties->>'code'"))
	require.Equal(t, "Inventor", n.node(bob, "properties->>'title'"))
	require.Equal(t, []string{"Acme -> Bob Babbage 2024-02-02 to 2024-05-01", "Acme -> Bob Babbage 2024-06-01"}, n.edges("employs", bob))
}

func TestSync_Missing(t *testing.T) {
	t.Parallel()
	n := newNightly(t)
	n.drop("Contact", bob)
	s := n.run()
	require.Zero(t, s.Graph, "missing says nothing, unless it is asked for")
	s = n.run("--delta")
	require.Zero(t, s.Graph)
	s = n.run("--archive-missing", "--max-archive", "20")
	require.Equal(t, int64(1), s.Objects["Contact"].Missing)
	require.Equal(t, report.GraphNodes{Archived: 1}, s.Graph.Nodes)
	require.NotEmpty(t, n.node(bob, "n.archived_at"))
	require.Contains(t, n.edges("employs", bob)[0], " to ")

	n.company = newCompany()
	s = n.run("--archive-missing")
	require.Equal(t, int64(1), s.Objects["Contact"].Updated, "it has come back")
	require.Empty(t, n.node(bob, "n.archived_at"))

	// A row that cannot be used is not missing; one that does not even tell its id leaves it open what is.
	n.change(t, "Contact", bob, "", "2024-02-02 08:00:00", "2024-13-02 08:00:00")
	n.drop("Contact", ada)
	s = imported(t, n.url, exitRejects, "--archive-missing", "--max-archive", "100", n.write(t))
	require.Equal(t, int64(1), s.Objects["Contact"].Missing)
	require.Empty(t, n.node(bob, "n.archived_at"))
	require.NotEmpty(t, n.node(ada, "n.archived_at"))
	n.company = newCompany()
	n.run()
	dir := n.write(t)
	text, err := os.ReadFile(filepath.Join(dir, "Contact.csv"))
	require.NoError(t, err)
	write(t, dir, "Contact.csv", strings.Replace(string(text), `"Ada",`, "", 1))
	s = imported(t, n.url, exitRejects, "--archive-missing", "--max-archive", "100", dir)
	require.Zero(t, s.Graph)
	require.Contains(t, strings.Join(s.Warnings, "\n"), "nothing of it was archived")
}

func TestSync_Merged(t *testing.T) {
	t.Parallel()
	n := newNightly(t)
	survivor, loser := n.node(acme, "properties->>'code'"), n.node(globex, "properties->>'code'")
	require.NotEqual(t, survivor, loser)
	// Globex was merged into Acme.
	n.change(t, "Account", globex, "2024-05-01 08:00:00", "|0||", "|1|"+acme+"|")
	n.change(t, "Contact", ada, "2024-05-01 08:00:00", "Analyst", "Countess")
	n.run()
	require.Equal(t, survivor, n.node(globex, "properties->>'code'"), "the old id leads to the survivor")
	require.Equal(t, "1", value[string](t, n.pool, "SELECT count(*)::text FROM rye.nodes WHERE node_type = 'org' AND archived_at IS NULL"))
	// What still names the old id is linked to the survivor.
	n.company["Contact"] = append(n.company["Contact"],
		"0037R00000CCCCCQA5|0|"+globex+"|Cid|Late|cid@example.com|Clerk|"+eve+"|2024-06-01 08:00:00|2024-06-01 08:00:00")
	n.run()
	require.Equal(t, []string{"Acme -> Cid Late 2024-06-01"}, n.edges("employs", "0037R00000CCCCCQA5"))
}

func TestSync_LeadConverted(t *testing.T) {
	t.Parallel()
	n := newNightly(t)
	n.company["Lead"] = []string{
		"Id|IsDeleted|FirstName|LastName|Company|Email|Status|IsConverted|ConvertedContactId|ConvertedAccountId|ConvertedOpportunityId|ConvertedDate|OwnerId|CreatedDate|LastModifiedDate",
		lead + "|0|Cid|Late|Globex|cid@example.com|Open|0|||||" + eve + "|2024-04-01 08:00:00|2024-04-01 08:00:00",
	}
	n.run()
	code := n.node(lead, "properties->>'code'")
	cid := "0037R00000CCCCCQA5"
	n.change(t, "Lead", lead, "2024-05-01 08:00:00", "|Open|0|||||", "|Qualified|1|"+cid+"|"+globex+"||2024-05-01|")
	n.company["Contact"] = append(n.company["Contact"],
		cid+"|0|"+globex+"|Cid|Late|cid@example.com|Clerk|"+eve+"|2024-05-01 08:00:00|2024-05-01 08:00:00")
	n.run()
	require.Equal(t, n.node(lead, "n.id"), n.node(cid, "n.id"), "the lead and the contact are one person")
	require.Equal(t, code, n.node(cid, "properties->>'code'"), "who keeps the code that is known")
	require.Equal(t, "Clerk", n.node(cid, "properties->>'title'"))
	require.Equal(t, []string{"Globex -> Cid Late 2024-05-01"}, n.edges("employs", cid))
	require.Equal(t, 1, value[int](t, n.pool, "SELECT count(*) FROM rye.nodes WHERE label = 'Cid Late' AND archived_at IS NULL"))
}

// TestSync_LateContact has the conversion exported before the contact, in a delta.
func TestSync_LateContact(t *testing.T) {
	t.Parallel()
	n := newNightly(t)
	cid := "0037R00000CCCCCQA5"
	dir := t.TempDir()
	write(t, dir, "Lead.csv", csvFile(
		"Id|IsDeleted|FirstName|LastName|Company|Email|Status|IsConverted|ConvertedContactId|ConvertedDate|OwnerId|CreatedDate|LastModifiedDate",
		lead+"|0|Cid|Late|Globex|cid@example.com|Qualified|1|"+cid+"|2024-05-01|"+eve+"|2024-04-01 08:00:00|2024-05-01 08:00:00"))
	n.runFrom(dir, "--delta")
	code := n.node(lead, "properties->>'code'")
	dir = t.TempDir()
	write(t, dir, "Contact.csv", csvFile(n.company["Contact"][0],
		cid+"|0|"+globex+"|Cid|Late|cid@example.com|Clerk|"+eve+"|2024-05-01 08:00:00|2024-05-01 08:00:00"))
	n.runFrom(dir, "--delta")
	require.Equal(t, n.node(lead, "n.id"), n.node(cid, "n.id"))
	require.Equal(t, code, n.node(cid, "properties->>'code'"))
	require.Equal(t, 1, value[int](t, n.pool, "SELECT count(*) FROM rye.nodes WHERE label = 'Cid Late' AND archived_at IS NULL"))
}

// TestSync_Deferred imports children before their parents.
// TestSync_EndCorrected ends a relation, then corrects the day on which it ended.
func TestSync_EndCorrected(t *testing.T) {
	t.Parallel()
	n := newNightly(t)
	const relation = "07k7R00000AAAAAQA5"
	n.company["AccountContactRelation"] = []string{
		"Id|IsDeleted|AccountId|ContactId|IsDirect|IsActive|Roles|StartDate|EndDate|CreatedDate|LastModifiedDate",
		relation + "|0|" + globex + "|" + ada + "|0|1|Adviser|2024-02-10||2024-02-10 08:00:00|2024-02-10 08:00:00",
	}
	n.run()
	require.Equal(t, []string{"Ada Lovelace -> Globex 2024-02-10"}, n.edges("affiliated_with", ada))
	n.change(t, "AccountContactRelation", relation, "2024-04-02 08:00:00", "|1|", "|0|")
	n.run()
	require.Equal(t, []string{"Ada Lovelace -> Globex 2024-02-10 to 2024-04-02"}, n.edges("affiliated_with", ada))
	// Who changes the role of one that has ended does not end it a second time.
	n.change(t, "AccountContactRelation", relation, "2024-04-20 08:00:00", "Adviser", "Auditor")
	s := n.run()
	require.Equal(t, report.GraphEdges{Updated: 1}, s.Graph.Edges)
	require.Equal(t, []string{"Ada Lovelace -> Globex 2024-02-10 to 2024-04-02"}, n.edges("affiliated_with", ada))
	for _, day := range []string{"2024-03-31", "2024-03-15"} {
		row := n.company["AccountContactRelation"][1]
		cells := strings.Split(row, "|")
		cells[8], cells[10] = day, "2024-05-01 08:00:00"
		n.company["AccountContactRelation"][1] = strings.Join(cells, "|")
		s = n.run()
		require.Equal(t, report.GraphEdges{Updated: 1}, s.Graph.Edges)
		require.Equal(t, int64(1), s.Objects["AccountContactRelation"].Updated)
		require.Equal(t, []string{"Ada Lovelace -> Globex 2024-02-10 to " + day}, n.edges("affiliated_with", ada))
	}
}

// TestSync_DeletedActivities brings history, a task and a participation that are deleted: nothing is
// made of them, and those that were there stay, for what happened has happened.
func TestSync_DeletedActivities(t *testing.T) {
	t.Parallel()
	n := newNightly(t)
	const history, task, relation = "0087R00000AAAAAQA5", "00T7R00000AAAAAQA5", "0RT7R00000AAAAAQA5"
	n.company["OpportunityHistory"] = []string{
		"Id|IsDeleted|OpportunityId|StageName|Amount|Probability|CreatedDate|SystemModstamp",
		history + "|1|" + deal + "|Qualification|5|10|2024-03-02 08:00:00|2024-03-02 08:00:00",
	}
	n.company["Task"] = []string{
		"Id|IsDeleted|Subject|Status|WhoId|CreatedDate|LastModifiedDate",
		task + "|0|Call|Done|" + ada + "|2024-03-03 08:00:00|2024-03-03 08:00:00",
	}
	n.company["TaskRelation"] = []string{
		"Id|IsDeleted|TaskId|RelationId|IsWhat|CreatedDate|LastModifiedDate",
		relation + "|1|" + task + "|" + bob + "|0|2024-03-03 08:00:00|2024-03-03 08:00:00",
	}
	s := n.run()
	require.Equal(t, int64(1), s.Objects["OpportunityHistory"].Archived)
	require.Equal(t, int64(1), s.Objects["TaskRelation"].Archived)
	require.Equal(t, report.GraphEvents{Created: 1, Participants: 1}, s.Graph.Events)
	require.Len(t, n.facts("deal_stage", deal), 1)

	n.change(t, "Task", task, "2024-03-04 08:00:00", "|0|", "|1|")
	s = n.run()
	require.Equal(t, int64(1), s.Objects["Task"].Unchanged, "what happened stays")
	require.Equal(t, 1, value[int](t, n.pool, "SELECT count(*) FROM rye.event_participants"))
	n.change(t, "TaskRelation", relation, "2024-03-05 08:00:00", "|1|", "|0|")
	n.run()
	require.Equal(t, 2, value[int](t, n.pool, "SELECT count(*) FROM rye.event_participants"))
}

func TestSync_Deferred(t *testing.T) {
	t.Parallel()
	url := pgtest.Clone(t)
	n := &nightly{company: newCompany(), t: t, url: url, pool: pgtest.Connect(t, url)}
	dir := n.write(t)
	s := n.runFrom(filepath.Join(dir, "Contact.csv"))
	require.Equal(t, report.Link{Found: 2, Deferred: 2}, s.Links["employs"])
	require.Empty(t, n.edges("employs", ada))
	n.runFrom(filepath.Join(dir, "Opportunity.csv"))
	n.runFrom(filepath.Join(dir, "User.csv"))
	require.Equal(t, []string{"Ada Lovelace -> Eve Seller 2024-02-01"}, n.edges("owned_by", ada))
	s = n.runFrom(filepath.Join(dir, "Account.csv"))
	require.Equal(t, []string{"Acme -> Ada Lovelace 2024-02-01"}, n.edges("employs", ada))
	require.Zero(t, value[int](t, n.pool, "SELECT count(*) FROM rye_import.deferred"))
	require.Empty(t, s.Deferred)

	// One by one or all at once: the same graph, but for the order in which codes were given.
	whole := pgtest.Clone(t)
	imported(t, whole, exitDone, dir)
	require.Equal(t, withoutCounters(dump(t, pgtest.Connect(t, whole))), withoutCounters(dump(t, n.pool)))
}

func withoutCounters(graph string) string {
	before, _, _ := strings.Cut(graph, "== counters")
	return before
}

// TestSync_Respelled imports the same records in another spelling: nothing has changed.
func TestSync_Respelled(t *testing.T) {
	t.Parallel()
	n := newNightly(t)
	before := fingerprint(t, n.pool)
	dir := t.TempDir()
	for object, rows := range n.company {
		var out strings.Builder
		out.WriteString("\ufeff")
		for i, row := range rows {
			cells := strings.Split(row, "|")
			for j := len(cells) - 1; j >= 0; j-- { // columns the other way round
				cell := cells[j]
				switch {
				case i == 0:
					cell = strings.ToUpper(cell)
				case len(cell) == 19 && cell[10] == ' ':
					cell = strings.Replace(cell, " ", "T", 1) + ".000+0000"
				case len(cell) == 18 && cell[:2] == "00":
					cell = cell[:15]
				}
				out.WriteString(cell)
				if j > 0 {
					out.WriteString(";")
				}
			}
			if i == 0 {
				out.WriteString(";SYSTEMMODSTAMP;LASTVIEWEDDATE")
			} else {
				out.WriteString(";2030-01-01T00:00:00Z;2030-01-01T00:00:00Z")
			}
			out.WriteString("\r\n")
		}
		write(t, dir, object+".csv", out.String())
	}
	s := imported(t, n.url, exitDone, dir)
	require.Zero(t, s.Graph)
	for name, o := range s.Objects {
		require.Equal(t, o.Read, o.Unchanged, name)
	}
	require.Equal(t, before, fingerprint(t, n.pool))
}

// TestSync_OlderFile has two versions of a record in two files: the newer one holds, whatever the order.
func TestSync_OlderFile(t *testing.T) {
	t.Parallel()
	url := pgtest.Clone(t)
	n := &nightly{company: newCompany(), t: t, url: url, pool: pgtest.Connect(t, url)}
	dir := n.write(t)
	older := csvFile(n.company["Account"][0], strings.Replace(n.company["Account"][1], "|2024-01-02 08:00:00|2024-01-02", "|2024-01-02 08:00:00|2023-01-02", 1))
	write(t, dir, "z/Account.csv", strings.Replace(older, "Acme", "Old Acme", 1))
	s := n.runFrom(dir)
	require.Equal(t, "Acme", n.node(acme, "n.label"))
	require.Equal(t, int64(1), s.Objects["Account"].Filtered)
	require.Equal(t, int64(3), s.Objects["Account"].Read)
}

// TestSync_MergedInGraph has a person merge two nodes in the graph: the next runs respect it.
func TestSync_MergedInGraph(t *testing.T) {
	t.Parallel()
	n := newNightly(t)
	execute(t, n.pool, `SELECT rye.merge_nodes(
		(SELECT node_id FROM rye.node_source_map WHERE source_id = '`+ada+`'), (SELECT node_id FROM rye.node_source_map WHERE source_id = '`+bob+`'))`)
	s := n.run()
	require.Zero(t, s.Graph)
	n.change(t, "Contact", bob, "2024-05-01 08:00:00", "Engineer", "Inventor")
	n.run()
	require.Equal(t, n.node(ada, "n.id"), n.node(bob, "n.id"))
	require.Equal(t, 1, value[int](t, n.pool, "SELECT count(*) FROM rye.nodes WHERE label IN ('Ada Lovelace', 'Bob Babbage') AND archived_at IS NULL"))
}
