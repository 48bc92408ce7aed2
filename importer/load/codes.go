package load

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"unicode"

	"github.com/jackc/pgx/v5"
	"golang.org/x/text/unicode/norm"

	"github.com/projectrye/rye-import/internal/importdb"
)

// codes gives the run's new nodes their codes. The numbers are drawn in short transactions of their
// own, beside the merge: nobody who creates codes meanwhile waits for it. Until the merge commits,
// the numbers are held in the run's name; if it fails, they are free again.
func (m *merger) codes(ctx context.Context) error {
	if err := m.pipelineCodes(ctx); err != nil {
		return err
	}
	kept, err := m.q.MergeCodeInsertKept(ctx, importdb.MergeCodeInsertKeptParams{RunNo: m.no, Fallback: m.run.cfg.StartedAt})
	if err != nil {
		return err
	}
	if kept > 0 {
		if err := m.q.MergeCodeForgetKept(ctx, m.no); err != nil {
			return err
		}
	}
	needs, err := m.q.StagingNodeCountCodes(ctx, importdb.StagingNodeCountCodesParams{RunNo: m.no, Fallback: m.run.cfg.StartedAt})
	if err != nil || len(needs) == 0 {
		return err
	}
	given := importdb.MergeCodeInsertParams{RunNo: m.no, Fallback: m.run.cfg.StartedAt}
	var wanted int64
	for _, n := range needs {
		reserve := m.run.reserve
		if p := m.run.plan; p != nil {
			reserve = p.foresee
		}
		blocks, err := reserve(ctx, n.Prefix, n.YearMonth, int32(n.Nodes), m.locked)
		if err != nil {
			return fmt.Errorf("reserving %d codes %s-%s: %w", n.Nodes, n.Prefix, n.YearMonth, err)
		}
		position := int64(1)
		for _, b := range blocks {
			size := int64(b.last-b.first) + 1
			given.Prefixes = append(given.Prefixes, n.Prefix)
			given.YearMonths = append(given.YearMonths, n.YearMonth)
			given.FirstPositions = append(given.FirstPositions, position)
			given.LastPositions = append(given.LastPositions, position+size-1)
			given.FirstVals = append(given.FirstVals, int64(b.first))
			position += size
		}
		wanted += n.Nodes
	}
	got, err := m.q.MergeCodeInsert(ctx, given)
	if err != nil {
		return err
	}
	if got != wanted {
		return fmt.Errorf("%d codes were given for %d nodes", got, wanted)
	}
	return nil
}

// block is a range of code numbers.
type block struct{ first, last int32 }

// reserve holds n numbers of a prefix and month for the run: those that failed runs left free
// first, lowest first, then new ones from the counter. If the merge has locked nodes already, it does not
// wait for long: who holds the counter may wait for one of them, and the server cannot see that this
// transaction waits for the other.
func (r *Run) reserve(ctx context.Context, prefix, yearMonth string, n int32, locked bool) ([]block, error) {
	var blocks []block
	err := pgx.BeginFunc(ctx, r.pool, func(tx pgx.Tx) error {
		q := importdb.New(tx)
		if locked {
			if err := q.SessionBoundWaits(ctx); err != nil {
				return err
			}
		}
		if err := q.CodeBlockBegin(ctx, r.Number); err != nil {
			return err
		}
		free, err := q.CodeBlockListFree(ctx, importdb.CodeBlockListFreeParams{Prefix: prefix, YearMonth: yearMonth})
		if err != nil {
			return err
		}
		for _, f := range free {
			if n == 0 {
				break
			}
			last := min(f.LastVal, f.FirstVal+n-1)
			if err := q.CodeBlockTake(ctx, importdb.CodeBlockTakeParams{BlockNo: f.BlockNo, LastVal: last, RunNo: r.Number}); err != nil {
				return err
			}
			if last < f.LastVal {
				err := q.CodeBlockInsertFree(ctx, importdb.CodeBlockInsertFreeParams{
					Prefix: prefix, YearMonth: yearMonth, FirstVal: last + 1, LastVal: f.LastVal,
				})
				if err != nil {
					return err
				}
			}
			blocks = append(blocks, block{first: f.FirstVal, last: last})
			n -= last - f.FirstVal + 1
		}
		if n == 0 {
			return nil
		}
		b, err := q.CodeBlockReserve(ctx, importdb.CodeBlockReserveParams{Prefix: prefix, YearMonth: yearMonth, Codes: n, RunNo: r.Number})
		if err != nil {
			return err
		}
		blocks = append(blocks, block{first: b.FirstVal, last: b.LastVal})
		return nil
	})
	if locked && hasState(err, stateLockNotAvailable) {
		return nil, fmt.Errorf("%w: %w", errCollision, err)
	}
	return blocks, err
}

// foresee gives the numbers that reserve would hold, and holds none: nobody who draws a code waits for a
// plan.
func (s *planned) foresee(ctx context.Context, prefix, yearMonth string, n int32, _ bool) ([]block, error) {
	free, err := s.queries().CodeBlockListFreeAfter(ctx, importdb.CodeBlockListFreeAfterParams{
		Prefix: prefix, YearMonth: yearMonth, RunNos: s.crashed,
	})
	if err != nil {
		return nil, err
	}
	counter, err := s.queries().CodeCounterPeek(ctx, importdb.CodeCounterPeekParams{Prefix: prefix, YearMonth: yearMonth})
	if err != nil {
		return nil, err
	}
	blocks := make([]block, len(free))
	for i, f := range free {
		blocks[i] = block{first: f.FirstVal, last: f.LastVal}
	}
	if len(s.crashed) > 0 {
		// Who cleans up after a run gives the counters back what stands before them.
		for len(blocks) > 0 && blocks[len(blocks)-1].last+1 == counter.NextVal {
			counter.NextVal = blocks[len(blocks)-1].first
			blocks = blocks[:len(blocks)-1]
		}
	}
	return draw(blocks, max(counter.NextVal, counter.LastUsed+1), n), nil
}

// draw takes n numbers: the free ones first, then those from next on.
func draw(free []block, next, n int32) []block {
	var taken []block
	for _, b := range free {
		if n == 0 {
			return taken
		}
		b.last = min(b.last, b.first+n-1)
		taken = append(taken, b)
		n -= b.last - b.first + 1
	}
	if n > 0 {
		taken = append(taken, block{first: next, last: next + n - 1})
	}
	return taken
}

// pipelineCodes names new pipelines after their labels, as PL-SALES.
func (m *merger) pipelineCodes(ctx context.Context) error {
	pipelines, err := m.q.StagingNodeListPipelines(ctx, m.no)
	if err != nil {
		return err
	}
	codes := make(map[int64]string, len(pipelines))
	if m.first != nil {
		defer func() { m.first.codes <- codes }() // it has room, and is written once
	}
	if len(pipelines) == 0 {
		return nil
	}
	if err := m.q.SessionLockPipelineCodes(ctx); err != nil {
		return err
	}
	standing, err := m.q.NodeListPipelineCodes(ctx)
	if err != nil {
		return err
	}
	taken := make(map[string]bool, len(standing))
	for _, code := range standing {
		taken[code] = true
	}
	given := importdb.MergeCodeInsertManyParams{RunNo: m.no}
	for _, p := range pipelines {
		label := ""
		if p.Label != nil {
			label = *p.Label
		}
		codes[p.Rec] = pipelineCode(label, taken)
		given.Recs = append(given.Recs, p.Rec)
		given.Codes = append(given.Codes, codes[p.Rec])
	}
	return m.q.MergeCodeInsertMany(ctx, given)
}

// pipelineCode makes the code of a pipeline from its label and notes it as taken: accents go, other
// scripts stay, whatever is neither letter nor digit becomes a hyphen, and a closing "pipeline" says
// nothing new. A code that is taken gets a number.
func pipelineCode(label string, taken map[string]bool) string {
	var b strings.Builder
	gap := false
	for _, r := range norm.NFD.String(label) {
		switch {
		case unicode.Is(unicode.Mn, r):
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			if gap && b.Len() > 0 {
				b.WriteByte('-')
			}
			gap = false
			b.WriteRune(unicode.ToUpper(r))
		default:
			gap = true
		}
	}
	name := norm.NFC.String(b.String())
	if short := strings.TrimSuffix(name, "-PIPELINE"); short != "" {
		name = short
	}
	if name == "" {
		name = "PIPELINE"
	}
	code := "PL-" + name
	for n := 2; taken[code]; n++ {
		code = "PL-" + name + "-" + strconv.Itoa(n)
	}
	taken[code] = true
	return code
}
