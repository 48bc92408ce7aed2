package main

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// tables are those of the graph, which the floor rebuilds. What the importer keeps for itself, in the schema
// rye_import, is no part of it.
var tables = []string{"nodes", "edges", "events", "event_participants", "assertions", "artifacts", "node_source_map"}

func tableName(table string) string { return pgx.Identifier{"rye", table}.Sanitize() }

// counts are rows by table.
type counts map[string]int64

func (c counts) sum() (n int64) {
	for _, rows := range c {
		n += rows
	}
	return n
}

func countRows(ctx context.Context, conn *pgx.Conn) (counts, error) {
	c := make(counts)
	for _, table := range tables {
		var n int64
		if err := conn.QueryRow(ctx, "SELECT count(*) FROM "+tableName(table)).Scan(&n); err != nil {
			return nil, fmt.Errorf("counting %s: %w", table, err)
		}
		c[table] = n
	}
	return c, nil
}
