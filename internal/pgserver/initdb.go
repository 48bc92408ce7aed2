//go:build linux || darwin

package pgserver

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// newDataPrefix begins the names of data folders that are being made.
const newDataPrefix = "data.new-"

// prepareData makes the data folder if there is none. It becomes visible under
// its name only when it is complete, so a power cut leaves at most a folder that
// the next start throws away.
func (s *Server) prepareData(ctx context.Context, who account) error {
	leftovers, err := filepath.Glob(filepath.Join(globEscape(s.layout.home), newDataPrefix+"*"))
	if err != nil {
		return fmt.Errorf("looking for half-made data folders: %w", err)
	}
	for _, dir := range leftovers {
		s.logger.Info("Server: Removing a half-made data folder", "path", dir)
		if err := os.RemoveAll(dir); err != nil {
			// An initdb whose parent was killed may still be writing there. It
			// does no harm and goes with the next start.
			s.logger.Warn("Server: Leaving a half-made data folder", "path", dir, "err", err)
		}
	}

	switch complete, err := s.hasData(); {
	case err != nil:
		return err
	case complete:
		return nil
	}
	s.logger.Info("Server: Creating the database", "path", s.layout.data, "version", s.programs.version)
	begun := time.Now()
	if err := s.initData(ctx, who); err != nil {
		return err
	}
	s.logger.Debug("Server: Created the database", "duration", time.Since(begun))
	return nil
}

// hasData tells whether there is a data folder. An empty folder is none; a folder
// with anything else in it is not ours to touch.
func (s *Server) hasData() (bool, error) {
	entries, err := os.ReadDir(s.layout.data)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("reading the data folder: %w", err)
	case len(entries) == 0:
		// The rename that follows replaces an empty folder.
		return false, nil
	}
	for _, name := range []string{"PG_VERSION", "global/pg_control"} {
		if _, err := os.Stat(filepath.Join(s.layout.data, name)); err != nil {
			return false, fmt.Errorf("the folder %q is not a complete PostgreSQL data folder: %w; move it away or set RYE_HOME to another folder",
				s.layout.data, err)
		}
	}
	return true, nil
}

// initData tries locales until the machine knows one. Trigrams are built from
// letters, and only a UTF-8 locale tells which characters beyond ASCII those are.
func (s *Server) initData(ctx context.Context, who account) error {
	var err error
	for _, ctype := range []string{"C.UTF-8", "en_US.UTF-8", "C"} {
		err = s.initDataWith(ctx, who, ctype)
		if err == nil && ctype == "C" {
			s.logger.Warn("Server: No UTF-8 locale on this machine, names beyond ASCII are found less well")
		}
		if err == nil || !strings.Contains(err.Error(), "invalid locale") {
			return err
		}
	}
	return err
}

func (s *Server) initDataWith(ctx context.Context, who account, ctype string) (err error) {
	dir, err := os.MkdirTemp(s.layout.home, newDataPrefix)
	if err != nil {
		return fmt.Errorf("making the data folder: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(dir))
		}
	}()
	if who.credential != nil {
		if err := os.Chown(dir, who.uid, who.gid); err != nil {
			return fmt.Errorf("giving the data folder to user %q: %w", who.name, err)
		}
	}
	cmd := s.command(ctx, who, "initdb",
		"--pgdata="+dir,
		"--username="+superuser,
		"--encoding=UTF8",
		// Text is ordered by its bytes: that order never changes, while the one of
		// a language changes with the C library and would break the indexes of a
		// database that outlives an upgrade of the system.
		"--locale=C",
		"--lc-ctype="+ctype,
		// Whoever gets to the socket may come in; the folder around it keeps
		// others out. There is no way in over the network.
		"--auth-local=trust",
		"--auth-host=reject",
		"--data-checksums",
		"--no-instructions",
	)
	if out, err := cmd.CombinedOutput(); err != nil {
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		return fmt.Errorf("making the data folder with %q: %w\n%s", cmd.Path, err, lastLines(string(out)))
	}
	if err := os.Rename(dir, s.layout.data); err != nil {
		return fmt.Errorf("putting the data folder in its place: %w", err)
	}
	return syncFolder(s.layout.home)
}

// syncFolder makes a rename in a folder survive a power cut.
func syncFolder(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("opening the home folder: %w", err)
	}
	defer func() { _ = f.Close() }()
	if err := f.Sync(); err != nil {
		return fmt.Errorf("writing the home folder to disk: %w", err)
	}
	return nil
}

// globEscape makes a path stand for itself in a pattern.
func globEscape(path string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(path)
}
