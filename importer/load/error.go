package load

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"

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

// What the journal says of a run that is under way, and of one that has committed.
const (
	statusRunning = "running"
	statusDone    = "done"
)

// SQLSTATEs that the loader tells apart.
const (
	stateUndefinedTable        = "42P01"
	stateInvalidSchemaName     = "3F000"
	stateInsufficientPrivilege = "42501"
	stateLockNotAvailable      = "55P03"
	stateDeadlock              = "40P01"
	stateSerialization         = "40001"
	stateUniqueViolation       = "23505"
	stateQueryCanceled         = "57014"
	stateDiskFull              = "53100"
	stateIdleInTransaction     = "25P03"
	stateReadOnly              = "25006"
	stateCannotConnectNow      = "57P03"
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

// advice says what to do about errors of the server that a user can mend. The first that fits is given.
var advice = []struct { //nolint:gochecknoglobals // a table
	states []string
	text   string
}{
	{[]string{stateUndefinedTable, stateInvalidSchemaName}, "the database is not set up for this version, run: rye-import db migrate"},
	{[]string{stateInsufficientPrivilege}, "grant the role rye_loader to the importing role, or import as the owner"},
	{[]string{stateDiskFull}, "a disk of the database server is full: make room there, and run it again"},
	{[]string{stateReadOnly}, "this database takes no changes: it is a standby, or default_transaction_read_only is set; name the primary with --database-url"},
	{[]string{stateLockNotAvailable}, "others held a table or a row for longer than lock_timeout of this role or database; " +
		"run it again when they are done, or with lock_timeout=0 in the database URL"},
	{[]string{stateIdleInTransaction}, "idle_in_transaction_session_timeout of this role or database is too short; " +
		"run it again with idle_in_transaction_session_timeout=0 in the database URL"},
	{[]string{stateDeadlock, stateSerialization}, "others changed the same nodes again and again; run it again"},
	{[]string{stateCannotConnectNow}, "the server is starting, stopping or recovering; run it again when it is ready"},
}

// explain adds what to do to the errors of the server that a user can mend.
func explain(err error) error {
	switch {
	case err == nil:
		return nil
	case hasState(err, stateQueryCanceled):
		return explainCanceled(err)
	}
	for _, a := range advice {
		if hasState(err, a.states...) {
			return fmt.Errorf("%w; %s", err, a.text)
		}
	}
	if isLost(err) {
		return fmt.Errorf("the connection to the database was lost: %w; look at the log of the server, and start the run again", err)
	}
	return err
}

// explainCanceled tells a statement that took too long from one that somebody cancelled: both have one
// SQLSTATE, and differ in the message alone.
func explainCanceled(err error) error {
	var pgErr *pgconn.PgError
	if errors.Is(err, context.Canceled) || !errors.As(err, &pgErr) {
		return err
	}
	if strings.Contains(pgErr.Message, "statement timeout") {
		return fmt.Errorf("%w; statement_timeout of this role or database is too short, run it again with statement_timeout=0 in the database URL", err)
	}
	return fmt.Errorf("%w; somebody cancelled a statement of the run (pg_cancel_backend), or statement_timeout is too short; nothing was changed, run it again", err)
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
