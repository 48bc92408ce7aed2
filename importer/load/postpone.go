package load

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"github.com/projectrye/rye-import/internal/importdb"
)

// postponeFrom is how many new records make it worth while to postpone the indexes of the graph: below, to take them off
// and to make them again takes longer than to keep them.
const postponeFrom = 2000

// postpone takes the foreign keys and secondary indexes of the graph off, if this is nearly the first that comes into it.
// From then on nobody else sees the graph until the merge ends. They are made again in part by the merge itself, see
// constrain, and for the rest by Run.Complete.
func (m *merger) postpone(ctx context.Context) error {
	records := m.run.changed.Load()
	if m.run.Known || m.matched > 0 || records < postponeFrom {
		return nil
	}
	little := records / 10 // beside what comes
	stand, err := m.q.PostponedStanding(ctx, int32(little)+1)
	if err != nil || int64(stand) > little {
		return err
	}
	refused, err := m.q.PostponedBegin(ctx, m.run.pool.Stat().TotalConns())
	if err != nil {
		return err
	}
	if refused != "" {
		m.run.cfg.Logger.Warn("the indexes of the graph stay while it is filled, which takes half as long again", "reason", refused)
		return nil
	}
	m.delayed = true
	return nil
}

// constrain makes what must hold when the merge commits: unique indexes, and foreign keys for all that is written from
// then on. Statistics come here too: nobody could gather them while indexes are made.
func (m *merger) constrain(ctx context.Context) error {
	if !m.delayed {
		return nil
	}
	for {
		name, err := m.q.PostponedRestore(ctx, true)
		if err != nil {
			return err
		}
		if name == "" {
			return m.q.PostponedAnalyze(ctx)
		}
	}
}

// heal makes what a run that was killed has left to be made.
func (r *Run) heal(ctx context.Context) error {
	items, err := importdb.New(r.lock).PostponedCount(ctx)
	if err != nil || items == 0 {
		return err
	}
	r.cfg.Logger.Info("making the indexes that an earlier run was to make after its merge", "left", items)
	return restore(ctx, r.pool, r.pool)
}

// restore makes the indexes that a merge has taken off, and checks its foreign keys, on some connections beside each other.
func restore(ctx context.Context, connections ...database) error {
	g, ctx := errgroup.WithContext(ctx)
	for _, db := range connections {
		g.Go(func() error {
			for {
				name, err := restoreOne(ctx, db)
				if err != nil || name == "" {
					return err
				}
			}
		})
	}
	if err := g.Wait(); err != nil {
		return fmt.Errorf("making the indexes and checking the foreign keys of the graph: %w", err)
	}
	return nil
}

// restoreOne makes the next thing that nobody else is making, and gives its name.
func restoreOne(ctx context.Context, db database) (name string, err error) {
	err = pgx.BeginFunc(ctx, db, func(tx pgx.Tx) error {
		q := importdb.New(tx)
		if err := q.SessionTuneRestore(ctx); err != nil {
			return err
		}
		name, err = q.PostponedRestore(ctx, false)
		return err
	})
	return name, err
}
