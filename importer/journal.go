package importer

import (
	"context"

	"github.com/projectrye/rye-import/importer/load"
)

// JournalEntry is a run as the journal has it.
type JournalEntry = load.JournalEntry

// JournalFile is a file that a run has read.
type JournalFile = load.JournalFile

// JournalReject is a record that a run has rejected.
type JournalReject = load.JournalReject

// Journal gives the latest runs, newest first, at most so many.
func (im *Importer) Journal(ctx context.Context, most int) ([]JournalEntry, error) {
	return load.Journal(ctx, im.pool, most)
}

// JournalRun gives the run whose id begins so, or that has this number, with its files and the first
// of its rejects. The error is a *load.RunNotFoundError if there is none, or more than one.
func (im *Importer) JournalRun(ctx context.Context, id string, rejects int) (*JournalEntry, []JournalFile, []JournalReject, error) {
	return load.JournalRun(ctx, im.pool, id, rejects)
}
