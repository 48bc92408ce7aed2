package decode

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestCSV_Headers is about what stands above the header, and about its quotes.
func TestCSV_Headers(t *testing.T) {
	t.Parallel()

	for _, tc := range []struct {
		name   string
		in     string
		opts   Options
		header string
		line   int
		titles int
		quote  rune // a double one if 0
		want   outcome
	}{
		{
			name: "BlankLines", in: "\n \r\n\na,b\n1,2\n", header: "a|b", line: 4,
			want: outcome{rows: []string{"5: 1|2"}},
		},
		{
			name: "Separator", in: "sep=;\r\nId;Name, full\r\n1;Ann\r\n", header: "Id|Name, full", line: 2,
			want: outcome{rows: []string{"3: 1|Ann"}},
		},
		{
			name: "SeparatorInQuotes", in: "\ufeff\"SEP=|\"\n\na|b\n1|2\n", header: "a|b", line: 3,
			want: outcome{rows: []string{"4: 1|2"}},
		},
		{
			name: "SeparatorTab", in: "sep=\t\na,b\tc\n1,5\t2\n", header: "a,b|c", line: 2,
			want: outcome{rows: []string{"3: 1,5|2"}},
		},
		{
			name: "SeparatorAndDelimiter", in: "sep=;\na,b;c\n1,2;3\n", opts: Options{Delimiter: ','}, header: "a|b;c", line: 2,
			want: outcome{rows: []string{"3: 1|2;3"}},
		},
		{
			name: "SeparatorIsAName", in: "sep=ab,b\n1,2\n", header: "sep=ab|b", line: 1,
			want: outcome{rows: []string{"2: 1|2"}},
		},
		{
			name: "SeparatorAndTitle", in: "sep=;\nOpen deals\nId;Deal;Amount\n1;x;5\n2;y;6\n", header: "Id|Deal|Amount", line: 3, titles: 1,
			want: outcome{rows: []string{"4: 1|x|5", "5: 2|y|6"}},
		},
		{
			name: "Titles", in: "Deals by owner\nAs of 2024-05-01\n\nFiltered by,Stage: any\n\nId,Deal,Owner,Stage,Amount\n1,x,Ann,Won,5\n2,y,Bob,Lost,6\n",
			header: "Id|Deal|Owner|Stage|Amount", line: 6, titles: 3,
			want: outcome{rows: []string{"7: 1|x|Ann|Won|5", "8: 2|y|Bob|Lost|6"}},
		},
		{
			name: "TitlesAndFooter", in: "A long title of a report, with a comma and more than six words\n\nName;Mail;City\nAnn;a@example.com;Oslo\nBob;b@example.com;Moss\n\nTotal: 2\nPage 1\n",
			header: "Name|Mail|City", line: 3, titles: 1,
			want: outcome{rows: []string{"4: Ann|a@example.com|Oslo", "5: Bob|b@example.com|Moss"}, footer: 2},
		},
		{
			name: "TitlesPaddedByExcel", in: "Deals,,,\n,,,\nDeal,Owner,Amount,\nx,Ann,5,\ny,Bob,6,\n", header: "Deal|Owner|Amount|column_4", line: 3, titles: 2,
			want: outcome{rows: []string{"4: x|Ann|5|", "5: y|Bob|6|"}},
		},
		{
			name: "NoTitleRowsAreRagged", in: "Id\n1,x,2\n2,y,3\n3,z,4\n", header: "Id", line: 1,
			want: outcome{errs: []string{"2 ragged_row", "3 ragged_row", "4 ragged_row"}},
		},
		{
			name: "NoTitleOneMoreDelimiterInRows", in: "Name,City,Phone\nAnn,Oslo,x,7\nBob,Moss,y,8\nCid,Hell,z,9\n", header: "Name|City|Phone", line: 1,
			want: outcome{errs: []string{"2 ragged_row", "3 ragged_row", "4 ragged_row"}},
		},
		{
			name: "NoTitleOneColumnOfLists", in: "Tags\nred;green;blue\nred;gold;grey\nred;black;white\n", header: "Tags", line: 1,
			want: outcome{rows: []string{"2: red;green;blue", "3: red;gold;grey", "4: red;black;white"}},
		},
		{
			name: "NoTitleWithoutRows", in: "Deals\nId,Deal,Amount\n", header: "Deals", line: 1,
			want: outcome{errs: []string{"2 ragged_row"}},
		},
		{
			name: "NoTitleTwoColumns", in: "People\nName,Age\nAnn,7\nBob,8\nCid,9\n", header: "People", line: 1,
			want: outcome{errs: []string{"2 ragged_row", "3 ragged_row", "4 ragged_row", "5 ragged_row"}},
		},
		{
			name: "HeaderLineAsked", in: "People\n\nName,Age\nAnn,7\n", opts: Options{HeaderLine: 3}, header: "Name|Age", line: 3,
			want: outcome{rows: []string{"4: Ann|7"}},
		},
		{
			name: "HeaderLineAskedIsBlank", in: "People\n\nName,Age\nAnn,7\n", opts: Options{HeaderLine: 2}, header: "Name|Age", line: 3,
			want: outcome{rows: []string{"4: Ann|7"}},
		},
		{
			name: "HeaderLineAskedIsATitle", in: "Deals\nId,Deal,Amount\n1,x,5\n2,y,6\n", opts: Options{HeaderLine: 1}, header: "Deals", line: 1,
			want: outcome{errs: []string{"2 ragged_row", "3 ragged_row", "4 ragged_row"}},
		},
		{
			name: "SingleQuotes", in: "'Id','Na''me'\n'1','O''Neill, \"Jr\"'\n2,'x\ny'\n'3,4\n5,6\n", header: "Id|Na'me", line: 1, quote: '\'',
			want: outcome{rows: []string{"2: 1|O'Neill, \"Jr\"", "3: 2|x\ny", "6: 5|6"}, errs: []string{"5 bad_quote Id"}},
		},
		{
			name: "SingleQuotesBelowATitle", in: "Deals\n'Id';'Deal';'Amount'\n'1';'x';5\n'2';'it''s';6\n", header: "Id|Deal|Amount", line: 2, titles: 1, quote: '\'',
			want: outcome{rows: []string{"3: 1|x|5", "4: 2|it's|6"}},
		},
		{
			name: "SingleQuotesHereAndThere", in: "'Id',Name\n1,O'Neill\n", header: "'Id'|Name", line: 1,
			want: outcome{rows: []string{"2: 1|O'Neill"}},
		},
		{
			name: "SingleQuotesWithin", in: "'Id' or 'No','Name'\n1,O'Neill\n", header: "'Id' or 'No'|'Name'", line: 1,
			want: outcome{rows: []string{"2: 1|O'Neill"}},
		},
		{
			name: "SingleQuotesNotAsked", in: "'Id','Name'\n1,O'Neill\n", opts: Options{Quote: '"'}, header: "'Id'|'Name'", line: 1,
			want: outcome{rows: []string{"2: 1|O'Neill"}},
		},
		{
			name: "QuoteAsked", in: "Id,Name\n1,|a,\"b||c|\n", opts: Options{Quote: '|'}, header: "Id|Name", line: 1, quote: '|',
			want: outcome{rows: []string{`2: 1|a,"b|c`}},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()

			if tc.quote == 0 {
				tc.quote = '"'
			}
			p, out := readString(t, tc.in, tc.opts)
			require.Equal(t, FormatCSV, p.Format, p.Reason)
			require.Equal(t, tc.header, strings.Join(p.Header, "|"))
			require.Equal(t, tc.want, out)
			require.Equal(t, []int{tc.line, tc.titles}, []int{p.HeaderLine, p.Titles})
			require.Equal(t, string(tc.quote), string(p.Quote))
		})
	}
}

func TestCSV_NoHeader(t *testing.T) {
	t.Parallel()

	p := scanString(t, "a,b\n1,2\n", Options{HeaderLine: 4})
	require.Equal(t, FormatUnknown, p.Format)
	require.Equal(t, "there is no header on the line where it was said to be", p.Reason)
	p = scanString(t, strings.Repeat("\n", maxTitleBytes+1)+"a,b\n", Options{})
	require.Equal(t, FormatUnknown, p.Format)
}

// TestRaw_SingleQuotes gives a bad row with the quotes that the file has.
func TestRaw_SingleQuotes(t *testing.T) {
	t.Parallel()

	const in = "'a','b'\n'1','say \"hi\"','x''y'\n'2','\x00\"'\n"
	p := scanString(t, in, Options{})
	var got []RawRecord
	err := Raw(t.Context(), opener([]byte(in)), p, Options{}, each([]int64{1, 2}), func(r RawRecord) error {
		got = append(got, r)
		return nil
	})
	require.NoError(t, err)
	require.Equal(t, []RawRecord{
		{Line: 2, Names: []string{"a", "b"}, Cells: []string{"1", `say "hi"`}, Text: "'1','say \"hi\"','x''y'"},
		{Line: 3, Names: []string{"a", "b"}, Cells: []string{"2", "\x00\""}},
	}, got)
}
