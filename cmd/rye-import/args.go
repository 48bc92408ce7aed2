package main

import (
	"strings"

	"github.com/urfave/cli/v2"
)

// orderArgs lets flags stand anywhere: before the command, before a PATH or after it. The library
// takes everything after the first argument that is no flag for arguments; so the flags are put
// before them, those of the program before the command.
func orderArgs(app *cli.App, args []string) ([]string, error) {
	if len(args) == 0 {
		return args, nil
	}
	global := takesValue(app.Flags)
	known := map[string]bool{}
	var globals, flags, names, rest []string
	var command *cli.Command
	for i := 1; i < len(args); i++ {
		arg := args[i]
		if arg == "--" {
			rest = append(rest, args[i:]...)
			break
		}
		if len(arg) < 2 || arg[0] != '-' {
			if sub := subcommand(app, command, arg); sub != nil && len(rest) == 0 {
				command = sub
				names = append(names, arg)
				for name, value := range takesValue(sub.Flags) {
					known[name] = value
				}
			} else {
				rest = append(rest, arg)
			}
			continue
		}
		name, _, hasValue := strings.Cut(strings.TrimLeft(arg, "-"), "=")
		to := &flags
		value, ok := known[name]
		if !ok {
			if value, ok = global[name]; ok {
				to = &globals
			}
		}
		*to = append(*to, arg)
		if value && !hasValue {
			if i+1 == len(args) {
				return nil, usagef("flag %s needs a value", arg)
			}
			i++
			*to = append(*to, args[i])
		}
	}
	if len(names) == 0 {
		globals = append(globals, flags...)
		flags = nil
	}
	out := append([]string{args[0]}, globals...)
	out = append(out, names...)
	out = append(out, flags...)
	return append(out, rest...), nil
}

func subcommand(app *cli.App, of *cli.Command, name string) *cli.Command {
	list := app.Commands
	if of != nil {
		list = of.Subcommands
	}
	for _, c := range list {
		if c.HasName(name) {
			return c
		}
	}
	return nil
}

// takesValue tells for each flag whether it is followed by a value.
func takesValue(flags []cli.Flag) map[string]bool {
	m := make(map[string]bool)
	for _, f := range flags {
		_, isBool := f.(*cli.BoolFlag)
		for _, name := range f.Names() {
			m[name] = !isBool
		}
	}
	return m
}
