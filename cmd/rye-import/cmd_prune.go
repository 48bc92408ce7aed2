package main

import (
	"time"

	"github.com/urfave/cli/v2"

	"github.com/projectrye/rye-import/importer"
	"github.com/projectrye/rye-import/importer/report"
)

// cmdPrune is a command of runs.
func cmdPrune(s streams) *cli.Command {
	return &cli.Command{
		Name:  "prune",
		Usage: "take away the details of old runs; runs, files and the origin of all that stands are kept",
		Description: "Of runs that ended longer ago than AGE go: their rejects, in the journal and as reject files on this machine, and what fields were\n" +
			"before changes that others have followed. The newest run of each source that is done is kept whole. Leftovers of crashed runs go too.",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "older-than", Usage: "`AGE` as 90d, 12w or 36h; default: retention of the config file", EnvVars: []string{"RYE_RETENTION"}},
			&cli.BoolFlag{Name: "dry-run", Usage: "say what would go, and take nothing away", DisableDefaultText: true},
			&cli.StringFlag{Name: "rejects", Usage: "`DIR` with reject files, besides those that the journal names", Value: "rejects", EnvVars: []string{"RYE_REJECTS"}},
			&cli.StringFlag{Name: "output", Usage: "text or json", Value: "text", EnvVars: []string{"RYE_OUTPUT"}},
		},
		OnUsageError: onUsageError,
		Before:       applyConfig,
		Action: func(c *cli.Context) error {
			age := c.String("older-than")
			if cfg := loadedConfig(c); age == "" && cfg != nil {
				age = cfg.values["retention"]
			}
			if age == "" {
				return usagef("runs prune needs --older-than AGE, as 90d, or a retention in the config file")
			}
			keep, err := parseAge(age)
			if err != nil {
				return usagef("--older-than %q: %w", age, err)
			}
			if c.Args().Present() {
				return usagef("runs prune takes no argument; its age is --older-than")
			}
			log, err := newLogger(c, s.err)
			if err != nil {
				return err
			}
			return withImporter(c, s, func(im *importer.Importer) error {
				pruned, err := im.Prune(c.Context, importer.PruneOptions{
					Before: time.Now().Add(-keep), DryRun: c.Bool("dry-run"), Logger: log, RejectsDirs: []string{c.String("rejects")},
				})
				if err != nil {
					return err
				}
				if c.String("output") == "json" {
					return report.WriteJSON(s.out, pruned)
				}
				report.WritePruned(s.out, pruned, report.TextOptions{Color: colored(s.out, c.Bool("no-color"))})
				return nil
			})
		},
	}
}
