package load

import (
	"context"
	"encoding/json"
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
	reserve := m.run.reserve
	if p := m.run.plan; p != nil {
		reserve = p.foresee
	}
	months := make([]need, len(needs))
	for i, n := range needs {
		months[i] = need{series{n.Prefix, n.YearMonth}, int32(n.Nodes)}
	}
	reserved, err := reserve(ctx, months, m.locked)
	if err != nil {
		return fmt.Errorf("reserving codes: %w", err)
	}
	given := importdb.MergeCodeInsertParams{RunNo: m.no, Fallback: m.run.cfg.StartedAt}
	var wanted int64
	for _, n := range months {
		position := int64(1)
		for _, b := range reserved[n.series] {
			size := int64(b.last-b.first) + 1
			given.Prefixes = append(given.Prefixes, n.prefix)
			given.YearMonths = append(given.YearMonths, n.yearMonth)
			given.FirstPositions = append(given.FirstPositions, position)
			given.LastPositions = append(given.LastPositions, position+size-1)
			given.FirstVals = append(given.FirstVals, int64(b.first))
			position += size
		}
		wanted += int64(n.codes)
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

// series is what has a counter of its own: a prefix in a month.
type series struct{ prefix, yearMonth string }

// need is how many codes of a series a run needs.
type need struct {
	series
	codes int32
}

// How long a transaction that reserves codes waits for others. One that may hold counters already gives way long before the server would
// look for a circle, so that it never is the reason why somebody else is turned away. The other one waits while the merge
// has nodes locked.
const (
	waitHolding = "100ms"
	waitLocked  = "2s"
)

// reserve holds numbers for the run: those that failed runs left free first, lowest first, then new ones from the
// counters. All are drawn at once if nobody is in the way. Else each series has a transaction of its own, which
// holds nothing while it waits, for who creates a deal may hold one counter until he has got another. If the merge
// has locked nodes already, it does not wait for long: who holds the counter may wait for one of them, and the server cannot see that this
// transaction waits for the other.
func (r *Run) reserve(ctx context.Context, needs []need, locked bool) (map[series][]block, error) {
	if len(needs) > 1 {
		all, err := r.reserveAtOnce(ctx, needs, waitHolding)
		if !hasState(err, stateLockNotAvailable) {
			return all, err
		}
	}
	atMost := "0"
	if locked {
		atMost = waitLocked
	}
	all := make(map[series][]block, len(needs))
	for _, n := range needs {
		one, err := r.reserveAtOnce(ctx, []need{n}, atMost)
		if locked && hasState(err, stateLockNotAvailable) {
			return nil, fmt.Errorf("%w: %w", errCollision, err)
		}
		if err != nil {
			return nil, fmt.Errorf("%s-%s: %w", n.prefix, n.yearMonth, err)
		}
		all[n.series] = one[n.series]
	}
	return all, nil
}

// reserveAtOnce holds the numbers of some series, in one transaction.
func (r *Run) reserveAtOnce(ctx context.Context, needs []need, atMost string) (map[series][]block, error) {
	all := make(map[series][]block, len(needs))
	err := pgx.BeginFunc(ctx, r.pool, func(tx pgx.Tx) error {
		q := importdb.New(tx)
		if atMost != "0" {
			if err := q.SessionBoundWaits(ctx, atMost); err != nil {
				return err
			}
		}
		if err := q.CodeBlockBegin(ctx, r.Number); err != nil {
			return err
		}
		var list importdb.CodeBlockListFreeParams
		for _, n := range needs {
			list.Prefixes, list.YearMonths = append(list.Prefixes, n.prefix), append(list.YearMonths, n.yearMonth)
		}
		rows, err := q.CodeBlockListFree(ctx, list)
		if err != nil {
			return err
		}
		free := make(map[series][]importdb.CodeBlockListFreeRow)
		for _, f := range rows {
			s := series{f.Prefix, f.YearMonth}
			free[s] = append(free[s], f)
		}
		take := importdb.CodeBlockTakeParams{RunNo: r.Number}
		var leave importdb.CodeBlockInsertFreeParams
		reserve := importdb.CodeBlockReserveParams{RunNo: r.Number}
		for _, n := range needs {
			left := n.codes
			for _, f := range free[n.series] {
				if left == 0 {
					break
				}
				last := min(f.LastVal, f.FirstVal+left-1)
				take.BlockNos, take.LastVals = append(take.BlockNos, f.BlockNo), append(take.LastVals, last)
				if last < f.LastVal {
					leave.Prefixes, leave.YearMonths = append(leave.Prefixes, f.Prefix), append(leave.YearMonths, f.YearMonth)
					leave.FirstVals, leave.LastVals = append(leave.FirstVals, last+1), append(leave.LastVals, f.LastVal)
				}
				all[n.series] = append(all[n.series], block{first: f.FirstVal, last: last})
				left -= last - f.FirstVal + 1
			}
			if left > 0 {
				reserve.Prefixes, reserve.YearMonths = append(reserve.Prefixes, n.prefix), append(reserve.YearMonths, n.yearMonth)
				reserve.Codes = append(reserve.Codes, left)
			}
		}
		if len(take.BlockNos) > 0 {
			if err := q.CodeBlockTake(ctx, take); err != nil {
				return err
			}
		}
		if len(leave.Prefixes) > 0 {
			if err := q.CodeBlockInsertFree(ctx, leave); err != nil {
				return err
			}
		}
		if len(reserve.Prefixes) == 0 {
			return nil
		}
		drawn, err := q.CodeBlockReserve(ctx, reserve)
		for _, b := range drawn {
			s := series{b.Prefix, b.YearMonth}
			all[s] = append(all[s], block{first: b.FirstVal, last: b.LastVal})
		}
		return err
	})
	return all, err
}

// foresee gives the numbers that reserve would hold, and holds none: nobody who draws a code waits for a
// plan.
func (s *planned) foresee(ctx context.Context, needs []need, _ bool) (map[series][]block, error) {
	all := make(map[series][]block, len(needs))
	for _, n := range needs {
		blocks, err := s.foreseeMonth(ctx, n)
		if err != nil {
			return nil, fmt.Errorf("%s-%s: %w", n.prefix, n.yearMonth, err)
		}
		all[n.series] = blocks
	}
	return all, nil
}

func (s *planned) foreseeMonth(ctx context.Context, n need) ([]block, error) {
	free, err := s.queries().CodeBlockListFreeAfter(ctx, importdb.CodeBlockListFreeAfterParams{
		Prefix: n.prefix, YearMonth: n.yearMonth, RunNos: s.crashed,
	})
	if err != nil {
		return nil, err
	}
	counter, err := s.queries().CodeCounterPeek(ctx, importdb.CodeCounterPeekParams{Prefix: n.prefix, YearMonth: n.yearMonth})
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
	return draw(blocks, max(counter.NextVal, counter.LastUsed+1), n.codes), nil
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
	named := make([]importdb.NodeListPipelinesRow, len(pipelines))
	defer func() { m.resolver.pipelines <- named }() // it has room, and is written once
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
	for i, p := range pipelines {
		label := ""
		if p.Label != nil {
			label = *p.Label
		}
		code := pipelineCode(label, taken)
		given.Recs = append(given.Recs, p.Rec)
		given.Codes = append(given.Codes, code)
		properties, err := withCode(p.Properties, code)
		if err != nil {
			return fmt.Errorf("pipeline %s: %w", code, err)
		}
		named[i] = importdb.NodeListPipelinesRow{ID: p.ID, Code: code, Label: label, Properties: properties}
	}
	return m.q.MergeCodeInsertMany(ctx, given)
}

// withCode gives the properties that a new node is going to have.
func withCode(properties json.RawMessage, code string) (json.RawMessage, error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(properties, &fields); err != nil {
		return nil, err
	}
	var err error
	if fields["code"], err = json.Marshal(code); err != nil {
		return nil, err
	}
	return json.Marshal(fields)
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
