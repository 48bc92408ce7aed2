package decode

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Raw reads a file again and calls fn for the records whose numbers wanted gives, in rising order and
// io.EOF at the end: the first record that Read returns has the number 1, bad ones count. It is for
// reject files: the record is given as it stands in the file, also if it is one that Read returns as
// a *RecordError. A file of which no record is wanted is not opened.
//
// cells has one value for each name of p.Header, as far as the record can be understood with good
// will. raw is empty if cells says all there is to say; otherwise it is the text of the whole
// record, without its line end, of which no more than Options.MaxRecordBytes is kept. cells must not
// be kept.
//
// The error is that of wanted or fn, of reading, or a *FileError if there are not as many records, because the
// file is not the one that was read before.
func Raw(
	ctx context.Context, open func() (io.ReadCloser, error), p *Profile, opts Options,
	wanted func() (int64, error), fn func(line int, cells []string, raw string) error,
) error {
	want, err := wanted()
	if err != nil {
		return unlessEOF(err)
	}
	file, err := open()
	if err != nil {
		return err
	}
	r, err := NewReader(file, p, opts)
	if err != nil {
		return errors.Join(err, file.Close())
	}
	defer func() { _ = r.Close() }() // it was only read

	var next func() (rawRecord, error)
	switch r := r.(type) {
	case *csvReader:
		r.capture = new([]byte)
		next = r.raw
	case *jsonReader:
		r.objects.texts = true
		next = rawObjects(r.next, len(p.Header))
	case *lineReader:
		r.objects.texts = true
		next = rawObjects(r.next, len(p.Header))
	default:
		next = func() (rawRecord, error) { return rawRecord{}, io.EOF }
	}

	for number := int64(1); ; number++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		rec, err := next()
		if errors.Is(err, io.EOF) {
			return &FileError{Reason: fmt.Sprintf("there is no record number %d; the file has changed since it was read", want)}
		}
		if err != nil {
			return err
		}
		if number < want {
			continue
		}
		if err := fn(rec.line, rec.cells, rec.raw); err != nil {
			return err
		}
		if want, err = wanted(); err != nil {
			return unlessEOF(err)
		}
	}
}

func unlessEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// rawRecord is a record as it stands in the file.
type rawRecord struct {
	line  int
	cells []string
	raw   string
}

// raw reads the next record of a CSV file.
func (c *csvReader) raw() (rawRecord, error) {
	rec, err := c.Read()
	if err == nil {
		return rawRecord{line: rec.Line, cells: rec.Cells}, nil
	}
	var bad *RecordError
	if !errors.As(err, &bad) {
		return rawRecord{}, err
	}
	text := trimLineEnd(string(*c.capture))
	cells := lenientRow([]byte(text), c.comma)
	complete := len(cells) == len(c.columns) && (bad.Code == CodeNULByte || bad.Code == CodeInvalidUTF8)
	if bad.Code == CodeRecordTooLarge {
		cells = nil // they would be cut somewhere
	}
	r := rawRecord{line: bad.Line, cells: fit(pick(cells, c.keep), len(c.header.Names))}
	if !complete {
		r.raw = text
	}
	return r, nil
}

// rawObjects reads the next record of a JSON file, of which width columns are wanted.
func rawObjects(next func() (item, error), width int) func() (rawRecord, error) {
	return func() (rawRecord, error) {
		it, err := next()
		if err != nil {
			return rawRecord{}, err
		}
		r := rawRecord{line: it.line, cells: fit(it.cells, width)}
		complete := it.err == nil
		for _, cell := range it.cells[min(width, len(it.cells)):] {
			complete = complete && cell == ""
		}
		if !complete {
			r.raw = trimLineEnd(it.text)
		}
		return r, nil
	}
}

// fit returns cells with exactly width values.
func fit(cells []string, width int) []string {
	if len(cells) >= width {
		return cells[:width]
	}
	return append(cells, make([]string, width-len(cells))...)
}

func trimLineEnd(s string) string { return strings.TrimSuffix(strings.TrimSuffix(s, "\n"), "\r") }
