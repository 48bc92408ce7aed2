//go:build linux || darwin

package pgserver

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

// helperHome tells a copy of the test binary to be another command on that home.
const helperHome = "RYE_PGSERVER_TEST_HOME"

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m)
}

// newFolder returns an empty folder that the server can pass even when the tests
// run as root: Go makes the folder around it for its owner only.
func newFolder(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	require.NoError(t, os.Chmod(filepath.Dir(folder), 0o711))
	require.NoError(t, os.Chmod(folder, 0o711))
	return folder
}

// newHome returns an existing home as mktemp -d makes it, for its owner only.
func newHome(t *testing.T) string {
	t.Helper()
	home := newFolder(t)
	require.NoError(t, os.Chmod(home, 0o700))
	return home
}

// newTestServer returns a server that is stopped when the test ends. Leases have
// to be made with acquire, so that they are gone by then.
func newTestServer(t *testing.T, home string) *Server {
	t.Helper()
	s, err := New(Config{Home: home})
	if missing := new(NotInstalledError); errors.As(err, &missing) && os.Getenv("CI") == "" {
		t.Skip(err)
	}
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, s.Stop(context.Background()))
	})
	return s
}

func acquire(t *testing.T, s *Server) *Lease {
	t.Helper()
	lease, err := s.Acquire(t.Context())
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, lease.Release(context.Background()))
	})
	return lease
}

func status(t *testing.T, s *Server) Status {
	t.Helper()
	st, err := s.Status(t.Context())
	require.NoError(t, err)
	return st
}

func exec1(t *testing.T, lease *Lease, statement string) error {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), lease.URL())
	require.NoError(t, err)
	defer conn.Close(context.Background())
	_, err = conn.Exec(t.Context(), statement)
	return err
}

func query(t *testing.T, lease *Lease, statement string) string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), lease.URL())
	require.NoError(t, err)
	defer conn.Close(context.Background())
	var value string
	require.NoError(t, conn.QueryRow(t.Context(), statement).Scan(&value))
	return value
}

// otherCommand is a copy of the test binary that holds a lease.
type otherCommand struct {
	cmd    *exec.Cmd
	stdin  io.WriteCloser
	stdout *bufio.Reader
}

// startCommand starts another command and does not wait for its lease.
func startCommand(t *testing.T, home string, env ...string) *otherCommand {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestHelperProcess$", "-test.count=1")
	cmd.Env = append(append(os.Environ(), helperHome+"="+home), env...)
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	require.NoError(t, err)
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	other := &otherCommand{cmd: cmd, stdin: stdin, stdout: bufio.NewReader(stdout)}
	t.Cleanup(other.kill)
	return other
}

// leased waits until the other command has its lease and returns its URL.
func (o *otherCommand) leased(t *testing.T) string {
	t.Helper()
	line, err := o.stdout.ReadString('\n')
	require.NoError(t, err)
	url, found := strings.CutPrefix(strings.TrimSpace(line), "leased ")
	require.True(t, found, line)
	return url
}

// kill is kill -9.
func (o *otherCommand) kill() {
	if o.cmd.ProcessState == nil {
		_ = o.cmd.Process.Kill()
		_ = o.cmd.Wait()
	}
}

// release lets the other command end as it should.
func (o *otherCommand) release(t *testing.T) {
	t.Helper()
	require.NoError(t, o.stdin.Close())
	_, err := io.Copy(io.Discard, o.stdout)
	require.NoError(t, err)
	require.NoError(t, o.cmd.Wait())
}

// TestHelperProcess is not a test but the body of an otherCommand.
func TestHelperProcess(t *testing.T) {
	t.Parallel()

	home := os.Getenv(helperHome)
	if home == "" {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	s, err := New(Config{Home: home})
	require.NoError(t, err)
	lease, err := s.Acquire(ctx)
	require.NoError(t, err)
	fmt.Fprintln(os.Stdout, "leased", lease.URL())
	_, err = io.Copy(io.Discard, os.Stdin)
	require.NoError(t, err)
	require.NoError(t, lease.Release(ctx))
}
