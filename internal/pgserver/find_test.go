//go:build linux || darwin

package pgserver

import (
	"errors"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// fakeMachine describes a computer by its programs.
type fakeMachine struct {
	goos  string
	uid   int
	env   map[string]string
	links map[string]string // from a program to what it links to
	files []string
	// postgres maps the folder of a complete installation to what its server
	// prints as version.
	postgres map[string]string
	shareDir map[string]string // what pg_config prints, by folder
}

func (f fakeMachine) machine() machine {
	var programs []string
	for dir := range f.postgres {
		for _, name := range []string{"initdb", "pg_ctl", "postgres"} {
			programs = append(programs, path.Join(dir, name))
		}
	}
	for dir := range f.shareDir {
		programs = append(programs, path.Join(dir, "pg_config"))
	}
	files := append(slices.Clone(f.files), programs...)
	goos := f.goos
	if goos == "" {
		goos = "linux"
	}
	return machine{
		goos:   goos,
		uid:    f.uid,
		getenv: func(name string) string { return f.env[name] },
		glob: func(pattern string) []string {
			var found []string
			for _, file := range files {
				for _, name := range []string{file, path.Dir(file)} {
					if match, err := path.Match(pattern, name); err == nil && match {
						found = append(found, name)
					}
				}
			}
			slices.Sort(found)
			return slices.Compact(found)
		},
		program: func(name string) (string, error) {
			if target, linked := f.links[name]; linked {
				name = target
			}
			if slices.Contains(files, name) {
				return name, nil
			}
			return "", os.ErrNotExist
		},
		exists: func(name string) bool { return slices.Contains(files, name) },
		output: func(name string, _ ...string) (string, error) {
			out, found := f.postgres[path.Dir(name)]
			if path.Base(name) == "pg_config" {
				out, found = f.shareDir[path.Dir(name)]
			}
			if !found || out == "" {
				return "", errors.New("exit status 127")
			}
			return out + "\n", nil
		},
	}
}

func contrib(shareDir string) []string {
	return []string{shareDir + "/extension/pg_trgm.control", shareDir + "/extension/btree_gin.control"}
}

func TestFind(t *testing.T) {
	t.Parallel()

	debian := func(major string) string { return "/usr/lib/postgresql/" + major + "/bin" }
	const (
		v13 = "postgres (PostgreSQL) 13.14 (Debian 13.14-0+deb11u1)"
		v15 = "postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)"
		v16 = "postgres (PostgreSQL) 16.3"
		v17 = "postgres (PostgreSQL) 17.2 (Homebrew)"
	)
	for name, test := range map[string]struct {
		machine fakeMachine
		binDir  string
		major   int
		want    string
		version string
		err     string // the whole message when there is none to be had
	}{
		"AskedFor": {
			machine: fakeMachine{
				postgres: map[string]string{"/opt/pg/bin": v15, debian("17"): v17},
				files:    slices.Concat(contrib("/opt/pg/share"), contrib("/usr/share/postgresql/17")),
			},
			binDir: "/opt/pg/bin", want: "/opt/pg/bin", version: "15.18",
		},
		"AskedForMissing": {
			machine: fakeMachine{postgres: map[string]string{debian("17"): v17}, files: contrib("/usr/share/postgresql/17")},
			binDir:  "/opt/pg/bin",
			err:     `PostgreSQL 15 or newer was not found in "/opt/pg/bin"; point RYE_PG_BIN to the folder of initdb, postgres and pg_ctl, or unset it to search the usual places`,
		},
		"Broken": {
			machine: fakeMachine{postgres: map[string]string{debian("16"): ""}},
			err:     `PostgreSQL 15 or newer was not found (found: in "/usr/lib/postgresql/16/bin": does not run: exit status 127); install the PostgreSQL server with its contrib extensions, or name another server with --database-url`,
		},
		"ConfigKnowsBest": {
			machine: fakeMachine{
				postgres: map[string]string{"/nix/pg/bin": v16},
				shareDir: map[string]string{"/nix/pg/bin": "/elsewhere/share"},
				files:    contrib("/elsewhere/share"),
			},
			binDir: "/nix/pg/bin", want: "/nix/pg/bin", version: "16.3",
		},
		"DataNeedsMajor": {
			machine: fakeMachine{
				postgres: map[string]string{debian("15"): v15, debian("17"): v17},
				files:    slices.Concat(contrib("/usr/share/postgresql/15"), contrib("/usr/share/postgresql/17")),
			},
			major: 15, want: debian("15"), version: "15.18",
		},
		"DataNeedsMajorMissing": {
			machine: fakeMachine{
				postgres: map[string]string{debian("17"): v17},
				files:    append(contrib("/usr/share/postgresql/17"), "/usr/bin/apt-get"),
				uid:      1000,
			},
			major: 15,
			err:   `the data folder "/home/ann/data" was made by PostgreSQL 15, which was not found (found: 17.2 in "/usr/lib/postgresql/17/bin": another major version); name another server with --database-url, or install it with: sudo apt-get update && sudo apt-get install -y postgresql-common && sudo /usr/share/postgresql-common/pgdg/apt.postgresql.org.sh -y && sudo apt-get install -y postgresql-15`,
		},
		"EqualsPathFirst": {
			machine: fakeMachine{
				env:      map[string]string{"PATH": "relative:/opt/mine"},
				postgres: map[string]string{"/opt/mine": v16, debian("16"): v16},
				files:    slices.Concat(contrib("/opt/share"), contrib("/usr/share/postgresql/16")),
			},
			want: "/opt/mine", version: "16.3",
		},
		"Homebrew": {
			machine: fakeMachine{
				goos: "darwin",
				postgres: map[string]string{
					"/opt/homebrew/Cellar/postgresql@17/17.2/bin":         v17,
					"/Applications/Postgres.app/Contents/Versions/16/bin": v16,
				},
				links: map[string]string{
					"/opt/homebrew/opt/postgresql@17/bin/postgres": "/opt/homebrew/Cellar/postgresql@17/17.2/bin/postgres",
				},
				files: slices.Concat(
					[]string{"/opt/homebrew/opt/postgresql@17/bin/postgres"},
					contrib("/opt/homebrew/Cellar/postgresql@17/17.2/share/postgresql@17"),
					contrib("/Applications/Postgres.app/Contents/Versions/16/share/postgresql"),
				),
			},
			want: "/opt/homebrew/Cellar/postgresql@17/17.2/bin", version: "17.2",
		},
		"Links": {
			machine: fakeMachine{
				env:      map[string]string{"PATH": "/usr/local/bin"},
				postgres: map[string]string{"/srv/pg15/bin": v15},
				links:    map[string]string{"/usr/local/bin/initdb": "/srv/pg15/bin/initdb"},
				files:    contrib("/srv/pg15/share"),
			},
			want: "/srv/pg15/bin", version: "15.18",
		},
		"Newest": {
			machine: fakeMachine{
				postgres: map[string]string{debian("15"): v15, debian("17"): v17, debian("16"): v16},
				files: slices.Concat(contrib("/usr/share/postgresql/15"), contrib("/usr/share/postgresql/16"),
					contrib("/usr/share/postgresql/17")),
			},
			want: debian("17"), version: "17.2",
		},
		"NewestWithoutContrib": {
			machine: fakeMachine{
				postgres: map[string]string{debian("15"): v15, debian("17"): v17},
				files:    contrib("/usr/share/postgresql/15"),
			},
			want: debian("15"), version: "15.18",
		},
		"TooOldAndIncomplete": {
			machine: fakeMachine{
				postgres: map[string]string{debian("13"): v13, "/usr/pgsql-16/bin": v16},
				files:    []string{"/usr/bin/dnf", "/usr/pgsql-16/share/extension/pg_trgm.control", "/usr/bin/postgres"},
			},
			err: `PostgreSQL 15 or newer was not found (found: 13.14 in "/usr/lib/postgresql/13/bin": older than 15; 16.3 in "/usr/pgsql-16/bin": without the contrib extension btree_gin; in "/usr/bin": has no initdb); name another server with --database-url, or install it with: ` + dnf17,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			found, err := test.machine.machine().find(test.binDir, test.major, "/home/ann/data")
			if test.err != "" {
				require.EqualError(t, err, test.err)
				var missing *NotInstalledError
				require.ErrorAs(t, err, &missing)
				require.Equal(t, test.major, missing.Major)
				return
			}
			require.NoError(t, err)
			require.Equal(t, test.want, found.dir)
			require.Equal(t, test.version, found.version)
		})
	}
}

func TestFindHere(t *testing.T) {
	t.Parallel()

	s := newTestServer(t, newHome(t))
	linked := newFolder(t)
	require.NoError(t, os.Symlink(s.programs.path("initdb"), filepath.Join(linked, "initdb")))
	again, err := New(Config{BinDir: linked, Home: s.layout.home})
	require.NoError(t, err)
	require.Equal(t, s.programs, again.programs)

	_, err = New(Config{Home: s.layout.home, Getenv: func(name string) string {
		if name == "RYE_PG_BIN" {
			return newFolder(t)
		}
		return ""
	}})
	var missing *NotInstalledError
	require.ErrorAs(t, err, &missing)
	require.NotEmpty(t, missing.BinDir)
}

func TestInstallCommand(t *testing.T) {
	t.Parallel()

	for name, test := range map[string]struct {
		machine fakeMachine
		major   int
		tooOld  bool
		want    string
	}{
		"Apk":          {machine: fakeMachine{files: []string{"/sbin/apk"}}, want: "apk add postgresql postgresql-contrib"},
		"ApkDoas":      {machine: fakeMachine{uid: 1, files: []string{"/sbin/apk", "/usr/bin/doas"}}, major: 16, want: "doas apk add postgresql16 postgresql16-contrib"},
		"Apt":          {machine: fakeMachine{uid: 1000, files: []string{"/usr/bin/apt-get", "/usr/bin/sudo"}}, want: "sudo apt-get update && sudo apt-get install -y postgresql"},
		"AptRoot":      {machine: fakeMachine{files: []string{"/usr/bin/apt-get"}}, want: "apt-get update && apt-get install -y postgresql"},
		"AptGone":      {machine: fakeMachine{files: []string{"/usr/bin/apt-get", "/var/lib/dpkg/info/postgresql-15.md5sums", "/var/lib/dpkg/info/postgresql-client-15.md5sums"}}, want: "apt-get update && apt-get install -y --reinstall postgresql-15 postgresql-client-15"},
		"AptTooOld":    {machine: fakeMachine{files: []string{"/usr/bin/apt-get"}}, tooOld: true, want: "apt-get update && apt-get install -y postgresql-common && /usr/share/postgresql-common/pgdg/apt.postgresql.org.sh -y && apt-get install -y postgresql-17"},
		"Brew":         {machine: fakeMachine{goos: "darwin", uid: 501, files: []string{"/opt/homebrew/bin/brew", "/usr/bin/apt-get"}}, want: "brew install postgresql@17"},
		"BrewMajor":    {machine: fakeMachine{goos: "darwin", uid: 501, files: []string{"/usr/local/bin/brew"}}, major: 15, want: "brew install postgresql@15"},
		"Dnf":          {machine: fakeMachine{uid: 1000, files: []string{"/usr/bin/dnf"}}, want: "sudo dnf install -y postgresql-server postgresql-contrib"},
		"DnfTooOld":    {machine: fakeMachine{files: []string{"/usr/bin/dnf"}}, tooOld: true, want: dnf17},
		"MacWithout":   {machine: fakeMachine{goos: "darwin", uid: 501}},
		"OnPath":       {machine: fakeMachine{env: map[string]string{"PATH": "/odd"}, files: []string{"/odd/apt-get"}}, want: "apt-get update && apt-get install -y postgresql"},
		"Pacman":       {machine: fakeMachine{uid: 1000, files: []string{"/usr/bin/pacman"}}, major: 16, want: "sudo pacman -S --noconfirm postgresql"},
		"Unknown":      {machine: fakeMachine{uid: 1000}},
		"Zypper":       {machine: fakeMachine{uid: 1000, files: []string{"/usr/bin/zypper"}}, want: "sudo zypper install -y postgresql-server postgresql-contrib"},
		"ZypperTooOld": {machine: fakeMachine{uid: 1000, files: []string{"/usr/bin/zypper"}}, tooOld: true, want: "sudo zypper install -y postgresql17-server postgresql17-contrib"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			require.Equal(t, test.want, test.machine.machine().installCommand(test.major, test.tooOld))
		})
	}
}

func TestNewNotInstalled(t *testing.T) {
	t.Parallel()

	home := filepath.Join(t.TempDir(), "home")
	hidden := fakeMachine{uid: 1000, files: []string{"/usr/bin/apt-get"}}
	_, err := newServer(Config{Home: home}, func(func(string) string) machine { return hidden.machine() })
	var missing *NotInstalledError
	require.ErrorAs(t, err, &missing)
	require.Equal(t, "sudo apt-get update && sudo apt-get install -y postgresql", missing.Install)
	require.True(t, strings.HasSuffix(err.Error(), "install it with: "+missing.Install), err.Error())
	require.NoFileExists(t, home)
}

// dnf17 is what gets a newer PostgreSQL than that of Red Hat.
const dnf17 = "dnf install -y https://download.postgresql.org/pub/repos/yum/reporpms/EL-$(rpm -E %rhel)-$(uname -m)/pgdg-redhat-repo-latest.noarch.rpm && " +
	"(dnf -qy module disable postgresql || true) && dnf install -y postgresql17-server postgresql17-contrib"
