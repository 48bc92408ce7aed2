package decode

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestJSON(t *testing.T) {
	t.Parallel()

	for _, tc := range []struct {
		name     string
		in       string
		format   Format // json if empty
		header   string
		types    string
		envelope string
		want     outcome
	}{
		{
			name: "Array", in: "[\n{\"a\":1},\n{\"b\":2}]", header: "a|b",
			want: outcome{rows: []string{"2: 1|", "3: |2"}},
		},
		{
			name: "ArrayEmpty", in: "[]",
		},
		{
			name: "ArrayWithOtherThings", in: `[{"a":1}, null, 5, [{"a":2}], {"a":3}]`, header: "a",
			want: outcome{rows: []string{"1: 1", "1: 3"}, errs: []string{"1 bad_json", "1 bad_json", "1 bad_json"}},
		},
		{
			name:   "AttributesOfOtherKinds",
			in:     `[{"attributes":{"color":"red"},"a":1},{"attributes":"x","a":2}]`,
			header: "attributes.color|a|attributes",
			want:   outcome{rows: []string{"1: red|1|", "1: |2|x"}},
		},
		{
			name: "Children", envelope: "records", types: "Account|Contact",
			in: `{"records":[
{"attributes":{"type":"Account"},"Id":"001","Name":"Acme",
 "Contacts":{"totalSize":2,"done":true,"records":[
  {"attributes":{"type":"Contact"},"LastName":"Ann"},
  {"attributes":{"type":"Contact"},"LastName":"Bob","AccountId":"own"}]},
 "Phone":"1"},
{"attributes":{"type":"Account"},"Id":"002","Contacts":null}]}`,
			header: "Id|Name|Phone|LastName|AccountId|Contacts",
			want: outcome{rows: []string{
				"Account 2: 001|Acme|1|||", "Contact 4: |||Ann|001|", "Contact 5: |||Bob|own|", "Account 7: 002|||||",
			}},
		},
		{
			name: "ChildrenOfChildren", types: "A|B|C",
			in: `[{"Bs":{"records":[{"attributes":{"type":"B","referenceId":"b1"},"Cs":{"records":[{"attributes":{"type":"C"},"x":1}]}}]},` +
				`"attributes":{"type":"A","referenceId":"a1"}}]`,
			header: "referenceId|AId|x|BId",
			want:   outcome{rows: []string{"A 1: a1|||", "B 1: b1|@a1||", "C 1: ||1|@b1"}},
		},
		{
			name:   "ChildrenThatAreNone",
			in:     `[{"attributes":{"type":"A"},"x":{"records":[1]},"y":{"records":[{"z":1}]}},{"x":{"records":[{"attributes":{"type":"B"}}]}}]`,
			header: "x.records|y.records", types: "A",
			want: outcome{rows: []string{`A 1: [1]|[{"z":1}]`, `1: [{"attributes":{"type":"B"}}]|`}},
		},
		{
			name: "CompactText", in: `[{"MailingAddress": {"city" : "Bo ston", "geo": [ 1 , { "x" : 2.50 } ] }, "tags": [ ], "e": { } }]`,
			header: "MailingAddress.city|MailingAddress.geo|tags|e",
			want:   outcome{rows: []string{`1: Bo ston|[1,{"x":2.50}]|[]|`}},
		},
		{
			name: "DeepNesting", in: `[{"a":` + strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000) + `},{"a":1}]`, header: "a",
			want: outcome{rows: []string{"1: 1"}, errs: []string{"1 bad_json"}},
		},
		{
			name: "DuplicateKey", in: `[{"a":1,"a":2},{"a":1,"\u0061":2},{"A":{"attributes":{"type":"T"},"b":1},"A.b":2},{"a":3}]`, header: "a|A.b",
			want: outcome{rows: []string{"1: 3|"}, errs: []string{"1 duplicate_key a", "1 duplicate_key a", "1 duplicate_key A.b"}},
		},
		{
			name: "EmptyKey", in: `[{"":1}]`, header: "column_0",
			want: outcome{rows: []string{"1: 1"}},
		},
		{
			name: "EnvelopeByKey", in: `{"included":[{"x":1},{"x":2}],"data":[{"a":1}]}`, header: "a", envelope: "data",
			want: outcome{rows: []string{"1: 1"}},
		},
		{
			name: "EnvelopeDataverse", envelope: "value",
			in:     `{"@odata.context":"x","value":[{"@odata.etag":"W/\"1\"","_ownerid_value":"7","_ownerid_value@OData.Community.Display.V1.FormattedValue":"Ann"}]}`,
			header: "@odata.etag|_ownerid_value|_ownerid_value@OData.Community.Display.V1.FormattedValue",
			want:   outcome{rows: []string{`1: W/"1"|7|Ann`}},
		},
		{
			name: "EnvelopeEmptyPage", in: `{"users":[],"info":{"more_records":false}}`, envelope: "users",
		},
		{
			name: "EnvelopeJSONRPC", in: `{"jsonrpc":"2.0","id":7,"result":[{"id":1,"user_id":[2,"Ann"]},{"id":2}]}`, envelope: "result", header: "id|user_id",
			want: outcome{rows: []string{`1: 1|[2,"Ann"]`, "1: 2|"}},
		},
		{
			name: "EnvelopeJSONRPCOne", in: `{"jsonrpc":"2.0","id":7,"result":{"name":"Ann"}}`, envelope: "result", header: "name",
			want: outcome{rows: []string{"1: Ann"}},
		},
		{
			name: "EnvelopeOfOne", envelope: "data",
			in:     "{\"success\":true,\n\"data\":{\"id\":1,\"value\":5},\n\"additional_data\":{\"x\":1},\"related_objects\":{\"user\":{\"1\":{\"id\":1}}},\"list\":[{\"y\":1}]}",
			header: "id|value", want: outcome{rows: []string{"2: 1|5"}},
		},
		{
			name: "EnvelopeOfOneAlone", in: `{"data":{"name":"Ann"}}`, envelope: "data", header: "name",
			want: outcome{rows: []string{"1: Ann"}},
		},
		{
			name: "EnvelopeOfOneTwice", in: `{"data":{"id":1},"data":{"id":2,"x":3}}`, envelope: "data", header: "id",
			want: outcome{rows: []string{"1: 1", "1: 2|3"}},
		},
		{
			name: "NoEnvelopeOfOne", in: `{"name":"Ann","data":{"x":1}}`, header: "name|data.x",
			want: outcome{rows: []string{"1: Ann|1"}},
		},
		{
			name: "EnvelopeEmpty", in: `{"totalSize":0,"done":true,"records":[]}`, envelope: "records",
		},
		{
			name: "EnvelopeLargest", in: `{"page":1,"a":[{"x":1}],"users":[{"n":1},{"n":2}],"b":[1,2,3]}`, header: "n", envelope: "users",
			want: outcome{rows: []string{"1: 1", "1: 2"}},
		},
		{
			name: "EnvelopeTwice", in: `{"records":[{"a":1}],"records":[{"a":2}]}`, header: "a", envelope: "records",
			want: outcome{rows: []string{"1: 1", "1: 2"}},
		},
		{
			name: "Escapes", in: `[{"a":"\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00é"}]`, header: "a",
			want: outcome{rows: []string{"1: \"\\/\b\f\n\r\té😀é"}},
		},
		{
			name: "InvalidUTF8", in: "\ufeff[{\"a\":\"caf\xe9\"},{\"b\":{\"x\":\"\xff\"}},{\"a\":\"é\"}]", header: "a|b.x",
			want: outcome{rows: []string{"1: é|"}, errs: []string{"1 invalid_utf8 a", "1 invalid_utf8 b.x"}},
		},
		{
			name: "Latin1", in: "[{\"na\xefve\":\"caf\xe9\"}]", header: "naïve",
			want: outcome{rows: []string{"1: café"}},
		},
		{
			name: "LineBreaksOfWindows", in: "[\r\n{\"a\":1},\r\n{\"a\":2}\r\n]\r\n", header: "a",
			want: outcome{rows: []string{"2: 1", "3: 2"}},
		},
		{
			name: "LoneSurrogate", in: `[{"a":"\ud83d"},{"a":"x\ude00\ud83d"},{"a":"\ud83dA"},{"\udead":1}]`, header: "a",
			want: outcome{errs: []string{"1 invalid_utf8 a", "1 invalid_utf8 a", "1 invalid_utf8 a", `1 invalid_utf8 \xed\xba\xad`}},
		},
		{
			name: "NDJSON", in: "{\"a\":1}\n\n {\"a\":2, \"b\":{\"c\":3}} \r\n{\"a\":4}", format: FormatNDJSON, header: "a|b.c",
			want: outcome{rows: []string{"1: 1|", "3: 2|3", "4: 4|"}},
		},
		{
			name: "NDJSONBadLines", in: "{\"a\":1}\n{\"a\":}\n[1]\n{\"a\":2} x\n{\"a\":\"\n{\"a\":3}\n", format: FormatNDJSON, header: "a",
			want: outcome{
				rows: []string{"1: 1", "6: 3"},
				errs: []string{"2 bad_json", "3 bad_json", "4 bad_json", "5 bad_json"},
			},
		},
		{
			name: "NDJSONBadFirstLine", in: "{\"a\":1,}\n{\"a\":2}\n", format: FormatNDJSON, header: "a",
			want: outcome{rows: []string{"2: 2"}, errs: []string{"1 bad_json"}},
		},
		{
			name: "NDJSONLongFirstLine", in: "{\"a\":1" + strings.Repeat(" ", headBytes) + "}\n{\"a\":2}\n", format: FormatNDJSON,
			want: outcome{rows: []string{"1: 1", "2: 2"}},
		},
		{
			name: "NDJSONWithTypes", in: "{\"attributes\":{\"type\":\"A\"},\"Id\":\"1\"}\n{\"attributes\":{\"type\":\"B\"},\"Id\":\"2\"}\n",
			format: FormatNDJSON, header: "Id", types: "A|B",
			want: outcome{rows: []string{"A 1: 1", "B 2: 2"}},
		},
		{
			name:   "Nested",
			in:     `[{"id":1,"Owner":{"id":"7","name":"Ann","x@y.z":true},"properties":{"amount":"3","a":{"b":{}}}},{"Owner":null,"properties":{}}]`,
			header: "id|Owner.id|Owner.name|Owner.x@y.z|properties.amount|properties.a.b|Owner|properties",
			want:   outcome{rows: []string{"1: 1|7|Ann|true|3|||", "1: |||||||"}},
		},
		{
			name:   "NestedDeeply",
			in:     "[" + strings.Repeat(`{"a":`, 18) + "1" + strings.Repeat("}", 18) + "]",
			header: "a" + strings.Repeat(".a", 16),
			want:   outcome{rows: []string{`1: {"a":1}`}},
		},
		{
			name: "NestedKeysTwice", in: `[{"a":{"b":1},"a":{"c":2}},{"a":{"b":1},"a":2},{"a":2,"a":{"b":1}},{"a":{"b":1,"b":2}},{"a":{"b":1},"a.b":2},{"a":{"b":1}},{"a":3}]`,
			header: "a.b|a",
			want: outcome{
				rows: []string{"1: 1|", "1: |3"},
				errs: []string{"1 duplicate_key a", "1 duplicate_key a", "1 duplicate_key a", "1 duplicate_key a.b", "1 duplicate_key a.b"},
			},
		},
		{
			name: "NULInAKey", in: `[{"a\u0000":1},{"b":2}]`, header: "b",
			want: outcome{rows: []string{"1: 2"}, errs: []string{`1 nul_byte a\x00`}},
		},
		{
			name: "NULInAString", in: `[{"a":"x\u0000"},{"a":["\u0000"]},{"a":"\\u0000"},{"a":["\\u0000"]}]`, header: "a",
			want: outcome{
				rows: []string{`1: \u0000`, `1: ["\\u0000"]`},
				errs: []string{"1 nul_byte a", "1 nul_byte a"},
			},
		},
		{
			name: "NumbersAsWritten", in: `[{"a":1.50,"b":-0,"c":1E+400,"d":12345678901234567890,"e":true,"f":false,"g":null}]`, header: "a|b|c|d|e|f|g",
			want: outcome{rows: []string{"1: 1.50|-0|1E+400|12345678901234567890|true|false|"}},
		},
		{
			name: "OneObject", in: `{"id":1,"tags":[{"x":1}],"name":"Ann"}`, header: "id|tags|name",
			want: outcome{rows: []string{`1: 1|[{"x":1}]|Ann`}},
		},
		{
			name: "OneObjectWithoutLists", in: "\n{\"success\":true,\n\"deal\":{\"a\":1}}\n", header: "success|deal.a",
			want: outcome{rows: []string{"2: true|1"}},
		},
		{
			name: "Plan", in: `[{"sobject":"Account","saveRefs":true,"files":["Accounts.json"]}]`, format: FormatPlan,
			header: "sobject|saveRefs|files",
		},
		{
			name:   "Relationships",
			in:     `[{"attributes":{"type":"Contact","url":"/x"},"Id":"1","Account":{"attributes":{"type":"Account","url":"/y"},"Name":"X","Owner":{"attributes":{"type":"User"},"Name":"O"}}}]`,
			header: "Id|Account.Name|Account.Owner.Name", types: "Contact",
			want: outcome{rows: []string{"Contact 1: 1|X|O"}},
		},
		{
			name: "Tree", envelope: "records", types: "Contact",
			in:     `{"records":[{"attributes":{"type":"Contact","referenceId":"C1"},"AccountId":"@A1","LastName":"Ann"}]}`,
			header: "AccountId|LastName|referenceId",
			want:   outcome{rows: []string{"Contact 1: @A1|Ann|C1"}},
		},
		{
			name: "TypeWithoutName", in: `[{"attributes":{"type":""},"a":1}]`, header: "attributes.type|a",
			want: outcome{rows: []string{"1: |1"}},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()

			p, out := readString(t, tc.in, Options{})
			if tc.format == "" {
				tc.format = FormatJSON
			}
			require.Equal(t, tc.format, p.Format, p.Reason)
			require.Equal(t, tc.header, strings.Join(p.Header, "|"))
			require.Equal(t, tc.types, strings.Join(p.Types, "|"))
			require.Equal(t, tc.envelope, p.Envelope)
			require.Equal(t, tc.want, out)
		})
	}
}

func TestJSON_Malformed(t *testing.T) {
	t.Parallel()

	for _, tc := range []struct{ name, in, want string }{
		{"AfterTheArray", "[{\"a\":1}]\n]", "line 2: malformed JSON: there is text after the end of the value; write one object a line (NDJSON) or one array"},
		{"AfterTheObject", "{\n\"a\":1}\n{\n\"a\":2}", "line 3: malformed JSON: there is text after the end of the value; write one object a line (NDJSON) or one array"},
		{"BadEscape", `[{"a":"\x"}]`, "line 1: malformed JSON: no such escape in a string"},
		{"BadHex", `[{"a":"\u00g0"}]`, `line 1: malformed JSON: four hexadecimal digits are expected after \u`},
		{"BadLiteral", `[{"a":nul}]`, "line 1: malformed JSON: a value is expected here"},
		{"BadNumber", `[{"a":01}]`, "line 1: malformed JSON: a comma or a closing brace is expected here"},
		{"BadNumberExponent", `[{"a":1e}]`, "line 1: malformed JSON: a digit is expected here"},
		{"BadNumberMinus", `[{"a":-}]`, "line 1: malformed JSON: a digit is expected here"},
		{"BadNumberPoint", `[{"a":1.}]`, "line 1: malformed JSON: a digit is expected here"},
		{"Control", "[{\"a\":\"x\ny\"}]", "line 1: malformed JSON: a control character stands in a string"},
		{"MissingColon", `[{"a" 1}]`, "line 1: malformed JSON: a colon is expected here"},
		{"MissingComma", "[{\"a\":1}\n{\"a\":2}]", "line 2: malformed JSON: a comma or a closing bracket is expected here"},
		{"MixedBrackets", `[{"a":[1}]]`, "line 1: malformed JSON: a comma or a closing bracket is expected here"},
		{"NoKey", `[{"a":1,b:2}]`, "line 1: malformed JSON: a key in quotes is expected here"},
		{"TrailingComma", `[{"a":1},]`, "line 1: malformed JSON: a value is expected here"},
		{"TrailingCommaInObject", `[{"a":1,}]`, "line 1: malformed JSON: a key in quotes is expected here"},
		{"Truncated", "{\"records\":[\n{\"a\":1},\n{\"a\"", "line 3: malformed JSON: the file ends in the middle of a value; it is not complete"},
		{"TruncatedBetweenRecords", "{\"records\":[\n{\"a\":1},", "line 2: malformed JSON: the file ends in the middle of a value; it is not complete"},
		{"TruncatedEnvelope", "{\"records\":[\n{\"a\":1}]", "line 2: malformed JSON: the file ends in the middle of a value; it is not complete"},
		{"TruncatedInEnvelopeKey", `{"rec`, "line 1: malformed JSON: the file ends in the middle of a value; it is not complete"},
		{"TruncatedInEscape", `[{"a":"\u00`, "line 1: malformed JSON: the file ends in the middle of a value; it is not complete"},
		{"TruncatedInLiteral", `[{"a":tr`, "line 1: malformed JSON: the file ends in the middle of a value; it is not complete"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()

			_, err := Scan(t.Context(), opener([]byte(tc.in)), Options{})
			require.EqualError(t, err, tc.want)

			// The reader says the same, after the records before it.
			p := &Profile{Format: FormatJSON, Encoding: "utf-8"}
			if strings.Contains(tc.in, "records") {
				p.Envelope = "records"
			}
			_, _, err = readProfile(t, tc.in, p, Options{})
			require.EqualError(t, err, strings.Replace(tc.want, "; write one object a line (NDJSON) or one array", "", 1))
		})
	}
}

func TestJSON_HeaderGrows(t *testing.T) {
	t.Parallel()

	var in strings.Builder
	in.WriteString("[")
	for i := range surveyed + 3 {
		fmt.Fprintf(&in, `{"a":%d},`, i)
	}
	in.WriteString(`{"b":1,"a":2},{"a":3},{"c":4}]`)

	p := scanString(t, in.String(), Options{})
	require.Equal(t, []string{"a"}, p.Header)
	_, records, err := readProfile(t, in.String(), p, Options{})
	require.NoError(t, err)
	require.Len(t, records, surveyed+6)

	last := records[len(records)-4:]
	require.Equal(t, []string{"a"}, last[0].Header.Names)
	require.Equal(t, []string{"a", "b"}, last[1].Header.Names)
	require.Equal(t, []string{"2", "1"}, last[1].Cells)
	require.Same(t, last[1].Header, last[2].Header)
	require.Equal(t, []string{"a", "b", "c"}, last[3].Header.Names)
	require.Equal(t, []string{"a"}, records[0].Header.Names, "headers do not change once they are handed out")
}

func TestJSON_Paging(t *testing.T) {
	t.Parallel()

	for _, tc := range []struct {
		name, in string
		total    int64
		more     bool
	}{
		{"ChildrenOfSeveralPages", `[{"attributes":{"type":"A"},"Bs":{"done":false,"records":[{"attributes":{"type":"B"}}]}}]`, 0, true},
		{"Close", `{"data":[{"id":"a"}],"has_more":true,"total_results":3}`, 3, true},
		{"CloseLast", `{"has_more":false,"data":[{"id":"a"}]}`, 0, false},
		{"Dataverse", `{"@odata.context":"x","value":[{"accountid":"a"}],"@odata.nextLink":"https://crm.example/api?p=2"}`, 0, true},
		{"HubSpot", `{"results":[{"id":"1"}],"paging":{"next":{"after":"2","link":"x"}}}`, 0, true},
		{"HubSpotFirst", `{"results":[{"id":"1"}],"paging":{"prev":{"before":"2"}}}`, 0, false},
		{"OneRecord", `{"id":1,"info":{"more_records":true},"has_more":true,"total_results":7}`, 0, false},
		{"OneRecordInAnEnvelope", `{"data":{"id":1},"has_more":true,"total_results":7}`, 0, false},
		{"Pipedrive", `{"success":true,"data":[{"id":1}],"additional_data":{"pagination":{"start":0,"more_items_in_collection":true,"next_start":1}}}`, 0, true},
		{"PipedriveCursor", `{"success":true,"data":[{"id":1}],"additional_data":{"next_cursor":"abc"}}`, 0, true},
		{"PipedriveCursorLast", `{"success":true,"data":[{"id":1}],"additional_data":{"next_cursor":null}}`, 0, false},
		{"PipedriveLast", `{"data":[{"id":1}],"additional_data":{"pagination":{"more_items_in_collection":false}}}`, 0, false},
		{"Zoho", `{"users":[{"id":"1"}],"info":{"per_page":1,"count":1,"page":1,"more_records":true}}`, 0, true},
		{"ZohoLast", `{"data":[{"id":"1"}],"info":{"more_records":false}}`, 0, false},
		{"FirstPage", `{"totalSize":2086,"done":false,"nextRecordsUrl":"/x","records":[{"a":1}]}`, 2086, true},
		{"LastPage", `{"records":[{"a":1}],"done":true,"totalSize":2086}`, 2086, false},
		{"OtherThings", `{"totalSize":"many","done":"no","records":[{"a":1}]}`, 0, false},
		{
			"OtherThingsOfAll", `{"total_results":-1,"has_more":"true","paging":{"next":[]},"info":[],"additional_data":{"pagination":true,"next_cursor":7},` +
				`"@odata.nextLink":{},"records":[{"a":1}]}`, 0, false,
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()

			p := scanString(t, tc.in, Options{})
			require.Equal(t, tc.total, p.TotalSize)
			require.Equal(t, tc.more, p.More)
		})
	}
}

func TestJSON_TooManyColumns(t *testing.T) {
	t.Parallel()

	var in strings.Builder
	in.WriteString("[{")
	for i := range maxColumns + 1 {
		fmt.Fprintf(&in, `"%d":1,`, i)
	}
	in.WriteString(`"x":1}]`)
	p := scanString(t, in.String(), Options{})
	require.Len(t, p.Header, maxColumns)
	_, _, err := readProfile(t, in.String(), p, Options{})
	require.EqualError(t, err, "line 1: the records have more than 20000 different keys; keys seem to be data here")
}

func TestJSON_AgreesWithEncodingJSON(t *testing.T) {
	t.Parallel()

	data := contactsJSON(300)
	var want struct {
		Records []struct {
			ID, AccountID, Title, MailingStreet string
			Account                             struct{ Name string }
			Score                               json.Number `json:"Score__c"`
		} `json:"records"`
	}
	require.NoError(t, json.Unmarshal(data, &want))

	p := scanString(t, string(data), Options{})
	_, records, err := readProfile(t, string(data), p, Options{})
	require.NoError(t, err)
	require.Len(t, records, len(want.Records))
	for i, w := range want.Records {
		h, c := records[i].Header, records[i].Cells
		require.Equal(t, w.ID, c[h.Index("Id")])
		require.Equal(t, w.Title, c[h.Index("Title")])
		require.Equal(t, w.MailingStreet, c[h.Index("MailingStreet")])
		require.Equal(t, w.Account.Name, c[h.Index("Account.Name")])
		require.Equal(t, w.Score.String(), c[h.Index("Score__c")])
		require.Equal(t, "false", c[h.Index("HasOptedOutOfEmail")])
		require.Empty(t, c[h.Index("Birthdate")])
	}
}

// TestJSON_Pairs reads the captures of a connector: names with records.
func TestJSON_Pairs(t *testing.T) {
	t.Parallel()

	const text = `[
["acme/people", {"id": 1, "name": "Ada"}],
["acme/companies", {"id": 7}],
["people", {"id": 2, "x": {"y": 3}}],
["people"], 5, ["people", {}, {}]]`
	p, err := Scan(t.Context(), opener([]byte(text)), Options{})
	require.NoError(t, err)
	require.Equal(t, FormatJSON, p.Format)
	require.Equal(t, []string{"people", "companies"}, p.Types)
	rc, err := opener([]byte(text))()
	require.NoError(t, err)
	r, err := NewReader(rc, p, Options{})
	require.NoError(t, err)
	var got []string
	for {
		rec, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		var bad *RecordError
		if errors.As(err, &bad) {
			got = append(got, bad.Code)
			continue
		}
		require.NoError(t, err)
		got = append(got, fmt.Sprint(rec.Line, rec.Type, rec.Cells))
	}
	require.Equal(t, []string{"2people[1 Ada ]", "3companies[7  ]", "4people[2  3]", CodeBadJSON, CodeBadJSON, CodeBadJSON}, got)
}
