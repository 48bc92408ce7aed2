package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/projectrye/rye-import/importer/report"
	"github.com/projectrye/rye-import/internal/pgtest"
)

// verification runs verify and gives what it says.
func verification(t *testing.T, url string, wantCode int, args ...string) *report.Verification {
	t.Helper()
	r := command(t, "", append([]string{"--database-url", url, "verify", "--output", "json", "--progress", "none"}, args...)...)
	var v report.Verification
	dec := json.NewDecoder(strings.NewReader(r.stdout))
	dec.DisallowUnknownFields()
	require.NoError(t, dec.Decode(&v), "%s\n%s", r.stderr, r.stdout)
	require.Equal(t, wantCode, r.code, "%s %s %v", r.stderr, v.Error, v.Differences)
	return &v
}

// TestVerify imports the invented export, verifies it, and finds whatever is then changed in the graph.
func TestVerify(t *testing.T) {
	t.Parallel()
	url := pgtest.Clone(t)
	pool := pgtest.Connect(t, url)
	imported(t, url, exitRejects, fixture)
	before := fingerprint(t, pool)
	v := verification(t, url, exitDone, "--full", fixture)
	require.Equal(t, before, fingerprint(t, pool), "verify wrote into the graph")
	require.Equal(t, "verified", v.Status)
	require.Equal(t, "verify", v.Command)
	require.Empty(t, v.Differences)
	require.Zero(t, v.Counts.Missing+v.Counts.Different+v.Counts.Unexpected)
	require.Positive(t, v.Counts.Properties)
	for name, o := range v.Objects {
		require.Equal(t, o.Read, o.Held+o.Differing+o.Superseded+o.Rejected+o.Filtered, name)
		require.Zero(t, o.Unexpected, name)
	}
	for name, l := range v.Links {
		require.Equal(t, l.Found, l.Held+l.Ended+l.Waiting+l.Selves+l.Missing, name)
	}
	for name, o := range promised(t) {
		got := v.Objects[name]
		require.Equal(t, []int64{o.Read, o.Created + o.Archived, o.Rejected + o.Filtered}, []int64{got.Read, got.Held, got.Rejected + got.Filtered + got.Superseded}, name)
	}
	for _, by := range []string{"deal_value", "deal_value_by_stage", "deal_value_by_owner"} {
		require.NotEmpty(t, v.Sums[by])
		for key, sum := range v.Sums[by] {
			require.Equal(t, sum.Source, sum.Graph, "%s %s", by, key)
		}
	}

	execute(t, pool, "CREATE SCHEMA good")
	for _, table := range graphTables {
		execute(t, pool, fmt.Sprintf("CREATE TABLE good.%[1]s AS TABLE rye.%[1]s", table))
	}
	const (
		contact = `(SELECT m.node_id FROM rye.node_source_map m WHERE m.source_table = 'Contact' AND m.source_id = $1)`
		opp     = `(SELECT m.node_id FROM rye.node_source_map m WHERE m.source_table = 'Opportunity' AND m.source_id = $1)`
		event   = `(SELECT e.id FROM rye.events e WHERE e.attrs -> 'import' ->> 'record' = $1)`
	)
	somebody := value[string](t, pool, `SELECT m.source_id FROM rye.node_source_map m JOIN rye.nodes n ON n.id = m.node_id
		JOIN rye.edges e ON e.target_id = n.id AND e.edge_type = 'employs' AND e.effective_to IS NULL AND e.attrs -> 'import' ->> 'record' = 'Contact/' || m.source_id
		WHERE m.source_table = 'Contact' AND n.properties ? 'email' AND n.archived_at IS NULL AND e.properties ? 'title'
			AND (SELECT count(*) FROM rye.node_source_map k WHERE k.node_id = n.id) = 1 ORDER BY 1 LIMIT 1`)
	deal := value[string](t, pool, `SELECT m.source_id FROM rye.node_source_map m
		JOIN rye.assertions a ON a.subject_node_id = m.node_id AND a.assertion_type = 'deal_stage' AND a.superseded_by IS NOT NULL
		WHERE m.source_table = 'Opportunity' AND EXISTS (
			SELECT FROM rye.assertions k WHERE k.subject_node_id = m.node_id AND k.assertion_type = 'deal_value' AND k.superseded_at IS NULL)
		ORDER BY 1 LIMIT 1`)
	task := value[string](t, pool, `SELECT e.attrs -> 'import' ->> 'record' FROM rye.events e
		WHERE e.attrs -> 'import' ->> 'record' LIKE 'Task/%' AND e.summary IS NOT NULL ORDER BY 1 LIMIT 1`)

	tests := []struct {
		name string
		of   string // the record that is named
		sql  string
		what string
		kind string
	}{
		{"property", somebody, `UPDATE rye.nodes SET properties = properties || '{"email": "x@y.example"}' WHERE id = ` + contact, "property email", "different"},
		{"property gone", somebody, `UPDATE rye.nodes SET properties = properties - 'email' WHERE id = ` + contact, "property email", "missing"},
		{"label", somebody, `UPDATE rye.nodes SET label = label || ' jr.' WHERE id = ` + contact, "label", "different"},
		{"type", somebody, `UPDATE rye.nodes SET node_type = 'org' WHERE id = ` + contact, "type", "different"},
		{"archived", somebody, `UPDATE rye.nodes SET archived_at = now() WHERE id = ` + contact, "archived", "different"},
		{"edge end", somebody, `UPDATE rye.edges SET source_id = (SELECT n.id FROM rye.nodes n WHERE n.node_type = 'org' AND n.id <> source_id ORDER BY n.id LIMIT 1)
			WHERE edge_type = 'employs' AND attrs -> 'import' ->> 'record' = 'Contact/' || $1`, "link AccountId (employs)", "missing"},
		{"edge gone", somebody, `DELETE FROM rye.edges WHERE edge_type = 'owned_by' AND source_id = ` + contact, "link OwnerId (owned_by)", "missing"},
		{"edge date", somebody, `UPDATE rye.edges SET effective_from = effective_from + interval '1 day'
			WHERE edge_type = 'owned_by' AND source_id = ` + contact, "link OwnerId (owned_by): effective_from", "different"},
		{"edge ended", somebody, `UPDATE rye.edges SET effective_to = now() WHERE edge_type = 'owned_by' AND source_id = ` + contact, "link OwnerId (owned_by): effective_to", "different"},
		{"edge property", somebody, `UPDATE rye.edges SET properties = properties || '{"title": "x"}'
			WHERE edge_type = 'employs' AND target_id = ` + contact, "link AccountId (employs): property title", "different"},
		{"edge too many", somebody, `INSERT INTO rye.edges (edge_type, source_id, target_id, attrs)
			SELECT e.edge_type, e.source_id, (SELECT n.id FROM rye.nodes n WHERE n.id NOT IN (e.source_id, e.target_id) ORDER BY n.id LIMIT 1), e.attrs
			FROM rye.edges e WHERE e.edge_type = 'owned_by' AND e.source_id = ` + contact, "link OwnerId", "unexpected"},
		{"claim", deal, `UPDATE rye.assertions SET claim = claim || '{"amount": 1.01}'
			WHERE assertion_type = 'deal_value' AND superseded_at IS NULL AND subject_node_id = ` + opp, "fact deal_value", "different"},
		{"claim gone", deal, `DELETE FROM rye.assertions WHERE assertion_type = 'win_probability' AND subject_node_id = ` + opp, "fact win_probability", "missing"},
		{"claim of the past", deal, `UPDATE rye.assertions SET claim = claim || '{"stage": "x"}'
			WHERE assertion_type = 'deal_stage' AND superseded_at IS NOT NULL AND subject_node_id = ` + opp, "fact deal_stage", "different"},
		{
			"chain without successor", deal, `UPDATE rye.assertions SET superseded_by = NULL WHERE assertion_type = 'deal_stage' AND subject_node_id = ` + opp,
			"fact deal_stage: superseded_by", "different",
		},
		{"chain with a gap", deal, `UPDATE rye.assertions SET superseded_at = superseded_at + interval '1 hour'
			WHERE assertion_type = 'deal_stage' AND subject_node_id = ` + opp, "fact deal_stage: superseded_at", "different"},
		{"chain with a stranger", deal, `UPDATE rye.assertions SET superseded_by = (
				SELECT k.id FROM rye.assertions k WHERE k.assertion_type = 'contact_info' ORDER BY k.id LIMIT 1)
			WHERE assertion_type = 'deal_stage' AND superseded_at IS NOT NULL AND subject_node_id = ` + opp, "fact deal_stage: superseded_by", "different"},
		{"chain without a current fact", deal, `UPDATE rye.assertions SET superseded_at = asserted_at
			WHERE assertion_type = 'deal_value' AND superseded_at IS NULL AND subject_node_id = ` + opp, "fact deal_value", "missing"},
		{"event time", task, `UPDATE rye.events SET occurred_at = occurred_at + interval '1 minute' WHERE id = ` + event, "occurred_at", "different"},
		{"event summary", task, `UPDATE rye.events SET summary = 'x' WHERE id = ` + event, "summary", "different"},
		{"participant", task, `DELETE FROM rye.event_participants WHERE event_id = ` + event, "participant", "missing"},
		{"participant's role", task, `UPDATE rye.event_participants SET role = role || 'x' WHERE event_id = ` + event, "participant", "missing"},
		{"code", somebody, `UPDATE rye.nodes SET properties = properties || '{"code": "CON-9912-0001"}' WHERE id = ` + contact, "code", "different"},
		{"code of another", somebody, `UPDATE rye.nodes n SET properties = n.properties || jsonb_build_object('code', k.properties -> 'code')
			FROM rye.nodes k WHERE n.id = ` + contact + ` AND k.id = (SELECT o.id FROM rye.nodes o WHERE o.external_id LIKE 'CON-%' AND o.id <> n.id ORDER BY o.id LIMIT 1)`, "code", "different"},
		{"external id", somebody, `UPDATE rye.nodes SET external_id = 'CON-9912-0002' WHERE id = ` + contact, "code", "different"},
		{"month of the code", somebody, `UPDATE rye.nodes SET properties = properties || '{"code": "CON-9912-0003"}', external_id = 'CON-9912-0003' WHERE id = ` + contact, "code", "different"},
		{"crosswalk row gone", somebody, `DELETE FROM rye.node_source_map WHERE source_table = 'Contact' AND source_id = $1`, "the record", "missing"},
		{"crosswalk to another node", somebody, `UPDATE rye.node_source_map SET node_id = (
				SELECT m.node_id FROM rye.node_source_map m WHERE m.source_table = 'User' ORDER BY m.source_id LIMIT 1)
			WHERE source_table = 'Contact' AND source_id = $1`, "crosswalk", "different"},
	}
	for _, tc := range tests { //nolint:paralleltest // one after another in one database
		t.Run(tc.name, func(t *testing.T) {
			restore(t, pool)
			require.NoError(t, pgx.BeginFunc(t.Context(), pool, func(tx pgx.Tx) error {
				// Not even triggers are in the way of what damages a database.
				if _, err := tx.Exec(t.Context(), "SET LOCAL session_replication_role = replica"); err != nil {
					return err
				}
				tag, err := tx.Exec(t.Context(), tc.sql, tc.of)
				require.Positive(t, tag.RowsAffected(), "nothing was planted")
				return err
			}))
			v := verification(t, url, exitFailed, fixture)
			require.Equal(t, "different", v.Status)
			id := tc.of[strings.LastIndex(tc.of, "/")+1:]
			found := false
			for _, d := range v.Differences {
				named := d.ID == id && strings.HasPrefix(d.What, tc.what) && d.Kind == tc.kind
				// Facts of a deal are said by the records of its history too.
				history := strings.HasPrefix(tc.what, "fact ") && strings.HasPrefix(d.Object, "Opportunity") && strings.HasPrefix(d.What, tc.what) && d.Kind == tc.kind
				found = found || (named || history) && d.File != "" && d.Line > 1
			}
			require.True(t, found, "%s %s is not among %v", tc.what, id, v.Differences)
			require.NotContains(t, fmt.Sprint(v.Differences), "x@y.example", "a value of a cell is told")
		})
	}
	restore(t, pool)
	verification(t, url, exitDone, fixture)

	execute(t, pool, `INSERT INTO rye.node_source_map (node_id, source_schema, source_table, source_id)
		SELECT node_id, source_schema, source_table, '0037R00000ZZZZZQAZ' FROM rye.node_source_map WHERE source_table = 'Contact' AND source_id = $1`, somebody)
	v = verification(t, url, exitDone, fixture)
	require.Equal(t, int64(1), v.Objects["Contact"].Unexpected)
	require.Equal(t, []string{"0037R00000ZZZZZQAZ"}, v.Objects["Contact"].Examples)
	require.NotEmpty(t, v.Warnings)
	v = verification(t, url, exitFailed, "--full", fixture)
	require.Equal(t, []report.Difference{{
		Object: "Contact", ID: "0037R00000ZZZZZQAZ", What: "the record", Kind: "unexpected", Found: "in the graph, not in the export",
	}}, v.Differences)
	verification(t, url, exitDone, "--delta", fixture)
}

// graphTables are those that the tests of verify damage, and those that refer to them.
var graphTables = []string{"nodes", "edges", "events", "event_participants", "assertions", "artifacts", "node_source_map", "node_merges"} //nolint:gochecknoglobals // a list

// restore puts the graph back as it was imported.
func restore(t *testing.T, pool *pgxpool.Pool) {
	t.Helper()
	require.NoError(t, pgx.BeginFunc(t.Context(), pool, func(tx pgx.Tx) error {
		sql := []string{"SET LOCAL session_replication_role = replica", "TRUNCATE rye." + strings.Join(graphTables, ", rye.")}
		for _, table := range graphTables {
			sql = append(sql, fmt.Sprintf("INSERT INTO rye.%[1]s SELECT * FROM good.%[1]s", table))
		}
		for _, s := range sql {
			if _, err := tx.Exec(t.Context(), s); err != nil {
				return err
			}
		}
		return nil
	}))
}

// TestVerify_Changed verifies after a later run, of which some records changed: the graph holds the export
// of that run, and the one before it no more.
func TestVerify_Changed(t *testing.T) {
	t.Parallel()
	url := pgtest.Clone(t)
	imported(t, url, exitRejects, fixture)
	later := t.TempDir()
	entries, err := os.ReadDir(fixture)
	require.NoError(t, err)
	changes := map[string]*strings.Replacer{
		"Opportunity.csv": strings.NewReplacer(`"Qualification"`, `"Negotiation/Review"`, `"459000"`, `"459001"`),
		"Contact.csv":     strings.NewReplacer(".example\"", ".test\""),
		"Task.csv":        strings.NewReplacer(`"Completed"`, `"Done"`),
	}
	for _, e := range entries {
		text, err := os.ReadFile(filepath.Join(fixture, e.Name()))
		require.NoError(t, err)
		if r := changes[e.Name()]; r != nil {
			changed := r.Replace(string(text))
			require.NotEqual(t, string(text), changed, e.Name())
			text = []byte(changed)
		}
		require.NoError(t, os.WriteFile(filepath.Join(later, e.Name()), text, 0o600))
	}
	s := imported(t, url, exitDone, later)
	require.Positive(t, s.Graph.Nodes.Updated)
	require.Positive(t, s.Graph.Assertions.Superseded)
	verification(t, url, exitDone, "--full", later)
	v := verification(t, url, exitFailed, "--show-values", fixture)
	require.Positive(t, v.Counts.Different)
	require.Contains(t, fmt.Sprint(v.Differences), ".example", "values are told when asked for")
}

// TestVerify_Text shows a verification to a person.
func TestVerify_Text(t *testing.T) {
	t.Parallel()
	n := newNightly(t)
	path := n.write(t)
	r := command(t, "", "--database-url", n.url, "verify", path)
	require.Equal(t, exitDone, r.code, r.stderr)
	require.Contains(t, r.stdout, "✓ salesforce  the graph holds the export: 7 records")
	execute(t, n.pool, "UPDATE rye.nodes SET label = 'Somebody' WHERE label = 'Ada Lovelace'")
	r = command(t, "", "--database-url", n.url, "verify", path)
	require.Equal(t, exitFailed, r.code, r.stderr)
	require.Contains(t, r.stdout, "0 missing, 1 different, 0 unexpected")
	require.Contains(t, r.stdout, "Contact "+ada)
	require.Contains(t, r.stdout, "Contact.csv:2")
	require.NotContains(t, r.stdout, "Lovelace")
	r = command(t, "", "--database-url", n.url, "verify", "--show-values", path)
	require.Contains(t, r.stdout, "Lovelace")
}

// TestVerify_Refused changes nothing and says what to do.
func TestVerify_Refused(t *testing.T) {
	t.Parallel()
	url := pgtest.Empty(t)
	r := command(t, "", "--database-url", url, "verify", fixture)
	require.Equal(t, exitFailed, r.code)
	require.Contains(t, r.stderr, "rye-import db migrate")
	require.Equal(t, 0, value[int](t, pgtest.Connect(t, url), "SELECT count(*) FROM pg_namespace WHERE nspname IN ('rye', 'rye_import')"))
	r = command(t, "", "--database-url", url, "verify")
	require.Equal(t, exitUsage, r.code)
	r = command(t, "", "--database-url", url, "verify", "--output", "json", filepath.Join(t.TempDir(), "nothing"))
	require.Equal(t, exitFailed, r.code)
	require.Contains(t, r.stdout, `"status": "failed"`)
}
