package load

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/projectrye/rye-import/internal/importdb"
)

// session is how a run works in its database. Its methods may be called concurrently, but for statements
// of queries that give rows.
type session interface {
	// queries are for single statements.
	queries() *importdb.Queries
	// change does what belongs together. The context of its statements is the one that do is given.
	change(ctx context.Context, do func(context.Context, *importdb.Queries) error) error
	// copy copies rows into staging, all or none.
	copy(ctx context.Context, do func(context.Context, *copier) error) error
	// look reads under settings that end with it.
	look(ctx context.Context, do func(context.Context, *importdb.Queries) error) error
}

// pooled is the session of a run: many connections, and transactions that commit.
type pooled struct{ pool *pgxpool.Pool }

func (s pooled) queries() *importdb.Queries { return importdb.New(s.pool) }

func (s pooled) change(ctx context.Context, do func(context.Context, *importdb.Queries) error) error {
	return pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error { return do(ctx, importdb.New(tx)) })
}

// copy need not wait for the disk with its commit: a crash in between fails the run, and the next one stages anew.
func (s pooled) copy(ctx context.Context, do func(context.Context, *copier) error) error {
	return pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		if err := importdb.New(tx).SessionTuneStaging(ctx); err != nil {
			return err
		}
		return do(ctx, newCopier(tx.Conn()))
	})
}

func (s pooled) look(ctx context.Context, do func(context.Context, *importdb.Queries) error) error {
	return s.change(ctx, do)
}

// planned is the session of a plan: one transaction that never commits. So there is nothing to clean up
// after it, however it ends.
type planned struct {
	tx      pgx.Tx
	ctx     context.Context //nolint:containedctx // change says why
	crashed []int32         // runs of the source that ended without a word, after which the next run cleans up

	mu sync.Mutex
}

// The numbers of a plan lie above all that sequences give, so that it is the latest run to itself. They are
// drawn by lot, so that two plans do not wait for each other.
const (
	firstPlanNumber = 1_500_000_000
	lastPlanNumber  = 2_000_000_000
)

// newPlanned begins the transaction of a plan.
func newPlanned(ctx context.Context, conn *pgxpool.Conn) (*planned, error) {
	tx, err := conn.Begin(ctx)
	if err != nil {
		return nil, fmt.Errorf("beginning the plan: %w", err)
	}
	s := &planned{tx: tx, ctx: ctx}
	number := firstPlanNumber + rand.IntN(lastPlanNumber-firstPlanNumber) //nolint:gosec // no secret
	if err := s.queries().SessionBeginPlan(ctx, strconv.Itoa(number)); err != nil {
		return nil, fmt.Errorf("beginning the plan: %w", err)
	}
	// A run that ends empties staging at once if no other is under way, and a plan is none that it could see.
	if err := s.queries().StagingLock(ctx); err != nil {
		return nil, fmt.Errorf("beginning the plan: %w", err)
	}
	return s, nil
}

func (s *planned) queries() *importdb.Queries { return importdb.New(s.tx) }

// change does one after another what a run does side by side. Its context is that of the plan: a worker that
// is called off because another one failed would take the connection with it, and what that one has to tell.
func (s *planned) change(ctx context.Context, do func(context.Context, *importdb.Queries) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	return do(s.ctx, s.queries())
}

func (s *planned) copy(ctx context.Context, do func(context.Context, *copier) error) error {
	return s.change(ctx, func(ctx context.Context, _ *importdb.Queries) error { return do(ctx, newCopier(s.tx.Conn())) })
}

func (s *planned) look(ctx context.Context, do func(context.Context, *importdb.Queries) error) error {
	return s.change(ctx, func(ctx context.Context, _ *importdb.Queries) error {
		sp, err := s.tx.Begin(ctx)
		if err != nil {
			return err
		}
		if err := do(ctx, importdb.New(sp)); err != nil {
			return err
		}
		return sp.Rollback(ctx)
	})
}

// merge does the merge. An error takes it back and leaves what is staged: a guard tells what it stopped.
func (s *planned) merge(ctx context.Context, do func(*importdb.Queries) error) error {
	sp, err := s.tx.Begin(ctx)
	if err != nil {
		return err
	}
	if err := do(importdb.New(sp)); err != nil {
		_ = sp.Rollback(ctx) // the first error says why
		return err
	}
	return ctx.Err()
}

// discard takes everything back.
func (s *planned) discard(ctx context.Context) {
	_ = s.tx.Rollback(ctx) // the session ends with the plan, and what it did not commit with it
}
