//go:build linux || darwin

package pgserver

import (
	"context"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

func TestAcquireGivesUpWaiting(t *testing.T) {
	t.Parallel()

	home := newHome(t)
	s := newTestServer(t, home)
	held, err := tryLock(s.layout.serverLock, unix.LOCK_EX)
	require.NoError(t, err)
	require.NotNil(t, held)
	defer held.unlock()

	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		_, err := s.Acquire(ctx)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.ErrorContains(t, err, "server.lock")
	})
	require.False(t, status(t, s).Running)
}

func TestLock(t *testing.T) {
	t.Parallel()

	t.Run("Excludes", func(t *testing.T) {
		t.Parallel()

		path := filepath.Join(t.TempDir(), "lock")
		first, err := tryLock(path, unix.LOCK_EX)
		require.NoError(t, err)
		require.NotNil(t, first)
		second, err := tryLock(path, unix.LOCK_SH)
		require.NoError(t, err)
		require.Nil(t, second)
		first.unlock()
		second, err = tryLock(path, unix.LOCK_SH)
		require.NoError(t, err)
		require.NotNil(t, second)
		second.unlock()
	})

	t.Run("FreeAfterInterrupt", func(t *testing.T) {
		t.Parallel()

		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		l, err := lock(ctx, filepath.Join(t.TempDir(), "lock"), unix.LOCK_EX)
		require.NoError(t, err)
		l.unlock()
	})

	t.Run("IsHeld", func(t *testing.T) {
		t.Parallel()

		path := filepath.Join(t.TempDir(), "lock")
		held, err := isHeld(path)
		require.NoError(t, err)
		require.False(t, held)
		require.NoFileExists(t, path)
		l, err := tryLock(path, unix.LOCK_EX)
		require.NoError(t, err)
		held, err = isHeld(path)
		require.NoError(t, err)
		require.True(t, held)
		l.unlock()
		held, err = isHeld(path)
		require.NoError(t, err)
		require.False(t, held)
	})

	t.Run("Shares", func(t *testing.T) {
		t.Parallel()

		path := filepath.Join(t.TempDir(), "lock")
		first, err := tryLock(path, unix.LOCK_SH)
		require.NoError(t, err)
		second, err := tryLock(path, unix.LOCK_SH)
		require.NoError(t, err)
		require.NotNil(t, second)
		first.unlock()
		third, err := tryLock(path, unix.LOCK_EX)
		require.NoError(t, err)
		require.Nil(t, third)
		second.unlock()
	})
}
