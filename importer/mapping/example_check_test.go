package mapping

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestExamples has the examples of all built-in mappings.
func TestExamples(t *testing.T) {
	t.Parallel()

	for _, name := range Names() {
		m := builtinNamed(t, name)
		require.NotEmpty(t, m.Examples, "%s: a mapping says what it means", name)
		for _, f := range m.CheckExamples() {
			t.Errorf("%s: %v", name, f)
		}
	}
}

// exampleMapping is a mapping in which an example is put.
const exampleMapping = `mapping: x
objects:
  Person:
    recognise: {all: [Id, Last]}
    key: Id
    require: [Last]
    skip: [{when: {true: [Internal]}, reason: ours}]
    names: {name: Last}
    node:
      type: person
      label: {join: [First, Last]}
      properties:
        last: Last
        age: {column: Age, as: number}
        tags: {column: Tags, as: list}
        address: {object: {city: City, street: Street}}
    links:
      - {type: employs, from: {object: Company, id: Company}}
      - {type: knows, to: {object: Person, by: name, id: Friend}}
    facts:
      - {type: score, claim: {value: {column: Score, as: number}, of: {const: us}}}
  Call:
    recognise: {all: [Id, Caller]}
    key: Id
    event: {type: phone_call, at: [At], summary: Subject, participants: [{role: caller, node: {object: Person, id: Caller}}]}
  Job:
    recognise: {all: [Id, Of]}
    key: Id
    edge: {type: employs, from: {object: Company, id: By}, to: {object: Person, id: Of}, properties: {title: Title}}
others: [Company]
examples:
`

func TestCheckExamples(t *testing.T) {
	t.Parallel()

	const row = "  - object: Person\n    row: {Id: 1, First: Ada, Last: Zimohor, Age: '036', Tags: a;b, City: Brno, Company: c1, Friend: Eve, Score: 7.50}\n    gives: "
	for _, tc := range []struct {
		name, in string
		want     []Difference
	}{
		{"Nothing", row + "{}", nil},
		{"All", row + `{id: '1', type: person, label: Ada Zimohor, properties: {last: Zimohor, age: 36, tags: [a, b], address: {city: Brno}},` +
			` links: [{type: employs, from: "Company:c1"}, {to: "Person.name:Eve"}], facts: [{type: score, claim: {value: 7.5}}]}`, nil},
		{"Absent", row + "{properties: {fax: null, address: {street: null}}}", nil},
		{"NotAbsent", row + "{properties: {age: null}}", []Difference{{"properties.age", "", "36"}}},
		{"Scalars", row + "{id: '2', type: org, label: Ada}", []Difference{{"id", "2", "1"}, {"type", "org", "person"}, {"label", "Ada", "Ada Zimohor"}}},
		{"Property", row + "{properties: {last: zimohor}}", []Difference{{"properties.last", `"zimohor"`, `"Zimohor"`}}},
		{"Missing", row + "{properties: {fax: 1}}", []Difference{{"properties.fax", "1", ""}}},
		{"TextForNumber", row + "{properties: {age: '36'}}", []Difference{{"properties.age", `"36"`, "36"}}},
		{"Inner", row + "{properties: {address: {city: Praha}}}", []Difference{{"properties.address.city", `"Praha"`, `"Brno"`}}},
		{"List", row + "{properties: {tags: [b, a]}}", []Difference{{"properties.tags", `["b", "a"]`, `["a", "b"]`}}},
		{"ObjectForText", row + "{properties: {last: {a: 1}}}", []Difference{{"properties.last", `{"a": 1}`, `"Zimohor"`}}},
		{"Link", row + `{links: [{type: employs, from: "Company:c2"}]}`, []Difference{
			{"links[0]", "employs from Company:c2", "employs from Company:c1, knows to Person.name:Eve"},
		}},
		{"Fact", row + "{facts: [{type: score, claim: {value: 8}}]}", []Difference{{"facts[0]", `score {"value": 8}`, `score {"of":"us","value":7.5}`}}},
		{"Rejected", "  - {object: Person, row: {Id: 1}, gives: {rejected: missing_required}}", nil},
		{"RejectedNot", row + "{rejected: missing_required}", []Difference{{"rejected", "missing_required", ""}}},
		{"RejectedUnexpected", "  - {object: Person, row: {Id: 1, Last: ''}, gives: {id: '1'}}", []Difference{
			{"rejected", "", `missing_required (column "Last": the column is mandatory and blank)`},
		}},
		{"RejectedOtherwise", "  - {object: Person, row: {Id: 1, Last: A, Age: old}, gives: {rejected: missing_required}}", []Difference{
			{"rejected", "missing_required", `invalid_number (column "Age": is not a number)`},
		}},
		{"Skipped", "  - {object: Person, row: {Id: 1, Last: A, Internal: 1}, gives: {skipped: ours}}", nil},
		{"SkippedUnexpected", "  - {object: Person, row: {Id: 1, Last: A, Internal: 1}, gives: {id: '1'}}", []Difference{{"skipped", "", "ours"}}},
		{"Event", "  - {object: Call, row: {Id: 1, At: 2024-01-01, Subject: Hi, Caller: p1}, gives: {type: phone_call, label: Hi, participants: [{role: caller, node: 'Person:p1'}]}}", nil},
		{"Participant", "  - {object: Call, row: {Id: 1, At: 2024-01-01, Caller: p1}, gives: {participants: [{role: callee, node: 'Person:p1'}]}}", []Difference{
			{"participants[0]", "callee Person:p1", "caller Person:p1"},
		}},
		{"Edge", "  - {object: Job, row: {Id: 1, By: c1, Of: p1, Title: Boss}, gives: {type: employs, properties: {title: Boss}, links: [{from: 'Company:c1', to: 'Person:p1'}]}}", nil},
		{"NoObject", "  - {object: Persons, row: {Id: 1}}", []Difference{{"object", "Persons", `mapping x has no object "Persons"`}}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()

			failures := parse(t, exampleMapping+tc.in+"\n").CheckExamples()
			if tc.want == nil {
				require.Empty(t, failures)
				return
			}
			require.Len(t, failures, 1)
			require.Equal(t, tc.want, failures[0].Differences)
			require.Equal(t, strings.Count(exampleMapping, "\n")+1, failures[0].Line)
		})
	}
}

// TestCheckExamples_Lines tells the second of two, and where it stands.
func TestCheckExamples_Lines(t *testing.T) {
	t.Parallel()

	text := exampleMapping + "  - object: Person\n    row: {Id: 1, Last: A}\n  - object: Person\n    row: {Id: 1, Last: A}\n    gives: {label: B}\n"
	failures := parse(t, text).CheckExamples()
	require.Len(t, failures, 1)
	require.EqualError(t, failures[0], "example 2 (Person) on line 34\n  label\n    - B\n    + A")

	// Examples of the mapping that is extended have no line in the text.
	failures = parse(t, "extends: salesforce\nobjects: {Contact: {node: {label: LastName}}}\n").CheckExamples()
	require.Len(t, failures, 1)
	require.EqualError(t, failures[0], "example 1 (Contact)\n  label\n    - Ada Zimohor\n    + Zimohor")
}

// TestCheckError_Lines finds the line of what makes no sense.
func TestCheckError_Lines(t *testing.T) {
	t.Parallel()

	for _, tc := range []struct {
		name, in string
		want     []Problem
	}{
		{"Root", "mapping: x\ncountry: Germany\n" + strings.TrimPrefix(objectA, "mapping: x\n") + "    node: {type: org}\n", []Problem{
			{2, `country: "Germany" is no ISO 3166 code, as DE`},
		}},
		{"Nothing", "objects: {}\n", []Problem{{0, "mapping: the name is missing"}, {1, "objects: there are none"}}},
		{"Object", objectA, []Problem{{3, "objects.A: has 0 of node, event, edge, participant and a defining stage, and needs one"}}},
		{"Place", objectA + "    node: {type: org}\n    links:\n      - type: l\n        to: {object: A, id: X}\n      - type: m\n", []Problem{
			{10, "objects.A.links[1]: needs one of from and to"},
		}},
		{"DottedName", "mapping: x\nobjects:\n  A.B:\n    recognise: {all: [Id]}\n    node: {type: org}\n", []Problem{{3, "objects.A.B.key: is missing"}}},
		{"Compiled", objectA + "    node:\n      type: org\n      properties:\n        a: X\n        b: {column: Y, as: integr}\n", []Problem{
			{10, `object A: type "integr" is unknown`},
		}},
		{"Reference", objectA + "    node: {type: org}\n    links:\n      - {type: l, to: {object: Bee, id: X}}\n", []Problem{
			{8, `objects.A: a reference by X names the object "Bee", which there is not`},
		}},
		{"Extends", "title: X\nextends: salesfoce\n", []Problem{{2, `extends: there is no built-in mapping "salesfoce"; did you mean "salesforce"?; there are: ` + strings.Join(Names(), ", ")}}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()

			_, err := Parse([]byte(tc.in))
			var e *CheckError
			require.ErrorAs(t, err, &e)
			require.Equal(t, tc.want, e.Problems)
		})
	}
}
