package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/projectrye/rye-import/importer"
	"github.com/projectrye/rye-import/importer/report"
	"github.com/projectrye/rye-import/importer/source"
	"github.com/projectrye/rye-import/internal/migrate"
)

func cmdPlan(s streams) *cli.Command {
	return &cli.Command{
		Name:      "plan",
		Usage:     "show what a run would do, exactly; writes nothing",
		ArgsUsage: "PATH...",
		Description: "A plan reads, stages and merges as a run does, and takes it back: no row is written, no code or number is used up.\n" +
			"--rejects is what the run of a saved plan will use; the plan itself writes no reject files.",
		Flags: append(runFlags(),
			&cli.StringFlag{Name: "out", Usage: "save the plan in `FILE`, for: run --plan FILE"},
			&cli.BoolFlag{Name: "details", Usage: "a JSON object on a line for each record that changes, with values; the summary goes to standard error", DisableDefaultText: true},
			&cli.BoolFlag{Name: "unchanged", Usage: "with --details, for each record that stays as it is too", DisableDefaultText: true},
		),
		OnUsageError: onUsageError,
		Before:       applyConfig,
		Action: func(c *cli.Context) error {
			cfg, err := runConfig(c)
			if err != nil {
				return err
			}
			log, err := newLogger(c, s.err)
			if err != nil {
				return err
			}
			if !c.Args().Present() {
				return usagef("plan needs a PATH: a folder, a zip, CSV, JSON or .xlsx files, or -")
			}
			if c.Bool("unchanged") && !c.Bool("details") {
				return usagef("--unchanged goes with --details")
			}
			return planImport(c, s, cfg, log)
		},
	}
}

// planImport plans an import, shows what would come of it and saves the plan if it is wanted.
func planImport(c *cli.Context, s streams, cfg importer.Config, log *slog.Logger) (err error) {
	ctx := c.Context
	set, err := source.Find(ctx, c.Args().Slice(), source.Options{Stdin: s.in})
	if err != nil {
		return errors.Join(err, showPlan(c, s, report.NewSummary("plan", time.Now()), err))
	}
	defer func() { err = errors.Join(err, set.Close()) }()
	db, err := openForPlan(c, log)
	if err != nil {
		return errors.Join(err, showPlan(c, s, report.NewSummary("plan", time.Now()), err))
	}
	defer func() { err = errors.Join(err, db.Close(ctx)) }()

	cfg.Logger = log
	progress := newProgress(s.err, progressMode(c), c.Bool("no-color"))
	cfg.Progress = progress.update
	opts := importer.PlanOptions{Save: c.String("out") != "", Unchanged: c.Bool("unchanged")}
	if c.Bool("details") {
		enc := json.NewEncoder(s.out)
		enc.SetEscapeHTML(false)
		opts.Details = func(d *report.Detail) error { return enc.Encode(d) }
	}
	summary, plan, planErr := importer.New(db.pool).Plan(ctx, set, cfg, opts)
	progress.finish()
	if plan != nil {
		if err := savePlan(c, plan); err != nil {
			return err
		}
	}
	if err := showPlan(c, s, summary, planErr); err != nil {
		return err
	}
	if planErr != nil {
		return planErr
	}
	return exitOf(summary)
}

// showPlan shows the summary: behind details on a line of its own, or where it is not among them.
func showPlan(c *cli.Context, s streams, summary *report.Summary, cause error) error {
	details := c.Bool("details")
	if c.String("output") != "json" {
		to := s.out
		if details {
			to = s.err
		}
		if cause == nil {
			report.WriteText(to, summary, report.TextOptions{Color: colored(to, c.Bool("no-color")), Next: planNext(c)})
		}
		return nil
	}
	if cause != nil {
		summary.Error = cause.Error()
	}
	if !details {
		return writeSummary(s, summary)
	}
	enc := json.NewEncoder(s.out)
	enc.SetEscapeHTML(false)
	return enc.Encode(summary)
}

// planNext is the command that does what was planned.
func planNext(c *cli.Context) []string {
	if out := c.String("out"); out != "" {
		return []string{"run", "--plan", out}
	}
	args := []string{"run"}
	for _, name := range slices.Sorted(maps.Keys(planFlags(c))) {
		if c.IsSet(name) {
			if b, ok := c.Value(name).(bool); ok && b {
				args = append(args, "--"+name)
			} else {
				args = append(args, "--"+name, fmt.Sprint(c.Value(name)))
			}
		}
	}
	return append(args, c.Args().Slice()...)
}

// openForPlan opens the database. An empty one gets the schema, without which there is nothing to plan on; one
// that is not up to date is left alone.
func openForPlan(c *cli.Context, log *slog.Logger) (*database, error) {
	d, err := openDatabase(c, log, 4)
	if err != nil {
		return nil, err
	}
	list, err := migrate.List(c.Context, d.pool)
	if err == nil {
		missing := slices.ContainsFunc(list, func(m migrate.Migration) bool { return !m.Applied })
		switch {
		case !missing:
			return d, nil
		case slices.ContainsFunc(list, func(m migrate.Migration) bool { return m.Applied }):
			err = errors.New("the schema of this database is not up to date, and a plan changes nothing; use: rye-import db migrate")
		default:
			log.Info("the database is empty; the schema is set up, so that a plan can be made")
			_, err = migrate.Up(c.Context, d.pool)
		}
	}
	if err != nil {
		return nil, d.closeAfter(c.Context, err)
	}
	return d, nil
}

// atWill are the flags of a run that do not decide what it does to the graph.
var atWill = []string{"workers", "batch-size", "output", "progress", "rejects"}

// planFlags are the flags that decide what a run does, as text.
func planFlags(c *cli.Context) map[string]string {
	values := make(map[string]string)
	for _, f := range runFlags() {
		name := f.Names()[0]
		if slices.Contains(atWill, name) {
			continue
		}
		values[name] = flagText(c, name)
	}
	return values
}

func flagText(c *cli.Context, name string) string {
	text := fmt.Sprint(c.Value(name))
	if name == "mapping" {
		text = absolute(text)
	}
	return text
}

// absolute makes a path good in any folder.
func absolute(path string) string {
	if path == "" || path == "-" {
		return path
	}
	if abs, err := filepath.Abs(path); err == nil {
		return abs
	}
	return path
}

// savePlan writes a plan where only its owner can read it, whole or not at all.
func savePlan(c *cli.Context, p *importer.Plan) error {
	p.Program, p.Flags = c.App.Version, planFlags(c)
	for _, path := range c.Args().Slice() {
		p.Paths = append(p.Paths, absolute(path))
	}
	out := c.String("out")
	fail := func(err error) error { return fmt.Errorf("saving the plan: %w", err) }
	f, err := os.CreateTemp(filepath.Dir(out), ".plan-*") // its mode is 0600
	if err != nil {
		return fail(err)
	}
	err = errors.Join(report.WriteJSON(f, p), f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), out)
	}
	if err != nil {
		return fail(errors.Join(err, os.Remove(f.Name())))
	}
	return nil
}

// loadPlan reads the plan that a run is to follow, takes its flags over and gives the paths of its export,
// unless the command line names others.
func loadPlan(c *cli.Context) (*importer.Plan, []string, error) {
	name := c.String("plan")
	f, err := os.Open(name)
	if err != nil {
		return nil, nil, usagef("--plan: %w", err)
	}
	defer f.Close() //nolint:errcheck // it is only read
	p, err := importer.ReadPlan(f)
	if err != nil {
		return nil, nil, usagef("--plan %s: %w", name, err)
	}
	known := planFlags(c)
	for _, flag := range slices.Sorted(maps.Keys(p.Flags)) {
		value, ok := known[flag]
		switch {
		case !ok:
			return nil, nil, usagef("--plan %s: there is no flag --%s; make the plan anew", name, flag)
		case value == p.Flags[flag]:
		case c.IsSet(flag) && value != "":
			return nil, nil, usagef("--%s is %q here and %q in the plan; leave it away, or make the plan anew", flag, value, p.Flags[flag])
		default:
			if err := c.Set(flag, p.Flags[flag]); err != nil {
				return nil, nil, usagef("--plan %s: %s: %w", name, flag, err)
			}
		}
	}
	paths := c.Args().Slice()
	if len(paths) == 0 {
		paths = p.Paths
	}
	return p, paths, nil
}
