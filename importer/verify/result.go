package verify

import (
	"cmp"
	"slices"

	"github.com/google/uuid"
)

// Kind says in which way export and graph differ.
type Kind string

// The kinds of differences.
const (
	Missing    Kind = "missing"    // the export has it and the graph has not
	Different  Kind = "different"  // both have it, and not the same
	Unexpected Kind = "unexpected" // the graph has it and the export has not
)

// Difference is one thing in which graph and export differ.
type Difference struct {
	Object string // of the record
	ID     string // of the record
	File   string
	Line   int32
	What   string // a property, a link, a fact ...
	Kind   Kind
	// Expected and Found are values, or what kind of values they are; empty where there is none.
	Expected, Found string

	rec int64
}

// Object counts the records of an object.
type Object struct {
	Compared   int64    // with the graph
	Differing  int64    // of these
	Superseded int64    // not compared: another record of the export has the same key and is used
	Unexpected int64    // records that the graph has and the export has not
	Examples   []string // ids of unexpected records
}

// Kept is a value of the graph that differs from the export since a person has changed it, and that the last
// run has left as it is.
type Kept struct {
	Object string // of the record
	ID     string // of the record
	File   string
	Line   int32
	What   string

	rec int64
}

// Links counts the links of a type. Found is the sum of the others.
type Links struct {
	Found   int64
	Held    int64 // as current edges
	Ended   int64
	Waiting int64 // for their other end, and noted as such
	Selves  int64 // whose ends are one node
	Missing int64
}

// Sum is an amount in the export and in the graph, in decimals.
type Sum struct {
	Source, Graph string
}

// Counts counts what was compared.
type Counts struct {
	Properties, Links, Facts, Events, Participants, Stages int64

	Missing, Different, Unexpected int64 // differences, by their kind
}

// Result is what came of a comparison.
type Result struct {
	Objects map[string]*Object
	Links   map[string]*Links
	Counts  Counts
	// Sums are those of deal values: by currency, by currency and stage, by currency and owner.
	Values, ValuesByStage, ValuesByOwner map[string]Sum
	// Differences are the first of them, in the order of objects, files and lines.
	Differences []Difference
	// Kept are the first values that people have changed, in the same order; KeptTotal counts all.
	Kept      []Kept
	KeptTotal int64

	differing map[int64]bool
	kept      map[uint64]bool
}

func newResult() Result {
	return Result{Objects: make(map[string]*Object), Links: make(map[string]*Links), differing: make(map[int64]bool), kept: make(map[uint64]bool)}
}

// Verified reports whether there is no difference.
func (r *Result) Verified() bool {
	return r.Counts.Missing+r.Counts.Different+r.Counts.Unexpected == 0
}

func (r *Result) object(name string) *Object {
	o := r.Objects[name]
	if o == nil {
		o = &Object{}
		r.Objects[name] = o
	}
	return o
}

func (r *Result) link(edgeType string) *Links {
	l := r.Links[edgeType]
	if l == nil {
		l = &Links{}
		r.Links[edgeType] = l
	}
	return l
}

// add counts a difference, and keeps it if it is among the first.
func (r *Result) add(d Difference) {
	switch d.Kind {
	case Missing:
		r.Counts.Missing++
	case Different:
		r.Counts.Different++
	case Unexpected:
		r.Counts.Unexpected++
	}
	if d.rec > 0 && !r.differing[d.rec] {
		r.differing[d.rec] = true
		r.object(d.Object).Differing++
	}
	// Those found are sorted at the end, so more are kept than are told.
	if len(r.Differences) < 100*MaxDifferences {
		r.Differences = append(r.Differences, d)
	}
}

func (r *Result) finish() {
	slices.SortStableFunc(r.Differences, func(a, b Difference) int {
		return cmp.Or(cmp.Compare(a.rec, b.rec), cmp.Compare(a.Object, b.Object), cmp.Compare(a.ID, b.ID), cmp.Compare(a.What, b.What))
	})
	r.Differences = r.Differences[:min(len(r.Differences), MaxDifferences)]
	slices.SortStableFunc(r.Kept, func(a, b Kept) int {
		return cmp.Or(cmp.Compare(a.rec, b.rec), cmp.Compare(a.Object, b.Object), cmp.Compare(a.ID, b.ID), cmp.Compare(a.What, b.What))
	})
	r.Kept = r.Kept[:min(len(r.Kept), MaxDifferences)]
}

// votes settles what several records say of one thing, of which any may have had the last word: it differs
// if the graph agrees with none of them.
type votes struct {
	agreed  map[uint64]struct{}
	pending map[uint64]Difference
}

func newVotes() *votes {
	return &votes{agreed: make(map[uint64]struct{}), pending: make(map[uint64]Difference)}
}

func (b *votes) agree(thing uint64) {
	b.agreed[thing] = struct{}{}
	delete(b.pending, thing)
}

func (b *votes) differ(thing uint64, d Difference) {
	_, known := b.pending[thing]
	if _, agreed := b.agreed[thing]; !known && !agreed {
		b.pending[thing] = d
	}
}

// lost gives the differences on which the graph agrees with nobody.
func (b *votes) lost() []Difference {
	all := make([]Difference, 0, len(b.pending))
	for _, d := range b.pending {
		all = append(all, d)
	}
	return all
}

// difference makes one of a record.
func (r *record) difference(kind Kind, what, expected, found string) Difference {
	return Difference{Object: r.Object, ID: r.ID, File: r.file, Line: r.Line, rec: r.Rec, Kind: kind, What: what, Expected: expected, Found: found}
}

func (v *Verifier) report(d Difference) { v.result.add(d) }

// keep notes that something differs since a person has changed it: once, however many records say it.
func (v *Verifier) keep(r *record, thing uint64, what string) {
	if v.result.kept[thing] {
		return
	}
	v.result.kept[thing] = true
	v.result.KeptTotal++
	if len(v.result.Kept) < 100*MaxDifferences {
		v.result.Kept = append(v.result.Kept, Kept{Object: r.Object, ID: r.ID, File: r.file, Line: r.Line, What: what, rec: r.Rec})
	}
}

// edited reports whether a field that differs was changed by a person, and notes it if so.
func (v *Verifier) edited(g *reading, r *record, subject uuid.UUID, name, what string) bool {
	if !g.edits[field{subject, name}] {
		return false
	}
	v.keep(r, v.hash("kept", subject.String(), name), what)
	return true
}

// personal reports whether a fact is one that a person recorded before the last run came.
func (v *Verifier) personal(a *assertion) bool {
	return a != nil && a.Personal && a.CreatedAt.Before(v.graph.lastRun)
}

// vote settles one thing that a record says: alone, or among those that say the same thing of the same
// row of the graph.
func (v *Verifier) vote(shared bool, thing uint64, holds bool, d func() Difference) {
	switch {
	case holds && shared:
		v.votes.agree(thing)
	case holds:
	case shared:
		v.votes.differ(thing, d())
	default:
		v.report(d())
	}
}
