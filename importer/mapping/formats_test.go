package mapping

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestEvidence(t *testing.T) {
	t.Parallel()

	const undecided, mixed = "no cell decides", "differs from row to row"
	for _, tc := range []struct {
		name, cells string
		dates       bool
		want        Format
		err         string
	}{
		{name: "OneDayDecides", dates: true, cells: "3/4/2024|3/31/2024", want: Format{Order: DateOrderMDY, Decimal: DecimalPoint}},
		{name: "OneDayDecidesLast", dates: true, cells: "3/4/2024|5/6/2024|31.3.2024", want: Format{Order: DateOrderDMY, Decimal: DecimalComma}},
		{name: "NoDayDecides", dates: true, cells: "3/4/2024|5/6/2024", err: undecided},
		{name: "DaysDisagree", dates: true, cells: "31/3/2024|3/31/2024", err: mixed},
		{name: "NothingToDecide", dates: true, cells: "2024-03-04|4/4/2024||N/A|15 Apr 2021|soon|31/31/2024"},
		{name: "TimesToo", dates: true, cells: "5/20/2024 7:42|5/6/2024 2:30 PM", want: Format{Order: DateOrderMDY, Decimal: DecimalPoint}},

		{name: "PointDecides", cells: "1.200|950.5", want: Format{Order: DateOrderMDY, Decimal: DecimalPoint}},
		{name: "CommaDecides", cells: "1.200|950,5", want: Format{Order: DateOrderDMY, Decimal: DecimalComma}},
		{name: "GroupsDecide", cells: "1.200|1.200.000", want: Format{Order: DateOrderDMY, Decimal: DecimalComma}},
		{name: "NoMarkDecides", cells: "1.200|950|17", err: undecided},
		{name: "CommaOpen", cells: "1,200", err: undecided},
		{name: "MarksDisagree", cells: "1.200|950,5|12.5", err: mixed},
		{name: "MarksDisagreeHarmlessly", cells: "950,5|12.5"},
		{name: "NoMarks", cells: "1|2|1 200|1'200|N/A|"},
		{name: "ZeroPoint", cells: "0.125|1.200", want: Format{Order: DateOrderMDY, Decimal: DecimalPoint}},
		{name: "Percent", cells: "12,5 %|1.200", want: Format{Order: DateOrderDMY, Decimal: DecimalComma}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()

			e := NewEvidence(Formatted{Column: "C", Dates: tc.dates})
			for i, cell := range strings.Split(tc.cells, "|") {
				e.Add(cell, i+2)
			}
			got, err := e.Decide()
			if tc.err != "" {
				require.ErrorContains(t, err, tc.err)
				require.ErrorContains(t, err, `column "C"`)
				var undecided *UndecidedError
				require.ErrorAs(t, err, &undecided)
				require.Equal(t, tc.err == mixed, undecided.Mixed)
				if !undecided.Mixed {
					require.Equal(t, 2, undecided.Line)
				}
				return
			}
			require.NoError(t, err)
			require.Equal(t, tc.want, got)
		})
	}
}

// TestFormatted: which columns have to be looked at depends on what the mapping says of them.
func TestFormatted(t *testing.T) {
	t.Parallel()

	const object = `
objects:
  A:
    recognise: {all: [Id]}
    aliases: {Amount: [Betrag]}
    key: Id
    created: Made
    node:
      type: opportunity
      properties:
        due: {column: Due, as: date}
        stated: {column: Stated, as: date, order: dmy}
        laid: {column: Laid, as: time, layout: DD.MM.YYYY}
        amount: {column: Amount, as: money}
        said: {column: Said, as: number, decimal: comma}
        name: Name
`
	header := []string{"Id", "Made", "Due", "Stated", "Laid", "Amount", "Said", "Name"}
	columns := func(text string, header []string, s Settings) (names []string) {
		m := parse(t, "mapping: x\n"+text+object)
		p, err := m.Compile("A", header, s)
		require.NoError(t, err)
		for _, f := range p.Formatted() {
			names = append(names, f.Column)
		}
		return names
	}
	require.Equal(t, []string{"Made", "Due", "Amount"}, columns("", header, Settings{}))
	require.Equal(t, []string{"Amount"}, columns("dates: dmy\n", header, Settings{}))
	require.Equal(t, []string{"Made", "Due"}, columns("numbers: point\n", header, Settings{}))
	require.Equal(t, []string{"Made", "Due"}, columns("", header, Settings{Plain: true}), "JSON has points")
	header[5] = "Betrag"
	require.Equal(t, []string{"Made", "Due", "Betrag"}, columns("numbers: point\n", header, Settings{}), "labels are for people")

	// What the mapping says wins over what the column shows, and that over what the run was told.
	m := parse(t, "mapping: x\n"+object)
	cells := []string{"1", "", "3/4/2024", "3/4/2024", "", "1.200", "1.200", ""}
	for _, tc := range []struct {
		s    Settings
		want string
	}{
		{Settings{DateOrder: DateOrderDMY, Decimal: DecimalPoint}, `{"amount":1.2,"due":"2024-04-03","said":1200,"stated":"2024-04-03"}`},
		{
			Settings{DateOrder: DateOrderDMY, Decimal: DecimalPoint, Formats: Formats{"Due": {Order: DateOrderMDY}, "Betrag": {Decimal: DecimalComma}, "Said": {Decimal: DecimalPoint}, "Stated": {Order: DateOrderMDY}}},
			`{"amount":1200,"due":"2024-03-04","said":1200,"stated":"2024-04-03"}`,
		},
	} {
		b, _, err := mapWith(t, m, "A", tc.s, header, cells...)
		require.NoError(t, err)
		require.Equal(t, tc.want, string(b.Nodes[0].Properties))
	}
}
