//go:build linux || darwin

package pgserver

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// rootHome is the home under root. The server cannot live below /root, which its
// unprivileged user may not enter.
const rootHome = "/var/lib/rye-import"

// maxSocketPath is what a socket path may measure: the kernels allow 108 bytes
// (Linux) and 104 (macOS), the closing zero included.
const maxSocketPath = 100

// DefaultHome returns the folder that holds the server of the user uid:
// $RYE_HOME, else $XDG_DATA_HOME/rye-import, else /var/lib/rye-import for root
// and ~/.local/share/rye-import for everybody else. It fails when the user has
// no home folder. The folder need not exist.
func DefaultHome(getenv func(string) string, uid int) (string, error) {
	if home := getenv("RYE_HOME"); home != "" {
		return filepath.Abs(home)
	}
	// The XDG specification tells to ignore a relative path.
	if data := getenv("XDG_DATA_HOME"); filepath.IsAbs(data) {
		return filepath.Join(data, "rye-import"), nil
	}
	if uid == 0 {
		return rootHome, nil
	}
	home := getenv("HOME")
	if !filepath.IsAbs(home) {
		return "", errors.New("no home folder: HOME is not set; set RYE_HOME to the folder that shall hold the database")
	}
	return filepath.Join(home, ".local", "share", "rye-import"), nil
}

// layout names the files of a home.
type layout struct {
	home       string
	data       string
	run        string // the folder of the socket
	conf       string
	local      string
	log        string
	serverLock string
	usersLock  string
	aliveLock  string
	pinned     string
}

func newLayout(home, tempDir string) layout {
	in := func(name string) string { return filepath.Join(home, name) }
	return layout{
		home:       home,
		data:       in("data"),
		run:        socketDir(home, tempDir),
		conf:       in("server.conf"),
		local:      in("local.conf"),
		log:        in("server.log"),
		serverLock: in("server.lock"),
		usersLock:  in("users.lock"),
		aliveLock:  in("alive.lock"),
		pinned:     in("pinned"),
	}
}

// socketDir returns the folder of the socket: run in the home when that path
// fits, else a folder in the temporary folder named after the home. A comma rules
// a path out as well, because clients read it as a list of hosts.
func socketDir(home, tempDir string) string {
	sum := sha256.Sum256([]byte(home))
	short := "rye-import-" + hex.EncodeToString(sum[:6])
	for _, dir := range []string{filepath.Join(home, "run"), filepath.Join(tempDir, short)} {
		if len(socketPath(dir)) <= maxSocketPath && !strings.Contains(dir, ",") {
			return dir
		}
	}
	return filepath.Join("/tmp", short)
}

func socketPath(dir string) string {
	return filepath.Join(dir, ".s.PGSQL."+socketPort)
}

// prepareHome makes the home folder. Under root it lets the user of the server
// pass; listing it stays with root.
func (s *Server) prepareHome() error {
	if err := makeFolders(s.layout.home, s.asRoot()); err != nil {
		return fmt.Errorf("making the home folder: %w; set RYE_HOME to a folder of your own", err)
	}
	if !s.asRoot() {
		return nil
	}
	info, err := os.Stat(s.layout.home)
	if err != nil {
		return fmt.Errorf("looking at the home folder: %w", err)
	}
	if mode := info.Mode().Perm(); mode&0o001 == 0 {
		if err := os.Chmod(s.layout.home, mode|0o011); err != nil {
			return fmt.Errorf("letting the server pass its home folder: %w", err)
		}
	}
	return nil
}

// makeFolders is os.MkdirAll, except that folders made by root get their mode
// whatever the umask: the user of the server has to pass them.
func makeFolders(path string, asRoot bool) error {
	if !asRoot {
		return os.MkdirAll(path, 0o700)
	}
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return nil
	}
	if err := makeFolders(filepath.Dir(path), asRoot); err != nil {
		return err
	}
	err := os.Mkdir(path, 0o711)
	if errors.Is(err, fs.ErrExist) {
		// Another command was faster, or there is something else of that name.
		info, statErr := os.Stat(path)
		if statErr == nil && info.IsDir() {
			return nil
		}
	}
	if err != nil {
		return err
	}
	return os.Chmod(path, 0o711)
}

// prepareRun makes the folder of the socket. It may lie in a folder that everybody
// may write, so what is already there is only accepted when it is a real folder
// of the user of the server.
func (s *Server) prepareRun(who account) error {
	dir := s.layout.run
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("making the socket folder: %w", err)
	}
	f, err := os.OpenFile(dir, os.O_RDONLY|syscall.O_DIRECTORY|syscall.O_NOFOLLOW, 0)
	if err != nil {
		return fmt.Errorf("opening the socket folder: %w; remove what is in its place", err)
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return fmt.Errorf("looking at the socket folder: %w", err)
	}
	owner := ownerOf(info)
	// In its own home root may give the folder to whoever the server now runs as.
	mayGive := s.asRoot() && (owner == 0 || filepath.Dir(dir) == s.layout.home)
	if owner != who.uid && !mayGive {
		return fmt.Errorf("the socket folder %q belongs to user %d, not to user %q; remove it", dir, owner, who.name)
	}
	if owner != who.uid {
		if err := f.Chown(who.uid, who.gid); err != nil {
			return fmt.Errorf("giving away the socket folder: %w", err)
		}
	}
	if err := f.Chmod(0o700); err != nil {
		return fmt.Errorf("closing the socket folder to others: %w", err)
	}
	return nil
}

// dataMajor returns the major version of PostgreSQL that made the data folder, or
// zero when there is no data folder yet.
func dataMajor(data string) (int, error) {
	text, err := os.ReadFile(filepath.Join(data, "PG_VERSION"))
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("reading the version of the data folder: %w; set RYE_HOME to a folder of your own", err)
	}
	major, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		return 0, fmt.Errorf("reading the version of the data folder %q: %w", data, err)
	}
	return major, nil
}

func ownerOf(info fs.FileInfo) int {
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		return int(st.Uid)
	}
	return -1
}
