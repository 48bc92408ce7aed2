package load

import (
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/projectrye/rye-import/internal/pgtest"
)

// TestComplete makes the indexes, refreshes the views and ends the run, also with a pool that has fewer connections than it is
// asked to work on.
func TestComplete(t *testing.T) {
	t.Parallel()
	url := pgtest.Clone(t)
	cfg, err := pgxpool.ParseConfig(url)
	require.NoError(t, err)
	cfg.MaxConns = 4
	pool, err := pgxpool.NewWithConfig(t.Context(), cfg)
	require.NoError(t, err)
	t.Cleanup(pool.Close)

	before := catalog(t, pool)
	run := merged(t, pool, crowd())
	require.True(t, run.Postponed)
	var begun, done []string
	c := run.Complete(t.Context(), CompleteOptions{Connections: 8, Views: true, Progress: func(phase string) { begun = append(begun, phase) }})
	for _, ph := range c.Phases {
		done = append(done, ph.Name)
	}
	require.Equal(t, Completion{Phases: c.Phases}, c, "no errors")
	require.Equal(t, []string{"indexes", "refresh"}, begun)
	require.Equal(t, begun, done)
	require.Zero(t, left(t, pool))
	require.Equal(t, before, catalog(t, pool))
	require.Equal(t, postponeFrom-1, value[int](t, pool, "SELECT count(*) FROM rye.contacts_directory"))
	require.Zero(t, value[int](t, pool, "SELECT count(*) FROM rye_import.staging_records"))
}

// TestComplete_Nothing ends a run that has changed nothing: no phase begins, and staging is emptied.
func TestComplete_Nothing(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	run := merged(t, pool, people("Ada"))
	require.False(t, run.Postponed)
	require.NotZero(t, value[int](t, pool, "SELECT count(*) FROM rye_import.staging_records"))
	c := run.Complete(t.Context(), CompleteOptions{Connections: 2, Progress: func(phase string) { t.Errorf("%s began", phase) }})
	require.Equal(t, Completion{}, c)
	require.Zero(t, value[int](t, pool, "SELECT count(*) FROM rye_import.staging_records"))
}
