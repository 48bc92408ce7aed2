package exportgen

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestAppendMoney(t *testing.T) {
	t.Parallel()

	for want, minor := range map[string]int64{"0": 0, "0.05": 5, "1": 100, "12.5": 1250, "84950.99": 8495099} {
		require.Equal(t, want, string(appendMoney(nil, minor, 2)))
	}
	require.Equal(t, "1250", string(appendMoney(nil, 1250, 0)))
}

func TestAppendTime(t *testing.T) {
	t.Parallel()

	// Every day of two leap cycles around the export, each at another time of the day.
	for at := int64(0); at < 90*365*day; at += day + 61 {
		require.Equal(t, time.Unix(at, 0).UTC().Format(time.DateTime), string(appendTime(nil, at)))
	}
}

func TestRowText(t *testing.T) {
	t.Parallel()

	var r row
	r.text(`say "hi"`, `"`)
	r.blank()
	r.flag(true)
	r.null()
	require.Equal(t, `"say ""hi""""","","1","000000000000000AAA"`+"\n", string(r.end()))
}
