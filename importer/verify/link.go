package verify

import (
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/projectrye/rye-import/importer/graph"
	"github.com/projectrye/rye-import/internal/importdb"
)

// links compares the links of a record with edges.
func (v *Verifier) links(g *reading, r *record) {
	met := make(map[uuid.UUID]bool)
	waiting := make(map[string]bool) // slots of which something waits
	for i := range r.links {
		l := &r.links[i]
		v.result.Counts.Links++
		count := v.result.link(l.EdgeType)
		count.Found++
		source, target, known := g.ends(r, l)
		switch {
		case !known:
			waiting[l.Slot] = true
			if v.unresolved(g, r, l) {
				count.Waiting++
			} else {
				count.Missing++
			}
			continue
		case source == target:
			count.Selves++
			continue
		}
		ended := !l.EffectiveTo.IsZero() || r.Deleted
		e := pick(g.edges[edgeKey{l.EdgeType, source, target}], r, l, ended)
		if e == nil {
			count.Missing++
			v.report(r.difference(Missing, linkName(l), linkEnds(r, l), ""))
			continue
		}
		for _, same := range g.edges[edgeKey{l.EdgeType, source, target}] {
			met[same.ID] = true
		}
		if ended || e.Archived {
			count.Ended++
		} else {
			count.Held++
		}
		if e.Archived && v.edited(g, r, e.ID, "archived_at", linkName(l)) {
			continue
		}
		v.edge(g, r, l, e, ended, g.archived[source] || g.archived[target])
	}
	// What the record said before and says no more must have ended.
	for slot, ids := range g.said[r] {
		for _, id := range ids {
			if !met[id] && !waiting[slot] && !v.edited(g, r, id, "effective_to", "link "+slot+": effective_to") {
				v.report(r.difference(Unexpected, "link "+slot, "", "a current edge to another node than the export says"))
			}
		}
	}
}

func linkName(l *graph.Link) string { return "link " + l.Slot + " (" + l.EdgeType + ")" }

// linkEnds tells between which records a link is. Names are values, ids are not.
func linkEnds(r *record, l *graph.Link) string {
	end := func(ref graph.Ref) string {
		switch {
		case ref.IsZero():
			return r.Object + " " + r.ID
		case strings.Contains(ref.Object, "."):
			return ref.Object
		}
		return strings.TrimSpace(ref.Object + " " + ref.ID)
	}
	return "an edge from " + end(l.Source) + " to " + end(l.Target)
}

// unresolved checks a link of which an end is not there, or is a name that does not fit one node.
func (v *Verifier) unresolved(g *reading, r *record, l *graph.Link) bool {
	if g.waits(r, "link", l.Slot, l.Source, l.Target) {
		return true
	}
	// An edge that was made while a name fitted one node stands when it comes to fit several.
	if len(g.said[r][l.Slot]) > 0 {
		return true
	}
	v.report(r.difference(Missing, linkName(l), linkEnds(r, l)+", or that it waits for one", ""))
	return false
}

// pick takes the edge that a link means of those between its ends: one that is as current as the link is,
// rather the one that this link made. Of several periods of a deleted record it is the last.
func pick(edges []importdb.VerifyListEdgesRow, r *record, l *graph.Link, ended bool) *importdb.VerifyListEdgesRow {
	var best *importdb.VerifyListEdgesRow
	most := -1
	for i := range edges {
		e := &edges[i]
		score := 0
		if !e.Archived {
			score += 8
		}
		if (e.EffectiveTo != nil) == ended {
			score += 4
		}
		if e.Record == r.name() && e.Slot == l.Slot {
			score += 2
		}
		last := ended && !l.EndKnown
		if !last && sameTime(optionalTime(e.EffectiveFrom), l.EffectiveFrom) {
			score++
		}
		if score > most || score == most && last && optionalTime(e.EffectiveTo).After(optionalTime(best.EffectiveTo)) {
			best, most = e, score
		}
	}
	return best
}

// edge compares a link with its edge, of which other records may say more.
func (v *Verifier) edge(g *reading, r *record, l *graph.Link, e *importdb.VerifyListEdgesRow, ended, archived bool) {
	what := linkName(l)
	id := e.ID.String()
	// Of an edge that a person made the source changes nothing.
	own := func(what string) bool {
		if !e.Personal || !e.CreatedAt.Before(v.graph.lastRun) {
			return false
		}
		v.keep(r, v.hash("kept", id, what), what)
		return true
	}
	switch {
	case g.edits[field{e.ID, "effective_to"}]:
		v.keep(r, v.hash("kept", id, "effective_to"), what+": effective_to")
	case ended && e.EffectiveTo == nil:
		v.report(r.difference(Different, what+": effective_to", "an end", "none"))
	case !ended && e.EffectiveTo != nil && !archived:
		v.report(r.difference(Different, what+": effective_to", "no end", v.time(*e.EffectiveTo)))
	case ended && l.EndKnown && !sameTime(*e.EffectiveTo, l.EffectiveTo) &&
		!sameTime(*e.EffectiveTo, latest(l.EffectiveTo, optionalTime(e.EffectiveFrom))):
		v.report(r.difference(Different, what+": effective_to", v.time(l.EffectiveTo), v.time(*e.EffectiveTo)))
	}

	// An edge that came with a change of its record began with the change, and one that stood before the
	// record came began when another record says, as does one of two that a merge of nodes made one.
	replaced, older := false, false
	from := optionalTime(e.EffectiveFrom)
	if row, ok := g.journal[r.ref()]; ok && e.Record != "" {
		replaced = e.Record == r.name() && row.FirstRunNo < e.RunNo &&
			!from.Before(l.EffectiveFrom) && (r.Version.IsZero() || !from.After(latest(r.Version, l.EffectiveFrom)))
		own := g.nodes[g.resolved[r.ref()].id]
		older = e.Record != r.name() && (row.FirstRunNo > e.RunNo || own != nil && own.Merged)
	}
	if !l.EffectiveFrom.IsZero() && !older {
		holds := replaced || sameTime(from, l.EffectiveFrom) || own(what+": effective_from")
		v.vote(true, v.hash("from", id), holds, func() Difference {
			return r.difference(Different, what+": effective_from", v.time(l.EffectiveFrom), v.time(from))
		})
	}
	found := object(e.Properties)
	for name, said := range object(l.Properties) {
		v.result.Counts.Properties++
		value, there := found[name]
		holds := there && (equal(said, value) || replaced && name == "entered_at") ||
			v.edited(g, r, e.ID, "properties."+name, what+": property "+name) || there && own(what+": property "+name)
		v.vote(true, v.hash("edge", id, name), holds, func() Difference {
			if !there {
				return r.difference(Missing, what+": property "+name, v.value(said), "")
			}
			return r.difference(Different, what+": property "+name, v.value(said), v.value(value))
		})
	}
}

// assignedTo is the type of the edge from a deal to who works on it.
const assignedTo = "assigned_to"

// owner gives the node that owns a deal, as the record says it.
func (g *reading) owner(r *record) (graph.Ref, uuid.UUID, bool) {
	i := slices.IndexFunc(r.links, func(l graph.Link) bool { return l.EdgeType == assignedTo && l.Source.IsZero() })
	if i < 0 {
		return graph.Ref{}, uuid.UUID{}, false
	}
	_, target, ok := g.ends(r, &r.links[i])
	return r.links[i].Target, target, ok
}
