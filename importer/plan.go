package importer

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/projectrye/rye-import/importer/load"
	"github.com/projectrye/rye-import/importer/report"
	"github.com/projectrye/rye-import/importer/source"
)

// Plan is what a run would do, and of what: enough to do exactly that later, or to find out that it can
// no longer be done. Of the values of the export it holds the names that fit several records or none.
type Plan struct {
	Format    int               `json:"format"` // planFormat
	Program   string            `json:"program"`
	CreatedAt time.Time         `json:"created_at"`
	Source    string            `json:"source"`
	CRM       string            `json:"crm"`
	Mapping   string            `json:"mapping"` // its version
	Paths     []string          `json:"paths"`   // of the export, as the user named it
	Flags     map[string]string `json:"flags"`   // of the command line that decide what a run does
	Files     []PlanFile        `json:"files"`
	Graph     load.Fingerprint  `json:"graph"`
	Summary   *report.Summary   `json:"summary"`
}

// PlanFile is a file of the export that a plan was made of.
type PlanFile struct {
	Path   string `json:"path"`
	SHA256 string `json:"sha256"`
}

// planFormat is the version of the form of saved plans.
const planFormat = 1

// ReadPlan reads a saved plan.
func ReadPlan(r io.Reader) (*Plan, error) {
	p := &Plan{}
	if err := json.NewDecoder(r).Decode(p); err != nil {
		return nil, fmt.Errorf("this is no saved plan: %w", err)
	}
	if p.Format != planFormat || p.Summary == nil || p.Graph == nil {
		return nil, fmt.Errorf("this is no saved plan of this version of rye-import (format %d); make the plan anew", p.Format)
	}
	return p, nil
}

// PlanOptions say what is wanted of a plan.
type PlanOptions struct {
	// Save is whether a Plan is wanted, which takes one look at every row of the graph.
	Save bool
	// Details is told of each record with which a run would do something, in the order of the export. May be nil.
	Details func(*report.Detail) error
	// Unchanged lets Details be told of records that stay as they are too.
	Unchanged bool
}

// Plan does what Run does, in one transaction that is taken back: it changes nothing and uses nothing up. The
// status of its summary is "planned". The Plan is nil without PlanOptions.Save, and after an error. Errors are those
// of Run.
func (im *Importer) Plan(ctx context.Context, set *source.Set, cfg Config, opts PlanOptions) (*report.Summary, *Plan, error) {
	cfg = cfg.withDefaults()
	cfg.Command = "plan"
	r := newRunner(im, set, cfg)
	r.planning = &opts
	summary, err := r.do(ctx, set)
	if err != nil || !opts.Save {
		return summary, nil, err
	}
	p := &Plan{
		Format: planFormat, CreatedAt: r.started.UTC(), Source: summary.Source, CRM: summary.CRM, Mapping: summary.Mapping,
		Files: planFiles(summary), Graph: r.graph, Summary: summary,
	}
	return summary, p, nil
}

func planFiles(s *report.Summary) []PlanFile {
	files := make([]PlanFile, len(s.Files))
	for i, f := range s.Files {
		files[i] = PlanFile{Path: f.Path, SHA256: f.SHA256}
	}
	return files
}

// PlanChangedError says that a run would not be the one that was planned.
type PlanChangedError struct {
	Changes []string
}

func (e *PlanChangedError) Error() string {
	return "this is not what the plan was made for: " + strings.Join(e.Changes, "; ") + ". Nothing was changed. Make the plan anew"
}

// checkPlan refuses files and a mapping that are not those of the plan.
func (r *runner) checkPlan() error {
	p := r.cfg.Plan
	if p == nil {
		return nil
	}
	var changes []string
	said := func(what, then, now string) {
		if then != now {
			changes = append(changes, fmt.Sprintf("%s was %s, and is %s now", what, then, now))
		}
	}
	said("the source", p.Source, r.summary.Source)
	said("the CRM", p.CRM, r.summary.CRM)
	said("the mapping", p.Mapping, r.summary.Mapping)
	now := make(map[PlanFile]int)
	sums := make(map[string]bool)
	for _, f := range planFiles(r.summary) {
		now[f]++
		sums[f.Path] = true
	}
	var other []PlanFile
	for _, f := range p.Files {
		if now[f] > 0 {
			now[f]--
		} else {
			other = append(other, f)
		}
	}
	for _, f := range other {
		if sums[f.Path] {
			changes = append(changes, "the file "+f.Path+" has another checksum")
		} else {
			changes = append(changes, "the file "+f.Path+" is missing")
		}
	}
	for _, f := range slices.SortedFunc(maps.Keys(now), func(a, b PlanFile) int { return strings.Compare(a.Path, b.Path) }) {
		if now[f] > 0 && !slices.ContainsFunc(other, func(o PlanFile) bool { return o.Path == f.Path }) {
			changes = append(changes, "the file "+f.Path+" is new")
		}
	}
	if len(changes) > 0 {
		return &PlanChangedError{Changes: changes}
	}
	return nil
}

// checkOutcome refuses a run that came to another result than its plan.
func (r *runner) checkOutcome() error {
	if r.cfg.Plan == nil {
		return nil
	}
	var changes []string
	then, now := planned(r.cfg.Plan.Summary), planned(r.summary)
	for _, name := range slices.Sorted(maps.Keys(then)) {
		if then[name] != now[name] {
			changes = append(changes, fmt.Sprintf("%s: planned %s, the run comes to %s", name, then[name], now[name]))
		}
	}
	if len(changes) > 0 {
		return &PlanChangedError{Changes: changes}
	}
	return nil
}

// planned gives the results of a run that its plan foretells, as text by name.
func planned(s *report.Summary) map[string]string {
	all := map[string]string{"graph": text(s.Graph), "rejects": text(s.Rejects.ByCode), "names": text(s.NamesTotal)}
	for name, o := range s.Objects {
		o.Seconds = 0
		all["object "+name] = text(o)
	}
	for name, l := range s.Links {
		all["link "+name] = text(l)
	}
	for name, sum := range s.Sums {
		all["sum "+name] = text(sum)
	}
	return all
}

func text(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return err.Error() // structs of numbers and strings have none
	}
	return string(b)
}
