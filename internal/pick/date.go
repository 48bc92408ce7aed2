package pick

import (
	"regexp"
	"strings"
	"time"
)

var (
	parted  = regexp.MustCompile(`^(\d{4})([-_.])(\d{2})([-_.])(\d{2})`)
	compact = regexp.MustCompile(`^(\d{8})(\d{6}|\d{4})?`)
	timeOf  = regexp.MustCompile(`^[T _-](\d{2})[:._-]?(\d{2})(?:[:._-]?(\d{2}))?`)
)

// dated finds the last date in a path, with the time that may follow it, and gives both as
// YYYYMMDDhhmmss, which compares as time does; it is empty if there is none. The name is the path
// without any of its dates.
func dated(path string) (stamp, name string) {
	var rest strings.Builder
	for i := 0; i < len(path); {
		if i > 0 && isDigit(path[i-1]) || !isDigit(path[i]) {
			rest.WriteByte(path[i])
			i++
			continue
		}
		s, n := dateAt(path[i:])
		if n == 0 {
			rest.WriteByte(path[i])
			i++
			continue
		}
		stamp = s
		i += n
	}
	return stamp, rest.String()
}

// dateAt reads the date at the beginning of a text, and gives its length in it, or 0.
func dateAt(text string) (stamp string, n int) {
	var day, clock string
	if m := parted.FindStringSubmatch(text); m != nil && m[2] == m[4] {
		day, n = m[1]+m[3]+m[5], len(m[0])
	} else if m := compact.FindStringSubmatch(text); m != nil {
		day, clock, n = m[1], m[2], len(m[0])
	}
	if n == 0 || n < len(text) && isDigit(text[n]) || day < "1990" {
		return "", 0
	}
	if _, err := time.Parse("20060102", day); err != nil {
		return "", 0
	}
	if clock == "" {
		if m := timeOf.FindStringSubmatch(text[n:]); m != nil && !startsDate(text[n+1:]) && (n+len(m[0]) == len(text) || !isDigit(text[n+len(m[0])])) {
			if c, ok := clockOf(m[1] + m[2] + m[3]); ok {
				return day + c, n + len(m[0])
			}
		}
		return day + "000000", n
	}
	c, ok := clockOf(clock)
	if !ok {
		return "", 0
	}
	return day + c, n
}

// startsDate reports whether a text begins with a date, as the second of a range of days does, which is no
// time.
func startsDate(text string) bool {
	_, n := dateAt(text)
	return n > 0
}

// clockOf reads hhmm or hhmmss.
func clockOf(digits string) (string, bool) {
	if len(digits) == 4 {
		digits += "00"
	}
	_, err := time.Parse("150405", digits)
	return digits, err == nil
}

func isDigit(b byte) bool { return b >= '0' && b <= '9' }
