package decode

import (
	"bytes"
	"errors"
	"io"
)

// windowBytes is the size of a window as long as no record demands more.
const windowBytes = 128 << 10

// window is the part of the text that may still be needed: it begins where the record in hand
// begins, so that the record can be looked at again, and grows at its end. How far it may grow is
// for its users to say.
type window struct {
	src        io.Reader
	buf        []byte
	start, end int
	line       int   // physical line of the first byte
	err        error // why src gives no more
}

func newWindow(src io.Reader) *window {
	return &window{src: src, buf: make([]byte, windowBytes), line: 1}
}

// bytes returns what the window holds, until the next call of more.
func (w *window) bytes() []byte { return w.buf[w.start:w.end] }

// more adds bytes at the end. Its error is io.EOF at the end of the text.
func (w *window) more() error {
	if w.err != nil {
		return w.err
	}
	held := w.end - w.start
	switch {
	case len(w.buf) > 8*windowBytes && held < windowBytes/2:
		// A large record has passed.
		w.moveTo(make([]byte, windowBytes))
	case w.end < len(w.buf):
	case held <= len(w.buf)/2:
		w.moveTo(w.buf)
	default:
		w.moveTo(make([]byte, 2*len(w.buf)))
	}
	for range maxIdle {
		n, err := w.src.Read(w.buf[w.end:])
		w.end += n
		w.err = err
		if n > 0 {
			return nil
		}
		if err != nil {
			return err
		}
	}
	w.err = io.ErrNoProgress
	return w.err
}

func (w *window) moveTo(buf []byte) {
	w.end = copy(buf, w.bytes())
	w.start = 0
	w.buf = buf
}

// advance forgets the first n bytes, which hold so many line ends.
func (w *window) advance(n, lines int) {
	w.start += n
	w.line += lines
}

// drop forgets the first n bytes.
func (w *window) drop(n int) {
	w.advance(n, countLines(w.buf[w.start:w.start+n]))
}

// countLines returns the number of line ends in b.
func countLines(b []byte) int { return bytes.Count(b, []byte{'\n'}) }

// errTooLarge says that a line or value does not end within the limit.
var errTooLarge = errors.New("larger than the limit")

// lineEnd returns the place after the line that begins at from, its line end included if it has
// one. If the window would have to hold more than limit bytes the error is errTooLarge; if there is
// no such line it is io.EOF.
func (w *window) lineEnd(from, limit int) (int, error) {
	for searched := from; ; {
		b := w.bytes()
		if i := bytes.IndexByte(b[searched:], '\n'); i >= 0 {
			if searched+i+1 > limit {
				return 0, errTooLarge
			}
			return searched + i + 1, nil
		}
		searched = len(b)
		if searched > limit {
			return 0, errTooLarge
		}
		if err := w.more(); errors.Is(err, io.EOF) && searched > from {
			return searched, nil
		} else if err != nil {
			return 0, err
		}
	}
}

// skipLine drops the line that the window begins with, whatever its length. It shows the line to
// seen, in pieces.
func (w *window) skipLine(seen func(piece []byte)) error {
	for {
		b := w.bytes()
		if i := bytes.IndexByte(b, '\n'); i >= 0 {
			seen(b[:i+1])
			w.advance(i+1, 1)
			return nil
		}
		seen(b)
		w.advance(len(b), 0)
		if err := w.more(); err != nil {
			if errors.Is(err, io.EOF) && len(b) > 0 {
				w.line++ // a last line without line end
				return nil
			}
			return err
		}
	}
}
