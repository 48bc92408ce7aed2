package importer_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/projectrye/rye-import/importer"
	"github.com/projectrye/rye-import/importer/load"
	"github.com/projectrye/rye-import/importer/report"
	"github.com/projectrye/rye-import/internal/pgtest"
)

// keptExport is a folder that is imported again and again.
type keptExport struct {
	t    *testing.T
	pool *pgxpool.Pool
	dir  string
	cfg  importer.Config
}

const (
	accounts = "Id,Name,CreatedDate"
	tasks    = "Id,WhoId,Subject,Status,ActivityDate,Type,CreatedDate"
)

func account(n int) string {
	return fmt.Sprintf("0017R0000A%05dAAA,Firm %d,2024-01-02 08:00:00", n, n)
}

func employee(n, firm int) string {
	return fmt.Sprintf("0037R0000A%05dAAA,0017R0000A%05dAAA,Ada,Person %d,ada%d@example.com,2024-01-02 08:00:00", n, firm, n, n)
}

func task(n, who int) string {
	return fmt.Sprintf("00T7R0000A%05dAAA,0037R0000A%05dAAA,Call %d,Completed,2024-02-01,Call,2024-01-02 08:00:00", n, who, n)
}

// newKeptExport is of two firms, three people, who work there, two calls with them, and a deal.
func newKeptExport(t *testing.T) *keptExport {
	t.Helper()
	e := &keptExport{t: t, pool: pgtest.New(t), dir: t.TempDir(), cfg: config(t)}
	e.write("Account", accounts, account(1), account(2))
	e.write("Contact", "Id,AccountId,FirstName,LastName,Email,CreatedDate", employee(1, 1), employee(2, 1), employee(3, 2))
	e.write("Task", tasks, task(1, 1), task(2, 3))
	e.write("Opportunity", deals, deal(1, "1000"))
	return e
}

func (e *keptExport) write(object string, lines ...string) {
	e.t.Helper()
	require.NoError(e.t, os.WriteFile(filepath.Join(e.dir, object+".csv"), []byte(strings.Join(lines, "\n")+"\n"), 0o600))
}

// edit replaces text in a file.
func (e *keptExport) edit(object, was, is string) {
	e.t.Helper()
	path := filepath.Join(e.dir, object+".csv")
	text, err := os.ReadFile(path)
	require.NoError(e.t, err)
	require.Contains(e.t, string(text), was)
	require.NoError(e.t, os.WriteFile(path, []byte(strings.Replace(string(text), was, is, 1)), 0o600))
}

func (e *keptExport) run() *report.Summary {
	e.t.Helper()
	s, err := importer.New(e.pool).Run(e.t.Context(), find(e.t, e.dir), e.cfg)
	require.NoError(e.t, err)
	require.True(e.t, s.Balanced)
	return s
}

// kept names the files that a run says it has not read.
func kept(s *report.Summary) []string {
	var names []string
	for _, f := range s.Files {
		if f.SameAsRun > 0 {
			names = append(names, strings.TrimSuffix(f.Path, ".csv"))
		}
	}
	return names
}

// forget has the database not know any more what was counted in files, so that all are read.
func (e *keptExport) forget() { execute(e.t, e.pool, "UPDATE rye_import.files SET tally = NULL") }

// said is what a run says but for times, its number, and whether it has read its files.
func said(t *testing.T, s *report.Summary) string {
	t.Helper()
	c := *s
	c.RunID, c.StartedAt, c.FinishedAt, c.Seconds, c.Phases, c.Rejects.Path = "", time.Time{}, time.Time{}, 0, nil, ""
	c.Files, c.Objects = slices.Clone(s.Files), maps.Clone(s.Objects)
	for i := range c.Files {
		c.Files[i].SameAsRun = 0
	}
	for name, o := range c.Objects {
		o.Seconds = 0
		c.Objects[name] = o
	}
	text, err := json.MarshalIndent(c, "", " ")
	require.NoError(t, err)
	return string(text)
}

// TestRun_Kept has files that are as they were in the last run not read again: runs say the same as those that read them, and do
// the same.
func TestRun_Kept(t *testing.T) {
	t.Parallel()
	e, reader := newKeptExport(t), newKeptExport(t)
	step := func() *report.Summary {
		t.Helper()
		reader.forget()
		s, full := e.run(), reader.run()
		require.Empty(t, kept(full))
		require.Equal(t, said(t, full), said(t, s))
		require.Equal(t, dump(t, reader.pool), dump(t, e.pool))
		return s
	}
	require.Empty(t, kept(step()))

	again := step()
	require.Equal(t, []string{"Account", "Contact", "Task"}, kept(again), "the amount of a deal is compared with that of the graph")
	require.Zero(t, again.Graph)
	require.Equal(t, report.Object{Read: 3, Unchanged: 3}, zeroed(again.Objects["Contact"]))
	require.Equal(t, report.Link{Found: 3, Unchanged: 3}, again.Links["employs"])
	for _, f := range again.Files {
		require.Contains(t, []int32{0, 1}, f.SameAsRun)
	}
	third := step()
	require.Equal(t, kept(again), kept(third), "what was not read in the last run either")
	require.Equal(t, int32(2), third.Files[0].SameAsRun)

	// A call comes, with a person whose file is not read, and a deal changes.
	for _, x := range []*keptExport{e, reader} {
		x.write("Task", tasks, task(1, 1), task(2, 3), task(3, 2))
		x.edit("Opportunity", "1000", "2000")
	}
	changed := step()
	require.Equal(t, []string{"Account", "Contact"}, kept(changed))
	require.Equal(t, report.Object{Read: 3, Created: 1, Unchanged: 2}, zeroed(changed.Objects["Task"]))
	require.Equal(t, int64(1), changed.Graph.Assertions.Superseded)
	v, err := importer.New(e.pool).Verify(t.Context(), find(t, e.dir), e.cfg, importer.VerifyOptions{})
	require.NoError(t, err)
	require.Equal(t, report.StatusVerified, v.Status)
}

func zeroed(o report.Object) report.Object {
	o.Seconds, o.Codes = 0, ""
	return o
}

// TestRun_KeptNot has everything that may make reading a file tell something new: then it is read.
func TestRun_KeptNot(t *testing.T) {
	t.Parallel()
	all := []string{"Account", "Contact", "Task"}
	for name, tc := range map[string]struct {
		before func(e *keptExport) // the first run
		after  func(e *keptExport)
		want   []string // files that the next run keeps
		twice  []string // and the one after that; default all
	}{
		"zone":    {after: func(e *keptExport) { e.cfg.TimeZone = time.FixedZone("East", 3600) }},
		"columns": {after: func(e *keptExport) { e.cfg.AllowMissingColumns = []string{importer.AllColumns} }},
		"archive": {after: func(e *keptExport) { e.cfg.ArchiveMissing = true }},
		"delta": {after: func(e *keptExport) {
			e.cfg.Delta = true
			e.run()
			require.Empty(e.t, kept(e.run()), "an export of changes tells of what it has alone")
			e.cfg.Delta = false
		}},
		"undo": {after: func(e *keptExport) {
			e.edit("Contact", "ada1@", "ada11@")
			s := e.run()
			_, err := importer.New(e.pool).Undo(e.t.Context(), s.RunID, e.cfg)
			require.NoError(e.t, err)
		}},
		"failed run": {want: []string{"Account", "Contact", "Task"}, after: func(e *keptExport) {
			e.edit("Contact", "Person 1", "")
			e.cfg.MaxRejects = &importer.Limit{}
			_, err := importer.New(e.pool).Run(e.t.Context(), find(e.t, e.dir), e.cfg)
			require.True(e.t, importer.IsGuard(err))
			e.edit("Contact", "Ada,,", "Ada,Person 1,")
		}},
		"reject": {
			before: func(e *keptExport) { e.edit("Contact", "Person 2", "") }, after: func(*keptExport) {},
			want: []string{"Account", "Task"}, twice: []string{"Account", "Task"},
		},
		"doubles": {
			before: func(e *keptExport) { e.write("Account", accounts, account(1), account(2), account(2)) }, after: func(*keptExport) {},
			want: []string{"Contact", "Task"}, twice: []string{"Contact", "Task"},
		},
		"waiting": {
			before: func(e *keptExport) { e.edit("Task", "A00003AAA", "A00009AAA") }, after: func(*keptExport) {},
			want: []string{"Account", "Contact"}, twice: []string{"Account", "Contact"},
		},
		"conflict": {
			after: func(e *keptExport) {
				execute(e.t, e.pool, `UPDATE rye.nodes SET properties = properties || '{"email": "mine@example.com"}' WHERE label = 'Ada Person 1'`)
				e.edit("Contact", "ada1@", "ada11@")
				require.Equal(e.t, int64(1), e.run().Conflicts.Total)
			},
			want: []string{"Account", "Task"}, twice: []string{"Account", "Task"},
		},
		"another file": {
			after: func(e *keptExport) { e.write("Account2", accounts, account(3)) }, want: []string{"Contact", "Task"},
			twice: []string{"Account", "Account2", "Contact", "Task"},
		},
		"file gone": {
			before: func(e *keptExport) { e.write("Account2", accounts, account(3)) },
			after:  func(e *keptExport) { require.NoError(e.t, os.Remove(filepath.Join(e.dir, "Account2.csv"))) }, want: []string{"Contact", "Task"},
		},
		"file renamed": {
			after: func(e *keptExport) {
				require.NoError(e.t, os.Rename(filepath.Join(e.dir, "Account.csv"), filepath.Join(e.dir, "Firms.csv")))
			},
			want: []string{"Contact", "Firms", "Task"}, twice: []string{"Contact", "Firms", "Task"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := newKeptExport(t)
			if tc.before != nil {
				tc.before(e)
			}
			e.run()
			tc.after(e)
			require.Equal(t, tc.want, kept(e.run()))
			if tc.twice == nil {
				tc.twice = all
			}
			last := e.run()
			require.Equal(t, tc.twice, kept(last))
			require.Zero(t, last.Graph)
			e.forget()
			require.Equal(t, said(t, e.run()), said(t, last))
		})
	}
}

// TestRun_KeptMissing archives what is missing from a file that is read, as a share of all that the export has, and nothing of one that is not.
func TestRun_KeptMissing(t *testing.T) {
	t.Parallel()
	e := newKeptExport(t)
	e.cfg.ArchiveMissing, e.cfg.MaxArchive = true, 14
	lines := []string{accounts, account(1), account(2), account(3), account(4)}
	e.write("Account", lines...)
	e.run()
	e.edit("Contact", employee(2, 1)+"\n", "")
	missing, err := importer.New(e.pool).Run(t.Context(), find(t, e.dir), e.cfg)
	require.NoError(t, err, "one of 10 records, though one of 3 contacts")
	require.Equal(t, []string{"Account", "Task"}, kept(missing))
	require.Equal(t, int64(1), missing.Objects["Contact"].Missing)
	require.Equal(t, report.GraphNodes{Archived: 1}, missing.Graph.Nodes)
	require.Equal(t, []string{"Account", "Contact", "Task"}, kept(e.run()))

	e.write("Account", lines[:3]...)
	e.write("Contact", "Id,AccountId,FirstName,LastName,Email,CreatedDate", employee(1, 1), employee(3, 2))
	_, err = importer.New(e.pool).Run(t.Context(), find(t, e.dir), e.cfg)
	var guard *load.MissingGuardError
	require.ErrorAs(t, err, &guard)
	require.Equal(t, int64(2), guard.Missing)
	require.Equal(t, int64(9), guard.Total)
}
