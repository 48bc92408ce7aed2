package mapping

import (
	_ "embed" // for sketches
	"encoding/json"
	"slices"
	"sync"
)

// Sketch is what of a built-in mapping rules most files out. To read all mappings takes a third of a second and a hundred
// megabytes, as long as to read 50,000 records; to read their sketches takes a few milliseconds.
type Sketch struct {
	Name    string                  `json:"name"`
	Strip   []string                `json:"strip,omitempty"`   // as the mapping's
	Further []string                `json:"further,omitempty"` // what objects cut off, beside it
	Objects map[string]SketchObject `json:"objects"`
}

// SketchObject is what of an object rules files out.
type SketchObject struct {
	Types   []string   `json:"types,omitempty"`   // that its records may state, beside its name
	Columns [][]string `json:"columns,omitempty"` // those that it must have, each as a header may spell it
	Within  bool       `json:"within,omitempty"`  // no file holds it alone: it is not told by columns
}

// SketchesPath is where the sketches stand, from the folder of this package. They are written by its test.
const SketchesPath = "builtin/sketches.json"

//go:embed builtin/sketches.json
var sketches []byte

// Sketches gives a sketch of each built-in mapping, in the order of Names.
var Sketches = sync.OnceValues(func() ([]Sketch, error) {
	var all []Sketch
	err := json.Unmarshal(sketches, &all)
	return all, err
})

// Sketch draws what of the mapping rules files out.
func (m *Mapping) Sketch() Sketch {
	s := Sketch{Name: m.Name, Strip: m.Strip, Further: m.stripOfObjects(), Objects: make(map[string]SketchObject, len(m.Objects))}
	for name, o := range m.Objects {
		columns := make([][]string, len(m.spellings[name]))
		for i, spellings := range m.spellings[name] {
			columns[i] = slices.Compact(slices.Sorted(slices.Values(spellings)))
		}
		s.Objects[name] = SketchObject{Types: o.Recognise.Types, Columns: columns, Within: len(o.Recognise.All)+len(o.Recognise.Any) == 0}
	}
	return s
}

// MayKnow reports whether the mapping may find that a file holds an object of its own. If it reports
// false, Detect finds none.
func (s *Sketch) MayKnow(look Look) bool {
	if len(look.Types) == 1 {
		_, named := s.Objects[look.Types[0]]
		for _, o := range s.Objects {
			named = named || slices.Contains(o.Types, look.Types[0])
		}
		return named
	}
	names := glimpse(look.Header, s.Strip, s.Further)
	for _, o := range s.Objects {
		if !o.Within && lacking(o.Columns, names) == 0 {
			return true
		}
	}
	return false
}
