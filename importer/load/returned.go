package load

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/projectrye/rye-import/internal/importdb"
)

// Origin is where the row of a reject file stood first. What the file does not say is zero.
type Origin struct {
	Rec    int64 // number of the record in this run
	Object string
	RunID  string // of the run that rejected it
	Path   string
	Line   int
}

// Returned counts the rejects of an earlier run that came back.
type Returned struct {
	Run     int32
	RunID   uuid.UUID
	Settled int64 // that this run could use
	Again   int64 // that it rejected again
	Open    int64 // of all rejects of the earlier run, those that no run could use so far
}

// StageOrigins notes where rows of a reject file stood first. It may be called concurrently.
func (r *Run) StageOrigins(ctx context.Context, origins []Origin) error {
	if len(origins) == 0 {
		return nil
	}
	params := make([]importdb.StagingOriginCopyFromParams, len(origins))
	for i, o := range origins {
		params[i] = importdb.StagingOriginCopyFromParams{
			RunNo: r.Number, Rec: o.Rec, Object: o.Object, RunID: strings.ToLower(storable(o.RunID)), Path: storable(o.Path), Line: int32(o.Line),
		}
	}
	err := r.db.change(ctx, func(ctx context.Context, q *importdb.Queries) error {
		_, err := q.StagingOriginCopyFrom(ctx, params)
		return err
	})
	if err != nil {
		return explain(fmt.Errorf("staging where rejected rows come from: %w", err))
	}
	r.returned.Store(true)
	return nil
}

// storable is a text without what PostgreSQL cannot store.
func storable(s string) string {
	return strings.ToValidUTF8(strings.ReplaceAll(s, "\x00", ""), "\ufffd")
}

// returned ties what came back to the runs that rejected it, and notes which rejects are settled.
func (m *merger) returned(ctx context.Context) error {
	if m.run.returned.Load() {
		if _, err := m.q.StagingOriginMatch(ctx, importdb.StagingOriginMatchParams{RunNo: m.no, Source: m.source}); err != nil {
			return err
		}
		if _, err := m.q.RejectSetRoots(ctx, m.no); err != nil {
			return err
		}
		if _, err := m.q.SettledInsertReturned(ctx, m.no); err != nil {
			return err
		}
	}
	met := importdb.SettledInsertMetParams{RunNo: m.no, Source: m.source, FullExport: m.run.cfg.Full}
	if _, err := m.q.SettledInsertMet(ctx, met); err != nil {
		return err
	}
	rows, err := m.q.SettledListByRun(ctx, m.no)
	if err != nil {
		return err
	}
	for _, r := range rows {
		m.out.Returned = append(m.out.Returned, Returned{Run: r.RunNo, RunID: r.RunID, Settled: r.Settled, Again: r.Again, Open: r.Open})
	}
	return nil
}

// JournalSettlement tells what became of the rejects of a run since.
type JournalSettlement struct {
	Rejected int64             `json:"rejected"`
	Settled  int64             `json:"settled"` // that a later run could use
	Open     int64             `json:"open"`
	By       []SettlingRun     `json:"by"`
	Objects  []SettledOfObject `json:"objects"`
}

// SettlingRun is a run that could use rejects of an earlier one.
type SettlingRun struct {
	Run        int32      `json:"run"`
	RunID      uuid.UUID  `json:"run_id"`
	FinishedAt *time.Time `json:"finished_at"`
	Settled    int64      `json:"settled"`
}

// SettledOfObject counts the rejects of an object.
type SettledOfObject struct {
	Object   string `json:"object"`
	Rejected int64  `json:"rejected"`
	Settled  int64  `json:"settled"`
	Open     int64  `json:"open"`
}

// JournalSettled tells what became of the rejects of a run since. Runs that were taken back do not count.
func JournalSettled(ctx context.Context, pool *pgxpool.Pool, run int32) (*JournalSettlement, error) {
	q := importdb.New(pool)
	objects, err := q.SettledCountByObject(ctx, run)
	if err != nil {
		return nil, explain(fmt.Errorf("reading the rejects of run %d: %w", run, err))
	}
	s := &JournalSettlement{By: []SettlingRun{}, Objects: []SettledOfObject{}}
	for _, o := range objects {
		s.Rejected += o.Rejected
		s.Settled += o.Settled
		s.Objects = append(s.Objects, SettledOfObject{Object: o.Object, Rejected: o.Rejected, Settled: o.Settled, Open: o.Rejected - o.Settled})
	}
	s.Open = s.Rejected - s.Settled
	by, err := q.SettledCountBy(ctx, run)
	if err != nil {
		return nil, explain(fmt.Errorf("reading the rejects of run %d: %w", run, err))
	}
	for _, b := range by {
		s.By = append(s.By, SettlingRun{Run: b.RunNo, RunID: b.RunID, FinishedAt: utc(b.FinishedAt), Settled: b.Settled})
	}
	return s, nil
}
