package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"runtime/debug"

	"github.com/urfave/cli/v2"
)

// streams are the standard streams of the process, or those of a test.
type streams struct {
	in       io.Reader
	out, err io.Writer
}

// run is the program: it does what the arguments say and gives the exit code.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	s := streams{in: stdin, out: stdout, err: stderr}
	app := newApp(s)
	ordered, err := orderArgs(app, args)
	if err == nil {
		err = app.RunContext(ctx, ordered)
	}
	if err == nil {
		return exitDone
	}
	var done *doneError
	if errors.As(err, &done) {
		return done.code
	}
	code := exitCode(ctx, err)
	if log, ok := app.Metadata[jsonLogKey].(*slog.Logger); ok {
		log.Error("rye-import ended", "exit_code", code, "status", statusName(code), "err", err)
		return code
	}
	if code == exitInterrupted {
		fmt.Fprintln(stderr, "rye-import: interrupted; nothing was changed")
		return code
	}
	fmt.Fprintf(stderr, "rye-import: %v\n", err)
	if code == exitUsage {
		fmt.Fprintln(stderr, "Try: rye-import --help")
	}
	return code
}

func newApp(s streams) *cli.App {
	app := &cli.App{
		Name:      "rye-import",
		Usage:     "bring the export of a legacy CRM into a Rye graph in PostgreSQL",
		Version:   version(),
		UsageText: "rye-import [--database-url URL] COMMAND [flags] [PATH...]",
		Description: "PATH is a folder, a zip, one or more CSV, JSON (also .gz) or .xlsx files, or - for standard input.\n" +
			"Without a database URL a private PostgreSQL of this user is started on demand.",
		Flags:    append(globalFlags(), helpFlag(), &cli.BoolFlag{Name: "version", Aliases: []string{"v"}, Usage: "print the version", DisableDefaultText: true}),
		Commands: []*cli.Command{cmdInspect(s), cmdPlan(s), cmdRun(s), cmdSync(s), cmdVerify(s), cmdConflicts(s), cmdRuns(s), cmdTrace(s), cmdMapping(s), cmdDB(s), cmdDemo(s)},
		Metadata: map[string]any{},
		Reader:   s.in, Writer: s.out, ErrWriter: s.err,
		HideHelp: true, HideVersion: true,
		// The codes are decided in one place, and nothing but main exits.
		ExitErrHandler: func(*cli.Context, error) {},
		OnUsageError:   onUsageError,
		Before: func(c *cli.Context) error {
			if c.Bool("version") {
				fmt.Fprintln(s.out, c.App.Name, c.App.Version)
				return &doneError{exitDone}
			}
			// The library stops at the first variable that is set, were it empty.
			if u := environ("DATABASE_URL"); u != "" && c.String("database-url") == "" {
				if err := c.Set("database-url", u); err != nil {
					return &usageError{err}
				}
			}
			return loadConfig(c)
		},
		Action: func(c *cli.Context) error {
			if c.Args().Present() {
				return usagef("there is no command %q", c.Args().First())
			}
			return cli.ShowAppHelp(c)
		},
		CustomAppHelpTemplate: cli.AppHelpTemplate + exitStatusHelp,
	}
	withHelp(app.Commands)
	return app
}

// helpFlag makes the flag --help. That of the library is one variable for all programs in a process,
// and programs that run side by side, as those of the tests do, would write to it at the same time.
func helpFlag() cli.Flag {
	return &cli.BoolFlag{Name: "help", Aliases: []string{"h"}, Usage: "show help", DisableDefaultText: true}
}

// withHelp gives each command its own --help.
func withHelp(commands []*cli.Command) {
	for _, c := range commands {
		c.HideHelp = true
		c.Flags = append(c.Flags, helpFlag())
		withHelp(c.Subcommands)
	}
}

const exitStatusHelp = `
EXIT STATUS:
   0    done
   1    failed, nothing was changed
   2    the command line is wrong
   3    done, some records were rejected that no earlier run had rejected
   4    stopped by a guard (--max-rejects, --max-archive, --plan, columns that are gone), nothing was changed
   5    another run holds the source
   130  interrupted, nothing was changed
`

func onUsageError(_ *cli.Context, err error, _ bool) error {
	return &usageError{err}
}

// version is that of the module when it was installed by its version, and says so when it was not.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" {
		return "(devel)"
	}
	return info.Main.Version
}

// environ is how the program reads its environment.
func environ(key string) string { return os.Getenv(key) }
