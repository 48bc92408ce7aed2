package decode

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// companyChildren are the children of companies: contacts, which have calls, and deals.
var companyChildren = []Child{
	{Column: "contacts", Type: "contact", Parent: "company_id", Key: "id"},
	{Of: "contact", Column: "calls", Type: "call", Parent: "contact", Key: "name"},
	{Column: "sales.deals", Type: "deal", Parent: "company", Key: "owner.id"},
}

func TestChildren_JSON(t *testing.T) {
	t.Parallel()

	for _, tc := range []struct {
		name    string
		in      string
		columns string // of the own records
		want    outcome
		types   map[string]string // columns by type
	}{
		{
			name: "Array",
			in: "[{\"id\":1,\"contacts\":[\n{\"name\":\"Ann\"},\n{\"name\":\"Bob\",\"mail\":\"b\"}],\"owner\":{\"id\":\"u7\"},\"sales\":{\"deals\":[\n{\"value\":5}]}},\n" +
				"{\"id\":2,\"contacts\":[]}]",
			columns: "id|contacts|owner.id|sales.deals",
			want: outcome{rows: []string{
				"1: 1||u7|", "contact 2: Ann|1", "contact 3: Bob|1|b", "deal 4: 5|u7", "5: 2|||",
			}},
			types: map[string]string{"contact": "name|company_id|mail", "deal": "value|company", "call": ""},
		},
		{
			name:    "ChildrenOfChildren",
			in:      "[{\"id\":1,\"contacts\":[{\"name\":\"Ann\",\"calls\":[{\"at\":1},\n{\"at\":2,\"calls\":[{}]}]},{\"name\":\"Bob\"}]},\n{\"id\":2}]",
			columns: "id|contacts",
			want: outcome{
				rows: []string{"1: 1|", "contact 1: Ann||1", "call 1: 1|Ann", "call 2: 2|Ann|[{}]", "contact 2: Bob||1", "3: 2|"},
			},
			types: map[string]string{"contact": "name|calls|company_id", "call": "at|contact|calls"},
		},
		{
			name:    "OtherThingsThanObjects",
			in:      "[{\"id\":1,\"contacts\":[1,2]},{\"id\":2,\"contacts\":[null,\n{\"name\":\"Ann\"}]},{\"id\":3,\"contacts\":{\"name\":\"Bob\"}},{\"id\":4,\"contacts\":\"x\"}]",
			columns: "id|contacts|contacts.name",
			want: outcome{
				rows: []string{"1: 1|[1,2]|", "1: 2||", "contact 2: Ann|2", "2: 3||Bob", "2: 4|x|"},
				errs: []string{"1 bad_json"},
			},
		},
		{
			name:    "OwnParent",
			in:      `[{"id":1,"contacts":[{"company_id":"own"},{"company_id":null},{"company_id":{"id":3}},{}]},{"contacts":[{"name":"Ann"}]}]`,
			columns: "id|contacts",
			want: outcome{rows: []string{
				"1: 1|", "contact 1: own", "contact 1: ", "contact 1: |3", "contact 1: 1|", "1: |", "contact 1: ||Ann",
			}},
		},
		{
			name:    "BadRecords",
			in:      "[{\"id\":1,\"x\":\"\\u0000\",\"contacts\":[{\"name\":\"Ann\"},\n{\"name\":\"\\u0000\"}]},{\"id\":2,\"contacts\":[{\"name\":1}],\"contacts\":[{\"name\":2}]}]",
			columns: "id|x|contacts",
			want: outcome{
				rows: []string{"contact 1: Ann|1", "contact 2: 1|2"},
				errs: []string{"1-2 nul_byte x", "2 nul_byte name", "2 duplicate_key contacts"},
			},
		},
		{
			name: "Salesforce",
			in: `[{"attributes":{"type":"Account"},"Id":"1","Contacts":{"records":[{"attributes":{"type":"Contact"},"Name":"Ann"}]},` +
				`"contacts":[{"attributes":{"type":"Other"},"name":"Bob"}],"id":"one"}]`,
			columns: "Id|contacts|id|Name|AccountId",
			want:    outcome{rows: []string{"Account 1: 1||one||", "Contact 1: |||Ann|1", "contact 1: Bob|one"}},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()

			opts := Options{Children: companyChildren}
			p := scanString(t, tc.in, opts)
			out, _, err := readProfile(t, tc.in, p, opts)
			require.NoError(t, err)
			require.Equal(t, tc.want, out)
			checkColumns(t, tc.in, p, opts, tc.columns, tc.types)
		})
	}
}

// checkColumns reads a file to its end and compares the columns by type.
func checkColumns(t *testing.T, in string, p *Profile, opts Options, own string, types map[string]string) {
	t.Helper()
	r, err := NewReader(readCloser(in), p, opts)
	require.NoError(t, err)
	for err == nil || isRecordError(err) {
		_, err = r.Read()
	}
	require.ErrorIs(t, err, io.EOF)
	require.Equal(t, own, strings.Join(r.Columns(""), "|"))
	for kind, want := range types {
		require.Equal(t, want, strings.Join(r.Columns(kind), "|"), kind)
	}
}

func TestChildren_CSV(t *testing.T) {
	t.Parallel()

	for _, tc := range []struct {
		name    string
		in      string
		columns string
		want    outcome
		types   map[string]string
	}{
		{
			name:    "ContinuationRows",
			in:      "id,name,contacts/name,contacts/mail\n1,Acme,Ann,a\n,,Bob,\n , ,Cid,c\n2,Bits,,\n3,Cogs,Dan,d\n",
			columns: "id|name",
			want: outcome{rows: []string{
				"2: 1|Acme", "contact 2: Ann|a|1", "contact 3: Bob||1", "contact 4: Cid|c|1", "5: 2|Bits", "6: 3|Cogs", "contact 6: Dan|d|3",
			}},
			types: map[string]string{"contact": "name|mail|company_id"},
		},
		{
			name:    "SeveralKinds",
			in:      "contacts/calls/at,contacts/name,id,sales.deals/value,owner.id\nmon,Ann,1,5,u7\ntue,,,,\n,,,6,\nwed,Bob,,7,\n,,2,,\nthu,,,,\n",
			columns: "id|owner.id",
			want: outcome{
				rows: []string{
					"2: 1|u7", "contact 2: Ann|1", "call 2: mon|Ann", "deal 2: 5|u7", "call 3: tue|Ann", "deal 4: 6|u7",
					"contact 5: Bob|1", "call 5: wed|Bob", "deal 5: 7|u7", "6: 2|",
				},
				errs: []string{"7 no_parent"},
			},
			types: map[string]string{"contact": "name|company_id", "call": "at|contact", "deal": "value|company"},
		},
		{
			name:    "NoParent",
			in:      "id,contacts/name\n,Ann\n1,Bob\n2,Cid,x\n,Dan\n3,\n,Eve\n",
			columns: "id",
			want: outcome{
				rows: []string{"3: 1", "contact 3: Bob|1", "6: 3", "contact 7: Eve|3"},
				errs: []string{"2 no_parent", "4 ragged_row", "5 no_parent"},
			},
		},
		{
			name:    "BadCells",
			in:      "id,name,contacts/name\n1,\x00,Ann\n,,\x00\n2,Bits,\x00\n,,Bob\n",
			columns: "id|name",
			want: outcome{
				rows: []string{"contact 2: Ann|1", "4: 2|Bits", "contact 5: Bob|2"},
				errs: []string{"2 nul_byte name", "3 nul_byte name", "4 nul_byte name"},
			},
		},
		{
			name:    "OwnParentAndNoKey",
			in:      "name,contacts/company_id,contacts/name\nAcme,7,Ann\n,,Bob\n",
			columns: "name",
			want:    outcome{rows: []string{"2: Acme", "contact 2: 7|Ann", "contact 3: |Bob"}},
		},
		{
			name:    "AllBlank",
			in:      "id,contacts/name\n,\n1,Ann\n,\n,Bob\n",
			columns: "id",
			want:    outcome{rows: []string{"2: ", "3: 1", "contact 3: Ann|1", "4: ", "contact 5: Bob|"}},
		},
		{
			name:    "Footer",
			in:      "id,x,contacts/name\n1,2,Ann\n\nDone\n",
			columns: "id|x",
			want:    outcome{rows: []string{"2: 1|2", "contact 2: Ann|1"}, footer: 1},
		},
		{
			name:    "RowsGoOnAfterABlankLine",
			in:      "id,x,contacts/name\n1,2,Ann\n\nDone\n3,4,Bob\n",
			columns: "id|x",
			want: outcome{
				rows: []string{"2: 1|2", "contact 2: Ann|1", "5: 3|4", "contact 5: Bob|3"}, errs: []string{"4 ragged_row"},
			},
		},
		{
			name:    "NamesLikeIt",
			in:      "id,contacts,contacts/,contacts2/name\n1,2,3,4\n",
			columns: "id|contacts|contacts2/name",
			want:    outcome{rows: []string{"2: 1|2|4", "contact 2: 3|1"}},
			types:   map[string]string{"contact": "column_1|company_id"},
		},
		{
			name:    "RejectFile",
			in:      "_file,id,contacts/name,_code,_run_id\nf,1,Ann,x,y\n",
			columns: "id",
			want:    outcome{rows: []string{"2: 1", "contact 2: Ann|1"}},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()

			opts := Options{Children: companyChildren}
			p := scanString(t, tc.in, opts)
			require.Equal(t, FormatCSV, p.Format)
			out, _, err := readProfile(t, tc.in, p, opts)
			require.NoError(t, err)
			require.Equal(t, tc.want, out)
			checkColumns(t, tc.in, p, opts, tc.columns, tc.types)
		})
	}
}

func TestChildren_Raw(t *testing.T) {
	t.Parallel()

	for _, tc := range []struct{ name, in, want string }{
		{
			"CSV", "id,contacts/name\n,Ann\n1,\x00\n2,Bob,x\n,Cid\n3,Dan\n",
			"contact 2 name=Ann company_id=; 3 id=1; contact 3 name=\x00 company_id=1; 4 id=2 <2,Bob,x>; contact 5 name=Cid company_id=; 6 id=3; contact 6 name=Dan company_id=3",
		},
		{
			"JSON", "[{\"id\":1,\"contacts\":[5,{\"name\":\"\\u0000\"},\n{\"name\":\"Ann\"}]},\n{\"id\":\"\\u0000\"}]",
			"1 id=1 contacts=; contact 1 <5>; contact 1 name=\x00 company_id=1 <{\"name\":\"\\u0000\"}>; contact 2 name=Ann company_id=1; 3 id=\x00 contacts= <{\"id\":\"\\u0000\"}>",
		},
		{
			"NDJSON", "{\"id\":1,\"contacts\":[{\"name\":1,\"name\":2}]}\n{\"id\":}\n",
			"1 id=1 contacts=; contact 1 name=1 company_id=1 <{\"name\":1,\"name\":2}>; 2 id= contacts= <{\"id\":}>",
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()

			opts := Options{Children: companyChildren}
			p := scanString(t, tc.in, opts)
			out, _, err := readProfile(t, tc.in, p, opts)
			require.NoError(t, err)
			numbers := make([]int64, len(out.rows)+len(out.errs))
			for i := range numbers {
				numbers[i] = int64(i) + 1
			}
			var got []string
			err = Raw(t.Context(), opener([]byte(tc.in)), p, opts, each(numbers), func(r RawRecord) error {
				s := strings.TrimSpace(fmt.Sprint(r.Type, " ", r.Line))
				for i, name := range r.Names {
					s += fmt.Sprintf(" %s=%s", name, r.Cells[i])
				}
				if r.Text != "" {
					s += " <" + r.Text + ">"
				}
				got = append(got, s)
				return nil
			})
			require.NoError(t, err)
			require.Equal(t, tc.want, strings.Join(got, "; "))
		})
	}
}

func TestChildren_Errors(t *testing.T) {
	t.Parallel()

	p := scanString(t, "a,b\n1,2\n", Options{})
	for _, list := range [][]Child{{{Column: "a"}}, {{Type: "t"}}, {{Column: "a", Type: "t"}, {Column: "a", Type: "u"}}} {
		_, err := NewReader(readCloser("a,b\n1,2\n"), p, Options{Children: list})
		require.ErrorIs(t, err, errChildren)
	}
}

// TestSamples_Children reads an export of Odoo with continuation rows.
func TestSamples_Children(t *testing.T) {
	t.Parallel()
	sampleCounts(t)

	data, err := os.ReadFile(filepath.Join(samplesDir, "odoo/tfrancoi__odoo_csv_import/res.partner_o2m.csv"))
	require.NoError(t, err)
	opts := Options{Children: []Child{{Column: "child_ids", Type: "child", Parent: "parent_id", Key: "id"}}}
	p := scanString(t, string(data), opts)
	_, records, err := readProfile(t, string(data), p, opts)
	require.NoError(t, err)
	parents, of := 0, map[string]int{}
	parent := ""
	for _, rec := range records {
		if rec.Type == "" {
			parents++
			parent = rec.Cells[rec.Header.Index("id")]
			continue
		}
		require.Equal(t, []string{"name", "street", "parent_id"}, rec.Header.Names)
		require.Equal(t, parent, rec.Cells[2])
		of[parent]++
	}
	require.Equal(t, len(of), parents)
	require.Equal(t, 33, len(records)-parents, "each row has one child")
	require.Equal(t, 6, of["test_o2m.test3"])
}
