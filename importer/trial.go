package importer

import (
	"context"
	"errors"
	"fmt"

	"github.com/projectrye/rye-import/importer/decode"
	"github.com/projectrye/rye-import/importer/graph"
	"github.com/projectrye/rye-import/importer/mapping"
	"github.com/projectrye/rye-import/importer/report"
)

// trial maps the records of one file and counts what would become of them.
type trial struct {
	file    *surveyed
	mapping *mapping.Mapping
	cfg     Config
	lookups map[string]bool
	mappers map[mapperKey]*mapping.Mapper
	batch   *graph.Batch // of one record
	refs    *references
	objects map[string]*report.InspectedObject
	rejects report.Counts

	// mapped is told of each record that has been mapped or rejected. May be nil.
	mapped func(object string, m *mapping.Mapper, rec decode.Record, b *graph.Batch, rejected *mapping.FieldError)
}

func newTrial(f *surveyed, m *mapping.Mapping, cfg Config) *trial {
	return &trial{
		file: f, mapping: m, cfg: cfg, lookups: lookupsOf(m), mappers: make(map[mapperKey]*mapping.Mapper), batch: &graph.Batch{},
		refs: newReferences(), objects: make(map[string]*report.InspectedObject), rejects: report.Counts{},
	}
}

// hasRecords reports whether the file is of a format that has records.
func (s *surveyed) hasRecords() bool {
	switch s.profile.Format {
	case decode.FormatCSV, decode.FormatJSON, decode.FormatNDJSON:
		return true
	}
	return false
}

// settleFormats finds out how dates and numbers are written. Where nothing decides it, a run would stop;
// here it is told, and the records are mapped as if one way were meant.
func (t *trial) settleFormats(ctx context.Context) ([]*mapping.UndecidedError, error) {
	f := t.file
	if f.object == "" || f.profile.Format != decode.FormatCSV {
		return nil, nil
	}
	formats, open, err := fileFormats(ctx, f, t.mapping, t.cfg)
	if err != nil {
		return nil, err
	}
	for _, u := range open {
		if formats == nil {
			formats = make(mapping.Formats)
		}
		formats[u.Column] = mapping.Format{Order: mapping.DateOrderMDY, Decimal: mapping.DecimalPoint}
	}
	f.formats = formats
	return open, nil
}

func (t *trial) object(name string) *report.InspectedObject {
	o := t.objects[name]
	if o == nil {
		o = &report.InspectedObject{}
		t.objects[name] = o
	}
	return o
}

// unmapped counts a record that the mapping has no use for.
func (t *trial) unmapped(kind string) {
	o := t.object(t.file.labelOf(kind))
	o.Read++
	o.Unmapped = true
}

// bad counts a record that cannot be decoded.
func (t *trial) bad(e *decode.RecordError) {
	if t.file.objectOf(t.mapping, e.Type) == "" && (!t.file.typed || e.Type != "") {
		t.unmapped(e.Type)
		return
	}
	o := t.object(t.file.labelOf(e.Type))
	o.Read++
	o.Rejected++
	t.rejects[e.Code]++
}

// record maps a record.
func (t *trial) record(rec decode.Record) error {
	f, b := t.file, t.batch
	object := f.objectOf(t.mapping, rec.Type)
	if object == "" {
		t.unmapped(rec.Type)
		return nil
	}
	o := t.object(t.mapping.RecordObject(object))
	o.Read++
	key := mapperKey{f, object, rec.Header}
	m := t.mappers[key]
	if m == nil {
		plan, err := t.mapping.Compile(object, rec.Header.Names, settings(t.cfg, f))
		if err != nil {
			return err
		}
		m = plan.NewMapper()
		t.mappers[key] = m
	}
	b.Reset()
	skipped, err := m.Map(b, 1, rec.Line, rec.Cells)
	var fe *mapping.FieldError
	switch {
	case errors.As(err, &fe):
		o.Rejected++
		t.rejects[fe.Code]++
	case err != nil:
		return fmt.Errorf("line %d: %w", rec.Line, err)
	case skipped != "":
		o.Filtered++
		count(&o.Filters, skipped)
	default:
		t.refs.add(b, t.lookups)
		becomes(o, b)
	}
	if t.mapped != nil && skipped == "" {
		t.mapped(object, m, rec, b, fe)
	}
	return nil
}

// becomes counts what a record becomes.
func becomes(o *report.InspectedObject, b *graph.Batch) {
	for i := range b.Nodes {
		count(&o.Nodes, b.Nodes[i].Type)
	}
	for i := range b.Links {
		count(&o.Edges, b.Links[i].EdgeType)
	}
	for i := range b.Facts {
		count(&o.Facts, b.Facts[i].Type)
	}
	for i := range b.Events {
		count(&o.Events, b.Events[i].Type)
	}
}

func count(c *report.Counts, what string) {
	if *c == nil {
		*c = report.Counts{}
	}
	(*c)[what]++
}
