// Package pgtest gives each test a database of its own, with the schema in place: cloned from a
// template that is made once for all processes, on the server that RYE_TEST_DATABASE_URL names or on a
// private one. It is for tests only.
package pgtest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/projectrye/rye-import/internal/migrate"
	"github.com/projectrye/rye-import/internal/pgserver"
	"github.com/projectrye/rye-import/schema"
)

// server is the one server of this test process; tests of several packages share it.
type server struct {
	once  sync.Once
	lease *pgserver.Lease
	url   string // of a database that can be connected to for making others
	err   error
	made  atomic.Int64
}

var shared server //nolint:gochecknoglobals // a test process has one server

// Main runs the tests of a package and gives the server back. It is for TestMain.
func Main(m *testing.M) {
	m.Run()
	if shared.lease != nil {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := shared.lease.Release(ctx); err != nil {
			fmt.Fprintln(os.Stderr, "releasing the test server:", err)
		}
	}
}

// New gives a database with the schema in place. It is dropped at the end of the test, unless the
// test failed: then its URL is logged.
func New(tb testing.TB) *pgxpool.Pool {
	tb.Helper()
	return Connect(tb, Clone(tb))
}

// Clone gives the URL of a new database with the schema in place.
func Clone(tb testing.TB) string {
	tb.Helper()
	return create(tb, template(tb))
}

// Empty gives the URL of a new database without anything in it.
func Empty(tb testing.TB) string {
	tb.Helper()
	start(tb)
	return create(tb, "template1")
}

// Connect opens a pool that is closed at the end of the test.
func Connect(tb testing.TB, databaseURL string) *pgxpool.Pool {
	tb.Helper()
	cfg, err := pgxpool.ParseConfig(databaseURL)
	require.NoError(tb, err)
	cfg.MaxConns = 8
	pool, err := pgxpool.NewWithConfig(context.Background(), cfg)
	require.NoError(tb, err)
	tb.Cleanup(pool.Close)
	return pool
}

// AsRole gives the URL of the same database for another role.
func AsRole(tb testing.TB, databaseURL, role string) string {
	tb.Helper()
	u, err := url.Parse(databaseURL)
	require.NoError(tb, err)
	q := u.Query()
	q.Set("user", role)
	u.RawQuery = q.Encode()
	u.User = nil
	return u.String()
}

// Role makes a login role that owns nothing; it goes with the test. Connections of the role must be
// closed by then.
func Role(tb testing.TB, admin *pgxpool.Pool, attributes string) string {
	tb.Helper()
	ctx := context.Background()
	name := pgx.Identifier{fmt.Sprintf("%s_role_%d", admin.Config().ConnConfig.Database, shared.made.Add(1))}
	_, err := admin.Exec(ctx, "CREATE ROLE "+name.Sanitize()+" LOGIN "+attributes)
	require.NoError(tb, err)
	tb.Cleanup(func() {
		_, err := admin.Exec(ctx, "DROP OWNED BY "+name.Sanitize()+" CASCADE")
		require.NoError(tb, err)
		_, err = admin.Exec(ctx, "DROP ROLE "+name.Sanitize())
		require.NoError(tb, err)
	})
	return name[0]
}

// GiveTo makes a role the owner of the database, until the end of the test.
func GiveTo(tb testing.TB, admin *pgxpool.Pool, role string) {
	tb.Helper()
	ctx := context.Background()
	db := pgx.Identifier{admin.Config().ConnConfig.Database}.Sanitize()
	_, err := admin.Exec(ctx, "ALTER DATABASE "+db+" OWNER TO "+pgx.Identifier{role}.Sanitize())
	require.NoError(tb, err)
	tb.Cleanup(func() {
		_, err := admin.Exec(ctx, "ALTER DATABASE "+db+" OWNER TO CURRENT_USER")
		require.NoError(tb, err)
	})
}

func start(tb testing.TB) {
	tb.Helper()
	shared.once.Do(func() {
		if shared.url = os.Getenv("RYE_TEST_DATABASE_URL"); shared.url != "" {
			return
		}
		home := filepath.Join(folder(), "rye-import-test-"+strconv.Itoa(os.Getuid()))
		if shared.err = os.MkdirAll(home, 0o711); shared.err != nil { //nolint:gosec // the server's user passes through
			return
		}
		// What tests write need not survive a power cut. Their databases are small, and live for seconds: whoever drops or empties
		// something looks through all of shared_buffers, and to vacuum them is in vain.
		conf := "fsync = off\nfull_page_writes = off\nmax_connections = 200\nshared_buffers = 16MB\nautovacuum = off\n"
		if shared.err = os.WriteFile(filepath.Join(home, "local.conf"), []byte(conf), 0o644); shared.err != nil { //nolint:gosec // read by the server's user
			return
		}
		srv, err := pgserver.New(pgserver.Config{Home: home})
		if err != nil {
			shared.err = err
			return
		}
		if shared.lease, shared.err = srv.Acquire(context.Background()); shared.err == nil {
			shared.url = shared.lease.URL()
		}
	})
	require.NoError(tb, shared.err, "tests need PostgreSQL programs on this machine, or RYE_TEST_DATABASE_URL")
}

// folder is where the server of the tests lives: in memory, if there is plenty. Each test has a database of its own, which is some
// hundred files, and a disk takes long to make and remove them.
func folder() string {
	const memory, plenty = "/dev/shm", 8 << 30
	var fs unix.Statfs_t
	if err := unix.Statfs(memory, &fs); err != nil || fs.Bavail*uint64(fs.Bsize) < plenty { //nolint:gosec // a size of blocks is positive
		return os.TempDir()
	}
	return memory
}

// template makes the template database once, named by what the schema says.
func template(tb testing.TB) string {
	tb.Helper()
	start(tb)
	ctx := context.Background()
	name := "rye_template_" + schemaHash(tb)
	conn, err := pgx.Connect(ctx, shared.url)
	require.NoError(tb, err)
	defer conn.Close(ctx)
	// Processes that come at once wait for the first.
	_, err = conn.Exec(ctx, "SELECT pg_advisory_lock(hashtextextended($1, 0))", name)
	require.NoError(tb, err)
	var complete bool
	require.NoError(tb, conn.QueryRow(ctx, "SELECT coalesce(bool_or(datistemplate), false) FROM pg_database WHERE datname = $1", name).Scan(&complete))
	if complete {
		return name
	}
	_, err = conn.Exec(ctx, "DROP DATABASE IF EXISTS "+pgx.Identifier{name}.Sanitize())
	require.NoError(tb, err)
	_, err = conn.Exec(ctx, "CREATE DATABASE "+pgx.Identifier{name}.Sanitize())
	require.NoError(tb, err)
	pool, err := pgxpool.New(ctx, inDatabase(tb, name))
	require.NoError(tb, err)
	_, err = migrate.Up(ctx, pool)
	pool.Close()
	require.NoError(tb, err)
	_, err = conn.Exec(ctx, "ALTER DATABASE "+pgx.Identifier{name}.Sanitize()+" IS_TEMPLATE true")
	require.NoError(tb, err)
	return name
}

func schemaHash(tb testing.TB) string {
	tb.Helper()
	h := sha256.New()
	h.Write([]byte(schema.Bootstrap))
	err := fs.WalkDir(schema.Migrations, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := schema.Migrations.ReadFile(path)
		h.Write(text)
		return err
	})
	require.NoError(tb, err)
	return hex.EncodeToString(h.Sum(nil)[:6])
}

func create(tb testing.TB, from string) string {
	tb.Helper()
	ctx := context.Background()
	name := fmt.Sprintf("rye_test_%d_%d", os.Getpid(), shared.made.Add(1))
	conn, err := pgx.Connect(ctx, shared.url)
	require.NoError(tb, err)
	defer conn.Close(ctx)
	// A database cannot be cloned twice at the same moment in every version; the lock makes it one
	// after another.
	_, err = conn.Exec(ctx, "SELECT pg_advisory_lock(hashtextextended('rye_test_clone', 0))")
	require.NoError(tb, err)
	_, err = conn.Exec(ctx, "DROP DATABASE IF EXISTS "+pgx.Identifier{name}.Sanitize())
	require.NoError(tb, err)
	// By files, which is faster than by the log, if the disk is not waited for.
	_, err = conn.Exec(ctx, "CREATE DATABASE "+pgx.Identifier{name}.Sanitize()+" TEMPLATE "+pgx.Identifier{from}.Sanitize()+" STRATEGY file_copy")
	require.NoError(tb, err)
	databaseURL := inDatabase(tb, name)
	tb.Cleanup(func() {
		if tb.Failed() {
			tb.Logf("the database of the failed test is kept: %s", databaseURL)
			return
		}
		conn, err := pgx.Connect(ctx, shared.url)
		if err != nil {
			tb.Logf("dropping %s: %v", name, err)
			return
		}
		defer conn.Close(ctx)
		if _, err := conn.Exec(ctx, "DROP DATABASE IF EXISTS "+pgx.Identifier{name}.Sanitize()+" WITH (FORCE)"); err != nil {
			tb.Logf("dropping %s: %v", name, err)
		}
	})
	return databaseURL
}

func inDatabase(tb testing.TB, name string) string {
	tb.Helper()
	u, err := url.Parse(shared.url)
	require.NoError(tb, err)
	u.Path = "/" + name
	if strings.HasPrefix(shared.url, "postgres:///") {
		return "postgres:///" + name + "?" + u.RawQuery
	}
	return u.String()
}
