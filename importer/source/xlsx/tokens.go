package xlsx

import (
	"bufio"
	"encoding/xml"
	"errors"
	"io"
)

// The limits that bound memory. Excel's own are 32,767 characters a cell, 16,384 columns and 1,048,576
// rows.
const (
	maxDepth   = 64 // elements within elements
	maxColumns = 16_384
	maxRows    = 1_048_576
	maxStyles  = 1 << 20
	maxTexts   = 1 << 26
)

// tokens reads the XML of a part.
type tokens struct {
	part    string
	file    io.ReadCloser
	in      *allowance
	xml     *xml.Decoder
	depth   int
	maxText int
}

// open begins to read a part.
func (b *Book) open(part string) (*tokens, error) {
	e := b.parts[part]
	if e == nil {
		return nil, &DamageError{Part: part, Reason: "the part is missing"}
	}
	file, err := e.Open()
	if err != nil {
		return nil, err
	}
	return newTokens(part, file, b.maxText), nil
}

func newTokens(part string, file io.ReadCloser, maxText int) *tokens {
	in := &allowance{r: file, part: part}
	return &tokens{part: part, file: file, in: in, xml: xml.NewDecoder(bufio.NewReaderSize(in, 32<<10)), maxText: maxText}
}

// next returns the next token, and io.EOF behind the last one. It is valid until the one after it.
func (t *tokens) next() (xml.Token, error) {
	t.in.left = t.maxText
	token, err := t.xml.Token()
	if err != nil {
		var syntax *xml.SyntaxError
		if errors.As(err, &syntax) { // whose text may quote the part
			return nil, t.damage("its XML is malformed or ends too early")
		}
		return nil, err
	}
	switch token.(type) {
	case xml.StartElement:
		if t.depth++; t.depth > maxDepth {
			return nil, t.damage("its elements are nested too deep")
		}
	case xml.EndElement:
		t.depth--
	}
	return token, nil
}

// drain reads to the end of the part, where its checksum is checked.
func (t *tokens) drain() error {
	buf := make([]byte, 32<<10)
	for {
		t.in.left = len(buf)
		if _, err := t.in.Read(buf); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
	}
}

// Close closes the part.
func (t *tokens) Close() error { return t.file.Close() }

func (t *tokens) damage(reason string) error { return &DamageError{Part: t.part, Reason: reason} }

// limit returns an error if a text or row of so many bytes is too large.
func (t *tokens) limit(n int) error {
	if n > t.maxText {
		return &LimitError{t.part, "a text or row is larger than Excel could read"}
	}
	return nil
}

// element is the beginning of an element.
type element struct {
	name  string
	in    string // the element around it
	attrs []xml.Attr
}

func (e element) attr(name string) string { return attr(e.attrs, name) }

func attr(attrs []xml.Attr, name string) string {
	for _, a := range attrs {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// each calls fn for all elements of a part, in order.
func (b *Book) each(part string, fn func(element) error) error {
	t, err := b.open(part)
	if err != nil {
		return err
	}
	defer func() { _ = t.Close() }() // it was only read
	var around []string
	for {
		token, err := t.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		switch token := token.(type) {
		case xml.StartElement:
			el := element{name: token.Name.Local, attrs: token.Attr}
			if len(around) > 0 {
				el.in = around[len(around)-1]
			}
			around = append(around, el.name)
			if err := fn(el); err != nil {
				return err
			}
		case xml.EndElement:
			around = around[:len(around)-1]
		}
	}
}

// allowance stops a token that would not end: package xml holds each in memory as a whole.
type allowance struct {
	r    io.Reader
	part string
	left int
}

func (a *allowance) Read(p []byte) (int, error) {
	if a.left <= 0 {
		return 0, &LimitError{a.part, "a text or tag is larger than Excel could read"}
	}
	n, err := a.r.Read(p)
	a.left -= n
	return n, err
}
