package modeltest

import (
	"fmt"
	"testing"

	"github.com/projectrye/rye-import/importer"
	"github.com/projectrye/rye-import/importer/report"
)

// takeBack is whether and how a run is taken back.
type takeBack int

const (
	stand     takeBack = iota
	backForth          // the undo is undone
	backAgain          // the export is imported again
	backTwice          // both, one after the other
)

func (b takeBack) String() string {
	return [...]string{"", ", undone, and that undone", ", undone, and imported again", ", undone, that undone, undone again, and imported again"}[b]
}

// seen is the graph as it was once.
type seen struct {
	all   []string // to the last detail
	codes []string // but for what another run over the same export may say otherwise
}

func (b *bench) look(t *testing.T) seen {
	t.Helper()
	return seen{b.obs.lines(t, detail{codes: true, books: true}), b.obs.lines(t, detail{codes: true})}
}

// undone takes the run of a summary back, and brings back what it did. It tells what is not as it was
// before the run then, or after it.
func (b *bench) undone(t *testing.T, how takeBack, s *report.Summary, dir string, cfg importer.Config, before seen) string {
	t.Helper()
	after := b.look(t)
	undo := func(id string) (*report.Undo, string) {
		u, err := b.im.Undo(t.Context(), id, cfg)
		if err != nil {
			return nil, fmt.Sprintf("undo: %v", err)
		}
		if u.KeptTotal > 0 {
			return nil, fmt.Sprintf("undo keeps %d: %+v", u.KeptTotal, u.Kept)
		}
		return u, ""
	}
	back := func() (*report.Undo, string) {
		u, failed := undo(s.RunID)
		if failed != "" {
			return nil, failed
		}
		if d := difference(before.all, b.look(t).all); d != "" {
			return nil, "undone, it is not as before (model: before the run):\n" + d
		}
		return u, ""
	}
	u, failed := back()
	if failed != "" {
		return failed
	}
	if how != backAgain {
		if _, failed := undo(u.RunID); failed != "" {
			return failed
		}
		if d := difference(after.all, b.look(t).all); d != "" {
			return "with the undo undone, it is not as after the run (model: after the run):\n" + d
		}
	}
	if how == backForth {
		return ""
	}
	if how == backTwice {
		if _, failed := back(); failed != "" {
			return failed
		}
	}
	again, err := b.run(t, dir, cfg)
	if err != nil {
		return fmt.Sprintf("run again after the undo: %v", err)
	}
	if d := difference(after.codes, b.look(t).codes); d != "" {
		return "undone and run again, it is not as after the run (model: after the run):\n" + d
	}
	if again.Graph != s.Graph {
		return fmt.Sprintf("undone and run again, it counts %+v, and the run %+v", again.Graph, s.Graph)
	}
	return ""
}
