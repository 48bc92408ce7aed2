package mapping

import (
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/text/cases"
	"golang.org/x/text/language"

	"github.com/projectrye/rye-import/internal/spell"
)

// value compiles a Value. One of whose column the header lacks is nothing, and is checked all the same.
func (c *compiler) value(v *Value, use string) *value {
	if v == nil {
		return &value{kind: kindNothing}
	}
	c.checkValue(v)
	out := &value{as: v.As, times: v.Times, joinWith: " ", col: -1}
	if out.as == "" {
		out.as = TypeText
	}
	out.steps = c.steps(v)
	switch {
	case v.Const != nil:
		lit, err := json.Marshal(v.Const)
		if err != nil {
			c.bad("const: %v", err)
		}
		out.kind, out.lit, out.litText = kindConst, lit, fmt.Sprint(v.Const)
	case v.First != nil:
		out.kind = kindFirst
		for i := range v.First {
			if part := c.value(&v.First[i], use); part.kind != kindNothing {
				out.parts = append(out.parts, part)
			}
		}
		if len(out.parts) == 0 {
			out.kind = kindNothing
		}
	case v.Join != nil:
		out.kind = kindJoin
		if v.With != nil {
			out.joinWith = *v.With
		}
		for i := range v.Join {
			out.parts = append(out.parts, c.value(&v.Join[i], use))
		}
		if !slices.ContainsFunc(out.parts, func(p *value) bool { return p.kind != kindNothing && p.kind != kindConst }) {
			out.kind = kindNothing
		}
	case v.Object != nil:
		out.kind = kindObject
		inner := c.objectOf(v.Object, use)
		out.keys, out.parts = inner.keys, inner.parts
		if !slices.ContainsFunc(out.parts, func(p *value) bool { return p.kind != kindConst }) {
			out.kind = kindNothing
		}
	case v.Ref != nil:
		out.kind, out.ref = kindRef, c.ref(v.Ref, use)
		if out.ref.id.kind == kindNothing && out.ref.fallback == "" {
			out.kind = kindNothing
		}
	case v.Expr != "":
		out.kind, out.program = kindExpr, c.expression(v.Expr, use)
		c.format(out, v)
	default:
		out.kind, out.col = kindColumn, c.column(v.Column, use)
		c.format(out, v)
		if out.col < 0 {
			out.kind = kindNothing
		} else if v.Map != nil {
			c.maps = append(c.maps, out)
		}
		return c.nested(out, v.Column, use)
	}
	return out
}

// name is what a value is called where nothing else names it: its first column.
func (v *Value) name() string {
	if v.Column != "" {
		return v.Column
	}
	for _, list := range [][]Value{v.First, v.Join} {
		for i := range list {
			if name := list[i].name(); name != "" {
				return name
			}
		}
	}
	for _, key := range sortedKeys(v.Object) {
		inner := v.Object[key]
		if name := inner.name(); name != "" {
			return name
		}
	}
	if v.Ref != nil {
		return v.Ref.ID.name()
	}
	return ""
}

var types = []Type{
	TypeText, TypeNumber, TypeMoney, TypePercent, TypeBool, TypeDate, TypeTime, TypeList, TypeJSON, TypeEmail, TypePhone,
	TypeCurrency, TypeCurrencyOf, TypeDuration, TypeHTML, TypeDomain,
}

// checkValue finds what makes no sense, whatever the header.
func (c *compiler) checkValue(v *Value) {
	sources := 0
	for _, has := range []bool{
		v.Column != "", v.Const != nil, v.First != nil, v.Join != nil, v.Object != nil, v.Ref != nil, v.Expr != "",
	} {
		if has {
			sources++
		}
	}
	if sources > 1 {
		c.bad("a value has %d of column, const, first, join, object, ref and expr, and needs one", sources)
	}
	oneOf(c, "type", v.As, types...)
	oneOf(c, "case", v.Case, CaseLower, CaseUpper, CaseTitle)
	oneOf(c, "unknown", v.Unknown, UnknownKeep, UnknownBlank, UnknownReject)
	oneOf(c, "decimal", v.Decimal, DecimalPoint, DecimalComma)
	oneOf(c, "order", v.Order, DateOrderMDY, DateOrderDMY)
	oneOf(c, "unit", v.Unit, UnitSeconds, UnitMilliseconds)
	if math.IsInf(v.Times, 0) || math.IsNaN(v.Times) {
		c.bad("times is no finite number")
	}
	if v.Replace != nil && v.Match == "" {
		c.bad("replace %q: needs match, which says what is replaced", *v.Replace)
	}
	if v.Part != 0 && v.Split == "" {
		c.bad("part %d: needs split, which says what the parts stand apart by", v.Part)
	}
	if v.Country != "" && !isCountry(v.Country) {
		c.bad("country %q: give an ISO 3166 code, as DE", v.Country)
	}
}

// oneOf notes a word that is none of those that there are.
func oneOf[T ~string](c *compiler, what string, word T, words ...T) {
	if word != "" && !slices.Contains(words, word) {
		c.bad("%s %q is unknown%s", what, word, spell.Suggest(string(word), words))
	}
}

// steps are what a text goes through before it is read as its type.
type steps struct {
	get     jsonPath
	match   *regexp.Regexp
	replace *string
	split   string
	part    int
	casing  Case
	known   map[string]string // in lower case
	unknown Unknown
}

// steps compiles the steps of a value; nil if it has none.
func (c *compiler) steps(v *Value) *steps {
	if v.Get == "" && v.Match == "" && v.Split == "" && v.Case == "" && v.Map == nil {
		return nil
	}
	s := &steps{replace: v.Replace, split: v.Split, part: v.Part, casing: v.Case, unknown: v.Unknown}
	if v.Get != "" {
		var err error
		if s.get, err = parsePath(v.Get); err != nil {
			c.bad("get %q: %v", v.Get, err)
		}
	}
	if v.Match != "" {
		s.match = c.regexp(v.Match)
	}
	if v.Map != nil {
		s.known = make(map[string]string, len(v.Map))
		for from, to := range v.Map {
			s.known[strings.ToLower(from)] = to
		}
	}
	return s
}

// errUnknownValue says that a value map does not know a text.
var errUnknownValue = fmt.Errorf("is not among the values that the mapping knows; add it to the map of the column")

// apply takes a text through the steps.
func (s *steps) apply(text string) (string, error) {
	text = s.cut(text)
	if s.known == nil || text == "" {
		return text, nil
	}
	to, ok := s.known[strings.ToLower(text)]
	switch {
	case ok:
		return to, nil
	case s.unknown == UnknownBlank:
		return "", nil
	case s.unknown == UnknownReject:
		return "", errUnknownValue
	}
	return text, nil
}

// cut takes a text through the steps that come before its value map.
func (s *steps) cut(text string) string {
	if s.get != nil {
		text = s.get.of(text)
	}
	if s.match != nil && text != "" {
		text = s.matched(text)
	}
	if s.part != 0 {
		text = nth(text, s.split, s.part)
	}
	switch s.casing {
	case CaseLower:
		text = strings.ToLower(text)
	case CaseUpper:
		text = strings.ToUpper(text)
	case CaseTitle:
		text = cases.Title(language.Und).String(text)
	}
	return text
}

// matched is the part of a text that matches, or the text with what matches replaced.
func (s *steps) matched(text string) string {
	if s.replace != nil {
		return strings.TrimSpace(s.match.ReplaceAllString(text, *s.replace))
	}
	groups := s.match.FindStringSubmatch(text)
	switch len(groups) {
	case 0:
		return ""
	case 1:
		return strings.TrimSpace(groups[0])
	}
	return strings.TrimSpace(groups[1])
}

// nth is a part of a text, from 1, or from the end if it is negative; blank if there are not so many.
func nth(text, by string, part int) string {
	parts := strings.Split(text, by)
	if part < 0 {
		part += len(parts) + 1
	}
	if part < 1 || part > len(parts) {
		return ""
	}
	return strings.TrimSpace(parts[part-1])
}

// items are the parts of a text that is a list: the elements of a JSON array, or what stands apart by
// the separator.
func (v *value) items(text string) []string {
	separator := ";"
	if v.steps != nil && v.steps.split != "" {
		separator = v.steps.split
	}
	var items []string
	add := func(item string) {
		if item = strings.TrimSpace(item); item != "" {
			items = append(items, item)
		}
	}
	if strings.HasPrefix(text, "[") {
		var elements []any
		if decodeJSON(text, &elements) == nil {
			for _, e := range elements {
				add(jsonText(e))
			}
			return items
		}
	}
	for item := range strings.SplitSeq(text, separator) {
		add(item)
	}
	return items
}
