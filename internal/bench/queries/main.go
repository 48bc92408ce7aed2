// Command queries times the queries of package db that read, on a small and on a large graph, alone and
// under row-level security, and prints a table of the medians in Markdown.
package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"os/signal"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "queries:", err)
		os.Exit(1) //nolint:forbidigo // this is main
	}
}

func run(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("queries", flag.ContinueOnError)
	small := flags.Int("small", 26_000, "number of records of the export that the small graph is made of")
	large := flags.Int("large", 2_600_000, "the same of the large graph")
	kept := flags.String("kept", "", "URL of a database that holds the large graph, which is then not made")
	if err := flags.Parse(args); err != nil {
		return err
	}
	var all []results
	for _, graph := range []struct {
		records int
		kept    string
	}{{*small, ""}, {*large, *kept}} {
		r, err := measure(ctx, graph.records, graph.kept)
		if err != nil {
			return err
		}
		all = append(all, r)
	}
	return table(out, all[0], all[1])
}

// results are what the benchmark of a graph reported, in nanoseconds, by query and session. The number of
// nodes is among them.
type results map[string]float64

const (
	nodes   = "Nodes"
	refresh = "ViewsRefresh"
)

// measure runs the benchmark.
func measure(ctx context.Context, records int, kept string) (results, error) {
	cmd := exec.CommandContext(ctx, "go", "test", "-run", "^$", "-bench", "^BenchmarkQueries$",
		"-benchtime", "1x", "-timeout", "0", "./db")
	cmd.Env = append(os.Environ(), "RYE_SCALE_RECORDS="+strconv.Itoa(records), "RYE_SCALE_DATABASE_URL="+kept)
	cmd.Stderr = os.Stderr
	lines, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	// What is no result says what went wrong.
	out, err := parse(io.TeeReader(lines, os.Stderr))
	if err := errors.Join(err, cmd.Wait()); err != nil {
		return nil, fmt.Errorf("timing queries on the graph of %d records: %w", records, err)
	}
	return out, nil
}

// A line of the benchmark: name and number of processors, how often, then values and their units.
var line = regexp.MustCompile(`^BenchmarkQueries/(.+?)(?:-\d+)?\s+\d+\s+(.*)$`)

func parse(from io.Reader) (results, error) {
	out := make(results)
	lines := bufio.NewScanner(from)
	for lines.Scan() {
		m := line.FindStringSubmatch(lines.Text())
		if m == nil {
			continue
		}
		fields := strings.Fields(m[2])
		for i := 0; i+1 < len(fields); i += 2 {
			value, err := strconv.ParseFloat(fields[i], 64)
			if err != nil {
				return nil, err
			}
			if unit := fields[i+1]; unit == "median-ns" || unit == "ns/op" && m[1] == refresh || unit == "nodes" {
				out[strings.ReplaceAll(m[1], "_", " ")] = value
			}
		}
	}
	return out, lines.Err()
}

// table prints a row for each query.
func table(out io.Writer, small, large results) error {
	text := fmt.Sprintf("| query | %.0f nodes, alone | rls | %.0f nodes, alone | rls |\n| --- | ---: | ---: | ---: | ---: |\n",
		small[nodes], large[nodes])
	names := make(map[string]bool)
	for key := range large {
		if name, _, ok := strings.Cut(key, "/"); ok {
			names[name] = true
		}
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		text += "| " + name
		for _, r := range []results{small, large} {
			text += " | " + duration(r[name+"/alone"]) + " | " + duration(r[name+"/rls"])
		}
		text += " |\n"
	}
	text += fmt.Sprintf("\nThe materialized views were refreshed in %s and in %s.\n", duration(small[refresh]), duration(large[refresh]))
	_, err := io.WriteString(out, text)
	return err
}

// duration gives milliseconds, and seconds from ten on.
func duration(ns float64) string {
	if d := time.Duration(ns); d >= 10*time.Second {
		return fmt.Sprintf("%.0f s", d.Seconds())
	}
	return fmt.Sprintf("%.1f ms", ns/1e6)
}
