package db_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/projectrye/rye-import/db"
	"github.com/projectrye/rye-import/internal/pgtest"
)

// The examples run on the graph of testdata/world.sql. In a program, a pool stands where they have an
// example's connection: conn := db.WithErrors(pool).

// must ends an example at an error. A program returns it.
func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// trusted gives a connection that sees all, and what closes it.
func trusted() (context.Context, db.Conn, func()) {
	tb, end := pgtest.Example()
	pool := pgtest.New(tb)
	_, err := pool.Exec(context.Background(), worldSQL)
	require.NoError(tb, err)
	return context.Background(), db.WithErrors(pool), end
}

// application gives a connection of a member of rye_app, who is under row-level security.
func application() (context.Context, db.Conn, func()) {
	tb, end := pgtest.Example()
	ctx := context.Background()
	url := pgtest.Clone(tb)
	owner := pgtest.Connect(tb, url)
	_, err := owner.Exec(ctx, worldSQL)
	require.NoError(tb, err)
	login := pgtest.Role(tb, owner, "NOSUPERUSER NOCREATEROLE NOBYPASSRLS")
	_, err = owner.Exec(ctx, "GRANT rye_app TO "+pgx.Identifier{login}.Sanitize())
	require.NoError(tb, err)
	return ctx, db.WithErrors(pgtest.Connect(tb, pgtest.AsRole(tb, url, login))), end
}

// On behalf of a user, a query gives what that user may see.
func Example_session() {
	ctx, conn, end := application()
	defer end()

	seller := db.SessionSetContextParams{UserID: "user:eve", Teams: []string{"sales"}, Role: db.SessionTeamMember}
	support := db.SessionSetContextParams{UserID: "user:sam", Teams: []string{"support"}, Role: db.SessionTeamMember}
	for _, who := range []db.SessionSetContextParams{seller, support} {
		err := pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
			q := db.New(tx)
			if err := q.SessionSetContext(ctx, who); err != nil {
				return err
			}
			deal, err := q.NodeGetByCode(ctx, "OPP-2402-0001")
			if err != nil {
				return err
			}
			fmt.Println(who.UserID, "sees", *deal.Label)
			return nil
		})
		switch {
		case errors.Is(err, db.ErrNotFound):
			fmt.Println(who.UserID, "sees no such deal")
		case err != nil:
			panic(err)
		}
	}
	// Output:
	// user:eve sees Acme kettles
	// user:sam sees no such deal
}

// A code is what people say aloud.
func ExampleQueries_NodeGetByCode() {
	ctx, conn, end := trusted()
	defer end()

	person := must(db.New(conn).NodeGetByCode(ctx, "CON-2401-0001"))
	var said struct {
		Email string `json:"email"`
	}
	if err := json.Unmarshal(person.Properties, &said); err != nil {
		panic(err)
	}
	fmt.Println(person.NodeType, *person.Label, said.Email)
	// Output:
	// person Ada Lovelace Ada@Acme.example
}

// A name need not be spelled right.
func ExampleQueries_NodeSearchByName() {
	ctx, conn, end := trusted()
	defer end()

	found := must(db.New(conn).NodeSearchByName(ctx, db.NodeSearchByNameParams{
		Name: "ada lovelase", NodeTypes: []string{db.NodePerson}, MaxRows: 10,
	}))
	for _, hit := range found {
		fmt.Println(*hit.Node.Label)
	}
	// Output:
	// Ada Lovelace
	// A. Lovelace
}

// A deal begins in the first stage of its pipeline, and is moved from stage to stage.
func ExampleQueries_OpportunityCreate() {
	ctx, conn, end := trusted()
	defer end()

	q := db.New(conn)
	owner := must(q.NodeGetByCode(ctx, "CON-2401-0003"))
	deal := must(q.OpportunityCreate(ctx, db.OpportunityCreateParams{
		Name: "Globex whey line", PipelineCode: "PL-SALES", AssignedToID: &owner.ID,
		Properties: json.RawMessage(`{"region": "North"}`),
	}))
	must(q.OpportunityAdvance(ctx, db.OpportunityAdvanceParams{
		OpportunityID: deal, Stage: db.StageProposal, Reason: new("Asked for an offer"),
	}))

	for _, was := range must(q.OpportunityListStages(ctx, db.OpportunityListStagesParams{OpportunityID: deal, MaxRows: 10})) {
		fmt.Println(*was.StageLabel, was.LeftAt == nil)
	}
	// Output:
	// Prospecting false
	// Proposal true
}

// An error says what kind it is, and what there is instead.
func ExampleUnknownStageError() {
	ctx, conn, end := trusted()
	defer end()

	q := db.New(conn)
	deal := must(q.NodeGetByCode(ctx, "OPP-2402-0001"))
	_, err := q.OpportunityAdvance(ctx, db.OpportunityAdvanceParams{OpportunityID: deal.ID, Stage: "won"})
	if unknown := new(db.UnknownStageError); errors.As(err, &unknown) {
		fmt.Println(unknown.Pipeline, "has no stage", unknown.Stage)
		fmt.Println("it has", unknown.Stages)
	}
	// Output:
	// PL-SALES has no stage won
	// it has [prospecting proposal closed_won closed_lost]
}

// An activity has participants, each in a role.
func ExampleQueries_ActivityLog() {
	ctx, conn, end := trusted()
	defer end()

	q := db.New(conn)
	person, deal := must(q.NodeGetByCode(ctx, "CON-2401-0001")), must(q.NodeGetByCode(ctx, "OPP-2402-0001"))
	call := must(q.ActivityLog(ctx, db.ActivityLogParams{
		EventType: db.EventPhoneCall, Summary: new("Delivery dates"),
		Properties:     json.RawMessage(`{"duration": 300, "direction": "inbound"}`),
		Actor:          new("user:eve"),
		ParticipantIDs: []uuid.UUID{person.ID, deal.ID}, ParticipantRoles: []string{db.RoleContact, db.RoleRegarding},
	}))

	took := must(q.EventListParticipants(ctx, db.EventListParticipantsParams{EventIDs: []uuid.UUID{call}, MaxRows: 10}))
	for _, part := range took {
		fmt.Println(part.Role, *part.Label)
	}
	// Output:
	// contact Ada Lovelace
	// regarding Acme kettles
}

// A fact is superseded and never overwritten: what it said before stays.
func ExampleQueries_AssertionSupersede() {
	ctx, conn, end := trusted()
	defer end()

	q := db.New(conn)
	person := must(q.NodeGetByCode(ctx, "CON-2401-0002"))
	neutral := must(json.Marshal(db.SentimentClaim{Stance: "neutral"}))
	fact := must(q.AssertionRecord(ctx, db.AssertionRecordParams{
		AssertionType: db.AssertionSentiment, SubjectNodeID: &person.ID, Claim: neutral,
	}))
	pleased := must(json.Marshal(db.SentimentClaim{Stance: "pleased", Notes: "Liked the tanks"}))
	must(q.AssertionSupersede(ctx, db.AssertionSupersedeParams{ID: fact, Claim: pleased}))

	// Who comes late is told so.
	_, err := q.AssertionSupersede(ctx, db.AssertionSupersedeParams{ID: fact, Claim: neutral})
	fmt.Println(errors.Is(err, db.ErrSuperseded))

	for _, said := range must(q.AssertionListHistory(ctx, db.AssertionListHistoryParams{
		NodeID: person.ID, AssertionType: db.AssertionSentiment, MaxRows: 10,
	})) {
		var claim db.SentimentClaim
		if err := json.Unmarshal(said.Claim, &claim); err != nil {
			panic(err)
		}
		fmt.Println(claim.Stance, said.SupersededAt == nil)
	}
	// Output:
	// true
	// pleased true
	// neutral false
}

// What was on record at a time, whatever was learnt since.
func ExampleQueries_AssertionListBelieved() {
	ctx, conn, end := trusted()
	defer end()

	q := db.New(conn)
	deal := must(q.NodeGetByCode(ctx, "OPP-2402-0001"))
	for _, day := range []int{5, 20} {
		at := time.Date(2024, time.February, day, 0, 0, 0, 0, time.UTC)
		for _, fact := range must(q.AssertionListBelieved(ctx, db.AssertionListBelievedParams{
			NodeID: deal.ID, At: at, AssertionTypes: []string{db.AssertionDealValue}, MaxRows: 10,
		})) {
			var value db.DealValueClaim
			if err := json.Unmarshal(fact.Claim, &value); err != nil {
				panic(err)
			}
			fmt.Println(at.Format(time.DateOnly), value.Amount.StringFixed(2), value.Currency, value.Basis)
		}
	}
	// Output:
	// 2024-02-05 1000.00 EUR Guess
	// 2024-02-20 1250.50 EUR Offer
}

// A page begins where the one before ended.
func ExampleQueries_OpportunityActiveSecureList() {
	ctx, conn, end := trusted()
	defer end()

	q := db.New(conn)
	page := db.OpportunityActiveSecureListParams{Pipeline: new("PL-SALES"), MaxRows: 1}
	for {
		deals := must(q.OpportunityActiveSecureList(ctx, page))
		for _, deal := range deals {
			fmt.Println(*deal.Code, *deal.Name, *deal.Stage)
		}
		if len(deals) < int(page.MaxRows) {
			break
		}
		last := deals[len(deals)-1]
		page.BeforeAt, page.BeforeID = &last.CreatedAt, &last.NodeID
	}
	// Output:
	// OPP-2402-0002 Globex tanks prospecting
	// OPP-2402-0001 Acme kettles proposal
}

// Whom an org employed then, and whom it employs now.
func ExampleQueries_EdgeListPeople() {
	ctx, conn, end := trusted()
	defer end()

	q := db.New(conn)
	org := must(q.NodeGetByCode(ctx, "ORG-2401-0001"))
	then := time.Date(2022, time.May, 1, 0, 0, 0, 0, time.UTC)
	for _, at := range []*time.Time{&then, nil} {
		for _, person := range must(q.EdgeListPeople(ctx, db.EdgeListPeopleParams{OrgID: org.ID, At: at, MaxRows: 100})) {
			title := "-"
			if person.Title != nil {
				title = *person.Title
			}
			fmt.Println(at == nil, *person.Name, title)
		}
	}
	// Output:
	// false Bob Babbage Apprentice
	// true Ada Lovelace Brewer
	// true Sue Secret -
}

// Deals under way by stage, counted and summed by currency.
func ExampleQueries_OpportunityFunnel() {
	ctx, conn, end := trusted()
	defer end()

	for _, row := range must(db.New(conn).OpportunityFunnel(ctx, 100)) {
		fmt.Println(*row.PipelineLabel, *row.StageLabel, row.Deals, row.Total.StringFixed(2), *row.Currency, row.Weighted.StringFixed(2))
	}
	// Output:
	// Sales Pipeline Prospecting 1 2000.00 USD 0.00
	// Sales Pipeline Proposal 1 1250.50 EUR 500.20
}

// The ids of the CRM that was left, many in one call. An id that is not in the graph has no row.
func ExampleQueries_NodeSourceMapListByRecords() {
	ctx, conn, end := trusted()
	defer end()

	known := must(db.New(conn).NodeSourceMapListByRecords(ctx, db.NodeSourceMapListByRecordsParams{
		Source: "salesforce", Object: "Contact", SourceIDs: []string{"003A", "003Z"}, MaxRows: 1000,
	}))
	for _, record := range known {
		fmt.Println(record.SourceTable, record.SourceID, "is", record.NodeID)
	}
	// Output:
	// Contact 003A is 00000000-0000-4000-8000-000000000011
}

// What somebody took part in, the latest first.
func ExampleQueries_EventListByNode() {
	ctx, conn, end := trusted()
	defer end()

	q := db.New(conn)
	person := must(q.NodeGetByCode(ctx, "CON-2401-0001"))
	for _, event := range must(q.EventListByNode(ctx, db.EventListByNodeParams{NodeID: person.ID, MaxRows: 20})) {
		fmt.Println(event.OccurredAt.UTC().Format(time.DateOnly), event.EventType, event.Roles, *event.Summary)
	}
	// Output:
	// 2024-02-12 email [recipient] Offer
	// 2024-02-11 phone_call [contact] Kettle sizes
}
