package main

import (
	"io"
	"log/slog"

	"github.com/urfave/cli/v2"
)

// jsonLogKey is where a JSON logger is kept among the metadata of the program: whoever reads its lines wants
// the last word of the program in the same form.
const jsonLogKey = "json log"

// newLogger makes the logger that the global flags ask for. Logs go to stderr and hold no values of
// records.
func newLogger(c *cli.Context, w io.Writer) (*slog.Logger, error) {
	var level slog.Level
	if err := level.UnmarshalText([]byte(c.String("log-level"))); err != nil {
		return nil, usagef("--log-level %q: debug, info, warn or error", c.String("log-level"))
	}
	opts := &slog.HandlerOptions{Level: level}
	switch c.String("log-format") {
	case "text":
		return slog.New(slog.NewTextHandler(w, opts)), nil
	case "json":
		log := slog.New(slog.NewJSONHandler(w, opts))
		c.App.Metadata[jsonLogKey] = log
		return log, nil
	}
	return nil, usagef("--log-format %q: text or json", c.String("log-format"))
}

// progressMode is how progress is shown: among JSON logs only if somebody asks for it.
func progressMode(c *cli.Context) string {
	mode := c.String("progress")
	if mode == "auto" && c.String("log-format") == "json" {
		return "none"
	}
	return mode
}
