package main

import (
	"context"
	"time"

	"github.com/projectrye/rye-import/db"
)

const pageSize = 500

// A deal is one that is quiet, whichever query found it.
type deal = db.OpportunityListQuietRow

// listAll gives the quiet deals of everybody, those that are quiet the longest first. It reads a
// materialized view, which only a trusted role may.
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

// listSeen gives the quiet deals that the session sees.
func listSeen(ctx context.Context, q *db.Queries, since time.Time) ([]deal, error) {
	var deals []deal
	page := db.OpportunityActiveSecureListQuietParams{Since: since, MaxRows: pageSize}
	for {
		rows, err := q.OpportunityActiveSecureListQuiet(ctx, page)
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			deals = append(deals, deal(r))
		}
		if len(rows) < pageSize {
			return deals, nil
		}
		last := rows[len(rows)-1]
		page.AfterQuietSince, page.AfterID = &last.QuietSince, &last.NodeID
	}
}
