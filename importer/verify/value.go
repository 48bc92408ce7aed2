package verify

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// micros0 stands for no time at all; the database counts in microseconds.
const micros0 = math.MinInt64

func micros(t time.Time) int64 {
	if t.IsZero() {
		return micros0
	}
	return t.UnixMicro()
}

func sameTime(a, b time.Time) bool { return a.UnixMicro() == b.UnixMicro() }

// decode reads JSON, with numbers as they are written.
func decode(text []byte) (any, error) {
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	var value any
	err := dec.Decode(&value)
	return value, err
}

// object reads a JSON object; what is none has no entries.
func object(text []byte) map[string]any {
	if len(text) == 0 {
		return nil
	}
	value, err := decode(text)
	if err != nil {
		return nil
	}
	entries, _ := value.(map[string]any)
	return entries
}

// equal reports whether two JSON values mean the same: numbers by their value, entries in any order.
func equal(a, b any) bool {
	switch x := a.(type) {
	case map[string]any:
		y, ok := b.(map[string]any)
		if !ok || len(x) != len(y) {
			return false
		}
		for key, value := range x {
			if other, ok := y[key]; !ok || !equal(value, other) {
				return false
			}
		}
		return true
	case []any:
		y, ok := b.([]any)
		return ok && slices.EqualFunc(x, y, equal)
	case json.Number:
		y, ok := b.(json.Number)
		return ok && plain(string(x)) == plain(string(y))
	}
	return a == b
}

// plain gives the one spelling of a number: its digits without leading and trailing noughts, and its
// exponent. It costs no more than the text is long, whatever the exponent.
func plain(number string) string {
	mantissa, tail, _ := strings.Cut(strings.ToLower(number), "e")
	exponent, err := strconv.ParseInt(cmp.Or(tail, "0"), 10, 64)
	if err != nil {
		return number
	}
	sign := ""
	if rest, negative := strings.CutPrefix(mantissa, "-"); negative {
		sign, mantissa = "-", rest
	}
	whole, fraction, _ := strings.Cut(mantissa, ".")
	digits := strings.TrimLeft(whole+fraction, "0")
	exponent -= int64(len(fraction))
	significant := strings.TrimRight(digits, "0")
	if significant == "" {
		return "0"
	}
	return fmt.Sprintf("%s%se%d", sign, significant, exponent+int64(len(digits)-len(significant)))
}

// value tells a JSON value in a difference.
func (v *Verifier) value(value any) string {
	if v.cfg.ShowValues {
		text, err := json.Marshal(value)
		if err != nil {
			return ""
		}
		return string(text)
	}
	switch x := value.(type) {
	case nil:
		return "nothing"
	case string:
		return masked(x)
	case json.Number:
		return "a number"
	case bool:
		return "yes or no"
	case []any:
		return fmt.Sprintf("a list of %d", len(x))
	}
	return "an object"
}

// text tells a text in a difference.
func (v *Verifier) text(s string) string {
	if v.cfg.ShowValues {
		return s
	}
	return masked(s)
}

func masked(s string) string {
	return fmt.Sprintf("a text of %d characters", utf8.RuneCountInString(s))
}

// time tells a time in a difference.
func (v *Verifier) time(t time.Time) string {
	switch {
	case t.IsZero():
		return "no time"
	case v.cfg.ShowValues:
		return t.UTC().Format(time.RFC3339Nano)
	}
	return "a time"
}

func optionalTime(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return *t
}
