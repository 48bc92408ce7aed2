package load

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"github.com/projectrye/rye-import/internal/importdb"
)

// mergeAttempts is how often a merge is tried that others keep getting into the way of.
const mergeAttempts = 5

// errCollision says that others change what the merge changes, in a way that the server cannot know.
var errCollision = errors.New("others change the same nodes")

// lock holds every node that the merge touches, in the order of their ids, before the merge reads
// what it decides on. So nobody changes it in between, and two runs, or a run and a person, wait for each
// other and never in a circle. Nodes in folded are about to be merged into others.
func (m *merger) lock(ctx context.Context, folded []uuid.UUID) error {
	if m.fresh {
		return nil
	}
	archive, _, err := m.archivable()
	if err != nil {
		return err
	}
	params := importdb.MergeLockInsertParams{RunNo: m.no, Source: m.source, ArchiveNos: archive, FoldedIDs: folded}
	before, err := m.q.MergeLockMoment(ctx)
	if err != nil {
		return err
	}
	found, err := m.q.MergeLockInsert(ctx, params)
	if err != nil || found == 0 {
		return err
	}
	if _, err := m.q.MergeLockTake(ctx, m.no); err != nil {
		return err
	}
	m.locked = true
	// While it waited, somebody may have merged one of them, and its records are another's now. Mostly nobody has done anything.
	after, err := m.q.MergeLockMoment(ctx)
	if err != nil || after == before {
		return err
	}
	found, err = m.q.MergeLockInsert(ctx, params)
	if err == nil && found > 0 {
		return errCollision
	}
	return err
}

// isCollision reports whether a merge failed because others changed the graph at the same moment, so that
// it may be tried again.
func isCollision(err error) bool {
	if errors.Is(err, errCollision) || hasState(err, stateDeadlock, stateSerialization) {
		return true
	}
	return hasState(err, stateUniqueViolation) && hasConstraint(err,
		"node_source_map_pkey", "assertions_current", "event_participants_event_id_node_id_role_key", "nodes_external_key")
}

// again takes back what a merge that is tried again has left outside of its transaction.
func (r *Run) again(ctx context.Context, cause error) error {
	r.cfg.Logger.Info("others changed the same nodes; the merge begins anew", "source", r.cfg.Source, "err", cause)
	if r.plan != nil {
		return nil // it draws none
	}
	if _, err := importdb.New(r.pool).CodeBlockRelease(ctx, []int32{r.Number}); err != nil {
		return fmt.Errorf("releasing code numbers: %w", err)
	}
	return nil
}
