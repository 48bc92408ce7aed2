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

// ahead has the connections that will refresh the views read what these are made of while the merge keeps
// no more than one processor of the server busy. That the pages are in memory is half of it; the other half is
// that a process of the server has to find its way to each page of the memory that they share.
type ahead struct {
	connections []*pgxpool.Conn // in the order of views
	read        chan struct{}   // closed when all is read
}

// mergeConnections is how many connections a merge may need: the lock, the transaction, the resolver, and codes drawn beside.
const mergeConnections = 4

// readAhead begins to read when the resolver is done, once, if the views are going to be refreshed and the pool has connections to spare.
// What goes wrong is of no matter: then the views are refreshed as if nothing had been read.
func (m *merger) readAhead(ctx context.Context) {
	r := m.run
	connections := min(len(views), m.opts.ReadAhead, int(r.pool.Config().MaxConns)-mergeConnections)
	if r.ahead != nil || connections <= 0 {
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
		for _, view := range views[:connections] {
			conn, err := r.pool.Acquire(ctx)
			if err != nil {
				return
			}
			done, err := importdb.New(conn).ViewReadAhead(ctx, view)
			if err != nil || !done {
				r.cfg.Logger.Debug("nothing is read ahead for the views", "err", err)
				conn.Release()
				return
			}
			a.connections = append(a.connections, conn)
		}
	}()
}

// take gives the connections, when they have read, to who has to release them.
func (a *ahead) take() []*pgxpool.Conn {
	if a == nil {
		return nil
	}
	<-a.read
	taken := a.connections
	a.connections = nil
	return taken
}

func (a *ahead) release() {
	for _, conn := range a.take() {
		conn.Release()
	}
}
