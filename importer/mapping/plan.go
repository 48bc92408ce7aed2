package mapping

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"github.com/projectrye/rye-import/importer/graph"
)

// Mapper maps records one after another; it owns the buffers that its Plan writes into, and so
// belongs to one goroutine.
type Mapper struct {
	plan    *Plan
	row     row
	scratch []byte // one value while it is built
	hash    []byte // what the record maps to, for its hash
	batch   *graph.Batch
	refs    []graph.Ref
	cells   []string // of the record, where the mapping repairs some
	snakes  map[string]string
}

// NewMapper makes a mapper for a plan.
func (p *Plan) NewMapper() *Mapper {
	return &Mapper{
		plan: p, snakes: make(map[string]string),
		row: row{header: p.Header, settings: &p.settings, ids: &p.ids, escaped: p.escaped, times: make([]readTime, p.times)},
	}
}

// Map appends what a record becomes to a batch. It returns the reason when the mapping leaves the
// record out, or a *FieldError when the record cannot be used; the batch is then as before.
func (m *Mapper) Map(b *graph.Batch, rec int64, line int, cells []string) (skipped string, err error) {
	mark := [...]int{len(b.Nodes), len(b.Links), len(b.Facts), len(b.Events), len(b.Participants), len(b.Stages), len(b.Names), len(b.Twins)}
	m.row.cells = m.repaired(cells)
	m.hash, m.batch = m.hash[:0], b
	var record graph.Record
	for {
		clear(m.row.times)
		m.row.unreadable, m.row.failed = -1, -1
		record, skipped, err = m.record(b, rec)
		if col := m.row.unreadable; skipped == "" && err == nil && col >= 0 {
			err = m.row.fail(col, CodeInvalidBool, errBool)
		}
		if skipped == "" && err == nil {
			break
		}
		b.Nodes, b.Links, b.Facts = b.Nodes[:mark[0]], b.Links[:mark[1]], b.Facts[:mark[2]]
		b.Events, b.Participants, b.Stages, b.Names = b.Events[:mark[3]], b.Participants[:mark[4]], b.Stages[:mark[5]], b.Names[:mark[6]]
		b.Twins = b.Twins[:mark[7]]
		var fe *FieldError
		if errors.As(err, &fe) {
			if fe.ID = record.ID; m.forgiven(fe) {
				continue
			}
		}
		return skipped, err
	}
	record.Rec, record.Line = rec, int32(min(line, 1<<31-1))
	m.hashRecord(b, &record, mark)
	b.Records = append(b.Records, record)
	return "", nil
}

// Unknown hands out the texts of a record that value maps do not know, each with its column.
func (m *Mapper) Unknown(cells []string, each func(column, text string)) {
	m.row.cells = m.repaired(cells)
	for _, v := range m.plan.maps {
		text := m.row.text(v.col)
		if text == "" || m.row.ids.isNone(text) {
			continue
		}
		if text = strings.TrimSpace(v.steps.cut(text)); text == "" {
			continue
		}
		if _, known := v.steps.known[strings.ToLower(text)]; !known {
			each(m.row.header[v.col], text)
		}
	}
}

func (m *Mapper) record(b *graph.Batch, rec int64) (graph.Record, string, error) {
	p, r := m.plan, &m.row
	id, err := m.id()
	out := graph.Record{Kind: p.Kind, Object: p.Object, ID: id}
	if err != nil {
		return out, "", err
	}
	if out.ID == "" {
		return out, "", m.missing(p.key, CodeMissingID, "the id is blank")
	}
	for i := range p.skips {
		if p.skips[i].when.holds(r) {
			return out, p.skips[i].reason, nil
		}
	}
	if p.deleted != nil {
		out.Deleted = p.deleted.holds(r)
		if r.unreadable >= 0 {
			return out, "", r.fail(r.unreadable, CodeInvalidBool, errBool)
		}
	}
	for i := range p.same {
		if s := &p.same[i]; s.when.holds(r) {
			if ref := s.ref.resolve(r); !ref.IsZero() && ref != (graph.Ref{Object: p.Object, ID: out.ID}) {
				out.Same = ref
				if s.gone {
					// The survivor of the merge says everything; this record gives it its id, and tells when that was.
					out.Deleted = true
					if t, err := m.time(p.changed); err == nil {
						out.Version = t
					}
					return out, "", nil
				}
				break
			}
		}
	}
	for i := range p.required {
		if err := p.required[i].check(r); err != nil {
			return out, "", err
		}
	}
	if out.CreatedAt, err = m.time(p.created); err != nil {
		return out, "", err
	}
	if out.Version, err = m.time(p.changed); err != nil {
		return out, "", err
	}

	if out.Deleted && (p.Kind == graph.KindEvent || p.Kind == graph.KindParticipant) {
		// Neither can be archived. The record is known by its key, and nothing is made of it.
		return out, "", nil
	}
	switch p.Kind {
	case graph.KindNode:
		err = m.node(b, rec, &out)
	case graph.KindEvent:
		err = m.event(b, rec, &out)
	case graph.KindEdge:
		err = m.edge(b, rec, &out)
	case graph.KindParticipant:
		err = m.participant(b, rec)
	}
	if err != nil {
		return out, "", err
	}
	if p.stage != nil {
		if err := m.stage(b, rec); err != nil {
			return out, "", err
		}
	}
	for i := range p.links {
		if err := m.link(b, rec, &p.links[i], &out); err != nil {
			return out, "", err
		}
	}
	for i := range p.facts {
		if err := m.fact(b, rec, &p.facts[i], &out); err != nil {
			return out, "", err
		}
	}
	if err := m.twins(b, rec, &out); err != nil {
		return out, "", err
	}
	return out, "", m.names(b, rec, out.ID)
}

// twins notes the records that were merged into this one. Lists may name the survivor too.
func (m *Mapper) twins(b *graph.Batch, rec int64, out *graph.Record) error {
	if m.plan.merged == nil {
		return nil
	}
	refs, err := m.plan.merged.all(m.refs[:0], &m.row)
	if err != nil {
		return err
	}
	m.refs = refs
	for _, ref := range refs {
		if ref != (graph.Ref{Object: out.Object, ID: out.ID}) && !ref.IsZero() {
			b.Twins = append(b.Twins, graph.Twin{Rec: rec, Ref: ref})
		}
	}
	return nil
}

// names notes what the record can be pointed at by.
func (m *Mapper) names(b *graph.Batch, rec int64, id string) error {
	for i := range m.plan.names {
		n := &m.plan.names[i]
		if n.values == nil {
			b.Names = append(b.Names, graph.Name{Rec: rec, Lookup: n.lookup, Name: cleanName(id)})
		}
		for _, v := range n.values {
			texts, err := v.texts(&m.row)
			if err != nil {
				return err
			}
			for _, text := range texts {
				if text = cleanName(text); text != "" {
					b.Names = append(b.Names, graph.Name{Rec: rec, Lookup: n.lookup, Name: text})
				}
			}
			if len(texts) > 0 {
				break
			}
		}
	}
	return nil
}

// cleanName brings a name to the one form in which names are compared, but for the case of its letters:
// composed characters, and one blank where there are more. What says that there is none is blank.
func cleanName(s string) string {
	if s = strings.Join(strings.Fields(norm.NFC.String(s)), " "); isNone(s) {
		return ""
	}
	return s
}

// Reasons why a record lacks what it must have.
const (
	errBlank    = "the column is mandatory and blank"
	errNotThere = "the column is mandatory and the file does not have it"
)

// check fails when none of the columns is filled, and tells a blank cell from a column that the file
// does not have.
func (rq *requirement) check(r *row) error {
	for _, col := range rq.cols {
		if r.text(col) != "" {
			return nil
		}
	}
	if len(rq.cols) == 0 {
		return &FieldError{Column: rq.names[0], Code: CodeMissingRequired, Reason: errNotThere}
	}
	return &FieldError{Column: r.header[rq.cols[0]], Code: CodeMissingRequired, Reason: errBlank}
}

// id gives the record's own id in its normal form, or "".
func (m *Mapper) id() (string, error) {
	for _, v := range m.plan.key {
		s, err := v.plainText(&m.row)
		if err != nil {
			return "", err
		}
		if !isNone(s) && !m.plan.ids.isNone(s) {
			return m.plan.ids.normal(s), nil
		}
	}
	return "", nil
}

func (m *Mapper) missing(values []*value, code, reason string) error {
	e := &FieldError{Code: code, Reason: reason}
	if len(values) > 0 && values[0].col >= 0 {
		e.Column = m.row.header[values[0].col]
	}
	return e
}

// time gives the first of some times that is filled, or the zero time.
func (m *Mapper) time(values []*value) (time.Time, error) {
	for _, v := range values {
		if t, err := v.time(&m.row); err != nil || !t.IsZero() {
			return t, err
		}
	}
	return time.Time{}, nil
}

// object builds a JSON object of named values, and of the columns that nothing names if rest is
// given; nil if it would be empty and may be.
func (m *Mapper) object(o, rest *object, always bool) ([]byte, error) {
	m.scratch = append(m.scratch[:0], '{')
	var err error
	if m.scratch, err = o.appendInto(m.scratch, &m.row); err != nil {
		return nil, err
	}
	if rest != nil {
		if m.scratch, err = rest.appendInto(m.scratch, &m.row); err != nil {
			return nil, err
		}
	}
	if len(m.scratch) == 1 && !always {
		return nil, nil
	}
	m.scratch = append(m.scratch, '}')
	return m.batch.Keep(m.scratch), nil
}

func (m *Mapper) choose(choices []choice) *choice {
	for i := range choices {
		if choices[i].when.holds(&m.row) {
			return &choices[i]
		}
	}
	return &choices[len(choices)-1] // unreachable: the last has no condition
}

func (m *Mapper) node(b *graph.Batch, rec int64, _ *graph.Record) error {
	ch := m.choose(m.plan.node.choices)
	label, err := ch.label.plainText(&m.row)
	if err != nil {
		return err
	}
	m.row.cleared = m.row.cleared[:0]
	properties, err := m.object(ch.properties, m.plan.rest, true)
	if err != nil {
		return err
	}
	n := graph.Node{Rec: rec, Type: ch.typ, Label: label, CodePrefix: ch.code, Properties: properties}
	if len(m.row.cleared) > 0 {
		n.Clear = slices.Clone(m.row.cleared)
	}
	if ch.fill != nil {
		if n.Fill, err = m.object(ch.fill, nil, false); err != nil {
			return err
		}
	}
	b.Nodes = append(b.Nodes, n)
	return nil
}

func (m *Mapper) event(b *graph.Batch, rec int64, out *graph.Record) error {
	e := m.plan.event
	ch := m.choose(e.choices)
	at, err := m.time(e.at)
	if err != nil {
		return err
	}
	if at.IsZero() {
		if at = out.Version; at.IsZero() {
			return m.missing(e.at, CodeMissingRequired, "an event needs a time")
		}
	}
	summary, err := e.summary.plainText(&m.row)
	if err != nil {
		return err
	}
	properties, err := m.object(ch.properties, m.plan.rest, true)
	if err != nil {
		return err
	}
	ev := graph.Event{Rec: rec, Type: ch.typ, OccurredAt: at, Summary: summary, Properties: properties}
	if e.actor != nil {
		ev.Actor = e.actor.resolve(&m.row)
	}
	b.Events = append(b.Events, ev)
	for i := range e.participants {
		ep := &e.participants[i]
		if !ep.when.holds(&m.row) {
			continue
		}
		nodes, err := ep.ref.all(m.refs[:0], &m.row)
		if err != nil {
			return err
		}
		for _, node := range nodes {
			b.Participants = append(b.Participants, graph.Participant{Rec: rec, Slot: ep.slot, Role: ep.role, Node: node})
		}
		m.refs = nodes
	}
	return nil
}

func (m *Mapper) edge(b *graph.Batch, rec int64, out *graph.Record) error {
	e := m.plan.edge
	ch := m.choose(e.choices)
	from, to := firstRef(ch.from, &m.row), firstRef(ch.to, &m.row)
	if from.IsZero() || to.IsZero() {
		return &FieldError{Code: CodeMissingRequired, Reason: "a link needs both its ends"}
	}
	l := graph.Link{Rec: rec, Slot: "record", EdgeType: ch.typ, Source: from, Target: to, Rank: 1}
	var err error
	if l.Properties, err = m.object(ch.properties, m.plan.rest, false); err != nil {
		return err
	}
	if l.EffectiveFrom, err = m.time(e.since); err != nil {
		return err
	}
	if l.EffectiveTo, err = m.time(e.until); err != nil {
		return err
	}
	l.EndKnown = !l.EffectiveTo.IsZero()
	if !l.EndKnown && (out.Deleted || e.ended != nil && e.ended.holds(&m.row)) {
		if l.EffectiveTo = out.Version; l.EffectiveTo.IsZero() {
			l.EffectiveTo = l.EffectiveFrom
		}
	}
	b.Links = append(b.Links, l)
	return nil
}

func (m *Mapper) participant(b *graph.Batch, rec int64) error {
	p := m.plan.participant
	event, node := p.event.resolve(&m.row), p.ref.resolve(&m.row)
	if event.IsZero() || node.IsZero() {
		return &FieldError{Code: CodeMissingRequired, Reason: "a participation needs its event and its participant"}
	}
	properties, err := m.object(p.properties, m.plan.rest, false)
	if err != nil {
		return err
	}
	b.Participants = append(b.Participants, graph.Participant{
		Rec: rec, Slot: p.slot, Role: m.choose(p.choices).role, Event: event, Node: node, Properties: properties,
	})
	return nil
}

func (m *Mapper) link(b *graph.Batch, rec int64, lp *linkPlan, _ *graph.Record) error {
	if !lp.when.holds(&m.row) {
		return nil
	}
	other := lp.to
	if lp.from != nil {
		other = lp.from
	}
	refs, err := other.all(m.refs[:0], &m.row)
	if err != nil {
		return err
	}
	m.refs = refs
	if lp.except != nil && len(refs) > 0 {
		except, err := lp.except.all(nil, &m.row)
		if err != nil {
			return err
		}
		refs = slices.DeleteFunc(refs, func(r graph.Ref) bool { return slices.Contains(except, r) })
	}
	switch lp.take {
	case TakeFirst:
		refs = refs[:min(1, len(refs))]
	case TakeRest:
		refs = refs[min(1, len(refs)):]
	}
	if len(refs) == 0 {
		return nil
	}
	l := graph.Link{Rec: rec, Slot: lp.slot, EdgeType: lp.typ}
	if l.Properties, err = m.object(lp.properties, nil, false); err != nil {
		return err
	}
	if l.EffectiveFrom, err = m.time(lp.since); err != nil {
		return err
	}
	if l.EffectiveTo, err = m.time(lp.until); err != nil {
		return err
	}
	l.EndKnown = !l.EffectiveTo.IsZero()
	for _, ref := range refs {
		if lp.from != nil {
			l.Source = ref
		} else {
			l.Target = ref
		}
		b.Links = append(b.Links, l)
	}
	return nil
}

func (m *Mapper) fact(b *graph.Batch, rec int64, fp *factPlan, out *graph.Record) error {
	f := graph.Fact{Rec: rec, Slot: fp.slot, Type: fp.typ, Key: fp.key, History: fp.history}
	if fp.on != nil {
		if f.Subject = fp.on.resolve(&m.row); f.Subject.IsZero() {
			return nil
		}
	}
	var err error
	if f.AssertedAt, err = m.time(fp.at); err != nil {
		return err
	}
	if fp.withdraw != nil && fp.withdraw.holds(&m.row) {
		b.Facts = append(b.Facts, f)
		return nil
	}
	if !fp.when.holds(&m.row) {
		return nil
	}
	claim, err := m.object(fp.claim, nil, false)
	if err != nil || claim == nil {
		return err
	}
	for _, key := range fp.need {
		if !bytes.Contains(claim, key) {
			return nil
		}
	}
	f.Claim = claim
	b.Facts = append(b.Facts, f)
	if fp.sum {
		return m.money(fp, out)
	}
	return nil
}

func (m *Mapper) money(fp *factPlan, out *graph.Record) error {
	money := &graph.Money{}
	var err error
	if money.Amount, err = fp.amount.plainText(&m.row); err != nil || money.Amount == "" {
		return err
	}
	if money.Currency, err = fp.currency.plainText(&m.row); err != nil {
		return err
	}
	if m.plan.stage != nil {
		if money.Stage, err = m.plan.stage.label.plainText(&m.row); err != nil {
			return err
		}
	}
	out.Money = money
	return nil
}

func (m *Mapper) stage(b *graph.Batch, rec int64) error {
	sp := m.plan.stage
	if !sp.when.holds(&m.row) {
		return nil
	}
	label, err := sp.label.plainText(&m.row)
	if err != nil || label == "" {
		return err
	}
	st := graph.Stage{Label: label}
	if sp.closed != nil {
		closed := sp.closed.holds(&m.row)
		st.Closed = &closed
	}
	if sp.won != nil {
		won := sp.won.holds(&m.row)
		st.Won = &won
	}
	if st.Order, err = m.optionalNumber(sp.order); err != nil {
		return err
	}
	if st.Probability, err = m.optionalNumber(sp.percent); err != nil {
		return err
	}
	if pr := st.Probability; pr != nil && (*pr < 0 || *pr > 100) {
		return m.row.fail(sp.percent.col, CodeOutOfRange, errPercent)
	}
	st.Key = stageKey(m.snake(st.Label), st.Closed, st.Won)
	if sp.define {
		if st.ID, err = sp.id.plainText(&m.row); err != nil {
			return err
		}
		if sp.pipeline != nil {
			if st.Pipeline = sp.pipeline.resolve(&m.row); st.Pipeline.IsZero() {
				return nil
			}
		}
		b.Stages = append(b.Stages, st)
		return nil
	}

	f := graph.Fact{Rec: rec, Slot: sp.slot, Type: "deal_stage", Key: "default", History: sp.history}
	if sp.on != nil {
		if f.Subject = sp.on.resolve(&m.row); f.Subject.IsZero() {
			return nil
		}
	}
	if f.AssertedAt, err = m.time(sp.at); err != nil {
		return err
	}
	m.scratch = append(append(m.scratch[:0], '{'), quotedStage...)
	m.scratch = appendString(m.scratch, st.Key)
	m.scratch = append(append(m.scratch, ','), quotedLabel...)
	m.scratch = appendString(m.scratch, st.Label)
	before, err := sp.before.plainText(&m.row)
	if err != nil {
		return err
	}
	if before != "" && before != st.Label {
		m.scratch = append(append(m.scratch, ','), quotedBefore...)
		m.scratch = appendString(m.scratch, before)
		m.scratch = append(append(m.scratch, ','), quotedBeforeStage...)
		m.scratch = appendString(m.scratch, stageKey(m.snake(before), nil, nil))
	}
	m.scratch = append(m.scratch, '}')
	f.Claim = m.batch.Keep(m.scratch)
	b.Facts = append(b.Facts, f)

	if sp.pipeline != nil {
		st.Pipeline = sp.pipeline.resolve(&m.row)
		if st.Pipeline.IsZero() {
			return nil
		}
		l := graph.Link{Rec: rec, Slot: "pipeline", EdgeType: "pipeline_member", Target: st.Pipeline}
		if l.EffectiveFrom, err = m.time(sp.since); err != nil {
			return err
		}
		if !l.EffectiveFrom.IsZero() {
			m.scratch = append(append(m.scratch[:0], '{'), quotedEnteredAt...)
			m.scratch = append(l.EffectiveFrom.AppendFormat(append(m.scratch, '"'), time.RFC3339Nano), '"', '}')
			l.Properties = m.batch.Keep(m.scratch)
		}
		b.Links = append(b.Links, l)
		b.Stages = append(b.Stages, st)
	}
	return nil
}

var (
	quotedStage       = quotedKey("stage")
	quotedLabel       = quotedKey("label")
	quotedBefore      = quotedKey("before")
	quotedBeforeStage = quotedKey("before_stage")
	quotedEnteredAt   = quotedKey("entered_at")
)

func (m *Mapper) optionalNumber(v *value) (*float64, error) {
	s, err := v.plainText(&m.row)
	if s == "" || err != nil {
		return nil, err
	}
	n, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return nil, m.row.fail(v.col, CodeInvalidNumber, errNumber)
	}
	return &n, nil
}

// StageKey gives the key of a stage: closed_won and closed_lost for stages that end a deal, and
// the label in snake_case for the others. What closes a deal is told by the CRM where it tells;
// labels can be renamed and translated.
func StageKey(label string, closed, won *bool) string {
	return stageKey(snakeLabel(label), closed, won)
}

func stageKey(key string, closed, won *bool) string {
	if closed != nil && !*closed {
		if key == StageWon || key == StageLost {
			return "open_" + key // whatever it is called, it ends no deal
		}
		return key
	}
	if closed != nil && won != nil {
		if *won {
			return StageWon
		}
		return StageLost
	}
	switch key {
	case StageWon, "won", "closedwon":
		return StageWon
	case StageLost, "lost", "closedlost":
		return StageLost
	}
	return key
}

// The keys of the stages that end a deal.
const (
	StageWon  = "closed_won"
	StageLost = "closed_lost"
)

// snake is snakeLabel for labels of which there are few, each of them in many records.
func (m *Mapper) snake(label string) string {
	const many, long = 1000, 100
	key, known := m.snakes[label]
	if !known {
		key = snakeLabel(label)
		if len(m.snakes) < many && len(label) < long {
			m.snakes[strings.Clone(label)] = key // the label is part of its row
		}
	}
	return key
}

// snakeLabel puts a label into snake_case: letters and digits of any script in lower case, and one
// underscore for whatever stands between them.
func snakeLabel(label string) string {
	var b strings.Builder
	gap := false
	for _, r := range label {
		if unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r) {
			if gap && b.Len() > 0 {
				b.WriteByte('_')
			}
			gap = false
			b.WriteRune(unicode.ToLower(r))
		} else {
			gap = true
		}
	}
	if b.Len() == 0 {
		return "stage"
	}
	return b.String()
}

// resolve gives the record that a reference names, the first if it names several, or the zero Ref.
func (rf *ref) resolve(r *row) graph.Ref {
	v := rf.id
	if v.kind == kindColumn && v.steps == nil && v.as == TypeText {
		return rf.named(r.text(v.col), r)
	}
	texts, err := v.texts(r)
	if err != nil || len(texts) == 0 {
		return rf.named("", r)
	}
	return rf.named(texts[0], r)
}

// all appends the records that a reference names.
func (rf *ref) all(to []graph.Ref, r *row) ([]graph.Ref, error) {
	v := rf.id
	if v.as != TypeList && v.steps == nil {
		if ref := rf.resolve(r); !ref.IsZero() {
			to = append(to, ref)
		}
		return to, nil
	}
	texts, err := v.texts(r)
	if err != nil {
		return to, err
	}
	if len(texts) == 0 {
		texts = []string{""}
	}
	for _, text := range texts {
		if ref := rf.named(text, r); !ref.IsZero() && !slices.Contains(to, ref) {
			to = append(to, ref)
		}
	}
	return to, nil
}

// named gives the record of an id or a name.
func (rf *ref) named(id string, r *row) graph.Ref {
	if isNone(id) || id == "0" || r.ids.isNone(id) {
		if rf.fallback == "" {
			return graph.Ref{}
		}
		return graph.Ref{Object: rf.object, ID: rf.fallback}
	}
	object := rf.object
	if rf.choose != nil {
		if chosen, err := rf.choose.plainText(r); err == nil && chosen != "" {
			return graph.Ref{Object: chosen, ID: r.ids.normal(id)}
		}
	}
	if rf.lookup {
		if rf.byID {
			id = r.ids.normal(id)
		}
		return graph.Ref{Object: object, ID: cleanName(id)}
	}
	// sf data tree points at records of the same tree by @referenceId.
	if id[0] == '@' && len(id) > 1 {
		return graph.Ref{Object: object, ID: id[1:]}
	}
	if len(r.ids.prefixes) > 0 && (len(id) == 15 || len(id) == 18) && isAlphanumeric(id) {
		if object, ok := r.ids.prefixes[id[:3]]; ok {
			return graph.Ref{Object: object, ID: r.ids.form.normalID(id)}
		}
	}
	return graph.Ref{Object: object, ID: r.ids.normal(id)}
}

func firstRef(refs []*ref, r *row) graph.Ref {
	for _, rf := range refs {
		if ref := rf.resolve(r); !ref.IsZero() {
			return ref
		}
	}
	return graph.Ref{}
}

// holds reports whether all parts of a condition hold; a nil condition does.
func (c *condition) holds(r *row) bool {
	if c == nil {
		return true
	}
	for _, col := range c.isTrue {
		if v, _ := r.bool(col); !v {
			return false
		}
	}
	for _, col := range c.isFalse {
		if v, _ := r.bool(col); v {
			return false
		}
	}
	for _, col := range c.saysFalse {
		if v, said := r.bool(col); v || !said {
			return false
		}
	}
	for _, col := range c.present {
		if r.isBlank(col) {
			return false
		}
	}
	for _, col := range c.blank {
		if !r.isBlank(col) {
			return false
		}
	}
	for i := range c.equals {
		if !c.equals[i].matches(r) {
			return false
		}
	}
	for i := range c.notEquals {
		if c.notEquals[i].matches(r) {
			return false
		}
	}
	for i := range c.matches {
		if p := &c.matches[i]; !p.re.MatchString(r.text(p.col)) {
			return false
		}
	}
	return true
}

func (c *comparison) matches(r *row) bool {
	s := r.text(c.col)
	for _, w := range c.with {
		if strings.EqualFold(s, w) {
			return true
		}
	}
	return false
}

// bool gives what a cell says; one that says nothing counts as false. The first cell that is neither
// true nor false is noted, for its record cannot be used.
func (r *row) bool(col int) (value, said bool) {
	s := r.text(col)
	if isNone(s) {
		return false, false
	}
	value, said = parseBool(s)
	if !said && r.unreadable < 0 {
		r.unreadable = col
	}
	return value, said
}

// isBlank reports whether a cell is blank or holds the source's sign for no record.
func (r *row) isBlank(col int) bool {
	s := r.text(col)
	return s == "" || r.ids.isNone(s)
}

// hashRecord hashes everything that the record maps to, so that a later run can tell whether
// anything in it has changed. Where it was read and what is dropped do not count.
func (m *Mapper) hashRecord(b *graph.Batch, r *graph.Record, mark [8]int) {
	m.add(string(r.Kind), r.Object, r.ID, r.Same.Object, r.Same.ID)
	m.addBool(r.Deleted)
	m.addTime(r.CreatedAt)
	for _, n := range b.Nodes[mark[0]:] {
		m.add("n", n.Type, n.Label, n.CodePrefix)
		m.addBytes(n.Properties)
		m.addBytes(n.Fill)
		m.add(n.Clear...)
	}
	for _, l := range b.Links[mark[1]:] {
		m.add("l", l.Slot, l.EdgeType, l.Source.Object, l.Source.ID, l.Target.Object, l.Target.ID)
		m.addBytes(l.Properties)
		m.addTime(l.EffectiveFrom)
		if l.EndKnown {
			m.addTime(l.EffectiveTo)
		} else {
			// The time of the record's last change; a change of that time alone is none.
			m.addBool(!l.EffectiveTo.IsZero())
		}
	}
	for _, f := range b.Facts[mark[2]:] {
		m.add("f", f.Slot, f.Type, f.Key, f.Subject.Object, f.Subject.ID)
		m.addBytes(f.Claim)
		if f.History {
			m.addTime(f.AssertedAt)
		}
	}
	for _, e := range b.Events[mark[3]:] {
		m.add("e", e.Type, e.Summary, e.Actor.Object, e.Actor.ID)
		m.addTime(e.OccurredAt)
		m.addBytes(e.Properties)
	}
	for _, p := range b.Participants[mark[4]:] {
		m.add("p", p.Slot, p.Role, p.Event.Object, p.Event.ID, p.Node.Object, p.Node.ID)
		m.addBytes(p.Properties)
	}
	for _, s := range b.Stages[mark[5]:] {
		m.add("s", s.Pipeline.Object, s.Pipeline.ID, s.Label, s.Key, s.ID)
	}
	for _, n := range b.Names[mark[6]:] {
		m.add("a", n.Lookup, n.Name)
	}
	for _, t := range b.Twins[mark[7]:] {
		m.add("t", t.Ref.Object, t.Ref.ID)
	}
	sum := sha256.Sum256(m.hash)
	copy(r.Hash[:], sum[:])
}

func (m *Mapper) add(texts ...string) {
	for _, s := range texts {
		m.hash = append(binary.AppendUvarint(m.hash, uint64(len(s))), s...)
	}
}

func (m *Mapper) addBytes(b []byte) {
	m.hash = append(binary.AppendUvarint(m.hash, uint64(len(b))), b...)
}

func (m *Mapper) addBool(v bool) {
	if v {
		m.hash = append(m.hash, 1)
	} else {
		m.hash = append(m.hash, 0)
	}
}

func (m *Mapper) addTime(t time.Time) {
	if t.IsZero() {
		m.hash = append(m.hash, 0)
		return
	}
	m.hash = binary.AppendVarint(append(m.hash, 1), t.UnixMicro())
}
