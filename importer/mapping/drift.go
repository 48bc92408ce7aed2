package mapping

import (
	"cmp"
	"slices"
	"strings"

	"github.com/projectrye/rye-import/internal/spell"
)

// Missing is a column that a mapping uses, that the records of an object had, and that they have no more.
type Missing struct {
	Column string   // as the mapping names it
	Was    string   // as the header wrote it
	Uses   []string // what the mapping makes of it
	Line   int      // of the text of the mapping; 0 if it is not there, as where the mapping that it extends has it
	Base   bool     // it tells which records there are: their ids, or which are deleted, left out or ended
	Now    string   // a new column that nothing maps and whose name is so similar that it may be this one; blank if there is none
}

// Missing tells which columns of an object that one header has another one lacks, under all names that
// the mapping knows for them. What the mapping does not use is not missed.
func (m *Mapping) Missing(object string, before, now []string) ([]Missing, error) {
	had, err := m.Compile(object, before, Settings{})
	if err != nil {
		return nil, err
	}
	has, err := m.Compile(object, now, Settings{})
	if err != nil {
		return nil, err
	}
	var gone []Missing
	for _, name := range has.lacks {
		n := had.named[name]
		if n == nil || n.col < 0 || slices.Contains(had.lacks, name) || hasObjectOf(name, now) {
			continue
		}
		gone = append(gone, Missing{
			Column: name, Was: before[n.col], Uses: n.uses, Base: n.base,
			Line: lineOf(m.text, object, name),
		})
	}
	if len(gone) == 1 {
		gone[0].Now = renamed(gone[0], before, has)
	}
	return gone, nil
}

// Finds reports whether the mapping names a column and the header has it, under any name that is known for
// it.
func (p *Plan) Finds(column string) bool {
	n := p.named[column]
	return n != nil && n.col >= 0
}

// hasObjectOf reports whether a header has an object of which a column is a member: null throughout, it
// has none.
func hasObjectOf(column string, header []string) bool {
	for i := range column {
		if column[i] == '.' && slices.ContainsFunc(header, func(h string) bool { return strings.EqualFold(h, column[:i]) }) {
			return true
		}
	}
	return false
}

// renamed looks for the new column that nothing maps and whose name is most like that of a column which is
// gone.
func renamed(gone Missing, before []string, has *Plan) string {
	best, distance := "", 1000
	for i, kept := range has.Kept() {
		if kept == "" || slices.ContainsFunc(before, func(b string) bool { return strings.EqualFold(b, has.Header[i]) }) {
			continue
		}
		for _, name := range []string{gone.Was, gone.Column} {
			if d, alike := likeness(name, has.Header[i]); alike && d < distance {
				best, distance = has.Header[i], d
			}
		}
	}
	return best
}

// likeness tells whether two names of columns may mean the same: one holds the other, or few letters
// differ. The lower the number the more alike.
func likeness(a, b string) (int, bool) {
	a, b = bareName(a), bareName(b)
	if len(a) > 100 || len(b) > 100 || len(a) < 3 || len(b) < 3 {
		return 0, a == b && a != ""
	}
	d := spell.Distance(a, b)
	return d, strings.Contains(a, b) || strings.Contains(b, a) || d*3 <= max(len(a), len(b))
}

// bareName is a name of a column without case, marks, and what Salesforce puts behind those of customers.
func bareName(s string) string {
	s = strings.TrimSuffix(strings.ToLower(s), "__c")
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(" _-./()", r) {
			return -1
		}
		return r
	}, s)
}

// namedColumn is a column that the mapping names.
type namedColumn struct {
	uses []string
	col  int
	base bool
}

// remember notes what a column is named for.
func (c *compiler) remember(name, use string, col int) {
	n := c.named[name]
	if n == nil {
		n = &namedColumn{col: col}
		c.named[name] = n
	}
	if use = cmp.Or(use, "condition"); !slices.Contains(n.uses, use) {
		n.uses = append(n.uses, use)
	}
	n.base = n.base || c.base
}

// goneIn reports whether what is compiled names a column that is gone.
func (c *compiler) goneIn(compile func()) bool {
	before := c.hit
	c.hit = false
	compile()
	hit := c.hit
	c.hit = before || hit
	return hit
}
