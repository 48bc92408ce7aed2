package load

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/projectrye/rye-import/importer/graph"
	"github.com/projectrye/rye-import/internal/pgtest"
)

func TestClip(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"": "", "a\x00b": "ab", "caf\xe9": "caf\ufffd", strings.Repeat("x", 1000): strings.Repeat("x", 1000),
		strings.Repeat("x", 1001):       strings.Repeat("x", 1000) + "…",
		strings.Repeat("x", 999) + "žž": strings.Repeat("x", 999) + "…", // no letter is cut in two
	} {
		got := clip(in)
		require.Equal(t, want, got)
		require.True(t, utf8.ValidString(got))
	}
}

// TestStage copies a batch with one of everything, and looks at what stands in staging.
func TestStage(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	run := begun(t, pool, "crm")
	no := file(t, run, "Contact.csv")
	yes, order := true, 2.0
	b := &batch{}
	rec := b.person(1, "p1", "Ada")
	rec.Version, rec.Same = january.Add(time.Hour), graph.Ref{Object: "Contact", ID: "p0"}
	b.employs(1, "o1")
	b.Facts = []graph.Fact{
		{Rec: 1, Slot: "Email", Type: "contact_info", Key: "default", Claim: []byte(`{"email": "ada@example.com"}`)},
		{Rec: 1, Slot: "Phone", Type: "contact_info", Key: "phone"}, // withdraws what this source never said
	}
	b.Records = append(b.Records, graph.Record{Rec: 2, Kind: graph.KindEvent, Object: "Contact", ID: "e1", Line: 3})
	b.Events = []graph.Event{{Rec: 2, Type: "call", OccurredAt: january, Properties: []byte(`{}`), Actor: graph.Ref{ID: "u1"}}}
	b.Participants = []graph.Participant{{Rec: 2, Slot: "WhoId", Role: "subject", Node: graph.Ref{Object: "Contact", ID: "p1"}}}
	seen := graph.Stage{Pipeline: graph.Ref{Object: "Pipeline", ID: "default"}, Label: "New", Key: "new", Order: &order, Closed: &yes}
	other := seen
	other.Closed = nil
	b.Stages = []graph.Stage{seen, other, seen}

	s := staged(t, run, no, b)
	require.Equal(t, Staged{Links: map[string]int64{}, Found: map[string]int64{"employs": 1, ParticipantLink: 1}, Asked: true}, s)
	require.Equal(t, []string{
		fmt.Sprintf("1 p1 node %d 2 Contact p0 2024-01-15 08", no), fmt.Sprintf("2 e1 event %d 3", no),
	}, values(t, pool, `SELECT concat_ws(' ', rec, legacy_id, kind, file_no, line, o.object, same_id, to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24'))
		FROM rye_import.staging_records s LEFT JOIN rye_import.objects o ON o.object_no = s.same_object_no ORDER BY rec`))
	require.Equal(t, []string{"person Ada CON"}, values(t, pool, "SELECT concat_ws(' ', node_type, label, code_prefix) FROM rye_import.staging_nodes"))
	require.Equal(t, []string{"employs AccountId - o1 - -"}, values(t, pool,
		"SELECT concat_ws(' ', edge_type, slot, coalesce(target_ref, '-'), source_ref, coalesce(effective_from::text, '-'), coalesce(properties::text, '-')) FROM rye_import.staging_links"))
	require.Equal(t, []string{"Email"}, values(t, pool, "SELECT slot FROM rye_import.staging_facts"))
	require.Equal(t, []string{"call u1 0"}, values(t, pool, "SELECT concat_ws(' ', event_type, actor_ref, coalesce(actor_object_no, 0)) FROM rye_import.staging_events"))
	require.Equal(t, []string{"subject p1"}, values(t, pool, "SELECT role || ' ' || node_ref FROM rye_import.staging_participants"))
	require.Equal(t, []string{"2 true", "1 -"}, values(t, pool, "SELECT seen || ' ' || coalesce(closed::text, '-') FROM rye_import.staging_stages ORDER BY seen DESC"),
		"what a batch has seen twice is a row")

	s, err := run.Stage(t.Context(), no, &graph.Batch{})
	require.NoError(t, err)
	require.Zero(t, s.Unchanged)
	require.Equal(t, int64(2), run.copied.Load())
}

// TestStage_Asked tells the batches of whose records more is asked than whether they are as they were.
func TestStage_Asked(t *testing.T) {
	t.Parallel()
	run := begun(t, pgtest.New(t), "crm")
	no := file(t, run, "Contact.csv")
	for name, change := range map[string]func(b *batch){
		"amount": func(b *batch) { b.Records[1].Money = &graph.Money{Amount: "1", Currency: "EUR", Stage: "New"} },
		"same":   func(b *batch) { b.Records[1].Same = graph.Ref{Object: "Contact", ID: "p0"} },
		"stage": func(b *batch) {
			b.Stages = []graph.Stage{{Pipeline: graph.Ref{Object: "Pipeline", ID: "default"}, Label: "New", Key: "new"}}
		},
	} {
		b := people("Ada", "Bob")
		require.False(t, staged(t, run, no, b).Asked)
		change(b)
		require.True(t, staged(t, run, no, b).Asked, name)
	}
}

// TestStage_Errors names the records that could not be staged, and stages none of them.
func TestStage_Errors(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	run := begun(t, pool, "crm")
	no := file(t, run, "Contact.csv")
	ref := graph.Ref{Object: "Nonsense", ID: "1"}
	for name, tc := range map[string]struct {
		change func(b *batch)
		want   string
	}{
		"record":      {func(b *batch) { b.Records[0].Object = "Nonsense" }, `object "Nonsense" is not among those of the mapping`},
		"same":        {func(b *batch) { b.Records[0].Same = ref }, `"Nonsense"`},
		"source":      {func(b *batch) { b.Links = []graph.Link{{Rec: 1, Source: ref}} }, `"Nonsense"`},
		"target":      {func(b *batch) { b.Links = []graph.Link{{Rec: 1, Target: ref}} }, `"Nonsense"`},
		"subject":     {func(b *batch) { b.Facts = []graph.Fact{{Rec: 1, Subject: ref, Claim: []byte(`{}`)}} }, `"Nonsense"`},
		"actor":       {func(b *batch) { b.Events = []graph.Event{{Rec: 1, Actor: ref}} }, `"Nonsense"`},
		"event":       {func(b *batch) { b.Participants = []graph.Participant{{Rec: 1, Event: ref}} }, `"Nonsense"`},
		"participant": {func(b *batch) { b.Participants = []graph.Participant{{Rec: 1, Node: ref}} }, `"Nonsense"`},
		"pipeline":    {func(b *batch) { b.Stages = []graph.Stage{{Pipeline: ref}} }, `"Nonsense"`},
		"NUL":         {func(b *batch) { b.Nodes[1].Label = "a\x00b" }, "staging Contact, lines 2 to 3"},
		"no JSON":     {func(b *batch) { b.Nodes[1].Properties = []byte("{") }, "staging Contact, lines 2 to 3"},
		"no number":   {func(b *batch) { b.Records[1].Money = &graph.Money{Amount: "many"} }, "staging Contact, lines 2 to 3"},
	} {
		b := people("Ada", "Bob")
		tc.change(b)
		_, err := run.Stage(t.Context(), no, &b.Batch)
		require.ErrorContains(t, err, tc.want, name)
	}
	require.Zero(t, run.copied.Load())
	require.Zero(t, value[int](t, pool, "SELECT count(*) FROM rye_import.staging_records"))
}

// TestStage_AtOnce stages batches from several goroutines, as the workers of a run do.
func TestStage_AtOnce(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	run := begun(t, pool, "crm")
	no := file(t, run, "Contact.csv")
	const workers, batches, size = 3, 4, 50
	errs := make([]error, workers)
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			b := &batch{} // used again and again
			for i := range batches {
				b.Records, b.Nodes = b.Records[:0], b.Nodes[:0]
				for j := range size {
					rec := int64(w*batches*size + i*size + j + 1)
					b.person(rec, fmt.Sprint("p", rec), fmt.Sprint("Person ", rec))
				}
				if _, err := run.Stage(t.Context(), no, &b.Batch); err != nil {
					errs[w] = err
					return
				}
			}
		})
	}
	wg.Wait()
	for _, err := range errs {
		require.NoError(t, err)
	}
	out, err := run.Merge(t.Context(), MergeOptions{Settle: content})
	require.NoError(t, err)
	require.Equal(t, Records{Created: workers * batches * size}, out.Objects["Contact"])
	require.NoError(t, run.Close(t.Context()))
	// Codes follow the time of creation, which is the same here, and then the ids.
	require.Equal(t, "CON-2401-0001 p1, CON-2401-0002 p10, CON-2401-0003 p100", value[string](t, pool, `
		SELECT string_agg(code || ' ' || source_id, ', ' ORDER BY code) FROM (
			SELECT n.properties->>'code' AS code, m.source_id FROM rye.nodes n JOIN rye.node_source_map m ON m.node_id = n.id ORDER BY 1 LIMIT 3) c`))
}

// TestStage_Unchanged copies of known records no more than the keys, and counts their links.
func TestStage_Unchanged(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	b := people("Ada", "Bob")
	b.org(3, "o1", "Acme")
	b.employs(1, "o1")
	imported(t, pool, b, MergeOptions{})

	b.Records[1].Hash[0]++ // Bob
	// The importer has archived Acme, which is as it was: it has come back.
	execute(t, pool, "UPDATE rye_import.records SET archived = 'missing' WHERE legacy_id = 'o1'")
	b.employs(2, "o1")
	run := begun(t, pool, "crm")
	require.True(t, run.Known)
	s := staged(t, run, file(t, run, "Contact.csv"), b)
	require.Equal(t, Staged{Unchanged: 1, Links: map[string]int64{"employs": 1}, Found: map[string]int64{"employs": 1}}, s)
	require.Equal(t, []string{"B true", "o1 true"}, values(t, pool, "SELECT legacy_id || ' ' || changed FROM rye_import.staging_records ORDER BY rec"))
	require.Equal(t, []string{"1 A"}, values(t, pool, "SELECT rec || ' ' || legacy_id FROM rye_import.staging_unchanged"))
	require.Equal(t, []string{"Bob", "Acme"}, values(t, pool, "SELECT label FROM rye_import.staging_nodes ORDER BY rec"))
}

// TestStage_Order analyzes staging while another run empties it: it waits for the table that is emptied first, and holds nothing that
// would be emptied next.
func TestStage_Order(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	run := begun(t, pool, "crm")
	staged(t, run, file(t, run, "Contact.csv"), people("Ada"))
	empties, err := pool.Begin(t.Context())
	require.NoError(t, err)
	defer func() { _ = empties.Rollback(t.Context()) }()
	// It would hold more, but at that an analysis already stops that only looks for the tables.
	_, err = empties.Exec(t.Context(), "LOCK TABLE rye_import.staging_records IN SHARE MODE")
	require.NoError(t, err)

	analyzed := make(chan error, 1)
	go func() { analyzed <- run.analyze(t.Context()) }()
	require.Eventually(t, func() bool {
		return value[bool](t, pool, "SELECT count(*) > 0 FROM pg_locks WHERE NOT granted AND relation = 'rye_import.staging_records'::regclass")
	}, time.Minute, time.Millisecond)
	require.Empty(t, values(t, pool, `SELECT DISTINCT c.relname::text FROM pg_locks l JOIN pg_class c ON c.oid = l.relation
		JOIN pg_database d ON d.oid = l.database
		WHERE d.datname = current_database() AND l.granted AND l.mode = 'ShareUpdateExclusiveLock' AND c.relnamespace = 'rye_import'::regnamespace`))
	require.NoError(t, empties.Rollback(t.Context()))
	require.NoError(t, <-analyzed)
}
