package db_test

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/projectrye/rye-import/db"
	"github.com/projectrye/rye-import/internal/pgtest"
)

func nodeID(n db.Node) uuid.UUID { return n.ID }

// archive archives nodes as the owner.
func (w *world) archive(ids ...uuid.UUID) {
	w.Helper()
	_, err := w.owner.Exec(context.Background(), "UPDATE rye.nodes SET archived_at = '2024-06-01Z' WHERE id = ANY ($1)", ids)
	require.NoError(w, err)
}

var everyone = map[string]viewer{
	"nobody": nobody, "salesman": salesman, "support": support, "helpdesk": helpdesk,
	"finance": finance, "auditor": auditor, "agent": agent, "admin": admin,
}

// TestNodeGet reads single nodes in every way, as those who may see them and those who may not.
func TestNodeGet(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, err := w.owner.Exec(context.Background(), `UPDATE rye.nodes SET external_id = 'TIC-2404-0001', external_source = 'internal' WHERE id = $1;`, leak)
	require.NoError(t, err)
	_, err = w.owner.Exec(context.Background(), `INSERT INTO rye.node_source_map VALUES ($1, 's', 'o', '1'), ($2, 's', 'o', '2'), ($3, 's', 'o', '3'), ($4, 's', 'o', '4')`,
		kettles, sue, leak, ada)
	require.NoError(t, err)
	for _, tt := range []struct {
		node         uuid.UUID
		code, source string
		label        string
		seen         []string
	}{
		{kettles, "OPP-2402-0001", "1", "Acme kettles", []string{"salesman", "auditor", "agent", "admin"}},
		{sue, "CON-2401-0004", "2", "Sue Secret", []string{"support", "helpdesk", "admin"}},
		{leak, "TIC-2404-0001", "3", "Kettle leaks", []string{"support", "admin"}},
		{ada, "CON-2401-0001", "4", "Ada Lovelace", []string{"nobody", "salesman", "support", "helpdesk", "finance", "auditor", "agent", "admin"}},
	} {
		for name, v := range everyone {
			w.as(v, func(ctx context.Context, q *db.Queries) {
				for how, get := range map[string]func() (db.Node, error){
					"id":   func() (db.Node, error) { return q.NodeGet(ctx, tt.node) },
					"code": func() (db.Node, error) { return q.NodeGetByCode(ctx, tt.code) },
					"external": func() (db.Node, error) {
						return q.NodeGetByExternalID(ctx, db.NodeGetByExternalIDParams{ExternalSource: "internal", ExternalID: tt.code})
					},
					"record": func() (db.Node, error) {
						return q.NodeGetBySourceRecord(ctx, db.NodeGetBySourceRecordParams{Source: "s", Object: "o", SourceID: tt.source})
					},
					"secure": func() (db.Node, error) {
						n, err := q.NodeSecureGet(ctx, tt.node)
						return db.Node(n), err
					},
					"context": func() (db.Node, error) {
						n, err := q.NodeContextGet(ctx, tt.node)
						return db.Node{ID: n.NodeID, Label: n.Label, ExternalID: &tt.code}, err
					},
				} {
					n, err := get()
					if !contains(tt.seen, name) {
						require.ErrorIs(t, err, pgx.ErrNoRows, "%s by %s as %s", tt.label, how, name)
						continue
					}
					require.NoError(t, err, "%s by %s as %s", tt.label, how, name)
					require.Equal(t, tt.node, n.ID)
					require.Equal(t, tt.label, *n.Label)
					require.Equal(t, tt.code, *n.ExternalID)
					require.Nil(t, n.ArchivedAt)
				}
			})
		}
	}

	// Archived ones, and those with nothing in what may be null.
	w.archive(ada)
	w.as(nobody, func(ctx context.Context, q *db.Queries) {
		got, err := q.NodeCreate(ctx, db.NodeCreateParams{NodeType: "thing"})
		require.NoError(t, err)
		n, err := q.NodeGet(ctx, got)
		require.NoError(t, err)
		require.Equal(t, db.Node{
			ID: got, NodeType: "thing", Properties: json.RawMessage("{}"), Attrs: json.RawMessage("{}"), CreatedAt: n.CreatedAt, UpdatedAt: n.UpdatedAt,
		}, n)
		for _, get := range []func() (db.Node, error){
			func() (db.Node, error) { return q.NodeGet(ctx, ada) },
			func() (db.Node, error) { return q.NodeGetByCode(ctx, "CON-2401-0001") },
		} {
			n, err := get()
			require.NoError(t, err)
			require.NotNil(t, n.ArchivedAt)
		}
		_, err = q.NodeGetByExternalID(ctx, db.NodeGetByExternalIDParams{ExternalSource: "internal", ExternalID: "CON-2401-0001"})
		require.ErrorIs(t, err, pgx.ErrNoRows)
		_, err = q.NodeContextGet(ctx, ada)
		require.ErrorIs(t, err, pgx.ErrNoRows)

		// A living node comes before an archived one with the same code.
		_, err = q.NodeCreate(ctx, db.NodeCreateParams{ID: ptr(id(0x900)), NodeType: "person", Properties: json.RawMessage(`{"code": "CON-2401-0001"}`)})
		require.NoError(t, err)
		n, err = q.NodeGetByCode(ctx, "CON-2401-0001")
		require.NoError(t, err)
		require.Equal(t, id(0x900), n.ID)
	})
}

func contains(list []string, s string) bool {
	for _, l := range list {
		if l == s {
			return true
		}
	}
	return false
}

// finds are the lists that are found by what a node has; each is read in pages.
func finds(ctx context.Context, t *testing.T, q *db.Queries) map[string]func() []uuid.UUID {
	return map[string]func() []uuid.UUID{
		"type person": func() []uuid.UUID {
			return pick(inPages(t, func(last *db.Node, most int32) ([]db.Node, error) {
				arg := db.NodeListByTypeParams{NodeType: "person", MaxRows: most}
				if last != nil {
					arg.BeforeAt, arg.BeforeID = &last.CreatedAt, &last.ID
				}
				return q.NodeListByType(ctx, arg)
			}), nodeID)
		},
		"properties of Ada": func() []uuid.UUID {
			return pick(inPages(t, func(last *db.Node, most int32) ([]db.Node, error) {
				arg := db.NodeListByPropertiesParams{Contains: json.RawMessage(`{"last_name": "Lovelace"}`), MaxRows: most}
				if last != nil {
					arg.AfterID = &last.ID
				}
				return q.NodeListByProperties(ctx, arg)
			}), nodeID)
		},
		"prefix CON-": func() []uuid.UUID {
			return pick(inPages(t, func(last *db.NodeListByCodePrefixRow, most int32) ([]db.NodeListByCodePrefixRow, error) {
				arg := db.NodeListByCodePrefixParams{Prefix: "CON-", MaxRows: most}
				if last != nil {
					arg.AfterCode, arg.AfterID = &last.Code, &last.Node.ID
				}
				return q.NodeListByCodePrefix(ctx, arg)
			}), func(r db.NodeListByCodePrefixRow) uuid.UUID { return r.Node.ID })
		},
		"codes": func() []uuid.UUID {
			got, err := q.NodeListByCodes(ctx, db.NodeListByCodesParams{Codes: []string{"OPP-2402-0001", "CON-2401-0004", "ORG-2401-0001", "none"}, MaxRows: 10})
			require.NoError(t, err)
			return pick(got, func(r db.NodeListByCodesRow) uuid.UUID { return r.Node.ID })
		},
		"ids": func() []uuid.UUID {
			got, err := q.NodeListByIDs(ctx, db.NodeListByIDsParams{IDs: []uuid.UUID{sue, kettles, acme}, MaxRows: 10})
			require.NoError(t, err)
			secure, err := q.NodeSecureListByIDs(ctx, db.NodeSecureListByIDsParams{IDs: []uuid.UUID{sue, kettles, acme}, MaxRows: 10})
			require.NoError(t, err)
			require.Equal(t, got, pick(secure, func(n db.NodesSecure) db.Node { return db.Node(n) }))
			contexts, err := q.NodeContextListByIDs(ctx, db.NodeContextListByIDsParams{NodeIDs: []uuid.UUID{sue, kettles, acme}, MaxRows: 10})
			require.NoError(t, err)
			require.Equal(t, pick(got, nodeID), pick(contexts, func(n db.NodeContextListByIDsRow) uuid.UUID { return n.NodeID }))
			return pick(got, nodeID)
		},
		"email": func() []uuid.UUID {
			return pick(inPages(t, func(last *db.NodeListByEmailRow, most int32) ([]db.NodeListByEmailRow, error) {
				arg := db.NodeListByEmailParams{Email: " ADA@acme.EXAMPLE", MaxRows: most}
				if last != nil {
					arg.AfterID = &last.Node.ID
				}
				return q.NodeListByEmail(ctx, arg)
			}), func(r db.NodeListByEmailRow) uuid.UUID { return r.Node.ID })
		},
		"emails": func() []uuid.UUID {
			return pick(inPages(t, func(last *db.NodeListByEmailsRow, most int32) ([]db.NodeListByEmailsRow, error) {
				arg := db.NodeListByEmailsParams{Emails: []string{"ada@acme.example", "SUE@acme.example", "none@acme.example", ""}, MaxRows: most}
				if last != nil {
					arg.AfterID = &last.Node.ID
				}
				return q.NodeListByEmails(ctx, arg)
			}), func(r db.NodeListByEmailsRow) uuid.UUID { return r.Node.ID })
		},
		"domain": func() []uuid.UUID {
			return pick(inPages(t, func(last *db.NodeListByEmailDomainRow, most int32) ([]db.NodeListByEmailDomainRow, error) {
				arg := db.NodeListByEmailDomainParams{Domain: "Acme.example", MaxRows: most}
				if last != nil {
					arg.AfterEmail, arg.AfterID = &last.Email, &last.Node.ID
				}
				return q.NodeListByEmailDomain(ctx, arg)
			}), func(r db.NodeListByEmailDomainRow) uuid.UUID { return r.Node.ID })
		},
		"phone": func() []uuid.UUID {
			got, err := q.NodeListByPhone(ctx, db.NodeListByPhoneParams{Phone: "00420-555-200-001", MaxRows: 10})
			require.NoError(t, err)
			return pick(got, func(r db.NodeListByPhoneRow) uuid.UUID { return r.Node.ID })
		},
		"phones": func() []uuid.UUID {
			return pick(inPages(t, func(last *db.NodeListByPhonesRow, most int32) ([]db.NodeListByPhonesRow, error) {
				arg := db.NodeListByPhonesParams{Phones: []string{"+420 555 200 001", "(+420) 555-100-100", "555 200 001", "", "x"}, MaxRows: most}
				if last != nil {
					arg.AfterID = &last.Node.ID
				}
				return q.NodeListByPhones(ctx, arg)
			}), func(r db.NodeListByPhonesRow) uuid.UUID { return r.Node.ID })
		},
		"websites": func() []uuid.UUID {
			return pick(inPages(t, func(last *db.NodeListByWebsitesRow, most int32) ([]db.NodeListByWebsitesRow, error) {
				arg := db.NodeListByWebsitesParams{Websites: []string{"HTTP://Acme.Example:8080/about", "", "nowhere.example"}, MaxRows: most}
				if last != nil {
					arg.AfterID = &last.Node.ID
				}
				return q.NodeListByWebsites(ctx, arg)
			}), func(r db.NodeListByWebsitesRow) uuid.UUID { return r.Node.ID })
		},
		"name": func() []uuid.UUID {
			return pick(inPages(t, func(last *db.NodeSearchByNameRow, most int32) ([]db.NodeSearchByNameRow, error) {
				arg := db.NodeSearchByNameParams{Name: "Ada Lovelace", MaxRows: most}
				if last != nil {
					arg.BeforeSimilarity, arg.BeforeID = &last.Similarity, &last.Node.ID
				}
				return q.NodeSearchByName(ctx, arg)
			}), func(r db.NodeSearchByNameRow) uuid.UUID { return r.Node.ID })
		},
		"name Sue Secret": func() []uuid.UUID {
			got, err := q.NodeSearchByName(ctx, db.NodeSearchByNameParams{Name: "sue secret", NodeTypes: []string{"person"}, MinSimilarity: 0.9, MaxRows: 10})
			require.NoError(t, err)
			return pick(got, func(r db.NodeSearchByNameRow) uuid.UUID { return r.Node.ID })
		},
	}
}

func TestNodeFind(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, tt := range []struct {
		find string
		all  []uuid.UUID
	}{
		{find: "type person", all: []uuid.UUID{adaTwin, sue, eve, bob, ada}},
		{find: "properties of Ada", all: []uuid.UUID{ada, adaTwin}},
		{find: "prefix CON-", all: []uuid.UUID{ada, bob, eve, sue, adaTwin}},
		{find: "codes", all: []uuid.UUID{sue, kettles, acme}},
		{find: "ids", all: []uuid.UUID{acme, sue, kettles}},
		{find: "email", all: []uuid.UUID{ada, adaTwin}},
		{find: "emails", all: []uuid.UUID{ada, sue, adaTwin}},
		{find: "domain", all: []uuid.UUID{ada, adaTwin, sue}},
		{find: "phone", all: []uuid.UUID{ada}},
		{find: "phones", all: []uuid.UUID{acme, ada}},
		{find: "websites", all: []uuid.UUID{acme}},
		{find: "name", all: []uuid.UUID{ada, adaTwin}},
		{find: "name Sue Secret", all: []uuid.UUID{sue}},
	} {
		for name, v := range everyone {
			w.as(v, func(ctx context.Context, q *db.Queries) {
				want := []uuid.UUID{}
				for _, n := range tt.all {
					switch {
					case n == sue && !contains([]string{"support", "helpdesk", "admin"}, name):
					case n == kettles && !contains([]string{"salesman", "auditor", "agent", "admin"}, name):
					default:
						want = append(want, n)
					}
				}
				require.Equal(t, want, finds(ctx, t, q)[tt.find](), "%s as %s", tt.find, name)
			})
		}
		// The owner passes by row-level security, and what is archived is not found.
		require.Equal(t, tt.all, finds(context.Background(), t, db.New(w.owner))[tt.find](), tt.find)
	}
	w.archive(acme, ada, adaTwin, bob, eve, sue, kettles)
	q := db.New(w.owner)
	for name, find := range finds(context.Background(), t, q) {
		if name != "ids" {
			require.Empty(t, find(), name)
			continue
		}
		got, err := q.NodeListByIDs(context.Background(), db.NodeListByIDsParams{IDs: []uuid.UUID{sue, kettles}, MaxRows: 10})
		require.NoError(t, err)
		require.Len(t, got, 2)
	}
}

// TestNodeFind_Literal hands in what would be a pattern or an injection if it were not taken as it is.
func TestNodeFind_Literal(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.as(admin, func(ctx context.Context, q *db.Queries) {
		for _, s := range []string{"%", "_", "OPP-%", "OPP-2402-000_", `\`, "'; DROP TABLE rye.nodes; --", "\U0010ffff", "opp-"} {
			rows, err := q.NodeListByCodePrefix(ctx, db.NodeListByCodePrefixParams{Prefix: s, MaxRows: 10})
			require.NoError(t, err)
			require.Empty(t, rows, s)
			emails, err := q.NodeListByEmailDomain(ctx, db.NodeListByEmailDomainParams{Domain: s, MaxRows: 10})
			require.NoError(t, err)
			require.Empty(t, emails, s)
			_, err = q.NodeSearchByName(ctx, db.NodeSearchByNameParams{Name: s, MaxRows: 10})
			require.NoError(t, err)
		}
		for _, s := range []string{"example", "", "cme.example", "@acme.example"} {
			emails, err := q.NodeListByEmailDomain(ctx, db.NodeListByEmailDomainParams{Domain: s, MaxRows: 10})
			require.NoError(t, err)
			require.Empty(t, emails, s)
		}
		all, err := q.NodeListByCodePrefix(ctx, db.NodeListByCodePrefixParams{MaxRows: 100})
		require.NoError(t, err)
		require.Len(t, all, 13)
		one, err := q.NodeListByCodePrefix(ctx, db.NodeListByCodePrefixParams{Prefix: "OPP-2402-0002", MaxRows: 10})
		require.NoError(t, err)
		require.Len(t, one, 1)
		require.Equal(t, "OPP-2402-0002", one[0].Code)

		none, err := q.NodeListByProperties(ctx, db.NodeListByPropertiesParams{Contains: json.RawMessage("{}"), MaxRows: 10})
		require.NoError(t, err)
		require.Empty(t, none)
		deals, err := q.NodeListByProperties(ctx, db.NodeListByPropertiesParams{Contains: json.RawMessage(`{"code": "OPP-2402-0001"}`), NodeType: ptr("person"), MaxRows: 10})
		require.NoError(t, err)
		require.Empty(t, deals)
	})
}

// TestNodeFind_Roles compares the rule that the functions of finding apply with that of the policy, and
// has them run for roles that pass by row-level security and for a role that only may become one.
func TestNodeFind_Roles(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := context.Background()
	everything := func(q *db.Queries) []uuid.UUID {
		rows, err := q.NodeListByCodePrefix(ctx, db.NodeListByCodePrefixParams{MaxRows: 100})
		require.NoError(t, err)
		return pick(rows, func(r db.NodeListByCodePrefixRow) uuid.UUID { return r.Node.ID })
	}
	all := everything(db.New(w.owner))
	require.Len(t, all, 13)
	for name, v := range everyone {
		require.ErrorIs(t, pgx.BeginFunc(ctx, w.app, func(tx pgx.Tx) error {
			require.NoError(t, db.New(tx).SessionSetContext(ctx, db.SessionSetContextParams(v)))
			var want, got []uuid.UUID
			require.NoError(t, tx.QueryRow(ctx, "SELECT array_agg(id ORDER BY id) FROM rye.nodes").Scan(&want))
			require.NoError(t, tx.QueryRow(ctx, "SELECT array_agg(node_id ORDER BY node_id) FROM rye.find_nodes_by_code_prefix('', NULL, NULL, 100)").Scan(&got))
			require.Equal(t, want, got, name)
			return errRollback
		}), errRollback)
	}

	login := pgtest.Role(t, w.owner, "NOINHERIT")
	_, err := w.owner.Exec(ctx, "GRANT rye_loader, rye_app TO "+pgx.Identifier{login}.Sanitize())
	require.NoError(t, err)
	pool := pgtest.Connect(t, pgtest.AsRole(t, w.owner.Config().ConnString(), login))
	for role, want := range map[string]int{"rye_loader": 13, "rye_app": 10} {
		require.ErrorIs(t, pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
			_, err := tx.Exec(ctx, "SET LOCAL ROLE "+role)
			require.NoError(t, err)
			require.Len(t, everything(db.New(tx)), want, role)
			return errRollback
		}), errRollback)
	}
	// It may not be said to be another.
	_, err = w.app.Exec(ctx, "SELECT set_config('role', 'rye_loader', true), count(*) FROM rye.find_nodes_by_code('{}')")
	require.Equal(t, "42501", sqlState(err))
}

// TestNodeFind_Indexes wants an index for every way of finding, for a role under row-level security:
// with 20,000 nodes, each reads a few blocks.
func TestNodeFind_Indexes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := context.Background()
	_, err := w.owner.Exec(ctx, `
		INSERT INTO rye.nodes (node_type, label, properties)
		SELECT 'person', md5(i::text), jsonb_build_object('code', 'X-' || i, 'email', i || '@d' || i % 1000 || '.example', 'phone', '+1' || i, 'website', 'w' || i || '.example', 'last_name', md5(i::text))
		FROM generate_series(1, 20000) AS i`)
	require.NoError(t, err)
	_, err = w.owner.Exec(ctx, "ANALYZE rye.nodes")
	require.NoError(t, err)
	for name := range finds(ctx, t, nil) {
		conn, err := w.app.Acquire(ctx)
		require.NoError(t, err)
		var before, after int64
		// Sequential scans of the transaction under way.
		const scans = "SELECT pg_stat_get_xact_numscans('rye.nodes'::regclass)"
		require.ErrorIs(t, pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
			q := db.New(tx)
			require.NoError(t, q.SessionSetContext(ctx, db.SessionSetContextParams(support)))
			require.NoError(t, tx.QueryRow(ctx, scans).Scan(&before))
			if name != "type person" { // all of them are
				_ = finds(ctx, t, q)[name]()
			}
			require.NoError(t, tx.QueryRow(ctx, scans).Scan(&after))
			return errRollback
		}), errRollback)
		conn.Release()
		require.Equal(t, before, after, "%s scans all nodes", name)
	}
}

func TestNodeSearchByName(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.as(support, func(ctx context.Context, q *db.Queries) {
		rows, err := q.NodeSearchByName(ctx, db.NodeSearchByNameParams{Name: "ada lovelace", MaxRows: 10})
		require.NoError(t, err)
		require.Len(t, rows, 2)
		require.InDelta(t, 1, rows[0].Similarity, 1e-9)
		require.InDelta(t, 0.714, rows[1].Similarity, 0.001)
		for want, arg := range map[int]db.NodeSearchByNameParams{
			0: {Name: "ada lovelace", NodeTypes: []string{"org"}, MaxRows: 10},
			1: {Name: "ada lovelace", NodeTypes: []string{"org", "person"}, MinSimilarity: 0.8, MaxRows: 10},
			2: {Name: "ada lovelace", NodeTypes: []string{}, MaxRows: 10},
		} {
			rows, err := q.NodeSearchByName(ctx, arg)
			require.NoError(t, err)
			require.Len(t, rows, want)
		}
	})
}

func TestNodeListNeighbors(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	at := time.Date(2024, 6, 1, 0, 0, 0, 0, time.UTC)
	type step struct {
		node, from uuid.UUID
		hops       int32
		edge       string
		outbound   bool
	}
	steps := func(v viewer, arg db.NodeListNeighborsParams) (out []step) {
		t.Helper()
		if arg.MaxRows == 0 {
			arg.MaxRows = 100
		}
		if arg.At.IsZero() {
			arg.At = at
		}
		w.as(v, func(ctx context.Context, q *db.Queries) {
			rows, err := q.NodeListNeighbors(ctx, arg)
			require.NoError(t, err)
			out = pick(rows, func(r db.NodeListNeighborsRow) step {
				return step{r.Node.ID, r.FromID, r.Hops, r.EdgeType, r.Outbound}
			})
		})
		return out
	}
	want := []step{
		{eve, kettles, 1, "assigned_to", true},
		{pipeline, kettles, 1, "pipeline_member", true},
		{ada, kettles, 1, "primary_contact", true},
		{acme, kettles, 1, "targets", true},
		{tanks, eve, 2, "assigned_to", false},
		{fair, ada, 2, "campaign_target", false},
		{cellar, pipeline, 2, "pipeline_member", false},
		{bob, ada, 2, "referral", false},
		{globex, bob, 3, "employs", false},
	}
	require.Equal(t, want[:4], steps(salesman, db.NodeListNeighborsParams{NodeID: kettles, MaxHops: 1}))
	require.Equal(t, want[:8], steps(salesman, db.NodeListNeighborsParams{NodeID: kettles, MaxHops: 2}))
	require.Equal(t, want, steps(salesman, db.NodeListNeighborsParams{NodeID: kettles, MaxHops: 3}))
	require.Equal(t, want, steps(agent, db.NodeListNeighborsParams{NodeID: kettles, MaxHops: 1000}), "circles end")
	require.Equal(t, want[:6], steps(salesman, db.NodeListNeighborsParams{NodeID: kettles, MaxHops: 9, MaxRows: 6}))
	require.Empty(t, steps(salesman, db.NodeListNeighborsParams{NodeID: kettles}))
	require.Equal(t, []step{{acme, kettles, 1, "targets", true}, {ada, acme, 2, "employs", true}},
		steps(salesman, db.NodeListNeighborsParams{NodeID: kettles, MaxHops: 9, EdgeTypes: []string{"targets", "employs"}}))
	require.Equal(t, []step{{bob, acme, 1, "employs", true}},
		steps(salesman, db.NodeListNeighborsParams{NodeID: acme, MaxHops: 9, At: time.Date(2021, 1, 1, 0, 0, 0, 0, time.UTC)}))
	for _, v := range []viewer{nobody, support, finance, helpdesk} {
		require.Empty(t, steps(v, db.NodeListNeighborsParams{NodeID: kettles, MaxHops: 9}))
	}
	require.Equal(t, []step{{ada, acme, 1, "employs", true}}, steps(nobody, db.NodeListNeighborsParams{NodeID: acme, MaxHops: 1}))
	require.Equal(t, []step{{ada, acme, 1, "employs", true}, {sue, acme, 1, "employs", true}, {leak, sue, 2, "filed", true}},
		steps(support, db.NodeListNeighborsParams{NodeID: acme, MaxHops: 2, EdgeTypes: []string{"employs", "filed"}}))

	// An archived node is passed over, and not walked through, from when it was archived.
	w.archive(ada)
	require.NotContains(t, pick(steps(salesman, db.NodeListNeighborsParams{NodeID: kettles, MaxHops: 2}), func(s step) uuid.UUID { return s.node }), fair)
	require.Equal(t, want, steps(salesman, db.NodeListNeighborsParams{NodeID: kettles, MaxHops: 3, At: at.Add(-time.Hour)}))
}

func TestNodeListDuplicates(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, err := w.owner.Exec(context.Background(), `
		INSERT INTO rye.nodes (id, node_type, label, properties, attrs, archived_at) VALUES
			($1, 'person', 'ada lovelace', '{}', '{"classification": "internal", "teams": ["support"]}', NULL),
			($2, 'person', 'Countess', '{"phone": "00420 555 200 001"}', '{}', NULL),
			($3, 'org', 'Ada Lovelace', '{"email": "ada@acme.example"}', '{}', NULL),
			($4, 'person', 'Ada Lovelace', '{"email": "ada@acme.example"}', '{}', now())`, id(0x901), id(0x902), id(0x903), id(0x904))
	require.NoError(t, err)
	type row struct {
		node    uuid.UUID
		reasons []string
		score   int // percent
	}
	list := func(v viewer, of uuid.UUID) (out []row) {
		w.as(v, func(ctx context.Context, q *db.Queries) {
			out = pick(inPages(t, func(last *db.NodeListDuplicatesRow, most int32) ([]db.NodeListDuplicatesRow, error) {
				arg := db.NodeListDuplicatesParams{NodeID: of, MaxRows: most}
				if last != nil {
					arg.BeforeScore, arg.BeforeID = &last.Score, &last.Node.ID
				}
				return q.NodeListDuplicates(ctx, arg)
			}), func(r db.NodeListDuplicatesRow) row { return row{r.Node.ID, r.Reasons, int(r.Score * 100)} })
		})
		return out
	}
	twin, phone, secret := row{adaTwin, []string{"email", "label"}, 93}, row{id(0x902), []string{"phone"}, 60}, row{id(0x901), []string{"label"}, 50}
	require.Equal(t, []row{twin, phone}, list(nobody, ada))
	require.Equal(t, []row{twin, phone}, list(salesman, ada))
	require.Equal(t, []row{twin, phone, secret}, list(support, ada))
	require.Equal(t, []row{twin, phone, secret}, list(helpdesk, ada))
	require.Empty(t, list(nobody, id(0x901)), "who does not see the node")
	require.Empty(t, list(nobody, id(0x904)), "an archived one")
	require.Empty(t, list(nobody, id(0x903)), "the only org")
	require.Equal(t, []row{{ada, []string{"phone"}, 60}}, list(agent, id(0x902)))
}

func TestNodeWrite(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, v := range []viewer{nobody, salesman, agent, admin} {
		w.as(v, func(ctx context.Context, q *db.Queries) {
			got, err := q.NodeCreate(ctx, db.NodeCreateParams{
				ID: ptr(id(0x900)), NodeType: "org", Label: ptr("New"), ExternalID: ptr("1"), ExternalSource: ptr("x"),
				Properties: json.RawMessage(`{"a": 1}`), Attrs: json.RawMessage(`{"tags": ["b"]}`),
			})
			require.NoError(t, err)
			require.Equal(t, id(0x900), got)
			n, err := q.NodeGet(ctx, got)
			require.NoError(t, err)
			require.Equal(t, "New", *n.Label)
			require.Equal(t, "1x", *n.ExternalID+*n.ExternalSource)
			require.JSONEq(t, `{"a": 1}`, string(n.Properties))
			require.JSONEq(t, `{"tags": ["b"]}`, string(n.Attrs))
		})
	}
	w.as(salesman, func(ctx context.Context, q *db.Queries) {
		// For others to see, and with the id all the same.
		got, err := q.NodeCreate(ctx, db.NodeCreateParams{NodeType: "ticket", Attrs: json.RawMessage(`{"classification": "internal", "teams": ["support"]}`)})
		require.NoError(t, err)
		_, err = q.NodeGet(ctx, got)
		require.ErrorIs(t, err, pgx.ErrNoRows)

		ids := []uuid.UUID{}
		q.NodeCreateMany(ctx, []db.NodeCreateManyParams{
			{NodeType: "person", Label: ptr("One")}, {ID: ptr(id(0x902)), NodeType: "person"},
		}).QueryRow(func(_ int, id uuid.UUID, err error) {
			require.NoError(t, err)
			ids = append(ids, id)
		})
		require.Equal(t, id(0x902), ids[1])
		rows, err := q.NodeListByIDs(ctx, db.NodeListByIDsParams{IDs: ids, MaxRows: 10})
		require.NoError(t, err)
		require.Len(t, rows, 2)
		_, err = q.NodeCreate(ctx, db.NodeCreateParams{NodeType: "ticket", Attrs: json.RawMessage(`{"teams": ["support"]}`)})
		require.Equal(t, "RY007", sqlState(err))
	})

	for _, tt := range []struct {
		node uuid.UUID
		may  []string
	}{
		{ada, []string{"nobody", "salesman", "support", "helpdesk", "finance", "auditor", "admin"}},
		{kettles, []string{"salesman", "admin"}},
		{sue, []string{"support", "admin"}},
	} {
		for name, v := range everyone {
			w.as(v, func(ctx context.Context, q *db.Queries) {
				n, err := q.NodeSetProperties(ctx, db.NodeSetPropertiesParams{ID: tt.node, Properties: json.RawMessage(`{"new": [1], "code": "C"}`)})
				archived, archiveErr := q.NodeArchive(ctx, []uuid.UUID{tt.node})
				require.NoError(t, archiveErr)
				if !contains(tt.may, name) {
					require.ErrorIs(t, err, pgx.ErrNoRows, name)
					require.Zero(t, archived, name)
					return
				}
				require.NoError(t, err, name)
				require.EqualValues(t, 1, archived, name)
				require.NotEmpty(t, *n.Label)
				got := map[string]any{}
				require.NoError(t, json.Unmarshal(n.Properties, &got))
				require.Equal(t, []any{1.0}, got["new"])
				require.Equal(t, "C", got["code"])
				require.Greater(t, len(got), 2, "keys that were not named stay")

				_, err = q.NodeSetProperties(ctx, db.NodeSetPropertiesParams{ID: tt.node, Properties: json.RawMessage(`{}`)})
				require.ErrorIs(t, err, pgx.ErrNoRows, "it is archived")
				archived, err = q.NodeArchive(ctx, []uuid.UUID{tt.node})
				require.NoError(t, err)
				require.Zero(t, archived)
				restored, err := q.NodeRestore(ctx, []uuid.UUID{tt.node, bob})
				require.NoError(t, err)
				require.EqualValues(t, 1, restored)
				n, err = q.NodeSetProperties(ctx, db.NodeSetPropertiesParams{ID: tt.node, Label: ptr("L"), Properties: json.RawMessage(`{}`)})
				require.NoError(t, err)
				require.Equal(t, "L", *n.Label)
				require.Nil(t, n.ArchivedAt)
				_, err = q.NodeSetProperties(ctx, db.NodeSetPropertiesParams{ID: tt.node, Properties: json.RawMessage(`[1]`)})
				require.ErrorIs(t, err, pgx.ErrNoRows, "no object")
			})
		}
	}
	w.archive(bob)
	w.as(agent, func(ctx context.Context, q *db.Queries) {
		restored, err := q.NodeRestore(ctx, []uuid.UUID{bob})
		require.NoError(t, err)
		require.Zero(t, restored)
	})
}

func TestNodeLink(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	known := db.NodeLinkParams{Source: "salesforce", Object: "Contact", SourceID: "003A", NodeType: "person", Properties: json.RawMessage(`{"title": "Countess"}`)}
	w.as(salesman, func(ctx context.Context, q *db.Queries) {
		got, err := q.NodeLink(ctx, known)
		require.NoError(t, err)
		require.Equal(t, ada, got)
		n, err := q.NodeGet(ctx, ada)
		require.NoError(t, err)
		require.Equal(t, "Ada Lovelace", *n.Label)
		require.Contains(t, string(n.Properties), "Countess")

		ids := []uuid.UUID{}
		other := db.NodeLinkManyParams(known)
		other.SourceID, other.Label, other.Properties = "003X", ptr("New"), nil
		q.NodeLinkMany(ctx, []db.NodeLinkManyParams{db.NodeLinkManyParams(known), other, other}).QueryRow(func(_ int, id uuid.UUID, err error) {
			require.NoError(t, err)
			ids = append(ids, id)
		})
		require.Len(t, ids, 3)
		require.Equal(t, ada, ids[0])
		require.Equal(t, ids[1], ids[2])
		n, err = q.NodeGetBySourceRecord(ctx, db.NodeGetBySourceRecordParams{Source: "salesforce", Object: "Contact", SourceID: "003X"})
		require.NoError(t, err)
		require.Equal(t, ids[1], n.ID)
		require.Equal(t, "New", *n.Label)
	})
	w.as(agent, func(ctx context.Context, q *db.Queries) {
		_, err := q.NodeLink(ctx, known)
		require.Equal(t, "RY004", sqlState(err))
	})
	w.as(nobody, func(ctx context.Context, q *db.Queries) {
		known.Object, known.SourceID = "Opportunity", "006A"
		_, err := q.NodeLink(ctx, known)
		require.Equal(t, "RY004", sqlState(err))
	})
}
