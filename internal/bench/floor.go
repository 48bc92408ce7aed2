package main

import (
	"context"
	_ "embed"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
)

var (
	//go:embed floor/indexes.sql
	indexStatements string
	//go:embed floor/foreign_keys.sql
	foreignKeyStatements string
)

// structure is what the tables of the graph have besides their columns, as statements that build it.
type structure struct {
	indexes     []index
	foreignKeys []foreignKey
}

type index struct{ Build, Attach string }

type foreignKey struct{ Add, Validate, Table string }

// readStructure takes it from a migrated database, so that it is never out of date.
func readStructure(ctx context.Context, conn *pgx.Conn) (*structure, error) {
	rows, err := conn.Query(ctx, indexStatements, tables)
	if err != nil {
		return nil, err
	}
	s := &structure{}
	if s.indexes, err = pgx.CollectRows(rows, pgx.RowToStructByPos[index]); err != nil {
		return nil, err
	}
	if rows, err = conn.Query(ctx, foreignKeyStatements, tables); err != nil {
		return nil, err
	}
	s.foreignKeys, err = pgx.CollectRows(rows, pgx.RowToStructByPos[foreignKey])
	return s, err
}

// floor is bare and everything else that the tables had, built afterwards.
func (b *bench) floor(ctx context.Context) (sample, error) {
	was, err := b.stripped(ctx)
	if err != nil {
		return sample{}, err
	}
	m, err := b.server.timed(ctx, own(func() error {
		if err := b.fill(ctx); err != nil {
			return err
		}
		return b.build(ctx, was)
	}))
	if err != nil {
		return m, err
	}
	m.Rows = b.rows["first"].sum()
	return m, b.compare(ctx, was)
}

func (b *bench) build(ctx context.Context, s *structure) error {
	err := b.parallel(ctx, len(s.indexes), func(ctx context.Context, conn *pgx.Conn, i int) error {
		return script(ctx, conn, s.indexes[i].Build)
	})
	if err != nil {
		return fmt.Errorf("building indexes: %w", err)
	}
	var quick []string
	for _, table := range tables {
		quick = append(quick, "ALTER TABLE "+tableName(table)+" ENABLE TRIGGER USER")
	}
	for _, i := range s.indexes {
		if i.Attach != "" {
			quick = append(quick, i.Attach)
		}
	}
	// Two foreign keys of one table cannot be checked at the same time.
	byTable := make(map[string][]string)
	var owners []string
	for _, k := range s.foreignKeys {
		quick = append(quick, k.Add)
		if byTable[k.Table] == nil {
			owners = append(owners, k.Table)
		}
		byTable[k.Table] = append(byTable[k.Table], k.Validate)
	}
	err = b.server.with(ctx, scratch, func(conn *pgx.Conn) error { return script(ctx, conn, strings.Join(quick, ";\n")) })
	if err != nil {
		return fmt.Errorf("adding keys: %w", err)
	}
	err = b.parallel(ctx, len(owners), func(ctx context.Context, conn *pgx.Conn, i int) error {
		return script(ctx, conn, strings.Join(byTable[owners[i]], ";\n"))
	})
	if err != nil {
		return fmt.Errorf("checking foreign keys: %w", err)
	}
	return nil
}

// compare proves that the floor leaves the tables as the import does: the same rows, keys and indexes.
func (b *bench) compare(ctx context.Context, was *structure) error {
	return b.server.with(ctx, scratch, func(conn *pgx.Conn) error {
		now, err := readStructure(ctx, conn)
		if err != nil {
			return err
		}
		if a, b := fmt.Sprint(*was), fmt.Sprint(*now); a != b {
			return fmt.Errorf("the floor left other keys or indexes than the schema has:\n%s\n%s", a, b)
		}
		rows, err := countRows(ctx, conn)
		if err != nil {
			return err
		}
		if want := b.rows["first"]; fmt.Sprint(rows) != fmt.Sprint(want) {
			return fmt.Errorf("the floor left other rows than the import: %v, %v", rows, want)
		}
		return nil
	})
}
