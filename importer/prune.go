package importer

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/projectrye/rye-import/importer/load"
	"github.com/projectrye/rye-import/importer/report"
)

// PruneOptions say what is too old.
type PruneOptions struct {
	// Before is the time of which runs that ended earlier are pruned.
	Before time.Time
	// DryRun counts what would go, and takes nothing away.
	DryRun bool
	// Logger takes what happens and is no result. Defaults to none.
	Logger *slog.Logger
	// RejectsDirs are folders with the reject files of runs, besides those that the journal names.
	RejectsDirs []string
}

// Prune takes away the details of old runs: their rejects in the journal, their folders of reject files as
// far as they are on this machine, what fields were before changes that others have followed, and what
// crashed runs have left in staging. What a trace needs stays: runs, their files, and the last change of each
// field. So does the newest run of each source that is done. It may be interrupted and called again.
func (im *Importer) Prune(ctx context.Context, opts PruneOptions) (*report.Pruned, error) {
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	result := &report.Pruned{DryRun: opts.DryRun, Before: opts.Before.UTC(), Folders: []string{}}
	var err error
	if result.Staging, err = load.Sweep(ctx, im.pool, opts.DryRun, opts.Logger); err != nil {
		return nil, err
	}
	runs, err := load.OldRuns(ctx, im.pool, opts.Before)
	if err != nil {
		return nil, err
	}
	if opts.DryRun {
		if result.Rejects, err = load.CountDetails(ctx, im.pool, runs); err != nil {
			return nil, err
		}
	}
	for _, run := range runs {
		folders, warnings := pruneFolders(run, opts)
		result.Folders = append(result.Folders, folders...)
		if result.Warnings = append(result.Warnings, warnings...); len(warnings) > 0 {
			continue // the journal knows the folder, and is needed the next time
		}
		if opts.DryRun {
			result.Runs++
			continue
		}
		rejects, done, err := load.PruneRun(ctx, im.pool, run)
		if err != nil {
			return nil, err
		}
		if done {
			result.Runs++
			result.Rejects += rejects
		}
	}
	if result.Changes, err = load.PruneChanges(ctx, im.pool, opts.Before, opts.DryRun); err != nil {
		return nil, err
	}
	opts.Logger.Info("journal pruned", "before", result.Before, "dry_run", result.DryRun, "runs", result.Runs, "rejects", result.Rejects,
		"changes", result.Changes, "folders", len(result.Folders), "crashed", result.Staging)
	return result, nil
}

// pruneFolders takes away the reject files of a run: the CSV files in folders that bear its id, and the
// folders if nothing else is in them.
func pruneFolders(run load.OldRun, opts PruneOptions) (gone, warnings []string) {
	id := run.ID.String()
	var dirs []string
	if filepath.Base(run.RejectsPath) == id {
		dirs = append(dirs, run.RejectsPath)
	}
	for _, dir := range opts.RejectsDirs {
		if abs, err := filepath.Abs(filepath.Join(dir, id)); err == nil && abs != run.RejectsPath {
			dirs = append(dirs, abs)
		}
	}
	for _, dir := range dirs {
		if info, err := os.Lstat(dir); err != nil || !info.IsDir() {
			continue
		}
		if !opts.DryRun {
			if err := removeRejects(dir); err != nil {
				warnings = append(warnings, fmt.Sprintf("the reject files of run %d were not taken away: %v", run.Number, err))
				continue
			}
		}
		gone = append(gone, dir)
	}
	return gone, warnings
}

func removeRejects(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	others := 0
	for _, e := range entries {
		if !e.Type().IsRegular() || !strings.HasSuffix(e.Name(), ".csv") {
			others++
			continue
		}
		if err := os.Remove(filepath.Join(dir, e.Name())); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	if others > 0 {
		return nil // somebody keeps something of his own there
	}
	return os.Remove(dir)
}
