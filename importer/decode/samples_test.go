package decode

import (
	"bufio"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// samplesDir holds real exports, where this repository is checked out beside them. They are not
// part of it.
const samplesDir = "../../../shared/data"

// sampleCounts reads, from the index of the samples, how many records each file has.
func sampleCounts(t *testing.T) map[string]int {
	t.Helper()
	f, err := os.Open(filepath.Join(samplesDir, "INDEX.md"))
	if errors.Is(err, os.ErrNotExist) {
		t.Skip("no samples here")
	}
	require.NoError(t, err)
	defer func() { require.NoError(t, f.Close()) }()

	counts := map[string]int{}
	list := regexp.MustCompile(`(?:\[|array of )(\d+)\]?$`) // records[86], array of 4
	folder := ""
	for lines := bufio.NewScanner(f); lines.Scan(); {
		line := lines.Text()
		if name, ok := strings.CutPrefix(line, "## "); ok {
			folder = strings.TrimSpace(name)
		}
		cells := strings.Split(line, "|")
		if len(cells) < 5 || !strings.Contains(cells[1], ".") {
			continue
		}
		file := folder + "/" + strings.TrimSpace(cells[1])
		switch rows := strings.TrimSpace(cells[3]); {
		case rows == "object":
			counts[file] = 1
		case list.MatchString(rows):
			n, err := strconv.Atoi(list.FindStringSubmatch(rows)[1])
			require.NoError(t, err)
			counts[file] = n
		default:
			n, err := strconv.Atoi(rows)
			require.NoError(t, err)
			counts[file] = n
		}
	}
	return counts
}

func TestSamples(t *testing.T) {
	t.Parallel()

	counts := sampleCounts(t)
	// Where the index counts something else than records.
	counts["salesforce/forcedotcom__dataloader/csvtext_BOM_UTF32LE.csv"] = 2 // misread there
	counts["generic/Doogit__pipeline-hygiene/delta_manifest.json"] = 3       // taken as an envelope
	formats := map[string]Format{
		"salesforce/SFDC-Assets__event-monitoring-demo/Account-plan.json":        FormatPlan,
		"salesforce/SFDC-Assets__event-monitoring-demo/Contact-plan.json":        FormatPlan,
		"salesforce/SFDC-Assets__event-monitoring-demo/Opportunity-plan.json":    FormatPlan,
		"salesforce/NangoHQ__integration-templates/accounts.response.json":       FormatJSON,
		"salesforce/stomita__salesforce-migration-app-pack/Opportunity.csv":      FormatCSV,
		"odoo/tfrancoi__odoo_csv_import/compagny.csv":                            FormatCSV,
		"salesforce/forcedotcom__dataloader/accountData.csv":                     FormatCSV,
		"salesforce/SFDC-Assets__event-monitoring-demo/Contacts.json":            FormatJSON,
		"hubspot/NangoHQ__integration-templates/contacts.response.json":          FormatJSON,
		"salesforce/forcedotcom__dataloader/csvtext_BOM_UTF32BE.csv":             FormatCSV,
		"zoho/rahulanilnair__Analysis-of-ZOHO-CRM-Analytics-using-SQL/Users.csv": FormatCSV,
	}
	encodings := map[string]string{
		"salesforce/forcedotcom__dataloader/accountData.csv":            latin1Name,
		"salesforce/forcedotcom__dataloader/csvtext_BOM_UTF16BE.csv":    utf16BEName,
		"salesforce/forcedotcom__dataloader/csvtext_BOM_UTF16LE.csv":    utf16LEName,
		"salesforce/forcedotcom__dataloader/csvtext_BOM_UTF32BE.csv":    utf32BEName,
		"salesforce/forcedotcom__dataloader/csvtext_BOM_UTF32LE.csv":    utf32LEName,
		"salesforce/forcedotcom__dataloader/csvtext_BOM_UTF8.csv":       utf8BOMName,
		"salesforce/SFDC-Assets__gen-ai-demo/Account.csv":               utf8BOMName,
		"bitrix24/maxpoll-dev__bitrix-stats/deals.csv":                  utf8Name,
		"salesforce/forcedotcom__dataloader/csvtext.csv":                utf8Name,
		"salesforce/NangoHQ__integration-templates/users.response.json": utf8Name,
	}
	require.Greater(t, len(counts), 150)

	for file, want := range counts {
		t.Run(file, func(t *testing.T) {
			t.Parallel()

			open := func() (io.ReadCloser, error) { return os.Open(filepath.Join(samplesDir, file)) }
			p, err := Scan(t.Context(), open, Options{})
			require.NoError(t, err)
			if format, ok := formats[file]; ok {
				require.Equal(t, format, p.Format)
			}
			if encoding, ok := encodings[file]; ok {
				require.Equal(t, encoding, p.Encoding)
			}
			switch p.Format {
			case FormatPlan, FormatUnknown:
				require.Contains(t, formats, file)
				return
			case FormatCSV:
				delimiter := ','
				if strings.HasPrefix(file, "odoo/tfrancoi") {
					delimiter = ';'
				}
				require.Equal(t, delimiter, p.Delimiter)
			}

			f, err := open()
			require.NoError(t, err)
			r, err := NewReader(f, p, Options{})
			require.NoError(t, err)
			defer func() { require.NoError(t, r.Close()) }()
			n, line := 0, 0
			for {
				rec, err := r.Read()
				if errors.Is(err, io.EOF) {
					break
				}
				require.NoError(t, err, "not one record of the samples is bad")
				require.Equal(t, p.Header, rec.Header.Names[:len(p.Header)])
				require.Len(t, rec.Cells, len(rec.Header.Names))
				require.GreaterOrEqual(t, rec.Line, line)
				line = rec.Line
				n++
			}
			require.Equal(t, want, n)
			require.LessOrEqual(t, int64(line), p.Lines)
			require.Zero(t, r.Footer())
		})
	}
}

// TestSamples_Envelopes looks at where records stand in answers of APIs, and whether there are more.
func TestSamples_Envelopes(t *testing.T) {
	t.Parallel()
	counts := sampleCounts(t)

	more := map[string]bool{
		"close/NangoHQ__integration-templates/list-leads.response.json":    true,
		"salesforce/NangoHQ__integration-templates/accounts.response.json": true,
	}
	envelopes := map[string]string{ // by CRM
		"close": "data", "hubspot": "results", "odoo": "records", "pipedrive": "data", "salesforce": "records", "zoho": "data",
	}
	others := map[string]string{
		"close/NangoHQ__integration-templates/get-lead.response.json":  "",
		"odoo/NangoHQ__integration-templates/contacts.response.json":   "",
		"zoho/NangoHQ__integration-templates/list-users.response.json": "users",
	}
	for file := range counts {
		crm, name, _ := strings.Cut(file, "/")
		if !strings.HasPrefix(name, "NangoHQ__integration-templates/") {
			continue
		}
		t.Run(file, func(t *testing.T) {
			t.Parallel()

			p, err := Scan(t.Context(), func() (io.ReadCloser, error) { return os.Open(filepath.Join(samplesDir, file)) }, Options{})
			require.NoError(t, err)
			want, ok := others[file]
			if !ok {
				want = envelopes[crm]
			}
			require.Equal(t, want, p.Envelope)
			require.Equal(t, more[file], p.More)
			require.NotEmpty(t, p.Header)
		})
	}
}

// TestSamples_FirstCells pins some cells of files that are easy to misread.
func TestSamples_FirstCells(t *testing.T) {
	t.Parallel()
	sampleCounts(t)

	for _, tc := range []struct{ file, column, want string }{
		{"salesforce/forcedotcom__dataloader/csvtext_BOM_UTF16LE.csv", "column2", "row1-2"},
		{"salesforce/forcedotcom__dataloader/csvtext_BOM_UTF32BE.csv", "column1", "row1-1"},
		{"salesforce/forcedotcom__dataloader/csvtext_BOM_UTF32LE.csv", "column3", "row1-3"},
		{"salesforce/forcedotcom__dataloader/csvtext_BOM_UTF8.csv", "column1", "row1-1"},
		{"salesforce/forcedotcom__dataloader/csvEscapedQuotes.csv", "column1", `"The Best" Account`},
		{"salesforce/NangoHQ__integration-templates/accounts.response.json", "Id", "001dM00003jU9GyQAK"},
		{"salesforce/SFDC-Assets__event-monitoring-demo/Contacts.json", "referenceId", "ContactRef1"},
		{"odoo/tfrancoi__odoo_csv_import/compagny.csv", "Phone", "8988 2436428   "},
		{"pipedrive/NangoHQ__integration-templates/get-deal.response.json", "status", "open"},
		{"pipedrive/NangoHQ__integration-templates/list-deals.response.json", "person_id.active_flag", "true"},
		{"hubspot/NangoHQ__integration-templates/deals.response.json", "archived", "false"},
	} {
		t.Run(filepath.Base(tc.file), func(t *testing.T) {
			t.Parallel()

			data, err := os.ReadFile(filepath.Join(samplesDir, tc.file))
			require.NoError(t, err)
			p := scanString(t, string(data), Options{})
			_, records, err := readProfile(t, string(data), p, Options{})
			require.NoError(t, err)
			at := records[0].Header.Index(tc.column)
			require.GreaterOrEqual(t, at, 0)
			require.Equal(t, tc.want, records[0].Cells[at])
		})
	}
}
