package source

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"compress/gzip"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// tree writes files below a new folder and returns it.
func tree(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		at := filepath.Join(dir, filepath.FromSlash(name))
		require.NoError(t, os.MkdirAll(filepath.Dir(at), 0o700))
		require.NoError(t, os.WriteFile(at, []byte(content), 0o600))
	}
	return dir
}

func gz(t *testing.T, content string) string {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, err := w.Write([]byte(content))
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return b.String()
}

// entry is a file of a zip.
type entry struct{ name, content string }

func zipped(t *testing.T, entries ...entry) string {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, e := range entries {
		f, err := w.Create(e.name)
		require.NoError(t, err)
		_, err = f.Write([]byte(e.content))
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	return b.String()
}

// find calls Find and closes the set at the end of the test.
func find(t *testing.T, opts Options, paths ...string) *Set {
	t.Helper()
	s, err := Find(t.Context(), paths, opts)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

func content(t *testing.T, f *File) string {
	t.Helper()
	r, err := f.Open()
	require.NoError(t, err)
	defer func() { require.NoError(t, r.Close()) }()
	b, err := io.ReadAll(r)
	require.NoError(t, err)
	return string(b)
}

// shown lists the files of a set as "path=content" and what was skipped as "path: reason".
func shown(t *testing.T, s *Set) (files, skipped []string) {
	t.Helper()
	for _, f := range s.Files {
		files = append(files, f.Path+"="+content(t, f))
	}
	for _, k := range s.Skipped {
		skipped = append(skipped, k.Path+": "+k.Reason)
	}
	return files, skipped
}

func TestFind_Folder(t *testing.T) {
	t.Parallel()

	dir := tree(t, map[string]string{
		".DS_Store":                 "x",
		".hidden/a.csv":             "x",
		"Attachments/00P1":          "x",
		"B.csv":                     "b",
		"ContentVersion/068a":       "x",
		"ContentVersion/068b":       "x",
		"ContentVersion/deep/068c":  "x",
		"WE_1.ZIP":                  zipped(t, entry{"Contact.csv", "zip"}),
		"a.csv":                     "a",
		"a/z.json":                  "{}",
		"a0.csv":                    "a0",
		"book.ods":                  "PK\x03\x04",
		"~$book.xlsx":               "owner",
		"data.csv.gz":               gz(t, "gz"),
		"disguised.csv":             gz(t, "gzip all the same"),
		"empty.csv":                 "",
		"export":                    "no,extension\n",
		"export.bin":                "\x7fELF\x02\x01\x01\x00\x00\x00\x00",
		"export.xls":                "csv,after,all\n",
		"old.xls":                   "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1....",
		"page.html":                 "<html>",
		"photo.JPG":                 "x",
		"README.md":                 "# About",
		"sub/Documents/015":         "x",
		"tape.gz":                   gz(t, "f.txt"+strings.Repeat("\x00", 252)+"ustar"+strings.Repeat("\x00", 300)),
		"utf16":                     "\xff\xfea\x00,\x00b\x00\n\x00",
		"utf16-without-mark.export": "a\x00,\x00b\x00\n\x00",
	})
	s := find(t, Options{}, dir)
	files, skipped := shown(t, s)
	require.Equal(t, []string{
		"B.csv=b",
		"WE_1.ZIP/Contact.csv=zip",
		"a.csv=a",
		"a/z.json={}",
		"a0.csv=a0",
		"data.csv.gz=gz",
		"disguised.csv=gzip all the same",
		"empty.csv=",
		"export=no,extension\n",
		"export.xls=csv,after,all\n",
		"utf16=\xff\xfea\x00,\x00b\x00\n\x00",
		"utf16-without-mark.export=a\x00,\x00b\x00\n\x00",
	}, files)
	require.Equal(t, []string{
		".DS_Store: hidden file",
		".hidden: hidden file",
		"Attachments: folder of 1 attachments, which are not imported",
		"ContentVersion: folder of 3 attachments, which are not imported",
		"README.md: document",
		"book.ods: spreadsheet that is no .xlsx; save it as .xlsx",
		"export.bin: binary data, not an export",
		"old.xls: document in a format of old versions of Office, as .xls; save a workbook as .xlsx",
		"page.html: document",
		"photo.JPG: picture",
		"sub/Documents: folder of 1 attachments, which are not imported",
		"tape.gz: archive that is neither zip nor gzip; unpack it first",
		"~$book.xlsx: hidden file",
	}, skipped)

	sizes := map[string]int64{}
	for _, f := range s.Files {
		sizes[f.Path] = f.Size
	}
	require.Equal(t, int64(1), sizes["a.csv"])
	require.Equal(t, int64(3), sizes["WE_1.ZIP/Contact.csv"])
	require.Equal(t, int64(-1), sizes["data.csv.gz"])
}

func TestFind_Zip(t *testing.T) {
	t.Parallel()

	inner := zipped(t, entry{"a.csv", "x"})
	dir := tree(t, map[string]string{
		"e.zip": zipped(t,
			entry{"Account.csv", "1"},
			entry{"sub/", ""},
			entry{"sub/Contact.csv", "2"},
			entry{"sub/deep.csv.gz", gz(t, "3")},
			entry{"./Lead.csv", "4"},
			entry{"__MACOSX/._Account.csv", "x"},
			entry{"__MACOSX/._Contact.csv", "x"},
			entry{".DS_Store", "x"},
			entry{"ContentVersion/068a", "x"},
			entry{"ContentVersion/068b", "x"},
			entry{"inner.zip", inner},
			entry{"inner", inner},
			entry{"list.pdf", "x"},
			entry{"README", "text"},
		),
	})
	files, skipped := shown(t, find(t, Options{}, filepath.Join(dir, "e.zip")))
	require.Equal(t, []string{
		"e.zip/Account.csv=1",
		"e.zip/Lead.csv=4",
		"e.zip/README=text",
		"e.zip/sub/Contact.csv=2",
		"e.zip/sub/deep.csv.gz=3",
	}, files)
	require.Equal(t, []string{
		"e.zip/.DS_Store: hidden file",
		"e.zip/ContentVersion: folder of 2 attachments, which are not imported",
		"e.zip/__MACOSX: hidden folder of 2 files",
		"e.zip/inner: zip inside a zip; unpack the outer one first",
		"e.zip/inner.zip: zip inside a zip; unpack the outer one first",
		"e.zip/list.pdf: document",
	}, skipped)
}

func TestFind_ZipOfOffice(t *testing.T) {
	t.Parallel()

	dir := tree(t, map[string]string{
		"a.csv":     "a",
		"book.csv":  zipped(t, entry{"[Content_Types].xml", "x"}, entry{"xl/workbook.bin", "x"}),
		"empty.zip": zipped(t),
		"part.z01":  "PK\x07\x08",
	})
	files, skipped := shown(t, find(t, Options{}, dir))
	require.Equal(t, []string{"a.csv=a"}, files)
	require.Equal(t, []string{
		"book.csv: office document, or a spreadsheet that is no .xlsx; save it as .xlsx",
		"empty.zip: zip without files",
		"part.z01: one part of a split zip; join the parts first",
	}, skipped)
}

func TestFind_Order(t *testing.T) {
	t.Parallel()

	dir := tree(t, map[string]string{"b/2.csv": "", "b/1.csv": "", "a.csv": "", "c.csv": ""})
	s := find(t, Options{}, filepath.Join(dir, "c.csv"), filepath.Join(dir, "b"), filepath.Join(dir, "a.csv"))
	files, _ := shown(t, s)
	require.Equal(t, []string{"c.csv=", "1.csv=", "2.csv=", "a.csv="}, files)
}

func TestFind_UniquePaths(t *testing.T) {
	t.Parallel()

	dir := tree(t, map[string]string{
		"north/Contact.csv": "n", "south/Contact.csv": "s", "south/Lead.csv": "l",
		"x/north/Contact.csv": "xn", "north/Contact.csv.d/Contact.csv": "d",
	})
	s := find(t, Options{}, filepath.Join(dir, "north"), filepath.Join(dir, "south"), filepath.Join(dir, "x", "north", "Contact.csv"))
	files, _ := shown(t, s)
	require.Equal(t, []string{
		"north/Contact.csv=n", "Contact.csv.d/Contact.csv=d", "south/Contact.csv=s", "Lead.csv=l", "2/north/Contact.csv=xn",
	}, files)
}

func TestFind_SameFileTwice(t *testing.T) {
	t.Parallel()

	dir := tree(t, map[string]string{"a.csv": "a", "b.csv": "b", "e.zip": zipped(t, entry{"c.csv", "c"})})
	s := find(t, Options{}, filepath.Join(dir, "a.csv"), dir, filepath.Join(dir, "e.zip"), dir)
	files, skipped := shown(t, s)
	require.Equal(t, []string{"a.csv=a", "b.csv=b", "e.zip/c.csv=c"}, files)
	require.Len(t, skipped, 5)
	require.Equal(t, "a.csv: the same file was given before", skipped[0])
}

func TestFind_Stdin(t *testing.T) {
	t.Parallel()

	for _, tc := range []struct {
		name, in string
		files    []string
		size     int64
	}{
		{"CSV", "a,b\n", []string{"stdin=a,b\n"}, 4},
		{"Gzip", gz(t, "a,b\n"), []string{"stdin=a,b\n"}, -1},
		{"Zip", zipped(t, entry{"Contact.csv", "x"}), []string{"stdin/Contact.csv=x"}, 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()

			temp := t.TempDir()
			s, err := Find(t.Context(), []string{"-"}, Options{Stdin: strings.NewReader(tc.in), TempDir: temp})
			require.NoError(t, err)
			files, _ := shown(t, s)
			require.Equal(t, tc.files, files)
			require.Equal(t, tc.size, s.Files[0].Size)

			spooled, err := os.ReadDir(temp)
			require.NoError(t, err)
			require.Len(t, spooled, 1)
			info, err := spooled[0].Info()
			require.NoError(t, err)
			if runtime.GOOS != "windows" {
				require.Equal(t, fs.FileMode(0o600), info.Mode())
			}

			require.NoError(t, s.Close())
			require.NoError(t, s.Close(), "closing twice is no error")
			left, err := os.ReadDir(temp)
			require.NoError(t, err)
			require.Empty(t, left)
			r, err := s.Files[0].Open()
			if err == nil {
				_, err = io.ReadAll(r)
			}
			require.ErrorIs(t, err, fs.ErrClosed)
		})
	}
}

func TestFile_OpenConcurrently(t *testing.T) {
	t.Parallel()

	long := strings.Repeat("some,cells\n", 100_000)
	dir := tree(t, map[string]string{"a.csv": long, "b.csv.gz": gz(t, long), "c.zip": zipped(t, entry{"c.csv", long})})
	s := find(t, Options{Stdin: strings.NewReader(long)}, dir, "-")
	var wg sync.WaitGroup
	for _, f := range s.Files {
		for range 4 {
			wg.Go(func() {
				r, err := f.Open()
				if err != nil {
					t.Error(err)
					return
				}
				b, err := io.ReadAll(r)
				if err != nil || string(b) != long {
					t.Error("misread", f.Path, err)
				}
				if err := r.Close(); err != nil {
					t.Error(err)
				}
			})
		}
	}
	wg.Wait()
}

// TestFind_Errors has the inputs that Find refuses.
func TestFind_Errors(t *testing.T) {
	t.Parallel()

	good := zipped(t, entry{"Contact.csv", strings.Repeat("x", 1000)})
	truncated := good[:len(good)/2]

	encrypted := []byte(good)
	setFlags(encrypted, 1)
	method := []byte(good)
	binary.LittleEndian.PutUint16(method[bytes.Index(method, []byte("PK\x01\x02"))+10:], 9)
	lying := []byte(good)
	binary.LittleEndian.PutUint32(lying[bytes.Index(lying, []byte("PK\x01\x02"))+20:], 1<<31)

	many := make([]entry, 101)
	for i := range many {
		many[i].name = fmt.Sprint(i, ".csv")
	}
	small := Options{MaxEntries: 100, RatioFloor: 20_000, MaxRatio: 250, MaxUnpacked: 1 << 20}
	zeros := strings.Repeat("0", 100_000)

	for _, tc := range []struct {
		name  string
		files map[string]string
		path  string // below the folder; the folder itself if empty
		opts  Options
		code  Code
		in    string // path in the error
		text  string // part of the message
	}{
		{"DuplicateName", map[string]string{"e.zip": zipped(t, entry{"a.csv", "1"}, entry{"./a.csv", "2"})}, "", Options{}, CodeDuplicateName, "e.zip", `two entries named "a.csv"`},
		{"EmptyFolder", map[string]string{"sub/.keep": ""}, "sub", Options{}, CodeEmpty, "", `it holds no file to import; skipped: ".keep" (hidden file)`},
		{"EmptyFolderOfMany", map[string]string{"a.pdf": "", "b.pdf": "", "c.pdf": "", "d.pdf": ""}, "", Options{}, CodeEmpty, "", `skipped: "a.pdf" (document), "b.pdf" (document), "c.pdf" (document), and 1 more`},
		{"EmptyZip", map[string]string{"e.zip": zipped(t)}, "e.zip", Options{}, CodeEmpty, "", "zip without files"},
		{"EncryptedEntry", map[string]string{"e.zip": string(encrypted)}, "", Options{}, CodeEncrypted, "e.zip/Contact.csv", "unpack the zip with its password"},
		{"GzipTruncated", map[string]string{"a.csv.gz": gz(t, "some text")[:12]}, "", Options{}, CodeTruncated, "a.csv.gz", "end too early"},
		{"GzipWithoutContent", map[string]string{"a.csv.gz": "\x1f\x8b"}, "", Options{}, CodeTruncated, "a.csv.gz", "fetch the file again"},
		{"GzipWithWrongHeader", map[string]string{"a.csv.gz": "\x1f\x8b\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"}, "", Options{}, CodeCorrupt, "a.csv.gz", "damaged"},
		{"InsecureAbsolute", map[string]string{"e.zip": zipped(t, entry{"/etc/a.csv", ""})}, "", Options{}, CodeInsecureName, "e.zip", `"/etc/a.csv" has an absolute name`},
		{"InsecureBackslash", map[string]string{"e.zip": zipped(t, entry{`a\b.csv`, ""})}, "", Options{}, CodeInsecureName, "e.zip", "a backslash in the name"},
		{"InsecureControl", map[string]string{"e.zip": zipped(t, entry{"a\nb.csv", ""})}, "", Options{}, CodeInsecureName, "e.zip", `"a\nb.csv" has a control character`},
		{"InsecureDrive", map[string]string{"e.zip": zipped(t, entry{"C:a.csv", ""})}, "", Options{}, CodeInsecureName, "e.zip", "a drive letter"},
		{"InsecureEmpty", map[string]string{"e.zip": zipped(t, entry{"", ""})}, "", Options{}, CodeInsecureName, "e.zip", "an empty name"},
		{"InsecureFolder", map[string]string{"e.zip": zipped(t, entry{"../", ""}, entry{"a.csv", ""})}, "", Options{}, CodeInsecureName, "e.zip", "leads out of the zip"},
		{"InsecureNUL", map[string]string{"e.zip": zipped(t, entry{"a\x00.csv", ""})}, "", Options{}, CodeInsecureName, "e.zip", "a control character"},
		{"InsecureUp", map[string]string{"e.zip": zipped(t, entry{"a/../../b.csv", ""})}, "", Options{}, CodeInsecureName, "e.zip", "leads out of the zip"},
		{"Missing", nil, "nowhere.csv", Options{}, CodeNotFound, "", "no such file or folder"},
		{"OtherMethod", map[string]string{"e.zip": string(method)}, "", Options{}, CodeUnsupported, "e.zip/Contact.csv", "method 9"},
		{"OldSpreadsheet", map[string]string{"book.xls": compoundMagic}, "book.xls", Options{}, CodeEmpty, "", "save a workbook as .xlsx"},
		{"TooManyEntries", map[string]string{"e.zip": zipped(t, many...)}, "", small, CodeTooMany, "e.zip", "more than 100 entries"},
		{"ZipBomb", map[string]string{"e.zip": zipped(t, entry{"a.csv", zeros})}, "", small, CodeBomb, "e.zip/a.csv", "unpack to 100000 bytes"},
		{"ZipBombOfLies", map[string]string{"e.zip": string(lying)}, "", Options{}, CodeBomb, "e.zip/Contact.csv", "2147483648 packed"},
		{"ZipBombOfManyParts", map[string]string{"e.zip": overlapping(t, 40, 19_000)}, "", small, CodeBomb, "e.zip", "bytes of zip unpack to at least"},
		{"ZipBombTotal", map[string]string{"e.zip": zipped(t, entry{"a.csv", random(600_000)}, entry{"b.csv", random(600_000)})}, "", small, CodeBomb, "e.zip", "the zips unpack to more than 1048576 bytes"},
		{"ZipOfNothing", map[string]string{"e.zip": ""}, "", Options{}, CodeTruncated, "e.zip", "fetch the file again"},
		{"ZipOfText", map[string]string{"e.zip": "a,b\n"}, "", Options{}, CodeTruncated, "e.zip", "fetch the file again"},
		{"ZipTruncated", map[string]string{"e.zip": truncated}, "", Options{}, CodeTruncated, "e.zip", "fetch the file again"},
		{"ZipTruncatedFile", map[string]string{"e.zip": truncated}, "e.zip", Options{}, CodeTruncated, "e.zip", "fetch the file again"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()

			dir := tree(t, tc.files)
			given := filepath.Join(dir, tc.path)
			_, err := Find(t.Context(), []string{given}, tc.opts)
			var bad *Error
			require.ErrorAs(t, err, &bad)
			require.Equal(t, tc.code, bad.Code, err)
			if tc.in == "" {
				tc.in = given
			}
			require.Equal(t, tc.in, bad.Path)
			require.ErrorContains(t, err, tc.text)
			require.NotEmpty(t, bad.Remedy)
			require.True(t, strings.HasSuffix(err.Error(), "; "+bad.Remedy))
		})
	}
}

// setFlags sets the flags of all entries of a zip.
func setFlags(z []byte, flags uint16) {
	binary.LittleEndian.PutUint16(z[6:], flags)
	binary.LittleEndian.PutUint16(z[bytes.Index(z, []byte("PK\x01\x02"))+8:], flags)
}

// random returns text that does not pack well.
func random(n int) string {
	b := make([]byte, n)
	state := uint32(n)
	for i := range b {
		state = state*1664525 + 1013904223
		b[i] = ' ' + byte(state>>24)%90
	}
	return string(b)
}

// overlapping returns a zip of n entries that all point to the same packed bytes.
func overlapping(t *testing.T, n, size int) string {
	t.Helper()
	var packed bytes.Buffer
	w, err := flate.NewWriter(&packed, flate.BestCompression)
	require.NoError(t, err)
	_, err = w.Write([]byte(strings.Repeat("0", size)))
	require.NoError(t, err)
	require.NoError(t, w.Close())

	little := binary.LittleEndian
	b := []byte("PK\x03\x04\x14\x00\x00\x00\x08\x00\x00\x00\x00\x00\x00\x00\x00\x00")
	b = little.AppendUint32(b, uint32(packed.Len()))
	b = little.AppendUint32(b, uint32(size))
	b = append(b, 0, 0, 0, 0)
	b = append(b, packed.Bytes()...)
	begin := len(b)
	for i := range n {
		name := fmt.Sprintf("%02d.csv", i)
		b = append(b, "PK\x01\x02\x14\x00\x14\x00\x00\x00\x08\x00\x00\x00\x00\x00\x00\x00\x00\x00"...)
		b = little.AppendUint32(b, uint32(packed.Len()))
		b = little.AppendUint32(b, uint32(size))
		b = little.AppendUint16(b, uint16(len(name)))
		b = append(b, make([]byte, 16)...)
		b = append(b, name...)
	}
	end := len(b)
	b = append(b, "PK\x05\x06\x00\x00\x00\x00"...)
	b = little.AppendUint16(b, uint16(n))
	b = little.AppendUint16(b, uint16(n))
	b = little.AppendUint32(b, uint32(end-begin))
	b = little.AppendUint32(b, uint32(begin))
	return string(append(b, 0, 0))
}

func TestFind_StdinErrors(t *testing.T) {
	t.Parallel()

	broken := errors.New("pipe burst")
	for _, tc := range []struct {
		name  string
		stdin io.Reader
		code  Code
		cause error
	}{
		{"Broken", io.MultiReader(strings.NewReader("a,b\n"), iotestErr{broken}), CodeUnreadable, broken},
		{"Empty", strings.NewReader(""), CodeEmpty, nil},
		{"None", nil, CodeUnreadable, nil},
		{"Picture", strings.NewReader("\x89PNG\r\n"), CodeEmpty, nil},
		{"TruncatedZip", strings.NewReader("PK\x03\x04abcdef"), CodeTruncated, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()

			temp := t.TempDir()
			_, err := Find(t.Context(), []string{"-"}, Options{Stdin: tc.stdin, TempDir: temp})
			var bad *Error
			require.ErrorAs(t, err, &bad)
			require.Equal(t, tc.code, bad.Code)
			if tc.cause != nil {
				require.ErrorIs(t, err, tc.cause)
			}
			left, err := os.ReadDir(temp)
			require.NoError(t, err)
			require.Empty(t, left, "nothing stays behind")
		})
	}

	_, err := Find(t.Context(), []string{"-", "-"}, Options{Stdin: strings.NewReader("a"), TempDir: t.TempDir()})
	require.ErrorContains(t, err, "there is no standard input")
	_, err = Find(t.Context(), []string{"-"}, Options{Stdin: strings.NewReader("a"), TempDir: filepath.Join(t.TempDir(), "none")})
	require.ErrorContains(t, err, "cannot be spooled")
}

type iotestErr struct{ err error }

func (e iotestErr) Read([]byte) (int, error) { return 0, e.err }

func TestFind_Canceled(t *testing.T) {
	t.Parallel()

	ctx, cancel := context.WithCancel(context.Background())
	dir := tree(t, map[string]string{"a.csv": "a"})
	temp := t.TempDir()
	stdin := readerFunc(func(p []byte) (int, error) {
		cancel()
		return copy(p, "a,b\n"), nil // it never ends
	})
	_, err := Find(ctx, []string{"-"}, Options{Stdin: stdin, TempDir: temp})
	require.ErrorIs(t, err, context.Canceled)
	left, err := os.ReadDir(temp)
	require.NoError(t, err)
	require.Empty(t, left)
	_, err = Find(ctx, []string{dir}, Options{})
	require.ErrorIs(t, err, context.Canceled)
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// TestFile_DamageShowsWhileReading has files that look well until they are read.
func TestFile_DamageShowsWhileReading(t *testing.T) {
	t.Parallel()

	long := random(300_000)
	corrupt := []byte(zipped(t, entry{"a.csv", long}))
	corrupt[len(corrupt)/2] ^= 0xff
	stored := []byte(zipStored(t, "a.csv", long))
	stored[len(stored)/2] ^= 0xff
	packed := gz(t, long)
	sum := []byte(packed)
	sum[len(sum)-8] ^= 0xff
	shorter := []byte(zipped(t, entry{"a.csv", long}))
	binary.LittleEndian.PutUint32(shorter[bytes.Index(shorter, []byte("PK\x01\x02"))+24:], 100)

	for _, tc := range []struct {
		name string
		file string
		data string
		code Code
		path string
	}{
		{"GzipChecksum", "a.csv.gz", string(sum), CodeCorrupt, "a.csv.gz"},
		{"GzipTruncated", "a.csv.gz", packed[:len(packed)/2], CodeTruncated, "a.csv.gz"},
		{"ZipChecksum", "e.zip", string(stored), CodeCorrupt, "e.zip/a.csv"},
		{"ZipDeflate", "e.zip", string(corrupt), CodeCorrupt, "e.zip/a.csv"},
		{"ZipSizeTooSmall", "e.zip", string(shorter), CodeCorrupt, "e.zip/a.csv"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()

			s := find(t, Options{}, tree(t, map[string]string{tc.file: tc.data}))
			r, err := s.Files[0].Open()
			require.NoError(t, err)
			_, err = io.ReadAll(r)
			var bad *Error
			require.ErrorAs(t, err, &bad)
			require.Equal(t, tc.code, bad.Code, err)
			require.Equal(t, tc.path, bad.Path)
			require.NoError(t, r.Close())
		})
	}
}

func zipStored(t *testing.T, name, content string) string {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	f, err := w.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Store})
	require.NoError(t, err)
	_, err = f.Write([]byte(content))
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return b.String()
}

func TestFile_GzipBomb(t *testing.T) {
	t.Parallel()

	zeros := gz(t, strings.Repeat("0", 4<<20))
	dir := tree(t, map[string]string{"a.csv.gz": zeros, "b.zip": zipStored(t, "b.csv.gz", zeros)})
	for name, opts := range map[string]Options{
		"Ratio": {RatioFloor: 1 << 20},
		"Total": {MaxUnpacked: 1 << 20},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			for _, f := range find(t, opts, dir).Files {
				r, err := f.Open()
				require.NoError(t, err)
				n, err := io.Copy(io.Discard, r)
				var bad *Error
				require.ErrorAs(t, err, &bad)
				require.Equal(t, CodeBomb, bad.Code)
				require.Equal(t, f.Path, bad.Path)
				require.Less(t, n, int64(2<<20))
				require.NoError(t, r.Close())
			}
		})
	}
	for _, f := range find(t, Options{}, dir).Files {
		require.Len(t, content(t, f), 4<<20, "small bombs are files like others")
	}
}

func TestFind_ZipLinksAndNames(t *testing.T) {
	t.Parallel()

	var b bytes.Buffer
	w := zip.NewWriter(&b)
	h := &zip.FileHeader{Name: "link.csv"}
	h.SetMode(fs.ModeSymlink | 0o777)
	f, err := w.CreateHeader(h)
	require.NoError(t, err)
	_, err = f.Write([]byte("/etc/passwd"))
	require.NoError(t, err)
	f, err = w.CreateHeader(&zip.FileHeader{Name: "M\x81ller.csv", NonUTF8: true})
	require.NoError(t, err)
	_, err = f.Write([]byte("x"))
	require.NoError(t, err)
	require.NoError(t, w.Close())

	files, skipped := shown(t, find(t, Options{}, tree(t, map[string]string{"e.zip": b.String()})))
	require.Equal(t, []string{"e.zip/Müller.csv=x"}, files)
	require.Equal(t, []string{"e.zip/link.csv: symbolic link or device inside a zip"}, skipped)
}

func TestFind_Unreadable(t *testing.T) {
	t.Parallel()

	if os.Geteuid() == 0 {
		t.Skip("root may read everything")
	}
	dir := tree(t, map[string]string{"a.csv": "a", "sub/b.csv": "b"})
	require.NoError(t, os.Chmod(filepath.Join(dir, "a.csv"), 0))
	_, err := Find(t.Context(), []string{dir}, Options{})
	var bad *Error
	require.ErrorAs(t, err, &bad)
	require.Equal(t, CodeUnreadable, bad.Code)
	require.Equal(t, "a.csv", bad.Path)
}

// TestFind_HugeDirectory has a zip that claims few entries and has very many.
func TestFind_HugeDirectory(t *testing.T) {
	t.Parallel()

	one := overlapping(t, 1, 10)
	begin, rest, ok := strings.Cut(one, "PK\x01\x02")
	require.True(t, ok)
	record, tail, ok := strings.Cut("PK\x01\x02"+rest, "PK\x05\x06")
	require.True(t, ok)
	const n = 300_000
	z := append([]byte(begin), strings.Repeat(record, n)...)
	end := len(z)
	z = append(z, "PK\x05\x06"+tail...)
	binary.LittleEndian.PutUint32(z[end+12:], uint32(n*len(record)))

	dir := tree(t, map[string]string{"e.zip": string(z)})
	_, err := Find(t.Context(), []string{dir}, Options{})
	var bad *Error
	require.ErrorAs(t, err, &bad)
	require.Equal(t, CodeTooMany, bad.Code)
}

func TestFind_Samples(t *testing.T) {
	t.Parallel()

	const dir = "../../../shared/data/salesforce"
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		t.Skip("no samples here")
	}
	s := find(t, Options{}, dir)
	require.Len(t, s.Files, 55)
	require.Empty(t, s.Skipped)
	for i, f := range s.Files {
		require.Len(t, content(t, f), int(f.Size))
		if i > 0 {
			require.Less(t, s.Files[i-1].Path, f.Path)
		}
	}
}

func ExampleFind() {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	for _, name := range []string{"Contact.csv", "Account.csv", "logo.png"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("Id,Name\n"), 0o600); err != nil {
			panic(err)
		}
	}

	set, err := Find(context.Background(), []string{dir}, Options{})
	if err != nil {
		panic(err)
	}
	defer set.Close()
	for _, f := range set.Files {
		fmt.Fprintln(os.Stdout, f.Path, f.Size)
	}
	for _, s := range set.Skipped {
		fmt.Fprintf(os.Stdout, "%s: %s\n", s.Path, s.Reason)
	}
	// Output:
	// Account.csv 8
	// Contact.csv 8
	// logo.png: picture
}
