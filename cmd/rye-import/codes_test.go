package main

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/projectrye/rye-import/internal/pgtest"
)

// TestCodes has two imports, a failing one and an application draw codes at the same time: every code
// is given once, and none is left out.
func TestCodes(t *testing.T) {
	t.Parallel()
	url := pgtest.Clone(t)
	pool := pgtest.Connect(t, url)
	ctx := context.Background()
	today := value[string](t, pool, "SELECT to_char(now(), 'YYYY-MM-DD')")

	const records = 400
	export := func(prefix string) string {
		rows := []string{contactHeader}
		for i := range records {
			rows = append(rows, fmt.Sprintf("0037R0%s%05d|0|Person %d||%s 00:00:00|%s 00:00:00", prefix, i, i, today, today))
		}
		return write(t, t.TempDir(), "Contact.csv", csvFile(rows...))
	}
	a, b, c := export("0000"), export("0001"), export("0002")
	failing := write(t, t.TempDir(), "Contact.csv", csvFile("Id|LastName|CreatedDate", "0037R00000M7ZjlQAF|Ada|"+today+" 00:00:00", "0037R00000M8C8JQAV||"))

	var g errgroup.Group
	run := func(want int, args ...string) {
		g.Go(func() error {
			r := command(t, "", append([]string{"--database-url", url, "run", "--rejects", t.TempDir(), "--progress", "none"}, args...)...)
			if r.code != want {
				return fmt.Errorf("%v: exit code %d: %s", args, r.code, r.stderr)
			}
			return nil
		})
	}
	run(exitDone, "--source", "a", a)
	run(exitDone, "--source", "b", "--batch-size", "50", b)
	run(exitDone, "--source", "c", "--workers", "4", c)
	for i := range 3 {
		run(exitGuard, "--source", fmt.Sprint("failing ", i), "--max-rejects", "0", failing)
	}
	for range 4 {
		g.Go(func() error {
			for range 50 {
				if _, err := pool.Exec(ctx, "INSERT INTO rye.nodes (node_type, label, properties) VALUES ('person', 'By hand', jsonb_build_object('code', rye.generate_crm_code('CON')))"); err != nil {
					return err
				}
			}
			return nil
		})
	}
	require.NoError(t, g.Wait())
	require.Equal(t, 3*records+200, value[int](t, pool, "SELECT count(DISTINCT properties->>'code') FROM rye.nodes"))

	// Whatever months they fell into: numbers from 1 on, one after another.
	gaps := values(t, pool, `
		SELECT month || ': ' || count(*) || ' codes up to ' || max(number)
		FROM (SELECT split_part(properties->>'code', '-', 2) AS month, split_part(properties->>'code', '-', 3)::int AS number FROM rye.nodes) c
		GROUP BY month HAVING count(*) <> max(number) OR min(number) <> 1`)
	require.Empty(t, gaps)
	require.Zero(t, value[int](t, pool, "SELECT count(*) FROM rye_import.code_blocks"))
	require.Empty(t, values(t, pool, `
		SELECT k.prefix || '-' || k.year_month FROM rye.crm_code_counters k
		WHERE k.next_val <> 1 + (SELECT count(*) FROM rye.nodes WHERE properties->>'code' LIKE k.prefix || '-' || k.year_month || '-%')`), "the counters go on where the codes end")
}

// TestCodes_ByMonth gives codes for the month in which the legacy record was created.
func TestCodes_ByMonth(t *testing.T) {
	t.Parallel()
	url := pgtest.Clone(t)
	pool := pgtest.Connect(t, url)
	path := write(t, t.TempDir(), "Contact.csv", csvFile("Id|IsDeleted|LastName|CreatedDate|SystemModstamp",
		"0037R00000M7ZjlQAF|0|B|2021-12-31T23:59:59Z|", "0037R00000M8C8JQAV|0|A|2021-12-01 00:00:00|",
		"0037R00000M8M22QAF|0|C|2022-01-01T00:30:00+01:00|", "0037R00000M8RhmQAF|0|D|2022-01-01 00:00:00|"))
	imported(t, url, exitDone, path)
	require.Equal(t, "CON-2112-0001 A, CON-2112-0002 C, CON-2112-0003 B, CON-2201-0001 D", strings.Join(values(t, pool,
		"SELECT (properties->>'code') || ' ' || label FROM rye.nodes ORDER BY 1"), ", "))
}
