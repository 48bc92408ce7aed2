package importer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/projectrye/rye-import/importer/decode"
	"github.com/projectrye/rye-import/importer/load"
	"github.com/projectrye/rye-import/importer/mapping"
	"github.com/projectrye/rye-import/importer/report"
	"github.com/projectrye/rye-import/importer/source"
)

// Importer brings exports into one database.
type Importer struct {
	pool *pgxpool.Pool
}

// New makes an importer. The database must have the schema of this version (package migrate).
// A run needs three connections more than it has workers.
func New(pool *pgxpool.Pool) *Importer {
	return &Importer{pool: pool}
}

// Run imports a set of files. Everything becomes visible at once at the end, or nothing does. With
// an error the summary, where there is one, says how far the run came.
//
// Errors that callers may want to tell apart: ErrSourceLocked, *NoExportError, *RejectGuardError,
// *MissingColumnsError, *load.MissingGuardError, *load.HiddenNodesError, *UnbalancedError, *PlanChangedError,
// *load.GraphChangedError, *source.Error and *decode.FileError. A cancelled context ends the run as interrupted.
func (im *Importer) Run(ctx context.Context, set *source.Set, cfg Config) (*report.Summary, error) {
	return newRunner(im, set, cfg.withDefaults()).do(ctx, set)
}

func newRunner(im *Importer, set *source.Set, cfg Config) *runner {
	r := &runner{cfg: cfg, pool: im.pool, tally: newTally(), started: cfg.Now()}
	r.summary = report.NewSummary(cfg.Command, r.started)
	r.summary.Source = cfg.Source
	if cfg.Source != "" {
		r.cfg.Logger = cfg.Logger.With("source", cfg.Source)
	}
	for _, s := range set.Skipped {
		r.summary.Skipped = append(r.summary.Skipped, report.Skipped{Path: s.Path, Reason: s.Reason})
	}
	return r
}

func (r *runner) do(ctx context.Context, set *source.Set) (*report.Summary, error) {
	err := r.execute(ctx, set)
	if err != nil && r.run == nil {
		switch {
		case IsGuard(err):
			r.summary.Status = "stopped"
		case ctx.Err() != nil:
			r.summary.Status = "interrupted"
		}
	}
	now := r.cfg.Now()
	r.summary.FinishedAt, r.summary.Seconds = now.UTC(), now.Sub(r.started).Seconds()
	r.logEnd(err)
	return r.summary, err
}

// logEnd logs how the run ended, also one that did not begin.
func (r *runner) logEnd(err error) {
	s := r.summary
	n := s.Records()
	args := []any{
		"status", s.Status, "seconds", s.Seconds, "read", n.Read, "created", n.Created, "updated", n.Updated, "unchanged", n.Unchanged,
		"archived", n.Archived + n.Missing, "rejected", n.Rejected, "filtered", n.Filtered, "deferred", n.Deferred,
	}
	if err != nil {
		args = append(args, "err", err)
	}
	r.cfg.Logger.Info("run ended", args...)
}

// runner is a run while it is under way.
type runner struct {
	cfg     Config
	pool    *pgxpool.Pool
	mapping *mapping.Mapping
	files   []*stagedFile
	run     *load.Run
	tally   *tally  // of all files
	tallies tallies // of each
	reading string  // by what files are read; empty if nobody can tell
	summary *report.Summary
	started time.Time
	drift   drift

	planning *PlanOptions     // nil for a run
	graph    load.Fingerprint // before a plan
}

func (r *runner) execute(ctx context.Context, set *source.Set) error {
	begun := time.Now()
	files, m, err := prepare(ctx, set, r.cfg)
	if err != nil {
		return err
	}
	r.mapping = m
	r.describe(files)
	if r.cfg.Source == "" {
		r.cfg.Logger = r.cfg.Logger.With("source", r.summary.Source)
	}
	r.phase("survey", begun)
	if err := r.checkPlan(); err != nil {
		return err
	}

	if err := r.begin(ctx, files); err != nil {
		return err
	}
	if err := r.work(ctx, files); err != nil {
		if IsGuard(err) {
			err = errors.Join(err, r.details(ctx))
		}
		return r.fail(ctx, err)
	}
	if r.planning != nil {
		if err := r.details(ctx); err != nil {
			return r.fail(ctx, err)
		}
		r.summary.Status = report.StatusPlanned
		return r.run.Close(ctx)
	}
	r.summary.Status = "done"
	r.complete(ctx)
	return nil
}

// complete does what comes after the commit. What fails is left to the next run, for the data is in.
func (r *runner) complete(ctx context.Context) {
	c := r.run.Complete(ctx, load.CompleteOptions{
		Connections: r.cfg.Workers, Views: r.changed(),
		Progress: func(phase string) { r.cfg.Progress(Progress{Phase: phase}) },
	})
	for _, ph := range c.Phases {
		r.addPhase(ph.Name, ph.Elapsed)
	}
	if c.Indexes != nil {
		r.warn("the data is in, but not all indexes are made; the next run makes them: %v", c.Indexes)
	}
	if c.Views != nil {
		r.warn("the materialized views were not refreshed: %v", c.Views)
	}
	if c.Staging != nil {
		r.cfg.Logger.Warn("the run is done, but staging could not be emptied; the next run will", "err", c.Staging)
	}
}

// describe puts what is known before the run into the summary.
func (r *runner) describe(files []*surveyed) {
	s := r.summary
	s.CRM = r.mapping.Name
	if s.Source = r.cfg.Source; s.Source == "" {
		s.Source = r.mapping.Name
	}
	s.Mapping = r.mapping.Version()
	s.TimeZone = r.mapping.TimeZone
	if r.cfg.TimeZone != nil {
		s.TimeZone = r.cfg.TimeZone.String()
	}
	// Once, and early: while the run is under way, somebody may put another version of the program into its place.
	r.reading = reading(r.cfg, r.mapping, s.TimeZone)
	for _, f := range files {
		file := report.File{
			Path: f.file.Path, Object: f.record, SHA256: f.profile.SHA256, Encoding: f.profile.Encoding, Format: string(f.profile.Format),
		}
		if !f.mapped() {
			file.Note = f.note
		}
		if f.profile.Titles > 0 {
			r.warn("%s: the header is on line %d; what stands above it was taken for a title and passed over (--header-line overrules)",
				f.file.Path, f.profile.HeaderLine)
		}
		s.Files = append(s.Files, file)
		for _, name := range f.profile.Header {
			if first, ok := strings.CutSuffix(name, " (2)"); ok && f.mapped() && slices.Contains(f.profile.Header, first) {
				r.warn("%s: the column %s stands in the header more than once; the first is mapped, the next is kept as %s", f.file.Path, first, name)
			}
		}
	}
}

func (r *runner) phase(name string, since time.Time) {
	r.addPhase(name, time.Since(since))
}

func (r *runner) addPhase(name string, elapsed time.Duration) {
	r.summary.Phases = append(r.summary.Phases, report.Phase{Name: name, Seconds: elapsed.Seconds()})
	r.cfg.Logger.Info("phase done", "phase", name, "seconds", elapsed.Seconds())
}

func (r *runner) warn(format string, args ...any) {
	r.summary.Warnings = append(r.summary.Warnings, fmt.Sprintf(format, args...))
}

// begin opens the run in the database.
func (r *runner) begin(ctx context.Context, files []*surveyed) error {
	idType := string(r.mapping.IDs.Form)
	var expected load.Fingerprint
	if r.cfg.Plan != nil {
		expected = r.cfg.Plan.Graph
	}
	run, err := load.Begin(ctx, r.pool, load.Config{
		Plan: r.planning != nil, Expected: expected,
		Source: r.summary.Source, CRM: r.mapping.Name, Command: r.cfg.Command, Mapping: r.mapping.Version(),
		Objects: r.mapping.RecordObjects(), Lookups: r.mapping.Lookups(), Derived: derived(r.mapping), Repeated: r.mapping.Repeated(), KeyColumns: r.mapping.KeyColumns(), IDType: idType,
		Full: !r.cfg.Delta && !allRejects(files), StartedAt: r.started, Logger: r.cfg.Logger,
	})
	if err != nil {
		return err
	}
	r.run = run
	if p := r.planning; p == nil {
		r.summary.RunID = run.ID.String()
		r.cfg.Logger = r.cfg.Logger.With("run_id", r.summary.RunID)
	} else if p.Save {
		if r.graph, err = run.Fingerprint(ctx); err != nil {
			return r.fail(ctx, err)
		}
	}
	r.cfg.Logger.Info("run begun", "run", run.Number, "crm", r.mapping.Name, "command", r.cfg.Command, "mapping", r.mapping.Version(),
		"full", !r.cfg.Delta, "files", len(files))
	for _, f := range files {
		switch f.profile.Format {
		case decode.FormatCSV, decode.FormatJSON, decode.FormatNDJSON:
		default:
			continue
		}
		no, err := run.AddFile(ctx, load.File{
			Path: f.file.Path, Object: f.label(), Format: string(f.profile.Format), Encoding: f.profile.Encoding,
			SHA256: f.profile.SHA256, Bytes: f.profile.Bytes,
		})
		if err != nil {
			return r.fail(ctx, err)
		}
		r.files = append(r.files, &stagedFile{surveyed: f, no: no})
	}
	return nil
}

// derived says which references by name make records where they find none.
func derived(m *mapping.Mapping) map[string]load.Derive {
	all := make(map[string]load.Derive)
	for lookup, d := range m.Derived() {
		all[lookup] = load.Derive{Object: d.Object, NodeType: d.Type, CodePrefix: d.Code}
	}
	return all
}

// work stages and merges.
func (r *runner) work(ctx context.Context, files []*surveyed) error {
	if err := r.checkColumns(ctx); err != nil {
		return err
	}
	begun := time.Now()
	kept, err := r.keepFiles(ctx)
	if err != nil {
		return err
	}
	r.run.Compare(ctx, kept)
	p := &pipeline{cfg: r.cfg, run: r.run, mapping: r.mapping, origins: r.run.StageOrigins}
	if r.planning != nil && r.planning.Details != nil {
		p.filtered = r.run.Filter
	}
	err = p.stage(ctx, r.files)
	r.tallies, r.tally = p.tallies, p.tallies.sum()
	r.phase("stage", begun)
	if err != nil {
		var guard *RejectGuardError
		if errors.As(err, &guard) {
			return r.guard(ctx, guard)
		}
		return err
	}
	r.countFiles(files)
	archivable, err := r.archivable(ctx)
	if err != nil {
		return err
	}
	final := Progress{Records: p.records.Load(), Rejects: p.rejects.Load()}
	outcome, err := r.run.Merge(ctx, load.MergeOptions{
		UnchangedLinks: r.tally.unchanged, ArchiveMissing: archivable, MaxArchive: r.cfg.MaxArchive,
		FileRecords: r.fileRecords(), Prefer: r.cfg.Prefer, ReadAhead: r.planning == nil,
		Details: r.planning != nil && r.planning.Details != nil, Unchanged: r.planning != nil && r.planning.Unchanged,
		Progress: func(phase string) {
			final.Phase = phase
			r.cfg.Progress(final)
		},
		Settle: r.settle,
	})
	if err != nil {
		return err
	}
	for _, ph := range outcome.Phases {
		r.addPhase(ph.Name, ph.Elapsed)
	}
	return nil
}

// guard ends a run with too many rejects: what they are is worth having all the same.
func (r *runner) guard(ctx context.Context, guard *RejectGuardError) error {
	ledger := r.run.Ledger()
	rejected, err := ledger.Files(ctx)
	if err != nil {
		return errors.Join(guard, err)
	}
	path, err := r.writeRejects(ctx, ledger, rejected)
	if err != nil {
		return errors.Join(guard, err)
	}
	guard.Path = path
	r.summary.Rejects.Path = path
	if err := r.fillGroups(ctx, ledger); err != nil {
		return errors.Join(guard, err)
	}
	return guard
}

// fail closes the journal of a run that did not come to its end.
func (r *runner) fail(ctx context.Context, cause error) error {
	status := "failed"
	switch {
	case IsGuard(cause):
		status = "stopped"
	case ctx.Err() != nil:
		status = "interrupted"
		if !errors.Is(cause, context.Canceled) {
			cause = errors.Join(context.Canceled, cause)
		}
	}
	r.summary.Status = status
	summary, err := json.Marshal(r.summary)
	if err != nil {
		summary = nil
	}
	if err := r.run.End(ctx, status, cause, summary); err != nil {
		r.cfg.Logger.Warn("the journal of the run could not be closed; the next run will", "err", err)
	}
	return cause
}

func (r *runner) changed() bool {
	return r.summary.Graph != report.Graph{}
}

// countFiles puts the records of each file into the summary.
func (r *runner) countFiles(files []*surveyed) {
	staged := make(map[*surveyed]*stagedFile)
	for _, f := range r.files {
		staged[f.surveyed] = f
	}
	for i, s := range files {
		f := staged[s]
		if f == nil {
			continue
		}
		r.summary.Files[i].Records = r.tallies.of(f.no).records
		if f.kept != nil {
			r.summary.Files[i].SameAsRun = f.kept.run
		}
	}
	if r.tally.footers > 0 {
		r.warn("%d lines at the end of report exports are a footer and no records", r.tally.footers)
	}
}

// fileRecords counts the records of each file that has any.
func (r *runner) fileRecords() map[int32]int64 {
	records := make(map[int32]int64, len(r.files))
	for no, t := range r.tallies {
		if t.records > 0 {
			records[no] = t.records
		}
	}
	return records
}

// checkPages warns of query results of which pages are missing, and names their objects: what is
// missing from them is not deleted.
func (r *runner) checkPages() map[string]bool {
	said, got := make(map[string]int64), make(map[string]int64)
	for _, f := range r.files {
		if f.object == "" || f.profile.TotalSize == 0 {
			continue
		}
		said[f.record] = max(said[f.record], f.profile.TotalSize)
		got[f.record] += f.own
	}
	incomplete := make(map[string]bool)
	for name, total := range said {
		if got[name] < total {
			incomplete[name] = true
			r.warn("%s: the pages hold %d of the %d records that the query found; fetch the pages that are missing, and load them together",
				name, got[name], total)
		}
	}
	for _, name := range r.withoutLastPage() {
		if said[name] == 0 {
			incomplete[name] = true
			r.warn("%s: the pages say that another follows, and the last is not there; fetch the pages that are missing, and load them together", name)
		}
	}
	return incomplete
}

// withoutLastPage names the objects of which there are pages of query results, but none that is the last.
func (r *runner) withoutLastPage() []string {
	set, last := make(map[string]bool), make(map[string]bool)
	for _, f := range r.files {
		switch p := f.profile; {
		case f.object == "":
		case p.More:
			set[f.object] = true
		case p.Format == decode.FormatJSON && p.Envelope != "":
			last[f.object] = true
		}
	}
	for name := range last {
		delete(set, name)
	}
	return sorted(set)
}

// archivable names the objects whose missing records may be archived: those that the export holds
// whole, and of which every row tells whose it is.
func (r *runner) archivable(ctx context.Context) ([]string, error) {
	incomplete := r.checkPages()
	if !r.cfg.ArchiveMissing || r.cfg.Delta {
		return nil, nil
	}
	unidentified, err := r.run.Ledger().Unidentified(ctx)
	if err != nil {
		return nil, err
	}
	for object, n := range unidentified {
		incomplete[object] = true
		r.warn("%s: %d rejected rows do not tell their id, so that nothing can be said to be missing; nothing of it was archived", object, n)
	}
	set := make(map[string]bool)
	for _, f := range r.files {
		if f.object == "" || incomplete[f.record] || f.profile.Reject {
			continue
		}
		set[f.record] = true
		for _, c := range f.children {
			// An export that has none at all is rather one that leaves them out.
			child := r.mapping.RecordObject(c.Type)
			if t := r.tally.objects[child]; t != nil && t.read > 0 && !t.unmapped && !incomplete[child] {
				set[child] = true
			}
		}
	}
	names := make([]string, 0, len(set))
	for name := range set {
		names = append(names, name)
	}
	sort.Strings(names)
	return names, nil
}

// settle makes the summary of a merge that has not committed, writes the reject files, and refuses
// a run that does not balance.
func (r *runner) settle(ctx context.Context, o *load.Outcome, rejects *load.Ledger) (load.Settlement, error) {
	s := r.summary
	r.fillObjects(o)
	r.fillLinks(o)
	r.fillSums(o)
	s.Graph = report.Graph{
		Nodes:      report.GraphNodes(o.Nodes),
		Edges:      report.GraphEdges(o.Edges),
		Assertions: report.GraphAssertions(o.Assertions),
		Events:     report.GraphEvents(o.Events),
	}
	r.fillDeferred(o)
	r.fillNames(o)
	r.fillConflicts(o)
	r.fillFields(o)
	counts, err := rejects.Counts(ctx)
	if err != nil {
		return load.Settlement{}, err
	}
	s.Rejects.ByCode = counts
	if err := r.fillGroups(ctx, rejects); err != nil {
		return load.Settlement{}, err
	}
	// Who loads a reject file has repaired it, and wants to hear of what is still wrong.
	repair := slices.ContainsFunc(r.files, func(f *stagedFile) bool { return f.profile.Reject })
	r.fillReturned(o)
	if len(counts) > 0 && !repair {
		if s.Rejects.Known, err = rejects.Known(ctx); err != nil {
			return load.Settlement{}, err
		}
	}
	rejected, err := rejects.Files(ctx)
	if err != nil {
		return load.Settlement{}, err
	}
	if s.Rejects.Path, err = r.writeRejects(ctx, rejects, rejected); err != nil {
		return load.Settlement{}, err
	}

	var read int64
	for _, obj := range s.Objects {
		read += obj.Read
	}
	if l := r.cfg.MaxRejects; l != nil && l.exceeded(s.Rejects.Total(), read) {
		return load.Settlement{}, &RejectGuardError{Rejected: s.Rejects.Total(), Read: read, Limit: *l, Path: s.Rejects.Path}
	}
	headers, err := r.fillDrift()
	if err != nil {
		return load.Settlement{}, err
	}
	tallies, err := r.settleFiles(o, rejected)
	if err != nil {
		return load.Settlement{}, err
	}
	s.Imbalance = r.imbalance(o)
	if s.Balanced = len(s.Imbalance) == 0; !s.Balanced {
		return load.Settlement{}, &UnbalancedError{Where: s.Imbalance}
	}
	if err := r.checkOutcome(); err != nil {
		return load.Settlement{}, err
	}
	s.Status = "done"
	now := r.cfg.Now()
	s.FinishedAt, s.Seconds = now.UTC(), now.Sub(r.started).Seconds()
	text, err := json.Marshal(s)
	if err != nil {
		return load.Settlement{}, fmt.Errorf("writing the summary: %w", err)
	}
	return load.Settlement{
		Summary: text, Headers: headers, Tallies: tallies,
		Line: fmt.Sprintf("Import of %s: %d records, %d nodes and %d edges created", s.Source, read, o.Nodes.Created, o.Edges.Created),
	}, nil
}

func (r *runner) fillObjects(o *load.Outcome) {
	for name, t := range r.tally.objects {
		obj := report.Object{Read: t.read, Rejected: t.rejected, Unmapped: t.unmapped, Seconds: t.spent.Seconds()}
		db := o.Objects[name]
		obj.Created, obj.Updated, obj.Unchanged, obj.Archived = db.Created, db.Updated, db.Unchanged, db.Archived
		for reason, n := range t.filtered {
			obj.Filtered += n
			if obj.Filters == nil {
				obj.Filters = report.Counts{}
			}
			obj.Filters[reason] += n
		}
		r.summary.Objects[name] = obj
	}
	for name, n := range o.Missing {
		obj := r.summary.Objects[name]
		obj.Missing = n
		r.summary.Objects[name] = obj
	}
	for _, c := range o.Codes {
		obj := r.summary.Objects[c.Object]
		if obj.Codes != "" {
			obj.Codes += ", "
		}
		obj.Codes += c.First
		if c.Last != c.First {
			obj.Codes += " … " + c.Last
		}
		r.summary.Objects[c.Object] = obj
	}
	for _, l := range o.Losers {
		obj := r.summary.Objects[l.Object]
		switch l.Verdict {
		case load.VerdictDuplicate:
			obj.Rejected += l.Count
		default:
			obj.Filtered += l.Count
			if obj.Filters == nil {
				obj.Filters = report.Counts{}
			}
			obj.Filters[loserReason(l.Verdict)] += l.Count
		}
		r.summary.Objects[l.Object] = obj
	}
}

// loserReason says why a record is filtered on which there is a verdict; another reason is what it is.
func loserReason(verdict string) string {
	switch verdict {
	case load.VerdictOlder:
		return "an older version of a record that is in the export too"
	case load.VerdictSame:
		return "the same record stands in another file"
	case load.VerdictRepeated:
		return "it repeats a record that stands before it"
	}
	return verdict
}

func (r *runner) fillDeferred(o *load.Outcome) {
	for _, w := range o.Waiting {
		r.summary.Deferred = append(r.summary.Deferred, report.Deferred{
			Object: w.Object, Kind: w.Kind, Link: w.Slot, WaitsFor: w.WaitsFor, Count: w.Count, Since: w.Since.UTC(),
		})
		if obj, ok := r.summary.Objects[w.Object]; ok {
			obj.Deferred += w.Count
			r.summary.Objects[w.Object] = obj
		}
	}
}

func (r *runner) fillFields(o *load.Outcome) {
	for name, fields := range o.Fields {
		if r.summary.Fields == nil {
			r.summary.Fields = make(map[string]report.Counts)
		}
		r.summary.Fields[name] = fields
	}
}

func (r *runner) fillNames(o *load.Outcome) {
	r.summary.NamesTotal = o.NamesTotal
	for _, n := range o.Names {
		name := report.Name{Lookup: n.Lookup, Name: n.Name, State: report.NameUnknown, Links: n.Links, Suggestion: n.Suggestion}
		for _, c := range n.Candidates {
			name.State = report.NameAmbiguous
			name.Candidates = append(name.Candidates, report.Candidate{Object: c.Object, ID: c.LegacyID, Code: c.Code, Label: c.Label})
		}
		r.summary.Names = append(r.summary.Names, name)
	}
}

func (r *runner) fillConflicts(o *load.Outcome) {
	r.summary.Conflicts.Total = o.Contested
	for _, c := range o.Conflicts {
		r.summary.Conflicts.Open = append(r.summary.Conflicts.Open, report.Conflict{
			Object: c.Object, ID: c.LegacyID, Code: c.Code, Kind: c.Kind, Field: c.Field, File: c.File, Line: int(c.Line),
			EditedBy: c.EditedBy, EditedAt: c.EditedAt, Run: c.RunNo,
		})
	}
}

func (r *runner) fillLinks(o *load.Outcome) {
	for name, l := range o.Links {
		r.summary.Links[name] = report.Link{
			Found: l.Found, Linked: l.Linked, Unchanged: l.Unchanged, Closed: l.Closed, Deferred: l.Deferred, Rejected: l.Rejected,
		}
	}
}

// unknownCurrency stands for amounts whose currency the export does not say.
const unknownCurrency = "unknown"

func (r *runner) fillSums(o *load.Outcome) {
	type pair struct{ source, graph *big.Rat }
	total := make(map[string]*pair)
	byStage := make(map[string]report.Sum)
	for _, s := range o.Sums {
		currency := s.Currency
		if currency == "" {
			currency = unknownCurrency
		}
		t := total[currency]
		if t == nil {
			t = &pair{new(big.Rat), new(big.Rat)}
			total[currency] = t
		}
		t.source.Add(t.source, decimal(s.Source))
		t.graph.Add(t.graph, decimal(s.Graph))
		byStage[currency+" "+s.Stage] = report.Sum{Source: money(decimal(s.Source)), Graph: money(decimal(s.Graph))}
	}
	if len(total) == 0 {
		return
	}
	sums := make(map[string]report.Sum, len(total))
	for currency, t := range total {
		sums[currency] = report.Sum{Source: money(t.source), Graph: money(t.graph)}
	}
	r.summary.Sums["deal_value"] = sums
	r.summary.Sums["deal_value_by_stage"] = byStage
}

// decimal reads a number that the database has written.
func decimal(s string) *big.Rat {
	n, ok := new(big.Rat).SetString(s)
	if !ok {
		return new(big.Rat)
	}
	return n
}

// money writes an amount exactly, with two decimals at least.
func money(n *big.Rat) string {
	const most = 20
	text := n.FloatString(most)
	whole, fraction, _ := strings.Cut(text, ".")
	fraction = strings.TrimRight(fraction, "0")
	for len(fraction) < 2 {
		fraction += "0"
	}
	return whole + "." + fraction
}

// imbalance lists what does not add up: counts of records and links, and sums of amounts.
func (r *runner) imbalance(o *load.Outcome) []string {
	var where []string
	for _, name := range sorted(r.summary.Objects) {
		obj := r.summary.Objects[name]
		if sum := obj.Created + obj.Updated + obj.Unchanged + obj.Archived + obj.Rejected + obj.Filtered; sum != obj.Read {
			where = append(where, fmt.Sprintf("%s: %d records read, %d accounted for", name, obj.Read, sum))
		}
	}
	for name := range o.Objects {
		if r.tally.objects[name] == nil {
			where = append(where, fmt.Sprintf("%s: the database counts records that were not read", name))
		}
	}
	for _, name := range sorted(o.Links) {
		l := o.Links[name]
		if sum := l.Linked + l.Unchanged + l.Closed + l.Deferred + l.Rejected; sum != l.Found {
			where = append(where, fmt.Sprintf("link %s: %d found, %d accounted for", name, l.Found, sum))
		}
		if found := r.tally.found[name] + r.tally.unchanged[name] + l.Carried; found != l.Found {
			where = append(where, fmt.Sprintf("link %s: %d found in the export, %d in staging", name, found, l.Found))
		}
	}
	for name, n := range r.tally.found {
		if _, ok := o.Links[name]; !ok && n > 0 {
			where = append(where, fmt.Sprintf("link %s: %d found in the export, none in staging", name, n))
		}
	}
	for _, s := range o.Sums {
		if decimal(s.SourceApplied).Cmp(decimal(s.GraphApplied)) != 0 {
			where = append(where, fmt.Sprintf("deal_value %s %s: %s in the export, %s in the graph",
				s.Currency, s.Stage, money(decimal(s.SourceApplied)), money(decimal(s.GraphApplied))))
		}
	}
	return where
}

func sorted[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}
