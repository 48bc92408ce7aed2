// Package graph holds the values that flow from mapping to loading: what the records of a legacy
// CRM become in the graph, still addressed by the keys of that CRM. It does no I/O and knows
// nothing of any CRM or of the database.
package graph

import (
	"slices"
	"time"
)

// Ref names a record of the source by its natural key. An empty Object means any object of the
// source: the ID alone must tell (Salesforce ids do). The Object may be a lookup, such as
// "Account.name": then the ID is a name to which a record answers, as written, in NFC and without
// needless blanks; case makes no difference.
type Ref struct {
	Object string
	ID     string
}

// IsZero reports whether r names nothing; such a reference stands for the record itself.
func (r Ref) IsZero() bool { return r.ID == "" }

// Kind says what a record becomes.
type Kind string

// The kinds of records.
const (
	KindNode        Kind = "node"
	KindEvent       Kind = "event"
	KindEdge        Kind = "edge"
	KindParticipant Kind = "participant"
	KindStage       Kind = "stage" // defines a stage of pipelines and is nothing of its own
)

// Record is the key of a record and where it was read. The values that it becomes carry its Rec.
type Record struct {
	Rec       int64 // number of the record in the run, in file order
	Kind      Kind
	Object    string
	ID        string    // legacy id in its normal form
	Hash      [16]byte  // of everything that the record maps to, its key included
	Version   time.Time // when the CRM last changed it; zero if the CRM does not say
	CreatedAt time.Time // when the CRM made it; zero if the CRM does not say
	Deleted   bool      // marked deleted in the CRM
	Same      Ref       // the record that this one is the same entity as, if any
	Line      int32     // line of the file where it begins
	Money     *Money    // the amount that the balance sums up, if the record has one
}

// Money is an amount as the export states it.
type Money struct {
	Amount   string // decimal
	Currency string // ISO 4217, or empty if the export does not say
	Stage    string // legacy label of the deal's stage
}

// Node is an entity. Its CreatedAt is the record's.
type Node struct {
	Rec        int64
	Type       string
	Label      string
	CodePrefix string   // empty if the type carries no code
	Properties []byte   // JSON object
	Fill       []byte   // JSON object of what is set only where nothing stands; nil if none
	Clear      []string // properties to be taken away
}

// Name is a name to which a record answers when a reference uses the lookup. A record may have several
// names, and several records may have one.
type Name struct {
	Rec    int64
	Lookup string
	Name   string // in NFC and without needless blanks
}

// Twin is a record that was merged into another one in the CRM and that the survivor names.
type Twin struct {
	Rec int64
	Ref Ref
}

// Link is an edge between two records. A zero Source or Target is the record itself.
type Link struct {
	Rec           int64
	Slot          string // the link's name in the mapping, usually the column
	EdgeType      string
	Source        Ref
	Target        Ref
	Properties    []byte // JSON object, nil if none
	EffectiveFrom time.Time
	EffectiveTo   time.Time
	EndKnown      bool  // the source gives EffectiveTo; else it is the time of the change by which the link had ended
	Rank          int16 // of two links that mean the same edge, the lower rank gives it
}

// Fact is an assertion about a record. A zero Subject is the record itself.
type Fact struct {
	Rec        int64
	Slot       string
	Subject    Ref
	Type       string
	Key        string
	Claim      []byte    // JSON object; nil withdraws the fact
	AssertedAt time.Time // zero if the CRM does not say
	History    bool      // true then, not necessarily now
}

// Event is something that happened; its participants stand beside it.
type Event struct {
	Rec        int64
	Type       string
	OccurredAt time.Time
	Summary    string
	Properties []byte
	Actor      Ref
}

// Participant is a node's part in an event. A zero Event is the record itself.
type Participant struct {
	Rec   int64
	Slot  string
	Role  string
	Event Ref
	Node  Ref

	Properties []byte // JSON object, nil if none
}

// Stage is a stage of a pipeline that some record was seen in.
type Stage struct {
	Pipeline    Ref    // zero if the stage is defined for every pipeline
	ID          string // what deals name the stage by, if that is not its label
	Label       string
	Key         string
	Order       *float64
	Probability *float64
	Closed      *bool
	Won         *bool
}

// Batch is what a number of consecutive records become.
type Batch struct {
	Records      []Record
	Nodes        []Node
	Names        []Name
	Twins        []Twin
	Links        []Link
	Facts        []Fact
	Events       []Event
	Participants []Participant
	Stages       []Stage

	blocks [][]byte // of what Keep was given
	block  int      // the one that is being filled
}

// Blocks hold the many small texts of a batch. What a batch needs beyond so many is not kept for the next one.
const (
	blockBytes = 64 << 10
	maxBlocks  = 64
)

// Keep copies what a value of the batch is to lead to, such as its properties, to where it stays until the batch is
// reset.
func (b *Batch) Keep(text []byte) []byte {
	if len(text) > blockBytes/4 {
		return slices.Clone(text)
	}
	if b.block < len(b.blocks) && cap(b.blocks[b.block])-len(b.blocks[b.block]) < len(text) {
		b.block++
	}
	if b.block == len(b.blocks) {
		b.blocks = append(b.blocks, make([]byte, 0, blockBytes))
	}
	at := &b.blocks[b.block]
	begin := len(*at)
	*at = append(*at, text...)
	return (*at)[begin:len(*at):len(*at)]
}

// Reset empties the batch and keeps its room, but nothing that its values lead to. What Keep gave is overwritten by the
// next values.
func (b *Batch) Reset() {
	b.blocks = slices.Delete(b.blocks, min(len(b.blocks), maxBlocks), len(b.blocks))
	for i := range b.blocks {
		b.blocks[i] = b.blocks[i][:0]
	}
	b.block = 0
	b.Records, b.Nodes, b.Names, b.Twins = emptied(b.Records), emptied(b.Nodes), emptied(b.Names), emptied(b.Twins)
	b.Links, b.Facts, b.Events = emptied(b.Links), emptied(b.Facts), emptied(b.Events)
	b.Participants, b.Stages = emptied(b.Participants), emptied(b.Stages)
}

func emptied[T any](s []T) []T {
	clear(s)
	return s[:0]
}
