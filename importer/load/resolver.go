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

// resolution is a part of what is staged that is resolved: worked out in tables of the merge, before it is written into the
// graph. Each stands on those before it.
type resolution int

const (
	stagesOfDeals      resolution = iota // stages of pipelines, and the pipelines of deals
	chainsOfFacts                        // in the order of time, with what stands already
	endsOfParticipants                   // events and nodes
	endsOfLinks                          // but for those of deals to pipelines, whose ends stagesOfDeals resolves
	allResolutions                       // how many there are
)

// resolver resolves what is staged. The merge asks for each resolution when it comes to it, and has it done then and there. What a
// source says that says its first word is told by staging alone, for nothing of it stands in the graph; that is resolved
// beside the merge, by transactions of their own on a connection of its own, while the merge fills the graph with
// what is resolved already. Then it asks no table that the merge may hold from all others, and writes only such as
// End and Close empty.
type resolver struct {
	m     *merger
	loose bool // whether there may be references to any object among those that are staged

	pipelines chan []importdb.NodeListPipelinesRow // the new ones; the merge names them
	lists     importdb.NodeSetStagesParams         // after stagesOfDeals: the stages of each pipeline

	beside bool                          // whether it has a connection of its own
	done   [allResolutions]chan struct{} // then: closed when each is done
	stop   context.CancelFunc            // calls it off
	ended  chan struct{}                 // closed when it works no more
	err    error                         // after ended: why it stopped
}

func newResolver(m *merger) *resolver {
	return &resolver{m: m, loose: m.run.Known || m.run.loose.Load(), pipelines: make(chan []importdb.NodeListPipelinesRow, 1)}
}

// start begins to work beside the merge.
func (r *resolver) start(ctx context.Context) {
	ctx, r.stop = context.WithCancel(ctx)
	r.beside, r.ended = true, make(chan struct{})
	for i := range r.done {
		r.done[i] = make(chan struct{})
	}
	go func() {
		defer close(r.ended)
		for what := range allResolutions {
			r.err = pgx.BeginFunc(ctx, r.m.run.pool, func(tx pgx.Tx) error {
				q := importdb.New(tx)
				if err := r.m.tune(ctx, q); err != nil {
					return err
				}
				return r.do(ctx, q, what)
			})
			if r.err != nil {
				return
			}
			close(r.done[what])
		}
	}()
}

// close calls off what has not been done, and waits until nothing is under way.
func (r *resolver) close() {
	if r.beside {
		r.stop()
		<-r.ended
	}
}

// resolve has something resolved, once, or waits until it is.
func (r *resolver) resolve(ctx context.Context, what resolution) error {
	if !r.beside {
		return r.do(ctx, r.m.q, what)
	}
	select {
	case <-r.done[what]:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-r.ended:
	}
	select {
	case <-r.done[what]: // it ended because all is done
		return nil
	default:
		return r.err
	}
}

func (r *resolver) do(ctx context.Context, q *importdb.Queries, what resolution) error {
	switch what {
	case stagesOfDeals:
		return r.stages(ctx, q)
	case chainsOfFacts:
		return r.chains(ctx, q)
	case endsOfParticipants:
		return r.participants(ctx, q)
	case endsOfLinks:
		return r.links(ctx, q)
	default:
		return fmt.Errorf("unknown resolution %d", what)
	}
}

// stages finds out which stages the deals of each pipeline have been seen in, and notes the key of each label for the facts.
func (r *resolver) stages(ctx context.Context, q *importdb.Queries) error {
	if err := r.ends(ctx, q, true); err != nil {
		return err
	}
	deals, err := q.MergeDealInsert(ctx, r.m.no)
	if err != nil {
		return err
	}
	// Not beside the merge: an analysis keeps others from analyzing until its transaction ends, and this one may wait for the
	// merge to name its pipelines, which may wait for another run's.
	if deals > 0 && !r.m.fresh {
		if _, err := q.MergeDealSetStanding(ctx, r.m.no); err != nil {
			return err
		}
		// Else the planner would take it that this run has none, as the last one it knows of, and read them deal by deal.
		if err := q.StagingAnalyzeMerge(ctx, "deals"); err != nil {
			return err
		}
	}
	seen, err := seenStages(ctx, q, r.m.no)
	if err != nil || len(seen) == 0 {
		return err
	}
	pipelines, err := r.seenPipelines(ctx, q, seen)
	if err != nil {
		return err
	}
	var labels importdb.MergeStageInsertManyParams
	if labels, r.lists, err = mergePipelines(r.m.no, pipelines, seen); err != nil {
		return err
	}
	return q.MergeStageInsertMany(ctx, labels)
}

// seenPipelines gives the pipelines of the stages that were seen: from the graph, or, as long as that does not have them, as it is
// going to.
func (r *resolver) seenPipelines(ctx context.Context, q *importdb.Queries, seen map[uuid.UUID][]seenStage) ([]importdb.NodeListPipelinesRow, error) {
	if !r.m.fresh {
		return q.NodeListPipelines(ctx, slices.Collect(maps.Keys(seen)))
	}
	select {
	case pipelines := <-r.pipelines:
		return slices.DeleteFunc(pipelines, func(p importdb.NodeListPipelinesRow) bool { return seen[p.ID] == nil }), nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// chains puts what is said about each subject into the order of time, with what stands about it.
func (r *resolver) chains(ctx context.Context, q *importdb.Queries) error {
	if !r.m.fresh {
		if _, err := q.MergeStandingInsert(ctx, r.m.no); err != nil {
			return err
		}
	}
	params := importdb.MergeFactInsertParams{RunNo: r.m.no, StartedAt: r.m.run.cfg.StartedAt}
	if _, err := q.MergeFactInsert(ctx, params); err != nil {
		return err
	}
	return q.StagingAnalyzeMerge(ctx, "facts")
}

// participants resolves the events and nodes of participants, and which of them mean the same.
func (r *resolver) participants(ctx context.Context, q *importdb.Queries) error {
	if _, err := q.MergeParticipantInsert(ctx, importdb.MergeParticipantInsertParams{RunNo: r.m.no, Loose: r.loose}); err != nil {
		return err
	}
	if r.m.run.Known {
		if _, err := q.MergeParticipantSetKnown(ctx, r.m.no); err != nil {
			return err
		}
	}
	_, err := q.MergeParticipantSetTwins(ctx, r.m.no)
	return err
}

// links resolves the ends of links, and which of them mean the same edge.
func (r *resolver) links(ctx context.Context, q *importdb.Queries) error {
	if err := r.ends(ctx, q, false); err != nil {
		return err
	}
	if err := q.StagingAnalyzeMerge(ctx, "edges"); err != nil {
		return err
	}
	if twins, err := q.MergeEdgeSetTwins(ctx, r.m.no); err != nil || twins == 0 {
		return err
	}
	_, err := q.MergeEdgeFoldTwins(ctx, r.m.no)
	return err
}

// ends resolves the ends of the links of deals to their pipelines, or of the others.
func (r *resolver) ends(ctx context.Context, q *importdb.Queries, pipelines bool) error {
	params := importdb.MergeEdgeInsertParams{RunNo: r.m.no, StartedAt: r.m.run.cfg.StartedAt, Loose: r.loose, Pipelines: pipelines}
	_, err := q.MergeEdgeInsert(ctx, params)
	return err
}

// resolveBeside sets the resolver of a fresh source to work beside the merge. The keys are committed for that: all that they
// have written is in staging. But names are kept for good, and what is to be kept has to come with the graph; so a source
// that refers by name is resolved by the merge itself, and so is a plan.
func (m *merger) resolveBeside(ctx context.Context) error {
	if _, err := m.q.MergeKeyInsertStaged(ctx, m.no); err != nil {
		return err
	}
	if err := m.q.StagingAnalyzeMerge(ctx, "keys"); err != nil {
		return err
	}
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
	if err := m.q.MergeResolvedDelete(ctx, m.no); err != nil {
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

// begun makes sure that nothing has changed since the keys were committed, and sets the resolver to work.
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
	m.resolver.start(ctx)
	return nil
}

// clone is the merger as it is now, to begin anew from here.
func (m *merger) clone() *merger {
	c, out := *m, *m.out
	out.Objects, out.Links, out.Phases = maps.Clone(out.Objects), maps.Clone(out.Links), slices.Clone(out.Phases)
	c.out, c.sorted = &out, nil
	c.resolver = newResolver(&c)
	return &c
}
