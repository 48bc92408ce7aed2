package load

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/projectrye/rye-import/internal/importdb"
)

// Detail is what a plan tells of one record. Of the parts, each is a JSON object.
type Detail struct {
	Object, ID        string
	File              string
	Line              int32
	Action            string // created, updated, unchanged, archived, rejected or filtered
	Reason            string // a verdict on losers, or a reason
	Type, Code, Label string // of the node
	Properties        json.RawMessage
	Reject            json.RawMessage
	Changes           []json.RawMessage // of the node: before and after
	Links             []json.RawMessage // participants too
	Facts             []json.RawMessage
	Events            []json.RawMessage
	Conflicts         []json.RawMessage
}

// Filtered is a record that the mapping leaves out.
type Filtered struct {
	Rec    int64
	Line   int32
	Object string
	Reason string
}

// Filter notes records of a file that the mapping leaves out, for Details.
func (r *Run) Filter(ctx context.Context, file int32, list []Filtered) error {
	if len(list) == 0 {
		return nil
	}
	lines := make([]importdb.PlanLineCopyFromParams, len(list))
	for i, f := range list {
		lines[i] = importdb.PlanLineCopyFromParams{
			RunNo: r.Number, Rec: f.Rec, Object: f.Object, Action: "filtered", Reason: &f.Reason, FileNo: &file, Line: &f.Line,
		}
	}
	err := r.db.change(ctx, func(ctx context.Context, q *importdb.Queries) error {
		_, err := q.PlanLineCopyFrom(ctx, lines)
		return err
	})
	if err != nil {
		return explain(fmt.Errorf("noting filtered records: %w", err))
	}
	return nil
}

// The records of which nothing stands in the export follow those of which something does: the missing ones, then
// others that the run touches.
const (
	firstMissing = 1 << 61
	firstNode    = 1<<61 + 1<<60
	firstOther   = 1 << 62
)

// details gathers what Details tells, at the end of a merge.
func (m *merger) details(ctx context.Context) error {
	if !m.opts.Details {
		return nil
	}
	all := count{}
	all.add(m.q.PlanLineInsertLosers(ctx, m.no))
	all.add(m.q.PlanLineInsertMissing(ctx, importdb.PlanLineInsertMissingParams{RunNo: m.no, FirstRec: firstMissing}))
	all.add(m.q.PlanLineInsertNodes(ctx, importdb.PlanLineInsertNodesParams{RunNo: m.no, FirstRec: firstNode, Source: m.source}))
	all.add(m.q.PlanLineInsertOthers(ctx, importdb.PlanLineInsertOthersParams{RunNo: m.no, FirstRec: firstOther, Source: m.source}))
	all.add(m.q.PlanPartInsertEdges(ctx, importdb.PlanPartInsertEdgesParams{RunNo: m.no, Source: m.source}))
	for _, insert := range []func(context.Context, int32) (int64, error){
		m.q.PlanPartInsertChanges, m.q.PlanPartInsertOpened, m.q.PlanPartInsertSelf, m.q.PlanPartInsertParticipants, m.q.PlanPartInsertDeferred,
		m.q.PlanPartInsertFacts, m.q.PlanPartInsertWithdrawn, m.q.PlanPartInsertEvents, m.q.PlanPartInsertMoves,
		m.q.PlanPartInsertMoved, m.q.PlanPartInsertConflicts,
	} {
		if all.err != nil {
			return all.err
		}
		all.add(insert(ctx, m.no))
	}
	return all.err
}

// detailRecords makes the lines of Details, while it is known what the records were.
func (m *merger) detailRecords(ctx context.Context) error {
	if !m.opts.Details {
		return nil
	}
	_, err := m.q.PlanLineInsertStaged(ctx, importdb.PlanLineInsertStagedParams{RunNo: m.no, Source: m.source, Unchanged: m.opts.Unchanged})
	return err
}

// detailPage is how many records are read at once.
const detailPage = 500

// Details tells of each record of a plan, in the order of the export: after a merge with MergeOptions.Details what
// the run would do with it, and after one that was stopped of those that were rejected before. No more than a
// page of them is held.
func (r *Run) Details(ctx context.Context, tell func(*Detail) error) error {
	if _, err := r.db.queries().PlanLineInsertRejects(ctx, r.Number); err != nil {
		return explain(fmt.Errorf("gathering the details of the plan: %w", err))
	}
	const first = -1 << 63
	for after := int64(first); ; {
		var lines []importdb.PlanLineListRow
		var parts []importdb.PlanPartListRow
		err := r.db.look(ctx, func(ctx context.Context, q *importdb.Queries) (err error) {
			if err := q.SessionTuneLookup(ctx); err != nil {
				return err
			}
			lines, err = q.PlanLineList(ctx, importdb.PlanLineListParams{RunNo: r.Number, AfterRec: after, MaxRows: detailPage})
			if err != nil || len(lines) == 0 {
				return err
			}
			parts, err = q.PlanPartList(ctx, importdb.PlanPartListParams{RunNo: r.Number, FirstRec: lines[0].Rec, LastRec: lines[len(lines)-1].Rec})
			return err
		})
		if err != nil {
			return explain(fmt.Errorf("reading the details of the plan: %w", err))
		}
		if len(lines) == 0 {
			return nil
		}
		for _, l := range lines {
			d := &Detail{
				Object: l.Object, ID: l.LegacyID, File: l.Path, Line: l.Line, Action: l.Action, Reason: l.Reason,
				Type: l.NodeType, Code: l.Code, Label: l.Label, Properties: l.Properties, Reject: l.Reject,
			}
			for ; len(parts) > 0 && parts[0].Rec == l.Rec; parts = parts[1:] {
				d.add(parts[0].Part, parts[0].Detail)
			}
			if err := tell(d); err != nil {
				return err
			}
		}
		after = lines[len(lines)-1].Rec
	}
}

// add adds a part; its number says what it is.
func (d *Detail) add(part int32, detail json.RawMessage) {
	switch part / 10 {
	case 1:
		d.Changes = append(d.Changes, detail)
	case 2, 3:
		d.Links = append(d.Links, detail)
	case 4:
		d.Facts = append(d.Facts, detail)
	case 5:
		d.Events = append(d.Events, detail)
	case 6:
		d.Conflicts = append(d.Conflicts, detail)
	}
}
