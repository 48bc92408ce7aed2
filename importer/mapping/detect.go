package mapping

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Look is what a file shows of itself.
type Look struct {
	Header []string
	Types  []string   // the record types that JSON records state, if they do
	Sample [][]string // cells of some records
}

// Verdict is what a file was found to be.
type Verdict struct {
	Object   string   // empty if it is none of the mapping's
	Beside   []string // other objects that the same rows are
	Evidence string   // by what it was told, or why it was not
	Looks    string   // an object of the CRM that the mapping has no use for
	Known    int      // columns that the object has a use for
}

// Detect tells which object of the mapping a file holds. The name of the file plays no part in it:
// ids, types and header do.
func (m *Mapping) Detect(look Look) Verdict {
	if v, ok := m.refused(look); ok {
		return v
	}
	if len(look.Types) == 1 {
		// Objects of other CRMs have these names too, but other ids.
		if name := m.ObjectOfType(look.Types[0]); name != "" && (anyKey(look.Header) < 0 || m.hasKey(name, look.Header)) {
			return Verdict{Object: name, Evidence: "its records state their type", Known: m.knownColumns(name, look.Header)}
		}
		return Verdict{Looks: look.Types[0], Evidence: fmt.Sprintf("its records state the type %s, which is not mapped", look.Types[0])}
	}

	var best, foreign candidate
	var beside []candidate
	names := glimpse(look.Header, m.Strip, m.stripOfObjects())
	for _, name := range sortedKeys(m.Objects) {
		if lacking(m.spellings[name], names) > 0 {
			continue
		}
		c, fits := m.candidate(name, look)
		switch {
		case !fits:
		case c.foreign:
			foreign = c
		case m.Objects[name].Recognise.Beside:
			beside = append(beside, c)
		case c.score > best.score:
			best = c
		}
	}
	if best.name == "" && len(beside) > 0 {
		best, beside = beside[0], beside[1:]
	}
	if best.name != "" {
		v := Verdict{Object: best.name, Evidence: best.why, Known: m.knownColumns(best.name, look.Header)}
		for _, c := range beside {
			v.Beside = append(v.Beside, c.name)
		}
		return v
	}
	ids := m.lookAtIDs(look.Sample, anyKey(look.Header))
	switch {
	case ids.object != "":
		return Verdict{Looks: ids.object, Evidence: fmt.Sprintf("its ids are those of %s, which is not mapped", ids.object)}
	case ids.prefix != "":
		return Verdict{Evidence: fmt.Sprintf("its ids begin with %s, which is no object that the mapping knows", ids.prefix)}
	case foreign.name != "":
		return Verdict{Evidence: fmt.Sprintf("it has the columns of %s, but its ids are none of %s", foreign.name, m.Title)}
	}
	return Verdict{Evidence: m.closest(look, names)}
}

// stripOfObjects gives the beginnings of column names that objects cut off, beside those of the mapping.
func (m *Mapping) stripOfObjects() []string {
	var all []string
	for _, o := range m.Objects {
		all = append(all, o.Strip...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// glimpse gives all names that the columns of a header could go by, in lower case. An export has hundreds
// of files and there are hundreds of objects: most of them are ruled out by this, which costs one look at
// the header and not one for each object.
func glimpse(header, strip, ofObjects []string) map[string]bool {
	names := make(map[string]bool, 2*len(header))
	add := func(name string) {
		name = strings.ToLower(strings.TrimSpace(name))
		names[name] = true
		for i := range len(name) {
			if name[i] == '.' {
				names[name[:i]] = true // the object that it is a member of
			}
		}
	}
	for _, name := range header {
		add(name)
		for _, beginnings := range [...][]string{strip, ofObjects} {
			for i := range beginnings {
				once := stripped(name, beginnings[i:i+1])
				add(once)
				add(stripped(once, strip))
			}
		}
	}
	return names
}

// lacking counts the columns that an object must have, each as a header may spell it, and that none of the names can be.
func lacking(columns [][]string, names map[string]bool) int {
	n := 0
	for _, spellings := range columns {
		if !slices.ContainsFunc(spellings, func(s string) bool { return names[s] }) {
			n++
		}
	}
	return n
}

// spellingsOf lists how a header may spell each column that an object must have.
func (o *Object) spellingsOf() [][]string {
	all := make([][]string, len(o.Recognise.All))
	for i, name := range o.Recognise.All {
		all[i] = []string{strings.ToLower(name), snakeCase(name)}
		for canonical, aliases := range o.Aliases {
			if strings.EqualFold(canonical, name) || strings.EqualFold(canonical, snakeCase(name)) {
				for _, alias := range aliases {
					all[i] = append(all[i], strings.ToLower(alias))
				}
			}
		}
	}
	return all
}

// hasKey reports whether a header has a column for the id of an object's records.
func (m *Mapping) hasKey(name string, header []string) bool {
	p, err := m.Compile(name, header, Settings{})
	return err == nil && p.HasKey()
}

// ObjectOfType gives the object whose records state a type, or "".
func (m *Mapping) ObjectOfType(kind string) string {
	if m.Objects[kind] != nil {
		return kind
	}
	for _, name := range sortedKeys(m.Objects) {
		if slices.Contains(m.Objects[name].Recognise.Types, kind) {
			return name
		}
	}
	return ""
}

// refused says why a file is left out though it looks like an object.
func (m *Mapping) refused(look Look) (Verdict, bool) {
	for _, r := range m.Refuse {
		columns := m.indexColumns(look.Header, &Object{})
		if columns.hasAll(r.Columns) {
			return Verdict{Evidence: r.Reason}, true
		}
	}
	return Verdict{}, false
}

// candidate is an object that a file may hold.
type candidate struct {
	name    string
	score   int // columns of its recognition that are there
	why     string
	foreign bool // its columns are there, but its ids are not the CRM's
}

// candidate looks whether a file may hold an object.
func (m *Mapping) candidate(name string, look Look) (candidate, bool) {
	o := m.Objects[name]
	if len(o.Recognise.All)+len(o.Recognise.Any) == 0 {
		return candidate{}, false // it stands inside of others, or is derived
	}
	columns := m.indexColumns(look.Header, o)
	if !columns.hasAll(o.Recognise.All) {
		return candidate{}, false
	}
	key := keyColumn(columns, o)
	ids := m.lookAtIDs(look.Sample, key)
	byID := ids.object == name
	c := candidate{name: name}
	if !byID {
		if ids.prefix != "" && (ids.object != "" || o.Recognise.Prefix != "") {
			return c, false // its ids say that it is something else
		}
		if len(o.Recognise.Any) > 0 && !columns.hasAny(o.Recognise.Any) {
			return c, false
		}
		all := m.allColumns(look.Header, o)
		if all.hasAny(o.Recognise.None) {
			return c, false
		}
		c.foreign = ids.foreign
	}
	c.score = columns.count(o.Recognise.All) + columns.count(o.Recognise.Any)
	c.why = "columns " + strings.Join(slices.Concat(o.Recognise.All, columns.present(o.Recognise.Any, 3)), ", ")
	if len(o.Recognise.All) > 0 {
		c.why = "columns " + strings.Join(o.Recognise.All, ", ")
	}
	if byID {
		c.why = fmt.Sprintf("%s and ids that begin with %s (%d %%)", c.why, o.Recognise.Prefix, ids.share)
	}
	if o.Recognise.IDs != "" {
		share, any := matching(look.Sample, key, o.Recognise.IDs)
		switch {
		case any && share < 90:
			c.foreign = true
		case any:
			c.why = fmt.Sprintf("%s and ids of its form (%d %%)", c.why, share)
		}
	}
	return c, true
}

// matching gives the share of the ids, in percent, that a regular expression matches, and whether there
// are any.
func matching(sample [][]string, col int, pattern string) (share int, any bool) {
	re, err := regexp.Compile(pattern)
	if err != nil || col < 0 {
		return 0, false // the first is unreachable: the mapping is checked
	}
	ids, fit := 0, 0
	for _, cells := range sample {
		if col >= len(cells) {
			continue
		}
		if id := strings.TrimSpace(cells[col]); !isNone(id) {
			ids++
			if re.MatchString(id) {
				fit++
			}
		}
	}
	if ids == 0 {
		return 0, false
	}
	return fit * 100 / ids, true
}

// knownColumns counts the columns that an object has a use for.
func (m *Mapping) knownColumns(name string, header []string) int {
	p, err := m.Compile(name, header, Settings{})
	if err != nil {
		return 0 // unreachable: the mapping is checked
	}
	known := 0
	for _, uses := range p.uses {
		if uses != nil && (len(uses) != 1 || !strings.HasPrefix(uses[0], keptAs)) {
			known++
		}
	}
	return known
}

// allColumns finds the columns of a header by the canonical names of every object: a column that
// rules an object out may be written as another object's label.
func (m *Mapping) allColumns(header []string, o *Object) columnIndex {
	columns := m.indexColumns(header, o)
	own := make(map[string]bool)
	for _, aliases := range o.Aliases {
		for _, alias := range aliases {
			own[strings.ToLower(alias)] = true
		}
	}
	for _, other := range m.Objects {
		for canonical, aliases := range other.Aliases {
			for _, alias := range aliases {
				lower := strings.ToLower(alias)
				if i, ok := columns.at[lower]; ok && !own[lower] {
					columns.at[strings.ToLower(canonical)] = i
				}
			}
		}
	}
	return columns
}

// keyColumn gives the column with the id of an object's records, or -1.
func keyColumn(columns columnIndex, o *Object) int {
	for i := range o.Key {
		if name := o.Key[i].Column; name != "" {
			if place := columns.find(name); place >= 0 {
				return place
			}
		}
	}
	return -1
}

// anyKey gives the column that holds ids in most CRMs, or -1.
func anyKey(header []string) int {
	for _, name := range []string{"id", "record id"} {
		for i, h := range header {
			if strings.EqualFold(strings.TrimSpace(h), name) {
				return i
			}
		}
	}
	return -1
}

// idLook is what the ids of a file show of themselves.
type idLook struct {
	prefix  string // the first characters of most of them; empty if they do not agree
	object  string // the object that has this prefix; empty if the mapping knows none
	share   int    // how many have it, in percent
	foreign bool   // there are ids, and not one has the form of the CRM's
}

// lookAtIDs tells by the ids of a sample what object they are of. It tells nothing where the CRM's ids
// show nothing of themselves.
func (m *Mapping) lookAtIDs(sample [][]string, col int) idLook {
	if len(m.IDs.Prefixes) == 0 || col < 0 {
		return idLook{}
	}
	votes, ids, formed := make(map[string]int), 0, 0
	for _, cells := range sample {
		if col >= len(cells) {
			continue
		}
		id := strings.TrimSpace(cells[col])
		if isNone(id) {
			continue
		}
		ids++
		// Generated data have ids of 16 characters.
		if len(id) >= 15 && len(id) <= 18 && isAlphanumeric(id) {
			formed++
			votes[id[:3]]++
		}
	}
	out := idLook{foreign: ids > 0 && formed == 0}
	for _, prefix := range sortedKeys(votes) {
		if votes[prefix]*10 >= formed*9 {
			out.prefix, out.object, out.share = prefix, m.IDs.Prefixes[prefix], votes[prefix]*100/formed
			break
		}
	}
	return out
}

// closest says why the file is no object: most often because it lacks the id alone.
func (m *Mapping) closest(look Look, names map[string]bool) string {
	for _, name := range sortedKeys(m.Objects) {
		o := m.Objects[name]
		if len(o.Key) == 0 || !slices.Contains(o.Recognise.All, o.Key[0].Column) || lacking(m.spellings[name], names) != 1 {
			continue
		}
		columns := m.indexColumns(look.Header, o)
		lacks := make([]string, 0, 1)
		for _, column := range o.Recognise.All {
			if columns.find(column) < 0 {
				lacks = append(lacks, column)
			}
		}
		if len(lacks) == 1 && lacks[0] == o.Key[0].Column && columns.hasAny(o.Recognise.Any) && !columns.hasAny(o.Recognise.None) {
			return fmt.Sprintf("it looks like %s, but has no column %s, without which records cannot be told apart", name, lacks[0])
		}
	}
	// What every object of the CRM has tells that it is one.
	if columns := m.indexColumns(look.Header, &Object{}); columns.hasAny(sortedKeys(m.Drop)) {
		return "no mapping for this object"
	}
	return "its header is that of no object"
}

func (c *columnIndex) hasAll(names []string) bool {
	return c.count(names) == len(names)
}

func (c *columnIndex) hasAny(names []string) bool { return c.count(names) > 0 }

func (c *columnIndex) count(names []string) int { return len(c.present(names, len(names))) }

// present lists those of some columns that are there, at most so many.
func (c *columnIndex) present(names []string, most int) []string {
	var there []string
	for _, n := range names {
		if len(there) < most && (c.find(n) >= 0 || c.hasMembers(n) || c.hasMembers(snakeCase(n))) {
			there = append(there, n)
		}
	}
	return there
}
