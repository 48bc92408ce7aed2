package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/projectrye/rye-import/db"
	"github.com/projectrye/rye-import/internal/pgtest"
)

// How much goes on at once.
const (
	rounds        = 100
	people        = 3
	editsPerRound = 4

	sharedOrgs     = 6
	sharedContacts = 8
	sharedDeals    = 6
	sharedUsers    = 4
)

// TestConcurrentSources runs two sources again and again at the same time, whose records come to share
// their nodes, while people edit those nodes. Nobody's change may be lost, and nobody may be thrown out
// for waiting in a circle.
func TestConcurrentSources(t *testing.T) {
	if testing.Short() {
		t.Skip("it runs two hundred imports")
	}
	t.Parallel()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	url := pgtest.Clone(t)
	pool := pgtest.Connect(t, url)
	month := value[string](t, pool, "SELECT to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS')")
	// Their records have the same ids, as those of two installations of one CRM may have.
	sources := []*legacy{newLegacy("north", seed, month), newLegacy("south", seed+1, month)}
	var both sync.WaitGroup
	for _, s := range sources {
		both.Go(func() { s.run(t, url) })
	}
	both.Wait()
	crew := &crew{t: t, pool: pool, q: db.New(pool), edits: map[string]uuid.UUID{}, ended: map[uuid.UUID]bool{}}
	// The same companies and sellers are in both from the start; people and deals turn out to be the same
	// while the imports run.
	for i := range sharedOrgs {
		crew.fold(t.Context(), "Account", i, false)
	}
	for i := range sharedUsers {
		crew.fold(t.Context(), "User", i, false)
	}

	random := rand.New(rand.NewPCG(seed, 2)) //nolint:gosec // chance is no secret
	for round := 1; round <= rounds; round++ {
		owner := round % sharedUsers
		for _, s := range sources {
			s.change(round, owner)
		}
		var wg sync.WaitGroup
		for _, s := range sources {
			wg.Go(func() { s.run(t, url) })
		}
		for p := range people {
			chance := rand.New(rand.NewPCG(random.Uint64(), 3)) //nolint:gosec // chance is no secret
			wg.Go(func() {
				for n := range editsPerRound {
					crew.edit(chance, fmt.Sprintf("person%d_%d_%d", p, round, n), p)
				}
			})
		}
		wg.Go(func() { crew.foldNext(round) })
		wg.Wait()
		if t.Failed() {
			t.Fatalf("round %d, seed %d", round, seed)
		}
		for _, s := range sources {
			s.checkArrived(t, pool)
		}
		if t.Failed() {
			t.Fatalf("round %d, seed %d", round, seed)
		}
	}
	crew.check()
	checkGraph(t, pool)
	began := 0
	for _, s := range sources {
		began += s.again
	}
	t.Logf("%d edits of people, %d merges that began anew", len(crew.edits), began)
}

// TestMeanwhile lets a person change the graph in a transaction that a run meets and waits for. What the
// person did must be there, and what the run says too.
func TestMeanwhile(t *testing.T) {
	t.Parallel()
	node := func(id string) string {
		return "(SELECT node_id FROM rye.node_source_map WHERE source_id = '" + id + "')"
	}
	for name, tc := range map[string]struct {
		person string
		anew   bool              // whether the run has to begin anew
		want   map[string]string // what queries give at the end
	}{
		"property": {
			person: `UPDATE rye.nodes SET properties = properties || '{"tier": "gold"}' WHERE id = ` + node(acme),
			want: map[string]string{
				"SELECT (properties -> 'address' ->> 'city') || ' ' || (properties ->> 'tier') FROM rye.nodes WHERE id = " + node(acme): "Praha gold",
			},
		},
		"merge": {
			person: "INSERT INTO rye.nodes (id, node_type, label) VALUES ('00000000-0000-0000-0000-00000000000a', 'org', 'Acme Holding'); " +
				"SELECT rye.merge_nodes(" + node(acme) + ", '00000000-0000-0000-0000-00000000000a')",
			anew: true,
			want: map[string]string{
				"SELECT properties -> 'address' ->> 'city' FROM rye.nodes WHERE id = '00000000-0000-0000-0000-00000000000a'": "Praha",
				"SELECT properties -> 'address' ->> 'city' FROM rye.nodes WHERE archived_at IS NOT NULL":                     "Brno",
			},
		},
		"merge of an end": {
			person: "INSERT INTO rye.nodes (id, node_type, label) VALUES ('00000000-0000-0000-0000-00000000000a', 'org', 'Globex Holding'); " +
				"SELECT rye.merge_nodes(" + node(globex) + ", '00000000-0000-0000-0000-00000000000a')",
			anew: true,
			want: map[string]string{
				"SELECT string_agg(n.label, ' ') FROM rye.edges e JOIN rye.nodes n ON n.id = e.source_id WHERE e.edge_type = 'employs' AND e.effective_to IS NULL AND e.target_id = " + node(bob): "Globex Holding",
			},
		},
		"fact": {
			person: `SELECT rye.supersede_assertion(id, p_new_claim := '{"amount": 7, "currency": "EUR"}') FROM rye.assertions
				WHERE assertion_type = 'deal_value' AND superseded_at IS NULL AND subject_node_id = ` + node(deal),
			want: map[string]string{
				"SELECT string_agg(claim ->> 'amount', ' ' ORDER BY superseded_at NULLS LAST, created_at) FROM rye.assertions WHERE assertion_type = 'deal_value'": "1000 7",
				"SELECT state || ' ' || field FROM rye_import.conflicts": "open facts.deal_value.default",
			},
		},
		"first fact": {
			person: `SELECT rye.supersede_assertion(NULL, 'sentiment', ` + node(bob) + `, NULL, '{"score": 1}')`,
			want:   map[string]string{"SELECT claim ->> 'score' FROM rye.assertions WHERE assertion_type = 'sentiment'": "1"},
		},
		"stage": {
			person: "SELECT rye.advance_deal_stage(" + node(deal) + ", 'prospecting_2')",
			want: map[string]string{
				"SELECT string_agg(claim ->> 'stage', ' ' ORDER BY superseded_at NULLS LAST, created_at) FROM rye.assertions WHERE assertion_type = 'deal_stage'": "prospecting prospecting_2",
				"SELECT string_agg(claim ->> 'moved_from', ' ' ORDER BY created_at) FROM rye.assertions WHERE assertion_type = 'deal_stage'":                      "prospecting",
			},
		},
		"end of an edge": {
			person: "UPDATE rye.edges SET effective_to = '2024-04-04' WHERE edge_type = 'employs' AND target_id = " + node(bob),
			want: map[string]string{
				"SELECT to_char(min(effective_to), 'YYYY-MM-DD') FROM rye.edges WHERE edge_type = 'employs' AND target_id = " + node(bob): "2024-04-04",
			},
		},
		"the same edge": {
			person: "INSERT INTO rye.edges (edge_type, source_id, target_id) VALUES ('employs', " + node(globex) + ", " + node(bob) + ")",
			want: map[string]string{
				"SELECT count(*)::text FROM rye.edges WHERE edge_type = 'employs' AND source_id = " + node(globex) + " AND target_id = " + node(bob): "1",
			},
		},
		"the same record": {
			person: "SELECT rye.link_record('salesforce', 'Contact', '0037R00000CCCCCQA5', 'person', 'Cyd', '{\"nick\": \"Cy\"}')",
			anew:   true,
			want: map[string]string{
				"SELECT count(*)::text || min(label) || min(properties ->> 'nick') FROM rye.nodes WHERE label LIKE 'Cyd%'": "1Cyd HopperCy",
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFaulty(t, "-") // what comes of it is not the undisturbed graph
			execute(t, f.pool, `UPDATE rye.nodes SET properties = jsonb_set(properties, '{stages}', properties -> 'stages' || '[{"key": "prospecting_2", "order": 9}]')
				WHERE node_type = 'pipeline'`)
			conn, err := f.pool.Acquire(t.Context())
			require.NoError(t, err)
			defer conn.Release()
			_, err = conn.Conn().PgConn().Exec(t.Context(), "BEGIN; "+tc.person).ReadAll()
			require.NoError(t, err)
			c := startChild(t, []string{"--database-url", f.url, "--log-level", "info", "run", "--progress", "none", f.later}, nil)
			waiting(t, f.pool, conn.Conn().PgConn().PID(), c)
			_, err = conn.Exec(t.Context(), "COMMIT")
			require.NoError(t, err)
			require.Equal(t, exitDone, c.wait(t))
			require.Equal(t, tc.anew, strings.Contains(c.output(), "begins anew"), c.output())
			for sql, want := range tc.want {
				require.Equal(t, want, value[string](t, f.pool, "SELECT coalesce(("+sql+"), '')"), sql)
			}
			checkChains(t, f.pool)
		})
	}
}

// legacy is a CRM whose records change.
type legacy struct {
	name   string
	random *rand.Rand
	month  string // a time in this month, in which people create deals too
	round  int
	again  int // merges that began anew

	marks    map[string]string // by object and record: what was last written into its own column
	employer []int
	amount   []string // of deals
	owner    int
	deleted  bool // the last contact
	deals    []string
}

func newLegacy(name string, seed uint64, month string) *legacy {
	return &legacy{
		name: name, month: month, random: rand.New(rand.NewPCG(seed, 1)), //nolint:gosec // chance is no secret
		marks: make(map[string]string), employer: make([]int, sharedContacts), deals: make([]string, sharedDeals), amount: make([]string, sharedDeals),
	}
}

// legacyID is the id of a record, in the short form.
func legacyID(object string, i int) string {
	return fmt.Sprintf("%s%012d", map[string]string{"Account": "001", "Contact": "003", "User": "005", "Opportunity": "006"}[object], i)
}

// change lets records change, and a deal come now and then.
func (l *legacy) change(round, owner int) {
	l.round, l.owner = round, owner
	for object, n := range map[string]int{"Account": sharedOrgs, "Contact": sharedContacts, "Opportunity": sharedDeals, "User": sharedUsers} {
		for i := range n {
			if l.random.IntN(2) == 0 {
				l.marks[fmt.Sprintf("%s/%d", object, i)] = fmt.Sprintf("%s %d", l.name, round)
			}
		}
	}
	for i := range l.employer {
		if l.random.IntN(4) == 0 {
			// The sources do not speak of the same employment: what one ends the other must not have meant.
			l.employer[i] = l.random.IntN(sharedOrgs / 2)
		}
	}
	stages := []string{"Prospecting", "Qualification", "Negotiation/Review", "Proposal/Price Quote"}
	for i := range l.deals {
		if l.random.IntN(3) == 0 {
			l.deals[i] = stages[l.random.IntN(len(stages))]
			l.amount[i] = fmt.Sprintf("%d.%c5", round*100+i, '1'+l.name[0]%2) // no other ever says it
		}
	}
	if l.random.IntN(3) == 0 {
		l.deals, l.amount = append(l.deals, "Prospecting"), append(l.amount, fmt.Sprintf("%d.51", 1_000_000+round*100))
	}
	l.deleted = l.random.IntN(4) == 0
}

// column is that of the source alone, so that the sources do not speak of the same.
func (l *legacy) column() string {
	return strings.ToUpper(l.name[:1]) + l.name[1:] + "_Mark__c"
}

// export writes all records.
func (l *legacy) export(t *testing.T) string {
	t.Helper()
	changed := time.Date(2024, 6, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(l.round) * time.Hour).Format(time.DateTime)
	column := l.column()
	user := func(i int) string { return legacyID("User", i) }
	mark := func(object string, i int) string { return l.marks[fmt.Sprintf("%s/%d", object, i)] }
	accounts := []string{"Id|IsDeleted|Name|OwnerId|CreatedDate|LastModifiedDate|" + column}
	for i := range sharedOrgs {
		accounts = append(accounts, fmt.Sprintf("%s|0|Org %d|%s|2024-01-01 08:00:00|%s|%s", legacyID("Account", i), i, user(l.owner), changed, mark("Account", i)))
	}
	users := []string{"Id|Username|LastName|FirstName|Email|IsActive|CreatedDate|LastModifiedDate|" + column}
	for i := range sharedUsers {
		users = append(users, fmt.Sprintf("%s|u%d@corp.example|Seller|U%d|u%d@corp.example|1|2023-01-01 08:00:00|%s|%s", user(i), i, i, i, changed, mark("User", i)))
	}
	contacts := []string{"Id|IsDeleted|AccountId|FirstName|LastName|Email|OwnerId|CreatedDate|LastModifiedDate|" + column}
	for i := range sharedContacts {
		deleted := 0
		if l.deleted && i == sharedContacts-1 {
			deleted = 1
		}
		contacts = append(contacts, fmt.Sprintf("%s|%d|%s|C%d|Person|c%d@example.com|%s|2024-02-01 08:00:00|%s|%s",
			legacyID("Contact", i), deleted, legacyID("Account", l.org(i)), i, i, user(i%sharedUsers), changed, mark("Contact", i)))
	}
	deals := []string{"Id|IsDeleted|AccountId|Name|StageName|Amount|CurrencyIsoCode|Probability|IsClosed|IsWon|CloseDate|OwnerId|CreatedDate|LastModifiedDate|" + column}
	for i, stage := range l.deals {
		if stage == "" {
			stage = "Prospecting"
		}
		created := "2024-03-01 08:00:00"
		if i >= sharedDeals {
			created = l.month
		}
		deals = append(deals, fmt.Sprintf("%s|0|%s|Deal %d|%s|%s|EUR|10|0|0|2030-12-31|%s|%s|%s|%s",
			legacyID("Opportunity", i), legacyID("Account", i%sharedOrgs), i, stage, l.amount[i], user(i%sharedUsers), created, max(changed, created), mark("Opportunity", i)))
	}
	return company{"Account": accounts, "User": users, "Contact": contacts, "Opportunity": deals}.write(t)
}

// org gives the employer of a contact: north and south know different ones.
func (l *legacy) org(contact int) int {
	if l.name == "north" {
		return l.employer[contact]
	}
	return l.employer[contact] + sharedOrgs/2
}

func (l *legacy) run(t *testing.T, url string) {
	t.Helper()
	r := command(t, "", "--database-url", url, "--log-level", "info", "run", "--crm", "salesforce", "--source", l.name,
		"--output", "json", "--progress", "none", "--workers", "1", "--rejects", t.TempDir(), l.export(t))
	if assert.Equal(t, exitDone, r.code, "%s, round %d: %s", l.name, l.round, r.stderr) {
		assert.True(t, summary(t, r.stdout).Balanced)
		assert.NotContains(t, r.stdout, "not refreshed")
	}
	l.again += strings.Count(r.stderr, "begins anew")
}

// checkArrived looks whether everything that the last export says stands in the graph.
func (l *legacy) checkArrived(t *testing.T, pool *pgxpool.Pool) {
	t.Helper()
	var got map[string]string
	text := value[string](t, pool, `SELECT coalesce(jsonb_object_agg(m.source_table || '/' || ltrim(substr(m.source_id, 4, 11), '0') || substr(m.source_id, 15, 1),
			n.properties ->> $1), '{}') FROM rye.node_source_map m JOIN rye.nodes n ON n.id = m.node_id WHERE m.source_schema = $2`, l.column(), l.name)
	assert.NoError(t, json.Unmarshal([]byte(text), &got))
	for key, want := range l.marks {
		if l.deleted && key == fmt.Sprintf("Contact/%d", sharedContacts-1) {
			continue // a deleted record has no more to say than that
		}
		assert.Equal(t, want, got[key], "%s %s", l.name, key)
	}
	standing := values(t, pool, `SELECT concat_ws(' ', e.edge_type, a.source_table, left(a.source_id, 15), left(b.source_id, 15))
		FROM rye.edges e
		JOIN rye.node_source_map a ON a.node_id = e.source_id AND a.source_schema = $1
		JOIN rye.node_source_map b ON b.node_id = e.target_id AND b.source_schema = $1
		WHERE e.edge_type IN ('employs', 'owned_by') AND a.source_table = 'Account' AND e.effective_to IS NULL AND e.archived_at IS NULL`, l.name)
	var owners, wantOwners []string
	for _, edge := range standing {
		if strings.HasPrefix(edge, "owned_by") {
			owners = append(owners, edge)
		}
	}
	for i := range sharedOrgs {
		wantOwners = append(wantOwners, fmt.Sprintf("owned_by Account %s %s", legacyID("Account", i), legacyID("User", l.owner)))
	}
	assert.ElementsMatch(t, wantOwners, owners, "%s: owners of orgs", l.name)
	for i := range sharedContacts {
		if !l.deleted || i != sharedContacts-1 {
			assert.Contains(t, standing, fmt.Sprintf("employs Account %s %s", legacyID("Account", l.org(i)), legacyID("Contact", i)), l.name)
		}
	}
	// Where a person has changed the value, it is kept aside.
	held := values(t, pool, `SELECT claim ->> 'amount' FROM rye.assertions WHERE assertion_type = 'deal_value'
		UNION ALL
		SELECT coalesce(incoming ->> 'amount', incoming -> 'claim' ->> 'amount') FROM rye_import.conflicts WHERE field LIKE 'facts.deal_value.%' AND incoming IS NOT NULL`)
	for i, amount := range l.amount {
		if amount != "" {
			assert.Contains(t, held, amount, "%s: deal %d", l.name, i)
		}
	}
}

// crew are the people who work with the graph.
type crew struct {
	t    *testing.T
	pool *pgxpool.Pool
	q    *db.Queries

	mu     sync.Mutex
	edits  map[string]uuid.UUID // keys that people have added, and to which node
	facts  []uuid.UUID
	events []uuid.UUID
	links  []uuid.UUID
	ended  map[uuid.UUID]bool
	counts [people]int
	merges int
	opened int
}

// refused reports whether the graph has said no for a reason that a person understands: somebody else was
// first, or the node was archived. Anything else fails the test.
func (c *crew) refused(err error, what string) bool {
	if err == nil {
		return false
	}
	var pgErr *pgconn.PgError
	if !errors.Is(err, pgx.ErrNoRows) && (!errors.As(err, &pgErr) || !strings.HasPrefix(pgErr.Code, "RY")) {
		assert.NoError(c.t, err, what)
	}
	return true
}

// node finds the node of a record that one of the sources has.
func (c *crew) node(ctx context.Context, source, object string, i int) uuid.UUID {
	var id uuid.UUID
	err := c.pool.QueryRow(ctx, "SELECT node_id FROM rye.node_source_map WHERE source_schema = $1 AND source_table = $2 AND source_id LIKE $3 || '%'",
		source, object, legacyID(object, i)).Scan(&id)
	assert.NoError(c.t, err, "%s %s %d", source, object, i)
	return id
}

// edit does one thing that a person does, each in a transaction of its own.
func (c *crew) edit(chance *rand.Rand, key string, person int) {
	ctx := context.Background()
	source := []string{"north", "south"}[chance.IntN(2)]
	switch chance.IntN(8) {
	case 0, 1: // a property of one's own
		objects := map[string]int{"Account": sharedOrgs, "Contact": sharedContacts, "Opportunity": sharedDeals, "User": sharedUsers}
		object := []string{"Account", "Contact", "Opportunity", "User"}[chance.IntN(4)]
		id := c.node(ctx, source, object, chance.IntN(objects[object]))
		_, err := c.q.NodeSetProperties(ctx, db.NodeSetPropertiesParams{ID: id, Properties: []byte(`{"` + key + `": true}`)})
		if !c.refused(err, "set properties") {
			c.mu.Lock()
			c.edits[key] = id
			c.mu.Unlock()
		}
	case 2: // a count that each of the edits has to raise
		id := c.node(ctx, source, "Account", chance.IntN(sharedOrgs))
		_, err := c.pool.Exec(ctx, `UPDATE rye.nodes SET properties = properties
			|| jsonb_build_object($2::text, coalesce((properties ->> $2)::int, 0) + 1) WHERE id = $1`, id, fmt.Sprintf("count%d", person))
		if assert.NoError(c.t, err) {
			c.mu.Lock()
			c.counts[person]++
			c.mu.Unlock()
		}
	case 3: // a fact that the import writes too
		id := c.node(ctx, source, "Opportunity", chance.IntN(sharedDeals))
		var old uuid.UUID
		err := c.pool.QueryRow(ctx, "SELECT id FROM rye.assertions WHERE subject_node_id = $1 AND assertion_type = 'deal_value' AND superseded_at IS NULL", id).Scan(&old)
		if c.refused(err, "deal value") {
			return
		}
		fact, err := c.q.AssertionSupersede(ctx, db.AssertionSupersedeParams{ID: old, Claim: []byte(`{"amount": 1, "currency": "EUR", "by": "` + key + `"}`)})
		if !c.refused(err, "supersede") {
			c.said(fact)
		}
	case 4: // a first fact, where an import may be about to say the first one
		id := c.node(ctx, source, "Contact", chance.IntN(sharedContacts))
		fact, err := c.q.AssertionRecord(ctx, db.AssertionRecordParams{
			AssertionType: "sentiment", AssertionKey: key, SubjectNodeID: &id, Claim: []byte(`{"by": "` + key + `"}`),
		})
		if !c.refused(err, "record") {
			c.said(fact)
		}
	case 5:
		id := c.node(ctx, source, "Opportunity", chance.IntN(sharedDeals))
		var fact uuid.UUID
		stage := []string{"prospecting", "qualification", "negotiation_review"}[chance.IntN(3)]
		err := c.pool.QueryRow(ctx, "SELECT rye.advance_deal_stage($1, $2, $3)", id, stage, key).Scan(&fact)
		if !c.refused(err, "advance") {
			c.said(fact)
		}
	case 6: // an activity with a person and a deal
		a, b := c.node(ctx, source, "Contact", chance.IntN(sharedContacts)), c.node(ctx, source, "Opportunity", chance.IntN(sharedDeals))
		var event uuid.UUID
		err := c.pool.QueryRow(ctx, "SELECT rye.log_crm_activity('phone_call', $1, '{}', 'user:test', ARRAY[$2, $3]::uuid[])", key, a, b).Scan(&event)
		if !c.refused(err, "log") {
			c.mu.Lock()
			c.events = append(c.events, event)
			c.mu.Unlock()
		}
		c.endEdge(ctx, a, chance)
	case 7:
		pipeline := value[string](c.t, c.pool, "SELECT properties ->> 'code' FROM rye.nodes WHERE node_type = 'pipeline' ORDER BY 1 LIMIT 1")
		owner := c.node(ctx, source, "User", chance.IntN(sharedUsers))
		var id uuid.UUID
		err := c.pool.QueryRow(ctx, "SELECT rye.create_opportunity($1, $2, $3)", key, pipeline, owner).Scan(&id)
		if !c.refused(err, "create") {
			c.mu.Lock()
			c.opened++
			c.mu.Unlock()
		}
	}
}

func (c *crew) said(fact uuid.UUID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.facts = append(c.facts, fact)
}

// endEdge ends who owns a contact, as the import has it, or makes an edge of one's own.
func (c *crew) endEdge(ctx context.Context, contact uuid.UUID, chance *rand.Rand) {
	if chance.IntN(2) == 0 {
		id, err := c.q.EdgeCreate(ctx, db.EdgeCreateParams{EdgeType: "affiliated_with", SourceID: contact, TargetID: c.node(ctx, "north", "Account", chance.IntN(sharedOrgs))})
		if !c.refused(err, "create edge") {
			c.mu.Lock()
			c.links = append(c.links, id)
			c.mu.Unlock()
		}
		return
	}
	var edge uuid.UUID
	err := c.pool.QueryRow(ctx, `UPDATE rye.edges SET effective_to = now(), properties = properties || '{"ended_by": "a person"}'
		WHERE id = (SELECT id FROM rye.edges WHERE source_id = $1 AND edge_type = 'owned_by' AND effective_to IS NULL AND archived_at IS NULL LIMIT 1)
			AND effective_to IS NULL AND archived_at IS NULL RETURNING id`, contact).Scan(&edge)
	if !c.refused(err, "end edge") {
		c.mu.Lock()
		c.ended[edge] = true
		c.mu.Unlock()
	}
}

// foldNext finds out that another two records are the same.
func (c *crew) foldNext(round int) {
	every := rounds / (sharedContacts + sharedDeals)
	if n := round / every; round%every == 0 && n < sharedContacts {
		c.fold(context.Background(), "Contact", n, n%2 == 0)
	} else if n -= sharedContacts; round%every == 0 && n >= 0 && n < sharedDeals {
		c.fold(context.Background(), "Opportunity", n, n%2 == 0)
	}
}

// fold merges the nodes that the sources have for the same record, and those that somebody typed in twice.
func (c *crew) fold(ctx context.Context, object string, i int, swap bool) {
	from, into := c.node(ctx, "south", object, i), c.node(ctx, "north", object, i)
	if swap {
		from, into = into, from
	}
	_, err := c.pool.Exec(ctx, "SELECT rye.merge_nodes($1, $2, 'user:test')", from, into)
	if !c.refused(err, "merge") {
		c.mu.Lock()
		c.merges++
		c.mu.Unlock()
	}
}

// check looks whether everything that people did is still there.
func (c *crew) check() {
	t, pool := c.t, c.pool
	for key := range c.edits {
		assert.Equal(t, 1, value[int](t, pool, "SELECT least(1, count(*)) FROM rye.nodes n WHERE n.properties ? $1 AND NOT EXISTS (SELECT FROM rye.node_merges m WHERE m.duplicate_id = n.id)", key), key)
	}
	for person, want := range c.counts {
		assert.Equal(t, want, value[int](t, pool, `SELECT coalesce(sum((properties ->> $1)::int), 0) FROM rye.nodes n
			WHERE NOT EXISTS (SELECT FROM rye.node_merges m WHERE m.duplicate_id = n.id)`, fmt.Sprintf("count%d", person)), "person %d", person)
	}
	assert.Equal(t, len(c.facts), value[int](t, pool, "SELECT count(*) FROM rye.assertions WHERE id = ANY ($1)", c.facts), "facts of people")
	assert.Equal(t, len(c.events), value[int](t, pool, "SELECT count(*) FROM rye.events WHERE id = ANY ($1)", c.events), "activities")
	assert.Equal(t, 2*len(c.events), value[int](t, pool, "SELECT count(*) FROM rye.event_participants WHERE event_id = ANY ($1)", c.events), "who took part")
	assert.Equal(t, len(c.links), value[int](t, pool, "SELECT count(*) FROM rye.edges WHERE id = ANY ($1)", c.links), "edges of people")
	for edge := range c.ended {
		assert.True(t, value[bool](t, pool, "SELECT effective_to IS NOT NULL AND properties ->> 'ended_by' = 'a person' FROM rye.edges WHERE id = $1", edge), "an edge that a person ended")
	}
	assert.Equal(t, c.opened, value[int](t, pool, "SELECT count(*) FROM rye.nodes WHERE label LIKE 'person%' AND node_type = 'opportunity'"), "deals that people opened")
	assert.Equal(t, c.merges, value[int](t, pool, "SELECT count(*) FROM rye.node_merges"), "merges")
	assert.Greater(t, c.merges, sharedOrgs+sharedUsers, "merges beside imports")
}

// checkGraph looks for what must never be, whoever has written.
func checkGraph(t *testing.T, pool *pgxpool.Pool) {
	t.Helper()
	checkChains(t, pool)
	requireNone(t, pool, map[string]string{
		"two edges that say the same": `SELECT count(*) FROM (
			SELECT FROM rye.edges WHERE effective_to IS NULL AND archived_at IS NULL AND attrs ? 'import'
			GROUP BY edge_type, source_id, target_id HAVING count(*) > 1) x`,
		"edges that hold of nodes that were merged away": `SELECT count(*) FROM rye.edges e JOIN rye.node_merges m ON m.duplicate_id IN (e.source_id, e.target_id)
			WHERE e.effective_to IS NULL AND e.archived_at IS NULL AND e.attrs ? 'import'`,
		"records of nodes that were merged away": "SELECT count(*) FROM rye.node_source_map s JOIN rye.node_merges m ON m.duplicate_id = s.node_id",
		"codes that two nodes have":              "SELECT count(*) FROM (SELECT FROM rye.nodes GROUP BY properties ->> 'code' HAVING count(*) > 1 AND min(properties ->> 'code') IS NOT NULL) x",
		"codes that are left out": `SELECT count(*) FROM (
			SELECT split_part(code, '-', 1) AS prefix, split_part(code, '-', 2) AS month, count(*) AS n, max(split_part(code, '-', 3)::int) AS last
			FROM (SELECT properties ->> 'code' AS code FROM rye.nodes WHERE properties ->> 'code' !~ '^PL-') c WHERE code IS NOT NULL GROUP BY 1, 2
		) x WHERE n <> last`,
		"counters that are not at the last code": `SELECT count(*) FROM rye.crm_code_counters c
			WHERE c.next_val - 1 <> (SELECT count(*) FROM rye.nodes n WHERE n.properties ->> 'code' LIKE c.prefix || '-' || c.year_month || '-%')`,
		"what ended runs have left": `SELECT (SELECT count(*) FROM rye_import.staging_records) + (SELECT count(*) FROM rye_import.staging_unchanged) + (SELECT count(*) FROM rye_import.code_blocks)
			+ (SELECT count(*) FROM rye_import.runs WHERE status <> 'done')`,
		"deadlocks": "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()",
	})
}

// checkChains looks whether the facts of each kind follow one another.
func checkChains(t *testing.T, pool *pgxpool.Pool) {
	t.Helper()
	requireNone(t, pool, map[string]string{
		"current facts of nodes that were merged away": `SELECT count(*) FROM rye.assertions a JOIN rye.node_merges m ON m.duplicate_id = a.subject_node_id
			WHERE a.superseded_at IS NULL`,
		"chains without a current fact": `SELECT count(*) FROM (
			SELECT FROM rye.assertions a WHERE NOT EXISTS (SELECT FROM rye.node_merges m WHERE m.duplicate_id = a.subject_node_id)
			GROUP BY subject_node_id, assertion_type, assertion_key HAVING count(*) FILTER (WHERE superseded_at IS NULL) <> 1) x`,
		"facts whose successor is another's": `SELECT count(*) FROM rye.assertions a LEFT JOIN rye.assertions b ON b.id = a.superseded_by
			WHERE a.superseded_at IS NOT NULL AND (b.id IS NULL OR b.assertion_type <> a.assertion_type OR b.assertion_key <> a.assertion_key
				OR b.subject_node_id <> a.subject_node_id AND NOT EXISTS (SELECT FROM rye.node_merges m WHERE m.duplicate_id = a.subject_node_id))`,
		"facts with two before them": `SELECT count(*) FROM (
			SELECT FROM rye.assertions a WHERE superseded_by IS NOT NULL AND NOT EXISTS (SELECT FROM rye.node_merges m WHERE m.duplicate_id = a.subject_node_id)
			GROUP BY superseded_by HAVING count(*) > 1) x`,
	})
}

func requireNone(t *testing.T, pool *pgxpool.Pool, counts map[string]string) {
	t.Helper()
	for what, sql := range counts {
		assert.Equal(t, 0, value[int](t, pool, sql), what)
	}
}
