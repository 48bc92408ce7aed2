// Package pick chooses which files a source reads tonight, of all that its paths match.
package pick

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Newest is a rule for choosing among what a path matches.
type Newest string

// The rules.
const (
	// NewestNone takes all.
	NewestNone Newest = ""
	// NewestDate takes what carries the latest date in its name, as 2024-05-06, 20240506 or
	// 2024-05-06_0130. If several carry it, they are the parts of one export, and all are taken.
	NewestDate Newest = "date"
	// NewestModified takes the one that was changed last, and no other.
	NewestModified Newest = "modified"
)

// Rules are the rules that there are.
func Rules() []Newest { return []Newest{NewestDate, NewestModified} }

// Options say how is chosen.
type Options struct {
	// Newest is the rule. Defaults to all that match.
	Newest Newest
	// PerName applies the rule to each name apart. Names are compared without the dates in them, so
	// that contacts-2024-05-06.csv and deals-2024-05-05.csv are both the newest of their name.
	PerName bool
	// Optional lets a path match nothing. Defaults to an error.
	Optional bool
}

// Choice is what was chosen.
type Choice struct {
	Paths  []string // in the order of the patterns, then by name
	Passed int      // how many matched and were passed over for newer ones
}

// NoMatchError says that a path or a pattern matches nothing.
type NoMatchError struct {
	Pattern string
}

func (e *NoMatchError) Error() string {
	return fmt.Sprintf("nothing matches %s: the export has not come, or its folder cannot be read", e.Pattern)
}

// NoDateError says that the name of something that a pattern matches shows no date.
type NoDateError struct {
	Path string
}

func (e *NoDateError) Error() string {
	return fmt.Sprintf("%s: its name has no date as 2024-05-06 or 20240506; make the pattern narrower, or say newest: modified", e.Path)
}

// Paths chooses of what patterns match, each by itself. A pattern is a path, or has * ? [a-z] as
// path.Match knows them; the star does not match a hidden file unless it follows the dot. Something
// that two patterns match is given once. Errors: *NoMatchError, *NoDateError, those of the file
// system, and filepath.ErrBadPattern.
func Paths(patterns []string, opts Options) (Choice, error) {
	var choice Choice
	for _, pattern := range patterns {
		found, err := match(pattern, opts.Newest == NewestModified)
		if err != nil {
			return Choice{}, err
		}
		if len(found) == 0 && !opts.Optional {
			return Choice{}, &NoMatchError{Pattern: pattern}
		}
		kept, err := newest(found, opts)
		if err != nil {
			return Choice{}, err
		}
		choice.Passed += len(found) - len(kept)
		for _, c := range kept {
			if !slices.Contains(choice.Paths, c.path) {
				choice.Paths = append(choice.Paths, c.path)
			}
		}
	}
	return choice, nil
}

// candidate is something that a pattern matches.
type candidate struct {
	path     string
	varying  string // the part of the path in which the matches of a pattern differ
	modified time.Time
}

func match(pattern string, stat bool) ([]candidate, error) {
	if _, err := os.Lstat(pattern); err == nil { // a name may have brackets
		return []candidate{{path: pattern}}, nil
	} else if !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("looking for %s: %w", pattern, err)
	}
	paths, err := filepath.Glob(pattern)
	if err != nil {
		return nil, fmt.Errorf("pattern %s: %w", pattern, err)
	}
	fixed := len(prefix(pattern))
	var found []candidate
	for _, p := range paths {
		if hidden(p, pattern) {
			continue
		}
		c := candidate{path: p, varying: p[min(fixed, len(p)):]}
		if stat {
			info, err := os.Stat(p)
			if err != nil {
				return nil, fmt.Errorf("looking when it was changed: %w", err)
			}
			c.modified = info.ModTime()
		}
		found = append(found, c)
	}
	slices.SortFunc(found, func(a, b candidate) int { return cmp.Compare(a.path, b.path) })
	return found, nil
}

// prefix gives the folders that a pattern names without wildcards.
func prefix(pattern string) string {
	if i := strings.IndexAny(pattern, `*?[`); i >= 0 {
		pattern = pattern[:i]
	}
	dir, _ := filepath.Split(pattern)
	return dir
}

// hidden reports whether a path goes through a hidden name that the pattern does not ask for: it may
// be a file that is still being written.
func hidden(path, pattern string) bool {
	asked := strings.Split(filepath.Clean(pattern), string(filepath.Separator))
	for i, name := range strings.Split(filepath.Clean(path), string(filepath.Separator)) {
		if strings.HasPrefix(name, ".") && i < len(asked) && !strings.HasPrefix(asked[i], ".") {
			return true
		}
	}
	return false
}

// newest applies the rule to the matches of one pattern.
func newest(found []candidate, opts Options) ([]candidate, error) {
	if opts.Newest == NewestNone || len(found) == 0 || len(found) == 1 && found[0].varying == "" {
		return found, nil
	}
	type best struct {
		stamp string
		at    candidate
	}
	of := make(map[string]best)
	stamps, names := make([]string, len(found)), make([]string, len(found))
	for i, c := range found {
		stamp, name := dated(filepath.ToSlash(c.varying))
		if opts.Newest == NewestDate && stamp == "" {
			return nil, &NoDateError{Path: c.path}
		}
		if opts.PerName {
			names[i] = name
		}
		stamps[i] = stamp
		b, ok := of[names[i]]
		switch {
		case !ok,
			opts.Newest == NewestDate && stamp > b.stamp,
			opts.Newest == NewestModified && !c.modified.Before(b.at.modified): // of two at once, the later by name
			of[names[i]] = best{stamp, c}
		}
	}
	var kept []candidate
	for i, c := range found {
		b := of[names[i]]
		if opts.Newest == NewestDate && stamps[i] == b.stamp || opts.Newest == NewestModified && c.path == b.at.path {
			kept = append(kept, c)
		}
	}
	return kept, nil
}
