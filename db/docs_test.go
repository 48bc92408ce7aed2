package db_test

import (
	"context"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/projectrye/rye-import/db"
	"github.com/projectrye/rye-import/internal/pgtest"
)

// queries are the names of all queries.
func queries() []string {
	var names []string
	for m := range reflect.TypeFor[*db.Queries]().Methods() {
		if m.Name != "WithTx" {
			names = append(names, m.Name)
		}
	}
	return names
}

// declared gives the names that package db exports, of fields and methods too.
func declared(t *testing.T) map[string]bool {
	t.Helper()
	names := map[string]bool{}
	files, err := filepath.Glob("*.go")
	require.NoError(t, err)
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		tree, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		require.NoError(t, err)
		ast.Inspect(tree, func(n ast.Node) bool {
			var idents []*ast.Ident
			switch n := n.(type) {
			case *ast.FuncDecl:
				idents = []*ast.Ident{n.Name}
			case *ast.TypeSpec:
				idents = []*ast.Ident{n.Name}
			case *ast.ValueSpec:
				idents = n.Names
			case *ast.Field:
				idents = n.Names
			}
			for _, i := range idents {
				names[i.Name] = true
			}
			return true
		})
	}
	return names
}

var (
	// A row of a table of queries: its need, its query, its notes.
	queryRow = regexp.MustCompile("(?m)^\\|[^|\n]*\\| `([A-Z]\\w+)` \\|[^|\n]*\\|$")
	// A name of Go in code font: several words, without a blank between. BYPASSRLS is none, nor is Many.
	goName   = regexp.MustCompile("`((?:[A-Z][a-z]+){2,}(?:IDs?)?)`")
	sqlBlock = regexp.MustCompile("(?s)```sql\n(.*?)```")
)

func dataAccess(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../docs/data-access.md")
	require.NoError(t, err)
	return string(text)
}

// TestDataAccess keeps docs/data-access.md whole and true: each query stands in its tables once, and
// what it names exists.
func TestDataAccess(t *testing.T) {
	t.Parallel()
	text := dataAccess(t)
	rows := map[string]int{}
	for _, m := range queryRow.FindAllStringSubmatch(text, -1) {
		rows[m[1]]++
	}
	for name, n := range rows {
		require.Equal(t, 1, n, "%s stands in the tables more than once", name)
	}
	require.ElementsMatch(t, queries(), slices.Collect(maps.Keys(rows)))

	known := declared(t)
	for _, m := range goName.FindAllStringSubmatch(text, -1) {
		require.True(t, known[m[1]], "package db has no %s", m[1])
	}
}

// TestDataAccessSQL prepares what one would write without package db.
func TestDataAccessSQL(t *testing.T) {
	t.Parallel()
	conn, err := pgtest.New(t).Acquire(context.Background())
	require.NoError(t, err)
	defer conn.Release()
	blocks := sqlBlock.FindAllStringSubmatch(dataAccess(t), -1)
	require.NotEmpty(t, blocks)
	for _, b := range blocks {
		_, err := conn.Conn().Prepare(context.Background(), b[1], b[1])
		require.NoError(t, err, b[1])
	}
}

// TestDoc wants that what the documentation of the package names exists.
func TestDoc(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("doc.go")
	require.NoError(t, err)
	known, methods := declared(t), queries()
	for _, m := range regexp.MustCompile(`\[([A-Z]\w+)\]|\bdb\.(\w+)`).FindAllStringSubmatch(string(text), -1) {
		require.True(t, known[m[1]+m[2]], "package db has no %s", m[0])
	}
	for _, m := range regexp.MustCompile(`\[Queries\.(\w+)\]|\bq\.(\w+)`).FindAllStringSubmatch(string(text), -1) {
		require.Contains(t, methods, m[1]+m[2])
	}
}
