package load

import (
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"time"

	"github.com/projectrye/rye-import/importer/graph"
)

// encoder turns batches into rows of staging. It is of one goroutine at a time, and keeps its room between batches.
type encoder struct {
	records, same, nodes, names, twins, links, facts, events, participants, stages copyRows

	file int32
	at   place
	ids  idSeries
	room []byte // of the rows that are encoded at the moment
}

func newEncoder() *encoder {
	return &encoder{
		records: newCopyRows("staging_records", "run_no", "rec", "object_no", "legacy_id", "kind", "id", "content_hash",
			"changed", "deleted", "existing", "alias", "version", "created_at", "file_no", "line", "same_object_no", "same_id",
			"amount", "currency", "stage"),
		same:  newCopyRows("staging_unchanged", "run_no", "object_no", "rec", "file_no", "line", "version", "deleted", "kind", "legacy_id"),
		nodes: newCopyRows("staging_nodes", "run_no", "rec", "node_type", "label", "code_prefix", "properties", "fill", "clear"),
		names: newCopyRows("staging_names", "run_no", "rec", "lookup_no", "name"),
		twins: newCopyRows("staging_twins", "run_no", "rec", "object_no", "legacy_id"),
		links: newCopyRows("staging_links", "run_no", "rec", "id", "slot", "rank", "edge_type", "source_object_no", "source_ref",
			"target_object_no", "target_ref", "properties", "effective_from", "effective_to", "end_known"),
		facts: newCopyRows("staging_facts", "run_no", "rec", "id", "slot", "subject_object_no", "subject_ref",
			"assertion_type", "assertion_key", "claim", "asserted_at", "history"),
		events: newCopyRows("staging_events", "run_no", "rec", "event_type", "occurred_at", "summary", "properties",
			"actor_object_no", "actor_ref"),
		participants: newCopyRows("staging_participants", "run_no", "rec", "id", "slot", "role", "event_object_no", "event_ref",
			"node_object_no", "node_ref", "properties"),
		stages: newCopyRows("staging_stages", "run_no", "pipeline_object_no", "pipeline_ref", "legacy_id", "label", "stage_key",
			"sort_order", "probability", "closed", "won", "seen"),
	}
}

// encode turns a batch into rows, without the content of unchanged records, and sends those of one table after the
// other: all of them use the same room. The positions of same are those of the records.
func (e *encoder) encode(r *Run, file int32, b *graph.Batch, same []bool, out *Staged, send func(*copyRows) error) error {
	e.file, e.at = file, place{records: b.Records, same: same}
	e.ids.begin()
	for _, part := range [...]struct {
		rows   *copyRows
		encode func(*Run, *graph.Batch, *Staged) error
	}{
		{&e.records, e.encodeRecords},
		{&e.same, e.encodeUnchanged},
		{&e.nodes, e.encodeNodes},
		{&e.names, e.encodeNames},
		{&e.twins, e.encodeTwins},
		{&e.links, e.encodeLinks},
		{&e.facts, e.encodeFacts},
		{&e.events, e.encodeEvents},
		{&e.participants, e.encodeParticipants},
		{&e.stages, e.encodeStages},
	} {
		part.rows.buf = e.room
		part.rows.reset()
		err := part.encode(r, b, out)
		if err == nil && !part.rows.empty() {
			err = send(part.rows)
		}
		e.room, part.rows.buf = part.rows.buf, nil
		if err != nil {
			return err
		}
	}
	return nil
}

// staysApart reports whether nobody may ask more of an unchanged record than whether it was met. What one is the same as leads
// others on, and amounts are summed up beside those of the graph.
func staysApart(rec *graph.Record) bool { return rec.Same.ID == "" && rec.Money == nil }

func (e *encoder) encodeRecords(r *Run, b *graph.Batch, out *Staged) error {
	t, same := &e.records, e.at.same
	for i := range b.Records {
		rec := &b.Records[i]
		object, err := r.object(rec.Object)
		if err != nil {
			return err
		}
		apart := staysApart(rec)
		out.Asked = out.Asked || !apart
		if same[i] {
			if out.Unchanged++; apart {
				continue
			}
		}
		other, err := r.object(rec.Same.Object)
		if err != nil {
			return err
		}
		t.row()
		t.int4(r.Number)
		t.int8(rec.Rec)
		t.int4(object)
		t.text(rec.ID)
		t.text(string(rec.Kind))
		t.uuid(e.ids.next())
		t.uuid(rec.Hash)
		t.bool(!same[i])
		t.bool(rec.Deleted)
		t.bool(false)
		t.bool(false)
		t.time(rec.Version)
		t.time(rec.CreatedAt)
		t.int4(e.file)
		t.int4(rec.Line)
		t.number(other)
		t.optional(rec.Same.ID)
		if rec.Money == nil {
			t.null()
			t.null()
			t.null()
			continue
		}
		if err := t.numeric(rec.Money.Amount); err != nil {
			return err
		}
		t.optional(rec.Money.Currency)
		t.optional(rec.Money.Stage)
	}
	return nil
}

func (e *encoder) encodeUnchanged(r *Run, b *graph.Batch, out *Staged) error {
	if out.Unchanged == 0 {
		return nil
	}
	t := &e.same
	for i := range b.Records {
		rec := &b.Records[i]
		if !e.at.same[i] || !staysApart(rec) {
			continue
		}
		t.row()
		t.int4(r.Number)
		t.int4(r.objects[rec.Object])
		t.int8(rec.Rec)
		t.int4(e.file)
		t.int4(rec.Line)
		t.time(rec.Version)
		t.bool(rec.Deleted)
		t.text(string(rec.Kind))
		t.text(rec.ID)
	}
	return nil
}

func (e *encoder) encodeNodes(r *Run, b *graph.Batch, _ *Staged) error {
	t := &e.nodes
	for i := range b.Nodes {
		n := &b.Nodes[i]
		if e.at.unchanged(n.Rec) {
			continue
		}
		t.row()
		t.int4(r.Number)
		t.int8(n.Rec)
		t.text(n.Type)
		t.optional(n.Label)
		t.optional(n.CodePrefix)
		t.jsonb(n.Properties)
		t.jsonb(n.Fill)
		t.texts(n.Clear)
	}
	return nil
}

// maxName bounds what counts as a name, in bytes: it is the key of an index.
const maxName = 1000

func (e *encoder) encodeNames(r *Run, b *graph.Batch, _ *Staged) error {
	t := &e.names
	for i := range b.Names {
		n := &b.Names[i]
		if e.at.unchanged(n.Rec) || n.Name == "" || len(n.Name) > maxName {
			continue
		}
		lookup, ok := r.lookups[n.Lookup]
		if !ok {
			return fmt.Errorf("lookup %q is not among those of the mapping", n.Lookup)
		}
		t.row()
		t.int4(r.Number)
		t.int8(n.Rec)
		t.int4(lookup)
		t.text(n.Name)
	}
	return nil
}

func (e *encoder) encodeTwins(r *Run, b *graph.Batch, _ *Staged) error {
	t := &e.twins
	for i := range b.Twins {
		w := &b.Twins[i]
		if e.at.unchanged(w.Rec) {
			continue
		}
		object, err := r.object(w.Ref.Object)
		if err != nil {
			return err
		}
		t.row()
		t.int4(r.Number)
		t.int8(w.Rec)
		t.int4(object)
		t.text(w.Ref.ID)
	}
	return nil
}

func (e *encoder) encodeLinks(r *Run, b *graph.Batch, out *Staged) error {
	t := &e.links
	for i := range b.Links {
		l := &b.Links[i]
		if e.at.unchanged(l.Rec) {
			out.Links[l.EdgeType]++
			continue
		}
		out.Found[l.EdgeType]++
		source, err := r.reference(l.Source)
		if err != nil {
			return err
		}
		target, err := r.reference(l.Target)
		if err != nil {
			return err
		}
		t.row()
		t.int4(r.Number)
		t.int8(l.Rec)
		t.uuid(e.ids.next())
		t.text(l.Slot)
		t.int2(l.Rank)
		t.text(l.EdgeType)
		t.number(source)
		t.optional(l.Source.ID)
		t.number(target)
		t.optional(l.Target.ID)
		t.jsonb(l.Properties)
		t.time(l.EffectiveFrom)
		t.time(l.EffectiveTo)
		t.bool(l.EndKnown)
	}
	return nil
}

func (e *encoder) encodeFacts(r *Run, b *graph.Batch, _ *Staged) error {
	t := &e.facts
	for i := range b.Facts {
		f := &b.Facts[i]
		if e.at.unchanged(f.Rec) || f.Claim == nil && !r.Known {
			continue // there is nothing to withdraw from a source that says its first word
		}
		subject, err := r.reference(f.Subject)
		if err != nil {
			return err
		}
		t.row()
		t.int4(r.Number)
		t.int8(f.Rec)
		t.uuid(e.ids.next())
		t.text(f.Slot)
		t.number(subject)
		t.optional(f.Subject.ID)
		t.text(f.Type)
		t.text(f.Key)
		t.jsonb(f.Claim)
		t.time(f.AssertedAt)
		t.bool(f.History)
	}
	return nil
}

func (e *encoder) encodeEvents(r *Run, b *graph.Batch, _ *Staged) error {
	t := &e.events
	for i := range b.Events {
		ev := &b.Events[i]
		if e.at.unchanged(ev.Rec) {
			continue
		}
		actor, err := r.reference(ev.Actor)
		if err != nil {
			return err
		}
		t.row()
		t.int4(r.Number)
		t.int8(ev.Rec)
		t.text(ev.Type)
		t.time(ev.OccurredAt)
		t.optional(ev.Summary)
		t.jsonb(ev.Properties)
		t.number(actor)
		t.optional(ev.Actor.ID)
	}
	return nil
}

func (e *encoder) encodeParticipants(r *Run, b *graph.Batch, out *Staged) error {
	t := &e.participants
	for i := range b.Participants {
		p := &b.Participants[i]
		if e.at.unchanged(p.Rec) {
			out.Links[ParticipantLink]++
			continue
		}
		out.Found[ParticipantLink]++
		event, err := r.object(p.Event.Object)
		if err != nil {
			return err
		}
		node, err := r.reference(p.Node)
		if err != nil {
			return err
		}
		t.row()
		t.int4(r.Number)
		t.int8(p.Rec)
		t.uuid(e.ids.next())
		t.text(p.Slot)
		t.text(p.Role)
		t.number(event)
		t.optional(p.Event.ID)
		t.number(node)
		t.text(p.Node.ID)
		t.jsonb(p.Properties)
	}
	return nil
}

// encodeStages adds each stage that a batch has seen once. Those of unchanged records count too, so that a
// stage is always known by all its deals.
func (e *encoder) encodeStages(r *Run, b *graph.Batch, _ *Staged) error {
	type key struct {
		pipeline     graph.Ref
		id, label    string
		closed, won  int8
		order, share float64
	}
	at := make(map[key]int)
	var seen []int32
	var first []*graph.Stage
	for i := range b.Stages {
		s := &b.Stages[i]
		k := key{pipeline: s.Pipeline, id: s.ID, label: s.Label, closed: tri(s.Closed), won: tri(s.Won), order: number(s.Order), share: number(s.Probability)}
		j, ok := at[k]
		if !ok {
			j = len(seen)
			at[k] = j
			seen, first = append(seen, 0), append(first, s)
		}
		seen[j]++
	}
	t := &e.stages
	for j, s := range first {
		pipeline, err := r.object(s.Pipeline.Object)
		if err != nil {
			return err
		}
		t.row()
		t.int4(r.Number)
		t.number(pipeline)
		t.optional(s.Pipeline.ID)
		t.optional(s.ID)
		t.text(s.Label)
		t.text(s.Key)
		t.float8(s.Order)
		t.float8(s.Probability)
		t.optionalBool(s.Closed)
		t.optionalBool(s.Won)
		t.int4(seen[j])
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

// place goes through the records of a batch beside values that lie in their order.
type place struct {
	records []graph.Record
	same    []bool
	at      int
}

// unchanged reports whether the record with a number is as it was. One that is not there is none.
func (p *place) unchanged(rec int64) bool {
	for range len(p.records) {
		if p.records[p.at].Rec == rec {
			return p.same[p.at]
		}
		if p.at++; p.at == len(p.records) {
			p.at = 0 // the values of another kind, which begin anew
		}
	}
	return false
}

// idSeries draws ids for the rows of a batch: of version 7, of the time at which the batch began, and counted on from
// a random number. So one batch costs one look at the clock and one at the source of random numbers; and ids of
// rows that are made together lie together in the indexes.
type idSeries struct {
	time  uint64 // the first 48 bits, with the version
	count uint64 // the last 62 bits
	id    [16]byte
}

func (s *idSeries) begin() {
	const version = 7
	_, _ = rand.Read(s.id[:]) // it never fails
	s.time = uint64(time.Now().UnixMilli())<<16 | version<<12 | uint64(binary.BigEndian.Uint16(s.id[:])&0x0fff)
	s.count = binary.BigEndian.Uint64(s.id[8:]) >> 3 // half of the range is left to count in
}

func (s *idSeries) next() [16]byte {
	const variant = 1 << 63
	s.count++
	binary.BigEndian.PutUint64(s.id[:], s.time)
	binary.BigEndian.PutUint64(s.id[8:], variant|s.count)
	return s.id
}
