package decode

import (
	"bytes"
	"unicode/utf16"
	"unicode/utf8"
)

// span is a part of a text.
type span struct{ start, end int }

func (s span) of(b []byte) []byte { return b[s.start:s.end] }

// cursor walks over the members of one object, or the elements of one array, in JSON that is known
// to be well-formed.
type cursor struct {
	b     []byte
	i     int  // place of the opening bracket, later of what follows the last value
	begun bool // the opening bracket is passed
	key   span // with its quotes
	value span
}

// member goes to the next member of an object. It reports whether there is one.
func (c *cursor) member() bool {
	if !c.enter() {
		return false
	}
	c.key.start = c.i
	c.i = skipValue(c.b, c.i)
	c.key.end = c.i
	c.i = skipSpace(c.b, c.i) + 1 // the colon
	c.take()
	return true
}

// element goes to the next element of an array. It reports whether there is one.
func (c *cursor) element() bool {
	if !c.enter() {
		return false
	}
	c.take()
	return true
}

// enter goes to where the next member or element begins.
func (c *cursor) enter() bool {
	if !c.begun {
		c.i++
		c.begun = true
	}
	c.i = skipSpace(c.b, c.i)
	if c.b[c.i] == ',' {
		c.i = skipSpace(c.b, c.i+1)
	}
	return c.b[c.i] != '}' && c.b[c.i] != ']'
}

func (c *cursor) take() {
	c.value.start = skipSpace(c.b, c.i)
	c.i = skipValue(c.b, c.value.start)
	c.value.end = c.i
}

// is reports whether the key is name. A key that is written with escapes is not recognized, which
// nobody does to the few names that this is asked for.
func (c *cursor) is(name string) bool {
	return string(c.b[c.key.start+1:c.key.end-1]) == name
}

// kind returns the first byte of the value, which tells its type.
func (c *cursor) kind() byte { return c.b[c.value.start] }

func skipSpace(b []byte, i int) int {
	for b[i] == ' ' || b[i] == '\n' || b[i] == '\r' || b[i] == '\t' {
		i++
	}
	return i
}

// skipValue returns the place after the value that begins at i.
func skipValue(b []byte, i int) int {
	switch b[i] {
	case '"':
		return skipString(b, i)
	case '{', '[':
		for depth := 0; ; {
			switch b[i] {
			case '"':
				i = skipString(b, i)
				continue
			case '{', '[':
				depth++
			case '}', ']':
				depth--
			}
			i++
			if depth == 0 {
				return i
			}
		}
	}
	for i < len(b) {
		switch b[i] {
		case ',', ']', '}', ':', ' ', '\n', '\r', '\t':
			return i
		}
		i++
	}
	return i
}

func skipString(b []byte, i int) int {
	for i++; b[i] != '"'; i++ {
		if b[i] == '\\' {
			i++
		}
	}
	return i + 1
}

// find returns the value of the first member of that name in the object at place at.
func find(b []byte, at int, name string) (span, bool) {
	for c := (cursor{b: b, i: at}); c.member(); {
		if c.is(name) {
			return c.value, true
		}
	}
	return span{}, false
}

// appendCompact appends a value without the white space between its parts. It returns the code of
// what is wrong with its strings, or "".
func appendCompact(dst, value []byte) (out []byte, code string) {
	for i := 0; i < len(value); {
		switch value[i] {
		case '"':
			end := skipString(value, i)
			if bytes.Contains(value[i:end], []byte(`\u0000`)) {
				if _, c := appendString(nil, value[i:end]); c == CodeNULByte {
					code = c
				}
			}
			dst = append(dst, value[i:end]...)
			i = end
		case ' ', '\n', '\r', '\t':
			i++
		default:
			dst = append(dst, value[i])
			i++
		}
	}
	return dst, code
}

// appendString appends the text of a string, given with its quotes. It returns the code of what is
// wrong with it, or "": an escaped NUL, or half of a surrogate pair, for which it appends the three
// bytes that are not valid UTF-8 but would be that half.
func appendString(dst, quoted []byte) (out []byte, code string) {
	s := quoted[1 : len(quoted)-1]
	for {
		i := bytes.IndexByte(s, '\\')
		if i < 0 {
			return append(dst, s...), code
		}
		dst = append(dst, s[:i]...)
		c := s[i+1]
		s = s[i+2:]
		switch c {
		case 'b':
			c = '\b'
		case 'f':
			c = '\f'
		case 'n':
			c = '\n'
		case 'r':
			c = '\r'
		case 't':
			c = '\t'
		case 'u':
			r := hex4(s)
			s = s[4:]
			if utf16.IsSurrogate(r) && len(s) >= 6 && s[0] == '\\' && s[1] == 'u' {
				if both := utf16.DecodeRune(r, hex4(s[2:])); both != utf8.RuneError {
					r = both
					s = s[6:]
				}
			}
			if r == 0 {
				code = CodeNULByte
			}
			if utf16.IsSurrogate(r) {
				code = CodeInvalidUTF8
				dst = append(dst, 0xe0|byte(r>>12), 0x80|byte(r>>6)&0x3f, 0x80|byte(r)&0x3f)
			} else {
				dst = utf8.AppendRune(dst, r)
			}
			continue
		}
		dst = append(dst, c)
	}
}
