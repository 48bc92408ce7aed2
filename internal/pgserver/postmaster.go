//go:build linux || darwin

package pgserver

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// maxLogSize is where the log is put aside at the next start.
const maxLogSize = mebibyte

// postmasterFile is what a running server says about itself in postmaster.pid.
type postmasterFile struct {
	pid       int
	socketDir string
	ready     bool
}

// readPostmasterFile returns the zero value when there is no such file or when it
// is still being written.
func readPostmasterFile(data string) (postmasterFile, error) {
	text, err := os.ReadFile(filepath.Join(data, "postmaster.pid"))
	if errors.Is(err, fs.ErrNotExist) {
		return postmasterFile{}, nil
	}
	if err != nil {
		return postmasterFile{}, fmt.Errorf("reading what the server says about itself: %w", err)
	}
	// Lines: process, data folder, start, port, socket folder, TCP address, shared
	// memory, status.
	lines := strings.Split(string(text), "\n")
	pid, err := strconv.Atoi(strings.TrimSpace(lines[0]))
	if err != nil || pid <= 0 {
		return postmasterFile{}, nil //nolint:nilerr // Half a line is no error.
	}
	file := postmasterFile{pid: pid}
	if len(lines) >= 8 {
		file.socketDir = lines[4]
		file.ready = strings.TrimSpace(lines[7]) == "ready"
	}
	return file, nil
}

// postmaster is a server that this process started.
type postmaster struct {
	pid       int
	log       string
	logOffset int64
}

// launch starts a server whose processes hold the lock alive until the last of
// them has gone. It takes the lock over.
func (s *Server) launch(who account, alive *fileLock) (*postmaster, error) {
	// Only the file is closed here: to unlock it by name would take the lock from
	// the server as well.
	defer func() { _ = alive.file.Close() }()
	logFile, offset, err := s.openLog()
	if err != nil {
		return nil, err
	}
	defer func() { _ = logFile.Close() }()

	// The shell goes at once and leaves the server to the init process. As a child
	// of ours it would be a zombie from its end to ours, and a zombie looks like a
	// running server to those that come after. An interrupt does not get in
	// between: it would leave a server of which nobody knows the number.
	cmd := exec.Command("/bin/sh", "-c", `"$@" >&2 & echo $!`, "sh",
		s.programs.path("postgres"), "-D", s.layout.data, "--config-file="+s.layout.conf)
	cmd.Dir = "/"
	cmd.Env = childEnv(s.machine.getenv, s.programs.dir)
	cmd.Stderr = logFile
	cmd.ExtraFiles = []*os.File{alive.file}
	// A session of its own: neither Ctrl-C nor the end of the terminal stops a
	// server that others may be using.
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: who.credential, Setsid: true}
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("starting the server: %w", err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(out)))
	if err != nil {
		return nil, fmt.Errorf("starting the server: reading its process number: %w", err)
	}
	return &postmaster{pid: pid, log: s.layout.log, logOffset: offset}, nil
}

// failure describes a server that ended instead of getting ready.
func (pm *postmaster) failure() error {
	return fmt.Errorf("starting the server: it ended at once; the end of %q says:\n%s", pm.log, pm.logTail())
}

func (pm *postmaster) logTail() string {
	f, err := os.Open(pm.log)
	if err != nil {
		return err.Error()
	}
	defer func() { _ = f.Close() }()
	if _, err := f.Seek(pm.logOffset, io.SeekStart); err != nil {
		return err.Error()
	}
	text, err := io.ReadAll(io.LimitReader(f, mebibyte))
	if err != nil {
		return err.Error()
	}
	return lastLines(string(text))
}

// openLog opens the log and returns how long it is already.
func (s *Server) openLog() (*os.File, int64, error) {
	if info, err := os.Stat(s.layout.log); err == nil && info.Size() > maxLogSize {
		if err := os.Rename(s.layout.log, s.layout.log+".old"); err != nil {
			return nil, 0, fmt.Errorf("putting the log of the server aside: %w", err)
		}
	}
	f, err := os.OpenFile(s.layout.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY|unix.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, 0, fmt.Errorf("opening the log of the server: %w", err)
	}
	info, err := f.Stat()
	if err != nil {
		_ = f.Close()
		return nil, 0, fmt.Errorf("opening the log of the server: %w", err)
	}
	return f, info.Size(), nil
}

// clearStale removes what a killed server left behind. It may only be called by
// the holder of the alive lock, so no process of our server is left; all that
// remains is to see whether its number was given to somebody else, which
// PostgreSQL would take for a running server. A server that was started by hand
// does not know the lock: while it lives, its files stay.
func (s *Server) clearStale() error {
	file, err := readPostmasterFile(s.layout.data)
	if err != nil {
		return err
	}
	if file.pid != 0 && !errors.Is(unix.Kill(file.pid, 0), unix.ESRCH) && !mayBePostgres(file.pid) {
		s.logger.Debug("Server: Removing a stale process file", "pid", file.pid)
		if err := os.Remove(filepath.Join(s.layout.data, "postmaster.pid")); err != nil {
			return fmt.Errorf("removing what a killed server left behind: %w", err)
		}
	}
	// The socket folder is used by servers that know the lock only.
	for _, path := range []string{socketPath(s.layout.run), socketPath(s.layout.run) + ".lock"} {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("removing what a killed server left behind: %w", err)
		}
	}
	return nil
}

// askToStop tells the server to end the sessions and stop. PostgreSQL's own
// program does it, as the user of the server: the number of the process comes from
// a file that this user can write, and root should not signal whatever it says.
func (s *Server) askToStop(ctx context.Context) error {
	who, err := s.account()
	if err != nil {
		return err
	}
	// The stop is worth sending even after an interrupt; it takes milliseconds.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	cmd := s.command(ctx, who, "pg_ctl", "stop", "--pgdata="+s.layout.data, "--mode=fast", "--no-wait")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("stopping the server with %q: %w\n%s", cmd.Path, err, lastLines(string(out)))
	}
	return nil
}

// lastLines returns the end of an output, which is where the reason stands.
func lastLines(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(lines[max(0, len(lines)-15):], "\n")
}
