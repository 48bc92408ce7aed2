package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/projectrye/rye-import/importer/report"
	"github.com/projectrye/rye-import/internal/pgtest"
)

// TestRejectGroups does what the summary says of each cause, to the letter: the group is settled, and no record
// is rejected that was not before.
func TestRejectGroups(t *testing.T) {
	t.Parallel()
	const (
		contacts = "Id|IsDeleted|LastName|Birthdate|HasOptedOutOfEmail|CreatedDate"
		deals    = "Id|IsDeleted|Name|StageName|Amount|Probability|CloseDate|CreatedDate"
	)
	id := func(prefix string, n int) string { return fmt.Sprintf("%s7R00000M%04dQAF", prefix, n) }
	contact := func(n int, last, birth, out string) string {
		return id("003", n) + "|0|" + last + "|" + birth + "|" + out + "|2024-01-01 08:00:00"
	}
	deal := func(n int, amount, probability, closing string) string {
		return id("006", n) + "|0|Deal|New|" + amount + "|" + probability + "|" + closing + "|2024-01-01 08:00:00"
	}
	late := func(rows ...string) []string { // what a look at the beginning does not show
		all := []string{contacts}
		for n := range 210 {
			all = append(all, contact(1000+n, "Adams", "1990-01-02", "0"))
		}
		return append(all, rows...)
	}
	for name, tc := range map[string]struct {
		rows []string
		code string
		want report.RejectGroup // without what is the same for all
	}{
		"a name is blank": {
			rows: []string{contacts, contact(1, "", "", "0"), contact(2, "Baker", "", "0"), contact(3, "", "", "0")},
			want: report.RejectGroup{
				Code: "missing_required", Column: "LastName", Records: 2, Line: 2,
				Settle: report.Settle{Mapping: `objects: {Contact: {cells: {LastName: {default: "(unknown)"}}}}`},
			},
		},
		"twice": {
			rows: []string{contacts, contact(1, "Adams", "", "0"), contact(1, "Baker", "", "0")},
			want: report.RejectGroup{Code: "duplicate_id", Column: "Id", Records: 1, Line: 3, Settle: report.Settle{Mapping: `objects: {Contact: {repeated: first}}`}},
		},
		"days first": {
			rows: late(contact(1, "Adams", "31/12/1990", "0"), contact(2, "Adams", "3/4/1990", "0")),
			want: report.RejectGroup{Code: "invalid_date", Column: "Birthdate", Shape: "99/99/9999", Records: 2, Line: 212, Settle: report.Settle{Flag: "--date-order dmy"}},
		},
		"months first": {
			rows: late(contact(1, "Adams", "12/31/1990", "0")),
			want: report.RejectGroup{Code: "invalid_date", Column: "Birthdate", Shape: "99/99/9999", Records: 1, Line: 212, Settle: report.Settle{Flag: "--date-order mdy"}},
		},
		"either first": {
			rows: late(contact(1, "Adams", "3/4/1990", "0")),
			want: report.RejectGroup{Code: "invalid_date", Column: "Birthdate", Shape: "99/99/9999", Records: 1, Line: 212, Settle: report.Settle{Flag: "--date-order dmy"}},
		},
		"without marks": {
			rows: []string{contacts, contact(1, "Adams", "1990-01-02", "0"), contact(2, "Baker", "19901231", "0")},
			want: report.RejectGroup{
				Code: "invalid_date", Column: "Birthdate", Shape: "99999999", Records: 1, Line: 3,
				Settle: report.Settle{Mapping: `objects: {Contact: {cells: {Birthdate: {layout: YYYYMMDD}}}}`},
			},
		},
		"short years": {
			rows: []string{contacts, contact(1, "Adams", "1990-01-02", "0"), contact(2, "Baker", "31.12.90", "0"), contact(3, "Clark", "1.2.90", "0")},
			want: report.RejectGroup{
				Code: "invalid_date", Column: "Birthdate", Shape: "99.99.99", Records: 2, Line: 3,
				Settle: report.Settle{Mapping: `objects: {Contact: {cells: {Birthdate: {layout: "D.M.YY"}}}}`},
			},
		},
		"no such day": {
			rows: []string{contacts, contact(1, "Adams", "1990-02-31", "0"), contact(2, "Baker", "1990-02-28", "0")},
			want: report.RejectGroup{
				Code: "invalid_date", Column: "Birthdate", Shape: "9999-99-99", Records: 1, Line: 2,
				Settle: report.Settle{Mapping: `objects: {Contact: {cells: {Birthdate: {unreadable: blank}}}}`},
			},
		},
		"neither true nor false": {
			rows: []string{contacts, contact(1, "Adams", "", "ja"), contact(2, "Baker", "", "1")},
			want: report.RejectGroup{
				Code: "invalid_boolean", Column: "HasOptedOutOfEmail", Shape: "a", Records: 1, Line: 2,
				Settle: report.Settle{Mapping: `objects: {Contact: {cells: {HasOptedOutOfEmail: {unreadable: blank}}}}`},
			},
		},
		"no number": {
			rows: []string{deals, deal(1, "a lot", "10", "2024-03-01"), deal(2, "5", "10", "2024-03-01")},
			want: report.RejectGroup{
				Code: "invalid_number", Column: "Amount", Shape: "a a", Records: 1, Line: 2,
				Settle: report.Settle{Mapping: `objects: {Opportunity: {cells: {Amount: {unreadable: blank}}}}`},
			},
		},
		"too much": {
			rows: []string{deals, deal(1, "5", "1000", "2024-03-01"), deal(2, "5", "10", "2024-03-01")},
			want: report.RejectGroup{
				Code: "out_of_range", Column: "Probability", Shape: "9999", Records: 1, Line: 2,
				Settle: report.Settle{Mapping: `objects: {Opportunity: {cells: {Probability: {unreadable: blank}}}}`},
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := pgtest.Clone(t)
			file := "Contact.csv"
			if strings.HasPrefix(tc.rows[0], deals) {
				file = "Opportunity.csv"
			}
			path := write(t, t.TempDir(), file, csvFile(tc.rows...))
			s := imported(t, url, exitRejects, path)
			require.Len(t, s.Rejects.Groups, 1)
			got := s.Rejects.Groups[0]
			require.NotEmpty(t, got.Settle.Text)
			require.NotEmpty(t, got.Reason)
			args := []string{path}
			switch {
			case got.Settle.Flag != "":
				args = append(args, strings.Fields(got.Settle.Flag)...)
			case got.Settle.Mapping != "":
				require.Equal(t, "salesforce", got.Settle.Extends)
				args = append(args, "--mapping", write(t, t.TempDir(), "mapping.yaml", "extends: "+got.Settle.Extends+"\n"+got.Settle.Mapping+"\n"))
			}
			got.Settle.Text, got.Settle.Extends, got.Reason = "", "", ""
			tc.want.Object, tc.want.File = strings.TrimSuffix(file, ".csv"), file
			tc.want.Stage = "map"
			if tc.want.Code == "duplicate_id" {
				tc.want.Stage = "load"
			}
			require.Equal(t, tc.want, got)

			after := imported(t, url, exitDone, args...)
			require.Empty(t, after.Rejects.Groups)
			require.Zero(t, after.Rejects.Total())
			require.Len(t, after.Rejects.Returned, 1, "and the first run is settled")
			require.Zero(t, after.Rejects.Returned[0].Open)
		})
	}
}

// TestRejectGroups_Fixture groups the rejects of the invented export: each has its place and what settles it, all of
// them are counted, and no value is shown.
func TestRejectGroups_Fixture(t *testing.T) {
	t.Parallel()
	s := imported(t, pgtest.Clone(t), exitRejects, fixture)
	counts := report.Counts{}
	for _, g := range s.Rejects.Groups {
		counts[g.Code] += g.Records
		require.NotEmpty(t, g.Settle.Text, g.Code)
		require.NotEmpty(t, g.File, g.Code)
		require.Positive(t, g.Line, g.Code)
	}
	require.Equal(t, s.Rejects.ByCode, counts)
	r := command(t, "", "--database-url", pgtest.Clone(t), "run", fixture, "--rejects", t.TempDir(), "--progress", "none")
	for _, g := range s.Rejects.Groups {
		require.Contains(t, r.stdout, fmt.Sprintf("line %d", g.Line))
	}
	require.Contains(t, r.stdout, "extends: salesforce")
}
