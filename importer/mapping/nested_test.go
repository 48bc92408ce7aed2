package mapping

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestNested maps a record whose columns come from nested objects.
func TestNested(t *testing.T) {
	t.Parallel()

	const bare, named = "{type: org}", "{type: org, label: Name, properties: {address: {column: BillingAddress, as: json}}}"
	for _, tc := range []struct {
		name, node string
		header     string // Id and these
		cells      string
		want       string // properties
		uses       string // of the header
	}{
		{
			"AsJSON", named, "BillingAddress.city|BillingAddress.geo.lat|BillingAddress.street|BillingAddress.tags", `Oslo|59.90||["a",null]`,
			`{"address":{"city":"Oslo","geo":{"lat":59.90},"tags":["a",null]}}`,
			"property address|property address|property address|property address",
		},
		{
			"AsJSONBlank", named, "BillingAddress.city|BillingAddress.street", "|", `{}`, "property address|property address",
		},
		{
			"AsJSONInOneCell", named, "BillingAddress|BillingAddress.city", `{"city":"Oslo"}|`, `{"address":{"city":"Oslo"}}`, "property address|property address",
		},
		{
			"AsJSONSnakeCase", named, "billing_address.city", "Oslo", `{"address":{"city":"Oslo"}}`, "property address",
		},
		{
			"AsText", "{type: org, properties: {owner: Owner}}", "Owner.name|Owner.id", "Ann|7", `{"owner":{"id":7,"name":"Ann"}}`, "property owner|property owner",
		},
		{
			"AsTextWithAlias", "{type: org, properties: {size: Size}}", "Grandeur.n", "7", `{"size":{"n":7}}`, "property size",
		},
		{
			"AsNumberIsNoObject", "{type: org, properties: {size: {column: Size, as: number}}}", "Size.n", "7", `{"Size":{"n":7}}`, "kept as Size.n",
		},
		{
			"Label", "{type: org, label: Owner}", "Owner.name", "Ann", `{}`, "label",
		},
		{
			"MemberMapped", "{type: org, properties: {owner: Owner.id}}", "Owner.id|Owner.name", "7|Ann", `{"owner":"7","Owner":{"name":"Ann"}}`, "property owner|kept as Owner.name",
		},
		{
			"Rest", bare, "z|properties.amount|properties.a.b|properties.won|properties.id", "1|-3.50|x|true|3652397000000624046",
			`{"properties":{"a":{"b":"x"},"amount":-3.50,"id":"3652397000000624046","won":true},"z":"1"}`,
			"kept as z|kept as properties.amount|kept as properties.a.b|kept as properties.won|kept as properties.id",
		},
		{
			"RestBlank", bare, "a.b|a.c.d", "|", `{}`, "kept as a.b|kept as a.c.d",
		},
		{
			"RestDropped", bare, "Junk.a|Junk.b.c|Junky.a", "1|2|3", `{"Junky":{"a":3}}`, "dropped: junk|dropped: junk|kept as Junky.a",
		},
		{
			"RestNames", "{type: org, properties: {Owner: V}}", "V|Owner.id|code.x", "a|1|2", `{"Owner":"a","Owner (source)":{"id":1},"code (source)":{"x":2}}`,
			"property Owner|kept as Owner (source).id|kept as code (source).x",
		},
		{
			"RestNullAndObject", bare, "Owner|Owner.id", "|7", `{"Owner":{"id":7}}`, "kept as Owner|kept as Owner.id",
		},
		{
			"RestColumnAndMembers", bare, "Account Name|Account Name.id|Account Name.x.y", "Acme|7|z", `{"Account Name":"Acme","Account Name.id":"7","Account Name.x.y":"z"}`,
			"kept as Account Name|kept as Account Name.id|kept as Account Name.x.y",
		},
		{
			"RestColumnAndMembersWithin", bare, "a.b|a.b.c|a.d", "1|2|3", `{"a":{"b":1,"b.c":2,"d":3}}`, "kept as a.b|kept as a.b.c|kept as a.d",
		},
		{
			"RestNoNesting", bare, "_x_value@OData.V1.FormattedValue|No. of Employees|a..b|.c|d.|" + strings.Repeat("e.", maxPath) + "e", "1|2|3|4|5|6",
			`{".c":"4","No. of Employees":"2","_x_value@OData.V1.FormattedValue":"1","a..b":"3","d.":"5","` + strings.Repeat("e.", maxPath) + `e":"6"}`,
			"kept as _x_value@OData.V1.FormattedValue|kept as No. of Employees|kept as a..b|kept as .c|kept as d.|kept as " + strings.Repeat("e.", maxPath) + "e",
		},
		{
			"Values", bare, "a.1|a.2|a.3|a.4|a.5|a.6|a.7|a.8|a.9", `007|1e5|-0|1.|.5|-|[1, 2]|[x]|{"b":{}}`,
			`{"a":{"1":"007","2":"1e5","3":-0,"4":"1.","5":".5","6":"-","7":[1,2],"8":"[x]"}}`, strings.Repeat("|", 8),
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()

			m := parse(t, objectA+"    aliases: {Size: [Grandeur]}\n    drop: {Junk: junk}\n    node: "+tc.node+"\n")
			header := append([]string{"Id"}, strings.Split(tc.header, "|")...)
			b, skipped, err := mapRow(t, m, "A", header, append([]string{"1"}, strings.Split(tc.cells, "|")...)...)
			require.NoError(t, err)
			require.Empty(t, skipped)
			require.Equal(t, tc.want, string(b.Nodes[0].Properties))
			if tc.name == "Label" {
				require.JSONEq(t, `{"name":"Ann"}`, b.Nodes[0].Label)
			}

			plan, err := m.Compile("A", header, Settings{})
			require.NoError(t, err)
			var uses []string
			for _, u := range plan.Uses()[1:] {
				uses = append(uses, strings.Join(u, ", "))
			}
			if tc.name != "Values" {
				require.Equal(t, tc.uses, strings.Join(uses, "|"))
			}
		})
	}
}

// TestDetect_Nested: a mapping may recognise a file by the name of a nested object.
func TestDetect_Nested(t *testing.T) {
	t.Parallel()

	m := parse(t, `
mapping: x
objects:
  A:
    recognise: {all: [id, properties], none: [archive]}
    key: [id]
    node: {type: org}
`)
	require.Equal(t, "A", m.Detect(Look{Header: []string{"id", "properties.name"}}).Object)
	require.Empty(t, m.Detect(Look{Header: []string{"id", "propertiesWithHistory.name"}}).Object)
	require.Empty(t, m.Detect(Look{Header: []string{"id", "properties.name", "Archive.at"}}).Object)
}
