// Package spell finds the word that somebody may have meant.
package spell

import (
	"fmt"
	"strings"
)

// Suggest names the word that is spelled most like another one, as the end of an error message. It is empty
// if none is spelled so.
func Suggest[T ~string](word string, words []T) string {
	best, distance := "", 3
	for _, w := range words {
		if d := editDistance(strings.ToLower(word), strings.ToLower(string(w))); d < distance && d*2 < len(word)+1 {
			best, distance = string(w), d
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf("; did you mean %q?", best)
}

// editDistance counts the letters to be changed, added or left out to make one word of another.
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(diagonal+cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
