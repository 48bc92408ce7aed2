package mapping

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/projectrye/rye-import/importer/graph"
)

// tooLong is more than anything that is given here may take: what repeats itself without a bound takes
// minutes.
const tooLong = 10 * time.Second

// FuzzParse reads mappings that people may have written. What can be read can be compiled for any header,
// and its examples can be tried.
func FuzzParse(f *testing.F) {
	for _, s := range []string{
		"", "mapping: x\n", "a: &a [*a]\n", "extends: salesforce\nobjects: {Contact: null}\n", "extends: [salesforce]\n", "- a\n", "---\n---\n", "? {a: b}\n: c\n",
		objectA + "    node: {type: org, label: {join: [a, {const: 1}], with: x}}\n", objectA + "    node: &n {type: org, properties: {a: *n}}\n",
		objectA + "    <<: {key: Id}\n    node: {type: org}\n", objectA + "    node: {type: org, properties: {a: {expr: 'cell(\"x\")'}}}\n",
		objectA + "    deleted: {true: [a], matches: {b: '['}}\n    node: {type: org}\n", exampleMapping + "  - {object: Person, row: {Id: 1}, gives: {properties: {a: [1, {b: .inf}]}}}\n",
		"mapping: x\nobjects: {A: {children: {c: {object: A}}, key: a, recognise: {all: [a]}, node: {type: b}}}\n", "true: {null: 1.5}\n0x1: 2\n",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		begun := time.Now()
		m, err := Parse([]byte(text))
		if err != nil {
			require.Nil(t, m)
			require.NotEmpty(t, err.Error())
			return
		}
		for _, name := range sortedKeys(m.Objects) {
			_, err := m.Compile(name, []string{"Id", "Name", "a.b", "a", ""}, Settings{})
			require.NoError(t, err, "the check has compiled it before")
		}
		m.Detect(Look{Header: []string{"Id", "Name"}, Sample: [][]string{{"1", "2"}}})
		m.CheckExamples()
		require.Less(t, time.Since(begun), tooLong)
	})
}

// transforms has a value for each type and each step that a text can go through.
func transforms() map[string]string {
	all := map[string]string{
		"get":          "{column: X, get: '[primary=true].value'}",
		"get_place":    "{column: X, get: '0.name'}",
		"get_all":      "{column: X, get: '[*].id', as: list}",
		"match":        `{column: X, match: '(\w+)@'}`,
		"match_nested": `{column: X, match: '^(a+)+$'}`,
		"replace":      `{column: X, match: '[^0-9]+', replace: '<$0>'}`,
		"split":        "{column: X, split: ',', part: -1}",
		"split_list":   "{column: X, split: '|', as: list}",
		"lower":        "{column: X, case: lower}",
		"upper":        "{column: X, case: upper}",
		"title":        "{column: X, case: title}",
		"map":          "{column: X, map: {a: b, '1': one}}",
		"map_blank":    "{column: X, map: {a: b}, unknown: blank}",
		"map_reject":   "{column: X, map: {a: b}, unknown: reject}",
		"expr":         `{expr: 'upper(trim(cell("X"))) + string(len(cell("X")))'}`,
		"expr_number":  `{expr: 'round(float(cell("X")) * 2)', as: number}`,
		"times":        "{column: X, as: number, times: 0.01}",
		"money_comma":  "{column: X, as: money, decimal: comma}",
		"layout":       "{column: X, as: date, layout: 'DD.MM.YYYY hh:mm AM'}",
		"unix":         "{column: X, as: time, unit: milliseconds}",
		"dmy":          "{column: X, as: time, order: dmy}",
		"phone_de":     "{column: X, as: phone, country: DE}",
		"join":         "{join: [X, {const: '-'}, X]}",
		"first":        "{first: [{column: X, as: email}, X]}",
		"object":       "{object: {a: X, b: {column: X, as: html}}}",
	}
	for _, typ := range types {
		all["as_"+string(typ)] = fmt.Sprintf("{column: X, as: %s}", typ)
	}
	return all
}

// transformPlan compiles an object of which each property goes through one transform, and a record of
// one cell.
func transformPlan(t testing.TB, value string) *Plan {
	t.Helper()
	m, err := Parse([]byte(objectA + "    node: {type: org, label: Id, properties: {a: " + value + "}}\n"))
	require.NoError(t, err, value)
	plan, err := m.Compile("A", []string{"Id", "X"}, Settings{})
	require.NoError(t, err)
	return plan
}

// FuzzTransform gives arbitrary cells to every transform: each makes a JSON value of it or rejects the
// record, always the same, and in no time.
func FuzzTransform(f *testing.F) {
	for _, s := range []string{
		"", "a", "0", "1.5", "1.234,5", "$1,117.10K", "(€ 3)", "12 %", "true", "2024-02-29", "31/12/2024 11:59 PM", "Feb 30, 2024", "1700000000000", "12:30", "a;b;;c",
		`["a",{"id":1}]`, `{"primary":true,"value":"x"}`, `[{"primary":true,"value":"x"},null]`, strings.Repeat("[", 200), "Ada <ada@EXAMPLE.com>", "+49 (30) 12-3", "xn--nxasmq6b.example",
		"<p>a<br>b</p>", "<script>x", "http://www.Example.com:80/p?q", "EUR", "\xff\xfe", "\x00", "\u2028", "１２", strings.Repeat("a", 5000) + "!", "9e400", "-", "N/A", "'=1+1",
	} {
		f.Add(s)
	}
	plans := make(map[string]*Plan)
	for name, value := range transforms() {
		plans[name] = transformPlan(f, value)
	}
	shapes := map[Shape]*Plan{
		ShapeBool: plans["as_bool"], ShapeDuration: plans["as_duration"],
		ShapePoint: transformPlan(f, "{column: X, as: money, decimal: point}"), ShapeComma: transformPlan(f, "{column: X, as: money, decimal: comma}"),
		ShapeMDY: transformPlan(f, "{column: X, as: date, order: mdy}"), ShapeDMY: transformPlan(f, "{column: X, as: date, order: dmy}"),
	}
	f.Fuzz(func(t *testing.T, cell string) {
		cells := []string{"1", cell}
		for _, name := range sortedKeys(plans) {
			begun := time.Now()
			b, again := &graph.Batch{}, &graph.Batch{}
			_, err := plans[name].NewMapper().Map(b, 1, 2, cells)
			_, err2 := plans[name].NewMapper().Map(again, 1, 2, cells)
			require.Less(t, time.Since(begun), tooLong, name)
			require.Equal(t, err, err2, name)
			if err != nil {
				var fe *FieldError
				require.ErrorAs(t, err, &fe, name)
				if len(cell) > 3 {
					require.NotContains(t, fe.Reason, cell, "%s: a reason holds no value", name)
				}
				continue
			}
			require.Equal(t, b, again, name)
			properties := b.Nodes[0].Properties
			require.True(t, json.Valid(properties), "%s: %q", name, properties)
			require.True(t, utf8.Valid(properties), name)
			require.NotContains(t, string(properties), `\u0000`, name)
		}
		// What a shape says of a text holds: its type never rejects it.
		shape := ShapeOf(cell)
		for one, plan := range shapes {
			if shape.Has(one) {
				_, err := plan.NewMapper().Map(&graph.Batch{}, 1, 2, cells)
				require.NoError(t, err, "%q", cell)
			}
		}
	})
}
