// Package migrate brings a database to the schema that this version of the project needs.
package migrate

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/database"
	"github.com/pressly/goose/v3/lock"

	"github.com/projectrye/rye-import/internal/importdb"
	"github.com/projectrye/rye-import/schema"
)

// table notes what has been applied. It stands beside the importer's other bookkeeping.
const table = "rye_import.migrations"

// Migration is one step of the schema.
type Migration struct {
	Version int64
	Name    string
	Applied bool
}

// Up applies what is missing and gives the migrations that it applied. Several callers at once wait
// for each other. An error names the migration; those before it stay applied.
func Up(ctx context.Context, pool *pgxpool.Pool) ([]Migration, error) {
	done, err := current(ctx, pool)
	if err != nil || done {
		return nil, err
	}
	if _, err := pool.Exec(ctx, schema.Bootstrap); err != nil {
		// Two callers may make the schema at the same moment; then it stands.
		if _, err = pool.Exec(ctx, schema.Bootstrap); err != nil {
			return nil, fmt.Errorf("preparing the database: %w", explain(err))
		}
	}
	p, closeDB, err := provider(pool)
	if err != nil {
		return nil, err
	}
	defer closeDB()
	results, err := p.Up(ctx)
	var partial *goose.PartialError
	if errors.As(err, &partial) {
		return nil, fmt.Errorf("applying migration %s: %w", path.Base(partial.Failed.Source.Path), explain(partial.Err))
	}
	if err != nil {
		return nil, fmt.Errorf("applying migrations: %w", explain(err))
	}
	applied := make([]Migration, len(results))
	for i, r := range results {
		applied[i] = Migration{Version: r.Source.Version, Name: path.Base(r.Source.Path), Applied: true}
	}
	return applied, nil
}

// List gives all migrations, applied or not. It changes nothing.
func List(ctx context.Context, pool *pgxpool.Pool) ([]Migration, error) {
	versions, err := appliedVersions(ctx, pool)
	if err != nil {
		return nil, err
	}
	p, closeDB, err := provider(pool)
	if err != nil {
		return nil, err
	}
	defer closeDB()
	var list []Migration
	for _, s := range p.ListSources() {
		list = append(list, Migration{Version: s.Version, Name: path.Base(s.Path), Applied: versions[s.Version]})
	}
	return list, nil
}

// current reports whether nothing is missing, without writing: a role that may not migrate must be
// able to import into a database that is up to date.
func current(ctx context.Context, pool *pgxpool.Pool) (bool, error) {
	list, err := List(ctx, pool)
	if err != nil {
		return false, err
	}
	versions, err := appliedVersions(ctx, pool)
	if err != nil {
		return false, err
	}
	// A newer version of this program may have changed what this one relies on.
	if newest, known := slices.Max(append(slices.Collect(maps.Keys(versions)), 0)), list[len(list)-1].Version; newest > known {
		return false, fmt.Errorf("the database has schema version %d, and this rye-import knows those up to %d; use a newer rye-import", newest, known)
	}
	return !slices.ContainsFunc(list, func(m Migration) bool { return !m.Applied }), nil
}

func appliedVersions(ctx context.Context, pool *pgxpool.Pool) (map[int64]bool, error) {
	q := importdb.New(pool)
	found, err := q.MigrationTableExists(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading which migrations are applied: %w", explainRead(err))
	}
	versions := make(map[int64]bool)
	if !found {
		return versions, nil
	}
	applied, err := q.MigrationListApplied(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading which migrations are applied: %w", explainRead(err))
	}
	for _, v := range applied {
		versions[v] = true
	}
	return versions, nil
}

func provider(pool *pgxpool.Pool) (*goose.Provider, func(), error) {
	store, err := database.NewStore(database.DialectPostgres, table)
	if err != nil {
		return nil, nil, fmt.Errorf("opening the migration table: %w", err)
	}
	locker, err := lock.NewPostgresSessionLocker()
	if err != nil {
		return nil, nil, fmt.Errorf("making the migration lock: %w", err)
	}
	sqlDB := stdlib.OpenDBFromPool(pool)
	p, err := goose.NewProvider("", sqlDB, schema.Migrations, goose.WithStore(store), goose.WithSessionLocker(locker))
	if err != nil {
		_ = sqlDB.Close() // the reason why there is no provider says more
		return nil, nil, fmt.Errorf("reading the migrations: %w", err)
	}
	return p, func() { _ = sqlDB.Close() }, nil
}

// insufficientPrivilege is the SQLSTATE of what a role may not do.
const insufficientPrivilege = "42501"

// explainRead is for a database that is set up, by a role that may do nothing in it.
func explainRead(err error) error {
	var pgErr *pgconn.PgError
	if errors.As(err, &pgErr) && pgErr.Code == insufficientPrivilege {
		return fmt.Errorf("%w; grant the role rye_loader to the importing role, or import as the owner", err)
	}
	return err
}

func explain(err error) error {
	var pgErr *pgconn.PgError
	if errors.As(err, &pgErr) {
		if pgErr.Code == insufficientPrivilege {
			return fmt.Errorf("%w; migrate as the owner of the database: rye-import --database-url URL db migrate", err)
		}
		if pgErr.Hint != "" {
			return fmt.Errorf("%w (%s)", err, pgErr.Hint)
		}
	}
	return err
}
