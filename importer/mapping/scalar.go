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

var errNumber = errors.New("is not a number (a decimal point, no thousands separators)")

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

// parseDate splits the date that s begins with from what follows.
func parseDate(s string, order DateOrder) (year, month, day int, rest string, err error) {
	if len(s) >= 10 && s[4] == '-' && s[7] == '-' && isDigits(s[:4]) && isDigits(s[5:7]) && isDigits(s[8:10]) {
		year, month, day = atoi(s[:4]), atoi(s[5:7]), atoi(s[8:10])
		rest = s[10:]
	} else {
		var parts [3]int
		rest = s
		for i := range parts {
			n := 0
			for n < len(rest) && rest[n] >= '0' && rest[n] <= '9' {
				n++
			}
			if n == 0 || n > 4 || (i == 2 && n != 4) || (i < 2 && n > 2) {
				return 0, 0, 0, "", errDate
			}
			parts[i] = atoi(rest[:n])
			rest = rest[n:]
			if i < 2 {
				if rest == "" || (rest[0] != '/' && rest[0] != '.') {
					return 0, 0, 0, "", errDate
				}
				rest = rest[1:]
			}
		}
		switch order {
		case DateOrderMDY:
			month, day, year = parts[0], parts[1], parts[2]
		case DateOrderDMY:
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
		half, s = strings.ToUpper(s[n:]), strings.TrimRight(s[:n], " ")
		s = strings.TrimPrefix(s, ",")
		if len(s) > 2 && s[2] == ':' {
			s = s[:1] + "0" + s[1:]
		}
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
