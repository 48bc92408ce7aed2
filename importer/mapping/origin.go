package mapping

import (
	"maps"
	"slices"
)

// PropertyColumns names the columns that a property of an object's nodes is made of, as the mapping writes
// them, in order; none if the mapping does not name the property: then it may be a column of that name.
func (m *Mapping) PropertyColumns(object, property string) []string {
	set := make(map[string]bool)
	for name, o := range m.Objects {
		if m.RecordObject(name) != object || o.Node == nil {
			continue
		}
		all := []map[string]Value{o.Node.Properties, o.Node.Common}
		for _, c := range o.Node.Choose {
			all = append(all, c.Properties)
		}
		for _, properties := range all {
			if v, ok := properties[property]; ok {
				v.columns(set)
			}
		}
	}
	return slices.Sorted(maps.Keys(set))
}

// columns adds the columns that a value reads. An expression is not looked into.
func (v *Value) columns(set map[string]bool) {
	if v.Column != "" {
		set[v.Column] = true
	}
	for i := range v.First {
		v.First[i].columns(set)
	}
	for i := range v.Join {
		v.Join[i].columns(set)
	}
	for _, entry := range v.Object {
		entry.columns(set)
	}
	if v.Ref != nil {
		v.Ref.ID.columns(set)
		if v.Ref.Choose != nil {
			v.Ref.Choose.columns(set)
		}
	}
}
