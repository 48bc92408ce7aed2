package decode

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func readCloser(s string) io.ReadCloser { return io.NopCloser(strings.NewReader(s)) }

func TestCSV_Resync(t *testing.T) {
	t.Parallel()

	for _, tc := range []struct {
		name string
		in   []string // lines, below the header a,b,c
		rows string   // lines on which the records begin
		errs []string
	}{
		{
			name: "BadRecordThenRecordOfSeveralLines",
			in:   []string{`1,"x,y`, `2,"b`, `b",y`, `3,b,z`},
			rows: "3 5", errs: []string{"2 bad_quote b"},
		},
		{
			name: "BareQuotesEach",
			in:   []string{`1,15" screen,x`, `2,17" screen,x`, `3,b,z`},
			rows: "4", errs: []string{"2 bad_quote b", "3 bad_quote b"},
		},
		{
			name: "CellOfSeveralLinesWithInnerQuote",
			in:   []string{`1,"he said "no" and`, `left",x`, `2,b,y`},
			rows: "4", errs: []string{"2-3 bad_quote b"},
		},
		{
			name: "CellOfSeveralLinesWithQuoteTooMany",
			in:   []string{`"1","b"b`, `b","x"`, `"2","b","y"`},
			rows: "4", errs: []string{"2-3 bad_quote b"},
		},
		{
			name: "FullyQuotedOpenAtTheEndOfTheLine",
			in:   []string{`"1","b","x`, `"2","b","y"`, `"3","b","z"`},
			rows: "3 4", errs: []string{"2 bad_quote c"},
		},
		{
			name: "FullyQuotedWithAQuoteTooMany",
			in:   []string{`"1","b"b","x"`, `"2","b","y"`},
			rows: "3", errs: []string{"2 bad_quote b"},
		},
		{
			name: "LegalCellThatLooksLikeRows",
			in:   []string{`1,"b`, `2,b,y`, `3,b,z",x`, `4,b,x`},
			rows: "2 5",
		},
		{
			name: "OpenQuoteEach",
			in:   []string{`1,"b,x`, `2,"b,y`, `3,b,z`},
			rows: "4", errs: []string{"2 bad_quote b", "3 bad_quote b"},
		},
		{
			name: "OpenQuoteInTheLastLine",
			in:   []string{`1,b,x`, `2,"b,y`},
			rows: "2", errs: []string{"3 bad_quote b"},
		},
		{
			name: "OpenQuoteThatALaterCellCloses",
			in:   []string{`1,"b,x`, `2,b,y`, `3,b,",",",",z`, `4,b,x`},
			rows: "3 5", errs: []string{"2 bad_quote b", "4 ragged_row"},
		},
		{
			name: "OpenQuoteThatMakesOneRowOfThree",
			in:   []string{`1,"b,x`, `2,b,y`, `3,b,"`, `4,b,x`},
			rows: "3 5", errs: []string{"2 bad_quote b", "4 bad_quote c"},
		},
		{
			name: "OpenQuoteUpToTheEnd",
			in:   []string{`1,b,"x`, `2,b,y`, `3,b,z`},
			rows: "3 4", errs: []string{"2 bad_quote c"},
		},
		{
			name: "RaggedRecordOfSeveralLines",
			in:   []string{`1,"b`, ``, `b",x,more`, `2,b,y`},
			rows: "5", errs: []string{"2-4 ragged_row"},
		},
		{
			name: "TailOfACellWhoseBeginIsLost",
			in:   []string{`1,some text`, `more text",x`, `2,b,y`},
			rows: "4", errs: []string{"2 ragged_row", "3 bad_quote a"},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()

			for name, end := range map[string]string{"CRLF": "\r\n", "LF": "\n"} {
				in := "a,b,c" + end + strings.Join(tc.in, end) + end
				_, out := readString(t, in, Options{})
				var lines []string
				for _, row := range out.rows {
					line, _, _ := strings.Cut(row, ":")
					lines = append(lines, line)
				}
				require.Equal(t, tc.rows, strings.Join(lines, " "), name)
				require.Equal(t, tc.errs, out.errs, name)
			}
		})
	}
}

// TestCSV_StrayQuoteCostsOneRecord puts a quote somewhere into files of all kinds of cells, and looks
// whether all other records come through, and nothing that is none.
func TestCSV_StrayQuoteCostsOneRecord(t *testing.T) {
	t.Parallel()

	values := []string{
		"", "x", "Ann", "a b", `say "hi"`, "one, two", "line\nbreak", "x\n\ny", "2023-01-01", "12,5", `"`, ",", "é",
	}
	quote := func(cell string) string { return `"` + strings.ReplaceAll(cell, `"`, `""`) + `"` }
	for name, write := range map[string]func(string) string{
		"AllQuoted": quote,
		"QuotedWhereNeeded": func(cell string) string {
			if strings.ContainsAny(cell, "\",\n") {
				return quote(cell)
			}
			return cell
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			for seed := range uint64(2000) {
				random := rand.New(rand.NewPCG(seed, 0))
				width := 2 + random.IntN(6)
				texts, want := make([]string, 12), make([]string, 12)
				for i := range texts {
					cells, written := make([]string, width), make([]string, width)
					for j := range cells {
						cells[j] = values[random.IntN(len(values))]
						written[j] = write(cells[j])
					}
					texts[i], want[i] = strings.Join(written, ","), strings.Join(cells, "|")
				}
				broken := random.IntN(len(texts))
				at := random.IntN(len(texts[broken]) + 1)
				texts[broken] = texts[broken][:at] + `"` + texts[broken][at:]

				in := strings.Repeat("h,", width-1) + "h\n" + strings.Join(texts, "\n") + "\n"
				p := scanString(t, in, Options{Encoding: utf8Name, Delimiter: ','})
				out, _, err := readProfile(t, in, p, Options{})
				require.NoError(t, err)
				var got []string
				for _, row := range out.rows {
					_, cells, _ := strings.Cut(row, ": ")
					got = append(got, cells)
				}
				if len(got) == len(want) {
					// The record is a row all the same, of another value: the quote is at the end of
					// a line of a cell, or stands beside another one.
					got = slices.Delete(got, broken, broken+1)
				}
				want = slices.Delete(want, broken, broken+1)
				require.Equal(t, want, got, "%s", in)
			}
		})
	}
}

// generator writes a text that is too long to be held.
type generator struct {
	parts []string // a part is repeated times[i] times
	times []int
	rest  string
}

func (g *generator) Read(p []byte) (int, error) {
	n := 0
	for n < len(p) {
		if g.rest == "" {
			for len(g.times) > 0 && g.times[0] == 0 {
				g.parts, g.times = g.parts[1:], g.times[1:]
			}
			if len(g.times) == 0 {
				break
			}
			g.times[0]--
			g.rest = g.parts[0]
		}
		copied := copy(p[n:], g.rest)
		g.rest = g.rest[copied:]
		n += copied
	}
	if n == 0 {
		return 0, io.EOF
	}
	return n, nil
}

// repeated opens the concatenation of strings, each given with how often it is repeated.
func repeated(parts ...any) func() (io.ReadCloser, error) {
	return func() (io.ReadCloser, error) {
		g := &generator{}
		for i := 0; i < len(parts); i += 2 {
			g.parts = append(g.parts, parts[i].(string))
			g.times = append(g.times, parts[i+1].(int))
		}
		return io.NopCloser(g), nil
	}
}

// drainFile reads a file without keeping anything, and returns the number of records, the bad ones, and
// the largest heap that was seen.
func drainFile(t *testing.T, open func() (io.ReadCloser, error), opts Options) (records int, errs []string, heap uint64, err error) {
	t.Helper()
	p, err := Scan(context.Background(), open, opts)
	if err != nil {
		return 0, nil, 0, err
	}
	f, err := open()
	require.NoError(t, err)
	r, err := NewReader(f, p, opts)
	require.NoError(t, err)
	defer r.Close()
	var before, now runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	look := func() {
		runtime.GC()
		runtime.ReadMemStats(&now)
		if now.HeapAlloc > before.HeapAlloc {
			heap = max(heap, now.HeapAlloc-before.HeapAlloc)
		}
	}
	for {
		_, err := r.Read()
		var bad *RecordError
		switch {
		case errors.Is(err, io.EOF):
			look()
			return records, errs, heap, nil
		case errors.As(err, &bad):
			look()
			errs = append(errs, describe(bad))
		case err != nil:
			return records, errs, heap, err
		default:
			records++
		}
	}
}

// These tests look at the heap, and so they do not run in parallel with others.
func TestRead_LargeInputs(t *testing.T) { //nolint:paralleltest // measures the heap
	const (
		mb    = 1 << 20
		limit = 1 << 20
	)
	kb := strings.Repeat("x", 1<<10)

	for _, tc := range []struct {
		name    string
		open    func() (io.ReadCloser, error)
		opts    Options
		records int
		errs    []string
		fatal   string
	}{
		{
			name:    "CSVCellOf50MB",
			open:    repeated("a,b\n1,2\n3,\"", 1, kb, 50<<10, "\"\n4,5\n", 1),
			records: 2, errs: []string{"3 record_too_large b"},
		},
		{
			name:    "CSVCellOf50MBInLines",
			open:    repeated("a,b\n1,2\n3,\"", 1, kb+"\n", 50<<10, "\"\n4,5\n", 1),
			records: 2, errs: []string{"3-51203 record_too_large b"},
		},
		{
			name:    "CSVCellOf10MBNotQuoted",
			open:    repeated("a,b\n1,2\n3,", 1, kb, 10<<10, "\n4,5\n", 1),
			records: 2, errs: []string{"3 record_too_large b"},
		},
		{
			name:    "CSVLineOfDelimiters",
			open:    repeated("a,b\n1,2\n", 1, ",", 5*mb, "\n4,5\n", 1),
			records: 2, errs: []string{"3 record_too_large"},
		},
		{
			name:    "CSVStrayQuoteInAMillionLines",
			open:    repeated("a,b\n", 1, "1,2\n", 5, "1,\"2\n", 1, "1,2\n", 1_000_000-7),
			records: 1_000_000 - 2, errs: []string{"7 bad_quote b"},
		},
		{
			name:    "CSVStrayQuotesInEveryThousandthLine",
			open:    repeated("a,b\n", 1, strings.Repeat("1,2\n", 999)+"1,\"2\n", 200),
			records: 199_800, errs: numberedBy("%d bad_quote b", 1001, 1000, 200),
		},
		{
			name:    "JSONRecordOf50MB",
			open:    repeated(`[{"a":1},{"a":"`, 1, kb, 50<<10, `"},{"a":2}]`, 1),
			records: 2, errs: []string{"1 record_too_large"},
		},
		{
			name:  "JSONStringWithoutEnd",
			open:  repeated(`[{"a":1},{"a":"`, 1, kb, 50<<10),
			fatal: "line 1: malformed JSON: the file ends in the middle of a value; it is not complete",
		},
		{
			name:  "JSONNestedWithoutEnd",
			open:  repeated(`[{"a":1},{"a":`, 1, "[", 20*mb),
			fatal: "line 1: malformed JSON: values are nested too deeply",
		},
		{
			name:    "JSONNumberOf10MB",
			open:    repeated(`[{"a":1},{"a":`, 1, strings.ReplaceAll(kb, "x", "1"), 10<<10, `},{"a":2}]`, 1),
			records: 2, errs: []string{"1 record_too_large"},
		},
		{
			name:    "JSONWithAMemberOf50MBBesidesTheRecords",
			open:    repeated(`{"note":"`, 1, kb, 50<<10, `","records":[{"a":1}]}`, 1),
			records: 1,
		},
		{
			name:    "NDJSONLineOf50MB",
			open:    repeated("{\"a\":1}\n{\"a\":1}\n{\"a\":\"", 1, kb, 50<<10, "\"}\n{\"a\":2}\n", 1),
			records: 3, errs: []string{"3 record_too_large"},
		},
	} {
		t.Run(tc.name, func(t *testing.T) { //nolint:paralleltest // measures the heap
			tc.opts.MaxRecordBytes = limit
			records, errs, heap, err := drainFile(t, tc.open, tc.opts)
			if tc.fatal != "" {
				require.EqualError(t, err, tc.fatal)
				return
			}
			require.NoError(t, err)
			require.Equal(t, tc.records, records)
			require.Equal(t, tc.errs, errs)
			require.Less(t, heap, uint64(10*limit), "a record may cost some times the limit")
		})
	}
}

// numberedBy returns n strings with numbers from first on.
func numberedBy(format string, first, step, n int) []string {
	var list []string
	for i := range n {
		list = append(list, fmt.Sprintf(format, first+i*step))
	}
	return list
}
