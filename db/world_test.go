package db_test

import (
	"context"
	_ "embed"
	"errors"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/projectrye/rye-import/db"
	"github.com/projectrye/rye-import/internal/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

//go:embed testdata/world.sql
var worldSQL string

// The nodes of testdata/world.sql.
var (
	acme     = id(0x01) // open to all
	globex   = id(0x02)
	ada      = id(0x11)
	bob      = id(0x12)
	eve      = id(0x13) // sells
	sue      = id(0x14) // support only
	adaTwin  = id(0x15) // the same person a second time
	pipeline = id(0x21)
	kettles  = id(0x31) // a deal of sales only
	tanks    = id(0x32)
	cellar   = id(0x33) // won
	fair     = id(0x41)
	leak     = id(0x51) // a ticket of support only
)

// id gives the n-th id of testdata/world.sql.
func id(n int) uuid.UUID {
	out := uuid.MustParse("00000000-0000-4000-8000-000000000000")
	out[15], out[14] = byte(n), byte(n>>8)
	return out
}

// A viewer is on whose behalf a transaction acts.
type viewer db.SessionSetContextParams

var (
	nobody   = viewer{Teams: []string{}}
	salesman = viewer{UserID: "user:eve", Teams: []string{"sales"}, Role: "team_member"}
	support  = viewer{UserID: "user:sam", Teams: []string{"support"}, Role: "team_member"}
	helpdesk = viewer{UserID: "user:hal", Teams: []string{"helpdesk"}, Role: "team_member"} // may read all people
	finance  = viewer{UserID: "user:fin", Teams: []string{"finance"}, Role: "team_member"}  // may read all deal values
	auditor  = viewer{UserID: "user:aud", Teams: []string{}, Role: "auditor"}               // may read one deal
	agent    = viewer{UserID: "agent:bot", Teams: []string{"sales"}, Role: "agent:bot"}     // never changes anything
	admin    = viewer{UserID: "user:root", Teams: []string{"sales", "support"}, Role: "admin"}
)

// world is a database with testdata/world.sql in it.
type world struct {
	*testing.T
	owner *pgxpool.Pool // bypasses row-level security
	app   *pgxpool.Pool // a member of rye_app
}

func newWorld(t *testing.T) *world {
	t.Helper()
	url := pgtest.Clone(t)
	owner := pgtest.Connect(t, url)
	_, err := owner.Exec(context.Background(), worldSQL)
	require.NoError(t, err)
	login := pgtest.Role(t, owner, "NOSUPERUSER NOCREATEROLE NOBYPASSRLS")
	_, err = owner.Exec(context.Background(), "GRANT rye_app TO "+pgx.Identifier{login}.Sanitize())
	require.NoError(t, err)
	return &world{T: t, owner: owner, app: pgtest.Connect(t, pgtest.AsRole(t, url, login))}
}

var errRollback = errors.New("rolled back")

// as runs queries on behalf of a viewer, under row-level security, and takes back what they did.
func (w *world) as(v viewer, do func(ctx context.Context, q *db.Queries)) {
	w.Helper()
	ctx := context.Background()
	err := pgx.BeginFunc(ctx, w.app, func(tx pgx.Tx) error {
		q := db.New(tx)
		if err := q.SessionSetContext(ctx, db.SessionSetContextParams(v)); err != nil {
			return err
		}
		do(ctx, q)
		return errRollback
	})
	require.ErrorIs(w, err, errRollback)
}

func TestSessionContext(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.as(salesman, func(ctx context.Context, q *db.Queries) {
		got, err := q.SessionGetContext(ctx)
		require.NoError(t, err)
		require.Equal(t, salesman, viewer{UserID: got.UserID, Teams: got.Teams, Role: got.Role})
		require.True(t, got.RowSecurity)
		require.False(t, got.IsAgent)
	})
	// It ended with the transaction.
	got, err := db.New(w.app).SessionGetContext(context.Background())
	require.NoError(t, err)
	require.Empty(t, got.UserID)
	require.Empty(t, got.Teams)
	require.Empty(t, got.Role)
}

func ptr[T any](v T) *T { return &v }

// pick takes one thing out of each row.
func pick[T, U any](rows []T, of func(T) U) []U {
	out := []U{}
	for _, r := range rows {
		out = append(out, of(r))
	}
	return out
}

func sqlState(err error) string {
	if pg := (*pgconn.PgError)(nil); errors.As(err, &pg) {
		return pg.Code
	}
	return ""
}

// inPages reads a list one and two rows at a time, each page after the last row of the one before,
// and wants what all at once gives.
func inPages[T any](t *testing.T, list func(after *T, most int32) ([]T, error)) []T {
	t.Helper()
	all, err := list(nil, 1000)
	require.NoError(t, err)
	for _, size := range []int32{1, 2} {
		got := []T{}
		for last := (*T)(nil); ; last = &got[len(got)-1] {
			page, err := list(last, size)
			require.NoError(t, err)
			require.LessOrEqual(t, len(page), int(size))
			got = append(got, page...)
			if len(page) == 0 {
				break
			}
			require.LessOrEqual(t, len(got), len(all), "the pages go on for ever")
		}
		require.Equal(t, all, got, "pages of %d", size)
	}
	return all
}
