//go:build linux || darwin

// Command ensure-postgres installs PostgreSQL through the package manager of the machine, unless the
// programs that the embedded database needs are there. It is what make runs before it uses them.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"syscall"

	"github.com/projectrye/rye-import/internal/pgserver"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, find, install, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "ensure-postgres:", err)
		os.Exit(1) //nolint:forbidigo,gocritic // this is main, and the signal handler ends with it
	}
}

// run installs what find misses. Where the machine's own PostgreSQL turns out to be too old, finding
// again tells how to get a newer one; so it is tried twice.
func run(ctx context.Context, find func() error, install func(context.Context, string) error, log io.Writer) error {
	for range 2 {
		err := find()
		var missing *pgserver.NotInstalledError
		if !errors.As(err, &missing) || missing.Install == "" {
			return err
		}
		fmt.Fprintf(log, "PostgreSQL is missing; installing it: %s\n", missing.Install)
		if err := install(ctx, missing.Install); err != nil {
			return fmt.Errorf("%s: %w", missing.Install, err)
		}
	}
	return find()
}

func find() error {
	_, err := pgserver.New(pgserver.Config{})
	return err
}

func install(ctx context.Context, command string) error {
	cmd := exec.CommandContext(ctx, "sh", "-c", command)
	cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stderr, os.Stderr // sudo may ask for a password
	return cmd.Run()
}
