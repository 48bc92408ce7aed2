package load

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/projectrye/rye-import/internal/importdb"
)

// LastFile is a file that the last run of a source has read.
type LastFile struct {
	Run                              int32
	Object, Format, Encoding, SHA256 string
	Tally                            json.RawMessage // as that run has settled it; nil if it did not
}

// LastFiles gives the files of the last run of a source that is done, in their order, and the objects of whose records a run has something
// to ask even where they are as they were. There are no files if that run was of no full export, or took another one back.
func LastFiles(ctx context.Context, pool *pgxpool.Pool, source string) (files []LastFile, asked []string, err error) {
	q := importdb.New(pool)
	rows, err := q.FileListLast(ctx, source)
	if err != nil {
		return nil, nil, explain(fmt.Errorf("looking for the files of the last run of %q: %w", source, err))
	}
	if len(rows) == 0 {
		return nil, nil, nil
	}
	for _, f := range rows {
		files = append(files, LastFile{Run: f.RunNo, Object: f.Object, Format: f.Format, Encoding: f.Encoding, SHA256: f.SHA256, Tally: f.Tally})
	}
	if asked, err = q.ObjectListAsked(ctx, source); err != nil {
		return nil, nil, explain(fmt.Errorf("looking for what records of %q wait for: %w", source, err))
	}
	return files, asked, nil
}

// Compare gets ready to compare records with what they were when last used, for which the first batch would wait else. Of the kept objects,
// which are counted, it is known that all records are as they were; none of them will be staged. It is called once, before anything
// is, if at all.
func (r *Run) Compare(ctx context.Context, kept map[string]int64) {
	r.kept = kept
	if r.Known && r.plan == nil { // a plan has one connection, and more to do on it
		go r.unchanged.prepare(ctx, r)
	}
}

// tallies notes what was counted in the files of the run.
func (m *merger) tallies(ctx context.Context, tallies map[int32]json.RawMessage) error {
	params := importdb.FileSetTalliesParams{RunNo: m.no}
	for no, t := range tallies {
		params.FileNos, params.Tallies = append(params.FileNos, no), append(params.Tallies, t)
	}
	return m.q.FileSetTallies(ctx, params)
}
