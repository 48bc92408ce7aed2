package load

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/projectrye/rye-import/internal/importdb"
)

// firstStep is a part of what a source says that says its first word. Each stands on those before it.
type firstStep int

const (
	firstStages firstStep = iota // stages of pipelines, and the pipelines of deals
	firstChains                  // chains of facts
	firstEdges                   // ends of links
	firstSteps
)

// first resolves what a source says that says its first word. Of it nothing stands in the graph, so that staging tells
// everything: it is done by transactions of its own on a connection of its own, while the merge fills the graph with what is
// resolved already. What it writes is in the tables of the merge alone, which End and Close empty. A plan, which has one
// connection, does each step when it comes to it.
type first struct {
	m     *merger
	loose bool // whether references to any object are among those that are staged

	codes chan map[int64]string     // codes of the new pipelines, by record; the merge draws them
	seen  map[uuid.UUID][]seenStage // after firstStages: the stages of each pipeline
	done  [firstSteps]chan struct{} // of each step
	next  firstStep                 // without a connection of its own: the step that comes next
	own   bool                      // whether it has one
	stop  context.CancelFunc        // calls it off
	ended chan struct{}             // closed when it works no more
	err   error                     // after ended: why it stopped
}

func newFirst(m *merger) *first {
	f := &first{m: m, loose: m.run.loose.Load(), codes: make(chan map[int64]string, 1)}
	for i := range f.done {
		f.done[i] = make(chan struct{})
	}
	return f
}

// start begins to work beside the merge.
func (f *first) start(ctx context.Context) {
	ctx, f.stop = context.WithCancel(ctx)
	f.own, f.ended = true, make(chan struct{})
	go func() {
		defer close(f.ended)
		for s := range firstSteps {
			f.err = pgx.BeginFunc(ctx, f.m.run.pool, func(tx pgx.Tx) error {
				q := importdb.New(tx)
				if err := f.m.tune(ctx, q); err != nil {
					return err
				}
				return f.do(ctx, q, s)
			})
			if f.err != nil {
				return
			}
			close(f.done[s])
		}
	}()
}

// close calls off what has not been done, and waits until nothing is under way.
func (f *first) close() {
	if f != nil && f.own {
		f.stop()
		<-f.ended
	}
}

// await waits until a step is done, or does it.
func (f *first) await(ctx context.Context, s firstStep) error {
	if !f.own {
		for ; f.next <= s; f.next++ {
			if err := f.do(ctx, f.m.q, f.next); err != nil {
				return err
			}
		}
		return nil
	}
	select {
	case <-f.done[s]:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-f.ended:
	}
	select {
	case <-f.done[s]: // it ended because all is done
		return nil
	default:
		return f.err
	}
}

func (f *first) do(ctx context.Context, q *importdb.Queries, s firstStep) error {
	switch s {
	case firstEdges:
		return f.edges(ctx, q)
	case firstStages:
		return f.stages(ctx, q)
	case firstChains:
		return f.chains(ctx, q)
	default:
		return fmt.Errorf("unknown step %d", s)
	}
}

func (f *first) edges(ctx context.Context, q *importdb.Queries) error {
	params := importdb.MergeEdgeInsertFirstParams{RunNo: f.m.no, StartedAt: f.m.run.cfg.StartedAt, Loose: f.loose}
	if _, err := q.MergeEdgeInsertFirst(ctx, params); err != nil {
		return err
	}
	if err := q.StagingAnalyzeMerge(ctx, "edges"); err != nil {
		return err
	}
	_, err := q.MergeEdgeFoldTwins(ctx, f.m.no)
	return err
}

// stages finds out which stages the deals of each pipeline have been seen in, and notes the key of each label for the facts.
func (f *first) stages(ctx context.Context, q *importdb.Queries) error {
	if _, err := q.MergeDealInsertFirst(ctx, f.m.no); err != nil {
		return err
	}
	listed, err := q.StagingStageListFirst(ctx, f.m.no)
	if err != nil {
		return err
	}
	shown := make([]importdb.StagingStageListSeenRow, len(listed))
	for i, s := range listed {
		shown[i] = importdb.StagingStageListSeenRow(s)
	}
	labels, err := q.MergeDealListLabelsFirst(ctx, f.m.no)
	if err != nil {
		return err
	}
	named := make([]importdb.MergeDealListLabelsRow, len(labels))
	for i, l := range labels {
		named[i] = importdb.MergeDealListLabelsRow(l)
	}
	if f.seen, err = seenStages(ctx, q, f.m.no, shown, named); err != nil || len(f.seen) == 0 {
		return err
	}
	staged, err := q.StagingNodeListPipelinesFirst(ctx, importdb.StagingNodeListPipelinesFirstParams{
		RunNo: f.m.no, IDs: slices.Collect(maps.Keys(f.seen)),
	})
	if err != nil {
		return err
	}
	var codes map[int64]string
	select {
	case codes = <-f.codes:
	case <-ctx.Done():
		return ctx.Err()
	}
	pipelines := make([]importdb.NodeListPipelinesRow, len(staged))
	for i, p := range staged {
		pipelines[i] = importdb.NodeListPipelinesRow{ID: p.ID, Code: codes[p.Rec], Properties: p.Properties}
	}
	noted, _, err := mergePipelines(f.m.no, pipelines, f.seen)
	if err != nil {
		return err
	}
	return q.MergeStageInsertMany(ctx, noted)
}

func (f *first) chains(ctx context.Context, q *importdb.Queries) error {
	params := importdb.MergeFactInsertFirstParams{RunNo: f.m.no, StartedAt: f.m.run.cfg.StartedAt}
	if _, err := q.MergeFactInsertFirst(ctx, params); err != nil {
		return err
	}
	return q.StagingAnalyzeMerge(ctx, "facts")
}

// resolveFirst begins to resolve what a fresh source says. The keys are committed for that: all that they have written is in
// staging. But names are kept for good, and what is to be kept has to come with the graph; so a source that refers by name
// is resolved by the merge itself.
func (m *merger) resolveFirst(ctx context.Context) error {
	if _, err := m.q.MergeKeyInsert(ctx, m.no); err != nil {
		return err
	}
	if err := m.q.StagingAnalyzeMerge(ctx, "keys"); err != nil {
		return err
	}
	m.first = newFirst(m)
	if m.tx == nil || len(m.run.lookups) > 0 {
		return nil
	}
	if err := m.tx.Commit(ctx); err != nil {
		return err
	}
	m.sorted = m.clone()
	if err := m.open(ctx); err != nil {
		return err
	}
	return m.begun(ctx)
}

// resume does again what comes after the keys.
func (m *merger) resume(ctx context.Context) error {
	if err := m.q.MergeFirstDelete(ctx, m.no); err != nil {
		return err
	}
	if err := m.tx.Commit(ctx); err != nil {
		return err
	}
	if err := m.open(ctx); err != nil {
		return err
	}
	if err := m.begun(ctx); err != nil {
		return err
	}
	return m.write(ctx)
}

// begun makes sure that nothing has changed since the keys were committed, and sets the other connection to work.
func (m *merger) begun(ctx context.Context) error {
	if err := m.hold(ctx); err != nil {
		return err
	}
	linked, err := m.q.NodeSourceMapExists(ctx, m.source)
	if err != nil {
		return err
	}
	if linked {
		return fmt.Errorf("others have linked records of source %q to nodes while it was merged; run it again", m.source)
	}
	m.first.start(ctx)
	return nil
}

// clone is the merger as it is now, to begin anew from here.
func (m *merger) clone() *merger {
	c, out := *m, *m.out
	out.Objects, out.Links, out.Phases = maps.Clone(out.Objects), maps.Clone(out.Links), slices.Clone(out.Phases)
	c.out, c.sorted = &out, nil
	c.first = newFirst(&c)
	return &c
}

// firstFacts waits for the facts. Meanwhile it resolves the participants, and makes the events that do not depend on facts, of which
// it gives the number.
func (m *merger) firstFacts(ctx context.Context) (events int64, err error) {
	_, err = m.q.MergeParticipantInsertFirst(ctx, importdb.MergeParticipantInsertFirstParams{RunNo: m.no, Loose: m.first.loose})
	if err != nil {
		return 0, err
	}
	if events, err = m.firstEvents(ctx, false); err != nil {
		return 0, err
	}
	if err := m.first.await(ctx, firstStages); err != nil {
		return 0, err
	}
	if len(m.first.seen) > 0 {
		if _, err := m.setStages(ctx, m.first.seen); err != nil {
			return 0, err
		}
	}
	return events, m.first.await(ctx, firstChains)
}

// firstEvents makes the events of records that tell of stages of deals, or the others.
func (m *merger) firstEvents(ctx context.Context, stages bool) (int64, error) {
	return m.q.EventInsertFirst(ctx, importdb.EventInsertFirstParams{RunNo: m.no, Source: m.source, Stages: stages})
}
