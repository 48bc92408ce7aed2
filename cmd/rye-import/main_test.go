package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/projectrye/rye-import/importer/report"
	"github.com/projectrye/rye-import/internal/graphdump"
	"github.com/projectrye/rye-import/internal/pgtest"
)

var update = flag.Bool("update", false, "write the golden files anew")

func TestMain(m *testing.M) {
	if os.Getenv(childEnv) != "" {
		main() // the test binary stands in for the command; see TestKill
		return
	}
	flag.Parse()
	// A test that names no database must not find the one of the user.
	if err := os.Setenv("RYE_HOME", "/dev/null/home"); err != nil {
		panic(err)
	}
	pgtest.Main(m)
}

// fixture is the folder of the invented export.
const fixture = "../../fixtures/salesforce"

// result is what a command did.
type result struct {
	code           int
	stdout, stderr string
}

// command runs the program in process.
func command(t *testing.T, stdin string, args ...string) result {
	t.Helper()
	return commandContext(context.Background(), t, stdin, args...)
}

func commandContext(ctx context.Context, t *testing.T, stdin string, args ...string) result {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code := run(ctx, append([]string{"rye-import"}, args...), strings.NewReader(stdin), &stdout, &stderr)
	return result{code: code, stdout: stdout.String(), stderr: stderr.String()}
}

// imported runs an import and gives its summary.
func imported(t *testing.T, databaseURL string, wantCode int, args ...string) *report.Summary {
	t.Helper()
	args = append([]string{"--database-url", databaseURL, "run", "--output", "json", "--progress", "none", "--rejects", t.TempDir()}, args...)
	r := command(t, "", args...)
	require.Equal(t, wantCode, r.code, "%s\n%s", r.stderr, r.stdout)
	return summary(t, r.stdout)
}

func summary(t *testing.T, text string) *report.Summary {
	t.Helper()
	var s report.Summary
	dec := json.NewDecoder(strings.NewReader(text))
	dec.DisallowUnknownFields()
	require.NoError(t, dec.Decode(&s), text)
	require.False(t, dec.More(), "more than one object")
	return &s
}

// write makes a file of an export and gives its path.
func write(t *testing.T, dir, name, text string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

// csvFile makes CSV of a header and rows whose cells are parted by bars.
func csvFile(rows ...string) string {
	var b strings.Builder
	for _, row := range rows {
		for i, cell := range strings.Split(row, "|") {
			if i > 0 {
				b.WriteByte(',')
			}
			b.WriteString(`"` + strings.ReplaceAll(cell, `"`, `""`) + `"`)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

func dump(t *testing.T, pool *pgxpool.Pool) string {
	t.Helper()
	text, err := graphdump.Dump(context.Background(), pool)
	require.NoError(t, err)
	return text
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(path, []byte(got), 0o644))
		return
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err, "go test ./cmd/rye-import -update writes it")
	require.Equal(t, string(want), got)
}

func value[T any](t *testing.T, pool *pgxpool.Pool, sql string, args ...any) T {
	t.Helper()
	var v T
	require.NoError(t, pool.QueryRow(context.Background(), sql, args...).Scan(&v), sql)
	return v
}

func values(t *testing.T, pool *pgxpool.Pool, sql string, args ...any) []string {
	t.Helper()
	rows, err := pool.Query(context.Background(), sql, args...)
	require.NoError(t, err, sql)
	list, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err, sql)
	return list
}

// fingerprint changes with every row of the rye schema that is inserted, updated or deleted; one that is only locked
// stays as it is.
func fingerprint(t *testing.T, pool *pgxpool.Pool) string {
	t.Helper()
	var b strings.Builder
	for _, table := range values(t, pool, "SELECT tablename::text FROM pg_tables WHERE schemaname = 'rye' ORDER BY 1") {
		b.WriteString(table + " " + value[string](t, pool,
			"SELECT coalesce(md5(string_agg(ctid::text || xmin::text, ',' ORDER BY ctid)), '-') FROM "+
				pgx.Identifier{"rye", table}.Sanitize()) + "\n")
	}
	return b.String()
}

func execute(t *testing.T, pool *pgxpool.Pool, sql string, args ...any) {
	t.Helper()
	_, err := pool.Exec(context.Background(), sql, args...)
	require.NoError(t, err, sql)
}
