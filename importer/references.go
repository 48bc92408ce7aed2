package importer

import (
	"cmp"
	"slices"
	"strings"

	"github.com/projectrye/rye-import/importer/graph"
	"github.com/projectrye/rye-import/importer/mapping"
	"github.com/projectrye/rye-import/importer/profile"
	"github.com/projectrye/rye-import/importer/report"
)

// references gathers which records there are and which ones others name, as hashes: eight bytes an id and
// a reference, sixteen a name. Each file has its own, so that nothing is shared while files are read.
type references struct {
	keys  map[string][]uint64 // of the ids, by object
	names map[string][]naming // by lookup
	made  map[string][]uint64 // of pipelines, which come to be with the deals that are in them, by object
	links map[linkKind][]uint64
}

// naming is a name and the record that answers to it.
type naming struct{ name, record uint64 }

// linkKind tells references apart.
type linkKind struct {
	object, link, column string
	target               string // the object or the lookup; empty for any object
}

func newReferences() *references {
	return &references{
		keys: make(map[string][]uint64), names: make(map[string][]naming), made: make(map[string][]uint64), links: make(map[linkKind][]uint64),
	}
}

// add takes what one record became: the only record of the batch.
func (r *references) add(b *graph.Batch, lookups map[string]bool) {
	record := &b.Records[0]
	object := record.Object
	r.keys[object] = append(r.keys[object], profile.Hash(record.ID))
	point := func(link, column string, refs ...graph.Ref) {
		for _, ref := range refs {
			if ref.IsZero() {
				continue
			}
			id := ref.ID
			if lookups[ref.Object] {
				id = strings.ToLower(id)
			}
			kind := linkKind{object: object, link: link, column: column, target: ref.Object}
			r.links[kind] = append(r.links[kind], profile.Hash(id))
		}
	}
	point("same", "", record.Same)
	for i := range b.Links {
		l := &b.Links[i]
		point(l.EdgeType, l.Slot, l.Source, l.Target)
	}
	for i := range b.Participants {
		p := &b.Participants[i]
		point("participant", p.Slot, p.Node)
		point("event", p.Slot, p.Event)
	}
	for i := range b.Events {
		point("actor", "", b.Events[i].Actor)
	}
	for i := range b.Facts {
		point("fact "+b.Facts[i].Type, b.Facts[i].Slot, b.Facts[i].Subject)
	}
	for i := range b.Stages {
		if p := b.Stages[i].Pipeline; !p.IsZero() {
			if id := profile.Hash(p.ID); !slices.Contains(r.made[p.Object], id) {
				r.made[p.Object] = append(r.made[p.Object], id)
			}
		}
	}
	if record.Deleted || record.Kind != graph.KindNode {
		return
	}
	self := graph.Ref{Object: object, ID: record.ID}
	if !record.Same.IsZero() {
		self = record.Same // two records of one node are no two candidates
	}
	for i := range b.Names {
		n := &b.Names[i]
		r.names[n.Lookup] = append(r.names[n.Lookup], naming{profile.Hash(strings.ToLower(n.Name)), profile.Hash(self.Object, self.ID)})
	}
}

// duplicates counts the records of an object whose id another one has too: all but the first of each.
func (r *references) duplicates(object string) int64 {
	keys := r.keys[object]
	slices.Sort(keys)
	return int64(len(keys) - distinct(keys))
}

// distinct counts the values of a sorted list.
func distinct(sorted []uint64) int {
	n := 0
	for i := range sorted {
		if i == 0 || sorted[i] != sorted[i-1] {
			n++
		}
	}
	return n
}

// join takes in what another file has, and leaves it empty.
func (r *references) join(other *references) {
	for object, keys := range other.keys {
		r.keys[object] = append(r.keys[object], keys...)
		delete(other.keys, object)
	}
	for lookup, names := range other.names {
		r.names[lookup] = append(r.names[lookup], names...)
		delete(other.names, lookup)
	}
	for kind, ids := range other.links {
		r.links[kind] = append(r.links[kind], ids...)
		delete(other.links, kind)
	}
	for object, ids := range other.made {
		r.made[object] = append(r.made[object], ids...)
	}
}

// settle tells where all references lead.
func (r *references) settle(m *mapping.Mapping) []report.InspectedLink {
	lookups := lookupsOf(m)
	for object := range r.keys {
		slices.Sort(r.keys[object])
	}
	for lookup := range r.names {
		slices.SortFunc(r.names[lookup], func(a, b naming) int {
			return cmp.Or(cmp.Compare(a.name, b.name), cmp.Compare(a.record, b.record))
		})
	}
	found := make(map[linkKind]*report.InspectedLink)
	for kind, ids := range r.links {
		at := linkKind{object: kind.object, link: kind.link, column: kind.column}
		l := found[at]
		if l == nil {
			l = &report.InspectedLink{Object: kind.object, Link: kind.link, Column: kind.column}
			found[at] = l
		}
		l.References += int64(len(ids))
		if lookups[kind.target] {
			l.ByName = true
			_, derived := m.Derived()[kind.target]
			for _, id := range ids {
				switch n := r.candidates(kind.target, id); {
				case n > 1:
					l.Ambiguous++
				case n == 0 && derived:
					l.Made++
				case n == 0:
					l.Orphans++
				}
			}
			continue
		}
		for _, id := range ids {
			switch {
			case r.has(kind.target, id):
			case slices.Contains(r.made[kind.target], id):
				l.Made++
			default:
				l.Orphans++
			}
		}
	}
	out := make([]report.InspectedLink, 0, len(found))
	for _, l := range found {
		out = append(out, *l)
	}
	slices.SortFunc(out, func(a, b report.InspectedLink) int {
		return cmp.Or(cmp.Compare(a.Object, b.Object), cmp.Compare(a.Link, b.Link), cmp.Compare(a.Column, b.Column))
	})
	return out
}

// has reports whether an object, or any if it is empty, has a record of an id.
func (r *references) has(object string, id uint64) bool {
	if object != "" {
		_, ok := slices.BinarySearch(r.keys[object], id)
		return ok
	}
	for _, keys := range r.keys {
		if _, ok := slices.BinarySearch(keys, id); ok {
			return true
		}
	}
	return false
}

// candidates counts the records that a name fits, up to two.
func (r *references) candidates(lookup string, name uint64) int {
	names := r.names[lookup]
	first, ok := slices.BinarySearchFunc(names, name, func(n naming, name uint64) int { return cmp.Compare(n.name, name) })
	if !ok {
		return 0
	}
	for i := first + 1; i < len(names) && names[i].name == name; i++ {
		if names[i].record != names[first].record {
			return 2
		}
	}
	return 1
}

func lookupsOf(m *mapping.Mapping) map[string]bool {
	lookups := make(map[string]bool)
	for _, name := range m.Lookups() {
		lookups[name] = true
	}
	return lookups
}
