package db_test

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/projectrye/rye-import/db"
)

// TestGrants_World holds the grants of section 7.2 of the conventions to what they say.
func TestGrants_World(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	count := func(v viewer, sql string, args ...any) (n int64) {
		w.tx(v, func(ctx context.Context, tx pgx.Tx) {
			tag, err := tx.Exec(ctx, sql, args...)
			require.NoError(t, err)
			n = tag.RowsAffected()
		})
		return n
	}
	for name, tc := range map[string]struct {
		viewer
		sees, changes []uuid.UUID // of the deal of sales and the person of support
		facts         int64       // about that deal, of 6
	}{
		"sales write their deals":            {salesman, []uuid.UUID{kettles}, []uuid.UUID{kettles}, 5},
		"an agent of theirs reads them":      {agent, []uuid.UUID{kettles}, nil, 5},
		"the helpdesk reads all people":      {helpdesk, []uuid.UUID{sue}, nil, 0},
		"finance reads deal values":          {finance, nil, nil, 2},
		"an auditor reads one deal":          {auditor, []uuid.UUID{kettles}, nil, 5},
		"a user of a role's name is nobody":  {viewer{UserID: "auditor"}, nil, nil, 0},
		"a team of a role's name is nobody":  {viewer{Teams: []string{"auditor"}}, nil, nil, 0},
		"a role of a team's name is nobody":  {viewer{Role: "helpdesk"}, nil, nil, 0},
		"a role alone opens nothing":         {viewer{Role: "team_member"}, nil, nil, 0},
		"not even admin":                     {viewer{Role: "admin"}, nil, nil, 0},
		"support writes what belongs to it":  {support, []uuid.UUID{sue}, []uuid.UUID{sue}, 0},
		"nobody sees neither":                {nobody, nil, nil, 0},
		"a name that holds another is other": {viewer{Teams: []string{"sale", "saless"}}, nil, nil, 0},
	} {
		for _, n := range []uuid.UUID{kettles, sue} {
			var sees, changes int64
			for _, s := range tc.sees {
				if s == n {
					sees = 1
				}
			}
			for _, s := range tc.changes {
				if s == n {
					changes = 1
				}
			}
			require.Equal(t, sees, count(tc.viewer, "SELECT id FROM rye.nodes WHERE id = $1", n), "%s: sees %s", name, n)
			require.Equal(t, changes, count(tc.viewer, "UPDATE rye.nodes SET label = 'x' WHERE id = $1", n), "%s: changes %s", name, n)
		}
		require.Equal(t, tc.facts, count(tc.viewer, "SELECT id FROM rye.assertions WHERE subject_node_id = $1", kettles), name)
	}
}

// TestGrants_Scope tries what scopes open: each of their keys must hold, and an unknown one never does.
func TestGrants_Scope(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	eva := viewer{UserID: "user:eva", Teams: []string{"guests"}, Role: "guest"}
	grant := func(level, resource, scope string) db.AccessGrantCreateParams {
		return db.AccessGrantCreateParams{Grantee: "user:eva", GrantType: "user", ResourceType: resource, AccessLevel: level, Scope: json.RawMessage(scope)}
	}
	for name, tc := range map[string]struct {
		p            db.AccessGrantCreateParams
		sees, writes bool // the deal of sales
	}{
		"its id":                     {grant("read", "node", `{"node_id": "`+kettles.String()+`"}`), true, false},
		"both keys hold":             {grant("write", "node", `{"node_type": "opportunity", "teams": ["sales"]}`), true, true},
		"a list of types":            {grant("read", "node", `{"node_type": ["person", "opportunity"]}`), true, false},
		"admin reaches write":        {grant("admin", "node", `{"classification": "internal"}`), true, true},
		"no condition":               {grant("read", "node", `{}`), true, false},
		"one of two keys holds":      {grant("write", "node", `{"node_type": "opportunity", "teams": ["support"]}`), false, false},
		"the other of two":           {grant("write", "node", `{"node_type": "person", "teams": ["sales"]}`), false, false},
		"an unknown key":             {grant("read", "node", `{"color": "red"}`), false, false},
		"an unknown one beside":      {grant("read", "node", `{"node_type": "opportunity", "color": "red"}`), false, false},
		"an unknown key with null":   {grant("read", "node", `{"color": null}`), false, false},
		"an unknown key with none":   {grant("read", "node", `{"color": []}`), false, false},
		"a known key with none":      {grant("read", "node", `{"node_type": []}`), false, false},
		"a scope that is a list":     {grant("read", "node", `["node_type"]`), false, false},
		"a scope that is null":       {grant("read", "node", `null`), false, false},
		"another resource":           {grant("read", "edge", `{}`), false, false},
		"an unknown level":           {grant("owner", "node", `{}`), false, false},
		"the key of another":         {grant("read", "node", `{"assertion_type": "deal_value"}`), false, false},
		"quotes in it do no harm":    {grant("read", "node", `{"node_type": "x' OR true --"}`), false, false},
		"the beginning of a type":    {grant("read", "node", `{"node_type": "opp"}`), false, false},
		"the id of something else":   {grant("read", "node", `{"node_id": "`+sue.String()+`"}`), false, false},
		"an id that is no id at all": {grant("read", "node", `{"node_id": 7}`), false, false},
	} {
		w.tx(admin, func(ctx context.Context, tx pgx.Tx) {
			q := db.New(tx)
			made, err := q.AccessGrantCreate(ctx, tc.p)
			require.NoError(t, err, name)
			may := func(v viewer) (sees, writes bool) {
				require.NoError(t, q.SessionSetContext(ctx, db.SessionSetContextParams(v)))
				seen, err := tx.Exec(ctx, "SELECT id FROM rye.nodes WHERE id = $1", kettles)
				require.NoError(t, err)
				written, err := tx.Exec(ctx, "UPDATE rye.nodes SET label = 'x' WHERE id = $1", kettles)
				require.NoError(t, err)
				return seen.RowsAffected() == 1, written.RowsAffected() == 1
			}
			sees, writes := may(eva)
			require.Equal(t, []bool{tc.sees, tc.writes}, []bool{sees, writes}, name)
			eva := eva
			eva.Role = "agent:eva"
			sees, writes = may(eva)
			require.Equal(t, []bool{tc.sees, false}, []bool{sees, writes}, "%s: an agent", name)
			require.NoError(t, q.SessionSetContext(ctx, db.SessionSetContextParams(admin)))
			n, err := q.AccessGrantRevoke(ctx, made)
			require.NoError(t, err)
			require.Equal(t, int64(1), n)
			sees, writes = may(eva)
			require.Equal(t, []bool{false, false}, []bool{sees, writes}, "%s: revoked", name)
		})
	}
}

// TestGrants_Admin lets only an admin write what decides who may do what.
func TestGrants_Admin(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.exec(`INSERT INTO rye.field_classifications (node_type, field_path, classification) VALUES ('person', 'phone', 'internal')`)
	w.exec(`INSERT INTO rye.assertion_type_access (assertion_type, operation, allowed_roles) VALUES ('deal_value', 'read', '{team_member}')`)
	writes := map[string]func(ctx context.Context, q *db.Queries) (int64, error){
		"grant": func(ctx context.Context, q *db.Queries) (int64, error) {
			_, err := q.AccessGrantCreate(ctx, db.AccessGrantCreateParams{
				Grantee: "sales", GrantType: "team", ResourceType: "node", AccessLevel: "admin", Scope: json.RawMessage(`{}`),
			})
			return 1, err
		},
		"revoke": func(ctx context.Context, q *db.Queries) (int64, error) { return q.AccessGrantRevoke(ctx, id(0x401)) },
		"classify": func(ctx context.Context, q *db.Queries) (int64, error) {
			return 1, q.FieldClassificationSet(ctx, db.FieldClassificationSetParams{NodeType: "person", FieldPath: "email", Classification: "public"})
		},
		"classify anew": func(ctx context.Context, q *db.Queries) (int64, error) {
			return 1, q.FieldClassificationSet(ctx, db.FieldClassificationSetParams{NodeType: "person", FieldPath: "phone", Classification: "public"})
		},
		"declassify": func(ctx context.Context, q *db.Queries) (int64, error) {
			return q.FieldClassificationDelete(ctx, db.FieldClassificationDeleteParams{NodeType: "person", FieldPath: "phone"})
		},
		"gate": func(ctx context.Context, q *db.Queries) (int64, error) {
			return 1, q.AssertionTypeAccessSet(ctx, db.AssertionTypeAccessSetParams{AssertionType: "sentiment", Operation: "read", AllowedRoles: []string{"x"}})
		},
		"gate anew": func(ctx context.Context, q *db.Queries) (int64, error) {
			return 1, q.AssertionTypeAccessSet(ctx, db.AssertionTypeAccessSetParams{AssertionType: "deal_value", Operation: "read", AllowedRoles: []string{"x"}})
		},
		"open": func(ctx context.Context, q *db.Queries) (int64, error) {
			return q.AssertionTypeAccessDelete(ctx, db.AssertionTypeAccessDeleteParams{AssertionType: "deal_value", Operation: "read"})
		},
		"role": func(ctx context.Context, q *db.Queries) (int64, error) {
			return 1, q.RoleClassificationAccessSet(ctx, db.RoleClassificationAccessSetParams{RoleName: "guest", Classifications: []string{"restricted"}})
		},
		"role anew": func(ctx context.Context, q *db.Queries) (int64, error) {
			return 1, q.RoleClassificationAccessSet(ctx, db.RoleClassificationAccessSetParams{RoleName: "team_member", Classifications: []string{"restricted"}})
		},
		"role gone": func(ctx context.Context, q *db.Queries) (int64, error) {
			return q.RoleClassificationAccessDelete(ctx, "team_member")
		},
	}
	for name, write := range writes {
		w.as(admin, func(ctx context.Context, q *db.Queries) {
			n, err := write(ctx, q)
			require.NoError(t, err, name)
			require.Equal(t, int64(1), n, name)
		})
		agentAdmin := viewer{UserID: "agent:bot", Role: "agent:admin"}
		for _, v := range []viewer{nobody, salesman, auditor, agent, agentAdmin, {UserID: "admin", Teams: []string{"admin"}, Role: "Admin"}} {
			w.as(v, func(ctx context.Context, q *db.Queries) {
				n, err := write(ctx, q)
				if sqlState(err) == "42501" {
					return
				}
				require.NoError(t, err, name)
				require.Zero(t, n, "%s as %+v", name, v)
			})
		}
	}
}

func TestAccessGrantList(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.exec("UPDATE rye.access_grants SET active = false WHERE id = $1", id(0x402))
	w.exec(`INSERT INTO rye.access_grants (id, grantee, grant_type, resource_type, access_level) VALUES ($1, 'sales', 'role', 'edge', 'read')`, id(0x405))
	a, f, h, s, sr := id(0x404), id(0x403), id(0x402), id(0x401), id(0x405)
	for name, tc := range map[string]struct {
		viewer
		p    db.AccessGrantListParams
		want []uuid.UUID
	}{
		"admin sees all":        {admin, db.AccessGrantListParams{}, []uuid.UUID{a, f, s, sr}},
		"revoked ones too":      {admin, db.AccessGrantListParams{WithRevoked: true}, []uuid.UUID{a, f, h, s, sr}},
		"of a grantee":          {admin, db.AccessGrantListParams{Grantee: ptr("sales")}, []uuid.UUID{s, sr}},
		"of a team":             {admin, db.AccessGrantListParams{Grantee: ptr("sales"), GrantType: ptr("team")}, []uuid.UUID{s}},
		"of nobody":             {admin, db.AccessGrantListParams{Grantee: ptr("sales' OR true --")}, []uuid.UUID{}},
		"others their own":      {salesman, db.AccessGrantListParams{WithRevoked: true}, []uuid.UUID{s}},
		"not those of another":  {salesman, db.AccessGrantListParams{Grantee: ptr("finance")}, []uuid.UUID{}},
		"agents those of teams": {agent, db.AccessGrantListParams{}, []uuid.UUID{s}},
		"a role its own":        {auditor, db.AccessGrantListParams{}, []uuid.UUID{a}},
		"nobody none":           {nobody, db.AccessGrantListParams{WithRevoked: true}, []uuid.UUID{}},
	} {
		w.as(tc.viewer, func(ctx context.Context, q *db.Queries) {
			tc.p.MaxRows = 10
			rows, err := q.AccessGrantList(ctx, tc.p)
			require.NoError(t, err)
			require.Equal(t, tc.want, pick(rows, func(r db.AccessGrant) uuid.UUID { return r.ID }), name)
			tc.p.MaxRows = 1
			require.Equal(t, rows, paged(t, func(last *db.AccessGrant) ([]db.AccessGrant, error) {
				if last != nil {
					tc.p.AfterGrantee, tc.p.AfterID = &last.Grantee, &last.ID
				}
				return q.AccessGrantList(ctx, tc.p)
			}), name)
			if name == "of a team" {
				require.JSONEq(t, `{"node_type": "opportunity", "teams": ["sales"]}`, string(rows[0].Scope))
				require.Equal(t, []string{"team", "node", "write"}, []string{rows[0].GrantType, rows[0].ResourceType, rows[0].AccessLevel})
				require.True(t, rows[0].Active)
			}
		})
	}
	w.as(admin, func(ctx context.Context, q *db.Queries) {
		for _, want := range []int64{1, 0} { // the second time it is revoked already
			n, err := q.AccessGrantRevoke(ctx, s)
			require.NoError(t, err)
			require.Equal(t, want, n)
		}
	})
}

// TestClassifications sets and lists what is gated, and looks at what it does.
func TestClassifications(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.tx(admin, func(ctx context.Context, tx pgx.Tx) {
		q := db.New(tx)
		for _, p := range []db.FieldClassificationSetParams{
			{NodeType: "person", FieldPath: "phone", Classification: "public", MinRole: ptr("guest")},
			{NodeType: "person", FieldPath: "phone", Classification: "restricted"}, // in place of the first
			{NodeType: "person", FieldPath: "email", Classification: "internal", MinRole: ptr("team_member")},
			{NodeType: "org", FieldPath: "phone", Classification: "confidential"},
		} {
			require.NoError(t, q.FieldClassificationSet(ctx, p))
		}
		require.NoError(t, q.AssertionTypeAccessSet(ctx, db.AssertionTypeAccessSetParams{AssertionType: "deal_value", Operation: "write", AllowedRoles: []string{}}))
		require.NoError(t, q.AssertionTypeAccessSet(ctx, db.AssertionTypeAccessSetParams{AssertionType: "deal_value", Operation: "read", AllowedRoles: []string{"x"}}))
		require.NoError(t, q.AssertionTypeAccessSet(ctx, db.AssertionTypeAccessSetParams{AssertionType: "deal_value", Operation: "read", AllowedRoles: []string{"deal_manager", "auditor"}}))
		require.NoError(t, q.RoleClassificationAccessSet(ctx, db.RoleClassificationAccessSetParams{RoleName: "auditor", Classifications: []string{"public"}}))
		require.NoError(t, q.RoleClassificationAccessSet(ctx, db.RoleClassificationAccessSetParams{RoleName: "auditor", Classifications: []string{"public", "restricted"}}))
		require.Equal(t, "23514", func() string {
			inner, err := tx.Begin(ctx)
			require.NoError(t, err)
			defer inner.Rollback(ctx)
			return sqlState(db.New(inner).AssertionTypeAccessSet(ctx, db.AssertionTypeAccessSetParams{AssertionType: "x", Operation: "erase", AllowedRoles: []string{}}))
		}())

		for _, v := range []viewer{admin, nobody, auditor} { // who sees what is no secret
			require.NoError(t, q.SessionSetContext(ctx, db.SessionSetContextParams(v)))
			fields, err := q.FieldClassificationList(ctx, db.FieldClassificationListParams{MaxRows: 10})
			require.NoError(t, err)
			require.Equal(t, []db.FieldClassificationListRow{
				{NodeType: "org", FieldPath: "phone", Classification: "confidential"},
				{NodeType: "person", FieldPath: "email", Classification: "internal", MinRole: ptr("team_member")},
				{NodeType: "person", FieldPath: "phone", Classification: "restricted"},
			}, fields)
			require.Equal(t, fields, paged(t, func(last *db.FieldClassificationListRow) ([]db.FieldClassificationListRow, error) {
				p := db.FieldClassificationListParams{MaxRows: 1}
				if last != nil {
					p.AfterNodeType, p.AfterFieldPath = &last.NodeType, &last.FieldPath
				}
				return q.FieldClassificationList(ctx, p)
			}))
			fields, err = q.FieldClassificationList(ctx, db.FieldClassificationListParams{NodeType: ptr("org"), MaxRows: 10})
			require.NoError(t, err)
			require.Len(t, fields, 1)

			types, err := q.AssertionTypeAccessList(ctx, db.AssertionTypeAccessListParams{MaxRows: 10})
			require.NoError(t, err)
			require.Equal(t, []db.AssertionTypeAccessListRow{
				{AssertionType: "deal_value", Operation: "read", AllowedRoles: []string{"deal_manager", "auditor"}},
				{AssertionType: "deal_value", Operation: "write", AllowedRoles: []string{}},
			}, types)
			require.Equal(t, types, paged(t, func(last *db.AssertionTypeAccessListRow) ([]db.AssertionTypeAccessListRow, error) {
				p := db.AssertionTypeAccessListParams{MaxRows: 1}
				if last != nil {
					p.AfterAssertionType, p.AfterOperation = &last.AssertionType, &last.Operation
				}
				return q.AssertionTypeAccessList(ctx, p)
			}))

			roles, err := q.RoleClassificationAccessList(ctx, db.RoleClassificationAccessListParams{MaxRows: 10})
			require.NoError(t, err)
			require.Equal(t, []string{"admin", "auditor", "deal_manager", "team_lead", "team_member"},
				pick(roles, func(r db.RoleClassificationAccess) string { return r.RoleName }))
			require.Equal(t, []string{"public", "restricted"}, roles[1].Classifications)
			require.Equal(t, roles, paged(t, func(last *db.RoleClassificationAccess) ([]db.RoleClassificationAccess, error) {
				p := db.RoleClassificationAccessListParams{MaxRows: 1}
				if last != nil {
					p.AfterRoleName = &last.RoleName
				}
				return q.RoleClassificationAccessList(ctx, p)
			}))
		}

		for _, tc := range []struct {
			viewer
			properties string // of those that are classified, what is seen of Ada
			values     int64  // of the deal
		}{
			{nobody, `{"first_name": "Ada", "last_name": "Lovelace", "code": "CON-2401-0001"}`, 0},
			{salesman, `{"first_name": "Ada", "last_name": "Lovelace", "code": "CON-2401-0001", "email": "Ada@Acme.example"}`, 0},
			{auditor, `{"first_name": "Ada", "last_name": "Lovelace", "code": "CON-2401-0001", "phone": "+420 555 200 001"}`, 2},
		} {
			require.NoError(t, q.SessionSetContext(ctx, db.SessionSetContextParams(tc.viewer)))
			var properties string
			require.NoError(t, tx.QueryRow(ctx, "SELECT properties::text FROM rye.nodes_secure WHERE id = $1", ada).Scan(&properties))
			require.JSONEq(t, tc.properties, properties)
			tag, err := tx.Exec(ctx, "SELECT id FROM rye.assertions WHERE subject_node_id = $1 AND assertion_type = 'deal_value'", kettles)
			require.NoError(t, err)
			require.Equal(t, tc.values, tag.RowsAffected(), "%+v", tc.viewer)
		}

		require.NoError(t, q.SessionSetContext(ctx, db.SessionSetContextParams(admin)))
		for _, want := range []int64{1, 0} {
			n, err := q.FieldClassificationDelete(ctx, db.FieldClassificationDeleteParams{NodeType: "person", FieldPath: "phone"})
			require.NoError(t, err)
			require.Equal(t, want, n)
			n, err = q.AssertionTypeAccessDelete(ctx, db.AssertionTypeAccessDeleteParams{AssertionType: "deal_value", Operation: "read"})
			require.NoError(t, err)
			require.Equal(t, want, n)
			n, err = q.RoleClassificationAccessDelete(ctx, "auditor")
			require.NoError(t, err)
			require.Equal(t, want, n)
		}
	})
}
