package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// shell runs the command as a process of its own, with a private server of its own.
type shell struct {
	t   *testing.T
	env []string
	dir string
}

func newShell(t *testing.T) *shell {
	t.Helper()
	home, err := os.MkdirTemp("", "rye-db-") // short, since a socket lies in it
	require.NoError(t, err)
	require.NoError(t, os.Chmod(home, 0o711)) //nolint:gosec // the server's user passes through
	s := &shell{t: t, dir: t.TempDir(), env: append(os.Environ(), childEnv+"=1", "RYE_HOME="+home, "RYE_DATABASE_URL=", "DATABASE_URL=")}
	t.Cleanup(func() {
		s.run("db", "stop")
		require.NoError(t, os.RemoveAll(home))
	})
	return s
}

func (s *shell) run(args ...string) result {
	s.t.Helper()
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(s.t.Context(), os.Args[0], args...)
	if s.t.Context().Err() != nil { // in a cleanup
		cmd = exec.Command(os.Args[0], args...) //nolint:noctx // see above
	}
	cmd.Env, cmd.Dir, cmd.Stdout, cmd.Stderr = s.env, s.dir, &stdout, &stderr
	err := cmd.Run()
	if cmd.ProcessState == nil {
		require.NoError(s.t, err)
	}
	return result{code: cmd.ProcessState.ExitCode(), stdout: stdout.String(), stderr: stderr.String()}
}

// done runs a command that is to succeed and gives what it prints.
func (s *shell) done(args ...string) string {
	s.t.Helper()
	r := s.run(args...)
	require.Equal(s.t, exitDone, r.code, "%v\n%s\n%s", args, r.stdout, r.stderr)
	return r.stdout
}

// TestPrivateServer goes through the commands that a newcomer types, without a database of their own.
func TestPrivateServer(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	export, err := filepath.Abs(fixture)
	require.NoError(t, err)

	require.Contains(t, s.done("db", "status"), "stopped")
	demo := s.done("demo")
	for _, want := range []string{"balances", "Deals under way", "OPP-", "Where to look next", "deal_stage", "employs"} {
		require.Contains(t, demo, want)
	}
	require.Contains(t, s.done("db", "status"), "stopped", "it ends with the last command")
	again := s.done("demo")
	require.Contains(t, again, "Nothing has changed")

	url := s.done("db", "start")
	require.Equal(t, url, s.done("db", "url"))
	status := s.done("db", "status")
	require.Contains(t, status, "running")
	require.Contains(t, status, "applied  00001_core.sql")
	require.Contains(t, s.done("db", "migrate"), "up to date")
	r := s.run("run", export, "--source", "second", "--output", "json")
	require.Equal(t, exitRejects, r.code, r.stderr)
	require.Equal(t, "420\n", s.done("db", "psql", "--", "-Atc", "SELECT count(*) FROM nodes"))
	require.Equal(t, exitFailed, s.run("db", "psql", "--", "-Atc", "SELECT nothing").code)
	require.Contains(t, s.done("runs", "list"), "second")
	s.done("db", "stop")
	require.Contains(t, s.done("db", "status"), "stopped")
	require.Contains(t, s.done("runs", "list"), "second", "started on demand")
}

// TestNoPostgres says what to type where the programs are missing.
func TestNoPostgres(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	s.env = append(s.env, "RYE_PG_BIN="+t.TempDir())
	for _, args := range [][]string{{"demo"}, {"db", "start"}, {"runs", "list"}} {
		r := s.run(args...)
		require.Equal(t, exitFailed, r.code)
		require.Contains(t, r.stderr, "PostgreSQL 15 or newer was not found")
		require.Contains(t, r.stderr, "point RYE_PG_BIN to the folder")
	}
	s.env = append(s.env, "RYE_PG_BIN=")
}
