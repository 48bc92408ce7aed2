package mapping

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/projectrye/rye-import/importer/graph"
)

// Plan is an object of a mapping compiled for one header: every column is a position, every name
// is resolved, and nothing is looked up while rows are mapped. A Plan is safe for concurrent use.
type Plan struct {
	Object   string
	Kind     graph.Kind
	Header   []string
	settings Settings
	ids      ids

	key      []int
	deleted  int
	created  []int
	changed  []int
	required []requirement
	skips    []skip
	same     []same

	node        *nodePlan
	event       *eventPlan
	edge        *edgePlan
	participant *participantPlan
	stage       *stagePlan
	links       []linkPlan
	facts       []factPlan
	rest        *object // columns that nothing names, kept under their own names

	uses [][]string // what each column is used for
}

// requirement is columns of which one must be filled.
type requirement struct {
	names []string
	cols  []int
}

type ids struct {
	form     Form
	none     map[string]bool
	prefixes map[string]string
}

type ref struct {
	objects  []string
	col      int
	fallback string
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
	from, to   []*ref
	role       string
}

type nodePlan struct{ choices []choice }

type eventPlan struct {
	choices      []choice
	at           []int
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
	since, until []int
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
	properties   *object
	since, until []int
}

type factPlan struct {
	slot     string
	when     *condition
	withdraw *condition
	typ, key string
	on       *ref
	claim    *object
	need     [][]byte
	at       []int
	history  bool
	sum      bool
	amount   *value
	currency *value
}

type stagePlan struct {
	slot                            string
	when                            *condition
	label, before                   int
	closed, won, order, probability int
	pipeline                        *ref
	on                              *ref
	at, since                       []int
	history, define                 bool
}

// condition is a compiled When.
type condition struct {
	isTrue, isFalse []int
	saysFalse       []int // of isFalse, those that must not be blank
	present, blank  []int
	equals          []comparison
	notEquals       []comparison
}

type comparison struct {
	col  int
	with []string
}

// compiler resolves the columns of one object against one header.
type compiler struct {
	mapping *Mapping
	object  *Object
	header  []string
	columns map[string]int // canonical name in lower case -> position
	uses    [][]string
	taken   map[string]bool // names of properties that columns fill
	errs    []string
}

// Compile prepares an object for the records of one header. It fails when the mapping names
// something that does not exist, never for a column that the header lacks.
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
	c := &compiler{
		mapping: m, object: o, header: header, columns: indexColumns(header, o), uses: make([][]string, len(header)), taken: make(map[string]bool),
	}
	p := &Plan{
		Object:   objectName,
		Header:   header,
		settings: settings,
		ids:      ids{form: m.IDs.Form, none: make(map[string]bool), prefixes: m.IDs.Prefixes},
		deleted:  c.column(o.Deleted, "marks deleted records"),
		created:  c.all(o.Created, "when it was created"),
		changed:  c.all(o.Changed, "when it was last changed"),
		key:      c.all(o.Key, "id"),
	}
	for _, n := range m.IDs.None {
		p.ids.none[n] = true
	}
	for _, group := range o.Require {
		names := strings.Split(group, "|")
		p.required = append(p.required, requirement{names: names, cols: c.all(names, "")})
	}
	for _, s := range o.Skip {
		p.skips = append(p.skips, skip{when: c.condition(s.When), reason: s.Reason})
	}
	for _, s := range o.Same {
		p.same = append(p.same, same{when: c.condition(s.When), ref: c.ref(&s.As, "is the same as"), gone: s.Gone})
	}
	if o.Stage != nil {
		p.stage = c.stage(o.Stage)
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
		p.links = append(p.links, c.link(&o.Links[i]))
	}
	for i := range o.Facts {
		p.facts = append(p.facts, c.fact(&o.Facts[i]))
	}
	p.rest = c.rest(header)
	p.uses = c.uses
	if len(c.errs) > 0 {
		return nil, fmt.Errorf("mapping %s, object %s: %s", m.Name, objectName, strings.Join(c.errs, "; "))
	}
	return p, nil
}

// indexColumns finds the columns of a header by their canonical names: as written, in any case,
// under an alias, or in the snake_case that warehouse copies use. The spelling closest to the
// canonical one wins, so that Budget_Confirmed__c and BudgetConfirmed__c stay two columns.
func indexColumns(header []string, o *Object) map[string]int {
	columns := make(map[string]int, len(header))
	for i, name := range header {
		if lower := strings.ToLower(strings.TrimSpace(name)); lower != "" {
			if _, taken := columns[lower]; !taken {
				columns[lower] = i
			}
		}
	}
	written := maps.Clone(columns)
	for _, canonical := range sortedKeys(o.Aliases) {
		target := strings.ToLower(canonical)
		for _, alias := range o.Aliases[canonical] {
			if i, ok := written[strings.ToLower(alias)]; ok {
				if _, taken := columns[target]; !taken {
					columns[target] = i
				}
			}
		}
	}
	return columns
}

// find gives the position of a column, or -1.
func (c *compiler) find(name string) int {
	if name == "" {
		return -1
	}
	if i, ok := c.columns[strings.ToLower(name)]; ok {
		return i
	}
	if i, ok := c.columns[snakeCase(name)]; ok {
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
	compare := func(m map[string][]string) (list []comparison) {
		for _, name := range sortedKeys(m) {
			list = append(list, comparison{col: c.column(name, ""), with: m[name]})
		}
		return list
	}
	out := &condition{
		isTrue: cols(w.True), present: cols(w.Present), blank: cols(w.Blank),
		equals: compare(w.Equals), notEquals: compare(w.NotEquals),
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

func (c *compiler) ref(r *Ref, use string) *ref {
	if r == nil {
		return nil
	}
	return &ref{objects: r.Objects, col: c.column(r.ID, use), fallback: r.Default}
}

func (c *compiler) refs(list Refs, use string) []*ref {
	out := make([]*ref, len(list))
	for i := range list {
		out[i] = c.ref(&list[i], use)
	}
	return out
}

func (c *compiler) value(v *Value, use string) *value {
	if v == nil {
		return &value{kind: kindNothing}
	}
	out := &value{as: v.As, times: v.Times, joinWith: " "}
	if out.as == "" {
		out.as = TypeText
	}
	if !slices.Contains([]Type{
		TypeText, TypeNumber, TypePercent, TypeBool, TypeDate, TypeTime, TypeList, TypeJSON, TypeEmail, TypeCurrency,
	}, out.as) {
		c.errs = append(c.errs, fmt.Sprintf("type %q is unknown", out.as))
	}
	if math.IsInf(v.Times, 0) || math.IsNaN(v.Times) {
		c.errs = append(c.errs, "times is no finite number")
	}
	switch {
	case v.Const != nil:
		lit, err := json.Marshal(v.Const)
		if err != nil {
			c.errs = append(c.errs, fmt.Sprintf("const: %v", err))
		}
		out.kind, out.lit, out.litText = kindConst, lit, fmt.Sprint(v.Const)
	case v.First != nil:
		out.kind = kindFirst
		for i := range v.First {
			out.parts = append(out.parts, c.value(&v.First[i], use))
		}
	case v.Join != nil:
		out.kind = kindJoin
		if v.With != nil {
			out.joinWith = *v.With
		}
		for i := range v.Join {
			out.parts = append(out.parts, c.value(&v.Join[i], use))
		}
	case v.Object != nil:
		out.kind = kindObject
		inner := c.objectOf(v.Object, use)
		out.keys, out.parts = inner.keys, inner.parts
	case v.Ref != nil:
		out.kind, out.ref = kindRef, c.ref(v.Ref, use)
	default:
		out.kind, out.col = kindColumn, c.column(v.Column, use)
		if out.col < 0 {
			out.kind = kindNothing
		}
		if v.Map != nil {
			out.replace = make(map[string]string, len(v.Map))
			for from, to := range v.Map {
				out.replace[strings.ToLower(from)] = to
			}
		}
		return c.nested(out, v.Column, use)
	}
	return out
}

// propertiesOf compiles the properties of what a record becomes, among which the columns are kept that
// nothing names.
func (c *compiler) propertiesOf(m map[string]Value, use string) *object {
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
			when: c.condition(ch.When), typ: ch.Type, code: ch.Code, label: c.value(ch.Label, "label"),
			properties: c.propertiesOf(merged(n.Common, ch.Properties), "property"),
		})
	}
	p.choices = append(p.choices, choice{
		typ: n.Type, code: n.Code, label: c.value(n.Label, "label"),
		properties: c.propertiesOf(merged(n.Common, n.Properties), "property"),
	})
	return p
}

func (c *compiler) event(e *Event) *eventPlan {
	p := &eventPlan{
		at: c.all(e.At, "when it happened"), summary: c.value(e.Summary, "summary"), actor: c.ref(e.Actor, "actor"),
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
		p.participants = append(p.participants, eventParticipant{
			when: c.condition(ep.When), slot: ep.Node.ID, role: ep.Role, ref: c.ref(&ep.Node, "participant "+ep.Role),
		})
	}
	return p
}

func (c *compiler) edge(e *Edge) *edgePlan {
	p := &edgePlan{
		since: c.all(e.Since, "since"), until: c.all(e.Until, "until"), ended: c.condition(e.EndedWhen),
	}
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
		event: c.ref(&pt.Event, "event"), ref: c.ref(&pt.Node, "participant"), slot: pt.Node.ID,
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
		properties: c.objectOf(l.Properties, "link property"), since: c.all(l.Since, ""), until: c.all(l.Until, ""),
	}
	if p.slot == "" {
		if l.From != nil {
			p.slot = l.From.ID
		} else {
			p.slot = l.To.ID
		}
	}
	return p
}

func (c *compiler) fact(f *Fact) factPlan {
	p := factPlan{
		slot: f.Name, when: c.condition(f.When), withdraw: c.condition(f.Withdraw), typ: f.Type, key: f.Key,
		on: c.ref(f.On, ""), claim: c.objectOf(f.Claim, "fact "+f.Type), at: c.all(f.At, ""), history: f.History, sum: f.Sum,
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
	return &stagePlan{
		slot: s.Label, when: c.condition(s.When), label: c.column(s.Label, "fact deal_stage"),
		before: c.column(s.Before, "stage before in fact deal_stage"), closed: c.column(s.Closed, "stage is closed"),
		won: c.column(s.Won, "stage is won"), order: c.column(s.Order, "order of the stage"),
		probability: c.column(s.Probability, "probability of the stage"), pipeline: c.ref(s.Pipeline, "link pipeline_member"),
		on: c.ref(s.On, ""), at: c.all(s.At, ""), since: c.all(s.Since, ""), history: s.History, define: s.Define,
	}
}

// drop notes that a column is left out. A name in capitals is one that a tool has added to the columns
// of the CRM, and means no column of another spelling.
func (c *compiler) drop(name, why string, header []string) {
	if i := c.find(name); i >= 0 && name == strings.ToUpper(name) && strings.TrimSpace(header[i]) != name {
		return
	}
	c.column(name, "dropped: "+why)
	c.dropMembers(name, why)
}

// Uses tells what becomes of each column of the header.
func (p *Plan) Uses() [][]string { return p.uses }

// HasKey reports whether the header has a column for the id. Without one, records cannot be told
// apart, and none of them can be imported.
func (p *Plan) HasKey() bool { return len(p.key) > 0 }
