// Package explore reads the graph for people: the deals under way, and one record with everything
// that hangs on it.
package explore

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/projectrye/rye-import/db"
)

// ErrNotFound says that no node has the code.
var ErrNotFound = errors.New("no node has this code")

// Deal is an opportunity that is under way.
type Deal struct {
	Code, Label, Pipeline, Stage, Value, Currency, Owner, Contact string
}

// StageSum counts and sums the deals in a stage. Weighted is the sum of value times probability.
type StageSum struct {
	Pipeline, Stage, Currency, Total, Weighted string
	Deals                                      int64
}

// Deals gives the deals that are under way, by stage and value, at most so many.
func Deals(ctx context.Context, pool *pgxpool.Pool, most int) ([]Deal, error) {
	rows, err := db.New(pool).OpportunityActiveListByStage(ctx, int32(most))
	if err != nil {
		return nil, fmt.Errorf("reading deals: %w", err)
	}
	deals := make([]Deal, len(rows))
	for i, r := range rows {
		deals[i] = Deal{
			Code: text(r.Code), Label: text(r.Label), Pipeline: text(r.PipelineLabel, r.Pipeline), Stage: text(r.StageLabel, r.Stage),
			Currency: text(r.Currency), Owner: text(r.AssignedToName), Contact: text(r.PrimaryContactName),
		}
		if r.CurrentValue != nil {
			deals[i].Value = r.CurrentValue.String()
		}
	}
	return deals, nil
}

// Funnel sums up the deals that are under way, by pipeline, stage and currency.
func Funnel(ctx context.Context, pool *pgxpool.Pool) ([]StageSum, error) {
	const most = 1000
	rows, err := db.New(pool).OpportunityActiveFunnel(ctx, most)
	if err != nil {
		return nil, fmt.Errorf("reading the funnel: %w", err)
	}
	sums := make([]StageSum, len(rows))
	for i, r := range rows {
		sums[i] = StageSum{
			Pipeline: text(r.PipelineLabel, r.Pipeline), Stage: text(r.StageLabel, r.Stage), Currency: text(r.Currency),
			Deals: r.Deals, Total: r.Total.String(), Weighted: r.Weighted.String(),
		}
	}
	return sums, nil
}

// text gives the first text that there is.
func text(texts ...*string) string {
	for _, t := range texts {
		if t != nil {
			return *t
		}
	}
	return ""
}

// Record is a node with what hangs on it.
type Record struct {
	ID                uuid.UUID
	Code, Type, Label string
	Properties        json.RawMessage
	CreatedAt         time.Time
	Sources           []string // records of sources, as salesforce:Contact:003...
	Edges             []Edge
	Facts             []Fact
	Events            []Event
}

// Edge is an edge seen from one of its ends.
type Edge struct {
	Type                             string
	Outbound                         bool
	OtherType, OtherLabel, OtherCode string
	From, To                         *time.Time
}

// Fact is a fact, current or superseded.
type Fact struct {
	Type, Key    string
	Claim        json.RawMessage
	AssertedAt   time.Time
	SupersededAt *time.Time
}

// Event is an event that the node took part in.
type Event struct {
	Type, Summary, Role string
	OccurredAt          time.Time
}

// most bounds what is read of one record: it is for eyes.
const most = 100

// Get gives the record of a code. The error is ErrNotFound if there is none.
func Get(ctx context.Context, pool *pgxpool.Pool, code string) (*Record, error) {
	q := db.New(pool)
	n, err := q.NodeGetByCode(ctx, code)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, fmt.Errorf("%w: %s", ErrNotFound, code)
	}
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", code, err)
	}
	r := &Record{ID: n.ID, Code: code, Type: n.NodeType, Properties: n.Properties, CreatedAt: n.CreatedAt}
	if n.Label != nil {
		r.Label = *n.Label
	}
	sources, err := q.NodeSourceMapListByNode(ctx, db.NodeSourceMapListByNodeParams{NodeID: n.ID, MaxRows: most})
	if err != nil {
		return nil, fmt.Errorf("reading the sources of %s: %w", code, err)
	}
	for _, s := range sources {
		r.Sources = append(r.Sources, s.SourceSchema+":"+s.SourceTable+":"+s.SourceID)
	}
	edges, err := q.EdgeListByNode(ctx, db.EdgeListByNodeParams{NodeID: n.ID, MaxRows: most})
	if err != nil {
		return nil, fmt.Errorf("reading the edges of %s: %w", code, err)
	}
	for _, e := range edges {
		r.Edges = append(r.Edges, Edge{
			Type: e.EdgeType, Outbound: e.Outbound, OtherType: e.OtherType, OtherLabel: text(e.OtherLabel), OtherCode: text(e.OtherCode),
			From: e.EffectiveFrom, To: e.EffectiveTo,
		})
	}
	facts, err := q.AssertionListByNode(ctx, db.AssertionListByNodeParams{NodeID: n.ID, MaxRows: most})
	if err != nil {
		return nil, fmt.Errorf("reading the facts about %s: %w", code, err)
	}
	for _, f := range facts {
		r.Facts = append(r.Facts, Fact{
			Type: f.AssertionType, Key: f.AssertionKey, Claim: f.Claim, AssertedAt: f.AssertedAt, SupersededAt: f.SupersededAt,
		})
	}
	events, err := q.EventListByNode(ctx, db.EventListByNodeParams{NodeID: n.ID, MaxRows: most})
	if err != nil {
		return nil, fmt.Errorf("reading the events of %s: %w", code, err)
	}
	for _, e := range events {
		event := Event{Type: e.EventType, Role: strings.Join(e.Roles, ", "), OccurredAt: e.OccurredAt}
		if e.Summary != nil {
			event.Summary = *e.Summary
		}
		r.Events = append(r.Events, event)
	}
	return r, nil
}
