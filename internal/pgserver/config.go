//go:build linux || darwin

package pgserver

import (
	"log/slog"
	"os"
)

// Config says where the server lives and what it is made of. The zero value is
// what the command uses.
type Config struct {
	// BinDir is the folder of the PostgreSQL programs. When it is set, no other
	// folder is searched. Defaults to $RYE_PG_BIN, else to the newest complete
	// installation on the machine.
	BinDir string

	// Getenv looks up an environment variable. Defaults to os.Getenv.
	Getenv func(string) string

	// Home is the folder that holds everything of the server. It is created when
	// it is needed. Defaults to DefaultHome.
	Home string

	// Logger hears about starts and stops at level debug and about the creation
	// of a data folder at level info. Defaults to no log.
	Logger *slog.Logger
}

func (c Config) withDefaults() (Config, error) {
	if c.Getenv == nil {
		c.Getenv = os.Getenv
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.BinDir == "" {
		c.BinDir = c.Getenv("RYE_PG_BIN")
	}
	if c.Home == "" {
		home, err := DefaultHome(c.Getenv, os.Geteuid())
		if err != nil {
			return c, err
		}
		c.Home = home
	}
	return c, nil
}
