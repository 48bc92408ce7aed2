package mapping

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"github.com/projectrye/rye-import/importer/graph"
)

// ExampleFailure is an example that gives something else than it says.
type ExampleFailure struct {
	Example     int    // its place among the examples, from 0
	Line        int    // where it begins in the text of the mapping; 0 if that is not known
	Object      string // of its row
	Differences []Difference
}

// Difference is what an example should give and what it gives; blank where that is nothing.
type Difference struct {
	What string // as properties.email
	Want string
	Got  string
}

func (f ExampleFailure) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "example %d (%s)", f.Example+1, f.Object)
	if f.Line > 0 {
		fmt.Fprintf(&b, " on line %d", f.Line)
	}
	for _, d := range f.Differences {
		fmt.Fprintf(&b, "\n  %s\n    - %s\n    + %s", d.What, cmp.Or(d.Want, "nothing"), cmp.Or(d.Got, "nothing"))
	}
	return b.String()
}

// CheckExamples maps the rows of the examples and compares what they give with what they say; what an
// example does not name is not compared. Of properties and claims that are objects, again only what is
// named is; a null says that there is nothing.
func (m *Mapping) CheckExamples() []ExampleFailure {
	var failures []ExampleFailure
	var lines []int
	for i := range m.Examples {
		e := &m.Examples[i]
		if differences := m.tryExample(e); len(differences) > 0 {
			f := ExampleFailure{Example: i, Object: e.Object, Differences: differences}
			if failures == nil {
				lines = linesOfExamples(m.text)
			}
			if i < len(lines) {
				f.Line = lines[i]
			}
			failures = append(failures, f)
		}
	}
	return failures
}

func (m *Mapping) tryExample(e *Example) []Difference {
	header := sortedKeys(e.Row)
	cells := make([]string, len(header))
	for i, name := range header {
		cells[i] = e.Row[name]
	}
	plan, err := m.Compile(e.Object, header, Settings{})
	if err != nil {
		return []Difference{{What: "object", Want: e.Object, Got: err.Error()}}
	}
	b := &graph.Batch{}
	skipped, err := plan.NewMapper().Map(b, 1, 1, cells)
	rejected, why := "", ""
	var fe *FieldError
	if errors.As(err, &fe) {
		rejected, why = fe.Code, fmt.Sprintf("%s (%v)", fe.Code, fe)
	}
	c := &comparer{}
	if rejected != e.Gives.Rejected {
		c.differ("rejected", e.Gives.Rejected, why)
	}
	if skipped != e.Gives.Skipped {
		c.differ("skipped", e.Gives.Skipped, skipped)
	}
	if rejected != "" || skipped != "" || len(c.differences) > 0 {
		return c.differences
	}
	c.gives(&e.Gives, b)
	return c.differences
}

// comparer gathers what differs.
type comparer struct{ differences []Difference }

func (c *comparer) differ(what, want, got string) {
	c.differences = append(c.differences, Difference{What: what, Want: want, Got: got})
}

func (c *comparer) text(what, want, got string) {
	if want != "" && want != got {
		c.differ(what, want, got)
	}
}

func (c *comparer) gives(g *Gives, b *graph.Batch) {
	c.text("id", g.ID, b.Records[0].ID)
	var typ, label string
	var properties []byte
	switch {
	case len(b.Nodes) > 0:
		typ, label, properties = b.Nodes[0].Type, b.Nodes[0].Label, b.Nodes[0].Properties
	case len(b.Events) > 0:
		typ, label, properties = b.Events[0].Type, b.Events[0].Summary, b.Events[0].Properties
	case b.Records[0].Kind == graph.KindEdge && len(b.Links) > 0:
		typ, properties = b.Links[0].EdgeType, b.Links[0].Properties
	case b.Records[0].Kind == graph.KindParticipant && len(b.Participants) > 0:
		typ, properties = b.Participants[0].Role, b.Participants[0].Properties
	}
	c.text("type", g.Type, typ)
	c.text("label", g.Label, label)
	if len(b.Nodes) > 0 && b.Nodes[0].Fill != nil {
		properties = slices.Concat(properties, b.Nodes[0].Fill)
	}
	c.entries("properties", g.Properties, decodeEntries(properties))
	c.twins(g.Merged, b.Twins)
	c.links(g.Links, b.Links)
	c.facts(g.Facts, b.Facts)
	c.participants(g.Participants, b.Participants)
}

func (c *comparer) twins(want []string, got []graph.Twin) {
	found := make([]string, len(got))
	for i, t := range got {
		found[i] = endText(t.Ref)
	}
	for i, w := range want {
		if !slices.Contains(found, w) {
			c.differ(fmt.Sprintf("merged[%d]", i), w, strings.Join(found, ", "))
		}
	}
}

func (c *comparer) links(want []GivesLink, got []graph.Link) {
	for i, w := range want {
		fits := func(l graph.Link) bool {
			return (w.Type == "" || w.Type == l.EdgeType) && (w.From == "" || w.From == endText(l.Source)) && (w.To == "" || w.To == endText(l.Target))
		}
		if !slices.ContainsFunc(got, fits) {
			found := make([]string, len(got))
			for j, l := range got {
				found[j] = linkText(l.EdgeType, endText(l.Source), endText(l.Target))
			}
			c.differ(fmt.Sprintf("links[%d]", i), linkText(w.Type, w.From, w.To), strings.Join(found, ", "))
		}
	}
}

func (c *comparer) facts(want []GivesFact, got []graph.Fact) {
	for i, w := range want {
		fits := func(f graph.Fact) bool {
			var inner comparer
			inner.entries("", w.Claim, decodeEntries(f.Claim))
			return (w.Type == "" || w.Type == f.Type) && len(inner.differences) == 0
		}
		if !slices.ContainsFunc(got, fits) {
			found := make([]string, len(got))
			for j, f := range got {
				found[j] = strings.TrimSpace(f.Type + " " + string(f.Claim))
			}
			c.differ(fmt.Sprintf("facts[%d]", i), strings.TrimSpace(w.Type+" "+jsonOf(w.Claim)), strings.Join(found, ", "))
		}
	}
}

func (c *comparer) participants(want []GivesParticipant, got []graph.Participant) {
	for i, w := range want {
		fits := func(p graph.Participant) bool {
			return (w.Role == "" || w.Role == p.Role) && (w.Node == "" || w.Node == endText(p.Node))
		}
		if !slices.ContainsFunc(got, fits) {
			found := make([]string, len(got))
			for j, p := range got {
				found[j] = p.Role + " " + endText(p.Node)
			}
			c.differ(fmt.Sprintf("participants[%d]", i), w.Role+" "+w.Node, strings.Join(found, ", "))
		}
	}
}

// endText names a record as examples do, as Account:001.
func endText(r graph.Ref) string {
	if r.IsZero() || r.Object == "" {
		return r.ID
	}
	return r.Object + ":" + r.ID
}

func linkText(typ, from, to string) string {
	s := typ
	if from != "" {
		s += " from " + from
	}
	if to != "" {
		s += " to " + to
	}
	return s
}

// entries compares those entries of an object that are wanted.
func (c *comparer) entries(what string, want, got map[string]any) {
	for _, name := range sortedKeys(want) {
		path := name
		if what != "" {
			path = what + "." + name
		}
		g, there := got[name]
		c.value(path, want[name], g, there)
	}
}

func (c *comparer) value(what string, want, got any, there bool) {
	inner, isObject := want.(map[string]any)
	object, isAlso := got.(map[string]any)
	switch {
	case want == nil:
		if got != nil {
			c.differ(what, "", jsonOf(got))
		}
	case !there:
		c.differ(what, jsonOf(want), "")
	case isObject && isAlso:
		c.entries(what, inner, object)
	default:
		if w, g := jsonOf(want), jsonOf(got); w != g {
			c.differ(what, w, g)
		}
	}
}

// decodeEntries reads one JSON object, or several as one.
func decodeEntries(text []byte) map[string]any {
	all := make(map[string]any)
	dec := json.NewDecoder(strings.NewReader(string(text)))
	dec.UseNumber()
	for dec.More() {
		var entries map[string]any
		if dec.Decode(&entries) != nil {
			break // unreachable: it was made here
		}
		maps.Copy(all, entries)
	}
	return all
}

// jsonOf writes a value so that equal values are equal texts, be they of YAML or of JSON.
func jsonOf(v any) string {
	switch x := v.(type) {
	case json.Number:
		return numberText(x.String())
	case float64:
		return numberText(strconv.FormatFloat(x, 'f', -1, 64))
	case int, int64, uint64:
		return numberText(fmt.Sprint(x))
	case []any:
		parts := make([]string, len(x))
		for i, e := range x {
			parts[i] = jsonOf(e)
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case map[string]any:
		parts := make([]string, 0, len(x))
		for _, k := range sortedKeys(x) {
			parts = append(parts, strconv.Quote(k)+": "+jsonOf(x[k]))
		}
		return "{" + strings.Join(parts, ", ") + "}"
	}
	text, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(text)
}

func numberText(s string) string {
	if n, err := canonicalNumber(s); err == nil {
		return n
	}
	return s
}

// linesOfExamples finds where the examples begin in the text of a mapping.
func linesOfExamples(text []byte) []int {
	file, err := parser.ParseBytes(text, 0)
	if err != nil || len(file.Docs) == 0 {
		return nil
	}
	sequence, ok := nodeAt(file.Docs[0].Body, "examples").(*ast.SequenceNode)
	if !ok {
		return nil
	}
	lines := make([]int, len(sequence.Values))
	for i, v := range sequence.Values {
		lines[i] = firstLineOf(v)
	}
	return lines
}

// firstLineOf gives the line on which a node begins.
func firstLineOf(n ast.Node) int {
	if m, ok := n.(*ast.MappingNode); ok && len(m.Values) > 0 && !m.IsFlowStyle {
		n = m.Values[0].Key
	}
	return n.GetToken().Position.Line
}

// nodeAt gives what stands under some keys; nil if nothing does.
func nodeAt(n ast.Node, keys ...string) ast.Node {
	for _, key := range keys {
		m, ok := n.(*ast.MappingNode)
		if !ok {
			return nil
		}
		n = nil
		for _, v := range m.Values {
			if v.Key.GetToken().Value == key {
				n = v.Value
			}
		}
	}
	return n
}
