package load

import (
	"crypto/md5" //nolint:gosec // any hash will do
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/projectrye/rye-import/importer/graph"
	"github.com/projectrye/rye-import/internal/perrecord"
	"github.com/projectrye/rye-import/internal/pgtest"
)

// TestUnchanged_Twice has records that are as they were stand in an export once more: as they were, or changed, in the same
// file or another one. It makes no difference whether the run has all hashes or asks for each.
func TestUnchanged_Twice(t *testing.T) {
	t.Parallel()
	// Of each record the number in the run, the letter and the file, and whether it has changed.
	type record struct {
		id      string
		file    int
		changed bool
		version int // in hours
	}
	for name, tc := range map[string]struct {
		records []record
		want    Records
		losers  []Losers
	}{
		"once": {
			records: []record{{id: "A"}, {id: "B"}, {id: "C", changed: true}},
			want:    Records{Unchanged: 2, Updated: 1},
		},
		"unchanged twice": {
			records: []record{{id: "A"}, {id: "B"}, {id: "A"}},
			want:    Records{Unchanged: 2},
			losers:  []Losers{{Object: "Contact", Verdict: VerdictDuplicate, Count: 1}},
		},
		"unchanged in two files": {
			records: []record{{id: "A"}, {id: "B"}, {id: "A", file: 1}},
			want:    Records{Unchanged: 2},
			losers:  []Losers{{Object: "Contact", Verdict: VerdictSame, Count: 1}},
		},
		"changed before": {
			records: []record{{id: "A", changed: true}, {id: "B"}, {id: "A"}},
			want:    Records{Unchanged: 1, Updated: 1},
			losers:  []Losers{{Object: "Contact", Verdict: VerdictDuplicate, Count: 1}},
		},
		"changed after": {
			records: []record{{id: "A"}, {id: "B"}, {id: "A", changed: true}},
			want:    Records{Unchanged: 2},
			losers:  []Losers{{Object: "Contact", Verdict: VerdictDuplicate, Count: 1}},
		},
		"changed later in another file": {
			records: []record{{id: "A"}, {id: "B"}, {id: "A", changed: true, file: 1, version: 1}},
			want:    Records{Unchanged: 1, Updated: 1},
			losers:  []Losers{{Object: "Contact", Verdict: VerdictOlder, Count: 1}},
		},
	} {
		for _, full := range []bool{true, false} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				pool := pgtest.New(t)
				imported(t, pool, people("Ada", "Bob", "Cid"), MergeOptions{})
				cfg := config("crm")
				cfg.Full = full
				run, err := Begin(t.Context(), pool, cfg)
				require.NoError(t, err)
				t.Cleanup(run.unlock)
				files := []int32{file(t, run, "Contact.csv"), file(t, run, "More.csv")}
				labels := map[string]string{"A": "Ada", "B": "Bob", "C": "Cid"}
				var unchanged int64
				for i, r := range tc.records {
					b := &batch{} // one each, so that nothing is told within a batch
					label := labels[r.id]
					if r.changed {
						label += " II"
					} else {
						unchanged++
					}
					b.person(int64(i)+1, r.id, label).Version = january.Add(time.Duration(r.version) * time.Hour)
					staged(t, run, files[r.file], b)
				}
				require.Equal(t, unchanged, value[int64](t, pool, "SELECT count(*) FROM rye_import.staging_unchanged"))
				out, err := run.Merge(t.Context(), MergeOptions{Settle: content})
				require.NoError(t, err)
				require.Equal(t, tc.want, out.Objects["Contact"])
				require.Equal(t, tc.losers, out.Losers)
				require.NoError(t, run.Close(t.Context()))
				require.Zero(t, value[int](t, pool, "SELECT count(*) FROM rye_import.staging_unchanged"))
			})
		}
	}
}

// TestUnchanged_Archived has records come again as they were that the importer has archived: one that is still
// deleted is unchanged, and all others come back.
func TestUnchanged_Archived(t *testing.T) {
	t.Parallel()
	for _, full := range []bool{true, false} {
		pool := pgtest.New(t)
		b := people("Ada", "Bob", "Cid", "Dan", "Eve")
		b.Records[0].Deleted = true
		imported(t, pool, b, MergeOptions{})
		execute(t, pool, "UPDATE rye_import.records SET archived = 'missing' WHERE legacy_id = 'B'")
		execute(t, pool, "UPDATE rye_import.records SET archived = 'undone' WHERE legacy_id = 'C'")
		execute(t, pool, "UPDATE rye_import.records SET archived = 'deleted' WHERE legacy_id = 'D'") // others name it as merged into them
		cfg := config("crm")
		cfg.Full = full
		run, err := Begin(t.Context(), pool, cfg)
		require.NoError(t, err)
		t.Cleanup(run.unlock)
		require.Equal(t, int64(2), staged(t, run, file(t, run, "Contact.csv"), b).Unchanged)
		require.Equal(t, []string{"A", "E"}, values(t, pool, "SELECT legacy_id FROM rye_import.staging_unchanged ORDER BY 1"))
	}
}

// TestUnchanged_OtherSource takes no record for unchanged since another source had it.
func TestUnchanged_OtherSource(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	imported(t, pool, people("Ada"), MergeOptions{})
	run := begun(t, pool, "other")
	staged(t, run, file(t, run, "Contact.csv"), people("Bob"))
	_, err := run.Merge(t.Context(), MergeOptions{Settle: content})
	require.NoError(t, err)
	require.NoError(t, run.Close(t.Context()))
	run = begun(t, pool, "other")
	require.True(t, run.Known)
	require.Zero(t, staged(t, run, file(t, run, "Contact.csv"), people("Ada")).Unchanged)
}

// TestUnchanged_Staged stages unchanged records in full whose amounts are summed up, and that lead others on.
func TestUnchanged_Staged(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	b := people("Ada", "Bob")
	b.deal(3, "d1", "10.50", "EUR")
	b.Records[0].Same = graph.Ref{Object: "Contact", ID: "B"}
	imported(t, pool, b, MergeOptions{})
	run := begun(t, pool, "crm")
	require.Equal(t, int64(3), staged(t, run, file(t, run, "Contact.csv"), b).Unchanged)
	require.Equal(t, []string{"1 A B", "3 d1 10.50"}, values(t, pool,
		"SELECT concat_ws(' ', rec, legacy_id, same_id, amount) FROM rye_import.staging_records WHERE NOT changed ORDER BY rec"))
	out, err := run.Merge(t.Context(), MergeOptions{Settle: content})
	require.NoError(t, err)
	require.Equal(t, []Sum{{Currency: "EUR", Source: "10.50", Graph: "10.50", SourceApplied: "0", GraphApplied: "0"}}, out.Sums)
	require.Equal(t, map[string]Records{"Contact": {Unchanged: 2}, "Opportunity": {Unchanged: 1}}, out.Objects)
	require.False(t, out.Changed())
}

// TestHashSet finds each hash that is in a set, and no other.
func TestHashSet(t *testing.T) {
	t.Parallel()
	hash := func(i int) [16]byte { return md5.Sum(fmt.Append(nil, i)) } //nolint:gosec // any will do
	lists := make([][]byte, 3)
	const n = 5000
	for i := range n {
		h := hash(i)
		lists[i%len(lists)] = append(lists[i%len(lists)], h[:]...)
	}
	s := newHashSet(lists)
	for _, again := range []bool{false, true} {
		for i := range 2 * n {
			known, before := s.meet(hash(i))
			require.Equal(t, i < n, known)
			require.Equal(t, i < n && again, before)
		}
	}
	near := hash(0)
	near[15]++
	known, _ := s.meet(near)
	require.False(t, known)
	none := newHashSet(nil)
	known, _ = none.meet(near)
	require.False(t, known)
}

// BenchmarkUnchanged tells of a batch which of its records are among 100,000.
func BenchmarkUnchanged(b *testing.B) {
	const n = 100_000
	hashes := make([]byte, 0, 16*n)
	batch := contacts()
	for i := range n {
		h := md5.Sum(fmt.Append(nil, i)) //nolint:gosec // any will do
		hashes = append(hashes, h[:]...)
		if i < len(batch.Records) && i%100 > 0 {
			batch.Records[i].Hash = h
		}
	}
	run := &Run{Known: true, cfg: Config{Full: true}}
	run.unchanged.once.Do(func() { run.unchanged.living = newHashSet([][]byte{hashes}) })
	m := perrecord.Start(b)
	for b.Loop() {
		same, err := run.unchanged.find(b.Context(), run, batch.Records)
		require.NoError(b, err)
		require.True(b, same[1])
		require.False(b, same[0])
	}
	m.Report(benchRecords)
}

// TestUnchanged_NothingStaged ends a run while it is getting ready to compare its first batch, which never comes.
func TestUnchanged_NothingStaged(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	imported(t, pool, people("Ada", "Bob", "Cid"), MergeOptions{})
	cfg := config("crm")
	cfg.Full = true
	for range 5 {
		run, err := Begin(t.Context(), pool, cfg)
		require.NoError(t, err)
		require.NoError(t, run.End(t.Context(), "failed", errors.New("columns are gone"), nil))
		require.Zero(t, pool.Stat().AcquiredConns())
	}
	require.Equal(t, int64(3), imported(t, pool, people("Ada", "Bob", "Cid"), MergeOptions{}).Objects["Contact"].Unchanged)
}
