package decode

import (
	"bytes"
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
	names     []string // of all columns
}

// sniffCSV finds the delimiter and the header in the beginning of a text, which is not blank. It
// returns a reason if there is no header.
//
// The delimiter is the character that the header has most of, outside of quotes. Where it has
// several, the rows below it are asked: the one that gives most of them the width of the header
// wins.
func sniffCSV(text []byte, opts Options, complete bool) (layout, string) {
	delimiters := []rune{',', ';', '\t', '|'}
	if opts.Delimiter != 0 {
		delimiters = []rune{opts.Delimiter}
	}
	var best layout
	var line []byte
	width, fits, rows := 0, -1, 0
	for _, d := range delimiters {
		header, end, reason := cutHeader(text, d, complete)
		if reason != "" {
			return layout{}, reason
		}
		cells := lenientRow(header, d)
		if len(cells) == 1 && d != delimiters[0] {
			continue
		}
		f, n := fitting(text[end:], d, len(cells))
		if width <= 1 || f > fits || f == fits && len(cells) > width {
			best, line = layout{delimiter: d, names: columnNames(cells)}, header
			width, fits, rows = len(cells), f, n
		}
	}
	if width > maxColumns {
		return layout{}, "the first line has more columns than a table can have"
	}
	if opts.Delimiter == 0 && isProse(line, best.delimiter, width, fits, rows) {
		return layout{}, "text without a header, not a table"
	}
	return best, ""
}

// maxHeader is how far into the text a header may reach, in bytes.
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
