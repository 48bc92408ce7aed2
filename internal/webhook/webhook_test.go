package webhook

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestSend(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		statuses []int // of the answers, one after another
		want     string
		attempts int64
	}{
		"at once":         {statuses: []int{204}, attempts: 1},
		"after a while":   {statuses: []int{503, 429, 200}, attempts: 3},
		"never":           {statuses: []int{500, 500, 500, 500}, want: "answered 500", attempts: 3},
		"not wanted":      {statuses: []int{404}, want: "answered 404", attempts: 1},
		"goes elsewhere":  {statuses: []int{307}, want: "answered 307", attempts: 1},
		"not implemented": {statuses: []int{501}, want: "answered 501", attempts: 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var attempts atomic.Int64
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				n := attempts.Add(1)
				var got map[string]string
				if r.Method != http.MethodPost || r.Header.Get("Content-Type") != "application/json" || json.NewDecoder(r.Body).Decode(&got) != nil || got["a"] != "b" {
					w.WriteHeader(http.StatusTeapot)
					return
				}
				w.Header().Set("Location", "/elsewhere")
				w.WriteHeader(tc.statuses[n-1])
			}))
			defer server.Close()
			h, err := New(server.URL+"/secret", Options{Attempts: 3, Wait: time.Millisecond})
			require.NoError(t, err)
			err = h.Send(context.Background(), map[string]string{"a": "b"})
			require.Equal(t, tc.attempts, attempts.Load())
			if tc.want == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, tc.want)
			require.NotContains(t, err.Error(), "secret")
		})
	}
}

// TestSend_Silent gives up on a server that takes the message and never answers.
func TestSend_Silent(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	h, err := New("http://ann:hunter2@"+listener.Addr().String()+"/secret", Options{Timeout: 20 * time.Millisecond, Total: 100 * time.Millisecond, Wait: time.Millisecond})
	require.NoError(t, err)
	err = h.Send(context.Background(), nil)
	require.Error(t, err)
	require.NotContains(t, err.Error(), "secret")
	require.NotContains(t, err.Error(), "hunter2")
	require.Contains(t, err.Error(), h.Host())
}

func TestNew(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{"", "example.com/hook", "ftp://example.com", "https://", "http://[secret", "file:///secret"} {
		_, err := New(bad, Options{})
		require.Error(t, err, bad)
		require.NotContains(t, err.Error(), "secret")
	}
}
