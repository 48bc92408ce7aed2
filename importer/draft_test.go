package importer_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/projectrye/rye-import/importer"
	"github.com/projectrye/rye-import/importer/decode"
	"github.com/projectrye/rye-import/importer/mapping"
	"github.com/projectrye/rye-import/internal/pgtest"
)

// draftExport writes the files of an export that the tests of package draft have.
func draftExport(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile("draft/testdata/" + name + ".txt")
	require.NoError(t, err)
	texts := make(map[string]string)
	for _, part := range strings.Split("\n"+string(text), "\n=== ")[1:] {
		path, rows, _ := strings.Cut(part, "\n")
		texts[filepath.Base(path)] = rows + "\n"
	}
	return files(t, texts)
}

// TestDraft imports what was drafted: nothing is rejected, and it balances.
func TestDraft(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"shop", "kartei"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := draftExport(t, name)
			text, err := importer.Draft(t.Context(), find(t, dir), config(t))
			require.NoError(t, err)
			cfg := config(t)
			cfg.Mapping = parsed(t, string(text))
			l, err := importer.Lint(t.Context(), cfg.Mapping, find(t, dir), cfg)
			require.NoError(t, err)
			for _, f := range l.Files {
				require.NotEmpty(t, f.Object, f.Path)
				require.Empty(t, f.Undecided, f.Path)
				require.Empty(t, f.Lacks, f.Path)
			}
			pool := pgtest.New(t)
			s, err := importer.New(pool).Run(t.Context(), find(t, dir), cfg)
			require.NoError(t, err)
			require.True(t, s.Balanced)
			require.Zero(t, s.Rejects.Total(), "%v", s.Rejects)
			require.Positive(t, value[int](t, pool, "SELECT count(*) FROM rye.nodes"))
			if name == "shop" {
				require.Equal(t, []string{"3 1", "3 1"}, []string{
					value[string](t, pool, "SELECT count(*) || ' ' || count(DISTINCT properties ->> 'currency') - 1 FROM rye.nodes WHERE node_type = 'opportunity'"),
					value[string](t, pool, "SELECT count(*) || ' ' || count(*) FILTER (WHERE claim ->> 'stage' = 'closed_won') FROM rye.assertions WHERE assertion_type = 'deal_stage'"),
				})
				require.Equal(t, "1250.50", s.Sums["deal_value_by_stage"]["EUR offer"].Source)
				require.Equal(t, 3, value[int](t, pool, "SELECT count(*) FROM rye.edges WHERE edge_type = 'primary_contact'"))
				require.Equal(t, 3, value[int](t, pool, "SELECT count(*) FROM rye.edges WHERE edge_type = 'related_to'"))
			}
		})
	}
}

// TestDraft_Parts takes files with the same columns for one, whatever their dates.
func TestDraft_Parts(t *testing.T) {
	t.Parallel()
	dir := files(t, map[string]string{
		"may.csv": "no,name,seen\n1,Acme,01/02/2024\n", "june.csv": "No,Name,Seen\n2,Borealis,25/02/2024\n", "notes.txt": "nothing\n", "empty.csv": "x,y\n",
	})
	text, err := importer.Draft(t.Context(), find(t, dir), config(t))
	require.NoError(t, err)
	require.Contains(t, string(text), "june.csv, may.csv")
	require.Contains(t, string(text), "as: date, order: dmy", "one cell of all files decides")
	require.Len(t, parsed(t, string(text)).Objects, 1)

	_, err = importer.Draft(t.Context(), find(t, filepath.Join(dir, "empty.csv")), config(t))
	var none *importer.NoExportError
	require.ErrorAs(t, err, &none)
	require.ErrorContains(t, err, "no records to guess from")
}

// TestDraft_Hostile drafts what can be read of files that are broken in every way, and what it drafts
// imports.
func TestDraft_Hostile(t *testing.T) {
	t.Parallel()
	paths, err := filepath.Glob("../fixtures/hostile/*.csv")
	require.NoError(t, err)
	more, err := filepath.Glob("../fixtures/hostile/json/*json")
	require.NoError(t, err)
	pool := pgtest.New(t)
	drafted := 0
	for _, path := range append(paths, more...) {
		text, err := importer.Draft(t.Context(), find(t, path), config(t))
		var none *importer.NoExportError
		var broken *decode.FileError
		if errors.As(err, &none) || errors.As(err, &broken) {
			continue
		}
		require.NoError(t, err, path)
		drafted++
		cfg := config(t)
		cfg.Mapping = parsed(t, string(text))
		cfg.Source = filepath.Base(path)
		s, err := importer.New(pool).Run(t.Context(), find(t, path), cfg)
		require.NoError(t, err, "%s\n%s", path, text)
		require.True(t, s.Balanced, path)
		for code := range s.Rejects.ByCode {
			require.NotContains(t, []string{mapping.CodeInvalidDate, mapping.CodeInvalidNumber, mapping.CodeInvalidBool, mapping.CodeOutOfRange}, code, "%s\n%s", path, text)
		}
	}
	require.Greater(t, drafted, 20)
}
