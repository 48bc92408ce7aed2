package verify

import (
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/projectrye/rye-import/importer/graph"
)

// facts compares the facts of a record with assertions.
func (v *Verifier) facts(g *reading, r *record) {
	for i := range r.facts {
		f := &r.facts[i]
		v.result.Counts.Facts++
		subject, ok := g.subject(r, f)
		if !ok {
			if !g.waits(r, "fact", f.Slot, f.Subject, graph.Ref{}) {
				v.report(r.difference(Missing, factName(f), "an assertion, or that it waits for its subject", ""))
			}
			continue
		}
		chain := g.chains[factKey{subject, f.Type, f.Key}]
		n := g.nodes[subject]
		v.chain(r, f, subject, chain, n != nil && n.Merged)
		switch {
		case f.Claim == nil:
			v.withdrawn(r, f, subject, chain)
		case f.History:
			v.past(g, r, f, subject, chain, n)
		default:
			v.current(g, r, f, subject, chain, n)
		}
	}
}

func factName(f *graph.Fact) string {
	name := "fact " + f.Type
	if f.Key != defaultKey {
		name += " " + f.Key
	}
	return name
}

const defaultKey = "default"

// standing gives the current fact of a chain.
func standing(chain []*assertion) *assertion {
	for _, a := range chain {
		if a.SupersededAt == nil {
			return a
		}
	}
	return nil
}

// withdrawn checks that a fact which a record takes back does not stand any more: another record, or
// somebody in the graph, may say it all the same.
func (v *Verifier) withdrawn(r *record, f *graph.Fact, subject uuid.UUID, chain []*assertion) {
	now := standing(chain)
	if now == nil || now.Record != r.name() {
		return
	}
	v.vote(true, v.hash("fact", subject.String(), f.Type, f.Key), false, func() Difference {
		return r.difference(Unexpected, factName(f), "", v.value(now.claim))
	})
}

// current checks a fact that holds now. Of several records about one subject any may have the last word.
func (v *Verifier) current(g *reading, r *record, f *graph.Fact, subject uuid.UUID, chain []*assertion, n *node) {
	now := standing(chain)
	said := object(f.Claim)
	holds := now != nil && (n != nil && n.Others > 0 || v.says(g, f, subject, now, said))
	if !holds && v.personal(now) {
		v.keep(r, v.hash("kept", now.ID.String()), factName(f))
		holds = true
	}
	v.vote(true, v.hash("fact", subject.String(), f.Type, f.Key), holds, func() Difference {
		if now == nil {
			return r.difference(Missing, factName(f), v.value(said), "")
		}
		return r.difference(Different, factName(f), v.value(said), v.value(now.claim))
	})
}

// past checks a fact of history: what held at its time says it.
func (v *Verifier) past(g *reading, r *record, f *graph.Fact, subject uuid.UUID, chain []*assertion, n *node) {
	at := f.AssertedAt
	if at.IsZero() {
		at = r.Version
	}
	if at.IsZero() {
		at = r.CreatedAt
	}
	said := object(f.Claim)
	var held *assertion
	for _, a := range chain {
		if !at.IsZero() && !heldAt(a, at) {
			continue
		}
		if held = a; v.says(g, f, subject, a, said) {
			return
		}
	}
	if n != nil && n.Merged {
		return // the history of a node that was folded into another stays with it
	}
	if v.personal(held) {
		v.keep(r, v.hash("kept", held.ID.String()), factName(f))
		return
	}
	if held == nil {
		v.report(r.difference(Missing, factName(f)+" at "+v.time(at), v.value(said), ""))
		return
	}
	v.report(r.difference(Different, factName(f)+" at "+v.time(at), v.value(said), v.value(held.claim)))
}

// heldAt reports whether a fact held at a time. Of several in one moment the first says what held until
// then, and is the fact before it if it says the same.
func heldAt(a *assertion, at time.Time) bool {
	t := at.UnixMicro()
	return t >= a.AssertedAt.UnixMicro() && (a.SupersededAt == nil || t <= a.SupersededAt.UnixMicro())
}

// says reports whether an assertion says what a fact does. A stage is said by the key that the pipeline of
// the deal gives it.
func (v *Verifier) says(g *reading, f *graph.Fact, subject uuid.UUID, a *assertion, said map[string]any) bool {
	if f.Type != dealStage {
		return equal(said, a.claim)
	}
	label, ok := said["label"].(string)
	if !ok {
		return equal(said["stage"], a.claim["stage"])
	}
	code, ok := a.claim["pipeline"].(string)
	if !ok {
		return equal(said["stage"], a.claim["stage"])
	}
	for _, id := range g.deals[subject] {
		p := g.pipelines[id]
		if p == nil || p.code != code {
			continue
		}
		if slices.ContainsFunc(p.stages, func(s pipelineStage) bool { return s.named(label) && a.claim["stage"] == s.Key }) {
			return true
		}
	}
	return false
}

// chain checks that the facts of one kind about one subject are a chain, each superseding the one before
// it at the time from which it holds itself, and at most one of them current.
func (v *Verifier) chain(r *record, f *graph.Fact, subject uuid.UUID, chain []*assertion, merged bool) {
	if len(chain) == 0 {
		return
	}
	broken := func(what, expected string) {
		v.votes.differ(v.hash("chain", subject.String(), f.Type, f.Key), r.difference(Different, factName(f)+": "+what, expected, "something else"))
	}
	byID := make(map[uuid.UUID]*assertion, len(chain))
	current := 0
	for _, a := range chain {
		byID[a.ID] = a
		if a.SupersededAt == nil {
			current++
		}
	}
	if current > 1 {
		broken("current", "one assertion")
	}
	if merged {
		return // chains of two nodes have met
	}
	before := make(map[uuid.UUID]*assertion, len(chain))
	for _, a := range chain {
		if a.SupersededBy == nil {
			continue
		}
		next := byID[*a.SupersededBy]
		switch {
		case next == nil || next == a || before[next.ID] != nil:
			broken("superseded_by", "the assertion that follows")
			return
		case a.SupersededAt == nil:
			broken("superseded_at", "a time, for it is superseded")
		case !sameTime(*a.SupersededAt, latest(next.AssertedAt, a.AssertedAt)):
			broken("superseded_at", "the time of the assertion that follows")
		}
		before[next.ID] = a
	}
	for _, a := range chain {
		if a.SupersededBy == nil && a.SupersededAt != nil && follows(a, chain, before) {
			broken("superseded_by", "the assertion that follows")
		}
		if a.Record == "" {
			continue // somebody recorded it in the graph
		}
		if a.Restored {
			continue // an undo asserted anew what was true before
		}
		if a.EffectiveAt == nil || !sameTime(*a.EffectiveAt, a.AssertedAt) {
			broken("effective_at", "the time at which it was asserted")
		}
		if a.AssertionType == dealStage {
			v.move(a, before[a.ID], broken)
		}
	}
}

// follows reports whether something begins where a fact ends that names no successor: what was withdrawn
// has none. Nothing follows itself; who says the same again has withdrawn it first.
func follows(a *assertion, chain []*assertion, before map[uuid.UUID]*assertion) bool {
	return slices.ContainsFunc(chain, func(next *assertion) bool {
		return next != a && before[next.ID] == nil && sameTime(latest(next.AssertedAt, a.AssertedAt), *a.SupersededAt) &&
			!next.AssertedAt.Before(a.AssertedAt) && !equal(next.claim, a.claim)
	})
}

// move checks what a deal's stage says of the stage before it, and the event of a move that no record
// tells. History that came later went between the two.
func (v *Verifier) move(a, before *assertion, broken func(what, expected string)) {
	if before != nil && before.Record != "" && before.RunNo <= a.RunNo && !equal(a.claim["moved_from"], before.claim["stage"]) {
		broken("moved_from", "the stage before")
	}
	if a.MovedAt == nil {
		return
	}
	if !sameTime(*a.MovedAt, a.AssertedAt) {
		broken("the time of its stage_change event", "the time of the fact")
	}
	if a.MovedTo != a.claim["stage"] {
		broken("to_stage of its stage_change event", "the stage")
	}
	if !a.Moved {
		broken("the participant of its stage_change event", "the deal as its subject")
	}
}
