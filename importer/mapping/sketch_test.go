package mapping

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestSketches holds the sketches against the mappings.
func TestSketches(t *testing.T) {
	t.Parallel()
	all := make([]json.RawMessage, 0, len(Names()))
	for _, name := range Names() {
		m, err := Builtin(name)
		require.NoError(t, err)
		text, err := json.Marshal(m.Sketch())
		require.NoError(t, err)
		all = append(all, text)
	}
	var text bytes.Buffer
	text.WriteString("[\n")
	for i, line := range all {
		text.Write(line)
		if i < len(all)-1 {
			text.WriteByte(',')
		}
		text.WriteByte('\n')
	}
	text.WriteString("]\n")
	if *update {
		require.NoError(t, os.WriteFile(filepath.FromSlash(SketchesPath), text.Bytes(), 0o600))
		return
	}
	require.True(t, bytes.Equal(text.Bytes(), sketches), "the sketches are not those of the mappings: go test ./importer/mapping -update writes them")
}

// TestSketch_MayKnow lets no sketch rule out a file that its mapping knows: those of all CRMs.
func TestSketch_MayKnow(t *testing.T) {
	t.Parallel()
	list, err := Sketches()
	require.NoError(t, err)
	require.Len(t, list, len(Names()))
	looks := []Look{
		{Header: []string{"nothing", "of", "theirs"}}, {Types: []string{"Nonsense"}}, {},
	}
	files, err := filepath.Glob(filepath.Join("..", "..", "fixtures", "*", "*"))
	require.NoError(t, err)
	for _, path := range files {
		if ext := filepath.Ext(path); (ext == ".csv" || ext == ".json") && filepath.Base(filepath.Dir(path)) != "hostile" {
			looks = append(looks, readCRMFile(t, path).look())
		}
	}
	require.Greater(t, len(looks), 50)
	known, ruledOut := 0, 0
	for i := range list {
		require.Equal(t, Names()[i], list[i].Name)
		m := builtinNamed(t, list[i].Name)
		for _, look := range looks {
			v, may := m.Detect(look), list[i].MayKnow(look)
			require.True(t, may || v.Object == "", "%s finds a file to hold %s, which its sketch rules out", m.Name, v.Object)
			if v.Object != "" {
				known++
			}
			if !may {
				ruledOut++
			}
		}
	}
	require.Greater(t, known, 50)
	require.Greater(t, ruledOut, len(looks)*len(list)/2, "and most of the files that it does not know, they do")
}
