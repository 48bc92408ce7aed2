package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/projectrye/rye-import/importer/mapping"
	"github.com/projectrye/rye-import/importer/report"
	"github.com/projectrye/rye-import/internal/pgtest"
)

const (
	crmPeople    = "Person No,First Name,Last Name,Company,Joined,Rating\n1,Ada,Zimohor,Acme,31.01.2024,high\n2,Bob,Quill,Borealis,01.02.2024,medium\n3,Cyd,Ypsilon,Acme,,low\n"
	crmCompanies = "Company No,Company,Industry\n10,Acme,Steel\n11,Borealis,Wood\n"
)

func decoded[T any](t *testing.T, text string) T {
	t.Helper()
	var v T
	dec := json.NewDecoder(strings.NewReader(text))
	dec.DisallowUnknownFields()
	require.NoError(t, dec.Decode(&v), text)
	return v
}

// TestInspect_JSON has all that the text has, and hides values unless they are asked for.
func TestInspect_JSON(t *testing.T) {
	t.Parallel()
	r := command(t, "", "inspect", fixture, "--output", "json")
	require.Equal(t, exitDone, r.code, r.stderr)
	in := decoded[report.Inspection](t, r.stdout)
	require.Equal(t, "salesforce", in.Detected.CRM)
	require.Equal(t, 22, in.Detected.Files)
	require.Equal(t, int64(76), in.Objects["Contact"].Read)
	require.Equal(t, int64(1), in.Objects["Contact"].Duplicates)
	require.True(t, in.Objects["Case"].Unmapped)
	require.NotEmpty(t, in.Links)
	require.Equal(t, int64(1), in.Rejects["ragged_row"])
	var contact report.InspectedFile
	for _, f := range in.Files {
		if f.Path == "Contact.csv" {
			contact = f
		}
	}
	for _, c := range contact.Columns {
		switch c.Name {
		case "Email":
			require.Equal(t, "email", c.Type)
			require.Contains(t, c.Samples[0], "x@x")
			require.Contains(t, c.Uses, "property email")
			require.Empty(t, c.KeptAs)
		case "Level__c":
			require.Equal(t, "Level__c", c.KeptAs)
		}
	}
	r = command(t, "", "inspect", fixture, "--output", "json", "--show-values")
	require.Equal(t, exitDone, r.code, r.stderr)
	require.Contains(t, r.stdout, "example.com")
	for line := range strings.Lines(command(t, "", "inspect", fixture).stdout) {
		if !strings.Contains(line, "README.md") {
			require.LessOrEqual(t, len([]rune(strings.TrimRight(line, " \n"))), 100, line)
		}
	}
}

func TestMappingListShow(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"mapping"}, {"mapping", "list"}} {
		r := command(t, "", args...)
		require.Equal(t, exitDone, r.code, r.stderr)
		for _, want := range append(mapping.Names(), "Salesforce", "Opportunity") {
			require.Contains(t, r.stdout, want)
		}
	}
	r := command(t, "", "mapping", "list", "--output", "json")
	require.Equal(t, exitDone, r.code, r.stderr)
	rows := decoded[[]report.MappingRow](t, r.stdout)
	require.Len(t, rows, len(mapping.Names()))
	for _, name := range mapping.Names() {
		r := command(t, "", "mapping", "show", name)
		require.Equal(t, exitDone, r.code, r.stderr)
		want, err := mapping.Source(name)
		require.NoError(t, err)
		require.Equal(t, string(want), r.stdout, "the text as it is")
		r = command(t, "", "mapping", "lint", name)
		require.Equal(t, exitDone, r.code, r.stdout)
	}
}

// TestMappingInit drafts a mapping, which then can be checked and run.
func TestMappingInit(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, "people.csv", crmPeople)
	write(t, dir, "companies.csv", crmCompanies)
	r := command(t, "", "mapping", "init", dir)
	require.Equal(t, exitDone, r.code, r.stderr)
	for _, want := range []string{"type: person  # ", "first_name: First Name", "type: employs, from: {object: Companies, by: name, id: Company}", "order: dmy", "92 %: all 3 values are unique"} {
		require.Contains(t, r.stdout, want)
	}
	file := filepath.Join(t.TempDir(), "mine.yaml")
	written := command(t, "", "mapping", "init", "--out", file, dir)
	require.Equal(t, exitDone, written.code, written.stderr)
	require.Empty(t, written.stdout)
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, r.stdout, string(text))
	again := command(t, "", "mapping", "init", dir, "--out", file)
	require.Equal(t, exitFailed, again.code)
	require.Contains(t, again.stderr, "mine.yaml is there already")

	lint := command(t, "", "mapping", "lint", file, dir)
	require.Equal(t, exitDone, lint.code, lint.stdout)
	url := pgtest.Clone(t)
	s := imported(t, url, exitDone, "--mapping", file, dir)
	require.True(t, s.Balanced)
	require.Equal(t, int64(3), s.Objects["People"].Created)
	require.Equal(t, int64(2), s.Objects["Companies"].Created)

	// Standard input, and what is no table.
	r = command(t, crmCompanies, "mapping", "init", "-")
	require.Equal(t, exitDone, r.code, r.stderr)
	require.Contains(t, r.stdout, "type: org")
	r = command(t, "", "mapping", "init", hostile+"image.csv", hostile+"empty.csv")
	require.Equal(t, exitFailed, r.code)
	require.Contains(t, r.stderr, "empty.csv")
	require.Empty(t, r.stdout)
}

// TestMappingLint tells errors of the mapping from notes on an export.
func TestMappingLint(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	people := write(t, dir, "people.csv", crmPeople)
	const good = `mapping: mine
objects:
  Person:
    recognise: {all: [Person No, Last Name]}
    key: Person No
    require: [Company]
    node:
      type: person
      code: CON
      label: Last Name
      properties: {last_name: Last Name, joined: {column: Joined, as: date}, rating: {column: Rating, map: {high: A}}, fax: Fax}
examples:
  - object: Person
    row: {Person No: 1, Last Name: Zimohor, Company: Acme, Rating: HIGH}
    gives: {id: "1", label: Zimohor, properties: {rating: A}}
`
	file := write(t, dir, "mine.yaml", good)
	r := command(t, "", "mapping", "lint", file, people)
	require.Equal(t, exitDone, r.code, r.stdout+r.stderr)
	for _, want := range []string{"its example gives what it says", "First Name", "Fax", "first_name", "xxxxxx", "--show-values"} {
		require.Contains(t, r.stdout, want)
	}
	require.NotContains(t, r.stdout, "medium")
	r = command(t, "", "mapping", "lint", file, people, "--show-values", "--output", "json")
	require.Equal(t, exitDone, r.code, r.stdout+r.stderr)
	l := decoded[report.Lint](t, r.stdout)
	require.True(t, l.OK)
	require.Equal(t, file, l.File)
	require.Equal(t, []report.LintValue{{Column: "Rating", Value: "low", Records: 1}, {Column: "Rating", Value: "medium", Records: 1}}, l.Files[0].Unknown)
	require.Equal(t, []report.LintProperty{{Type: "person", Property: "first_name", Nodes: 3}}, l.Files[0].Unfilled)

	for name, tc := range map[string]struct {
		from, to string
		want     []string
	}{
		"unknown key": {"      label: Last", "      lable: Last", []string{"mine.yaml:10: ", `did you mean "label"?`}},
		"no key":      {"    key: Person No\n", "", []string{"mine.yaml:3: objects.Person.key: is missing"}},
		"two":         {"as: date}", "as: dete, case: camel}", []string{`mine.yaml:11: object Person: type "dete" is unknown; did you mean "date"?`, `case "camel" is unknown`}},
		"example":     {"rating: A}}\n", "rating: B}}\n", []string{"mine.yaml:13: example 1 (Person) gives something else", `- "B"`, `+ "A"`}},
		"rejected":    {", Company: Acme, Rating", ", Rating", []string{"rejected", "+ missing_required"}},
	} {
		require.Contains(t, good, tc.from, name)
		bad := write(t, filepath.Join(dir, name), "mine.yaml", strings.Replace(good, tc.from, tc.to, 1))
		for _, args := range [][]string{{bad}, {bad, people}} {
			r := command(t, "", append([]string{"mapping", "lint"}, args...)...)
			require.Equal(t, exitFailed, r.code, name)
			for _, want := range tc.want {
				require.Contains(t, r.stdout, want, name)
			}
			require.Empty(t, r.stderr, name)
		}
		r := command(t, "", "mapping", "lint", bad, "--output", "json")
		require.Equal(t, exitFailed, r.code, name)
		l := decoded[report.Lint](t, r.stdout)
		require.False(t, l.OK)
		require.True(t, len(l.Errors) > 0 && l.Errors[0].Line > 0 || len(l.Examples.Failures) > 0, name)
	}
}
