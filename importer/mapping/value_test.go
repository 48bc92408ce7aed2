package mapping

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/projectrye/rye-import/importer/graph"
)

// parse reads a mapping that has to be right.
func parse(t testing.TB, text string) *Mapping {
	t.Helper()
	m, err := Parse([]byte(text))
	require.NoError(t, err)
	return m
}

// mapRow maps one record.
func mapRow(t testing.TB, m *Mapping, object string, header []string, cells ...string) (*graph.Batch, string, error) {
	t.Helper()
	return mapWith(t, m, object, Settings{}, header, cells...)
}

func mapWith(t testing.TB, m *Mapping, object string, s Settings, header []string, cells ...string) (*graph.Batch, string, error) {
	t.Helper()
	require.Len(t, cells, len(header))
	plan, err := m.Compile(object, header, s)
	require.NoError(t, err)
	b := &graph.Batch{}
	skipped, err := plan.NewMapper().Map(b, 1, 2, cells)
	return b, skipped, err
}

// TestValue maps a record with one value and the columns V and W.
func TestValue(t *testing.T) {
	t.Parallel()

	for _, tc := range []struct {
		name, value string
		cells       string // V|W
		want        string // JSON of the value, or code: reason; empty if there is no value
	}{
		{"Text", `V`, ` a "b" `, `"a \"b\""`},
		{"TextBlank", `V`, " \t\n", ``},
		{"TextOfNoBreakSpaces", `V`, "\u00a0a\u00a0", `"a"`},
		{"TextHTML", `V`, `<p>a &amp; b</p>`, `"<p>a &amp; b</p>"`},
		{"TextNull", `V`, `null`, `"null"`}, // a name may be Null
		{"TextNone", `V`, `000000000000000AAA`, ``},
		{"TextLineEnds", `V`, "a\r\nb\tc", `"a\r\nb\tc"`},
		{"TextControl", `V`, "a\x01b", `"a\u0001b"`},
		{"TextNUL", `V`, "a\x00b", "\"a\ufffdb\""},
		{"TextInvalid", `V`, "a\xffb", "\"a\ufffdb\""},
		{"TextLeadingZeros", `V`, "00420", `"00420"`},
		{"ColumnInAnyCase", `v`, `a`, `"a"`},
		{"ColumnMissing", `X`, `a`, ``},

		{"Number", `{column: V, as: number}`, " 1250.50 ", `1250.5`},
		{"NumberNone", `{column: V, as: number}`, "N/A", ``},
		{"NumberOpen", `{column: V, as: number}`, "1,250", `invalid_number: ` + errDecimal.Error()},
		{"NumberBad", `{column: V, as: number}`, "1,2,50", `invalid_number: ` + errNumber.Error()},
		{"NumberNaN", `{column: V, as: number}`, "NaN", `invalid_number: ` + errNumber.Error()},
		{"NumberTimes", `{column: V, as: number, times: 60}`, "1.5", `90`},
		{"Percent", `{column: V, as: percent}`, "90", `0.9`},
		{"PercentWhole", `{column: V, as: percent}`, "100.00", `1`},
		{"PercentAbove", `{column: V, as: percent}`, "100.5", `out_of_range: ` + errPercent.Error()},
		{"PercentBelow", `{column: V, as: percent}`, "-1", `out_of_range: ` + errPercent.Error()},
		{"PercentSign", `{column: V, as: percent}`, "90 %", `0.9`},
		{"PercentTimes", `{column: V, as: percent, times: 2}`, "30", `0.6`},

		{"BoolTrue", `{column: V, as: bool}`, "Yes", `true`},
		{"BoolFalse", `{column: V, as: bool}`, "0", `false`},
		{"BoolNone", `{column: V, as: bool}`, "null", ``},
		{"BoolBad", `{column: V, as: bool}`, "maybe", `invalid_boolean: ` + errBool.Error()},

		{"Date", `{column: V, as: date}`, "2023-05-11 00:00:00", `"2023-05-11"`},
		{"DateNone", `{column: V, as: date}`, "-", ``},
		{"DateBad", `{column: V, as: date}`, "2023-02-30", `invalid_date: ` + errDate.Error()},
		{"DateOrder", `{column: V, as: date}`, "1/2/2023", `invalid_date: ` + errDateOrder.Error()},
		{"Time", `{column: V, as: time}`, "2023-05-11T10:00:00.500+0200", `"2023-05-11T08:00:00.5Z"`},
		{"TimeBad", `{column: V, as: time}`, "10:00", `invalid_date: ` + errTime.Error()},

		{"List", `{column: V, as: list}`, " a; b ;;c", `["a","b","c"]`},
		{"ListOfOne", `{column: V, as: list}`, `a,"b"`, `["a,\"b\""]`},
		{"ListBlank", `{column: V, as: list}`, ` `, ``},

		{"JSON", `{column: V, as: json}`, ` {"b": 1.0, "a": null} `, `{"b":1.0}`},
		{"JSONLargeNumber", `{column: V, as: json}`, `{"a":12345678901234567890.10}`, `{"a":12345678901234567890.10}`},
		{"JSONNested", `{column: V, as: json}`, `{"a":{"b":{"c":null}},"d":[1, null]}`, `{"d":[1,null]}`},
		{"JSONOfNulls", `{column: V, as: json}`, `{"city":null,"geo":{"accuracy":null}}`, ``},
		{"JSONEmpty", `{column: V, as: json}`, `{}`, ``},
		{"JSONEmptyArray", `{column: V, as: json}`, `[]`, ``},
		{"JSONArray", `{column: V, as: json}`, `["a", 1]`, `["a",1]`},
		{"JSONBroken", `{column: V, as: json}`, `{"a":`, `"{\"a\":"`},
		{"JSONTwo", `{column: V, as: json}`, `{}{}`, `"{}{}"`},
		{"JSONWithNUL", `{column: V, as: json}`, `{"a\u0000":"x\u0000y","b":["\u0000"]}`, "{\"a\ufffd\":\"x\ufffdy\",\"b\":[\"\ufffd\"]}"},
		{"JSONEndlessNumber", `{column: V, as: json}`, `{"a":1e400000}`, `"{\"a\":1e400000}"`},
		{"JSONDeep", `{column: V, as: json}`, strings.Repeat("[", 200) + strings.Repeat("]", 200), `"` + strings.Repeat("[", 200) + strings.Repeat("]", 200) + `"`},
		{"JSONScalar", `{column: V, as: json}`, `42`, `"42"`},
		{"JSONPython", `{column: V, as: json}`, `{'a': None}`, `"{'a': None}"`},

		{"Email", `{column: V, as: email}`, " Ann.B@Example.COM ", `"Ann.B@example.com"`},
		{"EmailTwoAts", `{column: V, as: email}`, `"A@B"@Example.COM`, `"\"A@B\"@example.com"`},
		{"EmailWithoutAt", `{column: V, as: email}`, "Ann", `"Ann"`},
		{"Currency", `{column: V, as: currency}`, "eur", `"EUR"`},
		{"CurrencyNone", `{column: V, as: currency}`, "000", ``},

		{"Map", `{column: V, map: {Open: open_stage}}`, "OPEN", `"open_stage"`},
		{"MapOther", `{column: V, map: {Open: open_stage}}`, "Closed", `"Closed"`},
		{"MapToNothing", `{column: V, map: {Open: ""}}`, "open", ``},
		{"MapCurrency", `{column: V, as: currency, map: {EUR: XEU}}`, "eur", `"XEU"`},

		{"Const", `{const: true}`, "", `true`},
		{"ConstFalse", `{const: false}`, "", `false`},
		{"ConstText", `{const: say "so"}`, "", `"say \"so\""`},
		{"ConstNumber", `{const: 1.5}`, "", `1.5`},
		{"ConstList", `{const: [a, 1]}`, "", `["a",1]`},

		{"First", `{first: [V, W]}`, "a|b", `"a"`},
		{"FirstOfTwo", `{first: [V, W]}`, "|b", `"b"`},
		{"FirstMissing", `{first: [X, W]}`, "|b", `"b"`},
		{"FirstOfNone", `{first: [V, W]}`, "|", ``},
		{"FirstFails", `{first: [{column: V, as: number}, W]}`, "nonsense|b", `invalid_number: ` + errNumber.Error()},
		{"FirstConst", `{first: [V, {const: other}]}`, "|", `"other"`},

		{"Join", `{join: [V, W]}`, " a | b ", `"a b"`},
		{"JoinWith", `{join: [V, W], with: ", "}`, "a|b", `"a, b"`},
		{"JoinWithNothing", `{join: [V, W], with: ""}`, "a|b", `"ab"`},
		{"JoinOfOne", `{join: [V, W]}`, "|b", `"b"`},
		{"JoinOfNone", `{join: [V, W]}`, "|", ``},
		{"JoinConst", `{join: [{const: "Stage:"}, V]}`, "a|", `"Stage: a"`},
		{"JoinConstOnly", `{join: [{const: "Stage:"}, V]}`, "|", ``},
		{"JoinNumber", `{join: [{column: V, as: number}, {column: W, as: bool}]}`, "1.0|yes", `"1 true"`},
		{"JoinDate", `{join: [V, {column: W, as: date}]}`, "on|2023-05-11", `"on 2023-05-11"`},
		{"JoinFirst", `{join: [{first: [X, V]}, {join: [W, {column: X}]}]}`, "a|b", `"a b"`},
		{"JoinFails", `{join: [{column: V, as: number}, W]}`, "nonsense|b", `invalid_number: ` + errNumber.Error()},
		{"JoinFirstFails", `{join: [{first: [{column: V, as: number}]}]}`, "nonsense|", `invalid_number: ` + errNumber.Error()},
		{"JoinRef", `{join: [{ref: {object: A, id: V}}, W]}`, "0015g00000KeLp1|b", `"0015g00000KeLp1AAF b"`},

		{"Object", `{object: {b: V, a: W, c: X}}`, "v|w", `{"a":"w","b":"v"}`},
		{"ObjectOfOne", `{object: {b: V, a: W}}`, "|w", `{"a":"w"}`},
		{"ObjectOfNone", `{object: {b: V, a: W}}`, "|", ``},
		{"ObjectInObject", `{object: {o: {object: {b: V}}, a: W}}`, "|w", `{"a":"w"}`},
		{"ObjectFails", `{object: {b: {column: V, as: date}}}`, "nonsense|", `invalid_date: ` + errDate.Error()},
		{"ObjectKey", `{object: {'a "b"': V}}`, "v|", `{"a \"b\"":"v"}`},

		{"Ref", `{ref: {object: A, id: V}}`, "0015g00000KeLp1", `"0015g00000KeLp1AAF"`},
		{"RefTree", `{ref: {object: A, id: V}}`, "@Ref1", `"Ref1"`},
		{"RefNone", `{ref: {object: A, id: V}}`, "000000000000000AAA", ``},
		{"RefDefault", `{ref: {object: A, id: V, default: x}}`, "", `"x"`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()

			m := parse(t, `
mapping: x
ids: {form: salesforce, none: ["000000000000000AAA"]}
objects:
  A:
    recognise: {all: [Id]}
    key: [Id]
    node:
      type: org
      properties:
        value: `+tc.value+`
    drop: {V: tested or not, W: tested or not}
`)
			v, w, _ := strings.Cut(tc.cells, "|")
			b, skipped, err := mapRow(t, m, "A", []string{"Id", "V", "W"}, "1", v, w)
			require.Empty(t, skipped)
			if err != nil {
				var fe *FieldError
				require.ErrorAs(t, err, &fe)
				require.Equal(t, tc.want, fe.Code+": "+fe.Reason)
				require.Equal(t, "1", fe.ID)
				require.Equal(t, "V", fe.Column)
				require.Equal(t, v, fe.Value)
				require.Equal(t, `column "V": `+fe.Reason, fe.Error())
				require.NotContains(t, fe.Error(), v, "the value shows in no message")
				require.Empty(t, b.Records)
				require.Empty(t, b.Nodes)
				return
			}
			want := `{}`
			if tc.want != "" {
				want = `{"value":` + tc.want + `}`
			}
			require.Equal(t, want, string(b.Nodes[0].Properties))
			require.True(t, json.Valid(b.Nodes[0].Properties))
		})
	}
}

// TestLabel maps a record with a label; labels are texts and no JSON.
func TestLabel(t *testing.T) {
	t.Parallel()

	for _, tc := range []struct{ name, label, cell, want string }{
		{"Text", `V`, ` a "b" `, `a "b"`},
		{"Blank", `V`, ` `, ``},
		{"Missing", `X`, `a`, ``},
		{"Const", `{const: 5}`, `a`, `5`},
		{"Number", `{column: V, as: number}`, `5.0`, `5`},
		{"NumberBlank", `{column: V, as: number}`, ``, ``},
		{"Date", `{column: V, as: date}`, `2023-05-11`, `2023-05-11`},
		{"Email", `{column: V, as: email}`, `Ann@EXAMPLE.com`, `Ann@example.com`},
		{"Map", `{column: V, map: {a: b}}`, `A`, `b`},
		{"First", `{first: [X, V]}`, `a`, `a`},
		{"FirstBlank", `{first: [X, V]}`, ``, ``},
		{"Ref", `{ref: {object: A, id: V}}`, `a`, `a`},
		{"Object", `{object: {v: V}}`, `a`, `{"v":"a"}`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()

			m := parse(t, "mapping: x\nobjects:\n  A:\n    recognise: {all: [Id]}\n    key: [Id]\n    node:\n      type: org\n      label: "+tc.label)
			b, _, err := mapRow(t, m, "A", []string{"Id", "V"}, "1", tc.cell)
			require.NoError(t, err)
			require.Equal(t, tc.want, b.Nodes[0].Label)
		})
	}

	m := parse(t, "mapping: x\nobjects:\n  A:\n    recognise: {all: [Id]}\n    key: [Id]\n    node: {type: org, label: {column: V, as: number}}")
	b, _, err := mapRow(t, m, "A", []string{"Id", "V"}, "1", "x")
	require.EqualError(t, err, `column "V": `+errNumber.Error())
	require.Empty(t, b.Nodes)
}

func TestSettings(t *testing.T) {
	t.Parallel()

	const text = `
mapping: x
time_zone: Europe/Prague
objects:
  A:
    recognise: {all: [Id]}
    key: [Id]
    created: [V]
    node: {type: org, properties: {time: {column: V, as: time}, date: {column: V, as: date}}}
`
	for _, tc := range []struct {
		name     string
		settings Settings
		cell     string
		created  string
		want     string
	}{
		{"ZoneOfMapping", Settings{}, "2024-07-10 01:00:00", "2024-07-09T23:00:00Z", `{"date":"2024-07-10","time":"2024-07-09T23:00:00Z"}`},
		{"ZoneOfRun", Settings{Zone: time.UTC}, "2024-07-10 01:00:00", "2024-07-10T01:00:00Z", `{"date":"2024-07-10","time":"2024-07-10T01:00:00Z"}`},
		{"ZoneInCell", Settings{}, "2024-07-10T01:00:00Z", "2024-07-10T01:00:00Z", `{"date":"2024-07-10","time":"2024-07-10T01:00:00Z"}`},
		{"DayFirst", Settings{Zone: time.UTC, DateOrder: DateOrderDMY}, "10/7/2024", "2024-07-10T00:00:00Z", `{"date":"2024-07-10","time":"2024-07-10T00:00:00Z"}`},
		{"MonthFirst", Settings{Zone: time.UTC, DateOrder: DateOrderMDY}, "10/7/2024", "2024-10-07T00:00:00Z", `{"date":"2024-10-07","time":"2024-10-07T00:00:00Z"}`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()

			b, _, err := mapWith(t, parse(t, text), "A", tc.settings, []string{"Id", "V"}, "1", tc.cell)
			require.NoError(t, err)
			require.Equal(t, tc.created, b.Records[0].CreatedAt.Format(time.RFC3339))
			require.Equal(t, tc.want, string(b.Nodes[0].Properties))
		})
	}
}

// TestAppendString compares with encoding/json, which knows what JSON is.
func TestAppendString(t *testing.T) {
	t.Parallel()

	var ascii strings.Builder
	for c := range 128 {
		ascii.WriteByte(byte(c))
	}
	for _, s := range []string{
		"", "a", `"`, `\`, `\"`, `"a"b"`, ascii.String(), "é", "日本語", "👩‍🚒", "\u2028\u2029", "\ufffd", "a\xff", "\xff\xfeb", "\xed\xa0\x80", "é\xc3", "\x7f",
	} {
		got := appendString([]byte("x"), s)
		require.Equal(t, byte('x'), got[0])
		var back, want string
		require.NoError(t, json.Unmarshal(got[1:], &back), "%q", s)
		std, err := json.Marshal(strings.ReplaceAll(s, "\x00", "\ufffd"))
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(std, &want))
		require.Equal(t, want, back, "%q", s)
	}
}
