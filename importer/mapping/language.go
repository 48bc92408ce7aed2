package mapping

// Mapping says how the objects of one CRM become nodes, edges, facts and events. It is read from
// YAML and is data throughout; Compile turns one object of it into a Plan for one header.
type Mapping struct {
	Extends  string             `yaml:"extends"`          // the built-in mapping that this one changes
	Name     string             `yaml:"mapping"`          // the CRM, and the default name of a source
	Title    string             `yaml:"title"`            // its name as people write it
	Revision int                `yaml:"version"`          // of the mapping's text
	IDs      IDs                `yaml:"ids"`              // how records are named
	TimeZone string             `yaml:"time_zone"`        // assumed for times without a zone; default UTC
	Country  string             `yaml:"country"`          // ISO 3166 code of the country of phone numbers that name none
	Dates    DateOrder          `yaml:"dates"`            // the order of day and month in all columns; default: what each column shows
	Numbers  DecimalMark        `yaml:"numbers"`          // the decimal mark of all columns; default: what each column shows
	Escaped  bool               `yaml:"escaped_formulas"` // texts that begin with = + - @ stand behind an apostrophe
	Blank    BlankPolicy        `yaml:"blank"`            // what a cell that went blank does to a property; default keep
	Strip    []string           `yaml:"strip"`            // beginnings of column names that are cut off
	Refuse   []Refuse           `yaml:"refuse"`           // files that look like an object and are something else
	Drop     map[string]string  `yaml:"drop"`             // columns of every object that are left out, and why; * stands for any characters
	Objects  map[string]*Object `yaml:"objects"`
	Others   []string           `yaml:"others"`   // objects that references may name though the mapping has none of them
	Examples []Example          `yaml:"examples"` // rows and what they become, checked by mapping lint

	hash      string
	text      []byte                // as it was parsed, to tell where an example is
	spellings map[string][][]string // by object: how a header may spell each column that must be there
	lookups   map[string][]lookup   // by object: the lookups that its records answer to
	derived   map[string]Derivation
}

// IDs says how the source names its records.
type IDs struct {
	Form     Form              `yaml:"form"`     // default text
	Strip    []string          `yaml:"strip"`    // beginnings of ids that are cut off
	None     []string          `yaml:"none"`     // values that mean "no record"
	Prefixes map[string]string `yaml:"prefixes"` // first characters of an id, and the object they tell
}

// Form is how two spellings of one id are made equal.
type Form string

// The forms of ids.
const (
	FormText       Form = "text"       // as it stands
	FormSalesforce Form = "salesforce" // the 15-character form is lengthened to its 18 characters
	FormGUID       Form = "guid"       // GUIDs in lower case without braces; others as they stand
)

// BlankPolicy is what becomes of a property when its cells went blank.
type BlankPolicy string

// The policies for blank cells.
const (
	BlankKeep  BlankPolicy = "keep"  // the value stays
	BlankClear BlankPolicy = "clear" // the value goes
	BlankFill  BlankPolicy = "fill"  // the value, once there, is never changed
)

// Object says how one kind of record is read. Of Node, Event, Edge, Participant and Stage it has
// one: what the record itself becomes.
type Object struct {
	Of        string              `yaml:"of"` // the object whose records these are, when this is another shape of it
	Recognise Recognise           `yaml:"recognise"`
	Derive    *Derive             `yaml:"derive"`   // there are no such records: they are made of the references to them
	Strip     []string            `yaml:"strip"`    // beginnings of column names that are cut off, beside the mapping's
	Aliases   map[string][]string `yaml:"aliases"`  // other spellings of a column
	Children  map[string]Child    `yaml:"children"` // columns that hold records of other objects
	Cells     map[string]Cell     `yaml:"cells"`    // columns whose cells are put right before anything reads them
	Key       Values              `yaml:"key"`      // the first of these that is filled is the id
	Repeated  Repeated            `yaml:"repeated"` // how a record may stand several times in an export; default not
	Names     map[string]Values   `yaml:"names"`    // what else a record can be pointed at by; the lookup, and its values
	Deleted   *Flag               `yaml:"deleted"`  // marks a deleted record
	Created   Times               `yaml:"created"`  // when the CRM made it: the first that is filled
	Changed   Times               `yaml:"changed"`  // when the CRM last changed it: the first that is filled
	Require   []string            `yaml:"require"`  // columns without which a record is rejected; a|b means one of both
	Skip      []Skip              `yaml:"skip"`     // records that are counted and left out
	Same      []Same              `yaml:"same"`     // the record that this one is the same entity as
	Merged    *Ref                `yaml:"merged"`   // the records that were merged into this one, which has their ids

	Node        *Node        `yaml:"node"`
	Event       *Event       `yaml:"event"`
	Edge        *Edge        `yaml:"edge"`
	Participant *Participant `yaml:"participant"`

	Stage *Stage            `yaml:"stage"`
	Links []Link            `yaml:"links"`
	Facts []Fact            `yaml:"facts"`
	Drop  map[string]string `yaml:"drop"` // columns that are left out, and why; * stands for any characters

	Blank map[string]BlankPolicy `yaml:"blank"` // policies of single properties
}

// Repeated is how a record may stand several times in an export. Other repetitions are rejected.
type Repeated string

// The ways of repeating.
const (
	RepeatedSame  Repeated = "same"  // with the same content
	RepeatedFirst Repeated = "first" // with any content; the first counts
)

// Recognise tells an object by its header and its ids, never by the name of a file.
type Recognise struct {
	All    []string `yaml:"all"`    // columns that must be there
	Any    []string `yaml:"any"`    // of these, one must be there
	None   []string `yaml:"none"`   // none of these may be there
	Prefix string   `yaml:"prefix"` // the first characters of its ids; when ids have another known prefix, it is not this object
	IDs    string   `yaml:"ids"`    // a regular expression that nine in ten of its ids match
	Types  []string `yaml:"types"`  // the types that its records state, where these are not its name
	Beside bool     `yaml:"beside"` // the same rows may be records of another object too, and the file is read for each
}

// Derive says what is made of a reference that nothing answers to, such as the name of an owner in a CRM
// that does not export its users.
type Derive struct {
	Lookup string `yaml:"lookup"` // default name
	Type   string `yaml:"type"`   // of the node
	Code   string `yaml:"code"`   // the prefix of its code; empty for none
}

// Child says that a column holds records of another object: in JSON an array of objects, in CSV the
// columns whose names begin with the column's and a slash.
type Child struct {
	Object string `yaml:"object"`
	Parent string `yaml:"parent"` // the column of the child that gets the parent's id
	Key    string `yaml:"key"`    // the column of the parent with that id; default id
}

// Cell says how the cells of a column are put right before anything reads them.
type Cell struct {
	Map        map[string]string `yaml:"map"`        // replaces whole texts; case is ignored
	Layout     string            `yaml:"layout"`     // texts so written are dates and times, as DD.MM.YYYY hh:mm:ss; others stay as they are
	Default    string            `yaml:"default"`    // in place of a blank cell
	Unreadable Unreadable        `yaml:"unreadable"` // what becomes of a record of which the cell cannot be read; default reject
}

// Unreadable is what becomes of a record of which a cell cannot be read as the mapping wants it.
type Unreadable string

// The ways with cells that cannot be read.
const (
	UnreadableReject Unreadable = "reject" // the record is rejected
	UnreadableBlank  Unreadable = "blank"  // the cell is taken for blank
)

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

// Ref points at a record, or at several if its id is a list.
type Ref struct {
	Objects NameList `yaml:"object"`  // one, or several that an id may belong to; empty means any
	Choose  *Value   `yaml:"choose"`  // tells the object, in place of object
	By      string   `yaml:"by"`      // the lookup that the record is pointed at by; default: its id
	ID      Value    `yaml:"id"`      // the column that holds the id or the name
	Default string   `yaml:"default"` // the id, where the column is blank or missing

	lookup string // that its id or name is looked up in, in place of one object
}

// NameList is one name or a list of names.
type NameList []string

// Refs is one reference or a list of them, of which the first that is filled counts.
type Refs []Ref

// Values is one value or a list of them, of which the first that is filled counts.
type Values []Value

// Times is a list of values that are times, of which the first that is filled counts.
type Times []Value

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
	At           Times              `yaml:"at"` // when it happened: the first that is filled
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
	Since      Times            `yaml:"since"` // effective_from: the first that is filled
	Until      Times            `yaml:"until"` // effective_to: the first that is filled
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

// Link is an edge between the record and another one that a column names, or several if it holds a
// list.
type Link struct {
	Name       string           `yaml:"name"` // default: the column of From or To
	When       *When            `yaml:"when"`
	Type       string           `yaml:"type"`
	From       *Ref             `yaml:"from"`   // the edge comes from there to the record ...
	To         *Ref             `yaml:"to"`     // ... or goes from the record to there
	Except     *Value           `yaml:"except"` // records of the list that are left out: those that another column names
	Take       Take             `yaml:"take"`   // which records of the list; default all
	Properties map[string]Value `yaml:"properties"`
	Since      Times            `yaml:"since"`
	Until      Times            `yaml:"until"`
}

// Take picks among the records of a list.
type Take string

// The picks.
const (
	TakeAll   Take = "all"
	TakeFirst Take = "first"
	TakeRest  Take = "rest" // all but the first
)

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
	At       Times            `yaml:"at"`   // when it was asserted: the first that is filled
	History  bool             `yaml:"history"`
	Sum      bool             `yaml:"sum"` // its amount is part of the balance; the claim has amount and currency
}

// Stage says where a deal stands in a pipeline: it gives the pipeline its stages, the record a
// deal_stage fact and a pipeline_member edge. With Define, the record only defines a stage.
type Stage struct {
	When        *When `yaml:"when"`
	ID          Value `yaml:"id"` // with Define: what deals name the stage by, when that is not its label
	Label       Value `yaml:"label"`
	Before      Value `yaml:"before"` // the label of the stage that the deal came from
	Closed      *Flag `yaml:"closed"`
	Won         *Flag `yaml:"won"`
	Order       Value `yaml:"order"`
	Probability Value `yaml:"probability"` // percent
	Pipeline    *Ref  `yaml:"pipeline"`    // with Define: the only one that has the stage
	On          *Ref  `yaml:"on"`          // the deal, when the record is history of it
	At          Times `yaml:"at"`
	Since       Times `yaml:"since"` // when the deal entered the pipeline
	History     bool  `yaml:"history"`
	Define      bool  `yaml:"define"`
}

// When is a condition; all that it names must hold.
type When struct {
	True      []string            `yaml:"true"`
	False     []string            `yaml:"false"` // blank counts as false
	Present   []string            `yaml:"present"`
	Blank     []string            `yaml:"blank"`
	Equals    map[string]NameList `yaml:"equals"` // case is ignored
	NotEquals map[string]NameList `yaml:"not_equals"`
	Matches   map[string]string   `yaml:"matches"` // regular expressions
}

// Flag is a column that says yes or no, or a condition.
type Flag When

// Value says how cells become a JSON value. A bare string is a column taken as text.
//
// A column's text goes through Get, Match, Split, Case and Map in this order, and then is read as As says.
type Value struct {
	Column string           `yaml:"column"`
	Const  any              `yaml:"const"`
	First  []Value          `yaml:"first"`  // the first that is not blank
	Join   []Value          `yaml:"join"`   // those that are not blank ...
	With   *string          `yaml:"with"`   // ... joined by this; default one blank
	Object map[string]Value `yaml:"object"` // null if all its entries are blank
	Ref    *Ref             `yaml:"ref"`    // the id of a record in its normal form
	Expr   string           `yaml:"expr"`   // an expression; cell("Column") is the text of a cell

	Get     string            `yaml:"get"`     // what of a JSON text: a key, a place, [key=value] or [*], with dots between
	Match   string            `yaml:"match"`   // a regular expression: its first group, or all of it; blank where it does not match
	Replace *string           `yaml:"replace"` // in place of what Match matches, wherever it does; $1 is its first group
	Split   string            `yaml:"split"`   // what the parts of the text stand apart by; default of lists ;
	Part    int               `yaml:"part"`    // of the parts, the one; from 1, or -1 from the end
	Case    Case              `yaml:"case"`
	Map     map[string]string `yaml:"map"`     // replaces texts; case is ignored
	Unknown Unknown           `yaml:"unknown"` // what becomes of texts that Map does not know; default keep

	As      Type        `yaml:"as"`      // default text
	Times   float64     `yaml:"times"`   // multiplies a number
	Decimal DecimalMark `yaml:"decimal"` // of a number; default: what the column shows
	Order   DateOrder   `yaml:"order"`   // of a date; default: what the column shows
	Layout  string      `yaml:"layout"`  // of a date or time, as DD.MM.YYYY hh:mm:ss
	Unit    Unit        `yaml:"unit"`    // of a time that is a number
	Country string      `yaml:"country"` // of a phone number; default the mapping's
}

// Type is the type that the text of a cell is read as.
type Type string

// The types of values.
const (
	TypeText       Type = "text"        // outer blanks trimmed
	TypeNumber     Type = "number"      // any usual decimal and thousands marks
	TypeMoney      Type = "money"       // a number with a currency sign or code, with brackets if negative, with K or M
	TypePercent    Type = "percent"     // 0 to 100, becomes 0 to 1
	TypeBool       Type = "bool"        // 0 1 true false yes no
	TypeDate       Type = "date"        // becomes YYYY-MM-DD
	TypeTime       Type = "time"        // becomes RFC 3339 in UTC
	TypeList       Type = "list"        // parts of a text or a JSON array, becomes an array of texts
	TypeJSON       Type = "json"        // a JSON object or array in a cell; anything else is taken as text
	TypeEmail      Type = "email"       // the bare address, its domain in lower case
	TypePhone      Type = "phone"       // E.164; what is no valid number is taken as text
	TypeCurrency   Type = "currency"    // ISO 4217 in upper case, also from a sign; 000 is none
	TypeCurrencyOf Type = "currency_of" // the currency beside an amount of money
	TypeDuration   Type = "duration"    // hh:mm or hh:mm:ss, becomes seconds
	TypeHTML       Type = "html"        // becomes the text that it shows
	TypeDomain     Type = "domain"      // of a URL, an e-mail address or a domain, without www.
)

// Case is the case that a text is brought to.
type Case string

// The cases.
const (
	CaseLower Case = "lower"
	CaseUpper Case = "upper"
	CaseTitle Case = "title"
)

// Unknown is what becomes of texts that a value map does not know.
type Unknown string

// The ways with unknown texts.
const (
	UnknownKeep   Unknown = "keep"
	UnknownBlank  Unknown = "blank"
	UnknownReject Unknown = "reject" // the record is rejected
)

// Unit is what a time that is a number counts since 1970.
type Unit string

// The units of times.
const (
	UnitSeconds      Unit = "seconds"
	UnitMilliseconds Unit = "milliseconds"
)

// Example is a row and what it becomes. Of what it becomes only what is named is compared.
type Example struct {
	Object string            `yaml:"object"`
	Row    map[string]string `yaml:"row"`
	Gives  Gives             `yaml:"gives"`
}

// Gives is what a row becomes.
type Gives struct {
	ID           string             `yaml:"id"`
	Rejected     string             `yaml:"rejected"` // the code of the reason
	Skipped      string             `yaml:"skipped"`  // the reason
	Type         string             `yaml:"type"`     // of the node or event
	Label        string             `yaml:"label"`    // of the node, or the summary of the event
	Merged       []string           `yaml:"merged"`   // the records that were merged into it, as Object:id
	Properties   map[string]any     `yaml:"properties"`
	Links        []GivesLink        `yaml:"links"`
	Facts        []GivesFact        `yaml:"facts"`
	Participants []GivesParticipant `yaml:"participants"`
}

// GivesLink is an edge, its other end as Object:id.
type GivesLink struct {
	Type string `yaml:"type"`
	From string `yaml:"from"`
	To   string `yaml:"to"`
}

// GivesFact is an assertion.
type GivesFact struct {
	Type  string         `yaml:"type"`
	Claim map[string]any `yaml:"claim"`
}

// GivesParticipant is a node's part in the event, as Object:id.
type GivesParticipant struct {
	Role string `yaml:"role"`
	Node string `yaml:"node"`
}

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
	list, err := oneOrMany[Ref](unmarshal)
	*r = list
	return err
}

// UnmarshalYAML accepts one value in place of a list.
func (v *Values) UnmarshalYAML(unmarshal func(any) error) error {
	list, err := oneOrMany[Value](unmarshal)
	*v = list
	return err
}

// UnmarshalYAML accepts one value in place of a list.
func (t *Times) UnmarshalYAML(unmarshal func(any) error) error {
	list, err := oneOrMany[Value](unmarshal)
	*t = list
	return err
}

// oneOrMany reads a list, or one thing in place of it.
func oneOrMany[T any](unmarshal func(any) error) ([]T, error) {
	var nodes []any
	if unmarshal(&nodes) == nil {
		var many []T
		err := unmarshal(&many)
		return many, err
	}
	var one T
	if err := unmarshal(&one); err != nil {
		return nil, err
	}
	return []T{one}, nil
}

// UnmarshalYAML accepts a bare column name, which means that the column is true.
func (f *Flag) UnmarshalYAML(unmarshal func(any) error) error {
	var column string
	if unmarshal(&column) == nil {
		*f = Flag{True: []string{column}}
		return nil
	}
	return unmarshal((*When)(f))
}
