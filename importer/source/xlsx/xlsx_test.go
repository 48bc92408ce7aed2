package xlsx

import (
	"archive/zip"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/xuri/excelize/v2"
)

// saved returns the bytes of a workbook.
func saved(t testing.TB, f *excelize.File, opts ...excelize.Options) []byte {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, f.Write(&b, opts...))
	require.NoError(t, f.Close())
	return b.Bytes()
}

// parts returns a workbook of one sheet, made of XML.
func parts(t testing.TB, sheet string, more ...string) []byte {
	t.Helper()
	all := []string{
		"[Content_Types].xml", `<Types/>`,
		"_rels/.rels", `<Relationships><Relationship Id="r1" Type="http://x/officeDocument" Target="xl/workbook.xml"/></Relationships>`,
		"xl/workbook.xml", `<workbook xmlns:r="urn:r"><sheets><sheet name="S" sheetId="1" r:id="r1"/></sheets></workbook>`,
		"xl/_rels/workbook.xml.rels", `<Relationships><Relationship Id="r1" Type="http://x/worksheet" Target="worksheets/sheet1.xml"/>
<Relationship Id="r2" Type="http://x/sharedStrings" Target="/xl/sharedStrings.xml"/><Relationship Id="r3" Type="http://x/styles" Target="styles.xml"/></Relationships>`,
		"xl/sharedStrings.xml", `<sst><si><t>zero</t></si><si><r><t>o</t></r><rPh><t>no</t></rPh><r><t xml:space="preserve"> ne</t></r></si></sst>`,
		"xl/worksheets/sheet1.xml", sheet,
	}
	with := make(map[string]string)
	for _, list := range [][]string{all, more} {
		for i := 0; i < len(list); i += 2 {
			with[list[i]] = list[i+1]
		}
	}
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, name := range slices.Sorted(maps.Keys(with)) {
		if with[name] == "" {
			continue
		}
		e, err := w.Create(name)
		require.NoError(t, err)
		_, err = io.WriteString(e, with[name])
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	return b.Bytes()
}

// maxText is the largest text that tests read.
const maxText = 1 << 20

func openBook(t testing.TB, data []byte) (*Book, error) {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	require.NoError(t, err)
	require.True(t, IsBook(z))
	b, err := Open(z, Options{TempDir: t.TempDir(), MaxText: maxText})
	if err == nil {
		t.Cleanup(func() { require.NoError(t, b.Close()) })
	}
	return b, err
}

func readSheet(b *Book, s Sheet) (string, error) {
	r, err := b.Read(s)
	if err != nil {
		return "", err
	}
	defer r.Close()
	text, err := io.ReadAll(r)
	return string(text), err
}

// firstSheet reads the first sheet of a workbook.
func firstSheet(t testing.TB, data []byte) (string, error) {
	t.Helper()
	b, err := openBook(t, data)
	if err != nil {
		return "", err
	}
	return readSheet(b, b.Sheets[0])
}

// put sets cells in the order of their names and values.
func put(t testing.TB, f *excelize.File, sheet string, cells ...any) {
	t.Helper()
	for i := 0; i < len(cells); i += 2 {
		require.NoError(t, f.SetCellValue(sheet, cells[i].(string), cells[i+1]))
	}
}

// styled gives a cell a number format.
func styled(t testing.TB, f *excelize.File, cell string, value any, code string) {
	t.Helper()
	put(t, f, "Sheet1", cell, value)
	style, err := f.NewStyle(&excelize.Style{CustomNumFmt: &code})
	require.NoError(t, err)
	require.NoError(t, f.SetCellStyle("Sheet1", cell, cell, style))
}

func TestRead_Values(t *testing.T) {
	t.Parallel()

	f := excelize.NewFile()
	put(t, f, "Sheet1",
		"A1", "text", "A2", "007", "A3", 7, "A4", 1.5, "A5", true, "A6", false, "A7", "1E3", "A8", " spaced ",
		"A9", time.Date(2024, 5, 6, 13, 45, 30, 0, time.UTC), "A10", 12345678901234567, "A11", 0.1, "A12", "a,\"b\"\nc",
		"A13", "Ærøskøbing 漢字 🙂", "A14", 1e21, "A15", -2.50, "A16", "_x005F_x000D_")
	styled(t, f, "A17", 45418, "yyyy-mm-dd")
	styled(t, f, "A18", 45418.75, "dd/mm/yyyy")
	styled(t, f, "A19", 45418, `[$-409]m/d/yy h:mm AM/PM;@`)
	styled(t, f, "A20", 0.75, "h:mm")
	styled(t, f, "A21", 1.5, "[h]:mm")
	styled(t, f, "A22", 0.07, "0.0%")
	styled(t, f, "A23", 1234.567, `#,##0.00 "days"`)
	styled(t, f, "A24", 5, `"year" 0`)
	styled(t, f, "A25", "a text", "yyyy-mm-dd")
	styled(t, f, "A26", 0, "yyyy-mm-dd")
	styled(t, f, "A27", 45418.999999, "yyyy-mm-dd hh:mm")
	styled(t, f, "A28", 123, "00000")
	put(t, f, "Sheet1", "A29", 3)
	require.NoError(t, f.SetCellFormula("Sheet1", "A29", "1+2"))
	text, err := firstSheet(t, saved(t, f))
	require.NoError(t, err)
	require.Equal(t, []string{
		"text", "007", "7", "1.5", "true", "false", "1E3", " spaced ",
		"2024-05-06 13:45:30", "12345678901234567", "0.1", "\"a,\"\"b\"\"\rc\"",
		"Ærøskøbing 漢字 🙂", "1000000000000000000000", "-2.5", "_x000D_",
		"2024-05-06", "2024-05-06 18:00:00", "2024-05-06 00:00:00", "18:00:00", "36:00:00", "7%", "1234.567", "5", "a text", "0",
		"2024-05-07 00:00:00", "123", "3",
	}, strings.Split(strings.TrimSuffix(text, "\n"), "\n"))
}

func TestRead_1904(t *testing.T) {
	t.Parallel()

	f := excelize.NewFile()
	yes := true
	require.NoError(t, f.SetWorkbookProps(&excelize.WorkbookPropsOptions{Date1904: &yes}))
	styled(t, f, "A1", 43956, "yyyy-mm-dd")
	styled(t, f, "A2", 0, "yyyy-mm-dd")
	text, err := firstSheet(t, saved(t, f))
	require.NoError(t, err)
	require.Equal(t, "2024-05-06\n1904-01-01\n", text)
}

func TestRead_Layout(t *testing.T) {
	t.Parallel()

	f := excelize.NewFile()
	put(t, f, "Sheet1", "A1", "Report of today", "A3", "Id", "B3", "Name", "C3", "Note", "A5", 1, "C5", "two\r\nlines", "B6", "x", "A9", " ")
	require.NoError(t, f.MergeCell("Sheet1", "A1", "C1"))
	require.NoError(t, f.SetColVisible("Sheet1", "A", false))
	require.NoError(t, f.SetRowVisible("Sheet1", 6, false))
	styled(t, f, "F20", "", "yyyy")
	put(t, f, "Sheet1", "B30", "")
	data := saved(t, f)
	text, err := firstSheet(t, data)
	require.NoError(t, err)
	require.Equal(t, "Report of today,,\n\nId,Name,Note\n\n1,,\"two\rlines\"\n,x,\n\n\n ,,\n", text)

	again, err := firstSheet(t, data)
	require.NoError(t, err)
	require.Equal(t, text, again)
}

func TestRead_WideRows(t *testing.T) {
	t.Parallel()

	f := excelize.NewFile()
	put(t, f, "Sheet1", "A1", "Id", "B1", "Name", "D7", "a remark beside the table")
	for i := 2; i <= leadRows+10; i++ {
		put(t, f, "Sheet1", fmt.Sprint("A", i), i)
	}
	put(t, f, "Sheet1", fmt.Sprint("F", leadRows+10), "far")
	text, err := firstSheet(t, saved(t, f))
	require.NoError(t, err)
	lines := strings.Split(text, "\n")
	require.Equal(t, "Id,Name,,", lines[0])
	require.Equal(t, "7,,,a remark beside the table", lines[6])
	require.Equal(t, "109,,,", lines[leadRows+8])
	require.Equal(t, "110,,,,,far", lines[leadRows+9])
}

func TestOpen_Sheets(t *testing.T) {
	t.Parallel()

	f := excelize.NewFile()
	for _, name := range []string{"Second", "hidden", "kept"} {
		_, err := f.NewSheet(name)
		require.NoError(t, err)
		put(t, f, name, "A1", name)
	}
	require.NoError(t, f.SetSheetVisible("hidden", false))
	require.NoError(t, f.SetSheetVisible("kept", false, true))
	require.NoError(t, f.AddChartSheet("Chart", &excelize.Chart{
		Type:   excelize.Col,
		Series: []excelize.ChartSeries{{Name: "Second!$A$1", Values: "Second!$A$1"}},
	}))
	b, err := openBook(t, saved(t, f))
	require.NoError(t, err)
	var got []string
	for _, s := range b.Sheets {
		if s.Skip != "" {
			got = append(got, s.Name+": "+s.Skip)
			continue
		}
		text, err := readSheet(b, s)
		require.NoError(t, err)
		got = append(got, s.Name+"="+text)
	}
	require.Equal(t, []string{
		"Sheet1=", "Second=Second\n", "hidden=hidden\n",
		"kept: worksheet that a program keeps for itself: Excel shows no way to unhide it",
		"Chart: sheet that is no worksheet but a chart, a dialog or macros",
	}, got)
}

func sheetOf(rows string) string { return "<worksheet><sheetData>" + rows + "</sheetData></worksheet>" }

// TestRead_XML has what other programs than Excel write.
func TestRead_XML(t *testing.T) {
	t.Parallel()

	for name, tc := range map[string]struct {
		sheet string
		more  []string
		want  string
	}{
		"NoReferences":    {sheetOf(`<row><c><v>1</v></c><c><v>2</v></c></row><row/><row><c><v>3</v></c></row>`), nil, "1,2\n\n3,\n"},
		"Prefixes":        {`<x:worksheet xmlns:x="u"><x:sheetData><x:row r="1"><x:c r="B1" t="s"><x:v>1</x:v></x:c></x:row></x:sheetData></x:worksheet>`, nil, ",o ne\n"},
		"Inline":          {sheetOf(`<row><c t="inlineStr"><is><r><t>a</t></r><r><t>b_x000D_</t></r></is></c><c t="inlineStr"><v>v</v></c></row>`), nil, "\"ab\r\",v\n"},
		"FormulaText":     {sheetOf(`<row><c t="str"><f>A1&amp;"x"</f><v>a_x0041_</v></c></row>`), nil, "aA\n"},
		"Errors":          {sheetOf(`<row><c t="e"><v>#N/A</v></c><c><v>1</v></c></row>`), nil, ",1\n"},
		"Booleans":        {sheetOf(`<row><c t="b"><v>true</v></c><c t="b"><v>0</v></c><c t="b"/><c><v>1</v></c></row>`), nil, "true,false,,1\n"},
		"ISODate":         {sheetOf(`<row><c t="d"><v>2024-05-06T10:00:00</v></c></row>`), nil, "2024-05-06T10:00:00\n"},
		"Blanks":          {sheetOf(`<row><c/><c t="s"/><c><v/></c><c t="inlineStr"><is><t/></is></c></row>`), nil, ""},
		"Comment":         {sheetOf(`<row><c><v>1<!-- - -->2</v></c></row>`), nil, "12\n"},
		"NoNumber":        {sheetOf(`<row><c><v>NaN</v></c><c t="n"><v>0x10</v></c><c><v>1e999</v></c></row>`), nil, "NaN,0x10,1e999\n"},
		"Numbers":         {sheetOf(`<row><c><v>1.0</v></c><c><v>-0</v></c><c><v>0.10000000000000001</v></c><c><v>1.5E-7</v></c><c><v>12345678901234567890</v></c></row>`), nil, "1,0,0.1,0.00000015,12345678901234567890\n"},
		"NoStyles":        {sheetOf(`<row><c s="7"><v>1</v></c></row>`), nil, "1\n"},
		"BuiltInStyle":    {sheetOf(`<row><c s="1"><v>45418</v></c><c s="2"><v>0.5</v></c></row>`), []string{"xl/styles.xml", `<styleSheet><cellStyleXfs><xf numFmtId="9"/></cellStyleXfs><cellXfs><xf/><xf numFmtId="14"/><xf numFmtId="9"/></cellXfs></styleSheet>`}, "2024-05-06,50%\n"},
		"OtherPlaces":     {"", []string{"_rels/.rels", `<Relationships><Relationship Type="u/officeDocument" Target="/Workbook.xml"/></Relationships>`, "workbook.xml", `<workbook><sheets><sheet name="S" id="a"/></sheets></workbook>`, "_rels/workbook.xml.rels", `<Relationships><Relationship Id="a" Type="u/worksheet" Target="sheets\One.XML"/></Relationships>`, "sheets/one.xml", sheetOf(`<row><c><v>1</v></c></row>`)}, "1\n"},
		"RowsOutsideData": {`<worksheet><row r="5"/><sheetData/></worksheet>`, nil, ""},
		"Surrogates":      {sheetOf(`<row><c t="str"><v>_xD83D__xDE42_ _xD83D_ _x00zz_</v></c></row>`), nil, "🙂 _xD83D_ _x00zz_\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := firstSheet(t, parts(t, tc.sheet, tc.more...))
			require.NoError(t, err)
			require.Equal(t, tc.want, got)
		})
	}
}

func TestRead_Damage(t *testing.T) {
	t.Parallel()

	one := sheetOf(`<row><c><v>1</v></c></row>`)
	for name, tc := range map[string]struct {
		sheet string
		more  []string
		want  string
	}{
		"EndsEarly":      {`<worksheet><sheetData><row r="7"><c><v>1</v></c></row>`, nil, "xl/worksheets/sheet1.xml, at row 7: its XML is malformed or ends too early"},
		"EndsInCell":     {`<worksheet><sheetData><row r="7"><c><v>1`, nil, "at row 7: its XML is malformed"},
		"NoData":         {`<worksheet></worksheet>`, nil, "its XML ends too early"},
		"Crossed":        {sheetOf(`<row><c></row></c>`), nil, "malformed"},
		"Entity":         {`<!DOCTYPE x [<!ENTITY e "secret">]>` + sheetOf(`<row><c t="str"><v>&e;</v></c></row>`), nil, "malformed"},
		"NoSuchText":     {sheetOf(`<row><c t="s"><v>2</v></c></row>`), nil, "refers to a text that is not there"},
		"NoTextNumber":   {sheetOf(`<row><c t="s"><v>x</v></c></row>`), nil, "refers to a text that is not there"},
		"NoTexts":        {sheetOf(`<row><c t="s"><v>0</v></c></row>`), []string{"xl/_rels/workbook.xml.rels", `<Relationships><Relationship Id="r1" Type="x/worksheet" Target="worksheets/sheet1.xml"/></Relationships>`}, "refers to a text"},
		"TextsMissing":   {one, []string{"xl/sharedStrings.xml", ""}, "xl/sharedstrings.xml: the part is missing"},
		"TextsEnd":       {one, []string{"xl/sharedStrings.xml", "<sst><si><t>a"}, "xl/sharedstrings.xml: its XML is malformed"},
		"RowsUnordered":  {sheetOf(`<row r="2"/><row r="2"/>`), nil, "rows are not numbered in their order"},
		"CellsUnordered": {sheetOf(`<row><c r="B1"/><c r="A1"/></row>`), nil, "in the order of their columns"},
		"FarRow":         {sheetOf(`<row r="1048577"/>`), nil, "more rows"},
		"FarColumn":      {sheetOf(`<row><c r="XFE1"/></row>`), nil, "more columns"},
		"LongColumn":     {sheetOf(`<row><c r="ZZZZZZZZZZZZZZZZZZZZZZZZZ1"/></row>`), nil, "order of their columns"},
		"Deep":           {strings.Repeat("<a>", 100), nil, "nested too deep"},
		"NoSheets":       {one, []string{"xl/workbook.xml", "<workbook/>"}, "xl/workbook.xml: the workbook lists no sheet"},
		"NoWorkbook":     {one, []string{"xl/workbook.xml", "", "xl/workbook9.xml", "<x/>"}, "xl/workbook.xml: the part is missing"},
		"SheetMissing":   {"", nil, "a sheet is listed that is not there"},
		"Twice":          {one, []string{"XL/workbook.xml", "<workbook/>"}, "the part is there twice"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := firstSheet(t, parts(t, tc.sheet, tc.more...))
			var bad *DamageError
			require.ErrorAs(t, err, &bad)
			require.ErrorContains(t, err, tc.want)
			require.NotContains(t, err.Error(), "secret")
		})
	}
}

func TestRead_Limits(t *testing.T) {
	t.Parallel()

	long := strings.Repeat("x", maxText/2+1)
	for name, sheet := range map[string]string{
		"Token": sheetOf("<row><c t=\"str\"><v>" + long + long + "</v></c></row>"),
		"Cell":  sheetOf("<row><c t=\"str\"><v>" + long + "<!-- -->" + long + "</v></c></row>"),
		"Row":   sheetOf("<row><c t=\"str\"><v>" + long + "</v></c><c t=\"str\"><v>" + long + "</v></c></row>"),
		"Text":  sheetOf("<row><c t=\"inlineStr\"><is><t>" + long + "</t><t>" + long + "</t></is></c></row>"),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := firstSheet(t, parts(t, sheet))
			var bad *LimitError
			require.ErrorAs(t, err, &bad)
		})
	}
}

// TestRead_Checksum damages a byte behind the rows, which only the checksum shows.
func TestRead_Checksum(t *testing.T) {
	t.Parallel()

	var b bytes.Buffer
	w := zip.NewWriter(&b)
	z := parts(t, sheetOf(`<row><c><v>1</v></c></row>`)+"<!-- untouched -->")
	r, err := zip.NewReader(bytes.NewReader(z), int64(len(z)))
	require.NoError(t, err)
	for _, e := range r.File {
		in, err := e.Open()
		require.NoError(t, err)
		out, err := w.CreateHeader(&zip.FileHeader{Name: e.Name, Method: zip.Store})
		require.NoError(t, err)
		_, err = io.Copy(out, in)
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	data := bytes.Replace(b.Bytes(), []byte("untouched"), []byte("damaged.."), 1)
	_, err = firstSheet(t, data)
	require.ErrorIs(t, err, zip.ErrChecksum)
}

// TestTexts_InFile has more shared strings than are held in memory.
func TestTexts_InFile(t *testing.T) {
	t.Parallel()

	dir := t.TempDir()
	x := &texts{limit: 10, dir: dir}
	var want []string
	for i := range 20 {
		s := strings.Repeat("x", i%4) + fmt.Sprint(i)
		want = append(want, s)
		require.NoError(t, x.add([]byte(s)))
	}
	require.NoError(t, x.seal())
	for i := len(want) - 1; i >= 0; i-- {
		got, err := x.appendText([]byte("> "), i)
		require.NoError(t, err)
		require.Equal(t, "> "+want[i], string(got))
	}
	require.False(t, x.has(20))
	require.NoError(t, x.Close())
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Empty(t, left)
}

func TestParseFormat(t *testing.T) {
	t.Parallel()

	for code, want := range map[string]format{
		"General": {}, "0": {}, "0.00": {}, "#,##0.00_);[Red](#,##0.00)": {}, "@": {}, "": {},
		`"day" 0`: {}, `0 \d`: {}, `[$kr-414] #,##0`: {}, `0.00E+00`: {}, `# ?/?`: {}, `[Red]0`: {}, `[Magenta]0`: {}, `_d0*d`: {}, `0;yyyy`: {},
		"yyyy-mm-dd": {date: true}, "d. mmm": {date: true}, "mmmm": {date: true}, "[$-F800]dddd, mmmm dd, yyyy": {date: true},
		"h:mm": {time: true}, "mm:ss": {time: true}, "h AM/PM": {time: true}, "[$-F400]h:mm:ss AM/PM": {time: true},
		"d/m/yy h:mm": {date: true, time: true}, `yyyy"y"mm"m" hh"h"`: {date: true, time: true},
		"[h]:mm:ss": {elapsed: true}, "[mm]:ss": {elapsed: true}, "[S]": {elapsed: true},
		"0%": {percent: true}, "0.00 %;-0.00 %": {percent: true}, `0"%"`: {}, `0\%`: {},
		`"unclosed`: {}, "[unclosed": {}, `\`: {}, "[]d": {date: true},
	} {
		require.Equal(t, want, parseFormat(code), code)
	}
}

func TestFormat_Text(t *testing.T) {
	t.Parallel()

	date, clock, both, elapsed := format{date: true}, format{time: true}, format{date: true, time: true}, format{elapsed: true}
	for _, tc := range []struct {
		format   format
		value    string
		date1904 bool
		want     string
	}{
		{date, "1", false, "1900-01-01"},
		{date, "59", false, "1900-02-28"},
		{date, "60", false, "60"},
		{date, "61", false, "1900-03-01"},
		{date, "0", false, "0"},
		{date, "-1", false, "-1"},
		{date, "2958465", false, "9999-12-31"},
		{date, "2958466", false, "2958466"},
		{date, "2958000", true, "2958000"},
		{date, "1e300", false, "1" + strings.Repeat("0", 300)},
		{date, "x", false, "x"},
		{date, "45418.573263888889", false, "2024-05-06 13:45:30"},
		{both, "45418.5732638889", false, "2024-05-06 13:45:30"},
		{both, "45418", false, "2024-05-06 00:00:00"},
		{clock, "0", false, "00:00:00"},
		{clock, "0.999999999", false, "23:59:59"},
		{clock, "45418.5", false, "2024-05-06 12:00:00"},
		{elapsed, "2.25", false, "54:00:00"},
		{format{percent: true}, "0.285", false, "28.5%"},
		{format{percent: true}, "0.07", false, "7%"},
		{format{percent: true}, "-1", false, "-100%"},
		{format{percent: true}, "n/a", false, "n/a"},
	} {
		require.Equal(t, tc.want, tc.format.text(tc.value, tc.date1904), "%v %s", tc.format, tc.value)
	}
}

// TestRead_Random compares texts and places with those that excelize reads.
func TestRead_Random(t *testing.T) {
	t.Parallel()

	random := rand.New(rand.NewPCG(1, 2))
	f := excelize.NewFile()
	words := []string{"a", "with, comma", `quo"te`, "two\nlines", " x ", "ß", "_x0041_", "<&>", "1.0", "=1", "'"}
	for range 500 {
		cell, err := excelize.CoordinatesToCellName(1+random.IntN(30), 1+random.IntN(300))
		require.NoError(t, err)
		put(t, f, "Sheet1", cell, words[random.IntN(len(words))])
	}
	want, err := f.GetRows("Sheet1")
	require.NoError(t, err)
	text, err := firstSheet(t, saved(t, f))
	require.NoError(t, err)

	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	require.Len(t, lines, len(want))
	for i, line := range lines {
		var got []string
		if line != "" {
			got, err = csv.NewReader(strings.NewReader(line)).Read()
			require.NoError(t, err)
		}
		for len(got) > 0 && got[len(got)-1] == "" {
			got = got[:len(got)-1]
		}
		require.Equal(t, strings.Join(want[i], "|"), strings.ReplaceAll(strings.Join(got, "|"), "\r", "\n"), "row %d", i+1)
	}
}

func FuzzOpen(f *testing.F) {
	book := excelize.NewFile()
	put(f, book, "Sheet1", "A1", "a", "B2", 1.5, "C3", time.Unix(0, 0))
	f.Add(saved(f, book))
	f.Add(parts(f, sheetOf(`<row><c t="s"><v>1</v></c></row>`)))
	f.Fuzz(func(t *testing.T, data []byte) {
		z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
		if err != nil {
			return
		}
		b, err := Open(z, Options{TempDir: t.TempDir()})
		if err != nil {
			return
		}
		defer func() { require.NoError(t, b.Close()) }()
		for _, s := range b.Sheets {
			if s.Skip == "" {
				_, _ = readSheet(b, s)
			}
		}
	})
}

// FuzzSheet reads any XML as a sheet, and what comes of it is to be CSV with the rows on their lines.
func FuzzSheet(f *testing.F) {
	f.Add(`<row r="2"><c r="B2" t="s"><v>1</v></c></row>`)
	f.Add(`<row><c t="inlineStr"><is><t>a"b&#10;</t></is></c><c s="1"><v>45418.5</v></c></row>`)
	f.Fuzz(func(t *testing.T, rows string) {
		b := &Book{texts: &texts{ends: []int64{1, 3}, held: []byte("a\"\n")}, formats: []format{{}, {date: true}}}
		all, err := io.ReadAll(&reader{cells: cells{book: b, tokens: newTokens("sheet", io.NopCloser(strings.NewReader(sheetOf(rows))), maxText)}})
		text := string(all)
		if err != nil {
			var damage *DamageError
			var limit *LimitError
			require.True(t, errors.As(err, &damage) || errors.As(err, &limit), "%v", err)
			return
		}
		r := csv.NewReader(strings.NewReader(text))
		r.FieldsPerRecord = -1
		last := 0
		for {
			_, err := r.Read()
			if errors.Is(err, io.EOF) {
				return
			}
			require.NoError(t, err)
			line, _ := r.FieldPos(0)
			require.Greater(t, line, last)
			last = line
		}
	})
}
