package mapping

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"github.com/projectrye/rye-import/internal/spell"
)

// Parse reads a mapping. Unknown keys, names that lead nowhere and values that make no sense are errors
// that say where.
func Parse(text []byte) (*Mapping, error) {
	m, err := read(text)
	if err != nil {
		return nil, err
	}
	whole := text
	if m.Extends != "" {
		base, err := builtin.ReadFile("builtin/" + m.Extends + ".yaml")
		if err != nil || strings.ContainsAny(m.Extends, "/\\") {
			problem := fmt.Sprintf("extends: there is no built-in mapping %q%s; there are: %s",
				m.Extends, spell.Suggest(m.Extends, Names()), strings.Join(Names(), ", "))
			return nil, &CheckError{Problems: []Problem{{Line: locate(text, problem), Text: problem}}}
		}
		if whole, err = extend(base, text); err != nil {
			return nil, err
		}
		if m, err = read(whole); err != nil {
			return nil, err
		}
	}
	sum := sha256.Sum256(whole)
	m.hash = hex.EncodeToString(sum[:8])
	m.text = text
	if problems := m.check(); len(problems) > 0 {
		e := &CheckError{}
		for _, p := range problems {
			e.Problems = append(e.Problems, Problem{Line: locate(text, p), Text: p})
		}
		return nil, e
	}
	return m, nil
}

// read decodes YAML strictly.
func read(text []byte) (*Mapping, error) {
	m := &Mapping{}
	if err := decodeYAML(text, m, yaml.Strict()); err != nil {
		if errors.Is(err, io.EOF) {
			return nil, errors.New("the mapping is empty")
		}
		return nil, fmt.Errorf("reading the mapping: %s", withSuggestion(yaml.FormatError(err, false, true), text))
	}
	return m, nil
}

var errYAML = errors.New("it is no YAML that can be read; tags, as !!str, are not needed here")

// decodeYAML decodes the first document of a text, with keys as they are written.
func decodeYAML(text []byte, into any, options ...yaml.DecodeOption) (err error) {
	defer func() {
		if recover() != nil { // the library does so over tags of types that a value is not of
			err = errYAML
		}
	}()
	file, err := parser.ParseBytes(text, 0)
	if err != nil || len(file.Docs) == 0 || file.Docs[0].Body == nil {
		return yaml.NewDecoder(bytes.NewReader(text), options...).Decode(into) // which says why
	}
	body := file.Docs[0].Body
	ast.Walk(textKeys{}, body)
	if _, tree := into.(*map[string]any); tree {
		body = inlined(body, make(map[string]ast.Node))
	}
	// The decoder would parse its text once more, though all that it needs is in the node.
	return yaml.NewDecoder(strings.NewReader(""), options...).DecodeFromNode(body, into)
}

// inlined puts what aliases stand for in their place. Decoding into maps, the library takes an alias for
// null whose anchor lies within another one that is not closed yet.
func inlined(node ast.Node, anchors map[string]ast.Node) ast.Node {
	switch n := node.(type) {
	case *ast.AnchorNode:
		v := inlined(n.Value, anchors)
		anchors[n.Name.String()] = v
		return v
	case *ast.AliasNode:
		if v, ok := anchors[n.Value.String()]; ok {
			return v
		}
	case *ast.MappingNode:
		for _, v := range n.Values {
			inlined(v, anchors)
		}
	case *ast.MappingValueNode:
		n.Value = inlined(n.Value, anchors)
	case *ast.SequenceNode:
		for i, v := range n.Values {
			n.Values[i] = inlined(v, anchors)
		}
	}
	return node
}

// textKeys makes texts of keys that YAML takes for something else, as they are written: true, null, 007.
type textKeys struct{}

// Visit implements ast.Visitor.
func (v textKeys) Visit(node ast.Node) ast.Visitor {
	if m, ok := node.(*ast.MappingValueNode); ok {
		switch m.Key.(type) {
		case *ast.BoolNode, *ast.NullNode, *ast.IntegerNode, *ast.FloatNode:
			m.Key = ast.String(m.Key.GetToken())
		}
	}
	return v
}

// extend lays a mapping over another: maps are joined key by key, a null takes a key away, and
// everything else is replaced.
func extend(base, text []byte) ([]byte, error) {
	var under, over map[string]any
	if err := decodeYAML(base, &under); err != nil {
		return nil, err // unreachable: it is built in
	}
	if err := decodeYAML(text, &over); err != nil {
		return nil, fmt.Errorf("reading the mapping: %s", yaml.FormatError(err, false, true))
	}
	delete(over, "extends")
	delete(under, "examples") // they say what the other one means
	// JSON is YAML, and quotes what YAML would take for a number.
	whole, err := json.Marshal(laidOver(under, over))
	if err != nil {
		return nil, fmt.Errorf("reading the mapping: %w", err)
	}
	return whole, nil
}

func laidOver(under, over any) any {
	o, isMap := over.(map[string]any)
	u, wasMap := under.(map[string]any)
	if !isMap || !wasMap {
		return over
	}
	for key, v := range o {
		if v == nil {
			delete(u, key)
		} else {
			u[key] = laidOver(u[key], v)
		}
	}
	return u
}

var unknownField = regexp.MustCompile(`^\[(\d+):(\d+)\] unknown field "([^"]*)"`)

// withSuggestion adds the key that was likely meant to an error about an unknown one.
func withSuggestion(message string, text []byte) string {
	m := unknownField.FindStringSubmatch(message)
	if m == nil {
		return message
	}
	file, err := parser.ParseBytes(text, 0)
	if err != nil || len(file.Docs) == 0 {
		return message
	}
	keys := keysAt(file.Docs[0].Body, reflect.TypeFor[Mapping](), m[1]+":"+m[2])
	return m[0] + spell.Suggest(m[3], keys) + message[len(m[0]):]
}

// keysAt lists the keys that the language has at a place of a mapping, which is line:column of a key.
func keysAt(node ast.Node, t reflect.Type, place string) []string {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch n := node.(type) {
	case *ast.AnchorNode:
		return keysAt(n.Value, t, place)
	case *ast.SequenceNode:
		if t.Kind() == reflect.Slice {
			for _, v := range n.Values {
				if keys := keysAt(v, t.Elem(), place); keys != nil {
					return keys
				}
			}
		}
	case *ast.MappingNode:
		for t.Kind() == reflect.Slice { // one thing in place of a list
			t = t.Elem()
		}
		for _, v := range n.Values {
			inner, keys := memberType(t, v.Key.String())
			if at := v.Key.GetToken().Position; fmt.Sprintf("%d:%d", at.Line, at.Column) == place {
				return keys
			}
			if inner != nil {
				if found := keysAt(v.Value, inner, place); found != nil {
					return found
				}
			}
		}
	}
	return nil
}

// memberType gives the type of what stands under a key, and all keys that may stand there.
func memberType(t reflect.Type, key string) (inner reflect.Type, keys []string) {
	switch t.Kind() {
	case reflect.Map:
		return t.Elem(), nil
	case reflect.Struct:
		for i := range t.NumField() {
			tag := t.Field(i).Tag.Get("yaml")
			if tag == "" {
				continue
			}
			keys = append(keys, tag)
			if tag == key {
				inner = t.Field(i).Type
			}
		}
	default:
	}
	return inner, keys
}

// Version identifies the mapping's exact text: its name, revision and the beginning of its SHA-256.
func (m *Mapping) Version() string {
	return fmt.Sprintf("%s/%d/%s", m.Name, m.Revision, m.hash)
}

// checker gathers what is wrong with a mapping.
type checker struct {
	m        *Mapping
	known    map[string]bool // objects that references can name
	problems []string
}

func (c *checker) bad(format string, args ...any) {
	c.problems = append(c.problems, fmt.Sprintf(format, args...))
}

func (m *Mapping) check() []string {
	c := &checker{m: m, known: make(map[string]bool)}
	c.general()
	for _, name := range sortedKeys(m.Objects) {
		if o := m.Objects[name]; o == nil {
			c.bad("objects.%s: is empty", name)
		} else {
			c.known[name], c.known[m.RecordObject(name)] = true, true
		}
	}
	for _, name := range m.IDs.Prefixes {
		c.known[name] = true
	}
	for _, name := range m.Others {
		c.known[name] = true
	}
	m.lookups, m.derived = make(map[string][]lookup), make(map[string]Derivation)
	m.spellings = make(map[string][][]string, len(m.Objects))
	for _, name := range sortedKeys(m.Objects) {
		if o := m.Objects[name]; o != nil {
			m.spellings[name] = o.spellingsOf()
			c.object(name, o)
			c.references(name, o)
		}
	}
	if len(c.problems) == 0 {
		// Against a header that has nothing, everything that does not depend on headers is checked.
		for _, name := range sortedKeys(m.Objects) {
			if _, err := m.Compile(name, nil, Settings{Zone: time.UTC}); err != nil {
				c.problems = append(c.problems, strings.TrimPrefix(err.Error(), "mapping "+m.Name+", "))
			}
		}
	}
	return c.problems
}

// general checks what stands outside of objects.
func (c *checker) general() {
	m := c.m
	if m.Name == "" {
		c.bad("mapping: the name is missing")
	}
	if strings.ContainsAny(m.Name, ":\x00") {
		c.bad("mapping: the name %q has a colon", m.Name)
	}
	if m.IDs.Form == "" {
		m.IDs.Form = FormText
	}
	if forms := []Form{FormText, FormSalesforce, FormGUID}; !slices.Contains(forms, m.IDs.Form) {
		c.bad("ids.form: unknown form %q%s", m.IDs.Form, spell.Suggest(string(m.IDs.Form), forms))
	}
	if m.TimeZone == "" {
		m.TimeZone = "UTC"
	}
	if _, err := time.LoadLocation(m.TimeZone); err != nil || m.TimeZone == "Local" {
		c.bad("time_zone: there is no zone %q; give one as Europe/Prague or UTC", m.TimeZone)
	}
	if m.Country != "" && !isCountry(m.Country) {
		c.bad("country: %q is no ISO 3166 code, as DE", m.Country)
	}
	if orders := []DateOrder{DateOrderNone, DateOrderMDY, DateOrderDMY}; !slices.Contains(orders, m.Dates) {
		c.bad("dates: %q: mdy or dmy", m.Dates)
	}
	if marks := []DecimalMark{DecimalNone, DecimalPoint, DecimalComma}; !slices.Contains(marks, m.Numbers) {
		c.bad("numbers: %q: point or comma", m.Numbers)
	}
	c.policy("blank", m.Blank)
	if len(m.Objects) == 0 {
		c.bad("objects: there are none")
	}
}

func (c *checker) policy(where string, p BlankPolicy) {
	if policies := []BlankPolicy{"", BlankKeep, BlankClear, BlankFill}; !slices.Contains(policies, p) {
		c.bad("%s: %q: keep, clear or fill", where, p)
	}
}

// object checks one object by itself.
func (c *checker) object(name string, o *Object) {
	at := "objects." + name
	if o.Derive != nil {
		if o.Derive.Lookup == "" {
			o.Derive.Lookup = "name"
		}
		if o.Derive.Type == "" {
			c.bad("%s.derive.type: is missing", at)
		}
	}
	if o.kinds() == 0 && o.Derive != nil {
		return // nothing but derived
	}
	if len(o.Key) == 0 {
		c.bad("%s.key: is missing", at)
	}
	if len(o.Recognise.All)+len(o.Recognise.Any) == 0 && !c.isChild(name) {
		c.bad("%s.recognise: names no column", at)
	}
	if _, err := regexp.Compile(o.Recognise.IDs); err != nil {
		c.bad("%s.recognise.ids: %v", at, err)
	}
	if kinds := o.kinds(); kinds != 1 {
		c.bad("%s: has %d of node, event, edge, participant and a defining stage, and needs one", at, kinds)
	}
	if o.Node == nil && len(o.Links) > 0 {
		c.bad("%s.links: only a node has links", at)
	}
	for i, l := range o.Links {
		if (l.From == nil) == (l.To == nil) {
			c.bad("%s.links[%d]: needs one of from and to", at, i)
		}
		if l.Type == "" {
			c.bad("%s.links[%d].type: is missing", at, i)
		}
		if takes := []Take{"", TakeAll, TakeFirst, TakeRest}; !slices.Contains(takes, l.Take) {
			c.bad("%s.links[%d].take: %q: all, first or rest", at, i, l.Take)
		}
	}
	for i, f := range o.Facts {
		if f.Type == "" {
			c.bad("%s.facts[%d].type: is missing", at, i)
		}
		if f.On == nil && o.Node == nil {
			c.bad("%s.facts[%d].on: is missing, and the record is no node itself", at, i)
		}
	}
	if ways := []Repeated{"", RepeatedSame, RepeatedFirst}; !slices.Contains(ways, o.Repeated) {
		c.bad("%s.repeated: %q: same or first", at, o.Repeated)
	}
	for _, column := range sortedKeys(o.Cells) {
		if ways := []Unreadable{"", UnreadableReject, UnreadableBlank}; !slices.Contains(ways, o.Cells[column].Unreadable) {
			c.bad("%s.cells.%s.unreadable: %q: reject or blank", at, column, o.Cells[column].Unreadable)
		}
	}
	for _, property := range sortedKeys(o.Blank) {
		c.policy(at+".blank."+property, o.Blank[property])
	}
	for _, column := range sortedKeys(o.Children) {
		if child := o.Children[column]; c.m.Objects[child.Object] == nil {
			c.bad("%s.children.%s: there is no object %q%s", at, column, child.Object, spell.Suggest(child.Object, sortedKeys(c.m.Objects)))
		}
	}
}

// kinds counts what the records of an object become; one is right.
func (o *Object) kinds() int {
	kinds := 0
	for _, has := range []bool{o.Node != nil, o.Event != nil, o.Edge != nil, o.Participant != nil, o.Stage != nil && o.Stage.Define} {
		if has {
			kinds++
		}
	}
	return kinds
}

// isChild reports whether records of an object stand inside of others.
func (c *checker) isChild(name string) bool {
	for _, o := range c.m.Objects {
		if o != nil {
			for _, child := range o.Children {
				if child.Object == name {
					return true
				}
			}
		}
	}
	return false
}

// references checks where the references of an object lead, and notes the lookups that they use.
func (c *checker) references(name string, o *Object) {
	at := "objects." + name
	ends, others := o.refs()
	for _, r := range slices.Concat(ends, others) {
		for _, target := range r.Objects {
			if !c.known[target] {
				c.bad("%s: a reference by %s names the object %q, which there is not%s", at, r.ID.name(), target, spell.Suggest(target, sortedKeys(c.known)))
			}
		}
		if r.By != "" {
			c.lookup(at, r)
		}
	}
	// Where ids do not tell their object, one that could be of several is looked up among them.
	for _, r := range ends {
		if r.By == "" && len(r.Objects) != 1 && len(c.m.IDs.Prefixes) == 0 {
			c.lookupByID(r)
		}
	}
	for i := range o.Same {
		if o.Same[i].As.By != "" {
			c.bad("%s.same[%d]: a record is the same as another by its id only", at, i)
		}
	}
	if r := o.Merged; r != nil {
		switch {
		case o.Node == nil:
			c.bad("%s.merged: only records that are nodes are merged", at)
		case r.By != "":
			c.bad("%s.merged: records that were merged are named by their ids only", at)
		case len(r.Objects) != 1 || r.Choose != nil:
			c.bad("%s.merged.object: name the one object that the ids belong to", at)
		case r.Default != "":
			c.bad("%s.merged.default: a record into which nothing was merged names none", at)
		}
	}
	if s := o.Stage; s != nil && s.Pipeline != nil && s.Pipeline.By != "" {
		c.bad("%s.stage.pipeline: a pipeline is pointed at by its id only, or by whatever deals call it", at)
	}
	if p := o.Participant; p != nil && p.Event.By != "" {
		c.bad("%s.participant.event: an event is pointed at by its id only", at)
	}
}

// lookup is a way of pointing at records other than by their object and id. By nothing means by the id
// alone.
type lookup struct{ name, by string }

// lookupByID lets records of the objects that a reference names, or of all, answer to their ids.
func (c *checker) lookupByID(r *Ref) {
	r.lookup = lookupName(r.Objects, "")
	targets := r.Objects
	if len(targets) == 0 {
		for name, o := range c.m.Objects {
			if o != nil && o.Node != nil {
				targets = append(targets, c.m.RecordObject(name))
			}
		}
	}
	for _, target := range targets {
		if l := (lookup{name: r.lookup}); !slices.Contains(c.m.lookups[target], l) {
			c.m.lookups[target] = append(c.m.lookups[target], l)
		}
	}
}

func (c *checker) lookup(at string, r *Ref) {
	if len(r.Objects) == 0 {
		c.bad("%s: a reference by %s needs the objects whose %s it is", at, r.ID.name(), r.By)
		return
	}
	r.lookup = lookupName(r.Objects, r.By)
	l := lookup{name: r.lookup, by: r.By}
	for _, target := range r.Objects {
		named := false
		for _, name := range sortedKeys(c.m.Objects) {
			o := c.m.Objects[name]
			if o == nil || c.m.RecordObject(name) != target {
				continue
			}
			if o.Derive != nil && cmp.Or(o.Derive.Lookup, "name") == r.By {
				named = true
				c.m.derived[l.name] = Derivation{Object: target, Type: o.Derive.Type, Code: o.Derive.Code}
			}
			named = named || len(o.Names[r.By]) > 0
		}
		if !named {
			c.bad("%s: a reference by %s points at %s by %s, but objects.%s.names has no %s", at, r.ID.name(), target, r.By, target, r.By)
		}
		if !slices.Contains(c.m.lookups[target], l) {
			c.m.lookups[target] = append(c.m.lookups[target], l)
		}
	}
}

// refs lists the references of an object: the ends of edges and what else points at nodes, and others,
// among them those inside of values.
func (o *Object) refs() (ends, others []*Ref) {
	put := func(to []*Ref, list ...*Ref) []*Ref {
		for _, r := range list {
			if r != nil && (len(r.Objects) > 0 || r.ID.name() != "" || r.Default != "") {
				to = append(to, r)
			}
		}
		return to
	}
	add := func(list ...*Ref) { ends = put(ends, list...) }
	addOther := func(list ...*Ref) { others = put(others, list...) }
	addAll := func(lists ...Refs) {
		for _, list := range lists {
			for i := range list {
				add(&list[i])
			}
		}
	}
	var inValues func(maps ...map[string]Value)
	var inValue func(v *Value)
	inValue = func(v *Value) {
		if v == nil {
			return
		}
		addOther(v.Ref)
		for _, list := range [][]Value{v.First, v.Join} {
			for i := range list {
				inValue(&list[i])
			}
		}
		inValues(v.Object)
	}
	inValues = func(maps ...map[string]Value) {
		for _, m := range maps {
			for _, key := range sortedKeys(m) {
				v := m[key]
				inValue(&v)
			}
		}
	}
	for i := range o.Same {
		addOther(&o.Same[i].As)
	}
	addOther(o.Merged)
	if n := o.Node; n != nil {
		inValue(n.Label)
		inValues(n.Properties, n.Common)
		for i := range n.Choose {
			inValue(n.Choose[i].Label)
			inValues(n.Choose[i].Properties)
		}
	}
	if e := o.Event; e != nil {
		add(e.Actor)
		inValue(e.Summary)
		inValues(e.Properties)
		for i := range e.Choose {
			inValues(e.Choose[i].Properties)
		}
		for i := range e.Participants {
			add(&e.Participants[i].Node)
		}
	}
	if e := o.Edge; e != nil {
		addAll(e.From, e.To)
		inValues(e.Properties)
		for i := range e.Choose {
			addAll(e.Choose[i].From, e.Choose[i].To)
			inValues(e.Choose[i].Properties)
		}
	}
	if p := o.Participant; p != nil {
		add(&p.Node)
		addOther(&p.Event)
		inValues(p.Properties)
	}
	if s := o.Stage; s != nil {
		add(s.On)
		addOther(s.Pipeline)
	}
	for i := range o.Links {
		add(o.Links[i].From, o.Links[i].To)
		inValues(o.Links[i].Properties)
	}
	for i := range o.Facts {
		add(o.Facts[i].On)
		inValues(o.Facts[i].Claim)
	}
	return ends, others
}

// RecordObjects lists the objects that records and references may belong to.
func (m *Mapping) RecordObjects() []string {
	set := make(map[string]bool)
	for _, name := range m.IDs.Prefixes {
		set[name] = true
	}
	for name, o := range m.Objects {
		set[m.RecordObject(name)] = true
		ends, others := o.refs()
		for _, r := range slices.Concat(ends, others) {
			for _, target := range r.Objects {
				set[target] = true
			}
			if r.Choose != nil {
				for _, target := range r.Choose.Map {
					if target != "" {
						set[target] = true
					}
				}
			}
		}
	}
	return sortedKeys(set)
}

// Lookups lists the lookups that references use.
func (m *Mapping) Lookups() []string {
	set := make(map[string]bool)
	for _, lookups := range m.lookups {
		for _, l := range lookups {
			set[l.name] = true
		}
	}
	return sortedKeys(set)
}

// Derivation is what is made of a reference that nothing answers to.
type Derivation struct {
	Object string
	Type   string // of the node
	Code   string // the prefix of its code; empty for none
}

// Derived tells what is made of references that nothing answers to, by lookup.
func (m *Mapping) Derived() map[string]Derivation { return m.derived }

// Repeated gives the objects whose records may stand several times in an export, with whether their
// content may differ.
func (m *Mapping) Repeated() map[string]bool {
	all := make(map[string]bool)
	for name, o := range m.Objects {
		if o.Repeated != "" {
			all[m.RecordObject(name)] = all[m.RecordObject(name)] || o.Repeated == RepeatedFirst
		}
	}
	return all
}

// KeyColumns gives the column that holds the id, by object.
func (m *Mapping) KeyColumns() map[string]string {
	columns := make(map[string]string, len(m.Objects))
	for _, name := range sortedKeys(m.Objects) {
		if o := m.Objects[name]; len(o.Key) > 0 && columns[m.RecordObject(name)] == "" {
			columns[m.RecordObject(name)] = o.Key[0].name()
		}
	}
	return columns
}
