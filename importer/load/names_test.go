package load

import (
	"crypto/md5" //nolint:gosec // any 128 bits will do
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/projectrye/rye-import/importer/graph"
	"github.com/projectrye/rye-import/internal/pgtest"
)

const (
	accountName = "Account.name"
	eitherName  = "Account,Contact.name"
	ownerName   = "User.name"
)

// company is an account that answers to its name.
func (b *batch) company(rec int64, id, name string) *graph.Record {
	r := b.org(rec, id, name)
	b.called(rec, accountName, name)
	b.called(rec, eitherName, name)
	return r
}

func (b *batch) called(rec int64, lookup, name string) {
	b.Names = append(b.Names, graph.Name{Rec: rec, Lookup: lookup, Name: name})
}

// member is a person who is employed by whoever has the name.
func (b *batch) member(rec int64, id, lookup, name string) *graph.Record {
	r := b.person(rec, id, "Person "+id)
	r.Hash = md5.Sum([]byte(id + lookup + name)) //nolint:gosec // see above
	b.Links = append(b.Links, graph.Link{Rec: rec, Slot: "Company", EdgeType: "employs", Source: graph.Ref{Object: lookup, ID: name}})
	return r
}

// owned is an account that belongs to whoever has the name.
func (b *batch) owned(rec int64, id, owner string) *graph.Record {
	r := b.org(rec, id, "Company "+id)
	r.Hash = md5.Sum([]byte(id + owner)) //nolint:gosec // see above
	b.Links = append(b.Links, graph.Link{Rec: rec, Slot: "Owner", EdgeType: "owned_by", Target: graph.Ref{Object: ownerName, ID: owner}})
	return r
}

func namesConfig(source string) Config {
	cfg := config(source)
	cfg.Objects = append(cfg.Objects, "User", "Call")
	cfg.Lookups = []string{accountName, eitherName, ownerName}
	return cfg
}

// run is a whole run of one file.
func (b *batch) run(t *testing.T, pool *pgxpool.Pool, cfg Config, opts MergeOptions) *Outcome {
	t.Helper()
	run, err := Begin(t.Context(), pool, cfg)
	require.NoError(t, err)
	t.Cleanup(run.unlock)
	s := staged(t, run, file(t, run, "Contact.csv"), b)
	opts.Settle, opts.UnchangedLinks = content, s.Links
	out, err := run.Merge(t.Context(), opts)
	require.NoError(t, err)
	require.NoError(t, run.Close(t.Context()))
	for edgeType, l := range out.Links {
		require.Equal(t, l.Found, l.Linked+l.Unchanged+l.Closed+l.Deferred+l.Rejected, edgeType)
		require.Equal(t, l.Found, s.Found[edgeType]+s.Links[edgeType]+l.Carried, edgeType)
	}
	require.Zero(t, value[int](t, pool, "SELECT (SELECT count(*) FROM rye_import.staging_names) + (SELECT count(*) FROM rye_import.merge_names)"))
	return out
}

// again is the same run once more, which must change nothing.
func (b *batch) again(t *testing.T, pool *pgxpool.Pool, cfg Config, opts MergeOptions) *Outcome {
	t.Helper()
	size, names := graphSize(t, pool), keptNames(t, pool)
	out := b.run(t, pool, cfg, opts)
	require.False(t, out.Changed(), out)
	require.Equal(t, size, graphSize(t, pool))
	require.Equal(t, names, keptNames(t, pool))
	return out
}

func keptNames(t *testing.T, pool *pgxpool.Pool) []string {
	t.Helper()
	return values(t, pool, `SELECT concat_ws('|', l.object, k.name, o.object, k.legacy_id, CASE WHEN k.derived THEN 'derived' END)
		FROM rye_import.names k JOIN rye_import.objects l ON l.object_no = k.lookup_no JOIN rye_import.objects o ON o.object_no = k.object_no
		ORDER BY l.source, 1`)
}

// edges are those that stand, each with the records at its ends.
func edges(t *testing.T, pool *pgxpool.Pool) []string {
	t.Helper()
	return values(t, pool, `SELECT concat_ws(' ', e.edge_type,
			(SELECT min(source_id) FROM rye.node_source_map m WHERE m.node_id = e.source_id), (SELECT min(source_id) FROM rye.node_source_map m WHERE m.node_id = e.target_id))
		FROM rye.edges e WHERE e.effective_to IS NULL AND e.archived_at IS NULL ORDER BY 1`)
}

// told says what an outcome tells of names, a line each.
func told(o *Outcome) []string {
	lines := make([]string, len(o.Names))
	for i, n := range o.Names {
		lines[i] = fmt.Sprintf("%s %q %d", n.Lookup, n.Name, n.Links)
		for _, c := range n.Candidates {
			lines[i] += fmt.Sprintf(" [%s %s %s %s]", c.Object, c.LegacyID, c.Code, c.Label)
		}
		if n.Suggestion != "" {
			lines[i] += fmt.Sprintf(" %q?", n.Suggestion)
		}
	}
	return lines
}

// TestNames follows references by name through several runs: they fit one, several or none, and join
// when that changes.
func TestNames(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	cfg := namesConfig("crm")
	b := &batch{}
	b.company(1, "a1", "Müller & Co")
	b.company(2, "a2", "Globex")
	b.company(3, "a3", "GLOBEX")
	b.member(4, "p1", accountName, "MÜLLER & CO")
	b.member(5, "p2", accountName, "Globex")
	b.member(6, "p3", accountName, "globex")
	b.member(7, "p4", accountName, "Initech")
	b.member(8, "p5", accountName, "Müler & Co")
	b.member(9, "p6", accountName, "nobody")
	b.member(10, "p7", accountName, "Nobody")
	b.member(11, "p8", accountName, "NOBODY")
	out := b.run(t, pool, cfg, MergeOptions{})
	require.Equal(t, map[string]Links{"employs": {Found: 8, Linked: 1, Deferred: 7}}, out.Links)
	require.Equal(t, []string{"employs a1 p1"}, edges(t, pool))
	waiting := []string{
		`Account.name "Globex" 2 [Account a2 ORG-2401-0002 Globex] [Account a3 ORG-2401-0003 GLOBEX]`,
		`Account.name "nobody" 3`, `Account.name "Initech" 1`, `Account.name "Müler & Co" 1 "Müller & Co"?`,
	}
	require.Equal(t, waiting, told(out))
	require.Equal(t, int64(4), out.NamesTotal)
	require.Equal(t, accountName, out.Waiting[0].WaitsFor)

	out = b.again(t, pool, cfg, MergeOptions{})
	require.Equal(t, waiting, told(out))
	require.Equal(t, map[string]Links{"employs": {Found: 8, Unchanged: 1, Deferred: 7}}, out.Links)

	// One comes alone, and one of two is deleted.
	next := &batch{}
	next.company(1, "a4", "Initech")
	next.company(2, "a3", "GLOBEX").Deleted = true
	next.Records[1].Hash[0]++
	out = next.run(t, pool, cfg, MergeOptions{})
	require.Equal(t, map[string]Links{"employs": {Found: 3, Linked: 3, Carried: 3}}, out.Links)
	require.Equal(t, []string{"employs a1 p1", "employs a2 p2", "employs a2 p3", "employs a4 p4"}, edges(t, pool))
	require.Equal(t, []string{`Account.name "nobody" 3`, `Account.name "Müler & Co" 1 "Müller & Co"?`}, told(out))
	next.again(t, pool, cfg, MergeOptions{})

	// A target has another name now: who had it by its old one keeps it, who asks anew does not.
	next = &batch{}
	next.company(1, "a4", "Nobody")
	out = next.run(t, pool, cfg, MergeOptions{})
	require.Equal(t, map[string]Links{"employs": {Found: 3, Linked: 3, Carried: 3}}, out.Links)
	require.Contains(t, edges(t, pool), "employs a4 p4")
	next = &batch{}
	next.member(1, "p9", accountName, "Initech")
	next.member(2, "p6", accountName, "NoBody")
	out = next.run(t, pool, cfg, MergeOptions{})
	require.Equal(t, map[string]Links{"employs": {Found: 2, Unchanged: 1, Deferred: 1}}, out.Links)
	require.Equal(t, []string{`Account.name "Müler & Co" 1 "Müller & Co"?`, `Account.name "Initech" 1`}[0], told(out)[1])
	require.Equal(t, `Account.name "Initech" 1`, told(out)[0])

	// The target is deleted: its edges end, and nobody finds it by its name.
	next = &batch{}
	next.company(1, "a4", "Nobody").Deleted = true
	next.Records[0].Hash[0]++
	next.member(2, "p10", accountName, "Nobody")
	out = next.run(t, pool, cfg, MergeOptions{})
	require.Equal(t, map[string]Links{"employs": {Found: 1, Deferred: 1}}, out.Links)
	require.Equal(t, Edges{Closed: 4}, out.Edges)
	require.Equal(t, []string{"employs a1 p1", "employs a2 p2", "employs a2 p3"}, edges(t, pool))

	// It comes back.
	next = &batch{}
	next.company(1, "a4", "Nobody")
	out = next.run(t, pool, cfg, MergeOptions{})
	require.Equal(t, map[string]Links{"employs": {Found: 1, Linked: 1, Carried: 1}}, out.Links)
}

// TestNames_Kinds has each thing that may refer by name do so, first to somebody who has not come.
func TestNames_Kinds(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	cfg := namesConfig("crm")
	calls := func(first int64, ids ...string) *batch {
		b := &batch{}
		for i, id := range ids {
			rec, acme := first+int64(i), graph.Ref{Object: eitherName, ID: "acme"}
			b.Records = append(b.Records, graph.Record{Rec: rec, Kind: graph.KindEvent, Object: "Call", ID: id, Hash: md5.Sum([]byte(id)), Line: int32(rec) + 1}) //nolint:gosec // see above
			b.Events = append(b.Events, graph.Event{Rec: rec, Type: "call", OccurredAt: january, Properties: []byte(`{}`), Actor: acme})
			b.Participants = append(b.Participants, graph.Participant{Rec: rec, Slot: "Who", Role: "subject", Node: acme})
			b.Facts = append(b.Facts, graph.Fact{
				Rec: rec, Slot: "Phone", Type: "contact_info", Key: id, Subject: acme, Claim: []byte(`{"phone": "+1 555 0100"}`), AssertedAt: january,
			})
		}
		return b
	}
	out := calls(1, "c1").run(t, pool, cfg, MergeOptions{})
	require.Equal(t, map[string]Links{ParticipantLink: {Found: 1, Deferred: 1}}, out.Links)
	require.Equal(t, []string{`Account,Contact.name "acme" 2`}, told(out), "the actor of an event is not waited for")

	b := calls(1, "c1", "c2")
	b.company(3, "a1", "Acme")
	out = b.run(t, pool, cfg, MergeOptions{})
	require.Equal(t, map[string]Links{ParticipantLink: {Found: 2, Linked: 2}}, out.Links)
	require.Equal(t, Assertions{Created: 2}, out.Assertions)
	require.Empty(t, out.Names)
	require.Empty(t, out.Waiting)
	require.Equal(t, []string{"Acme", "nobody"}, values(t, pool, `SELECT coalesce(n.label, 'nobody') FROM rye.events e LEFT JOIN rye.nodes n ON n.id = e.actor_node_id
		WHERE e.event_type = 'call' ORDER BY 1`))
	require.Equal(t, []string{"Acme c1", "Acme c2"}, values(t, pool, `SELECT n.label || ' ' || a.assertion_key FROM rye.assertions a
		JOIN rye.nodes n ON n.id = a.subject_node_id ORDER BY 1`))
	b.again(t, pool, cfg, MergeOptions{})
}

// TestNames_Ends has links with names at one end or both, of which one is known or neither.
func TestNames_Ends(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	cfg := namesConfig("crm")
	b := &batch{}
	b.company(1, "a1", "Acme")
	b.person(2, "p1", "Ada")
	b.called(2, eitherName, "Ada")
	b.Links = []graph.Link{
		{Rec: 2, Slot: "both", EdgeType: "knows", Source: graph.Ref{Object: eitherName, ID: "Ada"}, Target: graph.Ref{Object: accountName, ID: "Acme"}},
		{Rec: 2, Slot: "target", EdgeType: "knows", Source: graph.Ref{Object: accountName, ID: "Acme"}, Target: graph.Ref{Object: accountName, ID: "Globex"}},
		{Rec: 2, Slot: "id", EdgeType: "owned_by", Source: graph.Ref{Object: accountName, ID: "Acme"}, Target: graph.Ref{Object: "User", ID: "u1"}},
		{Rec: 2, Slot: "self", EdgeType: "owned_by", Target: graph.Ref{Object: eitherName, ID: "ADA"}},
	}
	out := b.run(t, pool, cfg, MergeOptions{})
	require.Equal(t, map[string]Links{"knows": {Found: 2, Linked: 1, Deferred: 1}, "owned_by": {Found: 2, Deferred: 1, Rejected: 1}}, out.Links)
	require.Equal(t, []string{`Account.name "Globex" 1`}, told(out), "the other waits for an id")
	require.Equal(t, []string{"knows p1 a1"}, edges(t, pool))
	var waits []string
	for _, w := range out.Waiting {
		waits = append(waits, w.Slot+" "+w.WaitsFor)
	}
	require.ElementsMatch(t, []string{"target Account.name", "id User"}, waits)

	next := &batch{}
	next.company(1, "a2", "Globex")
	next.add(2, "User", "u1", "person", "CON", "Uma")
	out = next.run(t, pool, cfg, MergeOptions{})
	require.Equal(t, map[string]Links{"knows": {Found: 1, Linked: 1, Carried: 1}, "owned_by": {Found: 1, Linked: 1, Carried: 1}}, out.Links)
	require.Equal(t, []string{"knows a1 a2", "knows p1 a1", "owned_by a1 u1"}, edges(t, pool))
}

// TestNames_OneNode has several records with one name that are one node.
func TestNames_OneNode(t *testing.T) {
	t.Parallel()
	twins := func() *batch {
		b := &batch{}
		b.company(1, "a1", "Acme")
		b.company(2, "a2", "Acme")
		b.member(3, "p1", accountName, "Acme")
		return b
	}
	t.Run("from the start", func(t *testing.T) {
		t.Parallel()
		pool := pgtest.New(t)
		b := twins()
		b.Records[0].Same = graph.Ref{Object: "Account", ID: "a2"}
		b.called(1, accountName, "acme inc.")
		b.called(1, accountName, "acme inc.") // said twice
		b.member(4, "p2", accountName, "ACME Inc.")
		out := b.run(t, pool, namesConfig("crm"), MergeOptions{})
		require.Equal(t, map[string]Links{"employs": {Found: 2, Linked: 2}}, out.Links)
		b.again(t, pool, namesConfig("crm"), MergeOptions{})
	})
	t.Run("merged in the graph", func(t *testing.T) {
		t.Parallel()
		pool := pgtest.New(t)
		out := twins().run(t, pool, namesConfig("crm"), MergeOptions{})
		require.Equal(t, map[string]Links{"employs": {Found: 1, Deferred: 1}}, out.Links)
		execute(t, pool, `SELECT rye.merge_nodes(a.node_id, b.node_id) FROM rye.node_source_map a, rye.node_source_map b
			WHERE a.source_id = 'a2' AND b.source_id = 'a1'`)
		out = twins().run(t, pool, namesConfig("crm"), MergeOptions{})
		require.Equal(t, map[string]Links{"employs": {Found: 1, Linked: 1}}, out.Links)
		twins().again(t, pool, namesConfig("crm"), MergeOptions{})
	})
	t.Run("archived in the graph", func(t *testing.T) {
		t.Parallel()
		pool := pgtest.New(t)
		twins().run(t, pool, namesConfig("crm"), MergeOptions{})
		execute(t, pool, "UPDATE rye.nodes SET archived_at = now() FROM rye.node_source_map m WHERE m.node_id = id AND m.source_id = 'a1'")
		b := twins()
		b.Records[0].Hash[0]++ // that its record changes does not bring it back
		out := b.run(t, pool, namesConfig("crm"), MergeOptions{})
		require.Equal(t, map[string]Links{"employs": {Found: 1, Linked: 1}}, out.Links)
		require.Equal(t, []string{"employs a2 p1"}, edges(t, pool))
	})
	t.Run("missing from the export", func(t *testing.T) {
		t.Parallel()
		pool := pgtest.New(t)
		opts := MergeOptions{ArchiveMissing: []string{"Account", "Contact"}, MaxArchive: 100}
		twins().run(t, pool, namesConfig("crm"), opts)
		b := &batch{}
		b.company(1, "a2", "Acme")
		b.member(2, "p1", accountName, "Acme")
		out := b.run(t, pool, namesConfig("crm"), opts)
		require.Equal(t, map[string]int64{"Account": 1}, out.Missing)
		require.Equal(t, map[string]Links{"employs": {Found: 1, Linked: 1}}, out.Links)
		require.Equal(t, []string{"employs a2 p1"}, edges(t, pool))
		b.again(t, pool, namesConfig("crm"), opts)

		// It comes back with its name.
		b = twins()
		b.member(4, "p2", accountName, "Acme")
		out = b.run(t, pool, namesConfig("crm"), opts)
		require.Equal(t, map[string]Links{"employs": {Found: 2, Unchanged: 1, Deferred: 1}}, out.Links)
		require.Len(t, out.Names[0].Candidates, 2)
	})
	t.Run("one id twice in the export", func(t *testing.T) {
		t.Parallel()
		pool := pgtest.New(t)
		b := &batch{}
		b.company(1, "a1", "Acme")
		b.company(2, "a1", "Globex") // rejected, and its name with it
		b.member(3, "p1", accountName, "Acme")
		b.member(4, "p2", accountName, "Globex")
		out := b.run(t, pool, namesConfig("crm"), MergeOptions{})
		require.Equal(t, map[string]Links{"employs": {Found: 2, Linked: 1, Deferred: 1}}, out.Links)
		require.Equal(t, []string{"Account,Contact.name|Acme|Account|a1", "Account.name|Acme|Account|a1"}, keptNames(t, pool))
	})
}

// TestNames_Several tells no more than is worth reading.
func TestNames_Several(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	cfg := namesConfig("crm")
	b := &batch{}
	for i := range int64(7) {
		b.company(i+1, fmt.Sprint("a", i), "Acme")
	}
	for i := range int64(120) {
		b.member(i+100, fmt.Sprint("p", i), accountName, fmt.Sprint("Nobody ", i))
	}
	b.company(300, "n", "Nobody")
	b.member(301, "p", eitherName, "Acme")
	b.person(302, "q", "Acme")
	b.called(302, eitherName, "Acme")
	out := b.run(t, pool, cfg, MergeOptions{})
	require.Equal(t, int64(121), out.NamesTotal)
	require.Len(t, out.Names, 100)
	require.Equal(t, `Account,Contact.name "Acme" 1 [Account a0 ORG-2401-0001 Acme] [Account a1 ORG-2401-0002 Acme] [Account a2 ORG-2401-0003 Acme]`+
		` [Account a3 ORG-2401-0004 Acme] [Account a4 ORG-2401-0005 Acme]`, told(out)[0])
	var suggested int
	for _, n := range out.Names {
		require.NotEqual(t, len(n.Candidates) > 0, n.Lookup == accountName)
		if n.Suggestion != "" {
			require.Equal(t, "Nobody", n.Suggestion)
			suggested++
		}
	}
	require.Equal(t, 20, suggested)
}

// TestNames_Sources keeps the names of two sources apart.
func TestNames_Sources(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	one, other := &batch{}, &batch{}
	one.company(1, "a1", "Acme")
	other.member(1, "p1", accountName, "Acme")
	one.run(t, pool, namesConfig("crm"), MergeOptions{})
	out := other.run(t, pool, namesConfig("erp"), MergeOptions{})
	require.Equal(t, map[string]Links{"employs": {Found: 1, Deferred: 1}}, out.Links)
	require.Equal(t, []string{`Account.name "Acme" 1`}, told(out))
	out = one.again(t, pool, namesConfig("crm"), MergeOptions{})
	require.Empty(t, out.Names, "it is the other that waits")
	one.run(t, pool, namesConfig("erp"), MergeOptions{})
	require.Equal(t, []string{"employs a1 p1"}, edges(t, pool))
	require.Equal(t, "erp", value[string](t, pool, "SELECT m.source_schema FROM rye.edges e JOIN rye.node_source_map m ON m.node_id = e.source_id"))
}

func derivingConfig() Config {
	cfg := namesConfig("crm")
	cfg.Derived = map[string]Derive{ownerName: {Object: "User", NodeType: "person", CodePrefix: "CON"}}
	return cfg
}

// TestNames_Derived makes owners of whom nothing but the name was exported.
func TestNames_Derived(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	b := &batch{}
	b.owned(1, "a1", "Ada de Vries")
	b.owned(2, "a2", "ADA DE VRIES").CreatedAt = january.AddDate(0, -3, 0)
	b.owned(3, "a3", "Čapek")
	b.owned(4, "a4", strings.Repeat("x", 1001)) // too long for a name
	out := b.run(t, pool, derivingConfig(), MergeOptions{})
	require.Equal(t, map[string]Records{"Account": {Created: 4}}, out.Objects, "no record was read of an owner")
	require.Equal(t, Nodes{Created: 6}, out.Nodes)
	require.Equal(t, map[string]Links{"owned_by": {Found: 4, Linked: 3, Deferred: 1}}, out.Links)
	require.Len(t, out.Names, 1)
	owners := []string{
		"CON-2310-0001|Ada de Vries|Ada de Vries|Ada de|Vries|2023-10", "CON-2401-0001|Čapek|Čapek|Čapek|2024-01",
	}
	people := func() []string {
		return values(t, pool, `SELECT concat_ws('|', n.properties->>'code', m.source_id, n.label, n.properties->>'first_name', n.properties->>'last_name',
				to_char(n.created_at AT TIME ZONE 'UTC', 'YYYY-MM'))
			FROM rye.nodes n JOIN rye.node_source_map m ON m.node_id = n.id WHERE m.source_table = 'User' ORDER BY 1`)
	}
	require.Equal(t, owners, people())
	require.Equal(t, []string{"User.name|Ada de Vries|User|Ada de Vries|derived", "User.name|Čapek|User|Čapek|derived"}, keptNames(t, pool))
	b.again(t, pool, derivingConfig(), MergeOptions{})

	// They are known in later runs, however they are written, also when somebody has archived one.
	execute(t, pool, "UPDATE rye.nodes SET archived_at = now() WHERE label = 'Čapek'")
	next := &batch{}
	next.owned(1, "a5", "ada de vries")
	next.owned(2, "a6", "ČAPEK")
	out = next.run(t, pool, derivingConfig(), MergeOptions{})
	require.Equal(t, Nodes{Created: 2}, out.Nodes)
	require.Equal(t, int64(2), out.Links["owned_by"].Linked)
	require.Equal(t, owners, people())
	next.again(t, pool, derivingConfig(), MergeOptions{})

	// A real one of the name comes: it takes the node over that was made in its place, code and edges.
	next = &batch{}
	next.add(1, "User", "u1", "person", "CON", "Ada de Vries")
	next.called(1, ownerName, "Ada de Vries")
	next.owned(2, "a7", "Ada de Vries")
	out = next.run(t, pool, derivingConfig(), MergeOptions{})
	require.Equal(t, map[string]Links{"owned_by": {Found: 1, Linked: 1}}, out.Links)
	require.Contains(t, edges(t, pool), "owned_by a7 Ada de Vries")
	require.Contains(t, edges(t, pool), "owned_by a1 Ada de Vries")
	require.Equal(t, []string{"CON-2310-0001|Ada de Vries", "CON-2310-0001|u1"}, values(t, pool, `SELECT n.properties->>'code' || '|' || m.source_id
		FROM rye.node_source_map m JOIN rye.nodes n ON n.id = m.node_id WHERE n.archived_at IS NULL AND m.source_table = 'User' ORDER BY 1`))
	require.Equal(t, []string{"User.name|Ada de Vries|User|u1", "User.name|Čapek|User|Čapek|derived"}, keptNames(t, pool))
	next.again(t, pool, derivingConfig(), MergeOptions{})

	// Two real ones of the name: nobody can say which.
	next = &batch{}
	next.add(1, "User", "u2", "person", "CON", "Ada  de Vries")
	next.called(1, ownerName, "Ada de Vries")
	next.owned(2, "a8", "Ada de Vries")
	out = next.run(t, pool, derivingConfig(), MergeOptions{})
	require.Equal(t, map[string]Links{"owned_by": {Found: 1, Deferred: 1}}, out.Links)
	require.Equal(t, `User.name "Ada de Vries" 1 [User u1 CON-2310-0001 Ada de Vries] [User u2 CON-2401-0002 Ada  de Vries]`, told(out)[0])
}

// TestNames_DerivedLater lets names that wait make their records, when a mapping says so at last.
func TestNames_DerivedLater(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	b := &batch{}
	b.owned(1, "a1", "Ada")
	b.owned(2, "a2", "ada")
	out := b.run(t, pool, namesConfig("crm"), MergeOptions{})
	require.Equal(t, []string{`User.name "Ada" 2`}, told(out))
	cfg := derivingConfig()
	cfg.Lookups = append(cfg.Lookups, "User.alias")
	cfg.Derived["User.alias"] = cfg.Derived[ownerName]
	cfg.Derived[accountName] = Derive{Object: "Account", NodeType: "org"}
	out = b.run(t, pool, cfg, MergeOptions{})
	require.Equal(t, Nodes{Created: 1}, out.Nodes)
	require.Equal(t, map[string]Links{"owned_by": {Found: 2, Linked: 2}}, out.Links)
	b.again(t, pool, cfg, MergeOptions{})

	// Another lookup makes records of the same object, and meets what the first one has made.
	next := &batch{}
	next.owned(1, "a3", "ADA")
	next.Links[0].Target.Object = "User.alias"
	next.member(2, "p1", accountName, "Acme GmbH")
	out = next.run(t, pool, cfg, MergeOptions{})
	require.Equal(t, Nodes{Created: 3}, out.Nodes)
	require.Equal(t, []string{"employs Acme GmbH p1", "owned_by a1 ada", "owned_by a2 ada", "owned_by a3 ada"}, edges(t, pool))
	require.Equal(t, `{"name": "Acme GmbH"}`, value[string](t, pool, "SELECT properties FROM rye.nodes WHERE label = 'Acme GmbH'"))
	next.again(t, pool, cfg, MergeOptions{})
}

// TestNames_DerivedKey has a record whose id is the name that references have used.
func TestNames_DerivedKey(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name  string
		first bool // whether the record comes first
		known bool // whether it answers to its name
	}{{"first", true, true}, {"first, unnamed", true, false}, {"later", false, true}, {"later, unnamed", false, false}} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			pool := pgtest.New(t)
			user := func(b *batch, rec int64) {
				b.add(rec, "User", "Ada", "person", "CON", "Ada")
				if tc.known {
					b.called(rec, ownerName, "Ada")
				}
			}
			b := &batch{}
			b.owned(1, "a1", "Ada")
			if tc.first {
				user(b, 2)
			}
			b.run(t, pool, derivingConfig(), MergeOptions{})
			b.again(t, pool, derivingConfig(), MergeOptions{})
			b = &batch{}
			b.owned(1, "a2", "ADA")
			user(b, 2)
			b.run(t, pool, derivingConfig(), MergeOptions{})
			b.again(t, pool, derivingConfig(), MergeOptions{})
			require.Equal(t, []string{"owned_by a1 Ada", "owned_by a2 Ada"}, edges(t, pool))
			require.Equal(t, 1, value[int](t, pool, "SELECT count(*) FROM rye.nodes WHERE node_type = 'person'"))
			want := []string{"User.name|Ada|User|Ada", "User.name|Ada|User|Ada|derived"}
			switch {
			case !tc.known:
				want = want[1:]
			case tc.first:
				want = want[:1]
			}
			require.Equal(t, want, keptNames(t, pool))
		})
	}
}

// TestNames_Undone keeps nothing of a merge that is taken back: no names and no records of them.
func TestNames_Undone(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	b := &batch{}
	b.company(1, "a1", "Acme")
	b.owned(2, "a2", "Ada")
	b.member(3, "p1", accountName, "Acme")
	run, err := Begin(t.Context(), pool, derivingConfig())
	require.NoError(t, err)
	t.Cleanup(run.unlock)
	staged(t, run, file(t, run, "Contact.csv"), b)
	execute(t, pool, "CREATE FUNCTION public.fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no'; END $$; "+
		"CREATE TRIGGER fail BEFORE INSERT ON rye.edges FOR EACH ROW EXECUTE FUNCTION public.fail()")
	_, err = run.Merge(t.Context(), MergeOptions{Settle: content})
	require.ErrorContains(t, err, "merging (links)")
	require.NoError(t, run.End(t.Context(), "failed", err, json.RawMessage(`{}`)))
	require.Zero(t, graphSize(t, pool))
	require.Empty(t, keptNames(t, pool))
	require.Equal(t, nothingLeft, leftovers(t, pool))
	require.Zero(t, value[int](t, pool, "SELECT count(*) FROM rye_import.staging_names"))

	execute(t, pool, "DROP TRIGGER fail ON rye.edges")
	out := b.run(t, pool, derivingConfig(), MergeOptions{})
	require.Equal(t, map[string]Links{"employs": {Found: 1, Linked: 1}, "owned_by": {Found: 1, Linked: 1}}, out.Links)
}

// TestStage_Names refuses what cannot be given by name, and lookups that nobody has announced.
func TestStage_Names(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	run, err := Begin(t.Context(), pool, namesConfig("crm"))
	require.NoError(t, err)
	t.Cleanup(run.unlock)
	no := file(t, run, "Contact.csv")
	acme := graph.Ref{Object: accountName, ID: "Acme"}
	for name, tc := range map[string]struct {
		change func(b *batch)
		want   string
	}{
		"record":   {func(b *batch) { b.Records[0].Object = accountName }, `lookup "Account.name": only links`},
		"same":     {func(b *batch) { b.Records[0].Same = acme }, `lookup "Account.name": only links`},
		"event":    {func(b *batch) { b.Participants = []graph.Participant{{Rec: 1, Event: acme}} }, `lookup "Account.name": only links`},
		"pipeline": {func(b *batch) { b.Stages = []graph.Stage{{Pipeline: acme}} }, `lookup "Account.name": only links`},
		"name":     {func(b *batch) { b.called(1, "Account.phone", "Acme") }, `lookup "Account.phone" is not among those`},
		"object":   {func(b *batch) { b.called(1, "Account", "Acme") }, `lookup "Account" is not among those`},
		"NUL":      {func(b *batch) { b.called(1, accountName, "a\x00b") }, "staging Contact, lines 2 to 2"},
	} {
		b := people("Ada")
		tc.change(b)
		_, err := run.Stage(t.Context(), no, &b.Batch)
		require.ErrorContains(t, err, tc.want, name)
	}
	require.False(t, run.named.Load())
	b := people("Ada")
	b.called(1, accountName, "")
	b.called(1, accountName, strings.Repeat("x", 1001))
	b.called(1, accountName, strings.Repeat("x", 1000))
	staged(t, run, no, b)
	require.Equal(t, 1, value[int](t, pool, "SELECT count(*) FROM rye_import.staging_names"), "what is too long for an index is no name")
	require.NoError(t, run.End(t.Context(), "failed", errors.New("stopped"), nil))
}

// TestNames_SeveralLater: a name comes to fit a second record. What was linked by it stays, also when the
// record that refers by it changes, until the name fits one record again.
func TestNames_SeveralLater(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	cfg := namesConfig("crm")
	b := &batch{}
	b.company(1, "a1", "Acme")
	b.member(2, "p1", accountName, "Acme")
	b.run(t, pool, cfg, MergeOptions{})
	require.Equal(t, []string{"employs a1 p1"}, edges(t, pool))

	both := &batch{}
	both.company(1, "a1", "Acme")
	both.company(2, "a2", "ACME")
	both.member(3, "p1", accountName, "Acme").Hash = md5.Sum([]byte("changed")) //nolint:gosec // see above
	out := both.run(t, pool, cfg, MergeOptions{})
	require.Equal(t, []string{"employs a1 p1"}, edges(t, pool))
	require.Equal(t, Links{Found: 1, Deferred: 1}, out.Links["employs"])
	require.Zero(t, out.Edges)
	require.Len(t, out.Names, 1)
	require.Len(t, out.Names[0].Candidates, 2)
	both.again(t, pool, cfg, MergeOptions{})

	// Now it is said otherwise: that ends the edge, and what waited is forgotten.
	moved := &batch{}
	moved.company(1, "g1", "Globex")
	moved.member(2, "p1", accountName, "Globex")
	out = moved.run(t, pool, cfg, MergeOptions{})
	require.Equal(t, []string{"employs g1 p1"}, edges(t, pool))
	require.Equal(t, Edges{Created: 1, Closed: 1}, out.Edges)
	require.Empty(t, out.Names)
}
