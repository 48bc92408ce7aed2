package importer

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/projectrye/rye-import/importer/decode"
	"github.com/projectrye/rye-import/importer/graph"
	"github.com/projectrye/rye-import/importer/load"
	"github.com/projectrye/rye-import/importer/mapping"
)

// tally counts what became of records before the database saw them: of a file, or of all.
type tally struct {
	objects   map[string]*objectTally
	records   int64
	unchanged map[string]int64 // links of unchanged records
	found     map[string]int64 // links that were staged
	footers   int64
	asked     bool // whether more is asked of some record than whether it is as it was
}

type objectTally struct {
	read, rejected, staged int64
	spent                  time.Duration    // by workers, mapping and staging
	filtered               map[string]int64 // by reason
	unmapped               bool
}

func newTally() *tally {
	return &tally{objects: make(map[string]*objectTally), unchanged: make(map[string]int64), found: make(map[string]int64)}
}

func (t *tally) object(name string) *objectTally {
	o := t.objects[name]
	if o == nil {
		o = &objectTally{filtered: make(map[string]int64)}
		t.objects[name] = o
	}
	return o
}

func (t *tally) add(u *tally) {
	for name, o := range u.objects {
		mine := t.object(name)
		mine.read += o.read
		mine.rejected += o.rejected
		mine.staged += o.staged
		mine.spent += o.spent
		mine.unmapped = mine.unmapped || o.unmapped
		addCounts(mine.filtered, o.filtered)
	}
	addCounts(t.unchanged, u.unchanged)
	addCounts(t.found, u.found)
	t.records += u.records
	t.footers += u.footers
	t.asked = t.asked || u.asked
}

// tallies are those of files, by their numbers.
type tallies map[int32]*tally

func (t tallies) of(file int32) *tally {
	f := t[file]
	if f == nil {
		f = newTally()
		t[file] = f
	}
	return f
}

func (t tallies) add(u tallies) {
	for file, f := range u {
		t.of(file).add(f)
	}
}

// sum is the tally of all files.
func (t tallies) sum() *tally {
	all := newTally()
	for _, f := range t {
		all.add(f)
	}
	return all
}

func addCounts[K comparable](to, from map[K]int64) {
	for k, n := range from {
		to[k] += n
	}
}

// chunk is a batch of records on its way from the reader to a worker.
type chunk struct {
	file    *stagedFile
	records []numbered
}

// numbered is a record with its number in the run.
type numbered struct {
	decode.Record
	rec int64
}

// stagedFile is a file while it is staged.
type stagedFile struct {
	*surveyed
	no      int32
	first   int64               // number of its first record in the run
	own     int64               // records that are not within others
	columns map[string][]string // of the records of each child's type, and under "" of all others
	kept    *keptFile           // what is known of it and makes reading it needless; nil if it has to be read
}

// noteColumns notes the columns that records have been found to have.
func (f *stagedFile) noteColumns(r decode.Reader) {
	f.columns = map[string][]string{"": r.Columns("")}
	for _, c := range f.children {
		f.columns[c.Type] = r.Columns(c.Type)
	}
}

// sink takes what records become: a run, or who only looks at it. Its methods are called concurrently, and
// keep nothing of a batch.
type sink interface {
	Stage(ctx context.Context, file int32, b *graph.Batch) (load.Staged, error)
	Reject(ctx context.Context, file int32, rejects []load.Reject) error
}

// pipeline is the concurrent part of a run: one reader, and workers that map and stage what it
// reads. The queue between them is bounded, so that a slow database slows the reader down.
type pipeline struct {
	cfg     Config
	run     sink
	mapping *mapping.Mapping
	phase   string // that progress names; default "stage"

	// filtered is told of records that the mapping leaves out; may be nil.
	filtered func(ctx context.Context, file int32, list []load.Filtered) error

	queue chan chunk
	spare chan []numbered // room of chunks that are done with

	// origins is told where the rows of reject files stood first. May be nil.
	origins func(ctx context.Context, origins []load.Origin) error

	mu      sync.Mutex
	tallies tallies
	rejects atomic.Int64
	records atomic.Int64
	bytes   atomic.Int64
	report  *throttle
}

// stage reads all files and copies what they become into staging.
func (p *pipeline) stage(ctx context.Context, files []*stagedFile) error {
	p.queue = make(chan chunk, p.cfg.Workers)
	p.spare = make(chan []numbered, 2*p.cfg.Workers+1) // as many as there are chunks at a time
	var total int64
	p.tallies = make(tallies, len(files))
	for _, f := range files {
		if f.kept == nil {
			total += f.profile.Bytes
		}
	}
	p.report = newThrottle(p.cfg.Progress, Progress{Phase: cmp.Or(p.phase, "stage"), Total: total})
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		defer close(p.queue)
		return p.read(ctx, files)
	})
	for range p.cfg.Workers {
		g.Go(func() error { return p.work(ctx) })
	}
	return g.Wait()
}

// read hands out the records of all files in order, a chunk at a time. Records are numbered in this
// order, bad ones too, which makes the result independent of which worker is faster.
func (p *pipeline) read(ctx context.Context, files []*stagedFile) error {
	own := make(tallies)
	defer p.addTallies(own)
	next := int64(1)
	for _, f := range files {
		if f.kept != nil {
			own.of(f.no).add(f.keep())
			continue
		}
		var err error
		if next, err = p.readFile(ctx, f, next, own); err != nil {
			return inFile(f.file, err)
		}
	}
	return nil
}

// addTallies adds what one of the concurrent parts has counted.
func (p *pipeline) addTallies(own tallies) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.tallies.add(own)
}

func (p *pipeline) readFile(ctx context.Context, f *stagedFile, next int64, all tallies) (int64, error) {
	rc, err := f.file.Open()
	if err != nil {
		return next, err
	}
	r, err := decode.NewReader(&counted{ReadCloser: rc, n: &p.bytes}, f.profile, f.options(p.cfg))
	if err != nil {
		return next, errors.Join(err, rc.Close())
	}
	defer r.Close()
	defer f.noteColumns(r)

	f.first = next
	own := all.of(f.no)
	if f.object != "" {
		own.object(f.record) // also if it turns out to have no records
	}
	c := p.newChunk(f)
	size := 0
	var bad []load.Reject
	var returned []load.Origin
	flush := func() error {
		if err := p.noteOrigins(ctx, returned); err != nil {
			return err
		}
		returned = nil
		if len(bad) > 0 {
			if err := p.reject(ctx, f, bad, own); err != nil {
				return err
			}
			bad = nil
		}
		if len(c.records) == 0 {
			return nil
		}
		select {
		case p.queue <- c:
		case <-ctx.Done():
			return ctx.Err()
		}
		p.progress()
		c = p.newChunk(f)
		size = 0
		return nil
	}
	for ; ; next++ {
		rec, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		re := errorOf[*decode.RecordError](err)
		switch {
		case re != nil:
			own.records++
			p.records.Add(1)
			if !f.isChild(re.Type) {
				f.own++
			}
			label := f.labelOf(re.Type)
			if p.objectOf(f, re.Type) == "" && (!f.typed || re.Type != "") {
				p.unmapped(own, label, f)
				continue
			}
			own.object(label).read++
			bad = append(bad, load.Reject{
				Rec: next, Line: int32(re.Line), Object: label, Column: re.Column, Value: re.Value, Code: re.Code, Reason: re.Reason, Stage: "decode",
			})
			returned = appendOrigin(returned, next, label, re.Origin)
			if len(bad) < 500 {
				continue
			}
		case err != nil:
			return next, err
		default:
			own.records++
			p.records.Add(1)
			if !f.isChild(rec.Type) {
				f.own++
			}
			c.records = append(c.records, numbered{rec, next})
			for _, cell := range rec.Cells {
				size += len(cell)
			}
			if len(c.records) < p.cfg.BatchSize && size < maxBatchBytes {
				continue
			}
		}
		if err := flush(); err != nil {
			return next, err
		}
	}
	own.footers += int64(r.Footer())
	err = flush()
	p.done(c)
	return next, err
}

// errorOf gives the error of a type that an error is, or nil. Nearly all records are good, and to look for it takes memory.
func errorOf[T error](err error) T {
	if err == nil {
		var none T
		return none
	}
	var found T
	errors.As(err, &found)
	return found
}

// newChunk begins a chunk of a file, in the room of one that is done with.
func (p *pipeline) newChunk(f *stagedFile) chunk {
	select {
	case records := <-p.spare:
		return chunk{file: f, records: records}
	default:
		return chunk{file: f}
	}
}

// done keeps the room of a chunk for another one.
func (p *pipeline) done(c chunk) {
	clear(c.records)
	select {
	case p.spare <- c.records[:0]:
	default: // unreachable: so many there never are
	}
}

// noteOrigins passes on where rows of a reject file stood first.
func (p *pipeline) noteOrigins(ctx context.Context, origins []load.Origin) error {
	if len(origins) == 0 || p.origins == nil {
		return nil
	}
	return p.origins(ctx, origins)
}

// appendOrigin adds where a record stood first, if it is of a reject file.
func appendOrigin(to []load.Origin, rec int64, object string, o *decode.Origin) []load.Origin {
	if o == nil {
		return to
	}
	return append(to, load.Origin{Rec: rec, Object: object, RunID: o.RunID, Path: o.File, Line: o.Line})
}

// reject notes records that could not be used, and stops the run if they are too many.
func (p *pipeline) reject(ctx context.Context, f *stagedFile, rejects []load.Reject, own *tally) error {
	if len(rejects) == 0 {
		return nil
	}
	for _, r := range rejects {
		own.object(r.Object).rejected++
	}
	if err := p.run.Reject(ctx, f.no, rejects); err != nil {
		return err
	}
	n := p.rejects.Add(int64(len(rejects)))
	if l := p.cfg.MaxRejects; l != nil && !l.IsShare && l.exceeded(n, 0) {
		return &RejectGuardError{Rejected: n, Read: p.records.Load(), Limit: *l}
	}
	return nil
}

func (p *pipeline) progress() {
	p.report.report(func(pr *Progress) {
		pr.Records, pr.Rejects, pr.Bytes = p.records.Load(), p.rejects.Load(), p.bytes.Load()
	})
}

// work maps and stages chunks until there are none left.
func (p *pipeline) work(ctx context.Context) error {
	own := make(tallies)
	defer p.addTallies(own)
	mappers := make(map[mapperKey]*mapping.Mapper)
	batch := &graph.Batch{}
	for c := range p.queue {
		if err := p.chunk(ctx, c, batch, mappers, own.of(c.file.no)); err != nil {
			return err
		}
		p.done(c)
	}
	return ctx.Err()
}

// mapperKey tells mappers apart: a file's header hardly ever changes, and its pointer is the same
// for all records that share it.
type mapperKey struct {
	file   *surveyed
	object string
	header *decode.Header
}

func (p *pipeline) chunk(ctx context.Context, c chunk, b *graph.Batch, mappers map[mapperKey]*mapping.Mapper, own *tally) error {
	b.Reset()
	begun := time.Now()
	defer func() {
		object := c.file.object
		if c.file.typed && len(c.records) > 0 {
			object = p.mapping.ObjectOfType(c.records[0].Type)
		}
		if object != "" {
			own.object(p.mapping.RecordObject(object)).spent += time.Since(begun)
		}
	}()
	var rejects []load.Reject
	var returned []load.Origin
	var filtered []load.Filtered
	var at mapperKey // of the record before, which is nearly always that of the next
	var m *mapping.Mapper
	var name string
	var count *objectTally
	for i := range c.records {
		rec := &c.records[i]
		object := p.objectOf(c.file, rec.Type)
		if object == "" {
			p.unmapped(own, c.file.labelOf(rec.Type), c.file)
			continue
		}
		if key := (mapperKey{c.file.surveyed, object, rec.Header}); m == nil || key != at {
			var err error
			if m, err = p.mapper(mappers, key); err != nil {
				return inFile(c.file.file, err)
			}
			at, name = key, p.mapping.RecordObject(object)
			count = own.object(name)
		}
		count.read++
		returned = appendOrigin(returned, rec.rec, name, rec.Origin)
		skipped, err := m.Map(b, rec.rec, rec.Line, rec.Cells)
		fe := errorOf[*mapping.FieldError](err)
		switch {
		case fe != nil:
			rejects = append(rejects, load.Reject{
				Rec: rec.rec, Line: int32(rec.Line), Object: name, ID: fe.ID, Column: fe.Column, Value: fe.Value, Code: fe.Code, Reason: fe.Reason, Stage: "map",
			})
		case err != nil:
			return inFile(c.file.file, fmt.Errorf("line %d: %w", rec.Line, err))
		case skipped != "":
			count.filtered[skipped]++
			if p.filtered != nil {
				filtered = append(filtered, load.Filtered{Rec: rec.rec, Line: int32(rec.Line), Object: name, Reason: skipped})
			}
		default:
			count.staged++
		}
	}
	if err := p.noteOrigins(ctx, returned); err != nil {
		return inFile(c.file.file, err)
	}
	if err := p.reject(ctx, c.file, rejects, own); err != nil {
		return err
	}
	if len(filtered) > 0 {
		if err := p.filtered(ctx, c.file.no, filtered); err != nil {
			return err
		}
	}
	staged, err := p.run.Stage(ctx, c.file.no, b)
	if err != nil {
		return inFile(c.file.file, err)
	}
	addCounts(own.unchanged, staged.Links)
	addCounts(own.found, staged.Found)
	own.asked = own.asked || staged.Asked
	return nil
}

// objectOf gives the object of a file's records of a type, or "" if the mapping has no use for them.
func (p *pipeline) objectOf(f *stagedFile, kind string) string {
	return f.objectOf(p.mapping, kind)
}

func (p *pipeline) unmapped(own *tally, label string, f *stagedFile) {
	o := own.object(label)
	o.read++
	o.unmapped = true
	reason := "no mapping for this object"
	if f.object == "" && !f.typed && f.note != "" {
		reason = f.note
	}
	o.filtered[reason]++
}

func (p *pipeline) mapper(mappers map[mapperKey]*mapping.Mapper, key mapperKey) (*mapping.Mapper, error) {
	if m, ok := mappers[key]; ok {
		return m, nil
	}
	s := settings(p.cfg, key.file)
	s.Gone = key.file.gone[key.object]
	plan, err := p.mapping.Compile(key.object, key.header.Names, s)
	if err != nil {
		return nil, err
	}
	m := plan.NewMapper()
	mappers[key] = m
	return m, nil
}

// counted counts the bytes that are read.
type counted struct {
	io.ReadCloser
	n *atomic.Int64
}

func (c *counted) Read(b []byte) (int, error) {
	n, err := c.ReadCloser.Read(b)
	c.n.Add(int64(n))
	return n, err
}

// throttle passes progress on ten times a second, which is as often as anybody looks.
type throttle struct {
	mu   sync.Mutex
	to   func(Progress)
	now  Progress
	last time.Time
}

func newThrottle(to func(Progress), first Progress) *throttle {
	to(first)
	return &throttle{to: to, now: first, last: time.Now()}
}

func (t *throttle) report(update func(*Progress)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	update(&t.now)
	if time.Since(t.last) >= 100*time.Millisecond {
		t.last = time.Now()
		t.to(t.now)
	}
}
