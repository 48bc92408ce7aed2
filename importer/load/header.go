package load

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/projectrye/rye-import/internal/importdb"
)

// Header is what a run knew of the columns of an object of the mapping.
type Header struct {
	Object  string
	Run     int32    // that knew it
	Columns []string // as the export writes them
	Always  []string // those that every record had
	Gone    []string // columns of the mapping that an earlier run had and this one was allowed to lack
}

// Headers gives the columns of the objects of a source as the last runs that are done left them, by object.
func Headers(ctx context.Context, pool *pgxpool.Pool, source string) (map[string]Header, error) {
	rows, err := importdb.New(pool).HeaderListLatest(ctx, source)
	if err != nil {
		return nil, explain(fmt.Errorf("reading the columns of earlier runs of %q: %w", source, err))
	}
	headers := make(map[string]Header, len(rows))
	for _, r := range rows {
		headers[r.Object] = Header{Object: r.Object, Run: r.RunNo, Columns: r.Columns, Always: r.Always, Gone: r.Gone}
	}
	return headers, nil
}

// headers notes the columns that the run knew.
func (m *merger) headers(ctx context.Context, headers []Header) error {
	for _, h := range headers {
		err := m.q.HeaderInsert(ctx, importdb.HeaderInsertParams{
			RunNo: m.no, Object: storable(h.Object), Columns: storableAll(h.Columns), Always: storableAll(h.Always), Gone: storableAll(h.Gone),
		})
		if err != nil {
			return fmt.Errorf("noting the columns of %s: %w", h.Object, err)
		}
	}
	return nil
}

func storableAll(texts []string) []string {
	out := make([]string, len(texts))
	for i, s := range texts {
		out[i] = storable(s)
	}
	return out
}
