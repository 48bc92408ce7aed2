// Package verify proves that the graph holds what the records of an export say. It is given what
// records map to, twice: Note takes the keys of all of them, Compare then reads of the graph what belongs
// to a batch and compares the two by rules of its own. It shares nothing with the merge, reads neither
// staging nor what the merge keeps for itself, and writes nothing.
//
// What it holds of the whole export are hashes: one for each record, and one for each value of a record
// that shares its node, edge or fact with others, of which any may have had the last word.
package verify

import (
	"context"
	"fmt"
	"hash/maphash"
	"slices"
	"sync"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/projectrye/rye-import/importer/graph"
	"github.com/projectrye/rye-import/internal/importdb"
)

// MaxDifferences is how many differences a result tells in detail.
const MaxDifferences = 100

// Config says what is verified.
type Config struct {
	// Source is the name of the legacy system in the crosswalk.
	Source string
	// Lookups are the virtual objects: a reference of one holds a name, not an id.
	Lookups []string
	// Complete names the objects of which the export has every record; of the others nothing is
	// unexpected.
	Complete []string
	// Strict makes unexpected records differences.
	Strict bool
	// ShowValues lets differences tell values; else they tell what kind of value it is.
	ShowValues bool
	// Readers is how many connections read the graph beside each other, fewer if the pool or the server has no more. Defaults to 1.
	Readers int
}

// HiddenError says that the session does not see every node of the source, so that it cannot tell what is
// missing.
type HiddenError struct {
	Source string
	Hidden int64
}

func (e *HiddenError) Error() string {
	return fmt.Sprintf("this role does not see %d nodes of source %q and cannot tell what is missing; verify as the role that imports", e.Hidden, e.Source)
}

// Verifier compares one export with the graph as it was when the Verifier began. Its methods may be called
// concurrently; Compare only after every Note.
type Verifier struct {
	cfg   Config
	graph *snapshot
	seed  maphash.Seed

	mu     sync.Mutex
	keys   keys
	merged map[uint64]bool // records that others name as merged into them
	stages map[seenStage]bool
	roots  map[uuid.UUID]Difference // of nodes that several records share: that of the one which is to share with none
	votes  *votes
	sums   sums
	result Result
}

// seenStage is a stage that records name or define in a pipeline.
type seenStage struct {
	pipeline  graph.Ref
	id, label string
}

// Begin opens the snapshot of which everything is read. Errors: *HiddenError, and those of the
// database. Close must be called.
func Begin(ctx context.Context, pool *pgxpool.Pool, cfg Config) (*Verifier, error) {
	s, err := open(ctx, pool, cfg)
	if err != nil {
		return nil, err
	}
	return &Verifier{
		cfg: cfg, graph: s, seed: maphash.MakeSeed(),
		merged: make(map[uint64]bool), stages: make(map[seenStage]bool), roots: make(map[uuid.UUID]Difference),
		votes: newVotes(), sums: newSums(), result: newResult(),
	}, nil
}

// Close ends the reading.
func (v *Verifier) Close(ctx context.Context) error { return v.graph.close(ctx) }

// Note takes the keys of a batch.
func (v *Verifier) Note(b *graph.Batch) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for i := range b.Records {
		r := &b.Records[i]
		v.keys.note(noted{hash: v.key(r.Object, r.ID), version: micros(r.Version), rec: r.Rec})
	}
	for i := range b.Twins {
		v.merged[v.key(b.Twins[i].Ref.Object, b.Twins[i].Ref.ID)] = true
	}
	for i := range b.Stages {
		if s := &b.Stages[i]; !s.Pipeline.IsZero() {
			v.stages[seenStage{pipeline: s.Pipeline, id: s.ID, label: s.Label}] = true
		}
	}
}

// NoteRejected takes the key of a record that could not be used: it is not in the graph as the export has
// it, and not unexpected there.
func (v *Verifier) NoteRejected(object, id string) {
	if id == "" {
		return
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.keys.note(noted{hash: v.key(object, id), version: micros0, rec: rejected})
}

// key hashes the key of a record.
func (v *Verifier) key(object, id string) uint64 { return v.hash("key", object, id) }

func (v *Verifier) hash(parts ...string) uint64 {
	var h maphash.Hash
	h.SetSeed(v.seed)
	for _, p := range parts {
		_, _ = h.WriteString(p) // never fails
		_ = h.WriteByte(0)
	}
	return h.Sum64()
}

// Compare compares a batch with the graph. File is the path of the file that the records are of. The
// batch is read and not kept.
func (v *Verifier) Compare(ctx context.Context, file string, b *graph.Batch) error {
	used := v.used(file, split(b))
	if len(used) == 0 {
		return nil
	}
	var g *reading
	err := v.graph.read(ctx, func(r *reader) (err error) {
		g, err = r.read(ctx, used)
		return err
	})
	if err != nil {
		return fmt.Errorf("reading the graph for %s, lines %d to %d: %w", file, used[0].Line, used[len(used)-1].Line, err)
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, r := range used {
		v.record(g, r)
	}
	return nil
}

// used gives those records that are used of all that have their keys.
func (v *Verifier) used(file string, records []*record) []*record {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.keys.sort()
	used := records[:0]
	for _, r := range records {
		if !v.keys.uses(r.Rec) {
			v.result.object(r.Object).Superseded++
			continue
		}
		r.file = file
		used = append(used, r)
	}
	return used
}

// record is a record with all that it maps to.
type record struct {
	*graph.Record
	file         string
	node         *graph.Node
	event        *graph.Event
	links        []graph.Link
	facts        []graph.Fact
	participants []graph.Participant
	twins        []graph.Twin
}

func (r *record) ref() graph.Ref { return graph.Ref{Object: r.Object, ID: r.ID} }

// name is how provenance names the record.
func (r *record) name() string { return r.Object + "/" + r.ID }

// split gives each record of a batch what it maps to. The values of a batch lie in the order of their
// records.
func split(b *graph.Batch) []*record {
	out := make([]*record, len(b.Records))
	var node, event, link, fact, participant, twin int
	for i := range b.Records {
		r := &record{Record: &b.Records[i]}
		if node < len(b.Nodes) && b.Nodes[node].Rec == r.Rec {
			r.node = &b.Nodes[node]
			node++
		}
		if event < len(b.Events) && b.Events[event].Rec == r.Rec {
			r.event = &b.Events[event]
			event++
		}
		r.links, link = run(b.Links, link, func(l *graph.Link) bool { return l.Rec == r.Rec })
		r.facts, fact = run(b.Facts, fact, func(f *graph.Fact) bool { return f.Rec == r.Rec })
		r.participants, participant = run(b.Participants, participant, func(p *graph.Participant) bool { return p.Rec == r.Rec })
		r.twins, twin = run(b.Twins, twin, func(t *graph.Twin) bool { return t.Rec == r.Rec })
		out[i] = r
	}
	return out
}

// run gives the values from a position on that belong to a record, and the position behind them.
func run[T any](all []T, from int, own func(*T) bool) ([]T, int) {
	to := from
	for to < len(all) && own(&all[to]) {
		to++
	}
	return all[from:to], to
}

// record compares one record.
func (v *Verifier) record(g *reading, r *record) {
	o := v.result.object(r.Object)
	o.Compared++
	here := true
	switch r.Kind {
	case graph.KindNode:
		here = v.node(g, r)
	case graph.KindEvent:
		here = v.event(g, r)
	}
	if !here {
		return
	}
	v.participants(g, r)
	v.links(g, r)
	v.facts(g, r)
	v.sum(g, r)
}

// Finish looks for what the export does not have, and gives the result.
func (v *Verifier) Finish(ctx context.Context) (*Result, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if err := v.definedStages(ctx); err != nil {
		return nil, fmt.Errorf("reading the stages of pipelines: %w", err)
	}
	if err := v.unexpected(ctx); err != nil {
		return nil, fmt.Errorf("reading the crosswalk: %w", err)
	}
	for _, d := range v.votes.lost() {
		v.report(d)
	}
	v.closeSums()
	v.result.finish()
	return &v.result, nil
}

const (
	crosswalkPage = 10_000
	mostExamples  = 5
)

// unexpected pages through the crosswalk.
func (v *Verifier) unexpected(ctx context.Context) error {
	if len(v.cfg.Complete) == 0 {
		return nil
	}
	v.keys.sort()
	page := importdb.VerifyPageCrosswalkParams{Source: v.cfg.Source, Objects: v.cfg.Complete, MaxRows: crosswalkPage}
	// What deals name as their pipeline stands for itself, where nothing defines it.
	named := make(map[uint64]bool)
	for s := range v.stages {
		named[v.key(s.pipeline.Object, s.pipeline.ID)] = true
	}
	for {
		var rows []importdb.VerifyPageCrosswalkRow
		err := v.graph.read(ctx, func(r *reader) (err error) {
			rows, err = r.q.VerifyPageCrosswalk(ctx, page)
			return err
		})
		if err != nil {
			return err
		}
		for _, row := range rows {
			key := v.key(row.SourceTable, row.SourceID)
			if v.keys.has(key) || named[key] {
				continue
			}
			o := v.result.object(row.SourceTable)
			o.Unexpected++
			if len(o.Examples) < mostExamples {
				o.Examples = append(o.Examples, row.SourceID)
			}
			if v.cfg.Strict {
				v.report(Difference{Object: row.SourceTable, ID: row.SourceID, What: "the record", Kind: Unexpected, Found: "in the graph, not in the export"})
			}
		}
		if len(rows) < crosswalkPage {
			return nil
		}
		last := rows[len(rows)-1]
		page.AfterObject, page.AfterID = last.SourceTable, last.SourceID
	}
}

// definedStages looks whether each pipeline has the stages that records name in it or define for it.
func (v *Verifier) definedStages(ctx context.Context) error {
	seen := make([]seenStage, 0, len(v.stages))
	var refs refSet
	for s := range v.stages {
		seen = append(seen, s)
		refs.add(s.pipeline)
	}
	slices.SortFunc(seen, compareStages)
	g := &reading{resolved: make(map[graph.Ref]resolution)}
	err := v.graph.read(ctx, func(d *reader) error {
		if err := d.resolve(ctx, g, &refs); err != nil {
			return err
		}
		ids := make([]uuid.UUID, 0, len(g.resolved))
		for _, r := range g.resolved {
			ids = append(ids, r.id)
		}
		return d.readPipelines(ctx, g, ids)
	})
	if err != nil {
		return err
	}
	for _, s := range seen {
		v.result.Counts.Stages++
		p := g.pipelines[g.resolved[s.pipeline].id]
		if p == nil || !p.has(s.label) {
			v.report(Difference{Object: s.pipeline.Object, ID: s.pipeline.ID, What: "stage", Kind: Missing, Expected: v.text(s.label)})
		}
	}
	return nil
}
