package mapping

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/projectrye/rye-import/importer/graph"
)

func TestNormalID(t *testing.T) {
	t.Parallel()

	for _, tc := range []struct {
		name, in string
		form     Form
		want     string
	}{
		{"AllDigits", "001000000000001", FormSalesforce, "001000000000001AAA"},
		{"NoCapitals", "001abcdefghijkl", FormSalesforce, "001abcdefghijklAAA"},
		{"OnlyCapitals", "ABCDEFGHIJKLMNO", FormSalesforce, "ABCDEFGHIJKLMNO555"},
		{"FirstOfGroup", "A0000A0000A0000", FormSalesforce, "A0000A0000A0000BBB"},
		{"LastOfGroup", "0000A0000A0000A", FormSalesforce, "0000A0000A0000AQQQ"},
		{"Weekly", "0015g00000KeLp1", FormSalesforce, "0015g00000KeLp1AAF"},
		// Excel's users have merged ids that differ in case only; they are different records.
		{"OtherCase", "0015g00000kElP1", FormSalesforce, "0015g00000kElP1AAK"},
		{"Long", "0015g00000KeLp1AAF", FormSalesforce, "0015g00000KeLp1AAF"},
		// Some tools lose the case; the suffix knows it.
		{"Upper", "0015G00000KELP1AAF", FormSalesforce, "0015g00000KeLp1AAF"},
		{"Lower", "0015g00000kelp1aaf", FormSalesforce, "0015g00000KeLp1AAF"},
		{"UpperAsItIs", "ABCDEFGHIJKLMNO555", FormSalesforce, "ABCDEFGHIJKLMNO555"},
		{"LowerAsItIs", "001abcdefghijklAAA", FormSalesforce, "001abcdefghijklAAA"},
		{"WrongSuffixOfDigits", "001000000000001002", FormSalesforce, "001000000000001002"},
		{"WrongSuffix", "0015g00000KeLp1AAG", FormSalesforce, "0015g00000KeLp1AAG"},
		{"SuffixOutOfAlphabet", "0015G00000KELP1AA9", FormSalesforce, "0015G00000KELP1AA9"},
		{"Invented", "0015g00000KeLp12", FormSalesforce, "0015g00000KeLp12"},
		{"CutByOne", "0015g00000KeLp1AA", FormSalesforce, "0015g00000KeLp1AA"},
		{"Short", "0015g00000KeLp", FormSalesforce, "0015g00000KeLp"},
		{"NotAlphanumeric", "0015g00000KeL-1", FormSalesforce, "0015g00000KeL-1"},
		{"NotASCII", "0015g00000KeLé", FormSalesforce, "0015g00000KeLé"},
		{"Empty", "", FormSalesforce, ""},
		{"Text", "0015g00000KeLp1", FormText, "0015g00000KeLp1"},
		{"Number", "007", FormText, "007"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()

			got := tc.form.normalID(tc.in)
			require.Equal(t, tc.want, got)
			require.Equal(t, got, tc.form.normalID(got), "it is normal already")
		})
	}
}

func TestID(t *testing.T) {
	t.Parallel()

	m := parse(t, `
mapping: x
ids: {form: salesforce, none: ["000000000000000AAA", "000000000000000"]}
objects:
  A:
    recognise: {all: [Id]}
    key: [Id, referenceId]
    node: {type: org}
`)
	for _, tc := range []struct{ name, id, reference, want string }{
		{name: "Long", id: "0015g00000KeLp1AAF", want: "0015g00000KeLp1AAF"},
		{name: "Short", id: "0015g00000KeLp1", want: "0015g00000KeLp1AAF"},
		{name: "Blanks", id: " \t0015g00000KeLp1 ", want: "0015g00000KeLp1AAF"},
		{name: "First", id: "a", reference: "b", want: "a"},
		{name: "Second", reference: "AccountRef1", want: "AccountRef1"},
		{name: "SecondForNull", id: "null", reference: "b", want: "b"},
		{name: "SecondForNone", id: "000000000000000AAA", reference: "b", want: "b"},
		{name: "Blank"},
		{name: "OnlyBlanks", id: " ", reference: "\u00a0"},
		{name: "NoneShort", id: "000000000000000"},
		{name: "NotSet", id: "Not Set", reference: "N/A"},
		{name: "NotZeros", id: "00000000000000", want: "00000000000000"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()

			b, skipped, err := mapRow(t, m, "A", []string{"Id", "referenceId"}, tc.id, tc.reference)
			require.Empty(t, skipped)
			if tc.want == "" {
				require.Equal(t, &FieldError{Column: "Id", Code: CodeMissingID, Reason: "the id is blank"}, err)
				return
			}
			require.NoError(t, err)
			require.Equal(t, tc.want, b.Records[0].ID)
		})
	}

	t.Run("NoColumn", func(t *testing.T) {
		t.Parallel()

		plan, err := m.Compile("A", []string{"Name"}, Settings{})
		require.NoError(t, err)
		require.False(t, plan.HasKey())
		_, err = plan.NewMapper().Map(&graph.Batch{}, 1, 2, []string{"x"})
		require.Equal(t, &FieldError{Code: CodeMissingID, Reason: "the id is blank"}, err)
	})
}

func TestResolve(t *testing.T) {
	t.Parallel()

	m := parse(t, `
mapping: x
ids: {form: salesforce, none: ["000000000000000AAA"], prefixes: {"001": Account, "003": Contact, "00Q": Lead}}
objects:
  A:
    recognise: {all: [Id]}
    key: [Id]
    node: {type: org}
    links:
      - {type: one, to: {object: Account, id: One}}
      - {type: many, to: {object: [Contact, Lead], id: Many}}
      - {type: any, from: {id: Any}}
      - {type: fallback, to: {object: Account, id: Fallback, default: main}}
      - {type: missing, to: {object: Account, id: Missing}}
      - {type: missing_fallback, to: {object: Account, id: Missing, default: main}}
`)
	header := []string{"Id", "One", "Many", "Any", "Fallback"}
	always := map[string]graph.Ref{"fallback": {Object: "Account", ID: "main"}, "missing_fallback": {Object: "Account", ID: "main"}}

	for _, tc := range []struct {
		name, column, cell string
		want               graph.Ref
	}{
		{"Plain", "One", "0015g00000KeLp1AAF", graph.Ref{Object: "Account", ID: "0015g00000KeLp1AAF"}},
		{"Short", "One", " 0015g00000KeLp1", graph.Ref{Object: "Account", ID: "0015g00000KeLp1AAF"}},
		{"OtherObjectByPrefix", "One", "0035g00000InGA1AAN", graph.Ref{Object: "Contact", ID: "0035g00000InGA1AAN"}},
		{"UnknownPrefix", "One", "a015g00000KeLp1AAF", graph.Ref{Object: "Account", ID: "a015g00000KeLp1AAF"}},
		{"PrefixIsCaseSensitive", "One", "00q5g00000LeAd1EAF", graph.Ref{Object: "Account", ID: "00q5g00000LeAd1EAF"}},
		{"NotAnID", "One", "001", graph.Ref{Object: "Account", ID: "001"}},
		{"Contact", "Many", "0035g00000InGA1", graph.Ref{Object: "Contact", ID: "0035g00000InGA1AAN"}},
		{"Lead", "Many", "00Q5g00000LeAd1EAF", graph.Ref{Object: "Lead", ID: "00Q5g00000LeAd1EAF"}},
		{"ManyUnknown", "Many", "x", graph.Ref{ID: "x"}},
		{"AnyKnown", "Any", "0015g00000KeLp1AAF", graph.Ref{Object: "Account", ID: "0015g00000KeLp1AAF"}},
		{"AnyUnknown", "Any", "x", graph.Ref{ID: "x"}},
		{"Tree", "One", "@AccountRef1", graph.Ref{Object: "Account", ID: "AccountRef1"}},
		{"TreeMany", "Many", "@0015g00000KeLp1", graph.Ref{ID: "0015g00000KeLp1"}},
		{"At", "One", "@", graph.Ref{Object: "Account", ID: "@"}},
		{"Fallback", "Fallback", "x", graph.Ref{Object: "Account", ID: "x"}},
		{"None", "One", "000000000000000AAA", graph.Ref{}},
		{"Null", "One", "NULL", graph.Ref{}},
		{"Dash", "One", "-", graph.Ref{}},
		{"Blank", "One", "  ", graph.Ref{}},
		{"FallbackForNone", "Fallback", "000000000000000AAA", graph.Ref{Object: "Account", ID: "main"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()

			cells := make([]string, len(header))
			cells[0] = "id"
			for i, name := range header {
				if name == tc.column {
					cells[i] = tc.cell
				}
			}
			want := make(map[string]graph.Ref)
			for typ, r := range always {
				want[typ] = r
			}
			if !tc.want.IsZero() {
				want[strings.ToLower(tc.column)] = tc.want
			}
			b, _, err := mapRow(t, m, "A", header, cells...)
			require.NoError(t, err)
			got := make(map[string]graph.Ref)
			for _, l := range b.Links {
				if got[l.EdgeType] = l.Target; l.EdgeType == "any" {
					require.True(t, l.Target.IsZero())
					got[l.EdgeType] = l.Source
				}
			}
			require.Equal(t, want, got)
		})
	}
}
