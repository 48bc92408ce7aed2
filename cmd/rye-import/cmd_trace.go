package main

import (
	"errors"

	"github.com/urfave/cli/v2"

	"github.com/projectrye/rye-import/db"
	"github.com/projectrye/rye-import/importer/mapping"
	"github.com/projectrye/rye-import/importer/report"
	"github.com/projectrye/rye-import/importer/trace"
)

func cmdTrace(s streams) *cli.Command {
	return &cli.Command{
		Name:      "trace",
		Usage:     "where a node comes from: run, file, line and column of all that it says, and what it said before",
		ArgsUsage: "CODE|SOURCE:OBJECT:ID",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "output", Usage: "text or json", Value: "text", EnvVars: []string{"RYE_OUTPUT"}},
			&cli.StringFlag{Name: "mapping", Usage: "`FILE` with the mapping of the run, if it was no built-in one", EnvVars: []string{"RYE_MAPPING"}},
		},
		OnUsageError: onUsageError,
		Before:       applyConfig,
		Action: func(c *cli.Context) error {
			switch c.String("output") {
			case "text", "json":
			default:
				return usagef("--output %q: text or json", c.String("output"))
			}
			if c.NArg() != 1 {
				return usagef("trace needs a code, such as OPP-2410-0042, or a record as SOURCE:OBJECT:ID")
			}
			return traceNode(c, s, c.Args().First())
		},
	}
}

func traceNode(c *cli.Context, s streams, asked string) (err error) {
	var given *mapping.Mapping
	if path := c.String("mapping"); path != "" {
		if given, err = readMapping(path); err != nil {
			return err
		}
	}
	log, err := newLogger(c, s.err)
	if err != nil {
		return err
	}
	d, err := openCurrent(c, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.Close(c.Context)) }()
	t, err := trace.Node(c.Context, db.New(d.pool), asked, given)
	if err != nil {
		return err
	}
	if c.String("output") == "json" {
		return report.WriteJSON(s.out, t)
	}
	report.WriteTrace(s.out, t, report.TextOptions{Color: colored(s.out, c.Bool("no-color"))})
	return nil
}
