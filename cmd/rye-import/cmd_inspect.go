package main

import (
	"errors"

	"github.com/urfave/cli/v2"

	"github.com/projectrye/rye-import/importer"
	"github.com/projectrye/rye-import/importer/report"
	"github.com/projectrye/rye-import/importer/source"
)

func cmdInspect(s streams) *cli.Command {
	return &cli.Command{
		Name:         "inspect",
		Usage:        "what is in an export, and what would become of it; needs no database",
		ArgsUsage:    "PATH...",
		Flags:        append(readFlags(), showValuesFlag()),
		OnUsageError: onUsageError,
		Before:       applyConfig,
		Action: func(c *cli.Context) (err error) {
			cfg, err := readConfig(c)
			if err != nil {
				return err
			}
			if !c.Args().Present() {
				return usagef("inspect needs a PATH: a folder, a zip, CSV, JSON or .xlsx files, or -")
			}
			cfg.ShowValues = c.Bool("show-values")
			set, err := source.Find(c.Context, c.Args().Slice(), source.Options{Stdin: s.in})
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, set.Close()) }()
			found, err := importer.Inspect(c.Context, set, cfg)
			if err != nil {
				return err
			}
			if c.String("output") == "json" {
				return report.WriteJSON(s.out, found)
			}
			report.WriteInspection(s.out, found, report.TextOptions{Color: colored(s.out, c.Bool("no-color"))})
			return nil
		},
	}
}
