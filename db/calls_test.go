package db_test

import (
	"context"

	"github.com/projectrye/rye-import/db"
)

// call makes one call of a query that reads.
type call = func(ctx context.Context, q *db.Queries, k *keys) error

// give drops what a query gave.
func give[T any](_ T, err error) error { return err }

// page is the size of a page that somebody looks at.
const page = 50

// calls has a call for every query that reads.
var calls = map[string]call{
	"AssertionListByNode": func(ctx context.Context, q *db.Queries, k *keys) error {
		return give(q.AssertionListByNode(ctx, db.AssertionListByNodeParams{NodeID: k.deal, MaxRows: page}))
	},
	"EdgeListByNode": func(ctx context.Context, q *db.Queries, k *keys) error {
		return give(q.EdgeListByNode(ctx, db.EdgeListByNodeParams{NodeID: k.deal, MaxRows: page}))
	},
	"NodeGetByCode": func(ctx context.Context, q *db.Queries, k *keys) error {
		return give(q.NodeGetByCode(ctx, k.dealCode))
	},
}

// writes are the queries that write, or that read nothing of the graph.
var writes = []string{"SessionSetContext", "SessionGetContext", "ViewsRefresh"}

// mayScan are the queries that read a core table from one end to the other, and why they may.
var mayScan = map[string]string{}
