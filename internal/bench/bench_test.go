package main

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestRun times everything once, on an export as small as they come: what it shows is worth nothing, but
// all of it is there.
func TestRun(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	program := built(t, dir)
	path := filepath.Join(dir, "results.json")
	var out, log bytes.Buffer
	err := run(t.Context(), []string{"-program", program, "-records", "500", "-rounds", "1", "-sample", "20", "-scale", "2", "-json", path}, &out, &log)
	require.NoError(t, err, log.String())

	data, err := os.ReadFile(path)
	require.NoError(t, err)
	var r report
	require.NoError(t, json.Unmarshal(data, &r))
	require.Equal(t, 500, r.Records)
	timed := make(map[string]partReport)
	for _, p := range r.Parts {
		timed[p.Name] = p
	}
	for _, name := range append(names(), "first × 2") {
		require.Contains(t, out.String(), "| "+name+" |")
		p := timed[name]
		if strings.HasPrefix(p.Note, "not available") {
			continue
		}
		require.Empty(t, p.Note, name)
		require.Len(t, p.Samples, 1, name)
		require.Positive(t, p.Wall, name)
	}
	// Its own statements are as right as the importer: they make the same graph.
	expert, first := r.Rows["expert"], r.Rows["first"]
	require.Equal(t, int64(16), first["artifacts"], "one for each file")
	require.Equal(t, int64(1), first["events"]-expert["events"], "the event of the run")
	for _, table := range []string{"nodes", "edges", "event_participants", "assertions", "node_source_map"} {
		require.Positive(t, first[table], table)
		require.Equal(t, first[table], expert[table], table)
	}
	require.Equal(t, first.sum(), timed["floor"].Rows)
	require.Positive(t, timed["first"].Peak)
	require.Positive(t, timed["first"].WAL)
	for _, q := range r.Ratios {
		if q.Name == "plan / first" && strings.HasPrefix(timed["plan"].Note, "not available") {
			continue
		}
		require.NotNil(t, q.Value, q.Name)
		require.Positive(t, *q.Value, q.Name)
		require.Equal(t, q.Must != "", q.Met != nil, q.Name)
	}
}

func built(t *testing.T, dir string) string {
	t.Helper()
	program := filepath.Join(dir, "rye-import")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", program, "../../cmd/rye-import")
	said, err := build.CombinedOutput()
	require.NoError(t, err, string(said))
	return program
}

func TestRun_Profile(t *testing.T) {
	t.Parallel()
	var out, log bytes.Buffer
	err := run(t.Context(), []string{"-program", built(t, t.TempDir()), "-records", "500", "-profile"}, &out, &log)
	require.NoError(t, err, log.String())
	require.Contains(t, out.String(), "| NodeInsertStaged |", "statements are told by their names")
	require.Contains(t, out.String(), "| ⤷ ")
	require.Contains(t, out.String(), "| `nodes_properties` |")
}

func TestParse(t *testing.T) {
	t.Parallel()
	o, err := parse([]string{"-only", "bare, 1 %"}, &bytes.Buffer{})
	require.NoError(t, err)
	b := &bench{options: o}
	for name, want := range map[string]bool{"first": true, "bare": true, "1 %": true, "floor": false, "undo 1 %": false} {
		require.Equal(t, want, b.wanted(name), name)
	}
	b.only = []string{"undo 1 %"}
	require.True(t, b.wanted("1 %"), "what is undone has to be done")

	_, err = parse([]string{"-only", "best"}, &bytes.Buffer{})
	require.ErrorContains(t, err, `no such part; there are plan, first, bare`)
	for _, args := range [][]string{{"-rounds", "0"}, {"-sample", "0"}, {"-scale", "-1"}} {
		_, err := parse(args, &bytes.Buffer{})
		require.Error(t, err, args)
	}
}

func TestRatios(t *testing.T) {
	t.Parallel()
	samples := map[string][]sample{
		"first":  {{Wall: 10, ServerCPU: 4, ImporterCPU: 1, Records: 1000, Peak: 100 << 20}, {Wall: 20, ServerCPU: 4, ImporterCPU: 1, Records: 1000, Peak: 300 << 20}},
		"bare":   {{Wall: 2, ServerCPU: 1}, {Wall: 2, ServerCPU: 1}},
		"expert": {{Wall: 30}, {Wall: 40}},
		"beside": {{Wall: 4, Records: 200}}, // of the second round nothing is known
	}
	got := make(map[string]ratioReport)
	for _, r := range ratios(samples, &sample{Wall: 330, Records: 20_000, Peak: 90 << 20}) {
		got[r.Name] = r
	}
	for name, want := range map[string]struct {
		value, low, high float64
		met              bool
	}{
		"first / bare":                           {7.5, 5, 10, true},
		"expert / first":                         {2.5, 2, 3, true},
		"beside, per record / first, per record": {2, 2, 2, true},
		"time at 10 times the records / time":    {11, 11, 11, true}, // 20 times the records took 22 times as long
		"importer's peak memory":                 {300, 300, 300, false},
	} {
		r := got[name]
		require.NotNil(t, r.Value, name)
		require.InDelta(t, want.value, *r.Value, 1e-9, name)
		require.InDelta(t, want.low, *r.Min, 1e-9, name)
		require.InDelta(t, want.high, *r.Max, 1e-9, name)
		require.Equal(t, want.met, *r.Met, name)
	}
	require.InDelta(t, 5, *got["first / bare"].CPU, 1e-9)
	require.Nil(t, got["first / floor"].Value)
}

func TestMiddle(t *testing.T) {
	t.Parallel()
	require.InDelta(t, 2, middle([]float64{9, 1, 2}), 0)
	require.InDelta(t, 3, middle([]float64{9, 1, 2, 4}), 0)
	require.InDelta(t, 7, middle([]float64{7}), 0)
}

func TestParseStat(t *testing.T) {
	t.Parallel()
	p, ok := parseStat([]byte("4711 (postgres) x) S 12 4711 4711 0 -1 4194624 100 200 3 4 50 6 700 80 20 0 1 0 99\n"))
	require.True(t, ok)
	require.Equal(t, process{pid: 4711, parent: 12, own: 56, children: 780}, p)
	for _, line := range []string{"", "4711", "4711 (postgres) S 12", "x (postgres) S 12 1 1 0 -1 1 1 1 1 1 1 1 1 1 1"} {
		_, ok := parseStat([]byte(line))
		require.False(t, ok, line)
	}
}

func TestThousands(t *testing.T) {
	t.Parallel()
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567", 100000: "100,000"} {
		require.Equal(t, want, thousands(n))
	}
}
