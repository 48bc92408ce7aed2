package source

import (
	"errors"
	"io"
	"os"
)

// stdinName is what users see of standard input.
const stdinName = "stdin"

// stdin spools standard input, which is read more than once, to a file that only this user can
// read (os.CreateTemp sees to that).
func (f *finder) stdin() error {
	if f.opts.Stdin == nil {
		return &Error{StdinPath, CodeUnreadable, "there is no standard input", "give a path", nil}
	}
	spool, err := os.CreateTemp(f.opts.TempDir, "rye-import-stdin-*")
	if err != nil {
		return &Error{stdinName, CodeUnreadable, "it cannot be spooled", "make room for temporary files, or set TMPDIR", err}
	}
	f.set.closers = append(f.set.closers, func() error { return errors.Join(spool.Close(), os.Remove(spool.Name())) })

	size, err := io.Copy(spool, &interruptible{f.ctx.Err, f.opts.Stdin})
	switch {
	case err != nil && f.ctx.Err() != nil:
		return f.ctx.Err()
	case err != nil:
		return &Error{stdinName, CodeUnreadable, "it cannot be spooled", "make room for temporary files, or set TMPDIR", err}
	case size == 0:
		return &Error{stdinName, CodeEmpty, "standard input is empty", "check the command before the pipe", nil}
	}
	// It can be given but once: a second "-" would find the end of it.
	f.opts.Stdin = nil

	head, err := readHead(io.NewSectionReader(spool, 0, size))
	if err != nil {
		return wrap(stdinName, err)
	}
	kind, reason := classify(stdinName, head)
	switch kind {
	case kindOther:
		f.skip(stdinName, reason)
		return nil
	case kindZip:
		return f.zip(stdinName, "", spool, size)
	case kindCompound:
		return f.compound(stdinName, io.NewSectionReader(spool, 0, size))
	}
	return f.file(&File{
		Path: stdinName, Size: size, opts: f.opts,
		open: func() (io.ReadCloser, error) { return io.NopCloser(io.NewSectionReader(spool, 0, size)), nil },
	}, kind)
}

// interruptible ends a copy between two reads.
type interruptible struct {
	done func() error
	r    io.Reader
}

func (i *interruptible) Read(p []byte) (int, error) {
	if err := i.done(); err != nil {
		return 0, err
	}
	return i.r.Read(p)
}
