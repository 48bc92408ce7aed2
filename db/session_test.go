package db_test

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/projectrye/rye-import/db"
)

// TestSessionSetContext_Smuggling tries to pass for somebody else by what a name has in it.
func TestSessionSetContext_Smuggling(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := context.Background()
	set := func(v viewer) (got db.SessionGetContextRow, err error) {
		err = pgx.BeginFunc(ctx, w.app, func(tx pgx.Tx) (err error) {
			q := db.New(tx)
			if err = q.SessionSetContext(ctx, db.SessionSetContextParams(v)); err != nil {
				return err
			}
			got, err = q.SessionGetContext(ctx)
			return err
		})
		return got, err
	}
	for name, v := range map[string]viewer{
		"a comma in a team":        {Teams: []string{"a,support"}},
		"a comma alone":            {Teams: []string{","}},
		"an empty team":            {Teams: []string{""}},
		"a blank team":             {Teams: []string{"sales", " \t"}},
		"a blank before a team":    {Teams: []string{" support"}},
		"a wide blank after it":    {Teams: []string{"support\u2003"}},
		"a line feed in a team":    {Teams: []string{"sup\nport"}},
		"a control in a team":      {Teams: []string{"support\u0085"}},
		"a control in a role":      {Role: "admin\x01"},
		"a line feed after a role": {Role: "admin\n"},
		"a blank before an agent":  {Role: " agent:bot"},
		"a control in a user":      {UserID: "user:eve\x7f"},
	} {
		_, err := set(v)
		require.Equal(t, "RY007", sqlState(err), "%s: %v", name, err)
	}
	for _, v := range []viewer{
		{},
		{Teams: []string{}},
		{UserID: "user:Žofie Müller, Brno", Teams: []string{"field sales", "podpora č. 2", "a;b", `"x"`, "{a}", "a", "a"}, Role: "team lead"},
	} {
		got, err := set(v)
		require.NoError(t, err)
		require.ElementsMatch(t, v.Teams, got.Teams)
		require.Equal(t, []string{v.UserID, v.Role}, []string{got.UserID, got.Role})
	}
	got, err := set(agent)
	require.NoError(t, err)
	require.True(t, got.IsAgent)
}

// TestSessionSetContext_Savepoint takes a context back with the savepoint that it was set after.
func TestSessionSetContext_Savepoint(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := context.Background()
	require.NoError(t, pgx.BeginFunc(ctx, w.app, func(tx pgx.Tx) error {
		require.NoError(t, db.New(tx).SessionSetContext(ctx, db.SessionSetContextParams(support)))
		err := pgx.BeginFunc(ctx, tx, func(inner pgx.Tx) error {
			return db.New(inner).SessionSetContext(ctx, db.SessionSetContextParams{UserID: "x", Teams: []string{"a,b"}})
		})
		require.Equal(t, "RY007", sqlState(err))
		got, err := db.New(tx).SessionGetContext(ctx)
		require.NoError(t, err)
		require.Equal(t, support, viewer{UserID: got.UserID, Teams: got.Teams, Role: got.Role})
		return nil
	}))
}
