package load

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"
)

func TestErrors(t *testing.T) {
	t.Parallel()
	require.EqualError(t, &LostRowsError{Copied: 10, Found: 7},
		"staging holds 7 of the 10 records that were copied into it; the server lost the others, run again")
	require.ErrorContains(t, &MissingGuardError{Missing: 1, Total: 3, MaxPercent: 10}, "1 of 3 records are missing from the export (33.3 %), more than --max-archive 10 allows")
	require.ErrorContains(t, &MissingGuardError{}, "(0.0 %)")
	require.ErrorContains(t, &HiddenNodesError{Source: "crm", Hidden: 2, Role: "etl"}, `role "etl" does not see (no app.current_role is set)`)
	require.ErrorContains(t, &HiddenNodesError{AppRole: "sales"}, `app.current_role is "sales"`)
	require.ErrorIs(t, &UncertainError{Err: io.EOF}, io.EOF)
	require.ErrorContains(t, &UncertainError{Err: io.EOF}, "rye-import runs list")
	require.ErrorContains(t, &RunNotFoundError{ID: "x"}, `no run has the id or number "x"`)
	require.ErrorContains(t, &RunNotFoundError{ID: "01", Matches: 3}, "3 runs have ids that begin with")
}

func TestExplain(t *testing.T) {
	t.Parallel()
	state := func(code string) error { return fmt.Errorf("merging: %w", &pgconn.PgError{Code: code}) }
	for _, tc := range []struct {
		name string
		err  error
		want string // empty if nothing is added
	}{
		{name: "UndefinedTable", err: state("42P01"), want: "rye-import db migrate"},
		{name: "NoSchema", err: state("3F000"), want: "rye-import db migrate"},
		{name: "NoRight", err: state("42501"), want: "grant the role rye_loader"},
		{name: "ShutDown", err: state("57P01"), want: "connection to the database was lost"},
		{name: "Crashed", err: state("57P02"), want: "connection to the database was lost"},
		{name: "Dial", err: fmt.Errorf("x: %w", &net.OpError{Op: "dial", Err: errors.New("refused")}), want: "lost"},
		{name: "CutOff", err: fmt.Errorf("x: %w", io.ErrUnexpectedEOF), want: "lost"},
		{name: "Closed", err: net.ErrClosed, want: "lost"},
		{name: "Full", err: state("53100"), want: "make room"},
		{name: "ReadOnly", err: state("25006"), want: "takes no changes"},
		{name: "LockTimeout", err: state("55P03"), want: "lock_timeout=0"},
		{name: "Idle", err: state("25P03"), want: "idle_in_transaction_session_timeout=0"},
		{name: "Deadlock", err: state("40P01"), want: "run it again"},
		{name: "Recovery", err: state("57P03"), want: "run it again when it is ready"},
		{name: "SomebodyCancelled", err: &pgconn.PgError{Code: "57014", Message: "canceling statement due to user request"}, want: "somebody cancelled"},
		{name: "TookTooLong", err: &pgconn.PgError{Code: "57014", Message: "canceling statement due to statement timeout"}, want: "statement_timeout=0"},
		{name: "Interrupted", err: fmt.Errorf("%w: %w", context.Canceled, state("57014"))},
		{name: "Syntax", err: state("42601")},
		{name: "Cancelled", err: fmt.Errorf("%w: %w", context.Canceled, net.ErrClosed)},
		{name: "Uncertain", err: &UncertainError{Err: io.ErrUnexpectedEOF}},
		{name: "LostRows", err: &LostRowsError{}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			got := explain(tc.err)
			require.ErrorIs(t, got, tc.err)
			if tc.want == "" {
				require.Equal(t, tc.err, got)
			} else {
				require.ErrorContains(t, got, tc.want)
			}
		})
	}
	require.NoError(t, explain(nil))
}
