package mapping

import "fmt"

// The codes of records that a mapping rejects.
const (
	CodeMissingID       = "missing_id"
	CodeMissingRequired = "missing_required"
	CodeInvalidBool     = "invalid_boolean"
	CodeInvalidDate     = "invalid_date"
	CodeInvalidNumber   = "invalid_number"
	CodeInvalidValue    = "invalid_value"
	CodeOutOfRange      = "out_of_range"
)

// FieldError says which cell of a record cannot be used, and why. The record is rejected.
type FieldError struct {
	ID     string // of the record, empty if it has none
	Column string
	Value  string
	Code   string
	Reason string // for people; holds no value of the record
}

func (e *FieldError) Error() string {
	return fmt.Sprintf("column %q: %s", e.Column, e.Reason)
}
