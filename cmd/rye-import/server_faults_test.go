package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/projectrye/rye-import/internal/migrate"
	"github.com/projectrye/rye-import/internal/pgserver"
)

// ownServer is the embedded server of a home that the test has to itself.
func ownServer(t *testing.T, home string) *killer {
	t.Helper()
	require.NoError(t, os.Chmod(home, 0o711)) //nolint:gosec // the server's user passes through
	server, err := pgserver.New(pgserver.Config{Home: home})
	require.NoError(t, err)
	k := &killer{t: t, ctx: context.Background(), home: home, server: server}
	t.Cleanup(func() { require.NoError(t, server.Stop(k.ctx)) })
	return k
}

// shortFolder is a folder whose name is short enough for a socket in it.
func shortFolder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "rye-fault-")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	return dir
}

// use gives the private database for a while: the schema stands in it, and the server runs.
func (k *killer) use(do func(f *faulty)) {
	k.t.Helper()
	lease, err := k.server.Acquire(k.ctx)
	require.NoError(k.t, err)
	cfg, err := pgxpool.ParseConfig(lease.URL())
	require.NoError(k.t, err)
	pool, err := pgxpool.NewWithConfig(k.ctx, cfg)
	require.NoError(k.t, err)
	defer func() {
		pool.Close()
		_ = lease.Release(k.ctx) // there may be nothing left to stop
	}()
	_, err = migrate.Up(k.ctx, pool)
	require.NoError(k.t, err)
	do(&faulty{t: k.t, url: lease.URL(), pool: pool})
}

// state is that of faulty, whether the server runs or has to be started.
func (k *killer) state() (state string) {
	k.t.Helper()
	k.use(func(f *faulty) { state = f.state() })
	return state
}

// TestServerStops stops the server, as a restart does, wherever a run has got to: in the fast mode, and in the
// immediate one, after which it has to recover. The next command starts it anew.
func TestServerStops(t *testing.T) {
	if testing.Short() {
		t.Skip("it starts a server of its own again and again")
	}
	t.Parallel()
	first, later := newCompany().write(t), laterCompany(t).write(t)
	_, after := undisturbed(t, first, later)
	k := ownServer(t, shortFolder(t))
	k.emptyDatabase()
	require.Equal(t, exitDone, k.start(first).wait(t))
	before := k.state()
	for i, m := range moments {
		mode, signal := "immediate", syscall.SIGQUIT
		if i%2 == 0 {
			mode, signal = "fast", syscall.SIGINT
		}
		var c *child
		k.use(func(f *faulty) {
			holder, letGo := f.hold(m.table, m.mode)
			c = k.start(later)
			waiting(t, f.pool, holder, c)
			require.NoError(t, syscall.Kill(k.postmaster(), signal))
			<-c.done
			f.lost = true
			letGo()
		})
		where := fmt.Sprintf("%s, at %s: %s", mode, m.name, c.output())
		require.Equal(t, exitFailed, c.cmd.ProcessState.ExitCode(), where)
		require.Contains(t, c.output(), "the connection to the database was lost", where)
		// What the run could not clean up, the next one does.
		k.use(func(f *faulty) {
			require.Equal(t, graphOf(before), graphOf(dump(t, f.pool)), where)
			require.Contains(t, []string{"running", "failed"}, value[string](t, f.pool, "SELECT status FROM rye_import.runs ORDER BY run_no DESC LIMIT 1"), where)
		})
		require.Equal(t, exitDone, k.start(first).wait(t), where)
		require.Equal(t, before, k.state(), where)
	}
	require.Equal(t, exitDone, k.start(later).wait(t))
	require.Equal(t, after, k.dump())
}

// postmaster is the first process of the server.
func (k *killer) postmaster() int {
	k.t.Helper()
	status, err := k.server.Status(k.ctx)
	require.NoError(k.t, err)
	require.NotZero(k.t, status.PID)
	return status.PID
}

// TestServerDiskFull has no room on the server's disk for one of the tables that a run writes to: the file of
// the table is the device that is always full. So the server meets what it would on a full disk, at a
// moment that is known, and without a right to mount one.
func TestServerDiskFull(t *testing.T) {
	if testing.Short() {
		t.Skip("it starts a server of its own")
	}
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skip("this system has no /dev/full")
	}
	t.Parallel()
	first := newCompany().write(t)
	after, _ := undisturbed(t, first, first)
	k := ownServer(t, shortFolder(t))
	k.emptyDatabase()
	empty := k.state()
	for _, table := range []string{
		"rye_import.staging_records", "rye_import.staging_links", "rye_import.merge_codes", "rye.nodes", "rye.node_source_map", "rye.edges",
		"rye.assertions", "rye_import.records", "rye.events", "rye.artifacts",
	} {
		var path string
		k.use(func(f *faulty) {
			path = filepath.Join(k.home, "data", value[string](t, f.pool, "SELECT pg_relation_filepath($1)", table))
			execute(t, f.pool, "CHECKPOINT") // nothing is left to be written to it
		})
		require.NoError(t, os.Rename(path, path+".empty"))
		require.NoError(t, os.Symlink("/dev/full", path))

		c := k.start(first)
		require.Equal(t, exitFailed, c.wait(t), table)
		require.Contains(t, c.output(), "a disk of the database server is full: make room there, and run it again", table)
		require.Contains(t, c.output(), "No space left on device", table)

		// There is room again. Where the run has emptied the table, the server has taken the file away.
		if err := os.Remove(path); errors.Is(err, fs.ErrNotExist) {
			require.NoError(t, os.Remove(path+".empty"), table)
		} else {
			require.NoError(t, errors.Join(err, os.Rename(path+".empty", path)), table)
		}
		k.use(func(f *faulty) {
			require.Equal(t, "failed", value[string](t, f.pool, "SELECT status FROM rye_import.runs ORDER BY run_no DESC LIMIT 1"), table)
			execute(t, f.pool, "DELETE FROM rye.crm_code_counters WHERE next_val = 1") // it says no more than that nothing was drawn
			require.Equal(t, empty, f.state(), table)
		})
	}
	require.Equal(t, exitDone, k.start(first).wait(t))
	require.Equal(t, after, k.dump())
}

// TestHomeOnFullDisk fills the disk that the embedded server has, logs and all, to the last block.
func TestHomeOnFullDisk(t *testing.T) {
	if testing.Short() {
		t.Skip("it starts a server of its own")
	}
	t.Parallel()
	home := shortFolder(t)
	mountSmall(t, home)
	first := newCompany().write(t)
	after, _ := undisturbed(t, first, first)
	k := ownServer(t, home)
	k.emptyDatabase()
	empty := k.state()

	filler := filepath.Join(home, "filler")
	fill(t, filler)
	c := k.start(first)
	require.Equal(t, exitFailed, c.wait(t))
	require.Regexp(t, "No space left on device|no space left on device", c.output())
	require.NoError(t, os.Remove(filler))

	require.Equal(t, empty, k.state())
	// Now it begins, and the disk fills under it.
	k.use(func(f *faulty) {
		holder, letGo := f.hold("rye.nodes", "SHARE")
		c = k.start(first)
		waiting(t, f.pool, holder, c)
		fill(t, filler)
		letGo()
		<-c.done
		f.lost = true
	})
	if code := c.cmd.ProcessState.ExitCode(); code != exitDone { // there was room in files that it had already
		require.Equal(t, exitFailed, code, c.output())
		require.Regexp(t, "is full: make room|connection to the database was lost|no space left on device", c.output())
	}
	require.NoError(t, os.Remove(filler))
	require.Equal(t, exitDone, k.start(first).wait(t))
	require.Equal(t, after, k.dump())
}

// fill writes a file until there is no room.
func fill(t *testing.T, path string) {
	t.Helper()
	f, err := os.Create(path)
	require.NoError(t, err)
	zero, err := os.Open("/dev/zero")
	require.NoError(t, err)
	_, err = io.Copy(f, zero)
	require.ErrorIs(t, err, syscall.ENOSPC)
	require.NoError(t, errors.Join(zero.Close(), f.Close()))
}
