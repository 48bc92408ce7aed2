package mapping

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/projectrye/rye-import/importer/graph"
)

// Plan is an object of a mapping compiled for one header: every column is a position, every name
// is resolved, and nothing is looked up while rows are mapped. A Plan is safe for concurrent use.
type Plan struct {
	Object   string // whose records these are
	Kind     graph.Kind
	Header   []string
	settings Settings
	ids      ids
	escaped  bool // texts that look like formulas stand behind an apostrophe

	repairs  []repair
	key      []*value
	deleted  *condition
	created  []*value
	changed  []*value
	required []requirement
	skips    []skip
	same     []same
	merged   *ref // the records that were merged into this one
	names    []naming

	node        *nodePlan
	event       *eventPlan
	edge        *edgePlan
	participant *participantPlan
	stage       *stagePlan
	links       []linkPlan
	facts       []factPlan
	rest        *object // columns that nothing names, kept under their own names

	uses      [][]string // what each column is used for
	lacks     []string   // columns that the mapping names and the header has not
	named     map[string]*namedColumn
	maps      []*value // columns whose texts a value map replaces
	times     int      // columns of times that are read more than once
	formatted []Formatted
}

// requirement is columns of which one must be filled.
type requirement struct {
	names []string
	cols  []int
}

type ids struct {
	form     Form
	strip    []string
	none     map[string]bool
	lengths  uint64 // of those in none, a bit each
	prefixes map[string]string
}

// ref is a compiled Ref.
type ref struct {
	object   string // that the id belongs to, or the lookup; empty for any
	lookup   bool
	byID     bool // it is an id that is looked up
	choose   *value
	id       *value
	fallback string
}

// naming is a lookup that a record answers to, with what it is called there; without values, its id.
type naming struct {
	lookup string
	values []*value
}

type skip struct {
	when   *condition
	reason string
}

type same struct {
	when *condition
	ref  *ref
	gone bool
}

type choice struct {
	when       *condition // nil for what holds otherwise
	typ        string
	code       string
	label      *value
	properties *object
	fill       *object // properties that are never changed once they are there
	from, to   []*ref
	role       string
}

type nodePlan struct{ choices []choice }

type eventPlan struct {
	choices      []choice
	at           []*value
	summary      *value
	actor        *ref
	participants []eventParticipant
}

type eventParticipant struct {
	when *condition
	slot string
	role string
	ref  *ref
}

type edgePlan struct {
	choices      []choice
	since, until []*value
	ended        *condition
}

type participantPlan struct {
	choices    []choice
	event, ref *ref
	slot       string
	properties *object
}

type linkPlan struct {
	slot         string
	when         *condition
	typ          string
	from, to     *ref
	except       *ref // nil if none are
	take         Take
	properties   *object
	since, until []*value
}

type factPlan struct {
	slot     string
	when     *condition
	withdraw *condition
	typ, key string
	on       *ref
	claim    *object
	need     [][]byte
	at       []*value
	history  bool
	sum      bool
	amount   *value
	currency *value
}

type stagePlan struct {
	slot              string
	when              *condition
	id, label, before *value
	closed, won       *condition // nil if the header cannot tell
	order, percent    *value
	pipeline          *ref
	on                *ref
	at, since         []*value
	history, define   bool
}

// condition is a compiled When.
type condition struct {
	isTrue, isFalse []int
	saysFalse       []int // of isFalse, those that must not be blank
	present, blank  []int
	equals          []comparison
	notEquals       []comparison
	matches         []pattern
}

type comparison struct {
	col  int
	with []string
}

type pattern struct {
	col int
	re  *regexp.Regexp
}

// compiler resolves the columns of one object against one header.
type compiler struct {
	mapping  *Mapping
	object   *Object
	settings *Settings
	columns  columnIndex
	written  []string // the header
	uses     [][]string
	taken    map[string]bool // names of properties that columns fill
	formats  map[int]*Formatted
	lacks    map[string]bool
	named    map[string]*namedColumn
	gone     map[string]bool // of those that it lacks, the ones that were there before
	hit      bool            // one of these was named
	found    int             // how often a column was named that the header has
	lacked   int             // and one that it has not
	base     bool            // what is compiled tells which records there are
	maps     []*value
	memos    map[timeColumn]int // places in row.times, from 1
	errs     []string
}

func (c *compiler) bad(format string, args ...any) {
	if problem := fmt.Sprintf(format, args...); !slices.Contains(c.errs, problem) {
		c.errs = append(c.errs, problem)
	}
}

// Compile prepares an object for the records of one header. It fails when the mapping is wrong, never
// for a column that the header lacks.
func (m *Mapping) Compile(objectName string, header []string, settings Settings) (*Plan, error) {
	o := m.Objects[objectName]
	if o == nil {
		return nil, fmt.Errorf("mapping %s has no object %q", m.Name, objectName)
	}
	if settings.Zone == nil {
		zone, err := time.LoadLocation(m.TimeZone)
		if err != nil {
			return nil, fmt.Errorf("mapping %s: time_zone %q is unknown: %w", m.Name, m.TimeZone, err)
		}
		settings.Zone = zone
	}
	p := &Plan{
		Object: m.RecordObject(objectName), Header: header, settings: settings, escaped: m.Escaped,
		ids: ids{form: m.IDs.Form, strip: m.IDs.Strip, none: make(map[string]bool), prefixes: m.IDs.Prefixes},
	}
	c := &compiler{
		mapping: m, object: o, written: header, settings: &p.settings, columns: m.indexColumns(header, o), uses: make([][]string, len(header)),
		taken: make(map[string]bool), formats: make(map[int]*Formatted), lacks: make(map[string]bool), memos: make(map[timeColumn]int),
		named: make(map[string]*namedColumn), gone: make(map[string]bool, len(settings.Gone)),
	}
	for _, name := range settings.Gone {
		c.gone[name] = true
	}
	p.repairs = c.repairs()
	c.base = true
	p.key = c.values(o.Key, "id")
	p.deleted = c.flag(o.Deleted, "marks deleted records")
	for _, s := range o.Skip {
		p.skips = append(p.skips, skip{when: c.condition(s.When), reason: s.Reason})
	}
	c.base = false
	p.created, p.changed = c.times(o.Created, "when it was created"), c.times(o.Changed, "when it was last changed")
	for _, n := range m.IDs.None {
		p.ids.setNone(n)
	}
	for _, group := range o.Require {
		names := strings.Split(group, "|")
		p.required = append(p.required, requirement{names: names, cols: c.all(names, "")})
	}
	for _, s := range o.Same {
		p.same = append(p.same, same{when: c.condition(s.When), ref: c.ref(&s.As, "is the same as"), gone: s.Gone})
	}
	if o.Merged != nil {
		p.merged = c.ref(o.Merged, "names the records that were merged into it")
	}
	for _, l := range m.lookups[p.Object] {
		if l.by == "" {
			p.names = append(p.names, naming{lookup: l.name})
		} else if values := c.values(o.Names[l.by], ""); len(values) > 0 {
			p.names = append(p.names, naming{lookup: l.name, values: values})
		}
	}
	if o.Stage != nil && c.goneIn(func() { p.stage = c.stage(o.Stage) }) {
		p.stage = nil
	}
	switch {
	case o.Node != nil:
		p.Kind, p.node = graph.KindNode, c.node(o.Node)
	case o.Event != nil:
		p.Kind, p.event = graph.KindEvent, c.event(o.Event)
	case o.Edge != nil:
		p.Kind, p.edge = graph.KindEdge, c.edge(o.Edge)
	case o.Participant != nil:
		p.Kind, p.participant = graph.KindParticipant, c.participant(o.Participant)
	default:
		p.Kind = graph.KindStage
	}
	for i := range o.Links {
		var l linkPlan
		if !c.goneIn(func() { l = c.link(&o.Links[i]) }) {
			p.links = append(p.links, l)
		}
	}
	for i := range o.Facts {
		var f factPlan
		if !c.goneIn(func() { f = c.fact(&o.Facts[i]) }) {
			p.facts = append(p.facts, f)
		}
	}
	for name := range o.Children {
		c.column(name, "records of "+o.Children[name].Object)
	}
	p.rest = c.rest()
	p.uses, p.lacks, p.maps, p.times = c.uses, sortedKeys(c.lacks), c.maps, len(c.memos)
	p.named = c.named
	for _, col := range sortedKeys(c.formats) {
		p.formatted = append(p.formatted, *c.formats[col])
	}
	if len(c.errs) > 0 {
		return nil, fmt.Errorf("mapping %s, object %s: %s", m.Name, objectName, strings.Join(c.errs, "; "))
	}
	return p, nil
}

// RecordObject gives the object whose records an object of the mapping describes: itself, or the one of
// which it is another shape.
func (m *Mapping) RecordObject(name string) string {
	if o := m.Objects[name]; o != nil && o.Of != "" {
		return o.Of
	}
	return name
}

// columnIndex finds columns by their names in lower case.
type columnIndex struct {
	at       map[string]int
	labelled bool     // some were found under an alias
	names    []string // of the columns, without what is stripped
}

// indexColumns finds the columns of a header by their canonical names: as written, in any case,
// under an alias, without what is stripped, or in the snake_case that warehouse copies use. The spelling
// closest to the canonical one wins, so that Budget_Confirmed__c and BudgetConfirmed__c stay two columns.
func (m *Mapping) indexColumns(header []string, o *Object) columnIndex {
	c := columnIndex{at: make(map[string]int, len(header)), names: make([]string, len(header))}
	add := func(name string, i int) {
		if lower := strings.ToLower(strings.TrimSpace(name)); lower != "" {
			if _, taken := c.at[lower]; !taken {
				c.at[lower] = i
			}
		}
	}
	for i, name := range header {
		add(name, i)
	}
	for i, name := range header {
		c.names[i] = stripped(stripped(name, o.Strip), m.Strip)
		if c.names[i] != name {
			add(c.names[i], i)
		}
	}
	written := maps.Clone(c.at)
	for _, canonical := range sortedKeys(o.Aliases) {
		target := strings.ToLower(canonical)
		for _, alias := range o.Aliases[canonical] {
			if i, ok := written[strings.ToLower(alias)]; ok {
				if _, taken := c.at[target]; !taken {
					c.at[target] = i
					c.labelled = true
				}
			}
		}
	}
	return c
}

// stripped cuts the first of some beginnings off a name, in any case, unless nothing would be left.
func stripped(name string, beginnings []string) string {
	trimmed := strings.TrimSpace(name)
	for _, b := range beginnings {
		if len(trimmed) > len(b) && strings.EqualFold(trimmed[:len(b)], b) {
			return strings.TrimSpace(trimmed[len(b):])
		}
	}
	return name
}

// find gives the position of a column, or -1.
func (c *compiler) find(name string) int {
	if name == "" {
		return -1
	}
	return c.columns.find(name)
}

// find gives the position of a column, or -1.
func (c *columnIndex) find(name string) int {
	if i, ok := c.at[strings.ToLower(name)]; ok {
		return i
	}
	if i, ok := c.at[snakeCase(name)]; ok {
		return i
	}
	return -1
}

// snakeCase spells an API name as warehouse copies do: AccountId is account_id, and Region__c is
// region_c.
func snakeCase(name string) string {
	var b strings.Builder
	name = strings.ReplaceAll(name, "__", "_")
	for i := range len(name) {
		ch := name[i]
		if ch >= 'A' && ch <= 'Z' {
			if i > 0 && name[i-1] != '_' && (name[i-1] < 'A' || name[i-1] > 'Z') {
				b.WriteByte('_')
			}
			ch += 'a' - 'A'
		}
		b.WriteByte(ch)
	}
	return b.String()
}

// column finds a column and notes what it is used for.
func (c *compiler) column(name, use string) int {
	i := c.find(name)
	if i >= 0 {
		c.use(i, use)
		c.found++
	} else if name != "" {
		c.lacked++
		c.lacks[name] = true
		c.hit = c.hit || c.gone[name]
	}
	if name != "" {
		c.remember(name, use, i)
	}
	return i
}

// all finds those of the columns that the header has.
func (c *compiler) all(names []string, use string) []int {
	var cols []int
	for _, name := range names {
		if i := c.column(name, use); i >= 0 {
			cols = append(cols, i)
		}
	}
	return cols
}

func (c *compiler) condition(w *When) *condition {
	if w == nil {
		return nil
	}
	// A column that the header lacks is blank: -1 stays in the list and reads as "".
	cols := func(names []string) (list []int) {
		for _, n := range names {
			list = append(list, c.column(n, ""))
		}
		return list
	}
	compare := func(m map[string]NameList) (list []comparison) {
		for _, name := range sortedKeys(m) {
			list = append(list, comparison{col: c.column(name, ""), with: m[name]})
		}
		return list
	}
	out := &condition{
		isTrue: cols(w.True), present: cols(w.Present), blank: cols(w.Blank),
		equals: compare(w.Equals), notEquals: compare(w.NotEquals),
	}
	for _, name := range sortedKeys(w.Matches) {
		if re := c.regexp(w.Matches[name]); re != nil {
			out.matches = append(out.matches, pattern{col: c.column(name, ""), re: re})
		}
	}
	for _, col := range cols(w.False) {
		if slices.Contains(out.present, col) {
			out.saysFalse = append(out.saysFalse, col)
		} else {
			out.isFalse = append(out.isFalse, col)
		}
	}
	return out
}

// columnsOf lists what a condition looks at.
func (w *When) columnsOf() []string {
	return slices.Concat(w.True, w.False, w.Present, w.Blank, sortedKeys(w.Equals), sortedKeys(w.NotEquals), sortedKeys(w.Matches))
}

// flag compiles a condition that a header can fail to tell: nil then.
func (c *compiler) flag(f *Flag, use string) *condition {
	if f == nil {
		return nil
	}
	w := (*When)(f)
	told := false
	for _, name := range w.columnsOf() {
		told = c.column(name, use) >= 0 || told
	}
	cond := c.condition(w)
	if !told {
		return nil
	}
	return cond
}

func (c *compiler) regexp(text string) *regexp.Regexp {
	re, err := regexp.Compile(text)
	if err != nil {
		c.bad("regular expression %q: %v", text, err)
		return nil
	}
	return re
}

func (c *compiler) ref(r *Ref, use string) *ref {
	if r == nil {
		return nil
	}
	out := &ref{id: c.value(&r.ID, use), fallback: r.Default, byID: r.By == ""}
	switch {
	case r.lookup != "":
		out.object, out.lookup = r.lookup, true
	case len(r.Objects) == 1:
		out.object = r.Objects[0]
	}
	if r.Choose != nil {
		out.choose = c.value(r.Choose, "object of "+use)
	}
	return out
}

// lookupName names the lookup by which records of some objects are pointed at; by nothing means by id.
func lookupName(objects []string, by string) string {
	if len(objects) == 0 {
		objects = []string{"any"}
	}
	return strings.Join(objects, ",") + "." + cmp.Or(by, "id")
}

func (c *compiler) refs(list Refs, use string) []*ref {
	out := make([]*ref, len(list))
	for i := range list {
		out[i] = c.ref(&list[i], use)
	}
	return out
}

// values compiles those of some values that the header can fill.
func (c *compiler) values(list []Value, use string) []*value {
	var out []*value
	for i := range list {
		if v := c.value(&list[i], use); v.kind != kindNothing {
			out = append(out, v)
		}
	}
	return out
}

// times compiles those of some times that the header can fill.
func (c *compiler) times(list Times, use string) []*value {
	var out []*value
	for _, v := range list {
		if v.As == "" {
			v.As = TypeTime
		}
		if v := c.value(&v, use); v.kind != kindNothing {
			out = append(out, v)
		}
	}
	return out
}

// propertiesOf compiles the properties of what a record becomes, among which the columns are kept that
// nothing names.
func (c *compiler) propertiesOf(m map[string]Value, use string) *object {
	if len(c.gone) > 0 {
		m = maps.Clone(m)
		for _, name := range sortedKeys(m) {
			v := m[name]
			if c.goneIn(func() { c.value(&v, strings.TrimSpace(use+" "+name)) }) {
				c.taken[name] = true // it is no other column's
				delete(m, name)
			}
		}
	}
	o := c.objectOf(m, use)
	for _, name := range o.names {
		c.taken[name] = true
	}
	return o
}

// objectOf compiles named values in the order of their names; what the header cannot fill is left out.
func (c *compiler) objectOf(m map[string]Value, use string) *object {
	o := &object{}
	for _, name := range sortedKeys(m) {
		v := m[name]
		compiled := c.value(&v, strings.TrimSpace(use+" "+name))
		if compiled.kind == kindNothing {
			continue
		}
		o.names = append(o.names, name)
		o.keys = append(o.keys, quotedKey(name))
		o.parts = append(o.parts, compiled)
	}
	return o
}

func merged(maps ...map[string]Value) map[string]Value {
	out := make(map[string]Value)
	for _, m := range maps {
		for k, v := range m {
			out[k] = v
		}
	}
	return out
}

func (c *compiler) node(n *Node) *nodePlan {
	p := &nodePlan{}
	for i := range n.Choose {
		ch := &n.Choose[i]
		p.choices = append(p.choices, choice{
			when: c.condition(ch.When), typ: ch.Type, code: ch.Code, label: c.label(ch.Label),
			properties: c.propertiesOf(merged(n.Common, ch.Properties), "property"),
		})
	}
	p.choices = append(p.choices, choice{
		typ: n.Type, code: n.Code, label: c.label(n.Label),
		properties: c.propertiesOf(merged(n.Common, n.Properties), "property"),
	})
	for i := range p.choices {
		c.blanks(&p.choices[i])
	}
	return p
}

// label compiles the label of a node.
func (c *compiler) label(v *Value) *value {
	var label *value
	if c.goneIn(func() { label = c.value(v, "label") }) {
		return &value{kind: kindNothing}
	}
	return label
}

// blanks applies the policies for blank cells to the properties of a node.
func (c *compiler) blanks(ch *choice) {
	kept := &object{}
	for i, name := range ch.properties.names {
		policy := c.object.Blank[name]
		if policy == "" {
			policy = c.mapping.Blank
		}
		to := kept
		if policy == BlankFill {
			if ch.fill == nil {
				ch.fill = &object{}
			}
			to = ch.fill
		}
		to.names = append(to.names, name)
		to.keys = append(to.keys, ch.properties.keys[i])
		to.parts = append(to.parts, ch.properties.parts[i])
		to.clear = append(to.clear, policy == BlankClear && !ch.properties.parts[i].absent)
	}
	ch.properties = kept
}

func (c *compiler) event(e *Event) *eventPlan {
	p := &eventPlan{
		at: c.times(e.At, "when it happened"), summary: c.value(e.Summary, "summary"), actor: c.ref(e.Actor, "actor"),
	}
	for i := range e.Choose {
		ch := &e.Choose[i]
		p.choices = append(p.choices, choice{
			when: c.condition(ch.When), typ: ch.Type, properties: c.propertiesOf(merged(e.Properties, ch.Properties), "property"),
		})
	}
	p.choices = append(p.choices, choice{typ: e.Type, properties: c.propertiesOf(e.Properties, "property")})
	for i := range e.Participants {
		ep := &e.Participants[i]
		var part eventParticipant
		if !c.goneIn(func() {
			part = eventParticipant{
				when: c.condition(ep.When), slot: ep.Node.ID.name(), role: ep.Role, ref: c.ref(&ep.Node, "participant "+ep.Role),
			}
		}) {
			p.participants = append(p.participants, part)
		}
	}
	return p
}

func (c *compiler) edge(e *Edge) *edgePlan {
	p := &edgePlan{
		since: c.times(e.Since, "since"),
	}
	c.base = true
	p.until, p.ended = c.times(e.Until, "until"), c.condition(e.EndedWhen)
	c.base = false
	for i := range e.Choose {
		ch := &e.Choose[i]
		from, to := e.From, e.To
		if len(ch.From) > 0 {
			from = ch.From
		}
		if len(ch.To) > 0 {
			to = ch.To
		}
		p.choices = append(p.choices, choice{
			when: c.condition(ch.When), typ: ch.Type, from: c.refs(from, "link "+ch.Type), to: c.refs(to, "link "+ch.Type),
			properties: c.propertiesOf(merged(e.Properties, ch.Properties), "link property"),
		})
	}
	p.choices = append(p.choices, choice{
		typ: e.Type, from: c.refs(e.From, "link "+e.Type), to: c.refs(e.To, "link "+e.Type),
		properties: c.propertiesOf(e.Properties, "link property"),
	})
	return p
}

func (c *compiler) participant(pt *Participant) *participantPlan {
	p := &participantPlan{
		event: c.ref(&pt.Event, "event"), ref: c.ref(&pt.Node, "participant"), slot: pt.Node.ID.name(),
		properties: c.propertiesOf(pt.Properties, "participant property"),
	}
	for i := range pt.Choose {
		p.choices = append(p.choices, choice{when: c.condition(pt.Choose[i].When), role: pt.Choose[i].Role})
	}
	p.choices = append(p.choices, choice{role: pt.Role})
	return p
}

func (c *compiler) link(l *Link) linkPlan {
	p := linkPlan{
		slot: l.Name, when: c.condition(l.When), typ: l.Type,
		from: c.ref(l.From, "link "+l.Type), to: c.ref(l.To, "link "+l.Type),
		properties: c.objectOf(l.Properties, "link property"), since: c.times(l.Since, ""), until: c.times(l.Until, ""),
		take: l.Take,
	}
	if l.Except != nil {
		other := *cmp.Or(l.From, l.To)
		other.ID, other.Default = *l.Except, ""
		p.except = c.ref(&other, "")
	}
	if p.slot == "" {
		if l.From != nil {
			p.slot = l.From.ID.name()
		} else {
			p.slot = l.To.ID.name()
		}
	}
	return p
}

func (c *compiler) fact(f *Fact) factPlan {
	p := factPlan{
		slot: f.Name, when: c.condition(f.When), withdraw: c.flag((*Flag)(f.Withdraw), ""), typ: f.Type, key: f.Key,
		on: c.ref(f.On, ""), claim: c.objectOf(f.Claim, "fact "+f.Type), at: c.times(f.At, ""), history: f.History, sum: f.Sum,
	}
	if p.key == "" {
		p.key = "default"
	}
	if p.slot == "" {
		p.slot = f.Type
		if f.Key != "" {
			p.slot += "/" + f.Key
		}
	}
	for _, name := range f.Need {
		p.need = append(p.need, quotedKey(name))
	}
	if f.Sum {
		amount, currency := f.Claim["amount"], f.Claim["currency"]
		p.amount, p.currency = c.value(&amount, ""), c.value(&currency, "")
	}
	return p
}

func (c *compiler) stage(s *Stage) *stagePlan {
	number := func(v Value, use string) *value {
		if v.As == "" {
			v.As = TypeNumber
		}
		return c.value(&v, use)
	}
	return &stagePlan{
		slot: s.Label.name(), when: c.condition(s.When), id: c.value(&s.ID, "stage"), label: c.value(&s.Label, "fact deal_stage"),
		before: c.value(&s.Before, "stage before in fact deal_stage"), closed: c.flag(s.Closed, "stage is closed"),
		won: c.flag(s.Won, "stage is won"), order: number(s.Order, "order of the stage"),
		percent: number(s.Probability, "probability of the stage"), pipeline: c.ref(s.Pipeline, "link pipeline_member"),
		on: c.ref(s.On, ""), at: c.times(s.At, ""), since: c.times(s.Since, ""), history: s.History, define: s.Define,
	}
}

// keptAs says that a column is kept though nothing names it.
const keptAs = "kept as "

// drop notes that a column is left out. A name in capitals is one that a tool has added to the columns
// of the CRM, and means no column of another spelling.
func (c *compiler) drop(name, why string) {
	if i := c.find(name); i >= 0 && name == strings.ToUpper(name) && strings.TrimSpace(c.written[i]) != name {
		return
	}
	if i := c.find(name); i >= 0 {
		c.use(i, "dropped: "+why)
	}
	c.dropMembers(name, why)
}

// dropAll notes that the columns are left out whose names fit a pattern and that nothing else uses.
func (c *compiler) dropAll(pattern, why string) {
	for i, name := range c.written {
		if c.uses[i] == nil && (globMatch(pattern, name) || globMatch(pattern, c.columns.names[i])) {
			c.uses[i] = []string{"dropped: " + why}
		}
	}
}

// globMatch reports whether a name fits a pattern in which * stands for any characters; case is ignored.
func globMatch(pattern, name string) bool {
	parts := strings.Split(strings.ToLower(pattern), "*")
	name = strings.ToLower(strings.TrimSpace(name))
	if !strings.HasPrefix(name, parts[0]) {
		return false
	}
	name = name[len(parts[0]):]
	for _, p := range parts[1 : len(parts)-1] {
		i := strings.Index(name, p)
		if i < 0 {
			return false
		}
		name = name[i+len(p):]
	}
	return strings.HasSuffix(name, parts[len(parts)-1])
}

// Uses tells what becomes of each column of the header.
func (p *Plan) Uses() [][]string { return p.uses }

// Kept tells for each column of the header under which name it is kept though nothing names it; blank for
// all others.
func (p *Plan) Kept() []string {
	kept := make([]string, len(p.uses))
	for i, uses := range p.uses {
		if len(uses) == 1 {
			if name, ok := strings.CutPrefix(uses[0], keptAs); ok {
				kept[i] = name
			}
		}
	}
	return kept
}

// Lacks lists the columns that the mapping names and the header has not, under no name that is known for
// them.
func (p *Plan) Lacks() []string { return p.lacks }

// HasKey reports whether the header has a column for the id. Without one, records cannot be told
// apart, and none of them can be imported.
func (p *Plan) HasKey() bool { return len(p.key) > 0 }
