package verify

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/projectrye/rye-import/importer/graph"
	"github.com/projectrye/rye-import/internal/importdb"
)

// reading is what the graph has of a batch.
type reading struct {
	resolved  map[graph.Ref]resolution
	nodes     map[uuid.UUID]*node
	archived  map[uuid.UUID]bool
	journal   map[graph.Ref]importdb.VerifyListRecordsRow // of event and link records, and of events that participants name
	edges     map[edgeKey][]importdb.VerifyListEdgesRow
	said      map[*record]map[string][]uuid.UUID // current edges that links of the record made, by slot
	deals     map[uuid.UUID][]uuid.UUID          // pipelines of deals
	pipelines map[uuid.UUID]*pipeline            // nil where there is none
	chains    map[factKey][]*assertion
	events    map[uuid.UUID]*importdb.VerifyListEventsRow
	taking    map[uuid.UUID][]importdb.VerifyListParticipantsRow // by event
	waiting   map[graph.Ref][]importdb.VerifyListDeferredRow
	codeTwins map[string]bool
	edits     map[field]bool // of people, that the last run has met and kept
}

// field is one of a node or an edge, as rye_import.edits names it.
type field struct {
	subject uuid.UUID
	name    string
}

// resolution is the node that a reference means; several are its candidates if it is by name.
type resolution struct {
	id         uuid.UUID
	candidates int64
	since      time.Time // when the record was tied to the node
}

func (r resolution) found() bool { return r.candidates == 1 }

// node is a node of the graph.
type node struct {
	importdb.VerifyListNodesRow
	properties map[string]any
}

// shared reports whether several records had a word in the node.
func (n *node) shared() bool { return n.Records > 1 || n.Merged }

type edgeKey struct {
	edgeType       string
	source, target uuid.UUID
}

type factKey struct {
	subject   uuid.UUID
	kind, key string
}

// refSet is a set of references in the order in which they came.
type refSet struct {
	known map[graph.Ref]bool
	list  []graph.Ref
}

func (s *refSet) add(r graph.Ref) {
	if r.IsZero() || s.known[r] {
		return
	}
	if s.known == nil {
		s.known = make(map[graph.Ref]bool)
	}
	s.known[r] = true
	s.list = append(s.list, r)
}

// keys gives objects and ids as queries take them.
func (s *refSet) keys() (objects, ids []string) {
	for _, r := range s.list {
		objects, ids = append(objects, r.Object), append(ids, r.ID)
	}
	return objects, ids
}

// read reads everything that the graph has of some records, a query for each kind of row.
func (d *reader) read(ctx context.Context, records []*record) (*reading, error) {
	g := &reading{resolved: make(map[graph.Ref]resolution)}
	var refs, journal refSet
	for _, r := range records {
		refs.add(r.Same)
		switch r.Kind {
		case graph.KindNode:
			refs.add(r.ref())
			journal.add(r.ref())
		default:
			journal.add(r.ref())
		}
		for i := range r.twins {
			refs.add(r.twins[i].Ref)
		}
		for i := range r.links {
			refs.add(r.links[i].Source)
			refs.add(r.links[i].Target)
		}
		for i := range r.facts {
			refs.add(r.facts[i].Subject)
		}
		for i := range r.participants {
			refs.add(r.participants[i].Node)
			journal.add(r.participants[i].Event)
		}
		if r.event != nil {
			refs.add(r.event.Actor)
		}
	}
	if err := d.resolve(ctx, g, &refs); err != nil {
		return nil, err
	}
	if err := d.readJournal(ctx, g, &journal); err != nil {
		return nil, err
	}
	for _, read := range []func(context.Context, *reading, []*record) error{
		d.readNodes, d.readEdges, d.readFacts, d.readEvents, d.readWaiting, d.readEdits,
	} {
		if err := read(ctx, g, records); err != nil {
			return nil, err
		}
	}
	return g, nil
}

// resolve finds the nodes of references: by id, by an id of whatever object, or by name.
func (d *reader) resolve(ctx context.Context, g *reading, refs *refSet) error {
	var ids, anyObject, names refSet
	for _, r := range refs.list {
		switch {
		case d.of.lookups[r.Object]:
			names.add(r)
		case r.Object == "":
			anyObject.add(r)
		default:
			ids.add(r)
		}
	}
	if len(ids.list) > 0 {
		objects, legacyIDs := ids.keys()
		rows, err := d.q.VerifyListKeys(ctx, importdb.VerifyListKeysParams{Source: d.of.source, Objects: objects, LegacyIDs: legacyIDs})
		if err != nil {
			return err
		}
		for _, row := range rows {
			g.resolved[ids.list[row.Position-1]] = resolution{id: row.NodeID, candidates: 1, since: optionalTime(row.SyncedAt)}
		}
	}
	if len(anyObject.list) > 0 {
		_, legacyIDs := anyObject.keys()
		rows, err := d.q.VerifyListKeysOfAny(ctx, importdb.VerifyListKeysOfAnyParams{Source: d.of.source, LegacyIDs: legacyIDs})
		if err != nil {
			return err
		}
		for _, row := range rows {
			r := anyObject.list[row.Position-1]
			if _, ok := g.resolved[r]; !ok {
				g.resolved[r] = resolution{id: row.NodeID, candidates: 1, since: optionalTime(row.SyncedAt)}
			}
		}
	}
	if len(names.list) > 0 {
		lookups, texts := names.keys()
		rows, err := d.q.VerifyListNames(ctx, importdb.VerifyListNamesParams{Source: d.of.source, Lookups: lookups, Names: texts})
		if err != nil {
			return err
		}
		for _, row := range rows {
			g.resolved[names.list[row.Position-1]] = resolution{id: row.NodeID, candidates: row.Candidates}
		}
	}
	return nil
}

func (d *reader) readJournal(ctx context.Context, g *reading, refs *refSet) error {
	g.journal = make(map[graph.Ref]importdb.VerifyListRecordsRow)
	if len(refs.list) == 0 {
		return nil
	}
	objects, ids := refs.keys()
	rows, err := d.q.VerifyListRecords(ctx, importdb.VerifyListRecordsParams{Source: d.of.source, Objects: objects, LegacyIDs: ids})
	for _, row := range rows {
		g.journal[refs.list[row.Position-1]] = row
	}
	return err
}

// readNodes reads the nodes of the records themselves, and of the other ends which are archived.
func (d *reader) readNodes(ctx context.Context, g *reading, records []*record) error {
	g.nodes, g.archived, g.codeTwins = make(map[uuid.UUID]*node), make(map[uuid.UUID]bool), make(map[string]bool)
	var own []uuid.UUID
	others := make([]uuid.UUID, 0, len(g.resolved))
	for _, r := range records {
		if found, ok := g.resolved[r.ref()]; ok && r.Kind == graph.KindNode {
			own = append(own, found.id)
		}
		for i := range r.facts { // what is said of a node that is shared, is too
			if found, ok := g.resolved[r.facts[i].Subject]; ok {
				own = append(own, found.id)
			}
		}
	}
	for _, found := range g.resolved {
		others = append(others, found.id)
	}
	rows, err := d.q.VerifyListNodes(ctx, importdb.VerifyListNodesParams{Source: d.of.source, IDs: distinct(own)})
	if err != nil {
		return err
	}
	var codes []string
	for _, row := range rows {
		n := &node{VerifyListNodesRow: row, properties: object(row.Properties)}
		g.nodes[row.ID] = n
		if code, ok := n.properties["code"].(string); ok {
			codes = append(codes, code)
		}
	}
	archived, err := d.q.VerifyListArchived(ctx, distinct(others))
	if err != nil {
		return err
	}
	for _, id := range archived {
		g.archived[id] = true
	}
	twins, err := d.q.VerifyListCodeTwins(ctx, codes)
	for _, code := range twins {
		g.codeTwins[code] = true
	}
	return err
}

func distinct(ids []uuid.UUID) []uuid.UUID {
	slices.SortFunc(ids, func(a, b uuid.UUID) int { return bytes.Compare(a[:], b[:]) })
	return slices.Compact(ids)
}

// ends gives the nodes of both ends of a link; false if one is not known.
func (g *reading) ends(r *record, l *graph.Link) (source, target uuid.UUID, known bool) {
	end := func(ref graph.Ref) (uuid.UUID, bool) {
		if ref.IsZero() {
			ref = r.ref()
		}
		found, ok := g.resolved[ref]
		return found.id, ok && found.found()
	}
	source, first := end(l.Source)
	target, second := end(l.Target)
	return source, target, first && second
}

func (d *reader) readEdges(ctx context.Context, g *reading, records []*record) error {
	g.edges, g.said = make(map[edgeKey][]importdb.VerifyListEdgesRow), make(map[*record]map[string][]uuid.UUID)
	var bySource importdb.VerifyListEdgesParams
	var byTarget importdb.VerifyListEdgesByTargetParams
	var said importdb.VerifyListEdgesSaidParams
	var askers []*record
	for _, r := range records {
		asked := make(map[string]bool)
		for i := range r.links {
			l := &r.links[i]
			switch source, target, ok := g.ends(r, l); {
			case !ok:
			case l.Source.IsZero(): // the record itself has few edges, whatever the other end has
				bySource.EdgeTypes = append(bySource.EdgeTypes, l.EdgeType)
				bySource.Sources, bySource.Targets = append(bySource.Sources, source), append(bySource.Targets, target)
			default:
				byTarget.EdgeTypes = append(byTarget.EdgeTypes, l.EdgeType)
				byTarget.Sources, byTarget.Targets = append(byTarget.Sources, source), append(byTarget.Targets, target)
			}
			own, ok := g.resolved[r.ref()]
			if r.Kind != graph.KindNode || !ok || asked[l.Slot] {
				continue
			}
			asked[l.Slot] = true
			said.NodeIDs, said.EdgeTypes = append(said.NodeIDs, own.id), append(said.EdgeTypes, l.EdgeType)
			said.Records, said.Slots = append(said.Records, r.name()), append(said.Slots, l.Slot)
			askers = append(askers, r)
		}
	}
	add := func(row importdb.VerifyListEdgesRow) {
		key := edgeKey{row.EdgeType, row.SourceID, row.TargetID}
		g.edges[key] = append(g.edges[key], row)
	}
	if len(bySource.EdgeTypes) > 0 {
		rows, err := d.q.VerifyListEdges(ctx, bySource)
		if err != nil {
			return err
		}
		for _, row := range rows {
			add(row)
		}
	}
	if len(byTarget.EdgeTypes) > 0 {
		rows, err := d.q.VerifyListEdgesByTarget(ctx, byTarget)
		if err != nil {
			return err
		}
		for _, row := range rows {
			add(importdb.VerifyListEdgesRow(row))
		}
	}
	if len(askers) == 0 {
		return nil
	}
	rows, err := d.q.VerifyListEdgesSaid(ctx, said)
	for _, row := range rows {
		r, slot := askers[row.Position-1], said.Slots[row.Position-1]
		if g.said[r] == nil {
			g.said[r] = make(map[string][]uuid.UUID)
		}
		g.said[r][slot] = append(g.said[r][slot], row.ID)
	}
	return err
}

// readEdits reads what people have edited in the nodes and edges read before.
func (d *reader) readEdits(ctx context.Context, g *reading, _ []*record) error {
	g.edits = make(map[field]bool)
	ids := make([]uuid.UUID, 0, len(g.nodes))
	for id := range g.nodes {
		ids = append(ids, id)
	}
	for _, edges := range g.edges {
		for i := range edges {
			ids = append(ids, edges[i].ID)
		}
	}
	for _, slots := range g.said {
		for _, edges := range slots {
			ids = append(ids, edges...)
		}
	}
	rows, err := d.q.VerifyListEdits(ctx, importdb.VerifyListEditsParams{IDs: distinct(ids), LastRun: d.of.lastRun})
	for _, row := range rows {
		g.edits[field{row.SubjectID, row.Field}] = true
	}
	return err
}

// assertion is a fact of the graph.
type assertion struct {
	importdb.VerifyListFactsRow
	claim map[string]any
}

// subject gives the node that a fact is about.
func (g *reading) subject(r *record, f *graph.Fact) (uuid.UUID, bool) {
	ref := f.Subject
	if ref.IsZero() {
		ref = r.ref()
	}
	found, ok := g.resolved[ref]
	return found.id, ok && found.found()
}

const dealStage = "deal_stage"

func (d *reader) readFacts(ctx context.Context, g *reading, records []*record) error {
	g.chains, g.deals = make(map[factKey][]*assertion), make(map[uuid.UUID][]uuid.UUID)
	var wanted importdb.VerifyListFactsParams
	var deals []uuid.UUID
	add := func(node uuid.UUID, kind, key string) {
		wanted.NodeIDs = append(wanted.NodeIDs, node)
		wanted.AssertionTypes, wanted.AssertionKeys = append(wanted.AssertionTypes, kind), append(wanted.AssertionKeys, key)
	}
	for _, r := range records {
		for i := range r.facts {
			f := &r.facts[i]
			if id, ok := g.subject(r, f); ok {
				add(id, f.Type, f.Key)
				if f.Type == dealStage {
					deals = append(deals, id)
				}
			}
		}
		if own, ok := g.resolved[r.ref()]; ok && r.Money != nil {
			add(own.id, dealValue, defaultKey)
			add(own.id, dealStage, defaultKey)
		}
	}
	if len(wanted.NodeIDs) == 0 {
		return nil
	}
	rows, err := d.q.VerifyListFacts(ctx, wanted)
	if err != nil {
		return err
	}
	for _, row := range rows {
		if row.SubjectNodeID != nil {
			key := factKey{*row.SubjectNodeID, row.AssertionType, row.AssertionKey}
			g.chains[key] = append(g.chains[key], &assertion{VerifyListFactsRow: row, claim: object(row.Claim)})
		}
	}
	if len(deals) == 0 {
		return nil
	}
	members, err := d.q.VerifyListPipelines(ctx, distinct(deals))
	if err != nil {
		return err
	}
	ids := make([]uuid.UUID, 0, len(members))
	for _, m := range members {
		g.deals[m.DealID] = append(g.deals[m.DealID], m.PipelineID)
		ids = append(ids, m.PipelineID)
	}
	return d.readPipelines(ctx, g, ids)
}

// pipeline is a pipeline of the graph.
type pipeline struct {
	code   string
	stages []pipelineStage
}

type pipelineStage struct {
	Key    string   `json:"key"`
	Label  string   `json:"label"`
	Labels []string `json:"labels"`
	IDs    []string `json:"ids"`
}

func (s *pipelineStage) named(label string) bool {
	return s.Label == label || slices.Contains(s.Labels, label) || slices.Contains(s.IDs, label)
}

func (p *pipeline) has(label string) bool {
	return slices.ContainsFunc(p.stages, func(s pipelineStage) bool { return s.named(label) })
}

// readPipelines reads the pipelines that were not read before. There are few of them.
func (d *reader) readPipelines(ctx context.Context, g *reading, ids []uuid.UUID) error {
	var missing []uuid.UUID
	for _, id := range distinct(ids) {
		if _, ok := d.pipelines[id]; !ok {
			missing = append(missing, id)
		}
	}
	if len(missing) > 0 {
		rows, err := d.q.VerifyListNodes(ctx, importdb.VerifyListNodesParams{Source: d.of.source, IDs: missing})
		if err != nil {
			return err
		}
		for _, row := range rows {
			var properties struct {
				Code   string          `json:"code"`
				Stages []pipelineStage `json:"stages"`
			}
			if err := json.Unmarshal(row.Properties, &properties); err != nil {
				return fmt.Errorf("the stages of pipeline %s are no list of stages: %w", row.ID, err)
			}
			d.pipelines[row.ID] = &pipeline{code: properties.Code, stages: properties.Stages}
		}
	}
	g.pipelines = make(map[uuid.UUID]*pipeline)
	for _, id := range ids {
		g.pipelines[id] = d.pipelines[id] // and not what the reader goes on filling
	}
	return nil
}

// readEvents reads the events of records and of those that participants name, with all that they revise:
// who took part in what was revised may be said by records that have not changed since.
func (d *reader) readEvents(ctx context.Context, g *reading, records []*record) error {
	g.events, g.taking = make(map[uuid.UUID]*importdb.VerifyListEventsRow), make(map[uuid.UUID][]importdb.VerifyListParticipantsRow)
	var wanted []uuid.UUID
	add := func(ref graph.Ref) {
		if row, ok := g.journal[ref]; ok && row.TargetID != nil {
			wanted = append(wanted, *row.TargetID)
		}
	}
	for _, r := range records {
		if r.Kind == graph.KindEvent {
			add(r.ref())
		}
		for i := range r.participants {
			add(r.participants[i].Event)
		}
	}
	var all []uuid.UUID
	for wanted = distinct(wanted); len(wanted) > 0; wanted = distinct(wanted) {
		rows, err := d.q.VerifyListEvents(ctx, wanted)
		if err != nil {
			return err
		}
		wanted = nil
		for i := range rows {
			row := &rows[i]
			g.events[row.ID] = row
			all = append(all, row.ID)
			if id, err := uuid.Parse(row.Revises); err == nil && g.events[id] == nil {
				wanted = append(wanted, id)
			}
		}
	}
	if len(all) == 0 {
		return nil
	}
	rows, err := d.q.VerifyListParticipants(ctx, all)
	for _, row := range rows {
		g.taking[row.EventID] = append(g.taking[row.EventID], row)
	}
	return err
}

// readWaiting reads what records wait for that refer to something that is not there.
func (d *reader) readWaiting(ctx context.Context, g *reading, records []*record) error {
	g.waiting = make(map[graph.Ref][]importdb.VerifyListDeferredRow)
	var wanted refSet
	for _, r := range records {
		lacks := func(ref graph.Ref) bool { return !ref.IsZero() && !g.resolved[ref].found() }
		event := func(ref graph.Ref) bool { return !ref.IsZero() && g.journal[ref].TargetID == nil }
		if lacks(r.Same) ||
			slices.ContainsFunc(r.links, func(l graph.Link) bool { return lacks(l.Source) || lacks(l.Target) }) ||
			slices.ContainsFunc(r.facts, func(f graph.Fact) bool { return lacks(f.Subject) }) ||
			slices.ContainsFunc(r.participants, func(p graph.Participant) bool { return lacks(p.Node) || event(p.Event) }) {
			wanted.add(r.ref())
		}
	}
	if len(wanted.list) == 0 {
		return nil
	}
	objects, ids := wanted.keys()
	rows, err := d.q.VerifyListDeferred(ctx, importdb.VerifyListDeferredParams{Source: d.of.source, Objects: objects, LegacyIDs: ids})
	for _, row := range rows {
		ref := wanted.list[row.Position-1]
		g.waiting[ref] = append(g.waiting[ref], row)
	}
	return err
}

// waits reports whether a record is noted to wait for one of two references.
func (g *reading) waits(r *record, kind, slot string, first, second graph.Ref) bool {
	return slices.ContainsFunc(g.waiting[r.ref()], func(d importdb.VerifyListDeferredRow) bool {
		return d.Kind == kind && d.Slot == slot &&
			g.means(first, graph.Ref{Object: d.Object1, ID: d.Ref1}, d.Node1ID) && g.means(second, graph.Ref{Object: d.Object2, ID: d.Ref2}, d.Node2ID)
	})
}

// means reports whether what waits has a reference as the record says it, or has the node that it fits.
func (g *reading) means(said, waiting graph.Ref, node *uuid.UUID) bool {
	if said == waiting {
		return true
	}
	found := g.resolved[said]
	return found.found() && node != nil && *node == found.id
}

func compareStages(a, b seenStage) int {
	return cmp.Or(strings.Compare(a.pipeline.Object, b.pipeline.Object), strings.Compare(a.pipeline.ID, b.pipeline.ID), strings.Compare(a.label, b.label))
}
