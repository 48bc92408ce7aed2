package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/projectrye/rye-import/importer"
	"github.com/projectrye/rye-import/importer/report"
	"github.com/projectrye/rye-import/internal/spell"
)

func cmdSync(s streams) *cli.Command {
	flags := slices.DeleteFunc(slices.Concat(runFlags(), operationFlags(), syncFlags()), func(f cli.Flag) bool {
		return f.Names()[0] == "source"
	})
	return &cli.Command{
		Name:      "sync",
		Usage:     "run the sources that the config file describes, one after another",
		ArgsUsage: "[SOURCE...]",
		Description: "The config file is that of --config or RYE_CONFIG, else " + defaultConfig + " in the current folder. Without a SOURCE all are run, in\n" +
			"the order of the file. One that fails does not keep the next from running; an interrupt ends all, and what was done before it stands. The exit status is the worst of\n" +
			"the runs: 130, else 1, 2, 4, 5, 3, 0, in this order. A source whose optional files have not come is skipped, with 0.",
		Flags:        flags,
		OnUsageError: onUsageError,
		Action: func(c *cli.Context) error {
			given := givenFlags(c)
			if err := findConfig(c); err != nil {
				return err
			}
			if err := applyConfig(c); err != nil {
				return err
			}
			y, err := newSyncer(c, s, given)
			if err != nil {
				return err
			}
			return y.sync(c.Context)
		},
	}
}

// givenFlags are the flags of a command that the command line or the environment sets.
func givenFlags(c *cli.Context) map[string]string {
	given := make(map[string]string)
	for _, f := range c.Command.Flags {
		name := f.Names()[0]
		if text := fmt.Sprint(c.Value(name)); c.IsSet(name) && text != "" {
			given[name] = text
		}
	}
	return given
}

// findConfig takes the config file of the current folder if none was named.
func findConfig(c *cli.Context) error {
	if loadedConfig(c) == nil {
		if _, err := os.Stat(defaultConfig); errors.Is(err, os.ErrNotExist) {
			return usagef("sync needs a config file that describes the sources: %s in the current folder, or another by --config", defaultConfig)
		}
		lineage := c.Lineage()
		global := lineage[slices.IndexFunc(lineage, func(of *cli.Context) bool { return of.Command != nil && of.Command.Name == c.App.Name })]
		if err := loadConfigFile(global, defaultConfig); err != nil {
			return err
		}
	}
	if cfg := loadedConfig(c); len(cfg.sources) == 0 {
		return usagef("%s: it describes no sources; say under sources: the name of each, and below that its paths", cfg.path)
	}
	return nil
}

// syncer runs sources one after another.
type syncer struct {
	c       *cli.Context
	s       streams
	log     *slog.Logger
	cfg     *config
	given   map[string]string // flags that hold for all sources
	sources []sourceConfig
	ops     operations
	json    bool
	text    report.TextOptions
	keep    *time.Duration // the retention

	open []*database // of which the last has the most connections
	max  int
}

func newSyncer(c *cli.Context, s streams, given map[string]string) (*syncer, error) {
	y := &syncer{c: c, s: s, cfg: loadedConfig(c), given: given, json: c.String("output") == "json"}
	y.text = report.TextOptions{Color: colored(s.out, c.Bool("no-color"))}
	var err error
	if y.sources, err = y.cfg.named(c.Args().Slice()); err != nil {
		return nil, err
	}
	if _, err := runConfig(c); err != nil { // what holds for all sources has to be right
		return nil, err
	}
	if y.ops, err = newOperations(c); err != nil {
		return nil, err
	}
	if y.log, err = newLogger(c, s.err); err != nil {
		return nil, err
	}
	if age := c.String("retention"); age != "" {
		keep, err := parseAge(age)
		if err != nil {
			return nil, usagef("--retention %q: %w", age, err)
		}
		y.keep = &keep
	}
	return y, nil
}

// named gives the sources that are asked for, in the order of the file, or all.
func (cfg *config) named(names []string) ([]sourceConfig, error) {
	if len(names) == 0 {
		return cfg.sources, nil
	}
	known := make([]string, len(cfg.sources))
	for i, s := range cfg.sources {
		known[i] = s.name
	}
	for _, name := range names {
		if !slices.Contains(known, name) {
			return nil, usagef("%s describes no source %q%s; there are: %s", cfg.path, name, spell.Suggest(name, known), strings.Join(known, ", "))
		}
	}
	return slices.DeleteFunc(slices.Clone(cfg.sources), func(s sourceConfig) bool { return !slices.Contains(names, s.name) }), nil
}

func (y *syncer) sync(ctx context.Context) (err error) {
	defer func() {
		for _, db := range y.open {
			err = errors.Join(err, db.Close(ctx))
		}
	}()
	started := time.Now()
	result := &report.Sync{Command: "sync", StartedAt: started.UTC(), Runs: []report.SyncRun{}}
	for i := range y.sources {
		if ctx.Err() != nil {
			result.ExitCode = exitInterrupted
			break
		}
		if !y.json {
			report.WriteHeading(y.s.out, y.sources[i].name, i+1, len(y.sources), y.text)
		}
		run := y.source(ctx, &y.sources[i])
		result.Runs = append(result.Runs, run)
		if result.ExitCode = worst(result.ExitCode, run.ExitCode); result.ExitCode == exitInterrupted {
			break
		}
	}
	if y.keep != nil && result.ExitCode != exitInterrupted {
		if result.Pruned, err = y.prune(ctx, started); err != nil {
			result.Warnings = append(result.Warnings, fmt.Sprintf("old runs were not pruned: %v", err))
			y.log.Warn("old runs were not pruned", "err", err)
		}
	}
	result.Status = statusName(result.ExitCode)
	result.FinishedAt = time.Now().UTC()
	result.Seconds = time.Since(started).Seconds()
	if y.json {
		if err := report.WriteJSON(y.s.out, result); err != nil {
			return fmt.Errorf("writing the result: %w", err)
		}
	} else {
		report.WriteSync(y.s.out, result, y.text)
	}
	return y.ops.settle(result.ExitCode)
}

// source runs one source and says how it ended.
func (y *syncer) source(ctx context.Context, of *sourceConfig) report.SyncRun {
	ops := y.ops
	summary, err := y.perform(of, &ops)
	err = rejectsError(summary, err)
	code := statusOf(ctx, err)
	run := report.SyncRun{Summary: summary, ExitCode: code, Outcome: statusName(code)}
	if summary.Status == report.StatusSkipped {
		run.Outcome = report.StatusSkipped
		y.log.Info("source skipped", "source", of.name)
		return run
	}
	ops.conclude(ctx, y.log, summary, err)
	ok := code == exitDone || code == exitRejects
	if ok && !y.json {
		report.WriteText(y.s.out, summary, y.text)
	}
	switch {
	case ok:
	case y.c.String("log-format") == "json":
		y.log.Error("source failed", "source", of.name, "run_id", summary.RunID, "exit_code", code, "status", run.Outcome, "err", err)
	case code == exitInterrupted:
		fmt.Fprintf(y.s.err, "rye-import: source %s: interrupted; nothing was changed\n", of.name)
	default:
		fmt.Fprintf(y.s.err, "rye-import: source %s: %v\n", of.name, err)
	}
	return run
}

// perform runs one source with its own flags.
func (y *syncer) perform(of *sourceConfig, ops *operations) (*report.Summary, error) {
	failed := func(status string, err error) (*report.Summary, error) {
		summary := report.NewSummary("sync", time.Now())
		summary.Source, summary.Status = of.name, status
		if err != nil {
			summary.Error = err.Error()
		}
		return summary, err
	}
	c, err := y.context(of)
	if err != nil {
		return failed("failed", err)
	}
	where := func(err error) error { return usagef("%s: line %d: sources.%s: %w", y.cfg.path, of.line, of.name, err) }
	own, err := newOperations(c)
	if err != nil {
		return failed("failed", where(err))
	}
	own.exitZero = ops.exitZero
	*ops = own
	cfg, err := runConfig(c)
	if err != nil {
		return failed("failed", where(err))
	}
	cfg.Command = "sync"
	choice, err := of.choose(y.cfg)
	if err != nil {
		return failed("failed", err)
	}
	if len(choice.Paths) == 0 {
		if !y.json {
			fmt.Fprintln(y.s.out, "  Skipped: none of its optional files has come.")
		}
		return failed(report.StatusSkipped, nil)
	}
	y.log.Info("files chosen", "source", of.name, "paths", choice.Paths, "passed_over", choice.Passed)
	return performed(c, y.s, y.database, choice.Paths, cfg, y.log)
}

// context makes what a run of the source would have for its command line: given flags first, then what the
// environment says, the source, and the top of the file.
func (y *syncer) context(of *sourceConfig) (*cli.Context, error) {
	values, err := of.flags(y.cfg)
	if err != nil {
		return nil, err
	}
	flags := slices.Concat(runFlags(), operationFlags())
	set := flag.NewFlagSet("sync", flag.ContinueOnError)
	for _, f := range flags {
		if err := f.Apply(set); err != nil {
			return nil, &usageError{err}
		}
	}
	c := cli.NewContext(y.c.App, set, y.c)
	c.Command = &cli.Command{Name: "sync", Flags: flags}
	for name, value := range y.given {
		if name == "full" || name == "delta" { // either overrules the other
			delete(values, "full")
			delete(values, "delta")
		}
		if set.Lookup(name) == nil {
			continue
		}
		if err := c.Set(name, value); err != nil {
			return nil, &usageError{err}
		}
	}
	if err := c.Set("source", of.name); err != nil {
		return nil, &usageError{err}
	}
	return c, applyValues(c, flags, values)
}

// database opens the database, or gives the one that the sources before have opened. If it could not be
// opened for them, it is tried again.
func (y *syncer) database(connections int) (*database, func() error, error) {
	stay := func() error { return nil }
	if len(y.open) > 0 && connections <= y.max {
		return y.open[len(y.open)-1], stay, nil
	}
	db, err := openMigrated(y.c, y.log, connections)
	if err != nil {
		return nil, nil, err
	}
	y.open, y.max = append(y.open, db), connections
	return db, stay, nil
}

// prune takes away what the retention no longer keeps.
func (y *syncer) prune(ctx context.Context, now time.Time) (*report.Pruned, error) {
	db, _, err := y.database(y.max)
	if err != nil {
		return nil, err
	}
	return importer.New(db.pool).Prune(ctx, importer.PruneOptions{Before: now.Add(-*y.keep), Logger: y.log, RejectsDirs: y.rejectDirs()})
}

// rejectDirs are the folders in which runs of the sources leave reject files.
func (y *syncer) rejectDirs() []string {
	dirs := []string{y.c.String("rejects")}
	for i := range y.cfg.sources {
		if values, err := y.cfg.sources[i].flags(y.cfg); err == nil && values["rejects"] != "" {
			dirs = append(dirs, values["rejects"])
		}
	}
	slices.Sort(dirs)
	return slices.Compact(dirs)
}
