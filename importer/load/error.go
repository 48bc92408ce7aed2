package load

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"

	"github.com/jackc/pgx/v5/pgconn"
)

// ErrSourceLocked says that another run holds the source.
var ErrSourceLocked = errors.New("another run of this source is under way")

// HiddenNodesError says that the session does not see nodes which the crosswalk names. A run would
// make twins of them, and refuses.
type HiddenNodesError struct {
	Source  string
	Hidden  int64
	Role    string // the database role
	AppRole string // app.current_role, if set
}

func (e *HiddenNodesError) Error() string {
	context := "no app.current_role is set"
	if e.AppRole != "" {
		context = fmt.Sprintf("app.current_role is %q", e.AppRole)
	}
	return fmt.Sprintf("the crosswalk of %q names %d nodes that role %q does not see (%s); "+
		"run as a role with BYPASSRLS (SET ROLE rye_loader), or with app.current_role and app.current_teams that see every node",
		e.Source, e.Hidden, e.Role, context)
}

// LostRowsError says that staging does not hold what was copied into it.
type LostRowsError struct {
	Copied, Found int64
}

func (e *LostRowsError) Error() string {
	return fmt.Sprintf("staging holds %d of the %d records that were copied into it; the server lost the others, run again", e.Found, e.Copied)
}

// MissingGuardError says that a run would archive more records than it may.
type MissingGuardError struct {
	Missing, Total int64
	MaxPercent     float64
}

func (e *MissingGuardError) Error() string {
	return fmt.Sprintf("%d of %d records are missing from the export (%.1f %%), more than --max-archive %g allows; nothing was changed. "+
		"Check that the export is whole; if it is, raise --max-archive",
		e.Missing, e.Total, 100*float64(e.Missing)/float64(max(e.Total, 1)), e.MaxPercent)
}

// UncertainError says that the connection broke while a run was committed, and that the database could
// not be asked what came of it.
type UncertainError struct {
	Err error
}

func (e *UncertainError) Error() string {
	return fmt.Sprintf("the connection broke while the run was committed, so that it is not known whether it was (%v); "+
		"see: rye-import runs list; to run it again is safe in either case", e.Err)
}

func (e *UncertainError) Unwrap() error { return e.Err }

// statusDone is the status of a run that has committed.
const statusDone = "done"

// SQLSTATEs that the loader tells apart.
const (
	stateUndefinedTable        = "42P01"
	stateInvalidSchemaName     = "3F000"
	stateInsufficientPrivilege = "42501"
	stateLockNotAvailable      = "55P03"
	stateDeadlock              = "40P01"
	stateSerialization         = "40001"
	stateUniqueViolation       = "23505"
	stateAdminShutdown         = "57P01"
	stateCrashShutdown         = "57P02"
)

func hasState(err error, states ...string) bool {
	var pgErr *pgconn.PgError
	if !errors.As(err, &pgErr) {
		return false
	}
	for _, s := range states {
		if pgErr.Code == s {
			return true
		}
	}
	return false
}

// hasConstraint reports whether the server names one of some constraints or unique indexes.
func hasConstraint(err error, names ...string) bool {
	var pgErr *pgconn.PgError
	return errors.As(err, &pgErr) && slices.Contains(names, pgErr.ConstraintName)
}

// explain adds what to do to the errors of the server that a user can mend.
func explain(err error) error {
	switch {
	case err == nil:
		return nil
	case hasState(err, stateUndefinedTable, stateInvalidSchemaName):
		return fmt.Errorf("%w; the database is not set up for this version, run: rye-import db migrate", err)
	case hasState(err, stateInsufficientPrivilege):
		return fmt.Errorf("%w; grant the role rye_loader to the importing role, or import as the owner", err)
	case isLost(err):
		return fmt.Errorf("the connection to the database was lost: %w; look at the log of the server, and start the run again", err)
	}
	return err
}

// isLost reports whether the server went away.
func isLost(err error) bool {
	var uncertain *UncertainError
	if errors.As(err, &uncertain) || errors.Is(err, context.Canceled) {
		return false
	}
	var netErr *net.OpError
	var connectErr *pgconn.ConnectError
	return pgconn.SafeToRetry(err) || errors.As(err, &netErr) || errors.As(err, &connectErr) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) ||
		hasState(err, stateAdminShutdown, stateCrashShutdown)
}
