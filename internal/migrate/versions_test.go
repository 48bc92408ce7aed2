package migrate_test

import (
	"context"
	"io/fs"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/projectrye/rye-import/internal/migrate"
	"github.com/projectrye/rye-import/internal/pgtest"
	"github.com/projectrye/rye-import/schema"
)

// files lists the migrations of this version.
func files(t *testing.T) []string {
	t.Helper()
	names, err := fs.Glob(schema.Migrations, "*.sql")
	require.NoError(t, err)
	require.NotEmpty(t, names)
	return names
}

func execute(t *testing.T, pool *pgxpool.Pool, sql string, args ...any) {
	t.Helper()
	_, err := pool.Exec(t.Context(), sql, args...)
	require.NoError(t, err, sql)
}

func count(t *testing.T, pool *pgxpool.Pool, sql string) int {
	t.Helper()
	var n int
	require.NoError(t, pool.QueryRow(t.Context(), sql).Scan(&n), sql)
	return n
}

func TestList(t *testing.T) {
	t.Parallel()
	pool := pgtest.Connect(t, pgtest.Empty(t))
	var none, all []migrate.Migration
	for i, name := range files(t) {
		none = append(none, migrate.Migration{Version: int64(i) + 1, Name: name})
		all = append(all, migrate.Migration{Version: int64(i) + 1, Name: name, Applied: true})
	}
	list, err := migrate.List(t.Context(), pool)
	require.NoError(t, err)
	require.Equal(t, none, list)
	require.Zero(t, count(t, pool, "SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'rye%'"), "it changes nothing")

	applied, err := migrate.Up(t.Context(), pool)
	require.NoError(t, err)
	require.Equal(t, all, applied)
	list, err = migrate.List(t.Context(), pool)
	require.NoError(t, err)
	require.Equal(t, all, list)
}

// TestUp_Older brings a database on that an older version has set up.
func TestUp_Older(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	names := files(t)
	last := len(names)
	execute(t, pool, "DELETE FROM rye_import.migrations WHERE version_id = $1", last)
	list, err := migrate.List(t.Context(), pool)
	require.NoError(t, err)
	require.False(t, list[last-1].Applied)
	require.True(t, list[last-2].Applied)
	applied, err := migrate.Up(t.Context(), pool)
	require.NoError(t, err)
	require.Equal(t, []migrate.Migration{{Version: int64(last), Name: names[last-1], Applied: true}}, applied)
	require.Equal(t, 1, count(t, pool, "SELECT count(*) FROM rye_import.migrations WHERE version_id = (SELECT max(version_id) FROM rye_import.migrations)"))
}

// TestUp_Newer meets a database that a newer version has set up: it keeps its hands off what it does not
// know.
func TestUp_Newer(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	const newer = 9999
	execute(t, pool, "INSERT INTO rye_import.migrations (version_id, is_applied) VALUES ($1, true)", newer)
	execute(t, pool, "ALTER TABLE rye.nodes ADD COLUMN from_the_future text")
	applied, err := migrate.Up(t.Context(), pool)
	require.ErrorContains(t, err, "the database has schema version 9999")
	require.ErrorContains(t, err, "use a newer rye-import")
	require.Empty(t, applied)
	list, err := migrate.List(t.Context(), pool)
	require.NoError(t, err)
	require.Len(t, list, len(files(t)), "it lists what it knows")
	require.Equal(t, 1, count(t, pool, "SELECT count(*) FROM rye_import.migrations WHERE version_id = 9999"))
	require.Equal(t, 1, count(t, pool, "SELECT count(*) FROM information_schema.columns WHERE column_name = 'from_the_future'"))
}

// TestUp_Stops keeps what it applied before the migration that fails.
func TestUp_Stops(t *testing.T) {
	t.Parallel()
	pool := pgtest.Connect(t, pgtest.Empty(t))
	execute(t, pool, "CREATE SCHEMA rye_import; CREATE TABLE rye_import.runs (is_something_else text)")
	_, err := migrate.Up(t.Context(), pool)
	require.ErrorContains(t, err, "applying migration 00005_import.sql")
	list, err := migrate.List(t.Context(), pool)
	require.NoError(t, err)
	for i, m := range list {
		require.Equal(t, i < 4, m.Applied, m.Name)
	}
	// With what stood in the way gone, it goes on from there.
	execute(t, pool, "DROP TABLE rye_import.runs")
	applied, err := migrate.Up(t.Context(), pool)
	require.NoError(t, err)
	require.Len(t, applied, len(list)-4)
	require.Equal(t, "00005_import.sql", applied[0].Name)
}

// TestUp_Role has a database that is set up and up to date, and roles that may not migrate.
func TestUp_Role(t *testing.T) {
	t.Parallel()
	url := pgtest.Clone(t)
	admin := pgtest.Connect(t, url)
	loader := pgtest.Role(t, admin, "")
	execute(t, admin, "GRANT rye_loader TO "+pgx.Identifier{loader}.Sanitize())
	asLoader := pgtest.Connect(t, pgtest.AsRole(t, url, loader))
	applied, err := migrate.Up(t.Context(), asLoader)
	require.NoError(t, err, "there is nothing to do for which it had no right")
	require.Empty(t, applied)

	execute(t, admin, "DELETE FROM rye_import.migrations WHERE version_id = (SELECT max(version_id) FROM rye_import.migrations)")
	_, err = migrate.Up(t.Context(), asLoader)
	require.ErrorContains(t, err, "migrate as the owner of the database")
	asLoader.Close()

	stranger := pgtest.Connect(t, pgtest.AsRole(t, url, pgtest.Role(t, admin, "")))
	for _, do := range []func(context.Context, *pgxpool.Pool) ([]migrate.Migration, error){migrate.Up, migrate.List} {
		_, err = do(t.Context(), stranger)
		require.ErrorContains(t, err, "reading which migrations are applied")
		require.ErrorContains(t, err, "grant the role rye_loader")
	}
	stranger.Close()
}

func TestUp_NoDatabase(t *testing.T) {
	t.Parallel()
	pool := pgtest.Connect(t, pgtest.Empty(t))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := migrate.Up(ctx, pool)
	require.ErrorIs(t, err, context.Canceled)
	require.Zero(t, count(t, pool, "SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'rye%'"))
	pool.Close()
	_, err = migrate.List(t.Context(), pool)
	require.ErrorContains(t, err, "reading which migrations are applied")
}
