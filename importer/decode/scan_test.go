package decode

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"
)

func TestScan_Formats(t *testing.T) {
	t.Parallel()

	random := make([]byte, 4096)
	state := uint32(1)
	for i := range random {
		state = state*1664525 + 1013904223
		random[i] = byte(state >> 24)
	}

	for _, tc := range []struct {
		name, in string
		format   Format
		reason   string
	}{
		{"Binary", string(random), FormatUnknown, "binary data"},
		{"BinaryNULs", strings.Repeat("\x00", 5000), FormatUnknown, "binary data"},
		{"Blank", " \r\n\t\n", FormatEmpty, "there is nothing in the file"},
		{"BlankButLarge", strings.Repeat("\n", 2<<20) + "a,b\n", FormatUnknown, "there is no header"},
		{"BOMAlone", "\ufeff", FormatEmpty, "there is nothing in the file"},
		{"CSVOneColumn", "Id\n1\n", FormatCSV, ""},
		{"CSVOneColumnOfWords", "Account No.\n1\n", FormatCSV, ""},
		{"CSVWithBrackets", "[Id],[Name]\n1,2\n", FormatCSV, ""},
		{"CSVWithBraces", "{Id},{Name}\n1,2\n", FormatCSV, ""},
		{"CSVWithNoGoodRow", "a,b,c\n1,2\n1\n", FormatCSV, ""},
		{"Empty", "", FormatEmpty, "there is nothing in the file"},
		{"HeaderTooLong", strings.Repeat("column,", 300_000), FormatUnknown, "the first line is longer than a header can be"},
		{"HeaderTooWide", strings.Repeat(",", 30_000) + "\n1\n", FormatUnknown, "the first line has more columns than a table can have"},
		{"HTML", "\n<!DOCTYPE html><html><body>Login</body></html>", FormatUnknown, "an HTML page; a login page, perhaps, in the place of the export"},
		{"HTMLFragment", "<div>\n<p>x</p></div>", FormatUnknown, "HTML or XML"},
		{"JSONArrayOfArrays", `[[1],[2]]`, FormatUnknown, "a JSON array of 2 values that are not objects"},
		{"JSONInsideBlanks", " \r\n\t[ ]\n", FormatJSON, ""},
		{"Markdown", "# Read me\n\nThis is about, well, something.\n", FormatUnknown, "text without a header, not a table"},
		{"PDF", "%PDF-1.7\n...", FormatUnknown, "a PDF document"},
		{"Poem", "Shall I compare thee to a summer's day?\nThou art more lovely and more temperate:\n", FormatUnknown, "text without a header, not a table"},
		{
			"Prose", "Dear all, please find attached what we have talked about last week in the office.\nIt is long.\nVery long.\nIt goes on, and on, and on.\nBye.\nMe\n",
			FormatUnknown, "text without a header, not a table",
		},
		{"XML", "<?xml version=\"1.0\"?>\n<a/>", FormatUnknown, "XML"},
		{"Zip", "PK\x03\x04abc", FormatUnknown, "a zip archive or a spreadsheet"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()

			p := scanString(t, tc.in, Options{})
			require.Equal(t, tc.format, p.Format, p.Reason)
			require.Equal(t, tc.reason, p.Reason)
			require.Equal(t, int64(len(tc.in)), p.Bytes)
		})
	}
}

func TestScan_Measures(t *testing.T) {
	t.Parallel()

	for _, tc := range []struct {
		name, in string
		lines    int64
	}{
		{"CRLF", "a,b\r\n1,2\r\n", 2},
		{"Empty", "", 0},
		{"JSON", "[\n{\"a\":1}\n]", 3},
		{"LF", "a,b\n1,2\n", 2},
		{"LineEndInCell", "a,b\n1,\"x\ny\"\n", 3},
		{"NoLastLineEnd", "a,b\n1,2", 2},
		{"OldMac", "a,b\r1,2\r3,4", 3},
		{"UTF16", "\xff\xfea\x00,\x00b\x00\n\x001\x00,\x00\x0a\x0a\n\x00", 2},
		{"UTF32WithWrongMark", "\xfe\xff" + utf32Bytes("a,b\n1,2\n", binary.LittleEndian), 2},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()

			open := func() (io.ReadCloser, error) {
				return io.NopCloser(iotest.OneByteReader(strings.NewReader(tc.in))), nil
			}
			p, err := Scan(t.Context(), open, Options{})
			require.NoError(t, err)
			require.Equal(t, tc.lines, p.Lines)
			require.Equal(t, int64(len(tc.in)), p.Bytes)
			sum := sha256.Sum256([]byte(tc.in))
			require.Equal(t, hex.EncodeToString(sum[:]), p.SHA256)
		})
	}
}

func TestScan_Errors(t *testing.T) {
	t.Parallel()

	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := Scan(ctx, opener([]byte("a,b\n")), Options{})
	require.ErrorIs(t, err, context.Canceled)

	_, err = Scan(t.Context(), func() (io.ReadCloser, error) { return nil, io.ErrClosedPipe }, Options{})
	require.ErrorIs(t, err, io.ErrClosedPipe)

	for _, r := range []rune{'"', '\n', '\r', 0xfffd, -1} {
		_, err = Scan(t.Context(), opener([]byte("a,b\n")), Options{Delimiter: r})
		require.ErrorIs(t, err, errDelimiter)
	}
	for _, r := range []rune{' ', '\n', 'a', '7', 'é', ';', -1} {
		_, err = Scan(t.Context(), opener([]byte("a,b\n")), Options{Quote: r, Delimiter: ';'})
		require.ErrorIs(t, err, errQuote)
	}
	_, err = Scan(t.Context(), opener([]byte("a,b\n")), Options{HeaderLine: -1})
	require.ErrorIs(t, err, errHeaderLine)
}

// TestScan_CanceledLater cancels in the middle of a file.
func TestScan_CanceledLater(t *testing.T) {
	t.Parallel()

	ctx, cancel := context.WithCancel(context.Background())
	n := 0
	endless := readerFunc(func(p []byte) (int, error) {
		if n++; n > 100 {
			cancel()
		}
		return copy(p, strings.Repeat("a,b\n", 1000)), nil
	})
	_, err := Scan(ctx, func() (io.ReadCloser, error) { return io.NopCloser(endless), nil }, Options{})
	require.ErrorIs(t, err, context.Canceled)
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// TestScan_NoProgress has a reader that returns nothing and no error, for ever.
func TestScan_NoProgress(t *testing.T) {
	t.Parallel()

	idle := readerFunc(func([]byte) (int, error) { return 0, nil })
	_, err := Scan(t.Context(), func() (io.ReadCloser, error) { return io.NopCloser(idle), nil }, Options{})
	require.ErrorIs(t, err, io.ErrNoProgress)

	_, err = NewReader(io.NopCloser(idle), &Profile{Format: FormatCSV, Encoding: "utf-16le"}, Options{})
	require.ErrorIs(t, err, io.ErrNoProgress)
}

// TestNewReader_ChangedFile has a file whose header is another one when it is read.
func TestNewReader_ChangedFile(t *testing.T) {
	t.Parallel()

	p := scanString(t, "a,b\n1,2\n", Options{})
	_, err := NewReader(readCloser("b,a\n1,2\n"), p, Options{})
	var bad *FileError
	require.ErrorAs(t, err, &bad)
	require.ErrorContains(t, err, "the file has changed since")
}

// TestScan_RoomIsUsedAgain scans files of all sizes one after another, each of which says the same as when it is the first.
func TestScan_RoomIsUsedAgain(t *testing.T) {
	t.Parallel()

	files := []string{
		"Id,Name\n" + strings.Repeat("1,a\n", headBytes/4), "a;b\n1;2\n", "", `[{"Id":"1","Name":"x"}]`,
		"'Id','Name'\n'1','x'\n", "\ufeffMail,City\n" + strings.Repeat("a@b,c\n", 10_000), "x", "Id,Name\n1,a\n",
	}
	var first []*Profile
	for range 3 {
		var all []*Profile
		for _, text := range files {
			p, err := Scan(t.Context(), opener([]byte(text)), Options{})
			require.NoError(t, err)
			all = append(all, p)
		}
		if first == nil {
			first = all
		}
		require.Equal(t, first, all)
	}
	require.Equal(t, []string{"Id", "Name"}, first[0].Header)
	require.Equal(t, []string{"a", "b"}, first[1].Header)
	require.Equal(t, '\'', first[4].Quote)
	require.Equal(t, []string{"Mail", "City"}, first[5].Header)
}

// TestHasHeader cuts the header of the beginning of a text as that of all of it, once it is there.
func TestHasHeader(t *testing.T) {
	t.Parallel()

	for _, text := range []string{
		"a,b\n1,2\n", "\n \n\na,b\n1,2\n", "\"a\nb\",c\n1,2\n", "\"a\nb,c\n1,2\n3,4\n", "a\"b,c\n1,2\nx\"y,3\n4,5\n", "a,b", "\n\n", "a,b\r\n1,2",
	} {
		want, end, reason := cutHeader([]byte(text), ',', true)
		for n := range len(text) {
			if !hasHeader([]byte(text[:n])) {
				continue
			}
			got, at, why := cutHeader([]byte(text[:n]), ',', false)
			require.Equal(t, string(want), string(got))
			require.Equal(t, end, at)
			require.Equal(t, reason, why)
		}
	}
	require.True(t, hasHeader([]byte("a,b\n1")))
	require.False(t, hasHeader([]byte("a,b\n")), "the first line may be all there is, or longer than a header can be")
}
