package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/projectrye/rye-import/importer"
	"github.com/projectrye/rye-import/importer/mapping"
	"github.com/projectrye/rye-import/importer/report"
	"github.com/projectrye/rye-import/internal/pgtest"
)

// everything changes with every row of every table, and with every sequence.
func everything(t *testing.T, pool *pgxpool.Pool) string {
	t.Helper()
	var b strings.Builder
	for _, table := range values(t, pool, `SELECT schemaname || '.' || tablename FROM pg_tables
		WHERE schemaname IN ('rye', 'rye_import', 'public') ORDER BY 1`) {
		schema, name, _ := strings.Cut(table, ".")
		b.WriteString(table + " " + value[string](t, pool,
			"SELECT coalesce(md5(string_agg(ctid::text || xmin::text || t.*::text, ',' ORDER BY ctid)), '-') FROM "+
				pgx.Identifier{schema, name}.Sanitize()+" t") + "\n")
	}
	sequences := values(t, pool, `SELECT schemaname || '.' || sequencename || ' ' || coalesce(last_value, 0) FROM pg_sequences
		WHERE schemaname IN ('rye', 'rye_import', 'public') ORDER BY 1`)
	require.Greater(t, len(sequences), 5)
	return b.String() + strings.Join(sequences, "\n")
}

// plannedOf makes a plan, and proves that it has changed nothing and that its details are what it counts.
func plannedOf(t *testing.T, databaseURL string, wantCode int, args ...string) *report.Summary {
	t.Helper()
	pool := pgtest.Connect(t, databaseURL)
	before := everything(t, pool)
	rejects := filepath.Join(t.TempDir(), "rejects")
	args = append([]string{"--database-url", databaseURL, "plan", "--details", "--output", "json", "--progress", "none", "--rejects", rejects}, args...)
	r := command(t, "", args...)
	require.Equal(t, wantCode, r.code, "%s\n%s", r.stderr, r.stdout)
	require.Equal(t, before, everything(t, pool), "the plan has changed something")
	require.NoDirExists(t, rejects)
	requireNoLocks(t, pool)
	lines := strings.Split(strings.TrimSpace(r.stdout), "\n")
	s := summary(t, lines[len(lines)-1])
	if s.Status == report.StatusPlanned {
		requireDetails(t, s, lines[:len(lines)-1])
	}
	return s
}

// requireDetails counts what the details of a plan tell, and compares it with the summary.
func requireDetails(t *testing.T, s *report.Summary, lines []string) {
	t.Helper()
	objects := make(map[string]report.Object)
	var graph report.Graph
	for _, line := range lines {
		var d report.Detail
		dec := json.NewDecoder(strings.NewReader(line))
		dec.DisallowUnknownFields()
		require.NoError(t, dec.Decode(&d), line)
		o := objects[d.Object]
		switch {
		case d.Reason == "missing from the export":
			o.Missing++
		case d.Line == 0: // another record is its reason
		case d.Action == report.ActionCreated:
			o.Created++
		case d.Action == report.ActionUpdated:
			o.Updated++
		case d.Action == report.ActionArchived:
			o.Archived++
		case d.Action == report.ActionRejected:
			o.Rejected++
		case d.Action == report.ActionFiltered:
			o.Filtered++
		}
		objects[d.Object] = o
		for _, l := range d.Links {
			switch {
			case l.Type == "participant" && l.Action == "opened":
				graph.Events.Participants++
			case l.Action == "opened":
				graph.Edges.Created++
			case l.Action == "closed":
				graph.Edges.Closed++
			}
		}
		for _, f := range d.Facts {
			if f.Action == "recorded" {
				graph.Assertions.Created++
			}
		}
		graph.Events.Created += int64(len(d.Events))
	}
	for name, o := range s.Objects {
		if o.Unmapped {
			continue
		}
		require.Equal(t, report.Object{
			Created: o.Created, Updated: o.Updated, Archived: o.Archived, Rejected: o.Rejected, Filtered: o.Filtered, Missing: o.Missing,
		}, objects[name], name)
	}
	require.Equal(t, s.Graph.Edges.Created, graph.Edges.Created)
	require.Equal(t, s.Graph.Edges.Closed, graph.Edges.Closed)
	require.Equal(t, s.Graph.Assertions.Created, graph.Assertions.Created)
	require.Equal(t, s.Graph.Events, graph.Events)
}

// requireNoLocks proves that the session of a plan is gone.
func requireNoLocks(t *testing.T, pool *pgxpool.Pool) {
	t.Helper()
	require.Zero(t, value[int](t, pool, `SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database
		WHERE d.datname = current_database() AND l.locktype = 'advisory'`))
}

// sameResult compares what a plan said with what the run did.
func sameResult(t *testing.T, plan, run *report.Summary) {
	t.Helper()
	require.Equal(t, "plan", plan.Command)
	require.Equal(t, report.StatusPlanned, plan.Status)
	require.Equal(t, "done", run.Status)
	for _, s := range []*report.Summary{plan, run} {
		for name, o := range s.Objects {
			o.Seconds = 0
			s.Objects[name] = o
		}
		for i := range s.Deferred {
			s.Deferred[i].Since = s.StartedAt
		}
	}
	for i := range plan.Deferred {
		plan.Deferred[i].Since = run.StartedAt
	}
	for i := range run.Files {
		run.Files[i].SameAsRun = 0 // a plan reads every file
	}
	require.Equal(t, plan.Objects, run.Objects)
	require.Equal(t, plan.Links, run.Links)
	require.Equal(t, plan.Graph, run.Graph)
	require.Equal(t, plan.Sums, run.Sums)
	require.Equal(t, plan.Deferred, run.Deferred)
	require.Equal(t, plan.Names, run.Names)
	require.Equal(t, plan.NamesTotal, run.NamesTotal)
	require.Equal(t, plan.Rejects.ByCode, run.Rejects.ByCode)
	require.Equal(t, plan.Rejects.Known, run.Rejects.Known)
	require.Equal(t, plan.Files, run.Files)
	require.Equal(t, plan.Mapping, run.Mapping)
	require.Equal(t, plan.Warnings, run.Warnings)
	require.True(t, plan.Balanced)
	require.Empty(t, plan.RunID, "a plan is no run")
	require.Empty(t, plan.Rejects.Path)
}

// TestPlanFixture plans each step of the life of the invented export, and runs it.
func TestPlanFixture(t *testing.T) {
	t.Parallel()
	url := pgtest.Clone(t)
	first := plannedOf(t, url, exitRejects, fixture)
	sameResult(t, first, imported(t, url, exitRejects, fixture))
	require.Contains(t, first.Objects["Account"].Codes, "ORG-")

	again := plannedOf(t, url, exitDone, fixture)
	require.Zero(t, again.Graph)
	sameResult(t, again, imported(t, url, exitDone, fixture))
}

// TestPlanCRMs plans the exports of all CRMs, and runs them.
func TestPlanCRMs(t *testing.T) {
	t.Parallel()
	for _, crm := range mapping.Names() {
		if crm == "salesforce" {
			continue // see TestPlanFixture
		}
		t.Run(crm, func(t *testing.T) {
			t.Parallel()
			url := pgtest.Clone(t)
			args := []string{"--date-order", "mdy", "--decimal", "point", filepath.Join(fixture, "..", crm)}
			r := command(t, "", append([]string{"--database-url", url, "plan", "--output", "json", "--progress", "none"}, args...)...)
			require.Contains(t, []int{exitDone, exitRejects}, r.code, r.stderr)
			plan := plannedOf(t, url, r.code, append([]string{"--workers", "3", "--batch-size", "7"}, args...)...)
			require.NotZero(t, plan.Graph.Nodes.Created)
			sameResult(t, plan, imported(t, url, r.code, args...))
			sameResult(t, plannedOf(t, url, exitDone, args...), imported(t, url, exitDone, args...))
		})
	}
}

// changedNight is what happens to the small company between two exports.
func changedNight(t *testing.T) company {
	t.Helper()
	c := newCompany()
	c.change(t, "Account", acme, "2024-05-01 08:00:00", "Brno", "Praha", "+420 1", "")
	c.change(t, "Contact", ada, "2024-05-01 09:00:00", acme, globex, "Analyst", "Countess")
	c.drop("Contact", bob)
	c["Contact"] = append(c["Contact"],
		"0037R00000CCCCCQA5|0|0017R00000ZZZZZQA5|Cid|Newton|cid@example.com|Clerk|"+eve+"|2024-05-01 10:00:00|2024-05-01 10:00:00",
		"0037R00000DDDDDQA5|0|"+acme+"|Dot||dot@example.com|Clerk|"+eve+"|2024-05-01 10:00:00|2024-05-01 10:00:00",
		ada+"|0|"+acme+"|Ada|Lovelace|ada@example.com|Analyst|"+eve+"|2024-02-01 08:00:00|2024-02-01 08:00:00")
	c.change(t, "Opportunity", deal, "2024-05-01 11:00:00", "Prospecting", "Closed Won", "1000.00", "1200.00", "|10|0|0|", "|100|1|1|")
	return c
}

var nightFlags = []string{"--archive-missing", "--max-archive", "50"}

// TestPlanNightly plans what a night has changed, and runs it.
func TestPlanNightly(t *testing.T) {
	t.Parallel()
	n := newNightly(t)
	args := slices.Concat(nightFlags, []string{changedNight(t).write(t)})
	plan := plannedOf(t, n.url, exitRejects, args...)
	require.Equal(t, report.GraphNodes{Created: 1, Updated: 3, Archived: 1}, plan.Graph.Nodes)
	require.Equal(t, map[string]report.Counts{
		"Account":     {"properties.address": 1},
		"Contact":     {"archived": 1, "properties.title": 1},
		"Opportunity": {"properties.estimated_value": 1},
		"RecordType":  {"properties.stages": 1},
	}, plan.Fields)
	sameResult(t, plan, imported(t, n.url, exitRejects, args...))
}

// TestPlanDetails shows each record of a first and of a later plan.
func TestPlanDetails(t *testing.T) {
	t.Parallel()
	n := newNightly(t)
	first, second := newCompany().write(t), changedNight(t).write(t)
	details := func(url string, wantCode int, args ...string) string {
		t.Helper()
		pool := pgtest.Connect(t, url)
		before := everything(t, pool)
		r := command(t, "", append([]string{"--database-url", url, "plan", "--details", "--progress", "none"}, args...)...)
		require.Equal(t, wantCode, r.code, r.stderr)
		require.Contains(t, r.stderr, "This is a plan")
		require.Equal(t, before, everything(t, pool))
		return regexp.MustCompile(`"[0-9T:-]+\.[0-9]+Z"`).ReplaceAllString(r.stdout, `"NOW"`)
	}
	golden(t, "plan-first.golden", details(pgtest.Clone(t), exitDone, first))
	golden(t, "plan-night.golden", details(n.url, exitRejects, slices.Concat(nightFlags, []string{second})...))
	require.Empty(t, details(n.url, exitDone, newCompany().write(t)), "nothing has changed")
	all := details(n.url, exitDone, "--unchanged", "--workers", "1", newCompany().write(t))
	require.Equal(t, 7, strings.Count(all, `"action":"unchanged"`), all)
	require.Equal(t, 7, strings.Count(all, "\n"))
}

// TestPlanText shows a plan to people.
func TestPlanText(t *testing.T) {
	t.Parallel()
	n := newNightly(t)
	path := changedNight(t).write(t)
	r := command(t, "", append([]string{"--database-url", n.url, "plan", path}, nightFlags...)...)
	require.Equal(t, exitRejects, r.code)
	golden(t, "plan-text.golden", plain(r.stdout, path))
	require.NotContains(t, r.stderr+r.stdout, "Praha", "values are for --details")
}

// plain leaves out of a text what is different each time.
func plain(text, path string) string {
	text = strings.ReplaceAll(text, path, "EXPORT")
	text = regexp.MustCompile(`\b[0-9.]+m?s\b`).ReplaceAllString(text, "TIME")
	text = regexp.MustCompile(`\([0-9,]+ records/s\)`).ReplaceAllString(text, "(N records/s)")
	text = regexp.MustCompile(`[0-9]{4}-[0-9]{2}-[0-9]{2}, today`).ReplaceAllString(text, "DATE, today")
	text = regexp.MustCompile(`─+`).ReplaceAllString(text, "─") // as wide as the times are
	return regexp.MustCompile(` +`).ReplaceAllString(text, " ")
}

// TestPlanGuards stops plans: nothing has changed, and the rejects are told.
func TestPlanGuards(t *testing.T) {
	t.Parallel()
	n := newNightly(t)
	path := changedNight(t).write(t)
	s := plannedOf(t, n.url, exitGuard, "--archive-missing", "--max-archive", "10", path)
	require.Equal(t, "stopped", s.Status)
	require.Contains(t, s.Error, "--max-archive")
	for _, limit := range []string{"0", "0%"} {
		s = plannedOf(t, n.url, exitGuard, "--max-rejects", limit, path)
		require.Contains(t, s.Error, "--max-rejects "+limit)
		r := command(t, "", "--database-url", n.url, "plan", "--details", "--max-rejects", limit, "--batch-size", "1", "--progress", "none", path)
		require.Equal(t, exitGuard, r.code, r.stderr)
		require.Equal(t, 1, strings.Count(r.stdout, "\n"), r.stdout)
		require.Contains(t, r.stdout, `"action":"rejected"`)
	}
	require.Equal(t, exitUsage, command(t, "", "plan", "--unchanged", path).code)
	require.Equal(t, exitUsage, command(t, "", "plan").code)
}

// TestPlanLocked plans while the source is held.
func TestPlanLocked(t *testing.T) {
	t.Parallel()
	n := newNightly(t)
	conn, err := n.pool.Acquire(t.Context())
	require.NoError(t, err)
	defer conn.Release()
	lock := "SELECT pg_advisory_%s(hashtextextended('rye_import:salesforce', 0))"
	_, err = conn.Exec(t.Context(), fmt.Sprintf(lock, "lock"))
	require.NoError(t, err)
	r := command(t, "", "--database-url", n.url, "plan", "--output", "json", changedNight(t).write(t))
	require.Equal(t, exitLocked, r.code)
	require.Equal(t, "plan", summary(t, r.stdout).Command)
	_, err = conn.Exec(t.Context(), fmt.Sprintf(lock, "unlock"))
	require.NoError(t, err)
}

// TestPlanEmptyDatabase plans the first run of all.
func TestPlanEmptyDatabase(t *testing.T) {
	t.Parallel()
	url := pgtest.Empty(t)
	path := newCompany().write(t)
	r := command(t, "", "--database-url", url, "plan", "--output", "json", path)
	require.Equal(t, exitDone, r.code, r.stderr)
	plan := summary(t, r.stdout)
	require.Equal(t, int64(8), plan.Graph.Nodes.Created)
	pool := pgtest.Connect(t, url)
	require.Zero(t, value[int](t, pool, "SELECT (SELECT count(*) FROM rye.nodes) + (SELECT count(*) FROM rye_import.runs)"))
	sameResult(t, plan, imported(t, url, exitDone, path))

	execute(t, pool, "DELETE FROM rye_import.migrations WHERE version_id = (SELECT max(version_id) FROM rye_import.migrations)")
	r = command(t, "", "--database-url", url, "plan", path)
	require.Equal(t, exitFailed, r.code)
	require.Contains(t, r.stderr, "rye-import db migrate")
}

// TestPlanInterrupt interrupts a plan while it stages.
func TestPlanInterrupt(t *testing.T) {
	t.Parallel()
	n := newNightly(t)
	before := everything(t, n.pool)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var out bytes.Buffer
	errs := &trigger{on: "Reading and staging", do: cancel}
	code := run(ctx, []string{"rye-import", "--database-url", n.url, "plan", "--progress", "plain", "--batch-size", "1", changedNight(t).write(t)},
		strings.NewReader(""), &out, errs)
	require.Equal(t, exitInterrupted, code)
	require.Equal(t, before, everything(t, n.pool))
}

// trigger does something as soon as a text is written.
type trigger struct {
	on string
	do func()
}

func (w *trigger) Write(b []byte) (int, error) {
	if strings.Contains(string(b), w.on) {
		w.do()
	}
	return len(b), nil
}

// saved makes a plan of an export and saves it.
func saved(t *testing.T, databaseURL string, wantCode int, args ...string) string {
	t.Helper()
	out := filepath.Join(t.TempDir(), "plan.json")
	r := command(t, "", append([]string{"--database-url", databaseURL, "plan", "--out", out, "--progress", "none"}, args...)...)
	require.Equal(t, wantCode, r.code, r.stderr)
	require.Contains(t, r.stdout, "rye-import run --plan "+out)
	info, err := os.Stat(out)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	left, err := os.ReadDir(filepath.Dir(out))
	require.NoError(t, err)
	require.Len(t, left, 1)
	return out
}

// TestRunPlan saves a plan and runs it: it needs neither paths nor flags, and the run is what was planned.
func TestRunPlan(t *testing.T) {
	t.Parallel()
	n := newNightly(t)
	path := changedNight(t).write(t)
	file := saved(t, n.url, exitRejects, slices.Concat(nightFlags, []string{"--source", "salesforce", path})...)
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	require.NotContains(t, string(text), "Praha", "a plan holds no values")
	var plan importer.Plan
	require.NoError(t, json.Unmarshal(text, &plan))
	require.Equal(t, []string{path}, plan.Paths)
	require.Equal(t, "50", plan.Flags["max-archive"])
	require.NotContains(t, plan.Flags, "workers")

	s := imported(t, n.url, exitRejects, "--plan", file, "--workers", "3", "--batch-size", "1")
	sameResult(t, plan.Summary, s)
	require.Equal(t, int64(1), s.Objects["Contact"].Missing, "--archive-missing was planned")

	// It has been done.
	s = imported(t, n.url, exitGuard, "--plan", file)
	require.Equal(t, "stopped", s.Status)
	require.Contains(t, s.Error, "rye.nodes (")

	// Another copy of the same files will do, and another number of workers.
	file = saved(t, n.url, exitDone, "--delta", path)
	imported(t, n.url, exitDone, "--plan", file, changedNight(t).write(t))
}

// TestRunPlan_Changed changes something between the plan and its run, which says what.
func TestRunPlan_Changed(t *testing.T) {
	t.Parallel()
	mappingFile := func(t *testing.T) string {
		t.Helper()
		r := command(t, "", "mapping", "show", "salesforce")
		require.Equal(t, exitDone, r.code, r.stderr)
		return write(t, t.TempDir(), "mapping.yaml", r.stdout)
	}
	own := mappingFile(t)
	for name, tc := range map[string]struct {
		plan, run []string // flags
		do        func(t *testing.T, n *nightly, path string)
		code      int
		want      string
	}{
		"a file": {do: func(t *testing.T, _ *nightly, path string) {
			write(t, path, "User.csv", csvFile(append(newCompany()["User"], "0057R00000CCCCCQA5|gus@corp.example|Seller|Gus|gus@corp.example|1|2023-01-02 08:00:00|2023-01-02 08:00:00")...))
		}, want: "the file User.csv has another checksum"},
		"a file more": {do: func(t *testing.T, _ *nightly, path string) {
			write(t, path, "Lead.csv", csvFile("Id|LastName|Company|Status", lead+"|Dee|Initech|Open"))
		}, want: "the file Lead.csv is new"},
		"a file less": {do: func(t *testing.T, _ *nightly, path string) {
			require.NoError(t, os.Remove(filepath.Join(path, "User.csv")))
		}, want: "the file User.csv is missing"},
		"the mapping": {plan: []string{"--mapping", own}, do: func(t *testing.T, _ *nightly, _ string) {
			text, err := os.ReadFile(own)
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(own, append(text, "# other\n"...), 0o600))
		}, want: "the mapping was salesforce/"},
		"a node": {do: func(t *testing.T, n *nightly, _ string) {
			execute(t, n.pool, "UPDATE rye.nodes SET properties = properties || '{\"tier\": \"gold\"}' WHERE label = 'Acme'")
		}, want: "rye.nodes (8 rows, but not the same), rye_import.edits (0 rows then, 1 now); nothing"},
		"an edge less": {do: func(t *testing.T, n *nightly, _ string) {
			execute(t, n.pool, "DELETE FROM rye.edges WHERE edge_type = 'targets'")
		}, want: "rye.edges (9 rows then, 8 now)"},
		"a code": {do: func(t *testing.T, n *nightly, _ string) {
			require.Equal(t, "CON-2405-0001", value[string](t, n.pool, "SELECT rye.draw_crm_code('CON', '2405')"))
		}, want: "rye.crm_code_counters (codes were drawn or given back)"},
		"another source": {do: func(t *testing.T, n *nightly, _ string) {
			imported(t, n.url, exitDone, "--source", "other", newCompany().write(t))
		}, want: "rye.nodes (8 rows then, 16 now)"},
		"the same source": {do: func(t *testing.T, n *nightly, path string) {
			imported(t, n.url, exitRejects, path)
		}, want: "rye_import.records ("},
		"a flag":        {run: []string{"--delta"}, code: exitUsage, want: `--delta is "true" here and "false" in the plan`},
		"a bound":       {plan: nightFlags, run: []string{"--max-archive", "60"}, code: exitUsage, want: `--max-archive is "60" here and "50" in the plan`},
		"the same flag": {plan: nightFlags, run: nightFlags, code: exitRejects},
		"a run that changed nothing": {do: func(t *testing.T, n *nightly, _ string) {
			imported(t, n.url, exitDone, newCompany().write(t))
		}, code: exitRejects},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := newNightly(t)
			path := changedNight(t).write(t)
			file := saved(t, n.url, exitRejects, slices.Concat(tc.plan, []string{path})...)
			if tc.do != nil {
				tc.do(t, n, path)
			}
			before := fingerprint(t, n.pool)
			code := tc.code
			if code == 0 {
				code = exitGuard
			}
			args := []string{"--database-url", n.url, "run", "--plan", file, "--progress", "none", "--rejects", t.TempDir()}
			r := command(t, "", append(args, tc.run...)...)
			require.Equal(t, code, r.code, r.stderr)
			require.Contains(t, r.stderr, tc.want)
			if code != exitRejects {
				require.Equal(t, before, fingerprint(t, n.pool))
			}
		})
	}
}

// TestRunPlan_NoPlan gives files that are no plans.
func TestRunPlan_NoPlan(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, text := range map[string]string{"none": "", "csv": "Id,Name", "json": "{}", "newer": `{"format": 99}`, "list": "[]"} {
		r := command(t, "", "run", "--plan", write(t, dir, name, text))
		require.Equal(t, exitUsage, r.code, name)
		require.Contains(t, r.stderr, "no saved plan", name)
	}
	require.Equal(t, exitUsage, command(t, "", "run", "--plan", filepath.Join(dir, "missing")).code)
}

// TestPlanConflict plans a change of what a person has changed too.
func TestPlanConflict(t *testing.T) {
	t.Parallel()
	n := newNightly(t)
	execute(t, n.pool, "UPDATE rye.nodes SET properties = properties || '{\"title\": \"Countess\"}' WHERE label = 'Ada Lovelace'")
	n.change(t, "Contact", ada, "2024-05-01 08:00:00", "Analyst", "Director")
	path := n.write(t)
	s := plannedOf(t, n.url, exitDone, path)
	require.Equal(t, int64(1), s.Conflicts.Total)
	r := command(t, "", "--database-url", n.url, "plan", "--details", path)
	require.Equal(t, exitDone, r.code, r.stderr)
	require.Contains(t, r.stdout, `"conflicts":[{"field":"properties.title","graph":"Countess","incoming":"Director"}]`)
	sameResult(t, s, imported(t, n.url, exitDone, path))
	require.Equal(t, "Countess", n.node(ada, "properties->>'title'"))
}
