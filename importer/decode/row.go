package decode

import (
	"bytes"
	"encoding/csv"
	"io"
	"strings"

	"github.com/gocarina/gocsv"
)

// rowParser parses one row at a time, strictly, with the decoder of rows of gocsv over a csv.Reader of its own.
//
// The csv.Reader is fed line by line: a Read gives it one line at most, so that it never holds
// bytes beyond the line it is looking at. After an error it can therefore be given any other row,
// and neither it nor gocsv has to be made anew.
//
// gocsv gives rows here, and not structs: what columns there are is known only from the header, and to fill a struct with
// the cells by reflection, only to take them out again as a list, took longer than to part the row into cells.
type rowParser struct {
	feed  lineFeed
	rows  gocsv.SimpleDecoder
	width int
	room  []string // for the cells of the next rows
}

// roomCells is for about how many cells room is made at once: enough for some rows, and little enough to be held by the
// last of them.
const roomCells = 512

func newRowParser(delimiter rune, width int) *rowParser {
	p := &rowParser{width: width}
	r := csv.NewReader(&p.feed)
	r.Comma = delimiter
	r.FieldsPerRecord = width
	// The cells are copied into a list of exactly their number, so this slice can be reused; the strings in it are new
	// for each row.
	r.ReuseRecord = true
	p.rows = gocsv.NewSimpleDecoderFromCSVReader(r)
	return p
}

// parse returns the cells of a row, which is given with all its lines. The error is of
// encoding/csv.
func (p *rowParser) parse(text []byte) ([]string, error) {
	p.feed.rest = text
	row, err := p.rows.GetCSVRow()
	if err != nil {
		return nil, err
	}
	if len(p.room) < p.width {
		p.room = make([]string, p.width*max(1, roomCells/p.width))
	}
	list := p.room[:p.width:p.width]
	p.room = p.room[p.width:]
	copy(list, row)
	if bytes.IndexByte(bytes.TrimRight(text, "\r\n"), '\r') >= 0 {
		lineBreaks(list)
	}
	return list, nil
}

// lineBreaks puts LF in the place of CR: it stands for a line break where lines end in LF.
func lineBreaks(cells []string) {
	for i, c := range cells {
		cells[i] = strings.ReplaceAll(c, "\r", "\n")
	}
}

// lineFeed gives a csv.Reader one line at a time.
type lineFeed struct{ rest []byte }

func (f *lineFeed) Read(p []byte) (int, error) {
	if len(f.rest) == 0 {
		return 0, io.EOF
	}
	line := f.rest
	if i := bytes.IndexByte(line, '\n'); i >= 0 {
		line = line[:i+1]
	}
	n := copy(p, line)
	f.rest = f.rest[n:]
	return n, nil
}

// strictRow returns the cells of a row of any width, or nil if it breaks a rule or is blank. It is
// for the few rows that are read before the width is known.
func strictRow(text []byte, delimiter rune) []string { return anyRow(text, delimiter, false) }

// lenientRow returns what can be made of a row that may be anything: quotes in the middle of a
// cell are taken as they are. It returns nil for a blank row.
func lenientRow(text []byte, delimiter rune) []string { return anyRow(text, delimiter, true) }

func anyRow(text []byte, delimiter rune, lazy bool) []string {
	r := csv.NewReader(bytes.NewReader(text))
	r.Comma = delimiter
	r.FieldsPerRecord = -1
	r.LazyQuotes = lazy
	cells, err := r.Read()
	if err != nil {
		return nil
	}
	lineBreaks(cells)
	return cells
}

// isBlank reports whether a line is empty or, as nobody can see the difference, of spaces and tabs
// that are no delimiters.
func isBlank(line []byte, delimiter rune) bool {
	if len(line) > 2 && line[0] > ' ' {
		return false
	}
	line = bytes.TrimSuffix(bytes.TrimSuffix(line, []byte{'\n'}), []byte{'\r'})
	return len(bytes.Trim(line, " \t")) == 0 && !bytes.ContainsRune(line, delimiter)
}
