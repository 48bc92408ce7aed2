package load

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"github.com/projectrye/rye-import/internal/importdb"
)

// defaultPipeline is the id of the pipeline that deals are in which name none.
const defaultPipeline = "default"

// placeholders stages a pipeline for each one that deals name and nothing defines: the only pipeline
// of a source that has no names for them, or one whose definition was not exported. It has the key
// of the record that would define it, which fills it in when it comes.
func (m *merger) placeholders(ctx context.Context) error {
	missing, err := m.q.StagingRecordListMissingPipelines(ctx, importdb.StagingRecordListMissingPipelinesParams{RunNo: m.no, Source: m.source})
	if err != nil || len(missing) == 0 {
		return err
	}
	records := make([]importdb.StagingRecordCopyFromParams, len(missing))
	nodes := make([]importdb.StagingNodeCopyFromParams, len(missing))
	for i, p := range missing {
		// Carriers have the negative numbers of what is deferred; these lie far below.
		rec := int64(-1<<62) + int64(i)
		label := "Sales Pipeline"
		if p.LegacyID != defaultPipeline {
			label = "Pipeline " + p.LegacyID
		}
		properties, err := json.Marshal(map[string]string{"name": label})
		if err != nil {
			return err
		}
		code := "PL"
		records[i] = importdb.StagingRecordCopyFromParams{
			RunNo: m.no, Rec: rec, ObjectNo: p.ObjectNo, LegacyID: p.LegacyID, Kind: "node", ID: newID(), Changed: true,
		}
		nodes[i] = importdb.StagingNodeCopyFromParams{
			RunNo: m.no, Rec: rec, NodeType: "pipeline", Label: &label, CodePrefix: &code, Properties: properties,
		}
	}
	if _, err := m.q.StagingRecordCopyFrom(ctx, records); err != nil {
		return err
	}
	_, err = m.q.StagingNodeCopyFrom(ctx, nodes)
	return err
}

// stages brings the stage lists of pipelines up to date with the stages that the run's deals have
// been seen in.
func (m *merger) stages(ctx context.Context) error {
	if err := m.resolver.resolve(ctx, stagesOfDeals); err != nil || len(m.resolver.lists.IDs) == 0 {
		return err
	}
	_, err := m.q.NodeSetStages(ctx, m.resolver.lists)
	return err
}

// mergePipelines adds the stages that were seen to those of the pipelines: the keys of their labels, and the lists.
func mergePipelines(no int32, pipelines []importdb.NodeListPipelinesRow, seen map[uuid.UUID][]seenStage) (
	labels importdb.MergeStageInsertManyParams, update importdb.NodeSetStagesParams, err error,
) {
	labels.RunNo = no
	for _, p := range pipelines {
		standing, err := parseStages(p.Properties)
		if err != nil {
			return labels, update, fmt.Errorf("pipeline %s: %w", p.Code, err)
		}
		list, keys := mergeStages(standing, seen[p.ID])
		for _, k := range keys {
			labels.PipelineIDs = append(labels.PipelineIDs, p.ID)
			labels.Codes = append(labels.Codes, p.Code)
			labels.Labels = append(labels.Labels, k.label)
			labels.StageKeys = append(labels.StageKeys, k.key)
			labels.KeepLabels = append(labels.KeepLabels, k.keep)
		}
		properties, err := stageProperties(list)
		if err != nil {
			return labels, update, err
		}
		update.IDs = append(update.IDs, p.ID)
		update.Properties = append(update.Properties, properties)
		update.Read = append(update.Read, p.Properties)
	}
	return labels, update, nil
}

// seenStages gathers the stages of each pipeline: as deals show them, as history names them, and as
// the source defines them for all of its pipelines.
func seenStages(ctx context.Context, q *importdb.Queries, no int32) (map[uuid.UUID][]seenStage, error) {
	shown, err := q.StagingStageListSeen(ctx, no)
	if err != nil {
		return nil, err
	}
	named, err := q.MergeDealListLabels(ctx, no)
	if err != nil {
		return nil, err
	}
	seen := make(map[uuid.UUID][]seenStage)
	var defined []seenStage
	for _, r := range shown {
		s := seenStage{id: r.LegacyID, label: r.Label, key: r.StageKey, won: r.Won, lost: r.Lost}
		if r.SortOrder >= 0 {
			s.order = &r.SortOrder
		}
		if r.Probability >= 0 {
			s.probability = &r.Probability
		}
		if r.PipelineID == uuid.Nil {
			defined = append(defined, s)
		} else {
			seen[r.PipelineID] = append(seen[r.PipelineID], s)
		}
	}
	for _, n := range named {
		seen[n.PipelineID] = append(seen[n.PipelineID], seenStage{label: n.Label, key: n.StageKey})
	}
	if len(defined) > 0 {
		all, err := q.MergeDealListPipelines(ctx, no)
		if err != nil {
			return nil, err
		}
		for _, id := range all {
			seen[id] = slices.Concat(defined, seen[id]) // a definition knows better than use
		}
	}
	return seen, nil
}

// seenStage is a stage as a run has met it.
type seenStage struct {
	id          string // what deals name it by, where a definition says so
	label, key  string
	won, lost   bool
	order       *float64
	probability *float64 // percent
}

// gatheredStage is everything that a run has met of a stage.
type gatheredStage struct {
	seenStage
	ids []string
}

// pipelineStage is a stage in the list of its pipeline.
type pipelineStage struct {
	Key         string   `json:"key"`
	Label       string   `json:"label"`
	Labels      []string `json:"labels,omitempty"` // all of them, where the source has several for one stage
	IDs         []string `json:"ids,omitempty"`    // what the source names it by, where that is not its label
	Order       int      `json:"order"`
	Terminal    bool     `json:"terminal,omitempty"`
	Probability *float64 `json:"probability,omitempty"` // 0 to 1

	rank float64
	rest map[string]json.RawMessage // what others have written into the stage
}

func (s pipelineStage) MarshalJSON() ([]byte, error) {
	type plain pipelineStage
	own, err := json.Marshal(plain(s))
	if err != nil || len(s.rest) == 0 {
		return own, err
	}
	all := make(map[string]json.RawMessage, len(s.rest)+5)
	for k, v := range s.rest {
		all[k] = v
	}
	if err := json.Unmarshal(own, &all); err != nil {
		return nil, err
	}
	return json.Marshal(all)
}

func parseStages(properties json.RawMessage) ([]pipelineStage, error) {
	var p struct {
		Stages []json.RawMessage `json:"stages"`
	}
	if err := json.Unmarshal(properties, &p); err != nil {
		return nil, fmt.Errorf("its stages are no list: %w", err)
	}
	stages := make([]pipelineStage, 0, len(p.Stages))
	for _, raw := range p.Stages {
		var s pipelineStage
		if err := json.Unmarshal(raw, &s); err != nil {
			return nil, fmt.Errorf("stage %d is malformed: %w", len(stages)+1, err)
		}
		if err := json.Unmarshal(raw, &s.rest); err != nil {
			return nil, fmt.Errorf("stage %d is malformed: %w", len(stages)+1, err)
		}
		for _, own := range []string{"key", "label", "labels", "ids", "order", "terminal", "probability"} {
			delete(s.rest, own)
		}
		stages = append(stages, s)
	}
	return stages, nil
}

// labelKey is the stage that a legacy label means. keep says that the label must stand beside the
// stage's key, since several labels share it.
type labelKey struct {
	label, key string
	keep       bool
}

// mergeStages adds the stages that were seen to those that stand, which keep their keys and their
// order. New ones are put in order of what the source says, then of probability; those that end a
// deal come last, won before lost.
func mergeStages(standing []pipelineStage, seen []seenStage) ([]pipelineStage, []labelKey) {
	list := slices.Clone(standing)
	slices.SortStableFunc(list, func(a, b pipelineStage) int { return cmp.Compare(a.Order, b.Order) })
	byLabel := make(map[string]int)
	byKey := make(map[string]int)
	for i, s := range list {
		byKey[s.Key] = i
		for _, l := range slices.Concat([]string{s.Label}, s.Labels, s.IDs) {
			if _, ok := byLabel[l]; !ok {
				byLabel[l] = i
			}
		}
	}

	var added []pipelineStage
	named := func(s gatheredStage, i int) { // s is the stage at i
		st := &added
		at := i - len(list)
		if i < len(list) {
			st, at = &list, i
		}
		byLabel[s.label] = i
		for _, id := range s.ids {
			byLabel[id] = i
			if !slices.Contains((*st)[at].IDs, id) {
				(*st)[at].IDs = append((*st)[at].IDs, id)
			}
		}
	}
	for _, s := range gather(seen) {
		for _, id := range s.ids {
			// Deals came before the definition of their stage, which gives it its name now.
			if i, ok := byLabel[id]; ok && i < len(list) && list[i].Label == id {
				list[i].Label = s.label
				named(s, i)
			}
		}
		if i, ok := byLabel[s.label]; ok && (i >= len(list) || list[i].Terminal || !s.won && !s.lost) {
			named(s, i)
			continue
		}
		key := s.key
		switch {
		case s.won:
			key = "closed_won"
		case s.lost:
			key = "closed_lost"
		}
		if i, ok := byKey[key]; ok {
			target := &added
			at := i - len(list)
			if i < len(list) {
				target, at = &list, i
			}
			st := &(*target)[at]
			if len(st.Labels) == 0 {
				st.Labels = []string{st.Label}
			}
			if !slices.Contains(st.Labels, s.label) {
				st.Labels = append(st.Labels, s.label)
			}
			named(s, i)
			continue
		}
		st := pipelineStage{Key: key, Label: s.label, Terminal: key == "closed_won" || key == "closed_lost", rank: s.rank()}
		if s.probability != nil {
			p := *s.probability / 100
			st.Probability = &p
		}
		byKey[key] = len(list) + len(added)
		added = append(added, st)
		named(s, byKey[key])
	}
	labels := labelKeys(list, added, byLabel)
	return inOrder(list, added), labels
}

// gather joins what was seen of each stage: deals, history and definitions know different things. What
// deals name by an id is the stage that a definition gives this id.
func gather(seen []seenStage) []gatheredStage {
	labels := make(map[string]string)
	for _, s := range seen {
		if s.id != "" {
			labels[s.id] = s.label
		}
	}
	byLabel := make(map[string]int)
	var out []gatheredStage
	for _, s := range seen {
		defined := s.id != ""
		if label, ok := labels[s.label]; ok && !defined {
			s.label, s.key = label, ""
		}
		i, ok := byLabel[s.label]
		if !ok {
			byLabel[s.label] = len(out)
			out = append(out, gatheredStage{seenStage: s})
			i = len(out) - 1
		}
		o := &out[i]
		if defined && !slices.Contains(o.ids, s.id) {
			o.ids = append(o.ids, s.id)
		}
		if defined || o.key == "" {
			o.key = cmp.Or(s.key, o.key)
		}
		o.won, o.lost = o.won || s.won, o.lost || s.lost
		if o.order == nil {
			o.order = s.order
		}
		if o.probability == nil {
			o.probability = s.probability
		}
	}
	// What the source puts in no order at all comes in the order of labels, so that the same export
	// always gives the same list.
	slices.SortStableFunc(out, func(a, b gatheredStage) int {
		return cmp.Or(cmp.Compare(a.rank(), b.rank()), cmp.Compare(a.label, b.label))
	})
	return out
}

// rank orders the stages of a pipeline: by the source's own order if it has one, else by
// probability, which grows along a pipeline.
func (s seenStage) rank() float64 {
	switch {
	case s.won:
		return 1e9
	case s.lost:
		return 2e9
	case s.order != nil:
		return *s.order
	case s.probability != nil:
		return 1e6 + *s.probability
	}
	return 1e7
}

func labelKeys(list, added []pipelineStage, byLabel map[string]int) []labelKey {
	labels := make([]labelKey, 0, len(byLabel))
	for label, i := range byLabel {
		var st *pipelineStage
		if i < len(list) {
			st = &list[i]
		} else {
			st = &added[i-len(list)]
		}
		labels = append(labels, labelKey{label: label, key: st.Key, keep: label != st.Label && !slices.Contains(st.IDs, label)})
	}
	slices.SortFunc(labels, func(a, b labelKey) int { return cmp.Compare(a.label, b.label) })
	return labels
}

// inOrder puts new stages among those that stand: open ones before the first terminal one, and those
// that end a deal last.
func inOrder(list, added []pipelineStage) []pipelineStage {
	ending := func(s pipelineStage) int { return slices.Index([]string{"closed_won", "closed_lost"}, s.Key) }
	slices.SortStableFunc(added, func(a, b pipelineStage) int { return cmp.Compare(ending(a), ending(b)) })
	if len(list) == 0 {
		for i := range added {
			added[i].Order = i + 1
		}
		return added
	}
	var out []pipelineStage
	cut := slices.IndexFunc(list, func(s pipelineStage) bool { return s.Terminal })
	if cut < 0 {
		cut = len(list)
	}
	out = append(out, list[:cut]...)
	for _, s := range added {
		if !s.Terminal {
			out = append(out, s)
		}
	}
	out = append(out, list[cut:]...)
	for _, s := range added {
		if s.Terminal {
			out = append(out, s)
		}
	}
	if len(added) > 0 {
		for i := range out {
			out[i].Order = i + 1
		}
	}
	return out
}

// stageProperties are the properties of a pipeline that its stages decide.
func stageProperties(list []pipelineStage) (json.RawMessage, error) {
	properties := map[string]any{"stages": list}
	for _, s := range list {
		if !s.Terminal {
			properties["default_stage"] = s.Key
			break
		}
	}
	return json.Marshal(properties)
}
