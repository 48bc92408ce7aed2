package mapping

import (
	"encoding/json"
	"fmt"
	"sort"
	"strings"
	"time"
)

// Settings are what a run decides about values that do not say it themselves.
type Settings struct {
	Zone      *time.Location // of times without a zone; nil takes the mapping's
	DateOrder DateOrder      // of dates with slashes or dots
}

// row is one record while it is mapped.
type row struct {
	cells    []string
	header   []string
	settings *Settings
	ids      *ids

	unreadable int // the first column that a condition could not read, or -1
}

func (r *row) fail(col int, code string, err error) error {
	return &FieldError{Column: r.header[col], Value: r.cells[col], Code: code, Reason: err.Error()}
}

// text gives a cell without its outer blanks.
func (r *row) text(col int) string {
	if col < 0 {
		return ""
	}
	return strings.TrimSpace(r.cells[col])
}

// value is a compiled Value: its columns are positions and its kind is known.
type value struct {
	kind     valueKind
	col      int
	as       Type
	lit      []byte // of a constant, as JSON
	litText  string
	replace  map[string]string
	times    float64
	ref      *ref
	parts    []*value
	keys     [][]byte
	joinWith string
}

type valueKind uint8

const (
	kindColumn valueKind = iota
	kindConst
	kindFirst
	kindJoin
	kindObject
	kindRef
	kindNothing // a column that the header lacks
	kindBeside  // what counts only where the column is filled
)

// appendJSON appends the value; ok is false, and dst unchanged, when all its cells are blank.
func (v *value) appendJSON(dst []byte, r *row) (out []byte, ok bool, err error) {
	switch v.kind {
	case kindNothing:
		return dst, false, nil
	case kindConst:
		return append(dst, v.lit...), true, nil
	case kindFirst:
		for _, p := range v.parts {
			if out, ok, err := p.appendJSON(dst, r); ok || err != nil {
				return out, ok, err
			}
		}
		return dst, false, nil
	case kindJoin:
		s, err := v.joined(r)
		if err != nil || s == "" {
			return dst, false, err
		}
		return appendString(dst, s), true, nil
	case kindObject:
		begin := len(dst)
		dst = append(dst, '{')
		for i, p := range v.parts {
			mark := len(dst)
			dst = appendKey(dst, v.keys[i])
			if dst, ok, err = p.appendJSON(dst, r); err != nil {
				return dst[:begin], false, err
			} else if !ok {
				dst = dst[:mark]
			}
		}
		if len(dst) == begin+1 {
			return dst[:begin], false, nil
		}
		return append(dst, '}'), true, nil
	case kindRef:
		if id := v.ref.resolve(r); !id.IsZero() {
			return appendString(dst, id.ID), true, nil
		}
		return dst, false, nil
	case kindBeside:
		if r.isBlank(v.col) {
			return dst, false, nil
		}
		return v.parts[0].appendJSON(dst, r)
	default:
		return v.appendColumn(dst, r)
	}
}

func (v *value) appendColumn(dst []byte, r *row) (out []byte, ok bool, err error) {
	s := r.text(v.col)
	if s == "" || r.ids.none[s] {
		return dst, false, nil
	}
	switch v.as {
	case TypeText, TypeEmail, TypeCurrency:
		if s = v.plain(s); s == "" {
			return dst, false, nil
		}
		return appendString(dst, s), true, nil
	case typeMember:
		dst, ok := appendMember(dst, s)
		return dst, ok, nil
	case TypeList:
		begin := len(dst)
		dst = append(dst, '[')
		for item := range strings.SplitSeq(s, ";") {
			if item = strings.TrimSpace(item); item != "" {
				if dst[len(dst)-1] != '[' {
					dst = append(dst, ',')
				}
				dst = appendString(dst, item)
			}
		}
		if len(dst) == begin+1 {
			return dst[:begin], false, nil
		}
		return append(dst, ']'), true, nil
	case TypeJSON:
		if (s[0] == '{' || s[0] == '[') && json.Valid([]byte(s)) {
			if out, ok, err := appendWithoutNulls(dst, s); err == nil {
				return out, ok, nil
			}
			// What PostgreSQL would not take as JSON is kept as text.
		}
		return appendString(dst, s), true, nil
	}
	if isNone(s) {
		return dst, false, nil
	}
	switch v.as {
	case TypeNumber, TypePercent:
		n, err := canonicalNumber(s)
		if err != nil {
			return dst, false, r.fail(v.col, CodeInvalidNumber, err)
		}
		if v.as == TypePercent {
			if !isPercent(n) {
				return dst, false, r.fail(v.col, CodeOutOfRange, errPercent)
			}
			if n, err = hundredth(n); err != nil {
				return dst, false, r.fail(v.col, CodeInvalidNumber, err)
			}
		}
		if v.times != 0 {
			if n, err = multiply(n, v.times); err != nil {
				return dst, false, r.fail(v.col, CodeInvalidNumber, err)
			}
		}
		return append(dst, n...), true, nil
	case TypeBool:
		b, known := parseBool(s)
		if !known {
			return dst, false, r.fail(v.col, CodeInvalidBool, errBool)
		}
		if b {
			return append(dst, "true"...), true, nil
		}
		return append(dst, "false"...), true, nil
	case TypeDate:
		mark := len(dst)
		dst, err := appendDate(append(dst, '"'), s, r.settings.DateOrder)
		if err != nil {
			return dst[:mark], false, r.fail(v.col, CodeInvalidDate, err)
		}
		return append(dst, '"'), true, nil
	case TypeTime:
		t, err := parseTime(s, r.settings.DateOrder, r.settings.Zone)
		if err != nil {
			return dst, false, r.fail(v.col, CodeInvalidDate, err)
		}
		return append(t.AppendFormat(append(dst, '"'), time.RFC3339Nano), '"'), true, nil
	}
	return dst, false, fmt.Errorf("type %q is unknown", v.as) // unreachable: compile checks types
}

// plain is the text of a cell under the types that are texts.
func (v *value) plain(s string) string {
	switch v.as {
	case TypeEmail:
		if i := strings.LastIndexByte(s, '@'); i >= 0 {
			s = s[:i] + strings.ToLower(s[i:])
		}
	case TypeCurrency:
		if s = strings.ToUpper(s); s == "000" {
			return ""
		}
	}
	if v.replace != nil {
		if to, ok := v.replace[strings.ToLower(s)]; ok {
			return to
		}
	}
	return s
}

// plainText is the value as text, for labels and parts of texts; blank if there is none.
func (v *value) plainText(r *row) (string, error) {
	switch v.kind {
	case kindNothing:
		return "", nil
	case kindConst:
		return v.litText, nil
	case kindFirst:
		for _, p := range v.parts {
			if s, err := p.plainText(r); s != "" || err != nil {
				return s, err
			}
		}
		return "", nil
	case kindJoin:
		return v.joined(r)
	case kindRef:
		return v.ref.resolve(r).ID, nil
	}
	if v.kind == kindColumn && (v.as == TypeText || v.as == TypeEmail || v.as == TypeCurrency) {
		return v.plain(r.text(v.col)), nil
	}
	out, ok, err := v.appendJSON(nil, r)
	if !ok || err != nil {
		return "", err
	}
	if out[0] != '"' {
		return string(out), nil
	}
	var s string
	if err := json.Unmarshal(out, &s); err != nil {
		return "", err // unreachable: it was made here
	}
	return s, nil
}

// joined joins the parts that are not blank. Constants stand between columns and do not count: a
// text without any column is blank.
func (v *value) joined(r *row) (string, error) {
	var b strings.Builder
	filled := false
	for _, p := range v.parts {
		s, err := p.plainText(r)
		if err != nil {
			return "", err
		}
		if s == "" {
			continue
		}
		if b.Len() > 0 {
			b.WriteString(v.joinWith)
		}
		b.WriteString(s)
		filled = filled || p.kind != kindConst
	}
	if !filled {
		return "", nil
	}
	return b.String(), nil
}

// appendWithoutNulls appends a JSON text in compact form, without the entries that are null: an
// address of which every line is null is blank.
func appendWithoutNulls(dst []byte, s string) (out []byte, ok bool, err error) {
	dec := json.NewDecoder(strings.NewReader(s))
	dec.UseNumber()
	var doc any
	if err := dec.Decode(&doc); err != nil {
		return dst, false, err
	}
	if doc, err = cleanJSON(doc, 0); doc == nil || err != nil {
		return dst, false, err
	}
	compact, err := json.Marshal(doc)
	if err != nil {
		return dst, false, err
	}
	return append(dst, compact...), true, nil
}

// maxDepth bounds the nesting of a JSON cell. PostgreSQL has a bound of its own, some thousands deep,
// and nobody nests an address.
const maxDepth = 100

var (
	errDepth      = fmt.Errorf("is JSON nested more than %d deep", maxDepth)
	errJSONNumber = fmt.Errorf("has a number of more than %d digits", maxDigits)
)

// cleanJSON drops null entries and what PostgreSQL cannot store: NUL is replaced, as in other texts,
// and a number that would not end is an error.
func cleanJSON(doc any, depth int) (any, error) {
	if depth > maxDepth {
		return nil, errDepth
	}
	switch d := doc.(type) {
	case map[string]any:
		clean := make(map[string]any, len(d))
		for k, v := range d {
			v, err := cleanJSON(v, depth+1)
			if err != nil {
				return nil, err
			}
			if v != nil {
				clean[withoutNUL(k)] = v
			}
		}
		if len(clean) == 0 {
			return nil, nil
		}
		return clean, nil
	case []any:
		if len(d) == 0 {
			return nil, nil
		}
		for i, v := range d {
			v, err := cleanJSON(v, depth+1)
			if err != nil {
				return nil, err
			}
			d[i] = v
		}
	case string:
		return withoutNUL(d), nil
	case json.Number:
		if _, err := canonicalNumber(d.String()); err != nil {
			return nil, errJSONNumber
		}
	}
	return doc, nil
}

func withoutNUL(s string) string { return strings.ReplaceAll(s, "\x00", "\uFFFD") }

// object is an ordered set of named values: the properties of a node, the claim of a fact.
type object struct {
	keys  [][]byte
	names []string
	parts []*value
}

// appendInto appends the entries that are not blank into the open object at the end of dst, and
// tells how many of the needed ones it met.
func (o *object) appendInto(dst []byte, r *row) ([]byte, error) {
	for i, p := range o.parts {
		mark := len(dst)
		dst = appendKey(dst, o.keys[i])
		out, ok, err := p.appendJSON(dst, r)
		if err != nil {
			return dst[:mark], err
		}
		if dst = out; !ok {
			dst = dst[:mark]
		}
	}
	return dst, nil
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}
