//go:build unix

package source

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestFind_LinksAndDevices(t *testing.T) {
	t.Parallel()

	outside := tree(t, map[string]string{"secret.csv": "s"})
	dir := tree(t, map[string]string{"a.csv": "a", "sub/b.csv": "b"})
	link := func(target, name string) { require.NoError(t, os.Symlink(target, filepath.Join(dir, name))) }
	link(outside, "folder")
	link(filepath.Join(outside, "secret.csv"), "file.csv")
	link("..", "sub/loop")
	link("nowhere", "dangling.csv")
	require.NoError(t, syscall.Mkfifo(filepath.Join(dir, "pipe.csv"), 0o600))

	files, skipped := shown(t, find(t, Options{}, dir))
	require.Equal(t, []string{"a.csv=a", "sub/b.csv=b"}, files)
	const reason = ": symbolic link; give its target as a path of its own to have it read"
	require.Equal(t, []string{
		"dangling.csv" + reason, "file.csv" + reason, "folder" + reason,
		"pipe.csv: it is a device, a pipe or a socket", "sub/loop" + reason,
	}, skipped)

	// A link that is given as a path is meant.
	files, _ = shown(t, find(t, Options{}, filepath.Join(dir, "folder"), filepath.Join(dir, "file.csv")))
	require.Equal(t, []string{"secret.csv=s"}, files)

	_, err := Find(t.Context(), []string{filepath.Join(dir, "pipe.csv")}, Options{})
	var bad *Error
	require.ErrorAs(t, err, &bad)
	require.Equal(t, CodeUnsupported, bad.Code)
}
