package load

import (
	"bytes"
	"context"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/projectrye/rye-import/internal/pgtest"
)

// TestCopyRows copies values of each type, and has the server write them.
func TestCopyRows(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	no, fraction := false, -0.125
	long := strings.Repeat("ž", 100_000) // more than a message
	for name, tc := range map[string]struct {
		as   string
		add  func(c *copyRows)
		want string
	}{
		"int2":              {"int2", func(c *copyRows) { c.int2(math.MinInt16) }, "-32768"},
		"int4":              {"int4", func(c *copyRows) { c.int4(math.MinInt32) }, "-2147483648"},
		"number":            {"int4", func(c *copyRows) { c.number(7) }, "7"},
		"no number":         {"int4", func(c *copyRows) { c.number(0) }, "-"},
		"int8":              {"int8", func(c *copyRows) { c.int8(math.MinInt64) }, "-9223372036854775808"},
		"float8":            {"float8", func(c *copyRows) { c.float8(&fraction) }, "-0.125"},
		"no float8":         {"float8", func(c *copyRows) { c.float8(nil) }, "-"},
		"bool":              {"bool", func(c *copyRows) { c.bool(true) }, "true"},
		"optional bool":     {"bool", func(c *copyRows) { c.optionalBool(&no) }, "false"},
		"no bool":           {"bool", func(c *copyRows) { c.optionalBool(nil) }, "-"},
		"text":              {"text", func(c *copyRows) { c.text("Žluť 😀\n\\.") }, "Žluť 😀\n\\."},
		"empty text":        {"text", func(c *copyRows) { c.text("") }, ""},
		"long text":         {"text", func(c *copyRows) { c.text(long) }, long},
		"optional":          {"text", func(c *copyRows) { c.optional("x") }, "x"},
		"no text":           {"text", func(c *copyRows) { c.optional("") }, "-"},
		"texts":             {"text[]", func(c *copyRows) { c.texts([]string{"a", "", `"b"`}) }, `{a,"","\"b\""}`},
		"no texts":          {"text[]", func(c *copyRows) { c.texts(nil) }, "-"},
		"uuid":              {"uuid", func(c *copyRows) { c.uuid([16]byte{0xab, 15: 1}) }, "ab000000-0000-0000-0000-000000000001"},
		"jsonb":             {"jsonb", func(c *copyRows) { c.jsonb([]byte(`{"b":1.50,"a":"ž"}`)) }, `{"a": "ž", "b": 1.50}`},
		"no jsonb":          {"jsonb", func(c *copyRows) { c.jsonb(nil) }, "-"},
		"time":              {"timestamptz", func(c *copyRows) { c.time(time.Date(1999, 12, 31, 23, 59, 59, 999_999_999, time.UTC)) }, "1999-12-31 23:59:59.999999+00"},
		"early time":        {"timestamptz", func(c *copyRows) { c.time(time.Date(1, 1, 1, 0, 0, 0, 1000, time.UTC)) }, "0001-01-01 00:00:00.000001+00"},
		"late time":         {"timestamptz", func(c *copyRows) { c.time(time.Date(9999, 12, 31, 23, 0, 0, 0, time.FixedZone("", 3600))) }, "9999-12-31 22:00:00+00"},
		"no time":           {"timestamptz", func(c *copyRows) { c.time(time.Time{}) }, "-"},
		"numeric":           {"numeric", func(c *copyRows) { require.NoError(t, c.numeric("-90071992547409930.0107")) }, "-90071992547409930.0107"},
		"numeric of zeros":  {"numeric", func(c *copyRows) { require.NoError(t, c.numeric("120000")) }, "120000"},
		"numeric below one": {"numeric", func(c *copyRows) { require.NoError(t, c.numeric("0.000012")) }, "0.000012"},
		"numeric zero":      {"numeric", func(c *copyRows) { require.NoError(t, c.numeric("0")) }, "0"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			table := "Copied " + name
			execute(t, pool, `CREATE TABLE rye_import."`+table+`" ("from" int, value `+tc.as+`)`)
			c := newCopyRows(table, "from", "value")
			for round := range 2 { // the room of the first is used again
				c.reset()
				require.True(t, c.empty())
				for range 3 {
					c.row()
					c.int4(int32(round))
					tc.add(&c)
				}
				require.NoError(t, pooled{pool}.copy(t.Context(), func(ctx context.Context, to *copier) error { return to.copy(ctx, &c) }))
			}
			require.Equal(t, []string{"0 3 " + tc.want, "1 3 " + tc.want}, values(t, pool,
				`SELECT "from" || ' ' || count(*) || ' ' || coalesce(value::text, '-') FROM (SELECT "from", value FROM rye_import."`+table+`") x GROUP BY "from", value::text, value ORDER BY 1`))
		})
	}
}

// TestCopyRows_Numeric says what is no decimal without showing it.
func TestCopyRows_Numeric(t *testing.T) {
	t.Parallel()
	c := newCopyRows("staging_records", "amount")
	for _, text := range []string{"", "many", "1,5", "1.2.3"} {
		c.reset()
		require.ErrorIs(t, c.numeric(text), errNoDecimal)
	}
}

// TestIDSeries draws ids that are of their time, in order, and different from those of all others.
func TestIDSeries(t *testing.T) {
	t.Parallel()
	begun := time.Now().UnixMilli()
	seen := make(map[uuid.UUID]bool)
	for range 100 {
		var s idSeries
		s.begin()
		before := uuid.UUID{}
		for range 100 {
			id := uuid.UUID(s.next())
			require.Equal(t, uuid.Version(7), id.Version())
			require.Equal(t, uuid.RFC4122, id.Variant())
			seconds, nanos := id.Time().UnixTime()
			at := seconds*1000 + nanos/1_000_000
			require.True(t, begun <= at && at <= time.Now().UnixMilli(), "%s is not of now", id)
			require.Positive(t, bytes.Compare(id[:], before[:]))
			before = id
			seen[id] = true
		}
	}
	require.Len(t, seen, 100*100)
}
