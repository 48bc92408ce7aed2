package xlsx

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/shopspring/decimal"
)

// format is what a number format says of the meaning of a number. All false, it is a number.
type format struct {
	date, time, elapsed, percent bool
}

// builtInFormat is the meaning of a number format that a workbook need not spell out. Which form of a
// date it is depends on the language of the reader, but not that it is one.
func builtInFormat(id int) format {
	switch {
	case id == 9, id == 10:
		return format{percent: true}
	case id >= 14 && id <= 17, id >= 27 && id <= 31, id == 36, id >= 50 && id <= 54, id == 57, id == 58:
		return format{date: true}
	case id >= 18 && id <= 21, id >= 32 && id <= 35, id == 45, id == 47, id == 55, id == 56:
		return format{time: true}
	case id == 22:
		return format{date: true, time: true}
	case id == 46:
		return format{elapsed: true}
	}
	return format{}
}

// parseFormat tells the meaning of a number format from its first section, which is for positive numbers.
func parseFormat(code string) format {
	var f format
	month := false
	for i := 0; i < len(code) && code[i] != ';'; i++ {
		switch c := code[i] | 0x20; { // in lower case, if it is a letter
		case code[i] == '"':
			end := strings.IndexByte(code[i+1:], '"')
			if end < 0 {
				end = len(code)
			}
			i += end + 1
		case code[i] == '\\', code[i] == '_', code[i] == '*':
			i++
		case code[i] == '[':
			end := strings.IndexByte(code[i:], ']')
			if end < 0 {
				return f
			}
			inside := strings.ToLower(code[i+1 : i+end])
			if inside != "" && strings.Trim(inside, inside[:1]) == "" && (inside[0] == 'h' || inside[0] == 'm' || inside[0] == 's') {
				f.elapsed = true
			}
			i += end
		case hasPrefixFold(code[i:], "general"):
			i += len("general") - 1
		case hasPrefixFold(code[i:], "am/pm"):
			f.time = true
			i += len("am/pm") - 1
		case c == 'y', c == 'd':
			f.date = true
		case c == 'h', c == 's':
			f.time = true
		case c == 'm':
			month = true
		case code[i] == '%':
			f.percent = true
		}
	}
	switch {
	case f.elapsed:
		return format{elapsed: true}
	case month && !f.time: // beside hours or seconds it is minutes
		f.date = true
	}
	if f.date || f.time {
		f.percent = false
	}
	return f
}

func hasPrefixFold(s, prefix string) bool {
	return len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix)
}

// readFormats reads the number formats of the cell styles.
func (b *Book) readFormats(part string) ([]format, error) {
	if b.parts[part] == nil {
		return nil, nil
	}
	own := make(map[int]format)
	var ids []int
	err := b.each(part, func(el element) error {
		switch {
		case el.name == "numFmt" && el.in == "numFmts":
			if id, err := strconv.Atoi(el.attr("numFmtId")); err == nil {
				own[id] = parseFormat(el.attr("formatCode"))
			}
		case el.name == "xf" && el.in == "cellXfs":
			id, _ := strconv.Atoi(el.attr("numFmtId")) // without one it is a plain number
			ids = append(ids, id)
		}
		if len(ids) > maxStyles || len(own) > maxStyles {
			return &LimitError{part, "it has more styles than Excel could read"}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	all := make([]format, len(ids))
	for i, id := range ids {
		f, ok := own[id]
		if !ok {
			f = builtInFormat(id)
		}
		all[i] = f
	}
	return all, nil
}

// text returns a number as it is to be read: a date, a time, a percentage or a number.
func (f format) text(value string, date1904 bool) string {
	s, ok := plainNumber(value)
	if !ok || f == (format{}) {
		return s
	}
	if f.percent {
		if d, err := decimal.NewFromString(s); err == nil {
			return d.Shift(2).String() + "%"
		}
		return s
	}
	days, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return s
	}
	if t, ok := f.moment(days, date1904); ok {
		return t
	}
	return s
}

// plainNumber returns a number as JSON has it. It is exact for whole numbers, however long: they may be
// ids. Others have the precision of Excel, which writes 0.1 as 0.10000000000000001. What is no number is
// returned as it is.
func plainNumber(s string) (string, bool) {
	s = strings.TrimSpace(s)
	digits := strings.TrimPrefix(s, "-")
	if digits != "" && strings.Trim(digits, "0123456789") == "" {
		if strings.Trim(digits, "0") == "" {
			return digits, true // there is no -0
		}
		return s, true
	}
	if strings.Trim(s, "0123456789+-.eE") != "" {
		return s, false
	}
	n, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return s, false
	}
	if n == 0 {
		return "0", true
	}
	return strconv.FormatFloat(n, 'f', -1, 64), true
}

// moment returns a date or time as ISO 8601, to the second. It is not ok if there is no such date.
//
// A time of day is left out only where it is midnight and the format does not show it, and a date only
// where there is none.
func (f format) moment(days float64, date1904 bool) (string, bool) {
	const day, lastDay = 86_400, 2_958_465
	if days < 0 || days > lastDay+1 {
		return "", false
	}
	seconds := int64(math.Round(days * day))
	clock := func(s int64) string { return fmt.Sprintf("%02d:%02d:%02d", s/3600, s/60%60, s%60) }
	switch {
	case f.elapsed:
		return clock(seconds), true
	case !f.date && days < 1:
		return clock(min(seconds, day-1)), true
	}
	number, seconds := seconds/day, seconds%day
	// The calendar of Excel begins in 1900 and has a February 29 in that year.
	const phantom = 60
	first := time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC)
	switch {
	case date1904:
		first = time.Date(1904, 1, 1, 0, 0, 0, 0, time.UTC)
	case number == 0, number == phantom:
		return "", false
	case number < phantom:
		number++
	}
	date := first.AddDate(0, 0, int(number))
	if date.Year() > 9999 {
		return "", false
	}
	s := date.Format(time.DateOnly)
	if f.time || seconds > 0 {
		s += " " + clock(seconds)
	}
	return s, true
}
