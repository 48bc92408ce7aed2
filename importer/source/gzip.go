package source

import (
	"bufio"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
)

// decompress returns the bytes of r, unpacked if they are gzip, with the file named in each error.
// It goes by what the bytes are and not by what was seen when the file was found.
func decompress(f *File, r io.ReadCloser) (io.ReadCloser, error) {
	// Reads larger than this buffer bypass it, so it costs plain files nothing.
	buffered := bufio.NewReaderSize(r, 16)
	head, err := buffered.Peek(2)
	if err != nil && !errors.Is(err, io.EOF) {
		r.Close()
		return nil, f.wrap(err)
	}
	if !isGzip(head) {
		return &reader{f, buffered, r}, nil
	}
	packed := &counter{r: buffered}
	// A reader of its own size, as deflate reads single bytes.
	unpacked, err := gzip.NewReader(bufio.NewReaderSize(packed, 32<<10))
	if err != nil {
		r.Close()
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return nil, f.wrap(err)
	}
	return &reader{f, &guard{file: f, r: unpacked, packed: packed}, r}, nil
}

// insideGzip says why a gzip file is not for import, or "" if it is.
func insideGzip(f *File) (string, error) {
	r, err := f.Open()
	if err != nil {
		return "", err
	}
	defer r.Close()
	head, err := readHead(r)
	if err != nil {
		return "", err
	}
	if isZip(head) {
		return "zip inside gzip; unpack it first", nil
	}
	return otherByContent(head), nil
}

// counter counts the bytes that pass.
type counter struct {
	r io.Reader
	n int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

// guard stops a stream that unpacks to more than the limits allow. What gzip says about its size is not
// to be trusted (and is modulo 4 GiB), and of a worksheet nothing says it, so it counts.
type guard struct {
	file   *File
	r      io.Reader
	packed *counter
	n      int64
}

func (g *guard) Read(p []byte) (int, error) {
	n, err := g.r.Read(p)
	g.n += int64(n)
	opts := g.file.opts
	if opts.isBomb(g.n, g.packed.n) || g.n > opts.MaxUnpacked {
		return 0, &Error{
			g.file.Path, CodeBomb,
			fmt.Sprintf("%d packed bytes unpack to more than %d bytes", g.packed.n, g.n), remedyRepack, nil,
		}
	}
	return n, err
}

// reader names the file in the errors of what it reads.
type reader struct {
	file *File
	io.Reader
	closer io.Closer
}

func (r *reader) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	if err != nil {
		err = r.file.wrap(err)
	}
	return n, err
}

func (r *reader) Close() error { return r.closer.Close() }
