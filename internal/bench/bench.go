package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/projectrye/rye-import/internal/exportgen"
)

// part is one thing that is timed. The parts of a round stand in the order in which they run: all but
// the plan need what the first import left.
type part struct {
	name string
	what string
	do   func(*bench, context.Context) (sample, error)
}

func parts() []part {
	return []part{
		{"plan", "`plan` of the export on an empty graph", (*bench).plan},
		{"first", "`run` into an empty graph", (*bench).first},
		{"bare", "the finished rows copied into tables without keys and indexes", (*bench).bare},
		{"floor", "bare, then keys, foreign keys and indexes built in parallel", (*bench).floor},
		{"expert", "raw files into unlogged tables, then SQL by hand", (*bench).expert},
		{"row by row", "`link_record()` and an edge and a fact for each record", (*bench).rowByRow},
		{"again", "`run` of the same export again", (*bench).again},
		{"reread", "the same, when the files have other checksums", (*bench).reread},
		{"beside", "`run` of a second source, a fifth the size", (*bench).beside},
		{"1 %", "`run` of the export with one record in a hundred changed", (*bench).onePercent},
		{"undo 1 %", "`runs undo` of that", (*bench).undoOnePercent},
		{"verify", "`verify` of the export", (*bench).verify},
		{"undo first", "`runs undo` of the first import", (*bench).undoFirst},
	}
}

func names() []string {
	all := parts()
	list := make([]string, len(all))
	for i, p := range all {
		list[i] = p.name
	}
	return list
}

// bench is everything that is known while it runs.
type bench struct {
	options
	dir    string // everything that is written
	server *server
	log    *slog.Logger

	samples map[string][]sample
	notes   map[string]string // of parts that were not timed: why
	scaled  *sample           // the first import at scale times the records
	rows    map[string]counts // rows of the graph after first and expert
	chunks  []chunk           // the finished rows, in files
	manifest
}

// manifest says how large the exports are.
type manifest struct {
	bytes   int64
	read    int // records of the export
	besides int // of the second source
}

// The databases.
const (
	loaded  = "loaded"  // what the first import of the round left
	scratch = "scratch" // what a part works on
	changed = "changed" // what the import of 1 % left
)

func (b *bench) export(name string) string { return filepath.Join(b.dir, name) }

func (b *bench) wanted(name string) bool {
	if len(b.only) == 0 || name == "first" {
		return true
	}
	// An undo needs what it undoes.
	return slices.Contains(b.only, name) || name == "1 %" && slices.Contains(b.only, "undo 1 %")
}

func (b *bench) measure(ctx context.Context) error {
	b.notes, b.rows = make(map[string]string), make(map[string]counts)
	if err := b.generate(); err != nil {
		return err
	}
	var wrong []error
	for round := range b.rounds {
		for _, p := range parts() {
			if !b.wanted(p.name) {
				continue
			}
			begin := time.Now()
			m, err := p.do(b, ctx)
			var missing *notAvailableError
			switch {
			case errors.As(err, &missing):
				b.notes[p.name] = missing.Error()
				continue
			case err != nil && p.name == "first" || ctx.Err() != nil:
				return errors.Join(append(wrong, fmt.Errorf("%s: %w", p.name, err))...)
			case err != nil:
				// The others are worth their time all the same.
				b.notes[p.name] = "failed"
				wrong = append(wrong, fmt.Errorf("%s: %w", p.name, err))
				continue
			}
			b.samples[p.name] = append(b.samples[p.name], m)
			b.log.Info("timed", "round", round+1, "of", b.rounds, "part", p.name, "wall", seconds(m.Wall), "with_preparation", time.Since(begin).Round(time.Second))
		}
	}
	if b.scale > 1 {
		m, err := b.firstScaled(ctx)
		if err != nil {
			return errors.Join(append(wrong, fmt.Errorf("first, scaled: %w", err))...)
		}
		b.scaled = &m
	}
	return errors.Join(wrong...)
}

// generate writes the exports: the whole, the same in files with other checksums, with one record in a hundred changed, and one of
// another source.
func (b *bench) generate() error {
	for _, e := range []struct {
		name string
		opts exportgen.Options
	}{
		{"export", exportgen.Options{Records: b.records}},
		{"touched", exportgen.Options{Records: b.records}},
		{"changed", exportgen.Options{Records: b.records, ChangePercent: 1}},
		{"other", exportgen.Options{Records: max(b.records/5, exportgen.MinRecords), Prefix: "7x", Seed: 1}},
	} {
		m, err := exportgen.Write(b.export(e.name), e.opts)
		if err != nil {
			return err
		}
		switch e.name {
		case "export":
			b.read, b.bytes = m.Records, m.Bytes
		case "touched":
			if err := touch(b.export(e.name)); err != nil {
				return err
			}
		case "other":
			b.besides = m.Records
		}
	}
	return nil
}

// touch adds to each file of an export a blank line, which is no record.
func touch(dir string) error {
	paths, err := filepath.Glob(filepath.Join(dir, "*.csv"))
	if err != nil {
		return err
	}
	for _, path := range paths {
		f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
		if err != nil {
			return err
		}
		_, err = f.WriteString("\n")
		if err := errors.Join(err, f.Close()); err != nil {
			return err
		}
	}
	return nil
}

// connections is how many are used at once where several are.
func connections() int { return runtime.NumCPU() }

// onClone times something on a fresh copy of a database, which stays.
func (b *bench) onClone(ctx context.Context, name, from string, do func() (usage, error)) (sample, error) {
	if err := b.server.drop(ctx, name); err != nil {
		return sample{}, err
	}
	if err := b.server.clone(ctx, name, from); err != nil {
		return sample{}, err
	}
	return b.server.timed(ctx, do)
}

// commandError is an importer that ended in another way than it should.
type commandError struct {
	args, said string
	err        error
}

func (e *commandError) Error() string {
	return fmt.Sprintf("rye-import %s: %v: %s", e.args, e.err, e.said)
}
func (e *commandError) Unwrap() error { return e.err }

// notAvailableError says of a command that this importer does not have it.
type notAvailableError struct{ command string }

func (e *notAvailableError) Error() string { return "not available: no command " + e.command }

func firstLine(s string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(s), "\n")
	return line
}
