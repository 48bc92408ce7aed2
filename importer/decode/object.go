package decode

import (
	"errors"
	"fmt"
	"slices"
	"unicode/utf8"
)

// objects turns JSON objects into records. Their text must be well-formed: the lexer has seen it.
type objects struct {
	header *Header
	names  []string // columns so far; the header's are the first of them
	index  map[string]int
	full   bool // there are more columns than can be

	survey bool     // for Scan: gather types, and leave it to the reader to judge text
	types  []string // distinct types in the order of their appearance
	more   bool     // a list of child records is not complete
	texts  bool     // for Raw: keep the text of each record

	// What follows belongs to the record at hand. Its values are put together in one buffer, so
	// that a record costs one string, as in encoding/csv.
	text  []byte
	buf   []byte
	name  []byte
	spans []span   // of the values in buf, by column
	seen  []uint32 // round in which a column was last set, by column
	round uint32
	guess int // the column that is likely to come next
	err   *RecordError
	kind  string // type of the last record
	lists []span // of child records in text
}

// item is a record or what is wrong with it. For Raw it also has what is known of a bad one.
type item struct {
	result
	line  int
	cells []string
	text  string
}

// relation is what a child record must know of its parent: the column that points there, if there
// is one, and the parent's id.
type relation struct{ column, id string }

// maxRelated is how deep relationships and child records are followed. A query of Salesforce can
// have five levels.
const maxRelated = 16

func newObjects(names []string) *objects {
	o := &objects{index: make(map[string]int, len(names))}
	for _, n := range names {
		o.add(n)
	}
	o.header = o.currentHeader()
	return o
}

func (o *objects) currentHeader() *Header {
	// Names that are added later are appended behind the length of this slice, or elsewhere.
	return &Header{Names: o.names[:len(o.names):len(o.names)]}
}

func (o *objects) add(name string) int {
	i := len(o.names)
	o.names = append(o.names, name)
	o.index[name] = i
	o.spans = append(o.spans, span{})
	o.seen = append(o.seen, 0)
	return i
}

// read appends the records of the next value. It returns an error if there can be no more.
func (o *objects) read(items []item, lex *lexer) ([]item, error) {
	first, err := lex.next()
	if err != nil {
		return items, err
	}
	line := lex.line()
	lex.saves = o.texts
	text, err := lex.kept()
	e := &RecordError{Line: line, Code: CodeBadJSON}
	switch {
	case errors.Is(err, errTooLarge):
		e.Code, e.Reason = CodeRecordTooLarge, tooLargeReason(lex.limit)
		text = lex.start
	case err != nil:
		return items, err
	case first != '{':
		e.Reason = "the value is no object"
	case lex.deepest > maxDepth:
		e.Reason = fmt.Sprintf("values are nested %d levels deep, more than %d", lex.deepest, maxDepth)
	default:
		if items = o.records(items, text, line); o.full && !o.survey {
			return nil, &FileError{Line: line, Reason: fmt.Sprintf("the records have more than %d different keys; keys seem to be data here", maxColumns)}
		}
		return items, nil
	}
	it := item{line: line, result: result{err: e}}
	if o.texts {
		it.text = string(text)
	}
	e.EndLine = lex.line()
	return append(items, it), nil
}

// records appends the records that an object consists of: itself, and then its child records.
func (o *objects) records(items []item, text []byte, line int) []item {
	return o.record(items, text, line, relation{}, 0)
}

func (o *objects) record(items []item, text []byte, line int, parent relation, depth int) []item {
	o.begin(text)
	kind, reference := o.attributes(text)
	o.members(0, 0, kind != "" && depth < maxRelated, 0)
	if reference != nil {
		o.setString("referenceId", reference)
	}
	if parent.column != "" && !o.has(parent.column) {
		if i := o.column([]byte(parent.column)); i >= 0 {
			o.buf = append(o.buf, parent.id...)
			o.spans[i].end = len(o.buf)
		}
	}
	lists := slices.Clone(o.lists)
	it := o.finish(line, kind)
	items = append(items, it)
	if len(lists) == 0 {
		return items
	}

	self := o.relation(it.cells, kind)
	at := 0
	for _, list := range lists {
		for c := (cursor{b: text, i: list.start}); c.element(); {
			line += countLines(text[at:c.value.start])
			at = c.value.start
			items = o.record(items, c.value.of(text), line, self, depth+1)
		}
	}
	return items
}

// relation returns how the children of a record point to it.
func (o *objects) relation(cells []string, kind string) relation {
	if i, ok := o.index["Id"]; ok && i < len(cells) && cells[i] != "" {
		return relation{kind + "Id", cells[i]}
	}
	if i, ok := o.index["referenceId"]; ok && i < len(cells) && cells[i] != "" {
		return relation{kind + "Id", "@" + cells[i]}
	}
	return relation{}
}

// begin prepares for the next record.
func (o *objects) begin(text []byte) {
	o.text, o.buf, o.lists = text, o.buf[:0], o.lists[:0]
	o.err, o.guess = nil, 0
	if o.round++; o.round == 0 { // after four billion records
		clear(o.seen)
		o.round = 1
	}
}

// finish makes the record.
func (o *objects) finish(line int, kind string) item {
	if len(o.names) > len(o.header.Names) {
		o.header = o.currentHeader()
	}
	values := string(o.buf)
	cells := make([]string, len(o.names))
	for i := range cells {
		if o.seen[i] == o.round {
			cells[i] = o.spans[i].in(values)
		}
	}
	if o.err == nil && !utf8.Valid(o.text) && !o.survey {
		o.err = &RecordError{Code: CodeInvalidUTF8}
		for i, cell := range cells {
			if !utf8.ValidString(cell) {
				o.err = cellError(o.names[i], cell, CodeInvalidUTF8)
				break
			}
		}
	}
	it := item{line: line, cells: cells}
	if o.texts {
		it.text = string(o.text)
	}
	if o.err != nil {
		o.err.Line, o.err.EndLine = line, line+countLines(o.text)
		it.err = o.err
		return it
	}
	it.rec = Record{Header: o.header, Cells: cells, Type: kind, Line: line}
	return it
}

func (s span) in(text string) string { return text[s.start:s.end] }

// attributes returns what Salesforce says about a record: its type and, in a data tree, the name
// that other records know it by, as a string with quotes.
func (o *objects) attributes(text []byte) (kind string, reference []byte) {
	at, ok := find(text, 0, "attributes")
	if !ok || text[at.start] != '{' {
		return "", nil
	}
	for c := (cursor{b: text, i: at.start}); c.member(); {
		switch {
		case c.kind() != '"':
		case c.is("type"):
			name := text[c.value.start+1 : c.value.end-1]
			if string(name) != o.kind {
				o.kind = string(name)
			}
			kind = o.kind
		case c.is("referenceId"):
			reference = c.value.of(text)
		}
	}
	if kind == "" {
		return "", nil
	}
	if o.survey && !slices.Contains(o.types, kind) {
		o.types = append(o.types, kind)
	}
	return kind, reference
}

// hasAttributes reports whether the object at place at is a record of Salesforce.
func hasAttributes(text []byte, at int) bool {
	a, ok := find(text, at, "attributes")
	if !ok || text[a.start] != '{' {
		return false
	}
	kind, ok := find(text, a.start, "type")
	return ok && text[kind.start] == '"' && kind.end-kind.start > 2
}

// members sets the columns for the members of the object at place at. Their names follow what
// o.name has in its first prefix bytes.
func (o *objects) members(at, prefix int, typed bool, depth int) {
	isRecord := typed || prefix > 0
	for c := (cursor{b: o.text, i: at}); c.member(); {
		var code string
		o.name, code = appendString(o.name[:prefix], c.key.of(o.text))
		if code == "" && !o.survey && !utf8.Valid(o.name) {
			code = CodeInvalidUTF8
		}
		if code != "" {
			o.fault(code, o.name, nil)
			continue
		}
		if c.kind() != '{' {
			o.set(&c)
			continue
		}
		switch {
		case isRecord && c.is("attributes"):
		case hasAttributes(o.text, c.value.start) && depth < maxRelated:
			o.name = append(o.name, '.')
			o.members(c.value.start, len(o.name), typed, depth+1)
		case typed && prefix == 0 && o.children(c.value.start):
		default:
			o.set(&c)
		}
	}
}

// children notes the child records that the object at place at holds, if it is such a list.
func (o *objects) children(at int) bool {
	list, ok := find(o.text, at, "records")
	if !ok || o.text[list.start] != '[' {
		return false
	}
	for c := (cursor{b: o.text, i: list.start}); c.element(); {
		if c.kind() != '{' || !hasAttributes(o.text, c.value.start) {
			return false
		}
	}
	if done, ok := find(o.text, at, "done"); ok && o.text[done.start] == 'f' {
		o.more = true
	}
	o.lists = append(o.lists, list)
	return true
}

// set sets the column that is named o.name to the value at the cursor.
func (o *objects) set(c *cursor) {
	i := o.column(o.name)
	if i < 0 {
		return
	}
	value := c.value.of(o.text)
	var code string
	switch c.kind() {
	case '"':
		o.buf, code = appendString(o.buf, value)
	case '{', '[':
		o.buf, code = appendCompact(o.buf, value)
	case 'n': // null
	default:
		o.buf = append(o.buf, value...)
	}
	o.spans[i].end = len(o.buf)
	if code != "" {
		o.fault(code, o.name, o.buf[o.spans[i].start:])
	}
}

// setString sets a column that the record has no member for.
func (o *objects) setString(name string, quoted []byte) {
	i := o.column([]byte(name))
	if i < 0 {
		return
	}
	var code string
	o.buf, code = appendString(o.buf, quoted)
	o.spans[i].end = len(o.buf)
	if code != "" {
		o.fault(code, []byte(name), o.buf[o.spans[i].start:])
	}
}

// has reports whether the record has a value in a column.
func (o *objects) has(name string) bool {
	i, ok := o.index[name]
	return ok && o.seen[i] == o.round
}

// column returns the place of a column, which it adds if it is new, and opens its value. It is -1
// if the record has a value there.
func (o *objects) column(name []byte) int {
	if len(name) == 0 {
		name = []byte(emptyName(-1))
	}
	i := o.guess
	if i >= len(o.names) || o.names[i] != string(name) {
		known, ok := o.index[string(name)]
		if !ok && len(o.names) == maxColumns {
			o.full = true
			return -1
		}
		if !ok {
			known = o.add(string(name))
		}
		i = known
	}
	if o.seen[i] == o.round {
		o.fault(CodeDuplicateKey, name, nil)
		return -1
	}
	o.seen[i] = o.round
	o.spans[i] = span{len(o.buf), len(o.buf)}
	o.guess = i + 1
	return i
}

// fault notes the first thing that is wrong with the record.
func (o *objects) fault(code string, column, value []byte) {
	if o.err != nil || o.survey {
		return
	}
	o.err = cellError(printable(string(column)), string(value), code)
	if code == CodeDuplicateKey {
		o.err.Reason = "the object has two values under this key"
	}
}
