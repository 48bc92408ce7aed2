package xlsx

import (
	"encoding/xml"
	"errors"
	"io"
	"strconv"
	"strings"
)

// row is a row that has values.
type row struct {
	number int    // 1-based
	width  int    // the column of the last value
	text   []byte // CSV without a line end; valid until the next row
}

// cells reads the rows of a worksheet.
type cells struct {
	book   *Book
	tokens *tokens
	inData bool

	row    row
	column int
	value  []byte
	text   stringReader
	plain  []byte
}

// next returns the next row with values. Behind the last one it is io.EOF.
func (c *cells) next() (row, error) {
	for {
		token, err := c.tokens.next()
		if err != nil {
			return row{}, c.at(ended(c.tokens, err))
		}
		switch token := token.(type) {
		case xml.StartElement:
			switch token.Name.Local {
			case "sheetData":
				c.inData = true
			case "row":
				if !c.inData {
					continue
				}
				if err := c.readRow(token.Attr); err != nil {
					return row{}, c.at(err)
				}
				if c.row.width > 0 {
					return c.row, nil
				}
			}
		case xml.EndElement:
			if token.Name.Local != "sheetData" {
				continue
			}
			if err := c.tokens.drain(); err != nil {
				return row{}, c.at(err)
			}
			return row{}, io.EOF
		}
	}
}

// at says in which row something is wrong.
func (c *cells) at(err error) error {
	var damage *DamageError
	if errors.As(err, &damage) {
		damage.Row = max(1, c.row.number)
	}
	return err
}

// readRow reads to the end of a row.
func (c *cells) readRow(attrs []xml.Attr) error {
	number := c.row.number + 1
	if s := attr(attrs, "r"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil || n < number {
			return c.tokens.damage("the rows are not numbered in their order")
		}
		number = n
	}
	if number > maxRows {
		return c.tokens.damage("it has more rows than Excel could read")
	}
	c.row = row{number: number, text: c.row.text[:0]}
	c.column = 0
	for {
		token, err := c.tokens.next()
		if err != nil {
			return ended(c.tokens, err)
		}
		switch token := token.(type) {
		case xml.StartElement:
			if token.Name.Local == "c" {
				if err := c.readCell(token.Attr); err != nil {
					return err
				}
			}
		case xml.EndElement:
			if token.Name.Local == "row" {
				return nil
			}
		}
	}
}

// readCell reads to the end of a cell, and appends its value to the row.
func (c *cells) readCell(attrs []xml.Attr) error {
	column, style, kind := c.column+1, 0, ""
	for _, a := range attrs {
		switch a.Name.Local {
		case "r":
			n, ok := columnOf(a.Value)
			if !ok || n < column {
				return c.tokens.damage("the cells of a row are not named in the order of their columns")
			}
			column = n
		case "s":
			style, _ = strconv.Atoi(a.Value) // without one it is a plain number
		case "t":
			kind = a.Value
		}
	}
	if column > maxColumns {
		return c.tokens.damage("it has more columns than Excel could read")
	}
	c.column = column
	c.value = c.value[:0]
	inline, inValue := false, false
	for depth := 1; depth > 0; {
		token, err := c.tokens.next()
		if err != nil {
			return ended(c.tokens, err)
		}
		switch token := token.(type) {
		case xml.StartElement:
			if token.Name.Local == "is" {
				text, err := c.text.read(c.tokens)
				if err != nil {
					return err
				}
				c.value = append(c.value[:0], text...)
				inline = true
				continue
			}
			depth++
			inValue = token.Name.Local == "v"
		case xml.EndElement:
			depth--
			inValue = false
		case xml.CharData:
			if inValue && !inline {
				c.value = append(c.value, token...)
			}
		}
		if err := c.tokens.limit(len(c.value)); err != nil {
			return err
		}
	}
	return c.add(kind, style, inline)
}

// add appends the value that was read to the row.
func (c *cells) add(kind string, style int, inline bool) error {
	value := c.value
	switch kind {
	case "s":
		number, err := strconv.Atoi(strings.TrimSpace(string(value)))
		if len(value) == 0 {
			return nil
		}
		if err != nil || !c.book.texts.has(number) {
			return c.tokens.damage("a cell refers to a text that is not there")
		}
		if c.plain, err = c.book.texts.appendText(c.plain[:0], number); err != nil {
			return err
		}
		value = c.plain
	case "str", "inlineStr":
		if !inline {
			c.plain = appendUnescaped(c.plain[:0], value)
			value = c.plain
		}
	case "e":
		return nil
	case "b":
		value = []byte("false")
		if isTrue(strings.TrimSpace(string(c.value))) {
			value = []byte("true")
		} else if len(c.value) == 0 {
			return nil
		}
	case "", "n":
		if inline {
			break
		}
		var f format
		if style >= 0 && style < len(c.book.formats) {
			f = c.book.formats[style]
		}
		c.plain = append(c.plain[:0], f.text(string(value), c.book.date1904)...)
		value = c.plain
	}
	if len(value) == 0 {
		return nil
	}
	for at := max(1, c.row.width); at < c.column; at++ {
		c.row.text = append(c.row.text, ',')
	}
	c.row.width = c.column
	c.row.text = appendCell(c.row.text, value)
	return c.tokens.limit(len(c.row.text))
}

// columnOf returns the column of a reference as AB12, 1-based.
func columnOf(ref string) (int, bool) {
	n := 0
	for i := range len(ref) {
		switch c := ref[i] &^ 0x20; {
		case c >= 'A' && c <= 'Z' && n <= maxColumns:
			n = n*26 + int(c-'A') + 1
		case i > 0 && ref[i] >= '0' && ref[i] <= '9':
			return n, true
		default:
			return 0, false
		}
	}
	return n, n > 0
}

// appendCell appends a cell of CSV. A line break is a CR, so that the row stays one line.
func appendCell(dst, value []byte) []byte {
	if !needsQuotes(value) {
		return append(dst, value...)
	}
	dst = append(dst, '"')
	for i, b := range value {
		switch {
		case b == '"':
			dst = append(dst, '"', '"')
		case b == '\n' && i > 0 && value[i-1] == '\r':
		case b == '\n':
			dst = append(dst, '\r')
		default:
			dst = append(dst, b)
		}
	}
	return append(dst, '"')
}

func needsQuotes(value []byte) bool {
	for _, b := range value {
		if b == '"' || b == ',' || b == '\r' || b == '\n' {
			return true
		}
	}
	return false
}

// What is looked at to tell how wide a sheet is. Titles stand above the header, so that its first row
// does not say it.
const (
	leadRows  = 100
	leadBytes = 1 << 20
)

// reader gives a worksheet as CSV.
type reader struct {
	cells cells
	begun bool
	width int
	lines int // written so far
	out   []byte
	rest  []byte // of out
	err   error
}

// Read reads CSV.
func (r *reader) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	for len(r.rest) == 0 {
		if r.err != nil {
			return 0, r.err
		}
		r.out = r.out[:0]
		if !r.begun {
			r.begun = true
			r.err = r.lead()
		} else if row, err := r.cells.next(); err != nil {
			r.err = err
		} else {
			r.write(row)
		}
		r.rest = r.out
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

// lead reads the first rows and writes them as wide as the widest.
func (r *reader) lead() error {
	var rows []row
	var failed error
	for size := 0; len(rows) < leadRows && size < leadBytes && failed == nil; {
		next, err := r.cells.next()
		if err != nil {
			failed = err
			break
		}
		next.text = append([]byte(nil), next.text...)
		rows = append(rows, next)
		size += len(next.text)
		r.width = max(r.width, next.width)
	}
	for _, next := range rows {
		r.write(next)
	}
	return failed
}

// write writes a row on the line of its number.
func (r *reader) write(next row) {
	for ; r.lines < next.number-1; r.lines++ {
		r.out = append(r.out, '\n')
	}
	r.out = append(r.out, next.text...)
	for at := next.width; at < r.width; at++ {
		r.out = append(r.out, ',')
	}
	r.out = append(r.out, '\n')
	r.lines++
}

// Close closes the worksheet.
func (r *reader) Close() error { return r.cells.tokens.Close() }
