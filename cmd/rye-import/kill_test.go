package main

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/projectrye/rye-import/internal/exportgen"
	"github.com/projectrye/rye-import/internal/migrate"
	"github.com/projectrye/rye-import/internal/pgserver"
	"github.com/projectrye/rye-import/internal/pgtest"
)

// childEnv makes the test binary be the command.
const childEnv = "RYE_TEST_CHILD"

// kills is how often TestKill kills. Twice as many runs come after.
const kills = 20

// TestKill kills the importer or the server with SIGKILL at random moments of a first import or of a
// sync, and compares the graph that the next run leaves with that of an undisturbed one. The moment
// decides nothing but what is tested: the result has to be right wherever it falls.
func TestKill(t *testing.T) {
	if testing.Short() {
		t.Skip("it starts and kills a server of its own for a minute")
	}
	t.Parallel()
	ctx := context.Background()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0)) //nolint:gosec // a moment is no secret

	first, second := filepath.Join(t.TempDir(), "1"), filepath.Join(t.TempDir(), "2")
	for path, change := range map[string]float64{first: 0, second: 10} {
		_, err := exportgen.Write(path, exportgen.Options{Records: 3000, Seed: 7, ChangePercent: change})
		require.NoError(t, err)
	}

	// What an undisturbed import and sync come to, on the common server.
	undisturbed := pgtest.Clone(t)
	pool := pgtest.Connect(t, undisturbed)
	imported(t, undisturbed, exitDone, first)
	want := map[string]string{first: dump(t, pool)}
	imported(t, undisturbed, exitDone, second)
	want[second] = dump(t, pool)
	require.NotEqual(t, want[first], want[second])

	home, err := os.MkdirTemp("", "rye-kill-") // short, since a socket lies in it
	require.NoError(t, err)
	require.NoError(t, os.Chmod(home, 0o711)) //nolint:gosec // the server's user passes through
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(home)) })
	server, err := pgserver.New(pgserver.Config{Home: home})
	require.NoError(t, err)
	k := &killer{t: t, ctx: ctx, home: home, server: server}
	t.Cleanup(func() { require.NoError(t, server.Stop(ctx)) })

	// How long the two take here, so that the moments fall within.
	k.emptyDatabase()
	length := make(map[string]time.Duration)
	var left string
	for _, path := range []string{first, second} {
		begun := time.Now()
		child := k.start(path)
		require.Equal(t, exitDone, child.wait(t), path)
		require.Equal(t, path == first, strings.Contains(child.output(), "Making the indexes"), "only the first import postpones them")
		length[path] = time.Since(begun)
		require.Equal(t, want[path], k.dump(), "undisturbed")
		left = k.leftovers()
		require.Regexp(t, "^0 0 0 0 ", left)
	}

	k.killMigrated()
	for i := range kills {
		path := first
		if i%2 == 1 {
			path = second
		} else {
			k.emptyDatabase()
		}
		victim := "importer"
		if i%4 >= 2 {
			victim = "server"
		}
		moment := time.Duration(random.Int64N(int64(length[path])))
		child := k.start(path)
		select {
		case <-time.After(moment):
		case <-child.done:
		}
		if victim == "importer" {
			child.kill(t)
		} else {
			k.killServer()
			code := child.wait(t)
			require.Contains(t, []int{exitDone, exitFailed}, code, child.output())
		}
		where := fmt.Sprintf("kill %d of the %s after %s of %s of %s", i+1, victim, moment, length[path], filepath.Base(path))
		t.Logf("%s; it had come to: %s", where, child.lastLine())

		require.Equal(t, exitDone, k.start(path).wait(t), where)
		got := k.dump()
		if got != want[path] {
			require.Equal(t, want[path], got, where)
		}
		require.Equal(t, left, k.leftovers(), where)
	}
}

type killer struct {
	t      *testing.T
	ctx    context.Context
	home   string
	server *pgserver.Server
}

// emptyDatabase makes the private database anew.
func (k *killer) emptyDatabase() {
	k.t.Helper()
	k.connected("postgres", func(conn *pgx.Conn) {
		for _, sql := range []string{"DROP DATABASE IF EXISTS rye WITH (FORCE)", "CREATE DATABASE rye"} {
			_, err := conn.Exec(k.ctx, sql)
			require.NoError(k.t, err)
		}
	})
}

// killMigrated kills the server when it has made the schema and written nothing to its files since: the
// ids of migrations must not come a second time.
func (k *killer) killMigrated() {
	k.t.Helper()
	k.emptyDatabase()
	lease, err := k.server.Acquire(k.ctx)
	require.NoError(k.t, err)
	pool := pgtest.Connect(k.t, lease.URL())
	_, err = migrate.Up(k.ctx, pool)
	require.NoError(k.t, err)
	pool.Close()
	k.killServer()
	_ = lease.Release(k.ctx) // there is nothing left to stop
	k.connected("rye", func(conn *pgx.Conn) {
		var used, next int
		require.NoError(k.t, conn.QueryRow(k.ctx,
			"SELECT max(id), nextval('rye_import.migrations_id_seq') FROM rye_import.migrations").Scan(&used, &next))
		require.Greater(k.t, next, used)
	})
}

func (k *killer) connected(database string, do func(*pgx.Conn)) {
	k.t.Helper()
	lease, err := k.server.Acquire(k.ctx)
	require.NoError(k.t, err)
	cfg, err := pgx.ParseConfig(lease.URL())
	require.NoError(k.t, err)
	cfg.Database = database
	conn, err := pgx.ConnectConfig(k.ctx, cfg)
	require.NoError(k.t, err)
	do(conn)
	require.NoError(k.t, conn.Close(k.ctx))
	require.NoError(k.t, lease.Release(k.ctx))
}

func (k *killer) dump() string {
	k.t.Helper()
	lease, err := k.server.Acquire(k.ctx)
	require.NoError(k.t, err)
	pool := pgtest.Connect(k.t, lease.URL())
	text := dump(k.t, pool)
	pool.Close()
	require.NoError(k.t, lease.Release(k.ctx))
	return text
}

// leftovers counts what an ended run must not leave: staged rows, code blocks, runs without an end.
// leftovers counts what an ended run must not leave behind, then the indexes and foreign keys that it must.
func (k *killer) leftovers() string {
	k.t.Helper()
	var left string
	k.connected("rye", func(conn *pgx.Conn) {
		require.NoError(k.t, conn.QueryRow(k.ctx, `SELECT concat_ws(' ',
			(SELECT count(*) FROM rye_import.staging_records) + (SELECT count(*) FROM rye_import.staging_unchanged), (SELECT count(*) FROM rye_import.code_blocks),
			(SELECT count(*) FROM rye_import.runs WHERE status = 'running'), (SELECT count(*) FROM rye_import.postponed),
			(SELECT count(*) FROM pg_index WHERE indrelid = 'rye.nodes'::regclass), (SELECT count(*) FROM pg_constraint WHERE contype = 'f' AND convalidated))`).Scan(&left))
	})
	return left
}

// killServer kills the server with all its processes, as a machine does that runs out of memory or
// power.
func (k *killer) killServer() {
	k.t.Helper()
	text, err := os.ReadFile(filepath.Join(k.home, "data", "postmaster.pid"))
	if err != nil {
		return // it has ended already, or not begun
	}
	first, _, _ := strings.Cut(string(text), "\n")
	pid, err := strconv.Atoi(first)
	require.NoError(k.t, err)
	// Where the system tells which processes are the server's, they go all at once; elsewhere those that
	// are left find out by themselves.
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	require.NoError(k.t, err)
	for _, path := range stats {
		stat, err := os.ReadFile(path)
		if err != nil {
			continue // it has ended
		}
		child, rest, _ := strings.Cut(string(stat), " ")
		_, rest, _ = strings.Cut(rest, ") ")
		if fields := strings.Fields(rest); len(fields) > 1 && fields[1] == first {
			n, err := strconv.Atoi(child)
			require.NoError(k.t, err)
			_ = syscall.Kill(n, syscall.SIGKILL) // it may be gone
		}
	}
	_ = syscall.Kill(pid, syscall.SIGKILL)
}

// child is the command as a process of its own.
type child struct {
	cmd    *exec.Cmd
	stderr bytes.Buffer
	done   chan struct{}
	err    error
}

func (k *killer) start(path string) *child {
	k.t.Helper()
	return startChild(k.t, []string{"run", path, "--progress", "plain", "--rejects", k.t.TempDir()}, []string{"RYE_HOME=" + k.home})
}

func (c *child) kill(t *testing.T) {
	t.Helper()
	_ = c.cmd.Process.Kill() // it may have ended
	<-c.done
}

// wait gives the exit code.
func (c *child) wait(t *testing.T) int {
	t.Helper()
	<-c.done
	if code := c.cmd.ProcessState.ExitCode(); code != exitDone {
		t.Logf("exit code %d: %s", code, c.output())
	}
	return c.cmd.ProcessState.ExitCode()
}

func (c *child) output() string { return c.stderr.String() }

func (c *child) lastLine() string {
	lines := strings.Split(strings.TrimSpace(c.output()), "\n")
	return lines[len(lines)-1]
}
