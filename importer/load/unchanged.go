package load

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/projectrye/rye-import/importer/graph"
	"github.com/projectrye/rye-import/internal/importdb"
)

// maxHashes is how many records of a source may be known for a run to hold the hashes of all of them, in some 40 bytes
// each. Above it, and where an export claims to be no more than a part, each batch asks for its own records: the
// server looks every key up by its index, which is ten times the work.
const maxHashes = 1_000_000

// unchanged tells the records that are as they were when last used from the others.
type unchanged struct {
	once   sync.Once
	err    error
	asking bool // there are no hashes, and each batch asks

	mu       sync.Mutex
	hashes   map[[16]byte]mark // a hash covers the key of its record too
	repeated bool              // whether some record may have been met twice unchanged
}

// mark is what is known of a hash.
type mark uint8

const (
	markDeleted mark = 1 << iota // the importer archived the record, since it was deleted
	markMet                      // the run has met the record
)

// load gets the hashes, if they are not too many.
func (u *unchanged) load(ctx context.Context, r *Run) error {
	objects := slices.Collect(maps.Values(r.objects))
	return r.db.change(ctx, func(ctx context.Context, q *importdb.Queries) error {
		n, err := q.RecordCount(ctx, importdb.RecordCountParams{ObjectNos: objects, MaxRows: maxHashes + 1})
		if err != nil {
			return err
		}
		if n > maxHashes {
			u.asking = true
			return nil
		}
		lists, err := q.RecordListHashes(ctx, objects)
		if err != nil {
			return err
		}
		u.hashes = make(map[[16]byte]mark, n)
		for _, l := range lists {
			known := mark(0)
			if l.Deleted {
				known = markDeleted
			}
			for hash := range slices.Chunk(l.Hashes, 16) {
				u.hashes[[16]byte(hash)] = known
			}
		}
		return nil
	})
}

// find tells which records are as they were. The positions of the result are those of the records.
func (u *unchanged) find(ctx context.Context, r *Run, records []graph.Record) ([]bool, error) {
	same := make([]bool, len(records))
	if !r.Known {
		return same, nil
	}
	u.once.Do(func() {
		if u.asking = !r.cfg.Full; !u.asking {
			u.err = u.load(ctx, r)
		}
	})
	switch {
	case u.err != nil:
		return nil, fmt.Errorf("comparing with the last run: %w", u.err)
	case u.asking:
		return same, u.ask(ctx, r, records, same)
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	for i := range records {
		rec := &records[i]
		known, ok := u.hashes[rec.Hash]
		if !ok || known&markDeleted != 0 && !rec.Deleted {
			continue
		}
		same[i] = true
		if known&markMet != 0 {
			u.repeated = true
		}
		u.hashes[rec.Hash] = known | markMet
	}
	return same, nil
}

// ask has the server look the records up.
func (u *unchanged) ask(ctx context.Context, r *Run, records []graph.Record, same []bool) error {
	params := importdb.RecordListUnchangedParams{
		ObjectNos: make([]int32, len(records)), LegacyIDs: make([]string, len(records)),
		Hashes: make([][]byte, len(records)), Deleted: make([]bool, len(records)),
	}
	for i := range records {
		params.ObjectNos[i] = r.objects[records[i].Object]
		params.LegacyIDs[i] = records[i].ID
		params.Hashes[i] = records[i].Hash[:]
		params.Deleted[i] = records[i].Deleted
	}
	var positions []int32
	err := r.db.look(ctx, func(ctx context.Context, q *importdb.Queries) (err error) {
		if err := q.SessionTuneLookup(ctx); err != nil {
			return err
		}
		positions, err = q.RecordListUnchanged(ctx, params)
		return err
	})
	if err != nil {
		return fmt.Errorf("comparing with the last run: %w", err)
	}
	for _, p := range positions {
		same[p-1] = true
	}
	return nil
}

// mayRepeat reports whether some record may have been met twice unchanged.
func (u *unchanged) mayRepeat() bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.asking || u.repeated
}
