package mapping

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/projectrye/rye-import/importer/graph"
)

// TestTransform maps a record with one value and the columns V and W.
func TestTransform(t *testing.T) {
	t.Parallel()

	for _, tc := range []struct {
		name, value string
		cells       string // V|W
		want        string // JSON of the value, or code: reason; empty if there is no value
	}{
		{"Match", `{column: V, match: '\((\d+)\)$'}`, "Ada Lovelace (4421)", `"4421"`},
		{"MatchWhole", `{column: V, match: '\d+'}`, "no 17 of 20", `"17"`},
		{"MatchNot", `{column: V, match: '\d+'}`, "none here", ``},
		{"Replace", `{column: V, match: '(\w+), (\w+)', replace: '$2 $1'}`, "Lovelace, Ada", `"Ada Lovelace"`},
		{"ReplaceNot", `{column: V, match: 'x', replace: y}`, "abc", `"abc"`},
		{"ReplaceByNothing", `{column: V, match: '^zcrm_', replace: ''}`, "zcrm_12", `"12"`},
		{"Part", `{column: V, split: '-', part: 2}`, "a - b - c", `"b"`},
		{"PartFromEnd", `{column: V, split: '-', part: -1}`, "a-b-c", `"c"`},
		{"PartMissing", `{column: V, split: '-', part: 4}`, "a-b-c", ``},
		{"Lower", `{column: V, case: lower}`, "ÄB c", `"äb c"`},
		{"Upper", `{column: V, case: upper}`, "straße", `"STRAßE"`},
		{"Title", `{column: V, case: title}`, "ADA lovelace", `"Ada Lovelace"`},
		{"Map", `{column: V, map: {Hot: warm}}`, "HOT", `"warm"`},
		{"MapKeeps", `{column: V, map: {Hot: warm}}`, "cold", `"cold"`},
		{"MapBlank", `{column: V, map: {Hot: warm}, unknown: blank}`, "cold", ``},
		{"MapReject", `{column: V, map: {Hot: warm}, unknown: reject}`, "cold", `invalid_value: ` + errUnknownValue.Error()},
		{"MapToBlank", `{column: V, map: {"1900/01/01": ""}, as: date}`, "1900/01/01", ``},
		{"MapThenRead", `{column: V, map: {high: "90"}, as: percent}`, "High", `0.9`},
		{"StepsInOrder", `{column: V, get: name, match: '^\w+', case: upper, map: {ADA: a}}`, `{"name": "ada love"}`, `"a"`},

		{"GetKey", `{column: V, get: name}`, `{"id": 7, "name": "Ada"}`, `"Ada"`},
		{"GetDeep", `{column: V, get: owner.name}`, `{"owner": {"name": "Ada"}}`, `"Ada"`},
		{"GetPlace", `{column: V, get: "1"}`, `[7, "Azure"]`, `"Azure"`},
		{"GetPlaceFromEnd", `{column: V, get: "-1.a"}`, `[{"a": 1}, {"a": 2.50}]`, `"2.50"`},
		{"GetPlaceMissing", `{column: V, get: "5"}`, `[7]`, ``},
		{"GetWhere", `{column: V, get: "[primary=true].value"}`, `[{"value": "a"}, {"value": "b", "primary": true}]`, `"b"`},
		{"GetWhereNot", `{column: V, get: "[label=home].value"}`, `[{"value": "a", "label": "work"}]`, ``},
		{"GetAll", `{column: V, get: "[*].id", as: list}`, `[{"id": 1}, {"x": 2}, {"id": "3"}]`, `["1","3"]`},
		{"GetInside", `{column: V, get: "emails[0].value"}`, `{"emails": [{"value": "a@b.example"}]}`, `"a@b.example"`},
		{"GetKeyThenAll", `{column: V, get: "emails[*].value", as: list}`, `{"emails": [{"value": "a@b.example"}]}`, `["a@b.example"]`},
		{"GetObject", `{column: V, get: a, as: json}`, `{"a": {"b": null, "c": 1}}`, `{"c":1}`},
		{"GetOfText", `{column: V, get: name}`, `Ada`, ``},
		{"GetOfBroken", `{column: V, get: name}`, `{"name": `, ``},
		{"GetNull", `{column: V, get: name}`, `{"name": null}`, ``},

		{"List", `{column: V, as: list}`, "a; b ;;c", `["a","b","c"]`},
		{"ListBySplit", `{column: V, as: list, split: ","}`, "a, b;c", `["a","b;c"]`},
		{"ListOfJSON", `{column: V, as: list}`, `["a", 2, null, true]`, `["a","2","true"]`},
		{"ListOfBrackets", `{column: V, as: list}`, `[a; b]`, `["[a","b]"]`},

		{"Money", `{column: V, as: money}`, "$22,700.00", `22700`},
		{"MoneyThousands", `{column: V, as: money}`, "$1,117.10K", `1117100`},
		{"MoneyMillions", `{column: V, as: money}`, "€2.5M", `2500000`},
		{"MoneyComma", `{column: V, as: money}`, "7.450.000,00 €", `7450000`},
		{"MoneyBrackets", `{column: V, as: money}`, "($1,234.50)", `-1234.5`},
		{"MoneyMinus", `{column: V, as: money}`, "-$12.50", `-12.5`},
		{"MoneyCode", `{column: V, as: money}`, "USD 12.50", `12.5`},
		{"MoneyOpen", `{column: V, as: money}`, "$1.234", `invalid_number: ` + errDecimal.Error()},
		{"MoneyOpenButSaid", `{column: V, as: money, decimal: comma}`, "$1.234", `1234`},
		{"MoneyNone", `{column: V, as: money}`, "a lot", `invalid_number: ` + errNumber.Error()},
		{"Cents", `{column: V, as: number, times: 0.01}`, "50005", `500.05`},
		{"CurrencySign", `{column: V, as: currency}`, "€", `"EUR"`},
		{"CurrencyOf", `{column: V, as: currency_of}`, "1.234,50 €", `"EUR"`},
		{"CurrencyOfCode", `{column: V, as: currency_of}`, "chf 1'234.50", `"CHF"`},
		{"CurrencyOfDollar", `{column: V, as: currency_of}`, "$5", ``}, // which dollar nobody can say

		{"NumberSwiss", `{column: V, as: number}`, "1'234'567.5", `1234567.5`},
		{"NumberBlanks", `{column: V, as: number}`, "1\u202f234\u00a0567,25", `1234567.25`},
		{"NumberBoth", `{column: V, as: number}`, "1.234,5", `1234.5`},
		{"NumberGroups", `{column: V, as: number}`, "1.234.567", `1234567`},
		{"NumberComma", `{column: V, as: number}`, "12,5", `12.5`},
		{"NumberZeroPoint", `{column: V, as: number}`, "0.125", `0.125`},
		{"NumberBadGroups", `{column: V, as: number, decimal: point}`, "1,23,456", `invalid_number: ` + errNumber.Error()},
		{"NumberTwoWords", `{column: V, as: number}`, "12 5", `invalid_number: ` + errNumber.Error()},

		{"DateNamed", `{column: V, as: date}`, "15 Apr, 2021 00:02:00", `"2021-04-15"`},
		{"DateDashed", `{column: V, as: date}`, "15-Apr-2021", `"2021-04-15"`},
		{"DateLong", `{column: V, as: time}`, "September 5, 2021 2:30 PM", `"2021-09-05T14:30:00Z"`},
		{"DateYearFirst", `{column: V, as: time}`, "2020/07/14 00:00:00.000000000", `"2020-07-14T00:00:00Z"`},
		{"DateOpen", `{column: V, as: date}`, "3/4/2024", `invalid_date: ` + errDateOrder.Error()},
		{"DateSaid", `{column: V, as: date, order: dmy}`, "3/4/2024", `"2024-04-03"`},
		{"DateNoMatter", `{column: V, as: date}`, "4/4/2024", `"2024-04-04"`},
		{"DateTwoDigits", `{column: V, as: date, order: dmy}`, "3/4/24", `invalid_date: ` + errDate.Error()},
		{"Layout", `{column: V, as: time, layout: "DD.MM.YYYY HH:mm"}`, "03.04.2024 17:05", `"2024-04-03T17:05:00Z"`},
		{"LayoutHalves", `{column: V, as: time, layout: "M/D/YYYY h:mm AM"}`, "3/4/2024 5:05 PM", `"2024-03-04T17:05:00Z"`},
		{"LayoutNot", `{column: V, as: time, layout: "DD.MM.YYYY"}`, "2024-04-03", `invalid_date: ` + errLayoutTime.Error()},
		{"LayoutDate", `{column: V, as: date, layout: "YYYYMMDD"}`, "20240403", `"2024-04-03"`},
		{"Seconds", `{column: V, as: time, unit: seconds}`, "1700000000", `"2023-11-14T22:13:20Z"`},
		{"Milliseconds", `{column: V, as: time, unit: milliseconds}`, "1700000000123", `"2023-11-14T22:13:20.123Z"`},
		{"SecondsOfDate", `{column: V, as: date, unit: seconds}`, "1700000000", `"2023-11-14"`},
		{"SecondsNot", `{column: V, as: time, unit: seconds}`, "yesterday", `invalid_date: ` + errUnix.Error()},
		{"SecondsBeyond", `{column: V, as: time, unit: seconds}`, "1e300", `invalid_date: ` + errUnix.Error()},
		{"Duration", `{column: V, as: duration}`, "01:30", `5400`},
		{"DurationLong", `{column: V, as: duration}`, "1:00:05", `3605`},
		{"DurationBare", `{column: V, as: duration}`, "90", `90`},
		{"DurationNot", `{column: V, as: duration}`, "1:75", `invalid_number: ` + errDuration.Error()},

		{"Phone", `{column: V, as: phone}`, "+49 (30) 901820", `"+4930901820"`},
		{"PhoneNational", `{column: V, as: phone, country: DE}`, "030 901820", `"+4930901820"`},
		{"PhoneExtension", `{column: V, as: phone, country: US}`, "(212) 555-0100 x752", `"+12125550100;ext=752"`},
		{"PhoneNoCountry", `{column: V, as: phone}`, "030 901820", `"030 901820"`},
		{"PhoneNone", `{column: V, as: phone, country: DE}`, "ask Ada", `"ask Ada"`},
		{"Email", `{column: V, as: email}`, "Ada <Ada@Example.COM>", `"Ada@example.com"`},
		{"EmailMailto", `{column: V, as: email}`, "mailto:ada@EXAMPLE.com", `"ada@example.com"`},
		{"EmailPunycode", `{column: V, as: email}`, "ada@xn--mnchen-3ya.example", `"ada@münchen.example"`},
		{"EmailNot", `{column: V, as: email}`, "none", `"none"`},
		{"Domain", `{column: V, as: domain}`, "https://www.Example.com/about?x=1", `"example.com"`},
		{"DomainBare", `{column: V, as: domain}`, "Example.com.", `"example.com"`},
		{"DomainOfEmail", `{column: V, as: domain}`, "ada@Example.com", `"example.com"`},
		{"DomainNot", `{column: V, as: domain}`, "not a site", ``},
		{"HTML", `{column: V, as: html}`, "<p>Called&nbsp;<b>Ada</b>,<br>she&#39;s in.</p><style>p{}</style><ul><li>one<li>two</ul>", `"Called Ada,\nshe's in.\n\none\ntwo"`},
		{"HTMLPlain", `{column: V, as: html}`, "no markup", `"no markup"`},
		{"HTMLBroken", `{column: V, as: html}`, "a < b <b", `"a < b"`},

		{"Expr", `{expr: 'upper(cell("V")) + "/" + cell("W")'}`, "a|b", `"A/b"`},
		{"ExprNumber", `{expr: 'float(cell("V")) * 12', as: number}`, "2.5", `30`},
		{"ExprChoice", `{expr: 'cell("V") == "" ? cell("W") : cell("V")'}`, "|w", `"w"`},
		{"ExprMissingColumn", `{expr: 'cell("V") + cell("Nope")'}`, "v", `"v"`},
		{"ExprBlank", `{expr: 'cell("V")'}`, "", ``},
		{"ExprFails", `{expr: 'int(cell("V"))', as: number}`, "seven", `invalid_value: ` + errExpression.Error()},
		{"ExprThenSteps", `{expr: 'cell("V") + "-" + cell("W")', split: "-", part: 2}`, "a|b", `"b"`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()

			m := parse(t, objectA+"    node: {type: org, properties: {value: "+tc.value+"}}\n")
			v, w, _ := strings.Cut(tc.cells, "|")
			b, _, err := mapRow(t, m, "A", []string{"Id", "V", "W"}, "1", v, w)
			if code, reason, ok := strings.Cut(tc.want, ": "); ok && strings.HasPrefix(code, "invalid_") {
				var fe *FieldError
				require.ErrorAs(t, err, &fe)
				require.Equal(t, code, fe.Code)
				require.Equal(t, reason, fe.Reason)
				require.NotContains(t, fe.Reason, v, "a reason holds no value")
				return
			}
			require.NoError(t, err)
			properties := string(b.Nodes[0].Properties)
			if tc.want == "" {
				require.NotContains(t, properties, `"value":`)
				return
			}
			require.True(t, strings.HasPrefix(properties, `{"value":`+tc.want), properties)
		})
	}
}

// TestParse_Nonsense: what can never work is an error before the first row.
func TestParse_Nonsense(t *testing.T) {
	t.Parallel()

	for value, want := range map[string]string{
		`{column: V, const: a}`:               `a value has 2 of column, const, first, join, object, ref and expr, and needs one`,
		`{column: V, replace: a}`:             `replace "a": needs match, which says what is replaced`,
		`{column: V, part: 1}`:                `part 1: needs split, which says what the parts stand apart by`,
		`{column: V, match: '('}`:             "regular expression \"(\": error parsing regexp: missing closing ): `(`",
		`{column: V, get: 'a[b'}`:             `get "a[b": write keys, places, [key=value] or [*] with dots between them, as 0.name or [primary=true].value`,
		`{column: V, case: loud}`:             `case "loud" is unknown`,
		`{column: V, unknown: rejekt}`:        `unknown "rejekt" is unknown; did you mean "reject"?`,
		`{column: V, as: date, order: ymd}`:   `order "ymd" is unknown`,
		`{column: V, as: time, layout: d/m}`:  `layout "d/m": ` + errLayout.Error(),
		`{column: V, as: time, unit: days}`:   `unit "days" is unknown`,
		`{column: V, as: phone, country: XY}`: `country "XY": give an ISO 3166 code, as DE`,
		`{column: V, decimal: dot}`:           `decimal "dot" is unknown`,
		`{expr: 'cell(cell("V"))'}`:           `expr "cell(cell(\"V\"))": cell needs the name of a column in quotes, as cell("Name")`,
	} {
		_, err := Parse([]byte(objectA + "    node: {type: org, properties: {value: " + value + "}}\n"))
		require.EqualError(t, err, "checking the mapping: object A: "+want, value)
	}
	// What would let a mapping run for ever, read the machine or call what it likes does not compile.
	for _, expr := range []string{
		`map(1..1000000, # * 2)`, `repeat("a", 1000000)`, `now()`, `$env`, `open("x")`, `cell.String()`, `toJSON(1)`, `filter([1], true)`,
		`reduce(1..9, #acc + #, 0)`, `let a = cell("V"); a + a`, `replace(cell("V"), "", "aaaa")`, `{a: 1}`, `1..9`, `cell("V")[0]`, `fromBase64("YQ==")`, `"a" matches "("`, strings.Repeat("1 + ", 300) + "1",
	} {
		_, err := Parse([]byte(objectA + "    node: {type: org, properties: {value: {expr: '" + expr + "'}}}\n"))
		require.ErrorContains(t, err, "expr ", expr)
	}
}

func TestLinks_Lists(t *testing.T) {
	t.Parallel()

	m := parse(t, `
mapping: x
objects:
  Deal:
    recognise: {all: [Id]}
    key: Id
    node: {type: opportunity}
    links:
      - {type: primary_contact, take: first, to: {object: Person, id: &people {column: People, as: list}}}
      - {type: secondary_contact, take: rest, to: {object: Person, id: *people}}
      - {name: others, type: affiliated_with, to: {object: Company, id: {column: Companies, as: list}}, except: Main}
      - {name: mails, type: knows, to: {object: Person, by: email, id: {column: Mails, as: list, split: ","}}}
      - {type: regarding, to: {choose: {column: Kind, map: {people: Person, companies: Company}, unknown: blank}, id: Parent}}
  Person:
    recognise: {all: [Pid]}
    key: Pid
    names: {email: [Mail, Mail 2]}
    node: {type: person}
  Company: {recognise: {all: [Cid]}, key: Cid, node: {type: org}}
`)
	refs := func(header, cells string) (out []string) {
		b, _, err := mapRow(t, m, "Deal", strings.Split(header, "|"), strings.Split(cells, "|")...)
		require.NoError(t, err)
		for _, l := range b.Links {
			out = append(out, l.EdgeType+" "+l.Target.Object+":"+l.Target.ID)
		}
		return out
	}
	require.Equal(t, []string{"primary_contact Person:7", "secondary_contact Person:8", "secondary_contact Person:9"}, refs("Id|People", "1|7; 8;7;9"))
	require.Equal(t, []string{"primary_contact Person:7"}, refs("Id|People", "1|[7]"))
	require.Empty(t, refs("Id|People", "1|"))
	require.Equal(t, []string{"affiliated_with Company:7", "affiliated_with Company:9"}, refs("Id|Companies|Main", "1|7;8;9| 8 "))
	require.Equal(t, []string{"affiliated_with Company:7"}, refs("Id|Companies|Main", "1|7|"))
	require.Equal(t, []string{"affiliated_with Company:8"}, refs("Id|Companies|Main", "1|[7,8]|7"))
	require.Equal(t, []string{"knows Person.email:a@b.example", "knows Person.email:c d"}, refs("Id|Mails", "1|a@b.example, c  d,"))
	require.Equal(t, []string{"regarding Person:5"}, refs("Id|Kind|Parent", "1|People|5"))
	require.Equal(t, []string{"regarding Company:5"}, refs("Id|Kind|Parent", "1|companies|5"))
	require.Equal(t, []string{"regarding any.id:5"}, refs("Id|Kind|Parent", "1|Cases|5"), "it may be of any")

	require.Equal(t, []string{"Person.email", "any.id"}, m.Lookups())
	b, _, err := mapRow(t, m, "Person", []string{"Pid", "Mail", "Mail 2"}, "1", "", " A@b.example ")
	require.NoError(t, err)
	require.Equal(t, []graph.Name{{Rec: 1, Lookup: "Person.email", Name: "A@b.example"}, {Rec: 1, Lookup: "any.id", Name: "1"}}, b.Names, "the first that is filled")
	b, _, err = mapRow(t, m, "Company", []string{"Cid"}, "1")
	require.NoError(t, err)
	require.Equal(t, []graph.Name{{Rec: 1, Lookup: "any.id", Name: "1"}}, b.Names, "nobody points at it by a name")
}

func TestIDs(t *testing.T) {
	t.Parallel()

	m := parse(t, `
mapping: x
ids: {strip: [zcrm_], form: guid}
objects:
  A: {recognise: {all: [Id]}, key: {join: [Id, Part], with: /}, node: {type: org}, links: [{type: l, to: {object: A, id: Other}}]}
`)
	for cell, want := range map[string]string{
		"zcrm_123": "123", "123": "123", "zcrm_": "zcrm_",
		"{1B4E28BA-2FA1-11D2-883F-0016D3CCA427}": "1b4e28ba-2fa1-11d2-883f-0016d3cca427",
		"1B4E28BA-2FA1-11D2-883F-0016D3CCA427":   "1b4e28ba-2fa1-11d2-883f-0016d3cca427",
		"NOT-A-GUID":                             "NOT-A-GUID",
	} {
		b, _, err := mapRow(t, m, "A", []string{"Id", "Part", "Other"}, cell, "", cell)
		require.NoError(t, err)
		require.Equal(t, want, b.Records[0].ID)
		require.Equal(t, want, b.Links[0].Target.ID)
	}
	b, _, err := mapRow(t, m, "A", []string{"Id", "Part"}, "7", "b")
	require.NoError(t, err)
	require.Equal(t, "7/b", b.Records[0].ID)
}

func TestEscapedFormulas(t *testing.T) {
	t.Parallel()

	m := parse(t, "mapping: x\nescaped_formulas: true\nobjects:\n  A: {recognise: {all: [Id]}, key: Id, node: {type: org, label: V}}\n")
	for cell, want := range map[string]string{"'+49 30": "+49 30", "'-5": "-5", "'=1+1": "=1+1", "'@x": "@x", "'s-Hertogenbosch": "'s-Hertogenbosch", "'": "'"} {
		b, _, err := mapRow(t, m, "A", []string{"Id", "V"}, "1", cell)
		require.NoError(t, err)
		require.Equal(t, want, b.Nodes[0].Label)
	}
}

func TestStrip(t *testing.T) {
	t.Parallel()

	m := parse(t, `
mapping: x
strip: ["properties."]
objects:
  A: {recognise: {all: [Id, Title]}, strip: ["Deal - "], key: Id, node: {type: org, label: Title}}
`)
	header := []string{"deal - ID", "Deal - Title", "Person - Name", "properties.size", "Deal - "}
	require.Equal(t, "A", m.Detect(Look{Header: header}).Object)
	b, _, err := mapRow(t, m, "A", header, "1", "T", "P", "9", "x")
	require.NoError(t, err)
	require.Equal(t, "T", b.Nodes[0].Label)
	require.JSONEq(t, `{"Person - Name": "P", "size": "9", "Deal -": "x"}`, strings.ReplaceAll(string(b.Nodes[0].Properties), "Deal - \"", "Deal -\""))
}

func TestBlankPolicies(t *testing.T) {
	t.Parallel()

	m := parse(t, `
mapping: x
blank: clear
objects:
  A:
    recognise: {all: [Id]}
    key: Id
    blank: {c: keep, d: fill}
    node: {type: org, properties: {a: A, b: B, c: C, d: D}}
`)
	header := []string{"Id", "A", "C", "D"}
	b, _, err := mapRow(t, m, "A", header, "1", "", "", "")
	require.NoError(t, err)
	require.Equal(t, []string{"a"}, b.Nodes[0].Clear, "the header has no B, so it did not go blank")
	require.Equal(t, `{}`, string(b.Nodes[0].Properties))
	require.Nil(t, b.Nodes[0].Fill)
	blank := b.Records[0].Hash
	b, _, err = mapRow(t, m, "A", header, "1", "x", "y", "z")
	require.NoError(t, err)
	require.Empty(t, b.Nodes[0].Clear)
	require.Equal(t, `{"a":"x","c":"y"}`, string(b.Nodes[0].Properties))
	require.Equal(t, `{"d":"z"}`, string(b.Nodes[0].Fill))
	b, _, err = mapRow(t, m, "A", []string{"Id", "C", "D"}, "1", "", "")
	require.NoError(t, err)
	require.NotEqual(t, blank, b.Records[0].Hash, "a column that went blank is a change, one that went is none")
}

func TestExtends(t *testing.T) {
	t.Parallel()

	m := parse(t, `
extends: salesforce
mapping: sf-emea
time_zone: Europe/Paris
objects:
  Contact:
    node:
      properties:
        fax: null
        region: Region__c
    aliases: {Region__c: [Sales Region]}
  Quote: null
`)
	base := salesforce(t)
	require.Equal(t, "sf-emea", m.Name)
	require.Equal(t, "Salesforce", m.Title)
	require.Equal(t, "Europe/Paris", m.TimeZone)
	require.Nil(t, m.Objects["Quote"])
	require.Len(t, m.Objects, len(base.Objects)-1)
	require.NotEqual(t, base.Version(), m.Version())
	properties := m.Objects["Contact"].Node.Properties
	require.NotContains(t, properties, "fax")
	require.Equal(t, Value{Column: "Region__c"}, properties["region"])
	require.Len(t, properties, len(base.Objects["Contact"].Node.Properties))
	require.Equal(t, base.Objects["Account"], m.Objects["Account"])
	require.Equal(t, base.IDs, m.IDs)
	require.Equal(t, base.Objects["Contact"].Facts, m.Objects["Contact"].Facts)

	for text, want := range map[string]string{
		"extends: salesfore\n":                                   `there is no built-in mapping "salesfore"; did you mean "salesforce"?`,
		"extends: ../builtin/salesforce\n":                       `there is no built-in mapping "../builtin/salesforce"`,
		"extends: salesforce\nobjects: {Contact: {nod: {}}}\n":   `unknown field "nod"; did you mean "node"?`,
		"extends: salesforce\nobjects: {Contact: {key: null}}\n": `objects.Contact.key: is missing`,
	} {
		_, err := Parse([]byte(text))
		require.ErrorContains(t, err, want, text)
	}
}

func TestDropAll(t *testing.T) {
	t.Parallel()

	m := parse(t, `
mapping: x
drop: {"$*": state, "*@OData.*": label}
objects:
  A: {recognise: {all: [Id]}, key: Id, node: {type: org, label: "$name"}}
`)
	b, _, err := mapRow(t, m, "A", []string{"Id", "$name", "$state", "x@OData.y", "x"}, "1", "N", "s", "t", "u")
	require.NoError(t, err)
	require.Equal(t, "N", b.Nodes[0].Label)
	require.Equal(t, `{"x":"u"}`, string(b.Nodes[0].Properties))
}
