package decode

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
)

// bad takes the record that begins the window and cannot be used, because of cause. lines is how
// many lines it would have if its quotes were right.
//
// Where such a record ends is a guess, and the guess is careful, as a quote too many makes
// everything after it look like one cell. The first line belongs to the record in any case. The
// lines after it do while a quote is open, up to the first one with which a row begins: one that
// parses strictly and has the width of the header, or looks as if it was meant to. If the quotes of
// a quoted cell are in disorder, the next lines do too if they have quotes and no row begins with
// them: they are what is left of a cell of several lines. So a stray quote costs the line that it
// is in, a cell of any size costs its record, and of a cell's lines none becomes a row by itself
// unless it looks exactly like one.
//
// The record is dropped line by line. What is held of it is never more than the limit.
func (c *csvReader) bad(lines int, cause error) result {
	if errors.Is(cause, errTooLarge) || errors.Is(cause, errOpenQuote) {
		if at := c.firstLine(); at != nil {
			cause = at
		}
	} else if !isParseError(cause) {
		return result{err: c.readError(cause)}
	}
	e := &RecordError{Line: c.w.line}
	place := c.place(cause)
	got := 0
	if isRagged(cause) {
		got = c.cells(lines)
	}

	quotes := quoteState{delimiter: c.delimiter}
	size := 0
	take := func(piece []byte) {
		size += len(piece)
		quotes.scan(piece)
		if c.capture != nil {
			*c.capture = append(*c.capture, piece[:min(len(piece), c.limit-len(*c.capture))]...)
		}
	}
	err := c.w.skipLine(take)
	rests := maxRests
	if isRagged(cause) || errors.Is(cause, csv.ErrBareQuote) {
		rests = 0
	}
	for err == nil {
		if !quotes.open {
			if rests == 0 || !c.hasQuote() {
				break
			}
			rests--
		}
		if c.begins() {
			break
		}
		err = c.w.skipLine(take)
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return result{err: c.readError(err)}
	}

	e.EndLine = c.w.line - 1
	whole := e.EndLine-e.Line+1 >= lines
	var at *csv.ParseError
	if errors.As(cause, &at) {
		e.Err = at.Err // without its line, which is not that of the file
	}
	if place < len(c.columns) && (!isRagged(cause) || !whole) {
		e.Column = c.columns[place]
	}
	switch {
	case size > c.limit:
		e.Code, e.Reason = CodeRecordTooLarge, tooLargeReason(c.limit)
	case isRagged(cause) && whole:
		e.Code, e.Reason = CodeRaggedRow, raggedReason(got, len(c.columns))
	case errors.Is(cause, csv.ErrBareQuote):
		e.Code, e.Reason = CodeBadQuote, "a quote stands within a cell that is not quoted"
	case errors.Is(cause, csv.ErrQuote) && (whole || onFirstLine(cause)):
		e.Code, e.Reason = CodeBadQuote, "a quote within a quoted cell is not doubled"
	default:
		e.Code, e.Reason = CodeBadQuote, "a quote opens the cell and is not closed before the next row begins"
	}
	return result{err: e}
}

func isParseError(err error) bool {
	var e *csv.ParseError
	return errors.As(err, &e)
}

// onFirstLine reports whether a parser stumbled over a quote on the first line of a record.
func onFirstLine(err error) bool {
	var e *csv.ParseError
	return errors.As(err, &e) && !isRagged(err) && e.Line == e.StartLine
}

// firstLine returns what is wrong with a quote on the first line of a record that was not parsed
// because it does not end, or nil if the line is in order but for a quote that it leaves open. Here
// as in place, the window holds the line, or more of it than the limit.
func (c *csvReader) firstLine() error {
	line, _ := cutLine(c.w.bytes())
	if len(line) > c.limit {
		return nil
	}
	_, err := c.rows.parse(line)
	var at *csv.ParseError
	if !errors.As(err, &at) || isRagged(err) {
		return nil
	}
	if errors.Is(err, csv.ErrQuote) && at.Column >= len(line) {
		return nil // the parser went to the end of the line
	}
	return err
}

// place returns the number of the column in which a quote is wrong: the one in which the parser
// stumbled if that is on the first line, and the last one of the line if a quote is open at its
// end. Of a line beyond the limit the part up to it counts: how much of it the window holds is for the reads to say.
func (c *csvReader) place(cause error) int {
	line, _ := cutLine(c.w.bytes())
	line = line[:min(len(line), c.limit)]
	var at *csv.ParseError
	if onFirstLine(cause) && errors.As(cause, &at) {
		line = line[:min(max(at.Column-1, 0), len(line))]
	}
	quotes := quoteState{delimiter: c.delimiter}
	quotes.scan(bytes.TrimSuffix(line, []byte{'\n'}))
	return quotes.cell
}

// cells returns the width of the record of so many lines that begins the window.
func (c *csvReader) cells(lines int) int {
	b := c.w.bytes()
	n := 0
	for range lines {
		line, _ := cutLine(b[n:])
		n += len(line)
	}
	return len(lenientRow(b[:n], c.comma))
}

// maxRests is how many lines are taken for what is left of a broken cell. It is low because rows
// may as well be broken one by one.
const maxRests = 10

// hasQuote reports whether the window begins with a line that has a quote.
func (c *csvReader) hasQuote() bool {
	end, err := c.w.lineEnd(0, c.limit)
	return err == nil && bytes.IndexByte(c.w.bytes()[:end], '"') >= 0
}

// begins reports whether the window begins with a line that can stand for itself.
func (c *csvReader) begins() bool {
	end, err := c.w.lineEnd(0, c.limit)
	if err != nil {
		return false
	}
	line := c.w.bytes()[:end]
	if c.isBlank(line) {
		return false
	}
	if c.meant(line) {
		return true
	}
	n, _, err := c.frame(end, c.limit)
	if err != nil {
		return false
	}
	_, err = c.rows.parse(c.w.bytes()[:n])
	return err == nil
}

// meant reports whether a line was meant to be a row although it may break a rule: it has the
// delimiters of one, and its first quote is not one that could close a cell.
func (c *csvReader) meant(line []byte) bool {
	if len(c.columns) == 1 || bytes.Count(line, c.delimiter) != len(c.columns)-1 {
		return false
	}
	for {
		i := bytes.IndexByte(line, '"')
		if i < 0 {
			return false // it would be a row
		}
		line = line[i+1:]
		switch {
		case len(line) > 0 && line[0] == '"':
			line = line[1:] // two quotes are text
		case bytes.HasPrefix(line, c.delimiter), isBlank(line, c.comma):
			return false
		default:
			return true
		}
	}
}

// quoteState follows the quotes of a record that breaks the rules. It assumes no more than that a
// quote at the beginning of a cell opens it, and that in such a cell each quote turns quoting off
// or on.
type quoteState struct {
	delimiter []byte
	cell      int  // number of the cell
	begun     bool // the cell has a character
	quoted    bool // its first one was a quote
	open      bool // a delimiter or line end would be part of the cell
}

// scan goes on with the next piece of the record.
func (q *quoteState) scan(b []byte) {
	for i := 0; i < len(b); i++ {
		switch {
		case b[i] == '"' && !q.begun:
			q.begun, q.quoted, q.open = true, true, true
		case b[i] == '"' && q.quoted:
			q.open = !q.open
		case q.open:
			// Text of the cell; go to the quote that may end it.
			next := bytes.IndexByte(b[i:], '"')
			if next < 0 {
				return
			}
			i += next - 1
		case b[i] == '\n':
			q.cell, q.begun, q.quoted = 0, false, false
		case bytes.HasPrefix(b[i:], q.delimiter):
			q.cell++
			q.begun, q.quoted = false, false
			i += len(q.delimiter) - 1
		default:
			q.begun = true
		}
	}
}
