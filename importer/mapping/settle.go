package mapping

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/projectrye/rye-import/importer/graph"
)

// Cause is why records of an object were rejected, alike in column, reason and in how the value is written.
type Cause struct {
	Object string // of the mapping
	Code   string // as of FieldError; others are of rows that have to be repaired
	Column string // as the header writes it; blank if it is none
	Reason string
	Values []string // some of the values
	Header []string // of the records
	Orders Orders   // of dates
}

// Orders are the largest first and second numbers of dates such as 3/4/2024.
type Orders struct{ First, Second int }

// Remedy is what settles a cause. It has a flag, or a line of a mapping, or neither where the rows have to be
// repaired.
type Remedy struct {
	Flag    string // of run, as --date-order dmy
	Mapping string // YAML, as objects: {...}
	Text    string // what that does, or what is to be repaired
}

// CodeDuplicateID is the code of records whose id another record of the export has too.
const CodeDuplicateID = "duplicate_id"

// Remedy tells what settles a cause.
func (m *Mapping) Remedy(c Cause) Remedy {
	switch c.Code {
	case CodeDuplicateID:
		return m.line(c.Object, "repeated: first", "of records with one id the first is used, the others are counted and left out")
	case CodeMissingID:
		return Remedy{Text: "repair the rows: each needs the id that it has in the CRM"}
	case CodeMissingRequired:
		return m.missingRemedy(c)
	case CodeInvalidDate:
		if r, ok := m.dateRemedy(c); ok {
			return r
		}
	case CodeInvalidNumber:
		if c.Reason == errDecimal.Error() {
			return Remedy{Flag: "--decimal point", Text: "or --decimal comma: whichever mark the CRM writes before decimals"}
		}
	case CodeInvalidBool, CodeInvalidValue, CodeOutOfRange:
	default:
		return Remedy{}
	}
	if c.Column == "" {
		return Remedy{Text: "repair the rows, or the expression of the mapping that does not fit them"}
	}
	return m.cell(c.Object, c.Column, "unreadable: blank", "the records are used without the value; to keep it, repair the rows")
}

func (m *Mapping) missingRemedy(c Cause) Remedy {
	switch {
	case c.Reason == errBlank && m.takesText(c):
		return m.cell(c.Object, c.Column, "default: "+YAMLText(unknown), "the records are used, with that text in its place; to tell the right one, repair the rows")
	case c.Reason == errNotThere:
		if has, err := m.Compile(c.Object, c.Header, Settings{}); err == nil {
			if now := renamed(Missing{Column: c.Column, Was: c.Column}, nil, has); now != "" {
				return m.line(c.Object, fmt.Sprintf("aliases: {%s: [%s]}", YAMLText(c.Column), YAMLText(now)), "if that is the column which is meant")
			}
		}
		return Remedy{Text: "export the column too, or name the one that stands for it in a mapping, under aliases"}
	}
	return Remedy{Text: "repair the rows"}
}

// unknown stands for a text that somebody has to fill in.
const unknown = "(unknown)"

// takesText reports whether any text will do in a column: it is a name or a property, and nothing that is
// looked up, counted or dated.
func (m *Mapping) takesText(c Cause) bool {
	plan, err := m.Compile(c.Object, c.Header, Settings{})
	if err != nil {
		return false
	}
	col := slices.Index(c.Header, c.Column)
	if col < 0 || slices.ContainsFunc(plan.uses[col], func(use string) bool {
		return use != "label" && !strings.HasPrefix(use, "property ")
	}) {
		return false
	}
	// Other columns that must be filled may be of another type.
	for _, other := range []string{unknown, "2000-01-01", "1"} {
		cells := make([]string, len(c.Header))
		for _, rq := range plan.required {
			for _, i := range rq.cols {
				cells[i] = other
			}
		}
		for _, v := range plan.key {
			if v.col >= 0 {
				cells[v.col] = "1"
			}
		}
		cells[col] = unknown
		if _, err = plan.NewMapper().Map(&graph.Batch{}, 1, 1, cells); err == nil {
			return true
		}
	}
	return false
}

// dateRemedy looks for the way in which dates are written that cannot be read.
func (m *Mapping) dateRemedy(c Cause) (Remedy, bool) {
	switch c.Reason {
	case errDateOrder.Error():
		switch o := c.Orders; {
		case o.First > 12 && o.Second <= 12:
			return Remedy{Flag: "--date-order dmy", Text: "the day stands first"}, true
		case o.Second > 12 && o.First <= 12:
			return Remedy{Flag: "--date-order mdy", Text: "the month stands first"}, true
		}
		return Remedy{Flag: "--date-order dmy", Text: "or --date-order mdy: whichever order the CRM writes"}, true
	case errDate.Error(), errTime.Error():
		if l, other := layoutOf(c.Values, c.Orders); l != "" && c.Column != "" {
			text := "dates so written are read, others as before"
			if other != "" {
				text += "; if the month stands first: " + other
			}
			return m.cell(c.Object, c.Column, "layout: "+YAMLText(l), text), true
		}
	}
	return Remedy{}, false
}

// layouts are ways of writing dates that are not read by themselves, those that are more usual first.
var layouts = []string{
	"YYYYMMDD", "YYYYMMDDHHmmss", "YYYYMMDDHHmm", "YYYYMMDDTHHmmss", "YYYYMMDD HHmmss", "YYYYMMDD HH:mm:ss", "YYYYMMDD HH:mm", "DD.MM.YY", "DD/MM/YY", "MM/DD/YY", "D.M.YY", "D/M/YY", "M/D/YY", "DD-MM-YY",
	"YY-MM-DD", "D. M. YYYY", "D. M. YYYY HH:mm", "DD. MM. YYYY", "YYYY-M-D", "YYYY-M-D HH:mm", "YYYY-M-D HH:mm:ss", "YYYY MM DD", "YYYY-MM-DD HH.mm", "YYYY-MM-DD HH.mm.ss", "DD.MM.YYYY HH.mm", "DD MM YYYY", "YYYY-MM-DD-HH.mm.ss", "HH:mm DD.MM.YYYY", "HH:mm:ss DD.MM.YYYY", "MM/DD/YY HH:mm", "DD/MM/YY HH:mm", "DD.MM.YY HH:mm",
}

// layoutOf finds the layout in which all of some texts are dates; blank if there is none. The other one is that
// with the month before the day, if it may be meant as well.
func layoutOf(texts []string, o Orders) (found, other string) {
	for _, text := range layouts {
		dayFirst, monthFirst := strings.HasPrefix(text, "D"), strings.HasPrefix(text, "M")
		if len(texts) == 0 || dayFirst && o.Second > 12 || monthFirst && o.First > 12 || !allDates(texts, text) {
			continue
		}
		if dayFirst && o.First <= 12 {
			if swapped := strings.NewReplacer("D", "M", "M", "D").Replace(text); !strings.Contains(swapped, ".") && allDates(texts, swapped) {
				other = swapped
			}
		}
		return text, other
	}
	return "", ""
}

// allDates reports whether texts are dates of a layout, as a CRM has them.
func allDates(texts []string, layout string) bool {
	l, err := parseLayout(layout)
	return err == nil && !slices.ContainsFunc(texts, func(s string) bool {
		t, err := l.parse(strings.TrimSpace(s), time.UTC)
		return err != nil || t.Year() < 1900 || t.Year() > 2200
	})
}

func (m *Mapping) cell(object, column, says, text string) Remedy {
	return m.line(object, fmt.Sprintf("cells: {%s: {%s}}", YAMLText(column), says), text)
}

func (m *Mapping) line(object, says, text string) Remedy {
	return Remedy{Mapping: fmt.Sprintf("objects: {%s: {%s}}", YAMLText(object), says), Text: text}
}

// YAMLText writes a text so that YAML reads it as that text, within braces and brackets too.
func YAMLText(s string) string {
	for _, r := range s {
		if (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && r != '_' {
			return yamlQuoted(s)
		}
	}
	switch strings.ToLower(s) {
	case "", "true", "false", "null", "yes", "no", "on", "off", "y", "n":
		return yamlQuoted(s)
	}
	return s
}

func yamlQuoted(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\r", `\r`, "\t", `\t`).Replace(s) + `"`
}
