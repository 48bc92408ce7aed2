package load

import "time"

// Outcome is what a merge did, as far as the database can tell.
type Outcome struct {
	Objects    map[string]Records // by object; what was rejected or filtered before staging is not in it
	Links      map[string]Links   // by edge type; ParticipantLink for participants
	Nodes      Nodes
	Edges      Edges
	Assertions Assertions
	Events     Events
	Sums       []Sum
	Codes      []CodeRange                 // by object and prefix, the most frequent prefix first
	Losers     []Losers                    // records whose key another record has too
	Waiting    []Waiting                   // everything that the source waits for, the run's own included
	Names      []NameOutcome               // names by which it waits, the ambiguous before the unknown, each the most frequent first; at most 100
	NamesTotal int64                       // how many such names there are
	Returned   []Returned                  // the earlier runs of which rejects came back
	Missing    map[string]int64            // records of earlier runs that were missing and archived, by object
	Conflicts  []Conflict                  // what stays open of the source, the oldest first; at most 50
	Contested  int64                       // how many conflicts are open
	Fields     map[string]map[string]int64 // of a plan: nodes that change, by object and field: label, archived, or properties.KEY
	Phases     []Phase
}

// Changed reports whether the run wrote anything into the graph.
func (o *Outcome) Changed() bool {
	return o.Nodes != Nodes{} || o.Edges != Edges{} || o.Assertions != Assertions{} || o.Events != Events{}
}

// Records counts what became of the records of an object.
type Records struct {
	Created, Updated, Unchanged, Archived int64
}

// Links counts what became of the links of a type. Of those found, each is one of the others.
type Links struct {
	Found, Linked, Unchanged, Closed, Deferred, Rejected int64

	// Carried is how many of them were deferred by an earlier run, and belong to records that this
	// run did not meet.
	Carried int64
}

// Nodes counts changes of nodes.
type Nodes struct{ Created, Updated, Archived int64 }

// Edges counts changes of edges; Closed ones got an effective_to.
type Edges struct{ Created, Updated, Closed int64 }

// Assertions counts changes of assertions.
type Assertions struct{ Created, Superseded int64 }

// Events counts new events and participants.
type Events struct{ Created, Participants int64 }

// Sum is an amount in the export and in the graph, of the same records. Applied is the part of the
// records whose content the run applied; there, both must be equal.
type Sum struct {
	Currency, Stage             string
	Source, Graph               string
	SourceApplied, GraphApplied string
}

// CodeRange is the codes of one prefix that an object's new nodes got.
type CodeRange struct {
	Object      string
	First, Last string
	Count       int64
}

// Losers counts records that were not used because another one has their key. Those of verdict
// VerdictDuplicate are rejected.
type Losers struct {
	Object, Verdict string
	Count           int64
}

// The verdicts on records whose key another record of the run has too.
const (
	VerdictDuplicate = "duplicate_id"
	VerdictOlder     = "older_version"
	VerdictSame      = "same_record"
	VerdictRepeated  = "repeated"
)

// Waiting counts links, participants or facts whose other end has not arrived.
type Waiting struct {
	Object, Kind, Slot string
	WaitsFor           string // the object of the missing end, if known
	Count              int64
	Since              time.Time
}

// NameOutcome is a name that fits several nodes or none, so that nothing is linked by it.
type NameOutcome struct {
	Lookup, Name string
	Links        int64       // links, participants and facts that wait
	Candidates   []Candidate // the nodes that it fits, at most five; none if the name is unknown
	Suggestion   string      // of an unknown name: the most similar name that a record has, if one is similar
}

// Candidate is a node that a name may mean, by the lowest of its records.
type Candidate struct {
	Object, LegacyID, Code, Label string
}

// Phase is a part of the merge and how long it took.
type Phase struct {
	Name    string
	Elapsed time.Duration
}
