package main

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/urfave/cli/v2"

	"github.com/projectrye/rye-import/importer"
	"github.com/projectrye/rye-import/importer/report"
)

func cmdRuns(s streams) *cli.Command {
	output := &cli.StringFlag{Name: "output", Usage: "text or json", Value: "text", EnvVars: []string{"RYE_OUTPUT"}}
	limit := &cli.IntFlag{Name: "limit", Usage: "at most `N`", Value: 20}
	list := func(c *cli.Context) error {
		return withImporter(c, s, func(im *importer.Importer) error {
			entries, err := im.Journal(c.Context, c.Int("limit"))
			if err != nil {
				return err
			}
			if c.String("output") == "json" {
				return report.WriteJSON(s.out, entries)
			}
			report.WriteJournal(s.out, journalRows(entries), report.TextOptions{Color: colored(s.out, c.Bool("no-color"))})
			return nil
		})
	}
	return &cli.Command{
		Name:         "runs",
		Usage:        "the journal: list the runs, show one, or take one back",
		Flags:        []cli.Flag{output, limit},
		OnUsageError: onUsageError,
		Before:       applyConfig,
		Action: func(c *cli.Context) error {
			if c.Args().Present() {
				return usagef("there is no command %q of runs; there are: list, show, undo, prune", c.Args().First())
			}
			return list(c)
		},
		Subcommands: []*cli.Command{
			{
				Name: "list", Usage: "the latest runs", Flags: []cli.Flag{output, limit}, OnUsageError: onUsageError, Before: applyConfig,
				Action: list,
			},
			{
				Name: "show", Usage: "one run: its result, files and rejects", ArgsUsage: "ID", Flags: []cli.Flag{output, limit},
				OnUsageError: onUsageError, Before: applyConfig,
				Action: func(c *cli.Context) error {
					if c.NArg() != 1 {
						return usagef("runs show needs the ID of a run, or the beginning of it; see: rye-import runs list")
					}
					return withImporter(c, s, func(im *importer.Importer) error {
						return showRun(c, s, im, c.Args().First())
					})
				},
			},
			{
				Name: "undo", Usage: "take a run back", ArgsUsage: "ID", Flags: []cli.Flag{output, progressFlag()},
				Description: "What the run created goes, or is archived if others came to depend on it; what it changed is as it was before.\n" +
					"What a person or a later run has changed since is kept and listed. An undo is a run itself: undo it, and all is there again.",
				OnUsageError: onUsageError, Before: applyConfig,
				Action: func(c *cli.Context) error {
					if c.NArg() != 1 {
						return usagef("runs undo needs the ID of a run, or the beginning of it; see: rye-import runs list")
					}
					return withImporter(c, s, func(im *importer.Importer) error {
						return undoRun(c, s, im, c.Args().First())
					})
				},
			},
			cmdPrune(s),
		},
	}
}

func journalRows(entries []importer.JournalEntry) []report.JournalRow {
	rows := make([]report.JournalRow, len(entries))
	for i, e := range entries {
		rows[i] = report.JournalRow{
			Number: e.Number, ID: e.ID.String(), Source: e.Source, Command: e.Command, Status: e.Status, UndoneBy: e.UndoneBy,
			StartedAt: e.StartedAt, FinishedAt: e.FinishedAt, Error: e.Error,
		}
	}
	return rows
}

func showRun(c *cli.Context, s streams, im *importer.Importer, id string) error {
	e, files, rejects, err := im.JournalRun(c.Context, id, c.Int("limit"))
	if err != nil {
		return err
	}
	settled, err := im.JournalSettled(c.Context, e.Number)
	if err != nil {
		return err
	}
	if c.String("output") == "json" {
		return report.WriteJSON(s.out, map[string]any{"run": e, "files": files, "rejects": rejects, "settlement": settled})
	}
	opts := report.TextOptions{Color: colored(s.out, c.Bool("no-color"))}
	report.WriteJournal(s.out, journalRows([]importer.JournalEntry{*e}), opts)
	var undone report.Undo
	if e.Undoes != nil && json.Unmarshal(e.Summary, &undone) == nil {
		report.WriteUndo(s.out, &undone, opts)
		return nil
	}
	if e.PrunedAt != nil {
		fmt.Fprintf(s.out, "\nIts rejects and what would undo it were pruned at %s, as too old.\n", e.PrunedAt.Format("2006-01-02 15:04Z"))
	}
	var summary report.Summary
	if e.Status == "done" && json.Unmarshal(e.Summary, &summary) == nil {
		fmt.Fprintln(s.out)
		opts.Settled = settled.Open == 0
		report.WriteText(s.out, &summary, opts)
	}
	rows := make([]report.RejectRow, len(rejects))
	for i, r := range rejects {
		rows[i] = report.RejectRow{
			Path: r.Path, Line: int(r.Line), Object: r.Object, Column: r.Column, Code: r.Code, Reason: r.Reason, SettledBy: r.SettledBy,
		}
	}
	report.WriteRejects(s.out, rows, opts)
	writeSettlement(s, &summary, settled, opts)
	return nil
}

// undoRun takes a run back and tells what came of it.
func undoRun(c *cli.Context, s streams, im *importer.Importer, id string) error {
	log, err := newLogger(c, s.err)
	if err != nil {
		return err
	}
	progress := newProgress(s.err, progressMode(c), c.Bool("no-color"))
	result, err := im.Undo(c.Context, id, importer.Config{Logger: log, Progress: progress.update})
	progress.finish()
	if c.String("output") == "json" {
		if err != nil {
			result = &report.Undo{Command: "undo", Status: "failed", Error: err.Error(), Kept: []report.Kept{}}
		}
		if err := report.WriteJSON(s.out, result); err != nil {
			return fmt.Errorf("writing the result: %w", err)
		}
	} else if err == nil {
		report.WriteUndo(s.out, result, report.TextOptions{Color: colored(s.out, c.Bool("no-color"))})
	}
	return err
}

// writeSettlement shows what became of the rejects of a run since.
func writeSettlement(s streams, summary *report.Summary, settled *importer.JournalSettlement, opts report.TextOptions) {
	rows := make([]report.SettlementRow, len(settled.Objects))
	for i, o := range settled.Objects {
		rows[i] = report.SettlementRow{Object: o.Object, Read: summary.Objects[o.Object].Read, Rejected: o.Rejected, Settled: o.Settled, Open: o.Open}
	}
	by := make([]report.Returned, len(settled.By))
	for i, b := range settled.By {
		by[i] = report.Returned{Run: b.Run, Settled: b.Settled}
	}
	report.WriteSettlement(s.out, rows, by, opts)
}

// withImporter opens the database for a command of the journal.
func withImporter(c *cli.Context, s streams, do func(*importer.Importer) error) (err error) {
	switch c.String("output") {
	case "text", "json":
	default:
		return usagef("--output %q: text or json", c.String("output"))
	}
	log, err := newLogger(c, s.err)
	if err != nil {
		return err
	}
	db, err := openMigrated(c, log, 4)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close(c.Context)) }()
	return do(importer.New(db.pool))
}
