package main

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/xuri/excelize/v2"

	"github.com/projectrye/rye-import/importer/report"
	"github.com/projectrye/rye-import/internal/pgtest"
)

// contacts makes a workbook with a sheet in the shape of Salesforce, below a title, and a sheet of remarks.
func contacts(t *testing.T, birthdate any) string {
	t.Helper()
	f := excelize.NewFile()
	require.NoError(t, f.SetSheetName("Sheet1", "People"))
	created := time.Date(2024, 1, 1, 8, 0, 0, 0, time.UTC)
	for i, row := range [][]any{
		{"All contacts"},
		nil,
		{"Id", "IsDeleted", "LastName", "Description", "Birthdate", "CreatedDate", "SystemModstamp"},
		{"0037R00000M7ZjlQAF", false, "Ada", "two\nlines", time.Date(1980, 2, 1, 0, 0, 0, 0, time.UTC), created, created},
		{"0037R00000M7aaaQAF", false, "Bob", "", birthdate, created, created},
		{"0037R00000M7bbbQAF", false, "007", 12345678901234567, nil, created, created},
	} {
		cell, err := excelize.CoordinatesToCellName(1, i+1)
		require.NoError(t, err)
		require.NoError(t, f.SetSheetRow("People", cell, &row))
	}
	require.NoError(t, f.MergeCell("People", "A1", "G1"))
	require.NoError(t, f.SetColVisible("People", "A:B", false))
	_, err := f.NewSheet("Remarks")
	require.NoError(t, err)
	require.NoError(t, f.SetCellValue("Remarks", "A1", "made by hand"))
	path := filepath.Join(t.TempDir(), "export.xlsx")
	require.NoError(t, f.SaveAs(path))
	require.NoError(t, f.Close())
	return path
}

func TestWorkbook(t *testing.T) {
	t.Parallel()
	url := pgtest.Clone(t)
	pool := pgtest.Connect(t, url)
	// What is said of CSV files is not said of workbooks.
	args := []string{"--encoding", "utf-16", "--delimiter", ";", "--quote", "'"}

	s := imported(t, url, exitRejects, append(args, contacts(t, "soon"))...)
	require.True(t, s.Balanced)
	require.Equal(t, int64(2), s.Objects["Contact"].Created)
	require.Equal(t, report.Counts{"invalid_date": 1}, s.Rejects.ByCode)
	require.Equal(t, []string{"007", "Ada"}, values(t, pool, "SELECT properties->>'last_name' FROM rye.nodes ORDER BY 1"))
	require.Equal(t, 1, value[int](t, pool, `SELECT count(*) FROM rye.nodes WHERE properties::text LIKE '%two\\nlines%' AND properties::text LIKE '%1980-02-01%'`))
	require.Equal(t, 1, value[int](t, pool, `SELECT count(*) FROM rye.nodes WHERE properties::text LIKE '%12345678901234567%'`))
	require.Equal(t, 5, value[int](t, pool, "SELECT line FROM rye_import.rejects"), "the row of the sheet")

	rejected, err := os.ReadFile(filepath.Join(s.Rejects.Path, "Contact.csv"))
	require.NoError(t, err)
	require.Contains(t, string(rejected), "Id,IsDeleted,LastName,Description,Birthdate,CreatedDate,SystemModstamp,_file")
	require.Contains(t, string(rejected), "0037R00000M7aaaQAF,false,Bob,,soon,2024-01-01 08:00:00,2024-01-01 08:00:00,export.xlsx/People,5,Birthdate,soon,invalid_date,")

	repaired := contacts(t, time.Date(1990, 3, 4, 0, 0, 0, 0, time.UTC))
	s = imported(t, url, exitDone, repaired)
	require.Equal(t, []int64{1, 2}, []int64{s.Objects["Contact"].Created, s.Objects["Contact"].Unchanged})

	before := fingerprint(t, pool)
	s = imported(t, url, exitDone, repaired)
	require.Equal(t, int64(3), s.Objects["Contact"].Unchanged)
	require.Equal(t, before, fingerprint(t, pool))
}

// TestWorkbook_Numbers has numbers that could be read in two ways in CSV.
func TestWorkbook_Numbers(t *testing.T) {
	t.Parallel()
	f := excelize.NewFile()
	for i, row := range [][]any{
		{"Opportunity ID", "Opportunity Name", "Stage", "Close Date", "Amount"},
		{"0067R00000AaaaaQAF", "One", "Won", time.Date(2024, 5, 6, 0, 0, 0, 0, time.UTC), 1.234},
		{"0067R00000BbbbbQAF", "Two", "Won", time.Date(2024, 6, 5, 0, 0, 0, 0, time.UTC), 12.345},
	} {
		cell, err := excelize.CoordinatesToCellName(1, i+1)
		require.NoError(t, err)
		require.NoError(t, f.SetSheetRow("Sheet1", cell, &row))
	}
	path := filepath.Join(t.TempDir(), "deals.xlsx")
	require.NoError(t, f.SaveAs(path))
	require.NoError(t, f.Close())

	url := pgtest.Clone(t)
	s := imported(t, url, exitDone, path)
	require.True(t, s.Balanced)
	require.Equal(t, int64(2), s.Objects["Opportunity"].Created)
	require.Equal(t, []string{"1.234", "12.345"}, values(t, pgtest.Connect(t, url),
		"SELECT claim->>'amount' FROM rye.assertions WHERE claim ? 'amount' ORDER BY 1"))
}

func TestWorkbook_OldFormat(t *testing.T) {
	t.Parallel()
	path := write(t, t.TempDir(), "export.xls", "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\x00\x00")
	r := command(t, "", "inspect", path)
	require.Equal(t, exitFailed, r.code)
	require.Contains(t, r.stderr, "save a workbook as .xlsx")
}
