package perrecord

import (
	"testing"

	"github.com/stretchr/testify/require"
)

var sink [][]byte

func TestReport(t *testing.T) {
	// Not in parallel: what others allocate meanwhile would count too.
	result := testing.Benchmark(func(b *testing.B) {
		m := Start(b)
		for b.Loop() {
			sink = sink[:0]
			for range 100 {
				sink = append(sink, make([]byte, 64), make([]byte, 64))
			}
		}
		m.Report(100)
	})
	require.InDelta(t, 2, result.Extra["allocs/record"], 0.5)
	require.InEpsilon(t, 100*float64(result.N)/result.T.Seconds(), result.Extra["records/s"], 0.5)
}
