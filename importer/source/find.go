package source

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// StdinPath is the path that stands for standard input.
const StdinPath = "-"

// Find lists the files that paths name: a folder (with everything below it), a zip (read in place,
// never unpacked; also one that lies in a folder), single files, and "-" for standard input. Of an
// Excel workbook, also one that lies in a zip, each worksheet with values is a file. A file that is
// named twice is read once.
//
// Whatever cannot hold records is left out and named in Skipped: hidden files, other documents,
// pictures and other binary data, the folders in which Salesforce exports attachments, symbolic
// links, devices, and zips within zips. A path that cannot be read at all, that holds not one file
// to import, or an archive that looks damaged or hostile, is an *Error. So is ctx.Err() returned
// once ctx is done.
//
// The Set must be closed.
func Find(ctx context.Context, paths []string, opts Options) (*Set, error) {
	f := &finder{ctx: ctx, opts: opts.withDefaults(), set: &Set{}}
	if len(paths) > 1 {
		f.seen = map[fileKey][]fs.FileInfo{}
	}
	for _, p := range paths {
		if err := f.argument(p); err != nil {
			if closeErr := f.set.Close(); closeErr != nil {
				err = errors.Join(err, closeErr)
			}
			return nil, err
		}
	}
	f.unique()
	return f.set, nil
}

// finder is the state of one Find.
type finder struct {
	ctx      context.Context
	opts     Options
	set      *Set
	unpacked int64                     // of all zips so far
	seen     map[fileKey][]fs.FileInfo // nil if only one path was given
}

// fileKey brings together the files that may be the same one.
type fileKey struct {
	size    int64
	modTime time.Time
}

// argument adds what one path names.
func (f *finder) argument(p string) error {
	if err := f.ctx.Err(); err != nil {
		return err
	}
	files, skipped := len(f.set.Files), len(f.set.Skipped)
	if err := f.add(p); err != nil {
		return err
	}
	slices.SortStableFunc(f.set.Files[files:], func(a, b *File) int { return strings.Compare(a.Path, b.Path) })
	slices.SortStableFunc(f.set.Skipped[skipped:], func(a, b Skipped) int { return strings.Compare(a.Path, b.Path) })
	if len(f.set.Files) == files && !slices.ContainsFunc(f.set.Skipped[skipped:], isAgain) {
		return noFile(p, f.set.Skipped[skipped:])
	}
	return nil
}

func (f *finder) add(p string) error {
	if p == StdinPath {
		return f.stdin()
	}
	info, err := os.Stat(p)
	if err != nil {
		return wrap(p, err)
	}
	abs, err := filepath.Abs(p)
	if err != nil {
		return wrap(p, err)
	}
	switch {
	case info.IsDir():
		return f.folder(p, display(filepath.Base(abs)))
	case info.Mode().IsRegular():
		open := func() (*os.File, error) { return os.Open(abs) }
		return f.regular(display(filepath.Base(abs)), display(filepath.Base(filepath.Dir(abs))), open)
	default:
		return &Error{p, CodeUnsupported, notRegular, `pipe its content in and give the path "-"`, nil}
	}
}

// noFile is the error for a path without any file to import. It names the first things that were
// skipped, as the reason is most likely there.
func noFile(p string, skipped []Skipped) error {
	const enough = 3
	var named []string
	for _, s := range skipped[:min(len(skipped), enough)] {
		named = append(named, fmt.Sprintf("%q (%s)", s.Path, s.Reason))
	}
	if len(skipped) > enough {
		named = append(named, fmt.Sprintf("and %d more", len(skipped)-enough))
	}
	reason := "it holds no file to import"
	if len(named) > 0 {
		reason += "; skipped: " + strings.Join(named, ", ")
	}
	return &Error{p, CodeEmpty, reason, "give the folder, zip or files of an export as CSV, JSON or .xlsx", nil}
}

const (
	notRegular   = "it is a device, a pipe or a socket"
	againReason  = "the same file was given before"
	hiddenReason = "hidden file"
)

func isAgain(s Skipped) bool { return s.Reason == againReason }

func (f *finder) skip(name, reason string) {
	f.set.Skipped = append(f.set.Skipped, Skipped{name, reason})
}

// folder adds the files below a folder. It goes through an os.Root, so that nothing outside the
// folder can be reached even if names are exchanged for links meanwhile.
func (f *finder) folder(dir, label string) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return wrap(dir, err)
	}
	f.set.closers = append(f.set.closers, root.Close)

	for pending := []string{"."}; len(pending) > 0; {
		at := pending[len(pending)-1]
		pending = pending[:len(pending)-1]
		entries, err := readDir(root, at)
		if err != nil {
			return wrap(display(path.Join(dir, at)), err)
		}
		for _, e := range entries {
			if err := f.ctx.Err(); err != nil {
				return err
			}
			name := path.Join(at, e.Name())
			shown := display(name)
			switch kind := e.Type(); {
			case isHidden(e.Name()):
				f.skip(shown, hiddenReason)
			case kind&fs.ModeSymlink != 0:
				f.skip(shown, "symbolic link; give its target as a path of its own to have it read")
			case kind.IsDir() && isBinaryFolder(e.Name()):
				n, err := f.count(root, name)
				if err != nil {
					return wrap(shown, err)
				}
				f.skip(shown, binaryFolderReason(n))
			case kind.IsDir():
				pending = append(pending, name)
			case !kind.IsRegular():
				f.skip(shown, notRegular)
			default:
				if err := f.regular(shown, label, func() (*os.File, error) { return root.Open(name) }); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func readDir(root *os.Root, name string) ([]fs.DirEntry, error) {
	d, err := root.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = d.Close() }()
	return d.ReadDir(-1)
}

// count returns the number of files below a folder. It reads names in portions, since folders of
// attachments can have millions.
func (f *finder) count(root *os.Root, name string) (int, error) {
	n := 0
	for pending := []string{name}; len(pending) > 0; {
		at := pending[len(pending)-1]
		pending = pending[:len(pending)-1]
		d, err := root.Open(at)
		if err != nil {
			return 0, err
		}
		for err == nil {
			var entries []fs.DirEntry
			entries, err = d.ReadDir(1024)
			for _, e := range entries {
				if e.IsDir() {
					pending = append(pending, path.Join(at, e.Name()))
				} else {
					n++
				}
			}
			if f.ctx.Err() != nil {
				err = f.ctx.Err()
			}
		}
		_ = d.Close()
		if !errors.Is(err, io.EOF) {
			return 0, err
		}
	}
	return n, nil
}

// regular adds an ordinary file, or what is inside if it is a zip.
func (f *finder) regular(shown, label string, open func() (*os.File, error)) error {
	r, err := open()
	if err != nil {
		return wrap(shown, err)
	}
	keep := false
	defer func() {
		if !keep {
			_ = r.Close()
		}
	}()
	info, err := r.Stat()
	if err != nil {
		return wrap(shown, err)
	}
	if !info.Mode().IsRegular() { // exchanged since the folder was listed
		f.skip(shown, notRegular)
		return nil
	}
	if f.again(info) {
		f.skip(shown, againReason)
		return nil
	}
	head, err := readHead(r)
	if err != nil {
		return wrap(shown, err)
	}
	kind, reason := classify(shown, head)
	switch kind {
	case kindOther:
		f.skip(shown, reason)
		return nil
	case kindZip:
		keep = true
		f.set.closers = append(f.set.closers, r.Close)
		return f.zip(shown, label, r, info.Size())
	case kindCompound:
		return f.compound(shown, io.NewSectionReader(r, 0, info.Size()))
	}
	file := &File{
		Path: shown, Size: info.Size(), label: label, opts: f.opts,
		open: func() (io.ReadCloser, error) { return open() },
	}
	return f.file(file, kind)
}

// file adds a file that is no zip, after a look into it if it is compressed.
func (f *finder) file(file *File, kind kind) error {
	if kind == kindGzip {
		file.Size = -1
		reason, err := insideGzip(file)
		if err != nil {
			return err
		}
		if reason != "" {
			f.skip(file.Path, reason)
			return nil
		}
	}
	f.set.Files = append(f.set.Files, file)
	return nil
}

// again reports whether the file was given before, also under another name: its records would be
// read twice.
func (f *finder) again(info fs.FileInfo) bool {
	if f.seen == nil {
		return false
	}
	key := fileKey{info.Size(), info.ModTime()}
	for _, other := range f.seen[key] {
		if os.SameFile(info, other) {
			return true
		}
	}
	f.seen[key] = append(f.seen[key], info)
	return false
}

// unique renames the files whose path is that of another: first all of them after the folder that
// they came from, then, if that is not enough, the later ones by a number. The base name stays, as
// the name of the CRM's object is read from it.
func (f *finder) unique() {
	count := make(map[string]int, len(f.set.Files))
	for _, file := range f.set.Files {
		count[file.Path]++
	}
	for _, file := range f.set.Files {
		if count[file.Path] > 1 && file.label != "" {
			file.Path = file.label + "/" + file.Path
		}
	}
	taken := make(map[string]bool, len(f.set.Files))
	for _, file := range f.set.Files {
		name := file.Path
		for n := 2; taken[name]; n++ {
			name = strconv.Itoa(n) + "/" + file.Path
		}
		file.Path = name
		taken[name] = true
	}
}

// display returns a file name as users see it.
func display(name string) string {
	return strings.ToValidUTF8(filepath.ToSlash(name), "\uFFFD")
}
