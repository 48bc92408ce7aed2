package importer

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"runtime/debug"
	"slices"

	"github.com/projectrye/rye-import/importer/load"
	"github.com/projectrye/rye-import/importer/mapping"
)

// keptFile is a file that is as it was in the last run, so that reading it would tell nothing new.
type keptFile struct {
	run   int32 // the last one
	tally fileTally
}

// fileTally is what a run has counted in a file, as the next run finds it in the journal.
type fileTally struct {
	Reading string                     `json:"reading"` // what the file was read by
	Settled bool                       `json:"settled"` // nothing would come of reading it again
	Objects map[string]objectFileTally `json:"objects"`
	Links   map[string]int64           `json:"links"`
	Records int64                      `json:"records"`
	Own     int64                      `json:"own"` // records that are not within others
	Footers int64                      `json:"footers"`
	Columns map[string][]string        `json:"columns"`
}

type objectFileTally struct {
	Read     int64            `json:"read"`
	Staged   int64            `json:"staged"`
	Filtered map[string]int64 `json:"filtered,omitempty"`
	Unmapped bool             `json:"unmapped,omitempty"`
}

// reading tells, in a few letters, all that decides what becomes of a file besides its bytes: the mapping, the time zone, the program, and
// what the configuration says. It is empty if the program cannot tell itself from another version.
func reading(c Config, m *mapping.Mapping, zone string) string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	// A build of sources that are under work has no version of its own.
	path, err := os.Executable()
	if err != nil {
		return ""
	}
	file, err := os.Stat(path)
	if err != nil {
		return ""
	}
	h := sha256.New()
	err = json.NewEncoder(h).Encode([]any{
		info.String(), file.Size(), file.ModTime().UnixNano(), m.Version(), zone,
		c.DateOrder, c.Decimal, c.Decode, c.AllowMissingColumns, c.ArchiveMissing,
	})
	if err != nil {
		return ""
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}

// keepFiles finds the files that need not be read, and gives the objects whose records are all in such files, with their number.
func (r *runner) keepFiles(ctx context.Context) (map[string]int64, error) {
	if r.planning != nil || r.cfg.Delta || slices.ContainsFunc(r.files, func(f *stagedFile) bool { return f.profile.Reject }) {
		return nil, nil
	}
	last, asked, err := load.LastFiles(ctx, r.pool, r.summary.Source)
	if err != nil {
		return nil, err
	}
	open := make(map[string]bool)
	for _, object := range slices.Concat(asked, mergedByOthers(r.mapping)) {
		open[object] = true
	}
	keep(r.files, last, r.reading, open, r.mapping)
	objects := make(map[string]int64)
	files := 0
	for _, f := range r.files {
		if f.kept == nil {
			continue
		}
		files++
		for name, o := range f.kept.tally.Objects {
			if !o.Unmapped {
				objects[name] += o.Staged
			}
		}
	}
	if files > 0 {
		r.cfg.Logger.Info("files that are as in the last run are not read", "files", files, "run", last[0].Run)
	}
	return objects, nil
}

// mergedByOthers names the objects whose records may be named by those of another object as merged into them: what becomes of these
// records depends on more than their own files.
func mergedByOthers(m *mapping.Mapping) []string {
	var names []string
	for name, o := range m.Objects {
		if o.Merged == nil {
			continue
		}
		for _, dead := range o.Merged.Objects {
			if dead = m.RecordObject(dead); dead != m.RecordObject(name) {
				names = append(names, dead)
			}
		}
	}
	return names
}

// keep finds the files that were in the last run too, read by the same and settled. Of an object either all files are kept or none,
// and none of those that are open: so no record of a file that is kept can meet another of its key.
func keep(files []*stagedFile, last []load.LastFile, by string, open map[string]bool, m *mapping.Mapping) {
	if by == "" {
		return
	}
	type key struct{ object, format, encoding, sha256 string }
	before := make(map[key][]*keptFile)
	for _, l := range last {
		k := &keptFile{run: l.Run}
		if l.Tally == nil || json.Unmarshal(l.Tally, &k.tally) != nil {
			return // it is of another version of the program: who knows of which objects it had records
		}
		if k.tally.Reading != by || !k.tally.Settled {
			k.tally.open(open)
			continue
		}
		at := key{l.Object, l.Format, l.Encoding, l.SHA256}
		before[at] = append(before[at], k)
	}
	anything := false // may be in a file that has to be read
	for _, f := range files {
		at := key{f.label(), string(f.profile.Format), f.profile.Encoding, f.profile.SHA256}
		same := before[at]
		if len(same) == 0 {
			anything = anything || f.typed // its records may be of any object
			f.open(m, open)
			continue
		}
		f.kept, before[at] = same[0], same[1:]
	}
	for _, gone := range before {
		for _, k := range gone {
			k.tally.open(open)
		}
	}
	for again := true; again; {
		again = false
		for _, f := range files {
			if f.kept != nil && (anything || f.kept.tally.anyOf(open)) {
				f.kept.tally.open(open)
				f.kept, again = nil, true
			}
		}
	}
}

// open adds the objects that the file may have records of.
func (s *surveyed) open(m *mapping.Mapping, open map[string]bool) {
	open[s.label()] = true
	for _, c := range s.children {
		open[s.labelOf(c.Type)] = true
		open[m.RecordObject(m.ObjectOfType(c.Type))] = true
	}
}

// open adds the objects that the file has records of.
func (t *fileTally) open(open map[string]bool) {
	for name := range t.Objects {
		open[name] = true
	}
}

func (t *fileTally) anyOf(open map[string]bool) bool {
	for name := range t.Objects {
		if open[name] {
			return true
		}
	}
	return false
}

// keep counts a file that is kept as if it had been read.
func (f *stagedFile) keep() *tally {
	k := &f.kept.tally
	f.own, f.columns = k.Own, k.Columns
	t := newTally()
	t.records, t.footers = k.Records, k.Footers
	addCounts(t.unchanged, k.Links)
	for name, o := range k.Objects {
		mine := t.object(name)
		mine.read, mine.staged, mine.unmapped = o.Read, o.Staged, o.Unmapped
		addCounts(mine.filtered, o.Filtered)
	}
	return t
}

// settleFiles gives what the next run may want to know of the files.
func (r *runner) settleFiles(o *load.Outcome, rejected []load.RejectedFile) (map[int32]json.RawMessage, error) {
	doubtful := make(map[int32]bool)
	for _, f := range rejected {
		doubtful[f.FileNo] = true
	}
	lost := make(map[string]bool)
	for _, l := range o.Losers {
		lost[l.Object] = true
	}
	all := make(map[int32]json.RawMessage, len(r.files))
	for _, f := range r.files {
		t := r.tallies.of(f.no)
		own := fileTally{
			Reading: r.reading, Settled: !t.asked && !doubtful[f.no] && !f.profile.Reject, Objects: make(map[string]objectFileTally),
			Links: make(map[string]int64), Records: t.records, Own: f.own, Footers: t.footers, Columns: f.columns,
		}
		addCounts(own.Links, t.unchanged)
		addCounts(own.Links, t.found)
		for name, o := range t.objects {
			own.Objects[name] = objectFileTally{Read: o.read, Staged: o.staged, Filtered: o.filtered, Unmapped: o.unmapped}
			own.Settled = own.Settled && !lost[name]
		}
		text, err := json.Marshal(own)
		if err != nil {
			return nil, fmt.Errorf("noting what was counted in %s: %w", f.file.Path, err)
		}
		all[f.no] = text
	}
	return all, nil
}
