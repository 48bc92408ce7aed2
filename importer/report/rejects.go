package report

import (
	"encoding/csv"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gocarina/gocsv"
)

// RejectTrailer is what a reject file says of a row, in the columns after those of the source. Their
// names begin with an underscore; they are ignored when the file is loaded again.
type RejectTrailer struct {
	File   string `csv:"_file"`
	Line   int    `csv:"_line"`
	Column string `csv:"_column"`
	Value  string `csv:"_value"`
	Code   string `csv:"_code"`
	Reason string `csv:"_reason"`
	Stage  string `csv:"_stage"`
	RunID  string `csv:"_run_id"`
}

// RejectWriter writes the reject files of a run: one for each object, with every column of the
// source first, in its order, unchanged. Repaired, a file loads as it is. Files are readable by
// their owner alone.
type RejectWriter struct {
	dir, runID string
	columns    map[string][]string
	files      map[string]*rejectFile
	names      map[string]bool // of the files, in lower case
}

// NewRejectWriter makes a writer for the folder of a run. Nothing is made before the first row.
func NewRejectWriter(dir, runID string) *RejectWriter {
	return &RejectWriter{dir: dir, runID: runID, columns: make(map[string][]string), files: make(map[string]*rejectFile), names: make(map[string]bool)}
}

// Columns announces columns of an object. All files of the object must be announced before its first
// row is written: what comes later would have no place.
func (w *RejectWriter) Columns(object string, header []string) {
	have := w.columns[object]
	for _, name := range header {
		if !slices.Contains(have, name) {
			have = append(have, name)
		}
	}
	w.columns[object] = have
}

// Write writes one row. The cells are those of the header; missing ones are blank.
func (w *RejectWriter) Write(object string, header, cells []string, trailer RejectTrailer) error {
	f, err := w.file(object)
	if err != nil {
		return err
	}
	f.row.set(header, cells)
	trailer.RunID = w.runID
	return gocsv.MarshalCSVWithoutHeaders([]RejectTrailer{trailer}, f.row)
}

// Close finishes all files.
func (w *RejectWriter) Close() error {
	var err error
	for _, f := range w.files {
		f.out.Flush()
		err = errors.Join(err, f.out.Error(), f.file.Close())
	}
	w.files = nil
	return err
}

type rejectFile struct {
	file *os.File
	out  *csv.Writer
	row  *rowWriter
}

func (w *RejectWriter) file(object string) (*rejectFile, error) {
	if f, ok := w.files[object]; ok {
		return f, nil
	}
	if err := os.MkdirAll(w.dir, 0o700); err != nil {
		return nil, fmt.Errorf("making the folder of the rejects: %w", err)
	}
	// Names that differ in what a file cannot have, or in case, are still two objects.
	name := fileName(object)
	for n := 2; w.names[strings.ToLower(name)]; n++ {
		name = fmt.Sprintf("%s_%d", fileName(object), n)
	}
	w.names[strings.ToLower(name)] = true
	file, err := os.OpenFile(filepath.Join(w.dir, name+".csv"), os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, fmt.Errorf("making a reject file: %w", err)
	}
	out := csv.NewWriter(file)
	f := &rejectFile{file: file, out: out, row: newRowWriter(out, w.columns[object])}
	// gocsv writes the names of the trailer after those of the source.
	f.row.cells = w.columns[object]
	if err := gocsv.MarshalCSV([]RejectTrailer{}, f.row); err != nil {
		return nil, errors.Join(fmt.Errorf("writing a reject file: %w", err), file.Close())
	}
	w.files[object] = f
	return f, nil
}

// fileName makes the name of an object fit for a file.
func fileName(object string) string {
	name := strings.Map(func(r rune) rune {
		if r < ' ' || strings.ContainsRune(`/\:*?"<>|`, r) {
			return '_'
		}
		return r
	}, object)
	if name = strings.TrimLeft(name, "."); name == "" {
		return "records"
	}
	return name
}

// rowWriter puts the cells of a source row before the trailer that gocsv writes.
type rowWriter struct {
	out   *csv.Writer
	place map[string]int
	cells []string
	row   []string
}

func newRowWriter(out *csv.Writer, columns []string) *rowWriter {
	w := &rowWriter{out: out, place: make(map[string]int, len(columns)), cells: make([]string, len(columns))}
	for i, name := range columns {
		w.place[name] = i
	}
	return w
}

func (w *rowWriter) set(header, cells []string) {
	w.cells = make([]string, len(w.place))
	for i, name := range header {
		if at, ok := w.place[name]; ok && i < len(cells) {
			w.cells[at] = cells[i]
		}
	}
}

// Write implements gocsv.CSVWriter.
func (w *rowWriter) Write(trailer []string) error {
	w.row = append(append(w.row[:0], w.cells...), trailer...)
	return w.out.Write(w.row)
}

// Flush implements gocsv.CSVWriter. Rows are flushed when the file is closed.
func (w *rowWriter) Flush() {}

// Error implements gocsv.CSVWriter.
func (w *rowWriter) Error() error { return w.out.Error() }
