//go:build linux || darwin

package pgserver

import (
	"errors"
	"fmt"
	"strings"
)

// ErrInUse is returned by Server.Stop while other commands use the server.
var ErrInUse = errors.New("the server is in use by another command; it stops when the last one ends")

// NotInstalledError is returned by New when the machine has no PostgreSQL that
// could run the server.
type NotInstalledError struct {
	// BinDir is the folder that was asked for, empty when all known places were
	// searched.
	BinDir string

	// DataDir is the data folder that needs version Major.
	DataDir string

	// Found holds the installations that do not do, and why.
	Found []Installation

	// Install is the command line that installs what is missing. It is empty
	// when no package manager was recognised.
	Install string

	// Major is the version that DataDir needs, zero when any from 15 will do.
	Major int
}

// Installation is one set of PostgreSQL programs.
type Installation struct {
	// BinDir is the folder of the programs, symbolic links resolved.
	BinDir string

	// Problem says why the programs cannot be used, empty when they can.
	Problem string

	// Version is the version as the programs print it, such as "15.18". It is
	// empty when they do not run.
	Version string
}

// Error says what is missing, what was found instead and, last, what to type.
func (e *NotInstalledError) Error() string {
	var b strings.Builder
	if e.Major > 0 {
		fmt.Fprintf(&b, "the data folder %q was made by PostgreSQL %d, which was not found", e.DataDir, e.Major)
	} else {
		fmt.Fprintf(&b, "PostgreSQL %d or newer was not found", minMajor)
	}
	if e.BinDir != "" {
		fmt.Fprintf(&b, " in %q", e.BinDir)
	}
	separator := " (found: "
	for _, found := range e.Found {
		b.WriteString(separator)
		if found.Version != "" {
			b.WriteString(found.Version + " ")
		}
		fmt.Fprintf(&b, "in %q: %s", found.BinDir, found.Problem)
		separator = "; "
	}
	if len(e.Found) > 0 {
		b.WriteString(")")
	}
	b.WriteString("; ")
	switch {
	case e.BinDir != "":
		b.WriteString("point RYE_PG_BIN to the folder of initdb, postgres and pg_ctl, or unset it to search the usual places")
	case e.Install == "":
		b.WriteString("install the PostgreSQL server with its contrib extensions, or name another server with --database-url")
	default:
		b.WriteString("name another server with --database-url, or install it with: " + e.Install)
	}
	return b.String()
}
