// Package report holds what a run or an inspection tells its user, and renders it: as one JSON
// object, as tables for people, and as reject files. It does not know where the figures come from.
package report

import (
	"encoding/json"
	"io"
	"time"
)

// Summary is the result of a run. Its JSON form is the contract of run --output json.
type Summary struct {
	RunID      string                    `json:"run_id"`
	Source     string                    `json:"source"`
	CRM        string                    `json:"crm"`
	Command    string                    `json:"command"`
	Status     string                    `json:"status"`
	StartedAt  time.Time                 `json:"started_at"`
	FinishedAt time.Time                 `json:"finished_at"`
	Seconds    float64                   `json:"seconds"`
	Balanced   bool                      `json:"balanced"`
	Imbalance  []string                  `json:"imbalance,omitempty"` // where it does not balance
	Files      []File                    `json:"files"`
	Skipped    []Skipped                 `json:"skipped,omitempty"`
	Objects    map[string]Object         `json:"objects"`
	Links      map[string]Link           `json:"links"`
	Graph      Graph                     `json:"graph"`
	Sums       map[string]map[string]Sum `json:"sums"`
	Rejects    Rejects                   `json:"rejects"`
	Drift      []Drift                   `json:"drift,omitempty"` // how the columns differ from those of the last run
	Deferred   []Deferred                `json:"deferred,omitempty"`
	Conflicts  Conflicts                 `json:"conflicts"`
	Names      []Name                    `json:"names,omitempty"`       // of Deferred, the names that fit several records or none; at most 100
	NamesTotal int64                     `json:"names_total,omitempty"` // how many such names there are
	Fields     map[string]Counts         `json:"fields,omitempty"`      // of a plan: nodes that change, by object and field
	TimeZone   string                    `json:"time_zone"`             // assumed for times that state none
	Mapping    string                    `json:"mapping"`
	Warnings   []string                  `json:"warnings,omitempty"`
	Phases     []Phase                   `json:"phases,omitempty"`
	Error      string                    `json:"error,omitempty"` // why the run failed
}

// StatusPlanned is the status of a plan that has come to its end.
const StatusPlanned = "planned"

// NewSummary makes the summary of a run of which nothing is known but that it has not come to its
// end.
func NewSummary(command string, started time.Time) *Summary {
	return &Summary{
		Command: command, Status: "failed", StartedAt: started.UTC(), FinishedAt: started.UTC(),
		Files: []File{}, Objects: map[string]Object{}, Links: map[string]Link{}, Sums: map[string]map[string]Sum{},
		Rejects: Rejects{ByCode: Counts{}}, Conflicts: Conflicts{Open: []Conflict{}},
	}
}

// File is a file that was read.
type File struct {
	Path     string `json:"path"`
	Object   string `json:"object"` // empty if it is none of the mapping
	SHA256   string `json:"sha256"`
	Encoding string `json:"encoding"`
	Format   string `json:"format"`
	Records  int64  `json:"records"`
	Note     string `json:"note,omitempty"` // why it is no object of the mapping

	// SameAsRun is the number of the run before, if that read the file too, and as nothing of it can have changed since, it was
	// not read again. Records are counted all the same.
	SameAsRun int32 `json:"same_as_run,omitempty"`
}

// Skipped is something that was found and not read.
type Skipped struct {
	Path   string `json:"path"`
	Reason string `json:"reason"`
}

// Object counts the records of an object. Read is the sum of the others.
type Object struct {
	Read      int64 `json:"read"`
	Created   int64 `json:"created"`
	Updated   int64 `json:"updated"`
	Unchanged int64 `json:"unchanged"`
	Archived  int64 `json:"archived"`
	Rejected  int64 `json:"rejected"`
	Filtered  int64 `json:"filtered"`
	Missing   int64 `json:"missing"`  // not read, but known from earlier runs and archived by --archive-missing
	Deferred  int64 `json:"deferred"` // links and facts that wait for other records, since earlier runs too

	Codes    string  `json:"codes,omitempty"`    // first and last code given
	Filters  Counts  `json:"filters,omitempty"`  // why records were filtered
	Unmapped bool    `json:"unmapped,omitempty"` // the mapping has no use for the object
	Seconds  float64 `json:"seconds"`            // that workers spent mapping and staging its records
}

// Records sums up the records of all objects.
func (s *Summary) Records() Object {
	var sum Object
	for _, o := range s.Objects {
		sum.Read += o.Read
		sum.Created += o.Created
		sum.Updated += o.Updated
		sum.Unchanged += o.Unchanged
		sum.Archived += o.Archived
		sum.Rejected += o.Rejected
		sum.Filtered += o.Filtered
		sum.Missing += o.Missing
		sum.Deferred += o.Deferred
	}
	return sum
}

// Counts counts records by reason.
type Counts map[string]int64

// Link counts the links of a type. Found is the sum of the others.
type Link struct {
	Found     int64 `json:"found"`
	Linked    int64 `json:"linked"`
	Unchanged int64 `json:"unchanged"`
	Closed    int64 `json:"closed"`
	Deferred  int64 `json:"deferred"`
	Rejected  int64 `json:"rejected"`
}

// Graph counts what was written into the graph.
type Graph struct {
	Nodes      GraphNodes      `json:"nodes"`
	Edges      GraphEdges      `json:"edges"`
	Assertions GraphAssertions `json:"assertions"`
	Events     GraphEvents     `json:"events"`
}

// GraphNodes counts changes of nodes.
type GraphNodes struct {
	Created  int64 `json:"created"`
	Updated  int64 `json:"updated"`
	Archived int64 `json:"archived"`
}

// GraphEdges counts changes of edges.
type GraphEdges struct {
	Created int64 `json:"created"`
	Updated int64 `json:"updated"`
	Closed  int64 `json:"closed"`
}

// GraphAssertions counts changes of assertions.
type GraphAssertions struct {
	Created    int64 `json:"created"`
	Superseded int64 `json:"superseded"`
}

// GraphEvents counts new events and participants.
type GraphEvents struct {
	Created      int64 `json:"created"`
	Participants int64 `json:"participants"`
}

// Sum is an amount in the export and in the graph, of the same records.
type Sum struct {
	Source string `json:"source"`
	Graph  string `json:"graph"`
}

// Rejects says where the rejected records are and why they were rejected. Known is how many of them
// an earlier run of the source rejected for the same reason.
type Rejects struct {
	Path   string `json:"path,omitempty"`
	ByCode Counts `json:"by_code"`
	Known  int64  `json:"known"`

	Groups   []RejectGroup `json:"groups,omitempty"`   // by cause, the most frequent first
	Returned []Returned    `json:"returned,omitempty"` // earlier runs of which rejects came back in this one
}

// RejectGroup is rejected records that have one cause, and what settles it.
type RejectGroup struct {
	Code    string `json:"code"`
	Object  string `json:"object"`
	Column  string `json:"column,omitempty"`
	Shape   string `json:"shape,omitempty"` // how the values are written, without what they say: digits are 9, words are a
	Stage   string `json:"stage"`
	Reason  string `json:"reason"` // of the first
	Records int64  `json:"records"`
	File    string `json:"file"` // of the first
	Line    int    `json:"line"`
	Settle  Settle `json:"settle"`
}

// Settle is what settles a group: a flag, or a line of a mapping, or the repair of the rows.
type Settle struct {
	Flag    string `json:"flag,omitempty"`
	Mapping string `json:"mapping,omitempty"` // YAML
	Extends string `json:"extends,omitempty"` // the built-in mapping that a file with the line has to extend
	Text    string `json:"text"`
}

// Returned counts the rejects of an earlier run that came back, repaired or right.
type Returned struct {
	Run     int32  `json:"run"`
	RunID   string `json:"run_id"`
	Settled int64  `json:"settled"` // that this run could use
	Again   int64  `json:"again"`   // that it rejected again
	Open    int64  `json:"open"`    // of all rejects of the earlier run, those that no run could use so far
}

// Total is the number of rejected records.
func (r Rejects) Total() int64 {
	var n int64
	for _, c := range r.ByCode {
		n += c
	}
	return n
}

// Drift is a column that the last run of the source did not have, or had.
type Drift struct {
	Object string   `json:"object"`
	Column string   `json:"column"`
	Change string   `json:"change"`            // one of the changes below
	KeptAs string   `json:"kept_as,omitempty"` // the property of a column that nothing maps
	Uses   []string `json:"uses,omitempty"`    // of a column that is gone: what the mapping makes of it
	Known  bool     `json:"known,omitempty"`   // it was gone in the last run already
}

// The changes of columns.
const (
	DriftNew  = "new"  // nothing maps it; it is kept in the properties
	DriftGone = "gone" // what it gave stays in the graph as it is
	DriftBack = "back" // it was gone
)

// Deferred counts links, participants or facts that wait for a record.
type Deferred struct {
	Object   string    `json:"object"`
	Kind     string    `json:"kind"`
	Link     string    `json:"link"`
	WaitsFor string    `json:"waits_for,omitempty"`
	Count    int64     `json:"count"`
	Since    time.Time `json:"since"`
}

// Conflicts are the values that the source says and the graph does not hold, since people have changed them
// there. Total counts the open ones; of these, Open lists the oldest, at most 50.
type Conflicts struct {
	Total int64      `json:"total"`
	Open  []Conflict `json:"open"`
}

// Conflict is an open conflict, without the values.
type Conflict struct {
	Object   string     `json:"object"`
	ID       string     `json:"id"`
	Code     string     `json:"code,omitempty"`
	Kind     string     `json:"kind"`  // label, archived, property, fact or link
	Field    string     `json:"field"` // label, archived_at, effective_to, properties.KEY or facts.TYPE.KEY
	File     string     `json:"file,omitempty"`
	Line     int        `json:"line"`
	EditedBy string     `json:"edited_by"`
	EditedAt *time.Time `json:"edited_at"`
	Run      int32      `json:"run"` // the number of the run that met it first
}

// Name is a name by which records refer to another one, and which links nothing.
type Name struct {
	Lookup     string      `json:"lookup"` // where it is looked up, as Account.name
	Name       string      `json:"name"`
	State      string      `json:"state"`
	Links      int64       `json:"links"` // links, participants and facts that wait
	Candidates []Candidate `json:"candidates,omitempty"`
	Suggestion string      `json:"suggestion,omitempty"` // the most similar name that a record has; it is not applied
}

// The states of names that link nothing.
const (
	NameAmbiguous = "ambiguous" // it fits several records
	NameUnknown   = "unknown"   // it fits none
)

// Candidate is a record that an ambiguous name fits.
type Candidate struct {
	Object string `json:"object"`
	ID     string `json:"id"`
	Code   string `json:"code"`
	Label  string `json:"label"`
}

// Phase is a part of the run and how long it took.
type Phase struct {
	Name    string  `json:"name"`
	Seconds float64 `json:"seconds"`
}

// WriteJSON writes a value as one indented JSON object.
func WriteJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}
