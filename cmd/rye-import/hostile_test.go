package main

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"compress/gzip"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/projectrye/rye-import/importer/report"
	"github.com/projectrye/rye-import/internal/pgtest"
)

const hostile = "../../fixtures/hostile/"

// TestHostile runs each hostile fixture into a database of its own.
func TestHostile(t *testing.T) {
	t.Parallel()
	type counts = report.Counts
	for name, tc := range map[string]struct {
		paths    []string
		args     []string
		read     int64
		created  int64
		rejects  counts
		lines    string // of the rejects
		deferred int64
		warning  string
		refused  string // the error, where nothing is imported
	}{
		"ragged":          {paths: []string{"ragged.csv"}, read: 6, created: 3, rejects: counts{"ragged_row": 3}, lines: "3 5 6"},
		"strayQuote":      {paths: []string{"stray_quote.csv"}, read: 6, created: 5, rejects: counts{"bad_quote": 1}, lines: "4"},
		"strayUnquoted":   {paths: []string{"stray_quote_unquoted.csv"}, read: 6, created: 5, rejects: counts{"bad_quote": 1}, lines: "4"},
		"nul":             {paths: []string{"nul.csv"}, read: 4, created: 3, rejects: counts{"nul_byte": 1}, lines: "3"},
		"invalidUTF8":     {paths: []string{"invalid_utf8.csv"}, read: 4, created: 3, rejects: counts{"invalid_utf8": 1}, lines: "4"},
		"duplicateIDs":    {paths: []string{"duplicate_ids.csv"}, read: 5, created: 3, rejects: counts{"duplicate_id": 2}, lines: "4 5"},
		"repeatedRows":    {paths: []string{"repeated_rows.csv"}, read: 4, created: 2, rejects: counts{"duplicate_id": 2}, lines: "4 5"},
		"badDates":        {paths: []string{"bad_dates.csv"}, read: 10, created: 4, rejects: counts{"invalid_date": 6}, lines: "6 7 8 9 10 11"},
		"badNumbers":      {paths: []string{"bad_numbers.csv"}, read: 12, created: 7, rejects: counts{"invalid_number": 5}, lines: "8 10 11 12 13"},
		"missingRequired": {paths: []string{"missing_required.csv"}, read: 5, created: 2, rejects: counts{"missing_required": 2, "missing_id": 1}, lines: "3 4 5"},
		"dangling":        {paths: []string{"dangling.csv"}, read: 4, created: 4, deferred: 4},

		"latin1":           {paths: []string{"latin1.csv"}, read: 4, created: 4},
		"windows1252":      {paths: []string{"windows1252.csv"}, read: 3, created: 3},
		"utf16le":          {paths: []string{"utf16le.csv"}, read: 3, created: 3},
		"utf16be":          {paths: []string{"utf16be.csv"}, read: 3, created: 3},
		"utf8BOM":          {paths: []string{"utf8_bom.csv"}, read: 3, created: 3},
		"crlf":             {paths: []string{"crlf.csv"}, read: 3, created: 3},
		"semicolon":        {paths: []string{"semicolon.csv"}, read: 3, created: 3},
		"tabs":             {paths: []string{"tabs.csv"}, read: 3, created: 3},
		"upperCase":        {paths: []string{"upper_case_header.csv"}, read: 3, created: 3},
		"emptyHeaders":     {paths: []string{"trailing_empty_headers.csv"}, read: 3, created: 3},
		"duplicateHeaders": {paths: []string{"duplicate_headers.csv"}, read: 2, created: 2, warning: "Email stands in the header more than once"},
		"headerOnly":       {paths: []string{"header_only.csv"}},

		"empty":            {paths: []string{"empty.csv"}, refused: "empty.csv: the file is empty"},
		"blankLines":       {paths: []string{"blank_lines.csv"}, refused: "blank_lines.csv: the file is empty"},
		"notAnExport":      {paths: []string{"not_an_export.csv"}, refused: "not_an_export.csv: its header is that of no object"},
		"prose":            {paths: []string{"prose.txt"}, refused: "prose.txt"},
		"image":            {paths: []string{"image.csv"}, refused: "image.csv: binary data"},
		"report":           {paths: []string{"report_export.csv"}, read: 4, created: 4, warning: "footer"},
		"openDates":        {paths: []string{"open_dates.csv"}, refused: `column "Close Date": no cell decides the order of day and month`},
		"openDatesDMY":     {paths: []string{"open_dates.csv"}, args: []string{"--date-order", "dmy"}, read: 2, created: 2},
		"openAmounts":      {paths: []string{"open_amounts.csv"}, refused: `column "Amount": no cell decides the decimal mark`},
		"openAmountsComma": {paths: []string{"open_amounts.csv"}, args: []string{"--decimal", "comma"}, read: 2, created: 2},
		"fifteen":          {paths: []string{"fifteen_char_ids"}, read: 5, created: 5},
		"truncatedZip":     {paths: []string{"truncated.zip"}, refused: "part of it is missing"},
		"encryptedZip":     {paths: []string{"encrypted.zip"}, refused: "encrypted"},
		"evilPath":         {paths: []string{"evil_path.zip"}, refused: "leads out of the zip"},
		"aBadOne":          {paths: []string{"latin1.csv", "truncated.zip"}, refused: "part of it is missing"},

		"pages":        {paths: []string{"json/page1.json", "json/page2.json"}, read: 4, created: 4},
		"onePage":      {paths: []string{"json/page1.json"}, read: 2, created: 2, warning: "2 of the 4 records"},
		"relationship": {paths: []string{"json/relationship.json"}, read: 1, created: 1, deferred: 1},
		"tree":         {paths: []string{"json/tree"}, read: 5, created: 5, deferred: 1},
		"nested":       {paths: []string{"json/nested.json"}, read: 4, created: 4},
		"ndjson":       {paths: []string{"json/records.ndjson"}, read: 4, created: 3, rejects: counts{"bad_json": 1}, lines: "3"},
		"malformed":    {paths: []string{"json/malformed.json"}, refused: "malformed JSON"},
		"deep":         {paths: []string{"json/deep.json"}, refused: "deep.json"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := pgtest.Clone(t)
			pool := pgtest.Connect(t, url)
			code := exitDone
			switch {
			case tc.refused != "":
				code = exitFailed
			case len(tc.rejects) > 0:
				code = exitRejects
			}
			args := append([]string(nil), tc.args...)
			for _, p := range tc.paths {
				args = append(args, hostile+p)
			}
			s := imported(t, url, code, args...)
			if tc.refused != "" {
				require.Contains(t, s.Error, tc.refused)
				require.Equal(t, "failed", s.Status)
				require.Zero(t, value[int](t, pool, "SELECT count(*) FROM rye.nodes"))
				require.Zero(t, value[int](t, pool, "SELECT count(*) FROM rye.crm_code_counters"))
				require.Zero(t, value[int](t, pool, "SELECT count(*) FROM rye_import.staging_records"))
				return
			}
			require.True(t, s.Balanced)
			var read, created, deferred int64
			for _, o := range s.Objects {
				read += o.Read
				created += o.Created
			}
			for _, l := range s.Links {
				deferred += l.Deferred
			}
			require.Equal(t, tc.read, read, "read")
			require.Equal(t, tc.created, created, "created")
			require.Equal(t, tc.deferred, deferred, "deferred")
			if tc.rejects == nil {
				tc.rejects = counts{}
			}
			require.Equal(t, tc.rejects, s.Rejects.ByCode)
			for _, g := range s.Rejects.Groups {
				require.NotEmpty(t, g.Settle.Text, g.Code)
			}
			require.Equal(t, tc.lines, value[string](t, pool, "SELECT coalesce(string_agg(line::text, ' ' ORDER BY line), '') FROM rye_import.rejects"))
			require.Equal(t, len(tc.rejects) > 0, s.Rejects.Path != "")
			if tc.warning != "" {
				require.Contains(t, strings.Join(s.Warnings, "\n"), tc.warning)
			} else {
				require.Empty(t, s.Warnings)
			}
			// Text came through in one piece, whatever its encoding was.
			require.Zero(t, value[int](t, pool, `SELECT count(*) FROM rye.nodes WHERE label LIKE '%' || chr(65533) || '%' OR properties::text ~ 'Ã|ï»¿'`))
			again := imported(t, url, exitDone, args...)
			require.Zero(t, again.Graph, "a second run changes nothing")
		})
	}
	_, err := os.Stat("../../evil.csv")
	require.ErrorIs(t, err, os.ErrNotExist)
}

// contactHeader and contactRow make an export of contacts.
const contactHeader = "Id|IsDeleted|LastName|Description|CreatedDate|SystemModstamp"

func contactRow(id, lastName, description string) string {
	return id + "|0|" + lastName + "|" + description + "|2024-01-01 08:00:00|2024-01-02 08:00:00"
}

// TestHostile_Made runs hostile input that is too large to be kept, or tied to the machine.
func TestHostile_Made(t *testing.T) {
	t.Parallel()
	good := contactRow("0037R00000M7ZjlQAF", "Ada", "")
	plain := csvFile(contactHeader, good)
	for name, tc := range map[string]struct {
		make    func(t *testing.T, dir string) string
		rejects report.Counts
		created int64
		refused string
	}{
		"cell of 50 MB": {
			make: func(t *testing.T, dir string) string {
				return write(t, dir, "Contact.csv", csvFile(contactHeader, contactRow("0037R00000M7aaaQAF", "Big", strings.Repeat("x", 50<<20)), good))
			},
			rejects: report.Counts{"record_too_large": 1}, created: 1,
		},
		"cell of 1 MB": {
			make: func(t *testing.T, dir string) string {
				return write(t, dir, "Contact.csv", csvFile(contactHeader, contactRow("0037R00000M7aaaQAF", "Big", strings.Repeat("x", 1<<20)), good))
			},
			created: 2,
		},
		"10,000 columns": {
			make: func(t *testing.T, dir string) string {
				var header, row strings.Builder
				for range 10_000 {
					header.WriteString("|c")
					row.WriteString("|")
				}
				return write(t, dir, "Contact.csv", csvFile(contactHeader+header.String(), good+row.String()))
			},
			created: 1,
		},
		"only NUL bytes": {
			make: func(t *testing.T, dir string) string {
				return write(t, dir, "Contact.csv", strings.Repeat("\x00", 100_000))
			},
			refused: "Contact.csv",
		},
		"gzip cut off": {
			make: func(t *testing.T, dir string) string {
				whole := gzipped(t, strings.NewReader(plain))
				return write(t, dir, "Contact.csv.gz", whole[:len(whole)-12])
			},
			refused: "Contact.csv.gz",
		},
		"gzip": {
			make: func(t *testing.T, dir string) string {
				return write(t, dir, "Contact.csv.gz", gzipped(t, strings.NewReader(plain)))
			},
			created: 1,
		},
		"zip in a folder, and files in folders": {
			make: func(t *testing.T, dir string) string {
				write(t, dir, "WE_1.ZIP", zipped(t, map[string]io.Reader{"a/Contact.csv": strings.NewReader(plain)}))
				write(t, dir, "b/Contact.csv", csvFile(contactHeader, contactRow("0037R00000M7aaaQAF", "Bob", "")))
				return dir
			},
			created: 2,
		},
		"zip bomb": {
			make: func(t *testing.T, dir string) string {
				return write(t, dir, "export.zip", bomb(t, "Contact.csv", strings.ReplaceAll(contactHeader, "|", ",")+"\n", 600))
			},
			refused: "bytes of the zip unpack to 62914", // and not that it is damaged
		},
		"folder that links to itself": {
			make: func(t *testing.T, dir string) string {
				write(t, dir, "Contact.csv", plain)
				require.NoError(t, os.Symlink(dir, filepath.Join(dir, "again")))
				return dir
			},
			created: 1,
		},
		"not there": {
			make:    func(_ *testing.T, dir string) string { return filepath.Join(dir, "Contact.csv") },
			refused: "Contact.csv",
		},
		"no folder of files": {
			make:    func(_ *testing.T, dir string) string { return dir },
			refused: "no",
		},
		"a year that PostgreSQL has not": {
			make: func(t *testing.T, dir string) string {
				return write(t, dir, "Contact.csv", csvFile(contactHeader, good,
					"0037R00000M7aaaQAF|0|Bob||292279-01-01T00:00:00Z|2024-01-02 08:00:00"))
			},
			rejects: report.Counts{"invalid_date": 1}, created: 1,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := pgtest.Clone(t)
			pool := pgtest.Connect(t, url)
			code := exitDone
			switch {
			case tc.refused != "":
				code = exitFailed
			case len(tc.rejects) > 0:
				code = exitRejects
			}
			s := imported(t, url, code, tc.make(t, t.TempDir()))
			require.Equal(t, int(tc.created), value[int](t, pool, "SELECT count(*) FROM rye.nodes"))
			if tc.refused != "" {
				require.Contains(t, s.Error, tc.refused)
				return
			}
			require.True(t, s.Balanced)
			if tc.rejects == nil {
				tc.rejects = report.Counts{}
			}
			require.Equal(t, tc.rejects, s.Rejects.ByCode)
		})
	}
}

// bomb is a zip of one file: a text, and some MiB of spaces. One of them is packed, and taken again and again: under the race
// detector, to pack hundreds takes a minute.
func bomb(t *testing.T, name, text string, mebibytes int) string {
	t.Helper()
	spaces := bytes.Repeat([]byte(" "), 1<<20)
	var packed, again bytes.Buffer
	pack := func(to *bytes.Buffer, what []byte, end func(*flate.Writer) error) {
		w, err := flate.NewWriter(to, flate.BestCompression)
		require.NoError(t, err)
		_, err = w.Write(what)
		require.NoError(t, err)
		require.NoError(t, end(w))
	}
	pack(&packed, []byte(text), (*flate.Writer).Flush)
	pack(&again, spaces, (*flate.Writer).Flush)
	sum := crc32.ChecksumIEEE([]byte(text))
	for range mebibytes {
		packed.Write(again.Bytes())
		sum = crc32.Update(sum, crc32.IEEETable, spaces)
	}
	pack(&packed, nil, (*flate.Writer).Close)

	var b bytes.Buffer
	w := zip.NewWriter(&b)
	e, err := w.CreateRaw(&zip.FileHeader{
		Name: name, Method: zip.Deflate, CRC32: sum,
		CompressedSize64: uint64(packed.Len()), UncompressedSize64: uint64(len(text) + mebibytes<<20),
	})
	require.NoError(t, err)
	_, err = e.Write(packed.Bytes())
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return b.String()
}

func gzipped(t *testing.T, r io.Reader) string {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, err := io.Copy(w, r)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return b.String()
}

func zipped(t *testing.T, entries map[string]io.Reader) string {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for name, r := range entries {
		e, err := w.Create(name)
		require.NoError(t, err)
		_, err = io.Copy(e, r)
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	return b.String()
}

// TestRejectsOfOneLine rejects some of the records that stand on one line of a page without line
// breaks: each reject file row is that of its own record.
func TestRejectsOfOneLine(t *testing.T) {
	t.Parallel()
	url := pgtest.Clone(t)
	page := `{"totalSize":4,"done":true,"records":[` +
		`{"attributes":{"type":"Contact"},"Id":"0037R00000M7ZjlQAF","LastName":"Ada","Birthdate":"1990-01-01"},` +
		`{"attributes":{"type":"Contact"},"Id":"0037R00000M8C8JQAV","LastName":"Bob","Birthdate":"1990-13-01"},` +
		`{"attributes":{"type":"Contact"},"Id":"0037R00000M8M22QAF","LastName":"Cid","Birthdate":"1990-01-01"},` +
		`{"attributes":{"type":"Contact"},"Id":"0037R00000M8RhmQAF","LastName":"Dan","Birthdate":"1990-14-01"}]}`
	s := imported(t, url, exitRejects, write(t, t.TempDir(), "page.json", page))
	require.Equal(t, report.Counts{"invalid_date": 2}, s.Rejects.ByCode)
	text, err := os.ReadFile(filepath.Join(s.Rejects.Path, "Contact.csv"))
	require.NoError(t, err)
	rows := regexp.MustCompile(`(?m)^(\w+),(\w+),[^,]*,page\.json,1,Birthdate,(\S+?),invalid_date`).FindAllStringSubmatch(string(text), -1)
	require.Len(t, rows, 2, string(text))
	require.Equal(t, []string{"Bob", "1990-13-01"}, rows[0][2:])
	require.Equal(t, []string{"Dan", "1990-14-01"}, rows[1][2:])
}

// TestManyRejects has a file of which next to nothing can be used: all of it is in the reject file.
func TestManyRejects(t *testing.T) {
	t.Parallel()
	url := pgtest.Clone(t)
	const n = 20_000
	path := write(t, t.TempDir(), "Contact.csv",
		csvFile(contactHeader, contactRow("0037R00000M7ZjlQAF", "Ada", ""))+strings.Repeat("0037R00000M7ZjlQAF,short\n", n))
	s := imported(t, url, exitRejects, path)
	require.Equal(t, report.Counts{"ragged_row": n}, s.Rejects.ByCode)
	text, err := os.ReadFile(filepath.Join(s.Rejects.Path, "Contact.csv"))
	require.NoError(t, err)
	require.Equal(t, n+1, strings.Count(string(text), "\n"))
	require.Equal(t, n, strings.Count(string(text), "\n0037R00000M7ZjlQAF,short,,,"))
}
