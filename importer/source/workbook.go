package source

import (
	"archive/zip"
	"bytes"
	"errors"
	"io"
	"os"
	"path"
	"strings"
	"unicode"

	"github.com/projectrye/rye-import/importer/source/xlsx"
)

// workbook adds the worksheets of a workbook that have values.
func (a *archive) workbook(z *zip.Reader) error {
	for _, e := range z.File {
		if err := a.f.ctx.Err(); err != nil {
			return err
		}
		// Its pictures are not read. They count all the same: none makes a workbook a bomb.
		if err := a.check(e, a.shown); err != nil {
			return err
		}
	}
	book, err := xlsx.Open(z, xlsx.Options{TempDir: a.f.opts.TempDir})
	if err != nil {
		return wrap(a.shown, err)
	}
	a.f.set.closers = append(a.f.set.closers, book.Close)
	for _, s := range book.Sheets {
		if err := a.f.ctx.Err(); err != nil {
			return err
		}
		shown := a.shown + "/" + sheetName(s.Name)
		if s.Skip != "" {
			a.f.skip(shown, s.Skip)
			continue
		}
		file := &File{
			Path: shown, Size: -1, Sheet: true, label: a.label, opts: a.f.opts,
		}
		file.open = func() (io.ReadCloser, error) {
			r, err := book.Read(s)
			if err != nil {
				return nil, err
			}
			// Texts that many cells share are written but once, which is another way to make a bomb.
			return &reader{file, &guard{file: file, r: r, packed: &counter{n: a.size}}, r}, nil
		}
		empty, err := isEmpty(file)
		switch {
		case err != nil:
			return err
		case empty:
			a.f.skip(shown, "worksheet without values")
		default:
			a.f.set.Files = append(a.f.set.Files, file)
		}
	}
	return nil
}

// sheetName returns the name of a sheet as the last part of a path.
func sheetName(name string) string {
	name = strings.Map(func(r rune) rune {
		if r == '/' || unicode.IsControl(r) {
			return '_'
		}
		return r
	}, display(name))
	switch name {
	case "", ".", "..":
		return "_"
	}
	return name
}

func isEmpty(f *File) (bool, error) {
	r, err := f.Open()
	if err != nil {
		return false, err
	}
	defer r.Close()
	_, err = io.ReadFull(r, make([]byte, 1))
	if errors.Is(err, io.EOF) {
		return true, nil
	}
	return false, err
}

// inner adds a workbook that lies in a zip. It is read at random, and so it is unpacked to a file that
// only this user can read.
func (a *archive) inner(e *zip.File, shown string) error {
	r, err := e.Open()
	if err != nil {
		return wrap(shown, err)
	}
	defer r.Close()
	spool, err := os.CreateTemp(a.f.opts.TempDir, "rye-import-xlsx-*")
	if err != nil {
		return unspooled(shown, err)
	}
	a.f.set.closers = append(a.f.set.closers, func() error { return errors.Join(spool.Close(), os.Remove(spool.Name())) })
	packed := &failure{r: &interruptible{a.f.ctx.Err, r}}
	size, err := io.Copy(spool, packed)
	switch {
	case packed.err != nil:
		return wrap(shown, packed.err)
	case err != nil:
		return unspooled(shown, err)
	}
	z, err := a.f.directory(shown, spool, size)
	switch {
	case err != nil:
		return err
	case xlsx.IsBook(z):
		book := archive{f: a.f, shown: shown, label: a.label, size: size}
		return book.workbook(z)
	case isOffice(z.File):
		a.f.skip(shown, reasonOffice)
	default: // which may hold itself
		a.f.skip(shown, reasonInnerZip)
	}
	return nil
}

func unspooled(shown string, err error) error {
	return &Error{shown, CodeUnreadable, "it cannot be spooled", "make room for temporary files, or set TMPDIR", err}
}

// failure keeps the error of a reader apart from that of the writer it is copied to.
type failure struct {
	r   io.Reader
	err error
}

func (f *failure) Read(p []byte) (int, error) {
	n, err := f.r.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		f.err = err
	}
	return n, err
}

// compound leaves out what is in the container of old Office documents, an .xls for example. What should
// be a workbook and has a password is an error.
func (f *finder) compound(shown string, r io.Reader) error {
	// The name of the part that holds the encrypted document, in UTF-16.
	marker := []byte("E\x00n\x00c\x00r\x00y\x00p\x00t\x00e\x00d\x00P\x00a\x00c\x00k\x00a\x00g\x00e\x00")
	buf := make([]byte, 64<<10)
	kept := 0
	for {
		if err := f.ctx.Err(); err != nil {
			return err
		}
		n, err := r.Read(buf[kept:])
		seen := buf[:kept+n]
		if bytes.Contains(seen, marker) {
			if shown != stdinName && !isWorkbookName(strings.ToLower(path.Ext(shown))) {
				f.skip(shown, "document with a password; save a workbook without it, as .xlsx")
				return nil
			}
			return &Error{
				shown, CodeEncrypted, "the workbook is protected by a password",
				"open it with Excel or LibreOffice, save it without the password, and give that file", nil,
			}
		}
		if errors.Is(err, io.EOF) {
			f.skip(shown, reasonOldOffice)
			return nil
		}
		if err != nil {
			return wrap(shown, err)
		}
		kept = copy(buf, seen[max(0, len(seen)-len(marker)+1):])
	}
}
