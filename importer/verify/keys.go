package verify

import (
	"cmp"
	"math"
	"slices"
)

// keys are those of the records of an export, by their hashes. Of some that are the same the record is used that has the
// latest version, or came first. Until it is asked, it holds 24 bytes for each record, then 8 and a bit.
type keys struct {
	noted  [keyParts][]noted  // by the first bits of the hash
	hashes [keyParts][]uint64 // in order, each once
	used   []uint64           // a bit for each record that is used, by its number
	sorted bool
}

// keyParts is into how many parts keys are divided, so that no more than one is held twice while they are put in order.
const keyParts = 256

// noted is a record, or a rejected one, that has a key.
type noted struct {
	hash    uint64
	version int64 // microseconds; the least there is, if the record has none
	rec     int64
}

// rejected is the number of all rejected records: used is what else has the key.
const rejected = math.MaxInt64

func (k *keys) note(n noted) {
	part := n.hash >> 56
	k.noted[part] = append(k.noted[part], n)
}

// sort finds out which records are used, once. Nothing may be noted any more, and nothing be asked before.
func (k *keys) sort() {
	if k.sorted {
		return
	}
	k.sorted = true
	for part, all := range k.noted {
		slices.SortFunc(all, func(a, b noted) int {
			return cmp.Or(cmp.Compare(a.hash, b.hash), cmp.Compare(b.version, a.version), cmp.Compare(a.rec, b.rec))
		})
		all = slices.CompactFunc(all, func(a, b noted) bool { return a.hash == b.hash })
		hashes := make([]uint64, len(all))
		for i, n := range all {
			hashes[i] = n.hash
			if n.rec != rejected {
				k.use(n.rec)
			}
		}
		k.hashes[part], k.noted[part] = hashes, nil
	}
}

func (k *keys) use(rec int64) {
	word := int(rec / 64)
	if word >= len(k.used) {
		k.used = append(k.used, make([]uint64, word+1-len(k.used))...)
	}
	k.used[word] |= 1 << (rec % 64)
}

// uses reports whether a record is used of those that have its key.
func (k *keys) uses(rec int64) bool {
	word := int(rec / 64)
	return word < len(k.used) && k.used[word]&(1<<(rec%64)) != 0
}

// has reports whether any record has a key.
func (k *keys) has(hash uint64) bool {
	_, found := slices.BinarySearch(k.hashes[hash>>56], hash)
	return found
}
