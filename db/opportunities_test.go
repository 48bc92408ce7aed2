package db_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/projectrye/rye-import/db"
)

// bare is a deal of which nothing is known; blank is a person of whom nothing is.
var (
	bare  = id(0x3f)
	blank = id(0x1f)
)

// more adds to the world what the tests of deals and of the directory look at besides.
func (w *world) more() {
	w.Helper()
	_, err := w.owner.Exec(context.Background(), `
		INSERT INTO rye.nodes (id, node_type, created_at) VALUES
			('00000000-0000-4000-8000-00000000003f', 'opportunity', '2024-02-01 08:00Z'),
			('00000000-0000-4000-8000-00000000001f', 'person', '2024-02-01 08:00Z');
		REFRESH MATERIALIZED VIEW rye.opportunities_active;
		REFRESH MATERIALIZED VIEW rye.contacts_directory;`)
	require.NoError(w, err)
}

func amount(text string) *decimal.Decimal { return new(decimal.RequireFromString(text)) }

// asOwner runs queries as the owner of the database, for the materialized views.
func (w *world) asOwner(do func(ctx context.Context, q *db.Queries)) {
	do(context.Background(), db.New(w.owner))
}

func TestOpportunityCreate(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, c := range []struct {
		name   string
		viewer viewer
		params db.OpportunityCreateParams
		state  string
	}{
		{"a deal of the team", salesman, db.OpportunityCreateParams{Name: "New", PipelineCode: "PL-SALES", Teams: []string{"sales"}}, ""},
		{"an open deal", salesman, db.OpportunityCreateParams{Name: "New", PipelineCode: "PL-SALES"}, ""},
		{"an agent may add", agent, db.OpportunityCreateParams{Name: "New", PipelineCode: "PL-SALES", Teams: []string{"sales"}}, ""},
		{"a deal of another team", support, db.OpportunityCreateParams{Name: "New", PipelineCode: "PL-SALES", Teams: []string{"sales"}}, "42501"},
		{"no such pipeline", salesman, db.OpportunityCreateParams{Name: "New", PipelineCode: "PL-NONE"}, "RY001"},
		{"no such owner", salesman, db.OpportunityCreateParams{Name: "New", PipelineCode: "PL-SALES", AssignedToID: new(id(0xff))}, "RY006"},
		{"an owner unseen", salesman, db.OpportunityCreateParams{Name: "New", PipelineCode: "PL-SALES", AssignedToID: &sue}, "RY006"},
	} {
		w.Run(c.name, func(t *testing.T) {
			w.as(c.viewer, func(ctx context.Context, q *db.Queries) {
				deal, err := q.OpportunityCreate(ctx, c.params)
				requireState(t, c.state, err)
				if err != nil {
					return
				}
				row, err := q.OpportunityActiveSecureGet(ctx, deal)
				require.NoError(t, err)
				require.Equal(t, []any{"New", "prospecting", "PL-SALES"}, []any{*row.Name, *row.Stage, *row.Pipeline})
				require.Regexp(t, `^OPP-\d{4}-\d{4}$`, *row.Code)
				require.Equal(t, append([]string{}, c.params.Teams...), row.Teams)
				require.Nil(t, row.AssignedToID)
			})
		})
	}
	w.as(salesman, func(ctx context.Context, q *db.Queries) {
		deal, err := q.OpportunityCreate(ctx, db.OpportunityCreateParams{
			Name: "Vats", PipelineCode: "PL-SALES", AssignedToID: &eve, Properties: []byte(`{"estimated_value": "10.50"}`), Teams: []string{"sales"},
		})
		require.NoError(t, err)
		row, err := q.OpportunityActiveSecureGet(ctx, deal)
		require.NoError(t, err)
		require.True(t, amount("10.5").Equal(*row.EstimatedValue))
		owner, err := q.OpportunityGetOwner(ctx, db.OpportunityGetOwnerParams{OpportunityID: deal})
		require.NoError(t, err)
		require.Equal(t, eve, owner.PersonID)
	})
}

func TestOpportunityAdvance(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, err := w.owner.Exec(context.Background(), "UPDATE rye.nodes SET archived_at = now() WHERE id = $1", cellar)
	require.NoError(t, err)
	for _, c := range []struct {
		name   string
		viewer viewer
		deal   uuid.UUID
		stage  string
		state  string
	}{
		{"the team", salesman, kettles, "closed_won", ""},
		{"admin of the team", admin, kettles, "closed_won", ""},
		{"an agent", agent, kettles, "closed_won", "RY004"},
		{"one who may read", auditor, kettles, "closed_won", "RY004"},
		{"another team", support, kettles, "closed_won", "RY006"},
		{"nobody", nobody, kettles, "closed_won", "RY006"},
		{"no such stage", salesman, kettles, "dreaming", "RY002"},
		{"in it already", salesman, kettles, "proposal", "RY005"},
		{"archived", salesman, cellar, "proposal", "RY003"},
		{"no deal", salesman, ada, "proposal", "RY006"},
	} {
		w.Run(c.name, func(t *testing.T) {
			w.as(c.viewer, func(ctx context.Context, q *db.Queries) {
				fact, err := q.OpportunityAdvance(ctx, db.OpportunityAdvanceParams{OpportunityID: c.deal, Stage: c.stage, Reason: new("signed")})
				requireState(t, c.state, err)
				if err != nil {
					return
				}
				stages, err := q.OpportunityListStages(ctx, db.OpportunityListStagesParams{OpportunityID: c.deal, MaxRows: 9})
				require.NoError(t, err)
				last := stages[len(stages)-1]
				require.Equal(t, []any{fact, c.stage, "Closed Won", "proposal", "signed"}, []any{last.ID, *last.Stage, *last.StageLabel, *last.MovedFrom, *last.Reason})
				require.NotNil(t, last.EventID)
			})
		})
	}
	w.as(salesman, func(ctx context.Context, q *db.Queries) {
		var facts []uuid.UUID
		q.OpportunityAdvanceMany(ctx, []db.OpportunityAdvanceManyParams{
			{OpportunityID: kettles, Stage: "closed_lost", Actor: new("user:boss")}, {OpportunityID: tanks, Stage: "proposal"},
		}).QueryRow(func(_ int, fact uuid.UUID, err error) {
			require.NoError(t, err)
			facts = append(facts, fact)
		})
		now, err := q.AssertionGetCurrent(ctx, db.AssertionGetCurrentParams{NodeID: tanks, AssertionType: "deal_stage"})
		require.NoError(t, err)
		require.Equal(t, facts[1], now.ID)
	})
}

func TestOpportunityPeople(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.more()
	_, err := w.owner.Exec(context.Background(), `INSERT INTO rye.edges (edge_type, source_id, target_id, properties, effective_from, effective_to) VALUES
		('assigned_to', $1, $2, '{"role": "owner"}', '2024-01-01Z', '2024-02-01Z'), ('assigned_to', $1, $2, '{"role": "backup"}', '2024-03-01Z', NULL),
		('assigned_to', $1, $3, '{}', NULL, NULL), ('secondary_contact', $1, $3, '{}', NULL, NULL)`, kettles, bob, blank)
	require.NoError(t, err)
	january, february := moment(t, "2024-01-10T00:00:00Z"), moment(t, "2024-02-10T00:00:00Z")
	for _, c := range []struct {
		viewer           viewer
		at               *time.Time
		contacts, owners []uuid.UUID
	}{
		{salesman, nil, []uuid.UUID{ada, blank}, []uuid.UUID{eve, bob, blank}},
		{admin, nil, []uuid.UUID{ada, sue, blank}, []uuid.UUID{eve, bob, blank}},
		{salesman, &february, []uuid.UUID{ada, blank}, []uuid.UUID{eve, blank}},
		{salesman, &january, []uuid.UUID{blank}, []uuid.UUID{bob, blank}},
		{support, nil, nil, nil},
		{finance, nil, nil, nil},
	} {
		w.as(c.viewer, func(ctx context.Context, q *db.Queries) {
			var contacts, owners []uuid.UUID
			people, err := q.OpportunityListContacts(ctx, db.OpportunityListContactsParams{OpportunityID: kettles, At: c.at, MaxRows: 9})
			require.NoError(t, err)
			for _, p := range people {
				contacts = append(contacts, p.PersonID)
				require.Equal(t, p.PersonID == ada, p.IsPrimary)
			}
			require.Equal(t, c.contacts, contacts)
			assigned, err := q.OpportunityListOwners(ctx, db.OpportunityListOwnersParams{OpportunityID: kettles, At: c.at, MaxRows: 9})
			require.NoError(t, err)
			for _, p := range assigned {
				owners = append(owners, p.PersonID)
			}
			require.Equal(t, c.owners, owners)
			owner, err := q.OpportunityGetOwner(ctx, db.OpportunityGetOwnerParams{OpportunityID: kettles, At: c.at})
			if c.owners == nil {
				require.ErrorIs(t, err, pgx.ErrNoRows)
				return
			}
			require.NoError(t, err)
			require.Equal(t, c.owners[0], owner.PersonID)
		})
	}
	w.as(salesman, func(ctx context.Context, q *db.Queries) {
		people, err := q.OpportunityListContacts(ctx, db.OpportunityListContactsParams{OpportunityID: kettles, MaxRows: 9})
		require.NoError(t, err)
		require.Equal(t, db.OpportunityListContactsRow{
			EdgeID: id(0x114), IsPrimary: true, PersonID: ada, Name: new("Ada Lovelace"), Code: new("CON-2401-0001"), Role: new("Decision Maker"),
			Email: new("Ada@Acme.example"), Phone: new("+420 555 200 001"), Since: new(moment(t, "2024-02-01T00:00:00Z")),
		}, people[0])
		require.Equal(t, []*string{nil, nil, nil, nil, nil}, []*string{people[1].Name, people[1].Code, people[1].Role, people[1].Email, people[1].Phone})
		owners, err := q.OpportunityListOwners(ctx, db.OpportunityListOwnersParams{OpportunityID: kettles, MaxRows: 2})
		require.NoError(t, err)
		require.Equal(t, []any{"owner", "Eve Seller", "CON-2401-0003", "eve@corp.example", "backup"},
			[]any{*owners[0].Role, *owners[0].Name, *owners[0].Code, *owners[0].Email, *owners[1].Role})
	})
}

func TestOpportunityHistory(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, err := w.owner.Exec(context.Background(), `INSERT INTO rye.assertions (id, assertion_type, assertion_key, subject_node_id, claim, asserted_at, superseded_at) VALUES
		($1, 'deal_value', 'default', $3, '{"amount": "a lot"}', '2024-01-31Z', '2024-02-01 08:00Z'), ($2, 'deal_value', 'arr', $3, '{"amount": 5}', '2024-01-31Z', NULL)`,
		id(0x3f1), id(0x3f2), kettles)
	require.NoError(t, err)
	stages := func(ctx context.Context, q *db.Queries) []db.OpportunityListStagesRow {
		return keysInPages(t, func(r db.OpportunityListStagesRow) db.OpportunityListStagesRow { return r }, func(last *db.OpportunityListStagesRow, most int32) ([]db.OpportunityListStagesRow, error) {
			p := db.OpportunityListStagesParams{OpportunityID: kettles, MaxRows: most}
			if last != nil {
				p.AfterEnteredAt, p.AfterLeftAt, p.AfterID = &last.EnteredAt, last.LeftAt, &last.ID
			}
			return q.OpportunityListStages(ctx, p)
		})
	}
	values := func(ctx context.Context, q *db.Queries, key string) []db.OpportunityListValuesRow {
		return keysInPages(t, func(r db.OpportunityListValuesRow) db.OpportunityListValuesRow { return r }, func(last *db.OpportunityListValuesRow, most int32) ([]db.OpportunityListValuesRow, error) {
			p := db.OpportunityListValuesParams{OpportunityID: kettles, AssertionKey: key, MaxRows: most}
			if last != nil {
				p.AfterSince, p.AfterUntil, p.AfterID = &last.Since, last.Until, &last.ID
			}
			return q.OpportunityListValues(ctx, p)
		})
	}
	began, moved, offered := moment(t, "2024-02-01T08:00:00Z"), moment(t, "2024-02-10T10:00:00Z"), moment(t, "2024-02-12T10:00:00Z")
	w.as(salesman, func(ctx context.Context, q *db.Queries) {
		require.Equal(t, []db.OpportunityListStagesRow{
			{ID: id(0x301), Stage: new("prospecting"), StageLabel: new("Prospecting"), Pipeline: new("PL-SALES"), EnteredAt: began, LeftAt: &moved},
			{ID: id(0x302), Stage: new("proposal"), StageLabel: new("Proposal"), Pipeline: new("PL-SALES"), EnteredAt: moved, MovedFrom: new("prospecting"), EventID: new(id(0x201))},
		}, stages(ctx, q))
		require.Equal(t, []db.OpportunityListValuesRow{
			{ID: id(0x3f1), Since: moment(t, "2024-01-31T00:00:00Z"), Until: &began},
			{ID: id(0x303), Amount: amount("1000"), Currency: new("EUR"), Basis: new("Guess"), Since: began, Until: &offered},
			{ID: id(0x304), Amount: amount("1250.50"), Currency: new("EUR"), Basis: new("Offer"), Since: offered},
		}, values(ctx, q, ""))
		require.Len(t, values(ctx, q, "arr"), 1)
		// Through all stages in one transaction, at one time.
		deal, err := q.OpportunityCreate(ctx, db.OpportunityCreateParams{Name: "Fast", PipelineCode: "PL-SALES"})
		require.NoError(t, err)
		_, err = q.OpportunityAdvance(ctx, db.OpportunityAdvanceParams{OpportunityID: deal, Stage: "proposal"})
		require.NoError(t, err)
		fast, err := q.OpportunityListStages(ctx, db.OpportunityListStagesParams{OpportunityID: deal, MaxRows: 9})
		require.NoError(t, err)
		require.Equal(t, []string{"prospecting", "proposal"}, []string{*fast[0].Stage, *fast[1].Stage})
	})
	for _, c := range []struct {
		viewer         viewer
		stages, values int
	}{{auditor, 2, 3}, {finance, 0, 3}, {support, 0, 0}, {nobody, 0, 0}} {
		w.as(c.viewer, func(ctx context.Context, q *db.Queries) {
			require.Len(t, stages(ctx, q), c.stages)
			require.Len(t, values(ctx, q, ""), c.values)
		})
	}
	// A stage that the pipeline does not have (any more), and a pipeline whose stages are none.
	_, err = w.owner.Exec(context.Background(), `UPDATE rye.nodes SET properties = properties || '{"stages": "none"}' WHERE id = $1`, pipeline)
	require.NoError(t, err)
	w.as(salesman, func(ctx context.Context, q *db.Queries) {
		require.Nil(t, stages(ctx, q)[0].StageLabel)
	})
}

func TestOpportunityTickets(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	// Three more tickets: one of Sue that is closed, one of Ada without a status, one of her without a
	// deal under way but for the kettles. Ada is a contact of two deals more, of which one is won.
	_, err := w.owner.Exec(context.Background(), `
		INSERT INTO rye.nodes (id, node_type, label) VALUES
			('00000000-0000-4000-8000-000000000052', 'ticket', 'Closed'), ('00000000-0000-4000-8000-000000000053', 'ticket', NULL);
		INSERT INTO rye.edges (id, edge_type, source_id, target_id) VALUES
			('00000000-0000-4000-8000-0000000001f1', 'filed', '00000000-0000-4000-8000-000000000011', '00000000-0000-4000-8000-000000000052'),
			('00000000-0000-4000-8000-0000000001f2', 'filed', '00000000-0000-4000-8000-000000000011', '00000000-0000-4000-8000-000000000053'),
			('00000000-0000-4000-8000-0000000001f3', 'secondary_contact', '00000000-0000-4000-8000-000000000032', '00000000-0000-4000-8000-000000000011'),
			('00000000-0000-4000-8000-0000000001f4', 'primary_contact', '00000000-0000-4000-8000-000000000033', '00000000-0000-4000-8000-000000000011');
		INSERT INTO rye.assertions (assertion_type, subject_node_id, claim) VALUES ('ticket_status', '00000000-0000-4000-8000-000000000052', '{"status": "closed"}')`)
	require.NoError(t, err)
	type found struct{ ticket, contact, deal uuid.UUID }
	all := func(ctx context.Context, q *db.Queries) []found {
		return keysInPages(t, func(r db.OpportunityListTicketsRow) found { return found{r.TicketID, r.ContactID, r.OpportunityID} }, func(last *db.OpportunityListTicketsRow, most int32) ([]db.OpportunityListTicketsRow, error) {
			p := db.OpportunityListTicketsParams{MaxRows: most}
			if last != nil {
				p.AfterTicketID, p.AfterContactEdgeID, p.AfterFiledEdgeID = &last.TicketID, &last.ContactEdgeID, &last.FiledEdgeID
			}
			return q.OpportunityListTickets(ctx, p)
		})
	}
	byDeal := func(ctx context.Context, q *db.Queries, deal uuid.UUID) []found {
		return keysInPages(t, func(r db.OpportunityListTicketsByDealRow) found { return found{r.TicketID, r.ContactID, deal} }, func(last *db.OpportunityListTicketsByDealRow, most int32) ([]db.OpportunityListTicketsByDealRow, error) {
			p := db.OpportunityListTicketsByDealParams{OpportunityID: deal, MaxRows: most}
			if last != nil {
				p.AfterTicketID, p.AfterContactEdgeID, p.AfterFiledEdgeID = &last.TicketID, &last.ContactEdgeID, &last.FiledEdgeID
			}
			return q.OpportunityListTicketsByDeal(ctx, p)
		})
	}
	odd := id(0x53)
	for _, c := range []struct {
		viewer viewer
		all    []found
		deal   []found
	}{
		{admin, []found{{leak, sue, kettles}, {odd, ada, kettles}, {odd, ada, tanks}}, []found{{leak, sue, kettles}, {odd, ada, kettles}}},
		{salesman, []found{{odd, ada, kettles}, {odd, ada, tanks}}, []found{{odd, ada, kettles}}},
		{support, []found{{odd, ada, tanks}}, []found{}},
		{nobody, []found{{odd, ada, tanks}}, []found{}},
	} {
		w.as(c.viewer, func(ctx context.Context, q *db.Queries) {
			require.Equal(t, c.all, all(ctx, q))
			require.Equal(t, c.deal, byDeal(ctx, q, kettles))
		})
	}
	w.as(admin, func(ctx context.Context, q *db.Queries) {
		rows, err := q.OpportunityListTickets(ctx, db.OpportunityListTicketsParams{MaxRows: 2})
		require.NoError(t, err)
		r := rows[0]
		require.Equal(t, []string{"Kettle leaks", "TIC-2404-0001", "open", "Sue Secret", "Acme kettles", "OPP-2402-0001"},
			[]string{*r.TicketTitle, *r.TicketCode, *r.TicketStatus, *r.ContactName, *r.OpportunityName, *r.OpportunityCode})
		require.Equal(t, []*string{nil, nil, nil}, []*string{rows[1].TicketTitle, rows[1].TicketCode, rows[1].TicketStatus})
		require.Len(t, byDeal(ctx, q, cellar), 1, "of a deal that is asked for by name, whatever its stage")
	})
}
