package main

import (
	"context"
	"embed"
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/jackc/pgx/v5"
)

//go:embed expert/*.sql
var expertScripts embed.FS

// expert copies the raw files, and turns them into the graph with a script.
func (b *bench) expert(ctx context.Context) (sample, error) {
	files, err := filepath.Glob(filepath.Join(b.export("export"), "*.csv"))
	if err != nil {
		return sample{}, err
	}
	scripts, err := expertScripts.ReadDir("expert")
	if err != nil {
		return sample{}, err
	}
	var sql strings.Builder
	for _, s := range scripts {
		text, err := expertScripts.ReadFile("expert/" + s.Name())
		if err != nil {
			return sample{}, err
		}
		sql.Write(text)
	}
	m, err := b.onClone(ctx, scratch, pristine, own(func() error {
		return b.server.with(ctx, scratch, func(conn *pgx.Conn) error {
			if err := script(ctx, conn, "CREATE SCHEMA expert"); err != nil {
				return err
			}
			for _, file := range files {
				if err := copyRaw(ctx, conn, file); err != nil {
					return fmt.Errorf("%s: %w", filepath.Base(file), err)
				}
			}
			return script(ctx, conn, sql.String())
		})
	}))
	if err != nil {
		return m, err
	}
	m.Records = b.read
	return m, b.server.with(ctx, scratch, func(conn *pgx.Conn) error {
		rows, err := countRows(ctx, conn)
		m.Rows, b.rows["expert"] = rows.sum(), rows
		return err
	})
}

// copyRaw copies a file as it is into a table of its own, with all columns as text.
func copyRaw(ctx context.Context, conn *pgx.Conn, path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close() //nolint:errcheck // it was only read
	header, err := csv.NewReader(file).Read()
	if err != nil {
		return err
	}
	columns := make([]string, len(header))
	for i, name := range header {
		columns[i] = pgx.Identifier{strings.ToLower(name)}.Sanitize()
	}
	object := strings.TrimSuffix(filepath.Base(path), ".csv")
	table := pgx.Identifier{"expert", strings.ToLower(object)}.Sanitize()
	if err := script(ctx, conn, "CREATE UNLOGGED TABLE "+table+" ("+strings.Join(columns, " text, ")+" text)"); err != nil {
		return err
	}
	if _, err := file.Seek(0, 0); err != nil {
		return err
	}
	// All cells of the export are quoted, and a quoted blank would be no null.
	_, err = conn.PgConn().CopyFrom(ctx, file,
		"COPY "+table+" FROM STDIN (FORMAT csv, HEADER true, FORCE_NULL ("+strings.Join(columns, ", ")+"))")
	if err != nil {
		return err
	}
	return script(ctx, conn, "ANALYZE "+table)
}
