package main

import (
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/urfave/cli/v2"

	"github.com/projectrye/rye-import/importer"
	"github.com/projectrye/rye-import/importer/decode"
	"github.com/projectrye/rye-import/importer/mapping"
)

func globalFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "database-url", Usage: "`URL` of the database; default: a private PostgreSQL of this user", EnvVars: []string{"RYE_DATABASE_URL", "DATABASE_URL"}},
		&cli.StringFlag{Name: "config", Usage: "YAML `FILE` with defaults for flags", EnvVars: []string{"RYE_CONFIG"}},
		&cli.StringFlag{Name: "log-format", Usage: "text or json", Value: "text", EnvVars: []string{"RYE_LOG_FORMAT"}},
		&cli.StringFlag{Name: "log-level", Usage: "debug, info, warn or error", Value: "warn", EnvVars: []string{"RYE_LOG_LEVEL"}},
		&cli.BoolFlag{Name: "no-color", Usage: "no colours, also by NO_COLOR", DisableDefaultText: true, EnvVars: []string{"NO_COLOR"}},
	}
}

// readFlags say how files are read.
func readFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "crm", Usage: "`NAME` of the CRM, or auto", Value: "auto", EnvVars: []string{"RYE_CRM"}},
		&cli.StringFlag{Name: "mapping", Usage: "`FILE` with a mapping, in place of the built-in one", EnvVars: []string{"RYE_MAPPING"}},
		&cli.StringFlag{Name: "encoding", Usage: "`NAME` of the encoding of all files; default: what each says", EnvVars: []string{"RYE_ENCODING"}},
		&cli.StringFlag{Name: "delimiter", Usage: "`CHAR` between the cells of all CSV files, or tab; default: what each says", EnvVars: []string{"RYE_DELIMITER"}},
		&cli.IntFlag{Name: "header-line", Usage: "line `N` of all CSV files is the header; default: what each says", EnvVars: []string{"RYE_HEADER_LINE"}},
		&cli.StringFlag{Name: "quote", Usage: "`CHAR` around cells of all CSV files; default: what each says", EnvVars: []string{"RYE_QUOTE"}},
		&cli.StringFlag{Name: "time-zone", Usage: "`ZONE` of times that state none, as Europe/Prague; default: the mapping's", EnvVars: []string{"RYE_TIME_ZONE"}},
		&cli.StringFlag{Name: "date-order", Usage: "mdy or dmy, for columns of dates that do not show it", EnvVars: []string{"RYE_DATE_ORDER"}},
		&cli.StringFlag{Name: "decimal", Usage: "point or comma, for columns of numbers that do not show it", EnvVars: []string{"RYE_DECIMAL"}},
		&cli.IntFlag{Name: "workers", Usage: "`N` workers", DefaultText: "the number of processors", EnvVars: []string{"RYE_WORKERS"}},
		&cli.StringFlag{Name: "output", Usage: "text or json", Value: "text", EnvVars: []string{"RYE_OUTPUT"}},
		progressFlag(),
	}
}

// progressFlag says how progress is shown.
func progressFlag() cli.Flag {
	return &cli.StringFlag{Name: "progress", Usage: "auto, plain or none", Value: "auto", EnvVars: []string{"RYE_PROGRESS"}}
}

// showValuesFlag lets a command show values of the export.
func showValuesFlag() cli.Flag {
	return &cli.BoolFlag{Name: "show-values", Usage: "show values of the export as they are; they are masked otherwise", DisableDefaultText: true}
}

func runFlags() []cli.Flag {
	return append(readFlags(),
		&cli.StringFlag{Name: "source", Usage: "`NAME` of the legacy system in the graph; default: the CRM's name", EnvVars: []string{"RYE_SOURCE"}},
		&cli.IntFlag{Name: "batch-size", Usage: "`N` records staged at once", Value: importer.DefaultBatchSize, EnvVars: []string{"RYE_BATCH_SIZE"}},
		&cli.BoolFlag{Name: "full", Usage: "the export holds every record; this is the default", DisableDefaultText: true, EnvVars: []string{"RYE_FULL"}},
		&cli.BoolFlag{Name: "delta", Usage: "the export holds only what changed", DisableDefaultText: true, EnvVars: []string{"RYE_DELTA"}},
		&cli.BoolFlag{Name: "archive-missing", Usage: "archive what is missing from a full export", DisableDefaultText: true, EnvVars: []string{"RYE_ARCHIVE_MISSING"}},
		&cli.Float64Flag{Name: "max-archive", Usage: "stop if more than `PCT` percent would be archived", Value: importer.DefaultMaxArchive, EnvVars: []string{"RYE_MAX_ARCHIVE"}},
		&cli.StringFlag{Name: "max-rejects", Usage: "stop if more than `N` or N% records are rejected", EnvVars: []string{"RYE_MAX_REJECTS"}},
		&cli.StringFlag{Name: "allow-missing-columns", Usage: "go on without mapped `COLUMNS` that the last run had: Contact.Phone,... or all", EnvVars: []string{"RYE_ALLOW_MISSING_COLUMNS"}},
		&cli.StringFlag{Name: "prefer", Usage: "source or graph: who wins where people have changed what the source says otherwise now; default: the graph, until you decide", EnvVars: []string{"RYE_PREFER"}},
		&cli.StringFlag{Name: "rejects", Usage: "`DIR` for reject files", Value: "rejects", EnvVars: []string{"RYE_REJECTS"}},
	)
}

// operationFlags say who is told of a run.
func operationFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "metrics-file", Usage: "`FILE` with figures of the last run of each source, for Prometheus", EnvVars: []string{"RYE_METRICS_FILE"}},
		&cli.StringFlag{Name: "webhook", Usage: "`URL` that is sent a JSON object when a run does not end with 0", EnvVars: []string{"RYE_WEBHOOK"}},
		&cli.StringFlag{Name: "webhook-on", Usage: "any: every exit code but 0; failure: neither 0 nor 3", Value: "any", EnvVars: []string{"RYE_WEBHOOK_ON"}},
		&cli.BoolFlag{Name: "exit-zero-on-rejects", Usage: "end with 0 in place of 3, for schedulers that know no other success", DisableDefaultText: true, EnvVars: []string{"RYE_EXIT_ZERO_ON_REJECTS"}},
	}
}

// syncFlags are those of sync alone.
func syncFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "retention", Usage: "afterwards, prune the details of runs older than `AGE`, as 90d; default: keep all", EnvVars: []string{"RYE_RETENTION"}},
	}
}

// readConfig turns the flags of reading into a configuration.
func readConfig(c *cli.Context) (importer.Config, error) {
	cfg := importer.Config{CRM: c.String("crm"), Workers: c.Int("workers")}
	if cfg.Workers < 0 || cfg.Workers > 64 {
		return cfg, usagef("--workers %d: a number from 1 to 64", cfg.Workers)
	}
	if err := readLayout(c, &cfg.Decode); err != nil {
		return cfg, err
	}
	if zone := c.String("time-zone"); zone != "" {
		loc, err := time.LoadLocation(zone)
		if err != nil || zone == "Local" {
			return cfg, usagef("--time-zone %q: no such zone; give one as Europe/Prague or UTC", zone)
		}
		cfg.TimeZone = loc
	}
	switch order := mapping.DateOrder(c.String("date-order")); order {
	case mapping.DateOrderNone, mapping.DateOrderMDY, mapping.DateOrderDMY:
		cfg.DateOrder = order
	default:
		return cfg, usagef("--date-order %q: mdy or dmy", order)
	}
	switch mark := mapping.DecimalMark(c.String("decimal")); mark {
	case mapping.DecimalNone, mapping.DecimalPoint, mapping.DecimalComma:
		cfg.Decimal = mark
	default:
		return cfg, usagef("--decimal %q: point or comma", mark)
	}
	if crm := cfg.CRM; crm != "" && crm != "auto" {
		if _, err := mapping.Builtin(crm); err != nil {
			return cfg, usagef("--crm: %w", err)
		}
	}
	if path := c.String("mapping"); path != "" {
		m, err := readMapping(path)
		if err != nil {
			return cfg, err
		}
		cfg.Mapping = m
	}
	switch c.String("output") {
	case "text", "json", "": // blank for commands without it
	default:
		return cfg, usagef("--output %q: text or json", c.String("output"))
	}
	switch c.String("progress") {
	case "auto", "plain", "none", "":
	default:
		return cfg, usagef("--progress %q: auto, plain or none", c.String("progress"))
	}
	return cfg, nil
}

// readLayout turns the flags of how files are written into options.
func readLayout(c *cli.Context, opts *decode.Options) error {
	opts.Encoding = c.String("encoding")
	opts.HeaderLine = c.Int("header-line")
	for name, char := range map[string]*rune{"delimiter": &opts.Delimiter, "quote": &opts.Quote} {
		text := c.String(name)
		if text == "tab" || text == `\t` {
			text = "\t"
		}
		r, size := utf8.DecodeRuneInString(text)
		if size != len(text) {
			return usagef("--%s %q: one character is wanted", name, text)
		}
		if text != "" {
			*char = r
		}
	}
	if err := opts.Check(); err != nil {
		return usagef("--delimiter, --quote or --header-line: %w", err)
	}
	return nil
}

// runConfig turns the flags of run into a configuration.
func runConfig(c *cli.Context) (importer.Config, error) {
	cfg, err := readConfig(c)
	if err != nil {
		return cfg, err
	}
	cfg.Source = c.String("source")
	if strings.ContainsAny(cfg.Source, ":\x00") {
		return cfg, usagef("--source %q: a name without a colon", cfg.Source)
	}
	cfg.BatchSize = c.Int("batch-size")
	if cfg.BatchSize < 1 || cfg.BatchSize > 100_000 {
		return cfg, usagef("--batch-size %d: a number from 1 to 100000", cfg.BatchSize)
	}
	if c.Bool("full") && c.Bool("delta") {
		return cfg, usagef("--full and --delta exclude each other")
	}
	cfg.Delta = c.Bool("delta")
	cfg.ArchiveMissing = c.Bool("archive-missing")
	if cfg.ArchiveMissing && cfg.Delta {
		return cfg, usagef("--archive-missing needs a full export: in a delta, what is missing has not changed")
	}
	cfg.MaxArchive = c.Float64("max-archive")
	if cfg.MaxArchive < 0 || cfg.MaxArchive > 100 {
		return cfg, usagef("--max-archive %g: a percentage from 0 to 100", cfg.MaxArchive)
	}
	if cfg.MaxArchive == 0 {
		cfg.MaxArchive = -1
	}
	if cfg.MaxRejects, err = parseLimit(c.String("max-rejects")); err != nil {
		return cfg, err
	}
	cfg.RejectsDir = c.String("rejects")
	if cfg.AllowMissingColumns, err = parseColumns(c.String("allow-missing-columns")); err != nil {
		return cfg, err
	}
	switch cfg.Prefer = importer.Prefer(c.String("prefer")); cfg.Prefer {
	case importer.PreferNone, importer.PreferSource, importer.PreferGraph:
	default:
		return cfg, usagef("--prefer %q: source or graph", cfg.Prefer)
	}
	return cfg, nil
}

// parseColumns reads a list of columns as Contact.Phone.
func parseColumns(s string) ([]string, error) {
	if s == "" {
		return nil, nil
	}
	columns := strings.Split(s, ",")
	for i, column := range columns {
		columns[i] = strings.TrimSpace(column)
		object, name, ok := strings.Cut(columns[i], ".")
		if columns[i] != importer.AllColumns && (!ok || object == "" || name == "") {
			return nil, usagef("--allow-missing-columns %q: columns as Contact.Phone, parted by commas, or all", s)
		}
	}
	return columns, nil
}

// parseLimit reads N or N%.
func parseLimit(s string) (*importer.Limit, error) {
	if s == "" {
		return nil, nil
	}
	if number, ok := strings.CutSuffix(s, "%"); ok {
		percent, err := strconv.ParseFloat(number, 64)
		if err != nil || percent < 0 || percent > 100 {
			return nil, usagef("--max-rejects %q: a percentage from 0%% to 100%%", s)
		}
		return &importer.Limit{Percent: percent, IsShare: true}, nil
	}
	count, err := strconv.ParseInt(s, 10, 64)
	if err != nil || count < 0 {
		return nil, usagef("--max-rejects %q: a number, or a percentage as 5%%", s)
	}
	return &importer.Limit{Count: count}, nil
}
