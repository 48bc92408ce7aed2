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
		Usage:        "the journal: list the runs, or show one",
		Flags:        []cli.Flag{output, limit},
		OnUsageError: onUsageError,
		Before:       applyConfig,
		Action: func(c *cli.Context) error {
			if c.Args().Present() {
				return usagef("there is no command %q of runs; there are: list, show", c.Args().First())
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
		},
	}
}

func journalRows(entries []importer.JournalEntry) []report.JournalRow {
	rows := make([]report.JournalRow, len(entries))
	for i, e := range entries {
		rows[i] = report.JournalRow{
			Number: e.Number, ID: e.ID.String(), Source: e.Source, Command: e.Command, Status: e.Status,
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

// withImporter opens the database for a command that reads.
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
