package verify

import (
	"fmt"
	"slices"

	"github.com/google/uuid"

	"github.com/projectrye/rye-import/importer/graph"
	"github.com/projectrye/rye-import/internal/importdb"
)

const stageChange = "stage_change"

// event compares an event record with its event. It reports whether there is one, or nothing that could
// be one.
func (v *Verifier) event(g *reading, r *record) bool {
	if r.event == nil {
		return true // deleted
	}
	v.result.Counts.Events++
	e := g.events[g.target(r.ref())]
	if e == nil {
		v.report(r.difference(Missing, "the record", "an event", ""))
		return false
	}
	if e.Record != r.name() {
		v.report(r.difference(Different, "provenance of the event", r.name(), "another record"))
	}
	if !sameTime(e.OccurredAt, r.event.OccurredAt) {
		v.report(r.difference(Different, "occurred_at", v.time(r.event.OccurredAt), v.time(e.OccurredAt)))
	}
	found := object(e.Properties)
	v.eventType(r, e, found)
	for name, said := range object(r.event.Properties) {
		v.result.Counts.Properties++
		if value, there := found[name]; !there && said != nil {
			v.report(r.difference(Missing, "property "+name, v.value(said), ""))
		} else if !equal(said, value) {
			v.report(r.difference(Different, "property "+name, v.value(said), v.value(value)))
		}
	}
	v.actor(g, r, e)
	return true
}

// target is the event or edge that the journal names for a record.
func (g *reading) target(ref graph.Ref) uuid.UUID {
	if row, ok := g.journal[ref]; ok && row.TargetID != nil {
		return *row.TargetID
	}
	return uuid.UUID{}
}

// eventType checks type and summary. What moves a deal to another stage is a stage_change and says so.
func (v *Verifier) eventType(r *record, e *importdb.VerifyListEventsRow, found map[string]any) {
	summary := ""
	if e.Summary != nil {
		summary = *e.Summary
	}
	wantedType, wanted := r.event.Type, r.event.Summary
	moves := slices.ContainsFunc(r.facts, func(f graph.Fact) bool { return f.History && f.Type == dealStage })
	if moves && e.EventType == stageChange {
		from, ok := found["from_stage"].(string)
		if !ok {
			from = "none"
		}
		wantedType, wanted = stageChange, fmt.Sprintf("Stage: %s -> %v", from, found["to_stage"])
	}
	if e.EventType != wantedType {
		v.report(r.difference(Different, "type", wantedType, e.EventType))
	}
	if summary != wanted {
		v.report(r.difference(Different, "summary", v.text(wanted), v.text(summary)))
	}
}

// actor checks who did it. Who came after the event is not written into it.
func (v *Verifier) actor(g *reading, r *record, e *importdb.VerifyListEventsRow) {
	if r.event.Actor.IsZero() {
		return
	}
	found, ok := g.resolved[r.event.Actor]
	switch {
	case !ok || !found.found():
	case e.ActorNodeID == nil && !found.since.IsZero() && !found.since.After(e.CreatedAt):
		v.report(r.difference(Missing, "actor", r.event.Actor.Object, ""))
	case e.ActorNodeID != nil && *e.ActorNodeID != found.id:
		if g.archived[found.id] || v.graph.lookups[r.event.Actor.Object] {
			return
		}
		v.report(r.difference(Different, "actor", r.event.Actor.Object, "another node"))
	}
}

// participants compares the participants that a record names.
func (v *Verifier) participants(g *reading, r *record) {
	for i := range r.participants {
		p := &r.participants[i]
		v.result.Counts.Participants++
		event := p.Event
		if event.IsZero() {
			event = r.ref()
		}
		node, ok := g.resolved[p.Node]
		id := g.target(event)
		what := "participant " + p.Role
		if !ok || !node.found() || g.events[id] == nil {
			if !g.waits(r, "participant", p.Slot, p.Event, p.Node) {
				v.report(r.difference(Missing, what, "a participant, or that it waits for its node or event", ""))
			}
			continue
		}
		row := g.participant(id, node.id, p.Role)
		if row == nil {
			v.report(r.difference(Missing, what, p.Node.Object, ""))
			continue
		}
		found := object(row.Properties)
		for name, said := range object(p.Properties) {
			v.result.Counts.Properties++
			value, there := found[name]
			thing := v.hash("participant", row.EventID.String(), row.NodeID.String(), row.Role, name)
			v.vote(true, thing, there && equal(said, value), func() Difference {
				return r.difference(Different, what+": property "+name, v.value(said), v.value(value))
			})
		}
	}
}

// participant finds a node's part in an event or, if records that have not changed since say it, in one
// that the event revises.
func (g *reading) participant(event, node uuid.UUID, role string) *importdb.VerifyListParticipantsRow {
	for range len(g.events) {
		e := g.events[event]
		if e == nil {
			return nil
		}
		for i, p := range g.taking[event] {
			if p.NodeID == node && p.Role == role {
				return &g.taking[event][i]
			}
		}
		id, err := uuid.Parse(e.Revises)
		if err != nil {
			return nil
		}
		event = id
	}
	return nil
}
