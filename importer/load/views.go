package load

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/sync/errgroup"

	"github.com/projectrye/rye-import/internal/importdb"
)

// The materialized views of the CRM layer, that which takes longest first.
var views = [...]string{"contacts_directory", "opportunities_active"}

// RefreshViews refreshes the materialized views of the CRM layer, beside their readers, and beside each
// other on two connections, if the pool has as many.
func RefreshViews(ctx context.Context, pool *pgxpool.Pool) error {
	return refreshViews(ctx, pool, pool)
}

// refreshViews does so on some connections, of which each begins with the view of its place.
func refreshViews(ctx context.Context, connections ...database) error {
	err := importdb.New(connections[0]).ViewsPrepare(ctx)
	if err == nil {
		beside, ctx := errgroup.WithContext(ctx)
		for i, db := range connections[:min(len(connections), len(views))] {
			beside.Go(func() error {
				for v := i; v < len(views); v += len(connections) {
					if err := importdb.New(db).ViewRefresh(ctx, views[v]); err != nil {
						return err
					}
				}
				return nil
			})
		}
		err = beside.Wait()
	}
	if err != nil {
		return explain(fmt.Errorf("refreshing the materialized views: %w", err))
	}
	return nil
}

// ahead has a connection that will refresh views read what they are made of while the merge keeps no more than one
// processor of the server busy. That the pages are in memory is half of it; the other half is that a process of the server has to find
// its way to each page of the memory that they share. One reads for all: another one finds many of such pages at once.
type ahead struct {
	conn *pgxpool.Conn // nil if nothing was read
	read chan struct{} // closed when all is
}

// mergeConnections is how many connections a merge may need: the lock, the transaction, the resolver, and codes drawn beside.
const mergeConnections = 4

// readAhead begins to read when the resolver is done, once, if the views are going to be refreshed and the pool has a connection to spare.
// What goes wrong is of no matter: then the views are refreshed as if nothing had been read.
func (m *merger) readAhead(ctx context.Context) {
	r := m.run
	if r.ahead != nil || !m.opts.ReadAhead || r.pool.Config().MaxConns <= mergeConnections {
		return
	}
	after := m.resolver.ended
	a := &ahead{read: make(chan struct{})}
	r.ahead = a
	go func() {
		defer close(a.read)
		if after != nil {
			<-after
		}
		conn, err := r.pool.Acquire(ctx)
		if err != nil {
			return
		}
		if done, err := importdb.New(conn).ViewsReadAhead(ctx); err != nil || !done {
			r.cfg.Logger.Debug("nothing is read ahead for the views", "err", err)
			conn.Release()
			return
		}
		a.conn = conn
	}()
}

// take gives the connection, when it has read, to who has to release it; nil if there is none.
func (a *ahead) take() *pgxpool.Conn {
	if a == nil {
		return nil
	}
	<-a.read
	conn := a.conn
	a.conn = nil
	return conn
}

func (a *ahead) release() {
	if conn := a.take(); conn != nil {
		conn.Release()
	}
}
