package main

import (
	"errors"
	"fmt"
	"log/slog"
	"runtime"
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
		Flags: append(runFlags(),
			&cli.StringFlag{Name: "plan", Usage: "do what the plan in `FILE` says, of the same files and with the same flags, or nothing if anything has changed since"}),
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
			log, err := newLogger(c, s.err)
			if err != nil {
				return err
			}
			if len(paths) == 0 {
				return usagef("run needs a PATH: a folder, a zip, CSV, JSON or .xlsx files, or -")
			}
			return runImport(c, s, paths, cfg, log)
		},
	}
}

// runImport runs an import and shows what came of it.
func runImport(c *cli.Context, s streams, paths []string, cfg importer.Config, log *slog.Logger) (err error) {
	ctx := c.Context
	set, err := source.Find(ctx, paths, source.Options{Stdin: s.in})
	if err != nil {
		return notBegun(c, s, err)
	}
	defer func() { err = errors.Join(err, set.Close()) }()
	db, err := openMigrated(c, log, connections(cfg))
	if err != nil {
		return notBegun(c, s, err)
	}
	defer func() { err = errors.Join(err, db.Close(ctx)) }()
	return importInto(c, s, db, set, cfg, log)
}

// notBegun reports a run that failed before it was one: who asked for JSON gets an object in any case.
func notBegun(c *cli.Context, s streams, cause error) error {
	if c.String("output") != "json" {
		return cause
	}
	return errors.Join(cause, writeSummary(s, report.NewSummary(c.Command.Name, time.Now()), cause))
}

// connections is how many a run may need: its workers, the merge, the lock, and codes drawn beside.
func connections(cfg importer.Config) int {
	workers := cfg.Workers
	if workers == 0 {
		workers = max(2, runtime.GOMAXPROCS(0))
	}
	return workers + 4
}

func importInto(c *cli.Context, s streams, db *database, set *source.Set, cfg importer.Config, log *slog.Logger) error {
	cfg.Logger = log
	progress := newProgress(s.err, c.String("progress"), c.Bool("no-color"))
	cfg.Progress = progress.update
	summary, err := importer.New(db.pool).Run(c.Context, set, cfg)
	progress.finish()
	if c.String("output") == "json" {
		if err := writeSummary(s, summary, err); err != nil {
			return err
		}
	} else if err == nil {
		report.WriteText(s.out, summary, report.TextOptions{Color: colored(s.out, c.Bool("no-color"))})
	}
	if err != nil {
		return err
	}
	return exitOf(summary)
}

// exitOf is how a run ends that has come to its end. What was rejected before, and reported then, is no news:
// a nightly run is done.
func exitOf(summary *report.Summary) error {
	if summary.Rejects.Total() > summary.Rejects.Known {
		return &doneError{exitRejects}
	}
	return nil
}

// writeSummary prints the one JSON object of a run, also of one that failed.
func writeSummary(s streams, summary *report.Summary, cause error) error {
	if cause != nil {
		summary.Error = cause.Error()
	}
	if err := report.WriteJSON(s.out, summary); err != nil {
		return fmt.Errorf("writing the result: %w", err)
	}
	return nil
}
