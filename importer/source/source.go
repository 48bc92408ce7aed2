package source

import (
	"errors"
	"io"
	"os"
)

// The limits that guard against archives made to exhaust the machine.
const (
	// DefaultMaxEntries is the largest number of entries of one zip. Salesforce's weekly export of
	// a big org has some hundreds of tables and, with attachments, some ten thousand files.
	DefaultMaxEntries = 100_000

	// DefaultMaxRatio is how many bytes one compressed byte may unpack to. CSV of mostly blank
	// columns reaches 60 or so, deflate itself can express 1032.
	DefaultMaxRatio = 250

	// DefaultRatioFloor is the number of unpacked bytes up to which MaxRatio is not looked at: what
	// is small cannot hurt.
	DefaultRatioFloor = 256 << 20

	// DefaultMaxUnpacked is the largest number of bytes that all zips of a Set may unpack to, and
	// also the largest number for each gzip stream: 1 TiB.
	DefaultMaxUnpacked = 1 << 40
)

// Options says where standard input comes from and how much an archive may demand. The zero value
// of a limit stands for its default.
type Options struct {
	// Stdin is read for the path "-". Defaults to none: "-" is then an error.
	Stdin io.Reader

	// TempDir is the folder for temporary files, of mode 0600: what standard input is spooled to,
	// workbooks that lie in a zip, and the texts of big ones. Defaults to the folder for temporary
	// files of the operating system.
	TempDir string

	// MaxEntries is the largest number of entries of one zip, and of one workbook. Defaults to DefaultMaxEntries.
	MaxEntries int

	// MaxRatio is the largest ratio of unpacked to packed bytes, of a zip as a whole, of each entry
	// and of each gzip stream. Defaults to DefaultMaxRatio.
	MaxRatio int64

	// RatioFloor is the number of unpacked bytes below which MaxRatio does not apply. Defaults to
	// DefaultRatioFloor.
	RatioFloor int64

	// MaxUnpacked is the largest number of unpacked bytes. Defaults to DefaultMaxUnpacked.
	MaxUnpacked int64
}

func (o Options) withDefaults() Options {
	if o.TempDir == "" {
		o.TempDir = os.TempDir()
	}
	if o.MaxEntries == 0 {
		o.MaxEntries = DefaultMaxEntries
	}
	if o.MaxRatio == 0 {
		o.MaxRatio = DefaultMaxRatio
	}
	if o.RatioFloor == 0 {
		o.RatioFloor = DefaultRatioFloor
	}
	if o.MaxUnpacked == 0 {
		o.MaxUnpacked = DefaultMaxUnpacked
	}
	return o
}

// isBomb applies the ratio rule to so many unpacked bytes that came of so many packed ones.
func (o Options) isBomb(unpacked, packed int64) bool {
	return unpacked > o.RatioFloor && unpacked/o.MaxRatio > packed
}

// Set is the files that Find found. The files stand in the order of the paths given and, within
// one path, in the byte order of their names; so do the skipped ones.
type Set struct {
	Files   []*File
	Skipped []Skipped

	closers []func() error
}

// Close closes the folders and zips of the set and removes its temporary files. The
// files of the set cannot be opened afterwards, and those that are open cannot be read on. It may
// be called more than once.
func (s *Set) Close() error {
	var errs []error
	for i := len(s.closers) - 1; i >= 0; i-- {
		errs = append(errs, s.closers[i]())
	}
	s.closers = nil
	return errors.Join(errs...)
}

// File is a file of the export.
type File struct {
	// Path is the file's name for people, unique in its Set: relative to the folder given
	// ("sub/Contact.csv"), below the name of its zip ("WE_1.ZIP/Contact.csv"), the base name of a
	// single file, "stdin" for standard input. It is valid UTF-8 and its separators are slashes.
	// Where two paths given would share a name, the name of the folder above is put before both.
	Path string

	// Size is the number of uncompressed bytes, or -1 if only reading can tell (gzip, a worksheet).
	Size int64

	// Sheet says that the file is a worksheet of a workbook, named below it ("book.xlsx/Sheet1"). It
	// opens as CSV in UTF-8, with commas and double quotes. The row of the sheet is the line, numbers have
	// a decimal point and nothing else, and dates are ISO 8601; see package xlsx.
	Sheet bool

	label string // distinguishes files of the same Path; see unique
	open  func() (io.ReadCloser, error)
	opts  Options
}

// Open returns the decompressed bytes of the file. It can be called any number of times, also
// concurrently. Damage that shows while reading (a wrong checksum, a truncated stream, a stream
// that unpacks to more than the limits allow) is an *Error that names the file.
func (f *File) Open() (io.ReadCloser, error) {
	r, err := f.open()
	if err != nil {
		return nil, f.wrap(err)
	}
	return decompress(f, r)
}

// Skipped is a file or folder that was found but is not part of the Set.
type Skipped struct {
	Path   string // as in File
	Reason string // why, and where it helps what to do about it
}
