package mapping

import (
	"cmp"
	"strings"
	"time"
)

// repair is a compiled Cell.
type repair struct {
	col     int
	texts   map[string]string // by the text that is replaced, in lower case
	layout  *layout
	clock   bool // the layout has a time of day
	blank   string
	forgive bool
}

// repairs compiles what is done to cells before anything reads them.
func (c *compiler) repairs() []repair {
	var out []repair
	for _, name := range sortedKeys(c.object.Cells) {
		cell := c.object.Cells[name]
		r := repair{col: c.find(name), blank: cell.Default, forgive: cell.Unreadable == UnreadableBlank, texts: make(map[string]string, len(cell.Map))}
		for from, to := range cell.Map {
			r.texts[strings.ToLower(strings.TrimSpace(from))] = to
		}
		if cell.Layout != "" {
			l, err := parseLayout(cell.Layout)
			if err != nil {
				c.bad("cells.%s.layout: %q: %v", name, cell.Layout, err)
				continue
			}
			r.layout, r.clock = l, strings.ContainsAny(cell.Layout, "Hh")
		}
		if r.col >= 0 {
			out = append(out, r)
		}
	}
	return out
}

// of gives the text of a cell as it is read.
func (r *repair) of(cell string, zone *time.Location) string {
	text := strings.TrimSpace(cell)
	if to, ok := r.texts[strings.ToLower(text)]; ok && text != "" {
		text = to
	}
	if r.layout != nil && text != "" {
		if t, err := r.layout.parse(text, zone); err == nil {
			if text = t.In(zone).Format(time.DateOnly); r.clock {
				text = t.Format(time.RFC3339Nano)
			}
		}
	}
	return cmp.Or(text, r.blank)
}

// repaired gives the cells of a record as they are read.
func (m *Mapper) repaired(cells []string) []string {
	if len(m.plan.repairs) == 0 {
		return cells
	}
	m.cells = append(m.cells[:0], cells...)
	for i := range m.plan.repairs {
		r := &m.plan.repairs[i]
		m.cells[r.col] = r.of(m.cells[r.col], m.row.settings.Zone)
	}
	return m.cells
}

// forgiven blanks the cell that could not be read, if it may be.
func (m *Mapper) forgiven(e *FieldError) bool {
	for i := range m.plan.repairs {
		if r := &m.plan.repairs[i]; r.forgive && r.col == m.row.failed && e.Column == m.row.header[r.col] && m.cells[r.col] != "" {
			m.cells[r.col] = ""
			return true
		}
	}
	return false
}
