package importer

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/projectrye/rye-import/importer/load"
	"github.com/projectrye/rye-import/importer/report"
)

// NotUndoableError says why a run cannot be taken back.
type NotUndoableError = load.NotUndoableError

// Undo takes the run back whose id begins so, or that has this number, in one transaction. What it created goes, or is
// archived if others came to depend on it; what it changed is as it was; facts are asserted anew. What a person or a later
// run has changed since is kept and listed. An undo is a run itself, and can be undone. Of cfg it uses Logger, Now and
// Progress.
//
// Errors: *load.RunNotFoundError, *NotUndoableError, ErrSourceLocked, *load.HiddenNodesError, and those of the database;
// nothing is changed then.
func (im *Importer) Undo(ctx context.Context, id string, cfg Config) (*report.Undo, error) {
	cfg = cfg.withDefaults()
	started := cfg.Now()
	var result *report.Undo
	undone, err := load.Undo(ctx, im.pool, id, load.Config{Logger: cfg.Logger}, load.UndoOptions{
		StartedAt: started,
		Progress:  func(phase string) { cfg.Progress(Progress{Phase: phase}) },
		Settle: func(u *load.Undone) (load.Settlement, error) {
			now := cfg.Now()
			result = undoReport(u)
			result.StartedAt, result.FinishedAt, result.Seconds = started.UTC(), now.UTC(), now.Sub(started).Seconds()
			text, err := json.Marshal(result)
			if err != nil {
				return load.Settlement{}, fmt.Errorf("writing the summary: %w", err)
			}
			return load.Settlement{Summary: text, Line: fmt.Sprintf("Import of %s undone: run %d", u.Run.Source, u.Run.Number)}, nil
		},
	})
	if err != nil {
		return nil, err
	}
	for _, ph := range undone.Phases {
		result.Phases = append(result.Phases, report.Phase{Name: ph.Name, Seconds: ph.Elapsed.Seconds()})
	}
	cfg.Progress(Progress{Phase: "refresh"})
	if err := load.RefreshViews(ctx, im.pool); err != nil {
		result.Warnings = append(result.Warnings, fmt.Sprintf("the materialized views were not refreshed: %v", err))
	}
	now := cfg.Now()
	result.FinishedAt, result.Seconds = now.UTC(), now.Sub(started).Seconds()
	return result, nil
}

func undoReport(u *load.Undone) *report.Undo {
	r := &report.Undo{
		RunID: u.ID.String(), Number: u.Number, Source: u.Run.Source, Command: "undo", Status: "done",
		Undoes: report.UndoneRun{RunID: u.Run.ID.String(), Number: u.Run.Number, Command: u.Run.Command, StartedAt: u.Run.StartedAt},
		Graph: report.UndoGraph{
			Nodes: report.Reversed(u.Nodes), Edges: report.Reversed(u.Edges), Assertions: report.Reversed(u.Facts), Events: report.Reversed(u.Events),
		},
		Records: report.Reversed(u.Records), Kept: make([]report.Kept, 0, len(u.Kept)), KeptTotal: u.KeptTotal,
	}
	for _, k := range u.Kept {
		r.Kept = append(r.Kept, report.Kept(k))
	}
	return r
}
