package importer_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/projectrye/rye-import/importer"
	"github.com/projectrye/rye-import/importer/load"
	"github.com/projectrye/rye-import/importer/mapping"
	"github.com/projectrye/rye-import/importer/report"
	"github.com/projectrye/rye-import/internal/pgtest"
)

// TestRun is what a program does that imports with this package.
func TestRun(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	im := importer.New(pool)
	cfg := config(t)
	var phases []string
	cfg.Progress = func(p importer.Progress) {
		if len(phases) == 0 || phases[len(phases)-1] != p.Phase {
			phases = append(phases, p.Phase)
		}
	}
	s, err := im.Run(t.Context(), find(t, fixture), cfg)
	require.NoError(t, err)
	require.True(t, s.Balanced)
	require.Empty(t, s.Imbalance)
	require.Equal(t, []string{"done", "run", "salesforce", "salesforce", "UTC"}, []string{s.Status, s.Command, s.CRM, s.Source, s.TimeZone})
	require.Equal(t, int64(7), s.Rejects.Total())
	require.Equal(t, []report.Skipped{{Path: "README.md", Reason: s.Skipped[0].Reason}}, s.Skipped)
	require.Equal(t, []string{"survey", "stage", "keys", "nodes", "facts", "links", "records", "check", "refresh"}, phases)
	require.Equal(t, started, s.StartedAt)
	require.Equal(t, s.FinishedAt.Sub(started).Seconds(), s.Seconds)
	require.Len(t, s.Files, 29)
	var read, inFiles int64
	for _, o := range s.Objects {
		read += o.Read
	}
	for _, f := range s.Files {
		inFiles += f.Records
	}
	require.Equal(t, int64(681), read)
	require.Equal(t, read, inFiles)
	require.Equal(t, s.Graph.Nodes.Created, value[int64](t, pool, "SELECT count(*) FROM rye.nodes"))
	require.Positive(t, value[int](t, pool, "SELECT count(*) FROM rye.opportunities_active"), "the views are refreshed")

	journal, err := im.Journal(t.Context(), 10)
	require.NoError(t, err)
	require.Len(t, journal, 1)
	entry, files, rejects, err := im.JournalRun(t.Context(), s.RunID, 100)
	require.NoError(t, err)
	require.Equal(t, journal[0], *entry)
	require.Len(t, files, 29)
	require.Len(t, rejects, 7)
	var stored report.Summary
	require.NoError(t, json.Unmarshal(entry.Summary, &stored))
	require.Equal(t, s.Objects, stored.Objects)
	require.Equal(t, s.Sums, stored.Sums)
	require.Equal(t, "done", stored.Status)
	require.True(t, stored.Balanced)

	// A set can be run again, and then changes nothing.
	before := dump(t, pool)
	s, err = im.Run(t.Context(), find(t, fixture), config(t))
	require.NoError(t, err)
	require.Zero(t, s.Graph)
	require.Equal(t, before, dump(t, pool))
	_, _, _, err = im.JournalRun(t.Context(), "nothing", 1)
	var notFound *load.RunNotFoundError
	require.ErrorAs(t, err, &notFound)
}

// TestRun_Cancelled cancels a run wherever it has got to: it leaves nothing, and the next one does as if
// it had never been.
func TestRun_Cancelled(t *testing.T) {
	t.Parallel()
	undisturbed := pgtest.New(t)
	_, err := importer.New(undisturbed).Run(t.Context(), find(t, fixture), config(t))
	require.NoError(t, err)
	want := dump(t, undisturbed)

	for _, tc := range []struct {
		at     string
		passes int
		status string
	}{
		{at: "RunInsert", status: ""}, // there is no run yet
		{at: "FileInsert", passes: 3, status: "interrupted"},
		{at: "staging_records", passes: 5, status: "interrupted"},
		{at: "staging_links", status: "interrupted"},
		{at: "StagingAnalyze", status: "interrupted"},
		{at: "CodeBlockReserve", status: "interrupted"},
		{at: "MergeCodeInsert", status: "interrupted"},
		{at: "EdgeInsertStaged", status: "interrupted"},
		{at: "RejectCountByRun", status: "interrupted"},
		{at: "RejectListByFile", passes: 2, status: "interrupted"},
		{at: "RunFinish", status: "interrupted"},
	} {
		t.Run(tc.at, func(t *testing.T) {
			t.Parallel()
			url := pgtest.Clone(t)
			pool := pgtest.Connect(t, url)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			s, err := importer.New(triggered(t, url, &trigger{at: tc.at, left: tc.passes, do: cancel})).Run(ctx, find(t, fixture), config(t))
			require.ErrorIs(t, err, context.Canceled)
			require.Error(t, ctx.Err(), "%s was met", tc.at)
			require.False(t, importer.IsGuard(err))
			require.False(t, importer.IsUncertain(err))
			require.Equal(t, "interrupted", s.Status)
			if tc.status != "" {
				require.Equal(t, tc.status, value[string](t, pool, "SELECT status FROM rye_import.runs"))
			}
			requireNothing(t, pool)

			_, err = importer.New(pool).Run(t.Context(), find(t, fixture), config(t))
			require.NoError(t, err)
			require.Equal(t, want, dump(t, pool))
		})
	}
}

// TestRun_CancelledBefore does not even ask the database.
func TestRun_CancelledBefore(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	ctx, cancel := context.WithCancel(t.Context())
	set := find(t, fixture)
	cancel()
	s, err := importer.New(pool).Run(ctx, set, config(t))
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, "interrupted", s.Status)
	require.Zero(t, value[int](t, pool, "SELECT count(*) FROM rye_import.runs"))
	_, err = importer.Inspect(ctx, set, config(t))
	require.ErrorIs(t, err, context.Canceled)
}

const (
	contacts = "Id,FirstName,LastName,Email,CreatedDate"
	deals    = "Id,Name,StageName,Amount,CurrencyIsoCode,Probability,CloseDate,IsClosed,IsWon,CreatedDate"
)

func contact(n int) string {
	return fmt.Sprintf("0037R0000A%05dAAA,Ada,Person %d,ada%d@example.com,2024-01-02 08:00:00", n, n, n)
}

func deal(n int, amount string) string {
	return fmt.Sprintf("0067R0000A%05dAAA,Deal %d,New,%s,EUR,10,2024-12-31,0,0,2024-01-02 08:00:00", n, n, amount)
}

// TestRun_Unbalanced has something in the database that changes amounts, links or records on their way:
// the run refuses to commit, and says where it does not balance.
func TestRun_Unbalanced(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ table, when, do, want string }{
		"amounts":     {"rye.assertions", "NEW.assertion_type = 'deal_value'", `NEW.claim := NEW.claim || '{"amount": 0.3}'; RETURN NEW`, "deal_value EUR new: 0.30 in the export, 0.60 in the graph"},
		"lost amount": {"rye.assertions", "NEW.assertion_type = 'deal_value'", "RETURN NULL", "deal_value EUR new: 0.30 in the export, 0.00 in the graph"},
		"links":       {"rye_import.staging_links", "NEW.edge_type = 'pipeline_member'", "RETURN NULL", "link pipeline_member: 2 found in the export, none in staging"},
		"outcomes":    {"rye_import.merge_edges", "NEW.edge_type = 'pipeline_member'", "NEW.outcome := 'nothing'; RETURN NEW", "link pipeline_member: 2 found, 0 accounted for"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pool := pgtest.New(t)
			execute(t, pool, "CREATE FUNCTION public.meddle() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "+tc.do+"; END $$")
			execute(t, pool, "CREATE TRIGGER meddle BEFORE INSERT ON "+tc.table+" FOR EACH ROW WHEN ("+tc.when+") EXECUTE FUNCTION public.meddle()")
			path := write(t, "Opportunity.csv", deals, deal(1, "0.1"), deal(2, "0.2"), deal(3, "many"))
			s, err := importer.New(pool).Run(t.Context(), find(t, path), config(t))
			var unbalanced *importer.UnbalancedError
			require.ErrorAs(t, err, &unbalanced)
			require.Equal(t, []string{tc.want}, unbalanced.Where)
			require.Equal(t, unbalanced.Where, s.Imbalance)
			require.False(t, s.Balanced)
			require.Equal(t, "failed", s.Status)
			requireNothing(t, pool)
			require.Equal(t, "failed", value[string](t, pool, "SELECT status FROM rye_import.runs"))
			require.Equal(t, tc.want, value[string](t, pool, "SELECT summary->'imbalance'->>0 FROM rye_import.runs"))

			execute(t, pool, "DROP TRIGGER meddle ON "+tc.table)
			s, err = importer.New(pool).Run(t.Context(), find(t, path), config(t))
			require.NoError(t, err)
			require.Equal(t, report.Sum{Source: "0.30", Graph: "0.30"}, s.Sums["deal_value"]["EUR"])
		})
	}
}

// TestRun_LostRows has staging lose a row of which nobody hears.
func TestRun_LostRows(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	execute(t, pool, `CREATE FUNCTION public.discard() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
		CREATE TRIGGER discard BEFORE INSERT ON rye_import.staging_records FOR EACH ROW WHEN (NEW.rec = 2) EXECUTE FUNCTION public.discard()`)
	s, err := importer.New(pool).Run(t.Context(), find(t, write(t, "Contact.csv", contacts, contact(1), contact(2), contact(3))), config(t))
	var lost *load.LostRowsError
	require.ErrorAs(t, err, &lost)
	require.Equal(t, &load.LostRowsError{Copied: 3, Found: 2}, lost)
	require.Equal(t, "failed", s.Status)
	requireNothing(t, pool)
}

// TestRun_Sums adds up what no float can.
func TestRun_Sums(t *testing.T) {
	t.Parallel()
	lines := []string{deals, deal(0, "90071992547409930.01"), deal(1, "-0.02"), deal(2, "1e3")}
	for i := range 10 {
		lines = append(lines, deal(i+3, "0.1"))
	}
	s, err := importer.New(pgtest.New(t)).Run(t.Context(), find(t, write(t, "Opportunity.csv", lines...)), config(t))
	require.NoError(t, err)
	require.Empty(t, s.Rejects.ByCode)
	want := report.Sum{Source: "90071992547410930.99", Graph: "90071992547410930.99"}
	require.Equal(t, map[string]map[string]report.Sum{"deal_value": {"EUR": want}, "deal_value_by_stage": {"EUR new": want}}, s.Sums)
}

// TestRun_RejectFiles keeps the rows of the export in the reject files byte by byte.
func TestRun_RejectFiles(t *testing.T) {
	t.Parallel()
	path := write(t, "Contact.csv", "Id,LastName,Birthdate,Description,Extra__c,CreatedDate",
		"0037R00000AAAAAQA5,Good,2000-01-01,,,2024-01-02 08:00:00",
		"0037R00000BBBBBQA5,Bad day,2000-02-30,\"two\nlines, \"\"quoted\"\"\",=1+1,2024-01-02 08:00:00",
		"0037R00000CCCCCQA5,caf\xe9,2000-01-01,no text,\\.,2024-01-02 08:00:00",
		"0037R00000DDDDDQA5,Short, too")
	cfg := config(t)
	cfg.Decode.Encoding = "utf-8"
	s, err := importer.New(pgtest.New(t)).Run(t.Context(), find(t, path), cfg)
	require.NoError(t, err)
	require.Equal(t, report.Counts{"invalid_date": 1, "invalid_utf8": 1, "ragged_row": 1}, s.Rejects.ByCode)
	require.Equal(t, filepath.Join(cfg.RejectsDir, s.RunID), s.Rejects.Path)

	text, err := os.ReadFile(filepath.Join(s.Rejects.Path, "Contact.csv"))
	require.NoError(t, err)
	const trailer = ",_file,_line,_column,_value,_code,_reason,_stage,_run_id\n"
	header, rest, _ := strings.Cut(string(text), trailer)
	require.Equal(t, "Id,LastName,Birthdate,Description,Extra__c,CreatedDate", header)
	rows := strings.SplitAfter(rest, s.RunID+"\n")
	require.Len(t, rows, 4)
	for i, want := range []string{
		"0037R00000BBBBBQA5,Bad day,2000-02-30,\"two\nlines, \"\"quoted\"\"\",=1+1,2024-01-02 08:00:00,Contact.csv,3,Birthdate,2000-02-30,invalid_date,",
		"0037R00000CCCCCQA5,caf\xe9,2000-01-01,no text,\"\\.\",2024-01-02 08:00:00,Contact.csv,5,LastName,",
		"0037R00000DDDDDQA5,Short,\" too\",,,,Contact.csv,6,,\"0037R00000DDDDDQA5,Short, too\",ragged_row,",
	} {
		require.True(t, strings.HasPrefix(rows[i], want), "%q", rows[i])
	}
	for path, want := range map[string]os.FileMode{filepath.Join(s.Rejects.Path, "Contact.csv"): 0o600, s.Rejects.Path: 0o700, cfg.RejectsDir: 0o700} {
		info, err := os.Stat(path)
		require.NoError(t, err)
		require.Equal(t, want, info.Mode().Perm(), path)
	}
}

// TestRun_Guards stops a run while it stages, when it settles, and when it archives.
func TestRun_Guards(t *testing.T) {
	t.Parallel()
	lines := []string{contacts}
	for i := range 30 {
		lines = append(lines, contact(i), fmt.Sprintf("0037R0000B%05dAAA,,,,", i)) // no last name
	}
	path := write(t, "Contact.csv", lines...)
	for name, tc := range map[string]struct {
		limit importer.Limit
		want  string // empty if it is within the limit
	}{
		"count": {importer.Limit{Count: 29}, "more than --max-rejects 29 allows"}, "none": {importer.Limit{}, "more than --max-rejects 0 allows"},
		"share":     {importer.Limit{Percent: 49.9, IsShare: true}, "30 of 60 records are rejected, more than --max-rejects 49.9% allows"},
		"all count": {importer.Limit{Count: 30}, ""}, "all share": {importer.Limit{Percent: 50, IsShare: true}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pool := pgtest.New(t)
			cfg := config(t)
			cfg.BatchSize, cfg.MaxRejects = 7, &tc.limit
			s, err := importer.New(pool).Run(t.Context(), find(t, path), cfg)
			if tc.want == "" {
				require.NoError(t, err)
				return
			}
			var guard *importer.RejectGuardError
			require.ErrorAs(t, err, &guard)
			require.True(t, importer.IsGuard(err))
			require.ErrorContains(t, err, tc.want)
			require.ErrorContains(t, err, guard.Path)
			require.FileExists(t, filepath.Join(guard.Path, "Contact.csv"), "what was rejected is worth having")
			require.Equal(t, guard.Path, s.Rejects.Path)
			require.Equal(t, "stopped", s.Status)
			requireNothing(t, pool)
		})
	}

	t.Run("archive", func(t *testing.T) {
		t.Parallel()
		pool := pgtest.New(t)
		im := importer.New(pool)
		_, err := im.Run(t.Context(), find(t, write(t, "Contact.csv", contacts, contact(1), contact(2))), config(t))
		require.NoError(t, err)
		cfg := config(t)
		cfg.ArchiveMissing = true
		rest := write(t, "Contact.csv", contacts, contact(1))
		s, err := im.Run(t.Context(), find(t, rest), cfg)
		var guard *load.MissingGuardError
		require.ErrorAs(t, err, &guard)
		require.Equal(t, importer.DefaultMaxArchive, guard.MaxPercent)
		require.True(t, importer.IsGuard(err))
		require.Equal(t, "stopped", s.Status)
		cfg.MaxArchive = 50
		s, err = im.Run(t.Context(), find(t, rest), cfg)
		require.NoError(t, err)
		require.Equal(t, int64(1), s.Objects["Contact"].Missing)
	})
}

// TestRun_Errors are runs that do not begin.
func TestRun_Errors(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	im := importer.New(pool)
	prose := write(t, "prose.txt", "Dear Ada,", "this is no export.")
	_, err := im.Run(t.Context(), find(t, prose), config(t))
	var none *importer.NoExportError
	require.ErrorAs(t, err, &none)
	require.Len(t, none.Files, 1)

	// Stages are much the same everywhere: alone they are of no CRM, unless somebody says so.
	stages := write(t, "stages.csv", "pipeline_id,stage_id,stage_name", "p,1,New", "p,2,Won")
	deals := write(t, "deals.csv", "deal_no,what,stage_id", "1,A,2")
	guess := config(t)
	guess.CRM = ""
	_, err = im.Run(t.Context(), find(t, deals, stages), guess)
	require.ErrorAs(t, err, &none)
	require.Len(t, none.Files, 2)
	require.Contains(t, none.Files[0], "stages.csv: it may be the stages of Insightly, but nothing else here is; --crm insightly takes it for them")
	require.Contains(t, none.Files[1], "deals.csv: its header is that of no object")
	require.True(t, none.Tables)
	history := write(t, "history.csv", "Id,OpportunityId,Field,OldValue,NewValue,CreatedById,CreatedDate",
		"0177R00000QeKoEUAV,0067R00000W4mqOQAR,Amount,1,2,0057R00000Qz8Y0QAJ,2024-01-01 08:00:00")
	_, _, err = im.Plan(t.Context(), find(t, history), guess, importer.PlanOptions{})
	require.NoError(t, err, "who only tells of others is of a CRM")
	said := config(t)
	said.CRM = "insightly"
	_, _, err = im.Plan(t.Context(), find(t, deals, stages), said, importer.PlanOptions{})
	require.NoError(t, err)

	cfg := config(t)
	cfg.CRM = "nonsense"
	_, err = im.Run(t.Context(), find(t, fixture), cfg)
	require.ErrorContains(t, err, "nonsense")
	cfg.CRM, cfg.Decode.Encoding = "", "nonsense"
	_, err = im.Run(t.Context(), find(t, fixture), cfg)
	require.ErrorContains(t, err, "nonsense")
	require.Zero(t, value[int](t, pool, "SELECT count(*) FROM rye_import.runs"))

	other, err := pool.Acquire(t.Context())
	require.NoError(t, err)
	defer other.Release()
	_, err = other.Exec(t.Context(), "SELECT pg_advisory_lock(hashtextextended('rye_import:salesforce', 0))")
	require.NoError(t, err)
	_, err = im.Run(t.Context(), find(t, fixture), config(t))
	require.ErrorIs(t, err, importer.ErrSourceLocked)
	cfg = config(t)
	cfg.Source = "another"
	s, err := im.Run(t.Context(), find(t, write(t, "Contact.csv", contacts, contact(1))), cfg)
	require.NoError(t, err)
	require.Equal(t, "another", s.Source)
}

// TestRun_Config settles what the files leave open.
func TestRun_Config(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	cfg := config(t)
	cfg.Command, cfg.Delta = "nightly", true
	cfg.TimeZone, cfg.DateOrder = time.FixedZone("CET", 3600), mapping.DateOrderDMY
	s, err := importer.New(pool).Run(t.Context(), find(t, write(t, "Contact.csv", contacts+",Birthdate", "0037R00000AAAAAQA5,Ada,Lovelace,,2024-01-01 00:30:00,10/12/1815")), cfg)
	require.NoError(t, err)
	require.Empty(t, s.Rejects.ByCode)
	require.Equal(t, "CET", s.TimeZone)
	require.Equal(t, "nightly false", value[string](t, pool, "SELECT command || ' ' || full_export FROM rye_import.runs"))
	require.Equal(t, "1815-12-10 CON-2312-0001", value[string](t, pool, "SELECT (properties->>'birthdate') || ' ' || (properties->>'code') FROM rye.nodes"))
}
