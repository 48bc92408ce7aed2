package main

import (
	"context"
	_ "embed"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"
)

// chunk is a file with finished rows of a table, in the binary format of COPY.
type chunk struct{ table, path string }

// chunkPages is how many pages of 8 KB a chunk holds: small enough that the connections end together.
const chunkPages = 2048

// dump writes the rows that the first import made to files, once.
func (b *bench) dump(ctx context.Context) error {
	if b.chunks != nil {
		return nil
	}
	return b.server.with(ctx, loaded, func(conn *pgx.Conn) error {
		for _, table := range tables {
			var pages int64
			err := conn.QueryRow(ctx, "SELECT pg_relation_size($1::regclass) / current_setting('block_size')::bigint", tableName(table)).Scan(&pages)
			if err != nil {
				return err
			}
			for from := int64(0); from < pages; from += chunkPages {
				c := chunk{table: table, path: filepath.Join(b.dir, "rows."+table+"."+strconv.FormatInt(from, 10))}
				if err := dumpPages(ctx, conn, c, from); err != nil {
					return fmt.Errorf("reading %s: %w", table, err)
				}
				b.chunks = append(b.chunks, c)
			}
		}
		return nil
	})
}

func dumpPages(ctx context.Context, conn *pgx.Conn, c chunk, from int64) error {
	file, err := os.Create(c.path)
	if err != nil {
		return err
	}
	sql := fmt.Sprintf("COPY (SELECT * FROM %s WHERE ctid >= '(%d,0)' AND ctid < '(%d,0)') TO STDOUT (FORMAT binary)",
		tableName(c.table), from, from+chunkPages)
	if _, err := conn.PgConn().CopyTo(ctx, file, sql); err != nil {
		_ = file.Close()
		return err
	}
	return file.Close()
}

// bare copies the finished rows into the tables of the graph, stripped of everything that costs.
func (b *bench) bare(ctx context.Context) (sample, error) {
	if _, err := b.stripped(ctx); err != nil {
		return sample{}, err
	}
	m, err := b.server.timed(ctx, own(func() error { return b.fill(ctx) }))
	m.Rows = b.rows["first"].sum()
	return m, err
}

//go:embed floor/strip.sql
var stripStatements string

// stripped makes the tables of the graph without keys, indexes and triggers in the scratch database, and gives the statements that build them anew.
func (b *bench) stripped(ctx context.Context) (*structure, error) {
	if err := b.dump(ctx); err != nil {
		return nil, err
	}
	if err := b.server.drop(ctx, scratch); err != nil {
		return nil, err
	}
	if err := b.server.clone(ctx, scratch, pristine); err != nil {
		return nil, err
	}
	var was *structure
	err := b.server.with(ctx, scratch, func(conn *pgx.Conn) (err error) {
		if was, err = readStructure(ctx, conn); err != nil {
			return err
		}
		rows, err := conn.Query(ctx, stripStatements, tables)
		if err != nil {
			return err
		}
		list, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			return err
		}
		return script(ctx, conn, strings.Join(list, ";\n"))
	})
	return was, err
}

// fill copies all chunks over as many connections as there are processors.
func (b *bench) fill(ctx context.Context) error {
	return b.parallel(ctx, len(b.chunks), func(ctx context.Context, conn *pgx.Conn, i int) error {
		c := b.chunks[i]
		file, err := os.Open(c.path)
		if err != nil {
			return err
		}
		defer file.Close() //nolint:errcheck // it was only read
		if _, err := conn.PgConn().CopyFrom(ctx, file, "COPY "+tableName(c.table)+" FROM STDIN (FORMAT binary)"); err != nil {
			return fmt.Errorf("copying into %s: %w", c.table, err)
		}
		return nil
	})
}

// parallel does n things in the scratch database, over several connections, in their order.
func (b *bench) parallel(ctx context.Context, n int, do func(ctx context.Context, conn *pgx.Conn, i int) error) error {
	next := make(chan int, n)
	for i := range n {
		next <- i
	}
	close(next)
	group, ctx := errgroup.WithContext(ctx)
	for range min(n, connections()) {
		group.Go(func() error {
			return b.server.with(ctx, scratch, func(conn *pgx.Conn) error {
				for i := range next {
					if err := do(ctx, conn, i); err != nil {
						return err
					}
				}
				return nil
			})
		})
	}
	return group.Wait()
}
