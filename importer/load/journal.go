package load

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/projectrye/rye-import/db"
)

// JournalEntry is a run as the journal has it.
type JournalEntry struct {
	Number     int32           `json:"number"`
	ID         uuid.UUID       `json:"run_id"`
	Source     string          `json:"source"`
	CRM        string          `json:"crm"`
	Command    string          `json:"command"`
	Status     string          `json:"status"`
	Full       bool            `json:"full"`
	Mapping    string          `json:"mapping"`
	StartedAt  time.Time       `json:"started_at"`
	FinishedAt *time.Time      `json:"finished_at"`
	Undoes     *int32          `json:"undoes,omitempty"`    // number of the run that this one has taken back
	UndoneBy   *int32          `json:"undone_by,omitempty"` // number of the run that has taken this one back
	PrunedAt   *time.Time      `json:"pruned_at,omitempty"` // when its details were taken away; see PruneRun
	Error      string          `json:"error,omitempty"`
	Summary    json.RawMessage `json:"summary,omitempty"`
}

// JournalFile is a file that a run has read.
type JournalFile struct {
	Number   int32  `json:"number"`
	Path     string `json:"path"`
	Object   string `json:"object"`
	Format   string `json:"format"`
	Encoding string `json:"encoding"`
	SHA256   string `json:"sha256"`
	Bytes    int64  `json:"bytes"`
}

// JournalReject is a record that a run has rejected.
type JournalReject struct {
	Object string `json:"object"`
	Path   string `json:"path"`
	Line   int32  `json:"line"`
	ID     string `json:"id,omitempty"`
	Column string `json:"column,omitempty"`
	Code   string `json:"code"`
	Reason string `json:"reason"`
	Stage  string `json:"stage"`
}

// RunNotFoundError says that no run, or not just one, goes by an id.
type RunNotFoundError struct {
	ID      string
	Matches int
}

func (e *RunNotFoundError) Error() string {
	if e.Matches == 0 {
		return fmt.Sprintf("no run has the id or number %q; see: rye-import runs list", e.ID)
	}
	return fmt.Sprintf("%d runs have ids that begin with %q; give more of it", e.Matches, e.ID)
}

// Journal gives the latest runs, newest first.
func Journal(ctx context.Context, pool *pgxpool.Pool, most int) ([]JournalEntry, error) {
	rows, err := db.New(pool).RunList(ctx, db.RunListParams{MaxRows: int32(most)})
	if err != nil {
		return nil, explain(fmt.Errorf("reading the journal: %w", err))
	}
	entries := make([]JournalEntry, len(rows))
	for i, r := range rows {
		entries[i] = entry(r)
	}
	return entries, nil
}

// JournalRun gives one run, its files and the first of its rejects.
func JournalRun(ctx context.Context, pool *pgxpool.Pool, id string, rejects int) (*JournalEntry, []JournalFile, []JournalReject, error) {
	q := db.New(pool)
	rows, err := q.RunListByPrefix(ctx, id)
	if err != nil {
		return nil, nil, nil, explain(fmt.Errorf("reading the journal: %w", err))
	}
	if len(rows) != 1 {
		return nil, nil, nil, &RunNotFoundError{ID: id, Matches: len(rows)}
	}
	e := entry(rows[0])
	fileRows, err := q.FileListByRun(ctx, db.FileListByRunParams{RunNo: e.Number, MaxRows: math.MaxInt32})
	if err != nil {
		return nil, nil, nil, explain(fmt.Errorf("reading the files of run %s: %w", id, err))
	}
	files := make([]JournalFile, len(fileRows))
	for i, f := range fileRows {
		files[i] = JournalFile{
			Number: f.FileNo, Path: f.Path, Object: f.Object, Format: f.Format, Encoding: f.Encoding, SHA256: f.SHA256, Bytes: f.Bytes,
		}
	}
	rejectRows, err := q.RejectListByRun(ctx, db.RejectListByRunParams{RunNo: e.Number, MaxRows: int32(rejects)})
	if err != nil {
		return nil, nil, nil, explain(fmt.Errorf("reading the rejects of run %s: %w", id, err))
	}
	list := make([]JournalReject, len(rejectRows))
	for i, r := range rejectRows {
		list[i] = JournalReject{
			Object: r.Object, Path: r.Path, Line: r.Line, ID: text(r.LegacyID), Column: text(r.ColumnName),
			Code: r.Code, Reason: r.Reason, Stage: r.Stage,
		}
	}
	return &e, files, list, nil
}

func entry(r db.Run) JournalEntry {
	return JournalEntry{
		Number: r.RunNo, ID: r.RunID, Source: r.Source, CRM: r.CRM, Command: r.Command, Status: r.Status, Full: r.FullExport,
		Mapping: r.Mapping, StartedAt: r.StartedAt.UTC(), FinishedAt: utc(r.FinishedAt), Undoes: r.Undoes, UndoneBy: r.UndoneBy,
		PrunedAt: utc(r.PrunedAt), Error: text(r.Error), Summary: r.Summary,
	}
}

func utc(t *time.Time) *time.Time {
	if t == nil {
		return nil
	}
	u := t.UTC()
	return &u
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
