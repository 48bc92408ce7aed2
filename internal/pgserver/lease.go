//go:build linux || darwin

package pgserver

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"

	"golang.org/x/sys/unix"
)

// Lease keeps the server running for one user of it.
type Lease struct {
	server  *Server
	users   *fileLock
	url     string
	once    sync.Once
	problem error
}

// Acquire starts the server, or joins the one that runs, and returns when it
// answers and has the database. The first call on a home makes the data folder,
// which takes some seconds; after a crash the call lasts as long as the recovery.
// When ctx ends first, a server that this call started is stopped again.
func (s *Server) Acquire(ctx context.Context) (*Lease, error) {
	if err := s.prepareHome(); err != nil {
		return nil, err
	}
	exclusive, err := lock(ctx, s.layout.serverLock, unix.LOCK_EX)
	if err != nil {
		return nil, err
	}
	defer exclusive.unlock()
	socketDir, err := s.ensureRunning(ctx)
	if err != nil {
		return nil, err
	}
	// An exclusive lock on the users is only ever taken under the server lock, so
	// this does not wait.
	users, err := lock(ctx, s.layout.usersLock, unix.LOCK_SH)
	if err != nil {
		return nil, err
	}
	return &Lease{server: s, users: users, url: databaseURL(socketDir, database)}, nil
}

// URL returns where to connect to, such as
// postgres:///rye?host=%2Fhome%2Fann%2F.local%2Fshare%2Frye-import%2Frun&port=5432&user=rye.
func (l *Lease) URL() string { return l.url }

// Release gives the lease up. The last one stops the server, unless it is pinned,
// and waits until it is down. Connections have to be closed before: the server
// ends those that are open. Even when ctx has ended the server is told to stop;
// only the wait is cut short, with an error. A second call does nothing and
// returns what the first one did.
func (l *Lease) Release(ctx context.Context) error {
	l.once.Do(func() {
		l.users.unlock()
		l.problem = l.server.stopIfIdle(ctx)
	})
	return l.problem
}

func (s *Server) stopIfIdle(ctx context.Context) error {
	exclusive, err := lock(ctx, s.layout.serverLock, unix.LOCK_EX)
	if err != nil {
		return err
	}
	defer exclusive.unlock()
	switch _, err := os.Stat(s.layout.pinned); {
	case err == nil:
		return nil
	case !errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("looking for the pin: %w", err)
	}
	_, err = s.stopUnlessUsed(ctx)
	return err
}
