package mapping

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
)

// DecimalMark is what parts the whole of a number from its fraction.
type DecimalMark string

// The decimal marks. A number that can be read in one way only needs none.
const (
	DecimalNone  DecimalMark = ""
	DecimalPoint DecimalMark = "point" // 1,234.56
	DecimalComma DecimalMark = "comma" // 1.234,56
)

// Format is how the dates or numbers of a column are written.
type Format struct {
	Order   DateOrder
	Decimal DecimalMark
}

// Formats are the formats of columns by their names.
type Formats map[string]Format

// Formatted is a column of dates or numbers of which nothing but its cells says how they are written.
type Formatted struct {
	Column string
	Place  int
	Dates  bool // else numbers
	money  bool
}

// format settles how the dates or numbers of a value are written, and notes the column if only its cells
// can say.
func (c *compiler) format(out *value, v *Value) {
	out.unit, out.country = v.Unit, v.Country
	if out.country == "" {
		out.country = c.mapping.Country
	}
	out.country = strings.ToUpper(out.country)
	if v.Layout != "" {
		layout, err := parseLayout(v.Layout)
		if err != nil {
			c.bad("layout %q: %v", v.Layout, err)
		}
		out.dates.layout = layout
	}
	column := ""
	if out.col >= 0 {
		column = c.header(out.col)
	}
	shown := c.settings.Formats[column]
	switch v.As {
	case TypeDate, TypeTime:
		out.dates.order = cmp.Or(v.Order, c.mapping.Dates, shown.Order, c.settings.DateOrder)
		if out.col >= 0 && out.steps == nil && v.Layout == "" && v.Unit == "" {
			at := timeColumn{out.col, out.dates.order}
			if c.memos[at] == 0 {
				c.memos[at] = len(c.memos) + 1
			}
			out.memo = c.memos[at]
		}
		if v.Order == "" && c.mapping.Dates == "" && v.Layout == "" && v.Unit == "" {
			c.note(out, column, true)
		}
	case TypeNumber, TypeMoney, TypePercent:
		api := c.mapping.Numbers
		if c.columns.labelled {
			api = "" // a report: what it calls Amount is written for people too
		}
		plain := DecimalNone
		if c.settings.Plain {
			plain = DecimalPoint
		}
		out.decimal = cmp.Or(v.Decimal, api, plain, shown.Decimal, c.settings.Decimal, c.mapping.Numbers)
		if v.Decimal == "" && api == "" && plain == "" {
			c.note(out, column, false)
		}
	}
}

// note keeps a column whose format is to be found out. A column behind steps is not what its cells
// show.
func (c *compiler) note(v *value, column string, dates bool) {
	if v.col >= 0 && v.steps == nil && c.formats[v.col] == nil {
		c.formats[v.col] = &Formatted{Column: column, Place: v.col, Dates: dates, money: v.as == TypeMoney}
	}
}

func (c *compiler) header(col int) string { return c.written[col] }

// Formatted lists the columns of the header whose format only their cells can tell.
func (p *Plan) Formatted() []Formatted { return p.formatted }

// Evidence gathers what the cells of one column show of its format.
type Evidence struct {
	column    Formatted
	one, two  int // cells that can only be mdy or point; that can only be dmy or comma
	open      int // cells that can be either
	firstOpen int // the line of the first of them
}

// NewEvidence begins with a column.
func NewEvidence(column Formatted) *Evidence { return &Evidence{column: column} }

// Add takes the next cell.
func (e *Evidence) Add(cell string, line int) {
	cell = strings.TrimSpace(cell)
	if cell == "" || isNone(cell) {
		return
	}
	var one, two bool
	if e.column.Dates {
		one, two = dateReadings(cell)
	} else {
		if e.column.money {
			cell = bareAmount(cell)
		}
		one, two = numberReadings(strings.TrimSuffix(cell, "%"))
	}
	switch {
	case one && two:
		if e.open++; e.open == 1 {
			e.firstOpen = line
		}
	case one:
		e.one++
	case two:
		e.two++
	}
}

// Shown reports whether any cell was written in a way that has to be known.
func (e *Evidence) Shown() bool { return e.one+e.two+e.open > 0 }

// UndecidedError says that the cells of a column do not tell how they are written.
type UndecidedError struct {
	File   string // set by the caller
	Column string
	Dates  bool // else numbers
	Line   int  // of the first cell that can be read in two ways, or 0
	Mixed  bool // some cells can be only the one, some only the other
}

func (e *UndecidedError) Error() string {
	what, flag, line := "the decimal mark of its numbers", "--decimal point or --decimal comma", "decimal: point or decimal: comma"
	if e.Dates {
		what, flag, line = "the order of day and month of its dates", "--date-order mdy or --date-order dmy", "order: mdy or order: dmy"
	}
	where := fmt.Sprintf("column %q", e.Column)
	if e.File != "" {
		where = fmt.Sprintf("%s: column %q", e.File, e.Column)
	}
	if e.Mixed {
		return fmt.Sprintf("%s: %s differs from row to row; say %s, or write %s beside the column in the mapping, and the others are rejected", where, what, flag, line)
	}
	return fmt.Sprintf("%s: no cell decides %s (the first that can be read in two ways is on line %d); say %s, or write %s beside the column in the mapping",
		where, what, e.Line, flag, line)
}

// Decide gives the format that the cells show, or an *UndecidedError. Where no cell can be read in two
// ways there is nothing to decide.
func (e *Evidence) Decide() (Format, error) {
	undecided := &UndecidedError{Column: e.column.Column, Dates: e.column.Dates, Line: e.firstOpen}
	switch {
	case e.one > 0 && e.two > 0 && (e.open > 0 || e.column.Dates):
		undecided.Mixed = true
		return Format{}, undecided
	case e.one > 0 && e.two > 0:
		return Format{}, nil // numbers that can each be read in one way only
	case e.one > 0:
		return Format{Order: DateOrderMDY, Decimal: DecimalPoint}, nil
	case e.two > 0:
		return Format{Order: DateOrderDMY, Decimal: DecimalComma}, nil
	case e.open > 0:
		return Format{}, undecided
	}
	return Format{}, nil
}

// dateReadings tells in which orders a date can be read; in none if it needs no order, or is no date.
func dateReadings(s string) (mdy, dmy bool) {
	parts, _, err := numericDate(s)
	if err != nil || parts[0] == parts[1] {
		return false, false
	}
	real := func(day, month int) bool {
		return month >= 1 && month <= 12 && day >= 1 && day <= daysIn(parts[2], month)
	}
	return real(parts[1], parts[0]), real(parts[0], parts[1])
}

// numberReadings tells with which decimal marks a number can be read differently; with none if it needs
// no mark, or is no number.
func numberReadings(s string) (point, comma bool) {
	s = withoutGaps(strings.TrimSpace(s))
	if !strings.ContainsAny(s, ".,") {
		return false, false
	}
	p, errPoint := parseNumber(s, DecimalPoint)
	c, errComma := parseNumber(s, DecimalComma)
	if errPoint == nil && errComma == nil && p == c {
		return false, false
	}
	return errPoint == nil, errComma == nil
}

var errDecimal = errors.New("can be read in two ways, as a decimal or with a thousands separator; say --decimal point or --decimal comma")

// parseNumber reads a number in any usual writing: with thousands apart by points, commas, blanks or
// apostrophes. Without a mark, what can be read in two ways is an error.
func parseNumber(s string, mark DecimalMark) (string, error) {
	if isWhole(s) {
		return s, nil
	}
	if mark == DecimalPoint && !strings.ContainsAny(s, ",' \u00a0\u202f\u2019") {
		return canonicalNumber(s)
	}
	s = withoutGaps(s)
	switch mark {
	case DecimalPoint:
		return groupedNumber(s, ".", ",")
	case DecimalComma:
		return groupedNumber(s, ",", ".")
	}
	if !strings.ContainsAny(s, ".,") {
		return canonicalNumber(s)
	}
	point, errPoint := groupedNumber(s, ".", ",")
	comma, errComma := groupedNumber(s, ",", ".")
	switch {
	case errPoint == nil && errComma == nil && point != comma:
		return "", errDecimal
	case errPoint == nil:
		return point, nil
	default:
		return comma, errComma
	}
}

// withoutGaps leaves out blanks and apostrophes between digits, which only ever part thousands.
func withoutGaps(s string) string {
	if !strings.ContainsAny(s, "' \u00a0\u202f\u2019") {
		return s
	}
	gap := func(r rune) bool { return r == '\'' || r == ' ' || r == '\u00a0' || r == '\u202f' || r == '\u2019' }
	groups := strings.FieldsFunc(s, gap)
	for i, g := range groups {
		digits := strings.TrimLeft(g, "+-")
		whole := digits
		if i == len(groups)-1 {
			if end := strings.IndexAny(digits, ".,"); end >= 0 {
				whole = digits[:end]
			}
		}
		if !isDigits(whole) || i > 0 && (len(whole) != 3 || digits != g) || i == 0 && (len(whole) > 3 || whole == "") && len(groups) > 1 {
			return s
		}
	}
	return strings.Join(groups, "")
}

// groupedNumber reads a number with a decimal mark and thousands apart by another one.
func groupedNumber(s, decimal, thousands string) (string, error) {
	whole, fraction, hasFraction := strings.Cut(s, decimal)
	if strings.Contains(fraction, thousands) || strings.Contains(fraction, decimal) {
		return "", errNumber
	}
	if groups := strings.Split(whole, thousands); len(groups) > 1 {
		lead := strings.TrimLeft(groups[0], "+-")
		if lead == "" || len(lead) > 3 || !isDigits(lead) || lead[0] == '0' {
			return "", errNumber
		}
		for _, g := range groups[1:] {
			if len(g) != 3 || !isDigits(g) {
				return "", errNumber
			}
		}
		whole = strings.Join(groups, "")
	}
	if hasFraction {
		whole += "." + fraction
	}
	return canonicalNumber(whole)
}

// bareAmount cuts what is not the number off an amount of money: a sign or code of a currency, brackets
// that mean less than nothing, and K, M or B for thousands, millions and billions.
func bareAmount(s string) string {
	s = strings.TrimSpace(s)
	negative := false
	if len(s) > 2 && s[0] == '(' && s[len(s)-1] == ')' {
		negative, s = true, s[1:len(s)-1]
	}
	isNumber := func(r rune) bool { return r >= '0' && r <= '9' }
	begin := strings.IndexFunc(s, isNumber)
	if begin < 0 {
		return s
	}
	if begin > 0 && (s[begin-1] == '.' || s[begin-1] == ',') && (begin == 1 || s[begin-2] == ' ' || s[begin-2] == '$' || s[begin-2] == '-') {
		begin--
	}
	negative = negative != strings.Contains(s[:begin], "-")
	s = s[begin:]
	end := strings.LastIndexFunc(s, isNumber) + 1
	exponent := ""
	switch strings.ToUpper(strings.TrimSpace(s[end:])) {
	case "K":
		exponent = "e3"
	case "M", "MM":
		exponent = "e6"
	case "B", "BN":
		exponent = "e9"
	}
	if strings.HasPrefix(strings.TrimSpace(s[end:]), "-") {
		negative = !negative
	}
	s = s[:end] + exponent
	if negative {
		s = "-" + s
	}
	return s
}
