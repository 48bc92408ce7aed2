package decode

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"
)

// outcome is all that reading a file gives, in a form that tables can state.
type outcome struct {
	rows   []string // "line: cell|cell", with the type in front of the line if there is one
	errs   []string // "line code", "line-line code" or "line code column"
	footer int
}

func describe(e *RecordError) string {
	s := fmt.Sprint(e.Line)
	if e.EndLine != e.Line {
		s += fmt.Sprint("-", e.EndLine)
	}
	s += " " + e.Code
	if e.Column != "" {
		s += " " + e.Column
	}
	return s
}

// scanString returns the profile of a file.
func scanString(t testing.TB, data string, opts Options) *Profile {
	t.Helper()
	p, err := Scan(context.Background(), opener([]byte(data)), opts)
	require.NoError(t, err)
	return p
}

// readProfile reads a file to its end, or to the error that ends it. It does so twice: what comes
// out must not depend on the pieces in which the file is read.
func readProfile(t testing.TB, data string, p *Profile, opts Options) (outcome, []Record, error) {
	t.Helper()
	out, records, err := readFrom(t, strings.NewReader(data), p, opts)
	if len(data) < 1<<16 {
		again, _, againErr := readFrom(t, iotest.OneByteReader(strings.NewReader(data)), p, opts)
		require.Equal(t, out, again)
		require.Equal(t, err, againErr)
	}
	return out, records, err
}

func readFrom(t testing.TB, in io.Reader, p *Profile, opts Options) (outcome, []Record, error) {
	t.Helper()
	r, err := NewReader(io.NopCloser(in), p, opts)
	if err != nil {
		return outcome{}, nil, err
	}
	defer func() { require.NoError(t, r.Close()) }()
	var out outcome
	var records []Record
	for {
		rec, err := r.Read()
		var bad *RecordError
		switch {
		case errors.Is(err, io.EOF):
			out.footer = r.Footer()
			return out, records, nil
		case errors.As(err, &bad):
			require.GreaterOrEqual(t, bad.EndLine, bad.Line)
			require.NotEmpty(t, bad.Reason)
			out.errs = append(out.errs, describe(bad))
		case err != nil:
			return out, records, err
		default:
			require.Len(t, rec.Cells, len(rec.Header.Names))
			row := fmt.Sprintf("%d: %s", rec.Line, strings.Join(rec.Cells, "|"))
			if rec.Type != "" {
				row = rec.Type + " " + row
			}
			out.rows = append(out.rows, row)
			records = append(records, rec)
		}
	}
}

// readString scans a file and reads it to its end.
func readString(t testing.TB, data string, opts Options) (*Profile, outcome) {
	t.Helper()
	p := scanString(t, data, opts)
	out, _, err := readProfile(t, data, p, opts)
	require.NoError(t, err)
	return p, out
}

func TestHeader_Index(t *testing.T) {
	t.Parallel()

	h := &Header{Names: []string{"Id", "Name"}}
	require.Equal(t, 1, h.Index("Name"))
	require.Equal(t, -1, h.Index("name"))
}

func TestRead_RecordsStayValid(t *testing.T) {
	t.Parallel()

	for name, data := range map[string]string{
		"CSV":    string(contactsCSV(500)),
		"JSON":   string(contactsJSON(500)),
		"NDJSON": strings.Repeat(`{"a":"x","b":1}`+"\n", 500),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			p := scanString(t, data, Options{})
			out, records, err := readProfile(t, data, p, Options{})
			require.NoError(t, err)
			require.Len(t, records, 500)
			for i, rec := range records {
				require.Same(t, records[0].Header, rec.Header)
				row := fmt.Sprintf("%d: %s", rec.Line, strings.Join(rec.Cells, "|"))
				require.True(t, strings.HasSuffix(out.rows[i], row))
			}
		})
	}
}

// failing returns its data and then an error that is not io.EOF.
type failing struct {
	io.Reader
	err error
}

func (f failing) Read(p []byte) (int, error) {
	n, err := f.Reader.Read(p)
	if errors.Is(err, io.EOF) {
		err = f.err
	}
	return n, err
}

func TestRead_SourceErrorsAreFatal(t *testing.T) {
	t.Parallel()

	for name, data := range map[string]string{
		"CSV":             "a,b\n1,2\n3,4\n",
		"CSVInQuotes":     "a,b\n1,2\n3,\"4\n",
		"CSVInHeader":     "a,b",
		"JSON":            `[{"a":1},{"a":2}]`,
		"JSONInNumber":    `[{"a":1},{"a":2`,
		"JSONInString":    `[{"a":1},{"a":"2`,
		"NDJSON":          "{\"a\":1}\n{\"a\":2}\n",
		"TruncatedSource": "a,b\n1,2\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			broken := errors.New("disk on fire")
			if name == "TruncatedSource" {
				broken = io.ErrUnexpectedEOF // as gzip says it, and io.ReadFull of short files
			}
			open := func() (io.ReadCloser, error) {
				return io.NopCloser(failing{strings.NewReader(data), broken}), nil
			}
			_, err := Scan(context.Background(), open, Options{})
			require.ErrorIs(t, err, broken)

			r, _ := open()
			p := &Profile{Format: FormatCSV, Encoding: "utf-8", Delimiter: ','}
			switch {
			case strings.HasPrefix(data, "["):
				p = &Profile{Format: FormatJSON}
			case strings.HasPrefix(data, "{"):
				p = &Profile{Format: FormatNDJSON}
			}
			reader, err := NewReader(r, p, Options{})
			for err == nil {
				if _, err = reader.Read(); isRecordError(err) {
					err = nil
				}
			}
			require.ErrorIs(t, err, broken)
		})
	}
}

func TestNewReader_NoRecords(t *testing.T) {
	t.Parallel()

	for _, format := range []Format{FormatEmpty, FormatPlan} {
		r, err := NewReader(io.NopCloser(bytes.NewReader(nil)), &Profile{Format: format}, Options{})
		require.NoError(t, err)
		_, err = r.Read()
		require.ErrorIs(t, err, io.EOF)
		require.Zero(t, r.Footer())
		require.NoError(t, r.Close())
	}

	_, err := NewReader(nil, &Profile{Format: FormatUnknown, Reason: "a poem"}, Options{})
	var bad *FileError
	require.ErrorAs(t, err, &bad)
	require.ErrorContains(t, err, "a poem")
}

func TestRecordError_Error(t *testing.T) {
	t.Parallel()

	e := &RecordError{
		Line: 7, EndLine: 9, Column: "Name", Value: "secret", Code: CodeNULByte,
		Reason: "the cell holds a NUL character", Err: io.ErrNoProgress,
	}
	require.EqualError(t, e, `lines 7-9, column "Name": nul_byte: the cell holds a NUL character`)
	require.ErrorIs(t, e, io.ErrNoProgress)
	require.NotContains(t, e.Error(), "secret", "errors are logged, values are not")

	e.EndLine, e.Column = 7, ""
	require.EqualError(t, e, "line 7: nul_byte: the cell holds a NUL character")
}

func TestPrintable(t *testing.T) {
	t.Parallel()

	require.Equal(t, `caf\xe9 \x00 é`, printable("caf\xe9 \x00 é"))
	require.Equal(t, strings.Repeat("x", maxValue)+"...", printable(strings.Repeat("x", 5000)))
}
