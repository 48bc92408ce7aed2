package importer

import (
	"errors"
	"fmt"
	"strings"

	"github.com/projectrye/rye-import/importer/load"
)

// ErrSourceLocked says that another run holds the source.
var ErrSourceLocked = load.ErrSourceLocked

// NoExportError says that none of the files is an export that a mapping knows.
type NoExportError struct {
	Files  []string // each with why it is none
	Tables bool     // whether there are tables among them, of which a mapping of one's own could make something
}

func (e *NoExportError) Error() string {
	const shown = 5
	list := e.Files
	more := ""
	if len(list) > shown {
		more = fmt.Sprintf("; and %d more", len(list)-shown)
		list = list[:shown]
	}
	if e.Tables {
		more += "; a mapping for such tables is drafted by rye-import mapping init"
	}
	return "nothing here is an export that can be imported: " + strings.Join(list, "; ") + more
}

// AmbiguousCRMError says that the export could be of several CRMs.
type AmbiguousCRMError struct {
	CRMs []string
}

func (e *AmbiguousCRMError) Error() string {
	return fmt.Sprintf("the files could be an export of %s; say which with --crm", strings.Join(e.CRMs, " or "))
}

// RejectGuardError says that more records were rejected than the run may reject.
type RejectGuardError struct {
	Rejected, Read int64
	Limit          Limit
	Path           string // where the rejects are
}

func (e *RejectGuardError) Error() string {
	where := ""
	if e.Path != "" {
		where = "; they are in " + e.Path
	}
	return fmt.Sprintf("%d of %d records are rejected, more than --max-rejects %s allows; nothing was changed%s",
		e.Rejected, e.Read, e.Limit, where)
}

// UnbalancedError says that a run does not account for every record, link or amount. It is a defect
// of this program, or of the server; nothing was changed.
type UnbalancedError struct {
	Where []string
}

func (e *UnbalancedError) Error() string {
	return "the run does not balance, nothing was changed: " + strings.Join(e.Where, "; ") +
		"; please report this with the output of: rye-import inspect"
}

// IsUncertain reports whether it is not known if the run was committed; see load.UncertainError.
func IsUncertain(err error) bool {
	var uncertain *load.UncertainError
	return errors.As(err, &uncertain)
}

// IsGuard reports whether a guard has stopped the run.
func IsGuard(err error) bool {
	var rejects *RejectGuardError
	var missing *load.MissingGuardError
	var columns *MissingColumnsError
	var plan *PlanChangedError
	var graph *load.GraphChangedError
	return errors.As(err, &rejects) || errors.As(err, &missing) || errors.As(err, &columns) || errors.As(err, &plan) || errors.As(err, &graph)
}
