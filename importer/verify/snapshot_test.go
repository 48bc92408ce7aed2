package verify

import (
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/projectrye/rye-import/internal/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// TestSnapshot reads the same on every connection, whatever others write meanwhile, and gives the connections back.
func TestSnapshot(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	insert := func(label string) {
		_, err := pool.Exec(t.Context(), "INSERT INTO rye.nodes (node_type, label) VALUES ('org', $1)", label)
		require.NoError(t, err)
	}
	insert("before")
	s, err := open(t.Context(), pool, Config{Source: "crm", Readers: 3})
	require.NoError(t, err)
	require.Len(t, s.readers, 3)
	insert("after")
	for range 2 {
		taken := make(map[*reader]bool)
		for range s.readers {
			r := <-s.free
			taken[r] = true
			var labels []string
			require.NoError(t, r.tx.QueryRow(t.Context(), "SELECT array_agg(label) FROM rye.nodes").Scan(&labels))
			require.Equal(t, []string{"before"}, labels)
		}
		require.Len(t, taken, 3)
		for r := range taken {
			s.free <- r
		}
	}

	require.ErrorContains(t, s.join(t.Context(), pool, "no snapshot"), "invalid snapshot identifier")
	require.Len(t, s.readers, 3)
	require.EqualValues(t, 3, pool.Stat().AcquiredConns())
	require.NoError(t, s.close(t.Context()))
	require.Zero(t, pool.Stat().AcquiredConns())
}

// TestSnapshot_Small has as many readers as the pool has connections.
func TestSnapshot_Small(t *testing.T) {
	t.Parallel()
	cfg, err := pgxpool.ParseConfig(pgtest.Clone(t))
	require.NoError(t, err)
	cfg.MaxConns = 2
	pool, err := pgxpool.NewWithConfig(t.Context(), cfg)
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	for readers, want := range map[int]int{0: 1, 1: 1, 2: 2, 5: 2} {
		s, err := open(t.Context(), pool, Config{Source: "crm", Readers: readers})
		require.NoError(t, err)
		require.Len(t, s.readers, want)
		require.NoError(t, s.close(t.Context()))
	}
}
