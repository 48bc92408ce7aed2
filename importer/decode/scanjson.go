package decode

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strconv"
)

const (
	// surveyed is the number of records from which Scan learns the columns.
	surveyed = 1000

	// maxLists is the number of arrays in an envelope among which the one with the records is sought.
	maxLists = 64
)

// json fills in what a JSON file holds. Keys are left in the encoding of the file.
func (s *scanner) json(p *Profile, family string, lines bool) error {
	_, bareCR := s.meter.lines()
	text, err := newText(io.MultiReader(bytes.NewReader(s.head), s.meter), family, bareCR)
	if err != nil {
		return err
	}
	w := newWindow(text)
	if lines {
		p.Format = FormatNDJSON
		return surveyLines(p, w, s.opts.MaxRecordBytes)
	}
	p.Format = FormatJSON
	v := survey{p: p, lex: newLexer(w, s.opts.MaxRecordBytes)}
	return v.file()
}

// newSurvey makes what learns columns and types from records.
func newSurvey() *objects {
	o := newObjects(nil, nil)
	o.survey, o.own.times = true, []int{}
	return o
}

// surveyLines looks at the first lines of NDJSON.
func surveyLines(p *Profile, w *window, limit int) error {
	r := &lineReader{w: w, limit: limit, objects: newSurvey()}
	for range surveyed {
		if _, err := r.next(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return err
		}
	}
	p.Header, p.Types, p.More = r.objects.own.names, r.objects.types, r.objects.more
	p.Always = r.objects.own.always()
	return nil
}

// survey goes through a JSON file and looks for the array that has the records.
type survey struct {
	p     *Profile
	lex   *lexer
	lists []*list
	line  bool // the object that was passed is on one line
	paged bool // it says whether there are other pages
	more  bool // and there are
	named bool // it has what a record has: an id or a type
	call  bool // it answers a call of JSON-RPC, and its id is that of the call
	other bool // it has what an envelope has not
}

// list is an array that may be the one, or an object that may be the only record.
type list struct {
	key     string
	objects *objects
	count   int  // elements that are objects
	others  int  // elements that are not
	single  bool // it is an object
	pairs   bool // they are names with records
}

func (v *survey) file() error {
	c, err := v.lex.next()
	if err != nil {
		return err
	}
	if c == '[' {
		err = v.array()
	} else {
		err = v.object()
	}
	if err != nil {
		return err
	}
	line := v.lex.line()
	next, err := v.lex.peek()
	switch {
	case errors.Is(err, io.EOF):
		return nil
	case err != nil:
		return err
	case next == '{' && v.line && v.lex.line() > line:
		// NDJSON, the first line of which was too long for isNDJSON.
		v.p.Format, v.p.Envelope, v.p.Header, v.p.Types = FormatNDJSON, "", nil, nil
		v.p.Always = nil
		return nil
	}
	return v.lex.malformed("there is text after the end of the value; write one object a line (NDJSON) or one array")
}

// array is for a file that is an array.
func (v *survey) array() error {
	l, err := v.list("")
	if err != nil {
		return err
	}
	v.take(l)
	switch {
	case l.count == 0 && l.others > 0:
		v.p.Format = FormatUnknown
		v.p.Reason = "a JSON array of " + strconv.Itoa(l.others) + " values that are not objects"
	case l.count > 0 && slices.Contains(l.objects.own.names, "sobject") && slices.Contains(l.objects.own.names, "files"):
		v.p.Format = FormatPlan
	}
	return nil
}

// take makes the profile that of a list.
func (v *survey) take(l *list) {
	v.p.Envelope = l.key
	v.p.Header, v.p.Types, v.p.Always = l.objects.own.names, l.objects.types, l.objects.own.always()
	v.p.More = v.p.More || l.objects.more
}

func newList(key string) *list {
	return &list{key: key, objects: newSurvey()}
}

// list passes an array, and looks at its first elements.
func (v *survey) list(key string) (*list, error) {
	l := newList(key)
	v.lex.i++
	for first := true; ; {
		more, err := v.lex.separator(']', &first)
		if err != nil || !more {
			return l, err
		}
		c, err := v.lex.next()
		if err != nil {
			return l, err
		}
		switch {
		case c != '{' && c != '[' || l.count >= surveyed && c == '[' && !l.pairs:
			l.others++
			err = v.lex.value()
		case l.count >= surveyed:
			l.count++
			err = v.lex.value()
		default:
			var items []item
			if items, err = l.objects.read(nil, v.lex); err == nil && c == '[' && len(items) == 1 && items[0].err != nil {
				l.others++
			} else {
				l.count++
				l.pairs = c == '['
			}
		}
		if err != nil {
			return l, err
		}
	}
}

// object is for a file that is an object: the envelope of an array, or the only record. To be able
// to look at it as a record, all of it is kept unless it is too large for that.
func (v *survey) object() error {
	v.lex.settle() // the window begins with the object
	v.lex.pinned = true
	v.lex.i++
	begin := v.lex.line()
	for first := true; ; {
		more, err := v.lex.separator('}', &first)
		if err != nil {
			return err
		}
		if !more {
			break
		}
		key, c, err := v.lex.member()
		if err != nil {
			return err
		}
		switch {
		case c == '[' && len(v.lists) < maxLists:
			l, err := v.list(key)
			if err != nil {
				return err
			}
			v.lists = append(v.lists, l)
			continue
		case c == '{' && isEnvelopeKey(key) && len(v.lists) < maxLists:
			l := newList(key)
			l.single = true
			if _, err := l.objects.read(nil, v.lex); err != nil {
				return err
			}
			v.lists = append(v.lists, l)
			continue
		case key == "attributes" && c == '{', isIDKey(key) && c != '{' && c != '[':
			v.named = true
		case key == "jsonrpc":
			v.call = true
		case isPaging(key):
			if err := v.paging(key); err != nil {
				return err
			}
			continue
		case !slices.Contains(envelopeRest, key):
			v.other = true
		}
		if err := v.lex.value(); err != nil {
			return err
		}
	}
	v.line = v.lex.line() == begin
	l := v.envelope()
	if l == nil || l.single {
		v.more, v.p.TotalSize = false, 0
	}
	if l != nil {
		v.take(l)
		v.p.More = v.p.More || v.more
		return nil
	}
	if v.lex.pinned {
		o := newSurvey()
		o.records(nil, v.lex.w.bytes()[:v.lex.i], 1)
		v.take(&list{objects: o})
	}
	v.lex.pinned = false
	return nil
}

func isIDKey(key string) bool {
	return key == "id" || key == "Id" || key == "ID" || key == "_id"
}

// isPaging reports whether a key of an envelope may tell of other pages.
func isPaging(key string) bool {
	switch key {
	case "totalSize", "done", "total_results", "has_more", "paging", "info", "additional_data", "@odata.nextLink":
		return true
	}
	return false
}

// paging notes what an envelope says about other pages.
func (v *survey) paging(key string) error {
	text, err := v.lex.kept()
	if errors.Is(err, errTooLarge) {
		return nil
	}
	if err != nil {
		return err
	}
	said, more := "", ""
	switch key {
	case "totalSize", "total_results": // of Salesforce, of Close
		if n, err := strconv.ParseInt(string(text), 10, 64); err == nil && n >= 0 {
			v.p.TotalSize = n
		}
		return nil
	case "done": // Salesforce
		said, more = string(text), "false"
	case "has_more": // Close
		said, more = string(text), "true"
	case "paging": // HubSpot
		said, more = member(text, "next", "after"), ""
		v.more = v.more || said != "" && said != "null"
	case "info": // Zoho
		said, more = member(text, "more_records"), "true"
	case "additional_data": // Pipedrive, its first and its second version
		said, more = member(text, "pagination", "more_items_in_collection"), "true"
		if cursor := member(text, "next_cursor"); cursor != "" {
			v.paged = true
			v.more = v.more || cursor[0] == '"'
		}
	case "@odata.nextLink": // Dataverse
		if len(text) > len(`""`) && text[0] == '"' {
			v.paged, v.more = true, true
		}
	}
	v.paged = v.paged || said != ""
	v.more = v.more || said != "" && said == more
	return nil
}

// member returns the text of a value within objects within an object, "" if there is none.
func member(text []byte, path ...string) string {
	at := span{0, len(text)}
	for _, name := range path {
		if text[at.start] != '{' {
			return ""
		}
		next, ok := find(text, at.start, name)
		if !ok {
			return ""
		}
		at = next
	}
	return string(at.of(text))
}

// isEnvelopeKey reports whether records are known to stand under a key.
func isEnvelopeKey(key string) bool { return slices.Contains(envelopeKeys, key) }

// envelopeKeys are tried in this order.
var envelopeKeys = []string{"records", "results", "data", "value", "items", "result"}

// envelopeRest are keys that an envelope has beside the records and what it says of pages.
var envelopeRest = []string{"success", "status", "code", "message", "error", "related_objects", "@odata.context"}

// envelope returns the list with the records, or nil if the object is a record itself. Well-known
// keys are believed first; then an object with an id is a record, whatever lists it has; then the
// object under a well-known key is the only record, if it has an id or nothing else is there; and then
// the list with the most objects is the one, or the first of several.
func (v *survey) envelope() *list {
	for _, key := range envelopeKeys {
		for _, l := range v.lists {
			if l.key == key && !l.single && (l.count > 0 || l.others == 0) {
				return l
			}
		}
	}
	if v.named && !v.call {
		return nil
	}
	var best, empty *list
	for _, l := range v.lists {
		switch {
		case l.single && (slices.ContainsFunc(l.objects.own.names, isIDKey) || !v.other && len(v.lists) == 1):
			return l
		case l.single:
		case l.count > 0 && (best == nil || l.count > best.count):
			best = l
		case l.count+l.others == 0 && empty == nil:
			empty = l
		}
	}
	if best == nil && v.paged {
		return empty // a page without records
	}
	return best
}
