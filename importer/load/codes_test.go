package load

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
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

// reserved holds codes of a prefix and month for a run.
func reserved(t *testing.T, r *Run, prefix, yearMonth string, n int32) []block {
	t.Helper()
	of := series{prefix, yearMonth}
	blocks, err := r.reserve(t.Context(), []need{{of, n}}, false)
	require.NoError(t, err)
	return blocks[of]
}

func TestReserve(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	a, b, c := begun(t, pool, "a"), begun(t, pool, "b"), begun(t, pool, "c")
	reserve := func(r *Run, n int32) []block {
		t.Helper()
		return reserved(t, r, "CON", month, n)
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
	require.Equal(t, []block{{1, 1}}, reserved(t, c, "CON", "2402", 1))
	require.Equal(t, []block{{1, 1}}, reserved(t, c, "ORG", month, 1))

	// When nobody holds any number, all of them go back, block by block.
	require.NoError(t, b.End(t.Context(), "failed", errors.New("failed"), nil))
	require.NoError(t, c.End(t.Context(), "failed", errors.New("failed"), nil))
	require.Equal(t, 1, next())
	require.Equal(t, nothingLeft, leftovers(t, pool))
}

// TestReserve_Months holds numbers of several prefixes and months at once, and of each what it alone would get.
func TestReserve_Months(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	con, org, later := series{"CON", month}, series{"ORG", month}, series{"CON", "2402"}
	reserve := func(r *Run, needs ...need) map[series][]block {
		t.Helper()
		blocks, err := r.reserve(t.Context(), needs, false)
		require.NoError(t, err)
		return blocks
	}
	a, b, c := begun(t, pool, "a"), begun(t, pool, "b"), begun(t, pool, "c")
	require.Equal(t, map[series][]block{con: {{1, 3}}, org: {{1, 4}}, later: {{1, 2}}}, reserve(a, need{con, 3}, need{org, 4}, need{later, 2}))
	require.Equal(t, map[series][]block{con: {{4, 5}}, org: {{5, 5}}}, reserve(b, need{con, 2}, need{org, 1}))
	require.NoError(t, a.End(t.Context(), "failed", errors.New("failed"), nil))

	// What a left free of CON and ORG stands before the numbers of b; all of the later month went back.
	require.Equal(t, map[series][]block{con: {{1, 3}, {6, 7}}, org: {{1, 2}}, later: {{1, 1}}}, reserve(c, need{later, 1}, need{con, 5}, need{org, 2}))
	require.Equal(t, []string{"ORG 3-4"}, values(t, pool, "SELECT prefix || ' ' || first_val || '-' || last_val FROM rye_import.code_blocks WHERE run_no IS NULL"))

	require.NoError(t, b.End(t.Context(), "failed", errors.New("failed"), nil))
	require.NoError(t, c.End(t.Context(), "failed", errors.New("failed"), nil))
	require.Equal(t, nothingLeft, leftovers(t, pool))
}

// TestReserve_InTheWay has a person hold one counter and go for another that the run wants too: the run holds none
// while it waits.
func TestReserve_InTheWay(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	draw := func(tx pgx.Tx, prefix string) (code string) {
		t.Helper()
		require.NoError(t, tx.QueryRow(t.Context(), "SELECT rye.draw_crm_code($1, $2)", prefix, month).Scan(&code))
		return code
	}
	r := begun(t, pool, "a")
	person, err := pool.Begin(t.Context())
	require.NoError(t, err)
	defer person.Rollback(t.Context())
	require.Equal(t, "OPP-2401-0001", draw(person, "OPP"))

	con, opp := series{"CON", month}, series{"OPP", month}
	type outcome struct {
		blocks map[series][]block
		err    error
	}
	done := make(chan outcome, 1)
	go func() {
		blocks, err := r.reserve(t.Context(), []need{{con, 2}, {opp, 2}}, false)
		done <- outcome{blocks, err}
	}()
	code := draw(person, "CON")
	require.NoError(t, person.Commit(t.Context()))
	got := <-done
	require.NoError(t, got.err)
	require.Equal(t, []block{{2, 3}}, got.blocks[opp])
	// Either may come first to the other counter.
	require.Contains(t, []string{"CON-2401-0001 [{2 3}]", "CON-2401-0003 [{1 2}]"}, fmt.Sprintf("%s %v", code, got.blocks[con]))

	// With nodes locked, the person may wait for one of them: the merge begins anew.
	person, err = pool.Begin(t.Context())
	require.NoError(t, err)
	defer person.Rollback(t.Context())
	draw(person, "OPP")
	_, err = r.reserve(t.Context(), []need{{con, 2}, {opp, 2}}, true)
	require.ErrorIs(t, err, errCollision)
}

// TestReserve_UsedByHand passes over codes that came in by another way than the counter.
func TestReserve_UsedByHand(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		next  int // of the counter; 0 for none
		codes []string
		want  int32
	}{
		"none":                                  {want: 1},
		"others":                                {codes: []string{"CON-2401-0041", "CON-2401-99x", "CON-2402-0077", "CONX-2401-0099", "CON-2401-12345678901"}, want: 42},
		"what the counter has passed":           {next: 350, codes: []string{"CON-2401-0349", "CON-2401-0001"}, want: 350},
		"the next":                              {next: 350, codes: []string{"CON-2401-0350"}, want: 351},
		"the widest of four digits":             {next: 350, codes: []string{"CON-2401-9999", "CON-2401-0400"}, want: 10000},
		"wider":                                 {next: 350, codes: []string{"CON-2401-9998", "CON-2401-10000"}, want: 10001},
		"wider, beside a counter of four":       {next: 2000, codes: []string{"CON-2401-1999", "CON-2401-12345"}, want: 12346},
		"wider, beside a counter of five":       {next: 20000, codes: []string{"CON-2401-9999", "CON-2401-100000"}, want: 100001},
		"narrower":                              {next: 5, codes: []string{"CON-2401-7", "CON-2401-0004"}, want: 8},
		"narrower, with a zero":                 {next: 5, codes: []string{"CON-2401-0004", "CON-2401-012"}, want: 13},
		"more zeros than a code has is no code": {next: 5, codes: []string{"CON-2401-00009"}, want: 5},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pool := pgtest.New(t)
			for _, code := range tc.codes {
				execute(t, pool, "INSERT INTO rye.nodes (node_type, properties) VALUES ('person', jsonb_build_object('code', $1::text))", code)
			}
			if tc.next > 0 {
				execute(t, pool, "INSERT INTO rye.crm_code_counters (prefix, year_month, next_val) VALUES ('CON', $1, $2)", month, tc.next)
			}
			require.Equal(t, []block{{tc.want, tc.want + 1}}, reserved(t, begun(t, pool, "a"), "CON", month, 2))
		})
	}
}

// TestReserve_AtOnce has runs draw numbers at the same moment, some of them from what a failed run has
// left: each number is drawn once, and none is left out.
func TestReserve_AtOnce(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	failed := begun(t, pool, "failed")
	reserved(t, failed, "CON", month, 20)
	const runs, each, size = 4, 5, 3
	all := make([]*Run, runs)
	for i := range all {
		all[i] = begun(t, pool, fmt.Sprint(i))
	}
	keep := reserved(t, all[0], "CON", month, 1) // so that the free ones do not go back
	require.NoError(t, failed.End(t.Context(), "failed", errors.New("failed"), nil))

	var wg sync.WaitGroup
	drawn := make([][]block, runs)
	errs := make([]error, runs)
	for i, r := range all {
		wg.Go(func() {
			for range each {
				of := series{"CON", month}
				blocks, err := r.reserve(t.Context(), []need{{of, size}}, false)
				if err != nil {
					errs[i] = err
					return
				}
				drawn[i] = append(drawn[i], blocks[of]...)
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
