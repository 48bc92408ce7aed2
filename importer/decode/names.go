package decode

import (
	"math"
	"slices"
	"strconv"
	"strings"
)

// emptyName names the column at place i, which has no name.
func emptyName(i int) string { return "column_" + strconv.Itoa(i+1) }

// uniqueName returns name, or name with a number after it if it is taken, and takes it. The values
// of taken are the last numbers used, so that many equal names cost no search.
func uniqueName(name string, taken map[string]int) string {
	n, ok := taken[name]
	if !ok {
		taken[name] = 1
		return name
	}
	for {
		n++
		numbered := name + " (" + strconv.Itoa(n) + ")"
		if _, ok := taken[numbered]; !ok {
			taken[name] = n
			taken[numbered] = 1
			return numbered
		}
	}
}

// trailer are the columns that a reject file has after those of the source.
var trailer = []string{"_file", "_line", "_column", "_value", "_code", "_reason", "_stage", "_run_id"}

// isRejectFile reports whether these are the columns of a reject file. Who repairs one may take some of
// its own columns out; two of them are no coincidence.
func isRejectFile(names []string) bool {
	n := 0
	for _, name := range trailer {
		if slices.Contains(names, name) {
			n++
		}
	}
	return n >= 2
}

// origins are the places of the columns of a reject file that tell where a row comes from, -1 for one
// that is not there.
type origins struct{ runID, file, line int }

func originsOf(names []string) *origins {
	return &origins{slices.Index(names, "_run_id"), slices.Index(names, "_file"), slices.Index(names, "_line")}
}

// of tells where a row comes from, as far as it says so.
func (o *origins) of(cells []string) *Origin {
	if o == nil {
		return nil
	}
	text := func(place int) string {
		if place < 0 || place >= len(cells) {
			return ""
		}
		return strings.TrimSpace(cells[place])
	}
	line, err := strconv.Atoi(text(o.line))
	if err != nil || line < 1 || line > math.MaxInt32 {
		line = 0
	}
	return &Origin{RunID: strings.ToValidUTF8(text(o.runID), ""), File: text(o.file), Line: line}
}

// sourceColumns returns the places of the columns of a reject file that come from the source.
func sourceColumns(names []string) []int {
	var keep []int
	for i, n := range names {
		if !strings.HasPrefix(n, "_") {
			keep = append(keep, i)
		}
	}
	return keep
}

// pick returns the cells at the places keep, or cells itself if keep is nil.
func pick(cells []string, keep []int) []string {
	if keep == nil {
		return cells
	}
	picked := make([]string, len(keep))
	for i, k := range keep {
		if k < len(cells) {
			picked[i] = cells[k]
		}
	}
	return picked
}
