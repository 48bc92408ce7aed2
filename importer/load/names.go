package load

import (
	"context"
	"maps"
	"slices"

	"github.com/projectrye/rye-import/internal/importdb"
)

// keepNames brings the kept names up to date. A record that has the name by which references made one
// is the same as that.
func (m *merger) keepNames(ctx context.Context) error {
	if len(m.run.lookups) == 0 {
		return nil
	}
	if _, err := m.q.NameInsertStaged(ctx, m.no); err != nil || !m.run.Known {
		return err
	}
	if len(m.run.cfg.Derived) > 0 {
		eclipsed := importdb.StagingRecordInsertEclipsedParams{RunNo: m.no, FirstRec: firstEclipsed}
		for lookup := range m.run.cfg.Derived {
			eclipsed.LookupNos = append(eclipsed.LookupNos, m.run.lookups[lookup])
		}
		if _, err := m.q.StagingRecordInsertEclipsed(ctx, eclipsed); err != nil {
			return err
		}
	}
	_, err := m.q.NameDeleteRestaged(ctx, m.no)
	return err
}

// names looks up the names that references use. A name that fits one node stands for it; one that fits
// several or none leaves what refers by it to wait.
func (m *merger) names(ctx context.Context) error {
	if len(m.run.lookups) == 0 {
		return nil
	}
	lookups := slices.Collect(maps.Values(m.run.lookups))
	m.asked = m.run.named.Load()
	if !m.asked && m.run.Known {
		var err error
		if m.asked, err = m.q.DeferredExistsNamed(ctx, lookups); err != nil {
			return err
		}
	}
	if !m.asked {
		return nil
	}
	if _, err := m.q.MergeNameInsert(ctx, importdb.MergeNameInsertParams{RunNo: m.no, LookupNos: lookups}); err != nil {
		return err
	}
	if err := m.q.StagingAnalyzeNames(ctx); err != nil {
		return err
	}
	archive, _, err := m.archivable()
	if err != nil {
		return err
	}
	_, err = m.q.MergeNameSetCandidates(ctx, importdb.MergeNameSetCandidatesParams{RunNo: m.no, Source: m.source, ArchiveNos: archive})
	if err != nil {
		return err
	}
	if err := m.derive(ctx); err != nil {
		return err
	}
	return m.q.StagingAnalyzeNames(ctx)
}

// The numbers of the first records that a reference makes, that a record names as merged into it, and
// that give way to one that has their name. Carriers have the negative numbers of what is deferred, and
// pipelines lie far below.
const (
	firstDerived  = -1 << 61
	firstTwin     = -1 << 60
	firstEclipsed = -1 << 59
)

// derive makes records for names that fit none, where their lookups say so: owners of whom nothing but
// the name was exported.
func (m *merger) derive(ctx context.Context) error {
	if len(m.run.cfg.Derived) == 0 {
		return nil
	}
	names := importdb.MergeNameSetDerivedParams{RunNo: m.no, MaxBytes: maxName}
	nodes := importdb.StagingNodeInsertDerivedParams{RunNo: m.no, FirstRec: firstDerived}
	for _, lookup := range slices.Sorted(maps.Keys(m.run.cfg.Derived)) {
		d := m.run.cfg.Derived[lookup]
		object, err := m.run.object(d.Object)
		if err != nil {
			return err
		}
		names.LookupNos, names.ObjectNos = append(names.LookupNos, m.run.lookups[lookup]), append(names.ObjectNos, object)
		if !slices.Contains(nodes.ObjectNos, object) {
			nodes.ObjectNos = append(nodes.ObjectNos, object)
			nodes.NodeTypes, nodes.CodePrefixes = append(nodes.NodeTypes, d.NodeType), append(nodes.CodePrefixes, d.CodePrefix)
		}
	}
	n, err := m.q.MergeNameSetDerived(ctx, names)
	if err != nil || n == 0 {
		return err
	}
	if err := m.q.StagingAnalyzeNames(ctx); err != nil {
		return err
	}
	if _, err := m.q.NameInsertDerived(ctx, m.no); err != nil {
		return err
	}
	n, err = m.q.StagingRecordInsertDerived(ctx, importdb.StagingRecordInsertDerivedParams{RunNo: m.no, FirstRec: firstDerived})
	if err != nil || n == 0 {
		return err
	}
	nodes.LastRec = firstDerived + n - 1
	_, err = m.q.StagingNodeInsertDerived(ctx, nodes)
	return err
}

// resolve puts records into the place of the names that stand for them, so that all that follows sees
// references by id.
func (m *merger) resolve(ctx context.Context) error {
	for _, put := range []func(context.Context, int32) (int64, error){
		m.q.StagingLinkResolveSources, m.q.StagingLinkResolveTargets, m.q.StagingParticipantResolve, m.q.StagingFactResolve, m.q.StagingEventResolve,
	} {
		if _, err := put(ctx, m.no); err != nil {
			return err
		}
	}
	return nil
}

// What is told of names that wait; the first of them are worth a person's time.
const (
	mostNames       = 100
	mostCandidates  = 5
	mostSuggestions = 20
)

// waitingNames tells by which names the source still waits, what those that fit several could mean, and
// what is like those that fit none.
func (m *merger) waitingNames(ctx context.Context) error {
	if !m.asked {
		return nil
	}
	lookups := slices.Collect(maps.Values(m.run.lookups))
	rows, err := m.q.DeferredListNames(ctx, importdb.DeferredListNamesParams{RunNo: m.no, LookupNos: lookups, MaxRows: mostNames})
	if err != nil || len(rows) == 0 {
		return err
	}
	m.out.NamesTotal = rows[0].Names
	m.out.Names = make([]NameOutcome, len(rows))
	several := importdb.NameListCandidatesParams{MaxRows: mostCandidates}
	unknown := importdb.NameSuggestParams{}
	for i, r := range rows {
		m.out.Names[i] = NameOutcome{Lookup: r.Lookup, Name: r.Name, Links: r.Links}
		switch {
		case r.Candidates > 1: // these come first, so that their positions are those of the rows
			several.LookupNos, several.NameKeys = append(several.LookupNos, r.LookupNo), append(several.NameKeys, r.NameKey)
		case len(unknown.Names) < mostSuggestions:
			unknown.LookupNos, unknown.Names = append(unknown.LookupNos, r.LookupNo), append(unknown.Names, r.Name)
		}
	}
	ambiguous := len(several.NameKeys)
	if ambiguous > 0 {
		candidates, err := m.q.NameListCandidates(ctx, several)
		if err != nil {
			return err
		}
		for _, c := range candidates {
			n := &m.out.Names[c.Position-1]
			n.Candidates = append(n.Candidates, Candidate{Object: c.Object, LegacyID: c.LegacyID, Code: c.Code, Label: c.Label})
		}
	}
	if len(unknown.Names) == 0 {
		return nil
	}
	suggestions, err := m.q.NameSuggest(ctx, unknown)
	if err != nil {
		return err
	}
	for i, s := range suggestions {
		m.out.Names[ambiguous+i].Suggestion = s
	}
	return nil
}
