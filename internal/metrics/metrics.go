// Package metrics keeps a file with figures of the last run of each source, in the Prometheus text format, for
// the textfile collector of node_exporter.
package metrics

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"golang.org/x/sys/unix"

	"github.com/projectrye/rye-import/importer/report"
)

// Run is what the file tells of a run.
type Run struct {
	Summary  *report.Summary // with its source
	ExitCode int
	Status   string // one of Statuses
	Statuses []string
	Success  bool // whether the graph holds the export now
}

// Write puts the figures of a run into the file in place of those of its source's last run; those of
// other sources stay. The file is replaced at once, so that a reader never finds half of it, and is
// readable by all (0644), since it holds no values of records. Programs that write at the same time
// wait for each other. A file that holds anything else is not overwritten. The folder is made if it is not
// there.
func Write(path string, run Run) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("making the folder of the metrics file: %w", err)
	}
	unlock, err := lock(filepath.Dir(path))
	if err != nil {
		return fmt.Errorf("metrics file %s: %w", path, err)
	}
	defer unlock()
	before, err := read(path)
	if err != nil {
		return fmt.Errorf("metrics file %s: %w", path, err)
	}
	f := newFile()
	if err := f.keep(before, run.Summary.Source); err != nil {
		return fmt.Errorf("metrics file %s: %w", path, err)
	}
	f.add(run)
	if err := prometheus.WriteToTextfile(path, f.registry); err != nil {
		return fmt.Errorf("writing the metrics file: %w", err)
	}
	return nil
}

// lock makes programs that write files of a folder wait for each other. It locks the folder itself, so
// that nothing is left behind in one that a collector reads.
func lock(dir string) (unlock func(), err error) {
	d, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	for {
		if err = unix.Flock(int(d.Fd()), unix.LOCK_EX); !errors.Is(err, unix.EINTR) {
			break
		}
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("locking its folder: %w", err), d.Close())
	}
	return func() { _ = d.Close() }, nil
}

// read gives what the file holds, which is nothing before the first run.
func read(path string) (map[string]*dto.MetricFamily, error) {
	r, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer func() { _ = r.Close() }()
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(r)
	if err != nil {
		return nil, fmt.Errorf("%w, so that it was not overwritten: %w", errForeign, err)
	}
	return families, nil
}

var errForeign = errors.New("it is no metrics file of this program; name another, or take it away")

// file is the file to be written: one gauge for each figure.
type file struct {
	registry *prometheus.Registry
	gauges   map[string]*gauge

	lastRun, success, duration, exitCode, status, records, rejects, known, deferred *gauge
}

type gauge struct {
	*prometheus.GaugeVec
	labels []string
}

const prefix = "rye_import_"

func newFile() *file {
	f := &file{registry: prometheus.NewRegistry(), gauges: make(map[string]*gauge)}
	add := func(name, help string, labels ...string) *gauge {
		labels = append([]string{"source"}, labels...)
		g := &gauge{prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: prefix + name, Help: help}, labels), labels}
		f.registry.MustRegister(g)
		f.gauges[prefix+name] = g
		return g
	}
	f.lastRun = add("last_run_timestamp_seconds", "When the last run ended.")
	f.success = add("last_success_timestamp_seconds", "When the last run ended that brought the export into the graph, with rejects or without.")
	f.duration = add("last_run_duration_seconds", "How long the last run took.")
	f.exitCode = add("last_run_exit_code", "How the last run ended: 0 done, 1 failed, 2 usage, 3 done with new rejects, 4 stopped by a guard, 5 locked, 130 interrupted.")
	f.status = add("last_run_status", "1 for the status of the last run, 0 for the others.", "status")
	f.records = add("last_run_records", "Records of the last run by what became of them; absent if it failed before they were counted.", "object", "outcome")
	f.rejects = add("last_run_rejects", "Records that the last run rejected, by error code.", "code")
	f.known = add("last_run_rejects_known", "Rejected records of the last run that an earlier run had rejected for the same reason.")
	f.deferred = add("last_run_deferred", "Links and facts that waited for other records after the last run, since earlier runs too.", "object")
	return f
}

// keep takes over the figures of other sources, and of this one the time of its last success, which a run
// that fails does not change.
func (f *file) keep(families map[string]*dto.MetricFamily, source string) error {
	for name, family := range families {
		g := f.gauges[name]
		if g == nil {
			if !strings.HasPrefix(name, prefix) {
				return fmt.Errorf("%w: it has %s", errForeign, name)
			}
			continue // of another version of this program
		}
		for _, m := range family.GetMetric() {
			labels := make(prometheus.Labels)
			for _, l := range m.GetLabel() {
				labels[l.GetName()] = l.GetValue()
			}
			if labels["source"] == source && g != f.success {
				continue
			}
			value := m.GetGauge().GetValue()
			if family.GetType() == dto.MetricType_UNTYPED {
				value = m.GetUntyped().GetValue()
			}
			kept, err := g.GetMetricWith(labels)
			if err != nil {
				continue // its labels are those of another version
			}
			kept.Set(value)
		}
	}
	return nil
}

// add puts in the figures of a run.
func (f *file) add(run Run) {
	s := run.Summary
	set := func(g *gauge, value float64, labels ...string) {
		g.WithLabelValues(append([]string{s.Source}, labels...)...).Set(value)
	}
	ended := float64(s.FinishedAt.UnixMilli()) / 1000
	set(f.lastRun, ended)
	if run.Success {
		set(f.success, ended)
	}
	set(f.duration, s.Seconds)
	set(f.exitCode, float64(run.ExitCode))
	for _, status := range run.Statuses {
		set(f.status, 0, status)
	}
	set(f.status, 1, run.Status)
	for name, o := range s.Objects {
		for outcome, n := range map[string]int64{
			"created": o.Created, "updated": o.Updated, "unchanged": o.Unchanged, "archived": o.Archived, "rejected": o.Rejected,
			"filtered": o.Filtered, "missing": o.Missing,
		} {
			set(f.records, float64(n), name, outcome)
		}
		set(f.deferred, float64(o.Deferred), name)
	}
	for code, n := range s.Rejects.ByCode {
		set(f.rejects, float64(n), code)
	}
	set(f.known, float64(s.Rejects.Known))
}
