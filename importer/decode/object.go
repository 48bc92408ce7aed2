package decode

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"unicode/utf8"
)

// objects turns JSON objects into records. Their text must be well-formed: the lexer has seen it.
type objects struct {
	own     *columns            // of the file's own records
	others  map[string]*columns // of their children, by type
	within  children
	columns *columns // of the record at hand
	full    bool     // there are more columns than can be

	survey bool     // for Scan: gather types, and leave it to the reader to judge text
	types  []string // distinct types in the order of their appearance
	more   bool     // a list of child records is not complete
	texts  bool     // for Raw: keep the text of each record

	// What follows belongs to the record at hand. Its values are put together in one buffer, so
	// that a record costs one string, as in encoding/csv.
	text  []byte
	buf   []byte
	name  []byte
	round uint32
	err   *RecordError
	of    string // its type
	first bool   // it is one of the file's own
	kind  string // type of the last record that states it
	lists []childList
}

// item is a record or what is wrong with it. For Raw it also has what is known of a bad one.
type item struct {
	result
	line int
	text string
}

// childList is an array of child records.
type childList struct {
	span  // in the text
	child Child
	known bool // child is given, and not for what the records state
}

// origin is what a child record must know: its type, unless it states it itself, the column that
// points to its parent, if there is one, and the value for it.
type origin struct{ kind, column, value string }

// maxRelated is how deep child records are followed. A query of Salesforce can have five levels.
const maxRelated = 16

// maxNested is how deep nested objects become columns. What lies deeper stays JSON in a cell.
const maxNested = 16

func newObjects(names []string, within children) *objects {
	o := &objects{own: newColumns(names), within: within, others: make(map[string]*columns)}
	for _, c := range within {
		o.others[c.Type] = newColumns(nil)
	}
	return o
}

// columnsOf returns the columns of the records of a type.
func (o *objects) columnsOf(kind string) *columns {
	if c := o.others[kind]; c != nil {
		return c
	}
	return o.own
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
	case first != '{' && !isPair(text):
		e.Reason = "the value is no object"
	case lex.deepest > maxDepth:
		e.Reason = fmt.Sprintf("values are nested %d levels deep, more than %d", lex.deepest, maxDepth)
	default:
		if items = o.recordOf(items, text, line); o.full && !o.survey {
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

// isPair reports whether a value is a name and a record, as captures of a connector have them:
// ["acmeCo/contacts", {...}].
func isPair(text []byte) bool {
	if text[0] != '[' {
		return false
	}
	c := cursor{b: text}
	if !c.element() || c.kind() != '"' || !c.element() || c.kind() != '{' {
		return false
	}
	return !c.element()
}

// recordOf appends the records of an object, or of a pair: then what the name ends with is its type.
func (o *objects) recordOf(items []item, text []byte, line int) []item {
	if text[0] != '[' {
		return o.records(items, text, line)
	}
	c := cursor{b: text}
	c.element()
	name, _ := appendString(nil, c.value.of(text))
	kind := string(name[bytes.LastIndexByte(name, '/')+1:])
	c.element()
	if o.survey && !slices.Contains(o.types, kind) {
		o.types = append(o.types, kind)
	}
	line += countLines(text[:c.value.start])
	return o.record(items, c.value.of(text), line, origin{kind: kind}, 0)
}

// records appends the records that an object consists of: itself, and then its child records.
func (o *objects) records(items []item, text []byte, line int) []item {
	return o.record(items, text, line, origin{}, 0)
}

func (o *objects) record(items []item, text []byte, line int, from origin, depth int) []item {
	o.begin(text)
	stated, reference := o.attributes(text)
	kind := stated
	if from.kind != "" {
		kind = from.kind
	}
	o.columns = o.columnsOf(kind)
	o.of, o.first = kind, depth == 0
	o.members(0, 0, stated != "" && depth < maxRelated, 0)
	if reference != nil {
		o.setString("referenceId", reference)
	}
	o.setParent(from)
	lists := slices.Clone(o.lists)
	if depth == maxRelated {
		lists = nil
	}
	it := o.finish(line, kind)
	items = append(items, it)
	if len(lists) == 0 {
		return items
	}

	own := o.columns
	at := 0
	for _, list := range lists {
		self := salesforceOrigin(own, it.cells, kind)
		if list.known {
			self = origin{list.child.Type, list.child.Parent, own.value(list.child.Key, it.cells)}
		}
		for c := (cursor{b: text, i: list.start}); c.element(); {
			line += countLines(text[at:c.value.start])
			at = c.value.start
			if c.kind() == '{' {
				items = o.record(items, c.value.of(text), line, self, depth+1)
			} else {
				items = append(items, o.noObject(c.value.of(text), line, self.kind))
			}
		}
	}
	return items
}

// salesforceOrigin returns how the child records of Salesforce point to their parent.
func salesforceOrigin(c *columns, cells []string, kind string) origin {
	if id := c.value("Id", cells); id != "" {
		return origin{column: kind + "Id", value: id}
	}
	if name := c.value("referenceId", cells); name != "" {
		return origin{column: kind + "Id", value: "@" + name}
	}
	return origin{}
}

// noObject returns the item for an element of a list of child records that is no record.
func (o *objects) noObject(text []byte, line int, kind string) item {
	it := item{line: line, result: result{header: o.columnsOf(kind).header, err: &RecordError{
		Line: line, EndLine: line + countLines(text), Type: kind, Code: CodeBadJSON, Reason: "the value is no object",
	}}}
	if o.texts {
		it.text = string(text)
	}
	return it
}

// setParent sets the column that points to the parent, unless the record does so itself.
func (o *objects) setParent(from origin) {
	if from.column == "" || from.value == "" || o.columns.has(from.column, o.round) {
		return
	}
	if i := o.column([]byte(from.column)); i >= 0 {
		o.buf = append(o.buf, from.value...)
		o.columns.cells[i].value.end = len(o.buf)
	}
}

// begin prepares for the next record.
func (o *objects) begin(text []byte) {
	o.text, o.buf, o.lists = text, o.buf[:0], o.lists[:0]
	o.err = nil
	if o.round++; o.round == 0 { // after four billion records
		o.own.reset()
		for _, c := range o.others {
			c.reset()
		}
		o.round = 1
	}
}

// finish makes the record.
func (o *objects) finish(line int, kind string) item {
	cells := o.columns.finish(string(o.buf), o.round)
	if o.err == nil && !utf8.Valid(o.text) && !o.survey {
		// Its children may be what is not valid.
		if i := slices.IndexFunc(cells, func(cell string) bool { return !utf8.ValidString(cell) }); i >= 0 {
			o.err = cellError(o.columns.names[i], cells[i], CodeInvalidUTF8)
		} else if !utf8.ValidString(kind) {
			o.err = cellError("attributes.type", kind, CodeInvalidUTF8)
			kind = ""
		}
	}
	it := item{line: line, result: result{header: o.columns.header, cells: cells}}
	if o.texts {
		it.text = string(o.text)
	}
	if o.err != nil {
		o.err.Type, o.err.Line, o.err.EndLine = kind, line, line+countLines(o.text)
		it.err = o.err
		return it
	}
	it.rec = Record{Header: o.columns.header, Cells: cells, Type: kind, Line: line}
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
	return ok && isEnvelope(text, a)
}

// isEnvelope reports whether a value under the key attributes is what Salesforce says about a record.
func isEnvelope(text []byte, attributes span) bool {
	if text[attributes.start] != '{' {
		return false
	}
	kind, ok := find(text, attributes.start, "type")
	return ok && text[kind.start] == '"' && kind.end-kind.start > 2
}

// members sets the columns for the members of the object at place at. Their names follow what
// o.name has in its first prefix bytes. lists says that lists of child records may be among them.
func (o *objects) members(at, prefix int, lists bool, depth int) {
	for c := (cursor{b: o.text, i: at}); !o.full && c.member(); {
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
			if c.kind() != '[' || len(o.within) == 0 || !o.known(c.value) {
				o.set(&c)
			}
			continue
		}
		switch {
		case c.is("attributes") && isEnvelope(o.text, c.value):
		case lists && o.children(c.value.start):
		case depth == maxNested || o.isBlank(c.value):
			o.set(&c)
		case !o.columns.enter(o.name, o.round):
			o.fault(CodeDuplicateKey, o.name, nil)
		default:
			o.name = append(o.name, '.')
			o.members(c.value.start, len(o.name), false, depth+1)
		}
	}
}

// isBlank reports whether an object has no members.
func (o *objects) isBlank(object span) bool {
	return o.text[skipSpace(o.text, object.start+1)] == '}'
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
	o.lists = append(o.lists, childList{span: list})
	return true
}

// known notes the child records in an array under o.name, if that is where there are some. It sets
// the column to blank.
func (o *objects) known(array span) bool {
	child, ok := o.within[childPlace{o.of, string(o.name)}]
	if !ok && o.first {
		child, ok = o.within[childPlace{"", string(o.name)}]
	}
	if !ok || !o.hasObjects(array) {
		return false
	}
	if o.column(o.name) >= 0 {
		o.lists = append(o.lists, childList{array, child, true})
	}
	return true
}

// hasObjects reports whether an array has objects, or nothing.
func (o *objects) hasObjects(array span) bool {
	empty := true
	for c := (cursor{b: o.text, i: array.start}); c.element(); {
		if c.kind() == '{' {
			return true
		}
		empty = false
	}
	return empty
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
	case '[':
		o.buf, code = appendCompact(o.buf, value)
	case '{':
		if !o.isBlank(c.value) {
			o.buf, code = appendCompact(o.buf, value)
		}
	case 'n': // null
	default:
		o.buf = append(o.buf, value...)
	}
	o.columns.cells[i].value.end = len(o.buf)
	if code != "" {
		o.fault(code, o.name, o.buf[o.columns.cells[i].value.start:])
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
	o.columns.cells[i].value.end = len(o.buf)
	if code != "" {
		o.fault(code, []byte(name), o.buf[o.columns.cells[i].value.start:])
	}
}

// column returns the place of a column, which it adds if it is new, and opens its value. It is -1
// if the record has a value there.
func (o *objects) column(name []byte) int {
	if len(name) == 0 {
		name = []byte(emptyName(-1))
	}
	i := o.columns.find(name)
	if i < 0 {
		if len(o.columns.names) == maxColumns {
			o.full = true
			return -1
		}
		i = o.columns.add(string(name))
	}
	if !o.columns.begin(i, o.round, len(o.buf)) {
		o.fault(CodeDuplicateKey, name, nil)
		return -1
	}
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
