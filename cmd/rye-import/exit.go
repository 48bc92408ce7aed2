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

// statusOf is the exit code that an error, or none, stands for.
func statusOf(ctx context.Context, err error) int {
	var done *doneError
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &done):
		return done.code
	}
	return exitCode(ctx, err)
}

// worst gives the worse of two exit codes: interrupted, failed, a wrong command line or config file, stopped
// by a guard, locked, done with rejects, done.
func worst(a, b int) int {
	order := []int{exitInterrupted, exitFailed, exitUsage, exitGuard, exitLocked, exitRejects, exitDone}
	for _, code := range order {
		if a == code || b == code {
			return code
		}
	}
	return exitFailed
}

// statusName is how summaries and metrics call an exit code.
func statusName(code int) string {
	switch code {
	case exitDone:
		return "done"
	case exitUsage:
		return "usage"
	case exitRejects:
		return "rejects"
	case exitGuard:
		return "stopped"
	case exitLocked:
		return "locked"
	case exitInterrupted:
		return "interrupted"
	}
	return "failed"
}
