//go:build linux || darwin

package pgserver

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

const mebibyte = 1 << 20

// resources is what the settings are sized by.
type resources struct {
	memory       uint64 // bytes; zero when unknown
	sharedMemory uint64 // bytes of /dev/shm; zero where there is no such limit
}

// settings returns the configuration file: a server for one loader on one
// machine, which may be killed at any time and must not lose what it committed.
func settings(l layout, r resources, compression string) string {
	clamp := func(n, low, high uint64) uint64 { return min(max(n, low), high) / mebibyte }
	sharedBuffers := clamp(r.memory/8, 128*mebibyte, 1024*mebibyte)
	maintenance := clamp(r.memory/32, 64*mebibyte, 512*mebibyte)

	var b strings.Builder
	set := func(name, value, why string) {
		fmt.Fprintf(&b, "\n# %s\n%s = %s\n", why, name, value)
	}
	b.WriteString("# Written by rye-import at each start; changes are lost. Put your own settings\n# into local.conf beside this file.\n")

	set("listen_addresses", "''", "Nobody gets in over the network.")
	set("unix_socket_directories", quoteSetting(quoteListItem(l.run)), "The only way in, inside a folder of this user.")
	set("unix_socket_permissions", "0700", "The socket itself is closed to others as well.")
	set("port", socketPort, "Names the socket; no port is opened.")
	set("cluster_name", quoteSetting("rye-import"), "Tells this server from others in a list of processes.")
	set("max_connections", "50", "A few commands at once, each with a few workers.")

	set("shared_buffers", fmt.Sprintf("%dMB", sharedBuffers), "An eighth of the memory: most of it stays with the command and the file cache.")
	set("maintenance_work_mem", fmt.Sprintf("%dMB", maintenance), "Building an index after a load sorts the whole table.")
	if r.sharedMemory > 0 && r.sharedMemory < 512*mebibyte {
		set("dynamic_shared_memory_type", "sysv", "Containers have a tiny /dev/shm, in which parallel queries would fail.")
	}

	set("fsync", "on", "What was reported as loaded survives a power cut.")
	set("wal_level", "minimal", "There is no replica and no archive, so the log only has to serve a crash.")
	set("max_wal_senders", "0", "Goes with wal_level.")
	set("max_wal_size", "4GB", "A load writes much log; each checkpoint that it forces writes whole pages again.")
	set("checkpoint_timeout", "15min", "As max_wal_size.")
	set("wal_compression", compression, "Less to write: who first reads what was loaded has whole pages written to the log.")
	set("jit", "off", "Compiling costs more than the short statements of a loader gain.")

	set("timezone", "'UTC'", "Results do not depend on where the machine stands.")
	set("log_timezone", "'UTC'", "As timezone.")
	set("lc_messages", "'C'", "Messages read the same on every machine.")

	// A statement that fails names the value that it failed on, so errors are for
	// the client alone; "log" leaves starts, stops and crashes in the file.
	set("log_min_messages", "log", "Errors quote values of the import; those must not reach a log file.")
	set("log_min_error_statement", "panic", "As log_min_messages: statements hold values.")
	set("log_error_verbosity", "terse", "As log_min_messages: details hold values.")
	set("log_statement", "none", "As log_min_messages.")
	set("log_min_duration_statement", "-1", "As log_min_messages.")
	set("log_autovacuum_min_duration", "-1", "Not worth a line in a log that few will read.")
	set("log_checkpoints", "off", "As log_autovacuum_min_duration.")
	set("log_line_prefix", "'%m [%p] '", "Time and process.")

	return b.String()
}

// walCompression names how whole pages are compressed in the log. What every server can do takes ten times the
// processor time of lz4, which is there only if the server was built with it; and one that does not know a value does
// not start. So it is asked, by naming what it would run with. It looks at the data folder and changes nothing.
func (s *Server) walCompression(ctx context.Context, who account) string {
	const best, always = "lz4", "on"
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	cmd := s.command(ctx, who, "postgres", "-D", s.layout.data, "--config-file="+os.DevNull, "-c", "wal_compression="+best, "-C", "wal_compression")
	// Whatever else may be wrong shows when the server starts.
	if out, err := cmd.Output(); err != nil || strings.TrimSpace(string(out)) != best {
		return always
	}
	return best
}

// quoteSetting quotes a string for a configuration file.
func quoteSetting(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `''`).Replace(s) + "'"
}

// quoteListItem quotes one item of a list inside a string.
func quoteListItem(s string) string {
	return `"` + strings.ReplaceAll(s, `"`, `""`) + `"`
}

// writeSettings replaces the configuration file. It lies in the home and not in
// the data folder, which belongs to another user when we are root: root must not
// write where somebody else may put a symbolic link.
func (s *Server) writeSettings(ctx context.Context, who account) error {
	// The settings of the user are copied rather than included: PostgreSQL passes
	// over a file that it may not read, and ours runs as somebody else under root.
	local, err := os.ReadFile(s.layout.local)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("reading your settings: %w", err)
	}
	text := settings(s.layout, machineResources(), s.walCompression(ctx, who)) + "\n# From local.conf.\n" + string(local)

	// Always the same name, so that a killed command leaves one file at most.
	f, err := os.OpenFile(s.layout.conf+".new", os.O_CREATE|os.O_TRUNC|os.O_WRONLY|unix.O_NOFOLLOW, 0o600)
	if err != nil {
		return fmt.Errorf("writing the settings: %w", err)
	}
	if _, err := f.WriteString(text); err != nil {
		_ = f.Close()
		return fmt.Errorf("writing the settings: %w", err)
	}
	if who.credential != nil {
		// The server reads it; to write it is for root.
		if err := errors.Join(f.Chown(0, who.gid), f.Chmod(0o640)); err != nil {
			_ = f.Close()
			return fmt.Errorf("writing the settings: %w", err)
		}
	}
	if err := f.Close(); err != nil {
		return fmt.Errorf("writing the settings: %w", err)
	}
	if err := os.Rename(f.Name(), s.layout.conf); err != nil {
		return fmt.Errorf("writing the settings: %w", err)
	}
	return nil
}
