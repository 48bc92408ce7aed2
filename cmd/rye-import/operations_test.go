package main

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/projectrye/rye-import/importer/report"
	"github.com/projectrye/rye-import/internal/pgtest"
)

// contactsOf is an export with one good record for each id.
func contactsOf(ids ...string) string {
	rows := []string{contactHeader}
	for _, id := range ids {
		rows = append(rows, contactRow(id, "Person "+id, ""))
	}
	return csvFile(rows...)
}

// badRow makes a contact that is rejected.
func badRow(id, lastName string) string {
	return id + "|0|" + lastName + "||" + lastName + "|2024-01-02 08:00:00"
}

const (
	contactA = "0037R00000M7ZjlQAF"
	contactB = "0037R00000M8C8JQAV"
	contactC = "0037R00000M8M22QAF"
)

// synced runs sync and gives its result.
func synced(t *testing.T, wantCode int, args ...string) *report.Sync {
	t.Helper()
	r := command(t, "", append([]string{"sync", "--output", "json", "--progress", "none"}, args...)...)
	require.Equal(t, wantCode, r.code, "%s\n%s", r.stderr, r.stdout)
	var result report.Sync
	dec := json.NewDecoder(strings.NewReader(r.stdout))
	dec.DisallowUnknownFields()
	require.NoError(t, dec.Decode(&result), r.stdout)
	require.False(t, dec.More(), "more than one object")
	require.Equal(t, wantCode, result.ExitCode)
	return &result
}

// outcomes tells how each run of a sync ended.
func outcomes(result *report.Sync) []string {
	var all []string
	for _, r := range result.Runs {
		all = append(all, r.Source+" "+r.Outcome)
	}
	return all
}

func lockSource(t *testing.T, url, source string) {
	t.Helper()
	other, err := pgx.Connect(context.Background(), url)
	require.NoError(t, err)
	t.Cleanup(func() { other.Close(context.Background()) })
	_, err = other.Exec(context.Background(), "SELECT pg_advisory_lock(hashtextextended('rye_import:' || $1::text, 0))", source)
	require.NoError(t, err)
}

// TestSync runs sources that end in all the ways that there are.
func TestSync(t *testing.T) {
	t.Parallel()
	url := pgtest.Clone(t)
	pool := pgtest.Connect(t, url)
	dir := t.TempDir()
	write(t, dir, "exports/night-2024-05-05/Contact.csv", contactsOf(contactA))
	write(t, dir, "exports/night-2024-05-06/Contact.csv", contactsOf(contactB))
	write(t, dir, "exports/one/Contact.csv", contactsOf(contactA, contactB))
	write(t, dir, "exports/odd/Contact.csv", csvFile(contactHeader, badRow(contactA, "Person")))
	write(t, dir, "exports/two/Contact.csv", contactsOf(contactC))
	config := write(t, dir, "conf/rye-import.yaml", `
database_url: "`+url+`"
rejects: ../rejects
max_rejects: 0
sources:
  newest:
    paths: ../exports/night-*
    newest: date
  broken:
    paths: [../exports/none/*.csv]
  locked:
    paths: ../exports/two
  odd zone:
    paths: ../exports/two
    time_zone: Europe/Nowhere
  guarded:
    paths: ../exports/odd
  absent:
    paths: ../exports/none/*.csv
    optional: true
  rejecting:
    paths: ../exports/odd
    max_rejects: 100%
  last:
    paths:
      - ../exports/one
      - ../exports/two
`)
	lockSource(t, url, "locked")
	result := synced(t, exitFailed, "--config", config)
	require.Equal(t, []string{
		"newest done", "broken failed", "locked locked", "odd zone usage", "guarded stopped", "absent skipped", "rejecting rejects", "last done",
	}, outcomes(result))
	require.Equal(t, "failed", result.Status)
	for i, want := range []string{"", "nothing matches", "another run", `line 13: sources.odd zone: --time-zone "Europe/Nowhere"`, "--max-rejects 0", "", "", ""} {
		if want == "" {
			require.Empty(t, result.Runs[i].Error)
		} else {
			require.Contains(t, result.Runs[i].Error, want)
		}
	}
	require.Equal(t, int64(1), result.Runs[0].Objects["Contact"].Created, "of the newest folder alone")
	require.Equal(t, int64(3), result.Runs[7].Objects["Contact"].Created)
	require.Equal(t, "sync", result.Runs[7].Command)
	require.Equal(t, filepath.Join(dir, "rejects", result.Runs[6].RunID), result.Runs[6].Rejects.Path, "relative to the config file")
	require.Equal(t, []string{"last", "newest", "rejecting"},
		values(t, pool, "SELECT DISTINCT source FROM rye_import.runs WHERE status = 'done' AND command = 'sync' ORDER BY 1"))

	// Of those that are named, and in the order of the file.
	result = synced(t, exitLocked, "--config", config, "last", "locked", "newest")
	require.Equal(t, []string{"newest done", "locked locked", "last done"}, outcomes(result))
	result = synced(t, exitDone, "--config", config, "absent")
	require.Equal(t, []string{"absent skipped"}, outcomes(result))
	// What was rejected before is no news; more than nothing is too much for the flag, which comes first.
	result = synced(t, exitGuard, "--config", config, "rejecting", "--max-rejects", "0")
	require.Equal(t, []string{"rejecting stopped"}, outcomes(result))

	r := command(t, "", "sync", "--config", config, "lst")
	require.Equal(t, exitUsage, r.code)
	require.Contains(t, r.stderr, `did you mean "last"?`)
	require.Contains(t, r.stderr, "newest, broken, locked")

	r = command(t, "", "sync", "--config", config, "newest", "broken", "absent", "--progress", "none")
	require.Equal(t, exitFailed, r.code)
	for _, want := range []string{"== newest ==", "source 1 of 3", "✓ newest", "== broken ==", "Skipped", "Sources", "skipped"} {
		require.Contains(t, r.stdout, want)
	}
	require.Contains(t, r.stderr, "rye-import: source broken: nothing matches")
	require.Equal(t, 1, strings.Count(r.stderr, "\n"), "said once: %s", r.stderr)
}

// TestSync_Interrupted ends at once and begins no further source.
func TestSync_Interrupted(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, "Contact.csv", contactsOf(contactA))
	config := write(t, dir, "rye-import.yaml", "database_url: "+pgtest.Clone(t)+"\nsources:\n  a:\n    paths: Contact.csv\n  b:\n    paths: Contact.csv\n")
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	r := commandContext(ctx, t, "", "sync", "--config", config, "--output", "json")
	require.Equal(t, exitInterrupted, r.code, r.stderr)
	require.NotContains(t, r.stdout, `"source": "b"`)
}

// TestSync_Config finds the config file in the current folder, and puts a flag before the environment, that
// before the source, and that before the top of the file.
func TestSync_Config(t *testing.T) { //nolint:paralleltest // it changes the environment and the current folder
	url := pgtest.Clone(t)
	dir := t.TempDir()
	t.Chdir(dir)
	r := command(t, "", "sync")
	require.Equal(t, exitUsage, r.code)
	require.Contains(t, r.stderr, "rye-import.yaml in the current folder, or another by --config")

	write(t, dir, "Contact.csv", contactsOf(contactA))
	write(t, dir, "rye-import.yaml", `
database_url: ${RYE_TEST_URL}
time_zone: Europe/Prague
full: true
sources:
  top: {paths: Contact.csv}
  own: {paths: Contact.csv, time_zone: Asia/Tokyo, delta: true}
  unset: {paths: Contact.csv, time_zone: "${RYE_TEST_UNSET}"}
`)
	t.Setenv("RYE_TEST_URL", url)
	zones := func(args ...string) []string {
		result := synced(t, exitDone, append([]string{"top", "own"}, args...)...)
		return []string{result.Runs[0].TimeZone, result.Runs[1].TimeZone}
	}
	require.Equal(t, []string{"Europe/Prague", "Asia/Tokyo"}, zones())
	require.Equal(t, []string{"UTC", "UTC"}, zones("--time-zone", "UTC"))
	t.Setenv("RYE_TIME_ZONE", "Africa/Cairo")
	require.Equal(t, []string{"Africa/Cairo", "Africa/Cairo"}, zones())
	require.Equal(t, []string{"UTC", "UTC"}, zones("--time-zone", "UTC"))
	t.Setenv("RYE_TIME_ZONE", "")
	require.Equal(t, []string{"true", "false"}, values(t, pgtest.Connect(t, url), "SELECT DISTINCT ON (source) full_export::text FROM rye_import.runs ORDER BY source DESC, run_no")[:2])

	result := synced(t, exitUsage, "unset", "top")
	require.Equal(t, []string{"top done", "unset usage"}, outcomes(result), "a variable that is not set fails its source alone")
	require.Contains(t, result.Runs[1].Error, "line 8: sources.unset.time_zone: environment variable RYE_TEST_UNSET is not set")

	for name, tc := range map[string]struct{ text, want string }{
		"none":          {"crm: hubspot\n", "describes no sources"},
		"empty":         {"sources:\n", "line 1"},
		"a list":        {"sources:\n  - a\n", "below it stands the name of each source"},
		"no keys":       {"sources:\n  a: b\n", "line 2: sources.a"},
		"no paths":      {"sources:\n  a:\n    crm: hubspot\n", "line 2: sources.a: it has no paths"},
		"colon":         {"sources:\n  \"a:b\":\n    paths: x\n", "no colon"},
		"misspelt":      {"sources:\n  a:\n    paths: x\n    time_zon: UTC\n", `line 4: sources.a.time_zon: there is no such key`},
		"suggestion":    {"sources:\n  a:\n    paths: x\n    time_zon: UTC\n", `did you mean "time_zone"?`},
		"top key":       {"sources:\n  a:\n    paths: x\n    database_url: x\n", "line 4: sources.a.database_url: this stands at the top of the file"},
		"its name":      {"sources:\n  a:\n    paths: x\n    source: b\n", "the key a above is the name"},
		"newest":        {"sources:\n  a:\n    paths: x\n    newest: latest\n", `"latest": date or modified`},
		"newest_per":    {"sources:\n  a:\n    paths: x\n    newest_per: name\n", "newest_per says how newest is meant"},
		"optional":      {"sources:\n  a:\n    paths: x\n    optional: perhaps\n", "true or false"},
		"stdin":         {"sources:\n  a:\n    paths: \"-\"\n", "a path, a pattern"},
		"twice":         {"sources:\n  a:\n    paths: x\n  a:\n    paths: y\n", "a"},
		"top misspelt":  {"sorces:\n  a:\n    paths: x\n", `did you mean "sources"?`},
		"retention":     {"retention: soon\nsources:\n  a:\n    paths: x\n", "an age as 90d"},
		"webhook":       {"webhook: hook.example\nsources:\n  a:\n    paths: x\n", "--webhook: a URL as"},
		"webhook on":    {"webhook_on: never\nsources:\n  a:\n    paths: x\n", "any or failure"},
		"value of all":  {"time_zone: Nowhere\nsources:\n  a:\n    paths: x\n", "no such zone"},
		"paths of maps": {"sources:\n  a:\n    paths:\n      - {b: c}\n", "sources.a.paths"},
	} {
		r := command(t, "", "sync", "--config", write(t, dir, "bad.yaml", tc.text))
		require.Equal(t, exitUsage, r.code, "%s: %s", name, r.stderr)
		require.Contains(t, r.stderr, tc.want, name)
		require.Empty(t, r.stdout, name)
	}
}

// hook is a server that keeps what it is sent.
type hook struct {
	url    string
	mu     sync.Mutex
	bodies []string
}

func newHook(t *testing.T, status int) *hook {
	t.Helper()
	h := &hook{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		h.mu.Lock()
		defer h.mu.Unlock()
		h.bodies = append(h.bodies, string(body))
		w.WriteHeader(status)
	}))
	t.Cleanup(server.Close)
	h.url = server.URL + "/secret-token"
	return h
}

func (h *hook) sent() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.bodies)
}

// TestWebhook is told of what did not end well, and of nothing else.
func TestWebhook(t *testing.T) {
	t.Parallel()
	url := pgtest.Clone(t)
	dir := t.TempDir()
	good := write(t, dir, "good/Contact.csv", contactsOf(contactA))
	odd := write(t, dir, "odd/Contact.csv", csvFile(contactHeader, badRow(contactB, "Xylophonist")))
	h := newHook(t, http.StatusOK)
	imported(t, url, exitDone, good, "--webhook", h.url)
	require.Empty(t, h.sent())
	s := imported(t, url, exitRejects, odd, "--webhook", h.url, "--webhook-on", "failure", "--source", "quiet")
	require.Empty(t, h.sent())
	require.NotEmpty(t, s.RunID)

	s = imported(t, url, exitRejects, odd, "--webhook", h.url)
	require.Len(t, h.sent(), 1)
	var message map[string]any
	require.NoError(t, json.Unmarshal([]byte(h.sent()[0]), &message))
	require.Equal(t, s.RunID, message["run_id"])
	require.Equal(t, "salesforce", message["source"])
	require.Equal(t, "rejects", message["status"])
	require.InDelta(t, exitRejects, message["exit_code"], 0)
	require.InDelta(t, 1, message["new_rejects"], 0)
	require.NotContains(t, h.sent()[0], "Xylophonist")

	// With a code of 0 for the scheduler, who is told is told the truth.
	r := command(t, "", "--database-url", url, "run", odd, "--source", "other", "--webhook", h.url, "--exit-zero-on-rejects", "--rejects", t.TempDir())
	require.Equal(t, exitDone, r.code, r.stderr)
	require.Len(t, h.sent(), 2)

	r = command(t, "", "--database-url", "postgres://ann:hunter2@127.0.0.1:1/none?connect_timeout=2", "run", good, "--source", "nightly", "--webhook", h.url)
	require.Equal(t, exitFailed, r.code)
	require.Len(t, h.sent(), 3)
	require.Contains(t, h.sent()[2], `"source":"nightly"`)
	require.Contains(t, h.sent()[2], `"error":"connecting to the database`)
	require.NotContains(t, h.sent()[2], "hunter2")

	// A hook that does not work changes no code, and its URL is not told.
	gone := newHook(t, http.StatusNotFound)
	r = command(t, "", "--database-url", url, "run", odd, "--source", "third", "--webhook", gone.url, "--rejects", t.TempDir(), "--progress", "none")
	require.Equal(t, exitRejects, r.code)
	require.Len(t, gone.sent(), 1)
	require.Contains(t, r.stderr, "404")
	require.NotContains(t, r.stderr, "secret-token")
}

// TestMetrics keeps the figures of each source's last run.
func TestMetrics(t *testing.T) {
	t.Parallel()
	url := pgtest.Clone(t)
	dir := t.TempDir()
	file := filepath.Join(dir, "textfile", "rye.prom")
	require.NoError(t, os.Mkdir(filepath.Dir(file), 0o700))
	write(t, dir, "good/Contact.csv", contactsOf(contactA, contactB))
	write(t, dir, "odd/Contact.csv", csvFile(contactHeader, badRow(contactA, "Person")))
	config := write(t, dir, "rye-import.yaml", "database_url: "+url+"\nmetrics_file: textfile/rye.prom\nrejects: rejects\nsources:\n"+
		"  good: {paths: good}\n  odd: {paths: odd}\n  none: {paths: none}\n")
	synced(t, exitFailed, "--config", config)
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	for _, want := range []string{
		`rye_import_last_run_exit_code{source="good"} 0`,
		`rye_import_last_run_exit_code{source="odd"} 3`,
		`rye_import_last_run_exit_code{source="none"} 1`,
		`rye_import_last_run_status{source="none",status="failed"} 1`,
		`rye_import_last_run_status{source="none",status="done"} 0`,
		`rye_import_last_run_records{object="Contact",outcome="created",source="good"} 2`,
		`rye_import_last_run_records{object="Contact",outcome="rejected",source="odd"} 1`,
		`rye_import_last_run_rejects{code="invalid_date",source="odd"} 1`,
		`rye_import_last_success_timestamp_seconds{source="good"}`,
		`rye_import_last_success_timestamp_seconds{source="odd"}`,
	} {
		require.Contains(t, string(text), want)
	}
	require.NotContains(t, string(text), `rye_import_last_success_timestamp_seconds{source="none"}`)
	info, err := os.Stat(file)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o644), info.Mode().Perm())

	// A run replaces what it is about and leaves the others. A run that fails keeps the last success.
	success := line(t, string(text), `rye_import_last_success_timestamp_seconds{source="good"}`)
	require.NoError(t, os.RemoveAll(filepath.Join(dir, "good")))
	r := command(t, "", "--database-url", url, "run", filepath.Join(dir, "good"), "--source", "good", "--metrics-file", file)
	require.Equal(t, exitFailed, r.code)
	after, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Contains(t, string(after), `rye_import_last_run_exit_code{source="good"} 1`)
	require.Equal(t, success, line(t, string(after), `rye_import_last_success_timestamp_seconds{source="good"}`))
	require.NotContains(t, string(after), `outcome="created",source="good"`)
	require.Contains(t, string(after), `rye_import_last_run_rejects{code="invalid_date",source="odd"} 1`)

	// A file of somebody else is left alone, and the run is done all the same.
	foreign := write(t, dir, "notes.txt", "to be kept\n")
	r = command(t, "", "--database-url", url, "run", filepath.Join(dir, "odd"), "--metrics-file", foreign, "--rejects", t.TempDir())
	require.Equal(t, exitRejects, r.code)
	require.Contains(t, r.stderr, "no metrics file of this program")
	kept, err := os.ReadFile(foreign)
	require.NoError(t, err)
	require.Equal(t, "to be kept\n", string(kept))
}

// line gives the line of a text that begins so.
func line(t *testing.T, text, prefix string) string {
	t.Helper()
	for l := range strings.Lines(text) {
		if strings.HasPrefix(l, prefix) {
			return l
		}
	}
	require.Fail(t, "no line begins with "+prefix, text)
	return ""
}

// TestLogs_JSON tells of a run in lines of JSON, without a value of a record.
func TestLogs_JSON(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, "a/Contact.csv", csvFile(contactHeader, badRow(contactA, "Xylophonist")))
	config := write(t, dir, "rye-import.yaml", "database_url: "+pgtest.Clone(t)+"\nrejects: rejects\nlog_format: json\nlog_level: info\nsources:\n  a: {paths: a}\n  b: {paths: b}\n")
	r := command(t, "", "--config", config, "sync")
	require.Equal(t, exitFailed, r.code)
	require.NotContains(t, r.stderr, "Xylophonist")
	type entry struct {
		Level, Msg, Source, Status, Phase, Err string
		RunID                                  string  `json:"run_id"`
		Seconds                                float64 `json:"seconds"`
		Read, Rejected                         int64
	}
	logged := make(map[string][]entry)
	for l := range strings.Lines(r.stderr) {
		var e entry
		require.NoError(t, json.Unmarshal([]byte(l), &e), l)
		logged[e.Msg] = append(logged[e.Msg], e)
		require.Equal(t, 1, strings.Count(l, `"source"`), l)
	}
	require.Len(t, logged["run begun"], 1)
	id := logged["run begun"][0].RunID
	require.NotEmpty(t, id)
	require.Len(t, logged["run ended"], 1)
	end := logged["run ended"][0]
	require.Equal(t, entry{Level: "INFO", Msg: "run ended", Source: "a", Status: "done", RunID: id, Read: 1, Rejected: 1, Seconds: end.Seconds}, end)
	require.Positive(t, end.Seconds)
	var phases []string
	for _, e := range logged["phase done"] {
		phases = append(phases, e.Phase)
	}
	require.Equal(t, "survey", phases[0])
	require.Contains(t, phases, "stage")
	require.Contains(t, phases, "check")
	require.Len(t, logged["source failed"], 1)
	require.Equal(t, "b", logged["source failed"][0].Source)

	r = command(t, "", "--log-format", "json", "run", filepath.Join(dir, "none"))
	require.Equal(t, exitFailed, r.code)
	var last entry
	require.NoError(t, json.Unmarshal([]byte(r.stderr), &last), r.stderr)
	require.Equal(t, "ERROR", last.Level)
	require.Equal(t, "failed", last.Status)
}

// TestOperationsDoc reads the config file that the documentation shows, and looks for every metric in it.
func TestOperationsDoc(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/operations.md")
	require.NoError(t, err)
	_, rest, ok := strings.Cut(string(text), "```yaml\n")
	require.True(t, ok)
	example, _, _ := strings.Cut(rest, "```")
	cfg, err := parseConfig([]byte(strings.ReplaceAll(example, "${RYE_DATABASE_URL}", "postgres:///crm")), knownKeys(globalFlags()))
	require.NoError(t, err)
	require.Len(t, cfg.sources, 2)
	for _, name := range []string{
		"last_run_timestamp_seconds", "last_success_timestamp_seconds", "last_run_duration_seconds", "last_run_exit_code", "last_run_status",
		"last_run_records", "last_run_rejects", "last_run_rejects_known", "last_run_deferred",
	} {
		require.Contains(t, string(text), "`"+name+"`")
	}
}

// FuzzConfig reads any text as a config file.
func FuzzConfig(f *testing.F) {
	for _, name := range []string{"rye-import.yaml", "cronjob.yaml"} {
		text, err := os.ReadFile(filepath.Join(scheduling, name))
		require.NoError(f, err)
		f.Add(text)
	}
	f.Add([]byte("sources:\n  a: {paths: [x, \"*.csv\"], newest: date, newest_per: name}\n"))
	f.Add([]byte("sources: &a\n  b: *a\n"))
	known := knownKeys(globalFlags())
	f.Fuzz(func(t *testing.T, text []byte) {
		cfg, err := parseConfig(text, known)
		if err == nil {
			for _, s := range cfg.sources {
				require.NotEmpty(t, s.paths)
			}
		}
	})
}

func TestWorst(t *testing.T) {
	t.Parallel()
	order := []int{exitDone, exitRejects, exitLocked, exitGuard, exitUsage, exitFailed, exitInterrupted}
	for i, better := range order {
		for _, worse := range order[i:] {
			require.Equal(t, worse, worst(better, worse))
			require.Equal(t, worse, worst(worse, better))
		}
	}
}
