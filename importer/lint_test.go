package importer_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/projectrye/rye-import/importer"
	"github.com/projectrye/rye-import/importer/report"
)

func TestLint(t *testing.T) {
	t.Parallel()
	m := parsed(t, ledger)
	l, err := importer.Lint(t.Context(), m, find(t, ledgerExport(t)), config(t))
	require.NoError(t, err)
	require.True(t, l.OK, "what an export shows are notes")
	require.Equal(t, m.Version(), l.Mapping)
	require.Len(t, l.Files, 2)
	require.Equal(t, report.LintedFile{Path: "companies.csv", Object: "Company", Evidence: "columns company_no, company", Records: 3}, l.Files[0])
	people := l.Files[1]
	require.Len(t, people.Undecided, 1)
	people.Undecided = nil
	require.Equal(t, report.LintedFile{
		Path: "people.csv", Object: "Person", Evidence: "columns person_no, last_name", Records: 6,
		Unused:   []report.LintColumn{{Name: "shoe size", Filled: 2}},
		Unfilled: []report.LintProperty{{Type: "person", Property: "first_name", Nodes: 3}},
		Unknown:  []report.LintValue{{Column: "rank", Value: "xxxxxx", Records: 2}},
		Rejects: []report.LintReject{
			{Code: "missing_required", Column: "last_name", Reason: "the column is mandatory and blank", Records: 1, Line: 5},
			{Code: "ragged_row", Reason: "the row has 2 cells, the header has 9", Records: 1, Line: 7},
		},
	}, people)

	cfg := config(t)
	cfg.ShowValues, cfg.DateOrder = true, "dmy"
	l, err = importer.Lint(t.Context(), m, find(t, ledgerExport(t)), cfg)
	require.NoError(t, err)
	require.Equal(t, []report.LintValue{{Column: "rank", Value: "medium", Records: 2}}, l.Files[1].Unknown)
	require.Empty(t, l.Files[1].Undecided)
}

// TestLint_Lacks names the columns that the mapping wants, and not those that a file has under another
// name or in parts.
func TestLint_Lacks(t *testing.T) {
	t.Parallel()
	m := parsed(t, `
mapping: x
drop: {internal_flag: state of the screen}
objects:
  Person:
    recognise: {all: [Id]}
    aliases: {Last: [Surname]}
    key: Id
    node:
      type: person
      properties: {first_name: First, last_name: Last, owner: Owner, mail: {first: [Mail, Mail 2]}}
    links: [{type: owned_by, when: {present: [Team]}, to: {object: Person, id: Boss}}]
`)
	dir := files(t, map[string]string{"a.csv": "Id,Surname,Owner.name,Mail\n1,Zimohor,Eve,\n", "b.txt": "nothing of it\n", "c.csv": "x,y\n1,2\n"})
	l, err := importer.Lint(t.Context(), m, find(t, dir), config(t))
	require.NoError(t, err)
	require.Equal(t, []string{"Boss", "First", "Mail 2", "Team"}, l.Files[0].Lacks)
	require.Empty(t, l.Files[0].Unused)
	var none []string
	for _, f := range l.Files {
		if f.Object == "" {
			none = append(none, f.Path+": "+f.Evidence)
		}
	}
	require.Contains(t, none, "c.csv: its header is that of no object", "a mapping that knows none of the files is no error")
}

func TestLint_Examples(t *testing.T) {
	t.Parallel()
	m := parsed(t, ledger+"examples:\n  - {object: Person, row: {person_no: 1, last_name: A}, gives: {label: B}}\n")
	l, err := importer.Lint(t.Context(), m, nil, config(t))
	require.NoError(t, err)
	require.False(t, l.OK)
	require.Equal(t, report.LintExamples{Total: 1, Failures: []report.LintExample{
		{Example: 1, Line: strings.Count(ledger, "\n") + 2, Object: "Person", Differences: []report.LintDifference{{What: "label", Want: "B", Got: "A"}}},
	}}, l.Examples)
	require.Empty(t, l.Files)
}
