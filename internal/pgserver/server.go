//go:build linux || darwin

package pgserver

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"golang.org/x/sys/unix"
)

const (
	superuser  = "rye"
	database   = "rye"
	socketPort = "5432"

	// unreachableAfter is how long a server may claim to be ready and yet not
	// answer. A busy machine needs a moment; recovery after a crash, which may
	// take minutes, does not count.
	unreachableAfter = 30 * time.Second
)

// Server is the private PostgreSQL server of one home folder. Any number of
// Servers, in any number of processes, may stand for the same home. Its methods may
// be called at the same time.
type Server struct {
	layout   layout
	logger   *slog.Logger
	machine  machine
	programs programs
}

// New finds the PostgreSQL programs and the home folder. It creates nothing and
// starts nothing. It returns a *NotInstalledError when the machine has no suitable
// PostgreSQL: version 15 or newer, with the contrib extensions, and of the major
// version that made the data folder if there is one.
func New(cfg Config) (*Server, error) {
	return newServer(cfg, thisMachine)
}

func newServer(cfg Config, newMachine func(getenv func(string) string) machine) (*Server, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	home, err := filepath.Abs(cfg.Home)
	if err != nil {
		return nil, fmt.Errorf("finding the home folder: %w", err)
	}
	tempDir := cfg.Getenv("TMPDIR")
	if !filepath.IsAbs(tempDir) {
		tempDir = "/tmp"
	}
	s := &Server{layout: newLayout(home, tempDir), logger: cfg.Logger, machine: newMachine(cfg.Getenv)}
	major, err := dataMajor(s.layout.data)
	if err != nil {
		return nil, err
	}
	s.programs, err = s.machine.find(cfg.BinDir, major, s.layout.data)
	if err != nil {
		return nil, err
	}
	return s, nil
}

// Start starts the server, or joins it, and pins it: it then runs until Stop is
// called or the machine goes down. A pinned server that died is started again by
// the next Acquire.
func (s *Server) Start(ctx context.Context) error {
	if err := s.prepareHome(); err != nil {
		return err
	}
	exclusive, err := lock(ctx, s.layout.serverLock, unix.LOCK_EX)
	if err != nil {
		return err
	}
	defer exclusive.unlock()
	if _, err := s.ensureRunning(ctx); err != nil {
		return err
	}
	if err := os.WriteFile(s.layout.pinned, nil, 0o600); err != nil {
		return fmt.Errorf("pinning the server: %w", err)
	}
	return nil
}

// Stop takes the pin away and stops the server if nobody uses it. Otherwise it
// returns ErrInUse, and the server stops with its last user. To stop a server that
// does not run is no error.
func (s *Server) Stop(ctx context.Context) error {
	if _, err := os.Stat(s.layout.home); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	exclusive, err := lock(ctx, s.layout.serverLock, unix.LOCK_EX)
	if err != nil {
		return err
	}
	defer exclusive.unlock()
	if err := os.Remove(s.layout.pinned); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("unpinning the server: %w", err)
	}
	stopped, err := s.stopUnlessUsed(ctx)
	if err == nil && !stopped {
		return ErrInUse
	}
	return err
}

// Status is what is known about a server.
type Status struct {
	// BinDir is the folder of the PostgreSQL programs in use.
	BinDir string

	// DataBytes is what the data folder takes on disk, zero when there is none.
	DataBytes int64

	// Home is the folder that holds everything of the server.
	Home string

	// PID is the process of the server, zero when it does not run.
	PID int

	// Pinned tells that the server keeps running until it is stopped.
	Pinned bool

	// Running tells that the server is there; it may still be starting.
	Running bool

	// URL is where to connect to while the server runs.
	URL string

	// Version is the version of the PostgreSQL programs, such as "15.18".
	Version string
}

// Status looks at the server without starting it, waiting for it or creating
// anything.
func (s *Server) Status(ctx context.Context) (Status, error) {
	status := Status{
		BinDir:  s.programs.dir,
		Home:    s.layout.home,
		URL:     databaseURL(s.layout.run, database),
		Version: s.programs.version,
	}
	running, err := isHeld(s.layout.aliveLock)
	if err != nil {
		return Status{}, err
	}
	if running {
		file, err := readPostmasterFile(s.layout.data)
		if err != nil {
			return Status{}, err
		}
		status.Running = true
		status.PID = file.pid
		if file.socketDir != "" {
			status.URL = databaseURL(file.socketDir, database)
		}
	}
	switch _, err := os.Stat(s.layout.pinned); {
	case err == nil:
		status.Pinned = true
	case !errors.Is(err, fs.ErrNotExist):
		return Status{}, fmt.Errorf("looking for the pin: %w", err)
	}
	status.DataBytes, err = folderSize(ctx, s.layout.data)
	return status, err
}

// Psql returns the path of PostgreSQL's terminal program. It fails when the
// machine has the server but not the client.
func (s *Server) Psql() (string, error) {
	if path, err := s.machine.program(s.programs.path("psql")); err == nil {
		return path, nil
	}
	for _, dir := range filepath.SplitList(s.machine.getenv("PATH")) {
		path := filepath.Join(dir, "psql")
		if _, err := s.machine.program(path); err == nil && filepath.IsAbs(dir) {
			// Not resolved: the psql of Debian is a link to a wrapper that looks at
			// the name it was called by.
			return path, nil
		}
	}
	return "", fmt.Errorf("psql is neither in %q nor in PATH; install the PostgreSQL client", s.programs.dir)
}

// ensureRunning starts the server unless it runs, and waits until it answers and
// has the database. It returns the folder of the socket. The caller holds the
// server lock.
func (s *Server) ensureRunning(ctx context.Context) (socketDir string, err error) {
	var begun *postmaster
	defer func() {
		if err != nil && begun != nil {
			err = errors.Join(err, s.abandon(ctx))
		}
	}()
	var unreachableSince time.Time
	for {
		alive, err := isHeld(s.layout.aliveLock)
		if err != nil {
			return "", err
		}
		if !alive {
			if begun != nil {
				return "", begun.failure()
			}
			if begun, err = s.start(ctx); err != nil {
				return "", err
			}
		}
		file, err := readPostmasterFile(s.layout.data)
		if err != nil {
			return "", err
		}
		// Until a new server has written its own file, that of a killed one lies there.
		if file.ready && (begun == nil || begun.pid == file.pid) {
			err := s.connect(ctx, file.socketDir)
			if err == nil {
				if begun != nil {
					s.logger.Debug("Server: Started", "pid", file.pid, "version", s.programs.version)
				}
				return file.socketDir, nil
			}
			if !worthRetrying(err) {
				return "", fmt.Errorf("connecting to the server: %w", err)
			}
			if unreachableSince.IsZero() {
				unreachableSince = time.Now()
			}
			if time.Since(unreachableSince) > unreachableAfter {
				return "", fmt.Errorf("connecting to the server: %w; it does not answer: end process %d with its children and try again", err, file.pid)
			}
		} else {
			unreachableSince = time.Time{}
		}
		if err := pause(ctx); err != nil {
			return "", fmt.Errorf("waiting for the server to get ready: %w", err)
		}
	}
}

// start launches a server. It returns nil when a process of a server holds the
// alive lock after all; the caller then looks again.
func (s *Server) start(ctx context.Context) (*postmaster, error) {
	alive, err := tryLock(s.layout.aliveLock, unix.LOCK_EX)
	if alive == nil {
		return nil, err
	}
	launched := false
	defer func() {
		if !launched {
			alive.unlock()
		}
	}()
	who, err := s.account()
	if err != nil {
		return nil, err
	}
	if err := s.checkReach(ctx, who, s.layout.home, filepath.Dir(s.layout.run)); err != nil {
		return nil, err
	}
	if err := s.prepareData(ctx, who); err != nil {
		return nil, err
	}
	if err := s.prepareRun(who); err != nil {
		return nil, err
	}
	if err := s.clearStale(); err != nil {
		return nil, err
	}
	if err := s.writeSettings(ctx, who); err != nil {
		return nil, err
	}
	launched = true
	return s.launch(who, alive)
}

// connect opens a session and closes it again. The first one makes the database.
func (s *Server) connect(ctx context.Context, socketDir string) error {
	err := tryConnect(ctx, socketDir, database, "SELECT 1")
	var problem *pgconn.PgError
	if !errors.As(err, &problem) {
		return err
	}
	switch problem.Code {
	case "53300": // too_many_connections
		// It works, it is only busy.
		return nil
	case "3D000": // invalid_catalog_name
		if err := tryConnect(ctx, socketDir, "postgres", "CREATE DATABASE "+database); err != nil {
			return fmt.Errorf("creating the database: %w", err)
		}
		return tryConnect(ctx, socketDir, database, "SELECT 1")
	}
	return err
}

// worthRetrying tells whether a connection may succeed a moment later.
func worthRetrying(err error) bool {
	if unusable := new(pgconn.ParseConfigError); errors.As(err, &unusable) {
		// A PG… variable that makes no sense.
		return false
	}
	if refusal := new(pgconn.PgError); errors.As(err, &refusal) {
		return refusal.Code == "57P03" // cannot_connect_now
	}
	return true
}

func tryConnect(ctx context.Context, socketDir, name, statement string) error {
	ctx, cancel := context.WithTimeout(ctx, unreachableAfter)
	defer cancel()
	conn, err := pgx.Connect(ctx, databaseURL(socketDir, name))
	if err != nil {
		return err
	}
	_, err = conn.Exec(ctx, statement)
	return errors.Join(err, conn.Close(ctx))
}

// stopUnlessUsed stops the server unless somebody holds a lease. The caller holds
// the server lock, so nobody can get one meanwhile.
func (s *Server) stopUnlessUsed(ctx context.Context) (stopped bool, err error) {
	users, err := tryLock(s.layout.usersLock, unix.LOCK_EX)
	if err != nil || users == nil {
		return false, err
	}
	defer users.unlock()
	return true, s.stop(ctx)
}

// stop ends the server and waits until its last process has gone.
func (s *Server) stop(ctx context.Context) error {
	patience := time.NewTimer(unreachableAfter)
	defer patience.Stop()
	asked := false
	var askErr error
	for {
		alive, err := isHeld(s.layout.aliveLock)
		if err != nil {
			return err
		}
		if !alive {
			break
		}
		if !asked {
			// A server that has just been launched does not listen yet, and one
			// that was killed never will; its last processes end by themselves.
			askErr = s.askToStop(ctx)
			asked = askErr == nil
		}
		select {
		case <-patience.C:
			if !asked {
				return askErr
			}
		default:
		}
		if err := pause(ctx); err != nil {
			return errors.Join(fmt.Errorf("waiting for the server to stop: %w", err), askErr)
		}
	}
	if filepath.Dir(s.layout.run) != s.layout.home {
		// Nobody looks after a folder among the temporary ones. The next start
		// makes it again, so it does not matter when this fails.
		_ = os.Remove(s.layout.run)
	}
	s.logger.Debug("Server: Stopped")
	return nil
}

// abandon stops a server that did not get ready while its caller could wait.
func (s *Server) abandon(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), unreachableAfter)
	defer cancel()
	return s.stop(ctx)
}

// databaseURL names the port as well, which otherwise would come from PGPORT. A
// plus sign is no space to PostgreSQL's clients, which read a URL as RFC 3986 has it.
func databaseURL(socketDir, name string) string {
	query := url.Values{"host": {socketDir}, "port": {socketPort}, "user": {superuser}}
	return "postgres:///" + name + "?" + strings.ReplaceAll(query.Encode(), "+", "%20")
}

func folderSize(ctx context.Context, path string) (int64, error) {
	var size int64
	err := filepath.WalkDir(path, func(_ string, entry fs.DirEntry, err error) error {
		if err == nil && entry.Type().IsRegular() {
			var info fs.FileInfo
			if info, err = entry.Info(); err == nil {
				size += info.Size()
			}
		}
		// A running server removes files all the time.
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return ctx.Err()
	})
	if err != nil {
		return 0, fmt.Errorf("measuring the data folder: %w", err)
	}
	return size, nil
}
