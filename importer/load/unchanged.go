package load

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"slices"
	"sync"

	"github.com/projectrye/rye-import/importer/graph"
	"github.com/projectrye/rye-import/internal/importdb"
)

// maxHashes is how many records of a source may be known for a run to hold the hashes of all of them, in 17 bytes
// each. Above it, and where an export claims to be no more than a part, each batch asks for its own records: the
// server looks every key up by its index, which is ten times the work.
const maxHashes = 1_000_000

// unchanged tells the records that are as they were when last used from the others.
type unchanged struct {
	once   sync.Once
	err    error
	asking bool // there are no hashes, and each batch asks

	mu       sync.Mutex
	living   hashSet // a hash covers the key of its record too
	deleted  hashSet // of records that the importer archived since they were deleted
	repeated bool    // whether some record may have been met twice unchanged
}

// prepare gets ready to tell them apart, once.
func (u *unchanged) prepare(ctx context.Context, r *Run) {
	u.once.Do(func() {
		if u.asking = !r.cfg.Full; !u.asking {
			u.err = u.load(ctx, r)
		}
	})
}

// wait returns when nothing is being prepared any more.
func (u *unchanged) wait() { u.once.Do(func() {}) }

// load gets the hashes, if they are not too many.
func (u *unchanged) load(ctx context.Context, r *Run) error {
	var objects []int32
	for name, no := range r.objects {
		if _, kept := r.kept[name]; !kept {
			objects = append(objects, no)
		}
	}
	return r.db.look(ctx, func(ctx context.Context, q *importdb.Queries) error {
		if err := q.SessionTuneHashes(ctx); err != nil {
			return err
		}
		lists, err := q.RecordListHashes(ctx, importdb.RecordListHashesParams{ObjectNos: objects, MaxRows: maxHashes + 1})
		if err != nil {
			return err
		}
		hashes := 0
		for _, l := range lists {
			hashes += len(l.Hashes) / 16
		}
		if hashes > maxHashes {
			u.asking = true
			return nil
		}
		var living, deleted [][]byte
		for _, l := range lists {
			if l.Deleted {
				deleted = append(deleted, l.Hashes)
			} else {
				living = append(living, l.Hashes)
			}
		}
		u.living, u.deleted = newHashSet(living), newHashSet(deleted)
		return nil
	})
}

// find tells which records are as they were. The positions of the result are those of the records.
func (u *unchanged) find(ctx context.Context, r *Run, records []graph.Record) ([]bool, error) {
	same := make([]bool, len(records))
	if !r.Known {
		return same, nil
	}
	u.prepare(ctx, r)
	switch {
	case u.err != nil:
		return nil, fmt.Errorf("comparing with the last run: %w", u.err)
	case u.asking:
		return same, u.ask(ctx, r, records, same)
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	for i := range records {
		known, met := u.living.meet(records[i].Hash)
		if !known && records[i].Deleted {
			known, met = u.deleted.meet(records[i].Hash)
		}
		same[i] = known
		u.repeated = u.repeated || met
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

// hashSet is a set of hashes that knows which of them were met. It is sorted and not a map, which would take twice the
// room.
type hashSet struct {
	sorted [][16]byte
	met    []bool
	first  []int32 // by the first two bytes of a hash: where those begin that have them
}

// newHashSet makes a set of lists of hashes, in each of which one lies behind the other.
func newHashSet(lists [][]byte) hashSet {
	n := 0
	for _, l := range lists {
		n += len(l) / 16
	}
	if n == 0 {
		return hashSet{}
	}
	s := hashSet{sorted: make([][16]byte, 0, n), met: make([]bool, n), first: make([]int32, 1<<16+1)}
	for i, l := range lists {
		for hash := range slices.Chunk(l, 16) {
			s.sorted = append(s.sorted, [16]byte(hash))
		}
		lists[i] = nil
	}
	slices.SortFunc(s.sorted, func(a, b [16]byte) int { return bytes.Compare(a[:], b[:]) })
	for _, hash := range s.sorted {
		s.first[int(binary.BigEndian.Uint16(hash[:]))+1]++
	}
	for i := 1; i < len(s.first); i++ {
		s.first[i] += s.first[i-1]
	}
	return s
}

// meet reports whether a hash is in the set, and whether it was met before.
func (s *hashSet) meet(hash [16]byte) (known, before bool) {
	if len(s.sorted) == 0 {
		return false, false
	}
	two := int(binary.BigEndian.Uint16(hash[:]))
	for i := s.first[two]; i < s.first[two+1]; i++ {
		if s.sorted[i] == hash {
			before = s.met[i]
			s.met[i] = true
			return true, before
		}
	}
	return false, false
}
