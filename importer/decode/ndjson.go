package decode

import (
	"errors"
	"io"
	"strings"
)

// lineReader reads NDJSON: one object a line.
type lineReader struct {
	io.Closer
	w       *window
	limit   int
	objects *objects
	queue   queue
}

func newLineReader(c io.Closer, w *window, p *Profile, within children, opts Options) *lineReader {
	return &lineReader{Closer: c, w: w, limit: opts.MaxRecordBytes, objects: newObjects(p.Header, within)}
}

// Columns returns the names of the columns of a type.
func (r *lineReader) Columns(kind string) []string { return r.objects.columnsOf(kind).header.Names }

// Footer returns 0: NDJSON has none.
func (*lineReader) Footer() int { return 0 }

// Read returns the next record.
func (r *lineReader) Read() (Record, error) {
	it, err := r.next()
	if err != nil {
		return Record{}, err
	}
	return it.rec, it.err
}

// next returns the next record, good or bad.
func (r *lineReader) next() (item, error) {
	for r.queue.empty() {
		end, err := r.w.lineEnd(0, r.limit)
		switch {
		case errors.Is(err, errTooLarge):
			return r.tooLarge()
		case errors.Is(err, io.EOF):
			return item{}, err
		case err != nil:
			return item{}, &FileError{Line: r.w.line, Reason: "the file cannot be read any further", Err: err}
		}
		r.queue.items, err = r.line(r.queue.items, r.w.bytes()[:end])
		if err != nil {
			return item{}, err
		}
		r.w.advance(end, 1)
	}
	return r.queue.pop(), nil
}

// line appends the records of one line.
func (r *lineReader) line(items []item, text []byte) ([]item, error) {
	lex := newLexer(&window{buf: text, end: len(text), line: r.w.line, err: io.EOF}, r.limit)
	if _, err := lex.peek(); errors.Is(err, io.EOF) {
		return items, nil // a blank line
	}
	before := len(items)
	items, err := r.objects.read(items, lex)
	if err == nil {
		if _, more := lex.peek(); !errors.Is(more, io.EOF) {
			err = lex.malformed("there is text after the end of the object")
			items = items[:before]
		}
	}
	if err == nil || r.objects.full {
		return items, err
	}
	e := &RecordError{Line: r.w.line, EndLine: r.w.line, Code: CodeBadJSON, Reason: "the line is no JSON object", Err: err}
	var cause *FileError
	if errors.As(err, &cause) {
		e.Reason = strings.Replace(cause.Reason, "the file ends", "the line ends", 1)
	}
	it := item{line: r.w.line, result: result{err: e}}
	if r.objects.texts {
		it.text = string(text)
	}
	return append(items, it), nil
}

// tooLarge passes a line that is larger than a record can be.
func (r *lineReader) tooLarge() (item, error) {
	e := &RecordError{
		Line: r.w.line, EndLine: r.w.line,
		Code: CodeRecordTooLarge, Reason: tooLargeReason(r.limit),
	}
	it := item{line: e.Line, result: result{err: e}}
	var start []byte
	err := r.w.skipLine(func(piece []byte) {
		if r.objects.texts {
			start = append(start, piece[:min(len(piece), r.limit-len(start))]...)
		}
	})
	if err != nil && !errors.Is(err, io.EOF) {
		return item{}, &FileError{Line: r.w.line, Reason: "the file cannot be read any further", Err: err}
	}
	it.text = string(start)
	return it, nil
}
