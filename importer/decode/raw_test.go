package decode

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestRaw(t *testing.T) {
	t.Parallel()

	for _, tc := range []struct {
		name    string
		in      string
		opts    Options
		numbers []int64
		want    []string // "line: cell|cell <raw>"
	}{
		{
			name: "CSV", in: "a,b\n1,2\n3,\"x\n\"\"y\"\"\"\n4,5\n", numbers: []int64{2, 3},
			want: []string{"3: 3|x\n\"y\" <>", "5: 4|5 <>"},
		},
		{
			name: "CSVBadQuotes", in: "a,b\r\n1,2\"x\r\n\"3\"y,4\r\n5,\"6\r\n7,8\r\n", numbers: []int64{1, 2, 3, 4},
			want: []string{"2: 1|2\"x <1,2\"x>", "3: 3\"y,4| <\"3\"y,4>", "4: 5|6 <5,\"6>", "5: 7|8 <>"},
		},
		{
			name: "CSVBadText", in: "\ufeffa,b\n1,\xff\n2,\x00\n", numbers: []int64{1, 2},
			want: []string{"2: 1|\xff <>", "3: 2|\x00 <>"},
		},
		{
			name: "CSVFooterIsRows", in: "a,b\n1,2\n\nx\n", numbers: []int64{2},
			want: []string{"4: x| <x>"},
		},
		{
			name: "CSVRagged", in: "a,b\n1,2,3\n1\n", numbers: []int64{1, 2},
			want: []string{"2: 1|2 <1,2,3>", "3: 1| <1>"},
		},
		{
			name: "CSVRejectFile", in: "a,_code,b,_run_id\n1,x,2,y\n1,x\n", numbers: []int64{1, 2},
			want: []string{"2: 1|2 <>", "3: 1| <1,x>"},
		},
		{
			name: "CSVTooLarge", in: "a,b\n1,\"" + strings.Repeat("x", 300) + "\"\n3,4\n", opts: Options{MaxRecordBytes: 10}, numbers: []int64{1, 2},
			want: []string{"2: | <1,\"xxxxxxx>", "3: 3|4 <>"},
		},
		{
			name: "JSON", in: "[{\"a\":1},\n{\"b\":2},\n{\"a\":1,\"a\":\"\\u0000\"},\n5]", numbers: []int64{1, 2, 3, 4},
			want: []string{"1: 1| <>", "2: |2 <>", "3: 1| <{\"a\":1,\"a\":\"\\u0000\"}>", "4: | <5>"},
		},
		{
			name:    "JSONChildren",
			in:      "[{\"attributes\":{\"type\":\"A\"},\"Id\":\"1\",\"Bs\":{\"records\":[\n{\"attributes\":{\"type\":\"B\"},\"x\":1}]}}]",
			numbers: []int64{2},
			want:    []string{"2: |1|1 <>"},
		},
		{
			name: "JSONOnOneLine", in: `[{"a":1},{"a":2}]`, numbers: []int64{1, 2},
			want: []string{"1: 1 <>", "1: 2 <>"},
		},
		{
			name: "JSONTooLarge", in: "[{\"a\":1},\n{\"a\":\"" + strings.Repeat("x", 300) + "\"}]", opts: Options{MaxRecordBytes: 10}, numbers: []int64{2},
			want: []string{"2:  <{\"a\":\"xxxx>"},
		},
		{
			name: "NDJSON", in: "{\"a\":1}\n{\"a\":}\n{\"a\":3}\n", numbers: []int64{2, 3},
			want: []string{"2:  <{\"a\":}>", "3: 3 <>"},
		},
		{
			name: "NDJSONTooLarge", in: "{\"a\":1}\n{\"a\":2}\n{\"a\":\"" + strings.Repeat("x", 300) + "\"}\n", opts: Options{MaxRecordBytes: 10}, numbers: []int64{3},
			want: []string{"3:  <{\"a\":\"xxxx>"},
		},
		{
			name: "Nothing", in: "a,b\n", numbers: nil,
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()

			p := scanString(t, tc.in, tc.opts)
			var got []string
			err := Raw(t.Context(), opener([]byte(tc.in)), p, tc.opts, each(tc.numbers), func(r RawRecord) error {
				require.Len(t, r.Cells, len(r.Names))
				got = append(got, fmt.Sprintf("%d: %s <%s>", r.Line, strings.Join(r.Cells, "|"), r.Text))
				return nil
			})
			require.NoError(t, err)
			require.Equal(t, tc.want, got)
		})
	}
}

// each gives the numbers one by one.
func each(numbers []int64) func() (int64, error) {
	return func() (int64, error) {
		if len(numbers) == 0 {
			return 0, io.EOF
		}
		n := numbers[0]
		numbers = numbers[1:]
		return n, nil
	}
}

func TestRaw_JSONWithKeysBeyondTheProfile(t *testing.T) {
	t.Parallel()

	in := "[" + strings.Repeat("{\"a\":1},\n", surveyed+1) + "{\"a\":1,\"b\":2}]"
	p := scanString(t, in, Options{})
	require.Equal(t, []string{"a"}, p.Header)
	err := Raw(t.Context(), opener([]byte(in)), p, Options{}, each([]int64{surveyed + 2}), func(r RawRecord) error {
		require.Equal(t, []string{"a", "b"}, r.Names)
		require.Equal(t, []string{"1", "2"}, r.Cells)
		require.Empty(t, r.Text)
		return nil
	})
	require.NoError(t, err)
}

// TestRaw_FindsAllThatReadReports asks for each record, good or bad.
func TestRaw_FindsAllThatReadReports(t *testing.T) {
	t.Parallel()

	for name, in := range map[string]string{
		"CSV":       "a,b\n1,2\n\"x\n3,4\n5,6,7\n\"8\n9\",10\n11,\"12\n",
		"JSON":      "[{\"a\":1},\n{\"a\":1,\"a\":2},\n\n{\"a\":3}\n,4]",
		"JSONShort": `[{"a":1},{"a":1,"a":2},{"a":3}]`,
		"NDJSON":    "{\"a\":1}\n{\"b\":2}\n{\n{\"a\":3}\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			p := scanString(t, in, Options{})
			r, err := NewReader(readCloser(in), p, Options{})
			require.NoError(t, err)
			var lines []int
			var numbers []int64
			for {
				rec, err := r.Read()
				var bad *RecordError
				if errors.As(err, &bad) {
					rec.Line = bad.Line
				} else if err != nil {
					require.ErrorIs(t, err, io.EOF)
					break
				}
				lines = append(lines, rec.Line)
				numbers = append(numbers, int64(len(lines)))
			}
			var got []int
			err = Raw(t.Context(), opener([]byte(in)), p, Options{}, each(numbers), func(r RawRecord) error {
				got = append(got, r.Line)
				return nil
			})
			require.NoError(t, err)
			require.Equal(t, lines, got)
		})
	}
}

func TestRaw_Errors(t *testing.T) {
	t.Parallel()

	const in = "a,b\n1,\"2\n\"\n3,4\n"
	p := scanString(t, in, Options{})
	err := Raw(t.Context(), opener([]byte(in)), p, Options{}, each([]int64{2, 3}), func(RawRecord) error { return nil })
	var bad *FileError
	require.ErrorAs(t, err, &bad)
	require.Contains(t, bad.Reason, "no record number 3")

	stop := errors.New("stop")
	err = Raw(t.Context(), opener([]byte(in)), p, Options{}, each([]int64{1}), func(RawRecord) error { return stop })
	require.ErrorIs(t, err, stop)
}
