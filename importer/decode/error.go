package decode

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// The codes of a RecordError. They are stable: people look them up and count by them.
const (
	CodeBadJSON        = "bad_json"         // not one well-formed JSON object
	CodeBadQuote       = "bad_quote"        // a quote in a place where CSV has no quote
	CodeDuplicateKey   = "duplicate_key"    // one JSON object with two values under one key
	CodeInvalidUTF8    = "invalid_utf8"     // bytes that are no text in the encoding of the file
	CodeNoParent       = "no_parent"        // a CSV row goes on with a record that is not there
	CodeNULByte        = "nul_byte"         // a NUL character, which PostgreSQL cannot store
	CodeRaggedRow      = "ragged_row"       // more or fewer cells than the header has
	CodeRecordTooLarge = "record_too_large" // larger than Options.MaxRecordBytes
)

// RecordError is one bad record. Reading can go on after it.
type RecordError struct {
	Line    int    // physical line on which the record begins, 1-based
	EndLine int    // line on which it ends
	Type    string // as Record.Type, as far as it is known
	Column  string // the column at fault, "" if it is the record as a whole
	Value   string // the cell at fault, shortened, with what is no text escaped as \x00; "" with Column ""
	Code    string // one of the Code constants
	Reason  string // the same for people; never holds a value of the record
	Err     error  // the cause, nil if there is none

	Origin *Origin // as Record.Origin, as far as it is known
}

// Error returns line, column, code and reason. Cell values are not part of it, so that it can be
// logged.
func (e *RecordError) Error() string {
	where := fmt.Sprintf("line %d", e.Line)
	if e.EndLine > e.Line {
		where = fmt.Sprintf("lines %d-%d", e.Line, e.EndLine)
	}
	if e.Column != "" {
		where += fmt.Sprintf(", column %q", e.Column)
	}
	return fmt.Sprintf("%s: %s: %s", where, e.Code, e.Reason)
}

// Unwrap returns the cause.
func (e *RecordError) Unwrap() error { return e.Err }

// FileError is a file that cannot be read, or not any further.
type FileError struct {
	Line   int    // physical line at which reading ended, 0 if it never began
	Reason string // what is wrong and what to do about it
	Err    error  // the cause, nil if there is none
}

// Error returns line, reason and cause.
func (e *FileError) Error() string {
	s := e.Reason
	if e.Line > 0 {
		s = fmt.Sprintf("line %d: %s", e.Line, s)
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap returns the cause.
func (e *FileError) Unwrap() error { return e.Err }

// maxValue is the length at which RecordError.Value is cut, in bytes of the cell.
const maxValue = 200

// printable returns the beginning of a cell as text that can be stored and shown.
func printable(cell string) string {
	var b strings.Builder
	for i := 0; i < len(cell); {
		if i >= maxValue {
			b.WriteString("...")
			break
		}
		r, size := utf8.DecodeRuneInString(cell[i:])
		if r == 0 || r == utf8.RuneError && size == 1 {
			fmt.Fprintf(&b, `\x%02x`, cell[i])
		} else {
			b.WriteRune(r)
		}
		i += size
	}
	return b.String()
}
