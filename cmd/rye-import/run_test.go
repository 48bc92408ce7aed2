package main

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/projectrye/rye-import/importer/report"
	"github.com/projectrye/rye-import/internal/pgtest"
)

// TestRunFixture loads the invented export and compares the whole graph with a golden file, and the
// counts with those that the fixture's README promises.
func TestRunFixture(t *testing.T) {
	t.Parallel()
	url := pgtest.Clone(t)
	pool := pgtest.Connect(t, url)
	s := imported(t, url, exitRejects, "--workers", "1", fixture)

	require.True(t, s.Balanced)
	require.Equal(t, "done", s.Status)
	require.Equal(t, "salesforce", s.CRM)
	require.Equal(t, "salesforce", s.Source)
	require.Equal(t, report.Counts{"duplicate_id": 1, "invalid_date": 2, "invalid_number": 1, "missing_required": 2, "ragged_row": 1}, s.Rejects.ByCode)
	for object, want := range promised(t) {
		got := s.Objects[object]
		require.Equal(t, want, report.Object{Read: got.Read, Created: got.Created, Archived: got.Archived, Rejected: got.Rejected, Filtered: got.Filtered}, object)
	}
	for currency, sum := range s.Sums["deal_value"] {
		require.Equal(t, sum.Source, sum.Graph, currency)
	}
	golden(t, "salesforce.golden", dump(t, pool))
}

// promised reads the table of the fixture's README.
func promised(t *testing.T) map[string]report.Object {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(fixture, "README.md"))
	require.NoError(t, err)
	rows := regexp.MustCompile(`(?m)^\| (\w+)\.csv \| *(\d+) \| *(\d+) \| *(\d+) \| *(\d+) \| *(\d+) \|`).FindAllStringSubmatch(string(text), -1)
	require.Greater(t, len(rows), 20, "the table of the README was not found")
	objects := make(map[string]report.Object)
	for _, r := range rows {
		n := make([]int64, 5)
		for i := range n {
			n[i], err = strconv.ParseInt(r[i+2], 10, 64)
			require.NoError(t, err)
		}
		if n[0] == 0 {
			continue
		}
		objects[r[1]] = report.Object{Read: n[0], Created: n[1], Archived: n[2], Rejected: n[3], Filtered: n[4]}
	}
	return objects
}

// TestRunReproducible loads the same export into two databases with different workers and batches.
func TestRunReproducible(t *testing.T) {
	t.Parallel()
	first, second := pgtest.Clone(t), pgtest.Clone(t)
	imported(t, first, exitRejects, "--workers", "1", fixture)
	imported(t, second, exitRejects, "--workers", "4", "--batch-size", "7", fixture)
	require.Equal(t, dump(t, pgtest.Connect(t, first)), dump(t, pgtest.Connect(t, second)))
}

// TestRunTwice runs the same export again, also in other shapes: nothing is written.
func TestRunTwice(t *testing.T) {
	t.Parallel()
	url := pgtest.Clone(t)
	pool := pgtest.Connect(t, url)
	imported(t, url, exitRejects, fixture)
	before := fingerprint(t, pool)
	for range 2 {
		s := imported(t, url, exitDone, "--workers", "3", "--batch-size", "11", fixture)
		require.True(t, s.Balanced)
		require.Zero(t, s.Graph)
		require.Equal(t, s.Rejects.Total(), s.Rejects.Known, "what was rejected before is no news")
		for name, o := range s.Objects {
			require.Equal(t, o.Read, o.Unchanged+o.Rejected+o.Filtered, name)
		}
		for name, l := range s.Links {
			require.Equal(t, l.Found, l.Unchanged+l.Deferred+l.Rejected, name)
		}
		require.Equal(t, before, fingerprint(t, pool), "a row of the rye schema was touched")
	}
	require.Equal(t, 3, value[int](t, pool, "SELECT count(*) FROM rye_import.runs"))
	require.Zero(t, value[int](t, pool, "SELECT count(*) FROM rye_import.staging_records"), "staging is empty")
}

// TestKnownRejects runs exports with bad rows night after night: only a bad row that was not there the
// night before is news.
func TestKnownRejects(t *testing.T) {
	t.Parallel()
	url := pgtest.Clone(t)
	good := contactRow("0037R00000M7ZjlQAF", "Adams", "")
	bad := contactRow("0037R00000M8C8JQAV", "", "")
	other := contactRow("0037R00000M8M22QAF", "", "")
	nights := []struct {
		name      string
		rows      []string
		code      int
		of, known int64
	}{
		{"a bad row", []string{good, bad}, exitRejects, 1, 0},
		{"the same, elsewhere in the file", []string{bad, good}, exitDone, 1, 1},
		{"another one too", []string{good, bad, other}, exitRejects, 2, 1},
		{"both", []string{good, bad, other}, exitDone, 2, 2},
		{"bad for another reason", []string{good, strings.Replace(contactRow("0037R00000M8C8JQAV", "Baker", ""), "2024", "2o24", 1)}, exitRejects, 1, 0},
		{"repaired", []string{good, contactRow("0037R00000M8C8JQAV", "Baker", "")}, exitDone, 0, 0},
	}
	for _, n := range nights {
		s := imported(t, url, n.code, write(t, t.TempDir(), "Contact.csv", csvFile(append([]string{contactHeader}, n.rows...)...)))
		require.Equal(t, n.of, s.Rejects.Total(), n.name)
		require.Equal(t, n.known, s.Rejects.Known, n.name)
	}
	imported(t, url, exitRejects, "--source", "other", write(t, t.TempDir(), "Contact.csv", csvFile(contactHeader, good, bad)))
}

// TestRejectsComeBack repairs a reject file and loads it.
func TestRejectsComeBack(t *testing.T) {
	t.Parallel()
	url := pgtest.Clone(t)
	pool := pgtest.Connect(t, url)
	s := imported(t, url, exitRejects, fixture)
	dir := s.Rejects.Path
	info, err := os.Stat(filepath.Join(dir, "Opportunity.csv"))
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	text, err := os.ReadFile(filepath.Join(dir, "Opportunity.csv"))
	require.NoError(t, err)
	header, _, _ := strings.Cut(string(text), "\n")
	require.True(t, strings.HasSuffix(header, ",_file,_line,_column,_value,_code,_reason,_stage,_run_id"), header)
	require.Contains(t, string(text), s.RunID)
	source, err := os.ReadFile(filepath.Join(fixture, "Opportunity.csv"))
	require.NoError(t, err)
	sourceHeader, _, _ := strings.Cut(string(source), "\n")
	require.Equal(t, strings.ReplaceAll(sourceHeader, `"`, ""), strings.TrimSuffix(header, ",_file,_line,_column,_value,_code,_reason,_stage,_run_id"))

	// As they are, the rows are rejected again, for the same reasons, and that is news to who wanted
	// to repair them.
	again := imported(t, url, exitRejects, filepath.Join(dir, "Opportunity.csv"))
	require.Equal(t, report.Counts{"invalid_date": 1, "invalid_number": 1}, again.Rejects.ByCode)

	waiting := value[int](t, pool, "SELECT count(*) FROM rye_import.deferred WHERE ref1_object_no = (SELECT object_no FROM rye_import.objects WHERE object = 'Opportunity')")
	require.Positive(t, waiting)
	repaired := regexp.MustCompile(`2024-02-31 00:00:00|2023-02-29 00:00:00|20\d\d-(02-3\d|1[3-9]-\d\d|\d\d-3[2-9]|0[469]-31|11-31) 00:00:00`).ReplaceAllString(string(text), "2024-02-28 00:00:00")
	column := regexp.MustCompile(`,Opportunity\.csv,\d+,Amount,([^,]+),`).FindStringSubmatch(repaired)
	require.NotNil(t, column, repaired)
	repaired = strings.ReplaceAll(repaired, ","+column[1]+",", ",1000,")
	path := write(t, t.TempDir(), "Opportunity.csv", repaired)
	fixed := imported(t, url, exitDone, path)
	require.Equal(t, int64(2), fixed.Objects["Opportunity"].Created)
	require.True(t, fixed.Balanced)
	require.Less(t, value[int](t, pool, "SELECT count(*) FROM rye_import.deferred WHERE ref1_object_no = (SELECT object_no FROM rye_import.objects WHERE object = 'Opportunity')"),
		waiting, "what waited for the deal is linked now")
}

// own are the sets of no built-in CRM, which load with the examples of mappings, and the files of them
// that are exports.
var own = map[string]struct {
	mapping string
	files   []string
}{
	"bitrix24/maxpoll-dev__bitrix-stats": {mapping: "bitrix24.yaml"},
	"generic/Doogit__pipeline-hygiene":   {mapping: "pipeline-hygiene.yaml", files: []string{"opps_2026-07-20.csv"}},
	"odoo/tfrancoi__odoo_csv_import":     {mapping: "legacy-people.yaml", files: []string{"compagny.csv", "contact.csv"}},
}

// TestRunSets loads each real set that lies beside the project, twice: it balances, its CRM is told, and the
// second time nothing is written. The records of Salesforce sets are counted by other means too.
func TestRunSets(t *testing.T) {
	t.Parallel()
	sets, err := filepath.Glob("../../../shared/data/*/*")
	require.NoError(t, err)
	if len(sets) == 0 {
		t.Skip("the sample exports are not on this machine")
	}
	for _, set := range sets {
		crm := filepath.Base(filepath.Dir(set))
		name := crm + "/" + filepath.Base(set)
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := pgtest.Clone(t)
			pool := pgtest.Connect(t, url)
			args := []string{"--database-url", url, "run", "--output", "json", "--progress", "none", "--rejects", t.TempDir()}
			paths := []string{set}
			if o, ok := own[name]; ok {
				args = append(args, "--mapping", filepath.Join("../../docs/examples", o.mapping))
				for i, file := range o.files {
					if i == 0 {
						paths = nil
					}
					paths = append(paths, filepath.Join(set, file))
				}
			}
			args = append(args, paths...)
			r := command(t, "", args...)
			require.Contains(t, []int{exitDone, exitRejects}, r.code, r.stderr)
			s := summary(t, r.stdout)
			require.True(t, s.Balanced)
			if _, ok := own[name]; !ok {
				require.Equal(t, crm, s.CRM)
			}
			require.NotZero(t, s.Graph.Nodes.Created)
			var read, inFiles int64
			for _, o := range s.Objects {
				read += o.Read
			}
			for _, f := range s.Files {
				inFiles += f.Records
				if crm == "salesforce" {
					require.Equal(t, countRecords(t, set, f.Path), f.Records, f.Path)
				}
			}
			require.Equal(t, read, inFiles)
			before := fingerprint(t, pool)
			r = command(t, "", args...)
			require.Equal(t, exitDone, r.code, r.stderr)
			again := summary(t, r.stdout)
			require.Zero(t, again.Graph)
			for name, o := range again.Objects {
				require.Equal(t, o.Read, o.Unchanged+o.Rejected+o.Filtered, name)
			}
			require.Equal(t, before, fingerprint(t, pool))

			check := slices.Replace(slices.Clone(args), 2, 3, "verify")
			r = command(t, "", check...)
			require.Equal(t, exitDone, r.code, "%s %.2000s", r.stderr, r.stdout)
		})
	}
}

// TestInterrupt cancels a run while it stages: the graph stays empty, and the next run is as if
// nothing had been.
func TestInterrupt(t *testing.T) {
	t.Parallel()
	url := pgtest.Clone(t)
	pool := pgtest.Connect(t, url)
	ctx, cancel := context.WithCancel(context.Background())
	in := &cancelling{text: csvFile("Id|IsDeleted|LastName|AccountId|SystemModstamp", "0037R00000M7ZjlQAF|0|Ada||2024-01-01 00:00:00"), cancel: cancel}
	var out, errs strings.Builder
	code := run(ctx, []string{"rye-import", "--database-url", url, "run", "-", "--progress", "none"}, in, &out, &errs)
	require.Equal(t, exitInterrupted, code, errs.String())
	require.Zero(t, value[int](t, pool, "SELECT count(*) FROM rye.nodes"))
}

// cancelling cancels a context when it has been read.
type cancelling struct {
	text   string
	cancel func()
}

func (c *cancelling) Read(p []byte) (int, error) {
	n := copy(p, c.text)
	c.text = c.text[n:]
	if c.text == "" {
		c.cancel()
	}
	return n, nil
}
