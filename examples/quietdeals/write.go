package main

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"
)

// write prints the deals by owner, those without one last.
func write(out io.Writer, deals []deal, now time.Time, days int) error {
	var text bytes.Buffer
	fmt.Fprintf(&text, "%s without any event for %d days, %s\n", count(len(deals)), days, date(now))
	for _, group := range byOwner(deals) {
		fmt.Fprintf(&text, "\n%s: %s, %s\n", owner(group[0]), count(len(group)), totals(group))
		table := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
		for _, d := range group {
			last := "never"
			if d.LastEventAt != nil {
				last = date(*d.LastEventAt)
			}
			quiet := int(now.Sub(d.QuietSince).Hours() / 24)
			fmt.Fprintf(table, "  %s\t%s\t%s\t%s\tlast event %s\tquiet for %d days\n",
				or(d.Code, "-"), or(d.Label, "-"), or(d.Stage, "-"), value(d), last, quiet)
		}
		if err := table.Flush(); err != nil {
			return err
		}
	}
	_, err := text.WriteTo(out)
	return err
}

// byOwner groups deals: owners by name, the deals of each by how long they are quiet.
func byOwner(deals []deal) [][]deal {
	groups := map[uuid.UUID][]deal{}
	for _, d := range deals {
		id := uuid.Nil
		if d.AssignedToID != nil {
			id = *d.AssignedToID
		}
		groups[id] = append(groups[id], d)
	}
	for _, group := range groups {
		slices.SortFunc(group, func(a, b deal) int {
			return cmp.Or(a.QuietSince.Compare(b.QuietSince), bytes.Compare(a.NodeID[:], b.NodeID[:]))
		})
	}
	return slices.SortedFunc(maps.Values(groups), func(a, b []deal) int {
		return cmp.Or(isNobody(a[0])-isNobody(b[0]), cmp.Compare(owner(a[0]), owner(b[0])), compareIDs(a[0].AssignedToID, b[0].AssignedToID))
	})
}

func isNobody(d deal) int {
	if d.AssignedToID == nil {
		return 1
	}
	return 0
}

func compareIDs(a, b *uuid.UUID) int {
	if a == nil || b == nil {
		return 0 // there is one group of nobody's deals
	}
	return bytes.Compare(a[:], b[:])
}

func owner(d deal) string {
	if d.AssignedToID == nil {
		return "Nobody"
	}
	return or(d.AssignedToName, "-")
}

// totals sums values, currency by currency.
func totals(deals []deal) string {
	sums := map[string]decimal.Decimal{}
	for _, d := range deals {
		if d.CurrentValue != nil {
			sums[or(d.Currency, "")] = sums[or(d.Currency, "")].Add(*d.CurrentValue)
		}
	}
	if len(sums) == 0 {
		return "no value known"
	}
	var texts []string
	for _, currency := range slices.Sorted(maps.Keys(sums)) {
		texts = append(texts, amount(sums[currency], currency))
	}
	return strings.Join(texts, " + ")
}

func value(d deal) string {
	if d.CurrentValue == nil {
		return "-"
	}
	return amount(*d.CurrentValue, or(d.Currency, ""))
}

func amount(d decimal.Decimal, currency string) string {
	return strings.TrimSpace(d.StringFixed(2) + " " + currency)
}

func date(t time.Time) string { return t.UTC().Format(time.DateOnly) }

func count(n int) string {
	if n == 1 {
		return "1 deal"
	}
	return fmt.Sprint(n, " deals")
}

func or(s *string, otherwise string) string {
	if s == nil {
		return otherwise
	}
	return *s
}
