//go:build linux || darwin

package pgserver

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestChildEnv(t *testing.T) {
	t.Parallel()

	env := childEnv(func(name string) string { return "value of " + name }, "/opt/pg/bin")
	require.ElementsMatch(t, []string{
		"PATH=/opt/pg/bin:/usr/bin:/bin",
		"LC_ALL=C",
		"TZ=UTC",
		"GLIBC_TUNABLES=glibc.malloc.hugetlb=1:glibc.malloc.top_pad=16777216:glibc.malloc.mmap_threshold=33554432:glibc.malloc.trim_threshold=268435456",
		"LD_LIBRARY_PATH=value of LD_LIBRARY_PATH",
		"DYLD_LIBRARY_PATH=value of DYLD_LIBRARY_PATH",
	}, env)
}

func TestDefaultHome(t *testing.T) {
	t.Parallel()

	for name, test := range map[string]struct {
		env  map[string]string
		uid  int
		want string
		err  string
	}{
		"Home":        {uid: 1000, env: map[string]string{"HOME": "/home/ann"}, want: "/home/ann/.local/share/rye-import"},
		"HomeMissing": {uid: 1000, err: "set RYE_HOME"},
		"Root":        {env: map[string]string{"HOME": "/root"}, want: "/var/lib/rye-import"},
		"RootRye":     {env: map[string]string{"HOME": "/root", "RYE_HOME": "/srv/rye"}, want: "/srv/rye"},
		"RootXDG":     {env: map[string]string{"HOME": "/root", "XDG_DATA_HOME": "/srv/share"}, want: "/srv/share/rye-import"},
		"Rye": {
			uid:  1000,
			env:  map[string]string{"HOME": "/home/ann", "RYE_HOME": "/srv/rye/", "XDG_DATA_HOME": "/home/ann/share"},
			want: "/srv/rye",
		},
		"XDG":         {uid: 1000, env: map[string]string{"HOME": "/home/ann", "XDG_DATA_HOME": "/home/ann/share"}, want: "/home/ann/share/rye-import"},
		"XDGRelative": {uid: 1000, env: map[string]string{"HOME": "/home/ann", "XDG_DATA_HOME": "share"}, want: "/home/ann/.local/share/rye-import"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			home, err := DefaultHome(func(name string) string { return test.env[name] }, test.uid)
			if test.err != "" {
				require.ErrorContains(t, err, test.err)
				return
			}
			require.NoError(t, err)
			require.Equal(t, test.want, home)
		})
	}
}

func TestSettings(t *testing.T) {
	t.Parallel()

	const gibibyte = 1024 * mebibyte
	l := newLayout(`/home/o'neil/a\b "c"`, "/tmp")
	for name, test := range map[string]struct {
		resources resources
		want      []string
		not       string
	}{
		"Container": {
			resources: resources{memory: 4 * gibibyte, sharedMemory: 64 * mebibyte},
			want:      []string{"shared_buffers = 512MB", "maintenance_work_mem = 128MB", "dynamic_shared_memory_type = sysv"},
		},
		"Large": {
			resources: resources{memory: 256 * gibibyte, sharedMemory: 128 * gibibyte},
			want:      []string{"shared_buffers = 1024MB", "maintenance_work_mem = 512MB"},
			not:       "dynamic_shared_memory_type",
		},
		"Paths": {
			want: []string{
				`unix_socket_directories = '"/home/o''neil/a\\b ""c""/run"'`,
			},
		},
		"Unknown": {
			want: []string{"shared_buffers = 128MB", "maintenance_work_mem = 64MB", "fsync = on", "wal_compression = lz4"},
			not:  "dynamic_shared_memory_type",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			text := settings(l, test.resources, "lz4")
			for _, line := range test.want {
				require.Contains(t, text, "\n"+line+"\n")
			}
			if test.not != "" {
				require.NotContains(t, text, test.not)
			}
		})
	}
}

func TestSocketDir(t *testing.T) {
	t.Parallel()

	require.Equal(t, "/home/ann/run", socketDir("/home/ann", "/tmp"))
	long := "/" + strings.Repeat("long", 40)
	for _, test := range []struct{ home, temp, parent string }{
		{long, "/var/tmp", "/var/tmp"},
		{"/home/ann,bob", "/var/tmp", "/var/tmp"},
		{long, long, "/tmp"},
	} {
		dir := socketDir(test.home, test.temp)
		require.Equal(t, test.parent, filepath.Dir(dir))
		require.True(t, strings.HasPrefix(filepath.Base(dir), "rye-import-"), dir)
	}
	require.NotEqual(t, socketDir(long, "/var/tmp"), socketDir(long+"er", "/var/tmp"), "each home has its own")
}
