package report

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
)

// What a verification may come to.
const (
	StatusVerified  = "verified"
	StatusDifferent = "different"
)

// Verification is the result of comparing an export with the graph. Its JSON form is the contract of
// verify --output json.
type Verification struct {
	Command     string                    `json:"command"`
	Status      string                    `json:"status"` // verified, different, or failed
	Source      string                    `json:"source"`
	CRM         string                    `json:"crm"`
	Mapping     string                    `json:"mapping"`
	StartedAt   time.Time                 `json:"started_at"`
	FinishedAt  time.Time                 `json:"finished_at"`
	Seconds     float64                   `json:"seconds"`
	Files       []File                    `json:"files"`
	Skipped     []Skipped                 `json:"skipped,omitempty"`
	Counts      VerifiedCounts            `json:"counts"`
	Objects     map[string]VerifiedObject `json:"objects"`
	Links       map[string]VerifiedLink   `json:"links"`
	Sums        map[string]map[string]Sum `json:"sums"`
	Differences []Difference              `json:"differences"` // the first 100
	Kept        VerifiedKept              `json:"kept"`
	Warnings    []string                  `json:"warnings,omitempty"`
	Error       string                    `json:"error,omitempty"`
}

// NewVerification makes one of which nothing is known but that it has not come to its end.
func NewVerification(started time.Time) *Verification {
	return &Verification{
		Command: "verify", Status: "failed", StartedAt: started.UTC(), FinishedAt: started.UTC(),
		Files: []File{}, Objects: map[string]VerifiedObject{}, Links: map[string]VerifiedLink{}, Sums: map[string]map[string]Sum{}, Differences: []Difference{},
		Kept: VerifiedKept{Values: []KeptValue{}},
	}
}

// VerifiedCounts counts what was compared, and the differences by their kind.
type VerifiedCounts struct {
	Properties   int64 `json:"properties"`
	Links        int64 `json:"links"`
	Facts        int64 `json:"facts"`
	Events       int64 `json:"events"`
	Participants int64 `json:"participants"`
	Stages       int64 `json:"stages"`
	Missing      int64 `json:"missing"`    // the export has it and the graph has not
	Different    int64 `json:"different"`  // both have it, and not the same
	Unexpected   int64 `json:"unexpected"` // the graph has it and the export has not
}

// VerifiedObject counts the records of an object. Read is the sum of Held, Differing, Superseded,
// Rejected and Filtered.
type VerifiedObject struct {
	Read       int64    `json:"read"`
	Held       int64    `json:"held"`       // by the graph, as the export has them
	Differing  int64    `json:"differing"`  // with at least one difference
	Superseded int64    `json:"superseded"` // another record of the export has the same id and is used
	Rejected   int64    `json:"rejected"`   // cannot be used, and are not expected in the graph
	Filtered   int64    `json:"filtered"`   // the mapping leaves them out
	Unexpected int64    `json:"unexpected"` // in the graph and not in the export; not part of Read
	Examples   []string `json:"examples,omitempty"`
	Unmapped   bool     `json:"unmapped,omitempty"`
}

// VerifiedLink counts the links of a type. Found is the sum of the others.
type VerifiedLink struct {
	Found   int64 `json:"found"`
	Held    int64 `json:"held"`
	Ended   int64 `json:"ended"`
	Waiting int64 `json:"waiting"` // for their other end
	Selves  int64 `json:"selves"`  // both ends are one node
	Missing int64 `json:"missing"`
}

// Difference is one thing in which export and graph differ. Values are told only when asked for.
type Difference struct {
	Object   string `json:"object"`
	ID       string `json:"id"`
	File     string `json:"file"`
	Line     int    `json:"line"`
	What     string `json:"what"`
	Kind     string `json:"kind"` // missing, different, unexpected
	Expected string `json:"expected,omitempty"`
	Found    string `json:"found,omitempty"`
}

// VerifiedKept are the values that people have changed and that the last run has left so; they are no
// differences. Values are the first 100 of Total.
type VerifiedKept struct {
	Total  int64       `json:"total"`
	Values []KeptValue `json:"values"`
}

// KeptValue is a value that a person has changed: of which record, and what.
type KeptValue struct {
	Object string `json:"object"`
	ID     string `json:"id"`
	File   string `json:"file"`
	Line   int    `json:"line"`
	What   string `json:"what"`
}

// WriteVerification shows a verification as tables.
func WriteVerification(w io.Writer, s *Verification, opts TextOptions) {
	p := &printer{w: w, opts: opts}
	var read int64
	for _, o := range s.Objects {
		read += o.Read
	}
	elapsed := round(time.Duration(s.Seconds * float64(time.Second)))
	c := s.Counts
	if s.Status == StatusVerified {
		p.linef("%s  the graph holds the export: %s records in %s", p.paint("✓ "+s.Source, text.Bold, text.FgGreen), Thousands(read), elapsed)
	} else {
		p.linef("%s  the graph differs from the export: %s missing, %s different, %s unexpected", p.paint("✗ "+s.Source, text.Bold, text.FgRed),
			Thousands(c.Missing), Thousands(c.Different), Thousands(c.Unexpected))
	}
	p.linef("  Compared: %s properties, %s links, %s facts, %s events, %s participants, %s stages",
		Thousands(c.Properties), Thousands(c.Links), Thousands(c.Facts), Thousands(c.Events), Thousands(c.Participants), Thousands(c.Stages))
	p.verifiedObjects(s.Objects)
	p.verifiedLinks(s.Links)
	p.verifiedSums(s.Sums)
	p.differences(s)
	p.kept(s)
	for _, warning := range s.Warnings {
		p.linef("%s %s", p.paint("!", text.FgYellow), warning)
	}
}

func (p *printer) verifiedObjects(objects map[string]VerifiedObject) {
	if len(objects) == 0 {
		return
	}
	t := p.table("Records", "object", ">read", ">held", ">differing", ">superseded", ">rejected", ">filtered", ">unexpected")
	for _, name := range slices.Sorted(maps.Keys(objects)) {
		o := objects[name]
		t.AppendRow(table.Row{
			name, Thousands(o.Read), Thousands(o.Held), Thousands(o.Differing), Thousands(o.Superseded), Thousands(o.Rejected),
			Thousands(o.Filtered), Thousands(o.Unexpected),
		})
	}
	t.Render()
}

func (p *printer) verifiedLinks(links map[string]VerifiedLink) {
	if len(links) == 0 {
		return
	}
	t := p.table("Links", "type", ">found", ">held", ">ended", ">waiting", ">to themselves", ">missing")
	for _, name := range slices.Sorted(maps.Keys(links)) {
		l := links[name]
		t.AppendRow(table.Row{name, Thousands(l.Found), Thousands(l.Held), Thousands(l.Ended), Thousands(l.Waiting), Thousands(l.Selves), Thousands(l.Missing)})
	}
	t.Render()
}

func (p *printer) verifiedSums(sums map[string]map[string]Sum) {
	of := sums["deal_value"]
	if len(of) == 0 {
		return
	}
	t := p.table("Deal values", "currency", ">export", ">graph")
	for _, currency := range slices.Sorted(maps.Keys(of)) {
		t.AppendRow(table.Row{currency, of[currency].Source, of[currency].Graph})
	}
	t.Render()
}

// kept shows what people have changed.
func (p *printer) kept(s *Verification) {
	if s.Kept.Total == 0 {
		return
	}
	const shown = 10
	t := p.table(fmt.Sprintf("Kept: %s values that people have changed in the graph; they are no differences", Thousands(s.Kept.Total)),
		"record", "where", "what")
	for i, k := range s.Kept.Values {
		if i == shown {
			break
		}
		t.AppendRow(table.Row{k.Object + " " + k.ID, fmt.Sprintf("%s:%d", k.File, k.Line), k.What})
	}
	t.Render()
}

func (p *printer) differences(s *Verification) {
	if len(s.Differences) == 0 {
		return
	}
	t := p.table("Differences", "record", "where", "what", "", "expected", "found")
	for _, d := range s.Differences {
		where := ""
		if d.File != "" {
			where = fmt.Sprintf("%s:%d", d.File, d.Line)
		}
		t.AppendRow(table.Row{strings.TrimSpace(d.Object + " " + d.ID), where, d.What, d.Kind, d.Expected, d.Found})
	}
	t.Render()
	if c := s.Counts; c.Missing+c.Different+c.Unexpected > int64(len(s.Differences)) {
		p.linef("  These are the first %d.", len(s.Differences))
	}
}
