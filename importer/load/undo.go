package load

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/projectrye/rye-import/internal/importdb"
)

// NotUndoableError says why a run cannot be taken back.
type NotUndoableError struct {
	Run    int32
	Reason string
}

func (e *NotUndoableError) Error() string {
	return fmt.Sprintf("run %d cannot be undone: %s", e.Run, e.Reason)
}

// UndoOptions are what an undo may decide.
type UndoOptions struct {
	// MostKept bounds Undone.Kept. Defaults to 100.
	MostKept int
	// Progress is told the name of each phase as it begins; may be nil.
	Progress func(phase string)
	// Settle sees the outcome while everything can still be taken back, and gives the journal's last words.
	Settle func(u *Undone) (Settlement, error)
	// StartedAt is when the undo began. Defaults to now.
	StartedAt time.Time
}

// Undone is what an undo did. What goes was put into the graph by the run; what is put back was taken away by it.
type Undone struct {
	Run    JournalEntry // that was taken back
	ID     uuid.UUID    // of the run of the undo
	Number int32

	Nodes, Edges, Facts, Events Reversed
	Records                     Reversed // of the importer's own books

	Kept      []Kept // what stays, and why; at most MostKept
	KeptTotal int64
	Phases    []Phase
}

// Reversed counts rows. Restored ones have again what they had before the run: fields, an open end, a claim.
type Reversed struct {
	Gone, Archived, PutBack, Restored, Kept int64
}

// Kept is something that the undo left in the graph: a node that was edited since, one that others depend on, a field,
// an edge, an event, a chain of facts.
type Kept struct {
	What     string // node, field, edge, event or fact
	Code     string // of the node, or of the edge's first
	Label    string
	Kind     string // of the edge or event
	Archived bool
	Reason   string // why; of a field its name, of a fact its type and key
}

// Undo takes a run back in one transaction. Errors: *RunNotFoundError, *NotUndoableError, ErrSourceLocked,
// *HiddenNodesError, and those of the database; the graph is as before then.
func Undo(ctx context.Context, pool *pgxpool.Pool, id string, cfg Config, opts UndoOptions) (*Undone, error) {
	if opts.MostKept <= 0 {
		opts.MostKept = 100
	}
	if opts.StartedAt.IsZero() {
		opts.StartedAt = time.Now()
	}
	e, _, _, err := JournalRun(ctx, pool, id, 0)
	if err != nil {
		return nil, err
	}
	cfg.Source, cfg.CRM, cfg.Command, cfg.Mapping = e.Source, e.CRM, "undo", e.Mapping
	cfg.StartedAt, cfg.undoes = opts.StartedAt, &e.Number
	run, err := Begin(ctx, pool, cfg)
	if err != nil {
		return nil, err
	}
	u := &undoer{
		merger: merger{run: run, opts: MergeOptions{Progress: opts.Progress}, source: e.Source, no: run.Number, out: &Outcome{}},
		of:     e.Number, opts: opts, result: &Undone{ID: run.ID, Number: run.Number},
	}
	u.do = u.undo
	if err := u.transact(ctx); err != nil {
		status := "failed"
		var refused *NotUndoableError
		switch {
		case errors.As(err, &refused):
			status = "stopped"
		case ctx.Err() != nil:
			status = "interrupted"
		}
		if u.phase != "" && refused == nil {
			err = fmt.Errorf("undoing run %d (%s): %w", e.Number, u.phase, err)
		}
		err = explain(err)
		return nil, errors.Join(err, run.End(ctx, status, err, nil))
	}
	u.result.Phases = u.out.Phases
	if err := run.Close(ctx); err != nil {
		cfg.Logger.Warn("the undo is done, but staging could not be emptied; the next run will", "err", err)
	}
	return u.result, nil
}

// undoer is an undo while it is under way.
type undoer struct {
	merger
	of     int32
	opts   UndoOptions
	result *Undone

	undone    importdb.RunGetForUndoRow
	journaled bool // whether the run is that of an undo, which has noted all that it put in
}

func (u *undoer) undo(ctx context.Context) error {
	if err := u.check(ctx); err != nil {
		return err
	}
	steps := []struct {
		phase string
		do    func(context.Context) error
	}{
		{"gather", u.gather},
		{"nodes", u.restoreNodes},
		{"facts", u.facts},
		{"rows", u.rows},
		{"records", u.records},
		{"check", u.settle},
	}
	for _, s := range steps {
		u.begin(s.phase)
		if err := s.do(ctx); err != nil {
			return err
		}
	}
	u.begin("")
	return nil
}

// check reads the run again, now that nobody else may undo it.
func (u *undoer) check(ctx context.Context) error {
	if err := u.tune(ctx, u.q); err != nil {
		return err
	}
	var err error
	if u.undone, err = u.q.RunGetForUndo(ctx, u.of); err != nil {
		return err
	}
	refuse := func(format string, args ...any) error {
		return &NotUndoableError{Run: u.of, Reason: fmt.Sprintf(format, args...)}
	}
	switch r := u.undone; {
	case r.UndoneBy != nil && r.Undoes != nil:
		return refuse("it was the undo of run %d, and run %d has taken it back", *r.Undoes, *r.UndoneBy)
	case r.UndoneBy != nil:
		return refuse("run %d has taken it back already; to have it again: rye-import runs undo %d", *r.UndoneBy, *r.UndoneBy)
	case r.Status != statusDone || r.MergedAt == nil:
		return refuse("it has not changed the graph (status %s)", r.Status)
	case r.PrunedAt != nil:
		return refuse("what it changed was kept until %s only, see the retention", r.PrunedAt.UTC().Format(time.DateOnly))
	}
	if u.journaled = u.undone.Undoes != nil; !u.journaled {
		return nil
	}
	undo, err := u.q.RunGetForUndo(ctx, *u.undone.Undoes)
	if err == nil && undo.Undoes != nil {
		return refuse("it has brought run %d back; to take that run back again: rye-import runs undo %d", *undo.Undoes, *undo.Undoes)
	}
	return err
}

// changes is a number of statements of which the first error ends the rest.
type changes struct {
	err error
}

func (c *changes) rows(n int64, err error) int64 {
	if c.err == nil {
		c.err = err
	}
	return n
}

// gather finds what the run has put into the graph, and decides what becomes of it. What stays may keep other things
// from going, so that this goes round until nothing more is kept.
func (u *undoer) gather(ctx context.Context) error {
	q, no, of := u.q, u.no, u.of
	var c changes
	if u.journaled {
		c.rows(q.UndoGatherJournaled(ctx, importdb.UndoGatherJournaledParams{RunNo: no, Undone: of}))
	} else {
		c.rows(q.UndoGather(ctx, importdb.UndoGatherParams{RunNo: no, Undone: of, MergedAt: *u.undone.MergedAt}))
	}
	c.rows(q.UndoLockNodes(ctx, importdb.UndoLockNodesParams{RunNo: no, Undone: of}))
	if c.err != nil {
		return c.err
	}
	if err := q.UndoAnalyze(ctx); err != nil {
		return err
	}
	c.rows(q.UndoKeepChanged(ctx, importdb.UndoKeepChangedParams{RunNo: no, Undone: of}))
	c.rows(q.UndoKeepEdges(ctx, no))
	c.rows(q.UndoKeepEvents(ctx, no))
	c.rows(q.UndoKeepChains(ctx, importdb.UndoKeepChainsParams{RunNo: no, Since: *u.undone.MergedAt}))
	for kept := int64(1); kept > 0 && c.err == nil; {
		c.rows(q.UndoKeepParticipants(ctx, no))
		kept = c.rows(q.UndoArchiveNodes(ctx, importdb.UndoArchiveNodesParams{RunNo: no, Source: u.source, Undone: of}))
		kept += c.rows(q.UndoKeepFacts(ctx, no))
		kept += c.rows(q.UndoKeepFactEvents(ctx, no))
	}
	c.rows(q.UndoKeepFields(ctx, importdb.UndoKeepFieldsParams{RunNo: no, Undone: of}))
	c.rows(q.UndoKeepEdgeFields(ctx, importdb.UndoKeepEdgeFieldsParams{RunNo: no, Undone: of}))
	return c.err
}

func (u *undoer) putBack(ctx context.Context, relation string) (int64, error) {
	return u.q.UndoPutBack(ctx, importdb.UndoPutBackParams{Undone: u.of, Relation: relation})
}

// restoreNodes puts back what others hang on, and gives nodes and edges the values that they had.
func (u *undoer) restoreNodes(ctx context.Context) error {
	q, no, of, r := u.q, u.no, u.of, u.result
	var c changes
	r.Nodes.PutBack = c.rows(u.putBack(ctx, "nodes"))
	r.Events.PutBack = c.rows(u.putBack(ctx, "events"))
	r.Edges.PutBack = c.rows(u.putBack(ctx, "edges"))
	r.Nodes.Restored = c.rows(q.UndoNodes(ctx, importdb.UndoNodesParams{RunNo: no, Undone: of}))
	c.rows(q.UndoEditBases(ctx, importdb.UndoEditBasesParams{RunNo: no, Undone: of}))
	r.Edges.Restored = c.rows(q.UndoEdges(ctx, importdb.UndoEdgesParams{RunNo: no, Undone: of}))
	c.rows(q.UndoArtifacts(ctx, of))
	c.rows(u.putBack(ctx, "artifacts"))
	return c.err
}

// facts takes facts back. Those about nodes that go, go with them. Others stay as what was asserted once, and what
// was current before is asserted anew. Undoing an undo puts everything where it was.
func (u *undoer) facts(ctx context.Context) error {
	q, no, of, r := u.q, u.no, u.of, u.result
	var c changes
	c.rows(q.UndoFactsStepBack(ctx, no))
	if u.journaled {
		c.rows(q.UndoFactsUnmark(ctx, importdb.UndoFactsUnmarkParams{RunNo: no, Undone: of}))
	} else {
		r.Facts.Restored = c.rows(q.UndoFactsReopen(ctx, importdb.UndoFactsReopenParams{RunNo: no, Undone: of}))
		r.Facts.Restored += c.rows(q.UndoFactsRestoreCurrent(ctx, importdb.UndoFactsRestoreCurrentParams{RunNo: no, Undone: of}))
		c.rows(q.UndoFactsMark(ctx, no))
		c.rows(q.UndoFactsNoteMarked(ctx, no))
	}
	c.rows(q.UndoFactsDelete(ctx, importdb.UndoFactsDeleteParams{RunNo: no, Journaled: u.journaled}))
	r.Facts.PutBack = c.rows(u.putBack(ctx, "assertions"))
	c.rows(q.UndoFactsRestoreHistory(ctx, importdb.UndoFactsRestoreHistoryParams{RunNo: no, Undone: of, Journaled: u.journaled}))
	return c.err
}

// rows takes away what goes, first what hangs on others.
func (u *undoer) rows(ctx context.Context) error {
	q, no, of := u.q, u.no, u.of
	var c changes
	c.rows(q.UndoCodesKeep(ctx, no))
	c.rows(q.UndoCrosswalkRestore(ctx, of))
	c.rows(q.UndoCrosswalkDelete(ctx, importdb.UndoCrosswalkDeleteParams{RunNo: no, Undone: of, Source: u.source, MergedAt: *u.undone.MergedAt}))
	c.rows(u.putBack(ctx, "node_source_map"))
	c.rows(q.UndoCodesForget(ctx, of))
	c.rows(q.UndoParticipantsRestore(ctx, of))
	c.rows(q.UndoParticipantsDelete(ctx, no))
	c.rows(u.putBack(ctx, "event_participants"))
	c.rows(q.UndoMergesDelete(ctx, no))
	c.rows(u.putBack(ctx, "node_merges"))
	c.rows(q.UndoEventsDelete(ctx, no))
	c.rows(q.UndoEdgesDelete(ctx, no))
	c.rows(q.UndoRecordsReset(ctx, importdb.UndoRecordsResetParams{RunNo: no, Undone: of}))
	c.rows(q.UndoNodesDelete(ctx, no))
	c.rows(q.UndoNodesArchive(ctx, no))
	return c.err
}

// records makes the importer's books what they were, so that the export, when it comes again, is news again.
func (u *undoer) records(ctx context.Context) error {
	q, of, r := u.q, u.of, u.result
	var c changes
	if u.journaled {
		r.Records.Gone = c.rows(q.UndoRecordsDeleteJournaled(ctx, of))
	} else {
		r.Records.Gone = c.rows(q.UndoRecordsDelete(ctx, importdb.UndoRecordsDeleteParams{Source: u.source, Undone: of}))
	}
	r.Records.Restored = c.rows(q.UndoRecords(ctx, of))
	r.Records.PutBack = c.rows(u.putBack(ctx, "records"))
	c.rows(q.UndoDeferredDelete(ctx, importdb.UndoDeferredDeleteParams{Source: u.source, Undone: of, Journaled: u.journaled}))
	c.rows(u.putBack(ctx, "deferred"))
	c.rows(q.UndoNamesDelete(ctx, importdb.UndoNamesDeleteParams{RunNo: u.no, Undone: of}))
	c.rows(u.putBack(ctx, "names"))
	c.rows(q.UndoConflictsDelete(ctx, of))
	c.rows(q.UndoConflicts(ctx, of))
	c.rows(u.putBack(ctx, "conflicts"))
	c.rows(q.UndoEditsDelete(ctx, of))
	c.rows(q.UndoEdits(ctx, of))
	c.rows(u.putBack(ctx, "edits"))
	return c.err
}

// settle counts, and closes the journals of both runs.
func (u *undoer) settle(ctx context.Context) error {
	r := u.result
	e, _, _, err := JournalRun(ctx, u.run.pool, fmt.Sprint(u.of), 0)
	if err != nil {
		return err
	}
	r.Run = *e
	counts, err := u.q.UndoCounts(ctx, u.no)
	if err != nil {
		return err
	}
	of := map[string]*Reversed{"nodes": &r.Nodes, "edges": &r.Edges, "assertions": &r.Facts, "events": &r.Events, "fields": &r.Nodes, "edge": &r.Edges}
	for _, c := range counts {
		to := of[c.Relation]
		if to == nil {
			continue
		}
		switch c.Fate {
		case "gone":
			to.Gone += c.Rows
		case "archived":
			to.Archived += c.Rows
			r.KeptTotal += c.Rows
		case "kept":
			to.Kept += c.Rows
			r.KeptTotal += c.Rows
		}
	}
	kept, err := u.q.UndoListKept(ctx, importdb.UndoListKeptParams{RunNo: u.no, MaxRows: int32(u.opts.MostKept)})
	if err != nil {
		return err
	}
	what := map[string]string{"nodes": "node", "fields": "field", "edges": "edge", "edge": "edge", "events": "event", "chains": "fact"}
	for _, k := range kept {
		r.Kept = append(r.Kept, Kept{What: what[k.Relation], Code: k.Code, Label: k.Label, Kind: k.Kind, Archived: k.Fate == "archived", Reason: k.Reason})
	}
	settled, err := u.opts.Settle(r)
	if err != nil {
		return err
	}
	id := newID()
	properties, err := json.Marshal(map[string]any{"run_id": u.run.ID, "source": u.source, "undoes": u.undone.RunID})
	if err != nil {
		return err
	}
	attrs, err := json.Marshal(map[string]any{"import": map[string]any{"run": u.no}})
	if err != nil {
		return err
	}
	err = u.q.EventInsertRun(ctx, importdb.EventInsertRunParams{
		ID: id, OccurredAt: u.run.cfg.StartedAt, Summary: &settled.Line, Properties: properties, Source: u.source, Attrs: attrs,
	})
	if err != nil {
		return err
	}
	if err := u.q.RunSetUndone(ctx, importdb.RunSetUndoneParams{RunNo: u.of, UndoneBy: &u.no}); err != nil {
		return err
	}
	if u.journaled { // the run that it took back holds again
		if err := u.q.RunSetUndone(ctx, importdb.RunSetUndoneParams{RunNo: *u.undone.Undoes}); err != nil {
			return err
		}
	}
	now := time.Now()
	return u.q.RunFinish(ctx, importdb.RunFinishParams{
		RunNo: u.no, Status: statusDone, FinishedAt: &now, EventID: &id, Summary: settled.Summary,
	})
}
