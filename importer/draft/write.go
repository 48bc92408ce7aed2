package draft

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/projectrye/rye-import/importer/mapping"
	"github.com/projectrye/rye-import/importer/profile"
)

// page is the text of a mapping while it is written.
type page struct{ b strings.Builder }

// line writes a line.
func (p *page) line(indent int, format string, args ...any) {
	p.b.WriteString(strings.Repeat("  ", indent) + fmt.Sprintf(format, args...) + "\n")
}

// sure writes a line and says how sure it is, in percent, and why.
func (p *page) sure(indent int, text string, percent int, why string) {
	p.line(indent, "%s  # %d %%: %s", text, percent, comment(why))
}

// comment makes a text fit for the end of a line.
func comment(s string) string {
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool {
		return unicode.IsSpace(r) || unicode.IsControl(r) || r == '\u2028' || r == '\u2029' || r == '\ufeff'
	}), " ")
}

var (
	plainText = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]*( [A-Za-z0-9_()/]+)*$`)
	taken     = regexp.MustCompile(`(?i)^(true|false|yes|no|on|off|null|y|n|nan|inf)$`)
)

// quoted writes a text as YAML.
func quoted(s string) string {
	if plainText.MatchString(s) && !taken.MatchString(s) {
		return s
	}
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	if enc.Encode(s) != nil {
		return `""` // unreachable: it is a text
	}
	return strings.TrimSuffix(out.String(), "\n")
}

func list(names []string) string {
	parts := make([]string, len(names))
	for i, n := range names {
		parts[i] = quoted(n)
	}
	return "[" + strings.Join(parts, ", ") + "]"
}

func namesOf(columns []*column) []string {
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = c.Name
	}
	return names
}

// write writes the whole mapping.
func (d *drafter) write() string {
	p := &page{}
	p.line(0, "# yaml-language-server: $schema=https://raw.githubusercontent.com/projectrye/rye-import/main/docs/mapping.schema.json")
	p.line(0, "# A draft. Each line says how sure it is and why; ??? is for you to decide. Check what you change with:")
	p.line(0, "#   rye-import mapping lint FILE PATH...")
	p.line(0, "mapping: draft  # the name of the source")
	p.line(0, "title: Draft")
	if d.zoneless() {
		p.sure(0, "time_zone: UTC", 50, "??? some times state no zone; say which one is meant, as Europe/Prague")
	}
	p.line(0, "objects:")
	if len(d.objects) == 0 {
		p.line(1, "{}")
	}
	for _, o := range d.objects {
		d.writeObject(p, o)
	}
	others := false
	for _, x := range d.derived {
		p.sure(1, quoted(x.name)+":", 75, x.why)
		p.line(2, "derive: {type: %s, code: %s}", x.typ, x.code)
	}
	for _, o := range d.objects {
		others = others || o.kind == kindDeal && o.find("stage") != nil
	}
	if others && !d.names["pipeline"] {
		p.line(0, "others: [Pipeline]  # made of the deals that are in them")
	}
	return p.b.String()
}

// zoneless reports whether any column of times states no zone.
func (d *drafter) zoneless() bool {
	for _, o := range d.objects {
		for _, c := range o.columns {
			if c.guess.Kind == profile.KindTime && !c.guess.Zoned {
				return true
			}
		}
	}
	return false
}

// codes are the prefixes of what people say aloud.
var codes = map[kind]string{kindPerson: "CON", kindOrg: "ORG", kindDeal: "OPP", kindCampaign: "CMP"}

func (d *drafter) writeObject(p *page, o *object) {
	what := string(o.kind)
	switch {
	case o.edge:
		what = "a relationship"
	case o.kind == kindOther:
		what = "of no kind that is known"
	}
	p.sure(1, quoted(o.name)+":", o.sure, fmt.Sprintf("%s: %s, %s", strings.Join(o.file.Paths, ", "), what, o.why))
	if len(o.none) > 0 {
		p.line(2, "recognise: {all: %s, none: %s}", list(o.all), list(o.none))
	} else {
		p.line(2, "recognise: {all: %s}", list(o.all))
	}
	if len(o.key) == 1 {
		p.sure(2, "key: "+quoted(o.key[0].Name), o.keySure, o.keyWhy)
	} else {
		p.sure(2, `key: {join: `+list(namesOf(o.key))+`, with: "|"}`, o.keySure, o.keyWhy)
	}
	if c := o.find("deleted"); c != nil && c.typed() && c.guess.Kind == profile.KindBool && !c.used {
		c.used = true
		p.sure(2, "deleted: "+quoted(c.Name), 70, "yes and no, by the name of the column")
	}
	created := o.when(p, "created")
	changed := o.when(p, "changed")
	switch {
	case o.edge:
		d.writeEdge(p, o)
		return
	case o.kind == kindActivity:
		d.writeEvent(p, o)
		return
	}
	if o.named != nil {
		p.line(2, "names: {name: %s}  # others may point at it by name", quoted(o.named.Name))
	}
	p.line(2, "node:")
	typ := string(o.kind)
	if o.kind == kindOther {
		typ = strings.ToLower(o.name)
	}
	p.sure(3, "type: "+quoted(typ), o.sure, o.why)
	if code := codes[o.kind]; code != "" {
		p.line(3, "code: %s", code)
	}
	if len(o.label) == 1 {
		p.line(3, "label: %s", quoted(o.label[0].Name))
	} else {
		p.line(3, "label: {join: %s}", list(namesOf(o.label)))
	}
	if o.kind == kindDeal {
		o.writeStage(nil, created, changed) // takes its columns
	}
	o.writeProperties(p)
	if o.kind == kindDeal {
		o.writeStage(p, created, changed)
	}
	d.writeLinks(p, o)
	if o.kind == kindDeal {
		o.writeValue(p)
	}
}

// when writes when records were made or changed, and gives the column.
func (o *object) when(p *page, r role) *column {
	c := o.find(r)
	if c == nil || !c.typed() || !c.isTime() {
		return nil
	}
	c.used = true
	p.sure(2, string(r)+": "+c.value(mapping.TypeTime), c.sure, c.reason())
	return c
}

// value writes a column as a value. A type that is given takes the place of what the column shows.
func (c *column) value(as mapping.Type) string {
	var parts []string
	add := func(format string, args ...any) { parts = append(parts, fmt.Sprintf(format, args...)) }
	switch c.role {
	case "phone", "mobile_phone", "fax":
		return "{column: " + quoted(c.Name) + ", as: phone}" // what is none stays text
	}
	switch g := c.guess; g.Kind {
	case profile.KindUnix:
		unit := mapping.UnitSeconds
		if c.Longest == 13 {
			unit = mapping.UnitMilliseconds
		}
		add("as: %s, unit: %s", mapping.TypeTime, unit)
	case profile.KindDate, profile.KindTime:
		if as == "" {
			as = mapping.Type(g.Kind)
		}
		add("as: %s", as)
		if g.Order != "" {
			add("order: %s", g.Order)
		}
	case profile.KindNumber, profile.KindMoney, profile.KindPercent:
		if as == "" {
			as = mapping.Type(g.Kind)
		}
		add("as: %s", as)
		if g.Decimal != "" {
			add("decimal: %s", g.Decimal)
		}
	case profile.KindBool, profile.KindDuration, profile.KindEmail, profile.KindPhone, profile.KindCurrency, profile.KindJSON, profile.KindHTML:
		add("as: %s", mapping.Type(g.Kind))
	}
	if len(parts) == 0 {
		return quoted(c.Name)
	}
	return "{column: " + quoted(c.Name) + ", " + strings.Join(parts, ", ") + "}"
}

// reason says by what a column was told.
func (c *column) reason() string {
	n := c.Telling
	if c.agreed {
		return fmt.Sprintf("no cell decides how its %d values are written; the other columns of the file are: %s", n, c.guess.Format())
	}
	what := string(c.guess.Kind)
	if f := c.guess.Format(); f != "" {
		what += ", " + f
	}
	if c.role != "" {
		return fmt.Sprintf("by its name; all %d values are: %s", n, what)
	}
	return fmt.Sprintf("all %d values are: %s", n, what)
}

// doubt says what keeps a column from being read as what it seems to be; blank if nothing does.
func (c *column) doubt() string {
	g := c.guess
	if c.role == "phone" || c.role == "mobile_phone" || c.role == "fax" {
		return ""
	}
	switch {
	case g.Kind == profile.KindText || g.Kind == profile.KindEmpty || c.typed():
		return ""
	case (g.Open || g.Mixed) && c.isTime():
		return fmt.Sprintf("??? dates, but no cell decides the order of day and month: write {column: %s, as: %s, order: dmy} or mdy", quoted(c.Name), g.Kind)
	case g.Open || g.Mixed:
		return fmt.Sprintf("??? numbers, but no cell decides the decimal mark: write {column: %s, as: %s, decimal: point} or comma", quoted(c.Name), g.Kind)
	case g.Misfits > 0:
		return fmt.Sprintf("??? %d of %d values are: %s; as: %s would reject %d records", c.Telling-g.Misfits, c.Telling, g.Kind, g.Kind, g.Misfits)
	}
	return ""
}

// addresses are the parts of one.
var addresses = []role{"street", "city", "state", "postal_code", "country"}

// property gives the name of the property of a column.
func property(c *column) string {
	switch c.role {
	case "", "deal", "company", "parent", "boss", "contact": // what others are called
	default:
		return string(c.role)
	}
	var b strings.Builder
	for i, w := range c.words {
		if i > 0 {
			b.WriteByte('_')
		}
		b.WriteString(w)
	}
	return b.String()
}

// writeProperties writes a line for each column of which something is known. The others are named at the end.
func (o *object) writeProperties(p *page) {
	seen := map[string]bool{"": true, "code": true, "address": true}
	p.line(3, "properties:")
	begin := p.b.Len()
	put := func(name, value string, sure int, why string) {
		seen[name] = true
		p.sure(4, quoted(name)+": "+value, sure, why)
	}
	o.writeNames(put)
	var parts []string
	for _, r := range addresses {
		if c := o.find(r); c != nil && !c.used && (c.guess.Kind != profile.KindJSON) {
			c.used = true
			parts = append(parts, string(r)+": "+quoted(c.Name))
		}
	}
	if len(parts) > 0 {
		p.sure(4, "address: {object: {"+strings.Join(parts, ", ")+"}}", 85, "by the names of the columns")
	}
	var kept, empty []string
	for _, c := range o.columns {
		if c.used {
			continue
		}
		if c.Telling == 0 {
			empty = append(empty, c.Name)
			continue
		}
		name := property(c)
		if seen[name] {
			name = strings.Join(c.words, "_")
		}
		doubt := c.doubt()
		switch {
		case seen[name]:
			kept = append(kept, c.Name)
		case doubt != "":
			put(name, quoted(c.Name), 50, doubt)
		case c.role == "phone" || c.role == "mobile_phone" || c.role == "fax" || c.agreed:
			put(name, c.value(""), c.sure, c.reason())
		case c.role != "" && c.typed():
			put(name, c.value(""), c.sure, c.reason())
		case c.role != "":
			put(name, quoted(c.Name), c.sure, "by its name")
		case c.typed() && c.guess.Kind != profile.KindText && c.guess.Kind != profile.KindURL && c.guess.Kind != profile.KindGUID:
			put(name, c.value(""), 80, c.reason())
		default:
			kept = append(kept, c.Name)
		}
	}
	if p.b.Len() == begin {
		p.line(4, "{}")
	}
	if len(kept) > 0 {
		p.line(4, "# kept as text under their own names: %s", comment(strings.Join(kept, ", ")))
	}
	if len(empty) > 0 {
		p.line(4, "# without any value: %s", comment(strings.Join(empty, ", ")))
	}
}

// writeNames writes the names that the conventions want of each kind.
func (o *object) writeNames(put func(name, value string, sure int, why string)) {
	switch o.kind {
	case kindOrg, kindDeal, kindCampaign:
		if len(o.label) == 1 {
			o.label[0].used = true
			put("name", quoted(o.label[0].Name), 85, "what people call it")
		}
	case kindPerson:
		first, last, name := o.find("first_name"), o.find("last_name"), o.find("name")
		for _, c := range []*column{first, last} {
			if c != nil {
				c.used = true
				put(string(c.role), quoted(c.Name), c.sure, "by its name")
			}
		}
		if first == nil && last == nil && name != nil {
			name.used = true
			put("first_name", fmt.Sprintf("{column: %s, match: '^(.*)\\s\\S+$'}", quoted(name.Name)), 50, "??? all words but the last")
			put("last_name", fmt.Sprintf("{column: %s, match: '(\\S+)$'}", quoted(name.Name)), 50, "??? the last word")
		}
	}
}

// writeStage writes where a deal stands; without a page it only takes the columns.
func (o *object) writeStage(p *page, created, changed *column) {
	stage := o.find("stage")
	if stage == nil {
		return
	}
	stage.used = true
	probability := o.find("probability")
	if probability != nil && (!probability.typed() || probability.guess.Decimal == mapping.DecimalComma || probability.Low < 0 || probability.High > 100 ||
		probability.guess.Kind != profile.KindNumber && probability.guess.Kind != profile.KindPercent) {
		probability = nil
	}
	pipeline := o.find("pipeline")
	if pipeline != nil && slices.ContainsFunc(o.links, func(l link) bool { return l.column == pipeline }) {
		pipeline = nil
	}
	entered := o.find("stage_at")
	if entered != nil && (!entered.typed() || !entered.isTime()) {
		entered = nil
	}
	for _, c := range []*column{probability, pipeline, entered} {
		if c != nil {
			c.used = true
		}
	}
	if p == nil {
		return
	}
	p.line(2, "stage:")
	n, _ := stage.Distinct()
	p.sure(3, "label: "+quoted(stage.Name), stage.sure, fmt.Sprintf("by its name; %d stages. Those called won and lost end a deal; where yours are called otherwise, say closed: and won:", n))
	if probability != nil {
		value := "{column: " + quoted(probability.Name) + ", as: " + string(probability.guess.Kind)
		switch {
		case probability.guess.Kind == profile.KindPercent:
			value += ", times: 100"
		case probability.High <= 1 && probability.guess.Decimal == mapping.DecimalPoint:
			value += ", times: 100"
		}
		if probability.guess.Decimal != "" {
			value += ", decimal: " + string(probability.guess.Decimal)
		}
		p.sure(3, "probability: "+value+"}", probability.sure, fmt.Sprintf("by its name; values from %g to %g", probability.Low, probability.High))
	}
	if pipeline != nil {
		p.sure(3, fmt.Sprintf("pipeline: {object: Pipeline, id: %s, default: default}", quoted(pipeline.Name)), pipeline.sure, "by its name")
	} else {
		p.line(3, "pipeline: {object: Pipeline, default: default}  # all deals are in one")
	}
	var at []string
	why := "when the deal was last changed; nothing says when it came to its stage"
	if entered != nil {
		at, why = append(at, entered.value(mapping.TypeTime)), "by its name"
	}
	if changed != nil {
		at = append(at, changed.value(mapping.TypeTime))
	}
	if len(at) > 0 {
		p.sure(3, "at: ["+strings.Join(at, ", ")+"]", 70, why)
	}
	if created != nil {
		p.line(3, "since: %s", created.value(mapping.TypeTime))
	}
}

// writeValue writes the value of a deal as a fact, which has a history and counts in the balance.
func (o *object) writeValue(p *page) {
	amount := o.find("amount")
	if amount == nil || !amount.typed() || amount.guess.Kind != profile.KindNumber && amount.guess.Kind != profile.KindMoney {
		return
	}
	currency := ""
	if c := o.find("currency"); c != nil && c.guess.Kind == profile.KindCurrency && c.typed() {
		currency = fmt.Sprintf(", currency: {column: %s, as: currency}", quoted(c.Name))
	} else if amount.guess.Kind == profile.KindMoney {
		currency = fmt.Sprintf(", currency: {column: %s, as: currency_of}", quoted(amount.Name))
	}
	p.line(2, "facts:")
	p.sure(3, "- type: deal_value", amount.sure, amount.reason())
	p.line(4, "claim: {amount: %s%s}", amount.value(""), currency)
	p.line(4, "need: [amount]")
	p.line(4, "sum: true")
}

// reference writes where a link leads.
func (l *link) reference() string {
	by := ""
	if l.byName {
		by = ", by: name"
	}
	return fmt.Sprintf("{object: %s%s, id: %s}", quoted(l.to), by, quoted(l.column.Name))
}

func (d *drafter) writeLinks(p *page, o *object) {
	if len(o.links) == 0 {
		return
	}
	p.line(2, "links:")
	for i := range o.links {
		l := &o.links[i]
		typ, end := linkType(o.kind, l)
		p.sure(3, fmt.Sprintf("- {type: %s, %s: %s}", typ, end, l.reference()), l.sure, l.why)
	}
}

// linkType gives the type of the edge between two kinds, and at which of its ends the other record is.
func linkType(from kind, l *link) (typ, end string) {
	switch {
	case l.column.role == "owner" && from == kindDeal:
		return "assigned_to", "to"
	case l.column.role == "owner":
		return "owned_by", "to"
	case l.self && from == kindOrg:
		return "subsidiary_of", "to"
	case l.self && from == kindPerson:
		return "reports_to", "to"
	case from == kindPerson && l.kind == kindOrg:
		return "employs", "from"
	case from == kindDeal && l.kind == kindOrg:
		return "targets", "to"
	case from == kindDeal && l.kind == kindPerson:
		return "primary_contact", "to"
	case from == kindOrg && l.kind == kindPerson:
		return "employs", "to"
	case l.kind == kindCampaign:
		return "sourced_from", "to"
	}
	return "related_to", "to"
}

func (d *drafter) writeEdge(p *page, o *object) {
	p.line(2, "edge:")
	p.sure(3, "type: related_to", 50, "??? say what it is: employs, affiliated_with, primary_contact, campaign_target ...")
	for i, end := range []string{"from", "to"} {
		p.sure(3, end+": "+o.links[i].reference(), o.links[i].sure, o.links[i].why)
	}
	o.writeProperties(p)
}

// roles of records in events.
var participants = map[kind]string{kindPerson: "contact", kindOrg: "account", kindDeal: "regarding", kindCampaign: "campaign"}

func (d *drafter) writeEvent(p *page, o *object) {
	o.at.used = true
	p.line(2, "event:")
	p.sure(3, "type: note", 40, "??? email, phone_call, meeting or note; choose: tells them apart by a column")
	p.sure(3, "at: "+o.at.value(mapping.TypeTime), o.at.sure, o.at.reason())
	p.line(3, "summary: %s", quoted(o.label[0].Name))
	o.writeProperties(p)
	if len(o.links) == 0 {
		return
	}
	p.line(3, "participants:")
	for i := range o.links {
		l := &o.links[i]
		role := participants[l.kind]
		switch {
		case l.column.role == "owner":
			role = "owner"
		case role == "":
			role = "regarding"
		}
		p.sure(4, fmt.Sprintf("- {role: %s, node: %s}", role, l.reference()), l.sure, l.why)
	}
}
