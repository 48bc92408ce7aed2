package main

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/projectrye/rye-import/db"
)

const pageSize = 500

// A deal is one that is quiet, whichever query found it.
type deal = db.OpportunityListQuietRow

// listAll gives the quiet deals of everybody, those that are quiet the longest first. One query does it, from a
// materialized view, which only a trusted role may read.
func listAll(ctx context.Context, q *db.Queries, since time.Time) ([]deal, error) {
	var deals []deal
	page := db.OpportunityListQuietParams{Since: since, MaxRows: pageSize}
	for {
		rows, err := q.OpportunityListQuiet(ctx, page)
		if err != nil {
			return nil, err
		}
		deals = append(deals, rows...)
		if len(rows) < pageSize {
			return deals, nil
		}
		last := rows[len(rows)-1]
		page.AfterQuietSince, page.AfterID = &last.QuietSince, &last.NodeID
	}
}

// listSeen gives the quiet deals that the session sees: a page of deals, and the last event that it sees of
// each, in two queries a page.
func listSeen(ctx context.Context, q *db.Queries, since time.Time) ([]deal, error) {
	var deals []deal
	page := db.OpportunityActiveSecureListParams{MaxRows: pageSize}
	for {
		rows, err := q.OpportunityActiveSecureList(ctx, page)
		if err != nil {
			return nil, err
		}
		lastEvents, err := lastEvents(ctx, q, rows)
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			d := deal{
				NodeID: r.NodeID, Code: r.Code, Label: r.Label, Stage: r.Stage, Pipeline: r.Pipeline,
				CurrentValue: r.CurrentValue, Currency: r.Currency, AssignedToID: r.AssignedToID, AssignedToName: r.AssignedToName,
				QuietSince: r.CreatedAt,
			}
			if at, ok := lastEvents[r.NodeID]; ok {
				d.QuietSince, d.LastEventAt = at, &at
			}
			if d.QuietSince.Before(since) {
				deals = append(deals, d)
			}
		}
		if len(rows) < pageSize {
			return deals, nil
		}
		last := rows[len(rows)-1]
		page.BeforeAt, page.BeforeID = &last.CreatedAt, &last.NodeID
	}
}

func lastEvents(ctx context.Context, q *db.Queries, deals []db.OpportunitiesActiveSecure) (map[uuid.UUID]time.Time, error) {
	ids := make([]uuid.UUID, len(deals))
	for i, d := range deals {
		ids[i] = d.NodeID
	}
	events, err := q.EventListByNodes(ctx, db.EventListByNodesParams{NodeIDs: ids, PerNode: 1, MaxRows: pageSize})
	if err != nil {
		return nil, err
	}
	out := make(map[uuid.UUID]time.Time, len(events))
	for _, e := range events {
		out[e.NodeID] = e.OccurredAt
	}
	return out, nil
}
