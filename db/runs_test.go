package db_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/projectrye/rye-import/db"
	"github.com/projectrye/rye-import/importer"
	"github.com/projectrye/rye-import/importer/source"
	"github.com/projectrye/rye-import/internal/pgtest"
)

// imported is a database into which the invented export was loaded twice, the second time with another
// title of one contact.
type imported struct {
	*world
	loader *pgxpool.Pool // a member of rye_loader
	runs   []uuid.UUID
}

const barbora = "0037R00000M3f2WQAR" // on line 2 of Contact.csv

func newImported(t *testing.T) *imported {
	t.Helper()
	w := newWorld(t)
	im := &imported{world: w}
	login := pgtest.Role(t, w.owner, "NOSUPERUSER NOCREATEROLE NOBYPASSRLS")
	w.exec("GRANT rye_loader TO " + pgx.Identifier{login}.Sanitize())
	im.loader = pgtest.Connect(t, pgtest.AsRole(t, w.owner.Config().ConnString(), login))
	dir := t.TempDir()
	for run := range 2 {
		require.NoError(t, os.CopyFS(filepath.Join(dir, "export"), os.DirFS("../fixtures/salesforce")))
		if run == 1 {
			path := filepath.Join(dir, "export", "Contact.csv")
			text, err := os.ReadFile(path)
			require.NoError(t, err)
			changed := bytes.Replace(text, []byte(`"Referentka","Technická správa"`), []byte(`"Master Brewer","Technická správa"`), 1)
			require.NotEqual(t, text, changed)
			require.NoError(t, os.WriteFile(path, changed, 0o600))
		}
		set, err := source.Find(t.Context(), []string{filepath.Join(dir, "export")}, source.Options{})
		require.NoError(t, err)
		s, err := importer.New(w.owner).Run(t.Context(), set, importer.Config{RejectsDir: filepath.Join(dir, "rejects")})
		require.NoError(t, err)
		require.NoError(t, set.Close())
		require.NoError(t, os.RemoveAll(filepath.Join(dir, "export")))
		im.runs = append(im.runs, uuid.MustParse(s.RunID))
	}
	return im
}

// node gives the node of a record of the export.
func (im *imported) node(object, legacyID string) (node uuid.UUID) {
	im.Helper()
	require.NoError(im, im.owner.QueryRow(context.Background(), `SELECT node_id FROM rye.node_source_map
		WHERE source_schema = 'salesforce' AND source_table = $1 AND source_id = $2`, object, legacyID).Scan(&node))
	return node
}

func TestJournal(t *testing.T) {
	t.Parallel()
	im := newImported(t)
	ctx := t.Context()
	im.exec(`INSERT INTO rye_import.runs (run_id, source, crm, command, status, full_export, mapping, started_at)
		VALUES (gen_random_uuid(), 'hubspot', 'hubspot', 'run', 'running', false, 'x', '2024-01-01Z')`)
	q := db.New(im.loader)

	t.Run("runs", func(t *testing.T) {
		all, err := q.RunList(ctx, db.RunListParams{MaxRows: 10})
		require.NoError(t, err)
		require.Len(t, all, 3)
		require.Equal(t, []uuid.UUID{im.runs[1], im.runs[0]}, []uuid.UUID{all[1].RunID, all[2].RunID})
		for _, size := range []int32{1, 2} {
			require.Equal(t, all, paged(t, func(last *db.Run) ([]db.Run, error) {
				p := db.RunListParams{MaxRows: size}
				if last != nil {
					p.BeforeRunNo = &last.RunNo
				}
				return q.RunList(ctx, p)
			}))
		}
		some, err := q.RunList(ctx, db.RunListParams{Source: ptr("salesforce"), MaxRows: 10})
		require.NoError(t, err)
		require.Equal(t, all[1:], some)
		some, err = q.RunList(ctx, db.RunListParams{Source: ptr("sales' OR true --"), MaxRows: 10})
		require.NoError(t, err)
		require.Empty(t, some)

		running, done := all[0], all[1]
		require.Equal(t, []string{"hubspot", "running"}, []string{running.Source, running.Status})
		require.Nil(t, running.FinishedAt)
		require.Nil(t, running.EventID)
		require.Nil(t, running.Error)
		require.Nil(t, running.Summary)
		require.Equal(t, []string{"salesforce", "salesforce", "run", "done"}, []string{done.Source, done.CRM, done.Command, done.Status})
		require.NotNil(t, done.FinishedAt)
		require.NotNil(t, done.EventID)
		require.True(t, done.FullExport)
		require.Contains(t, string(done.Summary), im.runs[1].String())

		got, err := q.RunGet(ctx, im.runs[0])
		require.NoError(t, err)
		require.Equal(t, all[2], got)
		_, err = q.RunGet(ctx, uuid.New())
		require.ErrorIs(t, err, pgx.ErrNoRows)
		got, err = q.RunGetLatest(ctx, db.RunGetLatestParams{Source: "salesforce"})
		require.NoError(t, err)
		require.Equal(t, done, got)
		got, err = q.RunGetLatest(ctx, db.RunGetLatestParams{Source: "hubspot"})
		require.NoError(t, err)
		require.Equal(t, running, got)
		_, err = q.RunGetLatest(ctx, db.RunGetLatestParams{Source: "hubspot", Status: ptr("done")})
		require.ErrorIs(t, err, pgx.ErrNoRows)
		found, err := q.RunListByPrefix(ctx, im.runs[0].String()[:13])
		require.NoError(t, err)
		require.Equal(t, all[2:], found)
		found, err = q.RunListByPrefix(ctx, "2")
		require.NoError(t, err)
		require.Contains(t, found, done)
		found, err = q.RunListByPrefix(ctx, "%")
		require.NoError(t, err)
		require.Empty(t, found)
	})

	t.Run("files", func(t *testing.T) {
		all, err := q.FileListByRun(ctx, db.FileListByRunParams{RunNo: 1, MaxRows: 100})
		require.NoError(t, err)
		require.Len(t, all, 29)
		require.Equal(t, []string{"Account.csv", "Account", "csv"}, []string{filepath.Base(all[0].Path), all[0].Object, all[0].Format})
		require.Len(t, all[0].SHA256, 64)
		require.Positive(t, all[0].Bytes)
		require.Equal(t, all, paged(t, func(last *db.FileListByRunRow) ([]db.FileListByRunRow, error) {
			p := db.FileListByRunParams{RunNo: 1, MaxRows: 10}
			if last != nil {
				p.AfterFileNo = &last.FileNo
			}
			return q.FileListByRun(ctx, p)
		}))
	})

	t.Run("conflicts", func(t *testing.T) {
		contact := im.node("Contact", barbora)
		im.exec(`INSERT INTO rye_import.conflicts (object_no, legacy_id, subject_id, kind, field, base, held, incoming, edited_by, edited_at,
				state, first_run_no, run_no, file_no, line)
			SELECT r.object_no, r.legacy_id, $2, k.kind, k.field, '"a"', '"b"', '"c"', 'mia', '2024-10-01Z', k.state, 1, 2, r.file_no, r.line
			FROM rye_import.records r, (VALUES ('label', 'label', 'open'), ('property', 'properties.title', 'accepted')) k (kind, field, state)
			WHERE r.legacy_id = $1`, barbora, contact)
		im.exec(`INSERT INTO rye_import.conflicts (object_no, legacy_id, subject_id, kind, field, incoming, state, first_run_no, run_no, file_no, line)
			SELECT r.object_no, r.legacy_id, e.id, 'link', 'properties.title', '1', 'open', 2, 2, 0, 0
			FROM rye_import.records r, rye.edges e WHERE r.legacy_id = $1 AND e.target_id = $2 AND e.edge_type = 'employs'`, barbora, contact)
		all, err := q.ConflictList(ctx, db.ConflictListParams{MaxRows: 10})
		require.NoError(t, err)
		require.Len(t, all, 3)
		for _, c := range all {
			require.Equal(t, []any{"salesforce", "Contact", barbora, contact}, []any{c.Source, c.Object, c.LegacyID, c.NodeID})
			require.Regexp(t, "^CON-", c.Code)
		}
		require.Equal(t, []string{"label", "properties.title", "properties.title"}, []string{all[0].Field, all[1].Field, all[2].Field})
		require.JSONEq(t, `["a", "b", "c"]`, fmt.Sprintf("[%s, %s, %s]", all[0].Base, all[0].Held, all[0].Incoming))
		require.Contains(t, *all[0].Path, "Contact.csv")
		require.Nil(t, all[2].Path)
		require.Equal(t, all, paged(t, func(last *db.ConflictListRow) ([]db.ConflictListRow, error) {
			p := db.ConflictListParams{MaxRows: 1}
			if last != nil {
				p.AfterConflictNo = &last.ConflictNo
			}
			return q.ConflictList(ctx, p)
		}))
		some, err := q.ConflictList(ctx, db.ConflictListParams{Source: ptr("salesforce"), State: ptr("accepted"), MaxRows: 10})
		require.NoError(t, err)
		require.Equal(t, all[1:2], some)
		some, err = q.ConflictList(ctx, db.ConflictListParams{Source: ptr("hubspot"), MaxRows: 10})
		require.NoError(t, err)
		require.Empty(t, some)
		of, err := q.ConflictListByNode(ctx, db.ConflictListByNodeParams{NodeID: contact, MaxRows: 10})
		require.NoError(t, err)
		require.Len(t, of, 3)
		require.Equal(t, of, paged(t, func(last *db.ConflictListByNodeRow) ([]db.ConflictListByNodeRow, error) {
			p := db.ConflictListByNodeParams{NodeID: contact, MaxRows: 2}
			if last != nil {
				p.AfterConflictNo = &last.ConflictNo
			}
			return q.ConflictListByNode(ctx, p)
		}))
		of, err = q.ConflictListByNode(ctx, db.ConflictListByNodeParams{NodeID: uuid.New(), MaxRows: 10})
		require.NoError(t, err)
		require.Empty(t, of)
	})
	t.Run("rejects", func(t *testing.T) {
		all, err := q.RejectListByRun(ctx, db.RejectListByRunParams{RunNo: 1, MaxRows: 100})
		require.NoError(t, err)
		require.Len(t, all, 7)
		require.Equal(t, all, paged(t, func(last *db.RejectListByRunRow) ([]db.RejectListByRunRow, error) {
			p := db.RejectListByRunParams{RunNo: 1, MaxRows: 1}
			if last != nil {
				p.AfterRec = &last.Rec
			}
			return q.RejectListByRun(ctx, p)
		}))
		counts, err := q.RejectCountByCode(ctx, db.RejectCountByCodeParams{RunNo: 1, MaxRows: 100})
		require.NoError(t, err)
		want, got := map[string]int64{}, map[string]int64{}
		for _, r := range all {
			require.NotEmpty(t, r.Reason)
			want[r.Code]++
		}
		for i, c := range counts {
			got[c.Code] = c.Records
			require.True(t, i == 0 || counts[i-1].Records >= c.Records)
		}
		require.Equal(t, want, got)
		none, err := q.RejectCountByCode(ctx, db.RejectCountByCodeParams{RunNo: 99, MaxRows: 100})
		require.NoError(t, err)
		require.Empty(t, none)
	})

	t.Run("changes", func(t *testing.T) {
		node := im.node("Contact", barbora)
		im.exec(`INSERT INTO rye_import.changes (run_no, node_id, before, after) VALUES (1, $1, '{}', '{"label": "x"}')`, node)
		all, err := q.ChangeListByNode(ctx, db.ChangeListByNodeParams{NodeID: node, MaxRows: 10})
		require.NoError(t, err)
		require.Len(t, all, 2)
		require.Equal(t, []any{int32(2), im.runs[1], "salesforce", "Contact.csv", int32(2)},
			[]any{all[0].RunNo, all[0].RunID, all[0].Source, filepath.Base(*all[0].Path), *all[0].Line})
		var before struct{ Properties json.RawMessage }
		require.NoError(t, json.Unmarshal(all[0].Before, &before))
		require.JSONEq(t, `{"title": "Referentka"}`, string(before.Properties))
		require.JSONEq(t, `{"properties": {"title": "Master Brewer"}}`, string(all[0].After))
		require.Nil(t, all[1].Path)
		require.Nil(t, all[1].Line)
		require.Equal(t, all, paged(t, func(last *db.ChangeListByNodeRow) ([]db.ChangeListByNodeRow, error) {
			p := db.ChangeListByNodeParams{NodeID: node, MaxRows: 1}
			if last != nil {
				p.BeforeRunNo = &last.RunNo
			}
			return q.ChangeListByNode(ctx, p)
		}))
		// The loader is under row-level security here: a node that it does not see has no history.
		im.exec(`INSERT INTO rye_import.changes (run_no, node_id, before, after) VALUES (1, $1, '{}', '{}')`, sue)
		none, err := q.ChangeListByNode(ctx, db.ChangeListByNodeParams{NodeID: sue, MaxRows: 10})
		require.NoError(t, err)
		require.Empty(t, none)
	})
}

// TestJournal_Refused keeps applications out of the importer's books.
func TestJournal_Refused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for name, read := range map[string]func(ctx context.Context, q *db.Queries) error{
		"RunGet":          func(ctx context.Context, q *db.Queries) error { _, err := q.RunGet(ctx, uuid.New()); return err },
		"RunListByPrefix": func(ctx context.Context, q *db.Queries) error { _, err := q.RunListByPrefix(ctx, ""); return err },
		"RunGetLatest": func(ctx context.Context, q *db.Queries) error {
			_, err := q.RunGetLatest(ctx, db.RunGetLatestParams{})
			return err
		},
		"RunList": func(ctx context.Context, q *db.Queries) error {
			_, err := q.RunList(ctx, db.RunListParams{})
			return err
		},
		"FileListByRun": func(ctx context.Context, q *db.Queries) error {
			_, err := q.FileListByRun(ctx, db.FileListByRunParams{})
			return err
		},
		"RejectListByRun": func(ctx context.Context, q *db.Queries) error {
			_, err := q.RejectListByRun(ctx, db.RejectListByRunParams{})
			return err
		},
		"ConflictList": func(ctx context.Context, q *db.Queries) error {
			_, err := q.ConflictList(ctx, db.ConflictListParams{})
			return err
		},
		"ConflictListByNode": func(ctx context.Context, q *db.Queries) error {
			_, err := q.ConflictListByNode(ctx, db.ConflictListByNodeParams{})
			return err
		},
		"RejectCountByCode": func(ctx context.Context, q *db.Queries) error {
			_, err := q.RejectCountByCode(ctx, db.RejectCountByCodeParams{})
			return err
		},
		"ChangeListByNode": func(ctx context.Context, q *db.Queries) error {
			_, err := q.ChangeListByNode(ctx, db.ChangeListByNodeParams{})
			return err
		},
		"ProvenanceGetNode":  func(ctx context.Context, q *db.Queries) error { _, err := q.ProvenanceGetNode(ctx, ada); return err },
		"ProvenanceGetEdge":  func(ctx context.Context, q *db.Queries) error { _, err := q.ProvenanceGetEdge(ctx, ada); return err },
		"ProvenanceGetEvent": func(ctx context.Context, q *db.Queries) error { _, err := q.ProvenanceGetEvent(ctx, ada); return err },
		"ProvenanceGetAssertion": func(ctx context.Context, q *db.Queries) error {
			_, err := q.ProvenanceGetAssertion(ctx, ada)
			return err
		},
		"ViewsRefresh": func(ctx context.Context, q *db.Queries) error { return q.ViewsRefresh(ctx) },
	} {
		for _, v := range []viewer{admin, agent, nobody} {
			w.as(v, func(ctx context.Context, q *db.Queries) {
				require.Equal(t, "42501", sqlState(read(ctx, q)), name)
			})
		}
	}
}

func TestProvenance(t *testing.T) {
	t.Parallel()
	im := newImported(t)
	ctx := t.Context()
	q := db.New(im.loader)
	node := im.node("Contact", barbora)

	n, err := q.ProvenanceGetNode(ctx, node)
	require.NoError(t, err)
	require.Equal(t, []any{node, int32(2), im.runs[1], "salesforce", int32(1), "Contact.csv", int32(2), "Contact", barbora},
		[]any{n.NodeID, n.RunNo, n.RunID, n.Source, n.FirstRunNo, filepath.Base(*n.Path), n.Line, n.Object, n.LegacyID})
	require.Len(t, *n.SHA256, 64)
	require.NotEmpty(t, n.Mapping)
	require.WithinDuration(t, time.Now(), n.StartedAt, 5*time.Minute)
	// One that no import brought, and one that the crosswalk names and the journal does not.
	for _, other := range []uuid.UUID{bob, acme, uuid.New()} {
		_, err = q.ProvenanceGetNode(ctx, other)
		require.ErrorIs(t, err, pgx.ErrNoRows)
	}

	var edge, fact, event, run uuid.UUID
	require.NoError(t, im.owner.QueryRow(ctx, `SELECT
		(SELECT id FROM rye.edges WHERE target_id = $1 AND edge_type = 'employs' AND attrs -> 'import' ->> 'column' IS NOT NULL ORDER BY id LIMIT 1),
		(SELECT id FROM rye.assertions WHERE assertion_type = 'deal_value' AND attrs ? 'import' ORDER BY id LIMIT 1),
		(SELECT id FROM rye.events WHERE attrs -> 'import' ->> 'record' LIKE 'Task/%' ORDER BY id LIMIT 1),
		(SELECT id FROM rye.events WHERE event_type = 'import_run' ORDER BY occurred_at LIMIT 1)`, node).Scan(&edge, &fact, &event, &run))
	want := func(table string, of uuid.UUID) (line int32, record, column, path string) {
		var col *string
		require.NoError(t, im.owner.QueryRow(ctx, `SELECT (x.attrs -> 'import' ->> 'line')::int, x.attrs -> 'import' ->> 'record', x.attrs -> 'import' ->> 'column', f.path
			FROM rye.`+table+` x JOIN rye_import.files f ON f.file_no = (x.attrs -> 'import' ->> 'file')::int WHERE x.id = $1`, of).Scan(&line, &record, &col, &path))
		if col != nil {
			column = *col
		}
		return line, record, column, path
	}

	e, err := q.ProvenanceGetEdge(ctx, edge)
	require.NoError(t, err)
	require.Equal(t, []any{edge, int32(1), im.runs[0], "Contact", barbora, int32(2), "Contact.csv"},
		[]any{e.EdgeID, e.RunNo, e.RunID, *e.Object, *e.LegacyID, *e.Line, filepath.Base(*e.Path)})
	_, _, column, _ := want("edges", edge)
	require.Equal(t, column, *e.ColumnName)
	require.Len(t, *e.SHA256, 64)

	seen := viewer{Role: "admin"}
	require.NoError(t, pgx.BeginFunc(ctx, im.loader, func(tx pgx.Tx) error {
		q := db.New(tx)
		require.NoError(t, q.SessionSetContext(ctx, db.SessionSetContextParams(seen)))
		a, err := q.ProvenanceGetAssertion(ctx, fact)
		require.NoError(t, err)
		line, record, column, path := want("assertions", fact)
		require.Equal(t, []any{fact, line, record, column, path}, []any{a.AssertionID, *a.Line, *a.Object + "/" + *a.LegacyID, *a.ColumnName, *a.Path})
		v, err := q.ProvenanceGetEvent(ctx, event)
		require.NoError(t, err)
		line, record, _, path = want("events", event)
		require.Equal(t, []any{event, line, record, path}, []any{v.EventID, *v.Line, *v.Object + "/" + *v.LegacyID, *v.Path})
		require.Nil(t, v.ColumnName)
		v, err = q.ProvenanceGetEvent(ctx, run)
		require.NoError(t, err)
		require.Equal(t, im.runs[0], v.RunID)
		require.Nil(t, v.Line)
		require.Nil(t, v.Object)
		require.Nil(t, v.LegacyID)
		require.Nil(t, v.Path)
		require.Nil(t, v.SHA256)

		edges, err := q.ProvenanceListByEdges(ctx, db.ProvenanceListByEdgesParams{IDs: []uuid.UUID{edge, id(0x101), uuid.New()}, MaxRows: 10})
		require.NoError(t, err)
		require.Equal(t, []db.ProvenanceListByEdgesRow{db.ProvenanceListByEdgesRow(e)}, edges)
		facts, err := q.ProvenanceListByAssertions(ctx, db.ProvenanceListByAssertionsParams{IDs: []uuid.UUID{id(0x302), fact}, MaxRows: 10})
		require.NoError(t, err)
		require.Equal(t, []db.ProvenanceListByAssertionsRow{db.ProvenanceListByAssertionsRow(a)}, facts)
		events, err := q.ProvenanceListByEvents(ctx, db.ProvenanceListByEventsParams{IDs: []uuid.UUID{event, run, moved}, MaxRows: 10})
		require.NoError(t, err)
		require.Len(t, events, 2)
		return nil
	}))

	// What others wrote into attrs is no reason to fail.
	for i, attrs := range []string{
		`{"import": {"run": "1"}}`, `{"import": {"run": 1e20}}`, `{"import": {"run": -1}}`, `{"import": 7}`, `{"import": {"run": 99}}`, `[]`, `{}`,
	} {
		im.exec("UPDATE rye.edges SET attrs = $2 WHERE id = $1", id(0x101), attrs)
		_, err := q.ProvenanceGetEdge(ctx, id(0x101))
		require.ErrorIs(t, err, pgx.ErrNoRows, i)
	}
	im.exec(`UPDATE rye.edges SET attrs = '{"import": {"run": 1, "file": "x", "line": {}, "record": 5}}' WHERE id = $1`, id(0x101))
	odd, err := q.ProvenanceGetEdge(ctx, id(0x101))
	require.NoError(t, err)
	require.Nil(t, odd.Line)
	require.Nil(t, odd.Path)
	require.Nil(t, odd.LegacyID)

	// A node of two records, and one that the loader does not see.
	im.exec(`UPDATE rye.node_source_map SET node_id = $1 WHERE source_table = 'Account' AND source_id = (
		SELECT min(source_id) FROM rye.node_source_map WHERE source_table = 'Account' AND length(source_id) = 18)`, node)
	nodes, err := q.ProvenanceListByNodes(ctx, db.ProvenanceListByNodesParams{NodeIDs: []uuid.UUID{node, ada, uuid.New()}, MaxRows: 10})
	require.NoError(t, err)
	require.Equal(t, []string{"Contact", "Account"}, pick(nodes, func(r db.ProvenanceListByNodesRow) string { return r.Object }))
	require.Equal(t, db.ProvenanceListByNodesRow(n), nodes[0])
	im.exec(`UPDATE rye.nodes SET attrs = '{"classification": "internal", "teams": ["support"]}' WHERE id = $1`, node)
	_, err = q.ProvenanceGetNode(ctx, node)
	require.ErrorIs(t, err, pgx.ErrNoRows)
	_, err = q.ProvenanceGetEdge(ctx, edge)
	require.ErrorIs(t, err, pgx.ErrNoRows)
}

// TestViewsRefresh lets the loader refresh what trusted roles read.
func TestViewsRefresh(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	login := pgtest.Role(t, w.owner, "NOSUPERUSER NOCREATEROLE NOBYPASSRLS")
	w.exec("GRANT rye_loader TO " + pgx.Identifier{login}.Sanitize())
	loader := pgtest.Connect(t, pgtest.AsRole(t, w.owner.Config().ConnString(), login))
	w.exec("UPDATE rye.nodes SET label = 'Tanks of Globex' WHERE id = $1", tanks)
	label := func() (label string) {
		require.NoError(t, w.owner.QueryRow(t.Context(), "SELECT label FROM rye.opportunities_active WHERE node_id = $1", tanks).Scan(&label))
		return label
	}
	require.Equal(t, "Globex tanks", label())
	require.NoError(t, db.New(loader).ViewsRefresh(t.Context()))
	require.Equal(t, "Tanks of Globex", label())
}
