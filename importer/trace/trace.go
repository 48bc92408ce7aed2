// Package trace tells of one node where everything that it says comes from: run, file, line and column, and
// what it said before. It reads what the graph and the journal keep, through the public queries.
package trace

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/projectrye/rye-import/db"
	"github.com/projectrye/rye-import/importer/mapping"
	"github.com/projectrye/rye-import/importer/report"
)

// NotFoundError says that there is no node of a code or of a record.
type NotFoundError struct {
	Asked string
}

func (e *NotFoundError) Error() string {
	if strings.Contains(e.Asked, ":") {
		return fmt.Sprintf("no node comes from %s; give SOURCE:OBJECT:ID as the crosswalk has it, such as salesforce:Contact:003… with 18 characters", e.Asked)
	}
	return fmt.Sprintf("no node has the code %q; give a code such as OPP-2410-0042, or SOURCE:OBJECT:ID", e.Asked)
}

// How much of a node is told. Those of which there is more are said to be cut short.
const (
	mostChanges = 1000
	mostFacts   = 1000
	mostLinks   = 200
	mostRecords = 200
)

// Node traces the node of a code, or of a record given as SOURCE:OBJECT:ID. The error is a *NotFoundError if
// there is none. Of properties it tells the columns, if the mapping of the run is the one given, or a
// built-in one that has not changed since; given may be nil.
func Node(ctx context.Context, q *db.Queries, asked string, given *mapping.Mapping) (*report.Trace, error) {
	node, err := find(ctx, q, asked)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, &NotFoundError{Asked: asked}
	}
	if err != nil {
		return nil, fmt.Errorf("looking for %s: %w", asked, err)
	}
	t := &tracer{q: q, id: node.ID, mappings: make(map[string]*mapping.Mapping), given: given}
	t.out = &report.Trace{Command: "trace", Asked: asked, Node: report.TracedNode{
		ID: node.ID.String(), Type: node.NodeType, Label: text(node.Label), Code: text(node.ExternalID), CreatedAt: node.CreatedAt.UTC(), ArchivedAt: node.ArchivedAt,
	}}
	for _, step := range []func(context.Context, db.Node) error{t.records, t.properties, t.facts, t.links} {
		if err := step(ctx, node); err != nil {
			return nil, fmt.Errorf("tracing %s: %w", asked, err)
		}
	}
	return t.out, nil
}

// find gives the node that is asked for.
func find(ctx context.Context, q *db.Queries, asked string) (db.Node, error) {
	source, rest, ok := strings.Cut(asked, ":")
	if !ok {
		return q.NodeGetByCode(ctx, asked)
	}
	object, id, ok := strings.Cut(rest, ":")
	if !ok {
		return db.Node{}, pgx.ErrNoRows
	}
	row, err := q.NodeSourceMapGet(ctx, db.NodeSourceMapGetParams{Source: source, Object: object, SourceID: id})
	if err != nil {
		return db.Node{}, err
	}
	return q.NodeGet(ctx, row.NodeID)
}

// tracer gathers what is told of one node.
type tracer struct {
	q        *db.Queries
	id       uuid.UUID
	out      *report.Trace
	given    *mapping.Mapping
	mappings map[string]*mapping.Mapping // by version; nil if it is no more
}

// mapping gives the mapping of a version, or nil if nobody has it any more.
func (t *tracer) mapping(version string) *mapping.Mapping {
	if m, known := t.mappings[version]; known {
		return m
	}
	var found *mapping.Mapping
	name, _, _ := strings.Cut(version, "/")
	if t.given != nil && t.given.Version() == version {
		found = t.given
	} else if m, err := mapping.Builtin(name); err == nil && m.Version() == version {
		found = m
	}
	t.mappings[version] = found
	return found
}

func (t *tracer) records(ctx context.Context, _ db.Node) error {
	rows, err := t.q.ProvenanceListByNodes(ctx, db.ProvenanceListByNodesParams{NodeIDs: []uuid.UUID{t.id}, MaxRows: mostRecords})
	if err != nil {
		return err
	}
	for _, r := range rows {
		t.out.Records = append(t.out.Records, report.TracedRecord{
			Source: r.Source, Object: r.Object, ID: r.LegacyID, FirstRun: r.FirstRunNo,
			Origin: report.Origin{Run: r.RunNo, RunID: r.RunID.String(), At: r.StartedAt.UTC(), File: text(r.Path), Line: r.Line, Mapping: r.Mapping},
		})
		if t.mapping(r.Mapping) == nil {
			note := fmt.Sprintf("the mapping %s of run %d has changed since; which columns a property comes from is not known", r.Mapping, r.RunNo)
			if !slices.Contains(t.out.Notes, note) {
				t.out.Notes = append(t.out.Notes, note)
			}
		}
	}
	return nil
}

// properties tells of each property which run set it, and what it was before.
func (t *tracer) properties(ctx context.Context, node db.Node) error {
	var properties map[string]json.RawMessage
	if err := json.Unmarshal(node.Properties, &properties); err != nil {
		return fmt.Errorf("the properties are no object: %w", err)
	}
	changes, err := t.q.ChangeListByNode(ctx, db.ChangeListByNodeParams{NodeID: t.id, MaxRows: mostChanges})
	if err != nil {
		return err
	}
	traced := make(map[string]*report.TracedProperty)
	add := func(name string) *report.TracedProperty {
		if traced[name] == nil {
			traced[name] = &report.TracedProperty{Name: name, Value: properties[name]}
		}
		return traced[name]
	}
	for name := range properties {
		add(name)
	}
	if node.Label != nil {
		label, err := json.Marshal(*node.Label)
		if err != nil {
			return err
		}
		add("label (of the node)").Value = label
	}
	for _, c := range changes { // newest first
		origin := report.Origin{Run: c.RunNo, RunID: c.RunID.String(), At: c.StartedAt.UTC(), File: text(c.Path), Line: number(c.Line), Mapping: c.Mapping}
		before, after, err := changed(c)
		if err != nil {
			return err
		}
		for name, value := range after {
			p := add(name)
			if p.Origin == nil {
				p.Origin = &origin
			}
			p.Earlier = append(p.Earlier, report.EarlierValue{Until: origin, Value: before[name]})
			if string(value) == "null" && properties[name] == nil {
				p.Value = nil
			}
		}
	}
	for _, name := range sortedNames(traced) {
		p := traced[name]
		t.origin(p)
		t.out.Properties = append(t.out.Properties, *p)
	}
	return nil
}

// changed gives the fields of a change before and after it, the label among them.
func changed(c db.ChangeListByNodeRow) (before, after map[string]json.RawMessage, err error) {
	read := func(text json.RawMessage) (map[string]json.RawMessage, error) {
		var fields struct {
			Label      json.RawMessage            `json:"label"`
			Properties map[string]json.RawMessage `json:"properties"`
		}
		if err := json.Unmarshal(text, &fields); err != nil {
			return nil, fmt.Errorf("the changes of run %d are malformed: %w", c.RunNo, err)
		}
		all := fields.Properties
		if all == nil {
			all = make(map[string]json.RawMessage)
		}
		if fields.Label != nil {
			all["label (of the node)"] = fields.Label
		}
		return all, nil
	}
	if before, err = read(c.Before); err != nil {
		return nil, nil, err
	}
	after, err = read(c.After)
	return before, after, err
}

// made are the properties that no cell gives.
var made = []string{"code", "stages", "default_stage"} //nolint:gochecknoglobals // a list

// origin tells the columns of a property, and the run that made the node if no run has changed it since.
func (t *tracer) origin(p *report.TracedProperty) {
	if len(t.out.Records) == 0 {
		return
	}
	owner := &t.out.Records[len(t.out.Records)-1]
	for i := range t.out.Records {
		r := &t.out.Records[i]
		m := t.mapping(r.Mapping)
		if m == nil || slices.Contains(made, p.Name) {
			continue
		}
		if columns := m.PropertyColumns(r.Object, p.Name); len(columns) > 0 {
			owner = r
			p.Columns = columns
			break
		}
	}
	p.Record = owner.Object + "/" + owner.ID
	if p.Origin != nil {
		return
	}
	if owner.FirstRun == owner.Run {
		origin := owner.Origin
		p.Origin = &origin
		return
	}
	// The journal keeps the line of the record as it is now, not as it was when it was new.
	p.Origin = &report.Origin{Run: owner.FirstRun}
}

func (t *tracer) facts(ctx context.Context, _ db.Node) error {
	rows, err := t.q.AssertionListByNode(ctx, db.AssertionListByNodeParams{NodeID: t.id, MaxRows: mostFacts})
	if err != nil {
		return err
	}
	t.cut(len(rows), mostFacts, "facts")
	ids := make([]uuid.UUID, len(rows))
	for i, r := range rows {
		ids[i] = r.ID
	}
	origins, err := t.q.ProvenanceListByAssertions(ctx, db.ProvenanceListByAssertionsParams{IDs: ids, MaxRows: mostFacts})
	if err != nil {
		return err
	}
	for _, r := range rows {
		f := report.TracedFact{Type: r.AssertionType, Key: r.AssertionKey, Claim: r.Claim, AssertedAt: r.AssertedAt.UTC(), SupersededAt: r.SupersededAt}
		if i := slices.IndexFunc(origins, func(o db.ProvenanceListByAssertionsRow) bool { return o.AssertionID == r.ID }); i >= 0 {
			o := origins[i]
			f.Record, f.Column = text(o.Object)+"/"+text(o.LegacyID), text(o.ColumnName)
			f.Origin = &report.Origin{Run: o.RunNo, RunID: o.RunID.String(), At: o.StartedAt.UTC(), File: text(o.Path), Line: number(o.Line), Mapping: o.Mapping}
		}
		t.out.Facts = append(t.out.Facts, f)
	}
	return nil
}

func (t *tracer) links(ctx context.Context, _ db.Node) error {
	rows, err := t.q.EdgeListByNode(ctx, db.EdgeListByNodeParams{NodeID: t.id, MaxRows: mostLinks})
	if err != nil {
		return err
	}
	t.cut(len(rows), mostLinks, "links")
	ids := make([]uuid.UUID, len(rows))
	for i, r := range rows {
		ids[i] = r.ID
	}
	origins, err := t.q.ProvenanceListByEdges(ctx, db.ProvenanceListByEdgesParams{IDs: ids, MaxRows: mostLinks})
	if err != nil {
		return err
	}
	for _, r := range rows {
		l := report.TracedLink{
			Type: r.EdgeType, Outbound: r.Outbound, OtherID: r.OtherID.String(), OtherType: r.OtherType, OtherLabel: text(r.OtherLabel), OtherCode: text(r.OtherCode),
			Properties: r.Properties, EffectiveFrom: r.EffectiveFrom, EffectiveTo: r.EffectiveTo,
		}
		if i := slices.IndexFunc(origins, func(o db.ProvenanceListByEdgesRow) bool { return o.EdgeID == r.ID }); i >= 0 {
			o := origins[i]
			l.Record, l.Column = text(o.Object)+"/"+text(o.LegacyID), text(o.ColumnName)
			l.Origin = &report.Origin{Run: o.RunNo, RunID: o.RunID.String(), At: o.StartedAt.UTC(), File: text(o.Path), Line: number(o.Line), Mapping: o.Mapping}
		}
		t.out.Links = append(t.out.Links, l)
	}
	return nil
}

// cut notes that there may be more than is told.
func (t *tracer) cut(n, most int, what string) {
	if n == most {
		t.out.Notes = append(t.out.Notes, fmt.Sprintf("only the first %d %s are told", most, what))
	}
}

func sortedNames(of map[string]*report.TracedProperty) []string {
	names := make([]string, 0, len(of))
	for name := range of {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func number(n *int32) int32 {
	if n == nil {
		return 0
	}
	return *n
}
