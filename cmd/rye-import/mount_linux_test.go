package main

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// mountSmall puts a small disk into a folder, until the end of the test. Only who may mount can show what
// becomes of a whole disk that is full; TestServerDiskFull needs no such right.
func mountSmall(t *testing.T, dir string) {
	t.Helper()
	if err := unix.Mount("none", dir, "tmpfs", 0, "size=160m,mode=0711"); err != nil {
		t.Skipf("a file system of a known size cannot be mounted here (%v)", err)
	}
	require.Zero(t, os.Getuid())
	t.Cleanup(func() { require.NoError(t, unix.Unmount(dir, 0)) })
}
