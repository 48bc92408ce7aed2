package source

import (
	"archive/zip"
	"compress/flate"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/projectrye/rye-import/importer/source/xlsx"
)

// Code says what is wrong with a file. Codes are stable.
type Code string

// The codes of an Error.
const (
	CodeNotFound      Code = "not_found"      // there is no such file or folder
	CodeUnreadable    Code = "unreadable"     // the operating system does not let it be read
	CodeEmpty         Code = "empty"          // it holds no file that could be imported
	CodeUnsupported   Code = "unsupported"    // it is of a kind that cannot be read
	CodeTruncated     Code = "truncated"      // its end is missing
	CodeCorrupt       Code = "corrupt"        // its bytes contradict each other
	CodeEncrypted     Code = "encrypted"      // it needs a password
	CodeBomb          Code = "bomb"           // it unpacks to more than the limits allow
	CodeTooMany       Code = "too_many"       // it has more entries than the limits allow
	CodeInsecureName  Code = "insecure_name"  // an entry's name points out of the archive
	CodeDuplicateName Code = "duplicate_name" // two entries have the same name
)

// Error is a file or path that cannot be used.
type Error struct {
	Path   string // as in File, or as it was given if it was not found
	Code   Code   // what is wrong
	Reason string // the same for people
	Remedy string // what the person can do about it
	Err    error  // the cause, nil if there is none
}

// Error returns the file, what is wrong with it, the cause and the remedy.
func (e *Error) Error() string {
	s := fmt.Sprintf("%q: %s", e.Path, e.Reason)
	if e.Err != nil {
		s += fmt.Sprintf(" (%v)", e.Err)
	}
	if e.Remedy != "" {
		s += "; " + e.Remedy
	}
	return s
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Remedies that several errors share.
const (
	remedyFetchAgain = "fetch the file again from where it came"
	remedySaveAgain  = "open it with Excel or LibreOffice, look whether all is there, and save it again"
	remedyRepack     = "unpack it, look at what is inside, and give the folder instead"
)

// wrap makes an *Error of what went wrong while f was opened or read.
func (f *File) wrap(err error) error { return wrap(f.Path, err) }

func wrap(path string, err error) error {
	var own *Error
	var deflate flate.CorruptInputError
	var damage *xlsx.DamageError
	var limit *xlsx.LimitError
	switch {
	case err == nil, err == io.EOF, //nolint:errorlint // only io.EOF itself is the end of a file
		errors.As(err, &own), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case errors.Is(err, fs.ErrNotExist):
		return &Error{path, CodeNotFound, "no such file or folder", "check the path", err}
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return &Error{path, CodeTruncated, "the compressed data end too early", remedyFetchAgain, err}
	case errors.Is(err, zip.ErrChecksum), errors.Is(err, gzip.ErrChecksum), errors.Is(err, gzip.ErrHeader),
		errors.Is(err, zip.ErrFormat), errors.As(err, &deflate):
		return &Error{path, CodeCorrupt, "the compressed data are damaged", remedyFetchAgain, err}
	case errors.As(err, &damage):
		return &Error{path, CodeCorrupt, "the workbook is damaged", remedySaveAgain, err}
	case errors.As(err, &limit):
		return &Error{path, CodeBomb, "the workbook is larger inside than any should be", remedySaveAgain, err}
	case errors.Is(err, fs.ErrPermission):
		return &Error{path, CodeUnreadable, "it may not be read", "give this user the right to read it", err}
	default:
		return &Error{path, CodeUnreadable, "it cannot be read", "check the disk, or copy the file elsewhere", err}
	}
}
