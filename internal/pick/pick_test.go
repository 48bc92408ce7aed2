package pick

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestDated(t *testing.T) {
	t.Parallel()
	for path, want := range map[string][2]string{
		"contacts-2024-05-06.csv":           {"20240506000000", "contacts-.csv"},
		"contacts_2024_05_06.csv":           {"20240506000000", "contacts_.csv"},
		"contacts.2024.05.06.csv":           {"20240506000000", "contacts..csv"},
		"20240506_contacts.csv":             {"20240506000000", "_contacts.csv"},
		"20240506.zip":                      {"20240506000000", ".zip"},
		"export_20240506013000.zip":         {"20240506013000", "export_.zip"},
		"export_202405060130.zip":           {"20240506013000", "export_.zip"},
		"export_20240506T013059Z.zip":       {"20240506013059", "export_Z.zip"},
		"export-2024-05-06-01-30.zip":       {"20240506013000", "export-.zip"},
		"export 2024-05-06 0130.zip":        {"20240506013000", "export .zip"},
		"export_2024-05-06_1.zip":           {"20240506000000", "export__1.zip"},
		"export_2024-05-06_12.zip":          {"20240506000000", "export__12.zip"},
		"export_2024-05-06_9912.zip":        {"20240506000000", "export__9912.zip"},
		"2024-05-01_2024-05-07.csv":         {"20240507000000", "_.csv"},
		"2024-05-06/contacts.csv":           {"20240506000000", "/contacts.csv"},
		"2024-05-06/contacts-20240507.csv":  {"20240507000000", "/contacts-.csv"},
		"contacts.csv":                      {"", "contacts.csv"},
		"contacts-2024-13-06.csv":           {"", "contacts-2024-13-06.csv"},
		"contacts-2024-05.06.csv":           {"", "contacts-2024-05.06.csv"},
		"id-1234567890.csv":                 {"", "id-1234567890.csv"},
		"id-0012024050612345678.csv":        {"", "id-0012024050612345678.csv"},
		"06-05-2024.csv":                    {"", "06-05-2024.csv"},
		"00120240506.csv":                   {"", "00120240506.csv"},
		"20240229.csv":                      {"20240229000000", ".csv"},
		"20230229.csv":                      {"", "20230229.csv"},
		"19000101.csv":                      {"", "19000101.csv"},
		"":                                  {"", ""},
		"2024-05-06T01:30:00.123+02:00.csv": {"20240506013000", ".123+02:00.csv"},
	} {
		stamp, name := dated(path)
		require.Equal(t, want, [2]string{stamp, name}, path)
	}
}

func FuzzDated(f *testing.F) {
	f.Add("contacts-2024-05-06.csv")
	f.Add("2024-05-01_2024-05-07 0130.csv")
	f.Fuzz(func(t *testing.T, path string) {
		stamp, name := dated(path)
		if stamp == "" {
			require.Equal(t, path, name)
			return
		}
		_, err := time.Parse("20060102150405", stamp)
		require.NoError(t, err)
		require.Less(t, len(name), len(path))
	})
}

func TestPaths(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	day := time.Date(2024, 5, 1, 0, 0, 0, 0, time.UTC)
	for i, name := range []string{
		"sf/export_2024-05-06_1.zip", "sf/export_2024-05-06_2.zip", "sf/export_2024-04-29_1.zip", "sf/export_2024-04-29_2.zip", "sf/export_2024-04-29_3.zip",
		"hs/contacts-20240506.csv", "hs/contacts-20240505.csv", "hs/deals-20240505.csv", "hs/.deals-20240507.csv",
		"night/2024-05-05/a.csv", "night/2024-05-06/a.csv",
		"odd/[a].csv", "plain/one.csv", "plain/two.csv", "2023-01-01/export-2022-05-06.csv", "2023-01-01/export.csv",
	} {
		path := filepath.Join(dir, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
		require.NoError(t, os.WriteFile(path, nil, 0o600))
		at := day.AddDate(0, 0, -i) // each is older than the one before
		require.NoError(t, os.Chtimes(path, at, at))
	}
	for name, tc := range map[string]struct {
		patterns []string
		opts     Options
		want     []string
		passed   int
		err      string
	}{
		"a path":            {patterns: []string{"plain"}, opts: Options{Newest: NewestDate}, want: []string{"plain"}},
		"all":               {patterns: []string{"plain/*.csv"}, want: []string{"plain/one.csv", "plain/two.csv"}},
		"once":              {patterns: []string{"plain/*.csv", "plain/one.csv"}, want: []string{"plain/one.csv", "plain/two.csv"}},
		"parts of a date":   {patterns: []string{"sf/*.zip"}, opts: Options{Newest: NewestDate}, want: []string{"sf/export_2024-05-06_1.zip", "sf/export_2024-05-06_2.zip"}, passed: 3},
		"one date":          {patterns: []string{"hs/*.csv"}, opts: Options{Newest: NewestDate}, want: []string{"hs/contacts-20240506.csv"}, passed: 2},
		"each name":         {patterns: []string{"hs/*.csv"}, opts: Options{Newest: NewestDate, PerName: true}, want: []string{"hs/contacts-20240506.csv", "hs/deals-20240505.csv"}, passed: 1},
		"each pattern":      {patterns: []string{"hs/deals-*", "hs/contacts-*"}, opts: Options{Newest: NewestDate}, want: []string{"hs/deals-20240505.csv", "hs/contacts-20240506.csv"}, passed: 1},
		"hidden":            {patterns: []string{"hs/.deals-*"}, opts: Options{Newest: NewestDate}, want: []string{"hs/.deals-20240507.csv"}},
		"folders":           {patterns: []string{"night/*"}, opts: Options{Newest: NewestDate}, want: []string{"night/2024-05-06"}, passed: 1},
		"dates of folders":  {patterns: []string{"night/*/a.csv"}, opts: Options{Newest: NewestDate}, want: []string{"night/2024-05-06/a.csv"}, passed: 1},
		"modified":          {patterns: []string{"plain/*"}, opts: Options{Newest: NewestModified}, want: []string{"plain/one.csv"}, passed: 1},
		"modified per name": {patterns: []string{"hs/*"}, opts: Options{Newest: NewestModified, PerName: true}, want: []string{"hs/contacts-20240506.csv", "hs/deals-20240505.csv"}, passed: 1},
		"brackets":          {patterns: []string{"odd/[a].csv"}, want: []string{"odd/[a].csv"}},
		"a date before":     {patterns: []string{"2023-01-01/export-*"}, opts: Options{Newest: NewestDate}, want: []string{"2023-01-01/export-2022-05-06.csv"}},
		"no date":           {patterns: []string{"2023-01-01/*"}, opts: Options{Newest: NewestDate}, err: "export.csv: its name has no date"},
		"nothing":           {patterns: []string{"plain/*", "none/*"}, err: "nothing matches"},
		"nothing, optional": {patterns: []string{"plain/*", "none/*"}, opts: Options{Optional: true}, want: []string{"plain/one.csv", "plain/two.csv"}},
		"bad pattern":       {patterns: []string{"plain/[a"}, err: "syntax error in pattern"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for i, p := range tc.patterns {
				tc.patterns[i] = filepath.Join(dir, p)
			}
			got, err := Paths(tc.patterns, tc.opts)
			if tc.err != "" {
				require.ErrorContains(t, err, tc.err)
				return
			}
			require.NoError(t, err)
			for i, p := range got.Paths {
				got.Paths[i], err = filepath.Rel(dir, p)
				require.NoError(t, err)
			}
			require.Equal(t, tc.want, got.Paths)
			require.Equal(t, tc.passed, got.Passed)
		})
	}
	_, err := Paths([]string{filepath.Join(dir, "none/*")}, Options{})
	var none *NoMatchError
	require.True(t, errors.As(err, &none))
}
