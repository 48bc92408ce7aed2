package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/projectrye/rye-import/internal/exportgen"
)

func TestRun(t *testing.T) {
	t.Parallel()

	dir := filepath.Join(t.TempDir(), "made", "here")
	var stdout, stderr bytes.Buffer
	require.NoError(t, run([]string{"-records", "600", "-seed", "3", "-change", "10", "-prefix", "Q7", "-out", dir}, &stdout, &stderr))
	require.Empty(t, stderr.String())

	var printed exportgen.Manifest
	require.NoError(t, json.Unmarshal(stdout.Bytes(), &printed))
	require.Equal(t, 600, printed.Records)
	require.Equal(t, 60, printed.Changed)

	files, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, files, len(printed.Objects))
}

func TestRunErrors(t *testing.T) {
	t.Parallel()

	dir := t.TempDir()
	for _, args := range [][]string{{"-records", "10", "-out", dir}, {"-records", "many"}, {"-nonsense"}} {
		var stdout, stderr bytes.Buffer
		require.Error(t, run(args, &stdout, &stderr))
		require.Empty(t, stdout.String())
	}
}
