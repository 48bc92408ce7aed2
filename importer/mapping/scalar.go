package mapping

import (
	"errors"
	"math/big"
	"strconv"
	"strings"
	"time"
)

// isNone reports whether a cell that is to be an id, a date or a number says that there is none.
// In texts these words may be meant, and are kept.
func isNone(s string) bool {
	switch len(s) {
	case 0:
		return true
	case 1:
		return s == "-"
	case 3:
		return s == "N/A" || s == "n/a"
	case 4:
		return strings.EqualFold(s, "null") || strings.EqualFold(s, "none")
	case 7:
		return strings.EqualFold(s, "not set")
	}
	return false
}

// parseBool reads the spellings of the exports.
func parseBool(s string) (value, ok bool) {
	switch len(s) {
	case 1:
		switch s[0] {
		case '1', 'Y', 'y':
			return true, true
		case '0', 'N', 'n':
			return false, true
		}
	case 2, 3, 4, 5:
		switch {
		case strings.EqualFold(s, "true"), strings.EqualFold(s, "yes"):
			return true, true
		case strings.EqualFold(s, "false"), strings.EqualFold(s, "no"):
			return false, true
		}
	}
	return false, false
}

// maxDigits bounds a number to what a person or a program meant as one.
const maxDigits = 400

var errNumber = errors.New("is not a number")

// canonicalNumber checks a decimal number and gives it the one spelling in which equal numbers are
// equal texts: no plus sign, no leading or trailing zeros, no exponent. It never goes through a
// float, so that no digit is lost.
func canonicalNumber(s string) (string, error) {
	rest := s
	negative := false
	if rest != "" && (rest[0] == '-' || rest[0] == '+') {
		negative = rest[0] == '-'
		rest = rest[1:]
	}
	exponent := 0
	if i := strings.IndexAny(rest, "eE"); i >= 0 {
		e, err := strconv.Atoi(rest[i+1:])
		if err != nil || e > maxDigits || e < -maxDigits {
			return "", errNumber
		}
		exponent, rest = e, rest[:i]
	}
	whole, fraction, _ := strings.Cut(rest, ".")
	if whole+fraction == "" || len(whole)+len(fraction) > maxDigits || !isDigits(whole) || !isDigits(fraction) {
		return "", errNumber
	}
	if exponent > 0 {
		if len(fraction) < exponent {
			fraction += strings.Repeat("0", exponent-len(fraction))
		}
		whole, fraction = whole+fraction[:exponent], fraction[exponent:]
	} else if exponent < 0 {
		if len(whole) < -exponent {
			whole = strings.Repeat("0", -exponent-len(whole)) + whole
		}
		whole, fraction = whole[:len(whole)+exponent], whole[len(whole)+exponent:]+fraction
	}
	whole = strings.TrimLeft(whole, "0")
	fraction = strings.TrimRight(fraction, "0")
	switch {
	case whole == "" && fraction == "":
		return "0", nil
	case whole == "":
		whole = "0"
	}
	if fraction != "" {
		whole += "." + fraction
	}
	if negative {
		whole = "-" + whole
	}
	return whole, nil
}

func isDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

// isWhole reports whether a text is a whole number that canonicalNumber would leave as it is, as most numbers are.
func isWhole(s string) bool {
	return s != "" && len(s) <= maxDigits && isDigits(s) && (s[0] != '0' || s == "0")
}

// hundredth divides a canonical number by 100.
func hundredth(s string) (string, error) {
	return canonicalNumber(s + "e-2")
}

// DateOrder is the order in which the numbers of a date with slashes or dots stand.
type DateOrder string

// The orders of dates. Dates that begin with a four-digit year need none.
const (
	DateOrderNone DateOrder = ""
	DateOrderMDY  DateOrder = "mdy"
	DateOrderDMY  DateOrder = "dmy"
)

var (
	errDate      = errors.New("is not a date that exists (YYYY-MM-DD)")
	errTime      = errors.New("is not a date and time that exist (YYYY-MM-DD hh:mm:ss)")
	errDateOrder = errors.New("is a date whose order of day and month is unknown; say --date-order mdy or dmy")
)

// dateFormat is how dates and times of a column are written.
type dateFormat struct {
	order  DateOrder
	layout *layout // nil for the usual ways
}

// parse reads a time. A number counts units since 1970.
func (f dateFormat) parse(s string, unit Unit, assumed *time.Location) (time.Time, error) {
	switch {
	case unit != "":
		return parseUnix(s, unit)
	case f.layout != nil:
		return f.layout.parse(s, assumed)
	}
	return parseTime(s, f.order, assumed)
}

var errUnix = errors.New("is not a number of seconds or milliseconds since 1970")

// parseUnix reads a time that is a number.
func parseUnix(s string, unit Unit) (time.Time, error) {
	n, err := canonicalNumber(s)
	if err != nil {
		return time.Time{}, errUnix
	}
	if unit == UnitMilliseconds {
		if n, err = canonicalNumber(n + "e-3"); err != nil {
			return time.Time{}, errUnix
		}
	}
	whole, fraction, _ := strings.Cut(n, ".")
	seconds, err := strconv.ParseInt(whole, 10, 64)
	if err != nil {
		return time.Time{}, errUnix
	}
	nanos := int64(atoi((fraction + "000000000")[:9]))
	if strings.HasPrefix(n, "-") {
		nanos = -nanos
	}
	t := time.Unix(seconds, nanos/1000*1000).UTC()
	if t.Year() < 1 || t.Year() > 9999 {
		return time.Time{}, errUnix
	}
	return t, nil
}

// layout is a way of writing dates and times.
type layout struct {
	text  string // as package time has it
	zoned bool
}

// layoutParts are what a layout is written with, longer ones first, and what package time calls them.
var layoutParts = []struct{ part, as string }{
	{"YYYY", "2006"},
	{"MMMM", "January"},
	{"MMM", "Jan"},
	{"MM", "01"},
	{"DD", "02"},
	{"YY", "06"},
	{"HH", "15"},
	{"hh", "03"},
	{"mm", "04"},
	{"ss", "05"},
	{"AM", "PM"},
	{"ZZ", "-07:00"},
	{"M", "1"},
	{"D", "2"},
	{"h", "3"},
}

var errLayout = errors.New("write it with YYYY YY MMMM MMM MM M DD D HH hh h mm ss AM ZZ, a year, a month and a day among them, and other characters but letters and digits")

// parseLayout reads a layout.
func parseLayout(text string) (*layout, error) {
	var b strings.Builder
	has := make(map[byte]bool)
next:
	for rest := text; rest != ""; {
		for _, p := range layoutParts {
			if after, ok := strings.CutPrefix(rest, p.part); ok {
				b.WriteString(p.as)
				has[p.part[0]] = true
				rest = after
				continue next
			}
		}
		c := rest[0]
		if (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z' && c != 'T') || (c >= 'a' && c <= 'z') || c == '_' {
			return nil, errLayout
		}
		b.WriteByte(c)
		rest = rest[1:]
	}
	if !has['Y'] || !has['M'] || !has['D'] {
		return nil, errLayout
	}
	return &layout{text: b.String(), zoned: has['Z']}, nil
}

var errLayoutTime = errors.New("is not a date and time of the layout that the mapping names")

func (l *layout) parse(s string, assumed *time.Location) (time.Time, error) {
	t, err := time.ParseInLocation(l.text, s, assumed)
	if err != nil {
		return time.Time{}, errLayoutTime
	}
	t = t.UTC().Truncate(time.Microsecond)
	if t.Year() < 1 || t.Year() > 9999 {
		return time.Time{}, errLayoutTime
	}
	return t, nil
}

var errDuration = errors.New("is not a duration (hh:mm or hh:mm:ss)")

// parseDuration reads hours, minutes and seconds, and gives seconds. A bare number is seconds already.
func parseDuration(s string) (string, error) {
	parts := strings.Split(s, ":")
	if len(parts) == 1 {
		return canonicalNumber(s)
	}
	if len(parts) > 3 {
		return "", errDuration
	}
	seconds := 0
	for i, p := range parts {
		if p == "" || len(p) > 6 || !isDigits(p) || i > 0 && (len(p) != 2 || p[0] > '5') {
			return "", errDuration
		}
		seconds = seconds*60 + atoi(p)
	}
	if len(parts) == 2 {
		seconds *= 60
	}
	return strconv.Itoa(seconds), nil
}

// parseDate splits the date that s begins with from what follows.
func parseDate(s string, order DateOrder) (year, month, day int, rest string, err error) {
	switch {
	case len(s) >= 10 && s[4] == '-' && s[7] == '-' && isDigits(s[:4]) && isDigits(s[5:7]) && isDigits(s[8:10]):
		year, month, day = atoi(s[:4]), atoi(s[5:7]), atoi(s[8:10])
		rest = s[10:]
	case len(s) >= 8 && isDigits(s[:4]) && (s[4] == '/' || s[4] == '.'):
		// A year that comes first is followed by its month everywhere.
		var parts [3]int
		if parts, rest, err = numbers(s, s[4], 4, 2, 2); err != nil {
			return 0, 0, 0, "", err
		}
		year, month, day = parts[0], parts[1], parts[2]
	case isNamed(s):
		if year, month, day, rest, err = namedDate(s); err != nil {
			return 0, 0, 0, "", err
		}
	default:
		var parts [3]int
		if parts, rest, err = numericDate(s); err != nil {
			return 0, 0, 0, "", err
		}
		switch {
		case order == DateOrderMDY || order == DateOrderNone && parts[0] == parts[1]:
			month, day, year = parts[0], parts[1], parts[2]
		case order == DateOrderDMY:
			day, month, year = parts[0], parts[1], parts[2]
		default:
			return 0, 0, 0, "", errDateOrder
		}
	}
	if month < 1 || month > 12 || day < 1 || day > daysIn(year, month) || year < 1 {
		return 0, 0, 0, "", errDate
	}
	return year, month, day, rest, nil
}

// isNamed reports whether a date begins with the name of a month, or has it behind its first number.
func isNamed(s string) bool {
	s = strings.TrimLeft(strings.TrimLeft(s, "0123456789"), " -")
	return s != "" && (s[0]|0x20 >= 'a' && s[0]|0x20 <= 'z')
}

// numericDate splits a date of which the year comes last.
func numericDate(s string) (parts [3]int, rest string, err error) {
	i := strings.IndexAny(s, "/.-")
	if i < 0 {
		return parts, "", errDate
	}
	return numbers(s, s[i], 2, 2, 4)
}

// numbers reads three numbers that a mark parts. One of four digits must have all of them.
func numbers(s string, mark byte, lengths ...int) (parts [3]int, rest string, err error) {
	for i := range parts {
		n := 0
		for n < len(s) && s[n] >= '0' && s[n] <= '9' {
			n++
		}
		if n == 0 || n > lengths[i] || lengths[i] == 4 && n != 4 {
			return parts, "", errDate
		}
		parts[i] = atoi(s[:n])
		s = s[n:]
		if i < 2 {
			if s == "" || s[0] != mark {
				return parts, "", errDate
			}
			s = s[1:]
		}
	}
	return parts, s, nil
}

// namedDate reads a date whose month is an English word: 15 Apr, 2021; April 15, 2021; 15-Apr-2021.
func namedDate(s string) (year, month, day int, rest string, err error) {
	for part := 0; part < 3; part++ {
		s = strings.TrimLeft(s, " ,-")
		n := 0
		for n < len(s) && (s[n] >= '0' && s[n] <= '9') {
			n++
		}
		switch {
		case n == 0:
			for n < len(s) && (s[n]|0x20 >= 'a' && s[n]|0x20 <= 'z') {
				n++
			}
			if month != 0 || n < 3 {
				return 0, 0, 0, "", errDate
			}
			if month = monthOf(s[:n]); month == 0 {
				return 0, 0, 0, "", errDate
			}
			if n < len(s) && s[n] == '.' {
				n++
			}
		case n == 4 && year == 0:
			year = atoi(s[:n])
		case n <= 2 && day == 0:
			day = atoi(s[:n])
		default:
			return 0, 0, 0, "", errDate
		}
		s = s[n:]
	}
	if year == 0 || month == 0 {
		return 0, 0, 0, "", errDate
	}
	return year, month, day, s, nil
}

// monthOf gives the number of a month by its English name or the first three letters of it.
func monthOf(word string) int {
	for m := time.January; m <= time.December; m++ {
		if name := m.String(); strings.EqualFold(name, word) || strings.EqualFold(name[:3], word) || m == time.September && strings.EqualFold("sept", word) {
			return int(m)
		}
	}
	return 0
}

func atoi(digits string) int {
	n := 0
	for i := range len(digits) {
		n = n*10 + int(digits[i]-'0')
	}
	return n
}

func daysIn(year, month int) int {
	switch month {
	case 4, 6, 9, 11:
		return 30
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	}
	return 31
}

// appendDate appends YYYY-MM-DD. A time after the date is checked and left out: exports write
// dates as midnight.
func appendDate(dst []byte, s string, order DateOrder) ([]byte, error) {
	year, month, day, rest, err := parseDate(s, order)
	if err != nil {
		return dst, err
	}
	if rest != "" {
		if _, err := parseClock(rest, time.UTC); err != nil {
			return dst, errDate
		}
	}
	return appendYMD(dst, year, month, day), nil
}

func appendYMD(dst []byte, year, month, day int) []byte {
	return append(dst,
		byte('0'+year/1000%10), byte('0'+year/100%10), byte('0'+year/10%10), byte('0'+year%10), '-',
		byte('0'+month/10), byte('0'+month%10), '-',
		byte('0'+day/10), byte('0'+day%10))
}

// clock is a time of day and the zone that it was written in.
type clock struct {
	hour, minute, second, nanosecond int
	zone                             *time.Location
}

// parseClock reads what follows a date: a blank or a T, hh:mm or hh:mm:ss with a fraction, and a
// zone as Z, +hhmm, +hh:mm or none; or a time as reports write it, h:mm AM.
func parseClock(s string, assumed *time.Location) (clock, error) {
	c := clock{zone: assumed}
	half := ""
	if n := len(s) - 2; n > 0 && (strings.EqualFold(s[n:], "AM") || strings.EqualFold(s[n:], "PM")) {
		half, s = strings.ToUpper(s[n:]), strings.TrimRight(s[:n], " \u00a0\u202f")
	}
	s = strings.TrimPrefix(s, ",")
	if len(s) > 2 && s[2] == ':' {
		s = s[:1] + "0" + s[1:]
	}
	if len(s) < 6 || (s[0] != ' ' && s[0] != 'T') || s[3] != ':' || !isDigits(s[1:3]) || !isDigits(s[4:6]) {
		return c, errTime
	}
	c.hour, c.minute = atoi(s[1:3]), atoi(s[4:6])
	if half != "" {
		if c.hour < 1 || c.hour > 12 {
			return c, errTime
		}
		c.hour %= 12
		if half == "PM" {
			c.hour += 12
		}
	}
	s = s[6:]
	if len(s) >= 3 && s[0] == ':' && isDigits(s[1:3]) {
		c.second = atoi(s[1:3])
		s = s[3:]
		if s != "" && s[0] == '.' {
			n := 1
			for n < len(s) && s[n] >= '0' && s[n] <= '9' {
				n++
			}
			if n == 1 || n > 10 {
				return c, errTime
			}
			c.nanosecond = atoi((s[1:n] + "00000000")[:9])
			s = s[n:]
		}
	}
	if c.hour > 23 || c.minute > 59 || c.second > 59 {
		return c, errTime
	}
	zone, err := parseZone(strings.TrimPrefix(s, " "), assumed)
	c.zone = zone
	return c, err
}

func parseZone(s string, assumed *time.Location) (*time.Location, error) {
	// Data Loader writes Z before an offset; the offset is meant.
	if len(s) > 2 && s[0] == 'Z' {
		s = s[1:]
	}
	switch {
	case s == "":
		return assumed, nil
	case s == "Z":
		return time.UTC, nil
	case s[0] != '+' && s[0] != '-':
		return nil, errTime
	}
	digits := s[1:]
	if len(digits) == 5 && digits[2] == ':' {
		digits = digits[:2] + digits[3:]
	}
	if (len(digits) != 4 && len(digits) != 2) || !isDigits(digits) {
		return nil, errTime
	}
	offset := atoi(digits[:2]) * 3600
	if len(digits) == 4 {
		if atoi(digits[2:]) > 59 {
			return nil, errTime
		}
		offset += atoi(digits[2:]) * 60
	}
	if offset > 18*3600 {
		return nil, errTime
	}
	if s[0] == '-' {
		offset = -offset
	}
	if offset == 0 {
		return time.UTC, nil
	}
	return time.FixedZone("", offset), nil
}

// parseTime reads a date with or without a time of day. Zone-less times are taken in the assumed
// zone; a bare date is midnight there.
func parseTime(s string, order DateOrder, assumed *time.Location) (time.Time, error) {
	year, month, day, rest, err := parseDate(s, order)
	if err != nil {
		if errors.Is(err, errDate) {
			err = errTime
		}
		return time.Time{}, err
	}
	c := clock{zone: assumed}
	if rest != "" {
		if c, err = parseClock(rest, assumed); err != nil {
			return time.Time{}, err
		}
	}
	// To the microsecond, as PostgreSQL keeps it: what is compared later must be equal.
	t := time.Date(year, time.Month(month), day, c.hour, c.minute, c.second, c.nanosecond/1000*1000, c.zone).UTC()
	if t.Year() < 1 || t.Year() > 9999 {
		return time.Time{}, errTime
	}
	return t, nil
}

var (
	errBool    = errors.New("is neither true nor false (1, 0, true, false, yes, no)")
	errPercent = errors.New("is not a percentage from 0 to 100")
)

// isPercent reports whether a canonical number lies from 0 to 100.
func isPercent(n string) bool {
	whole, _, _ := strings.Cut(n, ".")
	return n[0] != '-' && (len(whole) < 3 || n == "100")
}

// multiply multiplies a canonical number by a factor of a mapping (60 for minutes), exactly.
func multiply(n string, factor float64) (string, error) {
	by := strconv.FormatFloat(factor, 'f', -1, 64)
	a, okA := new(big.Rat).SetString(n)
	b, okB := new(big.Rat).SetString(by)
	if !okA || !okB {
		return "", errNumber // unreachable: n is a number and compile refuses infinite factors
	}
	return canonicalNumber(a.Mul(a, b).FloatString(decimals(n) + decimals(by)))
}

// decimals counts the digits behind the point.
func decimals(n string) int {
	_, fraction, _ := strings.Cut(n, ".")
	return len(fraction)
}
