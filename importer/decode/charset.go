package decode

import (
	"fmt"
	"slices"
	"strings"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/htmlindex"
)

// The encodings that are detected. All others must be asked for.
const (
	utf8Name     = "utf-8"
	utf8BOMName  = "utf-8-bom"
	utf16LEName  = "utf-16le"
	utf16BEName  = "utf-16be"
	utf32LEName  = "utf-32le"
	utf32BEName  = "utf-32be"
	latin1Name   = "iso-8859-1"
	cp1252Name   = "windows-1252"
	anyUTF16Name = "utf-16" // of either order; only as a wish
	anyUTF32Name = "utf-32"
)

// UnknownEncodingError is an Options.Encoding that nobody knows.
type UnknownEncodingError struct{ Name string }

// Error names the encoding and those that there are.
func (e *UnknownEncodingError) Error() string {
	return fmt.Sprintf("encoding %q is not known; use one of %s", e.Name, strings.Join(encodings(), ", "))
}

// encodings returns the names to choose from. Their aliases are accepted too.
func encodings() []string {
	return []string{
		utf8Name, utf16LEName, utf16BEName, utf32LEName, utf32BEName, latin1Name,
		"iso-8859-2", "iso-8859-5", "iso-8859-7", "iso-8859-15",
		"windows-1250", "windows-1251", cp1252Name, "windows-1253", "windows-1254", "windows-1255",
		"windows-1256", "windows-1257", "windows-1258", "koi8-r", "macintosh",
		"big5", "euc-jp", "euc-kr", "gb18030", "gbk", "iso-2022-jp", "shift_jis",
	}
}

// encodingName returns the one name of an encoding that has many spellings.
func encodingName(name string) (string, error) {
	plain := strings.ToLower(strings.TrimSpace(name))
	squeezed := strings.NewReplacer("-", "", "_", "", " ", "").Replace(plain)
	switch squeezed {
	case "":
		return "", nil
	case "utf8", "ascii", "usascii":
		return utf8Name, nil
	case "utf8bom", "utf8sig":
		return utf8BOMName, nil
	case "utf16", "ucs2", "unicode":
		return anyUTF16Name, nil
	case "utf16le", "ucs2le":
		return utf16LEName, nil
	case "utf16be", "ucs2be":
		return utf16BEName, nil
	case "utf32", "ucs4":
		return anyUTF32Name, nil
	case "utf32le", "ucs4le":
		return utf32LEName, nil
	case "utf32be", "ucs4be":
		return utf32BEName, nil
	case "iso88591", "88591", "latin1", "l1", "isolatin1":
		return latin1Name, nil
	case "windows1252", "cp1252", "win1252", "1252", "ansi":
		return cp1252Name, nil
	case "latin9":
		return "iso-8859-15", nil
	case "macroman":
		return "macintosh", nil
	}
	if enc, err := htmlindex.Get(plain); err == nil {
		canonical, err := htmlindex.Name(enc)
		if err == nil && slices.Contains(encodings(), canonical) {
			return canonical, nil
		}
	}
	return "", &UnknownEncodingError{name}
}

// decoderFor returns the decoder of an encoding that this package does not decode itself.
func decoderFor(name string) (*encoding.Decoder, error) {
	enc, err := htmlindex.Get(name)
	if err != nil {
		return nil, &UnknownEncodingError{name}
	}
	return enc.NewDecoder(), nil
}

// marksInvalid says that the decoder of an encoding puts U+FFFD where bytes are no text. The
// decoders of this package leave invalid UTF-8 there, so that it cannot be mistaken for a U+FFFD
// that the file has.
func marksInvalid(name string) bool {
	switch name {
	case "", utf8Name, utf8BOMName, utf16LEName, utf16BEName, utf32LEName, utf32BEName, latin1Name, cp1252Name:
		return false
	}
	return true
}

// codeUnit is the size of the numbers that an encoding is made of, and their byte order.
type codeUnit struct {
	size int // 1, 2 or 4 bytes
	big  bool
}

func unitOf(name string) codeUnit {
	switch name {
	case utf16LEName:
		return codeUnit{2, false}
	case utf16BEName:
		return codeUnit{2, true}
	case utf32LEName:
		return codeUnit{4, false}
	case utf32BEName:
		return codeUnit{4, true}
	}
	return codeUnit{1, false}
}

// value returns the first unit of b, which must be long enough.
func (u codeUnit) value(b []byte) uint32 {
	switch {
	case u.size == 1:
		return uint32(b[0])
	case u.size == 2 && u.big:
		return uint32(b[0])<<8 | uint32(b[1])
	case u.size == 2:
		return uint32(b[1])<<8 | uint32(b[0])
	case u.big:
		return uint32(b[0])<<24 | uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3])
	default:
		return uint32(b[3])<<24 | uint32(b[2])<<16 | uint32(b[1])<<8 | uint32(b[0])
	}
}

// sniffUnits tells the encodings of two and four bytes a character from the beginning of a file:
// it returns one of the UTF-16 and UTF-32 names, or "" for the encodings of single bytes.
//
// A byte order mark is only believed where the bytes after it do not say otherwise. Salesforce's
// own Data Loader has sample files whose mark is FE FF although they are UTF-32, of either order.
func sniffUnits(head []byte) string {
	claim := ""
	switch {
	case hasPrefix(head, 0xff, 0xfe, 0, 0):
		claim = utf32LEName
	case hasPrefix(head, 0, 0, 0xfe, 0xff):
		claim = utf32BEName
	case hasPrefix(head, 0xff, 0xfe):
		claim = utf16LEName
	case hasPrefix(head, 0xfe, 0xff):
		claim = utf16BEName
	}
	if claim != "" && plausible(head[bomLength(claim, head):], unitOf(claim)) {
		return claim
	}
	for _, name := range []string{utf32LEName, utf32BEName, utf16LEName, utf16BEName} {
		if plausible(head[bomLength(name, head):], unitOf(name)) {
			return name
		}
	}
	if claim == utf16LEName || claim == utf16BEName {
		return claim // as Chinese: no character of it need be ASCII
	}
	return ""
}

func hasPrefix(b []byte, prefix ...byte) bool {
	return len(b) >= len(prefix) && string(b[:len(prefix)]) == string(prefix)
}

// bomLength returns the length of the byte order mark at the beginning of a file of this encoding,
// also if it is the mark of another one.
func bomLength(name string, head []byte) int {
	unit := unitOf(name)
	switch {
	case unit.size > 1 && len(head) >= unit.size && unit.value(head) == 0xfeff:
		return unit.size
	case unit.size > 1 && (hasPrefix(head, 0xff, 0xfe) || hasPrefix(head, 0xfe, 0xff)):
		return 2
	case unit.size == 1 && hasPrefix(head, 0xef, 0xbb, 0xbf):
		return 3
	}
	return 0
}

// plausible reports whether text looks right in units of two or four bytes: the ASCII characters,
// of which every export has some (delimiters, digits, line ends), have to be clearly more than what
// shows that the unit is wrong.
func plausible(text []byte, unit codeUnit) bool {
	const enough = 16 << 10
	text = text[:min(len(text), enough)]
	ascii, wrong, units := 0, 0, 0
	for ; len(text) >= unit.size; text = text[unit.size:] {
		v := unit.value(text)
		units++
		switch {
		case isTextASCII(v):
			ascii++
		case unit.size == 4 && (v == 0 || v > 0x10ffff):
			wrong++
		case unit.size == 2 && (v == 0 || isTextASCII(v>>8) && isTextASCII(v&0xff) || isTextASCII(v>>8) && v&0xff == 0):
			// Two ASCII bytes are a Chinese character at best, and one with a zero after it is of
			// the other byte order.
			wrong++
		}
	}
	return ascii*10 >= units && ascii > 2*wrong && units > 0
}

func isTextASCII(v uint32) bool {
	return v >= 0x20 && v < 0x7f || v == '\t' || v == '\n' || v == '\r'
}
