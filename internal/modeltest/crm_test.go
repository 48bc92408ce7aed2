package modeltest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// The objects of the small CRM, in the order in which a world makes its records.
const (
	user     = "User"
	company  = "Company"
	person   = "Person"
	deal     = "Deal"
	history  = "History"
	activity = "Activity"
)

// columns are what each object's file holds. The first has the id.
func columns(object string) []string {
	switch object {
	case user:
		return []string{"user_id", "first_name", "last_name", "login", "created", "changed"}
	case company:
		return []string{"company_id", "company_name", "city", "industry", "tier", "owner_id", "master_id", "removed", "created", "changed"}
	case person:
		return []string{
			"person_id", "first_name", "last_name", "title", "email", "phone", "company_id", "adviser_of", "owner_id",
			"opt_out", "score", "master_id", "removed", "created", "changed",
		}
	case deal:
		return []string{
			"deal_id", "deal_name", "region", "company_id", "contact_id", "owner_id", "pipeline_id", "stage", "amount", "currency",
			"probability", "removed", "created", "changed",
		}
	case history:
		return []string{"history_id", "history_deal", "entered_stage", "entered"}
	case activity:
		return []string{"activity_id", "kind", "subject", "happened", "who", "about", "changed"}
	}
	panic("no columns of " + object)
}

func objects() []string { return []string{user, company, person, deal, history, activity} }

// key names a record.
type key struct{ object, id string }

func (k key) String() string { return k.object + "/" + k.id }

func compareKeys(a, b key) int { return strings.Compare(a.String(), b.String()) }

// row is a record as an export states it: the cells that are filled, by column.
type row map[string]string

// at is the time at which the CRM is after a number of steps. A run follows a day later.
func at(step int) time.Time {
	return time.Date(2024, 1, 3, 8, 0, 0, 0, time.UTC).AddDate(0, 0, 9*step)
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05") }

// crm is what one world's CRM knows at some time.
type crm struct {
	rows   map[key]row
	absent map[key]bool // dropped from exports
	dirty  map[key]bool // changed since it was last exported
}

func newCRM() *crm {
	return &crm{rows: make(map[key]row), absent: make(map[key]bool), dirty: make(map[key]bool)}
}

// keys lists the records of some objects in a fixed order.
func (c *crm) keys(objects ...string) []key {
	var all []key
	for k := range c.rows {
		if len(objects) == 0 || slices.Contains(objects, k.object) {
			all = append(all, k)
		}
	}
	slices.SortFunc(all, compareKeys)
	return all
}

// The verbs of actions.
const (
	verbAdd   = "add"   // a record comes
	verbSet   = "set"   // cells change; an empty value blanks one
	verbDrop  = "drop"  // a record is no longer exported
	verbBack  = "back"  // it is exported again
	verbHuman = "human" // somebody adds a property to the node in the graph
)

// action is one thing that happens between two exports. It says all that it does, so that others can be
// left out: what it names and is not there, it passes over.
type action struct {
	Verb  string
	On    key
	Cells row // of add, set and human
}

func (a action) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s", a.Verb, a.On)
	for _, c := range slices.Sorted(maps.Keys(a.Cells)) {
		fmt.Fprintf(&b, " %s=%q", c, a.Cells[c])
	}
	return b.String()
}

// apply lets the CRM know of it.
func (c *crm) apply(a action) {
	r, ok := c.rows[a.On]
	switch a.Verb {
	case verbAdd:
		if !ok {
			c.rows[a.On] = maps.Clone(a.Cells)
			c.dirty[a.On] = true
		}
	case verbSet:
		if !ok {
			return
		}
		for name, cell := range a.Cells {
			if cell == "" {
				delete(r, name)
			} else {
				r[name] = cell
			}
		}
		c.dirty[a.On] = true
	case verbDrop:
		c.absent[a.On] = true
	case verbBack:
		delete(c.absent, a.On)
		c.dirty[a.On] = true
	}
}

// runMode is how a run is done; it is one for all worlds that are imported together.
type runMode struct {
	Delta      bool
	Archive    bool    // --archive-missing
	MaxArchive float64 // percent
	Undo       takeBack
}

func (m runMode) String() string {
	switch {
	case m.Delta:
		return "delta" + m.Undo.String()
	case m.Archive:
		return fmt.Sprintf("full, missing are archived up to %g %%%s", m.MaxArchive, m.Undo)
	}
	return "full" + m.Undo.String()
}

// exportMode is how a world is exported for one run.
type exportMode struct {
	Changed bool  // only what changed since it was last exported
	Again   []key // records that stand twice: once more in another file, as they were a step before
}

// step is what happens between two runs, and how the second is done.
type step struct {
	Actions []action
	Export  exportMode
}

// program is the life of one world.
type program struct {
	World int
	Steps []step
}

// exported is a record in an export, and the part of the export that it stands in.
type exported struct {
	key  key
	row  row
	part int
}

// export gives the rows of a run.
func (c *crm) export(m exportMode, run runMode) []exported {
	only := m.Changed && (run.Delta || !run.Archive)
	var out []exported
	for _, k := range c.keys() {
		if c.absent[k] || only && !c.dirty[k] {
			continue
		}
		r := maps.Clone(c.rows[k])
		out = append(out, exported{key: k, row: r, part: 0})
		if slices.Contains(m.Again, k) && r["changed"] != "" {
			older := maps.Clone(r)
			older["changed"] = stamp(at(-30))
			if k.object == company {
				older["city"] = "Outdated"
			}
			out = append(out, exported{key: k, row: older, part: 1})
		}
	}
	clear(c.dirty)
	return out
}

// held tells the objects that an export has records of.
func held(rows []exported) map[string]bool {
	objects := make(map[string]bool)
	for _, r := range rows {
		objects[r.key.object] = true
	}
	return objects
}
