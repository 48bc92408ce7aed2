package load

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/projectrye/rye-import/db"
)

// RefreshViews refreshes the materialized views of the CRM layer, beside their readers.
func RefreshViews(ctx context.Context, pool *pgxpool.Pool) error {
	if err := db.New(pool).ViewsRefresh(ctx); err != nil {
		return explain(fmt.Errorf("refreshing the materialized views: %w", err))
	}
	return nil
}
