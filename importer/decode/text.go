package decode

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"slices"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
)

// newText returns the text of r as UTF-8 without byte order mark. Bytes that are no text in the
// given encoding come out as invalid UTF-8, or as U+FFFD if marksInvalid says so.
func newText(r io.Reader, name string, bareCR bool) (io.Reader, error) {
	name, err := encodingName(name)
	if err != nil {
		return nil, err
	}
	head, _, err := readHead(r, 4)
	if err != nil {
		return nil, err
	}
	r = &headed{head[bomLength(name, head):], r}

	switch unit := unitOf(name); {
	case unit.size > 1:
		r = newTranscoder(r, &wide{unit})
	case name == latin1Name, name == cp1252Name:
		r = newTranscoder(r, newLatin())
	case name == "", name == utf8Name, name == utf8BOMName, name == anyUTF16Name, name == anyUTF32Name:
	default:
		decoder, err := decoderFor(name)
		if err != nil {
			return nil, err
		}
		r = decoder.Reader(r)
	}
	if bareCR {
		r = &lineFeeds{r}
	}
	return r, nil
}

// decodeHead returns the beginning of a file as UTF-8. At its end there may be half a character. What is UTF-8 already is
// not copied.
func decodeHead(head []byte, name string, bareCR bool) []byte {
	if (name == utf8Name || name == utf8BOMName) && !bareCR {
		return head[bomLength(name, head):]
	}
	r, err := newText(bytes.NewReader(head), name, bareCR)
	if err != nil {
		return head
	}
	var text bytes.Buffer
	text.Grow(len(head) + bytes.MinRead)
	_, _ = text.ReadFrom(r) // it reads from memory, and decoders do not fail
	return text.Bytes()
}

// decodeString is decodeHead for a string that does not begin a file.
func decodeString(s, name string) string {
	return string(decodeHead(append([]byte("...."), s...), name, false)[4:])
}

// readHead returns the first limit bytes of r, or what there is; complete says that there is no
// more. Unlike io.ReadFull it leaves no doubt whether io.ErrUnexpectedEOF came from r, as for
// truncated gzip, and unlike io.ReadAll it gives up on a reader that has nothing to say.
func readHead(r io.Reader, limit int) (head []byte, complete bool, err error) {
	const small = 16 << 10
	return readHeadInto(make([]byte, 0, min(limit, small)), r, limit)
}

// readHeadInto is readHead in the room that there is already.
func readHeadInto(room []byte, r io.Reader, limit int) (head []byte, complete bool, err error) {
	head = room[:0]
	for idle := 0; len(head) < limit; {
		if len(head) == cap(head) {
			head = slices.Grow(head, min(limit-len(head), len(head)))
		}
		n, err := r.Read(head[len(head):min(cap(head), limit)])
		head = head[:len(head)+n]
		if errors.Is(err, io.EOF) {
			return head, true, nil
		}
		if err != nil {
			return nil, false, err
		}
		if idle++; n > 0 {
			idle = 0
		}
		if idle == maxIdle {
			return nil, false, io.ErrNoProgress
		}
	}
	return head, false, nil
}

// maxIdle is how often a reader may return nothing and no error, as in bufio.
const maxIdle = 100

// headed reads head, and then r.
type headed struct {
	head []byte
	r    io.Reader
}

func (h *headed) Read(p []byte) (int, error) {
	if len(h.head) == 0 {
		return h.r.Read(p)
	}
	n := copy(p, h.head)
	h.head = h.head[n:]
	return n, nil
}

// lineFeeds puts LF in the place of CR.
type lineFeeds struct{ r io.Reader }

func (l *lineFeeds) Read(p []byte) (int, error) {
	n, err := l.r.Read(p)
	for i, c := range p[:n] {
		if c == '\r' {
			p[i] = '\n'
		}
	}
	return n, err
}

// transcoder reads UTF-8. It is what transform.Reader is, without its small buffers.
type transcoder struct {
	src        io.Reader
	step       stepper
	buf        []byte
	start, end int
	err        error
	rest       []byte // of a character that the reader had no room for
	char       [utf8.UTFMax]byte
}

// stepper turns the beginning of src into UTF-8, as much as dst takes, which is one character at
// least. At the end of the file, last is true; else it may leave an incomplete character.
type stepper interface {
	step(dst, src []byte, last bool) (written, read int)
}

func newTranscoder(src io.Reader, step stepper) *transcoder {
	return &transcoder{src: src, step: step, buf: make([]byte, 64<<10)}
}

func (t *transcoder) Read(p []byte) (int, error) {
	if len(t.rest) == 0 && len(p) >= utf8.UTFMax {
		return t.read(p)
	}
	if len(t.rest) == 0 {
		n, err := t.read(t.char[:])
		if n == 0 {
			return 0, err
		}
		t.rest = t.char[:n]
	}
	n := copy(p, t.rest)
	t.rest = t.rest[n:]
	return n, nil
}

// read needs room for at least one character.
func (t *transcoder) read(p []byte) (int, error) {
	for {
		if t.start < t.end {
			written, read := t.step.step(p, t.buf[t.start:t.end], t.err != nil)
			t.start += read
			if written > 0 {
				return written, nil
			}
		}
		if t.err != nil {
			return 0, t.err
		}
		t.end = copy(t.buf, t.buf[t.start:t.end])
		t.start = 0
		n, err := t.src.Read(t.buf[t.end:])
		t.end += n
		t.err = err
		if n == 0 && err == nil {
			return 0, nil // the caller knows when to lose patience
		}
	}
}

// latin decodes ISO-8859-1, and the bytes 0x80 to 0x9F as windows-1252 where that defines them.
// Files that claim to be the one are mostly the other; the five bytes that windows-1252 leaves
// undefined appear where text was encoded twice, and keep their value.
type latin struct{ high [128]string }

func newLatin() *latin {
	var l latin
	for i := range l.high {
		b := byte(0x80 + i)
		r := charmap.Windows1252.DecodeByte(b)
		if r == utf8.RuneError {
			r = rune(b)
		}
		l.high[i] = string(r)
	}
	return &l
}

func (l *latin) step(dst, src []byte, _ bool) (written, read int) {
	for read < len(src) {
		if n := asciiPrefix(src[read:min(len(src), read+len(dst)-written)]); n > 0 {
			copy(dst[written:], src[read:read+n])
			written += n
			read += n
			continue
		}
		if len(dst)-written < utf8.UTFMax || read == len(src) {
			break
		}
		written += copy(dst[written:], l.high[src[read]-0x80])
		read++
	}
	return written, read
}

// asciiPrefix returns the number of ASCII bytes at the beginning of b.
func asciiPrefix(b []byte) int {
	n := 0
	for len(b)-n >= 8 && binary.LittleEndian.Uint64(b[n:])&0x8080808080808080 == 0 {
		n += 8
	}
	for n < len(b) && b[n] < 0x80 {
		n++
	}
	return n
}

// wide decodes UTF-16 and UTF-32. What is no character, such as half a surrogate pair, becomes the
// UTF-8 that such a number would have, which is invalid.
type wide struct{ unit codeUnit }

func (w *wide) step(dst, src []byte, last bool) (written, read int) {
	size := w.unit.size
	for len(dst)-written >= utf8.UTFMax {
		rest := src[read:]
		if len(rest) < size {
			if last && len(rest) > 0 {
				dst[written] = 0xff
				return written + 1, len(src)
			}
			break
		}
		v := rune(w.unit.value(rest))
		n := size
		if size == 2 && utf16.IsSurrogate(v) {
			if len(rest) < 2*size && !last {
				break
			}
			if len(rest) >= 2*size {
				if r := utf16.DecodeRune(v, rune(w.unit.value(rest[size:]))); r != utf8.RuneError {
					v, n = r, 2*size
				}
			}
		}
		read += n
		switch {
		case v >= 0 && v < utf8.RuneSelf:
			dst[written] = byte(v)
			written++
		case utf8.ValidRune(v):
			written += utf8.EncodeRune(dst[written:], v)
		case utf16.IsSurrogate(v):
			dst[written] = 0xe0 | byte(v>>12)
			dst[written+1] = 0x80 | byte(v>>6)&0x3f
			dst[written+2] = 0x80 | byte(v)&0x3f
			written += 3
		default:
			dst[written] = 0xff
			written++
		}
	}
	return written, read
}
