package metrics

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/stretchr/testify/require"

	"github.com/projectrye/rye-import/importer/report"
)

func run(source string, code int) Run {
	s := report.NewSummary("run", time.Unix(1_700_000_000, 500_000_000))
	s.Source = source
	s.Objects["Contact"] = report.Object{Read: 3, Created: 2, Rejected: 1, Deferred: 4}
	s.Rejects.ByCode["invalid_date"] = 1
	return Run{Summary: s, ExitCode: code, Status: fmt.Sprint(code), Statuses: []string{"0", "1"}, Success: code == 0}
}

func TestWrite(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "rye.prom")
	require.NoError(t, Write(path, run(`odd "name" \ of`+"\na source", 0)))
	require.NoError(t, Write(path, run("b", 1)))
	require.NoError(t, Write(path, run("b", 1)), "the same again")
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(string(text)))
	require.NoError(t, err)
	require.Len(t, families["rye_import_last_success_timestamp_seconds"].GetMetric(), 1)
	require.InDelta(t, 1_700_000_000.5, families["rye_import_last_success_timestamp_seconds"].GetMetric()[0].GetGauge().GetValue(), 0)
	require.Len(t, families["rye_import_last_run_status"].GetMetric(), 4)
	require.Contains(t, string(text), `rye_import_last_run_deferred{object="Contact",source="b"} 4`)
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, entries, 1, "no lock and no temporary file is left")
}

// TestWrite_Together lets the runs of several sources end at the same time.
func TestWrite_Together(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "made", "rye.prom")
	const sources = 12
	errs := make([]error, sources)
	var wait sync.WaitGroup
	for i := range sources {
		wait.Go(func() { errs[i] = Write(path, run(fmt.Sprintf("source %d", i), 0)) })
	}
	wait.Wait()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	for i := range sources {
		require.NoError(t, errs[i])
		require.Contains(t, string(text), fmt.Sprintf(`rye_import_last_run_exit_code{source="source %d"} 0`, i))
	}
}

// TestWrite_Foreign leaves files alone that are not ours, and takes over what it knows from other versions.
func TestWrite_Foreign(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ text, kept, err string }{
		"no metrics":      {text: "hello world\n", err: "no metrics file of this program"},
		"other metrics":   {text: "node_load1 3\n", err: "it has node_load1"},
		"another version": {text: "rye_import_gone{source=\"a\"} 1\nrye_import_last_run_exit_code{source=\"a\"} 5\n", kept: `rye_import_last_run_exit_code{source="a"} 5`},
		"other labels":    {text: "rye_import_last_run_exit_code{host=\"a\"} 5\n", kept: `rye_import_last_run_exit_code{source="b"} 0`},
		"nothing":         {text: "", kept: `rye_import_last_run_exit_code{source="b"} 0`},
		"cut off":         {text: "rye_import_last_run_exit_code{sour", err: "no metrics file"},
		"its folder":      {err: "making the folder"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "rye.prom")
			require.NoError(t, os.WriteFile(path, []byte(tc.text), 0o600))
			if name == "its folder" {
				path = filepath.Join(path, "rye.prom")
			}
			err := Write(path, run("b", 0))
			if tc.err != "" {
				require.ErrorContains(t, err, tc.err)
				if tc.text != "" {
					text, err := os.ReadFile(path)
					require.NoError(t, err)
					require.Equal(t, tc.text, string(text))
				}
				return
			}
			require.NoError(t, err)
			text, err := os.ReadFile(path)
			require.NoError(t, err)
			require.Contains(t, string(text), tc.kept)
		})
	}
}
