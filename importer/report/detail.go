package report

import (
	"encoding/json"
	"time"
)

// Detail is what a run would do with one record. Its JSON form, on a line of its own, is the contract of
// plan --details.
type Detail struct {
	Object    string           `json:"object"`
	ID        string           `json:"id,omitempty"` // in the source
	File      string           `json:"file,omitempty"`
	Line      int32            `json:"line,omitempty"`
	Action    string           `json:"action"`
	Reason    string           `json:"reason,omitempty"` // why it is archived or filtered
	Type      string           `json:"type,omitempty"`   // of the node
	Code      string           `json:"code,omitempty"`
	Label     string           `json:"label,omitempty"`
	Created   json.RawMessage  `json:"properties,omitempty"` // of a new node
	Changes   []DetailChange   `json:"changes,omitempty"`
	Links     []DetailLink     `json:"links,omitempty"`
	Facts     []DetailFact     `json:"facts,omitempty"`
	Events    []DetailEvent    `json:"events,omitempty"`
	Conflicts []DetailConflict `json:"conflicts,omitempty"`
	Reject    *DetailReject    `json:"reject,omitempty"`
}

// The actions of details.
const (
	ActionCreated   = "created"
	ActionUpdated   = "updated"
	ActionUnchanged = "unchanged"
	ActionArchived  = "archived"
	ActionRejected  = "rejected"
	ActionFiltered  = "filtered"
)

// DetailChange is a field of a node that changes: label, archived, or properties.KEY. Null is a field that is
// not there.
type DetailChange struct {
	Field string          `json:"field"`
	Old   json.RawMessage `json:"old"`
	New   json.RawMessage `json:"new"`
}

// DetailLink is an edge, or a participant of an event, whose type is then "participant".
type DetailLink struct {
	Type   string          `json:"type"`
	Action string          `json:"action"` // opened, closed, updated, deferred or rejected
	Role   string          `json:"role,omitempty"`
	From   string          `json:"from,omitempty"` // code or label of the node; where a deferred link waits, the object and the id or name
	To     string          `json:"to,omitempty"`
	Since  *time.Time      `json:"since,omitempty"`
	Until  *time.Time      `json:"until,omitempty"`
	Old    json.RawMessage `json:"old,omitempty"` // properties, of an updated edge
	New    json.RawMessage `json:"new,omitempty"` // of an opened or updated edge
}

// DetailFact is an assertion.
type DetailFact struct {
	Type   string          `json:"type"`
	Key    string          `json:"key"`
	Action string          `json:"action"`          // recorded, withdrawn or deferred
	About  string          `json:"about,omitempty"` // the node, if it is not that of the record
	Old    json.RawMessage `json:"old,omitempty"`   // what it follows
	New    json.RawMessage `json:"new,omitempty"`
	At     *time.Time      `json:"at,omitempty"`
	Until  *time.Time      `json:"until,omitempty"` // of a fact of history
}

// DetailEvent is an event that is noted.
type DetailEvent struct {
	Type    string    `json:"type"`
	At      time.Time `json:"at"`
	Summary string    `json:"summary,omitempty"`
}

// DetailConflict is a field that a person has changed, and the value of the source that is kept aside.
type DetailConflict struct {
	Field    string          `json:"field"`
	Graph    json.RawMessage `json:"graph"`
	Incoming json.RawMessage `json:"incoming"`
}

// DetailReject says why a record is rejected.
type DetailReject struct {
	Code   string `json:"code"`
	Reason string `json:"reason"`
	Column string `json:"column,omitempty"`
	Value  string `json:"value,omitempty"`
	Stage  string `json:"stage"`
}
