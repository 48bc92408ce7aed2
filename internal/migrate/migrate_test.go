package migrate_test

import (
	"context"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/projectrye/rye-import/internal/migrate"
	"github.com/projectrye/rye-import/internal/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

func TestUp(t *testing.T) {
	t.Parallel()
	ctx := context.Background()

	t.Run("a schema that is not the core model is refused", func(t *testing.T) {
		t.Parallel()
		pool := pgtest.Connect(t, pgtest.Empty(t))
		_, err := pool.Exec(ctx, "CREATE SCHEMA rye; CREATE TABLE rye.nodes (id bigint PRIMARY KEY, node_type text)")
		require.NoError(t, err)
		_, err = migrate.Up(ctx, pool)
		require.ErrorContains(t, err, "nodes.id is bigint, expected uuid")
		require.ErrorContains(t, err, "nodes.label is missing")
		require.ErrorContains(t, err, "00001_core.sql")
	})

	t.Run("an existing rye schema is adopted", func(t *testing.T) {
		t.Parallel()
		url := pgtest.Clone(t)
		pool := pgtest.Connect(t, url)
		// What another tool made: the tables with their data, without our bookkeeping, and with a
		// policy of its own.
		_, err := pool.Exec(ctx, `DROP SCHEMA rye_import CASCADE;
			INSERT INTO rye.nodes (node_type, label, properties) VALUES ('person', 'Ada', '{"code": "CON-2401-0007"}');
			CREATE POLICY everybody ON rye.nodes FOR SELECT USING (true)`)
		require.NoError(t, err)
		applied, err := migrate.Up(ctx, pool)
		require.NoError(t, err)
		require.NotEmpty(t, applied)
		var nodes, policies int
		require.NoError(t, pool.QueryRow(ctx, "SELECT count(*) FROM rye.nodes").Scan(&nodes))
		require.NoError(t, pool.QueryRow(ctx, "SELECT count(*) FROM pg_policies WHERE policyname = 'everybody'").Scan(&policies))
		require.Equal(t, 1, nodes)
		require.Zero(t, policies, "a policy left over would open what the others close")
	})

	t.Run("an owner without other rights may migrate", func(t *testing.T) {
		t.Parallel()
		url := pgtest.Empty(t)
		admin := pgtest.Connect(t, url)
		owner := pgtest.Role(t, admin, "NOSUPERUSER NOCREATEROLE NOBYPASSRLS")
		pgtest.GiveTo(t, admin, owner)
		pool := pgtest.Connect(t, pgtest.AsRole(t, url, owner))
		applied, err := migrate.Up(ctx, pool)
		require.NoError(t, err)
		require.NotEmpty(t, applied)
		var code string
		require.NoError(t, pool.QueryRow(ctx, "SELECT rye.generate_crm_code('CON')").Scan(&code))
		require.NotEmpty(t, code)
		pool.Close()
	})

	t.Run("a role that may not migrate is told who may", func(t *testing.T) {
		t.Parallel()
		url := pgtest.Empty(t)
		admin := pgtest.Connect(t, url)
		pool := pgtest.Connect(t, pgtest.AsRole(t, url, pgtest.Role(t, admin, "")))
		_, err := migrate.Up(ctx, pool)
		require.ErrorContains(t, err, "migrate as the owner of the database")
		pool.Close()
	})

	t.Run("several at once wait for each other", func(t *testing.T) {
		t.Parallel()
		pool := pgtest.Connect(t, pgtest.Empty(t))
		const callers = 4
		var wg sync.WaitGroup
		errs := make([]error, callers)
		counts := make([]int, callers)
		for i := range callers {
			wg.Go(func() {
				var applied []migrate.Migration
				applied, errs[i] = migrate.Up(ctx, pool)
				counts[i] = len(applied)
			})
		}
		wg.Wait()
		total := 0
		for i := range callers {
			require.NoError(t, errs[i])
			total += counts[i]
		}
		list, err := migrate.List(ctx, pool)
		require.NoError(t, err)
		require.Len(t, list, total, "each migration was applied once")
		for _, m := range list {
			require.True(t, m.Applied, m.Name)
		}
	})

	t.Run("twice changes nothing", func(t *testing.T) {
		t.Parallel()
		applied, err := migrate.Up(ctx, pgtest.New(t))
		require.NoError(t, err)
		require.Empty(t, applied)
	})
}
