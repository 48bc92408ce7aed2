//go:build linux || darwin

package main

import (
	"bytes"
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/projectrye/rye-import/internal/pgserver"
)

func TestRun(t *testing.T) {
	t.Parallel()
	broken := errors.New("no network")
	missing := func(command string) error { return &pgserver.NotInstalledError{Install: command} }
	for name, tc := range map[string]struct {
		found     []error // by find, one after another
		installs  error
		installed []string
		err       error
	}{
		"there":        {found: []error{nil}},
		"missing":      {found: []error{missing("get it"), nil}, installed: []string{"get it"}},
		"tooOld":       {found: []error{missing("get it"), missing("get newer"), nil}, installed: []string{"get it", "get newer"}},
		"noManager":    {found: []error{missing("")}, err: missing("")},
		"noHome":       {found: []error{broken}, err: broken},
		"cannot":       {found: []error{missing("get it")}, installs: broken, installed: []string{"get it"}, err: broken},
		"stillMissing": {found: []error{missing("a"), missing("b"), missing("c")}, installed: []string{"a", "b"}, err: missing("c")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var installed []string
			var log bytes.Buffer
			find := func() error {
				err := tc.found[0]
				tc.found = tc.found[1:]
				return err
			}
			err := run(context.Background(), find, func(_ context.Context, command string) error {
				installed = append(installed, command)
				return tc.installs
			}, &log)
			if tc.err == nil {
				require.NoError(t, err)
			} else if !errors.Is(err, tc.err) {
				require.Equal(t, tc.err, err)
			}
			require.Empty(t, tc.found, "find was called once too seldom")
			require.Equal(t, tc.installed, installed)
			for _, command := range installed {
				require.Contains(t, log.String(), command, "what runs as root is shown")
			}
		})
	}
}
