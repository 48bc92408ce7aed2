package main

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/projectrye/rye-import/importer/report"
	"github.com/projectrye/rye-import/internal/pgtest"
)

// ledgerMapping is the mapping of a CRM that nobody knows, whose records point at each other by name,
// by e-mail and by domain, in lists too.
const ledgerMapping = `
mapping: ledger
title: Ledger
others: [Pipeline]
objects:
  Company:
    recognise: {all: [company_no, company]}
    key: company_no
    names: {name: company, domain: {column: web, as: domain}}
    node: {type: org, code: ORG, label: company, properties: {name: company}}
  Seller:
    derive: {type: person, code: CON}
  Person:
    recognise: {all: [person_no, last_name]}
    key: person_no
    created: created_on
    require: [last_name]
    names: {email: mail}
    node:
      type: person
      code: CON
      label: {join: [first_name, last_name]}
      properties: {first_name: first_name, last_name: last_name, email: {column: mail, as: email}}
    links:
      - {type: employs, from: {object: Company, by: name, id: employer}, properties: {title: position}}
      - {type: owned_by, to: {object: Seller, by: name, id: seller}}
  Deal:
    recognise: {all: [deal_no, stage]}
    key: deal_no
    node: {type: opportunity, code: OPP, label: deal, properties: {name: deal}}
    stage: {label: stage, pipeline: {object: Pipeline, id: pipe, default: default}}
    links:
      - {type: primary_contact, take: first, to: {object: Person, by: email, id: {column: people, as: list, split: ","}}}
      - {type: secondary_contact, take: rest, to: {object: Person, by: email, id: {column: people, as: list, split: ","}}}
      - {type: targets, to: {object: Company, by: domain, id: site}}
    facts:
      - {type: deal_value, claim: {amount: {column: worth, as: money}, currency: {column: worth, as: currency_of}}, need: [amount], sum: true}
`

var (
	ledgerCompanies = []string{"company_no|company|web", "1|Acme GmbH|https://www.acme.example/", "2|Globex|globex.example", "3|Acme  GmbH|"}
	ledgerPeople    = []string{
		"person_no|first_name|last_name|mail|employer|position|seller|created_on",
		"10|Ada|Löve|ada@acme.example|ACME GMBH|CTO|Jane Doe|31.12.2023",
		"11|Bob|Berg|bob@globex.example|globex|CEO|jane doe|01.02.2024",
		"12|Cid|Cole|cid@x.example|Globexx|CEO||05.02.2024",
	}
	ledgerDeals = []string{
		"deal_no|deal|stage|pipe|people|site|worth",
		"20|Big|Offer|Main|bob@globex.example, Ada@acme.example|globex.example|€ 1.234,50",
		"21|Small|Won|Main||acme.example|€ 950,00",
	}
)

// TestNames: a name that fits one record links, others wait and are told of, and join by themselves when
// one record fits.
func TestNames(t *testing.T) {
	t.Parallel()
	url := pgtest.Clone(t)
	pool := pgtest.Connect(t, url)
	dir := t.TempDir()
	mapping := write(t, t.TempDir(), "ledger.yaml", ledgerMapping)
	write(t, dir, "people.csv", csvFile(ledgerPeople...)) // before those that they point at
	write(t, dir, "companies.csv", csvFile(ledgerCompanies...))
	write(t, dir, "deals.csv", csvFile(ledgerDeals...))
	edges := func() []string {
		return values(t, pool, `SELECT format('%s %s > %s', e.edge_type, s.label, t.label) FROM rye.edges e
			JOIN rye.nodes s ON s.id = e.source_id JOIN rye.nodes t ON t.id = e.target_id
			WHERE e.effective_to IS NULL AND e.archived_at IS NULL ORDER BY 1`)
	}

	first := imported(t, url, exitDone, "--mapping", mapping, dir)
	want := []string{
		"employs Globex > Bob Berg", "owned_by Ada Löve > Jane Doe", "owned_by Bob Berg > Jane Doe",
		"pipeline_member Big > Pipeline Main", "pipeline_member Small > Pipeline Main",
		"primary_contact Big > Bob Berg", "secondary_contact Big > Ada Löve", "targets Big > Globex", "targets Small > Acme GmbH",
	}
	require.Equal(t, want, edges())
	require.Equal(t, report.Link{Found: 3, Linked: 1, Deferred: 2}, first.Links["employs"])
	require.Equal(t, report.Sum{Source: "2184.50", Graph: "2184.50"}, first.Sums["deal_value"]["EUR"])
	require.Equal(t, "CON-2312-0001", value[string](t, pool, "SELECT properties ->> 'code' FROM rye.nodes WHERE label = 'Ada Löve'"), "31.12. decides the order of all dates")
	require.Equal(t, []report.Name{
		{
			Lookup: "Company.name", Name: "ACME GMBH", State: report.NameAmbiguous, Links: 1, Candidates: []report.Candidate{
				{Object: "Company", ID: "1", Code: "ORG-2611-0001", Label: "Acme GmbH"}, {Object: "Company", ID: "3", Code: "ORG-2611-0003", Label: "Acme  GmbH"},
			},
		},
		{Lookup: "Company.name", Name: "Globexx", State: report.NameUnknown, Links: 1, Suggestion: "Globex"},
	}, undated(first.Names))

	before := fingerprint(t, pool)
	again := imported(t, url, exitDone, "--mapping", mapping, dir)
	require.Zero(t, again.Graph)
	require.Equal(t, undated(first.Names), undated(again.Names), "they wait as before")
	require.Equal(t, before, fingerprint(t, pool))

	// One of the two goes, and the one that was spelled differently comes: both links join by themselves.
	write(t, dir, "companies.csv", csvFile(ledgerCompanies[0], ledgerCompanies[1], ledgerCompanies[2], "4|Globexx|"))
	third := imported(t, url, exitDone, "--mapping", mapping, "--archive-missing", "--max-archive", "50", dir)
	require.Equal(t, int64(1), third.Objects["Company"].Missing)
	require.Contains(t, edges(), "employs Globexx > Cid Cole")
	fourth := imported(t, url, exitDone, "--mapping", mapping, dir)
	require.Contains(t, edges(), "employs Acme GmbH > Ada Löve", "the name was taken until the run before had ended")
	require.Empty(t, fourth.Names)
	require.Empty(t, fourth.Deferred)
}

// undated gives names as they are in any month: the codes of records without a date are of the month of the run.
func undated(names []report.Name) []report.Name {
	names = slices.Clone(names)
	for i := range names {
		names[i].Candidates = slices.Clone(names[i].Candidates)
		for j := range names[i].Candidates {
			c := &names[i].Candidates[j]
			if len(c.Code) > 8 {
				c.Code = c.Code[:4] + "2611" + c.Code[8:]
			}
		}
	}
	return names
}

// TestRespelled: the same records in another spelling are unchanged.
func TestRespelled(t *testing.T) {
	t.Parallel()
	url := pgtest.Clone(t)
	pool := pgtest.Connect(t, url)
	mapping := write(t, t.TempDir(), "ledger.yaml", ledgerMapping+"drop: {age: follows from the day of the export}\n")
	imported(t, url, exitDone, "--mapping", mapping, write(t, t.TempDir(), "people.csv", csvFile(ledgerPeople...)))
	before := fingerprint(t, pool)

	for name, text := range map[string]string{
		"dates":   csvFile(ledgerPeople[0], "10|Ada|Löve|ada@acme.example|ACME GMBH|CTO|Jane Doe|12/31/2023", "11|Bob|Berg|bob@globex.example|globex|CEO|jane doe|2/1/2024", "12|Cid|Cole|cid@x.example|Globexx|CEO||2/5/2024"),
		"iso":     csvFile(ledgerPeople[0], "10|Ada|Löve|ada@acme.example|ACME GMBH|CTO|Jane Doe|2023-12-31 00:00:00", "11|Bob|Berg|bob@globex.example|globex|CEO|jane doe|2024-02-01T00:00:00Z", "12|Cid|Cole|cid@x.example|Globexx|CEO||Feb 5, 2024"),
		"columns": csvFile("created_on|AGE|mail|Last_Name| first_name |seller|position|employer|person_no", "31.12.2023|40|ada@acme.example|Löve|Ada|Jane Doe|CTO|ACME GMBH|10", "01.02.2024|41|bob@globex.example| Berg|Bob|jane doe|CEO|globex |11", "05.02.2024|42|cid@x.example|Cole|Cid||CEO|Globexx|12"),
		"quotes": "\ufeffperson_no;first_name;last_name;mail;employer;position;seller;created_on\r\n10;Ada;Löve;ada@ACME.example;ACME  GMBH;CTO;Jane Doe;31.12.2023\r\n" +
			"11;Bob;\"Berg\";bob@globex.example;globex;CEO;jane doe;01.02.2024\r\n\r\n12;Cid;Cole;cid@x.example;Globexx;CEO;;05.02.2024\r\n",
	} {
		s := imported(t, url, exitDone, "--mapping", mapping, write(t, t.TempDir(), name+".csv", text))
		require.Equal(t, report.Object{Read: 3, Unchanged: 3}, counted(s.Objects["Person"]), name)
		require.Zero(t, s.Graph, name)
		require.Equal(t, before, fingerprint(t, pool), name)
	}
}

// counted is what became of records, without what else there is to say of them.
func counted(o report.Object) report.Object {
	return report.Object{Read: o.Read, Created: o.Created, Updated: o.Updated, Unchanged: o.Unchanged, Archived: o.Archived, Rejected: o.Rejected, Filtered: o.Filtered}
}

// TestUndecided: what cannot be decided stops the run before anything is written, and says how to go on.
func TestUndecided(t *testing.T) {
	t.Parallel()
	url := pgtest.Clone(t)
	pool := pgtest.Connect(t, url)
	dir := t.TempDir()
	mapping := write(t, dir, "ledger.yaml", ledgerMapping)
	people := write(t, dir, "people.csv", csvFile(ledgerPeople[0], "10|Ada|Löve||||Jane Doe|03.04.2024", "11|Bob|Berg||||Jane Doe|05.04.2024"))
	deals := write(t, dir, "deals.csv", csvFile(ledgerDeals[0], "20|Big|Offer|Main|||$1,200", "21|Small|Won|Main|||950"))
	for path, want := range map[string]string{
		people: people + `: column "created_on": no cell decides the order of day and month of its dates (the first that can be read in two ways is on line 2); ` +
			`say --date-order mdy or --date-order dmy, or write order: mdy or order: dmy beside the column in the mapping`,
		deals: deals + `: column "worth": no cell decides the decimal mark of its numbers (the first that can be read in two ways is on line 2); ` +
			`say --decimal point or --decimal comma, or write decimal: point or decimal: comma beside the column in the mapping`,
	} {
		r := command(t, "", "--database-url", url, "run", "--mapping", mapping, path)
		require.Equal(t, exitFailed, r.code)
		require.Contains(t, r.stderr, filepath.Base(want[:len(path)])+want[len(path):])
	}
	require.Zero(t, value[int](t, pool, "SELECT count(*) FROM rye.nodes"))
	imported(t, url, exitDone, "--mapping", mapping, "--date-order", "dmy", people)
	require.Equal(t, "CON-2404-0001", value[string](t, pool, "SELECT properties ->> 'code' FROM rye.nodes WHERE label = 'Ada Löve'"))
	said, err := os.ReadFile(mapping)
	require.NoError(t, err)
	mapping = write(t, dir, "said.yaml", string(said)+"dates: mdy\nnumbers: point\n")
	s := imported(t, url, exitDone, "--source", "other", "--mapping", mapping, people, deals)
	require.Equal(t, "2150.00", s.Sums["deal_value"]["unknown"].Graph, "$ alone could be any dollar")
}
