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

// JournalSettlement tells what became of the rejects of a run since.
type JournalSettlement = load.JournalSettlement

// JournalSettled tells what became of the rejects of the run with a number: which later runs could use
// them, and how many are open. A run that was taken back settles nothing.
func (im *Importer) JournalSettled(ctx context.Context, run int32) (*JournalSettlement, error) {
	return load.JournalSettled(ctx, im.pool, run)
}

// Journal gives the latest runs, newest first, at most so many.
func (im *Importer) Journal(ctx context.Context, most int) ([]JournalEntry, error) {
	return load.Journal(ctx, im.pool, most)
}

// JournalRun gives the run whose id begins so, or that has this number, with its files and the first
// of its rejects. The error is a *load.RunNotFoundError if there is none, or more than one.
func (im *Importer) JournalRun(ctx context.Context, id string, rejects int) (*JournalEntry, []JournalFile, []JournalReject, error) {
	return load.JournalRun(ctx, im.pool, id, rejects)
}
