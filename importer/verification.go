package importer

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/projectrye/rye-import/importer/decode"
	"github.com/projectrye/rye-import/importer/graph"
	"github.com/projectrye/rye-import/importer/load"
	"github.com/projectrye/rye-import/importer/report"
	"github.com/projectrye/rye-import/importer/source"
	"github.com/projectrye/rye-import/importer/verify"
)

// VerifyOptions say what a verification tells.
type VerifyOptions struct {
	// Strict makes records that the graph has and a full export has not a difference. Defaults to
	// counting them.
	Strict bool
	// ShowValues lets differences tell values of cells. Defaults to what kind of value it is.
	ShowValues bool
}

// Verify reads an export again and compares it with the graph, record by record and value by value. It
// reads in one transaction and writes nothing. A difference is no error: the verification tells it.
//
// Errors that callers may want to tell apart: *NoExportError, *verify.HiddenError, *source.Error and
// *decode.FileError.
func (im *Importer) Verify(ctx context.Context, set *source.Set, cfg Config, opts VerifyOptions) (*report.Verification, error) {
	cfg = cfg.withDefaults()
	cfg.MaxRejects = nil // that guards what is written
	started := cfg.Now()
	out := report.NewVerification(started)
	for _, s := range set.Skipped {
		out.Skipped = append(out.Skipped, report.Skipped{Path: s.Path, Reason: s.Reason})
	}
	err := im.verify(ctx, set, cfg, opts, out)
	now := cfg.Now()
	out.FinishedAt, out.Seconds = now.UTC(), now.Sub(started).Seconds()
	return out, err
}

func (im *Importer) verify(ctx context.Context, set *source.Set, cfg Config, opts VerifyOptions, out *report.Verification) (err error) {
	files, m, err := prepare(ctx, set, cfg)
	if err != nil {
		return err
	}
	out.CRM, out.Mapping, out.Source = m.Name, m.Version(), cfg.Source
	if out.Source == "" {
		out.Source = m.Name
	}
	staged := make([]*stagedFile, 0, len(files))
	for _, f := range files {
		switch f.profile.Format {
		case decode.FormatCSV, decode.FormatJSON, decode.FormatNDJSON:
			staged = append(staged, &stagedFile{surveyed: f, no: int32(len(staged))})
		}
	}
	last, err := load.Headers(ctx, im.pool, out.Source)
	if err != nil {
		return err
	}
	for _, f := range staged {
		for _, object := range f.objects(m) {
			f.leave(object, nil, last[object].Gone) // as the last run did
		}
	}
	v, err := verify.Begin(ctx, im.pool, verify.Config{
		Source: out.Source, Lookups: m.Lookups(), Complete: complete(staged, cfg), Strict: opts.Strict, ShowValues: opts.ShowValues,
		Readers: cfg.Workers,
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, v.Close(ctx)) }()

	// First the keys of all records, which tell those that are used where several have one.
	noting := &pipeline{cfg: cfg, mapping: m, phase: "read", run: &noter{v: v}}
	if err := noting.stage(ctx, staged); err != nil {
		return err
	}
	cfg.BatchSize = min(cfg.BatchSize, compareAtOnce)
	comparing := &pipeline{cfg: cfg, mapping: m, phase: "compare", run: &comparer{v: v, files: staged}}
	if err := comparing.stage(ctx, staged); err != nil {
		return err
	}
	result, err := v.Finish(ctx)
	if err != nil {
		return err
	}
	fillVerification(out, files, staged, comparing.tallies, result)
	return nil
}

// compareAtOnce is how many records are compared at once: beside each in memory is all that the graph has of it.
const compareAtOnce = 1000

// complete names the objects of which a full export has every record.
func complete(files []*stagedFile, cfg Config) []string {
	if cfg.Delta {
		return nil
	}
	set := make(map[string]bool)
	for _, f := range files {
		if f.object != "" && !f.profile.Reject {
			set[f.record] = true
		}
	}
	for _, f := range files {
		if f.profile.More {
			delete(set, f.record) // a page of several
		}
	}
	return sorted(set)
}

// noter and comparer take the two readings of an export.
type noter struct{ v *verify.Verifier }

func (n *noter) Stage(_ context.Context, _ int32, b *graph.Batch) (load.Staged, error) {
	n.v.Note(b)
	return load.Staged{}, nil
}

func (n *noter) Reject(_ context.Context, _ int32, rejects []load.Reject) error {
	for _, r := range rejects {
		n.v.NoteRejected(r.Object, r.ID)
	}
	return nil
}

type comparer struct {
	v     *verify.Verifier
	files []*stagedFile
}

func (c *comparer) Stage(ctx context.Context, file int32, b *graph.Batch) (load.Staged, error) {
	return load.Staged{}, c.v.Compare(ctx, c.files[file].file.Path, b)
}

func (*comparer) Reject(context.Context, int32, []load.Reject) error { return nil }

func fillVerification(out *report.Verification, files []*surveyed, staged []*stagedFile, counted tallies, result *verify.Result) {
	records := make(map[*surveyed]int64)
	for _, f := range staged {
		records[f.surveyed] = counted.of(f.no).records
	}
	for _, f := range files {
		file := report.File{
			Path: f.file.Path, Object: f.record, SHA256: f.profile.SHA256, Encoding: f.profile.Encoding, Format: string(f.profile.Format),
			Records: records[f],
		}
		if !f.mapped() {
			file.Note = f.note
		}
		out.Files = append(out.Files, file)
	}
	for name, o := range counted.sum().objects {
		counts := report.VerifiedObject{Read: o.read, Rejected: o.rejected, Unmapped: o.unmapped}
		for _, n := range o.filtered {
			counts.Filtered += n
		}
		out.Objects[name] = counts
	}
	for name, o := range result.Objects {
		counts := out.Objects[name]
		counts.Held, counts.Differing = o.Compared-o.Differing, o.Differing
		counts.Superseded, counts.Unexpected, counts.Examples = o.Superseded, o.Unexpected, o.Examples
		out.Objects[name] = counts
	}
	for name, l := range result.Links {
		out.Links[name] = report.VerifiedLink(*l)
	}
	out.Counts = report.VerifiedCounts(result.Counts)
	for name, sums := range map[string]map[string]verify.Sum{
		"deal_value": result.Values, "deal_value_by_stage": result.ValuesByStage, "deal_value_by_owner": result.ValuesByOwner,
	} {
		if len(sums) == 0 {
			continue
		}
		out.Sums[name] = make(map[string]report.Sum, len(sums))
		for key, s := range sums {
			out.Sums[name][key] = report.Sum(s)
		}
	}
	for _, d := range result.Differences {
		out.Differences = append(out.Differences, report.Difference{
			Object: d.Object, ID: d.ID, File: d.File, Line: int(d.Line), What: d.What, Kind: string(d.Kind), Expected: d.Expected, Found: d.Found,
		})
	}
	out.Kept.Total = result.KeptTotal
	for _, k := range result.Kept {
		out.Kept.Values = append(out.Kept.Values, report.KeptValue{Object: k.Object, ID: k.ID, File: k.File, Line: int(k.Line), What: k.What})
	}
	out.Status = report.StatusDifferent
	if result.Verified() {
		out.Status = report.StatusVerified
	}
	for name, o := range out.Objects {
		if o.Unexpected > 0 {
			out.Warnings = append(out.Warnings, fmt.Sprintf("%s: the graph has %d records that the export has not; --full makes them differences, --delta says that the export has only changes", name, o.Unexpected))
		}
	}
	slices.Sort(out.Warnings)
}
