package importer_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/projectrye/rye-import/importer"
	"github.com/projectrye/rye-import/importer/mapping"
	"github.com/projectrye/rye-import/importer/report"
)

// ledger is a small mapping with references by id and by name.
const ledger = `
mapping: ledger
objects:
  Company:
    recognise: {all: [company_no, company]}
    key: company_no
    names: {name: company}
    node: {type: org, code: ORG, label: company, properties: {name: company}}
  Person:
    recognise: {all: [person_no, last_name]}
    key: person_no
    require: [last_name]
    skip: [{when: {"true": [internal]}, reason: our own people}]
    node:
      type: person
      code: CON
      label: last_name
      properties:
        last_name: last_name
        born: {column: born, as: date}
        rank: {column: rank, map: {high: A, low: B}}
    links:
      - {type: employs, from: {object: Company, by: name, id: employer}}
      - {type: reports_to, to: {object: Person, id: boss}}
      - {type: owned_by, to: {object: Owner, by: name, id: owner}}
  Owner:
    derive: {type: person, code: CON}
`

func parsed(t *testing.T, text string) *mapping.Mapping {
	t.Helper()
	m, err := mapping.Parse([]byte(text))
	require.NoError(t, err)
	return m
}

// files writes an export and gives its folder.
func files(t *testing.T, texts map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range texts {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	return dir
}

func ledgerExport(t *testing.T) string {
	return files(t, map[string]string{
		"companies.csv": "company_no,company\n1,Acme\n2,ACME\n3,Borealis\n",
		"people.csv": "person_no,last_name,employer,boss,owner,internal,born,rank,shoe size\n" +
			"p1,Xylophonist,acme,,Eve,,01/02/1990,high,42\n" +
			"p2,Ypsilon,borealis,p1,eve,,03/04/1991,medium,\n" +
			"p2,Zeppelin,Cirrus,p9,Eve,,05/06/1992,medium,43\n" +
			"p3,,Borealis,,,,,low,\n" +
			"p4,Quill,,,,yes,,,\n" +
			"p5,Ragged\n",
	})
}

// TestInspect counts what a run would do with an export, before anything is written.
func TestInspect(t *testing.T) {
	t.Parallel()
	cfg := config(t)
	cfg.Mapping = parsed(t, ledger)
	in, err := importer.Inspect(t.Context(), find(t, ledgerExport(t)), cfg)
	require.NoError(t, err)
	require.Equal(t, report.Detection{CRM: "ledger", Files: 2, Columns: 10}, in.Detected)
	require.Equal(t, []report.InspectedLink{
		{Object: "Person", Link: "employs", Column: "employer", ByName: true, References: 3, Orphans: 1, Ambiguous: 1},
		{Object: "Person", Link: "owned_by", Column: "owner", ByName: true, References: 3, Made: 3},
		{Object: "Person", Link: "reports_to", Column: "boss", References: 2, Orphans: 1},
	}, in.Links)
	require.Equal(t, map[string]*report.InspectedObject{
		"Company": {Read: 3, Nodes: report.Counts{"org": 3}},
		"Person": {
			Read: 6, Rejected: 2, Filtered: 1, Duplicates: 1, Filters: report.Counts{"our own people": 1},
			Nodes: report.Counts{"person": 3}, Edges: report.Counts{"employs": 3, "owned_by": 3, "reports_to": 2},
		},
	}, in.Objects)
	require.Equal(t, report.Counts{"missing_required": 1, "ragged_row": 1}, in.Rejects)

	people := in.Files[1]
	require.Equal(t, "people.csv", people.Path)
	require.Equal(t, []int64{6, 1, 1}, []int64{people.Records, people.Bad, people.Duplicates})
	require.Equal(t, in.Rejects, people.Rejects)
	require.Len(t, people.Undecided, 1)
	require.Contains(t, people.Undecided[0], `column "born"`)
	require.Contains(t, people.Undecided[0], "--date-order")
	columns := make(map[string]report.Column)
	for _, c := range people.Columns {
		columns[c.Name] = c
	}
	require.Equal(t, report.Column{
		Name: "shoe size", Filled: 2, Distinct: 2, Type: "number", Samples: []string{"99"}, Uses: []string{"kept as shoe size"}, KeptAs: "shoe size",
	}, columns["shoe size"])
	require.Equal(t, report.Column{
		Name: "born", Filled: 3, Distinct: 3, Type: "date", Format: "day and month in either order", Samples: []string{"99/99/9999"}, Uses: []string{"property born"},
	}, columns["born"])
	require.Equal(t, []string{"condition"}, columns["internal"].Uses)
	var text bytes.Buffer
	report.WriteInspection(&text, in, report.TextOptions{})
	require.NotContains(t, text.String(), "Xylophonist")
	require.Contains(t, text.String(), "Xxxxxxxxxxx")

	cfg.ShowValues = true
	in, err = importer.Inspect(t.Context(), find(t, ledgerExport(t)), cfg)
	require.NoError(t, err)
	require.Equal(t, []string{"Xylophonist", "Ypsilon", "Zeppelin"}, in.Files[1].Columns[1].Samples)
}

// TestInspect_AsRun finds the same as a run does: the same rejects and records, whatever the files.
func TestInspect_AsRun(t *testing.T) {
	t.Parallel()
	in, err := importer.Inspect(t.Context(), find(t, fixture), config(t))
	require.NoError(t, err)
	// What a run rejects besides is that a record stands twice, which is told apart here.
	require.Equal(t, report.Counts{"invalid_date": 2, "missing_required": 2, "invalid_number": 1, "ragged_row": 1}, in.Rejects)
	var read, duplicates int64
	for _, o := range in.Objects {
		read += o.Read
		duplicates += o.Duplicates
	}
	require.Equal(t, int64(681), read)
	require.Equal(t, int64(1), duplicates)
	links := make(map[string]report.InspectedLink)
	for _, l := range in.Links {
		links[l.Object+" "+l.Link+" "+l.Column] = l
	}
	require.Equal(t, report.InspectedLink{Object: "Contact", Link: "employs", Column: "AccountId", References: 67, Orphans: 1}, links["Contact employs AccountId"])
	require.Zero(t, links["Task participant OwnerId"].Orphans, "references to any object are looked for in all")
}

// TestInspect_Pipelines does not take pipelines for orphans that only deals name.
func TestInspect_Pipelines(t *testing.T) {
	t.Parallel()
	var rows strings.Builder
	rows.WriteString("Id,Name,StageName,RecordTypeId\n")
	for i := range 5 {
		fmt.Fprintf(&rows, "00600000000000%dAAA,Deal,New,\n", i)
	}
	in, err := importer.Inspect(t.Context(), find(t, files(t, map[string]string{"deals.csv": rows.String()})), config(t))
	require.NoError(t, err)
	require.Equal(t, []report.InspectedLink{{Object: "Opportunity", Link: "pipeline_member", Column: "pipeline", References: 5, Made: 5}}, in.Links)
}
