package report

import (
	"encoding/json"
	"fmt"
	"io"
	"sort"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
)

// FunnelRow sums up the deals in a stage.
type FunnelRow struct {
	Pipeline, Stage, Currency, Total, Weighted string
	Deals                                      int64
}

// DealRow is a deal that is under way.
type DealRow struct {
	Code, Label, Pipeline, Stage, Value, Currency, Owner, Contact string
}

// RecordView is a node with everything that hangs on it.
type RecordView struct {
	Code, Type, Label string
	Properties        json.RawMessage
	CreatedAt         time.Time
	Sources           []string
	Edges             []EdgeView
	Facts             []FactView
	Events            []EventView
}

// EdgeView is an edge seen from the node.
type EdgeView struct {
	Type                             string
	Outbound                         bool
	OtherType, OtherLabel, OtherCode string
	From, To                         *time.Time
}

// FactView is a fact about the node.
type FactView struct {
	Type, Key    string
	Claim        json.RawMessage
	AssertedAt   time.Time
	SupersededAt *time.Time
}

// EventView is an event that the node took part in.
type EventView struct {
	Type, Summary, Role string
	OccurredAt          time.Time
}

// WriteFunnel shows the deals under way by stage.
func WriteFunnel(w io.Writer, rows []FunnelRow, opts TextOptions) {
	p := &printer{w: w, opts: opts}
	t := p.table("Deals under way, by stage", "pipeline", "stage", ">deals", ">value", ">weighted", "")
	for _, r := range rows {
		t.AppendRow(table.Row{r.Pipeline, r.Stage, r.Deals, twoDecimals(r.Total), twoDecimals(r.Weighted), r.Currency})
	}
	t.Render()
}

// WriteDeals shows deals with their owners and contacts.
func WriteDeals(w io.Writer, rows []DealRow, opts TextOptions) {
	p := &printer{w: w, opts: opts}
	t := p.table("Some of them", "code", "deal", "stage", ">value", "", "owner", "contact")
	for _, r := range rows {
		t.AppendRow(table.Row{r.Code, clip(r.Label, 40), r.Stage, twoDecimals(r.Value), r.Currency, r.Owner, r.Contact})
	}
	t.Render()
}

// WriteRecord shows one node with its edges, facts and events.
func WriteRecord(w io.Writer, r *RecordView, opts TextOptions) {
	p := &printer{w: w, opts: opts}
	p.linef("\n%s", p.paint(fmt.Sprintf("One of them in full: %s, %s %q", r.Code, r.Type, r.Label), text.Bold))
	p.linef("  from %s, created there on %s", strings.Join(r.Sources, ", "), r.CreatedAt.UTC().Format(time.DateOnly))
	for _, line := range properties(r.Properties) {
		p.linef("  %s", line)
	}
	p.linef("  %s", p.paint("edges", text.Faint))
	for _, e := range r.Edges {
		arrow, when := "──▶", ""
		if !e.Outbound {
			arrow = "◀──"
		}
		if e.From != nil {
			when = "  since " + e.From.UTC().Format(time.DateOnly)
		}
		if e.To != nil {
			when += "  until " + e.To.UTC().Format(time.DateOnly)
		}
		other := e.OtherLabel
		if e.OtherCode != "" {
			other += " (" + e.OtherCode + ")"
		}
		p.linef("    %s %-17s %s %s%s", arrow, e.Type, e.OtherType, other, when)
	}
	p.linef("  %s", p.paint("facts", text.Faint))
	for _, f := range r.Facts {
		mark, until := "●", "now"
		if f.SupersededAt != nil {
			mark, until = "○", f.SupersededAt.UTC().Format(time.DateOnly)
		}
		kind := f.Type
		if f.Key != "default" {
			kind += "/" + f.Key
		}
		p.linef("    %s %-17s %s → %-10s  %s", mark, kind, f.AssertedAt.UTC().Format(time.DateOnly), until, clip(string(f.Claim), 110))
	}
	p.linef("  %s", p.paint("events", text.Faint))
	for _, e := range r.Events {
		p.linef("    %s  %-13s %s (%s)", e.OccurredAt.UTC().Format(time.DateOnly), e.Type, clip(e.Summary, 70), e.Role)
	}
}

// properties lists the properties of a node, one a line, long ones cut short.
func properties(raw json.RawMessage) []string {
	var m map[string]json.RawMessage
	if json.Unmarshal(raw, &m) != nil {
		return nil
	}
	names := make([]string, 0, len(m))
	for name := range m {
		if name != "code" && name != "name" {
			names = append(names, name)
		}
	}
	sort.Strings(names)
	lines := make([]string, len(names))
	for i, name := range names {
		lines[i] = fmt.Sprintf("%-24s %s", name, clip(strings.Join(strings.Fields(string(m[name])), " "), 80))
	}
	return lines
}

// twoDecimals shows a sum as money; the exact figure is in the graph.
func twoDecimals(s string) string {
	if s == "" {
		return ""
	}
	whole, fraction, _ := strings.Cut(s, ".")
	fraction = (fraction + "00")[:2]
	return Decimal(whole + "." + fraction)
}
