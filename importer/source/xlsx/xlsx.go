// Package xlsx reads the worksheets of Excel workbooks (.xlsx, .xlsm) as CSV text.
//
// It reads a worksheet as a stream, one row at a time, and keeps the strings that cells share in a
// temporary file once they are many. A row of the sheet is a line of the text, always: rows without
// cells are blank lines, and a line break inside of a cell is a CR alone.
//
// Values do not depend on how they are shown or on any locale: texts are as they are, numbers as
// JSON has them, dates and times as ISO 8601 where the number format says that they are dates. Of a
// formula it is the value that was computed when the workbook was saved.
package xlsx

import (
	"archive/zip"
	"fmt"
	"io"
	"path"
	"strings"
)

// DefaultMaxText is the default of Options.MaxText: 64 MiB. Excel has at most 32,767 characters in a cell.
const DefaultMaxText = 64 << 20

// Options says where temporary files go and how much is read at once. The zero value is right for most.
type Options struct {
	// TempDir is the folder for the strings of big workbooks, in a file of mode 0600. Defaults to the
	// folder for temporary files of the operating system.
	TempDir string

	// MaxText is the largest text, tag or row that is accepted, in bytes. It bounds the memory that
	// reading takes. Defaults to DefaultMaxText.
	MaxText int
}

// Book is an open workbook. Its sheets may be read concurrently.
type Book struct {
	// Sheets are the sheets in their order.
	Sheets []Sheet

	parts    map[string]*zip.File // by their names in lower case
	texts    *texts
	formats  []format // by the number of the cell style
	date1904 bool
	maxText  int
}

// Sheet is a sheet of a workbook.
type Sheet struct {
	// Name is what the tab of the sheet says.
	Name string

	// Skip says why the sheet cannot hold records, as it is a chart. It is empty for a worksheet.
	Skip string

	part string
}

// DamageError says what is wrong with a workbook. It names no values of cells.
type DamageError struct {
	Part   string // the part of the workbook
	Row    int    // of the worksheet, after which the damage is; 0 if it is no worksheet
	Reason string
}

// Error returns where the damage is, and what.
func (e *DamageError) Error() string {
	if e.Row > 0 {
		return fmt.Sprintf("%s, at row %d: %s", e.Part, e.Row, e.Reason)
	}
	return fmt.Sprintf("%s: %s", e.Part, e.Reason)
}

// LimitError says that a workbook has something that is larger than anything Excel writes.
type LimitError struct {
	Part   string
	Reason string
}

// Error returns what is too large, and where.
func (e *LimitError) Error() string { return fmt.Sprintf("%s: %s", e.Part, e.Reason) }

// IsBook reports whether a zip is a workbook that this package reads.
func IsBook(z *zip.Reader) bool {
	types, book := false, false
	for _, e := range z.File {
		name := partName(e.Name)
		types = types || name == "[content_types].xml"
		base := path.Base(name)
		book = book || strings.HasPrefix(base, "workbook") && strings.HasSuffix(base, ".xml")
	}
	return types && book
}

// Open reads what the worksheets of a workbook have in common. z must stay open as long as the Book is
// used, and its sizes are to be trusted: it is for the caller to refuse a zip that unpacks to too much.
// The error is a *DamageError, a *LimitError or one of reading. The Book must be closed.
func Open(z *zip.Reader, opts Options) (*Book, error) {
	b := &Book{parts: make(map[string]*zip.File, len(z.File)), maxText: opts.MaxText}
	if b.maxText <= 0 {
		b.maxText = DefaultMaxText
	}
	for _, e := range z.File {
		name := partName(e.Name)
		if b.parts[name] != nil {
			return nil, &DamageError{Part: name, Reason: "the part is there twice"}
		}
		b.parts[name] = e
	}
	links, err := b.links("")
	if err != nil {
		return nil, err
	}
	main := "xl/workbook.xml"
	for _, l := range links {
		if l.kind == "officeDocument" {
			main = l.target
		}
	}
	if links, err = b.links(main); err != nil {
		return nil, err
	}
	if err := b.readSheets(main, links); err != nil {
		return nil, err
	}
	for _, l := range links {
		if l.kind == "styles" {
			if b.formats, err = b.readFormats(l.target); err != nil {
				return nil, err
			}
		}
	}
	for _, l := range links {
		if l.kind == "sharedStrings" && b.texts == nil {
			if b.texts, err = b.readTexts(l.target, opts.TempDir); err != nil {
				return nil, err
			}
		}
	}
	return b, nil
}

// Close removes the temporary file. No sheet can be read on.
func (b *Book) Close() error {
	if b.texts == nil {
		return nil
	}
	return b.texts.Close()
}

// Read returns a worksheet as CSV: UTF-8, commas, double quotes, lines that end in LF. The same sheet
// gives the same bytes each time.
//
// All rows are at least as wide as the widest of the first ones, and only rows below may be wider. Rows
// without values are blank lines, and there are none at the end; a sheet without values is empty. Booleans are
// true and false, and errors as #N/A are blank.
//
// Errors while reading are as those of Open.
func (b *Book) Read(s Sheet) (io.ReadCloser, error) {
	t, err := b.open(s.part)
	if err != nil {
		return nil, err
	}
	return &reader{cells: cells{book: b, tokens: t}}, nil
}

// partName is the name under which a part is looked for: names do not depend on case, and some programs
// write backslashes.
func partName(name string) string {
	return strings.ToLower(strings.TrimPrefix(strings.ReplaceAll(name, `\`, "/"), "/"))
}

// link is a relationship from one part to another.
type link struct{ id, kind, target string }

// links returns the relationships of a part, or of the workbook as a whole. There may be none.
func (b *Book) links(of string) ([]link, error) {
	dir, base := path.Split(of)
	name := partName(dir + "_rels/" + base + ".rels")
	if b.parts[name] == nil {
		return nil, nil
	}
	var all []link
	err := b.each(name, func(el element) error {
		if el.name != "Relationship" || strings.EqualFold(el.attr("TargetMode"), "External") {
			return nil
		}
		target := strings.ReplaceAll(el.attr("Target"), `\`, "/")
		if !strings.HasPrefix(target, "/") {
			target = dir + target
		}
		all = append(all, link{el.attr("Id"), path.Base(el.attr("Type")), partName(path.Clean(target))})
		return nil
	})
	return all, err
}

// readSheets reads the list of the sheets.
func (b *Book) readSheets(part string, links []link) error {
	targets := make(map[string]link, len(links))
	for _, l := range links {
		targets[l.id] = l
	}
	err := b.each(part, func(el element) error {
		switch {
		case el.name == "workbookPr":
			b.date1904 = isTrue(el.attr("date1904"))
		case el.name == "sheet" && el.in == "sheets":
			l, ok := targets[el.attr("id")]
			s := Sheet{Name: el.attr("name"), part: l.target}
			switch {
			case !ok, l.kind == "worksheet" && b.parts[l.target] == nil:
				return &DamageError{Part: part, Reason: "a sheet is listed that is not there"}
			case l.kind != "worksheet":
				s.Skip = "sheet that is no worksheet but a chart, a dialog or macros"
			case el.attr("state") == "veryHidden":
				s.Skip = "worksheet that a program keeps for itself: Excel shows no way to unhide it"
			}
			b.Sheets = append(b.Sheets, s)
		}
		return nil
	})
	if err == nil && len(b.Sheets) == 0 {
		return &DamageError{Part: part, Reason: "the workbook lists no sheet"}
	}
	return err
}

func isTrue(s string) bool { return s == "1" || s == "true" }
