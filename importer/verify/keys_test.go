package verify

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestKeys(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		noted []noted
		used  []int64
	}{
		"alone":                       {[]noted{{hash: 1, version: micros0, rec: 1}}, []int64{1}},
		"the first":                   {[]noted{{1, micros0, 2}, {1, micros0, 1}, {1, micros0, 3}}, []int64{1}},
		"the latest":                  {[]noted{{1, 5, 1}, {1, 7, 2}, {1, 6, 3}}, []int64{2}},
		"the first of the latest":     {[]noted{{1, 7, 64}, {1, 7, 63}, {1, micros0, 1}}, []int64{63}},
		"before 1970":                 {[]noted{{1, micros0, 1}, {1, -7, 2}}, []int64{2}},
		"none that is rejected":       {[]noted{{1, micros0, rejected}}, nil},
		"rather one that is not":      {[]noted{{1, micros0, rejected}, {1, micros0, 9}, {1, micros0, rejected}}, []int64{9}},
		"keys that end alike":         {[]noted{{1, 1, 1}, {1 | 1<<56, 2, 2}}, []int64{1, 2}},
		"keys that begin alike":       {[]noted{{1 << 63, 1, 1}, {1<<63 | 1, 2, 2}}, []int64{1, 2}},
		"records of words of the set": {[]noted{{1, 1, 200}, {2, 1, 63}, {3, 1, 64}}, []int64{63, 64, 200}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var k keys
			for _, n := range tc.noted {
				k.note(n)
			}
			k.sort()
			var used []int64
			for rec := range int64(300) {
				if k.uses(rec) {
					used = append(used, rec)
				}
			}
			require.Equal(t, tc.used, used)
			require.False(t, k.uses(rejected))
			for _, n := range tc.noted {
				require.True(t, k.has(n.hash))
				require.False(t, k.has(n.hash+1<<40))
			}
		})
	}
}

// TestKeys_Many compares with the plain way to do it.
func TestKeys_Many(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // chance is no secret
	var k keys
	want := make(map[uint64]noted)
	for rec := range int64(20_000) {
		n := noted{hash: random.Uint64N(10_000) << 50, version: random.Int64N(4), rec: rec}
		k.note(n)
		if old, ok := want[n.hash]; !ok || n.version > old.version {
			want[n.hash] = n
		}
	}
	k.sort()
	uses := 0
	for rec := range int64(20_000) {
		if k.uses(rec) {
			uses++
		}
	}
	require.Len(t, want, uses)
	for hash, n := range want {
		require.True(t, k.uses(n.rec))
		require.True(t, k.has(hash))
	}
	for i := range uint64(1000) {
		require.False(t, k.has(i+10_001<<50))
	}
}
