// Command bench times the importer beside what PostgreSQL could do at best, and beside what others would
// do, on a private PostgreSQL that is removed afterwards: docs/performance.md says what the parts are.
// It prints a table in Markdown; nothing of it decides whether anything passes.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"

	"github.com/projectrye/rye-import/internal/pgserver"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1) //nolint:forbidigo // this is main
	}
}

// options are what the caller decides.
type options struct {
	program string   // the rye-import to time
	json    string   // file for the results, besides the table; may be empty
	records int      // size of the export
	rounds  int      // how often each part is timed
	sample  int      // contacts that are loaded row by row
	scale   int      // the first import is timed once more at so many times the records; 0: not
	only    []string // parts to time; empty: all
	profile bool     // tell instead where the first import spends the server's time
}

func parse(args []string, stderr io.Writer) (options, error) {
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(stderr)
	var o options
	flags.StringVar(&o.program, "program", "bin/rye-import", "the importer to time")
	flags.StringVar(&o.json, "json", "", "`file` to write the results to, as JSON")
	flags.IntVar(&o.records, "records", 100_000, "number of records of the export")
	flags.IntVar(&o.rounds, "rounds", 2, "number of rounds; the table shows medians")
	flags.IntVar(&o.sample, "sample", 5_000, "number of contacts that are loaded row by row")
	flags.IntVar(&o.scale, "scale", 0, "time the first import once more at `N` times the records")
	flags.BoolVar(&o.profile, "profile", false, "time nothing; tell which statements of imports take the server how long")
	only := flags.String("only", "", "`parts` to time, with commas between; the first import is always one: "+strings.Join(names(), ", "))
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if *only != "" {
		o.only = strings.Split(*only, ",")
	}
	for i, name := range o.only {
		o.only[i] = strings.TrimSpace(name)
		if !slices.Contains(names(), o.only[i]) {
			return o, fmt.Errorf("-only %q: no such part; there are %s", o.only[i], strings.Join(names(), ", "))
		}
	}
	if o.rounds < 1 || o.sample < 1 || o.scale < 0 {
		return o, errors.New("-rounds and -sample are at least 1, -scale at least 0")
	}
	return o, nil
}

func run(ctx context.Context, args []string, out, log io.Writer) (err error) {
	o, err := parse(args, log)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "rye-bench-")
	if err != nil {
		return err
	}
	// The server may run as another user, who has to get to its folder.
	if err := os.Chmod(dir, 0o711); err != nil { //nolint:gosec // it holds invented people only
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()

	home := filepath.Join(dir, "pg")
	if o.profile {
		if err := enableProfile(home); err != nil {
			return err
		}
	}
	server, err := pgserver.New(pgserver.Config{Home: home})
	if err != nil {
		return err
	}
	lease, err := server.Acquire(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lease.Release(context.WithoutCancel(ctx))) }()

	s, err := openServer(ctx, lease.URL(), o.program)
	if err != nil {
		return err
	}
	defer s.close(context.WithoutCancel(ctx))
	b := &bench{options: o, dir: dir, server: s, log: slog.New(slog.NewTextHandler(log, nil)), samples: make(map[string][]sample)}
	if o.profile {
		if err := b.generate(); err != nil {
			return err
		}
		profiles, indexes, err := b.profiled(ctx)
		if err != nil {
			return err
		}
		return writeProfile(out, profiles, indexes)
	}
	// What was timed is shown, whatever went wrong behind it.
	wrong := b.measure(ctx)
	r := b.report()
	if o.json != "" {
		data, err := json.MarshalIndent(r, "", "  ")
		if err != nil {
			return errors.Join(wrong, err)
		}
		wrong = errors.Join(wrong, os.WriteFile(o.json, append(data, '\n'), 0o644)) //nolint:gosec // it is for everybody
	}
	return errors.Join(wrong, r.markdown(out))
}
