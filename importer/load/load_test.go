package load

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/projectrye/rye-import/internal/pgtest"
)

// refused opens a run that is to be refused. One that is not would keep its session, and so the test from
// failing.
func refused(ctx context.Context, pool *pgxpool.Pool) error {
	run, err := Begin(ctx, pool, config("crm"))
	if err == nil {
		run.unlock()
	}
	return err
}

func TestBegin_Locked(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	run := begun(t, pool, "crm")
	err := refused(t.Context(), pool)
	require.ErrorIs(t, err, ErrSourceLocked)
	require.ErrorContains(t, err, `"crm"`)
	require.Equal(t, 1, value[int](t, pool, "SELECT count(*) FROM rye_import.runs"))
	begun(t, pool, "another")

	require.NoError(t, run.End(t.Context(), "failed", errors.New("failed"), nil))
	again := begun(t, pool, "crm")
	require.False(t, again.Known, "a run that failed has left no record")
	require.NoError(t, again.Close(t.Context()))
	begun(t, pool, "crm")
}

// TestBegin_Crashed comes after a run that ended without a word, while it held code numbers and rows in
// staging.
func TestBegin_Crashed(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	crashed := begun(t, pool, "crm")
	staged(t, crashed, file(t, crashed, "Contact.csv"), people("Ada", "Bob"))
	reserved(t, crashed, "CON", month, 2)
	require.NotEqual(t, nothingLeft, leftovers(t, pool))
	crashed.unlock() // as the server does when the session of a killed process has ended

	// A run of another source does not touch what may be alive.
	other := begun(t, pool, "another")
	require.NoError(t, other.Close(t.Context()))
	require.Equal(t, 2, value[int](t, pool, "SELECT count(*) FROM rye_import.staging_records"))

	next := begun(t, pool, "crm")
	require.Equal(t, nothingLeft, leftovers(t, pool))
	require.Equal(t, "crashed the run ended without a word", value[string](t, pool,
		"SELECT status || ' ' || error FROM rye_import.runs WHERE run_no = $1", crashed.Number))
	require.NoError(t, next.Close(t.Context()))
}

// TestClose_Beside empties staging of one run while another one is under way.
func TestClose_Beside(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	a, b := begun(t, pool, "a"), begun(t, pool, "b")
	staged(t, a, file(t, a, "Contact.csv"), people("Ada", "Bob"))
	staged(t, b, file(t, b, "Contact.csv"), people("Cid"))
	require.NoError(t, a.End(t.Context(), "failed", errors.New("failed"), nil))
	require.Equal(t, []string{"C"}, values(t, pool, "SELECT legacy_id FROM rye_import.staging_records"))
	require.Equal(t, []string{"Cid"}, values(t, pool, "SELECT label FROM rye_import.staging_nodes"))
	out, err := b.Merge(t.Context(), MergeOptions{Settle: content})
	require.NoError(t, err)
	require.Equal(t, Nodes{Created: 1}, out.Nodes)
	require.NoError(t, b.Close(t.Context()))
}

// TestEnd_Uncertain leaves the journal to the next run, which can ask.
func TestEnd_Uncertain(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	run := begun(t, pool, "crm")
	staged(t, run, file(t, run, "Contact.csv"), people("Ada"))
	require.NoError(t, run.End(t.Context(), "failed", &UncertainError{Err: errors.New("broke")}, nil))
	require.Equal(t, "running", value[string](t, pool, "SELECT status FROM rye_import.runs"))
	require.Equal(t, 1, value[int](t, pool, "SELECT count(*) FROM rye_import.staging_records"))
	begun(t, pool, "crm")
	require.Equal(t, nothingLeft, leftovers(t, pool))
}

// TestBegin_Rights has roles that must not or cannot import.
func TestBegin_Rights(t *testing.T) {
	t.Parallel()
	url := pgtest.Clone(t)
	admin := pgtest.Connect(t, url)
	imported(t, admin, people("Ada", "Bob"), MergeOptions{})

	stranger := pgtest.Connect(t, pgtest.AsRole(t, url, pgtest.Role(t, admin, "")))
	err := refused(t.Context(), stranger)
	require.ErrorContains(t, err, "grant the role rye_loader")
	stranger.Close()

	loader := pgtest.Role(t, admin, "NOBYPASSRLS")
	execute(t, admin, "GRANT rye_loader TO "+pgx.Identifier{loader}.Sanitize())
	pool := pgtest.Connect(t, pgtest.AsRole(t, url, loader))
	run := begun(t, pool, "crm")
	require.True(t, run.Known)
	require.NoError(t, run.Close(t.Context()))

	// A session that does not see every node would make twins of the others.
	execute(t, admin, `UPDATE rye.nodes SET attrs = '{"classification": "confidential", "teams": ["legal"]}' WHERE label = 'Ada'`)
	err = refused(t.Context(), pool)
	var hidden *HiddenNodesError
	require.ErrorAs(t, err, &hidden)
	require.Equal(t, &HiddenNodesError{Source: "crm", Hidden: 1, Role: loader}, hidden)
	run = begun(t, pool, "another") // which names none of them
	require.NoError(t, run.Close(t.Context()))
	pool.Close()
}

func TestNotSetUp(t *testing.T) {
	t.Parallel()
	pool := pgtest.Connect(t, pgtest.Empty(t))
	err := refused(t.Context(), pool)
	require.ErrorContains(t, err, "rye-import db migrate")
	_, err = Journal(t.Context(), pool, 10)
	require.ErrorContains(t, err, "rye-import db migrate")
	_, _, _, err = JournalRun(t.Context(), pool, "1", 10)
	require.ErrorContains(t, err, "rye-import db migrate")
	require.ErrorContains(t, RefreshViews(t.Context(), pool), "rye-import db migrate")

	gone, err := pgxpool.New(t.Context(), pool.Config().ConnString())
	require.NoError(t, err)
	gone.Close()
	err = refused(t.Context(), gone)
	require.ErrorContains(t, err, "connecting to the database")

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err = refused(ctx, pool)
	require.ErrorIs(t, err, context.Canceled)
}

func TestRefreshViews(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	imported(t, pool, people("Ada", "Bob"), MergeOptions{})
	require.Zero(t, value[int](t, pool, "SELECT count(*) FROM rye.contacts_directory"))
	require.NoError(t, RefreshViews(t.Context(), pool))
	require.Equal(t, 2, value[int](t, pool, "SELECT count(*) FROM rye.contacts_directory"))
}

func TestJournal(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	entries, err := Journal(t.Context(), pool, 10)
	require.NoError(t, err)
	require.Empty(t, entries)

	failed := begun(t, pool, "a")
	no := file(t, failed, "b/Contact.csv")
	require.NoError(t, failed.Reject(t.Context(), no, []Reject{
		{Rec: 2, Line: 3, Object: "Contact", ID: "B", Column: "Birthdate", Value: "x", Code: "invalid_date", Reason: "no such day", Stage: "map"},
		{Rec: 1, Line: 2, Object: "Contact", Code: "ragged_row", Reason: "too short", Stage: "decode"},
	}))
	require.NoError(t, failed.End(t.Context(), "failed", errors.New("why"), json.RawMessage(`{"status": "failed"}`)))
	imported(t, pool, people("Ada"), MergeOptions{})
	running := begun(t, pool, "c")

	entries, err = Journal(t.Context(), pool, 10)
	require.NoError(t, err)
	require.Len(t, entries, 3)
	require.Equal(t, JournalEntry{
		Number: running.Number, ID: running.ID, Source: "c", CRM: "test", Command: "run", Status: "running", Full: true, Mapping: "test/1", StartedAt: began,
	}, entries[0])
	require.Equal(t, "done", entries[1].Status)
	require.Equal(t, "why", entries[2].Error)
	require.NotNil(t, entries[2].FinishedAt)
	latest, err := Journal(t.Context(), pool, 1)
	require.NoError(t, err)
	require.Equal(t, entries[:1], latest)

	entry, files, rejects, err := JournalRun(t.Context(), pool, failed.ID.String(), 10)
	require.NoError(t, err)
	require.Equal(t, entries[2], *entry)
	require.JSONEq(t, `{"status": "failed"}`, string(entry.Summary))
	require.Equal(t, []JournalFile{{Number: no, Path: "b/Contact.csv", Object: "Contact", Format: "csv", Encoding: "utf-8", SHA256: "00ff", Bytes: 7}}, files)
	require.Equal(t, []JournalReject{
		{Object: "Contact", Path: "b/Contact.csv", Line: 2, Code: "ragged_row", Reason: "too short", Stage: "decode"},
		{Object: "Contact", Path: "b/Contact.csv", Line: 3, ID: "B", Column: "Birthdate", Code: "invalid_date", Reason: "no such day", Stage: "map"},
	}, rejects, "in the order of the records")
	_, _, rejects, err = JournalRun(t.Context(), pool, "1", 1)
	require.NoError(t, err)
	require.Len(t, rejects, 1, "by its number, and no more than were asked for")

	var notFound *RunNotFoundError
	_, _, _, err = JournalRun(t.Context(), pool, "ffffffff", 1)
	require.ErrorAs(t, err, &notFound)
	require.Zero(t, notFound.Matches)
	// Ids begin with the time, so that runs of one hour share their beginning.
	_, _, _, err = JournalRun(t.Context(), pool, commonPrefix(failed.ID.String(), running.ID.String()), 1)
	require.ErrorAs(t, err, &notFound)
	require.GreaterOrEqual(t, notFound.Matches, 2)
}

func commonPrefix(a, b string) string {
	i := 0
	for i < len(a) && strings.HasPrefix(b, a[:i+1]) {
		i++
	}
	return a[:i]
}

// TestLedger_Known counts what was rejected before, by a run that came to its end, for the same reason.
func TestLedger_Known(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	reject := func(run *Run, rejects ...Reject) int64 {
		t.Helper()
		require.NoError(t, run.Reject(t.Context(), file(t, run, "Contact.csv"), rejects))
		n, err := run.Ledger().Known(t.Context())
		require.NoError(t, err)
		return n
	}
	bad := Reject{Rec: 1, Line: 2, Object: "Contact", ID: "A", Column: "Birthdate", Value: "x", Code: "invalid_date", Reason: "no such day", Stage: "map"}
	moved, other := bad, bad
	moved.Rec, moved.Line = 7, 8
	other.Value = "y"
	ragged := Reject{Rec: 3, Line: 4, Object: "Contact", Code: "ragged_row", Stage: "decode"} // whose it is, it does not say

	failed := begun(t, pool, "crm")
	require.Zero(t, reject(failed, bad, ragged))
	require.NoError(t, failed.End(t.Context(), "failed", errors.New("failed"), nil))

	first := begun(t, pool, "crm")
	require.Zero(t, reject(first, bad, ragged), "a run that failed has said nothing")
	_, err := first.Merge(t.Context(), MergeOptions{Settle: content})
	require.NoError(t, err)
	require.NoError(t, first.Close(t.Context()))

	require.Zero(t, reject(begun(t, pool, "another"), bad))
	require.Equal(t, int64(2), reject(begun(t, pool, "crm"), moved, other, ragged))
}
