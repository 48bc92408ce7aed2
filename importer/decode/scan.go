package decode

import (
	"bytes"
	"context"
	"errors"
	"io"
	"sync"
)

// headBytes is how much of a file is looked at to tell what it is. In the widest encoding it is room
// for maxTitleBytes and maxHeader.
const headBytes = 2 << 20

// heads has room for the heads of files. Without it, that would be most of the memory that a survey takes.
var heads = sync.Pool{New: func() any {
	const small = 16 << 10
	room := make([]byte, 0, small)
	return &room
}}

// Scan reads a file once, from its beginning to its end, and says what it is and how to read it.
//
// A file that is no export (binary data, HTML, prose) has the format FormatUnknown, with a reason;
// that is no error. Errors are those of reading, an encoding that nobody knows, a *FileError for
// JSON that is malformed, and ctx.Err().
func Scan(ctx context.Context, open func() (io.ReadCloser, error), opts Options) (*Profile, error) {
	opts = opts.withDefaults()
	if err := opts.Check(); err != nil {
		return nil, err
	}
	wish, err := encodingName(opts.Encoding)
	if err != nil {
		return nil, err
	}
	r, err := open()
	if err != nil {
		return nil, err
	}
	defer func() { _ = r.Close() }() // it was only read

	in := &input{ctx, r}
	m := newMeter(in)
	room := heads.Get().(*[]byte)
	defer heads.Put(room)
	head, complete, err := readHeadInto(*room, in, headBytes)
	if err != nil {
		return nil, err
	}
	*room = head
	s := scanner{opts: opts, meter: m, head: head, complete: complete, wish: wish}
	m.unit, m.mark = unitOf(s.family()), bomLength(s.family(), head)
	m.measure(head)
	return s.scan()
}

// scanner is the state of one Scan.
type scanner struct {
	opts     Options
	meter    *meter
	head     []byte // nothing of it is kept
	complete bool   // head is all there is
	wish     string // encoding that was asked for
}

// family returns an encoding with the code units of the file; for single bytes that is any.
func (s *scanner) family() string {
	switch s.wish {
	case "":
		if name := sniffUnits(s.head); name != "" {
			return name
		}
		return utf8Name
	case anyUTF16Name, anyUTF32Name:
		small, big := utf16LEName, utf16BEName
		if s.wish == anyUTF32Name {
			small, big = utf32LEName, utf32BEName
		}
		if sniffUnits(s.head) == big {
			return big
		}
		return small
	default:
		return s.wish
	}
}

// encoding returns the encoding. What it says of the family of single bytes can be relied on when
// all of the file has been measured.
func (s *scanner) encoding() string {
	if name := s.family(); s.wish != "" || unitOf(name).size > 1 {
		return name
	}
	return s.meter.encoding(hasPrefix(s.head, 0xef, 0xbb, 0xbf))
}

func (s *scanner) scan() (*Profile, error) {
	p := &Profile{}
	family := s.family()
	wide := unitOf(family).size > 1
	_, bareCR := s.meter.lines()
	text := decodeHead(s.head, family, bareCR)
	switch {
	case len(bytes.TrimSpace(text)) == 0 && s.complete:
		p.Format, p.Reason = FormatEmpty, "there is nothing in the file"
	case noText(text, wide) != "":
		p.Format, p.Reason = FormatUnknown, noText(text, wide)
	case isJSON(text):
		if err := s.json(p, family, isNDJSON(text)); err != nil {
			return nil, err
		}
	default:
		p.Format = FormatCSV
	}

	if !s.complete {
		// Whatever the format did not need is still to be measured.
		if err := drain(s.meter); err != nil {
			return nil, err
		}
	}
	p.Encoding = s.encoding()
	p.SHA256 = s.meter.sum()
	p.Bytes = s.meter.bytes
	p.Lines, p.BareCR = s.meter.lines()
	switch {
	case p.Format == FormatCSV:
		s.csv(p)
	case family == utf8Name && (p.Encoding == latin1Name || p.Encoding == cp1252Name):
		// The keys were read before the encoding was certain.
		p.Envelope = decodeString(p.Envelope, p.Encoding)
		for _, names := range [][]string{p.Header, p.Types, p.Always} {
			for i := range names {
				names[i] = decodeString(names[i], p.Encoding)
			}
		}
	}
	return p, nil
}

// drain reads r to its end. io.Discard would do so in small portions.
func drain(r io.Reader) error {
	buf := make([]byte, 256<<10)
	for idle := 0; idle < maxIdle; idle++ {
		n, err := r.Read(buf)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if n > 0 {
			idle = 0
		}
	}
	return io.ErrNoProgress
}

// csv finds out about the header once the encoding is certain.
func (s *scanner) csv(p *Profile) {
	l, reason := sniffCSV(decodeHead(s.head, p.Encoding, p.BareCR), s.opts, s.complete)
	if reason != "" {
		p.Format, p.Reason = FormatUnknown, reason
		return
	}
	p.Delimiter, p.Header, p.Quote, p.HeaderLine, p.Titles = l.delimiter, l.names, l.quote, l.line, l.titles
	if keep := sourceColumns(l.names); isRejectFile(l.names) && len(keep) > 0 {
		p.Reject = true
		p.Header = pick(l.names, keep)
	}
	p.Always = p.Header
}
