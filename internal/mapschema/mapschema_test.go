package mapschema

import (
	"bytes"
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"

	"github.com/projectrye/rye-import/importer/mapping"
)

const published = "../../docs/mapping.schema.json"

// TestPublished has the schema that the structs of this version make.
func TestPublished(t *testing.T) {
	t.Parallel()
	got, err := Generate(os.DirFS("../../importer/mapping"))
	require.NoError(t, err)
	want, err := os.ReadFile(published)
	require.NoError(t, err)
	require.Equal(t, string(want), string(got), "make generate writes it")
}

// TestDescribed leaves no word without what it means: whoever adds a key says what it is.
func TestDescribed(t *testing.T) {
	t.Parallel()
	_, err := Generate(os.DirFS(t.TempDir()))
	require.NoError(t, err, "without sources there are no descriptions, and still a schema")
	text, err := os.ReadFile(published)
	require.NoError(t, err)
	for _, enum := range []string{`"currency_of"`, `"mdy"`, `"comma"`, `"milliseconds"`, `"title"`, `"reject"`, `"clear"`, `"rest"`, `"guid"`} {
		require.Contains(t, string(text), enum)
	}
}

func compiled(t *testing.T) *jsonschema.Schema {
	t.Helper()
	text, err := os.ReadFile(published)
	require.NoError(t, err)
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	require.NoError(t, err)
	c := jsonschema.NewCompiler()
	require.NoError(t, c.AddResource(ID, doc))
	s, err := c.Compile(ID)
	require.NoError(t, err)
	return s
}

// check validates a mapping as editors do.
func check(t *testing.T, s *jsonschema.Schema, text string) error {
	t.Helper()
	var doc map[string]any
	require.NoError(t, yaml.Unmarshal([]byte(text), &doc))
	plain, err := json.Marshal(doc)
	require.NoError(t, err)
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(plain))
	require.NoError(t, err)
	return s.Validate(v)
}

func TestBuiltin(t *testing.T) {
	t.Parallel()
	s := compiled(t)
	for _, name := range mapping.Names() {
		text, err := mapping.Source(name)
		require.NoError(t, err)
		require.NoError(t, check(t, s, string(text)), name)
	}
}

var extends = regexp.MustCompile(`(?m)^extends: (\w+)`)

var block = regexp.MustCompile("(?s)```yaml\n(.*?)```")

// TestDocumentation validates the mappings that the documentation shows, and tries their examples.
func TestDocumentation(t *testing.T) {
	t.Parallel()
	s := compiled(t)
	text, err := os.ReadFile("../../docs/mapping.md")
	require.NoError(t, err)
	whole := 0
	for _, m := range block.FindAllStringSubmatch(string(text), -1) {
		if strings.HasPrefix(m[1], " ") {
			continue // a part of one
		}
		whole++
		require.NoError(t, check(t, s, m[1]), m[1])
		if base := extends.FindStringSubmatch(m[1]); base != nil && !slices.Contains(mapping.Names(), base[1]) {
			continue // it is not built in yet
		}
		parsed, err := mapping.Parse([]byte(m[1]))
		require.NoError(t, err, m[1])
		require.Empty(t, parsed.CheckExamples())
	}
	require.GreaterOrEqual(t, whole, 3)
}

// objectA is a mapping that lacks its last lines.
const objectA = "mapping: x\nobjects:\n  A:\n    recognise: {all: [Id]}\n    key: Id\n"

// TestForms has every form that a place of a mapping can have, and what has none of them. What the schema lets
// pass of these the importer reads, and the other way round.
func TestForms(t *testing.T) {
	t.Parallel()
	s := compiled(t)
	for name, tc := range map[string]struct {
		text string
		ok   bool
	}{
		"column":          {objectA + "    node: {type: org, label: Name}\n", true},
		"value":           {objectA + "    node: {type: org, label: {first: [Name, {column: X, as: money, decimal: comma}]}}\n", true},
		"list of values":  {objectA + "    names: {name: [Name, {column: X}]}\n    node: {type: org}\n", true},
		"one value":       {objectA + "    names: {name: {column: X}}\n    node: {type: org}\n", true},
		"flag":            {objectA + "    deleted: Gone\n    node: {type: org}\n", true},
		"condition":       {objectA + "    deleted: {true: [Gone], equals: {A: x, B: [y, z]}}\n    node: {type: org}\n", true},
		"one end":         {objectA + "    edge: {type: e, from: {object: A, id: X}, to: [{object: [A, B], id: Y}]}\nothers: [B]\n", true},
		"map of numbers":  {objectA + "    node: {type: org, properties: {a: {column: X, map: {1: High, 2: 3}}}}\n", true},
		"example":         {objectA + "    node: {type: org}\nexamples:\n  - {object: A, row: {Id: 1}, gives: {id: '1', properties: {a: [1, {b: null}]}}}\n", true},
		"constant":        {objectA + "    node: {type: org, properties: {a: {const: [1, true, x]}}}\n", true},
		"taken away":      {"extends: salesforce\nobjects:\n  Contact:\n    skip: null\n    node: {properties: {email: null}}\n", true},
		"misspelt key":    {objectA + "    nodes: {type: org}\n", false},
		"misspelt column": {objectA + "    node: {type: org, label: {colum: Name}}\n", false},
		"misspelt root":   {objectA + "    node: {type: org}\nobject: {}\n", false},
		"misspelt fact":   {objectA + "    node: {type: org}\n    facts: [{type: f, needs: [a]}]\n", false},
		"misspelt when":   {objectA + "    deleted: {equal: {a: b}}\n    node: {type: org}\n", false},
		"unknown type":    {objectA + "    node: {type: org, label: {column: A, as: integer}}\n", false},
		"unknown order":   {objectA + "    node: {type: org, label: {column: A, as: date, order: ymd}}\n", false},
		"unknown mark":    {objectA + "    node: {type: org, label: {column: A, as: number, decimal: dot}}\n", false},
		"unknown unit":    {objectA + "    node: {type: org, label: {column: A, as: time, unit: days}}\n", false},
		"unknown case":    {objectA + "    node: {type: org, label: {column: A, case: camel}}\n", false},
		"unknown unknown": {objectA + "    node: {type: org, label: {column: A, map: {a: b}, unknown: drop}}\n", false},
		"unknown blank":   {objectA + "    node: {type: org}\nblank: empty\n", false},
		"unknown take":    {objectA + "    node: {type: org}\n    links: [{type: l, to: {object: A, id: X}, take: last}]\n", false},
		"unknown form":    {objectA + "    node: {type: org}\nids: {form: uuid}\n", false},
		"list for value":  {objectA + "    node: {type: org, label: [Name]}\n", false},
		"text for ref":    {objectA + "    node: {type: org}\n    links: [{type: l, to: AccountId}]\n", false},
		"text for list":   {objectA + "    require: Name\n    node: {type: org}\n", false},
		"text for number": {objectA + "    node: {type: org}\nversion: one\n", false},
		"no name":         {strings.TrimPrefix(objectA, "mapping: x\n") + "    node: {type: org}\n", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, parsed := mapping.Parse([]byte(tc.text))
			valid := check(t, s, tc.text)
			if tc.ok {
				require.NoError(t, valid)
				require.NoError(t, parsed)
			} else {
				require.Error(t, valid)
				require.Error(t, parsed)
			}
		})
	}
}
