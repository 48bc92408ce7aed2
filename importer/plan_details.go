package importer

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/projectrye/rye-import/importer/load"
	"github.com/projectrye/rye-import/importer/report"
)

// details tells of the records of a plan that has come to its end, or that a guard has stopped.
func (r *runner) details(ctx context.Context) error {
	if r.planning == nil || r.planning.Details == nil {
		return nil
	}
	return r.run.Details(ctx, func(d *load.Detail) error {
		out, err := detail(d)
		if err != nil {
			return fmt.Errorf("%s %s: %w", d.Object, d.ID, err)
		}
		if out.Action == report.ActionUnchanged && !r.planning.Unchanged && idle(out) {
			return nil
		}
		return r.planning.Details(out)
	})
}

// idle reports whether nothing becomes of a record.
func idle(d *report.Detail) bool {
	return len(d.Changes)+len(d.Links)+len(d.Facts)+len(d.Events)+len(d.Conflicts) == 0
}

func detail(d *load.Detail) (*report.Detail, error) {
	out := &report.Detail{
		Object: d.Object, ID: d.ID, File: d.File, Line: d.Line, Action: d.Action, Reason: loserReason(d.Reason),
		Type: d.Type, Code: d.Code, Label: d.Label, Created: d.Properties,
	}
	if len(d.Reject) > 0 {
		out.Reject = &report.DetailReject{}
		if err := json.Unmarshal(d.Reject, out.Reject); err != nil {
			return nil, err
		}
	}
	var err error
	if d.Action != report.ActionCreated { // a new node has its properties
		if out.Changes, err = changes(d.Changes); err != nil {
			return nil, err
		}
	}
	err = errors.Join(decodeAll(d.Links, &out.Links), decodeAll(d.Facts, &out.Facts), decodeAll(d.Events, &out.Events),
		decodeAll(d.Conflicts, &out.Conflicts))
	if err != nil {
		return nil, err
	}
	for i := range out.Links {
		l := &out.Links[i]
		l.Old, l.New = present(l.Old), present(l.New)
		utcAll(l.Since, l.Until)
	}
	for i := range out.Facts {
		f := &out.Facts[i]
		f.Old, f.New = present(f.Old), present(f.New)
		utcAll(f.At, f.Until)
	}
	for i := range out.Events {
		utcAll(&out.Events[i].At)
	}
	return out, nil
}

func decodeAll[T any](from []json.RawMessage, to *[]T) error {
	for _, raw := range from {
		var v T
		if err := json.Unmarshal(raw, &v); err != nil {
			return err
		}
		*to = append(*to, v)
	}
	return nil
}

// change is what the history keeps of a change of a node.
type change struct {
	Before struct {
		Label      json.RawMessage            `json:"label"`
		Properties map[string]json.RawMessage `json:"properties"`
	} `json:"before"`
	After struct {
		Label      json.RawMessage            `json:"label"`
		Archived   *bool                      `json:"archived"`
		Properties map[string]json.RawMessage `json:"properties"`
	} `json:"after"`
}

// changes puts the changes of a node together, field by field: what it was before the first of them, and what
// it is after the last.
func changes(list []json.RawMessage) ([]report.DetailChange, error) {
	null := json.RawMessage("null")
	or := func(v json.RawMessage) json.RawMessage {
		if len(v) == 0 {
			return null
		}
		return v
	}
	fields := make(map[string]report.DetailChange)
	note := func(field string, before, after json.RawMessage) {
		c, ok := fields[field]
		if !ok {
			c = report.DetailChange{Field: field, Old: or(before)}
		}
		c.New = or(after)
		fields[field] = c
	}
	for _, raw := range list {
		var c change
		if err := json.Unmarshal(raw, &c); err != nil {
			return nil, err
		}
		if c.Before.Label != nil || c.After.Label != nil {
			note("label", c.Before.Label, c.After.Label)
		}
		if a := c.After.Archived; a != nil {
			note("archived", fmt.Appendf(nil, "%t", !*a), fmt.Appendf(nil, "%t", *a))
		}
		keys := maps.Clone(c.Before.Properties)
		if keys == nil {
			keys = make(map[string]json.RawMessage)
		}
		maps.Copy(keys, c.After.Properties)
		for key := range keys {
			note("properties."+key, c.Before.Properties[key], c.After.Properties[key])
		}
	}
	out := make([]report.DetailChange, 0, len(fields))
	for _, field := range slices.Sorted(maps.Keys(fields)) {
		if c := fields[field]; !bytes.Equal(c.Old, c.New) {
			out = append(out, c)
		}
	}
	return slices.Clip(out), nil
}

// utcAll sets times to UTC; any may be nil.
func utcAll(times ...*time.Time) {
	for _, t := range times {
		if t != nil {
			*t = t.UTC()
		}
	}
}

// present leaves out what is null.
func present(v json.RawMessage) json.RawMessage {
	if strings.TrimSpace(string(v)) == "null" {
		return nil
	}
	return v
}
