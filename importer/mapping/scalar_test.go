package mapping

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	require.NoError(t, err)
	return z
}

func TestParseTime(t *testing.T) {
	t.Parallel()

	prague := zone(t, "Europe/Prague")
	for _, tc := range []struct {
		in    string
		order DateOrder
		zone  *time.Location // default UTC
		want  string         // RFC 3339, or the reason
	}{
		// Weekly Data Export.
		{in: "2023-02-07 20:47:49", want: "2023-02-07T20:47:49Z"},
		{in: "2023-05-11 00:00:00", want: "2023-05-11T00:00:00Z"},
		// Data Loader, Bulk API, CLI, REST.
		{in: "2022-01-10", want: "2022-01-10T00:00:00Z"},
		{in: "2022-01-10T13:49:58Z", want: "2022-01-10T13:49:58Z"},
		{in: "2022-01-10T13:49:58.000Z", want: "2022-01-10T13:49:58Z"},
		{in: "2022-01-10T13:49:58.000+0000", want: "2022-01-10T13:49:58Z"},
		{in: "2022-01-10T13:49:58-0300", want: "2022-01-10T16:49:58Z"},
		{in: "2022-01-10 13:49:58-0300", want: "2022-01-10T16:49:58Z"},
		{in: "2022-01-10T13:49:58.000Z-0300", want: "2022-01-10T16:49:58Z"},
		{in: "2022-01-10T13:49:58+05:30", want: "2022-01-10T08:19:58Z"},
		{in: "2022-01-10T13:49:58 +02", want: "2022-01-10T11:49:58Z"},
		{in: "2022-01-10T13:49", want: "2022-01-10T13:49:00Z"},
		{in: "2022-01-10T13:49Z", want: "2022-01-10T13:49:00Z"},
		{in: "2022-01-01T00:30:00+0100", want: "2021-12-31T23:30:00Z"},
		{in: "2022-01-10T13:49:58-00:00", want: "2022-01-10T13:49:58Z"},
		{in: "2022-01-10T13:49:58+18:00", want: "2022-01-09T19:49:58Z"},
		// To the microsecond.
		{in: "2022-01-10T13:49:58.1Z", want: "2022-01-10T13:49:58.1Z"},
		{in: "2022-01-10T13:49:58.123456789Z", want: "2022-01-10T13:49:58.123456Z"},
		// Reports, in the order that the run was told.
		{in: "6/30/2024", order: DateOrderMDY, want: "2024-06-30T00:00:00Z"},
		{in: "30/6/2024", order: DateOrderDMY, want: "2024-06-30T00:00:00Z"},
		{in: "30.06.2024 09:12", order: DateOrderDMY, want: "2024-06-30T09:12:00Z"},
		{in: "06/07/2024", order: DateOrderMDY, want: "2024-06-07T00:00:00Z"},
		{in: "06/07/2024", order: DateOrderDMY, want: "2024-07-06T00:00:00Z"},
		{in: "2024-06-07", order: DateOrderDMY, want: "2024-06-07T00:00:00Z"},
		{in: "06/07/2024", want: errDateOrder.Error()},
		{in: "6/30/2024 9:12 AM", order: DateOrderMDY, want: "2024-06-30T09:12:00Z"},
		{in: "6/30/2024, 12:05 AM", order: DateOrderMDY, want: "2024-06-30T00:05:00Z"},
		{in: "6/30/2024, 12:05pm", order: DateOrderMDY, want: "2024-06-30T12:05:00Z"},
		{in: "30.6.2024 11:59:59 PM", order: DateOrderDMY, want: "2024-06-30T23:59:59Z"},
		{in: "6/30/2024 13:05 PM", order: DateOrderMDY, want: errTime.Error()},
		{in: "6/30/2024 0:05 AM", order: DateOrderMDY, want: errTime.Error()},
		{in: "6/30/2024 AM", order: DateOrderMDY, want: errTime.Error()},
		{in: "0001-01-01T00:30:00+01:00", want: errTime.Error()},
		{in: "9999-12-31T23:30:00-01:00", want: errTime.Error()},
		{in: "2024-01-01 10:00:00+0099", want: errTime.Error()},
		{in: "2024-01-01 10:00:00+:0100", want: errTime.Error()},
		{in: "2024-01-01 10:00:00+01:", want: errTime.Error()},
		{in: "2024-01-01 10:00:00ZZ", want: errTime.Error()},
		{in: "30/06/2024", order: DateOrderMDY, want: errTime.Error()},
		{in: "06/30/2024", order: DateOrderDMY, want: errTime.Error()},
		{in: "6/30/24", order: DateOrderMDY, want: errTime.Error()},
		// Zone-less times in another zone.
		{in: "2024-01-10 12:00:00", zone: prague, want: "2024-01-10T11:00:00Z"},
		{in: "2024-07-10 12:00:00", zone: prague, want: "2024-07-10T10:00:00Z"},
		{in: "2024-07-10", zone: prague, want: "2024-07-09T22:00:00Z"},
		{in: "2024-07-10T12:00:00Z", zone: prague, want: "2024-07-10T12:00:00Z"},
		{in: "2024-07-10T12:00:00+0300", zone: prague, want: "2024-07-10T09:00:00Z"},
		// Days that exist and days that do not.
		{in: "2024-02-29", want: "2024-02-29T00:00:00Z"},
		{in: "2000-02-29", want: "2000-02-29T00:00:00Z"},
		{in: "2023-02-29", want: errTime.Error()},
		{in: "1900-02-29", want: errTime.Error()},
		{in: "2023-02-30", want: errTime.Error()},
		{in: "2024-06-31", want: errTime.Error()},
		{in: "2024-13-01", want: errTime.Error()},
		{in: "2024-00-10", want: errTime.Error()},
		{in: "2024-01-00", want: errTime.Error()},
		{in: "0000-00-00 00:00:00", want: errTime.Error()},
		{in: "9999-12-31", want: "9999-12-31T00:00:00Z"},
		// Times that do not exist.
		{in: "2024-01-01 24:00:00", want: errTime.Error()},
		{in: "2024-01-01 25:61:00", want: errTime.Error()},
		{in: "2024-01-01 23:59:60", want: errTime.Error()},
		{in: "2024-01-01 1:05", want: "2024-01-01T01:05:00Z"},
		{in: "2024-01-01 01", want: errTime.Error()},
		{in: "2024-01-01T", want: errTime.Error()},
		{in: "2024-01-01_10:00:00", want: errTime.Error()},
		{in: "2024-01-01 10:00:00.", want: errTime.Error()},
		{in: "2024-01-01 10:00:00.1234567890", want: errTime.Error()},
		{in: "2024-01-01 10:00:00 PM", want: "2024-01-01T22:00:00Z"},
		{in: "2024-01-01 10:00:00+1", want: errTime.Error()},
		{in: "2024-01-01 10:00:00+19:00", want: errTime.Error()},
		{in: "2024-01-01 10:00:00+ab:cd", want: errTime.Error()},
		{in: "2024-01-01 10:00:00Zulu", want: errTime.Error()},
		{in: "2024-01-01 10:00:00 Europe/Prague", want: errTime.Error()},
		// No dates at all.
		{in: "yesterday", want: errTime.Error()},
		{in: "20240101", want: errTime.Error()},
		{in: "2024/01/01", want: "2024-01-01T00:00:00Z"},
		{in: "24-01-01", want: errTime.Error()},
		{in: "1704067200000", want: errTime.Error()},
		{in: "1/2", order: DateOrderMDY, want: errTime.Error()},
		{in: "1/2/20245", order: DateOrderMDY, want: errTime.Error()},
		{in: "2024-1-1", want: errTime.Error()},
		{in: "２０２４-01-01", want: errTime.Error()},
		{in: "", want: errTime.Error()},
	} {
		t.Run(fmt.Sprintf("%s %s %s", tc.in, tc.order, tc.zone), func(t *testing.T) {
			t.Parallel()

			assumed := tc.zone
			if assumed == nil {
				assumed = time.UTC
			}
			got, err := parseTime(tc.in, tc.order, assumed)
			if err != nil {
				require.Equal(t, tc.want, err.Error())
				require.True(t, got.IsZero())
				return
			}
			require.Equal(t, tc.want, got.Format(time.RFC3339Nano))
			require.Equal(t, time.UTC, got.Location())
		})
	}
}

// TestParseTime_Clocks reads times that a change of clocks leaves out or repeats. Either of the two
// hours will do.
func TestParseTime_Clocks(t *testing.T) {
	t.Parallel()

	for in, want := range map[string][]string{
		"2024-03-31 02:30:00": {"2024-03-31T00:30:00Z", "2024-03-31T01:30:00Z"},
		"2024-10-27 02:30:00": {"2024-10-27T00:30:00Z", "2024-10-27T01:30:00Z"},
	} {
		got, err := parseTime(in, DateOrderNone, zone(t, "Europe/Prague"))
		require.NoError(t, err)
		require.Contains(t, want, got.Format(time.RFC3339))
	}
}

func TestAppendDate(t *testing.T) {
	t.Parallel()

	for _, tc := range []struct {
		in    string
		order DateOrder
		want  string
	}{
		{in: "2023-05-11", want: "2023-05-11"},
		{in: "2023-05-11 00:00:00", want: "2023-05-11"},
		{in: "2023-05-11T00:00:00.000Z", want: "2023-05-11"},
		// The day stands as it was written, whatever the zone.
		{in: "2023-05-11T23:30:00-0800", want: "2023-05-11"},
		{in: "0999-05-11", want: "0999-05-11"},
		{in: "5/1/2023", order: DateOrderMDY, want: "2023-05-01"},
		{in: "5.1.2023", order: DateOrderDMY, want: "2023-01-05"},
		{in: "5/1/2023", want: errDateOrder.Error()},
		{in: "2023-02-29", want: errDate.Error()},
		{in: "2023-05-11 25:00:00", want: errDate.Error()},
		{in: "2023-05-11 noon", want: errDate.Error()},
		{in: "May 11, 2023", want: "2023-05-11"},
		{in: "", want: errDate.Error()},
	} {
		t.Run(tc.in+string(tc.order), func(t *testing.T) {
			t.Parallel()

			got, err := appendDate([]byte("x"), tc.in, tc.order)
			if err != nil {
				require.Equal(t, tc.want, err.Error())
				require.Equal(t, "x", string(got))
				return
			}
			require.Equal(t, "x"+tc.want, string(got))
		})
	}
}

func TestDaysIn(t *testing.T) {
	t.Parallel()

	for year := 1; year <= 2400; year++ {
		for month := 1; month <= 12; month++ {
			last := time.Date(year, time.Month(month)+1, 0, 0, 0, 0, 0, time.UTC).Day()
			require.Equal(t, last, daysIn(year, month), "%d-%d", year, month)
		}
	}
}

func TestCanonicalNumber(t *testing.T) {
	t.Parallel()

	long := strings.Repeat("9", maxDigits)
	for _, tc := range []struct{ in, want string }{
		{"0", "0"},
		{"-0", "0"},
		{"-0.00", "0"},
		{"0e5", "0"},
		{"74.0", "74"},
		{"007", "7"},
		{"+5", "5"},
		{"-5.50", "-5.5"},
		{".5", "0.5"},
		{"-.5", "-0.5"},
		{"5.", "5"},
		{"9999999999999999.99", "9999999999999999.99"},
		{"0.1", "0.1"},
		{"1e5", "100000"},
		{"1E+5", "100000"},
		{"1.25e1", "12.5"},
		{"1.25e-1", "0.125"},
		{"125e-2", "1.25"},
		{"125e-3", "0.125"},
		{"125e-4", "0.0125"},
		{"-1.5e3", "-1500"},
		{"1e400", "1" + strings.Repeat("0", 400)},
		{"1e-400", "0." + strings.Repeat("0", 399) + "1"},
		{long, long},
		{"", ""},
		{"-", ""},
		{"+", ""},
		{".", ""},
		{"e5", ""},
		{"1e", ""},
		{"1e+", ""},
		{"1e5.5", ""},
		{"1e401", ""},
		{"1e-401", ""},
		{"1e99999999999999999999", ""},
		{"9" + long, ""},
		{"1,234", ""},
		{"12,500.00", ""},
		{"1.250.000", ""},
		{"12 500", ""},
		{"12\u00a0500", ""},
		{"12'500", ""},
		{"12_500", ""},
		{"1,5", ""},
		{"$500", ""},
		{"500 EUR", ""},
		{"(500)", ""},
		{"500-", ""},
		{"--5", ""},
		{"+-5", ""},
		{"50%", ""},
		{"NaN", ""},
		{"Infinity", ""},
		{"-inf", ""},
		{"0x10", ""},
		{"١٢", ""},
		{"１２", ""},
		{"TBD", ""},
	} {
		t.Run(tc.in[:min(len(tc.in), 30)], func(t *testing.T) {
			t.Parallel()

			got, err := canonicalNumber(tc.in)
			require.True(t, !isWhole(tc.in) || tc.in == tc.want)
			if tc.want == "" {
				require.ErrorIs(t, err, errNumber)
				return
			}
			require.NoError(t, err)
			require.Equal(t, tc.want, got)
		})
	}
}

func TestHundredth(t *testing.T) {
	t.Parallel()

	for in, want := range map[string]string{
		"0": "0", "100": "1", "90": "0.9", "5": "0.05", "12.5": "0.125", "0.01": "0.0001",
	} {
		got, err := hundredth(in)
		require.NoError(t, err)
		require.Equal(t, want, got, in)
	}
}

func TestIsPercent(t *testing.T) {
	t.Parallel()

	for n, want := range map[string]bool{
		"0": true, "0.5": true, "5": true, "99.99": true, "100": true,
		"100.01": false, "101": false, "1000": false, "-1": false, "-0.5": false,
	} {
		require.Equal(t, want, isPercent(n), n)
	}
}

func TestMultiply(t *testing.T) {
	t.Parallel()

	for _, tc := range []struct {
		n      string
		factor float64
		want   string
	}{
		{"90", 60, "5400"},
		{"1.5", 60, "90"},
		{"-2", 60, "-120"},
		{"0", 60, "0"},
		{"50000", 0.01, "500"},
		{"99999999999", 0.01, "999999999.99"},
		{"0.0000000001", 0.5, "0.00000000005"},
		{"123456789012345678901234567890", 2, "246913578024691357802469135780"},
	} {
		got, err := multiply(tc.n, tc.factor)
		require.NoError(t, err)
		require.Equal(t, tc.want, got, "%s * %v", tc.n, tc.factor)
	}
}

// TestTooLong: a number that cannot be divided or multiplied is none, and not another one.
func TestTooLong(t *testing.T) {
	t.Parallel()

	_, err := hundredth("0." + strings.Repeat("0", maxDigits-1) + "1")
	require.ErrorIs(t, err, errNumber)
	_, err = multiply(strings.Repeat("9", maxDigits), 60)
	require.ErrorIs(t, err, errNumber)
}

func TestParseBool(t *testing.T) {
	t.Parallel()

	for _, s := range []string{"1", "Y", "y", "true", "TRUE", "True", "yes", "Yes"} {
		value, ok := parseBool(s)
		require.True(t, ok, s)
		require.True(t, value, s)
	}
	for _, s := range []string{"0", "N", "n", "false", "FALSE", "no", "No"} {
		value, ok := parseBool(s)
		require.True(t, ok, s)
		require.False(t, value, s)
	}
	for _, s := range []string{"", " ", "2", "-1", "01", "t", "f", "on", "off", "x", "tru", "truee", "falsey", "maybe", "ｙ", "\x00"} {
		value, ok := parseBool(s)
		require.False(t, ok, s)
		require.False(t, value, s)
	}
}

func TestIsNone(t *testing.T) {
	t.Parallel()

	for _, s := range []string{"", "-", "N/A", "n/a", "null", "NULL", "None", "not set", "Not Set"} {
		require.True(t, isNone(s), s)
	}
	for _, s := range []string{"0", "--", "na", "nil", "nulls", "unset", "notset", "nothing", "003"} {
		require.False(t, isNone(s), s)
	}
}
