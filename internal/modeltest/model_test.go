package modeltest

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// model is what the graph of one world should be, by the rules as they are written for users. It is written
// for being read: it keeps everything in maps and lists, and goes through all of it for each record.
type model struct {
	nodes   []*node
	byKey   map[key]*node
	edges   []*edge
	facts   []*fact
	events  []*event
	records map[key]*record
	waits   []wait
	names   map[key]string // that companies answer to
	heard   []said
	goes    map[*node]time.Time // archived by this run
	lacks   map[key]bool        // missing from this run's full export
	revives map[*node]bool      // archived until this run, in which a new record takes them
	dead    []death             // merged into others by this run
	back    map[*node]bool      // brought back by this run
	step    int
}

// death is the end of a record that was merged into another one.
type death struct {
	rec key
	at  time.Time
}

type node struct {
	name     string // of the record that it was first known by
	typ      string
	label    string
	code     string // prefix and month
	props    map[string]any
	stages   map[string]bool
	created  time.Time
	archived bool
}

type edge struct {
	typ      string
	from, to *node
	props    map[string]any
	since    time.Time
	until    time.Time // zero while it holds
	archived bool      // folded into another one
	rec      key       // the record that says so
	slot     string
	here     bool // said by this run
	ended    int  // the step in which it ended with its node, from 1 on
}

type fact struct {
	typ   string
	on    *node
	claim map[string]any
	since time.Time
	until time.Time // zero while it holds
	by    *fact
	again bool // asserted anew by a merge of nodes
}

type event struct {
	typ   string
	at    time.Time
	props map[string]any
	parts []part
	rec   key
	fresh bool // made by this run
}

type part struct {
	role string
	node *node
}

// record is what is remembered of a record of the source.
type record struct {
	content string
	missing bool
	deleted bool
	step    int // in which it changed last, or went missing
}

// wait is something that names a record that has not come.
type wait struct {
	rec  key
	kind string
	slot string
	ref  key
	link link
	said said
}

// tally is how much there ever was in the graph, but for what a merge of nodes has asserted anew.
type tally struct{ nodes, edges, facts, events int64 }

func (t tally) plus(o tally) tally {
	return tally{t.nodes + o.nodes, t.edges + o.edges, t.facts + o.facts, t.events + o.events}
}

func (t tally) minus(o tally) tally {
	return tally{t.nodes - o.nodes, t.edges - o.edges, t.facts - o.facts, t.events - o.events}
}

func (m *model) tally() tally {
	t := tally{nodes: int64(len(m.nodes)), edges: int64(len(m.edges)), events: int64(len(m.events))}
	for _, f := range m.facts {
		if !f.again {
			t.facts++
		}
	}
	return t
}

func newModel() *model {
	return &model{byKey: make(map[key]*node), names: make(map[key]string), records: make(map[key]*record)}
}

// runTime is when the run of a step begins.
func runTime(step int) time.Time { return at(step).AddDate(0, 0, 1) }

func parse(cell string) time.Time {
	t, err := time.Parse("2006-01-02 15:04:05", cell)
	if err != nil {
		return time.Time{}
	}
	return t
}

// run brings an export into the graph. The objects that it holds may be told by other worlds' records.
func (m *model) run(rows []exported, holds map[string]bool, mode runMode, step int) {
	now := runTime(step)
	use, met := m.choose(rows)
	m.goes, m.lacks, m.revives = make(map[*node]time.Time), make(map[key]bool), make(map[*node]bool)
	m.dead, m.back, m.step = nil, make(map[*node]bool), step
	for _, e := range m.edges {
		e.here = false
	}
	if mode.Archive && !mode.Delta {
		for k, rec := range m.records {
			m.lacks[k] = holds[k.object] && !met[k] && !rec.missing && !rec.deleted
		}
	}
	for _, e := range m.events {
		e.fresh = false
	}

	for _, w := range m.waits {
		if n := m.byKey[w.rec]; w.kind == "same" && n != nil && use[w.ref] != nil && m.byKey[w.ref] == nil {
			m.byKey[w.ref] = n // the survivor has come, and takes the place of the dead
			m.revives[n] = n.archived
		}
	}
	for _, k := range sortedKeys(use) {
		if s := same(k, use[k]); s.id != "" {
			m.same(k, s, use, now)
		}
	}
	changed := make(map[key]bool)
	for _, k := range sortedKeys(use) {
		r := use[k]
		rec := m.records[k]
		changed[k] = rec == nil || rec.content != content(r) || rec.missing
		if same(k, r).id != "" {
			changed[k] = false
			continue
		}
		if changed[k] {
			m.dropWaits(k)
		}
		if changed[k] && isNode(k.object) {
			m.node(k, r, now)
			if k.object == company {
				m.names[k] = r["company_name"]
			}
		}
	}
	m.wake(now)
	for _, k := range sortedKeys(use) {
		if changed[k] {
			m.links(k, use[k], now)
		}
	}
	m.endDead()
	m.reopen(use, changed)
	for _, k := range sortedKeys(use) {
		if changed[k] {
			m.assert(k, use[k], now)
		}
	}
	m.settle(now)
	for _, k := range sortedKeys(use) {
		rec := m.records[k]
		if rec == nil {
			rec = &record{}
			m.records[k] = rec
		}
		if rec.content != content(use[k]) || rec.missing {
			rec.step = step
		}
		rec.content, rec.missing, rec.deleted = content(use[k]), false, use[k]["removed"] == "1" || same(k, use[k]).id != ""
	}
	m.archiveMissing()
	for _, e := range m.edges {
		if e.until.IsZero() && !e.archived && (m.goes[e.from] != never || m.goes[e.to] != never) {
			e.until, e.ended = later(m.goes[e.from], m.goes[e.to]), step+1
		}
	}
}

// endDead ends what records said of themselves that were merged into others, unless a survivor says so too.
func (m *model) endDead() {
	for _, d := range m.dead {
		for _, e := range m.edges {
			if e.rec == d.rec && e.until.IsZero() && !e.archived && !e.here {
				e.until = later(d.at, e.since)
			}
		}
	}
}

// reopen opens edges again that ended with a node which is back, if their record has said nothing since: of several
// between two nodes the last.
func (m *model) reopen(use map[key]row, changed map[key]bool) {
	type ends struct {
		typ      string
		from, to *node
	}
	open, last := make(map[ends]bool), make(map[ends]*edge)
	for _, e := range m.edges {
		t := ends{e.typ, e.from, e.to}
		switch rec := m.records[e.rec]; {
		case e.archived || !m.back[e.from] && !m.back[e.to] || e.from.archived || e.to.archived:
		case e.until.IsZero():
			open[t] = true
		case e.ended == 0 || rec == nil || rec.missing || rec.deleted || rec.step+1 > e.ended:
		case use[e.rec] != nil && (changed[e.rec] || same(e.rec, use[e.rec]).id != ""):
		case last[t] == nil || !e.until.Before(last[t].until):
			last[t] = e
		}
	}
	for t, e := range last {
		if !open[t] {
			e.until, e.ended = never, 0
		}
	}
}

// choose gives the rows that are used: of several that are one record, the one that changed last.
func (m *model) choose(rows []exported) (use map[key]row, met map[key]bool) {
	use, met = make(map[key]row), make(map[key]bool)
	for _, r := range rows {
		met[r.key] = true
		if isRejected(r.key, r.row) {
			continue
		}
		if have, ok := use[r.key]; ok && have["changed"] >= r.row["changed"] {
			continue
		}
		use[r.key] = r.row
	}
	return use, met
}

// isRejected says whether a row has a cell that cannot be read. Of a record that was merged into another one
// nothing but that is read.
func isRejected(k key, r row) bool { return r["created"] == "never" && same(k, r).id == "" }

func isNode(object string) bool { return object != history && object != activity }

// same names the record that a record was merged into.
func same(k key, r row) key {
	if r["master_id"] == "" || k.object != company && k.object != person {
		return key{}
	}
	return key{k.object, r["master_id"]}
}

func content(r row) string {
	var b strings.Builder
	for _, c := range slices.Sorted(maps.Keys(r)) {
		// That it was saved again is no change, and neither is another way to say no, or the currency of nothing.
		if c != "changed" && (c != "removed" || r[c] == "1") && (c != "currency" || r["amount"] != "") {
			fmt.Fprintf(&b, "%s=%s;", c, r[c])
		}
	}
	return b.String()
}

func sortedKeys[V any](m map[key]V) []key {
	return slices.SortedFunc(maps.Keys(m), compareKeys)
}

// policies tells what becomes of a property whose cell went blank.
func policy(object, property string) string {
	switch object + "." + property {
	case "Company.industry", "Person.title", "Deal.region":
		return "clear"
	case "Company.tier":
		return "fill"
	}
	return "keep"
}

// properties are what a row says of its node.
func properties(object string, r row) map[string]any {
	names := map[string][]string{
		user: {"first_name", "last_name", "login"}, company: {"company_name", "city", "industry", "tier"},
		person: {"first_name", "last_name", "title", "email", "phone"}, deal: {"deal_name", "region"},
	}
	p := make(map[string]any)
	for _, c := range names[object] {
		name := c
		if c == "company_name" || c == "deal_name" {
			name = "name"
		}
		if r[c] != "" {
			p[name] = r[c]
		}
	}
	if object == user {
		p["team_member"] = true
	}
	return p
}

func label(object string, r row) string {
	switch object {
	case company:
		return r["company_name"]
	case deal:
		return r["deal_name"]
	}
	return strings.TrimSpace(r["first_name"] + " " + r["last_name"])
}

// node makes the node of a record, or brings it up to date.
func (m *model) node(k key, r row, now time.Time) {
	n := m.byKey[k]
	made := n == nil
	if made {
		prefix := map[string]string{user: "CON", company: "ORG", person: "CON", deal: "OPP"}[k.object]
		typ := map[string]string{user: "person", company: "org", person: "person", deal: "opportunity"}[k.object]
		created := parse(r["created"])
		if created.IsZero() {
			created = now
		}
		n = &node{name: k.String(), typ: typ, created: created, code: prefix + "-" + created.Format("0601"), props: make(map[string]any)}
		m.nodes = append(m.nodes, n)
		m.byKey[k] = n
	}
	n.label = label(k.object, r)
	if r["removed"] == "1" && !n.archived {
		m.goes[n] = byHand
		if made {
			m.goes[n] = when(r, now)
		}
	}
	if !made && n.archived && r["removed"] != "1" {
		m.back[n] = true
	}
	n.archived = r["removed"] == "1"
	p := properties(k.object, r)
	for name, v := range p {
		if _, have := n.props[name]; have && policy(k.object, name) == "fill" {
			continue
		}
		n.props[name] = v
	}
	for _, name := range []string{"industry", "title", "region"} {
		if _, says := p[name]; !says && policy(k.object, name) == "clear" {
			delete(n.props, name)
		}
	}
}

// same lets a dead record lead to the node of the one that it was merged into.
func (m *model) same(dead, survivor key, use map[key]row, now time.Time) {
	delete(m.names, dead)
	m.dropWaits(dead)
	to, from := m.byKey[survivor], m.byKey[dead]
	if from != nil && from != to {
		m.dead = append(m.dead, death{dead, when(use[dead], now)})
	}
	if to == nil && from != nil && use[survivor] != nil {
		m.byKey[survivor] = from // it takes the place of the dead
		m.revives[from] = from.archived
		return
	}
	if to == nil {
		m.waits = append(m.waits, wait{rec: dead, kind: "same", slot: "same", ref: survivor})
		if from != nil && !from.archived {
			from.archived, m.goes[from] = true, byHand
		}
		return
	}
	if from != nil && from != to {
		m.merge(from, to)
	}
	m.byKey[dead] = to
}

var never time.Time

// byHand is a time that the clock of the database gives.
var byHand = time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)

// merge folds a node into another one: edges, facts and participations move over, and what the other one lacks.
func (m *model) merge(from, to *node) {
	for k, n := range m.byKey {
		if n == from {
			m.byKey[k] = to
		}
	}
	from.archived = true
	for name, v := range from.props {
		if _, have := to.props[name]; !have {
			to.props[name] = v
		}
	}
	for _, e := range m.edges {
		if e.archived || e.from != from && e.to != from {
			continue
		}
		a, b := e.from, e.to
		if a == from {
			a = to
		}
		if b == from {
			b = to
		}
		twin := slices.ContainsFunc(m.edges, func(k *edge) bool {
			return k != e && k.typ == e.typ && !k.archived && k.until.IsZero() && k.from == a && k.to == b
		})
		if a == b || twin && e.until.IsZero() {
			e.archived = true
			continue
		}
		e.from, e.to = a, b
	}
	for _, e := range m.edges {
		if to.archived && (e.from == to || e.to == to) && e.until.IsZero() && !e.archived {
			e.until = byHand
		}
	}
	for _, f := range m.facts {
		if f.on != from || !f.until.IsZero() {
			continue
		}
		var have *fact
		for _, g := range m.facts {
			if g.on == to && g.typ == f.typ && g.until.IsZero() {
				have = g
			}
		}
		if have == nil {
			have = &fact{typ: f.typ, on: to, claim: maps.Clone(f.claim), since: f.since, again: true}
			m.facts = append(m.facts, have)
		}
		f.until, f.by = byHand, have
	}
	for _, e := range m.events {
		for i, p := range e.parts {
			if p.node == from {
				e.parts[i].node = to
			}
		}
	}
}

// link is an edge that a record asks for.
type link struct {
	slot, typ string
	ref       key
	reverse   bool // from the other record to this one
	props     map[string]any
	since     time.Time
	stated    time.Time // the beginning as the record says it, which is not that of a change
	until     time.Time // that is, when the record was deleted
}

// byName stands for the object of references by the name of a company.
const byName = "Company.name"

// find gives the node that a reference means, if there is one. A name means the one living node that has it.
func (m *model) find(ref key) *node {
	if ref.object != byName {
		return m.byKey[ref]
	}
	if all := m.named(ref); len(all) == 1 {
		return all[0]
	}
	return nil
}

func (m *model) ambiguous(ref key) bool { return len(m.named(ref)) > 1 }

// named are the living nodes that a name fits.
func (m *model) named(ref key) []*node {
	var all []*node
	for k, name := range m.names {
		if m.lacks[k] || m.revives[m.byKey[k]] {
			continue // the importer looks names up before it un-archives who takes the place of the dead
		}
		if n := m.byKey[k]; name == ref.id && n != nil && !n.archived && !slices.Contains(all, n) {
			all = append(all, n)
		}
	}
	return all
}

func linksOf(k key, r row) []link {
	since := parse(r["created"])
	var all []link
	add := func(slot, typ, object string, reverse bool, props map[string]any) {
		if r[slot] != "" {
			all = append(all, link{slot: slot, typ: typ, ref: key{object, r[slot]}, reverse: reverse, props: props, since: since, stated: since})
		}
	}
	switch k.object {
	case company:
		add("owner_id", "owned_by", user, false, nil)
	case person:
		var p map[string]any
		if r["title"] != "" {
			p = map[string]any{"title": r["title"]}
		}
		add("company_id", "employs", company, true, p)
		add("adviser_of", "affiliated_with", byName, false, map[string]any{"relationship": "adviser"})
		add("owner_id", "owned_by", user, false, nil)
	case deal:
		if r["stage"] != "" {
			var p map[string]any
			if !since.IsZero() {
				p = map[string]any{"entered_at": since.Format(time.RFC3339)}
			}
			add("pipeline_id", "pipeline_member", "Pipeline", false, p)
		}
		add("company_id", "targets", company, false, nil)
		add("contact_id", "primary_contact", person, false, nil)
		add("owner_id", "assigned_to", user, false, map[string]any{"role": "owner"})
	}
	return all
}

// when is the time of a change of a record.
func when(r row, now time.Time) time.Time {
	if t := parse(r["changed"]); !t.IsZero() {
		return t
	}
	return now
}

// links makes, ends or keeps the edges of a record that is new or has changed.
func (m *model) links(k key, r row, now time.Time) {
	if !isNode(k.object) {
		return
	}
	n := m.byKey[k]
	changed := when(r, now)
	stay := make(map[*edge]bool)
	for _, l := range linksOf(k, r) {
		if l.ref.object == byName && m.ambiguous(l.ref) {
			for _, e := range m.edges {
				if e.rec == k && e.slot == l.slot {
					stay[e] = true // whom the name has meant is still meant
				}
			}
		}
		for _, e := range m.edges {
			if e.rec == k && e.slot == l.slot {
				l.since = later(l.since, changed)
				break
			}
		}
		if n.archived {
			l.until = changed
		}
		if e := m.link(k, n, l); e != nil && e.until.IsZero() {
			stay[e] = true
		}
	}
	for _, e := range m.edges {
		mentioned := slices.ContainsFunc(linksOf(k, r), func(l link) bool { return l.slot == e.slot })
		if e.rec == k && e.until.IsZero() && !e.archived && !stay[e] && mentioned {
			e.until = later(changed, e.since)
		}
	}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// link makes sure of an edge that a record asks for, and gives it. If its other end has not come, it waits.
func (m *model) link(k key, n *node, l link) *edge {
	other := m.find(l.ref)
	if other == nil && l.ref.object == "Pipeline" {
		other = m.pipeline(l.ref)
	}
	if other == nil {
		m.waits = append(m.waits, wait{rec: k, kind: "link", slot: l.slot, ref: l.ref, link: l})
		return nil
	}
	from, to := n, other
	if l.reverse {
		from, to = other, n
	}
	if from == to {
		return nil
	}
	for _, e := range slices.Backward(m.edges) {
		if e.typ != l.typ || e.from != from || e.to != to || e.archived {
			continue
		}
		if l.until.IsZero() && e.until.IsZero() {
			e.say(l.props)
			e.here = true
			return e
		}
		if !l.until.IsZero() && e.rec == k && e.slot == l.slot {
			if e.until.IsZero() {
				e.until = later(l.until, e.since)
			}
			e.say(l.props)
			return e
		}
	}
	e := &edge{typ: l.typ, from: from, to: to, props: make(map[string]any), since: l.since, until: l.until, rec: k, slot: l.slot}
	maps.Copy(e.props, l.props)
	if l.typ == "pipeline_member" && !l.since.IsZero() {
		e.props["entered_at"] = l.since.Format(time.RFC3339)
	}
	m.edges = append(m.edges, e)
	return e
}

// say gives an edge what its record says of it now. When it began is settled.
func (e *edge) say(props map[string]any) {
	for name, v := range props {
		if _, have := e.props[name]; name != "entered_at" || !have {
			e.props[name] = v
		}
	}
}

func (m *model) pipeline(k key) *node {
	n := &node{name: k.String(), typ: "pipeline", code: pipelineCode(k.id), stages: make(map[string]bool), label: "Pipeline " + k.id, props: map[string]any{"name": "Pipeline " + k.id}}
	m.nodes = append(m.nodes, n)
	m.byKey[k] = n
	return n
}

// dropWaits forgets what a record waits for, which it says anew.
func (m *model) dropWaits(k key) {
	m.waits = slices.DeleteFunc(m.waits, func(w wait) bool { return w.rec == k })
}

// wake links what has waited.
func (m *model) wake(now time.Time) {
	waits := m.waits
	m.waits = nil
	for _, w := range waits {
		if m.find(w.ref) == nil {
			m.waits = append(m.waits, w)
			continue
		}
		switch w.kind {
		case "link":
			m.link(w.rec, m.byKey[w.rec], w.link)
		case "participant":
			m.participate(w.rec, w.slot, w.link.typ, w.ref)
		case "same":
			m.byKey[w.rec] = m.find(w.ref)
		case "fact":
			m.heard = append(m.heard, w.said)
		}
	}
}

// missing counts the records of an export's objects that are known with this run and not deleted, and those of
// them that the run has archived because they were missing.
func (m *model) missing(holds map[string]bool) (total, missing int64) {
	for k, rec := range m.records {
		if !holds[k.object] || rec.deleted || rec.missing && !m.lacks[k] {
			continue
		}
		total++
		if m.lacks[k] {
			missing++
		}
	}
	return total, missing
}

func (m *model) archiveMissing() {
	for _, k := range sortedKeys(m.lacks) {
		if !m.lacks[k] {
			continue
		}
		m.records[k].missing, m.records[k].step = true, m.step
		if n := m.byKey[k]; n != nil && isNode(k.object) && !n.archived {
			n.archived = true
			m.goes[n] = byHand
		}
	}
}

// number reads an amount as JSON does.
func number(cell string) any {
	f, err := strconv.ParseFloat(cell, 64)
	if err != nil {
		return cell
	}
	return f
}

// claims are the facts that a row asserts of its record, by type; nil withdraws one.
func claims(k key, r row) map[string]map[string]any {
	all := make(map[string]map[string]any)
	filled := func(pairs ...any) map[string]any {
		c := make(map[string]any)
		for i := 0; i < len(pairs); i += 2 {
			if pairs[i+1] != "" {
				c[pairs[i].(string)] = pairs[i+1]
			}
		}
		return c
	}
	switch k.object {
	case person:
		if c := filled("phone", r["phone"], "email", r["email"]); len(c) > 0 {
			all["contact_info"] = c
		}
		switch r["opt_out"] {
		case "1":
			all["do_not_contact"] = filled("reason", "opted out")
		case "0":
			all["do_not_contact"] = nil
		}
		if r["score"] != "" {
			all["lead_score"] = filled("score", number(r["score"]), "model", "tiny")
		}
	case deal:
		if r["amount"] != "" {
			all["deal_value"] = filled("amount", number(r["amount"]), "currency", r["currency"])
		}
		if p, err := strconv.ParseFloat(r["probability"], 64); err == nil {
			all["win_probability"] = map[string]any{"probability": p / 100}
		}
		if r["stage"] != "" {
			all["deal_stage"] = filled("stage", stageKey(r["stage"]), "pipeline", pipelineCode(r["pipeline_id"]))
		}
	}
	return all
}

func pipelineCode(id string) string {
	if id == "" {
		return ""
	}
	return "PL-PIPELINE-" + strings.ToUpper(id)
}

func stageKey(label string) string { return strings.ReplaceAll(strings.ToLower(label), " ", "_") }

// said is something that a record says of a node, true from a time on, or true then.
type said struct {
	rec     key
	on      key
	typ     string
	claim   map[string]any // nil withdraws
	at      time.Time
	history bool
	slot    string
}

// sayings are what a row says.
func sayings(k key, r row, now time.Time) []said {
	var all []said
	if k.object == history {
		return []said{{
			rec: k, on: key{deal, r["history_deal"]}, typ: "deal_stage", claim: map[string]any{"stage": stageKey(r["entered_stage"])},
			at: parse(r["entered"]), history: true, slot: "entered_stage",
		}}
	}
	cs := claims(k, r)
	for _, typ := range slices.Sorted(maps.Keys(cs)) {
		at := parse(r["changed"])
		if at.IsZero() {
			at = parse(r["created"])
		}
		if at.IsZero() {
			at = now
		}
		all = append(all, said{rec: k, on: k, typ: typ, claim: cs[typ], at: at})
	}
	return all
}

func (m *model) happen(k key, r row) {
	if slices.ContainsFunc(m.events, func(e *event) bool { return e.rec == k }) {
		return
	}
	e := &event{rec: k, fresh: true, props: make(map[string]any)}
	switch k.object {
	case activity:
		e.typ, e.at, e.props["subject"] = "note", parse(r["happened"]), r["subject"]
		if r["kind"] == "call" {
			e.typ = "phone_call"
		}
	case history:
		e.typ, e.at, e.props["stage"] = "deal_change", parse(r["entered"]), r["entered_stage"]
	}
	m.events = append(m.events, e)
}

// participate adds a node to the event of a record, or waits for it.
func (m *model) participate(k key, slot, role string, ref key) {
	if ref.id == "" {
		return
	}
	n := m.byKey[ref]
	if n == nil {
		m.waits = append(m.waits, wait{rec: k, kind: "participant", slot: slot, ref: ref, link: link{typ: role}})
		return
	}
	for _, e := range m.events {
		if e.rec == k && !slices.Contains(e.parts, part{role, n}) {
			e.parts = append(e.parts, part{role, n})
		}
	}
}

func (m *model) assert(k key, r row, now time.Time) {
	switch k.object {
	case history:
		m.happen(k, r)
		m.participate(k, "history_deal", "subject", key{deal, r["history_deal"]})
	case activity:
		m.happen(k, r)
		m.participate(k, "who", "subject", key{person, r["who"]})
		m.participate(k, "about", "regarding", key{deal, r["about"]})
	}
	for _, s := range sayings(k, r, now) {
		if m.byKey[s.on] == nil {
			m.waits = append(m.waits, wait{rec: k, kind: "fact", slot: s.slot, ref: s.on, said: s})
			continue
		}
		m.heard = append(m.heard, s)
	}
}

// chain is what was ever said of one kind of a node, oldest first.
func (m *model) chain(n *node, typ string) []*fact {
	var all []*fact
	for _, f := range m.facts {
		if f.on == n && f.typ == typ {
			all = append(all, f)
		}
	}
	slices.SortStableFunc(all, func(a, b *fact) int { return a.since.Compare(b.since) })
	return all
}

// settle puts what was heard into chains.
func (m *model) settle(now time.Time) {
	heard := m.heard
	m.heard = nil
	slices.SortStableFunc(heard, func(a, b said) int {
		if a.history != b.history {
			if a.history {
				return -1 // what holds now is said in knowledge of what held before
			}
			return 1
		}
		return a.at.Compare(b.at)
	})
	latest := make(map[string]time.Time)
	for _, s := range heard {
		// What holds now cannot have begun before the last time that something else is known to have held.
		kind := s.on.String() + s.typ
		if !s.history {
			s.at = later(s.at, latest[kind])
		}
		latest[kind] = later(s.at, latest[kind])
		m.say(s)
	}
}

func (m *model) say(s said) {
	n := m.byKey[s.on]
	if s.typ == "deal_stage" && s.history {
		s.claim = maps.Clone(s.claim)
		if p := m.memberOf(n); p != nil {
			s.claim["pipeline"] = p.code
		}
	}
	if s.typ == "deal_stage" {
		if p := m.memberOf(n); p != nil {
			p.stages[s.claim["stage"].(string)] = true
		}
	}
	chain := m.chain(n, s.typ)
	if !s.history && len(chain) > 0 && chain[len(chain)-1].since.After(s.at) {
		s.at = chain[len(chain)-1].since // likewise
	}
	var before, after *fact
	for _, f := range chain {
		if !f.since.After(s.at) {
			before = f
		} else if after == nil {
			after = f
		}
	}
	if s.claim == nil {
		if before != nil && before.until.IsZero() {
			before.until = s.at
		}
		return
	}
	if before != nil && !before.until.IsZero() && before.by == nil && !before.until.After(s.at) {
		before = nil // it was withdrawn
	}
	if before != nil && object(plain(before.claim)) == object(plain(s.claim)) {
		return
	}
	f := &fact{typ: s.typ, on: n, claim: maps.Clone(s.claim), since: s.at}
	if s.typ == "deal_stage" {
		m.moved(s, before, f)
	}
	if after != nil {
		f.until, f.by = after.since, after
	}
	if before != nil {
		before.until, before.by = s.at, f
	}
	m.facts = append(m.facts, f)
}

// moved notes where a deal came from, and the event of its move.
func (m *model) moved(s said, before, f *fact) {
	to := f.claim["stage"]
	var from any
	if before != nil {
		from = before.claim["stage"]
		f.claim["moved_from"] = from
	}
	if s.history {
		for _, e := range m.events {
			if e.rec == s.rec && e.fresh {
				e.typ, e.props["from_stage"], e.props["to_stage"] = "stage_change", from, to
			}
		}
	} else if before != nil {
		m.events = append(m.events, &event{
			typ: "stage_change", at: s.at, rec: s.rec, props: map[string]any{"from_stage": from, "to_stage": to}, parts: []part{{"subject", f.on}},
		})
	}
}

// memberOf is the pipeline that a deal is in.
func (m *model) memberOf(n *node) *node {
	for _, e := range slices.Backward(m.edges) {
		if e.typ == "pipeline_member" && e.from == n {
			return e.to
		}
	}
	return nil
}

// plain is a claim without what only tells where it came from.
func plain(claim map[string]any) map[string]any {
	c := maps.Clone(claim)
	delete(c, "moved_from")
	return c
}

// render writes the whole of it as lines, as the observer does with the graph.
func (m *model) render() []string {
	var all []string
	line := func(parts ...string) {
		all = append(all, strings.Join(slices.DeleteFunc(parts, func(p string) bool { return p == "" }), " | "))
	}
	archived := func(yes bool) string {
		if yes {
			return "archived"
		}
		return ""
	}
	for _, n := range m.nodes {
		created := ""
		if n.typ != "pipeline" {
			created = stamp(n.created)
		}
		line("node "+n.name, n.typ, n.label, n.code, object(n.props), strings.Join(slices.Sorted(maps.Keys(n.stages)), " "), created, archived(n.archived))
	}
	for k, n := range m.byKey {
		line("key " + k.String() + " is " + n.name)
	}
	for _, e := range m.edges {
		if e.archived {
			continue
		}
		props := ""
		if len(e.props) > 0 {
			props = object(e.props)
		}
		line("edge "+e.typ+" "+e.from.name+" -> "+e.to.name, props, period(e.since, e.until))
	}
	for _, f := range m.facts {
		by := ""
		if f.by != nil {
			by = "by " + object(f.by.claim)
		}
		line("fact "+f.typ+"/default of "+f.on.name, object(f.claim), period(f.since, f.until), by)
	}
	for _, e := range m.events {
		var parts []string
		for _, p := range e.parts {
			parts = append(parts, p.role+" "+p.node.name)
		}
		slices.Sort(parts)
		line("event "+e.typ+" "+e.rec.String(), stamp(e.at), object(e.props), strings.Join(parts, ", "))
	}
	for _, w := range m.waits {
		line("wait " + w.rec.String() + " " + w.kind + " " + w.slot)
	}
	slices.Sort(all)
	return all
}

func period(since, until time.Time) string {
	from, to := "?", "now"
	if !since.IsZero() {
		from = stamp(since)
	}
	if !until.IsZero() {
		to = stamp(until)
	}
	if until.Equal(byHand) {
		to = "the clock"
	}
	return from + " to " + to
}

// object writes JSON as PostgreSQL writes jsonb: shorter keys first.
func object(v map[string]any) string {
	names := slices.SortedFunc(maps.Keys(v), func(a, b string) int {
		if len(a) != len(b) {
			return len(a) - len(b)
		}
		return strings.Compare(a, b)
	})
	var parts []string
	for _, n := range names {
		text, err := json.Marshal(v[n])
		if err != nil {
			panic(err)
		}
		parts = append(parts, strconv.Quote(n)+": "+string(text))
	}
	return "{" + strings.Join(parts, ", ") + "}"
}
