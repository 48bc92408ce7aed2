package load

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/projectrye/rye-import/internal/pgtest"
)

func TestPipelineCode(t *testing.T) {
	t.Parallel()
	for label, want := range map[string]string{
		"Sales": "PL-SALES", "Sales Pipeline": "PL-SALES", "sales-pipeline": "PL-SALES", "Pipeline": "PL-PIPELINE", "pipeline pipeline": "PL-PIPELINE",
		"": "PL-PIPELINE", "!?": "PL-PIPELINE", "  Service   Contract  ": "PL-SERVICE-CONTRACT", "Přímý prodej": "PL-PRIMY-PRODEJ",
		"Pri\u030cmy": "PL-PRIMY", "A/B & C": "PL-A-B-C", "2024": "PL-2024", "Продажи": "PL-ПРОДАЖИ", "営業": "PL-営業",
		"Straße": "PL-STRAßE", "Pipelines": "PL-PIPELINES", "Sales pipeline 2": "PL-SALES-PIPELINE-2",
	} {
		require.Equal(t, want, pipelineCode(label, map[string]bool{}), "%q", label)
	}

	taken := map[string]bool{"PL-SALES": true, "PL-SALES-3": true}
	require.Equal(t, "PL-SALES-2", pipelineCode("Sales", taken))
	require.Equal(t, "PL-SALES-4", pipelineCode("Sales Pipeline", taken), "what was given is taken")
	require.Equal(t, "PL-SERVICE", pipelineCode("Service", taken))
	require.True(t, taken["PL-SERVICE"])
}

const month = "2401"

func TestReserve(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	a, b, c := begun(t, pool, "a"), begun(t, pool, "b"), begun(t, pool, "c")
	reserve := func(r *Run, n int32) []block {
		t.Helper()
		blocks, err := r.reserve(t.Context(), "CON", month, n, false)
		require.NoError(t, err)
		return blocks
	}
	next := func() int {
		t.Helper()
		return value[int](t, pool, "SELECT next_val FROM rye.crm_code_counters WHERE prefix = 'CON'")
	}
	free := func() []string {
		t.Helper()
		return values(t, pool, "SELECT first_val || '-' || last_val FROM rye_import.code_blocks WHERE run_no IS NULL ORDER BY first_val")
	}

	require.Equal(t, []block{{1, 3}}, reserve(a, 3))
	require.Equal(t, []block{{4, 9}}, reserve(b, 6))
	require.Equal(t, 10, next())

	// The numbers of a lie before those that b holds: they are free, and not the counter's.
	require.NoError(t, a.End(t.Context(), "failed", errors.New("failed"), nil))
	require.Equal(t, []string{"1-3"}, free())
	require.Equal(t, 10, next())

	require.Equal(t, []block{{1, 2}}, reserve(c, 2), "the lowest free ones, and no more than are needed")
	require.Equal(t, []string{"3-3"}, free())
	require.Equal(t, []block{{3, 3}, {10, 11}}, reserve(c, 3), "what is free, and the rest from the counter")
	require.Empty(t, free())

	// Another month and another prefix have numbers of their own.
	other, err := c.reserve(t.Context(), "CON", "2402", 1, false)
	require.NoError(t, err)
	require.Equal(t, []block{{1, 1}}, other)
	other, err = c.reserve(t.Context(), "ORG", month, 1, false)
	require.NoError(t, err)
	require.Equal(t, []block{{1, 1}}, other)

	// When nobody holds any number, all of them go back, block by block.
	require.NoError(t, b.End(t.Context(), "failed", errors.New("failed"), nil))
	require.NoError(t, c.End(t.Context(), "failed", errors.New("failed"), nil))
	require.Equal(t, 1, next())
	require.Equal(t, nothingLeft, leftovers(t, pool))
}

// TestReserve_UsedByHand passes over codes that came in by another way than the counter.
func TestReserve_UsedByHand(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	for _, code := range []string{"CON-2401-0041", "CON-2401-99x", "CON-2402-0077", "CONX-2401-0099", "CON-2401-12345678901"} {
		execute(t, pool, "INSERT INTO rye.nodes (node_type, properties) VALUES ('person', jsonb_build_object('code', $1::text))", code)
	}
	blocks, err := begun(t, pool, "a").reserve(t.Context(), "CON", month, 2, false)
	require.NoError(t, err)
	require.Equal(t, []block{{42, 43}}, blocks)
}

// TestReserve_AtOnce has runs draw numbers at the same moment, some of them from what a failed run has
// left: each number is drawn once, and none is left out.
func TestReserve_AtOnce(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	failed := begun(t, pool, "failed")
	_, err := failed.reserve(t.Context(), "CON", month, 20, false)
	require.NoError(t, err)
	const runs, each, size = 4, 5, 3
	all := make([]*Run, runs)
	for i := range all {
		all[i] = begun(t, pool, fmt.Sprint(i))
	}
	keep, err := all[0].reserve(t.Context(), "CON", month, 1, false) // so that the free ones do not go back
	require.NoError(t, err)
	require.NoError(t, failed.End(t.Context(), "failed", errors.New("failed"), nil))

	var wg sync.WaitGroup
	drawn := make([][]block, runs)
	errs := make([]error, runs)
	for i, r := range all {
		wg.Go(func() {
			for range each {
				blocks, err := r.reserve(t.Context(), "CON", month, size, false)
				if err != nil {
					errs[i] = err
					return
				}
				drawn[i] = append(drawn[i], blocks...)
			}
		})
	}
	wg.Wait()
	taken := map[int32]bool{keep[0].first: true}
	for i := range drawn {
		require.NoError(t, errs[i])
		for _, b := range drawn[i] {
			for n := b.first; n <= b.last; n++ {
				require.False(t, taken[n], "number %d is drawn twice", n)
				taken[n] = true
			}
		}
	}
	require.Len(t, taken, runs*each*size+1)
	// What nobody got, since another held the lock at that moment, is free still.
	require.Equal(t, value[int](t, pool, "SELECT next_val FROM rye.crm_code_counters")-1-len(taken),
		value[int](t, pool, "SELECT coalesce(sum(last_val - first_val + 1), 0) FROM rye_import.code_blocks WHERE run_no IS NULL"))
}
