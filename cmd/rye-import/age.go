package main

import (
	"errors"
	"strconv"
	"time"
)

// parseAge reads an age: a number of days or weeks, as 90d or 12w, or of hours, as 36h.
func parseAge(s string) (time.Duration, error) {
	units := map[byte]time.Duration{'h': time.Hour, 'd': 24 * time.Hour, 'w': 7 * 24 * time.Hour}
	const most = 100 * 365 * 24 * time.Hour
	if len(s) > 1 {
		n, err := strconv.ParseUint(s[:len(s)-1], 10, 31)
		if unit := units[s[len(s)-1]]; err == nil && unit > 0 && n > 0 && time.Duration(n) <= most/unit {
			return time.Duration(n) * unit, nil
		}
	}
	return 0, errors.New("an age as 90d, 12w or 36h is wanted")
}
