package modeltest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"
)

// generator makes up the life of a world. It is told nothing but a seed, and tries everything that it does
// on a CRM of its own, so that what it thinks of next makes sense.
type generator struct {
	rnd   *rand.Rand
	world int
	crm   *crm
	step  int
	made  map[key]string // what stood in the cells that cannot be read
	model *model         // what the graph should be, to know which nodes there are
}

// generate makes the life of a world, which has a step for each mode.
func generate(seed uint64, world int, modes []runMode) program {
	g := &generator{rnd: rand.New(rand.NewPCG(seed, uint64(world))), world: world, crm: newCRM(), made: make(map[key]string), model: newModel()}
	p := program{World: world}
	for i, mode := range modes {
		g.step = i
		s := step{Actions: g.actions()}
		s.Export = g.export()
		p.Steps = append(p.Steps, s)
		rows := g.crm.export(s.Export, mode)
		g.model.run(rows, held(rows), mode, i)
	}
	return p
}

func (g *generator) chance(percent int) bool { return g.rnd.IntN(100) < percent }

func pick[T any](g *generator, from ...T) T { return from[g.rnd.IntN(len(from))] }

func prefix(world int) string { return fmt.Sprintf("w%05d", world) }

func (g *generator) id(object string, n int) string {
	letter := map[string]string{user: "u", company: "c", person: "p", deal: "d", history: "h", activity: "a"}[object]
	return fmt.Sprintf("%s-%s%d", prefix(g.world), letter, n)
}

// most is how many records of an object a world may have.
func most(object string) int {
	switch object {
	case user, deal:
		return 2
	case history:
		return 4
	}
	return 3
}

func (g *generator) any(object string) string { return g.id(object, 1+g.rnd.IntN(most(object))) }

// ref names a record that may be there, may come, or may not; or none.
func (g *generator) ref(object string, blank int) string {
	if g.chance(blank) {
		return ""
	}
	return g.any(object)
}

// cell makes a value for a column.
func (g *generator) cell(object, column string) string {
	switch column {
	case "first_name":
		return pick(g, "Ada", "Bob", "Cid", "")
	case "last_name":
		return pick(g, "Lovelace", "Babbage", "Moor")
	case "login":
		return pick(g, "one", "two")
	case "company_name":
		return pick(g, "Acme ", "Globex ", "Initech ") + prefix(g.world)
	case "adviser_of":
		return pick(g, "", "", "Acme "+prefix(g.world), "Globex "+prefix(g.world))
	case "city":
		return pick(g, "Brno", "Wien", "")
	case "industry":
		return pick(g, "Mining", "Mills", "")
	case "tier":
		return pick(g, "gold", "silver", "")
	case "title":
		return pick(g, "Analyst", "Engineer", "")
	case "email":
		return pick(g, "one@example.com", "two@example.com", "")
	case "phone":
		return pick(g, "101", "102", "")
	case "opt_out":
		return pick(g, "1", "0", "")
	case "score":
		return pick(g, "10", "20", "")
	case "owner_id":
		return g.ref(user, 25)
	case "company_id":
		return g.ref(company, 25)
	case "contact_id", "who":
		return g.ref(person, 25)
	case "history_deal":
		return g.any(deal)
	case "about":
		return g.ref(deal, 40)
	case "deal_name":
		return pick(g, "Engine", "Loom")
	case "region":
		return pick(g, "north", "south", "")
	case "pipeline_id":
		return prefix(g.world) + pick(g, "-sales", "-sales", "-partner")
	case "stage", "entered_stage":
		return pick(g, "Lead", "Offer", "Talks", "Closed Won")
	case "amount":
		return pick(g, "100", "250.50", "")
	case "currency":
		return pick(g, "EUR", "USD", "")
	case "probability":
		return pick(g, "10", "50", "")
	case "kind":
		return pick(g, "call", "note")
	case "subject":
		return pick(g, "Hello", "Again")
	case "happened", "entered", "created":
		return stamp(at(-1 - g.rnd.IntN(20)))
	case "changed":
		return stamp(at(g.step))
	}
	return ""
}

func (g *generator) actions() []action {
	var all []action
	do := func(a action) {
		all = append(all, a)
		g.crm.apply(a)
	}
	if g.step == 0 {
		for _, object := range objects() {
			for n := range most(object) {
				if g.chance(60) {
					do(g.add(key{object, g.id(object, n+1)}))
				}
			}
		}
		return all
	}
	for range 1 + g.rnd.IntN(5) {
		if a := g.action(); a.Verb != "" {
			do(a)
		}
	}
	return all
}

func (g *generator) add(k key) action {
	cells := row{}
	for i, c := range columns(k.object) {
		if v := g.cell(k.object, c); v != "" && i > 0 {
			cells[c] = v
		}
	}
	if k.object == history {
		// No two at the same moment.
		when := at(-1 - g.rnd.IntN(20))
		if g.chance(50) {
			when = at(g.rnd.IntN(g.step + 1))
		}
		cells["entered"] = stamp(when.Add(-time.Hour).Add(time.Duration(k.id[len(k.id)-1]-'0') * time.Minute))
	}
	if g.chance(10) {
		delete(cells, "changed")
	}
	cells[columns(k.object)[0]] = k.id
	return action{Verb: verbAdd, On: k, Cells: cells}
}

// merged says that a record was merged into another one in the CRM; nothing happens to it any more.
func (g *generator) merged(k key) bool { return g.crm.rows[k]["master_id"] != "" }

func (g *generator) action() action {
	if g.chance(25) {
		object := pick(g, objects()...)
		k := key{object, g.any(object)}
		if _, ok := g.crm.rows[k]; !ok {
			return g.add(k)
		}
	}
	keys := slices.DeleteFunc(g.crm.keys(user, company, person, deal, deal), g.merged)
	if len(keys) == 0 {
		return action{}
	}
	k := pick(g, keys...)
	r := g.crm.rows[k]
	switch n := g.rnd.IntN(100); {
	case n < 50:
		cells := row{}
		for range 1 + g.rnd.IntN(3) {
			c := pick(g, columns(k.object)[1:]...)
			switch c {
			case "removed", "master_id", "created", "changed":
			default:
				cells[c] = g.cell(k.object, c)
			}
		}
		return g.set(k, cells)
	case n < 60 && k.object != user:
		return g.set(k, row{"removed": pick(g, "1", "1", "0", "")})
	case n < 70:
		return action{Verb: verbDrop, On: k}
	case n < 82:
		if len(g.crm.absent) > 0 {
			gone := make([]key, 0, len(g.crm.absent))
			for d := range g.crm.absent {
				gone = append(gone, d)
			}
			slices.SortFunc(gone, compareKeys)
			return action{Verb: verbBack, On: pick(g, gone...)}
		}
	case n < 87 && (k.object == company || k.object == person):
		others := slices.DeleteFunc(g.crm.keys(k.object), func(o key) bool { return o == k || g.merged(o) || g.crm.rows[o]["removed"] == "1" })
		if len(others) == 0 {
			break
		}
		if o := pick(g, others...); g.mayMerge(k, o) {
			return g.set(k, row{"removed": "1", "master_id": o.id})
		}
	case n < 91:
		return action{Verb: verbHuman, On: k, Cells: row{pick(g, "nickname", "birthday"): pick(g, "one", "two")}}
	case n < 96:
		if r["created"] == "never" {
			return g.set(k, row{"created": g.made[k]}) // the row is repaired
		}
		g.made[k] = r["created"]
		return g.set(k, row{"created": "never"})
	}
	return action{}
}

// mayMerge leaves out merges of which nothing tells whose node, code and edges survive: several in one run
// that end in one record.
func (g *generator) mayMerge(k, into key) bool {
	for _, o := range g.crm.keys(k.object) {
		m := key{o.object, g.crm.rows[o]["master_id"]}
		if m != k && m != into {
			continue
		}
		if n := g.model.byKey[o]; n == nil || n != g.model.byKey[m] {
			return false
		}
	}
	return true
}

func (g *generator) set(k key, cells row) action {
	if g.chance(85) && slices.Contains(columns(k.object), "changed") {
		cells["changed"] = stamp(at(g.step))
	}
	return action{Verb: verbSet, On: k, Cells: cells}
}

func (g *generator) export() exportMode {
	m := exportMode{Changed: g.chance(40)}
	for _, k := range g.crm.keys(user, company, person, deal) {
		if g.chance(5) {
			m.Again = append(m.Again, k)
		}
	}
	return m
}
