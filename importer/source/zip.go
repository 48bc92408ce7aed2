package source

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"

	"github.com/projectrye/rye-import/importer/source/xlsx"
)

// zip adds the entries of an archive, or the sheets of a workbook. Everything that the directory of the
// archive can tell is checked here, before the first byte is unpacked; that it told the truth is checked
// by the reader of each entry (archive/zip ends an entry that grows beyond its declared size).
func (f *finder) zip(shown, label string, r io.ReaderAt, size int64) error {
	z, err := f.directory(shown, r, size)
	if err != nil {
		return err
	}
	a := archive{f: f, shown: shown, label: label, size: size, folders: map[string]int{}}
	switch {
	case xlsx.IsBook(z):
		return a.workbook(z)
	case isOffice(z.File):
		f.skip(shown, reasonOffice)
		return nil
	}
	return a.add(z.File)
}

// directory reads the directory of a zip, if it is not too large.
func (f *finder) directory(shown string, r io.ReaderAt, size int64) (*zip.Reader, error) {
	what := "zip"
	if isWorkbookName(strings.ToLower(path.Ext(shown))) {
		what = "workbook"
	}
	limited := &directoryLimit{r: r, max: f.opts.MaxEntries, armed: true}
	z, err := zip.NewReader(limited, size)
	limited.armed = false
	switch {
	case errors.Is(err, errTooMany) || err == nil && len(z.File) > f.opts.MaxEntries:
		return nil, &Error{
			shown, CodeTooMany, fmt.Sprintf("the %s has more than %d entries", what, f.opts.MaxEntries),
			remedyRepack, nil,
		}
	case errors.Is(err, zip.ErrInsecurePath): // only with a GODEBUG setting; names are checked below
	case errors.Is(err, zip.ErrFormat), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return nil, &Error{
			shown, CodeTruncated, fmt.Sprintf("the %s has no valid directory at its end, so part of it is missing", what),
			remedyFetchAgain, err,
		}
	case err != nil:
		return nil, wrap(shown, err)
	}
	return z, nil
}

// archive is the state of reading the directory of one zip.
type archive struct {
	f        *finder
	shown    string
	label    string
	size     int64
	unpacked int64
	folders  map[string]int // number of files, by folder that is skipped as a whole
}

func (a *archive) add(entries []*zip.File) error {
	names := make(map[string]bool, len(entries))
	before := len(a.f.set.Files) + len(a.f.set.Skipped)
	for _, e := range entries {
		if err := a.f.ctx.Err(); err != nil {
			return err
		}
		name, err := a.name(e)
		if err != nil {
			return err
		}
		if strings.HasSuffix(e.Name, "/") {
			continue
		}
		if names[name] {
			return &Error{
				a.shown, CodeDuplicateName, fmt.Sprintf("the zip has two entries named %q", name),
				"unpack it, decide which one is right, and give the folder instead", nil,
			}
		}
		names[name] = true
		if err := a.entry(e, name); err != nil {
			return err
		}
	}
	for folder, n := range a.folders {
		reason := fmt.Sprintf("hidden folder of %d files", n)
		if isBinaryFolder(path.Base(folder)) {
			reason = binaryFolderReason(n)
		}
		a.f.skip(a.shown+"/"+folder, reason)
	}
	if len(a.f.set.Files)+len(a.f.set.Skipped) == before {
		a.f.skip(a.shown, "zip without files")
	}
	return nil
}

// entry adds one entry that is not a folder.
func (a *archive) entry(e *zip.File, name string) error {
	shown := a.shown + "/" + name
	if folder, ok := skippedFolder(name); ok {
		a.folders[folder]++
		return nil
	}
	if isHidden(path.Base(name)) {
		a.f.skip(shown, hiddenReason)
		return nil
	}
	if mode := e.Mode(); mode&fs.ModeType != 0 {
		a.f.skip(shown, "symbolic link or device inside a zip")
		return nil
	}
	ext := strings.ToLower(path.Ext(name))
	if reason := otherByName(ext); reason != "" && !isOldExcel(ext) {
		a.f.skip(shown, reason)
		return nil
	}
	if err := a.check(e, shown); err != nil {
		return err
	}
	file := &File{
		Path: shown, Size: int64(e.UncompressedSize64), label: a.label, opts: a.f.opts,
		open: func() (io.ReadCloser, error) { return e.Open() },
	}
	if isTextName(ext) { // File.Open still sees to gzip
		return a.f.file(file, kindText)
	}
	head, err := a.head(e)
	if err != nil {
		return wrap(shown, err)
	}
	kind, reason := classify(name, head)
	switch {
	case kind == kindZip && isWorkbookName(ext):
		return a.inner(e, shown)
	case kind == kindZip:
		kind, reason = kindOther, reasonInnerZip
	case kind == kindCompound:
		r, err := e.Open()
		if err != nil {
			return wrap(shown, err)
		}
		defer r.Close()
		return a.f.compound(shown, r)
	}
	if kind == kindOther {
		a.f.skip(shown, reason)
		return nil
	}
	return a.f.file(file, kind)
}

func (a *archive) head(e *zip.File) ([]byte, error) {
	r, err := e.Open()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return readHead(r)
}

// check looks at what the directory says about an entry that is going to be read.
func (a *archive) check(e *zip.File, shown string) error {
	const encrypted = 1 << 0
	if e.Flags&encrypted != 0 {
		return &Error{shown, CodeEncrypted, "the zip entry is encrypted", "unpack the zip with its password and give the folder instead", nil}
	}
	if e.Method != zip.Store && e.Method != zip.Deflate {
		return &Error{
			shown, CodeUnsupported, fmt.Sprintf("the zip entry is compressed by method %d, not by deflate", e.Method),
			"unpack the zip and give the folder instead", nil,
		}
	}
	// Sizes are checked one by one before they are summed up, so that no sum can overflow.
	if e.UncompressedSize64 > uint64(a.f.opts.MaxUnpacked) || e.CompressedSize64 > uint64(a.size) {
		return &Error{
			shown, CodeBomb, fmt.Sprintf("the zip entry claims to be of %d bytes, %d packed", e.UncompressedSize64, e.CompressedSize64),
			remedyRepack, nil,
		}
	}
	unpacked := int64(e.UncompressedSize64)
	a.unpacked += unpacked
	a.f.unpacked += unpacked
	switch {
	case a.f.opts.isBomb(unpacked, int64(e.CompressedSize64)):
		return &Error{
			shown, CodeBomb, fmt.Sprintf("%d bytes of the zip unpack to %d bytes", e.CompressedSize64, unpacked),
			remedyRepack, nil,
		}
	case a.f.opts.isBomb(a.unpacked, a.size): // entries that overlap share their packed bytes
		return &Error{
			a.shown, CodeBomb, fmt.Sprintf("%d bytes of zip unpack to at least %d bytes", a.size, a.unpacked),
			remedyRepack, nil,
		}
	case a.f.unpacked > a.f.opts.MaxUnpacked:
		return &Error{
			a.shown, CodeBomb, fmt.Sprintf("the zips unpack to more than %d bytes", a.f.opts.MaxUnpacked),
			"import them one by one, or unpack them and give the folder instead", nil,
		}
	}
	return nil
}

// name returns the clean name of an entry. A name that could mean a place outside of the archive
// is refused although nothing is ever unpacked: such a zip was made to harm.
func (a *archive) name(e *zip.File) (string, error) {
	name := e.Name
	if !utf8.ValidString(name) {
		// Names that are not marked as UTF-8 are in the code page of the first IBM PC.
		if decoded, err := charmap.CodePage437.NewDecoder().String(name); err == nil {
			name = decoded
		}
	}
	var why string
	switch {
	case name == "":
		why = "an empty name"
	case strings.HasPrefix(name, "/"):
		why = "an absolute name"
	case len(name) > 1 && name[1] == ':':
		why = "a drive letter in the name"
	case strings.Contains(name, `\`):
		why = "a backslash in the name"
	case strings.ContainsFunc(name, unicode.IsControl):
		why = "a control character in the name"
	case strings.Contains("/"+name+"/", "/../"):
		why = "a name that leads out of the zip"
	default:
		return path.Clean(name), nil
	}
	return "", &Error{a.shown, CodeInsecureName, fmt.Sprintf("the zip entry %q has %s", e.Name, why), remedyRepack, nil}
}

// skippedFolder returns the folder of attachments, or the hidden one, that an entry lies in.
func skippedFolder(name string) (string, bool) {
	for i, c := range name {
		if c != '/' {
			continue
		}
		if base := path.Base(name[:i]); isBinaryFolder(base) || isHidden(base) {
			return name[:i], true
		}
	}
	return "", false
}

// isOffice reports whether a zip is a document of an office suite under another name.
func isOffice(entries []*zip.File) bool {
	for _, e := range entries {
		if e.Name == "[Content_Types].xml" || e.Name == "META-INF/manifest.xml" {
			return true
		}
	}
	return false
}

var errTooMany = errors.New("too many entries in the zip")

// directoryLimit stops archive/zip from loading a directory of any number of entries: it counts
// the marks of entries in what is read while it is armed. A mark that falls on the border of two
// reads is missed, one in about ninety at the very most, so the number of the entries is checked
// again at the end.
type directoryLimit struct {
	r     io.ReaderAt
	max   int
	armed bool
	n     int
	bytes int64
}

func (d *directoryLimit) ReadAt(p []byte, off int64) (int, error) {
	n, err := d.r.ReadAt(p, off)
	if d.armed {
		const slack = 2000 // the last 65 KiB may be read twice, in search of the directory's end
		d.n += bytes.Count(p[:n], []byte("PK\x01\x02"))
		d.bytes += int64(n)
		// Names and comments count too: each entry may have a kilobyte of them on average.
		if d.n > d.max+slack || d.bytes > int64(d.max)<<10+1<<20 {
			return 0, errTooMany
		}
	}
	return n, err
}
