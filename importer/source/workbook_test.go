package source

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/xuri/excelize/v2"
)

// book returns a workbook whose sheets have one cell each, as "name=value". Without a value they have none.
func book(t testing.TB, sheets ...string) string { return bookWith(t, excelize.Options{}, sheets...) }

func bookWith(t testing.TB, opts excelize.Options, sheets ...string) string {
	t.Helper()
	f := excelize.NewFile()
	for i, s := range sheets {
		name, value, _ := strings.Cut(s, "=")
		if i == 0 {
			require.NoError(t, f.SetSheetName("Sheet1", name))
		} else {
			_, err := f.NewSheet(name)
			require.NoError(t, err)
		}
		require.NoError(t, f.SetCellValue(name, "A1", value))
	}
	var b bytes.Buffer
	require.NoError(t, f.Write(&b, opts))
	require.NoError(t, f.Close())
	return b.String()
}

// edited returns a zip with another content of one entry.
func edited(t testing.TB, data, name, content string) string {
	t.Helper()
	r, err := zip.NewReader(strings.NewReader(data), int64(len(data)))
	require.NoError(t, err)
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, e := range r.File {
		out, err := w.Create(e.Name)
		require.NoError(t, err)
		if e.Name == name {
			_, err = io.WriteString(out, content)
			require.NoError(t, err)
			continue
		}
		in, err := e.Open()
		require.NoError(t, err)
		_, err = io.Copy(out, in)
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	return b.String()
}

func TestFind_Workbooks(t *testing.T) {
	t.Parallel()

	dir := tree(t, map[string]string{
		"a.csv":          "a",
		"book.xlsx":      book(t, "Leads=1", "Empty", "A B=2"),
		"sub/book.XLSM":  book(t, "Leads=3"),
		"noname":         book(t, "Leads=4"),
		"export.xls":     book(t, "Leads=5"),
		"text.xlsx":      "csv,after,all\n",
		"old.xlsx":       compoundMagic + strings.Repeat("\x00", 2000),
		"secret":         bookWith(t, excelize.Options{Password: "p"}, "Leads=6"),
		"packed.xlsx.gz": gz(t, book(t, "Leads=7")),
		"all.zip":        zipped(t, entry{"in/book.xlsx", book(t, "Leads=8", "Deals=9")}, entry{"old.xlsx", compoundMagic}, entry{"no.xlsx", zipped(t, entry{"a.csv", "x"})}),
	})
	temp := t.TempDir()
	s, err := Find(t.Context(), []string{dir}, Options{TempDir: temp})
	require.NoError(t, err)
	files, skipped := shown(t, s)
	require.Equal(t, []string{
		"a.csv=a",
		"all.zip/in/book.xlsx/Deals=9\n",
		"all.zip/in/book.xlsx/Leads=8\n",
		"book.xlsx/A B=2\n",
		"book.xlsx/Leads=1\n",
		"export.xls/Leads=5\n",
		"noname/Leads=4\n",
		"sub/book.XLSM/Leads=3\n",
		"text.xlsx=csv,after,all\n",
	}, files)
	require.Equal(t, []string{
		"all.zip/no.xlsx: zip inside a zip; unpack the outer one first",
		"all.zip/old.xlsx: " + reasonOldOffice,
		"book.xlsx/Empty: worksheet without values",
		"old.xlsx: " + reasonOldOffice,
		"packed.xlsx.gz: zip inside gzip; unpack it first",
		"secret: document with a password; save a workbook without it, as .xlsx",
	}, skipped)
	for _, f := range s.Files {
		inBook := strings.HasSuffix(f.Path, "Leads") || strings.HasSuffix(f.Path, "Deals") || strings.HasSuffix(f.Path, "A B")
		require.Equal(t, inBook, f.Sheet, f.Path)
	}

	require.NoError(t, s.Close())
	left, err := os.ReadDir(temp)
	require.NoError(t, err)
	require.Empty(t, left)
}

func TestFind_WorkbookStdin(t *testing.T) {
	t.Parallel()

	s := find(t, Options{Stdin: strings.NewReader(book(t, "Leads=1")), TempDir: t.TempDir()}, "-")
	files, _ := shown(t, s)
	require.Equal(t, []string{"stdin/Leads=1\n"}, files)
}

func TestFind_SheetNames(t *testing.T) {
	t.Parallel()

	one := book(t, "a=1", "b=2", "c=3")
	name := func(a, b, c string) string {
		return edited(t, one, "xl/workbook.xml", fmt.Sprintf(
			`<workbook><sheets><sheet name="%s" id="rId1"/><sheet name="%s" id="rId1"/><sheet name="%s" id="rId1"/></sheets></workbook>`, a, b, c))
	}
	s := find(t, Options{}, tree(t, map[string]string{"book.xlsx": name("../../x", "..", "twice"), "c.xlsx": name("twice", "twice", "")}))
	var got []string
	for _, f := range s.Files {
		got = append(got, f.Path)
	}
	require.Len(t, got, 6)
	for _, want := range []string{"book.xlsx/.._.._x", "book.xlsx/_", "book.xlsx/twice", "c.xlsx/_"} {
		require.Contains(t, got, want)
	}
	require.NotEqual(t, got[4], got[5], "paths are unique")
}

func TestFind_WorkbookErrors(t *testing.T) {
	t.Parallel()

	whole := book(t, "Leads=1")
	sheet := func(rows string) string {
		return edited(t, whole, "xl/worksheets/sheet1.xml", "<worksheet><sheetData>"+rows+"</sheetData></worksheet>")
	}
	locked := bookWith(t, excelize.Options{Password: "p"}, "Leads=1")
	small := Options{MaxRatio: 10, RatioFloor: 10_000}
	zeros := edited(t, whole, "xl/worksheets/sheet1.xml", strings.Repeat("0", 100_000))

	for _, tc := range []struct {
		name, file, content string
		opts                Options
		code                Code
		path, want          string
	}{
		{"Truncated", "book.xlsx", whole[:len(whole)-100], Options{}, CodeTruncated, "book.xlsx", "the workbook has no valid directory"},
		{"Empty", "book.xlsx", "", Options{}, CodeTruncated, "book.xlsx", "part of it is missing"},
		{"Binary", "book.xlsx", strings.Repeat("\x00\x01\xff", 700), Options{}, CodeTruncated, "book.xlsx", "part of it is missing"},
		{"Beginning", "book.xlsx", "PK", Options{}, CodeTruncated, "book.xlsx", "part of it is missing"},
		{"Password", "book.xlsx", locked, Options{}, CodeEncrypted, "book.xlsx", "without the password"},
		{"PasswordInZip", "e.zip", zipped(t, entry{"book.xlsx", locked}), Options{}, CodeEncrypted, "e.zip/book.xlsx", "protected by a password"},
		{"OnlyEmptySheets", "book.xlsx", book(t, "Leads", "Deals"), Options{}, CodeEmpty, "", "worksheet without values"},
		{"TooManyParts", "book.xlsx", whole, Options{MaxEntries: 5}, CodeTooMany, "book.xlsx", "the workbook has more than 5 entries"},
		{"Bomb", "book.xlsx", zeros, small, CodeBomb, "book.xlsx", "unpack to 100000 bytes"},
		{"BombInZip", "e.zip", zipped(t, entry{"book.xlsx", zeros}), small, CodeBomb, "e.zip/book.xlsx", "unpack to 100000 bytes"},
		{"Total", "book.xlsx", zeros, Options{MaxUnpacked: 50_000}, CodeBomb, "book.xlsx", "100000 bytes"},
		{"Malformed", "book.xlsx", sheet("<row><c><v>1</v></row>"), Options{}, CodeCorrupt, "book.xlsx/Leads", "save it again"},
		{"MalformedPart", "book.xlsx", edited(t, whole, "xl/workbook.xml", "<workbook"), Options{}, CodeCorrupt, "book.xlsx", "the workbook is damaged"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()

			at := filepath.Join(tree(t, map[string]string{tc.file: tc.content}), tc.file)
			temp := t.TempDir()
			tc.opts.TempDir = temp
			_, err := Find(t.Context(), []string{at}, tc.opts)
			var bad *Error
			require.ErrorAs(t, err, &bad)
			require.Equal(t, tc.code, bad.Code, err)
			if tc.path != "" {
				require.Equal(t, tc.path, bad.Path)
			}
			require.ErrorContains(t, err, tc.want)
			left, err := os.ReadDir(temp)
			require.NoError(t, err)
			require.Empty(t, left)
		})
	}
}

// TestFile_SheetDamage reads on where Find did not look.
func TestFile_SheetDamage(t *testing.T) {
	t.Parallel()

	var rows strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&rows, `<row><c t="s"><v>0</v></c><c><v>%d</v></c></row>`, i)
	}
	whole := book(t, "Leads="+strings.Repeat("x", 1000))
	damaged := edited(t, whole, "xl/worksheets/sheet1.xml", "<worksheet><sheetData>"+rows.String())
	bomb := edited(t, whole, "xl/worksheets/sheet1.xml", "<worksheet><sheetData>"+rows.String()+"</sheetData></worksheet>")

	for name, tc := range map[string]struct {
		content string
		opts    Options
		code    Code
		want    string
	}{
		"Malformed":   {damaged, Options{}, CodeCorrupt, "at row 1000"},
		"SharedTexts": {bomb, Options{RatioFloor: 500_000, MaxRatio: 20}, CodeBomb, "packed bytes unpack to more than"},
		"Total":       {bomb, Options{MaxUnpacked: 500_000}, CodeBomb, "packed bytes unpack to more than"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			f := find(t, tc.opts, tree(t, map[string]string{"book.xlsx": tc.content})).Files[0]
			r, err := f.Open()
			require.NoError(t, err)
			defer r.Close()
			_, err = io.Copy(io.Discard, r)
			var bad *Error
			require.ErrorAs(t, err, &bad)
			require.Equal(t, tc.code, bad.Code, err)
			require.Equal(t, "book.xlsx/Leads", bad.Path)
			require.ErrorContains(t, err, tc.want)
		})
	}
}

func FuzzFind_Workbook(f *testing.F) {
	f.Add([]byte(book(f, "Leads=1", "Deals=2")), true)
	f.Add([]byte(bookWith(f, excelize.Options{Password: "p"}, "Leads=1")), false)
	f.Fuzz(func(t *testing.T, data []byte, inZip bool) {
		name, content := "book.xlsx", string(data)
		if inZip {
			name, content = "all.zip", zipped(t, entry{"book.xlsx", content})
		}
		s, err := Find(t.Context(), []string{tree(t, map[string]string{name: content})}, Options{TempDir: t.TempDir(), MaxUnpacked: 1 << 24})
		if err != nil {
			var bad *Error
			require.ErrorAs(t, err, &bad)
			return
		}
		defer func() { require.NoError(t, s.Close()) }()
		for _, file := range s.Files {
			r, err := file.Open()
			if err == nil {
				_, err = io.Copy(io.Discard, r)
				r.Close()
			}
			if err != nil {
				var bad *Error
				require.ErrorAs(t, err, &bad)
			}
		}
	})
}
