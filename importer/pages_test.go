package importer_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/projectrye/rye-import/importer"
	"github.com/projectrye/rye-import/internal/pgtest"
)

// TestRun_Pages loads pages of which each says only whether another follows. Where the last is missing,
// nothing that they lack is archived.
func TestRun_Pages(t *testing.T) {
	t.Parallel()

	const (
		both   = `{"data":[{"Id":"0015g00000AAAAA","Name":"Acme Fjord","BillingCity":"Oslo"},{"Id":"0015g00000BBBBB","Name":"Bits","BillingCity":"Bergen"}]}`
		first  = `{"data":[{"Id":"0015g00000AAAAA","Name":"Acme Fjord","BillingCity":"Oslo"}],"has_more":true}`
		second = `{"data":[{"Id":"0015g00000CCCCC","Name":"Cogs","BillingCity":"Moss"}],"has_more":false}`
	)
	pool := pgtest.New(t)
	for i, tc := range []struct {
		pages    []string
		warning  string
		archived int64
	}{
		{pages: []string{both}},
		{pages: []string{first}, warning: "Account: the pages say that another follows"},
		{pages: []string{first, second}, archived: 1},
	} {
		dir := t.TempDir()
		for j, page := range tc.pages {
			require.NoError(t, os.WriteFile(filepath.Join(dir, string(rune('a'+j))+".json"), []byte(page), 0o600))
		}
		cfg := config(t)
		cfg.ArchiveMissing, cfg.MaxArchive = true, 100
		s, err := importer.New(pool).Run(t.Context(), find(t, dir), cfg)
		require.NoError(t, err)
		require.Equal(t, tc.archived, s.Objects["Account"].Missing, "run %d", i)
		warnings := strings.Join(s.Warnings, "\n")
		if tc.warning == "" {
			require.Empty(t, warnings)
		} else {
			require.Contains(t, warnings, tc.warning)
		}
	}
}

// TestRun_Title loads a file with a title above its header, and says that there is one.
func TestRun_Title(t *testing.T) {
	t.Parallel()

	path := write(t, "contacts.csv", "sep=;", "Contacts of the north", "", "Id;LastName;Email;MailingCity",
		"0035g00000AAAAA;Lund;lund@example.com;Oslo", "0035g00000BBBBB;Berg;;Bergen")
	s, err := importer.New(pgtest.New(t)).Run(t.Context(), find(t, path), config(t))
	require.NoError(t, err)
	require.Equal(t, int64(2), s.Objects["Contact"].Created)
	require.Len(t, s.Warnings, 1)
	require.Contains(t, s.Warnings[0], "contacts.csv: the header is on line 4")
}
