package load

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/projectrye/rye-import/internal/importdb"
)

// database is a connection, or a pool of them.
type database interface {
	importdb.DBTX
	Begin(ctx context.Context) (pgx.Tx, error)
}

// CompleteOptions say what there is to do after the commit of a run.
type CompleteOptions struct {
	// Connections is how many connections work beside each other, one for each processor of the server. They are fewer if the
	// pool is small, and at least 1.
	Connections int
	// Views is whether the materialized views are refreshed.
	Views bool
	// Progress is told the name of each phase as it begins.
	Progress func(phase string)
}

// Completion is what has come of it. What an error has left undone, the next run does; the data is in.
type Completion struct {
	Phases  []Phase
	Indexes error // from making the indexes that were postponed, and checking the foreign keys
	Views   error // from refreshing the materialized views
	Staging error // from emptying staging
}

// Complete does what comes after the commit: it makes the indexes that the merge has taken off, refreshes the materialized
// views, and beside that ends the run. It does so on few connections, and those that have worked for the run
// before: each one has to find its way to every page of the graph anew.
func (r *Run) Complete(ctx context.Context, opts CompleteOptions) Completion {
	var c Completion
	if !r.Postponed && !opts.Views {
		c.Staging = r.Close(ctx)
		return c
	}
	var held []*pgxpool.Conn
	if conn := r.ahead.take(); conn != nil {
		held = append(held, conn)
	}
	defer func() {
		for _, conn := range held {
			conn.Release()
		}
	}()
	const others = 2 // that of the lock, and one to empty staging
	for len(held) < max(1, min(opts.Connections, int(r.pool.Config().MaxConns)-others)) {
		conn, err := r.pool.Acquire(ctx)
		if err != nil {
			err = explain(fmt.Errorf("connecting: %w", err))
			if r.Postponed {
				c.Indexes = err
			}
			if opts.Views {
				c.Views = err
			}
			c.Staging = r.Close(ctx)
			return c
		}
		held = append(held, conn)
	}
	connections := make([]database, len(held))
	for i, conn := range held {
		connections[i] = conn
	}
	closed := make(chan error, 1)
	go func() { closed <- r.Close(ctx) }()

	phase := func(name string, do func(context.Context, ...database) error) error {
		opts.Progress(name)
		begun := time.Now()
		err := do(ctx, connections...)
		c.Phases = append(c.Phases, Phase{Name: name, Elapsed: time.Since(begun)})
		return err
	}
	if r.Postponed {
		c.Indexes = phase("indexes", restore)
	}
	if opts.Views {
		c.Views = phase("refresh", refreshViews)
	}
	c.Staging = <-closed
	return c
}
