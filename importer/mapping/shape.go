package mapping

import (
	"net/mail"
	"strings"
)

// Shape is what a text can be read as: the types of values that would take it, and how it is written.
type Shape uint32

// The shapes. A text has several where it can be read in several ways.
const (
	ShapeNone     Shape = 1 << iota // a word for no value, as N/A; it has no other shape
	ShapeBool                       // true or false
	ShapeWhole                      // a number without a fraction
	ShapePoint                      // a number, with a decimal point if it has a fraction
	ShapeComma                      // a number, with a decimal comma if it has a fraction
	ShapeOpen                       // a number that the decimal mark makes another one
	ShapeMoney                      // an amount beside a sign or code of a currency, a K or an M
	ShapePercent                    // a number before a percent sign
	ShapeMDY                        // a date, with the month first if it has an order
	ShapeDMY                        // a date, with the day first if it has an order
	ShapeOrder                      // a date whose day and month could change places
	ShapeClock                      // of a date: a time of day stands behind it
	ShapeZone                       // of a date: its time states its zone
	ShapeUnix                       // seconds or milliseconds since 1970, of the years 1990 to 2100
	ShapeEmail                      // an e-mail address
	ShapePhone                      // digits as telephone numbers have them
	ShapeURL                        // a URL or the name of a host
	ShapeCurrency                   // a code or sign of a currency
	ShapeJSON                       // a JSON object or array
	ShapeHTML                       // text with tags
	ShapeGUID
	ShapeDuration // hh:mm or hh:mm:ss
)

// Has reports whether a shape has all of some others.
func (s Shape) Has(all Shape) bool { return s&all == all }

// ShapeOf tells what a cell can be read as, by the very readers that a mapping uses: what has the shape
// of a type is never rejected by it. A blank cell has no shape.
func ShapeOf(cell string) Shape {
	s := strings.TrimSpace(cell)
	if s == "" {
		return 0
	}
	if isNone(s) {
		return ShapeNone
	}
	var shape Shape
	if len(s) <= 5 {
		if _, ok := parseBool(s); ok {
			shape |= ShapeBool
		}
	}
	if len(s) <= 64 {
		shape |= shapeOfDigits(s)
	}
	if strings.IndexByte(s, '@') > 0 && len(s) <= 320 && isEmail(s) {
		shape |= ShapeEmail
	}
	if len(s) <= 2048 && isURL(s) {
		shape |= ShapeURL
	}
	if len(s) <= 3 && (currencySigns[s] != "" || len(s) == 3 && isCurrencyCode(s)) {
		shape |= ShapeCurrency
	}
	switch {
	case s[0] == '{' && s[len(s)-1] == '}', s[0] == '[' && s[len(s)-1] == ']':
		var doc any
		if decodeJSON(s, &doc) == nil {
			shape |= ShapeJSON
		}
	case s[0] == '<' && strings.Contains(s, "</"), strings.Contains(s, "<br"), strings.Contains(s, "</p>"):
		shape |= ShapeHTML
	}
	if len(s) >= 36 && len(s) <= 38 && isGUID(s) {
		shape |= ShapeGUID
	}
	return shape
}

// shapeOfDigits tells the shapes that need a digit.
func shapeOfDigits(s string) Shape {
	digits, letters := 0, 0
	for i := range len(s) {
		switch c := s[i]; {
		case c >= '0' && c <= '9':
			digits++
		case c|0x20 >= 'a' && c|0x20 <= 'z':
			letters++
		}
	}
	if digits == 0 {
		return 0
	}
	var shape Shape
	// Thousands may stand apart by blanks, but with a plus it is rather a telephone number.
	if letters <= 1 && (s[0] != '+' || digits < 9 || !strings.ContainsRune(s, ' ')) {
		shape |= shapeOfNumber(s, ShapePoint, ShapeComma, ShapeWhole)
	}
	if number, ok := strings.CutSuffix(s, "%"); ok {
		if mark := shapeOfNumber(strings.TrimSpace(number), ShapePoint, ShapeComma, 0); mark != 0 {
			shape |= ShapePercent | mark
		}
	}
	if bare := bareAmount(s); bare != s && letters <= 4 && (isCurrency(currencyOfMoney(s)) || strings.ContainsAny(s, "$¥(") || strings.ContainsAny(s[len(s)-1:], "KkMmBb")) {
		if mark := shapeOfNumber(bare, ShapePoint, ShapeComma, 0); mark != 0 {
			shape |= ShapeMoney | mark
		}
	}
	if letters <= 14 && len(s) >= 6 {
		shape |= shapeOfDate(s)
	}
	if letters == 0 && strings.IndexByte(s, ':') > 0 {
		if _, err := parseDuration(s); err == nil {
			shape |= ShapeDuration
		}
	}
	if digits == len(s) {
		if n := len(s); n == 10 && s >= "0631152000" && s <= "4102444800" || n == 13 && s >= "0631152000000" && s <= "4102444800000" {
			shape |= ShapeUnix
		}
	}
	if digits >= 6 && digits <= 18 && letters <= 3 && isPhone(s) {
		shape |= ShapePhone
	}
	return shape
}

// shapeOfNumber tells with which decimal marks a text is a number.
func shapeOfNumber(s string, point, comma, whole Shape) Shape {
	p, errPoint := parseNumber(s, DecimalPoint)
	c, errComma := parseNumber(s, DecimalComma)
	var shape Shape
	if errPoint == nil {
		shape |= point
		if errComma == nil && p == c && !strings.Contains(p, ".") {
			shape |= whole
		}
	}
	if errComma == nil {
		shape |= comma
	}
	if errPoint == nil && errComma == nil && p != c {
		shape |= ShapeOpen
	}
	return shape
}

// shapeOfDate tells in which orders a text is a date.
func shapeOfDate(s string) Shape {
	var shape Shape
	_, _, _, rest, err := parseDate(s, DateOrderMDY)
	if err == nil && isTimeAfterDate(rest) {
		shape |= ShapeMDY
	}
	_, _, _, restDMY, errDMY := parseDate(s, DateOrderDMY)
	if errDMY == nil && isTimeAfterDate(restDMY) {
		shape |= ShapeDMY
		rest = restDMY
	}
	if shape == 0 {
		return 0
	}
	if mdy, dmy := dateReadings(s); mdy && dmy {
		shape |= ShapeOrder
	}
	if rest == "" {
		return shape
	}
	shape |= ShapeClock
	if c, err := parseClock(rest, nil); err == nil && c.zone != nil {
		shape |= ShapeZone
	}
	return shape
}

func isTimeAfterDate(rest string) bool {
	if rest == "" {
		return true
	}
	_, err := parseClock(rest, nil)
	return err == nil
}

func isEmail(s string) bool {
	a, err := mail.ParseAddress(s)
	return err == nil && strings.Contains(a.Address[strings.LastIndexByte(a.Address, '@'):], ".")
}

// isURL reports whether a text is a URL, or the name of a host with nothing but letters at its end.
func isURL(s string) bool {
	if strings.ContainsAny(s, " \t\n@,;") {
		return false
	}
	if strings.HasPrefix(s, "http://") || strings.HasPrefix(s, "https://") {
		return domainName(s) != ""
	}
	host, _, _ := strings.Cut(s, "/")
	dot := strings.LastIndexByte(host, '.')
	if dot < 1 || len(host)-dot < 3 || strings.Contains(host, "..") {
		return false
	}
	for _, c := range host[dot+1:] {
		if c|0x20 < 'a' || c|0x20 > 'z' {
			return false
		}
	}
	return strings.HasPrefix(s, "www.") || host == strings.ToLower(host) && domainName(s) != ""
}

func isCurrencyCode(s string) bool {
	for i := range len(s) {
		if s[i] < 'A' || s[i] > 'Z' {
			return false
		}
	}
	return isCurrency(s)
}

func isGUID(s string) bool {
	if s[0] == '{' && s[len(s)-1] == '}' {
		s = s[1 : len(s)-1]
	}
	if len(s) != 36 {
		return false
	}
	for i := range len(s) {
		dash := i == 8 || i == 13 || i == 18 || i == 23
		if c := s[i] | 0x20; dash != (s[i] == '-') || !dash && (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

// isPhone reports whether a text has nothing but what stands in telephone numbers, and a sign that it
// is one and no other number.
func isPhone(s string) bool {
	sign := s[0] == '+' || s[0] == '(' || s[0] == '0'
	for i := range len(s) {
		switch c := s[i]; {
		case c >= '0' && c <= '9', c == '+' && i == 0, c == '.', c == 'x':
		case c == ' ', c == '-', c == '(', c == ')', c == '/':
			sign = true
		default:
			return false
		}
	}
	return sign
}
