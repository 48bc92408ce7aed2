package verify

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestEqual(t *testing.T) {
	t.Parallel()
	tests := []struct {
		a, b string
		want bool
	}{
		{`1`, `1.00`, true},
		{`100`, `1e2`, true},
		{`-0`, `0`, true},
		{`0.10`, `1E-1`, true},
		{`1200`, `12e2`, true},
		{`1`, `-1`, false},
		{`1`, `10`, false},
		{`0.1`, `0.01`, false},
		{`1`, `"1"`, false},
		{`9007199254740993`, `9007199254740992`, false},
		{`1e999999999`, `1e999999999`, true},
		{`"a"`, `"a"`, true},
		{`"a"`, `"A"`, false},
		{`true`, `true`, true},
		{`null`, `false`, false},
		{`null`, `null`, true},
		{`{"a":1,"b":[1,2.0]}`, `{"b":[1.0,2],"a":1}`, true},
		{`{"a":1}`, `{"a":1,"b":2}`, false},
		{`{"a":null}`, `{"b":null}`, false},
		{`[1,2]`, `[2,1]`, false},
		{`[]`, `{}`, false},
	}
	for _, tc := range tests {
		a, err := decode([]byte(tc.a))
		require.NoError(t, err)
		b, err := decode([]byte(tc.b))
		require.NoError(t, err)
		require.Equal(t, tc.want, equal(a, b), "%s and %s", tc.a, tc.b)
		require.Equal(t, tc.want, equal(b, a), "%s and %s", tc.b, tc.a)
	}
}

// FuzzPlain compares spellings of numbers: moving the point by the exponent changes nothing, and another
// digit does.
func FuzzPlain(f *testing.F) {
	for _, n := range []string{"0", "-12.50", "1e5", "100000", "0.001e-7", "1E+2", "9e99999"} {
		f.Add(n)
	}
	f.Fuzz(func(t *testing.T, n string) {
		if !json.Valid([]byte(n)) || !strings.ContainsAny(n[:1], "-0123456789") {
			return
		}
		text := plain(n)
		require.Equal(t, text, plain(text), "%s", n)
		if !strings.ContainsAny(n, "eE") {
			require.Equal(t, text, plain(n+"e0"))
			require.Equal(t, text != "0", text != plain(n+"e1"))
		}
	})
}

func TestValue_Masked(t *testing.T) {
	t.Parallel()
	tests := []struct{ value, masked, shown string }{
		{`"Ada Lovelace"`, "a text of 12 characters", `"Ada Lovelace"`},
		{`12.5`, "a number", `12.5`},
		{`true`, "yes or no", `true`},
		{`["a","b"]`, "a list of 2", `["a","b"]`},
		{`{"city":"Brno"}`, "an object", `{"city":"Brno"}`},
		{`null`, "nothing", `null`},
	}
	for _, tc := range tests {
		value, err := decode([]byte(tc.value))
		require.NoError(t, err)
		require.Equal(t, tc.masked, (&Verifier{}).value(value))
		require.Equal(t, tc.shown, (&Verifier{cfg: Config{ShowValues: true}}).value(value))
	}
}

func TestAmount(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{"12": "12.00", "-0.5": "-0.50", "1.005": "1.005", "1e9": "", "1/3": "", "x": "", "": ""} {
		n, ok := amount(text)
		require.Equal(t, want != "", ok, text)
		if ok {
			require.Equal(t, want, money(n))
		}
	}
}

func TestVotes(t *testing.T) {
	t.Parallel()
	v := newVotes()
	v.differ(1, Difference{What: "a"})
	v.differ(1, Difference{What: "said again"})
	v.differ(2, Difference{What: "b"})
	v.agree(2)
	v.differ(2, Difference{What: "b"})
	require.Equal(t, []Difference{{What: "a"}}, v.lost())
}
