package decode

import (
	"errors"
	"unicode"
	"unicode/utf8"
)

// Format is the shape of a file.
type Format string

// The formats.
const (
	FormatCSV     Format = "csv"     // rows below a header
	FormatEmpty   Format = "empty"   // nothing but white space
	FormatJSON    Format = "json"    // one array of objects, alone or in an envelope, or one object
	FormatNDJSON  Format = "ndjson"  // one object a line
	FormatPlan    Format = "plan"    // the *-plan.json of sf data tree, which holds no records
	FormatUnknown Format = "unknown" // no export
)

// DefaultMaxRecordBytes is the default of Options.MaxRecordBytes: 16 MiB. Salesforce's longest text
// field has 131,072 characters, and PostgreSQL takes 1 GB a value; what is larger than this default
// is rather a quote that was not closed.
const DefaultMaxRecordBytes = 16 << 20

// maxColumns bounds the header: with more columns than this, keys are data (an object used as a
// map). Salesforce allows 800 fields an object.
const maxColumns = 20_000

// Options adjusts how a file is read. The zero value is right for most.
type Options struct {
	// Encoding is the encoding of the file, in any usual spelling ("cp1252", "latin1", "UTF-16LE").
	// Defaults to what the bytes say.
	Encoding string

	// Delimiter parts the cells of CSV. Defaults to what the header says, or a line sep=; above it.
	Delimiter rune

	// Quote stands around cells of CSV: an ASCII character that is no letter or digit. Defaults to a
	// double quote, or a single one where all names of the header stand in single quotes.
	Quote rune

	// HeaderLine is the physical line of the header of CSV, 1-based; lines above it are passed over.
	// Defaults to the first that is not blank, or the one that is clearly the header below a title.
	HeaderLine int

	// MaxRecordBytes is the largest record that is accepted, in bytes of UTF-8. To read one of that
	// size takes some times as much memory. Defaults to DefaultMaxRecordBytes.
	MaxRecordBytes int

	// Children are the records within records that are to be read as records of their own. They
	// count for NewReader and Raw; a Profile tells of the file as it is. Defaults to what Salesforce
	// marks as such.
	Children []Child
}

func (o Options) withDefaults() Options {
	if o.MaxRecordBytes <= 0 {
		o.MaxRecordBytes = DefaultMaxRecordBytes
	}
	return o
}

var (
	errDelimiter  = errors.New("the delimiter must be a character other than a quote or a line end")
	errQuote      = errors.New("the quote must be an ASCII character other than a letter, a digit, a blank or the delimiter")
	errHeaderLine = errors.New("the line of the header must be 1 or more")
)

// Check returns an error if what is said of CSV cannot be, as a quote that is the delimiter too.
func (o Options) Check() error {
	switch r := o.Delimiter; {
	case r == '"', r == '\r', r == '\n', !utf8.ValidRune(r), r == utf8.RuneError:
		return errDelimiter
	}
	switch r := o.Quote; {
	case r == 0:
	case r <= ' ', r >= 0x7f, r == o.Delimiter, unicode.IsLetter(r), unicode.IsDigit(r):
		return errQuote
	}
	if o.HeaderLine < 0 {
		return errHeaderLine
	}
	return nil
}

// Profile says what a file is and how it is to be read.
type Profile struct {
	Format Format

	// Encoding is utf-8, utf-8-bom, utf-16le, utf-16be, utf-32le, utf-32be, iso-8859-1,
	// windows-1252, or whatever Options.Encoding demanded. Pure ASCII is utf-8.
	Encoding string

	// Delimiter parts the cells of CSV, 0 otherwise.
	Delimiter rune

	// Quote stands around cells of CSV, 0 otherwise.
	Quote rune

	// HeaderLine is the physical line on which the header of CSV begins, 1-based, 0 otherwise. Titles is
	// how many lines of text stand above it that were passed over without being asked to.
	HeaderLine int
	Titles     int

	// BareCR says that lines end in CR alone, as on old Macs. They are read as if they ended in LF.
	BareCR bool

	// Header holds, for CSV, the names in the header: as in the file but trimmed, an empty one
	// named after its place (column_7), a repeated one numbered (Name (2)). For JSON it holds the
	// keys of the first 1,000 records in the order of their first appearance.
	Header []string

	// Always holds those columns of Header that every record has, be they blank: for CSV all, for JSON the
	// keys that each of the first 1,000 records has.
	Always []string

	// Types holds the distinct attributes.type of the first 1,000 JSON records.
	Types []string

	// Envelope is the key under which the records of a JSON file stand, or the only one, "" if they
	// stand alone.
	Envelope string

	SHA256 string // of the decompressed bytes, in hexadecimal
	Bytes  int64  // number of decompressed bytes

	// Lines is the number of physical lines: an upper bound for the number of CSV and NDJSON
	// records, and as good a measure of progress.
	Lines int64

	TotalSize int64 // the number of records of all pages, where a page tells it (Salesforce, Close)
	More      bool  // it says that another page follows, or that a list of child records is cut

	// Reject says that this is a reject file of an earlier run: its header has two at least of the
	// columns that a run adds, as _code and _run_id.
	// Its columns that begin with "_" are part neither of Header nor of the records.
	Reject bool

	// Reason says why Format is unknown or empty.
	Reason string
}
