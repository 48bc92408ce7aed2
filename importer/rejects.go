package importer

import (
	"context"
	"fmt"
	"io"
	"path/filepath"

	"github.com/projectrye/rye-import/importer/decode"
	"github.com/projectrye/rye-import/importer/load"
	"github.com/projectrye/rye-import/importer/report"
)

// writeRejects writes a file for each object with rejects and gives the folder, or "" if there are
// none. The rows are read again from the export, so that they stand there as they were.
func (r *runner) writeRejects(ctx context.Context, ledger *load.Ledger) (string, error) {
	if r.planning != nil {
		return "", nil // a plan writes nothing
	}
	rejected, err := ledger.Files(ctx)
	if err != nil || len(rejected) == 0 {
		return "", err
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
			return "", fmt.Errorf("writing rejects of %s: %w", byNo[rf.FileNo].file.Path, closeAfter(w, err))
		}
	}
	return dir, w.Close()
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
