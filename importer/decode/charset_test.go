package decode

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf16"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
)

func utf16Bytes(s string, order binary.AppendByteOrder) string {
	var b []byte
	for _, u := range utf16.Encode([]rune(s)) {
		b = order.AppendUint16(b, u)
	}
	return string(b)
}

func utf32Bytes(s string, order binary.AppendByteOrder) string {
	var b []byte
	for _, r := range s {
		b = order.AppendUint32(b, uint32(r))
	}
	return string(b)
}

func TestEncoding_Detected(t *testing.T) {
	t.Parallel()

	const text = "Id,Name\n1,\"Zoë 😀\"\n2,Ann\n"
	rows := []string{"2: 1|Zoë 😀", "3: 2|Ann"}
	little, big := binary.LittleEndian, binary.BigEndian

	for _, tc := range []struct {
		name, in, encoding string
		rows               []string
		errs               []string
	}{
		{"ASCII", "a,b\n1,2\n", "utf-8", []string{"2: 1|2"}, nil},
		{"BOMUTF16BE", "\xfe\xff" + utf16Bytes(text, big), "utf-16be", rows, nil},
		{"BOMUTF16LE", "\xff\xfe" + utf16Bytes(text, little), "utf-16le", rows, nil},
		{"BOMUTF32BE", "\x00\x00\xfe\xff" + utf32Bytes(text, big), "utf-32be", rows, nil},
		{"BOMUTF32LE", "\xff\xfe\x00\x00" + utf32Bytes(text, little), "utf-32le", rows, nil},
		{"BOMUTF8", "\ufeff" + text, "utf-8-bom", rows, nil},
		{"BOMUTF8Broken", "\ufeffa,b\n\xe9,\xe8\n1,2\n", "utf-8-bom", []string{"3: 1|2"}, []string{"2 invalid_utf8 a"}},
		{"BOMWrongUTF16BE", "\xff\xfe" + utf16Bytes(text, big), "utf-16be", rows, nil},
		{"BOMWrongUTF16LE", "\xfe\xff" + utf16Bytes(text, little), "utf-16le", rows, nil},
		{"BOMWrongUTF32BE", "\xfe\xff" + utf32Bytes(text, big), "utf-32be", rows, nil},
		{"BOMWrongUTF32LE", "\xfe\xff" + utf32Bytes(text, little), "utf-32le", rows, nil},
		{"BOMUTF16LEChinese", "\xff\xfe" + utf16Bytes("名前\n山田太郎山田太郎山田太郎\n", little), "utf-16le", []string{"2: 山田太郎山田太郎山田太郎"}, nil},
		{"CP1252", "a,b\n\x80 5,\x93x\x94 \xe9\n", "windows-1252", []string{"2: € 5|“x” é"}, nil},
		{"DoublyEncoded", "a,b\nBOGOT\xc3\x81,caf\xe9\nM\xc9XICO,\xd1and\xfa\n", "iso-8859-1", []string{"2: BOGOTÃ\u0081|café", "3: MÉXICO|Ñandú"}, nil},
		{"Latin1", "a,b\ncaf\xe9,\xa0\xff\n", "iso-8859-1", []string{"2: café|\u00a0ÿ"}, nil},
		{"UTF16BE", utf16Bytes(text, big), "utf-16be", rows, nil},
		{"UTF16LE", utf16Bytes(text, little), "utf-16le", rows, nil},
		{"UTF16LECyrillic", utf16Bytes("Имя;Город\nИван;Москва\n", little), "utf-16le", []string{"2: Иван|Москва"}, nil},
		{"UTF16LECut", utf16Bytes("a,b\n1,2\n3,4", little) + "x", "utf-16le", []string{"2: 1|2"}, []string{"3 invalid_utf8 b"}},
		{"UTF16LEHalfPair", utf16Bytes("a,b\n1,", little) + "\x3d\xd8" + utf16Bytes("\n3,4\n", little), "utf-16le", []string{"3: 3|4"}, []string{"2 invalid_utf8 b"}},
		{"UTF16LENUL", utf16Bytes("a,b\n1,\x00\n3,4\n", little), "utf-16le", []string{"3: 3|4"}, []string{"2 nul_byte b"}},
		{"UTF32BE", utf32Bytes(text, big), "utf-32be", rows, nil},
		{"UTF32LE", utf32Bytes(text, little), "utf-32le", rows, nil},
		{"UTF32LEBeyond", utf32Bytes("a,b\n1,", little) + "\x00\x00\x11\x00" + utf32Bytes("\n3,4\n", little), "utf-32le", []string{"3: 3|4"}, []string{"2 invalid_utf8 b"}},
		{"UTF8", text, "utf-8", rows, nil},
		{"UTF8Mostly", "a,b\n" + strings.Repeat("é,2\n", 10) + "1,\xe9\n", "utf-8", nil, []string{"12 invalid_utf8 b"}},
		{"UTF8Hardly", "a\n" + strings.Repeat("é\n", 9) + "\xe9\n", "iso-8859-1", nil, nil},
		{"UTF8WithOneNUL", "a,b\n1,\x00\n3,4\n", "utf-8", []string{"3: 3|4"}, []string{"2 nul_byte b"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()

			p, out := readString(t, tc.in, Options{})
			require.Equal(t, tc.encoding, p.Encoding)
			require.Equal(t, tc.errs, out.errs)
			if tc.rows != nil {
				require.Equal(t, tc.rows, out.rows)
			}
			require.NotContains(t, strings.Join(p.Header, ""), "\ufeff")
		})
	}
}

// TestEncoding_DetectedAtTheEnd has the only byte that matters in the last place of a file that is
// read in many pieces.
func TestEncoding_DetectedAtTheEnd(t *testing.T) {
	t.Parallel()

	in := "a,b\n" + strings.Repeat("some,text\n", 300_000)
	require.Equal(t, "utf-8", scanString(t, in+"x,é\n", Options{}).Encoding)
	require.Equal(t, "iso-8859-1", scanString(t, in+"x,\xe9\n", Options{}).Encoding)
	require.Equal(t, "iso-8859-1", scanString(t, in+"x,\xe9", Options{}).Encoding)
	require.Equal(t, "windows-1252", scanString(t, in+"x,\xe9\x80", Options{}).Encoding)
}

// TestEncoding_InPieces has characters cut by the ends of reads, beyond what is looked at first.
func TestEncoding_InPieces(t *testing.T) {
	t.Parallel()

	const rows = 100_000
	text := "a,b\n" + strings.Repeat("Zoë 😀,é\n", rows)
	for name, in := range map[string]string{
		utf16BEName: utf16Bytes(text, binary.BigEndian),
		utf32LEName: "\xfe\xff" + utf32Bytes(text, binary.LittleEndian),
		utf8Name:    text,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			open := func() (io.ReadCloser, error) {
				source := strings.NewReader(in)
				return io.NopCloser(readerFunc(func(p []byte) (int, error) {
					return source.Read(p[:min(len(p), 1021)])
				})), nil
			}
			p, err := Scan(t.Context(), open, Options{})
			require.NoError(t, err)
			require.Equal(t, name, p.Encoding)
			require.Equal(t, int64(rows+1), p.Lines)
			f, err := open()
			require.NoError(t, err)
			out, records, err := readFrom(t, f, p, Options{})
			require.NoError(t, err)
			require.Empty(t, out.errs)
			require.Len(t, records, rows)
			require.Equal(t, []string{"Zoë 😀", "é"}, records[rows-1].Cells)
		})
	}
}

func TestEncoding_Asked(t *testing.T) {
	t.Parallel()

	sjis, err := japanese.ShiftJIS.NewEncoder().String("名前,b\n山田,2\n")
	require.NoError(t, err)
	cyrillic, err := charmap.Windows1251.NewEncoder().String("имя,b\nИван,2\n")
	require.NoError(t, err)

	for _, tc := range []struct {
		name, in, asked, encoding string
		want                      outcome
	}{
		{"CP1251", cyrillic, "cp1251", "windows-1251", outcome{rows: []string{"2: Иван|2"}}},
		{"CP1252", "a\n\xe9\n", "CP1252", "windows-1252", outcome{rows: []string{"2: é"}}},
		{"Latin1", "a\né\n", "Latin-1", "iso-8859-1", outcome{rows: []string{"2: Ã©"}}},
		{"Latin1Undefined", "a\n\x81\x80\n", "ISO_8859-1", "iso-8859-1", outcome{rows: []string{"2: \u0081€"}}},
		{"ShiftJIS", sjis, "MS932", "shift_jis", outcome{rows: []string{"2: 山田|2"}}},
		{"ShiftJISInvalid", sjis + "\x82,3\n", "sjis", "shift_jis", outcome{rows: []string{"2: 山田|2"}, errs: []string{"3 invalid_utf8 名前"}}},
		{"UTF16", utf16Bytes("a\né\n", binary.BigEndian), "utf-16", "utf-16be", outcome{rows: []string{"2: é"}}},
		{"UTF16LE", utf16Bytes("名\n前\n", binary.LittleEndian), "UTF16LE", "utf-16le", outcome{rows: []string{"2: 前"}}},
		{"UTF32", utf32Bytes("名\n前\n", binary.LittleEndian), "utf32", "utf-32le", outcome{rows: []string{"2: 前"}}},
		{"UTF8", "a,b\n\xe9,1\n2,3\n", "UTF8", "utf-8", outcome{rows: []string{"3: 2|3"}, errs: []string{"2 invalid_utf8 a"}}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()

			p, out := readString(t, tc.in, Options{Encoding: tc.asked})
			require.Equal(t, tc.encoding, p.Encoding)
			require.Equal(t, tc.want, out)
		})
	}
}

func TestEncoding_Unknown(t *testing.T) {
	t.Parallel()

	for _, name := range []string{"klingon", "replacement", "x-user-defined"} {
		_, err := Scan(t.Context(), opener([]byte("a\n")), Options{Encoding: name})
		var unknown *UnknownEncodingError
		require.ErrorAs(t, err, &unknown)
		require.Equal(t, name, unknown.Name)
		require.ErrorContains(t, err, "use one of utf-8, utf-16le,")
	}
	for _, name := range encodings() {
		got, err := encodingName(strings.ToUpper(name))
		require.NoError(t, err)
		require.Equal(t, name, got)
		_, err = newText(strings.NewReader(""), name, false)
		require.NoError(t, err)
	}
}

// TestText_InAnyPieces feeds the decoders byte by byte, into buffers of all small sizes.
func TestText_InAnyPieces(t *testing.T) {
	t.Parallel()

	const text = "Zoë, 😀 and 山田\n"
	for name, in := range map[string]string{
		cp1252Name:  "\x80uro caf\xe9 and much more than eight bytes \x81",
		latin1Name:  "\xff\xfe",
		utf16BEName: utf16Bytes(text, binary.BigEndian) + "\xd8\x00\x00",
		utf16LEName: utf16Bytes(text, binary.LittleEndian) + "\x00\xd8\x41\x00",
		utf32BEName: utf32Bytes(text, binary.BigEndian) + "\x00\x00",
		utf32LEName: utf32Bytes(text, binary.LittleEndian) + "\xff\xff\xff\xff\x00\xd8\x00\x00",
		utf8Name:    text,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			r, err := newText(strings.NewReader(in), name, false)
			require.NoError(t, err)
			want, err := io.ReadAll(r)
			require.NoError(t, err)
			if strings.HasPrefix(name, "utf") {
				require.True(t, bytes.HasPrefix(want, []byte(text)))
			}
			for size := 1; size < 9; size++ {
				r, err := newText(iotest.OneByteReader(strings.NewReader(in)), name, false)
				require.NoError(t, err)
				var got []byte
				buf := make([]byte, size)
				for {
					n, err := r.Read(buf)
					got = append(got, buf[:n]...)
					if errors.Is(err, io.EOF) {
						break
					}
					require.NoError(t, err)
				}
				require.Equal(t, want, got, size)
			}
		})
	}
}
