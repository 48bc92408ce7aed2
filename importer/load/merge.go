package load

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/projectrye/rye-import/internal/importdb"
)

// MergeOptions are what a run may decide about its merge.
type MergeOptions struct {
	// UnchangedLinks are the links of the records that Stage found unchanged, summed up.
	UnchangedLinks map[string]int64
	// ArchiveMissing names the objects of which every record that the run did not meet is archived.
	ArchiveMissing []string
	// MaxArchive is the share of their records, in percent, that may be archived so.
	MaxArchive float64
	// FileRecords counts the records of each file, for the artifacts that stand for the files.
	FileRecords map[int32]int64
	// Prefer says what becomes of values that people have changed in the graph and the source has
	// changed too. Defaults to PreferNone.
	Prefer Prefer
	// ReadAhead is whether what Complete needs for the materialized views may be read ahead: not if these will not be refreshed.
	ReadAhead bool
	// Progress is told the name of each phase as it begins; may be nil.
	Progress func(phase string)
	// Details is whether Details is to tell what becomes of each record, and Unchanged whether also of
	// those that stay as they are.
	Details, Unchanged bool
	// Settle sees the outcome and the rejects while everything can still be taken back: it checks the
	// balance, and gives the journal's last words. An error undoes the merge.
	Settle func(ctx context.Context, o *Outcome, rejects *Ledger) (Settlement, error)
}

// Settlement is what a run says of itself at its end.
type Settlement struct {
	Summary json.RawMessage
	Headers []Header                  // the columns that the next run is to compare with
	Tallies map[int32]json.RawMessage // what was counted in its files, by which the next run may go
	Line    string                    // one line for the import_run event
}

// merger is a merge while it is under way.
type merger struct {
	run     *Run
	tx      pgx.Tx // nil for a plan
	q       *importdb.Queries
	opts    MergeOptions
	out     *Outcome
	started time.Time
	phase   string
	source  string
	no      int32
	gone    []goneRecord
	matched int64   // staged records that were known before
	merged  int64   // dead records that others name as merged into them
	dead    []int64 // records with nodes that died into others
	asked   bool    // whether there are references by name
	locked  bool    // whether nodes are locked
	fresh   bool    // whether nothing of the graph can be meant: no record, and nothing that one refers to, stood in it
	lost    int64   // records that lose to others of the same key
	waiting []int64 // records that are the same as others which have not come
	dispute bool    // whether the source has conflicts
	idle    bool    // whether nothing is staged that could change the graph
	contest int64   // fields in which the run meets what people have changed
	delayed bool    // whether indexes of the graph are to be made after the merge

	unchanged map[string]int64 // records of which nothing more is asked, by object

	resolver *resolver
	sorted   *merger // as it was when the transaction of its keys had committed, if that is one of its own

	do func(context.Context) error // what is done in the transaction
}

// Merge brings what is staged into the graph, in one transaction: readers see all of it or nothing.
// After an error the graph is as before, and End must be called.
func (r *Run) Merge(ctx context.Context, opts MergeOptions) (*Outcome, error) {
	// Before the transaction: statistics are for every statement of it.
	if err := r.analyze(ctx); err != nil {
		return nil, explain(fmt.Errorf("analyzing staging: %w", err))
	}
	var sorted *merger
	for attempt := 1; ; attempt++ {
		m := &merger{
			run: r, opts: opts, source: r.cfg.Source, no: r.Number,
			out: &Outcome{Objects: make(map[string]Records), Links: make(map[string]Links)},
		}
		m.resolver, m.do = newResolver(m), m.merge
		if sorted != nil {
			m = sorted.clone()
			m.do = m.resume
		}
		err := m.transact(ctx)
		m.resolver.close()
		if err == nil {
			r.Postponed = m.delayed
			return m.out, nil
		}
		if m.sorted != nil {
			sorted = m.sorted
		}
		// Once the caller has settled the run, its reject files are written.
		if attempt < mergeAttempts && m.phase != phaseCheck && isCollision(err) {
			if err := r.again(ctx, err); err != nil {
				return nil, explain(err)
			}
			continue
		}
		if m.phase != "" {
			err = fmt.Errorf("merging (%s): %w", m.phase, err)
		}
		return nil, explain(err)
	}
}

// phaseCheck is the last phase of a merge.
const phaseCheck = "check"

// analyze tells the planner what is staged. A plan keeps the locks of it, and takes them in the order in which
// merges do.
func (r *Run) analyze(ctx context.Context) error {
	q := r.db.queries()
	if r.plan != nil {
		if err := q.StagingAnalyzeNames(ctx); err != nil {
			return err
		}
	}
	return q.StagingAnalyze(ctx)
}

// transact merges and commits, but for a plan. An interrupted run is rolled back up to its commit; the commit itself
// is waited for, since nobody could say otherwise what had come of it.
func (m *merger) transact(ctx context.Context) (err error) {
	if p := m.run.plan; p != nil {
		return p.merge(ctx, func(q *importdb.Queries) error {
			m.q = q
			return m.do(ctx)
		})
	}
	if err := m.open(ctx); err != nil {
		return err
	}
	defer func() { _ = m.tx.Rollback(context.WithoutCancel(ctx)) }() // after the commit it does nothing, and another error says why
	if err := m.do(ctx); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), commitTimeout)
	defer cancel()
	if err := m.tx.Commit(ctx); err != nil {
		return m.run.committed(ctx, err)
	}
	return nil
}

// open begins a transaction.
func (m *merger) open(ctx context.Context) error {
	tx, err := m.run.pool.Begin(ctx)
	if err != nil {
		return err
	}
	m.tx, m.q = tx, importdb.New(tx)
	return nil
}

// commitTimeout is how long a commit may take: it writes what is left of the log to the disk.
const commitTimeout = 5 * time.Minute

// committed finds out whether a commit that was not answered took place. The journal is closed by the
// same transaction.
func (r *Run) committed(ctx context.Context, cause error) error {
	status, err := importdb.New(r.pool).RunGetStatus(ctx, r.Number)
	switch {
	case err != nil:
		return &UncertainError{Err: errors.Join(cause, err)}
	case status == statusDone:
		r.cfg.Logger.Warn("the connection broke while the run was committed; it is committed", "err", cause)
		return nil
	}
	return cause
}

func (m *merger) begin(phase string) {
	now := time.Now()
	if m.phase != "" {
		m.out.Phases = append(m.out.Phases, Phase{Name: m.phase, Elapsed: now.Sub(m.started)})
	}
	m.phase, m.started = phase, now
	if m.opts.Progress != nil && phase != "" {
		m.opts.Progress(phase)
	}
}

func (m *merger) merge(ctx context.Context) error {
	m.begin("keys")
	if err := m.keys(ctx); err != nil {
		return err
	}
	if m.fresh {
		if err := m.resolveBeside(ctx); err != nil {
			return err
		}
	}
	return m.write(ctx)
}

// write brings into the graph what has been sorted out.
func (m *merger) write(ctx context.Context) error {
	type step struct {
		phase string
		do    func(context.Context) error
		idle  func(context.Context) error // in its place, if nothing has anything to say
	}
	for _, s := range []step{
		{"nodes", m.nodes, m.refer},
		{"facts", m.facts, m.stages}, // unchanged deals are known by their stages too
		{"links", m.links, nothing},
		{"records", m.records, nil},
		{phaseCheck, m.settle, nil},
	} {
		m.begin(s.phase)
		do := s.do
		if m.idle && s.idle != nil {
			do = s.idle
		}
		if err := do(ctx); err != nil {
			return err
		}
	}
	m.begin("")
	return nil
}

func nothing(context.Context) error { return nil }

// findIdle finds out whether nothing is staged that could change the graph, as in most nights: no record has changed, nothing
// that waited has come, and nothing is to be archived, merged or decided anew.
func (m *merger) findIdle(ctx context.Context) error {
	if m.run.changed.Load() > 0 || m.matched > 0 || m.merged > 0 || m.asked || m.dispute || len(m.gone) > 0 || len(m.dead) > 0 || m.out.Changed() {
		return nil
	}
	archive, _, err := m.archivable()
	if err != nil || len(archive) > 0 {
		return err
	}
	// The merge itself stages what waited.
	busy, err := m.q.StagingRecordExistsChanged(ctx, m.no)
	m.idle = !busy
	return err
}

// count adds up row counts of statements of which the first error wins.
type count struct {
	n   int64
	err error
}

func (c *count) add(n int64, err error) {
	if c.err == nil {
		c.n, c.err = c.n+n, err
	}
}

// tune sets a transaction of the merge up, and says for which run it works.
func (m *merger) tune(ctx context.Context, q *importdb.Queries) error {
	err := q.SessionTuneMerge(ctx, importdb.SessionTuneMergeParams{WorkMem: m.run.cfg.WorkMemory, RunNo: strconv.Itoa(int(m.no))})
	if err == nil && !m.run.Known {
		err = q.SessionTuneFirst(ctx)
	}
	return err
}

// hold sets the transaction up, and keeps the run from being closed by others. The lock of the source goes with its
// session, which somebody may have ended. Then another run may have closed this one; while the journal's row is held,
// none can.
func (m *merger) hold(ctx context.Context) error {
	if err := m.tune(ctx, m.q); err != nil {
		return err
	}
	status, err := m.q.RunGetStatus(ctx, m.no)
	if err != nil {
		return err
	}
	if status != statusRunning {
		return fmt.Errorf("the session that held source %q was ended: %w", m.source, ErrSourceLocked)
	}
	return nil
}

// keys checks that staging is whole, sorts out duplicates, and finds out which node, event or edge
// each record is. For a source that says its first word it writes nothing but staging.
func (m *merger) keys(ctx context.Context) error {
	if err := m.hold(ctx); err != nil {
		return err
	}
	if err := m.run.cfg.Expected.expect(ctx, m.q); err != nil {
		return err
	}
	if err := m.count(ctx); err != nil {
		return err
	}
	if err := m.losers(ctx); err != nil {
		return err
	}
	if err := m.twins(ctx); err != nil {
		return err
	}
	if err := m.match(ctx); err != nil {
		return err
	}
	if err := m.keepNames(ctx); err != nil {
		return err
	}
	if err := m.placeholders(ctx); err != nil {
		return err
	}
	if err := m.aliases(ctx); err != nil {
		return err
	}
	if err := m.names(ctx); err != nil {
		return err
	}
	if m.run.Known {
		if err := m.carry(ctx); err != nil {
			return err
		}
		if err := m.carryConflicts(ctx); err != nil {
			return err
		}
	}
	if m.asked {
		if err := m.resolve(ctx); err != nil {
			return err
		}
	}
	if err := m.findIdle(ctx); err != nil {
		return err
	}
	if !m.run.Known && m.matched == 0 {
		linked, err := m.q.NodeSourceMapExists(ctx, m.source)
		if err != nil {
			return err
		}
		m.fresh = !linked
	}
	if m.matched == 0 && !m.asked {
		return nil
	}
	// Which records are known, and what names stand for, was not so when staging was analyzed, and
	// decides every plan.
	if m.asked {
		return m.q.StagingAnalyze(ctx)
	}
	return m.q.StagingAnalyzeMerge(ctx, "records")
}

// count checks that everything that was copied is there, and puts unchanged records of which the merge has something to
// ask to the others. The rest are counted, and only looked at again for what is missing from the export.
func (m *merger) count(ctx context.Context) error {
	staged, err := m.q.StagingRecordCount(ctx, m.no)
	if err != nil {
		return err
	}
	m.unchanged = make(map[string]int64)
	if m.run.Known {
		unchanged, err := m.q.StagingUnchangedCount(ctx, m.no)
		if err != nil {
			return err
		}
		for _, o := range unchanged {
			m.unchanged[o.Object] = o.Records
			staged.Records += o.Records
		}
	}
	if staged.Records != m.run.copied.Load() || staged.Changed != m.run.changed.Load() {
		return &LostRowsError{Copied: m.run.copied.Load(), Found: staged.Records}
	}
	if len(m.unchanged) == 0 {
		return nil
	}
	moved, err := m.q.StagingUnchangedMove(ctx, importdb.StagingUnchangedMoveParams{
		RunNo: m.no, Source: m.source, Repeated: m.run.unchanged.mayRepeat(), Everything: m.opts.Details && m.opts.Unchanged,
	})
	if err != nil {
		return err
	}
	for _, o := range moved {
		m.unchanged[o.Object] -= o.Records
	}
	return nil
}

// match finds the records that were known before. Another tool may have linked some before the first
// run.
func (m *merger) match(ctx context.Context) error {
	matched := count{}
	matched.add(m.q.StagingRecordMatchNodes(ctx, importdb.StagingRecordMatchNodesParams{RunNo: m.no, Source: m.source}))
	if m.run.Known {
		matched.add(m.q.StagingRecordMatchOthers(ctx, m.no))
		_, err := m.q.DeferredDeleteRestaged(ctx, m.no)
		matched.add(0, err)
	}
	m.matched = matched.n
	return matched.err
}

// losers takes records out whose key another record has too.
func (m *merger) losers(ctx context.Context) error {
	params := importdb.MergeLoserInsertParams{RunNo: m.no, FirstNos: []int32{}, SameNos: []int32{}}
	for name, first := range m.run.cfg.Repeated {
		no, err := m.run.object(name)
		if err != nil {
			return err
		}
		if first {
			params.FirstNos = append(params.FirstNos, no)
		} else {
			params.SameNos = append(params.SameNos, no)
		}
	}
	var err error
	if m.lost, err = m.q.MergeLoserInsert(ctx, params); err != nil || m.lost == 0 {
		return err
	}
	losers, err := m.q.MergeLoserCount(ctx, m.no)
	if err != nil {
		return err
	}
	for _, l := range losers {
		m.out.Losers = append(m.out.Losers, Losers{Object: l.Object, Verdict: l.Verdict, Count: l.Records})
	}
	links, err := m.q.StagingLinkDeleteLosers(ctx, m.no)
	if err != nil {
		return err
	}
	for _, l := range links {
		c := m.out.Links[l.EdgeType]
		c.Found += l.Links
		c.Rejected += l.Rejected
		c.Unchanged += l.Links - l.Rejected
		m.out.Links[l.EdgeType] = c
	}
	participants, err := m.q.StagingParticipantDeleteLosers(ctx, m.no)
	if err != nil {
		return err
	}
	if p := participants; p.Links > 0 {
		m.out.Links[ParticipantLink] = Links{Found: p.Links, Rejected: p.Rejected, Unchanged: p.Links - p.Rejected}
	}
	for _, drop := range []func(context.Context, int32) error{
		m.q.StagingNodeDeleteLosers, m.q.StagingNameDeleteLosers, m.q.StagingFactDeleteLosers, m.q.StagingEventDeleteLosers,
	} {
		if err := drop(ctx, m.no); err != nil {
			return err
		}
	}
	_, err = m.q.MergeLoserDeleteStaged(ctx, m.no)
	return err
}

// carry takes up what was deferred and whose other end has come.
func (m *merger) carry(ctx context.Context) error {
	n, err := m.q.DeferredCarry(ctx, importdb.DeferredCarryParams{RunNo: m.no, Source: m.source})
	if err != nil || n == 0 {
		return err
	}
	for _, stage := range []func(context.Context, int32) (int64, error){
		m.q.StagingLinkInsertDeferred, m.q.StagingParticipantInsertDeferred, m.q.StagingFactInsertDeferred, m.q.DeferredDeleteCarried,
	} {
		if _, err := stage(ctx, m.no); err != nil {
			return err
		}
	}
	return nil
}

// keep notes for good what the keys have shown: which records are rejected, and which wait for the one that they are the same as.
func (m *merger) keep(ctx context.Context) error {
	if m.lost > 0 {
		reject := importdb.MergeLoserRejectParams{RunNo: m.no}
		for object, column := range m.run.cfg.KeyColumns {
			reject.Objects, reject.KeyColumns = append(reject.Objects, object), append(reject.KeyColumns, column)
		}
		if _, err := m.q.MergeLoserReject(ctx, reject); err != nil {
			return err
		}
	}
	if len(m.waiting) == 0 {
		return nil
	}
	return m.q.DeferredInsertSame(ctx, importdb.DeferredInsertSameParams{RunNo: m.no, Recs: m.waiting})
}

// nodes gives codes, makes new nodes and changes those that stand.
func (m *merger) nodes(ctx context.Context) error {
	if m.run.Known { // nothing will be postponed
		m.readAhead(ctx)
	}
	if err := m.keep(ctx); err != nil {
		return err
	}
	if _, err := m.q.StagingNodeFoldAliases(ctx, m.no); err != nil {
		return err
	}
	if err := m.codes(ctx); err != nil {
		return err
	}
	// After the codes: who creates a deal holds the counter, and may wait for a node.
	if err := m.lock(ctx, nil); err != nil {
		return err
	}
	if err := m.postpone(ctx); err != nil {
		return err
	}
	if !m.delayed { // else nobody else may look at the graph
		m.readAhead(ctx)
	}
	var changed int64
	var err error
	if !m.fresh {
		if changed, err = m.q.MergeNodeInsert(ctx, m.no); err != nil {
			return err
		}
	}
	if changed, err = m.contestNodes(ctx, changed); err != nil {
		return err
	}
	if changed > 0 {
		if err := m.q.StagingAnalyzeMerge(ctx, "nodes"); err != nil {
			return err
		}
		if _, err := m.q.NodeUpdateStaged(ctx, m.no); err != nil {
			return err
		}
		counts, err := m.q.MergeNodeCounts(ctx, m.no)
		if err != nil {
			return err
		}
		m.out.Nodes.Updated = counts.Updated
		m.out.Nodes.Archived += counts.Archived // beside those that were folded into others
	}
	m.out.Nodes.Created, err = m.q.NodeInsertStaged(ctx, importdb.NodeInsertStagedParams{RunNo: m.no, StartedAt: m.run.cfg.StartedAt})
	if err != nil {
		return err
	}
	if _, err := m.q.CreatedNodeInsertStaged(ctx, m.no); err != nil {
		return err
	}
	tied := importdb.NodeSourceMapInsertStagedParams{RunNo: m.no, Source: m.source, IDType: m.run.cfg.IDType, Fresh: m.fresh}
	if _, err := m.q.NodeSourceMapInsertStaged(ctx, tied); err != nil {
		return err
	}
	if err := m.tieGone(ctx); err != nil {
		return err
	}
	if err := m.remember(ctx, false); err != nil {
		return err
	}
	return m.refer(ctx)
}

// remember notes the new records for the next run: those that are links, which are known when these are resolved, or the others.
func (m *merger) remember(ctx context.Context, links bool) error {
	_, err := m.q.RecordInsertStaged(ctx, importdb.RecordInsertStagedParams{RunNo: m.no, Known: m.run.Known, Links: links})
	return err
}

// tieGone ties the keys of records that were folded into others to what they were folded into.
func (m *merger) tieGone(ctx context.Context) error {
	if len(m.gone) == 0 {
		return nil
	}
	gone := importdb.NodeSourceMapInsertManyParams{SourceSchema: m.source, IDType: m.run.cfg.IDType}
	for _, g := range m.gone {
		gone.NodeIDs = append(gone.NodeIDs, g.node)
		gone.Objects = append(gone.Objects, g.object)
		gone.LegacyIDs = append(gone.LegacyIDs, g.id)
	}
	return m.q.NodeSourceMapInsertMany(ctx, gone)
}

// refer notes the nodes of the keys that records refer to. A fresh source has noted its own.
func (m *merger) refer(ctx context.Context) error {
	if m.fresh {
		return nil
	}
	if _, err := m.q.MergeKeyInsertReferred(ctx, importdb.MergeKeyInsertReferredParams{RunNo: m.no, Source: m.source}); err != nil || m.idle {
		return err
	}
	// Else the planner would take it that the run refers to hardly any, and compare each with all that refers to them.
	return m.q.StagingAnalyzeMerge(ctx, "keys")
}

// links resolves the ends of links and makes, ends or keeps their edges.
func (m *merger) links(ctx context.Context) error {
	if err := m.resolver.resolve(ctx, endsOfLinks); err != nil {
		return err
	}
	if !m.fresh {
		if _, err := m.q.MergeEdgeSetPresent(ctx, m.no); err != nil {
			return err
		}
	}
	if m.run.Known {
		if _, err := m.q.MergeEdgeSetEnded(ctx, m.no); err != nil {
			return err
		}
		// Else the planner would take it that no edge is present, of which nearly all are.
		if err := m.q.StagingAnalyzeMerge(ctx, "edges"); err != nil {
			return err
		}
		if err := m.contestEdges(ctx); err != nil {
			return err
		}
		if _, err := m.q.MergeEdgeSetReplacing(ctx, importdb.MergeEdgeSetReplacingParams{RunNo: m.no, StartedAt: m.run.cfg.StartedAt}); err != nil {
			return err
		}
		closed, err := m.q.EdgeCloseReplaced(ctx, importdb.EdgeCloseReplacedParams{RunNo: m.no, Source: m.source, StartedAt: m.run.cfg.StartedAt})
		if err != nil {
			return err
		}
		recs := make([]int64, len(closed))
		for i, c := range closed {
			recs[i] = c.Rec
		}
		m.out.Edges.Closed += int64(len(closed))
		if err := m.effects(ctx, recs, "edge"); err != nil {
			return err
		}
		if len(m.dead) > 0 {
			closed, err := m.q.EdgeCloseDead(ctx, importdb.EdgeCloseDeadParams{RunNo: m.no, Recs: m.dead, StartedAt: m.run.cfg.StartedAt})
			if err != nil {
				return err
			}
			m.out.Edges.Closed += closed
		}
	}
	if !m.fresh {
		updated, err := m.q.EdgeUpdatePresent(ctx, m.no)
		if err != nil {
			return err
		}
		m.out.Edges.Updated += int64(len(updated))
		if err := m.effects(ctx, updated, "edge"); err != nil {
			return err
		}
	}
	var err error
	if m.out.Edges.Created, err = m.q.EdgeInsertStaged(ctx, m.no); err != nil {
		return err
	}
	if m.run.Known {
		reopened, err := m.q.EdgeReopenReturned(ctx, m.no)
		if err != nil {
			return err
		}
		m.out.Edges.Updated += reopened
	}
	if _, err := m.q.DeferredInsertLinks(ctx, m.no); err != nil {
		return err
	}
	outcomes, err := m.q.MergeEdgeOutcomes(ctx, m.no)
	if err != nil {
		return err
	}
	for _, o := range outcomes {
		c := m.out.Links[o.EdgeType]
		c.Found += o.Found
		c.Linked += o.Linked
		c.Unchanged += o.Unchanged
		c.Closed += o.Closed
		c.Deferred += o.Deferred
		c.Rejected += o.Rejected
		c.Carried += o.Carried
		m.out.Links[o.EdgeType] = c
	}
	return m.settleConflicts(ctx)
}

// effects notes records that were known before and for which the run changed the graph.
func (m *merger) effects(ctx context.Context, recs []int64, effect string) error {
	if len(recs) == 0 {
		return nil
	}
	return m.q.MergeEffectInsertMany(ctx, importdb.MergeEffectInsertManyParams{RunNo: m.no, Recs: recs, Effect: effect})
}

// facts builds the chains of facts, and makes the events that they and the activities need.
func (m *merger) facts(ctx context.Context) error {
	if err := m.stages(ctx); err != nil {
		return err
	}
	if err := m.contestFacts(ctx); err != nil {
		return err
	}
	// These need no chains, which may be under way.
	if _, err := m.q.DeferredInsertFacts(ctx, m.no); err != nil {
		return err
	}
	if err := m.resolver.resolve(ctx, chainsOfFacts); err != nil {
		return err
	}
	events := count{}
	events.add(m.q.EventInsertStaged(ctx, importdb.EventInsertStagedParams{RunNo: m.no, Source: m.source, Known: m.run.Known}))
	events.add(m.q.EventInsertMoves(ctx, importdb.EventInsertMovesParams{RunNo: m.no, Source: m.source}))
	if events.err != nil {
		return events.err
	}
	m.out.Events.Created = events.n
	made, err := m.q.AssertionInsertStaged(ctx, m.no)
	if err != nil {
		return err
	}
	m.out.Assertions.Superseded, m.out.Assertions.Created = made.Superseded, made.Created
	return m.participants(ctx)
}

// participants ties events to their nodes.
func (m *merger) participants(ctx context.Context) error {
	if err := m.resolver.resolve(ctx, endsOfParticipants); err != nil {
		return err
	}
	if m.run.Known {
		if _, err := m.q.MergeParticipantSetPresent(ctx, m.no); err != nil {
			return err
		}
	}
	made := count{}
	made.add(m.q.EventParticipantInsertStaged(ctx, m.no))
	made.add(m.q.EventParticipantInsertMoves(ctx, m.no))
	if made.err != nil {
		return made.err
	}
	m.out.Events.Participants = made.n
	if _, err := m.q.DeferredInsertParticipants(ctx, m.no); err != nil {
		return err
	}
	o, err := m.q.MergeParticipantOutcomes(ctx, m.no)
	if err != nil || o.Found == 0 {
		return err
	}
	c := m.out.Links[ParticipantLink]
	c.Found += o.Found
	c.Linked += o.Linked
	c.Unchanged += o.Unchanged
	c.Deferred += o.Deferred
	c.Carried += o.Carried
	m.out.Links[ParticipantLink] = c
	return nil
}

// records counts what became of the records and remembers them for the next run.
func (m *merger) records(ctx context.Context) error {
	if m.matched > 0 {
		if _, err := m.q.MergeEffectInsert(ctx, m.no); err != nil {
			return err
		}
	}
	outcomes, err := m.q.StagingRecordOutcomes(ctx, m.no)
	if err != nil {
		return err
	}
	for _, o := range outcomes {
		m.out.Objects[o.Object] = Records{Created: o.Created, Updated: o.Updated, Unchanged: o.Unchanged, Archived: o.Archived}
	}
	for _, unchanged := range []map[string]int64{m.unchanged, m.run.kept} {
		for object, n := range unchanged {
			if n > 0 {
				r := m.out.Objects[object]
				r.Unchanged += n
				m.out.Objects[object] = r
			}
		}
	}
	if err := m.detailRecords(ctx); err != nil {
		return err
	}
	if m.run.Known {
		if _, err := m.q.RecordUpdateStaged(ctx, m.no); err != nil {
			return err
		}
	}
	if err := m.remember(ctx, true); err != nil {
		return err
	}
	if m.merged > 0 {
		twins := importdb.RecordArchiveTwinsParams{RunNo: m.no, FirstRec: firstTwin, LastRec: firstTwin + m.merged - 1}
		if _, err := m.q.RecordArchiveTwins(ctx, twins); err != nil {
			return err
		}
	}
	if m.run.Known {
		if _, err := m.q.RecordUpdateCarried(ctx, m.no); err != nil {
			return err
		}
		if _, err := m.q.DeferredKeepAge(ctx, m.no); err != nil {
			return err
		}
	}
	if err := m.archiveMissing(ctx); err != nil {
		return err
	}
	if err := m.closeArchived(ctx); err != nil {
		return err
	}
	if err := m.standingLinks(ctx); err != nil {
		return err
	}
	return m.constrain(ctx)
}

// closeArchived ends the edges of what the run has archived, if it has archived anything.
func (m *merger) closeArchived(ctx context.Context) error {
	archived := m.out.Nodes.Archived
	for _, r := range m.out.Objects {
		archived += r.Archived
	}
	if archived == 0 && len(m.out.Missing) == 0 {
		return nil
	}
	closed, err := m.q.EdgeCloseArchived(ctx, importdb.EdgeCloseArchivedParams{RunNo: m.no, Missing: len(m.out.Missing) > 0})
	m.out.Edges.Closed += closed
	return err
}

// standingLinks accounts for the links of unchanged records: those that were deferred and still are,
// those that this run has carried at last, and the others, which stand.
func (m *merger) standingLinks(ctx context.Context) error {
	if len(m.opts.UnchangedLinks) == 0 {
		return nil
	}
	waiting, err := m.q.DeferredCountLinks(ctx, m.no)
	if err != nil {
		return err
	}
	deferred := make(map[string]int64, len(waiting))
	for _, w := range waiting {
		deferred[w.EdgeType] = w.Links
	}
	carried, err := m.q.StagingRecordCountCarried(ctx, m.no)
	if err != nil {
		return err
	}
	met := make(map[string]int64, len(carried))
	for _, c := range carried {
		met[c.EdgeType] = c.Links
	}
	for edgeType, found := range m.opts.UnchangedLinks {
		c := m.out.Links[edgeType]
		c.Found += found - met[edgeType]
		c.Carried -= met[edgeType]
		c.Deferred += deferred[edgeType]
		c.Unchanged += found - met[edgeType] - deferred[edgeType]
		m.out.Links[edgeType] = c
	}
	return nil
}

// archivable gives the objects whose missing records are archived. Those of which nothing can be missing are given apart.
func (m *merger) archivable() (objects, kept []int32, err error) {
	if !m.run.Known {
		return nil, nil, nil
	}
	objects, kept = []int32{}, []int32{}
	for _, name := range m.opts.ArchiveMissing {
		no, err := m.run.object(name)
		if err != nil {
			return nil, nil, err
		}
		if _, ok := m.run.kept[name]; ok {
			kept = append(kept, no)
		} else {
			objects = append(objects, no)
		}
	}
	return objects, kept, nil
}

func (m *merger) archiveMissing(ctx context.Context) error {
	objects, kept, err := m.archivable()
	if err != nil || len(objects) == 0 {
		return err
	}
	c, err := m.q.RecordCountMissing(ctx, importdb.RecordCountMissingParams{RunNo: m.no, ObjectNos: objects, KeptNos: kept})
	if err != nil || c.Missing == 0 {
		return err
	}
	if float64(c.Missing)*100 > m.opts.MaxArchive*float64(c.Total) {
		return &MissingGuardError{Missing: c.Missing, Total: c.Total, MaxPercent: m.opts.MaxArchive}
	}
	missing, err := m.q.RecordArchiveMissing(ctx, importdb.RecordArchiveMissingParams{RunNo: m.no, ObjectNos: objects})
	if err != nil {
		return err
	}
	m.out.Missing = make(map[string]int64, len(missing))
	for _, o := range missing {
		m.out.Missing[o.Object] = o.Records
	}
	archived, err := m.q.NodeArchiveMissing(ctx, m.no)
	if err != nil {
		return err
	}
	m.out.Nodes.Archived += archived
	closed, err := m.q.EdgeCloseMissing(ctx, m.no)
	m.out.Edges.Closed += closed
	return err
}

// settle sums up, lets the caller check the balance, and closes the journal in the transaction of
// the merge itself.
func (m *merger) settle(ctx context.Context) error {
	if err := m.returned(ctx); err != nil {
		return err
	}
	sums, err := m.q.StagingRecordSums(ctx, importdb.StagingRecordSumsParams{RunNo: m.no, Source: m.source})
	if err != nil {
		return err
	}
	for _, s := range sums {
		m.out.Sums = append(m.out.Sums, Sum(s))
	}
	codes, err := m.q.MergeCodeRanges(ctx, m.no)
	if err != nil {
		return err
	}
	for _, c := range codes {
		m.out.Codes = append(m.out.Codes, CodeRange{Object: c.Object, First: c.FirstCode, Last: c.LastCode, Count: c.Codes})
	}
	waiting, err := m.q.DeferredSummary(ctx, importdb.DeferredSummaryParams{RunNo: m.no, Source: m.source})
	if err != nil {
		return err
	}
	for _, w := range waiting {
		m.out.Waiting = append(m.out.Waiting, Waiting{
			Object: w.Object, Kind: w.Kind, Slot: w.Slot, WaitsFor: w.WaitsFor, Count: w.Waiting, Since: w.Since,
		})
	}
	if err := m.waitingNames(ctx); err != nil {
		return err
	}
	if err := m.openConflicts(ctx); err != nil {
		return err
	}
	if m.run.plan != nil {
		if err := m.fields(ctx); err != nil {
			return err
		}
	}
	if err := m.details(ctx); err != nil {
		return err
	}
	settled, err := m.opts.Settle(ctx, m.out, &Ledger{q: m.q, no: m.no, source: m.source})
	if err != nil {
		return err
	}
	if err := m.headers(ctx, settled.Headers); err != nil {
		return err
	}
	if err := m.tallies(ctx, settled.Tallies); err != nil {
		return err
	}
	var event *uuid.UUID
	if m.out.Changed() {
		id := newID()
		event = &id
		if err := m.event(ctx, id, settled.Line); err != nil {
			return err
		}
	}
	if err := m.q.CodeBlockDeleteUsed(ctx, m.no); err != nil {
		return err
	}
	now := time.Now()
	return m.q.RunFinish(ctx, importdb.RunFinishParams{
		RunNo: m.no, Status: statusDone, FinishedAt: &now, EventID: event, Summary: settled.Summary,
	})
}

// fields counts what changes in nodes, by field.
func (m *merger) fields(ctx context.Context) error {
	rows, err := m.q.ChangeCountFields(ctx, importdb.ChangeCountFieldsParams{RunNo: m.no, Source: m.source})
	if err != nil {
		return err
	}
	m.out.Fields = make(map[string]map[string]int64)
	for _, r := range rows {
		if m.out.Fields[r.Object] == nil {
			m.out.Fields[r.Object] = make(map[string]int64)
		}
		m.out.Fields[r.Object][r.Field] = r.Nodes
	}
	return nil
}

// event notes the run and its files in the graph.
func (m *merger) event(ctx context.Context, id uuid.UUID, line string) error {
	properties, err := json.Marshal(map[string]any{
		"run_id": m.run.ID, "source": m.source, "crm": m.run.cfg.CRM, "mapping": m.run.cfg.Mapping,
		"nodes": m.out.Nodes.Created, "edges": m.out.Edges.Created, "assertions": m.out.Assertions.Created, "events": m.out.Events.Created,
	})
	if err != nil {
		return err
	}
	attrs, err := json.Marshal(map[string]any{"import": map[string]any{"run": m.no}})
	if err != nil {
		return err
	}
	err = m.q.EventInsertRun(ctx, importdb.EventInsertRunParams{
		ID: id, OccurredAt: m.run.cfg.StartedAt, Summary: &line, Properties: properties, Source: m.source, Attrs: attrs,
	})
	if err != nil {
		return err
	}
	files := importdb.ArtifactInsertFilesParams{RunNo: m.no, EventID: id}
	for no, records := range m.opts.FileRecords {
		files.FileNos = append(files.FileNos, no)
		files.Records = append(files.Records, records)
	}
	_, err = m.q.ArtifactInsertFiles(ctx, files)
	return err
}
