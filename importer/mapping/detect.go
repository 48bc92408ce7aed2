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

	told, prefix, share := m.prefixOf(look)
	best, bestScore, why := "", 0, ""
	for _, name := range sortedKeys(m.Objects) {
		o := m.Objects[name]
		columns := indexColumns(look.Header, o)
		if !hasAll(columns, o.Recognise.All) {
			continue
		}
		byID := told != "" && told == name
		if !byID {
			if told != "" || prefix != "" && o.Recognise.Prefix != "" {
				continue // its ids say that it is something else
			}
			if len(o.Recognise.Any) > 0 && !hasAny(columns, o.Recognise.Any) {
				continue
			}
			if hasAny(m.allColumns(look.Header, o), o.Recognise.None) {
				continue
			}
		}
		if score := countAny(columns, o.Recognise.All) + countAny(columns, o.Recognise.Any); score > bestScore {
			best, bestScore = name, score
			why = "columns " + strings.Join(o.Recognise.All, ", ")
			if byID {
				why = fmt.Sprintf("%s and ids that begin with %s (%d %%)", why, o.Recognise.Prefix, share)
			}
		}
	}
	if best != "" {
		return Verdict{Object: best, Evidence: why}
	}
	if told != "" {
		return Verdict{Looks: told, Evidence: fmt.Sprintf("its ids are those of %s, which is not mapped", told)}
	}
	if prefix != "" {
		return Verdict{Evidence: fmt.Sprintf("its ids begin with %s, which is no object that the mapping knows", prefix)}
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

// prefixOf tells the object by the first characters of the ids in the sample, if most of those
// that look like ids at all agree; or the prefix alone, if it is that of no known object.
func (m *Mapping) prefixOf(look Look) (object, prefix string, share int) {
	if len(m.IDs.Prefixes) == 0 {
		return "", "", 0
	}
	col := -1
	for _, name := range []string{"id", "record id"} {
		if i, ok := indexColumns(look.Header, &Object{})[name]; ok {
			col = i
			break
		}
	}
	if col < 0 {
		return "", "", 0
	}
	votes, total := make(map[string]int), 0
	for _, cells := range look.Sample {
		if col >= len(cells) {
			continue
		}
		id := strings.TrimSpace(cells[col])
		if (len(id) == 15 || len(id) == 18) && isAlphanumeric(id) {
			total++
			votes[id[:3]]++
		}
	}
	for _, prefix := range sortedKeys(votes) {
		if votes[prefix]*10 >= total*9 {
			return m.IDs.Prefixes[prefix], prefix, votes[prefix] * 100 / total
		}
	}
	return "", "", 0
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
		} else if hasMembers(columns, name) || hasMembers(columns, snakeCase(name)) {
			n++
		}
	}
	return n
}
