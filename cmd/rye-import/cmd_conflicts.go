package main

import (
	"errors"

	"github.com/urfave/cli/v2"

	"github.com/projectrye/rye-import/db"
	"github.com/projectrye/rye-import/importer/report"
)

func cmdConflicts(s streams) *cli.Command {
	return &cli.Command{
		Name:  "conflicts",
		Usage: "what people have changed in the graph and the source says otherwise now: the values of both",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "source", Usage: "only those of the source `NAME`", EnvVars: []string{"RYE_SOURCE"}},
			&cli.BoolFlag{Name: "all", Usage: "those too that --prefer graph has accepted", DisableDefaultText: true},
			&cli.IntFlag{Name: "limit", Usage: "at most `N`", Value: 100},
			&cli.StringFlag{Name: "output", Usage: "text or json", Value: "text", EnvVars: []string{"RYE_OUTPUT"}},
		},
		OnUsageError: onUsageError,
		Before:       applyConfig,
		Action: func(c *cli.Context) error {
			switch c.String("output") {
			case "text", "json":
			default:
				return usagef("--output %q: text or json", c.String("output"))
			}
			if c.Args().Present() {
				return usagef("conflicts takes no arguments; --source NAME chooses a source")
			}
			if n := c.Int("limit"); n < 1 || n > 1_000_000 {
				return usagef("--limit %d: a number from 1 to 1000000", n)
			}
			return listConflicts(c, s)
		},
	}
}

func listConflicts(c *cli.Context, s streams) (err error) {
	log, err := newLogger(c, s.err)
	if err != nil {
		return err
	}
	d, err := openCurrent(c, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.Close(c.Context)) }()
	params := db.ConflictListParams{MaxRows: int32(c.Int("limit"))}
	if name := c.String("source"); name != "" {
		params.Source = &name
	}
	if !c.Bool("all") {
		open := "open"
		params.State = &open
	}
	rows, err := db.New(d.pool).ConflictList(c.Context, params)
	if err != nil {
		return err
	}
	list := make([]report.ConflictValues, len(rows))
	for i, r := range rows {
		list[i] = report.ConflictValues{
			Source: r.Source, State: r.State, Base: r.Base, Graph: r.Held, Incoming: r.Incoming, LastRun: r.RunNo,
			Conflict: report.Conflict{
				Object: r.Object, ID: r.LegacyID, Code: r.Code, Kind: r.Kind, Field: r.Field, File: deref(r.Path), Line: int(r.Line),
				EditedBy: deref(r.EditedBy), EditedAt: r.EditedAt, Run: r.FirstRunNo,
			},
		}
	}
	if c.String("output") == "json" {
		return report.WriteJSON(s.out, list)
	}
	report.WriteConflicts(s.out, list, report.TextOptions{Color: colored(s.out, c.Bool("no-color"))})
	return nil
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
