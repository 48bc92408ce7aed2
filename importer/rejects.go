package importer

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"slices"
	"syscall"

	"github.com/projectrye/rye-import/importer/decode"
	"github.com/projectrye/rye-import/importer/load"
	"github.com/projectrye/rye-import/importer/mapping"
	"github.com/projectrye/rye-import/importer/report"
)

// writeRejects writes a file for each object with rejects and gives the folder, or "" if there are
// none. The rows are read again from the export, so that they stand there as they were.
func (r *runner) writeRejects(ctx context.Context, ledger *load.Ledger, rejected []load.RejectedFile) (string, error) {
	if r.planning != nil || len(rejected) == 0 {
		return "", nil // a plan writes nothing
	}
	dir, err := filepath.Abs(filepath.Join(r.cfg.RejectsDir, r.summary.RunID))
	if err != nil {
		return "", fmt.Errorf("naming the folder of the rejects: %w", err)
	}
	byNo := make(map[int32]*stagedFile, len(r.files))
	for _, f := range r.files {
		byNo[f.no] = f
	}
	w := report.NewRejectWriter(dir, r.summary.RunID)
	for _, rf := range rejected {
		f := byNo[rf.FileNo]
		if f.isChild(rf.Object) {
			w.Columns(rf.Object, f.columns[rf.Object])
		}
		if f.typed || !f.isChild(rf.Object) || rf.Object == f.object {
			w.Columns(rf.Object, f.columns[""])
		}
	}
	done := make(map[int32]bool)
	for _, rf := range rejected {
		if done[rf.FileNo] {
			continue
		}
		done[rf.FileNo] = true
		if err := r.copyRejects(ctx, w, byNo[rf.FileNo], ledger); err != nil {
			return "", whereToWrite(fmt.Errorf("writing rejects of %s: %w", byNo[rf.FileNo].file.Path, closeAfter(w, err)))
		}
	}
	if err := w.Close(); err != nil {
		return "", whereToWrite(fmt.Errorf("writing rejects: %w", err))
	}
	return dir, nil
}

// whereToWrite says what to do where reject files cannot be written.
func whereToWrite(err error) error {
	switch {
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT), errors.Is(err, syscall.EFBIG):
		return fmt.Errorf("%w; the disk of the reject files is full: make room there, or name another folder with --rejects", err)
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS), errors.Is(err, syscall.ENOTDIR):
		return fmt.Errorf("%w; name a folder that can be written to with --rejects", err)
	}
	return err
}

func closeAfter(w *report.RejectWriter, err error) error {
	_ = w.Close() // the first error says why
	return err
}

// copyRejects copies the rejected rows of one file. However many they are, no more than a page of
// them is held.
func (r *runner) copyRejects(ctx context.Context, w *report.RejectWriter, f *stagedFile, ledger *load.Ledger) error {
	var page []load.Reject
	var current load.Reject
	wanted := func() (int64, error) {
		if len(page) == 0 {
			var err error
			if page, err = ledger.Page(ctx, f.no, current.Rec); err != nil {
				return 0, err
			}
			if len(page) == 0 {
				return 0, io.EOF
			}
		}
		current, page = page[0], page[1:]
		return current.Rec - f.first + 1, nil
	}
	return decode.Raw(ctx, f.file.Open, f.profile, f.options(r.cfg), wanted, func(row decode.RawRecord) error {
		value := current.Value
		if row.Text != "" {
			value = row.Text
		}
		return w.Write(current.Object, row.Names, row.Cells, report.RejectTrailer{
			File: f.file.Path, Line: row.Line, Column: current.Column, Value: value,
			Code: current.Code, Reason: current.Reason, Stage: current.Stage,
		})
	})
}

// allRejects reports whether all files with records are reject files. Such a run brings back single
// records: it is a delta by nature.
func allRejects(files []*surveyed) bool {
	any := false
	for _, f := range files {
		if !f.hasRecords() {
			continue
		}
		if !f.profile.Reject {
			return false
		}
		any = true
	}
	return any
}

// fillReturned tells of which earlier runs rejects came back.
func (r *runner) fillReturned(o *load.Outcome) {
	for _, b := range o.Returned {
		r.summary.Rejects.Returned = append(r.summary.Rejects.Returned, report.Returned{
			Run: b.Run, RunID: b.RunID.String(), Settled: b.Settled, Again: b.Again, Open: b.Open,
		})
	}
}

// fillGroups tells why records were rejected, and what settles each cause.
func (r *runner) fillGroups(ctx context.Context, ledger *load.Ledger) error {
	groups, err := ledger.Groups(ctx)
	if err != nil {
		return err
	}
	byNo := make(map[int32]*stagedFile, len(r.files))
	for _, f := range r.files {
		byNo[f.no] = f
	}
	type cause struct{ object, code, column, shape, reason string }
	place := make(map[cause]int)
	r.summary.Rejects.Groups = nil
	for _, g := range groups {
		f := byNo[g.FileNo]
		object := f.shapeOf(r.mapping, g.Object)
		key := cause{object, g.Code, g.Column, g.Shape, ""}
		if g.Stage == "map" {
			key.reason = g.Reason
		}
		if i, ok := place[key]; ok { // the same in another file
			r.summary.Rejects.Groups[i].Records += g.Records
			continue
		}
		place[key] = len(r.summary.Rejects.Groups)
		r.summary.Rejects.Groups = append(r.summary.Rejects.Groups, report.RejectGroup{
			Code: g.Code, Object: g.Object, Column: g.Column, Shape: g.Shape, Stage: g.Stage, Reason: g.Reason, Records: g.Records,
			File: f.file.Path, Line: int(g.Line), Settle: r.settleOf(f, object, g),
		})
	}
	slices.SortStableFunc(r.summary.Rejects.Groups, func(a, b report.RejectGroup) int { return cmp.Compare(b.Records, a.Records) })
	return nil
}

// shapeOf gives the object of the mapping by which records of a file were read.
func (s *surveyed) shapeOf(m *mapping.Mapping, record string) string {
	if s.object != "" && s.record == record {
		return s.object
	}
	if object := m.ObjectOfType(record); object != "" {
		return object
	}
	return record
}

// settleOf tells what settles a group of rejects.
func (r *runner) settleOf(f *stagedFile, object string, g load.RejectGroup) report.Settle {
	if text, ok := rowRepairs[g.Code]; ok {
		return report.Settle{Text: text}
	}
	header := f.columns[""]
	if f.isChild(g.Object) {
		header = f.columns[g.Object]
	}
	remedy := r.mapping.Remedy(mapping.Cause{
		Object: object, Code: g.Code, Column: g.Column, Reason: g.Reason, Values: g.Values, Header: header,
		Orders: mapping.Orders{First: g.First, Second: g.Second},
	})
	s := report.Settle{Flag: remedy.Flag, Mapping: remedy.Mapping, Text: remedy.Text}
	if s.Mapping != "" && r.cfg.Mapping == nil {
		s.Extends = r.mapping.Name
	}
	return s
}

// rowRepairs tell what is wrong with rows that nothing but their repair will settle.
var rowRepairs = map[string]string{
	decode.CodeBadJSON:        "repair the records: each is one JSON object",
	decode.CodeBadQuote:       "repair the rows: a quote within a cell is written twice, and the cell stands in quotes",
	decode.CodeDuplicateKey:   "repair the records: of two values under one key, one must go",
	decode.CodeInvalidUTF8:    "repair the rows: these cells are not in the encoding of the file; if no cell of it is, say --encoding",
	decode.CodeNoParent:       "repair the record above; the rows that go on with it load together with it",
	decode.CodeNULByte:        "repair the rows: take the NUL characters out of the cells",
	decode.CodeRaggedRow:      "repair the rows: one cell for each column; a cell with the delimiter in it stands in quotes",
	decode.CodeRecordTooLarge: "shorten the records; what makes them so large is often an open quote or an attachment",
}
