package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/projectrye/rye-import/importer"
	"github.com/projectrye/rye-import/importer/report"
	"github.com/projectrye/rye-import/importer/source"
)

func cmdVerify(s streams) *cli.Command {
	return &cli.Command{
		Name:      "verify",
		Usage:     "prove that the graph holds an export; reads only",
		ArgsUsage: "PATH...",
		Description: "The export is read as run reads it, with the same flags, and compared with the graph: records, properties, links,\n" +
			"facts with their histories, events, sums of deal values. Exit status 0: the graph holds it; 1: it differs.\n" +
			"With --full, a record that the graph has and the export has not is a difference too.",
		Flags: append(runFlags(),
			&cli.BoolFlag{Name: "show-values", Usage: "tell values of cells in differences", DisableDefaultText: true, EnvVars: []string{"RYE_SHOW_VALUES"}}),
		OnUsageError: onUsageError,
		Before:       applyConfig,
		Action: func(c *cli.Context) error {
			cfg, err := runConfig(c)
			if err != nil {
				return err
			}
			if !c.Args().Present() {
				return usagef("verify needs a PATH: a folder, a zip, CSV or JSON files, or -")
			}
			result, err := verified(c, s, cfg)
			if err != nil && c.String("output") == "json" {
				if result == nil {
					result = report.NewVerification(time.Now())
				}
				result.Status, result.Error = "failed", err.Error()
			}
			if c.String("output") == "json" {
				if err := report.WriteJSON(s.out, result); err != nil {
					return fmt.Errorf("writing the result: %w", err)
				}
			} else if err == nil {
				report.WriteVerification(s.out, result, report.TextOptions{Color: colored(s.out, c.Bool("no-color"))})
			}
			if err == nil && result.Status != report.StatusVerified {
				return &doneError{exitFailed}
			}
			return err
		},
	}
}

// verified compares the export with the graph.
func verified(c *cli.Context, s streams, cfg importer.Config) (result *report.Verification, err error) {
	log, err := newLogger(c, s.err)
	if err != nil {
		return nil, err
	}
	set, err := source.Find(c.Context, c.Args().Slice(), source.Options{Stdin: s.in})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, set.Close()) }()
	db, err := openCurrent(c, log)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, db.Close(c.Context)) }()
	cfg.Logger = log
	progress := newProgress(s.err, progressMode(c), c.Bool("no-color"))
	defer progress.finish()
	cfg.Progress = progress.update
	return importer.New(db.pool).Verify(c.Context, set, cfg, importer.VerifyOptions{Strict: c.Bool("full"), ShowValues: c.Bool("show-values")})
}
