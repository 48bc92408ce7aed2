package decode

import (
	"errors"
	"slices"
	"strings"
)

// Child says where records hold records of another type, as a company its contacts. Each of these is
// read as a record of its own, right after its parent, which is left without them.
//
// In JSON they are an array of objects. In CSV they are the columns below Column and a slash, as
// child_ids/name, of which a row has one: a row in which all else is blank goes on with the record
// above it.
type Child struct {
	Of     string // the type of the parents; "" for the file's own records, whatever their type
	Column string // where a parent has them, as custom.contacts
	Type   string // the type of the children
	Parent string // the column in which a child names its parent, if it has no value of its own there
	Key    string // the parent's column with the value for that
}

var errChildren = errors.New("a child needs a column and a type, and no two may share parents and column")

// children finds the children of records by type and column.
type children map[childPlace]Child

type childPlace struct{ of, column string }

func newChildren(list []Child) (children, error) {
	all := make(children, len(list))
	for _, c := range list {
		at := childPlace{c.Of, c.Column}
		if _, twice := all[at]; twice || c.Column == "" || c.Type == "" {
			return nil, errChildren
		}
		all[at] = c
	}
	return all, nil
}

// part is what a row of CSV has of one type of records: a part of its columns.
type part struct {
	header *Header
	kind   string
	places []int // of its cells in a row, nil for all
	parent int   // place in the header of what names the parent, -1 if there is none
	key    int   // place in the parent's header of the value for it, -1 if there is none
	parts  []*part
	last   []string // cells of the last record, nil if none is known
	lost   bool     // the last record could not be read
}

// newPart parts columns, which are at certain places in a row, among the records of a type and their
// children. These are at a depth of their own, which is bounded.
func newPart(kind string, names []string, places []int, list []Child, depth int) *part {
	p := &part{kind: kind, parent: -1, key: -1}
	of := make([]int, len(names)) // the child whose column it is, plus one
	for i, c := range list {
		if c.Of != kind || depth == maxRelated {
			continue
		}
		for j, name := range names {
			if of[j] == 0 && strings.HasPrefix(name, c.Column+"/") {
				of[j] = i + 1
			}
		}
	}
	if !slices.ContainsFunc(of, func(i int) bool { return i > 0 }) {
		p.header, p.places = &Header{Names: names}, places
		return p
	}
	cut := func(child int) (cut []string, at []int) {
		at = []int{} // not nil, which is all
		for j, name := range names {
			if of[j] != child {
				continue
			}
			if child > 0 {
				name = name[len(list[child-1].Column)+1:]
			}
			place := j
			if places != nil {
				place = places[j]
			}
			cut, at = append(cut, name), append(at, place)
		}
		return cut, at
	}
	own, at := cut(0)
	p.header, p.places = &Header{Names: own}, at
	for i, c := range list {
		below, at := cut(i + 1)
		if below == nil {
			continue
		}
		child := newPart(c.Type, columnNames(below), at, list, depth+1)
		if c.Parent != "" {
			if child.parent = child.header.Index(c.Parent); child.parent < 0 {
				child.parent = len(child.header.Names)
				child.header = &Header{Names: append(slices.Clone(child.header.Names), c.Parent)}
			}
			child.key = p.header.Index(c.Key)
		}
		p.parts = append(p.parts, child)
	}
	return p
}

// find returns the first part of that type, or nil.
func (p *part) find(kind string) *part {
	for _, c := range p.parts {
		if c.kind == kind {
			return c
		}
		if found := c.find(kind); found != nil {
			return found
		}
	}
	return nil
}

// filled reports whether a row has something in the columns of the part itself.
func (p *part) filled(row []string) bool {
	for _, i := range p.places {
		if strings.TrimSpace(row[i]) != "" {
			return true
		}
	}
	return false
}

// filledBelow reports whether a row has a child in one of the parts.
func (p *part) filledBelow(row []string) bool {
	return slices.ContainsFunc(p.parts, func(c *part) bool { return c.filled(row) || c.filledBelow(row) })
}

// take notes the cells of a new record, which has no children so far.
func (p *part) take(cells []string) {
	p.forget(false)
	p.last = cells
}

// forget forgets the last record and its children. lost says that what came after it could not be read.
func (p *part) forget(lost bool) {
	p.last, p.lost = nil, lost
	for _, c := range p.parts {
		c.forget(lost)
	}
}

// child returns the cells of a child in a row.
func (p *part) child(row, parent []string) []string {
	cells := make([]string, len(p.header.Names))
	for i, place := range p.places {
		cells[i] = row[place]
	}
	if p.parent >= 0 && p.key >= 0 && p.key < len(parent) && strings.TrimSpace(cells[p.parent]) == "" {
		cells[p.parent] = parent[p.key]
	}
	return cells
}
