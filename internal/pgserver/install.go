//go:build linux || darwin

package pgserver

import (
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
)

// newMajor is the version to install where the packages carry one in their name.
const newMajor = 17

// redHatRepository is the package that makes the repository of the PostgreSQL project known, as
// https://www.postgresql.org/download/linux/redhat/ has it. The shell fills in the system.
const redHatRepository = "https://download.postgresql.org/pub/repos/yum/reporpms/EL-$(rpm -E %rhel)-$(uname -m)/pgdg-redhat-repo-latest.noarch.rpm"

// installCommand returns the command line that installs PostgreSQL on this
// machine, or nothing when its package manager is unknown. A major of zero means
// any that will do; tooOld tells that the machine has one that will not, so that
// the plain package would be no help.
func (m machine) installCommand(major int, tooOld bool) string {
	versioned := major != 0 || tooOld
	if major == 0 {
		major = newMajor
	}
	v := strconv.Itoa(major)
	sudo := m.sudo()
	server := func(plain, numbered string) string {
		if versioned {
			return fmt.Sprintf(numbered, v, v)
		}
		return plain
	}

	managers := []string{"apt-get", "dnf", "apk", "pacman", "zypper", "brew"}
	if m.goos == "darwin" {
		managers = []string{"brew"}
	}
	for _, manager := range managers {
		if !m.hasCommand(manager) {
			continue
		}
		switch manager {
		case "apt-get":
			// A fresh machine does not know yet what there is to install.
			update := sudo + "apt-get update && "
			if !versioned {
				return update + sudo + "apt-get install -y " + strings.Join(m.debianPackages(), " ")
			}
			// Debian and Ubuntu carry one version each. The others come from the
			// PostgreSQL project, by a script that is part of postgresql-common,
			// and stand beside the one of the system.
			return strings.Join([]string{
				update + sudo + "apt-get install -y postgresql-common",
				sudo + "/usr/share/postgresql-common/pgdg/apt.postgresql.org.sh -y",
				sudo + "apt-get install -y postgresql-" + v,
			}, " && ")
		case "dnf":
			if !versioned {
				return sudo + "dnf install -y postgresql-server postgresql-contrib"
			}
			// Red Hat carries one version, or a few as modules, which would hide the
			// packages of the PostgreSQL project.
			return strings.Join([]string{
				sudo + "dnf install -y " + redHatRepository,
				"(" + sudo + "dnf -qy module disable postgresql || true)",
				sudo + "dnf install -y postgresql" + v + "-server postgresql" + v + "-contrib",
			}, " && ")
		case "apk":
			return sudo + "apk add " + server("postgresql postgresql-contrib", "postgresql%s postgresql%s-contrib")
		case "pacman":
			// There is only the newest version, and it holds contrib.
			return sudo + "pacman -S --noconfirm postgresql"
		case "zypper":
			return sudo + "zypper install -y " +
				server("postgresql-server postgresql-contrib", "postgresql%s-server postgresql%s-contrib")
		case "brew":
			// Homebrew refuses to run as root.
			return "brew install postgresql@" + v
		}
	}
	return ""
}

// debianPackages returns the packages to install. Packages that count as installed
// although their programs are gone, as after a clean-up by hand, would be left alone.
func (m machine) debianPackages() []string {
	const lists = "/var/lib/dpkg/info/"
	gone := append(m.glob(lists+"postgresql-[0-9]*.md5sums"), m.glob(lists+"postgresql-client-[0-9]*.md5sums")...)
	if len(gone) == 0 {
		return []string{"postgresql"}
	}
	packages := []string{"--reinstall"}
	for _, list := range gone {
		packages = append(packages, strings.TrimSuffix(filepath.Base(list), ".md5sums"))
	}
	return packages
}

// sudo returns what to put before a command that needs root.
func (m machine) sudo() string {
	switch {
	case m.uid == 0:
		return ""
	case !m.hasCommand("sudo") && m.hasCommand("doas"):
		return "doas "
	default:
		return "sudo "
	}
}

// hasCommand also looks where the system keeps its tools, because PATH may be cut
// down to nothing in a cron job.
func (m machine) hasCommand(name string) bool {
	dirs := append(filepath.SplitList(m.getenv("PATH")),
		"/usr/bin", "/usr/sbin", "/bin", "/sbin", "/usr/local/bin", "/opt/homebrew/bin")
	for _, dir := range dirs {
		if _, err := m.program(filepath.Join(dir, name)); err == nil {
			return true
		}
	}
	return false
}
