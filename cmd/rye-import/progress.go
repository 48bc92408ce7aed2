package main

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/cheggaaa/pb/v3"
	"golang.org/x/term"

	"github.com/projectrye/rye-import/importer"
	"github.com/projectrye/rye-import/importer/report"
)

// progress shows how far a run is: a live bar on a terminal, a line now and then elsewhere.
type progress struct {
	mu    sync.Mutex
	w     io.Writer
	bar   *pb.ProgressBar
	plain bool
	phase string
	begun time.Time
	last  time.Time
}

// plainEvery is how often a plain line is written: a log of a night's run stays readable.
const plainEvery = 5 * time.Second

func newProgress(w io.Writer, mode string, noColor bool) *progress {
	p := &progress{w: w, begun: time.Now()}
	switch {
	case mode == "none":
	case mode == "auto" && isTerminal(w):
		p.bar = pb.New64(0)
		p.bar.SetTemplateString(`{{string . "phase"}} {{bar . "▕" "█" "█" " " "▏"}} {{string . "figures"}}  {{etime .}}`)
		p.bar.SetWriter(w)
		p.bar.SetRefreshRate(100 * time.Millisecond)
		p.bar.Set(pb.CleanOnFinish, true)
		p.bar.Set(pb.Terminal, true)
		p.bar.Set(pb.Color, !noColor)
		p.bar.Start()
	default:
		p.plain = true
	}
	return p
}

// title is a phase as people read it.
func title(phase string) string {
	switch phase {
	case "survey":
		return "Looking at the files"
	case "stage":
		return "Reading and staging"
	case "keys":
		return "Merging: keys"
	case "nodes":
		return "Merging: people, orgs, deals"
	case "links":
		return "Merging: links"
	case "facts":
		return "Merging: facts and activities"
	case "records":
		return "Merging: bookkeeping"
	case "check":
		return "Checking the balance"
	case "indexes":
		return "Making the indexes"
	case "refresh":
		return "Refreshing the views"
	}
	return phase
}

// merged is how far the merge is when a phase begins, in percent of its time on a first import. The
// database does not say how far a statement is.
func merged(phase string) (percent int64, ok bool) {
	switch phase {
	case "keys":
		return 0, true
	case "nodes":
		return 2, true
	case "links":
		return 21, true
	case "facts":
		return 44, true
	case "records":
		return 86, true
	case "check":
		return 92, true
	case "indexes":
		return 93, true
	case "refresh":
		return 98, true
	}
	return 0, false
}

func (p *progress) update(now importer.Progress) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if now.Phase == "" {
		return
	}
	changed := now.Phase != p.phase
	if changed {
		p.phase, p.begun = now.Phase, time.Now()
	}
	switch {
	case p.bar != nil:
		if done, ok := merged(now.Phase); ok {
			now.Bytes, now.Total = done, 100
		}
		p.bar.SetTotal(max(now.Total, 1))
		p.bar.SetCurrent(min(now.Bytes, max(now.Total, 1)))
		p.bar.Set("phase", fmt.Sprintf("%-30s", title(now.Phase)))
		p.bar.Set("figures", p.figures(now))
	case p.plain && (changed || time.Since(p.last) >= plainEvery):
		p.last = time.Now()
		fmt.Fprintf(p.w, "%s  %s\n", title(now.Phase), p.figures(now))
	}
}

// figures are rows, rows per second, rejects and the time left.
func (p *progress) figures(now importer.Progress) string {
	elapsed := time.Since(p.begun)
	if now.Phase != "stage" || now.Records == 0 {
		if now.Records > 0 {
			return fmt.Sprintf("%s records", report.Thousands(now.Records))
		}
		return ""
	}
	s := fmt.Sprintf("%s records", report.Thousands(now.Records))
	if elapsed > time.Second {
		s += fmt.Sprintf("  %s/s", report.Thousands(int64(float64(now.Records)/elapsed.Seconds())))
	}
	if now.Rejects > 0 {
		s += fmt.Sprintf("  %s rejected", report.Thousands(now.Rejects))
	}
	if now.Total > 0 && now.Bytes > 0 && elapsed > time.Second {
		left := time.Duration(float64(elapsed) * float64(now.Total-now.Bytes) / float64(now.Bytes))
		s += fmt.Sprintf("  %s left", left.Round(time.Second))
	}
	return s
}

func (p *progress) finish() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.bar != nil {
		p.bar.Finish()
		p.bar = nil
	}
	p.plain = false
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// colored reports whether a writer shows colours.
func colored(w io.Writer, noColor bool) bool {
	return !noColor && isTerminal(w) && environ("TERM") != "dumb"
}
