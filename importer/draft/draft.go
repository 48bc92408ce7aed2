// Package draft writes a mapping for files of which nobody has said what they are: it guesses from the
// names of columns and from what their values show, and says beside each line how sure it is and why. It
// does no I/O: files come as profiles of their columns, and the mapping goes as text.
package draft

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/projectrye/rye-import/importer/mapping"
	"github.com/projectrye/rye-import/importer/profile"
)

// File is a file, or several with the same columns.
type File struct {
	Paths   []string
	Type    string // that its records state, if they do
	Records int64
	Columns []*profile.Column
}

// Write drafts a mapping of all files. It can be read by mapping.Parse, whatever is in the files, unless
// there is none with a column.
func Write(files []File) string {
	d := &drafter{names: make(map[string]bool), byName: phrases()}
	for i := range files {
		d.names[strings.ToLower(files[i].Type)] = true // not to be given to others
	}
	for i := range files {
		if len(files[i].Columns) > 0 {
			d.objects = append(d.objects, d.object(&files[i]))
		}
	}
	for _, o := range d.objects {
		d.findKey(o)
	}
	for _, o := range d.objects {
		d.findKind(o)
	}
	for _, o := range d.objects {
		d.findName(o)
	}
	for _, o := range d.objects {
		d.findLinks(o)
	}
	for _, o := range d.objects {
		d.findEdge(o)
		d.recognise(o)
	}
	return d.write()
}

type drafter struct {
	objects []*object
	names   map[string]bool // of objects, in lower case
	derived []derived
	byName  map[string]role
}

// derived is an object of which there are no records.
type derived struct{ name, typ, code, why string }

// object is a file while it is looked at.
type object struct {
	file    *File
	name    string
	columns []*column
	key     []*column
	keySure int
	keyWhy  string
	kind    kind
	sure    int
	why     string
	label   []*column // joined
	named   *column   // by whose values others may point at its records
	links   []link
	edge    bool // it is a relationship between the first two links
	at      *column
	all     []string // columns by which it is recognised
	none    []string
}

// column is a column of it.
type column struct {
	*profile.Column
	guess  profile.Guess
	words  []string
	role   role
	sure   int
	used   bool
	agreed bool // it is read as the other columns are
}

// link is a column that points at other records.
type link struct {
	column *column
	to     string
	kind   kind
	byName bool
	self   bool
	sure   int
	why    string
}

func (d *drafter) object(f *File) *object {
	o := &object{file: f, name: f.Type} // by which its records are told
	if o.name == "" {
		o.name = d.unique(objectName(f.Paths))
	}
	for _, c := range f.Columns {
		col := &column{Column: c, guess: c.Guess(), words: wordsOf(c.Name)}
		col.role, col.sure = roleOf(d.byName, col.words)
		o.columns = append(o.columns, col)
	}
	o.agree()
	return o
}

// agree takes dates and numbers that nothing decides to be written as the others of the file are, where
// these agree. Each of their cells can be read so.
func (o *object) agree() {
	orders, marks := make(map[mapping.DateOrder]bool), make(map[mapping.DecimalMark]bool)
	for _, c := range o.columns {
		if c.guess.Order != "" {
			orders[c.guess.Order] = true
		}
		if c.guess.Decimal != "" {
			marks[c.guess.Decimal] = true
		}
	}
	for _, c := range o.columns {
		if !c.guess.Open {
			continue
		}
		switch {
		case c.isTime() && len(orders) == 1:
			for order := range orders {
				c.guess.Order, c.guess.Open, c.agreed = order, false, true
			}
		case !c.isTime() && len(marks) == 1:
			for mark := range marks {
				c.guess.Decimal, c.guess.Open, c.agreed = mark, false, true
			}
		}
		if c.agreed {
			c.sure = 70
		}
	}
}

// objectName makes a name of that of the first file.
func objectName(paths []string) string {
	if len(paths) == 0 {
		return "Object"
	}
	base := paths[0][strings.LastIndexAny(paths[0], `/\`)+1:]
	base, _, _ = strings.Cut(base, ".")
	var b strings.Builder
	for _, w := range wordsOf(base) {
		if strings.Trim(w, "0123456789") == "" || len(b.String())+len(w) > 40 {
			continue // dates and counters
		}
		b.WriteString(strings.ToUpper(w[:1]) + w[1:])
	}
	name := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, b.String())
	if name == "" || name[0] <= '9' {
		return "Object" + name
	}
	return name
}

// unique gives a name that no object has.
func (d *drafter) unique(name string) string {
	for n, tried := 2, name; ; n++ {
		if lower := strings.ToLower(tried); !d.names[lower] {
			d.names[lower] = true
			return tried
		}
		tried = fmt.Sprint(name, n)
	}
}

// find gives the first filled column of a role, or nil.
func (o *object) find(r role) *column {
	for _, c := range o.columns {
		if c.role == r && c.Telling > 0 {
			return c
		}
	}
	return nil
}

// isUnique reports whether each record has its own value in a column, as far as was looked.
func (o *object) isUnique(c *column) bool {
	n, over := c.Distinct()
	repeated, _ := c.Repeated()
	return c.Telling == c.Filled && c.Filled == o.file.Records && repeated == 0 && (over || int64(n) == c.Filled)
}

// findKey looks for the column that holds the ids.
func (d *drafter) findKey(o *object) {
	best, bestScore := -1, 0
	for i, c := range o.columns {
		if !o.isUnique(c) {
			continue
		}
		score := 0
		joined := strings.Join(c.words, " ")
		switch {
		case joined == "id" || joined == "record id" || joined == "guid" || joined == "uuid":
			score = 9
		case isID(c.words) && sameThing(c.words[:len(c.words)-1], wordsOf(o.name)):
			score = 8
		case isID(c.words) && d.foreign(o, c):
			score = 0
		case isID(c.words):
			score = 5
		case c.guess.Kind == profile.KindGUID:
			score = 5
		case i == 0 && c.role == "" && (c.guess.Kind == profile.KindText || c.guess.Kind == profile.KindNumber):
			score = 3
		case c.role == "email" && c.guess.Kind == profile.KindEmail:
			score = 2
		}
		if i == 0 && score > 0 {
			score++
		}
		if score > bestScore {
			best, bestScore = i, score
		}
	}
	if best >= 0 {
		c := o.columns[best]
		n, over := c.Distinct()
		count := fmt.Sprintf("all %d values are unique", n)
		if over {
			_, of := c.Repeated()
			count = fmt.Sprintf("none of %d values that were compared stands twice", of)
		}
		o.key, o.keySure, o.keyWhy = []*column{c}, []int{50, 50, 55, 75, 80, 92, 92, 92, 95, 97, 98}[bestScore], count
		c.used = c.role != "email"
		return
	}
	// Without an id, what is called like one, or what people tell records apart by.
	for _, c := range o.columns {
		joined := strings.Join(c.words, " ")
		if c.Filled*10 >= o.file.Records*9 && c.Filled > 0 && (joined == "id" || joined == "record id") {
			n, _ := c.Distinct()
			o.key, o.keySure = []*column{c}, 60
			o.keyWhy = fmt.Sprintf("it is called so, but %d records have %d different ids; others of an id are rejected", o.file.Records, n)
			c.used = true
			return
		}
	}
	for _, c := range o.columns {
		if d.foreign(o, c) {
			o.key = append(o.key, c)
		}
	}
	for _, r := range []role{"email", "first_name", "last_name", "name", "company", "deal", "subject", "date", "created", "amount"} {
		if c := o.find(r); c != nil {
			o.key = append(o.key, c)
		}
	}
	if len(o.key) == 0 {
		o.key = slices.Clone(o.columns[:min(8, len(o.columns))])
	}
	o.keySure, o.keyWhy = 30, "??? no column has ids; these together are to tell records apart, and of those that are equal all but one are rejected"
}

// foreign reports whether a column is called the id of another object.
func (d *drafter) foreign(o *object, c *column) bool {
	return isID(c.words) && slices.ContainsFunc(d.objects, func(other *object) bool {
		return other != o && sameThing(c.words[:len(c.words)-1], wordsOf(other.name))
	})
}

// sameThing reports whether two names are of the same thing, be the one in the plural.
func sameThing(a, b []string) bool {
	x, y := strings.Join(a, ""), strings.Join(b, "")
	singular := func(s string) string {
		if rest, ok := strings.CutSuffix(s, "ies"); ok {
			return rest + "y"
		}
		return strings.TrimSuffix(s, "s")
	}
	return x != "" && y != "" && (x == y || singular(x) == singular(y))
}

// findKind tells what the records are by the roles of the columns, and a little by the name of the file.
func (d *drafter) findKind(o *object) {
	scores := make(map[kind]int)
	because := make(map[kind][]string)
	for _, k := range []kind{kindPerson, kindOrg, kindDeal, kindActivity} {
		for _, c := range o.columns {
			if n := tells[k][c.role]; n > 0 && c.Telling > 0 {
				scores[k] += n
				if n > 1 {
					because[k] = append(because[k], c.Name)
				}
			}
		}
	}
	foreign := 0
	for _, c := range o.columns {
		foreign += btoi(d.foreign(o, c))
	}
	if len(scores) == 0 && foreign >= 2 {
		o.kind, o.sure, o.why = kindOther, 20, "??? they point at other records and say little of themselves"
		return
	}
	for k, list := range files {
		for _, w := range wordsOf(o.name) {
			if slices.Contains(list, w) {
				scores[k] += 3
				because[k] = append(because[k], "the name of the file")
				break
			}
		}
	}
	if scores[kindPerson] > 0 && (o.find("first_name") != nil || o.find("last_name") != nil) {
		scores[kindOrg] -= 4 // people have the companies that they work for beside them
	}
	kinds := []kind{kindPerson, kindOrg, kindDeal, kindActivity, kindCampaign}
	slices.SortStableFunc(kinds, func(a, b kind) int { return cmp.Compare(scores[b], scores[a]) })
	first, second := scores[kinds[0]], max(scores[kinds[1]], 0)
	if first < 3 {
		o.kind, o.sure, o.why = kindOther, 20, "??? no column tells what these are; write person, org or opportunity if they are"
		return
	}
	o.kind, o.sure = kinds[0], min(97, 40+first*60/(first+second+2))
	o.why = "by " + strings.Join(because[o.kind][:min(4, len(because[o.kind]))], ", ")
	if len(because[o.kind]) == 0 {
		o.why = "by its columns"
	}
	if o.kind == kindActivity {
		if o.at = o.timeColumn(); o.at == nil {
			o.kind, o.why = kindOther, "??? they look like activities, but none of the columns has a time in all records"
		}
	}
}

// timeColumn gives the column of when something happened: one that all records have.
func (o *object) timeColumn() *column {
	for _, r := range []role{"date", "created", "changed", "close_date"} {
		for _, c := range o.columns {
			if c.role == r && c.typed() && c.isTime() && c.Telling == o.file.Records {
				return c
			}
		}
	}
	return nil
}

func (c *column) isTime() bool {
	switch c.guess.Kind {
	case profile.KindDate, profile.KindTime, profile.KindUnix:
		return true
	}
	return false
}

// typed reports whether all values can be read as what they seem to be, so that no record is rejected.
func (c *column) typed() bool {
	g := c.guess
	if g.Misfits > 0 || g.Open || g.Mixed || g.Kind == profile.KindEmpty {
		return false
	}
	switch g.Kind {
	case profile.KindNumber:
		return !c.Zeros && c.Longest <= 15 && !isID(c.words) && c.role != "phone" && c.role != "mobile_phone" && c.role != "fax" && c.role != "postal_code"
	case profile.KindPercent:
		return g.Decimal != mapping.DecimalComma && c.Low >= 0 && c.High <= 100
	case profile.KindUnix:
		return c.Longest == 10 && c.All(mapping.ShapeWhole) || c.Longest == 13 && c.Low >= 1e12
	}
	return true
}

// findName looks for what people call the records.
func (d *drafter) findName(o *object) {
	pick := func(rs ...role) {
		for _, r := range rs {
			if c := o.find(r); c != nil {
				o.label, o.named = []*column{c}, c
				return
			}
		}
	}
	switch o.kind {
	case kindPerson:
		pick("name")
		if first, last := o.find("first_name"), o.find("last_name"); first != nil || last != nil {
			o.label = nil
			for _, c := range []*column{first, last} {
				if c != nil {
					o.label = append(o.label, c)
				}
			}
			if o.named == nil && len(o.label) == 1 {
				o.named = o.label[0]
			}
		}
		if o.label == nil {
			pick("email")
		}
	case kindOrg:
		pick("company", "name")
	case kindDeal:
		pick("deal", "name", "subject", "title")
	case kindActivity:
		pick("subject", "title", "name")
	default:
		pick("name", "title", "subject", "company", "deal")
	}
	if o.label != nil {
		return
	}
	for _, c := range o.columns {
		n, over := c.Distinct()
		if !c.used && c.guess.Kind == profile.KindText && (over || int64(n)*2 > c.Telling) {
			o.label = []*column{c}
			return
		}
	}
	o.label = o.key[:1]
}

// mostly is the share of the values of a column, in percent, that lead to records of another file where
// the column is one of references.
const mostly = 80

// findLinks looks for columns whose values are ids or names of the records of any file.
func (d *drafter) findLinks(o *object) {
	for _, c := range o.columns {
		if c.used || c.Telling == 0 || slices.Contains(o.label, c) && !d.foreign(o, c) || len(o.key) == 1 && o.key[0] == c {
			continue
		}
		if l, ok := d.linkOf(o, c); ok {
			c.used = true
			o.links = append(o.links, l)
		}
	}
}

func (d *drafter) linkOf(o *object, c *column) (link, bool) {
	best := link{}
	for _, other := range d.objects {
		hint := c.hints(other)
		if len(other.key) == 1 && (c.guess.Kind == profile.KindText || c.guess.Kind == profile.KindNumber || c.guess.Kind == profile.KindGUID) {
			shared, compared := c.Within(other.key[0].Column)
			plain := c.All(mapping.ShapeWhole) && c.High < 1e6 // small numbers are in all columns
			if compared > 0 && shared*100 >= compared*mostly && (hint || !plain && (compared > 2 || isID(c.words)) && (other != o || isID(c.words))) {
				sure := min(97, 60+shared*30/compared+btoi(hint)*8)
				if sure > best.sure {
					best = link{
						column: c, to: other.name, kind: other.kind, self: other == o, sure: sure,
						why: fmt.Sprintf("%d of %d values are ids of %s", shared, compared, other.name),
					}
				}
			}
		}
		if other != o && other.named != nil && other.kind != kindActivity && c.guess.Kind == profile.KindText {
			shared, compared := c.Within(other.named.Column)
			if compared > 1 && shared*100 >= compared*60 && (hint || compared > 4) && c.role != "first_name" && c.role != "last_name" {
				sure := min(90, 40+shared*40/compared+btoi(hint)*10)
				if sure > best.sure {
					best = link{
						column: c, to: other.name, kind: other.kind, byName: true, sure: sure,
						why: fmt.Sprintf("%d of %d values are names of %s", shared, compared, other.name),
					}
				}
			}
		}
	}
	if best.column != nil {
		return best, true
	}
	// What is named beside the records, and has no file of its own, is made of its names.
	if c.guess.Kind != profile.KindText {
		return link{}, false
	}
	switch {
	case c.role == "company" && (o.kind == kindPerson || o.kind == kindDeal):
		name := d.derive("Company", "org", "ORG", "companies have no file of their own; one is made of each name")
		return link{column: c, to: name, kind: kindOrg, byName: true, sure: 75, why: "by the name of the column"}, true
	case c.role == "owner" && o.kind != kindOther && o.kind != kindActivity:
		name := d.derive("Owner", "person", "CON", "owners have no file of their own; one is made of each name")
		return link{column: c, to: name, kind: kindPerson, byName: true, sure: 75, why: "by the name of the column"}, true
	}
	return link{}, false
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// hints reports whether the name of a column says that it points at an object.
func (c *column) hints(o *object) bool {
	words := c.words
	if isID(words) {
		words = words[:len(words)-1]
	}
	switch {
	case sameThing(words, wordsOf(o.name)):
		return true
	case len(words) > 0 && sameThing(words[len(words)-1:], wordsOf(o.name)):
		return true
	}
	joined := role(strings.Join(words, " "))
	for _, r := range []role{c.role, joined} {
		switch o.kind {
		case kindOrg:
			if r == "company" || r == "parent" || r == "account" || r == "organization" || r == "customer" {
				return true
			}
		case kindPerson:
			if r == "contact" || r == "owner" || r == "boss" || r == "person" || r == "user" || r == "manager" || r == "lead" {
				return true
			}
		case kindDeal:
			if r == "deal" || r == "opportunity" {
				return true
			}
		}
	}
	return false
}

// derive gives the name of an object that has no records.
func (d *drafter) derive(name, typ, code, why string) string {
	for _, x := range d.derived {
		if x.typ == typ && strings.HasPrefix(x.name, name) {
			return x.name
		}
	}
	x := derived{name: d.unique(name), typ: typ, code: code, why: why}
	d.derived = append(d.derived, x)
	return x.name
}

// findEdge makes a relationship of records that are of no kind and do nothing but point at two others.
func (d *drafter) findEdge(o *object) {
	if o.kind != kindOther || len(o.links) != 2 || len(o.columns) > 8 {
		return
	}
	for _, l := range o.links {
		if l.column.Telling != o.file.Records || l.byName {
			return
		}
	}
	o.edge, o.sure = true, min(o.links[0].sure, o.links[1].sure)
	o.why = fmt.Sprintf("its rows point at %s and %s", o.links[0].to, o.links[1].to)
}

// recognise chooses the columns by which the file is told from the others.
func (d *drafter) recognise(o *object) {
	add := func(name string) {
		if !slices.ContainsFunc(o.all, func(s string) bool { return strings.EqualFold(s, name) }) {
			o.all = append(o.all, name)
		}
	}
	for _, c := range o.key {
		add(c.Name)
	}
	for _, c := range o.label {
		add(c.Name)
	}
	for _, c := range o.columns {
		if len(o.all) < 3 && c.role != "" {
			add(c.Name)
		}
	}
	for _, other := range d.objects {
		if other == o || !other.hasAll(o.all) {
			continue
		}
		own := slices.IndexFunc(o.columns, func(c *column) bool { return !other.has(c.Name) })
		if own >= 0 {
			add(o.columns[own].Name)
			continue
		}
		if i := slices.IndexFunc(other.columns, func(c *column) bool { return !o.has(c.Name) }); i >= 0 {
			o.none = append(o.none, other.columns[i].Name)
		}
	}
}

// has reports whether a header has a column, as mappings find them.
func (o *object) has(name string) bool {
	return slices.ContainsFunc(o.columns, func(c *column) bool { return strings.EqualFold(c.Name, name) })
}

func (o *object) hasAll(names []string) bool {
	return !slices.ContainsFunc(names, func(n string) bool { return !o.has(n) })
}
