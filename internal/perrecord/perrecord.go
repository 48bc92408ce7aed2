// Package perrecord lets benchmarks tell what they cost by record, whatever an operation of theirs is.
package perrecord

import (
	"runtime"
	"testing"
)

// Meter counts from its start on.
type Meter struct {
	b       *testing.B
	mallocs uint64
}

// Start begins to count; what was done before is not counted. The timer of the benchmark is its own affair.
func Start(b *testing.B) Meter {
	b.Helper()
	b.ReportAllocs()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return Meter{b: b, mallocs: m.Mallocs}
}

// Report adds "records/s" and "allocs/record" to the result of a benchmark whose every operation went
// through that many records.
func (m Meter) Report(records int) {
	m.b.Helper()
	var now runtime.MemStats
	runtime.ReadMemStats(&now)
	n := float64(records) * float64(m.b.N)
	m.b.ReportMetric(n/m.b.Elapsed().Seconds(), "records/s")
	m.b.ReportMetric(float64(now.Mallocs-m.mallocs)/n, "allocs/record")
}
