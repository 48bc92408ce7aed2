package mapping

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// The decoder makes columns of nested objects, named with dots: Owner.id, Owner.name. Here they become
// objects again, where a mapping names the object or keeps what it does not name. What is nested is told
// by the names alone, so that a reject file, which is CSV, gives what the JSON gave.

// maxPath is how many parts the name of a nested column may have. The decoder makes no more, but keys
// have dots too.
const maxPath = 20

// pathOf parts the name of a nested column. Other names are one part: those of annotations, as
// x@OData.Community.Display.V1.FormattedValue, and labels, as "No. of Employees".
func pathOf(name string) []string {
	parts := strings.Split(name, ".")
	if len(parts) == 1 || len(parts) > maxPath || strings.Contains(name, "@") {
		return []string{name}
	}
	for _, p := range parts {
		if p == "" || strings.TrimSpace(p) != p {
			return []string{name}
		}
	}
	return parts
}

// isMember reports whether a column is nested under the object of a certain name.
func isMember(column, object string) bool {
	n := len(object)
	return n > 0 && len(column) > n+1 && column[n] == '.' && strings.EqualFold(column[:n], object) && len(pathOf(column)) > 1
}

// membersOf returns the columns that are nested under an object, and the length of its name.
func (c *compiler) membersOf(object string) (cols []int, n int) {
	for _, name := range append([]string{object, snakeCase(object)}, c.object.Aliases[object]...) {
		for i, column := range c.columns.names {
			if isMember(column, name) {
				cols = append(cols, i)
			}
		}
		if cols != nil {
			return cols, len(name)
		}
	}
	return nil, 0
}

// nested returns the value of a column that the header may have as an object: its own cell where that is
// filled, and else the members. It returns v where there are none.
func (c *compiler) nested(v *value, object, use string) *value {
	if v.as != TypeText && v.as != TypeJSON || v.steps != nil {
		return v
	}
	cols, n := c.membersOf(object)
	if cols == nil {
		return v
	}
	delete(c.lacks, object)
	root := &branch{col: -1}
	for _, i := range cols {
		root.add(pathOf(c.columns.names[i][n+1:]), i)
		c.use(i, use)
	}
	members := root.object(c.columns.names)
	o := &value{kind: kindObject, as: v.as, keys: members.keys, parts: members.parts}
	if v.kind == kindNothing {
		return o
	}
	return &value{kind: kindFirst, as: v.as, parts: []*value{v, o}}
}

// branch is an object of columns while it is put together again: a column, members, or both.
type branch struct {
	col     int // -1 if there is none of that name
	members map[string]*branch
}

func (b *branch) add(path []string, col int) {
	for _, name := range path {
		if b.members == nil {
			b.members = make(map[string]*branch)
		}
		next := b.members[name]
		if next == nil {
			next = &branch{col: -1}
			b.members[name] = next
		}
		b = next
	}
	b.col = col
}

// columns returns the columns of all members, in the order of their names.
func (b *branch) columns() []int {
	var cols []int
	for _, name := range sortedKeys(b.members) {
		if m := b.members[name]; m.col >= 0 {
			cols = append(cols, m.col)
		}
		cols = append(cols, b.members[name].columns()...)
	}
	return cols
}

// object returns the members as named values, in the order of their names.
func (b *branch) object(header []string) *object {
	o := &object{}
	for _, name := range sortedKeys(b.members) {
		o.addBranch(name, b.members[name], typeMember, header)
	}
	return o
}

// addBranch adds a column or an object of columns. A record has the one or the other: the column is
// blank where the object is null. Where both are filled, as "Account Name" and "Account Name.id" in a
// CSV file, the members stand beside the column, under their names.
func (o *object) addBranch(name string, b *branch, as Type, header []string) {
	if b.col < 0 && b.members == nil {
		return
	}
	v := &value{kind: kindColumn, col: b.col, as: as}
	if b.members != nil {
		inner := b.object(header)
		group := &value{kind: kindObject, keys: inner.keys, parts: inner.parts}
		if b.col < 0 {
			v = group
		} else {
			v = &value{kind: kindFirst, parts: []*value{v, group}}
		}
	}
	o.put(name, v)
	if b.col < 0 {
		return
	}
	for _, col := range b.columns() {
		o.put(name+header[col][len(header[b.col]):], &value{
			kind: kindBeside, col: b.col, parts: []*value{{kind: kindColumn, col: col, as: as}},
		})
	}
}

func (o *object) put(name string, v *value) {
	o.names = append(o.names, name)
	o.keys = append(o.keys, quotedKey(name))
	o.parts = append(o.parts, v)
}

// typeMember is the type of what was nested: cells of an array are one, and numbers and booleans are
// written without quotes, as most of them were.
const typeMember Type = "member"

// maxMemberDigits is how long a number may be. JSON readers do not keep more digits, and what has more
// is an id.
const maxMemberDigits = 15

func appendMember(dst []byte, s string) ([]byte, bool) {
	switch {
	case s == "true", s == "false", isPlainNumber(s):
		return append(dst, s...), true
	case (s[0] == '[' || s[0] == '{') && json.Valid([]byte(s)):
		if out, ok, err := appendWithoutNulls(dst, s); err == nil {
			return out, ok
		}
	}
	return appendString(dst, s), true
}

// isPlainNumber reports whether s is a number as JSON writes it, of a usual size.
func isPlainNumber(s string) bool {
	s = strings.TrimPrefix(s, "-")
	whole, fraction, point := strings.Cut(s, ".")
	if whole == "" || whole[0] == '0' && whole != "0" || point && fraction == "" || len(whole)+len(fraction) > maxMemberDigits {
		return false
	}
	return isDigits(whole) && isDigits(fraction)
}

// rest gathers the columns that nothing named: they are kept under their own names, in the order of
// these, so that the order of columns in a file changes nothing. Those of a nested object are kept as
// that object.
func (c *compiler) rest() *object {
	for _, drops := range []map[string]string{c.mapping.Drop, c.object.Drop} {
		for _, name := range sortedKeys(drops) {
			if strings.Contains(name, "*") {
				c.dropAll(name, drops[name])
			} else {
				c.drop(name, drops[name])
			}
		}
	}
	header := c.columns.names
	root := &branch{col: -1}
	for i, name := range header {
		if c.uses[i] == nil {
			root.add(pathOf(name), i)
		}
	}
	o := &object{}
	for _, first := range sortedKeys(root.members) {
		b := root.members[first]
		name := first
		if name == "code" { // the graph's own
			name += " (source)"
		}
		for c.taken[name] { // another column's
			name += " (source)"
		}
		c.taken[name] = true
		cols := b.columns()
		if b.col >= 0 {
			cols = append(cols, b.col)
		}
		kept := c.object.Node != nil || c.object.Event != nil || c.object.Edge != nil || c.object.Participant != nil
		for _, i := range cols {
			if kept {
				c.uses[i] = []string{keptAs + name + header[i][len(first):]}
			} else {
				c.uses[i] = []string{"dropped: a stage has no properties"}
			}
		}
		if kept {
			o.addBranch(name, b, TypeText, header)
		}
	}
	return o
}

// dropMembers notes that the columns of a nested object are left out.
func (c *compiler) dropMembers(object, why string) {
	cols, _ := c.membersOf(object)
	for _, i := range cols {
		if c.uses[i] == nil {
			c.use(i, fmt.Sprintf("dropped: %s", why))
		}
	}
}

// use notes what a column is used for.
func (c *compiler) use(i int, use string) {
	if c.uses[i] == nil {
		c.uses[i] = []string{}
	}
	if use != "" && !slices.Contains(c.uses[i], use) {
		c.uses[i] = append(c.uses[i], use)
	}
}

// hasMembers reports whether a header has columns that are nested under an object. The names are in
// lower case.
func (c *columnIndex) hasMembers(object string) bool {
	for name := range c.at {
		if isMember(name, object) {
			return true
		}
	}
	return false
}
