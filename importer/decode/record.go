package decode

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
)

// Header names the cells of records. It does not change once a record carries it.
type Header struct {
	Names []string

	once  sync.Once
	index map[string]int
}

// Index returns the place of the column with exactly that name, or -1.
func (h *Header) Index(name string) int {
	h.once.Do(func() {
		h.index = make(map[string]int, len(h.Names))
		for i, n := range h.Names {
			h.index[n] = i
		}
	})
	if i, ok := h.index[name]; ok {
		return i
	}
	return -1
}

// Record is one record of a file.
type Record struct {
	// Header is shared by consecutive records; those of a Child have one for each type. A reader
	// hands out a new one only when a JSON record brings a key that was not seen before; it begins
	// with all names of the one before.
	Header *Header

	// Cells holds one value for each name of the header, "" for blank, null and missing.
	Cells []string

	// Type is the attributes.type of a JSON record, the Type of a Child, "" for others.
	Type string

	// Line is the physical line on which the record begins, 1-based.
	Line int

	// Origin is where the row of a reject file stood before, nil for other records.
	Origin *Origin
}

// Origin is where a row stood that was rejected, as its reject file says. What the file does not say, or
// not any more, is zero.
type Origin struct {
	RunID string // of the run that rejected it
	File  string // path of the file that it was in
	Line  int    // physical line on which it began, 1-based
}

// Reader hands out the records of one file.
type Reader interface {
	// Read returns the next record; it stays valid. The error is io.EOF after the last record, a
	// *RecordError for a bad record, after which Read can be called again, or anything else if the
	// file cannot be read any further.
	Read() (Record, error)

	// Footer returns the number of lines at the end of a report that were not records: a copyright
	// notice, filters, the name of the user. It is complete when Read has returned io.EOF.
	Footer() int

	// Columns returns the names of the columns that records of a type have, as far as the file has
	// been read: those of the latest Header. All types but those of Options.Children share theirs.
	Columns(kind string) []string

	// Close closes the file.
	Close() error
}

// NewReader returns a reader for the records of the file of which p is the profile. It takes over r
// unless it returns an error. Of opts, only MaxRecordBytes and Children count; encoding and delimiter are
// those of the profile.
func NewReader(r io.ReadCloser, p *Profile, opts Options) (Reader, error) {
	opts = opts.withDefaults()
	within, err := newChildren(opts.Children)
	if err != nil {
		return nil, err
	}
	switch p.Format {
	case FormatEmpty, FormatPlan:
		return nothing{r}, nil
	case FormatCSV, FormatJSON, FormatNDJSON:
	default:
		return nil, &FileError{Reason: "no format that can be imported: " + p.Reason}
	}
	text, err := newText(&input{context.Background(), r}, p.Encoding, p.BareCR)
	if err != nil {
		return nil, err
	}
	switch p.Format {
	case FormatNDJSON:
		return newLineReader(r, newWindow(text), p, within, opts), nil
	case FormatJSON:
		return newJSONReader(r, newWindow(text), p, within, opts), nil
	default:
		if q := quotesOf(p.Quote); q.other != 0 {
			text = &swapped{text, q}
		}
		return newCSVReader(r, newWindow(text), p, opts)
	}
}

// nothing is the reader of a file without records.
type nothing struct{ io.Closer }

func (nothing) Read() (Record, error)   { return Record{}, io.EOF }
func (nothing) Footer() int             { return 0 }
func (nothing) Columns(string) []string { return nil }

// result is what one call of Read returns. If the record is bad and its cells are known all the same,
// they are there for Raw.
type result struct {
	rec    Record
	err    error
	header *Header
	cells  []string
}

// input is what comes from outside. It ends with ctx, between two reads, and makes sure that only
// io.EOF itself is taken for the end: an error that wraps it says that the file was cut.
type input struct {
	ctx context.Context
	r   io.Reader
}

func (in *input) Read(p []byte) (int, error) {
	if err := in.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := in.r.Read(p)
	if err != io.EOF && errors.Is(err, io.EOF) { //nolint:errorlint // see above
		err = fmt.Errorf("%w: %v", io.ErrUnexpectedEOF, err) //nolint:errorlint // its chain must not have io.EOF
	}
	return n, err
}
