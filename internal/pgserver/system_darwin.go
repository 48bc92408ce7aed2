package pgserver

import "golang.org/x/sys/unix"

// machineResources reads the memory of the machine. macOS has no /dev/shm.
func machineResources() resources {
	memory, err := unix.SysctlUint64("hw.memsize")
	if err != nil {
		return resources{}
	}
	return resources{memory: memory}
}

// mayBePostgres cannot tell on macOS, so it leaves the decision to PostgreSQL.
func mayBePostgres(int) bool { return true }
