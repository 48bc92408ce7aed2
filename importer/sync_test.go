package importer_test

import (
	"bytes"
	"cmp"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/projectrye/rye-import/importer"
	"github.com/projectrye/rye-import/importer/mapping"
	"github.com/projectrye/rye-import/importer/report"
	"github.com/projectrye/rye-import/importer/source"
	"github.com/projectrye/rye-import/internal/pgtest"
)

// The company of all exports: every CRM holds the same one, in its own shape. Ada and Bob work for Acme
// and belong to Eve; Eve sells the Engine, which is at its first stage and worth 1000.
const (
	acme   = "Acme"
	globex = "Globex"
	ada    = "Ada Moor"
	bob    = "Bob Reed"
	eve    = "Eve Hill"
	fay    = "Fay Lund"
	engine = "Engine"
)

// crmStory is what a file of testdata/sync says: how a CRM exports the company, and what stands there
// after each change.
type crmStory struct {
	Files   map[string]*crmFile `yaml:"files"`
	Rows    map[string]crmRow   `yaml:"rows"`
	Without map[string]string   `yaml:"without"` // rows that make no sense for the CRM, and why
}

// crmFile is a file of the export.
type crmFile struct {
	Wrap    string           `yaml:"wrap"`    // the key under which the records stand; default none
	Each    string           `yaml:"each"`    // the key under which each record stands; default none
	Key     string           `yaml:"key"`     // the column of the id
	Changed string           `yaml:"changed"` // the column that tells when a record was last changed; default none
	Time    string           `yaml:"time"`    // its layout, or unix
	Records []map[string]any `yaml:"records"`
}

// crmRow is a change of the export, and what comes of it.
type crmRow struct {
	Set    map[string]map[string]map[string]any `yaml:"set"` // by file, id and column; dots lead into values
	Add    map[string][]map[string]any          `yaml:"add"`
	Drop   map[string][]string                  `yaml:"drop"`
	Want   any                                  `yaml:"want"`
	Object string                               `yaml:"object"` // whose policies the row is about
	Node   string                               `yaml:"node"`   // the node that changes, where it is another than in other CRMs
}

// crmRows are the rows of the table "A later run over the same source" that a CRM may lack, each with what
// in a mapping means that it does not.
var crmRows = map[string]func(*mapping.Mapping) bool{
	"property": func(*mapping.Mapping) bool { return true },
	"column":   func(*mapping.Mapping) bool { return true },
	"employer": hasLink("employs"),
	"owner":    hasLink("assigned_to"),
	"pipeline": anyObject(func(o *mapping.Object) bool {
		return o.Stage != nil && !o.Stage.Define && o.Stage.Pipeline != nil && (o.Stage.Pipeline.ID.Column != "" || o.Stage.Pipeline.ID.First != nil)
	}),
	"stage":        anyObject(func(o *mapping.Object) bool { return o.Stage != nil && !o.Stage.Define }),
	"history":      anyObject(func(o *mapping.Object) bool { return o.Stage != nil && o.Stage.History }),
	"amount":       hasFact("deal_value"),
	"probability":  hasFact("win_probability"),
	"contact_info": hasFact("contact_info"),
	"opt_out":      hasFact("do_not_contact"),
	"opt_in": anyObject(func(o *mapping.Object) bool {
		return slices.ContainsFunc(o.Facts, func(f mapping.Fact) bool { return f.Type == "do_not_contact" && f.Withdraw != nil })
	}),
	"score":    hasFact("lead_score"),
	"blank":    func(*mapping.Mapping) bool { return true },
	"deleted":  anyObject(func(o *mapping.Object) bool { return o.Node != nil && o.Deleted != nil }),
	"returned": anyObject(func(o *mapping.Object) bool { return o.Node != nil && o.Deleted != nil }),
	"missing":  func(*mapping.Mapping) bool { return true },
	"merged": anyObject(func(o *mapping.Object) bool {
		return o.Merged != nil || slices.ContainsFunc(o.Same, func(s mapping.Same) bool { return s.Gone })
	}),
	"merged_in_graph": func(*mapping.Mapping) bool { return true },
}

func anyObject(is func(*mapping.Object) bool) func(*mapping.Mapping) bool {
	return func(m *mapping.Mapping) bool {
		for _, o := range m.Objects {
			if is(o) {
				return true
			}
		}
		return false
	}
}

func hasLink(edge string) func(*mapping.Mapping) bool {
	return anyObject(func(o *mapping.Object) bool {
		return slices.ContainsFunc(o.Links, func(l mapping.Link) bool { return l.Type == edge })
	})
}

func hasFact(fact string) func(*mapping.Mapping) bool {
	return anyObject(func(o *mapping.Object) bool {
		return slices.ContainsFunc(o.Facts, func(f mapping.Fact) bool { return f.Type == fact })
	})
}

func readStory(t *testing.T, crm string) *crmStory {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "sync", crm+".yaml"))
	require.NoError(t, err, "every CRM tells what becomes of a later run")
	story := &crmStory{}
	require.NoError(t, yaml.UnmarshalWithOptions(text, story, yaml.Strict()))
	m, err := mapping.Builtin(crm)
	require.NoError(t, err)
	for name, has := range crmRows {
		_, tested := story.Rows[name]
		reason, without := story.Without[name]
		require.NotEqual(t, tested, without, "%s: either the row is told or why there is none", name)
		if without {
			require.NotEmpty(t, reason, name)
			require.False(t, has(m), "%s: the mapping has it now: tell the row", name)
		}
	}
	for name := range story.Rows {
		require.Contains(t, crmRows, name)
	}
	return story
}

// TestSync_CRMs lets the company change in each CRM and imports it again and again, as a whole and as
// what has changed alone. After each step the run balances, the graph verifies, and the same run again
// touches nothing.
func TestSync_CRMs(t *testing.T) {
	t.Parallel()
	for _, crm := range mapping.Names() {
		for _, mode := range []string{"Full", "Delta"} {
			t.Run(crm+"/"+mode, func(t *testing.T) {
				t.Parallel()
				s := &crmSync{t: t, crm: crm, story: readStory(t, crm), delta: mode == "Delta", pool: pgtest.New(t), now: time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)}
				s.tell()
			})
		}
	}
}

// crmSync is a CRM whose export is imported again and again.
type crmSync struct {
	t       *testing.T
	crm     string
	story   *crmStory
	delta   bool
	pool    *pgxpool.Pool
	now     time.Time // of the last change
	policy  *mapping.Mapping
	touched map[string]map[string]bool
}

func (s *crmSync) tell() {
	t := s.t
	delta := s.delta
	s.delta = false
	s.touched = nil
	base := s.run(importer.Config{})
	s.delta = delta
	require.Empty(t, base.Deferred, "the company is whole")
	require.Equal(t, []string{acme + " -> " + ada}, s.edges("employs", ada))
	require.Equal(t, []string{engine + " -> " + eve}, s.edges("assigned_to", engine))
	require.Equal(t, []string{"1000"}, s.facts("deal_value", "amount", engine))
	nodes := s.nodes()

	s.change("column", "property")
	sum := s.run(importer.Config{})
	require.Equal(t, report.GraphNodes{Updated: 1}, sum.Graph.Nodes)
	require.Zero(t, sum.Graph.Edges.Created+sum.Graph.Edges.Closed+sum.Graph.Events.Created)
	s.properties(ada, "column", "property")

	facts := []struct{ row, fact, entry, label string }{
		{"amount", "deal_value", "amount", engine},
		{"probability", "win_probability", "probability", engine},
		{"contact_info", "contact_info", "phone", ada},
		{"score", "lead_score", "score", ada},
		{"opt_out", "do_not_contact", "reason", ada},
	}
	var before [][]string
	var told []string
	for i, f := range facts {
		facts[i].label = cmp.Or(s.story.Rows[f.row].Node, f.label)
		before = append(before, s.facts(f.fact, f.entry, facts[i].label))
		if _, ok := s.story.Rows[f.row]; ok {
			told = append(told, f.row)
		}
	}
	s.change(told...)
	sum = s.run(importer.Config{})
	require.Zero(t, sum.Graph.Edges.Created+sum.Graph.Edges.Closed+sum.Graph.Events.Created)
	require.Equal(t, int64(len(told)), sum.Graph.Assertions.Created)
	for i, f := range facts {
		if row, ok := s.story.Rows[f.row]; ok {
			require.Equal(t, append(before[i], fmt.Sprint(row.Want)), s.facts(f.fact, f.entry, f.label), f.row)
			require.Equal(t, 1, s.current(f.fact, f.label), f.row)
		}
	}
	if s.has("opt_in") {
		s.change("opt_in")
		s.run(importer.Config{})
		require.Zero(t, s.current("do_not_contact", ada), "it is withdrawn")
	}

	s.moves()
	s.blanks()
	s.deleted()
	s.missing()
	require.Equal(t, nodes, s.nodes(), "nobody has come twice")
	s.merged()
}

// moves gives Ada another employer, the deal another owner, stage and pipeline, on 5 and 7 June, and lets
// its history come late.
func (s *crmSync) moves() {
	t := s.t
	s.now = time.Date(2026, 6, 4, 12, 0, 0, 0, time.UTC)
	s.change("employer", "owner", "stage")
	sum := s.run(importer.Config{})
	require.Equal(t, []string{acme + " -> " + ada + s.until(), globex + " -> " + ada + s.since()}, s.edges("employs", ada))
	require.Equal(t, []string{engine + " -> " + eve + s.until(), engine + " -> " + fay + s.since()}, s.edges("assigned_to", engine))
	if s.has("stage") {
		stages := s.stages()
		want := texts(s.story.Rows["stage"].Want)
		require.Equal(t, want, stages)
		require.Equal(t, int64(1), sum.Graph.Events.Created)
		require.Equal(t, []string{want[0] + " " + want[1]}, s.values(`SELECT concat_ws(' ', e.properties->>'from_stage', e.properties->>'to_stage')
			FROM rye.events e WHERE e.event_type = 'stage_change' ORDER BY e.occurred_at`))
		require.Equal(t, []string{want[0]}, s.values(`SELECT a.claim->>'moved_from' FROM rye.current_assertions a WHERE a.assertion_type = 'deal_stage'`))
	}
	if s.has("history") {
		s.now = time.Date(2026, 6, 5, 12, 0, 0, 0, time.UTC)
		s.change("history")
		s.run(importer.Config{})
		require.Equal(t, texts(s.story.Rows["history"].Want), s.stages())
		require.Equal(t, 1, s.current("deal_stage", engine))
	}
	if s.has("pipeline") {
		was := s.edges("pipeline_member", engine)
		require.Len(t, was, 1)
		s.now = time.Date(2026, 6, 6, 12, 0, 0, 0, time.UTC)
		s.change("pipeline")
		s.run(importer.Config{})
		require.Equal(t, []string{was[0] + s.until(), engine + " -> " + fmt.Sprint(s.story.Rows["pipeline"].Want) + s.since()}, s.edges("pipeline_member", engine))
	}
}

// blanks empties a cell: the default keeps the property, a policy takes it away, another never changes
// it once it is there.
func (s *crmSync) blanks() {
	t := s.t
	row := s.story.Rows["blank"]
	property := fmt.Sprint(row.Want)
	was := s.node(ada, "n.properties->>'"+property+"'")
	require.NotEmpty(t, was)
	s.change("blank")
	s.run(importer.Config{})
	require.Equal(t, was, s.node(ada, "n.properties->>'"+property+"'"), "keep")

	s.withPolicy(row.Object, property, "clear")
	s.run(importer.Config{})
	require.Empty(t, s.node(ada, "n.properties->>'"+property+"'"), "clear")

	s.withPolicy(row.Object, property, "fill")
	s.change("property")
	s.run(importer.Config{})
	filled := s.node(ada, "n.properties->>'"+property+"'")
	require.NotEmpty(t, filled)
	for file, ids := range s.story.Rows["property"].Set {
		for id, columns := range ids {
			for column, v := range columns {
				s.set(file, id, column, fmt.Sprint(v)+" II")
			}
		}
	}
	s.run(importer.Config{})
	require.Equal(t, filled, s.node(ada, "n.properties->>'"+property+"'"), "fill")
	s.change("property")
	s.run(importer.Config{})
	s.policy = nil
}

// deleted marks Bob deleted, and takes it back.
func (s *crmSync) deleted() {
	t := s.t
	if !s.has("deleted") {
		return
	}
	who := cmp.Or(s.story.Rows["deleted"].Node, bob)
	code, id, open := s.node(who, "n.properties->>'code'"), s.node(who, "n.id"), s.open(who)
	s.change("deleted")
	sum := s.run(importer.Config{})
	require.Equal(t, report.GraphNodes{Archived: 1}, sum.Graph.Nodes)
	require.NotEmpty(t, s.node(who, "n.archived_at"))
	require.Equal(t, int64(open), sum.Graph.Edges.Closed)
	require.Zero(t, s.open(who))
	if who == bob {
		require.Equal(t, []string{acme + " -> " + bob + s.until()}, s.edges("employs", bob))
	}

	s.change("returned")
	s.run(importer.Config{})
	require.Empty(t, s.node(who, "n.archived_at"))
	require.Equal(t, []string{id, code}, []string{s.node(who, "n.id"), s.node(who, "n.properties->>'code'")})
	if who == bob {
		require.Equal(t, open, s.open(bob))
	}
}

// missing takes Bob out of the export, which says nothing until it is asked for, and never in what holds
// changes alone.
func (s *crmSync) missing() {
	t := s.t
	code, id, edges := s.node(bob, "n.properties->>'code'"), s.node(bob, "n.id"), len(s.edges("employs", bob))
	s.change("missing")
	require.Zero(t, s.run(importer.Config{}).Graph)
	if !s.delta {
		sum := s.run(importer.Config{ArchiveMissing: true, MaxArchive: 60})
		require.Equal(t, report.GraphNodes{Archived: 1}, sum.Graph.Nodes)
		require.NotEmpty(t, s.node(bob, "n.archived_at"))
		require.Zero(t, s.open(bob))
	}
	s.restore("missing")
	s.run(importer.Config{ArchiveMissing: !s.delta, MaxArchive: 60})
	require.Empty(t, s.node(bob, "n.archived_at"))
	require.Equal(t, []string{id, code}, []string{s.node(bob, "n.id"), s.node(bob, "n.properties->>'code'")})
	require.Positive(t, s.open(bob))
	if s.delta {
		require.Len(t, s.edges("employs", bob), edges)
	}
}

// merged merges two records in the CRM, where it says so, and two nodes in the graph.
func (s *crmSync) merged() {
	t := s.t
	if s.has("merged") {
		pair := texts(s.story.Rows["merged"].Want) // the survivor and the dead
		survivor, keys := s.node(pair[0], "n.id"), append(s.keys(pair[0]), s.keys(pair[1])...)
		s.change("merged")
		sum := s.run(importer.Config{})
		require.Equal(t, int64(1), sum.Graph.Nodes.Archived)
		require.Equal(t, survivor, s.node(pair[0], "n.id"))
		slices.Sort(keys)
		require.Equal(t, keys, s.keys(pair[0]))
		require.Empty(t, s.values("SELECT n.label FROM rye.nodes n WHERE n.label = $1 AND n.archived_at IS NULL", pair[1]))
		if !s.delta {
			s.run(importer.Config{ArchiveMissing: true, MaxArchive: 60})
			require.Empty(t, s.node(pair[0], "n.archived_at"))
		}
	}
	row := s.story.Rows["merged_in_graph"]
	pair := texts(row.Want) // the survivor and the duplicate, which the row changes
	living := len(s.values("SELECT n.label FROM rye.nodes n WHERE n.archived_at IS NULL"))
	execute(t, s.pool, "SELECT rye.merge_nodes($1, $2)", s.node(pair[1], "n.id"), s.node(pair[0], "n.id"))
	survivor := s.node(pair[0], "n.id")
	s.touched = nil
	if !s.delta {
		require.Zero(t, s.run(importer.Config{}).Graph)
	}
	s.change("merged_in_graph")
	sum := s.run(importer.Config{})
	require.Zero(t, sum.Graph.Nodes.Created)
	require.Equal(t, int64(1), sum.Graph.Nodes.Updated)
	require.Empty(t, value[string](t, s.pool, "SELECT coalesce(max(n.archived_at)::text, '') FROM rye.nodes n WHERE n.id = $1", survivor))
	require.Len(t, s.values("SELECT n.label FROM rye.nodes n WHERE n.archived_at IS NULL"), living-1)
}

// TestSync_DeadStillExported has copies of HubSpot's tables keep the rows of contacts that were merged away:
// the survivor is one person, whatever of the two changes.
func TestSync_DeadStillExported(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	cfg := importer.Config{RejectsDir: t.TempDir(), Source: "hubspot", DateOrder: mapping.DateOrderMDY}
	const header = "id,_fivetran_deleted,property_email,property_firstname,property_lastname,property_jobtitle,property_createdate,property_hs_merged_object_ids"
	for _, title := range []string{"Analyst", "Countess", "Duchess"} {
		path := write(t, "contact.csv", header,
			"501,false,ada@acme.example,Ada,Moor,"+title+",2024-01-04 08:00:00,502",
			"502,false,a.moor@acme.example,A.,Moor,Clerk,2024-01-05 08:00:00,")
		for range 2 {
			s, err := importer.New(pool).Run(t.Context(), find(t, path), cfg)
			require.NoError(t, err)
			require.True(t, s.Balanced)
			v, err := importer.New(pool).Verify(t.Context(), find(t, path), cfg, importer.VerifyOptions{ShowValues: true})
			require.NoError(t, err)
			require.Empty(t, v.Differences)
		}
		require.Equal(t, "Ada Moor "+title+" 2", value[string](t, pool, `SELECT string_agg(n.label || ' ' || (n.properties->>'title') || ' '
			|| (SELECT count(*) FROM rye.node_source_map m WHERE m.node_id = n.id), ', ') FROM rye.nodes n WHERE n.archived_at IS NULL`))
	}
}

// TestSync_OwnerExportedLate has a list name an owner who is exported only later: one person, with the
// code and the edges of before.
func TestSync_OwnerExportedLate(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	cfg := importer.Config{RejectsDir: t.TempDir(), Source: "hubspot", Delta: true, DateOrder: mapping.DateOrderMDY}
	run := func(path string) *report.Summary {
		t.Helper()
		s, err := importer.New(pool).Run(t.Context(), find(t, path), cfg)
		require.NoError(t, err)
		require.True(t, s.Balanced)
		again, err := importer.New(pool).Run(t.Context(), find(t, path), cfg)
		require.NoError(t, err)
		require.Zero(t, again.Graph)
		v, err := importer.New(pool).Verify(t.Context(), find(t, path), cfg, importer.VerifyOptions{})
		require.NoError(t, err)
		require.Empty(t, v.Differences)
		return s
	}
	list := "Record ID,First Name,Last Name,Email,Contact owner,Create Date,Last Modified Date"
	run(write(t, "contacts.csv", list, "501,Ada,Moor,ada@acme.example,Eve Hill,2024-01-04 08:00,2024-02-01 08:00"))
	const owner = "SELECT string_agg(n.properties->>'code', ' ') FROM rye.nodes n WHERE n.label = 'Eve Hill' AND n.archived_at IS NULL"
	code := value[string](t, pool, owner)
	s := run(write(t, "owners.json", `{"results": [{"id": "329001", "email": "eve@seller.example", "type": "PERSON", "firstName": "Eve", "lastName": "Hill",`,
		`"userId": 7, "createdAt": "2023-10-01T07:00:00.000Z", "updatedAt": "2023-10-02T07:00:00.000Z", "archived": false}]}`))
	require.Equal(t, report.GraphNodes{Updated: 1}, s.Graph.Nodes)
	require.Equal(t, code, value[string](t, pool, owner))
	run(write(t, "contacts.csv", list, "502,Bob,Reed,bob@acme.example,Eve Hill,2024-01-05 08:00,2024-02-01 08:00"))
	require.Equal(t, code, value[string](t, pool, owner))
	require.Equal(t, 2, value[int](t, pool, "SELECT count(*) FROM rye.edges e JOIN rye.nodes n ON n.id = e.target_id WHERE e.edge_type = 'owned_by' AND n.label = 'Eve Hill'"))
}

func (s *crmSync) has(row string) bool {
	_, ok := s.story.Rows[row]
	return ok
}

// change makes the changes of some rows, a day after the last ones.
func (s *crmSync) change(rows ...string) {
	s.now = s.now.AddDate(0, 0, 1)
	s.touched = make(map[string]map[string]bool)
	for _, name := range rows {
		row := s.story.Rows[name]
		for file, ids := range row.Set {
			for id, columns := range ids {
				for _, column := range slices.Sorted(maps.Keys(columns)) {
					s.set(file, id, column, columns[column])
				}
			}
		}
		for file, records := range row.Add {
			for _, rec := range records {
				s.add(file, rec)
			}
		}
		for file, ids := range row.Drop {
			f := s.story.Files[file]
			n := len(f.Records)
			f.Records = slices.DeleteFunc(f.Records, func(rec map[string]any) bool { return slices.Contains(ids, fmt.Sprint(rec[f.Key])) })
			require.Len(s.t, f.Records, n-len(ids))
		}
	}
}

// restore takes a row back: what it has set and dropped is as the story began.
func (s *crmSync) restore(name string) {
	s.now = s.now.AddDate(0, 0, 1)
	s.touched = make(map[string]map[string]bool)
	row, original := s.story.Rows[name], readStory(s.t, s.crm)
	for file, ids := range row.Set {
		for id, columns := range ids {
			for column := range columns {
				s.set(file, id, column, original.Files[file].Records[original.record(s.t, file, id)][column])
			}
		}
	}
	for file, ids := range row.Drop {
		for _, id := range ids {
			s.add(file, original.Files[file].Records[original.record(s.t, file, id)])
		}
	}
}

func (c *crmStory) record(t *testing.T, file, id string) int {
	t.Helper()
	f := c.Files[file]
	require.NotNil(t, f, file)
	i := slices.IndexFunc(f.Records, func(rec map[string]any) bool { return fmt.Sprint(rec[f.Key]) == id })
	require.GreaterOrEqual(t, i, 0, "%s has no %s", file, id)
	return i
}

// set writes a cell, and when the record was changed.
func (s *crmSync) set(file, id, column string, v any) {
	s.t.Helper()
	i := s.story.record(s.t, file, id)
	f := s.story.Files[file]
	var place any = f.Records[i]
	parts := strings.Split(column, ".")
	if _, whole := f.Records[i][column]; whole {
		parts = []string{column}
	}
	for j, part := range parts {
		last := j == len(parts)-1
		switch at := place.(type) {
		case map[string]any:
			if last {
				at[part] = v
			}
			place = at[part]
		case []any:
			n, err := strconv.Atoi(part)
			require.NoError(s.t, err, column)
			if last {
				at[n] = v
			}
			place = at[n]
		default:
			require.Fail(s.t, "nothing to set", "%s %s %s", file, id, column)
		}
	}
	s.stamp(f, f.Records[i])
	s.touch(file, id)
}

func (s *crmSync) add(file string, rec map[string]any) {
	f := s.story.Files[file]
	require.NotNil(s.t, f, file)
	s.stamp(f, rec)
	f.Records = append(f.Records, rec)
	s.touch(file, fmt.Sprint(rec[f.Key]))
}

// stamp says that a record was changed just now.
func (s *crmSync) stamp(f *crmFile, rec map[string]any) {
	switch {
	case f.Changed == "":
	case f.Time == "unix":
		rec[f.Changed] = s.now.Unix()
	default:
		rec[f.Changed] = s.now.Format(f.Time)
	}
}

func (s *crmSync) touch(file, id string) {
	if s.touched[file] == nil {
		s.touched[file] = make(map[string]bool)
	}
	s.touched[file][id] = true
}

func (s *crmSync) withPolicy(object, property, policy string) {
	m, err := mapping.Parse([]byte(fmt.Sprintf("extends: %s\nobjects:\n  %s:\n    blank: {%s: %s}\n", s.crm, object, property, policy)))
	require.NoError(s.t, err)
	s.policy = m
}

// run imports the company as it is now, or what has changed of it, checks the balance, verifies, and runs
// the same once more.
func (s *crmSync) run(cfg importer.Config) *report.Summary {
	t := s.t
	t.Helper()
	cfg.Delta, cfg.Mapping, cfg.RejectsDir, cfg.Source = s.delta, s.policy, t.TempDir(), s.crm
	cfg.Workers, cfg.DateOrder, cfg.Decimal = 2, mapping.DateOrderMDY, mapping.DecimalPoint
	now := s.now.Add(time.Hour)
	cfg.Now = func() time.Time { return now }
	dir := s.write()
	export := func() *source.Set { return find(t, dir) }
	sum, err := importer.New(s.pool).Run(t.Context(), export(), cfg)
	require.NoError(t, err)
	require.Equal(t, s.crm, sum.CRM)
	require.True(t, sum.Balanced)
	require.Empty(t, sum.Rejects.ByCode)
	before := s.fingerprint()
	again, err := importer.New(s.pool).Run(t.Context(), export(), cfg)
	require.NoError(t, err)
	require.Zero(t, again.Graph)
	require.True(t, again.Balanced)
	require.Equal(t, before, s.fingerprint(), "the same run again touches nothing")
	v, err := importer.New(s.pool).Verify(t.Context(), export(), cfg, importer.VerifyOptions{ShowValues: true})
	require.NoError(t, err)
	require.Empty(t, v.Differences)
	return sum
}

// write makes the files of the export: all of it, or the records that were touched.
func (s *crmSync) write() string {
	t := s.t
	t.Helper()
	dir := t.TempDir()
	written := 0
	for name, f := range s.story.Files {
		records := f.Records
		if s.delta {
			records = slices.DeleteFunc(slices.Clone(records), func(rec map[string]any) bool { return !s.touched[name][fmt.Sprint(rec[f.Key])] })
		}
		if len(records) == 0 {
			continue
		}
		written++
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), f.text(t, records), 0o600))
	}
	if written == 0 { // a delta that says nothing new
		s.touched = map[string]map[string]bool{}
		for file, ids := range s.story.Rows["property"].Set {
			for id := range ids {
				s.touch(file, id)
			}
		}
		return s.write()
	}
	return dir
}

func (f *crmFile) text(t *testing.T, records []map[string]any) []byte {
	t.Helper()
	if f.Key == "" {
		require.Fail(t, "the file has no key")
	}
	var out bytes.Buffer
	if f.Wrap == "csv" {
		var header []string
		for _, rec := range f.Records {
			for column := range rec {
				if !slices.Contains(header, column) {
					header = append(header, column)
				}
			}
		}
		slices.Sort(header)
		w := csv.NewWriter(&out)
		require.NoError(t, w.Write(header))
		for _, rec := range records {
			row := make([]string, len(header))
			for i, column := range header {
				if v := rec[column]; v != nil {
					row[i] = fmt.Sprint(v)
				}
			}
			require.NoError(t, w.Write(row))
		}
		w.Flush()
		return out.Bytes()
	}
	var list []any
	for _, rec := range records {
		if f.Each != "" {
			list = append(list, map[string]any{f.Each: rec})
		} else {
			list = append(list, rec)
		}
	}
	var all any = list
	if f.Wrap != "" {
		all = map[string]any{f.Wrap: list}
	}
	text, err := json.MarshalIndent(all, "", " ")
	require.NoError(t, err)
	return text
}

func (s *crmSync) fingerprint() string {
	s.t.Helper()
	var b strings.Builder
	for _, table := range s.values("SELECT tablename::text FROM pg_tables WHERE schemaname = 'rye' ORDER BY 1") {
		b.WriteString(table + " " + value[string](s.t, s.pool,
			"SELECT coalesce(md5(string_agg(ctid::text || xmin::text, ',' ORDER BY ctid)), '-') FROM "+pgx.Identifier{"rye", table}.Sanitize()) + "\n")
	}
	return b.String()
}

func (s *crmSync) values(sql string, args ...any) []string {
	s.t.Helper()
	rows, err := s.pool.Query(s.t.Context(), sql, args...)
	require.NoError(s.t, err)
	list, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(s.t, err, sql)
	return list
}

// edges lists the edges of a type at a node, oldest first, with the days on which they ended and on which
// those began that are not the first.
func (s *crmSync) edges(edgeType, label string) []string {
	s.t.Helper()
	return s.values(`
		SELECT s.label || ' -> ' || t.label
			|| CASE WHEN e.effective_from >= '2026-01-01' THEN to_char(e.effective_from AT TIME ZONE 'UTC', '" since "YYYY-MM-DD') ELSE '' END
			|| coalesce(to_char(e.effective_to AT TIME ZONE 'UTC', '" to "YYYY-MM-DD'), '')
		FROM rye.edges e JOIN rye.nodes s ON s.id = e.source_id JOIN rye.nodes t ON t.id = e.target_id
		WHERE e.edge_type = $1 AND $2 IN (s.label, t.label) AND e.archived_at IS NULL
		ORDER BY e.effective_from NULLS FIRST, e.effective_to NULLS LAST`, edgeType, label)
}

// open counts the edges of a node that have not ended.
func (s *crmSync) open(label string) int {
	s.t.Helper()
	return value[int](s.t, s.pool, `SELECT count(*) FROM rye.edges e JOIN rye.nodes n ON n.id IN (e.source_id, e.target_id)
		WHERE n.label = $1 AND e.archived_at IS NULL AND e.effective_to IS NULL`, label)
}

// until and since tell the day of the last change, as edges does.
func (s *crmSync) until() string { return s.now.Format(" to 2006-01-02") }
func (s *crmSync) since() string { return s.now.Format(" since 2006-01-02") }

// facts lists an entry of the claims that were ever made of a node, each superseded by the next.
func (s *crmSync) facts(fact, entry, label string) []string {
	s.t.Helper()
	return s.values(`SELECT coalesce(a.claim->>$2, '') FROM rye.assertions a JOIN rye.nodes n ON n.id = a.subject_node_id
		WHERE a.assertion_type = $1 AND n.label = $3 ORDER BY a.asserted_at, a.superseded_at NULLS LAST`, fact, entry, label)
}

func (s *crmSync) stages() []string {
	s.t.Helper()
	return s.facts("deal_stage", "stage", engine)
}

func (s *crmSync) current(fact, label string) int {
	s.t.Helper()
	return value[int](s.t, s.pool, `SELECT count(*) FROM rye.current_assertions a JOIN rye.nodes n ON n.id = a.subject_node_id
		WHERE a.assertion_type = $1 AND n.label = $2`, fact, label)
}

// node gives a column of the one node of a label that lives, or else of the last one that did.
func (s *crmSync) node(label, column string) string {
	s.t.Helper()
	list := s.values("SELECT coalesce(("+column+")::text, '') FROM rye.nodes n WHERE n.label = $1 ORDER BY n.archived_at DESC NULLS FIRST", label)
	require.NotEmpty(s.t, list, "there is no %s", label)
	return list[0]
}

// nodes counts the nodes, pipelines aside.
func (s *crmSync) nodes() int {
	s.t.Helper()
	return value[int](s.t, s.pool, "SELECT count(*) FROM rye.nodes WHERE node_type <> 'pipeline'")
}

func (s *crmSync) keys(label string) []string {
	s.t.Helper()
	return s.values(`SELECT m.source_table || ' ' || m.source_id FROM rye.node_source_map m JOIN rye.nodes n ON n.id = m.node_id
		WHERE n.label = $1 ORDER BY 1`, label)
}

// properties compares those that rows want with those of a node.
func (s *crmSync) properties(label string, rows ...string) {
	s.t.Helper()
	for _, row := range rows {
		for name, want := range s.story.Rows[row].Want.(map[string]any) {
			require.Equal(s.t, fmt.Sprint(want), s.node(label, "n.properties->>'"+name+"'"), row)
		}
	}
}

func texts(list any) []string {
	var out []string
	for _, v := range list.([]any) {
		out = append(out, fmt.Sprint(v))
	}
	return out
}
