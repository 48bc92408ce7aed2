package importer

import (
	"fmt"
	"log/slog"
	"runtime"
	"time"

	"github.com/projectrye/rye-import/importer/decode"
	"github.com/projectrye/rye-import/importer/load"
	"github.com/projectrye/rye-import/importer/mapping"
)

// Defaults of Config.
const (
	// DefaultBatchSize is how many records are staged in one transaction. From a thousand on a
	// batch is as fast as it gets; this many keep the memory of a worker, with the batches that wait for it, at some 10 MB.
	DefaultBatchSize = 2000
	// DefaultMaxArchive is the share of records, in percent, that --archive-missing may archive: an
	// export that was cut short must not empty the graph.
	DefaultMaxArchive = 10.0
	// maxBatchBytes cuts a batch of long records short.
	maxBatchBytes = 2 << 20
)

// Config says how a run is done. The zero value is a full import of a CRM that the files tell.
type Config struct {
	// AllowMissingColumns are columns that the mapping uses and that may be gone since the last run, as
	// Contact.Phone, or AllColumns. What is made of them is left as it stands. Defaults to none: the run stops.
	AllowMissingColumns []string
	// ArchiveMissing archives the records of a full export's objects that are no longer in it.
	ArchiveMissing bool
	// BatchSize is the number of records staged at once. Defaults to DefaultBatchSize.
	BatchSize int
	// Command is noted in the journal. Defaults to "run".
	Command string
	// CRM names the built-in mapping. Defaults to the one that the files tell.
	CRM string
	// DateOrder is the order of day and month in columns that do not show it. Defaults to none: the run
	// stops where it matters.
	DateOrder mapping.DateOrder
	// Decimal is the decimal mark of numbers in columns that do not show it. Defaults to none: the run
	// stops where it matters.
	Decimal mapping.DecimalMark
	// Decode overrides what the files say of themselves.
	Decode decode.Options
	// Delta says that the export holds only what changed. Defaults to a full export.
	Delta bool
	// Logger takes what happens and is no result. Defaults to none.
	Logger *slog.Logger
	// Mapping replaces the built-in mappings. Defaults to none.
	Mapping *mapping.Mapping
	// MaxArchive is the share of an export's records, in percent, that ArchiveMissing may archive.
	// Defaults to DefaultMaxArchive; negative allows none.
	MaxArchive float64
	// MaxRejects stops the run when more records are rejected. Defaults to no limit.
	MaxRejects *Limit
	// Now gives the time. Defaults to time.Now.
	Now func() time.Time
	// Plan is what the run has to be: it stops if files, mapping or graph have changed since, or if it comes to
	// another result. Defaults to none.
	Plan *Plan
	// Prefer says who wins where people have changed a value in the graph and the source brings a new
	// one. Defaults to PreferNone: the graph's stays, and the other is kept as a conflict.
	Prefer Prefer
	// Progress is told how far the run is, often, and from one goroutine at a time. May be nil.
	Progress func(Progress)
	// RejectsDir is where the folder of the run's reject files is made. Defaults to "rejects".
	RejectsDir string
	// ShowValues lets an inspection show values of the export. Defaults to hiding them.
	ShowValues bool
	// Source names the legacy system in the crosswalk. Defaults to the name of the CRM.
	Source string
	// TimeZone is assumed for times without one. Defaults to the mapping's.
	TimeZone *time.Location
	// Workers map and stage batches concurrently. Defaults to the number of processors, at least 2.
	Workers int
}

func (c Config) withDefaults() Config {
	if c.BatchSize <= 0 {
		c.BatchSize = DefaultBatchSize
	}
	if c.Command == "" {
		c.Command = "run"
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	switch {
	case c.MaxArchive == 0:
		c.MaxArchive = DefaultMaxArchive
	case c.MaxArchive < 0:
		c.MaxArchive = 0
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Progress == nil {
		c.Progress = func(Progress) {}
	}
	if c.RejectsDir == "" {
		c.RejectsDir = "rejects"
	}
	if c.Workers <= 0 {
		c.Workers = max(2, runtime.GOMAXPROCS(0))
	}
	return c
}

// Prefer says who wins where people have changed a value in the graph and the source says a new one.
type Prefer = load.Prefer

// What may be preferred; see package load.
const (
	PreferNone   = load.PreferNone
	PreferSource = load.PreferSource
	PreferGraph  = load.PreferGraph
)

// Limit is a number of records, or a share of them.
type Limit struct {
	Count   int64
	Percent float64 // used instead of Count if IsShare
	IsShare bool
}

func (l Limit) String() string {
	if l.IsShare {
		return fmt.Sprintf("%g%%", l.Percent)
	}
	return fmt.Sprint(l.Count)
}

// exceeded reports whether n of total records are more than the limit allows.
func (l Limit) exceeded(n, total int64) bool {
	if l.IsShare {
		return float64(n)*100 > l.Percent*float64(total)
	}
	return n > l.Count
}

// Progress is how far a run is.
type Progress struct {
	Phase   string // "survey", "stage", or a phase of the merge
	Records int64  // read so far
	Rejects int64
	Bytes   int64 // read so far in this phase
	Total   int64 // bytes of this phase, 0 if unknown
}
