package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/projectrye/rye-import/importer"
)

// The exit codes are a contract; see EXIT STATUS in the help.
const (
	exitDone        = 0
	exitFailed      = 1
	exitUsage       = 2
	exitRejects     = 3
	exitGuard       = 4
	exitLocked      = 5
	exitInterrupted = 130
)

// usageError is a command line that makes no sense.
type usageError struct{ err error }

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

func usagef(format string, args ...any) error {
	return &usageError{fmt.Errorf(format, args...)}
}

// doneError ends the program with a code after everything has been said.
type doneError struct{ code int }

func (e *doneError) Error() string { return fmt.Sprintf("done with exit code %d", e.code) }

func exitCode(ctx context.Context, err error) int {
	var usage *usageError
	switch {
	case errors.As(err, &usage):
		return exitUsage
	case errors.Is(err, importer.ErrSourceLocked):
		return exitLocked
	case importer.IsGuard(err):
		return exitGuard
	case importer.IsUncertain(err):
		return exitFailed
	case ctx.Err() != nil:
		return exitInterrupted
	}
	return exitFailed
}
