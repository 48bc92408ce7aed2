package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/projectrye/rye-import/importer/report"
	"github.com/projectrye/rye-import/internal/pgtest"
)

// settlement is what runs show tells of the rejects of a run.
type settlement struct {
	Rejected, Settled, Open int64
	By                      []struct{ Run, Settled int64 }
}

func settled(t *testing.T, url, id string) settlement {
	t.Helper()
	r := command(t, "", "--database-url", url, "runs", "show", "--output", "json", id)
	require.Equal(t, exitDone, r.code, r.stderr)
	var shown struct{ Settlement settlement }
	require.NoError(t, json.Unmarshal([]byte(r.stdout), &shown))
	return shown.Settlement
}

// repair changes the text of a reject file and gives the path of the changed copy.
func repair(t *testing.T, s *report.Summary, object string, pairs ...string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(s.Rejects.Path, object+".csv"))
	require.NoError(t, err)
	for i := 0; i < len(pairs); i += 2 {
		require.Contains(t, string(text), pairs[i])
	}
	return write(t, t.TempDir(), object+".csv", strings.NewReplacer(pairs...).Replace(string(text)))
}

const (
	adams = "0037R00000M7ZjlQAF"
	baker = "0037R00000M8C8JQAV"
	clark = "0037R00000M8M22QAF"
	davis = "0037R00000M9M22QAF"
)

// rejectsOf are rows of which two lack their name, one has a date that is none, and one no id.
func rejectsOf() string {
	return csvFile(contactHeader,
		contactRow(adams, "Adams", ""),
		contactRow(baker, "", ""),
		contactRow(clark, "", ""),
		strings.Replace(contactRow(davis, "Davis", ""), "2024", "2o24", 1),
		contactRow("", "Evans", ""))
}

// TestRejectsSettled brings rejects back: what is right settles the reject of the first run, what is
// rejected again leaves it open, whichever run's file it comes from.
func TestRejectsSettled(t *testing.T) {
	t.Parallel()
	url := pgtest.Clone(t)
	first := imported(t, url, exitRejects, write(t, t.TempDir(), "Contact.csv", rejectsOf()))
	require.Equal(t, int64(4), first.Rejects.Total())
	require.Equal(t, settlement{Rejected: 4, Open: 4, By: []struct{ Run, Settled int64 }{}}, settled(t, url, first.RunID))

	// One date is repaired, and one id, which the run did not know.
	second := imported(t, url, exitRejects, repair(t, first, "Contact", "2o24", "2024", "\n,0,Evans", "\n0037R00000M9M33QAF,0,Evans"))
	require.Equal(t, int64(2), second.Rejects.Total())
	require.Equal(t, []report.Returned{{Run: 1, RunID: first.RunID, Settled: 2, Again: 2, Open: 2}}, second.Rejects.Returned)
	got := settled(t, url, first.RunID)
	require.Equal(t, settlement{Rejected: 4, Settled: 2, Open: 2, By: []struct{ Run, Settled int64 }{{2, 2}}}, got)

	// The file of the second run leads to the first run too.
	third := imported(t, url, exitRejects, repair(t, second, "Contact", baker+",0,,", baker+",0,Baker,"))
	require.Equal(t, []report.Returned{{Run: 1, RunID: first.RunID, Settled: 1, Again: 1, Open: 1}}, third.Rejects.Returned)
	require.Equal(t, int64(1), settled(t, url, second.RunID).Open, "what the second run rejected is settled with it")

	// The last comes right in the nightly export, which has the others wrong as ever.
	export := strings.Replace(rejectsOf(), `"`+clark+`","0",""`, `"`+clark+`","0","Clark"`, 1)
	fourth := imported(t, url, exitDone, write(t, t.TempDir(), "Contact.csv", export))
	require.Equal(t, int64(3), fourth.Rejects.Total())
	require.Equal(t, int64(3), fourth.Rejects.Known)
	got = settled(t, url, first.RunID)
	require.Equal(t, settlement{Rejected: 4, Settled: 4, By: []struct{ Run, Settled int64 }{{2, 2}, {3, 1}, {4, 1}}}, got)
	for _, id := range []string{second.RunID, third.RunID} {
		require.Zero(t, settled(t, url, id).Open)
	}

	// Once more changes nothing.
	fifth := imported(t, url, exitDone, repair(t, first, "Contact", "2o24", "2024", "\n,0,Evans", "\n0037R00000M9M33QAF,0,Evans",
		baker+",0,,", baker+",0,Baker,", clark+",0,,", clark+",0,Clark,"))
	require.Zero(t, fifth.Rejects.Total())
	require.Equal(t, got, settled(t, url, first.RunID))
	require.Equal(t, int64(4), settled(t, url, first.RunID).Settled)
	text := command(t, "", "--database-url", url, "runs", "show", "1")
	require.Contains(t, text.stdout, "The balance of the run is closed")
	require.NotContains(t, text.stdout, "Repair the rows")
	text = command(t, "", "--database-url", url, "runs", "show", "4")
	require.Contains(t, text.stdout, "Repair the rows")
}

// TestRejectsSettled_Columns has reject files of which somebody has taken out columns that say where the rows come from.
func TestRejectsSettled_Columns(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		cut  string // the columns that are left at the end
		open int64  // of the two rejects, one has no id
	}{
		"all of them":     {"_file,_line,_column,_value,_code,_reason,_stage,_run_id", 0},
		"without the run": {"_file,_line,_column,_value,_code,_reason,_stage", 0},
		"without a place": {"_code,_run_id", 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := pgtest.Clone(t)
			first := imported(t, url, exitRejects, write(t, t.TempDir(), "Contact.csv",
				csvFile(contactHeader, contactRow(baker, "", ""), contactRow("", "Evans", ""))))
			text, err := os.ReadFile(filepath.Join(first.Rejects.Path, "Contact.csv"))
			require.NoError(t, err)
			head, _, _ := strings.Cut(string(text), "\n")
			names := strings.Split(head, ",")
			var b strings.Builder
			for _, line := range strings.Split(strings.TrimSpace(string(text)), "\n") {
				cells := strings.Split(line, ",")
				require.Len(t, cells, len(names))
				var kept []string
				for i, cell := range cells {
					if !strings.HasPrefix(names[i], "_") || strings.Contains(","+tc.cut+",", ","+names[i]+",") {
						kept = append(kept, cell)
					}
				}
				b.WriteString(strings.Join(kept, ",") + "\n")
			}
			repaired := strings.NewReplacer(baker+",0,,", baker+",0,Baker,", "\n,0,Evans", "\n"+clark+",0,Evans").Replace(b.String())
			imported(t, url, exitDone, write(t, t.TempDir(), "Contact.csv", repaired))
			require.Equal(t, tc.open, settled(t, url, first.RunID).Open)
			pool := pgtest.Connect(t, url)
			require.Zero(t, value[int](t, pool, `SELECT count(*) FROM rye.nodes WHERE properties::text LIKE '%"\_%'`), "what a run adds is no property")
			require.False(t, value[bool](t, pool, "SELECT full_export FROM rye_import.runs WHERE run_no = 2"))
		})
	}
}

// TestRejectsSettled_Twice has a record that stands twice: that one of them is used does not settle the
// other, that it stands there once does.
func TestRejectsSettled_Twice(t *testing.T) {
	t.Parallel()
	url := pgtest.Clone(t)
	twice := csvFile(contactHeader, contactRow(adams, "Adams", ""), contactRow(adams, "Adamsson", ""))
	once := csvFile(contactHeader, contactRow(adams, "Adams", ""))
	first := imported(t, url, exitRejects, write(t, t.TempDir(), "Contact.csv", twice))
	imported(t, url, exitDone, write(t, t.TempDir(), "Contact.csv", twice))
	require.Equal(t, int64(1), settled(t, url, first.RunID).Open)
	imported(t, url, exitDone, "--delta", write(t, t.TempDir(), "Contact.csv", once))
	require.Equal(t, int64(1), settled(t, url, first.RunID).Open, "a delta does not say that the other is gone")
	last := imported(t, url, exitDone, write(t, t.TempDir(), "Contact.csv", once))
	require.Zero(t, settled(t, url, first.RunID).Open)
	require.Len(t, last.Rejects.Returned, 2)

	// With another id it is another record.
	url = pgtest.Clone(t)
	first = imported(t, url, exitRejects, write(t, t.TempDir(), "Contact.csv", twice))
	imported(t, url, exitDone, repair(t, first, "Contact", adams+",0,Adamsson", baker+",0,Adamsson"))
	require.Zero(t, settled(t, url, first.RunID).Open)
}

// TestRejectsSettled_Line has records that stand on one line of JSON: their ids tell which came back.
func TestRejectsSettled_Line(t *testing.T) {
	t.Parallel()
	url := pgtest.Clone(t)
	page := `{"records": [{"attributes": {"type": "Contact"}, "Id": "` + adams + `", "LastName": "Adams", "Birthdate": "soon"}, ` +
		`{"attributes": {"type": "Contact"}, "Id": "` + baker + `", "LastName": "Baker", "Birthdate": "later"}]}`
	first := imported(t, url, exitRejects, write(t, t.TempDir(), "page.json", page))
	require.Equal(t, int64(2), first.Rejects.Total())
	text, err := os.ReadFile(filepath.Join(first.Rejects.Path, "Contact.csv"))
	require.NoError(t, err)
	one := regexp.MustCompile(`(?m)^.*Adams.*\n`).ReplaceAllString(string(text), "")
	second := imported(t, url, exitDone, write(t, t.TempDir(), "Contact.csv", strings.Replace(one, "later", "1990-01-02", 1)))
	require.Equal(t, []report.Returned{{Run: 1, RunID: first.RunID, Settled: 1, Open: 1}}, second.Rejects.Returned)
}

// TestRejectsSettled_Failed has a run that comes to nothing: it settles nothing.
func TestRejectsSettled_Failed(t *testing.T) {
	t.Parallel()
	url := pgtest.Clone(t)
	first := imported(t, url, exitRejects, write(t, t.TempDir(), "Contact.csv", rejectsOf()))
	imported(t, url, exitGuard, "--max-rejects", "0", repair(t, first, "Contact", "2o24", "2024"))
	require.Equal(t, int64(4), settled(t, url, first.RunID).Open)

	// A run that is taken back opens what it had settled.
	second := imported(t, url, exitRejects, repair(t, first, "Contact", "2o24", "2024"))
	require.Equal(t, int64(3), settled(t, url, first.RunID).Open)
	execute(t, pgtest.Connect(t, url), "UPDATE rye_import.runs SET status = 'failed' WHERE run_id::text = $1", second.RunID)
	require.Equal(t, int64(4), settled(t, url, first.RunID).Open)
}
