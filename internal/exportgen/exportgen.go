// Package exportgen writes Salesforce weekly exports of any size for benchmarks and scale tests.
//
// The files look like those of Setup > Data Export: one <Object>.csv per object, every cell
// quoted, times without a zone, booleans as 0 and 1, null lookups as 000000000000000AAA, ids of
// 18 characters with a valid suffix. All people, companies and deals are made up.
//
// An export is a function of its [Options]: the same options give the same bytes, on any machine.
// Nothing is held in memory but one row, since each record can be computed from its number alone.
//
// The package does not try to be hostile: every reference resolves, no row is broken, no record is
// deleted or merged. Broken input lives in fixtures/hostile, odd input in fixtures/salesforce.
package exportgen

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// DefaultPrefix is the instance part of the ids when [Options.Prefix] is empty.
const DefaultPrefix = "5g"

// MinRecords is the smallest export that [Write] makes: below it the proportions would leave some
// object without rows.
const MinRecords = 500

// bufferSize is large enough that the writes do not show in a profile.
const bufferSize = 1 << 20

// Options say which export to write. Two exports that differ only in ChangePercent hold the same
// records, so the second is a later export of the same system.
type Options struct {
	// ChangePercent is the share of all records, in percent, whose content differs from the
	// export without changes. The changes fall on contacts (title and phone) and opportunities
	// (amount or stage), whose LastModifiedDate and SystemModstamp then lie in the week after the
	// base export. OpportunityHistory stays as it was: the history of a changed deal lags behind,
	// and the number of records does not move. Defaults to 0; about 30 is the most.
	ChangePercent float64

	// Prefix is the instance part of every id: its fourth and fifth character, both of
	// 0-9A-Za-z. Exports of different prefixes have no id in common. Defaults to DefaultPrefix.
	Prefix string

	// Records is the number of records of all objects together, at least MinRecords.
	Records int

	// Seed chooses names, amounts, dates and links.
	Seed uint64
}

// Manifest says what was written, for comparing it with what a database holds afterwards.
type Manifest struct {
	// Amounts holds per currency the exact sum of Opportunity.Amount, as a decimal.
	Amounts map[string]string `json:"amounts"`

	// Bytes is the size of all files together.
	Bytes int64 `json:"bytes"`

	// Changed is the number of records that [Options.ChangePercent] changed.
	Changed int `json:"changed"`

	// Objects holds the files by the name of their object.
	Objects map[string]ObjectManifest `json:"objects"`

	// Records is the number of records of all objects together.
	Records int `json:"records"`
}

// ObjectManifest says what the file of one object holds.
type ObjectManifest struct {
	// Bytes is the size of the file.
	Bytes int64 `json:"bytes"`

	// Changed is the number of records that differ from the export without changes.
	Changed int `json:"changed"`

	// File is the name of the file, without its folder.
	File string `json:"file"`

	// Records is the number of data rows.
	Records int `json:"records"`
}

// Write makes the folder dir where it is missing and writes the export into it, replacing files of
// the same names.
func Write(dir string, opts Options) (Manifest, error) {
	g, err := newGenerator(opts)
	if err != nil {
		return Manifest{}, err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return Manifest{}, fmt.Errorf("making the folder of the export: %w", err)
	}

	manifest := Manifest{Objects: make(map[string]ObjectManifest)}
	for _, table := range g.tables() {
		object, err := g.writeTable(dir, table)
		if err != nil {
			return Manifest{}, fmt.Errorf("writing %s: %w", object.File, err)
		}
		manifest.Objects[table.object] = object
		manifest.Bytes += object.Bytes
		manifest.Changed += object.Changed
		manifest.Records += object.Records
	}
	manifest.Amounts = g.amounts()
	return manifest, nil
}

// table is one object of the export: its header and a function that appends record i to the row.
type table struct {
	object  string
	columns []string
	records int
	changed int
	fill    func(r *row, i int)
}

func (g *generator) writeTable(dir string, t table) (_ ObjectManifest, err error) {
	object := ObjectManifest{Changed: t.changed, File: t.object + ".csv", Records: t.records}

	file, err := os.Create(filepath.Join(dir, object.File))
	if err != nil {
		return object, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()

	out := bufio.NewWriterSize(file, bufferSize)
	r := &row{}
	for _, column := range t.columns {
		r.text(column)
	}
	for i := -1; i < t.records; i++ {
		if i >= 0 {
			t.fill(r, i)
			if r.cells != len(t.columns) {
				return object, fmt.Errorf("record %d has %d cells for %d columns", i, r.cells, len(t.columns))
			}
		}
		line := r.end()
		object.Bytes += int64(len(line))
		if _, err := out.Write(line); err != nil {
			return object, err
		}
		r.reset()
	}
	return object, out.Flush()
}
