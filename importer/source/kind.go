package source

import (
	"bytes"
	"fmt"
	"io"
	"path"
	"strings"
	"unicode/utf8"
)

// kind is what a file turns out to be at first sight.
type kind int

const (
	kindText kind = iota
	kindGzip
	kindZip
	kindCompound // the container of old Office documents, and of new ones that have a password
	kindOther    // not for import
)

// headBytes is how much of a file is looked at. The mark of a tar archive ends at byte 262.
const headBytes = 1024

// readHead returns the first bytes of r, fewer if there are no more.
func readHead(r io.Reader) ([]byte, error) {
	// io.ReadFull would not tell the end of a short file from that of a truncated one.
	return io.ReadAll(io.LimitReader(r, headBytes))
}

// classify tells what a file is from its name and first bytes, and for kindOther why it is left
// out. Content decides over the name, except that office documents, which are zips, go by name. A
// workbook is of kindZip.
func classify(name string, head []byte) (kind, string) {
	ext := strings.ToLower(path.Ext(name))
	if reason := otherByName(ext); reason != "" && !isOldExcel(ext) {
		return kindOther, reason
	}
	switch {
	case isGzip(head):
		return kindGzip, ""
	case isZip(head), ext == ".zip": // what is none is a damaged one
		return kindZip, ""
	case bytes.HasPrefix(head, []byte(compoundMagic)):
		return kindCompound, reasonOldOffice
	case bytes.HasPrefix(head, []byte("PK\x07\x08")):
		return kindOther, "one part of a split zip; join the parts first"
	case isTextName(ext):
		return kindText, ""
	case isWorkbookName(ext) && (len(head) == 0 || bytes.HasPrefix(head, []byte("PK")) || otherByContent(head) != ""): // damaged, too
		return kindZip, ""
	}
	if reason := otherByContent(head); reason != "" {
		return kindOther, reason
	}
	return kindText, ""
}

// isOldExcel is for .xls: many CRMs write CSV or HTML under that name.
func isOldExcel(ext string) bool { return ext == ".xls" }

// isWorkbookName is for the workbooks that are read. As .xls, they may be CSV after all.
func isWorkbookName(ext string) bool { return ext == ".xlsx" || ext == ".xlsm" }

func isZip(head []byte) bool {
	return bytes.HasPrefix(head, []byte("PK\x03\x04")) || bytes.HasPrefix(head, []byte("PK\x05\x06"))
}

func isGzip(head []byte) bool { return bytes.HasPrefix(head, []byte{0x1f, 0x8b}) }

func isTextName(ext string) bool {
	switch ext {
	case ".csv", ".json", ".jsonl", ".ndjson", ".tsv", ".txt":
		return true
	}
	return false
}

const (
	reasonSpreadsheet = "spreadsheet that is no .xlsx; save it as .xlsx"
	reasonOldOffice   = "document in a format of old versions of Office, as .xls; save a workbook as .xlsx"
	reasonOffice      = "office document, or a " + reasonSpreadsheet
	reasonInnerZip    = "zip inside a zip; unpack the outer one first"
	reasonBinary      = "binary data, not an export"
	compoundMagic     = "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
)

// otherByName names the kinds of files that are not looked into.
func otherByName(ext string) string {
	switch ext {
	case ".xls", ".xlsb", ".ods", ".numbers":
		return reasonSpreadsheet
	case ".adoc", ".doc", ".docx", ".htm", ".html", ".md", ".odp", ".odt", ".pages", ".pdf", ".ppt", ".pptx", ".rst", ".rtf":
		return "document"
	case ".bmp", ".gif", ".heic", ".ico", ".jpeg", ".jpg", ".png", ".svg", ".tif", ".tiff", ".webp":
		return "picture"
	case ".7z", ".bz2", ".rar", ".tar", ".tgz", ".xz", ".zst":
		return "archive that is neither zip nor gzip; unpack it first"
	}
	return ""
}

// otherByContent tells binary data from text, of any encoding. It returns "" for text.
func otherByContent(head []byte) string {
	for _, m := range []struct{ magic, reason string }{
		{"%PDF-", "document"},
		{"7z\xbc\xaf\x27\x1c", "archive that is neither zip nor gzip; unpack it first"},
		{"BZh", "archive that is neither zip nor gzip; unpack it first"},
		{"GIF8", "picture"},
		{"Rar!\x1a\x07", "archive that is neither zip nor gzip; unpack it first"},
		{"SQLite format 3\x00", "database file"},
		{"\x28\xb5\x2f\xfd", "archive that is neither zip nor gzip; unpack it first"},
		{"\x89PNG\r\n", "picture"},
		{compoundMagic, reasonOldOffice},
		{"\xfd7zXZ\x00", "archive that is neither zip nor gzip; unpack it first"},
		{"\xff\xd8\xff", "picture"},
	} {
		if bytes.HasPrefix(head, []byte(m.magic)) {
			return m.reason
		}
	}
	if len(head) > 262 && string(head[257:262]) == "ustar" {
		return "archive that is neither zip nor gzip; unpack it first"
	}
	if looksBinary(head) {
		return reasonBinary
	}
	return ""
}

// looksBinary reports whether the bytes are not text. Text has no control characters to speak of,
// and NUL bytes only as one half of UTF-16 or three quarters of UTF-32, where they keep to some
// of the places modulo four.
func looksBinary(head []byte) bool {
	var nul [4]int
	control, high := 0, 0
	for i, c := range head {
		switch {
		case c == 0:
			nul[i%4]++
		case c < 0x20 && c != '\t' && c != '\n' && c != '\r' && c != '\f', c == 0x7f:
			control++
		case c >= 0x80:
			high++
		}
	}
	nuls := nul[0] + nul[1] + nul[2] + nul[3]
	if nuls > 0 {
		wide := bytes.HasPrefix(head, []byte{0xff, 0xfe}) || bytes.HasPrefix(head, []byte{0xfe, 0xff})
		even, odd := nul[0]+nul[2], nul[1]+nul[3]
		regular := nuls*10 >= len(head)*3 && (even*20 <= odd || odd*20 <= even || min(nul[0], nul[3])*20 <= max(nul[0], nul[3]))
		if !wide && !regular {
			return true
		}
	}
	// Compressed or encrypted data have 10 % controls and 50 % bytes above ASCII.
	return control*20 > len(head) || control*50 > len(head) && high*4 > len(head) && !utf8.Valid(head)
}

// isHidden is for files that operating systems leave behind.
func isHidden(base string) bool {
	return strings.HasPrefix(base, ".") || strings.HasPrefix(base, "~$") || base == "__MACOSX"
}

// isBinaryFolder is for the folders of a Salesforce export that hold attachments, each named by
// the id of its record.
func isBinaryFolder(base string) bool {
	return base == "Attachments" || base == "ContentVersion" || base == "Documents"
}

func binaryFolderReason(n int) string {
	return fmt.Sprintf("folder of %d attachments, which are not imported", n)
}
