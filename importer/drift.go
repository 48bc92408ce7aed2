package importer

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/projectrye/rye-import/importer/decode"
	"github.com/projectrye/rye-import/importer/load"
	"github.com/projectrye/rye-import/importer/mapping"
	"github.com/projectrye/rye-import/importer/report"
)

// AllColumns as one of Config.AllowMissingColumns allows every column to be missing.
const AllColumns = "all"

// drift is how the columns of an export differ from those of the last run of its source. Columns are
// compared by object of the mapping, over all files of the object together.
type drift struct {
	last    map[string]load.Header
	allowed map[string][]mapping.Missing // by object, what the run was allowed to lack
}

// columnsOf are the columns that the files of an object have, by the first look at them.
func columnsOf(files []*stagedFile, m *mapping.Mapping, object string) (columns []string) {
	for _, f := range files {
		if !f.profile.Reject && slices.Contains(f.objects(m), object) {
			columns = appendNew(columns, f.profile.Header)
		}
	}
	return columns
}

// enough is from how many records of JSON it is learnt that each of them has a key: what is blank is often
// left out.
const enough = 50

// always lists the columns that every record of the file has.
func (s *surveyed) always() []string {
	if s.profile.Format != decode.FormatCSV && len(s.sample) < enough {
		return nil
	}
	return s.profile.Always
}

func appendNew(to, names []string) []string {
	for _, name := range names {
		if !slices.Contains(to, name) {
			to = append(to, name)
		}
	}
	return to
}

// objects lists the objects of the mapping that a file's own records are.
func (s *surveyed) objects(m *mapping.Mapping) []string {
	if !s.typed {
		if s.object == "" {
			return nil
		}
		return []string{s.object}
	}
	var names []string
	for _, kind := range s.profile.Types {
		if object := m.ObjectOfType(kind); object != "" && !slices.Contains(names, object) {
			names = append(names, object)
		}
	}
	return names
}

// checkColumns stops the run if columns that the mapping uses are gone, unless it was told to go on. What
// is made of them is then left as it stands.
func (r *runner) checkColumns(ctx context.Context) error {
	last, err := load.Headers(ctx, r.pool, r.summary.Source)
	if err != nil {
		return err
	}
	r.drift = drift{last: last, allowed: make(map[string][]mapping.Missing)}
	stop := &MissingColumnsError{Mapping: r.mapping.Name}
	done := make(map[string]bool)
	for _, f := range r.files {
		for _, object := range f.objects(r.mapping) {
			before, ok := last[object]
			columns := columnsOf(r.files, r.mapping, object)
			if f.profile.Reject {
				columns = f.profile.Header
			}
			if !ok || len(columns) == 0 {
				continue
			}
			missing, err := r.mapping.Missing(object, before.Always, columns)
			if err != nil {
				return err
			}
			f.leave(object, missing, before.Gone)
			if f.profile.Reject || done[object] {
				continue // a reject file holds what somebody wanted to repair
			}
			done[object] = true
			for _, c := range missing {
				if r.cfg.allowsMissing(object, c.Column) && !c.Base {
					r.drift.allowed[object] = append(r.drift.allowed[object], c)
					continue
				}
				stop.Columns = append(stop.Columns, MissingColumn{Missing: c, Object: object, File: f.file.Path, Run: before.Run})
			}
		}
	}
	if len(stop.Columns) > 0 {
		return stop
	}
	return nil
}

// leave notes columns of an object that are gone: what is made of them is left as it stands.
func (s *surveyed) leave(object string, missing []mapping.Missing, before []string) {
	gone := slices.Clone(before)
	for _, c := range missing {
		gone = append(gone, c.Column)
	}
	if s.gone == nil {
		s.gone = make(map[string][]string)
	}
	s.gone[object] = gone
}

// allowsMissing reports whether a column of an object may be missing.
func (c Config) allowsMissing(object, column string) bool {
	return slices.ContainsFunc(c.AllowMissingColumns, func(a string) bool {
		return a == AllColumns || strings.EqualFold(a, object+"."+column)
	})
}

// fillDrift tells how the columns differ from those of the last run, and gives what the next one is to
// compare with.
func (r *runner) fillDrift() ([]load.Header, error) {
	seen := make(map[string]*load.Header)
	json := make(map[string]bool)
	var order []string
	note := func(object string, columns, always []string, isJSON bool) {
		if object == "" || len(columns) == 0 {
			return
		}
		h := seen[object]
		if h == nil {
			h = &load.Header{Object: object}
			seen[object] = h
			order = append(order, object)
		}
		h.Columns, h.Always = appendNew(h.Columns, columns), appendNew(h.Always, always)
		json[object] = json[object] || isJSON
	}
	for _, f := range r.files {
		if f.profile.Reject {
			continue
		}
		isJSON := f.profile.Format != decode.FormatCSV
		for _, object := range f.objects(r.mapping) {
			note(object, f.columns[""], f.always(), isJSON)
		}
		for _, c := range f.children {
			note(r.mapping.ObjectOfType(c.Type), f.columns[c.Type], nil, isJSON)
		}
	}
	slices.Sort(order)
	headers := make([]load.Header, 0, len(order))
	for _, object := range order {
		h := seen[object]
		if last, ok := r.drift.last[object]; ok {
			if err := r.compareColumns(h, last); err != nil {
				return nil, err
			}
			if json[object] {
				h.Columns = appendNew(h.Columns, last.Columns)
				if len(h.Always) == 0 {
					h.Always = last.Always
				}
			}
		}
		headers = append(headers, *h)
	}
	return headers, nil
}

// compareColumns tells how the columns of an object differ from those of the last run.
func (r *runner) compareColumns(now *load.Header, last load.Header) error {
	has, err := r.mapping.Compile(now.Object, now.Columns, mapping.Settings{})
	if err != nil {
		return err
	}
	had, err := r.mapping.Compile(now.Object, last.Columns, mapping.Settings{})
	if err != nil {
		return err
	}
	tell := func(d report.Drift) {
		d.Object = r.mapping.RecordObject(now.Object)
		r.summary.Drift = append(r.summary.Drift, d)
	}
	for i, kept := range has.Kept() {
		if kept != "" && !hasFold(last.Columns, now.Columns[i]) {
			tell(report.Drift{Column: now.Columns[i], Change: report.DriftNew, KeptAs: kept})
		}
	}
	for _, c := range r.drift.allowed[now.Object] {
		now.Gone = append(now.Gone, c.Column)
		tell(report.Drift{Column: c.Was, Change: report.DriftGone, Uses: c.Uses})
	}
	for _, name := range last.Gone {
		switch {
		case has.Finds(name):
			tell(report.Drift{Column: name, Change: report.DriftBack})
		case slices.Contains(has.Lacks(), name) && !slices.Contains(now.Gone, name):
			now.Gone = append(now.Gone, name)
			tell(report.Drift{Column: name, Change: report.DriftGone, Known: true})
		}
	}
	for i, kept := range had.Kept() {
		if name := last.Columns[i]; kept != "" && hasFold(last.Always, name) && !hasFold(now.Columns, name) {
			tell(report.Drift{Column: name, Change: report.DriftGone, KeptAs: kept})
		}
	}
	return nil
}

func hasFold(names []string, name string) bool {
	return slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, name) })
}

// MissingColumnsError says that columns are gone which the mapping uses and the last run had.
type MissingColumnsError struct {
	Mapping string // name of the mapping
	Columns []MissingColumn
}

// MissingColumn is a column that is gone.
type MissingColumn struct {
	mapping.Missing
	Object string
	File   string // the first file of the object
	Run    int32  // the last run that had it
}

func (e *MissingColumnsError) Error() string {
	const shown = 5
	var b strings.Builder
	var allow []string
	b.WriteString("columns that the mapping uses are gone; nothing was changed")
	for i, c := range e.Columns {
		if !c.Base {
			allow = append(allow, c.Object+"."+c.Column)
		}
		if i >= shown {
			continue
		}
		fmt.Fprintf(&b, "; %s: %s.%s, which run %d had, is %s", c.File, c.Object, c.Column, c.Run, strings.Join(c.Uses, " and "))
		if c.Line > 0 {
			fmt.Fprintf(&b, " (mapping %s, line %d)", e.Mapping, c.Line)
		}
		if c.Now != "" {
			fmt.Fprintf(&b, "; is it %q now? Then map it: objects: {%s: {aliases: {%s: [%s]}}}", c.Now, mapping.YAMLText(c.Object), mapping.YAMLText(c.Column), mapping.YAMLText(c.Now))
		}
		if c.Base {
			b.WriteString("; it tells which records there are, no flag lets that pass, but a mapping that does without it")
		}
	}
	if more := len(e.Columns) - shown; more > 0 {
		fmt.Fprintf(&b, "; and %d more", more)
	}
	b.WriteString("; export them again")
	if len(allow) > shown {
		allow = []string{AllColumns}
	}
	if len(allow) > 0 {
		fmt.Fprintf(&b, ", or say --allow-missing-columns %s: what is made of them then stays in the graph as it is", shellText(strings.Join(allow, ",")))
	}
	return b.String()
}

// shellText writes a text so that a shell reads it as that text.
func shellText(s string) string {
	for _, r := range s {
		if (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("/._,-", r) {
			return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
		}
	}
	return s
}
