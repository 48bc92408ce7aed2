package load

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/projectrye/rye-import/internal/importdb"
)

// OldRun is a run whose details may be pruned.
type OldRun struct {
	Number      int32
	ID          uuid.UUID
	RejectsPath string // the folder of its reject files, if the journal knows it
}

// OldRuns gives the runs that ended before a time and have not been pruned, without the newest of each
// source that is done.
func OldRuns(ctx context.Context, pool *pgxpool.Pool, before time.Time) ([]OldRun, error) {
	rows, err := importdb.New(pool).PruneListRuns(ctx, before)
	if err != nil {
		return nil, explain(fmt.Errorf("looking for old runs: %w", err))
	}
	runs := make([]OldRun, len(rows))
	for i, r := range rows {
		runs[i] = OldRun{Number: r.RunNo, ID: r.RunID, RejectsPath: r.RejectsPath}
	}
	return runs, nil
}

// CountDetails counts what PruneRun would take away of some runs.
func CountDetails(ctx context.Context, pool *pgxpool.Pool, runs []OldRun) (rejects int64, err error) {
	numbers := make([]int32, len(runs))
	for i, r := range runs {
		numbers[i] = r.Number
	}
	if rejects, err = importdb.New(pool).PruneCountRejects(ctx, numbers); err != nil {
		return 0, explain(fmt.Errorf("counting the rejects of old runs: %w", err))
	}
	return rejects, nil
}

// PruneRun takes away the details of one run: whatever is kept by its number and is told of nothing that
// stands. The run and its files stay in the journal, for provenance names them. A run that somebody else
// has locked is left as it is, and done is false.
func PruneRun(ctx context.Context, pool *pgxpool.Pool, run OldRun) (rejects int64, done bool, err error) {
	err = pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
		q := importdb.New(tx)
		locked, err := q.PruneLockRun(ctx, run.Number)
		if err != nil || len(locked) == 0 {
			return err
		}
		// A table that keeps details by run_no is pruned here.
		if rejects, err = q.PruneDeleteRejects(ctx, run.Number); err != nil {
			return err
		}
		if _, err := q.PruneDeleteImages(ctx, run.Number); err != nil {
			return err
		}
		if _, err := q.PruneDeleteCreated(ctx, run.Number); err != nil {
			return err
		}
		done = true
		return q.PruneMarkRun(ctx, run.Number)
	})
	if err != nil {
		return 0, false, explain(fmt.Errorf("pruning run %d: %w", run.Number, err))
	}
	return rejects, done, nil
}

// PruneChanges forgets what fields were before runs that ended before a time changed them, unless that
// change is the last of its field. It gives how many changes went, or would go.
func PruneChanges(ctx context.Context, pool *pgxpool.Pool, before time.Time, dryRun bool) (int64, error) {
	q := importdb.New(pool)
	prune := q.PruneDeleteChanges
	if dryRun {
		prune = q.PruneCountChanges
	}
	n, err := prune(ctx, before)
	if err != nil {
		return 0, explain(fmt.Errorf("pruning the changes of old runs: %w", err))
	}
	return n, nil
}

// Sweep takes away what crashed runs have left in staging, also those of sources that are run no more,
// and frees their code numbers. It gives how many runs that were.
func Sweep(ctx context.Context, pool *pgxpool.Pool, dryRun bool, log *slog.Logger) (int64, error) {
	q := importdb.New(pool)
	unfinished, err := q.PruneListUnfinished(ctx)
	if err != nil {
		return 0, explain(fmt.Errorf("looking for crashed runs: %w", err))
	}
	swept := make(map[int32]bool)
	sources := make(map[string]bool)
	for _, run := range unfinished {
		if sources[run.Source] {
			continue
		}
		sources[run.Source] = true
		crashed, err := sweepSource(ctx, pool, run.Source, dryRun, log)
		if err != nil {
			return 0, explain(fmt.Errorf("cleaning up after crashed runs of %q: %w", run.Source, err))
		}
		for _, no := range crashed {
			swept[no] = true
		}
	}
	left, err := q.PruneListStaged(ctx)
	if err != nil {
		return 0, explain(fmt.Errorf("looking for what is left in staging: %w", err))
	}
	for _, no := range left {
		swept[no] = true
	}
	if !dryRun && len(left) > 0 {
		if err := q.StagingDeleteRuns(ctx, left); err != nil {
			return 0, explain(fmt.Errorf("emptying staging: %w", err))
		}
	}
	return int64(len(swept)), nil
}

// sweepSource cleans up after the crashed runs of a source, and gives them. Whether they have crashed, its
// lock tells: if it is taken, a run is under way, which has cleaned up itself.
func sweepSource(ctx context.Context, pool *pgxpool.Pool, source string, dryRun bool, log *slog.Logger) (crashed []int32, err error) {
	conn, err := pool.Acquire(ctx)
	if err != nil {
		return nil, err
	}
	r := &Run{cfg: Config{Source: source, Logger: log}, pool: pool, lock: conn}
	defer r.unlock()
	q := importdb.New(conn)
	locked, err := q.SessionTrySourceLock(ctx, source)
	if err != nil || !locked {
		return nil, err
	}
	if dryRun {
		runs, err := q.PruneListUnfinished(ctx)
		for _, run := range runs {
			if run.Source == source {
				crashed = append(crashed, run.RunNo)
			}
		}
		return crashed, err
	}
	if crashed, err = q.RunMarkCrashed(ctx, source); err != nil || len(crashed) == 0 {
		return nil, err
	}
	if err := r.freeCodes(ctx, crashed); err != nil {
		return nil, err
	}
	// Not all rows at once, as a run would: another may just have begun.
	return crashed, q.StagingDeleteRuns(ctx, crashed)
}
