package load

import (
	"context"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/projectrye/rye-import/importer/graph"
)

// Staged tells what came of a batch.
type Staged struct {
	Unchanged int64            // records that are as they were when last used, of which only the keys were copied
	Links     map[string]int64 // links of the unchanged records, by edge type; participants under ParticipantLink
	Found     map[string]int64 // links that were copied, likewise
	Asked     bool             // whether more is asked of some record than whether it is as it was, should it be so
}

// ParticipantLink is the name under which participants of events are counted as links.
const ParticipantLink = "participant"

// Stage copies a batch of records of one file into staging. It may be called concurrently; the
// slices of the batch are read and not kept.
func (r *Run) Stage(ctx context.Context, file int32, b *graph.Batch) (Staged, error) {
	out := Staged{Links: make(map[string]int64), Found: make(map[string]int64), Asked: len(b.Stages) > 0}
	if len(b.Records) == 0 {
		return out, nil
	}
	same, err := r.unchanged.find(ctx, r, b.Records)
	if err != nil {
		return out, explain(err)
	}
	e, ok := r.encoders.Get().(*encoder)
	if !ok {
		e = newEncoder()
	}
	defer r.encoders.Put(e)
	err = r.db.copy(ctx, func(ctx context.Context, to *copier) error {
		return e.encode(r, file, b, same, &out, func(rows *copyRows) error { return to.copy(ctx, rows) })
	})
	if err != nil {
		first, last := b.Records[0], b.Records[len(b.Records)-1]
		return out, explain(fmt.Errorf("staging %s, lines %d to %d: %w", first.Object, first.Line, last.Line, err))
	}
	r.copied.Add(int64(len(b.Records)))
	r.changed.Add(int64(len(b.Records)) - out.Unchanged)
	return out, nil
}

// object gives the number of an object, or 0 for no object.
func (r *Run) object(name string) (int32, error) {
	if name == "" {
		return 0, nil
	}
	if _, ok := r.lookups[name]; ok {
		return 0, fmt.Errorf("lookup %q: only links, participants, subjects of facts and actors of events may be given by name", name)
	}
	no, ok := r.objects[name]
	if !ok {
		return 0, fmt.Errorf("object %q is not among those of the mapping", name)
	}
	return no, nil
}

// reference gives the number of an object or of a lookup, or 0 for any object.
func (r *Run) reference(ref graph.Ref) (int32, error) {
	name := ref.Object
	if name == "" && ref.ID != "" && !r.loose.Load() {
		r.loose.Store(true)
	}
	if no, ok := r.lookups[name]; ok {
		if !r.named.Load() { // to write it each time would make the workers wait for each other
			r.named.Store(true)
		}
		return no, nil
	}
	return r.object(name)
}

// clip keeps a value that is stored for people to look at within reason, and fit for the database.
func clip(s string) string {
	const limit = 1000
	s = strings.ToValidUTF8(strings.ReplaceAll(s, "\x00", ""), "\ufffd")
	if len(s) <= limit {
		return s
	}
	cut := limit
	for cut > 0 && !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut] + "…"
}
