package mapping

import (
	"fmt"
	"maps"
	"strings"
)

// Look is what a file shows of itself: its header, the types that JSON records state, and a few of
// its records.
type Look struct {
	Header []string
	Types  []string
	Sample [][]string
}

// Verdict is what object a file holds, and by what that was told.
type Verdict struct {
	Object   string // empty if the file is no object of the mapping
	Evidence string // why it is this object, or why it is none
	Looks    string // the object that its ids tell, where the mapping has no use for it
}

// Detect tells which object of the mapping the records of a file are. The name of the file plays
// no part in it.
func (m *Mapping) Detect(look Look) Verdict {
	for _, r := range m.Refuse {
		if hasAll(indexColumns(look.Header, &Object{}), r.Columns) {
			return Verdict{Evidence: r.Reason}
		}
	}
	if len(look.Types) == 1 {
		if m.Objects[look.Types[0]] != nil {
			return Verdict{Object: look.Types[0], Evidence: "its records state their type"}
		}
		return Verdict{Looks: look.Types[0], Evidence: fmt.Sprintf("its records state the type %s, which is not mapped", look.Types[0])}
	}

	best, bestScore, why, foreign := "", 0, "", ""
	for _, name := range sortedKeys(m.Objects) {
		o := m.Objects[name]
		columns := indexColumns(look.Header, o)
		if !hasAll(columns, o.Recognise.All) {
			continue
		}
		ids := m.lookAtIDs(look.Sample, keyColumn(columns, o))
		byID := ids.object == name
		if !byID {
			if ids.prefix != "" && (ids.object != "" || o.Recognise.Prefix != "") {
				continue // its ids say that it is something else
			}
			if len(o.Recognise.Any) > 0 && !hasAny(columns, o.Recognise.Any) {
				continue
			}
			if hasAny(m.allColumns(look.Header, o), o.Recognise.None) {
				continue
			}
			if ids.foreign {
				foreign = name // another CRM has contacts too
				continue
			}
		}
		if score := countAny(columns, o.Recognise.All) + countAny(columns, o.Recognise.Any); score > bestScore {
			best, bestScore = name, score
			why = "columns " + strings.Join(o.Recognise.All, ", ")
			if byID {
				why = fmt.Sprintf("%s and ids that begin with %s (%d %%)", why, o.Recognise.Prefix, ids.share)
			}
		}
	}
	if best != "" {
		return Verdict{Object: best, Evidence: why}
	}
	ids := m.lookAtIDs(look.Sample, keyColumn(indexColumns(look.Header, &Object{}), &Object{Key: []string{"Id", "Record ID"}}))
	switch {
	case ids.object != "":
		return Verdict{Looks: ids.object, Evidence: fmt.Sprintf("its ids are those of %s, which is not mapped", ids.object)}
	case ids.prefix != "":
		return Verdict{Evidence: fmt.Sprintf("its ids begin with %s, which is no object that the mapping knows", ids.prefix)}
	case foreign != "":
		return Verdict{Evidence: fmt.Sprintf("it has the columns of %s, but its ids are none of %s", foreign, m.Title)}
	}
	return Verdict{Evidence: m.closest(look)}
}

// allColumns finds columns also by the labels that they have on other objects: a report of deals with
// columns of their companies is one of deals.
func (m *Mapping) allColumns(header []string, o *Object) map[string]int {
	columns := indexColumns(header, o)
	written := maps.Clone(columns)
	own := make(map[string]bool)
	for _, labels := range o.Aliases {
		for _, label := range labels {
			own[strings.ToLower(label)] = true
		}
	}
	for _, other := range m.Objects {
		for canonical, labels := range other.Aliases {
			for _, label := range labels {
				label = strings.ToLower(label)
				if i, ok := written[label]; ok && !own[label] {
					columns[strings.ToLower(canonical)] = i
				}
			}
		}
	}
	return columns
}

// keyColumn gives the column with the id of an object's records, or -1.
func keyColumn(columns map[string]int, o *Object) int {
	for _, name := range o.Key {
		if i, ok := columns[strings.ToLower(name)]; ok {
			return i
		}
	}
	return -1
}

// idLook is what the ids of a file show of themselves.
type idLook struct {
	prefix  string // the first characters of most of them; empty if they do not agree
	object  string // the object that has this prefix; empty if the mapping knows none
	share   int    // how many have it, in percent
	foreign bool   // there are ids, and not one has the form of the CRM's
}

// lookAtIDs tells by the ids of a sample what object they are of. It tells nothing where the CRM's ids
// show nothing of themselves.
func (m *Mapping) lookAtIDs(sample [][]string, col int) idLook {
	if len(m.IDs.Prefixes) == 0 || col < 0 {
		return idLook{}
	}
	votes, ids, formed := make(map[string]int), 0, 0
	for _, cells := range sample {
		if col >= len(cells) {
			continue
		}
		id := strings.TrimSpace(cells[col])
		if isNone(id) {
			continue
		}
		ids++
		// Generated data have ids of 16 characters.
		if len(id) >= 15 && len(id) <= 18 && isAlphanumeric(id) {
			formed++
			votes[id[:3]]++
		}
	}
	out := idLook{foreign: ids > 0 && formed == 0}
	for _, prefix := range sortedKeys(votes) {
		if votes[prefix]*10 >= formed*9 {
			out.prefix, out.object, out.share = prefix, m.IDs.Prefixes[prefix], votes[prefix]*100/formed
			break
		}
	}
	return out
}

// closest says why the file is no object: most often because it lacks the id alone.
func (m *Mapping) closest(look Look) string {
	for _, name := range sortedKeys(m.Objects) {
		o := m.Objects[name]
		columns := indexColumns(look.Header, o)
		var lacks []string
		for _, c := range o.Recognise.All {
			if !hasAll(columns, []string{c}) {
				lacks = append(lacks, c)
			}
		}
		isKey := len(lacks) == 1 && len(o.Key) > 0 && lacks[0] == o.Key[0]
		if isKey && countAny(columns, o.Recognise.Any) > 0 && !hasAny(columns, o.Recognise.None) {
			return fmt.Sprintf("it looks like %s, but has no column %s, without which records cannot be told apart", name, lacks[0])
		}
	}
	if columns := indexColumns(look.Header, &Object{}); hasAny(columns, []string{"SystemModstamp", "CreatedById", "LastModifiedById"}) {
		return "no mapping for this object"
	}
	return "its header is that of no object"
}

func hasAll(columns map[string]int, names []string) bool {
	return countAny(columns, names) == len(names)
}

func hasAny(columns map[string]int, names []string) bool {
	return countAny(columns, names) > 0
}

func countAny(columns map[string]int, names []string) int {
	n := 0
	for _, name := range names {
		if _, ok := columns[strings.ToLower(name)]; ok {
			n++
		} else if _, ok := columns[snakeCase(name)]; ok {
			n++
		}
	}
	return n
}
