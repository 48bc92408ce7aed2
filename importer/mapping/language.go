package mapping

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/goccy/go-yaml"
)

// Mapping says how the objects of one CRM become nodes, edges, facts and events. It is read from
// YAML and is data throughout; Compile turns one object of it into a Plan for one header.
type Mapping struct {
	Name     string             `yaml:"mapping"`   // the CRM, and the default name of a source
	Title    string             `yaml:"title"`     // its name as people write it
	Revision int                `yaml:"version"`   // of the mapping's text
	IDs      IDs                `yaml:"ids"`       // how records are named
	TimeZone string             `yaml:"time_zone"` // assumed for times without a zone; default UTC
	Refuse   []Refuse           `yaml:"refuse"`    // files that look like an object and are something else
	Drop     map[string]string  `yaml:"drop"`      // columns of every object that are left out, and why
	Objects  map[string]*Object `yaml:"objects"`

	hash string
}

// IDs says how the source names its records.
type IDs struct {
	Form     Form              `yaml:"form"`     // default text
	None     []string          `yaml:"none"`     // values that mean "no record"
	Prefixes map[string]string `yaml:"prefixes"` // first characters of an id, and the object they tell
}

// Form is how two spellings of one id are made equal.
type Form string

// The forms of ids.
const (
	FormText       Form = "text"       // as it stands
	FormSalesforce Form = "salesforce" // the 15-character form is lengthened to its 18 characters
)

// Object says how one kind of record is read. Of Node, Event, Edge, Participant and Stage it has
// one: what the record itself becomes.
type Object struct {
	Recognise Recognise           `yaml:"recognise"`
	Aliases   map[string][]string `yaml:"aliases"` // other spellings of a column
	Key       []string            `yaml:"key"`     // the first of these columns that is filled is the id
	Deleted   string              `yaml:"deleted"` // the column that marks a deleted record
	Created   []string            `yaml:"created"` // when the CRM made it: the first that is filled
	Changed   []string            `yaml:"changed"` // when the CRM last changed it: the first that is filled
	Require   []string            `yaml:"require"` // columns without which a record is rejected
	Skip      []Skip              `yaml:"skip"`    // records that are counted and left out
	Same      []Same              `yaml:"same"`    // the record that this one is the same entity as

	Node        *Node        `yaml:"node"`
	Event       *Event       `yaml:"event"`
	Edge        *Edge        `yaml:"edge"`
	Participant *Participant `yaml:"participant"`

	Stage *Stage            `yaml:"stage"`
	Links []Link            `yaml:"links"`
	Facts []Fact            `yaml:"facts"`
	Drop  map[string]string `yaml:"drop"` // columns that are left out, and why
}

// Recognise tells an object by its header and its ids, never by the name of a file.
type Recognise struct {
	All    []string `yaml:"all"`    // columns that must be there
	Any    []string `yaml:"any"`    // of these, one must be there
	None   []string `yaml:"none"`   // none of these may be there
	Prefix string   `yaml:"prefix"` // the first characters of its ids; when ids have another known prefix, it is not this object
}

// Refuse leaves out whole files by their header.
type Refuse struct {
	Columns []string `yaml:"columns"` // all of these are there
	Reason  string   `yaml:"reason"`
}

// Skip leaves out the records that meet a condition.
type Skip struct {
	When   *When  `yaml:"when"`
	Reason string `yaml:"reason"`
}

// Same names the record that a record is the same entity as: the survivor of a merge, the contact
// that a lead was converted to.
type Same struct {
	When *When `yaml:"when"`
	As   Ref   `yaml:"as"`
	Gone bool  `yaml:"gone"` // the record itself is dead and gives the entity nothing but its id
}

// Ref points at a record.
type Ref struct {
	Objects NameList `yaml:"object"`  // one, or several that an id may belong to; empty means any
	ID      string   `yaml:"id"`      // the column that holds the id
	Default string   `yaml:"default"` // the id, where the column is blank or missing
}

// NameList is one name or a list of names.
type NameList []string

// Refs is one reference or a list of them, of which the first that is filled counts.
type Refs []Ref

// Node is what a record becomes when it is an entity.
type Node struct {
	Choose     []NodeChoice     `yaml:"choose"` // alternatives, the first whose condition holds
	Type       string           `yaml:"type"`
	Code       string           `yaml:"code"` // the prefix of its code; empty for none
	Label      *Value           `yaml:"label"`
	Properties map[string]Value `yaml:"properties"`
	Common     map[string]Value `yaml:"common"` // properties of every alternative
}

// NodeChoice is an alternative for what a record becomes.
type NodeChoice struct {
	When       *When            `yaml:"when"`
	Type       string           `yaml:"type"`
	Code       string           `yaml:"code"`
	Label      *Value           `yaml:"label"`
	Properties map[string]Value `yaml:"properties"`
}

// Event is what a record becomes when it is something that happened.
type Event struct {
	Choose       []EventChoice      `yaml:"choose"`
	Type         string             `yaml:"type"`
	At           []string           `yaml:"at"` // when it happened: the first that is filled
	Summary      *Value             `yaml:"summary"`
	Properties   map[string]Value   `yaml:"properties"`
	Actor        *Ref               `yaml:"actor"`
	Participants []EventParticipant `yaml:"participants"`
}

// EventChoice is an alternative for the type of an event, with properties beside those of the event.
type EventChoice struct {
	When       *When            `yaml:"when"`
	Type       string           `yaml:"type"`
	Properties map[string]Value `yaml:"properties"`
}

// EventParticipant is a node's part in the record's own event.
type EventParticipant struct {
	When *When  `yaml:"when"`
	Role string `yaml:"role"`
	Node Ref    `yaml:"node"`
}

// Edge is what a record becomes when it is a relationship between two others.
type Edge struct {
	Choose     []EdgeChoice     `yaml:"choose"`
	Type       string           `yaml:"type"`
	From       Refs             `yaml:"from"`
	To         Refs             `yaml:"to"`
	Properties map[string]Value `yaml:"properties"`
	Since      []string         `yaml:"since"` // effective_from: the first that is filled
	Until      []string         `yaml:"until"` // effective_to: the first that is filled
	EndedWhen  *When            `yaml:"ended_when"`
}

// EdgeChoice is an alternative for an edge; what it leaves out is as the edge has it.
type EdgeChoice struct {
	When       *When            `yaml:"when"`
	Type       string           `yaml:"type"`
	From       Refs             `yaml:"from"`
	To         Refs             `yaml:"to"`
	Properties map[string]Value `yaml:"properties"`
}

// Participant is what a record becomes when it only adds a node to another record's event.
type Participant struct {
	Choose     []RoleChoice     `yaml:"choose"`
	Role       string           `yaml:"role"`
	Event      Ref              `yaml:"event"`
	Node       Ref              `yaml:"node"`
	Properties map[string]Value `yaml:"properties"`
}

// RoleChoice is an alternative for the role of a participant.
type RoleChoice struct {
	When *When  `yaml:"when"`
	Role string `yaml:"role"`
}

// Link is an edge between the record and another one that a column names.
type Link struct {
	Name       string           `yaml:"name"` // default: the column of From or To
	When       *When            `yaml:"when"`
	Type       string           `yaml:"type"`
	From       *Ref             `yaml:"from"` // the edge comes from there to the record ...
	To         *Ref             `yaml:"to"`   // ... or goes from the record to there
	Properties map[string]Value `yaml:"properties"`
	Since      []string         `yaml:"since"`
	Until      []string         `yaml:"until"`
}

// Fact is an assertion about the record or, with On, about another one.
type Fact struct {
	Name     string           `yaml:"name"` // default: the type and the key
	When     *When            `yaml:"when"`
	Withdraw *When            `yaml:"withdraw"` // ends the fact, if it stands
	Type     string           `yaml:"type"`
	Key      string           `yaml:"key"` // default "default"
	On       *Ref             `yaml:"on"`
	Claim    map[string]Value `yaml:"claim"`
	Need     []string         `yaml:"need"` // claim entries without which there is no fact
	At       []string         `yaml:"at"`   // when it was asserted: the first that is filled
	History  bool             `yaml:"history"`
	Sum      bool             `yaml:"sum"` // its amount is part of the balance; the claim has amount and currency
}

// Stage says where a deal stands in a pipeline: it gives the pipeline its stages, the record a
// deal_stage fact and a pipeline_member edge. With Define, the record only defines a stage.
type Stage struct {
	When        *When    `yaml:"when"`
	Label       string   `yaml:"label"`
	Before      string   `yaml:"before"` // the label of the stage that the deal came from
	Closed      string   `yaml:"closed"`
	Won         string   `yaml:"won"`
	Order       string   `yaml:"order"`
	Probability string   `yaml:"probability"` // percent
	Pipeline    *Ref     `yaml:"pipeline"`
	On          *Ref     `yaml:"on"` // the deal, when the record is history of it
	At          []string `yaml:"at"`
	Since       []string `yaml:"since"` // when the deal entered the pipeline
	History     bool     `yaml:"history"`
	Define      bool     `yaml:"define"`
}

// When is a condition; all that it names must hold.
type When struct {
	True      []string            `yaml:"true"`
	False     []string            `yaml:"false"` // blank counts as false
	Present   []string            `yaml:"present"`
	Blank     []string            `yaml:"blank"`
	Equals    map[string][]string `yaml:"equals"` // case is ignored
	NotEquals map[string][]string `yaml:"not_equals"`
}

// Value says how cells become a JSON value. A bare string is a column taken as text.
type Value struct {
	Column string            `yaml:"column"`
	As     Type              `yaml:"as"` // default text
	Const  any               `yaml:"const"`
	First  []Value           `yaml:"first"`  // the first that is not blank
	Join   []Value           `yaml:"join"`   // those that are not blank ...
	With   *string           `yaml:"with"`   // ... joined by this; default one blank
	Object map[string]Value  `yaml:"object"` // null if all its entries are blank
	Map    map[string]string `yaml:"map"`    // replaces texts; case is ignored, others stay
	Times  float64           `yaml:"times"`  // multiplies a number
	Ref    *Ref              `yaml:"ref"`    // the id of a record in its normal form
}

// Type is the type that the text of a cell is read as.
type Type string

// The types of values.
const (
	TypeText     Type = "text"     // outer blanks trimmed
	TypeNumber   Type = "number"   // decimal point, no thousands separators
	TypePercent  Type = "percent"  // 0 to 100, becomes 0 to 1
	TypeBool     Type = "bool"     // 0 1 true false yes no
	TypeDate     Type = "date"     // becomes YYYY-MM-DD
	TypeTime     Type = "time"     // becomes RFC 3339 in UTC
	TypeList     Type = "list"     // texts separated by semicolons, becomes an array
	TypeJSON     Type = "json"     // a JSON object or array in a cell; anything else is taken as text
	TypeEmail    Type = "email"    // outer blanks trimmed, domain in lower case
	TypeCurrency Type = "currency" // ISO 4217 in upper case; 000 is none
)

// UnmarshalYAML accepts a bare column name.
func (v *Value) UnmarshalYAML(unmarshal func(any) error) error {
	var column string
	if unmarshal(&column) == nil {
		*v = Value{Column: column}
		return nil
	}
	type plain Value
	return unmarshal((*plain)(v))
}

// UnmarshalYAML accepts one name in place of a list.
func (n *NameList) UnmarshalYAML(unmarshal func(any) error) error {
	var one string
	if unmarshal(&one) == nil {
		*n = NameList{one}
		return nil
	}
	return unmarshal((*[]string)(n))
}

// UnmarshalYAML accepts one reference in place of a list.
func (r *Refs) UnmarshalYAML(unmarshal func(any) error) error {
	var many []Ref
	if unmarshal(&many) == nil {
		*r = many
		return nil
	}
	var one Ref
	if err := unmarshal(&one); err != nil {
		return err
	}
	*r = Refs{one}
	return nil
}

// Parse reads a mapping. Unknown keys, and names that lead nowhere, are errors that say where.
func Parse(text []byte) (*Mapping, error) {
	m := &Mapping{}
	dec := yaml.NewDecoder(bytes.NewReader(text), yaml.Strict())
	if err := dec.Decode(m); err != nil {
		if errors.Is(err, io.EOF) {
			return nil, errors.New("the mapping is empty")
		}
		return nil, fmt.Errorf("reading the mapping: %s", yaml.FormatError(err, false, true))
	}
	sum := sha256.Sum256(text)
	m.hash = hex.EncodeToString(sum[:8])
	if err := m.check(); err != nil {
		return nil, err
	}
	return m, nil
}

// Version identifies the mapping's exact text: its name, revision and the beginning of its SHA-256.
func (m *Mapping) Version() string {
	return fmt.Sprintf("%s/%d/%s", m.Name, m.Revision, m.hash)
}

func (m *Mapping) check() error {
	var problems []string
	bad := func(format string, args ...any) { problems = append(problems, fmt.Sprintf(format, args...)) }
	if m.Name == "" {
		bad("mapping: the name is missing")
	}
	if m.IDs.Form == "" {
		m.IDs.Form = FormText
	}
	if m.IDs.Form != FormText && m.IDs.Form != FormSalesforce {
		bad("ids.form: unknown form %q", m.IDs.Form)
	}
	if m.TimeZone == "" {
		m.TimeZone = "UTC"
	}
	if len(m.Objects) == 0 {
		bad("objects: there are none")
	}
	for _, name := range sortedKeys(m.Objects) {
		o := m.Objects[name]
		if o == nil {
			bad("objects.%s: is empty", name)
			continue
		}
		if len(o.Key) == 0 {
			bad("objects.%s.key: is missing", name)
		}
		if len(o.Recognise.All)+len(o.Recognise.Any) == 0 {
			bad("objects.%s.recognise: names no column", name)
		}
		kinds := 0
		for _, has := range []bool{o.Node != nil, o.Event != nil, o.Edge != nil, o.Participant != nil, o.Stage != nil && o.Stage.Define} {
			if has {
				kinds++
			}
		}
		if kinds != 1 {
			bad("objects.%s: has %d of node, event, edge, participant and a defining stage, and needs one", name, kinds)
		}
		if o.Node == nil && len(o.Links) > 0 {
			bad("objects.%s.links: only a node has links", name)
		}
		for i, l := range o.Links {
			if (l.From == nil) == (l.To == nil) {
				bad("objects.%s.links[%d]: needs one of from and to", name, i)
			}
			if l.Type == "" {
				bad("objects.%s.links[%d].type: is missing", name, i)
			}
		}
		for i, f := range o.Facts {
			if f.Type == "" {
				bad("objects.%s.facts[%d].type: is missing", name, i)
			}
			if f.On == nil && o.Node == nil {
				bad("objects.%s.facts[%d].on: is missing, and the record is no node itself", name, i)
			}
		}
	}
	if len(problems) > 0 {
		return fmt.Errorf("checking the mapping: %s", strings.Join(problems, "; "))
	}
	return nil
}

// ReferencedObjects lists the objects that references of the mapping may point at, its own or not.
func (m *Mapping) ReferencedObjects() []string {
	set := make(map[string]bool)
	for _, name := range m.IDs.Prefixes {
		set[name] = true
	}
	add := func(refs ...*Ref) {
		for _, r := range refs {
			if r != nil {
				for _, name := range r.Objects {
					set[name] = true
				}
			}
		}
	}
	addAll := func(lists ...Refs) {
		for _, list := range lists {
			for i := range list {
				add(&list[i])
			}
		}
	}
	for _, o := range m.Objects {
		for i := range o.Same {
			add(&o.Same[i].As)
		}
		if e := o.Event; e != nil {
			add(e.Actor)
			for i := range e.Participants {
				add(&e.Participants[i].Node)
			}
		}
		if e := o.Edge; e != nil {
			addAll(e.From, e.To)
			for i := range e.Choose {
				addAll(e.Choose[i].From, e.Choose[i].To)
			}
		}
		if p := o.Participant; p != nil {
			add(&p.Event, &p.Node)
		}
		if s := o.Stage; s != nil {
			add(s.Pipeline, s.On)
		}
		for i := range o.Links {
			add(o.Links[i].From, o.Links[i].To)
		}
		for i := range o.Facts {
			add(o.Facts[i].On)
		}
	}
	return sortedKeys(set)
}

// KeyColumns gives the column that holds the id, by object.
func (m *Mapping) KeyColumns() map[string]string {
	columns := make(map[string]string, len(m.Objects))
	for name, o := range m.Objects {
		columns[name] = o.Key[0]
	}
	return columns
}
