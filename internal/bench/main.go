// Command bench times imports of a generated export beside a plain COPY of the rows that came of
// it, each into an empty database of a private PostgreSQL that is removed afterwards.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/projectrye/rye-import/internal/exportgen"
	"github.com/projectrye/rye-import/internal/pgserver"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1) //nolint:forbidigo // this is main
	}
}

// bench is one round of measurements.
type bench struct {
	program string // rye-import
	dir     string // everything that the round writes
	out     io.Writer
}

func run(ctx context.Context, args []string, out io.Writer) (err error) {
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	program := flags.String("program", "bin/rye-import", "the importer to time")
	records := flags.Int("records", 100_000, "number of records of the export")
	if err := flags.Parse(args); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "rye-bench-")
	if err != nil {
		return err
	}
	// The server may run as another user, who has to get to its folder.
	if err := os.Chmod(dir, 0o711); err != nil { //nolint:gosec // it holds invented people only
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	b := &bench{program: *program, dir: dir, out: out}

	server, err := pgserver.New(pgserver.Config{Home: filepath.Join(dir, "pg")})
	if err != nil {
		return err
	}
	lease, err := server.Acquire(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lease.Release(context.WithoutCancel(ctx))) }()
	return b.measure(ctx, lease.URL(), *records)
}

func (b *bench) measure(ctx context.Context, url string, records int) error {
	export := filepath.Join(b.dir, "export")
	if _, err := exportgen.Write(export, exportgen.Options{Records: records}); err != nil {
		return err
	}
	imported, err := newDatabase(ctx, url, "CREATE DATABASE imported", "imported")
	if err != nil {
		return err
	}
	if err := b.importer(ctx, "first import", records, imported, export); err != nil {
		return err
	}
	if err := b.importer(ctx, "same again", records, imported, export); err != nil {
		return err
	}
	return b.plainCopy(ctx, url, imported)
}

// newDatabase makes a database and gives the configuration to connect to it.
func newDatabase(ctx context.Context, url, create, name string) (*pgx.ConnConfig, error) {
	config, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, err
	}
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return nil, err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	if _, err := conn.Exec(ctx, create); err != nil {
		return nil, err
	}
	config.Database = name
	return config, nil
}

// importer runs the program as a scheduler would.
func (b *bench) importer(ctx context.Context, what string, records int, db *pgx.ConnConfig, args ...string) error {
	args = append([]string{"run", "--progress", "none", "--output", "json", "--rejects", filepath.Join(b.dir, "rejects")}, args...)
	took, peak, err := b.command(ctx, db, args...)
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	_, err = fmt.Fprintf(b.out, "%-14s %9d records %8.1f s %9.0f records/s   peak memory %d MB\n",
		what, records, took.Seconds(), float64(records)/took.Seconds(), peak>>20)
	return err
}

// command gives how long the program took, and the most memory that it held at once, in bytes.
func (b *bench) command(ctx context.Context, db *pgx.ConnConfig, args ...string) (time.Duration, int64, error) {
	cmd := exec.CommandContext(ctx, b.program, args...) //nolint:gosec // the caller says which program
	cmd.Env = append(os.Environ(),
		"PGHOST="+db.Host, "PGPORT="+strconv.Itoa(int(db.Port)), "PGUSER="+db.User, "PGDATABASE="+db.Database,
		"RYE_DATABASE_URL=postgres://")
	cmd.Stderr = os.Stderr
	begin := time.Now()
	if err := cmd.Run(); err != nil {
		return 0, 0, err
	}
	took := time.Since(begin)
	var peak int64
	if usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		peak = usage.Maxrss << 10 // Linux counts in KiB
	}
	return took, peak, nil
}

// tables are those of the graph, each after the ones that it refers to.
var tables = []pgx.Identifier{
	{"rye", "nodes"},
	{"rye", "edges"},
	{"rye", "events"},
	{"rye", "event_participants"},
	{"rye", "assertions"},
	{"rye", "artifacts"},
	{"rye", "node_source_map"},
}

// plainCopy loads the finished rows of one database into another one, with all keys and indexes in
// place: what it takes to write this graph with no work done on the way.
func (b *bench) plainCopy(ctx context.Context, url string, imported *pgx.ConnConfig) error {
	copied, err := newDatabase(ctx, url, "CREATE DATABASE copied", "copied")
	if err != nil {
		return err
	}
	if _, _, err := b.command(ctx, copied, "db", "migrate"); err != nil {
		return err
	}
	from, err := pgx.ConnectConfig(ctx, imported)
	if err != nil {
		return err
	}
	defer from.Close(context.WithoutCancel(ctx))
	to, err := pgx.ConnectConfig(ctx, copied)
	if err != nil {
		return err
	}
	defer to.Close(context.WithoutCancel(ctx))

	var took time.Duration
	var rows int64
	for _, table := range tables {
		t, n, err := copyTable(ctx, from, to, table, filepath.Join(b.dir, "rows"))
		if err != nil {
			return fmt.Errorf("copying %s: %w", table.Sanitize(), err)
		}
		took, rows = took+t, rows+n
	}
	_, err = fmt.Fprintf(b.out, "%-14s %9d rows    %8.1f s %9.0f rows/s\n", "plain COPY", rows, took.Seconds(), float64(rows)/took.Seconds())
	return err
}

// copyTable times the way in; the way out goes through a file before.
func copyTable(ctx context.Context, from, to *pgx.Conn, table pgx.Identifier, path string) (time.Duration, int64, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return 0, 0, err
	}
	defer file.Close() //nolint:errcheck // a scratch file: what was written to it is read before
	if _, err := from.PgConn().CopyTo(ctx, file, "COPY "+table.Sanitize()+" TO STDOUT (FORMAT binary)"); err != nil {
		return 0, 0, err
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return 0, 0, err
	}
	begin := time.Now()
	tag, err := to.PgConn().CopyFrom(ctx, file, "COPY "+table.Sanitize()+" FROM STDIN (FORMAT binary)")
	return time.Since(begin), tag.RowsAffected(), err
}
