package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// pristine is the database with the schema and nothing in it, of which the others are copies.
const pristine = "pristine"

// server is the PostgreSQL on which everything runs.
type server struct {
	admin      *pgx.Conn // to a database that nobody else uses
	config     *pgx.ConnConfig
	program    string
	postmaster int
}

func openServer(ctx context.Context, url, program string) (*server, error) {
	config, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, err
	}
	admin, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return nil, err
	}
	s := &server{admin: admin, config: config, program: program}
	if err := s.prepare(ctx); err != nil {
		s.close(context.WithoutCancel(ctx))
		return nil, err
	}
	return s, nil
}

func (s *server) prepare(ctx context.Context) error {
	var backend int
	if err := s.admin.QueryRow(ctx, "SELECT pg_backend_pid()").Scan(&backend); err != nil {
		return err
	}
	s.postmaster = parentOf(backend)
	if _, err := s.admin.Exec(ctx, "CREATE DATABASE "+pristine); err != nil {
		return err
	}
	_, err := s.importer(ctx, pristine, "db", "migrate").CombinedOutput()
	return err
}

func (s *server) close(ctx context.Context) { s.admin.Close(ctx) }

func (s *server) version() string { return s.admin.PgConn().ParameterStatus("server_version") }

// clone makes a database that is the copy of another one, which nobody may be connected to. The copy of
// files writes no log for their content, so that it does not disturb what is timed next.
func (s *server) clone(ctx context.Context, name, from string) error {
	_, err := s.admin.Exec(ctx, "CREATE DATABASE "+pgx.Identifier{name}.Sanitize()+" TEMPLATE "+pgx.Identifier{from}.Sanitize()+" STRATEGY file_copy")
	return err
}

// drop removes a database, if it is there.
func (s *server) drop(ctx context.Context, name string) error {
	_, err := s.admin.Exec(ctx, "DROP DATABASE IF EXISTS "+pgx.Identifier{name}.Sanitize()+" WITH (FORCE)")
	return err
}

func (s *server) connect(ctx context.Context, database string) (*pgx.Conn, error) {
	config := s.config.Copy()
	config.Database = database
	return pgx.ConnectConfig(ctx, config)
}

// with lends a connection.
func (s *server) with(ctx context.Context, database string, do func(*pgx.Conn) error) error {
	conn, err := s.connect(ctx, database)
	if err != nil {
		return err
	}
	return errors.Join(do(conn), conn.Close(context.WithoutCancel(ctx)))
}

// importer is the program, ready to start on a database.
func (s *server) importer(ctx context.Context, database string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, s.program, args...) //nolint:gosec // the caller says which program
	cmd.Env = append(os.Environ(),
		"PGHOST="+s.config.Host, "PGPORT="+strconv.Itoa(int(s.config.Port)), "PGUSER="+s.config.User, "PGDATABASE="+database,
		"RYE_DATABASE_URL=postgres://")
	return cmd
}

// settle brings the server to rest before something is timed.
func (s *server) settle(ctx context.Context) error {
	_, err := s.admin.Exec(ctx, "CHECKPOINT")
	return err
}

// script executes statements in one transaction.
func script(ctx context.Context, conn *pgx.Conn, sql string) error {
	_, err := conn.PgConn().Exec(ctx, sql).ReadAll()
	var refused *pgconn.PgError
	if errors.As(err, &refused) && refused.Position > 0 {
		return fmt.Errorf("at character %d: %w", refused.Position, err)
	}
	return err
}
