package mapping

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/projectrye/rye-import/importer/graph"
)

// driftMapping makes something of every kind of its columns, and takes something away when they are blank.
const driftMapping = `
mapping: test
title: Test
version: 1
blank: clear
objects:
  Contact:
    recognise: {all: [Id]}
    key: Id
    deleted: IsDeleted
    skip: [{when: {"true": [Hidden]}, reason: hidden}]
    node:
      type: person
      code: CON
      label: {join: [First, Last]}
      properties:
        phone: {first: [Phone, Mobile]}
        fax: Fax
        full: {join: [First, Last]}
        role: {expr: 'cell("Role") + cell("Fax")'}
    links:
      - {type: employs, from: {object: Account, id: Company}, properties: {title: Role}}
      - {type: owned_by, to: {object: Contact, id: Boss}, when: {blank: [Former]}}
    facts:
      - {type: contact_info, claim: {phone: Phone, fax: Fax}}
      - {type: do_not_contact, when: {"true": [OptOut]}, withdraw: {"false": [OptOut]}, claim: {reason: {const: asked}}}
      - {type: lead_score, when: {present: [Score]}, withdraw: {blank: [Score]}, claim: {score: Score}}
  Account:
    recognise: {all: [AccountId]}
    key: AccountId
    node: {type: org, code: ORG, label: AccountId, properties: {name: AccountId}}
`

// TestGone has every column gone, one at a time: nothing is taken away, closed or withdrawn, nothing else takes
// the place of what was made of it, and all else is as it was.
func TestGone(t *testing.T) {
	t.Parallel()
	m, err := Parse([]byte(driftMapping))
	require.NoError(t, err)
	row := map[string]string{
		"Id": "1", "IsDeleted": "0", "First": "Ada", "Last": "Adams", "Phone": "1", "Mobile": "2", "Fax": "3", "Role": "Chief", "Company": "A1", "Boss": "2", "OptOut": "1", "Score": "7", "Hidden": "", "Former": "",
	}
	whole := sortedKeys(row)
	before := mappedAs(t, m, whole, row, nil)
	require.Equal(t, []string{"contact_info", "do_not_contact", "lead_score"}, before.facts)
	for column, tc := range map[string]struct {
		properties string
		label      string
		links      []string
		facts      []string
		base       bool
	}{
		"Phone":   {`{"fax":"3","full":"Ada Adams","role":"Chief3"}`, "Ada Adams", []string{"employs", "owned_by"}, []string{"do_not_contact", "lead_score"}, false},
		"Fax":     {`{"full":"Ada Adams","phone":"1"}`, "Ada Adams", []string{"employs", "owned_by"}, []string{"do_not_contact", "lead_score"}, false},
		"Mobile":  {`{"fax":"3","full":"Ada Adams","role":"Chief3"}`, "Ada Adams", []string{"employs", "owned_by"}, []string{"contact_info", "do_not_contact", "lead_score"}, false},
		"First":   {`{"fax":"3","phone":"1","role":"Chief3"}`, "", []string{"employs", "owned_by"}, []string{"contact_info", "do_not_contact", "lead_score"}, false},
		"Role":    {`{"fax":"3","full":"Ada Adams","phone":"1"}`, "Ada Adams", []string{"owned_by"}, []string{"contact_info", "do_not_contact", "lead_score"}, false},
		"Company": {`{"fax":"3","full":"Ada Adams","phone":"1","role":"Chief3"}`, "Ada Adams", []string{"owned_by"}, []string{"contact_info", "do_not_contact", "lead_score"}, false},
		"Former":  {`{"fax":"3","full":"Ada Adams","phone":"1","role":"Chief3"}`, "Ada Adams", []string{"employs"}, []string{"contact_info", "do_not_contact", "lead_score"}, false},
		"OptOut":  {`{"fax":"3","full":"Ada Adams","phone":"1","role":"Chief3"}`, "Ada Adams", []string{"employs", "owned_by"}, []string{"contact_info", "lead_score"}, false},
		"Score":   {`{"fax":"3","full":"Ada Adams","phone":"1","role":"Chief3"}`, "Ada Adams", []string{"employs", "owned_by"}, []string{"contact_info", "do_not_contact"}, false},
		"Hidden":  {base: true}, "IsDeleted": {base: true}, "Id": {base: true},
	} {
		t.Run(column, func(t *testing.T) {
			t.Parallel()
			var narrow []string
			for _, name := range whole {
				if name != column {
					narrow = append(narrow, name)
				}
			}
			missing, err := m.Missing("Contact", whole, narrow)
			require.NoError(t, err)
			require.Len(t, missing, 1)
			require.Equal(t, []any{column, column, tc.base}, []any{missing[0].Column, missing[0].Was, missing[0].Base})
			require.Positive(t, missing[0].Line)
			if tc.base {
				return
			}
			got := mappedAs(t, m, narrow, row, []string{column})
			require.Equal(t, mapped{tc.properties, tc.label, tc.links, tc.facts}, got)
		})
	}
}

// TestAbsent has columns that were never there: they clear nothing and withdraw nothing either.
func TestAbsent(t *testing.T) {
	t.Parallel()
	m, err := Parse([]byte(driftMapping))
	require.NoError(t, err)
	got := mappedAs(t, m, []string{"Id", "Last"}, map[string]string{"Id": "1", "Last": "Adams"}, nil)
	require.Equal(t, mapped{`{"full":"Adams"}`, "Adams", []string{}, []string{}}, got)
	// Blank cells do.
	got = mappedAs(t, m, []string{"Id", "Last", "OptOut", "Score"}, map[string]string{"Id": "1", "Last": "Adams"}, nil)
	require.Equal(t, []string{"do_not_contact withdrawn", "lead_score withdrawn"}, got.facts)
}

// mapped is what a row becomes.
type mapped struct {
	properties, label string
	links, facts      []string
}

func mappedAs(t *testing.T, m *Mapping, header []string, row map[string]string, gone []string) mapped {
	t.Helper()
	plan, err := m.Compile("Contact", header, Settings{Gone: gone})
	require.NoError(t, err)
	cells := make([]string, len(header))
	for i, name := range header {
		cells[i] = row[name]
	}
	b := &graph.Batch{}
	skipped, err := plan.NewMapper().Map(b, 1, 2, cells)
	require.NoError(t, err)
	require.Empty(t, skipped)
	require.Len(t, b.Nodes, 1)
	require.Empty(t, b.Nodes[0].Clear)
	out := mapped{string(b.Nodes[0].Properties), b.Nodes[0].Label, []string{}, []string{}}
	for _, l := range b.Links {
		out.links = append(out.links, l.EdgeType)
	}
	for _, f := range b.Facts {
		if f.Claim == nil {
			f.Type += " withdrawn"
		}
		out.facts = append(out.facts, f.Type)
	}
	return out
}

// TestMissing_Renamed looks for the new name of a column.
func TestMissing_Renamed(t *testing.T) {
	t.Parallel()
	m, err := Parse([]byte(driftMapping))
	require.NoError(t, err)
	before := []string{"Id", "Phone", "Fax", "Other"}
	for name, tc := range map[string]struct {
		now  []string
		want string
		n    int
	}{
		"one holds the other":  {[]string{"Id", "Fax", "Phone Number", "Pets"}, "Phone Number", 1},
		"few letters differ":   {[]string{"Id", "Fax", "Phome"}, "Phome", 1},
		"the most alike":       {[]string{"Id", "Fax", "Business Phone", "Phones"}, "Phones", 1},
		"was there before":     {[]string{"Id", "Fax", "Other"}, "", 1},
		"nothing is alike":     {[]string{"Id", "Fax", "Shoe size"}, "", 1},
		"mapped for something": {[]string{"Id", "Fax", "Mobile"}, "", 1},
		"two are gone":         {[]string{"Id", "Phone Number"}, "", 2},
		"known in snake case":  {[]string{"id", "fax", "phone"}, "", 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			missing, err := m.Missing("Contact", before, tc.now)
			require.NoError(t, err)
			require.Len(t, missing, tc.n)
			if tc.n > 0 {
				require.Equal(t, tc.want, missing[0].Now)
			}
		})
	}
}
