package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/projectrye/rye-import/internal/pgtest"
)

// moment is where a run can be held: it waits there for a table that somebody else has locked.
type moment struct {
	name, table, mode string
	// Who ends here needs the table once more to clean up.
	cleansUp bool
}

var moments = []moment{ //nolint:gochecknoglobals // a table
	{name: "stage", table: "rye_import.staging_records", mode: "ACCESS EXCLUSIVE", cleansUp: true},
	{name: "unchanged", table: "rye_import.staging_unchanged", mode: "ACCESS EXCLUSIVE", cleansUp: true},
	{name: "keys", table: "rye.node_source_map", mode: "ACCESS EXCLUSIVE"},
	{name: "codes", table: "rye.crm_code_counters", mode: "SHARE", cleansUp: true},
	{name: "nodes", table: "rye.nodes", mode: "SHARE"},
	{name: "links", table: "rye.edges", mode: "SHARE"},
	{name: "facts", table: "rye.assertions", mode: "SHARE"},
	{name: "records", table: "rye_import.records", mode: "SHARE"},
	{name: "check", table: "rye.artifacts", mode: "SHARE"},
}

// laterCompany is the company some time later: changed, moved, new.
func laterCompany(t *testing.T) company {
	t.Helper()
	c := newCompany()
	c.change(t, "Account", acme, "2024-05-01 08:00:00", "Brno", "Praha")
	c.change(t, "Contact", bob, "2024-05-02 08:00:00", acme, globex)
	c.change(t, "Opportunity", deal, "2024-05-03 08:00:00", "Prospecting", "Qualification", "1000.00", "1200.00")
	c["Contact"] = append(c["Contact"], "0037R00000CCCCCQA5|0|"+globex+"|Cyd|Hopper|cyd@example.com|Admiral|"+fay+"|2024-02-20 08:00:00|2024-05-04 08:00:00")
	return c
}

// faulty is a database on which runs are disturbed.
type faulty struct {
	t             *testing.T
	url           string
	pool          *pgxpool.Pool
	first, later  string // exports
	before, after string // what undisturbed runs make of them
	lost          bool   // the server has gone
}

// newFaulty makes a database into which the first export has been imported. What the later one comes to
// undisturbed is known, or found out.
func newFaulty(t *testing.T, after string) *faulty {
	t.Helper()
	f := &faulty{t: t, url: pgtest.Clone(t), first: newCompany().write(t), later: laterCompany(t).write(t), after: after}
	f.pool = pgtest.Connect(t, f.url)
	imported(t, f.url, exitDone, f.first)
	f.before = f.state()
	if f.after == "" {
		_, f.after = undisturbed(t, f.first, f.later)
	}
	return f
}

// undisturbed gives the graph after an export, and after a later one.
func undisturbed(t *testing.T, first, later string) (before, after string) {
	t.Helper()
	url := pgtest.Clone(t)
	pool := pgtest.Connect(t, url)
	imported(t, url, exitDone, first)
	before = dump(t, pool)
	imported(t, url, exitDone, later)
	return before, dump(t, pool)
}

// state is the graph, the counters of its codes, and what ended runs must not leave.
func (f *faulty) state() string {
	f.t.Helper()
	return dump(f.t, f.pool) + value[string](f.t, f.pool, `SELECT concat_ws(' ',
		(SELECT string_agg(prefix || year_month || next_val, ' ' ORDER BY prefix, year_month) FROM rye.crm_code_counters),
		(SELECT count(*) FROM rye_import.staging_records) + (SELECT count(*) FROM rye_import.staging_unchanged)
			+ (SELECT count(*) FROM rye_import.merge_keys) + (SELECT count(*) FROM rye_import.merge_edges)
			+ (SELECT count(*) FROM rye_import.merge_facts) + (SELECT count(*) FROM rye_import.merge_participants),
		(SELECT count(*) FROM rye_import.deferred) + (SELECT count(*) FROM rye_import.code_blocks))`)
}

// graphOf is the graph of a state, without the counters: numbers that a run held which was killed are given
// back by the next one.
func graphOf(state string) string {
	graph, _, _ := strings.Cut(state, "== counters")
	return graph
}

// hold locks a table until it is let go.
func (f *faulty) hold(table, mode string) (holder uint32, letGo func()) {
	f.t.Helper()
	ctx := context.Background()
	conn, err := f.pool.Acquire(ctx)
	require.NoError(f.t, err)
	tx, err := conn.Begin(ctx)
	require.NoError(f.t, err)
	_, err = tx.Exec(ctx, "LOCK TABLE "+table+" IN "+mode+" MODE")
	require.NoError(f.t, err)
	held := true
	letGo = func() {
		if held {
			held = false
			if err := tx.Rollback(ctx); !f.lost {
				require.NoError(f.t, err)
			}
			conn.Release()
		}
	}
	f.t.Cleanup(letGo)
	return conn.Conn().PgConn().PID(), letGo
}

// waiting gives the session of the importer that waits for what a session holds, once it does.
func waiting(t *testing.T, pool *pgxpool.Pool, holder uint32, c *child) int {
	t.Helper()
	for {
		if pid := value[int](t, pool, `SELECT coalesce(max(pid), 0) FROM pg_stat_activity
			WHERE application_name = 'rye-import' AND datname = current_database() AND $1::int = ANY (pg_blocking_pids(pid))`, holder); pid != 0 {
			return pid
		}
		select {
		case <-c.done:
			t.Fatalf("it ended before it had to wait: %s", c.output())
		case <-time.After(askAgain):
		}
	}
}

// askAgain is how soon the server is asked again whether something has come about. It decides nothing.
const askAgain = 20 * time.Millisecond

// until waits until a query gives true.
func until(t *testing.T, pool *pgxpool.Pool, sql string) {
	t.Helper()
	for !value[bool](t, pool, sql) {
		<-time.After(askAgain)
	}
}

// start starts the command as a process of its own.
func (f *faulty) start(args ...string) *child {
	f.t.Helper()
	return startChild(f.t, append([]string{"--database-url", f.url, "run", "--progress", "none", "--rejects", f.t.TempDir()}, args...), nil)
}

func startChild(t *testing.T, args, env []string) *child {
	t.Helper()
	c := &child{done: make(chan struct{})}
	c.cmd = exec.CommandContext(t.Context(), os.Args[0], args...)
	c.cmd.Env = append(append(os.Environ(), childEnv+"=1", "RYE_DATABASE_URL=", "DATABASE_URL="), env...)
	c.cmd.Stderr = &c.stderr
	require.NoError(t, c.cmd.Start())
	go func() {
		c.err = c.cmd.Wait()
		close(c.done)
	}()
	return c
}

// requireAsBefore looks whether a run has left nothing but its entry in the journal.
func (f *faulty) requireAsBefore(status string) {
	f.t.Helper()
	require.Equal(f.t, status, value[string](f.t, f.pool, "SELECT status FROM rye_import.runs ORDER BY run_no DESC LIMIT 1"))
	require.Equal(f.t, f.before, f.state())
}

// requireDone looks whether the command works now, and comes to what it would have come to undisturbed.
func (f *faulty) requireDone() {
	f.t.Helper()
	imported(f.t, f.url, exitDone, f.later)
	require.Equal(f.t, f.after, dump(f.t, f.pool))
	require.Equal(f.t, "0 0", value[string](f.t, f.pool, `SELECT concat_ws(' ',
		(SELECT count(*) FROM rye_import.staging_records) + (SELECT count(*) FROM rye_import.staging_unchanged), (SELECT count(*) FROM rye_import.code_blocks))`))
}

// TestDisturbed ends sessions, cancels statements and interrupts the command wherever it has got to.
func TestDisturbed(t *testing.T) {
	t.Parallel()
	_, after := undisturbed(t, newCompany().write(t), laterCompany(t).write(t))
	for _, m := range moments {
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			f := newFaulty(t, after)
			f.disturb(m, f.later)
			f.requireDone()
		})
	}
}

// TestDisturbed_First does so to a source that says its first word, of which a connection of its own resolves what it says
// while the merge fills the graph.
func TestDisturbed_First(t *testing.T) {
	t.Parallel()
	for _, m := range []moment{
		{name: "keys", table: "rye_import.merge_keys", mode: "ACCESS EXCLUSIVE", cleansUp: true},
		{name: "ends of links", table: "rye_import.merge_edges", mode: "ACCESS EXCLUSIVE", cleansUp: true},
		{name: "stages", table: "rye_import.merge_stages", mode: "ACCESS EXCLUSIVE", cleansUp: true},
		{name: "chains of facts", table: "rye_import.merge_facts", mode: "ACCESS EXCLUSIVE", cleansUp: true},
		{name: "facts", table: "rye.assertions", mode: "SHARE"},
	} {
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			f := newFaulty(t, "none")
			args := []string{"--source", "other", f.first}
			f.disturb(m, args...)

			undisturbed := pgtest.Clone(t)
			imported(t, undisturbed, exitDone, f.first)
			imported(t, undisturbed, exitDone, args...)
			imported(t, f.url, exitDone, args...)
			require.Equal(t, dump(t, pgtest.Connect(t, undisturbed)), dump(t, f.pool))
		})
	}
}

// TestCollision_First has the server refuse rows of a new source twice, as it does to end a deadlock: what comes after the keys begins
// anew, and comes to the same.
func TestCollision_First(t *testing.T) {
	t.Parallel()
	for _, refused := range []struct {
		table string
		turns string // the inserts into the table that are refused
		all   int    // how many there are with the third time
	}{
		{"rye.nodes", "1, 2", 3},
		{"rye.assertions", "1, 2", 3},
		{"rye_import.merge_edges", "2, 4", 6}, // links to pipelines come before participants, the others after them
	} {
		t.Run(refused.table, func(t *testing.T) {
			t.Parallel()
			f := newFaulty(t, "none")
			c := newCompany()
			c["Task"] = []string{
				"Id|IsDeleted|Subject|Status|WhoId|WhatId|OwnerId|ActivityDate|CreatedDate|LastModifiedDate",
				"00T7R00000QeKoEUAV|0|Call|Completed|" + ada + "|" + deal + "|" + eve + "|2024-04-01|2024-04-01 08:00:00|2024-04-01 08:00:00",
			}
			args := []string{"--source", "other", c.write(t)}
			undisturbed := pgtest.Clone(t)
			imported(t, undisturbed, exitDone, f.first)
			want := imported(t, undisturbed, exitDone, args...)
			require.Positive(t, value[int](t, pgtest.Connect(t, undisturbed), "SELECT count(*) FROM rye.event_participants"))

			execute(t, f.pool, `CREATE SEQUENCE public.refused`) // it counts on when its transaction is taken back
			execute(t, f.pool, `CREATE FUNCTION public.refuse_twice() RETURNS trigger LANGUAGE plpgsql AS $$
				BEGIN
					IF nextval('public.refused') IN (`+refused.turns+`) THEN
						RAISE EXCEPTION USING ERRCODE = 'deadlock_detected', MESSAGE = 'refused';
					END IF;
					RETURN NULL;
				END $$`)
			execute(t, f.pool, "CREATE TRIGGER refuse_twice AFTER INSERT ON "+refused.table+" FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_twice()")
			run := f.start(args...)
			require.Equal(t, exitDone, run.wait(t), run.output())
			require.Equal(t, refused.all, value[int](t, f.pool, "SELECT last_value FROM public.refused"), "the third time it went through")
			require.Equal(t, dump(t, pgtest.Connect(t, undisturbed)), dump(t, f.pool))
			got := imported(t, f.url, exitDone, args...)
			require.Equal(t, want.Objects["Contact"].Read, got.Objects["Contact"].Unchanged)
			require.Equal(t, want.Links["employs"].Linked, got.Links["employs"].Unchanged)
		})
	}
}

// TestLinked_First ties a record of a new source to a node while its merge is under way: the run says so and changes nothing,
// and the next one finds the node.
func TestLinked_First(t *testing.T) {
	t.Parallel()
	f := newFaulty(t, "none")
	args := []string{"--source", "other", f.first}
	holder, letGo := f.hold("rye.nodes", "SHARE")
	c := f.start(args...)
	waiting(t, f.pool, holder, c)
	const link = `INSERT INTO rye.node_source_map (node_id, source_schema, source_table, source_id, source_id_type)
		SELECT node_id, 'other', source_table, source_id, source_id_type FROM rye.node_source_map WHERE source_table = 'Account'`
	execute(t, f.pool, link)
	letGo()
	require.Equal(t, exitFailed, c.wait(t))
	require.Contains(t, c.output(), "others have linked records of source \"other\"")
	execute(t, f.pool, "DELETE FROM rye.node_source_map WHERE source_schema = 'other'")
	f.requireAsBefore("failed")

	execute(t, f.pool, link)
	again := imported(t, f.url, exitDone, args...)
	require.Equal(t, again.Objects["Account"].Read, again.Objects["Account"].Unchanged+again.Objects["Account"].Updated)
}

// TestWaiting_First has the merge of a new source wait before it names its pipelines, for which its other connection waits: that
// one must hold nothing by then that another run's needs, for the merge may be waiting for that run. No server sees such a circle.
func TestWaiting_First(t *testing.T) {
	t.Parallel()
	f := newFaulty(t, "none")
	conn, err := f.pool.Acquire(t.Context())
	require.NoError(t, err)
	defer conn.Release()
	named, err := conn.Begin(t.Context())
	require.NoError(t, err)
	defer named.Rollback(context.WithoutCancel(t.Context()))
	_, err = named.Exec(t.Context(), "SELECT pg_advisory_xact_lock(hashtextextended('rye_import.pipeline_codes', 0))")
	require.NoError(t, err)

	c := f.start("--source", "other", f.first)
	waiting(t, f.pool, conn.Conn().PgConn().PID(), c)
	until(t, f.pool, `SELECT count(*) = 1 FROM pg_stat_activity WHERE application_name = 'rye-import' AND datname = current_database()
		AND state = 'idle in transaction' AND query LIKE '-- name: MergeDealListLabels%'`)
	other, err := f.pool.Begin(t.Context())
	require.NoError(t, err)
	_, refused := other.Exec(t.Context(), `LOCK TABLE rye_import.merge_keys, rye_import.merge_edges, rye_import.merge_deals, rye_import.merge_stages,
		rye_import.merge_facts IN SHARE UPDATE EXCLUSIVE MODE NOWAIT`)
	require.NoError(t, other.Rollback(t.Context()))
	require.NoError(t, refused, "as ANALYZE does")
	require.NoError(t, named.Rollback(t.Context()))
	require.Equal(t, exitDone, c.wait(t), c.output())
}

// disturb ends sessions, cancels statements and interrupts the command at a moment of a run, and looks each time whether all
// is as before.
func (f *faulty) disturb(m moment, args ...string) {
	t := f.t
	t.Helper()
	for _, fault := range []struct {
		name   string
		do     func(pid int, c *child)
		code   int
		status string
		says   []string
	}{
		{
			name: "session ended", code: exitFailed, status: "failed", says: []string{"connection to the database was lost", "start the run again"},
			do: func(pid int, _ *child) { execute(t, f.pool, "SELECT pg_terminate_backend($1)", pid) },
		},
		{
			name: "statement cancelled", code: exitFailed, status: "failed", says: []string{"somebody cancelled"},
			do: func(pid int, _ *child) { execute(t, f.pool, "SELECT pg_cancel_backend($1)", pid) },
		},
		{
			name: "interrupt", code: exitInterrupted, status: "interrupted", says: []string{"interrupted; nothing was changed"},
			do: func(_ int, c *child) { require.NoError(t, c.cmd.Process.Signal(os.Interrupt)) },
		},
		{
			name: "terminate", code: exitInterrupted, status: "interrupted", says: []string{"interrupted; nothing was changed"},
			do: func(_ int, c *child) { require.NoError(t, c.cmd.Process.Signal(syscall.SIGTERM)) },
		},
	} {
		if fault.name == "terminate" && m.name != "links" {
			continue // it goes the way of the interrupt
		}
		holder, letGo := f.hold(m.table, m.mode)
		c := f.start(args...)
		fault.do(waiting(t, f.pool, holder, c), c)
		if m.cleansUp {
			letGo()
		}
		// Elsewhere it ends though what it waited for is held still.
		<-c.done
		letGo()
		require.Equal(t, fault.code, c.cmd.ProcessState.ExitCode(), "%s: %s", fault.name, c.output())
		for _, words := range fault.says {
			require.Contains(t, c.output(), words, fault.name)
		}
		f.requireAsBefore(fault.status)
	}
}

// TestInterruptedTwice ends the command at once, also where it is held up in cleaning up.
func TestInterruptedTwice(t *testing.T) {
	t.Parallel()
	f := newFaulty(t, "")
	holder, letGo := f.hold("rye_import.staging_records", "ACCESS EXCLUSIVE")
	c := f.start(f.later)
	waiting(t, f.pool, holder, c)
	require.NoError(t, c.cmd.Process.Signal(os.Interrupt))
	until(t, f.pool, "SELECT status = 'interrupted' FROM rye_import.runs ORDER BY run_no DESC LIMIT 1")
	waiting(t, f.pool, holder, c)
	require.NoError(t, c.cmd.Process.Signal(os.Interrupt))
	<-c.done
	status, ok := c.cmd.ProcessState.Sys().(syscall.WaitStatus)
	require.True(t, ok)
	require.Equal(t, syscall.SIGINT, status.Signal())
	letGo()
	require.Equal(t, graphOf(f.before), graphOf(f.state()))
	f.requireDone()
}

// TestLimits runs into what an administrator may have set for a role or a database.
func TestLimits(t *testing.T) {
	t.Parallel()
	_, after := undisturbed(t, newCompany().write(t), laterCompany(t).write(t))
	for name, tc := range map[string]struct {
		set         string
		table, mode string // that somebody holds meanwhile
		says        []string
	}{
		"lock_timeout":      {set: "lock_timeout = '50ms'", table: "rye.nodes", mode: "SHARE", says: []string{"merging (nodes)", "lock_timeout=0"}},
		"statement_timeout": {set: "statement_timeout = '500ms'", table: "rye.nodes", mode: "SHARE", says: []string{"merging (nodes)", "statement_timeout=0"}},
		"read only":         {set: "default_transaction_read_only = on", says: []string{"takes no changes"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFaulty(t, after)
			runs := value[int](t, f.pool, "SELECT count(*) FROM rye_import.runs")
			database := f.pool.Config().ConnConfig.Database
			letGo := func() {}
			if tc.table != "" {
				_, letGo = f.hold(tc.table, tc.mode)
			}
			execute(t, f.pool, fmt.Sprintf("ALTER DATABASE %q SET %s", database, tc.set))
			c := f.start(f.later)
			require.Equal(t, exitFailed, c.wait(t))
			letGo()
			for _, words := range tc.says {
				require.Contains(t, c.output(), words)
			}
			option, _, _ := strings.Cut(tc.set, " ")
			execute(t, f.pool, fmt.Sprintf("ALTER DATABASE %q RESET %s", database, option))
			if name == "read only" {
				require.Equal(t, runs, value[int](t, f.pool, "SELECT count(*) FROM rye_import.runs"))
				require.Equal(t, f.before, f.state())
			} else {
				f.requireAsBefore("failed")
			}
			f.requireDone()
		})
	}
}

// TestIdle lets the merge wait for codes longer than a transaction may do nothing. Its other transactions are short, but on a busy machine
// they have to do nothing for a moment too.
func TestIdle(t *testing.T) {
	t.Parallel()
	f := newFaulty(t, "")
	execute(t, f.pool, fmt.Sprintf("ALTER DATABASE %q SET idle_in_transaction_session_timeout = '1s'", f.pool.Config().ConnConfig.Database))
	holder, letGo := f.hold("rye.crm_code_counters", "SHARE")
	c := f.start(f.later)
	waiting(t, f.pool, holder, c)
	until(t, f.pool, `SELECT coalesce(bool_or(clock_timestamp() - state_change > '1500ms'), true) FROM pg_stat_activity
		WHERE application_name = 'rye-import' AND datname = current_database() AND state = 'idle in transaction'`)
	letGo()
	require.Equal(t, exitDone, c.wait(t))
	require.Equal(t, f.after, dump(t, f.pool))
}

// TestLockSessionEnded ends the session that holds the lock of the source: another run may begin then, and the
// first one must not go on beside it.
func TestLockSessionEnded(t *testing.T) {
	t.Parallel()
	f := newFaulty(t, "")
	holder, letGo := f.hold("rye_import.staging_records", "ACCESS EXCLUSIVE")
	c := f.start(f.later)
	waiting(t, f.pool, holder, c)
	execute(t, f.pool, `SELECT pg_terminate_backend(l.pid) FROM pg_locks l JOIN pg_database d ON d.oid = l.database
		WHERE l.locktype = 'advisory' AND d.datname = current_database()`)
	second := f.start(f.later)
	until(t, f.pool, "SELECT count(*) > 0 FROM rye_import.runs WHERE status = 'crashed'")
	letGo()
	require.Equal(t, exitLocked, c.wait(t), c.output())
	require.Equal(t, exitDone, second.wait(t))
	require.Equal(t, f.after, dump(t, f.pool))
}

// TestRejectsOnFullDisk has no room for the reject files of a run.
func TestRejectsOnFullDisk(t *testing.T) {
	t.Parallel()
	f := newFaulty(t, "")
	later := laterCompany(t)
	later["Contact"] = append(later["Contact"], "0037R00000DDDDDQA5|0|"+globex+"|Dan|Wirth|dan@example.com|Clerk|"+fay+"|no date at all|2024-05-04 08:00:00")
	export, dir := later.write(t), t.TempDir()
	holder, letGo := f.hold("rye_import.records", "SHARE")
	c := startChild(t, []string{"--database-url", f.url, "run", "--progress", "none", "--rejects", dir, export}, nil)
	waiting(t, f.pool, holder, c)
	// It has not written them yet. Whatever is written here meets a full disk.
	run := value[string](t, f.pool, "SELECT run_id::text FROM rye_import.runs ORDER BY run_no DESC LIMIT 1")
	require.NoError(t, os.Mkdir(filepath.Join(dir, run), 0o700))
	require.NoError(t, os.Symlink("/dev/full", filepath.Join(dir, run, "Contact.csv")))
	letGo()
	require.Equal(t, exitFailed, c.wait(t))
	require.Contains(t, c.output(), "the disk of the reject files is full: make room there, or name another folder with --rejects")
	f.requireAsBefore("failed")

	s := imported(t, f.url, exitRejects, export)
	require.Equal(t, int64(1), s.Rejects.Total())
	require.Equal(t, f.after, dump(t, f.pool))
}
