package importer

import (
	"context"
	"errors"
	"io"

	"golang.org/x/sync/errgroup"

	"github.com/projectrye/rye-import/importer/decode"
	"github.com/projectrye/rye-import/importer/mapping"
)

// settings are what a run decides about the values of a file.
func settings(cfg Config, f *surveyed) mapping.Settings {
	return mapping.Settings{
		Zone: cfg.TimeZone, DateOrder: cfg.DateOrder, Decimal: cfg.Decimal, Formats: f.formats,
		Plain: f.profile.Format != decode.FormatCSV || f.file.Sheet,
	}
}

// findFormats finds out how dates and numbers are written in the columns of which the mapping does not
// say it. A column that its cells do not decide stops the run, unless the configuration settles it.
func findFormats(ctx context.Context, files []*surveyed, m *mapping.Mapping, cfg Config) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(cfg.Workers)
	for _, f := range files {
		if f.object == "" || f.profile.Format != decode.FormatCSV {
			continue
		}
		g.Go(func() error {
			formats, undecided, err := fileFormats(ctx, f, m, cfg)
			if err == nil && len(undecided) > 0 {
				err = undecided[0]
			}
			f.formats = formats
			return err
		})
	}
	return g.Wait()
}

// fileFormats gathers the evidence of one file: from the sample first, and from all of the file for the
// columns of which the sample has anything that could be read in two ways. Numbers are always looked at
// to the end, since the one that decides may be the last. Columns that neither their cells nor the
// configuration decide are given apart.
func fileFormats(ctx context.Context, f *surveyed, m *mapping.Mapping, cfg Config) (mapping.Formats, []*mapping.UndecidedError, error) {
	plan, err := m.Compile(f.object, f.profile.Header, settings(cfg, f))
	if err != nil {
		return nil, nil, inFile(f.file, err)
	}
	var columns []mapping.Formatted
	var evidence []*mapping.Evidence
	for _, c := range plan.Formatted() {
		if !c.Dates || orderMatters(f.sample, c) {
			columns, evidence = append(columns, c), append(evidence, mapping.NewEvidence(c))
		}
	}
	if len(columns) == 0 {
		return nil, nil, nil
	}
	if err := gather(ctx, f, evidence, columns, cfg); err != nil {
		return nil, nil, err
	}
	var open []*mapping.UndecidedError
	formats := make(mapping.Formats)
	for i, e := range evidence {
		format, err := e.Decide()
		var undecided *mapping.UndecidedError
		if errors.As(err, &undecided) {
			if columns[i].Dates && cfg.DateOrder != "" || !columns[i].Dates && cfg.Decimal != "" {
				continue
			}
			undecided.File = f.file.Path
			open = append(open, undecided)
			continue
		}
		formats[columns[i].Column] = format
	}
	return formats, open, nil
}

// orderMatters reports whether the sample has dates whose day and month could stand in any order. Dates
// of that kind that come later are rejected, not guessed.
func orderMatters(sample [][]string, column mapping.Formatted) bool {
	e := mapping.NewEvidence(column)
	for _, cells := range sample {
		e.Add(cells[column.Place], 0)
	}
	return e.Shown()
}

// gather reads the file to its end.
func gather(ctx context.Context, f *surveyed, evidence []*mapping.Evidence, columns []mapping.Formatted, cfg Config) error {
	rc, err := f.file.Open()
	if err != nil {
		return inFile(f.file, err)
	}
	r, err := decode.NewReader(rc, f.profile, f.options(cfg))
	if err != nil {
		return errors.Join(inFile(f.file, err), rc.Close())
	}
	defer r.Close()
	for n := 0; ; n++ {
		if n%1000 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		rec, err := r.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		var bad *decode.RecordError
		if errors.As(err, &bad) {
			continue
		}
		if err != nil {
			return inFile(f.file, err)
		}
		for i, c := range columns {
			evidence[i].Add(rec.Cells[c.Place], rec.Line)
		}
	}
}
