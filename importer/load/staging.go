package load

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/projectrye/rye-import/importer/graph"
	"github.com/projectrye/rye-import/internal/importdb"
)

// Staged tells what came of a batch.
type Staged struct {
	Unchanged int64            // records that are as they were when last used, of which only the keys were copied
	Links     map[string]int64 // links of the unchanged records, by edge type; participants under ParticipantLink
	Found     map[string]int64 // links that were copied, likewise
}

// ParticipantLink is the name under which participants of events are counted as links.
const ParticipantLink = "participant"

// Stage copies a batch of records of one file into staging. It may be called concurrently; the
// slices of the batch are read and not kept.
func (r *Run) Stage(ctx context.Context, file int32, b *graph.Batch) (Staged, error) {
	out := Staged{Links: make(map[string]int64), Found: make(map[string]int64)}
	if len(b.Records) == 0 {
		return out, nil
	}
	same, err := r.unchanged(ctx, b.Records)
	if err != nil {
		return out, explain(err)
	}
	p, err := r.params(file, b, same, &out)
	if err != nil {
		return out, err
	}
	err = r.db.change(ctx, p.copy)
	if err != nil {
		first, last := b.Records[0], b.Records[len(b.Records)-1]
		return out, explain(fmt.Errorf("staging %s, lines %d to %d: %w", first.Object, first.Line, last.Line, err))
	}
	r.copied.Add(int64(len(p.records)))
	r.changed.Add(int64(len(p.records)) - out.Unchanged)
	return out, nil
}

// unchanged tells which records are as they were when last used. The positions of the result are
// those of the records.
func (r *Run) unchanged(ctx context.Context, records []graph.Record) ([]bool, error) {
	same := make([]bool, len(records))
	if !r.Known {
		return same, nil
	}
	params := importdb.RecordListUnchangedParams{
		ObjectNos: make([]int32, len(records)), LegacyIDs: make([]string, len(records)),
		Hashes: make([]uuid.UUID, len(records)), Deleted: make([]bool, len(records)),
	}
	for i := range records {
		params.ObjectNos[i] = r.objects[records[i].Object]
		params.LegacyIDs[i] = records[i].ID
		params.Hashes[i] = records[i].Hash
		params.Deleted[i] = records[i].Deleted
	}
	var positions []int32
	err := r.db.look(ctx, func(ctx context.Context, q *importdb.Queries) (err error) {
		if err := q.SessionTuneLookup(ctx); err != nil {
			return err
		}
		positions, err = q.RecordListUnchanged(ctx, params)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("comparing with the last run: %w", err)
	}
	for _, p := range positions {
		same[p-1] = true
	}
	return same, nil
}

// params are the rows of a batch as they are copied.
type params struct {
	records      []importdb.StagingRecordCopyFromParams
	nodes        []importdb.StagingNodeCopyFromParams
	names        []importdb.StagingNameCopyFromParams
	twins        []importdb.StagingTwinCopyFromParams
	links        []importdb.StagingLinkCopyFromParams
	facts        []importdb.StagingFactCopyFromParams
	events       []importdb.StagingEventCopyFromParams
	participants []importdb.StagingParticipantCopyFromParams
	stages       []importdb.StagingStageCopyFromParams
}

// params turns a batch into rows, without the content of unchanged records. The values of a batch
// lie in the order of their records, so that one pass finds whose each is.
func (r *Run) params(file int32, b *graph.Batch, same []bool, out *Staged) (*params, error) {
	p := &params{
		records: make([]importdb.StagingRecordCopyFromParams, 0, len(b.Records)),
		nodes:   make([]importdb.StagingNodeCopyFromParams, 0, len(b.Nodes)),
		links:   make([]importdb.StagingLinkCopyFromParams, 0, len(b.Links)),
		facts:   make([]importdb.StagingFactCopyFromParams, 0, len(b.Facts)),
	}
	skip := make(map[int64]bool)
	for i := range b.Records {
		rec := &b.Records[i]
		if same[i] {
			out.Unchanged++
			skip[rec.Rec] = true
		}
		object, err := r.object(rec.Object)
		if err != nil {
			return nil, err
		}
		row := importdb.StagingRecordCopyFromParams{
			RunNo: r.Number, Rec: rec.Rec, ObjectNo: *object, LegacyID: rec.ID, Kind: string(rec.Kind),
			ID: newID(), ContentHash: rec.Hash, Changed: !same[i], Deleted: rec.Deleted,
			Version: optionalTime(rec.Version), CreatedAt: optionalTime(rec.CreatedAt), FileNo: file, Line: rec.Line,
			SameID: optional(rec.Same.ID),
		}
		if row.SameObjectNo, err = r.object(rec.Same.Object); err != nil {
			return nil, err
		}
		if m := rec.Money; m != nil {
			row.Amount, row.Currency, row.Stage = &m.Amount, optional(m.Currency), optional(m.Stage)
		}
		p.records = append(p.records, row)
	}
	for i := range b.Nodes {
		if n := &b.Nodes[i]; !skip[n.Rec] {
			p.nodes = append(p.nodes, importdb.StagingNodeCopyFromParams{
				RunNo: r.Number, Rec: n.Rec, NodeType: n.Type, Label: optional(n.Label), CodePrefix: optional(n.CodePrefix), Properties: n.Properties, Fill: n.Fill, Clear: n.Clear,
			})
		}
	}
	if err := r.names(p, b, skip); err != nil {
		return nil, err
	}
	for i := range b.Twins {
		t := &b.Twins[i]
		if skip[t.Rec] {
			continue
		}
		object, err := r.object(t.Ref.Object)
		if err != nil {
			return nil, err
		}
		p.twins = append(p.twins, importdb.StagingTwinCopyFromParams{RunNo: r.Number, Rec: t.Rec, ObjectNo: *object, LegacyID: t.Ref.ID})
	}
	for i := range b.Links {
		if err := r.link(p, &b.Links[i], skip, out); err != nil {
			return nil, err
		}
	}
	for i := range b.Facts {
		f := &b.Facts[i]
		if skip[f.Rec] || f.Claim == nil && !r.Known {
			continue // there is nothing to withdraw from a source that says its first word
		}
		subject, err := r.reference(f.Subject.Object)
		if err != nil {
			return nil, err
		}
		p.facts = append(p.facts, importdb.StagingFactCopyFromParams{
			RunNo: r.Number, Rec: f.Rec, ID: newID(), Slot: f.Slot, SubjectObjectNo: subject, SubjectRef: optional(f.Subject.ID),
			AssertionType: f.Type, AssertionKey: f.Key, Claim: f.Claim, AssertedAt: optionalTime(f.AssertedAt), History: f.History,
		})
	}
	for i := range b.Events {
		e := &b.Events[i]
		if skip[e.Rec] {
			continue
		}
		actor, err := r.reference(e.Actor.Object)
		if err != nil {
			return nil, err
		}
		p.events = append(p.events, importdb.StagingEventCopyFromParams{
			RunNo: r.Number, Rec: e.Rec, EventType: e.Type, OccurredAt: e.OccurredAt, Summary: optional(e.Summary),
			Properties: e.Properties, ActorObjectNo: actor, ActorRef: optional(e.Actor.ID),
		})
	}
	for i := range b.Participants {
		if err := r.participant(p, &b.Participants[i], skip, out); err != nil {
			return nil, err
		}
	}
	return p, r.stages(p, b)
}

// maxName bounds what counts as a name, in bytes: it is the key of an index.
const maxName = 1000

// names adds the names of changed records.
func (r *Run) names(p *params, b *graph.Batch, skip map[int64]bool) error {
	for i := range b.Names {
		n := &b.Names[i]
		if skip[n.Rec] || n.Name == "" || len(n.Name) > maxName {
			continue
		}
		lookup, ok := r.lookups[n.Lookup]
		if !ok {
			return fmt.Errorf("lookup %q is not among those of the mapping", n.Lookup)
		}
		p.names = append(p.names, importdb.StagingNameCopyFromParams{RunNo: r.Number, Rec: n.Rec, LookupNo: lookup, Name: n.Name})
	}
	return nil
}

func (r *Run) link(p *params, l *graph.Link, skip map[int64]bool, out *Staged) error {
	if skip[l.Rec] {
		out.Links[l.EdgeType]++
		return nil
	}
	out.Found[l.EdgeType]++
	source, err := r.reference(l.Source.Object)
	if err != nil {
		return err
	}
	target, err := r.reference(l.Target.Object)
	if err != nil {
		return err
	}
	p.links = append(p.links, importdb.StagingLinkCopyFromParams{
		RunNo: r.Number, Rec: l.Rec, ID: newID(), Slot: l.Slot, Rank: l.Rank, EdgeType: l.EdgeType,
		SourceObjectNo: source, SourceRef: optional(l.Source.ID), TargetObjectNo: target, TargetRef: optional(l.Target.ID),
		Properties: l.Properties, EffectiveFrom: optionalTime(l.EffectiveFrom), EffectiveTo: optionalTime(l.EffectiveTo), EndKnown: l.EndKnown,
	})
	return nil
}

func (r *Run) participant(p *params, pt *graph.Participant, skip map[int64]bool, out *Staged) error {
	if skip[pt.Rec] {
		out.Links[ParticipantLink]++
		return nil
	}
	out.Found[ParticipantLink]++
	event, err := r.object(pt.Event.Object)
	if err != nil {
		return err
	}
	node, err := r.reference(pt.Node.Object)
	if err != nil {
		return err
	}
	p.participants = append(p.participants, importdb.StagingParticipantCopyFromParams{
		RunNo: r.Number, Rec: pt.Rec, ID: newID(), Slot: pt.Slot, Role: pt.Role,
		EventObjectNo: event, EventRef: optional(pt.Event.ID), NodeObjectNo: node, NodeRef: pt.Node.ID, Properties: pt.Properties,
	})
	return nil
}

// stages adds each stage that a batch has seen once. Those of unchanged records count too, so that a
// stage is always known by all its deals.
func (r *Run) stages(p *params, b *graph.Batch) error {
	type key struct {
		pipeline     graph.Ref
		id, label    string
		closed, won  int8
		order, share float64
	}
	at := make(map[key]int)
	for i := range b.Stages {
		s := &b.Stages[i]
		k := key{pipeline: s.Pipeline, id: s.ID, label: s.Label, closed: tri(s.Closed), won: tri(s.Won), order: number(s.Order), share: number(s.Probability)}
		if j, ok := at[k]; ok {
			p.stages[j].Seen++
			continue
		}
		at[k] = len(p.stages)
		pipeline, err := r.object(s.Pipeline.Object)
		if err != nil {
			return err
		}
		p.stages = append(p.stages, importdb.StagingStageCopyFromParams{
			RunNo: r.Number, PipelineObjectNo: pipeline, PipelineRef: optional(s.Pipeline.ID), LegacyID: optional(s.ID), Label: s.Label, StageKey: s.Key,
			SortOrder: s.Order, Probability: s.Probability, Closed: s.Closed, Won: s.Won, Seen: 1,
		})
	}
	return nil
}

func tri(b *bool) int8 {
	switch {
	case b == nil:
		return -1
	case *b:
		return 1
	}
	return 0
}

func number(f *float64) float64 {
	if f == nil {
		return -1
	}
	return *f
}

func (p *params) copy(ctx context.Context, q *importdb.Queries) error {
	if err := q.SessionTuneStaging(ctx); err != nil {
		return err
	}
	if _, err := q.StagingRecordCopyFrom(ctx, p.records); err != nil {
		return err
	}
	if len(p.nodes) > 0 {
		if _, err := q.StagingNodeCopyFrom(ctx, p.nodes); err != nil {
			return err
		}
	}
	if len(p.names) > 0 {
		if _, err := q.StagingNameCopyFrom(ctx, p.names); err != nil {
			return err
		}
	}
	if len(p.twins) > 0 {
		if _, err := q.StagingTwinCopyFrom(ctx, p.twins); err != nil {
			return err
		}
	}
	if len(p.links) > 0 {
		if _, err := q.StagingLinkCopyFrom(ctx, p.links); err != nil {
			return err
		}
	}
	if len(p.facts) > 0 {
		if _, err := q.StagingFactCopyFrom(ctx, p.facts); err != nil {
			return err
		}
	}
	if len(p.events) > 0 {
		if _, err := q.StagingEventCopyFrom(ctx, p.events); err != nil {
			return err
		}
	}
	if len(p.participants) > 0 {
		if _, err := q.StagingParticipantCopyFrom(ctx, p.participants); err != nil {
			return err
		}
	}
	if len(p.stages) > 0 {
		if _, err := q.StagingStageCopyFrom(ctx, p.stages); err != nil {
			return err
		}
	}
	return nil
}

// reference gives the number of an object or of a lookup, or nil for no object.
func (r *Run) reference(name string) (*int32, error) {
	if no, ok := r.lookups[name]; ok {
		if !r.named.Load() { // to write it each time would make the workers wait for each other
			r.named.Store(true)
		}
		return &no, nil
	}
	return r.object(name)
}

// object gives the number of an object, or nil for no object.
func (r *Run) object(name string) (*int32, error) {
	if name == "" {
		return nil, nil
	}
	if _, ok := r.lookups[name]; ok {
		return nil, fmt.Errorf("lookup %q: only links, participants, subjects of facts and actors of events may be given by name", name)
	}
	no, ok := r.objects[name]
	if !ok {
		return nil, fmt.Errorf("object %q is not among those of the mapping", name)
	}
	return &no, nil
}

func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func optionalTime(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// clip keeps a value that is stored for people to look at within reason, and fit for the database.
func clip(s string) string {
	const limit = 1000
	s = strings.ToValidUTF8(strings.ReplaceAll(s, "\x00", ""), "\ufffd")
	if len(s) <= limit {
		return s
	}
	cut := limit
	for cut > 0 && !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut] + "…"
}
