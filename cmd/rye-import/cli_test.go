package main

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/projectrye/rye-import/importer/report"
	"github.com/projectrye/rye-import/internal/pgtest"
)

// person is an export of one contact.
var person = csvFile(contactHeader, contactRow("0037R00000M7ZjlQAF", "Lovelace", ""))

func TestUsage(t *testing.T) {
	t.Parallel()
	nowhere := "postgres://localhost:1/none?connect_timeout=1" // a usage error comes before any connection
	path := write(t, t.TempDir(), "Contact.csv", person)
	for name, tc := range map[string]struct {
		args []string
		want string
	}{
		"no path":             {args: []string{"run"}, want: "needs a PATH"},
		"inspect without":     {args: []string{"inspect"}, want: "needs a PATH"},
		"unknown command":     {args: []string{"import", path}, want: `no command "import"`},
		"unknown flag":        {args: []string{"run", path, "--frobnicate"}, want: "frobnicate"},
		"flag without value":  {args: []string{"run", path, "--source"}, want: "needs a value"},
		"unknown CRM":         {args: []string{"run", path, "--crm", "siebel"}, want: "salesforce"},
		"zone":                {args: []string{"run", path, "--time-zone", "Mars/Olympus"}, want: "Mars/Olympus"},
		"delimiter":           {args: []string{"run", path, "--delimiter", ";;"}, want: "--delimiter \";;\": one character"},
		"delimiter is quote":  {args: []string{"run", path, "--delimiter", ";", "--quote", ";"}, want: "quote"},
		"header line":         {args: []string{"run", path, "--header-line", "-1"}, want: "1 or more"},
		"quote":               {args: []string{"run", path, "--quote", "Q"}, want: "quote"},
		"delimiter no text":   {args: []string{"run", path, "--delimiter", "\xff"}, want: "delimiter"},
		"date order":          {args: []string{"run", path, "--date-order", "ydm"}, want: "mdy or dmy"},
		"workers":             {args: []string{"run", path, "--workers", "-1"}, want: "workers"},
		"workers no number":   {args: []string{"run", path, "--workers", "many"}, want: "many"},
		"batch size":          {args: []string{"run", path, "--batch-size", "0"}, want: "batch-size"},
		"full and delta":      {args: []string{"run", path, "--full", "--delta"}, want: "exclude"},
		"archive in a delta":  {args: []string{"run", path, "--delta", "--archive-missing"}, want: "full export"},
		"max archive":         {args: []string{"run", path, "--max-archive", "101"}, want: "max-archive"},
		"max rejects":         {args: []string{"run", path, "--max-rejects", "few"}, want: "max-rejects"},
		"max rejects percent": {args: []string{"run", path, "--max-rejects", "200%"}, want: "max-rejects"},
		"output":              {args: []string{"run", path, "--output", "xml"}, want: "text or json"},
		"progress":            {args: []string{"run", path, "--progress", "loud"}, want: "progress"},
		"log level":           {args: []string{"--log-level", "loud", "run", path}, want: "loud"},
		"log format":          {args: []string{"run", path, "--log-format", "xml"}, want: "xml"},
		"source":              {args: []string{"run", path, "--source", "a:b"}, want: "colon"},
		"mapping not there":   {args: []string{"run", path, "--mapping", "/does/not/exist.yaml"}, want: "exist.yaml"},
		"config not there":    {args: []string{"--config", "/does/not/exist.yaml", "run", path}, want: "exist.yaml"},
		"mapping":             {args: []string{"mapping", "delete"}, want: "list, show, init, lint"},
		"mapping show":        {args: []string{"mapping", "show"}, want: "salesforce"},
		"mapping show none":   {args: []string{"mapping", "show", "siebel"}, want: "salesforce"},
		"mapping init":        {args: []string{"mapping", "init"}, want: "needs a PATH"},
		"mapping lint":        {args: []string{"mapping", "lint"}, want: "needs a FILE"},
		"mapping lint none":   {args: []string{"mapping", "lint", "/does/not/exist.yaml"}, want: "salesforce"},
		"mapping lint output": {args: []string{"mapping", "lint", "salesforce", "--output", "xml"}, want: "text or json"},
		"mapping list output": {args: []string{"mapping", "list", "--output", "xml"}, want: "text or json"},
		"runs":                {args: []string{"runs", "delete"}, want: "list, show"},
		"runs show":           {args: []string{"runs", "show"}, want: "needs the ID"},
		"conflicts":           {args: []string{"conflicts", "x"}, want: "--source NAME"},
		"conflicts limit":     {args: []string{"conflicts", "--limit", "0"}, want: "from 1"},
		"conflicts output":    {args: []string{"conflicts", "--output", "xml"}, want: "text or json"},
		"prefer":              {args: []string{"run", path, "--prefer", "me"}, want: "source or graph"},
		"db":                  {args: []string{"db", "drop"}, want: "migrate, status"},
		"db stop":             {args: []string{"db", "stop"}, want: "private PostgreSQL"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := command(t, "", append([]string{"--database-url", nowhere}, tc.args...)...)
			require.Equal(t, exitUsage, r.code, r.stderr)
			require.Contains(t, r.stderr, tc.want)
			require.Contains(t, r.stderr, "--help")
			require.Empty(t, r.stdout)
		})
	}
}

// TestInspect_Layout says how a file is written that does not say it itself.
func TestInspect_Layout(t *testing.T) {
	t.Parallel()
	path := write(t, t.TempDir(), "Contact.txt", "Contacts\nId^LastName^Email\n0037R00000M7ZjlQAF^~Love^lace~^\n")
	var found struct {
		Files []struct {
			Object  string `json:"object"`
			Records int    `json:"records"`
			Columns []struct {
				Name string `json:"name"`
			} `json:"columns"`
		} `json:"files"`
	}
	r := command(t, "", "inspect", path, "--output", "json", "--delimiter", "^", "--header-line", "2", "--quote", "~")
	require.Equal(t, exitDone, r.code, r.stderr)
	require.NoError(t, json.Unmarshal([]byte(r.stdout), &found))
	require.Equal(t, "Contact", found.Files[0].Object)
	require.Equal(t, 1, found.Files[0].Records)
	require.Len(t, found.Files[0].Columns, 3)

	path = write(t, t.TempDir(), "Contact.txt", "Id\tLastName, in full\tEmail\n0037R00000M7ZjlQAF\tLovelace\t\n")
	r = command(t, "", "inspect", path, "--output", "json", "--delimiter", "tab", "--mapping", write(t, t.TempDir(), "m.yaml", tabMapping))
	require.Equal(t, exitDone, r.code, r.stderr)
	require.Contains(t, r.stdout, `"LastName, in full"`)
}

const tabMapping = "mapping: x\nobjects:\n  A:\n    recognise: {all: [Id]}\n    key: [Id]\n    node: {type: person}\n"

func TestHelp(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"--help"}, {"run", "--help"}, {"inspect", "-h"}, {"mapping", "--help"}, {"mapping", "lint", "--help"}, {"runs", "--help"}, {"conflicts", "--help"}, {"db", "--help"}, {"demo", "--help"}, {"--version"}, {}} {
		r := command(t, "", args...)
		require.Equal(t, exitDone, r.code, "%v: %s", args, r.stderr)
		require.NotEmpty(t, r.stdout)
		require.Empty(t, r.stderr)
	}
	require.Contains(t, command(t, "").stdout, "EXIT STATUS")
}

// TestFlagsAnywhere puts flags before the command, before the path and after it.
func TestFlagsAnywhere(t *testing.T) {
	t.Parallel()
	path := write(t, t.TempDir(), "Contact.csv", person)
	for name, order := range map[string]func(url, rejects string) []string{
		"before": func(url, rejects string) []string {
			return []string{"--database-url", url, "run", "--source=here", "--output", "json", "--rejects", rejects, path}
		},
		"after": func(url, rejects string) []string {
			return []string{"run", path, "--source", "here", "--output=json", "--rejects", rejects, "--database-url", url}
		},
		"between": func(url, rejects string) []string {
			return []string{"run", "--rejects", rejects, path, "--database-url=" + url, "-output", "json", "--source", "here"}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := pgtest.Clone(t)
			r := command(t, "", order(url, t.TempDir())...)
			require.Equal(t, exitDone, r.code, r.stderr)
			s := summary(t, r.stdout)
			require.Equal(t, "here", s.Source)
			require.Equal(t, int64(1), s.Objects["Contact"].Created)
		})
	}
}

// TestJSONContract checks the fields that others rely on by name.
func TestJSONContract(t *testing.T) {
	t.Parallel()
	url := pgtest.Clone(t)
	r := command(t, "", "--database-url", url, "run", fixture, "--output", "json", "--rejects", t.TempDir())
	require.Equal(t, exitRejects, r.code, r.stderr)
	var s struct {
		RunID      *string  `json:"run_id"`
		Source     *string  `json:"source"`
		CRM        *string  `json:"crm"`
		Command    *string  `json:"command"`
		Status     *string  `json:"status"`
		StartedAt  *string  `json:"started_at"`
		FinishedAt *string  `json:"finished_at"`
		Seconds    *float64 `json:"seconds"`
		Balanced   *bool    `json:"balanced"`
		Files      []map[string]any
		Objects    map[string]map[string]any
		Links      map[string]map[string]any
		Graph      map[string]map[string]float64
		Sums       map[string]map[string]map[string]string
		Rejects    struct {
			Path   *string            `json:"path"`
			ByCode map[string]float64 `json:"by_code"`
		}
	}
	require.NoError(t, json.Unmarshal([]byte(r.stdout), &s))
	for _, p := range []*string{s.RunID, s.Source, s.CRM, s.StartedAt, s.FinishedAt, s.Rejects.Path} {
		require.NotNil(t, p)
		require.NotEmpty(t, *p)
	}
	require.Equal(t, "run", *s.Command)
	require.Equal(t, "done", *s.Status)
	require.True(t, *s.Balanced)
	require.Positive(t, *s.Seconds)
	for _, f := range s.Files {
		for _, key := range []string{"path", "object", "sha256", "encoding", "records"} {
			require.Contains(t, f, key)
		}
	}
	for name, o := range s.Objects {
		for _, key := range []string{"read", "created", "updated", "unchanged", "archived", "rejected", "filtered"} {
			require.Contains(t, o, key, name)
		}
	}
	for name, l := range s.Links {
		for _, key := range []string{"found", "linked", "unchanged", "closed", "deferred", "rejected"} {
			require.Contains(t, l, key, name)
		}
	}
	for _, kind := range []string{"nodes", "edges", "assertions", "events"} {
		require.Positive(t, s.Graph[kind]["created"], kind)
	}
	require.Equal(t, s.Sums["deal_value"]["EUR"]["source"], s.Sums["deal_value"]["EUR"]["graph"])
	require.Equal(t, 2.0, s.Rejects.ByCode["invalid_date"])
}

// TestStdin reads an export from standard input.
func TestStdin(t *testing.T) {
	t.Parallel()
	url := pgtest.Clone(t)
	r := command(t, person, "--database-url", url, "run", "-", "--output", "json")
	require.Equal(t, exitDone, r.code, r.stderr)
	require.Equal(t, int64(1), summary(t, r.stdout).Objects["Contact"].Created)
	r = command(t, gzipped(t, strings.NewReader(person)), "--database-url", url, "run", "-", "--output", "json")
	require.Equal(t, exitDone, r.code, r.stderr)
	require.Equal(t, int64(1), summary(t, r.stdout).Objects["Contact"].Unchanged)
	r = command(t, "", "--database-url", url, "run", "-", "--output", "json")
	require.Equal(t, exitFailed, r.code, "nothing came")
}

// TestGuards stops runs that reject or archive too much: nothing changes.
func TestGuards(t *testing.T) {
	t.Parallel()
	url := pgtest.Clone(t)
	pool := pgtest.Connect(t, url)
	for _, limit := range []string{"0", "6", "0%", "1%"} {
		s := imported(t, url, exitGuard, "--max-rejects", limit, fixture)
		require.Equal(t, "stopped", s.Status, limit)
		require.NotEmpty(t, s.Rejects.Path, "what was rejected is worth knowing")
		files, err := filepath.Glob(filepath.Join(s.Rejects.Path, "*.csv"))
		require.NoError(t, err)
		require.NotEmpty(t, files, "whichever object was first")
		require.Zero(t, value[int](t, pool, "SELECT count(*) FROM rye.nodes"))
		require.Zero(t, value[int](t, pool, "SELECT count(*) FROM rye.crm_code_counters WHERE next_val > 1"))
	}
	imported(t, url, exitRejects, "--max-rejects", "7", fixture)
	imported(t, url, exitDone, "--max-rejects", "2%", fixture)

	rest := write(t, t.TempDir(), "Campaign.csv", csvFile("Id|IsDeleted|Name|Status|Type|IsActive|CreatedDate", "7017R00000AAAAAAA0|0|Alone|Planned|Email|1|2024-01-01 00:00:00"))
	before := dump(t, pool)
	s := imported(t, url, exitGuard, "--archive-missing", "--allow-missing-columns", "all", rest)
	require.Equal(t, "stopped", s.Status)
	require.Contains(t, s.Error, "archive")
	require.Equal(t, before, dump(t, pool), "and no code is used up")
	s = imported(t, url, exitDone, "--archive-missing", "--max-archive", "100", "--allow-missing-columns", "all", rest)
	require.Equal(t, int64(7), s.Objects["Campaign"].Missing)
	require.Equal(t, int64(7), s.Graph.Nodes.Archived)
}

// TestLocked starts a run while another one of the same source is under way.
func TestLocked(t *testing.T) {
	t.Parallel()
	url := pgtest.Clone(t)
	pool := pgtest.Connect(t, url)
	path := write(t, t.TempDir(), "Contact.csv", person)
	// The other run is one session that holds the lock of the source.
	other, err := pgx.Connect(context.Background(), url)
	require.NoError(t, err)
	defer other.Close(context.Background())
	_, err = other.Exec(context.Background(), "SELECT pg_advisory_lock(hashtextextended('rye_import:salesforce', 0))")
	require.NoError(t, err)

	s := imported(t, url, exitLocked, path)
	require.Contains(t, s.Error, "another run")
	require.Zero(t, value[int](t, pool, "SELECT count(*) FROM rye_import.runs"))
	imported(t, url, exitDone, "--source", "second", path)

	_, err = other.Exec(context.Background(), "SELECT pg_advisory_unlock_all()")
	require.NoError(t, err)
	imported(t, url, exitDone, path)
}

// TestFailures are runs that fail for reasons outside of the export.
func TestFailures(t *testing.T) {
	t.Parallel()
	path := write(t, t.TempDir(), "Contact.csv", person)
	r := command(t, "", "--database-url", "postgres://ann:hunter2@127.0.0.1:1/none?connect_timeout=2", "run", path, "--output", "json")
	require.Equal(t, exitFailed, r.code)
	require.NotContains(t, r.stdout+r.stderr, "hunter2")
	require.Equal(t, "failed", summary(t, r.stdout).Status)
	r = command(t, "", "--database-url", "postgres://ann:hunter2@host:port/none", "run", path)
	require.Equal(t, exitUsage, r.code)
	require.NotContains(t, r.stdout+r.stderr, "hunter2")

	// The folder of the rejects cannot be made: a run with rejects changes nothing.
	url := pgtest.Clone(t)
	pool := pgtest.Connect(t, url)
	s := command(t, "", "--database-url", url, "run", fixture, "--rejects", path, "--output", "json")
	require.Equal(t, exitFailed, s.code)
	require.Contains(t, summary(t, s.stdout).Error, "rejects")
	require.Zero(t, value[int](t, pool, "SELECT count(*) FROM rye.nodes"))
	require.Equal(t, "failed", value[string](t, pool, "SELECT status FROM rye_import.runs"))
}

// TestLogs looks for values of records in logs and messages.
func TestLogs(t *testing.T) {
	t.Parallel()
	url := pgtest.Clone(t)
	dir := t.TempDir()
	write(t, dir, "Contact.csv", csvFile(contactHeader,
		contactRow("0037R00000M7ZjlQAF", "Xylophonist", ""), "0037R00000M8C8JQAV|0|Xylophonist||Xylophonist|2024-01-02 08:00:00")+
		"0037R00000M8M22QAF,Xylophonist,Xylophonist\n")
	for _, args := range [][]string{{"run", dir, "--rejects", t.TempDir()}, {"inspect", dir}, {"runs", "list"}} {
		r := command(t, "", append([]string{"--database-url", url, "--log-level", "debug", "--log-format", "json"}, args...)...)
		require.Contains(t, []int{exitDone, exitRejects}, r.code, r.stderr)
		require.NotContains(t, r.stderr+r.stdout, "Xylophonist", "%v", args)
		for _, line := range strings.Split(strings.TrimSpace(r.stderr), "\n") {
			if strings.HasPrefix(line, "{") {
				require.True(t, json.Valid([]byte(line)), line)
			}
		}
	}
}

// TestRuns reads the journal.
func TestRuns(t *testing.T) {
	t.Parallel()
	url := pgtest.Clone(t)
	r := command(t, "", "--database-url", url, "runs")
	require.Equal(t, exitDone, r.code, r.stderr)
	s := imported(t, url, exitRejects, fixture)
	imported(t, url, exitGuard, "--max-rejects", "0", "--source", "second", fixture)

	r = command(t, "", "--database-url", url, "runs", "list", "--output", "json")
	require.Equal(t, exitDone, r.code, r.stderr)
	var entries []map[string]any
	require.NoError(t, json.Unmarshal([]byte(r.stdout), &entries))
	require.Len(t, entries, 2)
	require.Equal(t, "stopped", entries[0]["status"])
	require.Equal(t, "second", entries[0]["source"])
	require.Equal(t, s.RunID, entries[1]["run_id"])

	for _, id := range []string{s.RunID, s.RunID[:18]} {
		r = command(t, "", "--database-url", url, "runs", "show", id)
		require.Equal(t, exitDone, r.code, r.stderr)
		for _, want := range []string{"Opportunity", "invalid_number", "Contact.csv", "done"} {
			require.Contains(t, r.stdout, want)
		}
	}
	r = command(t, "", "--database-url", url, "runs", "show", s.RunID, "--output", "json")
	require.Equal(t, exitDone, r.code, r.stderr)
	var one map[string]json.RawMessage
	require.NoError(t, json.Unmarshal([]byte(r.stdout), &one))
	var stored report.Summary
	var entry struct{ Summary report.Summary }
	require.NoError(t, json.Unmarshal(one["run"], &entry))
	stored = entry.Summary
	require.Equal(t, s.Objects, stored.Objects)

	r = command(t, "", "--database-url", url, "runs", "show", "ffffffff")
	require.Equal(t, exitFailed, r.code)
	require.Contains(t, r.stderr, "ffffffff")
}

// TestConfig has flag before environment before config file.
func TestConfig(t *testing.T) { //nolint:paralleltest // it sets the environment
	url := pgtest.Clone(t)
	dir := t.TempDir()
	path := write(t, dir, "Contact.csv", person)
	t.Setenv("RYE_TEST_URL", url)
	t.Setenv("RYE_TEST_NAME", `odd: "name" # not a comment`)
	config := write(t, dir, "rye-import.yaml", "# nightly\ndatabase_url: ${RYE_TEST_URL}\nsource: ${RYE_TEST_NAME}\nworkers: 3\noutput: json\nmax_rejects: 5%\nprogress: none\n")
	r := command(t, "", "--config", config, "run", path)
	require.Equal(t, exitUsage, r.code, "a source has no colon: %s", r.stderr)
	require.Contains(t, r.stderr, `odd: \"name\" # not a comment`)

	t.Setenv("RYE_TEST_NAME", "from file $HOME")
	r = command(t, "", "--config", config, "run", path)
	require.Equal(t, exitDone, r.code, r.stderr)
	require.Equal(t, "from file $HOME", summary(t, r.stdout).Source, "only ${VAR} is replaced")
	t.Setenv("RYE_SOURCE", "from environment")
	r = command(t, "", "--config", config, "run", path)
	require.Equal(t, exitDone, r.code, r.stderr)
	require.Equal(t, "from environment", summary(t, r.stdout).Source)
	r = command(t, "", "run", path, "--source", "from flag", "--config", config)
	require.Equal(t, exitDone, r.code, r.stderr)
	require.Equal(t, "from flag", summary(t, r.stdout).Source)

	// DATABASE_URL holds where RYE_DATABASE_URL does not.
	t.Setenv("DATABASE_URL", url)
	r = command(t, "", "run", path, "--output", "json")
	require.Equal(t, exitDone, r.code, r.stderr)
	t.Setenv("RYE_DATABASE_URL", "postgres://127.0.0.1:1/none?connect_timeout=2")
	r = command(t, "", "run", path, "--output", "json")
	require.Equal(t, exitFailed, r.code, r.stderr)
	t.Setenv("RYE_DATABASE_URL", "")

	for name, tc := range map[string]struct{ text, want string }{
		"unknown key": {"source: a\nsuorce: b\n", "line 2: suorce"},
		"twice":       {"source: a\nsource: b\n", "source"},
		"list":        {"source: [a]\n", "line 1: source"},
		"not a map":   {"- source\n", "line 1"},
		"not YAML":    {"source: 'a\n", "source"},
		"not set":     {"source: ${RYE_TEST_UNSET}\n", "RYE_TEST_UNSET is not set"},
		"not valid":   {"workers: many\n", "workers"},
		"hyphen":      {"max-rejects: 5\n", "max-rejects"},
		"config":      {"config: other.yaml\n", "config"},
	} {
		r := command(t, "", "--config", write(t, dir, "bad.yaml", tc.text), "run", path)
		require.Equal(t, exitUsage, r.code, "%s: %s", name, r.stderr)
		require.Contains(t, r.stderr, tc.want, name)
	}
	// An empty variable is as good as none, for what stands behind it.
	r = command(t, "", "--config", write(t, dir, "empty.yaml", "# nothing\n"), "run", path, "--output", "json")
	require.Equal(t, exitDone, r.code, r.stderr)
}

// TestText looks at what a person sees.
func TestText(t *testing.T) {
	t.Parallel()
	url := pgtest.Clone(t)
	r := command(t, "", "--database-url", url, "run", fixture, "--rejects", filepath.Join(t.TempDir(), "rejects"), "--progress", "plain")
	require.Equal(t, exitRejects, r.code, r.stderr)
	for _, want := range []string{
		"balances", "Opportunity", "OPP-2103-0001", "deferred", "owned_by", "invalid_number", "rejects", "What next", "EUR", "UTC",
		"Inventory__c", "no mapping for this object",
	} {
		require.Contains(t, r.stdout, want)
	}
	require.NotContains(t, r.stdout, "\x1b[", "no colours where there is no terminal")
	for _, want := range []string{"Reading and staging", "Merging: links", "Checking the balance"} {
		require.Contains(t, r.stderr, want)
	}
	quiet := command(t, "", "--database-url", url, "run", fixture, "--rejects", t.TempDir(), "--progress", "none")
	require.Empty(t, quiet.stderr)
	require.Contains(t, quiet.stdout, "unchanged")
}

// TestInspect needs no database.
func TestInspect(t *testing.T) {
	t.Parallel()
	r := command(t, "", "inspect", fixture)
	require.Equal(t, exitDone, r.code, r.stderr)
	for _, want := range []string{"salesforce", "iso-8859-1", "Inventory__c", "property first_name", "link reports_to", "kept as"} {
		require.Contains(t, r.stdout, want)
	}
	require.NotContains(t, r.stdout, "zimohor.example.com", "values are not shown")
	r = command(t, "", "inspect", fixture, "--output", "json")
	require.Equal(t, exitDone, r.code, r.stderr)
	var found map[string]any
	require.NoError(t, json.Unmarshal([]byte(r.stdout), &found))
	require.Equal(t, "salesforce", found["crm"])
	require.Len(t, found["files"], 29)

	r = command(t, "", "inspect", hostile+"not_an_export.csv")
	require.Contains(t, []int{exitDone, exitFailed}, r.code)
	require.Contains(t, r.stdout+r.stderr, "not_an_export.csv")
	_, err := os.Stat(filepath.Join(fixture, "rejects"))
	require.ErrorIs(t, err, os.ErrNotExist)
}
