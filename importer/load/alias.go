package load

import (
	"context"
	"slices"

	"github.com/google/uuid"

	"github.com/projectrye/rye-import/internal/importdb"
)

// aliases lets records that are one entity share a node: a lead and the contact that it was
// converted to, a person account and its contact, a record and the survivor of its merge.
func (m *merger) aliases(ctx context.Context) error {
	if err := m.arrivedAliases(ctx); err != nil {
		return err
	}
	rows, err := m.q.StagingRecordListAliases(ctx, importdb.StagingRecordListAliasesParams{RunNo: m.no, Source: m.source})
	if err != nil || len(rows) == 0 {
		return err
	}
	plan := planAliases(rows)
	m.dead = plan.dead
	m.matched += int64(len(plan.joinRecs))
	if len(plan.mergeFrom) > 0 {
		if err := m.lock(ctx, slices.Concat(plan.mergeFrom, plan.mergeInto)); err != nil {
			return err
		}
	}
	if len(plan.joinRecs) > 0 {
		if _, err := m.q.StagingRecordJoinNodes(ctx, importdb.StagingRecordJoinNodesParams{RunNo: m.no, Recs: plan.joinRecs, IDs: plan.joinIDs}); err != nil {
			return err
		}
		if err := m.join(ctx, plan.joinRecs); err != nil {
			return err
		}
	}
	if len(plan.mergeFrom) > 0 {
		archived, err := m.q.NodeMergeMany(ctx, importdb.NodeMergeManyParams{
			DuplicateIDs: plan.mergeFrom, CanonicalIDs: plan.mergeInto, MergedBy: "import:" + m.source,
		})
		if err != nil {
			return err
		}
		m.out.Nodes.Archived += archived
	}
	if len(plan.recs) > 0 {
		_, err := m.q.StagingRecordSetAliases(ctx, importdb.StagingRecordSetAliasesParams{
			RunNo: m.no, Recs: plan.recs, IDs: plan.ids, Existing: plan.existing,
		})
		if err != nil {
			return err
		}
	}
	m.waiting = plan.waiting
	return nil
}

// twins stages what records name as merged into them: as dead records that are the same as these.
func (m *merger) twins(ctx context.Context) error {
	found, err := m.q.StagingTwinExists(ctx, m.no)
	if err != nil || !found {
		return err
	}
	if _, err := m.q.StagingRecordSetTwins(ctx, m.no); err != nil {
		return err
	}
	m.merged, err = m.q.StagingRecordInsertTwins(ctx, importdb.StagingRecordInsertTwinsParams{RunNo: m.no, FirstRec: firstTwin})
	return err
}

// join ties records to the nodes that they join, in the crosswalk.
func (m *merger) join(ctx context.Context, recs []int64) error {
	_, err := m.q.NodeSourceMapJoin(ctx, importdb.NodeSourceMapJoinParams{RunNo: m.no, Recs: recs, IDType: m.run.cfg.IDType})
	return err
}

// arrivedAliases lets records of this run join the nodes of records that an earlier run found to be
// the same and that have waited for them.
func (m *merger) arrivedAliases(ctx context.Context) error {
	if !m.run.Known {
		return nil
	}
	same, err := m.q.DeferredListArrivedSame(ctx, importdb.DeferredListArrivedSameParams{RunNo: m.no, Source: m.source})
	if err != nil {
		return err
	}
	var recs, done []int64
	var ids []uuid.UUID
	joined := make(map[int64]bool)
	for _, s := range same {
		done = append(done, s.DeferredNo)
		if !joined[s.Rec] {
			joined[s.Rec] = true
			recs, ids = append(recs, s.Rec), append(ids, s.NodeID)
		}
	}
	m.matched += int64(len(recs))
	if len(recs) > 0 {
		if _, err := m.q.StagingRecordJoinNodes(ctx, importdb.StagingRecordJoinNodesParams{RunNo: m.no, Recs: recs, IDs: ids}); err != nil {
			return err
		}
		if err := m.join(ctx, recs); err != nil {
			return err
		}
	}
	gone, err := m.q.DeferredListArrivedGone(ctx, importdb.DeferredListArrivedGoneParams{RunNo: m.no, Source: m.source})
	if err != nil {
		return err
	}
	for _, g := range gone {
		done = append(done, g.DeferredNo)
		m.gone = append(m.gone, goneRecord{object: g.Object, id: g.LegacyID, node: g.NodeID})
	}
	if len(done) == 0 {
		return nil
	}
	return m.q.DeferredDeleteMany(ctx, done)
}

// goneRecord is a record that was merged away in the source and whose survivor has come at last.
type goneRecord struct {
	object, id string
	node       uuid.UUID
}

// aliasPlan says what becomes of records that are the same entity as others.
type aliasPlan struct {
	recs     []int64 // these share the nodes ...
	ids      []uuid.UUID
	existing []bool

	joinRecs []int64 // these new records take nodes that stand ...
	joinIDs  []uuid.UUID

	mergeFrom, mergeInto []uuid.UUID // these nodes are folded into others

	dead []int64 // these had nodes of their own and have died into others, which may have to come yet

	waiting []int64 // what these are the same as has not arrived
}

// planAliases decides for each record. Its root is the record at the end of the chain of sameness:
// a record of this run, or one that only the crosswalk knows.
func planAliases(rows []importdb.StagingRecordListAliasesRow) aliasPlan {
	var p aliasPlan
	taken := make(map[int64]uuid.UUID) // new roots that joined a standing node
	merged := make(map[uuid.UUID]bool)
	for _, r := range rows {
		var root uuid.UUID
		rootStands := true
		switch {
		case r.RootID != nil && r.RootRec != nil:
			root, rootStands = *r.RootID, r.RootExisting
			if id, ok := taken[*r.RootRec]; ok {
				root, rootStands = id, true
			}
		case r.MappedID != nil:
			root = *r.MappedID
		default:
			p.waiting = append(p.waiting, r.Rec)
			if r.Existing && r.Deleted {
				p.dead = append(p.dead, r.Rec)
			}
			continue
		}
		if r.Existing && r.ID != root {
			if r.Deleted {
				p.dead = append(p.dead, r.Rec)
			}
			if !rootStands {
				// The record had a node before its root came: the root takes that one.
				taken[*r.RootRec] = r.ID
				p.joinRecs, p.joinIDs = append(p.joinRecs, *r.RootRec), append(p.joinIDs, r.ID)
				root, rootStands = r.ID, true
			} else if !merged[r.ID] {
				merged[r.ID] = true
				p.mergeFrom, p.mergeInto = append(p.mergeFrom, r.ID), append(p.mergeInto, root)
			}
		}
		p.recs, p.ids, p.existing = append(p.recs, r.Rec), append(p.ids, root), append(p.existing, rootStands)
	}
	return p
}
