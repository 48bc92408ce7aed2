package db_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/projectrye/rye-import/db"
)

// moment gives a time of the test world, as the database gives it.
func moment(t *testing.T, text string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, text)
	require.NoError(t, err)
	return at.Local()
}

// requireState checks with what SQLSTATE something failed; a blank one says that it did not.
func requireState(t *testing.T, want string, err error) {
	t.Helper()
	if want == "" {
		require.NoError(t, err)
		return
	}
	var pgErr *pgconn.PgError
	require.ErrorAs(t, err, &pgErr)
	require.Equal(t, want, pgErr.Code, pgErr.Message)
}

// keysInPages lists all rows at once and page by page, which must give the same, and gives what the key says
// of each.
func keysInPages[T, K any](t *testing.T, key func(T) K, list func(last *T, most int32) ([]T, error)) []K {
	t.Helper()
	all, err := list(nil, 1000)
	require.NoError(t, err)
	for most := range 2 {
		most++
		got, last := []T{}, (*T)(nil)
		for {
			page, err := list(last, int32(most)) //nolint:gosec // 1 or 2
			require.NoError(t, err)
			require.LessOrEqual(t, len(page), most)
			got = append(got, page...)
			if len(page) < most {
				break
			}
			require.LessOrEqual(t, len(got), len(all), "the pages do not end")
			last = &page[len(page)-1]
		}
		require.Equal(t, all, got)
	}
	keys := make([]K, len(all))
	for i, row := range all {
		keys[i] = key(row)
	}
	return keys
}

func TestEdgeGet(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, c := range []struct {
		viewer viewer
		sees   bool
	}{{salesman, true}, {admin, true}, {agent, true}, {auditor, true}, {nobody, false}, {support, false}, {finance, false}} {
		w.as(c.viewer, func(ctx context.Context, q *db.Queries) {
			e, err := q.EdgeGet(ctx, id(0x114))
			if !c.sees {
				require.ErrorIs(t, err, pgx.ErrNoRows)
				return
			}
			require.NoError(t, err)
			require.Equal(t, []any{"primary_contact", kettles, ada}, []any{e.EdgeType, e.SourceID, e.TargetID})
			require.JSONEq(t, `{"role": "Decision Maker"}`, string(e.Properties))
			require.True(t, moment(t, "2024-02-01T00:00:00Z").Equal(*e.EffectiveFrom))
			require.Nil(t, e.EffectiveTo)
			require.Nil(t, e.ArchivedAt)
			require.True(t, decimal.NewFromInt(1).Equal(*e.Weight))
		})
	}
}

func TestEdgeListByNode(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := context.Background()
	_, err := w.owner.Exec(ctx, `INSERT INTO rye.edges (id, edge_type, source_id, target_id, archived_at) VALUES
		($1, 'knows', $3, $3, NULL), ($2, 'knows', $3, $4, '2024-05-01Z')`, id(0x1f1), id(0x1f2), bob, ada)
	require.NoError(t, err)
	list := func(v viewer, p db.EdgeListByNodeParams) (ids []uuid.UUID) {
		w.as(v, func(ctx context.Context, q *db.Queries) {
			ids = keysInPages(t, func(r db.EdgeListByNodeRow) uuid.UUID { return r.ID }, func(last *db.EdgeListByNodeRow, most int32) ([]db.EdgeListByNodeRow, error) {
				if p.MaxRows = most; last == nil {
					p.AfterEnded, p.AfterType, p.AfterID = nil, nil, nil
				} else {
					p.AfterEnded, p.AfterType, p.AfterID = &last.Ended, &last.EdgeType, &last.ID
				}
				return q.EdgeListByNode(ctx, p)
			})
		})
		return ids
	}
	ids := func(ns ...int) []uuid.UUID {
		out := make([]uuid.UUID, len(ns))
		for i, n := range ns {
			out[i] = id(n)
		}
		return out
	}
	early, may := moment(t, "2021-01-01T00:00:00Z"), moment(t, "2024-04-01T00:00:00Z")
	for _, c := range []struct {
		viewer viewer
		params db.EdgeListByNodeParams
		want   []uuid.UUID
	}{
		{nobody, db.EdgeListByNodeParams{NodeID: bob}, ids(0x142, 0x102, 0x1f1, 0x123, 0x152, 0x103)},
		{nobody, db.EdgeListByNodeParams{NodeID: bob, EdgeTypes: []string{"employs", "referral"}}, ids(0x102, 0x152, 0x103)},
		{nobody, db.EdgeListByNodeParams{NodeID: bob, At: &early}, ids(0x1f1, 0x1f2, 0x103)},
		{nobody, db.EdgeListByNodeParams{NodeID: bob, EdgeTypes: []string{"knows"}, At: &may}, ids(0x1f1, 0x1f2)},
		{nobody, db.EdgeListByNodeParams{NodeID: kettles}, ids()},
		{nobody, db.EdgeListByNodeParams{NodeID: acme}, ids(0x101, 0x103)},
		{salesman, db.EdgeListByNodeParams{NodeID: acme}, ids(0x101, 0x111, 0x103)},
		{helpdesk, db.EdgeListByNodeParams{NodeID: acme}, ids(0x101, 0x104, 0x103)},
		{auditor, db.EdgeListByNodeParams{NodeID: kettles}, ids(0x113, 0x112, 0x114, 0x111)},
		{admin, db.EdgeListByNodeParams{NodeID: kettles}, ids(0x113, 0x112, 0x114, 0x115, 0x111)},
	} {
		require.Equal(t, c.want, list(c.viewer, c.params), "%+v", c)
	}
	w.as(nobody, func(ctx context.Context, q *db.Queries) {
		rows, err := q.EdgeListByNode(ctx, db.EdgeListByNodeParams{NodeID: bob, EdgeTypes: []string{"employs"}, MaxRows: 9})
		require.NoError(t, err)
		require.Equal(t, []any{false, acme, "org", "Acme Brewing", "ORG-2401-0001", true},
			[]any{rows[1].Outbound, rows[1].OtherID, rows[1].OtherType, *rows[1].OtherLabel, *rows[1].OtherCode, rows[1].Ended})
	})
	// A node that went is not at the other end, unless one asks for the time before; one may be bare.
	_, err = w.owner.Exec(ctx, "UPDATE rye.nodes SET archived_at = now(), label = NULL, properties = '{}' WHERE id = $1", globex)
	require.NoError(t, err)
	require.NotContains(t, list(nobody, db.EdgeListByNodeParams{NodeID: bob}), id(0x102))
	require.Contains(t, list(nobody, db.EdgeListByNodeParams{NodeID: bob, At: &may}), id(0x102))
	w.as(nobody, func(ctx context.Context, q *db.Queries) {
		rows, err := q.EdgeListByNode(ctx, db.EdgeListByNodeParams{NodeID: bob, EdgeTypes: []string{"employs"}, At: &may, MaxRows: 9})
		require.NoError(t, err)
		require.Nil(t, rows[0].OtherLabel)
		require.Nil(t, rows[0].OtherCode)
	})
}

func TestEdgeListByNodes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	type end struct {
		node     uuid.UUID
		edge     uuid.UUID
		outbound bool
	}
	list := func(v viewer, p db.EdgeListByNodesParams) (ends []end) {
		w.as(v, func(ctx context.Context, q *db.Queries) {
			ends = keysInPages(t, func(r db.EdgeListByNodesRow) end { return end{r.NodeID, r.ID, r.Outbound} }, func(last *db.EdgeListByNodesRow, most int32) ([]db.EdgeListByNodesRow, error) {
				if p.MaxRows = most; last == nil {
					p.AfterNodeID, p.AfterID = nil, nil
				} else {
					p.AfterNodeID, p.AfterID = &last.NodeID, &last.ID
				}
				return q.EdgeListByNodes(ctx, p)
			})
		})
		return ends
	}
	two := []uuid.UUID{bob, ada}
	require.Equal(t, []end{
		{ada, id(0x101), false},
		{ada, id(0x141), false},
		{ada, id(0x152), false},
		{bob, id(0x102), false},
		{bob, id(0x103), false},
		{bob, id(0x123), false},
		{bob, id(0x142), false},
		{bob, id(0x152), true},
	}, list(nobody, db.EdgeListByNodesParams{NodeIDs: two}))
	require.Equal(t, []end{{ada, id(0x101), false}, {ada, id(0x114), false}},
		list(salesman, db.EdgeListByNodesParams{NodeIDs: two[1:], EdgeTypes: []string{"employs", "primary_contact"}}))
	early := moment(t, "2021-01-01T00:00:00Z")
	require.Equal(t, []end{{bob, id(0x103), false}}, list(nobody, db.EdgeListByNodesParams{NodeIDs: two, At: &early}))
	require.Empty(t, list(nobody, db.EdgeListByNodesParams{NodeIDs: []uuid.UUID{kettles, leak}}))
	require.Empty(t, list(admin, db.EdgeListByNodesParams{}))
}

func TestEdgeWrites(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, c := range []struct {
		name    string
		viewer  viewer
		state   string // of tying the deal to Bob
		changed int64  // by ending and by archiving an edge of the deal
	}{
		{"the team", salesman, "", 1},
		{"admin of the team", admin, "", 1},
		{"an agent adds but never changes", agent, "", 0},
		{"one who may read the deal, where the other end is open", auditor, "", 1},
		{"another team", support, "42501", 0},
		{"nobody", nobody, "42501", 0},
	} {
		w.Run(c.name, func(t *testing.T) {
			create := db.EdgeCreateParams{EdgeType: "secondary_contact", SourceID: kettles, TargetID: bob}
			w.as(c.viewer, func(ctx context.Context, q *db.Queries) {
				edge, err := q.EdgeCreate(ctx, create)
				requireState(t, c.state, err)
				if c.state != "" {
					return
				}
				e, err := q.EdgeGet(ctx, edge)
				require.NoError(t, err)
				require.JSONEq(t, "{}", string(e.Properties))
				require.Nil(t, e.EffectiveFrom)
				require.True(t, decimal.NewFromInt(1).Equal(*e.Weight))
			})
			w.as(c.viewer, func(ctx context.Context, q *db.Queries) {
				n, err := q.EdgeEnd(ctx, db.EdgeEndParams{ID: id(0x113), EffectiveTo: moment(t, "2024-06-01T00:00:00Z")})
				require.NoError(t, err)
				require.Equal(t, c.changed, n)
				n, err = q.EdgeArchive(ctx, id(0x114))
				require.NoError(t, err)
				require.Equal(t, c.changed, n)
			})
		})
	}
	w.as(salesman, func(ctx context.Context, q *db.Queries) {
		since, half := moment(t, "2024-03-01T00:00:00Z"), decimal.RequireFromString("0.5")
		var made []uuid.UUID
		many := []db.EdgeCreateManyParams{
			{EdgeType: "assigned_to", SourceID: kettles, TargetID: bob, Properties: []byte(`{"role": "backup"}`), EffectiveFrom: &since, Weight: &half, Attrs: []byte(`{"a": 1}`)},
			{EdgeType: "targets", SourceID: kettles, TargetID: globex},
		}
		q.EdgeCreateMany(ctx, many).QueryRow(func(_ int, edge uuid.UUID, err error) {
			require.NoError(t, err)
			made = append(made, edge)
		})
		require.Len(t, made, 2)
		e, err := q.EdgeGet(ctx, made[0])
		require.NoError(t, err)
		require.JSONEq(t, `{"role": "backup"}`, string(e.Properties))
		require.JSONEq(t, `{"a": 1}`, string(e.Attrs))
		require.True(t, half.Equal(*e.Weight))
		require.True(t, since.Equal(*e.EffectiveFrom))

		// It ends when it began, rather than before; it ends once; the earlier end counts.
		for _, end := range []struct {
			at      string
			changed int64
			want    string
		}{
			{"2024-05-01T00:00:00Z", 1, "2024-05-01T00:00:00Z"},
			{"2024-06-01T00:00:00Z", 0, "2024-05-01T00:00:00Z"},
			{"2024-04-01T00:00:00Z", 1, "2024-04-01T00:00:00Z"},
			{"2020-01-01T00:00:00Z", 1, "2024-03-01T00:00:00Z"},
		} {
			n, err := q.EdgeEnd(ctx, db.EdgeEndParams{ID: made[0], EffectiveTo: moment(t, end.at)})
			require.NoError(t, err)
			require.Equal(t, end.changed, n)
			e, err := q.EdgeGet(ctx, made[0])
			require.NoError(t, err)
			require.True(t, moment(t, end.want).Equal(*e.EffectiveTo), e.EffectiveTo)
		}
		for _, want := range []int64{1, 0} {
			n, err := q.EdgeArchive(ctx, made[1])
			require.NoError(t, err)
			require.Equal(t, want, n)
		}
		e, err = q.EdgeGet(ctx, made[1])
		require.NoError(t, err)
		require.NotNil(t, e.ArchivedAt)
	})
}

func TestEdgeListEmployers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, err := w.owner.Exec(context.Background(), `INSERT INTO rye.edges (id, edge_type, source_id, target_id, properties, effective_from, archived_at) VALUES
		($1, 'employs', $4, $5, '{"department": "Cellar"}', NULL, NULL), ($2, 'employs', $4, $5, '{}', NULL, NULL), ($3, 'employs', $4, $5, '{}', NULL, '2024-02-01Z')`,
		id(0x1f1), id(0x1f2), id(0x1f3), acme, bob)
	require.NoError(t, err)
	list := func(v viewer, person uuid.UUID, at *time.Time) (edges []uuid.UUID) {
		w.as(v, func(ctx context.Context, q *db.Queries) {
			edges = keysInPages(t, func(r db.EdgeListEmployersRow) uuid.UUID { return r.EdgeID }, func(last *db.EdgeListEmployersRow, most int32) ([]db.EdgeListEmployersRow, error) {
				p := db.EdgeListEmployersParams{PersonID: person, At: at, MaxRows: most}
				if last != nil {
					p.BeforeSince, p.BeforeID = last.Since, &last.EdgeID
				}
				return q.EdgeListEmployers(ctx, p)
			})
		})
		return edges
	}
	early, january := moment(t, "2021-01-01T00:00:00Z"), moment(t, "2024-01-10T00:00:00Z")
	require.Equal(t, []uuid.UUID{id(0x102), id(0x1f2), id(0x1f1)}, list(nobody, bob, nil))
	require.Equal(t, []uuid.UUID{id(0x103), id(0x1f3), id(0x1f2), id(0x1f1)}, list(nobody, bob, &early))
	require.Equal(t, []uuid.UUID{id(0x102), id(0x1f3), id(0x1f2), id(0x1f1)}, list(nobody, bob, &january))
	require.Empty(t, list(nobody, sue, nil))
	require.Equal(t, []uuid.UUID{id(0x104)}, list(helpdesk, sue, nil))
	w.as(nobody, func(ctx context.Context, q *db.Queries) {
		rows, err := q.EdgeListEmployers(ctx, db.EdgeListEmployersParams{PersonID: bob, MaxRows: 9})
		require.NoError(t, err)
		require.Equal(t, db.EdgeListEmployersRow{
			EdgeID: id(0x102), OrgID: globex, OrgName: new("Globex Dairy"), OrgCode: new("ORG-2401-0002"), Title: new("Buyer"),
			Since: new(moment(t, "2024-01-04T00:00:00Z")),
		}, rows[0])
		require.Equal(t, []any{(*string)(nil), "Cellar", (*time.Time)(nil)}, []any{rows[2].Title, *rows[2].Department, rows[2].Since})
	})
}

func TestEdgeListPeople(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := context.Background()
	_, err := w.owner.Exec(ctx, "INSERT INTO rye.nodes (id, node_type) VALUES ($1, 'person')", id(0xf1))
	require.NoError(t, err)
	_, err = w.owner.Exec(ctx, "INSERT INTO rye.edges (id, edge_type, source_id, target_id) VALUES ($1, 'employs', $2, $3)", id(0x1f1), acme, id(0xf1))
	require.NoError(t, err)
	list := func(v viewer, at *time.Time) (people []uuid.UUID) {
		w.as(v, func(ctx context.Context, q *db.Queries) {
			people = keysInPages(t, func(r db.EdgeListPeopleRow) uuid.UUID { return r.PersonID }, func(last *db.EdgeListPeopleRow, most int32) ([]db.EdgeListPeopleRow, error) {
				p := db.EdgeListPeopleParams{OrgID: acme, At: at, MaxRows: most}
				if last != nil {
					p.AfterName, p.AfterID = last.Name, &last.EdgeID
				}
				return q.EdgeListPeople(ctx, p)
			})
		})
		return people
	}
	early := moment(t, "2021-01-01T00:00:00Z")
	require.Equal(t, []uuid.UUID{id(0xf1), ada}, list(nobody, nil))
	require.Equal(t, []uuid.UUID{id(0xf1), bob}, list(nobody, &early))
	require.Equal(t, []uuid.UUID{id(0xf1), ada, sue}, list(support, nil))
	w.as(nobody, func(ctx context.Context, q *db.Queries) {
		rows, err := q.EdgeListPeople(ctx, db.EdgeListPeopleParams{OrgID: acme, MaxRows: 9})
		require.NoError(t, err)
		require.Equal(t, db.EdgeListPeopleRow{EdgeID: id(0x1f1), PersonID: id(0xf1)}, rows[0])
		require.Equal(t, db.EdgeListPeopleRow{
			EdgeID: id(0x101), PersonID: ada, Name: new("Ada Lovelace"), Code: new("CON-2401-0001"), Email: new("Ada@Acme.example"),
			Phone: new("+420 555 200 001"), Title: new("Brewer"), Since: new(moment(t, "2024-01-03T00:00:00Z")),
		}, rows[1])
	})
}
