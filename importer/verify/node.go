package verify

import (
	"regexp"
	"slices"
	"time"

	"github.com/projectrye/rye-import/importer/graph"
)

// node compares a record with its node. It reports whether there is one with which the rest of the record
// can be compared.
func (v *Verifier) node(g *reading, r *record) bool {
	found, ok := g.resolved[r.ref()]
	if !ok {
		// A record that is nothing but the id of another has no node before that one has come.
		if !r.Same.IsZero() && r.node == nil && g.waits(r, "same", "same", r.Same, graph.Ref{}) {
			return false
		}
		v.report(r.difference(Missing, "the record", "a node", ""))
		return false
	}
	n := g.nodes[found.id]
	if n == nil {
		v.report(r.difference(Missing, "the record", "a node", "a crosswalk row alone"))
		return false
	}
	v.sameness(g, r, n)
	v.twins(g, r, n)
	v.archived(g, r, n)
	if r.node == nil {
		return true
	}
	if n.NodeType != r.node.Type {
		v.vote(n.shared(), v.hash("type", n.ID.String()), false, func() Difference {
			return r.difference(Different, "type", r.node.Type, n.NodeType)
		})
	} else if n.shared() {
		v.votes.agree(v.hash("type", n.ID.String()))
	}
	v.label(g, r, n)
	v.properties(g, r, n)
	v.code(g, r, n)
	return true
}

// sameness finds records that share a node though the export does not say that they are one, and those
// that it says are one and that do not share it.
func (v *Verifier) sameness(g *reading, r *record, n *node) {
	if !r.Same.IsZero() {
		switch other, ok := g.resolved[r.Same]; {
		case ok && other.id != n.ID:
			v.report(r.difference(Different, "crosswalk", "the node of "+r.Same.Object+" "+r.Same.ID, "another node"))
		case !ok && !g.waits(r, "same", "same", r.Same, graph.Ref{}):
			v.report(r.difference(Missing, "crosswalk", "that it waits for "+r.Same.Object+" "+r.Same.ID, ""))
		}
		return
	}
	if n.Records < 2 || n.Merged || v.merged[v.key(r.Object, r.ID)] {
		return // what is merged into another one its survivor checks
	}
	root, taken := v.roots[n.ID]
	if !taken {
		v.roots[n.ID] = r.difference(Different, "crosswalk", "a node of its own", "")
		return
	}
	v.report(r.difference(Different, "crosswalk", "a node of its own", "the node of "+root.Object+" "+root.ID))
	if root.Found == "" { // which of the two it is that does not belong here, nobody can tell
		root.Found = "the node of " + r.Object + " " + r.ID
		v.roots[n.ID] = root
		v.report(root)
	}
}

// twins checks that the ids of the records that were merged into this one lead to its node.
func (v *Verifier) twins(g *reading, r *record, n *node) {
	for i := range r.twins {
		t := r.twins[i].Ref
		switch found, ok := g.resolved[t]; {
		case !ok:
			v.report(r.difference(Missing, "crosswalk", "that "+t.Object+" "+t.ID+" is its node", ""))
		case found.id != n.ID:
			v.report(r.difference(Different, "crosswalk", "that "+t.Object+" "+t.ID+" is its node", "another node"))
		}
	}
}

// archived checks that what is deleted is archived and the rest is not. A node of several records is
// archived when the last of them goes; which that was the export does not tell.
func (v *Verifier) archived(g *reading, r *record, n *node) {
	if n.shared() || n.Others > 0 {
		return
	}
	if r.Deleted != (n.ArchivedAt != nil) && v.edited(g, r, n.ID, "archived_at", "archived") {
		return
	}
	switch {
	case r.Deleted && n.ArchivedAt == nil:
		v.report(r.difference(Different, "archived", "archived, for the record is deleted", "not archived"))
	case !r.Deleted && n.ArchivedAt != nil:
		v.report(r.difference(Different, "archived", "not archived", "archived"))
	}
}

func (v *Verifier) label(g *reading, r *record, n *node) {
	v.result.Counts.Properties++
	said := r.node.Label
	if said == "" {
		return // a label is not taken away
	}
	found := ""
	if n.Label != nil {
		found = *n.Label
	}
	if n.Others > 0 && found != "" {
		return // another source may have named it
	}
	holds := said == found || v.edited(g, r, n.ID, "label", "label")
	v.vote(n.shared(), v.hash("label", n.ID.String()), holds, func() Difference {
		if found == "" {
			return r.difference(Missing, "label", v.text(said), "")
		}
		return r.difference(Different, "label", v.text(said), v.text(found))
	})
}

func (v *Verifier) properties(g *reading, r *record, n *node) {
	for name, said := range object(r.node.Properties) {
		v.property(g, r, n, name, said, true)
	}
	for name, said := range object(r.node.Fill) {
		v.property(g, r, n, name, said, false)
	}
	for _, name := range r.node.Clear {
		v.result.Counts.Properties++
		found, there := n.properties[name]
		if n.Others > 0 {
			continue
		}
		holds := !there || v.edited(g, r, n.ID, "properties."+name, "property "+name)
		v.vote(n.shared(), v.hash("property", n.ID.String(), name), holds, func() Difference {
			return r.difference(Unexpected, "property "+name, "", v.value(found))
		})
	}
}

// property compares one property; exact is whether the value counts, or only that there is one.
func (v *Verifier) property(g *reading, r *record, n *node, name string, said any, exact bool) {
	v.result.Counts.Properties++
	if name == "code" {
		return // that of the graph; see code
	}
	found, there := n.properties[name]
	holds := there && (!exact || n.Others > 0 || equal(said, found))
	if said == nil {
		holds = !there || found == nil
	}
	holds = holds || v.edited(g, r, n.ID, "properties."+name, "property "+name)
	v.vote(n.shared(), v.hash("property", n.ID.String(), name), holds, func() Difference {
		if !there {
			return r.difference(Missing, "property "+name, v.value(said), "")
		}
		return r.difference(Different, "property "+name, v.value(said), v.value(found))
	})
}

var (
	monthlyCode = regexp.MustCompile(`^([A-Z]+)-(\d\d(?:0[1-9]|1[0-2]))-\d{4,}$`)
	namedCode   = regexp.MustCompile(`^PL-\S+$`)
)

// pipelinePrefix is that of codes which are made of names.
const pipelinePrefix = "PL"

// code checks the code of a node: its form, prefix and month, and that it is unique.
func (v *Verifier) code(g *reading, r *record, n *node) {
	if r.node.CodePrefix == "" {
		return
	}
	code, _ := n.properties["code"].(string)
	if code == "" {
		v.report(r.difference(Missing, "code", "a code "+r.node.CodePrefix+"-…", ""))
		return
	}
	if n.ExternalID == nil || *n.ExternalID != code {
		v.report(r.difference(Different, "code", "external_id "+code, "another external_id"))
	}
	if g.codeTwins[code] {
		v.report(r.difference(Different, "code", "a code that no other node has", code))
	}
	if r.node.CodePrefix == pipelinePrefix {
		if !namedCode.MatchString(code) {
			v.report(r.difference(Different, "code", "a code PL-…", code))
		}
		return
	}
	parts := monthlyCode.FindStringSubmatch(code)
	if parts == nil || parts[1] != r.node.CodePrefix && n.Others == 0 {
		v.report(r.difference(Different, "code", "a code "+r.node.CodePrefix+"-YYMM-NNNN", code))
		return
	}
	// The month is that in which the first record of the node was made.
	made := n.CreatedAt
	if !r.CreatedAt.IsZero() && !n.shared() && n.Others == 0 {
		made = r.CreatedAt
		if !sameTime(made, n.CreatedAt) {
			v.report(r.difference(Different, "created_at", v.time(made), v.time(n.CreatedAt)))
		}
	}
	if month := made.UTC().Format("0601"); month != parts[2] {
		v.report(r.difference(Different, "code", "a code of "+month, code))
	}
}

// latest gives the latest of some times.
func latest(times ...time.Time) time.Time {
	return slices.MaxFunc(times, time.Time.Compare)
}
