package decode

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

// fuzzRead reads a file to its end and checks what holds for any file. It returns the records with
// nil in the place of each bad one, and the error that ended the file, if any.
func fuzzRead(t *testing.T, data []byte, p *Profile, opts Options) ([]*Record, error) {
	t.Helper()
	r, err := NewReader(io.NopCloser(bytes.NewReader(data)), p, opts)
	if err != nil {
		return nil, err
	}
	var (
		all   []*Record
		lines []int
		line  = 1
	)
	headers := map[string]*Header{} // by type
	kinds := map[string]bool{}
	for _, c := range opts.Children {
		kinds[c.Type] = true
	}
	for {
		rec, err := r.Read()
		var bad *RecordError
		switch {
		case err == nil:
			require.GreaterOrEqual(t, rec.Line, line, "lines never go back")
			line = rec.Line
			require.Len(t, rec.Cells, len(rec.Header.Names))
			kind := ""
			if kinds[rec.Type] {
				kind = rec.Type
			}
			if header := headers[kind]; header != nil && header != rec.Header {
				require.Greater(t, len(rec.Header.Names), len(header.Names))
				require.Equal(t, header.Names, rec.Header.Names[:len(header.Names)])
			}
			headers[kind] = rec.Header
			require.Equal(t, rec.Header.Names, r.Columns(kind)[:len(rec.Header.Names)])
			for _, c := range rec.Cells {
				require.True(t, utf8.ValidString(c))
				require.NotContains(t, c, "\x00")
			}
			all = append(all, &rec)
			lines = append(lines, rec.Line)
			continue
		case errors.As(err, &bad):
			require.GreaterOrEqual(t, bad.Line, line, "lines never go back")
			require.GreaterOrEqual(t, bad.EndLine, bad.Line)
			require.True(t, utf8.ValidString(bad.Column+bad.Value+bad.Reason))
			require.NotContains(t, bad.Column+bad.Value+bad.Reason, "\x00")
			line = bad.Line
			all = append(all, nil)
			lines = append(lines, bad.Line)
			continue
		case errors.Is(err, io.EOF):
			if p.Format != FormatJSON && len(kinds) == 0 {
				require.LessOrEqual(t, int64(len(all)+r.Footer()), p.Lines)
			}
		}
		if errors.Is(err, io.EOF) {
			fuzzRaw(t, data, p, opts, lines)
			err = nil
		}
		return all, err
	}
}

// fuzzRaw checks that Raw finds each of the records.
func fuzzRaw(t *testing.T, data []byte, p *Profile, opts Options, lines []int) {
	t.Helper()
	numbers := make([]int64, len(lines))
	for i := range numbers {
		numbers[i] = int64(i) + 1
	}
	n := 0
	err := Raw(context.Background(), opener(data), p, opts, each(numbers), func(r RawRecord) error {
		require.Equal(t, lines[n], r.Line)
		require.Len(t, r.Cells, len(r.Names))
		n++
		return nil
	})
	require.NoError(t, err)
	require.Equal(t, len(lines), n)
}

func FuzzCSV(f *testing.F) {
	for _, s := range []string{
		"a,b\n1,2\n", "a;b\r\n1;\"x\r\ny\"\r\n", "a\tb\n1\t2\n\nfooter\n", "a,a,\n1,2,3\n", "a\n\"\"\n \n\"\"\"\"\n",
		"a,b\n1,\"2\n3,4\n", "a,b\n1,2\"\n\"3\"4,5\n", "a,b\n1,\"x\ny\",2\n3,4\n", "a,b\n\n\n1\n2\n", "a,b\r1,2\r", "a,b\n1,2\r",
		"\ufeffa,b\n\xff,\x00\n", "a|b\n1|2", "_code,_run_id,a\n1,2,3\n", "\"a\nb\",c\n1,2\n", "a,b\n,\n , \n\"\",\"\"\n", "a,b\n1,\"2\"\r\r\n",
		"sep=;\na;b\n1;2\n", "\"sep=|\"\n\na|b\n", "Title\n\nName,Mail,City\nAnn,a@b,x\nBob,b@b,y\n\nfoot\n", "'a','b'\n'1','x''\"y'\n'\n",
	} {
		f.Add([]byte(s), uint16(0))
		f.Add([]byte(s), uint16(6))
	}
	f.Fuzz(func(t *testing.T, data []byte, limit uint16) {
		opts := Options{MaxRecordBytes: int(limit)}
		p, err := Scan(context.Background(), opener(data), opts)
		if err != nil || p.Format != FormatCSV {
			// Whatever it is, it has to stand being read as CSV.
			p = &Profile{Format: FormatCSV, Encoding: utf8Name, Delimiter: ',', Lines: int64(len(data))}
			r, err := NewReader(io.NopCloser(bytes.NewReader(data)), p, opts)
			if err != nil {
				return
			}
			p.Header = r.Columns("")
		}
		if p.HeaderLine > 0 {
			// Who says what was found finds the same.
			said := Options{MaxRecordBytes: int(limit), Delimiter: p.Delimiter, Quote: p.Quote, HeaderLine: p.HeaderLine}
			again, err := Scan(context.Background(), opener(data), said)
			require.NoError(t, err)
			again.Titles = p.Titles
			require.Equal(t, p, again)
		}
		all, err := fuzzRead(t, data, p, opts)
		require.NoError(t, err)
		_, _, err = readProfile(t, string(data), p, opts)
		require.NoError(t, err)
		if limit != 0 || p.BareCR {
			return
		}

		// What encoding/csv reads without an error, we read like it.
		text := decodeHead(data, p.Encoding, false)
		plain := csv.NewReader(bytes.NewReader(text))
		plain.Comma = p.Delimiter
		want, err := plain.ReadAll()
		if err != nil || len(want) == 0 || !slices.Equal(columnNames(want[0]), p.Header) {
			return
		}
		if strings.TrimSpace(strings.Join(want[0], ",")) == "" {
			return // to us, a line of spaces is no header
		}
		require.Len(t, all, len(want)-1)
		for i, rec := range all {
			cells := want[i+1]
			if rec == nil {
				joined := strings.Join(cells, "")
				require.True(t, !utf8.ValidString(joined) || strings.Contains(joined, "\x00"), "a good row was rejected")
				continue
			}
			require.Equal(t, cells, rec.Cells)
		}
	})
}

func FuzzJSON(f *testing.F) {
	for _, s := range []string{
		`[]`, `[{"a":1},{"b":[1,2,{"c":null}]}]`, `{"totalSize":1,"done":false,"records":[{"attributes":{"type":"A","url":"x"},"Id":"1"}]}`,
		`{"records":[{"attributes":{"type":"A","referenceId":"r"},"Bs":{"records":[{"attributes":{"type":"B"},"x":true}]}}]}`,
		`{"id":1,"data":{"x":1}}`, `{"data":{"id":1},"additional_data":{"pagination":{"more_items_in_collection":true}}}`,
		`{"users":[],"info":{"more_records":true},"paging":{"next":{"after":1}},"@odata.nextLink":"x"}`, `{"jsonrpc":"2.0","id":1,"result":[{"a":[1,"x"]}]}`,
		"{\"a\":1}\n{\"a\":2}\n", "{\"a\":1}\n{\"a\":}\n", `[{"a":"\u0000\ud83d\ude00\ud83d"},{"a":1,"a":2}]`,
		`[{"a":-1.5e+10},{"a":0},{"a":01}]`, `[{"a" : { "b" : [ ] } }] x`, `[[1],2]`, `[{"sobject":"A","files":[]}]`, "[{\"\xff\":\"\xe9\"}]",
		`{"a":[{"x":1}],"b":[{"y":1},{"y":2}]}`, `[{"A":{"attributes":{"type":"A"},"b":1},"A.b":2}]`, `[{"":1}]`, `[{"a":{"b":{"c":1,"":2},"d":null},"a.b":{},"e":[{"f":{}}]},{"a":null}]`, `[{"a":{"b":1},"a":{"c":1}}]`,
		"[" + strings.Repeat(`{"a":`, 20) + "1" + strings.Repeat("}", 20) + "]", `[{"a":"` + strings.Repeat("x", 40) + `"}]`,
	} {
		f.Add([]byte(s), uint16(0))
		f.Add([]byte(s), uint16(20))
	}
	f.Fuzz(func(t *testing.T, data []byte, limit uint16) {
		opts := Options{MaxRecordBytes: int(limit)}
		p, err := Scan(context.Background(), opener(data), opts)
		var malformed *FileError
		if err != nil {
			require.ErrorAs(t, err, &malformed)
			if limit == 0 {
				require.False(t, json.Valid(bytes.TrimPrefix(data, []byte("\ufeff"))), "%v", err)
			}
			return
		}
		switch p.Format {
		case FormatJSON, FormatPlan, FormatNDJSON:
		default:
			// It has to stand being read as JSON.
			for _, format := range []Format{FormatJSON, FormatNDJSON} {
				_, _ = fuzzRead(t, data, &Profile{Format: format, Encoding: utf8Name, Lines: int64(len(data))}, opts)
			}
			return
		}
		text := decodeHead(data, p.Encoding, p.BareCR)
		if p.Format != FormatNDJSON && !bytes.Contains(text, bytes.Repeat([]byte("["), 1000)) {
			require.True(t, json.Valid(text), "malformed JSON was accepted")
		}
		all, err := fuzzRead(t, data, p, opts)
		if p.Format == FormatPlan {
			return
		}
		if limit != 0 && err != nil {
			return // a key of the envelope that is larger than a record can be
		}
		require.NoError(t, err)

		// Values agree with encoding/json where a record is what an element of the array is.
		var want []map[string]any
		d := json.NewDecoder(bytes.NewReader(text))
		d.UseNumber()
		if p.Format == FormatNDJSON || bytes.Contains(text, []byte("attributes")) || d.Decode(&want) != nil || slices.ContainsFunc(want, func(m map[string]any) bool { return m == nil }) {
			return
		}
		require.Len(t, all, len(want))
		for i, rec := range all {
			if rec == nil {
				continue
			}
			agree(t, rec, "", want[i], 0)
		}
	})
}

// FuzzChildren reads files as if there were records within the records. The file's own are then no fewer than
// without, in JSON.
func FuzzChildren(f *testing.F) {
	for _, s := range []string{
		`[{"a":1,"b":[{"a":2,"b":[{"a":3}]},{"p":4}]}]`, `[{"b":[1,{"a":"\u0000"}],"c":{"d":[{"x":[]}]}},{"b":[]},{"b":{},"c":null}]`,
		"{\"a\":1,\"b\":[{}]}\n{\"b\":}\n", `{"records":[{"attributes":{"type":"b"},"a":1,"b":[{"b":[{"b":[]}]}],"d":{"records":[{"attributes":{"type":"d"}}]}}]}`,
		"a,b/a,b/p\n1,2,3\n,4,\n", "a,c.d/b/a,c.d/x\n1,2,3\n,4,\n,,5\n,,,\n,6,\n\nfoot\n", "b/a,_code,_run_id,a\n1,2,3,\n\x00,,,1\n", "b/,b/b/,a\n1,,\n,2,\n,,3\n",
	} {
		f.Add([]byte(s), uint16(0))
		f.Add([]byte(s), uint16(20))
	}
	f.Fuzz(func(t *testing.T, data []byte, limit uint16) {
		plain := Options{MaxRecordBytes: int(limit)}
		p, err := Scan(context.Background(), opener(data), plain)
		if err != nil || p.Format == FormatUnknown {
			return
		}
		opts := plain
		opts.Children = []Child{
			{Column: "b", Type: "b", Parent: "p", Key: "a"},
			{Of: "b", Column: "b", Type: "b", Parent: "p", Key: "a"},
			{Column: "c.d", Type: "d", Parent: "q", Key: "a"},
			{Of: "d", Column: "b", Type: "e"},
		}
		before, err := fuzzRead(t, data, p, plain)
		all, againErr := fuzzRead(t, data, p, opts)
		require.Equal(t, err, againErr)
		if p.Format == FormatCSV || bytes.Contains(data, []byte("attributes")) {
			return
		}
		own := 0
		for _, rec := range all {
			if rec != nil && rec.Type == "" {
				own++
			}
		}
		require.GreaterOrEqual(t, len(all), len(before))
		for _, rec := range before {
			if rec != nil {
				own--
			}
		}
		require.GreaterOrEqual(t, own, 0, "a bad child is no fault of its parent")
	})
}

// agree checks that a record has the values of an object, and of those within it, under their names.
func agree(t *testing.T, rec *Record, prefix string, want map[string]any, depth int) {
	t.Helper()
	for key, v := range want {
		key = prefix + key
		if m, ok := v.(map[string]any); ok && len(m) > 0 && depth < maxNested {
			agree(t, rec, key+".", m, depth+1)
			continue
		}
		if key == "" {
			key = emptyName(-1)
		}
		at := rec.Header.Index(key)
		require.GreaterOrEqual(t, at, 0, "column %q", key)
		switch v := v.(type) {
		case nil:
			require.Empty(t, rec.Cells[at])
		case string:
			require.Equal(t, v, rec.Cells[at])
		case bool:
			require.Equal(t, map[bool]string{false: "false", true: "true"}[v], rec.Cells[at])
		case json.Number:
			require.Equal(t, v.String(), rec.Cells[at])
		case map[string]any:
			require.Equal(t, len(v) > 0, rec.Cells[at] != "")
		default:
			require.True(t, json.Valid([]byte(rec.Cells[at])))
		}
	}
}

func FuzzScan(f *testing.F) {
	for _, s := range []string{
		"", "\ufeff", "a,b\n1,2\n", "\xff\xfea\x00,\x00b\x00\n\x00", "\xfe\xff\x00\x00\x00a\x00\x00\x00,", "\x00\x00\xfe\xff\x00\x00\x00a", "caf\xe9\n",
		"<html></html>", "%PDF-", "PK\x03\x04", "{\"a\":1}\n{\"a\":2}", "[{\"a\":1}]", "{", "[", "a\rb\rc", "\x00\x01\x02\x03", "# x\ny", "a\x00\x00\x00,\x00\x00\x00\n\x00\x00\x00",
	} {
		f.Add([]byte(s), "")
		f.Add([]byte(s), "utf-16")
		f.Add([]byte(s), "shift_jis")
	}
	f.Fuzz(func(t *testing.T, data []byte, encoding string) {
		opts := Options{Encoding: encoding}
		p, err := Scan(context.Background(), opener(data), opts)
		if err != nil {
			var unknown *UnknownEncodingError
			var malformed *FileError
			require.True(t, errors.As(err, &unknown) || errors.As(err, &malformed), "%v", err)
			return
		}
		sum := sha256.Sum256(data)
		require.Equal(t, hex.EncodeToString(sum[:]), p.SHA256)
		require.Equal(t, int64(len(data)), p.Bytes)
		require.LessOrEqual(t, p.Lines, int64(len(data)))
		require.NotEmpty(t, p.Encoding)
		require.Equal(t, p.Format == FormatUnknown || p.Format == FormatEmpty, p.Reason != "")
		seen := map[string]bool{}
		for _, name := range p.Header {
			require.False(t, seen[name], "column %q stands twice", name)
			seen[name] = true
			require.True(t, utf8.ValidString(name))
			require.NotEmpty(t, name)
			require.NotContains(t, name, "\x00")
		}
		if p.Format == FormatUnknown {
			return
		}
		all, err := fuzzRead(t, data, p, opts)
		require.NoError(t, err)
		if p.Format == FormatCSV && len(all) > 0 && all[0] != nil {
			require.Equal(t, p.Header, all[0].Header.Names)
		}
	})
}
