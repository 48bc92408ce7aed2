package main

import (
	"cmp"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strconv"
	"strings"
)

// report is what a run of the benchmark says.
type report struct {
	Records     int               `json:"records"`
	ExportBytes int64             `json:"export_bytes"`
	Rounds      int               `json:"rounds"`
	Processors  int               `json:"processors"`
	Postgres    string            `json:"postgres"`
	Tables      []string          `json:"tables"` // that bare and floor hold
	Parts       []partReport      `json:"parts"`
	Ratios      []ratioReport     `json:"ratios"`
	Rows        map[string]counts `json:"rows"` // of the graph after first and expert
}

// partReport holds medians over the rounds.
type partReport struct {
	Name string `json:"name"`
	What string `json:"what"`
	Note string `json:"note,omitempty"`
	sample
	WallMin       float64  `json:"wall_min_s"`
	WallMax       float64  `json:"wall_max_s"`
	RecordsPerSec float64  `json:"records_per_s,omitempty"`
	RowsPerSec    float64  `json:"rows_per_s,omitempty"`
	Samples       []sample `json:"samples"`
}

// ratioReport is a ratio of two parts: the median of the rounds, for machines drift between rounds more than
// within one.
type ratioReport struct {
	Name  string   `json:"name"`
	Must  string   `json:"must_reach,omitempty"`
	Aim   string   `json:"aim,omitempty"`
	Unit  string   `json:"unit,omitempty"`
	Value *float64 `json:"value"` // null: not measured
	Min   *float64 `json:"min,omitempty"`
	Max   *float64 `json:"max,omitempty"`
	CPU   *float64 `json:"cpu_value,omitempty"` // the same of processor time, which other work on the machine moves less
	Met   *bool    `json:"reached,omitempty"`   // what it must reach
}

func (b *bench) report() report {
	r := report{
		Records: b.read, ExportBytes: b.bytes, Rounds: b.rounds, Processors: runtime.NumCPU(), Postgres: b.server.version(),
		Tables: tables, Rows: b.rows, Ratios: ratios(b.samples, b.scaled),
	}
	for _, p := range parts() {
		list := b.samples[p.name]
		if note := b.notes[p.name]; len(list) > 0 || note != "" {
			r.Parts = append(r.Parts, summarize(p.name, p.what, note, list))
		}
	}
	if b.scaled != nil {
		r.Parts = append(r.Parts, summarize(fmt.Sprintf("first × %d", b.scale), fmt.Sprintf("`run` of %d times the records into an empty graph", b.scale), "", []sample{*b.scaled}))
	}
	return r
}

func summarize(name, what, note string, list []sample) partReport {
	p := partReport{Name: name, What: what, Note: note, Samples: list}
	if len(list) == 0 {
		return p
	}
	p.sample = sample{
		Wall:        median(list, func(m sample) float64 { return m.Wall }),
		ImporterCPU: median(list, func(m sample) float64 { return m.ImporterCPU }),
		ServerCPU:   median(list, func(m sample) float64 { return m.ServerCPU }),
		WAL:         int64(median(list, func(m sample) float64 { return float64(m.WAL) })),
		Records:     list[0].Records, Rows: list[0].Rows, Estimated: list[0].Estimated,
		// Memory is a bound, and so the worst counts.
		Peak: slices.MaxFunc(list, func(a, b sample) int { return cmp.Compare(a.Peak, b.Peak) }).Peak,
	}
	walls := values(list, func(m sample) float64 { return m.Wall })
	p.WallMin, p.WallMax = slices.Min(walls), slices.Max(walls)
	if p.Wall > 0 {
		p.RecordsPerSec, p.RowsPerSec = float64(p.Records)/p.Wall, float64(p.Rows)/p.Wall
	}
	return p
}

func values(list []sample, of func(sample) float64) []float64 {
	out := make([]float64, len(list))
	for i, m := range list {
		out[i] = of(m)
	}
	return out
}

func median(list []sample, of func(sample) float64) float64 { return middle(values(list, of)) }

// middle is the median of at least one number.
func middle(list []float64) float64 {
	list = slices.Sorted(slices.Values(list))
	n := len(list)
	return (list[(n-1)/2] + list[n/2]) / 2
}

// markdown prints the tables.
func (r report) markdown(out io.Writer) error {
	var s strings.Builder
	fmt.Fprintf(&s, "%s records in %s, %d round(s) interleaved, %d processors, PostgreSQL %s with the settings of the embedded server.\n\n",
		thousands(int64(r.Records)), megabytes(r.ExportBytes), r.Rounds, r.Processors, r.Postgres)
	s.WriteString("| part | what | wall | least to most | CPU importer | CPU server | memory importer | WAL | records/s | rows/s |\n")
	s.WriteString("|---|---|--:|--:|--:|--:|--:|--:|--:|--:|\n")
	for _, p := range r.Parts {
		if len(p.Samples) == 0 {
			fmt.Fprintf(&s, "| %s | %s | %s | | | | | | | |\n", p.Name, p.What, p.Note)
			continue
		}
		about := ""
		if p.Estimated {
			about = "≈ "
		}
		if p.Note != "" {
			p.What += " (" + p.Note + ")"
		}
		fmt.Fprintf(&s, "| %s | %s | %s%s | %s to %s | %s%s | %s%s | %s | %s%s | %s%s | %s |\n", p.Name, p.What, about, seconds(p.Wall),
			seconds(p.WallMin), seconds(p.WallMax), about, seconds(p.ImporterCPU), about, known(p.ServerCPU), memory(p.Peak),
			about, megabytes(p.WAL), about, rate(p.RecordsPerSec), rate(p.RowsPerSec))
	}
	s.WriteString("\n≈ is extrapolated from a sample. Rows are those of rye." + strings.Join(r.Tables, ", ") +
		"; bare and floor hold these tables. Where this program is the client, its processor time stands for the importer's.\n")

	s.WriteString("\n| ratio | now | least to most | of CPU time | must reach | aim | |\n|---|--:|--:|--:|--:|--:|---|\n")
	for _, q := range r.Ratios {
		if q.Value == nil {
			fmt.Fprintf(&s, "| %s | not measured | | | %s | %s | |\n", q.Name, q.Must, q.Aim)
			continue
		}
		verdict, cpu := "", ""
		if q.CPU != nil {
			cpu = number(*q.CPU)
		}
		if q.Met != nil {
			verdict = map[bool]string{true: "reached", false: "**missed**"}[*q.Met]
		}
		fmt.Fprintf(&s, "| %s | %s%s | %s to %s | %s | %s | %s | %s |\n", q.Name, number(*q.Value), q.Unit, number(*q.Min), number(*q.Max), cpu, q.Must, q.Aim, verdict)
	}

	if first, expert := r.Rows["first"], r.Rows["expert"]; first != nil && expert != nil {
		s.WriteString("\n| rows | first | expert |\n|---|--:|--:|\n")
		for _, t := range r.Tables {
			fmt.Fprintf(&s, "| %s | %s | %s |\n", t, thousands(first[t]), thousands(expert[t]))
		}
		s.WriteString("\nThe importer's event and artifacts more are its run and the files that it read.\n")
	}
	_, err := io.WriteString(out, s.String())
	return err
}

func seconds(s float64) string { return strconv.FormatFloat(s, 'f', 1, 64) + " s" }

func number(f float64) string {
	if f >= 100 {
		return strconv.FormatFloat(f, 'f', 0, 64)
	}
	return strconv.FormatFloat(f, 'f', 2, 64)
}

func known(s float64) string {
	if s == 0 {
		return "unknown"
	}
	return seconds(s)
}

func megabytes(n int64) string { return thousands(n>>20) + " MB" }

func memory(n int64) string {
	if n == 0 {
		return ""
	}
	return megabytes(n)
}

func rate(f float64) string {
	if f == 0 {
		return ""
	}
	return thousands(int64(f))
}

// thousands writes 1234567 as 1,234,567.
func thousands(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
