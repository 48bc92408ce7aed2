package decode

import (
	"errors"
	"fmt"
	"io"
)

// maxDepth is how deep the values of a record may be nested. Exports have five levels or so.
const maxDepth = 1000

// maxOuterDepth is how deep values may be nested that are passed over. It bounds memory: the lexer
// keeps one bit a level.
const maxOuterDepth = 1 << 20

// lexer checks JSON while it goes by, in constant memory but for what is to be kept. It is as
// strict as encoding/json, of which it is the streaming counterpart: a json.Decoder would read a
// value of any size into memory, hide where it began, and give up for good at one that is too deep.
type lexer struct {
	w       *window
	i       int    // place of the next byte in the window
	mark    int    // begin of the value to be kept, -1 if none
	over    bool   // the value that was to be kept is larger than the limit
	start   []byte // its beginning, if saves says that it is wanted
	saves   bool
	pinned  bool   // keep everything from the begin of the window, up to the limit
	limit   int    // bytes of a value to be kept
	deepest int    // level reached by the last value
	kinds   []byte // one bit a level: set for an object

	counted, lines int // lines among the first counted bytes of the window
}

func newLexer(w *window, limit int) *lexer { return &lexer{w: w, mark: -1, limit: limit} }

// more reads on. It keeps what is marked, or pinned, as long as that is within the limit.
func (l *lexer) more() error {
	if l.mark >= 0 && l.i-l.mark > l.limit {
		if l.saves {
			l.start = append(l.start[:0], l.w.bytes()[l.mark:l.mark+l.limit]...)
		}
		l.mark, l.over = -1, true
	}
	l.pinned = l.pinned && l.i <= l.limit
	switch {
	case l.pinned:
	case l.mark >= 0:
		l.release(l.mark)
	default:
		l.release(l.i)
	}
	return l.w.more()
}

// release forgets the first n bytes of the window.
func (l *lexer) release(n int) {
	before := l.w.line
	l.w.drop(n)
	if l.counted -= n; l.counted < 0 {
		l.counted, l.lines = 0, 0
	} else {
		l.lines -= l.w.line - before
	}
	l.i -= n
	if l.mark >= 0 {
		l.mark -= n
	}
}

// line returns the physical line of the next byte.
func (l *lexer) line() int {
	if l.i > l.counted {
		l.lines += countLines(l.w.bytes()[l.counted:l.i])
		l.counted = l.i
	}
	return l.w.line + l.lines
}

// settle forgets what has passed.
func (l *lexer) settle() { l.release(l.i) }

// malformed returns the error for text that is no JSON.
func (l *lexer) malformed(reason string) error {
	return &FileError{Line: l.line(), Reason: "malformed JSON: " + reason}
}

// failed explains why more returned an error in the middle of a value.
func (l *lexer) failed(err error) error {
	if errors.Is(err, io.EOF) {
		return l.malformed("the file ends in the middle of a value; it is not complete")
	}
	return &FileError{Line: l.line(), Reason: "the file cannot be read any further", Err: err}
}

// peek returns the next byte that is not white space, without passing it. The error is io.EOF at
// the end of the text.
func (l *lexer) peek() (byte, error) {
	for {
		b := l.w.bytes()
		i := l.i
		for i < len(b) && (b[i] == ' ' || b[i] == '\n' || b[i] == '\r' || b[i] == '\t') {
			i++
		}
		if l.i = i; i < len(b) {
			return b[i], nil
		}
		if err := l.more(); err != nil {
			if errors.Is(err, io.EOF) {
				return 0, io.EOF
			}
			return 0, l.failed(err)
		}
	}
}

// next is peek in a place where the text must go on.
func (l *lexer) next() (byte, error) {
	c, err := l.peek()
	if errors.Is(err, io.EOF) {
		err = l.failed(err)
	}
	return c, err
}

// need makes sure that n bytes follow.
func (l *lexer) need(n int) error {
	for len(l.w.bytes())-l.i < n {
		if err := l.more(); err != nil {
			return l.failed(err)
		}
	}
	return nil
}

// kept passes a value and returns its text, which is good until the lexer goes on. If the text is
// larger than the limit the error is errTooLarge; the value is passed all the same.
func (l *lexer) kept() ([]byte, error) {
	l.mark, l.over = l.i, false
	err := l.value()
	if err != nil {
		return nil, err
	}
	if l.over || l.i-l.mark > l.limit {
		if l.saves && !l.over {
			l.start = append(l.start[:0], l.w.bytes()[l.mark:l.mark+l.limit]...)
		}
		l.mark = -1
		return nil, errTooLarge
	}
	text := l.w.bytes()[l.mark:l.i]
	l.mark = -1
	return text, nil
}

// value passes one value, at the first byte of which the lexer stands.
func (l *lexer) value() error {
	l.deepest = 0
	depth := 0
	for {
		c, err := l.next()
		if err != nil {
			return err
		}
		switch {
		case c == '{', c == '[':
			l.i++
			if depth++; depth > maxOuterDepth {
				return l.malformed("values are nested too deeply")
			}
			l.deepest = max(l.deepest, depth)
			l.push(depth, c == '{')
			closing, err := l.next()
			if err != nil {
				return err
			}
			if closing == c+2 { // in ASCII, both brackets are two before their counterpart
				break // to the end of a value
			}
			if c == '{' {
				if err := l.key(); err != nil {
					return err
				}
			}
			continue
		case c == '"':
			err = l.str()
		case c == '-' || c >= '0' && c <= '9':
			err = l.number()
		case c == 't':
			err = l.literal("true")
		case c == 'f':
			err = l.literal("false")
		case c == 'n':
			err = l.literal("null")
		default:
			err = l.malformed("a value is expected here")
		}
		if err != nil {
			return err
		}
		if depth, err = l.after(depth); err != nil || depth == 0 {
			return err
		}
	}
}

// after passes what follows a value at a certain depth: any closing brackets, then the comma and
// the key before the next value. It returns the depth of that, 0 if there is none.
func (l *lexer) after(depth int) (int, error) {
	for depth > 0 {
		c, err := l.next()
		if err != nil {
			return 0, err
		}
		object := l.kinds[depth>>3]&(1<<(depth&7)) != 0
		switch {
		case c == ',':
			l.i++
			if object {
				return depth, l.key()
			}
			return depth, nil
		case c == '}' && object, c == ']' && !object:
			l.i++
			depth--
		case object:
			return 0, l.malformed("a comma or a closing brace is expected here")
		default:
			return 0, l.malformed("a comma or a closing bracket is expected here")
		}
	}
	return 0, nil
}

// separator goes to the next member of an object, or element of an array, that ends with a certain
// bracket, and reports whether there is one. first says that none was passed yet.
func (l *lexer) separator(closing byte, first *bool) (bool, error) {
	c, err := l.next()
	if err != nil {
		return false, err
	}
	begin := *first
	*first = false
	switch {
	case c == closing:
		l.i++
		return false, nil
	case begin:
		return true, nil
	case c == ',':
		l.i++
		return true, nil
	}
	return false, l.malformed("a comma or a closing bracket is expected here")
}

// member passes a key and the colon after it. It returns the key and the first byte of the value.
func (l *lexer) member() (key string, first byte, err error) {
	c, err := l.next()
	if err != nil {
		return "", 0, err
	}
	if c != '"' {
		return "", 0, l.malformed("a key in quotes is expected here")
	}
	text, err := l.kept()
	if errors.Is(err, errTooLarge) {
		err = &FileError{Line: l.line(), Reason: fmt.Sprintf("a key is larger than %d bytes", l.limit)}
	}
	if err != nil {
		return "", 0, err
	}
	name, _ := appendString(nil, text)
	if err := l.colon(); err != nil {
		return "", 0, err
	}
	first, err = l.next()
	return string(name), first, err
}

// push notes what kind of value a level is.
func (l *lexer) push(depth int, object bool) {
	for len(l.kinds) <= depth>>3 {
		l.kinds = append(l.kinds, 0)
	}
	l.kinds[depth>>3] &^= 1 << (depth & 7)
	if object {
		l.kinds[depth>>3] |= 1 << (depth & 7)
	}
}

// key passes a key and the colon after it.
func (l *lexer) key() error {
	c, err := l.next()
	if err != nil {
		return err
	}
	if c != '"' {
		return l.malformed("a key in quotes is expected here")
	}
	if err := l.str(); err != nil {
		return err
	}
	return l.colon()
}

func (l *lexer) colon() error {
	c, err := l.next()
	if err != nil {
		return err
	}
	if c != ':' {
		return l.malformed("a colon is expected here")
	}
	l.i++
	return nil
}

// str passes a string.
func (l *lexer) str() error {
	l.i++ // the quote
	for {
		b := l.w.bytes()
		i := l.i
		for i < len(b) && b[i] >= ' ' && b[i] != '"' && b[i] != '\\' {
			i++
		}
		l.i = i
		if i == len(b) {
			if err := l.more(); err != nil {
				return l.failed(err)
			}
			continue
		}
		switch b[i] {
		case '"':
			l.i++
			return nil
		case '\\':
			if err := l.escape(); err != nil {
				return err
			}
		default:
			return l.malformed("a control character stands in a string")
		}
	}
}

// escape passes a backslash and what belongs to it.
func (l *lexer) escape() error {
	if err := l.need(2); err != nil {
		return err
	}
	switch l.w.bytes()[l.i+1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		l.i += 2
		return nil
	case 'u':
		if err := l.need(6); err != nil {
			return err
		}
		if hex4(l.w.bytes()[l.i+2:]) < 0 {
			return l.malformed(`four hexadecimal digits are expected after \u`)
		}
		l.i += 6
		return nil
	}
	return l.malformed("no such escape in a string")
}

// hex4 returns the value of four hexadecimal digits, or -1.
func hex4(b []byte) rune {
	var r rune
	for _, c := range b[:4] {
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c >= 'a' && c <= 'f':
			c -= 'a' - 10
		case c >= 'A' && c <= 'F':
			c -= 'A' - 10
		default:
			return -1
		}
		r = r<<4 | rune(c)
	}
	return r
}

// number passes a number.
func (l *lexer) number() error {
	if l.is('-') {
		l.i++
	}
	if l.is('0') {
		l.i++
	} else if err := l.digits(); err != nil {
		return err
	}
	if l.is('.') {
		l.i++
		if err := l.digits(); err != nil {
			return err
		}
	}
	if l.is('e') || l.is('E') {
		l.i++
		if l.is('+') || l.is('-') {
			l.i++
		}
		return l.digits()
	}
	// An error of reading shows when the text is continued.
	return nil
}

// is reports whether the next byte is c.
func (l *lexer) is(c byte) bool {
	if l.i == len(l.w.bytes()) && l.more() != nil {
		return false
	}
	return l.w.bytes()[l.i] == c
}

// digits passes one digit or more.
func (l *lexer) digits() error {
	for n := 0; ; n++ {
		if l.i == len(l.w.bytes()) {
			if err := l.more(); errors.Is(err, io.EOF) && n > 0 {
				return nil
			} else if err != nil {
				return l.failed(err)
			}
		}
		if c := l.w.bytes()[l.i]; c < '0' || c > '9' {
			if n == 0 {
				return l.malformed("a digit is expected here")
			}
			return nil
		}
		l.i++
	}
}

// literal passes a word.
func (l *lexer) literal(word string) error {
	if err := l.need(len(word)); err != nil {
		return err
	}
	if string(l.w.bytes()[l.i:l.i+len(word)]) != word {
		return l.malformed("a value is expected here")
	}
	l.i += len(word)
	return nil
}
