package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/projectrye/rye-import/importer/report"
	"github.com/projectrye/rye-import/internal/pgtest"
)

func pruned(t *testing.T, url string, args ...string) *report.Pruned {
	t.Helper()
	r := command(t, "", append([]string{"--database-url", url, "runs", "prune", "--output", "json"}, args...)...)
	require.Equal(t, exitDone, r.code, r.stderr)
	var p report.Pruned
	require.NoError(t, json.Unmarshal([]byte(r.stdout), &p))
	return &p
}

// origins tells for each property of a node which run, file and line it comes from.
func origins(t *testing.T, url, asked string) map[string]report.Origin {
	t.Helper()
	r := command(t, "", "--database-url", url, "trace", asked, "--output", "json")
	require.Equal(t, exitDone, r.code, r.stderr)
	var trace report.Trace
	require.NoError(t, json.Unmarshal([]byte(r.stdout), &trace))
	all := make(map[string]report.Origin)
	for _, p := range trace.Properties {
		require.NotNil(t, p.Origin, p.Name)
		all[p.Name] = *p.Origin
	}
	return all
}

// TestPrune takes away what is old and leaves what a trace and the next run need.
func TestPrune(t *testing.T) {
	t.Parallel()
	url := pgtest.Clone(t)
	pool := pgtest.Connect(t, url)
	dir := t.TempDir()
	rejects := filepath.Join(dir, "rejects")
	const long = "a description"
	var runs []*report.Summary
	for i, rows := range [][]string{
		{contactRow(contactA, "First", ""), badRow(contactB, "Person")},
		{contactRow(contactA, "Second", long), badRow(contactB, "Person")},
		{contactRow(contactA, "Third", long), badRow(contactC, "Person"), badRow(contactB, "Person")},
	} {
		path := write(t, dir, "Contact.csv", csvFile(append([]string{contactHeader}, rows...)...))
		code := exitRejects
		if i == 1 {
			code = exitDone // it is the reject of the first
		}
		runs = append(runs, imported(t, url, code, path, "--rejects", rejects))
	}
	aged := func(numbers ...int) {
		execute(t, pool, "UPDATE rye_import.runs SET started_at = started_at - interval '100 days', finished_at = finished_at - interval '100 days' WHERE run_no = ANY ($1)", numbers)
	}
	folder := func(i int) string { return filepath.Join(rejects, runs[i].RunID) }
	count := func(table string, run int) int {
		return value[int](t, pool, "SELECT count(*) FROM rye_import."+table+" WHERE run_no = $1", run)
	}
	require.Zero(t, pruned(t, url, "--older-than", "1d").Runs, "all are of today")

	aged(1, 2)
	// Somebody keeps a note among the rejects of the second run.
	note := write(t, folder(1), "note.txt", "why")
	before := origins(t, url, "salesforce:Contact:"+contactA)
	changes := value[int](t, pool, "SELECT count(*) FROM rye_import.changes")
	dry := pruned(t, url, "--older-than", "90d", "--dry-run")
	require.Equal(t, int64(2), dry.Runs)
	require.Equal(t, int64(2), dry.Rejects)
	require.Zero(t, dry.Changes, "the second run also set the description, which it alone tells of")
	require.Equal(t, []string{folder(0), folder(1)}, dry.Folders)
	require.Equal(t, 1, count("rejects", 1))
	require.DirExists(t, folder(0))

	done := pruned(t, url, "--older-than", "90d")
	dry.DryRun, dry.Before = false, done.Before
	require.Equal(t, dry, done, "what was announced")
	require.Equal(t, []int{0, 0, 2}, []int{count("rejects", 1), count("rejects", 2), count("rejects", 3)})
	require.Equal(t, changes, value[int](t, pool, "SELECT count(*) FROM rye_import.changes"))
	require.NoDirExists(t, folder(0))
	require.FileExists(t, note)
	require.NoFileExists(t, filepath.Join(folder(1), "Contact.csv"))
	require.FileExists(t, filepath.Join(folder(2), "Contact.csv"))
	require.Equal(t, []int{1, 1}, []int{count("files", 1), count("files", 2)})
	require.Equal(t, before, origins(t, url, "salesforce:Contact:"+contactA))
	require.Zero(t, pruned(t, url, "--older-than", "90d").Runs, "once")
	r := command(t, "", "--database-url", url, "runs", "show", "1", "--output", "json")
	require.Contains(t, r.stdout, `"pruned_at"`)
	require.NotContains(t, r.stdout, folder(0))
	r = command(t, "", "--database-url", url, "runs", "show", "1")
	require.Contains(t, r.stdout, "were pruned at")
	r = command(t, "", "--database-url", url, "runs", "show", "3")
	require.NotContains(t, r.stdout, "were pruned at")

	// The newest run of a source is kept however old it is; and another run lets the changes of the second go.
	aged(3)
	require.Zero(t, pruned(t, url, "--older-than", "90d").Runs)
	require.Equal(t, 2, count("rejects", 3))
	path := write(t, dir, "Contact.csv", csvFile(contactHeader, contactRow(contactA, "Fourth", "another"), badRow(contactC, "Person"), badRow(contactB, "Person")))
	imported(t, url, exitDone, path)
	before = origins(t, url, "salesforce:Contact:"+contactA)
	last := pruned(t, url, "--older-than", "90d")
	require.Equal(t, int64(1), last.Runs)
	require.Equal(t, int64(2), last.Changes)
	require.Equal(t, before, origins(t, url, "salesforce:Contact:"+contactA))
	imported(t, url, exitDone, path)
}

// TestPrune_Crashed takes away what a run has left that died, and nothing of one that lives.
func TestPrune_Crashed(t *testing.T) {
	t.Parallel()
	url := pgtest.Clone(t)
	pool := pgtest.Connect(t, url)
	staged := func(run string) int {
		return value[int](t, pool, "SELECT count(*) FROM rye_import.staging_records s JOIN rye_import.runs r USING (run_no) WHERE r.source = $1", run)
	}
	for _, run := range []string{"alive", "dead", "over"} {
		status := "running"
		if run == "over" {
			status = "done"
		}
		execute(t, pool, `WITH r AS (
			INSERT INTO rye_import.runs (run_id, source, crm, command, status, full_export, mapping, started_at)
			VALUES (gen_random_uuid(), $1, 'salesforce', 'run', $2, true, '', now()) RETURNING run_no)
			INSERT INTO rye_import.staging_records (run_no, rec, object_no, legacy_id, kind, id, content_hash, changed, deleted, existing, alias, file_no, line)
			SELECT run_no, 1, 1, 'a', 'node', gen_random_uuid(), gen_random_uuid(), true, false, false, false, 1, 1 FROM r`, run, status)
	}
	lockSource(t, url, "alive")
	require.Equal(t, int64(2), pruned(t, url, "--older-than", "90d", "--dry-run").Staging)
	require.Equal(t, []int{1, 1, 1}, []int{staged("alive"), staged("dead"), staged("over")})
	require.Equal(t, int64(2), pruned(t, url, "--older-than", "90d").Staging)
	require.Equal(t, []int{1, 0, 0}, []int{staged("alive"), staged("dead"), staged("over")})
	require.Equal(t, []string{"alive running", "dead crashed", "over done"},
		values(t, pool, "SELECT source || ' ' || status FROM rye_import.runs ORDER BY 1"))
}

// TestSync_Retention prunes after the runs.
func TestSync_Retention(t *testing.T) {
	t.Parallel()
	url := pgtest.Clone(t)
	pool := pgtest.Connect(t, url)
	dir := t.TempDir()
	write(t, dir, "Contact.csv", csvFile(contactHeader, badRow(contactA, "Person")))
	config := write(t, dir, "rye-import.yaml", "database_url: "+url+"\nretention: 4w\nrejects: rejects\nsources:\n  a: {paths: Contact.csv}\n")
	first := synced(t, exitRejects, "--config", config)
	require.Zero(t, first.Pruned.Runs)
	execute(t, pool, "UPDATE rye_import.runs SET finished_at = now() - interval '29 days'")
	second := synced(t, exitDone, "--config", config)
	require.Equal(t, int64(1), second.Pruned.Runs)
	require.Equal(t, []string{first.Runs[0].Rejects.Path}, second.Pruned.Folders)
	// The same age holds for the command, from the same file.
	r := command(t, "", "--config", config, "runs", "prune", "--dry-run")
	require.Equal(t, exitDone, r.code, r.stderr)
	require.Contains(t, r.stdout, "Would prune the details of 0 runs")
	for _, args := range [][]string{{}, {"--older-than", "90"}, {"--older-than", "d"}, {"--older-than", "-1d"}, {"--older-than", "0d"}, {"--older-than", "99999999w"}, {"--older-than", "1d", "1"}} {
		r := command(t, "", append([]string{"--database-url", url, "runs", "prune"}, args...)...)
		require.Equal(t, exitUsage, r.code, args)
	}
}

func TestParseAge(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]time.Duration{"36h": 36 * time.Hour, "90d": 90 * 24 * time.Hour, "2w": 14 * 24 * time.Hour} {
		got, err := parseAge(text)
		require.NoError(t, err)
		require.Equal(t, want, got, text)
	}
}

// TestPrune_Foreign takes nothing away outside of folders that bear the id of a run.
func TestPrune_Foreign(t *testing.T) {
	t.Parallel()
	url := pgtest.Clone(t)
	pool := pgtest.Connect(t, url)
	dir := t.TempDir()
	path := write(t, dir, "Contact.csv", csvFile(contactHeader, badRow(contactA, "Person")))
	s := imported(t, url, exitRejects, path, "--rejects", filepath.Join(dir, "rejects"))
	imported(t, url, exitDone, path)
	precious := write(t, dir, "precious/a.csv", "a\n")
	execute(t, pool, "UPDATE rye_import.runs SET finished_at = now() - interval '100 days', summary = jsonb_set(summary, '{rejects,path}', to_jsonb($1::text)) WHERE run_no = 1", filepath.Dir(precious))
	// A link in place of the folder leads elsewhere.
	other := filepath.Join(dir, "other")
	require.NoError(t, os.Mkdir(other, 0o700))
	require.NoError(t, os.Symlink(filepath.Dir(precious), filepath.Join(other, s.RunID)))
	done := pruned(t, url, "--older-than", "90d", "--rejects", other)
	require.Equal(t, int64(1), done.Runs)
	require.Empty(t, done.Folders)
	require.FileExists(t, precious)
}
