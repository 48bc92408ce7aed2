package modeltest

import (
	"encoding/csv"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/projectrye/rye-import/importer"
	"github.com/projectrye/rye-import/importer/load"
	"github.com/projectrye/rye-import/importer/mapping"
	"github.com/projectrye/rye-import/importer/report"
	"github.com/projectrye/rye-import/importer/source"
	"github.com/projectrye/rye-import/internal/pgtest"
)

// bench is a database into which worlds are imported together.
type bench struct {
	dir    string
	im     *importer.Importer
	obs    *observer
	mapped *mapping.Mapping
}

func newBench(t *testing.T) *bench {
	t.Helper()
	pool := pgtest.New(t)
	text, err := os.ReadFile("testdata/crm.yaml")
	require.NoError(t, err)
	m, err := mapping.Parse(text)
	require.NoError(t, err)
	return &bench{dir: t.TempDir(), im: importer.New(pool), obs: newObserver(pool), mapped: m}
}

// write makes the files of an export: rows of all worlds mixed, in one to three files an object, the columns in
// any order.
func write(t *testing.T, dir string, rows []exported, rnd *rand.Rand) {
	t.Helper()
	rows = slices.Clone(rows)
	rnd.Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
	files := make(map[string]*csv.Writer)
	headers := make(map[string][]string)
	split := 1 + rnd.IntN(3)
	for _, r := range rows {
		part := rnd.IntN(split)
		if r.part > 0 {
			part = split + r.part
		}
		name := fmt.Sprintf("%s-%d.csv", r.key.object, part)
		if files[name] == nil {
			f, err := os.Create(filepath.Join(dir, name))
			require.NoError(t, err)
			defer f.Close()
			files[name] = csv.NewWriter(f)
			h := slices.Clone(columns(r.key.object))
			rnd.Shuffle(len(h), func(i, j int) { h[i], h[j] = h[j], h[i] })
			headers[name] = h
			require.NoError(t, files[name].Write(h))
		}
		var cells []string
		for _, c := range headers[name] {
			cells = append(cells, r.row[c])
		}
		require.NoError(t, files[name].Write(cells))
	}
	for _, w := range files {
		w.Flush()
		require.NoError(t, w.Error())
	}
}

// run imports files as the run of a step.
func (b *bench) config(mode runMode, step int) importer.Config {
	return importer.Config{
		Mapping: b.mapped, Source: "tiny", Delta: mode.Delta, ArchiveMissing: mode.Archive, MaxArchive: mode.MaxArchive,
		Workers: 2, BatchSize: 500, RejectsDir: filepath.Join(b.dir, "rejects"), Now: func() time.Time { return runTime(step) },
	}
}

func (b *bench) run(t *testing.T, dir string, cfg importer.Config) (*report.Summary, error) {
	t.Helper()
	set, err := source.Find(t.Context(), []string{dir}, source.Options{})
	require.NoError(t, err)
	defer set.Close()
	return b.im.Run(t.Context(), set, cfg)
}

// life is a world on its way through its program.
type life struct {
	program program
	crm     *crm
	model   *model
}

// failure is where the graph and the model part.
type failure struct {
	world int // -1 if it is not known whose
	step  int
	what  string
}

func (f *failure) Error() string {
	if f.world < 0 {
		return fmt.Sprintf("step %d: %s", f.step, f.what)
	}
	return fmt.Sprintf("world %d, step %d: %s", f.world, f.step, f.what)
}

// play imports some worlds together, step by step, until one of them differs from its model.
func (b *bench) play(t *testing.T, seed uint64, programs []program, modes []runMode) *failure {
	t.Helper()
	rnd := rand.New(rand.NewPCG(seed, 1))
	lives := make([]*life, len(programs))
	for i, p := range programs {
		lives[i] = &life{program: p, crm: newCRM(), model: newModel()}
	}
	for i, mode := range modes {
		if f := b.step(t, lives, i, mode, rnd); f != nil {
			return f
		}
	}
	return nil
}

// step lets the worlds go on, imports them, and looks at everything that must hold then.
func (b *bench) step(t *testing.T, lives []*life, i int, mode runMode, rnd *rand.Rand) *failure {
	t.Helper()
	fail := func(format string, args ...any) *failure {
		return &failure{world: -1, step: i, what: fmt.Sprintf(format, args...)}
	}
	exports := make([][]exported, len(lives))
	var rows []exported
	for n, l := range lives {
		for _, a := range l.program.Steps[i].Actions {
			l.crm.apply(a)
			b.human(t, l.model, a)
		}
		exports[n] = l.crm.export(l.program.Steps[i].Export, mode)
		rows = append(rows, exports[n]...)
	}
	if len(rows) == 0 {
		return nil
	}
	holds := held(rows)
	dir := filepath.Join(b.dir, fmt.Sprint(i))
	require.NoError(t, os.Mkdir(dir, 0o700))
	write(t, dir, rows, rnd)
	before := b.look(t)
	var was, is tally
	var total, missing int64
	for n, l := range lives {
		was = was.plus(l.model.tally())
		l.model.run(exports[n], holds, mode, i)
		is = is.plus(l.model.tally())
		of, lacks := l.model.missing(holds)
		total, missing = total+of, missing+lacks
	}
	if missing > 0 && float64(missing)*100 > mode.MaxArchive*float64(total) {
		if f := b.guarded(t, dir, mode, i, total, missing); f != nil {
			return f
		}
		if d := difference(before.all, b.look(t).all); d != "" {
			return fail("the run that was stopped left something:\n%s", d)
		}
		mode.MaxArchive = 100
	}

	cfg := b.config(mode, i)
	s, err := b.run(t, dir, cfg)
	if err != nil {
		return fail("%v", err)
	}
	if f := b.compare(t, lives, i); f != nil {
		return f
	}
	if made := (tally{s.Graph.Nodes.Created, s.Graph.Edges.Created, s.Graph.Assertions.Created, s.Graph.Events.Created}); made != is.minus(was) {
		return fail("the summary counts %+v, and the model %+v", made, is.minus(was))
	}
	if f := counted(s, rows, missing, mode); f != "" {
		return fail("%s", f)
	}
	if mode.Undo != stand && s.Graph != (report.Graph{}) {
		if d := b.undone(t, mode.Undo, s, dir, cfg, before); d != "" {
			return fail("%s", d)
		}
	}

	touched := b.obs.fingerprint(t)
	again, err := b.run(t, dir, cfg)
	if err != nil {
		return fail("again: %v", err)
	}
	if again.Graph != (report.Graph{}) {
		return fail("the same run again is no no-op: %+v", again.Graph)
	}
	if touched != b.obs.fingerprint(t) {
		return fail("the same run again touches rows")
	}
	if d := b.verify(t, dir, cfg); d != "" {
		return fail("verify finds a difference:%s", d)
	}
	return nil
}

// guarded has a run that would archive more than it may.
func (b *bench) guarded(t *testing.T, dir string, mode runMode, step int, total, missing int64) *failure {
	t.Helper()
	_, err := b.run(t, dir, b.config(mode, step))
	var guard *load.MissingGuardError
	if !errors.As(err, &guard) || guard.Missing != missing || guard.Total != total {
		return &failure{world: -1, step: step, what: fmt.Sprintf("%d of %d records are missing, and the run says %v", missing, total, err)}
	}
	return nil
}

// counted compares what a summary says of the records with what was exported.
func counted(s *report.Summary, rows []exported, missing int64, mode runMode) string {
	if !s.Balanced || len(s.Imbalance) > 0 {
		return fmt.Sprintf("it does not balance: %v", s.Imbalance)
	}
	read, rejected := make(map[string]int64), make(map[string]int64)
	for _, r := range rows {
		read[r.key.object]++
		if isRejected(r.key, r.row) {
			rejected[r.key.object]++
		}
	}
	var gone int64
	for object, n := range read {
		if o := s.Objects[object]; o.Read != n || o.Rejected != rejected[object] {
			return fmt.Sprintf("%s: %d read and %d rejected, of %d and %d", object, o.Read, o.Rejected, n, rejected[object])
		}
		gone += s.Objects[object].Missing
	}
	if mode.Archive && !mode.Delta && gone != missing {
		return fmt.Sprintf("%d missing, of %d", gone, missing)
	}
	return ""
}

// verify has the export compared with the graph, and gives the differences.
func (b *bench) verify(t *testing.T, dir string, cfg importer.Config) string {
	t.Helper()
	set, err := source.Find(t.Context(), []string{dir}, source.Options{})
	require.NoError(t, err)
	defer set.Close()
	v, err := b.im.Verify(t.Context(), set, cfg, importer.VerifyOptions{ShowValues: true})
	require.NoError(t, err)
	if v.Status == report.StatusVerified {
		return ""
	}
	var out strings.Builder
	for _, d := range v.Differences {
		if excused(d) {
			continue
		}
		fmt.Fprintf(&out, "\n%s/%s: %s %s: expected %s, found %s", d.Object, d.ID, d.What, d.Kind, d.Expected, d.Found)
	}
	return out.String()
}

// excused are differences that verify finds and that the model knows of: of an unchanged record, what something
// else has changed since. History that came later moved a deal on; a merge gave a node what its record
// leaves blank, and edges that began at another time; the other end of an edge was archived, which ended it;
// a name came to mean another company.
func excused(d report.Difference) bool {
	return strings.HasPrefix(d.What, "fact deal_stage") ||
		strings.HasPrefix(d.What, "sum of deal_value by stage") || strings.HasPrefix(d.What, "sum of deal_value by owner") ||
		strings.HasPrefix(d.What, "property ") && d.Kind == "unexpected" ||
		strings.HasPrefix(d.What, "link adviser_of") ||
		strings.HasPrefix(d.What, "link ") && (strings.Contains(d.What, "effective_from") || strings.Contains(d.What, ": property ") ||
			strings.Contains(d.What, "effective_to") && d.Expected == "no end")
}

// human has a person change the graph.
func (b *bench) human(t *testing.T, m *model, a action) {
	t.Helper()
	if a.Verb != verbHuman || m.byKey[a.On] == nil {
		return
	}
	id, ok := b.obs.node(t, a.On)
	require.True(t, ok, "%s has a node", a.On)
	for name, v := range a.Cells {
		m.byKey[a.On].props[name] = v
		_, err := b.obs.pool.Exec(t.Context(), "UPDATE rye.nodes SET properties = properties || jsonb_build_object($2::text, $3::text), updated_at = now() WHERE id = $1", id, name, v)
		require.NoError(t, err)
	}
}

// compare finds the first world that is not as its model.
func (b *bench) compare(t *testing.T, lives []*life, step int) *failure {
	t.Helper()
	graph := make(map[string][]string)
	for _, l := range b.obs.lines(t, detail{}) {
		at := strings.Index(l, "/w")
		if at < 0 || len(l) < at+7 {
			return &failure{world: -1, step: step, what: "a line of no world: " + l}
		}
		w := l[at+1 : at+7]
		graph[w] = append(graph[w], l)
	}
	for _, l := range lives {
		w := prefix(l.program.World)
		if d := difference(l.model.render(), graph[w]); d != "" {
			return &failure{world: l.program.World, step: step, what: d}
		}
	}
	return nil
}

// difference lists the lines of only one side.
func difference(model, graph []string) string {
	count := make(map[string]int)
	for _, l := range model {
		count[l]++
	}
	for _, l := range graph {
		count[l]--
	}
	var out []string
	for l, n := range count {
		for ; n > 0; n-- {
			out = append(out, l+"  <- model")
		}
		for ; n < 0; n++ {
			out = append(out, l+"  <- graph")
		}
	}
	slices.Sort(out)
	return strings.Join(out, "\n")
}

// modesOf makes up how the runs of a batch are done.
func modesOf(seed uint64) []runMode {
	rnd := rand.New(rand.NewPCG(seed, 0))
	modes := make([]runMode, 8)
	for i := range modes {
		switch n := rnd.IntN(10); {
		case n < 3:
			modes[i] = runMode{Delta: true, Archive: n == 0, MaxArchive: 1}
		case n < 6 && i > 0:
			modes[i] = runMode{Archive: true, MaxArchive: []float64{100, 5, 20}[n-3]}
		}
	}
	modes[len(modes)-2] = runMode{Archive: true, MaxArchive: 1} // a guard that hardly any export passes
	for i := range modes {
		if n := takeBack(rnd.IntN(12)); n <= backTwice {
			modes[i].Undo = n
		}
	}
	modes[1+rnd.IntN(len(modes)-1)].Undo = backForth + takeBack(rnd.IntN(3))
	return modes
}

// anchor is a world in which nothing ever happens. It has a record of each object, so that an export is as whole
// beside it as beside hundreds of others.
func anchor(steps int) program {
	g := &generator{rnd: rand.New(rand.NewPCG(0, 0)), world: 99999, crm: newCRM(), made: make(map[key]string), model: newModel()}
	p := program{World: g.world, Steps: make([]step, steps)}
	for _, object := range objects() {
		p.Steps[0].Actions = append(p.Steps[0].Actions, g.add(key{object, g.id(object, 1)}))
	}
	return p
}

// shrink leaves out of a failing life whatever can be left out.
func shrink(t *testing.T, seed uint64, p program, modes []runMode) (program, *failure) {
	t.Helper()
	deadline := time.Now().Add(time.Duration(setting(t, "RYE_MODEL_SHRINK", 30)) * time.Second)
	try := func(p program) *failure {
		if time.Now().After(deadline) {
			return nil
		}
		var f *failure
		t.Run("shrink", func(t *testing.T) { f = newBench(t).play(t, seed, []program{p, anchor(len(modes))}, modes) })
		return f
	}
	best := try(p)
	if best == nil {
		return p, nil
	}
	cut := func(p program) bool {
		if f := try(p); f != nil {
			best = f
			return true
		}
		return false
	}
	p = clone(p)
	for i := best.step + 1; i < len(p.Steps); i++ {
		p.Steps[i] = step{Export: exportMode{Changed: true}}
	}
	on := make(map[key]bool)
	for _, s := range p.Steps {
		for _, a := range s.Actions {
			on[a.On] = true
		}
	}
	for _, k := range sortedKeys(on) {
		c := clone(p)
		for i := range c.Steps {
			c.Steps[i].Actions = slices.DeleteFunc(c.Steps[i].Actions, func(a action) bool { return a.On == k })
		}
		if cut(c) {
			p = c
		}
	}
	for progress, tries := true, 0; progress && tries < 4; tries++ {
		progress = false
		for i := len(p.Steps) - 1; i >= 0; i-- {
			if i > best.step {
				p.Steps[i] = step{Export: exportMode{Changed: true}}
				continue
			}
			for j := len(p.Steps[i].Actions) - 1; j >= 0; j-- {
				c := clone(p)
				c.Steps[i].Actions = slices.Delete(c.Steps[i].Actions, j, j+1)
				if cut(c) {
					p, progress = c, true
				}
			}
			if len(p.Steps[i].Export.Again) > 0 {
				c := clone(p)
				c.Steps[i].Export.Again = nil
				if cut(c) {
					p, progress = c, true
				}
			}
		}
		for i := range p.Steps {
			for j := range p.Steps[i].Actions {
				for c := range p.Steps[i].Actions[j].Cells {
					if strings.HasSuffix(c, "_id") && p.Steps[i].Actions[j].Cells[c] == p.Steps[i].Actions[j].On.id || strings.HasSuffix(c, "_name") {
						continue
					}
					q := clone(p)
					delete(q.Steps[i].Actions[j].Cells, c)
					if cut(q) {
						p, progress = q, true
					}
				}
			}
		}
	}
	return p, best
}

func clone(p program) program {
	p.Steps = slices.Clone(p.Steps)
	for i := range p.Steps {
		p.Steps[i].Actions = slices.Clone(p.Steps[i].Actions)
		for j := range p.Steps[i].Actions {
			cells := row{}
			for c, v := range p.Steps[i].Actions[j].Cells {
				cells[c] = v
			}
			p.Steps[i].Actions[j].Cells = cells
		}
	}
	return p
}

// tell writes a life as a list of what happens and what is exported.
func tell(p program, modes []runMode, until int) string {
	var b strings.Builder
	c := newCRM()
	for i := 0; i <= until && i < len(p.Steps); i++ {
		fmt.Fprintf(&b, "step %d\n", i)
		for _, a := range p.Steps[i].Actions {
			fmt.Fprintf(&b, "  %s\n", a)
			c.apply(a)
		}
		fmt.Fprintf(&b, "  run at %s (%s):\n", stamp(runTime(i)), modes[i])
		for _, r := range c.export(p.Steps[i].Export, modes[i]) {
			fmt.Fprintf(&b, "    %s\n", action{Verb: fmt.Sprint("part ", r.part), On: r.key, Cells: r.row})
		}
	}
	return b.String()
}

// alone finds the world by which a batch fails, by halves.
func alone(t *testing.T, seed uint64, programs []program, modes []runMode) program {
	t.Helper()
	for len(programs) > 1 {
		half := programs[:len(programs)/2]
		var f *failure
		t.Run("half", func(t *testing.T) { f = newBench(t).play(t, seed, half, modes) })
		switch {
		case f == nil:
			programs = programs[len(programs)/2:]
		case f.world >= 0:
			programs = []program{programs[slices.IndexFunc(programs, func(p program) bool { return p.World == f.world })]}
		default:
			programs = half
		}
	}
	return programs[0]
}

// setting reads a number that the environment may give.
func setting(t *testing.T, name string, otherwise uint64) uint64 {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.ParseUint(text, 10, 64)
	require.NoError(t, err, name)
	return n
}

// together is how many worlds are imported in one database, so that thousands cost a few runs.
const together = 250

// TestSequences lives through random lives of CRMs. RYE_MODEL_SEQUENCES is how many, RYE_MODEL_SEED what they
// begin with; RYE_MODEL_WORLD is the only one of each seed that is lived; RYE_MODEL_SHRINK is for how many seconds a life that fails is made shorter.
func TestSequences(t *testing.T) {
	t.Parallel()
	sequences, first := setting(t, "RYE_MODEL_SEQUENCES", 500), setting(t, "RYE_MODEL_SEED", 1)
	for n := uint64(0); n*together < sequences; n++ {
		seed := first + n
		worlds := int(min(together, sequences-n*together))
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			t.Parallel()
			t.Logf("RYE_MODEL_SEED=%d RYE_MODEL_SEQUENCES=%d", seed, worlds)
			modes := modesOf(seed)
			programs := make([]program, worlds)
			for w := range programs {
				programs[w] = generate(seed, w, modes)
			}
			if w := setting(t, "RYE_MODEL_WORLD", uint64(worlds)); w < uint64(worlds) {
				programs = []program{programs[w], anchor(len(modes))}
			}
			f := newBench(t).play(t, seed, programs, modes)
			if f == nil {
				return
			}
			t.Errorf("seed %d: %v", seed, f)
			var p program
			if at := strings.Index(f.what, "w00"); f.world < 0 && at >= 0 && len(f.what) > at+6 {
				if w, err := strconv.Atoi(f.what[at+1 : at+6]); err == nil {
					f.world = w // of the record that is named
				}
			}
			if i := slices.IndexFunc(programs, func(p program) bool { return p.World == f.world }); i >= 0 {
				p = programs[i]
			} else {
				p = alone(t, seed, programs, modes)
			}
			if short, small := shrink(t, seed, p, modes); small != nil {
				t.Logf("the shortest life that fails:\n%s\n%v", tell(short, modes, small.step), small)
			} else {
				t.Logf("world %d does not fail alone:\n%s", p.World, tell(p, modes, f.step))
			}
		})
	}
}
