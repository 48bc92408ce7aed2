package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/urfave/cli/v2"

	"github.com/projectrye/rye-import/fixtures"
	"github.com/projectrye/rye-import/importer"
	"github.com/projectrye/rye-import/importer/explore"
	"github.com/projectrye/rye-import/importer/report"
	"github.com/projectrye/rye-import/importer/source"
)

// demoSource keeps the demo's records apart from those of a real source.
const demoSource = "demo"

func cmdDemo(s streams) *cli.Command {
	return &cli.Command{
		Name:         "demo",
		Usage:        "load an invented Salesforce export and show the graph that it becomes",
		OnUsageError: onUsageError,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "progress", Usage: "auto, plain or none", Value: "auto", EnvVars: []string{"RYE_PROGRESS"}},
			&cli.StringFlag{Name: "rejects", Usage: "`DIR` for reject files", Value: "rejects", EnvVars: []string{"RYE_REJECTS"}},
		},
		Before: applyConfig,
		Action: func(c *cli.Context) error { return demo(c, s) },
	}
}

func demo(c *cli.Context, s streams) (err error) {
	ctx := c.Context
	log, err := newLogger(c, s.err)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "rye-import-demo-")
	if err != nil {
		return fmt.Errorf("unpacking the demo: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if err := os.CopyFS(dir, fixtures.Salesforce); err != nil {
		return fmt.Errorf("unpacking the demo: %w", err)
	}
	set, err := source.Find(ctx, []string{dir + "/salesforce"}, source.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, set.Close()) }()
	cfg := importer.Config{CRM: "salesforce", Source: demoSource, RejectsDir: c.String("rejects")}
	db, err := openMigrated(c, log, connections(cfg))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close(ctx)) }()

	summary, err := importSet(c, s, db, set, cfg, log)
	if err != nil {
		return err
	}
	report.WriteText(s.out, summary, report.TextOptions{Color: colored(s.out, c.Bool("no-color"))})
	if err := showGraph(c, s, db); err != nil {
		return err
	}
	fmt.Fprint(s.out, `
Where to look next
  rye-import db psql                     the graph, with SQL
  rye-import runs list                   what was imported when
  rye-import inspect PATH                what is in an export of your own
  rye-import run PATH                    import it
The seven rejected rows are part of the demo; their reject files say why.
`)
	return nil
}

// showGraph shows the deals under way by stage, and one of them with everything that hangs on it.
func showGraph(c *cli.Context, s streams, db *database) error {
	opts := report.TextOptions{Color: colored(s.out, c.Bool("no-color"))}
	funnel, err := explore.Funnel(c.Context, db.pool)
	if err != nil {
		return err
	}
	const shown = 12
	deals, err := explore.Deals(c.Context, db.pool, shown)
	if err != nil {
		return err
	}
	report.WriteFunnel(s.out, funnelRows(funnel), opts)
	report.WriteDeals(s.out, dealRows(deals), opts)
	code := ""
	for _, d := range deals {
		if d.Contact != "" && d.Owner != "" {
			code = d.Code
			break
		}
	}
	if code == "" {
		return nil
	}
	record, err := explore.Get(c.Context, db.pool, code)
	if err != nil {
		return err
	}
	report.WriteRecord(s.out, recordView(record), opts)
	return nil
}

func funnelRows(sums []explore.StageSum) []report.FunnelRow {
	rows := make([]report.FunnelRow, len(sums))
	for i, f := range sums {
		rows[i] = report.FunnelRow(f)
	}
	return rows
}

func dealRows(deals []explore.Deal) []report.DealRow {
	rows := make([]report.DealRow, len(deals))
	for i, d := range deals {
		rows[i] = report.DealRow(d)
	}
	return rows
}

func recordView(r *explore.Record) *report.RecordView {
	v := &report.RecordView{
		Code: r.Code, Type: r.Type, Label: r.Label, Properties: r.Properties, CreatedAt: r.CreatedAt, Sources: r.Sources,
	}
	for _, e := range r.Edges {
		v.Edges = append(v.Edges, report.EdgeView(e))
	}
	for _, f := range r.Facts {
		v.Facts = append(v.Facts, report.FactView(f))
	}
	for _, e := range r.Events {
		v.Events = append(v.Events, report.EventView(e))
	}
	return v
}
