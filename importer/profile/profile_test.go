package profile

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/projectrye/rye-import/importer/mapping"
)

func columnOf(cells ...string) *Column {
	c := NewColumn("c")
	for _, cell := range cells {
		c.Add(cell)
	}
	return c
}

func TestGuess(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name  string
		cells string // parted by bars
		want  Guess
		words string
	}{
		{name: "Nothing", cells: "||", want: Guess{Kind: KindEmpty}},
		{name: "NoValues", cells: "N/A|-|null", want: Guess{Kind: KindEmpty}},
		{name: "Text", cells: "Ada|Grace|42", want: Guess{Kind: KindText}},
		{name: "Bool", cells: "true|false|", want: Guess{Kind: KindBool}},
		{name: "BoolDigits", cells: "0|1|1", want: Guess{Kind: KindBool}},
		{name: "FewOnes", cells: strings.Repeat("0|1|", 20) + "2", want: Guess{Kind: KindNumber}},
		{name: "OneDigit", cells: "1|1|1", want: Guess{Kind: KindNumber}},
		{name: "Email", cells: "ada@example.com|Grace <grace@example.org>", want: Guess{Kind: KindEmail}},
		{name: "Whole", cells: "12|-7|1000", want: Guess{Kind: KindNumber}},
		{name: "Point", cells: "1.5|1,234.50|3", want: Guess{Kind: KindNumber, Decimal: mapping.DecimalPoint}, words: "decimal point"},
		{name: "Comma", cells: "1,5|1.234,50|3", want: Guess{Kind: KindNumber, Decimal: mapping.DecimalComma}, words: "decimal comma"},
		{name: "OpenNumber", cells: "1.200|3|4", want: Guess{Kind: KindNumber, Open: true}, words: "decimal point or comma"},
		{name: "MixedNumber", cells: "1.25|1,25", want: Guess{Kind: KindNumber, Mixed: true, Misfits: 1}, words: "decimal point and comma"},
		{name: "Money", cells: "$1,117.10K|€ 12.50|7", want: Guess{Kind: KindMoney, Decimal: mapping.DecimalPoint}, words: "decimal point"},
		{name: "Percent", cells: "10 %|20%", want: Guess{Kind: KindPercent}},
		{name: "ISO", cells: "2024-01-31|2023-12-01", want: Guess{Kind: KindDate}},
		{name: "MDY", cells: "01/02/2024|01/31/2024", want: Guess{Kind: KindDate, Order: mapping.DateOrderMDY}, words: "mdy"},
		{name: "DMY", cells: "1.2.2024|31.1.2024 10:00", want: Guess{Kind: KindTime, Order: mapping.DateOrderDMY}, words: "dmy, without zone"},
		{name: "OpenDate", cells: "01/02/2024|03/04/2024", want: Guess{Kind: KindDate, Open: true}, words: "day and month in either order"},
		{name: "MixedDate", cells: "01/31/2024|31/01/2024", want: Guess{Kind: KindDate, Mixed: true, Misfits: 1}, words: "day and month in both orders"},
		{name: "Zoned", cells: "2024-01-31T10:00:00Z|2024-01-31T10:00:00+02:00", want: Guess{Kind: KindTime, Zoned: true}, words: "with zone"},
		{name: "Zoneless", cells: "2024-01-31 10:00:00|2024-01-31T10:00:00Z", want: Guess{Kind: KindTime}, words: "without zone"},
		{name: "MostlyDates", cells: strings.Repeat("2024-01-31|", 10) + "soon", want: Guess{Kind: KindDate, Misfits: 1}},
		{name: "TooFewDates", cells: "2024-01-31|soon", want: Guess{Kind: KindText}},
		{name: "Unix", cells: "1700000000000|1600000000000", want: Guess{Kind: KindUnix}},
		{name: "Phone", cells: "+49 30 1234567|(030) 123-456", want: Guess{Kind: KindPhone}},
		{name: "URL", cells: "https://example.com/x|www.example.org", want: Guess{Kind: KindURL}},
		{name: "Host", cells: "example.com|rye.example", want: Guess{Kind: KindURL}},
		{name: "Currency", cells: "EUR|USD|€", want: Guess{Kind: KindCurrency}},
		{name: "NoCurrency", cells: "ABC|DEF", want: Guess{Kind: KindText}},
		{name: "GUID", cells: "1b4e28ba-2fa1-11d2-883f-0016d3cca427|{1B4E28BA-2FA1-11D2-883F-0016D3CCA427}", want: Guess{Kind: KindGUID}},
		{name: "JSON", cells: `{"a":1}|[1,2]`, want: Guess{Kind: KindJSON}},
		{name: "HTML", cells: "<p>Hello</p>|<div>x</div>", want: Guess{Kind: KindHTML}},
		{name: "Duration", cells: "1:30|12:05:59", want: Guess{Kind: KindDuration}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			g := columnOf(strings.Split(tc.cells, "|")...).Guess()
			require.Equal(t, tc.want, g)
			require.Equal(t, tc.words, g.Format())
		})
	}
}

func TestDistinct(t *testing.T) {
	t.Parallel()
	c, half := NewColumn("a"), NewColumn("b")
	for i := range MaxDistinct {
		c.Add(fmt.Sprint(i))
		c.Add(fmt.Sprint(i % 7))
	}
	n, over := c.Distinct()
	require.Equal(t, MaxDistinct, n)
	require.False(t, over, "exactly as many as are counted")
	repeated, of := c.Repeated()
	require.Equal(t, 7, repeated)
	require.Equal(t, MaxDistinct, of)

	for i := range 300_000 {
		c.Add(fmt.Sprint(i))
		if i%2 == 0 {
			half.Add(fmt.Sprint(i))
		}
	}
	n, over = c.Distinct()
	require.Equal(t, MaxDistinct, n)
	require.True(t, over)
	require.LessOrEqual(t, len(c.values), 2*MaxDistinct, "memory is bounded")
	require.Equal(t, int64(320_000), c.Filled)

	shared, compared := half.Within(c)
	require.Positive(t, compared)
	require.Equal(t, compared, shared, "every value of the half is in the whole")
	shared, compared = c.Within(half)
	require.InDelta(t, 50, 100*shared/compared, 3)
	_, of = half.Repeated()
	repeated, _ = half.Repeated()
	require.Zero(t, repeated)
	require.Positive(t, of)
}

func TestNumbers(t *testing.T) {
	t.Parallel()
	c := columnOf("0.5", "", "x", "-3", "12 %")
	require.Equal(t, []float64{-3, 12}, []float64{c.Low, c.High})
	require.Equal(t, int64(4), c.Filled)
}

func TestMask(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"": "", "Ada Lovelace": "Xxx Xxxxxxxx", "ada@example.com": "xxx@xxxxxxx.xxx", "+49 (30) 12-3": "+99 (99) 99-9",
		"Zoë Ångström": "Xxx Xxxxxxxx", "山田": "xx", "٣٤": "99", "a\tb\nc": "x x x", "€ 1.5": "€ 9.9", "🙂": "·",
		strings.Repeat("é", 50): strings.Repeat("x", 40) + "…",
	} {
		require.Equal(t, want, Mask(in), in)
	}
}

func TestSamples(t *testing.T) {
	t.Parallel()
	c := columnOf("Ada", "Bob", "Ada", "Cy", "Dorothy")
	require.Equal(t, []string{"Ada", "Bob", "Cy"}, c.Samples)
	require.Equal(t, []string{"Xxx", "Xx", "Xxxxxxx"}, c.Masked)
}

// FuzzColumn checks what holds for any cells: nothing is counted twice, masks show no letter or digit of
// a value.
func FuzzColumn(f *testing.F) {
	for _, s := range []string{"", "a|1|2024-01-01", "1,5|1.5", "$1K|x", "\xff|\x00", "<p>", "12:00|+1 555", strings.Repeat("9|", 90)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		cells := strings.Split(text, "|")
		c := columnOf(cells...)
		require.LessOrEqual(t, c.Telling, c.Filled)
		require.LessOrEqual(t, c.Filled, int64(len(cells)))
		n, _ := c.Distinct()
		require.LessOrEqual(t, int64(n), c.Filled)
		g := c.Guess()
		require.LessOrEqual(t, g.Misfits, c.Telling)
		require.GreaterOrEqual(t, g.Misfits, int64(0))
		for _, m := range c.Masked {
			require.Empty(t, strings.Trim(strings.Map(func(r rune) rune {
				if r >= '0' && r <= '8' || r >= 'a' && r <= 'w' || r >= 'A' && r <= 'W' {
					return '!'
				}
				return '.'
			}, m), "."), m)
		}
	})
}
