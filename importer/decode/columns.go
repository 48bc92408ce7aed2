package decode

// columns are the columns of the records of one kind, as far as they were seen, and what the record at
// hand has in them.
type columns struct {
	header *Header
	names  []string // so far; the header's are the first of them
	index  map[string]int
	cells  []cell // by column
	guess  int    // the column that is likely to come next
	times  []int  // by column, the records that had it; nil if nobody asks
	rounds int    // of these records

	// Groups are the nested objects of which the members are columns.
	groups     []group
	groupIndex map[string]int
	groupGuess int // the group that is likely to come next
}

// cell is a column in the record at hand.
type cell struct {
	value span   // in the buffer of values
	seen  uint32 // round in which the column was last set
	group int    // that has the name of the column, -1 if there is none
}

// group is a nested object in the record at hand.
type group struct {
	name   string
	seen   uint32 // round in which it was last there
	column int    // that has the name of the group, -1 if there is none
}

func newColumns(names []string) *columns {
	c := &columns{index: make(map[string]int, len(names)), groupIndex: make(map[string]int)}
	for _, n := range names {
		c.add(n)
	}
	c.header = c.currentHeader()
	return c
}

func (c *columns) currentHeader() *Header {
	// Names that are added later are appended behind the length of this slice, or elsewhere.
	return &Header{Names: c.names[:len(c.names):len(c.names)]}
}

func (c *columns) add(name string) int {
	i := len(c.names)
	c.names = append(c.names, name)
	c.index[name] = i
	g, ok := c.groupIndex[name]
	if ok {
		c.groups[g].column = i
	} else {
		g = -1
	}
	c.cells = append(c.cells, cell{group: g})
	c.guess = i + 1
	return i
}

// find returns the place of a column, or -1. The column after the one that was found last is tried
// first.
func (c *columns) find(name []byte) int {
	if i := c.guess; i < len(c.names) && c.names[i] == string(name) {
		c.guess++
		return i
	}
	i, ok := c.index[string(name)]
	if !ok {
		return -1
	}
	c.guess = i + 1
	return i
}

// begin notes that a column has a value in this round, which begins at a place in the buffer of
// values. It reports whether that is the only one.
func (c *columns) begin(i int, round uint32, at int) bool {
	cl := &c.cells[i]
	if cl.seen == round || cl.group >= 0 && c.groups[cl.group].seen == round {
		return false
	}
	cl.seen = round
	cl.value = span{at, at}
	return true
}

// enter notes that there is a nested object of that name in this round. It reports whether nothing
// else has the name.
func (c *columns) enter(name []byte, round uint32) bool {
	i := c.groupGuess
	if i >= len(c.groups) || c.groups[i].name != string(name) {
		known, ok := c.groupIndex[string(name)]
		if !ok {
			known = c.addGroup(string(name))
		}
		i = known
	}
	c.groupGuess = i + 1
	g := &c.groups[i]
	if g.seen == round || g.column >= 0 && c.cells[g.column].seen == round {
		return false
	}
	g.seen = round
	return true
}

func (c *columns) addGroup(name string) int {
	i := len(c.groups)
	column, ok := c.index[name]
	if ok {
		c.cells[column].group = i
	} else {
		column = -1
	}
	c.groups = append(c.groups, group{name: name, column: column})
	c.groupIndex[name] = i
	return i
}

// has reports whether a column, or a nested object, was set in this round.
func (c *columns) has(name string, round uint32) bool {
	if i, ok := c.index[name]; ok && c.cells[i].seen == round {
		return true
	}
	g, ok := c.groupIndex[name]
	return ok && c.groups[g].seen == round
}

// value returns what a finished record has in a column, "" if it has nothing.
func (c *columns) value(name string, cells []string) string {
	if i, ok := c.index[name]; ok && i < len(cells) {
		return cells[i]
	}
	return ""
}

// finish returns the values of a record, which are parts of a text, and makes a new header if there
// are new columns.
func (c *columns) finish(values string, round uint32) []string {
	if len(c.names) > len(c.header.Names) {
		c.header = c.currentHeader()
	}
	cells := make([]string, len(c.cells))
	for i := range c.cells {
		if cl := &c.cells[i]; cl.seen == round {
			cells[i] = cl.value.in(values)
		}
	}
	if c.times != nil {
		c.count(round)
	}
	c.guess, c.groupGuess = 0, 0
	return cells
}

// count notes which columns the record at hand has.
func (c *columns) count(round uint32) {
	c.rounds++
	c.times = append(c.times, make([]int, len(c.cells)-len(c.times))...)
	for i := range c.cells {
		if c.cells[i].seen == round {
			c.times[i]++
		}
	}
}

// always returns the columns that every record had.
func (c *columns) always() []string {
	var names []string
	for i, n := range c.times {
		if n == c.rounds {
			names = append(names, c.names[i])
		}
	}
	return names
}

// reset forgets all rounds.
func (c *columns) reset() {
	for i := range c.cells {
		c.cells[i].seen = 0
	}
	for i := range c.groups {
		c.groups[i].seen = 0
	}
}
