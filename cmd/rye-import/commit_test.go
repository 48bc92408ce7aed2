package main

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/projectrye/rye-import/internal/pgtest"
)

// TestCommitUnanswered cuts the connection when the commit of the merge has been sent: the run finds
// out what came of it.
func TestCommitUnanswered(t *testing.T) {
	t.Parallel()
	path := write(t, t.TempDir(), "Contact.csv", person)
	for name, tc := range map[string]struct {
		arrives bool // the commit, at the server
		shut    bool // the way to the server, from then on
		code    int
		status  string // in the journal
		message string
	}{
		"committed":     {arrives: true, code: exitDone, status: "done"},
		"not committed": {code: exitFailed, status: "failed", message: "lost"},
		"unknown":       {arrives: true, shut: true, code: exitFailed, status: "done", message: "not known"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			direct := pgtest.Clone(t)
			pool := pgtest.Connect(t, direct)
			p := newProxy(t, direct, tc.arrives, tc.shut)
			r := command(t, "", "--database-url", p.url, "run", path, "--output", "json")
			require.Equal(t, tc.code, r.code, r.stderr)
			require.True(t, p.cut.Load(), "the connection was cut")
			s := summary(t, r.stdout)
			require.Contains(t, s.Error, tc.message)
			require.NotContains(t, r.stderr, "nothing was changed")
			nodes := 0
			if tc.arrives {
				nodes = 1
			}
			p.waitForServer(t, pool)
			require.Equal(t, nodes, value[int](t, pool, "SELECT count(*) FROM rye.nodes"))
			require.Equal(t, tc.status, value[string](t, pool, "SELECT status FROM rye_import.runs"))
			again := imported(t, direct, exitDone, path)
			require.Equal(t, int64(1-nodes), again.Objects["Contact"].Created)
			require.Equal(t, "CON-2401-0001", value[string](t, pool, "SELECT properties->>'code' FROM rye.nodes"))
		})
	}
}

// proxy stands between the command and the server.
type proxy struct {
	url               string
	server            string
	arrives, shut     bool
	cut, isShut       atomic.Bool
	runFinish, commit []byte

	mu    sync.Mutex
	conns []net.Conn
}

func newProxy(t *testing.T, databaseURL string, arrives, shut bool) *proxy {
	t.Helper()
	cfg, err := pgxpool.ParseConfig(databaseURL)
	require.NoError(t, err)
	host := cfg.ConnConfig.Host
	require.True(t, strings.HasPrefix(host, "/"), "the test server listens on a socket")
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, l.Close()) })
	u, err := url.Parse(databaseURL)
	require.NoError(t, err)
	q := u.Query()
	u.User = url.User(q.Get("user"))
	u.Host = l.Addr().String()
	u.RawQuery = "sslmode=disable"
	p := &proxy{
		url: u.String(), server: host + "/.s.PGSQL.5432", arrives: arrives, shut: shut,
		runFinish: []byte("-- name: RunFinish"), commit: []byte("commit\x00"),
	}
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go p.serve(conn)
		}
	}()
	return p
}

func (p *proxy) serve(client net.Conn) {
	defer client.Close()
	if p.isShut.Load() {
		return
	}
	server, err := net.Dial("unix", p.server)
	if err != nil {
		return
	}
	defer server.Close()
	p.mu.Lock()
	p.conns = append(p.conns, client, server)
	p.mu.Unlock()
	go func() {
		_, _ = io.Copy(client, server)
		_ = client.Close()
	}()
	finishing := false
	buf := make([]byte, 1<<16)
	for {
		n, err := client.Read(buf)
		if err != nil {
			return
		}
		finishing = finishing || bytes.Contains(buf[:n], p.runFinish)
		if finishing && bytes.Contains(buf[:n], p.commit) && p.cut.CompareAndSwap(false, true) {
			_ = client.Close()
			if p.arrives {
				_, _ = server.Write(buf[:n])
			}
			if p.shut {
				p.isShut.Store(true)
				p.mu.Lock()
				defer p.mu.Unlock()
				for _, c := range p.conns {
					_ = c.Close()
				}
			}
			return
		}
		if _, err := server.Write(buf[:n]); err != nil {
			return
		}
	}
}

// waitForServer returns when no transaction of the command is under way any more.
func (p *proxy) waitForServer(t *testing.T, pool *pgxpool.Pool) {
	t.Helper()
	// The journal's row is locked by the transaction that closes it.
	_, err := pool.Exec(context.Background(), "SELECT FROM rye_import.runs FOR UPDATE")
	require.NoError(t, err)
}
