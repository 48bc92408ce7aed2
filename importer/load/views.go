package load

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/sync/errgroup"

	"github.com/projectrye/rye-import/internal/importdb"
)

// RefreshViews refreshes the materialized views of the CRM layer, beside their readers, and beside each
// other on two connections, if the pool has as many.
func RefreshViews(ctx context.Context, pool *pgxpool.Pool) error {
	return refreshViews(ctx, pool, pool)
}

// refreshViews does so on some connections.
func refreshViews(ctx context.Context, connections ...database) error {
	err := importdb.New(connections[0]).ViewsPrepare(ctx)
	if err == nil {
		views := make(chan string, 2)
		views <- "opportunities_active"
		views <- "contacts_directory"
		close(views)
		beside, ctx := errgroup.WithContext(ctx)
		for _, db := range connections {
			beside.Go(func() error {
				for view := range views {
					if err := importdb.New(db).ViewRefresh(ctx, view); err != nil {
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
