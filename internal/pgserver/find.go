//go:build linux || darwin

package pgserver

import (
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// minMajor is the oldest PostgreSQL that the schema runs on.
const minMajor = 15

// programs is a usable installation.
type programs struct {
	dir     string // symbolic links resolved
	version string
	major   int
	minor   int
}

func (p programs) path(name string) string { return filepath.Join(p.dir, name) }

// find returns the newest installation that can run the server. When binDir is
// set, it is the only folder that is looked at; when major is set, only that
// version will do. It returns a *NotInstalledError when there is none.
func (m machine) find(binDir string, major int, data string) (programs, error) {
	var best programs
	var rejected []Installation
	tooOld := false
	for _, dir := range m.installations(binDir) {
		found, problem := m.inspect(dir)
		switch {
		case problem != "":
		case found.major < minMajor:
			problem = fmt.Sprintf("older than %d", minMajor)
			tooOld = true
		case major != 0 && found.major != major:
			problem = "another major version"
		default:
			problem = m.missingContrib(found)
		}
		if problem != "" {
			rejected = append(rejected, Installation{BinDir: dir, Problem: problem, Version: found.version})
			continue
		}
		// Of two equals the one that was found first stays: PATH goes before the
		// places of the system.
		if best.dir == "" || found.major > best.major || found.major == best.major && found.minor > best.minor {
			best = found
		}
	}
	if best.dir != "" {
		return best, nil
	}
	err := &NotInstalledError{BinDir: binDir, Found: rejected, Install: m.installCommand(major, tooOld), Major: major}
	if major != 0 {
		err.DataDir = data
	}
	return programs{}, err
}

// installations returns the folders that hold a server, links resolved, each once.
func (m machine) installations(binDir string) []string {
	var dirs []string
	for _, dir := range m.searchPath(binDir) {
		// One linked program is enough to find the folder that has them all: many
		// machines link only some of them into /usr/local/bin or /usr/bin.
		for _, name := range []string{"postgres", "initdb", "pg_ctl"} {
			resolved, err := m.program(filepath.Join(dir, name))
			if err != nil {
				continue
			}
			// Where each program is linked to a place of its own, only the folder
			// of the links is complete.
			folder := filepath.Dir(resolved)
			if m.missingProgram(folder) != "" && m.missingProgram(dir) == "" {
				folder = dir
			}
			if !slices.Contains(dirs, folder) {
				dirs = append(dirs, folder)
			}
		}
	}
	return dirs
}

func (m machine) searchPath(binDir string) []string {
	if binDir != "" {
		return []string{binDir}
	}
	var dirs []string
	for _, dir := range filepath.SplitList(m.getenv("PATH")) {
		// A relative entry would make the answer depend on where one stands.
		if filepath.IsAbs(dir) {
			dirs = append(dirs, dir)
		}
	}
	for _, pattern := range []string{
		"/usr/lib/postgresql/*/bin",                          // Debian, Ubuntu
		"/usr/pgsql-*/bin",                                   // RPMs of the PostgreSQL project
		"/usr/lib/postgresql*/bin",                           // openSUSE
		"/usr/libexec/postgresql*",                           // Alpine
		"/usr/bin",                                           // Fedora, Arch
		"/opt/homebrew/opt/postgresql@*/bin",                 // Homebrew, Apple silicon
		"/usr/local/opt/postgresql@*/bin",                    // Homebrew, Intel
		"/home/linuxbrew/.linuxbrew/opt/postgresql@*/bin",    // Homebrew, Linux
		"/opt/homebrew/bin",                                  // Homebrew, linked
		"/Applications/Postgres.app/Contents/Versions/*/bin", // Postgres.app
		"/Library/PostgreSQL/*/bin",                          // EDB installer
		"/usr/local/pgsql/bin",                               // built from source
	} {
		dirs = append(dirs, m.glob(pattern)...)
	}
	return dirs
}

// inspect asks an installation what it is, and says what is wrong with it.
func (m machine) inspect(dir string) (found programs, problem string) {
	found.dir = dir
	if name := m.missingProgram(dir); name != "" {
		return found, "has no " + name
	}
	out, err := m.output(found.path("postgres"), "--version")
	if err != nil {
		return found, "does not run: " + err.Error()
	}
	// "postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)", "… 19beta1"
	parts := regexp.MustCompile(`\) ((\d+)(?:\.(\d+))?\S*)`).FindStringSubmatch(out)
	if parts == nil {
		return found, fmt.Sprintf("has the unknown version %q", strings.TrimSpace(out))
	}
	found.version = parts[1]
	// Both are digits only; a missing minor version counts as zero.
	found.major, _ = strconv.Atoi(parts[2])
	found.minor, _ = strconv.Atoi(parts[3])
	return found, ""
}

func (m machine) missingProgram(dir string) string {
	for _, name := range []string{"postgres", "initdb", "pg_ctl"} {
		if _, err := m.program(filepath.Join(dir, name)); err != nil {
			return name
		}
	}
	return ""
}

// missingContrib says which of the extensions that the schema needs are missing.
func (m machine) missingContrib(p programs) string {
	var missing []string
	for _, extension := range []string{"pg_trgm", "btree_gin"} {
		if !slices.ContainsFunc(m.shareDirs(p), func(dir string) bool {
			return m.exists(filepath.Join(dir, "extension", extension+".control"))
		}) {
			missing = append(missing, extension)
		}
	}
	if missing == nil {
		return ""
	}
	return "without the contrib extension " + strings.Join(missing, " and ")
}

// shareDirs returns the folders in which the extensions may be. The installation
// itself knows best; pg_config however is often in a package for developers.
func (m machine) shareDirs(p programs) []string {
	if _, err := m.program(p.path("pg_config")); err == nil {
		if out, err := m.output(p.path("pg_config"), "--sharedir"); err == nil {
			return []string{strings.TrimSpace(out)}
		}
	}
	share := filepath.Join(filepath.Dir(p.dir), "share")
	major := strconv.Itoa(p.major)
	return []string{
		share,
		filepath.Join(share, "postgresql"),
		filepath.Join(share, "postgresql@"+major),
		"/usr/share/postgresql/" + major,
		"/usr/share/postgresql" + major,
		"/usr/share/postgresql",
		"/usr/share/pgsql",
	}
}
