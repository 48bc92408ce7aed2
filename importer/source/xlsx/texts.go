package xlsx

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// maxHeld is how many bytes of shared strings are held in memory. Beyond that they go to a file.
const maxHeld = 16 << 20

// texts are the strings that cells share. After seal they may be read concurrently.
type texts struct {
	limit int     // of what is held
	dir   string  // for the file
	ends  []int64 // where each string ends; it begins where the one before it ends
	held  []byte  // all of them, or those that are not yet in the file
	spool *os.File
}

// readTexts reads the shared strings. Most of what a big workbook holds is in them.
func (b *Book) readTexts(part, dir string) (_ *texts, err error) {
	t, err := b.open(part)
	if err != nil {
		return nil, err
	}
	defer func() { _ = t.Close() }() // it was only read
	all := &texts{limit: maxHeld, dir: dir}
	defer func() {
		if err != nil {
			_ = all.Close() // the first error says why
		}
	}()
	var s stringReader
	for {
		token, err := t.next()
		if errors.Is(err, io.EOF) {
			return all, all.seal()
		}
		if err != nil {
			return nil, err
		}
		el, ok := token.(xml.StartElement)
		if !ok || el.Name.Local != "si" {
			continue
		}
		text, err := s.read(t)
		if err != nil {
			return nil, err
		}
		if err := all.add(text); err != nil {
			return nil, err
		}
		if len(all.ends) > maxTexts {
			return nil, &LimitError{part, fmt.Sprintf("it has more than %d texts", maxTexts)}
		}
	}
}

// add appends a string.
func (x *texts) add(text []byte) error {
	end := int64(len(text))
	if n := len(x.ends); n > 0 {
		end += x.ends[n-1]
	}
	x.ends = append(x.ends, end)
	x.held = append(x.held, text...)
	if len(x.held) > x.limit {
		return x.flush()
	}
	return nil
}

// flush moves what is held to the file.
func (x *texts) flush() error {
	if x.spool == nil {
		var err error
		if x.spool, err = os.CreateTemp(x.dir, "rye-import-xlsx-*"); err != nil {
			return err
		}
	}
	_, err := x.spool.Write(x.held)
	x.held = x.held[:0]
	return err
}

// seal ends the writing.
func (x *texts) seal() error {
	if x.spool == nil {
		return nil
	}
	err := x.flush()
	x.held = nil
	return err
}

// appendText appends the string of a number, of which there must be one.
func (x *texts) appendText(dst []byte, number int) ([]byte, error) {
	begin, end := int64(0), x.ends[number]
	if number > 0 {
		begin = x.ends[number-1]
	}
	if x.spool == nil {
		return append(dst, x.held[begin:end]...), nil
	}
	mark, n := len(dst), int(end-begin)
	dst = append(dst, make([]byte, n)...)
	_, err := x.spool.ReadAt(dst[mark:], begin)
	return dst, err
}

// has reports whether there is a string of a number.
func (x *texts) has(number int) bool { return x != nil && number >= 0 && number < len(x.ends) }

// Close removes the file.
func (x *texts) Close() error {
	if x.spool == nil {
		return nil
	}
	return errors.Join(x.spool.Close(), os.Remove(x.spool.Name()))
}

// stringReader reads strings, which may be of several runs of text in different fonts.
type stringReader struct{ raw, text []byte }

// read returns the text of the element whose beginning was read, and reads to its end. The result is
// valid until the next call.
func (s *stringReader) read(t *tokens) ([]byte, error) {
	s.raw = s.raw[:0]
	inText, phonetic := false, 0
	for depth := 1; depth > 0; {
		token, err := t.next()
		if err != nil {
			return nil, ended(t, err)
		}
		switch token := token.(type) {
		case xml.StartElement:
			depth++
			inText = token.Name.Local == "t"
			if token.Name.Local == "rPh" { // how the text is pronounced
				phonetic = depth
			}
		case xml.EndElement:
			if phonetic == depth {
				phonetic = 0
			}
			depth--
			inText = false
		case xml.CharData:
			if inText && phonetic == 0 {
				s.raw = append(s.raw, token...)
			}
		}
		if err := t.limit(len(s.raw)); err != nil {
			return nil, err
		}
	}
	s.text = appendUnescaped(s.text[:0], s.raw)
	return s.text, nil
}

// ended makes an error of an end in the midst of an element.
func ended(t *tokens, err error) error {
	if errors.Is(err, io.EOF) {
		return t.damage("its XML ends too early")
	}
	return err
}

// appendUnescaped appends a text of which the characters that XML cannot hold are written _x000D_. What
// is no half of a character is left as it is.
func appendUnescaped(dst, text []byte) []byte {
	for len(text) > 0 {
		unit, ok := escapedUnit(text)
		if !ok {
			dst = append(dst, text[0])
			text = text[1:]
			continue
		}
		const length = len("_x000D_")
		r, n := rune(unit), length
		if utf16.IsSurrogate(r) {
			low, _ := escapedUnit(text[length:])
			r, n = utf16.DecodeRune(r, rune(low)), 2*length
			if r == utf8.RuneError {
				dst = append(dst, text[:length]...)
				text = text[length:]
				continue
			}
		}
		dst = utf8.AppendRune(dst, r)
		text = text[n:]
	}
	return dst
}

// escapedUnit returns the unit of UTF-16 that an escape at the beginning of a text stands for.
func escapedUnit(text []byte) (uint16, bool) {
	if len(text) < len("_x000D_") || text[0] != '_' || text[1] != 'x' || text[6] != '_' {
		return 0, false
	}
	n, err := strconv.ParseUint(string(text[2:6]), 16, 16)
	return uint16(n), err == nil
}
