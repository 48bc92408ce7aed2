package importer_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/projectrye/rye-import/importer"
	"github.com/projectrye/rye-import/importer/decode"
	"github.com/projectrye/rye-import/internal/pgtest"
)

// TestRun_Goroutines looks for goroutines that outlive a run, however it ends. It is alone while it
// runs, since those of another test would look like its own.
func TestRun_Goroutines(t *testing.T) { //nolint:paralleltest // see above
	lines := []string{contacts}
	for i := range 200 {
		lines = append(lines, contact(i))
	}
	var fileError *decode.FileError
	for _, tc := range []struct {
		name string
		path string
		at   string // where something happens
		do   func(t *testing.T, path string, cancel func())
		sql  string // before the run
		fail func(err error) bool
	}{
		{name: "success", path: fixture, fail: func(err error) bool { return err == nil }},
		{
			name: "cancelled while it stages", path: fixture, at: "staging_records",
			do:   func(_ *testing.T, _ string, cancel func()) { cancel() },
			fail: func(err error) bool { return errors.Is(err, context.Canceled) },
		},
		{
			name: "cancelled while it merges", path: fixture, at: "EdgeInsertStaged",
			do:   func(_ *testing.T, _ string, cancel func()) { cancel() },
			fail: func(err error) bool { return errors.Is(err, context.Canceled) },
		},
		{
			name: "no file that can be read", path: "../fixtures/hostile/json/malformed.json",
			fail: func(err error) bool { return errors.As(err, &fileError) },
		},
		{
			name: "a file that cannot be read on", at: "FileInsert", // all files have been looked at by then
			do: func(t *testing.T, path string, _ func()) {
				t.Helper()
				text := "["
				for i := range 200 {
					text += fmt.Sprintf(`{"attributes": {"type": "Contact"}, "Id": "0037R0000A%05dAAA", "LastName": "Person"},`+"\n", i)
				}
				require.NoError(t, os.WriteFile(path, []byte(text+"}{"), 0o600))
			},
			fail: func(err error) bool { return errors.As(err, &fileError) },
		},
		{
			name: "the database refuses a batch", path: fixture,
			sql:  "ALTER TABLE rye_import.staging_records ADD CHECK (rec <> 100)",
			fail: func(err error) bool { return err != nil && !errors.Is(err, context.Canceled) },
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			url := pgtest.Clone(t)
			if tc.sql != "" {
				execute(t, pgtest.Connect(t, url), tc.sql)
			}
			path := tc.path
			if path == "" {
				path = write(t, "Contact.json", `[{"attributes": {"type": "Contact"}, "Id": "0037R00000AAAAAQA5", "LastName": "Ada"}]`)
			}
			set := find(t, path)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			before := goleak.IgnoreCurrent()

			pool := triggered(t, url, &trigger{at: tc.at, do: func() { tc.do(t, path, cancel) }})
			cfg := config(t)
			cfg.BatchSize = 1 // the queue is full while workers work
			_, err := importer.New(pool).Run(ctx, set, cfg)
			require.True(t, tc.fail(err), "%v", err)
			pool.Close()
			goleak.VerifyNone(t, before)

			plain := pgtest.Connect(t, url)
			if err != nil {
				requireNothing(t, plain)
			}
		})
	}
}

// TestInspect_Goroutines is the same for Inspect.
func TestInspect_Goroutines(t *testing.T) { //nolint:paralleltest // as above
	before := goleak.IgnoreCurrent()
	_, err := importer.Inspect(t.Context(), find(t, fixture), config(t))
	require.NoError(t, err)
	goleak.VerifyNone(t, before)
	_, err = importer.Inspect(t.Context(), find(t, "../fixtures/hostile/json/malformed.json"), config(t))
	require.Error(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	cfg := config(t)
	cfg.Progress = func(importer.Progress) { cancel() }
	_, err = importer.Inspect(ctx, find(t, fixture), cfg)
	require.ErrorIs(t, err, context.Canceled)
	goleak.VerifyNone(t, before)
}
