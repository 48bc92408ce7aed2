package decode

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"io"
	"unicode/utf8"
)

// meter measures the bytes that are read through it: their hash and number, the lines, and what
// tells one encoding of single bytes from another.
type meter struct {
	r    io.Reader
	unit codeUnit
	mark int // bytes of the byte order mark, which need not be a unit

	hash   hash.Hash
	bytes  int64
	lf, cr int64
	last   uint32 // last code unit
	carry  []byte // incomplete unit or character

	multi  int64 // UTF-8 sequences of more than one byte
	broken int64 // bytes that are part of no UTF-8 sequence
	cp1252 bool  // some byte is a character in windows-1252 and a control in ISO-8859-1
}

func newMeter(r io.Reader) *meter { return &meter{r: r, hash: sha256.New()} }

func (m *meter) Read(p []byte) (int, error) {
	n, err := m.r.Read(p)
	m.measure(p[:n])
	return n, err
}

// measure takes the next bytes of the file.
func (m *meter) measure(p []byte) {
	if len(p) == 0 {
		return
	}
	m.hash.Write(p)
	m.bytes += int64(len(p))
	if m.unit.size > 1 {
		n := min(m.mark, len(p))
		m.mark -= n
		m.wide(p[n:])
		return
	}
	m.lf += int64(bytes.Count(p, []byte{'\n'}))
	m.cr += int64(bytes.Count(p, []byte{'\r'}))
	m.last = uint32(p[len(p)-1])
	m.single(p)
}

func (m *meter) wide(p []byte) {
	size := m.unit.size
	for len(m.carry) > 0 && len(p) > 0 {
		m.carry = append(m.carry, p[0])
		p = p[1:]
		if len(m.carry) == size {
			m.count(m.unit.value(m.carry))
			m.carry = m.carry[:0]
		}
	}
	for ; len(p) >= size; p = p[size:] {
		m.count(m.unit.value(p))
	}
	m.carry = append(m.carry, p...)
}

func (m *meter) count(v uint32) {
	switch v {
	case '\n':
		m.lf++
	case '\r':
		m.cr++
	}
	m.last = v
}

// single looks for what speaks for and against UTF-8.
func (m *meter) single(p []byte) {
	for len(m.carry) > 0 && len(p) > 0 {
		m.carry = append(m.carry, p[0])
		p = p[1:]
		m.settle(false)
	}
	for {
		p = p[asciiPrefix(p):]
		if len(p) == 0 {
			return
		}
		if !utf8.FullRune(p) {
			m.carry = append(m.carry[:0], p...)
			return
		}
		p = p[m.character(p):]
	}
}

// settle looks at the character that was cut by the end of a read.
func (m *meter) settle(last bool) {
	for len(m.carry) > 0 && (last || utf8.FullRune(m.carry)) {
		n := m.character(m.carry)
		m.carry = m.carry[:copy(m.carry, m.carry[n:])]
	}
}

func (m *meter) character(p []byte) int {
	r, n := utf8.DecodeRune(p)
	switch {
	case n > 1:
		m.multi++
	case r == utf8.RuneError:
		m.broken++
	}
	for _, b := range p[:n] {
		if b >= 0x80 && b < 0xa0 && b != 0x81 && b != 0x8d && b != 0x8f && b != 0x90 && b != 0x9d {
			m.cp1252 = true
		}
	}
	return n
}

// encoding names the encoding of a file of single bytes, which must have been read to its end.
func (m *meter) encoding(bom bool) string {
	m.settle(true)
	const clearly = 10
	switch {
	case bom:
		return utf8BOMName
	case m.broken == 0, m.multi >= clearly*m.broken:
		return utf8Name
	case m.cp1252:
		return cp1252Name
	default:
		return latin1Name
	}
}

// lines returns the number of physical lines, and whether they end in CR alone.
func (m *meter) lines() (n int64, bareCR bool) {
	n, end := m.lf, uint32('\n')
	if m.lf == 0 && m.cr > 0 {
		n, end, bareCR = m.cr, '\r', true
	}
	if m.bytes > 0 && m.last != end {
		n++
	}
	return n, bareCR
}

func (m *meter) sum() string { return hex.EncodeToString(m.hash.Sum(nil)) }
