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
	q := importdb.New(pool)
	err := q.ViewsPrepare(ctx)
	if err == nil {
		both, ctx := errgroup.WithContext(ctx)
		for _, view := range []string{"opportunities_active", "contacts_directory"} {
			both.Go(func() error { return q.ViewRefresh(ctx, view) })
		}
		err = both.Wait()
	}
	if err != nil {
		return explain(fmt.Errorf("refreshing the materialized views: %w", err))
	}
	return nil
}
