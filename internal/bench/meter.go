package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

// sample is what one part cost once.
type sample struct {
	Wall        float64 `json:"wall_s"`
	ImporterCPU float64 `json:"importer_cpu_s"` // of the program, or of this one where it does the work
	ServerCPU   float64 `json:"server_cpu_s"`   // of all processes of the server; 0 where that is not known
	Peak        int64   `json:"peak_memory_bytes,omitempty"`
	WAL         int64   `json:"wal_bytes"`
	Records     int     `json:"records,omitempty"` // that were read
	Rows        int64   `json:"rows,omitempty"`    // of the graph that were written
	Estimated   bool    `json:"estimated,omitempty"`
}

// cpu is the processor time of client and server together, in seconds.
func (m sample) cpu() float64 { return m.ImporterCPU + m.ServerCPU }

// usage is what a client says of itself.
type usage struct {
	cpu  time.Duration
	peak int64 // bytes
}

// timed measures what do costs, with the server at rest before.
func (s *server) timed(ctx context.Context, do func() (usage, error)) (sample, error) {
	if err := s.settle(ctx); err != nil {
		return sample{}, err
	}
	wal, err := s.wal(ctx)
	if err != nil {
		return sample{}, err
	}
	cpu, begin := s.cpu(), time.Now()
	used, err := do()
	if err != nil {
		return sample{}, err
	}
	m := sample{Wall: time.Since(begin).Seconds(), ServerCPU: (s.cpu() - cpu).Seconds(), ImporterCPU: used.cpu.Seconds(), Peak: used.peak}
	end, err := s.wal(ctx)
	m.WAL = end - wal
	return m, err
}

// own wraps work of this program.
func own(do func() error) func() (usage, error) {
	return func() (usage, error) {
		before := ownCPU()
		err := do()
		return usage{cpu: ownCPU() - before}, err
	}
}

func ownCPU() time.Duration {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		return 0
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

// command wraps a run of the importer. It is to end with 0.
func (s *server) command(ctx context.Context, database string, args ...string) func() (usage, error) {
	return func() (usage, error) {
		cmd := s.importer(ctx, database, args...)
		var said bytes.Buffer
		cmd.Stderr = &said
		if err := cmd.Run(); err != nil {
			return usage{}, &commandError{args: args[0], said: firstLine(said.String()), err: err}
		}
		used := usage{cpu: cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()}
		if r, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
			used.peak = r.Maxrss << 10 // Linux counts in KiB
		}
		return used, nil
	}
}

// wal is how much log the server has written so far, in bytes.
func (s *server) wal(ctx context.Context) (n int64, err error) {
	err = s.admin.QueryRow(ctx, "SELECT (pg_current_wal_insert_lsn() - '0/0')::bigint").Scan(&n)
	return n, err
}

// cpu is the processor time of the server so far: what its ended processes took is with the postmaster,
// that waited for them.
func (s *server) cpu() time.Duration {
	if s.postmaster == 0 {
		return 0
	}
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return 0
	}
	var ticks int64
	for _, path := range stats {
		p, ok := readStat(path)
		switch {
		case !ok: // it has ended meanwhile
		case p.pid == s.postmaster:
			ticks += p.own + p.children
		case p.parent == s.postmaster:
			ticks += p.own
		}
	}
	const hertz = 100 // USER_HZ, on all Linux that Go runs on
	return time.Duration(ticks) * time.Second / hertz
}

// process is a line of /proc/PID/stat; times are in ticks.
type process struct {
	pid, parent   int
	own, children int64
}

func readStat(path string) (process, bool) {
	line, err := os.ReadFile(path) //nolint:gosec // a file of the kernel
	if err != nil {
		return process{}, false
	}
	return parseStat(line)
}

// parseStat reads a line of which the second field, a name in parentheses, may hold anything.
func parseStat(line []byte) (p process, ok bool) {
	from, to := bytes.IndexByte(line, '('), bytes.LastIndexByte(line, ')')
	if from < 0 || to < from {
		return p, false
	}
	fields := bytes.Fields(line[to+1:])
	// Numbered from the state, which is field 3: 4 parent, 14 utime, 15 stime, 16 cutime, 17 cstime.
	if len(fields) < 15 {
		return p, false
	}
	number := func(b []byte) int64 {
		n, err := strconv.ParseInt(string(bytes.TrimSpace(b)), 10, 64)
		ok = ok && err == nil
		return n
	}
	ok = true
	p.pid, p.parent = int(number(line[:from])), int(number(fields[1]))
	p.own = number(fields[11]) + number(fields[12])
	p.children = number(fields[13]) + number(fields[14])
	return p, ok
}

// parentOf gives 0 where there is no such file.
func parentOf(pid int) int {
	p, _ := readStat(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	return p.parent
}
