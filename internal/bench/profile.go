package main

import (
	"cmp"
	"context"
	_ "embed"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

var (
	//go:embed profile.sql
	profileStatement string
	//go:embed index_sizes.sql
	indexSizeStatement string
)

// statement is what the server counted of one.
type statement struct {
	Name     string  `json:"name"`
	TopLevel bool    `json:"top_level"` // else it is part of another one
	Calls    int64   `json:"calls"`
	Rows     int64   `json:"rows"`
	Seconds  float64 `json:"seconds"`
	WAL      int64   `json:"wal_bytes"`
	Pages    int64   `json:"pages"`   // of 8 KB, looked at
	Spilled  int64   `json:"spilled"` // pages of temporary files that were written
}

// enableProfile lets a server that has not started yet count statements, at some cost of its own.
func enableProfile(home string) error {
	if err := os.MkdirAll(home, 0o711); err != nil { //nolint:gosec // the server's user passes through
		return err
	}
	conf := "shared_preload_libraries = 'pg_stat_statements'\npg_stat_statements.track = all\n"
	return os.WriteFile(filepath.Join(home, "local.conf"), []byte(conf), 0o644) //nolint:gosec // read by the server's user
}

// builtIndex is an index and what it takes to build it anew, by one connection.
type builtIndex struct {
	Name    string
	Bytes   int64
	Seconds float64
}

// profile is what was found out of one import.
type profile struct {
	of         string
	statements []statement
}

// profiled is a first import and one of the 1 %, which are timed by none of the parts, since counting costs
// too. It tells of their statements, and of the indexes that they filled.
func (b *bench) profiled(ctx context.Context) ([]profile, []builtIndex, error) {
	if err := script(ctx, b.server.admin, "CREATE EXTENSION pg_stat_statements"); err != nil {
		return nil, nil, err
	}
	if err := b.server.clone(ctx, scratch, pristine); err != nil {
		return nil, nil, err
	}
	var list []profile
	for _, p := range []struct{ of, export string }{{"the first import", "export"}, {"the import of 1 %", "changed"}} {
		if err := script(ctx, b.server.admin, "SELECT pg_stat_statements_reset()"); err != nil {
			return nil, nil, err
		}
		if _, err := b.server.timed(ctx, b.runOf(ctx, scratch, p.export)); err != nil {
			return nil, nil, err
		}
		rows, err := b.server.admin.Query(ctx, profileStatement, scratch)
		if err != nil {
			return nil, nil, err
		}
		statements, err := pgx.CollectRows(rows, pgx.RowToStructByPos[statement])
		if err != nil {
			return nil, nil, err
		}
		list = append(list, profile{of: p.of, statements: statements})
		// As for the parts: by the next night the server has looked through the tables.
		if err := b.server.with(ctx, scratch, func(conn *pgx.Conn) error { return script(ctx, conn, "VACUUM (ANALYZE)") }); err != nil {
			return nil, nil, err
		}
	}
	var indexes []builtIndex
	err := b.server.with(ctx, scratch, func(conn *pgx.Conn) (err error) {
		indexes, err = rebuild(ctx, conn)
		return err
	})
	return list, indexes, err
}

func rebuild(ctx context.Context, conn *pgx.Conn) ([]builtIndex, error) {
	rows, err := conn.Query(ctx, indexSizeStatement, tables)
	if err != nil {
		return nil, err
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (i builtIndex, err error) {
		return i, row.Scan(&i.Name, &i.Bytes)
	})
	if err != nil {
		return nil, err
	}
	for n := range list {
		i := &list[n]
		begin := time.Now()
		if err := script(ctx, conn, "REINDEX INDEX "+i.Name); err != nil { // the server has quoted it
			return nil, err
		}
		i.Seconds = time.Since(begin).Seconds()
	}
	slices.SortStableFunc(list, func(a, b builtIndex) int { return cmp.Compare(b.Seconds, a.Seconds) })
	return list, nil
}

func writeProfile(out io.Writer, list []profile, indexes []builtIndex) error {
	var s strings.Builder
	for _, p := range list {
		fmt.Fprintf(&s, "| statement of %s | calls | rows | time | WAL | pages | spilled |\n|---|--:|--:|--:|--:|--:|--:|\n", p.of)
		for _, q := range p.statements {
			name := strings.ReplaceAll(q.Name, "|", `\|`)
			if !q.TopLevel {
				name = "⤷ " + name
			}
			fmt.Fprintf(&s, "| %s | %s | %s | %s | %s | %s | %s |\n", name, thousands(q.Calls), thousands(q.Rows), seconds(q.Seconds),
				megabytes(q.WAL), thousands(q.Pages), thousands(q.Spilled))
		}
		s.WriteString("\n")
	}
	s.WriteString("⤷ happens inside of others: checks of foreign keys, functions, triggers.\n")
	s.WriteString("\n| index | size as filled | built anew in |\n|---|--:|--:|\n")
	for _, i := range indexes {
		fmt.Fprintf(&s, "| `%s` | %.1f MB | %.2f s |\n", i.Name, float64(i.Bytes)/(1<<20), i.Seconds)
	}
	_, err := io.WriteString(out, s.String())
	return err
}
