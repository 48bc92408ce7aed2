package load

import (
	"context"
	"fmt"

	"github.com/projectrye/rye-import/internal/importdb"
)

// Reject is a record that could not be used.
type Reject struct {
	Rec    int64 // number of the record in the run
	Line   int32
	Object string
	ID     string
	Column string
	Value  string
	Code   string
	Reason string
	Stage  string // decode, map, link or load
}

// Reject notes records of a file that could not be used. They are written at once, so that a run
// with many of them does not hold them in memory.
func (r *Run) Reject(ctx context.Context, file int32, rejects []Reject) error {
	if len(rejects) == 0 {
		return nil
	}
	params := make([]importdb.RejectCopyFromParams, len(rejects))
	for i, rj := range rejects {
		params[i] = importdb.RejectCopyFromParams{
			RunNo: r.Number, FileNo: file, Rec: rj.Rec, Line: rj.Line, Object: rj.Object, LegacyID: optional(rj.ID),
			ColumnName: optional(rj.Column), Value: optional(clip(rj.Value)), Code: rj.Code, Reason: rj.Reason, Stage: rj.Stage,
		}
	}
	err := r.db.change(ctx, func(ctx context.Context, q *importdb.Queries) error {
		_, err := q.RejectCopyFrom(ctx, params)
		return err
	})
	if err != nil {
		return explain(fmt.Errorf("storing rejects: %w", err))
	}
	return nil
}

// Ledger reads the rejects of a run, those of a merge that has not committed included.
type Ledger struct {
	q      *importdb.Queries
	no     int32
	source string
}

// Counts counts the rejected records by code.
func (l *Ledger) Counts(ctx context.Context) (map[string]int64, error) {
	rows, err := l.q.RejectCountByRun(ctx, l.no)
	if err != nil {
		return nil, fmt.Errorf("counting rejects: %w", err)
	}
	counts := make(map[string]int64, len(rows))
	for _, r := range rows {
		counts[r.Code] = r.Records
	}
	return counts, nil
}

// Known counts the rejected records that an earlier run of the source rejected for the same reason.
func (l *Ledger) Known(ctx context.Context) (int64, error) {
	n, err := l.q.RejectCountKnown(ctx, importdb.RejectCountKnownParams{RunNo: l.no, Source: l.source})
	if err != nil {
		return 0, fmt.Errorf("counting rejects: %w", err)
	}
	return n, nil
}

// RejectGroup is rejected records of an object in a file that have one cause.
type RejectGroup struct {
	Object   string
	FileNo   int32
	Code     string
	Stage    string
	Column   string
	Shape    string // how the values are written, without what they say; blank if that does not matter
	Records  int64
	Values   []string // the least and the greatest; never to be shown
	First    int      // the largest first number of values that are dates such as 3/4/2024
	Second   int      // and the largest second one
	Line     int32    // of the first record
	FirstRec int64
	Reason   string // of the first record
}

// maxGroups is how many causes are told apart.
const maxGroups = 1000

// Groups groups the rejected records by cause, the most frequent first; a thousand at most.
func (l *Ledger) Groups(ctx context.Context) ([]RejectGroup, error) {
	rows, err := l.q.RejectGroup(ctx, importdb.RejectGroupParams{RunNo: l.no, MaxRows: maxGroups})
	if err != nil {
		return nil, fmt.Errorf("grouping rejects: %w", err)
	}
	groups := make([]RejectGroup, len(rows))
	for i, r := range rows {
		groups[i] = RejectGroup{
			Object: r.Object, FileNo: r.FileNo, Code: r.Code, Stage: r.Stage, Column: r.ColumnName, Shape: r.Shape, Records: r.Records,
			First: int(r.FirstNumber), Second: int(r.SecondNumber), Line: r.Line, FirstRec: r.FirstRec, Reason: r.Reason,
		}
		if r.Greatest != "" {
			groups[i].Values = []string{r.Least, r.Greatest}
		}
	}
	return groups, nil
}

// RejectedFile counts the rejected records of an object in a file.
type RejectedFile struct {
	FileNo  int32
	Object  string
	Records int64
}

// Files counts the rejected records by file and object, in the order of files.
func (l *Ledger) Files(ctx context.Context) ([]RejectedFile, error) {
	rows, err := l.q.RejectCountFiles(ctx, l.no)
	if err != nil {
		return nil, fmt.Errorf("counting rejects: %w", err)
	}
	files := make([]RejectedFile, len(rows))
	for i, r := range rows {
		files[i] = RejectedFile(r)
	}
	return files, nil
}

// Unidentified counts the rejected records whose id is not known, by object.
func (l *Ledger) Unidentified(ctx context.Context) (map[string]int64, error) {
	rows, err := l.q.RejectListUnidentified(ctx, l.no)
	if err != nil {
		return nil, fmt.Errorf("counting rejects: %w", err)
	}
	counts := make(map[string]int64, len(rows))
	for _, r := range rows {
		counts[r.Object] = r.Records
	}
	return counts, nil
}

// pageSize is how many rejects are read at once.
const pageSize = 5000

// Page gives the rejects of a file that follow a record, a bounded number of them at once; none at
// the end.
func (l *Ledger) Page(ctx context.Context, file int32, after int64) ([]Reject, error) {
	rows, err := l.q.RejectListByFile(ctx, importdb.RejectListByFileParams{RunNo: l.no, FileNo: file, AfterRec: after, MaxRows: pageSize})
	if err != nil {
		return nil, fmt.Errorf("reading rejects: %w", err)
	}
	rejects := make([]Reject, len(rows))
	for i, r := range rows {
		rejects[i] = Reject{
			Rec: r.Rec, Line: r.Line, Object: r.Object, Column: r.ColumnName, Value: r.Value, Code: r.Code, Reason: r.Reason, Stage: r.Stage,
		}
	}
	return rejects, nil
}

// Ledger reads the rejects of a run that is not being merged.
func (r *Run) Ledger() *Ledger {
	return &Ledger{q: r.db.queries(), no: r.Number, source: r.cfg.Source}
}

func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
