package importer_test

import (
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/projectrye/rye-import/importer"
	"github.com/projectrye/rye-import/importer/mapping"
	"github.com/projectrye/rye-import/importer/report"
	"github.com/projectrye/rye-import/importer/source"
	"github.com/projectrye/rye-import/internal/graphdump"
	"github.com/projectrye/rye-import/internal/pgtest"
)

var update = flag.Bool("update", false, "write the golden files anew")

// TestRun_CRMs loads the invented exports of each CRM, all of its shapes at once, and compares the graph with a
// golden file. The same again changes nothing, and the graph holds what the files say.
func TestRun_CRMs(t *testing.T) {
	t.Parallel()

	for _, crm := range mapping.Names() {
		if crm == "salesforce" {
			continue // its fixture is loaded through the binary
		}
		t.Run(crm, func(t *testing.T) {
			t.Parallel()
			pool := pgtest.New(t)
			cfg := importer.Config{
				RejectsDir: t.TempDir(), DateOrder: mapping.DateOrderMDY, Decimal: mapping.DecimalPoint,
				Now: func() time.Time { return time.Date(2024, 7, 1, 12, 0, 0, 0, time.UTC) },
			}
			export := func() *source.Set {
				set, err := source.Find(t.Context(), []string{filepath.Join("..", "fixtures", crm)}, source.Options{})
				require.NoError(t, err)
				t.Cleanup(func() { require.NoError(t, set.Close()) })
				return set
			}
			run := func() bool {
				s, err := importer.New(pool).Run(t.Context(), export(), cfg)
				require.NoError(t, err)
				require.Equal(t, crm, s.CRM)
				require.True(t, s.Balanced)
				return s.Graph != report.Graph{}
			}
			require.True(t, run())
			got, err := graphdump.Dump(t.Context(), pool)
			require.NoError(t, err)
			path := filepath.Join("testdata", "crms", crm+".golden")
			if *update {
				require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
				require.NoError(t, os.WriteFile(path, []byte(got), 0o644))
			}
			want, err := os.ReadFile(path)
			require.NoError(t, err, "go test ./importer -run TestRun_CRMs -update writes it")
			require.Equal(t, string(want), got)
			require.False(t, run())
			v, err := importer.New(pool).Verify(t.Context(), export(), cfg, importer.VerifyOptions{})
			require.NoError(t, err)
			require.Empty(t, v.Differences)
		})
	}
}
