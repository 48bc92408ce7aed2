package db_test

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
)

var (
	commentOrString = regexp.MustCompile(`--[^\n]*|/\*[^*]*\*+(?:[^/*][^*]*\*+)*/|'[^']*'`)
	// A star that stands for columns follows SELECT, DISTINCT, RETURNING, a comma or a dot, or comes
	// before FROM, a comma or an end; count(*) and a product do neither.
	star = regexp.MustCompile(`(?i)(?:\b(?:select|all|distinct|returning)\s|[,.])\s*\*|[^(\s]\s*\*\s*(?:from\b|[,;)]|$)`)
)

func selectsStar(query string) bool {
	return star.MatchString(commentOrString.ReplaceAllString(query, " "))
}

// TestQueriesNameTheirColumns stands here and not among the rules of sqlc vet, because sqlc puts the
// columns in the place of a * before it asks its rules. Then a new column would be a new field in Go.
func TestQueriesNameTheirColumns(t *testing.T) {
	t.Parallel()
	for _, broken := range []string{
		"SELECT * FROM rye.nodes", "select\n*\nfrom rye.nodes", "SELECT n.* FROM rye.nodes n", "SELECT ALL * FROM rye.nodes",
		"SELECT DISTINCT ON (label) * FROM rye.nodes", "SELECT DISTINCT * FROM rye.nodes", "SELECT now(), * FROM rye.nodes",
		"SELECT id, n.*, label FROM rye.nodes n", "WITH n AS (SELECT * FROM rye.nodes) SELECT id FROM n", "SELECT n . * FROM rye.nodes n",
		"SELECT (n).* FROM rye.nodes n", "DELETE FROM rye.edges WHERE id = @id RETURNING *;", "SELECT /* all */ * FROM rye.nodes",
		"SELECT 'it''s', * FROM rye.nodes",
	} {
		require.True(t, selectsStar(broken), broken)
	}
	for _, sound := range []string{
		"SELECT count(*) FROM rye.nodes", "SELECT count( * ), sum(a * b) FROM rye.nodes", "SELECT 2 * n.weight * (3) AS x FROM rye.edges n",
		"SELECT id -- and not *, or n.*\nFROM rye.nodes", "SELECT '*' FROM rye.nodes", "SELECT id /* SELECT * */ FROM rye.nodes",
		"SELECT count(*) FILTER (WHERE a) FROM rye.nodes",
	} {
		require.False(t, selectsStar(sound), sound)
	}

	files, err := filepath.Glob("../queries/*.sql")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		require.False(t, selectsStar(string(text)), "%s has a * for columns: %q", file, star.FindString(commentOrString.ReplaceAllString(string(text), " ")))
	}
}
