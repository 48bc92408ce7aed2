package mapping

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/expr-lang/expr/vm"
)

// Settings are what a run decides about values that do not say it themselves.
type Settings struct {
	Zone      *time.Location // of times without a zone; nil takes the mapping's
	DateOrder DateOrder      // of dates in columns that do not show it
	Decimal   DecimalMark    // of numbers in columns that do not show it
	Formats   Formats        // what the columns show
	Plain     bool           // numbers have a decimal point and no thousands separators, as in JSON

	// Gone are columns, as the mapping names them, that the records had and have no more. What is made of
	// them is not made: it stays in the graph as it is.
	Gone []string
}

// row is one record while it is mapped.
type row struct {
	cells    []string
	header   []string
	settings *Settings
	ids      *ids
	escaped  bool

	unreadable int      // the first column that a condition could not read, or -1
	failed     int      // the last column that could not be read, or -1
	cleared    []string // properties that are blank and take away what stands
	times      []readTime
	joining    []byte // texts that are being joined
}

// readTime is a time that has been read of a record before: its creation dates each of its links.
type readTime struct {
	is bool
	at time.Time
}

// timeColumn is a column that is read as times of a certain writing.
type timeColumn struct {
	col   int
	order DateOrder
}

func (r *row) fail(col int, code string, err error) error {
	r.failed = col
	if col < 0 { // an expression
		return &FieldError{Code: code, Reason: err.Error()}
	}
	return &FieldError{Column: r.header[col], Value: r.cells[col], Code: code, Reason: err.Error()}
}

// text gives a cell without its outer blanks.
func (r *row) text(col int) string {
	if col < 0 {
		return ""
	}
	s := strings.TrimSpace(r.cells[col])
	if r.escaped && len(s) > 1 && s[0] == '\'' && strings.IndexByte("=+-@", s[1]) >= 0 {
		return s[1:]
	}
	return s
}

// value is a compiled Value: its columns are positions and its kind is known.
type value struct {
	kind     valueKind
	col      int
	as       Type
	steps    *steps // nil for a text that stays as it is
	lit      []byte // of a constant, as JSON
	litText  string
	times    float64
	ref      *ref
	parts    []*value
	keys     [][]byte
	joinWith string
	program  *vm.Program
	decimal  DecimalMark
	dates    dateFormat
	unit     Unit
	country  string
	absent   bool // an expression over columns of which the header has none
	memo     int  // the place in row.times, from 1; 0 if it has none
}

type valueKind uint8

const (
	kindColumn valueKind = iota
	kindConst
	kindFirst
	kindJoin
	kindObject
	kindRef
	kindExpr
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
		filled := false
		for i, p := range v.parts {
			mark := len(dst)
			dst = appendKey(dst, v.keys[i])
			if dst, ok, err = p.appendJSON(dst, r); err != nil {
				return dst[:begin], false, err
			} else if !ok {
				dst = dst[:mark]
			}
			filled = filled || ok && p.kind != kindConst
		}
		if !filled {
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

// cell is the text of a column or an expression after its steps.
func (v *value) cell(r *row) (string, error) {
	var s string
	if v.kind == kindExpr {
		var err error
		if s, err = v.evaluate(r); err != nil {
			return "", r.fail(-1, CodeInvalidValue, err)
		}
	} else if s = r.text(v.col); s == "" || r.ids.isNone(s) {
		return "", nil
	}
	if v.steps == nil {
		return s, nil
	}
	s, err := v.steps.apply(s)
	if err != nil {
		return "", r.fail(v.col, CodeInvalidValue, err)
	}
	return strings.TrimSpace(s), nil
}

func (v *value) appendColumn(dst []byte, r *row) (out []byte, ok bool, err error) {
	s, err := v.cell(r)
	if s == "" || err != nil {
		return dst, false, err
	}
	switch v.as {
	case TypeText, TypeEmail, TypeCurrency, TypeCurrencyOf, TypePhone, TypeHTML, TypeDomain:
		if s = v.plain(s); s == "" {
			return dst, false, nil
		}
		return appendString(dst, s), true, nil
	case typeMember:
		dst, ok := appendMember(dst, s)
		return dst, ok, nil
	case TypeList:
		items := v.items(s)
		if len(items) == 0 {
			return dst, false, nil
		}
		dst = append(dst, '[')
		for i, item := range items {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = appendString(dst, item)
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
	case TypeNumber, TypeMoney, TypePercent:
		n, err := v.number(s, r)
		if err != nil {
			return dst, false, err
		}
		return append(dst, n...), true, nil
	case TypeDuration:
		n, err := parseDuration(s)
		if err != nil {
			return dst, false, r.fail(v.col, CodeInvalidNumber, err)
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
		if v.unit == "" && v.dates.layout == nil {
			mark := len(dst)
			dst, err := appendDate(append(dst, '"'), s, v.dates.order)
			if err != nil {
				return dst[:mark], false, r.fail(v.col, CodeInvalidDate, err)
			}
			return append(dst, '"'), true, nil
		}
		t, err := v.timeOf(s, r)
		if err != nil {
			return dst, false, err
		}
		return append(t.In(r.settings.Zone).AppendFormat(append(dst, '"'), time.DateOnly), '"'), true, nil
	case TypeTime:
		t, err := v.timeOf(s, r)
		if err != nil {
			return dst, false, err
		}
		return append(t.AppendFormat(append(dst, '"'), time.RFC3339Nano), '"'), true, nil
	}
	return dst, false, fmt.Errorf("type %q is unknown", v.as) // unreachable: compile checks types
}

// number reads a number in its canonical form.
func (v *value) number(s string, r *row) (string, error) {
	switch v.as {
	case TypeMoney:
		s = bareAmount(s)
	case TypePercent:
		s = strings.TrimSpace(strings.TrimSuffix(s, "%"))
	default:
	}
	n, err := parseNumber(s, v.decimal)
	if err != nil {
		return "", r.fail(v.col, CodeInvalidNumber, err)
	}
	if v.as == TypePercent {
		if !isPercent(n) {
			return "", r.fail(v.col, CodeOutOfRange, errPercent)
		}
		if n, err = hundredth(n); err != nil {
			return "", r.fail(v.col, CodeInvalidNumber, err)
		}
	}
	if v.times != 0 {
		if n, err = multiply(n, v.times); err != nil {
			return "", r.fail(v.col, CodeInvalidNumber, err)
		}
	}
	return n, nil
}

// timeOf reads a time.
func (v *value) timeOf(s string, r *row) (time.Time, error) {
	t, err := v.dates.parse(s, v.unit, r.settings.Zone)
	if err != nil {
		return t, r.fail(v.col, CodeInvalidDate, err)
	}
	return t, nil
}

// time is the value as a time; zero if it is blank.
func (v *value) time(r *row) (time.Time, error) {
	switch v.kind {
	case kindColumn, kindExpr:
		if v.memo > 0 && r.times[v.memo-1].is {
			return r.times[v.memo-1].at, nil
		}
		s, err := v.cell(r)
		if err != nil || isNone(s) {
			return time.Time{}, err
		}
		t, err := v.timeOf(s, r)
		if v.memo > 0 && err == nil {
			r.times[v.memo-1] = readTime{is: true, at: t}
		}
		return t, err
	case kindFirst:
		for _, p := range v.parts {
			if t, err := p.time(r); err != nil || !t.IsZero() {
				return t, err
			}
		}
		return time.Time{}, nil
	}
	s, err := v.plainText(r)
	if err != nil || isNone(s) {
		return time.Time{}, err
	}
	return v.timeOf(s, r)
}

// plain is the text of a cell under the types that are texts.
func (v *value) plain(s string) string {
	switch v.as {
	case TypeEmail:
		return emailAddress(s)
	case TypeCurrency:
		return currencyCode(s)
	case TypeCurrencyOf:
		return currencyOfMoney(s)
	case TypePhone:
		return phoneNumber(s, v.country)
	case TypeHTML:
		return htmlText(s)
	case TypeDomain:
		return domainName(s)
	}
	return s
}

// isText reports whether the value is a text when its cell is one.
func (v *value) isText() bool {
	switch v.as {
	case TypeText, TypeEmail, TypeCurrency, TypeCurrencyOf, TypePhone, TypeHTML, TypeDomain:
		return v.kind == kindColumn || v.kind == kindExpr
	}
	return false
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
	if v.isText() {
		s, err := v.cell(r)
		if s == "" || err != nil {
			return "", err
		}
		return v.plain(s), nil
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

// texts are the texts of a value, which are several if it is a list.
func (v *value) texts(r *row) ([]string, error) {
	if v.as != TypeList || v.kind != kindColumn && v.kind != kindExpr {
		s, err := v.plainText(r)
		if s == "" || err != nil {
			return nil, err
		}
		return []string{s}, nil
	}
	s, err := v.cell(r)
	if s == "" || err != nil {
		return nil, err
	}
	return v.items(s), nil
}

// joined joins the parts that are not blank. Constants stand between columns and do not count: a
// text without any column is blank.
func (v *value) joined(r *row) (string, error) {
	begin := len(r.joining) // a part may be joined itself
	defer func() { r.joining = r.joining[:begin] }()
	filled := false
	for _, p := range v.parts {
		s, err := p.plainText(r)
		if err != nil {
			return "", err
		}
		if s == "" {
			continue
		}
		if len(r.joining) > begin {
			r.joining = append(r.joining, v.joinWith...)
		}
		r.joining = append(r.joining, s...)
		filled = filled || p.kind != kindConst
	}
	if !filled {
		return "", nil
	}
	return string(r.joining[begin:]), nil
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
	clear []bool // whether a blank one takes away what stands; nil if none does
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
			if o.clear != nil && o.clear[i] {
				r.cleared = append(r.cleared, o.names[i])
			}
			dst = dst[:mark]
		}
	}
	return dst, nil
}

func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K {
	return slices.Sorted(maps.Keys(m))
}
