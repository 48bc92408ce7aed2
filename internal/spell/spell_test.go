package spell

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSuggest(t *testing.T) {
	t.Parallel()
	words := []string{"max_rejects", "max_archive", "zone"}
	for word, want := range map[string]string{
		"max_reject": `; did you mean "max_rejects"?`,
		"Max_Archiv": `; did you mean "max_archive"?`,
		"zon":        `; did you mean "zone"?`,
		"z":          "",
		"crm":        "",
		"":           "",
	} {
		require.Equal(t, want, Suggest(word, words), word)
	}
	require.Empty(t, Suggest[string]("word", nil))
}
