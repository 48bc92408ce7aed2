package load

import (
	"context"
	"errors"
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

// TestComplete_ReadAhead refreshes the views on the connection that has read ahead for them: those of a second source too, but
// not those of a merge that nobody may look at, or for which the pool has no connection.
func TestComplete_ReadAhead(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	merge := func(source string, b *batch) (run *Run, read bool) {
		run = begun(t, pool, source)
		staged(t, run, file(t, run, "Contact.csv"), b)
		_, err := run.Merge(t.Context(), MergeOptions{Settle: content, ReadAhead: true})
		require.NoError(t, err)
		if run.ahead == nil {
			return run, false
		}
		<-run.ahead.read
		return run, run.ahead.conn != nil
	}
	complete := func(run *Run, rows int) {
		c := run.Complete(t.Context(), CompleteOptions{Connections: 2, Views: true, Progress: func(string) {}})
		require.Equal(t, Completion{Phases: c.Phases}, c, "no errors")
		require.Equal(t, rows, value[int](t, pool, "SELECT count(*) FROM rye.contacts_directory"))
		require.Zero(t, pool.Stat().AcquiredConns())
	}

	first, read := merge("crm", crowd())
	require.True(t, first.Postponed)
	require.False(t, read)
	complete(first, postponeFrom-1)

	second, read := merge("another", people("Ada", "Bob"))
	require.True(t, read)
	complete(second, postponeFrom+1)

	third, read := merge("another", people("Ada", "Bobby"))
	require.True(t, read)
	require.NoError(t, third.Close(t.Context()), "without a refresh")
	require.Zero(t, pool.Stat().AcquiredConns())

	url := pgtest.Clone(t)
	cfg, err := pgxpool.ParseConfig(url)
	require.NoError(t, err)
	cfg.MaxConns = mergeConnections
	pool, err = pgxpool.NewWithConfig(t.Context(), cfg)
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	small, read := merge("crm", people("Ada"))
	require.False(t, read)
	complete(small, 1)
}

// TestComplete_Failed gives back what has read ahead for a merge that fails.
func TestComplete_Failed(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	run := begun(t, pool, "crm")
	staged(t, run, file(t, run, "Contact.csv"), people("Ada"))
	failed := errors.New("the balance is wrong")
	_, err := run.Merge(t.Context(), MergeOptions{ReadAhead: true, Settle: func(context.Context, *Outcome, *Ledger) (Settlement, error) { return Settlement{}, failed }})
	require.ErrorIs(t, err, failed)
	require.NotNil(t, run.ahead)
	require.NoError(t, run.End(t.Context(), "failed", failed, nil))
	require.Zero(t, pool.Stat().AcquiredConns())
}
