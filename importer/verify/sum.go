package verify

import (
	"encoding/json"
	"maps"
	"math/big"
	"slices"
	"strings"

	"github.com/projectrye/rye-import/importer/graph"
)

const dealValue = "deal_value"

// sums adds amounts up, those of the export and those of the graph each for itself.
type sums struct {
	total, stage, owner map[string]*pair
}

type pair struct{ source, graph big.Rat }

func newSums() sums {
	return sums{total: make(map[string]*pair), stage: make(map[string]*pair), owner: make(map[string]*pair)}
}

func at(m map[string]*pair, key string) *pair {
	p := m[key]
	if p == nil {
		p = &pair{}
		m[key] = p
	}
	return p
}

func currencyName(s string) string {
	if s == "" {
		return "unknown"
	}
	return s
}

// sum adds the amount of a record, and what the graph holds for its deal. A deal that several records
// share is left out: its value is that of one of them.
func (v *Verifier) sum(g *reading, r *record) {
	own, ok := g.resolved[r.ref()]
	n := g.nodes[own.id]
	if r.Money == nil || !ok || n == nil || n.shared() || n.Others > 0 {
		return
	}
	source, ok := amount(r.Money.Amount)
	if !ok {
		return
	}
	// What a person has set is compared with nothing.
	now := standing(g.chains[factKey{n.ID, dealValue, defaultKey}])
	if v.personal(now) {
		return
	}
	stage, held := v.stagesOf(g, r, n)
	ownerRef, ownerID, owned := g.owner(r)
	owner := "none"
	if owned {
		owner = ownerName(ownerRef)
	}
	currency := currencyName(r.Money.Currency)
	add := func(m map[string]*pair, key string) { p := at(m, key); p.source.Add(&p.source, source) }
	add(v.sums.total, currency)
	add(v.sums.stage, currency+" "+stage)
	add(v.sums.owner, currency+" "+owner)

	if now == nil {
		return
	}
	number, _ := now.claim["amount"].(json.Number)
	found, ok := amount(string(number))
	if !ok {
		return
	}
	code, _ := now.claim["currency"].(string)
	currency = currencyName(code)
	foundOwner := "none"
	if owned {
		foundOwner = "somebody else"
		archived := n.ArchivedAt != nil || g.archived[ownerID]
		if e := pick(g.edges[edgeKey{assignedTo, n.ID, ownerID}], r, &graph.Link{}, archived); e != nil &&
			(archived || e.EffectiveTo == nil || e.Archived || g.edits[field{e.ID, "effective_to"}]) {
			foundOwner = owner
		}
	}
	add = func(m map[string]*pair, key string) { p := at(m, key); p.graph.Add(&p.graph, found) }
	add(v.sums.total, currency)
	add(v.sums.stage, currency+" "+held)
	add(v.sums.owner, currency+" "+foundOwner)
}

// amount reads a decimal. What has an exponent is none: it could be of any length.
func amount(text string) (*big.Rat, bool) {
	if len(text) > 1000 || strings.ContainsAny(text, "eE/") {
		return nil, false
	}
	return new(big.Rat).SetString(text)
}

// stagesOf gives the stage of a deal as the export says it, by the key that it has in the pipeline of the
// deal, and as the graph has it.
func (v *Verifier) stagesOf(g *reading, r *record, n *node) (said, held string) {
	now := standing(g.chains[factKey{n.ID, dealStage, defaultKey}])
	if now != nil {
		held, _ = now.claim["stage"].(string)
	}
	i := slices.IndexFunc(r.facts, func(f graph.Fact) bool { return f.Type == dealStage && f.Subject.IsZero() && f.Claim != nil })
	if i < 0 {
		return held, held // the export does not say it
	}
	claim := object(r.facts[i].Claim)
	if now != nil && (v.says(g, &r.facts[i], n.ID, now, claim) || v.personal(now)) {
		return held, held
	}
	said, _ = claim["stage"].(string)
	return said, held
}

// ownerName tells an owner by the id that the source gives it. A name is nobody's to tell.
func ownerName(ref graph.Ref) string {
	if strings.Contains(ref.Object, ".") {
		return "by name"
	}
	return ref.Object + " " + ref.ID
}

// closeSums writes the sums into the result, and reports those that differ.
func (v *Verifier) closeSums() {
	v.result.Values = v.closeSum("deal_value", v.sums.total)
	v.result.ValuesByStage = v.closeSum("deal_value by stage", v.sums.stage)
	v.result.ValuesByOwner = v.closeSum("deal_value by owner", v.sums.owner)
}

func (v *Verifier) closeSum(what string, of map[string]*pair) map[string]Sum {
	out := make(map[string]Sum, len(of))
	for _, key := range slices.Sorted(maps.Keys(of)) {
		p := of[key]
		out[key] = Sum{Source: money(&p.source), Graph: money(&p.graph)}
		if p.source.Cmp(&p.graph) != 0 {
			v.report(Difference{What: "sum of " + what + ": " + key, Kind: Different, Expected: out[key].Source, Found: out[key].Graph})
		}
	}
	return out
}

// money writes an amount exactly, with two decimals at least.
func money(n *big.Rat) string {
	digits, _ := n.FloatPrec()
	return n.FloatString(max(digits, 2))
}
