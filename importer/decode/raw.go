package decode

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
)

// RawRecord is a record as it stands in the file, good or bad.
type RawRecord struct {
	Type string // as Record.Type, as far as it is known
	Line int    // physical line on which it begins, 1-based

	// Names are the columns that records of its type had so far, see Reader.Columns, and Cells has one
	// value for each, as far as the record can be understood with good will.
	Names, Cells []string

	// Text is empty if Cells says all there is to say. Otherwise it is the text of the whole record,
	// without its line end, of which no more than Options.MaxRecordBytes is kept.
	Text string
}

// Raw reads a file again and calls fn for the records whose numbers wanted gives, in rising order and
// io.EOF at the end: the first record that Read returns has the number 1, bad ones count. It is for
// reject files: the record is given as it stands in the file, also if it is one that Read returns as
// a *RecordError. A file of which no record is wanted is not opened.
//
// The error is that of wanted or fn, of reading, or a *FileError if there are not as many records, because the
// file is not the one that was read before.
func Raw(
	ctx context.Context, open func() (io.ReadCloser, error), p *Profile, opts Options,
	wanted func() (int64, error), fn func(RawRecord) error,
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

	var next func() (RawRecord, error)
	switch r := r.(type) {
	case *csvReader:
		r.capture = new([]byte)
		next = r.raw
	case *jsonReader:
		r.objects.texts = true
		next = rawObjects(r.next, r.objects)
	case *lineReader:
		r.objects.texts = true
		next = rawObjects(r.next, r.objects)
	default:
		next = func() (RawRecord, error) { return RawRecord{}, io.EOF }
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
		if err := fn(rec); err != nil {
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

// raw reads the next record of a CSV file.
func (c *csvReader) raw() (RawRecord, error) {
	next, err := c.next()
	if err != nil {
		return RawRecord{}, err
	}
	if next.err == nil {
		return RawRecord{Type: next.rec.Type, Line: next.rec.Line, Names: next.rec.Header.Names, Cells: next.rec.Cells}, nil
	}
	var bad *RecordError
	if !errors.As(next.err, &bad) {
		return RawRecord{}, next.err
	}
	r := RawRecord{Type: bad.Type, Line: bad.Line}
	if next.header != nil {
		r.Names, r.Cells = next.header.Names, next.cells
		return r, nil
	}
	text := trimLineEnd(string(*c.capture))
	r.Names, r.Text = c.own.header.Names, c.quotes.text(text)
	var cells []string
	if bad.Code != CodeRecordTooLarge { // its cells would be cut somewhere
		cells = c.quotes.cells(lenientRow([]byte(text), c.comma))
	}
	r.Cells = fit(pick(cells, c.own.places), len(r.Names))
	return r, nil
}

// rawObjects reads the next record of a JSON file.
func rawObjects(next func() (item, error), o *objects) func() (RawRecord, error) {
	return func() (RawRecord, error) {
		it, err := next()
		if err != nil {
			return RawRecord{}, err
		}
		r := RawRecord{Type: it.rec.Type, Line: it.line}
		if it.header == nil {
			it.header = o.own.header
		}
		var bad *RecordError
		if errors.As(it.err, &bad) {
			r.Type, r.Text = bad.Type, trimLineEnd(it.text)
		}
		r.Names, r.Cells = it.header.Names, fit(it.cells, len(it.header.Names))
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
