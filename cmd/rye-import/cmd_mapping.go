package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/projectrye/rye-import/importer"
	"github.com/projectrye/rye-import/importer/mapping"
	"github.com/projectrye/rye-import/importer/report"
	"github.com/projectrye/rye-import/importer/source"
)

func cmdMapping(s streams) *cli.Command {
	output := &cli.StringFlag{Name: "output", Usage: "text or json", Value: "text", EnvVars: []string{"RYE_OUTPUT"}}
	list := func(c *cli.Context) error { return listMappings(c, s) }
	return &cli.Command{
		Name:         "mapping",
		Usage:        "what becomes of a CRM's records: list the built-in mappings, show one, draft one, check one",
		Flags:        []cli.Flag{output},
		OnUsageError: onUsageError,
		Before:       applyConfig,
		Action: func(c *cli.Context) error {
			if c.Args().Present() {
				return usagef("there is no command %q of mapping; there are: list, show, init, lint", c.Args().First())
			}
			return list(c)
		},
		Subcommands: []*cli.Command{
			{
				Name: "list", Usage: "the built-in mappings", Flags: []cli.Flag{output}, OnUsageError: onUsageError, Before: applyConfig,
				Action: list,
			},
			{
				Name: "show", Usage: "the text of a built-in mapping, to copy from", ArgsUsage: "CRM", OnUsageError: onUsageError, Before: applyConfig,
				Action: func(c *cli.Context) error {
					if c.NArg() != 1 {
						return usagef("mapping show needs the name of a CRM; there are: %s", strings.Join(mapping.Names(), ", "))
					}
					text, err := mapping.Source(c.Args().First())
					if err != nil {
						return &usageError{err}
					}
					_, err = s.out.Write(text)
					return err
				},
			},
			{
				Name: "init", Usage: "draft a mapping for files of an unknown CRM, with how sure it is of each line", ArgsUsage: "PATH...",
				Flags: append(withoutFlags(readFlags(), "crm", "mapping", "progress", "output", "time-zone", "date-order", "decimal"),
					&cli.StringFlag{Name: "out", Usage: "`FILE` to write, which must not be there; default: standard output"}),
				OnUsageError: onUsageError, Before: applyConfig,
				Action: func(c *cli.Context) error { return initMapping(c, s) },
			},
			{
				Name: "lint", Usage: "check a mapping, its examples, and how it fits an export", ArgsUsage: "FILE [PATH...]",
				Description: "FILE is a mapping or the name of a built-in one. It fails for errors in the mapping and for examples that give something else\n" +
					"than they say; what there is to say of an export are notes.",
				Flags: append(withoutFlags(readFlags(), "crm", "mapping", "progress"), showValuesFlag()), OnUsageError: onUsageError, Before: applyConfig,
				Action: func(c *cli.Context) error { return lintMapping(c, s) },
			},
		},
	}
}

// withoutFlags leaves out the flags that make no sense for a command.
func withoutFlags(flags []cli.Flag, names ...string) []cli.Flag {
	return slices.DeleteFunc(flags, func(f cli.Flag) bool { return slices.Contains(names, f.Names()[0]) })
}

func listMappings(c *cli.Context, s streams) error {
	var rows []report.MappingRow
	for _, name := range mapping.Names() {
		m, err := mapping.Builtin(name)
		if err != nil {
			return err
		}
		row := report.MappingRow{Name: m.Name, Title: m.Title, Version: m.Revision}
		for object := range m.Objects {
			if record := m.RecordObject(object); !slices.Contains(row.Objects, record) {
				row.Objects = append(row.Objects, record)
			}
		}
		slices.Sort(row.Objects)
		rows = append(rows, row)
	}
	switch c.String("output") {
	case "json":
		return report.WriteJSON(s.out, rows)
	case "text":
		report.WriteMappings(s.out, rows, report.TextOptions{Color: colored(s.out, c.Bool("no-color"))})
		return nil
	}
	return usagef("--output %q: text or json", c.String("output"))
}

func initMapping(c *cli.Context, s streams) (err error) {
	if !c.Args().Present() {
		return usagef("mapping init needs a PATH: a folder, a zip, CSV or JSON files, or -")
	}
	cfg, err := readConfig(c)
	if err != nil {
		return err
	}
	set, err := source.Find(c.Context, c.Args().Slice(), source.Options{Stdin: s.in})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, set.Close()) }()
	text, err := importer.Draft(c.Context, set, cfg)
	if err != nil {
		return err
	}
	path := c.String("out")
	if path == "" {
		_, err = s.out.Write(text)
		return err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s is there already; name another file with --out, or remove it", path)
	}
	if err != nil {
		return fmt.Errorf("writing the draft: %w", err)
	}
	if _, err := f.Write(text); err != nil {
		return fmt.Errorf("writing the draft: %w", errors.Join(err, f.Close()))
	}
	return f.Close()
}

func lintMapping(c *cli.Context, s streams) (err error) {
	if !c.Args().Present() {
		return usagef("mapping lint needs a FILE with a mapping, or the name of a built-in one")
	}
	cfg, err := readConfig(c)
	if err != nil {
		return err
	}
	cfg.ShowValues = c.Bool("show-values")
	name := c.Args().First()
	text, err := mappingText(name)
	if err != nil {
		return err
	}
	write := func(l *report.Lint) error {
		l.File = name
		if c.String("output") == "json" {
			if err := report.WriteJSON(s.out, l); err != nil {
				return err
			}
		} else {
			report.WriteLint(s.out, l, report.TextOptions{Color: colored(s.out, c.Bool("no-color"))})
		}
		if !l.OK {
			return &doneError{exitFailed}
		}
		return nil
	}
	m, err := mapping.Parse(text)
	if err != nil {
		return write(&report.Lint{Errors: lintErrors(err)})
	}
	if c.NArg() == 1 {
		l, err := importer.Lint(c.Context, m, nil, cfg)
		if err != nil {
			return err
		}
		return write(l)
	}
	set, err := source.Find(c.Context, c.Args().Tail(), source.Options{Stdin: s.in})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, set.Close()) }()
	l, err := importer.Lint(c.Context, m, set, cfg)
	if err != nil {
		return err
	}
	return write(l)
}

// mappingText reads a mapping of a file or, where there is none, a built-in one.
func mappingText(name string) ([]byte, error) {
	text, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) && slices.Contains(mapping.Names(), name) {
		return mapping.Source(name)
	}
	if err != nil {
		return nil, usagef("reading the mapping: %w; built in are: %s", err, strings.Join(mapping.Names(), ", "))
	}
	return text, nil
}

// readingPlace is where an error of reading a mapping says that it is.
var readingPlace = regexp.MustCompile(`^reading the mapping: \[(\d+):\d+\]`)

// lintErrors gives what is wrong with a mapping, each with its line.
func lintErrors(err error) []report.LintError {
	var check *mapping.CheckError
	if !errors.As(err, &check) {
		e := report.LintError{Text: err.Error()}
		if m := readingPlace.FindStringSubmatch(e.Text); m != nil {
			e.Line, _ = strconv.Atoi(m[1])
		}
		return []report.LintError{e}
	}
	out := make([]report.LintError, len(check.Problems))
	for i, p := range check.Problems {
		out[i] = report.LintError{Line: p.Line, Text: p.Text}
	}
	return out
}
