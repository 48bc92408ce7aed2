package decode

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"
)

// maxFooter is the number of rows after an empty line that are held back as long as they may turn
// out to be the footer of a report.
const maxFooter = 100

// csvReader reads CSV.
//
// It finds the lines of a record itself, by counting quotes, and has the record parsed when it is
// complete. So what is wrong with one record cannot reach into the next, and the bytes of the
// record are there to be looked at again; see resync.go.
type csvReader struct {
	io.Closer
	w         *window
	limit     int // bytes of a record
	comma     rune
	delimiter []byte // comma as UTF-8
	quotes    quotes
	rows      *rowParser
	columns   []string // all of the file
	own       *part    // what records have of them
	marks     bool     // U+FFFD stands for bytes that are no text
	origins   *origins // of a reject file, nil otherwise

	blank   bool     // the last row that fitted is followed by an empty line
	held    []result // rows that do not fit and may be a footer
	queue   []result // what to return before reading on
	footer  int
	extra   []result // what the last row had besides its first record
	capture *[]byte  // where Raw wants the bytes of the record, nil otherwise
}

func newCSVReader(c io.Closer, w *window, p *Profile, opts Options) (*csvReader, error) {
	r := &csvReader{Closer: c, w: w, limit: opts.MaxRecordBytes, comma: p.Delimiter, quotes: quotesOf(p.Quote), marks: marksInvalid(p.Encoding)}
	if r.comma == 0 {
		r.comma = ','
	}
	r.delimiter = []byte(string(r.comma))
	if err := r.readHeader(p.HeaderLine); err != nil {
		return nil, err
	}
	names := r.columns
	var keep []int
	if p.Reject {
		r.origins = originsOf(names)
		keep = sourceColumns(names)
		names = pick(names, keep)
	}
	if p.Header != nil && !slices.Equal(names, p.Header) {
		return nil, &FileError{Line: max(1, p.HeaderLine), Reason: "the header is not the one that was there before; the file has changed since"}
	}
	r.own = newPart("", names, keep, opts.Children, 0)
	r.rows = newRowParser(r.comma, len(r.columns))
	return r, nil
}

// readHeader reads the header, which begins on a certain line, in the same lenient way as Scan did.
func (c *csvReader) readHeader(line int) error {
	var err error
	for c.w.line < line && err == nil {
		err = c.w.skipLine(func([]byte) {})
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return c.readError(err)
	}
	for err == nil && len(c.w.bytes()) <= maxHeader && !hasHeader(c.w.bytes()) {
		err = c.w.more()
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return c.readError(err)
	}
	text := c.w.bytes()
	header, n, reason := cutHeader(text, c.comma, errors.Is(err, io.EOF))
	if reason != "" {
		return &FileError{Line: c.w.line, Reason: reason}
	}
	c.columns = columnNames(c.quotes.cells(lenientRow(header, c.comma)))
	lines := countLines(text[:n])
	if text[n-1] != '\n' {
		lines++
	}
	c.w.advance(n, lines)
	return nil
}

// isBlank reports whether a line is no row. With one column, spaces are a cell.
func (c *csvReader) isBlank(line []byte) bool {
	if !isBlank(line, c.comma) {
		return false
	}
	return len(c.columns) > 1 || len(bytes.TrimRight(line, "\r\n")) == 0
}

// readError says how far a file could be read.
func (c *csvReader) readError(err error) error {
	return &FileError{Line: c.w.line, Reason: "the file cannot be read any further", Err: err}
}

// errOpenQuote says that a quote is still open at the end of the file.
var errOpenQuote = errors.New("a quote is opened and never closed")

// frame returns the length of the record that begins the window, and the number of its lines. The
// first line ends at end. A record goes on as long as the number of its quotes is odd: in CSV that
// is in order, a quote opens a cell, closes it, or stands twice. The error is errTooLarge,
// errOpenQuote or one of reading.
func (c *csvReader) frame(end, limit int) (n, lines int, err error) {
	quotes := 0
	for {
		quotes += bytes.Count(c.w.bytes()[n:end], []byte{'"'})
		n = end
		lines++
		if quotes%2 == 0 {
			return n, lines, nil
		}
		end, err = c.w.lineEnd(n, limit)
		if errors.Is(err, io.EOF) {
			return n, lines, errOpenQuote
		}
		if err != nil {
			return n, lines, err
		}
	}
}

// Footer returns the number of lines that were not records.
func (c *csvReader) Footer() int { return c.footer }

// Columns returns the names of the columns of a type.
func (c *csvReader) Columns(kind string) []string {
	if p := c.own.find(kind); p != nil {
		return p.header.Names
	}
	return c.own.header.Names
}

// Read returns the next record.
func (c *csvReader) Read() (Record, error) {
	next, err := c.next()
	if err != nil {
		return Record{}, err
	}
	return next.rec, next.err
}

// next returns the next record, good or bad.
func (c *csvReader) next() (result, error) {
	for {
		if len(c.queue) > 0 {
			next := c.queue[0]
			c.queue = c.queue[1:]
			return next, nil
		}
		end, err := c.w.lineEnd(0, c.limit)
		switch {
		case errors.Is(err, io.EOF):
			for _, h := range c.held {
				var e *RecordError
				if errors.As(h.err, &e) {
					c.footer += e.EndLine - e.Line + 1
				}
			}
			c.held = nil
			return result{}, io.EOF
		case err == nil && c.isBlank(c.w.bytes()[:end]):
			c.w.advance(end, 1)
			c.blank = c.capture == nil // who asks for a line wants it as it is
			continue
		case err != nil && !errors.Is(err, errTooLarge):
			return result{}, c.readError(err)
		}
		next, fits := c.record(end, err)
		switch {
		case next.err != nil && !isRecordError(next.err):
			return result{}, next.err
		case fits && len(c.held) == 0:
			c.blank = false
			if len(c.extra) > 0 {
				c.queue = slices.Clone(c.extra)
			}
			return next, nil
		case fits:
			// Rows go on, so what was held back is no footer.
			c.held = append(append(c.held, next), c.extra...)
			c.release()
		case c.blank:
			c.held = append(c.held, next)
			if len(c.held) > maxFooter {
				c.release()
			}
		default:
			return next, nil
		}
	}
}

// release hands out what was held back.
func (c *csvReader) release() {
	c.queue = c.held
	c.held, c.blank = nil, false
}

func isRecordError(err error) bool {
	var e *RecordError
	return errors.As(err, &e)
}

// record takes the record that begins the window, with its first line up to end. It reports whether
// it has the form of a row of this file, be its content good or bad. What a row has besides is in
// c.extra.
func (c *csvReader) record(end int, err error) (next result, fits bool) {
	if c.capture != nil {
		*c.capture = (*c.capture)[:0]
	}
	c.extra = c.extra[:0]
	line, n, lines := c.w.line, 0, 1
	if err == nil {
		n, lines, err = c.frame(end, c.limit)
	}
	var row []string
	if err == nil {
		row, err = c.rows.parse(c.w.bytes()[:n])
	}
	if err != nil {
		c.own.forget(true)
		return c.bad(lines, err), false
	}
	text := c.w.bytes()[:n]
	r := rowOfLines{cells: c.quotes.cells(row), line: line, end: line + lines - 1}
	r.origin = c.origins.of(r.cells)
	// Looking at the record as a whole first keeps the usual case fast.
	r.suspect = bytes.IndexByte(text, 0) >= 0 || !utf8.Valid(text) || c.marks && bytes.ContainsRune(text, utf8.RuneError)
	if c.capture != nil {
		*c.capture = append(*c.capture, text...)
	}
	c.w.advance(n, lines)
	if len(c.own.parts) == 0 {
		return c.result(c.own, r, pick(r.cells, c.own.places)), true
	}
	return c.split(r), true
}

// rowOfLines is a row and the lines that it is on.
type rowOfLines struct {
	cells     []string
	line, end int
	suspect   bool // it may hold characters that no text can have
	origin    *Origin
}

// split returns the first record of a row that has several, and puts the others into c.extra.
func (c *csvReader) split(r rowOfLines) result {
	if c.own.filled(r.cells) || !c.own.filledBelow(r.cells) {
		cells := pick(r.cells, c.own.places)
		c.own.take(cells)
		c.extra = append(c.extra, c.result(c.own, r, cells))
	}
	c.splitBelow(c.own, r)
	first := c.extra[0]
	c.extra = append(c.extra[:0], c.extra[1:]...)
	return first
}

// splitBelow appends the children of a record that a row has.
func (c *csvReader) splitBelow(p *part, r rowOfLines) {
	for _, child := range p.parts {
		if child.filled(r.cells) {
			cells := child.child(r.cells, p.last)
			next := c.result(child, r, cells)
			if p.last == nil && next.err == nil {
				next = noParent(child, r, cells, p.lost)
			}
			child.take(cells)
			c.extra = append(c.extra, next)
		}
		if child.filledBelow(r.cells) {
			c.splitBelow(child, r)
		}
	}
}

// noParent returns the result for a child of which the parent is not known.
func noParent(p *part, r rowOfLines, cells []string, lost bool) result {
	e := &RecordError{Line: r.line, EndLine: r.end, Type: p.kind, Code: CodeNoParent, Origin: r.origin}
	e.Reason = "the row goes on with a record above it, and there is none"
	if lost {
		e.Reason = "the row goes on with a record above it that could not be read"
	}
	return result{err: e, header: p.header, cells: cells}
}

// result returns a record of a row, or what is wrong with it: characters that no text can have.
func (c *csvReader) result(p *part, r rowOfLines, cells []string) result {
	if r.suspect {
		if e := c.check(p.header.Names, cells); e != nil {
			e.Line, e.EndLine, e.Type, e.Origin = r.line, r.end, p.kind, r.origin
			return result{err: e, header: p.header, cells: cells}
		}
	}
	return result{rec: Record{Header: p.header, Cells: cells, Type: p.kind, Line: r.line, Origin: r.origin}}
}

// check looks for characters that no text can have.
func (c *csvReader) check(names, cells []string) *RecordError {
	for i, cell := range cells {
		switch {
		case strings.IndexByte(cell, 0) >= 0:
			return cellError(names[i], cell, CodeNULByte)
		case !utf8.ValidString(cell), c.marks && strings.ContainsRune(cell, utf8.RuneError):
			return cellError(names[i], cell, CodeInvalidUTF8)
		}
	}
	return nil
}

// cellError returns the error for a cell with a character that no text can have.
func cellError(column, cell, code string) *RecordError {
	reason := "the cell holds bytes that are no text in the encoding of the file"
	if code == CodeNULByte {
		reason = "the cell holds a NUL character"
	}
	return &RecordError{Column: column, Value: printable(cell), Code: code, Reason: reason}
}

// raggedReason names both widths.
func raggedReason(got, want int) string {
	return fmt.Sprintf("the row has %d cells, the header has %d", got, want)
}

// isRagged tells a row of the wrong width from one with a bad quote.
func isRagged(err error) bool { return errors.Is(err, csv.ErrFieldCount) }

// tooLargeReason names the limit.
func tooLargeReason(limit int) string {
	return fmt.Sprintf("the record is larger than %d bytes", limit)
}
