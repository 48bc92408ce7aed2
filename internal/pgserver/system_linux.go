package pgserver

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// machineResources reads the memory that this process may use: that of the
// machine, or of the container when that is less.
func machineResources() resources {
	var r resources
	var info unix.Sysinfo_t
	if err := unix.Sysinfo(&info); err == nil {
		r.memory = uint64(info.Totalram) * uint64(info.Unit) //nolint:unconvert // The types differ between processors.
	}
	for _, path := range []string{
		"/sys/fs/cgroup/memory.max",                   // version 2; "max" when there is no limit
		"/sys/fs/cgroup/memory/memory.limit_in_bytes", // version 1
	} {
		text, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		if limit, err := strconv.ParseUint(strings.TrimSpace(string(text)), 10, 64); err == nil && limit < r.memory {
			r.memory = limit
		}
	}
	var shm unix.Statfs_t
	if err := unix.Statfs("/dev/shm", &shm); err == nil {
		r.sharedMemory = shm.Blocks * uint64(shm.Bsize)
	}
	return r
}

// mayBePostgres tells whether a process could be a PostgreSQL server. A zombie is
// none: it has no command line any more.
func mayBePostgres(pid int) bool {
	if _, err := os.Stat("/proc/self/cmdline"); err != nil {
		return true // no way to tell
	}
	text, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "cmdline"))
	if err != nil {
		return !os.IsNotExist(err)
	}
	program, _, _ := bytes.Cut(text, []byte{0})
	name := filepath.Base(string(program))
	return strings.HasPrefix(name, "postgres") || strings.HasPrefix(name, "postmaster")
}
