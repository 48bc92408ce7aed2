package decode

import (
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

// isRejectFile reports whether these are the columns of a reject file.
func isRejectFile(names []string) bool {
	return slices.Contains(names, "_code") && slices.Contains(names, "_run_id")
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
