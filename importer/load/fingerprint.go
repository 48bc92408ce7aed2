package load

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/projectrye/rye-import/internal/importdb"
)

// Fingerprint tells whether a graph is as it was: by table, what changes with every row that is put in,
// changed or taken away.
type Fingerprint map[string]TableState

// TableState is a table at a moment.
type TableState struct {
	Rows  int64  `json:"rows"`
	Stamp string `json:"stamp"`
}

// codeCounters is the table of which only the codes in use count.
const codeCounters = "rye.crm_code_counters"

// Fingerprint reads the tables of the graph, all of them; a plan does so before it merges.
func (r *Run) Fingerprint(ctx context.Context) (Fingerprint, error) {
	f, err := readFingerprint(ctx, r.db.queries())
	return f, explain(err)
}

func readFingerprint(ctx context.Context, q *importdb.Queries) (Fingerprint, error) {
	rows, err := q.FingerprintList(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading the state of the graph: %w", err)
	}
	f := make(Fingerprint, len(rows))
	for _, r := range rows {
		f[r.Relation] = TableState{Rows: r.RowCount, Stamp: r.Stamp}
	}
	return f, nil
}

// expect refuses a graph that is not as it was.
func (f Fingerprint) expect(ctx context.Context, q *importdb.Queries) error {
	if f == nil {
		return nil
	}
	now, err := readFingerprint(ctx, q)
	if err != nil {
		return err
	}
	if changes := f.changes(now); len(changes) > 0 {
		return &GraphChangedError{Changes: changes}
	}
	return nil
}

// changes says of each table that differs how.
func (f Fingerprint) changes(now Fingerprint) []string {
	var list []string
	for _, table := range slices.Sorted(maps.Keys(now)) {
		then, is := f[table], now[table]
		switch {
		case then == is:
		case table == codeCounters:
			list = append(list, table+" (codes were drawn or given back)")
		case then.Rows != is.Rows:
			list = append(list, fmt.Sprintf("%s (%d rows then, %d now)", table, then.Rows, is.Rows))
		default:
			list = append(list, fmt.Sprintf("%s (%d rows, but not the same)", table, is.Rows))
		}
	}
	return list
}

// GraphChangedError says that the graph is not the one that a plan was made for.
type GraphChangedError struct {
	Changes []string // the tables, each with what is different
}

func (e *GraphChangedError) Error() string {
	return "the graph has changed since the plan was made, in " + strings.Join(e.Changes, ", ") + "; nothing was changed. Make the plan anew"
}
