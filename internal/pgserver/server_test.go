//go:build linux || darwin

package pgserver

import (
	"context"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

func TestAcquire(t *testing.T) {
	t.Parallel()

	// Not there yet, and below a folder that is not there either.
	home := filepath.Join(newFolder(t), "share", "rye")
	s := newTestServer(t, home)
	require.NoFileExists(t, home, "New has no side effects")
	st := status(t, s)
	require.False(t, st.Running)
	require.Zero(t, st.DataBytes)
	require.NoFileExists(t, home, "Status has no side effects")

	lease := acquire(t, s)

	st = status(t, s)
	require.True(t, st.Running)
	require.False(t, st.Pinned)
	require.Positive(t, st.PID)
	require.Greater(t, st.DataBytes, int64(mebibyte))
	require.Equal(t, home, st.Home)
	require.Equal(t, lease.URL(), st.URL)
	require.True(t, strings.HasPrefix(query(t, lease, "SHOW server_version"), st.Version))
	require.Equal(t, strconv.Itoa(st.PID), query(t, lease, "SELECT split_part(pg_read_file('postmaster.pid'), E'\\n', 1)"))

	ours, err := unix.Getsid(0)
	require.NoError(t, err)
	theirs, err := unix.Getsid(st.PID)
	require.NoError(t, err)
	require.NotEqual(t, ours, theirs, "a Ctrl-C in the terminal is not for the server")

	for setting, want := range map[string]string{
		"data_checksums":  "on",
		"fsync":           "on",
		"jit":             "off",
		"lc_collate":      "C",
		"max_connections": "50",
		"max_wal_size":    "4GB",
		"server_encoding": "UTF8",
		"timezone":        "UTC",
		"wal_level":       "minimal",
	} {
		require.Equal(t, want, query(t, lease, "SELECT current_setting('"+setting+"')"), setting)
	}
	require.Equal(t, "rye", query(t, lease, "SELECT current_database()"))
	require.NoError(t, exec1(t, lease, "CREATE EXTENSION btree_gin; CREATE EXTENSION pg_trgm"))
	if query(t, lease, "SHOW lc_ctype") != "C" {
		require.Equal(t, "5", query(t, lease, "SELECT cardinality(show_trgm('Żółć'))::text"), "letters beyond ASCII count")
	}

	require.NoError(t, lease.Release(t.Context()))
	require.NoError(t, lease.Release(t.Context()), "a second release does nothing")
	st = status(t, s)
	require.False(t, st.Running)
	require.Zero(t, st.PID)
	require.Positive(t, st.DataBytes)
	require.NoFileExists(t, filepath.Join(home, "data", "postmaster.pid"))

	lease = acquire(t, s)
	require.Equal(t, "2", query(t, lease, "SELECT count(*)::text FROM pg_extension WHERE extname IN ('btree_gin', 'pg_trgm')"),
		"what was committed outlives the server")
}

func TestAcquireAfterKilledCommand(t *testing.T) {
	t.Parallel()

	home := newHome(t)
	s := newTestServer(t, home)
	other := startCommand(t, home)
	link := other.leased(t)
	before := status(t, s)
	require.True(t, before.Running)

	other.kill()
	require.True(t, status(t, s).Running, "the server outlives its command")

	lease := acquire(t, s)
	require.Equal(t, link, lease.URL())
	require.Equal(t, before.PID, status(t, s).PID)
	require.NoError(t, lease.Release(t.Context()))
	require.False(t, status(t, s).Running)
}

func TestAcquireAfterKilledInitdb(t *testing.T) {
	t.Parallel()

	home := newHome(t)
	s := newTestServer(t, home)
	other := startCommand(t, home)
	waitFor(t, func() bool {
		found, err := filepath.Glob(filepath.Join(home, newDataPrefix+"*", "PG_VERSION"))
		require.NoError(t, err)
		return len(found) > 0
	})
	other.kill()

	lease := acquire(t, s)
	require.Equal(t, "1", query(t, lease, "SELECT '1'"))
}

func TestAcquireAfterKilledServer(t *testing.T) {
	t.Parallel()

	home := newHome(t)
	s := newTestServer(t, home)
	first := acquire(t, s)
	require.NoError(t, exec1(t, first, "CREATE TABLE kept AS SELECT 'committed' AS value"))
	killed := status(t, s).PID
	require.NoError(t, unix.Kill(killed, unix.SIGKILL))

	other := newTestServer(t, home)
	second := acquire(t, other)
	require.NotEqual(t, killed, status(t, other).PID)
	require.Equal(t, "committed", query(t, second, "SELECT value FROM kept"))
	require.Equal(t, first.URL(), second.URL(), "the first user can go on")

	require.NoError(t, second.Release(t.Context()))
	require.True(t, status(t, s).Running, "the first lease counts still")
	require.NoError(t, first.Release(t.Context()))
	require.False(t, status(t, s).Running)
}

// After a reboot the number of the killed server may belong to anybody.
func TestAcquireAfterReusedProcessNumber(t *testing.T) {
	t.Parallel()

	if _, err := os.Stat("/proc/self/cmdline"); err != nil {
		t.Skip("without /proc nobody can tell")
	}
	home := newHome(t)
	s := newTestServer(t, home)
	lease := acquire(t, s)
	pidFile := filepath.Join(home, "data", "postmaster.pid")
	text, err := os.ReadFile(pidFile)
	require.NoError(t, err)
	require.NoError(t, lease.Release(t.Context()))

	who, err := s.account()
	require.NoError(t, err)
	stranger := exec.Command("sleep", "600")
	stranger.Dir = "/"
	stranger.SysProcAttr = &syscall.SysProcAttr{Credential: who.credential}
	require.NoError(t, stranger.Start())
	t.Cleanup(func() {
		_ = stranger.Process.Kill()
		_ = stranger.Wait()
	})
	_, rest, _ := strings.Cut(string(text), "\n")
	require.NoError(t, os.WriteFile(pidFile, []byte(strconv.Itoa(stranger.Process.Pid)+"\n"+rest), 0o600))
	require.NoError(t, os.Chown(pidFile, who.uid, who.gid))

	lease = acquire(t, s)
	require.Equal(t, "1", query(t, lease, "SELECT '1'"))
	require.NotEqual(t, stranger.Process.Pid, status(t, s).PID)
}

func TestAcquireAwkwardHome(t *testing.T) {
	t.Parallel()

	for name, folder := range map[string]string{
		"comma":  "one, two",
		"long":   strings.Repeat("a-long-name-", 12),
		"quotes": `it's "quoted" \ [*] 1+1 100%`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			s := newTestServer(t, filepath.Join(newFolder(t), folder))
			lease := acquire(t, s)
			require.Equal(t, "1", query(t, lease, "SELECT '1'"))
			link, err := url.Parse(lease.URL())
			require.NoError(t, err)
			socketDir := link.Query().Get("host")
			info, err := os.Stat(socketDir)
			require.NoError(t, err)
			require.Equal(t, os.FileMode(0o700), info.Mode().Perm())

			require.NoError(t, lease.Release(t.Context()))
			if !strings.HasPrefix(socketDir, s.layout.home) {
				require.NoFileExists(t, socketDir, "nothing stays in the temporary folder")
			}
		})
	}
}

func TestAcquireCompression(t *testing.T) {
	t.Parallel()

	s := newTestServer(t, newHome(t))
	lease := acquire(t, s)
	want := "pglz"
	if query(t, lease, "SELECT ('lz4' = ANY (enumvals))::text FROM pg_settings WHERE name = 'wal_compression'") == "true" {
		want = "lz4"
	}
	require.Equal(t, want, query(t, lease, "SHOW wal_compression"))
	require.NoError(t, lease.Release(t.Context()))

	// A server that was built without lz4 does not start with it.
	without := newFolder(t)
	for _, name := range []string{"initdb", "pg_ctl"} {
		require.NoError(t, os.Symlink(s.programs.path(name), filepath.Join(without, name)))
	}
	script := "#!/bin/sh\ncase \"$*\" in *=lz4*) echo 'FATAL:  invalid value' >&2; exit 1;; esac\nexec '" + s.programs.path("postgres") + "' \"$@\"\n"
	require.NoError(t, os.WriteFile(filepath.Join(without, "postgres"), []byte(script), 0o755))
	s.programs.dir = without
	require.Equal(t, "pglz", query(t, acquire(t, s), "SHOW wal_compression"))
}

func TestAcquireHalfMadeDataFolder(t *testing.T) {
	t.Parallel()

	t.Run("Foreign", func(t *testing.T) {
		t.Parallel()

		home := newHome(t)
		require.NoError(t, os.Mkdir(filepath.Join(home, "data"), 0o700))
		require.NoError(t, os.WriteFile(filepath.Join(home, "data", "holiday.jpg"), nil, 0o600))
		s := newTestServer(t, home)
		if os.Geteuid() == 0 {
			// What belongs to root is refused before anybody looks inside.
			require.NoError(t, os.Chown(filepath.Join(home, "data"), 65534, 65534))
		}
		_, err := s.Acquire(t.Context())
		require.ErrorContains(t, err, "not a complete PostgreSQL data folder")
		require.FileExists(t, filepath.Join(home, "data", "holiday.jpg"))
	})

	t.Run("Ours", func(t *testing.T) {
		t.Parallel()

		home := newHome(t)
		halfMade := filepath.Join(home, newDataPrefix+"123")
		require.NoError(t, os.MkdirAll(filepath.Join(halfMade, "global"), 0o700))
		require.NoError(t, os.WriteFile(filepath.Join(halfMade, "PG_VERSION"), []byte("15\n"), 0o600))
		s := newTestServer(t, home)
		lease := acquire(t, s)
		require.Equal(t, "1", query(t, lease, "SELECT '1'"))
		require.NoFileExists(t, halfMade)
	})
}

func TestAcquireInterrupted(t *testing.T) {
	t.Parallel()

	home := newHome(t)
	s := newTestServer(t, home)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	done := make(chan error, 1)
	go func() {
		_, err := s.Acquire(ctx)
		done <- err
	}()
	waitFor(t, func() bool {
		found, err := filepath.Glob(filepath.Join(home, newDataPrefix+"*", "PG_VERSION"))
		require.NoError(t, err)
		return len(found) > 0
	})
	cancel()
	require.ErrorIs(t, <-done, context.Canceled)
	require.False(t, status(t, s).Running)
	require.NoFileExists(t, filepath.Join(home, "data"))

	lease := acquire(t, s)
	require.Equal(t, "1", query(t, lease, "SELECT '1'"))
	leftovers, err := filepath.Glob(filepath.Join(home, newDataPrefix+"*"))
	require.NoError(t, err)
	require.Empty(t, leftovers)
}

func TestAcquireIsPrivate(t *testing.T) {
	t.Parallel()

	home := newHome(t)
	s := newTestServer(t, home)
	lease := acquire(t, s)
	who, err := s.account()
	require.NoError(t, err)
	require.NotZero(t, who.uid, "PostgreSQL does not run as root")

	require.Equal(t, "postgres:///rye?host="+url.QueryEscape(s.layout.run)+"&port=5432&user=rye", lease.URL())
	require.Empty(t, query(t, lease, "SHOW listen_addresses"))
	for path, mode := range map[string]os.FileMode{
		s.layout.data:            0o700,
		s.layout.log:             0o600,
		s.layout.run:             0o700,
		s.layout.serverLock:      0o600,
		socketPath(s.layout.run): 0o700,
	} {
		info, err := os.Stat(path)
		require.NoError(t, err)
		require.Equal(t, mode, info.Mode().Perm(), path)
		if path != s.layout.log && path != s.layout.serverLock {
			require.Equal(t, who.uid, ownerOf(info), path)
		}
	}

	t.Run("No data in the log", func(t *testing.T) {
		secret := "jane.roe@example.test"
		require.NoError(t, exec1(t, lease, "CREATE TABLE person (email text PRIMARY KEY, age int)"))
		require.NoError(t, exec1(t, lease, "INSERT INTO person VALUES ('"+secret+"', 1)"))
		for statement, code := range map[string]string{
			"INSERT INTO person VALUES ('" + secret + "', 2)":          "23505",
			"INSERT INTO person VALUES ('x', '" + secret + "')":        "22P02",
			"DO $$BEGIN RAISE WARNING '" + secret + "'; END$$":         "",
			"SELECT '" + secret + "' FROM nowhere":                     "42P01",
			"DO $$BEGIN RAISE '" + secret + "'; END$$":                 "P0001",
			"SELECT 'unfinished " + secret + " of a broken export":     "42601",
			"DO $$BEGIN PERFORM '" + secret + "'::inet; END$$":         "22P02",
			"ALTER TABLE person ADD CHECK (email <> '" + secret + "')": "23514",
		} {
			err := exec1(t, lease, statement)
			if code == "" {
				require.NoError(t, err)
				continue
			}
			var problem *pgconn.PgError
			require.ErrorAs(t, err, &problem)
			require.Equal(t, code, problem.Code)
		}
		text, err := os.ReadFile(filepath.Join(home, "server.log"))
		require.NoError(t, err)
		require.Contains(t, string(text), "ready to accept connections")
		require.NotContains(t, string(text), "jane")
	})
}

func TestAcquireRunsAsOwner(t *testing.T) {
	t.Parallel()

	if os.Geteuid() != 0 {
		t.Skip("only the server of root runs as somebody else")
	}
	nobody, err := user.Lookup("nobody")
	require.NoError(t, err)
	home := newHome(t)
	s := newTestServer(t, home)
	require.NoError(t, acquire(t, s).Release(t.Context()))
	out, err := exec.Command("chown", "-R", nobody.Uid+":"+nobody.Gid, s.layout.data).CombinedOutput()
	require.NoError(t, err, string(out))

	lease := acquire(t, s)
	require.Equal(t, "1", query(t, lease, "SELECT '1'"))
	who, err := s.account()
	require.NoError(t, err)
	require.Equal(t, "nobody", who.name)
	info, err := os.Stat(socketPath(s.layout.run))
	require.NoError(t, err)
	require.Equal(t, who.uid, ownerOf(info))

	require.NoError(t, lease.Release(t.Context()))
	require.NoError(t, os.Chown(s.layout.data, 0, 0))
	_, err = s.Acquire(t.Context())
	require.ErrorContains(t, err, "belongs to root")
}

func TestAcquireTogether(t *testing.T) {
	t.Parallel()

	home := newHome(t)
	s := newTestServer(t, home)
	// What a user may have in his environment must not lead elsewhere.
	hostile := []string{"PGPORT=9", "PGHOST=localhost", "PGDATA=/nowhere", "PGUSER=nobody", "PGDATABASE=nothing", "PGOPTIONS=-c jit=on"}
	one := startCommand(t, home, hostile...)
	two := startCommand(t, home)
	require.Equal(t, one.leased(t), two.leased(t))
	pid := status(t, s).PID

	one.release(t)
	st := status(t, s)
	require.True(t, st.Running)
	require.Equal(t, pid, st.PID)
	two.release(t)
	require.False(t, status(t, s).Running)
}

func TestAcquireUnreachableHome(t *testing.T) {
	t.Parallel()

	if os.Geteuid() != 0 {
		t.Skip("only the server of root runs as somebody else")
	}
	closed := filepath.Join(newFolder(t), "closed")
	require.NoError(t, os.Mkdir(closed, 0o700))
	s := newTestServer(t, filepath.Join(closed, "rye"))
	_, err := s.Acquire(t.Context())
	require.ErrorContains(t, err, strconv.Quote(closed))
	require.ErrorContains(t, err, "set RYE_HOME")
}

func TestAcquireWithBrokenSettings(t *testing.T) {
	t.Parallel()

	home := newHome(t)
	s := newTestServer(t, home)
	local := filepath.Join(home, "local.conf")
	require.NoError(t, os.WriteFile(local, []byte("work_mem = plenty\n"), 0o644))
	_, err := s.Acquire(t.Context())
	require.ErrorContains(t, err, "server.log")
	require.ErrorContains(t, err, `"work_mem": "plenty"`, "the reason is in the log")

	require.NoError(t, os.WriteFile(local, []byte("work_mem = 7MB\n"), 0o644))
	require.Equal(t, "7MB", query(t, acquire(t, s), "SHOW work_mem"))
}

func TestNewOtherMajor(t *testing.T) {
	t.Parallel()

	home := newHome(t)
	require.NoError(t, os.Mkdir(filepath.Join(home, "data"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(home, "data", "PG_VERSION"), []byte("12\n"), 0o600))
	_, err := New(Config{Home: home})
	var missing *NotInstalledError
	require.ErrorAs(t, err, &missing)
	require.Equal(t, 12, missing.Major)
	require.ErrorContains(t, err, "made by PostgreSQL 12")
}

func TestPsql(t *testing.T) {
	t.Parallel()

	s := newTestServer(t, newHome(t))
	psql, err := s.Psql()
	require.NoError(t, err)
	lease := acquire(t, s)
	out, err := exec.Command(psql, "--no-psqlrc", "--tuples-only", "--no-align", "--command=SELECT current_user", lease.URL()).CombinedOutput()
	require.NoError(t, err, string(out))
	require.Equal(t, "rye\n", string(out))
}

func TestReleaseAfterInterrupt(t *testing.T) {
	t.Parallel()

	s := newTestServer(t, newHome(t))
	lease, err := s.Acquire(t.Context())
	require.NoError(t, err)
	interrupted, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, lease.Release(interrupted), context.Canceled)
	waitFor(t, func() bool { return !status(t, s).Running })
}

func TestReleaseLast(t *testing.T) {
	t.Parallel()

	home := newHome(t)
	one, two := newTestServer(t, home), newTestServer(t, home)
	first, second := acquire(t, one), acquire(t, two)
	require.Equal(t, first.URL(), second.URL())
	pid := status(t, one).PID

	require.NoError(t, first.Release(t.Context()))
	require.Equal(t, pid, status(t, two).PID)
	require.Equal(t, "1", query(t, second, "SELECT '1'"))
	require.NoError(t, second.Release(t.Context()))
	require.False(t, status(t, one).Running)
}

func TestStart(t *testing.T) {
	t.Parallel()

	home := newHome(t)
	s := newTestServer(t, home)
	require.NoError(t, s.Stop(t.Context()), "stopping what does not run is no error")
	require.NoError(t, s.Start(t.Context()))
	before := status(t, s)
	require.True(t, before.Running)
	require.True(t, before.Pinned)

	lease := acquire(t, newTestServer(t, home))
	require.NoError(t, lease.Release(t.Context()))
	require.Equal(t, before.PID, status(t, s).PID, "a pinned server survives its last user")
	require.NoError(t, s.Start(t.Context()), "starting twice is no error")
	require.Equal(t, before.PID, status(t, s).PID)

	lease = acquire(t, s)
	require.ErrorIs(t, s.Stop(t.Context()), ErrInUse)
	require.False(t, status(t, s).Pinned)
	require.True(t, status(t, s).Running)
	require.NoError(t, lease.Release(t.Context()))
	require.False(t, status(t, s).Running, "the last user stops it")

	require.NoError(t, s.Start(t.Context()))
	require.NoError(t, s.Stop(t.Context()))
	require.False(t, status(t, s).Running)
}

// waitFor waits for something that happens outside of the test.
func waitFor(t *testing.T, happened func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	for !happened() {
		require.NoError(t, pause(ctx))
	}
}
