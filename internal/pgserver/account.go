//go:build linux || darwin

package pgserver

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

// account is the user of the operating system that the server runs as.
type account struct {
	name string
	uid  int
	gid  int
	// credential is what a child takes on; nil when it runs as ourselves.
	credential *syscall.Credential
}

func (s *Server) asRoot() bool { return s.machine.uid == 0 }

// account returns ourselves or, under root, the unprivileged user that PostgreSQL
// insists on: the owner of the data folder, else "postgres", else "nobody".
func (s *Server) account() (account, error) {
	owner := -1
	info, err := os.Stat(s.layout.data)
	if err == nil {
		owner = ownerOf(info)
	} else if !errors.Is(err, fs.ErrNotExist) {
		return account{}, fmt.Errorf("looking at the data folder: %w", err)
	}
	if !s.asRoot() {
		uid := os.Geteuid()
		if owner >= 0 && owner != uid {
			return account{}, fmt.Errorf("the data folder %q belongs to user %s; run as that user or set RYE_HOME to a folder of your own",
				s.layout.data, userName(owner))
		}
		return account{name: userName(uid), uid: uid, gid: os.Getegid()}, nil
	}
	if owner == 0 {
		return account{}, fmt.Errorf("the data folder %q belongs to root, as whom PostgreSQL does not run; give it away with: chown -R postgres %[1]q",
			s.layout.data)
	}
	if owner > 0 {
		// A folder that came from another machine may belong to a number without
		// a name.
		who := account{name: userName(owner), uid: owner, gid: owner}
		if found, err := user.LookupId(strconv.Itoa(owner)); err == nil {
			return unprivileged(found)
		}
		who.credential = &syscall.Credential{Uid: uint32(owner), Gid: uint32(owner)}
		return who, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		if found, err := user.Lookup(name); err == nil {
			return unprivileged(found)
		}
	}
	return account{}, errors.New(`PostgreSQL does not run as root, and there is neither a user "postgres" nor "nobody"; run as another user or add one with: useradd --system postgres`)
}

func unprivileged(u *user.User) (account, error) {
	// On macOS "nobody" is user -2, written as such or as 4294967294.
	uid, err := strconv.ParseInt(u.Uid, 10, 64)
	if err != nil {
		return account{}, fmt.Errorf("reading the number of user %q: %w", u.Username, err)
	}
	gid, err := strconv.ParseInt(u.Gid, 10, 64)
	if err != nil {
		return account{}, fmt.Errorf("reading the group of user %q: %w", u.Username, err)
	}
	credential := &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	return account{name: u.Username, uid: int(credential.Uid), gid: int(credential.Gid), credential: credential}, nil
}

func userName(uid int) string {
	if u, err := user.LookupId(strconv.Itoa(uid)); err == nil {
		return u.Username
	}
	return strconv.Itoa(uid)
}

// checkReach makes sure that the unprivileged user can start the programs and
// enter the folders. It tries instead of reading modes, because access lists and
// security modules have a say too.
func (s *Server) checkReach(ctx context.Context, who account, folders ...string) error {
	if who.credential == nil {
		return nil
	}
	if err := s.tryFrom(ctx, who, "/"); err != nil {
		return fmt.Errorf("the server runs as user %q, who cannot run %q: %w; set RYE_PG_BIN to programs that every user may run",
			who.name, s.programs.path("postgres"), err)
	}
	for _, folder := range folders {
		if err := s.tryFrom(ctx, who, folder); err == nil {
			continue
		}
		resolved, err := filepath.EvalSymlinks(folder)
		if err != nil {
			return fmt.Errorf("looking for %q: %w", folder, err)
		}
		for _, parent := range parents(resolved) {
			if err := s.tryFrom(ctx, who, parent); err != nil {
				return fmt.Errorf("the server runs as user %q, who may not enter the folder %q (%w); set RYE_HOME to a place that every user may enter, such as %s",
					who.name, parent, err, rootHome)
			}
		}
	}
	return nil
}

// tryFrom runs a harmless program as another user inside a folder.
func (s *Server) tryFrom(ctx context.Context, who account, folder string) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	cmd := s.command(ctx, who, "postgres", "--version")
	cmd.Dir = folder
	return cmd.Run()
}

// parents returns a path and all folders above it, the topmost first.
func parents(path string) []string {
	if up := filepath.Dir(path); up != path {
		return append(parents(up), path)
	}
	return []string{path}
}

// command prepares a program of the installation to run as the user of the
// server. The end of ctx kills it together with the children that it has.
func (s *Server) command(ctx context.Context, who account, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, s.programs.path(name), args...)
	// The folder in which the command was typed may be closed to that user, and
	// the programs insist on knowing where they are.
	cmd.Dir = "/"
	cmd.Env = childEnv(s.machine.getenv, s.programs.dir)
	// A process group of its own keeps a Ctrl-C in the terminal from reaching the
	// child before the context does.
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: who.credential, Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = 5 * time.Second
	return cmd
}

// childEnv returns the environment of the PostgreSQL programs. It is built anew
// rather than filtered: PGDATA, PGPORT, LC_ALL and their like all change what
// those programs do.
func childEnv(getenv func(string) string, binDir string) []string {
	env := []string{
		"PATH=" + binDir + ":/usr/bin:/bin",
		"LC_ALL=C", // messages in English; the database has its own locale
		"TZ=UTC",
		// glibc gives the memory of each sort and hash table back to the system, and takes it anew for the next, a page of 4 KB at a
		// time. On virtual machines that costs a tenth of an import. So it keeps what a session has had, up to 256 MB, and asks for pages
		// of 2 MB. Other libraries do not know the name.
		"GLIBC_TUNABLES=glibc.malloc.hugetlb=1:glibc.malloc.top_pad=16777216:glibc.malloc.mmap_threshold=33554432:glibc.malloc.trim_threshold=268435456",
	}
	// Installations in unusual places find their libraries through these.
	for _, name := range []string{"LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"} {
		if value := getenv(name); value != "" {
			env = append(env, name+"="+value)
		}
	}
	return env
}
