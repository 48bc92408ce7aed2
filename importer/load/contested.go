package load

import (
	"context"
	"time"

	"github.com/projectrye/rye-import/internal/importdb"
)

// Prefer says who wins where people have changed a value in the graph and the source says a new one.
type Prefer string

// What may be preferred.
const (
	// PreferNone keeps the value of the graph, and the incoming one aside as an open conflict.
	PreferNone Prefer = ""
	// PreferSource writes the incoming values of open conflicts.
	PreferSource Prefer = "source"
	// PreferGraph keeps the values of the graph for good: of a conflict nothing is told any more
	// until the source says yet another value.
	PreferGraph Prefer = "graph"
)

// Conflict is an open conflict: a value that a record says and the graph does not hold, since a person
// has changed it there. The values themselves are in rye_import.conflicts.
type Conflict struct {
	Object, LegacyID string // the record
	Code             string // of its node, if that has one
	Kind, Field      string // as in rye_import.conflicts
	File             string // where the record stood when it said so last; empty if the journal has forgotten it
	Line             int32
	EditedBy         string
	EditedAt         *time.Time
	RunNo            int32 // the run that met it first
}

// mostConflicts is how many open conflicts an outcome lists.
const mostConflicts = 50

// carryConflicts stages the facts of conflicts again whose records have not changed: whether they are
// to be recorded is decided as for the others.
func (m *merger) carryConflicts(ctx context.Context) (err error) {
	if m.dispute, err = m.q.ConflictExists(ctx, m.source); err != nil || !m.dispute {
		return err
	}
	carried, err := m.q.ConflictCarry(ctx, importdb.ConflictCarryParams{RunNo: m.no, Source: m.source})
	if err != nil || carried == 0 {
		return err
	}
	_, err = m.q.ConflictStageFacts(ctx, m.no)
	return err
}

// contestNodes takes what people have edited out of what the run changes in nodes, and adds what comes
// of conflicts that stand. It gives the number of nodes that remain to be changed.
func (m *merger) contestNodes(ctx context.Context, changed int64) (int64, error) {
	if changed == 0 && !m.dispute {
		return 0, nil
	}
	contested := count{}
	contested.add(m.q.MergeContestedInsertNodes(ctx, importdb.MergeContestedInsertNodesParams{RunNo: m.no, Prefer: string(m.opts.Prefer)}))
	if m.dispute && contested.err == nil {
		contested.add(m.standing(ctx, false))
	}
	if contested.err != nil {
		return 0, contested.err
	}
	m.contest += contested.n
	if contested.n > 0 {
		added, err := m.q.MergeContestedInsertSettled(ctx, m.no)
		if err != nil {
			return 0, err
		}
		changed += added
		if _, err := m.q.MergeContestedSettleNodes(ctx, m.no); err != nil {
			return 0, err
		}
	}
	idle, err := m.q.MergeContestedDeleteIdle(ctx, m.no)
	return changed - idle, err
}

// standing takes up the conflicts of links, or of nodes.
func (m *merger) standing(ctx context.Context, links bool) (int64, error) {
	return m.q.MergeContestedInsertStanding(ctx, importdb.MergeContestedInsertStandingParams{
		RunNo: m.no, Source: m.source, Links: links, Prefer: string(m.opts.Prefer),
	})
}

// contestEdges does so for edges that stand, and leaves ended what a person has ended.
func (m *merger) contestEdges(ctx context.Context) error {
	if _, err := m.q.MergeContestedSetEnded(ctx, m.no); err != nil {
		return err
	}
	if _, err := m.q.EdgeLockPresent(ctx, m.no); err != nil {
		return err
	}
	contested := count{}
	contested.add(m.q.MergeContestedInsertEdges(ctx, importdb.MergeContestedInsertEdgesParams{RunNo: m.no, Prefer: string(m.opts.Prefer)}))
	if m.dispute && contested.err == nil {
		contested.add(m.standing(ctx, true))
	}
	m.contest += contested.n
	if contested.err != nil || contested.n == 0 {
		return contested.err
	}
	if _, err := m.q.MergeContestedSettleEdges(ctx, m.no); err != nil || !m.dispute {
		return err
	}
	updated, err := m.q.EdgeUpdateContested(ctx, m.no)
	m.out.Edges.Updated += updated
	return err
}

// contestFacts withholds the facts that would supersede those of people.
func (m *merger) contestFacts(ctx context.Context) error {
	if !m.run.Known {
		return nil
	}
	contested, err := m.q.MergeContestedInsertFacts(ctx, importdb.MergeContestedInsertFactsParams{
		RunNo: m.no, StartedAt: m.run.cfg.StartedAt, Prefer: string(m.opts.Prefer),
	})
	m.contest += contested
	if err != nil || contested == 0 {
		return err
	}
	_, err = m.q.MergeContestedDeleteFacts(ctx, m.no)
	return err
}

// settleConflicts keeps what the run has learned of edits and conflicts.
func (m *merger) settleConflicts(ctx context.Context) error {
	if m.run.Known {
		if _, err := m.q.AssertionForgetAgreed(ctx, m.no); err != nil {
			return err
		}
	}
	if m.contest == 0 && !m.dispute {
		return nil
	}
	for _, do := range []func(context.Context, int32) (int64, error){
		m.q.MergeContestedInsertEffects, m.q.MergeContestedDeleteEdits, m.q.MergeContestedInsertAgreed,
		m.q.ConflictDeleteSettled, m.q.ConflictDeleteUnsaid,
	} {
		if _, err := do(ctx, m.no); err != nil {
			return err
		}
	}
	_, err := m.q.ConflictUpsertStaged(ctx, importdb.ConflictUpsertStagedParams{RunNo: m.no, Prefer: string(m.opts.Prefer)})
	return err
}

// openConflicts lists the conflicts that wait for a decision.
func (m *merger) openConflicts(ctx context.Context) (err error) {
	if m.out.Contested, err = m.q.ConflictCountOpen(ctx, m.source); err != nil || m.out.Contested == 0 {
		return err
	}
	rows, err := m.q.ConflictListOpen(ctx, importdb.ConflictListOpenParams{Source: m.source, MaxRows: mostConflicts})
	for _, r := range rows {
		m.out.Conflicts = append(m.out.Conflicts, Conflict{
			Object: r.Object, LegacyID: r.LegacyID, Code: r.Code, Kind: r.Kind, Field: r.Field, File: r.Path, Line: r.Line,
			EditedBy: r.EditedBy, EditedAt: r.EditedAt, RunNo: r.FirstRunNo,
		})
	}
	return err
}
