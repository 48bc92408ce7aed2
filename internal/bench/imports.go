package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/projectrye/rye-import/internal/exportgen"
)

// The parts that are runs of the importer, as a scheduler would start it.

func (b *bench) runOf(ctx context.Context, database, export string, more ...string) func() (usage, error) {
	args := append([]string{"run", "--progress", "none", "--output", "json", "--rejects", b.export("rejects")}, more...)
	return b.server.command(ctx, database, append(args, b.export(export))...)
}

// first leaves the graph that the parts behind it work on.
func (b *bench) first(ctx context.Context) (sample, error) {
	m, err := b.onClone(ctx, loaded, pristine, b.runOf(ctx, loaded, "export"))
	if err != nil {
		return m, err
	}
	m.Records = b.read
	err = b.server.with(ctx, loaded, func(conn *pgx.Conn) error {
		rows, err := countRows(ctx, conn)
		if err != nil {
			return err
		}
		m.Rows, b.rows["first"] = rows.sum(), rows
		// By the next night the server has looked through the tables by itself.
		_, err = conn.Exec(ctx, "VACUUM (ANALYZE)")
		return err
	})
	return m, err
}

// firstScaled times the first import of a larger export.
func (b *bench) firstScaled(ctx context.Context) (sample, error) {
	for _, name := range []string{loaded, scratch, changed} {
		if err := b.server.drop(ctx, name); err != nil {
			return sample{}, err
		}
	}
	made, err := exportgen.Write(b.export("scaled"), exportgen.Options{Records: b.records * b.scale})
	if err != nil {
		return sample{}, err
	}
	m, err := b.onClone(ctx, loaded, pristine, b.runOf(ctx, loaded, "scaled"))
	m.Records = made.Records
	return m, err
}

func (b *bench) plan(ctx context.Context) (sample, error) {
	// An importer without the command says so whatever else it is told.
	if said, err := b.server.importer(ctx, pristine, "plan").CombinedOutput(); err != nil && strings.Contains(string(said), "no command") {
		return sample{}, &notAvailableError{command: "plan"}
	}
	m, err := b.onClone(ctx, scratch, pristine,
		b.server.command(ctx, scratch, "plan", "--progress", "none", "--output", "json", b.export("export")))
	m.Records = b.read
	return m, err
}

func (b *bench) again(ctx context.Context) (sample, error) {
	m, err := b.onClone(ctx, scratch, loaded, b.runOf(ctx, scratch, "export"))
	m.Records = b.read
	return m, err
}

func (b *bench) reread(ctx context.Context) (sample, error) {
	m, err := b.onClone(ctx, scratch, loaded, b.runOf(ctx, scratch, "touched"))
	m.Records = b.read
	return m, err
}

func (b *bench) beside(ctx context.Context) (sample, error) {
	m, err := b.onClone(ctx, scratch, loaded, b.runOf(ctx, scratch, "other", "--source", "other"))
	m.Records = b.besides
	return m, err
}

func (b *bench) onePercent(ctx context.Context) (sample, error) {
	m, err := b.onClone(ctx, changed, loaded, b.runOf(ctx, changed, "changed"))
	m.Records = b.read
	return m, err
}

func (b *bench) verify(ctx context.Context) (sample, error) {
	m, err := b.server.timed(ctx, b.server.command(ctx, loaded, "verify", "--progress", "none", "--output", "json", b.export("export")))
	m.Records = b.read
	return m, err
}

func (b *bench) undoOnePercent(ctx context.Context) (sample, error) { return b.undo(ctx, changed) }

func (b *bench) undoFirst(ctx context.Context) (sample, error) { return b.undo(ctx, loaded) }

// undo takes back the last run of a database.
func (b *bench) undo(ctx context.Context, database string) (sample, error) {
	var id string
	err := b.server.with(ctx, database, func(conn *pgx.Conn) error {
		return conn.QueryRow(ctx, "SELECT run_id::text FROM rye_import.runs ORDER BY run_no DESC LIMIT 1").Scan(&id)
	})
	if err != nil {
		return sample{}, fmt.Errorf("looking for the run: %w", err)
	}
	return b.server.timed(ctx, b.server.command(ctx, database, "runs", "undo", "--progress", "none", "--output", "json", id))
}
