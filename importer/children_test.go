package importer_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/projectrye/rye-import/importer"
	"github.com/projectrye/rye-import/importer/decode"
	"github.com/projectrye/rye-import/internal/pgtest"
)

// TestRun_Children imports contacts that stand within their accounts, repairs the one that was rejected
// and loads it.
func TestRun_Children(t *testing.T) {
	t.Parallel()

	for name, text := range map[string]string{
		"Account.csv": `Id,Name,BillingCity,People/Id,People/LastName,People/Birthdate
0015g00000AAAAA,Acme Fjord,Oslo,0035g00000AAAAA,Lund,1980-02-01
,,,0035g00000BBBBB,Berg,soon
0015g00000BBBBB,Bits,Bergen,,,
,,,0035g00000CCCCC,Dahl,
`,
		"Account.json": `[{"Id":"0015g00000AAAAA","Name":"Acme Fjord","BillingCity":"Oslo","People":[
{"Id":"0035g00000AAAAA","LastName":"Lund","Birthdate":"1980-02-01"},
{"Id":"0035g00000BBBBB","LastName":"Berg","Birthdate":"soon"}]},
{"Id":"0015g00000BBBBB","Name":"Bits","BillingCity":"Bergen","People":[
{"Id":"0035g00000CCCCC","LastName":"Dahl"}]}]`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			pool := pgtest.New(t)
			dir := t.TempDir()
			path := filepath.Join(dir, name)
			require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
			cfg := config(t)
			cfg.Decode.Children = []decode.Child{{Column: "People", Type: "Contact", Parent: "AccountId", Key: "Id"}}

			in, err := importer.Inspect(t.Context(), find(t, path), cfg)
			require.NoError(t, err)
			require.Equal(t, int64(5), in.Files[0].Records)
			uses := make(map[string]string)
			for _, c := range in.Files[0].Columns {
				uses[c.Name] = strings.Join(c.Uses, ", ")
			}
			require.Equal(t, "id", uses["Contact: Id"])
			require.Contains(t, uses["Contact: AccountId"], "link")

			s, err := importer.New(pool).Run(t.Context(), find(t, path), cfg)
			require.NoError(t, err)
			require.True(t, s.Balanced)
			require.Equal(t, int64(5), s.Files[0].Records)
			require.Equal(t, int64(2), s.Objects["Account"].Created)
			require.Equal(t, []int64{3, 2, 1}, []int64{s.Objects["Contact"].Read, s.Objects["Contact"].Created, s.Objects["Contact"].Rejected})
			require.Equal(t, int64(2), value[int64](t, pool, "SELECT count(*) FROM rye.edges"))
			require.False(t, value[bool](t, pool, "SELECT bool_or(properties::text LIKE '%People%') FROM rye.nodes"))

			rejects := filepath.Join(s.Rejects.Path, "Contact.csv")
			rejected, err := os.ReadFile(rejects)
			require.NoError(t, err)
			header, row, _ := strings.Cut(string(rejected), "\n")
			require.NotContains(t, header, "BillingCity")
			require.Contains(t, row, "0035g00000BBBBB")
			require.Contains(t, row, "0015g00000AAAAA", "a child knows its parent")

			repaired := header + "\n" + strings.Replace(row, "Berg,soon", "Berg,1990-03-04", 1)
			require.NoError(t, os.WriteFile(rejects, []byte(repaired), 0o600))
			s, err = importer.New(pool).Run(t.Context(), find(t, rejects), config(t))
			require.NoError(t, err)
			require.Equal(t, int64(1), s.Objects["Contact"].Created)
			require.Zero(t, s.Rejects.Total())
			require.Equal(t, int64(3), value[int64](t, pool, "SELECT count(*) FROM rye.edges"))
		})
	}
}
