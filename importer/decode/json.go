package decode

import "io"

// jsonReader reads the records of a JSON file: the elements of one array, which is the whole file
// or one member of the object that is, or one object, which is that member or the whole file.
type jsonReader struct {
	io.Closer
	lex      *lexer
	objects  *objects
	envelope string
	inside   bool // of the envelope
	array    bool // inside of the array
	first    bool // no element of the array has been read
	begun    bool
	queue    queue
}

// queue holds the records that came with one object.
type queue struct {
	items []item
	next  int
}

func (q *queue) empty() bool { return q.next == len(q.items) }

func (q *queue) pop() item {
	it := q.items[q.next]
	q.items[q.next] = item{}
	if q.next++; q.empty() {
		q.items, q.next = q.items[:0], 0
	}
	return it
}

func newJSONReader(c io.Closer, w *window, p *Profile, within children, opts Options) *jsonReader {
	return &jsonReader{
		Closer: c, lex: newLexer(w, opts.MaxRecordBytes), objects: newObjects(p.Header, within), envelope: p.Envelope,
	}
}

// Columns returns the names of the columns of a type.
func (r *jsonReader) Columns(kind string) []string { return r.objects.columnsOf(kind).header.Names }

// Footer returns 0: JSON has none.
func (*jsonReader) Footer() int { return 0 }

// Read returns the next record.
func (r *jsonReader) Read() (Record, error) {
	it, err := r.next()
	if err != nil {
		return Record{}, err
	}
	return it.rec, it.err
}

// next returns the next record, good or bad.
func (r *jsonReader) next() (item, error) {
	for r.queue.empty() {
		if err := r.fill(); err != nil {
			return item{}, err
		}
	}
	return r.queue.pop(), nil
}

// fill reads on until it comes to the next record, or changes state.
func (r *jsonReader) fill() error {
	switch {
	case !r.begun:
		return r.begin()
	case r.array:
		return r.element()
	case r.inside:
		return r.member()
	}
	_, err := r.lex.peek()
	if err == nil {
		err = r.lex.malformed("there is text after the end of the value")
	}
	return err
}

// begin passes what stands before the first record.
func (r *jsonReader) begin() error {
	c, err := r.lex.next()
	if err != nil {
		return err
	}
	r.begun = true
	switch {
	case c == '[':
		r.enter()
	case c == '{' && r.envelope != "":
		r.lex.i++
		r.inside, r.first = true, true
	case c == '{':
		return r.object()
	default:
		return r.lex.malformed("an object or an array is expected here")
	}
	return nil
}

// enter goes into the array with the records.
func (r *jsonReader) enter() {
	r.lex.i++
	r.array, r.first = true, true
}

// member passes one member of the envelope, or goes into the one with the records.
func (r *jsonReader) member() error {
	more, err := r.lex.separator('}', &r.first)
	if err != nil || !more {
		r.inside = more
		return err
	}
	key, c, err := r.lex.member()
	if err != nil {
		return err
	}
	switch {
	case key != r.envelope:
	case c == '[':
		r.enter()
		return nil
	case c == '{':
		return r.object()
	}
	return r.lex.value()
}

// element reads one element of the array.
func (r *jsonReader) element() error {
	more, err := r.lex.separator(']', &r.first)
	if err != nil || !more {
		r.array = more
		return err
	}
	return r.object()
}

// object reads what should be an object.
func (r *jsonReader) object() error {
	items, err := r.objects.read(r.queue.items, r.lex)
	r.queue.items = items
	return err
}
