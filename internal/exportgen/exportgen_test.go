package exportgen_test

import (
	"encoding/csv"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/projectrye/rye-import/internal/exportgen"
)

// record is a row by its header.
type record map[string]string

// export is what Write wrote, read back.
type export struct {
	dir      string
	manifest exportgen.Manifest
	objects  map[string][]record
}

func write(t *testing.T, opts exportgen.Options) export {
	t.Helper()

	e := export{dir: t.TempDir(), objects: make(map[string][]record)}
	var err error
	e.manifest, err = exportgen.Write(e.dir, opts)
	require.NoError(t, err)

	for object, m := range e.manifest.Objects {
		file, err := os.Open(filepath.Join(e.dir, m.File))
		require.NoError(t, err)
		rows, err := csv.NewReader(file).ReadAll()
		require.NoError(t, err, object)
		require.NoError(t, file.Close())
		for _, row := range rows[1:] {
			r := make(record, len(row))
			for i, column := range rows[0] {
				r[column] = row[i]
			}
			require.Len(t, r, len(rows[0]), "columns of one name in %s", object)
			e.objects[object] = append(e.objects[object], r)
		}
	}
	return e
}

func (e export) read(t *testing.T, object string) string {
	t.Helper()

	data, err := os.ReadFile(filepath.Join(e.dir, object+".csv"))
	require.NoError(t, err)
	return string(data)
}

// suffix computes the checksum of an id bit by bit, other than the package does.
func suffix(id string) string {
	var text strings.Builder
	for group := 0; group < 15; group += 5 {
		index := 0
		for i := 4; i >= 0; i-- {
			index *= 2
			if c := id[group+i]; c >= 'A' && c <= 'Z' {
				index++
			}
		}
		text.WriteByte("ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"[index])
	}
	return text.String()
}

const null = "000000000000000AAA"

// The sizes cover the smallest export, odd numbers of everything and a normal one.
var sizes = []int{exportgen.MinRecords, 777, 1013, 5000, 20011}

func TestWriteAmounts(t *testing.T) {
	t.Parallel()

	e := write(t, exportgen.Options{Records: 20000, Seed: 7})
	sums := map[string]*big.Rat{"EUR": {}, "JPY": {}, "USD": {}}
	blank := 0
	for _, deal := range e.objects["Opportunity"] {
		if deal["Amount"] == "" {
			blank++
			continue
		}
		amount, ok := new(big.Rat).SetString(deal["Amount"])
		require.True(t, ok, deal["Amount"])
		sum := sums[deal["CurrencyIsoCode"]]
		sum.Add(sum, amount)
	}
	require.Positive(t, blank)
	for currency, sum := range sums {
		require.Positive(t, sum.Sign(), currency)
		require.Equal(t, sum.FloatString(map[string]int{"EUR": 2, "JPY": 0, "USD": 2}[currency]), e.manifest.Amounts[currency])
	}
}

func TestWriteChanges(t *testing.T) {
	t.Parallel()

	const records, percent = 20000, 5.0
	before := write(t, exportgen.Options{Records: records, Seed: 7})
	after := write(t, exportgen.Options{ChangePercent: percent, Records: records, Seed: 7})
	again := write(t, exportgen.Options{ChangePercent: percent, Records: records, Seed: 7})
	require.Equal(t, after.manifest, again.manifest)
	require.Equal(t, records*percent/100, float64(after.manifest.Changed))
	require.Equal(t, before.manifest.Records, after.manifest.Records)

	mayChange := map[string][]string{
		"Contact": {"LastModifiedDate", "Phone", "SystemModstamp", "Title"},
		"Opportunity": {
			"Amount", "ExpectedRevenue", "ForecastCategory", "ForecastCategoryName", "IsClosed", "IsWon", "LastModifiedDate",
			"LastStageChangeDate", "Probability", "StageName", "SystemModstamp",
		},
	}
	stagesMoved, amountsMoved := 0, 0
	for object, rows := range before.objects {
		require.Equal(t, after.read(t, object), again.read(t, object))
		changed := 0
		for i, was := range rows {
			is := after.objects[object][i]
			same := true
			for column := range was {
				if was[column] != is[column] {
					require.Contains(t, mayChange[object], column)
					same = false
				}
			}
			if same {
				continue
			}
			changed++
			require.Greater(t, is["SystemModstamp"], was["SystemModstamp"])
			require.Greater(t, is["SystemModstamp"], "2024")
			if is["StageName"] != was["StageName"] {
				stagesMoved++
			}
			if is["Amount"] != was["Amount"] {
				amountsMoved++
			}
		}
		require.Equal(t, after.manifest.Objects[object].Changed, changed, object)
	}
	require.Positive(t, stagesMoved)
	require.Positive(t, amountsMoved)
}

func TestWriteCounts(t *testing.T) {
	t.Parallel()

	for _, size := range sizes {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			t.Parallel()

			e := write(t, exportgen.Options{Records: size, Seed: 7})
			records, bytes := 0, int64(0)
			for object, m := range e.manifest.Objects {
				require.Len(t, e.objects[object], m.Records)
				info, err := os.Stat(filepath.Join(e.dir, m.File))
				require.NoError(t, err)
				require.Equal(t, info.Size(), m.Bytes)
				records += m.Records
				bytes += m.Bytes
			}
			require.Equal(t, size, records)
			require.Equal(t, size, e.manifest.Records)
			require.Equal(t, bytes, e.manifest.Bytes)

			files, err := os.ReadDir(e.dir)
			require.NoError(t, err)
			require.Len(t, files, len(e.manifest.Objects))
		})
	}
}

func TestWriteDeals(t *testing.T) {
	t.Parallel()

	e := write(t, exportgen.Options{Records: 20011, Seed: 7})
	stages := make(map[string]record)
	for _, stage := range e.objects["OpportunityStage"] {
		stages[stage["MasterLabel"]] = stage
	}
	history := make(map[string][]record)
	for _, row := range e.objects["OpportunityHistory"] {
		id := row["OpportunityId"]
		if n := len(history[id]); n == 0 {
			require.Empty(t, row["FromOpportunityStageName"])
		} else {
			was := history[id][n-1]
			require.Equal(t, was["StageName"], row["FromOpportunityStageName"])
			require.Equal(t, was["Amount"], row["PrevAmount"])
			require.Equal(t, was["CloseDate"], row["PrevCloseDate"])
			require.Equal(t, was["ValidThroughDate"], row["CreatedDate"])
			require.Greater(t, row["CreatedDate"], was["CreatedDate"])
		}
		history[id] = append(history[id], row)
	}

	seen := make(map[string]int)
	for _, deal := range e.objects["Opportunity"] {
		stage := stages[deal["StageName"]]
		require.Equal(t, stage["DefaultProbability"], deal["Probability"])
		require.Equal(t, stage["IsClosed"], deal["IsClosed"])
		require.Equal(t, stage["IsWon"], deal["IsWon"])
		require.Equal(t, stage["ForecastCategory"], deal["ForecastCategory"])

		rows := history[deal["Id"]]
		require.NotEmpty(t, rows)
		require.Equal(t, deal["CreatedDate"], rows[0]["CreatedDate"])
		last := rows[len(rows)-1]
		for _, column := range []string{"StageName", "Amount", "CloseDate", "Probability", "ExpectedRevenue", "CurrencyIsoCode"} {
			require.Equal(t, last[column], deal[column], column)
		}
		seen[deal["StageName"]]++
	}
	require.Len(t, seen, len(stages), "every stage has deals")
}

func TestWriteDeterministic(t *testing.T) {
	t.Parallel()

	opts := exportgen.Options{Records: 5000, Seed: 7}
	one, two := write(t, opts), write(t, opts)
	require.Equal(t, one.manifest, two.manifest)
	other := write(t, exportgen.Options{Records: 5000, Seed: 8})
	for object := range one.objects {
		require.Equal(t, one.read(t, object), two.read(t, object))
		require.NotEqual(t, one.read(t, object), other.read(t, object))
	}
}

func TestWriteErrors(t *testing.T) {
	t.Parallel()

	for name, opts := range map[string]exportgen.Options{
		"change too large": {ChangePercent: 90, Records: 1000},
		"negative change":  {ChangePercent: -1, Records: 1000},
		"prefix too long":  {Prefix: "abc", Records: 1000},
		"prefix not ASCII": {Prefix: "é", Records: 1000},
		"too few records":  {Records: exportgen.MinRecords - 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			dir := filepath.Join(t.TempDir(), "export")
			_, err := exportgen.Write(dir, opts)
			require.Error(t, err)
			require.NoDirExists(t, dir)
		})
	}
}

func TestWriteIDs(t *testing.T) {
	t.Parallel()

	prefixes := map[string]string{
		"Account": "001", "AccountContactRelation": "07k", "BusinessProcess": "019", "Campaign": "701", "CampaignMember": "00v",
		"Contact": "003", "Event": "00U", "Lead": "00Q", "Note": "002", "Opportunity": "006", "OpportunityContactRole": "00K",
		"OpportunityHistory": "008", "OpportunityStage": "01J", "RecordType": "012", "Task": "00T", "User": "005",
	}
	one := write(t, exportgen.Options{Records: 5000, Seed: 7})
	two := write(t, exportgen.Options{Prefix: "Zz", Records: 5000, Seed: 7})

	seen := make(map[string]bool)
	for _, e := range []export{one, two} {
		for object, rows := range e.objects {
			for _, row := range rows {
				id := row["Id"]
				require.Len(t, id, 18)
				require.Equal(t, prefixes[object], id[:3])
				require.Equal(t, suffix(id[:15]), id[15:])
				require.False(t, seen[id], id)
				seen[id] = true
			}
		}
	}
	require.Equal(t, "003Zz", two.objects["Contact"][0]["Id"][:5])
}

func TestWriteReferences(t *testing.T) {
	t.Parallel()

	targets := map[string][]string{
		"AccountId": {"Account"}, "BusinessProcessId": {"BusinessProcess"}, "CampaignId": {"Campaign"}, "ContactId": {"Contact"},
		"ConvertedAccountId": {"Account"}, "ConvertedContactId": {"Contact"}, "ConvertedOpportunityId": {"Opportunity"},
		"CreatedById": {"User"}, "LastModifiedById": {"User"}, "LeadId": {"Lead"}, "ManagerId": {"User"}, "OpportunityId": {"Opportunity"},
		"OwnerId": {"User"}, "RecordTypeId": {"RecordType"}, "ReportsToId": {"Contact"}, "WhatId": {"Account", "Opportunity"},
		"WhoId": {"Contact", "Lead"},
	}
	for _, size := range sizes {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			t.Parallel()

			e := write(t, exportgen.Options{Records: size, Seed: uint64(size)})
			objectOf := make(map[string]string)
			for object, rows := range e.objects {
				for _, row := range rows {
					objectOf[row["Id"][:15]] = object
				}
			}
			used := make(map[string]bool)
			pairs := make(map[string]bool)
			for object, rows := range e.objects {
				for _, row := range rows {
					for column, value := range row {
						allowed, known := targets[column]
						switch {
						case column == "ParentId" && object == "Note":
							allowed = []string{"Account", "Contact", "Lead", "Opportunity"}
						case column == "ParentId":
							allowed = []string{object}
							require.NotEqual(t, row["Id"], value)
						case column == "Id" || !known && !strings.HasSuffix(column, "Id"):
							continue
						}
						if value == null || value == "" && column == "ReportsToId" || column == "TableEnumOrId" {
							continue
						}
						require.NotEmpty(t, allowed, column)
						require.Contains(t, allowed, objectOf[value[:min(15, len(value))]], "%s.%s = %q", object, column, value)
						if column == "RecordTypeId" {
							require.Len(t, value, 15)
						} else {
							require.Equal(t, suffix(value[:15]), value[15:])
						}
						used[column] = true
					}
					switch object {
					case "AccountContactRelation":
						pairs["relation "+row["AccountId"]+row["ContactId"]] = true
					case "CampaignMember":
						require.NotEqual(t, row["LeadId"] == null, row["ContactId"] == null)
						pairs["member "+row["CampaignId"]+row["LeadId"]+row["ContactId"]] = true
					case "OpportunityContactRole":
						pairs["role "+row["OpportunityId"]+row["ContactId"]] = true
					}
				}
			}
			for column := range targets {
				require.True(t, used[column] || size < 5000, column)
			}
			require.Len(t, pairs, e.manifest.Objects["AccountContactRelation"].Records+e.manifest.Objects["CampaignMember"].Records+
				e.manifest.Objects["OpportunityContactRole"].Records, "no link is there twice")
		})
	}
}

// quoted writes the rows of a CSV text anew, every cell in quotes.
func quoted(t *testing.T, text string) string {
	t.Helper()

	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	require.NoError(t, err)
	var out strings.Builder
	for _, row := range rows {
		for i, cell := range row {
			if i > 0 {
				out.WriteByte(',')
			}
			out.WriteString(`"` + strings.ReplaceAll(cell, `"`, `""`) + `"`)
		}
		out.WriteByte('\n')
	}
	return out.String()
}

func TestWriteStyle(t *testing.T) {
	t.Parallel()

	e := write(t, exportgen.Options{Records: 5000, Seed: 7})
	stamp := regexp.MustCompile(`^20\d\d-[01]\d-[0-3]\d [0-2]\d:[0-5]\d:[0-5]\d$`)
	months, foreign, words := make(map[string]bool), 0, 0
	for object, rows := range e.objects {
		text := e.read(t, object)
		require.True(t, utf8.ValidString(text))
		require.Equal(t, quoted(t, text), text)
		for _, r := range rows {
			for column, value := range r {
				switch {
				case strings.HasSuffix(column, "Date") || column == "SystemModstamp" || strings.HasSuffix(column, "DateTime"):
					if value != "" {
						require.Regexp(t, stamp, value, column)
						_, err := time.Parse(time.DateTime, value)
						require.NoError(t, err)
					}
				case strings.HasPrefix(column, "Is"):
					require.Contains(t, []string{"0", "1"}, value, column)
				case column == "FirstName" || column == "LastName":
					words++
					if strings.ContainsFunc(value, func(c rune) bool { return c > 127 }) {
						foreign++
					}
				}
			}
			require.LessOrEqual(t, r["CreatedDate"], r["SystemModstamp"])
			require.GreaterOrEqual(t, r["CreatedDate"], "2021-01-01")
			require.Less(t, r["CreatedDate"], "2024-01-01")
			if object == "Contact" {
				months[r["CreatedDate"][:7]] = true
			}
		}
	}
	require.Greater(t, len(months), 30)
	require.InDelta(t, 0.1, float64(foreign)/float64(words), 0.03)
	for _, object := range []string{"Account", "Contact", "Lead", "Opportunity"} {
		require.Len(t, e.objects[object][0], 25, object)
	}
}

func BenchmarkWrite(b *testing.B) {
	const records = 100_000
	dir := b.TempDir()
	for b.Loop() {
		manifest, err := exportgen.Write(dir, exportgen.Options{Records: records})
		require.NoError(b, err)
		b.SetBytes(manifest.Bytes)
	}
	b.ReportMetric(records*float64(b.N)/b.Elapsed().Seconds(), "records/s")
}
