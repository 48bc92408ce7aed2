//go:build linux || darwin

package pgserver

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// pollInterval is how often a lock or the server is asked again. A flock can be
// waited for by the kernel as well, but that wait knows no context.
const pollInterval = 20 * time.Millisecond

// fileLock is a flock on a file. It belongs to the open file and not to the
// process: two locks of one process exclude each other, and a child that inherits
// the file keeps the lock.
type fileLock struct {
	file *os.File
}

// lock waits for a lock; how is unix.LOCK_SH or unix.LOCK_EX. A free lock is taken
// even when ctx has ended, so that a release can do its work after an interrupt.
func lock(ctx context.Context, path string, how int) (*fileLock, error) {
	for {
		l, err := tryLock(path, how)
		if l != nil || err != nil {
			return l, err
		}
		if err := pause(ctx); err != nil {
			return nil, fmt.Errorf("waiting for another command to release %q: %w", path, err)
		}
	}
}

// tryLock takes a lock if it is free and returns nil if it is not. It creates the
// file.
func tryLock(path string, how int) (*fileLock, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|unix.O_NOFOLLOW, 0o600)
	if errors.Is(err, fs.ErrPermission) {
		return nil, fmt.Errorf("opening the lock: %w; set RYE_HOME to a folder of your own", err)
	}
	if err != nil {
		return nil, fmt.Errorf("opening the lock: %w", err)
	}
	return flock(f, how)
}

// flock locks an open file without waiting. It closes the file unless it returns
// a lock.
func flock(f *os.File, how int) (*fileLock, error) {
	for {
		err := unix.Flock(int(f.Fd()), how|unix.LOCK_NB)
		switch {
		case err == nil:
			return &fileLock{file: f}, nil
		case errors.Is(err, unix.EINTR):
			continue
		}
		name := f.Name()
		_ = f.Close()
		if errors.Is(err, unix.EWOULDBLOCK) {
			return nil, nil
		}
		return nil, fmt.Errorf("locking %q: %w; the home folder must be on a local file system", name, err)
	}
}

// unlock gives the lock up. It does so by name, before it closes the file: a
// child that is just being forked holds a copy of the file until it has become
// another program, and with it the lock.
func (l *fileLock) unlock() {
	// Neither can fail on a file that is open and locked.
	_ = unix.Flock(int(l.file.Fd()), unix.LOCK_UN)
	_ = l.file.Close()
}

// isHeld tells whether somebody holds a lock, without creating its file.
func isHeld(path string) (bool, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|unix.O_NOFOLLOW, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("opening the lock: %w", err)
	}
	// A shared lock, so that those who ask do not take each other for the holder.
	l, err := flock(f, unix.LOCK_SH)
	if err != nil {
		return false, err
	}
	if l == nil {
		return true, nil
	}
	l.unlock()
	return false, nil
}

// pause waits for one poll interval or for the end of the context.
func pause(ctx context.Context) error {
	timer := time.NewTimer(pollInterval)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}
