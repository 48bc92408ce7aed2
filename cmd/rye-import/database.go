package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/urfave/cli/v2"
	pgxuuid "github.com/vgarvardt/pgx-google-uuid/v5"

	"github.com/projectrye/rye-import/internal/migrate"
	"github.com/projectrye/rye-import/internal/pgserver"
)

// database is an open database, and the private server under it if there is one.
type database struct {
	pool  *pgxpool.Pool
	url   string
	lease *pgserver.Lease
}

// openDatabase opens the database of the flags or the environment, else that of the private server,
// which it starts on demand.
func openDatabase(c *cli.Context, log *slog.Logger, connections int) (*database, error) {
	ctx := c.Context
	d := &database{url: c.String("database-url")}
	if d.url == "" {
		server, err := pgserver.New(pgserver.Config{Logger: log})
		if err != nil {
			return nil, err
		}
		if d.lease, err = server.Acquire(ctx); err != nil {
			return nil, fmt.Errorf("starting the private PostgreSQL: %w", err)
		}
		d.url = d.lease.URL()
	}
	cfg, err := pgxpool.ParseConfig(d.url)
	if err != nil {
		return nil, d.closeAfter(ctx, usagef("the database URL: %w", err))
	}
	cfg.MaxConns = int32(max(connections, 4))
	cfg.ConnConfig.RuntimeParams["application_name"] = "rye-import"
	cfg.AfterConnect = func(_ context.Context, conn *pgx.Conn) error {
		pgxuuid.Register(conn.TypeMap()) // else ids go by way of their text
		return nil
	}
	if d.pool, err = pgxpool.NewWithConfig(ctx, cfg); err != nil {
		return nil, d.closeAfter(ctx, fmt.Errorf("opening the database: %w", err))
	}
	if err := d.pool.Ping(ctx); err != nil {
		return nil, d.closeAfter(ctx, fmt.Errorf("connecting to the database: %w", err))
	}
	return d, nil
}

// openMigrated opens the database and brings it up to date.
func openMigrated(c *cli.Context, log *slog.Logger, connections int) (*database, error) {
	d, err := openDatabase(c, log, connections)
	if err != nil {
		return nil, err
	}
	applied, err := migrate.Up(c.Context, d.pool)
	if err != nil {
		return nil, d.closeAfter(c.Context, err)
	}
	if len(applied) > 0 {
		log.Info("migrated the database", "migrations", len(applied))
	}
	return d, nil
}

// openCurrent opens the database for a command that only reads. It changes nothing: what is not up to date
// was not written by a run of this version.
func openCurrent(c *cli.Context, log *slog.Logger) (*database, error) {
	d, err := openDatabase(c, log, 4)
	if err != nil {
		return nil, err
	}
	list, err := migrate.List(c.Context, d.pool)
	if err == nil && slices.ContainsFunc(list, func(m migrate.Migration) bool { return !m.Applied }) {
		err = errors.New("the schema of this database is not up to date, and this command changes nothing; use: rye-import db migrate")
	}
	if err != nil {
		return nil, d.closeAfter(c.Context, err)
	}
	return d, nil
}

func (d *database) closeAfter(ctx context.Context, err error) error {
	return errors.Join(err, d.Close(ctx))
}

// Close closes the database and gives the private server back, also when the context has ended.
func (d *database) Close(ctx context.Context) error {
	if d.pool != nil {
		d.pool.Close()
	}
	if d.lease == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
	defer cancel()
	if err := d.lease.Release(ctx); err != nil {
		return fmt.Errorf("stopping the private PostgreSQL: %w", err)
	}
	return nil
}
