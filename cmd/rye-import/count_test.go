package main

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

// countRecords counts the records of a file with nothing of the importer.
func countRecords(t *testing.T, dir, name string) int64 {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(dir, name))
	require.NoError(t, err)
	if strings.HasSuffix(name, ".json") {
		var doc struct {
			Records []json.RawMessage `json:"records"`
		}
		if json.Unmarshal(raw, &doc) != nil {
			return 0
		}
		return int64(len(doc.Records))
	}
	r := csv.NewReader(strings.NewReader(plainText(raw)))
	r.FieldsPerRecord = -1
	rows, err := r.ReadAll()
	require.NoError(t, err, name)
	return int64(len(rows)) - 1
}

// plainText decodes the encodings of the samples by their first bytes.
func plainText(raw []byte) string {
	switch {
	case bytes.HasPrefix(raw, []byte("\ufeff")):
		return string(raw[3:])
	case len(raw) > 6 && raw[0] == 0xfe && raw[1] == 0xff && raw[2] == 0 && raw[3] == 0: // UTF-32 with a wrong mark
		return string(bytes.ReplaceAll(raw[2:], []byte{0}, nil))
	case len(raw) > 6 && raw[0] == 0xfe && raw[1] == 0xff && raw[3] == 0 && raw[4] == 0:
		return string(bytes.ReplaceAll(raw[2:], []byte{0}, nil))
	case bytes.HasPrefix(raw, []byte{0xfe, 0xff}), bytes.HasPrefix(raw, []byte{0xff, 0xfe}):
		units := make([]uint16, 0, len(raw)/2)
		for i := 2; i+1 < len(raw); i += 2 {
			hi, lo := uint16(raw[i]), uint16(raw[i+1])
			if raw[0] == 0xff {
				hi, lo = lo, hi
			}
			units = append(units, hi<<8|lo)
		}
		return string(utf16.Decode(units))
	case utf8.Valid(raw):
		return string(raw)
	}
	runes := make([]rune, len(raw))
	for i, b := range raw {
		runes[i] = rune(b)
	}
	return string(runes)
}
