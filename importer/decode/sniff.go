package decode

import (
	"bytes"
	"slices"
	"strings"
	"unicode/utf8"
)

// isJSON reports whether text begins like a JSON object or array. A header of CSV may begin with a
// bracket too ("[Id],[Name]").
func isJSON(text []byte) bool {
	text = bytes.TrimLeft(text, " \t\r\n")
	if len(text) == 0 {
		return false
	}
	next := bytes.TrimLeft(text[1:], " \t\r\n")
	switch {
	case text[0] == '{' && len(next) > 0:
		return next[0] == '"' || next[0] == '}'
	case text[0] == '[' && len(next) > 0:
		return bytes.IndexByte([]byte(`{["]-0123456789`), next[0]) >= 0 ||
			bytes.HasPrefix(next, []byte("true")) || bytes.HasPrefix(next, []byte("false")) || bytes.HasPrefix(next, []byte("null"))
	}
	return false
}

// isNDJSON reports whether one of the first lines ends an object and the next begins one: no JSON
// text can go on like that.
func isNDJSON(text []byte) bool {
	const enough = 20
	ended := false
	for n := 0; n < enough && len(text) > 0; {
		line, rest, _ := bytes.Cut(text, []byte{'\n'})
		text = rest
		if line = bytes.Trim(line, " \t\r"); len(line) == 0 {
			continue
		}
		if ended && line[0] == '{' {
			return true
		}
		// The brace at the end must be on the line of the one at the beginning, or the objects are
		// written over several lines.
		ended = line[0] == '{' && line[len(line)-1] == '}'
		n++
	}
	return false
}

// noText says why text cannot be an export, or "" if it can.
func noText(text []byte, wide bool) string {
	sample := text[:min(len(text), 4<<10)]
	trimmed := bytes.ToLower(bytes.TrimLeft(sample[:min(len(sample), 200)], " \t\r\n"))
	for _, m := range []struct{ magic, reason string }{
		{"%pdf-", "a PDF document"},
		{"<!doctype html", "an HTML page; a login page, perhaps, in the place of the export"},
		{"<?xml", "XML"},
		{"<html", "an HTML page; a login page, perhaps, in the place of the export"},
		{"pk\x03\x04", "a zip archive or a spreadsheet"},
		{"{\\rtf", "an RTF document"},
	} {
		if bytes.HasPrefix(trimmed, []byte(m.magic)) {
			return m.reason
		}
	}
	if bytes.HasPrefix(trimmed, []byte("<")) && bytes.Contains(sample, []byte("</")) {
		return "HTML or XML"
	}
	control, high := 0, 0
	for _, c := range sample {
		switch {
		case c < 0x20 && c != '\t' && c != '\n' && c != '\r' && c != '\f' && c != '\v', c == 0x7f:
			control++
		case c >= 0x80:
			high++
		}
	}
	// Compressed or encrypted data have 10 % controls and 50 % bytes above ASCII. A short file may
	// have its one NUL, which is for the reader to reject.
	n := len(sample)
	if control*3 > n || n >= 256 && control*20 > n || n >= 64 && !wide && control*50 > n && high*4 > n && !utf8.Valid(sample) {
		return "binary data"
	}
	return ""
}

// layout is the form of a CSV file.
type layout struct {
	delimiter rune
	quote     rune
	line      int      // physical line of the header, 1-based
	titles    int      // lines of text above it
	names     []string // of all columns
	header    []byte   // as it stands in the file
}

// sniffCSV finds the delimiter, the quote and the header in the beginning of a text, which is not blank.
// It returns a reason if there is no header. It may change the text.
func sniffCSV(text []byte, opts Options, complete bool) (layout, string) {
	q := quotesOf(opts.Quote)
	q.swap(text)
	best, reason := sniffLayout(text, opts, complete)
	if reason != "" {
		return best, reason
	}
	best.quote = '"'
	if q.other != 0 {
		best.quote = opts.Quote
	}
	if opts.Quote == 0 && slices.ContainsFunc(delimiters(opts), func(d rune) bool { return isQuotedBy(best.header, '\'', d) }) {
		single := quotesOf('\'')
		single.swap(text)
		if l, reason := sniffLayout(text, opts, complete); reason == "" {
			best, q = l, single
			best.quote = '\''
		} else {
			single.swap(text) // which best has a part of
		}
	}
	best.names = columnNames(q.cells(lenientRow(best.header, best.delimiter)))
	return best, ""
}

// delimiters returns those that a file may have.
func delimiters(opts Options) []rune {
	if opts.Delimiter != 0 {
		return []rune{opts.Delimiter}
	}
	return slices.DeleteFunc([]rune{',', ';', '\t', '|'}, func(r rune) bool { return r == opts.Quote })
}

// sniffLayout finds the delimiter and the header of a text whose quotes are those of CSV.
//
// The delimiter is the character that the header has most of, outside of quotes. Where it has
// several, the rows below it are asked: the one that gives most of them the width of the header
// wins.
func sniffLayout(text []byte, opts Options, complete bool) (layout, string) {
	begin := 0
	if d, length := cutSeparator(text); length > 0 {
		begin = length
		if opts.Delimiter == 0 && d != opts.Quote {
			opts.Delimiter = d
		}
	}
	if opts.HeaderLine > 0 {
		if begin = lineBegin(text, opts.HeaderLine); begin < 0 {
			return layout{}, "there is no header on the line where it was said to be"
		}
	}
	for begin < len(text) {
		line, _ := cutLine(text[begin:])
		if !isBlank(line, 0) {
			break
		}
		begin += len(line)
	}
	if begin == len(text) || begin > maxTitleBytes {
		return layout{}, "there is no header"
	}
	var best layout
	width, fits, rows := 0, -1, 0
	among := delimiters(opts)
	for _, d := range among {
		header, end, reason := cutHeader(text[begin:], d, complete)
		if reason != "" {
			return layout{}, reason
		}
		cells := len(lenientRow(header, d))
		if cells == 1 && d != among[0] {
			continue
		}
		f, n := fitting(text[begin+end:], d, cells)
		if width <= 1 || f > fits || f == fits && cells > width {
			best = layout{delimiter: d, header: header}
			width, fits, rows = cells, f, n
		}
	}
	if opts.HeaderLine == 0 && (width == 1 || fits*2 < rows || trimmedWidth(lenientRow(best.header, best.delimiter))*2 < width) {
		widest := 0
		for _, d := range among {
			length, titles, n := skipTitles(text[begin:], d)
			if n <= widest {
				continue
			}
			if header, _, reason := cutHeader(text[begin+length:], d, complete); reason == "" {
				best = layout{delimiter: d, header: header, titles: titles}
				widest = n
				best.line = 1 + countLines(text[:begin+length])
			}
		}
		if widest > 0 {
			return best, ""
		}
	}
	if width > maxColumns {
		return layout{}, "the first line has more columns than a table can have"
	}
	if opts.Delimiter == 0 && opts.HeaderLine == 0 && isProse(best.header, best.delimiter, width, fits, rows) {
		return layout{}, "text without a header, not a table"
	}
	best.line = 1 + countLines(text[:begin])
	return best, ""
}

// lineBegin returns the place where a line begins, or -1 if it does not.
func lineBegin(text []byte, line int) int {
	begin := 0
	for ; line > 1; line-- {
		i := bytes.IndexByte(text[begin:], '\n')
		if i < 0 {
			return -1
		}
		begin += i + 1
	}
	return begin
}

// maxHeader is how long a header may be, with the blank lines above it, in bytes.
const maxHeader = 256 << 10

// cutHeader returns the header and where it ends. It may hold line breaks in quotes, if its quotes
// are in order; otherwise it is the first line. cutHeader looks at maxHeader bytes at most; complete
// says that text is the whole file. Without a header there is a reason.
func cutHeader(text []byte, delimiter rune, complete bool) (header []byte, end int, reason string) {
	if len(text) > maxHeader {
		text, complete = text[:maxHeader], false
	}
	rest := text
	for len(rest) > 0 {
		line, after := cutLine(rest)
		if !isBlank(line, 0) {
			break
		}
		rest = after
	}
	if len(rest) == 0 {
		return nil, 0, "there is no header"
	}
	header, after := cutLine(rest)
	if record, behind, ok := cutRecord(rest); ok && len(record) > len(header) && strictRow(record, delimiter) != nil {
		header, after = record, behind
	}
	if len(after) == 0 && !complete {
		return nil, 0, "the first line is longer than a header can be"
	}
	return header, len(text) - len(after), ""
}

// hasHeader reports whether cutHeader finds the same in text as in more of it.
func hasHeader(text []byte) bool {
	for {
		line, after := cutLine(text)
		if len(after) == 0 {
			return false
		}
		if !isBlank(line, 0) {
			break
		}
		text = after
	}
	_, after, ok := cutRecord(text)
	return ok && len(after) > 0
}

// cutLine parts a line, its end included, from what follows it.
func cutLine(text []byte) (line, rest []byte) {
	if i := bytes.IndexByte(text, '\n'); i >= 0 {
		return text[:i+1], text[i+1:]
	}
	return text, nil
}

// cutRecord parts as many lines as it takes until all quotes are closed from what follows them. It
// is not ok if they are not closed.
func cutRecord(text []byte) (record, rest []byte, ok bool) {
	quotes := 0
	for rest = text; len(rest) > 0; {
		var line []byte
		line, rest = cutLine(rest)
		quotes += bytes.Count(line, []byte{'"'})
		if quotes%2 == 0 {
			return text[:len(text)-len(rest)], rest, true
		}
	}
	return nil, nil, false
}

// fitting returns how many of the next rows have a certain width, and how many there are.
func fitting(text []byte, delimiter rune, width int) (fits, rows int) {
	const enough = 20
	for rows < enough {
		record, rest, ok := cutRecord(text)
		if !ok || len(rest) == 0 && rows > 0 && !bytes.HasSuffix(record, []byte{'\n'}) {
			break // nothing more, or a row that may be cut
		}
		text = rest
		if isBlank(record, 0) {
			continue
		}
		rows++
		if len(strictRow(record, delimiter)) == width {
			fits++
		}
	}
	return fits, rows
}

// isProse reports whether the first line is a sentence rather than a header. It must be careful: a
// list of one column is an export as well.
func isProse(header []byte, delimiter rune, width, fits, rows int) bool {
	line := strings.TrimSpace(string(header))
	words := len(strings.Fields(line))
	if width == 1 {
		return words > 6 || words > 3 && strings.ContainsAny(line[len(line)-1:], ".!?:") ||
			strings.HasPrefix(line, "# ") || strings.HasPrefix(line, "//") || strings.HasPrefix(line, "---") || strings.HasPrefix(line, "===")
	}
	const someRows = 5
	return rows >= someRows && fits == 0 && words > 3*(width+strings.Count(line, string(delimiter)))
}

// columnNames makes names of the cells of a header: trimmed, none empty, none twice.
func columnNames(cells []string) []string {
	names := make([]string, len(cells))
	taken := make(map[string]int, len(cells))
	for i, c := range cells {
		name := strings.ToValidUTF8(c, "\uFFFD")
		name = strings.ReplaceAll(name, "\x00", "\uFFFD")
		name = strings.Trim(strings.TrimSpace(name), "\uFEFF")
		if name = strings.TrimSpace(name); name == "" {
			name = emptyName(i)
		}
		names[i] = uniqueName(name, taken)
	}
	return names
}
