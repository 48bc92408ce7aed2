package db_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/projectrye/rye-import/db"
)

func date(text string) time.Time {
	t, err := time.Parse(time.RFC3339, text+":00Z")
	if err != nil {
		panic(err)
	}
	return t
}

// paged reads all pages of a list, each after the last row of the one before.
func paged[T any](t *testing.T, next func(last *T) ([]T, error)) []T {
	t.Helper()
	all := []T{}
	var last *T
	for range 100 {
		page, err := next(last)
		require.NoError(t, err)
		if len(page) == 0 {
			return all
		}
		all = append(all, page...)
		last = &all[len(all)-1]
	}
	t.Fatal("the pages have no end")
	return nil
}

func (w *world) exec(sql string, args ...any) {
	w.Helper()
	_, err := w.owner.Exec(context.Background(), sql, args...)
	require.NoError(w, err)
}

// tx runs SQL on behalf of a viewer, under row-level security, and takes back what it did.
func (w *world) tx(v viewer, do func(ctx context.Context, tx pgx.Tx)) {
	w.Helper()
	err := pgx.BeginFunc(context.Background(), w.app, func(tx pgx.Tx) error {
		if err := db.New(tx).SessionSetContext(context.Background(), db.SessionSetContextParams(v)); err != nil {
			return err
		}
		do(context.Background(), tx)
		return errRollback
	})
	require.ErrorIs(w, err, errRollback)
}

var moved, called, mailed, noted = id(0x201), id(0x202), id(0x203), id(0x204)

func TestEventGet(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.exec("INSERT INTO rye.events (id, event_type, occurred_at, actor_node_id) VALUES ($1, 'note', '2024-01-01Z', $2)", id(0x2f1), eve)
	sees := func(q *db.Queries, event uuid.UUID) bool {
		_, err := q.EventGet(context.Background(), event)
		if !errors.Is(err, pgx.ErrNoRows) {
			require.NoError(t, err)
		}
		return err == nil
	}
	for name, tc := range map[string]struct {
		viewer
		want []bool // moved, called, mailed, noted, one without participants
	}{
		"nobody":   {nobody, []bool{false, true, true, false, false}}, // the call and the mail are with Ada too
		"salesman": {salesman, []bool{true, true, true, false, false}},
		"agent":    {agent, []bool{true, true, true, false, false}},
		"auditor":  {auditor, []bool{true, true, true, false, false}},
		"support":  {support, []bool{false, true, true, true, false}},
		"helpdesk": {helpdesk, []bool{false, true, true, true, false}},
		"finance":  {finance, []bool{false, true, true, false, false}},
		"admin":    {admin, []bool{true, true, true, true, true}},
	} {
		w.as(tc.viewer, func(ctx context.Context, q *db.Queries) {
			events := []uuid.UUID{moved, called, mailed, noted, id(0x2f1)}
			require.Equal(t, tc.want, pick(events, func(e uuid.UUID) bool { return sees(q, e) }), name)
			rows, err := q.EventListByIDs(ctx, db.EventListByIDsParams{IDs: events, MaxRows: 10})
			require.NoError(t, err)
			var n int
			for _, seen := range tc.want {
				if seen {
					n++
				}
			}
			require.Len(t, rows, n, name)
		})
	}
	w.as(admin, func(ctx context.Context, q *db.Queries) {
		e, err := q.EventGet(ctx, called)
		require.NoError(t, err)
		require.Equal(t, []any{"phone_call", "Kettle sizes", "user:eve"}, []any{e.EventType, *e.Summary, *e.ActorSystem})
		require.True(t, date("2024-02-11T10:00").Equal(e.OccurredAt))
		require.JSONEq(t, `{"duration": 600, "direction": "outbound"}`, string(e.Properties))
		require.Nil(t, e.ActorNodeID)
		e, err = q.EventGet(ctx, id(0x2f1))
		require.NoError(t, err)
		require.Nil(t, e.Summary)
		require.Nil(t, e.ActorSystem)
		require.Equal(t, eve, *e.ActorNodeID)
		rows, err := q.EventListByIDs(ctx, db.EventListByIDsParams{IDs: []uuid.UUID{moved, mailed, uuid.New()}, MaxRows: 1})
		require.NoError(t, err)
		require.Equal(t, []uuid.UUID{mailed}, pick(rows, func(r db.Event) uuid.UUID { return r.ID }))
	})
}

func TestEventListByNode(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	// Two at the same moment, and a second role in one event.
	w.exec(`INSERT INTO rye.events (id, event_type, occurred_at) VALUES ($1, 'email', '2024-02-11 10:00Z'), ($2, 'email', '2024-02-11 10:00Z')`, id(0x2f1), id(0x2f2))
	w.exec(`INSERT INTO rye.event_participants (event_id, node_id, role) VALUES ($1, $4, 'cc'), ($2, $4, 'cc'), ($3, $4, 'payer')`, id(0x2f1), id(0x2f2), called, ada)
	ids := func(rows []db.EventListByNodeRow) []uuid.UUID {
		return pick(rows, func(r db.EventListByNodeRow) uuid.UUID { return r.ID })
	}
	want := []uuid.UUID{mailed, id(0x2f2), id(0x2f1), called}
	w.as(nobody, func(ctx context.Context, q *db.Queries) {
		rows, err := q.EventListByNode(ctx, db.EventListByNodeParams{NodeID: ada, MaxRows: 100})
		require.NoError(t, err)
		require.Equal(t, want, ids(rows))
		require.Equal(t, []string{"contact", "payer"}, rows[3].Roles)
		require.Equal(t, []string{"cc"}, rows[1].Roles)
		require.Nil(t, rows[1].Summary)
		require.Nil(t, rows[1].ActorSystem)
		require.Equal(t, "Kettle sizes", *rows[3].Summary)
		require.JSONEq(t, `{"duration": 600, "direction": "outbound"}`, string(rows[3].Properties))
		for _, size := range []int32{1, 2, 3} {
			require.Equal(t, rows, paged(t, func(last *db.EventListByNodeRow) ([]db.EventListByNodeRow, error) {
				p := db.EventListByNodeParams{NodeID: ada, MaxRows: size}
				if last != nil {
					p.BeforeAt, p.BeforeID = &last.OccurredAt, &last.ID
				}
				return q.EventListByNode(ctx, p)
			}))
		}
		for name, tc := range map[string]struct {
			p    db.EventListByNodeParams
			want []uuid.UUID
		}{
			"one type":   {db.EventListByNodeParams{EventTypes: []string{"phone_call"}}, want[3:]},
			"two types":  {db.EventListByNodeParams{EventTypes: []string{"phone_call", "email"}}, want},
			"empty list": {db.EventListByNodeParams{EventTypes: []string{}}, want},
			"no such":    {db.EventListByNodeParams{EventTypes: []string{"email' OR true --"}}, []uuid.UUID{}},
			"since":      {db.EventListByNodeParams{Since: ptr(date("2024-02-12T10:00"))}, want[:1]},
			"until":      {db.EventListByNodeParams{Until: ptr(date("2024-02-12T10:00"))}, want[1:]},
		} {
			tc.p.NodeID, tc.p.MaxRows = ada, 10
			rows, err := q.EventListByNode(ctx, tc.p)
			require.NoError(t, err)
			require.Equal(t, tc.want, ids(rows), name)
		}
	})
	for name, tc := range map[string]struct {
		viewer
		node uuid.UUID
		want []uuid.UUID
	}{
		"sales see the deal":      {salesman, kettles, []uuid.UUID{called, moved}},
		"an agent does":           {agent, kettles, []uuid.UUID{called, moved}},
		"the auditor does":        {auditor, kettles, []uuid.UUID{called, moved}},
		"support does not":        {support, kettles, []uuid.UUID{}},
		"finance does not":        {finance, kettles, []uuid.UUID{}},
		"support sees Sue":        {support, sue, []uuid.UUID{noted}},
		"the helpdesk sees Sue":   {helpdesk, sue, []uuid.UUID{noted}},
		"sales do not":            {salesman, sue, []uuid.UUID{}},
		"a node that is not":      {admin, uuid.Nil, []uuid.UUID{}},
		"a node without anything": {admin, acme, []uuid.UUID{}},
	} {
		w.as(tc.viewer, func(ctx context.Context, q *db.Queries) {
			rows, err := q.EventListByNode(ctx, db.EventListByNodeParams{NodeID: tc.node, MaxRows: 10})
			require.NoError(t, err)
			require.Equal(t, tc.want, ids(rows), name)
			many, err := q.EventListByNodes(ctx, db.EventListByNodesParams{NodeIDs: []uuid.UUID{tc.node}, PerNode: 10, MaxRows: 10})
			require.NoError(t, err)
			require.Equal(t, tc.want, pick(many, func(r db.EventListByNodesRow) uuid.UUID { return r.ID }), name)
		})
	}
}

func TestEventListByNodes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	type pair struct{ node, event uuid.UUID }
	list := func(v viewer, p db.EventListByNodesParams) (got []pair) {
		w.as(v, func(ctx context.Context, q *db.Queries) {
			p.MaxRows = 100
			rows, err := q.EventListByNodes(ctx, p)
			require.NoError(t, err)
			got = pick(rows, func(r db.EventListByNodesRow) pair { return pair{r.NodeID, r.ID} })
		})
		return got
	}
	all := []uuid.UUID{kettles, ada, sue, acme, ada}
	require.Equal(t, []pair{{ada, mailed}, {ada, called}, {sue, noted}, {kettles, called}, {kettles, moved}},
		list(admin, db.EventListByNodesParams{NodeIDs: all, PerNode: 5}))
	require.Equal(t, []pair{{ada, mailed}, {kettles, called}}, list(salesman, db.EventListByNodesParams{NodeIDs: all, PerNode: 1}))
	require.Equal(t, []pair{{ada, called}, {kettles, called}},
		list(salesman, db.EventListByNodesParams{NodeIDs: all, PerNode: 5, EventTypes: []string{"phone_call"}}))
	require.Equal(t, []pair{{ada, mailed}, {ada, called}}, list(nobody, db.EventListByNodesParams{NodeIDs: all, PerNode: 5}))
	require.Empty(t, list(admin, db.EventListByNodesParams{PerNode: 5}))
}

func TestEventListByType(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.exec(`INSERT INTO rye.events (id, event_type, occurred_at) VALUES ($1, 'email', '2024-02-12 10:00Z'), ($2, 'email', '2024-02-14 10:00Z')`, id(0x2f1), id(0x2f2))
	w.exec(`INSERT INTO rye.event_participants (event_id, node_id, role) VALUES ($1, $3, 'cc'), ($2, $4, 'cc')`, id(0x2f1), id(0x2f2), acme, sue)
	ids := func(rows []db.Event) []uuid.UUID {
		return pick(rows, func(r db.Event) uuid.UUID { return r.ID })
	}
	want := []uuid.UUID{id(0x2f2), id(0x2f1), mailed}
	for name, tc := range map[string]struct {
		viewer
		p    db.EventListByTypeParams
		want []uuid.UUID
	}{
		"support":  {support, db.EventListByTypeParams{}, want},
		"helpdesk": {helpdesk, db.EventListByTypeParams{}, want},
		"salesman": {salesman, db.EventListByTypeParams{}, want[1:]},
		"nobody":   {nobody, db.EventListByTypeParams{}, want[1:]},
		"since":    {admin, db.EventListByTypeParams{Since: ptr(date("2024-02-14T10:00"))}, want[:1]},
		"until":    {admin, db.EventListByTypeParams{Until: ptr(date("2024-02-14T10:00"))}, want[1:]},
	} {
		w.as(tc.viewer, func(ctx context.Context, q *db.Queries) {
			tc.p.EventType, tc.p.MaxRows = "email", 10
			rows, err := q.EventListByType(ctx, tc.p)
			require.NoError(t, err)
			require.Equal(t, tc.want, ids(rows), name)
			tc.p.MaxRows = 1
			require.Equal(t, rows, paged(t, func(last *db.Event) ([]db.Event, error) {
				if last != nil {
					tc.p.BeforeAt, tc.p.BeforeID = &last.OccurredAt, &last.ID
				}
				return q.EventListByType(ctx, tc.p)
			}), name)
		})
	}
}

func TestEventListParticipants(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.exec("INSERT INTO rye.nodes (id, node_type, archived_at) VALUES ($1, 'person', '2024-05-01Z')", id(0xf1))
	w.exec(`INSERT INTO rye.event_participants (event_id, node_id, role, properties) VALUES ($1, $2, 'payer', '{"share": 1}'), ($1, $3, 'cc', '{}')`, called, ada, id(0xf1))
	type row struct {
		event, node uuid.UUID
		role        string
	}
	all := []row{
		{called, ada, "contact"}, {called, ada, "payer"}, {called, kettles, "regarding"}, {called, id(0xf1), "cc"}, {noted, sue, "subject"},
	}
	for name, tc := range map[string]struct {
		viewer
		want []row
	}{
		"admin":    {admin, all},
		"salesman": {salesman, all[:4]},
		"agent":    {agent, all[:4]},
		"support":  {support, []row{all[0], all[1], all[3], all[4]}},
		"nobody":   {nobody, []row{all[0], all[1], all[3]}},
	} {
		w.as(tc.viewer, func(ctx context.Context, q *db.Queries) {
			p := db.EventListParticipantsParams{EventIDs: []uuid.UUID{noted, called}, MaxRows: 10}
			rows, err := q.EventListParticipants(ctx, p)
			require.NoError(t, err)
			require.Equal(t, tc.want, pick(rows, func(r db.EventListParticipantsRow) row { return row{r.EventID, r.NodeID, r.Role} }), name)
			p.MaxRows = 1
			require.Equal(t, rows, paged(t, func(last *db.EventListParticipantsRow) ([]db.EventListParticipantsRow, error) {
				if last != nil {
					p.AfterEventID, p.AfterNodeID, p.AfterRole = &last.EventID, &last.NodeID, &last.Role
				}
				return q.EventListParticipants(ctx, p)
			}), name)
			require.Equal(t, []any{"person", "Ada Lovelace", "CON-2401-0001"}, []any{rows[1].NodeType, *rows[1].Label, *rows[1].Code})
			require.JSONEq(t, `{"share": 1}`, string(rows[1].Properties))
			for _, r := range rows {
				if r.NodeID == id(0xf1) {
					require.Nil(t, r.Label)
					require.Nil(t, r.Code)
					require.NotNil(t, r.ArchivedAt)
				}
			}
		})
	}
}

func TestEventRecord(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	at := date("2024-06-01T09:00")
	for name, tc := range map[string]struct {
		viewer
		p     db.EventRecordParams
		state string
		roles map[uuid.UUID][]string
	}{
		"all given": {salesman, db.EventRecordParams{
			Summary: ptr("Lunch'); DROP TABLE rye.nodes; --"), Properties: json.RawMessage(`{"location": "Brno"}`),
			ParticipantIDs: []uuid.UUID{kettles, ada, ada}, ParticipantRoles: []string{"regarding", "guest"}, Actor: ptr("user:bot"), OccurredAt: &at,
		}, "", map[uuid.UUID][]string{kettles: {"regarding"}, ada: {"guest", "participant"}}},
		"an agent records": {agent, db.EventRecordParams{ParticipantIDs: []uuid.UUID{kettles}}, "", map[uuid.UUID][]string{kettles: {"participant"}}},
		"one may not with what one does not see": {
			support, db.EventRecordParams{ParticipantIDs: []uuid.UUID{ada, kettles}}, "42501", nil,
		},
		"more roles than participants": {salesman, db.EventRecordParams{ParticipantIDs: []uuid.UUID{ada}, ParticipantRoles: []string{"a", "b"}}, "RY007", nil},
	} {
		w.as(tc.viewer, func(ctx context.Context, q *db.Queries) {
			tc.p.EventType = "meeting"
			event, err := q.EventRecord(ctx, tc.p)
			require.Equal(t, tc.state, sqlState(err), name)
			if tc.state != "" {
				return
			}
			require.NoError(t, err)
			for node, roles := range tc.roles {
				rows, err := q.EventListByNode(ctx, db.EventListByNodeParams{NodeID: node, EventTypes: []string{"meeting"}, MaxRows: 10})
				require.NoError(t, err)
				require.Len(t, rows, 1, name)
				require.Equal(t, event, rows[0].ID)
				require.Equal(t, roles, rows[0].Roles, name)
				require.Equal(t, tc.p.Summary, rows[0].Summary)
				if tc.p.Actor == nil {
					require.Equal(t, tc.UserID, *rows[0].ActorSystem)
					require.JSONEq(t, `{}`, string(rows[0].Properties))
					require.WithinDuration(t, time.Now(), rows[0].OccurredAt, time.Minute)
				} else {
					require.Equal(t, *tc.p.Actor, *rows[0].ActorSystem)
					require.JSONEq(t, string(tc.p.Properties), string(rows[0].Properties))
					require.True(t, at.Equal(rows[0].OccurredAt))
				}
			}
		})
	}
	// One that nobody took part in is seen by an admin alone.
	w.as(salesman, func(ctx context.Context, q *db.Queries) {
		event, err := q.EventRecord(ctx, db.EventRecordParams{EventType: "note"})
		require.NoError(t, err)
		_, err = q.EventGet(ctx, event)
		require.ErrorIs(t, err, pgx.ErrNoRows)
	})
}

func TestActivityLog(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.as(agent, func(ctx context.Context, q *db.Queries) {
		call := db.ActivityLogParams{
			EventType: "phone_call", Summary: ptr("Hello"), Properties: json.RawMessage(`{"duration": 60}`),
			ParticipantIDs: []uuid.UUID{ada, bob}, ParticipantRoles: []string{"caller"},
		}
		first, err := q.ActivityLog(ctx, call)
		require.NoError(t, err)
		second := db.ActivityLogManyParams(call)
		second.ParticipantIDs, second.ParticipantRoles = []uuid.UUID{bob}, nil
		logged := []uuid.UUID{first}
		q.ActivityLogMany(ctx, []db.ActivityLogManyParams{db.ActivityLogManyParams(call), second}).QueryRow(func(_ int, event uuid.UUID, err error) {
			require.NoError(t, err)
			logged = append(logged, event)
		})
		require.Len(t, logged, 3)
		rows, err := q.EventListParticipants(ctx, db.EventListParticipantsParams{EventIDs: logged, MaxRows: 10})
		require.NoError(t, err)
		roles := map[uuid.UUID][]string{}
		for _, r := range rows {
			roles[r.EventID] = append(roles[r.EventID], *r.Label+": "+r.Role)
		}
		require.Equal(t, map[uuid.UUID][]string{
			logged[0]: {"Ada Lovelace: caller", "Bob Babbage: participant"},
			logged[1]: {"Ada Lovelace: caller", "Bob Babbage: participant"},
			logged[2]: {"Bob Babbage: participant"},
		}, roles)
	})
	w.as(nobody, func(ctx context.Context, q *db.Queries) {
		var states []string
		q.ActivityLogMany(ctx, []db.ActivityLogManyParams{
			{EventType: "note", ParticipantIDs: []uuid.UUID{ada}},
			{EventType: "note", ParticipantIDs: []uuid.UUID{kettles}},
		}).QueryRow(func(_ int, _ uuid.UUID, err error) { states = append(states, sqlState(err)) })
		require.Equal(t, []string{"", "42501"}, states)
	})
}
