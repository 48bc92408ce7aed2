package decode

import (
	"bytes"
	"encoding/csv"
	"io"
	"strings"

	"github.com/gocarina/gocsv"
)

// rowParser parses one row at a time, strictly, with gocsv over a csv.Reader of its own.
//
// The csv.Reader is fed line by line: a Read gives it one line at most, so that it never holds
// bytes beyond the line it is looking at. After an error it can therefore be given any other row,
// and neither it nor gocsv has to be made anew.
type rowParser struct {
	feed lineFeed
	rows *gocsv.Unmarshaller
}

// row is what gocsv fills. All columns have the same name, and so each cell is handed to the same
// field, in order: names that stand twice in a file, or that differ only in what gocsv would
// normalize, keep apart.
type row[C capacity] struct {
	Cells cells[C] `csv:"cell"`
}

// cells collects the cells of a row. It is a pointer in a struct because gocsv looks at the field
// as an interface value for each cell, which allocates for anything but a pointer.
type cells[C capacity] struct{ list *[]string }

// capacity is for how many cells room is made at once. gocsv begins each row with a zero value, so
// only the type can say how wide the file is.
type capacity interface {
	[8]struct{} | [32]struct{} | [128]struct{} | [1024]struct{}
}

// UnmarshalCSV adds a cell.
func (c *cells[C]) UnmarshalCSV(cell string) error {
	if c.list == nil {
		var room C
		list := make([]string, 0, len(room))
		c.list = &list
	}
	*c.list = append(*c.list, cell)
	return nil
}

func (r row[C]) list() []string { return *r.Cells.list }

// rowOf returns a row for files of a certain width.
func rowOf(width int) any {
	switch {
	case width <= 8:
		return row[[8]struct{}]{}
	case width <= 32:
		return row[[32]struct{}]{}
	case width <= 128:
		return row[[128]struct{}]{}
	default:
		return row[[1024]struct{}]{}
	}
}

func newRowParser(delimiter rune, width int) (*rowParser, error) {
	p := &rowParser{}
	r := csv.NewReader(&p.feed)
	r.Comma = delimiter
	// More or fewer cells must be an error: gocsv drops the ones beyond its header.
	r.FieldsPerRecord = width
	// gocsv copies the cells into one of its own, so this slice can be reused; the strings in it
	// are new for each row.
	r.ReuseRecord = true
	p.feed.rest = []byte(strings.Repeat("cell"+string(delimiter), width-1) + "cell\n")
	rows, err := gocsv.NewUnmarshaller(r, rowOf(width))
	if err != nil {
		return nil, &FileError{Reason: "the header cannot be read", Err: err}
	}
	p.rows = rows
	return p, nil
}

// parse returns the cells of a row, which is given with all its lines. The error is of
// encoding/csv.
func (p *rowParser) parse(text []byte) ([]string, error) {
	p.feed.rest = text
	v, err := p.rows.Read()
	if err != nil {
		return nil, err
	}
	list := v.(interface{ list() []string }).list()
	if bytes.IndexByte(bytes.TrimRight(text, "\r\n"), '\r') >= 0 {
		lineBreaks(list)
	}
	return list[:len(list):len(list)], nil
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
