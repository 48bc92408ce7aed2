package main

import (
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"slices"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/projectrye/rye-import/importer"
	"github.com/projectrye/rye-import/importer/report"
	"github.com/projectrye/rye-import/importer/source"
)

func cmdRun(s streams) *cli.Command {
	return &cli.Command{
		Name:      "run",
		Usage:     "import an export; run it again every night",
		ArgsUsage: "PATH...",
		Flags: slices.Concat(runFlags(), operationFlags(), []cli.Flag{
			&cli.StringFlag{Name: "plan", Usage: "do what the plan in `FILE` says, of the same files and with the same flags, or nothing if anything has changed since"},
		}),
		OnUsageError: onUsageError,
		Before:       applyConfig,
		Action: func(c *cli.Context) error {
			paths := c.Args().Slice()
			var plan *importer.Plan
			if c.String("plan") != "" {
				var err error
				if plan, paths, err = loadPlan(c); err != nil {
					return err
				}
			}
			cfg, err := runConfig(c)
			if err != nil {
				return err
			}
			cfg.Plan = plan
			cfg.Command = "run"
			ops, err := newOperations(c)
			if err != nil {
				return err
			}
			log, err := newLogger(c, s.err)
			if err != nil {
				return err
			}
			if len(paths) == 0 {
				return usagef("run needs a PATH: a folder, a zip, CSV, JSON or .xlsx files, or -")
			}
			return runImport(c, s, paths, cfg, ops, log)
		},
	}
}

// runImport runs an import, shows what came of it, and tells those who watch from afar.
func runImport(c *cli.Context, s streams, paths []string, cfg importer.Config, ops operations, log *slog.Logger) error {
	open := func(connections int) (*database, func() error, error) {
		db, err := openMigrated(c, log, connections)
		if err != nil {
			return nil, nil, err
		}
		return db, func() error { return db.Close(c.Context) }, nil
	}
	summary, err := performed(c, s, open, paths, cfg, log)
	if c.String("output") == "json" {
		err = errors.Join(err, writeSummary(s, summary))
	} else if err == nil {
		report.WriteText(s.out, summary, report.TextOptions{Color: colored(s.out, c.Bool("no-color"))})
	}
	err = rejectsError(summary, err)
	ops.conclude(c.Context, log, summary, err)
	if code := statusOf(c.Context, err); code == exitDone || code == exitRejects {
		return ops.settle(code)
	}
	return err
}

// opener opens the database, with so many connections at least, and says how to give it back.
type opener func(connections int) (*database, func() error, error)

// performed runs an import. There is a summary in any case; that of a run that failed before it was one
// says little else.
func performed(c *cli.Context, s streams, open opener, paths []string, cfg importer.Config, log *slog.Logger) (summary *report.Summary, err error) {
	summary = report.NewSummary(cfg.Command, time.Now())
	summary.Source = cfg.Source
	defer func() {
		if err != nil {
			summary.Error = err.Error()
		}
	}()
	set, err := source.Find(c.Context, paths, source.Options{Stdin: s.in})
	if err != nil {
		return summary, err
	}
	defer func() { err = errors.Join(err, set.Close()) }()
	db, giveBack, err := open(connections(cfg))
	if err != nil {
		return summary, err
	}
	defer func() { err = errors.Join(err, giveBack()) }()
	return importSet(c, s, db, set, cfg, log)
}

// connections is how many a run may need: its workers, the merge, the lock, and codes drawn beside.
func connections(cfg importer.Config) int {
	workers := cfg.Workers
	if workers == 0 {
		workers = max(2, runtime.GOMAXPROCS(0))
	}
	return workers + 4
}

// importSet imports a set of files and shows the progress.
func importSet(c *cli.Context, s streams, db *database, set *source.Set, cfg importer.Config, log *slog.Logger) (*report.Summary, error) {
	cfg.Logger = log
	progress := newProgress(s.err, progressMode(c), c.Bool("no-color"))
	defer progress.finish()
	cfg.Progress = progress.update
	return importer.New(db.pool).Run(c.Context, set, cfg)
}

// rejectsError gives a run that is done, with rejects, its exit code. What was rejected before, and
// reported then, is no news: a nightly run is done.
func rejectsError(summary *report.Summary, err error) error {
	if err != nil {
		return err
	}
	return exitOf(summary)
}

// exitOf is how a run or a plan ends that has come to its end.
func exitOf(summary *report.Summary) error {
	if summary.Rejects.Total() > summary.Rejects.Known {
		return &doneError{exitRejects}
	}
	return nil
}

// writeSummary prints the one JSON object of a run, also of one that failed.
func writeSummary(s streams, summary *report.Summary) error {
	if err := report.WriteJSON(s.out, summary); err != nil {
		return fmt.Errorf("writing the result: %w", err)
	}
	return nil
}
