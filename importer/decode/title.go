package decode

import (
	"bytes"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxTitles is how many lines of text may stand above a header.
const maxTitles = 20

// maxTitleBytes is how far into the text a header may begin.
const maxTitleBytes = maxHeader

// cutSeparator returns the delimiter that the first line names for Excel, as sep=; does, and the length
// of that line. It is 0 if there is no such line.
func cutSeparator(text []byte) (delimiter rune, length int) {
	line, _ := cutLine(text)
	name := bytes.Trim(bytes.TrimRight(line, "\r\n"), `"`)
	if len(name) < len("sep=") || !bytes.EqualFold(name[:len("sep=")], []byte("sep=")) {
		return 0, 0
	}
	name = name[len("sep="):]
	r, size := utf8.DecodeRune(name)
	if size != len(name) || (Options{Delimiter: r}).Check() != nil || r == 0 {
		return 0, 0
	}
	return r, len(line)
}

// skipTitles returns the length of what stands above the header where that is a title, filters or such,
// the number of these lines, and the width of the header. Without strong evidence it is nothing:
//
//   - the header has more than twice as many names as any line above has cells,
//   - all its cells are names: not one number, date or address of e-mail, not one twice,
//   - the rows below it have its width, and a column that holds such values.
//
// So a header is never taken for a title, although a title may be taken for a header.
func skipTitles(text []byte, delimiter rune) (length, titles, width int) {
	const manyTimes = 2
	widest := 0
	for rest := text; titles <= maxTitles && len(rest) > 0 && len(text)-len(rest) <= maxTitleBytes; {
		line, after := cutLine(rest)
		if isBlank(line, 0) {
			rest = after
			continue
		}
		if bytes.Count(line, []byte{'"'})%2 != 0 {
			break // it goes on
		}
		cells := lenientRow(line, delimiter)
		filled := trimmedWidth(cells)
		if titles > 0 && filled > manyTimes*widest && areNames(cells) && contrasts(after, delimiter, len(cells)) {
			return len(text) - len(rest), titles, len(cells)
		}
		titles++
		widest = max(widest, filled)
		rest = after
	}
	return 0, 0, 0
}

// trimmedWidth returns the number of cells up to the last one that is not blank: Excel makes all rows
// equally wide.
func trimmedWidth(cells []string) int {
	n := len(cells)
	for n > 0 && strings.TrimSpace(cells[n-1]) == "" {
		n--
	}
	return n
}

// areNames reports whether cells may be a header: names, most of them there, none twice.
func areNames(cells []string) bool {
	seen := make(map[string]bool, len(cells))
	blank := 0
	for _, c := range cells {
		if c = strings.TrimSpace(c); c == "" {
			blank++
			continue
		}
		if seen[c] || isValue(c) || !strings.ContainsFunc(c, unicode.IsLetter) {
			return false
		}
		seen[c] = true
	}
	return blank*4 <= len(cells)
}

// isValue reports whether a cell is clearly no name: an address of e-mail, or digits for the most part.
func isValue(cell string) bool {
	digits, all := 0, 0
	for _, r := range cell {
		if unicode.IsSpace(r) {
			continue
		}
		all++
		if unicode.IsDigit(r) {
			digits++
		}
	}
	return strings.Contains(cell, "@") || digits > 0 && digits*2 >= all
}

// contrasts reports whether the rows up to the next blank line agree on a width, and have a column of
// values.
func contrasts(text []byte, delimiter rune, width int) bool {
	const enough, fewest = 20, 2
	rows, fits := 0, 0
	values := make([]int, width)
	for rows < enough && len(text) > 0 {
		record, rest, ok := cutRecord(text)
		if !ok {
			break
		}
		text = rest
		if isBlank(record, 0) {
			if rows > 0 {
				break
			}
			continue
		}
		rows++
		cells := strictRow(record, delimiter)
		if len(cells) != width {
			continue
		}
		fits++
		for i, c := range cells {
			if isValue(c) {
				values[i]++
			}
		}
	}
	if fits < fewest || fits*10 < rows*8 {
		return false
	}
	for _, n := range values {
		if n*2 >= fits {
			return true
		}
	}
	return false
}

// isQuotedBy reports whether a line has several cells, all of them in a certain quote.
func isQuotedBy(line []byte, quote byte, delimiter rune) bool {
	line = bytes.TrimRight(line, "\r\n")
	for cells := 1; ; cells++ {
		if len(line) == 0 || line[0] != quote {
			return false
		}
		end := 1
		for ; end < len(line); end++ {
			if line[end] != quote {
				continue
			}
			if end+1 == len(line) || line[end+1] != quote {
				break
			}
			end++ // two are text
		}
		if end == len(line) {
			return false
		}
		if line = line[end+1:]; len(line) == 0 {
			return cells > 1
		}
		r, size := utf8.DecodeRune(line)
		if r != delimiter {
			return false
		}
		line = line[size:]
	}
}

// quotes puts the quote of a file in the place of the one that CSV has, and the other way round, so that
// everything else has to know one quote only. The zero value is for files that need nothing of it.
type quotes struct{ other byte }

func quotesOf(r rune) quotes {
	if r == 0 || r == '"' {
		return quotes{}
	}
	return quotes{byte(r)}
}

// swap exchanges the quotes in b.
func (q quotes) swap(b []byte) {
	if q.other == 0 {
		return
	}
	for i, c := range b {
		switch c {
		case '"':
			b[i] = q.other
		case q.other:
			b[i] = '"'
		}
	}
}

// text exchanges the quotes in s.
func (q quotes) text(s string) string {
	if q.other == 0 || strings.IndexByte(s, '"') < 0 && strings.IndexByte(s, q.other) < 0 {
		return s
	}
	b := []byte(s)
	q.swap(b)
	return string(b)
}

// cells exchanges the quotes in all cells, in place.
func (q quotes) cells(cells []string) []string {
	if q.other != 0 {
		for i, c := range cells {
			cells[i] = q.text(c)
		}
	}
	return cells
}

// swapped is a text with its quotes exchanged.
type swapped struct {
	r io.Reader
	q quotes
}

func (s *swapped) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	s.q.swap(p[:n])
	return n, err
}
